// SPDX-License-Identifier: GPL-2.0-only
/*
 * zinc-stream.h: one writer, any number of readers.
 */
#include "stream_test.h"

#include <sys/resource.h>

/* The layout, byte by byte, as a program in any language finds it */
TEST_F(stream, layout)
{
	unsigned char *data = zinc_ptr(self->writer.region);
	uint64_t at = self->writer.slot_offset;
	uint32_t word;
	uint64_t large;

	write_frame(&self->writer);
	memcpy(&large, data, 8);
	EXPECT_EQ(large, 0x5A494E435354524DULL);
	memcpy(&word, data + 8, 4);
	EXPECT_EQ(word, 1);
	memcpy(&word, data + 12, 4);
	EXPECT_EQ(word, 4);
	memcpy(&large, data + 16, 8);
	EXPECT_EQ(large, PAGE);
	memcpy(&large, data + 24, 8);
	EXPECT_EQ(large, at);
	EXPECT_EQ(at % PAGE, 0);
	memcpy(&word, data + 32, 4);
	EXPECT_EQ(word, 1) TH_LOG("head");
	memcpy(&word, data + 1024, 4);
	EXPECT_EQ(word % 2, 0) TH_LOG("the slot's sequence");
	EXPECT_NE(word, 0);
	memcpy(&large, data + 1024 + 16, 8);
	EXPECT_EQ(large, 1) TH_LOG("number");
	memcpy(&large, data + 1024 + 24, 8);
	EXPECT_EQ(large, PAGE) TH_LOG("bytes");
	memcpy(&large, data + 1024 + 32, 8);
	EXPECT_EQ(large, 1000) TH_LOG("pts_ns");
	memcpy(&word, data + at, 4);
	EXPECT_EQ(word, 1);
}

TEST_F(stream, newest_skips_to_the_newest)
{
	write_frames(&self->writer, 5);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_NEWEST, 0), 0);
	EXPECT_EQ(next(&self->reader, &self->view), 5);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	write_frames(&self->writer, 30);
	EXPECT_EQ(next(&self->reader, &self->view), 35);
	EXPECT_EQ(self->view.lost, 0);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
}

TEST_F(stream, every_frame_in_order)
{
	int i;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	for (i = 1; i <= 3; i++)
		write_frame(&self->writer);
	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(next(&self->reader, &self->view), i);
		EXPECT_EQ(self->view.lost, 0);
	}
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
}

/* Of four slots, three hold frames that the writer does not touch next */
TEST_F(stream, overtaken_reader_is_told_how_many_it_lost)
{
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frame(&self->writer);
	ASSERT_EQ(next(&self->reader, &self->view), 1);
	write_frames(&self->writer, 10);
	EXPECT_EQ(next(&self->reader, &self->view), 9);
	EXPECT_EQ(self->view.lost, 7);
	EXPECT_EQ(next(&self->reader, &self->view), 10);
	EXPECT_EQ(self->view.lost, 0);
	EXPECT_EQ(next(&self->reader, &self->view), 11);
	EXPECT_EQ(self->reader.lost, 7);
}

TEST_F(stream, frame_under_the_reader_is_overwritten)
{
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frame(&self->writer);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	write_frames(&self->writer, 3);
	EXPECT_TRUE(zinc_stream_is_whole(&self->reader, &self->view));
	/* not a byte of it has changed, but it may from now on */
	ASSERT_EQ(zinc_stream_begin(&self->writer, 0, &data), 0);
	EXPECT_FALSE(zinc_stream_is_whole(&self->reader, &self->view));
	EXPECT_EQ(zinc_stream_done(&self->reader, &self->view), -ESTALE);
	EXPECT_EQ(self->reader.lost, 1);
	ASSERT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	EXPECT_FALSE(zinc_stream_is_whole(&self->reader, &self->view));
}

/* A reader comes to a slot while its next frame is written */
TEST_F(stream, frame_that_is_being_written_is_not_returned)
{
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_NEWEST, 0), 0);
	ASSERT_EQ(zinc_stream_begin(&self->writer, 0, &data), 0);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	zinc_stream_cancel(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 1);
}

TEST_F(stream, cancelled_frame_takes_its_slot_with_it)
{
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	write_frame(&self->writer);
	ASSERT_EQ(next(&self->reader, &self->view), 1);
	write_frames(&self->writer, 3);
	ASSERT_EQ(zinc_stream_begin(&self->writer, 0, &data), 0);
	memset(data, 0xa5, PAGE);
	zinc_stream_cancel(&self->writer);
	zinc_stream_cancel(&self->writer);
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	EXPECT_EQ(next(&self->reader, &self->view), 3);
	EXPECT_EQ(next(&self->reader, &self->view), 4);
	EXPECT_EQ(next(&self->reader, &self->view), 5);
	EXPECT_EQ(self->reader.lost, 0);
}

/* A reader that decided on a frame before it was overwritten and cancelled */
TEST_F(stream, cancelled_frame_is_not_taken_for_the_old_one)
{
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frames(&self->writer, 5);
	ASSERT_EQ(zinc_stream_begin(&self->writer, 0, &data), 0);
	memset(data, 0xa5, PAGE);
	zinc_stream_cancel(&self->writer);
	/* as it was when the reader looked: frame 2 was the oldest to be had */
	self->writer.header->head = 4;
	EXPECT_EQ(next(&self->reader, &self->view), 3);
	EXPECT_EQ(self->view.lost, 2);
}

