// SPDX-License-Identifier: MIT
/*
 * zinc read
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

/* struct part - the bytes to copy; @all: up to the end */
struct part {
	uint64_t offset;
	uint64_t bytes;
	bool all;
};

/* Return: as write_full(); -1 and ERANGE where the region has less */
static int copy(zinc_handle handle, const struct part *part)
{
	uint64_t room = zinc_capacity(handle);

	errno = ERANGE;
	if (part->offset > room)
		return -1;
	room -= part->offset;
	if (!part->all && part->bytes > room)
		return -1;
	return write_full(STDOUT_FILENO, zinc_ptr(handle) + part->offset,
			  part->all ? room : part->bytes);
}

static int read_region(const char *name, const struct part *part)
{
	int status = CLI_OK;
	zinc_handle handle;
	int32_t err;

	/* a read-only handle is not counted, so a signal may end this process */
	err = cli_open(name, ZINC_RDONLY, &handle);
	if (err)
		return cli_fail("open", name, err);
	if (copy(handle, part))
		status = errno == ERANGE ?
			cli_error("%s has only %llu bytes", name,
				  (unsigned long long)zinc_capacity(handle)) :
			cli_error("cannot write to standard output: %s",
				  strerror(errno));
	zinc_close(handle);
	return status;
}

/*
 * struct how - options
 * @part: of a region
 * @stream: of a stream
 * @stream_only: an option that needs --follow
 */
struct how {
	struct part part;
	bool has_part;
	bool follow;
	bool every;
	bool newest;
	bool registered;
	bool stream_only;
	struct stream_follow stream;
};

static int option_bytes(const char *text, void *member)
{
	struct how *how = member;

	how->has_part = true;
	how->part.all = false;
	return parse_size(text, &how->part.bytes);
}

static int option_offset(const char *text, void *member)
{
	struct how *how = member;

	how->has_part = true;
	return parse_size(text, &how->part.offset);
}

static int option_frames(const char *text, void *member)
{
	struct how *how = member;

	how->stream_only = true;
	return option_count(text, &how->stream.count);
}

static int option_timeout(const char *text, void *member)
{
	struct how *how = member;
	uint64_t ms;
	int err = option_u32(text, &ms);

	how->stream_only = true;
	how->stream.timeout_ns = ms * 1000000;
	return err;
}

static const struct cli_option options[] = {
	{ .key = 'n', .name = "bytes", .argument = "N",
	  .help = "copy N bytes, not all up to the end",
	  .parse = option_bytes, .expected = "a number of bytes",
	  .noun = "number of bytes" },
	{ .key = 'o', .name = "offset", .argument = "N",
	  .help = "begin at byte N", .parse = option_offset,
	  .expected = "a number of bytes" },
	{ .key = 'f', .name = "follow",
	  .help = "copy the frames of a stream as they come",
	  .at = offsetof(struct how, follow) },
	{ .key = 'e', .name = "every",
	  .help = "each frame that is still in the ring, the default",
	  .at = offsetof(struct how, every) },
	{ .key = 'w', .name = "newest",
	  .help = "skip to the newest frame each time",
	  .at = offsetof(struct how, newest) },
	{ .key = 'R', .name = "register",
	  .help = "each frame: the writer waits for this reader",
	  .at = offsetof(struct how, registered) },
	{ .key = 'r', .name = "raw",
	  .help = "with the padding of rows, and on after a change of format",
	  .at = offsetof(struct how, stream.raw) },
	{ .key = 'a', .name = "again",
	  .help = "when the writer ends, wait for the next one of that name",
	  .at = offsetof(struct how, stream.again) },
	{ .key = 'c', .name = "count", .argument = "N",
	  .help = "end after N frames", .parse = option_frames,
	  .expected = "1 to 4294967295", .noun = "number of frames" },
	{ .key = 't', .name = "timeout", .argument = "MS",
	  .help = "wait for the writer, and for each frame, for at most MS\n"
		  "milliseconds",
	  .parse = option_timeout, .expected = "0 to 4294967295 milliseconds" },
};

static const struct cli_syntax syntax = {
	.usage = "zinc read [OPTION...] NAME\n"
		 "       zinc read --follow [OPTION...] NAME",
	.about =
"Copies a region's bytes to standard output. If a process writes them at the same\n"
"time, the copy may be torn.\n"
"\n"
"With --follow, waits for a stream of that name, and copies its frames, each of them\n"
"whole, until its writer ends or SIGINT, SIGTERM or SIGHUP comes. Rows of video are\n"
"copied without padding, plane by plane. Lost frames are counted on standard error at\n"
"the end.",
	.end =
"N bytes may end in K, M, G or T. If the region has fewer, nothing is copied.\n"
"Exit status: 0 all copied, or the writer ended; 1 --timeout: timed out; 2 usage\n"
"error; 3 failed; 4 the format changed, and the frames up to there are copied.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_read(int argc, char **argv)
{
	struct how how = {
		.part.all = true,
		.stream.timeout_ns = UINT64_MAX,
	};
	const char *name;
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (how.every + how.newest + how.registered > 1)
		return cli_usage(argv[0], "expected one of --every, --newest and --register");
	if (!how.follow && (how.every || how.newest || how.registered || how.stream_only ||
			    how.stream.raw || how.stream.again))
		return cli_usage(argv[0],
				 "expected --follow with options for frames, such as --timeout");
	if (how.follow && how.has_part)
		return cli_usage(argv[0], "expected either --follow, or --bytes and --offset");
	name = cli_one_name(argc, argv);
	if (!name)
		return CLI_USAGE;
	if (!how.follow)
		return read_region(name, &how.part);
	how.stream.flags = how.registered ? ZINC_STREAM_REGISTER :
			   how.newest ? ZINC_STREAM_NEWEST : ZINC_STREAM_EVERY;
	return follow_stream(name, &how.stream);
}
