/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR MIT) */
/*
 * Zinc: named shared memory regions that processes and devices share.
 *
 * This file is the complete ABI between zinc.ko and user space.
 *
 * Compatibility. New fields are added at the end of a struct or in a pad.
 * Nothing is renumbered, resized or given another meaning; a new field that is
 * zero keeps the old behaviour. The ioctl number contains the size of the
 * struct: the kernel extends a shorter struct with zeros, and accepts a longer
 * one if the part that it does not know is zero (-E2BIG otherwise). In structs
 * that are output only, it sets that part to zero. Unknown flags and non-zero
 * pads give -EINVAL.
 *
 * Layout. All fields have fixed widths and natural alignment, and every struct
 * is a multiple of 8 bytes long, so that 32- and 64-bit callers use the same
 * structs. Pointers travel as __u64.
 *
 * Terms. A handle is the file description of a region fd. Each handle has a
 * cursor, the last sequence that counts as seen. The control page is the page
 * that contains struct zinc_header; the data are the other pages of a region.
 */
#ifndef _UAPI_LINUX_ZINC_H
#define _UAPI_LINUX_ZINC_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* changes only if the rules above are ever broken */
#define ZINC_ABI_VERSION	1

/* size of a name field, with its NUL and zero padding */
#define ZINC_NAME_SIZE		256
/* longest name, in bytes, of [a-zA-Z0-9_-] */
#define ZINC_NAME_MAX		249

/*
 * The mmap() offset of a region fd's control page. The data begin at offset 0
 * and end before it.
 */
#define ZINC_MMAP_CONTROL	(1ull << 43)
/* the largest capacity of a region */
#define ZINC_CAPACITY_MAX	ZINC_MMAP_CONTROL

/* a deadline that never expires */
#define ZINC_DEADLINE_NEVER	0xFFFFFFFFFFFFFFFFull

#define ZINC_MAGIC		0x5A494E435F524547ull	/* "ZINC_REG" */
#define ZINC_FORMAT		2
#define ZINC_HEADER_SIZE	64

/* struct zinc_header.flags: copies that the kernel never reads */
#define ZINC_HDR_CREATOR_GONE	(1u << 0)	/* creator's handle is closed */
#define ZINC_HDR_UNLINKED	(1u << 1)	/* the name was removed */

/**
 * struct zinc_header - the last 64 bytes of the control page
 * @magic: ZINC_MAGIC. On POSIX shared memory the creator writes it last; the
 *	kernel completes the header before any process can map it.
 * @version: ZINC_FORMAT
 * @flags: ZINC_HDR_*
 * @notify_seq: the sequence, which is the number of notifies modulo 2^32
 * @capacity: length of the data in bytes
 * @ref_count: open handles
 * @owner_pid: the creator's pid, in the creator's pid namespace
 * @created_at: CLOCK_REALTIME at creation, in nanoseconds
 * @name_hash: FNV-1a 64 of the name (0xcbf29ce484222325 without one)
 * @waiters: the waiters flag, non-zero while a process may sleep, so that a
 *	notify has to enter the kernel
 * @registered: POSIX shared memory: handles that maintain @waiters; else zero
 * @reserved: zero
 *
 * Every process that may write the region may write the control page. The only
 * field that the kernel acts on is @notify_seq: a forged value can wake or
 * delay processes that share the region, and has no other effect.
 *
 * To notify without a system call: release (or a full barrier), add 1 to
 * @notify_seq atomically, full barrier, read @waiters. If it is not zero, call
 * ZINC_IOC_REGION_NOTIFY with ZINC_NOTIFY_WAKE. The release makes earlier
 * writes visible to a process that sees the new sequence. If a waiter does not
 * see it, the barrier ensures that the notifier sees the flag of this waiter.
 *
 * To check for a notify without a system call: read @notify_seq with
 * load-acquire, and read the data if it differs from the last value.
 *
 * In C: __atomic_fetch_add(&h->notify_seq, 1, __ATOMIC_SEQ_CST), then
 * __atomic_thread_fence(__ATOMIC_SEQ_CST), then a load; and
 * __atomic_load_n(&h->notify_seq, __ATOMIC_ACQUIRE). Only the kernel writes
 * @waiters.
 */
struct zinc_header {
	__u64 magic;
	__u16 version;
	__u16 flags;
	__u32 notify_seq;
	__u64 capacity;
	__u32 ref_count;
	__s32 owner_pid;
	__u64 created_at;
	__u64 name_hash;
	__u32 waiters;
	__u32 registered;
	__u32 reserved[2];
};

/*
 * When a region loses its name:
 *
 * REFS		when the last handle is closed
 * CREATOR	when the creator's handle is closed
 * PERSIST	not by a close
 *
 * Any region loses its name, too, when the name is unlinked or replaced, or
 * when its network namespace ends.
 *
 * The memory is freed when the last handle, mapping and dma-buf of the region
 * are gone, and with PERSIST also the name.
 */
#define ZINC_LIFETIME_REFS	0
#define ZINC_LIFETIME_CREATOR	1
#define ZINC_LIFETIME_PERSIST	2

