// SPDX-License-Identifier: MIT
/*
 * Regions on POSIX shared memory, for systems without the kernel module.
 *
 * The sequence in the header is a shared futex, on which waits sleep. Each handle
 * holds a lock that the kernel releases with the handle, so the locks show which
 * handles are open (shm_alive.c). The count of handles in the header is kept for
 * libraries that do not know the locks. It is not exact: a process that dies does
 * not decrement it, and a read-only handle cannot increment it.
 *
 * A process that may write the object can also truncate it, which raises SIGBUS in
 * the others. Processes that do not trust each other need the kernel module.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "backend/shm.h"

#define PATIENCE_MS	100
#define ROUNDS_MAX	100
/* The longest sleep of a handle that no notify may know of */
#define NAP_NS		(10 * NS_PER_MS)

#ifdef SYS_futex_time64		/* a 32-bit system: its other call has 32 bits */
#define FUTEX_CALL	SYS_futex_time64
#else
#define FUTEX_CALL	SYS_futex
#endif

#ifndef SYS_futex_waitv
#define SYS_futex_waitv	449
#endif

#ifndef FUTEX_32
#define FUTEX_32	2
struct futex_waitv {
	__u64 val;
	__u64 uaddr;
	__u32 flags;
	__u32 __reserved;
};
#endif

/* The kernel's struct, whatever the size of the C library's time_t */
struct futex_time {
	int64_t s;
	int64_t ns;
};

static_assert(sizeof(struct zinc_header) == ZINC_HEADER_SIZE,
	      "the data begin after the header");

/* NULL for no deadline */
static const struct futex_time *futex_time(struct futex_time *time,
					   uint64_t deadline)
{
	if (deadline == ZINC_DEADLINE_NEVER)
		return NULL;
	time->s = (int64_t)(deadline / NS_PER_S);
	time->ns = (int64_t)(deadline % NS_PER_S);
	return time;
}

static int futex(const uint32_t *word, int operation, uint32_t value,
		 const struct futex_time *time)
{
	int saved = errno;
	long ret = syscall(FUTEX_CALL, word, operation, value, time, NULL,
			   FUTEX_BITSET_MATCH_ANY);

	if (ret < 0)
		ret = -errno;
	errno = saved;
	return (int)ret;
}

static int futex_any(struct futex_waitv *items, size_t count,
		     const struct futex_time *time)
{
	int saved = errno;
	long ret = syscall(SYS_futex_waitv, items, count, 0, time,
			   CLOCK_MONOTONIC);

	if (ret < 0)
		ret = -errno;
	errno = saved;
	return (int)ret;
}

static uint32_t sequence(const struct zinc_region *region)
{
	return __atomic_load_n(&region->header->notify_seq, __ATOMIC_ACQUIRE);
}

static size_t object_size(const struct zinc_region *region)
{
	return region->head + region->capacity;
}

static int map(struct zinc_region *region)
{
	int prot = region->readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	void *address = mmap(NULL, object_size(region), prot, MAP_SHARED,
			     region->fd, 0);

	if (address == MAP_FAILED)
		return -errno;
	region->header = address;
	region->data = (uint8_t *)address + region->head;
	return 0;
}

