// SPDX-License-Identifier: MIT
/*
 * flock(2), at once or with a wait.
 *
 * flock(2) has no timeout, and what sleeps in it can only be ended by a signal.
 * A signal to the caller would be the caller's business, and a thread can not be
 * ended by one that it does not handle without ending the process. So a process
 * of its own sleeps in flock(2) on the same file description: what it gets is
 * the caller's as well, and it can be killed without anybody noticing. It is
 * made without SIGCHLD, so that the caller's wait() does not see it, runs no code
 * of libc's, and dies with the caller. That costs what fork(2) costs, once for a
 * wait that has to sleep anyway.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

#include "backend.h"
#include "lock.h"

#define NS_PER_MS	1000000ULL
#define POLL_MS		100

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

/* In the helper: nothing but system calls, whose errors are its exit status. */
static void sleep_in_flock(int fd, int op, pid_t caller)
{
	long ret = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		syscall(SYS_exit_group, EIO);
	/* a pipe that it held open would be missed by others */
	if (fd)
		syscall(SYS_close_range, 0, fd - 1, 0);
	syscall(SYS_close_range, fd + 1, ~0U, 0);
	do {
		ret = syscall(SYS_flock, fd, op);
	} while (ret && errno == EINTR);
	syscall(SYS_exit_group, ret ? errno : 0);
}

/* A pidfd, or -errno; the helper's signals are all blocked. */
static int start_helper(int fd, int op)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
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
	return pid < 0 ? -err : pidfd;
}

/* What became of it: 0 it has the lock */
static int reap_helper(int pidfd)
{
	siginfo_t info = {};
	int ret;

	do {
		ret = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info,
			     WEXITED | __WALL);
	} while (ret && errno == EINTR);
	if (ret)
		return -errno;
	if (info.si_code != CLD_EXITED)
		return -ETIMEDOUT;
	return -info.si_status;
}

static int wait_by_helper(int fd, int op, uint64_t deadline)
{
	int pidfd = start_helper(fd, op);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int err, n;

	if (pidfd < 0)
		return -ENOSYS;
	do {
		n = poll(&p, 1, ms_until(deadline));
	} while ((n < 0 && errno == EINTR) || (!n && ms_until(deadline)));
	if (n <= 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	err = reap_helper(pidfd);
	close(pidfd);
	return err;
}

/**
 * zinc_lock_pause() - before one tries again what the kernel can not wait for
 * @deadline: as in zinc_flock_fd()
 *
 * Two that have taken from each other what both need are not to meet again: not
 * all wait equally long.
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

/**
 * zinc_flock_fd() - lock an open file
 * @fd: of it
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @deadline: 0 only tries; ZINC_NO_DEADLINE
 *
 * Return: 0; -EBUSY with a deadline of 0, else -ETIMEDOUT; or what flock(2)
 * gives.
 */
int zinc_flock_fd(int fd, uint32_t mode, uint64_t deadline)
{
	int op = operation(mode);
	int err;

	err = flock_once(fd, op | LOCK_NB);
	if (err != -EBUSY || !deadline)
		return err;
	if (deadline == ZINC_NO_DEADLINE)
		return flock_once(fd, op);
	err = wait_by_helper(fd, op, deadline);
	if (err == -ENOSYS)
		err = wait_by_trying(fd, op, deadline);
	/* it may have come in the moment in which it was given up */
	if (err == -ETIMEDOUT && !flock_once(fd, op | LOCK_NB))
		err = 0;
	return err;
}

/**
 * zinc_flock_path() - open and lock a file
 * @path: lock file
 * @flags: of zinc_lock_open()
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @deadline: as in zinc_flock_fd()
 * @why: message; not set where somebody has it
 *
 * Return: a descriptor; as zinc_flock_fd() and zinc_lock_open().
 */
int zinc_flock_path(const char *path, int flags, uint32_t mode,
		    uint64_t deadline, char **why)
{
	int fd, err;

	err = zinc_filter_filesystem(path, why);
	if (err)
		return err;
	fd = zinc_lock_open(path, flags, why);
	if (fd < 0)
		return fd;
	err = zinc_flock_fd(fd, mode, deadline);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int lock_path(const char *path, uint32_t mode, uint64_t deadline,
		     char **why)
{
	if (why)
		*why = NULL;
	if (!path || !zinc_lock_mode_is_valid(mode))
		return zinc_why(why, -EINVAL, "no path, or no mode of a lock");
	return zinc_flock_path(path, 0, mode, deadline, why);
}

/* The holders, to be freed with free(); never NULL but for want of memory */
static char *holders_text(const char *path)
{
	struct zinc_lock_holder *holders;
	size_t count;
	char *text;

	if (zinc_flock_holders(path, &holders, &count))
		return zinc_holders_format(NULL, 0);
	text = zinc_holders_format(holders, count);
	free(holders);
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
		close(fd);
}
