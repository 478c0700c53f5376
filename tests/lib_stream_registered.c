// SPDX-License-Identifier: GPL-2.0-only
/*
 * zinc-stream.h: readers that the writer waits for, and how long it does.
 */
#include "lib_test.h"

/* A writer's action between two steps of a reader that registers */
static void (*meanwhile)(void);

static int32_t create_meanwhile(const char *name, uintptr_t capacity,
				const struct zinc_options *options, zinc_handle *out)
{
	void (*act)(void) = meanwhile;

	meanwhile = NULL;
	if (act)
		act();
	return zinc_create_with(name, capacity, options, out);
}

#define zinc_create_with create_meanwhile
#include "stream_test.h"

static void set_caps(struct zinc_stream_writer *writer, const char *caps)
{
	struct zinc_stream_format format = { .kind = ZINC_STREAM_BYTES };

	strcpy(format.caps, caps);
	CHECK(!zinc_stream_set_format(writer, &format));
}

/* The header has room for one format: the next one waits until it has been read */
TEST(format_that_is_replaced_twice)
{
	const char *name = named("twice");
	struct zinc_stream_reader reader;
	struct zinc_stream_writer writer;
	struct zinc_stream_view view;
	void *data;

	ASSERT_EQ(create(&writer, name, 8), 0);
	ASSERT_EQ(zinc_stream_open(&reader, name, ZINC_STREAM_REGISTER, 0), 0);
	write_frame(&writer);
	set_caps(&writer, "second");
	EXPECT_EQ(zinc_stream_begin(&writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(next(&reader, &view), 1);
	write_frames(&writer, 2);
	set_caps(&writer, "third");
	EXPECT_EQ(zinc_stream_begin(&writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(next(&reader, &view), 2);
	EXPECT_TRUE(view.new_format);
	EXPECT_STREQ(reader.format.caps, "second");
	write_frame(&writer);
	EXPECT_EQ(next(&reader, &view), 3);
	EXPECT_STREQ(reader.format.caps, "second");
	EXPECT_EQ(next(&reader, &view), 4);
	EXPECT_STREQ(reader.format.caps, "third");
	EXPECT_EQ(reader.lost, 0);
	zinc_stream_close(&reader);
	zinc_stream_end(&writer);
}

static struct zinc_stream_writer *racing;

static void write_second(void)
{
	set_caps(racing, "second");
	write_frame(racing);
}

/* A format that came while the reader registered is read before the next one comes */
TEST_F(stream, format_that_comes_during_the_registration)
{
	racing = &self->writer;
	meanwhile = write_second;
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	ASSERT_EQ(meanwhile, NULL);
	write_frame(&self->writer);
	set_caps(&self->writer, "third");
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	EXPECT_STREQ(self->reader.format.caps, "second");
	EXPECT_EQ(next(&self->reader, &self->view), 3);
	EXPECT_STREQ(self->reader.format.caps, "third");
	EXPECT_EQ(self->reader.lost, 0);
}

/* No frame has the second format, so that no reader has to read one */
TEST_F(stream, format_without_a_frame)
{
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	set_caps(&self->writer, "second");
	set_caps(&self->writer, "third");
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 1);
	EXPECT_STREQ(self->reader.format.caps, "third");
}

TEST_F(stream, dropped_reader_is_not_waited_for)
{
	struct zinc_stream_reader good;
	struct zinc_stream_view view;
	void *data;
	int i;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	ASSERT_EQ(zinc_stream_open(&good, self->name, ZINC_STREAM_REGISTER, 0), 0);
	EXPECT_EQ(zinc_stream_drop(&self->writer), 0);
	write_frames(&self->writer, 4);
	for (i = 1; i <= 4; i++)
		ASSERT_EQ(next(&good, &view), i);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(zinc_stream_drop(&self->writer), 1);
	EXPECT_EQ(zinc_stream_drop(&self->writer), 0);
	write_frames(&self->writer, 4);
	/* the other one still is */
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	for (i = 5; i <= 8; i++)
		ASSERT_EQ(next(&good, &view), i);
	EXPECT_EQ(good.lost, 0);
	zinc_stream_close(&good);
}

/*
 * It reads the remaining frames, and knows its losses; the writer waits for it
 * once it is registered again
 */
TEST_F(stream, dropped_reader_is_told)
{
	const struct zinc_stream_progress *progress;
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	progress = (void *)zinc_ptr(self->reader.own);
	write_frames(&self->writer, 4);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(zinc_stream_drop(&self->writer), 1);
	write_frames(&self->writer, 6);
	EXPECT_EQ(next(&self->reader, &self->view), 7);
	EXPECT_EQ(self->view.lost, 6);
	EXPECT_EQ(progress->lost, 6);
	EXPECT_EQ(progress->done, 7);
	write_frames(&self->writer, 10);
	EXPECT_EQ(next(&self->reader, &self->view), 17);
	zinc_stream_close(&self->reader);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	write_frames(&self->writer, 4);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(next(&self->reader, &self->view), 21);
}

/* A reader that holds up a new format is in the way, too */
TEST_F(stream, reader_that_holds_up_a_format_is_dropped)
{
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	write_frame(&self->writer);
	set_caps(&self->writer, "second");
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(zinc_stream_drop(&self->writer), 1);
	write_frame(&self->writer);
}

/* On POSIX shared memory, say, while the module is there */
TEST(registration_is_where_the_stream_is)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.lifetime = ZINC_LIFETIME_CREATOR,
		.backend = ZINC_BACKEND_SHM,
	};
	struct zinc_region_info info = { .size = sizeof(info) };
	const char *name = named("backend");
	struct zinc_stream_reader reader;
	struct zinc_stream_writer writer;
	struct zinc_stream_view view;
	char *chosen = getenv("ZINC_BACKEND");

	chosen = chosen ? strdup(chosen) : NULL;
	ASSERT_EQ(setenv("ZINC_BACKEND", "shm", 1), 0);
	ASSERT_EQ(zinc_stream_create(&writer, name, &bytes_format, 2, PAGE, &options), 0);
	ASSERT_EQ(zinc_stream_open(&reader, name, ZINC_STREAM_REGISTER, 0), 0);
	ASSERT_EQ(zinc_info(reader.own, &info), 0);
	EXPECT_EQ(info.backend, ZINC_BACKEND_SHM);
	if (chosen)
		setenv("ZINC_BACKEND", chosen, 1);
	else
		unsetenv("ZINC_BACKEND");
	/* the writer finds it, wherever new regions are by now */
	write_frames(&writer, 2);
	EXPECT_NE(writer.readers[0], NULL);
	EXPECT_EQ(next(&reader, &view), 1);
	zinc_stream_close(&reader);
	zinc_stream_end(&writer);
	free(chosen);
}

TEST_HARNESS_MAIN
