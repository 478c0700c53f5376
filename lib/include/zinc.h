/* SPDX-License-Identifier: MIT */
/*
 * libzinc-kmod: named shared memory regions, provided by the zinc kernel module
 * or, where that is not loaded, by POSIX shared memory.
 *
 * A function that returns int32_t returns 0 (or the value it documents) or a
 * negative errno. All functions are thread-safe, except that a handle must not
 * be used while another thread closes it. zinc_notify(), zinc_notify_checked(),
 * zinc_try_wait(), zinc_ptr(), zinc_capacity() and zinc_sequence() are
 * async-signal-safe.
 *
 * fork(): the child inherits the parent's handles, mappings and cursors. From
 * then on each process moves its own cursors, except the cursor of a descriptor
 * that zinc_fd() returned, which both share. With the kernel module, the region
 * counts the inherited handle once, until both processes have closed it. On
 * POSIX shared memory, it counts until the process that created the handle
 * closes it, or both have ended. exec(): handles are closed.
 *
 * Trust: with the kernel module, a peer can corrupt the data and the sequence,
 * but nothing else. On POSIX shared memory, a process that may write a region
 * may also truncate it. After that, accesses to the lost bytes raise SIGBUS: in
 * the data, in zinc_sequence() and in each function that notifies or waits.
 * zinc_open(), zinc_info(), zinc_stat(), zinc_list(), zinc_unlink() and
 * zinc_close() detect the truncation and raise no SIGBUS, unless it happens
 * during zinc_open() or zinc_close().
 *
 * A struct is extended at its end only, and its size is passed with it.
 * lib/libzinc-kmod.abi is a dump of the exported interface, which
 * tests/repo/lint compares. After a change here, "make abi" updates it, in the
 * same commit.
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

#define ZINC_NAME_MAX	249		/* bytes of [a-zA-Z0-9_-] */
#define ZINC_WAIT_FOREVER 0xFFFFFFFFu	/* zinc_wait(): no timeout */
#define ZINC_DEADLINE_NEVER 0xFFFFFFFFFFFFFFFFull	/* zinc_wait_until(): no deadline */

typedef struct zinc_region *zinc_handle;
/* the name that programs for libzinc_core use */
typedef zinc_handle ZincHandle;

/* ---- the nine functions --------------------------------------------- */

/**
 * zinc_create() - create a region
 * @name: 1 to ZINC_NAME_MAX bytes of [a-zA-Z0-9_-]
 * @capacity: bytes of data, a non-zero multiple of the page size
 * @out: the creator's handle; NULL after a failure
 *
 * The data are zero, and their memory is allocated before the function returns.
 * Only the owner may open the region (mode 0600). The region exists until the
 * last handle is closed, unless $ZINC_LIFETIME says otherwise. To choose the
 * mode and the lifetime, use zinc_create_with(). On POSIX shared memory, a name
 * left by a dead creator is reused.
 *
 * Return: 0; -EINVAL if @out or @name is NULL, or the name or the capacity is
 * invalid (checked in this order); -EEXIST if the name is in use; -EPERM if not
 * permitted; -ENOMEM; -EDQUOT or -ENOSPC if the user's limit on regions or
 * bytes is reached; or another negative errno.
 */
ZINC_API int32_t zinc_create(const char *name, uintptr_t capacity,
			     zinc_handle *out);

/**
 * zinc_open() - open a region for reading and writing
 * @name: the region's name; on POSIX shared memory it may be one byte longer
 *	than zinc_create() accepts, as for zinc_unlink(), zinc_stat() and
 *	zinc_list()
 * @out: a handle whose cursor is 0; NULL after a failure
 *
 * Return: 0; -EINVAL; -ENOENT if there is no such name; -EPERM if the mode does
 * not permit it; -EBADMSG if it is not a region (POSIX shared memory);
 * or another negative errno.
 */
ZINC_API int32_t zinc_open(const char *name, zinc_handle *out);

