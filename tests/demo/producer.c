// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes photographs into a region, a window panning over them, until killed.
 *
 * usage: producer NAME FRAMES_PER_SECOND AUDIENCE PICTURE.jpg...
 *
 * It begins when AUDIENCE other handles are open, so that no reader misses the
 * first frame. After that it reads and writes only memory.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "picture.h"
#include "stream.h"
#include "zinc.h"

#define FRAMES_PER_PICTURE	100
#define AUDIENCE_SECONDS	60

/* A point that runs from 0 to @range and back, @frame by @frame */
static uint32_t swing(uint32_t range, uint64_t frame, uint32_t step)
{
	uint64_t at = frame * step % (2 * (uint64_t)range + 1);

	return at <= range ? at : 2 * range - at;
}

static const uint8_t *window_row(const struct picture *picture, uint64_t frame,
				 uint32_t y)
{
	uint32_t left = swing(picture->width - STREAM_WIDTH, frame, 12);
	uint32_t top = swing(picture->height - STREAM_HEIGHT, frame, 5);

	return (const uint8_t *)(picture->pixels +
				 (size_t)(top + y) * picture->width + left);
}

/* Draw into the region, and compute the checksum of the source */
static uint32_t draw(uint8_t *pixels, const struct picture *picture,
		     uint64_t frame)
{
	uint32_t crc = crc32(0, NULL, 0);
	uint32_t y;

	for (y = 0; y < STREAM_HEIGHT; y++) {
		const uint8_t *row = window_row(picture, frame, y);

		memcpy(pixels + (size_t)y * STREAM_STRIDE, row, STREAM_STRIDE);
		crc = crc32(crc, row, STREAM_STRIDE);
	}
#ifdef SPOIL_FRAME	/* for the test that the consumers notice */
	if (frame == SPOIL_FRAME)
		pixels[STREAM_FRAME / 2] ^= 1;
#endif
	return crc;
}

static void publish(zinc_handle region, const struct picture *picture,
		    uint64_t frame)
{
	struct stream *stream = (struct stream *)zinc_ptr(region);
	struct stream_slot *slot = &stream->slot[frame % STREAM_SLOTS];

	atomic_store_explicit(&slot->begin, frame, memory_order_relaxed);
	/* no pixel may change before @begin tells of it */
	atomic_thread_fence(memory_order_release);
	slot->crc = draw(stream_pixels(stream, frame), picture, frame);
	slot->notified_ns = stream_now();
	atomic_store_explicit(&slot->end, frame, memory_order_release);
	atomic_store_explicit(&stream->latest, frame, memory_order_release);
	zinc_notify(region);
}

static void await_audience(zinc_handle region, uint32_t audience)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	int tries;
	int ret;

	for (tries = 0; tries < AUDIENCE_SECONDS * 20; tries++) {
		ret = zinc_info(region, &info);
		if (ret)
			errx(1, "zinc_info: %s", zinc_strerror(ret));
		if (info.handles > audience)
			return;
		usleep(50000);
	}
	errx(1, "only %u of %u consumers came in %d s", info.handles - 1,
	     audience, AUDIENCE_SECONDS);
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

int main(int argc, char **argv)
{
	struct picture *pictures;
	struct stream *stream;
	zinc_handle region;
	uint64_t period;
	uint64_t frame;
	uint64_t start;
	int count = argc - 4;
	int ret;
	int i;

	if (count < 1 || atoi(argv[2]) < 1)
		errx(2, "usage: producer NAME FRAMES_PER_SECOND AUDIENCE PICTURE.jpg...");
	pictures = calloc(count, sizeof(*pictures));
	if (!pictures)
		err(1, "no memory");
	for (i = 0; i < count; i++) {
		picture_load(&pictures[i], argv[4 + i]);
		if (pictures[i].width <= STREAM_WIDTH ||
		    pictures[i].height <= STREAM_HEIGHT)
			errx(1, "%s is too small to pan over", argv[4 + i]);
	}

	ret = zinc_create(argv[1], STREAM_BYTES, &region);
	if (ret)
		errx(1, "cannot create region %s: %s", argv[1],
		     zinc_strerror(ret));
	stream = (struct stream *)zinc_ptr(region);
	atomic_store_explicit(&stream->magic, STREAM_MAGIC,
			      memory_order_release);
	printf("data %p\n", (void *)stream);
	fflush(stdout);
	await_audience(region, atoi(argv[3]));

	period = 1000000000ULL / atoi(argv[2]);
	start = stream_now();
	for (frame = 1; ; frame++) {
		sleep_until(start + frame * period);
		publish(region, &pictures[frame / FRAMES_PER_PICTURE % count],
			frame);
	}
}
