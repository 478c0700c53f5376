// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits of the library where the order of what happens decides: on a backend of the
 * test, which does what another thread, or the other side, does just then.
 */
#include "lib_test.h"

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "backend/backend.h"

/* What the backend was asked for */
static struct {
	unsigned int waits;
	unsigned int wakes;
	unsigned int woken_by_waits;
	int error;	/* of a wake-up */
	uint64_t deadline;	/* of the last wait */
	void (*during)(struct zinc_region *region);	/* a wait */
} asked;

static void notify_comes(struct zinc_region *region)
{
	region->header->notify_seq = 1;
}

static int stub_wake(struct zinc_region *region)
{
	(void)region;
	asked.wakes++;
	return asked.error;
}

static int stub_wait(struct zinc_region *region, uint32_t *cursor,
		     uint64_t deadline, struct zinc_region *wake)
{
	asked.waits++;
	asked.deadline = deadline;
	if (wake) {
		asked.woken_by_waits++;
		stub_wake(wake);
	}
	if (asked.during)
		asked.during(region);
	while (zinc_sequence(region) == *cursor) {
		if (now_ns() >= deadline)
			return -ETIMEDOUT;
		sched_yield();
	}
	*cursor = zinc_sequence(region);
	return 0;
}

static const struct zinc_backend_ops stub_ops = {
	.wake = stub_wake,
	.wait = stub_wait,
};

static const struct zinc_backend_ops other_ops = {
	.wake = stub_wake,
	.wait = stub_wait,
};

FIXTURE(wait)
{
	struct zinc_header headers[2];
	struct zinc_region region;
	struct zinc_region reply;
};

FIXTURE_SETUP(wait)
{
	memset(&asked, 0, sizeof(asked));
	memset(self->headers, 0, sizeof(self->headers));
	self->region = (struct zinc_region){
		.ops = &stub_ops,
		.header = &self->headers[0],
	};
	self->reply = (struct zinc_region){
		.ops = &stub_ops,
		.header = &self->headers[1],
	};
}

FIXTURE_TEARDOWN(wait)
{
}

/* ---- deadlines ---- */

TEST_F(wait, a_timeout_becomes_a_deadline)
{
	const uint32_t timeouts[] = { 1, 1000, 0x7fffffff, 0xfffffffe };
	uint64_t before;
	unsigned int i;

	asked.during = notify_comes;
	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		self->headers[0].notify_seq = 0;
		self->region.cursor = 0;
		before = now_ns();
		EXPECT_EQ(0, zinc_wait(&self->region, timeouts[i]));
		EXPECT_LE(before + timeouts[i] * NSEC_PER_MSEC, asked.deadline);
		EXPECT_GE(now_ns() + timeouts[i] * NSEC_PER_MSEC, asked.deadline);
	}
}

TEST_F(wait, forever_has_no_deadline)
{
	asked.during = notify_comes;
	EXPECT_EQ(0, zinc_wait(&self->region, ZINC_WAIT_FOREVER));
	EXPECT_EQ(ZINC_DEADLINE_NEVER, asked.deadline);
	self->region.cursor = 0;
	self->headers[0].notify_seq = 0;
	EXPECT_EQ(0, zinc_notify_and_wait(&self->reply, &self->region, ZINC_WAIT_FOREVER));
	EXPECT_EQ(2, asked.waits);
	EXPECT_EQ(ZINC_DEADLINE_NEVER, asked.deadline);
}

/* ---- the cursor ---- */

TEST_F(wait, moves_the_cursor)
{
	asked.during = notify_comes;
	EXPECT_EQ(0, zinc_wait(&self->region, ZINC_WAIT_FOREVER));
	EXPECT_EQ(1, asked.waits);
	EXPECT_EQ(1, self->region.cursor);
	EXPECT_EQ(-EAGAIN, zinc_try_wait(&self->region));
}

