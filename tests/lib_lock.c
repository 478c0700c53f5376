// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's locks: flock on files, who has them, GPUs by file and by the
 * kernel, and the texts that others read.
 */
#include "lib_test.h"
#include "lock_machine.h"
#include "lock_test.h"

#include <sys/file.h>
#include <sys/mman.h>

#include "lock.h"

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
	/* and does not care who has it */
	EXPECT_EQ(0, zinc_flock_materialize(self->path, NULL));
	zinc_flock_release(fd);
	snprintf(self->path, sizeof(self->path), "%s/none/a.lock", self->dir);
	EXPECT_EQ(-ENOENT, zinc_flock_materialize(self->path, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "its folder is not there"));
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
	/* no helper is left, and none was seen by those who wait for children */
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
			/* nobody else has the file open any more */
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
	/* whoever waits is killed; the helper goes with him */
	kill(waiter, SIGKILL);
	EXPECT_EQ(-SIGKILL, reap(waiter));
	EXPECT_EQ(0, read(ends[0], &c, 1));
	EXPECT_EQ(0, let_go(pid, to));
	pid = zinc_flock_block(self->path, ZINC_EXCLUSIVE, PATIENCE_MS, NULL);
	EXPECT_LE(0, pid);
	zinc_flock_release(pid);
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
		{ 1150, "after 1.1s (" },
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
	EXPECT_EQ(-EINVAL, zinc_flock_holders(NULL, &h, &n));
	EXPECT_EQ(-EINVAL, zinc_flock_holders(self->path, NULL, &n));
	EXPECT_NE(0, access(self->path, F_OK));
}

TEST_F(lock, what_is_no_lock_file)
{
	char other[128];

	EXPECT_EQ(-EISDIR, zinc_flock_try(self->dir, ZINC_EXCLUSIVE, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "it is a folder"));
	free(self->why);
	snprintf(other, sizeof(other), "%s/none/x.lock", self->dir);
	EXPECT_EQ(-ENOENT, zinc_flock_try(other, ZINC_EXCLUSIVE, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "its folder is not there"));
	free(self->why);
	ASSERT_EQ(0, mkfifo(self->path, 0666));
	EXPECT_EQ(-EEXIST, zinc_flock_try(self->path, ZINC_EXCLUSIVE, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "not a plain file"));
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

/* ---- /proc/self/mountinfo ----------------------------------------------- */

static int device_of(const char *text, const char *path, long id,
		     unsigned int *major, unsigned int *minor)
{
	*major = *minor = ~0U;
	return zinc_mountinfo_device(text, strlen(text), path, id, major, minor);
}

TEST(mountinfo)
{
	static const char text[] =
		"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"this line is none\n"
		"22 21 0:20 / /tmp rw,nosuid shared:2 - tmpfs t rw\n"
		"23 21 0:21 / /tmpfoo rw - tmpfs t rw\n"
		"24 22 0:22 / /tmp/with\\040space\\134x rw - tmpfs t rw\n"
		"25 22 0:23 / /tmp/odd\\9 rw - tmpfs t rw\n"
		"26 22 x:24 / /tmp/bad rw - tmpfs t rw\n"
		"27 22 0:25 / relative rw - tmpfs t rw\n"
		"28 29 0:26 / /stack rw - tmpfs t rw\n"
		"29 21 0:27 / /stack rw - tmpfs t rw\n"
		"30 28 0:28 / /stack rw - tmpfs t rw\n"
		"99999999999 21 0:29 / /big rw - tmpfs t rw\n"
		"31 21 0:30 / /last";
	static const struct {
		const char *path;
		long id;
		unsigned int major, minor;
	} cases[] = {
		{ "/", -1, 8, 1 }, { "/etc/x", -1, 8, 1 },
		{ "/tmp", -1, 0, 20 }, { "/tmp/x", -1, 0, 20 },
		{ "/tmpx", -1, 8, 1 }, { "/tmpfoo/x", -1, 0, 21 },
		{ "/tmp/with space\\x/y", -1, 0, 22 },
		{ "/tmp/with", -1, 0, 20 }, { "/tmp/odd\\9/x", -1, 0, 23 },
		{ "/tmp/bad/x", -1, 0, 20 }, { "/big/x", -1, 8, 1 },
		/* the one on top, in whatever order they are listed */
		{ "/stack/x", -1, 0, 28 },
		/* the kernel's own word comes first */
		{ "/etc/x", 23, 0, 21 }, { "/etc/x", 1234, 8, 1 },
	};
	unsigned int i, major, minor;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, device_of(text, cases[i].path, cases[i].id, &major,
				       &minor));
		EXPECT_EQ(cases[i].major, major) TH_LOG("%s", cases[i].path);
		EXPECT_EQ(cases[i].minor, minor) TH_LOG("%s", cases[i].path);
	}
	EXPECT_EQ(-ENOTSUP, device_of("", "/x", -1, &major, &minor));
	EXPECT_EQ(-ENOTSUP, device_of("1 2 3:4 / /y rw\n", "/x", -1, &major, &minor));
	EXPECT_EQ(~0U, major);
}

