// SPDX-License-Identifier: GPL-2.0-only
/*
 * Information about reservations: their holders and waiters, seen from several
 * namespaces.
 */
#include "reserve_test.h"

#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- the listed processes ---- */

TEST_F(reserve, holders_in_order_of_arrival)
{
	__u64 now = clock_ns(CLOCK_REALTIME);
	struct zinc_holder h[8];
	int a = try(self->dev, "test:0", SHARED);
	int b = queue(self->dev, "test:0", 0);
	int c = queue(self->dev, "test:0", SHARED);
	int other = try(self->dev, "test:1", 0);
	int i;

	ASSERT_EQ(3, holders_of(self->dev, "test:0", h, 8));
	EXPECT_EQ(stands(a).id, h[0].id);
	EXPECT_EQ(stands(b).id, h[1].id);
	EXPECT_EQ(stands(c).id, h[2].id);
	EXPECT_EQ(ZINC_HOLDER_SHARED, h[0].flags);
	EXPECT_EQ(ZINC_HOLDER_WAITING, h[1].flags);
	EXPECT_EQ(ZINC_HOLDER_WAITING | ZINC_HOLDER_SHARED, h[2].flags);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(getpid(), h[i].pid);
		EXPECT_EQ(getuid(), h[i].uid);
		EXPECT_EQ(0, h[i].pad);
		EXPECT_STREQ("abi_holders", (char *)h[i].comm);
		EXPECT_STREQ("test:0", (char *)h[i].device);
		EXPECT_TRUE(all_are(h[i].device + 6, 0, ZINC_DEVICE_SIZE - 6));
		EXPECT_LE(now - NSEC_PER_SEC, h[i].since);
		EXPECT_GE(clock_ns(CLOCK_REALTIME), h[i].since);
		EXPECT_LT(0, h[i].started);
		EXPECT_GE(clock_ns(CLOCK_BOOTTIME), h[i].started);
	}
	/* fields that were not requested do not change */
	EXPECT_TRUE(all_are(&h[3], POISON, sizeof(h[3])));
	close(a);
	close(c);
	ASSERT_EQ(1, holders_of(self->dev, "test:0", h, 8));
	EXPECT_EQ(stands(b).id, h[0].id);
	EXPECT_EQ(0, h[0].flags);
	EXPECT_EQ(stands(b).since, h[0].since);
	close(b);
	EXPECT_EQ(0, holders_of(self->dev, "test:0", h, 8));
	EXPECT_EQ(1, holders_of(self->dev, "test:1", h, 8));
	close(other);
}

TEST_F(reserve, holders_of_all_in_steps)
{
	struct zinc_reserve_item i[3] = {
		item("test:b", 0), item("test:a", SHARED), item("test:c", 0)
	};
	struct zinc_reserve arg = reserve_args(i, 3);
	int many = call(self->dev, ZINC_IOC_RESERVE, &arg);
	int one = queue(self->dev, "test:a", 0);
	static const char * const order[] = {
		"test:b", "test:a", "test:c", "test:a"
	};
	struct zinc_holder to;
	struct zinc_holders h = holders_args(&to, 1, "");
	unsigned int n = 0;

	for (;;) {
		h.count = 1;
		ASSERT_EQ(0, call(self->dev, ZINC_IOC_HOLDERS, &h));
		if (!h.count)
			break;
		ASSERT_GT(ARRAY_SIZE(order), n);
		EXPECT_STREQ(order[n], (char *)to.device);
		EXPECT_EQ(stands(n < 3 ? many : one).id, to.id);
		n++;
	}
	EXPECT_EQ(ARRAY_SIZE(order), n);
	/* no room is not an error, and does not mean the end */
	h.cursor = 0;
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_HOLDERS, &h));
	EXPECT_EQ(0, h.cursor);
	close(many);
	close(one);
}

TEST_F(reserve, holders_entry_size)
{
	struct {
		struct zinc_holder known;
		__u8 more[40];
	} big[2];
	struct zinc_holders h = holders_args(&big[0].known, 2, "test:0");
	int a = try(self->dev, "test:0", SHARED);
	int b = try(self->dev, "test:0", SHARED);
	int i;

	memset(big, POISON, sizeof(big));
	h.entry_size = sizeof(big[0]);
	ASSERT_EQ(0, call(self->dev, ZINC_IOC_HOLDERS, &h));
	ASSERT_EQ(2, h.count);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(stands(i ? b : a).id, big[i].known.id);
		EXPECT_TRUE(all_are(big[i].more, 0, sizeof(big[i].more)));
	}
	h = holders_args(&big[0].known, 2, "test:0");
	h.entry_size = ZINC_HOLDER_SIZE_V1 - 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_HOLDERS, &h));
	h.entry_size = 0;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_HOLDERS, &h));
	h.entry_size = PAGE + 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_HOLDERS, &h));
	h = holders_args(NULL, 2, "test:0");
	EXPECT_EQ(-EFAULT, refused(self->dev, ZINC_IOC_HOLDERS, &h));
	close(a);
	close(b);
}

