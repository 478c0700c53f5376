// SPDX-License-Identifier: GPL-2.0-only
/*
 * zinc-stream.h on a region that somebody else writes: a header of any bytes, and any
 * changes between the calls and, by a second thread, during them. An input is what
 * differs from a good stream of video. Whatever is in the region, a reader is not led
 * out of it, and comes to an end; nor is a writer.
 */
#include "harness.h"

#include <pthread.h>
#include <unistd.h>

#include "zinc-stream.h"

#define NAME		"fuzz"
#define STEPS_MAX	64
#define HEAD		(ZINC_STREAM_TABLE + 4 * sizeof(struct zinc_stream_slot))

/**
 * struct meddler - who changes the region during the calls
 * @words: what is changed
 * @count: words
 * @seed: for what, and how
 * @end: no more
 */
struct meddler {
	uint32_t *words;
	size_t count;
	uint32_t seed;
	bool end;
};

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A bit, a byte of all ones, a small number or any, as the seed has it */
static uint32_t changed(uint32_t old, uint32_t how, uint32_t value)
{
	switch (how % 4) {
	case 0:
		return old ^ 1u << value % 32;
	case 1:
		return old + (value % 5) - 2;
	case 2:
		return value % 70;
	}
	return value;
}

static void *meddle(void *argument)
{
	struct meddler *meddler = argument;

	while (!__atomic_load_n(&meddler->end, __ATOMIC_RELAXED)) {
		uint32_t *word = &meddler->words[next_random(&meddler->seed) %
						 meddler->count];
		uint32_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

		__atomic_store_n(word, changed(old, next_random(&meddler->seed),
					       next_random(&meddler->seed)),
				 __ATOMIC_RELAXED);
		/* and back, so that the stream is not of no use for ever */
		__atomic_store_n(word, old, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start(pthread_t *thread, struct meddler *meddler, void *region, uint32_t seed)
{
	*meddler = (struct meddler) {
		.words = region,
		.count = HEAD / sizeof(uint32_t),
		.seed = seed | 1,
	};
	REQUIRE(!pthread_create(thread, NULL, meddle, meddler));
}

static void stop(pthread_t thread, struct meddler *meddler)
{
	__atomic_store_n(&meddler->end, true, __ATOMIC_RELAXED);
	REQUIRE(!pthread_join(thread, NULL));
}

/* A few words of the header and the table, by the input */
static void change(struct input *input, uint32_t *words)
{
	unsigned int count = input_u8(input) % 8;

	while (count--) {
		uint32_t at = input_u32(input);
		uint32_t *word = &words[at % (HEAD / sizeof(*words))];

		*word = changed(*word, at >> 24, input_u32(input));
	}
}

/* ---- the guarantees ---- */

static void check_format(const struct zinc_stream_reader *reader)
{
	const struct zinc_stream_format *format = &reader->format;
	struct zinc_stream_plane plane;
	uint32_t i;

	REQUIRE(!zinc_stream_format_check(format, reader->slot_size));
	REQUIRE(memchr(format->caps, 0, sizeof(format->caps)));
	if (format->kind != ZINC_STREAM_VIDEO)
		return;
	for (i = 0; i < format->planes; i++) {
		uint64_t row;

		if (zinc_stream_get_plane(format, i, &plane))
			continue;
		row = (uint64_t)plane.columns * plane.samples * plane.sample_bytes;
		REQUIRE(row && row <= plane.stride && plane.rows);
		REQUIRE(plane.offset <= reader->slot_size);
		REQUIRE(plane.stride * (uint64_t)(plane.rows - 1) + row <=
			reader->slot_size - plane.offset);
	}
}

static void check_view(const struct zinc_stream_reader *reader,
		       const struct zinc_stream_view *view)
{
	const uint8_t *base = zinc_ptr(reader->region), *data = view->data;
	uint64_t capacity = zinc_capacity(reader->region);

	REQUIRE(view->frame.bytes <= reader->slot_size);
	REQUIRE(data >= base && data <= base + capacity);
	REQUIRE(reader->slot_size <= (uint64_t)(base + capacity - data));
	REQUIRE(view->frame.number == reader->last);
	if (view->frame.bytes) {
		(void)((const volatile uint8_t *)data)[0];
		(void)((const volatile uint8_t *)data)[view->frame.bytes - 1];
	}
	check_format(reader);
}

static bool is_known(int err)
{
	return !err || err == -ETIMEDOUT || err == -EBADMSG || err == -EPIPE ||
	       err == -EMSGSIZE;
}

static void read_one(struct zinc_stream_reader *reader, uint8_t how)
{
	static uint8_t copy[1 << 16];
	struct zinc_stream_view view;
	int err;

	if (how & 1) {
		size_t size = how & 2 ? sizeof(copy) : 100;

		err = zinc_stream_read(reader, copy, size, &view, 0);
		REQUIRE(is_known(err));
		REQUIRE(err || (view.data == copy && view.frame.bytes <= size));
		return;
	}
	err = zinc_stream_next(reader, &view, 0);
	REQUIRE(is_known(err) && err != -EMSGSIZE);
	if (err)
		return;
	check_view(reader, &view);
	zinc_stream_is_whole(reader, &view);
	err = zinc_stream_done(reader, &view);
	REQUIRE(!err || err == -ESTALE);
}

static void write_one(struct zinc_stream_writer *writer, uint8_t how)
{
	uint64_t index = writer->number % writer->slots;
	struct zinc_stream_frame frame = { .bytes = how };
	struct zinc_stream_format format;
	void *data;
	int err;

	if (how & 4) {
		zinc_stream_video(&format, ZINC_STREAM_FOURCC('R', '8', ' ', ' '), 8, how);
		err = zinc_stream_set_format(writer, &format);
		REQUIRE(!err);
	}
	err = zinc_stream_begin(writer, 0, &data);
	/* a reader that is in the way, or seems to be */
	if (err == -ETIMEDOUT) {
		zinc_stream_drop(writer);
		err = zinc_stream_begin(writer, 0, &data);
	}
	REQUIRE(!err || err == -ETIMEDOUT);
	if (err)
		return;
	REQUIRE((char *)data == (char *)writer->header + writer->slot_offset +
				index * writer->slot_size);
	memset(data, how, writer->slot_size);
	if (how & 8)
		zinc_stream_cancel(writer);
	else
		REQUIRE(!zinc_stream_commit(writer, how & 16 ? &frame : NULL));
}

/* ---- an input ---- */

static void make_stream(struct zinc_stream_writer *writer, unsigned int frames)
{
	struct zinc_stream_format format;
	uint64_t size;

	size = zinc_stream_video(&format, ZINC_STREAM_FOURCC('N', 'V', '1', '2'), 32, 16);
	REQUIRE(!zinc_stream_create(writer, NAME, &format, 4, size, NULL));
	while (frames--)
		write_one(writer, 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct zinc_stream_reader reader;
	struct zinc_stream_writer writer;
	struct meddler meddler;
	pthread_t thread;
	uint8_t how = input_u8(&input);
	unsigned int steps = 0;
	uint32_t *words;
	int err;

	make_stream(&writer, how >> 4);
	words = (uint32_t *)(void *)writer.header;
	change(&input, words);
	if (how & 4)
		start(&thread, &meddler, words, input_u32(&input));
	err = zinc_stream_open(&reader, NAME, how % 3, 0);
	REQUIRE(!err || err == -EBADMSG);
	if (!err)
		check_format(&reader);
	while (!err && input.left && steps++ < STEPS_MAX) {
		uint8_t step = input_u8(&input);

		if (step & 128)
			write_one(&writer, step);
		else
			read_one(&reader, step);
		if (step & 64)
			change(&input, words);
	}
	if (how & 4)
		stop(thread, &meddler);
	zinc_stream_close(&reader);
	REQUIRE(!reader.region && zinc_stream_next(&reader, &(struct zinc_stream_view){ 0 }, 0));
	zinc_stream_end(&writer);
	close_leaked();
	empty_shm();
	return 0;
}
