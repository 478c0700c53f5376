// SPDX-License-Identifier: MIT
/*
 * Regions of the kernel module.
 *
 * A handle has a descriptor and one range of addresses, into which the control
 * page and the data are mapped without a gap:
 *
 *	... | control page: unused ... header | data ...
 *	    ^ region->data - page             ^ region->data
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"

#define HUGE_SIZE	((size_t)2 << 20)
#define LIST_BATCH	64

#define SAME_FLAGS	(ZINC_IS_CREATOR_GONE | ZINC_IS_UNLINKED | \
			 ZINC_IS_ANONYMOUS | ZINC_IS_LAZY | \
			 ZINC_IS_READONLY | ZINC_IS_CREATOR)
#define SAME_BIT(name, kernels) \
	static_assert((name) == (kernels), "needs a translation")

#define SAME_FEATURES	(ZINC_CAN_EXPORT | ZINC_CAN_IMPORT | ZINC_CAN_FENCE)

SAME_BIT(ZINC_IS_CREATOR_GONE, ZINC_INFO_CREATOR_GONE);
SAME_BIT(ZINC_IS_UNLINKED, ZINC_INFO_UNLINKED);
SAME_BIT(ZINC_IS_ANONYMOUS, ZINC_INFO_ANONYMOUS);
SAME_BIT(ZINC_IS_LAZY, ZINC_INFO_LAZY);
SAME_BIT(ZINC_IS_READONLY, ZINC_INFO_RDONLY);
SAME_BIT(ZINC_IS_CREATOR, ZINC_INFO_CREATOR);
SAME_BIT((int)ZINC_LIVES_REFS, (int)ZINC_LIFETIME_REFS);
SAME_BIT((int)ZINC_LIVES_CREATOR, (int)ZINC_LIFETIME_CREATOR);
SAME_BIT((int)ZINC_LIVES_PERSIST, (int)ZINC_LIFETIME_PERSIST);
SAME_BIT(ZINC_LAZY, ZINC_CREATE_LAZY);
SAME_BIT(ZINC_REPLACE, ZINC_CREATE_REPLACE);
SAME_BIT(ZINC_CAN_EXPORT, ZINC_FEATURE_EXPORT);
SAME_BIT(ZINC_CAN_IMPORT, ZINC_FEATURE_IMPORT);
SAME_BIT(ZINC_CAN_FENCE, ZINC_FEATURE_FENCE);

static size_t page_size(void)
{
	return (size_t)getpagesize();
}

/* Addresses for a control page and, behind it, well aligned data. */
static int reserve(struct zinc_region *region)
{
	size_t page = page_size();
	size_t align = region->capacity >= HUGE_SIZE ? HUGE_SIZE : page;
	size_t total;
	uintptr_t data;
	uintptr_t end;
	char *base;

	if (__builtin_add_overflow(region->capacity, align, &total))
		return -ENOMEM;
	base = mmap(NULL, total, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	end = (uintptr_t)base + total;
	data = ((uintptr_t)base + page + align - 1) / align * align;
	if (data - page > (uintptr_t)base)
		munmap(base, data - page - (uintptr_t)base);
	if (end > data + region->capacity)
		munmap((void *)(data + region->capacity),
		       end - data - region->capacity);
	region->data = (uint8_t *)data;
	return 0;
}

static void release(struct zinc_region *region)
{
	size_t page = page_size();

	munmap(region->data - page, page + region->capacity);
}

static int map_at(void *address, size_t length, int prot, int fd, off_t offset)
{
	if (mmap(address, length, prot, MAP_SHARED | MAP_FIXED, fd, offset) ==
	    MAP_FAILED)
		return -errno;
	return 0;
}

/* Of imported data the exporter says how they are mapped, if at all. */
static int map_data(struct zinc_region *region, int prot)
{
	int err;

	if (region->no_data)
		return 0;
	err = map_at(region->data, region->capacity, prot, region->fd, 0);
	/* who imports a read-only dma-buf knows that it is */
	if (err == -EACCES && region->creator)
		err = map_at(region->data, region->capacity, PROT_READ,
			     region->fd, 0);
	if (err == -ENODEV || err == -ENOSYS || err == -EOPNOTSUPP)
		return -ENXIO;
	return err;
}

static int map_reserved(struct zinc_region *region, int prot)
{
	size_t page = page_size();
	int err;

	err = map_at(region->data - page, page, prot, region->fd,
		     (off_t)ZINC_MMAP_CONTROL);
	return err ? err : map_data(region, prot);
}

/*
 * Without a reservation, which takes a system call: what is too small for huge
 * pages goes anywhere, its control page and data in one mapping. Imported data,
 * and older modules, have two.
 */
static bool map_whole(struct zinc_region *region, int prot)
{
	size_t page = page_size();
	char *control;

	if (region->no_data || page + region->capacity >= HUGE_SIZE)
		return false;
	control = mmap(NULL, page + region->capacity, prot, MAP_SHARED,
		       region->fd, (off_t)ZINC_MMAP_CONTROL);
	if (control == MAP_FAILED)
		return false;
	region->data = (uint8_t *)control + page;
	return true;
}

/* Map what @region->fd has, to where reserve() says if that has been asked. */
static int map(struct zinc_region *region)
{
	int prot = region->readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	bool mapped = false;
	int saved = errno;
	int err = 0;

	if (!region->data)
		mapped = map_whole(region, prot);
	errno = saved;
	if (!region->data)
		err = reserve(region);
	if (err)
		return err;
	if (!mapped)
		err = map_reserved(region, prot);
	if (err) {
		release(region);
		return err;
	}
	/* not looked at: the kernel knows what is a region, the header may be forged */
	region->header = (struct zinc_header *)(region->data -
						ZINC_HEADER_SIZE);
	return 0;
}

/* A region that was made and can not be mapped. */
static void take_back(struct zinc_region *region)
{
	/* a name that persists would not go with the descriptor */
	zinc_ioctl(region->fd, ZINC_REGION_UNLINK, NULL);
	close(region->fd);
}

static int kmod_create(struct zinc_region *region,
		       const struct zinc_options *options)
{
	struct zinc_create args = {
		.capacity = region->capacity,
		.flags = options->flags,
		.lifetime = options->lifetime,
		.mode = options->mode,
	};
	int err;

	if (region->capacity > ZINC_CAPACITY_MAX)
		return -EINVAL;
	/* before much is made, or the old region loses its name */
	if (region->capacity >= HUGE_SIZE || options->flags & ZINC_REPLACE) {
		err = reserve(region);
		if (err)
			return err;
	}
	memcpy(args.name, region->name, sizeof(args.name));
	region->fd = zinc_ioctl(zinc_device_chosen(), ZINC_CREATE, &args);
	if (region->fd < 0) {
		if (region->data)
			release(region);
		return region->fd;
	}
	err = map(region);
	if (err)
		take_back(region);
	return err;
}

/* The kernel's word for how long the region is. */
static int place(struct zinc_region *region, uint64_t capacity)
{
	if (!capacity || capacity > PTRDIFF_MAX)
		return -ENOMEM;
	region->capacity = (size_t)capacity;
	return map(region);
}

/* Make a handle of @region->fd. */
static int attach(struct zinc_region *region, uint64_t capacity)
{
	int err = place(region, capacity);

	if (err)
		close(region->fd);
	return err;
}

/* What a module has not heard of, it says so of. */
static int supported(int ret)
{
	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

static int kmod_import(struct zinc_region *region, int dmabuf_fd,
		       const struct zinc_options *options)
{
	struct zinc_import args = {
		.dmabuf_fd = dmabuf_fd,
		.flags = options->flags & ZINC_REPLACE,
		.lifetime = options->lifetime,
		.mode = options->mode,
	};
	int device = zinc_device();
	int err;

	if (device < 0)
		return device;
	memcpy(args.name, region->name, sizeof(args.name));
	region->fd = supported(zinc_ioctl(device, ZINC_IMPORT, &args));
	if (region->fd < 0)
		return region->fd;
	err = place(region, args.capacity);
	if (err)
		take_back(region);
	return err;
}

static int kmod_export(struct zinc_region *region, bool readonly)
{
	struct zinc_export args = {
		.flags = readonly ? ZINC_EXPORT_RDONLY : 0,
	};

	return supported(zinc_ioctl(region->fd, ZINC_REGION_EXPORT, &args));
}

static int kmod_notify_on_fence(struct zinc_region *region, int fence_fd)
{
	struct zinc_notify_fence args = { .fence_fd = fence_fd };

	return supported(zinc_ioctl(region->fd, ZINC_REGION_NOTIFY_FENCE,
				    &args));
}

static int kmod_features(uint64_t *features)
{
	struct zinc_query query = {};
	int device = zinc_device();
	int err;

	if (device < 0)
		return device;
	err = zinc_ioctl(device, ZINC_QUERY, &query);
	if (!err)
		*features = query.features & SAME_FEATURES;
	return err;
}

static int kmod_open(struct zinc_region *region)
{
	struct zinc_open args = {
		.flags = region->readonly ? ZINC_OPEN_RDONLY : 0,
	};

	memcpy(args.name, region->name, sizeof(args.name));
	region->fd = zinc_ioctl(zinc_device_chosen(), ZINC_OPEN, &args);
	if (region->fd < 0)
		return region->fd;
	return attach(region, args.capacity);
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
		.flags = region->readonly ? ZINC_OPEN_RDONLY : 0,
	};

	region->fd = zinc_ioctl(fd, ZINC_REGION_REOPEN, &args);
	if (region->fd == -EACCES && !region->readonly) {
		region->readonly = true;
		args.flags = ZINC_OPEN_RDONLY;
		region->fd = zinc_ioctl(fd, ZINC_REGION_REOPEN, &args);
	}
	if (region->fd == -ENOTTY && is_posix_object(fd))
		return -EOPNOTSUPP;
	if (region->fd < 0)
		return region->fd;
	return attach(region, args.capacity);
}

static void kmod_close(struct zinc_region *region, bool keep_data)
{
	size_t page = page_size();

	munmap(region->data - page,
	       keep_data ? page : page + region->capacity);
	close(region->fd);
}

static int kmod_unlink(const char *name)
{
	struct zinc_unlink args = {};
	int device = zinc_device();

	if (device < 0)
		return device;
	memcpy(args.name, name, strlen(name));
	return zinc_ioctl(device, ZINC_UNLINK, &args);
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
	err = zinc_ioctl(region->fd, ZINC_REGION_SET_CURSOR, &args);
	if (err)
		return err;
	__atomic_store_n(&region->pollable, true, __ATOMIC_RELEASE);
	return region->fd;
}

static int kmod_wake(struct zinc_region *region)
{
	struct zinc_notify args = { .flags = ZINC_NOTIFY_WAKE };

	return zinc_ioctl(region->fd, ZINC_REGION_NOTIFY, &args);
}

static int kmod_wait(struct zinc_region *region, uint32_t *cursor,
		     uint64_t deadline, struct zinc_region *wake)
{
	bool pollable = __atomic_load_n(&region->pollable, __ATOMIC_ACQUIRE);
	struct zinc_wait args = {
		.flags = (pollable ? 0 : ZINC_WAIT_CURSOR) |
			 (wake ? ZINC_WAIT_WAKE : 0),
		.cursor = *cursor,
		.deadline = deadline,
		.notify_fd = wake ? wake->fd : 0,
	};
	int err;

	for (;;) {
		err = zinc_ioctl(region->fd, ZINC_REGION_WAIT, &args);
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

static int kmod_wait_any(struct zinc_region *const *regions, uint32_t *cursors,
			 size_t count, uint64_t deadline, size_t *index)
{
	struct zinc_wait_item items[ZINC_WAIT_ANY_MAX];
	struct zinc_wait_any args = {
		.items = (uintptr_t)items,
		.count = (uint32_t)count,
		.deadline = deadline,
	};
	int device = zinc_device();
	size_t i;
	int err;

	if (device < 0)
		return device;
	for (i = 0; i < count; i++) {
		items[i].fd = regions[i]->fd;
		items[i].cursor = cursors[i];
	}
	do {
		err = zinc_ioctl(device, ZINC_WAIT_ANY, &args);
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
	info->flags = from->flags & SAME_FLAGS;
	if (from->flags & ZINC_INFO_IMPORTED)
		info->flags |= ZINC_IS_IMPORTED;
	if (from->flags & ZINC_INFO_DATA_RDONLY)
		info->flags |= ZINC_IS_DATA_READONLY;
	info->lifetime = from->lifetime;
	info->uid = from->uid;
	info->gid = from->gid;
	info->mode = from->mode;
	info->owner_pid = from->owner_pid;
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

	err = zinc_ioctl(region->fd, ZINC_REGION_INFO, &from);
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
static int for_each(int (*visit)(void *context, const struct zinc_info *info),
		    void *context)
{
	struct zinc_info *batch = calloc(LIST_BATCH, sizeof(*batch));
	struct zinc_list args = {
		.entries = (uintptr_t)batch,
		.entry_size = sizeof(*batch),
	};
	int ret = zinc_device();
	int device = ret;
	uint32_t i;

	if (!batch)
		return -ENOMEM;
	if (ret > 0)
		ret = 0;
	while (!ret) {
		args.count = LIST_BATCH;
		ret = zinc_ioctl(device, ZINC_LIST, &args);
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

static int kmod_list(struct zinc_infos *infos)
{
	return for_each(visit_all, infos);
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
static int may_open(const char *name)
{
	struct zinc_open args = { .flags = ZINC_OPEN_RDONLY };
	int device = zinc_device();
	int fd;

	if (device < 0)
		return device;
	memcpy(args.name, name, strlen(name));
	fd = zinc_ioctl(device, ZINC_OPEN, &args);
	if (fd < 0)
		return fd;
	close(fd);
	return -ENOENT;		/* it came after the list was read */
}

static int kmod_stat(const char *name, struct zinc_region_info *info)
{
	int ret;

	memset(info->name, 0, sizeof(info->name));
	memcpy(info->name, name, strlen(name));
	ret = for_each(visit_named, info);
	if (ret)
		return ret < 0 ? ret : 0;
	return may_open(name);
}

const struct zinc_backend_ops zinc_kmod_ops = {
	.kind = ZINC_BACKEND_KMOD,
	.flags_waiters = true,
	.create = kmod_create,
	.open = kmod_open,
	.close = kmod_close,
	.unlink = kmod_unlink,
	.wake = kmod_wake,
	.wait = kmod_wait,
	.wait_any = kmod_wait_any,
	.describe = kmod_describe,
	.stat = kmod_stat,
	.list = kmod_list,
	.features = kmod_features,
	.import = kmod_import,
	.export = kmod_export,
	.notify_on_fence = kmod_notify_on_fence,
};
