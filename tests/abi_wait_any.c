// SPDX-License-Identifier: GPL-2.0-only
/*
 * WAIT_ANY: one wait for several regions.
 */
#include "abi.h"

#include <pthread.h>

FIXTURE(any)
{
	int dev;
	int fds[ZINC_WAIT_ANY_MAX + 1];
	struct zinc_wait_item items[ZINC_WAIT_ANY_MAX + 1];
	struct zinc_wait_any args;
};

FIXTURE_SETUP(any)
{
	int i;

	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	for (i = 0; i <= ZINC_WAIT_ANY_MAX; i++) {
		self->fds[i] = create(self->dev, "", PAGE);
		ASSERT_GE(self->fds[i], 0);
		self->items[i].fd = self->fds[i];
	}
	self->args.items = (uintptr_t)self->items;
	self->args.count = ZINC_WAIT_ANY_MAX;
	memset(&self->args.index, POISON, sizeof(self->args.index));
}

FIXTURE_TEARDOWN(any)
{
	int i;

	for (i = 0; i <= ZINC_WAIT_ANY_MAX; i++)
		close(self->fds[i]);
	close(self->dev);
}

/* The cursors, as a refused call must leave them */
static bool cursors_are_zero(FIXTURE_PTR(any) self)
{
	int i;

	for (i = 0; i <= ZINC_WAIT_ANY_MAX; i++)
		if (self->items[i].cursor || info(self->fds[i]).cursor)
			return false;
	return true;
}

TEST_F(any, counts)
{
	static const __u32 bad[] = {
		0, ZINC_WAIT_ANY_MAX + 1, 1 << 16, 1 << 29, 1U << 31, ~0U,
	};
	unsigned int i;

	EXPECT_EQ(0, notify(self->fds[0]));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->args.count = bad[i];
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args))
			TH_LOG("count %u", bad[i]);
	}
	EXPECT_TRUE(cursors_are_zero(self));
	self->args.count = 1;
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(0, self->args.index);
}

TEST_F(any, the_first_of_several_ends_it)
{
	EXPECT_EQ(0, notify(self->fds[127]));
	EXPECT_EQ(0, notify(self->fds[127]));
	EXPECT_EQ(0, notify(self->fds[40]));
	EXPECT_EQ(0, notify(self->fds[128]));	/* beyond the count */
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(40, self->args.index);
	EXPECT_EQ(1, self->items[40].cursor);
	EXPECT_EQ(1, info(self->fds[40]).cursor);
	EXPECT_EQ(0, self->items[127].cursor);
	EXPECT_EQ(0, info(self->fds[127]).cursor);
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(127, self->args.index);
	EXPECT_EQ(2, self->items[127].cursor);
	memset(&self->args.index, POISON, sizeof(self->args.index));
	EXPECT_EQ(-ETIMEDOUT, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
}

TEST_F(any, the_cursor_of_the_item_counts)
{
	EXPECT_EQ(0, notify(self->fds[3]));
	EXPECT_EQ(0, wait_until(self->fds[3], 0));
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(3, self->args.index);
	self->items[5].cursor = 17;
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(5, self->args.index);
	EXPECT_EQ(0, self->items[5].cursor);
}

TEST_F(any, each_item_wakes_it)
{
	static const int which[] = { 0, 1, 64, 127 };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		pid = spawn();
		if (!pid) {
			self->args.deadline = patience();
			CHECK(!call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
			CHECK(self->args.index == (__u32)which[i]);
			CHECK(self->items[which[i]].cursor == 1);
			_exit(0);
		}
		EXPECT_TRUE(EVENTUALLY(info(self->fds[127]).waiters == 1));
		EXPECT_TRUE(falls_asleep(pid));
		EXPECT_EQ(0, notify(self->fds[which[i]]));
		EXPECT_EQ(0, reap(pid));
		EXPECT_EQ(0, info(self->fds[0]).waiters);
		EXPECT_EQ(0, info(self->fds[127]).waiters);
		self->items[which[i]].cursor = 1;
	}
}

TEST_F(any, the_same_region_twice)
{
	int again = reopen_as(self->fds[0], ZINC_RDONLY);
	pid_t pid;

	self->items[1].fd = self->fds[0];
	self->items[2].fd = again;
	self->args.count = 3;
	pid = spawn();
	if (!pid) {
		self->args.deadline = patience();
		CHECK(!call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
		CHECK(self->args.index == 0);
		CHECK(self->items[1].cursor == 0);
		CHECK(!call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
		CHECK(self->args.index == 1);
		CHECK(!call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
		CHECK(self->args.index == 2);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(again).waiters == 1));
	EXPECT_EQ(0, notify(self->fds[0]));
	EXPECT_EQ(0, reap(pid));
	close(again);
}

TEST_F(any, bad_items)
{
	const int bad[] = { -1, 5000, 0, self->dev };
	static const int places[] = { 0, 1, 127 };
	unsigned int i, j;

	EXPECT_EQ(0, notify(self->fds[0]));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (j = 0; j < ARRAY_SIZE(places); j++) {
			self->items[places[j]].fd = bad[i];
			EXPECT_EQ(-EBADF, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args))
				TH_LOG("fd %d at %d", bad[i], places[j]);
			self->items[places[j]].fd = self->fds[places[j]];
		}
	}
	EXPECT_TRUE(cursors_are_zero(self));
}

TEST_F(any, bad_pointers)
{
	const __u64 bad[] = { 0, 8, -PAGE, ~0ULL };
	struct zinc_wait_item *items;
	unsigned int i;
	char *page;

	EXPECT_EQ(0, notify(self->fds[0]));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->args.items = bad[i];
		EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args))
			TH_LOG("items at %#llx", bad[i]);
	}
	/* the last item is not there */
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + PAGE, PAGE));
	items = (struct zinc_wait_item *)(page + PAGE) - 127;
	memcpy(items, self->items, 127 * sizeof(*items));
	self->args.items = (uintptr_t)items;
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_TRUE(cursors_are_zero(self));
	munmap(page, PAGE);
}

