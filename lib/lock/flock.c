// SPDX-License-Identifier: MIT
/*
 * flock(2) with a timeout.
 *
 * flock(2) has no timeout, and only a signal interrupts it. The library cannot use
 * a signal: signals belong to the caller, and a fatal one ends the whole process,
 * not a thread. Therefore a helper process sleeps in flock(2), and is killed at the
 * timeout. It is created without SIGCHLD, so that the caller's wait() does not see
 * it, it runs no code of libc, and it dies with the caller. The cost is one fork(2)
 * for each wait that sleeps.
 *
 * The kernel reports the process that called flock(2) as the holder until the lock
 * ends. So the caller takes the lock over from its helper, without releasing it in
 * between: see take_over().
 *
 * A user or a cleaner of /tmp may remove a lock file. A lock on a removed file does
 * not exclude processes that open the path later. Therefore a lock is valid only if
 * the path still refers to the locked file; otherwise the call starts again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

#include "core/internal.h"
#include "lock/internal.h"

#define POLL_MS		100
/* the number of attempts if the file is replaced while it is being locked */
#define REPLACED_TRIES	10

bool zinc_lock_mode_is_valid(uint32_t mode)
{
	return mode == ZINC_EXCLUSIVE || mode == ZINC_SHARED;
}

static int operation(uint32_t mode)
{
	return mode == ZINC_SHARED ? LOCK_SH : LOCK_EX;
}

