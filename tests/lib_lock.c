// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's locks on files: flock, its deadlines, the folder of lock files,
 * and the paths of other locks.
 */
#include "lib_test.h"
#include "lock_machine.h"
#include "lock_test.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "lock/internal.h"

/* ---- flock -------------------------------------------------------------- */

TEST_F(lock, try_gets_it_or_says_who_has)
{
	char want[160];
	int fd, to;
	pid_t pid;

	fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, &self->why);
	ASSERT_LE(0, fd);
	EXPECT_EQ(NULL, self->why);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	/* this process included */
	EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL));
	zinc_flock_release(fd);
	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_SHARED, &self->why));
	snprintf(want, sizeof(want), "%s is locked by:\n  pid=%d cmd=", self->path,
		 pid);
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_EQ(0, let_go(pid, to));
	fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	EXPECT_LE(0, fd);
	zinc_flock_release(fd);
	zinc_flock_release(-1);
	/* it stays */
	EXPECT_EQ(0, access(self->path, F_OK));
}

TEST_F(lock, shared_locks_go_together)
{
	int a = zinc_flock_try(self->path, ZINC_SHARED, NULL);
	int b = zinc_flock_try(self->path, ZINC_SHARED, NULL);

	EXPECT_LE(0, a);
	EXPECT_LE(0, b);
	EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL));
	zinc_flock_release(a);
	EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL));
	zinc_flock_release(b);
	a = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	EXPECT_LE(0, a);
	zinc_flock_release(a);
}

TEST_F(lock, it_is_made_as_the_umask_lets_and_never_emptied)
{
	struct stat st;
	mode_t old = umask(027);
	int fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);

	umask(old);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0640, st.st_mode & 07777);
	ASSERT_EQ(3, write(fd, "abc", 3));
	zinc_flock_release(fd);
	EXPECT_EQ(0, zinc_flock_materialize(self->path, NULL));
	fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(3, st.st_size);
	zinc_flock_release(fd);
}

TEST_F(lock, materialize_takes_no_lock)
{
	int fd;

	EXPECT_EQ(0, zinc_flock_materialize(self->path, &self->why));
	EXPECT_EQ(NULL, self->why);
	fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	EXPECT_LE(0, fd);
	/* and regardless of the holder */
	EXPECT_EQ(0, zinc_flock_materialize(self->path, NULL));
	zinc_flock_release(fd);
	snprintf(self->path, sizeof(self->path), "%s/none/a.lock", self->dir);
	EXPECT_EQ(-ENOENT, zinc_flock_materialize(self->path, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "its directory does not exist"));
}

TEST_F(lock, a_deadline_ends_a_wait)
{
	uint64_t begin;
	pid_t pid;
	int to;

	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	EXPECT_EQ(-ETIMEDOUT, zinc_flock_block(self->path, ZINC_SHARED, 0, NULL));
	begin = now_ns();
	EXPECT_EQ(-ETIMEDOUT,
		  zinc_flock_block(self->path, ZINC_EXCLUSIVE, 200, &self->why));
	EXPECT_LE(begin + 200 * NSEC_PER_MSEC, now_ns());
	EXPECT_NE(NULL, self->why);
	/* no helper process is left, and no wait for children saw one */
	EXPECT_EQ(0, let_go(pid, to));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

static void on_signal(int sig)
{
	(void)sig;
}

TEST_F(lock, a_wait_gets_it_when_it_is_free_whatever_the_signals)
{
	static const uint32_t timeouts[] = { PATIENCE_MS, ZINC_WAIT_FOREVER };
	struct sigaction sa = { .sa_handler = on_signal }, old;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		pid_t waiter, pid;
		int to;

		pid = hold(self->path, ZINC_EXCLUSIVE, &to);
		waiter = fork_or_die();
		if (!waiter) {
			int fd;

			close(to);
			CHECK(!sigaction(SIGUSR1, &sa, &old));
			fd = zinc_flock_block(self->path, ZINC_EXCLUSIVE,
					      timeouts[i], NULL);
			CHECK(fd >= 0);
			CHECK(zinc_flock_try(self->path, ZINC_SHARED, NULL) ==
			      -EBUSY);
			zinc_flock_release(fd);
			/* no other process has the file open any more */
			fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
			CHECK(fd >= 0);
			_exit(0);
		}
		EXPECT_TRUE(asleep(waiter));
		kill(waiter, SIGUSR1);
		sleep_ms(20);
		kill(waiter, SIGUSR1);
		EXPECT_EQ(0, let_go(pid, to));
		EXPECT_EQ(0, reap(waiter));
	}
}

