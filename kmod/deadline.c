// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines, and to sleep until one.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>

#include "zinc.h"

/**
 * zinc_deadline() - a deadline as the caller means it, as the timers take it
 * @deadline: CLOCK_MONOTONIC ns in the caller's time namespace, or ZINC_FOREVER
 *
 * Time namespaces shift CLOCK_MONOTONIC; none by more than 2^62 ns.
 */
ktime_t zinc_deadline(u64 deadline)
{
	struct timespec64 shift = {};
	ktime_t host;

	if (deadline >= KTIME_MAX)
		return KTIME_MAX;
	timens_add_monotonic(&shift);
	host = ktime_sub(deadline, timespec64_to_ktime(shift));
	if (host < 0)
		return timespec64_to_ktime(shift) < 0 ? KTIME_MAX : 0;
	return host;
}

/**
 * zinc_sleep() - sleep until woken, by whatever
 * @deadline: of zinc_deadline()
 *
 * The caller is on its queues and has set its state.
 *
 * Return: 0, -ETIMEDOUT, or -ERESTARTSYS.
 */
int zinc_sleep(ktime_t deadline)
{
	ktime_t *expires = deadline == KTIME_MAX ? NULL : &deadline;

	if (signal_pending(current))
		return -ERESTARTSYS;
	if (expires && ktime_get() >= deadline)
		return -ETIMEDOUT;
	schedule_hrtimeout_range(expires, current->timer_slack_ns,
				 HRTIMER_MODE_ABS);
	return 0;
}
