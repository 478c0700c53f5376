// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust: rows of kmod/THREATS.md that no other program tests. Each test is an
 * attempt to get more than is permitted.
 */
#include "abi.h"

#include <grp.h>
#include <linux/userfaultfd.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

#define ALICE		12001
#define BOB		12002
#define SKIPPED		77
#define CAPACITY	(4 * PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#define DEBUGFS		"/sys/kernel/debug/zinc/regions"
#define MAX_REGIONS	MODULE "/parameters/max_regions"
#define MAX_BYTES	MODULE "/parameters/max_bytes"

static void __attribute__((constructor(1001))) need_root(void)
{
	if (geteuid())
		skip_all("needs root, to be several users");
}

static void become(uid_t uid)
{
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(uid, uid, uid));
	CHECK(!setresuid(uid, uid, uid));
	/* a change of identity makes /proc/self root's */
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Effective ids change, and back */
static int create_for(int dev, uid_t uid, const char *name, __u32 flags,
		      __u32 mode)
{
	int fd;

	CHECK(!setresgid(-1, uid, -1));
	CHECK(!setresuid(-1, uid, -1));
	fd = create_as(dev, name, CAPACITY, flags, ZINC_LIFETIME_REFS, mode);
	CHECK(!setresuid(-1, 0, -1));
	CHECK(!setresgid(-1, 0, -1));
	return fd;
}

FIXTURE(threats)
{
	int dev;
	int fd;		/* Alice's, hers alone */
	int rdonly;
	const char *name;
	struct zinc_query before;
	char limit[32];
};

FIXTURE_SETUP(threats)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->before = query(self->dev);
	snprintf(self->limit, sizeof(self->limit), "%s", file_text(MAX_REGIONS));
	self->name = a_name("threatened");
	self->fd = create_for(self->dev, ALICE, self->name, 0, 0600);
	ASSERT_GE(self->fd, 0);
	self->rdonly = reopen_as(self->fd, ZINC_RDONLY);
	ASSERT_GE(self->rdonly, 0);
}

/* After every attempt: Alice has what she had, and nothing is left */
FIXTURE_TEARDOWN(threats)
{
	struct zinc_info i = info(self->fd);

	EXPECT_EQ(CAPACITY, i.capacity);
	EXPECT_EQ(ALICE, i.uid);
	EXPECT_EQ(0600, i.mode);
	EXPECT_EQ(2, i.handles);
	EXPECT_EQ(ZINC_INFO_CREATOR, i.flags);
	EXPECT_STREQ(self->name, (char *)i.name);
	EXPECT_EQ(0, write_text(MAX_REGIONS, self->limit));
	close(self->rdonly);
	close(self->fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions ==
			       self->before.user_regions));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes ==
			       self->before.user_bytes));
	close(self->dev);
}

/* ---- a process with the device open ---- */

