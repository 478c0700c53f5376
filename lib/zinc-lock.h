/* SPDX-License-Identifier: MIT */
/*
 * libzinc-kmod: advisory locks on files, reservations of devices, and who has
 * them.
 *
 * Every function that returns int32_t gives 0 (or what it documents) or a
 * negative errno. All are thread-safe.
 *
 * Messages. Where there is a @why, it may be NULL; else *@why is set to NULL on
 * success, and on failure to a sentence for a person (or NULL for want of
 * memory), which names the lock, the reason and, where others have it, who. The
 * caller frees it with free().
 *
 * A lock is a descriptor: it ends when that is closed, by whatever end of the
 * process. All are close-on-exec. A fork shares it.
 */
#ifndef ZINC_LOCK_H
#define ZINC_LOCK_H

#include <zinc.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZINC_EXCLUSIVE	0u
#define ZINC_SHARED	1u

/* ---- flock(2) on lock files --------------------------------------------- */

/*
 * These work with every other program that uses flock(2) on the same file. The
 * file is made where it is not there, and is never removed. On file systems
 * where flock(2) may not keep others out (NFS, CIFS, SMB2, Ceph, AFS, FUSE) they
 * refuse.
 *
 * flock(2) is not fair: a release wakes all who wait, and whoever comes first,
 * or comes by just then, has the lock. Who needs the order of arrival takes a
 * reservation (below).
 */

/**
 * zinc_flock_try() - lock a file, or say at once that it is locked
 * @path: lock file; its folder must be there
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @why: see above
 *
 * Return: a descriptor; -EBUSY somebody has it, this process included;
 * -EOPNOTSUPP a file system where it would be worth nothing; -EINVAL NULL, or a
 * bad mode; or what open(2) gives.
 */
ZINC_API int32_t zinc_flock_try(const char *path, uint32_t mode, char **why);

/**
 * zinc_flock_block() - lock a file, and wait for it in the kernel
 * @path: as in zinc_flock_try()
 * @mode: as there
 * @timeout_ms: milliseconds; 0 only tries; ZINC_WAIT_FOREVER
 * @why: see above
 *
 * With a timeout, a process of a few system calls sleeps in flock(2) on the
 * same file description, and is killed when the time is up: nothing is polled,
 * and no signal of the caller's is used. Where no process can be made, it tries
 * ten times a second instead. Signals do not end it.
 *
 * Return: as zinc_flock_try(); -ETIMEDOUT instead of -EBUSY.
 */
ZINC_API int32_t zinc_flock_block(const char *path, uint32_t mode,
				  uint32_t timeout_ms, char **why);

/**
 * zinc_flock_materialize() - make the lock file, and do not lock it
 * @path: as in zinc_flock_try()
 * @why: see above
 *
 * So that its holders can be asked for, or its permissions set, before.
 *
 * Return: 0; as zinc_flock_try(), but never -EBUSY.
 */
ZINC_API int32_t zinc_flock_materialize(const char *path, char **why);

/**
 * struct zinc_flock_request - for zinc_flock_acquire()
 * @size: sizeof(struct zinc_flock_request)
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @timeout_ms: as in zinc_flock_block(); it tries at least once
 * @reserved: zero
 * @path: lock file
 * @context: what it is a lock of, for the message; NULL: the file
 * @remediation: what to do, for the end of the message; NULL: nothing
 */
struct zinc_flock_request {
	uint32_t size;
	uint32_t mode;
	uint32_t timeout_ms;
	uint32_t reserved;
	const char *path;
	const char *context;
	const char *remediation;
};

/**
 * zinc_flock_acquire() - lock a file, in a folder that may not be there yet
 * @request: what
 * @why: see above; of a timeout: flock LOCK_EX on CONTEXT timed out after TIME
 *	(lockfile PATH, holders: HOLDERS). REMEDIATION
 *
 * Return: as zinc_flock_block(), and -EINVAL for a size or a reserved field
 * that is wrong.
 */
ZINC_API int32_t zinc_flock_acquire(const struct zinc_flock_request *request,
				    char **why);

/**
 * zinc_flock_release() - give a lock back
 * @fd: from one of the above; a negative one is left alone
 *
 * It closes the descriptor. The lock ends with the last one of its file
 * description: forks have others.
 */
