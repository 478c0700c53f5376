/* SPDX-License-Identifier: MIT */
/*
 * zinc-stream: frames, tensors and samples in a ring inside one region.
 *
 * A writer makes a stream under a name, readers open that name, and neither needs
 * to know the other: the header in the region says what a frame is. Header-only,
 * C11 or C++17, on top of libzinc-kmod (-lzinc-kmod); works on the kernel module
 * and on POSIX shared memory.
 *
 * One writer, any number of readers. A reader maps the region read-only and
 * cannot stop the writer, which overwrites the oldest slot. A reader detects an
 * overwritten frame and reports it as lost; it never returns a torn frame as
 * whole. A reader that must not lose a frame registers (ZINC_STREAM_REGISTER):
 * the writer then waits for it, and stops waiting when its handle is closed, when
 * its process dies, or when the writer drops it (zinc_stream_drop()).
 *
 * Layout, in the writer's byte order, from the start of the region's data:
 *
 *	0		struct zinc_stream_header
 *	1024		struct zinc_stream_slot, one per slot
 *	slot_offset	slot 0; slot N is N * slot_size further
 *
 * Slots begin on a page; from 2 MiB on they begin on a multiple of 2 MiB, so that
 * a device that needs contiguous memory accepts them.
 *
 * Memory order. The writer of frame N:
 *
 *	slot.sequence = odd; release fence; data and descriptor;
 *	store-release slot.sequence = even; store-release header.head = N; notify
 *
 * The reader of frame N:
 *
 *	load-acquire header.head; load-acquire slot.sequence, even; data and
 *	descriptor; acquire fence; load slot.sequence, unchanged?
 *
 * If any read between the two loads of the reader sees a byte of a later frame,
 * the writer's release fence and the reader's acquire fence order the odd
 * sequence before the reader's second load, which then differs: the frame is
 * reported as lost. tests/litmus/stream-*.litmus state both halves.
 *
 * Trust. A reader checks each field that it uses on a private copy, against the
 * size of its own mapping. A hostile writer can give it wrong data, not an access
 * outside the region.
 *
 * No object here is thread-safe: one thread at a time uses a writer or a reader.
 * Functions return 0 or a negative errno. -EBADMSG: the region holds no stream,
 * or one whose header contradicts itself.
 */
#ifndef ZINC_STREAM_H
#define ZINC_STREAM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zinc.h"

#ifndef CLOCK_MONOTONIC
#error "zinc-stream.h needs POSIX: compile with -std=gnu11 or -D_POSIX_C_SOURCE=200809L"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* libzinc-kmod exports the same functions, for languages that cannot call inline ones */
#ifndef ZINC_STREAM_API
#define ZINC_STREAM_API static inline
#endif

#define ZINC_STREAM_MAGIC	0x5A494E435354524Dull	/* "ZINCSTRM" */
#define ZINC_STREAM_VERSION	1
#define ZINC_STREAM_SLOTS_MIN	2
#define ZINC_STREAM_SLOTS_MAX	64
#define ZINC_STREAM_PLANES_MAX	4
#define ZINC_STREAM_DIMS_MAX	8
#define ZINC_STREAM_CAPS_SIZE	256
#define ZINC_STREAM_READERS_MAX	16
#define ZINC_STREAM_TABLE	1024	/* offset of the first descriptor */
#define ZINC_STREAM_ALIGN_LARGE	((uint64_t)2 << 20)
/* "-r15" is appended to the name for a registered reader */
#define ZINC_STREAM_NAME_MAX	(ZINC_NAME_MAX - 4)

/* zinc_stream_format.kind */
#define ZINC_STREAM_BYTES	0	/* frames of any length, of no known structure */
#define ZINC_STREAM_VIDEO	1
#define ZINC_STREAM_TENSOR	2
#define ZINC_STREAM_AUDIO	3

/* zinc_stream_format.dtype_code: the codes of DLPack's DLDataTypeCode */
#define ZINC_STREAM_INT		0
#define ZINC_STREAM_UINT	1
#define ZINC_STREAM_FLOAT	2
#define ZINC_STREAM_BFLOAT	4
#define ZINC_STREAM_COMPLEX	5
#define ZINC_STREAM_BOOL	6

/* zinc_stream_frame.flags */
#define ZINC_STREAM_KEY		(1u << 0)	/* can be decoded by itself */
#define ZINC_STREAM_GAP		(1u << 1)	/* the source lost data before it */
#define ZINC_STREAM_DAMAGE	(1u << 2)	/* only the damage rectangle changed */
#define ZINC_STREAM_END		(1u << 3)	/* the last frame */

/* flags of zinc_stream_open() */
#define ZINC_STREAM_NEWEST	0		/* skip to the newest frame */
#define ZINC_STREAM_EVERY	(1u << 0)	/* every frame that is still there */
#define ZINC_STREAM_REGISTER	(1u << 1)	/* every frame: the writer waits */

/**
 * struct zinc_stream_format - what a frame is
 * @kind: ZINC_STREAM_BYTES, _VIDEO, _TENSOR or _AUDIO
 * @fourcc: video: DRM format (drm_fourcc.h), for example XR24
 * @modifier: video: DRM format modifier; 0 is linear
 * @width: video: pixels
 * @height: video: pixels
 * @planes: video: 1 to 4
 * @stride: video: bytes from one row to the next, per plane
 * @offset: video: bytes from the start of the slot, per plane
 * @primaries: video: colour primaries, as ITU-T H.273; 2 is unspecified
 * @transfer: video: transfer characteristics, as H.273
 * @matrix: video: matrix coefficients, as H.273
 * @full_range: video: 1 if samples use the full range
 * @rate_num: video, tensor: frames per @rate_den seconds; audio: samples; 0 if
 *	the rate varies or is unknown
 * @rate_den: seconds, not 0 if @rate_num is not 0
 * @dtype_code: tensor, audio: type of an element, as DLPack
 * @dtype_bits: tensor, audio: bits of a lane
 * @dtype_lanes: tensor, audio: lanes of an element, mostly 1
 * @dims: tensor: 0 to 8 dimensions
 * @channels: audio: interleaved channels
 * @shape: tensor: elements per dimension, the last one contiguous in memory
 * @caps: text of the application's choice, NUL-terminated
 * @reserved: zero
 */
struct zinc_stream_format {
	uint32_t kind;
	uint32_t fourcc;
	uint64_t modifier;
	uint32_t width;
	uint32_t height;
	uint32_t planes;
	uint32_t stride[ZINC_STREAM_PLANES_MAX];
	uint32_t full_range;
	uint64_t offset[ZINC_STREAM_PLANES_MAX];
	uint32_t primaries;
	uint32_t transfer;
	uint32_t matrix;
	uint32_t rate_num;
	uint32_t rate_den;
	uint8_t dtype_code;
	uint8_t dtype_bits;
	uint16_t dtype_lanes;
	uint32_t dims;
	uint32_t channels;
	uint64_t shape[ZINC_STREAM_DIMS_MAX];
	char caps[ZINC_STREAM_CAPS_SIZE];
	uint32_t reserved[64];
};

/**
 * struct zinc_stream_header - at the start of the region's data
 * @magic: ZINC_STREAM_MAGIC, written last
 * @version: ZINC_STREAM_VERSION
 * @slots: 2 to 64
 * @slot_size: bytes of a slot
 * @slot_offset: where slot 0 begins
 * @head: number of the newest frame, modulo 2^32; 0 before the first one
 * @format_sequence: odd while @format is written
 * @registered: raised by a reader after it has registered
 * @reserved: zero
 * @format: what a frame is
 */
