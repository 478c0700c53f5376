// SPDX-License-Identifier: GPL-2.0-only
/*
 * A wake-up of a process of high priority (SCHED_FIFO), while others keep the
 * processors busy, as cyclictest does it: alone, and behind others of no priority
 * that wait for the same. Samples: from before the call that wakes until it is awake,
 * and the longest of a turn. To be run on PREEMPT_RT.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel.h"

#define OTHERS_MAX	16
#define WARM_UP		5	/* wake-ups of each turn that do not count */
#define SETTLE_US	1000	/* until the waiters are asleep */

enum priority {
	PRIORITY_WAKER = 50,
	PRIORITY_WAITER = 60,
};

struct meeting {
	_Alignas(64) uint64_t value;
	_Alignas(64) uint32_t word;	/* for waiters on a futex */
	_Alignas(64) uint32_t waiting;	/* of the others, how many are about to */
	_Alignas(64) uint32_t ready;	/* the one of high priority is about to */
	_Alignas(64) uint32_t done;	/* the waker waits for this one */
	uint64_t awake;			/* when */
	bool is_last;			/* wake-up of the turn */
};

static struct meeting *meeting;

/* Waiter 0 is the one of high priority. */
struct way {
	void (*make)(size_t waiters);
	void (*attach)(void);
	void (*wait)(size_t me);
	void (*wake)(size_t waiters);
};

/* ---- ways ---- */

static char region_name[64];
static zinc_handle region;

static void zinc_make(size_t waiters)
{
	(void)waiters;
	strcpy(region_name, bench_name("rt"));
	bench_zinc(zinc_create(region_name, 4 * KIB, &region));
}

static void zinc_attach(void)
{
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

static void futex_make(size_t waiters)
{
	(void)waiters;
}

static void nothing(void)
{
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

static int eventfds[OTHERS_MAX + 1];

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

/* The waiter of high priority has the first, if each waiter has its own. */
static void eventfd_wakes(size_t waiters)
{
	uint64_t one = 1;
	size_t i;

	for (i = 0; i < waiters; i++)
		if (write(eventfds[i], &one, sizeof(one)) != sizeof(one))
			bench_fail("write: %s", strerror(errno));
}

static const struct way by_zinc = { zinc_make, zinc_attach, zinc_waits, zinc_wakes };
static const struct way by_futex = { futex_make, nothing, futex_waits, futex_wakes };
static const struct way by_eventfd = { eventfd_make, nothing, eventfd_waits, eventfd_wakes };

/* ---- the work ---- */

static void become(enum priority priority)
{
	struct sched_param param = { .sched_priority = (int)priority };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		bench_skip("no SCHED_FIFO for this user: %s", strerror(errno));
	/* no page of ours is to be waited for */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		bench_skip("memory cannot be locked: %s", strerror(errno));
}

/* Keep a processor busy, in the kernel most of the time. */
static void load(const struct bench_turn *turn, int side)
{
	size_t size = 256 * KIB;
	char *pages;
	size_t i;

	bench_pin(turn, side);
	for (;;) {
		pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED)
			bench_fail("mmap: %s", strerror(errno));
		for (i = 0; i < size; i += 4 * KIB)
			pages[i] = 1;
		munmap(pages, size);
	}
}

static void await(const uint32_t *word, uint32_t count)
{
	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < count)
		usleep(200);
}

static void other(const struct way *way, size_t me)
{
	bool last = false;

	way->attach();
	while (!last) {
		__atomic_fetch_add(&meeting->waiting, 1, __ATOMIC_SEQ_CST);
		way->wait(me);
		last = meeting->is_last;
	}
}

/* Behind all others */
static void waiter(const struct bench_turn *turn, const struct way *way)
{
	uint32_t others = (uint32_t)turn->what->size;
	bool last = false;
	uint32_t n;

	bench_pin(turn, 1);
	become(PRIORITY_WAITER);
	way->attach();
	for (n = 0; !last; n++) {
		await(&meeting->waiting, others * (n + 1));
		usleep(SETTLE_US);
		__atomic_store_n(&meeting->ready, n + 1, __ATOMIC_SEQ_CST);
		way->wait(0);
		meeting->awake = bench_now();
		if (meeting->value != bench_right(n))
			bench_fail("a wrong payload at wake-up %u", n);
		last = meeting->is_last;
		__atomic_fetch_add(&meeting->done, 1, __ATOMIC_SEQ_CST);
		futex_wake(&meeting->done, 1);
	}
}

static void waker(const struct bench_turn *turn, const struct way *way)
{
	uint64_t enough = bench_now() + BENCH_ENOUGH;
	uint64_t begin, took, longest = 0;
	uint32_t n;

	become(PRIORITY_WAKER);
	for (n = 0; !meeting->is_last; n++) {
		await(&meeting->ready, n + 1);
		usleep(SETTLE_US);
		meeting->is_last = n + 1 == WARM_UP + turn->count ||
				   (n >= WARM_UP && bench_now() > enough);
		meeting->value = bench_payload(turn, n);
		begin = bench_now();
		way->wake(turn->what->size + 1);
		while (__atomic_load_n(&meeting->done, __ATOMIC_ACQUIRE) == n)
			futex_wait(&meeting->done, n);
		if (n < WARM_UP)
			continue;
		took = meeting->awake - begin;
		bench_add(0, (double)took);
		if (took > longest)
			longest = took;
	}
	bench_add(1, (double)longest);
}

static void run(struct bench_turn *turn)
{
	const struct way *way = turn->contender->data;
	pid_t pid[OTHERS_MAX + 1];
	size_t i;
	int side;

	meeting = channel_posix_memory(sizeof(*meeting));
	way->make(turn->what->size + 1);
	for (side = 0; side < (turn->what->pin == BENCH_TWO ? 2 : 1); side++)
		if (!bench_fork())
			load(turn, side);
	for (i = 0; i <= turn->what->size; i++) {
		pid[i] = bench_fork();
		if (pid[i])
			continue;
		if (i)
			other(way, i);
		else
			waiter(turn, way);
		_exit(0);
	}
	waker(turn, way);
	for (i = 0; i <= turn->what->size; i++)
		bench_join(pid[i]);
	/* the load ends with this process */
}

/* The second is the same as the first: what chance alone makes of the ratios. */
static const struct bench_contender contenders[] = {
	{ "zinc", run, &by_zinc },
	{ "the same again", run, &by_zinc },
	{ "futex", run, &by_futex },
	{ "eventfd", run, &by_eventfd },
	{}
};

static const struct bench_case cases[] = {
	{ "alone", 0, 200, 9, BENCH_ONE },
	{ "alone", 0, 200, 9, BENCH_TWO },
	{ "behind 16 others", OTHERS_MAX, 60, 9, BENCH_ONE },
	{ "behind 16 others", OTHERS_MAX, 60, 9, BENCH_TWO },
	{}
};

static const struct bench_series series[] = {
	{ "time", "ns" }, { "longest", "ns" }, {}
};

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "wake-up, SCHED_FIFO", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
