// SPDX-License-Identifier: GPL-2.0-only
/* Two users, read-only handles, and handles that travel as descriptors */

#include "lib_test.h"

#include <grp.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/zinc.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * The administrator decides, by a udev rule, which users may open the device.
 * Here all users may, so that only the region refuses.
 */
#define DEVICE	"/dev/zinc"

static mode_t device_mode;

static void restore_device(void)
{
	if (getpid() == suite_pid)
		chmod(DEVICE, device_mode);
}

static void __attribute__((constructor(1001))) device_for_all(void)
{
	struct stat status;

	if (geteuid() || !on_kmod() || stat(DEVICE, &status))
		return;
	device_mode = status.st_mode & 07777;
	atexit(restore_device);
	chmod(DEVICE, 0666);
}

/* In a child: become another user, with nothing of root's */
static void become_nobody(void)
{
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(NOBODY, NOBODY, NOBODY));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
}

/* ---- two users ---- */

TEST(private_by_default)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	const char *name = named("private");
	zinc_handle region;
	zinc_handle out;
	pid_t pid;

	NEED_ROOT();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(info_of(region).mode, 0600);
	IN_CHILD(pid) {
		become_nobody();
		out = POISON;
		CHECK(zinc_open(name, &out) == -EPERM);
		CHECK(!out);
		/* the extended functions pass on what the kernel said */
		out = POISON;
		CHECK(zinc_open_with(name, NULL, &out) == -EACCES);
		CHECK(!out);
		CHECK(open_readonly(name, &out) == -EACCES);
		CHECK(zinc_stat(name, &info) == -EACCES);
		CHECK(zinc_unlink(name) == -EPERM);
		CHECK(zinc_create(name, PAGE, &out) == -EEXIST);
		out = POISON;
		CHECK(zinc_create_or_replace(name, PAGE, &out) == -EPERM);
		CHECK(!out);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(probe(name), 0);
	zinc_close(region);
}

