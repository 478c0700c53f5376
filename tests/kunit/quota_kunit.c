// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: limits per user at their edges, and accounts that go when empty.
 */
#include "kunit.h"

#include "../../kmod/quota.c"

struct saved_limits {
	unsigned int regions;
	unsigned long long bytes;
};

static int save_limits(struct kunit *test)
{
	struct saved_limits *saved;

	saved = kunit_kzalloc(test, sizeof(*saved), GFP_KERNEL);
	if (!saved)
		return -ENOMEM;
	saved->regions = zinc_max_regions;
	saved->bytes = zinc_max_bytes;
	test->priv = saved;
	return 0;
}

static void restore_limits(struct kunit *test)
{
	struct saved_limits *saved = test->priv;

	zinc_max_regions = saved->regions;
	zinc_max_bytes = saved->bytes;
}

static void limit_of_regions(struct kunit *test)
{
	struct zinc_user user = { .regions = 9 };

	zinc_max_regions = 10;
	zinc_max_bytes = 0;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 1), 0);
	user.regions = 10;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 1), -EDQUOT);
	/* lowered while there are more */
	zinc_max_regions = 5;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 1), -EDQUOT);
	zinc_max_regions = 0;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 1), 0);
}

static void limit_of_bytes(struct kunit *test)
{
	struct zinc_user user = { .bytes = 600 };

	zinc_max_regions = 0;
	zinc_max_bytes = 1000;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 400), 0);
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 401), -ENOSPC);
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 1001), -ENOSPC);
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, U64_MAX), -ENOSPC);
	zinc_max_bytes = 500;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, 1), -ENOSPC);
	zinc_max_bytes = 0;
	KUNIT_EXPECT_EQ(test, zinc_user_check(&user, U64_MAX), 0);
}

static void limit_of_pinned_bytes(struct kunit *test)
{
	unsigned long long saved = zinc_max_pinned_bytes;
	struct zinc_user user = { .pinned = 600 };

	zinc_max_pinned_bytes = 1000;
	KUNIT_EXPECT_FALSE(test, zinc_user_pin(&user, 401, false));
	KUNIT_EXPECT_FALSE(test, zinc_user_pin(&user, U64_MAX, false));
	KUNIT_EXPECT_EQ(test, user.pinned, 600ULL);
	KUNIT_EXPECT_TRUE(test, zinc_user_pin(&user, 400, false));
	KUNIT_EXPECT_EQ(test, user.pinned, 1000ULL);
	KUNIT_EXPECT_FALSE(test, zinc_user_pin(&user, 1, false));
	KUNIT_EXPECT_TRUE(test, zinc_user_pin(&user, 1, true));
	zinc_user_put_pinned(&user, 401);
	/* lowered while there are more */
	zinc_max_pinned_bytes = 500;
	KUNIT_EXPECT_FALSE(test, zinc_user_pin(&user, 1, false));
	zinc_max_pinned_bytes = 0;
	KUNIT_EXPECT_TRUE(test, zinc_user_pin(&user, 1, false));
	zinc_max_pinned_bytes = saved;
}

static void limit_of_reservations(struct kunit *test)
{
	unsigned int saved = zinc_max_reservations;
	struct zinc_user user = { .reservations = 9 };

	zinc_max_reservations = 10;
	KUNIT_EXPECT_EQ(test, zinc_user_check_reservation(&user), 0);
	user.reservations = 10;
	KUNIT_EXPECT_EQ(test, zinc_user_check_reservation(&user), -EDQUOT);
	KUNIT_EXPECT_EQ(test, zinc_user_add_reservation(&user, false), -EDQUOT);
	KUNIT_EXPECT_EQ(test, user.reservations, 10U);
	KUNIT_EXPECT_EQ(test, zinc_user_add_reservation(&user, true), 0);
	KUNIT_EXPECT_EQ(test, user.reservations, 11U);
	zinc_max_reservations = 0;
	KUNIT_EXPECT_EQ(test, zinc_user_check_reservation(&user), 0);
	zinc_max_reservations = saved;
}

