// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that others can map: make, map, touch each page, and give it back. A
 * peer is measured page by page and, where that is faster, populated by mmap().
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

/* Write to each page, which has to be zero, and read it again. */
static void touch(const struct bench_turn *turn, uint8_t *data)
{
	size_t size = turn->what->size;
	uint64_t sum = 0;
	size_t at;

	for (at = 0; at < size; at += PAGE) {
		if (data[at] || data[at + PAGE - 1])
			bench_fail("byte %zu is not zero", at);
		data[at] = (uint8_t)(at / PAGE % 251);
	}
	if (turn->spoil)
		data[0] ^= 1;
	for (at = 0; at < size; at += PAGE)
		sum += data[at] == (uint8_t)(at / PAGE % 251);
	if (sum != size / PAGE)
		bench_fail("%zu pages of %zu have what was written",
			   (size_t)sum, size / PAGE);
}

static void once_zinc(struct bench_turn *turn)
{
	zinc_handle region;
	int err = zinc_create(bench_name("create"), turn->what->size, &region);

	if (err == -ENOMEM || err == -ENOSPC)
		bench_skip("%s", zinc_strerror(err));
	bench_zinc(err);
	touch(turn, zinc_ptr(region));
	zinc_close(region);
}

static void once_zinc_lazy(struct bench_turn *turn)
{
	struct zinc_options options = { .size = sizeof(options), .flags = ZINC_LAZY };
	zinc_handle region;

	bench_zinc(zinc_create_with(bench_name("create"), turn->what->size, &options,
				    &region));
	touch(turn, zinc_ptr(region));
	zinc_close(region);
}

static void use(struct bench_turn *turn, int fd, int flags)
{
	uint8_t *data = memory_map(fd, turn->what->size, flags);

	touch(turn, data);
	munmap(data, turn->what->size);
	close(fd);
}

static void once_shm(struct bench_turn *turn)
{
	use(turn, memory_shm(turn->what->size), 0);
}

static void once_shm_populate(struct bench_turn *turn)
{
	use(turn, memory_shm(turn->what->size), MAP_POPULATE);
}

static void once_memfd(struct bench_turn *turn)
{
	use(turn, memory_memfd(turn->what->size, 0), 0);
}

static void once_memfd_populate(struct bench_turn *turn)
{
	use(turn, memory_memfd(turn->what->size, 0), MAP_POPULATE);
}

static void once_hugetlb(struct bench_turn *turn)
{
	use(turn, memory_memfd(turn->what->size, MFD_HUGETLB), 0);
}

/* mapped as the dma-buf, which is what a device would share */
static void once_udmabuf(struct bench_turn *turn)
{
	int fd = memory_memfd(turn->what->size, MFD_ALLOW_SEALING);
	int dmabuf = memory_udmabuf(fd, turn->what->size);

	close(fd);
	use(turn, dmabuf, 0);
}

static void run(struct bench_turn *turn)
{
	void (*const *once)(struct bench_turn *turn) = turn->contender->data;
	uint64_t begin;
	size_t n;

	for (n = 0; n < turn->count; n++) {
		begin = bench_now();
		(*once)(turn);
		bench_add(0, (double)(bench_now() - begin));
	}
}

static void (*const zinc)(struct bench_turn *turn) = once_zinc;
static void (*const zinc_lazy)(struct bench_turn *turn) = once_zinc_lazy;
static void (*const shm)(struct bench_turn *turn) = once_shm;
static void (*const shm_populate)(struct bench_turn *turn) = once_shm_populate;
static void (*const memfd)(struct bench_turn *turn) = once_memfd;
static void (*const memfd_populate)(struct bench_turn *turn) = once_memfd_populate;
static void (*const hugetlb)(struct bench_turn *turn) = once_hugetlb;
static void (*const udmabuf)(struct bench_turn *turn) = once_udmabuf;

static const struct bench_contender contenders[] = {
	{ "zinc", run, &zinc },
	{ "zinc, lazy", run, &zinc_lazy },
	{ "shm_open", run, &shm },
	{ "shm_open, populated", run, &shm_populate },
	{ "memfd", run, &memfd },
	{ "memfd, populated", run, &memfd_populate },
	{ "memfd, hugetlb", run, &hugetlb },
	{ "memfd + udmabuf", run, &udmabuf },
	{}
};

static const struct bench_case cases[] = {
	{ "4 KiB", 4 * KIB, 200, 9, BENCH_ONE },
	{ "2 MiB", 2 * MIB, 20, 9, BENCH_ONE },
	{ "256 MiB", 256 * MIB, 1, 5, BENCH_ONE },
	{ "1 GiB", GIB, 1, 3, BENCH_ONE, true },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "create", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
