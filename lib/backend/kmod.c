// SPDX-License-Identifier: MIT
/*
 * Regions of the kernel module: ioctls on /dev/zinc and on regions' descriptors.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"

#define LIST_BATCH	64

/* what zinc_features() tells of; the module has more, which need no asking */
#define FEATURES	(ZINC_FEATURE_EXPORT | ZINC_FEATURE_IMPORT | \
			 ZINC_FEATURE_FENCE | ZINC_FEATURE_CONTIGUOUS | \
			 ZINC_FEATURE_EXPORT_PART)

/* A region that was made and cannot be mapped. */
static void take_back(struct zinc_region *region)
{
	/* a name that persists would not go with the descriptor */
	zinc_ioctl(region->fd, ZINC_IOC_REGION_UNLINK, NULL);
	close(region->fd);
}

static int kmod_features(int dev_fd, uint64_t *features)
{
	struct zinc_query query = {};
	int err = zinc_ioctl(dev_fd, ZINC_IOC_QUERY, &query);

	if (!err)
		*features = query.features & FEATURES;
	return err;
}

/* A module refuses a flag that it does not know as it refuses a bad argument. */
static int has_contiguous(int dev_fd)
{
	uint64_t features = 0;
	int err = kmod_features(dev_fd, &features);

	if (err)
		return err;
	return features & ZINC_FEATURE_CONTIGUOUS ? 0 : -EOPNOTSUPP;
}

static int kmod_create(struct zinc_region *region, int dev_fd,
		       const struct zinc_options *options)
{
	struct zinc_create args = {
		.capacity = region->capacity,
		/* here the data begin a page anyhow */
		.flags = options->flags & ~ZINC_PAGE_LAYOUT,
		.lifetime = options->lifetime,
		.mode = options->mode,
	};
	int err;

	if (args.capacity > ZINC_CAPACITY_MAX)
		return -EINVAL;
	if (options->flags & ZINC_CONTIGUOUS) {
		err = has_contiguous(dev_fd);
		if (err)
			return err;
	}
	/* before much is made, or the old region loses its name */
	if (zinc_kmod_is_large(region) || options->flags & ZINC_REPLACE) {
		err = zinc_kmod_reserve(region);
		if (err)
			return err;
	}
	memcpy(args.name, region->name, sizeof(args.name));
	region->fd = zinc_ioctl(dev_fd, ZINC_IOC_CREATE, &args);
	if (region->fd < 0) {
		if (region->data)
			zinc_kmod_unmap(region, false);
		return region->fd;
	}
	err = zinc_kmod_map(region);
	if (err)
		take_back(region);
	return err;
}

/* Map a region with the capacity that the kernel returned. */
static int place(struct zinc_region *region, uint64_t capacity)
{
	if (!capacity || capacity > PTRDIFF_MAX)
		return -ENOMEM;
	region->capacity = (size_t)capacity;
	return zinc_kmod_map(region);
}

/* Make a handle of @region->fd. */
static int attach(struct zinc_region *region, uint64_t capacity)
{
	int err = place(region, capacity);

	if (err)
		close(region->fd);
	return err;
}