/* Cut anywhere, it is read to its end and no further. */
TEST(mountinfo_cut_anywhere)
{
	static const char whole[] = "22 21 0:20 / /tmp\\040x rw - tmpfs t rw\n";
	unsigned int major, minor;
	size_t n;

	for (n = 0; n < sizeof(whole); n++) {
		char *cut = malloc(n ? n : 1);

		ASSERT_NE(NULL, cut);
		memcpy(cut, whole, n);
		zinc_mountinfo_device(cut, n, "/tmp x/y", -1, &major, &minor);
		free(cut);
	}
}

/* ---- /proc/locks -------------------------------------------------------- */

TEST(proc_locks)
{
	static const char text[] =
		"1: FLOCK  ADVISORY  WRITE 100 08:01:5 0 EOF\n"
		"1: -> FLOCK  ADVISORY  WRITE 101 08:01:5 0 EOF\n"
		"2: POSIX  ADVISORY  WRITE 102 08:01:5 0 EOF\n"
		"3: OFDLCK ADVISORY  WRITE 103 08:01:5 0 EOF\n"
		"4: FLOCK  ADVISORY  READ -1 08:01:5 0 EOF\n"
		"5: FLOCK  ADVISORY  READ 99999999999 08:01:5 0 EOF\n"
		"6: FLOCK  ADVISORY  READ 104 08:01:5 0 EOF\n"
		"7: FLOCK  ADVISORY  READ 100 08:01:5 0 EOF\n"
		"8: FLOCK  ADVISORY  READ 105 08:01:55 0 EOF\n"
		"9: FLOCK  ADVISORY  READ 106 00:1f:7 0 EOF\n"
		"10: FLOCK  ADVISORY\n"
		"\n"
		"11: FLOCK  ADVISORY  READ 107 00:1f:7";
	const struct zinc_needle needles[] = {
		{ "08:01:5" }, { "00:1f:7" }, { "" }, { "08:01:6" },
	};
	struct zinc_pids pids[4] = { { 0 } };
	size_t n;
	int i;

	ASSERT_EQ(0, zinc_locks_find(text, strlen(text), needles, 4, pids));
	ASSERT_EQ(2, pids[0].count);
	EXPECT_EQ(100, pids[0].pid[0]);
	EXPECT_EQ(104, pids[0].pid[1]);
	ASSERT_EQ(2, pids[1].count);
	EXPECT_EQ(106, pids[1].pid[0]);
	EXPECT_EQ(107, pids[1].pid[1]);
	EXPECT_EQ(0, pids[2].count);
	EXPECT_EQ(0, pids[3].count);
	for (n = 0; n < sizeof(text); n++) {
		char *cut = malloc(n ? n : 1);

		ASSERT_NE(NULL, cut);
		memcpy(cut, text, n);
		EXPECT_EQ(0, zinc_locks_find(cut, n, needles, 4, pids));
		free(cut);
	}
	for (i = 0; i < 4; i++)
		free(pids[i].pid);
}

/* ---- holders ------------------------------------------------------------ */

TEST(command_lines)
{
	char raw[1024], text[412], want[412];
	size_t n;

	zinc_cmdline_cut("a\0b c\0\0", 7, text, sizeof(text));
	EXPECT_STREQ("a b c", text);
	zinc_cmdline_cut("", 0, text, sizeof(text));
	EXPECT_STREQ("<cmdline unavailable>", text);
	zinc_cmdline_cut("\0\0", 2, text, sizeof(text));
	EXPECT_STREQ("<cmdline unavailable>", text);
	memset(raw, 'x', sizeof(raw));
	memset(want, 'x', 100);
	strcpy(want + 100, "\xe2\x80\xa6");
	zinc_cmdline_cut(raw, 100, text, sizeof(text));
	EXPECT_EQ(100, strlen(text));
	zinc_cmdline_cut(raw, 101, text, sizeof(text));
	EXPECT_STREQ(want, text);
	/* a hundred characters of four bytes, and what is no character */
	for (n = 0; n < 404; n += 4)
		memcpy(raw + n, "\xf0\x9f\x90\xa7", 4);
	zinc_cmdline_cut(raw, 404, text, sizeof(text));
	EXPECT_EQ(403, strlen(text));
	EXPECT_STREQ("\xe2\x80\xa6", text + 400);
	memset(raw, 0xff, sizeof(raw));
	zinc_cmdline_cut(raw, 200, text, sizeof(text));
	EXPECT_EQ(103, strlen(text));
	zinc_cmdline_cut("\xf0\x9f", 2, text, sizeof(text));
	EXPECT_STREQ("\xf0\x9f", text);
	zinc_cmdline_cut("a\xe2\x82z", 4, text, sizeof(text));
	EXPECT_STREQ("a\xe2\x82z", text);
	/* where there is no room for a hundred */
	zinc_cmdline_cut("abcdefgh", 8, text, 8);
	EXPECT_STREQ("abcd\xe2\x80\xa6", text);
}

