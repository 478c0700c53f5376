// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage of the module: KCOV, whose edges are calls that the compiler put
 * into every basic block. The maps are shared with the processes that replace
 * one that died.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "program.h"

#define KCOV		"/sys/kernel/debug/kcov"
#define RECORDS		(1UL << 16)
#define TEXT_MAX	(1U << 20)
#define PAIRS		(1U << 16)
#define FRESH_MAX	256
#define LINK_BASE	0xffffffff81000000UL	/* of _text without KASLR */

static struct {
	bool site[TEXT_MAX];
	bool seen[TEXT_MAX];	/* by offset in the module's text */
	bool pair[PAIRS];	/* which edge came after which, hashed */
	unsigned int edges;
	unsigned int sites;
} *maps;

/* One per thread, and one for their children */
static struct {
	int fd;
	uint64_t *buf;
} kcov[THREADS + 1];

static uint64_t text, slide;
static enum cover_mode now;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t read_hex(const char *path)
{
	FILE *f = fopen(path, "r");
	uint64_t value = 0;

	if (!f)
		fail(path);
	if (fscanf(f, "%lx", &value) != 1)
		fprintf(stderr, "fuzz: %s holds no number\n", path);
	fclose(f);
	return value;
}

/* Call with each function of the module, and with _text; in no order */
static void for_symbols(void (*call)(FILE *to, uint64_t at, const char *name),
			FILE *to)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512], name[256], module[64];
	uint64_t at;
	char type;

	if (!f)
		fail("/proc/kallsyms");
	while (fgets(line, sizeof(line), f)) {
		module[0] = 0;
		if (sscanf(line, "%lx %c %255s %63s", &at, &type, name, module) < 3)
			continue;
		if (!strcmp(name, "_text") ||
		    (!strcmp(module, "[zinc]") && (type == 't' || type == 'T')))
			call(to, at, name);
	}
	fclose(f);
}

static void find_slide(FILE *to, uint64_t at, const char *name)
{
	(void)to;
	if (!strcmp(name, "_text"))
		slide = at - LINK_BASE;
}

/* Offsets of the call sites in .text, in hexadecimal */
static void read_sites(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long offset;

	if (!f)
		fail(path);
	while (fscanf(f, "%lx", &offset) == 1)
		if (offset < TEXT_MAX && !maps->site[offset]) {
			maps->site[offset] = true;
			maps->sites++;
		}
	fclose(f);
}