/* zinc_query.features */
#define ZINC_FEATURE_REGION	(1u << 0)	/* CREATE OPEN UNLINK LIST, region fds */
#define ZINC_FEATURE_WAIT_ANY	(1u << 1)	/* ZINC_IOC_WAIT_ANY */
#define ZINC_FEATURE_HUGE	(1u << 2)	/* large regions get huge pages */
#define ZINC_FEATURE_EXPORT	(1u << 3)	/* region -> dma-buf */
#define ZINC_FEATURE_IMPORT	(1u << 4)	/* dma-buf -> region */
#define ZINC_FEATURE_FENCE	(1u << 5)	/* fence -> notify */
#define ZINC_FEATURE_RESERVE	(1u << 6)	/* reservations */
#define ZINC_FEATURE_STAT	(1u << 7)	/* ZINC_IOC_LIST by name */
#define ZINC_FEATURE_WAIT_GONE	(1u << 8)	/* ZINC_WAIT_GONE */
#define ZINC_FEATURE_RELEASE	(1u << 9)	/* ZINC_IOC_RESERVATION_RELEASE */
#define ZINC_FEATURE_CONTIGUOUS	(1u << 10)	/* ZINC_CONTIGUOUS */
#define ZINC_FEATURE_EXPORT_PART (1u << 11)	/* zinc_export.offset, .length */

/**
 * struct zinc_query - version, features and limits of the kernel module
 * @flags: in, zero
 * @abi_version: out, ZINC_ABI_VERSION
 * @features: out, ZINC_FEATURE_*
 * @page_size: out, bytes; capacities are multiples of it
 * @pad: in, zero
 * @max_regions: out, regions that one user may have (0: no limit)
 * @max_bytes: out, bytes that one user's regions may have (0: no limit)
 * @user_regions: out, regions of the caller's user that have a handle or a name
 * @user_bytes: out, bytes of these, and of other regions whose pages a mapping
 *	or a dma-buf still holds (not if the region was imported)
 * @max_reservations: out, reservations that one user may have, held or waiting
 *	(0: no limit)
 * @user_reservations: out, reservations of the caller's user
 * @max_pinned_bytes: out, bytes of one user's regions that may be pinned for
 *	devices (0: no limit, or a module from before this field)
 * @user_pinned_bytes: out, pinned bytes of the regions of the caller's user
 * @max_waiters: out, regions that sleeping calls of one user may wait for; each
 *	call counts each of its regions once, and a call that waits for a name
 *	counts one (0: no limit, or a module from before this field)
 * @user_waiters: out, the current count of the caller's user
 * @huge_size: out, bytes of the huge pages that large regions get; data that
 *	are mapped at an address that is a multiple of it use them (0: no huge
 *	pages, or a module from before this field)
 */
struct zinc_query {
	__u32 flags;
	__u32 abi_version;
	__u64 features;
	__u32 page_size;
	__u32 pad;
	__u64 max_regions;
	__u64 max_bytes;
	__u64 user_regions;
	__u64 user_bytes;
	__u32 max_reservations;
	__u32 user_reservations;
	__u64 max_pinned_bytes;
	__u64 user_pinned_bytes;
	__u32 max_waiters;
	__u32 user_waiters;
	__u64 huge_size;
};

/*
 * Flags of CREATE and IMPORT
 *
 * LAZY (CREATE only): a page is allocated at its first access. All pages are
 * accounted at create, so that vm.overcommit_memory=2 never refuses an access.
 * A capacity beyond memory and swap gives -ENOMEM at create, unless
 * vm.overcommit_memory is 1. An access that finds no free memory invokes the
 * OOM killer.
 *
 * CONTIGUOUS (CREATE only, not with LAZY; ZINC_FEATURE_CONTIGUOUS): each block
 * of zinc_query.huge_size bytes, counted from the start of the data, is
 * physically contiguous, the last one up to the end of the data. For devices
 * without an IOMMU that take only contiguous memory. A larger contiguous area
 * has to come from a contiguous memory allocator: see IMPORT. The pages are
 * pinned from create to the end of the memory, so that they are never swapped,
 * migrated or split, and count in zinc_query.max_pinned_bytes. The last block
 * counts as a whole one in zinc_query.max_bytes.
 */
#define ZINC_LAZY	(1u << 0)
#define ZINC_REPLACE	(1u << 1)	/* take the name from its region */
#define ZINC_CONTIGUOUS	(1u << 4)	/* physically contiguous blocks */

/**
 * struct zinc_create - create a region
 * @capacity: in, bytes of data: a multiple of the page size, not 0, at most
 *	ZINC_CAPACITY_MAX
 * @flags: in, ZINC_LAZY, ZINC_REPLACE, ZINC_CONTIGUOUS
 * @lifetime: in, ZINC_LIFETIME_*; an anonymous region takes REFS only
 * @mode: in, permission bits within 0666; 0 means 0600. No umask is applied.
 * @pad: in, zero
 * @id: out, the region's number, never used twice while the module is loaded
 * @name: in, NUL-terminated and zero to its end; empty makes an anonymous
 *	region, which other processes receive by SCM_RIGHTS
 *
 * The ioctl returns a new region fd, readable, writable and close-on-exec. Its
 * file description is the creator's handle. "The creator is gone" means that
 * this handle is closed.
 */
struct zinc_create {
	__u64 capacity;
	__u32 flags;
	__u32 lifetime;
	__u32 mode;
	__u32 pad;
	__u64 id;
	__u8 name[ZINC_NAME_SIZE];
};

