// SPDX-License-Identifier: MIT
/*
 * Open handles of a POSIX region, by the kernel's locks.
 *
 * Each handle, read-only ones too, holds a read lock on one byte far past the
 * object: the creator on CREATOR, every other on a byte of its own. The locks
 * are OFD locks. Such a lock belongs to the open file description, so it ends
 * with it, by SIGKILL too, and no pid is involved: pid namespaces, reused pids
 * and zombies change nothing. A handle that fork() copied keeps its lock until
 * both processes have closed it, or the one that made it calls zinc_close().
 *
 * Read locks do not exclude each other. A write lock on all of the bytes does:
 * only one process can get it, and only where nobody has the region open. So
 * the process that takes a name away because nobody needs it claims the region
 * first, and an open that runs into the claim waits for its end.
 *
 * The locks exclude neither those of flock(), which guard the removal of a
 * name, nor classic POSIX locks on the object's bytes.
 */
#define _FILE_OFFSET_BITS 64	/* the bytes are that far on 32 bits, too */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backend/shm.h"

#define CREATOR		((off_t)1 << 62)
#define FIRST_SLOT	(CREATOR + 1)
#define SLOTS		0xffff
/* Bytes to try; after that, a handle shares a byte and is not counted */
#define TRIES_MAX	64
/* The most handles that are counted; more can only be hostile */
#define COUNT_MAX	2048

/* A range of bytes to examine, relative to CREATOR */
struct span {
	uint16_t first;
	uint16_t last;
};

static int set(int fd, short type, off_t start, off_t length)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = length,
	};
	int saved = errno;
	int err = fcntl(fd, F_OFD_SETLK, &lock) ? -errno : 0;

	errno = saved;
	return err;
}

/*
 * Find a lock of another description in the range. If the kernel refuses the
 * query, the range counts as locked.
 *
 * Return: its type, F_UNLCK for none.
 */
static short get(int fd, off_t *start, off_t *length)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = *start,
		.l_len = *length,
	};
	int saved = errno;

	if (fcntl(fd, F_OFD_GETLK, &lock))
		lock.l_type = F_RDLCK;
	errno = saved;
	*start = lock.l_start;
	*length = lock.l_len;
	return lock.l_type;
}

static short type_at(int fd, off_t start, off_t length)
{
	return get(fd, &start, &length);
}

/* A number that differs between handles */
static uint32_t scramble(uint32_t seed)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	return seed ^ seed << 5;
}

static uint32_t first_seed(void)
{
	static uint32_t last;

	return scramble(((uint32_t)getpid() << 12) + 1 +
			__atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}

/*
 * Take a byte of our own. If two handles take the same byte, at least the later
 * one sees the other's lock, and tries another byte.
 */
static int lock_slot(int fd)
{
	uint32_t seed = first_seed();
	off_t slot = 0;
	int i, err;

	for (i = 0; i < TRIES_MAX; i++) {
		seed = scramble(seed);
		slot = FIRST_SLOT + seed % SLOTS;
		err = set(fd, F_RDLCK, slot, 1);
		if (err || type_at(fd, slot, 1) == F_UNLCK)
			return err;
		set(fd, F_UNLCK, slot, 1);
	}
	return set(fd, F_RDLCK, slot, 1);
}

/**
 * zinc_alive_lock() - hold the lock of a handle
 * @fd: the handle's descriptor of the object
 * @creator: which handle it is
 *
 * Return: 0; -EAGAIN the region is claimed; another negative errno if such locks
 * are unavailable.
 */
int zinc_alive_lock(int fd, bool creator)
{
	return creator ? set(fd, F_RDLCK, CREATOR, 1) : lock_slot(fd);
}

/**
 * zinc_alive_unlock() - release the lock of a handle, or a claim
 * @fd: the handle's descriptor; its copies in forked children share the lock
 */
void zinc_alive_unlock(int fd)
{
	set(fd, F_UNLCK, CREATOR, SLOTS + 1);
}

/**
 * zinc_alive_claim() - lock a region that no process has open
 * @fd: a descriptor for writing
 *
 * Return: 0, until zinc_alive_unlock(); -EAGAIN it is open; -EBADF @fd is
 * read-only; another negative errno if such locks are unavailable.
 */
int zinc_alive_claim(int fd)
{
	return set(fd, F_WRLCK, CREATOR, SLOTS + 1);
}

/**
 * zinc_alive_creator() - check whether another holder has the creator's handle
 * @fd: any descriptor of the object
 *
 * Return: whether it is open.
 */
bool zinc_alive_creator(int fd)
{
	return type_at(fd, CREATOR, 1) == F_RDLCK;
}

/**
 * zinc_alive_any() - check whether another holder has any handle
 * @fd: any descriptor of the object
 *
 * Return: whether one is open.
 */
bool zinc_alive_any(int fd)
{
	return type_at(fd, CREATOR, SLOTS + 1) == F_RDLCK;
}

/* Examine one range, and push its unexamined rest onto the stack. */
static bool look_in(int fd, struct span span, struct span *stack,
		    size_t *depth)
{
	off_t start = CREATOR + span.first;
	off_t length = (off_t)span.last - span.first + 1;
	off_t first, last;

	if (get(fd, &start, &length) != F_RDLCK)
		return false;
	/* a foreign lock may exceed both ends; a length of 0 has no end */
	first = start - CREATOR;
	last = length ? first + length - 1 : span.last;
	if (first > span.first)
		stack[(*depth)++] = (struct span){ span.first, first - 1 };
	if (last < span.last)
		stack[(*depth)++] = (struct span){ last + 1, span.last };
	return true;
}

/**
 * zinc_alive_count() - count other holders' handles
 * @fd: any descriptor of the object
 *
 * The kernel reports one lock at a time, in an order of its own.
 *
 * Return: a number, COUNT_MAX at most.
 */
uint32_t zinc_alive_count(int fd)
{
	struct span stack[COUNT_MAX + 1];
	size_t depth = 1;
	uint32_t n = 0;

	stack[0] = (struct span){ 0, SLOTS };
	while (depth && n < COUNT_MAX) {
		struct span span = stack[--depth];

		n += look_in(fd, span, stack, &depth);
	}
	return n;
}
