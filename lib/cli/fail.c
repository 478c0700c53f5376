// SPDX-License-Identifier: MIT
/*
 * Why an operation on a region failed, and what to do about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <linux/zinc.h>

#include "cli.h"

/* The region's owner, after a lack of permission */
static void explain_permission(const char *name)
{
	char user[USER_TEXT], me[USER_TEXT], group[USER_TEXT];
	struct zinc_region_info info = { .size = sizeof(info) };
	char reason[512];
	int32_t backend = zinc_backend_reason(reason, sizeof(reason));

	if (backend == -EACCES || backend == -EPERM) {
		fprintf(stderr, "zinc: %s; see 'zinc doctor'\n", reason);
		return;
	}
	if (zinc_stat(name, &info))
		return;
	fprintf(stderr,
		"zinc: %s belongs to user %s (uid %u), group %s, mode %04o; you are %s (uid %u)\n",
		name, format_user(info.uid, user), info.uid,
		format_group(info.gid, group), info.mode,
		format_user(geteuid(), me), geteuid());
}

/* The region that has the name, after a failed create */
static void explain_taken(const char *name)
{
	char user[USER_TEXT], age[AGE_TEXT];
	struct zinc_region_info info = { .size = sizeof(info) };
	char pid[32] = "a process that has ended";
	int32_t err = zinc_stat(name, &info);

	if (err == -EACCES)
		fprintf(stderr,
			"zinc: %s belongs to another user, and you may not open it: choose another name, or have its owner ('ls -l /dev/shm/zinc_%s') or root remove it\n",
			name, name);
	if (err)
		return;
	if (info.creator_pid > 0)
		snprintf(pid, sizeof(pid), "pid %d", info.creator_pid);
	fprintf(stderr, "zinc: %s was created %s ago by %s of user %s (%s); ",
		name, format_age(info.created_at, age), pid,
		format_user(info.uid, user), region_state(&info));
	if (geteuid() && info.uid != geteuid())
		fprintf(stderr,
			"choose another name, or have that user or root run 'zinc rm %s'\n",
			name);
	else
		fprintf(stderr, "free the name by 'zinc rm %s' or --replace\n",
			name);
}

int cli_fail(const char *action, const char *name, int32_t error)
{
	cli_error("cannot %s %s: %s", action, name, zinc_strerror(error));
	switch (error) {
	case -EACCES:
	case -EPERM:
		explain_permission(name);
		break;
	case -EEXIST:
		explain_taken(name);
		break;
	case -EDQUOT:
	case -ENOSPC:
		fputs("zinc: 'zinc doctor' shows the limits and their use\n",
		      stderr);
		break;
	}
	return CLI_FAILED;
}

/* "4096 of 8192 bytes (4K)", or that there is no limit */
static const char *left_text(uint64_t used, uint64_t limit, const char *unit, char text[80])
{
	char size[SIZE_TEXT];
	uint64_t left = limit > used ? limit - used : 0;

	if (!limit)
		snprintf(text, 80, "any number of %s", unit);
	else
		snprintf(text, 80, "%llu of %llu %s (%s)", (unsigned long long)left,
			 (unsigned long long)limit, unit, format_size(left, size));
	return text;
}

/* What the module's limits leave to this user */
static void explain_limits(void)
{
	struct zinc_query query = { 0 };
	char regions[80], bytes[80], pinned[80];
	int fd = open("/dev/zinc", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && !ioctl(fd, ZINC_IOC_QUERY, &query))
		fprintf(stderr,
			"zinc: left to you are %s, %s and %s; free some by 'zinc rm NAME'\n",
			left_text(query.user_regions, query.max_regions, "regions", regions),
			left_text(query.user_bytes, query.max_bytes, "bytes", bytes),
			left_text(query.user_pinned_bytes, query.max_pinned_bytes,
				  "bytes pinned for devices", pinned));
	if (fd >= 0)
		close(fd);
}

static void explain_shm(void)
{
	struct statvfs fs;
	char left[SIZE_TEXT];
	uint64_t bytes;

	if (statvfs("/dev/shm", &fs))
		return;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	fprintf(stderr,
		"zinc: left in /dev/shm are %llu bytes (%s); free some by 'zinc rm NAME'\n",
		(unsigned long long)bytes, format_size(bytes, left));
}

int cli_fail_create(const char *name, int32_t error, uint64_t bytes)
{
	int status = cli_fail("create", name, error);
	char text[SIZE_TEXT];

	if (error != -EDQUOT && error != -ENOSPC)
		return status;
	fprintf(stderr, "zinc: %s wants %llu bytes (%s)\n", name, (unsigned long long)bytes,
		format_size(bytes, text));
	if (zinc_backend(NULL) == ZINC_BACKEND_SHM)
		explain_shm();
	else
		explain_limits();
	return status;
}
