// SPDX-License-Identifier: MIT
/*
 * Public functions for devices: dma-bufs, fences, CPU access.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "backend/backend.h"

int32_t zinc_features(zinc_handle handle, uint64_t *features)
{
	struct zinc_choice choice;
	int err;

	if (!features)
		return -EINVAL;
	*features = 0;
	err = zinc_choose(handle ? handle->ops->kind : ZINC_BACKEND_AUTO,
			  &choice);
	if (err || !choice.ops->features)
		return err;
	return choice.ops->features(choice.dev_fd, features);
}

int32_t zinc_export_dmabuf(zinc_handle handle, uint32_t flags)
{
	if (!handle || flags & ~ZINC_RDONLY)
		return -EINVAL;
	if (!handle->ops->export)
		return -EOPNOTSUPP;
	return handle->ops->export(handle, flags & ZINC_RDONLY, 0, 0);
}

int32_t zinc_export_dmabuf_part(zinc_handle handle, uint64_t offset,
				uint64_t length, uint32_t flags)
{
	const uint64_t page = zinc_page_size();

	if (!handle || flags & ~ZINC_RDONLY || !length || offset % page ||
	    length % page || offset > handle->capacity ||
	    length > handle->capacity - offset)
		return -EINVAL;
	if (!handle->ops->export)
		return -EOPNOTSUPP;
	return handle->ops->export(handle, flags & ZINC_RDONLY, offset, length);
}

static int import_region(int dmabuf_fd, const char *name,
			 const struct zinc_options *options, zinc_handle *out)
{
	struct zinc_choice choice;
	struct zinc_region *region;
	int err;

	err = zinc_choose(options->backend, &choice);
	if (err)
		return err;
	if (!choice.ops->import)
		return -EOPNOTSUPP;
	region = zinc_region_new(choice.ops, name, options);
	if (!region)
		return -ENOMEM;
	region->creator = true;
	err = choice.ops->import(region, choice.dev_fd, dmabuf_fd, options);
	return zinc_region_done(region, err, out);
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

/* Of concurrent first calls one wins. Return: a descriptor, not to be closed */
static int dmabuf_of(struct zinc_region *region)
{
	int cached = __atomic_load_n(&region->dmabuf, __ATOMIC_ACQUIRE);
	int fd;

	if (cached >= 0)
		return cached;
	fd = zinc_export_dmabuf(region, region->readonly ? ZINC_RDONLY : 0);
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
