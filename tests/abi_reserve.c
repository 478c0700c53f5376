// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations: who gets a device, in what order, who is named, and that a
 * reservation ends with its descriptor.
 */
#include "abi.h"

#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SHARED		ZINC_RESERVE_SHARED
#define QUEUE		ZINC_RESERVE_QUEUE
#define LIMIT		MODULE "/parameters/max_reservations"

FIXTURE(reserve)
{
	int dev;
	__u32 before;
};

FIXTURE_SETUP(reserve)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	if (!(query(self->dev).features & ZINC_FEATURE_RESERVE))
		ksft_exit_skip("this module has no reservations\n");
	self->before = query(self->dev).user_reservations;
}

/* Whatever a test does: no reservation may be left of it */
FIXTURE_TEARDOWN(reserve)
{
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_reservations ==
			       self->before));
	close(self->dev);
}

static struct zinc_reserve_item item(const char *device, __u32 flags)
{
	struct zinc_reserve_item i = { .flags = flags };

	strcpy((char *)i.device, device);
	return i;
}

static struct zinc_reserve reserve_args(const struct zinc_reserve_item *items,
					__u32 count)
{
	struct zinc_reserve arg = {
		.items = (uintptr_t)items,
		.count = count,
	};

	memset(&arg.id, POISON, sizeof(arg.id));
	memset(&arg.state, POISON, sizeof(arg.state));
	return arg;
}

/* One device; a descriptor, or -errno */
static int reserve_as(int dev, const char *device, __u32 mode, __u32 flags,
		      __u64 deadline)
{
	struct zinc_reserve_item i = item(device, mode);
	struct zinc_reserve arg = reserve_args(&i, 1);

	arg.flags = flags;
	arg.deadline = deadline;
	return call(dev, ZINC_RESERVE, &arg);
}

static int try(int dev, const char *device, __u32 mode)
{
	return reserve_as(dev, device, mode, 0, 0);
}

static int queue(int dev, const char *device, __u32 mode)
{
	return reserve_as(dev, device, mode, QUEUE, 0);
}

/* Two devices, queued */
static int queue_two(int dev, const char *one, const char *other)
{
	struct zinc_reserve_item i[2] = { item(one, 0), item(other, 0) };
	struct zinc_reserve arg = reserve_args(i, 2);

	arg.flags = QUEUE;
	return call(dev, ZINC_RESERVE, &arg);
}

static struct zinc_reservation_info stands(int fd)
{
	struct zinc_reservation_info i;

	memset(&i, POISON, sizeof(i));
	call(fd, ZINC_RESERVATION_INFO, &i);
	return i;
}

/* By INFO and by poll(), which must agree */
static bool held(int fd)
{
	bool is = stands(fd).state == ZINC_RESERVATION_HELD;

	CHECK(is || stands(fd).state == ZINC_RESERVATION_WAITING);
	CHECK(events(fd) == (is ? POLLIN : 0));
	return is;
}

static struct zinc_holders holders_args(struct zinc_holder *to, __u32 count,
					const char *device)
{
	struct zinc_holders h = {
		.entries = (uintptr_t)to,
		.entry_size = sizeof(*to),
		.count = count,
	};

	strcpy((char *)h.device, device);
	return h;
}

/* Those of a device, up to @room; their number, or -errno */
static int holders_of(int dev, const char *device, struct zinc_holder *to,
		      __u32 room)
{
	struct zinc_holders h = holders_args(to, room, device);
	long ret;

	memset(to, POISON, room * sizeof(*to));
	ret = call(dev, ZINC_HOLDERS, &h);
	return ret ? ret : (int)h.count;
}

/* ---- who gets it ---- */

