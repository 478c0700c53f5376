// SPDX-License-Identifier: GPL-2.0-only
/*
 * zinc_wait_with() and ZINC_WAIT_GONE: a consumer whose producer has gone.
 * Waits that must end have no deadline: the harness ends a hang.
 */
#include "lib_test.h"

#include "backend/backend.h"

/* The creator's handle of this process, which a fork has as well, and keeps */
static zinc_handle inherited;

/* A child that waits until its producer has gone; it says when it is about to */
static pid_t consumer_of(const char *name, bool readonly)
{
	struct signpost ready;
	zinc_handle region;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		zinc_close(inherited);
		CHECK(!(readonly ? open_readonly(name, &region) :
				   zinc_open(name, &region)));
		post(&ready);
		CHECK(zinc_wait_with(region, ZINC_DEADLINE_NEVER,
				     ZINC_WAIT_GONE) == -EPIPE);
		zinc_close(region);
	}
	await(&ready);
	return pid;
}

/* Can it be told here? An older module cannot. */
static bool has_gone(void)
{
	zinc_handle region;
	int32_t ret;

	CHECK(!zinc_create(named("has"), PAGE, &region));
	ret = zinc_wait_with(region, 0, ZINC_WAIT_GONE);
	zinc_close(region);
	CHECK(ret == -ETIMEDOUT || (on_kmod() && ret == -EOPNOTSUPP));
	return ret == -ETIMEDOUT;
}

#define NEED_GONE() do {						\
	if (!has_gone())						\
		SKIP(return, "this module does not know ZINC_WAIT_GONE");	\
} while (0)

TEST(arguments)
{
	zinc_handle region;
	int bit;

	EXPECT_EQ(zinc_wait_with(NULL, 0, 0), -EINVAL);
	EXPECT_EQ(zinc_wait_with(NULL, 0, ZINC_WAIT_GONE), -EINVAL);
	ASSERT_EQ(zinc_create(named("arguments"), PAGE, &region), 0);
	for (bit = 0; bit < 32; bit++) {
		if (1u << bit != ZINC_WAIT_GONE)
			EXPECT_EQ(zinc_wait_with(region, 0, 1u << bit),
				  -EINVAL);
	}
	zinc_notify(region);
	EXPECT_EQ(zinc_wait_with(region, 0, 1u << 31), -EINVAL);
	EXPECT_EQ(zinc_wait_with(region, 0, 0), 0);
	EXPECT_EQ(zinc_wait_with(region, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(zinc_wait_with(region, now_ns() + NSEC_PER_MSEC, 0),
		  -ETIMEDOUT);
	zinc_close(region);
}

/*
 * A notify and then the end, both after a wait has looked and before it sleeps: the
 * wait is the backend's own, which is told of the cursor then.
 */
TEST(a_notify_before_the_end_comes_first)
{
	zinc_handle creator, region;
	uint32_t cursor = 0;

	NEED_GONE();
	ASSERT_EQ(zinc_create(named("both"), PAGE, &creator), 0);
	ASSERT_EQ(zinc_open(named("both"), &region), 0);
	zinc_notify(creator);
	zinc_close(creator);
	EXPECT_EQ(region->ops->wait_gone(region, &cursor, ZINC_DEADLINE_NEVER), 0);
	EXPECT_EQ(cursor, 1);
	EXPECT_EQ(region->ops->wait_gone(region, &cursor, ZINC_DEADLINE_NEVER), -EPIPE);
	EXPECT_EQ(cursor, 1);
	zinc_close(region);
}

/* While everything is as it was, it is a wait like others */
TEST(producer_lives)
{
	const char *name = named("lives");
	zinc_handle region, other;
	uint64_t deadline;

	NEED_GONE();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	EXPECT_EQ(zinc_wait_with(other, 0, ZINC_WAIT_GONE), -ETIMEDOUT);
	/* longer than it takes to look twice */
	deadline = now_ns() + 250 * NSEC_PER_MSEC;
	EXPECT_EQ(zinc_wait_with(other, deadline, ZINC_WAIT_GONE), -ETIMEDOUT);
	EXPECT_GE(now_ns(), deadline);
	EXPECT_EQ(zinc_wait_with(region, now_ns() + NSEC_PER_MSEC,
				 ZINC_WAIT_GONE), -ETIMEDOUT);
	zinc_notify(region);
	EXPECT_EQ(zinc_wait_with(other, ZINC_DEADLINE_NEVER, ZINC_WAIT_GONE), 0);
	EXPECT_EQ(zinc_wait_with(region, 0, ZINC_WAIT_GONE), 0);
	EXPECT_EQ(zinc_wait_with(other, 0, ZINC_WAIT_GONE), -ETIMEDOUT);
	zinc_close(other);
	zinc_close(region);
}

TEST(producer_closes)
{
	const char *name = named("closes");
	zinc_handle region, other;

	NEED_GONE();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	zinc_notify(region);
	zinc_close(region);
	/* earlier notifies come first; a wait without the flag does not end */
	EXPECT_EQ(zinc_wait_with(other, ZINC_DEADLINE_NEVER, ZINC_WAIT_GONE), 0);
	EXPECT_EQ(zinc_wait_with(other, ZINC_DEADLINE_NEVER, ZINC_WAIT_GONE),
		  -EPIPE);
	EXPECT_EQ(zinc_wait_with(other, 0, ZINC_WAIT_GONE), -EPIPE);
	EXPECT_EQ(zinc_wait_with(other, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(zinc_wait(other, 1), -ETIMEDOUT);
	zinc_close(other);
}

/* Waiters that sleep when there are no more notifies */
TEST(sleepers_end)
{
	const char *name = named("sleepers");
	pid_t pids[3];
	int i;

	NEED_GONE();
	ASSERT_EQ(zinc_create(name, PAGE, &inherited), 0);
	for (i = 0; i < 3; i++) {
		pids[i] = consumer_of(name, i);
		ASSERT_TRUE(asleep(pids[i]));
	}
	zinc_close(inherited);
	inherited = NULL;
	for (i = 0; i < 3; i++)
		EXPECT_EQ(reap(pids[i]), 0);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(producer_is_killed)
{
	const char *name = named("killed");
	struct signpost made;
	zinc_handle region;
	pid_t producer, consumer;

	NEED_GONE();
	post_init(&made);
	IN_CHILD(producer) {
		CHECK(!zinc_create(name, PAGE, &region));
		post(&made);
		pause();
	}
	await(&made);
	consumer = consumer_of(name, false);
	ASSERT_TRUE(asleep(consumer));
	EXPECT_FALSE(ended(consumer));
	ASSERT_EQ(kill(producer, SIGKILL), 0);
	EXPECT_EQ(reap(consumer), 0);
	reap(producer);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(name_goes)
{
	const char *name = named("name");
	zinc_handle region, other, next;
	pid_t consumer;

	NEED_GONE();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	consumer = consumer_of(name, false);
	ASSERT_TRUE(asleep(consumer));
	ASSERT_EQ(zinc_create_or_replace(name, PAGE, &next), 0);
	EXPECT_EQ(reap(consumer), 0);
	EXPECT_EQ(zinc_wait_with(other, 0, ZINC_WAIT_GONE), -EPIPE);
	/* its creator's handle, too: a later open finds another region */
	EXPECT_EQ(zinc_wait_with(region, 0, ZINC_WAIT_GONE), -EPIPE);
	zinc_close(region);
	zinc_close(other);

	consumer = consumer_of(name, true);
	ASSERT_TRUE(asleep(consumer));
	ASSERT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(reap(consumer), 0);
	zinc_close(next);
}

TEST_HARNESS_MAIN
