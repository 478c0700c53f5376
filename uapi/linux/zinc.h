/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR MIT) */
/*
 * Zinc: named shared memory regions that processes and devices share.
 *
 * This file is the whole ABI between zinc.ko and user space.
 *
 * How it may grow. Fields are added at the end of a struct, or in a pad.
 * Nothing is renumbered, resized or given another meaning. A field that is
 * zero means what it meant before the field was there. The size of a struct
 * travels in the ioctl number: the kernel takes a shorter struct for one whose
 * missing fields are zero, and a longer one as long as what it does not know
 * is zero (-E2BIG otherwise); of a struct that is only handed out it sets what
 * it does not know to zero. Unknown flags and non-zero pads give -EINVAL.
 *
 * Layout. All fields have fixed widths and natural alignment, every struct is
 * a multiple of 8 bytes long, and there is no difference between 32- and
 * 64-bit callers. Pointers travel as __u64.
 */
#ifndef _UAPI_LINUX_ZINC_H
#define _UAPI_LINUX_ZINC_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/* raised only if the charter above is ever broken */
#define ZINC_ABI_VERSION	1

/* every name field, its NUL and zero padding included */
#define ZINC_NAME_SIZE		256
/* longest name, in bytes, of [a-zA-Z0-9_-] */
#define ZINC_NAME_MAX		249

/*
 * The offset at which mmap() of a region fd gives the control page. Offset 0
 * and up is the data; they end before the control page begins.
 */
#define ZINC_MMAP_CONTROL	(_AC(1, ULL) << 43)
/* no region is larger, whatever the memory */
#define ZINC_CAPACITY_MAX	ZINC_MMAP_CONTROL

/* the deadline that never comes */
#define ZINC_FOREVER		(~_AC(0, ULL))

#define ZINC_MAGIC		_AC(0x5A494E435F524547, ULL)	/* "ZINC_REG" */
#define ZINC_FORMAT		2
#define ZINC_HEADER_SIZE	64

/* struct zinc_header.flags: mirrors, which the kernel never believes */
#define ZINC_HDR_CREATOR_GONE	_BITUL(0)	/* creator's handle is closed */
#define ZINC_HDR_UNLINKED	_BITUL(1)	/* the region has lost its name */

/**
 * struct zinc_header - the 64 bytes before the data
 * @magic: ZINC_MAGIC, written last by the creator
 * @version: ZINC_FORMAT
 * @flags: ZINC_HDR_*
 * @notify_seq: the sequence: one more for every notify, wrapping
 * @capacity: length of the data in bytes
 * @ref_count: open handles
 * @owner_pid: the creator's pid, as the creator saw it
 * @created_at: CLOCK_REALTIME at creation, in nanoseconds
 * @name_hash: FNV-1a 64 of the name (0xcbf29ce484222325 without one)
 * @waiters: non-zero while somebody may sleep: a notify must enter the kernel
 * @reserved: zero
 *
 * It fills the last 64 bytes of the control page. Whoever may write the region
 * may write this page too, and the kernel acts on nothing in it but
 * @notify_seq, which can wake or delay those who share the region, no more.
 *
 * To notify without a system call: add 1 to @notify_seq, full barrier, read
 * @waiters; if it is not zero, ZINC_REGION_NOTIFY with ZINC_NOTIFY_WAKE.
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
	__u32 reserved[3];
};

/**
 * enum zinc_lifetime - when a region loses its name
 * @ZINC_LIFETIME_REFS: when the last handle is closed, whoever closes last
 * @ZINC_LIFETIME_CREATOR: when the creator's handle is closed
 * @ZINC_LIFETIME_PERSIST: when it is unlinked, or its namespace ends
 *
 * The memory goes with the last handle, mapping and device import, always.
 */
enum zinc_lifetime {
	ZINC_LIFETIME_REFS = 0,
	ZINC_LIFETIME_CREATOR = 1,
	ZINC_LIFETIME_PERSIST = 2,
};

/* zinc_query.features */
#define ZINC_FEATURE_REGION	_BITULL(0)	/* CREATE OPEN UNLINK LIST, region fds */
#define ZINC_FEATURE_WAIT_ANY	_BITULL(1)	/* ZINC_WAIT_ANY */
#define ZINC_FEATURE_HUGE	_BITULL(2)	/* large regions get huge pages */
#define ZINC_FEATURE_EXPORT	_BITULL(3)	/* region -> dma-buf */
#define ZINC_FEATURE_IMPORT	_BITULL(4)	/* dma-buf -> region */
#define ZINC_FEATURE_FENCE	_BITULL(5)	/* fence -> notify */
#define ZINC_FEATURE_RESERVE	_BITULL(6)	/* reservations */

