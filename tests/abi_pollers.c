// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every consumer of a poll queue that the kernel has for user space: of ten
 * notifies it is told ten times, however what it was told of is consumed. No
 * notify comes before the one before it was told, so none can make another good.
 */
#include "ring.h"

#include <linux/aio_abi.h>
#include <pthread.h>
#include <sys/select.h>

enum { ROUNDS = 10, SPACING_MS = 3, SOON_MS = PATIENCE_MS / 4 };

/* Resources of a consumer; each test uses some of them */
struct consumer {
	int fd;		/* of the region */
	int ep;		/* an epoll */
	int outer;	/* that watches this one */
	struct ring ring;
	aio_context_t aio;
	bool takes;	/* being told is to have consumed it */
	/* Is there something? It may sleep for @ms; true if it was told */
	bool (*told)(struct consumer *c, int ms);
};

FIXTURE(pollers)
{
	int dev;
	int fd;
	int other;	/* a handle for others to watch */
	struct zinc_header *h;
	struct consumer c;
};

FIXTURE_SETUP(pollers)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->fd = create(self->dev, "", PAGE);
	ASSERT_GE(self->fd, 0);
	self->other = reopen_as(self->fd, 0);
	ASSERT_GE(self->other, 0);
	self->h = map_header(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->h);
	self->c.fd = reopen_as(self->fd, ZINC_RDONLY);
	ASSERT_GE(self->c.fd, 0);
	self->c.ep = -1;
	self->c.outer = -1;
}

FIXTURE_TEARDOWN(pollers)
{
	close(self->c.outer);
	close(self->c.ep);
	close(self->c.fd);
	unmap_header(self->h);
	close(self->other);
	close(self->fd);
	close(self->dev);
}

/* ---- how it is consumed ---- */

static bool by_wait(FIXTURE_PTR(pollers) self)
{
	return !wait_until(self->c.fd, 0);
}

/* as the library does, which has the sequence mapped */
static bool by_cursor(FIXTURE_PTR(pollers) self)
{
	return !set_cursor(self->c.fd, LOAD(self->h->notify_seq));
}

static bool by_read(FIXTURE_PTR(pollers) self)
{
	return read_count(self->c.fd) == 1;
}

static bool by_poll_and_read(FIXTURE_PTR(pollers) self)
{
	return events(self->c.fd) == POLLIN && read_count(self->c.fd) == 1 &&
	       !events(self->c.fd);
}

static const struct {
	const char *how;
	bool (*consume)(FIXTURE_PTR(pollers) self);
} ways[] = {
	{ "WAIT", by_wait },
	{ "SET_CURSOR", by_cursor },
	{ "read", by_read },
	{ "poll and read", by_poll_and_read },
};

/* ---- ten notifies ---- */

struct notifier {
	int fd;
	struct zinc_header *h;
};

static void *notify_soon(void *arg)
{
	struct notifier *n = arg;

	sleep_ms(SPACING_MS);
	notify_free(n->fd, n->h);
	return NULL;
}

/* One notify, from beside; true if the consumer was told of it */
static bool told_once(FIXTURE_PTR(pollers) self)
{
	struct notifier n = { self->fd, self->h };
	pthread_t thread;
	bool told;

	CHECK(!pthread_create(&thread, NULL, notify_soon, &n));
	told = self->c.told(&self->c, SOON_MS);
	pthread_join(thread, NULL);
	return told;
}

/* How many of ten it was told; -1 if consuming failed */
static int times_told(FIXTURE_PTR(pollers) self,
		      bool (*consume)(FIXTURE_PTR(pollers) self))
{
	int i, told = 0;

	for (i = 0; i < ROUNDS; i++) {
		if (!told_once(self))
			break;
		told++;
		if (!self->c.takes && !consume(self))
			return -1;
		/* a second report says nothing about the next notify */
		while (!self->c.takes && self->c.told(&self->c, 0))
			;
	}
	return told;
}

#define EXPECT_TEN_OF_TEN() do {					\
	unsigned int __i;						\
									\
	for (__i = 0; __i < ARRAY_SIZE(ways); __i++) {			\
		EXPECT_EQ(ROUNDS, times_told(self, ways[__i].consume))	\
			TH_LOG("consumed by %s", ways[__i].how);	\
	}								\
} while (0)

/* ---- poll, select, read ---- */

static bool told_by_poll(struct consumer *c, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && p.revents == POLLIN;
}

TEST_F(pollers, poll)
{
	self->c.told = told_by_poll;
	EXPECT_TEN_OF_TEN();
}