TEST_F(reserve, is_held_until_it_is_closed)
{
	int fd = try(self->dev, "test:0", 0);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(held(fd));
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", SHARED));
	EXPECT_EQ(self->before + 1, query(self->dev).user_reservations);
	close(fd);
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(reserve, numbers_rise_and_the_state_is_told)
{
	struct zinc_reserve_item i = item("test:0", 0);
	struct zinc_reserve first = reserve_args(&i, 1);
	struct zinc_reserve second = reserve_args(&i, 1);
	int one, two;

	one = call(self->dev, ZINC_RESERVE, &first);
	ASSERT_LE(0, one);
	second.flags = QUEUE;
	two = call(self->dev, ZINC_RESERVE, &second);
	ASSERT_LE(0, two);
	EXPECT_EQ(ZINC_RESERVATION_HELD, first.state);
	EXPECT_EQ(ZINC_RESERVATION_WAITING, second.state);
	EXPECT_LT(first.id, second.id);
	EXPECT_EQ(first.id, stands(one).id);
	EXPECT_EQ(second.id, stands(two).id);
	EXPECT_EQ(0, stands(one).ahead);
	EXPECT_EQ(1, stands(two).ahead);
	EXPECT_EQ(1, stands(two).count);
	EXPECT_EQ(0, stands(two).pad);
	close(one);
	EXPECT_TRUE(held(two));
	EXPECT_EQ(0, stands(two).ahead);
	close(two);
}

TEST_F(reserve, other_devices_are_others)
{
	static const char * const names[] = {
		"test:0", "test:00", "test:1", "test", "0", "a.b_c:d-e",
		"pci:0000:01:00.0",
		"x23456789012345678901234567890123456789012345678901234567890123",
	};
	int fds[ARRAY_SIZE(names)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fds[i] = try(self->dev, names[i], 0);
		EXPECT_LE(0, fds[i]) TH_LOG("%s", names[i]);
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-EBUSY, try(self->dev, names[i], 0))
			TH_LOG("%s", names[i]);
		close(fds[i]);
	}
}

TEST_F(reserve, those_who_share_go_together)
{
	int a = try(self->dev, "test:0", SHARED);
	int b = try(self->dev, "test:0", SHARED);

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	close(a);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	close(b);
	a = try(self->dev, "test:0", 0);
	EXPECT_LE(0, a);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", SHARED));
	close(a);
}

/* Else those who share could keep one who does not waiting for ever. */
TEST_F(reserve, who_shares_waits_behind_one_who_does_not)
{
	int first = try(self->dev, "test:0", SHARED);
	int lone = queue(self->dev, "test:0", 0);
	int late = queue(self->dev, "test:0", SHARED);
	int later = queue(self->dev, "test:0", SHARED);

	EXPECT_TRUE(held(first));
	EXPECT_FALSE(held(lone));
	EXPECT_FALSE(held(late));
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", SHARED));
	EXPECT_EQ(1, stands(lone).ahead);
	EXPECT_EQ(2, stands(late).ahead);
	EXPECT_EQ(2, stands(later).ahead);
	close(first);
	EXPECT_TRUE(held(lone));
	EXPECT_FALSE(held(late));
	close(lone);
	EXPECT_TRUE(held(late));
	EXPECT_TRUE(held(later));
	close(late);
	close(later);
}

TEST_F(reserve, a_waiter_that_goes_lets_those_behind_it_pass)
{
	int first = try(self->dev, "test:0", SHARED);
	int lone = queue(self->dev, "test:0", 0);
	int late = queue(self->dev, "test:0", SHARED);

	EXPECT_FALSE(held(late));
	close(lone);
	EXPECT_TRUE(held(first));
	EXPECT_TRUE(held(late));
	close(first);
	close(late);
}

/* ---- several devices ---- */

TEST_F(reserve, all_of_them_or_none)
{
	struct zinc_reserve_item i[3] = {
		item("test:0", 0), item("test:1", 0), item("test:2", SHARED)
	};
	struct zinc_reserve arg = reserve_args(i, 3);
	int one = try(self->dev, "test:1", 0);
	int fd;

	ASSERT_LE(0, one);
	EXPECT_EQ(-EBUSY, refused(self->dev, ZINC_RESERVE, &arg));
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(one);
	fd = call(self->dev, ZINC_RESERVE, &arg);
	ASSERT_LE(0, fd);
	EXPECT_EQ(3, stands(fd).count);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	EXPECT_EQ(-EBUSY, try(self->dev, "test:1", 0));
	EXPECT_EQ(-EBUSY, try(self->dev, "test:2", 0));
	one = try(self->dev, "test:2", SHARED);
	EXPECT_LE(0, one);
	close(one);
	close(fd);
}

TEST_F(reserve, waits_for_the_last_of_them)
{
	int one = try(self->dev, "test:0", 0);
	int other = try(self->dev, "test:1", 0);
	int both = queue_two(self->dev, "test:1", "test:0");

	EXPECT_FALSE(held(both));
	close(one);
	EXPECT_FALSE(held(both));
	close(other);
	EXPECT_TRUE(held(both));
	close(both);
}