/* A wait that ends late: what it was woken for has been taken, and more */
static int late_wait(struct zinc_region *region, uint32_t *cursor,
		     uint64_t deadline, struct zinc_region *wake)
{
	(void)deadline;
	(void)wake;
	region->header->notify_seq = 2;
	region->cursor = 2;
	*cursor = 1;
	return 0;
}

static int late_wait_any(struct zinc_region *const *regions, uint32_t *cursors,
			 size_t count, uint64_t deadline, size_t *index)
{
	(void)deadline;
	*index = count - 1;
	return late_wait(regions[*index], &cursors[*index], 0, NULL);
}

static int late_wait_gone(struct zinc_region *region, uint32_t *cursor,
			  uint64_t deadline)
{
	return late_wait(region, cursor, deadline, NULL);
}

static const struct zinc_backend_ops late_ops = {
	.wake = stub_wake,
	.wait = late_wait,
	.wait_any = late_wait_any,
	.wait_gone = late_wait_gone,
};

TEST_F(wait, never_sets_the_cursor_back)
{
	zinc_handle both[2] = { &self->region, &self->reply };
	size_t index = 77;

	self->region.ops = &late_ops;
	self->reply.ops = &late_ops;
	EXPECT_EQ(0, zinc_wait(&self->region, ZINC_WAIT_FOREVER));
	EXPECT_EQ(2, self->region.cursor);
	EXPECT_EQ(-EAGAIN, zinc_try_wait(&self->region));

	EXPECT_EQ(0, zinc_wait_any(both, 2, ZINC_DEADLINE_NEVER, &index));
	EXPECT_EQ(1, index);
	EXPECT_EQ(2, self->reply.cursor);

	self->reply.cursor = 0;
	self->headers[1].notify_seq = 0;
	EXPECT_EQ(0, zinc_wait_with(&self->reply, ZINC_DEADLINE_NEVER, ZINC_WAIT_GONE));
	EXPECT_EQ(2, self->reply.cursor);
}

/* Also across the end of the 32 bits */
static int late_wait_that_wraps(struct zinc_region *region, uint32_t *cursor,
				uint64_t deadline, struct zinc_region *wake)
{
	(void)deadline;
	(void)wake;
	region->header->notify_seq = 1;
	region->cursor = 1;
	*cursor = UINT32_MAX;
	return 0;
}

TEST_F(wait, never_sets_the_cursor_back_when_it_wraps)
{
	const struct zinc_backend_ops ops = {
		.wait = late_wait_that_wraps,
	};

	self->region.ops = &ops;
	self->region.cursor = UINT32_MAX - 1;
	self->headers[0].notify_seq = UINT32_MAX - 1;
	EXPECT_EQ(0, zinc_wait(&self->region, ZINC_WAIT_FOREVER));
	EXPECT_EQ(1, self->region.cursor);
}

static void *try_to_wait(void *arg)
{
	struct zinc_region *region = arg;

	return (void *)(intptr_t)zinc_try_wait(region);
}

/*
 * A thread that has read the cursor, and not yet the sequence, whose page is missing:
 * meanwhile another one takes the first notify, and a second one comes.
 */
TEST_F(wait, takes_what_another_thread_has_left)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct zinc_header *late = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct zinc_header *filled = (void *)((char *)late + PAGE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)late, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = {
		.dst = (uintptr_t)late,
		.src = (uintptr_t)filled,
		.len = PAGE,
	};
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	pthread_t thread;
	void *result;

	ASSERT_NE(MAP_FAILED, late);
	if (uffd < 0)
		SKIP(return, "no userfaultfd here");
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));
	filled->notify_seq = 2;
	self->region.header = late;
	ASSERT_EQ(0, pthread_create(&thread, NULL, try_to_wait, &self->region));
	ASSERT_EQ(1, poll(&p, 1, -1));
	__atomic_store_n(&self->region.cursor, 1, __ATOMIC_RELEASE);
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_COPY, &copy));
	pthread_join(thread, &result);
	EXPECT_EQ(0, (intptr_t)result);
	EXPECT_EQ(2, self->region.cursor);
	close(uffd);
	munmap(late, 2 * PAGE);
}