TEST_F(lock, holders_and_not_those_who_wait)
{
	struct zinc_lock_holder *h;
	int to[2];
	pid_t pid[2], waiter;
	char *text, want[1024];
	size_t n;

	EXPECT_EQ(0, zinc_flock_holders(self->path, &h, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(NULL, h);
	text = zinc_holders_format(h, n);
	EXPECT_STREQ("<none recorded>", text);
	free(text);
	pid[0] = hold(self->path, ZINC_SHARED, &to[0]);
	pid[1] = hold(self->path, ZINC_SHARED, &to[1]);
	waiter = fork_or_die();
	if (!waiter) {
		int fd = open(self->path, O_RDWR | O_CLOEXEC);

		flock(fd, LOCK_EX);
		_exit(1);
	}
	EXPECT_TRUE(asleep(waiter));
	ASSERT_EQ(0, zinc_flock_holders(self->path, &h, &n));
	ASSERT_EQ(2, n);
	EXPECT_TRUE((h[0].pid == pid[0] && h[1].pid == pid[1]) ||
		    (h[0].pid == pid[1] && h[1].pid == pid[0]));
	EXPECT_NE(NULL, strstr(h[0].cmdline, "lib_lock"));
	text = zinc_holders_format(h, n);
	snprintf(want, sizeof(want), "  pid=%d cmd=%s\n  pid=%d cmd=%s", h[0].pid,
		 h[0].cmdline, h[1].pid, h[1].cmdline);
	EXPECT_STREQ(want, text);
	free(text);
	free(h);
	kill(waiter, SIGKILL);
	reap(waiter);
	EXPECT_EQ(0, let_go(pid[0], to[0]));
	EXPECT_EQ(0, let_go(pid[1], to[1]));
	EXPECT_EQ(0, zinc_flock_holders(self->path, &h, &n));
	EXPECT_EQ(0, n);
}

TEST_F(lock, holders_of_many_files_at_once)
{
	char other[96], none[96];
	const char *paths[3] = { other, self->path, none };
	struct zinc_lock_holder *h[3];
	size_t n[3];
	pid_t pid;
	int to;

	snprintf(other, sizeof(other), "%s/b.lock", self->dir);
	snprintf(none, sizeof(none), "%s/c.lock", self->dir);
	ASSERT_EQ(0, zinc_flock_materialize(other, NULL));
	pid = hold(self->path, ZINC_EXCLUSIVE, &to);
	ASSERT_EQ(0, zinc_flock_holders_of(paths, 3, h, n));
	EXPECT_EQ(0, n[0]);
	EXPECT_EQ(1, n[1]);
	EXPECT_EQ(pid, h[1]->pid);
	EXPECT_EQ(0, n[2]);
	free(h[1]);
	EXPECT_EQ(0, let_go(pid, to));
}

/* A bind mount, and an overlay, whose files stat(2) gives another device. */
TEST_F(lock, holders_wherever_the_file_is)
{
	static const char * const kinds[] = { "tmpfs", "bind", "overlay" };
	char at[128], path[160], options[320], *p;
	struct zinc_lock_holder *h;
	unsigned int i;
	size_t n;

	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP(return, "needs root and mount namespaces");
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		pid_t pid;
		int err, to;

		snprintf(at, sizeof(at), "%s/%s", self->dir, kinds[i]);
		ASSERT_EQ(0, mkdir(at, 0755));
		if (i == 0) {
			err = mount("none", at, "tmpfs", 0, NULL);
		} else if (i == 1) {
			snprintf(options, sizeof(options), "%s/tmpfs", self->dir);
			err = mount(options, at, NULL, MS_BIND, NULL);
		} else {
			for (p = "luw"; *p; p++) {
				snprintf(options, sizeof(options), "%s/tmpfs/%c",
					 self->dir, *p);
				ASSERT_EQ(0, mkdir(options, 0755));
			}
			snprintf(options, sizeof(options),
				 "lowerdir=%s/tmpfs/l,upperdir=%s/tmpfs/u,workdir=%s/tmpfs/w",
				 self->dir, self->dir, self->dir);
			err = mount("overlay", at, "overlay", 0, options);
		}
		if (err) {
			TH_LOG("no %s here: %s", kinds[i], strerror(errno));
			continue;
		}
		snprintf(path, sizeof(path), "%s/x.lock", at);
		pid = hold(path, ZINC_EXCLUSIVE, &to);
		EXPECT_EQ(0, zinc_flock_holders(path, &h, &n));
		EXPECT_EQ(1, n) TH_LOG("%s", kinds[i]);
		EXPECT_EQ(pid, n ? h->pid : 0);
		free(h);
		EXPECT_EQ(0, let_go(pid, to));
	}
	/* the last first: they lie on one another */
	for (i = ARRAY_SIZE(kinds); i > 0; i--) {
		snprintf(at, sizeof(at), "%s/%s", self->dir, kinds[i - 1]);
		umount2(at, MNT_DETACH);
	}
}

/* ---- GPUs --------------------------------------------------------------- */

TEST_F(lock, gpu_paths)
{
	char path[128], want[128];

	snprintf(want, sizeof(want), "%s/zinc-gpu-level-zero-12.lock", self->dir);
	EXPECT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "level-zero", 12));
	EXPECT_STREQ(want, path);
	EXPECT_EQ(0, zinc_gpu_lock_path(path, strlen(want) + 1, "level-zero", 12));
	EXPECT_EQ(-ENAMETOOLONG,
		  zinc_gpu_lock_path(path, strlen(want), "level-zero", 12));
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_lock_path(path, 0, "vulkan", 0));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_path(path, sizeof(path), "voodoo", 0));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_path(path, sizeof(path), NULL, 0));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_path(NULL, sizeof(path), "vulkan", 0));
	unsetenv("ZINC_LOCK_DIR");
	EXPECT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 0));
	EXPECT_STREQ("/tmp/zinc-gpu-vulkan-0.lock", path);
}