/* A module refuses an unknown command with -ENOTTY. */
static int supported(int ret)
{
	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

static int kmod_import(struct zinc_region *region, int dev_fd, int dmabuf_fd,
		       const struct zinc_options *options)
{
	struct zinc_import args = {
		.dmabuf_fd = dmabuf_fd,
		.flags = options->flags & ZINC_REPLACE,
		.lifetime = options->lifetime,
		.mode = options->mode,
	};
	int err;

	memcpy(args.name, region->name, sizeof(args.name));
	region->fd = supported(zinc_ioctl(dev_fd, ZINC_IOC_IMPORT, &args));
	if (region->fd < 0)
		return region->fd;
	err = place(region, args.capacity);
	if (err)
		take_back(region);
	return err;
}

static int kmod_export(struct zinc_region *region, bool readonly,
		       uint64_t offset, uint64_t length)
{
	struct zinc_export args = {
		.flags = readonly ? ZINC_RDONLY : 0,
		.offset = offset,
		.length = length,
	};
	int fd = supported(zinc_ioctl(region->fd, ZINC_IOC_REGION_EXPORT, &args));

	/* a module that does not know the last two fields */
	return fd == -E2BIG ? -EOPNOTSUPP : fd;
}

static int kmod_notify_on_fence(struct zinc_region *region, int fence_fd)
{
	struct zinc_notify_fence args = { .fence_fd = fence_fd };

	return supported(zinc_ioctl(region->fd, ZINC_IOC_REGION_NOTIFY_FENCE,
				    &args));
}

/* Only POSIX shared memory may have a region of such a name. */
static bool is_too_long(const char *name)
{
	return strlen(name) > ZINC_NAME_MAX;
}

static int kmod_open_wait(struct zinc_region *region, int dev_fd,
			  uint64_t deadline)
{
	struct zinc_open args = {
		.flags = region->readonly ? ZINC_RDONLY : 0,
		.deadline = deadline,
	};

	if (is_too_long(region->name))
		return -ENOENT;
	memcpy(args.name, region->name, sizeof(args.name));
	do {
		region->fd = zinc_ioctl(dev_fd, ZINC_IOC_OPEN, &args);
	} while (region->fd == -EINTR);
	if (region->fd < 0)
		return region->fd;
	return attach(region, args.capacity);
}

static int kmod_open(struct zinc_region *region, int dev_fd)
{
	return kmod_open_wait(region, dev_fd, 0);
}

/* A POSIX object has a descriptor, too, but not one that can be waited for. */
static bool is_posix_object(int fd)
{
	struct zinc_header header;

	return pread(fd, &header, sizeof(header), 0) == sizeof(header) &&
	       header.magic == ZINC_MAGIC;
}

/**
 * zinc_kmod_adopt() - make a handle of a descriptor
 * @region: its readonly says how
 * @fd: stays the caller's
 *
 * Return: 0; -EBADF; -ENOTTY not a region's; -EOPNOTSUPP a POSIX region's;
 * -ENOMEM, -EMFILE, -ENFILE.
 */
int zinc_kmod_adopt(struct zinc_region *region, int fd)
{
	struct zinc_reopen args = {
		.flags = region->readonly ? ZINC_RDONLY : 0,
	};

	region->fd = zinc_ioctl(fd, ZINC_IOC_REGION_REOPEN, &args);
	if (region->fd == -EACCES && !region->readonly) {
		region->readonly = true;
		args.flags = ZINC_RDONLY;
		region->fd = zinc_ioctl(fd, ZINC_IOC_REGION_REOPEN, &args);
	}
	if (region->fd == -ENOTTY && is_posix_object(fd))
		return -EOPNOTSUPP;
	if (region->fd < 0)
		return region->fd;
	return attach(region, args.capacity);
}

static void kmod_close(struct zinc_region *region, bool keep_data)
{
	zinc_kmod_unmap(region, keep_data);
	close(region->fd);
}

static int kmod_unlink(int dev_fd, const char *name)
{
	struct zinc_unlink args = {};

	if (is_too_long(name))
		return -ENOENT;
	memcpy(args.name, name, strlen(name));
	return zinc_ioctl(dev_fd, ZINC_IOC_UNLINK, &args);
}

/**
 * zinc_kmod_fd() - hand out the descriptor
 * @region: of this backend
 *
 * poll() has to agree with the waits so far, so the kernel's cursor takes the
 * place of ours. A wait that another thread ends between the two lines leaves
 * the descriptor readable without need; kmod_wait() then finds nothing.
 *
 * Return: a descriptor, or a negative errno.
 */
int zinc_kmod_fd(struct zinc_region *region)
{
	struct zinc_cursor args = {};
	int err;

	if (__atomic_load_n(&region->pollable, __ATOMIC_ACQUIRE))
		return region->fd;
	args.cursor = __atomic_load_n(&region->cursor, __ATOMIC_ACQUIRE);
	err = zinc_ioctl(region->fd, ZINC_IOC_REGION_SET_CURSOR, &args);
	if (err)
		return err;
	__atomic_store_n(&region->pollable, true, __ATOMIC_RELEASE);
	return region->fd;
}

static int kmod_wake(struct zinc_region *region)
{
	struct zinc_notify args = { .flags = ZINC_NOTIFY_WAKE };

	return zinc_ioctl(region->fd, ZINC_IOC_REGION_NOTIFY, &args);
}

static int wait_with(struct zinc_region *region, uint32_t *cursor,
		     uint64_t deadline, struct zinc_region *wake,
		     uint32_t flags)
{
	bool pollable = __atomic_load_n(&region->pollable, __ATOMIC_ACQUIRE);
	struct zinc_wait args = {
		.flags = flags | (pollable ? 0 : ZINC_WAIT_CURSOR) |
			 (wake ? ZINC_WAIT_WAKE : 0),
		.cursor = *cursor,
		.deadline = deadline,
		.notify_fd = wake ? wake->fd : 0,
	};
	int err;

	for (;;) {
		err = zinc_ioctl(region->fd, ZINC_IOC_REGION_WAIT, &args);
		if (err && err != -EINTR)
			return err;
		/* the kernel's cursor may lag behind what we took ourselves */
		if (!err && args.cursor != *cursor)
			break;
		/* who had to be woken has been */
		args.flags &= ~ZINC_WAIT_WAKE;
		args.notify_fd = 0;
		args.cursor = *cursor;
	}
	*cursor = args.cursor;
	return 0;
}

static int kmod_wait(struct zinc_region *region, uint32_t *cursor,
		     uint64_t deadline, struct zinc_region *wake)
{
	return wait_with(region, cursor, deadline, wake, 0);
}

static int kmod_wait_gone(struct zinc_region *region, uint32_t *cursor,
			  uint64_t deadline)
{
	int err = wait_with(region, cursor, deadline, NULL, ZINC_WAIT_GONE);

	/* a module that does not know the flag */
	return err == -EINVAL ? -EOPNOTSUPP : err;
}

static int kmod_wait_any(struct zinc_region *const *regions, uint32_t *cursors,
			 size_t count, uint64_t deadline, size_t *index)
{
	struct zinc_wait_item items[ZINC_WAIT_ANY_MAX];
	struct zinc_wait_any args = {
		.items = (uintptr_t)items,
		.count = (uint32_t)count,
		.deadline = deadline,
	};
	int dev_fd = zinc_dev_fd();
	size_t i;
	int err;

	if (dev_fd < 0)
		return dev_fd;
	for (i = 0; i < count; i++) {
		items[i].fd = regions[i]->fd;
		items[i].cursor = cursors[i];
	}
	do {
		err = zinc_ioctl(dev_fd, ZINC_IOC_WAIT_ANY, &args);
	} while (err == -EINTR);
	if (err)
		return err;
	*index = args.index;
	cursors[args.index] = items[args.index].cursor;
	return 0;
}

static void translate(struct zinc_region_info *info,
		      const struct zinc_info *from)
{
	info->id = from->id;
	info->capacity = from->capacity;
	info->resident = from->resident;
	info->created_at = from->created_at;
	info->flags = from->flags;
	info->lifetime = from->lifetime;
	info->uid = from->uid;
	info->gid = from->gid;
	info->mode = from->mode;
	info->creator_pid = from->creator_pid;
	info->handles = from->handles;
	info->waiters = from->waiters;
	info->sequence = from->sequence;
	info->cursor = from->cursor;
	info->attachments = from->attachments;
	info->fences = from->fences;
	info->fence_errors = from->fence_errors;
	info->fence_error = from->fence_error;
	memcpy(info->name, from->name, sizeof(info->name));
}

static int kmod_describe(struct zinc_region *region,
			 struct zinc_region_info *info)
{
	struct zinc_info from = {};
	int err;

	err = zinc_ioctl(region->fd, ZINC_IOC_REGION_INFO, &from);
	if (err)
		return err;
	translate(info, &from);
	if (!__atomic_load_n(&region->pollable, __ATOMIC_ACQUIRE))
		info->cursor = __atomic_load_n(&region->cursor,
					       __ATOMIC_ACQUIRE);
	return 0;
}

/*
 * Show each region to @visit until that returns something else than 0, which
 * is then returned.
 */
static int for_each(int dev_fd,
		    int (*visit)(void *context, const struct zinc_info *info),
		    void *context)
{
	struct zinc_info *batch = calloc(LIST_BATCH, sizeof(*batch));
	struct zinc_list args = {
		.entries = (uintptr_t)batch,
		.entry_size = sizeof(*batch),
	};
	int ret = 0;
	uint32_t i;

	if (!batch)
		return -ENOMEM;
	while (!ret) {
		args.count = LIST_BATCH;
		ret = zinc_ioctl(dev_fd, ZINC_IOC_LIST, &args);
		if (ret || !args.count)
			break;
		for (i = 0; i < args.count && !ret; i++)
			ret = visit(context, &batch[i]);
	}
	free(batch);
	return ret;
}

static int visit_all(void *context, const struct zinc_info *from)
{
	struct zinc_region_info info = { .backend = ZINC_BACKEND_KMOD };

	translate(&info, from);
	return zinc_infos_add(context, &info);
}

static int kmod_list(int dev_fd, struct zinc_infos *infos)
{
	return for_each(dev_fd, visit_all, infos);
}

static int visit_named(void *context, const struct zinc_info *from)
{
	struct zinc_region_info *info = context;

	if (strcmp(info->name, (const char *)from->name))
		return 0;
	translate(info, from);
	return 1;
}

/* The list hides what may not be opened; opening tells that from nothing. */
static int may_open(int dev_fd, const char *name)
{
	struct zinc_open args = { .flags = ZINC_RDONLY };
	int fd;

	memcpy(args.name, name, strlen(name));
	fd = zinc_ioctl(dev_fd, ZINC_IOC_OPEN, &args);
	if (fd < 0)
		return fd;
	close(fd);
	return -ENOENT;		/* it came after the list was read */
}

/*
 * One look-up. A module without ZINC_FEATURE_STAT does not know the name, and
 * says so by -E2BIG. Return: 1, or 0 if the list does not show it.
 */
static int look_up(int dev_fd, const char *name, struct zinc_region_info *info)
{
	struct zinc_info from = {};
	struct zinc_list args = {
		.entries = (uintptr_t)&from,
		.count = 1,
		.entry_size = sizeof(from),
	};
	int err;

	memcpy(args.name, name, strlen(name));
	err = zinc_ioctl(dev_fd, ZINC_IOC_LIST, &args);
	if (err)
		return err;
	if (args.count)
		translate(info, &from);
	return args.count ? 1 : 0;
}

/* As long as there are such modules: all regions, until it is that one. */
static int look_through(int dev_fd, const char *name,
			struct zinc_region_info *info)
{
	memset(info->name, 0, sizeof(info->name));
	memcpy(info->name, name, strlen(name));
	return for_each(dev_fd, visit_named, info);
}

static int kmod_stat(int dev_fd, const char *name,
		     struct zinc_region_info *info)
{
	int ret;

	if (is_too_long(name))
		return -ENOENT;
	ret = look_up(dev_fd, name, info);
	if (ret == -E2BIG)
		ret = look_through(dev_fd, name, info);
	if (ret)
		return ret < 0 ? ret : 0;
	return may_open(dev_fd, name);
}

const struct zinc_backend_ops zinc_kmod_ops = {
	.kind = ZINC_BACKEND_KMOD,
	.wakes = ZINC_WAKES_FLAGGED,
	.create = kmod_create,
	.open = kmod_open,
	.open_wait = kmod_open_wait,
	.close = kmod_close,
	.unlink = kmod_unlink,
	.wake = kmod_wake,
	.wait = kmod_wait,
	.wait_gone = kmod_wait_gone,
	.wait_any = kmod_wait_any,
	.describe = kmod_describe,
	.stat = kmod_stat,
	.list = kmod_list,
	.features = kmod_features,
	.import = kmod_import,
	.export = kmod_export,
	.notify_on_fence = kmod_notify_on_fence,
};
