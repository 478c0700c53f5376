// SPDX-License-Identifier: MIT
/*
 * zinc write
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream.h"

#define PIXEL_FORMATS \
	"one of XR24 AR24 XB24 AB24 RG24 BG24 R8 R16 YUYV UYVY NV12 NV21 NV16 P010 YU12 YV12"

/*
 * struct source - where the bytes come from
 * @data: those of a pipe or device, all of them; NULL for a file, which is
 *	read straight into the region
 * @size: how many; for a file, what it has now
 */
struct source {
	const char *file;
	int fd;
	char *data;
	size_t size;
};

static int too_many(const char *name, const struct source *source,
		    uint64_t offset, uint64_t capacity)
{
	char text[SIZE_TEXT];

	if (offset > capacity)
		return cli_error("%s has %llu bytes (%s): the offset %llu is past its end",
				 name, (unsigned long long)capacity,
				 format_size(capacity, text),
				 (unsigned long long)offset);
	return cli_error("%s does not fit into %s: %s%zu bytes, room for %llu; nothing was written",
			 source->file, name, source->data ? "at least " : "",
			 source->size, (unsigned long long)(capacity - offset));
}

static bool fits(const struct source *source, uint64_t offset,
		 uint64_t capacity)
{
	return offset <= capacity && source->size <= capacity - offset;
}

/* All of a pipe, but no more than @limit bytes */
static int collect(struct source *source, size_t limit)
{
	size_t room = 0, want;
	ssize_t n;

	do {
		room = room ? room * 2 : 65536;
		if (room > limit)
			room = limit;
		source->data = xrealloc(source->data, room, 1);
		want = room - source->size;
		n = read_full(source->fd, source->data + source->size, want);
		if (n < 0)
			return cli_error("cannot read %s: %s", source->file,
					 strerror(errno));
		source->size += n;
	} while ((size_t)n == want && room < limit);
	return CLI_OK;
}

static int open_source(struct source *source)
{
	struct stat st;
	off_t at;

	source->fd = STDIN_FILENO;
	if (strcmp(source->file, "-"))
		source->fd = open(source->file, O_RDONLY | O_CLOEXEC);
	else
		source->file = "standard input";
	if (source->fd < 0 || fstat(source->fd, &st))
		return cli_error("cannot read %s: %s", source->file,
				 strerror(errno));
	if (S_ISDIR(st.st_mode))
		return cli_error("cannot read %s: it is a directory",
				 source->file);
	/* a file of 0 bytes may be one of /proc: a pipe, as far as we know */
	at = lseek(source->fd, 0, SEEK_CUR);
	if (S_ISREG(st.st_mode) && at >= 0)
		source->size = at < st.st_size ? st.st_size - at : 0;
	return CLI_OK;
}

static bool is_file(const struct source *source)
{
	return source->size && !source->data;
}

/* With the region open: no way out but through the caller's zinc_close() */
static int fill(zinc_handle handle, const char *name,
		const struct source *source, uint64_t offset)
{
	uint64_t capacity = zinc_capacity(handle);
	uint8_t *to = zinc_ptr(handle) + offset, more;
	int32_t err;

	if (!fits(source, offset, capacity))
		return too_many(name, source, offset, capacity);
	/* bytes over its header would end it for its readers */
	if (capacity >= sizeof(struct zinc_stream_header) &&
	    zinc_stream_has_magic((const uint64_t *)zinc_ptr(handle)))
		return cli_error("%s is a stream: only its writer writes to it; use another name",
				 name);
	if (!is_file(source)) {
		memcpy(to, source->data, source->size);
	} else {
		if (read_full(source->fd, to, source->size) < 0)
			return cli_error("cannot read %s: %s; %s may have been written in part",
					 source->file, strerror(errno), name);
		if (read_full(source->fd, &more, 1) > 0)
			return cli_error("%s grew while it was read; %s has its first %zu bytes",
					 source->file, name, source->size);
	}
	err = zinc_notify_checked(handle);
	return err ? cli_fail("notify", name, err) : CLI_OK;
}