/* It was opened by root; what it lets do is what the caller may */
TEST_F(threats, the_device_lends_no_identity)
{
	pid_t pid = spawn();

	if (!pid) {
		int fd;

		become(BOB);
		CHECK(open_name(self->dev, self->name) == -EACCES);
		CHECK(unlink_name(self->dev, self->name) == -EPERM);
		fd = create(self->dev, "bobs", PAGE);
		CHECK(fd >= 0);
		CHECK(info(fd).uid == BOB && info(fd).gid == BOB);
		CHECK(query(self->dev).user_regions == 1);
		CHECK(query(self->dev).user_bytes == PAGE);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(self->before.user_regions, query(self->dev).user_regions);
}

static bool is_older_than(int major, int minor)
{
	struct utsname name;
	int a, b;

	CHECK(!uname(&name) && sscanf(name.release, "%d.%d", &a, &b) == 2);
	return a < major || (a == major && b < minor);
}

/*
 * An inode that all anonymous files of the machine have in common would have its
 * mode and its locks in common with them.
 */
TEST_F(threats, each_descriptor_has_an_inode_of_its_own)
{
	int event = eventfd(0, EFD_CLOEXEC);
	int other = reopen_as(self->fd, 0);
	struct stat mine, others, events;
	pid_t pid;

	ASSERT_EQ(0, fstat(self->fd, &mine));
	ASSERT_EQ(0, fstat(other, &others));
	ASSERT_EQ(0, fstat(event, &events));
	if (is_older_than(6, 8)) {
		/* no module could have another then */
		EXPECT_EQ(events.st_ino, mine.st_ino);
		goto out;
	}
	EXPECT_NE(events.st_ino, mine.st_ino);
	EXPECT_NE(mine.st_ino, others.st_ino);
	/* root's; from 6.16 on it is refused */
	if (!fchmod(self->fd, 0123)) {
		ASSERT_EQ(0, fstat(event, &others));
		EXPECT_EQ(events.st_mode, others.st_mode);
	}
	EXPECT_EQ(0, flock(self->fd, LOCK_EX | LOCK_NB));
	pid = spawn();
	if (!pid) {
		CHECK(!flock(eventfd(0, EFD_CLOEXEC), LOCK_EX | LOCK_NB));
		CHECK(!flock(other, LOCK_EX | LOCK_NB));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
out:
	close(event);
	close(other);
}

TEST_F(threats, the_device_is_no_memory)
{
	char buffer[64] = "";

	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->dev, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, self->dev, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, read(self->dev, buffer, sizeof(buffer)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->dev, buffer, sizeof(buffer)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-ENOTTY, notify(self->dev));
	EXPECT_EQ(-ENOTTY, wait_until(self->dev, 0));
	EXPECT_EQ(-ENOTTY, reopen_as(self->dev, 0));
	EXPECT_EQ(-ENOTTY, create(self->fd, "", PAGE));
	EXPECT_EQ(-ENOTTY, open_name(self->fd, self->name));
}

/* A descriptor opened for reading is enough: the node has one right, not two */
TEST_F(threats, the_device_opened_for_reading_is_open)
{
	int dev = open(DEVICE, O_RDONLY | O_CLOEXEC), fd;

	ASSERT_LE(0, dev);
	fd = create(dev, "", PAGE);
	EXPECT_LE(0, fd);
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	close(fd);
	close(dev);
}

/* A name belongs to the first process that takes it, whose identity cannot be forged. */
TEST_F(threats, who_took_a_name_is_told)
{
	int fd = create_for(self->dev, BOB, "service", 0, 0666);
	struct zinc_header *h = map_header(fd, RW);
	pid_t pid;

	ASSERT_NE(NULL, h);
	pid = spawn();
	if (!pid) {
		struct zinc_info i;

		close(fd);
		become(ALICE);
		CHECK(create(self->dev, "service", PAGE) == -EEXIST);
		CHECK(create_as(self->dev, "service", PAGE, ZINC_REPLACE,
				0, 0) == -EPERM);
		fd = open_name(self->dev, "service");
		CHECK(fd >= 0);
		/* what Bob would write there, later than the kernel */
		h->owner_pid = getpid();
		h->ref_count = 77;
		i = info(fd);
		CHECK(i.uid == BOB && i.gid == BOB);
		CHECK(i.creator_pid == getppid());
		CHECK(i.handles == 2);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	unmap_header(h);
	close(fd);
}

/* ---- a process with a read-only handle ---- */

TEST_F(threats, rdonly_is_not_written_by_a_debugger)
{
	char *data = map_data(self->rdonly, PAGE, PROT_READ);
	char *control = map_control(self->rdonly, PROT_READ);
	char *own = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	ASSERT_NE(NULL, data);
	ASSERT_NE(NULL, control);
	pid = spawn();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, pid, data, 0x4141));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, pid, control, 0x4141));
	EXPECT_EQ(EIO, errno);
	/* it would be for private memory, though that is read-only as well */
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, pid, own, 0x4141));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, data[0]);
	EXPECT_EQ(0, control[0]);
	munmap(data, PAGE);
	munmap(control, PAGE);
	munmap(own, PAGE);
}

TEST_F(threats, rdonly_is_not_filled_by_userfaultfd)
{
	int fd = create_as(self->dev, "", CAPACITY, ZINC_LAZY, 0, 0);
	int rdonly = reopen_as(fd, ZINC_RDONLY);
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	char *seen = map_data(rdonly, CAPACITY, PROT_READ);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)seen, CAPACITY },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	ASSERT_NE(NULL, seen);
	if (uffd < 0)
		SKIP(goto out, "no userfaultfd here");
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	EXPECT_EQ(-1, ioctl(uffd, UFFDIO_REGISTER, &reg));
	/* some kernels refuse all mappings that cannot grow, first */
	EXPECT_TRUE(errno == EPERM || errno == EINVAL) TH_LOG("%d", errno);
	EXPECT_EQ(0, info(fd).resident);
	close(uffd);
out:
	munmap(seen, CAPACITY);
	close(rdonly);
	close(fd);
}