TEST_F(stream, copy_is_whole_and_counts)
{
	uint32_t *copy = malloc(PAGE);

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frames(&self->writer, 6);
	ASSERT_EQ(zinc_stream_read(&self->reader, copy, PAGE, &self->view, 0), 0);
	EXPECT_EQ(self->view.frame.number, 4);
	EXPECT_EQ(self->view.lost, 3);
	EXPECT_EQ((void *)self->view.data, (void *)copy);
	EXPECT_TRUE(is_filled(copy, PAGE, 4));
	EXPECT_EQ(zinc_stream_read(&self->reader, copy, PAGE - 1, &self->view, 0),
		  -EMSGSIZE);
	EXPECT_EQ(zinc_stream_read(&self->reader, copy, PAGE, &self->view, 0), 0);
	EXPECT_EQ(self->view.frame.number, 6);
	EXPECT_EQ(zinc_stream_read(&self->reader, copy, PAGE, &self->view, 0),
		  -ETIMEDOUT);
	free(copy);
}

/* Frame numbers go past 2^32, and three slots do not divide it */
TEST(numbers_do_not_end)
{
	struct zinc_stream_reader newest, every, registered;
	const char *name = named("wrap");
	struct zinc_stream_writer writer;
	struct zinc_stream_view view;
	uint64_t n = 0xFFFFFFFDULL;

	ASSERT_EQ(create(&writer, name, 3), 0);
	writer.number = n;
	write_frame(&writer);
	ASSERT_EQ(zinc_stream_open(&newest, name, ZINC_STREAM_NEWEST, 0), 0);
	ASSERT_EQ(zinc_stream_open(&every, name, ZINC_STREAM_EVERY, 0), 0);
	ASSERT_EQ(zinc_stream_open(&registered, name, ZINC_STREAM_REGISTER, 0), 0);
	EXPECT_EQ(next(&every, &view), (int64_t)n + 1);
	for (n += 2; n < 0x100000006ULL; n++) {
		write_frame(&writer);
		EXPECT_EQ(next(&newest, &view), (int64_t)n);
		EXPECT_EQ(next(&every, &view), (int64_t)n);
		EXPECT_EQ(next(&registered, &view), (int64_t)n);
	}
	EXPECT_EQ(every.lost + newest.lost + registered.lost, 0);
	zinc_stream_close(&newest);
	ASSERT_EQ(zinc_stream_open(&newest, name, ZINC_STREAM_NEWEST, 0), 0);
	EXPECT_EQ(next(&newest, &view), 0x100000005LL);
	zinc_stream_close(&newest);
	zinc_stream_close(&every);
	zinc_stream_close(&registered);
	zinc_stream_end(&writer);
}

/* ---- processes ---- */

#define RACE_FRAMES	20000
#define RACE_SIZE	((uint64_t)65536)

static void write_all(const char *name, uint32_t slots, uint64_t size, int count,
		      struct signpost *go)
{
	struct zinc_stream_writer writer;

	CHECK(!zinc_stream_create(&writer, name, &bytes_format, slots, size, NULL));
	post(go);
	/* the reader has the stream */
	await(go + 1);
	write_frames(&writer, count);
	zinc_stream_end(&writer);
}

/*
 * The writer laps the reader again and again. With the check each copy is whole.
 * Without it some are not, else this test would show nothing.
 */
TEST(no_torn_frame_is_returned)
{
	uint64_t torn = 0, whole = 0, caught = 0, looks = 0;
	char *copy = malloc(RACE_SIZE);
	const char *name = named("torn");
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	struct signpost go[2];
	uint64_t last = 0;
	pid_t pid;
	int err;

	post_init(&go[0]);
	post_init(&go[1]);
	IN_CHILD(pid)
		write_all(name, 2, RACE_SIZE, RACE_FRAMES, go);
	await(&go[0]);
	ASSERT_EQ(zinc_stream_open(&reader, name, ZINC_STREAM_NEWEST, 0), 0);
	post(&go[1]);
	while (!(err = zinc_stream_next(&reader, &view, IN_TIME))) {
		bool filled;

		memcpy(copy, view.data, RACE_SIZE / 2);
		/* at first until the slot has been written again, then as it comes */
		while (looks < 100 && view.frame.number < RACE_FRAMES - 2 &&
		       __atomic_load_n(&reader.header->head, __ATOMIC_ACQUIRE) <
		       view.frame.number + 2)
			sched_yield();
		looks++;
		memcpy(copy + RACE_SIZE / 2, (const char *)view.data + RACE_SIZE / 2,
		       RACE_SIZE / 2);
		filled = is_filled(copy, view.frame.bytes, view.frame.number);
		EXPECT_GT(view.frame.number, last);
		last = view.frame.number;
		if (zinc_stream_done(&reader, &view)) {
			caught += !filled;
			continue;
		}
		whole++;
		torn += !filled;
	}
	EXPECT_EQ(err, -EPIPE);
	EXPECT_EQ(torn, 0);
	EXPECT_GT(whole, 0);
	EXPECT_GT(caught, 0) TH_LOG("no frame was torn: nothing has been shown");
	EXPECT_EQ(last, RACE_FRAMES) TH_LOG("the last frame is delivered before the end");
	EXPECT_EQ(reap(pid), 0);
	zinc_stream_close(&reader);
	free(copy);
}

