// SPDX-License-Identifier: MIT
/*
 * Why an operation on a region failed, and what to do about it.
 */
#include <errno.h>
#include <unistd.h>

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
