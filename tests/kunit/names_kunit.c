// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: name syntax, the name table, the order of ids, waiting for a name. */
#include "kunit.h"

#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../kmod/internal.h"

/* a region whose last handle is closed as soon as a table's lock is free */
static struct zinc_region *kunit_closing;

static void kunit_unlock(struct mutex *lock)
{
	struct zinc_region *closing = kunit_closing;

	mutex_unlock(lock);
	kunit_closing = NULL;
	if (closing)
		zinc_region_put(closing);
}

static unsigned int kunit_compared;
static unsigned int kunit_woken;

static int kunit_memcmp(const void *a, const void *b, size_t size)
{
	kunit_compared++;
	return memcmp(a, b, size);
}

static int kunit_wake(struct task_struct *task)
{
	kunit_woken++;
	return wake_up_process(task);
}

#define mutex_unlock	kunit_unlock
#define memcmp		kunit_memcmp
#define wake_up_process	kunit_wake
#include "../../kmod/names.c"
#undef mutex_unlock
#undef memcmp
#undef wake_up_process

static void name_of(u8 *name, size_t len)
{
	memset(name, 0, ZINC_NAME_SIZE);
	memset(name, 'n', len);
}

static void name_length(struct kunit *test)
{
	u8 name[ZINC_NAME_SIZE];

	name_of(name, 0);
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), -EINVAL);
	name_of(name, 1);
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), 0);
	name_of(name, ZINC_NAME_MAX);
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), 0);
	name_of(name, ZINC_NAME_MAX + 1);
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), -EINVAL);
	name_of(name, ZINC_NAME_SIZE);
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), -EINVAL);
}

static void name_bytes(struct kunit *test)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	u8 name[ZINC_NAME_SIZE];
	int c;

	for (c = 1; c < 256; c++) {
		int expected = strchr(good, c) ? 0 : -EINVAL;

		name_of(name, 3);
		name[1] = c;
		KUNIT_EXPECT_EQ_MSG(test, zinc_name_check(name), expected,
				    "byte %d", c);
	}
}

static void name_tail(struct kunit *test)
{
	u8 name[ZINC_NAME_SIZE];

	name_of(name, 3);
	name[4] = 'x';
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), -EINVAL);
	name_of(name, 3);
	name[ZINC_NAME_SIZE - 1] = 'x';
	KUNIT_EXPECT_EQ(test, zinc_name_check(name), -EINVAL);
}

static void ids_in_order(struct kunit *test)
{
	static const u64 ids[] = { 50, 10, 90, 30, 70 };
	struct zinc_names names = { .by_id = RB_ROOT };
	struct zinc_region *regions, *region;
	u64 cursor = 0;
	int i;

	regions = kunit_kcalloc(test, ARRAY_SIZE(ids), sizeof(*regions),
				GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, regions);
	KUNIT_EXPECT_PTR_EQ(test, zinc_by_id_after(&names, 0),
			    (struct zinc_region *)NULL);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		regions[i].id = ids[i];
		zinc_by_id_insert(&names, &regions[i]);
	}
	for (i = 10; i <= 90; i += 20) {
		region = zinc_by_id_after(&names, cursor);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
		KUNIT_EXPECT_EQ(test, region->id, (u64)i);
		cursor = region->id;
	}
	KUNIT_EXPECT_PTR_EQ(test, zinc_by_id_after(&names, 90),
			    (struct zinc_region *)NULL);
	KUNIT_EXPECT_EQ(test, zinc_by_id_after(&names, 31)->id, 50ULL);
}

#define WAITING	1000
#define SAME	10

/* A create visits few of the waiters, and wakes only those of its name. */
static void waiters_by_name(struct kunit *test)
{
	struct zinc_names names = { .waiting = RB_ROOT };
	u8 (*of)[ZINC_NAME_SIZE];
	struct zinc_name_waiter *all;
	struct zinc_region *region;
	unsigned int i;

	all = kunit_kcalloc(test, WAITING, sizeof(*all), GFP_KERNEL);
	of = kunit_kcalloc(test, WAITING, sizeof(*of), GFP_KERNEL);
	region = kunit_kzalloc(test, sizeof(*region), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_NOT_NULL(test, of);
	KUNIT_ASSERT_NOT_NULL(test, region);
	for (i = 0; i < WAITING; i++) {
		sprintf(of[i], "n%u", i / SAME);
		all[i].name = of[i];
		all[i].task = current;
		rb_add(&all[i].node, &names.waiting, zinc_name_waiter_less);
	}
	for (i = 0; i <= WAITING; i += SAME) {
		sprintf(region->name, "n%u", i / SAME);
		kunit_compared = 0;
		kunit_woken = 0;
		zinc_names_wake(&names, region);
		KUNIT_EXPECT_EQ(test, kunit_woken, i < WAITING ? SAME : 0);
		/* twice the logarithm, and the waiters of the name with the next one */
		KUNIT_EXPECT_LE(test, kunit_compared, 2 * 10 + SAME + 1U);
	}
	for (i = 0; i < WAITING; i++)
		rb_erase(&all[i].node, &names.waiting);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&names.waiting));
	zinc_names_wake(&names, region);
	KUNIT_EXPECT_EQ(test, kunit_woken, 0U);
}

