/* SPDX-License-Identifier: MIT */
/*
 * libzinc-kmod: advisory locks on files, reservations of devices, and their
 * holders.
 *
 * A function that returns int32_t returns 0 (or the value it documents) or a
 * negative errno. All functions are thread-safe.
 *
 * Messages: @why may be NULL. Otherwise *@why is NULL after success; after a
 * failure it is a sentence that names the lock, the reason and the holders, or
 * NULL if memory is short. The caller frees it by free().
 *
 * A lock is a descriptor, so it ends when the process ends, for whatever
 * reason. All descriptors are close-on-exec. A fork() shares the lock: it ends
 * when the process that took it releases it, or when the last descriptor is
 * closed.
 *
 * A struct is extended at its end only. A function that fills an array takes
 * the caller's sizeof of an entry, which is the array's stride: a multiple of
 * 8, at least the size of the struct's first version, and at most 4096;
 * otherwise it returns -EINVAL. Fields that the library does not know are zero.
 * The caller zeroes a struct and sets its size; a non-zero byte of a request
 * beyond the struct the library knows is refused with -EINVAL. Each kind of
 * array has its own function to free it.
 *
 * lib/libzinc-kmod.abi is a dump of the exported interface, which
 * tests/repo/lint compares. After a change here, "make abi" updates it, in the
 * same commit.
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
 * These locks exclude every other program that uses flock(2) on the same file.
 * The file is created if it does not exist, and never removed. File systems on
 * which flock(2) may not exclude other processes are refused: NFS, CIFS, SMB2,
 * Ceph, AFS, FUSE, and a host directory in a guest (9p, virtiofs, vboxsf,
 * prl_fs, hostfs). If the file is removed or replaced meanwhile, the function
 * starts over, so an acquired lock is on the file at the path.
 *
 * flock(2) is not fair: a release wakes all waiters, and the first process that
 * calls flock(2) takes the lock. If you need FIFO order, use a reservation.
 */

/**
 * zinc_flock_try() - lock a file without waiting
 * @path: lock file; its directory must exist
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @why: gets the message, to be freed by free(); may be NULL
 *
 * Return: a descriptor; -EBUSY if the file is locked, also by this process;
 * -EOPNOTSUPP if the file system is refused; -ESTALE if the file is removed or
 * replaced repeatedly; -EINVAL if @path is NULL or the mode is invalid; or the
 * error of open(2).
 */
ZINC_API int32_t zinc_flock_try(const char *path, uint32_t mode, char **why);

/**
 * zinc_flock_block() - lock a file, waiting in the kernel
 * @path: as in zinc_flock_try()
 * @mode: as in zinc_flock_try()
 * @timeout_ms: milliseconds; 0 to try once; ZINC_WAIT_FOREVER for no timeout
 * @why: gets the message, to be freed by free(); may be NULL
 *
 * For a timeout, a child process sleeps in flock(2) and is killed when the time
 * has passed. There is no polling, and no signal of the caller is used. If no
 * process can be created, the function tries ten times a second. Signals do not
 * interrupt it. The caller is the lock's holder.
 *
 * Return: as zinc_flock_try(), but -ETIMEDOUT instead of -EBUSY.
 */
ZINC_API int32_t zinc_flock_block(const char *path, uint32_t mode,
				  uint32_t timeout_ms, char **why);

/**
 * zinc_flock_materialize() - create a lock file without locking it
 * @path: as in zinc_flock_try()
 * @why: gets the message, to be freed by free(); may be NULL
 *
 * Use it to query the holders or to set the permissions before the first lock.
 *
 * Return: 0; as zinc_flock_try(), but never -EBUSY.
 */
ZINC_API int32_t zinc_flock_materialize(const char *path, char **why);

/**
 * struct zinc_flock_request - options for zinc_flock_acquire()
 * @size: sizeof(struct zinc_flock_request)
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @timeout_ms: as in zinc_flock_block()
 * @reserved: zero
 * @path: lock file
 * @context: the purpose of the lock, for the message; NULL: the file
 * @remediation: the remedy, appended to the message; NULL for none
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
 * zinc_flock_acquire() - lock a file, creating its directory
 * @request: options
 * @why: gets the message, to be freed by free(); may be NULL; after a timeout:
 *	flock LOCK_EX on CONTEXT timed out after TIME (lockfile PATH, holders:
 *	HOLDERS). REMEDIATION
 *
 * Return: as zinc_flock_block(); -EINVAL if @request is NULL, or its size or
 * reserved field is invalid.
 */