/*
 * Flag of OPEN, REOPEN and EXPORT. A read-only handle can map and wait, but
 * neither write nor notify. Neither CPU nor device can write through a
 * read-only dma-buf.
 */
#define ZINC_RDONLY	(1u << 2)

/**
 * struct zinc_open - open a named region
 * @flags: in, ZINC_RDONLY or 0
 * @pad: in, zero
 * @id: out, the region's number
 * @capacity: out, bytes of data
 * @name: in, as in struct zinc_create, not empty
 * @deadline: in, CLOCK_MONOTONIC in nanoseconds (as the caller's time namespace
 *	shows it): how long to wait for the name; 0 does not wait,
 *	ZINC_DEADLINE_NEVER has no limit
 *
 * The ioctl returns a new region fd, close-on-exec.
 */
struct zinc_open {
	__u32 flags;
	__u32 pad;
	__u64 id;
	__u64 capacity;
	__u8 name[ZINC_NAME_SIZE];
	__u64 deadline;
};

/**
 * struct zinc_unlink - remove a name
 * @flags: in, zero
 * @pad: in, zero
 * @name: in, as in struct zinc_open
 *
 * Handles and mappings stay valid. The name can be used again at once.
 */
struct zinc_unlink {
	__u32 flags;
	__u32 pad;
	__u8 name[ZINC_NAME_SIZE];
};

/* zinc_info.flags */
#define ZINC_INFO_CREATOR_GONE	(1u << 0)	/* creator's handle is closed */
#define ZINC_INFO_UNLINKED	(1u << 1)	/* its name was removed */
#define ZINC_INFO_ANONYMOUS	(1u << 2)	/* it never had a name */
#define ZINC_INFO_LAZY		(1u << 3)	/* created with ZINC_LAZY */
#define ZINC_INFO_RDONLY	(1u << 4)	/* this handle is read-only */
#define ZINC_INFO_CREATOR	(1u << 5)	/* this handle is the creator's */
#define ZINC_INFO_IMPORTED	(1u << 6)	/* its memory is a foreign dma-buf */
#define ZINC_INFO_DATA_RDONLY	(1u << 7)	/* its data cannot be mapped writable */
#define ZINC_INFO_CONTIGUOUS	(1u << 8)	/* created with ZINC_CONTIGUOUS */

/**
 * struct zinc_info - describe a region
 * @id: the region's number
 * @capacity: bytes of data
 * @resident: bytes of data that are in memory now (@capacity if imported)
 * @created_at: CLOCK_REALTIME at creation, in nanoseconds
 * @flags: ZINC_INFO_*
 * @lifetime: ZINC_LIFETIME_*
 * @uid: owner, in the caller's user namespace
 * @gid: owning group, likewise
 * @mode: permission bits
 * @creator_pid: creator's pid in the caller's pid namespace, 0 if it is not
 *	visible there or has ended
 * @handles: open handles
 * @waiters: sleepers and pollers queued at this moment (counted up to 1024)
 * @sequence: notifies so far, modulo 2^32
 * @cursor: this handle's cursor (0 in a list)
 * @name: the name, zero-padded; empty without one
 * @attachments: devices attached to the region's dma-buf (0 if imported). A
 *	driver that only maps it into the kernel, such as a V4L2 driver with
 *	vmalloc buffers, attaches no device.
 * @fences: pending fences
 * @fence_errors: fences so far that signalled an error, modulo 2^32
 * @fence_error: negative errno of the last such fence, or 0
 *
 * All fields are out, in ZINC_IOC_REGION_INFO and in ZINC_IOC_LIST.
 */
struct zinc_info {
	__u64 id;
	__u64 capacity;
	__u64 resident;
	__u64 created_at;
	__u32 flags;
	__u32 lifetime;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__s32 creator_pid;
	__u32 handles;
	__u32 waiters;
	__u32 sequence;
	__u32 cursor;
	__u8 name[ZINC_NAME_SIZE];
	__u32 attachments;
	__u32 fences;
	__u32 fence_errors;
	__s32 fence_error;
};

/**
 * struct zinc_list - list the named regions that the caller may see, by id
 * @cursor: in, 0 to begin, else the value from the last call; out, where to
 *	continue. A region that exists during all calls is listed exactly once,
 *	regardless of other regions that come and go.
 * @entries: in, pointer to @count entries of @entry_size bytes
 * @count: in, room; out, entries written; 0 means the end
 * @entry_size: in, sizeof(struct zinc_info) as the caller knows it; at least
 *	ZINC_INFO_SIZE_V1, at most the page size. The kernel sets bytes beyond
 *	the struct that it knows to zero.
 * @flags: in, zero
 * @pad: in, zero
 * @name: in, as in struct zinc_create: only the region of that name, one entry
 *	at most, by one hash look-up (ZINC_FEATURE_STAT); empty: all
 *
 * The caller sees the regions that it may open for reading or unlink. Among the
 * latter are those that its user owns. ZINC_IOC_OPEN distinguishes an invisible
 * name (-EACCES) from one that does not exist (-ENOENT).
 */
struct zinc_list {
	__u64 cursor;
	__u64 entries;
	__u32 count;
	__u32 entry_size;
	__u32 flags;
	__u32 pad;
	__u8 name[ZINC_NAME_SIZE];
};