TEST_F(lock, gpu_names)
{
	static const struct {
		const char *gpu, *device;
	} cases[] = {
		{ "vulkan:0", "vulkan:0" }, { "cuda:4294967295", "cuda:4294967295" },
		{ "0000:01:00.0", "pci:0000:01:00.0" },
		{ "01:00.0", "pci:0000:01:00.0" },
		{ "00AB:cD:1f.7", "pci:00ab:cd:1f.7" },
		{ "pci:0000:01:00.0", "pci:0000:01:00.0" },
		{ "drm:vkms_1", "drm:vkms_1" },
	};
	static const char * const none[] = {
		"", "vulkan", "vulkan:", "vulkan:-1", "vulkan:01", "vulkan:0x1",
		"vulkan:4294967296", "voodoo:0", ":0", "01:00", "01:00.8",
		"01:20.0", "100:00.0", "0000:01:00.0 ", "0x01:00.0", "vulkan:0\n",
		"drm:", "drm:A", "drm:a b",
	};
	char device[64], wide[128], large[128];
	struct zinc_gpu_lock lock;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, zinc_gpu_device(device, sizeof(device), cases[i].gpu));
		EXPECT_STREQ(cases[i].device, device);
	}
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(-EINVAL, zinc_gpu_device(device, sizeof(device), none[i]))
			TH_LOG("'%s'", none[i]);
		EXPECT_STREQ("", device);
	}
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_device(device, 4, "vulkan:0"));
	/* one more than the kernel takes, into whatever has room for it */
	snprintf(large, sizeof(large), "drm:%0*d", ZINC_DEVICE_NAME_MAX - 3, 0);
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_device(wide, sizeof(wide), large));
	EXPECT_STREQ("", wide);
	large[ZINC_DEVICE_NAME_MAX] = 0;
	EXPECT_EQ(0, zinc_gpu_device(wide, sizeof(wide), large));
	/* what sysfs may have in a name, and a reservation may not */
	EXPECT_EQ(0, zinc_gpu_of_sysfs(device, sizeof(device), "/sys/x/Odd One+1"));
	EXPECT_STREQ("drm:odd-one-1", device);
	EXPECT_EQ(-ENOENT, zinc_gpu_lock_acquire_device("/dev/dri/none", 0, 0, &lock,
							&self->why));
	EXPECT_STREQ("/dev/dri/none: No such file or directory", self->why);
	EXPECT_EQ(-ENODEV, zinc_gpu_device(device, sizeof(device), "/dev/null"));
	EXPECT_EQ(-ENOENT, zinc_gpu_device(device, sizeof(device), "/dev/dri/none"));
	EXPECT_EQ(-EINVAL, zinc_gpu_device(device, sizeof(device), NULL));
}

static size_t gpus_of(const char *dir, struct zinc_gpu **gpus)
{
	char sysfs[96], proc[96];
	size_t count;

	snprintf(sysfs, sizeof(sysfs), "%s/sys", dir);
	snprintf(proc, sizeof(proc), "%s/proc", dir);
	CHECK(!zinc_gpus_of(sysfs, proc, gpus, &count));
	return count;
}

