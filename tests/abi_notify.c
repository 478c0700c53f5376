// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notify and wait: sequence and cursors, deadlines, signals, read, poll, epoll
 * and select, the waiters flag, and descriptors that are shared or travel.
 */
#include "abi.h"

#include <sys/select.h>
#include <sys/socket.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

#define ANY_EVENT	(POLLIN | POLLPRI | POLLOUT | POLLRDHUP)

FIXTURE(notify)
{
	int dev;
	int fd;		/* the creator's */
	int other;	/* a handle of its own */
	int rdonly;
	const char *name;
	struct zinc_header *h;
};

FIXTURE_SETUP(notify)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->name = a_name("notify");
	self->fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(self->fd, 0);
	self->other = open_name(self->dev, self->name);
	ASSERT_GE(self->other, 0);
	self->rdonly = open_as(self->dev, self->name, ZINC_RDONLY);
	ASSERT_GE(self->rdonly, 0);
	self->h = map_header(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->h);
}

FIXTURE_TEARDOWN(notify)
{
	unmap_header(self->h);
	close(self->rdonly);
	close(self->other);
	close(self->fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	close(self->dev);
}

/* ---- sequence and cursors ---- */

TEST_F(notify, a_later_handle_finds_it_pending)
{
	int fd;

	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));
	EXPECT_EQ(0, notify(self->fd));
	fd = open_name(self->dev, self->name);
	EXPECT_EQ(0, wait_until(fd, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_until(fd, 0));
	close(fd);
}

TEST_F(notify, own_notifies_count)
{
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(POLLIN, events(self->fd));
	EXPECT_EQ(0, wait_until(self->fd, 0));
	EXPECT_EQ(0, events(self->fd));
}

TEST_F(notify, notifies_coalesce)
{
	struct zinc_wait w = wait_args(0, 0xdead, 0);

	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, notify(self->other));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(3, w.cursor);
	EXPECT_EQ(3, info(self->other).cursor);
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));
	EXPECT_EQ(0, info(self->fd).cursor);
	EXPECT_EQ(0, wait_until(self->fd, 0));
}

TEST_F(notify, notify_tells_the_sequence)
{
	struct zinc_notify n = { .sequence = 0xdead };

	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_NOTIFY, &n));
	EXPECT_EQ(1, n.sequence);
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	STORE(self->h->notify_seq, 7);
	n.flags = ZINC_NOTIFY_WAKE;
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_NOTIFY, &n));
	EXPECT_EQ(7, n.sequence);
	EXPECT_EQ(7, LOAD(self->h->notify_seq));
}

TEST_F(notify, the_sequence_wraps)
{
	struct zinc_wait w = wait_args(0, 0, 0);
	struct zinc_notify n = { .flags = 0 };

	STORE(self->h->notify_seq, 0xffffffff);
	EXPECT_EQ(0, set_cursor(self->other, 0xffffffff));
	EXPECT_EQ(0, events(self->other));
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_NOTIFY, &n));
	EXPECT_EQ(0, n.sequence);
	EXPECT_EQ(0, info(self->fd).sequence);
	EXPECT_EQ(POLLIN, events(self->other));
	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(0, w.cursor);
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));

	EXPECT_EQ(0, set_cursor(self->other, 0xfffffffe));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(3, read_count(self->other));
	/* as far apart as they can be */
	EXPECT_EQ(0, set_cursor(self->other, 2));
	EXPECT_EQ(0xffffffff, read_count(self->other));
}

TEST_F(notify, set_cursor)
{
	EXPECT_EQ(0, set_cursor(self->other, 5));
	EXPECT_EQ(5, info(self->other).cursor);
	EXPECT_EQ(POLLIN, events(self->other));
	EXPECT_EQ(0, set_cursor(self->other, 0));
	EXPECT_EQ(0, events(self->other));
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));
	EXPECT_EQ(0, set_cursor(self->rdonly, 9));
	EXPECT_EQ(9, info(self->rdonly).cursor);
	EXPECT_EQ(0, info(self->other).cursor);
}

