// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notify and wait: cursors, deadlines, signals, several regions, processes.
 *
 * Waits that must be woken have no deadline: at its deadline a wait checks
 * again, and would find the notify that did not wake it. The harness ends a
 * hang.
 */

#include "lib_test.h"

#include <linux/futex.h>
#include <pthread.h>

/* More than any test waits that is meant to wait for ever */
#define FAR_MS		0xfffffffeu
#define FAR_NS		(3600 * NSEC_PER_SEC)

FIXTURE(notify)
{
	const char *name;
	zinc_handle region;
};

FIXTURE_SETUP(notify)
{
	self->name = named("notify");
	forget(self->name);
	ASSERT_EQ(zinc_create(self->name, PAGE, &self->region), 0);
}

FIXTURE_TEARDOWN(notify)
{
	zinc_close(self->region);
	forget(self->name);
}

/* ---- cursors ---- */

TEST_F(notify, nothing_pending)
{
	EXPECT_EQ(zinc_sequence(self->region), 0);
	EXPECT_EQ(zinc_try_wait(self->region), -EAGAIN);
	EXPECT_EQ(zinc_wait(self->region, 0), -ETIMEDOUT);
	EXPECT_EQ(zinc_wait_until(self->region, 0), -ETIMEDOUT);
	EXPECT_EQ(zinc_wait_until(self->region, now_ns()), -ETIMEDOUT);
	EXPECT_EQ(zinc_wait_until(self->region, 1), -ETIMEDOUT);
}

TEST_F(notify, own_notify_counts)
{
	zinc_notify(self->region);
	EXPECT_EQ(zinc_wait(self->region, 0), 0);
	EXPECT_EQ(zinc_wait(self->region, 0), -ETIMEDOUT);
	EXPECT_EQ(zinc_notify_checked(self->region), 0);
	EXPECT_EQ(zinc_try_wait(self->region), 0);
	EXPECT_EQ(zinc_try_wait(self->region), -EAGAIN);
	zinc_notify(self->region);
	/* a pending notify takes precedence over a past deadline */
	EXPECT_EQ(zinc_wait_until(self->region, 1), 0);
	zinc_notify(self->region);
	EXPECT_EQ(zinc_wait(self->region, ZINC_WAIT_FOREVER), 0);
	zinc_notify(self->region);
	EXPECT_EQ(zinc_wait_until(self->region, ZINC_DEADLINE_NEVER), 0);
	EXPECT_EQ(zinc_sequence(self->region), 5);
}

TEST_F(notify, coalesces)
{
	int i;

	for (i = 0; i < 5; i++)
		zinc_notify(self->region);
	EXPECT_EQ(zinc_sequence(self->region), 5);
	EXPECT_EQ(zinc_wait(self->region, 0), 0);
	EXPECT_EQ(zinc_wait(self->region, 0), -ETIMEDOUT);
}

TEST_F(notify, cursor_begins_at_zero)
{
	zinc_handle late;

	zinc_notify(self->region);
	ASSERT_EQ(zinc_open(self->name, &late), 0);
	EXPECT_EQ(info_of(late).cursor, 0);
	EXPECT_EQ(zinc_wait(late, 0), 0);
	EXPECT_EQ(info_of(late).cursor, 1);
	EXPECT_EQ(zinc_wait(late, 0), -ETIMEDOUT);
	zinc_close(late);
}

TEST_F(notify, handles_have_their_own_cursors)
{
	zinc_handle a, b;

	ASSERT_EQ(zinc_open(self->name, &a), 0);
	ASSERT_EQ(zinc_open(self->name, &b), 0);
	zinc_notify(a);
	EXPECT_EQ(zinc_try_wait(a), 0);
	EXPECT_EQ(zinc_try_wait(b), 0);
	EXPECT_EQ(zinc_try_wait(self->region), 0);
	EXPECT_EQ(zinc_try_wait(a), -EAGAIN);
	zinc_notify(self->region);
	EXPECT_EQ(zinc_try_wait(b), 0);
	EXPECT_EQ(zinc_try_wait(b), -EAGAIN);
	EXPECT_EQ(zinc_try_wait(a), 0);
	zinc_close(b);
	zinc_close(a);
}