static void sleep_ms(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

static uint64_t real_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void write_header(struct zinc_region *region,
			 const struct zinc_options *options)
{
	struct zinc_header *header = region->header;

	header->version = ZINC_FORMAT;
	header->flags = (uint16_t)(options->lifetime <<
				   ZINC_SHM_LIFETIME_SHIFT);
	if (options->flags & ZINC_LAZY)
		header->flags |= ZINC_SHM_LAZY;
	if (region->locked)
		header->flags |= ZINC_SHM_LOCKED;
	header->capacity = region->capacity;
	header->ref_count = 1;
	if (zinc_waiters_fit(options->mode)) {
		header->flags |= ZINC_SHM_COUNTED;
		region->wakes = ZINC_WAKES_COUNTED;
		zinc_waiters_register(region);
	}
	header->owner_pid = region->pid;
	header->created_at = real_time();
	header->name_hash = zinc_name_hash(region->name);
	__atomic_store_n(&header->magic, ZINC_MAGIC, __ATOMIC_RELEASE);
}

/* Another descriptor of the same object, by its name; or -1 */
static int open_again(const char *path, int fd)
{
	int again = zinc_object_open(path, false);
	struct stat st, named;

	if (again < 0)
		return -1;
	if (!fstat(fd, &st) && !fstat(again, &named) &&
	    st.st_dev == named.st_dev && st.st_ino == named.st_ino)
		return again;
	close(again);
	return -1;
}

/*
 * An object that was created without a name shows none in /proc/PID/maps, where
 * lsof and CRIU need one. So it is opened and mapped again by its new name. If that
 * fails, the first mapping is used.
 */
static void map_by_name(struct zinc_region *region, const char *path)
{
	struct zinc_region named = *region;

	named.fd = open_again(path, region->fd);
	if (named.fd < 0)
		return;
	if ((region->locked && zinc_alive_lock(named.fd, true)) ||
	    map(&named)) {
		close(named.fd);
		return;
	}
	munmap(region->header, object_size(region));
	close(region->fd);
	*region = named;
}

static int make_and_publish(struct zinc_region *region,
			    const struct zinc_options *options,
			    const char *path, unsigned int flags)
{
	struct zinc_object object;
	int err;

	if (options->flags & ZINC_LAZY)
		flags |= ZINC_OBJECT_LAZY;
	err = zinc_object_make(&object, options->mode,
			       (off_t)object_size(region), flags);
	if (err)
		return err;
	region->fd = object.fd;
	err = map(region);
	if (err)
		goto err_object;
	/* held before the region becomes visible */
	region->locked = !zinc_alive_lock(region->fd, true);
	write_header(region, options);
	err = zinc_object_publish(&object, path,
				  options->flags & ZINC_REPLACE);
	if (err)
		goto err_unmap;
	map_by_name(region, path);
	return 0;

err_unmap:
	munmap(region->header, object_size(region));
err_object:
	zinc_object_discard(&object);
	close(region->fd);
	return err;
}

static int shm_create(struct zinc_region *region, int dev_fd,
		      const struct zinc_options *options)
{
	char path[ZINC_SHM_PATH_SIZE];
	int err;

	(void)dev_fd;
	if (!region->name[0] || options->flags & ZINC_CONTIGUOUS)
		return -EOPNOTSUPP;
	region->pid = getpid();
	region->head = options->flags & ZINC_PAGE_LAYOUT ?
		       zinc_page_size() : ZINC_HEADER_SIZE;
	zinc_object_path(path, region->name);
	if (!(options->flags & ZINC_REPLACE) && zinc_object_exists(path))
		return -EEXIST;
	err = make_and_publish(region, options, path, 0);
	/* a sandbox may allow files to be created, but not to be linked */
	if (err == -EACCES || err == -EPERM)
		err = make_and_publish(region, options, path,
				       ZINC_OBJECT_NAMED);
	return err;
}

/* The creator may be writing the header, or dead. */
static int read_patiently(int fd, struct zinc_header *header, struct stat *st)
{
	int err = zinc_object_read(fd, header, st);
	int i;

	for (i = 0; i < PATIENCE_MS && err == -EAGAIN; i++) {
		sleep_ms();
		err = zinc_object_read(fd, header, st);
	}
	return err == -EAGAIN ? -EBADMSG : err;
}

/*
 * Take the lock of a new handle. A stale region counts as missing: opening it
 * would keep its name from the next creator.
 *
 * Return: 0; -ENOENT; -ESTALE the name is gone, or belongs to another region.
 */
static int join(struct zinc_region *region, const struct zinc_header *header)
{
	struct stat st;
	int err = 0;
	int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (zinc_object_is_stale(region->fd, header))
			return -ENOENT;
		err = zinc_alive_lock(region->fd, false);
		if (err != -EAGAIN)
			break;
		/* claimed by another process, which removes the name or is hostile */
		sleep_ms();
	}
	return !fstat(region->fd, &st) && !st.st_nlink ? -ESTALE : 0;
}

/*
 * Count a handle. A region with a count of 0 is about to lose its name, if the
 * count decides that.
 */
