// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams whose writer begins several frames in advance, as for a camera.
 */
#include "stream_test.h"

/* Begin a frame, and have something in it; -errno */
static int begin_ahead(struct zinc_stream_writer *writer, uint8_t byte)
{
	void *data;
	int err = zinc_stream_begin_ahead(writer, 0, &data);

	if (!err)
		memset(data, byte, PAGE);
	return err;
}

static int first_byte(const struct zinc_stream_view *view)
{
	return *(const uint8_t *)view->data;
}

TEST_F(stream, published_in_the_order_of_their_beginning)
{
	int i;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	for (i = 1; i <= 3; i++)
		ASSERT_EQ(begin_ahead(&self->writer, i), 0);
	EXPECT_EQ(zinc_stream_next(&self->reader, &self->view, 0), -ETIMEDOUT);
	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
		ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
		EXPECT_EQ(self->view.frame.number, i);
		EXPECT_EQ(first_byte(&self->view), i);
		EXPECT_EQ(zinc_stream_done(&self->reader, &self->view), 0);
		EXPECT_EQ(zinc_stream_next(&self->reader, &self->view, 0), -ETIMEDOUT);
		ASSERT_EQ(begin_ahead(&self->writer, i + 3), 0);
	}
	EXPECT_EQ(self->reader.lost, 0);
}

TEST_F(stream, one_slot_is_left)
{
	void *data;

	EXPECT_EQ(begin_ahead(&self->writer, 1), 0);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -EBUSY);
	EXPECT_EQ(begin_ahead(&self->writer, 2), 0);
	EXPECT_EQ(begin_ahead(&self->writer, 3), 0);
	EXPECT_EQ(begin_ahead(&self->writer, 4), -EBUSY);
	EXPECT_EQ(zinc_stream_set_format(&self->writer, &self->writer.header->format), -EBUSY);
	ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	EXPECT_EQ(begin_ahead(&self->writer, 4), 0);
}

TEST_F(stream, none_is_begun_in_a_stream_that_is_not_open)
{
	struct zinc_stream_writer none = { .slots = 0 };

	EXPECT_EQ(begin_ahead(&none, 1), -EINVAL);
}

TEST_F(stream, frames_that_are_begun_take_their_slots)
{
	write_frames(&self->writer, 4);
	ASSERT_EQ(begin_ahead(&self->writer, 5), 0);
	ASSERT_EQ(begin_ahead(&self->writer, 6), 0);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	EXPECT_EQ(self->view.frame.number, 4);
	EXPECT_EQ(zinc_stream_done(&self->reader, &self->view), 0);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	EXPECT_EQ(self->view.frame.number, 5);
	EXPECT_EQ(first_byte(&self->view), 5);
	EXPECT_EQ(self->view.lost, 0);
}

/* One that reads while the device already has the slot is told */
TEST_F(stream, frame_under_the_reader_is_begun)
{
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frame(&self->writer);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	ASSERT_EQ(begin_ahead(&self->writer, 2), 0);
	ASSERT_EQ(begin_ahead(&self->writer, 3), 0);
	EXPECT_TRUE(zinc_stream_is_whole(&self->reader, &self->view));
	ASSERT_EQ(begin_ahead(&self->writer, 4), 0);
	EXPECT_TRUE(zinc_stream_is_whole(&self->reader, &self->view));
	ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	ASSERT_EQ(begin_ahead(&self->writer, 5), 0);
	EXPECT_FALSE(zinc_stream_is_whole(&self->reader, &self->view));
}

TEST_F(stream, all_that_are_begun_are_cancelled)
{
	int i;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	for (i = 1; i <= 3; i++)
		ASSERT_EQ(begin_ahead(&self->writer, 0xa5), 0);
	zinc_stream_cancel(&self->writer);
	EXPECT_EQ(zinc_stream_commit(&self->writer, NULL), -EINVAL);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(self->writer.table[i].sequence & 1, 0);
	ASSERT_EQ(begin_ahead(&self->writer, 1), 0);
	ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	EXPECT_EQ(self->view.frame.number, 1);
	EXPECT_EQ(first_byte(&self->view), 1);
}

/* Slots that are begun count: a registered reader has read them before */
TEST_F(stream, registered_readers_are_waited_for)
{
	int i;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	write_frame(&self->writer);
	write_frame(&self->writer);
	ASSERT_EQ(begin_ahead(&self->writer, 3), 0);
	ASSERT_EQ(begin_ahead(&self->writer, 4), 0);
	EXPECT_EQ(begin_ahead(&self->writer, 5), -ETIMEDOUT);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	EXPECT_EQ(zinc_stream_done(&self->reader, &self->view), 0);
	EXPECT_EQ(begin_ahead(&self->writer, 5), 0);
	for (i = 3; i <= 5; i++)
		ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	for (i = 2; i <= 5; i++) {
		ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
		EXPECT_EQ(self->view.frame.number, i);
		EXPECT_EQ(zinc_stream_done(&self->reader, &self->view), 0);
	}
	EXPECT_EQ(self->reader.lost, 0);
}

TEST_HARNESS_MAIN