ZINC_API int32_t zinc_flock_acquire(const struct zinc_flock_request *request,
				    char **why);

/**
 * zinc_flock_release() - release a lock on a file
 * @fd: as returned by a function above; a negative value is ignored
 *
 * In the process that took the lock, this ends it, even if a child still has
 * the descriptor. In any other process it closes the descriptor and keeps the
 * lock.
 */
ZINC_API void zinc_flock_release(int fd);

/* ---- holders ------------------------------------------------------------ */

/**
 * struct zinc_lock_holder - a process that holds a lock
 * @pid: in the caller's pid namespace; 0 if it is not visible there
 * @cmdline: its arguments, separated by spaces and truncated after 100
 *	characters with an ellipsis; control characters as \xNN; not necessarily
 *	UTF-8. "<cmdline unavailable>" if it cannot be read; "<taken by pid N,
 *	which has ended>" if the present holders are not visible; the process's
 *	name if only the kernel knows the holder
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @taken_by: the process that took the lock and passed it on, as in "exec
 *	9>FILE; flock 9"; 0 if @pid took it
 */
struct zinc_lock_holder {
	int32_t pid;
	char cmdline[412];
	uint32_t mode;
	int32_t taken_by;
};

/**
 * zinc_holder_describe() - describe a process as a holder
 * @pid: process
 * @holder: gets the description
 * @size: sizeof(struct zinc_lock_holder)
 *
 * Return: 0, also if the process does not exist; -EINVAL if @holder is NULL or
 * @size is invalid.
 */
ZINC_API int32_t zinc_holder_describe(int32_t pid,
				      struct zinc_lock_holder *holder,
				      size_t size);

/**
 * zinc_flock_holders() - list the processes that hold a lock on a file
 * @path: lock file
 * @holders: gets an array, to be freed by zinc_holders_free(); NULL if empty
 * @count: gets the number of entries
 * @entry_size: sizeof(struct zinc_lock_holder), the array's stride
 *
 * It takes no lock and does not open the file. Waiters are not listed, nor are
 * processes in a pid namespace that the caller cannot see. A process is listed
 * only if it has the file open, as far as the caller may see that.
 *
 * Return: 0, also if the file does not exist; -EINVAL if an argument is NULL or
 * @entry_size is invalid; -ENOTSUP if /proc/self/mountinfo does not exist
 * (/proc is not mounted); -ENOMEM, -EMFILE, -ENFILE; or the error of reading
 * /proc. After an error other than a NULL argument, *@holders is NULL and
 * *@count 0.
 */
ZINC_API int32_t zinc_flock_holders(const char *path,
				    struct zinc_lock_holder **holders,
				    size_t *count, size_t entry_size);

/**
 * zinc_flock_holders_of() - list the holders of several files
 * @paths: @n lock files
 * @n: number of files
 * @holders: gets @n arrays, as in zinc_flock_holders()
 * @counts: gets @n numbers of entries
 * @entry_size: sizeof(struct zinc_lock_holder), the arrays' stride
 *
 * The kernel's list of locks is read once for all files. In a pid namespace,
 * locks passed on by a process that has ended are not listed: finding them
 * delays a release by some microseconds.
 *
 * Return: as zinc_flock_holders(); -EINVAL also if @n is 0. After an error all
 * of @holders are NULL. A file whose mount is not found has no holders.
 */
ZINC_API int32_t zinc_flock_holders_of(const char *const *paths, size_t n,
				       struct zinc_lock_holder **holders,
				       size_t *counts, size_t entry_size);

/**
 * zinc_holders_free() - free an array of holders
 * @holders: from zinc_flock_holders(), zinc_flock_holders_of() or
 *	zinc_gpu_holders(), or NULL
 */
ZINC_API void zinc_holders_free(struct zinc_lock_holder *holders);

