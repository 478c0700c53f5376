// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hunt for lost wake-ups: two producers notify in short bursts, eight
 * processes wait, each in another way, and no burst goes before all have seen
 * the one before it. ZINC_ROUNDS in the environment: how many notifies.
 */
#include "abi.h"

#include <sys/select.h>

enum { PRODUCERS = 2, WAITERS = 8 };

/* Shared by all processes of the hunt */
struct hunt {
	__u32 seen[WAITERS];
	__u32 stop;
};

struct hunter {
	int dev;
	int fd;
	int ep;
	bool edge;
	__u32 cursor;
};

static void by_wait(struct hunter *h)
{
	struct zinc_wait w = wait_args(0, 0, ZINC_DEADLINE_NEVER);

	CHECK(!call(h->fd, ZINC_IOC_REGION_WAIT, &w));
	CHECK(w.cursor != h->cursor);
	h->cursor = w.cursor;
}

static void by_wait_cursor(struct hunter *h)
{
	struct zinc_wait w = wait_args(ZINC_WAIT_CURSOR, h->cursor, ZINC_DEADLINE_NEVER);

	CHECK(!call(h->fd, ZINC_IOC_REGION_WAIT, &w));
	CHECK(w.cursor != h->cursor);
	h->cursor = w.cursor;
}

static void by_wait_any(struct hunter *h)
{
	struct zinc_wait_item item = { h->fd, h->cursor };
	struct zinc_wait_any a = {
		.items = (uintptr_t)&item,
		.count = 1,
		.deadline = ZINC_DEADLINE_NEVER,
	};

	CHECK(!call(h->dev, ZINC_IOC_WAIT_ANY, &a));
	CHECK(item.cursor != h->cursor);
	h->cursor = item.cursor;
}

static void by_read(struct hunter *h)
{
	long long count = read_count(h->fd);

	/* nothing is there if it came with an edge before this one */
	CHECK(count > 0 || (count == -EAGAIN && h->edge));
	if (count > 0)
		h->cursor += count;
}

static void by_poll(struct hunter *h)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };

	CHECK(poll(&p, 1, -1) == 1);
	by_read(h);
}

static void by_epoll(struct hunter *h)
{
	if (h->ep < 0)
		h->ep = watch(h->fd, EPOLLIN);
	CHECK(ready(h->ep, -1) == EPOLLIN);
	by_read(h);
}

static void by_epoll_edge(struct hunter *h)
{
	if (h->ep < 0) {
		h->ep = watch(h->fd, EPOLLIN | EPOLLET);
		h->edge = true;
		fcntl(h->fd, F_SETFL, O_RDWR | O_NONBLOCK);
	}
	CHECK(ready(h->ep, -1) == EPOLLIN);
	by_read(h);
}

static void by_select(struct hunter *h)
{
	fd_set r;

	FD_ZERO(&r);
	FD_SET(h->fd, &r);
	CHECK(select(h->fd + 1, &r, NULL, NULL, NULL) == 1);
	by_read(h);
}

static const struct {
	const char *how;
	void (*wait)(struct hunter *h);
} hunters[WAITERS] = {
	{ "WAIT", by_wait },
	{ "WAIT with a cursor", by_wait_cursor },
	{ "WAIT_ANY", by_wait_any },
	{ "read", by_read },
	{ "poll", by_poll },
	{ "epoll", by_epoll },
	{ "edge-triggered epoll", by_epoll_edge },
	{ "select", by_select },
};

static void consume(const char *name, struct hunt *hunt, int who)
{
	struct hunter h = { .dev = open_device(), .ep = -1 };

	h.fd = open_name(h.dev, name);
	CHECK(h.fd >= 0);
	while (!LOAD(hunt->stop)) {
		hunters[who].wait(&h);
		STORE(hunt->seen[who], h.cursor);
	}
	_exit(0);
}

/* The first waiter that has not seen @sequence, or WAITERS */
static int who_sleeps(struct hunt *hunt, __u32 sequence)
{
	int i;

	for (i = 0; i < WAITERS; i++)
		if ((__s32)(LOAD(hunt->seen[i]) - sequence) < 0)
			break;
	return i;
}

static int settle(struct hunt *hunt, __u32 sequence)
{
	__u64 give_up = patience();
	int who;

	while ((who = who_sleeps(hunt, sequence)) < WAITERS) {
		if (clock_ns(CLOCK_MONOTONIC) > give_up) {
			fprintf(stderr, "# %s has seen %u, not %u\n",
				hunters[who].how, hunt->seen[who], sequence);
			return 1;
		}
		nanosleep(&(struct timespec){ 0, 20000 }, NULL);
	}
	return 0;
}

/*
 * Each burst is of another length, so that its last notify, which no other
 * makes good, meets the waiters at every point of their way to sleep.
 */
static void produce(const char *name, struct hunt *hunt, unsigned int rounds,
		    unsigned int seed)
{
	int fd = open_name(open_device(), name);
	struct zinc_header *h = map_header(fd, PROT_READ | PROT_WRITE);
	unsigned int burst;

	CHECK(h);
	while (rounds) {
		burst = 1 + rand_r(&seed) % 16;
		if (burst > rounds)
			burst = rounds;
		rounds -= burst;
		while (burst--) {
			if (rand_r(&seed) % 8)
				notify_free(fd, h);
			else
				CHECK(!notify(fd));
		}
		CHECK(!settle(hunt, LOAD(h->notify_seq)));
	}
	_exit(0);
}

FIXTURE(wakeups)
{
	int dev;
	int fd;
	const char *name;
	struct zinc_header *h;
	struct hunt *hunt;
};

FIXTURE_SETUP(wakeups)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->name = a_name("wakeups");
	self->fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(self->fd, 0);
	self->h = map_header(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->h);
	self->hunt = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->hunt);
}

FIXTURE_TEARDOWN(wakeups)
{
	munmap(self->hunt, PAGE);
	unmap_header(self->h);
	close(self->fd);
	close(self->dev);
}

TEST_F_TIMEOUT(wakeups, none_is_lost, 240)
{
	const char *asked = getenv("ZINC_ROUNDS");
	unsigned int rounds = asked ? strtoul(asked, NULL, 0) : 100000;
	pid_t waiters[WAITERS], producers[PRODUCERS];
	__u32 start = 0U - rounds / 2;	/* to wrap on the way */
	int i;

	rounds -= rounds % PRODUCERS;
	STORE(self->h->notify_seq, start);
	for (i = 0; i < WAITERS; i++) {
		self->hunt->seen[i] = start;
		waiters[i] = spawn();
		if (!waiters[i])
			consume(self->name, self->hunt, i);
	}
	for (i = 0; i < PRODUCERS; i++) {
		producers[i] = spawn();
		if (!producers[i])
			produce(self->name, self->hunt, rounds / PRODUCERS, i + 1);
	}
	for (i = 0; i < PRODUCERS; i++)
		EXPECT_EQ(0, reap(producers[i]));
	EXPECT_EQ(start + rounds, LOAD(self->h->notify_seq));
	STORE(self->hunt->stop, 1);
	EXPECT_EQ(0, notify(self->fd));
	for (i = 0; i < WAITERS; i++) {
		/* one that looked at the flag before it was set sleeps again */
		EXPECT_TRUE(EVENTUALLY(task_state(waiters[i]) == 'Z' ||
				       notify(self->fd)))
			kill(waiters[i], SIGKILL);
		EXPECT_EQ(0, reap(waiters[i])) TH_LOG("%s", hunters[i].how);
	}
}

TEST_HARNESS_MAIN