TEST_F(lock, gpus_of_a_machine)
{
	struct zinc_gpu *gpus;

	EXPECT_EQ(0, gpus_of(self->dir, &gpus));
	EXPECT_EQ(NULL, gpus);
	put_gpus(self->dir);
	ASSERT_EQ(3, gpus_of(self->dir, &gpus));
	EXPECT_STREQ("drm:vkms_1", gpus[0].device);
	EXPECT_STREQ("pci:0000:02:00.0", gpus[1].device);
	EXPECT_STREQ("pci:0000:0a:00.0", gpus[2].device);
	free(gpus);
	EXPECT_EQ(-EINVAL, zinc_gpus(NULL, NULL));
}

TEST_F(lock, any_gpus)
{
	struct zinc_gpu_request request = {
		.size = sizeof(request),
		.want = 2,
	};
	static const char want[] =
		"GPUs wanted: 2; of 3 fewer are free: GPU drm:vkms_1 is already reserved by pid=";
	struct zinc_gpu_lock one, locks[4];
	struct zinc_gpu *gpus, taken[4];
	int32_t err;

	put_gpus(self->dir);
	ASSERT_EQ(3, gpus_of(self->dir, &gpus));
	ASSERT_EQ(0, zinc_gpu_lock_acquire_device(gpus[0].device, ZINC_EXCLUSIVE,
						  0, &one, NULL));
	ASSERT_EQ(0, zinc_gpu_lock_any_of(gpus, 3, &request, locks, taken, NULL));
	EXPECT_STREQ(gpus[1].device, taken[0].device);
	EXPECT_STREQ(gpus[2].device, taken[1].device);
	zinc_gpu_lock_release(&locks[1]);
	/* one is free, two are wanted: none is kept */
	request.timeout_ms = 200;
	EXPECT_EQ(-ETIMEDOUT, zinc_gpu_lock_any_of(gpus, 3, &request, locks + 2,
						   taken, &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(self->why, want, strlen(want)))
		TH_LOG("%s", self->why);
	free(self->why);
	self->why = NULL;
	request.timeout_ms = 0;
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_any_of(gpus, 3, &request, locks + 2,
					       taken, NULL));
	err = zinc_gpu_lock_acquire_device(gpus[2].device, ZINC_EXCLUSIVE, 0,
					   &locks[1], NULL);
	EXPECT_EQ(0, err);
	zinc_gpu_lock_release(&locks[0]);
	zinc_gpu_lock_release(&locks[1]);
	zinc_gpu_lock_release(&one);
	request.want = 4;
	EXPECT_EQ(-ERANGE, zinc_gpu_lock_any_of(gpus, 3, &request, locks, taken,
						&self->why));
	request.want = 3;
	request.mode = ZINC_SHARED;
	ASSERT_EQ(0, zinc_gpu_lock_any_of(gpus, 3, &request, locks, taken, NULL));
	ASSERT_EQ(0, zinc_gpu_lock_acquire_device(gpus[0].device, ZINC_SHARED, 0,
						  &one, NULL));
	zinc_gpu_lock_release(&one);
	while (request.want--)
		zinc_gpu_lock_release(&locks[request.want]);
	free(gpus);
	/* requests that are none */
	request = (struct zinc_gpu_request){ .size = sizeof(request) };
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&request, locks, taken, NULL));
	request.want = 1;
	request.mode = 7;
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&request, locks, taken, NULL));
	request.mode = 0;
	request.reserved = 1;
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&request, locks, taken, NULL));
	request.reserved = 0;
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&request, NULL, taken, NULL));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&request, locks, NULL, NULL));
	request.size--;
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&request, locks, taken, NULL));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(NULL, locks, taken, NULL));
}

TEST_F(lock, a_gpu_is_for_one)
{
	struct zinc_gpu_lock a, b;
	char want[128];

	ASSERT_EQ(0, zinc_gpu_lock_acquire("vulkan", 0, ZINC_EXCLUSIVE, 0, &a));
	EXPECT_EQ(1, zinc_gpu_lock_is_held(&a));
	EXPECT_EQ(on_kmod(), a.reservation >= 0);
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire("vulkan", 0, ZINC_EXCLUSIVE, 0, &b));
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&b));
	EXPECT_EQ(-1, b.file);
	EXPECT_EQ(-1, b.reservation);
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire_device("vulkan:0", ZINC_SHARED, 0,
						       &b, &self->why));
	snprintf(want, sizeof(want), "GPU vulkan:0 is already reserved by pid=%d cmd=",
		 getpid());
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 1, ZINC_EXCLUSIVE, 0, &b));
	zinc_gpu_lock_release(&b);
	zinc_gpu_lock_release(&b);
	zinc_gpu_lock_release(NULL);
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&b));
	zinc_gpu_lock_release(&a);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 0, ZINC_SHARED, 0, &a));
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 0, ZINC_SHARED, 0, &b));
	zinc_gpu_lock_release(&a);
	zinc_gpu_lock_release(&b);
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_acquire("vulkan", 0, 2, 0, &a));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_acquire("voodoo", 0, 0, 0, &a));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_acquire("vulkan", 0, 0, 0, NULL));
}

