// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream whose frames come from standard input:
 *
 *	writer NAME WIDTHxHEIGHT FORMAT SLOTS
 *
 * A line on standard output for each frame that it has written. Stays when the
 * input has ended, until it is killed.
 */
#include <err.h>
#include <stdlib.h>
#include <zinc-stream.h>

int main(int argc, char **argv)
{
	struct zinc_stream_writer writer;
	struct zinc_stream_format format;
	unsigned int width, height;
	uint64_t size, slots;
	const char *code;
	void *data;
	int err;

	if (argc != 5 || sscanf(argv[2], "%ux%u", &width, &height) != 2 || strlen(argv[3]) != 4)
		errx(2, "usage: writer NAME WIDTHxHEIGHT FORMAT SLOTS");
	code = argv[3];
	slots = strtoull(argv[4], NULL, 10);
	size = zinc_stream_video(&format, ZINC_STREAM_FOURCC(code[0], code[1], code[2], code[3]),
				 width, height);
	/* "none": a tensor of that size */
	if (!size)
		size = zinc_stream_tensor(&format, ZINC_STREAM_UINT, 8, 2,
					  (uint64_t[]){ height, width });
	err = zinc_stream_create(&writer, argv[1], &format, slots, size, NULL);
	if (err)
		errx(1, "%s: %s", argv[1], zinc_strerror(err));
	while (!zinc_stream_begin(&writer, ZINC_DEADLINE_NEVER, &data) &&
	       fread(data, 1, size, stdin) == size) {
		err = zinc_stream_commit(&writer, NULL);
		if (err)
			errx(1, "%s: %s", argv[1], zinc_strerror(err));
		printf("%llu\n", (unsigned long long)writer.number);
		fflush(stdout);
	}
	for (;;)
		pause();
}