/* In opposite orders, and held in part: nobody is stuck. */
TEST_F(reserve, two_who_want_the_same_two)
{
	int first = queue_two(self->dev, "test:0", "test:1");
	int second = queue_two(self->dev, "test:1", "test:0");
	int third = queue_two(self->dev, "test:0", "test:1");

	EXPECT_TRUE(held(first));
	EXPECT_FALSE(held(second));
	EXPECT_FALSE(held(third));
	close(first);
	EXPECT_TRUE(held(second));
	EXPECT_FALSE(held(third));
	close(second);
	EXPECT_TRUE(held(third));
	close(third);
}

/* Order of arrival at each device, though one of them may be free. */
TEST_F(reserve, nobody_overtakes_one_who_waits_for_several)
{
	int busy = try(self->dev, "test:1", 0);
	int both = queue_two(self->dev, "test:0", "test:1");
	int late = queue(self->dev, "test:0", 0);

	EXPECT_FALSE(held(both));
	EXPECT_FALSE(held(late));
	EXPECT_EQ(1, stands(late).ahead);
	close(busy);
	EXPECT_TRUE(held(both));
	EXPECT_FALSE(held(late));
	close(both);
	EXPECT_TRUE(held(late));
	close(late);
}

TEST_F(reserve, one_who_waits_for_several_and_goes)
{
	int busy = try(self->dev, "test:1", 0);
	int both = queue_two(self->dev, "test:0", "test:1");
	int one = queue(self->dev, "test:0", 0);
	int other = queue(self->dev, "test:1", 0);

	close(both);
	EXPECT_TRUE(held(one));
	EXPECT_FALSE(held(other));
	close(busy);
	EXPECT_TRUE(held(other));
	close(one);
	close(other);
}

/* ---- waiting ---- */

TEST_F(reserve, a_deadline_ends_a_wait)
{
	int fd = try(self->dev, "test:0", 0);
	__u64 begin = clock_ns(CLOCK_MONOTONIC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ETIMEDOUT, reserve_as(self->dev, "test:0", 0, 0, 1));
	EXPECT_EQ(-ETIMEDOUT,
		  reserve_as(self->dev, "test:0", 0, 0, begin + 100 * NSEC_PER_MSEC));
	EXPECT_LE(begin + 100 * NSEC_PER_MSEC, clock_ns(CLOCK_MONOTONIC));
	/* and leaves no place in the queue */
	EXPECT_EQ(self->before + 1, query(self->dev).user_reservations);
	close(fd);
	fd = reserve_as(self->dev, "test:0", 0, 0, 1);
	EXPECT_LE(0, fd) TH_LOG("a deadline that is past takes what is free");
	close(fd);
}

TEST_F(reserve, a_wait_ends_when_the_holder_does)
{
	static const __u64 deadlines[] = { ZINC_FOREVER, ZINC_FOREVER - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(deadlines); i++) {
		int fd = try(self->dev, "test:0", 0);
		pid_t waiter = spawn();

		if (!waiter) {
			close(fd);
			CHECK(reserve_as(self->dev, "test:0", 0, 0,
					 deadlines[i]) >= 0);
			_exit(0);
		}
		ASSERT_TRUE(falls_asleep(waiter));
		close(fd);
		EXPECT_EQ(0, reap(waiter));
	}
}

TEST_F(reserve, a_signal_ends_a_wait_and_it_is_not_restarted)
{
	static const int flags[] = { 0, SA_RESTART };
	int fd = try(self->dev, "test:0", 0);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pid_t waiter = spawn();

		if (!waiter) {
			on_usr1(flags[i]);
			CHECK(reserve_as(self->dev, "test:0", 0, 0,
					 ZINC_FOREVER) == -EINTR);
			_exit(0);
		}
		ASSERT_TRUE(falls_asleep(waiter));
		kill(waiter, SIGUSR1);
		EXPECT_EQ(0, reap(waiter));
	}
	close(fd);
}

TEST_F(reserve, poll_and_epoll_tell_of_the_grant)
{
	int fd = try(self->dev, "test:0", 0);
	int next = queue(self->dev, "test:0", 0);
	int other = try(self->dev, "test:1", 0);
	int third = queue(self->dev, "test:1", 0);
	struct pollfd p[2] = {
		{ .fd = next, .events = POLLIN },
		{ .fd = third, .events = POLLIN },
	};
	int ep = watch(next, EPOLLIN | EPOLLET);
	pid_t sleeper;

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(0, poll(p, 2, 0));
	sleeper = spawn();
	if (!sleeper) {
		close(fd);
		close(other);
		CHECK(poll(p, 2, PATIENCE_MS) == 1);
		CHECK(p[0].revents == POLLIN && !p[1].revents);
		_exit(0);
	}
	ASSERT_TRUE(falls_asleep(sleeper));
	close(fd);
	EXPECT_EQ(0, reap(sleeper));
	EXPECT_EQ(EPOLLIN, ready(ep, PATIENCE_MS));
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_FALSE(held(third));
	close(other);
	EXPECT_TRUE(held(third));
	close(third);
	close(next);
	close(ep);
}

