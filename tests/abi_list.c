// SPDX-License-Identifier: GPL-2.0-only
/*
 * LIST: what it tells, of all regions and of one, in any number of steps.
 */
#include "ioctl_test.h"

/* ---- LIST ---- */

static struct zinc_list list_args(void *entries, __u32 count, __u32 size)
{
	struct zinc_list l = {
		.entries = (uintptr_t)entries,
		.count = count,
		.entry_size = size,
	};

	return l;
}

TEST_F(ioctl, list_entry_tells_what_info_does)
{
	struct zinc_info i = info(self->region), entry;
	struct zinc_list l;

	/* the region of this test is the last one made */
	memset(&entry, POISON, sizeof(entry));
	l = list_args(&entry, 1, sizeof(entry));
	do {
		l.count = 1;
		ASSERT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
	} while (l.count && entry.id != i.id);
	EXPECT_EQ(1, l.count);
	EXPECT_EQ(0, entry.cursor);
	EXPECT_EQ(0, entry.flags & (ZINC_INFO_RDONLY | ZINC_INFO_CREATOR));
	i.flags &= ~ZINC_INFO_CREATOR;
	EXPECT_EQ(0, memcmp(&i, &entry, sizeof(i)));
	l.count = 1;
	memset(&entry, POISON, sizeof(entry));
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
	EXPECT_EQ(0, l.count);
	EXPECT_TRUE(all_are(&entry, POISON, sizeof(entry)));
}

TEST_F(ioctl, list_entry_size)
{
	static const __u32 bad[] = { 0, 1, 8, ZINC_INFO_SIZE_V1 - 8, ZINC_INFO_SIZE_V1 - 1 };
	__u8 long_entry[sizeof(struct zinc_info) + 64];
	struct zinc_info entry;
	struct zinc_list l;
	unsigned int i;

	EXPECT_EQ(ZINC_INFO_SIZE_V1, offsetof(struct zinc_info, attachments));
	/* the entry ends at the size that an old caller knows */
	memset(&entry, POISON, sizeof(entry));
	l = list_args(&entry, 1, ZINC_INFO_SIZE_V1);
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
	EXPECT_EQ(1, l.count);
	EXPECT_TRUE(all_are((char *)&entry + ZINC_INFO_SIZE_V1, POISON,
			    sizeof(entry) - ZINC_INFO_SIZE_V1));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(&entry, POISON, sizeof(entry));
		l = list_args(&entry, 1, bad[i]);
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l))
			TH_LOG("%u bytes", bad[i]);
		EXPECT_TRUE(all_are(&entry, POISON, sizeof(entry)));
	}
	memset(long_entry, POISON, sizeof(long_entry));
	l = list_args(long_entry, 1, sizeof(long_entry) - 8);
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
	EXPECT_EQ(1, l.count);
	EXPECT_TRUE(all_are(long_entry + sizeof(entry), 0, 56));
	EXPECT_TRUE(all_are(long_entry + sizeof(entry) + 56, POISON, 8));
}

/* One region by its name; what LIST gives, and its count in @count */
static long list_named(int dev, const char *name, struct zinc_info *entry,
		       __u64 cursor, __u32 *count)
{
	struct zinc_list l = list_args(entry, *count, sizeof(*entry));
	long ret;

	memset(entry, POISON, *count * sizeof(*entry));
	l.cursor = cursor;
	set_name(l.name, name);
	ret = call(dev, ZINC_IOC_LIST, &l);
	*count = l.count;
	if (!ret && l.count && l.cursor != entry->id)
		return CHANGED;
	return ret;
}

