// SPDX-License-Identifier: GPL-2.0-only
/* zinc_info(), zinc_stat() and zinc_list() */

#include "lib_test.h"

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int32_t stat_of(const char *name, struct zinc_region_info *info)
{
	memset(info, 0xa5, sizeof(*info));
	info->size = sizeof(*info);
	return zinc_stat(name, info);
}

TEST(every_field)
{
	const char *name = named("info");
	uint64_t before = realtime_ns() - 20 * NSEC_PER_MSEC;
	struct zinc_region_info info;
	zinc_handle region;
	zinc_handle other;

	ASSERT_EQ(create_mode(name, 0640, ZINC_LIFETIME_CREATOR, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	zinc_notify(region);
	zinc_notify(region);
	ASSERT_EQ(zinc_try_wait(other), 0);
	zinc_notify(region);

	memset(&info, 0xa5, sizeof(info));
	info.size = sizeof(info);
	ASSERT_EQ(zinc_info(other, &info), 0);
	EXPECT_EQ(info.size, sizeof(info));
	EXPECT_EQ(info.backend,
		  on_kmod() ? ZINC_BACKEND_KMOD : ZINC_BACKEND_SHM);
	EXPECT_NE(info.id, 0);
	EXPECT_EQ(info.capacity, PAGE);
	EXPECT_EQ(info.resident, PAGE);
	EXPECT_GE(info.created_at, before);
	EXPECT_LE(info.created_at, realtime_ns());
	EXPECT_EQ(info.flags, 0);
	EXPECT_EQ(info.lifetime, ZINC_LIFETIME_CREATOR);
	EXPECT_EQ(info.uid, geteuid());
	EXPECT_EQ(info.gid, getegid());
	EXPECT_EQ(info.mode, 0640);
	EXPECT_EQ(info.creator_pid, getpid());
	EXPECT_EQ(info.handles, 2);
	EXPECT_EQ(info.waiters, 0);
	EXPECT_EQ(info.sequence, 3);
	EXPECT_EQ(info.cursor, 2);
	EXPECT_STREQ(info.name, name);

	EXPECT_EQ(info_of(region).id, info.id);
	EXPECT_EQ(info_of(region).cursor, 0);
	EXPECT_EQ(info_of(region).flags, ZINC_INFO_CREATOR);
	zinc_close(region);
	EXPECT_EQ(info_of(other).flags,
		  ZINC_INFO_CREATOR_GONE | ZINC_INFO_UNLINKED);
	EXPECT_EQ(info_of(other).handles, 1);
	zinc_close(other);
}

TEST(sizes)
{
	struct {
		struct zinc_region_info info;
		uint8_t more[8];
	} newer;
	struct zinc_region_info info;
	zinc_handle region;
	uint32_t size;

	ASSERT_EQ(zinc_create(named("sizes"), PAGE, &region), 0);
	for (size = 0; size < 8; size++) {
		info.size = size;
		EXPECT_EQ(zinc_info(region, &info), -EINVAL);
		info.size = size;
		EXPECT_EQ(zinc_stat(named("sizes"), &info), -EINVAL);
	}
	/* a caller that knows more finds zeros there */
	memset(&newer, 0xa5, sizeof(newer));
	newer.info.size = sizeof(newer);
	EXPECT_EQ(zinc_info(region, &newer.info), 0);
	for (size = 0; size < sizeof(newer.more); size++)
		EXPECT_EQ(newer.more[size], 0);
	zinc_close(region);
}

TEST(sleepers_are_counted)
{
	const char *name = named("sleepers");
	zinc_handle region;
	zinc_handle mine;
	pid_t pids[3];
	int i;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(info_of(region).waiters, 0);
	for (i = 0; i < 3; i++) {
		IN_CHILD(pids[i]) {
			CHECK(!zinc_open(name, &mine));
			CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
		}
		ASSERT_TRUE(asleep(pids[i]));
		EXPECT_EQ(info_of(region).waiters, i + 1);
		EXPECT_EQ(info_of(region).handles, i + 2);
	}
	zinc_notify(region);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(reap(pids[i]), 0);
	EXPECT_EQ(info_of(region).waiters, 0);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
}

TEST(stat_by_name)
{
	const char *name = named("stat");
	struct zinc_region_info info;
	struct zinc_region_info have;
	zinc_handle region;

	EXPECT_EQ(stat_of(name, &info), -ENOENT);
	ASSERT_EQ(zinc_create(name, 2 * PAGE, &region), 0);
	zinc_notify(region);
	ASSERT_EQ(stat_of(name, &info), 0);
	have = info_of(region);
	EXPECT_EQ(info.id, have.id);
	EXPECT_EQ(info.capacity, 2 * PAGE);
	EXPECT_EQ(info.creator_pid, getpid());
	EXPECT_EQ(info.mode, 0600);
	EXPECT_EQ(info.sequence, 1);
	EXPECT_EQ(info.cursor, 0);
	EXPECT_EQ(info.created_at, have.created_at);
	EXPECT_EQ(info.backend, have.backend);
	EXPECT_EQ(info.flags, 0);
	EXPECT_STREQ(info.name, name);
	/* to look is not to open */
	EXPECT_EQ(info.handles, 1);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
	EXPECT_EQ(stat_of(name, &info), -ENOENT);
}

/* How often a name is in the list of the backend that is tested */
static int listed(const char *name, struct zinc_region_info *found)
{
	const uint32_t backend =
		on_kmod() ? ZINC_BACKEND_KMOD : ZINC_BACKEND_SHM;
	struct zinc_region_info *list;
	int times = 0;
	size_t count;
	size_t i;

	if (zinc_list(&list, &count, sizeof(*list)))
		return -1;
	for (i = 0; i < count; i++) {
		if (list[i].backend != backend || strcmp(list[i].name, name))
			continue;
		times++;
		if (found)
			*found = list[i];
	}
	zinc_list_free(list);
	return times;
}

TEST(list_has_it_once)
{
	const char *name = named("list");
	struct zinc_region_info info;
	zinc_handle region;
	zinc_handle other;

	EXPECT_EQ(listed(name, NULL), 0);
	ASSERT_EQ(zinc_create(name, 3 * PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	zinc_notify(region);
	ASSERT_EQ(listed(name, &info), 1);
	EXPECT_EQ(info.id, info_of(region).id);
	EXPECT_EQ(info.capacity, 3 * PAGE);
	EXPECT_EQ(info.handles, 2);
	EXPECT_EQ(info.sequence, 1);
	EXPECT_EQ(info.mode, 0600);
	EXPECT_EQ(info.creator_pid, getpid());
	EXPECT_EQ(info.flags & (ZINC_INFO_STALE | ZINC_INFO_INVALID), 0);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(listed(name, NULL), 0);
	zinc_close(other);
	zinc_close(region);
	EXPECT_EQ(listed(name, NULL), 0);
}

/* The entries of a name in the list, in order; bit 0: the module, bit 1: POSIX */
static unsigned int backends_of(const char *name)
{
	struct zinc_region_info *list;
	unsigned int seen = 0;
	size_t count;
	size_t i;

	if (zinc_list(&list, &count, sizeof(*list)))
		return 0;
	for (i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			seen |= list[i].backend == ZINC_BACKEND_KMOD ? 1 : 2;
	zinc_list_free(list);
	return seen;
}

/* Regions of POSIX shared memory are listed besides those of the module */
TEST(regions_of_both_backends)
{
	const char *name = named("both");
	struct zinc_options posix = {
		.size = sizeof(posix),
		.backend = ZINC_BACKEND_SHM,
	};
	struct zinc_region_info info;
	zinc_handle region;
	zinc_handle other;
	char text[256];

	NEED_KMOD();
	unsetenv("ZINC_BACKEND");
	EXPECT_EQ(zinc_backend_reason(text, sizeof(text)), ZINC_BACKEND_KMOD);
	EXPECT_STREQ(text, "/dev/zinc opens, so the kernel module is used");
	ASSERT_EQ(zinc_create_with(name, 2 * PAGE, &posix, &other), 0);
	EXPECT_EQ(backends_of(name), 2);
	EXPECT_EQ(stat_of(name, &info), 0);
	EXPECT_EQ(info.backend, ZINC_BACKEND_SHM);
	EXPECT_EQ(info.capacity, 2 * PAGE);
	/* a name that both have is the module's */
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(backends_of(name), 3);
	EXPECT_EQ(stat_of(name, &info), 0);
	EXPECT_EQ(info.backend, ZINC_BACKEND_KMOD);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(backends_of(name), 2);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(backends_of(name), 0);
	EXPECT_EQ(zinc_unlink(name), -ENOENT);
	/* a choice hides the others */
	setenv("ZINC_BACKEND", "kmod", 1);
	EXPECT_EQ(zinc_backend_reason(text, sizeof(text)), ZINC_BACKEND_KMOD);
	EXPECT_STREQ(text, "ZINC_BACKEND=kmod asks for the kernel module, and /dev/zinc opens");
	ASSERT_EQ(zinc_create_with(name, PAGE, &posix, &other), 0);
	EXPECT_EQ(backends_of(name), 0);
	zinc_close(other);
	zinc_close(region);
}

TEST(list_of_many)
{
	enum { COUNT = 300 };
	static zinc_handle regions[COUNT];
	static uint8_t seen[COUNT];
	struct zinc_region_info *list;
	char format[64];
	char name[64];
	size_t count;
	size_t i;
	int n;

	snprintf(format, sizeof(format), "%s%%d", named("l"));
	for (n = 0; n < COUNT; n++) {
		snprintf(name, sizeof(name), "%s%d", named("l"), n);
		ASSERT_EQ(zinc_create(name, PAGE, &regions[n]), 0);
	}
	ASSERT_EQ(zinc_list(&list, &count, sizeof(*list)), 0);
	EXPECT_GE(count, COUNT);
	for (i = 0; i < count; i++) {
		if (sscanf(list[i].name, format, &n) != 1)
			continue;
		ASSERT_LT(n, COUNT);
		seen[n]++;
	}
	for (n = 0; n < COUNT; n++) {
		EXPECT_EQ(seen[n], 1);
		zinc_close(regions[n]);
	}
	zinc_list_free(list);
}

TEST(list_arguments)
{
	struct zinc_region_info *list = (void *)POISON;
	struct wide {
		struct zinc_region_info info;
		uint64_t more[4];
	} *wide = NULL;
	zinc_handle region;
	zinc_handle other;
	size_t count = 1;
	int found = 0;
	size_t i, j;

	EXPECT_EQ(zinc_list(&list, &count, 0), -EINVAL);
	EXPECT_EQ(zinc_list(&list, &count, 7), -EINVAL);
	/* the stride is the caller's, and unknown fields are zero */
	ASSERT_EQ(zinc_create(named("wide"), PAGE, &region), 0);
	ASSERT_EQ(zinc_create(named("wider"), PAGE, &other), 0);
	ASSERT_EQ(zinc_list((struct zinc_region_info **)&wide, &count,
			    sizeof(*wide)), 0);
	for (i = 0; i < count; i++) {
		for (j = 0; j < 4; j++)
			EXPECT_EQ(wide[i].more[j], 0);
		if (!strcmp(wide[i].info.name, named("wide")) ||
		    !strcmp(wide[i].info.name, named("wider")))
			found++;
	}
	EXPECT_EQ(found, 2);
	zinc_list_free((void *)wide);
	zinc_close(other);
	zinc_close(region);
}

/* Objects of others in the same directory are not regions, bad ones say so */
TEST(list_of_what_is_bad)
{
	const char *bad = named("bad");
	const char *odd = "/dev/shm/zinc_not a name";
	struct zinc_region_info info;
	int fd;

	NEED_SHM();
	fd = open(object(bad), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, "rubbish", 7), 7);
	close(fd);
	fd = open(odd, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_GE(fd, 0);
	close(fd);

	ASSERT_EQ(listed(bad, &info), 1);
	EXPECT_EQ(info.flags & ZINC_INFO_INVALID, ZINC_INFO_INVALID);
	EXPECT_EQ(listed("not a name", NULL), 0);
	EXPECT_EQ(zinc_unlink(bad), 0);
	EXPECT_EQ(listed(bad, NULL), 0);
	EXPECT_EQ(unlink(odd), 0);
}

/* A list has the caller's own regions, and those that it may read */
TEST(list_hides_what_is_private)
{
	const char *private = named("hidden");
	const char *public = named("shown");
	zinc_handle a, b;
	pid_t pid;

	NEED_ROOT();
	NEED_KMOD();
	ASSERT_EQ(zinc_create(private, PAGE, &a), 0);
	ASSERT_EQ(create_mode(public, 0644, 0, &b), 0);
	IN_CHILD(pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY));
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(listed(private, NULL) == 0);
		CHECK(listed(public, NULL) == 1);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(listed(private, NULL), 1);
	zinc_close(b);
	zinc_close(a);
}

TEST_HARNESS_MAIN
