// SPDX-License-Identifier: GPL-2.0-only
/*
 * read NAME: a stream's frames to standard output, every one of them, by a program
 * that knows zinc-stream.h alone
 */
#include <err.h>
#include <stdlib.h>

#include "zinc-stream.h"

/* Video of one plane, four bytes a pixel, row by row: there may be padding */
static void put(const struct zinc_stream_reader *reader, const struct zinc_stream_view *view)
{
	const char *rows = (const char *)view->data + reader->format.offset[0];
	uint32_t y;

	for (y = 0; y < reader->format.height; y++)
		fwrite(rows + (size_t)y * reader->format.stride[0], reader->format.width * 4, 1,
		       stdout);
}

int main(int argc, char **argv)
{
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	int error;

	if (argc != 2)
		errx(2, "usage: read NAME");
	error = zinc_stream_open(&reader, argv[1], ZINC_STREAM_REGISTER, ZINC_DEADLINE_NEVER);
	if (error)
		errx(1, "%s: %s", argv[1], zinc_strerror(error));
	if (reader.format.kind != ZINC_STREAM_VIDEO ||
	    reader.format.fourcc != ZINC_STREAM_FOURCC('X', 'R', '2', '4'))
		errx(1, "%s: expected video of format XR24", argv[1]);
	while (!(error = zinc_stream_next(&reader, &view, ZINC_DEADLINE_NEVER))) {
		put(&reader, &view);
		if (zinc_stream_done(&reader, &view))
			errx(1, "frame %llu was overwritten",
			     (unsigned long long)view.frame.number);
	}
	if (error != -EPIPE)
		errx(1, "%s: %s", argv[1], zinc_strerror(error));
	zinc_stream_close(&reader);
	return fflush(stdout) ? 1 : 0;
}
