// SPDX-License-Identifier: GPL-2.0-only
/* Reservations: order of the grants, arguments and limits. */
#include "reserve_test.h"

#include <pthread.h>
#include <sys/mman.h>

/* ---- order of the grants ---- */

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

	one = call(self->dev, ZINC_IOC_RESERVE, &first);
	ASSERT_LE(0, one);
	second.flags = QUEUE;
	two = call(self->dev, ZINC_IOC_RESERVE, &second);
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

/* Otherwise shared reservations could starve an exclusive one. */
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
	EXPECT_EQ(-EBUSY, refused(self->dev, ZINC_IOC_RESERVE, &arg));
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(one);
	fd = call(self->dev, ZINC_IOC_RESERVE, &arg);
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

/* In opposite orders, and partly held: no deadlock. */
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

/* ---- a try delays no other request ---- */

/* Try again and again what cannot be had, from another process */
static pid_t spawn_tries(int dev, const struct zinc_reserve_item *items,
			 __u32 count)
{
	pid_t pid = spawn();
	int ret;

	while (!pid) {
		struct zinc_reserve arg = reserve_args(items, count);

		ret = call(dev, ZINC_IOC_RESERVE, &arg);
		CHECK(ret == -EBUSY);
	}
	return pid;
}

#define TRIES	20000
#define TRIES_MS	4000	/* no more than that, on a slow machine */

/* Of the tries for a device that is free all the time, the number of refused ones */
static int refused_of(int dev, const char *device, __u32 mode)
{
	int refusals = 0, tries = TRIES, fd;
	__u64 end = after_ms(TRIES_MS);

	while (tries-- && clock_ns(CLOCK_MONOTONIC) < end) {
		fd = try(dev, device, mode);
		CHECK(fd >= 0 || fd == -EBUSY || fd == -EDQUOT);
		if (fd < 0)
			refusals++;
		else
			close(fd);
	}
	return refusals;
}

/* A shared reservation is granted: refused tries do not delay it. */
TEST_F_TIMEOUT(reserve, tries_that_are_refused_refuse_no_shared_one, 600)
{
	struct zinc_reserve_item alone = item("test:0", 0);
	int held_all_along = try(self->dev, "test:0", SHARED);
	pid_t others[2];

	ASSERT_LE(0, held_all_along);
	others[0] = spawn_tries(self->dev, &alone, 1);
	others[1] = spawn_tries(self->dev, &alone, 1);
	EXPECT_EQ(0, refused_of(self->dev, "test:0", SHARED));
	for (int i = 0; i < 2; i++) {
		/* and they were there to the end */
		EXPECT_EQ(0, waitpid(others[i], NULL, WNOHANG));
		kill(others[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, reap(others[i]));
	}
	close(held_all_along);
}

/* Of {free, busy} the free one is not held, not even for a moment. */
TEST_F_TIMEOUT(reserve, a_try_for_several_never_holds_the_free_one, 600)
{
	struct zinc_reserve_item both[] = {
		item("test:free", 0), item("test:busy", 0),
	};
	int busy = try(self->dev, "test:busy", 0);
	pid_t other;

	ASSERT_LE(0, busy);
	other = spawn_tries(self->dev, both, 2);
	EXPECT_EQ(0, refused_of(self->dev, "test:free", 0));
	EXPECT_EQ(0, waitpid(other, NULL, WNOHANG));
	kill(other, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(other));
	close(busy);
}

/* Nor is a refused try the one too many of its user. */
TEST_F_TIMEOUT(reserve, tries_that_are_refused_are_not_counted, 600)
{
	char before[32];
	pid_t child;

	if (geteuid())
		SKIP(return, "needs root");
	strcpy(before, file_text(LIMIT));
	ASSERT_EQ(0, write_text(LIMIT, "2"));
	child = spawn();
	if (!child) {
		struct zinc_reserve_item alone = item("test:0", 0);
		pid_t other;

		CHECK(!setresuid(4711, 4711, 4711));
		CHECK(try(self->dev, "test:0", 0) >= 0);
		other = spawn_tries(self->dev, &alone, 1);
		CHECK(!refused_of(self->dev, "test:1", 0));
		CHECK(!waitpid(other, NULL, WNOHANG));
		kill(other, SIGKILL);
		CHECK(reap(other) == 128 + SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(0, reap(child));
	EXPECT_EQ(0, write_text(LIMIT, before));
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
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg))
			TH_LOG("%s", names[n]);
		memcpy(h.device, i.device, sizeof(h.device));
		if (n)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_HOLDERS, &h))
				TH_LOG("%s", names[n]);
	}
	/* something behind its end */
	i = item("test:0", 0);
	i.device[ZINC_DEVICE_SIZE - 1] = 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
	memcpy(h.device, i.device, sizeof(h.device));
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_HOLDERS, &h));
	memset(h.device, 0, sizeof(h.device));
	h.device[ZINC_DEVICE_SIZE - 1] = 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_HOLDERS, &h));
}

TEST_F(reserve, bad_items)
{
	struct zinc_reserve_item i[2] = { item("test:0", 0), item("test:1", 0) };
	struct zinc_reserve arg = reserve_args(i, 2);
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		i[1].flags = 1U << bit;
		if (i[1].flags != SHARED)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
		i[1].flags = 0;
		i[1].pad = 1U << bit;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
		i[1].pad = 0;
	}
	i[1] = i[0];
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg))
		TH_LOG("a device twice");
	i[1].flags = SHARED;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg))
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
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
	arg.count = ZINC_RESERVE_MAX + 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
	arg.count = ~0U;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
	arg.count = ZINC_RESERVE_MAX;
	fd = call(self->dev, ZINC_IOC_RESERVE, &arg);
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
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_RESERVE, &arg));
}

TEST_F(reserve, items_that_can_not_be_read)
{
	struct zinc_reserve arg = reserve_args(NULL, 1);

	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_RESERVE, &arg));
	arg.items = -PAGE;
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_RESERVE, &arg));
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
		int fd = reserve_as(dev, "test:0", 0, 0, ZINC_DEADLINE_NEVER);

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