/**
 * struct zinc_query - what this kernel module is and allows
 * @flags: in, zero
 * @abi_version: out, ZINC_ABI_VERSION
 * @features: out, ZINC_FEATURE_*
 * @page_size: out, bytes; capacities are multiples of it
 * @pad: in, zero
 * @max_regions: out, regions that one user may have (0: no limit)
 * @max_bytes: out, bytes that one user's regions may have (0: no limit)
 * @user_regions: out, the caller's user's regions that have a handle or name
 * @user_bytes: out, bytes of these, and of those that are only mapped
 * @max_reservations: out, reservations that one user may have, held or waiting
 *	(0: no limit)
 * @user_reservations: out, the caller's user's
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
};

/* zinc_create.flags */
#define ZINC_CREATE_LAZY	_BITUL(0)	/* pages come with the first touch */
#define ZINC_CREATE_REPLACE	_BITUL(1)	/* take the name from its region */

/**
 * struct zinc_create - make a region
 * @capacity: in, bytes of data: a multiple of the page size, not 0, at most
 *	ZINC_CAPACITY_MAX
 * @flags: in, ZINC_CREATE_*
 * @lifetime: in, enum zinc_lifetime; an anonymous region takes REFS only
 * @mode: in, permission bits within 0666; 0 means 0600. No umask is applied.
 * @pad: in, zero
 * @id: out, the region's number, never used twice while the module is loaded
 * @name: in, NUL-terminated and zero to its end; empty makes an anonymous
 *	region, which travels by SCM_RIGHTS
 *
 * The ioctl returns a new region fd, readable, writable and close-on-exec:
 * the creator's handle. Its file description is what "the creator" means.
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

/* zinc_open.flags */
#define ZINC_OPEN_RDONLY	_BITUL(0)	/* map and wait, never write or notify */

/**
 * struct zinc_open - a further handle to a named region
 * @flags: in, ZINC_OPEN_*
 * @pad: in, zero
 * @id: out, the region's number
 * @capacity: out, bytes of data
 * @name: in, as in struct zinc_create, not empty
 *
 * The ioctl returns a new region fd, close-on-exec.
 */
struct zinc_open {
	__u32 flags;
	__u32 pad;
	__u64 id;
	__u64 capacity;
	__u8 name[ZINC_NAME_SIZE];
};

/**
 * struct zinc_unlink - take a name away
 * @flags: in, zero
 * @pad: in, zero
 * @name: in, as in struct zinc_open
 *
 * Handles and mappings stay valid. The name is free at once.
 */
struct zinc_unlink {
	__u32 flags;
	__u32 pad;
	__u8 name[ZINC_NAME_SIZE];
};

/* zinc_info.flags */
#define ZINC_INFO_CREATOR_GONE	_BITUL(0)	/* creator's handle is closed */
#define ZINC_INFO_UNLINKED	_BITUL(1)	/* has no name any more */
#define ZINC_INFO_ANONYMOUS	_BITUL(2)	/* never had one */
#define ZINC_INFO_LAZY		_BITUL(3)	/* made with ZINC_CREATE_LAZY */
#define ZINC_INFO_RDONLY	_BITUL(4)	/* this handle is read-only */
#define ZINC_INFO_CREATOR	_BITUL(5)	/* this handle is the creator's */
#define ZINC_INFO_IMPORTED	_BITUL(6)	/* its memory is a foreign dma-buf */
#define ZINC_INFO_DATA_RDONLY	_BITUL(7)	/* nobody maps its data writable */

