/* SPDX-License-Identifier: MIT */
/*
 * What the files of locks know of each other. Each function returns 0 or a
 * negative errno unless it says otherwise.
 */
#ifndef ZINC_LOCK_INTERNAL_H
#define ZINC_LOCK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "zinc-lock.h"

/* What the public structs were in their first version; they only grow. */
#define ZINC_LOCK_HOLDER_SIZE_V1	424
#define ZINC_RESERVATION_SIZE_V1	112
#define ZINC_GPU_SIZE_V1		64
#define ZINC_CPU_PLACE_SIZE_V1		16
#define ZINC_GPU_LOCK_SIZE_V1		32
#define ZINC_IDENTITY_SIZE_V1		392
#define ZINC_GPU_REQUEST_SIZE_V1	20
#define ZINC_FLOCK_REQUEST_SIZE_V1	(16 + 3 * sizeof(void *))
#define ZINC_CPU_REQUEST_SIZE_V1	(24 + sizeof(void *))
#define ZINC_CPU_LOCKS_SIZE_V1		(8 + 4 * sizeof(void *))
#define ZINC_CLAIM_SIZE_V1		(8 + sizeof(void *))

#define ZINC_SYSFS	"/sys"
#define ZINC_PROC	"/proc"
/* of a process's command line, before it is cut */
#define ZINC_CMDLINE_CHARACTERS	100

/**
 * struct zinc_needle - how /proc/locks names a file
 * @text: major:minor:inode; empty: of no file
 * @posix: on 9p, where flock(2) is a POSIX lock to the kernel
 * @dev: device that stat(2) tells, which may be another one
 * @ino: inode
 */
struct zinc_needle {
	char text[64];
	bool posix;
	dev_t dev;
	ino_t ino;
};

/**
 * struct zinc_pid - a process that has a lock
 * @pid: process; 0: one that cannot be found
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @taken_by: process that took the lock, where that has it no more, else 0
 */
struct zinc_pid {
	int32_t pid;
	uint32_t mode;
	int32_t taken_by;
};

/**
 * struct zinc_pids - processes, each once, in order
 * @list: array
 * @count: entries in it
 * @room: entries that it has memory for
 */
struct zinc_pids {
	struct zinc_pid *list;
	size_t count;
	size_t room;
};

#define ZINC_FS_TYPE_SIZE	32

/**
 * struct zinc_mount - what a file is on
 * @major: device, as the kernel's locks have it
 * @minor: likewise
 * @type: of the file system, such as "ext4" or "fuse.sshfs"; empty: unknown
 */
struct zinc_mount {
	unsigned int major;
	unsigned int minor;
	char type[ZINC_FS_TYPE_SIZE];
};

/**
 * struct zinc_topology - the processors that are online
 * @places: array, by rising number
 * @count: its length
 * @llcs: how many last-level caches they have
 */
struct zinc_topology {
	struct zinc_cpu_place *places;
	size_t count;
	uint32_t llcs;
};

/**
 * struct zinc_machine - where processors are looked for
 * @sysfs: where it is mounted
 * @allowed: numbers of those that may be chosen; NULL: asks the kernel
 * @allowed_count: its length
 */
struct zinc_machine {
	const char *sysfs;
	const uint32_t *allowed;
	size_t allowed_count;
};

/**
 * struct zinc_llc_choice - a last-level cache, and what speaks for it
 * @llc: its number
 * @node: NUMA node, or -1
 * @distance: of its node from where one wants to be
 * @holders: processes that have its lock
 */
struct zinc_llc_choice {
	uint32_t llc;
	int32_t node;
	uint32_t distance;
	size_t holders;
};

/* message.c */
__attribute__((format(printf, 3, 4)))
int zinc_format(char *buf, size_t size, const char *format, ...);
__attribute__((format(printf, 3, 4)))
int zinc_why(char **why, int err, const char *format, ...);
int zinc_why_errno(char **why, int err, const char *path);
int zinc_why_sysfs(char **why, int err, const char *sysfs, const char *folder);

