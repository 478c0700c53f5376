/* SPDX-License-Identifier: MIT */
/*
 * What the files of the library know of each other.
 *
 * region.c, wait.c and list.c have the public functions. What they do not do
 * themselves they ask of a backend, by a table. Every function here returns 0
 * or a negative errno unless it says otherwise.
 */
#ifndef ZINC_BACKEND_H
#define ZINC_BACKEND_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/zinc.h>

#include "zinc.h"

/* What the public structs were in their first version; they only grow. */
#define ZINC_OPTIONS_SIZE_V1	24
#define ZINC_REGION_INFO_SIZE_V1 336
/* No caller's struct is longer than this, whatever its version. */
#define ZINC_STRUCT_SIZE_MAX	4096

#define ZINC_DEVICE_PATH	"/dev/zinc"

/**
 * zinc_is_shortage() - does an error say nothing of what was looked at?
 * @err: negative errno
 *
 * Return: whether the process or the machine has run out of something.
 */
static inline bool zinc_is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

struct zinc_backend_ops;

/**
 * struct zinc_region - a handle
 * @ops: its backend
 * @header: the 64 bytes before the data, mapped
 * @data: the data, mapped
 * @capacity: bytes of data; ours, not the header's
 * @fd: the region's (kernel module) or the object's (shm) descriptor
 * @cursor: the last sequence seen; atomic
 * @spins: how many looks a spin took of late that succeeded; atomic, a guess
 * @spins_missed: how many waits have not been satisfied by one since; likewise
 * @pollable: @fd has been handed out: the kernel's cursor decides; atomic
 * @dmabuf: its dma-buf, exported when first needed, -1 until then; atomic
 * @readonly: mapped for reading
 * @no_data: the caller does not want @data, or they can not be mapped
 * @creator: the handle that the region was created with
 * @lifetime: enum zinc_lifetime_kind; known to the shm backend only
 * @pid: who made the handle; its forks do not count themselves (shm)
 * @name: empty for none
 */
struct zinc_region {
	const struct zinc_backend_ops *ops;
	struct zinc_header *header;
	uint8_t *data;
	size_t capacity;
	int fd;
	uint32_t cursor;
	uint32_t spins;
	uint32_t spins_missed;
	bool pollable;
	int dmabuf;
	bool readonly;
	bool no_data;
	bool creator;
	uint32_t lifetime;
	pid_t pid;
	char name[ZINC_NAME_SIZE];
};

/**
 * struct zinc_infos - regions found so far
 * @entry: array
 * @count: entries in it
 * @room: entries that it has memory for
 */
struct zinc_infos {
	struct zinc_region_info *entry;
	size_t count;
	size_t room;
};

/**
 * struct zinc_backend_ops - what a backend does
 * @kind: enum zinc_backend_kind
 * @flags_waiters: who sleeps has said so in the header; else a notify has to
 *	take it that somebody does
 * @create: make the region of @region->name and @region->capacity and fill in
 *	the rest; after a failure nothing is left of it
 * @open: find the region of @region->name, as @region->readonly says
 * @close: give up the handle, but not its memory; with @keep_data the data
 *	stay mapped
 * @unlink: take a name away
 * @wake: wake those who wait
 * @wait: sleep until the sequence is not *@cursor, and put it there. @wake,
 *	if not NULL, is a region of the same backend to be woken before.
 * @wait_any: sleep until one of the sequences is not as in @cursors; put its
 *	index into *@index, and itself into @cursors
 * @describe: fill in all of @info but size and backend
 * @stat: likewise, by name, without opening it
 * @list: append what there is
 * @features: put ZINC_CAN_* there
 * @import: make the region of @region->name of a dma-buf and fill in the rest;
 *	after a failure nothing is left of it
 * @export: a new dma-buf descriptor
 * @notify_on_fence: notify when a sync_file signals
 *
 * The last four are NULL where there are no devices.
 */
struct zinc_backend_ops {
	uint32_t kind;
	bool flags_waiters;
	int (*create)(struct zinc_region *region,
		      const struct zinc_options *options);
	int (*open)(struct zinc_region *region);
	void (*close)(struct zinc_region *region, bool keep_data);
	int (*unlink)(const char *name);
	int (*wake)(struct zinc_region *region);
	int (*wait)(struct zinc_region *region, uint32_t *cursor,
		    uint64_t deadline, struct zinc_region *wake);
	int (*wait_any)(struct zinc_region *const *regions, uint32_t *cursors,
			size_t count, uint64_t deadline, size_t *index);
	int (*describe)(struct zinc_region *region,
			struct zinc_region_info *info);
	int (*stat)(const char *name, struct zinc_region_info *info);
	int (*list)(struct zinc_infos *infos);
	int (*features)(uint64_t *features);
	int (*import)(struct zinc_region *region, int dmabuf_fd,
		      const struct zinc_options *options);
	int (*export)(struct zinc_region *region, bool readonly);
	int (*notify_on_fence)(struct zinc_region *region, int fence_fd);
};

extern const struct zinc_backend_ops zinc_kmod_ops;
extern const struct zinc_backend_ops zinc_shm_ops;

/* backend_kmod.c */
int zinc_kmod_adopt(struct zinc_region *region, int fd);
int zinc_kmod_fd(struct zinc_region *region);

/* choose.c */
int zinc_choose(uint32_t wanted, const struct zinc_backend_ops **ops);
int zinc_choose_all(const struct zinc_backend_ops *ops[2]);

/* deadline.c */
uint64_t zinc_now(void);
uint64_t zinc_deadline(uint32_t timeout_ms);

/* dmabuf.c */
void zinc_dmabuf_close(struct zinc_region *region);

/* device.c */
int zinc_device(void);
int zinc_device_chosen(void);
int zinc_ioctl(int fd, unsigned long command, void *argument);

/* list.c */
int zinc_infos_add(struct zinc_infos *infos,
		   const struct zinc_region_info *info);

/* name.c */
bool zinc_name_is_valid(const char *name);
uint64_t zinc_name_hash(const char *name);

/* options.c */
int zinc_options_for_create(struct zinc_options *known,
			    const struct zinc_options *options);
int zinc_options_for_import(struct zinc_options *known,
			    const struct zinc_options *options);
int zinc_options_for_open(struct zinc_options *known,
			  const struct zinc_options *options);

/* region.c */
struct zinc_region *zinc_region_alloc(const char *name);

#endif /* ZINC_BACKEND_H */
