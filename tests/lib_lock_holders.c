// SPDX-License-Identifier: GPL-2.0-only
/*
 * The holders of a lock: the kernel's texts that name them, /proc/self/mountinfo
 * and /proc/locks, and the processes that these lead to.
 */
#include "lib_test.h"
#include "lock_machine.h"
#include "lock_test.h"

#include <linux/sched.h>
#include <sys/file.h>

#include "lock/internal.h"

/* ---- /proc/self/mountinfo ----------------------------------------------- */

static int device_of(const char *text, const char *path, long id,
		     unsigned int *major, unsigned int *minor)
{
	struct zinc_mount mount = { ~0U, ~0U, "" };
	int err = zinc_mountinfo_find(text, strlen(text), path, id, &mount);

	*major = mount.major;
	*minor = mount.minor;
	return err;
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
		"32 22 0:31 / /tmp/end\\040 rw - tmpfs t rw\n"
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
		{ "/tmp/end ", -1, 0, 31 }, { "/tmp/end /x", -1, 0, 31 },
		{ "/tmp/bad/x", -1, 0, 20 }, { "/big/x", -1, 8, 1 },
		/* the top mount, in any order of the list */
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

/* Behind any number of optional fields; a line without one has none */
TEST(mountinfo_types)
{
	static const char text[] =
		"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"22 21 0:20 / /nine rw,nosuid shared:2 master:3 - 9p host rw\n"
		"23 21 0:21 / /long rw - a.type.that.is.longer.than.there.is.room x rw\n"
		"24 21 0:22 / /none rw shared:4\n"
		"25 21 0:23 / /dash rw -\n";
	static const struct {
		const char *path, *type;
	} cases[] = {
		{ "/x", "ext4" }, { "/nine/x", "9p" },
		{ "/long/x", "a.type.that.is.longer.than.ther" },
		{ "/none/x", "" }, { "/dash/x", "" },
	};
	struct zinc_mount mount;
	const char *reason;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, zinc_mountinfo_find(text, strlen(text), cases[i].path,
						 -1, &mount));
		EXPECT_STREQ(cases[i].type, mount.type);
	}
	EXPECT_STREQ("9P", zinc_refused_type("9p", &reason));
	EXPECT_STREQ("VIRTIOFS", zinc_refused_type("virtiofs", &reason));
	EXPECT_EQ(NULL, zinc_refused_type("", &reason));
	EXPECT_EQ(NULL, zinc_refused_type("9", &reason));
	EXPECT_EQ(NULL, zinc_refused_type("tmpfs", &reason));
}

