// SPDX-License-Identifier: GPL-2.0-only
/*
 * One writer and many waiting processes. Samples: the time of the writer's
 * call, and the time until the last waiter has read the payload. The last one
 * reports to the writer by a futex, regardless of what woke it.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel.h"

#define WAITERS_MAX	256
#define WARM_UP		5	/* wake-ups of each turn that do not count */

struct meeting {
	_Alignas(64) uint64_t value;
	_Alignas(64) uint32_t word;	/* for waiters on a futex */
	_Alignas(64) uint32_t waiting;	/* how many are about to */
	_Alignas(64) uint32_t awake;	/* how many have been woken */
	_Alignas(64) uint32_t done;	/* the writer waits for this one */
	uint64_t last;			/* when the last was awake */
	bool is_last;			/* wake-up of the turn */
};

static struct meeting *meeting;

struct way {
	void (*make)(size_t waiters);
	void (*attach)(size_t me);
	void (*wait)(size_t me);
	void (*wake)(size_t waiters);
};

/* ---- ways ---- */

static char region_name[64];
static zinc_handle region;

static void zinc_make(size_t waiters)
{
	(void)waiters;
	strcpy(region_name, bench_name("fanout"));
	bench_zinc(zinc_create(region_name, 4 * KIB, &region));
}

static void zinc_attach(size_t me)
{
	(void)me;
	bench_zinc(zinc_open(region_name, &region));
}

static void zinc_waits(size_t me)
{
	(void)me;
	bench_zinc(zinc_wait(region, ZINC_WAIT_FOREVER));
}

static void zinc_wakes(size_t waiters)
{
	(void)waiters;
	zinc_notify(region);
}

static uint32_t seen;

static void nothing(size_t n)
{
	(void)n;
}

static void futex_waits(size_t me)
{
	(void)me;
	while (__atomic_load_n(&meeting->word, __ATOMIC_ACQUIRE) == seen)
		futex_wait(&meeting->word, seen);
	seen++;
}

static void futex_wakes(size_t waiters)
{
	(void)waiters;
	__atomic_fetch_add(&meeting->word, 1, __ATOMIC_SEQ_CST);
	futex_wake(&meeting->word, INT_MAX);
}

static int eventfds[WAITERS_MAX];

static void eventfd_make(size_t waiters)
{
	size_t i;

	for (i = 0; i < waiters; i++)
		eventfds[i] = bench_fd(eventfd(0, 0));
}

static void eventfd_waits(size_t me)
{
	uint64_t count;

	if (read(eventfds[me], &count, sizeof(count)) != sizeof(count))
		bench_fail("read: %s", strerror(errno));
}

static void eventfd_wakes(size_t waiters)
{
	uint64_t one = 1;
	size_t i;

	for (i = 0; i < waiters; i++)
		if (write(eventfds[i], &one, sizeof(one)) != sizeof(one))
			bench_fail("write: %s", strerror(errno));
}

static const struct way by_zinc = { zinc_make, zinc_attach, zinc_waits, zinc_wakes };
static const struct way by_futex = { nothing, nothing, futex_waits, futex_wakes };
static const struct way by_eventfd = { eventfd_make, nothing, eventfd_waits, eventfd_wakes };

/* ---- the work ---- */

static void waiter(const struct bench_turn *turn, const struct way *way, size_t me)
{
	uint32_t waiters = (uint32_t)turn->what->size;
	bool last;
	size_t n;

	way->attach(me);
	for (n = 0, last = false; !last; n++) {
		__atomic_fetch_add(&meeting->waiting, 1, __ATOMIC_SEQ_CST);
		way->wait(me);
		if (meeting->value != bench_right(n))
			bench_fail("waiter %zu got a wrong payload at wake-up %zu", me, n);
		last = meeting->is_last;
		if (__atomic_add_fetch(&meeting->awake, 1, __ATOMIC_SEQ_CST) < waiters)
			continue;
		meeting->last = bench_now();
		meeting->awake = 0;
		__atomic_fetch_add(&meeting->done, 1, __ATOMIC_SEQ_CST);
		futex_wake(&meeting->done, 1);
	}
}

/* All are asleep, or as good as. */
static void await_waiters(size_t waiters)
{
	while (__atomic_load_n(&meeting->waiting, __ATOMIC_SEQ_CST) < waiters)
		usleep(200);
	__atomic_store_n(&meeting->waiting, 0, __ATOMIC_SEQ_CST);
	usleep(1000 + 20 * (useconds_t)waiters);
}

static void writer(const struct bench_turn *turn, const struct way *way)
{
	uint64_t enough = bench_now() + BENCH_ENOUGH;
	uint64_t begin, end;
	uint32_t n;

	for (n = 0; !meeting->is_last; n++) {
		await_waiters(turn->what->size);
		meeting->is_last = n + 1 == WARM_UP + turn->count ||
				   (n >= WARM_UP && bench_now() > enough);
		meeting->value = bench_payload(turn, n);
		begin = bench_now();
		way->wake(turn->what->size);
		end = bench_now();
		while (__atomic_load_n(&meeting->done, __ATOMIC_ACQUIRE) == n)
			futex_wait(&meeting->done, n);
		if (n < WARM_UP)
			continue;
		bench_add(0, (double)(meeting->last - begin));
		bench_add(1, (double)(end - begin));
	}
}

static void run(struct bench_turn *turn)
{
	const struct way *way = turn->contender->data;
	size_t waiters = turn->what->size;
	pid_t pid[WAITERS_MAX];
	size_t i;

	meeting = channel_posix_memory(sizeof(*meeting));
	way->make(waiters);
	for (i = 0; i < waiters; i++) {
		pid[i] = bench_fork();
		if (!pid[i]) {
			waiter(turn, way, i);
			_exit(0);
		}
	}
	writer(turn, way);
	for (i = 0; i < waiters; i++)
		bench_join(pid[i]);
}

static const struct bench_contender contenders[] = {
	{ "zinc", run, &by_zinc },
	{ "futex wake all", run, &by_futex },
	{ "eventfd each", run, &by_eventfd },
	{}
};

static const struct bench_case cases[] = {
	{ "1 waiter", 1, 40, 9 },
	{ "8 waiters", 8, 40, 9 },
	{ "64 waiters", 64, 20, 7 },
	{ "256 waiters", 256, 10, 5 },
	{}
};

static const struct bench_series series[] = {
	{ "last awake", "ns" }, { "call", "ns" }, {}
};

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "fan-out", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
