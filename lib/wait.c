// SPDX-License-Identifier: MIT
/*
 * Notify and wait.
 *
 * The sequence is in the shared header, the cursor in the handle. What is
 * pending when a wait begins is taken by moving the cursor with a
 * compare-exchange, so that of several threads with one handle one gets it.
 * Those who sleep already remember the cursor that they began with, so that
 * the next notify satisfies all of them.
 *
 * Once a handle's descriptor has been handed out, somebody may read() it, so
 * the cursor in the kernel decides, and the one here follows.
 */
#include <errno.h>
#include <sched.h>

#include "backend.h"

#define WAIT_ANY_MAX	ZINC_WAIT_ANY_MAX

/*
 * The most looks at the sequence before a wait enters the kernel: some 10 us.
 * How many it really is follows from how many were worth while of late; there
 * are always a few more than that.
 */
#define SPIN_MAX	256
#define SPIN_SLACK	16
/* Above this average it pays to wake and spin rather than to wake and sleep. */
#define SPIN_PAYS	32

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
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
static bool take(struct zinc_region *region, uint32_t *seen)
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

/* Like take(), as far as that goes without a system call. */
static bool look(struct zinc_region *region, uint32_t *seen)
{
	if (!is_pollable(region))
		return take(region, seen);
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

static bool many_cpus(void)
{
	static int known;	/* 0 not yet, 1 one, 2 many */
	int many = __atomic_load_n(&known, __ATOMIC_RELAXED);
	int saved = errno;
	cpu_set_t set;

	if (!many) {
		/* it fails where there are more than the set has room for */
		many = sched_getaffinity(0, sizeof(set), &set) ||
		       CPU_COUNT(&set) > 1 ? 2 : 1;
		__atomic_store_n(&known, many, __ATOMIC_RELAXED);
		errno = saved;
	}
	return many > 1;
}

/*
 * Look for a while. The limit is twice the average of the looks that succeeded
 * lately, and a failure pulls it down, so that a handle whose notifies are far
 * apart does not burn time on every wait.
 */
static bool spin(struct zinc_region *region, uint32_t seen)
{
	int32_t average = (int32_t)__atomic_load_n(&region->spins,
						   __ATOMIC_RELAXED);
	int32_t limit = 2 * average + SPIN_SLACK;
	int32_t n = 0;

	if (!many_cpus())
		return false;
	if (limit > SPIN_MAX)
		limit = SPIN_MAX;
	while (n < limit && sequence(region) == seen) {
		cpu_relax();
		n++;
	}
	average += ((n < limit ? n : 0) - average) / 8;
	__atomic_store_n(&region->spins, (uint32_t)average, __ATOMIC_RELAXED);
	return n < limit;
}

/*
 * Is a spin likely to succeed? After each refusal a little more, so that it is
 * tried again from time to time.
 */
static bool spin_pays(struct zinc_region *region)
{
	uint32_t average = __atomic_load_n(&region->spins, __ATOMIC_RELAXED);

	if (!many_cpus())
		return false;
	if (average >= SPIN_PAYS)
		return true;
	__atomic_store_n(&region->spins, average + 1, __ATOMIC_RELAXED);
	return false;
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

/* May the wake-up be left to the call that sleeps, behind which it comes? */
static bool in_one_call(struct zinc_region *region, uint64_t deadline,
			const struct zinc_region *wake)
{
	if (wake->ops != region->ops || !deadline)
		return false;
	return is_pollable(region) || !spin_pays(region);
}

/* @wake, if not NULL, has sleepers that have to be woken, whatever happens. */
static int wait_after_look(struct zinc_region *region, uint32_t seen,
			   uint64_t deadline, struct zinc_region *wake)
{
	int err;

	if (wake && !in_one_call(region, deadline, wake)) {
		err = wake_first(wake);
		if (err)
			return err;
		wake = NULL;
	}
	if (is_pollable(region))
		return sleep_on(region, seen, deadline, wake);
	if (!deadline)
		return -ETIMEDOUT;
	/* who spins keeps those waiting who are to be woken */
	if (!wake && spin(region, seen) && take(region, &seen))
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

int32_t zinc_try_wait(zinc_handle handle)
{
	int err = zinc_wait_until(handle, 0);

	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/* One more. Return: whether somebody has to be woken. */
static bool bump(struct zinc_region *region)
{
	/* pairs with the sleeper, who says so and then reads the sequence */
	add_and_fence(&region->header->notify_seq);
	return region->ops->sleepers(region);
}

int32_t zinc_notify_checked(zinc_handle handle)
{
	if (!handle)
		return -EINVAL;
	if (handle->readonly)
		return -EBADF;
	return bump(handle) ? handle->ops->wake(handle) : 0;
}

void zinc_notify(zinc_handle handle)
{
	zinc_notify_checked(handle);
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

/* Like take(), where the cursor is the kernel's. */
static int take_pollable(struct zinc_region *region, uint32_t *seen)
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
static int take_any(const zinc_handle *handles, uint32_t *seen, size_t count,
		    size_t *index)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		if (is_pollable(handles[i]))
			err = take_pollable(handles[i], &seen[i]);
		else
			err = take(handles[i], &seen[i]) ? 0 : -ETIMEDOUT;
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
	err = take_any(handles, seen, count, &found);
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
