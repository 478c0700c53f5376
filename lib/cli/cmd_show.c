// SPDX-License-Identifier: MIT
/*
 * zinc show
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <xf86drmMode.h>

#include "show.h"

/*
 * struct show - what is to be shown where, and what was made for it
 * @overlay, @window, @stats, @hold: of a window only
 * @frames: 0 for no end
 */
struct show {
	const char *name;
	const char *path;
	const char *connector;
	const char *format;
	const char *overlay;
	struct zinc_drm_picture picture;
	uint64_t frames;
	bool window;
	bool stats;
	bool hold;
	zinc_handle region;
	int card;
	struct zinc_drm_buffer *buffer;
	struct zinc_drm_framebuffer *framebuffer;
	struct zinc_drm_output *output;
};

static const char *card_name(const struct show *show)
{
	return show->path ? show->path : "/dev/dri/card*";
}

/* Say why it cannot be shown, and what to do; Return: CLI_FAILED */
__printf(2, 3)
static int refuse(const struct show *show, const char *format, ...)
{
	va_list args;
	char *why;
	int n;

	va_start(args, format);
	n = vasprintf(&why, format, args);
	va_end(args);
	if (n < 0)
		return cli_error("out of memory");
	cli_error("cannot show %s on %s: %s", show->name, card_name(show), why);
	free(why);
	return CLI_FAILED;
}

static int no_card(const struct show *show, int32_t err)
{
	switch (err) {
	case -ENODEV:
		return refuse(show,
			      "no device has a connected display and imports dma-bufs; 'ls /sys/class/drm' lists them");
	case -EACCES:
	case -EPERM:
		return refuse(show,
			      "permission denied; join the group that 'ls -l /dev/dri' shows");
	case -ENOTTY:
		return refuse(show,
			      "not a display device; choose a /dev/dri/cardN by --device");
	case -EOPNOTSUPP:
		return refuse(show,
			      "its driver does not import dma-bufs; choose another --device");
	}
	return refuse(show, "%s; choose another --device", strerror(-err));
}

static int no_import(const struct show *show, int32_t err)
{
	uint64_t features;

	zinc_features(show->region, &features);
	if (!(features & ZINC_FEATURE_EXPORT) || err == -EMFILE)
		return cli_fail("export", show->name, err);
	return refuse(show,
		      "its driver does not import it: %s; choose another --device",
		      strerror(-err));
}

static int no_framebuffer(const struct show *show, int32_t err)
{
	const struct zinc_drm_picture *p = &show->picture;

	if (err == -ERANGE)
		return refuse(show,
			      "it has %llu bytes, too few for %ux%u pixels of %s with %u bytes per line from byte %llu; see --size, --stride and --offset",
			      (unsigned long long)zinc_capacity(show->region),
			      p->width, p->height, show->format, p->stride,
			      (unsigned long long)p->offset);
	return refuse(show,
		      "its driver refuses %ux%u pixels of %s with %u bytes per line: %s; choose another --format or --size",
		      p->width, p->height, show->format, p->stride,
		      strerror(-err));
}

static int no_output(const struct show *show, int32_t err)
{
	switch (err) {
	case -ENXIO:
		return refuse(show,
			      "it has no connector %s; 'ls /sys/class/drm' lists them",
			      show->connector);
	case -ENOTCONN:
		return refuse(show,
			      "no display is connected to %s; choose another --device or --connector",
			      show->connector ? show->connector : "it");
	case -ERANGE:
		return refuse(show,
			      "%ux%u pixels fill no mode of the display; make the picture larger",
			      show->picture.width, show->picture.height);
	case -EBUSY:
		return refuse(show,
			      "all its CRTCs are in use; choose another --device");
	case -EACCES:
	case -EPERM:
		return refuse(show,
			      "another program uses the display; end it, or switch to a text console");
	}
	return refuse(show, "its driver says: %s; choose another --size",
		      strerror(-err));
}

/* All up to where it is shown; what has been made is in @show. */
static int begin(struct show *show)
{
	const struct zinc_drm_choice choice = {
		.size = sizeof(choice),
		.connector = show->connector,
	};
	int32_t err;

	/* a display driver writes to nothing, but asks for all */
	err = cli_open(show->name, ZINC_NO_DATA, &show->region);
	if (err)
		return cli_fail("open", show->name, err);
	if (zinc_backend(show->region) != ZINC_BACKEND_KMOD)
		return cli_fail("show", show->name, -EOPNOTSUPP);
	show->card = zinc_drm_open(show->path);
	if (show->card < 0)
		return no_card(show, show->card);
	err = zinc_drm_import(show->card, show->region, &show->buffer);
	if (err)
		return no_import(show, err);
	err = zinc_drm_add_framebuffer(show->buffer, &show->picture,
				       &show->framebuffer);
	if (err)
		return no_framebuffer(show, err);
	/* what is pending by now is shown from the start */
	zinc_try_wait(show->region);
	err = zinc_drm_show(show->framebuffer, &choice, &show->output);
	return err ? no_output(show, err) : CLI_OK;
}