/**
 * zinc_holders_format() - format holders, one per line
 * @holders: array; may be NULL if @count is 0
 * @count: number of entries
 * @entry_size: sizeof(struct zinc_lock_holder), the array's stride
 *
 * Return: lines of " pid=PID cmd=CMDLINE", joined by newlines, or "<none
 * recorded>", to be freed by free(); NULL if memory is short, @entry_size is
 * invalid, or @holders is NULL but @count is not 0.
 */
ZINC_API char *zinc_holders_format(const struct zinc_lock_holder *holders,
				   size_t count, size_t entry_size);

/* ---- reservations, by the kernel module --------------------------------- */

#define ZINC_DEVICE_NAME_MAX 63		/* bytes of a device's name */
#define ZINC_RESERVE_MAX 16		/* devices in one reservation */

/**
 * struct zinc_device_claim - a device to reserve
 * @device: 1 to ZINC_DEVICE_NAME_MAX bytes of [a-z0-9._:-], the first of
 *	[a-z0-9]; for GPUs see zinc_gpu_device()
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @reserved: zero
 */
struct zinc_device_claim {
	const char *device;
	uint32_t mode;
	uint32_t reserved;
};

/**
 * zinc_reserve() - reserve devices, all or none
 * @claims: each device at most once
 * @count: 1 to ZINC_RESERVE_MAX
 * @entry_size: sizeof(struct zinc_device_claim), the array's stride
 * @timeout_ms: as in zinc_flock_block()
 * @why: gets the message, to be freed by free(); may be NULL
 *
 * Reservations are granted in FIFO order: a conflicting request never
 * overtakes. They hold on the whole machine, across containers. The function
 * queues and then polls, so signals, SIGSTOP, a freezer, suspend or a debugger
 * neither end it nor cost its place in the queue. With a timeout of 0 it does
 * not queue.
 *
 * Return: a descriptor, which is the reservation; -EBUSY for a timeout of 0,
 * else -ETIMEDOUT; -EDQUOT if the user has too many reservations; -EOPNOTSUPP
 * without the kernel module, or if it is too old; -EACCES if /dev/zinc may not
 * be opened; -EINVAL if @claims is NULL, a device is claimed twice, or @count,
 * @entry_size, a name, a mode or a reserved field is invalid.
 */
ZINC_API int32_t zinc_reserve(const struct zinc_device_claim *claims,
			      size_t count, size_t entry_size,
			      uint32_t timeout_ms, char **why);

/**
 * zinc_reserve_queue() - queue for devices without waiting
 * @claims: as in zinc_reserve()
 * @count: as in zinc_reserve()
 * @entry_size: as in zinc_reserve()
 *
 * poll() reports POLLIN once the reservation is granted, so one event loop can
 * wait for several. Close the descriptor to leave the queue.
 *
 * Return: as zinc_reserve(), but never -EBUSY or -ETIMEDOUT.
 */
ZINC_API int32_t zinc_reserve_queue(const struct zinc_device_claim *claims,
				    size_t count, size_t entry_size);

/**
 * struct zinc_reservation_holder - a process that holds or waits for a device
 * @id: the reservation's number, in order of arrival
 * @since: Unix time in ns when it was granted or, if waiting, when it arrived
 * @pid: in the caller's pid namespace; 0 if it is not visible there
 * @uid: user, in the caller's user namespace
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @waiting: non-zero if the reservation has not been granted yet
 * @comm: the process's name
 * @device: the device's name
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
 * zinc_reservations() - list the reservations and the processes that wait
 * @device: device to list; NULL for all
 * @holders: gets an array in order of arrival, to be freed by
 *	zinc_reservations_free(); NULL if empty
 * @count: gets the number of entries
 * @entry_size: sizeof(struct zinc_reservation_holder), the array's stride
 *
 * Return: 0; -EINVAL if an argument is NULL, or @entry_size or the name is
 * invalid; -ENOMEM; -EOPNOTSUPP, -EACCES as zinc_reserve().
 */
ZINC_API int32_t zinc_reservations(const char *device,
				   struct zinc_reservation_holder **holders,
				   size_t *count, size_t entry_size);

/**
 * zinc_reservations_free() - free an array of zinc_reservations()
 * @holders: from zinc_reservations(), or NULL
 */
ZINC_API void zinc_reservations_free(struct zinc_reservation_holder *holders);

