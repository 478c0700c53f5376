// SPDX-License-Identifier: MIT
/*
 * Check whether there is memory for an object. A tmpfs may be as large as all
 * memory, so a process that fills it beyond the free memory gets no error: the OOM
 * killer ends it or another process. The same holds for each memory cgroup of the
 * caller, so all visible ones are checked first.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock/internal.h"
#include "backend/shm.h"

/* Smaller objects are not checked: any allocation could exceed the limit. */
#define SMALL		((uint64_t)64 << 10)
/* Page tables and the index of the page cache are charged, too. */
#define OVERHEAD(size)	((size) / 128 + SMALL)
#define UNLIMITED	UINT64_MAX

/**
 * struct controller - the memory controller of a version of control groups
 * @name: in the list of /proc/self/cgroup and in a mount's options
 * @type: of its file system
 * @limit: file with the limit
 * @usage: file with what is in use
 * @swap_limit: likewise
 * @swap_usage: likewise
 * @swap_is_sum: those two are of memory and swap together
 */
struct controller {
	const char *name;
	const char *type;
	const char *limit;
	const char *usage;
	const char *swap_limit;
	const char *swap_usage;
	bool swap_is_sum;
};

static const struct controller controllers[] = {
	{ "", "cgroup2", "memory.max", "memory.current", "memory.swap.max",
	  "memory.swap.current", false },
	{ "memory", "cgroup", "memory.limit_in_bytes",
	  "memory.usage_in_bytes", "memory.memsw.limit_in_bytes",
	  "memory.memsw.usage_in_bytes", true },
};

static char *read_file(const char *folder, const char *file)
{
	char path[PATH_MAX], *text;
	size_t length;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >=
	    (int)sizeof(path) || zinc_read_whole(path, &text, &length))
		return NULL;
	return text;
}

/* The number after @key; 0 without @key */
static uint64_t number_after(const char *text, const char *key)
{
	const char *found = text ? strstr(text, key) : NULL;

	return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

/* The number in a file; @missing if there is none or it is "max" */
static uint64_t number_in(const char *folder, const char *file,
			  uint64_t missing)
{
	char *text = read_file(folder, file), *end = text;
	uint64_t number = text ? strtoull(text, &end, 10) : 0;

	if (end == text)
		number = missing;
	free(text);
	return number;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UNLIMITED - b ? UNLIMITED : a + b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t difference(uint64_t limit, uint64_t usage)
{
	if (limit == UNLIMITED)
		return UNLIMITED;
	return limit > usage ? limit - usage : 0;
}

/* The memory left in a cgroup. Page cache is reclaimed before the OOM killer runs. */
static uint64_t left_in(const char *folder, const struct controller *c,
			uint64_t swap)
{
	uint64_t limit = number_in(folder, c->limit, UNLIMITED);
	uint64_t files, left, more;
	char *stat;

	if (limit == UNLIMITED)
		return UNLIMITED;
	stat = read_file(folder, "memory.stat");
	files = number_after(stat, "\ninactive_file ") +
		number_after(stat, "\nactive_file ");
	free(stat);
	left = sum(difference(limit, number_in(folder, c->usage, 0)), files);
	more = difference(number_in(folder, c->swap_limit, UNLIMITED),
			  number_in(folder, c->swap_usage, 0));
	if (!c->swap_is_sum)
		return sum(left, smaller(more, swap));
	return smaller(sum(left, swap), sum(more, files));
}

/* Return: whether @word is in a comma-separated list; "" is in the empty list. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	if (!length)
		return !*list;
	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, word, length) &&
		    (!list[length] || list[length] == ','))
			return true;
	}
	return false;
}

/* The caller's cgroup: the parts of a line "HIERARCHY:CONTROLLERS:PATH" */
static char *find_group(char *text, const struct controller *c)
{
	char *line, *list;

	while ((line = strsep(&text, "\n"))) {
		strsep(&line, ":");
		list = strsep(&line, ":");
		if (line && has_word(list, c->name))
			return line;
	}
	return NULL;
}

/* The parts of a line of mountinfo that are used */
struct group_mount {
	char *root;
	char *point;
};

/* Parse a mount point: "ID PARENT DEVICE ROOT POINT ... - TYPE SOURCE OPTIONS" */
static bool find_mount(char *text, const struct controller *c,
		       struct group_mount *mount)
{
	char *line, *rest, *type;

	while ((line = strsep(&text, "\n"))) {
		rest = strstr(line, " - ");
		if (!rest)
			continue;
		rest += strlen(" - ");
		type = strsep(&rest, " ");
		strsep(&rest, " ");
		if (!rest || strcmp(type, c->type) ||
		    (*c->name && !has_word(rest, c->name)))
			continue;
		strsep(&line, " ");
		strsep(&line, " ");
		strsep(&line, " ");
		mount->root = strsep(&line, " ");
		mount->point = strsep(&line, " ");
		return mount->point;
	}
	return false;
}

/* The part of @group below the mounted root; "" if it is elsewhere */
static const char *below(const char *group, const char *root)
{
	size_t length = strcmp(root, "/") ? strlen(root) : 0;

	if (strncmp(group, root, length) || strstr(group, "/.."))
		return "";
	group += length;
	return !*group || *group == '/' ? group : "";
}

/* From the caller's cgroup upwards, as far as it is visible */
static uint64_t left_by(const struct controller *c, char *groups, char *mounts,
			const char *prefix, uint64_t swap)
{
	const char *group = find_group(groups, c);
	struct group_mount mount;
	uint64_t left = UNLIMITED;
	char folder[PATH_MAX];
	size_t top;
	int n;

	if (!group || !find_mount(mounts, c, &mount))
		return UNLIMITED;
	n = snprintf(folder, sizeof(folder), "%s%s%s", prefix, mount.point,
		     below(group, mount.root));
	if (n >= (int)sizeof(folder))
		return UNLIMITED;
	top = strlen(prefix) + strlen(mount.point);
	for (;;) {
		left = smaller(left, left_in(folder, c, swap));
		if (strlen(folder) <= top)
			return left;
		*strrchr(folder, '/') = '\0';
	}
}

/**
 * zinc_memory_left() - get the memory available before the OOM killer runs
 * @prefix: of all paths; empty except in tests
 *
 * Return: bytes, as far as can be seen; UINT64_MAX if nothing says how many.
 */
uint64_t zinc_memory_left(const char *prefix)
{
	uint64_t left, swap, available;
	char proc[PATH_MAX];
	char *text;
	size_t i;

	if (snprintf(proc, sizeof(proc), "%s/proc", prefix) >=
	    (int)sizeof(proc))
		return UNLIMITED;
	text = read_file(proc, "meminfo");
	available = number_after(text, "\nMemAvailable:") << 10;
	swap = number_after(text, "\nSwapFree:") << 10;
	free(text);
	left = available ? available + swap : UNLIMITED;
	for (i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		char *groups = read_file(proc, "self/cgroup");
		char *mounts = read_file(proc, "self/mountinfo");

		if (groups && mounts)
			left = smaller(left, left_by(&controllers[i], groups,
						     mounts, prefix, swap));
		free(groups);
		free(mounts);
	}
	return left;
}

/**
 * zinc_memory_allows() - check whether an object fits into memory
 * @size: bytes
 *
 * Return: whether there is memory for it.
 */
bool zinc_memory_allows(uint64_t size)
{
	int saved = errno;
	bool allows = size < SMALL ||
		      zinc_memory_left("") >= sum(size, OVERHEAD(size));

	errno = saved;
	return allows;
}