static struct zinc_region *make(struct kunit *test, u32 lifetime)
{
	struct zinc_create args = {
		.capacity = PAGE_SIZE,
		.lifetime = lifetime,
		.name = "kunit",
	};
	struct zinc_region *region = zinc_region_create(&args, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
	return region;
}

static void insert_and_remove(struct kunit *test)
{
	struct zinc_region *region = make(test, ZINC_LIFETIME_REFS);

	KUNIT_EXPECT_FALSE(test, region->named);
	KUNIT_EXPECT_EQ(test, zinc_names_insert(region, false), 0);
	KUNIT_EXPECT_TRUE(test, region->named);
	KUNIT_EXPECT_PTR_EQ(test, zinc_names_lookup(region->name), region);
	KUNIT_EXPECT_EQ(test, refcount_read(&region->users), 2U);
	zinc_region_put(region);
	KUNIT_EXPECT_TRUE(test, zinc_names_remove(region));
	KUNIT_EXPECT_FALSE(test, zinc_names_remove(region));
	KUNIT_EXPECT_TRUE(test, region->flags & ZINC_INFO_UNLINKED);
	KUNIT_EXPECT_EQ(test, PTR_ERR(zinc_names_lookup(region->name)), -ENOENT);
	zinc_region_put(region);
}

static void taken_and_replaced(struct kunit *test)
{
	static const u8 name[ZINC_NAME_SIZE] = "kunit";
	struct zinc_region *old = make(test, ZINC_LIFETIME_REFS);
	struct zinc_region *new = make(test, ZINC_LIFETIME_REFS);

	KUNIT_EXPECT_EQ(test, zinc_names_insert(old, false), 0);
	KUNIT_EXPECT_EQ(test, zinc_names_insert(new, false), -EEXIST);
	KUNIT_EXPECT_FALSE(test, new->named);
	KUNIT_EXPECT_TRUE(test, old->named);
	KUNIT_EXPECT_EQ(test, zinc_names_insert(new, true), 0);
	KUNIT_EXPECT_FALSE(test, old->named);
	KUNIT_EXPECT_PTR_EQ(test, zinc_names_lookup(new->name), new);
	zinc_region_put(new);
	zinc_region_put(old);
	/* the last put takes the name along */
	zinc_region_put(new);
	KUNIT_EXPECT_EQ(test, zinc_names_precheck(name, false), 0);
}

/* Between its last reference and its removal a region does not claim its name. */
static void dying_gives_way(struct kunit *test)
{
	struct zinc_region *old = make(test, ZINC_LIFETIME_REFS);
	struct zinc_region *new = make(test, ZINC_LIFETIME_REFS);

	KUNIT_EXPECT_EQ(test, zinc_names_insert(old, false), 0);
	refcount_set(&old->users, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(zinc_names_lookup(old->name)), -ENOENT);
	KUNIT_EXPECT_EQ(test, zinc_names_insert(new, false), 0);
	KUNIT_EXPECT_FALSE(test, old->named);
	refcount_set(&old->users, 1);
	zinc_region_put(old);
	KUNIT_EXPECT_TRUE(test, new->named);
	zinc_region_put(new);
}

static void persistent_name_is_a_user(struct kunit *test)
{
	struct zinc_region *region = make(test, ZINC_LIFETIME_PERSIST);

	KUNIT_EXPECT_EQ(test, zinc_names_insert(region, false), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&region->users), 2U);
	KUNIT_EXPECT_TRUE(test, zinc_names_remove(region));
	KUNIT_EXPECT_EQ(test, refcount_read(&region->users), 1U);
	zinc_region_put(region);
}

/*
 * Only the lock keeps a region that is being replaced: a later read is a read
 * of freed memory, which KASAN reports (region_kunit.c frees at once).
 */
static void replaced_and_closed_at_once(struct kunit *test)
{
	struct zinc_region *old = make(test, ZINC_LIFETIME_REFS);
	struct zinc_region *new = make(test, ZINC_LIFETIME_REFS);

	KUNIT_EXPECT_EQ(test, zinc_names_insert(old, false), 0);
	kunit_closing = old;
	KUNIT_EXPECT_EQ(test, zinc_names_insert(new, true), 0);
	KUNIT_EXPECT_PTR_EQ(test, kunit_closing, (struct zinc_region *)NULL);
	zinc_region_put(new);
}

/* Of one that persists the name holds a reference, which goes with it. */
static void replaced_and_closed_though_it_persists(struct kunit *test)
{
	struct zinc_region *old = make(test, ZINC_LIFETIME_PERSIST);
	struct zinc_region *new = make(test, ZINC_LIFETIME_PERSIST);

	KUNIT_EXPECT_EQ(test, zinc_names_insert(old, false), 0);
	kunit_closing = old;
	KUNIT_EXPECT_EQ(test, zinc_names_insert(new, true), 0);
	kunit_closing = new;
	KUNIT_EXPECT_TRUE(test, zinc_names_remove(new));
}

static struct kunit_case zinc_names_cases[] = {
	KUNIT_CASE(name_length),
	KUNIT_CASE(name_bytes),
	KUNIT_CASE(name_tail),
	KUNIT_CASE(ids_in_order),
	KUNIT_CASE(waiters_by_name),
	KUNIT_CASE(insert_and_remove),
	KUNIT_CASE(taken_and_replaced),
	KUNIT_CASE(dying_gives_way),
	KUNIT_CASE(persistent_name_is_a_user),
	KUNIT_CASE(replaced_and_closed_at_once),
	KUNIT_CASE(replaced_and_closed_though_it_persists),
	{}
};

static struct kunit_suite zinc_names_suite = {
	.name = "zinc_names",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.test_cases = zinc_names_cases,
};

kunit_test_suite(zinc_names_suite);
