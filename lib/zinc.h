/* SPDX-License-Identifier: MIT */
/*
 * libzinc-kmod: named shared memory regions, with the zinc kernel module or,
 * where that is not loaded, on POSIX shared memory.
 *
 * Every function that returns int32_t gives 0 (or what it documents) or a
 * negative errno. All are thread-safe, except that a handle must not be used
 * while another thread closes it. zinc_notify(), zinc_notify_checked(),
 * zinc_try_wait(), zinc_ptr(), zinc_capacity() and zinc_sequence() are
 * async-signal-safe.
 *
 * fork(): the child has the parent's handles, mappings and cursors at that
 * moment; from then on the cursors move apart, except that of a descriptor
 * handed out by zinc_fd(), which parent and child share. The region counts
 * one handle until both have closed it; on POSIX shared memory, until the one
 * that made it has. exec(): handles are closed.
 *
 * Trust: with the kernel module, a peer can spoil the data and the sequence,
 * and nothing else. On POSIX shared memory, whoever may write a region may also
 * truncate it: from then on the data, zinc_sequence() and every function that
 * notifies or waits raise SIGBUS, where the bytes that they look at are gone.
 * zinc_open(), zinc_info(), zinc_stat(), zinc_list(), zinc_unlink() and
 * zinc_close() see a truncated region for what it is, without a SIGBUS, but
 * open and close only if it does not happen at that very moment.
 */
#ifndef ZINC_H
#define ZINC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ZINC_API __attribute__((visibility("default")))
#else
#define ZINC_API
#endif

#define ZINC_MAX_NAME	249		/* bytes of [a-zA-Z0-9_-] */
#define ZINC_WAIT_FOREVER 0xFFFFFFFFu	/* zinc_wait(): no timeout */
#define ZINC_NO_DEADLINE UINT64_MAX	/* zinc_wait_until(): no deadline */

typedef struct zinc_region *zinc_handle;

/* ---- the nine functions --------------------------------------------- */

/**
 * zinc_create() - make a region and own it
 * @name: 1 to ZINC_MAX_NAME bytes of [a-zA-Z0-9_-]
 * @capacity: bytes of data, a multiple of the page size, not 0
 * @out: the creator's handle, NULL after every failure
 *
 * The data read as zeros and have their memory before this returns. Only the
 * owner may open it (mode 0600); zinc_create_with() gives the choice. It lives
 * until the last handle is closed, by whomever.
 *
 * Return: 0; -EINVAL @out or @name NULL, bad name, bad capacity (checked in
 * this order); -EEXIST the name is taken; -EPERM not allowed; -ENOMEM; -EDQUOT
 * or -ENOSPC the user's limit on regions or bytes; or another negative errno.
 */
ZINC_API int32_t zinc_create(const char *name, uintptr_t capacity,
			     zinc_handle *out);

/**
 * zinc_open() - attach to a region for reading and writing
 * @name: the region's name
 * @out: a handle with a cursor of 0, NULL after every failure
 *
 * Return: 0; -EINVAL; -ENOENT no such name; -EPERM its mode forbids it;
 * -EBADMSG on POSIX shared memory, its header is not that of a region (the
 * kernel knows its own); or another negative errno.
 */
ZINC_API int32_t zinc_open(const char *name, zinc_handle *out);

/**
 * zinc_ptr() - where the data are
 * @handle: region, or NULL
 *
 * The header is the 64 bytes before. With the kernel module the data begin a
 * page and, from 2 MiB on, a huge page; on POSIX shared memory they begin 64
 * bytes past a page.
 *
 * Return: the first byte, valid until zinc_close(); NULL for NULL, and where
 * the handle was made with ZINC_NO_DATA.
 */
ZINC_API uint8_t *zinc_ptr(zinc_handle handle);

/**
 * zinc_capacity() - how long the data are
 * @handle: region, or NULL
 *
 * Return: bytes, as given at create; 0 for NULL.
 */
ZINC_API uintptr_t zinc_capacity(zinc_handle handle);

/**
 * zinc_close() - close a handle and unmap its data
 * @handle: region; NULL is left alone
 *
 * Pointers from zinc_ptr() die with it; see zinc_close_keep_data().
 */