TEST_F(notify, wait_against_a_cursor_of_the_caller)
{
	struct zinc_wait w;

	STORE(self->h->notify_seq, 10);
	EXPECT_EQ(0, set_cursor(self->other, 10));
	w = wait_args(ZINC_WAIT_CURSOR, 8, 0);
	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(10, w.cursor);
	EXPECT_EQ(0, set_cursor(self->other, 3));
	w = wait_args(ZINC_WAIT_CURSOR, 10, 0);
	EXPECT_EQ(-ETIMEDOUT, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(3, info(self->other).cursor);
	w = wait_args(ZINC_WAIT_CURSOR, 9, 0);
	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(10, info(self->other).cursor);
	/* without the flag the field is not looked at */
	w = wait_args(0, 9, 0);
	EXPECT_EQ(-ETIMEDOUT, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
}

TEST_F(notify, rdonly_waits_and_never_notifies)
{
	struct zinc_notify n = { .sequence = 0xdead };

	EXPECT_EQ(-EBADF, refused(self->rdonly, ZINC_IOC_REGION_NOTIFY, &n));
	n.flags = ZINC_NOTIFY_WAKE;
	EXPECT_EQ(-EBADF, refused(self->rdonly, ZINC_IOC_REGION_NOTIFY, &n));
	EXPECT_EQ(0, LOAD(self->h->notify_seq));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, wait_until(self->rdonly, 0));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(1, read_count(self->rdonly));
}

/* ---- deadlines ---- */

TEST_F(notify, a_past_deadline_only_looks)
{
	const __u64 past[] = { 0, 1, clock_ns(CLOCK_MONOTONIC) - 1 };
	struct zinc_wait w;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(past); i++) {
		w = wait_args(0, 0xdead, past[i]);
		EXPECT_EQ(-ETIMEDOUT, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
		EXPECT_EQ(0, LOAD(self->h->waiters));
		EXPECT_EQ(0, notify(self->fd));
		EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
		EXPECT_EQ(i + 1, w.cursor);
	}
}

TEST_F(notify, no_timeout_before_the_deadline)
{
	__u64 deadline;
	int ms;

	for (ms = 1; ms <= 64; ms *= 2) {
		deadline = after_ms(ms);
		EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, deadline));
		EXPECT_LE(deadline, clock_ns(CLOCK_MONOTONIC));
		EXPECT_GT(deadline + PATIENCE_MS * NSEC_PER_MSEC,
			  clock_ns(CLOCK_MONOTONIC));
	}
}

TEST_F(notify, far_deadlines_are_far)
{
	const __u64 far[] = {
		ZINC_DEADLINE_NEVER, ZINC_DEADLINE_NEVER - 1, 1ULL << 63, (1ULL << 63) - 1,
		(1ULL << 63) + 1, 1ULL << 62,
	};
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		pid = spawn();
		if (!pid) {
			CHECK(!wait_until(self->other, far[i]));
			_exit(0);
		}
		EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
		sleep_ms(30);
		EXPECT_EQ('S', task_state(pid)) TH_LOG("deadline %#llx", far[i]);
		EXPECT_EQ(0, notify(self->fd));
		EXPECT_EQ(0, reap(pid)) TH_LOG("deadline %#llx", far[i]);
	}
}

/* A child in a time namespace whose CLOCK_MONOTONIC is @shift seconds ahead */
static int in_time_namespace(FIXTURE_PTR(notify) self, long shift)
{
	struct zinc_wait_item item = { self->other, 0 };
	struct zinc_wait_any any = {
		.items = (uintptr_t)&item,
		.count = 1,
	};
	__u64 deadline;
	char text[64];
	pid_t pid;

	if (unshare(CLONE_NEWTIME))
		return 77;
	snprintf(text, sizeof(text), "monotonic %ld 0\n", shift);
	if (write_text("/proc/self/timens_offsets", text))
		return 77;
	pid = fork();
	if (pid)
		return reap(pid);
	CHECK(clock_ns(CLOCK_MONOTONIC) > shift * NSEC_PER_SEC);
	deadline = after_ms(60);
	CHECK(wait_until(self->other, deadline) == -ETIMEDOUT);
	CHECK(clock_ns(CLOCK_MONOTONIC) >= deadline);
	CHECK(clock_ns(CLOCK_MONOTONIC) < deadline + PATIENCE_MS * NSEC_PER_MSEC);
	any.deadline = after_ms(60);
	CHECK(call(self->dev, ZINC_IOC_WAIT_ANY, &any) == -ETIMEDOUT);
	CHECK(clock_ns(CLOCK_MONOTONIC) >= any.deadline);
	/* the deadline is past in here, whether or not it is outside */
	CHECK(wait_until(self->other, shift * NSEC_PER_SEC) == -ETIMEDOUT);
	CHECK(wait_until(self->other, 1) == -ETIMEDOUT);
	_exit(0);
}