struct zinc_stream_header {
	uint64_t magic;
	uint32_t version;
	uint32_t slots;
	uint64_t slot_size;
	uint64_t slot_offset;
	uint32_t head;
	uint32_t format_sequence;
	uint32_t registered;
	uint32_t reserved[5];
	struct zinc_stream_format format;
};

/**
 * struct zinc_stream_frame - what the writer says of a frame
 * @number: 1 for the stream's first frame
 * @bytes: of the slot that are used
 * @pts_ns: presentation time, CLOCK_MONOTONIC in nanoseconds
 * @flags: ZINC_STREAM_KEY, _GAP, _DAMAGE, _END
 * @format: format_sequence of the format that the frame has
 * @damage_x: left edge of the changed rectangle
 * @damage_y: its upper edge
 * @damage_width: its width, in pixels
 * @damage_height: its height
 */
struct zinc_stream_frame {
	uint64_t number;
	uint64_t bytes;
	uint64_t pts_ns;
	uint32_t flags;
	uint32_t format;
	uint32_t damage_x;
	uint32_t damage_y;
	uint32_t damage_width;
	uint32_t damage_height;
};

/**
 * struct zinc_stream_slot - a slot's descriptor
 * @sequence: odd while the slot is written
 * @reserved: zero
 * @frame: the frame in it
 */
struct zinc_stream_slot {
	uint32_t sequence;
	uint32_t reserved[3];
	struct zinc_stream_frame frame;
};

/*
 * A registered reader's own region, NAME-r0 to NAME-r15: the writer sees its
 * progress there, and that it is gone.
 */
struct zinc_stream_progress {
	uint64_t magic;		/* ZINC_STREAM_MAGIC, written last */
	uint32_t done;		/* frames up to this number may be overwritten */
	uint32_t lost;		/* frames that this reader lost, for 'zinc stat' */
	uint64_t id;		/* of the stream's region, as zinc_info() says */
	uint64_t created_at;	/* likewise: an older stream of the name had another */
};

#if defined(__cplusplus)
#define ZINC_STREAM_ASSERT(cond) static_assert(cond, #cond)
#else
#define ZINC_STREAM_ASSERT(cond) _Static_assert(cond, #cond)
#endif
ZINC_STREAM_ASSERT(sizeof(struct zinc_stream_frame) == 48);
ZINC_STREAM_ASSERT(sizeof(struct zinc_stream_slot) == 64);
ZINC_STREAM_ASSERT(sizeof(struct zinc_stream_format) == 688);
ZINC_STREAM_ASSERT(offsetof(struct zinc_stream_header, format) == 64);
ZINC_STREAM_ASSERT(sizeof(struct zinc_stream_header) <= ZINC_STREAM_TABLE);

/* ---- formats ------------------------------------------------------------ */

#define ZINC_STREAM_FOURCC(a, b, c, d) \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* For internal use: a row of a plane is (width / x) * bytes, there are height / y */
struct zinc_stream_layout {
	uint32_t fourcc;
	uint32_t planes;
	struct {
		uint8_t bytes, x, y;
	} plane[3];
};