TEST(registered_reader_loses_nothing)
{
	const char *name = named("whole");
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	struct signpost go[2];
	uint64_t number = 0;
	pid_t pid;
	int err;

	post_init(&go[0]);
	post_init(&go[1]);
	IN_CHILD(pid)
		write_all(name, 3, PAGE, RACE_FRAMES / 4, go);
	await(&go[0]);
	ASSERT_EQ(zinc_stream_open(&reader, name, ZINC_STREAM_REGISTER, 0), 0);
	post(&go[1]);
	while (!(err = zinc_stream_next(&reader, &view, IN_TIME))) {
		number++;
		ASSERT_EQ(view.frame.number, number);
		ASSERT_TRUE(is_filled(view.data, view.frame.bytes, number));
		ASSERT_EQ(zinc_stream_done(&reader, &view), 0);
	}
	EXPECT_EQ(err, -EPIPE);
	EXPECT_EQ(number, RACE_FRAMES / 4);
	EXPECT_EQ(reader.lost, 0);
	EXPECT_EQ(reap(pid), 0);
	zinc_stream_close(&reader);
}

/* A closed stream, or one that was never opened, returns an error */
TEST_F(stream, ends_that_are_not_open)
{
	struct zinc_stream_view view = { .data = NULL };
	struct zinc_stream_reader reader;
	struct zinc_stream_writer writer;
	void *data;

	EXPECT_EQ(zinc_stream_open(&reader, named("absent"), 0, 0), -ENOENT);
	EXPECT_EQ(zinc_stream_next(&reader, &view, 0), -EINVAL);
	EXPECT_EQ(zinc_stream_read(&reader, &view, 0, &view, 0), -EINVAL);
	EXPECT_FALSE(zinc_stream_is_whole(&reader, &view));
	EXPECT_EQ(zinc_stream_done(&reader, &view), -ESTALE);
	zinc_stream_close(&reader);

	EXPECT_EQ(create(&writer, self->name, 4), -EEXIST);
	EXPECT_EQ(zinc_stream_begin(&writer, 0, &data), -EINVAL);
	EXPECT_EQ(zinc_stream_set_format(&writer, &self->writer.header->format), -EINVAL);
	EXPECT_EQ(zinc_stream_commit(&writer, NULL), -EINVAL);
	zinc_stream_cancel(&writer);
	zinc_stream_end(&writer);
}

/* A child that registers, says so, and does nothing more */
static pid_t idle_reader_of(const char *name, struct signpost *end)
{
	struct zinc_stream_reader reader;
	struct signpost ready;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		CHECK(!zinc_stream_open(&reader, name, ZINC_STREAM_REGISTER, IN_TIME));
		post(&ready);
		await(end);
		zinc_stream_close(&reader);
		post(&ready);
		pause();
	}
	await(&ready);
	return pid;
}

TEST_F(stream, writer_waits_for_a_registered_reader)
{
	uint64_t deadline;
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	write_frames(&self->writer, 4);
	deadline = now_ns() + 20 * NSEC_PER_MSEC;
	EXPECT_EQ(zinc_stream_begin(&self->writer, deadline, &data), -ETIMEDOUT);
	EXPECT_GE(now_ns(), deadline);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	ASSERT_EQ(zinc_stream_next(&self->reader, &self->view, 0), 0);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	ASSERT_EQ(zinc_stream_done(&self->reader, &self->view), 0);
	write_frame(&self->writer);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
}

/* Which has the magic of one, too */
TEST_F(stream, stream_named_as_a_reader_is_none)
{
	struct zinc_stream_writer other;
	char name[ZINC_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s-r0", self->name);
	ASSERT_EQ(create(&other, name, 2), 0);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	zinc_stream_close(&self->reader);
	write_frames(&self->writer, 10);
	zinc_stream_end(&other);
}

TEST_F(stream, writer_does_not_wait_for_a_killed_reader)
{
	struct signpost end;
	void *data;
	pid_t pid;

	post_init(&end);
	pid = idle_reader_of(self->name, &end);
	write_frames(&self->writer, 4);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(reap(pid), -SIGKILL);
	ASSERT_EQ(zinc_stream_begin(&self->writer, IN_TIME, &data), 0);
	zinc_stream_cancel(&self->writer);
	write_frames(&self->writer, 10);
}

TEST_F(stream, writer_that_sleeps_is_woken_when_its_reader_dies)
{
	struct signpost end, ready;
	pid_t reader, writer;
	void *data;

	post_init(&end);
	post_init(&ready);
	reader = idle_reader_of(self->name, &end);
	IN_CHILD(writer) {
		write_frames(&self->writer, 4);
		post(&ready);
		CHECK(!zinc_stream_begin(&self->writer, NEVER, &data));
	}
	await(&ready);
	ASSERT_TRUE(asleep(writer));
	ASSERT_EQ(kill(reader, SIGKILL), 0);
	EXPECT_EQ(reap(reader), -SIGKILL);
	EXPECT_EQ(reap(writer), 0);
}

TEST_F(stream, writer_does_not_wait_for_a_reader_that_closed)
{
	struct signpost end;
	void *data;
	pid_t pid;

	post_init(&end);
	pid = idle_reader_of(self->name, &end);
	write_frames(&self->writer, 4);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	post(&end);
	EXPECT_EQ(zinc_stream_begin(&self->writer, IN_TIME, &data), 0);
	kill(pid, SIGKILL);
	reap(pid);
}

/* The place of a dead reader goes to the next one */
TEST_F(stream, place_of_a_dead_reader_is_taken)
{
	struct signpost end;
	void *data;
	pid_t pid;

	post_init(&end);
	pid = idle_reader_of(self->name, &end);
	write_frame(&self->writer);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(reap(pid), -SIGKILL);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	write_frames(&self->writer, 4);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	write_frame(&self->writer);
}

TEST_F(stream, seventeenth_reader)
{
	struct zinc_stream_reader readers[ZINC_STREAM_READERS_MAX];
	int i;

	for (i = 0; i < ZINC_STREAM_READERS_MAX; i++)
		ASSERT_EQ(zinc_stream_open(&readers[i], self->name,
					   ZINC_STREAM_REGISTER, 0), 0);
	EXPECT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0),
		  -EUSERS);
	EXPECT_EQ(self->reader.region, NULL);
	write_frame(&self->writer);
	for (i = 0; i < ZINC_STREAM_READERS_MAX; i++) {
		EXPECT_EQ(next(&readers[i], &self->view), 1);
		zinc_stream_close(&readers[i]);
	}
	EXPECT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
}