TEST_F(ioctl, list_by_name_is_what_info_tells)
{
	struct zinc_info i = info(self->region), entries[2];
	int other = create(self->dev, a_name("other"), PAGE);
	__u32 count = 2;

	i.flags &= ~ZINC_INFO_CREATOR;
	/* one entry at most, regardless of the room and of other regions */
	EXPECT_EQ(0, list_named(self->dev, self->name, entries, 0, &count));
	EXPECT_EQ(1, count);
	EXPECT_EQ(0, memcmp(&i, entries, sizeof(i)));
	EXPECT_TRUE(all_are(&entries[1], POISON, sizeof(entries[1])));
	/* and once, by the cursor */
	count = 1;
	EXPECT_EQ(0, list_named(self->dev, self->name, entries, i.id, &count));
	EXPECT_EQ(0, count);
	count = 1;
	EXPECT_EQ(0, list_named(self->dev, self->name, entries, i.id - 1, &count));
	EXPECT_EQ(1, count);
	count = 0;
	EXPECT_EQ(0, list_named(self->dev, self->name, entries, 0, &count));
	EXPECT_EQ(0, count);
	/* a name that does not exist, or no longer */
	count = 1;
	EXPECT_EQ(0, list_named(self->dev, a_name("none"), entries, 0, &count));
	EXPECT_EQ(0, count);
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	count = 1;
	EXPECT_EQ(0, list_named(self->dev, self->name, entries, 0, &count));
	EXPECT_EQ(0, count);
	EXPECT_TRUE(all_are(entries, POISON, sizeof(entries)));
	close(other);
}

TEST_F(ioctl, list_by_name_refuses_what_is_none)
{
	struct zinc_info entry;
	struct zinc_list l = list_args(&entry, 1, sizeof(entry));
	static const size_t at[] = { 1, 255 };
	unsigned int i;

	set_name(l.name, "a/b");
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l));
	memset(l.name, 'x', sizeof(l.name));
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l));
	/* no name, and something behind it; a name, and something behind it */
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		set_name(l.name, "");
		l.name[at[i]] = 'x';
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l));
	}
	set_name(l.name, self->name);
	l.name[ZINC_NAME_SIZE - 1] = 'x';
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l));
	set_name(l.name, self->name);
	l.entries = 0;
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_LIST, &l));
	l = list_args(&entry, 1, ZINC_INFO_SIZE_V1 - 1);
	set_name(l.name, self->name);
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l));
}

/* As programs were built before there was a name */
TEST_F(ioctl, list_of_the_first_version)
{
	enum { FIRST = offsetof(struct zinc_list, name) };
	struct zinc_info entry;
	struct zinc_list l = list_args(&entry, 1, ZINC_INFO_SIZE_V1);

	EXPECT_EQ(32, FIRST);
	/* not looked at */
	memset(l.name, POISON, sizeof(l.name));
	EXPECT_EQ(0, call(self->dev, _IOC(_IOC_READ | _IOC_WRITE, ZINC_IOCTL_TYPE,
					  _IOC_NR(ZINC_IOC_LIST), FIRST), &l));
	EXPECT_EQ(1, l.count);
	EXPECT_TRUE(all_are(l.name, POISON, sizeof(l.name)));
}

TEST_F(ioctl, list_with_huge_numbers)
{
	struct zinc_info *entries;
	size_t size = 64 * PAGE;
	struct zinc_list l;
	long ret;

	/* a guard page behind; as many entries as fit are plenty */
	entries = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, entries);
	ASSERT_EQ(0, munmap((char *)entries + size, PAGE));

	l = list_args(entries, ~0U, sizeof(*entries));
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
	EXPECT_LE(1, l.count);
	EXPECT_GT(size / sizeof(*entries), l.count);

	/* for any bad input, nothing is written past the buffer */
	l = list_args(entries, ~0U, ~0U);
	ret = refused(self->dev, ZINC_IOC_LIST, &l);
	EXPECT_TRUE(ret == -EFAULT || ret == -EINVAL) TH_LOG("%ld", ret);
	l = list_args(entries, 1, 1 << 30);
	ret = refused(self->dev, ZINC_IOC_LIST, &l);
	EXPECT_TRUE(ret == -EFAULT || ret == -EINVAL) TH_LOG("%ld", ret);
	munmap(entries, size);
}

TEST_F(ioctl, list_without_room)
{
	struct zinc_info entry;
	struct zinc_list l = list_args(&entry, 0, sizeof(entry));
	long ret;

	memset(&entry, POISON, sizeof(entry));
	ret = refused(self->dev, ZINC_IOC_LIST, &l);
	EXPECT_TRUE(ret == 0 || ret == -EINVAL) TH_LOG("%ld", ret);
	EXPECT_TRUE(all_are(&entry, POISON, sizeof(entry)));
	/* it must not look as if something had been listed */
	EXPECT_EQ(0, l.cursor);
}