/* Cut anywhere, it is read to its end and no further. */
TEST(mountinfo_cut_anywhere)
{
	static const char whole[] = "22 21 0:20 / /tmp\\040x rw - tmpfs t rw\n";
	struct zinc_mount mount;
	size_t n;

	for (n = 0; n < sizeof(whole); n++) {
		char *cut = malloc(n ? n : 1);

		ASSERT_NE(NULL, cut);
		memcpy(cut, whole, n);
		zinc_mountinfo_find(cut, n, "/tmp x/y", -1, &mount);
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
		{ .text = "08:01:5" }, { .text = "00:1f:7" }, { .text = "" },
		{ .text = "08:01:6" },
	};
	struct zinc_needle nine = { .text = "08:01:5", .posix = true };
	struct zinc_pids pids[4] = { { 0 } }, posix = { 0 };
	size_t n;
	int i;

	ASSERT_EQ(0, zinc_locks_find(text, strlen(text), needles, 4, pids));
	ASSERT_EQ(2, pids[0].count);
	EXPECT_EQ(100, pids[0].list[0].pid);
	EXPECT_EQ(ZINC_EXCLUSIVE, pids[0].list[0].mode);
	EXPECT_EQ(104, pids[0].list[1].pid);
	EXPECT_EQ(ZINC_SHARED, pids[0].list[1].mode);
	ASSERT_EQ(2, pids[1].count);
	EXPECT_EQ(106, pids[1].list[0].pid);
	EXPECT_EQ(107, pids[1].list[1].pid);
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
		free(pids[i].list);
	/* 9p turns flock(2) into POSIX locks; OFD locks are never one */
	ASSERT_EQ(0, zinc_locks_find(text, strlen(text), &nine, 1, &posix));
	ASSERT_EQ(3, posix.count);
	EXPECT_EQ(102, posix.list[1].pid);
	free(posix.list);
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
	/* a hundred characters of four bytes, and an invalid one */
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
	/* nothing in it begins a line, nor drives a terminal */
	zinc_cmdline_cut("a\n  pid=1 cmd=x\x1b[m\x7f\xc2\x9b", 21, text,
			 sizeof(text));
	EXPECT_STREQ("a\\x0a  pid=1 cmd=x\\x1b[m\\x7f\\xc2\\x9b", text);
	memset(raw, '\n', sizeof(raw));
	zinc_cmdline_cut(raw, 26, text, sizeof(text));
	EXPECT_EQ(103, strlen(text));
	/* with room for fewer than a hundred */
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

	EXPECT_EQ(0, zinc_flock_holders(self->path, &h, &n, HOLDER_SIZE));
	EXPECT_EQ(0, n);
	EXPECT_EQ(NULL, h);
	text = zinc_holders_format(h, n, sizeof(*h));
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
	ASSERT_EQ(0, zinc_flock_holders(self->path, &h, &n, HOLDER_SIZE));
	ASSERT_EQ(2, n);
	EXPECT_TRUE((h[0].pid == pid[0] && h[1].pid == pid[1]) ||
		    (h[0].pid == pid[1] && h[1].pid == pid[0]));
	EXPECT_NE(NULL, strstr(h[0].cmdline, "lib_lock"));
	text = zinc_holders_format(h, n, sizeof(*h));
	snprintf(want, sizeof(want), "  pid=%d cmd=%s\n  pid=%d cmd=%s", h[0].pid,
		 h[0].cmdline, h[1].pid, h[1].cmdline);
	EXPECT_STREQ(want, text);
	free(text);
	zinc_holders_free(h);
	kill(waiter, SIGKILL);
	reap(waiter);
	EXPECT_EQ(0, let_go(pid[0], to[0]));
	EXPECT_EQ(0, let_go(pid[1], to[1]));
	EXPECT_EQ(0, zinc_flock_holders(self->path, &h, &n, HOLDER_SIZE));
	EXPECT_EQ(0, n);
}

/*
 * exec 9>FILE; flock 9: the process that the kernel names has ended. @parent has
 * the file open, and the lock.
 */
static pid_t pass_on(const char *path, pid_t *taker, int *to)
{
	int ready[2], end[2];
	pid_t parent;
	char c;

	CHECK(!pipe(ready) && !pipe(end));
	parent = fork_or_die();
	if (!parent) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		pid_t pid;

		close(end[1]);
		CHECK(fd >= 0);
		pid = fork_or_die();
		if (!pid)
			_exit(!!flock(fd, LOCK_EX));
		CHECK(!reap(pid));
		CHECK(write(ready[1], &pid, sizeof(pid)) == sizeof(pid));
		CHECK(read(end[0], &c, 1) == 1);
		_exit(0);
	}
	close(end[0]);
	CHECK(read(ready[0], taker, sizeof(*taker)) == sizeof(*taker));
	close(ready[0]);
	close(ready[1]);
	*to = end[1];
	return parent;
}

TEST_F(lock, a_lock_that_was_passed_on)
{
	struct zinc_lock_holder *h;
	pid_t parent, taker;
	char want[128];
	size_t n;
	int to;

	parent = pass_on(self->path, &taker, &to);
	ASSERT_EQ(0, zinc_flock_holders(self->path, &h, &n, sizeof(*h)));
	ASSERT_EQ(1, n);
	EXPECT_EQ(parent, h->pid);
	EXPECT_EQ(taker, h->taken_by);
	EXPECT_EQ(ZINC_EXCLUSIVE, h->mode);
	zinc_holders_free(h);
	EXPECT_EQ(-EBUSY, zinc_flock_try(self->path, ZINC_SHARED, &self->why));
	snprintf(want, sizeof(want), "%s is locked by:\n  pid=%d cmd=", self->path,
		 parent);
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_EQ(0, let_go(parent, to));
	EXPECT_EQ(0, zinc_flock_holders(self->path, &h, &n, sizeof(*h)));
	EXPECT_EQ(0, n);
}

