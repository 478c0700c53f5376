// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: which items of a wait for several take a place on a queue.
 */
#include "kunit.h"

#include "../../kmod/wait_any.c"

static void regions_given_twice_have_one_place(struct kunit *test)
{
	struct zinc_handle handles[] = {
		{ .region = test->priv }, { .region = test->priv },
		{ .region = (void *)0x1000 }, { .region = (void *)0x2000 },
	};
	struct zinc_waiters all = { .count = ZINC_WAIT_ANY_MAX };
	unsigned int i;

	all.waiters = kunit_kcalloc(test, all.count, sizeof(*all.waiters),
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all.waiters);
	for (i = 0; i < all.count; i++)
		all.waiters[i].handle = &handles[i % ARRAY_SIZE(handles)];
	zinc_waiters_merge(&all);
	KUNIT_EXPECT_EQ(test, all.places, 3U);
	for (i = 0; i < all.count; i++)
		KUNIT_EXPECT_EQ(test, all.waiters[i].again,
				i != 0 && i != 2 && i != 3);
}

static struct kunit_case zinc_wait_any_cases[] = {
	KUNIT_CASE(regions_given_twice_have_one_place),
	{}
};

static struct kunit_suite zinc_wait_any_suite = {
	.name = "zinc_wait_any",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.init = zinc_kunit_make_region,
	.exit = zinc_kunit_put_region,
	.test_cases = zinc_wait_any_cases,
};

kunit_test_suite(zinc_wait_any_suite);