/* A helper that went on sleeping would keep the lock's file, and get the lock. */
TEST_F(lock, the_helper_goes_with_its_caller)
{
	int ends[2], to;
	pid_t pid, waiter;
	char c;

	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	ASSERT_EQ(0, pipe(ends));
	waiter = fork_or_die();
	if (!waiter) {
		close(ends[0]);
		close(to);
		CHECK(zinc_flock_block(self->path, ZINC_EXCLUSIVE, PATIENCE_MS,
				       NULL) >= 0);
		_exit(0);
	}
	close(ends[1]);
	EXPECT_TRUE(asleep(waiter));
	/* the waiter is killed; its helper ends with it */
	kill(waiter, SIGKILL);
	EXPECT_EQ(-SIGKILL, reap(waiter));
	EXPECT_EQ(0, read(ends[0], &c, 1));
	EXPECT_EQ(0, let_go(pid, to));
	pid = zinc_flock_block(self->path, ZINC_EXCLUSIVE, PATIENCE_MS, NULL);
	EXPECT_LE(0, pid);
	zinc_flock_release(pid);
}

/*
 * The lock that a wait has got is the waiter's own: the kernel names the process
 * that called flock(2), and a helper would have ended.
 */
TEST_F(lock, who_has_waited_is_the_holder)
{
	static const uint32_t modes[] = { ZINC_EXCLUSIVE, ZINC_SHARED };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct zinc_lock_holder *h;
		int to, end[2], ready[2];
		pid_t pid, waiter;
		size_t n;
		char c;

		ASSERT_EQ(0, pipe(ready));
		ASSERT_EQ(0, pipe(end));
		pid = hold(self->path, ZINC_EXCLUSIVE, &to);
		waiter = fork_or_die();
		if (!waiter) {
			close(to);
			close(end[1]);
			CHECK(zinc_flock_block(self->path, modes[i], PATIENCE_MS,
					       NULL) >= 0);
			CHECK(write(ready[1], "", 1) == 1);
			CHECK(!read(end[0], &c, 1));
			_exit(0);
		}
		EXPECT_TRUE(asleep(waiter));
		EXPECT_EQ(0, let_go(pid, to));
		ASSERT_EQ(1, read(ready[0], &c, 1));
		ASSERT_EQ(0, zinc_flock_holders(self->path, &h, &n, sizeof(*h)));
		EXPECT_EQ(1, n);
		EXPECT_EQ(waiter, n ? h->pid : 0);
		EXPECT_EQ(modes[i], n ? h->mode : ~0U);
		EXPECT_EQ(0, n ? h->taken_by : ~0);
		zinc_holders_free(h);
		EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL));
		close(end[0]);
		close(end[1]);
		EXPECT_EQ(0, reap(waiter));
		close(ready[0]);
		close(ready[1]);
	}
}

/* Taken over from helpers, by turns: never two at a time, and always by name */
TEST_F_TIMEOUT(lock, waits_with_a_deadline_never_overlap, 600)
{
	enum { PROCESSES = 6 };
	int *inside = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int each = getenv("ZINC_VM") ? 20 : 100;
	pid_t pids[PROCESSES];
	int i, n;

	ASSERT_NE(MAP_FAILED, inside);
	for (i = 0; i < PROCESSES; i++) {
		/* two of them share */
		uint32_t mode = i < 2 ? ZINC_SHARED : ZINC_EXCLUSIVE;

		pids[i] = fork_or_die();
		if (pids[i])
			continue;
		for (n = 0; n < each; n++) {
			int fd = zinc_flock_block(self->path, mode,
						  10 * PATIENCE_MS, NULL);
			int others;

			CHECK(fd >= 0);
			if (mode == ZINC_EXCLUSIVE)
				others = __atomic_fetch_add(&inside[0], 1 << 8,
							    __ATOMIC_SEQ_CST);
			else
				others = __atomic_fetch_add(&inside[0], 1,
							    __ATOMIC_SEQ_CST) >> 8;
			CHECK(!others);
			if (n % 16)
				sched_yield();
			else
				sleep_ms(1);
			__atomic_fetch_sub(&inside[0],
					   mode == ZINC_SHARED ? 1 : 1 << 8,
					   __ATOMIC_SEQ_CST);
			zinc_flock_release(fd);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(pids[i]));
	munmap(inside, PAGE);
}

/* A sandbox that allows no signal by pidfd: the wait ends all the same */
TEST_F(lock, a_deadline_where_pidfd_send_signal_is_refused)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_SIZE(code), code };
	pid_t pid, waiter;
	int to;

	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	waiter = fork_or_die();
	if (!waiter) {
		CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter));
		alarm(PATIENCE_MS / 1000);
		CHECK(zinc_flock_block(self->path, ZINC_EXCLUSIVE, 100, NULL) ==
		      -ETIMEDOUT);
		CHECK(waitpid(-1, NULL, __WALL | WNOHANG) == -1);
		_exit(0);
	}
	EXPECT_EQ(0, reap(waiter));
	EXPECT_EQ(0, let_go(pid, to));
}

