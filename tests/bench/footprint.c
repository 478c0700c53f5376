// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of an idle region of one page, with its handle open and its data
 * mapped and touched: the kernel's memory beyond the page itself, and the
 * process's allocations. It counts the machine's free memory, so that nothing
 * else may run.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "memory.h"

#define OBJECTS	4000

struct usage {
	double free;
	double slab;
	double user;
};

static double meminfo(const char *what)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	double kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, what, strlen(what)))
			kib = atof(line + strlen(what));
	if (file)
		fclose(file);
	return kib * 1024;
}

static struct usage look(void)
{
	struct usage usage;

	sync();
	bench_write_file("/proc/sys/vm/drop_caches", 3);
	usleep(100000);		/* what RCU frees */
	usage.free = meminfo("MemFree:");
	usage.slab = meminfo("Slab:");
	usage.user = (double)mallinfo2().uordblks;
	return usage;
}

static void need_room(void)
{
	struct rlimit limit = { OBJECTS + 100, OBJECTS + 100 };

	if (geteuid() || !getenv("ZINC_BENCH_PREPARE"))
		bench_skip("others use this machine's memory");
	if (setrlimit(RLIMIT_NOFILE, &limit))
		bench_skip("no %d descriptors", OBJECTS);
}

static void make_zinc(size_t n)
{
	char name[32];
	zinc_handle region;

	snprintf(name, sizeof(name), "%zu", n);
	bench_zinc(zinc_create(bench_name(name), PAGE, &region));
	*zinc_ptr(region) = 1;
}

static void make_memfd(size_t n)
{
	(void)n;
	*memory_map(memory_memfd(PAGE, 0), PAGE, 0) = 1;
}

static void make_shm(size_t n)
{
	(void)n;
	*memory_map(memory_shm(PAGE), PAGE, 0) = 1;
}

/* They go with the process. */
static void run(struct bench_turn *turn)
{
	void (*const *make)(size_t n) = turn->contender->data;
	struct usage before, after;
	size_t n;

	need_room();
	before = look();
	for (n = 0; n < OBJECTS; n++)
		(*make)(n);
	after = look();
	bench_add(0, (before.free - after.free) / OBJECTS - (double)PAGE);
	bench_add(1, (after.slab - before.slab) / OBJECTS);
	bench_add(2, (after.user - before.user) / OBJECTS);
}

static void (*const zinc)(size_t n) = make_zinc;
static void (*const memfd)(size_t n) = make_memfd;
static void (*const shm)(size_t n) = make_shm;

static const struct bench_contender contenders[] = {
	{ "zinc", run, &zinc },
	{ "memfd", run, &memfd },
	{ "shm_open", run, &shm },
	{}
};

static const struct bench_case cases[] = {
	{ "an idle region", PAGE, 1, 3, BENCH_ONE },
	{}
};

static const struct bench_series series[] = {
	{ "kernel, beyond the data", "bytes" },
	{ "of it slab", "bytes" },
	{ "user, a handle", "bytes" },
	{}
};

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "memory", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