TEST_F(threats, rdonly_is_not_changed_by_advice)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_REMOVE, MADV_FREE, MADV_COLD, MADV_PAGEOUT,
		MADV_POPULATE_WRITE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_DONTFORK, MADV_WIPEONFORK,
	};
	char *data = map_data(self->fd, CAPACITY, RW);
	char *seen = map_data(self->rdonly, CAPACITY, PROT_READ);
	char *control = map_control(self->rdonly, PROT_READ);
	unsigned int i;

	ASSERT_NE(NULL, data);
	ASSERT_NE(NULL, seen);
	ASSERT_NE(NULL, control);
	memset(data, 0x42, CAPACITY);
	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		madvise(seen, CAPACITY, advices[i]);
		madvise(control, PAGE, advices[i]);
		EXPECT_TRUE(all_are(data, 0x42, CAPACITY)) TH_LOG("%d", advices[i]);
		EXPECT_TRUE(all_are(seen, 0x42, CAPACITY)) TH_LOG("%d", advices[i]);
		EXPECT_EQ(ZINC_MAGIC, header_of(control)->magic);
	}
	EXPECT_EQ(-1, madvise(seen, CAPACITY, MADV_REMOVE));
	EXPECT_EQ(-1, madvise(seen, CAPACITY, MADV_POPULATE_WRITE));
	EXPECT_EQ(CAPACITY, info(self->fd).resident);
	munmap(data, CAPACITY);
	munmap(seen, CAPACITY);
	munmap(control, PAGE);
}

/* A read allocates lazy pages, also by a reader; they are zeros */
TEST_F(threats, rdonly_brings_lazy_pages_and_no_more)
{
	int fd = create_as(self->dev, "", CAPACITY, ZINC_LAZY, 0, 0);
	int rdonly = reopen_as(fd, ZINC_RDONLY);
	char *seen = map_data(rdonly, CAPACITY, PROT_READ);

	ASSERT_NE(NULL, seen);
	EXPECT_EQ(0, info(fd).resident);
	EXPECT_TRUE(all_are(seen, 0, CAPACITY));
	EXPECT_EQ(CAPACITY, info(fd).resident);
	munmap(seen, CAPACITY);
	close(rdonly);
	close(fd);
}

/* ---- a process that received a descriptor ---- */