/* This process has it twice, by file and by the kernel, and is named once */
TEST_F(lock, who_has_a_gpu)
{
	struct zinc_lock_holder *h;
	struct zinc_gpu_lock gpu;
	char path[128];
	pid_t pid;
	size_t n;
	int to;

	EXPECT_EQ(0, zinc_gpu_holders("opencl:7", &h, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(NULL, h);
	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 7, ZINC_EXCLUSIVE, 0, &gpu));
	EXPECT_EQ(0, zinc_gpu_holders("opencl:7", &h, &n));
	EXPECT_EQ(1, n);
	EXPECT_EQ(getpid(), n ? h->pid : 0);
	free(h);
	zinc_gpu_lock_release(&gpu);
	/* by file alone */
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "opencl", 7));
	pid = hold(path, ZINC_EXCLUSIVE, &to);
	EXPECT_EQ(0, zinc_gpu_holders("opencl:7", &h, &n));
	EXPECT_EQ(1, n);
	EXPECT_EQ(pid, n ? h->pid : 0);
	free(h);
	EXPECT_EQ(0, let_go(pid, to));
	EXPECT_EQ(-EINVAL, zinc_gpu_holders("voodoo:0", &h, &n));
	EXPECT_EQ(-EINVAL, zinc_gpu_holders("opencl:7", NULL, &n));
	EXPECT_EQ(-EINVAL, zinc_gpu_holders("opencl:7", &h, NULL));
}

/* Who may not ask the kernel module is told what the file says */
TEST_F(lock, who_has_a_gpu_where_the_device_may_not_be_opened)
{
	struct zinc_gpu_lock gpu;
	int ready[2];
	pid_t pid;
	char c;

	NEED_KMOD();
	NEED_ROOT();
	ASSERT_EQ(0, chmod(self->dir, 0755));
	ASSERT_EQ(0, pipe(ready));
	/* a process that has not opened the device before */
	pid = fork_or_die();
	if (!pid) {
		struct zinc_lock_holder *h;
		size_t n;

		close(ready[1]);
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY));
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(access("/dev/zinc", R_OK) && errno == EACCES);
		CHECK(read(ready[0], &c, 1) == 1);
		CHECK(!zinc_gpu_holders("opencl:7", &h, &n));
		CHECK(n == 1 && h->pid == getppid());
		free(h);
		/* what only the kernel would know it can not say */
		CHECK(!zinc_gpu_holders("opencl:8", &h, &n));
		CHECK(!n && !h);
		_exit(0);
	}
	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 7, ZINC_EXCLUSIVE, 0, &gpu));
	ASSERT_EQ(1, write(ready[1], "", 1));
	EXPECT_EQ(0, reap(pid));
	zinc_gpu_lock_release(&gpu);
	close(ready[0]);
	close(ready[1]);
}

/* The same protocol, by a program that knows nothing of this library */
TEST_F(lock, flock_of_util_linux_is_the_other_party)
{
	struct zinc_gpu_lock lock;
	char command[256], path[128];
	pid_t pid;

	if (access("/usr/bin/flock", X_OK))
		SKIP(return, "no flock: install util-linux");
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 3));
	snprintf(command, sizeof(command), "flock -n %s true", path);
	ASSERT_EQ(0, zinc_gpu_lock_acquire("vulkan", 3, ZINC_EXCLUSIVE, 0, &lock));
	EXPECT_EQ(1 << 8, system(command));
	zinc_gpu_lock_release(&lock);
	EXPECT_EQ(0, system(command));
	pid = fork_or_die();
	if (!pid) {
		execl("/usr/bin/flock", "flock", path, "sleep", "1000", NULL);
		_exit(1);
	}
	while (!zinc_gpu_lock_acquire("vulkan", 3, ZINC_EXCLUSIVE, 0, &lock)) {
		zinc_gpu_lock_release(&lock);
		sleep_ms(1);
	}
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire_device("vulkan:3", ZINC_EXCLUSIVE,
						       0, &lock, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "cmd=flock ")) TH_LOG("%s", self->why);
	/* its child has the lock, too */
	snprintf(command, sizeof(command), "pkill -KILL -P %d", pid);
	EXPECT_EQ(0, system(command));
	reap(pid);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 3, ZINC_EXCLUSIVE,
					   PATIENCE_MS, &lock));
	zinc_gpu_lock_release(&lock);
}

