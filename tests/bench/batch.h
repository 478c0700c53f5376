/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations too short for the clock are measured in batches. */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include "bench.h"

#define BATCH	1000	/* in a sample */

/* Time @statement, in batches. */
#define MEASURE(turn, statement) do {						\
	size_t i_, j_;								\
	uint64_t begin_;							\
	for (i_ = 0; i_ < (turn)->count; i_++) {				\
		begin_ = bench_now();						\
		for (j_ = 0; j_ < BATCH; j_++)					\
			statement;						\
		bench_add(0, (double)(bench_now() - begin_) / BATCH);		\
	}									\
} while (0)

/* Each notify counts, so that none can be left out. */
static inline void check_batches(const struct bench_turn *turn, uint64_t counted)
{
	if (counted + turn->spoil != turn->count * BATCH)
		bench_fail("%zu notifies came to %llu", turn->count * BATCH,
			   (unsigned long long)counted);
}

#endif /* BENCH_BATCH_H */