/* ---- where lock files are ------------------------------------------------ */

/**
 * zinc_lock_folder() - get the directory of lock files
 * @buf: gets the path
 * @size: bytes of @buf
 * @from: may be NULL; otherwise gets the setting that the path comes from or,
 *	after a failure, the message; to be freed by free()
 *
 * Lock files of GPUs, CPUs and caches are in $ZINC_LOCK_DIR (ignored in a
 * set-user-ID program), else in lock_dir of /etc/zinc.conf, else in /tmp. That
 * file has lines of KEY = VALUE, and comments that begin with #. Anything else
 * in it is an error, since processes that use different directories do not
 * exclude each other.
 *
 * Return: 0; -ENAMETOOLONG; -EBADMSG if the file is invalid (@from gets the
 * line number); -EINVAL if @buf is NULL; or the error of reading the file.
 */
ZINC_API int32_t zinc_lock_folder(char *buf, size_t size, char **from);

/* ---- GPUs ---------------------------------------------------------------- */

/**
 * zinc_gpu_lock_path() - get the path of a GPU's lock file
 * @buf: gets the path
 * @size: bytes of @buf
 * @backend: vulkan, metal, cuda, rocm, level-zero, opencl or drm
 * @index: the backend's number of the GPU
 *
 * The path is zinc-gpu-BACKEND-INDEX.lock in the directory of
 * zinc_lock_folder().
 *
 * Return: 0; -ENAMETOOLONG if @buf is too small; -EINVAL if an argument is NULL
 * or the backend is unknown; or as zinc_lock_folder().
 */
ZINC_API int32_t zinc_gpu_lock_path(char *buf, size_t size, const char *backend,
				    uint32_t index);

/**
 * zinc_gpu_device() - validate a GPU's name and normalize it
 * @buf: gets the name
 * @size: bytes of @buf; ZINC_DEVICE_NAME_MAX + 1 is enough
 * @gpu: BACKEND:INDEX; a UUID or the beginning of one, such as
 *	cuda:GPU-8932f937-d72c-4106-c12f-20bd9faed9f6, cuda:MIG-... or
 *	rocm:GPU-deadbeefdeadbeef, also without the backend; a PCI address, such
 *	as 0000:01:00.0 or 01:00.0; a DRM node, such as /dev/dri/renderD128; or
 *	a normalized name
 *
 * A PCI address, or the node of a GPU on PCI, becomes
 * pci:DOMAIN:BUS:DEVICE.FUNCTION; the node of another GPU becomes drm:NAME, its
 * name in sysfs; a UUID becomes lower case. zinc_gpu_resolve() finds the GPU
 * that a BACKEND:INDEX or a UUID refers to.
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL if it is not a GPU's name; -ENODEV if the
 * node is not a GPU's; or the error of stat(2) on the node.
 */
ZINC_API int32_t zinc_gpu_device(char *buf, size_t size, const char *gpu);

/**
 * struct zinc_gpu_identity - the GPU that a name refers to
 * @name: as normalized by zinc_gpu_device()
 * @physical: pci:DOMAIN:BUS:DEVICE.FUNCTION, or drm:NAME if the GPU is not on
 *	PCI; empty if unknown
 * @part: mig:UUID if the name refers to a part of the GPU (NVIDIA's MIG); else
 *	empty
 * @seed: BACKEND:INDEX as seen by a program without visibility variables; empty
 *	if unknown, or if the GPU is named by its address
 * @uuid: its name in CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES; empty if it
 *	has none, or that is unknown
 * @driver: its kernel driver, such as amdgpu; empty if unknown
 * @vendor: its PCI vendor, such as 0x10de; 0 if unknown
 * @reserved: zero
 */
struct zinc_gpu_identity {
	char name[64];
	char physical[64];
	char part[64];
	char seed[64];
	char uuid[96];
	char driver[32];
	uint32_t vendor;
	uint32_t reserved;
};