TEST_F(notify, wraps)
{
	zinc_handle late;

	set_sequence(self->region, UINT32_MAX);
	EXPECT_EQ(zinc_try_wait(self->region), 0);
	EXPECT_EQ(zinc_sequence(self->region), UINT32_MAX);
	zinc_notify(self->region);
	EXPECT_EQ(zinc_sequence(self->region), 0);
	EXPECT_EQ(zinc_try_wait(self->region), 0);
	EXPECT_EQ(zinc_try_wait(self->region), -EAGAIN);
	/* back at the number that every handle begins with */
	ASSERT_EQ(zinc_open(self->name, &late), 0);
	EXPECT_EQ(zinc_try_wait(late), -EAGAIN);
	zinc_notify(self->region);
	EXPECT_EQ(zinc_try_wait(late), 0);
	EXPECT_EQ(zinc_wait(self->region, 0), 0);
	zinc_close(late);
}

/* A sequence behind the cursor differs from it, too */
TEST_F(notify, sequence_goes_back)
{
	set_sequence(self->region, 1000);
	ASSERT_EQ(zinc_try_wait(self->region), 0);
	set_sequence(self->region, 999);
	EXPECT_EQ(zinc_wait(self->region, 0), 0);
	EXPECT_EQ(zinc_wait(self->region, 0), -ETIMEDOUT);
}

/* ---- deadlines: never early, and not beyond all patience ---- */

TEST_F(notify, timed_wait)
{
	const uint32_t timeouts[] = { 1, 2, 10, 50, 200 };
	uint64_t begin, took;
	size_t i;

	for (i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		begin = now_ns();
		EXPECT_EQ(zinc_wait(self->region, timeouts[i]), -ETIMEDOUT);
		took = now_ns() - begin;
		EXPECT_GE(took, timeouts[i] * NSEC_PER_MSEC);
		EXPECT_LT(took, PATIENCE_MS * NSEC_PER_MSEC);
	}
}

TEST_F(notify, timed_wait_until)
{
	uint64_t deadline = now_ns() + 100 * NSEC_PER_MSEC;

	EXPECT_EQ(zinc_wait_until(self->region, deadline), -ETIMEDOUT);
	EXPECT_GE(now_ns(), deadline);
	EXPECT_LT(now_ns(), deadline + PATIENCE_MS * NSEC_PER_MSEC);
}

/* Timeouts that must not overflow into short ones */
TEST_F(notify, long_waits_last)
{
	const uint32_t timeouts[] = {
		0x7fffffff, 0x80000000, FAR_MS, ZINC_WAIT_FOREVER,
	};
	const uint64_t deadlines[] = {
		INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 1,
		ZINC_DEADLINE_NEVER,
	};
	pid_t pids[8];
	zinc_handle mine;
	int i;

	for (i = 0; i < 8; i++) {
		IN_CHILD(pids[i]) {
			CHECK(!zinc_open(self->name, &mine));
			if (i < 4)
				CHECK(!zinc_wait(mine, timeouts[i]));
			else
				CHECK(!zinc_wait_until(mine,
						       deadlines[i - 4]));
		}
	}
	for (i = 0; i < 8; i++)
		EXPECT_TRUE(asleep(pids[i])) {
			TH_LOG("wait %d did not block", i);
		}
	sleep_ms(100);
	for (i = 0; i < 8; i++)
		EXPECT_FALSE(ended(pids[i])) {
			TH_LOG("wait %d ended by itself", i);
		}
	/* one notify wakes them all */
	zinc_notify(self->region);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(reap(pids[i]), 0);
}

/* ---- across processes ---- */

TEST_F(notify, wakes_another_process)
{
	struct signpost ready;
	zinc_handle mine;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		CHECK(!zinc_open(self->name, &mine));
		post(&ready);
		CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
		CHECK(zinc_ptr(mine)[10] == 123);
		/* and back */
		sleep_ms(20);
		zinc_ptr(mine)[11] = 45;
		zinc_notify(mine);
	}
	await(&ready);
	EXPECT_TRUE(asleep(pid));
	zinc_ptr(self->region)[10] = 123;
	zinc_notify(self->region);
	ASSERT_EQ(zinc_try_wait(self->region), 0);
	EXPECT_EQ(zinc_wait(self->region, ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(zinc_ptr(self->region)[11], 45);
	EXPECT_EQ(reap(pid), 0);
}

struct waiter {
	pthread_t thread;
	pid_t tid;
	zinc_handle region;
	int32_t result;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *waiter = arg;

	__atomic_store_n(&waiter->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	waiter->result = zinc_wait(waiter->region, ZINC_WAIT_FOREVER);
	return NULL;
}

static pid_t tid_of(struct waiter *waiter)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&waiter->tid, __ATOMIC_ACQUIRE)))
		sleep_ms(1);
	return tid;
}

