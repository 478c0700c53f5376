// SPDX-License-Identifier: MIT
/*
 * Regions of POSIX shared memory, for where there is no kernel module.
 *
 * The sequence in the header is a shared futex, which is all that it takes to
 * wait. Handles are counted in the header, too, by those who hold them. Nobody
 * counts down for a process that dies, and a handle for reading cannot count
 * itself. Whoever may write the object can also truncate it, and then the
 * others get SIGBUS: the kernel module is there for those who cannot trust
 * each other.
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

#include "shm.h"

#define NS_PER_S	1000000000ULL
#define PATIENCE_MS	100

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

/* As the kernel wants it, whatever the C library's time_t is. */
struct futex_time {
	int64_t s;
	int64_t ns;
};

static_assert(sizeof(struct zinc_header) == ZINC_HEADER_SIZE,
	      "the data begin behind the header");

/* NULL for no deadline */
static const struct futex_time *futex_time(struct futex_time *time,
					   uint64_t deadline)
{
	if (deadline == ZINC_NO_DEADLINE)
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
	return ZINC_HEADER_SIZE + region->capacity;
}

static int map(struct zinc_region *region)
{
	int prot = region->readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	void *address = mmap(NULL, object_size(region), prot, MAP_SHARED,
			     region->fd, 0);

	if (address == MAP_FAILED)
		return -errno;
	region->header = address;
	region->data = (uint8_t *)address + ZINC_HEADER_SIZE;
	return 0;
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
	header->capacity = region->capacity;
	header->ref_count = 1;
	header->owner_pid = region->pid;
	header->created_at = real_time();
	header->name_hash = zinc_name_hash(region->name);
	__atomic_store_n(&header->magic, ZINC_MAGIC, __ATOMIC_RELEASE);
}

static int shm_create(struct zinc_region *region,
		      const struct zinc_options *options)
{
	bool replace = options->flags & ZINC_REPLACE;
	char path[ZINC_SHM_PATH_SIZE];
	struct zinc_object object;
	int err;

	if (!region->name[0])
		return -EOPNOTSUPP;
	region->pid = getpid();
	zinc_object_path(path, region->name);
	if (!replace && zinc_object_exists(path))
		return -EEXIST;
	err = zinc_object_make(&object, options->mode,
			       (off_t)object_size(region),
			       options->flags & ZINC_LAZY);
	if (err)
		return err;
	region->fd = object.fd;
	err = map(region);
	if (err)
		goto err_object;
	write_header(region, options);
	err = zinc_object_publish(&object, path, replace);
	if (err)
		goto err_unmap;
	return 0;

err_unmap:
	munmap(region->header, object_size(region));
err_object:
	zinc_object_discard(&object);
	close(region->fd);
	return err;
}

/* Its creator may be about to write the header, or dead. */
static int read_patiently(int fd, struct zinc_header *header)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	struct stat st;
	int err = zinc_object_read(fd, header, &st);
	int i;

	for (i = 0; i < PATIENCE_MS && err == -EAGAIN; i++) {
		nanosleep(&ms, NULL);
		err = zinc_object_read(fd, header, &st);
	}
	return err == -EAGAIN ? -EBADMSG : err;
}

