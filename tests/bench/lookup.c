// SPDX-License-Identifier: GPL-2.0-only
/*
 * To open by name, map, and close, where there are few names and where there are
 * many. All are of one page, which only Zinc puts a header into.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

static pid_t owner;

static const char *name_of(size_t n, const char *before)
{
	static char name[64];

	snprintf(name, sizeof(name), "%sbench-%d-%zu", before, owner, n);
	return name;
}

/* Names in no order, each as often as any other */
static size_t pick(size_t i, size_t count)
{
	return i * 7919 % count;
}

static void make_zinc(size_t count)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_LAZY,	/* the data are not accessed */
		.lifetime = ZINC_LIFETIME_PERSIST,
	};
	zinc_handle region;
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		err = zinc_create_with(name_of(i, ""), PAGE, &options, &region);
		if (err == -EDQUOT || err == -ENOSPC || err == -ENOMEM) {
			while (i)
				zinc_unlink(name_of(--i, ""));
			bench_skip("%s", zinc_strerror(err));
		}
		bench_zinc(err);
		zinc_close(region);
	}
}

static void open_zinc(const struct bench_turn *turn, size_t n)
{
	zinc_handle region;

	bench_zinc(zinc_open(name_of(n, ""), &region));
	if (zinc_capacity(region) != PAGE + turn->spoil)
		bench_fail("region %zu has another size", n);
	zinc_close(region);
}

static void remove_zinc(size_t count)
{
	while (count)
		bench_zinc(zinc_unlink(name_of(--count, "")));
}

static void make_shm(size_t count)
{
	size_t i;
	int fd;

	for (i = 0; i < count; i++) {
		fd = shm_open(name_of(i, "/"), O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd < 0) {
			while (i)
				shm_unlink(name_of(--i, "/"));
			bench_skip("shm_open: %s", strerror(errno));
		}
		bench_must(ftruncate(fd, (off_t)PAGE));
		close(fd);
	}
}

/* a process that opens the object has to query its size */
static void open_shm(const struct bench_turn *turn, size_t n)
{
	int fd = bench_fd(shm_open(name_of(n, "/"), O_RDWR, 0));
	struct stat st;
	uint8_t *data;

	bench_must(fstat(fd, &st));
	if ((size_t)st.st_size != PAGE + turn->spoil)
		bench_fail("object %zu has another size", n);
	data = memory_map(fd, (size_t)st.st_size, 0);
	munmap(data, (size_t)st.st_size);
	close(fd);
}

static void remove_shm(size_t count)
{
	while (count)
		bench_must(shm_unlink(name_of(--count, "/")));
}

struct way {
	void (*make)(size_t count);
	void (*open)(const struct bench_turn *turn, size_t n);
	void (*remove)(size_t count);
};

static const struct way by_zinc = { make_zinc, open_zinc, remove_zinc };
static const struct way by_shm = { make_shm, open_shm, remove_shm };

static void run(struct bench_turn *turn)
{
	const struct way *way = turn->contender->data;
	size_t names = turn->what->size;
	uint64_t begin;
	size_t i;

	owner = getpid();
	way->make(names);
	for (i = 0; i < turn->count; i++) {
		begin = bench_now();
		way->open(turn, pick(i, names));
		bench_add(0, (double)(bench_now() - begin));
	}
	way->remove(names);
}

static const struct bench_contender contenders[] = {
	{ "zinc", run, &by_zinc },
	{ "shm_open", run, &by_shm },
	{}
};

static const struct bench_case cases[] = {
	{ "10 names", 10, 2000, 9, BENCH_ONE },
	{ "1,000 names", 1000, 2000, 9, BENCH_ONE },
	{ "100,000 names", 100000, 2000, 1, BENCH_ONE, true },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "open + close", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