TEST(open_to_all)
{
	const char *name = named("public");
	zinc_handle region;
	zinc_handle mine;
	mode_t mask;
	pid_t pid;

	NEED_ROOT();
	/* the requested mode, regardless of the umask */
	mask = umask(077);
	ASSERT_EQ(create_mode(name, 0666, 0, &region), 0);
	umask(mask);
	EXPECT_EQ(info_of(region).mode, 0666);
	IN_CHILD(pid) {
		become_nobody();
		CHECK(!zinc_open(name, &mine));
		zinc_ptr(mine)[0] = 17;
		zinc_notify(mine);
		CHECK(info_of(mine).uid == 0);
		CHECK(!(info_of(mine).flags & ZINC_INFO_CREATOR));
		/* used by all, owned by one */
		CHECK(zinc_unlink(name) == -EPERM);
		zinc_close(mine);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_ptr(region)[0], 17);
	EXPECT_EQ(zinc_wait(region, 0), 0);
	EXPECT_EQ(probe(name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(readable_by_all)
{
	const char *name = named("readable");
	zinc_handle region;
	zinc_handle mine;
	pid_t pid;

	NEED_ROOT();
	ASSERT_EQ(create_mode(name, 0644, 0, &region), 0);
	zinc_ptr(region)[0] = 3;
	zinc_notify(region);
	IN_CHILD(pid) {
		become_nobody();
		CHECK(zinc_open(name, &mine) == -EPERM);
		CHECK(!open_readonly(name, &mine));
		CHECK(zinc_ptr(mine)[0] == 3);
		CHECK(!zinc_try_wait(mine));
		zinc_close(mine);
	}
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(by_group)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.mode = 0660,
	};
	const char *name = named("group");
	zinc_handle region;
	zinc_handle mine;
	pid_t pid;

	NEED_ROOT();
	ASSERT_EQ(zinc_create_with(name, PAGE, &options, &region), 0);
	IN_CHILD(pid) {
		gid_t group = 0;

		CHECK(!setgroups(1, &group));
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(!zinc_open(name, &mine));
		zinc_close(mine);
	}
	EXPECT_EQ(reap(pid), 0);
	IN_CHILD(pid) {
		become_nobody();
		CHECK(zinc_open(name, &mine) == -EPERM);
	}
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
}

/* A device that is there but closed to us is an error, not a reason for shm */
TEST(device_is_closed)
{
	zinc_handle out = POISON;
	char text[512];
	pid_t pid;

	NEED_KMOD();
	NEED_ROOT();
	ASSERT_EQ(chmod(DEVICE, 0600), 0);
	IN_CHILD(pid) {
		unsetenv("ZINC_BACKEND");
		become_nobody();
		CHECK(zinc_create(named("closed"), PAGE, &out) == -EPERM);
		CHECK(!out);
		CHECK(zinc_open(named("closed"), &out) == -EPERM);
		CHECK(zinc_open_with(named("closed"), NULL, &out) == -EACCES);
		CHECK(zinc_backend(NULL) == -EACCES);
		CHECK(zinc_backend_reason(text, sizeof(text)) == -EACCES);
		CHECK(strstr(text, DEVICE));
	}
	EXPECT_EQ(reap(pid), 0);
	ASSERT_EQ(chmod(DEVICE, 0666), 0);
	EXPECT_NE(access(object(named("closed")), F_OK), 0);
}

/* In a child: open() works as before, and every ioctl() of a zinc device fails */
static void refuse_ioctls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ZINC_IOCTL_TYPE << 8, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* It is the ioctl that is refused, and not the mode that is to blame. */
static void ioctls_are_refused(void)
{
	zinc_handle out = POISON;
	char text[512];
	int fd;

	unsetenv("ZINC_BACKEND");
	/* the library's own, too: it opens another */
	CHECK(!syscall(SYS_close_range, 3, ~0U, 0));
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	close(fd);
	CHECK(zinc_open_with(named("closed"), NULL, &out) == -EACCES);
	CHECK(zinc_backend(NULL) == -EACCES);
	CHECK(zinc_backend_reason(text, sizeof(text)) == -EACCES);
	CHECK(strstr(text, "ioctl()"));
	CHECK(!strstr(text, "ls -l"));
}

TEST(device_refuses_ioctls)
{
	pid_t pid;

	NEED_KMOD();
	IN_CHILD(pid) {
		refuse_ioctls();
		ioctls_are_refused();
	}
	EXPECT_EQ(reap(pid), 0);
}

/* Of linux/landlock.h, which may be older than the kernel */
#define LANDLOCK_ABI_OF_IOCTLS	5
#define LANDLOCK_IOCTL_DEV	(1ULL << 15)

/* Landlock's right to ioctl() on devices: of /dev/zinc, as of all others */
TEST(landlock_refuses_ioctls)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);
	pid_t pid;

	NEED_KMOD();
	if (abi < LANDLOCK_ABI_OF_IOCTLS)
		SKIP(return, "this kernel's Landlock knows no ioctls");
	IN_CHILD(pid) {
		struct landlock_ruleset_attr ruleset = {
			.handled_access_fs = LANDLOCK_IOCTL_DEV,
		};
		long fd = syscall(SYS_landlock_create_ruleset, &ruleset,
				  sizeof(ruleset), 0);

		CHECK(fd >= 0);
		CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK(!syscall(SYS_landlock_restrict_self, fd, 0));
		ioctls_are_refused();
	}
	EXPECT_EQ(reap(pid), 0);
}

/* Where the device was opened before, all works: it is an open's restriction. */
TEST(landlock_leaves_what_was_opened_before)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);
	pid_t pid;

	NEED_KMOD();
	if (abi < LANDLOCK_ABI_OF_IOCTLS)
		SKIP(return, "this kernel's Landlock knows no ioctls");
	IN_CHILD(pid) {
		struct landlock_ruleset_attr ruleset = {
			.handled_access_fs = LANDLOCK_IOCTL_DEV,
		};
		zinc_handle region, again;
		long fd;

		CHECK(!zinc_create(named("before"), PAGE, &region));
		fd = syscall(SYS_landlock_create_ruleset, &ruleset,
			     sizeof(ruleset), 0);
		CHECK(fd >= 0);
		CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK(!syscall(SYS_landlock_restrict_self, fd, 0));
		/* nor are region descriptors a device's, new or old */
		CHECK(!zinc_open(named("before"), &again));
		zinc_notify(again);
		CHECK(!zinc_wait(region, PATIENCE_MS));
		zinc_close(again);
		zinc_close(region);
	}
	EXPECT_EQ(reap(pid), 0);
}