TEST_F(ioctl, list_bad_pointers)
{
	struct zinc_info *entries;
	struct zinc_list l;
	char *page;

	l = list_args(NULL, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_LIST, &l));
	l = list_args((void *)-PAGE, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_LIST, &l));
	l = list_args((void *)~0UL, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_LIST, &l));

	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	l = list_args(page, 1, sizeof(*entries));
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_LIST, &l));
	munmap(page, PAGE);
}

TEST_F(ioctl, list_in_small_steps_is_in_order_of_id)
{
	enum { MANY = 10 };
	int fds[MANY], seen[MANY] = { 0 };
	__u64 ids[MANY], last = 0;
	struct zinc_info entries[3];
	struct zinc_list l = list_args(entries, 0, sizeof(entries[0]));
	unsigned int i, j;
	char name[32];

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "ordered-%u", MANY - i);
		fds[i] = create(self->dev, name, PAGE);
		ASSERT_LE(0, fds[i]);
		ids[i] = info(fds[i]).id;
	}
	do {
		l.count = 3;
		ASSERT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
		ASSERT_LE(l.count, 3);
		for (i = 0; i < l.count; i++) {
			EXPECT_GT(entries[i].id, last);
			last = entries[i].id;
			for (j = 0; j < MANY; j++)
				seen[j] += entries[i].id == ids[j];
		}
	} while (l.count);
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(1, seen[i]);
		close(fds[i]);
	}
}

TEST_F(ioctl, anonymous_and_unlinked_regions_are_not_listed)
{
	int anonymous = create(self->dev, "", PAGE);
	__u64 id = info(self->region).id;

	EXPECT_LE(0, anonymous);
	EXPECT_EQ(0, times_listed(self->dev, info(anonymous).id));
	EXPECT_EQ(1, times_listed(self->dev, id));
	EXPECT_EQ(0, call(self->region, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(0, times_listed(self->dev, id));
	close(anonymous);
}

/* A child of the next test: regions come and go until it is killed */
static void churn(int dev)
{
	int fds[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	unsigned int seed = getpid(), i;
	char name[32];

	for (;;) {
		i = rand_r(&seed) % ARRAY_SIZE(fds);
		if (fds[i] >= 0) {
			if (rand_r(&seed) % 2)
				call(fds[i], ZINC_IOC_REGION_UNLINK, NULL);
			close(fds[i]);
		}
		snprintf(name, sizeof(name), "passing-%d-%u", getpid(), i);
		fds[i] = create(dev, name, PAGE);
		CHECK(fds[i] >= 0);
	}
}

TEST_F(ioctl, list_is_stable_beside_changes)
{
	enum { STAYING = 20, PASSES = 300 };
	int fds[STAYING], seen[STAYING], pass;
	__u64 ids[STAYING], last;
	struct zinc_info entries[3];
	struct zinc_list l;
	unsigned int i, j, others = 0;
	char name[32];
	pid_t pid;

	pid = spawn();
	if (!pid)
		churn(self->dev);
	for (i = 0; i < STAYING; i++) {
		snprintf(name, sizeof(name), "staying-%u", i);
		fds[i] = create(self->dev, name, PAGE);
		ASSERT_LE(0, fds[i]);
		ids[i] = info(fds[i]).id;
		sleep_ms(1);	/* so that others' ids come between */
	}
	for (pass = 0; pass < PASSES; pass++) {
		memset(seen, 0, sizeof(seen));
		l = list_args(entries, 0, sizeof(entries[0]));
		last = 0;
		do {
			l.count = ARRAY_SIZE(entries);
			ASSERT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
			for (i = 0; i < l.count; i++) {
				ASSERT_GT(entries[i].id, last);
				last = entries[i].id;
				for (j = 0; j < STAYING && entries[i].id != ids[j]; j++)
					;
				if (j < STAYING)
					seen[j]++;
				else
					others++;
			}
		} while (l.count);
		for (i = 0; i < STAYING; i++)
			ASSERT_EQ(1, seen[i]) TH_LOG("pass %d, region %u", pass, i);
	}
	EXPECT_LT(0, others);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	for (i = 0; i < STAYING; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