#define ZINC_INFO_SIZE_V1	328	/* up to and including @name */

/**
 * struct zinc_import - create a region from a foreign dma-buf
 * @dmabuf_fd: in, a dma-buf
 * @flags: in, ZINC_REPLACE or 0
 * @lifetime: in, as in struct zinc_create
 * @mode: in, as in struct zinc_create
 * @id: out, the region's number
 * @capacity: out, bytes of data: the size of the dma-buf
 * @name: in, as in struct zinc_create
 *
 * The ioctl returns a new region fd, as ZINC_IOC_CREATE does. Only the memory
 * differs from other regions. The data can be mapped if the exporter supports
 * mmap() (-ENODEV otherwise). If @dmabuf_fd is read-only, the region has
 * ZINC_INFO_DATA_RDONLY and its data are never mapped writable.
 *
 * Neither the process nor the kernel nor a debugger can write through a mapping
 * of a read-only handle, or of a region with that flag, regardless of the
 * exporter's operations. mmap() gives -EACCES if the exporter makes such a
 * mapping writable.
 *
 * ZINC_IOC_REGION_EXPORT returns the original dma-buf. The region and its
 * mappings keep the foreign memory. Its bytes count against the limits until
 * the last handle and the name are gone.
 */
struct zinc_import {
	__s32 dmabuf_fd;
	__u32 flags;
	__u32 lifetime;
	__u32 mode;
	__u64 id;
	__u64 capacity;
	__u8 name[ZINC_NAME_SIZE];
};

/* zinc_notify.flags */
#define ZINC_NOTIFY_WAKE	(1u << 0)	/* the caller has raised the sequence */

/**
 * struct zinc_notify - wake every waiter of a region
 * @flags: in, ZINC_NOTIFY_*
 * @sequence: out, the sequence after the notify
 */
struct zinc_notify {
	__u32 flags;
	__u32 sequence;
};

/* zinc_wait.flags */
#define ZINC_WAIT_CURSOR	(1u << 0)	/* use @cursor, not the handle's */
#define ZINC_WAIT_NOTIFY	(1u << 1)	/* first notify @notify_fd's region */
#define ZINC_WAIT_WAKE		(1u << 2)	/* likewise, with ZINC_NOTIFY_WAKE */
#define ZINC_WAIT_GONE		(1u << 3)	/* end when creator or name is gone */

/**
 * struct zinc_wait - sleep until the sequence differs from a cursor
 * @flags: in, ZINC_WAIT_*; NOTIFY and WAKE exclude each other
 * @cursor: in, with ZINC_WAIT_CURSOR, the last sequence seen; out, after
 *	success, the sequence that ended the wait. The handle's own cursor
 *	moves there too.
 * @deadline: in, absolute CLOCK_MONOTONIC ns in the caller's time namespace. A
 *	past deadline polls; ZINC_DEADLINE_NEVER waits without limit.
 * @notify_fd: in, with NOTIFY or WAKE, a writable handle; else zero
 * @pad: in, zero
 *
 * A signal interrupts the wait with -EINTR, or restarts it if its handler has
 * SA_RESTART. A wait with NOTIFY or WAKE is never restarted: a signal after the
 * notify gives -EINTR, and the caller continues with a wait without these
 * flags.
 *
 * With ZINC_WAIT_GONE (ZINC_FEATURE_WAIT_GONE) the wait also ends, with -EPIPE,
 * once the region has lost its creator or its name: the creator's handle is
 * closed, the name was unlinked or replaced, or its namespace has ended.
 * Pending notifies are reported first: every notify made before that event,
 * then -EPIPE. The region itself works as before. Other handles may still
 * notify it, and a wait without the flag waits for them.
 */
struct zinc_wait {
	__u32 flags;
	__u32 cursor;
	__u64 deadline;
	__s32 notify_fd;
	__u32 pad;
};

#define ZINC_WAIT_ANY_MAX	128

/**
 * struct zinc_wait_item - an item of struct zinc_wait_any
 * @fd: in, a region fd
 * @cursor: in, the last sequence seen; out, for the item that ended the wait,
 *	the sequence that ended it (its handle's own cursor moves there too)
 */
struct zinc_wait_item {
	__s32 fd;
	__u32 cursor;
};

/**
 * struct zinc_wait_any - sleep until one of several sequences changes
 * @items: in, pointer to @count struct zinc_wait_item
 * @count: in, 1 to ZINC_WAIT_ANY_MAX
 * @flags: in, ZINC_WAIT_GONE or 0
 * @deadline: in, as in struct zinc_wait
 * @index: out, the first item whose sequence differs
 * @pad: in, zero
 *
 * With ZINC_WAIT_GONE the wait also ends, with -EPIPE, when no notify is
 * pending and one of the regions has lost its creator or name, as in struct
 * zinc_wait; ZINC_IOC_REGION_INFO tells which one. A region may occur in
 * several items, by one descriptor or several: it counts once against
 * zinc_query.max_waiters.
 */
struct zinc_wait_any {
	__u64 items;
	__u32 count;
	__u32 flags;
	__u64 deadline;
	__u32 index;
	__u32 pad;
};