/**
 * zinc_ptr() - get the address of the data
 * @handle: region, or NULL
 *
 * The header is the 64 bytes before the data. With the kernel module, the data
 * are page-aligned, and aligned to a huge page from that capacity on (2 MiB on
 * most machines). On POSIX shared memory, they begin 64 bytes after a page
 * boundary. A POSIX region with the page layout (ZINC_PAGE_LAYOUT,
 * ZINC_INFO_PAGE_LAYOUT) has its header one page before the data, and zeros in
 * the 64 bytes before them. Another Zinc's newest version creates such regions.
 *
 * Return: the first byte, valid until zinc_close(); NULL if @handle is NULL or
 * was opened with ZINC_NO_DATA.
 */
ZINC_API uint8_t *zinc_ptr(zinc_handle handle);

/**
 * zinc_capacity() - get the size of the data
 * @handle: region, or NULL
 *
 * Return: bytes, as passed to zinc_create(); 0 if @handle is NULL.
 */
ZINC_API uintptr_t zinc_capacity(zinc_handle handle);

/**
 * zinc_close() - close a handle and unmap its data
 * @handle: region; NULL is ignored
 *
 * Pointers from zinc_ptr() become invalid. To keep the mapping, use
 * zinc_close_keep_data().
 */
ZINC_API void zinc_close(zinc_handle handle);

/**
 * zinc_notify() - increment the sequence and wake all waiters
 * @handle: region; NULL is ignored
 *
 * Writes made before a notify are visible after the wait it wakes. Without a
 * waiter, it makes no system call; on POSIX shared memory, this requires that
 * every handle is one of this library. On a read-only handle it does nothing;
 * zinc_notify_checked() returns an error instead.
 */
ZINC_API void zinc_notify(zinc_handle handle);

/**
 * zinc_wait() - wait for a notify this handle has not seen
 * @handle: region
 * @timeout_ms: milliseconds; 0 to poll; ZINC_WAIT_FOREVER for no timeout
 *
 * Each handle has a cursor, initially 0, so a handle that is opened after a
 * notify finds that notify pending. One wait consumes all pending notifies,
 * including the handle's own. Signals do not interrupt it. If several threads
 * share a handle, one of them consumes a pending notify, but all that are
 * asleep receive the next one.
 *
 * Return: 0 after a notify; -ETIMEDOUT; -EINVAL if @handle is NULL. With the
 * kernel module, a wait that has to sleep may also fail with -EDQUOT (the
 * module's max_waiters) or -ENOMEM.
 */
ZINC_API int32_t zinc_wait(zinc_handle handle, uint32_t timeout_ms);

/**
 * zinc_try_wait() - consume a pending notify without waiting
 * @handle: region
 *
 * Return: 0 after a notify; -EAGAIN if none is pending; -EINVAL if @handle is
 * NULL.
 */
ZINC_API int32_t zinc_try_wait(zinc_handle handle);

/**
 * zinc_version() - region format and library ABI version
 *
 * Return: (region format << 16) | library ABI; currently 0x20001.
 */
ZINC_API uint32_t zinc_version(void);

/* ---- create and open with options ----------------------------------- */

/**
 * enum zinc_backend_kind - where regions are
 * @ZINC_BACKEND_AUTO: as $ZINC_BACKEND says, else the kernel module if
 *	/dev/zinc exists, else POSIX shared memory
 * @ZINC_BACKEND_KMOD: the kernel module, /dev/zinc
 * @ZINC_BACKEND_SHM: POSIX shared memory and futexes
 */
enum zinc_backend_kind {
	ZINC_BACKEND_AUTO = 0,
	ZINC_BACKEND_KMOD = 1,
	ZINC_BACKEND_SHM = 2
};

/* When a region loses its name. */
#define ZINC_LIFETIME_REFS	0	/* when the last handle is closed */
#define ZINC_LIFETIME_CREATOR	1	/* when the creator's handle is closed */
#define ZINC_LIFETIME_PERSIST	2	/* when it is unlinked, or its namespace ends */

/*
 * ZINC_LAZY: a page is allocated at its first access. If there is no memory
 * then, the OOM killer runs (on POSIX shared memory, SIGBUS is raised). The
 * kernel module accounts the whole capacity at create, and refuses more than
 * memory and swap unless vm.overcommit_memory is 1.
 */