/**
 * struct zinc_info - all there is to know of a region
 * @id: the region's number
 * @capacity: bytes of data
 * @resident: bytes of them that have memory now
 * @created_at: CLOCK_REALTIME at creation, in nanoseconds
 * @flags: ZINC_INFO_*
 * @lifetime: enum zinc_lifetime
 * @uid: owner, in the caller's user namespace
 * @gid: owning group, likewise
 * @mode: permission bits
 * @owner_pid: creator's pid in the caller's pid namespace, 0 if not visible
 * @handles: open handles
 * @waiters: sleepers and pollers queued at this moment (counted up to 1024)
 * @sequence: notifies so far, modulo 2^32
 * @cursor: this handle's cursor (0 in a list)
 * @name: the name, zero-padded; empty for none
 * @attachments: devices attached to the region's dma-buf (0 if imported)
 * @fences: fences that have yet to notify
 * @fence_errors: fences so far that signalled an error, modulo 2^32
 * @fence_error: errno (negative) of the last of these, 0 if there was none
 *
 * All fields are out, in ZINC_REGION_INFO as in ZINC_LIST.
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
	__s32 owner_pid;
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
 * struct zinc_list - the named regions that the caller may see, in order of id
 * @cursor: in, 0 to begin, else what the last call left here; out, where to
 *	go on. A region that is there all the while is listed exactly once,
 *	whatever comes and goes beside it.
 * @entries: in, pointer to @count entries of @entry_size bytes
 * @count: in, room; out, entries written; 0 means the end
 * @entry_size: in, sizeof(struct zinc_info) as the caller knows it; at least
 *	ZINC_INFO_SIZE_V1. Bytes past what the kernel knows are zeroed.
 * @flags: in, zero
 * @pad: in, zero
 *
 * A caller sees what he may open for reading, and what his user owns.
 */
struct zinc_list {
	__u64 cursor;
	__u64 entries;
	__u32 count;
	__u32 entry_size;
	__u32 flags;
	__u32 pad;
};

#define ZINC_INFO_SIZE_V1	328	/* up to and with @name */

/**
 * struct zinc_import - make a region of a foreign dma-buf
 * @dmabuf_fd: in, a dma-buf
 * @flags: in, ZINC_CREATE_REPLACE or nothing
 * @lifetime: in, as in struct zinc_create
 * @mode: in, as in struct zinc_create
 * @id: out, the region's number
 * @capacity: out, bytes of data: the size of the dma-buf
 * @name: in, as in struct zinc_create
 *
 * The ioctl returns a new region fd, as ZINC_CREATE does. Everything but the
 * memory is as in any region. Its data can be mapped if the exporter can do so
 * (-ENODEV otherwise), and never writable if @dmabuf_fd was not (the region
 * has ZINC_INFO_DATA_RDONLY then). ZINC_REGION_EXPORT gives the original
 * dma-buf. The region, and then its mappings, keep the foreign memory; its
 * bytes count for the limits.
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
#define ZINC_NOTIFY_WAKE	_BITUL(0)	/* the sequence is already one up */

/**
 * struct zinc_notify - tell everyone that the region changed
 * @flags: in, ZINC_NOTIFY_*
 * @sequence: out, the sequence after it
 */
struct zinc_notify {
	__u32 flags;
	__u32 sequence;
};

/* zinc_wait.flags */
#define ZINC_WAIT_CURSOR	_BITUL(0)	/* against @cursor, not the handle's */
#define ZINC_WAIT_NOTIFY	_BITUL(1)	/* first notify @notify_fd's region */
#define ZINC_WAIT_WAKE		_BITUL(2)	/* likewise, its sequence is one up */

/**
 * struct zinc_wait - sleep until the sequence differs from a cursor
 * @flags: in, ZINC_WAIT_*; NOTIFY and WAKE exclude each other
 * @cursor: in, with ZINC_WAIT_CURSOR, the last sequence seen; out, after
 *	success, the sequence that ended the wait. The handle's own cursor
 *	moves there too.
 * @deadline: in, absolute CLOCK_MONOTONIC time in ns (as the caller's time
 *	namespace shows it), one that is past only looks, ZINC_FOREVER waits
 *	for ever
 * @notify_fd: in, with NOTIFY or WAKE, a writable handle; else zero
 * @pad: in, zero
 *
 * A signal interrupts it with -EINTR, or restarts it where the handler asks
 * for that. With NOTIFY or WAKE it is never restarted: once the notify has
 * been done, a signal gives -EINTR, and the caller goes on with a plain wait.
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
 * struct zinc_wait_item - one of several regions to wait for
 * @fd: in, a region fd
 * @cursor: in, the last sequence seen; out, for the item that ended the wait,
 *	the sequence that ended it (its handle's own cursor moves there too)
 */
struct zinc_wait_item {
	__s32 fd;
	__u32 cursor;
};