/* A cleaner removes the file: a lock on the removed file would exclude no process */
TEST_F(lock, a_file_that_is_replaced_during_the_wait)
{
	static const uint32_t timeouts[] = { PATIENCE_MS, ZINC_WAIT_FOREVER };
	static const uint32_t modes[] = { ZINC_EXCLUSIVE, ZINC_SHARED };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct stat old, new;
		pid_t pid, waiter;
		int to;

		pid = hold(self->path, ZINC_EXCLUSIVE, &to);
		waiter = fork_or_die();
		if (!waiter) {
			int fd;

			close(to);
			fd = zinc_flock_block(self->path, modes[i / 2],
					      timeouts[i % 2], NULL);
			CHECK(fd >= 0);
			CHECK(!fstat(fd, &old) && !stat(self->path, &new));
			CHECK(old.st_ino == new.st_ino);
			CHECK(zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL) ==
			      -EBUSY);
			_exit(0);
		}
		EXPECT_TRUE(asleep(waiter));
		/* kept open, so that its inode's number is not used again */
		EXPECT_EQ(0, unlink(self->path));
		EXPECT_EQ(0, let_go(pid, to));
		EXPECT_EQ(0, reap(waiter));
	}
}

struct replacer {
	const char *path, *from;
	int stop;
};

static void *replace(void *arg)
{
	struct replacer *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		close(open(r->from, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
		rename(r->from, r->path);
	}
	return NULL;
}

/* After all these changes, the acquired lock is on the existing file */
TEST_F(lock, a_file_that_is_replaced_all_the_time)
{
	char from[128];
	struct replacer r = { .path = self->path, .from = from };
	pthread_t thread;
	int i, fd, got = 0;

	snprintf(from, sizeof(from), "%s/new", self->dir);
	ASSERT_EQ(0, pthread_create(&thread, NULL, replace, &r));
	for (i = 0; i < 200; i++) {
		fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, &self->why);
		got += fd >= 0;
		if (fd < 0) {
			EXPECT_EQ(-ESTALE, fd);
			EXPECT_NE(NULL, strstr(self->why, "removed or replaced repeatedly"));
			free(self->why);
			self->why = NULL;
		}
		zinc_flock_release(fd);
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LT(0, got);
	fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	EXPECT_LE(0, fd);
	zinc_flock_release(fd);
}

/* The process that took it ends it; a copy in a child does neither way */
TEST_F(lock, release_frees_it_though_a_child_lives)
{
	int fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	int end[2];
	pid_t pid;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(end));
	pid = fork_or_die();
	if (!pid) {
		close(end[1]);
		CHECK(!read(end[0], &c, 1));
		_exit(0);
	}
	zinc_flock_release(fd);
	fd = zinc_flock_try(self->path, ZINC_EXCLUSIVE, NULL);
	EXPECT_LE(0, fd);
	close(end[0]);
	close(end[1]);
	EXPECT_EQ(0, reap(pid));
	IN_CHILD(pid)
		zinc_flock_release(fd);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_SHARED, NULL));
	zinc_flock_release(fd);
}

/* A pipe that it had open would keep others from seeing its end */
TEST_F(lock, the_helper_has_nothing_but_the_file)
{
	char path[96], *children;
	struct dirent *entry;
	int to, ends[2], n = 0;
	pid_t pid, waiter;
	size_t length;
	DIR *dir;

	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	ASSERT_EQ(0, pipe(ends));
	waiter = fork_or_die();
	if (!waiter) {
		zinc_flock_block(self->path, ZINC_EXCLUSIVE, PATIENCE_MS, NULL);
		_exit(0);
	}
	EXPECT_TRUE(asleep(waiter));
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", waiter, waiter);
	if (zinc_read_whole(path, &children, &length))
		SKIP(goto end, "no %s", path);
	ASSERT_LT(0, atoi(children));
	EXPECT_TRUE(asleep(atoi(children)));
	snprintf(path, sizeof(path), "/proc/%d/fd", atoi(children));
	free(children);
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	EXPECT_EQ(1, n);
	closedir(dir);
end:
	kill(waiter, SIGKILL);
	reap(waiter);
	EXPECT_EQ(0, let_go(pid, to));
	close(ends[0]);
	close(ends[1]);
}

