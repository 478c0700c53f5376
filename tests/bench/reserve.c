// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock that ends with its holder: a reservation compared with flock(2). Once
 * uncontended, in a loop; and once with 32 processes that request it all the
 * time. There a sample is the time of a wait, and the number of later requests
 * that were granted earlier is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bench.h"
#include "zinc-lock.h"

#define PROCESSES	32
#define HOLD_US		100	/* what the holder does meanwhile */
#define AROUND		4	/* times before and after: others come late, or go */

/* Shared by the contending processes */
struct room {
	uint32_t inside;
	uint32_t ready;
	uint64_t entries;
	uint64_t arrived[PROCESSES];	/* start of each process's wait; 0: it does not wait */
	double waited[PROCESSES][512];
	uint32_t count[PROCESSES];
	uint32_t overtaken[PROCESSES];
};

struct way {
	void (*open)(void);
	void (*acquire)(void);
	void (*release)(void);
};

static char path[80];
static int lock = -1;

static void zinc_begin(void)
{
	snprintf(path, sizeof(path), "bench:%d", getpgrp());
}

static void zinc_acquire(void)
{
	struct zinc_device_claim claim = { .device = path, .mode = ZINC_EXCLUSIVE };

	lock = zinc_reserve(&claim, 1, sizeof(claim), ZINC_WAIT_FOREVER, NULL);
	bench_zinc(lock < 0 ? lock : 0);
}

static void close_it(void)
{
	close(lock);
}

static void flock_begin(void)
{
	snprintf(path, sizeof(path), "/dev/shm/bench-%d-lock", getpgrp());
	lock = bench_fd(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

static void flock_acquire(void)
{
	bench_must(flock(lock, LOCK_EX));
}

static void flock_release(void)
{
	bench_must(flock(lock, LOCK_UN));
}

static void open_begin(void)
{
	flock_begin();
	close(lock);
}

static void open_acquire(void)
{
	lock = bench_fd(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	flock_acquire();
}

static const struct way by_zinc = { zinc_begin, zinc_acquire, close_it };
/* the file stays open */
static const struct way by_flock = { flock_begin, flock_acquire, flock_release };
/* a descriptor that is the lock, as a reservation's is */
static const struct way by_open = { open_begin, open_acquire, close_it };

static void run_free(struct bench_turn *turn)
{
	const struct way *way = turn->contender->data;
	uint64_t begin;
	size_t i;

	way->open();
	for (i = 0; i < turn->count; i++) {
		begin = bench_now();
		way->acquire();
		way->release();
		bench_add(0, (double)(bench_now() - begin));
	}
	unlink(path);
}

static void hold(struct room *room, const struct bench_turn *turn)
{
	uint64_t end = bench_now() + HOLD_US * 1000;

	if (__atomic_add_fetch(&room->inside, 1, __ATOMIC_SEQ_CST) + turn->spoil != 1)
		bench_fail("two have the lock");
	room->entries++;
	while (bench_now() < end)
		;
	__atomic_sub_fetch(&room->inside, 1, __ATOMIC_SEQ_CST);
}

static uint32_t waiting_longer(struct room *room, uint64_t than)
{
	uint64_t arrived;
	uint32_t n = 0;
	int i;

	for (i = 0; i < PROCESSES; i++) {
		arrived = __atomic_load_n(&room->arrived[i], __ATOMIC_RELAXED);
		n += arrived && arrived < than;
	}
	return n;
}

static void contend(const struct bench_turn *turn, struct room *room, int me)
{
	const struct way *way = turn->contender->data;
	uint64_t begin;
	size_t i;

	way->open();
	__atomic_add_fetch(&room->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&room->ready, __ATOMIC_SEQ_CST) < PROCESSES)
		usleep(1000);
	for (i = 0; i < AROUND + turn->count + AROUND; i++) {
		begin = bench_now();
		__atomic_store_n(&room->arrived[me], begin, __ATOMIC_SEQ_CST);
		way->acquire();
		if (i >= AROUND && i < AROUND + turn->count) {
			room->waited[me][room->count[me]++] =
				(double)(bench_now() - begin);
			room->overtaken[me] += waiting_longer(room, begin);
		}
		__atomic_store_n(&room->arrived[me], 0, __ATOMIC_SEQ_CST);
		hold(room, turn);
		way->release();
	}
}

static void report(const struct room *room)
{
	double overtaken = 0, sum = 0, worst = 0;
	uint32_t i, j, n = 0;

	for (i = 0; i < PROCESSES; i++) {
		for (j = 0; j < room->count[i]; j++) {
			bench_add(0, room->waited[i][j]);
			sum += room->waited[i][j];
			if (room->waited[i][j] > worst)
				worst = room->waited[i][j];
			n++;
		}
		overtaken += room->overtaken[i];
	}
	bench_add(1, worst / (sum / n));
	bench_add(2, overtaken / n);
}

static void run_contended(struct bench_turn *turn)
{
	struct room *room = bench_shared(sizeof(*room));
	pid_t pid[PROCESSES];
	int i;

	for (i = 0; i < PROCESSES; i++) {
		pid[i] = bench_fork();
		if (!pid[i]) {
			contend(turn, room, i);
			_exit(0);
		}
	}
	for (i = 0; i < PROCESSES; i++)
		bench_join(pid[i]);
	if (room->entries != PROCESSES * (AROUND + turn->count + AROUND))
		bench_fail("%llu had it", (unsigned long long)room->entries);
	report(room);
	((const struct way *)turn->contender->data)->open();
	unlink(path);
}

static const struct bench_contender alone[] = {
	{ "zinc", run_free, &by_zinc },
	{ "flock", run_free, &by_flock },
	{ "open + flock + close", run_free, &by_open },
	{}
};

static const struct bench_contender together[] = {
	{ "zinc", run_contended, &by_zinc },
	{ "flock", run_contended, &by_flock },
	{}
};

static const struct bench_case free_cases[] = {
	{ "free", 1, 1000, 9, BENCH_ONE },
	{}
};

static const struct bench_case contended_cases[] = {
	{ "32 processes", PROCESSES, 40, 7, BENCH_ONE },
	{ "32 processes", PROCESSES, 40, 7, BENCH_FREE },
	{}
};

static const struct bench_series free_series[] = { { "time", "ns" }, {} };
static const struct bench_series contended_series[] = {
	{ "wait", "ns" }, { "longest by mean", "" }, { "overtook", "" }, {}
};

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "reserve", free_series, free_cases, alone },
		{ "reserve", contended_series, contended_cases, together },
		{}
	};

	return bench_main(argc, argv, benches);
}
