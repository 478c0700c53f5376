// SPDX-License-Identifier: MIT
/*
 * Regions as buffers of a device.
 */
#include <stdlib.h>
#include <unistd.h>

#include "objects.h"

int32_t zinc_drm_import(int drm_fd, zinc_handle region,
			struct zinc_drm_buffer **out)
{
	struct zinc_drm_buffer *buffer;
	int dmabuf;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (!region)
		return -EINVAL;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return -ENOMEM;
	buffer->fd = drm_fd;
	buffer->capacity = zinc_capacity(region);
	dmabuf = zinc_export_dmabuf(region, 0);
	if (dmabuf < 0) {
		free(buffer);
		return dmabuf;
	}
	err = zinc_drm_result(drmPrimeFDToHandle(drm_fd, dmabuf,
						 &buffer->handle));
	close(dmabuf);
	if (err) {
		free(buffer);
		/* a driver without import returns -ENOSYS */
		return err == -ENOSYS ? -EOPNOTSUPP : err;
	}
	*out = buffer;
	return 0;
}

uint32_t zinc_drm_gem_handle(const struct zinc_drm_buffer *buffer)
{
	return buffer ? buffer->handle : 0;
}

void zinc_drm_release(struct zinc_drm_buffer *buffer)
{
	if (!buffer)
		return;
	drmCloseBufferHandle(buffer->fd, buffer->handle);
	free(buffer);
}
