// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into the test programs, with -Wl,--wrap=fopen, if a sanitizer maps its
 * own memory at any time: /proc/self/maps then shows only shared mappings, so
 * that the tests that count mappings count those of regions.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

/* "55d0c0a0000-55d0c0a1000 rw-s 00000000 00:19 4 /dev/shm/zinc_a" */
static int is_shared(const char *line)
{
	const char *flags = strchr(line, ' ');

	return flags && strnlen(flags, 5) == 5 && flags[4] == 's';
}

static FILE *shared_only(FILE *maps)
{
	FILE *kept = fdopen(memfd_create("maps", MFD_CLOEXEC), "w+");
	char *line = NULL;
	size_t room = 0;

	while (kept && getline(&line, &room, maps) > 0) {
		if (is_shared(line))
			fputs(line, kept);
	}
	free(line);
	fclose(maps);
	if (kept)
		rewind(kept);
	return kept;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	FILE *file = __real_fopen(path, mode);

	return file && !strcmp(path, "/proc/self/maps") ? shared_only(file) :
							  file;
}
