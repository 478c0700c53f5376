// SPDX-License-Identifier: MIT
/*
 * Allocation of handles: the only place that allocates and returns one.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

/**
 * zinc_region_new() - allocate a handle that has no region yet
 * @ops: its backend
 * @name: valid, or NULL
 * @options: valid
 *
 * Return: to be passed to zinc_region_done(), or NULL.
 */
struct zinc_region *zinc_region_new(const struct zinc_backend_ops *ops,
				    const char *name,
				    const struct zinc_options *options)
{
	struct zinc_region *region = calloc(1, sizeof(*region));

	if (!region)
		return NULL;
	region->ops = ops;
	region->wakes = ops->wakes;
	region->fd = -1;
	region->dmabuf = -1;
	region->readonly = options->flags & ZINC_RDONLY;
	region->no_data = options->flags & ZINC_NO_DATA;
	region->lifetime = options->lifetime;
	if (name)
		memcpy(region->name, name, strlen(name));
	return region;
}

/**
 * zinc_region_done() - give a handle to the caller, or free it
 * @region: from zinc_region_new()
 * @err: of the backend, which leaves nothing behind after a failure
 * @out: gets the handle if @err is 0
 *
 * Return: @err.
 */
int zinc_region_done(struct zinc_region *region, int err, zinc_handle *out)
{
	if (err)
		free(region);
	else
		*out = region;
	return err;
}
