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

#define ZINC_SYSFS	"/sys"
#define ZINC_PROC	"/proc"
/* of a process's command line, before it is cut */
#define ZINC_CMDLINE_CHARACTERS	100

/**
 * struct zinc_needle - how /proc/locks names a file
 * @text: major:minor:inode; empty: of no file
 */
struct zinc_needle {
	char text[64];
};

/**
 * struct zinc_pids - processes, each once, in order
 * @pid: array
 * @count: entries in it
 * @room: entries that it has memory for
 */
struct zinc_pids {
	int32_t *pid;
	size_t count;
	size_t room;
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

/* lock_message.c */
__attribute__((format(printf, 3, 4)))
int zinc_why(char **why, int err, const char *format, ...);
int zinc_why_errno(char **why, int err, const char *path);

/* lock_file.c */
int zinc_read_whole(const char *path, char **text, size_t *length);
const char *zinc_lock_dir(void);
int zinc_lock_path(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int zinc_lock_open(const char *path, int flags, char **why);

/* lock_filter.c */
const char *zinc_refused_filesystem(long magic, const char **reason);
int zinc_filter_filesystem(const char *path, char **why);

/* lock_flock.c */
bool zinc_lock_mode_is_valid(uint32_t mode);
int zinc_lock_pause(uint64_t deadline);
int zinc_flock_fd(int fd, uint32_t mode, uint64_t deadline);
int zinc_flock_path(const char *path, int flags, uint32_t mode,
		    uint64_t deadline, char **why);

/* lock_mountinfo.c */
int zinc_mountinfo_device(const char *text, size_t length, const char *path,
			  long mount_id, unsigned int *major,
			  unsigned int *minor);
int zinc_needle_of(const char *path, const char *mountinfo, size_t length,
		   struct zinc_needle *needle);

/* lock_proc.c */
int zinc_locks_find(const char *text, size_t length,
		    const struct zinc_needle *needles, size_t n,
		    struct zinc_pids *pids);

/* lock_holder.c */
void zinc_cmdline_cut(const char *raw, size_t length, char *text, size_t size);
char *zinc_holders_inline(const struct zinc_lock_holder *holders,
			  size_t count);

char *zinc_flock_text(const char *path);

/* lock_topology.c */
int zinc_cpulist_parse(const char *text, size_t length, uint32_t **numbers,
		       size_t *count);
int zinc_topology_read(const char *sysfs, struct zinc_topology *topology);
void zinc_topology_free(struct zinc_topology *topology);
const struct zinc_cpu_place *zinc_topology_find(const struct zinc_topology *t,
						uint32_t cpu);
uint32_t zinc_node_distance(const char *sysfs, int32_t from, int32_t to);

/* lock_plan.c */
void zinc_llc_order(const char *sysfs, struct zinc_llc_choice *choices,
		    size_t count, int32_t here);

/* lock_cpu.c */
int zinc_cpu_acquire_on(const struct zinc_machine *machine,
			const struct zinc_cpu_request *request,
			struct zinc_cpu_locks *locks, char **why);

/* lock_gpu.c */
int zinc_gpu_of_sysfs(char *buf, size_t size, const char *path);

/* lock_gpus.c */
int zinc_gpus_of(const char *sysfs, const char *proc, struct zinc_gpu **gpus,
		 size_t *count);
int zinc_gpu_lock_any_of(const struct zinc_gpu *gpus, size_t count,
			 const struct zinc_gpu_request *request,
			 struct zinc_gpu_lock *locks, struct zinc_gpu *taken,
			 char **why);

/* reserve.c */
int zinc_reserve_until(const struct zinc_device_claim *claims, size_t count,
		       uint64_t deadline);
void zinc_reservation_describe(const struct zinc_reservation_holder *from,
			       struct zinc_lock_holder *to);
int zinc_reservation_holders(const char *device, uint32_t mode,
			     struct zinc_lock_holder **holders, size_t *count);
char *zinc_reservation_text(const char *device, uint32_t mode);

#endif /* ZINC_LOCK_INTERNAL_H */