/**
 * zinc_gpu_resolve() - find the GPU a name refers to in this environment
 * @gpu: as in zinc_gpu_device()
 * @identity: gets the GPU's names
 * @size: sizeof(struct zinc_gpu_identity)
 * @why: gets the message, to be freed by free(); may be NULL
 *
 * An index of cuda depends on CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER; of
 * rocm, on ROCR_VISIBLE_DEVICES, and on HIP_VISIBLE_DEVICES (or
 * CUDA_VISIBLE_DEVICES) applied to its result; of level-zero, on
 * ZE_AFFINITY_MASK and ZE_FLAT_DEVICE_HIERARCHY; of vulkan, on
 * MESA_VK_DEVICE_SELECT, DRI_PRIME, VK_LOADER_DEVICE_SELECT and other variables
 * of the Vulkan loader and its layers. An index of drm is that of
 * /dev/dri/cardN or, from 128 on, /dev/dri/renderDN.
 *
 * AMD's GPUs and DRM nodes are looked up in sysfs. For the others the function
 * loads the installed libraries: NVML (or reads /proc/driver/nvidia); CUDA, if
 * only CUDA knows the order of the GPUs; the Vulkan loader; the Level Zero
 * loader. It does so in a child process, which shares no descriptor with the
 * caller, prints nothing, and is killed after 15 seconds. In a multithreaded
 * process the child's exit sends SIGCHLD. A statically linked program can load
 * the libraries only if its libc supports that, and a set-user-ID program does
 * not load them.
 *
 * Return: 0; -ENXIO if the GPU cannot be determined: @identity has only @name,
 * and @why tells the reason; -EINVAL if @size is invalid; or as
 * zinc_gpu_device().
 */
ZINC_API int32_t zinc_gpu_resolve(const char *gpu,
				  struct zinc_gpu_identity *identity,
				  size_t size, char **why);

/**
 * zinc_gpu_environment() - get the variables that show a program only these
 *	GPUs
 * @gpus: from zinc_gpu_resolve(), in the order the program is to number them
 * @count: number of GPUs
 * @entry_size: sizeof(struct zinc_gpu_identity), the stride of @gpus
 * @text: gets lines of NAME=VALUE, to be freed by free()
 *
 * The variables are CUDA_VISIBLE_DEVICES, by UUID, with CUDA_DEVICE_ORDER;
 * ROCR_VISIBLE_DEVICES, and HIP_VISIBLE_DEVICES, which applies to its result;
 * ZE_AFFINITY_MASK; and DRI_PRIME (Mesa's OpenGL and Vulkan) for the first of
 * @gpus that is on PCI. Each is set for names of its backend, and for addresses
 * of GPUs with its driver. A variable that would hide a GPU that could not be
 * resolved is left out, so the text may be empty.
 *
 * Return: 0; -EINVAL if an argument is NULL, @count is 0 or @entry_size is
 * invalid; -ENOMEM.
 */
ZINC_API int32_t zinc_gpu_environment(const struct zinc_gpu_identity *gpus,
				      size_t count, size_t entry_size,
				      char **text);

/**
 * struct zinc_gpu_lock - a lock on a GPU
 * @size: sizeof(struct zinc_gpu_lock), set by the caller
 * @held: non-zero while the lock is held, so a zeroed struct is not held
 * @file: descriptor of the lock file; -1 for none; valid while @held
 * @reservation: descriptor of the kernel's reservation; likewise
 * @more: descriptors of further lock files, since a GPU has several names
 * @reserved: for the library
 */
struct zinc_gpu_lock {
	uint32_t size;
	uint32_t held;
	int file;
	int reservation;
	int more[2];
	int reserved[2];
};

/**
 * zinc_gpu_lock_acquire() - lock a GPU
 * @backend: as in zinc_gpu_lock_path()
 * @index: as in zinc_gpu_lock_path()
 * @flags: ZINC_EXCLUSIVE or ZINC_SHARED
 * @timeout_ms: as in zinc_flock_block()
 * @lock: its size is set by the caller; not held after a failure
 *
 * The lock is on the physical GPU that zinc_gpu_resolve() finds for the name.
 * Two files are locked, in this order: that of the GPU's BACKEND:INDEX as seen
 * by a program without visibility variables, which excludes programs that know
 * only that name; and that of its PCI address, which excludes programs that use
 * other names. For a part of a GPU (MIG) both are locked shared, and then the
 * part's own file in the requested mode. If the GPU cannot be determined, the
 * file of the given name is locked. With the kernel module, the same names are
 * reserved, which also excludes other containers. Either all of it is acquired,
 * or nothing.
 *
 * A wait first queues for the reservation, holding no file, and then waits for
 * the files. So the programs that use this library are served in FIFO order,
 * and a waiter does not keep a file from others.
 *
 * Return: 0; -EBUSY for a timeout of 0, else -ETIMEDOUT; -EACCES if the lock
 * file has another owner and may not be opened; -ELOOP if it is a symbolic
 * link; -EEXIST if it is not a regular file; -EINVAL if an argument is NULL, or
 * the backend, the mode or the size of @lock is invalid; or the error of
 * open(2).
 */
