// SPDX-License-Identifier: MIT
/*
 * Handles: how they come, what they tell, how they go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"

#define ZINC_LIBRARY_ABI	1

static uintptr_t page_size(void)
{
	return (uintptr_t)getpagesize();
}

static bool capacity_is_valid(uintptr_t capacity)
{
	uintptr_t page = page_size();

	return capacity && !(capacity % page) &&
	       capacity <= PTRDIFF_MAX - page - ZINC_HEADER_SIZE;
}

/* The nine functions know one way to be refused, the others know two. */
static int refused(int err)
{
	return err == -EACCES ? -EPERM : err;
}

/**
 * zinc_region_alloc() - a handle of nothing yet
 * @name: valid, or NULL
 *
 * Return: to be freed with free(), or NULL.
 */
struct zinc_region *zinc_region_alloc(const char *name)
{
	struct zinc_region *region = calloc(1, sizeof(*region));

	if (!region)
		return NULL;
	region->fd = -1;
	region->dmabuf = -1;
	if (name)
		memcpy(region->name, name, strlen(name));
	return region;
}

static int create_region(const char *name, uintptr_t capacity,
			 const struct zinc_options *options, zinc_handle *out)
{
	const struct zinc_backend_ops *ops;
	struct zinc_region *region;
	int err;

	err = zinc_choose(options->backend, &ops);
	if (err)
		return err;
	region = zinc_region_alloc(name);
	if (!region)
		return -ENOMEM;
	region->ops = ops;
	region->capacity = capacity;
	region->lifetime = options->lifetime;
	region->creator = true;
	err = ops->create(region, options);
	if (err) {
		free(region);
		return err;
	}
	*out = region;
	return 0;
}

int32_t zinc_create_with(const char *name, uintptr_t capacity,
			 const struct zinc_options *options, zinc_handle *out)
{
	struct zinc_options known;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (name && !zinc_name_is_valid(name))
		return -EINVAL;
	if (!capacity_is_valid(capacity))
		return -EINVAL;
	err = zinc_options_for_create(&known, options);
	if (err)
		return err;
	return create_region(name, capacity, &known, out);
}

static int create_named(const char *name, uintptr_t capacity, uint32_t flags,
			zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
	};

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (!name)
		return -EINVAL;
	return refused(zinc_create_with(name, capacity, &options, out));
}

int32_t zinc_create(const char *name, uintptr_t capacity, zinc_handle *out)
{
	return create_named(name, capacity, 0, out);
}

int32_t zinc_create_or_replace(const char *name, uintptr_t capacity,
			       zinc_handle *out)
{
	return create_named(name, capacity, ZINC_REPLACE, out);
}

int32_t zinc_open_with(const char *name, const struct zinc_options *options,
		       zinc_handle *out)
{
	struct zinc_options known;
	const struct zinc_backend_ops *ops;
	struct zinc_region *region;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (!zinc_name_is_valid(name))
		return -EINVAL;
	err = zinc_options_for_open(&known, options);
	if (!err)
		err = zinc_choose(known.backend, &ops);
	if (err)
		return err;
	region = zinc_region_alloc(name);
	if (!region)
		return -ENOMEM;
	region->ops = ops;
	region->readonly = known.flags & ZINC_READONLY;
	region->no_data = known.flags & ZINC_NO_DATA;
	err = ops->open(region);
	if (err) {
		free(region);
		return err;
	}
	*out = region;
	return 0;
}

int32_t zinc_open(const char *name, zinc_handle *out)
{
	return refused(zinc_open_with(name, NULL, out));
}

int32_t zinc_from_fd(int fd, const struct zinc_options *options,
		     zinc_handle *out)
{
	struct zinc_options known;
	struct zinc_region *region;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	err = zinc_options_for_open(&known, options);
	if (err)
		return err;
	if (known.backend == ZINC_BACKEND_SHM)
		return -EOPNOTSUPP;
	region = zinc_region_alloc(NULL);
	if (!region)
		return -ENOMEM;
	region->ops = &zinc_kmod_ops;
	region->readonly = known.flags & ZINC_READONLY;
	region->no_data = known.flags & ZINC_NO_DATA;
	err = zinc_kmod_adopt(region, fd);
	if (err) {
		free(region);
		return err;
	}
	*out = region;
	return 0;
}

int32_t zinc_unlink(const char *name)
{
	const struct zinc_backend_ops *ops[2];
	int err;

	if (!zinc_name_is_valid(name))
		return -EINVAL;
	err = zinc_choose_all(ops);
	if (err)
		return err;
	err = ops[0]->unlink(name);
	if (err == -ENOENT && ops[1])
		err = ops[1]->unlink(name);
	return err;
}

uint8_t *zinc_ptr(zinc_handle handle)
{
	return handle && !handle->no_data ? handle->data : NULL;
}

uintptr_t zinc_capacity(zinc_handle handle)
{
	return handle ? handle->capacity : 0;
}

void zinc_close(zinc_handle handle)
{
	if (!handle)
		return;
	zinc_dmabuf_close(handle);
	handle->ops->close(handle, false);
	free(handle);
}

int32_t zinc_close_keep_data(zinc_handle handle, void **data, size_t *length)
{
	if (!handle || !data || !length)
		return -EINVAL;
	if (handle->no_data)
		return -ENXIO;
	zinc_dmabuf_close(handle);
	*data = handle->data;
	*length = handle->capacity;
	handle->ops->close(handle, true);
	free(handle);
	return 0;
}

void zinc_unmap_data(void *data, size_t length)
{
	/* on POSIX shared memory the header is mapped before the data */
	uintptr_t head = (uintptr_t)data % page_size();

	if (data && length)
		munmap((char *)data - head, head + length);
}

int32_t zinc_fd(zinc_handle handle)
{
	if (!handle)
		return -EINVAL;
	if (handle->ops != &zinc_kmod_ops)
		return -EOPNOTSUPP;
	return zinc_kmod_fd(handle);
}

uint32_t zinc_version(void)
{
	return (uint32_t)ZINC_FORMAT << 16 | ZINC_LIBRARY_ABI;
}