ZINC_API void zinc_close(zinc_handle handle);

/**
 * zinc_notify() - sequence + 1, and wake all who wait
 * @handle: region; NULL is left alone
 *
 * What was written before it is visible after the wait that it satisfies.
 * With the kernel module and nobody waiting it makes no system call. On a
 * read-only handle it does nothing; zinc_notify_checked() says so.
 */
ZINC_API void zinc_notify(zinc_handle handle);

/**
 * zinc_wait() - wait for a notify that this handle has not seen
 * @handle: region
 * @timeout_ms: milliseconds; 0 only looks; ZINC_WAIT_FOREVER
 *
 * Each handle has a cursor, 0 at first, so that a handle opened after a notify
 * finds it pending. One wait takes all notifies there are. Own notifies count.
 * Signals do not end it. Of threads that share a handle, one gets what is
 * pending, but all that sleep get the next notify.
 *
 * Return: 0 notified; -ETIMEDOUT; -EINVAL for NULL.
 */
ZINC_API int32_t zinc_wait(zinc_handle handle, uint32_t timeout_ms);

/**
 * zinc_try_wait() - zinc_wait() that only looks
 * @handle: region
 *
 * Return: 0 notified; -EAGAIN nothing is pending; -EINVAL for NULL.
 */
ZINC_API int32_t zinc_try_wait(zinc_handle handle);

/**
 * zinc_version() - what this library is
 *
 * Return: (region format << 16) | library ABI; 0x20001 today.
 */
ZINC_API uint32_t zinc_version(void);

/* ---- create and open with options ----------------------------------- */

enum zinc_backend_kind {
	ZINC_BACKEND_AUTO = 0,	/* $ZINC_BACKEND, else the module, else shm */
	ZINC_BACKEND_KMOD = 1,	/* /dev/zinc */
	ZINC_BACKEND_SHM = 2	/* POSIX shared memory and futexes */
};

enum zinc_lifetime_kind {
	ZINC_LIVES_REFS = 0,	/* until the last handle is closed */
	ZINC_LIVES_CREATOR = 1,	/* its name goes with the creator's handle */
	ZINC_LIVES_PERSIST = 2	/* until it is unlinked */
};

#define ZINC_LAZY	(1u << 0)	/* memory with the first touch */
#define ZINC_REPLACE	(1u << 1)	/* take the name from its region */
#define ZINC_READONLY	(1u << 2)	/* (open) map and wait only */
#define ZINC_NO_DATA	(1u << 3)	/* (open, import) leave the data unmapped */

/**
 * struct zinc_options - for those functions that take a choice
 * @size: sizeof(struct zinc_options), set by the caller
 * @flags: create: ZINC_LAZY, ZINC_REPLACE; open: ZINC_READONLY, ZINC_NO_DATA;
 *	import: ZINC_REPLACE, ZINC_NO_DATA
 * @mode: create, import: permission bits within 0666, 0 means 0600; no umask is
 *	applied
 * @lifetime: create, import: enum zinc_lifetime_kind
 * @backend: enum zinc_backend_kind
 * @reserved: zero
 *
 * Zero everything but @size for the defaults. An unknown flag, a field that
 * does not belong to the call, or a non-zero byte past what the library knows
 * gives -EINVAL.
 */
struct zinc_options {
	uint32_t size;
	uint32_t flags;
	uint32_t mode;
	uint32_t lifetime;
	uint32_t backend;
	uint32_t reserved;
};

/**
 * zinc_create_with() - zinc_create() with a choice
 * @name: as in zinc_create(), or NULL for an anonymous region, which others
 *	get by its descriptor (kernel module only, else -EOPNOTSUPP)
 * @capacity: as in zinc_create()
 * @options: NULL for the defaults
 * @out: as in zinc_create()
 *
 * Return: as zinc_create(); where the kernel said -EACCES, that.
 */
ZINC_API int32_t zinc_create_with(const char *name, uintptr_t capacity,
				  const struct zinc_options *options,
				  zinc_handle *out);

