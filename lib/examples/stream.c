// SPDX-License-Identifier: MIT
/*
 * A video stream between programs that share nothing but its name:
 *
 *	stream write NAME [FRAMES]	640 x 480 pixels, 30 frames a second
 *	stream read NAME		the newest frames, until the writer ends
 *
 *	cc -O2 stream.c -o stream $(pkg-config --cflags --libs zinc-kmod)
 *
 * Either can be started first. The reader maps the frames read-only and cannot
 * stop the writer.
 */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zinc-stream.h>

#define WIDTH	640
#define HEIGHT	480
#define SLOTS	4
#define FRAME_NS 33333333

static void must(int error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, zinc_strerror(error));
}

/* A white bar that moves to the right */
static void paint(uint32_t *pixels, uint64_t number)
{
	uint32_t x, y;

	for (y = 0; y < HEIGHT; y++)
		for (x = 0; x < WIDTH; x++)
			pixels[y * WIDTH + x] = x / 16 == number % (WIDTH / 16) ?
						0xffffff : 0x204060;
}

static void write_frames(const char *name, uint64_t frames)
{
	const struct timespec pause = { .tv_nsec = FRAME_NS };
	struct zinc_stream_writer writer;
	struct zinc_stream_format format;
	uint64_t size, i;
	void *data;

	size = zinc_stream_video(&format, ZINC_STREAM_FOURCC('X', 'R', '2', '4'),
				 WIDTH, HEIGHT);
	format.rate_num = 30;
	format.rate_den = 1;
	must(zinc_stream_create(&writer, name, &format, SLOTS, size, NULL), name);
	for (i = 0; i < frames; i++) {
		/* no reader is registered, so there is no wait */
		must(zinc_stream_begin(&writer, ZINC_DEADLINE_NEVER, &data), "begin");
		paint(data, i);
		must(zinc_stream_commit(&writer, NULL), "commit");
		nanosleep(&pause, NULL);
	}
	zinc_stream_end(&writer);
}

/* The bar's column, from the frame itself; no copy is made */
static uint32_t find_bar(const uint32_t *pixels)
{
	uint32_t x;

	for (x = 0; x < WIDTH; x++)
		if (pixels[x] == 0xffffff)
			return x;
	return WIDTH;
}

static void read_frames(const char *name)
{
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	uint64_t frames = 0;
	int error;

	must(zinc_stream_open(&reader, name, ZINC_STREAM_NEWEST, ZINC_DEADLINE_NEVER), name);
	if (reader.format.kind != ZINC_STREAM_VIDEO || reader.format.width != WIDTH ||
	    reader.format.stride[0] != WIDTH * 4)
		errx(1, "%s: expected %d pixels of 4 bytes a row", name, WIDTH);
	while (!(error = zinc_stream_next(&reader, &view, ZINC_DEADLINE_NEVER))) {
		uint32_t bar = find_bar(view.data);

		/* what was read from an overwritten frame means nothing */
		if (zinc_stream_done(&reader, &view))
			continue;
		printf("frame %" PRIu64 ": bar at %" PRIu32 "\n", view.frame.number, bar);
		frames++;
	}
	if (error != -EPIPE)
		must(error, "next");
	printf("the writer has ended: %" PRIu64 " frames seen, %" PRIu64 " lost\n", frames,
	       reader.lost);
	zinc_stream_close(&reader);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "write"))
		write_frames(argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 300);
	else if (argc == 3 && !strcmp(argv[1], "read"))
		read_frames(argv[2]);
	else
		errx(2, "usage: stream write NAME [FRAMES] | stream read NAME");
	return 0;
}
