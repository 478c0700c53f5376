// SPDX-License-Identifier: GPL-2.0-only
/*
 * Absolute deadlines and the timed sleep.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>

#include "internal.h"

/**
 * zinc_deadline() - convert a deadline from the caller's time namespace
 * @deadline: CLOCK_MONOTONIC ns in the caller's time namespace, or
 *	ZINC_DEADLINE_NEVER
 *
 * Time namespaces shift CLOCK_MONOTONIC, by at most 2^62 ns.
 *
 * Return: CLOCK_MONOTONIC of the host, or KTIME_MAX for no deadline.
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
 * zinc_sleep() - sleep until a wake-up, a signal or a deadline
 * @deadline: return value of zinc_deadline()
 *
 * The caller has queued itself and set its state. It tests its condition again
 * after 0, since the deadline may have ended the sleep as well.
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