TEST_F(lock, what_is_planted_in_a_gpus_place)
{
	struct zinc_gpu_lock lock;
	char path[128], other[128];

	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 0));
	snprintf(other, sizeof(other), "%s/victim", self->dir);
	ASSERT_EQ(0, symlink(other, path));
	EXPECT_EQ(-ELOOP, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
						       &self->why));
	EXPECT_NE(NULL, strstr(self->why, "symbolic link"));
	EXPECT_NE(0, access(other, F_OK));
	unlink(path);
	ASSERT_EQ(0, mkfifo(path, 0666));
	free(self->why);
	EXPECT_EQ(-EEXIST, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
							&self->why));
	EXPECT_NE(NULL, strstr(self->why, "not a plain file"));
	unlink(path);
	ASSERT_EQ(0, mkdir(path, 0777));
	EXPECT_EQ(-EISDIR, zinc_gpu_lock_acquire("vulkan", 0, 0, 0, &lock));
	EXPECT_EQ(-1, lock.file);
	EXPECT_EQ(-1, lock.reservation);
}

TEST_F(lock, another_users_lock_file)
{
	char path[128];
	pid_t pid;
	int fd;

	NEED_ROOT();
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 0));
	ASSERT_EQ(0, chmod(self->dir, 01777));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchmod(fd, 0644));
	pid = fork_or_die();
	if (!pid) {
		int mine;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		/* reading is enough to lock */
		mine = zinc_flock_try(path, ZINC_EXCLUSIVE, NULL);
		CHECK(mine >= 0);
		close(mine);
		CHECK(!flock(fd, LOCK_EX | LOCK_NB));
		CHECK(zinc_flock_try(path, ZINC_EXCLUSIVE, NULL) == -EBUSY);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, fchmod(fd, 0600));
	pid = fork_or_die();
	if (!pid) {
		char *why;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(zinc_flock_try(path, ZINC_EXCLUSIVE, &why) == -EACCES);
		CHECK(strstr(why, "belongs to root (uid 0) and has mode 0600"));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_F(lock, a_folder_whose_name_is_too_long)
{
	char folder[PATH_MAX + 1] = "/";
	struct zinc_gpu_lock lock;

	memset(folder + 1, 'a', PATH_MAX - 1);
	setenv("ZINC_LOCK_DIR", folder, 1);
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0,
							      &lock, &self->why));
	EXPECT_STREQ("ZINC_LOCK_DIR is too long", self->why);
}

TEST_F(lock, a_folder_that_can_not_be_used)
{
	struct zinc_gpu_lock lock;
	char path[128];

	NEED_ROOT();
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP(return, "no mount namespaces");
	snprintf(path, sizeof(path), "%s/ro", self->dir);
	ASSERT_EQ(0, mkdir(path, 0755));
	ASSERT_EQ(0, mount("none", path, "tmpfs", MS_RDONLY, NULL));
	setenv("ZINC_LOCK_DIR", path, 1);
	EXPECT_EQ(-EROFS, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
						       &self->why));
	EXPECT_NE(NULL, strstr(self->why, "read-only; set ZINC_LOCK_DIR"));
	ASSERT_EQ(0, umount(path));
	ASSERT_EQ(0, mount("none", path, "tmpfs", 0, "nr_inodes=1"));
	free(self->why);
	EXPECT_EQ(-ENOSPC, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
							&self->why));
	EXPECT_NE(NULL, strstr(self->why, "no room"));
	ASSERT_EQ(0, umount(path));
	ASSERT_EQ(0, rmdir(path));
	free(self->why);
	EXPECT_EQ(-ENOENT, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
							&self->why));
	EXPECT_NE(NULL, strstr(self->why, "its folder is not there"));
}

/* ---- reservations ------------------------------------------------------- */

TEST_F(lock, reservations_without_the_module)
{
	struct zinc_device_claim claim = { "vulkan:0", ZINC_EXCLUSIVE };
	struct zinc_reservation_holder *h;
	size_t n;

	NEED_SHM();
	if (!access("/dev/zinc", F_OK))
		SKIP(return, "the module is there");
	EXPECT_EQ(-EOPNOTSUPP, zinc_reserve(&claim, 1, 0, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "modprobe zinc"));
	EXPECT_EQ(-EOPNOTSUPP, zinc_reserve_queue(&claim, 1));
	EXPECT_EQ(-EOPNOTSUPP, zinc_reservations(NULL, &h, &n));
}

