/* SPDX-License-Identifier: MIT */
/*
 * POSIX shared memory objects that are regions: what the files of the shm
 * backend know of each other.
 *
 * The region NAME is the object /zinc_NAME, which is header and data:
 *
 *	| header, 64 bytes | data, capacity bytes |
 *
 * Of the header's flags, those below say how the region was created. Programs
 * that do not know them leave them alone, and make regions without them.
 */
#ifndef ZINC_SHM_H
#define ZINC_SHM_H

#include <sys/stat.h>

#include "backend.h"

#define ZINC_SHM_LIFETIME_SHIFT	8
#define ZINC_SHM_LIFETIME_MASK	(3U << ZINC_SHM_LIFETIME_SHIFT)
#define ZINC_SHM_LAZY		(1U << 10)

#define ZINC_SHM_DIR		"/dev/shm"
#define ZINC_SHM_PREFIX		"zinc_"
#define ZINC_SHM_PATH_SIZE	(sizeof(ZINC_SHM_DIR "/" ZINC_SHM_PREFIX) + \
				 ZINC_NAME_MAX)

/**
 * struct zinc_object - an object that is being made
 * @fd: descriptor
 * @path: while it is not published, empty if it has no name at all
 */
struct zinc_object {
	int fd;
	char path[ZINC_SHM_PATH_SIZE];
};

/* shm_object.c */
void zinc_object_path(char path[ZINC_SHM_PATH_SIZE], const char *name);
int zinc_object_make(struct zinc_object *object, mode_t mode, off_t size,
		     bool lazy);
bool zinc_object_exists(const char *path);
int zinc_object_publish(struct zinc_object *object, const char *path,
			bool replace);
void zinc_object_discard(struct zinc_object *object);
int zinc_object_open(const char *path, bool readonly);
int zinc_object_header(int fd, struct zinc_header *header,
		       const struct stat *st);
int zinc_object_read(int fd, struct zinc_header *header, struct stat *st);
int zinc_object_remove(const char *path, int fd);
int zinc_object_unlink(const char *path);
uint32_t zinc_object_lifetime(const struct zinc_header *header);
bool zinc_object_is_dead(const struct zinc_header *header);

/* shm_info.c */
void zinc_shm_describe(struct zinc_region_info *info,
		       const struct zinc_header *header, const struct stat *st);
int zinc_shm_stat(const char *name, struct zinc_region_info *info);
int zinc_shm_list(struct zinc_infos *infos);

#endif /* ZINC_SHM_H */
