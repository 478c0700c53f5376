// SPDX-License-Identifier: MIT
/*
 * Descriptions of regions on POSIX shared memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/shm.h"

#define BLOCK_SIZE	512	/* of st_blocks, on every file system */

/* By the locks. The kernel does not report the lock of @handle itself. */
static void describe_locked(struct zinc_region_info *info, int fd,
			    const struct zinc_header *header,
			    const struct zinc_region *handle)
{
	bool creator = (handle && handle->creator) || zinc_alive_creator(fd);

	info->handles = zinc_alive_count(fd) + (handle ? 1 : 0);
	if (!creator)
		info->flags |= ZINC_INFO_CREATOR_GONE;
	if (info->lifetime == ZINC_LIFETIME_PERSIST)
		return;
	if (!info->handles ||
	    (info->lifetime == ZINC_LIFETIME_CREATOR &&
	     (!creator || header->flags & ZINC_HDR_CREATOR_GONE)))
		info->flags |= ZINC_INFO_STALE;
}

/* A region without locks: by its count and the creator's pid */
static void describe_counted(struct zinc_region_info *info, int fd,
			     const struct zinc_header *header)
{
	info->handles = header->ref_count;
	if (info->lifetime == ZINC_LIFETIME_PERSIST)
		return;
	if (zinc_object_is_stale(fd, header))
		info->flags |= ZINC_INFO_STALE;
	else if (!(header->flags & ZINC_HDR_CREATOR_GONE) &&
		 zinc_creator_fate(header->owner_pid) == ZINC_CREATOR_UNKNOWN)
		info->flags |= ZINC_INFO_UNKNOWN;
}

/**
 * zinc_shm_describe() - describe a region by its header and stat()
 * @info: gets all except size, backend, name, cursor and the handle's flags
 * @fd: of the object; -1 if it cannot be opened
 * @header: the header; NULL if it is invalid
 * @st: of the object
 * @handle: the handle of @fd; NULL if @fd is not a handle's
 */
void zinc_shm_describe(struct zinc_region_info *info, int fd,
		       const struct zinc_header *header, const struct stat *st,
		       const struct zinc_region *handle)
{
	uint64_t resident = (uint64_t)st->st_blocks * BLOCK_SIZE;

	info->id = st->st_ino;
	info->uid = st->st_uid;
	info->gid = st->st_gid;
	info->mode = st->st_mode & 0777;
	info->resident = resident;
	if (!st->st_nlink)
		info->flags |= ZINC_INFO_UNLINKED;
	if (!header) {
		info->flags |= ZINC_INFO_INVALID;
		return;
	}
	info->capacity = header->capacity;
	/* the header's page and the last page are not all data */
	if (resident > header->capacity)
		info->resident = header->capacity;
	info->created_at = header->created_at;
	info->lifetime = zinc_object_lifetime(header);
	info->creator_pid = header->owner_pid;
	info->sequence = header->notify_seq;
	if (header->flags & ZINC_HDR_CREATOR_GONE)
		info->flags |= ZINC_INFO_CREATOR_GONE;
	if (header->flags & ZINC_SHM_LAZY)
		info->flags |= ZINC_INFO_LAZY;
	if (zinc_object_head(header, (uint64_t)st->st_size) != ZINC_HEADER_SIZE)
		info->flags |= ZINC_INFO_PAGE_LAYOUT;
	if (header->flags & ZINC_SHM_LOCKED)
		describe_locked(info, fd, header, handle);
	else
		describe_counted(info, fd, header);
	/* these describe a region that still has its name */
	if (!st->st_nlink)
		info->flags &= ~(ZINC_INFO_STALE | ZINC_INFO_UNKNOWN);
}

static int look_inside(int fd, struct zinc_region_info *info)
{
	struct zinc_header header;
	struct stat st = {};
	int err = zinc_object_read(fd, &header, &st);

	if (err == -ENOENT || zinc_is_shortage(err))
		return err;
	zinc_shm_describe(info, fd, err ? NULL : &header, &st, NULL);
	return 0;
}

/* The owner sees the region, even if its mode denies access. */
static int look_at(const char *path, struct zinc_region_info *info)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	if (st.st_uid != geteuid())
		return -EACCES;
	zinc_shm_describe(info, -1, NULL, &st, NULL);
	return 0;
}

/**
 * zinc_shm_stat() - describe a region without opening it
 * @dev_fd: unused
 * @name: valid
 * @info: gets all except size and backend
 *
 * Return: 0, also for an object that is not a region, with ZINC_INFO_INVALID;
 * -ENOENT; -EACCES; -EMFILE, -ENFILE, -ENOMEM.
 */
int zinc_shm_stat(int dev_fd, const char *name, struct zinc_region_info *info)
{
	char path[ZINC_SHM_PATH_SIZE];
	int fd, err;

	(void)dev_fd;
	zinc_object_path(path, name);
	fd = zinc_object_open(path, true);
	if (fd == -ENOENT || zinc_is_shortage(fd))
		return fd;
	if (fd < 0) {
		err = look_at(path, info);
	} else {
		err = look_inside(fd, info);
		close(fd);
	}
	if (err)
		return err;
	memset(info->name, 0, sizeof(info->name));
	memcpy(info->name, name, strlen(name));
	return 0;
}

static int add(struct zinc_infos *infos, const char *file)
{
	const char *name = file + strlen(ZINC_SHM_PREFIX);
	struct zinc_region_info info = { .backend = ZINC_BACKEND_SHM };
	int err;

	if (strncmp(file, ZINC_SHM_PREFIX, strlen(ZINC_SHM_PREFIX)) ||
	    !zinc_name_is_findable(name))
		return 0;
	err = zinc_shm_stat(-1, name, &info);
	if (!err)
		return zinc_infos_add(infos, &info);
	/* removed in the meantime, or not visible to the caller */
	return zinc_is_shortage(err) ? err : 0;
}

/**
 * zinc_shm_list() - append all regions that the caller may see
 * @dev_fd: unused
 * @infos: list
 *
 * Return: 0; -ENOMEM; -EMFILE, -ENFILE.
 */
int zinc_shm_list(int dev_fd, struct zinc_infos *infos)
{
	DIR *dir = opendir(ZINC_SHM_DIR);
	struct dirent *file;
	int err = 0;

	(void)dev_fd;
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err) {
		file = readdir(dir);
		if (!file)
			break;
		err = add(infos, file->d_name);
	}
	closedir(dir);
	return err;
}
