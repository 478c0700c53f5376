// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock of a GPU by the kernel module: reservations, beside the file's lock.
 */
#include "lib_test.h"
#include "lock_test.h"

#include <sys/file.h>

#include "lock/internal.h"

/* ---- reservations ------------------------------------------------------- */

TEST_F(lock, reservations_without_the_module)
{
	struct zinc_device_claim claim = {
		.device = "vulkan:0", .mode = ZINC_EXCLUSIVE,
	};
	struct zinc_reservation_holder *h;
	size_t n;

	NEED_SHM();
	if (!access("/dev/zinc", F_OK))
		SKIP(return, "the module is there");
	EXPECT_EQ(-EOPNOTSUPP, zinc_reserve(&claim, 1, CLAIM_SIZE, 0, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "modprobe zinc"));
	EXPECT_EQ(-EOPNOTSUPP, zinc_reserve_queue(&claim, 1, CLAIM_SIZE));
	EXPECT_EQ(-EOPNOTSUPP, zinc_reservations(NULL, &h, &n, RESERVATION_SIZE));
}

TEST_F(lock, reservations)
{
	struct zinc_device_claim claims[2] = {
		{ .device = "libtest:0", .mode = ZINC_EXCLUSIVE },
		{ .device = "libtest:1", .mode = ZINC_SHARED },
	};
	struct zinc_reservation_holder *h;
	struct pollfd p = { .events = POLLIN };
	char want[128];
	int fd, next;
	size_t n;

	NEED_KMOD();
	fd = zinc_reserve(claims, 2, CLAIM_SIZE, 0, &self->why);
	ASSERT_LE(0, fd);
	EXPECT_EQ(NULL, self->why);
	EXPECT_EQ(-EBUSY, zinc_reserve(claims, 1, CLAIM_SIZE, 0, &self->why));
	snprintf(want, sizeof(want), "libtest:0 is already reserved by pid=%d cmd=",
		 getpid());
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_EQ(-ETIMEDOUT, zinc_reserve(claims, 2, CLAIM_SIZE, 100, NULL));
	next = zinc_reserve_queue(claims, 1, CLAIM_SIZE);
	ASSERT_LE(0, next);
	ASSERT_EQ(0, zinc_reservations("libtest:0", &h, &n, RESERVATION_SIZE));
	ASSERT_EQ(2, n);
	EXPECT_EQ(0, h[0].waiting);
	EXPECT_EQ(1, h[1].waiting);
	EXPECT_EQ(getpid(), h[1].pid);
	EXPECT_STREQ("libtest:0", h[1].device);
	EXPECT_STREQ("lib_reserve", h[1].comm);
	zinc_reservations_free(h);
	ASSERT_EQ(0, zinc_reservations(NULL, &h, &n, RESERVATION_SIZE));
	EXPECT_EQ(3, n);
	EXPECT_EQ(ZINC_SHARED, h[1].mode);
	zinc_reservations_free(h);
	p.fd = next;
	EXPECT_EQ(0, poll(&p, 1, 0));
	close(fd);
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	close(next);
	EXPECT_EQ(0, zinc_reservations("libtest:0", &h, &n, RESERVATION_SIZE));
	EXPECT_EQ(0, n);
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 0, CLAIM_SIZE, 0, NULL));
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 17, CLAIM_SIZE, 0, NULL));
	claims[1].device = claims[0].device;
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 2, CLAIM_SIZE, 0, NULL));
	claims[1].device = "No:1";
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 2, CLAIM_SIZE, 0, NULL));
	claims[1] = (struct zinc_device_claim){
		.device = "libtest:1", .mode = 2,
	};
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 2, CLAIM_SIZE, 0, NULL));
}