static int write_region(const char *name, struct source *source,
			uint64_t offset)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	zinc_handle handle;
	sigset_t old;
	int32_t err;
	int status;

	if (open_source(source))
		return CLI_FAILED;
	if (!is_file(source)) {
		/* a pipe may take for ever: no handle is held meanwhile */
		err = zinc_stat(name, &info);
		if (err)
			return cli_fail("open", name, err);
		if (offset > info.capacity)
			return too_many(name, source, offset, info.capacity);
		if (collect(source, info.capacity - offset + 1))
			return CLI_FAILED;
	}
	cli_block_signals(&old);
	err = cli_open(name, 0, &handle);
	if (err)
		return cli_fail("open", name, err);
	status = fill(handle, name, source, offset);
	zinc_close(handle);
	cli_restore_signals(&old);
	return status;
}

/*
 * struct how - options
 * @stream: what makes a stream of it
 * @fourcc: its pixel format; 0: not given
 * @frame: bytes of a frame; 0: not given
 * @has_offset: of a region that is there
 * @stream_only: an option that a region that is there has no use for
 */
struct how {
	uint64_t offset;
	bool has_offset;
	bool stream_only;
	bool replace;
	uint64_t frame;
	uint32_t fourcc;
	uint32_t width;
	uint32_t height;
	const char *caps;
	struct stream_source stream;
};

static int option_offset(const char *text, void *member)
{
	struct how *how = member;

	how->has_offset = true;
	return parse_size(text, &how->offset);
}

static int option_frame(const char *text, void *member)
{
	uint64_t *bytes = member;
	int err = parse_size(text, bytes);

	return !err && (!*bytes || *bytes > (uint64_t)1 << 40) ? -ERANGE : err;
}

static int option_pixels(const char *text, void *member)
{
	struct how *how = member;

	return parse_pixels(text, &how->width, &how->height);
}

static int option_fourcc(const char *text, void *member)
{
	return parse_fourcc(text, member);
}

static int option_shape(const char *text, void *member)
{
	return parse_shape(text, member);
}

static int option_dtype(const char *text, void *member)
{
	return parse_dtype(text, member);
}

static int option_channels(const char *text, void *member)
{
	struct zinc_stream_format *format = member;
	uint64_t channels;
	int err = parse_number(text, 1024, &channels);

	format->channels = channels;
	return !err && !channels ? -ERANGE : err;
}

static int option_rate(const char *text, void *member)
{
	struct how *how = member;

	how->stream_only = true;
	return parse_rate(text, &how->stream.format);
}

static int option_slots(const char *text, void *member)
{
	struct how *how = member;
	uint64_t slots;
	int err = parse_number(text, ZINC_STREAM_SLOTS_MAX, &slots);

	how->stream_only = true;
	how->stream.slots = slots;
	return !err && slots < ZINC_STREAM_SLOTS_MIN ? -ERANGE : err;
}

static int option_access(const char *text, void *member)
{
	struct how *how = member;

	how->stream_only = true;
	return parse_mode(text, &how->stream.options.mode);
}

static int option_patience(const char *text, void *member)
{
	struct how *how = member;

	how->stream_only = true;
	return parse_seconds(text, &how->stream.patience_ns);
}

static int option_readers(const char *text, void *member)
{
	struct how *how = member;
	int err = parse_number(text, ZINC_STREAM_READERS_MAX, &how->stream.readers);

	how->stream_only = true;
	return !err && !how->stream.readers ? -ERANGE : err;
}