/**
 * struct zinc_cursor - set a handle's cursor
 * @cursor: in, the sequence that counts as seen. poll(), read() and
 *	ZINC_IOC_REGION_WAIT without ZINC_WAIT_CURSOR use it.
 * @pad: in, zero
 *
 * If this makes the handle ready (POLLIN), processes that sleep in poll() or
 * epoll_wait() for it are woken within some milliseconds: for each region at
 * most once per tick of the kernel's clock, however many calls there are. A
 * call that sleeps in WAIT or read() keeps the cursor that it began with.
 */
struct zinc_cursor {
	__u32 cursor;
	__u32 pad;
};

/**
 * struct zinc_reopen - open a region again by a handle
 * @flags: in, ZINC_RDONLY or 0
 * @pad: in, zero
 * @id: out, the region's number
 * @capacity: out, bytes of data
 *
 * The ioctl returns a new region fd, close-on-exec, with a file description and
 * a cursor of its own. A process that received an fd uses it to get a cursor of
 * its own, or to get a read-only handle that it can send to another process.
 * The fd is the permission: no other is checked. A read-only handle can only be
 * reopened read-only.
 */
struct zinc_reopen {
	__u32 flags;
	__u32 pad;
	__u64 id;
	__u64 capacity;
};

/**
 * struct zinc_export - export the region's data as a dma-buf
 * @flags: in, ZINC_RDONLY or 0
 * @pad: in, zero
 * @size: out, bytes
 * @offset: in, first byte of a part of the data, a multiple of the page size; 0
 *	without @length
 * @length: in, bytes of the part, likewise; 0 for all data
 *
 * The ioctl returns a new dma-buf fd, close-on-exec. Each region has one
 * writable and one read-only dma-buf, and every call returns the same, so that
 * importers recognize the buffer. It covers the data without the control page.
 *
 * With @length (ZINC_FEATURE_EXPORT_PART) each call returns a new dma-buf of
 * only this part, for drivers that use a buffer from its start, such as V4L2
 * drivers. It shares the fences of the others, and pins all pages, as they do.
 * DMA_BUF_IOCTL_SYNC on it acts on the mappings of devices that overlap it.
 *
 * The pages are pinned only while a device is attached or the kernel maps them.
 * The dma-buf holds the memory, not the region: name, handles and sequence do
 * not depend on it. For an imported region the ioctl returns the dma-buf that
 * was imported.
 *
 * A read-only dma-buf can be mapped by devices for reading (DMA_TO_DEVICE), and
 * not by the kernel. DRM drivers also ask for write access, and are refused.
 *
 * The first attachment allocates and pins all pages. The importing driver
 * returns the error: -ENOMEM; -EINTR the process was killed; -EDQUOT the
 * region's creator would exceed zinc_query.max_pinned_bytes; -EBUSY a page is
 * in ZONE_MOVABLE or CMA and cannot be migrated, because a pipe or O_DIRECT for
 * example holds it: try again (before Linux 6.11 no page can be migrated, so
 * that this lasts); -EIO a page has a memory error, permanently.
 *
 * DMA_BUF_IOCTL_SYNC acts on the mappings of all devices. START makes the
 * writes of devices visible to the CPU. END of a WRITE makes the writes of the
 * CPU visible to devices. END of a READ copies nothing to a device. If a device
 * works on bounce buffers, whole pages are copied: accesses of several
 * processes must not overlap, and only one such device may write.
 */
struct zinc_export {
	__u32 flags;
	__u32 pad;
	__u64 size;
	__u64 offset;
	__u64 length;
};

#define ZINC_FENCES_MAX		4096

/**
 * struct zinc_notify_fence - notify the region when a fence signals
 * @fence_fd: in, a sync_file
 * @flags: in, zero
 *
 * The region is notified once, when all fences of the sync_file have signalled.
 * If they already have, this happens before the call returns. The descriptor
 * may be closed at once. Fences that are pending when the region ends are
 * dropped. A fence that signals an error is first counted in
 * zinc_info.fence_errors and then notifies like any other; SYNC_IOC_FILE_INFO
 * on its sync_file returns the error.
 */
struct zinc_notify_fence {
	__s32 fence_fd;
	__u32 flags;
};

/* size of a device name, with its NUL and zero padding */
#define ZINC_DEVICE_SIZE	64
/* devices in one reservation */
#define ZINC_RESERVE_MAX	16

/* zinc_reserve_item.flags */
#define ZINC_RESERVE_SHARED	(1u << 0)	/* shared, not exclusive */

/**
 * struct zinc_reserve_item - a device to reserve
 * @device: in, NUL-terminated and zero to its end: 1 to 63 bytes of [a-z0-9],
 *	and after the first also [._:-]
 * @flags: in, ZINC_RESERVE_SHARED or 0 (exclusive)
 * @pad: in, zero
 *
 * Names have no meaning to the kernel. libzinc-kmod uses BACKEND:INDEX, such as
 * vulkan:0, if only the backend's own number is known, and
 * pci:DOMAIN:BUS:DEVICE.FUNCTION in lower-case hexadecimal, such as
 * pci:0000:01:00.0, if the device is known. To the kernel these two names of
 * one device are two devices: a reservation of one does not exclude the other.
 */
struct zinc_reserve_item {
	__u8 device[ZINC_DEVICE_SIZE];
	__u32 flags;
	__u32 pad;
};

