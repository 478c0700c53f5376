/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of libc that fail when they are told to, for a program that is linked with
 * --wrap for each of them (see the Makefile).
 */
#ifndef FAILING_CALLS_H
#define FAILING_CALLS_H

#include "lib_test.h"

#include <stdarg.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

/* Of this process: @turn counts down; 0: not armed, or it has happened */
static struct {
	unsigned int turn;
	const char *call;	/* which failed */
	int error;
} fault;

/* For a test to do something just before the library's call of this name */
static void (*on_call)(const char *call);

static bool fails(const char *call, int error)
{
	if (on_call)
		on_call(call);
	if (!fault.turn || --fault.turn)
		return false;
	fault.call = call;
	fault.error = error;
	errno = error;
	return true;
}

/* For a test to look at an object that is about to get a name, or that of another */
static void (*on_naming)(const char *from, const char *to, bool replaces);

/* The file that was locked last */
static struct stat64 last_locked;

#define REAL(call)	extern __typeof__(call) __real_##call

REAL(malloc);
REAL(calloc);
REAL(realloc);
REAL(reallocarray);
REAL(strdup);
REAL(vasprintf);
REAL(open_memstream);
REAL(realpath);
REAL(opendir);
REAL(stat64);
REAL(lstat64);
REAL(fstat64);
REAL(statfs64);
REAL(fstatvfs64);
REAL(fchmod);
REAL(ftruncate64);
REAL(fallocate64);
REAL(posix_fallocate64);
REAL(link);
REAL(linkat);
REAL(rename);
REAL(mkdir);
REAL(read);
REAL(pread64);
REAL(mmap64);
REAL(flock);
REAL(poll);
REAL(ppoll);
REAL(sched_getaffinity);
REAL(open64);
REAL(fcntl64);
REAL(ioctl);
REAL(syscall);

#define FAILING(type, call, parameters, arguments, error, failure)		\
	type __wrap_##call parameters						\
	{									\
		return fails(#call, error) ? failure : __real_##call arguments;	\
	}

FAILING(void *, malloc, (size_t size), (size), ENOMEM, NULL)
FAILING(void *, calloc, (size_t n, size_t size), (n, size), ENOMEM, NULL)
FAILING(void *, realloc, (void *p, size_t size), (p, size), ENOMEM, NULL)
FAILING(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size),
	ENOMEM, NULL)
FAILING(char *, strdup, (const char *text), (text), ENOMEM, NULL)
FAILING(int, vasprintf, (char **text, const char *format, va_list args),
	(text, format, args), ENOMEM, -1)
FAILING(FILE *, open_memstream, (char **text, size_t *size), (text, size), ENOMEM,
	NULL)
FAILING(char *, realpath, (const char *path, char *to), (path, to), ENOMEM, NULL)
FAILING(DIR *, opendir, (const char *path), (path), EMFILE, NULL)
FAILING(int, stat64, (const char *path, struct stat64 *st), (path, st), ENOMEM, -1)
FAILING(int, lstat64, (const char *path, struct stat64 *st), (path, st), ENOMEM, -1)
FAILING(int, fstat64, (int fd, struct stat64 *st), (fd, st), ENOMEM, -1)
FAILING(int, statfs64, (const char *path, struct statfs64 *fs), (path, fs), ENOMEM, -1)
FAILING(int, fstatvfs64, (int fd, struct statvfs64 *fs), (fd, fs), ENOMEM, -1)
FAILING(int, fchmod, (int fd, mode_t mode), (fd, mode), EIO, -1)
FAILING(int, ftruncate64, (int fd, off64_t size), (fd, size), ENOSPC, -1)
FAILING(int, fallocate64, (int fd, int mode, off64_t at, off64_t size),
	(fd, mode, at, size), ENOSPC, -1)
FAILING(int, posix_fallocate64, (int fd, off64_t at, off64_t size), (fd, at, size),
	ENOSPC, ENOSPC)
FAILING(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, -1)
FAILING(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size), EIO, -1)
FAILING(ssize_t, pread64, (int fd, void *to, size_t size, off64_t at),
	(fd, to, size, at), EIO, -1)
FAILING(void *, mmap64,
	(void *at, size_t size, int prot, int flags, int fd, off64_t offset),
	(at, size, prot, flags, fd, offset), ENOMEM, MAP_FAILED)
FAILING(int, poll, (struct pollfd *fds, nfds_t n, int timeout), (fds, n, timeout),
	ENOMEM, -1)
FAILING(int, ppoll,
	(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
	 const sigset_t *mask),
	(fds, n, timeout, mask), ENOMEM, -1)
FAILING(int, sched_getaffinity, (pid_t pid, size_t size, cpu_set_t *set),
	(pid, size, set), EPERM, -1)

static void naming(const char *from, const char *to, bool replaces)
{
	if (on_naming)
		on_naming(from, to, replaces);
}

int __wrap_link(const char *from, const char *to)
{
	if (fails("link", ENOSPC))
		return -1;
	naming(from, to, false);
	return __real_link(from, to);
}

int __wrap_linkat(int dir, const char *from, int dir2, const char *to, int flags)
{
	if (fails("linkat", ENOSPC))
		return -1;
	naming(from, to, false);
	return __real_linkat(dir, from, dir2, to, flags);
}

int __wrap_rename(const char *from, const char *to)
{
	if (fails("rename", ENOSPC))
		return -1;
	naming(from, to, true);
	return __real_rename(from, to);
}

int __wrap_flock(int fd, int operation)
{
	int ret;

	if (fails("flock", ENOLCK))
		return -1;
	ret = __real_flock(fd, operation);
	if (!ret && operation & LOCK_EX)
		CHECK(!__real_fstat64(fd, &last_locked));
	return ret;
}

int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return fails("open64", EMFILE) ? -1 : __real_open64(path, flags, mode);
}

/* ZINC_* calls so far; a module that is @old knows no ZINC_IOC_LIST by name */
static struct {
	unsigned int calls;
	bool old;
} module;

static bool module_is_too_old(unsigned long command, const void *argument)
{
	const struct zinc_list *list = argument;

	if (_IOC_TYPE(command) != ZINC_IOCTL_TYPE)
		return false;
	module.calls++;
	if (!module.old || command != ZINC_IOC_LIST || !list->name[0])
		return false;
	errno = E2BIG;
	return true;
}

/* what the library asks for are locks */
int __wrap_fcntl64(int fd, int command, ...)
{
	va_list args;
	void *argument;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	return fails("fcntl", ENOLCK) ? -1 :
	       __real_fcntl64(fd, command, argument);
}

int __wrap_ioctl(int fd, unsigned long command, ...)
{
	va_list args;
	void *argument;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	if (module_is_too_old(command, argument))
		return -1;
	return fails("ioctl", ENOMEM) ? -1 : __real_ioctl(fd, command, argument);
}

/* As an older kernel, or a filter of system calls, has it */
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;
	size_t i;

	va_start(args, number);
	for (i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if ((number == SYS_clone3 || number == SYS_futex_waitv) &&
	    fails("syscall", ENOSYS))
		return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif /* FAILING_CALLS_H */