/* config.c */
#define ZINC_CONFIG		"/etc/zinc.conf"
#define ZINC_LOCK_DIR_SIZE	4096	/* of a path, with its NUL */
int zinc_config_parse(const char *text, size_t length, const char *name,
		      char dir[ZINC_LOCK_DIR_SIZE], char **why);
int zinc_lock_dir(char dir[ZINC_LOCK_DIR_SIZE], const char **from, char **why);
int zinc_lock_file(char *buf, size_t size, char **why, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* file.c */
int zinc_read_whole(const char *path, char **text, size_t *length);
int zinc_lock_open(const char *path, int flags, char **why);

/* fs_check.c */
const char *zinc_refused_filesystem(long magic, const char **reason);
const char *zinc_refused_type(const char *type, const char **reason);
int zinc_filter_filesystem(const char *path, char **why);

/* flock.c */
bool zinc_lock_mode_is_valid(uint32_t mode);
int zinc_lock_pause(uint64_t deadline);
int zinc_flock_own(const char *path, uint32_t mode, uint64_t deadline,
		   char **why);
void zinc_flock_close(int fd);
int zinc_flock_path(const char *path, int flags, uint32_t mode,
		    uint64_t deadline, char **why);

/* mountinfo.c */
int zinc_mountinfo_find(const char *text, size_t length, const char *path,
			long mount_id, struct zinc_mount *mount);
int zinc_filesystem_type(const char *path, char type[ZINC_FS_TYPE_SIZE]);
int zinc_needle_of(const char *path, const char *mountinfo, size_t length,
		   struct zinc_needle *needle);

/* proc_locks.c */
int zinc_locks_find(const char *text, size_t length,
		    const struct zinc_needle *needles, size_t n,
		    struct zinc_pids *pids);
int zinc_locks_line(const char *line, const char *end,
		    const struct zinc_needle *needles, size_t n, int32_t as,
		    struct zinc_pids *pids);
int zinc_pids_add(struct zinc_pids *pids, const struct zinc_pid *pid);
const struct zinc_pid *zinc_pids_find(const struct zinc_pids *pids,
				      int32_t pid);

/* fdinfo.c */
int zinc_pids_search(const struct zinc_needle *needles, size_t n,
		     bool is_locked, struct zinc_pids *found);
void zinc_pids_free(struct zinc_pids *pids, size_t n);

/* holders.c */
void zinc_cmdline_cut(const char *raw, size_t length, char *text, size_t size);
char *zinc_holders_inline(const struct zinc_lock_holder *holders,
			  size_t count);

/* topology.c */
int zinc_cpulist_parse(const char *text, size_t length, uint32_t **numbers,
		       size_t *count);
int zinc_topology_read(const char *sysfs, struct zinc_topology *topology);
void zinc_topology_free(struct zinc_topology *topology);
const struct zinc_cpu_place *zinc_topology_find(const struct zinc_topology *t,
						uint32_t cpu);
uint32_t zinc_node_distance(const char *sysfs, int32_t from, int32_t to);

/* llc_choose.c */
void zinc_llc_order(const char *sysfs, struct zinc_llc_choice *choices,
		    size_t count, int32_t here);

/* cpu.c */
int zinc_cpu_acquire_on(const struct zinc_machine *machine,
			const struct zinc_cpu_request *request,
			struct zinc_cpu_locks *locks, char **why);

/* gpus.c */
int zinc_gpus_of(const char *sysfs, const char *proc, struct zinc_gpu **gpus,
		 size_t *count);
int zinc_gpu_lock_any_of(const struct zinc_gpu *gpus, size_t count,
			 const struct zinc_gpu_request *request,
			 struct zinc_gpu_lock *locks, size_t lock_size,
			 struct zinc_gpu *taken, size_t gpu_size, char **why);

/* reserve.c */
int zinc_reserve_until(const struct zinc_device_claim *claims, size_t count,
		       uint64_t deadline);
void zinc_reservation_close(int fd);
void zinc_reservation_describe(const struct zinc_reservation_holder *from,
			       struct zinc_lock_holder *to);
int zinc_reservation_holders(const char *device, uint32_t mode,
			     struct zinc_lock_holder **holders, size_t *count);
char *zinc_reservation_text(const char *device, uint32_t mode);

#endif /* ZINC_LOCK_INTERNAL_H */
