// SPDX-License-Identifier: MIT
/*
 * Public functions that create, open and close regions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/backend.h"

#define ZINC_LIBRARY_ABI	1

static bool capacity_is_valid(uintptr_t capacity)
{
	uintptr_t page = zinc_page_size();

	return capacity && !(capacity % page) &&
	       capacity <= PTRDIFF_MAX - page - ZINC_HEADER_SIZE;
}

/* The nine functions return -EPERM only; the others also return -EACCES. */
static int refused(int err)
{
	return err == -EACCES ? -EPERM : err;
}

static int create_region(const char *name, uintptr_t capacity,
			 const struct zinc_options *options, zinc_handle *out)
{
	struct zinc_choice choice;
	struct zinc_region *region;
	int err;

	err = zinc_choose(options->backend, &choice);
	if (err)
		return err;
	region = zinc_region_new(choice.ops, name, options);
	if (!region)
		return -ENOMEM;
	region->capacity = capacity;
	region->creator = true;
	err = choice.ops->create(region, choice.dev_fd, options);
	return zinc_region_done(region, err, out);
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

int32_t zinc_open_wait(const char *name, const struct zinc_options *options,
		       uint64_t deadline_ns, zinc_handle *out)
{
	struct zinc_options known;
	struct zinc_choice choice;
	struct zinc_region *region;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (!zinc_name_is_findable(name))
		return -EINVAL;
	err = zinc_options_for_open(&known, options);
	if (!err)
		err = zinc_choose(known.backend, &choice);
	if (err)
		return err;
	region = zinc_region_new(choice.ops, name, &known);
	if (!region)
		return -ENOMEM;
	err = deadline_ns ?
	      choice.ops->open_wait(region, choice.dev_fd, deadline_ns) :
	      choice.ops->open(region, choice.dev_fd);
	return zinc_region_done(region, err, out);
}

int32_t zinc_open_with(const char *name, const struct zinc_options *options,
		       zinc_handle *out)
{
	return zinc_open_wait(name, options, 0, out);
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
	region = zinc_region_new(&zinc_kmod_ops, NULL, &known);
	if (!region)
		return -ENOMEM;
	return zinc_region_done(region, zinc_kmod_adopt(region, fd), out);
}

int32_t zinc_unlink(const char *name)
{
	struct zinc_choice choices[2];
	int i, err;

	if (!zinc_name_is_findable(name))
		return -EINVAL;
	err = zinc_choose_all(choices);
	if (err)
		return err;
	err = -ENOENT;
	for (i = 0; i < 2 && choices[i].ops && err == -ENOENT; i++)
		err = choices[i].ops->unlink(choices[i].dev_fd, name);
	return err;
}

int32_t zinc_unlink_stale(const char *name)
{
	struct zinc_choice choices[2];
	int i, err;

	if (!zinc_name_is_findable(name))
		return -EINVAL;
	err = zinc_choose_all(choices);
	if (err)
		return err;
	for (i = 0; i < 2 && choices[i].ops; i++) {
		if (choices[i].ops->unlink_stale)
			return choices[i].ops->unlink_stale(name);
	}
	return -ENOENT;
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
	uintptr_t head = (uintptr_t)data % zinc_page_size();

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