/* Count a handle. What nobody holds any more is about to lose its name. */
static int count_up(struct zinc_region *region)
{
	uint32_t *count = &region->header->ref_count;
	uint32_t now = __atomic_load_n(count, __ATOMIC_ACQUIRE);

	do {
		if (!now && region->lifetime != ZINC_LIVES_PERSIST)
			return -ENOENT;
		/* a count that is full stays so: 0 would make it dead */
		if (region->readonly || now == UINT32_MAX)
			return 0;
	} while (!__atomic_compare_exchange_n(count, &now, now + 1, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return 0;
}

/* Return: whether it was the last one. */
static bool count_down(struct zinc_region *region)
{
	uint32_t *count = &region->header->ref_count;
	uint32_t now = __atomic_load_n(count, __ATOMIC_ACQUIRE);

	do {
		/* somebody has written nonsense there */
		if (!now || now == UINT32_MAX)
			return false;
	} while (!__atomic_compare_exchange_n(count, &now, now - 1, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return now == 1;
}

/* A symbolic link, a directory or a socket, as zinc_object_open() tells it. */
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

static int shm_open_region(struct zinc_region *region)
{
	char path[ZINC_SHM_PATH_SIZE];
	struct zinc_header header;
	int err;

	region->pid = getpid();
	zinc_object_path(path, region->name);
	region->fd = zinc_object_open(path, region->readonly);
	if (is_no_file(region->fd))
		return -EBADMSG;
	if (region->fd < 0)
		return region->fd;
	err = read_patiently(region->fd, &header);
	if (err)
		goto err_close;
	region->capacity = (size_t)header.capacity;
	region->lifetime = zinc_object_lifetime(&header);
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

/*
 * Of an object that has been truncated the mapping is no good. That is seen
 * here, and not by a SIGBUS, unless it happens at this very moment.
 */
static bool has_header(const struct zinc_region *region)
{
	struct stat st;

	return fstat(region->fd, &st) || st.st_size >= ZINC_HEADER_SIZE;
}

/* Return: whether nobody has the region any more. */
static bool sign_off(struct zinc_region *region)
{
	if (!has_header(region))
		return false;
	if (region->creator)
		__atomic_fetch_or(&region->header->flags, ZINC_HDR_CREATOR_GONE,
				  __ATOMIC_RELEASE);
	return count_down(region);
}

static void leave(struct zinc_region *region)
{
	char path[ZINC_SHM_PATH_SIZE];
	bool last;

	/* a fork has the handle, but was not counted */
	if (region->readonly || region->pid != getpid())
		return;
	last = sign_off(region);
	if (region->lifetime == ZINC_LIVES_CREATOR)
		last = region->creator;
	if (region->lifetime == ZINC_LIVES_PERSIST || !last)
		return;
	zinc_object_path(path, region->name);
	zinc_object_remove(path, region->fd);
}

static void shm_close(struct zinc_region *region, bool keep_data)
{
	leave(region);
	if (!keep_data)
		munmap(region->header, object_size(region));
	close(region->fd);
}

static int shm_unlink_name(const char *name)
{
	char path[ZINC_SHM_PATH_SIZE];

	zinc_object_path(path, name);
	return zinc_object_unlink(path);
}

static int shm_wake(struct zinc_region *region)
{
	int ret = futex(&region->header->notify_seq, FUTEX_WAKE, INT_MAX, NULL);

	return ret < 0 ? ret : 0;
}

static int shm_wait(struct zinc_region *region, uint32_t *cursor,
		    uint64_t deadline, struct zinc_region *wake)
{
	const struct futex_time *time;
	struct futex_time storage;
	uint32_t now;
	int err = 0;

	if (wake)
		err = shm_wake(wake);
	if (err)
		return err;
	time = futex_time(&storage, deadline);
	/* who was woken may have answered by now */
	while ((now = sequence(region)) == *cursor) {
		if (err && err != -EAGAIN && err != -EINTR)
			return err;
		err = futex(&region->header->notify_seq, FUTEX_WAIT_BITSET,
			    *cursor, time);
	}
	*cursor = now;
	return 0;
}

/* Return: whether one has something; its sequence goes into @cursors. */
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

static int shm_wait_any(struct zinc_region *const *regions, uint32_t *cursors,
			size_t count, uint64_t deadline, size_t *index)
{
	struct futex_waitv items[ZINC_WAIT_ANY_MAX] = {};
	const struct futex_time *time;
	struct futex_time storage;
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		items[i].val = cursors[i];
		items[i].uaddr = (uintptr_t)&regions[i]->header->notify_seq;
		items[i].flags = FUTEX_32;
	}
	time = futex_time(&storage, deadline);
	for (;;) {
		err = futex_any(items, count, time);
		if (find_any(regions, cursors, count, index))
			return 0;
		if (err == -ENOSYS)
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
	zinc_shm_describe(info, good ? &header : NULL, &st);
	info->capacity = region->capacity;
	info->lifetime = region->lifetime;
	info->cursor = __atomic_load_n(&region->cursor, __ATOMIC_ACQUIRE);
	if (region->readonly)
		info->flags |= ZINC_IS_READONLY;
	if (region->creator)
		info->flags |= ZINC_IS_CREATOR;
	memset(info->name, 0, sizeof(info->name));
	memcpy(info->name, region->name, sizeof(region->name));
	return 0;
}

const struct zinc_backend_ops zinc_shm_ops = {
	.kind = ZINC_BACKEND_SHM,
	.flags_waiters = false,		/* other implementations do not */
	.create = shm_create,
	.open = shm_open_region,
	.close = shm_close,
	.unlink = shm_unlink_name,
	.wake = shm_wake,
	.wait = shm_wait,
	.wait_any = shm_wait_any,
	.describe = shm_describe,
	.stat = zinc_shm_stat,
	.list = zinc_shm_list,
};