/* A place in the queue is kept while its owner is interrupted. */
TEST_F(reserve, a_place_is_kept_through_signals)
{
	int fd = try(self->dev, "test:0", 0);
	int mine = queue(self->dev, "test:0", 0);
	int theirs = queue(self->dev, "test:0", 0);
	pid_t child = spawn();

	if (!child) {
		struct pollfd p = { .fd = mine, .events = POLLIN };

		close(fd);
		on_usr1(SA_RESTART);
		CHECK(poll(&p, 1, -1) < 0 && errno == EINTR);
		CHECK(poll(&p, 1, PATIENCE_MS) == 1);
		_exit(0);
	}
	ASSERT_TRUE(falls_asleep(child));
	kill(child, SIGUSR1);
	ASSERT_TRUE(falls_asleep(child));
	close(fd);
	EXPECT_EQ(0, reap(child));
	EXPECT_TRUE(held(mine));
	EXPECT_FALSE(held(theirs));
	close(mine);
	close(theirs);
}

/* ---- its end is that of the descriptor ---- */

#define CROWD	50

/* Stands in the queue, then tells that, and its turn, to @to */
static void stand_in_line(int dev, int number, int to)
{
	__u8 n = number;
	struct pollfd p = { .events = POLLIN };

	p.fd = queue(dev, "test:0", 0);
	CHECK(p.fd >= 0);
	CHECK(write(to, &n, 1) == 1);
	CHECK(poll(&p, 1, -1) == 1);
	n |= 0x80;
	CHECK(write(to, &n, 1) == 1);
	_exit(0);
}

TEST_F(reserve, a_killed_holder_gives_way_in_order_of_arrival)
{
	pid_t holder, crowd[CROWD];
	int pipes[2], i;
	__u8 n;

	ASSERT_EQ(0, pipe(pipes));
	holder = spawn();
	if (!holder) {
		CHECK(try(self->dev, "test:0", 0) >= 0);
		CHECK(write(pipes[1], "", 1) == 1);
		pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(pipes[0], &n, 1));
	for (i = 0; i < CROWD; i++) {
		crowd[i] = spawn();
		if (!crowd[i])
			stand_in_line(self->dev, i, pipes[1]);
		/* this is what makes it the order of arrival */
		ASSERT_EQ(1, read(pipes[0], &n, 1));
		ASSERT_EQ(i, n);
	}
	kill(holder, SIGKILL);
	for (i = 0; i < CROWD; i++) {
		ASSERT_EQ(1, read(pipes[0], &n, 1));
		EXPECT_EQ(0x80 | i, n);
	}
	EXPECT_EQ(128 + SIGKILL, reap(holder));
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(0, reap(crowd[i]));
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(reserve, a_killed_waiter_is_granted_nothing)
{
	int fd = try(self->dev, "test:0", 0), next;
	pid_t waiter = spawn();

	if (!waiter) {
		reserve_as(self->dev, "test:0", 0, 0, ZINC_FOREVER);
		_exit(1);
	}
	ASSERT_TRUE(falls_asleep(waiter));
	next = queue(self->dev, "test:0", 0);
	EXPECT_EQ(2, stands(next).ahead);
	kill(waiter, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(waiter));
	EXPECT_TRUE(EVENTUALLY(stands(next).ahead == 1));
	close(fd);
	EXPECT_TRUE(held(next));
	close(next);
}

TEST_F(reserve, forks_and_duplicates_share_it)
{
	int fd = try(self->dev, "test:0", 0), copy = dup(fd);
	int to_child[2];
	pid_t child;
	char c;

	ASSERT_EQ(0, pipe(to_child));
	child = spawn();
	if (!child) {
		close(copy);
		CHECK(read(to_child[0], &c, 1) == 1);
		_exit(0);
	}
	close(fd);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	close(copy);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, reap(child));
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(to_child[0]);
	close(to_child[1]);
}