TEST_F(notify, deadlines_are_of_the_time_namespace)
{
	pid_t pid = spawn();
	int status;

	if (!pid)
		_exit(in_time_namespace(self, 100000));
	status = reap(pid);
	if (status == 77)
		SKIP(return, "no time namespaces here, or not root");
	EXPECT_EQ(0, status);
}

/* ---- signals ---- */

TEST_F(notify, a_signal_interrupts)
{
	pid_t pid = spawn();

	if (!pid) {
		struct zinc_wait w = wait_args(0, 0xdead, patience());

		on_usr1(0);
		CHECK(refused(self->other, ZINC_IOC_REGION_WAIT, &w) == -EINTR);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, info(self->fd).waiters);
}

TEST_F(notify, a_restarting_signal_does_not)
{
	pid_t pid = spawn();
	int i;

	if (!pid) {
		on_usr1(SA_RESTART);
		CHECK(!wait_until(self->other, patience()));
		_exit(0);
	}
	for (i = 0; i < 5; i++) {
		EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
		kill(pid, SIGUSR1);
		sleep_ms(10);
	}
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
}

/* Interrupt a wait until its deadline. False: it was not seen to wait before. */
static bool is_interrupted_in_time(struct __test_metadata *_metadata,
				   FIXTURE_PTR(notify) self, unsigned int ms)
{
	__u64 deadline = after_ms(ms);
	pid_t pid = spawn();
	bool waited = false;

	if (!pid) {
		on_usr1(SA_RESTART);
		CHECK(wait_until(self->other, deadline) == -ETIMEDOUT);
		CHECK(clock_ns(CLOCK_MONOTONIC) >= deadline);
		_exit(0);
	}
	while (clock_ns(CLOCK_MONOTONIC) < deadline) {
		/* before it waits, the signal may find no handler */
		waited = waited || info(self->fd).waiters == 1;
		if (waited)
			kill(pid, SIGUSR1);
		sleep_ms(20);
	}
	EXPECT_EQ(0, reap(pid));
	return waited;
}

TEST_F(notify, a_restarted_wait_keeps_its_deadline)
{
	bool in_time = false;
	unsigned int ms;

	/* longer, where the machine is too slow to begin before */
	for (ms = 300; !in_time && ms < PATIENCE_MS; ms *= 4)
		in_time = is_interrupted_in_time(_metadata, self, ms);
	EXPECT_TRUE(in_time);
}

TEST_F(notify, a_stop_is_no_end)
{
	pid_t pid = spawn();

	if (!pid) {
		CHECK(!wait_until(self->other, patience()));
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	kill(pid, SIGSTOP);
	EXPECT_TRUE(EVENTUALLY(task_state(pid) == 'T'));
	kill(pid, SIGCONT);
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(notify, a_notify_is_not_repeated_by_a_restart)
{
	int reply = create(self->dev, "", PAGE);
	pid_t pid;

	ASSERT_LE(0, reply);
	pid = spawn();
	if (!pid) {
		struct zinc_wait w = wait_args(ZINC_WAIT_NOTIFY, 0, patience());

		w.notify_fd = self->fd;
		on_usr1(SA_RESTART);
		CHECK(refused(reply, ZINC_IOC_REGION_WAIT, &w) == -EINTR);
		/* to go on with a plain wait */
		w = wait_args(0, 0, patience());
		CHECK(!call(reply, ZINC_IOC_REGION_WAIT, &w));
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(reply).waiters == 1));
	kill(pid, SIGUSR1);
	sleep_ms(50);
	EXPECT_TRUE(EVENTUALLY(info(reply).waiters == 1));
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	EXPECT_EQ(0, notify(reply));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	close(reply);
}

/* ---- notify one, wait for another ---- */

TEST_F(notify, one_call_notifies_and_waits)
{
	int reply = create(self->dev, "", PAGE);
	struct zinc_wait w = wait_args(ZINC_WAIT_NOTIFY, 0, patience());
	pid_t pid;
	int i;

	ASSERT_LE(0, reply);
	pid = spawn();
	if (!pid) {
		for (i = 0; i < 100; i++) {
			CHECK(!wait_until(self->other, patience()));
			CHECK(!notify(reply));
		}
		_exit(0);
	}
	w.notify_fd = self->fd;
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, call(reply, ZINC_IOC_REGION_WAIT, &w));
		ASSERT_EQ(i + 1, w.cursor);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(100, LOAD(self->h->notify_seq));
	close(reply);
}