static const struct cli_option options[] = {
	{ .key = 'o', .name = "offset", .argument = "N",
	  .help = "begin at byte N of the region",
	  .parse = option_offset, .expected = "a number of bytes" },
	{ .key = 's', .name = "size", .argument = "WxH",
	  .help = "make a stream of video, of frames of W x H pixels",
	  .parse = option_pixels, .expected = "WIDTHxHEIGHT, each 1 to 65535" },
	{ .key = 'f', .name = "format", .argument = "FORMAT",
	  .help = "pixel format, as DRM, ffmpeg or GStreamer has it: XR24 = bgr0 =\n"
		  "BGRx (the default), BG24 = rgb24, NV12, YUYV, YU12 = yuv420p, P010",
	  .at = offsetof(struct how, fourcc), .parse = option_fourcc,
	  .expected = PIXEL_FORMATS },
	{ .key = 'F', .name = "frame", .argument = "BYTES",
	  .help = "make a stream of frames of BYTES bytes, of no known structure",
	  .at = offsetof(struct how, frame), .parse = option_frame,
	  .expected = "a number of bytes, 1 to 1T", .noun = "frame" },
	{ .key = 'S', .name = "shape", .argument = "AxBxC",
	  .help = "make a stream of tensors, the last dimension contiguous",
	  .at = offsetof(struct how, stream.format), .parse = option_shape,
	  .expected = "1 to 8 numbers above 0, with x between them" },
	{ .key = 'c', .name = "channels", .argument = "N",
	  .help = "make a stream of audio, interleaved; --frame is the bytes of a\n"
		  "frame",
	  .at = offsetof(struct how, stream.format), .parse = option_channels,
	  .expected = "1 to 1024", .noun = "number of channels" },
	{ .key = 'd', .name = "dtype", .argument = "TYPE",
	  .help = "type of a tensor's or audio's elements: float32 (the default),\n"
		  "uint8, int16, float16, bfloat16, ...",
	  .at = offsetof(struct how, stream.format), .parse = option_dtype,
	  .expected = "bool, a type such as int8, uint8, float32 or bfloat16; see zinc(1)" },
	{ .key = 'n', .name = "slots", .argument = "N",
	  .help = "frames in the ring, 2 to 64; default 4",
	  .parse = option_slots, .expected = "2 to 64", .noun = "number of slots" },
	{ .key = 'r', .name = "rate", .argument = "RATE",
	  .help = "tell readers this rate: 25, 29.97, 30000/1001; nothing waits for it",
	  .parse = option_rate, .expected = "a number, such as 25, 29.97 or 30000/1001" },
	{ .key = 'C', .name = "caps", .argument = "TEXT",
	  .help = "tell readers this text", .at = offsetof(struct how, caps) },
	{ .key = 'm', .name = "mode", .argument = "MODE",
	  .help = "permission bits of the stream in octal; default 0600",
	  .parse = option_access,
	  .expected = "octal permission bits within 0666, not 0" },
	{ .key = 'R', .name = "replace",
	  .help = "take the name from the region that has it",
	  .at = offsetof(struct how, replace) },
	{ .key = 'p', .name = "patience", .argument = "SECONDS",
	  .help = "how long a registered reader may hold the stream before it\n"
		  "loses frames; default 10",
	  .parse = option_patience, .expected = "0.001-86400 seconds" },
	{ .key = 'w', .name = "readers", .argument = "N",
	  .help = "before the first frame, wait for N registered readers, which\n"
		  "get every frame ('zinc read --follow --register')",
	  .parse = option_readers, .expected = "1 to 16", .noun = "number of readers" },
};

