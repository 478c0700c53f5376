// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: device names, and the order of grants, without files. */
#include "kunit.h"

#include "../../kmod/internal.h"

/* the limit is reached, but this caller is exempt, and so is asked about it */
static bool kunit_full;
static unsigned int kunit_asked;

static bool kunit_is_exempt(void);

static int kunit_add_reservation(struct zinc_user *user, bool exempt)
{
	if (kunit_full && !exempt)
		return -EDQUOT;
	return zinc_user_add_reservation(user, true);
}

#define zinc_user_is_exempt		kunit_is_exempt
#define zinc_user_add_reservation	kunit_add_reservation
#include "../../kmod/reserve_queue.c"
#undef zinc_user_is_exempt
#undef zinc_user_add_reservation

/* It calls security modules, which may take long: no task waits meanwhile. */
static bool kunit_is_exempt(void)
{
	kunit_asked += !mutex_is_locked(&zinc_reserve_lock);
	return true;
}

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
		KUNIT_EXPECT_EQ_MSG(test, zinc_device_name_check(name), cases[i].err,
				    "%s", cases[i].name);
	}
	memset(name, 'x', sizeof(name));
	KUNIT_EXPECT_EQ(test, zinc_device_name_check(name), -EINVAL);
	name[ZINC_DEVICE_SIZE - 1] = 0;
	KUNIT_EXPECT_EQ(test, zinc_device_name_check(name), 0);
	name[3] = 0;
	KUNIT_EXPECT_EQ(test, zinc_device_name_check(name), -EINVAL);
}

/* "a" reserves it, "A" shares it; several letters, several devices */
static struct zinc_reservation *ask(const char *what, bool try)
{
	struct zinc_reserve_item items[ZINC_RESERVE_MAX] = {};
	struct zinc_reservation *r;
	unsigned int n;
	int err;

	for (n = 0; what[n]; n++) {
		items[n].device[0] = what[n] | 0x20;
		if (what[n] < 'a')
			items[n].flags = ZINC_RESERVE_SHARED;
	}
	r = zinc_reservation_alloc(n);
	if (IS_ERR(r))
		return r;
	err = zinc_reservation_start(r, items, try);
	if (!err)
		return r;
	zinc_reservation_free(r);
	return ERR_PTR(err);
}

static struct zinc_reservation *reserve(struct kunit *test, const char *what)
{
	struct zinc_reservation *r = ask(what, false);

	KUNIT_ASSERT_FALSE(test, IS_ERR(r));
	return r;
}

static bool is_held(const struct zinc_reservation *r)
{
	return zinc_reservation_state(r) == ZINC_RESERVATION_HELD;
}

static void let_go(struct zinc_reservation *r)
{
	zinc_reservation_leave(r);
	zinc_reservation_free(r);
}

static void nothing_is_left(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&zinc_queues));
	KUNIT_EXPECT_TRUE(test, list_empty(&zinc_reservations));
}

static void order_of_arrival(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "x");
	struct zinc_reservation *b = reserve(test, "x");
	struct zinc_reservation *c = reserve(test, "x");

	KUNIT_EXPECT_TRUE(test, is_held(a));
	KUNIT_EXPECT_FALSE(test, is_held(b));
	KUNIT_EXPECT_EQ(test, zinc_claim_ahead(&c->claims[0]), 2U);
	let_go(b);
	KUNIT_EXPECT_FALSE(test, is_held(c));
	let_go(a);
	KUNIT_EXPECT_TRUE(test, is_held(c));
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

	KUNIT_EXPECT_TRUE(test, is_held(a) && is_held(b));
	KUNIT_EXPECT_FALSE(test, is_held(c) || is_held(d) || is_held(e));
	let_go(a);
	KUNIT_EXPECT_FALSE(test, is_held(c));
	let_go(b);
	KUNIT_EXPECT_TRUE(test, is_held(c));
	KUNIT_EXPECT_FALSE(test, is_held(d) || is_held(e));
	let_go(c);
	KUNIT_EXPECT_TRUE(test, is_held(d) && is_held(e));
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
	KUNIT_EXPECT_FALSE(test, is_held(b) || is_held(c) || is_held(d));
	let_go(a);
	KUNIT_EXPECT_TRUE(test, is_held(b));
	KUNIT_EXPECT_FALSE(test, is_held(c) || is_held(d));
	let_go(b);
	KUNIT_EXPECT_TRUE(test, is_held(c) && is_held(d));
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
		/* the first of the remaining ones holds what it requested */
		for (i = 0; i < ARRAY_SIZE(what) && !r[i]; i++)
			;
		if (i < ARRAY_SIZE(what))
			KUNIT_EXPECT_TRUE(test, is_held(r[i]));
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

	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 2, &cursor, NULL), 2U);
	KUNIT_EXPECT_EQ(test, h[0].id, a->id);
	KUNIT_EXPECT_EQ(test, (char)h[1].device[0], 'y');
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 4, &cursor, NULL), 1U);
	KUNIT_EXPECT_EQ(test, h[0].id, b->id);
	KUNIT_EXPECT_EQ(test, h[0].flags, (u32)ZINC_HOLDER_WAITING);
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 4, &cursor, NULL), 0U);
	cursor = U64_MAX;
	KUNIT_EXPECT_EQ(test, zinc_holders_fill(h, 4, &cursor, NULL), 0U);
	let_go(a);
	let_go(b);
	nothing_is_left(test);
}