static bool told_by_select(struct consumer *c, int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(c->fd, &r);
	return select(c->fd + 1, &r, NULL, NULL, &t) == 1;
}

TEST_F(pollers, select)
{
	self->c.told = told_by_select;
	EXPECT_TEN_OF_TEN();
}

/* ---- epoll ---- */

static bool told_by_epoll(struct consumer *c, int ms)
{
	return ready(c->ep, ms) == EPOLLIN;
}

TEST_F(pollers, epoll)
{
	self->c.ep = watch(self->c.fd, EPOLLIN);
	self->c.told = told_by_epoll;
	EXPECT_TEN_OF_TEN();
}

TEST_F(pollers, epoll_edge_triggered)
{
	self->c.ep = watch(self->c.fd, EPOLLIN | EPOLLET);
	self->c.told = told_by_epoll;
	EXPECT_TEN_OF_TEN();
}

TEST_F(pollers, epoll_exclusive)
{
	int second = watch(self->c.fd, EPOLLIN | EPOLLEXCLUSIVE);

	self->c.ep = watch(self->c.fd, EPOLLIN | EPOLLEXCLUSIVE);
	self->c.told = told_by_epoll;
	EXPECT_TEN_OF_TEN();
	close(second);
}

TEST_F(pollers, epoll_exclusive_edge_triggered)
{
	int second = watch(self->other, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);

	self->c.ep = watch(self->c.fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);
	self->c.told = told_by_epoll;
	EXPECT_TEN_OF_TEN();
	close(second);
}

static bool told_by_epoll_once(struct consumer *c, int ms)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT };

	CHECK(!epoll_ctl(c->ep, EPOLL_CTL_MOD, c->fd, &e));
	return ready(c->ep, ms) == EPOLLIN;
}

TEST_F(pollers, epoll_one_shot)
{
	self->c.ep = watch(self->c.fd, EPOLLIN | EPOLLONESHOT);
	self->c.told = told_by_epoll_once;
	EXPECT_TEN_OF_TEN();
}

/* EPOLLEXCLUSIVE can be of one kind or the other; here both beside each other */
TEST_F(pollers, epoll_beside_others)
{
	int all[] = {
		watch(self->c.fd, EPOLLRDHUP),
		watch(self->other, EPOLLIN | EPOLLRDHUP | EPOLLET),
		watch(self->other, EPOLLPRI),
	};
	unsigned int i;

	self->c.ep = watch(self->c.fd, EPOLLIN);
	self->c.told = told_by_epoll;
	EXPECT_TEN_OF_TEN();
	EXPECT_EQ(0, ready(all[0], 0));
	EXPECT_EQ(EPOLLIN, ready(all[1], 0));
	EXPECT_EQ(0, ready(all[2], 0));
	for (i = 0; i < ARRAY_SIZE(all); i++)
		close(all[i]);
}

/* One in another: the inner one is asked, as it must be to learn which it was */
static bool told_by_outer(struct consumer *c, int ms)
{
	return ready(c->outer, ms) == EPOLLIN && ready(c->ep, 0) == EPOLLIN;
}

TEST_F(pollers, epoll_in_epoll)
{
	self->c.ep = watch(self->c.fd, EPOLLIN);
	self->c.outer = watch(self->c.ep, EPOLLIN);
	self->c.told = told_by_outer;
	EXPECT_TEN_OF_TEN();
}

TEST_F(pollers, epoll_in_epoll_edge_triggered)
{
	self->c.ep = watch(self->c.fd, EPOLLIN | EPOLLET);
	self->c.outer = watch(self->c.ep, EPOLLIN | EPOLLET);
	self->c.told = told_by_outer;
	EXPECT_TEN_OF_TEN();
}

/* ---- io_uring ---- */

static bool ring_told(struct consumer *c, struct io_uring_cqe *cqe, int ms)
{
	__u64 give_up = after_ms(ms);

	while (!ring_take(&c->ring, cqe)) {
		if (clock_ns(CLOCK_MONOTONIC) >= give_up)
			return false;
		sleep_ms(1);
	}
	return true;
}

static void ring_poll(struct consumer *c, int fd, __u32 how)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = fd,
		.poll32_events = POLLIN,
		.len = how,
	};

	ring_submit(&c->ring, &sqe);
}

static bool told_by_ring_poll(struct consumer *c, int ms)
{
	struct io_uring_cqe cqe;

	if (!ms)
		return false;	/* it is asked anew for each */
	ring_poll(c, c->fd, 0);
	return ring_told(c, &cqe, ms) && cqe.res == POLLIN;
}