TEST_F(notify, notify_and_wait_for_the_same_region)
{
	struct zinc_wait w = wait_args(ZINC_WAIT_NOTIFY, 0, ZINC_DEADLINE_NEVER);

	w.notify_fd = self->other;
	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(1, w.cursor);
}

TEST_F(notify, the_notify_is_done_although_the_wait_times_out)
{
	int reply = create(self->dev, "", PAGE);
	struct zinc_wait w = wait_args(ZINC_WAIT_NOTIFY, 0, 0);

	w.notify_fd = self->fd;
	EXPECT_EQ(-ETIMEDOUT, refused(reply, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	EXPECT_EQ(POLLIN, events(self->other));
	w.flags = ZINC_WAIT_WAKE;
	EXPECT_EQ(-ETIMEDOUT, refused(reply, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	close(reply);
}

TEST_F(notify, wait_wake_wakes)
{
	int reply = create(self->dev, "", PAGE);
	struct zinc_wait w = wait_args(ZINC_WAIT_WAKE, 0, 0);
	pid_t pid = spawn();

	if (!pid) {
		CHECK(!wait_until(self->other, patience()));
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_TRUE(falls_asleep(pid));
	STORE(self->h->notify_seq, 1);
	w.notify_fd = self->fd;
	EXPECT_EQ(-ETIMEDOUT, refused(reply, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	close(reply);
}

TEST_F(notify, what_cannot_be_notified)
{
	const int bad[] = { -1, 1000, 0, self->dev, self->rdonly };
	static const __u32 flags[] = { ZINC_WAIT_NOTIFY, ZINC_WAIT_WAKE };
	struct zinc_wait w;
	unsigned int i, j;

	EXPECT_EQ(0, notify(self->fd));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			w = wait_args(flags[j], 0xdead, 0);
			w.notify_fd = bad[i];
			EXPECT_EQ(-EBADF, refused(self->other, ZINC_IOC_REGION_WAIT, &w))
				TH_LOG("fd %d, flags %u", bad[i], flags[j]);
		}
	}
	w = wait_args(ZINC_WAIT_NOTIFY | ZINC_WAIT_WAKE, 0xdead, 0);
	w.notify_fd = self->fd;
	EXPECT_EQ(-EINVAL, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
	w = wait_args(0, 0xdead, 0);
	w.notify_fd = self->fd;
	EXPECT_EQ(-EINVAL, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
	w.notify_fd = -1;
	EXPECT_EQ(-EINVAL, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(1, LOAD(self->h->notify_seq));
	EXPECT_EQ(0, info(self->other).cursor);
}

/* ---- read ---- */

TEST_F(notify, read_counts)
{
	__u64 buffer[4] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };

	STORE(self->h->notify_seq, 5);
	EXPECT_EQ(-1, read(self->other, buffer, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->other, buffer, 7));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(~0ULL, buffer[0]);
	EXPECT_EQ(8, read(self->other, buffer, sizeof(buffer)));
	EXPECT_EQ(5, buffer[0]);
	EXPECT_EQ(~0ULL, buffer[1]);
	EXPECT_EQ(0, fcntl(self->other, F_SETFL, O_RDWR | O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, read_count(self->other));
	STORE(self->h->notify_seq, 6);
	EXPECT_EQ(1, read_count(self->other));
	/* a handle that has not read has them all */
	EXPECT_EQ(6, read_count(self->rdonly));
}

TEST_F(notify, a_bad_buffer_takes_nothing)
{
	void *nowhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	STORE(self->h->notify_seq, 5);
	EXPECT_EQ(-1, read(self->other, nowhere, 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(5, read_count(self->other));
}

TEST_F(notify, read_blocks)
{
	pid_t pid = spawn();

	if (!pid) {
		CHECK(read_count(self->other) == 1);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(notify, read_is_interrupted)
{
	pid_t pid = spawn();

	if (!pid) {
		on_usr1(0);
		CHECK(read_count(self->other) == -EINTR);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
}

/* ---- poll, epoll, select ---- */

TEST_F(notify, poll)
{
	struct pollfd p[2] = {
		{ .fd = self->other, .events = ANY_EVENT },
		{ .fd = self->rdonly, .events = ANY_EVENT },
	};

	EXPECT_EQ(0, poll(p, 2, 20));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(2, poll(p, 2, -1));
	EXPECT_EQ(POLLIN, p[0].revents);
	EXPECT_EQ(POLLIN, p[1].revents);
	EXPECT_EQ(1, read_count(self->other));
	EXPECT_EQ(1, poll(p, 2, -1));
	EXPECT_EQ(0, p[0].revents);
	EXPECT_EQ(0, wait_until(self->rdonly, 0));
	EXPECT_EQ(0, poll(p, 2, 0));
	/* not reported unless requested */
	EXPECT_EQ(0, notify(self->fd));
	p[0].events = POLLRDHUP;
	EXPECT_EQ(0, poll(p, 1, 20));
}

TEST_F(notify, poll_is_woken)
{
	int pass;
	pid_t pid;

	for (pass = 0; pass < 2; pass++) {
		pid = spawn();
		if (!pid) {
			struct pollfd p = { .fd = self->other, .events = POLLIN };

			CHECK(poll(&p, 1, PATIENCE_MS) == 1);
			CHECK(p.revents == POLLIN);
			CHECK(read_count(self->other) == 1);
			_exit(0);
		}
		EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
		EXPECT_TRUE(falls_asleep(pid));
		if (pass)
			notify_free(self->fd, self->h);
		else
			EXPECT_EQ(0, notify(self->fd));
		EXPECT_EQ(0, reap(pid));
	}
}

TEST_F(notify, epoll_level_triggered)
{
	int ep = watch(self->other, EPOLLIN);

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, ready(ep, 20));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	EXPECT_EQ(EPOLLIN, ready(ep, 0));
	EXPECT_EQ(1, read_count(self->other));
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	EXPECT_EQ(0, set_cursor(self->other, 2));
	EXPECT_EQ(0, ready(ep, 0));
	close(ep);
}

TEST_F(notify, epoll_edge_triggered)
{
	int ep = watch(self->other, EPOLLIN | EPOLLET);

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	EXPECT_EQ(0, ready(ep, 0));
	/* each notify is an edge, whether or not the last one was consumed */
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	EXPECT_EQ(0, ready(ep, 0));
	notify_free(self->fd, self->h);
	EXPECT_EQ(EPOLLIN, ready(ep, PATIENCE_MS));
	EXPECT_EQ(3, read_count(self->other));
	EXPECT_EQ(0, ready(ep, 0));
	close(ep);
	/* pending from the beginning is an edge too */
	EXPECT_EQ(0, notify(self->fd));
	ep = watch(self->other, EPOLLIN | EPOLLET);
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	close(ep);
}

TEST_F(notify, epoll_one_shot)
{
	int ep = watch(self->other, EPOLLIN | EPOLLONESHOT);
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT };

	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(1, read_count(self->other));
	notify_free(self->fd, self->h);
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_MOD, self->other, &e));
	EXPECT_EQ(EPOLLIN, ready(ep, PATIENCE_MS));
	close(ep);
}

TEST_F(notify, epoll_in_epoll)
{
	int inner = watch(self->other, EPOLLIN | EPOLLET);
	int outer = watch(inner, EPOLLIN | EPOLLET);

	EXPECT_EQ(0, ready(outer, 0));
	notify_free(self->fd, self->h);
	EXPECT_EQ(EPOLLIN, ready(outer, PATIENCE_MS));
	EXPECT_EQ(EPOLLIN, ready(inner, 0));
	notify_free(self->fd, self->h);
	EXPECT_EQ(EPOLLIN, ready(outer, PATIENCE_MS));
	EXPECT_EQ(EPOLLIN, ready(inner, 0));
	close(outer);
	close(inner);
}

/* A handle is its own source: EPOLLEXCLUSIVE applies to the watchers of one handle */
TEST_F(notify, exclusive_pollers_of_two_handles_both_wake)
{
	int a = watch(self->other, EPOLLIN | EPOLLEXCLUSIVE);
	int b = watch(self->rdonly, EPOLLIN | EPOLLEXCLUSIVE);
	pid_t pids[2];
	int pass;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	for (pass = 0; pass < 2; pass++) {
		pids[0] = spawn();
		if (!pids[0])
			_exit(ready(a, PATIENCE_MS / 4) != EPOLLIN);
		pids[1] = spawn();
		if (!pids[1])
			_exit(ready(b, PATIENCE_MS / 4) != EPOLLIN);
		EXPECT_TRUE(falls_asleep(pids[0]));
		EXPECT_TRUE(falls_asleep(pids[1]));
		sleep_ms(50);
		notify_free(self->fd, self->h);
		EXPECT_EQ(0, reap(pids[0]));
		EXPECT_EQ(0, reap(pids[1]));
		EXPECT_EQ(1, read_count(self->other));
		EXPECT_EQ(1, read_count(self->rdonly));
	}
	close(a);
	close(b);
}

/* The end of the creator must not take the others' claim to a wake-up */
TEST_F(notify, after_the_creator_pollers_are_woken_all_the_same)
{
	struct zinc_header *h = map_header(self->other, PROT_READ | PROT_WRITE);
	int ep = watch(self->rdonly, EPOLLIN | EPOLLET);
	pid_t pid;

	ASSERT_NE(NULL, h);
	EXPECT_EQ(0, ready(ep, 0));
	pid = spawn();
	if (!pid) {
		struct pollfd p = { .fd = self->other, .events = POLLIN };

		unmap_header(self->h);
		close(self->fd);
		CHECK(poll(&p, 1, PATIENCE_MS / 4) == 1);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->other).waiters == 2));
	EXPECT_TRUE(falls_asleep(pid));
	unmap_header(self->h);
	self->h = h;
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE, info(self->other).flags);
	notify_free(self->other, h);
	EXPECT_EQ(EPOLLIN, ready(ep, PATIENCE_MS / 4));
	EXPECT_EQ(0, reap(pid));
	close(ep);
}

TEST_F(notify, select)
{
	struct timeval now = { 0, 0 }, later = { PATIENCE_MS / 1000, 0 };
	fd_set r, w, e;
	int n = self->other + 1;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(self->other, &r);
	FD_SET(self->other, &w);
	FD_SET(self->other, &e);
	EXPECT_EQ(0, select(n, &r, &w, &e, &now));
	EXPECT_EQ(0, notify(self->fd));
	FD_SET(self->other, &r);
	FD_SET(self->other, &w);
	FD_SET(self->other, &e);
	EXPECT_EQ(1, select(n, &r, &w, &e, &later));
	EXPECT_TRUE(FD_ISSET(self->other, &r));
	EXPECT_FALSE(FD_ISSET(self->other, &w));
	EXPECT_FALSE(FD_ISSET(self->other, &e));
}

/* ---- the waiters flag ---- */

TEST_F(notify, the_flag_is_up_while_someone_sleeps)
{
	pid_t pid;
	int pass;

	EXPECT_EQ(0, LOAD(self->h->waiters));
	for (pass = 0; pass < 3; pass++) {
		pid = spawn();
		if (!pid)
			_exit(!!wait_until(self->other, patience()));
		EXPECT_TRUE(EVENTUALLY(LOAD(self->h->waiters)));
		notify_free(self->fd, self->h);
		EXPECT_EQ(0, reap(pid));
		/* at most a wake-up that came before it slept */
		EXPECT_EQ(0, notify(self->fd));
		EXPECT_EQ(0, LOAD(self->h->waiters));
		EXPECT_EQ(0, wait_until(self->other, 0));
	}
}

TEST_F(notify, the_flag_of_a_timed_out_wait_costs_one_call)
{
	struct pollfd p = { .fd = self->other, .events = POLLIN };

	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, after_ms(20)));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, LOAD(self->h->waiters));
	EXPECT_EQ(1, read_count(self->other));
	EXPECT_EQ(0, poll(&p, 1, 10));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, LOAD(self->h->waiters));
}

TEST_F(notify, epoll_raises_the_flag_anew)
{
	int ep = watch(self->other, EPOLLIN | EPOLLET), pass;

	EXPECT_NE(0, LOAD(self->h->waiters));
	for (pass = 0; pass < 3; pass++) {
		notify_free(self->fd, self->h);
		/* until it is asked again, further notifies are free */
		EXPECT_EQ(0, LOAD(self->h->waiters));
		notify_free(self->fd, self->h);
		EXPECT_EQ(EPOLLIN, ready(ep, PATIENCE_MS));
		EXPECT_NE(0, LOAD(self->h->waiters));
	}
	close(ep);
}

TEST_F(notify, no_call_is_needed_where_nobody_waits)
{
	int i;

	for (i = 0; i < 1000; i++) {
		__atomic_add_fetch(&self->h->notify_seq, 1, __ATOMIC_SEQ_CST);
		ASSERT_EQ(0, LOAD(self->h->waiters));
		ASSERT_EQ(0, wait_until(self->other, 0));
	}
}

/* ---- descriptors that are shared and travel ---- */

TEST_F(notify, a_duplicate_shares_the_cursor)
{
	int copy = dup(self->other);

	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, wait_until(copy, 0));
	EXPECT_EQ(0, events(self->other));
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));
	EXPECT_EQ(1, info(self->other).cursor);
	EXPECT_EQ(POLLIN, events(self->fd));
	close(copy);
}

