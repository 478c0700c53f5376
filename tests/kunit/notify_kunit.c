// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the sequence at its wrap, the waiters flag, deadlines.
 */
#include "kunit.h"

#include "../../kmod/notify.c"

static int make_region(struct kunit *test)
{
	struct zinc_create args = { .capacity = PAGE_SIZE };
	struct zinc_region *region = zinc_region_create(&args, NULL);

	if (IS_ERR(region))
		return PTR_ERR(region);
	test->priv = region;
	return 0;
}

static void put_region(struct kunit *test)
{
	zinc_region_put(test->priv);
}

static void sequence_wraps(struct kunit *test)
{
	struct zinc_region *region = test->priv;
	u32 seq = 1234;

	region->header->notify_seq = U32_MAX;
	KUNIT_EXPECT_EQ(test, zinc_wait(region, U32_MAX, 0, &seq), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, seq, 1234U);
	KUNIT_EXPECT_EQ(test, zinc_notify(region, true, false), 0U);
	KUNIT_EXPECT_EQ(test, zinc_wait(region, U32_MAX, 0, &seq), 0);
	KUNIT_EXPECT_EQ(test, seq, 0U);
	/* any difference counts, also one that looks like the past */
	KUNIT_EXPECT_EQ(test, zinc_wait(region, 5, 0, &seq), 0);
}

static void wake_does_not_bump(struct kunit *test)
{
	struct zinc_region *region = test->priv;

	KUNIT_EXPECT_EQ(test, zinc_notify(region, true, false), 1U);
	KUNIT_EXPECT_EQ(test, zinc_notify(region, false, false), 1U);
	KUNIT_EXPECT_EQ(test, zinc_notify(region, false, true), 1U);
	KUNIT_EXPECT_EQ(test, zinc_sequence(region), 1U);
}

static void flag_goes_with_a_wake_up(struct kunit *test)
{
	struct zinc_region *region = test->priv;

	zinc_arm(region);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 1U);
	zinc_notify_gone(region);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 1U);
	zinc_notify(region, false, false);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
	zinc_arm(region);
	zinc_notify(region, false, true);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
}

static void flag_stays_for_those_who_sleep(struct kunit *test)
{
	struct zinc_region *region = test->priv;
	wait_queue_entry_t entry;

	init_waitqueue_entry(&entry, current);
	add_wait_queue(&region->wait, &entry);
	KUNIT_EXPECT_EQ(test, zinc_waiters(region), 1U);
	zinc_arm(region);
	zinc_disarm(region);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 1U);
	remove_wait_queue(&region->wait, &entry);
	zinc_disarm(region);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
	KUNIT_EXPECT_EQ(test, zinc_waiters(region), 0U);
}

/* A wait that only looks, or that ran out of time, leaves no flag behind. */
static void flag_goes_with_the_deadline(struct kunit *test)
{
	struct zinc_region *region = test->priv;
	u32 seq;

	KUNIT_EXPECT_EQ(test, zinc_wait(region, 0, 0, &seq), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
	KUNIT_EXPECT_EQ(test,
			zinc_wait(region, 0, ktime_get_ns() + NSEC_PER_MSEC,
				  &seq), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
}

static void deadlines(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, zinc_deadline(0), (ktime_t)0);
	KUNIT_EXPECT_EQ(test, zinc_deadline(1), (ktime_t)1);
	KUNIT_EXPECT_EQ(test, zinc_deadline(KTIME_MAX - 1), KTIME_MAX - 1);
	KUNIT_EXPECT_EQ(test, zinc_deadline(KTIME_MAX), KTIME_MAX);
	KUNIT_EXPECT_EQ(test, zinc_deadline(ZINC_FOREVER - 1), KTIME_MAX);
	KUNIT_EXPECT_EQ(test, zinc_deadline(ZINC_FOREVER), KTIME_MAX);
}

static struct kunit_case zinc_notify_cases[] = {
	KUNIT_CASE(sequence_wraps),
	KUNIT_CASE(wake_does_not_bump),
	KUNIT_CASE(flag_goes_with_a_wake_up),
	KUNIT_CASE(flag_stays_for_those_who_sleep),
	KUNIT_CASE(flag_goes_with_the_deadline),
	KUNIT_CASE(deadlines),
	{}
};

static struct kunit_suite zinc_notify_suite = {
	.name = "zinc_notify",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.init = make_region,
	.exit = put_region,
	.test_cases = zinc_notify_cases,
};

kunit_test_suite(zinc_notify_suite);