#define ZINC_LAZY	(1u << 0)
#define ZINC_REPLACE	(1u << 1)	/* unlink the region of that name */
#define ZINC_RDONLY	(1u << 2)	/* (open) map and wait only */
#define ZINC_NO_DATA	(1u << 3)	/* (open, import) do not map the data */
/*
 * ZINC_CONTIGUOUS, kernel module only: each huge page's size of the data (2 MiB
 * with pages of 4 KiB), counted from their start, is physically contiguous, for
 * devices without an IOMMU. The pages stay pinned: they are never swapped, and
 * count in the module's max_pinned_bytes. The last block is allocated, and
 * counts in max_bytes, as a whole one. Not with ZINC_LAZY. What such a device
 * needs in one piece beyond a huge page has to come from a contiguous memory
 * allocator: see zinc_import_dmabuf().
 */
#define ZINC_CONTIGUOUS	(1u << 4)
#define ZINC_PAGE_LAYOUT (1u << 16)	/* shm: page-aligned data; see zinc_ptr() */

/**
 * struct zinc_options - options for create, open and import
 * @size: sizeof(struct zinc_options), set by the caller
 * @flags: create: ZINC_LAZY, ZINC_REPLACE, ZINC_CONTIGUOUS, ZINC_PAGE_LAYOUT;
 *	open: ZINC_RDONLY, ZINC_NO_DATA; import: ZINC_REPLACE, ZINC_NO_DATA
 * @mode: create, import: permission bits within 0666; 0 means 0600; the umask
 *	is not applied
 * @lifetime: create, import: ZINC_LIFETIME_*; 0 means $ZINC_LIFETIME ("refs",
 *	"creator" or "persist"), or ZINC_LIFETIME_REFS if that is not set
 * @backend: enum zinc_backend_kind
 * @reserved: zero
 *
 * Zero all fields but @size for the defaults. An unknown flag, a field that the
 * call does not use, or a non-zero byte beyond the struct the library knows is
 * refused with -EINVAL.
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
 * zinc_create_with() - create a region with options
 * @name: as in zinc_create(); or NULL for an anonymous region, which other
 *	processes open by its descriptor (kernel module only, else -EOPNOTSUPP)
 * @capacity: as in zinc_create()
 * @options: NULL for the defaults
 * @out: as in zinc_create()
 *
 * Return: as zinc_create(), but -EACCES where the kernel returned that. With
 * ZINC_CONTIGUOUS also -EOPNOTSUPP on POSIX shared memory, with a module that is
 * too old, or if the kernel has no huge pages; -ENOMEM if no block of free memory
 * is large enough; -EDQUOT if the user has too many bytes pinned for devices;
 * -EBUSY or -EIO if a page cannot be pinned.
 */
ZINC_API int32_t zinc_create_with(const char *name, uintptr_t capacity,
				  const struct zinc_options *options,
				  zinc_handle *out);

/**
 * zinc_open_with() - open a region with options
 * @name: as in zinc_open()
 * @options: NULL; or flags ZINC_RDONLY and ZINC_NO_DATA, and the backend
 * @out: as in zinc_open()
 *
 * A handle with ZINC_NO_DATA can wait, notify, export the dma-buf and describe
 * the region; zinc_ptr() returns NULL. Device memory that the CPU cannot map
 * can be opened only in this way.
 *
 * Return: as zinc_open(), but -EACCES where the kernel returned that; -EINVAL
 * if the options are not valid for open; -EACCES also if the memory is a
 * read-only dma-buf; -ENXIO if it is a dma-buf that cannot be mapped.
 */
ZINC_API int32_t zinc_open_with(const char *name,
				const struct zinc_options *options,
				zinc_handle *out);

/**
 * zinc_open_wait() - open a region, waiting for its name
 * @name: as in zinc_open()
 * @options: as in zinc_open_with()
 * @deadline_ns: CLOCK_MONOTONIC in nanoseconds; 0 to open without waiting;
 *	ZINC_DEADLINE_NEVER for no deadline
 * @out: as in zinc_open()
 *
 * For a consumer that may start before its producer. The wait sleeps until a
 * region of that name is created. On POSIX shared memory it polls 50 times a
 * second if inotify is not available.
 *
 * Return: as zinc_open_with(), but -ENOENT only for a deadline of 0, and for a name
 * that is too long for the kernel module; -ETIMEDOUT; with the kernel module, -EDQUOT
 * if the user's limit on sleeping calls is reached.
 */