ZINC_API int32_t zinc_gpu_lock_acquire(const char *backend, uint32_t index,
				       uint32_t flags, uint32_t timeout_ms,
				       struct zinc_gpu_lock *lock);

/**
 * zinc_gpu_lock_acquire_device() - lock a GPU by any of its names
 * @gpu: as in zinc_gpu_device()
 * @flags: as in zinc_gpu_lock_acquire()
 * @timeout_ms: as in zinc_gpu_lock_acquire()
 * @lock: as in zinc_gpu_lock_acquire()
 * @why: gets the message, to be freed by free(); may be NULL; for a GPU in use:
 *	GPU NAME is already reserved by pid=PID cmd=CMDLINE
 *
 * Return: as zinc_gpu_lock_acquire() and zinc_gpu_device().
 */
ZINC_API int32_t zinc_gpu_lock_acquire_device(const char *gpu, uint32_t flags,
					      uint32_t timeout_ms,
					      struct zinc_gpu_lock *lock,
					      char **why);

/**
 * zinc_gpu_lock_is_held() - check whether a lock is held
 * @lock: lock
 *
 * Return: 1 if it was acquired and not released, else 0.
 */
ZINC_API int32_t zinc_gpu_lock_is_held(const struct zinc_gpu_lock *lock);

/**
 * zinc_gpu_lock_release() - release a lock on a GPU
 * @lock: lock; NULL, or one that is not held, is ignored
 */
ZINC_API void zinc_gpu_lock_release(struct zinc_gpu_lock *lock);

/**
 * zinc_gpu_holders() - list the processes that hold a GPU
 * @gpu: as in zinc_gpu_device()
 * @holders: gets an array, to be freed by zinc_holders_free(); NULL if empty
 * @count: gets the number of entries
 * @entry_size: sizeof(struct zinc_lock_holder), the array's stride
 *
 * Holders of its lock files and, with the kernel module, of reservations; each
 * process once. It takes no lock.
 *
 * Return: as zinc_gpu_device(), zinc_flock_holders() and zinc_reservations(),
 * but 0 without the module, or if /dev/zinc may not be opened.
 */
ZINC_API int32_t zinc_gpu_holders(const char *gpu,
				  struct zinc_lock_holder **holders,
				  size_t *count, size_t entry_size);

/**
 * struct zinc_gpu - a GPU of this machine
 * @device: its name, as normalized by zinc_gpu_device()
 */
struct zinc_gpu {
	char device[ZINC_DEVICE_NAME_MAX + 1];
};

/**
 * zinc_gpus() - list the GPUs of this machine
 * @gpus: gets an array sorted by name, to be freed by zinc_gpus_free(); NULL if
 *	empty
 * @count: gets the number of entries
 * @entry_size: sizeof(struct zinc_gpu), the array's stride
 *
 * GPUs that have a render node in sysfs, and those of NVIDIA's driver. Drivers
 * without a GPU, such as vgem and vkms, are left out.
 *
 * Return: 0; -EINVAL if an argument is NULL or @entry_size is invalid; -ENOMEM,
 * -EMFILE, -ENFILE.
 */
ZINC_API int32_t zinc_gpus(struct zinc_gpu **gpus, size_t *count,
			   size_t entry_size);

/**
 * zinc_gpus_free() - free an array of zinc_gpus()
 * @gpus: from zinc_gpus(), or NULL
 */
ZINC_API void zinc_gpus_free(struct zinc_gpu *gpus);