/* Root may open and unlink what another user made */
TEST(root_may)
{
	const char *name = named("root-may");
	struct signpost made, done;
	zinc_handle region;
	pid_t pid;

	NEED_ROOT();
	post_init(&made);
	post_init(&done);
	IN_CHILD(pid) {
		become_nobody();
		CHECK(!zinc_create(name, PAGE, &region));
		post(&made);
		await(&done);
		/* its name was taken; that is all */
		zinc_ptr(region)[0] = 1;
		CHECK(zinc_unlink(name) == -ENOENT);
		zinc_close(region);
	}
	await(&made);
	ASSERT_EQ(zinc_open(name, &region), 0);
	EXPECT_EQ(info_of(region).uid, NOBODY);
	EXPECT_EQ(info_of(region).gid, NOBODY);
	zinc_close(region);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(probe(name), -ENOENT);
	post(&done);
	EXPECT_EQ(reap(pid), 0);
}

/* ---- read-only ---- */

FIXTURE(readonly)
{
	const char *name;
	zinc_handle region;
	zinc_handle reader;
};

FIXTURE_SETUP(readonly)
{
	self->name = named("readonly");
	forget(self->name);
	ASSERT_EQ(zinc_create(self->name, 2 * PAGE, &self->region), 0);
	ASSERT_EQ(open_readonly(self->name, &self->reader), 0);
}

FIXTURE_TEARDOWN(readonly)
{
	zinc_close(self->reader);
	zinc_close(self->region);
	forget(self->name);
}

