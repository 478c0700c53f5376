// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: handles as the header counts them, and the arithmetic of read().
 */
#include "kunit.h"

#include "../../kmod/handle.c"

static void take_one(struct kunit *test, u32 cursor, u32 seq, u64 expected)
{
	struct zinc_handle handle = { .region = test->priv, .cursor = cursor };
	u64 count = 0;
	struct kvec vec = { &count, sizeof(count) };
	struct iov_iter to;

	iov_iter_kvec(&to, READ, &vec, 1, sizeof(count));
	handle.region->header->notify_seq = seq;
	KUNIT_EXPECT_EQ(test, zinc_read_events(&handle, &to),
			(ssize_t)(expected ? sizeof(count) : 0));
	KUNIT_EXPECT_EQ(test, count, expected);
	KUNIT_EXPECT_EQ(test, handle.cursor, seq);
}

static void counts_across_the_wrap(struct kunit *test)
{
	take_one(test, 0, 0, 0);
	take_one(test, 0, 7, 7);
	take_one(test, U32_MAX - 1, 1, 3);
	take_one(test, 1, 0, U32_MAX);
}

static void handles_are_mirrored(struct kunit *test)
{
	struct zinc_region *region = test->priv;

	zinc_count_handle(region, 1);
	zinc_count_handle(region, 1);
	KUNIT_EXPECT_EQ(test, region->header->ref_count, 2U);
	region->header->ref_count = 77;
	zinc_count_handle(region, -1);
	KUNIT_EXPECT_EQ(test, region->header->ref_count, 1U);
	KUNIT_EXPECT_EQ(test, region->handles, 1U);
	zinc_count_handle(region, -1);
}

static struct kunit_case zinc_handle_cases[] = {
	KUNIT_CASE(counts_across_the_wrap),
	KUNIT_CASE(handles_are_mirrored),
	{}
};

static struct kunit_suite zinc_handle_suite = {
	.name = "zinc_handle",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.init = zinc_kunit_make_region,
	.exit = zinc_kunit_put_region,
	.test_cases = zinc_handle_cases,
};

kunit_test_suite(zinc_handle_suite);
