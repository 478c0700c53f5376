// SPDX-License-Identifier: MIT
/*
 * Counts of the waiters of a POSIX region: a notify for which nobody waits makes no
 * system call. Other libraries wait, too, and do not say so. So the header has
 * two counts:
 *
 *	waiters		calls that may sleep
 *	registered	handles that maintain @waiters, in the low half; the
 *			high half is the number of changes
 *
 *	waiter			notifier
 *	------			--------
 *	waiters++		sequence++
 *	full barrier		full barrier
 *	sequence moved?  done	waiters?  wake
 *	sleep			registered != ref_count?  wake
 *	waiters--		registered changed?  wake
 *
 * Either the waiter sees the new sequence or, by the two barriers, the notifier
 * sees the count. FUTEX_WAIT reads the sequence after it has the lock of the
 * queue, which FUTEX_WAKE takes. A handle of another library has raised only
 * ref_count, and its FUTEX_WAIT has the waiter's barrier.
 *
 * ref_count contains each registered handle: a handle raises it before
 * @registered, and lowers it after. So where a stranger has the region open,
 * ref_count is greater, but the notifier reads one after the other. A handle that
 * closes in between, and another one that opens, could make the two equal: hence
 * the number of changes, which is the same before and after only if there was
 * none (or 65,536 of them).
 *
 * The flag ZINC_SHM_COUNTED states that the creator maintains both. Without it,
 * each notify is a system call. What goes wrong makes it one, too: a process that
 * dies in its sleep leaves @waiters raised, a stranger that dies leaves ref_count
 * raised, and a process that dies between two steps leaves them unequal.
 *
 * A read-only handle cannot raise a count in its mapping, and is in neither
 * count. Before it first sleeps, it opens the object for writing, and counts as a
 * waiter until it is closed. If it may not do that, it sleeps for short times
 * only. A region whose mode lets somebody only read has no ZINC_SHM_COUNTED.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/shm.h"

/* What a handle adds to @registered: one handle, one change */
#define JOINED		(1U << 16 | 1)
#define LEFT		((1U << 16) - 1)

/**
 * zinc_waiters_fit() - check whether all waiters can count themselves
 * @mode: permission bits of the region
 *
 * Return: whether all who may read may write.
 */
bool zinc_waiters_fit(mode_t mode)
{
	return !((mode & 0444) >> 1 & ~mode);
}

/**
 * zinc_waiters_register() - state that a handle counts itself when it waits
 * @region: handle, which ref_count contains
 */
void zinc_waiters_register(struct zinc_region *region)
{
	if (region->wakes != ZINC_WAKES_COUNTED)
		return;
	/* a notifier that sees this sees ref_count, too */
	__atomic_fetch_add(&region->header->registered, JOINED,
			   __ATOMIC_RELEASE);
	region->registered = true;
}

/**
 * zinc_waiters_unregister() - undo zinc_waiters_register()
 * @region: handle; ref_count is lowered next, with release
 */
void zinc_waiters_unregister(struct zinc_region *region)
{
	if (region->registered)
		__atomic_fetch_add(&region->header->registered, LEFT,
				   __ATOMIC_RELEASE);
	region->registered = false;
}

/* Raise the count, then a full barrier. */
static void raise_count(struct zinc_header *header)
{
	__atomic_fetch_add(&header->waiters, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void lower_count(struct zinc_header *header)
{
	__atomic_fetch_sub(&header->waiters, 1, __ATOMIC_RELEASE);
}

/* The header of a read-only handle's object, mapped for writing; or NULL */
static struct zinc_header *map_header(const struct zinc_region *region)
{
	char self[sizeof("/proc/self/fd/") + 16];
	struct stat st;
	void *header;
	int fd;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", region->fd);
	fd = open(self, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* a truncated object would raise SIGBUS */
	if (fstat(fd, &st) || st.st_size < ZINC_HEADER_SIZE)
		header = MAP_FAILED;
	else
		header = mmap(NULL, ZINC_HEADER_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);
	close(fd);
	return header == MAP_FAILED ? NULL : header;
}

static void unmap_header(struct zinc_header *header)
{
	munmap(header, ZINC_HEADER_SIZE);
}

/*
 * Count a read-only handle for as long as it is open: to open the object takes too
 * long for each sleep. A process that inherited the handle counts it again, since
 * the first one may close it. Return: whether it is counted.
 */
static bool announce(struct zinc_region *region)
{
	pid_t known = __atomic_load_n(&region->announced, __ATOMIC_ACQUIRE);
	struct zinc_header *header;
	pid_t pid = getpid();

	if (known == pid)
		return true;
	header = map_header(region);
	if (!header)
		return false;
	raise_count(header);
	/* another thread may have been faster */
	if (!__atomic_compare_exchange_n(&region->announced, &known, pid, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		lower_count(header);
	unmap_header(header);
	return true;
}

/**
 * zinc_waiters_enter() - count the caller, which is about to read the sequence
 *	and to sleep
 * @region: handle
 *
 * Return: false if it could not be counted, so that a notify may not wake it.
 * zinc_waiters_leave() follows in any case.
 */
bool zinc_waiters_enter(struct zinc_region *region)
{
	if (region->wakes != ZINC_WAKES_COUNTED)
		return true;
	if (region->readonly)
		return announce(region);
	raise_count(region->header);
	return true;
}

/**
 * zinc_waiters_leave() - undo zinc_waiters_enter()
 * @region: handle
 */
void zinc_waiters_leave(struct zinc_region *region)
{
	if (region->wakes == ZINC_WAKES_COUNTED && !region->readonly)
		lower_count(region->header);
}

/**
 * zinc_waiters_forget() - stop counting a read-only handle as a waiter
 * @region: handle, which is about to close
 *
 * If the object cannot be opened any more, the count stays raised: its notifies
 * make a system call.
 */
void zinc_waiters_forget(struct zinc_region *region)
{
	struct zinc_header *header;

	if (!region->announced || region->announced != getpid())
		return;
	header = map_header(region);
	if (!header)
		return;
	lower_count(header);
	unmap_header(header);
}