TEST_F(notify, a_child_shares_the_cursor)
{
	pid_t pid;

	EXPECT_EQ(0, notify(self->fd));
	pid = spawn();
	if (!pid)
		_exit(!!wait_until(self->other, 0));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));
}

TEST_F(notify, a_sent_descriptor_shares_the_cursor)
{
	int pair[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = spawn();
	if (!pid) {
		int fd, own;

		close(self->fd);
		close(self->other);
		close(self->rdonly);
		unmap_header(self->h);
		fd = receive_fd(pair[1]);
		CHECK(fd >= 0);
		CHECK(!wait_until(fd, 0));
		CHECK(info(fd).handles == 3);
		/* to have a cursor of one's own: reopen */
		own = reopen_as(fd, 0);
		CHECK(own >= 0);
		CHECK(!wait_until(own, 0));
		CHECK(info(fd).handles == 4);
		_exit(0);
	}
	EXPECT_EQ(0, notify(self->fd));
	ASSERT_EQ(0, send_fd(pair[0], self->other));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->other, 0));
	EXPECT_EQ(3, info(self->fd).handles);
	close(pair[0]);
	close(pair[1]);
}

/* A program that keeps @fd open, if any, for as long as its stdin is */
static pid_t exec_with(FIXTURE_PTR(notify) self, int fd, int in)
{
	pid_t pid = spawn();

	if (pid)
		return pid;
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
	dup2(in, 0);
	unmap_header(self->h);
	execl("/bin/cat", "cat", NULL);
	_exit(127);
}

static bool runs_cat(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return !strcmp(file_text(path), "cat\n");
}

TEST_F(notify, exec_closes)
{
	int in[2], pass;
	pid_t pid;

	for (pass = 0; pass < 2; pass++) {
		ASSERT_EQ(0, pipe2(in, O_CLOEXEC));
		pid = exec_with(self, pass ? self->other : -1, in[0]);
		close(in[0]);
		ASSERT_TRUE(EVENTUALLY(runs_cat(pid)));
		/* the handle is now the program's alone, if it has it */
		close(self->other);
		EXPECT_EQ(pass ? 3 : 2, info(self->fd).handles);
		close(in[1]);
		EXPECT_EQ(0, reap(pid));
		EXPECT_EQ(2, info(self->fd).handles);
		self->other = open_name(self->dev, self->name);
	}
}

TEST_HARNESS_MAIN
