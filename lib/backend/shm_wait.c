// SPDX-License-Identifier: MIT
/*
 * Waiting for a name: inotify on the folder of POSIX shared memory objects. If
 * inotify is unavailable (its limits, a sandbox), the name is looked up at intervals.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "backend/shm.h"

#define INTERVAL_NS	20000000ULL

/* A descriptor that is readable once a name has come, or an error */
static int watch_names(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, ZINC_SHM_DIR, IN_CREATE | IN_MOVED_TO) >= 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Return: whether the events mention @name. An overflow may have hidden it. */
static bool has_come(int fd, const char *name)
{
	union {
		struct inotify_event first;
		char bytes[4096];
	} buffer;
	const struct inotify_event *event;
	bool found = false;
	ssize_t length;
	ssize_t at;

	while ((length = read(fd, &buffer, sizeof(buffer))) > 0) {
		for (at = 0; at < length; at += sizeof(*event) + event->len) {
			event = (const void *)(buffer.bytes + at);
			if (event->mask & IN_Q_OVERFLOW ||
			    (event->len && !strcmp(event->name, name)))
				found = true;
		}
	}
	return found;
}

/*
 * Sleep until @name may exist. @fd is negative without inotify.
 *
 * Return: 0, or -ETIMEDOUT.
 */
static int await_name(int fd, const char *name, uint64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t now, left;

	for (;;) {
		struct timespec time;
		int ready;

		now = zinc_now();
		if (now >= deadline)
			return -ETIMEDOUT;
		left = deadline - now;
		if (fd < 0 && left > INTERVAL_NS)
			left = INTERVAL_NS;
		/* within the time_t of 32 bits: the loop goes on */
		if (left > INT32_MAX * NS_PER_S)
			left = INT32_MAX * NS_PER_S;
		time.tv_sec = (time_t)(left / NS_PER_S);
		time.tv_nsec = (long)(left % NS_PER_S);
		ready = ppoll(&poll_fd, 1, &time, NULL);
		if (fd < 0 || (ready > 0 && has_come(fd, name)))
			return 0;
	}
}

/**
 * zinc_shm_open_wait() - open a region once its name is there
 * @region: as for the backend's open
 * @dev_fd: not used
 * @deadline: CLOCK_MONOTONIC in nanoseconds
 * @open: the backend's open
 *
 * The watch begins before the first lookup, so no name is missed.
 *
 * Return: as the backend's open, but -ETIMEDOUT instead of -ENOENT.
 */
int zinc_shm_open_wait(struct zinc_region *region, int dev_fd, uint64_t deadline,
		       int (*open)(struct zinc_region *region, int dev_fd))
{
	char path[ZINC_SHM_PATH_SIZE];
	int watch = watch_names();
	int err;

	zinc_object_path(path, region->name);
	for (;;) {
		err = open(region, dev_fd);
		if (err != -ENOENT)
			break;
		err = await_name(watch, strrchr(path, '/') + 1, deadline);
		if (err)
			break;
	}
	if (watch >= 0)
		close(watch);
	return err;
}
