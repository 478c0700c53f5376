// SPDX-License-Identifier: MIT
/*
 * Notify and wait.
 *
 * The sequence is in the shared header, the cursor in the handle. A wait consumes
 * a pending notify by moving the cursor with a compare-exchange, so only one of
 * several threads with one handle gets it. A thread that sleeps keeps the cursor
 * that it began with, so the next notify wakes all sleeping threads.
 *
 * Once zinc_fd() has returned a handle's descriptor, the program may read() it.
 * From then on the kernel's cursor is authoritative, and this one follows.
 */
#include <errno.h>
#include <unistd.h>

#include "backend/backend.h"

#define WAIT_ANY_MAX	ZINC_WAIT_ANY_MAX

/*
 * The longest time, in ns, that a wait looks at the sequence before it enters the
 * kernel. How long it really is follows from how long it took of late, with some
 * slack. The clock is read after every few looks.
 */
#define SPIN_MAX	20000
#define SPIN_SLACK	1000
#define SPIN_LOOKS	16
/* After how many waits without it is tried: the powers of 4, and this */
#define SPIN_TRIES	0x55555555
#define SPIN_INTERVAL	1024

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	/* "yield" is a no-op on most; this one takes a while */
	__asm__ volatile("isb");
#endif
}

/* An atomic add that is sequentially consistent, and a full barrier. */
static void add_and_fence(uint32_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
#if defined(__x86_64__) || defined(__i386__)
	/* the add is one already */
	__asm__ volatile("" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static uint32_t sequence(const struct zinc_region *region)
{
	return __atomic_load_n(&region->header->notify_seq, __ATOMIC_ACQUIRE);
}

static uint32_t cursor(const struct zinc_region *region)
{
	return __atomic_load_n(&region->cursor, __ATOMIC_ACQUIRE);
}

static bool is_pollable(const struct zinc_region *region)
{
	return __atomic_load_n(&region->pollable, __ATOMIC_ACQUIRE);
}

static bool move_cursor(struct zinc_region *region, uint32_t *from, uint32_t to)
{
	return __atomic_compare_exchange_n(&region->cursor, from, to, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Take what is pending. If nothing is, *@seen is the cursor. */
static bool consume(struct zinc_region *region, uint32_t *seen)
{
	uint32_t now;

	*seen = cursor(region);
	for (;;) {
		now = sequence(region);
		if (now == *seen)
			return false;
		if (move_cursor(region, seen, now))
			return true;
	}
}

/* Like consume(), as far as that goes without a system call. */
static bool look(struct zinc_region *region, uint32_t *seen)
{
	if (!is_pollable(region))
		return consume(region, seen);
	*seen = cursor(region);
	return false;
}

/* A wait that began at @seen ended at @now; other threads may be further. */
static void advance(struct zinc_region *region, uint32_t seen, uint32_t now)
{
	uint32_t current = cursor(region);

	while (now - seen > current - seen) {
		if (move_cursor(region, &current, now))
			return;
	}
}

/*
 * The CPUs of the machine, not of this thread's affinity mask: the other side
 * may run elsewhere.
 */
static bool many_cpus(void)
{
	static int known;	/* 0 not yet, 1 one, 2 many */
	int many = __atomic_load_n(&known, __ATOMIC_RELAXED);
	int saved = errno;

	if (!many) {
		many = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1;
		__atomic_store_n(&known, many, __ATOMIC_RELAXED);
		errno = saved;
	}
	return many > 1;
}

static bool spin_is_due(uint32_t missed)
{
	if (!(missed & (missed - 1)) && !(missed & ~SPIN_TRIES))
		return true;
	return !(missed % SPIN_INTERVAL);
}

/*
 * Decide whether to spin before sleeping. A wait spins if spinning paid off last
 * time. Otherwise it is retried after 1, 4, 16, ... waits, since it pays off only
 * once both sides are awake. If notifies are rare, or both sides share a CPU, the
 * retries soon cost nothing.
 */
static bool spin_pays(struct zinc_region *region)
{
	uint32_t missed;

	if (!many_cpus())
		return false;
	missed = __atomic_load_n(&region->spins_missed, __ATOMIC_RELAXED);
	if (spin_is_due(missed))
		return true;
	__atomic_store_n(&region->spins_missed, missed + 1, __ATOMIC_RELAXED);
	return false;
}

/* After a spin that failed, the longest: the other side may have to wake up. */
static int32_t spin_limit(int32_t average, uint32_t missed)
{
	int32_t limit = 2 * average + SPIN_SLACK;

	return missed || limit > SPIN_MAX ? SPIN_MAX : limit;
}

/* Return: whether a few looks found another sequence than @seen. */
static bool look_a_few(const struct zinc_region *region, uint32_t seen)
{
	int i;

	for (i = 0; i < SPIN_LOOKS; i++) {
		if (sequence(region) != seen)
			return true;
		cpu_relax();
	}
	return false;
}

/*
 * Look for a while, after spin_pays(). The first looks take no reading of the
 * clock, nor does the one that succeeds.
 */
static bool spin(struct zinc_region *region, uint32_t seen)
{
	uint32_t missed = __atomic_load_n(&region->spins_missed,
					  __ATOMIC_RELAXED);
	int32_t average = (int32_t)__atomic_load_n(&region->spin_ns,
						   __ATOMIC_RELAXED);
	uint64_t limit = (uint64_t)spin_limit(average, missed);
	uint64_t start = 0;
	uint64_t spent = 0;

	while (!look_a_few(region, seen)) {
		if (!start)
			start = zinc_now();
		else
			spent = zinc_now() - start;
		if (spent < limit)
			continue;
		__atomic_store_n(&region->spins_missed, missed + 1,
				 __ATOMIC_RELAXED);
		return false;
	}
	average += ((int32_t)spent - average) / 8;
	__atomic_store_n(&region->spin_ns, (uint32_t)average, __ATOMIC_RELAXED);
	__atomic_store_n(&region->spins_missed, 0, __ATOMIC_RELAXED);
	return true;
}

static int wake_first(struct zinc_region *wake)
{
	return wake ? wake->ops->wake(wake) : 0;
}

static int sleep_on(struct zinc_region *region, uint32_t seen,
		    uint64_t deadline, struct zinc_region *wake)
{
	uint32_t now = seen;
	int err = region->ops->wait(region, &now, deadline, wake);

	if (!err)
		advance(region, seen, now);
	return err;
}

/*
 * @wake, if not NULL, has waiters that must be woken in any case. The call that
 * sleeps does it, so that they run while this thread does not. A wait that spins,
 * or does not sleep, wakes them first.
 */
static int wait_after_look(struct zinc_region *region, uint32_t seen,
			   uint64_t deadline, struct zinc_region *wake)
{
	bool pollable = is_pollable(region);
	bool spins = deadline && !pollable && spin_pays(region);
	int err;

	if (wake && (spins || !deadline || wake->ops != region->ops)) {
		err = wake_first(wake);
		if (err)
			return err;
		wake = NULL;
	}
	if (!deadline && !pollable)
		return -ETIMEDOUT;
	if (spins && spin(region, seen) && consume(region, &seen))
		return 0;
	return sleep_on(region, seen, deadline, wake);
}

int32_t zinc_wait(zinc_handle handle, uint32_t timeout_ms)
{
	uint32_t seen;

	if (!handle)
		return -EINVAL;
	if (look(handle, &seen))
		return 0;
	return wait_after_look(handle, seen, zinc_deadline(timeout_ms), NULL);
}

int32_t zinc_wait_until(zinc_handle handle, uint64_t deadline_ns)
{
	uint32_t seen;

	if (!handle)
		return -EINVAL;
	if (look(handle, &seen))
		return 0;
	return wait_after_look(handle, seen, deadline_ns, NULL);
}

int32_t zinc_wait_with(zinc_handle handle, uint64_t deadline_ns, uint32_t flags)
{
	uint32_t seen, now;
	int err;

	if (!handle || flags & ~(uint32_t)ZINC_WAIT_GONE)
		return -EINVAL;
	if (!flags)
		return zinc_wait_until(handle, deadline_ns);
	if (!handle->ops->wait_gone)
		return -EOPNOTSUPP;
	if (look(handle, &seen))
		return 0;
	now = seen;
	err = handle->ops->wait_gone(handle, &now, deadline_ns);
	if (!err)
		advance(handle, seen, now);
	return err;
}

int32_t zinc_try_wait(zinc_handle handle)
{
	int err = zinc_wait_until(handle, 0);

	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/*
 * POSIX shared memory: whether a handle does not count itself when it waits. The
 * low half of @registered is the number of those that do, the high half changes
 * with it: the two counts belong together only if it is the same before and after.
 */
static bool has_stranger(const struct zinc_header *header)
{
	uint32_t registered = __atomic_load_n(&header->registered,
					      __ATOMIC_ACQUIRE);
	/* a handle leaves @registered before it leaves this count */
	uint32_t handles = __atomic_load_n(&header->ref_count,
					   __ATOMIC_ACQUIRE);

	return handles != (uint16_t)registered ||
	       registered != __atomic_load_n(&header->registered,
					     __ATOMIC_RELAXED);
}

/* Increment the sequence. Return: whether waiters may have to be woken. */
static inline __attribute__((always_inline))
bool bump(struct zinc_region *region)
{
	/* loaded before the full barrier, which no later load passes */
	struct zinc_header *header = region->header;
	enum zinc_wakes wakes = region->wakes;

	/* pairs with the waiter, which counts itself and then reads the sequence */
	add_and_fence(&header->notify_seq);
	if (wakes == ZINC_WAKES_FLAGGED)
		return __atomic_load_n(&header->waiters, __ATOMIC_RELAXED);
	return wakes == ZINC_WAKES_ALWAYS ||
	       __atomic_load_n(&header->waiters, __ATOMIC_RELAXED) ||
	       has_stranger(header);
}

static inline int32_t notify(struct zinc_region *region)
{
	if (!region)
		return -EINVAL;
	if (region->readonly)
		return -EBADF;
	return bump(region) ? region->ops->wake(region) : 0;
}

int32_t zinc_notify_checked(zinc_handle handle)
{
	return notify(handle);
}

void zinc_notify(zinc_handle handle)
{
	notify(handle);
}

int32_t zinc_notify_and_wait(zinc_handle to_notify, zinc_handle to_wait,
			     uint32_t timeout_ms)
{
	struct zinc_region *wake;
	uint32_t seen;

	if (!to_notify || !to_wait)
		return -EINVAL;
	if (to_notify->readonly)
		return -EBADF;
	wake = bump(to_notify) ? to_notify : NULL;
	if (look(to_wait, &seen))
		return wake_first(wake);
	return wait_after_look(to_wait, seen, zinc_deadline(timeout_ms), wake);
}

uint32_t zinc_sequence(zinc_handle handle)
{
	return handle ? sequence(handle) : 0;
}

/* Like consume(), where the cursor is the kernel's. */
static int consume_pollable(struct zinc_region *region, uint32_t *seen)
{
	struct zinc_region_info info;
	int err;

	*seen = cursor(region);
	err = sleep_on(region, *seen, 0, NULL);
	if (err != -ETIMEDOUT)
		return err;
	err = region->ops->describe(region, &info);
	if (err)
		return err;
	*seen = info.cursor;
	return -ETIMEDOUT;
}

/* Take from the first that has something pending. */
static int consume_any(const zinc_handle *handles, uint32_t *seen, size_t count,
		       size_t *index)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		if (is_pollable(handles[i]))
			err = consume_pollable(handles[i], &seen[i]);
		else
			err = consume(handles[i], &seen[i]) ? 0 : -ETIMEDOUT;
		if (err != -ETIMEDOUT) {
			*index = i;
			return err;
		}
	}
	return -ETIMEDOUT;
}

static bool are_of_one_backend(const zinc_handle *handles, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!handles[i] || handles[i]->ops != handles[0]->ops)
			return false;
	}
	return true;
}

int32_t zinc_wait_any(const zinc_handle *handles, size_t count,
		      uint64_t deadline_ns, size_t *index)
{
	uint32_t seen[WAIT_ANY_MAX];
	uint32_t now[WAIT_ANY_MAX];
	size_t found = 0;
	size_t i;
	int err;

	if (!handles || !count || count > WAIT_ANY_MAX ||
	    !are_of_one_backend(handles, count))
		return -EINVAL;
	err = consume_any(handles, seen, count, &found);
	if (err == -ETIMEDOUT && deadline_ns) {
		for (i = 0; i < count; i++)
			now[i] = seen[i];
		err = handles[0]->ops->wait_any(handles, now, count,
						deadline_ns, &found);
		if (!err)
			advance(handles[found], seen[found], now[found]);
	}
	if (!err && index)
		*index = found;
	return err;
}
