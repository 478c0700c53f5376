// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library on POSIX shared memory on an incomplete system: a chroot without
 * /proc, a /dev/shm that is not a tmpfs.
 */
#include "lib_test.h"

#include "zinc-lock.h"

#define HOLDER_SIZE sizeof(struct zinc_lock_holder)

/* In a child: mounts that no other process sees */
static void own_mounts(void)
{
	CHECK(!unshare(CLONE_NEWNS));
	CHECK(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* In a child: all operations on a region */
static void live(void)
{
	const char *name = named("live");
	zinc_handle region, other, third;

	CHECK(!zinc_create(name, 3 * PAGE, &region));
	CHECK(zinc_create(name, PAGE, &other) == -EEXIST);
	CHECK(!zinc_open(name, &other));
	CHECK(!zinc_ptr(region)[3 * PAGE - 1]);
	zinc_ptr(region)[3 * PAGE - 1] = 7;
	zinc_notify(region);
	CHECK(!be_woken(other));
	CHECK(zinc_ptr(other)[3 * PAGE - 1] == 7);
	CHECK(info_of(other).handles == 2);
	CHECK(!zinc_create_or_replace(name, PAGE, &third));
	zinc_close(region);
	zinc_close(other);
	CHECK(!probe(name));
	zinc_close(third);
	CHECK(probe(name) == -ENOENT);
}

/* There an object gets its name in another way */
TEST(without_proc)
{
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	IN_CHILD(pid) {
		struct zinc_lock_holder *holders;
		int before = count_entries("/dev/shm");
		size_t count;

		own_mounts();
		CHECK(!mount("none", "/proc", "tmpfs", 0, NULL));
		CHECK(access("/proc/self", F_OK));
		live();
		CHECK(count_entries("/dev/shm") == before);
		CHECK(zinc_flock_holders("/dev/shm", &holders, &count,
					 HOLDER_SIZE) == -ENOTSUP);
	}
	EXPECT_EQ(0, reap(pid));
}

/* It has neither a limit nor fallocate() */
TEST(on_ramfs)
{
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	IN_CHILD(pid) {
		own_mounts();
		CHECK(!mount("none", "/dev/shm", "ramfs", 0, NULL));
		live();
		CHECK(count_entries("/dev/shm") == 2);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST(without_dev_shm)
{
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	IN_CHILD(pid) {
		struct zinc_region_info *list;
		zinc_handle region;
		size_t count;

		own_mounts();
		CHECK(!mount("none", "/dev", "tmpfs", 0, NULL));
		CHECK(zinc_create(named("no"), PAGE, &region) == -ENODEV);
		CHECK(zinc_open(named("no"), &region) == -ENOENT);
		CHECK(!zinc_list(&list, &count, sizeof(*list)));
		CHECK(!count);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
