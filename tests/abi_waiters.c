// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many waiters: the limit of a user, one place for a region that is given
 * several times, wake-ups of more than a batch, cursors that are set back, and
 * the absence of signals.
 */
#include "abi.h"

#include <pthread.h>

#define LIMIT		MODULE "/parameters/max_waiters"
#define NOBODY		4711
#define SOON		(PATIENCE_MS / 4)
#define MANY		300	/* more than four batches of the kernel's */

FIXTURE(waiters)
{
	int dev;
	int fd;
	int other;
	int rdonly;
	struct zinc_header *h;
	char limit[32];
};

FIXTURE_SETUP(waiters)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->fd = create(self->dev, "", PAGE);
	ASSERT_GE(self->fd, 0);
	self->other = reopen_as(self->fd, 0);
	ASSERT_GE(self->other, 0);
	self->rdonly = reopen_as(self->fd, ZINC_RDONLY);
	ASSERT_GE(self->rdonly, 0);
	self->h = map_header(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->h);
	strcpy(self->limit, file_text(LIMIT));
}

FIXTURE_TEARDOWN(waiters)
{
	if (!geteuid())
		EXPECT_EQ(0, write_text(LIMIT, self->limit));
	EXPECT_EQ(0, query(self->dev).user_waiters);
	unmap_header(self->h);
	close(self->rdonly);
	close(self->other);
	close(self->fd);
	close(self->dev);
}

/* ---- the limit of a user ---- */

/* A child of another user that sleeps until it is notified, or is refused */
static pid_t sleeper(int fd)
{
	pid_t pid = spawn();

	if (pid)
		return pid;
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	_exit(-wait_until(fd, patience()));
}

static long wait_many(int dev, struct zinc_wait_item *items, __u32 count,
		      __u64 deadline)
{
	struct zinc_wait_any a = {
		.items = (uintptr_t)items,
		.count = count,
		.deadline = deadline,
	};

	return call(dev, ZINC_IOC_WAIT_ANY, &a);
}

TEST_F(waiters, as_many_as_the_limit_and_no_more)
{
	pid_t pids[3], pid;
	int i;

	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(strtoul(self->limit, NULL, 0), query(self->dev).max_waiters);
	ASSERT_EQ(0, write_text(LIMIT, "3"));
	for (i = 0; i < 3; i++)
		pids[i] = sleeper(self->other);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 3));
	pid = spawn();
	if (!pid) {
		struct zinc_wait_item items[2] = {
			{ .fd = self->other }, { .fd = self->rdonly },
		};
		struct pollfd p = { .fd = self->rdonly, .events = POLLIN };

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(query(self->dev).user_waiters == 3);
		CHECK(wait_until(self->other, patience()) == -EDQUOT);
		CHECK(wait_until(self->rdonly, ZINC_DEADLINE_NEVER) == -EDQUOT);
		CHECK(read_count(self->rdonly) == -EDQUOT);
		CHECK(wait_many(self->dev, items, 2, patience()) == -EDQUOT);
		/* calls that only check, or poll, are not counted */
		CHECK(wait_until(self->other, 0) == -ETIMEDOUT);
		CHECK(wait_many(self->dev, items, 2, 0) == -ETIMEDOUT);
		CHECK(!poll(&p, 1, 10));
		CHECK(query(self->dev).user_waiters == 3);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* root's account is another, and root beyond limits */
	ASSERT_EQ(0, write_text(LIMIT, "1"));
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, after_ms(5)));
	EXPECT_EQ(0, notify(self->fd));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(0, query(self->dev).user_waiters);
}

TEST_F(waiters, what_ends_gives_its_place_back)
{
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, write_text(LIMIT, "1"));
	pid = sleeper(self->other);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	pid = spawn();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(!query(self->dev).user_waiters);
		CHECK(wait_until(self->other, after_ms(5)) == -ETIMEDOUT);
		CHECK(wait_until(self->rdonly, after_ms(5)) == -ETIMEDOUT);
		CHECK(!query(self->dev).user_waiters);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = spawn();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		on_usr1(0);
		CHECK(wait_until(self->other, patience()) == -EINTR);
		CHECK(!query(self->dev).user_waiters);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
}

