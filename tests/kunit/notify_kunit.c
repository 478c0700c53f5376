// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the sequence at its wrap, the waiters flag, wake-ups by the batch,
 * deadlines.
 */
#include "kunit.h"

#include <linux/spinlock.h>

/* how often interrupts were allowed again */
static unsigned int kunit_unlocks;

static void kunit_unlock(spinlock_t *lock, unsigned long flags)
{
	kunit_unlocks++;
	spin_unlock_irqrestore(lock, flags);
}

#define spin_unlock_irqrestore	kunit_unlock
#include "../../kmod/notify.c"
#undef spin_unlock_irqrestore

static void sequence_wraps(struct kunit *test)
{
	struct zinc_region *region = test->priv;
	struct zinc_handle handle = { .region = region };
	u32 seq = 1234;

	region->header->notify_seq = U32_MAX;
	KUNIT_EXPECT_EQ(test, zinc_wait(&handle, U32_MAX, 0, false, &seq), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, seq, 1234U);
	KUNIT_EXPECT_EQ(test, zinc_notify(region, true, false), 0U);
	KUNIT_EXPECT_EQ(test, zinc_wait(&handle, U32_MAX, 0, false, &seq), 0);
	KUNIT_EXPECT_EQ(test, seq, 0U);
	/* any difference counts, also one that looks like the past */
	KUNIT_EXPECT_EQ(test, zinc_wait(&handle, 5, 0, false, &seq), 0);
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
	zinc_notify_gone(region, true);
	zinc_notify_gone(region, false);
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
	struct zinc_handle handle = { .region = region };
	u32 seq;

	KUNIT_EXPECT_EQ(test, zinc_wait(&handle, 0, 0, false, &seq), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
	/* which asks for no account */
	KUNIT_EXPECT_NULL(test, handle.user);
	KUNIT_EXPECT_EQ(test,
			zinc_wait(&handle, 0, ktime_get_ns() + NSEC_PER_MSEC,
				  false, &seq), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
	KUNIT_ASSERT_NOT_NULL(test, handle.user);
	zinc_user_put(handle.user);
}

/* Each of a queue longer than a batch is woken once, in its order. */
struct counted {
	wait_queue_entry_t entry;
	unsigned int times;
};

static int count_wake(wait_queue_entry_t *entry, unsigned int mode, int flags,
		      void *key)
{
	container_of(entry, struct counted, entry)->times++;
	return 1;
}

#define CROWD	(3 * ZINC_WAKE_BATCH + 1)

static void everyone_is_woken_once(struct kunit *test)
{
	static const unsigned int counts[] = {
		0, 1, ZINC_WAKE_BATCH - 1, ZINC_WAKE_BATCH, ZINC_WAKE_BATCH + 1,
		2 * ZINC_WAKE_BATCH, CROWD,
	};
	struct zinc_region *region = test->priv;
	struct counted *all;
	unsigned int i, n;

	all = kunit_kcalloc(test, CROWD, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	for (n = 0; n < ARRAY_SIZE(counts); n++) {
		for (i = 0; i < counts[n]; i++) {
			all[i].times = 0;
			init_waitqueue_func_entry(&all[i].entry, count_wake);
			/* one that is exclusive ends no pass */
			if (i % 2)
				add_wait_queue_exclusive(&region->wait,
							 &all[i].entry);
			else
				add_wait_queue(&region->wait, &all[i].entry);
		}
		kunit_unlocks = 0;
		KUNIT_EXPECT_EQ(test, zinc_waiters(region), counts[n]);
		/* the counting function allows interrupts after each batch, and at the end */
		KUNIT_EXPECT_GE(test, kunit_unlocks,
				max(1U, DIV_ROUND_UP(counts[n], ZINC_WAKE_BATCH)));
		zinc_notify(region, true, false);
		zinc_notify(region, true, true);
		zinc_notify_gone(region, true);
		/* it is for sleepers alone */
		zinc_notify_gone(region, false);
		zinc_notify_atomic(region);
		flush_work(&region->wake);
		KUNIT_EXPECT_EQ(test, zinc_waiters(region), counts[n]);
		for (i = 0; i < counts[n]; i++) {
			KUNIT_EXPECT_EQ(test, all[i].times, 4U);
			remove_wait_queue(&region->wait, &all[i].entry);
		}
		KUNIT_EXPECT_TRUE(test, list_empty(&region->wait.head));
	}
}

/* Counting ends at some time, and leaves no mark on the queue. */
static void no_more_are_counted(struct kunit *test)
{
	struct zinc_region *region = test->priv;
	unsigned int i, many = ZINC_WAITERS_COUNTED + ZINC_WAKE_BATCH + 1;
	struct counted *all;

	all = kunit_kcalloc(test, many, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	for (i = 0; i < many; i++) {
		init_waitqueue_func_entry(&all[i].entry, count_wake);
		add_wait_queue(&region->wait, &all[i].entry);
	}
	kunit_unlocks = 0;
	KUNIT_EXPECT_EQ(test, zinc_waiters(region), ZINC_WAITERS_COUNTED);
	KUNIT_EXPECT_EQ(test, kunit_unlocks,
			ZINC_WAITERS_COUNTED / ZINC_WAKE_BATCH);
	for (i = 0; i < many; i++)
		remove_wait_queue(&region->wait, &all[i].entry);
	KUNIT_EXPECT_TRUE(test, list_empty(&region->wait.head));
}

static void many_are_left_to_a_work_item(struct kunit *test)
{
	struct zinc_region *region = test->priv;
	struct counted *all;
	unsigned int i;

	all = kunit_kcalloc(test, ZINC_WAKE_BATCH, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	for (i = 0; i < ZINC_WAKE_BATCH; i++) {
		init_waitqueue_func_entry(&all[i].entry, count_wake);
		add_wait_queue(&region->wait, &all[i].entry);
		zinc_arm(region);
		local_irq_disable();
		zinc_notify_atomic(region);
		/* few at once, or none: this processor runs no work item now */
		KUNIT_EXPECT_EQ(test, zinc_sequence(region), i + 1);
		local_irq_enable();
		flush_work(&region->wake);
		KUNIT_EXPECT_EQ(test, all[0].times, i + 1);
		KUNIT_EXPECT_EQ(test, region->header->waiters, 0U);
	}
	for (i = 0; i < ZINC_WAKE_BATCH; i++)
		remove_wait_queue(&region->wait, &all[i].entry);
}

/* Only waiters that requested the end have a key. */
static void sleepers_by_what_they_wait_for(struct kunit *test)
{
	struct zinc_sleeper sleeper;
	bool gone, woken;

	for (gone = false;; gone = true) {
		zinc_sleeper_init(&sleeper, true, gone);
		KUNIT_EXPECT_TRUE(test, zinc_wake_includes(&sleeper.entry,
							   ZINC_SLEEPERS));
		KUNIT_EXPECT_TRUE(test, zinc_wake_includes(&sleeper.entry,
							   ZINC_ALL));
		KUNIT_EXPECT_FALSE(test, zinc_wake_includes(&sleeper.entry,
							    ZINC_POLLERS));
		set_current_state(TASK_INTERRUPTIBLE);
		woken = zinc_sleeper_wake(&sleeper.entry, TASK_NORMAL, 0,
					  poll_to_key(EPOLLRDHUP));
		KUNIT_EXPECT_EQ(test, woken, gone);
		set_current_state(TASK_INTERRUPTIBLE);
		woken = zinc_sleeper_wake(&sleeper.entry, TASK_NORMAL, 0, NULL);
		KUNIT_EXPECT_TRUE(test, woken);
		__set_current_state(TASK_RUNNING);
		if (gone)
			break;
	}
}

static void deadlines(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, zinc_deadline(0), (ktime_t)0);
	KUNIT_EXPECT_EQ(test, zinc_deadline(1), (ktime_t)1);
	KUNIT_EXPECT_EQ(test, zinc_deadline(KTIME_MAX - 1), KTIME_MAX - 1);
	KUNIT_EXPECT_EQ(test, zinc_deadline(KTIME_MAX), KTIME_MAX);
	KUNIT_EXPECT_EQ(test, zinc_deadline(ZINC_DEADLINE_NEVER - 1), KTIME_MAX);
	KUNIT_EXPECT_EQ(test, zinc_deadline(ZINC_DEADLINE_NEVER), KTIME_MAX);
}

static struct kunit_case zinc_notify_cases[] = {
	KUNIT_CASE(sequence_wraps),
	KUNIT_CASE(wake_does_not_bump),
	KUNIT_CASE(flag_goes_with_a_wake_up),
	KUNIT_CASE(flag_stays_for_those_who_sleep),
	KUNIT_CASE(flag_goes_with_the_deadline),
	KUNIT_CASE(everyone_is_woken_once),
	KUNIT_CASE(no_more_are_counted),
	KUNIT_CASE(many_are_left_to_a_work_item),
	KUNIT_CASE(sleepers_by_what_they_wait_for),
	KUNIT_CASE(deadlines),
	{}
};

static struct kunit_suite zinc_notify_suite = {
	.name = "zinc_notify",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.init = zinc_kunit_make_region,
	.exit = zinc_kunit_put_region,
	.test_cases = zinc_notify_cases,
};

kunit_test_suite(zinc_notify_suite);