void cover_init(const char *sites)
{
	maps = mmap(NULL, sizeof(*maps), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (maps == MAP_FAILED)
		fail("mmap");
	text = read_hex("/sys/module/zinc/sections/.text");
	for_symbols(find_slide, NULL);
	if (sites)
		read_sites(sites);
}

void cover_open(unsigned int i)
{
	int fd = open(KCOV, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail(KCOV);
	/* out of the way of the descriptors under test */
	kcov[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 600);
	close(fd);
	if (ioctl(kcov[i].fd, KCOV_INIT_TRACE, RECORDS))
		fail("KCOV_INIT_TRACE");
	kcov[i].buf = mmap(NULL, RECORDS * sizeof(uint64_t),
			   PROT_READ | PROT_WRITE, MAP_SHARED, kcov[i].fd, 0);
	if (kcov[i].buf == MAP_FAILED)
		fail("mmap of kcov");
}

bool cover_is_on(void)
{
	return kcov[0].buf;
}

void cover_mode(enum cover_mode mode)
{
	now = mode;
}

void cover_start(unsigned int thread)
{
	uint64_t *buf = kcov[thread].buf;

	if (now == COVER_OFF || !buf)
		return;
	__atomic_store_n(buf, 0, __ATOMIC_RELAXED);
	ioctl(kcov[thread].fd, KCOV_ENABLE,
	      now == COVER_EDGES ? KCOV_TRACE_PC : KCOV_TRACE_CMP);
}

void cover_stop(unsigned int thread)
{
	if (now != COVER_OFF && kcov[thread].buf)
		ioctl(kcov[thread].fd, KCOV_DISABLE, 0);
}

/* Edges of the last run, and those of them that are new */
static uint32_t edge_run[TEXT_MAX], pair_run[PAIRS], run;
static uint32_t fresh[FRESH_MAX], goal[FRESH_MAX];
static unsigned int fresh_count, goal_count;

static void note_fresh(uint32_t what)
{
	if (fresh_count < FRESH_MAX)
		fresh[fresh_count++] = what;
}

static void see(uint64_t offset, uint64_t before)
{
	uint32_t pair = (before * 0x9e3779b1 ^ offset) % PAIRS;

	/* an address outside of .text, or one that a killed child wrote in part */
	if (offset >= TEXT_MAX || (maps->sites && !maps->site[offset]))
		return;
	edge_run[offset] = run;
	pair_run[pair] = run;
	if (!maps->pair[pair]) {
		maps->pair[pair] = true;
		note_fresh(TEXT_MAX + pair);
	}
	if (!maps->seen[offset]) {
		maps->seen[offset] = true;
		maps->edges++;
		note_fresh(offset);
	}
}

unsigned int cover_collect(void)
{
	uint64_t begun = now_ns();
	unsigned int t;
	uint64_t i, n;

	fresh_count = 0;
	run++;
	for (t = 0; t <= THREADS; t++) {
		uint64_t *buf = kcov[t].buf, before = 0, offset;

		if (!buf)
			continue;
		n = __atomic_exchange_n(buf, 0, __ATOMIC_RELAXED);
		for (i = 1; i <= n && i < RECORDS; i++) {
			offset = buf[i] + slide - text;
			see(offset, before);
			before = offset;
		}
	}
	add_cost(COST_COVER, begun);
	return fresh_count;
}

/* Edges that the last run reached first are edges for the next runs as well */
void cover_set_goal(void)
{
	memcpy(goal, fresh, sizeof(goal));
	goal_count = fresh_count;
}

/* Instead of cover_collect() */
bool cover_reaches_goal(void)
{
	unsigned int i;

	cover_collect();
	for (i = 0; i < goal_count; i++) {
		uint32_t g = goal[i];

		if ((g < TEXT_MAX ? edge_run[g] : pair_run[g - TEXT_MAX]) != run)
			return false;
	}
	return true;
}

unsigned int cover_comparisons(struct comparison *to, unsigned int room)
{
	uint64_t *buf = kcov[0].buf;
	uint64_t i, n = __atomic_exchange_n(buf, 0, __ATOMIC_RELAXED);
	unsigned int count = 0;

	for (i = 0; i < n && i * 4 + 4 < RECORDS && count < room; i++) {
		uint64_t *r = buf + 1 + i * 4;

		if (r[1] == r[2])
			continue;
		to[count].constant = r[0] & KCOV_CMP_CONST;
		to[count].size = 1 << ((r[0] & KCOV_CMP_MASK) >> 1);
		to[count].a = r[1];
		to[count].b = r[2];
		count++;
	}
	/* the others' are comparisons too */
	for (i = 1; i <= THREADS; i++)
		__atomic_store_n(kcov[i].buf, 0, __ATOMIC_RELAXED);
	return count;
}

unsigned int cover_edges(void)
{
	return maps->edges;
}

unsigned int cover_sites(void)
{
	return maps->sites;
}

/* ---- functions that never ran ---- */

static struct {
	uint64_t at;
	char name[64];
} function[2048];
static unsigned int functions;

static void keep_function(FILE *to, uint64_t at, const char *name)
{
	(void)to;
	if (at - text >= TEXT_MAX || functions == 2048)
		return;
	function[functions].at = at - text;
	snprintf(function[functions++].name, sizeof(function[0].name), "%s", name);
}

static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void cover_print_rest(FILE *to)
{
	unsigned int i, never = 0, all = 0;

	functions = 0;
	for_symbols(keep_function, NULL);
	qsort(function, functions, sizeof(function[0]), by_address);
	for (i = 0; i < functions; i++) {
		uint64_t end = i + 1 < functions ? function[i + 1].at : TEXT_MAX;
		unsigned int sites = 0, seen = 0;
		uint64_t o;

		for (o = function[i].at; o < end; o++) {
			sites += maps->site[o];
			seen += maps->seen[o];
		}
		if (!sites)
			continue;
		all++;
		if (seen == sites)
			continue;
		if (!seen)
			never++;
		fprintf(to, "%-10s %3u of %3u  %s\n", seen ? "in part" : "never",
			seen, sites, function[i].name);
	}
	fprintf(to, "%u of %u functions never ran\n", never, all);
}
