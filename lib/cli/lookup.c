// SPDX-License-Identifier: MIT
/*
 * A region by its name, wherever it is.
 *
 * 'zinc ls' and zinc_stat() know the regions of both backends, zinc_open()
 * those of one. What is shown must be good for the other subcommands too.
 */
#include <errno.h>
#include <stdlib.h>

#include "cli.h"

int32_t cli_open(const char *name, uint32_t flags, zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
	};
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t err = zinc_open_with(name, &options, out);

	if (err != -ENOENT || zinc_stat(name, &info))
		return err;
	options.backend = info.backend;
	return zinc_open_with(name, &options, out);
}

int32_t cli_unlink_stale(const struct zinc_region_info *info)
{
	struct zinc_region_info now = { .size = sizeof(now) };
	int32_t err;

	/* the kernel module may have a living region of this name */
	if (setenv("ZINC_BACKEND", "shm", 1))
		return -errno;
	err = zinc_stat(info->name, &now);
	if (err)
		return err;
	if (now.id != info->id || !(now.flags & ZINC_IS_STALE))
		return -ENOENT;
	return zinc_unlink(info->name);
}
