// SPDX-License-Identifier: MIT
/*
 * A lock with a timeout, a folder that is made, and a message that says who was
 * in the way.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lock.h"

#define DURATION_TEXT	32

static int make_folder(const char *path)
{
	struct stat st;
	int err;

	if (!mkdir(path, 0777) || errno == EEXIST)
		return 0;
	err = -errno;
	/* a read-only file system says so even of what is there */
	return err != -ENOENT && !stat(path, &st) ? 0 : err;
}

/* mkdir -p */
static int make_folders(const char *path)
{
	int err = make_folder(path);
	char *copy, *slash;

	if (err != -ENOENT)
		return err;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	err = 0;
	for (slash = copy + 1; !err && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		err = make_folder(copy);
		*slash = '/';
	}
	free(copy);
	return err ? err : make_folder(path);
}

static int make_parent(const char *path, char **why)
{
	char *copy = strdup(path);
	int err;

	if (!copy)
		return -ENOMEM;
	err = make_folders(dirname(copy));
	free(copy);
	if (!err)
		return 0;
	return zinc_why(why, err, "%s: its folder can not be made: %s", path,
			strerror(-err));
}

/* "500ms", "2s", "2.5s" */
static const char *duration(uint32_t ms, char text[DURATION_TEXT])
{
	if (ms < 1000)
		snprintf(text, DURATION_TEXT, "%ums", ms);
	else if (ms % 1000)
		snprintf(text, DURATION_TEXT, "%u.%us", ms / 1000,
			 ms % 1000 / 100);
	else
		snprintf(text, DURATION_TEXT, "%us", ms / 1000);
	return text;
}

static int timed_out(const struct zinc_flock_request *r, char **why)
{
	struct zinc_lock_holder *holders = NULL;
	char time[DURATION_TEXT];
	size_t count = 0;
	char *text;

	if (!why)
		return -ETIMEDOUT;
	free(*why);
	*why = NULL;
	zinc_flock_holders(r->path, &holders, &count);
	text = zinc_holders_format(holders, count);
	free(holders);
	zinc_why(why, -ETIMEDOUT,
		 "flock %s on %s timed out after %s (lockfile %s, holders: %s).%s%s",
		 r->mode == ZINC_SHARED ? "LOCK_SH" : "LOCK_EX",
		 r->context ? r->context : r->path,
		 duration(r->timeout_ms, time), r->path, text ? text : "?",
		 r->remediation ? " " : "",
		 r->remediation ? r->remediation : "");
	free(text);
	return -ETIMEDOUT;
}

int32_t zinc_flock_acquire(const struct zinc_flock_request *request,
			   char **why)
{
	int fd;

	if (why)
		*why = NULL;
	if (!request || request->size < sizeof(*request) ||
	    request->reserved || !request->path)
		return zinc_why(why, -EINVAL, "no request for a lock");
	fd = zinc_filter_filesystem(request->path, why);
	if (!fd)
		fd = make_parent(request->path, why);
	if (fd)
		return fd;
	fd = zinc_flock_block(request->path, request->mode,
			      request->timeout_ms, why);
	return fd == -ETIMEDOUT ? timed_out(request, why) : fd;
}