TEST_F(readonly, reads_and_waits)
{
	struct zinc_region_info info = info_of(self->reader);

	EXPECT_EQ(info.flags & ZINC_INFO_RDONLY, ZINC_INFO_RDONLY);
	EXPECT_EQ(info_of(self->region).flags & ZINC_INFO_RDONLY, 0);
	zinc_ptr(self->region)[2 * PAGE - 1] = 9;
	EXPECT_EQ(zinc_ptr(self->reader)[2 * PAGE - 1], 9);
	EXPECT_EQ(zinc_capacity(self->reader), 2 * PAGE);
	EXPECT_EQ(zinc_try_wait(self->reader), -EAGAIN);
	zinc_notify(self->region);
	EXPECT_EQ(zinc_wait(self->reader, ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(zinc_wait(self->reader, 20), -ETIMEDOUT);
}

TEST_F(readonly, is_woken)
{
	pid_t parent = getpid();
	zinc_handle mine;
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!zinc_open(self->name, &mine));
		CHECK(asleep(parent));
		zinc_notify(mine);
	}
	EXPECT_EQ(zinc_wait(self->reader, ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(reap(pid), 0);
}

TEST_F(readonly, does_not_notify)
{
	zinc_notify(self->reader);
	EXPECT_EQ(zinc_sequence(self->region), 0);
	EXPECT_EQ(zinc_notify_checked(self->reader), -EBADF);
	EXPECT_EQ(zinc_sequence(self->region), 0);
	EXPECT_EQ(zinc_try_wait(self->region), -EAGAIN);
	EXPECT_EQ(zinc_notify_and_wait(self->reader, self->region, 0), -EBADF);
	EXPECT_EQ(zinc_sequence(self->region), 0);
}

TEST_F(readonly, faults_on_write)
{
	volatile uint8_t *places[3];
	pid_t pid;
	int i;

	places[0] = zinc_ptr(self->reader);
	places[1] = zinc_ptr(self->reader) + 2 * PAGE - 1;
	places[2] = zinc_ptr(self->reader) - HEADER + 12;
	for (i = 0; i < 3; i++) {
		IN_CHILD(pid) {
			*places[i] = 1;
		}
		EXPECT_EQ(reap(pid), -SIGSEGV) {
			TH_LOG("place %d", i);
		}
	}
	/* the control: the same write through the other handle is fine */
	IN_CHILD(pid)
		zinc_ptr(self->region)[0] = 1;
	EXPECT_EQ(reap(pid), 0);
}

TEST_F(readonly, stays_so)
{
	uintptr_t page = (uintptr_t)zinc_ptr(self->reader) & ~(PAGE - 1);

	EXPECT_NE(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE), 0);
	EXPECT_EQ(errno, EACCES);
}

/* ---- descriptors ---- */

TEST(no_descriptor_on_shm)
{
	zinc_handle region;
	zinc_handle out = POISON;
	int fd;

	NEED_SHM();
	ASSERT_EQ(zinc_create(named("nofd"), PAGE, &region), 0);
	EXPECT_EQ(zinc_fd(region), -EOPNOTSUPP);
	fd = open(object(named("nofd")), O_RDWR | O_CLOEXEC);
	EXPECT_LT(zinc_from_fd(fd, NULL, &out), 0);
	EXPECT_EQ(out, NULL);
	zinc_close(region);
}

TEST(from_fd_refuses)
{
	struct zinc_options odd = { .size = sizeof(odd), .flags = ZINC_LAZY };
	struct zinc_options posix = {
		.size = sizeof(posix),
		.backend = ZINC_BACKEND_SHM,
	};
	zinc_handle region;
	zinc_handle out;
	int fds[2];
	int null;

	NEED_KMOD();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
	ASSERT_EQ(zinc_create(named("fromfd"), PAGE, &region), 0);

#define EXPECT_REFUSED(call, error) do {				\
	out = POISON;							\
	EXPECT_EQ((call), (error));					\
	EXPECT_EQ(out, NULL);						\
} while (0)
	EXPECT_REFUSED(zinc_from_fd(-1, NULL, &out), -EBADF);
	EXPECT_REFUSED(zinc_from_fd(9999, NULL, &out), -EBADF);
	EXPECT_REFUSED(zinc_from_fd(null, NULL, &out), -ENOTTY);
	EXPECT_REFUSED(zinc_from_fd(fds[0], NULL, &out), -ENOTTY);
	EXPECT_REFUSED(zinc_from_fd(zinc_fd(region), &odd, &out), -EINVAL);
	EXPECT_REFUSED(zinc_from_fd(zinc_fd(region), &posix, &out), -EOPNOTSUPP);
#undef EXPECT_REFUSED
	zinc_close(region);
}

/* An anonymous region reaches another user, who has no name to open */
TEST(anonymous_by_scm_rights)
{
	struct signpost ready;
	zinc_handle region;
	zinc_handle mine;
	int sockets[2];
	pid_t pid;
	int fd;

	NEED_KMOD();
	NEED_ROOT();
	post_init(&ready);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets),
		  0);
	IN_CHILD(pid) {
		become_nobody();
		fd = receive_fd(sockets[1]);
		CHECK(!zinc_from_fd(fd, NULL, &mine));
		/* a handle of its own: the descriptor may go */
		close(fd);
		CHECK(zinc_capacity(mine) == 3 * PAGE);
		CHECK(info_of(mine).cursor == 0);
		CHECK(!zinc_try_wait(mine));
		CHECK(zinc_ptr(mine)[0] == 61);
		zinc_ptr(mine)[1] = 62;
		zinc_notify(mine);
		post(&ready);
		zinc_close(mine);
	}
	ASSERT_EQ(zinc_create_with(NULL, 3 * PAGE, NULL, &region), 0);
	zinc_ptr(region)[0] = 61;
	zinc_notify(region);
	ASSERT_EQ(zinc_try_wait(region), 0);
	ASSERT_GE(zinc_fd(region), 0);
	ASSERT_EQ(send_fd(sockets[0], zinc_fd(region)), 0);
	await(&ready);
	EXPECT_EQ(zinc_wait(region, ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(zinc_ptr(region)[1], 62);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
	close(sockets[0]);
	close(sockets[1]);
}

/* The receiver keeps the region when the sender has gone */
TEST(descriptor_outlives_its_sender)
{
	zinc_handle region;
	zinc_handle mine;
	int sockets[2];
	pid_t pid;
	int fd;

	NEED_KMOD();
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets),
		  0);
	IN_CHILD(pid) {
		CHECK(!zinc_create(named("sent"), PAGE, &region));
		zinc_ptr(region)[0] = 5;
		CHECK(!send_fd(sockets[0], zinc_fd(region)));
		zinc_close(region);
	}
	ASSERT_EQ(reap(pid), 0);
	/* in flight, it is a handle still */
	EXPECT_EQ(probe(named("sent")), 0);
	fd = receive_fd(sockets[1]);
	ASSERT_EQ(zinc_from_fd(fd, NULL, &mine), 0);
	EXPECT_EQ(zinc_ptr(mine)[0], 5);
	close(fd);
	EXPECT_EQ(info_of(mine).handles, 1);
	EXPECT_EQ(probe(named("sent")), 0);
	zinc_close(mine);
	EXPECT_EQ(probe(named("sent")), -ENOENT);
	close(sockets[0]);
	close(sockets[1]);
}