/* By one handle, which a first user knew: it is the caller's account that counts */
TEST_F(waiters, those_who_were_sent_a_handle_use_their_own)
{
	pid_t pids[2];

	if (geteuid())
		SKIP(return, "needs root");
	pids[0] = spawn();
	if (!pids[0])
		_exit(-wait_until(self->other, patience()));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_waiters == 1));
	pids[1] = sleeper(self->other);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 2));
	EXPECT_EQ(1, query(self->dev).user_waiters);
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pids[0]));
	EXPECT_EQ(0, reap(pids[1]));
}

TEST_F(waiters, no_limit_is_none)
{
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, write_text(LIMIT, "0"));
	pid = sleeper(self->other);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_EQ(0, query(self->dev).max_waiters);
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
}

/* ---- one region, several times ---- */

struct many {
	int dev;
	pid_t tid;
	struct zinc_wait_item items[ZINC_WAIT_ANY_MAX];
	long ret;
};

static void *wait_for_many(void *arg)
{
	struct many *m = arg;

	__atomic_store_n(&m->tid, gettid(), __ATOMIC_RELEASE);
	m->ret = wait_many(m->dev, m->items, ZINC_WAIT_ANY_MAX, patience());
	return NULL;
}

TEST_F(waiters, a_region_has_one_place_however_often_it_is_given)
{
	const int fds[] = { self->other, self->rdonly, self->fd,
			    create(self->dev, "", PAGE) };
	struct many m = { .dev = self->dev };
	pthread_t thread;
	int i;

	for (i = 0; i < ZINC_WAIT_ANY_MAX; i++)
		m.items[i].fd = fds[i % ARRAY_SIZE(fds)];
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_many, &m));
	EXPECT_TRUE(EVENTUALLY(info(fds[3]).waiters == 1));
	/* it looks at all items once more before it sleeps */
	ASSERT_TRUE(falls_asleep(__atomic_load_n(&m.tid, __ATOMIC_ACQUIRE)));
	EXPECT_EQ(1, info(self->fd).waiters);
	EXPECT_EQ(2, query(self->dev).user_waiters);
	notify_free(self->fd, self->h);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, m.ret);
	EXPECT_EQ(1, m.items[0].cursor);
	EXPECT_EQ(0, m.items[1].cursor);
	EXPECT_EQ(0, info(self->fd).waiters);
	EXPECT_EQ(0, info(fds[3]).waiters);
	close(fds[3]);
}

/* ---- more than are woken at one go ---- */

struct crowd {
	int eps[MANY];
	pthread_t threads[MANY / 3];
	struct rlimit before;
};

static void *sleep_in_wait(void *arg)
{
	return (void *)wait_until(*(int *)arg, patience());
}

static void gather(struct crowd *c, int *fd, int watched)
{
	struct rlimit more;
	unsigned int i;

	CHECK(!getrlimit(RLIMIT_NOFILE, &c->before));
	more = c->before;
	more.rlim_cur = more.rlim_max;
	setrlimit(RLIMIT_NOFILE, &more);
	for (i = 0; i < MANY; i++) {
		/* some exclusive, which the kernel keeps at the end of the queue */
		c->eps[i] = watch(watched, i % 4 ? EPOLLIN | EPOLLET :
						   EPOLLIN | EPOLLEXCLUSIVE);
		CHECK(c->eps[i] >= 0);
	}
	for (i = 0; i < ARRAY_SIZE(c->threads); i++)
		CHECK(!pthread_create(&c->threads[i], NULL, sleep_in_wait, fd));
	CHECK(EVENTUALLY(info(*fd).waiters == MANY + ARRAY_SIZE(c->threads)));
}

