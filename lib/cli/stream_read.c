// SPDX-License-Identifier: MIT
/*
 * zinc read --follow: the frames of a stream, to standard output.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define SLICE_NS	100000000	/* until the next look for a signal */
#define HEADER_NS	1500000000u	/* for a writer that has only the name */

/*
 * struct follow - a stream being read
 * @frame: a copy, so that a slow reader of the pipe delays no writer
 * @frames: written
 * @lost: by all streams of the name
 */
struct follow {
	const char *name;
	const struct stream_follow *how;
	struct zinc_stream_reader reader;
	struct zinc_stream_format format;
	void *frame;
	uint64_t frames;
	uint64_t lost;
	bool opened;
	int error;
};

static uint64_t deadline_of(const struct stream_follow *how)
{
	uint64_t now = cli_now();

	return how->timeout_ns < UINT64_MAX - now ? now + how->timeout_ns : UINT64_MAX;
}

static uint64_t slice(uint64_t deadline)
{
	uint64_t end = cli_now() + SLICE_NS;

	return end < deadline ? end : deadline;
}

/* Where the name is, if it is in the backend that is not the default one */
static void choose_backend(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	if (!zinc_stat(name, &info) && info.backend == ZINC_BACKEND_SHM)
		setenv("ZINC_BACKEND", "shm", 1);
}

/* Return: 0; -ETIMEDOUT; -EINTR by a signal; or another error */
static int await_name(const char *name, uint64_t deadline)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_RDONLY | ZINC_NO_DATA,
	};
	zinc_handle handle;
	int32_t err;

	choose_backend(name);
	do {
		if (cli_ended())
			return -EINTR;
		err = zinc_open_wait(name, &options, slice(deadline), &handle);
	} while (err == -ETIMEDOUT && cli_now() < deadline);
	if (!err)
		zinc_close(handle);
	return err;
}

/* Return: as await_name(); -EBADMSG it is not a stream */
static int open_stream(struct follow *follow)
{
	uint64_t deadline = deadline_of(follow->how);
	int err;

	do {
		err = await_name(follow->name, deadline);
		if (err)
			return err;
		/* which nothing but its writer's death makes fail to come */
		err = zinc_stream_open(&follow->reader, follow->name, follow->how->flags,
				       cli_now() + HEADER_NS);
	} while (err == -ENOENT || err == -ETIMEDOUT || err == -EPIPE);
	return err;
}

/* Would a program that gets the frames without their format notice? */
static bool differs(const struct zinc_stream_format *a, const struct zinc_stream_format *b)
{
	return a->kind != b->kind || a->fourcc != b->fourcc ||
	       a->modifier != b->modifier || a->width != b->width ||
	       a->height != b->height || a->dtype_code != b->dtype_code ||
	       a->dtype_bits != b->dtype_bits || a->dtype_lanes != b->dtype_lanes ||
	       a->channels != b->channels || a->dims != b->dims ||
	       memcmp(a->shape, b->shape, sizeof(a->shape));
}

static int say_changed(const struct follow *follow)
{
	char old[STREAM_TEXT], new[STREAM_TEXT];

	fprintf(stderr, "zinc: %s: the format changed from %s to %s%s\n", follow->name,
		format_text(&follow->format, old), format_text(&follow->reader.format, new),
		follow->how->raw ? "" : "; run the same command again to continue");
	return STREAM_CHANGED;
}

/* Return: 0; -1 and errno; -1 and ENODATA where the frame is too short */
static int put_plane(const struct zinc_stream_plane *plane, const char *frame,
		     uint64_t bytes)
{
	uint64_t row = (uint64_t)plane->columns * plane->samples * plane->sample_bytes;
	uint64_t length = (uint64_t)plane->stride * (plane->rows - 1) + row;
	uint32_t y;

	errno = ENODATA;
	if (plane->offset > bytes || length > bytes - plane->offset)
		return -1;
	frame += plane->offset;
	if (row == plane->stride)
		return write_full(STDOUT_FILENO, frame, length);
	for (y = 0; y < plane->rows; y++)
		if (write_full(STDOUT_FILENO, frame + (uint64_t)y * plane->stride, row))
			return -1;
	return 0;
}