TEST(from_fd_read_only)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_RDONLY,
	};
	zinc_handle region;
	zinc_handle reader;
	zinc_handle second;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(named("ro-fd"), PAGE, &region), 0);
	ASSERT_EQ(zinc_from_fd(zinc_fd(region), &options, &reader), 0);
	EXPECT_EQ(zinc_notify_checked(reader), -EBADF);
	/* and that one cannot be reopened for writing */
	ASSERT_EQ(zinc_from_fd(zinc_fd(reader), NULL, &second), 0);
	EXPECT_EQ(info_of(second).flags & ZINC_INFO_RDONLY, ZINC_INFO_RDONLY);
	EXPECT_EQ(zinc_notify_checked(second), -EBADF);
	zinc_close(second);
	zinc_close(reader);
	zinc_close(region);
}

static short polled(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&entry, 1, 0) < 0 ? -1 : entry.revents;
}

TEST(poll_and_try_wait)
{
	zinc_handle region;
	zinc_handle other;
	int i, fd;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(named("poll"), PAGE, &region), 0);
	ASSERT_EQ(zinc_open(named("poll"), &other), 0);
	/* a notify consumed before the request for the descriptor is not pending */
	zinc_notify(other);
	ASSERT_EQ(zinc_try_wait(region), 0);
	fd = zinc_fd(region);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(zinc_fd(region), fd);
	EXPECT_EQ(polled(fd), 0);
	for (i = 0; i < 3; i++) {
		zinc_notify(i % 2 ? region : other);
		EXPECT_EQ(polled(fd), POLLIN);
		EXPECT_EQ(polled(fd), POLLIN);
		EXPECT_EQ(zinc_try_wait(region), 0);
		EXPECT_EQ(polled(fd), 0);
		EXPECT_EQ(zinc_try_wait(region), -EAGAIN);
	}
	/* each way to take a notify takes it from poll, too */
	zinc_notify(other);
	EXPECT_EQ(zinc_wait(region, 0), 0);
	EXPECT_EQ(polled(fd), 0);
	zinc_notify(other);
	EXPECT_EQ(zinc_wait_any(&region, 1, 0, NULL), 0);
	EXPECT_EQ(polled(fd), 0);
	EXPECT_EQ(zinc_notify_and_wait(region, region, 0), 0);
	EXPECT_EQ(polled(fd), 0);
	/* pending when the descriptor is asked for */
	EXPECT_EQ(polled(zinc_fd(other)), POLLIN);
	zinc_close(other);
	zinc_close(region);
}