static const struct cli_syntax syntax = {
	.usage = "zinc write [OPTION...] NAME [FILE]\n"
		 "       zinc write (--size WxH | --frame BYTES | --shape AxBxC) [OPTION...] NAME [FILE]",
	.about =
"Copies FILE to the beginning of a region, and notifies. Without FILE, or if it is\n"
"-, copies standard input. The rest of the region does not change. If FILE does not\n"
"fit, the command fails and changes nothing.\n"
"\n"
"With --size, --frame or --shape, makes a stream of that name, and writes each frame\n"
"of FILE into its next slot, until FILE ends or SIGINT, SIGTERM or SIGHUP comes. The\n"
"stream ends with this command. 'zinc read --follow' reads it.",
	.end =
"N and BYTES may end in K, M, G or T.\n"
"Exit status: 0 written; 2 usage error; 3 failed, also if FILE ends within a frame.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

/* ---- streams ---- */

static bool is_stream(const struct how *how)
{
	return how->width || how->frame || how->stream.format.dims ||
	       how->stream.format.channels;
}

static int say_fit(const char *command, const struct zinc_stream_format *format)
{
	char text[STREAM_TEXT];

	return cli_usage(command, "invalid shape %s: expected a tensor of at most 1T bytes",
			 shape_text(format, text));
}

static int use_tensor(const char *command, struct how *how)
{
	struct zinc_stream_format *format = &how->stream.format, tensor;

	how->stream.bytes = zinc_stream_tensor(&tensor, format->dtype_code,
					       format->dtype_bits, format->dims,
					       format->shape);
	if (!how->stream.bytes || how->stream.bytes > (uint64_t)1 << 40)
		return say_fit(command, format);
	tensor.rate_num = format->rate_num;
	tensor.rate_den = format->rate_den;
	*format = tensor;
	return 0;
}

static int use_audio(const char *command, struct how *how)
{
	struct zinc_stream_format *format = &how->stream.format;
	uint64_t sample = (uint64_t)(format->dtype_bits / 8) * format->channels;

	if (!how->frame || how->frame % sample)
		return cli_usage(command,
				 "expected --frame with a multiple of %llu bytes, %u channels of %u bits",
				 (unsigned long long)sample, format->channels,
				 format->dtype_bits);
	format->kind = ZINC_STREAM_AUDIO;
	how->stream.bytes = how->frame;
	return 0;
}

static void use_video(struct how *how)
{
	struct zinc_stream_format video;

	how->stream.bytes = zinc_stream_video(&video, how->fourcc, how->width, how->height);
	video.rate_num = how->stream.format.rate_num;
	video.rate_den = how->stream.format.rate_den;
	how->stream.format = video;
}

/* Return: 0, or CLI_USAGE after a message */
static int use_stream(const char *command, struct how *how)
{
	struct zinc_stream_format *format = &how->stream.format;
	bool has_dtype = format->dtype_bits;

	if (how->has_offset)
		return cli_usage(command, "--offset is not for a stream");
	if (!!how->width + !!format->dims + (how->frame || format->channels) > 1)
		return cli_usage(command, "expected one of --size, --frame and --shape");
	if (how->fourcc && !how->width)
		return cli_usage(command, "--format needs --size");
	if (has_dtype && !format->dims && !format->channels)
		return cli_usage(command, "--dtype needs --shape or --channels");
	if (!has_dtype)
		parse_dtype("float32", format);
	if (how->width) {
		if (!how->fourcc)
			parse_fourcc("XR24", &how->fourcc);
		use_video(how);
	} else if (format->dims) {
		if (use_tensor(command, how))
			return CLI_USAGE;
	} else if (format->channels) {
		if (use_audio(command, how))
			return CLI_USAGE;
	} else {
		format->dtype_bits = 0;
		format->dtype_lanes = 0;
		format->dtype_code = 0;
		how->stream.bytes = how->frame;
	}
	if (how->caps && strlen(how->caps) >= sizeof(format->caps))
		return cli_usage(command, "invalid caps: expected at most %zu bytes",
				 sizeof(format->caps) - 1);
	if (how->caps)
		memcpy(format->caps, how->caps, strlen(how->caps) + 1);
	return 0;
}

static int stream(const char *name, const char *path, struct how *how)
{
	struct source source = { .file = path };

	if (open_source(&source))
		return CLI_FAILED;
	how->stream.options.flags = how->replace ? ZINC_REPLACE : 0;
	return write_stream(name, source.file, source.fd, &how->stream);
}

int cmd_write(int argc, char **argv)
{
	struct source source = { .file = "-" };
	struct how how = {
		.stream = {
			.slots = 4,
			.patience_ns = 10000000000,
			.options = {
				.size = sizeof(struct zinc_options),
				.lifetime = ZINC_LIFETIME_CREATOR,
			},
		},
	};
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (optind == argc || argc - optind > 2)
		return cli_usage(argv[0], "expected a name and at most one file");
	if (!cli_name(argv[0], argv[optind]))
		return CLI_USAGE;
	if (optind + 1 < argc)
		source.file = argv[optind + 1];
	if (is_stream(&how))
		return use_stream(argv[0], &how) ? CLI_USAGE :
						   stream(argv[optind], source.file, &how);
	if (how.fourcc || how.stream.format.dtype_bits || how.caps || how.replace ||
	    how.stream_only)
		return cli_usage(argv[0], "expected --size, --frame or --shape for a stream");
	status = write_region(argv[optind], &source, how.offset);
	free(source.data);
	return status;
}
