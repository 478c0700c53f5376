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
#include <zinc-drm.h>

#include "cli.h"

static const char help[] =
"usage: zinc show [OPTION...] NAME --size WxH\n"
"\n"
"Puts the picture that is in a region on a display, by scan-out of the region's\n"
"own memory, and tells the display of each notify. Ends, and restores what the\n"
"display showed before, by SIGINT, SIGTERM or SIGHUP.\n"
"\n"
"  -s, --size=WxH         width and height in pixels\n"
"  -f, --format=CODE      pixel format, as in drm_fourcc.h; XR24 if not given:\n"
"                         bytes blue, green, red and one that is not shown\n"
"  -S, --stride=BYTES     from a line to the next; no gap if not given\n"
"  -o, --offset=BYTES     where in the region the first line begins; 0\n"
"  -d, --device=PATH      /dev/dri/cardN; the first with a connected display\n"
"  -c, --connector=NAME   as HDMI-A-1; the first that is connected\n"
"  -n, --frames=N         end after N notifies; those that come in one go are one\n"
"  -h, --help             this text\n"
"\n"
"The mode is the largest that the picture fills. No other program may have the\n"
"display: use a text console.\n"
"Exit status: 0 shown, and ended; 2 wrong usage; 3 failed.\n";

/*
 * struct show - what is to be shown where, and what was made for it
 * @frames: 0 for no end
 */
struct show {
	const char *name;
	const char *path;
	const char *connector;
	const char *format;
	struct zinc_drm_picture picture;
	uint64_t frames;
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
			      "none has a connected display and takes dma-bufs; 'ls /sys/class/drm' shows what there is");
	case -EACCES:
	case -EPERM:
		return refuse(show,
			      "you have no access; join the group that 'ls -l /dev/dri' shows");
	case -ENOTTY:
		return refuse(show,
			      "it is no display device; choose a /dev/dri/cardN by --device");
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
	if (!(features & ZINC_CAN_EXPORT) || err == -EMFILE)
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
			      "it has %llu bytes, too few for %ux%u pixels of %s with %u bytes a line from byte %llu on; see --size, --stride and --offset",
			      (unsigned long long)zinc_capacity(show->region),
			      p->width, p->height, show->format, p->stride,
			      (unsigned long long)p->offset);
	return refuse(show,
		      "its driver does not take %ux%u pixels of %s with %u bytes a line: %s; choose another --format or --size",
		      p->width, p->height, show->format, p->stride,
		      strerror(-err));
}

static int no_output(const struct show *show, int32_t err)
{
	switch (err) {
	case -ENXIO:
		return refuse(show,
			      "it has no connector %s; 'ls /sys/class/drm' shows which there are",
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
			      "another program has the display; end it, or change to a text console");
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
		status = cli_error("cannot restore the display of %s: %s; it is left dark",
				   card_name(show), strerror(-err));
	zinc_drm_remove_framebuffer(show->framebuffer);
	zinc_drm_release(show->buffer);
	if (show->card >= 0)
		close(show->card);
	zinc_close(show->region);
	return status;
}

static int run(struct show *show)
{
	sigset_t old, ends;
	int signals;
	int status;

	/* whatever happens, the display has to be restored */
	cli_block_signals(&old);
	cli_ending_signals(&ends);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	if (signals < 0)
		return cli_error("cannot wait for signals: %s",
				 strerror(errno));
	status = begin(show);
	if (status == CLI_OK) {
		say_begin(show);
		if (!cli_flush())
			status = follow(show, signals);
	}
	status = end(show, status);
	close(signals);
	return status;
}

static bool parse_pixels(const char *text, uint32_t *width, uint32_t *height)
{
	const char *x = strchr(text, 'x');
	uint64_t number;
	char first[16];

	if (!x || (size_t)(x - text) >= sizeof(first))
		return false;
	memcpy(first, text, x - text);
	first[x - text] = '\0';
	if (parse_number(first, UINT16_MAX, &number) || !number)
		return false;
	*width = number;
	if (parse_number(x + 1, UINT16_MAX, &number) || !number)
		return false;
	*height = number;
	return true;
}

/* Return: 0, or CLI_USAGE after a message */
static int parse_picture(const char *command, struct show *show)
{
	struct zinc_drm_picture *picture = &show->picture;
	int32_t bytes;

	if (!picture->width)
		return cli_usage(command,
				 "how large is the picture? --size WxH, in pixels");
	picture->format = zinc_drm_format(show->format);
	bytes = zinc_drm_bytes_per_pixel(picture->format);
	if (bytes < 0)
		return cli_usage(command,
				 "'%s' is no format that can be shown: XR24, XB24, RG24, RG16 and the like",
				 show->format);
	if (!picture->stride)
		picture->stride = picture->width * bytes;
	if (picture->stride < picture->width * bytes)
		return cli_usage(command,
				 "a line of %u pixels of %s has %u bytes, more than the stride %u",
				 picture->width, show->format,
				 picture->width * bytes, picture->stride);
	return 0;
}

static int parse_option(const char *command, int c, struct show *show)
{
	uint64_t number;

	switch (c) {
	case 's':
		if (parse_pixels(optarg, &show->picture.width,
				 &show->picture.height))
			return 0;
		return cli_usage(command,
				 "'%s' is no size: WIDTHxHEIGHT, each 1 to %u",
				 optarg, UINT16_MAX);
	case 'S':
		if (parse_size(optarg, &number) || !number ||
		    number > UINT32_MAX)
			return cli_usage(command, "'%s' is no stride", optarg);
		show->picture.stride = number;
		return 0;
	case 'o':
		if (parse_size(optarg, &show->picture.offset))
			return cli_usage(command, "'%s' is no offset", optarg);
		return 0;
	}
	if (parse_number(optarg, UINT32_MAX, &show->frames) || !show->frames)
		return cli_usage(command, "'%s' is no number of frames: 1 to %u",
				 optarg, UINT32_MAX);
	return 0;
}

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "stride", required_argument, NULL, 'S' },
		{ "offset", required_argument, NULL, 'o' },
		{ "device", required_argument, NULL, 'd' },
		{ "connector", required_argument, NULL, 'c' },
		{ "frames", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct show show = {
		.format = "XR24",
		.picture.size = sizeof(show.picture),
		.card = -1,
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:f:S:o:d:c:n:h", options,
				NULL)) != -1) {
		switch (c) {
		case 'f':
			show.format = optarg;
			break;
		case 'd':
			show.path = optarg;
			break;
		case 'c':
			show.connector = optarg;
			break;
		case 's':
		case 'S':
		case 'o':
		case 'n':
			if (parse_option(argv[0], c, &show))
				return CLI_USAGE;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	show.name = cli_one_name(argc, argv);
	if (!show.name || parse_picture(argv[0], &show))
		return CLI_USAGE;
	return run(&show);
}