/**
 * struct zinc_gpu_request - options for zinc_gpu_lock_any()
 * @size: sizeof(struct zinc_gpu_request)
 * @want: number of GPUs, at least 1
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @timeout_ms: as in zinc_flock_block()
 * @reserved: zero
 * @vendor: only GPUs of this vendor: nvidia, amd, intel, or a PCI vendor such
 *	as 0x10de; NULL for any
 * @driver: only GPUs with this kernel driver, such as amdgpu; NULL for any
 */
struct zinc_gpu_request {
	uint32_t size;
	uint32_t want;
	uint32_t mode;
	uint32_t timeout_ms;
	uint32_t reserved;
	const char *vendor;
	const char *driver;
};

/**
 * zinc_gpu_lock_any() - lock any GPUs, all that are requested or none
 * @request: options
 * @locks: gets the locks; none is held after a failure; unchanged after
 *	-EINVAL, -ERANGE and -ENOENT
 * @lock_size: sizeof(struct zinc_gpu_lock), the stride of @locks; the function
 *	sets the size of each
 * @taken: gets the GPUs that were locked
 * @gpu_size: sizeof(struct zinc_gpu), the stride of @taken
 * @why: gets the message, to be freed by free(); may be NULL
 *
 * GPUs are locked by address. Candidates are those that this process may open
 * and that CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES, HIP_VISIBLE_DEVICES or
 * ZE_AFFINITY_MASK does not hide from the runtime of their driver. A program
 * that locks only the file of BACKEND:INDEX is not detected. While too few GPUs
 * are free, the function holds none and tries ten times a second, in no FIFO
 * order.
 *
 * Return: as zinc_gpu_lock_acquire(); -EINVAL also if @lock_size, @gpu_size or
 * the request is invalid; -ERANGE if there are fewer candidates than requested;
 * -ENOENT if that is because sysfs is not mounted.
 */
ZINC_API int32_t zinc_gpu_lock_any(const struct zinc_gpu_request *request,
				   struct zinc_gpu_lock *locks,
				   size_t lock_size, struct zinc_gpu *taken,
				   size_t gpu_size, char **why);

/* ---- processors, caches, source trees ------------------------------------ */

/**
 * zinc_llc_lock_path() - get the path of a last-level cache's lock file
 * @buf: gets the path
 * @size: bytes of @buf
 * @llc: number of the cache; caches are numbered by their first processor
 *
 * The path is zinc-llc-N.lock in the directory of zinc_lock_folder().
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL; or as zinc_lock_folder().
 */
ZINC_API int32_t zinc_llc_lock_path(char *buf, size_t size, uint32_t llc);

/**
 * zinc_cpu_lock_path() - get the path of a processor's lock file
 * @buf: gets the path
 * @size: bytes of @buf
 * @cpu: number of the processor
 *
 * The path is zinc-cpu-N.lock in the directory of zinc_lock_folder().
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL; or as zinc_lock_folder().
 */
ZINC_API int32_t zinc_cpu_lock_path(char *buf, size_t size, uint32_t cpu);

/**
 * struct zinc_cpu_place - cache and NUMA node of a processor
 * @cpu: number of the processor
 * @llc: number of its last-level cache; caches are numbered by their first
 *	processor
 * @node: its NUMA node; -1 if the machine has none
 * @reserved: zero
 */
struct zinc_cpu_place {
	uint32_t cpu;
	uint32_t llc;
	int32_t node;
	uint32_t reserved;
};

/**
 * zinc_cpu_places() - list the online processors
 * @places: gets an array sorted by number, to be freed by
 *	zinc_cpu_places_free()
 * @count: gets the number of entries
 * @entry_size: sizeof(struct zinc_cpu_place), the array's stride
 *
 * If the kernel does not know a processor's caches, its package counts as one.
 *
 * Return: 0; -EINVAL if an argument is NULL or @entry_size is invalid; -ENOMEM;
 * or the error of reading sysfs.
 */
ZINC_API int32_t zinc_cpu_places(struct zinc_cpu_place **places,
				 size_t *count, size_t entry_size);

/**
 * zinc_cpu_places_free() - free an array of zinc_cpu_places()
 * @places: from zinc_cpu_places(), or NULL
 */
ZINC_API void zinc_cpu_places_free(struct zinc_cpu_place *places);