/* ---- the other side is woken in any case ---- */

TEST_F(wait, wakes_although_the_reply_is_there)
{
	self->headers[1].notify_seq = 1;
	EXPECT_EQ(0, zinc_notify_and_wait(&self->region, &self->reply, ZINC_WAIT_FOREVER));
	EXPECT_EQ(1, self->headers[0].notify_seq);
	EXPECT_EQ(1, asked.wakes);
	EXPECT_EQ(0, asked.waits);
}

TEST_F(wait, wakes_with_a_timeout_of_0)
{
	EXPECT_EQ(-ETIMEDOUT, zinc_notify_and_wait(&self->region, &self->reply, 0));
	EXPECT_EQ(1, asked.wakes);
	EXPECT_EQ(0, asked.waits);
}

TEST_F(wait, wakes_with_a_timeout)
{
	EXPECT_EQ(-ETIMEDOUT, zinc_notify_and_wait(&self->region, &self->reply, 1));
	EXPECT_EQ(1, asked.wakes);
	EXPECT_EQ(1, asked.waits);
}

/* A wait that does not spin leaves it to the call that sleeps, of the same backend */
TEST_F(wait, wakes_once_by_the_call_that_sleeps)
{
	self->reply.spins_missed = 2;
	EXPECT_EQ(-ETIMEDOUT, zinc_notify_and_wait(&self->region, &self->reply, 1));
	EXPECT_EQ(1, asked.wakes);
	EXPECT_EQ(1, asked.woken_by_waits);

	self->reply.ops = &other_ops;
	self->reply.spins_missed = 2;
	EXPECT_EQ(-ETIMEDOUT, zinc_notify_and_wait(&self->region, &self->reply, 1));
	EXPECT_EQ(2, asked.wakes);
	EXPECT_EQ(1, asked.woken_by_waits);
}

TEST_F(wait, tells_of_a_wake_up_that_fails)
{
	asked.error = -ENOMEM;
	EXPECT_EQ(-ENOMEM, zinc_notify_and_wait(&self->region, &self->reply, 0));
	self->headers[1].notify_seq = 1;
	EXPECT_EQ(-ENOMEM, zinc_notify_and_wait(&self->region, &self->reply, 0));
	EXPECT_EQ(-ENOMEM, zinc_notify_checked(&self->region));
}

/* ---- the spin ---- */

#define NEED_SPIN() do {						\
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)				\
		SKIP(return, "no wait spins on one processor");		\
} while (0)

/* What happens while a spin reads the clock, as it does after its first looks */
static void (*on_clock)(void);
static struct zinc_header *replied;

uint64_t __wrap_zinc_now(void)
{
	if (on_clock)
		on_clock();
	return now_ns();
}

static void reply_comes(void)
{
	on_clock = NULL;
	replied->notify_seq = 1;
}

TEST_F(wait, wakes_although_the_spin_finds_the_reply)
{
	NEED_SPIN();
	replied = &self->headers[1];
	on_clock = reply_comes;
	EXPECT_EQ(0, zinc_notify_and_wait(&self->region, &self->reply, ZINC_WAIT_FOREVER));
	EXPECT_EQ(1, asked.wakes);
	EXPECT_EQ(0, asked.waits);
	EXPECT_EQ(1, self->reply.cursor);
	EXPECT_EQ(0, self->reply.spins_missed);
}

/* A wait in vain spins after 0, 1, 4, 16 ... of them, and counts each */
TEST_F(wait, counts_the_waits_without_a_spin_that_succeeds)
{
	unsigned int i;

	NEED_SPIN();
	for (i = 1; i <= 20; i++) {
		EXPECT_EQ(-ETIMEDOUT, zinc_wait_until(&self->region, 1));
		EXPECT_EQ(i, self->region.spins_missed);
	}
	EXPECT_EQ(20, asked.waits);
}

TEST_HARNESS_MAIN