ZINC_API void zinc_flock_release(int fd);

/* ---- who has it --------------------------------------------------------- */

/**
 * struct zinc_lock_holder - a process that has a lock
 * @pid: in the caller's pid namespace; 0 where it is not visible there
 * @cmdline: its arguments with spaces between, cut after 100 characters and then
 *	with an ellipsis; not necessarily UTF-8. "<cmdline unavailable>" where
 *	there is none, and for what the kernel alone knows, the process's name.
 */
struct zinc_lock_holder {
	int32_t pid;
	char cmdline[412];
};

/**
 * zinc_holder_describe() - a process, as a holder
 * @pid: process
 * @holder: out
 */
ZINC_API void zinc_holder_describe(int32_t pid,
				   struct zinc_lock_holder *holder);

/**
 * zinc_flock_holders() - who has a flock on a file
 * @path: lock file
 * @holders: an array, to be freed with free(); NULL when empty
 * @count: its length
 *
 * Takes no lock, and does not open the file. Those who wait are not among them.
 * Processes that another pid namespace hides are not, either.
 *
 * Return: 0, also where the file is not there; -EINVAL; -ENOTSUP the file's
 * mount is not to be found: is /proc mounted?; -ENOMEM, -EMFILE, -ENFILE; or why
 * /proc can not be read.
 */
ZINC_API int32_t zinc_flock_holders(const char *path,
				    struct zinc_lock_holder **holders,
				    size_t *count);

/**
 * zinc_flock_holders_of() - zinc_flock_holders() of many files
 * @paths: @n lock files
 * @n: how many
 * @holders: @n arrays, as there
 * @counts: @n lengths
 *
 * The kernel's locks are read once for all of them.
 *
 * Return: as zinc_flock_holders(); after an error all of @holders are NULL. A
 * file whose mount is not to be found has none.
 */
ZINC_API int32_t zinc_flock_holders_of(const char *const *paths, size_t n,
				       struct zinc_lock_holder **holders,
				       size_t *counts);

/**
 * zinc_holders_format() - a line for each holder
 * @holders: array
 * @count: its length
 *
 * Return: lines of "  pid=PID cmd=CMDLINE", joined by newlines, or
 * "<none recorded>"; to be freed with free(); NULL for want of memory.
 */
ZINC_API char *zinc_holders_format(const struct zinc_lock_holder *holders,
				   size_t count);

/* ---- reservations, by the kernel module --------------------------------- */

#define ZINC_DEVICE_NAME_MAX 63		/* bytes of a device's name */
#define ZINC_MAX_DEVICES 16		/* devices in one reservation */

/**
 * struct zinc_device_claim - a device to be reserved
 * @device: 1 to ZINC_DEVICE_NAME_MAX bytes of [a-z0-9], and behind the first
 *	also [._:-]: see zinc_gpu_device()
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 */
struct zinc_device_claim {
	const char *device;
	uint32_t mode;
};

/**
 * zinc_reserve() - reserve devices, all of them or none
 * @claims: no device twice
 * @count: 1 to ZINC_MAX_DEVICES
 * @timeout_ms: as in zinc_flock_block()
 * @why: see above
 *
 * In order of arrival: nobody is overtaken by what he conflicts with. It holds
 * on the whole machine, whatever the container. Signals do not end it, and do
 * not cost the place in the queue.
 *
 * Return: a descriptor, which is the reservation; -EBUSY for a timeout of 0, else
 * -ETIMEDOUT; -EDQUOT too many reservations; -EOPNOTSUPP without the kernel
 * module, or with one that is too old; -EINVAL.
 */
ZINC_API int32_t zinc_reserve(const struct zinc_device_claim *claims,
			      size_t count, uint32_t timeout_ms, char **why);

/**
 * zinc_reserve_queue() - queue for devices, and return at once
 * @claims: as in zinc_reserve()
 * @count: as there
 *
 * poll() of the descriptor tells POLLIN when they are granted, so that one loop
 * can wait for several. Close it to give up.
 *
 * Return: as zinc_reserve(), but never -EBUSY or -ETIMEDOUT.
 */
ZINC_API int32_t zinc_reserve_queue(const struct zinc_device_claim *claims,
				    size_t count);