/* ---- the writer's end ---- */

TEST_F(stream, frames_that_are_left_come_before_the_end)
{
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frames(&self->writer, 2);
	zinc_stream_end(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 1);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	EXPECT_EQ(next(&self->reader, &self->view), -EPIPE);
	EXPECT_EQ(zinc_stream_next(&self->reader, &self->view, NEVER), -EPIPE);
}

TEST(reader_that_sleeps_is_told_of_a_killed_writer)
{
	const char *name = named("killed");
	struct zinc_stream_writer writer;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	struct signpost ready[2];
	pid_t child, sleeper;

	post_init(&ready[0]);
	post_init(&ready[1]);
	IN_CHILD(child) {
		CHECK(!create(&writer, name, 4));
		write_frame(&writer);
		post(&ready[0]);
		pause();
	}
	await(&ready[0]);
	IN_CHILD(sleeper) {
		CHECK(!zinc_stream_open(&reader, name, ZINC_STREAM_NEWEST, 0));
		CHECK(next(&reader, &view) == 1);
		post(&ready[1]);
		CHECK(zinc_stream_next(&reader, &view, NEVER) == -EPIPE);
	}
	await(&ready[1]);
	ASSERT_EQ(kill(child, SIGKILL), 0);
	EXPECT_EQ(reap(child), -SIGKILL);
	EXPECT_EQ(reap(sleeper), 0);
	/* a writer that starts again has the name */
	ASSERT_EQ(create(&writer, name, 3), 0);
	write_frame(&writer);
	ASSERT_EQ(zinc_stream_open(&reader, name, ZINC_STREAM_NEWEST, 0), 0);
	EXPECT_EQ(next(&reader, &view), 1);
	EXPECT_EQ(reader.slots, 3);
	zinc_stream_close(&reader);
	zinc_stream_end(&writer);
}

TEST_F(stream, replaced_stream_ends_the_old_one)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_REPLACE,
		.lifetime = ZINC_LIFETIME_CREATOR,
	};
	struct zinc_stream_writer second;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_NEWEST, 0), 0);
	ASSERT_EQ(zinc_stream_create(&second, self->name, &bytes_format, 4, PAGE,
				     NULL), -EEXIST);
	EXPECT_EQ(second.region, NULL);
	ASSERT_EQ(zinc_stream_create(&second, self->name, &bytes_format, 4, PAGE,
				     &options), 0);
	EXPECT_EQ(zinc_stream_next(&self->reader, &self->view, NEVER), -EPIPE);
	zinc_stream_close(&self->reader);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_NEWEST, 0), 0);
	write_frame(&second);
	EXPECT_EQ(next(&self->reader, &self->view), 1);
	zinc_stream_end(&second);
}

/* A reader of the old stream that has not closed it yet is none of the new one's */
TEST_F(stream, readers_of_a_replaced_stream_are_not_waited_for)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_REPLACE,
		.lifetime = ZINC_LIFETIME_CREATOR,
	};
	struct zinc_stream_reader old;
	struct zinc_stream_writer second;
	int i;

	ASSERT_EQ(zinc_stream_open(&old, self->name, ZINC_STREAM_REGISTER, 0), 0);
	ASSERT_EQ(zinc_stream_create(&second, self->name, &bytes_format, 4, PAGE,
				     &options), 0);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	for (i = 1; i <= 10; i++) {
		write_frame(&second);
		EXPECT_EQ(next(&self->reader, &self->view), i);
	}
	zinc_stream_close(&old);
	zinc_stream_end(&second);
}

/* A writer that cannot open its new reader says so: it would not wait for it */
TEST_F(stream, reader_that_the_writer_cannot_open)
{
	struct rlimit limit, none;
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -EMFILE);
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	write_frames(&self->writer, 4);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
}

/* ---- the writer comes later ---- */

TEST(reader_waits_for_its_writer)
{
	const char *name = named("later");
	struct zinc_stream_writer writer;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	struct signpost ready;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		post(&ready);
		CHECK(!zinc_stream_open(&reader, name, ZINC_STREAM_EVERY, NEVER));
		CHECK(!zinc_stream_next(&reader, &view, NEVER));
		CHECK(view.frame.number == 1);
	}
	await(&ready);
	ASSERT_TRUE(asleep(pid));
	ASSERT_EQ(create(&writer, name, 2), 0);
	write_frame(&writer);
	EXPECT_EQ(reap(pid), 0);
	zinc_stream_end(&writer);
}