/* A process that has gone and left its fd to another is not named by a pid. */
TEST_F(reserve, a_holder_that_has_ended_has_no_pid)
{
	int sockets[2], fd;
	struct zinc_holder h;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	child = spawn();
	if (!child) {
		CHECK(!prctl(PR_SET_NAME, "the holder"));
		CHECK(!send_fd(sockets[0], try(self->dev, "test:0", 0)));
		pause();
	}
	fd = receive_fd(sockets[1]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, holders_of(self->dev, "test:0", &h, 1));
	EXPECT_EQ(child, h.pid);
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(child));
	ASSERT_EQ(1, holders_of(self->dev, "test:0", &h, 1));
	EXPECT_EQ(0, h.pid);
	EXPECT_STREQ("the holder", (char *)h.comm);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

/* Run in a child whose own children are in a pid namespace of their own */
static void hold_inside(int dev, int to_outside, int to_inside)
{
	struct zinc_holder h;
	pid_t inside;
	char c;

	CHECK(!unshare(CLONE_NEWPID));
	/* spawn() wants to see its parent */
	inside = fork();
	if (!inside) {
		/* processes outside of it are not visible, but are listed without a pid */
		CHECK(holders_of(dev, "test:0", &h, 1) == 1);
		CHECK(!h.pid && !strcmp((char *)h.comm, "abi_holders"));
		CHECK(try(dev, "test:0", 0) == -EBUSY);
		CHECK(try(dev, "test:1", 0) >= 0);
		CHECK(holders_of(dev, "test:1", &h, 1) == 1);
		CHECK(h.pid == 1);
		CHECK(write(to_outside, "", 1) == 1);
		CHECK(read(to_inside, &c, 1) == 1);
		_exit(0);
	}
	_exit(reap(inside));
}

TEST_F(reserve, pid_namespaces)
{
	int fd = try(self->dev, "test:0", 0), to_outside[2], to_inside[2];
	struct zinc_holder h;
	pid_t child;
	char c;

	if (geteuid())
		SKIP(goto out, "needs root");
	ASSERT_EQ(0, pipe(to_outside));
	ASSERT_EQ(0, pipe(to_inside));
	child = spawn();
	if (!child)
		hold_inside(self->dev, to_outside[1], to_inside[0]);
	ASSERT_EQ(1, read(to_outside[0], &c, 1));
	ASSERT_EQ(1, holders_of(self->dev, "test:1", &h, 1));
	EXPECT_LT(child, h.pid);
	EXPECT_EQ(1, write(to_inside[1], "", 1));
	EXPECT_EQ(0, reap(child));
out:
	close(fd);
}

/* Becomes what a container is: files, processes and a network of its own */
static int lock_in_container(int dev, const char *lock)
{
	int fd;

	CHECK(!unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
	CHECK(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mount("none", "/tmp", "tmpfs", 0, NULL));
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	CHECK(fd >= 0);
	CHECK(!flock(fd, LOCK_EX | LOCK_NB));
	return try(dev, "vulkan:7", 0);
}

/* The file lock lets both in, since each has its own /tmp: the kernel does not. */
TEST_F(reserve, two_containers)
{
	static const char lock[] = "/tmp/zinc-gpu-vulkan-7.lock";
	int to_parent[2], to_child[2];
	pid_t first, second;
	char c;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, pipe(to_parent));
	ASSERT_EQ(0, pipe(to_child));
	first = spawn();
	if (!first) {
		CHECK(lock_in_container(self->dev, lock) >= 0);
		CHECK(write(to_parent[1], "", 1) == 1);
		CHECK(read(to_child[0], &c, 1) == 1);
		_exit(0);
	}
	ASSERT_EQ(1, read(to_parent[0], &c, 1));
	second = spawn();
	if (!second) {
		struct zinc_holder h;

		CHECK(lock_in_container(self->dev, lock) == -EBUSY);
		CHECK(holders_of(self->dev, "vulkan:7", &h, 1) == 1);
		CHECK(h.pid == first);
		_exit(0);
	}
	EXPECT_EQ(0, reap(second));
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, reap(first));
	close(to_parent[0]);
	close(to_parent[1]);
	close(to_child[0]);
	close(to_child[1]);
}

TEST_F(reserve, fdinfo_and_debugfs)
{
	int fd = try(self->dev, "test:0", 0), next = queue(self->dev, "test:0", SHARED);
	char path[64], want[160];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", next);
	snprintf(want, sizeof(want),
		 "\nzinc-reservation:\t%llu\nzinc-state:\twaiting\nzinc-device:\ttest:0 shared\n",
		 stands(next).id);
	EXPECT_NE(NULL, strstr(file_text(path), want)) TH_LOG("%s", file_text(path));
	if (!access("/sys/kernel/debug/zinc/reservations", R_OK)) {
		const char *text = file_text("/sys/kernel/debug/zinc/reservations");

		snprintf(want, sizeof(want), "\n%llu held %llu 0 %d abi_holders test:0 exclusive\n",
			 stands(fd).id, stands(fd).since, getpid());
		EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s", text);
	}
	close(fd);
	close(next);
}

TEST_HARNESS_MAIN