TEST_F(lock, reservations)
{
	struct zinc_device_claim claims[2] = {
		{ "libtest:0", ZINC_EXCLUSIVE }, { "libtest:1", ZINC_SHARED },
	};
	struct zinc_reservation_holder *h;
	struct pollfd p = { .events = POLLIN };
	char want[128];
	int fd, next;
	size_t n;

	NEED_KMOD();
	fd = zinc_reserve(claims, 2, 0, &self->why);
	ASSERT_LE(0, fd);
	EXPECT_EQ(NULL, self->why);
	EXPECT_EQ(-EBUSY, zinc_reserve(claims, 1, 0, &self->why));
	snprintf(want, sizeof(want), "libtest:0 is already reserved by pid=%d cmd=",
		 getpid());
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_EQ(-ETIMEDOUT, zinc_reserve(claims, 2, 100, NULL));
	next = zinc_reserve_queue(claims, 1);
	ASSERT_LE(0, next);
	ASSERT_EQ(0, zinc_reservations("libtest:0", &h, &n));
	ASSERT_EQ(2, n);
	EXPECT_EQ(0, h[0].waiting);
	EXPECT_EQ(1, h[1].waiting);
	EXPECT_EQ(getpid(), h[1].pid);
	EXPECT_STREQ("libtest:0", h[1].device);
	EXPECT_STREQ("lib_lock", h[1].comm);
	free(h);
	ASSERT_EQ(0, zinc_reservations(NULL, &h, &n));
	EXPECT_EQ(3, n);
	EXPECT_EQ(ZINC_SHARED, h[1].mode);
	free(h);
	p.fd = next;
	EXPECT_EQ(0, poll(&p, 1, 0));
	close(fd);
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	close(next);
	EXPECT_EQ(0, zinc_reservations("libtest:0", &h, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 17, 0, NULL));
	claims[1].device = claims[0].device;
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 2, 0, NULL));
	claims[1].device = "No:1";
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 2, 0, NULL));
	claims[1] = (struct zinc_device_claim){ "libtest:1", 2 };
	EXPECT_EQ(-EINVAL, zinc_reserve(claims, 2, 0, NULL));
}

TEST_F(lock, reservations_that_are_none)
{
	char name[ZINC_DEVICE_NAME_MAX + 2];
	struct zinc_device_claim claim = { NULL, ZINC_EXCLUSIVE };
	struct zinc_reservation_holder *h;
	size_t n;

	EXPECT_EQ(-EINVAL, zinc_reserve(NULL, 1, 0, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "a reservation is of 1 to 16 devices"));
	EXPECT_EQ(-EINVAL, zinc_reserve(&claim, 1, 0, NULL));
	claim.device = "";
	EXPECT_EQ(-EINVAL, zinc_reserve_queue(&claim, 1));
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	claim.device = name;
	EXPECT_EQ(-EINVAL, zinc_reserve_queue(&claim, 1));
	EXPECT_EQ(-EINVAL, zinc_reservations(name, &h, &n));
	EXPECT_EQ(-EINVAL, zinc_reservations("", &h, &n));
	EXPECT_EQ(-EINVAL, zinc_reservations(NULL, NULL, &n));
	EXPECT_EQ(-EINVAL, zinc_reservations(NULL, &h, NULL));
}

TEST_F(lock, too_many_reservations)
{
	static const char limit[] = "/sys/module/zinc/parameters/max_reservations";
	const struct zinc_device_claim claims[2] = {
		{ "libtest:0", ZINC_EXCLUSIVE }, { "libtest:1", ZINC_EXCLUSIVE },
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
		CHECK(zinc_reserve(&claims[0], 1, 0, NULL) >= 0);
		CHECK(zinc_reserve(&claims[1], 1, 0, &why) == -EDQUOT);
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
		struct zinc_gpu_lock lock;
		char *why;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(zinc_gpu_lock_acquire_device("vulkan:6", 0, 0, &lock,
						   &why) == -EACCES);
		CHECK(strstr(why, "GPU vulkan:6: /dev/zinc is there"));
		CHECK(lock.file == -1 && lock.reservation == -1);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, chmod("/dev/zinc", st.st_mode & 07777));
}

/* What the kernel alone knows of, the file does not; and the other way round */
TEST_F(lock, a_gpu_that_only_one_of_both_knows_of)
{
	struct zinc_device_claim claim = { "vulkan:5", ZINC_EXCLUSIVE };
	struct zinc_lock_holder *holders;
	struct zinc_gpu_lock lock;
	char path[128];
	size_t n;
	int fd;

	NEED_KMOD();
	fd = zinc_reserve(&claim, 1, 0, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire_device("vulkan:5", 0, 0, &lock,
						       &self->why));
	EXPECT_NE(NULL, strstr(self->why, "is already reserved by pid="));
	ASSERT_EQ(0, zinc_gpu_holders("vulkan:5", &holders, &n));
	ASSERT_EQ(1, n);
	EXPECT_EQ(getpid(), holders[0].pid);
	free(holders);
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
	/* one tree, whatever the way to it */
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
