// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's own part of a notify with the module while no process waits. It
 * makes no system call, so that it can be measured on a real processor, without
 * the module. The header is ordinary memory.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "backend/backend.h"
#include "batch.h"

static uint32_t *page(void)
{
	void *p = mmap(NULL, 4 * KIB, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bench_fail("no memory");
	return p;
}

static void run_zinc(struct bench_turn *turn)
{
	static const struct zinc_options none;
	struct zinc_region *region = zinc_region_new(&zinc_kmod_ops, "fastpath",
						     &none);

	if (!region)
		bench_fail("no memory");
	region->header = (struct zinc_header *)page();
	MEASURE(turn, zinc_notify(region));
	check_batches(turn, zinc_sequence(region));
	munmap(region->header, 4 * KIB);
	free(region);
}

static void run_add(struct bench_turn *turn)
{
	uint32_t *word = page();

	MEASURE(turn, __atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST));
	check_batches(turn, *word);
	munmap(word, 4 * KIB);
}

static const struct bench_contender contenders[] = {
	{ "zinc", run_zinc },
	{ "atomic add", run_add },
	{}
};

static const struct bench_case cases[] = {
	{ "the library's part", 0, 200, 21, BENCH_ONE },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "notify, fast path", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