ZINC_API int32_t zinc_open_wait(const char *name,
				const struct zinc_options *options,
				uint64_t deadline_ns, zinc_handle *out);

/**
 * zinc_create_or_replace() - create a region, replacing one of the same name
 * @name: as in zinc_create()
 * @capacity: as in zinc_create()
 * @out: as in zinc_create()
 *
 * Open handles of the old region stay valid; it has no name any more. With the
 * kernel module, there is no moment at which the name does not exist.
 *
 * Return: as zinc_create(), but never -EEXIST; -EPERM if the old region has
 * another owner.
 */
ZINC_API int32_t zinc_create_or_replace(const char *name, uintptr_t capacity,
					zinc_handle *out);

/**
 * zinc_unlink() - remove a region's name
 * @name: the region's name
 *
 * Handles and mappings stay valid. If the kernel module has no region of that
 * name, a POSIX region is unlinked.
 *
 * Return: 0; -ENOENT; -EPERM if the caller is not the owner; -EINVAL if the
 * name is invalid.
 */
ZINC_API int32_t zinc_unlink(const char *name);

/**
 * zinc_unlink_stale() - remove a name if its region is stale
 * @name: of a region on POSIX shared memory; regions of the kernel module are
 *	never stale
 *
 * A region that is open, or may be, keeps its name, even if it is created
 * during the call. For "stale" see ZINC_INFO_STALE.
 *
 * Return: 0; -ENOENT; -EBUSY if the region is not stale, or that is not known;
 * -EPERM if it is stale but has another owner; -EBADMSG if it is not a region;
 * -EINVAL if the name is invalid.
 */
ZINC_API int32_t zinc_unlink_stale(const char *name);

/**
 * zinc_close_keep_data() - close a handle but keep its data mapped
 * @handle: region; NULL gives -EINVAL
 * @data: gets the address of the data
 * @length: gets the length to pass to zinc_unmap_data() with @data
 *
 * For languages in which a view may outlive the handle. The header is unmapped.
 *
 * Return: 0; -EINVAL if an argument is NULL; -ENXIO if the data are not mapped.
 * After an error the handle stays open.
 */
ZINC_API int32_t zinc_close_keep_data(zinc_handle handle, void **data,
				      size_t *length);

/**
 * zinc_unmap_data() - unmap data kept by zinc_close_keep_data()
 * @data: as returned there
 * @length: as returned there
 */
ZINC_API void zinc_unmap_data(void *data, size_t length);

/* ---- descriptors ----------------------------------------------------- */

/**
 * zinc_fd() - get a descriptor for poll, epoll, io_uring or SCM_RIGHTS
 * @handle: region
 *
 * The descriptor is readable while a notify is pending; zinc_try_wait()
 * consumes it. EPOLLRDHUP is set once the creator's handle is closed. (The
 * kernel refuses EPOLLRDHUP together with EPOLLEXCLUSIVE.) A multishot poll of
 * io_uring reports each notify. An epoll instance nested in another, or polled
 * by io_uring, must be read by epoll_wait() each time it is ready. The
 * descriptor sends no signals (O_ASYNC: -EOPNOTSUPP). It belongs to the handle
 * and must not be closed.
 *
 * Return: a descriptor; -EINVAL if @handle is NULL; -EOPNOTSUPP on POSIX shared
 * memory.
 */
ZINC_API int32_t zinc_fd(zinc_handle handle);

/**
 * zinc_from_fd() - open a new handle from a region's descriptor
 * @fd: from zinc_fd(), usually of another process; remains open
 * @options: NULL, or flags ZINC_RDONLY and ZINC_NO_DATA
 * @out: a handle whose cursor is 0; NULL after a failure
 *
 * A read-only descriptor gives a read-only handle.
 *
 * Return: 0; -EINVAL; -EBADF if @fd is not open; -ENOTTY if it is not a
 * region's; -EOPNOTSUPP if it is a POSIX object's, or @options select POSIX
 * shared memory; -EACCES, -ENXIO and -EBADMSG as zinc_open_with().
 */
ZINC_API int32_t zinc_from_fd(int fd, const struct zinc_options *options,
			      zinc_handle *out);

/* ---- notify and wait -------------------------------------------------- */