TEST(nobody_comes)
{
	struct zinc_stream_reader reader;
	uint64_t deadline;

	EXPECT_EQ(zinc_stream_open(&reader, named("nobody"), 0, 0), -ENOENT);
	deadline = now_ns() + 20 * NSEC_PER_MSEC;
	EXPECT_EQ(zinc_stream_open(&reader, named("nobody"), 0, deadline), -ETIMEDOUT);
	EXPECT_GE(now_ns(), deadline);
	EXPECT_EQ(reader.region, NULL);
}

/* ---- formats ---- */

TEST(format_changes_in_mid_stream)
{
	const char *name = named("format");
	struct zinc_stream_format format;
	struct zinc_stream_reader reader, late;
	struct zinc_stream_writer writer;
	struct zinc_stream_view view;
	uint64_t bytes;
	void *data;

	bytes = zinc_stream_video(&format, FOURCC('X', 'R', '2', '4'), 64, 48);
	ASSERT_EQ(bytes, 64 * 48 * 4);
	strcpy(format.caps, "video/x-raw");
	ASSERT_EQ(zinc_stream_create(&writer, name, &format, 4, bytes, NULL), 0);
	ASSERT_EQ(zinc_stream_open(&reader, name, ZINC_STREAM_EVERY, 0), 0);
	EXPECT_EQ(reader.format.width, 64);
	EXPECT_EQ(reader.format.stride[0], 256);
	EXPECT_STREQ(reader.format.caps, "video/x-raw");
	write_frame(&writer);
	EXPECT_EQ(next(&reader, &view), 1);
	EXPECT_FALSE(view.new_format);
	write_frame(&writer);
	ASSERT_EQ(zinc_stream_video(&format, FOURCC('N', 'V', '1', '2'), 32, 30), 32 * 45);
	ASSERT_EQ(zinc_stream_begin(&writer, 0, &data), 0);
	EXPECT_EQ(zinc_stream_set_format(&writer, &format), -EBUSY);
	zinc_stream_cancel(&writer);
	ASSERT_EQ(zinc_stream_set_format(&writer, &format), 0);
	write_frame(&writer);
	/* a reader that comes now cannot know the format of the second frame */
	ASSERT_EQ(zinc_stream_open(&late, name, ZINC_STREAM_EVERY, 0), 0);
	late.last = 1;
	EXPECT_EQ(next(&late, &view), 3);
	EXPECT_EQ(view.lost, 1);
	EXPECT_EQ(late.format.width, 32);
	zinc_stream_close(&late);
	EXPECT_EQ(next(&reader, &view), 2);
	EXPECT_FALSE(view.new_format);
	EXPECT_EQ(reader.format.width, 64);
	EXPECT_EQ(next(&reader, &view), 3);
	EXPECT_TRUE(view.new_format);
	EXPECT_EQ(view.lost, 0);
	EXPECT_EQ(reader.format.planes, 2);
	EXPECT_EQ(reader.format.offset[1], 32 * 30);
	write_frame(&writer);
	EXPECT_EQ(next(&reader, &view), 4);
	EXPECT_FALSE(view.new_format);
	/* larger than a slot */
	bytes = zinc_stream_video(&format, FOURCC('X', 'R', '2', '4'), 640, 480);
	ASSERT_GT(bytes, writer.slot_size);
	EXPECT_EQ(zinc_stream_set_format(&writer, &format), -EBADMSG);
	write_frame(&writer);
	EXPECT_EQ(next(&reader, &view), 5);
	EXPECT_EQ(reader.format.width, 32);
	zinc_stream_close(&reader);
	zinc_stream_end(&writer);
}

static void set_caps(struct zinc_stream_writer *writer, const char *caps)
{
	struct zinc_stream_format format = { .kind = ZINC_STREAM_BYTES };

	strcpy(format.caps, caps);
	CHECK(!zinc_stream_set_format(writer, &format));
}

/* A call that finds the format, and no frame of it, leaves it to be told by the next one */
TEST_F(stream, format_that_comes_before_its_frame)
{
	void *data;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	set_caps(&self->writer, "first");
	write_frame(&self->writer);
	set_caps(&self->writer, "second");
	ASSERT_EQ(zinc_stream_begin(&self->writer, 0, &data), 0);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	zinc_stream_cancel(&self->writer);
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	EXPECT_TRUE(self->view.new_format);
	EXPECT_STREQ(self->reader.format.caps, "second");
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 3);
	EXPECT_FALSE(self->view.new_format);
}

/* A frame that is too large for the buffer was its format's first */
TEST_F(stream, format_of_a_frame_that_is_not_copied)
{
	uint32_t word;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	set_caps(&self->writer, "first");
	write_frame(&self->writer);
	EXPECT_EQ(zinc_stream_read(&self->reader, &word, sizeof(word), &self->view, 0),
		  -EMSGSIZE);
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	EXPECT_TRUE(self->view.new_format);
}

/* As when its writer is preempted: no reason to give the stream up */
TEST_F(stream, format_that_is_being_written)
{
	uint32_t *sequence = &self->writer.header->format_sequence;
	struct zinc_stream_format format = { .kind = ZINC_STREAM_BYTES };
	pid_t pid;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	strcpy(format.caps, "second");
	ASSERT_EQ(zinc_stream_set_format(&self->writer, &format), 0);
	write_frame(&self->writer);
	__atomic_fetch_add(sequence, 1, __ATOMIC_RELAXED);
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	EXPECT_EQ(self->reader.lost, 1);
	zinc_stream_close(&self->reader);
	EXPECT_EQ(zinc_stream_open(&self->reader, self->name, 0, 0), -EBADMSG);
	IN_CHILD(pid) {
		usleep(20000);
		__atomic_fetch_add(sequence, 1, __ATOMIC_RELEASE);
	}
	EXPECT_EQ(zinc_stream_open(&self->reader, self->name, 0, IN_TIME), 0);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_STREQ(self->reader.format.caps, "second");
}