/**
 * struct zinc_wait_any - sleep until one of several sequences moves
 * @items: in, pointer to @count struct zinc_wait_item
 * @count: in, 1 to ZINC_WAIT_ANY_MAX
 * @flags: in, zero
 * @deadline: in, as in struct zinc_wait
 * @index: out, the item that ended the wait, the first where several did
 * @pad: in, zero
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
 * struct zinc_cursor - place a handle's cursor
 * @cursor: in, the sequence that counts as seen; poll() and read() go by it
 * @pad: in, zero
 */
struct zinc_cursor {
	__u32 cursor;
	__u32 pad;
};

/**
 * struct zinc_reopen - a further handle from a handle
 * @flags: in, ZINC_OPEN_*
 * @pad: in, zero
 * @id: out, the region's number
 * @capacity: out, bytes of data
 *
 * The ioctl returns a new region fd, close-on-exec, with a file description
 * and a cursor of its own: what a process makes of an fd that it was sent, or
 * makes read-only before it sends it on. No permission is asked for, since the
 * fd is the permission; but a read-only handle gives read-only handles.
 */
struct zinc_reopen {
	__u32 flags;
	__u32 pad;
	__u64 id;
	__u64 capacity;
};

/* zinc_export.flags */
#define ZINC_EXPORT_RDONLY	_BITUL(0)	/* neither CPU nor device writes by it */

/**
 * struct zinc_export - a dma-buf of the region's data
 * @flags: in, ZINC_EXPORT_*
 * @pad: in, zero
 * @size: out, bytes
 *
 * The ioctl returns a new dma-buf fd, close-on-exec. Each region has one
 * dma-buf, and one more that is read-only, and every call gives out the same:
 * importers recognize the buffer. It covers the data and never the control
 * page. The pages are pinned while a device is attached, and are ordinary
 * otherwise. The dma-buf keeps the memory, not the region: the name, the
 * handles and the sequence live and die without it.
 *
 * Of a read-only dma-buf, devices get mappings to read from (DMA_TO_DEVICE)
 * and the kernel gets none. DRM drivers ask for more, and are refused.
 */
struct zinc_export {
	__u32 flags;
	__u32 pad;
	__u64 size;
};

#define ZINC_FENCES_MAX		4096

/**
 * struct zinc_notify_fence - notify the region when a fence signals
 * @fence_fd: in, a sync_file
 * @flags: in, zero
 *
 * When all of the sync_file has signalled, the region is notified, once; if it
 * has already, before the call returns. The descriptor may be closed at once.
 * Fences that are still pending when the region goes are forgotten. A fence
 * that signals an error notifies like any other, and is counted in
 * zinc_info.fence_errors before it does; its own sync_file says which it was
 * (SYNC_IOC_FILE_INFO).
 */
struct zinc_notify_fence {
	__s32 fence_fd;
	__u32 flags;
};

/* a device's name, its NUL and zero padding included */
#define ZINC_DEVICE_SIZE	64
/* devices in one reservation */
#define ZINC_RESERVE_MAX	16

/* zinc_reserve_item.flags */
#define ZINC_RESERVE_SHARED	_BITUL(0)	/* with others who share it */

/**
 * struct zinc_reserve_item - a device to be reserved
 * @device: in, NUL-terminated and zero to its end: 1 to 63 bytes, [a-z0-9] and
 *	behind the first also [._:-]
 * @flags: in, ZINC_RESERVE_SHARED, or nothing: exclusively
 * @pad: in, zero
 *
 * What a name means is for those who use it to agree on. These are the names
 * that libzinc-kmod uses: BACKEND:INDEX, as vulkan:0, where all that is known is
 * a backend's own number; pci:DOMAIN:BUS:DEVICE.FUNCTION in lower-case
 * hexadecimal digits, as pci:0000:01:00.0, where the device is known. The two
 * are different names, and do not exclude each other.
 */
struct zinc_reserve_item {
	__u8 device[ZINC_DEVICE_SIZE];
	__u32 flags;
	__u32 pad;
};