/**
 * zinc_notify_checked() - zinc_notify() that returns an error
 * @handle: region
 *
 * Return: 0; -EBADF if the handle is read-only; -EINVAL if it is NULL.
 */
ZINC_API int32_t zinc_notify_checked(zinc_handle handle);

/**
 * zinc_wait_until() - wait with an absolute CLOCK_MONOTONIC deadline
 * @handle: region
 * @deadline_ns: nanoseconds; 0 or a time in the past to poll;
 *	ZINC_DEADLINE_NEVER for no deadline
 *
 * Return: as zinc_wait().
 */
ZINC_API int32_t zinc_wait_until(zinc_handle handle, uint64_t deadline_ns);

#define ZINC_WAIT_GONE	(1u << 3)	/* fail once the creator has gone */

/**
 * zinc_wait_with() - wait with flags
 * @handle: region
 * @deadline_ns: as in zinc_wait_until()
 * @flags: 0, or ZINC_WAIT_GONE to fail with -EPIPE once the creator's handle is
 *	closed, its process has ended, or the region's name has been removed or
 *	refers to another region
 *
 * A pending notify is delivered before -EPIPE, so a consumer receives the last
 * data. After -EPIPE no notify is expected: open the name again. The creator of
 * a region with ZINC_LIFETIME_PERSIST has usually gone.
 *
 * With the kernel module, a sleeping wait fails at once. On POSIX shared
 * memory, it fails at once if the creator calls zinc_close(), and within 100 ms
 * if its process ends or the name is removed. For a region of another library
 * it fails within a second, and only if zinc_stat() would report it as stale.
 *
 * Return: 0 after a notify; -EPIPE; -ETIMEDOUT; -EINVAL if @handle is NULL or a
 * flag is unknown; -EOPNOTSUPP if the module is too old for ZINC_WAIT_GONE.
 */
ZINC_API int32_t zinc_wait_with(zinc_handle handle, uint64_t deadline_ns,
				uint32_t flags);

/**
 * zinc_wait_any() - wait for a notify on any of several regions
 * @handles: 1 to 128 handles of one backend
 * @count: number of handles
 * @deadline_ns: as in zinc_wait_until(); 0 to poll
 * @index: gets the index of the first handle that had a notify; may be NULL
 *
 * Only that handle's cursor advances.
 *
 * Return: 0; -ETIMEDOUT; -EINVAL; -EOPNOTSUPP on POSIX shared memory if the
 * kernel has no futex_waitv (before 5.16).
 */
ZINC_API int32_t zinc_wait_any(const zinc_handle *handles, size_t count,
			       uint64_t deadline_ns, size_t *index);

/**
 * zinc_notify_and_wait() - notify one region, then wait for another
 * @to_notify: as in zinc_notify()
 * @to_wait: as in zinc_wait(); may be the same handle
 * @timeout_ms: as in zinc_wait()
 *
 * With the kernel module, a request and its reply take one system call.
 *
 * Return: as zinc_wait(); -EBADF, without waiting, if @to_notify is read-only.
 */
ZINC_API int32_t zinc_notify_and_wait(zinc_handle to_notify,
				      zinc_handle to_wait, uint32_t timeout_ms);

/**
 * zinc_sequence() - get the number of notifies
 * @handle: region, or NULL
 *
 * Return: notifies so far, modulo 2^32; 0 if @handle is NULL.
 */
ZINC_API uint32_t zinc_sequence(zinc_handle handle);

/* ---- information ------------------------------------------------------ */

#define ZINC_INFO_CREATOR_GONE	(1u << 0)	/* the creator's handle is closed */
#define ZINC_INFO_UNLINKED	(1u << 1)	/* the name was removed */
#define ZINC_INFO_ANONYMOUS	(1u << 2)	/* created without a name */
#define ZINC_INFO_LAZY		(1u << 3)	/* created with ZINC_LAZY */
#define ZINC_INFO_RDONLY	(1u << 4)	/* this handle is read-only */
#define ZINC_INFO_CREATOR	(1u << 5)	/* this handle is the creator's */
#define ZINC_INFO_IMPORTED	(1u << 6)	/* its memory is a foreign dma-buf */
#define ZINC_INFO_DATA_RDONLY	(1u << 7)	/* its data cannot be mapped writable */
#define ZINC_INFO_CONTIGUOUS	(1u << 8)	/* created with ZINC_CONTIGUOUS */
#define ZINC_INFO_STALE		(1u << 16)	/* shm: see below */
#define ZINC_INFO_INVALID	(1u << 17)	/* shm: the header is invalid */
#define ZINC_INFO_UNKNOWN	(1u << 18)	/* shm: see below */
#define ZINC_INFO_PAGE_LAYOUT	(1u << 19)	/* shm: see ZINC_PAGE_LAYOUT */