/**
 * zinc_open_with() - zinc_open() with a choice
 * @name: as in zinc_open()
 * @options: NULL, or ZINC_READONLY and ZINC_NO_DATA in its flags, or its
 *	backend
 * @out: as in zinc_open()
 *
 * A handle with ZINC_NO_DATA waits, notifies, exports and tells; zinc_ptr()
 * gives NULL. It is what there is for memory of a device that no CPU maps.
 *
 * Return: as zinc_open(); where the kernel said -EACCES, that; -EINVAL options
 * that are not for open; -EACCES, too, where the memory is a dma-buf that is
 * read-only; -ENXIO where it is one that can not be mapped.
 */
ZINC_API int32_t zinc_open_with(const char *name,
				const struct zinc_options *options,
				zinc_handle *out);

/**
 * zinc_create_or_replace() - zinc_create(), taking the name if it is in use
 * @name: as in zinc_create()
 * @capacity: as in zinc_create()
 * @out: as in zinc_create()
 *
 * Who has the old region open keeps it, without a name. With the kernel module
 * there is no moment at which the name is missing.
 *
 * Return: as zinc_create(), never -EEXIST; -EPERM the old one is not ours.
 */
ZINC_API int32_t zinc_create_or_replace(const char *name, uintptr_t capacity,
					zinc_handle *out);

/**
 * zinc_unlink() - take a region's name away
 * @name: the region's name
 *
 * Handles and mappings stay valid. With the kernel module, a POSIX region of
 * that name goes if the module has none, as zinc_stat() sees it.
 *
 * Return: 0; -ENOENT; -EPERM not its owner; -EINVAL bad name.
 */
ZINC_API int32_t zinc_unlink(const char *name);

/**
 * zinc_close_keep_data() - close a handle, leave its data mapped
 * @handle: region; NULL gives -EINVAL
 * @data: the data's address
 * @length: to be given to zinc_unmap_data() with @data
 *
 * For languages whose views outlive the handle. The header is gone with the
 * handle, the data are not.
 *
 * Return: 0; -EINVAL a NULL, -ENXIO there are no data mapped; after these the
 * handle stays open.
 */
ZINC_API int32_t zinc_close_keep_data(zinc_handle handle, void **data,
				      size_t *length);

/**
 * zinc_unmap_data() - end what zinc_close_keep_data() kept
 * @data: from there
 * @length: from there
 */
ZINC_API void zinc_unmap_data(void *data, size_t length);

/* ---- descriptors ----------------------------------------------------- */

/**
 * zinc_fd() - the handle's descriptor, for poll, epoll, io_uring, SCM_RIGHTS
 * @handle: region
 *
 * Readable while a notify is pending; zinc_try_wait() takes it. The descriptor
 * belongs to the handle: do not close it.
 *
 * Return: a descriptor; -EINVAL for NULL; -EOPNOTSUPP on POSIX shared memory.
 */
ZINC_API int32_t zinc_fd(zinc_handle handle);

/**
 * zinc_from_fd() - a handle of one's own from a region's descriptor
 * @fd: from zinc_fd(), mostly of another process; stays the caller's
 * @options: NULL, or ZINC_READONLY and ZINC_NO_DATA in its flags
 * @out: a handle with a cursor of 0, NULL after every failure
 *
 * A read-only descriptor gives a read-only handle.
 *
 * Return: 0; -EINVAL; -EBADF no descriptor; -ENOTTY not a region's;
 * -EOPNOTSUPP that of a POSIX object, or @options ask for POSIX shared memory;
 * -EACCES, -ENXIO as zinc_open_with().
 */
ZINC_API int32_t zinc_from_fd(int fd, const struct zinc_options *options,
			      zinc_handle *out);

/* ---- notify and wait -------------------------------------------------- */

/**
 * zinc_notify_checked() - zinc_notify() that says whether it did
 * @handle: region
 *
 * Return: 0; -EBADF the handle is read-only; -EINVAL for NULL.
 */
ZINC_API int32_t zinc_notify_checked(zinc_handle handle);

/**
 * zinc_wait_until() - zinc_wait() with an absolute CLOCK_MONOTONIC deadline
 * @handle: region
 * @deadline_ns: nanoseconds; one that is past, as 0, only looks;
 *	ZINC_NO_DEADLINE waits for ever
 *
 * Return: 0 notified; -ETIMEDOUT; -EINVAL for NULL.
 */
