/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sw_sync of kernels that are built for debugging: fences that signal when they
 * are told to. Each open file is a timeline, which its closing ends in error.
 */
#ifndef SW_SYNC_H
#define SW_SYNC_H

#include <errno.h>
#include <sys/ioctl.h>

#include <linux/types.h>

#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"

struct sw_sync_create {
	__u32 value;
	char name[32];
	__s32 fence;	/* out: a sync_file */
};

#define SW_SYNC_CREATE	_IOWR('W', 0, struct sw_sync_create)
#define SW_SYNC_ADVANCE	_IOW('W', 1, __u32)

/* A sync_file that signals when the timeline comes to @value; -errno */
static inline int sw_sync_fence(int timeline, __u32 value)
{
	struct sw_sync_create arg = { .value = value };

	return ioctl(timeline, SW_SYNC_CREATE, &arg) ? -errno : arg.fence;
}

static inline int sw_sync_advance(int timeline, __u32 by)
{
	return ioctl(timeline, SW_SYNC_ADVANCE, &by) ? -errno : 0;
}

#endif /* SW_SYNC_H */