/**
 * struct zinc_region_info - description of a region
 * @size: sizeof(struct zinc_region_info), set by the caller of zinc_info()
 * @backend: enum zinc_backend_kind
 * @id: kernel module: the region's number; shm: the inode number
 * @capacity: bytes of data
 * @resident: bytes of data that are allocated now
 * @created_at: CLOCK_REALTIME in ns
 * @flags: ZINC_INFO_*
 * @lifetime: ZINC_LIFETIME_*
 * @uid: owner
 * @gid: owning group
 * @mode: permission bits
 * @creator_pid: the creator's process; 0 if it is not visible in the caller's
 *	pid namespace or, with the kernel module, has ended
 * @handles: open handles, as the kernel counts them (up to 2048 on shm); the
 *	header's count for a POSIX region of another library
 * @waiters: sleepers and pollers, up to 1024 (kernel module; 0 on shm)
 * @sequence: notifies so far
 * @cursor: this handle's cursor
 * @name: NUL-terminated; empty if the region has none
 * @attachments: devices attached to its dma-buf (0 if imported, and on shm); a
 *	driver that only has the kernel map the buffer attaches none (V4L2
 *	drivers that use vmalloc)
 * @fences: pending fences, which have not notified yet (0 on shm)
 * @fence_errors: fences that signalled an error, modulo 2^32
 * @fence_error: the last such error, a negative errno; 0 if there was none
 *
 * The first version of the struct ends with @name; the fields after it are left
 * out for a caller whose struct ends there.
 *
 * ZINC_INFO_STALE: no process in any pid namespace has the region open; or its
 * lifetime is ZINC_LIFETIME_CREATOR and its creator has gone. A region with
 * ZINC_LIFETIME_PERSIST is never stale. zinc_create() reuses the name of a
 * stale region, and zinc_open() returns -ENOENT.
 *
 * ZINC_INFO_UNKNOWN: another library created the region, and no process visible
 * here has its creator's pid. The creator may be alive in another pid
 * namespace, so the region is not removed as stale.
 *
 * ZINC_INFO_INVALID: only @id, @uid, @gid, @mode, @resident and @name are
 * known. zinc_info() sets it if another process has overwritten the header or
 * truncated the object. The handle's capacity, lifetime and cursor are then
 * known as well, but its data may be lost.
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
	int32_t creator_pid;
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
 * @info: gets the description; its size field is set by the caller
 *
 * Return: 0; -EINVAL if an argument is NULL, or the size is smaller than the
 * struct's first version.
 */
ZINC_API int32_t zinc_info(zinc_handle handle, struct zinc_region_info *info);

/**
 * zinc_stat() - describe a region by name, without opening it
 * @name: the region's name
 * @info: as in zinc_info()
 *
 * Return: 0; -ENOENT; -EINVAL; -EACCES if the caller may not see the region;
 * -ENOMEM, -EMFILE, -ENFILE.
 */
ZINC_API int32_t zinc_stat(const char *name, struct zinc_region_info *info);

/**
 * zinc_list() - list the named regions that the caller may see
 * @list: gets an array, to be freed by zinc_list_free(); NULL if it is empty
 * @count: gets the number of entries
 * @entry_size: sizeof(struct zinc_region_info), the array's stride, a multiple
 *	of 8
 *
 * The regions of both backends, sorted by name; of one if $ZINC_BACKEND selects
 * it.
 *
 * Return: 0; -EINVAL; -EACCES if /dev/zinc may not be opened; -ENOMEM, -EMFILE,
 * -ENFILE.
 */
ZINC_API int32_t zinc_list(struct zinc_region_info **list, size_t *count,
			   size_t entry_size);