TEST_F(lock, reservations_that_are_none)
{
	char name[ZINC_DEVICE_NAME_MAX + 2];
	struct zinc_device_claim claim = {
		.device = NULL, .mode = ZINC_EXCLUSIVE,
	};
	struct zinc_reservation_holder *h;
	size_t n;

	EXPECT_EQ(-EINVAL, zinc_reserve(NULL, 1, CLAIM_SIZE, 0, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "expected 1 to 16 different devices"));
	EXPECT_EQ(-EINVAL, zinc_reserve(&claim, 1, CLAIM_SIZE, 0, NULL));
	claim.device = "";
	EXPECT_EQ(-EINVAL, zinc_reserve_queue(&claim, 1, CLAIM_SIZE));
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	claim.device = name;
	EXPECT_EQ(-EINVAL, zinc_reserve_queue(&claim, 1, CLAIM_SIZE));
	EXPECT_EQ(-EINVAL, zinc_reservations(name, &h, &n, RESERVATION_SIZE));
	EXPECT_EQ(-EINVAL, zinc_reservations("", &h, &n, RESERVATION_SIZE));
	EXPECT_EQ(-EINVAL, zinc_reservations(NULL, NULL, &n, RESERVATION_SIZE));
	EXPECT_EQ(-EINVAL, zinc_reservations(NULL, &h, NULL, RESERVATION_SIZE));
}

TEST_F(lock, too_many_reservations)
{
	static const char limit[] = "/sys/module/zinc/parameters/max_reservations";
	const struct zinc_device_claim claims[2] = {
		{ .device = "libtest:0", .mode = ZINC_EXCLUSIVE },
		{ .device = "libtest:1", .mode = ZINC_EXCLUSIVE },
	};
	char before[32] = "";
	struct stat st;
	pid_t pid;
	int fd;

	NEED_KMOD();
	NEED_ROOT();
	ASSERT_EQ(0, stat("/dev/zinc", &st));
	ASSERT_EQ(0, chmod("/dev/zinc", 0666));
	fd = open(limit, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, pread(fd, before, sizeof(before) - 1, 0));
	ASSERT_EQ(1, pwrite(fd, "1", 1, 0));
	IN_CHILD(pid) {
		char *why;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(zinc_reserve(&claims[0], 1, CLAIM_SIZE, 0, NULL) >= 0);
		CHECK(zinc_reserve(&claims[1], 1, CLAIM_SIZE, 0, &why) == -EDQUOT);
		CHECK(strstr(why, "raise the module's max_reservations"));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_LT(0, pwrite(fd, before, strlen(before), 0));
	EXPECT_EQ(0, chmod("/dev/zinc", st.st_mode & 07777));
	close(fd);
}

TEST_F(lock, a_gpu_where_the_device_may_not_be_opened)
{
	struct stat st;
	pid_t pid;

	NEED_KMOD();
	NEED_ROOT();
	ASSERT_EQ(0, stat("/dev/zinc", &st));
	ASSERT_EQ(0, chmod(self->dir, 01777));
	ASSERT_EQ(0, chmod("/dev/zinc", 0600));
	IN_CHILD(pid) {
		struct zinc_gpu_lock lock = { .size = sizeof(lock) };
		char *why;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(zinc_gpu_lock_acquire_device("vulkan:6", 0, 0, &lock,
						   &why) == -EACCES);
		CHECK(strstr(why, "GPU vulkan:6: /dev/zinc exists"));
		CHECK(lock.file == -1 && lock.reservation == -1);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, chmod("/dev/zinc", st.st_mode & 07777));
}

/* A reservation without the file's lock, and the lock without a reservation */
TEST_F(lock, a_gpu_that_only_one_of_both_knows_of)
{
	struct zinc_device_claim claim = {
		.device = "vulkan:5", .mode = ZINC_EXCLUSIVE,
	};
	struct zinc_lock_holder *holders;
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	char path[128];
	size_t n;
	int fd;

	NEED_KMOD();
	fd = zinc_reserve(&claim, 1, CLAIM_SIZE, 0, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire_device("vulkan:5", 0, 0, &lock,
						       &self->why));
	EXPECT_NE(NULL, strstr(self->why, "is already reserved by pid="));
	ASSERT_EQ(0, zinc_gpu_holders("vulkan:5", &holders, &n, HOLDER_SIZE));
	ASSERT_EQ(1, n);
	EXPECT_EQ(getpid(), holders[0].pid);
	zinc_holders_free(holders);
	/* the file was given back */
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 5));
	close(fd);
	fd = zinc_flock_try(path, ZINC_EXCLUSIVE, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ETIMEDOUT, zinc_gpu_lock_acquire("vulkan", 5, 0, 100, &lock));
	EXPECT_EQ(-1, lock.reservation);
	/* and so was the reservation */
	close(fd);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 5, 0, 0, &lock));
	zinc_gpu_lock_release(&lock);
}

TEST_HARNESS_MAIN
