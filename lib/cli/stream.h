/* SPDX-License-Identifier: MIT */
/*
 * What the subcommands share about streams.
 */
#ifndef ZINC_CLI_STREAM_H
#define ZINC_CLI_STREAM_H

#include <zinc-stream.h>

#include "cli.h"

/* ---- stream_format.c: formats, as text ----------------------------------- */

/*
 * parse_fourcc() - a pixel format by a name
 * @text: as drm_fourcc.h ("XR24"), ffmpeg ("bgr0") or GStreamer ("BGRx") has it
 * Return: 0; -EINVAL
 */
int parse_fourcc(const char *text, uint32_t *fourcc);
/* parse_dtype() - "float32", "uint8"; Return: 0; -EINVAL */
int parse_dtype(const char *text, struct zinc_stream_format *format);
/* parse_shape() - "1x3x224x224", into dims and shape; Return: 0; -EINVAL */
int parse_shape(const char *text, struct zinc_stream_format *format);
/* parse_rate() - "30", "29.97", "30000/1001"; Return: 0; -EINVAL */
int parse_rate(const char *text, struct zinc_stream_format *format);
/* parse_pixels() - "1280x720", each 1 to 65535; Return: 0; -EINVAL */
int parse_pixels(const char *text, uint32_t *width, uint32_t *height);

#define STREAM_TEXT 256
const char *kind_name(uint32_t kind);
/* fourcc_text() - "XR24"; bytes that are no ASCII become ? */
const char *fourcc_text(uint32_t fourcc, char text[STREAM_TEXT]);
const char *dtype_text(const struct zinc_stream_format *format, char text[STREAM_TEXT]);
const char *shape_text(const struct zinc_stream_format *format, char text[STREAM_TEXT]);
/* format_text() - "XR24 1280x720", "float32 1x3x224x224", "bytes" */
const char *format_text(const struct zinc_stream_format *format, char text[STREAM_TEXT]);

/* ---- stream_info.c: a stream that others write ---------------------------- */

/*
 * struct stream_reader - a registered reader
 * @pid: 0: not known
 * @behind: frames that it has yet to read
 * @lost: frames that it lost
 */
struct stream_reader {
	char name[ZINC_NAME_MAX + 1];
	int32_t pid;
	uint32_t behind;
	uint32_t lost;
};

/*
 * struct stream_info - what a stream's region says
 * @frames: number of the newest frame; 0: none yet
 * @rate: frames a second, of those in the ring; < 0: not known
 * @age_ns: since the newest frame; UINT64_MAX: not known
 * @gaps: frames in the ring before which the source lost data
 */
struct stream_info {
	struct zinc_stream_format format;
	uint32_t slots;
	uint64_t slot_size;
	uint64_t frames;
	double rate;
	uint64_t age_ns;
	uint32_t gaps;
	struct stream_reader readers[ZINC_STREAM_READERS_MAX];
	unsigned int readers_count;
};

/* stream_look() - is @region a stream that this user may read? */
bool stream_look(const struct zinc_region_info *region, struct stream_info *info);
/* stream_print() - lines for 'zinc stat' */
void stream_print(const struct stream_info *info);
/* stream_json() - the member "stream"; null where @info is NULL */
void stream_json(struct json *json, const struct stream_info *info);

/* ---- stream_write.c, stream_read.c ---------------------------------------- */

/*
 * struct stream_source - for write_stream()
 * @bytes: of a frame
 * @slot_size: of the stream
 * @patience_ns: how long a registered reader may hold the stream
 * @readers: registered ones that are waited for before the first frame
 */
struct stream_source {
	struct zinc_stream_format format;
	uint64_t bytes;
	uint32_t slots;
	uint64_t patience_ns;
	uint64_t readers;
	struct zinc_options options;
};

/* write_stream() - each frame of @fd, which is @file, into a stream of its own */
int write_stream(const char *name, const char *file, int fd,
		 const struct stream_source *source);

/*
 * struct stream_follow - for follow_stream()
 * @flags: of zinc_stream_open()
 * @raw: with the padding, and whatever the format becomes
 * @again: the next writer's stream, once one has ended
 * @count: frames; 0: no end
 * @timeout_ns: for each frame; UINT64_MAX: none
 */
struct stream_follow {
	uint32_t flags;
	bool raw;
	bool again;
	uint64_t count;
	uint64_t timeout_ns;
};

#define STREAM_CHANGED	4	/* exit status of follow_stream() */

/* follow_stream() - frames to standard output; Return: an exit status */
int follow_stream(const char *name, const struct stream_follow *follow);

/* ---- stream_guard.c: after SIGKILL ----------------------------------------- */

/*
 * guard_name() - have a process remove @name if this one is killed
 *
 * On POSIX shared memory nobody else would. Before the name is created.
 * Return: for unguard_name()
 */
struct guard {
	pid_t pid;
	int fd;
};

struct guard guard_name(const char *name);
void unguard_name(const struct guard *guard);

#endif /* ZINC_CLI_STREAM_H */