TEST_F(reserve, it_travels_and_is_held_meanwhile)
{
	int fd = try(self->dev, "test:0", 0), sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	ASSERT_EQ(0, send_fd(sockets[0], fd));
	close(fd);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	fd = receive_fd(sockets[1]);
	EXPECT_TRUE(held(fd));
	close(fd);
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(reserve, exec_ends_it)
{
	int fd = try(self->dev, "test:0", 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
}

TEST_F(reserve, it_is_no_region)
{
	int fd = try(self->dev, "test:0", 0);
	struct zinc_wait_item i = { .fd = fd };
	struct zinc_wait_any any = { .items = (uintptr_t)&i, .count = 1 };
	char byte = 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, call(self->dev, ZINC_WAIT_ANY, &any));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, write(fd, &byte, 1));
	close(fd);
}

/* ---- arguments ---- */

TEST_F(reserve, bad_device_names)
{
	struct zinc_reserve_item i = item("test:0", 0);
	struct zinc_reserve arg = reserve_args(&i, 1);
	struct zinc_holder to;
	struct zinc_holders h = holders_args(&to, 1, "");
	static const char * const names[] = {
		"", "A", "test 0", "test/0", ":0", ".", "-0", "_", "t\xc3\xa4st",
		"test:0\n", "test*",
		"x234567890123456789012345678901234567890123456789012345678901234",
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(names); n++) {
		memset(i.device, 0, sizeof(i.device));
		memcpy(i.device, names[n], strlen(names[n]));
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg))
			TH_LOG("%s", names[n]);
		memcpy(h.device, i.device, sizeof(h.device));
		if (n)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_HOLDERS, &h))
				TH_LOG("%s", names[n]);
	}
	/* something behind its end */
	i = item("test:0", 0);
	i.device[ZINC_DEVICE_SIZE - 1] = 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
	memcpy(h.device, i.device, sizeof(h.device));
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_HOLDERS, &h));
	memset(h.device, 0, sizeof(h.device));
	h.device[ZINC_DEVICE_SIZE - 1] = 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_HOLDERS, &h));
}

TEST_F(reserve, bad_items)
{
	struct zinc_reserve_item i[2] = { item("test:0", 0), item("test:1", 0) };
	struct zinc_reserve arg = reserve_args(i, 2);
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		i[1].flags = 1U << bit;
		if (i[1].flags != SHARED)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
		i[1].flags = 0;
		i[1].pad = 1U << bit;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
		i[1].pad = 0;
	}
	i[1] = i[0];
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg))
		TH_LOG("a device twice");
	i[1].flags = SHARED;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg))
		TH_LOG("a device twice");
}

TEST_F(reserve, counts_at_their_edges)
{
	struct zinc_reserve_item i[ZINC_RESERVE_MAX + 1];
	struct zinc_reserve arg = reserve_args(i, 0);
	unsigned int n;
	int fd;

	for (n = 0; n < ARRAY_SIZE(i); n++) {
		i[n] = item("test:", 0);
		sprintf((char *)i[n].device, "test:%u", n);
	}
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
	arg.count = ZINC_RESERVE_MAX + 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
	arg.count = ~0U;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
	arg.count = ZINC_RESERVE_MAX;
	fd = call(self->dev, ZINC_RESERVE, &arg);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ZINC_RESERVE_MAX, stands(fd).count);
	close(fd);
}

TEST_F(reserve, a_queued_one_has_no_deadline)
{
	struct zinc_reserve_item i = item("test:0", 0);
	struct zinc_reserve arg = reserve_args(&i, 1);

	arg.flags = QUEUE;
	arg.deadline = 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_RESERVE, &arg));
}

TEST_F(reserve, items_that_can_not_be_read)
{
	struct zinc_reserve arg = reserve_args(NULL, 1);

	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_RESERVE, &arg));
	arg.items = -PAGE;
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_RESERVE, &arg));
}

