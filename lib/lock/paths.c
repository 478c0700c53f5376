// SPDX-License-Identifier: MIT
/*
 * What the lock files of processors, caches and source trees are called.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "lock/internal.h"

int32_t zinc_llc_lock_path(char *buf, size_t size, uint32_t llc)
{
	if (!buf)
		return -EINVAL;
	return zinc_lock_file(buf, size, NULL, "zinc-llc-%u.lock", llc);
}

int32_t zinc_cpu_lock_path(char *buf, size_t size, uint32_t cpu)
{
	if (!buf)
		return -EINVAL;
	return zinc_lock_file(buf, size, NULL, "zinc-cpu-%u.lock", cpu);
}

int32_t zinc_cache_lock_path(char *buf, size_t size, const char *root,
			     const char *key)
{
	if (!buf || !root || !root[0] || !key || !key[0] ||
	    strchr(key, '/') || !strcmp(key, ".") || !strcmp(key, ".."))
		return -EINVAL;
	return zinc_format(buf, size, "%s/.locks/%s.lock", root, key);
}

int32_t zinc_source_lock_path(char *buf, size_t size, const char *root,
			      const char *tree)
{
	char *canonical;
	int err;

	if (!buf || !root || !root[0] || !tree)
		return -EINVAL;
	canonical = realpath(tree, NULL);
	if (!canonical)
		return -errno;
	err = zinc_format(buf, size, "%s/.locks/source-%016llx.lock", root,
			  (unsigned long long)zinc_name_hash(canonical));
	free(canonical);
	return err;
}
