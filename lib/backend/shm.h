/* SPDX-License-Identifier: MIT */
/*
 * Internal declarations of the backend for POSIX shared memory.
 *
 * The region NAME is the object /zinc_NAME, which consists of header and data.
 * There are two layouts, which the size of the object distinguishes:
 *
 *	| header, 64 bytes | data, capacity bytes |
 *	| header, 64 bytes | zeros up to a page | data, capacity bytes |
 *
 * The flags below, in the header, state how the region was created. Libraries that
 * do not know them ignore them, and create regions without them.
 */
#ifndef ZINC_SHM_H
#define ZINC_SHM_H

#include <sys/stat.h>

#include "backend/backend.h"

#define ZINC_SHM_LIFETIME_SHIFT	8
#define ZINC_SHM_LIFETIME_MASK	(3U << ZINC_SHM_LIFETIME_SHIFT)
#define ZINC_SHM_LAZY		(1U << 10)
#define ZINC_SHM_COUNTED	(1U << 11)	/* see shm_waiters.c */
#define ZINC_SHM_LOCKED		(1U << 12)	/* see shm_alive.c */

#define ZINC_SHM_DIR		"/dev/shm"
#define ZINC_SHM_PREFIX		"zinc_"
#define ZINC_SHM_PATH_SIZE	(sizeof(ZINC_SHM_DIR "/" ZINC_SHM_PREFIX) + \
				 ZINC_FINDABLE_MAX)

/**
 * struct zinc_object - an object during its creation
 * @fd: descriptor
 * @path: temporary name; empty without one
 */
struct zinc_object {
	int fd;
	char path[ZINC_SHM_PATH_SIZE];
};

#define ZINC_OBJECT_LAZY	(1U << 0)	/* allocate no memory */
#define ZINC_OBJECT_NAMED	(1U << 1)	/* under a temporary name */

/* enum zinc_creator_fate - the state of a creator, by its pid */
enum zinc_creator_fate {
	ZINC_CREATOR_UNKNOWN,
	ZINC_CREATOR_LIVES,
	ZINC_CREATOR_DIED,
};

/* shm_wait.c */
int zinc_shm_open_wait(struct zinc_region *region, int dev_fd, uint64_t deadline,
		       int (*open)(struct zinc_region *region, int dev_fd));

/* shm_alive.c */
int zinc_alive_lock(int fd, bool creator);
void zinc_alive_unlock(int fd);
int zinc_alive_claim(int fd);
bool zinc_alive_creator(int fd);
bool zinc_alive_any(int fd);
uint32_t zinc_alive_count(int fd);

/* shm_waiters.c */
bool zinc_waiters_fit(mode_t mode);
void zinc_waiters_register(struct zinc_region *region);
void zinc_waiters_unregister(struct zinc_region *region);
bool zinc_waiters_enter(struct zinc_region *region);
void zinc_waiters_leave(struct zinc_region *region);
void zinc_waiters_forget(struct zinc_region *region);

/* shm_creator.c */
enum zinc_creator_fate zinc_creator_fate(int32_t pid);

/* shm_memory.c */
uint64_t zinc_memory_left(const char *prefix);
bool zinc_memory_allows(uint64_t size);

/* shm_object.c */
void zinc_object_path(char path[ZINC_SHM_PATH_SIZE], const char *name);
int zinc_object_make(struct zinc_object *object, mode_t mode, off_t size,
		     unsigned int flags);
int zinc_object_bury(const char *path, const struct stat *only);
bool zinc_object_exists(const char *path);
int zinc_object_publish(struct zinc_object *object, const char *path,
			bool replace);
void zinc_object_discard(struct zinc_object *object);
int zinc_object_open(const char *path, bool readonly);
size_t zinc_object_head(const struct zinc_header *header, uint64_t size);
int zinc_object_header(int fd, struct zinc_header *header,
		       const struct stat *st);
int zinc_object_read(int fd, struct zinc_header *header, struct stat *st);
bool zinc_object_is_named(const char *path, int fd);
int zinc_object_remove(const char *path, int fd);
int zinc_object_unlink(const char *path);
uint32_t zinc_object_lifetime(const struct zinc_header *header);
bool zinc_object_is_stale(int fd, const struct zinc_header *header);

/* shm_info.c */
void zinc_shm_describe(struct zinc_region_info *info, int fd,
		       const struct zinc_header *header, const struct stat *st,
		       const struct zinc_region *handle);
int zinc_shm_stat(int dev_fd, const char *name, struct zinc_region_info *info);
int zinc_shm_list(int dev_fd, struct zinc_infos *infos);

#endif /* ZINC_SHM_H */