/* zinc_reserve.flags */
#define ZINC_RESERVE_QUEUE	_BITUL(0)	/* return at once, wait by poll */

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
 * The ioctl returns a new fd, close-on-exec: the reservation. It ends when that
 * is closed, by whatever end of the process; forks and those it is sent to share
 * it, as they do any file description. Reservations hold across all namespaces.
 *
 * They are granted in the order of their arrival, device by device: one is
 * granted once, at each of its devices, it goes together with every one that
 * arrived before it and is still there, granted or not. So none is overtaken by
 * what it conflicts with, a shared one that arrives behind an exclusive one
 * waits behind it, and one that waits for several devices holds none of them
 * meanwhile, but nor does it let anyone pass at those that are free.
 *
 * Who asks for all he needs in one call can not be part of a deadlock. Who holds
 * one and waits for another can be, as with any lock.
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
 * enum zinc_reservation_state - how far a reservation is
 * @ZINC_RESERVATION_WAITING: not yet granted
 * @ZINC_RESERVATION_HELD: granted; it stays so
 */
enum zinc_reservation_state {
	ZINC_RESERVATION_WAITING = 0,
	ZINC_RESERVATION_HELD = 1,
};

/**
 * struct zinc_reservation_info - how a reservation stands
 * @id: its number
 * @since: CLOCK_REALTIME of when it was granted or, if it waits, queued; in ns
 * @state: enum zinc_reservation_state
 * @count: its devices
 * @ahead: reservations that it waits for, in all its queues; 0 when it is held
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
#define ZINC_HOLDER_WAITING	_BITUL(0)	/* has not got it yet */
#define ZINC_HOLDER_SHARED	_BITUL(1)	/* shares it */

#define ZINC_COMM_SIZE		16

/**
 * struct zinc_holder - who has, or waits for, a device
 * @id: the reservation's number
 * @since: as in struct zinc_reservation_info
 * @started: when the process that reserved was started: CLOCK_BOOTTIME in ns, as
 *	the caller's time namespace shows it
 * @pid: that process, in the caller's pid namespace; 0 if it is not visible
 *	there, or has ended and left the fd to others
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

#define ZINC_HOLDER_SIZE_V1	120	/* up to and with @device */

/**
 * struct zinc_holders - who has, and who waits for, which device
 * @cursor: in, 0 to begin, else what the last call left here; out, where to go
 *	on
 * @entries: in, pointer to @count entries of @entry_size bytes
 * @count: in, room; out, entries written, perhaps fewer than there is room for;
 *	0 means the end
 * @entry_size: in, sizeof(struct zinc_holder) as the caller knows it; at least
 *	ZINC_HOLDER_SIZE_V1. Bytes past what the kernel knows are zeroed.
 * @flags: in, zero
 * @pad: in, zero
 * @device: in, only this one; all if it is empty
 *
 * In order of arrival, an entry for each device of a reservation. Everybody may
 * see all of it, whatever the user, so that a refusal can name its reason.
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

#define ZINC_IOC_TYPE		0xBD

/*
 * Commands of /dev/zinc. All may give -EFAULT (bad pointer), -E2BIG (struct
 * longer than known, with non-zero tail), -EINVAL (flag, pad, range or name),
 * -ENOTTY (unknown command).
 *
 * QUERY	-
 * CREATE	-EEXIST name taken, -EDQUOT too many regions for this user,
 *		-ENOSPC too many bytes for this user, -ENOMEM, -EMFILE, -ENFILE,
 *		-EINTR killed while pages were made, with REPLACE also -EPERM
 *		where the caller may not unlink the region that has the name
 * OPEN		-ENOENT, -EACCES mode forbids, -EMFILE, -ENFILE, -ENOMEM
 * UNLINK	-ENOENT, -EPERM neither owner nor privileged
 * LIST		-
 * WAIT_ANY	-ETIMEDOUT, -EINTR, -EBADF an item's fd is no region, -ENOMEM
 * IMPORT	as CREATE, and -EBADF @dmabuf_fd is not open, -EINVAL it is no
 *		dma-buf, or its size no multiple of the page size
 * RESERVE	-EBUSY a device is not free, and the deadline is 0; -ETIMEDOUT,
 *		-EINTR a signal came while it waited, which has then lost its
 *		place (never restarted; ZINC_RESERVE_QUEUE keeps the place),
 *		-EDQUOT too many reservations for this user, -EMFILE, -ENFILE,
 *		-ENOMEM
 * HOLDERS	-ENOMEM
 */