static void scatter(struct crowd *c)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		close(c->eps[i]);
	setrlimit(RLIMIT_NOFILE, &c->before);
}

static unsigned int were_told(struct crowd *c)
{
	unsigned int i, n = 0;

	for (i = 0; i < MANY; i++)
		n += ready(c->eps[i], SOON) == EPOLLIN;
	return n;
}

TEST_F(waiters, a_crowd_is_woken_to_the_last)
{
	struct zinc_wait w = wait_args(ZINC_WAIT_NOTIFY, 0, 0);
	struct crowd c;
	unsigned int i, round;
	void *ret;

	gather(&c, &self->other, self->rdonly);
	notify_free(self->fd, self->h);
	EXPECT_EQ(MANY, were_told(&c));
	for (i = 0; i < ARRAY_SIZE(c.threads); i++) {
		EXPECT_EQ(0, pthread_join(c.threads[i], &ret));
		EXPECT_EQ(NULL, ret);
	}
	for (round = 0; round < 3; round++) {
		EXPECT_EQ(1, read_count(self->rdonly));
		w.flags = ZINC_WAIT_NOTIFY;
		w.notify_fd = self->fd;
		/* as for the next sleeper, and by a notify */
		EXPECT_EQ(0, round % 2 ? notify(self->fd) :
					 call(self->fd, ZINC_IOC_REGION_WAIT, &w));
		EXPECT_EQ(MANY, were_told(&c));
	}
	scatter(&c);
}

/* Many wake at once, and get on the queue again while others are still woken */
static void *notify_often(void *arg)
{
	FIXTURE_PTR(waiters) self = arg;
	int i;

	for (i = 0; i < 200; i++)
		notify_free(self->fd, self->h);
	return NULL;
}

TEST_F(waiters, several_wake_a_crowd_at_once)
{
	pthread_t notifiers[3];
	struct crowd c;
	unsigned int i;
	void *ret;

	gather(&c, &self->other, self->rdonly);
	for (i = 0; i < ARRAY_SIZE(notifiers); i++)
		ASSERT_EQ(0, pthread_create(&notifiers[i], NULL, notify_often, self));
	for (i = 0; i < ARRAY_SIZE(notifiers); i++)
		pthread_join(notifiers[i], NULL);
	EXPECT_EQ(600, LOAD(self->h->notify_seq));
	for (i = 0; i < ARRAY_SIZE(c.threads); i++) {
		pthread_join(c.threads[i], &ret);
		EXPECT_EQ(NULL, ret);
	}
	EXPECT_EQ(MANY, were_told(&c));
	EXPECT_EQ(600, read_count(self->rdonly));
	EXPECT_EQ(MANY, info(self->fd).waiters);
	scatter(&c);
	EXPECT_EQ(0, info(self->fd).waiters);
}

/* ---- a cursor that is set back ---- */

TEST_F(waiters, a_cursor_set_back_wakes_those_who_poll_the_handle)
{
	static const __u32 how[] = { EPOLLIN, EPOLLIN | EPOLLET };
	unsigned int i;
	pid_t pid;

	EXPECT_EQ(0, notify(self->fd));
	for (i = 0; i <= ARRAY_SIZE(how); i++) {
		int ep = i < ARRAY_SIZE(how) ? watch(self->rdonly, how[i]) : -1;
		struct pollfd p = { .fd = ep < 0 ? self->rdonly : ep, .events = POLLIN };

		EXPECT_EQ(0, set_cursor(self->rdonly, 1));
		while (ep >= 0 && ready(ep, 0))
			;
		pid = spawn();
		if (!pid)
			_exit(poll(&p, 1, SOON) != 1);
		EXPECT_TRUE(falls_asleep(pid));
		EXPECT_EQ(0, set_cursor(self->rdonly, 0));
		EXPECT_EQ(0, reap(pid)) TH_LOG("way %u", i);
		if (ep >= 0)
			close(ep);
	}
	/* and not of processes that sleep in a wait, which has its own cursor */
	EXPECT_EQ(1, read_count(self->other));
	pid = spawn();
	if (!pid)
		_exit(-wait_until(self->other, patience()));
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, set_cursor(self->other, 0));
	sleep_ms(50);
	EXPECT_EQ('S', task_state(pid));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
}