ZINC_API int32_t zinc_wait_until(zinc_handle handle, uint64_t deadline_ns);

/**
 * zinc_wait_any() - wait for a notify on any of several regions
 * @handles: 1 to 128 of them, all of one backend
 * @count: how many
 * @deadline_ns: as in zinc_wait_until(); 0 only looks
 * @index: which one it was, the first where several were; may be NULL
 *
 * Only that one's cursor moves.
 *
 * Return: 0; -ETIMEDOUT; -EINVAL; -EOPNOTSUPP on POSIX shared memory where the
 * kernel has no futex_waitv (before 5.16).
 */
ZINC_API int32_t zinc_wait_any(const zinc_handle *handles, size_t count,
			       uint64_t deadline_ns, size_t *index);

/**
 * zinc_notify_and_wait() - notify one region, then wait for another
 * @to_notify: as in zinc_notify()
 * @to_wait: as in zinc_wait(); may be the same
 * @timeout_ms: as in zinc_wait()
 *
 * In one system call with the kernel module: a request and its reply.
 *
 * Return: as zinc_wait(); -EBADF, at once, where @to_notify is read-only.
 */
ZINC_API int32_t zinc_notify_and_wait(zinc_handle to_notify,
				      zinc_handle to_wait, uint32_t timeout_ms);

/**
 * zinc_sequence() - how often the region was notified
 * @handle: region, or NULL
 *
 * Return: notifies so far, modulo 2^32; 0 for NULL.
 */
ZINC_API uint32_t zinc_sequence(zinc_handle handle);

/* ---- information ------------------------------------------------------ */

#define ZINC_IS_CREATOR_GONE	(1u << 0)	/* the creator's handle is closed */
#define ZINC_IS_UNLINKED	(1u << 1)	/* has no name any more */
#define ZINC_IS_ANONYMOUS	(1u << 2)	/* never had one */
#define ZINC_IS_LAZY		(1u << 3)
#define ZINC_IS_READONLY	(1u << 4)	/* this handle */
#define ZINC_IS_CREATOR		(1u << 5)	/* this handle */
#define ZINC_IS_STALE		(1u << 6)	/* shm: see below */
#define ZINC_IS_INVALID		(1u << 7)	/* shm: header is bad */
#define ZINC_IS_IMPORTED	(1u << 8)	/* its memory is a foreign dma-buf */
#define ZINC_IS_DATA_READONLY	(1u << 9)	/* nobody maps its data writable */

/**
 * struct zinc_region_info - what is known of a region
 * @size: sizeof(struct zinc_region_info), set by the caller of zinc_info()
 * @backend: enum zinc_backend_kind
 * @id: kernel module: the region's number; shm: inode number
 * @capacity: bytes of data
 * @resident: bytes of them that have memory now
 * @created_at: CLOCK_REALTIME in ns
 * @flags: ZINC_IS_*
 * @lifetime: enum zinc_lifetime_kind
 * @uid: owner
 * @gid: owning group
 * @mode: permission bits
 * @owner_pid: creator's process, 0 if not visible from here
 * @handles: open handles, as counted by the kernel or, shm, by the header
 * @waiters: who sleeps on it now (kernel module; 0 on shm)
 * @sequence: notifies so far
 * @cursor: this handle's
 * @name: NUL-terminated; empty for none
 * @attachments: devices attached to its dma-buf (0 if imported, and on shm)
 * @fences: fences that have yet to notify (0 on shm)
 * @fence_errors: fences so far that signalled an error, modulo 2^32
 * @fence_error: the last such error, a negative errno; 0 if there was none
 *
 * What follows @name came later: a caller whose struct ends there gets no more.
 *
 * ZINC_IS_STALE: its creator died without closing it, as far as can be seen
 * from here (another pid namespace hides a process), or nobody has it open any
 * more, and it was not made to persist. ZINC_IS_INVALID: no more than id, uid,
 * gid, mode, resident and name is known. A handle has it once somebody has
 * scribbled over its header or truncated its object; then its capacity,
 * lifetime and cursor are known as well, and its data may be gone.
 */
