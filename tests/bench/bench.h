/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the benchmarks. A benchmark has cases (sizes, pinning) and
 * contenders, which do the same work by different means. Of each case the
 * contenders take turns, in another order each round, the first round being a
 * warm-up. A turn is a process of its own, pinned before it does anything, that
 * checks what it moved and reports samples. One JSON line for each contender.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "zinc.h"

#define BENCH_SERIES	3	/* that one turn may measure */
#define BENCH_SAMPLES	16384	/* of a series, in one turn */
#define BENCH_ENOUGH	2000000000ULL	/* ns: where a turn may be shorter, it is */
#define BENCH_PATIENCE	120	/* seconds a turn may take */
#define BENCH_HEAVY	900	/* likewise, of a heavy case */

#define KIB		((size_t)1 << 10)
#define MIB		((size_t)1 << 20)
#define GIB		((size_t)1 << 30)

enum bench_pin {
	BENCH_FREE,	/* where the scheduler likes */
	BENCH_ONE,	/* all on one processor */
	BENCH_TWO	/* two sides, a processor each */
};

/**
 * struct bench_case - one size of the work
 * @label: for people
 * @size: bytes, waiters, regions: what the benchmark makes of it
 * @count: samples of a turn, or so
 * @rounds: besides the warm-up
 * @pin: enum bench_pin
 * @heavy: left out of quick runs
 */
struct bench_case {
	const char *label;
	size_t size;
	size_t count;
	unsigned int rounds;
	enum bench_pin pin;
	bool heavy;
};

struct bench_turn;

/**
 * struct bench_contender - one way to do it
 * @name: NULL behind the last
 * @run: a turn; it ends in time, by bench_skip() or by bench_fail()
 * @data: what @run makes of it
 */
struct bench_contender {
	const char *name;
	void (*run)(struct bench_turn *turn);
	const void *data;
};

struct bench_series {
	const char *name;
	const char *unit;
};

/**
 * struct bench - work to compare
 * @name: of the row
 * @series: what a turn measures, NULL behind the last
 * @cases: their labels' NULL is behind the last
 * @contenders: who does it
 */
struct bench {
	const char *name;
	const struct bench_series *series;
	const struct bench_case *cases;
	const struct bench_contender *contenders;
};

/**
 * struct bench_turn - what a turn is to do
 * @what: the case
 * @contender: whose turn it is
 * @count: samples that are wanted
 * @spoil: move a wrong payload, which has to be noticed
 */
struct bench_turn {
	const struct bench_case *what;
	const struct bench_contender *contender;
	size_t count;
	bool spoil;
};

int bench_main(int argc, char **argv, const struct bench *benches);

uint64_t bench_now(void);
void bench_add(unsigned int series, double value);
void bench_skip(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void bench_fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void bench_pin(const struct bench_turn *turn, int side);
pid_t bench_fork(void);
void bench_join(pid_t pid);
void *bench_shared(size_t size);
const char *bench_name(const char *what);
void bench_write_file(const char *path, unsigned long value);

/* Content of the n-th message of a turn */
uint64_t bench_payload(const struct bench_turn *turn, uint64_t n);
uint64_t bench_right(uint64_t n);

/* zero, or the end of the process with a sentence that says where */
#define bench_must(what)	bench_check((what), #what, __FILE__, __LINE__)
/* not negative, nor -1 with an errno */
#define bench_fd(what)		bench_check_fd((what), #what, __FILE__, __LINE__)
/* a zinc function: 0 */
#define bench_zinc(what)	bench_check_zinc((what), #what, __FILE__, __LINE__)

void bench_check(int ret, const char *what, const char *file, int line);
int bench_check_fd(int ret, const char *what, const char *file, int line);
void bench_check_zinc(int ret, const char *what, const char *file, int line);

#endif /* BENCH_H */