/* zinc_reserve.flags */
#define ZINC_RESERVE_QUEUE	(1u << 0)	/* return at once, poll for the grant */

/**
 * struct zinc_reserve - reserve devices, all of them or none
 * @items: in, pointer to @count struct zinc_reserve_item, no device twice
 * @count: in, 1 to ZINC_RESERVE_MAX
 * @flags: in, ZINC_RESERVE_*
 * @deadline: in, as in struct zinc_wait, but 0 does not wait at all; zero with
 *	ZINC_RESERVE_QUEUE
 * @id: out, the reservation's number, never used twice while the module is
 *	loaded; later ones have higher numbers
 * @state: out, enum zinc_reservation_state
 * @pad: in, zero
 *
 * The ioctl returns a new fd, close-on-exec: the reservation. It ends with its
 * last descriptor, however the process ends, or by
 * ZINC_IOC_RESERVATION_RELEASE. Forked children and processes that receive the
 * fd share it, like any file description. Reservations hold across all
 * namespaces.
 *
 * To wait, prefer ZINC_RESERVE_QUEUE and poll(): the fd keeps its place in the
 * queue as long as it is open. A wait inside the ioctl (@deadline) ends, and
 * loses its place, when anything makes the process leave the kernel: a signal
 * with a handler, but also SIGSTOP and SIGCONT, ptrace, the freezer of cgroup
 * v2, a completion of an io_uring ring of the same thread, and a live patch of
 * the kernel. Suspend and the freezer of cgroup v1 do not end it. During the
 * wait it occupies no descriptor number.
 *
 * A try (@deadline 0) enters a queue only if it is granted at once: a refused
 * try never makes another reservation fail or wait.
 *
 * Order. A reservation is granted once it is compatible, on each of its
 * devices, with every earlier reservation in the queue of the device, held or
 * waiting. Shared reservations are compatible with each other. Therefore a
 * conflicting reservation never overtakes, and a shared one waits behind an
 * earlier exclusive one. A waiter for several devices holds none of them, but
 * later conflicting requests queue behind it even on the free ones.
 *
 * A caller that requests all its devices in one call cannot deadlock. A caller
 * that holds one reservation while it waits for another can, as with any lock.
 */
struct zinc_reserve {
	__u64 items;
	__u32 count;
	__u32 flags;
	__u64 deadline;
	__u64 id;
	__u32 state;
	__u32 pad;
};

/**
 * enum zinc_reservation_state - progress of a reservation
 * @ZINC_RESERVATION_WAITING: queued, not yet granted
 * @ZINC_RESERVATION_HELD: granted, until it is released
 * @ZINC_RESERVATION_RELEASED: given up by ZINC_IOC_RESERVATION_RELEASE, for
 *	good
 */
enum zinc_reservation_state {
	ZINC_RESERVATION_WAITING = 0,
	ZINC_RESERVATION_HELD = 1,
	ZINC_RESERVATION_RELEASED = 2,
};

/**
 * struct zinc_reservation_info - describe a reservation
 * @id: its number
 * @since: CLOCK_REALTIME, in ns, at which it entered its state
 * @state: enum zinc_reservation_state
 * @count: its devices
 * @ahead: reservations that it waits for, the most in any of its queues; 0
 *	unless it waits
 * @pad: zero
 *
 * All fields are out.
 */
struct zinc_reservation_info {
	__u64 id;
	__u64 since;
	__u32 state;
	__u32 count;
	__u32 ahead;
	__u32 pad;
};

/* zinc_holder.flags */
#define ZINC_HOLDER_WAITING	(1u << 0)	/* not yet granted */
#define ZINC_HOLDER_SHARED	(1u << 1)	/* shared */

#define ZINC_COMM_SIZE		16

/**
 * struct zinc_holder - a reservation of a device, held or waiting
 * @id: the reservation's number
 * @since: as in struct zinc_reservation_info
 * @started: start time of the process that reserved: CLOCK_BOOTTIME ns in the
 *	caller's time namespace
 * @pid: that process, in the caller's pid namespace; 0 if it is not visible
 *	there, or has ended while another process has the fd
 * @uid: its user at that time, in the caller's user namespace
 * @flags: ZINC_HOLDER_*
 * @pad: zero
 * @comm: its name at that time, zero-padded
 * @device: the device's name, zero-padded
 */
struct zinc_holder {
	__u64 id;
	__u64 since;
	__u64 started;
	__s32 pid;
	__u32 uid;
	__u32 flags;
	__u32 pad;
	__u8 comm[ZINC_COMM_SIZE];
	__u8 device[ZINC_DEVICE_SIZE];
};

#define ZINC_HOLDER_SIZE_V1	120	/* up to and including @device */

/**
 * struct zinc_holders - list reservations, held and waiting
 * @cursor: in, 0 to begin, else the value from the last call; out, where to
 *	continue
 * @entries: in, pointer to @count entries of @entry_size bytes
 * @count: in, room; out, entries written, possibly fewer than there is room
 *	for; 0 means the end
 * @entry_size: in, sizeof(struct zinc_holder) as the caller knows it; at least
 *	ZINC_HOLDER_SIZE_V1, at most the page size. The kernel sets bytes beyond
 *	the struct that it knows to zero.
 * @flags: in, zero
 * @pad: in, zero
 * @device: in, the only device to list; empty: all
 *
 * Entries are in order of arrival, one for each device of a reservation. Every
 * user may see all of them, so that a refused process can name the holder.
 */