struct zinc_region_info {
	uint32_t size;
	uint32_t backend;
	uint64_t id;
	uint64_t capacity;
	uint64_t resident;
	uint64_t created_at;
	uint32_t flags;
	uint32_t lifetime;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	int32_t owner_pid;
	uint32_t handles;
	uint32_t waiters;
	uint32_t sequence;
	uint32_t cursor;
	char name[256];
	uint32_t attachments;
	uint32_t fences;
	uint32_t fence_errors;
	int32_t fence_error;
};

/**
 * zinc_info() - describe a region
 * @handle: region
 * @info: its size says how much of it the caller knows
 *
 * Return: 0; -EINVAL a NULL, or a size below that of the struct's first
 * version.
 */
ZINC_API int32_t zinc_info(zinc_handle handle, struct zinc_region_info *info);

/**
 * zinc_stat() - zinc_info() of a region by name, without opening it
 * @name: the region's name
 * @info: as in zinc_info()
 *
 * Return: 0; -ENOENT; -EINVAL; -EACCES where it may not be seen; -ENOMEM, -EMFILE,
 * -ENFILE.
 */
ZINC_API int32_t zinc_stat(const char *name, struct zinc_region_info *info);

/**
 * zinc_list() - the named regions that the caller may see
 * @list: an array, to be freed with zinc_list_free(); NULL when empty
 * @count: its length
 * @entry_size: sizeof(struct zinc_region_info), a multiple of 8: the array's
 *	stride
 *
 * In order of their names, of both backends, unless $ZINC_BACKEND says which.
 *
 * Return: 0; -EINVAL; -EACCES where /dev/zinc may not be opened; -ENOMEM, -EMFILE,
 * -ENFILE.
 */
ZINC_API int32_t zinc_list(struct zinc_region_info **list, size_t *count,
			   size_t entry_size);

/**
 * zinc_list_free() - free what zinc_list() gave
 * @list: from there, or NULL
 */
ZINC_API void zinc_list_free(struct zinc_region_info *list);

/* ---- devices: dma-bufs and fences -------------------------------------- */

#define ZINC_CAN_EXPORT	(1u << 3)	/* zinc_export_dmabuf(), cpu_access */
#define ZINC_CAN_IMPORT	(1u << 4)	/* zinc_import_dmabuf() */
#define ZINC_CAN_FENCE	(1u << 5)	/* zinc_notify_on_fence() */

/**
 * zinc_features() - what can be done with devices here
 * @handle: region, or NULL for a new one
 * @features: ZINC_CAN_*; 0 on POSIX shared memory, and after every failure
 *
 * To ask before. A function whose bit is not set gives -EOPNOTSUPP. Other bits
 * may be set by later libraries.
 *
 * Return: 0; -EINVAL @features is NULL; for NULL as zinc_backend(); with the
 * kernel module, where /dev/zinc can not be opened, why not.
 */
ZINC_API int32_t zinc_features(zinc_handle handle, uint64_t *features);

/**
 * zinc_export_dmabuf() - the data as a dma-buf, for a device to import
 * @handle: region
 * @flags: 0, or ZINC_READONLY for one that neither CPU nor device writes by;
 *	DRM drivers refuse such
 *
 * It covers the data, zinc_capacity() bytes, and nothing else, and is the same
 * buffer at each call. While a device is attached, the pages stay where they
 * are. The dma-buf keeps the memory, but neither name nor handles. Of an
 * imported region it is the dma-buf that was imported.
 *
 * Return: a new descriptor, close-on-exec, the caller's to close; -EINVAL NULL
 * or an unknown flag; -EACCES writable from a read-only handle; -EOPNOTSUPP on
 * POSIX shared memory, with a module that is too old, and read-only of an
 * imported dma-buf that is writable; -EMFILE, -ENFILE, -ENOMEM.
 */
ZINC_API int32_t zinc_export_dmabuf(zinc_handle handle, uint32_t flags);