/*
 * One notify satisfies all: threads with their own handles, and threads that sleep
 * with one between them.
 */
TEST_F(notify, wakes_all_threads)
{
	struct waiter waiters[8] = {};
	zinc_handle shared;
	int i;

	ASSERT_EQ(zinc_open(self->name, &shared), 0);
	for (i = 0; i < 8; i++) {
		waiters[i].region = shared;
		waiters[i].result = 1;
		if (i < 4)
			ASSERT_EQ(zinc_open(self->name, &waiters[i].region),
				  0);
	}
	for (i = 0; i < 8; i++)
		ASSERT_EQ(pthread_create(&waiters[i].thread, NULL,
					 wait_in_thread, &waiters[i]), 0);
	/* one that did not sleep yet would find the shared cursor moved */
	for (i = 0; i < 8; i++)
		ASSERT_TRUE(asleep(tid_of(&waiters[i])));
	zinc_notify(self->region);
	for (i = 0; i < 8; i++) {
		pthread_join(waiters[i].thread, NULL);
		EXPECT_EQ(waiters[i].result, 0);
	}
	for (i = 0; i < 4; i++)
		zinc_close(waiters[i].region);
	zinc_close(shared);
}

/* ---- what must not end a wait ---- */

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

/* A signal every millisecond, with or without SA_RESTART */
static timer_t begin_storm(int flags)
{
	struct sigaction action = {
		.sa_handler = count_signal,
		.sa_flags = flags,
	};
	struct itimerspec often = {
		.it_value.tv_nsec = NSEC_PER_MSEC,
		.it_interval.tv_nsec = NSEC_PER_MSEC,
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	timer_t timer;

	signals = 0;
	CHECK(!sigaction(SIGUSR1, &action, NULL));
	CHECK(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	CHECK(!timer_settime(timer, 0, &often, NULL));
	return timer;
}

TEST_F(notify, signals_do_not_end_a_wait)
{
	const int flags[] = { 0, SA_RESTART };
	uint64_t begin;
	zinc_handle mine;
	timer_t timer;
	size_t index;
	pid_t pid;
	int i;

	for (i = 0; i < 2; i++) {
		timer = begin_storm(flags[i]);
		begin = now_ns();
		EXPECT_EQ(zinc_wait(self->region, 300), -ETIMEDOUT);
		EXPECT_GE(now_ns() - begin, 300 * NSEC_PER_MSEC);
		EXPECT_GT(signals, 3);
		begin = now_ns();
		EXPECT_EQ(zinc_wait_until(self->region,
					  begin + 100 * NSEC_PER_MSEC),
			  -ETIMEDOUT);
		EXPECT_GE(now_ns() - begin, 100 * NSEC_PER_MSEC);
		begin = now_ns();
		EXPECT_EQ(zinc_notify_and_wait(self->region, self->region, 0),
			  0);
		if (zinc_wait_any(&self->region, 1,
				  begin + 100 * NSEC_PER_MSEC, &index) !=
		    -EOPNOTSUPP)
			EXPECT_GE(now_ns() - begin, 100 * NSEC_PER_MSEC);

		/* and a notify comes through the storm */
		IN_CHILD(pid) {
			sleep_ms(100);
			CHECK(!zinc_open(self->name, &mine));
			zinc_notify(mine);
		}
		EXPECT_EQ(zinc_wait(self->region, ZINC_WAIT_FOREVER), 0);
		timer_delete(timer);
		EXPECT_EQ(reap(pid), 0);
	}
}

/* A request is notified once, however many signals hit its wait */
TEST_F(notify, signals_do_not_repeat_a_notify)
{
	zinc_handle reply;
	timer_t timer;

	ASSERT_EQ(zinc_create(named("reply"), PAGE, &reply), 0);
	timer = begin_storm(0);
	EXPECT_EQ(zinc_notify_and_wait(self->region, reply, 200), -ETIMEDOUT);
	timer_delete(timer);
	EXPECT_GT(signals, 3);
	EXPECT_EQ(zinc_sequence(self->region), 1);
	zinc_close(reply);
}

TEST_F(notify, stop_and_continue_do_not_end_a_wait)
{
	zinc_handle mine;
	pid_t pid;
	int i;

	IN_CHILD(pid) {
		CHECK(!zinc_open(self->name, &mine));
		CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
		CHECK(zinc_sequence(mine) == 1);
	}
	ASSERT_TRUE(asleep(pid));
	for (i = 0; i < 20; i++) {
		kill(pid, SIGSTOP);
		sleep_ms(2);
		kill(pid, SIGCONT);
		sleep_ms(2);
	}
	EXPECT_FALSE(ended(pid));
	zinc_notify(self->region);
	EXPECT_EQ(reap(pid), 0);
}

/* A process wakes the futex word, or the waiters flag is forged */
TEST_F(notify, no_spurious_success)
{
	uint32_t *word = (uint32_t *)(zinc_ptr(self->region) - HEADER + 12);
	uint32_t *waiters = (uint32_t *)(zinc_ptr(self->region) - HEADER + 48);
	zinc_handle mine;
	pid_t pid;
	int i;

	IN_CHILD(pid) {
		CHECK(!zinc_open(self->name, &mine));
		CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
		CHECK(zinc_sequence(mine) == 1);
	}
	ASSERT_TRUE(asleep(pid));
	for (i = 0; i < 50; i++) {
		syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
		__atomic_fetch_or(waiters, 1u << (i % 31), __ATOMIC_SEQ_CST);
		sleep_ms(1);
	}
	EXPECT_FALSE(ended(pid));
	zinc_notify(self->region);
	EXPECT_EQ(reap(pid), 0);
}

static zinc_handle from_handler;

static void notify_from_handler(int sig)
{
	(void)sig;
	zinc_try_wait(from_handler);
	zinc_notify(from_handler);
}

/* Async-signal-safe: a handler may end the wait that it interrupted */
TEST_F(notify, from_a_signal_handler)
{
	struct sigaction action = { .sa_handler = notify_from_handler };
	pid_t parent = getpid();
	pid_t pid;

	from_handler = self->region;
	ASSERT_EQ(sigaction(SIGUSR2, &action, NULL), 0);
	IN_CHILD(pid) {
		CHECK(asleep(parent));
		kill(parent, SIGUSR2);
	}
	EXPECT_EQ(zinc_wait(self->region, ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(zinc_sequence(self->region), 1);
	EXPECT_EQ(reap(pid), 0);
}

/* ---- one of several ---- */

#define ANY_MAX	128

FIXTURE(any)
{
	zinc_handle regions[ANY_MAX + 1];
	size_t count;
};

static const char *numbered(int number)
{
	const char tag[] = { 'a', 'n', 'y', '0' + number, 0 };

	return named(tag);
}

FIXTURE_SETUP(any)
{
	for (self->count = 0; self->count < 5; self->count++) {
		forget(numbered(self->count));
		ASSERT_EQ(zinc_create(numbered(self->count), PAGE,
				      &self->regions[self->count]), 0);
	}
	/* a deadline that is past, but for which the kernel is asked */
	if (zinc_wait_any(self->regions, 1, 1, NULL) == -EOPNOTSUPP) {
		/* said in the documentation: before Linux 5.16, on shm */
		ASSERT_FALSE(on_kmod());
		self->count = 0;
	}
}

FIXTURE_TEARDOWN(any)
{
	size_t i;

	for (i = 0; i < 5; i++)
		zinc_close(self->regions[i]);
	for (i = 0; i < 5; i++)
		forget(numbered(i));
}

#define NEED_ANY() do {							\
	if (!self->count)						\
		SKIP(return, "this kernel has no futex_waitv");		\
} while (0)

TEST_F(any, each_index)
{
	size_t index;
	size_t i;

	NEED_ANY();
	for (i = 0; i < 5; i++) {
		zinc_notify(self->regions[i]);
		index = 77;
		EXPECT_EQ(zinc_wait_any(self->regions, 5,
					now_ns() + NSEC_PER_SEC, &index), 0);
		EXPECT_EQ(index, i);
	}
	EXPECT_EQ(zinc_wait_any(self->regions, 5, 0, &index), -ETIMEDOUT);
}

TEST_F(any, first_of_several)
{
	size_t index = 77;

	NEED_ANY();
	zinc_notify(self->regions[3]);
	zinc_notify(self->regions[1]);
	zinc_notify(self->regions[4]);
	EXPECT_EQ(zinc_wait_any(self->regions, 5, 0, &index), 0);
	EXPECT_EQ(index, 1);
	/* only that one's cursor moved */
	EXPECT_EQ(zinc_try_wait(self->regions[1]), -EAGAIN);
	EXPECT_EQ(zinc_wait_any(self->regions, 5, ZINC_DEADLINE_NEVER, &index), 0);
	EXPECT_EQ(index, 3);
	EXPECT_EQ(zinc_wait_any(self->regions, 5, 0, NULL), 0);
	EXPECT_EQ(zinc_try_wait(self->regions[4]), -EAGAIN);
	EXPECT_EQ(zinc_wait_any(self->regions, 5, 0, NULL), -ETIMEDOUT);
}

TEST_F(any, times_out)
{
	uint64_t deadline = now_ns() + 100 * NSEC_PER_MSEC;
	size_t index = 77;

	NEED_ANY();
	EXPECT_EQ(zinc_wait_any(self->regions, 5, deadline, &index),
		  -ETIMEDOUT);
	EXPECT_GE(now_ns(), deadline);
	EXPECT_LT(now_ns(), deadline + PATIENCE_MS * NSEC_PER_MSEC);
}

TEST_F(any, counts)
{
	size_t index = 77;
	size_t i;

	NEED_ANY();
	for (i = 5; i < ANY_MAX + 1; i++)
		self->regions[i] = self->regions[0];
	EXPECT_EQ(zinc_wait_any(NULL, 1, 0, &index), -EINVAL);
	EXPECT_EQ(zinc_wait_any(self->regions, 0, 0, &index), -EINVAL);
	EXPECT_EQ(zinc_wait_any(self->regions, ANY_MAX + 1, 0, &index),
		  -EINVAL);
	EXPECT_EQ(zinc_wait_any(self->regions, SIZE_MAX, 0, &index), -EINVAL);
	EXPECT_EQ(zinc_wait_any(self->regions, ANY_MAX, 0, &index),
		  -ETIMEDOUT);
	EXPECT_EQ(zinc_wait_any(self->regions, ANY_MAX,
				now_ns() + 10 * NSEC_PER_MSEC, &index),
		  -ETIMEDOUT);
	self->regions[ANY_MAX - 1] = self->regions[2];
	zinc_notify(self->regions[2]);
	EXPECT_EQ(zinc_wait_any(self->regions + 3, ANY_MAX - 3, 0, &index), 0);
	EXPECT_EQ(index, ANY_MAX - 4);

	self->regions[1] = NULL;
	zinc_notify(self->regions[0]);
	EXPECT_EQ(zinc_wait_any(self->regions, 3, 0, &index), -EINVAL);
	EXPECT_EQ(zinc_try_wait(self->regions[0]), 0) {
		TH_LOG("a refused call took a notify");
	}
}

TEST_F(any, is_woken_by_another_process)
{
	size_t index = 77;
	zinc_handle mine;
	pid_t parent = getpid();
	pid_t pid;
	int i;

	NEED_ANY();
	for (i = 0; i < 5; i++) {
		IN_CHILD(pid) {
			CHECK(!zinc_open(numbered(i), &mine));
			CHECK(asleep(parent));
			zinc_notify(mine);
		}
		EXPECT_EQ(zinc_wait_any(self->regions, 5,
					i % 2 ? ZINC_DEADLINE_NEVER :
					now_ns() + FAR_NS, &index), 0);
		EXPECT_EQ(index, i);
		EXPECT_EQ(reap(pid), 0);
	}
}

/* Of a handle whose descriptor is known, the cursor is the kernel's */
TEST_F(any, some_are_polled)
{
	size_t index = 7;
	int i;

	NEED_KMOD();
	ASSERT_LE(0, zinc_fd(self->regions[1]));
	EXPECT_EQ(zinc_wait_any(self->regions, 3, 0, &index), -ETIMEDOUT);
	EXPECT_EQ(zinc_wait_any(self->regions, 3, now_ns() + NSEC_PER_MSEC,
				&index), -ETIMEDOUT);
	for (i = 0; i < 3; i++) {
		zinc_notify(self->regions[i]);
		EXPECT_EQ(zinc_wait_any(self->regions, 3, now_ns() + FAR_NS,
					&index), 0);
		EXPECT_EQ(index, i);
	}
	EXPECT_EQ(zinc_wait_any(self->regions, 3, 0, &index), -ETIMEDOUT);
	EXPECT_EQ(zinc_try_wait(self->regions[1]), -EAGAIN);
}

TEST_F(any, of_one_backend)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.backend = ZINC_BACKEND_SHM,
	};
	zinc_handle mixed[2] = { self->regions[0], NULL };

	NEED_KMOD();
	ASSERT_EQ(zinc_create_with(named("mixed"), PAGE, &options, &mixed[1]),
		  0);
	EXPECT_EQ(zinc_wait_any(mixed, 2, 0, NULL), -EINVAL);
	zinc_notify(mixed[0]);
	EXPECT_EQ(zinc_wait_any(mixed, 2, 0, NULL), -EINVAL);
	zinc_close(mixed[1]);
}

/* ---- request and reply ---- */

TEST_F(notify, and_wait_on_one_region)
{
	EXPECT_EQ(zinc_notify_and_wait(self->region, self->region, 0), 0);
	EXPECT_EQ(zinc_sequence(self->region), 1);
	EXPECT_EQ(zinc_try_wait(self->region), -EAGAIN);
}

TEST_F(notify, and_wait_times_out)
{
	zinc_handle reply;
	uint64_t begin;

	ASSERT_EQ(zinc_create(named("reply"), PAGE, &reply), 0);
	EXPECT_EQ(zinc_notify_and_wait(self->region, reply, 0), -ETIMEDOUT);
	EXPECT_EQ(zinc_sequence(self->region), 1);
	begin = now_ns();
	EXPECT_EQ(zinc_notify_and_wait(self->region, reply, 100), -ETIMEDOUT);
	EXPECT_GE(now_ns() - begin, 100 * NSEC_PER_MSEC);
	EXPECT_EQ(zinc_sequence(self->region), 2);
	EXPECT_EQ(zinc_sequence(reply), 0);
	/* a reply that is there already ends it at once, notified all the same */
	zinc_notify(reply);
	EXPECT_EQ(zinc_notify_and_wait(self->region, reply,
				       ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(zinc_sequence(self->region), 3);
	zinc_close(reply);
}

/* Two processes, two regions, 10,000 times there and back, data and all */
TEST_F_TIMEOUT(notify, ping_pong, 120)
{
	enum { ROUNDS = 10000 };
	const char *pong_name = named("pong");
	zinc_handle ping = self->region;
	zinc_handle pong;
	uint32_t round;
	pid_t pid;

	ASSERT_EQ(zinc_create(pong_name, PAGE, &pong), 0);
	IN_CHILD(pid) {
		zinc_handle in, out;

		CHECK(!zinc_open(self->name, &in));
		CHECK(!zinc_open(pong_name, &out));
		CHECK(!zinc_wait(in, ZINC_WAIT_FOREVER));
		for (round = 1; round < ROUNDS; round++) {
			CHECK(!memcmp(zinc_ptr(in), &round, sizeof(round)));
			memcpy(zinc_ptr(out), &round, sizeof(round));
			CHECK(!zinc_notify_and_wait(out, in,
						    ZINC_WAIT_FOREVER));
		}
		CHECK(!memcmp(zinc_ptr(in), &round, sizeof(round)));
		memcpy(zinc_ptr(out), &round, sizeof(round));
		zinc_notify(out);
	}
	for (round = 1; round <= ROUNDS; round++) {
		memcpy(zinc_ptr(ping), &round, sizeof(round));
		ASSERT_EQ(zinc_notify_and_wait(ping, pong, FAR_MS), 0) {
			TH_LOG("round %u", round);
		}
		ASSERT_EQ(memcmp(zinc_ptr(pong), &round, sizeof(round)), 0);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_sequence(ping), ROUNDS);
	EXPECT_EQ(zinc_sequence(pong), ROUNDS);
	zinc_close(pong);
}

TEST_HARNESS_MAIN
