/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the process that compares and that of a turn. */
#ifndef TURN_H
#define TURN_H

#include "bench.h"

#define BENCH_FAILED	1
#define BENCH_SKIPPED	4

struct bench_samples {
	size_t count;
	double value[BENCH_SAMPLES];
};

struct bench_result {
	int status;		/* BENCH_*, 0: none yet */
	char why[256];
	struct bench_samples series[BENCH_SERIES];
};

extern struct bench_result *bench_result;	/* shared by all */

void bench_remember_cpus(void);

void bench_tidy(pid_t turn);

#endif /* TURN_H */
