/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that the tests of zinc-stream.h share. Frames are filled with their own
 * number, so that a torn one is detected.
 */
#ifndef ZINC_STREAM_TEST_H
#define ZINC_STREAM_TEST_H

#include "lib_test.h"

#include "zinc-stream.h"

#define FOURCC		ZINC_STREAM_FOURCC
#define NEVER		ZINC_DEADLINE_NEVER
#define IN_TIME		(now_ns() + PATIENCE_MS * NSEC_PER_MSEC)

static const struct zinc_stream_format bytes_format;

static inline int create(struct zinc_stream_writer *writer, const char *name, uint32_t slots)
{
	return zinc_stream_create(writer, name, &bytes_format, slots, PAGE, NULL);
}

/* The next frame, all its words its number */
static inline void write_frame(struct zinc_stream_writer *writer)
{
	struct zinc_stream_frame frame = { .bytes = writer->slot_size };
	void *data = NULL;
	uint32_t *words;
	size_t i;

	CHECK(!zinc_stream_begin(writer, IN_TIME, &data));
	words = data;
	for (i = 0; i < writer->slot_size / 4; i++)
		words[i] = writer->number + 1;
	frame.pts_ns = writer->number + 1000;
	CHECK(!zinc_stream_commit(writer, &frame));
}

static inline void write_frames(struct zinc_stream_writer *writer, int count)
{
	while (count--)
		write_frame(writer);
}

static inline bool is_filled(const void *data, size_t size, uint32_t value)
{
	const uint32_t *words = data;
	size_t i;

	for (i = 0; i < size / 4; i++)
		if (words[i] != value)
			return false;
	return true;
}

/* The number of the next frame, or an error; all of its bytes are that number */
static inline int64_t next(struct zinc_stream_reader *reader, struct zinc_stream_view *view)
{
	int err = zinc_stream_next(reader, view, 0);

	if (err)
		return err;
	if (!is_filled(view->data, view->frame.bytes, view->frame.number) ||
	    view->frame.pts_ns != view->frame.number + 999)
		return -EILSEQ;
	err = zinc_stream_done(reader, view);
	return err ? err : (int64_t)view->frame.number;
}

FIXTURE(stream) {
	const char *name;
	struct zinc_stream_writer writer;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
};

FIXTURE_SETUP(stream)
{
	self->name = named("stream");
	ASSERT_EQ(create(&self->writer, self->name, 4), 0);
}

FIXTURE_TEARDOWN(stream)
{
	zinc_stream_close(&self->reader);
	zinc_stream_end(&self->writer);
}

#endif /* ZINC_STREAM_TEST_H */