static void say_begin(const struct show *show)
{
	const drmModeModeInfo *mode = zinc_drm_mode(show->output);

	printf("%s: %ux%u %s on %s, mode %s at %u Hz\n", show->name,
	       show->picture.width, show->picture.height, show->format,
	       zinc_drm_connector(show->output), mode->name, mode->vrefresh);
}

/* Until it is notified or a signal comes; Return: 0; 1 by a signal; -errno */
static int await(const struct show *show, int signals)
{
	struct pollfd fds[] = {
		{ .fd = zinc_fd(show->region), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return 1;
		if (!zinc_try_wait(show->region))
			return 0;
	}
}

static int follow(const struct show *show, int signals)
{
	uint64_t shown = 0;
	int32_t err = 0;

	while (!show->frames || shown < show->frames) {
		err = await(show, signals);
		if (err)
			break;
		err = zinc_drm_damage(show->framebuffer, NULL, 0);
		if (err)
			break;
		shown++;
	}
	if (err < 0)
		return cli_error("cannot refresh %s: %s", card_name(show),
				 err == -EACCES ? "another program has taken the display" :
						  strerror(-err));
	printf("%s: %llu refreshed\n", show->name, (unsigned long long)shown);
	return CLI_OK;
}

static int end(struct show *show, int status)
{
	int32_t err = zinc_drm_restore(show->output);

	if (err)
		status = cli_error("cannot restore the display of %s: %s; it stays dark",
				   card_name(show), strerror(-err));
	zinc_drm_remove_framebuffer(show->framebuffer);
	zinc_drm_release(show->buffer);
	if (show->card >= 0)
		close(show->card);
	zinc_close(show->region);
	return status;
}

static int on_display(struct show *show, int signals)
{
	int status = begin(show);

	if (status == CLI_OK) {
		say_begin(show);
		if (!cli_flush())
			status = follow(show, signals);
	}
	return end(show, status);
}

static int on_window(const struct show *show, int signals)
{
	const struct show_request request = {
		.name = show->name,
		.overlay = show->overlay,
		.picture = show->picture,
		.frames = show->frames,
		.stats = show->stats,
		.hold = show->hold,
		.signals = signals,
	};

	return show_window(&request);
}

static int run(struct show *show)
{
	sigset_t old, ends;
	int signals;
	int status;

	/* whatever happens, the display has to be restored, and a handle closed */
	cli_block_signals(&old);
	cli_ending_signals(&ends);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	if (signals < 0)
		return cli_error("cannot wait for signals: %s",
				 strerror(errno));
	if (show->window)
		status = on_window(show, signals);
	else
		status = on_display(show, signals);
	close(signals);
	return status;
}

static int option_pixels(const char *text, void *member)
{
	struct zinc_drm_picture *picture = member;
	const char *x = strchr(text, 'x');
	uint64_t width, height;
	char first[16];

	if (!x || (size_t)(x - text) >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, x - text);
	first[x - text] = '\0';
	if (parse_number(first, UINT16_MAX, &width) || !width ||
	    parse_number(x + 1, UINT16_MAX, &height) || !height)
		return -EINVAL;
	picture->width = width;
	picture->height = height;
	return 0;
}

static int option_stride(const char *text, void *member)
{
	uint32_t *stride = member;
	uint64_t number;

	if (parse_size(text, &number) || !number || number > UINT32_MAX)
		return -EINVAL;
	*stride = number;
	return 0;
}

/* Return: 0, or CLI_USAGE after a message */
static int parse_window(const char *command, const struct show *show)
{
	if (show->window && (show->path || show->connector))
		return cli_usage(command,
				 "expected --window, or a display by --device and --connector, not both");
	if (!show->window && (show->overlay || show->stats || show->hold))
		return cli_usage(command,
				 "--overlay, --stats and --hold are for a window: expected --window, or WAYLAND_DISPLAY in the environment");
	if (show->hold && show->picture.width)
		return cli_usage(command,
				 "--hold is for a stream, which has its own size: expected no --size");
	return show->overlay && !cli_name(command, show->overlay) ? CLI_USAGE : 0;
}

/* Return: 0, or CLI_USAGE after a message */
static int parse_picture(const char *command, struct show *show)
{
	struct zinc_drm_picture *picture = &show->picture;
	int32_t bytes;

	/* a stream says itself what it has */
	if (!picture->width && show->window)
		return 0;
	if (!picture->width)
		return cli_usage(command,
				 "expected --size WxH in pixels, or a stream with --window");
	picture->format = zinc_drm_format(show->format);
	bytes = zinc_drm_bytes_per_pixel(picture->format);
	if (bytes < 0)
		return cli_usage(command,
				 "invalid format '%s': expected one of a single plane, such as XR24, XB24, RG24 or RG16",
				 show->format);
	if (!picture->stride)
		picture->stride = picture->width * bytes;
	if (picture->stride < picture->width * bytes)
		return cli_usage(command,
				 "invalid stride %u: expected at least %u, the bytes of %u pixels of %s",
				 picture->stride, picture->width * bytes,
				 picture->width, show->format);
	return 0;
}

static const struct cli_option options[] = {
	{ .key = 's', .name = "size", .argument = "WxH",
	  .help = "width and height in pixels",
	  .at = offsetof(struct show, picture), .parse = option_pixels,
	  .expected = "WIDTHxHEIGHT, each 1 to 65535" },
	{ .key = 'f', .name = "format", .argument = "CODE",
	  .help = "pixel format of drm_fourcc.h; default XR24: bytes blue,\n"
		  "green, red and one that is not shown",
	  .at = offsetof(struct show, format) },
	{ .key = 'S', .name = "stride", .argument = "BYTES",
	  .help = "from one line to the next; default: no gap",
	  .at = offsetof(struct show, picture.stride), .parse = option_stride,
	  .expected = "a number of bytes, 1 to 4294967295" },
	{ .key = 'o', .name = "offset", .argument = "BYTES",
	  .help = "where in the region the first line begins; default 0",
	  .at = offsetof(struct show, picture.offset), .parse = option_size,
	  .expected = "a number of bytes" },
	{ .key = 'd', .name = "device", .argument = "PATH",
	  .help = "/dev/dri/cardN; default: the first with a connected\n"
		  "display",
	  .at = offsetof(struct show, path) },
	{ .key = 'c', .name = "connector", .argument = "NAME",
	  .help = "such as HDMI-A-1; default: the first that is connected",
	  .at = offsetof(struct show, connector) },
	{ .key = 'w', .name = "window",
	  .help = "in a window of a Wayland compositor, not on a display;\n"
		  "default where WAYLAND_DISPLAY is set, without --device\n"
		  "and --connector. Without --size NAME is a stream",
	  .at = offsetof(struct show, window) },
	{ .key = 'O', .name = "overlay", .argument = "NAME",
	  .help = "window: a stream that is shown above, such as AR24",
	  .at = offsetof(struct show, overlay) },
	{ .key = 'H', .name = "hold",
	  .help = "window: every frame of a stream; its writer waits until\n"
		  "a frame is off the screen before it overwrites it",
	  .at = offsetof(struct show, hold) },
	{ .key = 't', .name = "stats",
	  .help = "window: at the end, print when frames were on the screen",
	  .at = offsetof(struct show, stats) },
	{ .key = 'n', .name = "frames", .argument = "N",
	  .help = "end after N refreshes; several notifies may share one",
	  .at = offsetof(struct show, frames), .parse = option_count,
	  .expected = "1 to 4294967295", .noun = "number of frames" },
};

static const struct cli_syntax syntax = {
	.usage = "zinc show [OPTION...] NAME [--size WxH]",
	.about =
"Displays the picture in a region, from the region's own memory, and refreshes it\n"
"at each notify: by scan-out on a display, or in a window. A window shows the\n"
"newest frame of a stream, too. SIGINT, SIGTERM or SIGHUP ends it, and restores the\n"
"display; so do Esc, Q, or closing the window.",
	.end =
"The mode is the largest that the picture fills. No other program may use the\n"
"display: use a text console. A window stays when its stream's writer has ended,\n"
"and shows the next writer's frames.\n"
"Exit status: 0 shown, and ended; 2 usage error; 3 failed.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_show(int argc, char **argv)
{
	struct show show = {
		.format = "XR24",
		.picture.size = sizeof(show.picture),
		.card = -1,
	};
	int status;

	status = cli_options(argc, argv, &syntax, &show);
	if (status != CLI_RUN)
		return status;
	show.name = cli_one_name(argc, argv);
	if (!show.path && !show.connector && show_has_window())
		show.window = true;
	if (!show.name || parse_window(argv[0], &show) || parse_picture(argv[0], &show))
		return CLI_USAGE;
	return run(&show);
}