TEST_F(lock, acquire_makes_the_folder_and_says_what_was_in_the_way)
{
	char deep[128], want[512];
	struct zinc_flock_request r = {
		.size = sizeof(r),
		.timeout_ms = 150,
		.path = deep,
		.context = "the cache entry x",
		.remediation = "Wait for it.",
	};
	int fd, to;
	pid_t pid;

	snprintf(deep, sizeof(deep), "%s/some/where/x.lock", self->dir);
	fd = zinc_flock_acquire(&r, &self->why);
	ASSERT_LE(0, fd) TH_LOG("%s", self->why);
	zinc_flock_release(fd);
	pid = hold(deep, ZINC_SHARED, &to);
	EXPECT_EQ(-ETIMEDOUT, zinc_flock_acquire(&r, &self->why));
	snprintf(want, sizeof(want),
		 "flock LOCK_EX on the cache entry x timed out after 150ms (lockfile %s, holders:   pid=%d cmd=",
		 deep, pid);
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_NE(NULL, strstr(self->why, "). Wait for it."));
	r.mode = ZINC_SHARED;
	fd = zinc_flock_acquire(&r, NULL);
	EXPECT_LE(0, fd);
	zinc_flock_release(fd);
	/* at least one try */
	r.timeout_ms = 0;
	fd = zinc_flock_acquire(&r, NULL);
	EXPECT_LE(0, fd);
	zinc_flock_release(fd);
	EXPECT_EQ(0, let_go(pid, to));
}

TEST_F(lock, a_timeout_in_words)
{
	struct zinc_flock_request request = {
		.size = sizeof(request),
		.path = self->path,
	};
	static const struct {
		uint32_t ms;
		const char *words;
	} cases[] = {
		{ 999, "after 999ms (" }, { 1000, "after 1s (" },
		{ 1150, "after 1.15s (" }, { 1234, "after 1.234s (" },
	};
	unsigned int i;
	int to;
	pid_t pid = hold(self->path, ZINC_EXCLUSIVE, &to);

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		request.timeout_ms = cases[i].ms;
		EXPECT_EQ(-ETIMEDOUT, zinc_flock_acquire(&request, &self->why));
		ASSERT_NE(NULL, self->why);
		EXPECT_NE(NULL, strstr(self->why, cases[i].words))
			TH_LOG("%s", self->why);
		free(self->why);
		self->why = NULL;
	}
	EXPECT_EQ(-ETIMEDOUT, zinc_flock_acquire(&request, NULL));
	EXPECT_EQ(0, let_go(pid, to));
}

TEST_F(lock, bad_arguments)
{
	struct zinc_flock_request r = { .size = sizeof(r), .path = self->path };
	struct zinc_lock_holder *h;
	size_t n;

	EXPECT_EQ(-EINVAL, zinc_flock_try(NULL, ZINC_EXCLUSIVE, NULL));
	EXPECT_EQ(-EINVAL, zinc_flock_try(self->path, 2, NULL));
	EXPECT_EQ(-EINVAL, zinc_flock_block(self->path, 2, 0, NULL));
	EXPECT_EQ(-EINVAL, zinc_flock_materialize(NULL, NULL));
	EXPECT_EQ(-EINVAL, zinc_flock_acquire(NULL, NULL));
	r.size--;
	EXPECT_EQ(-EINVAL, zinc_flock_acquire(&r, NULL));
	r.size++;
	r.reserved = 1;
	EXPECT_EQ(-EINVAL, zinc_flock_acquire(&r, NULL));
	EXPECT_EQ(-EINVAL, zinc_flock_holders(NULL, &h, &n, HOLDER_SIZE));
	EXPECT_EQ(-EINVAL, zinc_flock_holders(self->path, NULL, &n, HOLDER_SIZE));
	EXPECT_NE(0, access(self->path, F_OK));
}