/* Sizes as the kernel's own drm_format_info has them */
TEST(video_sizes)
{
	static const struct {
		const char *fourcc;
		uint32_t width, height;
		uint64_t bytes;
		uint32_t planes, stride[3];
		uint64_t offset[3];
	} known[] = {
		{ "XR24", 1920, 1080, 8294400, 1, { 7680 }, { 0 } },
		{ "RG24", 3, 3, 27, 1, { 9 }, { 0 } },
		{ "R8  ", 7, 2, 14, 1, { 7 }, { 0 } },
		{ "YUYV", 1280, 720, 1843200, 1, { 2560 }, { 0 } },
		{ "YUYV", 3, 1, 8, 1, { 8 }, { 0 } },
		{ "NV12", 1920, 1080, 3110400, 2, { 1920, 1920 }, { 0, 2073600 } },
		{ "NV12", 3, 3, 17, 2, { 3, 4 }, { 0, 9 } },
		{ "NV16", 4, 4, 32, 2, { 4, 4 }, { 0, 16 } },
		{ "P010", 3840, 2160, 24883200, 2, { 7680, 7680 }, { 0, 16588800 } },
		{ "YU12", 640, 480, 460800, 3, { 640, 320, 320 }, { 0, 307200, 384000 } },
		{ "YV12", 5, 5, 43, 3, { 5, 3, 3 }, { 0, 25, 34 } },
	};
	struct zinc_stream_format format;
	size_t i, plane;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *c = known[i].fourcc;

		EXPECT_EQ(zinc_stream_video(&format, FOURCC(c[0], c[1], c[2], c[3]),
					    known[i].width, known[i].height),
			  known[i].bytes) TH_LOG("%s", c);
		EXPECT_EQ(format.planes, known[i].planes);
		for (plane = 0; plane < known[i].planes; plane++) {
			EXPECT_EQ(format.stride[plane], known[i].stride[plane]);
			EXPECT_EQ(format.offset[plane], known[i].offset[plane]);
		}
		EXPECT_EQ(zinc_stream_format_check(&format, known[i].bytes), 0);
		EXPECT_EQ(zinc_stream_format_check(&format, known[i].bytes - 1), -EBADMSG);
	}
	EXPECT_EQ(zinc_stream_video(&format, FOURCC('M', 'J', 'P', 'G'), 640, 480), 0);
	EXPECT_EQ(zinc_stream_video(&format, FOURCC('X', 'R', '2', '4'), 0, 480), 0);
	EXPECT_EQ(zinc_stream_video(&format, FOURCC('X', 'R', '2', '4'), 640, 65536), 0);
}

/* A reader goes by the fourcc: it is not to be led out of the slot */
TEST(video_whose_planes_contradict_it)
{
	struct zinc_stream_format format;
	uint64_t bytes;

	bytes = zinc_stream_video(&format, FOURCC('N', 'V', '1', '2'), 64, 48);
	format.planes = 1;
	format.offset[1] = UINT64_MAX;
	EXPECT_EQ(zinc_stream_format_check(&format, bytes), -EBADMSG);
	bytes = zinc_stream_video(&format, FOURCC('X', 'R', '2', '4'), 64, 48);
	format.stride[0]--;
	EXPECT_EQ(zinc_stream_format_check(&format, bytes), -EBADMSG);
	format.stride[0] += 2;
	EXPECT_EQ(zinc_stream_format_check(&format, bytes + 48), 0);
	format.width = UINT32_MAX;
	EXPECT_EQ(zinc_stream_format_check(&format, bytes + 48), -EBADMSG);
	/* tiles, say */
	format.modifier = 1;
	EXPECT_EQ(zinc_stream_format_check(&format, bytes + 48), 0);
}

TEST(tensor_sizes)
{
	static const uint64_t shape[] = { 1, 3, 224, 224 };
	static const uint64_t huge[] = { 1ULL << 32, 1ULL << 32 };
	static const uint64_t none[] = { 4, 0 };
	struct zinc_stream_format format;

	EXPECT_EQ(zinc_stream_tensor(&format, ZINC_STREAM_FLOAT, 32, 4, shape), 602112);
	EXPECT_EQ(zinc_stream_format_check(&format, 602112), 0);
	EXPECT_EQ(zinc_stream_format_check(&format, 602111), -EBADMSG);
	EXPECT_EQ(zinc_stream_tensor(&format, ZINC_STREAM_UINT, 8, 0, NULL), 1);
	EXPECT_EQ(zinc_stream_tensor(&format, ZINC_STREAM_FLOAT, 32, 2, huge), 0);
	EXPECT_EQ(zinc_stream_tensor(&format, ZINC_STREAM_FLOAT, 32, 2, none), 0);
	EXPECT_EQ(zinc_stream_tensor(&format, ZINC_STREAM_FLOAT, 32, 9, shape), 0);
	EXPECT_EQ(zinc_stream_tensor(&format, ZINC_STREAM_INT, 4, 1, shape), 0);
}

