// SPDX-License-Identifier: MIT
/* File systems on which flock(2) may succeed without excluding other processes. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "lock/internal.h"

#define NOT_THE_HOST "locks do not reach the host, nor its other guests"

struct refused {
	unsigned long magic;
	const char *name;
	const char *reason;
};

/*
 * Folders of a host in its guest. 9p passes on what the server's file system says
 * of itself, so statfs(2) does not tell it from that one, and virtiofs calls
 * itself FUSE: mountinfo's type decides.
 */
static const struct {
	const char *type;
	const char *name;
	const char *reason;
} refused_types[] = {
	{ "9p", "9P", NOT_THE_HOST },
	{ "virtiofs", "VIRTIOFS", NOT_THE_HOST },
	{ "vboxsf", "VBOXSF", NOT_THE_HOST },
	{ "prl_fs", "PRL_FS", NOT_THE_HOST },
	{ "hostfs", "HOSTFS", NOT_THE_HOST },
};

static const struct refused refused[] = {
	{ 0x6969, "NFS",
	  "locks may not reach the other clients of the server" },
	{ 0xff534d42, "CIFS",
	  "locks may not reach the other clients of the server" },
	{ 0xfe534d42, "SMB2",
	  "locks may not reach the other clients of the server" },
	{ 0x00c36400, "CEPH",
	  "locks depend on how the cluster is set up" },
	{ 0x6b414653, "AFS",
	  "locks are advisory to one client alone" },
	{ 0x65735546, "FUSE",
	  "a server without flock lets every lock succeed" },
};

/**
 * zinc_refused_filesystem() - check a file system type of statfs(2)
 * @magic: f_type of statfs(2)
 * @reason: out, why
 *
 * Return: its name; NULL if it is not, or is unknown.
 */
const char *zinc_refused_filesystem(long magic, const char **reason)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		/* f_type is signed on some machines, and 32 bits of it count */
		if ((uint32_t)magic != refused[i].magic)
			continue;
		*reason = refused[i].reason;
		return refused[i].name;
	}
	return NULL;
}

/**
 * zinc_refused_type() - check a file system type of mountinfo
 * @type: of /proc/self/mountinfo
 * @reason: out, why
 *
 * Return: its name; NULL if it is not.
 */
const char *zinc_refused_type(const char *type, const char **reason)
{
	size_t i;

	for (i = 0; i < sizeof(refused_types) / sizeof(refused_types[0]); i++) {
		if (strcmp(type, refused_types[i].type))
			continue;
		*reason = refused_types[i].reason;
		return refused_types[i].name;
	}
	return NULL;
}

/* Of the file or, where that is not there, of its folder */
static int type_of(const char *path, long *magic)
{
	struct statfs fs;
	char *copy;
	int err;

	err = statfs(path, &fs);
	if (err && errno == ENOENT) {
		copy = strdup(path);
		if (!copy)
			return -ENOMEM;
		err = statfs(dirname(copy), &fs);
		free(copy);
	}
	if (err)
		return -errno;
	*magic = (long)fs.f_type;
	return 0;
}

/**
 * zinc_filter_filesystem() - may there be a lock file
 * @path: lock file
 * @why: message
 *
 * What cannot be told is let pass: opening it will say more.
 *
 * Return: 0; -EOPNOTSUPP.
 */
int zinc_filter_filesystem(const char *path, char **why)
{
	const char *name = NULL, *reason;
	char type[ZINC_FS_TYPE_SIZE];
	long magic = 0;

	if (!zinc_filesystem_type(path, type))
		name = zinc_refused_type(type, &reason);
	if (!name && !type_of(path, &magic))
		name = zinc_refused_filesystem(magic, &reason);
	if (!name)
		return 0;
	return zinc_why(why, -EOPNOTSUPP,
			"%s: filesystem %s is not supported for lockfiles (%s). Move the lockfile path to a local filesystem (tmpfs, ext4, xfs, btrfs, f2fs, bcachefs).",
			path, name, reason);
}
