// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs on disk: as text, to be kept; and as numbers, where they are put
 * down before they are run, which happens all the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

#define PENDING_MAGIC	0x444e45504e495a31ULL
#define PENDING_MAX	(1UL << 18)

void die(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

static size_t size_of(const struct program *p)
{
	return offsetof(struct program, call) + p->count * sizeof(p->call[0]);
}

static uint64_t hash_program(const struct program *p)
{
	const uint8_t *b = (const uint8_t *)p;
	uint64_t h = 0xcbf29ce484222325ULL;
	size_t n = size_of(p);

	while (n--)
		h = (h ^ *b++) * 0x100000001b3ULL;
	return h;
}

void name_program(char *path, size_t size, const char *dir, const char *prefix,
		  const struct program *p)
{
	snprintf(path, size, "%s/%s%016lx", dir, prefix, hash_program(p));
}

void save_programs(const char *path, const struct program *p, unsigned int count)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path);
	for (; count; count--, p++) {
		print_program(f, p, "", "\n");
		fputs("\n", f);
	}
	if (fflush(f) || fsync(fileno(f)))
		die(path);
	fclose(f);
}

/* ---- the programs about to run ---- */

static int pending = -1;

void pending_open(const char *dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/pending", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	pending = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	if (pending < 0)
		die(path);
	close(fd);
}

/*
 * On disk, in case the kernel dies with all that is in memory. Only the first
 * ones, if there is not enough room.
 */
void pending_write(const struct program *p, unsigned int count)
{
	static uint8_t image[PENDING_MAX];
	uint64_t magic = PENDING_MAGIC, all, begun = now_ns();
	size_t n = sizeof(magic) + sizeof(all);

	for (; count && n + size_of(p) <= sizeof(image); count--, p++) {
		memcpy(image + n, p, size_of(p));
		n += size_of(p);
	}
	all = n;
	memcpy(image, &magic, sizeof(magic));
	memcpy(image + sizeof(magic), &all, sizeof(all));
	if (pending >= 0 && pwrite(pending, image, n, 0) != (ssize_t)n)
		die("pending");
	add_cost(COST_PENDING, begun);
}

static bool is_valid(const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->count; i++)
		if (p->call[i].op >= ops_count || p->call[i].thread >= THREADS)
			return false;
	return true;
}

static bool read_pending(FILE *f, struct program *p, uint64_t *left)
{
	size_t head = offsetof(struct program, call);

	memset(p, 0, sizeof(*p));
	if (*left < head || fread(p, head, 1, f) != 1 || p->count > MAX_CALLS ||
	    fread(p->call, sizeof(p->call[0]), p->count, f) != p->count)
		return false;
	*left -= size_of(p);
	return is_valid(p);
}

unsigned int for_programs(const char *path,
			  void (*call)(const struct program *p))
{
	FILE *f = fopen(path, "r");
	uint64_t head[2] = { 0 };
	unsigned int n = 0;
	struct program p;
	bool numbers;

	if (!f)
		die(path);
	numbers = fread(head, sizeof(head), 1, f) == 1 && head[0] == PENDING_MAGIC;
	if (numbers)
		head[1] -= sizeof(head);
	else
		rewind(f);
	while (numbers ? read_pending(f, &p, &head[1]) : parse_program(f, &p)) {
		n++;
		call(&p);
	}
	fclose(f);
	return n;
}
