// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows how far a stream is, from a read-only handle, until it has FRAMES.
 *
 * usage: progress NAME FRAMES
 */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream.h"
#include "zinc.h"

#define PATIENCE_S	60	/* without a new frame */

static void show(uint64_t frame, uint64_t frames)
{
	bool terminal = isatty(STDERR_FILENO);

	fprintf(stderr, "%s  frame %4" PRIu64 " of %" PRIu64 "%s",
		terminal ? "\r" : "", frame, frames,
		terminal && frame < frames ? "" : "\n");
}

int main(int argc, char **argv)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_RDONLY,
	};
	struct stream *stream;
	int patience = PATIENCE_S * 20;
	uint64_t shown = 0;
	uint64_t frames;
	zinc_handle region;
	uint64_t frame;
	int ret;

	if (argc != 3)
		errx(2, "usage: progress NAME FRAMES");
	frames = strtoull(argv[2], NULL, 0);
	do {
		ret = zinc_open_with(argv[1], &options, &region);
	} while ((ret == -ENOENT || ret == -EBADMSG) && patience-- &&
		 !usleep(50000));
	if (ret)
		errx(1, "cannot open region %s: %s", argv[1],
		     zinc_strerror(ret));
	stream = (struct stream *)zinc_ptr(region);

	do {
		ret = zinc_wait(region, PATIENCE_S * 1000);
		if (ret)
			errx(1, "no frame in %d s: %s", PATIENCE_S,
			     zinc_strerror(ret));
		frame = atomic_load(&stream->latest);
		if (frame >= frames || frame >= shown + frames / 10) {
			shown = frame < frames ? frame : frames;
			show(shown, frames);
		}
	} while (frame < frames);

	zinc_close(region);
	return 0;
}