static void limit_of_waiters(struct kunit *test)
{
	unsigned int saved = zinc_max_waiters;
	struct zinc_user *user, *again, *cache = NULL;

	/* by an exempt task: it is counted, but not refused */
	zinc_max_waiters = 2;
	user = zinc_user_charge_waiters(&cache, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, user);
	KUNIT_EXPECT_PTR_EQ(test, cache, user);
	again = zinc_user_charge_waiters(&cache, 3);
	KUNIT_EXPECT_PTR_EQ(test, again, user);
	KUNIT_EXPECT_EQ(test, atomic_read(&user->waiters), 5);
	zinc_user_put_waiters(&cache, again, 3);
	zinc_user_put_waiters(&cache, user, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&user->waiters), 0);
	zinc_user_put(cache);
	zinc_max_waiters = saved;
}

/* Another user's account is not the one that a handle knows. */
static void waiters_of_another_user(struct kunit *test)
{
	kuid_t uid = KUIDT_INIT(54322);
	struct zinc_user *other = zinc_user_get(uid), *user, *cache = other;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	user = zinc_user_charge_waiters(&cache, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, user);
	KUNIT_EXPECT_PTR_NE(test, user, other);
	KUNIT_EXPECT_PTR_EQ(test, cache, other);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->waiters), 0);
	zinc_user_put_waiters(&cache, user, 1);
	zinc_user_put(other);
	spin_lock(&zinc_user_lock);
	KUNIT_EXPECT_PTR_EQ(test, zinc_user_find(uid), (struct zinc_user *)NULL);
	spin_unlock(&zinc_user_lock);
}

static void account_comes_and_goes(struct kunit *test)
{
	kuid_t uid = KUIDT_INIT(54321);
	struct zinc_user *one, *two;
	struct zinc_query now;

	zinc_user_query(uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_regions, 0ULL);
	KUNIT_EXPECT_EQ(test, now.user_reservations, 0U);
	one = zinc_user_charge(uid, 100);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, one);
	two = zinc_user_charge(uid, 23);
	KUNIT_EXPECT_PTR_EQ(test, one, two);
	zinc_user_put_region(one);
	zinc_user_query(uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_regions, 1ULL);
	KUNIT_EXPECT_EQ(test, now.user_bytes, 123ULL);
	zinc_user_put_bytes(one, 100);
	zinc_user_put_bytes(two, 23);
	zinc_user_query(uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_regions, 1ULL);
	KUNIT_EXPECT_EQ(test, now.user_bytes, 0ULL);
	KUNIT_EXPECT_PTR_EQ(test, zinc_user_get(uid), one);
	KUNIT_EXPECT_EQ(test, zinc_user_add_reservation(one, false), 0);
	zinc_user_put_region(two);
	zinc_user_query(uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_regions, 0ULL);
	KUNIT_EXPECT_EQ(test, now.user_reservations, 1U);
	zinc_user_remove_reservation(one);
	zinc_user_query(uid, &now);
	KUNIT_EXPECT_EQ(test, now.user_reservations, 0U);
	zinc_user_put(one);
	spin_lock(&zinc_user_lock);
	KUNIT_EXPECT_PTR_EQ(test, zinc_user_find(uid),
			    (struct zinc_user *)NULL);
	spin_unlock(&zinc_user_lock);
}

static struct kunit_case zinc_quota_cases[] = {
	KUNIT_CASE(limit_of_regions),
	KUNIT_CASE(limit_of_bytes),
	KUNIT_CASE(limit_of_pinned_bytes),
	KUNIT_CASE(limit_of_reservations),
	KUNIT_CASE(limit_of_waiters),
	KUNIT_CASE(waiters_of_another_user),
	KUNIT_CASE(account_comes_and_goes),
	{}
};

static struct kunit_suite zinc_quota_suite = {
	.name = "zinc_quota",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.init = save_limits,
	.exit = restore_limits,
	.test_cases = zinc_quota_cases,
};

kunit_test_suite(zinc_quota_suite);