/**
 * zinc_list_free() - free an array of zinc_list()
 * @list: from zinc_list(), or NULL
 */
ZINC_API void zinc_list_free(struct zinc_region_info *list);

/* ---- devices: dma-bufs and fences -------------------------------------- */

#define ZINC_FEATURE_EXPORT	(1u << 3)	/* zinc_export_dmabuf(), cpu_access */
#define ZINC_FEATURE_IMPORT	(1u << 4)	/* zinc_import_dmabuf() */
#define ZINC_FEATURE_FENCE	(1u << 5)	/* zinc_notify_on_fence() */
#define ZINC_FEATURE_CONTIGUOUS	(1u << 10)	/* ZINC_CONTIGUOUS */
#define ZINC_FEATURE_EXPORT_PART (1u << 11)	/* zinc_export_dmabuf_part() */

/**
 * zinc_features() - get the supported device functions
 * @handle: region, or NULL for a new one
 * @features: gets ZINC_FEATURE_*; 0 on POSIX shared memory and after a failure
 *
 * A function whose bit is not set returns -EOPNOTSUPP. Later versions may set
 * other bits.
 *
 * Return: 0; -EINVAL if @features is NULL; for a NULL handle also as
 * zinc_backend(); with the kernel module, the error of opening /dev/zinc.
 */
ZINC_API int32_t zinc_features(zinc_handle handle, uint64_t *features);

/**
 * zinc_export_dmabuf() - export the data as a dma-buf
 * @handle: region
 * @flags: 0; or ZINC_RDONLY for a buffer that neither CPU nor device may write,
 *	which DRM drivers refuse
 *
 * The dma-buf is the data, zinc_capacity() bytes, and is the same buffer in
 * each call. While a device is attached, the pages are pinned. The dma-buf
 * keeps the memory, but neither the name nor a handle. For an imported region
 * it is the dma-buf that was imported.
 *
 * If the module cannot pin the pages, the importing driver fails: -ENOMEM;
 * -EDQUOT if the creator's user has too many bytes pinned for devices (the
 * module's max_pinned_bytes); -EBUSY if a page has to be migrated but is in
 * use, usually for a moment: retry; -EIO if a page has had a memory error.
 *
 * Return: a new descriptor with close-on-exec, to be closed by the caller;
 * -EINVAL if @handle is NULL or a flag is unknown; -EACCES for a writable
 * buffer of a read-only handle; -EOPNOTSUPP on POSIX shared memory, with a
 * module that is too old, or for a read-only export of a writable import;
 * -EMFILE, -ENFILE, -ENOMEM.
 */
ZINC_API int32_t zinc_export_dmabuf(zinc_handle handle, uint32_t flags);

/**
 * zinc_export_dmabuf_part() - export a part of the data as a dma-buf
 * @handle: region
 * @offset: first byte of the part, a multiple of the page size
 * @length: bytes of the part, a multiple of the page size, not 0
 * @flags: as in zinc_export_dmabuf()
 *
 * For drivers that use a dma-buf from its start, such as V4L2 drivers that fill
 * one slot of a ring. Each call returns a new buffer: export a part once and
 * keep the descriptor, so that the importer recognizes it. The other parts
 * cannot be reached through it. The parts and the whole have the same fences.
 *
 * Return: as zinc_export_dmabuf(); -EINVAL if the part is not within the data;
 * -EOPNOTSUPP also for an imported region.
 */
ZINC_API int32_t zinc_export_dmabuf_part(zinc_handle handle, uint64_t offset,
					 uint64_t length, uint32_t flags);

/**
 * zinc_import_dmabuf() - create a region from a foreign dma-buf
 * @dmabuf_fd: dma-buf of a DRM driver, a dma-heap or udmabuf; remains open
 * @name: as in zinc_create_with()
 * @options: NULL; or flags ZINC_REPLACE and ZINC_NO_DATA, mode and lifetime
 * @out: the creator's handle; NULL after a failure
 *
 * For memory that only its device or the system can allocate: of a contiguous
 * memory allocator (/dev/dma_heap/), of a camera (VIDIOC_EXPBUF), of a GPU.
 * Other processes open, map, wait for and export it like any region. Nothing is
 * copied. If @dmabuf_fd is read-only, this handle maps the data read-only, and
 * other processes have to open the region with ZINC_RDONLY or ZINC_NO_DATA.
 *
 * Return: 0; as zinc_create_with(); -EBADF if @dmabuf_fd is not open; -EINVAL
 * if it is not a dma-buf, or its size is not a multiple of the page size;
 * -ENXIO if it cannot be mapped (use ZINC_NO_DATA); -EOPNOTSUPP on POSIX shared
 * memory, or with a module that is too old.
 */