static inline const struct zinc_stream_layout *zinc_stream_layout(uint32_t fourcc)
{
	static const struct zinc_stream_layout known[] = {
		{ ZINC_STREAM_FOURCC('X', 'R', '2', '4'), 1, { { 4, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('A', 'R', '2', '4'), 1, { { 4, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('X', 'B', '2', '4'), 1, { { 4, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('A', 'B', '2', '4'), 1, { { 4, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('R', 'G', '2', '4'), 1, { { 3, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('B', 'G', '2', '4'), 1, { { 3, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('R', '8', ' ', ' '), 1, { { 1, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('R', '1', '6', ' '), 1, { { 2, 1, 1 } } },
		{ ZINC_STREAM_FOURCC('Y', 'U', 'Y', 'V'), 1, { { 4, 2, 1 } } },
		{ ZINC_STREAM_FOURCC('U', 'Y', 'V', 'Y'), 1, { { 4, 2, 1 } } },
		{ ZINC_STREAM_FOURCC('N', 'V', '1', '2'), 2, { { 1, 1, 1 }, { 2, 2, 2 } } },
		{ ZINC_STREAM_FOURCC('N', 'V', '2', '1'), 2, { { 1, 1, 1 }, { 2, 2, 2 } } },
		{ ZINC_STREAM_FOURCC('N', 'V', '1', '6'), 2, { { 1, 1, 1 }, { 2, 2, 1 } } },
		{ ZINC_STREAM_FOURCC('P', '0', '1', '0'), 2, { { 2, 1, 1 }, { 4, 2, 2 } } },
		{ ZINC_STREAM_FOURCC('Y', 'U', '1', '2'), 3,
		  { { 1, 1, 1 }, { 1, 2, 2 }, { 1, 2, 2 } } },
		{ ZINC_STREAM_FOURCC('Y', 'V', '1', '2'), 3,
		  { { 1, 1, 1 }, { 1, 2, 2 }, { 1, 2, 2 } } },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].fourcc == fourcc)
			return &known[i];
	return NULL;
}

/**
 * zinc_stream_video() - describe linear video without padding
 * @format: receives the description, all of it
 * @fourcc: XR24 AR24 XB24 AB24 RG24 BG24 R8 R16 YUYV UYVY NV12 NV21 NV16 P010 YU12
 *	YV12; describe any other format by hand
 * @width: pixels, 1 to 65535; odd sizes round chroma up
 * @height: pixels, 1 to 65535
 *
 * Return: bytes of a frame; 0 for an unknown @fourcc or a size out of range.
 */
ZINC_STREAM_API uint64_t zinc_stream_video(struct zinc_stream_format *format,
					   uint32_t fourcc, uint32_t width,
					   uint32_t height)
{
	const struct zinc_stream_layout *layout = zinc_stream_layout(fourcc);
	uint64_t bytes = 0;
	uint32_t i;

	memset(format, 0, sizeof(*format));
	if (!layout || !width || !height || width > 65535 || height > 65535)
		return 0;
	format->kind = ZINC_STREAM_VIDEO;
	format->fourcc = fourcc;
	format->width = width;
	format->height = height;
	format->planes = layout->planes;
	format->primaries = 2;
	format->transfer = 2;
	format->matrix = 2;
	for (i = 0; i < layout->planes; i++) {
		uint32_t x = layout->plane[i].x, y = layout->plane[i].y;

		format->stride[i] = (width + x - 1) / x * layout->plane[i].bytes;
		format->offset[i] = bytes;
		bytes += (uint64_t)format->stride[i] * ((height + y - 1) / y);
	}
	return bytes;
}

/**
 * zinc_stream_tensor() - describe a tensor, C order
 * @format: receives the description, all of it
 * @code: ZINC_STREAM_INT, _UINT, _FLOAT, _BFLOAT, _COMPLEX or _BOOL
 * @bits: bits of an element: a multiple of 8, up to 128
 * @dims: 0 to 8
 * @shape: elements per dimension
 *
 * Return: bytes of a tensor; 0 if an argument is out of range, or a dimension 0.
 */
ZINC_STREAM_API uint64_t zinc_stream_tensor(struct zinc_stream_format *format,
					    uint8_t code, uint8_t bits,
					    uint32_t dims, const uint64_t *shape)
{
	uint64_t bytes = bits / 8;
	uint32_t i;

	memset(format, 0, sizeof(*format));
	if (!bits || bits % 8 || bits > 128 || dims > ZINC_STREAM_DIMS_MAX)
		return 0;
	for (i = 0; i < dims; i++) {
		if (!shape[i] || shape[i] > UINT64_MAX / bytes)
			return 0;
		bytes *= shape[i];
		format->shape[i] = shape[i];
	}
	format->kind = ZINC_STREAM_TENSOR;
	format->dtype_code = code;
	format->dtype_bits = bits;
	format->dtype_lanes = 1;
	format->dims = dims;
	return bytes;
}

/* For internal use: do all planes lie within a slot? */
static inline bool zinc_stream_planes_fit(const struct zinc_stream_format *format,
					  uint64_t slot_size)
{
	const struct zinc_stream_layout *layout = zinc_stream_layout(format->fourcc);
	uint32_t i;

	if (!format->planes || format->planes > ZINC_STREAM_PLANES_MAX ||
	    !format->width || !format->height)
		return false;
	/* of a format not known here, the first row alone is certain */
	if (format->modifier)
		layout = NULL;
	if (layout && format->planes != layout->planes)
		return false;
	for (i = 0; i < format->planes; i++) {
		uint64_t rows = 1;

		if (layout) {
			uint64_t x = layout->plane[i].x, y = layout->plane[i].y;

			rows = (format->height + y - 1) / y;
			if (format->stride[i] <
			    (format->width + x - 1) / x * layout->plane[i].bytes)
				return false;
		}
		if (format->offset[i] > slot_size ||
		    format->stride[i] * rows > slot_size - format->offset[i])
			return false;
	}
	return true;
}

/**
 * zinc_stream_format_check() - validate a format against a slot's size
 * @format: a private copy
 * @slot_size: bytes
 *
 * Return: 0, or -EBADMSG: a count out of range, a plane or tensor that does not
 * fit into a slot, text without a NUL, a non-zero reserved field.
 */
ZINC_STREAM_API int zinc_stream_format_check(const struct zinc_stream_format *format,
					     uint64_t slot_size)
{
	uint64_t bytes;
	uint32_t i;

	for (i = 0; i < sizeof(format->reserved) / sizeof(format->reserved[0]); i++)
		if (format->reserved[i])
			return -EBADMSG;
	if (!memchr(format->caps, 0, sizeof(format->caps)) ||
	    (format->rate_num && !format->rate_den))
		return -EBADMSG;
	switch (format->kind) {
	case ZINC_STREAM_BYTES:
		return 0;
	case ZINC_STREAM_VIDEO:
		return zinc_stream_planes_fit(format, slot_size) ? 0 : -EBADMSG;
	case ZINC_STREAM_TENSOR:
		if (format->dims > ZINC_STREAM_DIMS_MAX)
			return -EBADMSG;
		break;
	case ZINC_STREAM_AUDIO:
		if (!format->channels || format->channels > 1024)
			return -EBADMSG;
		break;
	default:
		return -EBADMSG;
	}
	bytes = ((uint64_t)format->dtype_bits * format->dtype_lanes + 7) / 8;
	if (!bytes)
		return -EBADMSG;
	if (format->kind == ZINC_STREAM_AUDIO)
		return bytes * format->channels <= slot_size ? 0 : -EBADMSG;
	for (i = 0; i < format->dims; i++) {
		if (!format->shape[i] || format->shape[i] > slot_size / bytes)
			return -EBADMSG;
		bytes *= format->shape[i];
	}
	return bytes <= slot_size ? 0 : -EBADMSG;
}

/**
 * struct zinc_stream_plane - where the samples of a plane are
 * @offset: bytes from the start of the frame
 * @stride: bytes from one row to the next
 * @rows: how many
 * @columns: elements of a row: pixels, or groups of pixels that share samples
 * @samples: of an element: 4 in XR24 and YUYV, 2 in the second plane of NV12
 * @sample_bytes: 1, or 2 for R16 and P010
 * @reserved: zero
 *
 * A row has @columns * @samples * @sample_bytes bytes, and padding up to @stride.
 */
struct zinc_stream_plane {
	uint64_t offset;
	uint32_t stride;
	uint32_t rows;
	uint32_t columns;
	uint32_t samples;
	uint32_t sample_bytes;
	uint32_t reserved;
};

/**
 * zinc_stream_get_plane() - find the samples of a plane
 * @format: as of zinc_stream_format_check()
 * @index: 0 to planes - 1
 * @plane: receives the description; zeroed after a failure
 *
 * Return: 0; -EINVAL no video, or no such plane; -EOPNOTSUPP a fourcc that
 * zinc_stream_video() does not know, or a modifier that is not linear.
 */
ZINC_STREAM_API int zinc_stream_get_plane(const struct zinc_stream_format *format,
					  uint32_t index,
					  struct zinc_stream_plane *plane)
{
	const struct zinc_stream_layout *layout = zinc_stream_layout(format->fourcc);
	uint32_t x, y;

	memset(plane, 0, sizeof(*plane));
	if (format->kind != ZINC_STREAM_VIDEO || index >= format->planes ||
	    index >= ZINC_STREAM_PLANES_MAX)
		return -EINVAL;
	if (!layout || index >= layout->planes || format->modifier)
		return -EOPNOTSUPP;
	x = layout->plane[index].x;
	y = layout->plane[index].y;
	plane->offset = format->offset[index];
	plane->stride = format->stride[index];
	plane->rows = (format->height + y - 1) / y;
	plane->columns = (format->width + x - 1) / x;
	plane->sample_bytes = 1;
	if (format->fourcc == ZINC_STREAM_FOURCC('R', '1', '6', ' ') ||
	    format->fourcc == ZINC_STREAM_FOURCC('P', '0', '1', '0'))
		plane->sample_bytes = 2;
	plane->samples = layout->plane[index].bytes / plane->sample_bytes;
	return 0;
}

/* For internal use: CLOCK_MONOTONIC */
static inline uint64_t zinc_stream_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- words in shared memory, for internal use --------------------------- */

/*
 * Descriptors and formats are copied word by word, so that no compiler tears or
 * repeats an access, and a copy that races with its writer is defined.
 */
static inline void zinc_stream_load(void *to, const void *from, size_t size)
{
	const uint32_t *source = (const uint32_t *)from;
	uint32_t word;
	size_t i;

	for (i = 0; i < size / sizeof(word); i++) {
		word = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
		memcpy((char *)to + i * sizeof(word), &word, sizeof(word));
	}
}

static inline void zinc_stream_store(void *to, const void *from, size_t size)
{
	uint32_t *target = (uint32_t *)to;
	uint32_t word;
	size_t i;

	for (i = 0; i < size / sizeof(word); i++) {
		memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
		__atomic_store_n(&target[i], word, __ATOMIC_RELAXED);
	}
}

static inline bool zinc_stream_has_magic(const uint64_t *magic)
{
	const uint32_t *word = (const uint32_t *)(const void *)magic;
	const uint64_t want = ZINC_STREAM_MAGIC;
	uint32_t seen[2], wanted[2];

	memcpy(wanted, &want, sizeof(wanted));
	seen[1] = __atomic_load_n(&word[1], __ATOMIC_ACQUIRE);
	seen[0] = __atomic_load_n(&word[0], __ATOMIC_ACQUIRE);
	return seen[0] == wanted[0] && seen[1] == wanted[1];
}

/* What was stored before is visible to a reader that sees all of the magic */
static inline void zinc_stream_set_magic(uint64_t *magic)
{
	uint32_t *word = (uint32_t *)(void *)magic;
	const uint64_t want = ZINC_STREAM_MAGIC;
	uint32_t wanted[2];

	memcpy(wanted, &want, sizeof(wanted));
	__atomic_store_n(&word[0], wanted[0], __ATOMIC_RELEASE);
	__atomic_store_n(&word[1], wanted[1], __ATOMIC_RELEASE);
}

/* ---- writer ------------------------------------------------------------- */

/**
 * struct zinc_stream_writer - the writing end of a stream
 * @region: the stream's region, for zinc_export_dmabuf() and the like
 * @header: in the region
 * @table: descriptors, in the region
 * @slots: how many
 * @slot_size: bytes of each
 * @slot_offset: of slot 0 in the region's data
 * @number: the newest frame
 * @begun: frames that are being written, from @number + 1 on
 * @registered: header->registered as last seen
 * @readers: registered readers' regions; NULL where there is none
 * @dropped: a bit for each of @readers that is not waited for any more
 * @format_first: the first frame of the format in the header
 * @has_next: @next replaces that format before the next frame
 * @next: as given to zinc_stream_set_format()
 * @name: the stream's
 */
struct zinc_stream_writer {
	zinc_handle region;
	struct zinc_stream_header *header;
	struct zinc_stream_slot *table;
	uint32_t slots;
	uint64_t slot_size;
	uint64_t slot_offset;
	uint64_t number;
	uint32_t begun;
	uint32_t registered;
	zinc_handle readers[ZINC_STREAM_READERS_MAX];
	uint32_t dropped;
	uint64_t format_first;
	bool has_next;
	struct zinc_stream_format next;
	char name[ZINC_NAME_MAX + 1];
};

static inline uint64_t zinc_stream_round(uint64_t size, uint64_t align)
{
	return (size + align - 1) / align * align;
}

/* For internal use: what the next frame is */
static inline void zinc_stream_put_format(struct zinc_stream_writer *writer,
					  const struct zinc_stream_format *format)
{
	uint32_t *sequence = &writer->header->format_sequence;
	uint32_t old = __atomic_load_n(sequence, __ATOMIC_RELAXED);

	__atomic_store_n(sequence, old | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	zinc_stream_store(&writer->header->format, format, sizeof(*format));
	__atomic_store_n(sequence, (old | 1) + 1, __ATOMIC_RELEASE);
	writer->format_first = writer->number + 1;
	writer->has_next = false;
}

/**
 * zinc_stream_set_format() - change the format of later frames
 * @writer: stream, no frame begun
 * @format: must fit into a slot; a larger one needs a new stream
 *
 * Takes effect in the next zinc_stream_begin(), which first waits until registered
 * readers have read a frame of the present format, if there is one: the header has
 * room for one format.
 *
 * Return: 0; -EBADMSG as zinc_stream_format_check(); -EBUSY a frame is begun;
 * -EINVAL @writer is not open.
 */
ZINC_STREAM_API int zinc_stream_set_format(struct zinc_stream_writer *writer,
					   const struct zinc_stream_format *format)
{
	int err;

	if (!writer->slots)
		return -EINVAL;
	err = zinc_stream_format_check(format, writer->slot_size);
	if (err)
		return err;
	if (writer->begun)
		return -EBUSY;
	writer->next = *format;
	writer->has_next = true;
	return 0;
}

/**
 * zinc_stream_create() - make a stream under a name
 * @writer: receives the stream; zeroed after a failure
 * @name: 1 to 245 bytes of [a-zA-Z0-9_-]
 * @format: what a frame is
 * @slots: 2 to 64; 3 or more let a reader keep a frame while the next is written
 * @slot_size: bytes, at least a frame; rounded up to a page, and from 2 MiB on to
 *	a multiple of 2 MiB
 * @options: as in zinc_create_with(); NULL for mode 0600 and
 *	ZINC_LIFETIME_CREATOR, which lets readers see that the writer is gone
 *
 * Return: 0; -EINVAL a number or the name is out of range; -EBADMSG @format does
 * not fit into @slot_size; or as zinc_create_with(), -EEXIST if another writer
 * has the name.
 */
ZINC_STREAM_API int zinc_stream_create(struct zinc_stream_writer *writer,
				       const char *name,
				       const struct zinc_stream_format *format,
				       uint32_t slots, uint64_t slot_size,
				       const struct zinc_options *options)
{
	uint64_t align = (uint64_t)sysconf(_SC_PAGESIZE);
	struct zinc_stream_header *header;
	struct zinc_options defaults;
	uint64_t slot_offset;
	int err;

	memset(writer, 0, sizeof(*writer));
	memset(&defaults, 0, sizeof(defaults));
	defaults.size = sizeof(defaults);
	defaults.lifetime = ZINC_LIFETIME_CREATOR;
	if (!name || strlen(name) > ZINC_STREAM_NAME_MAX || !slot_size ||
	    slots < ZINC_STREAM_SLOTS_MIN || slots > ZINC_STREAM_SLOTS_MAX ||
	    slot_size > (uint64_t)1 << 40)
		return -EINVAL;
	if (slot_size >= ZINC_STREAM_ALIGN_LARGE)
		align = ZINC_STREAM_ALIGN_LARGE;
	slot_size = zinc_stream_round(slot_size, align);
	slot_offset = zinc_stream_round(ZINC_STREAM_TABLE +
					slots * sizeof(struct zinc_stream_slot), align);
	err = zinc_stream_format_check(format, slot_size);
	if (err)
		return err;
	if (slot_offset + slots * slot_size > (uint64_t)UINTPTR_MAX)
		return -EINVAL;
	err = zinc_create_with(name, (uintptr_t)(slot_offset + slots * slot_size),
			       options ? options : &defaults, &writer->region);
	if (err) {
		writer->region = NULL;
		return err;
	}
	writer->slots = slots;
	writer->slot_size = slot_size;
	writer->slot_offset = slot_offset;
	strcpy(writer->name, name);
	header = (struct zinc_stream_header *)zinc_ptr(writer->region);
	writer->header = header;
	writer->table = (struct zinc_stream_slot *)(void *)
		((char *)header + ZINC_STREAM_TABLE);
	header->version = ZINC_STREAM_VERSION;
	header->slots = slots;
	header->slot_size = slot_size;
	header->slot_offset = slot_offset;
	zinc_stream_put_format(writer, format);
	zinc_stream_set_magic(&header->magic);
	/* for a reader that has opened the name already */
	zinc_notify(writer->region);
	return 0;
}

/*
 * For internal use: does a region belong to a reader that may have registered?
 * A process that can take the name, but may not write the stream, must not stop
 * the writer. Membership in groups is not known here.
 */
static inline bool zinc_stream_may_register(const struct zinc_stream_writer *writer,
					    zinc_handle reader)
{
	struct zinc_region_info stream, info;

	stream.size = sizeof(stream);
	info.size = sizeof(info);
	if (zinc_info(writer->region, &stream) || zinc_info(reader, &info))
		return false;
	return info.uid == stream.uid || !info.uid || stream.mode & 0022;
}

/* For internal use: is it the region of a reader of this very stream? */
static inline bool zinc_stream_is_reader(const struct zinc_stream_writer *writer,
					 const struct zinc_region_info *stream,
					 zinc_handle reader)
{
	const struct zinc_stream_progress *progress =
		(const struct zinc_stream_progress *)zinc_ptr(reader);

	/* a larger one: a stream whose own name is like that */
	return zinc_capacity(reader) == (uintptr_t)sysconf(_SC_PAGESIZE) &&
	       zinc_stream_may_register(writer, reader) &&
	       zinc_stream_has_magic(&progress->magic) &&
	       progress->id == stream->id &&
	       progress->created_at == stream->created_at;
}

/*
 * For internal use: open the regions of new readers, close those of dead readers.
 * Returns an error if it has to be done again, as this process lacks something.
 */
static inline int zinc_stream_find_readers(struct zinc_stream_writer *writer)
{
	struct zinc_region_info info, stream;
	char name[ZINC_NAME_MAX + 8];
	struct zinc_options options;
	unsigned int i;
	int err, lack = 0;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.flags = ZINC_RDONLY;
	options.backend = (uint32_t)zinc_backend(writer->region);
	stream.size = sizeof(stream);
	err = zinc_info(writer->region, &stream);
	if (err)
		return err;
	for (i = 0; i < ZINC_STREAM_READERS_MAX; i++) {
		zinc_handle *reader = &writer->readers[i];

		info.size = sizeof(info);
		if (*reader && !zinc_info(*reader, &info) &&
		    !(info.flags & (ZINC_INFO_CREATOR_GONE | ZINC_INFO_UNLINKED)))
			continue;
		zinc_close(*reader);
		*reader = NULL;
		writer->dropped &= ~(1u << i);
		snprintf(name, sizeof(name), "%s-r%u", writer->name, i);
		err = zinc_open_with(name, &options, reader);
		if (err == -EMFILE || err == -ENFILE || err == -ENOMEM)
			lack = err;
		if (!err && !zinc_stream_is_reader(writer, &stream, *reader)) {
			zinc_close(*reader);
			*reader = NULL;
		}
	}
	return lack;
}

/* For internal use: has a registered reader, if there is one, yet to read @number? */
static inline bool zinc_stream_is_behind(const struct zinc_stream_writer *writer,
					 unsigned int i, uint64_t number)
{
	const struct zinc_stream_progress *progress =
		(const struct zinc_stream_progress *)zinc_ptr(writer->readers[i]);

	if (!progress || writer->dropped & 1u << i)
		return false;
	return (int32_t)((uint32_t)number - __atomic_load_n(&progress->done,
							    __ATOMIC_ACQUIRE)) > 0;
}

/* For internal use: the frame that readers are to have read before the next one */
static inline uint64_t zinc_stream_oldest(const struct zinc_stream_writer *writer)
{
	uint64_t oldest = 0;

	/* the slot's */
	if (writer->number + writer->begun >= writer->slots)
		oldest = writer->number + writer->begun + 1 - writer->slots;
	/* one whose format they can read only now */
	if (writer->has_next && writer->format_first <= writer->number &&
	    writer->format_first > oldest)
		oldest = writer->format_first;
	return oldest;
}

/* For internal use: wait until each registered reader has read what it has to */
static inline int zinc_stream_wait_readers(struct zinc_stream_writer *writer,
					   uint64_t deadline_ns)
{
	uint64_t oldest = zinc_stream_oldest(writer);
	uint32_t registered = __atomic_load_n(&writer->header->registered,
					      __ATOMIC_SEQ_CST);
	unsigned int i;
	int err;

	if (registered != writer->registered) {
		err = zinc_stream_find_readers(writer);
		if (err)
			return err;
		writer->registered = registered;
	}
	for (i = 0; oldest && i < ZINC_STREAM_READERS_MAX; i++) {
		while (zinc_stream_is_behind(writer, i, oldest)) {
			err = zinc_wait_with(writer->readers[i], deadline_ns,
					     ZINC_WAIT_GONE);
			if (err == -EPIPE) {
				zinc_close(writer->readers[i]);
				writer->readers[i] = NULL;
				writer->dropped &= ~(1u << i);
				break;
			}
			if (err)
				return err;
		}
	}
	return 0;
}

/**
 * zinc_stream_drop() - stop waiting for registered readers that are behind
 * @writer: stream
 *
 * For a writer whose zinc_stream_begin() returned -ETIMEDOUT, and which does not
 * want to wait longer: a reader may be stopped, or not be well-behaved. A dropped
 * reader loses frames as an unregistered one does, and learns how many. The writer
 * waits for it again after it has closed the stream and registered anew.
 *
 * Return: how many readers were dropped.
 */
ZINC_STREAM_API int zinc_stream_drop(struct zinc_stream_writer *writer)
{
	uint64_t oldest = zinc_stream_oldest(writer);
	unsigned int i;
	int count = 0;

	for (i = 0; oldest && i < ZINC_STREAM_READERS_MAX; i++) {
		if (!zinc_stream_is_behind(writer, i, oldest))
			continue;
		writer->dropped |= 1u << i;
		count++;
	}
	return count;
}

/* For internal use: begin the frame after those that are begun */
static inline int zinc_stream_begin_next(struct zinc_stream_writer *writer,
					 uint64_t deadline_ns, void **data)
{
	struct zinc_stream_slot *slot;
	uint64_t index;
	int err;

	err = zinc_stream_wait_readers(writer, deadline_ns);
	if (err)
		return err;
	if (writer->has_next)
		zinc_stream_put_format(writer, &writer->next);
	index = (writer->number + writer->begun) % writer->slots;
	slot = &writer->table[index];
	__atomic_store_n(&slot->sequence,
			 __atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) | 1,
			 __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	writer->begun++;
	*data = (char *)writer->header + writer->slot_offset + index * writer->slot_size;
	return 0;
}

/**
 * zinc_stream_begin() - get the memory for the next frame
 * @writer: stream
 * @deadline_ns: CLOCK_MONOTONIC: how long to wait for registered readers;
 *	ZINC_DEADLINE_NEVER has no limit. Without such readers it does not wait.
 *	After -ETIMEDOUT, zinc_stream_drop() stops waiting for slow readers.
 * @data: receives slot_size writable bytes; the oldest frame is in them
 *
 * Return: 0; -ETIMEDOUT; -EBUSY a frame is begun already; -EMFILE, -ENFILE or
 * -ENOMEM if a newly registered reader cannot be opened: it would be ignored;
 * -EINVAL @writer is not open.
 */
ZINC_STREAM_API int zinc_stream_begin(struct zinc_stream_writer *writer,
				      uint64_t deadline_ns, void **data)
{
	if (!writer->slots)
		return -EINVAL;
	if (writer->begun)
		return -EBUSY;
	return zinc_stream_begin_next(writer, deadline_ns, data);
}

/**
 * zinc_stream_begin_ahead() - begin one more frame, after those that are begun
 * @writer: stream
 * @deadline_ns: as in zinc_stream_begin()
 * @data: likewise
 *
 * For devices that are given several buffers in advance, such as cameras.
 * zinc_stream_commit() publishes the frames in the order in which they were begun,
 * and zinc_stream_cancel() cancels all of them. Readers cannot read a frame whose
 * slot is begun: with S slots of which B are begun, the newest S - B frames are
 * left to them.
 *
 * Return: as zinc_stream_begin(), but -EBUSY if all slots but one are begun.
 */
ZINC_STREAM_API int zinc_stream_begin_ahead(struct zinc_stream_writer *writer,
					    uint64_t deadline_ns, void **data)
{
	if (!writer->slots)
		return -EINVAL;
	if (writer->begun >= writer->slots - 1)
		return -EBUSY;
	return zinc_stream_begin_next(writer, deadline_ns, data);
}

/**
 * zinc_stream_commit() - publish the frame that was begun, or the first of them
 * @writer: stream
 * @frame: @bytes, @pts_ns, @flags and damage are used; NULL for a whole slot, now
 *
 * Return: 0; -EINVAL no frame is begun, or more bytes than a slot has.
 */
ZINC_STREAM_API int zinc_stream_commit(struct zinc_stream_writer *writer,
				       const struct zinc_stream_frame *frame)
{
	struct zinc_stream_slot *slot;
	struct zinc_stream_frame copy;

	if (!writer->begun || (frame && frame->bytes > writer->slot_size))
		return -EINVAL;
	slot = &writer->table[writer->number % writer->slots];
	memset(&copy, 0, sizeof(copy));
	if (frame) {
		copy = *frame;
	} else {
		copy.bytes = writer->slot_size;
		copy.pts_ns = zinc_stream_now();
	}
	copy.number = ++writer->number;
	copy.format = __atomic_load_n(&writer->header->format_sequence, __ATOMIC_RELAXED);
	zinc_stream_store(&slot->frame, &copy, sizeof(copy));
	__atomic_store_n(&slot->sequence,
			 __atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) + 1,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&writer->header->head, (uint32_t)copy.number, __ATOMIC_RELEASE);
	writer->begun--;
	zinc_notify(writer->region);
	return 0;
}

/**
 * zinc_stream_cancel() - cancel the frames that were begun
 * @writer: stream
 *
 * Their slots are empty afterwards: the old frames are lost as well.
 */
ZINC_STREAM_API void zinc_stream_cancel(struct zinc_stream_writer *writer)
{
	struct zinc_stream_slot *slot;
	struct zinc_stream_frame none;

	memset(&none, 0, sizeof(none));
	for (; writer->begun; writer->begun--) {
		slot = &writer->table[(writer->number + writer->begun - 1) % writer->slots];
		zinc_stream_store(&slot->frame, &none, sizeof(none));
		__atomic_store_n(&slot->sequence,
				 __atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) + 1,
				 __ATOMIC_RELEASE);
	}
}

/**
 * zinc_stream_end() - close the writing end
 * @writer: stream; zeroed
 *
 * Readers get the frames that are left, then -EPIPE.
 */
ZINC_STREAM_API void zinc_stream_end(struct zinc_stream_writer *writer)
{
	unsigned int i;

	for (i = 0; i < ZINC_STREAM_READERS_MAX; i++)
		zinc_close(writer->readers[i]);
	zinc_close(writer->region);
	memset(writer, 0, sizeof(*writer));
}

/* ---- reader ------------------------------------------------------------- */

/**
 * struct zinc_stream_reader - a reading end of a stream
 * @region: the stream's region
 * @header: in the region
 * @table: descriptors, in the region
 * @slots: how many
 * @slot_size: bytes of each
 * @slot_offset: of slot 0 in the region's data
 * @flags: as given to zinc_stream_open()
 * @last: the newest frame that was returned or passed over
 * @lost: frames lost since the stream was opened
 * @format: what frames are
 * @format_sequence: which version of it
 * @own: the reader's own region, if it is registered
 * @name: the stream's
 * @keep: registered: a frame that is still read, and all after it, are kept although
 *	later ones are done; 0: none. Set by a program that reads several at a time.
 * @changed: @format has changed, and no frame has been returned since
 */
struct zinc_stream_reader {
	zinc_handle region;
	struct zinc_stream_header *header;
	struct zinc_stream_slot *table;
	uint32_t slots;
	uint64_t slot_size;
	uint64_t slot_offset;
	uint32_t flags;
	uint64_t last;
	uint64_t lost;
	struct zinc_stream_format format;
	uint32_t format_sequence;
	zinc_handle own;
	char name[ZINC_NAME_MAX + 1];
	uint64_t keep;
	bool changed;
};

/**
 * struct zinc_stream_view - a frame in the ring
 * @data: frame.bytes readable bytes, in the region itself
 * @frame: a private copy of the descriptor
 * @lost: frames lost between the previous one and this one
 * @new_format: reader->format has changed since the previous frame that was returned
 * @sequence: of the slot, for zinc_stream_is_whole()
 */
struct zinc_stream_view {
	const void *data;
	struct zinc_stream_frame frame;
	uint64_t lost;
	bool new_format;
	uint32_t sequence;
};

/* For internal use: copy the format, and check it; -EAGAIN: it is being written */
static inline int zinc_stream_load_format(struct zinc_stream_reader *reader)
{
	const uint32_t *sequence = &reader->header->format_sequence;
	struct zinc_stream_format format;
	uint32_t before;
	int tries, err;

	for (tries = 0; tries < 1000; tries++) {
		before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);
		zinc_stream_load(&format, &reader->header->format, sizeof(format));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before & 1 || __atomic_load_n(sequence, __ATOMIC_RELAXED) != before)
			continue;
		err = zinc_stream_format_check(&format, reader->slot_size);
		if (err)
			return err;
		reader->format = format;
		reader->format_sequence = before;
		return 0;
	}
	return -EAGAIN;
}

/* For internal use: the same, of a writer that may be preempted meanwhile */
static inline int zinc_stream_await_format(struct zinc_stream_reader *reader,
					   uint64_t deadline_ns)
{
	const struct timespec ms = { 0, 1000000 };
	int err;

	for (;;) {
		err = zinc_stream_load_format(reader);
		if (err != -EAGAIN)
			return err;
		/* it died, or never will be done */
		if (zinc_stream_now() >= deadline_ns)
			return -EBADMSG;
		nanosleep(&ms, NULL);
	}
}

/* For internal use: copy the header's constants, and check them */
static inline int zinc_stream_load_header(struct zinc_stream_reader *reader)
{
	struct zinc_stream_header copy;
	uint64_t capacity = zinc_capacity(reader->region);

	zinc_stream_load(&copy, reader->header, offsetof(struct zinc_stream_header, format));
	if (copy.version != ZINC_STREAM_VERSION || copy.slots < ZINC_STREAM_SLOTS_MIN ||
	    copy.slots > ZINC_STREAM_SLOTS_MAX || !copy.slot_size ||
	    copy.slot_offset < ZINC_STREAM_TABLE +
			       copy.slots * sizeof(struct zinc_stream_slot) ||
	    copy.slot_offset % 64 || copy.slot_offset > capacity ||
	    copy.slot_size > (capacity - copy.slot_offset) / copy.slots)
		return -EBADMSG;
	reader->slots = copy.slots;
	reader->slot_size = copy.slot_size;
	reader->slot_offset = copy.slot_offset;
	return zinc_stream_load_format(reader);
}

/* For internal use: a descriptor that is whole, and the slot's sequence */
static inline bool zinc_stream_load_frame(const struct zinc_stream_slot *slot,
					  struct zinc_stream_frame *frame,
					  uint32_t *sequence)
{
	*sequence = __atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE);
	zinc_stream_load(frame, &slot->frame, sizeof(*frame));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(*sequence & 1) &&
	       __atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) == *sequence;
}

/* For internal use: the newest frame's number, from its low half */
static inline uint64_t zinc_stream_find_head(const struct zinc_stream_reader *reader)
{
	struct zinc_stream_frame frame;
	uint32_t head = 0, i, sequence, tries;

	/* again if the writer has overtaken the search */
	for (tries = 0; tries < ZINC_STREAM_SLOTS_MAX; tries++) {
		head = __atomic_load_n(&reader->header->head, __ATOMIC_ACQUIRE);
		for (i = 0; i < reader->slots; i++)
			if (zinc_stream_load_frame(&reader->table[i], &frame, &sequence) &&
			    frame.number && (uint32_t)frame.number == head)
				return frame.number;
		if (!head)
			break;
	}
	return head;
}

/*
 * For internal use: let the writer overwrite frames up to @number, if this reader
 * is registered. The writer may sleep until then.
 */
static inline void zinc_stream_pass(struct zinc_stream_reader *reader, uint64_t number)
{
	struct zinc_stream_progress *progress;

	if (!reader->own)
		return;
	if (reader->keep && number >= reader->keep)
		number = reader->keep - 1;
	progress = (struct zinc_stream_progress *)zinc_ptr(reader->own);
	__atomic_store_n(&progress->lost, (uint32_t)reader->lost, __ATOMIC_RELAXED);
	__atomic_store_n(&progress->done, (uint32_t)number, __ATOMIC_RELEASE);
	zinc_notify(reader->own);
}

/*
 * For internal use: create the reader's own region, and tell the writer. It replaces the
 * format in the header once @done is a frame that has it: the format is loaded again
 * after each look at the newest frame, and before the writer is told of that one.
 */
static inline int zinc_stream_register(struct zinc_stream_reader *reader,
				       uint64_t deadline_ns)
{
	struct zinc_stream_progress *progress;
	char name[ZINC_NAME_MAX + 8];
	struct zinc_options options;
	struct zinc_region_info info;
	unsigned int i;
	int err = -EUSERS;

	info.size = sizeof(info);
	err = zinc_info(reader->region, &info);
	if (err)
		return err;
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.lifetime = ZINC_LIFETIME_CREATOR;
	options.mode = info.mode;
	options.backend = (uint32_t)zinc_backend(reader->region);
	err = -EEXIST;
	for (i = 0; err == -EEXIST && i < ZINC_STREAM_READERS_MAX; i++) {
		snprintf(name, sizeof(name), "%s-r%u", reader->name, i);
		err = zinc_create_with(name, (uintptr_t)sysconf(_SC_PAGESIZE), &options,
				       &reader->own);
	}
	if (err)
		return err == -EEXIST ? -EUSERS : err;
	progress = (struct zinc_stream_progress *)zinc_ptr(reader->own);
	progress->id = info.id;
	progress->created_at = info.created_at;
	reader->last = zinc_stream_find_head(reader);
	err = zinc_stream_await_format(reader, deadline_ns);
	if (err)
		return err;
	__atomic_store_n(&progress->done, (uint32_t)reader->last, __ATOMIC_RELEASE);
	zinc_stream_set_magic(&progress->magic);
	__atomic_fetch_add(&reader->header->registered, 1, __ATOMIC_SEQ_CST);
	/* earlier frames are not waited for, although the writer may do so by now */
	reader->last = zinc_stream_find_head(reader);
	err = zinc_stream_await_format(reader, deadline_ns);
	if (!err)
		zinc_stream_pass(reader, reader->last);
	return err;
}

/**
 * zinc_stream_close() - close a reading end
 * @reader: stream; zeroed. Its views end.
 */
ZINC_STREAM_API void zinc_stream_close(struct zinc_stream_reader *reader)
{
	zinc_close(reader->own);
	zinc_close(reader->region);
	memset(reader, 0, sizeof(*reader));
}

/**
 * zinc_stream_open() - read a stream by its name
 * @reader: receives the stream; zeroed after a failure
 * @name: as the writer gave it
 * @flags: ZINC_STREAM_NEWEST, _EVERY or _REGISTER
 * @deadline_ns: CLOCK_MONOTONIC: how long to wait for the writer; 0 only checks,
 *	ZINC_DEADLINE_NEVER has no limit
 *
 * The first frame that it returns is the newest one there is; with _REGISTER, the
 * first one that is written after this call. _REGISTER needs write permission.
 *
 * Return: 0; -EINVAL unknown flags, bad name; -ENOENT no such name, and the
 * deadline was 0; -ETIMEDOUT; -EBADMSG the region holds no stream, or none within
 * a second; -EPIPE its writer ended before it had written the header; -EACCES;
 * -EUSERS 16 readers are registered; or as zinc_open_wait().
 */
ZINC_STREAM_API int zinc_stream_open(struct zinc_stream_reader *reader, const char *name,
				     uint32_t flags, uint64_t deadline_ns)
{
	struct zinc_options options;
	uint64_t header_ns;
	int err;

	memset(reader, 0, sizeof(*reader));
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.flags = flags & ZINC_STREAM_REGISTER ? 0 : ZINC_RDONLY;
	if (!name || strlen(name) > ZINC_STREAM_NAME_MAX ||
	    flags & ~(uint32_t)(ZINC_STREAM_EVERY | ZINC_STREAM_REGISTER))
		return -EINVAL;
	err = zinc_open_wait(name, &options, deadline_ns, &reader->region);
	if (err)
		return err;
	strcpy(reader->name, name);
	reader->flags = flags;
	reader->header = (struct zinc_stream_header *)zinc_ptr(reader->region);
	reader->table = (struct zinc_stream_slot *)(void *)
		((char *)reader->header + ZINC_STREAM_TABLE);
	if (zinc_capacity(reader->region) < ZINC_STREAM_TABLE + ZINC_STREAM_SLOTS_MIN *
					    sizeof(struct zinc_stream_slot))
		err = -EBADMSG;
	/* the writer has the name, and writes the header right after */
	header_ns = zinc_stream_now() + 1000000000u;
	if (header_ns > deadline_ns)
		header_ns = deadline_ns;
	while (!err && !zinc_stream_has_magic(&reader->header->magic)) {
		err = zinc_wait_with(reader->region, header_ns, ZINC_WAIT_GONE);
		if (err == -ETIMEDOUT)
			err = -EBADMSG;
	}
	if (!err)
		err = zinc_stream_load_header(reader);
	if (err == -EAGAIN)
		err = zinc_stream_await_format(reader, header_ns);
	if (!err && flags & ZINC_STREAM_REGISTER)
		err = zinc_stream_register(reader, header_ns);
	if (err) {
		zinc_stream_close(reader);
		return err;
	}
	if (!(flags & ZINC_STREAM_REGISTER)) {
		reader->last = zinc_stream_find_head(reader);
		if (reader->last)
			reader->last--;
	}
	return 0;
}

/* For internal use: the number of the frame to look at; 0 if there is none yet */
static inline uint64_t zinc_stream_pick(const struct zinc_stream_reader *reader)
{
	uint32_t head = __atomic_load_n(&reader->header->head, __ATOMIC_ACQUIRE);
	uint32_t ahead = head - (uint32_t)reader->last;
	/* the oldest frame is in the slot that the writer may be writing */
	uint32_t kept = reader->slots - (reader->own ? 0 : 1);

	if (!ahead || ahead > UINT32_MAX / 2)
		return 0;
	if (!(reader->flags & (ZINC_STREAM_EVERY | ZINC_STREAM_REGISTER)))
		return reader->last + ahead;
	return ahead > kept ? reader->last + ahead - kept + 1 : reader->last + 1;
}

/**
 * zinc_stream_next() - wait for a frame, and look at it in place
 * @reader: stream
 * @view: receives the frame; valid until zinc_stream_done() or the next call
 * @deadline_ns: CLOCK_MONOTONIC; 0 only checks, ZINC_DEADLINE_NEVER has no limit
 *
 * The writer may overwrite the frame while it is read, unless this reader is
 * registered: call zinc_stream_done() afterwards, or copy by zinc_stream_read().
 *
 * Return: 0; -ETIMEDOUT; -EPIPE the writer has ended, or its name means another
 * stream, and no frame is left: close and open again; -EBADMSG a descriptor
 * contradicts the header; -EINVAL @reader is not open.
 */
ZINC_STREAM_API int zinc_stream_next(struct zinc_stream_reader *reader,
				     struct zinc_stream_view *view, uint64_t deadline_ns)
{
	const uint32_t slots = reader->slots;
	uint32_t misses = 0;
	bool gone = false;
	uint64_t number;
	int err;

	memset(view, 0, sizeof(*view));
	if (!slots)
		return -EINVAL;
	for (;;) {
		const struct zinc_stream_slot *slot;
		uint64_t index, passed;

		number = zinc_stream_pick(reader);
		if (!number) {
			if (gone)
				return -EPIPE;
			err = zinc_wait_with(reader->region, deadline_ns, ZINC_WAIT_GONE);
			gone = err == -EPIPE;
			if (err && !gone)
				return err;
			continue;
		}
		index = (number - 1) % slots;
		slot = &reader->table[index];
		passed = number - reader->last - 1;
		reader->last = number;
		if (reader->flags & (ZINC_STREAM_EVERY | ZINC_STREAM_REGISTER)) {
			view->lost += passed;
			reader->lost += passed;
		}
		if (zinc_stream_load_frame(slot, &view->frame, &view->sequence) &&
		    view->frame.number == number) {
			if (view->frame.bytes > reader->slot_size)
				return -EBADMSG;
			if (view->frame.format != reader->format_sequence) {
				err = zinc_stream_load_format(reader);
				if (err && err != -EAGAIN)
					return err;
				reader->changed |= !err;
			}
			/* else the format of this frame has been replaced, or is now */
			if (view->frame.format == reader->format_sequence) {
				view->data = (const char *)reader->header +
					     reader->slot_offset +
					     index * reader->slot_size;
				view->new_format = reader->changed;
				reader->changed = false;
				return 0;
			}
		}
		view->lost++;
		reader->lost++;
		zinc_stream_pass(reader, number);
		/* a writer may be faster than this loop for ever */
		if (++misses > reader->slots && zinc_stream_now() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/**
 * zinc_stream_is_whole() - find out whether a frame was overwritten
 * @reader: stream
 * @view: of zinc_stream_next()
 *
 * Return: true if all that was read from the view before this call belongs to the
 * frame. False after zinc_stream_close(), and for a view without a frame.
 */
ZINC_STREAM_API bool zinc_stream_is_whole(const struct zinc_stream_reader *reader,
					  const struct zinc_stream_view *view)
{
	uint64_t index;

	if (!reader->slots || !view->frame.number)
		return false;
	index = (view->frame.number - 1) % reader->slots;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&reader->table[index].sequence, __ATOMIC_RELAXED) ==
	       view->sequence;
}

/**
 * zinc_stream_done() - end the use of a frame
 * @reader: stream
 * @view: of zinc_stream_next()
 *
 * Lets the writer overwrite the frame, if this reader is registered.
 *
 * Return: 0; -ESTALE the writer overwrote it in the meantime: discard the result.
 */
ZINC_STREAM_API int zinc_stream_done(struct zinc_stream_reader *reader,
				     const struct zinc_stream_view *view)
{
	bool whole = zinc_stream_is_whole(reader, view);

	if (!whole)
		reader->lost++;
	zinc_stream_pass(reader, view->frame.number);
	return whole ? 0 : -ESTALE;
}

/**
 * zinc_stream_read() - wait for a frame, and copy it
 * @reader: stream
 * @buffer: receives the frame
 * @size: bytes of @buffer; reader->slot_size is always enough
 * @view: receives the descriptor; its data is @buffer
 * @deadline_ns: as in zinc_stream_next()
 *
 * Return: as zinc_stream_next(), and -EMSGSIZE the frame is larger than @size: it
 * counts as read. A frame that is overwritten during the copy counts as lost, and
 * a later one is copied.
 */
ZINC_STREAM_API int zinc_stream_read(struct zinc_stream_reader *reader, void *buffer,
				     size_t size, struct zinc_stream_view *view,
				     uint64_t deadline_ns)
{
	uint64_t lost = 0;
	uint32_t torn = 0;
	int err;

	for (;;) {
		err = zinc_stream_next(reader, view, deadline_ns);
		lost += view->lost;
		if (err)
			break;
		if (view->frame.bytes > size) {
			zinc_stream_done(reader, view);
			reader->changed |= view->new_format;
			err = -EMSGSIZE;
			break;
		}
		memcpy(buffer, view->data, (size_t)view->frame.bytes);
		if (!zinc_stream_done(reader, view))
			break;
		lost++;
		/* the format is told with a frame that is returned */
		reader->changed |= view->new_format;
		view->new_format = false;
		if (++torn > reader->slots && zinc_stream_now() >= deadline_ns) {
			err = -ETIMEDOUT;
			break;
		}
	}
	view->lost = lost;
	if (!err)
		view->data = buffer;
	return err;
}

/* ---- for other languages ------------------------------------------------ */

/*
 * A language that calls the exported functions lets the library allocate writers
 * and readers, and needs to know neither struct. It knows zinc_stream_format,
 * _frame, _view, _plane and _info, which do not change. A program must not pass a
 * struct of its own to an exported function, nor one of the library to an inline
 * function.
 */

/**
 * struct zinc_stream_info - the state of a writer or reader
 * @size: sizeof(struct zinc_stream_info), set by the caller
 * @slots: how many
 * @slot_size: bytes of each
 * @slot_offset: of slot 0 in the region's data
 * @number: the newest frame that was committed; reader: that was returned or passed over
 * @lost: reader: frames lost since the stream was opened
 * @region: the stream's region: do not close it; NULL if the stream is not open
 */
struct zinc_stream_info {
	uint32_t size;
	uint32_t slots;
	uint64_t slot_size;
	uint64_t slot_offset;
	uint64_t number;
	uint64_t lost;
	zinc_handle region;
};

/**
 * zinc_stream_writer_new() - allocate a writer for zinc_stream_create()
 *
 * Return: a writer, to be passed to zinc_stream_writer_free(); NULL: no memory.
 */
ZINC_API struct zinc_stream_writer *zinc_stream_writer_new(void);

/**
 * zinc_stream_writer_free() - close and free a writer
 * @writer: from zinc_stream_writer_new(); NULL does nothing
 * @region: NULL; or receives the stream's region, which stays open and is the
 *	caller's to close, so that its memory can outlive the writer. NULL is received
 *	if the stream is not open.
 *
 * While the caller keeps the region open, readers do not see that the writer has ended.
 */
ZINC_API void zinc_stream_writer_free(struct zinc_stream_writer *writer,
				      zinc_handle *region);

/**
 * zinc_stream_writer_info() - describe a writer
 * @writer: from zinc_stream_writer_new()
 * @info: @size set; receives the description
 *
 * Return: 0; -EINVAL @size is smaller than that of this struct.
 */
ZINC_API int zinc_stream_writer_info(const struct zinc_stream_writer *writer,
				     struct zinc_stream_info *info);

/**
 * zinc_stream_reader_new() - allocate a reader for zinc_stream_open()
 *
 * Return: a reader, to be passed to zinc_stream_reader_free(); NULL: no memory.
 */
ZINC_API struct zinc_stream_reader *zinc_stream_reader_new(void);

/**
 * zinc_stream_reader_free() - close and free a reader
 * @reader: from zinc_stream_reader_new(); NULL does nothing
 * @region: as in zinc_stream_writer_free()
 */
ZINC_API void zinc_stream_reader_free(struct zinc_stream_reader *reader,
				      zinc_handle *region);

/**
 * zinc_stream_reader_info() - describe a reader
 * @reader: from zinc_stream_reader_new()
 * @info: @size set; receives the description
 *
 * Return: 0; -EINVAL @size is smaller than that of this struct.
 */
ZINC_API int zinc_stream_reader_info(const struct zinc_stream_reader *reader,
				     struct zinc_stream_info *info);

/**
 * zinc_stream_reader_format() - the format of the frame that was returned last
 * @reader: from zinc_stream_reader_new()
 * @format: receives it
 */
ZINC_API void zinc_stream_reader_format(const struct zinc_stream_reader *reader,
					struct zinc_stream_format *format);

#ifdef __cplusplus
}
#endif

#endif /* ZINC_STREAM_H */
