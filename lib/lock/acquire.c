// SPDX-License-Identifier: MIT
/* A lock with a timeout, the creation of its directory, and a message that names the holders. */
#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/internal.h"
#include "lock/internal.h"

static_assert(sizeof(struct zinc_flock_request) == ZINC_FLOCK_REQUEST_SIZE_V1,
	      "has grown: its first version has not");

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
	return zinc_why(why, err, "%s: cannot create its directory: %s", path,
			strerror(-err));
}

/* "500ms", "2s", "2.5s", "1.234s" */
static const char *duration(uint32_t ms, char text[DURATION_TEXT])
{
	int n;

	if (ms < 1000) {
		snprintf(text, DURATION_TEXT, "%ums", ms);
		return text;
	}
	n = snprintf(text, DURATION_TEXT, "%u.%03u", ms / 1000, ms % 1000);
	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	snprintf(text + n, DURATION_TEXT - (size_t)n, "s");
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
	zinc_flock_holders(r->path, &holders, &count, sizeof(*holders));
	text = zinc_holders_format(holders, count, sizeof(*holders));
	zinc_holders_free(holders);
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

static bool take_request(struct zinc_flock_request *known,
			 const struct zinc_flock_request *r)
{
	return r && zinc_size_is_valid(r->size, ZINC_FLOCK_REQUEST_SIZE_V1) &&
	       !zinc_struct_in(known, sizeof(*known), r, r->size) &&
	       !known->reserved && known->path;
}

int32_t zinc_flock_acquire(const struct zinc_flock_request *request,
			   char **why)
{
	struct zinc_flock_request known;
	int fd;

	if (why)
		*why = NULL;
	if (!take_request(&known, request))
		return zinc_why(why, -EINVAL, "no request for a lock");
	fd = zinc_filter_filesystem(known.path, why);
	if (!fd)
		fd = make_parent(known.path, why);
	if (fd)
		return fd;
	fd = zinc_flock_block(known.path, known.mode, known.timeout_ms, why);
	return fd == -ETIMEDOUT ? timed_out(&known, why) : fd;
}
