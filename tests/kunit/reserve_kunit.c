// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: device names, and who is granted what in which order, without files.
 */
#include "kunit.h"

#include "../../kmod/reserve.c"

static void device_names(struct kunit *test)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{ "vulkan:0", 0 }, { "0", 0 }, { "a.b_c:d-e", 0 },
		{ "", -EINVAL }, { ":", -EINVAL }, { "A", -EINVAL },
		{ "a b", -EINVAL }, { "a/b", -EINVAL }, { "\xff", -EINVAL },
	};
	u8 name[ZINC_DEVICE_SIZE];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(name, 0, sizeof(name));
		memcpy(name, cases[i].name, strlen(cases[i].name));
		KUNIT_EXPECT_EQ_MSG(test, zinc_device_check(name), cases[i].err,
				    "%s", cases[i].name);
	}
	memset(name, 'x', sizeof(name));
	KUNIT_EXPECT_EQ(test, zinc_device_check(name), -EINVAL);
	name[ZINC_DEVICE_SIZE - 1] = 0;
	KUNIT_EXPECT_EQ(test, zinc_device_check(name), 0);
	name[3] = 0;
	KUNIT_EXPECT_EQ(test, zinc_device_check(name), -EINVAL);
}

/* "a" reserves it, "A" shares it; several letters, several devices */
static struct zinc_reservation *reserve(struct kunit *test, const char *what)
{
	struct zinc_reserve_item items[ZINC_RESERVE_MAX] = {};
	struct zinc_reservation *r;
	unsigned int n;

	for (n = 0; what[n]; n++) {
		items[n].device[0] = what[n] | 0x20;
		if (what[n] < 'a')
			items[n].flags = ZINC_RESERVE_SHARED;
	}
	r = zinc_reservation_create(items, n);
	KUNIT_ASSERT_FALSE(test, IS_ERR(r));
	return r;
}

static void let_go(struct zinc_reservation *r)
{
	zinc_reservation_leave(r);
	zinc_reservation_free(r);
}

static void nothing_is_left(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&zinc_devices));
	KUNIT_EXPECT_TRUE(test, list_empty(&zinc_reservations));
}

static void order_of_arrival(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "x");
	struct zinc_reservation *b = reserve(test, "x");
	struct zinc_reservation *c = reserve(test, "x");

	KUNIT_EXPECT_TRUE(test, a->held);
	KUNIT_EXPECT_FALSE(test, b->held);
	KUNIT_EXPECT_EQ(test, zinc_claim_ahead(&c->claims[0]), 2U);
	let_go(b);
	KUNIT_EXPECT_FALSE(test, c->held);
	let_go(a);
	KUNIT_EXPECT_TRUE(test, c->held);
	let_go(c);
	nothing_is_left(test);
}

static void shared_and_exclusive(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "X");
	struct zinc_reservation *b = reserve(test, "X");
	struct zinc_reservation *c = reserve(test, "x");
	struct zinc_reservation *d = reserve(test, "X");
	struct zinc_reservation *e = reserve(test, "X");

	KUNIT_EXPECT_TRUE(test, a->held && b->held);
	KUNIT_EXPECT_FALSE(test, c->held || d->held || e->held);
	let_go(a);
	KUNIT_EXPECT_FALSE(test, c->held);
	let_go(b);
	KUNIT_EXPECT_TRUE(test, c->held);
	KUNIT_EXPECT_FALSE(test, d->held || e->held);
	let_go(c);
	KUNIT_EXPECT_TRUE(test, d->held && e->held);
	let_go(d);
	let_go(e);
	nothing_is_left(test);
}

/* One that waits for several stays in the way where it has its turn already. */
static void several_devices(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "y");
	struct zinc_reservation *b = reserve(test, "xyz");
	struct zinc_reservation *c = reserve(test, "x");
	struct zinc_reservation *d = reserve(test, "Z");

	KUNIT_EXPECT_EQ(test, b->blocked, 1U);
	KUNIT_EXPECT_FALSE(test, b->held || c->held || d->held);
	let_go(a);
	KUNIT_EXPECT_TRUE(test, b->held);
	KUNIT_EXPECT_FALSE(test, c->held || d->held);
	let_go(b);
	KUNIT_EXPECT_TRUE(test, c->held && d->held);
	let_go(c);
	let_go(d);
	nothing_is_left(test);
}

/* In every order of going, everyone is granted in the end, and never in part. */
static void every_order_of_going(struct kunit *test)
{
	static const char * const what[] = { "xy", "yz", "zx", "XYZ" };
	struct zinc_reservation *r[ARRAY_SIZE(what)];
	unsigned int order, i, n;

	for (order = 0; order < 256; order++) {
		for (i = 0; i < ARRAY_SIZE(what); i++)
			r[i] = reserve(test, what[i]);
		for (n = 0; n < 4; n++) {
			i = order >> 2 * n & 3;
			if (r[i])
				let_go(r[i]);
			r[i] = NULL;
		}
		/* the first of those that are left holds what it wants */
		for (i = 0; i < ARRAY_SIZE(what) && !r[i]; i++)
			;
		if (i < ARRAY_SIZE(what))
			KUNIT_EXPECT_TRUE(test, r[i]->held);
		for (i = 0; i < ARRAY_SIZE(what); i++)
			if (r[i])
				let_go(r[i]);
	}
	nothing_is_left(test);
}

static void holders_by_cursor(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "xy");
	struct zinc_reservation *b = reserve(test, "x");
	struct zinc_holder h[4];
	u64 cursor = 0;

	mutex_lock(&zinc_reserve_lock);
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 2, &cursor, NULL), 2U);
	KUNIT_EXPECT_EQ(test, h[0].id, a->id);
	KUNIT_EXPECT_EQ(test, (char)h[1].device[0], 'y');
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 4, &cursor, NULL), 1U);
	KUNIT_EXPECT_EQ(test, h[0].id, b->id);
	KUNIT_EXPECT_EQ(test, h[0].flags, (u32)ZINC_HOLDER_WAITING);
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 4, &cursor, NULL), 0U);
	cursor = U64_MAX;
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 4, &cursor, NULL), 0U);
	mutex_unlock(&zinc_reserve_lock);
	let_go(a);
	let_go(b);
	nothing_is_left(test);
}

static struct kunit_case zinc_reserve_cases[] = {
	KUNIT_CASE(device_names),
	KUNIT_CASE(order_of_arrival),
	KUNIT_CASE(shared_and_exclusive),
	KUNIT_CASE(several_devices),
	KUNIT_CASE(every_order_of_going),
	KUNIT_CASE(holders_by_cursor),
	{}
};

static struct kunit_suite zinc_reserve_suite = {
	.name = "zinc_reserve",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.test_cases = zinc_reserve_cases,
};

kunit_test_suite(zinc_reserve_suite);