struct zinc_holders {
	__u64 cursor;
	__u64 entries;
	__u32 count;
	__u32 entry_size;
	__u32 flags;
	__u32 pad;
	__u8 device[ZINC_DEVICE_SIZE];
};

#define ZINC_IOCTL_TYPE		0xBD

/*
 * Commands of /dev/zinc. All may give -EFAULT (bad pointer), -E2BIG (struct
 * longer than known, with non-zero tail), -EINVAL (flag, pad, range or name),
 * -ENOTTY (unknown command). From Linux 6.8 on, a security module may refuse
 * the inode of a new region or reservation fd, usually with -EACCES. A policy
 * for devices (Landlock, SELinux, seccomp) may refuse any ioctl.
 *
 * QUERY	-
 * CREATE	-EEXIST name taken, -EDQUOT too many regions for this user,
 *		-ENOSPC too many bytes for this user, -ENOMEM no memory, or
 *		refused by vm.overcommit_memory, -EMFILE, -ENFILE, -EINTR killed
 *		while pages were allocated, with REPLACE also -EPERM the caller
 *		may not unlink the region that has the name; with CONTIGUOUS
 *		also -EOPNOTSUPP the kernel has no huge pages, -ENOMEM no block
 *		of free memory is large enough, -EDQUOT too many pinned bytes
 *		for this user, -EBUSY, -EIO a page cannot be pinned
 * OPEN		-ENOENT, -EACCES mode forbids, -EMFILE, -ENFILE, -ENOMEM; with a
 *		deadline, instead of -ENOENT: -ETIMEDOUT, -EINTR a signal ended
 *		the wait, -EDQUOT calls of this user wait for
 *		zinc_query.max_waiters regions already
 * UNLINK	-ENOENT, -EPERM neither owner nor privileged
 * LIST		-
 * WAIT_ANY	as WAIT of a region fd, and -EBADF an item's fd is not a region,
 *		-ENOMEM
 * IMPORT	as CREATE, and -EBADF @dmabuf_fd is not open, -EINVAL it is not
 *		a dma-buf, or its size is not a multiple of the page size
 * RESERVE	-EBUSY a device is not free, and the deadline is 0; -ETIMEDOUT;
 *		-EINTR a signal or a stop ended the wait and lost the place in
 *		the queue (never restarted; ZINC_RESERVE_QUEUE keeps the place);
 *		-EDQUOT too many reservations for this user; -EMFILE (also after
 *		a wait: the grant is given back); -ENFILE, -ENOMEM
 * HOLDERS	-ENOMEM
 */
#define ZINC_IOC_QUERY		_IOWR(ZINC_IOCTL_TYPE, 0x00, struct zinc_query)
#define ZINC_IOC_CREATE		_IOWR(ZINC_IOCTL_TYPE, 0x01, struct zinc_create)
#define ZINC_IOC_OPEN		_IOWR(ZINC_IOCTL_TYPE, 0x02, struct zinc_open)
#define ZINC_IOC_UNLINK		_IOW(ZINC_IOCTL_TYPE, 0x03, struct zinc_unlink)
#define ZINC_IOC_LIST		_IOWR(ZINC_IOCTL_TYPE, 0x04, struct zinc_list)
#define ZINC_IOC_WAIT_ANY	_IOWR(ZINC_IOCTL_TYPE, 0x05, struct zinc_wait_any)
#define ZINC_IOC_IMPORT		_IOWR(ZINC_IOCTL_TYPE, 0x06, struct zinc_import)
#define ZINC_IOC_RESERVE	_IOWR(ZINC_IOCTL_TYPE, 0x07, struct zinc_reserve)
#define ZINC_IOC_HOLDERS	_IOWR(ZINC_IOCTL_TYPE, 0x08, struct zinc_holders)

/*
 * Commands of a region fd. Errors as above, and:
 *
 * INFO		-
 * NOTIFY	-EBADF the handle is read-only
 * WAIT		-ETIMEDOUT, -EINTR, -EBADF @notify_fd is not a writable handle;
 *		-EPIPE with ZINC_WAIT_GONE, its creator or name is gone; if it
 *		has to sleep also -EDQUOT calls of this user wait for
 *		zinc_query.max_waiters regions already, -ENOMEM
 * SET_CURSOR	-
 * UNLINK	-ENOENT the region has no name, or has lost it; otherwise -EPERM
 *		not the creator's handle, and neither owner nor privileged, as
 *		unlink(2) in a sticky directory; takes no argument (zero)
 * REOPEN	-EACCES writable from a read-only handle, -EMFILE, -ENFILE,
 *		-ENOMEM
 * EXPORT	-EACCES writable from a read-only handle, -EOPNOTSUPP read-only
 *		of an imported dma-buf that is writable, or a part of an
 *		imported dma-buf, -EINVAL a part that is not within the data,
 *		-EMFILE, -ENFILE, -ENOMEM
 * NOTIFY_FENCE	-EBADF @fence_fd is not a sync_file, or the handle is read-only;
 *		-EBUSY ZINC_FENCES_MAX fences are pending, -ENOMEM, -EOPNOTSUPP the
 *		kernel has no sync_files (ZINC_FEATURE_FENCE is not set)
 */