/* A page that the kernel can read and not write */
static void *read_only_copy(const void *from, size_t size)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	memcpy(page, from, size);
	CHECK(!mprotect(page, PAGE, PROT_READ));
	return page;
}

TEST_F(any, what_cannot_be_told_stays_pending)
{
	void *items = read_only_copy(self->items, sizeof(self->items));
	void *args = read_only_copy(&self->args, sizeof(self->args));
	int watched = watch(self->fds[3], EPOLLIN);

	EXPECT_EQ(0, notify(self->fds[3]));
	/* its cursor can be told, which one it is cannot */
	EXPECT_EQ(-EFAULT, call(self->dev, ZINC_IOC_WAIT_ANY, args));
	EXPECT_EQ(1, self->items[3].cursor);
	EXPECT_EQ(0, info(self->fds[3]).cursor);
	/* the other way round */
	self->args.items = (uintptr_t)items;
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(0, info(self->fds[3]).cursor);
	EXPECT_EQ(EPOLLIN, ready(watched, 0));

	self->items[3].cursor = 0;
	self->args.items = (uintptr_t)self->items;
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_EQ(3, self->args.index);
	EXPECT_EQ(1, info(self->fds[3]).cursor);
	EXPECT_EQ(0, ready(watched, 0));
	EXPECT_EQ(1, info(self->fds[3]).handles);
	close(watched);
	munmap(items, PAGE);
	munmap(args, PAGE);
}

TEST_F(any, a_signal_interrupts)
{
	pid_t pid = spawn();
	int i;

	if (!pid) {
		on_usr1(0);
		self->args.deadline = patience();
		CHECK(refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args) == -EINTR);
		on_usr1(SA_RESTART);
		CHECK(!call(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
		CHECK(self->args.index == 9);
		_exit(0);
	}
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(EVENTUALLY(info(self->fds[127]).waiters == 1));
		kill(pid, SIGUSR1);
		sleep_ms(50);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fds[127]).waiters == 1));
	EXPECT_EQ(0, notify(self->fds[9]));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(any, deadlines)
{
	__u64 deadline = after_ms(50);

	self->args.deadline = deadline;
	EXPECT_EQ(-ETIMEDOUT, refused(self->dev, ZINC_IOC_WAIT_ANY, &self->args));
	EXPECT_LE(deadline, clock_ns(CLOCK_MONOTONIC));
	EXPECT_TRUE(cursors_are_zero(self));
	EXPECT_EQ(0, info(self->fds[0]).waiters);
}

struct waiter {
	int dev;
	struct zinc_wait_any *args;
	long result;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	w->result = call(w->dev, ZINC_IOC_WAIT_ANY, w->args);
	return NULL;
}

TEST_F(any, what_is_waited_for_may_be_closed)
{
	struct waiter w = { .dev = self->dev, .args = &self->args };
	int again = reopen_as(self->fds[2], 0), i;
	pthread_t thread;

	self->args.deadline = patience();
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_thread, &w));
	EXPECT_TRUE(EVENTUALLY(info(again).waiters == 1));
	for (i = 0; i <= ZINC_WAIT_ANY_MAX; i++) {
		close(self->fds[i]);
		self->fds[i] = -1;
	}
	EXPECT_EQ(1, info(again).waiters);
	EXPECT_EQ(2, info(again).handles);
	EXPECT_EQ(0, notify(again));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, w.result);
	EXPECT_EQ(2, self->args.index);
	EXPECT_TRUE(EVENTUALLY(info(again).handles == 1));
	close(again);
}

TEST_HARNESS_MAIN