TEST_F(threats, a_sent_rdonly_handle_gives_nothing_else)
{
	pid_t pid = spawn();

	if (!pid) {
		char path[64];

		close(self->fd);
		become(BOB);
		CHECK(open_name(self->dev, self->name) == -EACCES);
		CHECK(open_as(self->dev, self->name, ZINC_RDONLY) == -EACCES);
		CHECK(reopen_as(self->rdonly, 0) == -EACCES);
		CHECK(reopen_as(self->rdonly, ZINC_RDONLY) >= 0);
		CHECK(notify(self->rdonly) == -EBADF);
		CHECK(call(self->rdonly, ZINC_IOC_REGION_UNLINK, NULL) == -EPERM);
		CHECK(!map_data(self->rdonly, PAGE, RW) && errno == EACCES);
		CHECK(!map_control(self->rdonly, RW) && errno == EACCES);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", self->rdonly);
		CHECK(open(path, O_RDWR) == -1 && errno != ENOENT);
		CHECK(open(path, O_RDONLY) == -1 && errno != ENOENT);
		CHECK(map_data(self->rdonly, PAGE, PROT_READ));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* The rights of the creator's handle are not passed on to another handle */
TEST_F(threats, reopened_from_the_creator_is_not_the_creator)
{
	int again = reopen_as(self->fd, 0);
	pid_t pid = spawn();

	ASSERT_LE(0, again);
	if (!pid) {
		close(self->fd);
		become(BOB);
		CHECK(info(again).flags == 0);
		CHECK(call(again, ZINC_IOC_REGION_UNLINK, NULL) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(again);
	EXPECT_EQ(0, info(self->rdonly).flags & ZINC_INFO_CREATOR_GONE);
	EXPECT_EQ(0, events(self->rdonly));
}

/* ---- another user ---- */

TEST_F(threats, the_books_and_limits_are_roots)
{
	pid_t pid = spawn();

	if (!pid) {
		become(BOB);
		CHECK(open(DEBUGFS, O_RDONLY) == -1);
		CHECK(errno == EACCES || errno == ENOENT);
		CHECK(write_text(MAX_REGIONS, "0\n") == -EACCES);
		CHECK(write_text(MAX_BYTES, "0\n") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	if (!access("/sys/kernel/debug/zinc", F_OK))
		EXPECT_EQ(0, access(DEBUGFS, R_OK));
}

/* ---- containers ---- */

/* Bob as root of his own namespaces; SKIPPED if there are none */
static void become_root_of_a_container(void)
{
	become(BOB);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(SKIPPED);
}

/* A child's exit status, in words */
#define EXPECT_CONTAINED(pid) do {					\
	int __status = reap(pid);					\
	if (__status == SKIPPED)					\
		SKIP(break, "no user namespaces here");			\
	EXPECT_EQ(0, __status);						\
} while (0)

TEST_F(threats, root_of_a_container_has_limits)
{
	pid_t pid;

	ASSERT_EQ(0, write_text(MAX_REGIONS, "3\n"));
	pid = spawn();
	if (!pid) {
		int i;

		become_root_of_a_container();
		for (i = 0; i < 3; i++)
			CHECK(create(self->dev, "", PAGE) >= 0);
		CHECK(create(self->dev, "", PAGE) == -EDQUOT);
		CHECK(write_text(MAX_REGIONS, "0\n") == -EACCES);
		_exit(0);
	}
	EXPECT_CONTAINED(pid);
}

/* A user has one account, in however many containers */
TEST_F(threats, a_container_is_no_second_account)
{
	pid_t pid;

	ASSERT_EQ(0, write_text(MAX_REGIONS, "3\n"));
	pid = spawn();
	if (!pid) {
		pid_t inner;

		become(BOB);
		CHECK(create(self->dev, "", PAGE) >= 0);
		CHECK(create(self->dev, "", PAGE) >= 0);
		inner = spawn();
		if (!inner) {
			if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
				_exit(SKIPPED);
			CHECK(query(self->dev).user_regions == 2);
			CHECK(create(self->dev, "", PAGE) >= 0);
			CHECK(create(self->dev, "", PAGE) == -EDQUOT);
			_exit(0);
		}
		_exit(reap(inner));
	}
	EXPECT_CONTAINED(pid);
}

/* All capabilities over a namespace give no right over objects outside */
TEST_F(threats, root_of_a_container_has_no_right_by_a_handle)
{
	int again = reopen_as(self->fd, 0);
	pid_t pid = spawn();

	ASSERT_LE(0, again);
	if (!pid) {
		close(self->fd);
		become_root_of_a_container();
		CHECK(call(again, ZINC_IOC_REGION_UNLINK, NULL) == -EPERM);
		CHECK(call(self->rdonly, ZINC_IOC_REGION_UNLINK, NULL) == -EPERM);
		CHECK(reopen_as(self->rdonly, 0) == -EACCES);
		CHECK(open_name(self->dev, self->name) == -ENOENT);
		CHECK(unlink_name(self->dev, self->name) == -ENOENT);
		/* the same name is another region in there */
		CHECK(info(create(self->dev, self->name, PAGE)).id != info(again).id);
		_exit(0);
	}
	EXPECT_CONTAINED(pid);
	close(again);
}

/* ---- a process that overwrites the control page ---- */

/* A child: writes to everything that it can write, until it is killed */
static void scribble(int fd)
{
	char *control = map_control(fd, RW);
	unsigned int i;

	CHECK(control);
	for (i = 0;; i++) {
		memset(control, i, PAGE);
		STORE(header_of(control)->waiters, i & 1);
	}
}

TEST_F(threats, a_forger_harms_no_other_region)
{
	int ask = create(self->dev, "", PAGE), answer = create(self->dev, "", PAGE);
	struct zinc_wait w = wait_args(ZINC_WAIT_NOTIFY, 0, patience());
	struct zinc_header *h = map_header(ask, PROT_READ);
	pid_t forger, pid;
	int i;

	ASSERT_NE(NULL, h);
	forger = spawn();
	if (!forger)
		scribble(self->fd);
	pid = spawn();
	if (!pid) {
		for (i = 0; i < 500; i++) {
			CHECK(!wait_until(ask, patience()));
			CHECK(!notify(answer));
		}
		_exit(0);
	}
	w.notify_fd = ask;
	for (i = 0; i < 500; i++) {
		w.deadline = patience();
		ASSERT_EQ(0, call(answer, ZINC_IOC_REGION_WAIT, &w));
		ASSERT_EQ(i + 1, w.cursor);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(500, info(ask).sequence);
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	EXPECT_EQ(PAGE, h->capacity);
	EXPECT_EQ(0, kill(forger, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(forger));
	unmap_header(h);
	close(ask);
	close(answer);
}

/* Clearing the flag makes a free notify late, for the region's other users */
TEST_F(threats, a_forged_flag_delays_to_the_deadline)
{
	struct zinc_header *h = map_header(self->fd, RW);
	bool in_time = false;
	unsigned int ms;
	__u64 deadline;
	pid_t pid;

	ASSERT_NE(NULL, h);
	/* longer, where the machine is too slow to forge it before */
	for (ms = 200; !in_time && ms < PATIENCE_MS / 2; ms *= 4) {
		EXPECT_EQ(0, set_cursor(self->rdonly, LOAD(h->notify_seq)));
		deadline = after_ms(ms);
		pid = spawn();
		if (!pid) {
			CHECK(!wait_until(self->rdonly, deadline));
			CHECK(clock_ns(CLOCK_MONOTONIC) >= deadline);
			_exit(0);
		}
		EXPECT_TRUE(EVENTUALLY(LOAD(h->waiters)));
		EXPECT_TRUE(falls_asleep(pid));
		STORE(h->waiters, 0);
		notify_free(self->fd, h);
		in_time = clock_ns(CLOCK_MONOTONIC) < deadline;
		/* else it may have been as late as that */
		EXPECT_TRUE(!reap(pid) || !in_time);
	}
	EXPECT_TRUE(in_time);
	unmap_header(h);
}

TEST_F(threats, a_forged_flag_delays_no_signal)
{
	struct zinc_header *h = map_header(self->fd, RW);
	pid_t pid;

	ASSERT_NE(NULL, h);
	pid = spawn();
	if (!pid)
		_exit(wait_until(self->rdonly, ZINC_DEADLINE_NEVER) != 0);
	EXPECT_TRUE(EVENTUALLY(LOAD(h->waiters)));
	EXPECT_TRUE(falls_asleep(pid));
	STORE(h->waiters, 0);
	notify_free(self->fd, h);
	sleep_ms(50);
	EXPECT_EQ('S', task_state(pid));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(EVENTUALLY(!info(self->fd).waiters));
	unmap_header(h);
}

/* ---- a process that dies or stops ---- */

TEST_F(threats, the_dead_are_not_waited_for)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ);
	pid_t pid;

	ASSERT_NE(NULL, h);
	pid = spawn();
	if (!pid)
		_exit(wait_until(self->rdonly, ZINC_DEADLINE_NEVER) != 0);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 1));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, info(self->fd).waiters);
	EXPECT_EQ(0, LOAD(h->waiters));
	unmap_header(h);
}

TEST_F(threats, killed_while_pages_are_made)
{
	enum { DEATHS = 20 };
	size_t size = 128 << 20;
	unsigned int early = 0, i;
	int found;
	pid_t pid;

	for (i = 0; i < DEATHS; i++) {
		pid = spawn();
		if (!pid) {
			int fd = create(self->dev, "unfinished", size);

			CHECK(fd >= 0 || fd == -EEXIST);
			pause();
		}
		/* from before it begins, on some machines, to after it is done */
		sleep_ms(3 * i);
		found = open_name(self->dev, "unfinished");
		early += found == -ENOENT;
		if (found >= 0)
			close(found);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(128 + SIGKILL, reap(pid));
		ASSERT_TRUE(EVENTUALLY(query(self->dev).user_bytes ==
				       self->before.user_bytes));
		ASSERT_EQ(self->before.user_regions, query(self->dev).user_regions);
		ASSERT_EQ(-ENOENT, open_name(self->dev, "unfinished"));
	}
	EXPECT_LT(0, early);
}

/* A child: every call, again and again */
static void keep_calling(int dev, const char *name)
{
	struct zinc_info entries[4];
	struct zinc_list l = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	int fd, other;

	for (;;) {
		fd = create(dev, "stopped", PAGE);
		other = open_name(dev, name);
		l.cursor = 0;
		l.count = ARRAY_SIZE(entries);
		call(dev, ZINC_IOC_LIST, &l);
		notify(other);
		wait_until(other, 0);
		wait_until(fd, after_ms(1));
		unlink_name(dev, "stopped");
		close(other);
		close(fd);
	}
}

TEST_F(threats, a_stopped_process_holds_up_nobody)
{
	unsigned int seed = 1;
	int round, fd, other;
	pid_t pid;

	pid = spawn();
	if (!pid)
		keep_calling(self->dev, self->name);
	for (round = 0; round < 200; round++) {
		nanosleep(&(struct timespec){ 0, rand_r(&seed) % 3000000 }, NULL);
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'T'));
		fd = create(self->dev, "running", PAGE);
		ASSERT_LE(0, fd);
		other = open_name(self->dev, "running");
		ASSERT_LE(0, other);
		ASSERT_EQ(1, times_listed(self->dev, info(fd).id));
		ASSERT_EQ(0, notify(fd));
		ASSERT_EQ(0, wait_until(other, 0));
		ASSERT_EQ(0, notify(self->fd));
		ASSERT_EQ(0, unlink_name(self->dev, "running"));
		close(other);
		close(fd);
		ASSERT_EQ(0, kill(pid, SIGCONT));
	}
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
}

TEST_HARNESS_MAIN