#define ZINC_QUERY		_IOWR(ZINC_IOC_TYPE, 0x00, struct zinc_query)
#define ZINC_CREATE		_IOWR(ZINC_IOC_TYPE, 0x01, struct zinc_create)
#define ZINC_OPEN		_IOWR(ZINC_IOC_TYPE, 0x02, struct zinc_open)
#define ZINC_UNLINK		_IOW(ZINC_IOC_TYPE, 0x03, struct zinc_unlink)
#define ZINC_LIST		_IOWR(ZINC_IOC_TYPE, 0x04, struct zinc_list)
#define ZINC_WAIT_ANY		_IOWR(ZINC_IOC_TYPE, 0x05, struct zinc_wait_any)
#define ZINC_IMPORT		_IOWR(ZINC_IOC_TYPE, 0x06, struct zinc_import)
#define ZINC_RESERVE		_IOWR(ZINC_IOC_TYPE, 0x07, struct zinc_reserve)
#define ZINC_HOLDERS		_IOWR(ZINC_IOC_TYPE, 0x08, struct zinc_holders)

/*
 * Commands of a region fd. Errors as above, and:
 *
 * INFO		-
 * NOTIFY	-EBADF the handle is read-only
 * WAIT		-ETIMEDOUT, -EINTR, -EBADF @notify_fd is no writable region
 * SET_CURSOR	-
 * UNLINK	-ENOENT has no name, -EPERM neither the creator's handle nor
 *		owner nor privileged; takes no argument (zero)
 * REOPEN	-EACCES writable from a read-only handle, -EMFILE, -ENFILE,
 *		-ENOMEM
 * EXPORT	-EACCES writable from a read-only handle, -EOPNOTSUPP read-only
 *		of an imported dma-buf that is writable, -EMFILE, -ENFILE,
 *		-ENOMEM
 * NOTIFY_FENCE	-EBADF @fence_fd is no sync_file, or the handle is read-only;
 *		-EBUSY ZINC_FENCES_MAX fences are pending, -ENOMEM
 */
#define ZINC_REGION_INFO	_IOR(ZINC_IOC_TYPE, 0x40, struct zinc_info)
#define ZINC_REGION_NOTIFY	_IOWR(ZINC_IOC_TYPE, 0x41, struct zinc_notify)
#define ZINC_REGION_WAIT	_IOWR(ZINC_IOC_TYPE, 0x42, struct zinc_wait)
#define ZINC_REGION_SET_CURSOR	_IOW(ZINC_IOC_TYPE, 0x43, struct zinc_cursor)
#define ZINC_REGION_UNLINK	_IO(ZINC_IOC_TYPE, 0x44)
#define ZINC_REGION_EXPORT	_IOWR(ZINC_IOC_TYPE, 0x45, struct zinc_export)
#define ZINC_REGION_NOTIFY_FENCE \
	_IOW(ZINC_IOC_TYPE, 0x46, struct zinc_notify_fence)
#define ZINC_REGION_REOPEN	_IOWR(ZINC_IOC_TYPE, 0x47, struct zinc_reopen)

/*
 * A region fd beside its ioctls:
 *
 * mmap		MAP_SHARED only: the data at offset 0 (any page-aligned part),
 *		the control page, one page long, at ZINC_MMAP_CONTROL, and there
 *		also, one page longer than the data, the control page with all
 *		data behind it, which saves a mapping. The latter is -EOPNOTSUPP
 *		for imported regions and for large ones, whose data begin where
 *		a huge page does: map the two side by side.
 *		-EINVAL range or MAP_PRIVATE, -EACCES PROT_WRITE on a read-only
 *		handle, -EPERM PROT_EXEC, and of imported data what the exporter
 *		says, -ENODEV if it can not be mapped. Mappings with data do not
 *		keep the handle open, that of the control page alone does. No
 *		mapping can grow (mremap: -EFAULT). As for every mapping that
 *		can not, mlock() succeeds and locks nothing.
 * read		8 bytes: how many notifies since the handle's cursor, as __u64,
 *		and moves the cursor. Blocks for the first one; -EAGAIN with
 *		O_NONBLOCK; -EINVAL fewer than 8 bytes.
 * poll		POLLIN the sequence differs from the handle's cursor; POLLRDHUP
 *		the creator's handle is closed; never POLLHUP or POLLERR.
 * fork, dup	share the file description, and so the cursor. A handle is
 *		closed when its last descriptor and control mapping are gone.
 */

/*
 * A reservation fd:
 *
 * RESERVATION_INFO	-
 * poll		POLLIN when it is granted; never POLLHUP or POLLERR
 */
#define ZINC_RESERVATION_INFO \
	_IOR(ZINC_IOC_TYPE, 0x80, struct zinc_reservation_info)

#endif /* _UAPI_LINUX_ZINC_H */