TEST_F(reserve, without_a_descriptor_it_is_not_held)
{
	struct rlimit before, none = { 0, 0 };

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	none.rlim_max = before.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, try(self->dev, "test:0", 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	EXPECT_EQ(self->before, query(self->dev).user_reservations);
}

/* ---- limits ---- */

TEST_F(reserve, as_many_as_the_limit_and_no_more)
{
	char before[32];
	pid_t child;

	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(strtoul(file_text(LIMIT), NULL, 0),
		  query(self->dev).max_reservations);
	strcpy(before, file_text(LIMIT));
	ASSERT_EQ(0, write_text(LIMIT, "3"));
	child = spawn();
	if (!child) {
		int fds[3], i;

		CHECK(!setresuid(4711, 4711, 4711));
		for (i = 0; i < 3; i++) {
			/* one that waits counts as well */
			fds[i] = queue(self->dev, i ? "test:0" : "test:1", 0);
			CHECK(fds[i] >= 0);
		}
		CHECK(query(self->dev).user_reservations == 3);
		CHECK(queue(self->dev, "test:2", 0) == -EDQUOT);
		CHECK(try(self->dev, "test:2", SHARED) == -EDQUOT);
		close(fds[1]);
		CHECK(try(self->dev, "test:2", 0) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(child));
	EXPECT_EQ(0, write_text(LIMIT, "1"));
	EXPECT_EQ(0, close(try(self->dev, "test:0", 0)));
	{
		int a = try(self->dev, "test:0", 0);
		int b = try(self->dev, "test:1", 0);

		EXPECT_LE(0, b) TH_LOG("root is exempt");
		close(a);
		close(b);
	}
	EXPECT_EQ(0, write_text(LIMIT, before));
}

/* ---- who is named ---- */

TEST_F(reserve, holders_in_order_of_arrival)
{
	__u64 now = clock_ns(CLOCK_REALTIME);
	struct zinc_holder h[8];
	int a = try(self->dev, "test:0", SHARED);
	int b = queue(self->dev, "test:0", 0);
	int c = queue(self->dev, "test:0", SHARED);
	int other = try(self->dev, "test:1", 0);
	int i;

	ASSERT_EQ(3, holders_of(self->dev, "test:0", h, 8));
	EXPECT_EQ(stands(a).id, h[0].id);
	EXPECT_EQ(stands(b).id, h[1].id);
	EXPECT_EQ(stands(c).id, h[2].id);
	EXPECT_EQ(ZINC_HOLDER_SHARED, h[0].flags);
	EXPECT_EQ(ZINC_HOLDER_WAITING, h[1].flags);
	EXPECT_EQ(ZINC_HOLDER_WAITING | ZINC_HOLDER_SHARED, h[2].flags);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(getpid(), h[i].pid);
		EXPECT_EQ(getuid(), h[i].uid);
		EXPECT_EQ(0, h[i].pad);
		EXPECT_STREQ("abi_reserve", (char *)h[i].comm);
		EXPECT_STREQ("test:0", (char *)h[i].device);
		EXPECT_TRUE(all_are(h[i].device + 6, 0, ZINC_DEVICE_SIZE - 6));
		EXPECT_LE(now - NSEC_PER_SEC, h[i].since);
		EXPECT_GE(clock_ns(CLOCK_REALTIME), h[i].since);
		EXPECT_LT(0, h[i].started);
		EXPECT_GE(clock_ns(CLOCK_BOOTTIME), h[i].started);
	}
	/* what is not asked for is left alone */
	EXPECT_TRUE(all_are(&h[3], POISON, sizeof(h[3])));
	close(a);
	close(c);
	ASSERT_EQ(1, holders_of(self->dev, "test:0", h, 8));
	EXPECT_EQ(stands(b).id, h[0].id);
	EXPECT_EQ(0, h[0].flags);
	EXPECT_EQ(stands(b).since, h[0].since);
	close(b);
	EXPECT_EQ(0, holders_of(self->dev, "test:0", h, 8));
	EXPECT_EQ(1, holders_of(self->dev, "test:1", h, 8));
	close(other);
}

TEST_F(reserve, holders_of_all_in_steps)
{
	struct zinc_reserve_item i[3] = {
		item("test:b", 0), item("test:a", SHARED), item("test:c", 0)
	};
	struct zinc_reserve arg = reserve_args(i, 3);
	int many = call(self->dev, ZINC_RESERVE, &arg);
	int one = queue(self->dev, "test:a", 0);
	static const char * const order[] = {
		"test:b", "test:a", "test:c", "test:a"
	};
	struct zinc_holder to;
	struct zinc_holders h = holders_args(&to, 1, "");
	unsigned int n = 0;

	for (;;) {
		h.count = 1;
		ASSERT_EQ(0, call(self->dev, ZINC_HOLDERS, &h));
		if (!h.count)
			break;
		ASSERT_GT(ARRAY_SIZE(order), n);
		EXPECT_STREQ(order[n], (char *)to.device);
		EXPECT_EQ(stands(n < 3 ? many : one).id, to.id);
		n++;
	}
	EXPECT_EQ(ARRAY_SIZE(order), n);
	/* no room is no error, and not the end */
	h.cursor = 0;
	EXPECT_EQ(0, call(self->dev, ZINC_HOLDERS, &h));
	EXPECT_EQ(0, h.cursor);
	close(many);
	close(one);
}

TEST_F(reserve, holders_entry_size)
{
	struct {
		struct zinc_holder known;
		__u8 more[40];
	} big[2];
	struct zinc_holders h = holders_args(&big[0].known, 2, "test:0");
	int a = try(self->dev, "test:0", SHARED);
	int b = try(self->dev, "test:0", SHARED);
	int i;

	memset(big, POISON, sizeof(big));
	h.entry_size = sizeof(big[0]);
	ASSERT_EQ(0, call(self->dev, ZINC_HOLDERS, &h));
	ASSERT_EQ(2, h.count);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(stands(i ? b : a).id, big[i].known.id);
		EXPECT_TRUE(all_are(big[i].more, 0, sizeof(big[i].more)));
	}
	h = holders_args(&big[0].known, 2, "test:0");
	h.entry_size = ZINC_HOLDER_SIZE_V1 - 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_HOLDERS, &h));
	h.entry_size = 0;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_HOLDERS, &h));
	h.entry_size = PAGE + 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_HOLDERS, &h));
	h = holders_args(NULL, 2, "test:0");
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_HOLDERS, &h));
	close(a);
	close(b);
}

