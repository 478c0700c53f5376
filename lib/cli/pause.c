// SPDX-License-Identifier: MIT
/*
 * Time between one look and the next.
 */
#include <errno.h>
#include <time.h>

#include "cli.h"

#define NS_PER_S	UINT64_C(1000000000)

uint64_t cli_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

bool cli_pause_until(uint64_t until, const sigset_t *ends)
{
	struct timespec left;
	uint64_t now;

	while ((now = cli_now()) < until) {
		left.tv_sec = (until - now) / NS_PER_S;
		left.tv_nsec = (until - now) % NS_PER_S;
		if (sigtimedwait(ends, NULL, &left) > 0)
			return false;
		if (errno != EINTR)
			return true;
	}
	return true;
}
