// SPDX-License-Identifier: MIT
/*
 * Regions and devices: dma-bufs, fences, and the CPU's turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "backend.h"

int32_t zinc_features(zinc_handle handle, uint64_t *features)
{
	const struct zinc_backend_ops *ops;
	int err = 0;

	if (!features)
		return -EINVAL;
	*features = 0;
	if (handle)
		ops = handle->ops;
	else
		err = zinc_choose(ZINC_BACKEND_AUTO, &ops);
	if (err)
		return err;
	return ops->features ? ops->features(features) : 0;
}

int32_t zinc_export_dmabuf(zinc_handle handle, uint32_t flags)
{
	if (!handle || flags & ~ZINC_READONLY)
		return -EINVAL;
	if (!handle->ops->export)
		return -EOPNOTSUPP;
	return handle->ops->export(handle, flags & ZINC_READONLY);
}

static int import_region(int dmabuf_fd, const char *name,
			 const struct zinc_options *options, zinc_handle *out)
{
	const struct zinc_backend_ops *ops;
	struct zinc_region *region;
	int err;

	err = zinc_choose(options->backend, &ops);
	if (err)
		return err;
	if (!ops->import)
		return -EOPNOTSUPP;
	region = zinc_region_alloc(name);
	if (!region)
		return -ENOMEM;
	region->ops = ops;
	region->lifetime = options->lifetime;
	region->no_data = options->flags & ZINC_NO_DATA;
	region->creator = true;
	err = ops->import(region, dmabuf_fd, options);
	if (err) {
		free(region);
		return err;
	}
	*out = region;
	return 0;
}

int32_t zinc_import_dmabuf(int dmabuf_fd, const char *name,
			   const struct zinc_options *options,
			   zinc_handle *out)
{
	struct zinc_options known;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (name && !zinc_name_is_valid(name))
		return -EINVAL;
	err = zinc_options_for_import(&known, options);
	if (err)
		return err;
	return import_region(dmabuf_fd, name, &known, out);
}

int32_t zinc_notify_on_fence(zinc_handle handle, int fence_fd)
{
	if (!handle)
		return -EINVAL;
	if (!handle->ops->notify_on_fence)
		return -EOPNOTSUPP;
	return handle->ops->notify_on_fence(handle, fence_fd);
}

/* Of threads that come first together, one wins. Return: not to be closed */
static int dmabuf_of(struct zinc_region *region)
{
	int cached = __atomic_load_n(&region->dmabuf, __ATOMIC_ACQUIRE);
	int fd;

	if (cached >= 0)
		return cached;
	fd = zinc_export_dmabuf(region, region->readonly ? ZINC_READONLY : 0);
	if (fd < 0)
		return fd;
	if (__atomic_compare_exchange_n(&region->dmabuf, &cached, fd, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fd;
	close(fd);
	return cached;
}

/**
 * zinc_dmabuf_close() - the handle is going
 * @region: handle
 */
void zinc_dmabuf_close(struct zinc_region *region)
{
	if (region->dmabuf >= 0)
		close(region->dmabuf);
}

static int cpu_access(struct zinc_region *region, uint32_t access, uint64_t turn)
{
	struct dma_buf_sync args = { .flags = turn };
	int err;
	int fd;

	if (!region || !access || access & ~(ZINC_CPU_READ | ZINC_CPU_WRITE))
		return -EINVAL;
	if (access & ZINC_CPU_WRITE && region->readonly)
		return -EBADF;
	fd = dmabuf_of(region);
	if (fd < 0)
		return fd;
	if (access & ZINC_CPU_READ)
		args.flags |= DMA_BUF_SYNC_READ;
	if (access & ZINC_CPU_WRITE)
		args.flags |= DMA_BUF_SYNC_WRITE;
	do {
		err = zinc_ioctl(fd, DMA_BUF_IOCTL_SYNC, &args);
	} while (err == -EINTR || err == -EAGAIN);
	return err;
}

int32_t zinc_begin_cpu_access(zinc_handle handle, uint32_t access)
{
	return cpu_access(handle, access, DMA_BUF_SYNC_START);
}

int32_t zinc_end_cpu_access(zinc_handle handle, uint32_t access)
{
	return cpu_access(handle, access, DMA_BUF_SYNC_END);
}