TEST_F(pollers, io_uring_poll)
{
	if (ring_open(&self->c.ring))
		SKIP(return, "no io_uring here");
	self->c.told = told_by_ring_poll;
	EXPECT_TEN_OF_TEN();
	ring_close(&self->c.ring);
}

static bool told_by_multishot(struct consumer *c, int ms)
{
	struct io_uring_cqe cqe;

	return ring_told(c, &cqe, ms) && cqe.res == POLLIN &&
	       cqe.flags & IORING_CQE_F_MORE;
}

TEST_F(pollers, io_uring_multishot_poll)
{
	if (ring_open(&self->c.ring))
		SKIP(return, "no io_uring here");
	ring_poll(&self->c, self->c.fd, IORING_POLL_ADD_MULTI);
	self->c.told = told_by_multishot;
	EXPECT_TEN_OF_TEN();
	ring_close(&self->c.ring);
}

TEST_F(pollers, io_uring_multishot_poll_beside_a_sleeper)
{
	pid_t pid;

	if (ring_open(&self->c.ring))
		SKIP(return, "no io_uring here");
	pid = spawn();
	if (!pid)
		for (;;)
			wait_until(self->other, ZINC_DEADLINE_NEVER);
	ring_poll(&self->c, self->c.fd, IORING_POLL_ADD_MULTI);
	self->c.told = told_by_multishot;
	EXPECT_TEN_OF_TEN();
	kill(pid, SIGKILL);
	reap(pid);
	ring_close(&self->c.ring);
}

/* Two that wait for the same: each is told of each */
TEST_F(pollers, io_uring_multishot_polls_of_two_handles)
{
	struct consumer second = { .fd = self->other };
	struct io_uring_cqe cqe;
	int i;

	if (ring_open(&self->c.ring) || ring_open(&second.ring))
		SKIP(return, "no io_uring here");
	ring_poll(&self->c, self->c.fd, IORING_POLL_ADD_MULTI);
	ring_poll(&second, second.fd, IORING_POLL_ADD_MULTI);
	self->c.told = told_by_multishot;
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_TRUE(told_once(self));
		ASSERT_TRUE(ring_told(&second, &cqe, SOON_MS));
		EXPECT_TRUE(by_read(self));
		EXPECT_EQ(1, read_count(second.fd));
	}
	ring_close(&second.ring);
	ring_close(&self->c.ring);
}

static bool told_by_ring_of_epoll(struct consumer *c, int ms)
{
	struct io_uring_cqe cqe;

	return ring_told(c, &cqe, ms) && ready(c->ep, 0) == EPOLLIN;
}

TEST_F(pollers, io_uring_multishot_poll_of_epoll)
{
	if (ring_open(&self->c.ring))
		SKIP(return, "no io_uring here");
	self->c.ep = watch(self->c.fd, EPOLLIN | EPOLLET);
	ring_poll(&self->c, self->c.ep, IORING_POLL_ADD_MULTI);
	self->c.told = told_by_ring_of_epoll;
	EXPECT_TEN_OF_TEN();
	ring_close(&self->c.ring);
}

static bool told_by_ring_read(struct consumer *c, int ms)
{
	struct io_uring_cqe cqe;
	__u64 count = 0;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.fd = c->fd,
		.addr = (uintptr_t)&count,
		.len = sizeof(count),
		.off = ~0ULL,
	};

	ring_submit(&c->ring, &sqe);
	return ring_told(c, &cqe, ms) && cqe.res == sizeof(count) && count == 1;
}

TEST_F(pollers, io_uring_read)
{
	if (ring_open(&self->c.ring))
		SKIP(return, "no io_uring here");
	self->c.told = told_by_ring_read;
	self->c.takes = true;
	EXPECT_EQ(ROUNDS, times_told(self, NULL));
	ring_close(&self->c.ring);
}

/* ---- aio ---- */

static bool told_by_aio(struct consumer *c, int ms)
{
	struct timespec t = { ms / 1000, 0 };
	struct iocb cb = {
		.aio_fildes = c->fd,
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_buf = POLLIN,
	}, *cbs = &cb;
	struct io_event event;

	if (!ms)
		return false;
	CHECK(syscall(SYS_io_submit, c->aio, 1, &cbs) == 1);
	return syscall(SYS_io_getevents, c->aio, 1, 1, &event, &t) == 1 &&
	       event.res & POLLIN;
}

TEST_F(pollers, aio_poll)
{
	if (syscall(SYS_io_setup, 1, &self->c.aio))
		SKIP(return, "no aio here");
	self->c.told = told_by_aio;
	EXPECT_TEN_OF_TEN();
	syscall(SYS_io_destroy, self->c.aio);
}

TEST_HARNESS_MAIN