ZINC_API int32_t zinc_import_dmabuf(int dmabuf_fd, const char *name,
				    const struct zinc_options *options,
				    zinc_handle *out);

/**
 * zinc_notify_on_fence() - notify a region when a fence signals
 * @handle: region
 * @fence_fd: a sync_file of a device driver; may be closed afterwards
 *
 * When the device completes its work, waiters are woken without a thread in
 * between. A fence that has already signalled notifies at once. A sync_file
 * notifies once, however many fences it contains. A fence that signals an error
 * notifies as well, after zinc_region_info.fence_errors is incremented. Fences
 * still pending when the region is freed are dropped.
 *
 * Return: 0; -EINVAL if @handle is NULL; -EBADF if @fence_fd is not a
 * sync_file, or the handle is read-only; -EBUSY if too many fences (4096) are
 * pending; -ENOMEM; -EOPNOTSUPP on POSIX shared memory, with a module that is
 * too old, or on a kernel without sync_files.
 */
ZINC_API int32_t zinc_notify_on_fence(zinc_handle handle, int fence_fd);

#define ZINC_CPU_READ	(1u << 0)
#define ZINC_CPU_WRITE	(1u << 1)

/**
 * zinc_begin_cpu_access() - begin CPU access to data that a device uses
 * @handle: region
 * @access: ZINC_CPU_READ, ZINC_CPU_WRITE or both
 *
 * Waits until the devices that imported the region's dma-buf have completed
 * their pending writes (for ZINC_CPU_READ) or all their pending work (for
 * ZINC_CPU_WRITE), as far as their drivers report it, and makes their writes
 * visible to the CPU. Not needed if no device imports the region. Signals do
 * not interrupt it.
 *
 * If a device uses bounce buffers (because it cannot address all memory, or in
 * a confidential guest), begin and end copy whole pages. In that case accesses
 * by several processes must not overlap, and only one such device may write.
 *
 * The first call exports the dma-buf. The handle keeps that descriptor until it
 * is closed.
 *
 * Return: 0; -EINVAL if @handle is NULL or @access is invalid; -EBADF for
 * ZINC_CPU_WRITE on a read-only handle; or as zinc_export_dmabuf().
 */
ZINC_API int32_t zinc_begin_cpu_access(zinc_handle handle, uint32_t access);

/**
 * zinc_end_cpu_access() - end CPU access before the device continues
 * @handle: region
 * @access: as passed to zinc_begin_cpu_access()
 *
 * Return: as zinc_begin_cpu_access().
 */
ZINC_API int32_t zinc_end_cpu_access(zinc_handle handle, uint32_t access);

/* ---- the library --------------------------------------------------------- */

/**
 * zinc_backend() - get the backend of a handle, or of new regions
 * @handle: region, or NULL for a new one
 *
 * Return: enum zinc_backend_kind; if @handle is NULL also -EACCES if /dev/zinc
 * exists but may not be opened, or its ioctl() calls are refused (Landlock,
 * seccomp), and -EINVAL if $ZINC_BACKEND is invalid. zinc_backend_reason()
 * tells which.
 */
ZINC_API int32_t zinc_backend(zinc_handle handle);

/**
 * zinc_backend_reason() - get the backend of new regions, and the reason
 * @text: gets a sentence, truncated to fit, NUL-terminated
 * @size: bytes of @text
 *
 * Return: as zinc_backend() for NULL.
 */
ZINC_API int32_t zinc_backend_reason(char *text, size_t size);

/**
 * zinc_strerror() - describe a return value of this library
 * @error: 0 or a negative errno
 *
 * Return: a constant English sentence: the meaning here, and the remedy.
 */
ZINC_API const char *zinc_strerror(int32_t error);

#ifdef __cplusplus
}
#endif

#endif /* ZINC_H */