static int count_up(struct zinc_region *region)
{
	uint32_t *count = &region->header->ref_count;
	uint32_t now = __atomic_load_n(count, __ATOMIC_ACQUIRE);
	bool decides = !region->locked &&
		       region->lifetime != ZINC_LIFETIME_PERSIST;

	do {
		if (!now && decides)
			return -ENOENT;
		/* a saturated count stays as it is: 0 would mean dead */
		if (region->readonly || now == UINT32_MAX)
			return 0;
	} while (!__atomic_compare_exchange_n(count, &now, now + 1, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	zinc_waiters_register(region);
	return 0;
}

/* Return: whether it was the last one. */
static bool count_down(struct zinc_region *region)
{
	uint32_t *count = &region->header->ref_count;
	uint32_t now = __atomic_load_n(count, __ATOMIC_ACQUIRE);

	do {
		/* another process has written an invalid count */
		if (!now || now == UINT32_MAX)
			return false;
	} while (!__atomic_compare_exchange_n(count, &now, now - 1, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return now == 1;
}

/* The errors of zinc_object_open() for a symbolic link, a directory or a socket */
static bool is_no_file(int err)
{
	return err == -ELOOP || err == -EISDIR || err == -ENXIO;
}

/* Is this the header of a region? It may be still being written. */
static int check_header(const struct zinc_header *header, uint64_t capacity)
{
	/* the creator writes the magic last */
	if (__atomic_load_n(&header->magic, __ATOMIC_ACQUIRE) != ZINC_MAGIC)
		return -EBADMSG;
	if (header->version != ZINC_FORMAT || header->capacity != capacity)
		return -EBADMSG;
	return 0;
}

static int open_object(struct zinc_region *region, const char *path)
{
	struct zinc_header header;
	struct stat st;
	int err;

	region->fd = zinc_object_open(path, region->readonly);
	if (is_no_file(region->fd))
		return -EBADMSG;
	if (region->fd < 0)
		return region->fd;
	err = read_patiently(region->fd, &header, &st);
	if (err == -ENOENT)
		err = -ESTALE;
	if (err)
		goto err_close;
	region->capacity = (size_t)header.capacity;
	region->head = zinc_object_head(&header, (uint64_t)st.st_size);
	region->lifetime = zinc_object_lifetime(&header);
	region->locked = header.flags & ZINC_SHM_LOCKED;
	if (header.flags & ZINC_SHM_COUNTED)
		region->wakes = ZINC_WAKES_COUNTED;
	if (region->locked)
		err = join(region, &header);
	if (!err)
		err = map(region);
	if (err)
		goto err_close;
	err = check_header(region->header, region->capacity);
	if (!err)
		err = count_up(region);
	if (err)
		goto err_unmap;
	return 0;

err_unmap:
	munmap(region->header, object_size(region));
err_close:
	close(region->fd);
	return err;
}

static int shm_open_region(struct zinc_region *region, int dev_fd)
{
	char path[ZINC_SHM_PATH_SIZE];
	int err = -ESTALE;
	int i;

	(void)dev_fd;
	region->pid = getpid();
	zinc_object_path(path, region->name);
	/* a name that another region takes over is never missing in between */
	for (i = 0; i < ROUNDS_MAX && err == -ESTALE; i++)
		err = open_object(region, path);
	return err == -ESTALE ? -ENOENT : err;
}

/*
 * Detect that an object was truncated, instead of raising SIGBUS. A concurrent
 * truncation can still raise it.
 */
static bool has_header(const struct zinc_region *region)
{
	struct stat st;

	return fstat(region->fd, &st) || st.st_size >= ZINC_HEADER_SIZE;
}

/* Wake all waiters, which sleep on the sequence. */
static int wake_all(struct zinc_region *region)
{
	int ret = futex(&region->header->notify_seq, FUTEX_WAKE, INT_MAX, NULL);

	return ret < 0 ? ret : 0;
}

/* Return: whether the header's count of handles is 0. */
static bool sign_off(struct zinc_region *region)
{
	uint16_t flags;

	if (region->readonly || !has_header(region))
		return false;
	if (region->creator) {
		/*
		 * Only the creator writes these 16 bits, for which some
		 * machines have no atomic operation.
		 */
		flags = __atomic_load_n(&region->header->flags,
					__ATOMIC_RELAXED);
		__atomic_store_n(&region->header->flags,
				 flags | ZINC_HDR_CREATOR_GONE,
				 __ATOMIC_RELEASE);
		/* wake waiters with ZINC_WAIT_GONE */
		wake_all(region);
	}
	zinc_waiters_unregister(region);
	return count_down(region);
}

/* A region without locks: the header's count, without read-only handles */
static void leave_by_count(struct zinc_region *region, const char *path)
{
	bool last = sign_off(region);

	if (region->lifetime == ZINC_LIFETIME_CREATOR)
		last = region->creator;
	if (last && region->lifetime != ZINC_LIFETIME_PERSIST)
		zinc_object_remove(path, region->fd);
}

/* A region with locks */
static void leave_by_locks(struct zinc_region *region, const char *path)
{
	struct stat st;

	sign_off(region);
	zinc_alive_unlock(region->fd);
	if (region->lifetime == ZINC_LIFETIME_PERSIST)
		return;
	if (region->lifetime == ZINC_LIFETIME_CREATOR) {
		if (region->creator)
			zinc_object_remove(path, region->fd);
	} else if (region->readonly) {
		/* a claim needs a descriptor that is open for writing */
		if (!zinc_alive_any(region->fd) && !fstat(region->fd, &st))
			zinc_object_bury(path, &st);
	} else if (!zinc_alive_claim(region->fd)) {
		zinc_object_remove(path, region->fd);
		zinc_alive_unlock(region->fd);
	}
}

static void leave(struct zinc_region *region)
{
	char path[ZINC_SHM_PATH_SIZE];

	zinc_object_path(path, region->name);
	if (region->locked)
		leave_by_locks(region, path);
	else if (!region->readonly)
		leave_by_count(region, path);
}

static void unmap(struct zinc_region *region, bool keep_data)
{
	if (!keep_data)
		munmap(region->header, object_size(region));
	else if (region->head != ZINC_HEADER_SIZE)
		munmap(region->header, region->head);
}

/*
 * A copy of a handle in a forked child is not counted in the header. It shares the
 * lock of the original, so the locks are examined after it is released.
 */
static void close_copy(struct zinc_region *region)
{
	char path[ZINC_SHM_PATH_SIZE];
	struct stat st;
	bool is_known = !fstat(region->fd, &st);

	close(region->fd);
	if (!region->locked || !is_known)
		return;
	zinc_object_path(path, region->name);
	zinc_object_bury(path, &st);
}

static void shm_close(struct zinc_region *region, bool keep_data)
{
	bool copied = region->pid != getpid();

	zinc_waiters_forget(region);
	if (!copied)
		leave(region);
	unmap(region, keep_data);
	if (copied)
		close_copy(region);
	else
		close(region->fd);
}

static int shm_unlink_name(int dev_fd, const char *name)
{
	char path[ZINC_SHM_PATH_SIZE];

	(void)dev_fd;
	zinc_object_path(path, name);
	return zinc_object_unlink(path);
}

static int shm_unlink_stale(const char *name)
{
	char path[ZINC_SHM_PATH_SIZE];
	int err;

	zinc_object_path(path, name);
	err = zinc_object_bury(path, NULL);
	return err == -EEXIST ? -EBUSY : err;
}

static int shm_wake(struct zinc_region *region)
{
	return wake_all(region);
}

/* Until when to sleep, if no notify may know of it */
static uint64_t nap(uint64_t deadline)
{
	uint64_t end = zinc_now() + NAP_NS;

	return end < deadline ? end : deadline;
}

/* Sleep once. Return: as the system call; -EAGAIN: look again. */
static int sleep_on(struct zinc_region *region, uint32_t seen,
		    uint64_t deadline)
{
	struct futex_time storage;
	bool known = zinc_waiters_enter(region);
	uint64_t end = known ? deadline : nap(deadline);
	int err = futex(&region->header->notify_seq, FUTEX_WAIT_BITSET, seen,
			futex_time(&storage, end));

	zinc_waiters_leave(region);
	return err == -ETIMEDOUT && end < deadline ? -EAGAIN : err;
}

static int shm_wait(struct zinc_region *region, uint32_t *cursor,
		    uint64_t deadline, struct zinc_region *wake)
{
	uint32_t now;
	int err = 0;

	if (wake)
		err = shm_wake(wake);
	if (err)
		return err;
	/* the process that was woken may already have answered */
	while ((now = sequence(region)) == *cursor) {
		if (err && err != -EAGAIN && err != -EINTR)
			return err;
		err = sleep_on(region, *cursor, deadline);
	}
	*cursor = now;
	return 0;
}

static bool is_creator_gone(const struct zinc_region *region)
{
	uint16_t flags = __atomic_load_n(&region->header->flags,
					 __ATOMIC_ACQUIRE);

	if (flags & ZINC_HDR_CREATOR_GONE)
		return true;
	if (region->creator)
		return false;
	if (region->locked)
		return !zinc_alive_creator(region->fd);
	return zinc_creator_fate(region->header->owner_pid) ==
	       ZINC_CREATOR_DIED;
}

static bool is_gone(const struct zinc_region *region)
{
	char path[ZINC_SHM_PATH_SIZE];

	if (is_creator_gone(region))
		return true;
	zinc_object_path(path, region->name);
	return !zinc_object_is_named(path, region->fd);
}

/*
 * A creator that closes its handle wakes the waiters. A creator that dies and a
 * name that is removed wake none, so both are checked periodically.
 */
static int shm_wait_gone(struct zinc_region *region, uint32_t *cursor,
			 uint64_t deadline)
{
	/* without locks, the check takes longer */
	uint64_t interval = region->locked ? NS_PER_S / 10 : NS_PER_S;
	bool gone;
	int err;

	for (;;) {
		uint64_t next = zinc_now() + interval;

		/* a notify sent before the end is delivered first */
		gone = is_gone(region);
		err = shm_wait(region, cursor,
			       gone ? 0 : next < deadline ? next : deadline,
			       NULL);
		if (err != -ETIMEDOUT)
			return err;
		if (gone)
			return -EPIPE;
		if (next >= deadline)
			return -ETIMEDOUT;
	}
}

/* Return: whether one has a pending notify; its sequence goes into @cursors. */
static bool find_any(struct zinc_region *const *regions, uint32_t *cursors,
		     size_t count, size_t *index)
{
	uint32_t now;
	size_t i;

	for (i = 0; i < count; i++) {
		now = sequence(regions[i]);
		if (now == cursors[i])
			continue;
		cursors[i] = now;
		*index = i;
		return true;
	}
	return false;
}

/* sleep_on() for several */
static int sleep_on_any(struct zinc_region *const *regions, size_t count,
			struct futex_waitv *items, uint64_t deadline)
{
	struct futex_time storage;
	bool known = true;
	uint64_t end;
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		known &= zinc_waiters_enter(regions[i]);
	end = known ? deadline : nap(deadline);
	err = futex_any(items, count, futex_time(&storage, end));
	for (i = 0; i < count; i++)
		zinc_waiters_leave(regions[i]);
	return err == -ETIMEDOUT && end < deadline ? -EAGAIN : err;
}

static int shm_wait_any(struct zinc_region *const *regions, uint32_t *cursors,
			size_t count, uint64_t deadline, size_t *index)
{
	struct futex_waitv items[ZINC_WAIT_ANY_MAX] = {};
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		items[i].val = cursors[i];
		items[i].uaddr = (uintptr_t)&regions[i]->header->notify_seq;
		items[i].flags = FUTEX_32;
	}
	for (;;) {
		err = sleep_on_any(regions, count, items, deadline);
		if (find_any(regions, cursors, count, index))
			return 0;
		/* an older kernel, or a sandbox that forbids it */
		if (err == -ENOSYS || err == -EPERM || err == -EACCES)
			return -EOPNOTSUPP;
		if (err < 0 && err != -EAGAIN && err != -EINTR)
			return err;
	}
}

static int shm_describe(struct zinc_region *region,
			struct zinc_region_info *info)
{
	struct zinc_header header;
	struct stat st;
	bool good;

	if (fstat(region->fd, &st))
		return -errno;
	good = !zinc_object_header(region->fd, &header, &st) &&
	       header.capacity == region->capacity;
	zinc_shm_describe(info, region->fd, good ? &header : NULL, &st,
			  region);
	info->capacity = region->capacity;
	info->lifetime = region->lifetime;
	info->cursor = __atomic_load_n(&region->cursor, __ATOMIC_ACQUIRE);
	if (region->readonly)
		info->flags |= ZINC_INFO_RDONLY;
	if (region->creator)
		info->flags |= ZINC_INFO_CREATOR;
	memset(info->name, 0, sizeof(info->name));
	memcpy(info->name, region->name, sizeof(region->name));
	return 0;
}

static int shm_open_wait(struct zinc_region *region, int dev_fd, uint64_t deadline)
{
	return zinc_shm_open_wait(region, dev_fd, deadline, shm_open_region);
}

const struct zinc_backend_ops zinc_shm_ops = {
	.kind = ZINC_BACKEND_SHM,
	.wakes = ZINC_WAKES_ALWAYS,	/* by a creator that counts none */
	.create = shm_create,
	.open = shm_open_region,
	.open_wait = shm_open_wait,
	.close = shm_close,
	.unlink = shm_unlink_name,
	.unlink_stale = shm_unlink_stale,
	.wake = shm_wake,
	.wait = shm_wait,
	.wait_gone = shm_wait_gone,
	.wait_any = shm_wait_any,
	.describe = shm_describe,
	.stat = zinc_shm_stat,
	.list = zinc_shm_list,
};