/**
 * struct zinc_cpu_request - options for zinc_cpu_lock_acquire()
 * @size: sizeof(struct zinc_cpu_request)
 * @want: number of processors to choose; 0 to lock those of @list
 * @llcs: non-zero if @list is of last-level caches, which are locked in @mode
 * @timeout_ms: as in zinc_flock_block()
 * @list: numbers, for example 0,2-5; NULL with @want
 * @mode: ZINC_EXCLUSIVE or ZINC_SHARED
 * @reserved: zero
 *
 * For a processor, its cache is locked shared and the processor in @mode.
 * Processors are chosen from the caller's affinity mask. Caches in use by other
 * processes are preferred, so that whole caches stay free; then caches whose
 * NUMA node is nearest to these or, if there are none, to the caller's.
 */
struct zinc_cpu_request {
	uint32_t size;
	uint32_t want;
	uint32_t llcs;
	uint32_t timeout_ms;
	const char *list;
	uint32_t mode;
	uint32_t reserved;
};

/**
 * struct zinc_cpu_locks - locks of zinc_cpu_lock_acquire()
 * @size: sizeof(struct zinc_cpu_locks), set by the caller
 * @reserved: zero
 * @count: processors or caches in @numbers
 * @fds_count: descriptors in @fds
 * @numbers: numbers of the processors or caches, ascending
 * @fds: descriptors of the lock files and the kernel's reservations
 */
struct zinc_cpu_locks {
	uint32_t size;
	uint32_t reserved;
	size_t count;
	size_t fds_count;
	uint32_t *numbers;
	int *fds;
};

/**
 * zinc_cpu_lock_acquire() - lock processors or caches, all or none
 * @request: options
 * @locks: its size is set by the caller; gets the locks, to be released by
 *	zinc_cpu_lock_release(); empty after a failure
 * @why: gets the message, which names the busy one and its holders, to be freed
 *	by free(); may be NULL
 *
 * If one is busy, all are released. With the kernel module, requests are served
 * in FIFO order: the processors (cpu:N) and caches (llc:N) are reserved as
 * well, a request that may choose queues for cpu:any, and no conflicting
 * request overtakes, not even with a timeout of 0. Without the module, access
 * to /dev/zinc or a free reservation of the user's limit, there is no order:
 * the function sleeps, holding no lock, until the busy one is free and starts
 * over; a request that may choose tries ten times a second. Two requests for
 * the same processors cannot deadlock.
 *
 * Return: 0; -EBUSY for a timeout of 0, else -ETIMEDOUT; -EINVAL if an argument
 * is NULL, or a size or the list is invalid; -ENODEV if the machine does not
 * have one of them; -ERANGE for more than the caller's affinity mask has; or as
 * zinc_flock_try().
 */
ZINC_API int32_t zinc_cpu_lock_acquire(const struct zinc_cpu_request *request,
				       struct zinc_cpu_locks *locks, char **why);

/**
 * zinc_cpu_lock_release() - release processors or caches
 * @locks: from zinc_cpu_lock_acquire(); NULL, or one that is empty, is ignored
 */
ZINC_API void zinc_cpu_lock_release(struct zinc_cpu_locks *locks);

/**
 * zinc_cache_lock_path() - get the path of a cache entry's lock file
 * @buf: gets the path
 * @size: bytes of @buf
 * @root: directory of the cache
 * @key: name of the entry, without a slash
 *
 * The path is ROOT/.locks/KEY.lock.
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL.
 */
ZINC_API int32_t zinc_cache_lock_path(char *buf, size_t size, const char *root,
				      const char *key);

/**
 * zinc_source_lock_path() - get the path of a source tree's lock file
 * @buf: gets the path
 * @size: bytes of @buf
 * @root: directory of the cache
 * @tree: the tree, which must exist
 *
 * The path is ROOT/.locks/source-HASH.lock. The hash is FNV-1a 64 of the tree's
 * canonical path, in 16 hexadecimal digits.
 *
 * Return: 0; -ENAMETOOLONG; -EINVAL; or the error of realpath(3).
 */
ZINC_API int32_t zinc_source_lock_path(char *buf, size_t size, const char *root,
				       const char *tree);

#ifdef __cplusplus
}
#endif

#endif /* ZINC_LOCK_H */
