/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame stream of the demo, as it is laid out in the region.
 *
 * The first 64 KiB describe the stream; a ring of frames follows. The producer
 * writes a slot's @begin before it writes the pixels, and its @end afterwards,
 * so that a reader of the pixels can detect an overwrite: @end was its frame
 * before the read, and @begin still is afterwards.
 */
#ifndef DEMO_STREAM_H
#define DEMO_STREAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <stddef.h>
#include <time.h>

#define STREAM_MAGIC	0x4d41455254535a44ULL	/* "DZSTREAM" */
#define STREAM_WIDTH	1280
#define STREAM_HEIGHT	720
#define STREAM_STRIDE	(STREAM_WIDTH * 4)	/* bytes: B, G, R, unused */
#define STREAM_SLOTS	4
#define STREAM_PIXELS	65536	/* the ring begins here: a page, wherever */
#define STREAM_FRAME	((size_t)STREAM_STRIDE * STREAM_HEIGHT)
#define STREAM_BYTES	(STREAM_PIXELS + STREAM_SLOTS * STREAM_FRAME)

/**
 * struct stream_slot - a frame of the ring
 * @begin: its number, before the pixels change (0: never used)
 * @end: its number, once the pixels and the fields below are there
 * @notified_ns: CLOCK_MONOTONIC, right before the notify
 * @crc: crc32 of the pixels, taken from the picture, not from the region
 * @pad: zero
 */
struct stream_slot {
	_Atomic uint64_t begin;
	_Atomic uint64_t end;
	uint64_t notified_ns;
	uint32_t crc;
	uint32_t pad[9];
};

/**
 * struct stream - what comes first
 * @magic: STREAM_MAGIC, once the stream may be read
 * @latest: newest whole frame; frames count from 1, frame n is in slot
 *	n % STREAM_SLOTS
 * @pad: keeps what is written often off that line
 * @slot: the ring
 */
struct stream {
	_Atomic uint64_t magic;
	_Atomic uint64_t latest;
	uint64_t pad[6];
	struct stream_slot slot[STREAM_SLOTS];
};

static inline uint8_t *stream_pixels(struct stream *stream, uint64_t frame)
{
	return (uint8_t *)stream + STREAM_PIXELS +
	       frame % STREAM_SLOTS * STREAM_FRAME;
}

static inline uint64_t stream_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

#endif /* DEMO_STREAM_H */