TEST(epoll_edge_and_level)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct epoll_event out;
	const char *name = named("epoll");
	zinc_handle region;
	zinc_handle mine;
	pid_t parent = getpid();
	int level, edge;
	pid_t pid;
	int i;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	level = epoll_create1(EPOLL_CLOEXEC);
	edge = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_EQ(epoll_ctl(level, EPOLL_CTL_ADD, zinc_fd(region), &event), 0);
	event.events |= EPOLLET;
	ASSERT_EQ(epoll_ctl(edge, EPOLL_CTL_ADD, zinc_fd(region), &event), 0);
	for (i = 0; i < 3; i++) {
		IN_CHILD(pid) {
			CHECK(!zinc_open(name, &mine));
			CHECK(asleep(parent));
			zinc_notify(mine);
		}
		EXPECT_EQ(epoll_wait(i % 2 ? level : edge, &out, 1, -1), 1);
		ASSERT_EQ(reap(pid), 0);
		EXPECT_EQ(epoll_wait(level, &out, 1, 0), 1);
		EXPECT_EQ(epoll_wait(level, &out, 1, 0), 1);
		epoll_wait(edge, &out, 1, 0);
		EXPECT_EQ(epoll_wait(edge, &out, 1, 0), 0);
		EXPECT_EQ(zinc_try_wait(region), 0);
		EXPECT_EQ(epoll_wait(level, &out, 1, 0), 0);
	}
	close(level);
	close(edge);
	zinc_close(region);
}

TEST(poll_tells_of_the_creator)
{
	zinc_handle creator;
	zinc_handle opener;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(named("rdhup"), PAGE, &creator), 0);
	ASSERT_EQ(zinc_open(named("rdhup"), &opener), 0);
	EXPECT_EQ(polled(zinc_fd(opener)), 0);
	zinc_close(creator);
	EXPECT_EQ(polled(zinc_fd(opener)), POLLRDHUP);
	zinc_notify(opener);
	EXPECT_EQ(polled(zinc_fd(opener)), POLLIN | POLLRDHUP);
	zinc_close(opener);
}

/* A daemon that closes what it does not know, or puts files there */
TEST(device_descriptor_is_closed_by_others)
{
	zinc_handle region;
	zinc_handle other;
	char target[64];
	char path[64];
	ssize_t length;
	int closed = 0;
	int fd, null;
	int way;

	NEED_KMOD();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_EQ(zinc_create(named("daemon"), PAGE, &region), 0);
	for (way = 0; way < 2; way++) {
		for (fd = 3; fd < 64; fd++) {
			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			length = readlink(path, target, sizeof(target) - 1);
			if (length < 0)
				continue;
			target[length] = 0;
			if (strcmp(target, DEVICE))
				continue;
			closed++;
			if (way)
				dup2(null, fd);
			else
				close(fd);
		}
		ASSERT_EQ(closed, way + 1);
		ASSERT_EQ(zinc_open(named("daemon"), &other), 0);
		zinc_close(other);
	}
	EXPECT_EQ(fcntl(null, F_GETFD), FD_CLOEXEC);
	zinc_close(region);
}

/* A poller and a thread that waits: the notify reaches both */
TEST(poll_beside_wait)
{
	const char *name = named("beside");
	struct pollfd entry = { .events = POLLIN };
	struct signpost ready;
	zinc_handle region;
	zinc_handle mine;
	pid_t pid;

	NEED_KMOD();
	post_init(&ready);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	IN_CHILD(pid) {
		CHECK(!zinc_open(name, &mine));
		entry.fd = zinc_fd(mine);
		post(&ready);
		CHECK(poll(&entry, 1, -1) == 1);
		CHECK(entry.revents == POLLIN);
		CHECK(!zinc_try_wait(mine));
	}
	await(&ready);
	ASSERT_TRUE(asleep(pid));
	zinc_notify(region);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_wait(region, 0), 0);
	zinc_close(region);
}

/* A child that takes a notify from the shared descriptor leaves ours alone */
TEST(fork_shares_a_descriptors_cursor)
{
	zinc_handle region;
	pid_t pid;
	int fd;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(named("fork-fd"), PAGE, &region), 0);
	fd = zinc_fd(region);
	zinc_notify(region);
	ASSERT_EQ(polled(fd), POLLIN);
	IN_CHILD(pid) {
		CHECK(!zinc_try_wait(region));
		CHECK(polled(fd) == 0);
	}
	ASSERT_EQ(reap(pid), 0);
	/* one open file, one cursor: as documented */
	EXPECT_EQ(polled(fd), 0);
	zinc_close(region);
}

TEST_HARNESS_MAIN
