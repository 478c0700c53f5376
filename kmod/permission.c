// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions of the caller on a region, and pids as the caller sees them.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/user_namespace.h>

#include "internal.h"

/*
 * A capability over a region. As for inodes, the root of a user namespace has
 * it if owner and group of the region are mapped in this namespace.
 */
static bool zinc_names_capable(const struct zinc_names *names, kuid_t uid,
			       kgid_t gid, int cap)
{
	return kuid_has_mapping(names->user_ns, uid) &&
	       kgid_has_mapping(names->user_ns, gid) &&
	       ns_capable_noaudit(names->user_ns, cap);
}

/**
 * zinc_region_permission() - check access to a region by its mode
 * @region: named region
 * @mask: MAY_READ, MAY_WRITE
 *
 * Return: 0 or -EACCES.
 */
int zinc_region_permission(const struct zinc_region *region, unsigned int mask)
{
	unsigned int granted = region->mode;

	if (uid_eq(current_fsuid(), region->uid))
		granted >>= 6;
	else if (in_group_p(region->gid))
		granted >>= 3;
	if ((granted & mask) == mask)
		return 0;
	if (zinc_names_capable(region->names, region->uid, region->gid,
			       CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

/**
 * zinc_region_may_unlink() - check the right to unlink a region
 * @region: named region
 *
 * Return: whether the caller owns the region, or has CAP_FOWNER over it.
 */
bool zinc_region_may_unlink(const struct zinc_region *region)
{
	if (uid_eq(current_fsuid(), region->uid))
		return true;
	return zinc_names_capable(region->names, region->uid, region->gid,
				  CAP_FOWNER);
}

/**
 * zinc_pid_nr() - get a pid in the caller's pid namespace
 * @process: pid of task_tgid()
 *
 * Return: the number in the caller's pid namespace; 0 if the process is not
 * visible there, or has ended, since another process may have its number then.
 */
pid_t zinc_pid_nr(struct pid *process)
{
	pid_t nr = 0;

	rcu_read_lock();
	if (pid_task(process, PIDTYPE_TGID))
		nr = pid_vnr(process);
	rcu_read_unlock();
	return nr;
}
