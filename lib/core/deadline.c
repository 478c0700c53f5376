// SPDX-License-Identifier: MIT
/*
 * Timeouts and deadlines. A deadline is a CLOCK_MONOTONIC time in ns, with 0
 * for "only look" and ZINC_DEADLINE_NEVER for "for ever".
 */
#include <time.h>

#include "core/internal.h"

/**
 * zinc_now() - the time that deadlines are measured in
 *
 * Return: CLOCK_MONOTONIC in ns.
 */
uint64_t zinc_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/**
 * zinc_deadline() - the deadline of a timeout that begins now
 * @timeout_ms: as in zinc_wait()
 *
 * 2^32 ms are 50 days, so that the sum cannot overflow.
 *
 * Return: a deadline.
 */
uint64_t zinc_deadline(uint32_t timeout_ms)
{
	if (!timeout_ms)
		return 0;
	if (timeout_ms == ZINC_WAIT_FOREVER)
		return ZINC_DEADLINE_NEVER;
	return zinc_now() + timeout_ms * NS_PER_MS;
}
