// SPDX-License-Identifier: MIT
/*
 * POSIX shared memory objects: creation, publication under a name, lookup, removal.
 *
 * An object is created without a name, and gets its name once it is complete, so
 * that a creator that dies leaves no incomplete object. Other libraries may create
 * it under its name; their incomplete objects are recognized.
 *
 * A name is removed only under the object's flock, after a check that the name
 * still refers to this object. Otherwise the last process to close a region could
 * remove the next region of the same name. The wait for the lock has a limit, since
 * every process that may open an object may also lock it. Before the name of an
 * unused region is removed, the region is claimed, so that no process opens it in
 * the meantime (shm_alive.c).
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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "backend/shm.h"

#define SELF_FD		"/proc/self/fd"
#define PATIENCE_MS	100
#define ROUNDS_MAX	1000

#ifndef RENAME_NOREPLACE	/* some C libraries do not define it */
#define RENAME_NOREPLACE	(1 << 0)
#endif

/* The step of an allocation: small, so that periodic signals do not stop it */
#define STEP		((off_t)16 << 20)

static void sleep_ms(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/**
 * zinc_object_path() - get the path of the object of a name
 * @path: gets the path
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

/*
 * A temporary name: it has a dot, as no region's name has. It begins like a
 * region's, since a sandbox may allow no other names.
 */
static void temporary_path(char path[ZINC_SHM_PATH_SIZE])
{
	static unsigned int last;

	snprintf(path, ZINC_SHM_PATH_SIZE, ZINC_SHM_DIR "/" ZINC_SHM_PREFIX
		 ".%d.%u", (int)getpid(),
		 __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}

/* The errors of a call that a sandbox forbids */
static bool is_refusal(int err)
{
	return err == -EACCES || err == -EPERM;
}

static int make_named(struct zinc_object *object)
{
	int i;

	for (i = 0; i < ROUNDS_MAX; i++) {
		temporary_path(object->path);
		object->fd = open_retrying(object->path, O_RDWR | O_CREAT |
					   O_EXCL | O_NOFOLLOW);
		if (object->fd != -EEXIST)
			break;
	}
	return object->fd < 0 ? object->fd : 0;
}

/* Create an object without a name, or under a temporary one. */
static int make(struct zinc_object *object, bool named)
{
	object->path[0] = '\0';
	if (named || access(SELF_FD, X_OK))
		return make_named(object);
	object->fd = open_retrying(ZINC_SHM_DIR, O_TMPFILE | O_RDWR);
	if (object->fd >= 0)
		return 0;
	/* not supported by the kernel or the file system, or forbidden */
	if (object->fd == -EOPNOTSUPP || object->fd == -EISDIR ||
	    object->fd == -EINVAL || is_refusal(object->fd))
		return make_named(object);
	return object->fd;
}

/* Beyond RLIMIT_FSIZE there is a signal, not only an error. */
static bool is_within_limit(off_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) ||
	       limit.rlim_cur == RLIM_INFINITY ||
	       (rlim_t)size <= limit.rlim_cur;
}

/* Refuse an object that cannot fit before it fills the file system. */
static bool has_room(int fd, off_t size)
{
	struct statvfs fs;

	/* a tmpfs without a limit reports 0 blocks */
	return fstatvfs(fd, &fs) || !fs.f_blocks ||
	       (uint64_t)size / fs.f_frsize < fs.f_bavail;
}

/* Without fallocate(): write a byte in each page */
static int write_zeros(int fd, off_t size)
{
	const char zero = 0;
	off_t page = getpagesize();
	off_t at;

	for (at = 0; at < size; at += page) {
		while (pwrite(fd, &zero, 1, at) != 1) {
			if (errno != EINTR)
				return -errno;
		}
	}
	return 0;
}

/* Allocate the memory now, so that no access raises SIGBUS. */
static int populate(int fd, off_t size)
{
	off_t done = 0;
	off_t step;

	if (!has_room(fd, size))
		return -ENOSPC;
	if (!zinc_memory_allows((uint64_t)size))
		return -ENOMEM;
	while (done < size) {
		step = size - done < STEP ? size - done : STEP;
		if (!fallocate(fd, 0, done, step))
			done += step;
		else if (errno == EOPNOTSUPP || errno == ENOSYS ||
			 is_refusal(-errno))
			return write_zeros(fd, size);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Set the permission bits; a sandbox may forbid that. */
static int set_mode(int fd, mode_t mode)
{
	struct stat st;
	int err;

	if (!fchmod(fd, mode))
		return 0;
	err = -errno;
	if (!fstat(fd, &st) && (st.st_mode & 0777) == mode)
		return 0;
	return err;
}

/**
 * zinc_object_make() - create an object of zeros without a name
 * @object: to be published or discarded; the caller closes its fd
 * @mode: permission bits; no umask is applied
 * @size: bytes
 * @flags: ZINC_OBJECT_*
 *
 * Return: 0; -ENOSPC or -ENOMEM no memory; -EFBIG beyond RLIMIT_FSIZE; -ENODEV no
 * POSIX shared memory; or another negative errno.
 */
int zinc_object_make(struct zinc_object *object, mode_t mode, off_t size,
		     unsigned int flags)
{
	int err;

	if (!is_within_limit(size))
		return -EFBIG;
	err = make(object, flags & ZINC_OBJECT_NAMED);
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	err = set_mode(object->fd, mode);
	if (!err && ftruncate(object->fd, size))
		err = -errno;
	if (!err && !(flags & ZINC_OBJECT_LAZY))
		err = populate(object->fd, size);
	if (err) {
		zinc_object_discard(object);
		close(object->fd);
	}
	return err;
}

/**
 * zinc_object_discard() - remove the temporary name of an unpublished object
 * @object: its fd stays open
 */
void zinc_object_discard(struct zinc_object *object)
{
	if (object->path[0])
		unlink(object->path);
	object->path[0] = '\0';
}

/* Rename the temporary name to @path, if that is free. */
static int rename_at(struct zinc_object *object, const char *path)
{
	int err;

	if (!link(object->path, path)) {
		zinc_object_discard(object);
		return 0;
	}
	err = -errno;
	/* a sandbox may allow rename(), but not link() */
	if (is_refusal(err) &&
	    !syscall(SYS_renameat2, AT_FDCWD, object->path, AT_FDCWD, path,
		     RENAME_NOREPLACE)) {
		object->path[0] = '\0';
		return 0;
	}
	return is_refusal(err) && errno == EEXIST ? -EEXIST : err;
}

/* Give the object the name @path, if that is free. */
static int link_at(struct zinc_object *object, const char *path)
{
	char self[sizeof(SELF_FD) + 16];

	if (object->path[0])
		return rename_at(object, path);
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

/**
 * zinc_object_is_named() - check whether a name refers to an object
 * @path: the name
 * @fd: the object
 *
 * Return: whether it does.
 */
bool zinc_object_is_named(const char *path, int fd)
{
	struct stat named;
	struct stat st;

	return !fstat(fd, &st) && !lstat(path, &named) &&
	       st.st_dev == named.st_dev && st.st_ino == named.st_ino;
}

/* The errors of a caller that is not the owner, by the directory's mode. */
static int refused(int err)
{
	return err == -EACCES ? -EPERM : err;
}

/**
 * zinc_object_remove() - remove the name of an object, if it still has it
 * @path: its name
 * @fd: the object
 *
 * Return: 0; -ENOENT the name is gone, or belongs to another object; -EPERM.
 */
int zinc_object_remove(const char *path, int fd)
{
	int err = -ENOENT;

	lock(fd);
	if (zinc_object_is_named(path, fd))
		err = unlink(path) ? refused(-errno) : 0;
	flock(fd, LOCK_UN);
	return err;
}

/**
 * zinc_object_unlink() - remove a name of any object
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
		if (fd < 0)	/* it cannot be locked, but removed */
			return unlink(path) ? refused(-errno) : 0;
		err = zinc_object_remove(path, fd);
		close(fd);
	}
	return err;
}

/* Replace the object that has the name. */
static int take_over(struct zinc_object *object, const char *path)
{
	int old = zinc_object_open(path, true);
	int err;

	if (old == -ENOENT)
		return -EAGAIN;
	err = link_temporarily(object);
	if (!err && old >= 0) {
		lock(old);
		if (!zinc_object_is_named(path, old))
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

/* Claim a stale region. Return: 0; -EAGAIN it is in use. */
static int claim(int fd, const struct zinc_header *header)
{
	int err = -EAGAIN;
	int i;

	for (i = 0; i < PATIENCE_MS && err == -EAGAIN; i++) {
		if (i)
			sleep_ms();
		err = zinc_alive_claim(fd);
		/* another claim ends soon, a handle may not */
		if (err == -EAGAIN && zinc_alive_any(fd))
			break;
	}
	if (!err)
		return 0;
	/* it is open, but the name should have ended with its creator */
	if (zinc_object_lifetime(header) == ZINC_LIFETIME_CREATOR)
		return zinc_alive_creator(fd) ? -EAGAIN : 0;
	/* a read-only object cannot be claimed, but examined */
	return err == -EAGAIN || zinc_alive_any(fd) ? -EAGAIN : 0;
}

/* Remove the name of a stale region. */
static int bury_object(const char *path, int fd,
		       const struct zinc_header *header)
{
	bool locked = header->flags & ZINC_SHM_LOCKED;
	int err = locked ? claim(fd, header) : 0;

	if (!err)
		err = zinc_object_remove(path, fd);
	if (locked)
		zinc_alive_unlock(fd);
	return err == -EAGAIN ? -EEXIST : err;
}

/**
 * zinc_object_bury() - remove the name of a stale region
 * @path: the name
 * @only: the expected object, or NULL for any
 *
 * A stale name remains if the last process to close the region was not allowed to
 * remove it, did not know that it should, or died first.
 *
 * Return: 0, or -ENOENT there was none; -EEXIST the region is open, or that is
 * unknown; -EPERM; or another negative errno.
 */
int zinc_object_bury(const char *path, const struct stat *only)
{
	struct zinc_header header;
	struct stat st;
	int fd = zinc_object_open(path, false);
	int err;

	if (fd == -EACCES)
		fd = zinc_object_open(path, true);
	if (fd < 0)
		return fd;
	err = zinc_object_read(fd, &header, &st);
	if (!err && only && (only->st_dev != st.st_dev ||
			     only->st_ino != st.st_ino))
		err = -EEXIST;
	if (!err && !zinc_object_is_stale(fd, &header))
		err = -EEXIST;
	if (!err)
		err = bury_object(path, fd, &header);
	close(fd);
	return err;
}

/* For a creator: make the name available, if it is stale. */
static bool is_free(const char *path)
{
	int err = zinc_object_bury(path, NULL);

	return !err || err == -ENOENT;
}

/**
 * zinc_object_exists() - check a name before creating an object
 * @path: the name
 *
 * Return: whether the name is taken, so that creating an object is useless.
 */
bool zinc_object_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !is_free(path);
}

/**
 * zinc_object_publish() - give a complete object its name
 * @object: from zinc_object_make()
 * @path: the name
 * @replace: take the name from the object that has it
 *
 * Return: 0; -EEXIST; with @replace -EPERM if the caller may not take the name,
 * -EBUSY if other processes took it repeatedly; or another negative errno.
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
			if (!is_free(path))
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
 * zinc_object_open() - open the object of a name
 * @path: the name
 * @readonly: for reading
 *
 * It may not be a region; see zinc_object_read().
 *
 * Return: a descriptor; -ENOENT; -EACCES; or another negative errno.
 */
int zinc_object_open(const char *path, bool readonly)
{
	/* opening a FIFO would block, and a link may lead elsewhere */
	return open_retrying(path, (readonly ? O_RDONLY : O_RDWR) |
			     O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

/**
 * zinc_object_head() - get the offset of the data
 * @header: its capacity
 * @size: bytes of the object
 *
 * Return: ZINC_HEADER_SIZE; a page, in the page layout; 0 if capacity and size do
 * not match.
 */
size_t zinc_object_head(const struct zinc_header *header, uint64_t size)
{
	uint64_t page = (uint64_t)getpagesize();
	uint64_t head = size - header->capacity;

	if (!header->capacity || header->capacity % page ||
	    header->capacity >= size)
		return 0;
	return head == ZINC_HEADER_SIZE || head == page ? (size_t)head : 0;
}

/**
 * zinc_object_header() - zinc_object_read() after fstat()
 * @fd: object
 * @header: copied from it
 * @st: the result of fstat()
 *
 * It uses read(), not a mapping: another process may truncate the object at any
 * time, and an access to the mapping would raise SIGBUS.
 *
 * Return: 0; -EAGAIN; -EBADMSG; or another negative errno.
 */
int zinc_object_header(int fd, struct zinc_header *header,
		       const struct stat *st)
{
	ssize_t n = pread(fd, header, sizeof(*header), 0);

	if (n < 0)
		return -errno;
	/* the object may have grown since fstat() */
	if (n != sizeof(*header) || st->st_size < (off_t)sizeof(*header) ||
	    !header->magic)
		return -EAGAIN;
	if (header->magic != ZINC_MAGIC || header->version != ZINC_FORMAT ||
	    !zinc_object_head(header, (uint64_t)st->st_size))
		return -EBADMSG;
	/* a region without locks, whose count is 0 */
	if (!(header->flags & ZINC_SHM_LOCKED) &&
	    header->ref_count == UINT32_MAX)
		return -EBADMSG;
	return 0;
}

/**
 * zinc_object_read() - read and check an object's header
 * @fd: object
 * @header: copied from it
 * @st: gets the result of fstat()
 *
 * Return: 0; -EAGAIN it is incomplete; -ENOENT it has lost its name; -EBADMSG it
 * is not a region; or another negative errno.
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
 * zinc_object_lifetime() - get the lifetime of a region
 * @header: valid
 *
 * Return: ZINC_LIFETIME_*.
 */
uint32_t zinc_object_lifetime(const struct zinc_header *header)
{
	uint32_t lifetime = (header->flags & ZINC_SHM_LIFETIME_MASK) >>
			    ZINC_SHM_LIFETIME_SHIFT;

	return lifetime > ZINC_LIFETIME_PERSIST ? ZINC_LIFETIME_REFS : lifetime;
}

/**
 * zinc_object_is_stale() - check whether a region is stale
 * @fd: any descriptor of the object except a handle's
 * @header: its header, valid
 *
 * Return: whether it is certainly stale.
 */
bool zinc_object_is_stale(int fd, const struct zinc_header *header)
{
	uint32_t lifetime = zinc_object_lifetime(header);
	bool gone = header->flags & ZINC_HDR_CREATOR_GONE;

	if (lifetime == ZINC_LIFETIME_PERSIST)
		return false;
	if (header->flags & ZINC_SHM_LOCKED)
		return lifetime == ZINC_LIFETIME_CREATOR ?
		       !zinc_alive_creator(fd) : !zinc_alive_any(fd);
	if (!header->ref_count || (gone && lifetime == ZINC_LIFETIME_CREATOR))
		return true;
	/* the creator has closed it: the open handles keep it */
	return !gone && zinc_creator_fate(header->owner_pid) ==
	       ZINC_CREATOR_DIED;
}
