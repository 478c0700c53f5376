/* SPDX-License-Identifier: MIT */
/*
 * What all files of the library share: the handle, names, options, deadlines.
 *
 * The public functions are in core/ and lock/. A function returns 0 or a
 * negative errno unless its comment says otherwise.
 */
#ifndef ZINC_CORE_INTERNAL_H
#define ZINC_CORE_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/zinc.h>

#include "zinc.h"

/* What the public structs were in their first version; they only grow. */
#define ZINC_OPTIONS_SIZE_V1	24
#define ZINC_REGION_INFO_SIZE_V1 336
/* No caller's struct is longer than this, whatever its version. */
#define ZINC_STRUCT_SIZE_MAX	4096

/* The longest name of a region that another library has made */
#define ZINC_FINDABLE_MAX	(ZINC_NAME_MAX + 1)

#define NS_PER_S	1000000000ULL
#define NS_PER_MS	1000000ULL

static inline size_t zinc_page_size(void)
{
	return (size_t)getpagesize();
}

/**
 * zinc_is_shortage() - check for an error that means a shortage of resources
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
 * enum zinc_wakes - when a notify has to wake
 * @ZINC_WAKES_ALWAYS: nothing shows whether a process waits
 * @ZINC_WAKES_FLAGGED: if the header's waiters flag is set
 * @ZINC_WAKES_COUNTED: if the header counts waiters, or a handle that does not
 *	count itself (shm_waiters.c)
 */
enum zinc_wakes {
	ZINC_WAKES_ALWAYS,
	ZINC_WAKES_FLAGGED,
	ZINC_WAKES_COUNTED,
};

/**
 * struct zinc_region - a handle
 * @ops: its backend
 * @header: the 64 bytes before the data, mapped
 * @data: the data, mapped
 * @capacity: bytes of data; ours, not the header's
 * @head: bytes from @header to @data (shm)
 * @fd: the region's (kernel module) or the object's (shm) descriptor
 * @wakes: when a notify has to wake; settled before the handle is in use
 * @cursor: the last sequence seen; atomic
 * @spin_ns: how long a spin took of late that succeeded; atomic, a guess
 * @spins_missed: how many waits have not been satisfied by one since; likewise
 * @pollable: @fd has been handed out: the kernel's cursor decides; atomic
 * @dmabuf: its dma-buf, exported when first needed, -1 until then; atomic
 * @readonly: mapped for reading
 * @no_data: the caller does not want @data, or they cannot be mapped
 * @creator: the handle that the region was created with
 * @locked: the region's creator holds a lock for its handle, and so do we (shm)
 * @registered: counted as one that maintains the count of waiters (shm)
 * @announced: the process that has counted a read-only handle as a waiter for
 *	good, 0 for none; atomic (shm)
 * @lifetime: ZINC_LIFETIME_*; known to the shm backend only
 * @pid: who made the handle; its forks do not count themselves (shm)
 * @name: empty for none
 */
struct zinc_region {
	const struct zinc_backend_ops *ops;
	struct zinc_header *header;
	uint8_t *data;
	size_t capacity;
	size_t head;
	int fd;
	enum zinc_wakes wakes;
	uint32_t cursor;
	uint32_t spin_ns;
	uint32_t spins_missed;
	bool pollable;
	int dmabuf;
	bool readonly;
	bool no_data;
	bool creator;
	bool locked;
	bool registered;
	pid_t announced;
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

/* deadline.c */
uint64_t zinc_now(void);
uint64_t zinc_deadline(uint32_t timeout_ms);

/* dmabuf.c */
void zinc_dmabuf_close(struct zinc_region *region);

/* handle.c */
struct zinc_region *zinc_region_new(const struct zinc_backend_ops *ops,
				    const char *name,
				    const struct zinc_options *options);
int zinc_region_done(struct zinc_region *region, int err, zinc_handle *out);

/* infos.c */
int zinc_infos_add(struct zinc_infos *infos,
		   const struct zinc_region_info *info);

/* name.c */
bool zinc_name_is_valid(const char *name);
bool zinc_name_is_findable(const char *name);
uint64_t zinc_name_hash(const char *name);

/* options.c */
int zinc_lifetime_by_environment(uint32_t *lifetime);
int zinc_options_for_create(struct zinc_options *known,
			    const struct zinc_options *options);
int zinc_options_for_import(struct zinc_options *known,
			    const struct zinc_options *options);
int zinc_options_for_open(struct zinc_options *known,
			  const struct zinc_options *options);

/* struct.c */
bool zinc_size_is_valid(size_t size, size_t size_v1);
bool zinc_stride_is_valid(size_t stride, size_t size_v1);
int zinc_struct_in(void *known, size_t known_size, const void *from,
		   size_t size);
void zinc_struct_out(void *to, size_t size, const void *known,
		     size_t known_size);
void *zinc_array_out(void *array, size_t count, size_t known_size,
		     size_t stride);

#endif /* ZINC_CORE_INTERNAL_H */