/* A process that may not look at the holders is told which process took it */
TEST_F(lock, a_lock_that_was_passed_on_to_others)
{
	pid_t parent, taker, pid;
	char want[128];
	int to;

	NEED_ROOT();
	ASSERT_EQ(0, chmod(self->dir, 0755));
	parent = pass_on(self->path, &taker, &to);
	snprintf(want, sizeof(want), "  pid=0 cmd=<taken by pid %d, which has ended>",
		 taker);
	IN_CHILD(pid) {
		struct zinc_lock_holder *h;
		char *text;
		size_t n;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(!zinc_flock_holders(self->path, &h, &n, sizeof(*h)) && n == 1);
		CHECK(!h->pid && h->taken_by == taker);
		text = zinc_holders_format(h, n, sizeof(*h));
		CHECK(!strcmp(text, want));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, let_go(parent, to));
}

/* The number of the process that took it is another process's by now */
TEST_F(lock, a_pid_that_was_used_again)
{
	pid_t parent, taker, innocent;
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&taker,
		.set_tid_size = 1,
	};
	struct zinc_lock_holder *h;
	size_t n;
	int to;

	NEED_ROOT();
	parent = pass_on(self->path, &taker, &to);
	innocent = syscall(SYS_clone3, &args, sizeof(args));
	if (!innocent) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(taker, innocent);
	ASSERT_EQ(0, zinc_flock_holders(self->path, &h, &n, sizeof(*h)));
	ASSERT_EQ(1, n);
	EXPECT_EQ(parent, h->pid);
	zinc_holders_free(h);
	kill(innocent, SIGKILL);
	reap(innocent);
	EXPECT_EQ(0, let_go(parent, to));
}

/* Nothing is mounted at its root, so that mountinfo has no line for it */
TEST_F(lock, holders_in_a_chroot)
{
	char path[160];
	pid_t pid, looker;
	int to, err;

	NEED_ROOT();
	snprintf(path, sizeof(path), "%s/root/proc", self->dir);
	make_parents(path);
	ASSERT_EQ(0, mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s/root/x.lock", self->dir);
	pid = hold(path, ZINC_EXCLUSIVE, &to);
	IN_CHILD(looker) {
		struct zinc_lock_holder *h;
		size_t n;

		if (unshare(CLONE_NEWNS) ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(KSFT_SKIP);
		snprintf(path, sizeof(path), "%s/root", self->dir);
		CHECK(!chroot(path) && !chdir("/"));
		CHECK(!mount("proc", "/proc", "proc", 0, NULL));
		CHECK(!zinc_flock_holders("/x.lock", &h, &n, sizeof(*h)));
		/* not on overlayfs, where stat(2) tells a device of its own */
		CHECK(n == 1 ? h->pid == pid : !!getenv("ZINC_VM"));
	}
	err = reap(looker);
	EXPECT_EQ(0, let_go(pid, to));
	if (err == KSFT_SKIP)
		SKIP(return, "no mount namespaces");
	EXPECT_EQ(0, err);
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
	ASSERT_EQ(0, zinc_flock_holders_of(paths, 3, h, n, HOLDER_SIZE));
	EXPECT_EQ(0, n[0]);
	EXPECT_EQ(1, n[1]);
	EXPECT_EQ(pid, h[1]->pid);
	EXPECT_EQ(0, n[2]);
	zinc_holders_free(h[1]);
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
		EXPECT_EQ(0, zinc_flock_holders(path, &h, &n, HOLDER_SIZE));
		EXPECT_EQ(1, n) TH_LOG("%s", kinds[i]);
		EXPECT_EQ(pid, n ? h->pid : 0);
		zinc_holders_free(h);
		EXPECT_EQ(0, let_go(pid, to));
	}
	/* the last first: they lie on one another */
	for (i = ARRAY_SIZE(kinds); i > 0; i--) {
		snprintf(at, sizeof(at), "%s/%s", self->dir, kinds[i - 1]);
		umount2(at, MNT_DETACH);
	}
}

TEST_HARNESS_MAIN