static unsigned long switches(pid_t pid)
{
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	at = strstr((char *)file_text(path), "\nvoluntary_ctxt_switches:");
	return at ? strtoul(strchr(at, '\t'), NULL, 10) : ~0UL;
}

/* Readers place theirs, any number of times and by any number of handles */
TEST_F(waiters, cursors_set_back_spin_nobody)
{
	struct pollfd p = { .fd = self->other, .events = POLLIN };
	unsigned long before, after;
	__u64 start, ms;
	pid_t pid;
	int i;

	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(1, read_count(self->other));
	EXPECT_EQ(1, read_count(self->rdonly));
	pid = spawn();
	if (!pid)
		_exit(poll(&p, 1, -1) != 1);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_TRUE(falls_asleep(pid));
	before = switches(pid);
	start = clock_ns(CLOCK_MONOTONIC);
	for (i = 0; i < 20000; i++) {
		ASSERT_EQ(0, set_cursor(self->rdonly, 0));
		ASSERT_EQ(0, set_cursor(self->rdonly, 1));
		if (i % 64 == 0)
			sched_yield();
	}
	ms = (clock_ns(CLOCK_MONOTONIC) - start) / NSEC_PER_MSEC;
	after = switches(pid);
	/* once in a tick, which is a millisecond or more */
	EXPECT_GE(ms + 2, after - before) TH_LOG("in %llu ms", ms);
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
}

/* A region may go while that is still to be done */
TEST_F(waiters, a_region_goes_with_what_it_was_to_do)
{
	int i;

	for (i = 0; i < 50; i++) {
		int fd = create(self->dev, "", PAGE), ep = watch(fd, EPOLLIN);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, set_cursor(fd, 1));
		close(fd);
		close(ep);
	}
}

/* ---- signals ---- */

TEST_F(waiters, o_async_is_refused)
{
	struct zinc_reserve_item item = { .flags = ZINC_RESERVE_SHARED };
	struct zinc_reserve r = { .items = (uintptr_t)&item, .count = 1 };
	int fds[4], on = 1, off = 0, flags;
	unsigned int i;

	strcpy((char *)item.device, "test:async");
	fds[0] = self->other;
	fds[1] = self->rdonly;
	fds[2] = self->dev;
	fds[3] = call(self->dev, ZINC_IOC_RESERVE, &r);
	ASSERT_LE(0, fds[3]);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		flags = fcntl(fds[i], F_GETFL);
		EXPECT_EQ(-1, fcntl(fds[i], F_SETFL, flags | O_ASYNC));
		EXPECT_EQ(EOPNOTSUPP, errno) TH_LOG("fd %u", i);
		EXPECT_EQ(flags, fcntl(fds[i], F_GETFL));
		EXPECT_EQ(0, fcntl(fds[i], F_SETFL, flags | O_NONBLOCK));
		EXPECT_EQ(0, fcntl(fds[i], F_SETFL, flags));
		EXPECT_EQ(-EOPNOTSUPP, call(fds[i], FIOASYNC, &on));
		EXPECT_EQ(0, call(fds[i], FIOASYNC, &off));
	}
	close(fds[3]);
	/* as a flag of open() it means nothing, on any file, and can be dropped */
	i = open(DEVICE, O_RDWR | O_CLOEXEC | O_ASYNC);
	ASSERT_LE(0, (int)i);
	EXPECT_EQ(0, fcntl(i, F_SETFL, O_RDWR));
	close(i);
}

TEST_HARNESS_MAIN