/**
 * struct zinc_reservation_holder - who has, or waits for, a device
 * @id: the reservation's number, in order of arrival
 * @since: Unix time in ns since when it is held or, waiting, since it came
 * @pid: in the caller's pid namespace; 0 where it is not visible there
 * @uid: user, in the caller's user namespace
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @waiting: not 0 if it has not got the device yet
 * @comm: the process's name
 * @device: the device's
 */
struct zinc_reservation_holder {
	uint64_t id;
	uint64_t since;
	int32_t pid;
	uint32_t uid;
	uint32_t mode;
	uint32_t waiting;
	char comm[16];
	char device[64];
};

/**
 * zinc_reservations() - who has, and who waits for, what
 * @device: only this one; NULL: all
 * @holders: an array in order of arrival, to be freed with free(); NULL if empty
 * @count: its length
 *
 * Return: 0; -EINVAL; -ENOMEM; -EOPNOTSUPP as zinc_reserve().
 */
ZINC_API int32_t zinc_reservations(const char *device,
				   struct zinc_reservation_holder **holders,
				   size_t *count);

/* ---- GPUs ---------------------------------------------------------------- */

/**
 * zinc_gpu_lock_path() - the lock file of a GPU
 * @buf: gets the path
 * @size: bytes of @buf
 * @backend: vulkan, metal, cuda, rocm, level-zero, opencl or drm
 * @index: the backend's own number of the GPU
 *
 * $ZINC_LOCK_DIR (default /tmp), /zinc-gpu-BACKEND-INDEX.lock
 *
 * Return: 0; -ENAMETOOLONG it does not fit; -EINVAL NULL, or another backend.
 */
ZINC_API int32_t zinc_gpu_lock_path(char *buf, size_t size, const char *backend,
				    uint32_t index);

/**
 * zinc_gpu_device() - one name for each GPU
 * @buf: gets the name
 * @size: bytes of @buf; ZINC_DEVICE_NAME_MAX + 1 are enough
 * @gpu: BACKEND:INDEX; a PCI address, as 0000:01:00.0 or 01:00.0; a DRM node, as
 *	/dev/dri/renderD128; or what this function gave
 *
 * A backend's number is a weak name: it depends on drivers, on environment
 * variables, and on the container. An address is not: give that where you can,
 * and in all programs that are to keep clear of each other. BACKEND:INDEX
 * remains what it is, as nothing here knows how a backend counts; an address and
 * a node of a GPU on PCI become pci:DOMAIN:BUS:DEVICE.FUNCTION, a node of another
 * one drm:NAME, by its name in sysfs. Names that differ do not exclude each
 * other.
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL it is none of these; -ENODEV the node is not
 * that of a GPU; or why the node can not be looked at.
 */
ZINC_API int32_t zinc_gpu_device(char *buf, size_t size, const char *gpu);

/**
 * struct zinc_gpu_lock - a GPU that is reserved
 * @file: locked file, or -1
 * @reservation: the kernel's reservation, or -1
 */
struct zinc_gpu_lock {
	int file;
	int reservation;
};

/**
 * zinc_gpu_lock_acquire() - reserve a GPU
 * @backend: as in zinc_gpu_lock_path()
 * @index: as there
 * @flags: ZINC_EXCLUSIVE or ZINC_SHARED
 * @timeout_ms: as in zinc_flock_block()
 * @lock: gets both at -1 after every failure
 *
 * Takes a lock on the file, which keeps clear of all who use the same protocol,
 * then, where there is the kernel module, the reservation, which keeps clear of
 * other containers, too; if it does not get the second, it gives the first back.
 * Where it has to wait, it waits for the reservation first, in order of arrival,
 * without the file, and then for the file: so those who go by this library are
 * served in order, and none keeps the file from others while it only waits.
 *
 * Return: 0; -EBUSY for a timeout of 0, else -ETIMEDOUT; -EACCES the lock file is
 * another user's and may not be opened; -ELOOP it is a symbolic link; -EINVAL;
 * -EEXIST something else than a file has its name; or what open(2) gives.
 */
ZINC_API int32_t zinc_gpu_lock_acquire(const char *backend, uint32_t index,
				       uint32_t flags, uint32_t timeout_ms,
				       struct zinc_gpu_lock *lock);