TEST_F(lock, what_is_no_lock_file)
{
	char other[128];

	EXPECT_EQ(-EISDIR, zinc_flock_try(self->dir, ZINC_EXCLUSIVE, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "it is a directory"));
	free(self->why);
	snprintf(other, sizeof(other), "%s/none/x.lock", self->dir);
	EXPECT_EQ(-ENOENT, zinc_flock_try(other, ZINC_EXCLUSIVE, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "its directory does not exist"));
	free(self->why);
	ASSERT_EQ(0, mkfifo(self->path, 0666));
	EXPECT_EQ(-EEXIST, zinc_flock_try(self->path, ZINC_EXCLUSIVE, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "not a regular file"));
}

/* ---- file systems ------------------------------------------------------- */

TEST(refused_file_systems)
{
	static const struct {
		long magic;
		const char *name;
	} cases[] = {
		{ 0x6969, "NFS" }, { 0xff534d42, "CIFS" }, { 0xfe534d42, "SMB2" },
		{ 0x00c36400, "CEPH" }, { 0x6b414653, "AFS" },
		{ 0x65735546, "FUSE" }, { (int32_t)0xff534d42, "CIFS" },
		{ 0x01021994, NULL }, { 0xef53, NULL }, { 0x9123683e, NULL },
		{ 0, NULL }, { -1, NULL },
	};
	const char *reason, *name;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		name = zinc_refused_filesystem(cases[i].magic, &reason);
		EXPECT_STREQ(cases[i].name ?: "none", name ?: "none");
	}
}

/* ---- the folder of lock files ------------------------------------------- */

TEST(configuration)
{
	static const struct {
		const char *text, *dir, *why;
	} cases[] = {
		{ "", "", NULL },
		{ "# lock_dir = /a\n\n \t\n", "", NULL },
		{ "lock_dir = /run/lock/zinc\n", "/run/lock/zinc", NULL },
		{ "\tlock_dir=/a b/ \r\n# end", "/a b", NULL },
		{ "lock_dir = /", "/", NULL },
		{ "lock_dir = //", "/", NULL },
		{ "lock_dir", "", "f:1: expected 'KEY = VALUE'" },
		{ "\nLOCK_DIR = /a", "", "f:2: unknown key: expected lock_dir" },
		{ "= /a", "", "f:1: unknown key: expected lock_dir" },
		{ "lock_dir =", "",
		  "f:1: lock_dir must be an absolute path, such as /run/lock/zinc" },
		{ "lock_dir = locks", "",
		  "f:1: lock_dir must be an absolute path, such as /run/lock/zinc" },
		{ "lock_dir = /a\nlock_dir = /a\n", "", "f:2: lock_dir is there twice" },
		{ "lock_dir = /a\tb", "", "f:1: lock_dir has a control character" },
		{ "lock_dir = /a\nx", "", "f:2: expected 'KEY = VALUE'" },
	};
	char dir[ZINC_LOCK_DIR_SIZE], *why, longer[ZINC_LOCK_DIR_SIZE + 64];
	unsigned int i;
	size_t n;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		why = NULL;
		err = zinc_config_parse(cases[i].text, strlen(cases[i].text), "f",
					dir, &why);
		EXPECT_STREQ(cases[i].dir, dir);
		if (cases[i].why) {
			EXPECT_EQ(-EBADMSG, err);
			ASSERT_NE(NULL, why);
			EXPECT_STREQ(cases[i].why, why);
		} else {
			EXPECT_EQ(0, err);
			EXPECT_EQ(NULL, why);
		}
		free(why);
	}
	/* a NUL does not end the text */
	EXPECT_EQ(-EBADMSG, zinc_config_parse("lock_dir = /a\0b", 16, "f", dir, NULL));
	n = snprintf(longer, sizeof(longer), "lock_dir = /%0*d", ZINC_LOCK_DIR_SIZE - 1, 0);
	EXPECT_EQ(-EBADMSG, zinc_config_parse(longer, n, "f", dir, NULL));
	EXPECT_EQ(0, zinc_config_parse(longer, n - 1, "f", dir, NULL));
	EXPECT_EQ(ZINC_LOCK_DIR_SIZE - 1, strlen(dir));
}