/**
 * zinc_import_dmabuf() - a region of a foreign dma-buf
 * @dmabuf_fd: dma-buf of a DRM driver, a dma-heap, udmabuf; stays the caller's
 * @name: as in zinc_create_with()
 * @options: NULL, or ZINC_REPLACE and ZINC_NO_DATA in its flags, its mode and
 *	its lifetime
 * @out: the creator's handle, NULL after every failure
 *
 * Others find it, map it, wait for it and export it as any region. Nothing is
 * copied. If @dmabuf_fd is read-only, this handle maps the data for reading;
 * others have to open it with ZINC_READONLY or ZINC_NO_DATA.
 *
 * Return: 0; as zinc_create_with(); -EBADF @dmabuf_fd is not open; -EINVAL no
 * dma-buf, or its size is no multiple of the page size; -ENXIO it can not be
 * mapped: ZINC_NO_DATA; -EOPNOTSUPP on POSIX shared memory, or with a module
 * that is too old.
 */
ZINC_API int32_t zinc_import_dmabuf(int dmabuf_fd, const char *name,
				    const struct zinc_options *options,
				    zinc_handle *out);

/**
 * zinc_notify_on_fence() - have a region notified when a fence signals
 * @handle: region
 * @fence_fd: a sync_file, from a device's driver; may be closed afterwards
 *
 * When a device has done its work, those who wait for the region wake, with no
 * thread in between; where it has already, at once. It notifies once, however
 * many fences the sync_file has. A fence that signals an error notifies, too:
 * zinc_region_info.fence_errors has been counted up by then. Fences that are
 * pending when the region goes are forgotten.
 *
 * Return: 0; -EINVAL for NULL; -EBADF @fence_fd is no sync_file, or the handle
 * is read-only; -EBUSY too many fences are pending (4096); -ENOMEM;
 * -EOPNOTSUPP on POSIX shared memory, or with a module that is too old.
 */
ZINC_API int32_t zinc_notify_on_fence(zinc_handle handle, int fence_fd);

#define ZINC_CPU_READ	(1u << 0)
#define ZINC_CPU_WRITE	(1u << 1)

/**
 * zinc_begin_cpu_access() - before the CPU touches what a device works on
 * @handle: region
 * @access: ZINC_CPU_READ, ZINC_CPU_WRITE or both
 *
 * Waits until the devices that the region's dma-buf was imported into have
 * done what they were asked to, as far as their drivers say (what they write,
 * for ZINC_CPU_READ; all, for ZINC_CPU_WRITE), and makes what they wrote
 * visible. Where no device imports the region there is no need for it.
 * Signals do not end it.
 *
 * At the first call the handle exports the dma-buf, and keeps that descriptor
 * until it is closed.
 *
 * Return: 0; -EINVAL for NULL, or an unknown or no @access; -EBADF
 * ZINC_CPU_WRITE on a read-only handle; or as zinc_export_dmabuf() for the
 * kind of handle.
 */
ZINC_API int32_t zinc_begin_cpu_access(zinc_handle handle, uint32_t access);

/**
 * zinc_end_cpu_access() - after it, before the device goes on
 * @handle: region
 * @access: as to zinc_begin_cpu_access()
 *
 * Return: as zinc_begin_cpu_access().
 */
ZINC_API int32_t zinc_end_cpu_access(zinc_handle handle, uint32_t access);

/* ---- the library --------------------------------------------------------- */

/**
 * zinc_backend() - which backend a handle has, or a new region would get
 * @handle: region, or NULL for a new one
 *
 * Return: enum zinc_backend_kind; for NULL, -EACCES where /dev/zinc is there
 * but may not be opened, -EINVAL for a bad $ZINC_BACKEND.
 */
ZINC_API int32_t zinc_backend(zinc_handle handle);

/**
 * zinc_backend_reason() - zinc_backend(NULL), and why, as a sentence
 * @text: the sentence, cut to fit, NUL-terminated
 * @size: bytes there
 *
 * Return: as zinc_backend() for NULL.
 */
ZINC_API int32_t zinc_backend_reason(char *text, size_t size);

/**
 * zinc_strerror() - what a return value of this library means
 * @error: 0 or a negative errno
 *
 * Return: a constant sentence, in English, that says what to do about it.
 */
ZINC_API const char *zinc_strerror(int32_t error);

#ifdef __cplusplus
}
#endif

#endif /* ZINC_H */