/* From 2 MiB on a slot begins where a contiguous buffer may */
TEST(large_slots_are_aligned)
{
	struct zinc_stream_writer writer;

	ASSERT_EQ(zinc_stream_create(&writer, named("large"), &bytes_format, 2,
				     2 * MIB + 1, NULL), 0);
	EXPECT_EQ(writer.slot_size, 4 * MIB);
	EXPECT_EQ(writer.slot_offset, 2 * MIB);
	EXPECT_EQ(zinc_capacity(writer.region), 10 * MIB);
	zinc_stream_end(&writer);
	/* smaller ones are not: they begin on a page */
	ASSERT_EQ(zinc_stream_create(&writer, named("small"), &bytes_format, 3,
				     MIB + 1, NULL), 0);
	EXPECT_EQ(writer.slot_size, MIB + PAGE);
	EXPECT_EQ(writer.slot_offset, PAGE);
	zinc_stream_end(&writer);
}

/* ---- arguments ---- */

TEST_F(stream, arguments_of_the_writer)
{
	struct zinc_stream_frame frame = { .bytes = PAGE + 1 };
	struct zinc_stream_writer writer;
	char name[ZINC_NAME_MAX + 1];
	void *data;

	EXPECT_EQ(create(&writer, NULL, 4), -EINVAL);
	EXPECT_EQ(create(&writer, "", 4), -EINVAL);
	EXPECT_EQ(create(&writer, named("one"), 1), -EINVAL);
	EXPECT_EQ(create(&writer, named("many"), 65), -EINVAL);
	EXPECT_EQ(zinc_stream_create(&writer, named("zero"), &bytes_format, 2, 0, NULL),
		  -EINVAL);
	EXPECT_EQ(zinc_stream_create(&writer, named("vast"), &bytes_format, 2,
				     UINT64_MAX, NULL), -EINVAL);
	memset(name, 'a', sizeof(name));
	name[ZINC_STREAM_NAME_MAX + 1] = 0;
	EXPECT_EQ(create(&writer, name, 2), -EINVAL);
	name[ZINC_STREAM_NAME_MAX] = 0;
	EXPECT_EQ(create(&writer, name, 2), 0);
	ASSERT_EQ(zinc_stream_open(&self->reader, name, ZINC_STREAM_REGISTER, 0), 0);
	write_frame(&writer);
	EXPECT_EQ(next(&self->reader, &self->view), 1);
	zinc_stream_end(&writer);
	EXPECT_EQ(zinc_stream_commit(&self->writer, NULL), -EINVAL);
	ASSERT_EQ(zinc_stream_begin(&self->writer, 0, &data), 0);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -EBUSY);
	EXPECT_EQ(zinc_stream_commit(&self->writer, &frame), -EINVAL);
	EXPECT_EQ(zinc_stream_commit(&self->writer, NULL), 0);
	EXPECT_EQ(zinc_stream_commit(&self->writer, NULL), -EINVAL);
}

TEST_F(stream, arguments_of_the_reader)
{
	struct zinc_stream_reader reader;

	EXPECT_EQ(zinc_stream_open(&reader, NULL, 0, 0), -EINVAL);
	EXPECT_EQ(zinc_stream_open(&reader, "", 0, 0), -EINVAL);
	EXPECT_EQ(zinc_stream_open(&reader, self->name, 1u << 2, 0), -EINVAL);
}

/* A reader needs no permission to write, unless the writer is to wait for it */
TEST(readers_of_another_user)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.mode = 0644,
		.lifetime = ZINC_LIFETIME_CREATOR,
	};
	const char *name = named("users");
	struct zinc_stream_writer writer;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	pid_t pid;

	NEED_ROOT();
	ASSERT_EQ(zinc_stream_create(&writer, name, &bytes_format, 2, PAGE, &options), 0);
	write_frame(&writer);
	IN_CHILD(pid) {
		CHECK(!setuid(NOBODY));
		CHECK(!zinc_stream_open(&reader, name, ZINC_STREAM_EVERY, 0));
		CHECK(next(&reader, &view) == 1);
		zinc_stream_close(&reader);
		CHECK(zinc_stream_open(&reader, name, ZINC_STREAM_REGISTER, 0) == -EACCES);
	}
	EXPECT_EQ(reap(pid), 0);
	zinc_stream_end(&writer);
}

/* With a region of a reader's name, but no access to the stream */
TEST_F(stream, another_user_cannot_stop_the_writer)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.mode = 0666,
	};
	char name[ZINC_NAME_MAX + 1];
	struct signpost ready, end;
	zinc_handle region;
	pid_t pid;

	NEED_ROOT();
	snprintf(name, sizeof(name), "%s-r0", self->name);
	post_init(&ready);
	post_init(&end);
	IN_CHILD(pid) {
		CHECK(!setuid(NOBODY));
		CHECK(!zinc_create_with(name, PAGE, &options, &region));
		zinc_stream_set_magic((uint64_t *)zinc_ptr(region));
		post(&ready);
		await(&end);
		zinc_close(region);
	}
	await(&ready);
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	zinc_stream_close(&self->reader);
	write_frames(&self->writer, 10);
	post(&end);
	EXPECT_EQ(reap(pid), 0);
}

/* ---- regions that are not streams, and hostile streams ---- */

TEST(region_that_is_no_stream)
{
	const char *name = named("plain");
	struct zinc_stream_reader reader;
	zinc_handle region;

	ASSERT_EQ(zinc_create(name, 4 * PAGE, &region), 0);
	EXPECT_EQ(zinc_stream_open(&reader, name, 0, 0), -EBADMSG);
	EXPECT_EQ(zinc_stream_open(&reader, name, 0, NEVER), -EBADMSG);
	zinc_notify(region);
	EXPECT_EQ(zinc_stream_open(&reader, name, 0, NEVER), -EBADMSG);
	EXPECT_EQ(reader.region, NULL);
	zinc_close(region);
}

