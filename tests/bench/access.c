// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to allocated memory: sequential, and at random words. The cases
 * differ in the size of the mapped pages.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#define SIZE		(256 * MIB)
#define WORDS		(SIZE / sizeof(uint64_t))
#define LOOKS		((size_t)1 << 18)
#define PASSES		4	/* of a turn, which has to make the memory first */

static void fill(const struct bench_turn *turn, uint64_t *word)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		word[i] = i;
	word[WORDS / 2] ^= turn->spoil;
}

static void read_all(const uint64_t *word)
{
	uint64_t begin = bench_now();
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < WORDS; i++)
		sum += word[i];
	bench_add(0, (double)(bench_now() - begin));
	if (sum != (uint64_t)WORDS * (WORDS - 1) / 2)
		bench_fail("what was read is not what was written");
}

/* The next address depends on the value read, so that the accesses do not overlap. */
static void read_some(const uint64_t *word)
{
	uint64_t begin = bench_now();
	uint64_t at = 1;
	uint64_t found;
	size_t i;

	for (i = 0; i < LOOKS; i++) {
		found = word[at];
		if (found != at)
			bench_fail("word %llu has another value", (unsigned long long)at);
		at = (found * 6364136223846793005ULL + 1442695040888963407ULL + i) >> 20 &
		     (WORDS - 1);
	}
	bench_add(1, (double)(bench_now() - begin) / (double)LOOKS);
}

static void measure(struct bench_turn *turn, uint64_t *word)
{
	size_t n;

	fill(turn, word);
	for (n = 0; n < turn->count; n++) {
		read_all(word);
		read_some(word);
	}
}

static void run_zinc(struct bench_turn *turn)
{
	zinc_handle region;

	bench_zinc(zinc_create(bench_name("access"), SIZE, &region));
	measure(turn, (uint64_t *)zinc_ptr(region));
	zinc_close(region);
}

static void run_shm(struct bench_turn *turn)
{
	measure(turn, (uint64_t *)memory_map(memory_shm(SIZE), SIZE, 0));
}

static void run_memfd(struct bench_turn *turn)
{
	measure(turn, (uint64_t *)memory_map(memory_memfd(SIZE, 0), SIZE, 0));
}

static void run_hugetlb(struct bench_turn *turn)
{
	int fd = memory_memfd(SIZE, MFD_HUGETLB);

	measure(turn, (uint64_t *)memory_map(fd, SIZE, 0));
}

static const struct bench_contender contenders[] = {
	{ "zinc", run_zinc },
	{ "shm_open", run_shm },
	{ "memfd", run_memfd },
	{ "memfd, hugetlb", run_hugetlb },
	{}
};

static const struct bench_case cases[] = {
	{ "256 MiB", SIZE, PASSES, 5, BENCH_ONE },
	{}
};

static const struct bench_series series[] = {
	{ "sequential", "ns" }, { "random", "ns" }, {}
};

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "access", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
