// SPDX-License-Identifier: MIT
/*
 * What POSIX shared memory tells of its regions.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm.h"

#define BLOCK_SIZE	512	/* of st_blocks, whatever the file system */

/* As far as can be seen from here: another pid namespace hides it. */
static bool is_process(int32_t pid)
{
	int saved = errno;
	bool dead = kill(pid, 0) && errno == ESRCH;

	errno = saved;
	return !dead;
}

/*
 * The region should be gone, but nobody is left to see to that. A creator that
 * has closed its handle left the region to those who have it still.
 */
static bool is_stale(const struct zinc_header *header)
{
	if (zinc_object_lifetime(header) == ZINC_LIVES_PERSIST)
		return false;
	if (!header->ref_count)
		return true;
	return !(header->flags & ZINC_HDR_CREATOR_GONE) &&
	       header->owner_pid > 0 && !is_process(header->owner_pid);
}

/**
 * zinc_shm_describe() - translate a header, and what stat() says
 * @info: gets all but size, backend, name, cursor and flags of the handle
 * @header: valid; NULL where it is not
 * @st: of the object
 */
void zinc_shm_describe(struct zinc_region_info *info,
		       const struct zinc_header *header, const struct stat *st)
{
	uint64_t resident = (uint64_t)st->st_blocks * BLOCK_SIZE;

	info->id = st->st_ino;
	info->uid = st->st_uid;
	info->gid = st->st_gid;
	info->mode = st->st_mode & 0777;
	info->resident = resident;
	if (!st->st_nlink)
		info->flags |= ZINC_IS_UNLINKED;
	if (!header) {
		info->flags |= ZINC_IS_INVALID;
		return;
	}
	info->capacity = header->capacity;
	/* the last page has a few bytes that are nobody's */
	if (resident > header->capacity)
		info->resident = header->capacity;
	info->created_at = header->created_at;
	info->lifetime = zinc_object_lifetime(header);
	info->owner_pid = header->owner_pid;
	info->handles = header->ref_count;
	info->sequence = header->notify_seq;
	if (header->flags & ZINC_HDR_CREATOR_GONE)
		info->flags |= ZINC_IS_CREATOR_GONE;
	if (header->flags & ZINC_SHM_LAZY)
		info->flags |= ZINC_IS_LAZY;
	if (is_stale(header))
		info->flags |= ZINC_IS_STALE;
}

static int look_inside(int fd, struct zinc_region_info *info)
{
	struct zinc_header header;
	struct stat st = {};
	int err = zinc_object_read(fd, &header, &st);

	if (err == -ENOENT || zinc_is_shortage(err))
		return err;
	zinc_shm_describe(info, err ? NULL : &header, &st);
	return 0;
}

/* Its owner sees that it is there, even if he has locked himself out. */
static int look_at(const char *path, struct zinc_region_info *info)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	if (st.st_uid != geteuid())
		return -EACCES;
	zinc_shm_describe(info, NULL, &st);
	return 0;
}

/**
 * zinc_shm_stat() - a region, without opening it
 * @name: valid
 * @info: gets all but size and backend
 *
 * Return: 0, also for what is no region: ZINC_IS_INVALID; -ENOENT; -EACCES;
 * -EMFILE, -ENFILE, -ENOMEM.
 */
int zinc_shm_stat(const char *name, struct zinc_region_info *info)
{
	char path[ZINC_SHM_PATH_SIZE];
	int fd, err;

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
	    !zinc_name_is_valid(name))
		return 0;
	err = zinc_shm_stat(name, &info);
	if (!err)
		return zinc_infos_add(infos, &info);
	/* gone meanwhile, or not for us to see */
	return zinc_is_shortage(err) ? err : 0;
}

/**
 * zinc_shm_list() - append all regions that the caller may see
 * @infos: list
 *
 * Return: 0; -ENOMEM; -EMFILE, -ENFILE.
 */
int zinc_shm_list(struct zinc_infos *infos)
{
	DIR *dir = opendir(ZINC_SHM_DIR);
	struct dirent *file;
	int err = 0;

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