/* It takes no number, no place and no device, and counts in no account. */
static void a_refused_try_leaves_nothing(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "X");
	struct zinc_reservation *b = reserve(test, "y");
	u64 last = zinc_reservation_id;
	static const u8 free[ZINC_DEVICE_SIZE] = "z";
	struct zinc_query now;

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ask("x", true)), -EBUSY);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ask("zy", true)), -EBUSY);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ask("ZXY", true)), -EBUSY);
	KUNIT_EXPECT_EQ(test, zinc_reservation_id, last);
	KUNIT_EXPECT_TRUE(test, list_is_last(&b->all, &zinc_reservations));
	KUNIT_EXPECT_PTR_EQ(test, zinc_queue_find(free),
			    (struct zinc_queue *)NULL);
	zinc_user_query(current_fsuid(), &now);
	KUNIT_EXPECT_EQ(test, now.user_reservations, 2U);
	let_go(a);
	let_go(b);
	nothing_is_left(test);
}

static void a_try_that_goes_is_held(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "X");
	struct zinc_reservation *b = ask("Xz", true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	KUNIT_EXPECT_TRUE(test, is_held(b));
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ask("Z", true)), -EBUSY);
	let_go(a);
	let_go(b);
	nothing_is_left(test);
}

static void expect_state(struct kunit *test, const struct zinc_reservation *r,
			 enum zinc_reservation_state state, u32 ahead)
{
	struct zinc_reservation_info info;

	zinc_reservation_describe(r, &info);
	KUNIT_EXPECT_EQ(test, info.id, r->id);
	KUNIT_EXPECT_EQ(test, info.state, (u32)state);
	KUNIT_EXPECT_EQ(test, info.ahead, ahead);
}

/* Before it is freed, a reservation that has left counts nowhere. */
static void released_is_final(struct kunit *test)
{
	struct zinc_reservation *a = reserve(test, "xy");
	struct zinc_reservation *b = reserve(test, "xz");
	struct zinc_reservation *c = reserve(test, "x");
	struct zinc_query now;

	expect_state(test, c, ZINC_RESERVATION_WAITING, 2);
	/* one that waits */
	zinc_reservation_leave(b);
	expect_state(test, b, ZINC_RESERVATION_RELEASED, 0);
	expect_state(test, c, ZINC_RESERVATION_WAITING, 1);
	/* one that is held */
	zinc_reservation_leave(a);
	expect_state(test, a, ZINC_RESERVATION_RELEASED, 0);
	expect_state(test, c, ZINC_RESERVATION_HELD, 0);
	zinc_user_query(current_fsuid(), &now);
	KUNIT_EXPECT_EQ(test, now.user_reservations, 1U);
	/* twice */
	zinc_reservation_leave(a);
	zinc_user_query(current_fsuid(), &now);
	KUNIT_EXPECT_EQ(test, now.user_reservations, 1U);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&zinc_reservations));
	let_go(c);
	nothing_is_left(test);
	let_go(a);
	let_go(b);
}

static void exempt_is_asked_without_the_lock(struct kunit *test)
{
	struct zinc_reservation *a, *b;

	kunit_full = true;
	kunit_asked = 0;
	a = reserve(test, "x");
	KUNIT_EXPECT_EQ(test, kunit_asked, 1U);
	KUNIT_EXPECT_TRUE(test, is_held(a));
	/* the second look sees the queue as it is then */
	KUNIT_EXPECT_EQ(test, PTR_ERR(ask("x", true)), -EBUSY);
	b = reserve(test, "x");
	KUNIT_EXPECT_EQ(test, kunit_asked, 2U);
	KUNIT_EXPECT_FALSE(test, is_held(b));
	kunit_full = false;
	let_go(a);
	KUNIT_EXPECT_TRUE(test, is_held(b));
	let_go(b);
	nothing_is_left(test);
}

static struct kunit_case zinc_reserve_queue_cases[] = {
	KUNIT_CASE(device_names),
	KUNIT_CASE(order_of_arrival),
	KUNIT_CASE(shared_and_exclusive),
	KUNIT_CASE(several_devices),
	KUNIT_CASE(every_order_of_going),
	KUNIT_CASE(holders_by_cursor),
	KUNIT_CASE(a_refused_try_leaves_nothing),
	KUNIT_CASE(a_try_that_goes_is_held),
	KUNIT_CASE(released_is_final),
	KUNIT_CASE(exempt_is_asked_without_the_lock),
	{}
};

static struct kunit_suite zinc_reserve_queue_suite = {
	.name = "zinc_reserve_queue",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.test_cases = zinc_reserve_queue_cases,
};

kunit_test_suite(zinc_reserve_queue_suite);
