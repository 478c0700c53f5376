// SPDX-License-Identifier: MIT
/*
 * Lock files: where they are, and how one is opened without being fooled.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock/internal.h"

#define LOCK_MODE	0666
/* between two steps of opening, the file may come and go */
#define OPEN_TRIES	10
/* more than any file of /proc has that is read here */
#define WHOLE_MAX	(16 << 20)
#define WHOLE_STEP	65536

/**
 * zinc_read_whole() - the contents of a file of /proc or /sys
 * @path: file
 * @text: allocated, with a NUL behind it
 * @length: bytes of it
 *
 * Return: 0; -EFBIG more than such a file has; -ENOMEM; what open(2) and
 * read(2) give.
 */
int zinc_read_whole(const char *path, char **text, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0, room = 0;
	char *buf = NULL, *more;
	ssize_t n = 0;
	int err = 0;

	if (fd < 0)
		return -errno;
	do {
		used += (size_t)n;
		if (room - used < WHOLE_STEP / 2) {
			room += WHOLE_STEP;
			more = room > WHOLE_MAX ? NULL : realloc(buf, room + 1);
			if (!more) {
				err = room > WHOLE_MAX ? -EFBIG : -ENOMEM;
				break;
			}
			buf = more;
		}
		do {
			n = read(fd, buf + used, room - used);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			err = -errno;
	} while (n > 0);
	close(fd);
	if (err) {
		free(buf);
		return err;
	}
	buf[used] = '\0';
	*text = buf;
	*length = used;
	return 0;
}

/*
 * An existing file is opened without O_CREAT, which a sticky directory refuses
 * for another user's file (fs.protected_regular). flock(2) does not require
 * write access.
 */
static int open_existing(const char *path, int flags)
{
	int fd;

	do {
		fd = open(path, O_RDWR | flags);
		if (fd < 0 && (errno == EACCES || errno == EROFS))
			fd = open(path, O_RDONLY | flags);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int open_or_create(const char *path, int flags)
{
	int tries = OPEN_TRIES;
	int fd;

	flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	do {
		fd = open_existing(path, flags);
		if (fd != -ENOENT)
			return fd;
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | flags, LOCK_MODE);
		if (fd >= 0)
			return fd;
		fd = -errno;
	} while ((fd == -EEXIST || fd == -EINTR) && --tries);
	return fd;
}

/* EACCES: name the owner */
static int not_allowed(const char *path, char **why)
{
	struct passwd *user;
	struct stat st;

	if (lstat(path, &st))
		return zinc_why(why, -EACCES,
				"%s: cannot create the lock file: %s; make the directory writable, or set ZINC_LOCK_DIR",
				path, strerror(EACCES));
	user = getpwuid(st.st_uid);
	return zinc_why(why, -EACCES,
			"%s: the lock file belongs to %s (uid %u), and its mode %04o does not permit this user to open it; ask the owner for mode 0666",
			path, user ? user->pw_name : "somebody",
			(unsigned int)st.st_uid,
			(unsigned int)st.st_mode & 07777);
}

static int open_failed(const char *path, int err, char **why)
{
	switch (err) {
	case -EACCES:
	case -EPERM:
		return not_allowed(path, why);
	case -ELOOP:
		return zinc_why(why, err,
				"%s: expected a lock file, but it is a symbolic link, which is not followed; check who created it, and remove it",
				path);
	case -EISDIR:
		return zinc_why(why, err,
				"%s: expected a lock file, but it is a directory", path);
	case -ENXIO:
		return zinc_why(why, -EEXIST,
				"%s: expected a lock file, but it is not a regular file; check who created it, and remove it",
				path);
	case -ENOENT:
		return zinc_why(why, err,
				"%s: its directory does not exist; create it, or set ZINC_LOCK_DIR",
				path);
	case -EROFS:
		return zinc_why(why, err,
				"%s: the file system is read-only; set ZINC_LOCK_DIR to a writable directory",
				path);
	case -ENOSPC:
	case -EDQUOT:
		return zinc_why(why, err,
				"%s: no space for an empty file: %s",
				path, strerror(-err));
	}
	return zinc_why_errno(why, err, path);
}

/**
 * zinc_lock_open() - a lock file, made where it is not there, never truncated
 * @path: file
 * @flags: 0, or O_NOFOLLOW
 * @why: message
 *
 * Return: a descriptor; -EEXIST it is not a plain file; -ELOOP, with O_NOFOLLOW;
 * or what open(2) gives.
 */
int zinc_lock_open(const char *path, int flags, char **why)
{
	int fd = open_or_create(path, flags);
	int err = -ENXIO;
	struct stat st;

	if (fd < 0)
		return open_failed(path, fd, why);
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return open_failed(path, err, why);
}
