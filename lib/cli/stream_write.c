// SPDX-License-Identifier: MIT
/*
 * zinc write: the frames of a pipe, into a stream.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define SLICE_NS	100000000	/* until the next look for a signal */

/* Wait for registered readers; Return: as zinc_stream_begin(), 1 by a signal */
static int begin(struct zinc_stream_writer *writer, const char *name,
		 uint64_t patience_ns, void **data)
{
	uint64_t start = cli_now();
	int err, dropped;

	for (;;) {
		err = zinc_stream_begin(writer, cli_now() + SLICE_NS, data);
		if (cli_ended())
			return 1;
		if (err != -ETIMEDOUT)
			return err;
		if (cli_now() - start < patience_ns)
			continue;
		dropped = zinc_stream_drop(writer);
		fprintf(stderr,
			"zinc: %s: %d registered reader%s read no frame for %g seconds, and may lose some\n",
			name, dropped, dropped == 1 ? " has" : "s have", patience_ns / 1e9);
	}
}

static int ended_within(const char *file, const struct zinc_stream_writer *writer,
			ssize_t got, uint64_t bytes)
{
	return cli_error("%s ended within frame %llu: it has %zd of %llu bytes, and is not written",
			 file, (unsigned long long)writer->number + 1, got,
			 (unsigned long long)bytes);
}

/* Frame by frame, straight into the slots */
static int copy(struct zinc_stream_writer *writer, const char *name, const char *file,
		int fd, const struct stream_source *source)
{
	struct zinc_stream_frame frame = { .bytes = source->bytes };
	void *data;
	ssize_t got;
	int err;

	for (;;) {
		err = begin(writer, name, source->patience_ns, &data);
		if (err == 1)
			return CLI_OK;
		if (err)
			return cli_fail("write", name, err);
		got = read_full(fd, data, source->bytes);
		if (cli_ended())
			return CLI_OK;
		if (got < 0)
			return cli_error("cannot read %s: %s", file, strerror(errno));
		if (!got)
			return CLI_OK;
		if ((uint64_t)got < source->bytes)
			return ended_within(file, writer, got, source->bytes);
		frame.pts_ns = cli_now();
		zinc_stream_commit(writer, &frame);
	}
}

int write_stream(const char *name, const char *file, int fd,
		 const struct stream_source *source)
{
	struct zinc_stream_writer writer;
	struct guard guard;
	int status, err;

	if (cli_end_by_signals(fd))
		return cli_error("cannot open /dev/null: %s", strerror(errno));
	guard = guard_name(name);
	err = zinc_stream_create(&writer, name, &source->format, source->slots,
				 source->bytes, &source->options);
	if (err)
		status = cli_fail("create", name, err);
	else
		status = copy(&writer, name, file, fd, source);
	zinc_stream_cancel(&writer);
	zinc_stream_end(&writer);
	unguard_name(&guard);
	return status;
}
