// SPDX-License-Identifier: MIT
/*
 * zinc write: the frames of a pipe, into a stream.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define SLICE_NS	100000000	/* until the next look for a signal */
#define AGAIN_NS	20000000	/* until the next look for readers */

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

/*
 * Wait until so many readers have registered: they get the first frame, too
 * Return: CLI_RUN, or a status: CLI_OK by a signal
 */
static int await_readers(struct zinc_stream_writer *writer, const char *name, uint64_t wanted)
{
	const struct timespec again = { 0, AGAIN_NS };
	unsigned int i, count;
	int err;

	while (wanted) {
		/* nothing tells a writer that a reader comes */
		err = zinc_stream_find_readers(writer);
		if (err)
			return cli_fail("write", name, err);
		for (count = 0, i = 0; i < ZINC_STREAM_READERS_MAX; i++)
			count += !!writer->readers[i];
		if (count >= wanted)
			break;
		nanosleep(&again, NULL);
		if (cli_ended())
			return CLI_OK;
	}
	return CLI_RUN;
}

/* What zinc_stream_create() asks for */
static uint64_t region_bytes(const struct stream_source *source)
{
	uint64_t align = source->bytes < ZINC_STREAM_ALIGN_LARGE ?
			 (uint64_t)sysconf(_SC_PAGESIZE) : ZINC_STREAM_ALIGN_LARGE;

	return zinc_stream_round(ZINC_STREAM_TABLE +
				 source->slots * sizeof(struct zinc_stream_slot), align) +
	       source->slots * zinc_stream_round(source->bytes, align);
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
		status = cli_fail_create(name, err, region_bytes(source));
	else
		status = await_readers(&writer, name, source->readers);
	if (status == CLI_RUN)
		status = copy(&writer, name, file, fd, source);
	zinc_stream_cancel(&writer);
	zinc_stream_end(&writer);
	unguard_name(&guard);
	return status;
}
