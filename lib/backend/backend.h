/* SPDX-License-Identifier: MIT */
/*
 * The two backends: what each does for core/, and how one is chosen.
 */
#ifndef ZINC_BACKEND_H
#define ZINC_BACKEND_H

#include "core/internal.h"

#define ZINC_DEVICE_PATH	"/dev/zinc"

/**
 * struct zinc_backend_ops - what a backend does
 * @kind: enum zinc_backend_kind
 * @wakes: when a notify calls @wake, unless a region differs
 * @create: make the region of @region->name and @region->capacity and fill in
 *	the rest; after a failure nothing is left of it
 * @open: find the region of @region->name, as @region->readonly says
 * @open_wait: the same, and wait for the name until a deadline
 * @close: give up the handle, but not its memory; with @keep_data the data
 *	stay mapped
 * @unlink: take a name away
 * @unlink_stale: likewise, where nobody has the region; NULL where such names
 *	cannot be
 * @wake: wake those who wait
 * @wait: sleep until the sequence is not *@cursor, and put it there. @wake,
 *	if not NULL, is a region of the same backend to be woken before.
 * @wait_gone: likewise, without @wake; -EPIPE once the creator's handle is gone,
 *	or the name no longer means this region; NULL where that cannot be told
 * @wait_any: sleep until one of the sequences is not as in @cursors; put its
 *	index into *@index, and itself into @cursors
 * @describe: fill in all of @info but size and backend
 * @stat: likewise, by name, without opening it
 * @list: append what there is
 * @features: put ZINC_FEATURE_* there
 * @import: make the region of @region->name of a dma-buf and fill in the rest;
 *	after a failure nothing is left of it
 * @export: a new dma-buf descriptor
 * @notify_on_fence: notify when a sync_file signals
 *
 * The last four are NULL where there are no devices. @dev_fd is that of the
 * choice that led to the call.
 */
struct zinc_backend_ops {
	uint32_t kind;
	enum zinc_wakes wakes;
	int (*create)(struct zinc_region *region, int dev_fd,
		      const struct zinc_options *options);
	int (*open)(struct zinc_region *region, int dev_fd);
	int (*open_wait)(struct zinc_region *region, int dev_fd,
			 uint64_t deadline);
	void (*close)(struct zinc_region *region, bool keep_data);
	int (*unlink)(int dev_fd, const char *name);
	int (*unlink_stale)(const char *name);
	int (*wake)(struct zinc_region *region);
	int (*wait)(struct zinc_region *region, uint32_t *cursor,
		    uint64_t deadline, struct zinc_region *wake);
	int (*wait_gone)(struct zinc_region *region, uint32_t *cursor,
			 uint64_t deadline);
	int (*wait_any)(struct zinc_region *const *regions, uint32_t *cursors,
			size_t count, uint64_t deadline, size_t *index);
	int (*describe)(struct zinc_region *region,
			struct zinc_region_info *info);
	int (*stat)(int dev_fd, const char *name,
		    struct zinc_region_info *info);
	int (*list)(int dev_fd, struct zinc_infos *infos);
	int (*features)(int dev_fd, uint64_t *features);
	int (*import)(struct zinc_region *region, int dev_fd, int dmabuf_fd,
		      const struct zinc_options *options);
	/* of all data without a length */
	int (*export)(struct zinc_region *region, bool readonly, uint64_t offset,
		      uint64_t length);
	int (*notify_on_fence)(struct zinc_region *region, int fence_fd);
};

/**
 * struct zinc_choice - a backend, chosen for one call
 * @ops: its functions; NULL for none
 * @dev_fd: a descriptor of /dev/zinc (kernel module), else -1
 */
struct zinc_choice {
	const struct zinc_backend_ops *ops;
	int dev_fd;
};

extern const struct zinc_backend_ops zinc_kmod_ops;
extern const struct zinc_backend_ops zinc_shm_ops;

/**
 * zinc_is_absent() - check for an error that means "no module"
 * @err: of zinc_dev_fd()
 *
 * Return: whether there is no device, rather than one that cannot be used.
 */
static inline bool zinc_is_absent(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

/* dev_fd.c */
int zinc_dev_fd(void);
bool zinc_dev_opens(void);
size_t zinc_dev_huge_size(void);
int zinc_ioctl(int fd, unsigned long command, void *argument);

/* kmod.c */
int zinc_kmod_adopt(struct zinc_region *region, int fd);
int zinc_kmod_fd(struct zinc_region *region);

/* kmod_map.c */
bool zinc_kmod_is_large(const struct zinc_region *region);
int zinc_kmod_reserve(struct zinc_region *region);
int zinc_kmod_map(struct zinc_region *region);
void zinc_kmod_unmap(struct zinc_region *region, bool keep_data);

/* select.c */
int zinc_environment_backend(uint32_t *wanted, const char **text);
int zinc_choose(uint32_t wanted, struct zinc_choice *choice);
int zinc_choose_all(struct zinc_choice choices[2]);

#endif /* ZINC_BACKEND_H */