/**
 * zinc_gpu_lock_acquire_device() - reserve a GPU by any of its names
 * @gpu: as in zinc_gpu_device()
 * @flags: as in zinc_gpu_lock_acquire()
 * @timeout_ms: as there
 * @lock: as there
 * @why: see above; of a GPU that others have: GPU NAME is already reserved by
 *	pid=PID cmd=CMDLINE
 *
 * Return: as zinc_gpu_lock_acquire() and zinc_gpu_device().
 */
ZINC_API int32_t zinc_gpu_lock_acquire_device(const char *gpu, uint32_t flags,
					      uint32_t timeout_ms,
					      struct zinc_gpu_lock *lock,
					      char **why);

/**
 * zinc_gpu_lock_is_held() - whether it has been acquired and not released
 * @lock: lock
 *
 * Return: 1 or 0.
 */
ZINC_API int32_t zinc_gpu_lock_is_held(const struct zinc_gpu_lock *lock);

/**
 * zinc_gpu_lock_release() - give a GPU back
 * @lock: one that is not held, or NULL, is left alone
 */
ZINC_API void zinc_gpu_lock_release(struct zinc_gpu_lock *lock);

/**
 * zinc_gpu_holders() - who has a GPU
 * @gpu: as in zinc_gpu_device()
 * @holders: an array, to be freed with free(); NULL when empty
 * @count: its length
 *
 * By its lock file and, where there is the kernel module, by a reservation; each
 * process once. Takes no lock.
 *
 * Return: as zinc_gpu_device(), zinc_flock_holders() and zinc_reservations(), but
 * 0 without the module, or where it may not be asked.
 */
ZINC_API int32_t zinc_gpu_holders(const char *gpu,
				  struct zinc_lock_holder **holders,
				  size_t *count);

/**
 * struct zinc_gpu - a GPU of this machine
 * @device: its name, as of zinc_gpu_device()
 */
struct zinc_gpu {
	char device[ZINC_DEVICE_NAME_MAX + 1];
};

/**
 * zinc_gpus() - the GPUs of this machine
 * @gpus: an array by name, to be freed with free(); NULL if empty
 * @count: its length
 *
 * Those with a render node in sysfs, and those of NVIDIA's driver.
 *
 * Return: 0; -EINVAL NULL; -ENOMEM, -EMFILE, -ENFILE.
 */
ZINC_API int32_t zinc_gpus(struct zinc_gpu **gpus, size_t *count);

/**
 * struct zinc_gpu_request - for zinc_gpu_lock_any()
 * @size: sizeof(struct zinc_gpu_request)
 * @want: how many, 1 or more
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @timeout_ms: as in zinc_flock_block()
 * @reserved: zero
 */
struct zinc_gpu_request {
	uint32_t size;
	uint32_t want;
	uint32_t mode;
	uint32_t timeout_ms;
	uint32_t reserved;
};

/**
 * zinc_gpu_lock_any() - reserve any GPUs, as many as one needs or none
 * @request: how many
 * @locks: gets as many
 * @taken: gets as many: which they are
 * @why: see above
 *
 * By their addresses: who locks BACKEND:INDEX is not seen, see
 * zinc_gpu_device(). While fewer are free it has none, and looks again ten times
 * a second; nobody has a place in a queue.
 *
 * Return: as zinc_gpu_lock_acquire(); -ERANGE this machine has fewer.
 */
ZINC_API int32_t zinc_gpu_lock_any(const struct zinc_gpu_request *request,
				   struct zinc_gpu_lock *locks,
				   struct zinc_gpu *taken, char **why);

/* ---- processors, caches, source trees ------------------------------------ */

/**
 * zinc_llc_lock_path() - the lock file of a last-level cache
 * @buf: gets the path
 * @size: bytes of @buf
 * @llc: the cache's number: they are counted by their first processor
 *
 * $ZINC_LOCK_DIR (default /tmp), /zinc-llc-N.lock
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL.
 */
ZINC_API int32_t zinc_llc_lock_path(char *buf, size_t size, uint32_t llc);

/**
 * zinc_cpu_lock_path() - the lock file of a processor
 * @buf: gets the path
 * @size: bytes of @buf
 * @cpu: its number
 *
 * $ZINC_LOCK_DIR (default /tmp), /zinc-cpu-N.lock
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL.
 */