TEST_F(lock, which_folder)
{
	char folder[128], *from;

	EXPECT_EQ(0, zinc_lock_folder(folder, sizeof(folder), &from));
	EXPECT_STREQ(self->dir, folder);
	EXPECT_STREQ("ZINC_LOCK_DIR", from);
	free(from);
	EXPECT_EQ(-ENAMETOOLONG, zinc_lock_folder(folder, 2, NULL));
	EXPECT_EQ(-EINVAL, zinc_lock_folder(NULL, 2, NULL));
	/* empty is as if it were not there */
	setenv("ZINC_LOCK_DIR", "", 1);
	if (!access("/etc/zinc.conf", F_OK))
		SKIP(return, "this machine has an /etc/zinc.conf");
	EXPECT_EQ(0, zinc_lock_folder(folder, sizeof(folder), &from));
	EXPECT_STREQ("/tmp", folder);
	EXPECT_STREQ("default: neither ZINC_LOCK_DIR nor /etc/zinc.conf names a folder",
		     from);
	free(from);
}

/* ---- other paths -------------------------------------------------------- */

TEST_F(lock, paths_of_other_locks)
{
	char path[512], want[512], tree[128], link_to[128], first[512];

	snprintf(want, sizeof(want), "%s/zinc-llc-3.lock", self->dir);
	EXPECT_EQ(0, zinc_llc_lock_path(path, sizeof(path), 3));
	EXPECT_STREQ(want, path);
	snprintf(want, sizeof(want), "%s/zinc-cpu-17.lock", self->dir);
	EXPECT_EQ(0, zinc_cpu_lock_path(path, sizeof(path), 17));
	EXPECT_STREQ(want, path);
	EXPECT_EQ(0, zinc_cache_lock_path(path, sizeof(path), "/c", "key"));
	EXPECT_STREQ("/c/.locks/key.lock", path);
	EXPECT_EQ(-EINVAL, zinc_cache_lock_path(path, sizeof(path), "/c", "a/b"));
	EXPECT_EQ(-EINVAL, zinc_cache_lock_path(path, sizeof(path), "/c", ".."));
	EXPECT_EQ(-EINVAL, zinc_cache_lock_path(path, sizeof(path), "", "a"));
	EXPECT_EQ(-EINVAL, zinc_llc_lock_path(NULL, sizeof(path), 3));
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_path(NULL, sizeof(path), 17));
	EXPECT_EQ(-EINVAL, zinc_source_lock_path(path, sizeof(path), "/c", NULL));
	EXPECT_EQ(-ENAMETOOLONG, zinc_cache_lock_path(path, 5, "/c", "key"));
	/* the same tree by any path */
	snprintf(tree, sizeof(tree), "%s/tree", self->dir);
	snprintf(link_to, sizeof(link_to), "%s/link", self->dir);
	ASSERT_EQ(0, mkdir(tree, 0755));
	ASSERT_EQ(0, symlink("tree", link_to));
	EXPECT_EQ(0, zinc_source_lock_path(first, sizeof(first), "/c", tree));
	EXPECT_EQ(0, zinc_source_lock_path(path, sizeof(path), "/c", link_to));
	EXPECT_STREQ(first, path);
	snprintf(want, sizeof(want), "/c/.locks/source-%016llx.lock",
		 (unsigned long long)fnv1a(tree));
	EXPECT_STREQ(want, path);
	EXPECT_EQ(-ENOENT, zinc_source_lock_path(path, sizeof(path), "/c", "/none"));
}

/* ---- many at once ------------------------------------------------------- */

struct section {
	int inside, overlaps;
	unsigned int entered;
};

static unsigned int rounds(void)
{
	const char *text = getenv("ZINC_ROUNDS");

	return text ? (unsigned int)strtoul(text, NULL, 0) / 4 : 10000;
}

TEST_F_TIMEOUT(lock, eight_processes_never_overlap, 1200)
{
	unsigned int each = rounds(), n;
	struct section *s;
	pid_t pids[8];
	int i;

	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		 -1, 0);
	ASSERT_NE(MAP_FAILED, s);
	for (i = 0; i < 8; i++) {
		pids[i] = fork_or_die();
		if (pids[i])
			continue;
		for (n = 0; n < each; n++) {
			int fd = zinc_flock_block(self->path, ZINC_EXCLUSIVE,
						  ZINC_WAIT_FOREVER, NULL);

			CHECK(fd >= 0);
			if (__atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST) != 1)
				s->overlaps = 1;
			s->entered++;
			__atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
			zinc_flock_release(fd);
		}
		_exit(0);
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(0, s->overlaps);
	EXPECT_EQ(8 * each, s->entered);
	munmap(s, PAGE);
}

TEST_HARNESS_MAIN