TEST_F(stream, hostile_headers)
{
	static const struct {
		const char *what;
		size_t at, size;
		uint64_t value;
	} bad[] = {
		{ "version", 8, 4, 2 },
		{ "no slots", 12, 4, 0 },
		{ "one slot", 12, 4, 1 },
		{ "65 slots", 12, 4, 65 },
		{ "more slots than fit", 12, 4, 5 },
		{ "slots of 0 bytes", 16, 8, 0 },
		{ "large slots", 16, 8, 1ULL << 62 },
		{ "slots whose product wraps", 16, 8, (1ULL << 62) + 64 },
		{ "slots in the table", 24, 8, 1024 },
		{ "crooked slots", 24, 8, 4097 },
		{ "slots behind the end", 24, 8, 1ULL << 40 },
		{ "slots at the end of all", 24, 8, UINT64_MAX - 63 },
		{ "an unfinished format", 36, 4, 3 },
		{ "kind", 64, 4, 4 },
		{ "video without a size", 64, 4, ZINC_STREAM_VIDEO },
		{ "a tensor without a type", 64, 4, ZINC_STREAM_TENSOR },
		{ "audio without channels", 64, 4, ZINC_STREAM_AUDIO },
		{ "frames in no time", 64 + 92, 4, 25 },
		{ "a reserved field", 64 + 432, 4, 1 },
	};
	unsigned char *data = zinc_ptr(self->writer.region);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned char old[8];

		memcpy(old, data + bad[i].at, bad[i].size);
		memcpy(data + bad[i].at, &bad[i].value, bad[i].size);
		EXPECT_EQ(zinc_stream_open(&self->reader, self->name, 0, 0), -EBADMSG)
			TH_LOG("%s", bad[i].what);
		zinc_stream_close(&self->reader);
		memcpy(data + bad[i].at, old, bad[i].size);
	}
	memset(data + 64 + 176, 'x', ZINC_STREAM_CAPS_SIZE);
	EXPECT_EQ(zinc_stream_open(&self->reader, self->name, 0, 0), -EBADMSG);
	memset(data + 64 + 176, 0, ZINC_STREAM_CAPS_SIZE);
	EXPECT_EQ(zinc_stream_open(&self->reader, self->name, 0, 0), 0);
}

TEST_F(stream, hostile_descriptors)
{
	struct zinc_stream_slot *slot;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frame(&self->writer);
	slot = self->writer.table;
	slot->frame.bytes = PAGE + 1;
	EXPECT_EQ(next(&self->reader, &self->view), -EBADMSG);
	write_frame(&self->writer);
	EXPECT_EQ(next(&self->reader, &self->view), 2);
	/* a number that is not this slot's */
	write_frame(&self->writer);
	slot[2].frame.number = 7;
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	EXPECT_EQ(self->reader.lost, 1);
	/* a head that is far ahead, or behind: no frame, no loop without an end */
	self->writer.header->head = 1u << 30;
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	self->writer.header->head = 1;
	EXPECT_EQ(next(&self->reader, &self->view), -ETIMEDOUT);
	EXPECT_EQ(zinc_stream_next(&self->reader, &self->view,
				   now_ns() + NSEC_PER_MSEC), -ETIMEDOUT);
}

/* A reader uses only the constants that it has checked */
/* Each look finds a newer frame, and none of them whole */
TEST_F(stream, head_that_runs_away)
{
	uint64_t deadline;
	pid_t pid;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_NEWEST, 0), 0);
	IN_CHILD(pid) {
		for (;;)
			__atomic_fetch_add(&self->writer.header->head, 1, __ATOMIC_RELEASE);
	}
	while (!__atomic_load_n(&self->writer.header->head, __ATOMIC_RELAXED))
		usleep(1000);
	deadline = now_ns() + 20 * NSEC_PER_MSEC;
	EXPECT_EQ(zinc_stream_next(&self->reader, &self->view, deadline), -ETIMEDOUT);
	EXPECT_GE(now_ns(), deadline);
	kill(pid, SIGKILL);
	reap(pid);
	EXPECT_GT(self->reader.lost, 0);
}

TEST_F(stream, header_that_changes_after_open)
{
	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_EVERY, 0), 0);
	write_frame(&self->writer);
	self->writer.header->slots = 64;
	self->writer.header->slot_size = 1ULL << 60;
	self->writer.header->slot_offset = 1ULL << 60;
	EXPECT_EQ(next(&self->reader, &self->view), 1);
	EXPECT_EQ(self->reader.slot_size, PAGE);
}

/* A reader that has several frames in use keeps the oldest, in any case */
TEST_F(stream, a_kept_frame_is_not_overwritten)
{
	void *data;
	int i;

	ASSERT_EQ(zinc_stream_open(&self->reader, self->name, ZINC_STREAM_REGISTER, 0), 0);
	for (i = 1; i <= 4; i++) {
		write_frame(&self->writer);
		self->reader.keep = 1;
		EXPECT_EQ(next(&self->reader, &self->view), i);
	}
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	self->reader.keep = 2;
	zinc_stream_done(&self->reader, &self->view);
	write_frame(&self->writer);
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	self->reader.keep = 0;
	EXPECT_EQ(next(&self->reader, &self->view), 5);
	write_frame(&self->writer);
}

TEST_HARNESS_MAIN