static int flock_once(int fd, int op)
{
	int ret;

	do {
		ret = flock(fd, op);
	} while (ret && errno == EINTR);
	if (!ret)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static int ms_until(uint64_t deadline)
{
	uint64_t now = zinc_now();

	if (now >= deadline)
		return 0;
	if ((deadline - now) / NS_PER_MS >= INT32_MAX - 1)
		return INT32_MAX;
	return (int)((deadline - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* In the helper: only system calls; an error becomes its exit status. */
static void sleep_in_flock(int fd, int op, pid_t caller)
{
	long ret = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		syscall(SYS_exit_group, EIO);
	/* close all others: a pipe that stays open would hide its end of file */
	if (fd)
		syscall(SYS_close_range, 0, fd - 1, 0);
	syscall(SYS_close_range, fd + 1, ~0U, 0);
	do {
		ret = syscall(SYS_flock, fd, op);
	} while (ret && errno == EINTR);
	syscall(SYS_exit_group, ret ? errno : 0);
}

/*
 * struct helper - a process that sleeps in flock(2)
 * @pidfd: its pidfd
 * @pid: its pid, valid until the library reaps it
 */
struct helper {
	int pidfd;
	pid_t pid;
};

/* Start the helper, with all signals blocked; 0 or -errno */
static int start_helper(struct helper *helper, int fd, int op)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&helper->pidfd,
	};
	pid_t caller = getpid();
	sigset_t all, old;
	long pid;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		sleep_in_flock(fd, op, caller);
	err = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	helper->pid = (pid_t)pid;
	return pid < 0 ? -err : 0;
}

/* End the helper. A sandbox may forbid pidfd_send_signal(), so kill() is next. */
static void kill_helper(const struct helper *helper)
{
	if (syscall(SYS_pidfd_send_signal, helper->pidfd, SIGKILL, NULL, 0))
		kill(helper->pid, SIGKILL);
}

/* The result of the helper: 0 if it has the lock */
static int reap_helper(const struct helper *helper)
{
	int ret, status = 0;

	do {
		ret = waitpid(helper->pid, &status, __WALL);
	} while (ret < 0 && errno == EINTR);
	close(helper->pidfd);
	if (ret < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ETIMEDOUT;
}

/* Wait in a helper; 0: @fd is locked, with the helper as the holder */
static int wait_by_helper(int fd, int op, uint64_t deadline)
{
	struct helper helper;
	struct pollfd p = { .events = POLLIN };
	int n;

	if (start_helper(&helper, fd, op))
		return -ENOSYS;
	p.fd = helper.pidfd;
	do {
		n = poll(&p, 1, ms_until(deadline));
	} while ((n < 0 && errno == EINTR) || (!n && ms_until(deadline)));
	if (n <= 0)
		kill_helper(&helper);
	return reap_helper(&helper);
}

/**
 * zinc_lock_pause() - sleep before the next attempt at a lock
 * @deadline: as in zinc_flock_path()
 *
 * The time varies, so that two processes with conflicting locks do not retry in
 * step.
 *
 * Return: 0; -ETIMEDOUT.
 */
int zinc_lock_pause(uint64_t deadline)
{
	int left = ms_until(deadline);
	int some = POLL_MS - (int)(zinc_now() % (POLL_MS / 2));

	if (!left)
		return -ETIMEDOUT;
	poll(NULL, 0, left < some ? left : some);
	return 0;
}

static int wait_by_trying(int fd, int op, uint64_t deadline)
{
	int err;

	do {
		err = flock_once(fd, op | LOCK_NB);
		if (err != -EBUSY)
			return err;
	} while (!zinc_lock_pause(deadline));
	return -ETIMEDOUT;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Open the same file again; -ESTALE if the path refers to another one now */
static int open_again(int fd, const char *path, int flags)
{
	struct stat mine, other;
	int again = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
			       flags);

	if (again < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (!fstat(fd, &mine) && !fstat(again, &other) &&
	    is_same_file(&mine, &other))
		return again;
	close(again);
	return -ESTALE;
}

/*
 * After a helper has locked @locked: make this process the holder of a lock on @fd.
 *
 * Shared: @locked is another description of the file, which excludes exclusive
 * locks until @fd has its own lock.
 *
 * Exclusive: @locked is @fd. A second exclusive flock(2) would leave the helper as
 * the holder. So the lock is converted to shared, which always succeeds, and back
 * to exclusive. In between no process gets an exclusive lock, but one may get a
 * shared lock; then this lock is lost, -EBUSY, and the wait continues.
 */
static int take_over(int fd, int locked, int op)
{
	int err;

	if (op == LOCK_SH)
		return flock_once(fd, op | LOCK_NB);
	err = flock_once(locked, LOCK_SH | LOCK_NB);
	return err ? err : flock_once(fd, op | LOCK_NB);
}

static int wait_once(int fd, const char *path, int flags, int op,
		     uint64_t deadline)
{
	int locked = fd;
	int err;

	if (op == LOCK_SH)
		locked = open_again(fd, path, flags);
	if (locked < 0)
		return locked;
	err = wait_by_helper(locked, op, deadline);
	/* the lock may have been granted at the timeout */
	if (!err || err == -ETIMEDOUT) {
		int got = take_over(fd, locked, op);

		err = got == -EBUSY && err ? err : got;
	}
	if (locked != fd)
		close(locked);
	return err;
}

static int wait_until(int fd, const char *path, int flags, int op,
		      uint64_t deadline)
{
	int err;

	do {
		err = wait_once(fd, path, flags, op, deadline);
	} while (err == -EBUSY && ms_until(deadline));
	if (err == -ENOSYS)
		err = wait_by_trying(fd, op, deadline);
	return err == -EBUSY ? -ETIMEDOUT : err;
}

static int lock_fd(int fd, const char *path, int flags, uint32_t mode,
		   uint64_t deadline)
{
	int op = operation(mode);
	int err;

	err = flock_once(fd, op | LOCK_NB);
	if (err != -EBUSY || !deadline)
		return err;
	if (deadline == ZINC_DEADLINE_NEVER)
		return flock_once(fd, op);
	return wait_until(fd, path, flags, op, deadline);
}

/* If the path cannot be examined, the opened file counts as current */
static bool is_still_at(int fd, const char *path, int flags)
{
	struct stat mine, there;

	if (flags & O_NOFOLLOW ? lstat(path, &there) : stat(path, &there))
		return errno != ENOENT && errno != ENOTDIR;
	return fstat(fd, &mine) || is_same_file(&mine, &there);
}

/* A descriptor, or -errno; -ESTALE if the file was removed or replaced */
static int lock_file(const char *path, int flags, uint32_t mode,
		     uint64_t deadline, char **why)
{
	int fd, err;

	fd = zinc_lock_open(path, flags, why);
	if (fd < 0)
		return fd;
	err = lock_fd(fd, path, flags, mode, deadline);
	if (!err && !is_still_at(fd, path, flags))
		err = -ESTALE;
	if (!err) {
		/* see zinc_flock_close() */
		fcntl(fd, F_SETOWN, getpid());
		return fd;
	}
	close(fd);
	return err;
}

/**
 * zinc_flock_close() - release a lock
 * @fd: from zinc_flock_path(), or a copy of it
 *
 * The lock of a file description lasts until the last process closes it, for
 * example a child. So the process that took the lock unlocks it explicitly. In all
 * other processes this only closes the descriptor. The process that took the lock
 * is stored in the description, as its owner (F_SETOWN), which has no other effect
 * here.
 */
void zinc_flock_close(int fd)
{
	if (fcntl(fd, F_GETOWN) == getpid())
		flock(fd, LOCK_UN);
	close(fd);
}

/**
 * zinc_flock_path() - open and lock a file
 * @path: lock file
 * @flags: of zinc_lock_open()
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @deadline: 0 does not wait; ZINC_DEADLINE_NEVER waits without limit
 * @why: message; not set if another process holds the lock
 *
 * Return: a descriptor; -EBUSY with a deadline of 0, else -ETIMEDOUT; -ESTALE the
 * file is removed or replaced repeatedly; an error of flock(2); or as
 * zinc_lock_open() and zinc_filter_filesystem().
 */
int zinc_flock_path(const char *path, int flags, uint32_t mode,
		    uint64_t deadline, char **why)
{
	int tries = REPLACED_TRIES;
	int fd;

	fd = zinc_filter_filesystem(path, why);
	if (fd)
		return fd;
	do {
		fd = lock_file(path, flags, mode, deadline, why);
	} while (fd == -ESTALE && (--tries > 0 || ms_until(deadline)));
	if (fd != -ESTALE)
		return fd;
	return zinc_why(why, fd,
			"%s: this lock file is removed or replaced repeatedly, so a lock on it would not exclude other processes; find the cause, or choose another directory",
			path);
}

/**
 * zinc_flock_own() - zinc_flock_path() of a file in the folder of zinc_lock_dir()
 * @path: as for zinc_flock_path()
 * @mode: likewise
 * @deadline: likewise
 * @why: likewise; also says how to choose another folder
 *
 * Symbolic links are not followed.
 *
 * Return: as zinc_flock_path().
 */
int zinc_flock_own(const char *path, uint32_t mode, uint64_t deadline,
		   char **why)
{
	int fd = zinc_flock_path(path, O_NOFOLLOW, mode, deadline, why);
	char *text;

	if (fd != -EOPNOTSUPP || !why || !*why)
		return fd;
	text = *why;
	*why = NULL;
	zinc_why(why, fd, "%s ZINC_LOCK_DIR, or lock_dir in " ZINC_CONFIG
		 ", names its folder.", text);
	free(text);
	return fd;
}

static int lock_path(const char *path, uint32_t mode, uint64_t deadline,
		     char **why)
{
	if (why)
		*why = NULL;
	if (!path || !zinc_lock_mode_is_valid(mode))
		return zinc_why(why, -EINVAL, "no path, or invalid mode of the lock");
	return zinc_flock_path(path, 0, mode, deadline, why);
}

/* The holders as text, to be freed by free(); NULL only without memory */
static char *holders_text(const char *path)
{
	struct zinc_lock_holder *holders;
	size_t count;
	char *text;

	if (zinc_flock_holders(path, &holders, &count, sizeof(*holders)))
		return zinc_holders_format(NULL, 0, sizeof(*holders));
	text = zinc_holders_format(holders, count, sizeof(*holders));
	zinc_holders_free(holders);
	return text;
}

static int busy(const char *path, int err, char **why)
{
	char *text;

	if (!why || *why)
		return err;
	if (err != -EBUSY && err != -ETIMEDOUT)
		return zinc_why_errno(why, err, path);
	text = holders_text(path);
	zinc_why(why, err, "%s is locked by:\n%s", path, text ? text : "?");
	free(text);
	return err;
}

int32_t zinc_flock_try(const char *path, uint32_t mode, char **why)
{
	int fd = lock_path(path, mode, 0, why);

	return fd < 0 ? busy(path, fd, why) : fd;
}

int32_t zinc_flock_block(const char *path, uint32_t mode, uint32_t timeout_ms,
			 char **why)
{
	int fd = lock_path(path, mode, zinc_deadline(timeout_ms), why);

	if (fd == -EBUSY)
		fd = -ETIMEDOUT;
	return fd < 0 ? busy(path, fd, why) : fd;
}

int32_t zinc_flock_materialize(const char *path, char **why)
{
	int fd, err;

	if (why)
		*why = NULL;
	if (!path)
		return zinc_why(why, -EINVAL, "no path");
	err = zinc_filter_filesystem(path, why);
	if (err)
		return err;
	fd = zinc_lock_open(path, 0, why);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

void zinc_flock_release(int fd)
{
	if (fd >= 0)
		zinc_flock_close(fd);
}