/* A process that has gone and left its fd to another is not named by a pid. */
TEST_F(reserve, a_holder_that_has_ended_has_no_pid)
{
	int sockets[2], fd;
	struct zinc_holder h;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	child = spawn();
	if (!child) {
		CHECK(!prctl(PR_SET_NAME, "the holder"));
		CHECK(!send_fd(sockets[0], try(self->dev, "test:0", 0)));
		pause();
	}
	fd = receive_fd(sockets[1]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, holders_of(self->dev, "test:0", &h, 1));
	EXPECT_EQ(child, h.pid);
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(child));
	ASSERT_EQ(1, holders_of(self->dev, "test:0", &h, 1));
	EXPECT_EQ(0, h.pid);
	EXPECT_STREQ("the holder", (char *)h.comm);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

/* Run in a child whose own children are in a pid namespace of their own */
static void hold_inside(int dev, int to_outside, int to_inside)
{
	struct zinc_holder h;
	pid_t inside;
	char c;

	CHECK(!unshare(CLONE_NEWPID));
	/* spawn() wants to see its parent */
	inside = fork();
	if (!inside) {
		/* what is outside can not be seen, and is named all the same */
		CHECK(holders_of(dev, "test:0", &h, 1) == 1);
		CHECK(!h.pid && !strcmp((char *)h.comm, "abi_reserve"));
		CHECK(try(dev, "test:0", 0) == -EBUSY);
		CHECK(try(dev, "test:1", 0) >= 0);
		CHECK(holders_of(dev, "test:1", &h, 1) == 1);
		CHECK(h.pid == 1);
		CHECK(write(to_outside, "", 1) == 1);
		CHECK(read(to_inside, &c, 1) == 1);
		_exit(0);
	}
	_exit(reap(inside));
}

TEST_F(reserve, pid_namespaces)
{
	int fd = try(self->dev, "test:0", 0), to_outside[2], to_inside[2];
	struct zinc_holder h;
	pid_t child;
	char c;

	if (geteuid())
		SKIP(goto out, "needs root");
	ASSERT_EQ(0, pipe(to_outside));
	ASSERT_EQ(0, pipe(to_inside));
	child = spawn();
	if (!child)
		hold_inside(self->dev, to_outside[1], to_inside[0]);
	ASSERT_EQ(1, read(to_outside[0], &c, 1));
	ASSERT_EQ(1, holders_of(self->dev, "test:1", &h, 1));
	EXPECT_LT(child, h.pid);
	EXPECT_EQ(1, write(to_inside[1], "", 1));
	EXPECT_EQ(0, reap(child));
out:
	close(fd);
}

/* Becomes what a container is: files, processes and a network of its own */
static int lock_in_container(int dev, const char *lock)
{
	int fd;

	CHECK(!unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
	CHECK(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mount("none", "/tmp", "tmpfs", 0, NULL));
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	CHECK(fd >= 0);
	CHECK(!flock(fd, LOCK_EX | LOCK_NB));
	return try(dev, "vulkan:7", 0);
}

/* The file lock lets both in, since each has its own /tmp: the kernel does not. */
TEST_F(reserve, two_containers)
{
	static const char lock[] = "/tmp/zinc-gpu-vulkan-7.lock";
	int to_parent[2], to_child[2];
	pid_t first, second;
	char c;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, pipe(to_parent));
	ASSERT_EQ(0, pipe(to_child));
	first = spawn();
	if (!first) {
		CHECK(lock_in_container(self->dev, lock) >= 0);
		CHECK(write(to_parent[1], "", 1) == 1);
		CHECK(read(to_child[0], &c, 1) == 1);
		_exit(0);
	}
	ASSERT_EQ(1, read(to_parent[0], &c, 1));
	second = spawn();
	if (!second) {
		struct zinc_holder h;

		CHECK(lock_in_container(self->dev, lock) == -EBUSY);
		CHECK(holders_of(self->dev, "vulkan:7", &h, 1) == 1);
		CHECK(h.pid == first);
		_exit(0);
	}
	EXPECT_EQ(0, reap(second));
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, reap(first));
	close(to_parent[0]);
	close(to_parent[1]);
	close(to_child[0]);
	close(to_child[1]);
}

