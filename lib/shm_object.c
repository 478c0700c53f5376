// SPDX-License-Identifier: MIT
/*
 * POSIX shared memory objects: made, published under a name, found, removed.
 *
 * An object is made without a name, and gets it once it is complete, so that
 * a creator that dies leaves nothing half-made behind. Others may do it the
 * other way round, and what they leave is recognized.
 *
 * A name is removed only by who holds the object's flock and has seen then
 * that the name still means this object. Otherwise the last one to close a
 * region could remove the next region of the same name. The lock is waited
 * for, but not for ever: who may open an object may lock it, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "shm.h"

#define SELF_FD		"/proc/self/fd"
#define PATIENCE_MS	100
#define ROUNDS_MAX	1000
/* Memory is taken in steps that end well before the next signal comes. */
#define STEP		((off_t)16 << 20)

static void sleep_ms(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/**
 * zinc_object_path() - where the region of a name is
 * @path: its path
 * @name: valid
 */
void zinc_object_path(char path[ZINC_SHM_PATH_SIZE], const char *name)
{
	snprintf(path, ZINC_SHM_PATH_SIZE, ZINC_SHM_DIR "/" ZINC_SHM_PREFIX
		 "%s", name);
}

static int open_retrying(const char *path, int flags)
{
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* A name of this process that nobody looks for. */
static void temporary_path(char path[ZINC_SHM_PATH_SIZE])
{
	static unsigned int last;

	snprintf(path, ZINC_SHM_PATH_SIZE, ZINC_SHM_DIR "/." ZINC_SHM_PREFIX
		 "%d.%u", (int)getpid(),
		 __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}

/* Without a name where that can be, and under a temporary one elsewhere. */
static int make(struct zinc_object *object)
{
	int i;

	object->path[0] = '\0';
	if (!access(SELF_FD, X_OK)) {
		object->fd = open_retrying(ZINC_SHM_DIR, O_TMPFILE | O_RDWR);
		if (object->fd >= 0)
			return 0;
		if (object->fd != -EOPNOTSUPP && object->fd != -EISDIR &&
		    object->fd != -EINVAL)
			return object->fd;
	}
	for (i = 0; i < ROUNDS_MAX; i++) {
		temporary_path(object->path);
		object->fd = open_retrying(object->path, O_RDWR | O_CREAT |
					   O_EXCL | O_NOFOLLOW);
		if (object->fd != -EEXIST)
			break;
	}
	return object->fd < 0 ? object->fd : 0;
}

/* Past this limit there is a signal, not only an error. */
static bool is_within_limit(off_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) ||
	       limit.rlim_cur == RLIM_INFINITY ||
	       (rlim_t)size <= limit.rlim_cur;
}

/* What cannot fit must not fill the file system first, to everyone's harm. */
static bool has_room(int fd, off_t size)
{
	struct statvfs fs;

	/* a tmpfs without a limit says that it has no blocks at all */
	return fstatvfs(fd, &fs) || !fs.f_blocks ||
	       (uint64_t)size / fs.f_frsize < fs.f_bavail;
}

/* The value of a line of /proc/meminfo, in bytes; 0 where it is not there. */
static uint64_t meminfo(const char *text, const char *key)
{
	const char *line = strstr(text, key);
	char *end;
	uint64_t kib;

	if (!line)
		return 0;
	line += strlen(key);
	kib = strtoull(line, &end, 10);
	return end == line ? 0 : kib << 10;
}

/* A tmpfs may be as large as all memory: who fills it calls the OOM killer. */
static bool has_memory(off_t size)
{
	char text[4096];
	int fd = open_retrying("/proc/meminfo", O_RDONLY);
	uint64_t available;
	ssize_t n;

	if (fd < 0)
		return true;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return true;
	text[n] = '\0';
	available = meminfo(text, "\nMemAvailable:");
	return !available ||
	       (uint64_t)size <= available + meminfo(text, "\nSwapFree:");
}

/* Memory now, not by a SIGBUS later. */
static int populate(int fd, off_t size)
{
	off_t done = 0;
	off_t step;

	if (!has_room(fd, size))
		return -ENOSPC;
	if (!has_memory(size))
		return -ENOMEM;
	while (done < size) {
		step = size - done < STEP ? size - done : STEP;
		if (!fallocate(fd, 0, done, step))
			done += step;
		else if (errno == EOPNOTSUPP)
			return -posix_fallocate(fd, done, size - done);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/**
 * zinc_object_make() - an object of zeros that has no name yet
 * @object: to be published or discarded, and its fd to be closed
 * @mode: permission bits, whatever the umask
 * @size: bytes
 * @lazy: without memory
 *
 * Return: 0; -ENOSPC or -ENOMEM no memory; -EFBIG past RLIMIT_FSIZE; -ENODEV no
 * POSIX shared memory here; or another negative errno.
 */
int zinc_object_make(struct zinc_object *object, mode_t mode, off_t size,
		     bool lazy)
{
	int err;

	if (!is_within_limit(size))
		return -EFBIG;
	err = make(object);
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	if (fchmod(object->fd, mode) || ftruncate(object->fd, size))
		err = -errno;
	if (!err && !lazy)
		err = populate(object->fd, size);
	if (err) {
		zinc_object_discard(object);
		close(object->fd);
	}
	return err;
}

/**
 * zinc_object_discard() - forget an object that was not published
 * @object: its fd stays open
 */
void zinc_object_discard(struct zinc_object *object)
{
	if (object->path[0])
		unlink(object->path);
	object->path[0] = '\0';
}

/* Give it the name @path, if nobody has that. */
static int link_at(struct zinc_object *object, const char *path)
{
	char self[sizeof(SELF_FD) + 16];

	if (object->path[0]) {
		if (link(object->path, path))
			return -errno;
		zinc_object_discard(object);
		return 0;
	}
	snprintf(self, sizeof(self), SELF_FD "/%d", object->fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		return -errno;
	return 0;
}

static int link_temporarily(struct zinc_object *object)
{
	char path[ZINC_SHM_PATH_SIZE];
	int err;

	if (object->path[0])
		return 0;
	do {
		temporary_path(path);
		err = link_at(object, path);
	} while (err == -EEXIST);
	if (!err)
		memcpy(object->path, path, sizeof(path));
	return err;
}

static void lock(int fd)
{
	int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
			return;
		sleep_ms();
	}
}

static bool is_named(const char *path, int fd)
{
	struct stat named;
	struct stat st;

	return !fstat(fd, &st) && !lstat(path, &named) &&
	       st.st_dev == named.st_dev && st.st_ino == named.st_ino;
}

/* Who may not write the directory, or finds it sticky, is not the owner. */
static int refused(int err)
{
	return err == -EACCES ? -EPERM : err;
}

/**
 * zinc_object_remove() - take the name from an object, if it still has it
 * @path: its name
 * @fd: the object
 *
 * Return: 0; -ENOENT the name is gone, or another object's; -EPERM.
 */
int zinc_object_remove(const char *path, int fd)
{
	int err = -ENOENT;

	lock(fd);
	if (is_named(path, fd))
		err = unlink(path) ? refused(-errno) : 0;
	flock(fd, LOCK_UN);
	return err;
}

/**
 * zinc_object_unlink() - take away a name, whatever has it
 * @path: name
 *
 * Return: 0; -ENOENT; -EPERM not the owner; or another negative errno.
 */
int zinc_object_unlink(const char *path)
{
	int err = -ENOENT;
	int fd;
	int i;

	for (i = 0; i < ROUNDS_MAX && err == -ENOENT; i++) {
		fd = zinc_object_open(path, true);
		if (fd == -ENOENT)
			return fd;
		if (fd < 0)	/* then it cannot be locked, but removed */
			return unlink(path) ? refused(-errno) : 0;
		err = zinc_object_remove(path, fd);
		close(fd);
	}
	return err;
}

/* Put the object in the place of what has the name now. */
static int take_over(struct zinc_object *object, const char *path)
{
	int old = zinc_object_open(path, true);
	int err;

	if (old == -ENOENT)
		return -EAGAIN;
	err = link_temporarily(object);
	if (!err && old >= 0) {
		lock(old);
		if (!is_named(path, old))
			err = -EAGAIN;
	}
	if (!err && rename(object->path, path))
		err = refused(-errno);
	if (!err)
		object->path[0] = '\0';
	if (old >= 0)
		close(old);
	return err;
}

/*
 * A region that lives by its handles and has none left is dead. Its name is
 * still there if the last to close it was not allowed to remove it, did not
 * know that it should, or died before it could.
 */
static bool bury(const char *path)
{
	struct zinc_header header;
	struct stat st;
	int fd = zinc_object_open(path, true);
	bool gone = fd == -ENOENT;

	if (fd < 0)
		return gone;
	if (!zinc_object_read(fd, &header, &st) &&
	    zinc_object_is_dead(&header))
		gone = zinc_object_remove(path, fd) != -EPERM;
	close(fd);
	return gone;
}

/**
 * zinc_object_exists() - would zinc_object_publish() find the name taken?
 * @path: the name
 *
 * Return: whether it makes no sense to make an object for it.
 */
bool zinc_object_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !bury(path);
}

/**
 * zinc_object_publish() - give a complete object its name
 * @object: from zinc_object_make()
 * @path: the name
 * @replace: take it from what has it
 *
 * Return: 0; -EEXIST; with @replace -EPERM where the name is not ours to take,
 * -EBUSY where others took it again and again; or another negative errno.
 */
int zinc_object_publish(struct zinc_object *object, const char *path,
			bool replace)
{
	int err;
	int i;

	for (i = 0; i < ROUNDS_MAX; i++) {
		err = link_at(object, path);
		if (err != -EEXIST)
			return err;
		if (!replace) {
			if (!bury(path))
				return -EEXIST;
			continue;
		}
		err = take_over(object, path);
		if (err != -EAGAIN)
			return err;
	}
	return replace ? -EBUSY : -EEXIST;
}

/**
 * zinc_object_open() - find what has a name
 * @path: the name
 * @readonly: for reading
 *
 * It may be anything; see zinc_object_read().
 *
 * Return: a descriptor; -ENOENT; -EACCES; or another negative errno.
 */
int zinc_object_open(const char *path, bool readonly)
{
	/* a FIFO would block, a link leads elsewhere */
	return open_retrying(path, (readonly ? O_RDONLY : O_RDWR) |
			     O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

/**
 * zinc_object_header() - zinc_object_read() of a file that is known
 * @fd: object
 * @header: copied from it
 * @st: what fstat() said
 *
 * By a read, not by a mapping: whoever may write the object may truncate it at
 * any moment, and then a mapping is worth a SIGBUS.
 *
 * Return: 0; -EAGAIN; -EBADMSG; or another negative errno.
 */
int zinc_object_header(int fd, struct zinc_header *header,
		       const struct stat *st)
{
	ssize_t n = pread(fd, header, sizeof(*header), 0);

	if (n < 0)
		return -errno;
	/* it may have grown since fstat(): no header without its size */
	if (n != sizeof(*header) || st->st_size < (off_t)sizeof(*header) ||
	    !header->magic)
		return -EAGAIN;
	if (header->magic != ZINC_MAGIC || header->version != ZINC_FORMAT)
		return -EBADMSG;
	if (!header->capacity ||
	    header->capacity > (uint64_t)st->st_size - sizeof(*header))
		return -EBADMSG;
	return 0;
}

/**
 * zinc_object_read() - read and check an object's header
 * @fd: object
 * @header: copied from it
 * @st: what fstat() says
 *
 * Return: 0; -EAGAIN its creator has not got that far; -ENOENT it has lost its
 * name; -EBADMSG it is no region; or another negative errno.
 */
int zinc_object_read(int fd, struct zinc_header *header, struct stat *st)
{
	memset(header, 0, sizeof(*header));
	if (fstat(fd, st))
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EBADMSG;
	if (!st->st_nlink)
		return -ENOENT;
	return zinc_object_header(fd, header, st);
}

/**
 * zinc_object_lifetime() - when the region loses its name
 * @header: valid
 *
 * Return: enum zinc_lifetime_kind.
 */
uint32_t zinc_object_lifetime(const struct zinc_header *header)
{
	uint32_t lifetime = (header->flags & ZINC_SHM_LIFETIME_MASK) >>
			    ZINC_SHM_LIFETIME_SHIFT;

	return lifetime > ZINC_LIVES_PERSIST ? ZINC_LIVES_REFS : lifetime;
}

/**
 * zinc_object_is_dead() - has everybody closed it who kept it alive?
 * @header: valid
 *
 * Return: whether its name should be gone.
 */
bool zinc_object_is_dead(const struct zinc_header *header)
{
	return !header->ref_count &&
	       zinc_object_lifetime(header) != ZINC_LIVES_PERSIST;
}
