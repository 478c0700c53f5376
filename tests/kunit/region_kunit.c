// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: permissions, the header and its copies of fields. */
#include "kunit.h"

#include <linux/rcupdate.h>
#include <linux/slab.h>

/* at once, without a grace period, so that KASAN reports any later use */
#undef kfree_rcu
#define kfree_rcu(ptr, field) do {					\
	synchronize_rcu();						\
	kfree(ptr);							\
} while (0)

#include "../../kmod/region.c"

#define OWNER	1000
#define OTHER	1001

/* Run the rest of a case as an ordinary user of this uid and gid. */
static const struct cred *become(struct kunit *test, uid_t uid, gid_t gid)
{
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cred);
	cred->fsuid = KUIDT_INIT(uid);
	cred->fsgid = KGIDT_INIT(gid);
	cap_clear(cred->cap_effective);
	old = override_creds(cred);
	put_cred(cred);
	return old;
}

static void may_as(struct kunit *test, uid_t uid, gid_t gid, u16 mode,
		   unsigned int granted)
{
	struct zinc_region region = {
		.uid = KUIDT_INIT(OWNER),
		.gid = KGIDT_INIT(OWNER),
		.mode = mode,
		.names = zinc_names_current(),
	};
	const struct cred *old = become(test, uid, gid);
	unsigned int mask;

	for (mask = 0; mask < 8; mask += MAY_WRITE)
		KUNIT_EXPECT_EQ_MSG(test, zinc_region_permission(&region, mask),
				    (granted & mask) == mask ? 0 : -EACCES,
				    "uid %u gid %u mode %04o mask %u", uid,
				    gid, mode, mask);
	KUNIT_EXPECT_EQ(test, zinc_region_may_unlink(&region), uid == OWNER);
	revert_creds(old);
}

/* The first class that fits decides, as for files. */
static void permissions(struct kunit *test)
{
	may_as(test, OWNER, OTHER, 0600, MAY_READ | MAY_WRITE);
	may_as(test, OWNER, OWNER, 0066, 0);
	may_as(test, OTHER, OWNER, 0640, MAY_READ);
	may_as(test, OTHER, OWNER, 0606, 0);
	may_as(test, OTHER, OTHER, 0640, 0);
	may_as(test, OTHER, OTHER, 0664, MAY_READ);
	may_as(test, OTHER, OTHER, 0662, MAY_WRITE);
	may_as(test, OTHER, OTHER, 0666, MAY_READ | MAY_WRITE);
}

static void root_may(struct kunit *test)
{
	struct zinc_region region = {
		.uid = KUIDT_INIT(OWNER),
		.gid = KGIDT_INIT(OWNER),
		.names = zinc_names_current(),
	};

	KUNIT_EXPECT_EQ(test, zinc_region_permission(&region,
						     MAY_READ | MAY_WRITE), 0);
	KUNIT_EXPECT_TRUE(test, zinc_region_may_unlink(&region));
}

static void name_hashes(struct kunit *test)
{
	/* from the function's own published test vectors */
	KUNIT_EXPECT_EQ(test, zinc_name_hash(""), 0xcbf29ce484222325ULL);
	KUNIT_EXPECT_EQ(test, zinc_name_hash("a"), 0xaf63dc4c8601ec8cULL);
	KUNIT_EXPECT_EQ(test, zinc_name_hash("foobar"), 0x85944171f73967e8ULL);
}

static void header_of_a_new_region(struct kunit *test)
{
	struct zinc_create args = { .capacity = 3 * PAGE_SIZE };
	struct zinc_region *region = zinc_region_create(&args, NULL);
	struct zinc_header *h;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
	h = region->header;
	KUNIT_EXPECT_EQ(test, (unsigned long)(h + 1) & ~PAGE_MASK, 0UL);
	KUNIT_EXPECT_EQ(test, h->magic, ZINC_MAGIC);
	KUNIT_EXPECT_EQ(test, h->version, (u16)ZINC_FORMAT);
	KUNIT_EXPECT_EQ(test, h->capacity, region->capacity);
	KUNIT_EXPECT_EQ(test, h->notify_seq, 0U);
	KUNIT_EXPECT_EQ(test, h->waiters, 0U);
	zinc_region_put(region);
}

/* The kernel's flags do not change, regardless of writes to their copy. */
static void flags_are_mirrored_not_read(struct kunit *test)
{
	struct zinc_create args = { .capacity = PAGE_SIZE };
	struct zinc_region *region = zinc_region_create(&args, NULL);
	struct zinc_info info;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
	zinc_region_set_flag(region, ZINC_INFO_CREATOR_GONE);
	KUNIT_EXPECT_EQ(test, region->header->flags,
			(u16)ZINC_HDR_CREATOR_GONE);
	memset(region->header, 0xff, sizeof(*region->header));
	zinc_region_info(region, &info);
	KUNIT_EXPECT_EQ(test, info.flags,
			ZINC_INFO_CREATOR_GONE | ZINC_INFO_ANONYMOUS);
	KUNIT_EXPECT_EQ(test, info.capacity, (u64)PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.handles, 0U);
	zinc_region_set_flag(region, ZINC_INFO_UNLINKED);
	KUNIT_EXPECT_EQ(test, region->header->flags,
			(u16)(ZINC_HDR_CREATOR_GONE | ZINC_HDR_UNLINKED));
	zinc_region_put(region);
}

static struct kunit_case zinc_region_cases[] = {
	KUNIT_CASE(permissions),
	KUNIT_CASE(root_may),
	KUNIT_CASE(name_hashes),
	KUNIT_CASE(header_of_a_new_region),
	KUNIT_CASE(flags_are_mirrored_not_read),
	{}
};

static struct kunit_suite zinc_region_suite = {
	.name = "zinc_region",
	.suite_init = zinc_kunit_start,
	.suite_exit = zinc_kunit_stop,
	.test_cases = zinc_region_cases,
};

kunit_test_suite(zinc_region_suite);