/* Without the padding of rows and planes, as far as the format is known */
static int put_frame(const struct follow *follow, const struct zinc_stream_view *view)
{
	const struct zinc_stream_format *format = &follow->reader.format;
	struct zinc_stream_plane plane;
	uint32_t i;

	if (follow->how->raw || zinc_stream_get_plane(format, 0, &plane))
		return write_full(STDOUT_FILENO, follow->frame, view->frame.bytes);
	for (i = 0; i < format->planes; i++) {
		zinc_stream_get_plane(format, i, &plane);
		if (put_plane(&plane, follow->frame, view->frame.bytes))
			return -1;
	}
	return 0;
}

/* Return: an exit status, CLI_RUN to go on */
static int put(struct follow *follow, const struct zinc_stream_view *view)
{
	if (!put_frame(follow, view)) {
		follow->frames++;
		return cli_ended() || follow->frames == follow->how->count ? CLI_OK :
									     CLI_RUN;
	}
	if (errno == ENODATA)
		return cli_error("frame %llu of %s: %llu bytes, fewer than its format: use --raw",
				 (unsigned long long)view->frame.number, follow->name,
				 (unsigned long long)view->frame.bytes);
	follow->error = errno;
	if (errno == EPIPE)
		return CLI_FAILED;
	return cli_error("cannot write to standard output: %s", strerror(errno));
}

static int next(struct follow *follow, struct zinc_stream_view *view)
{
	uint64_t deadline = deadline_of(follow->how);
	int err;

	do {
		if (cli_ended())
			return -EINTR;
		err = zinc_stream_read(&follow->reader, follow->frame,
				       follow->reader.slot_size, view, slice(deadline));
	} while (err == -ETIMEDOUT && cli_now() < deadline);
	return err;
}

static int ends_with(const struct follow *follow, int err)
{
	if (err == -EINTR)
		return CLI_OK;
	if (err == -ETIMEDOUT)
		return CLI_NO;
	if (err == -EBADMSG)
		return cli_error("cannot read %s: it is not a stream; read it without --follow",
				 follow->name);
	return cli_fail("read", follow->name, err);
}

/* One writer's stream; Return: an exit status; CLI_RUN: its writer has ended */
static int follow_one(struct follow *follow)
{
	struct zinc_stream_view view;
	int err, status;

	err = open_stream(follow);
	if (err)
		return ends_with(follow, err);
	if (!follow->opened)
		follow->format = follow->reader.format;
	follow->opened = true;
	follow->frame = xrealloc(follow->frame, follow->reader.slot_size, 1);
	while (!(err = next(follow, &view))) {
		if (differs(&follow->format, &follow->reader.format)) {
			status = say_changed(follow);
			if (!follow->how->raw)
				return status;
			follow->format = follow->reader.format;
		}
		status = put(follow, &view);
		if (status != CLI_RUN)
			return status;
	}
	return err == -EPIPE ? CLI_RUN : ends_with(follow, err);
}

int follow_stream(const char *name, const struct stream_follow *how)
{
	struct follow follow = { .name = name, .how = how };
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (cli_end_by_signals(STDOUT_FILENO))
		return cli_error("cannot open /dev/null: %s", strerror(errno));
	do {
		status = follow_one(&follow);
		follow.lost += follow.reader.lost;
		zinc_stream_close(&follow.reader);
	} while (status == CLI_RUN && how->again);
	free(follow.frame);
	if (follow.lost)
		fprintf(stderr, "zinc: %s: %llu frames read, %llu lost\n", name,
			(unsigned long long)follow.frames, (unsigned long long)follow.lost);
	if (follow.error == EPIPE) {
		/* as every program at the head of a pipe; nothing is held any more */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return status == CLI_RUN ? CLI_OK : status;
}
