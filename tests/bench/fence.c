// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the signal of a device's fence to another process that sleeps until then.
 * Zinc's region is notified by the fence; else a thread polls the sync_file and
 * writes an eventfd. The fence is the tests' importer's, or sw_sync's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../importer/importer.h"
#include "../sw_sync.h"
#include "channel.h"

#define SETTLE_US	1500	/* until the waiters are asleep */

/* ---- fences ---- */

static int device = -1;
static bool is_sw_sync;
static uint32_t point;

static void find_device(void)
{
	device = open(IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	if (device >= 0)
		return;
	is_sw_sync = true;
	device = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (device < 0)
		bench_skip("neither " IMPORTER_DEVICE " nor sw_sync");
}

static int new_fence(void)
{
	if (is_sw_sync)
		return bench_fd(sw_sync_fence(device, ++point));
	return bench_fd(ioctl(device, IMPORTER_BEGIN, 0));
}

static void signal_fence(void)
{
	bench_must(is_sw_sync ? sw_sync_advance(device, 1) : ioctl(device, IMPORTER_END, 0));
}

/* ---- waiters ---- */

struct meeting {
	uint64_t value;
	uint64_t awake;		/* when */
	uint32_t done;
};

static struct meeting *meeting;

struct way {
	void (*make)(void);
	void (*attach)(void);
	void (*arm)(int fence);
	void (*wait)(void);
};

static char name[64];
static zinc_handle region;

static void zinc_make(void)
{
	strcpy(name, bench_name("fence"));
	bench_zinc(zinc_create(name, 4 * KIB, &region));
}

static void zinc_attach(void)
{
	bench_zinc(zinc_open(name, &region));
}

static void zinc_arm(int fence)
{
	bench_zinc(zinc_notify_on_fence(region, fence));
}

static void zinc_waits(void)
{
	bench_zinc(zinc_wait(region, ZINC_WAIT_FOREVER));
}

static int event, work[2];

static void put8(int fd, uint64_t value)
{
	if (write(fd, &value, sizeof(value)) != sizeof(value))
		bench_fail("write: %s", strerror(errno));
}

static uint64_t get8(int fd)
{
	uint64_t value;

	if (read(fd, &value, sizeof(value)) != sizeof(value))
		bench_fail("read: %s", strerror(errno));
	return value;
}

static void *poll_fences(void *unused)
{
	struct pollfd item = { .events = POLLIN };

	(void)unused;
	for (;;) {
		item.fd = (int)get8(work[0]);
		if (poll(&item, 1, -1) != 1)
			bench_fail("poll: %s", strerror(errno));
		put8(event, 1);
	}
	return NULL;
}

static void thread_make(void)
{
	event = bench_fd(eventfd(0, 0));
	bench_must(pipe(work));
}

static void thread_attach(void)
{
}

static void thread_arm(int fence)
{
	static bool started;
	pthread_t thread;

	if (!started)
		bench_must(pthread_create(&thread, NULL, poll_fences, NULL));
	started = true;
	put8(work[1], (uint64_t)fence);
}

static void thread_waits(void)
{
	get8(event);
}

static const struct way by_zinc = { zinc_make, zinc_attach, zinc_arm, zinc_waits };
static const struct way by_thread = { thread_make, thread_attach, thread_arm, thread_waits };

/* ---- the work ---- */

static void consumer(const struct bench_turn *turn, const struct way *way)
{
	size_t n;

	bench_pin(turn, 1);
	way->attach();
	for (n = 0; n < turn->count; n++) {
		way->wait();
		meeting->awake = bench_now();
		if (meeting->value != bench_right(n))
			bench_fail("woken %zu by no fence", n);
		__atomic_fetch_add(&meeting->done, 1, __ATOMIC_SEQ_CST);
		futex_wake(&meeting->done, 1);
	}
}

static void one_fence(const struct bench_turn *turn, const struct way *way, uint32_t n)
{
	int fence = new_fence();
	uint64_t begin;

	way->arm(fence);
	usleep(SETTLE_US);
	meeting->value = bench_payload(turn, n);
	begin = bench_now();
	signal_fence();
	while (__atomic_load_n(&meeting->done, __ATOMIC_ACQUIRE) == n)
		futex_wait(&meeting->done, n);
	bench_add(0, (double)(meeting->awake - begin));
	close(fence);
}

static void run(struct bench_turn *turn)
{
	const struct way *way = turn->contender->data;
	uint32_t n;
	pid_t pid;

	find_device();
	meeting = bench_shared(sizeof(*meeting));
	way->make();
	pid = bench_fork();
	if (!pid) {
		consumer(turn, way);
		_exit(0);
	}
	for (n = 0; n < turn->count; n++)
		one_fence(turn, way, n);
	bench_join(pid);
}

static const struct bench_contender contenders[] = {
	{ "zinc", run, &by_zinc },
	{ "thread, poll, eventfd", run, &by_thread },
	{}
};

static const struct bench_case cases[] = {
	{ "fence to consumer", 0, 100, 9, BENCH_ONE },
	{ "fence to consumer", 0, 100, 9, BENCH_TWO },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "fence", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