ZINC_API int32_t zinc_cpu_lock_path(char *buf, size_t size, uint32_t cpu);

/**
 * struct zinc_cpu_place - where a processor is
 * @cpu: its number
 * @llc: its last-level cache; these are counted by their first processor
 * @node: its NUMA node; -1 where the machine has none
 */
struct zinc_cpu_place {
	uint32_t cpu;
	uint32_t llc;
	int32_t node;
};

/**
 * zinc_cpu_places() - the processors that are online
 * @places: an array by rising number, to be freed with free()
 * @count: its length
 *
 * Where the kernel does not know a processor's caches, its package counts as
 * one.
 *
 * Return: 0; -EINVAL NULL; -ENOMEM; or why sysfs can not be read.
 */
ZINC_API int32_t zinc_cpu_places(struct zinc_cpu_place **places,
				 size_t *count);

/**
 * struct zinc_cpu_request - processors, or whole caches, to be locked
 * @size: sizeof(struct zinc_cpu_request)
 * @want: how many processors to choose; 0: those of @list
 * @llcs: not 0: @list is of last-level caches, which are locked exclusively
 * @timeout_ms: as in zinc_flock_block()
 * @list: numbers, as in 0,2-5; NULL with @want
 *
 * Of processors, each one's cache is locked shared and itself exclusively.
 * Those to be chosen are of the caller's affinity mask. Caches that others share
 * already come first, so that whole ones stay free; then those whose NUMA node is
 * nearest to these or, if there are none, to where the caller runs.
 */
struct zinc_cpu_request {
	uint32_t size;
	uint32_t want;
	uint32_t llcs;
	uint32_t timeout_ms;
	const char *list;
};

/**
 * struct zinc_cpu_locks - what zinc_cpu_acquire() has locked
 * @count: processors (or caches) in @numbers
 * @fds_count: locks in @fds
 * @numbers: their numbers, rising
 * @fds: the locks
 */
struct zinc_cpu_locks {
	size_t count;
	size_t fds_count;
	uint32_t *numbers;
	int *fds;
};

/**
 * zinc_cpu_acquire() - lock processors or caches, all of them or none
 * @request: which
 * @locks: what was locked, to be given back with zinc_cpu_release(); empty after
 *	a failure
 * @why: see above; names the one that is busy, and who has it
 *
 * At the first one that is busy everything is given back. To wait, it sleeps
 * until that one is free, with none locked, and begins again; where it may
 * choose, it looks ten times a second. So two that want the same can not block
 * each other for ever, and neither has a place in a queue.
 *
 * Return: 0; -EBUSY for a timeout of 0, else -ETIMEDOUT; -EINVAL a bad list;
 * -ENODEV one that this machine does not have; -ERANGE more than the caller's
 * affinity mask has; or as zinc_flock_try().
 */
ZINC_API int32_t zinc_cpu_acquire(const struct zinc_cpu_request *request,
				  struct zinc_cpu_locks *locks, char **why);

/**
 * zinc_cpu_release() - give them back
 * @locks: from zinc_cpu_acquire(); one that is empty, or NULL, is left alone
 */
ZINC_API void zinc_cpu_release(struct zinc_cpu_locks *locks);

/**
 * zinc_cache_lock_path() - the lock file of an entry of a cache
 * @buf: gets the path
 * @size: bytes of @buf
 * @root: the cache's folder
 * @key: the entry: one component of a path
 *
 * ROOT/.locks/KEY.lock
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL.
 */
ZINC_API int32_t zinc_cache_lock_path(char *buf, size_t size, const char *root,
				      const char *key);

/**
 * zinc_source_lock_path() - the lock file of a source tree
 * @buf: gets the path
 * @size: bytes of @buf
 * @root: the cache's folder
 * @tree: the tree; must be there
 *
 * ROOT/.locks/source-HASH.lock, by the tree's canonical path (FNV-1a 64, in 16
 * hexadecimal digits)
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL; or what realpath(3) gives.
 */
ZINC_API int32_t zinc_source_lock_path(char *buf, size_t size, const char *root,
				       const char *tree);

#ifdef __cplusplus
}
#endif

#endif /* ZINC_LOCK_H */
