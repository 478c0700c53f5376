// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remove what a turn has left: a turn that was killed, or one with regions of
 * POSIX shared memory, which outlive their process. All its names contain its
 * number.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "turn.h"

#define SHM	"/dev/shm"

static void tidy_regions(const char *prefix)
{
	struct zinc_region_info *list;
	size_t count, i;

	if (zinc_list(&list, &count, sizeof(*list)))
		return;
	for (i = 0; i < count; i++)
		if (!strncmp(list[i].name, prefix, strlen(prefix)))
			zinc_unlink(list[i].name);
	zinc_list_free(list);
}

static void tidy_objects(const char *prefix)
{
	DIR *dir = opendir(SHM);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

/**
 * bench_tidy() - take away what a turn has left
 * @turn: its process, which has ended
 */
void bench_tidy(pid_t turn)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "bench-%d-", turn);
	tidy_regions(prefix);
	tidy_objects(prefix);
}