#define ZINC_IOC_REGION_INFO	_IOR(ZINC_IOCTL_TYPE, 0x40, struct zinc_info)
#define ZINC_IOC_REGION_NOTIFY	_IOWR(ZINC_IOCTL_TYPE, 0x41, struct zinc_notify)
#define ZINC_IOC_REGION_WAIT	_IOWR(ZINC_IOCTL_TYPE, 0x42, struct zinc_wait)
#define ZINC_IOC_REGION_SET_CURSOR \
	_IOW(ZINC_IOCTL_TYPE, 0x43, struct zinc_cursor)
#define ZINC_IOC_REGION_UNLINK	_IO(ZINC_IOCTL_TYPE, 0x44)
#define ZINC_IOC_REGION_EXPORT	_IOWR(ZINC_IOCTL_TYPE, 0x45, struct zinc_export)
#define ZINC_IOC_REGION_NOTIFY_FENCE \
	_IOW(ZINC_IOCTL_TYPE, 0x46, struct zinc_notify_fence)
#define ZINC_IOC_REGION_REOPEN	_IOWR(ZINC_IOCTL_TYPE, 0x47, struct zinc_reopen)

/*
 * Other operations of a region fd:
 *
 * mmap		MAP_SHARED only. Offset 0 has the data (any page-aligned part).
 *		ZINC_MMAP_CONTROL has the control page, one page long; or, one
 *		page longer than the data, the control page followed by all data
 *		as one mapping. The latter is -EOPNOTSUPP for imported and for
 *		large regions, whose data begin at a huge page: map the two side
 *		by side.
 *		-EINVAL range or MAP_PRIVATE, -EACCES PROT_WRITE on a read-only
 *		handle, or on data with ZINC_INFO_DATA_RDONLY, -EPERM PROT_EXEC
 *		(with the personality READ_IMPLIES_EXEC readable mappings are
 *		made non-executable). Imported data give the exporter's errors,
 *		-ENODEV if the exporter does not map, -EACCES if it makes a
 *		read-only mapping writable, and -ENOMEM, -ENFILE. A mapping does
 *		not keep the handle open.
 *		A mapping of the region's own memory is ordinary shmem: mlock(),
 *		futexes and, if it is writable, userfaultfd work, in the control
 *		page as well. MADV_COLLAPSE works in data that begin at a huge
 *		page. Within the size an access never raises SIGBUS, except for
 *		hardware memory errors and unreadable swap. If mremap() makes
 *		the mapping longer, an access beyond the size raises SIGBUS; or
 *		it reads zeros that are not part of the region, up to the end of
 *		a huge page that MADV_COLLAPSE made of the last part, or of the
 *		last block of a contiguous region. Mappings
 *		of imported memory cannot grow (-EFAULT). MADV_PAGEOUT does
 *		nothing, mincore() reports every page as present, and
 *		cachestat() reports 0: use @resident of ZINC_IOC_REGION_INFO.
 *		Mappings of a lazy region are excluded from core dumps, which
 *		would allocate all of it; MADV_DODUMP includes them.
 * read		returns 8 bytes, the number of notifies since the handle's
 *		cursor as __u64, and moves the cursor. Blocks until there is a
 *		notify; -EAGAIN with O_NONBLOCK; -EINVAL fewer than 8 bytes;
 *		-EINTR, -EDQUOT and -ENOMEM as WAIT.
 * poll		POLLIN the sequence differs from the handle's cursor; POLLRDHUP
 *		the creator's handle is closed; never POLLHUP or POLLERR. The
 *		kernel does not accept EPOLLRDHUP with EPOLLEXCLUSIVE, so that
 *		such a handle does not report the creator's end: watch another
 *		handle, or wait with ZINC_WAIT_GONE. If an epoll is nested in
 *		another epoll or in io_uring, call epoll_wait() on the inner one
 *		each time it is ready; otherwise it may report no further
 *		notify.
 * O_ASYNC	-EOPNOTSUPP: no signals (F_SETFL, FIOASYNC), also for /dev/zinc
 *		and for a reservation. Use epoll.
 * fork, dup	share the file description and the cursor. A handle is closed
 *		with its last descriptor.
 */

/*
 * A reservation fd:
 *
 * INFO		-
 * RELEASE	releases the devices at once, or leaves their queues, although
 *		other descriptors of the reservation stay open, such as a forked
 *		child's (ZINC_FEATURE_RELEASE). Any process that has a
 *		descriptor can do it. A release is final: a second call does
 *		nothing and returns 0. HOLDERS no longer lists the reservation,
 *		and max_reservations does not count it. Takes no argument
 *		(zero).
 * close	of the last descriptor also releases the devices.
 * poll		POLLIN when it is granted; POLLIN and POLLHUP from RELEASE on;
 *		never POLLERR
 */
#define ZINC_IOC_RESERVATION_INFO \
	_IOR(ZINC_IOCTL_TYPE, 0x80, struct zinc_reservation_info)
#define ZINC_IOC_RESERVATION_RELEASE	_IO(ZINC_IOCTL_TYPE, 0x81)

#endif /* _UAPI_LINUX_ZINC_H */