TEST_F(reserve, fdinfo_and_debugfs)
{
	int fd = try(self->dev, "test:0", 0), next = queue(self->dev, "test:0", SHARED);
	char path[64], want[160];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", next);
	snprintf(want, sizeof(want),
		 "\nzinc-reservation:\t%llu\nzinc-state:\twaiting\nzinc-device:\ttest:0 shared\n",
		 stands(next).id);
	EXPECT_NE(NULL, strstr(file_text(path), want)) TH_LOG("%s", file_text(path));
	if (!access("/sys/kernel/debug/zinc/reservations", R_OK)) {
		const char *text = file_text("/sys/kernel/debug/zinc/reservations");

		snprintf(want, sizeof(want), "\n%llu held %llu 0 %d abi_reserve test:0 exclusive\n",
			 stands(fd).id, stands(fd).since, getpid());
		EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s", text);
	}
	close(fd);
	close(next);
}

/* ---- many at once ---- */

struct section {
	int inside;
	int overlaps;
	int entered;
};

static unsigned int rounds(void)
{
	const char *asked = getenv("ZINC_ROUNDS");

	return asked ? strtoul(asked, NULL, 0) / 4 : 10000;
}

static void enter_and_leave(int dev, struct section *s, unsigned int times)
{
	while (times--) {
		int fd = reserve_as(dev, "test:0", 0, 0, ZINC_FOREVER);

		CHECK(fd >= 0);
		if (__atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST) != 1)
			STORE(s->overlaps, 1);
		s->entered++;
		__atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
		close(fd);
	}
}

TEST_F_TIMEOUT(reserve, eight_processes_never_overlap, 1200)
{
	unsigned int each = rounds();
	struct section *s;
	pid_t pids[8];
	int i;

	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		 -1, 0);
	ASSERT_NE(MAP_FAILED, s);
	for (i = 0; i < 8; i++) {
		pids[i] = spawn();
		if (!pids[i]) {
			enter_and_leave(self->dev, s, each);
			_exit(0);
		}
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(0, s->overlaps);
	/* not atomic: an overlap would have lost some */
	EXPECT_EQ(8 * each, s->entered);
	munmap(s, PAGE);
}

/* Random pairs of five devices, some given up, some killed: no one is stuck. */
static void mingle(int dev, unsigned int seed)
{
	static const char * const names[] = {
		"test:0", "test:1", "test:2", "test:3", "test:4"
	};
	int i;

	srandom(seed);
	for (i = 0; i < 200; i++) {
		unsigned int one = random() % 5, other = (one + 1 + random() % 4) % 5;
		struct pollfd p = { .events = POLLIN };

		p.fd = random() % 2 ? queue_two(dev, names[one], names[other]) :
				      queue(dev, names[one], random() % 2);
		CHECK(p.fd >= 0);
		if (random() % 8)
			CHECK(poll(&p, 1, -1) == 1);
		if (random() % 400 == 0)
			kill(getpid(), SIGKILL);
		close(p.fd);
	}
}

TEST_F_TIMEOUT(reserve, many_with_several_devices, 600)
{
	pid_t pids[12];
	int i, status;

	for (i = 0; i < 12; i++) {
		pids[i] = spawn();
		if (!pids[i]) {
			mingle(self->dev, 1000 + i);
			_exit(0);
		}
	}
	for (i = 0; i < 12; i++) {
		status = reap(pids[i]);
		EXPECT_TRUE(!status || status == 128 + SIGKILL)
			TH_LOG("status %d", status);
	}
	for (i = 0; i < 5; i++) {
		char name[16];
		int fd;

		sprintf(name, "test:%d", i);
		fd = try(self->dev, name, 0);
		EXPECT_LE(0, fd) TH_LOG("%s", name);
		close(fd);
	}
}

TEST_HARNESS_MAIN
