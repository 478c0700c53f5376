/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared declarations of zinc.ko.
 *
 * Layers. A file calls files of lower layers only; tests/repo/lint checks it.
 *
 *	8	main
 *	7	wait_any
 *	6	handle debugfs
 *	5	names mmap
 *	4	region
 *	3	dmabuf fence reserve
 *	2	backing notify reserve_queue
 *	1	ioctl permission quota deadline import trace
 *
 * A region has a control page, which contains the header (struct zinc_header),
 * and data. It has handles (struct file) and optionally a name. All per-process
 * state is in a handle: it ends with the file, and so with the process.
 *
 * References. zinc_region.users counts handles, calls in progress, and the name
 * of a persistent region. A look-up by name increments it under RCU unless it
 * is zero. When it becomes zero the region ends. Pages live longer: they belong
 * to the backing file, which mappings and dma-bufs hold.
 *
 * A region's dma-buf holds the pages and not the region. A pending fence holds
 * no reference to the region, and is dropped with it.
 *
 * Locks, outermost first:
 *   zinc_names.lock	names, id tree and name waiters of one namespace
 *   zinc_region.lock	handle count, flags and their copies in the header
 *   zinc_region.fence_lock	pending fences
 *   zinc_region.wait.lock	sleepers, and the header's waiters flag
 * zinc_regions_lock is taken before a region's locks and under no other lock.
 * zinc_user_lock, zinc_rdonly_lock and zinc_dmabuf.attach_lock are leaves.
 * zinc_region.dmabuf_lock and the lock of reserve_queue.c are taken under no
 * other lock of the module. dmabuf.c and fence.c describe how their locks nest
 * with the kernel's.
 */
#ifndef _ZINC_INTERNAL_H
#define _ZINC_INTERNAL_H

#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/zinc.h>

struct device;
struct dma_buf;
struct net;
struct vm_area_struct;
struct zinc_dmabuf;
struct zinc_names;
struct zinc_queue;
struct zinc_user;

/**
 * struct zinc_region - named or anonymous memory, and its waiters
 * @users: references, see above
 * @id: never used twice
 * @capacity: bytes of data
 * @created_at: CLOCK_REALTIME in ns
 * @uid: owner
 * @gid: owning group
 * @mode: permission bits
 * @lifetime: ZINC_LIFETIME_*
 * @creator: the creating process, for display only
 * @user: account that the limits charge
 * @backing: the shmem file of the pages; NULL if imported
 * @import: the foreign dma-buf that has the pages; NULL unless imported
 * @dmabuf_lock: held while @dmabuf or one of its dma-bufs is created
 * @dmabuf: exports the pages; NULL before the first export
 * @control: the file of the control page: @backing, or a file of its own
 * @header: the end of the control page; every process that may write the region
 *	may write it
 * @wait: sleepers and pollers
 * @wake: wakes all of @wait, for a fence if they are many
 * @rewound: wakes pollers after a cursor was set back
 * @lock: protects @handles and @flags
 * @handles: open handles
 * @flags: ZINC_INFO_* except those of a handle
 * @fence_lock: protects the fence members
 * @fences: pending fences
 * @fences_pending: their number
 * @fence_errors: fences that signalled an error
 * @fence_error: the error of the last such fence
 * @names: the table of the namespace of creation, NULL for an anonymous region
 * @named: whether @names has the region; protected by the lock of @names
 * @hash: node in zinc_names.table
 * @by_id: node in zinc_names.by_id
 * @all: node in the list of all regions, for debugfs
 * @rcu: frees the region when no look-up can read it any more
 * @name: zero-padded
 */
struct zinc_region {
	refcount_t users;
	u64 id;
	u64 capacity;
	u64 created_at;
	kuid_t uid;
	kgid_t gid;
	u16 mode;
	u16 lifetime;
	struct pid *creator;
	struct zinc_user *user;
	struct file *backing;
	struct dma_buf *import;
	struct mutex dmabuf_lock;	/* see above */
	struct zinc_dmabuf *dmabuf;
	struct file *control;
	struct zinc_header *header;
	wait_queue_head_t wait;
	struct work_struct wake;
	struct delayed_work rewound;
	spinlock_t lock;	/* see above */
	u32 handles;
	u32 flags;
	spinlock_t fence_lock;	/* see above */
	struct list_head fences;
	u32 fences_pending;
	u32 fence_errors;
	int fence_error;
	struct zinc_names *names;
	bool named;
	struct rhash_head hash;
	struct rb_node by_id;
	struct list_head all;
	struct rcu_head rcu;
	u8 name[ZINC_NAME_SIZE];
};

/**
 * struct zinc_names - the names of one network namespace
 * @refs: the namespace and each region made with a name here
 * @user_ns: whose capabilities override permissions here
 * @lock: protects the rest, except look-ups in @table
 * @table: regions by name
 * @by_id: the same regions by id, for listing
 * @waiting: struct zinc_name_waiter of each task that waits for a name, by name
 */
struct zinc_names {
	refcount_t refs;
	struct user_namespace *user_ns;
	struct mutex lock;	/* see above */
	struct rhashtable table;
	struct rb_root by_id;
	struct rb_root waiting;
};

/**
 * struct zinc_handle - private_data of a region's open file
 * @region: region, whose users and handles count this handle
 * @cursor: the last sequence that poll(), read() and a wait without a cursor of
 *	its own count as seen
 * @creator: ZINC_IOC_CREATE or ZINC_IOC_IMPORT returned this file
 * @user: the account of the first user that slept by this handle, or NULL
 */
struct zinc_handle {
	struct zinc_region *region;
	u32 cursor;
	bool creator;
	struct zinc_user *user;
};

/* ioctl.c */

/**
 * struct zinc_call - one ioctl in progress
 * @file: file of /dev/zinc, a region or a reservation
 * @arg: the command's struct as this module knows it; copied out after success
 *	if the direction of the command has _IOC_READ
 * @fd: of a command that returns one: the number, or -1 before it is taken
 * @new_file: set by a command that returns an fd. It is installed after
 *	everything else, or put after a failure.
 * @other: file of another handle, for the commit; zinc_run_command() puts it
 * @cursor: the new cursor of @other
 */
struct zinc_call {
	struct file *file;
	void *arg;
	int fd;
	struct file *new_file;
	struct file *other;
	u32 cursor;
};

/**
 * struct zinc_command - a row of a command table, indexed by _IOC_NR - base
 * @cmd: the command, with the size of its struct as this module knows it
 * @returns_fd: returns a new descriptor
 * @run: executes the command; returns 0 or a negative errno
 * @commit: the last step, once the struct has been copied out; may be NULL
 */
struct zinc_command {
	unsigned int cmd;
	bool returns_fd;
	int (*run)(struct zinc_call *call);
	int (*commit)(struct zinc_call *call);
};

long zinc_run_command(const struct zinc_command *table, unsigned int first,
		      unsigned int count, struct file *file, unsigned int cmd,
		      unsigned long arg);
int zinc_call_get_fd(struct zinc_call *call);
void zinc_call_put_fd(struct zinc_call *call);
int zinc_copy_struct(void __user *to, size_t to_size, const void *from,
		     size_t from_size);
int zinc_no_fasync(int fd, struct file *file, int on);

/* permission.c */
int zinc_region_permission(const struct zinc_region *region, unsigned int mask);
bool zinc_region_may_unlink(const struct zinc_region *region);
pid_t zinc_pid_nr(struct pid *process);

/* region.c */
struct zinc_region *zinc_region_build(const struct zinc_create *args,
				      struct zinc_names *names,
				      struct dma_buf *import);
void zinc_region_destroy(struct zinc_region *region);
bool zinc_region_has_inline_control(const struct zinc_region *region);
void zinc_region_set_flag(struct zinc_region *region, u32 flag);
void zinc_region_info(struct zinc_region *region, struct zinc_info *info);
extern struct list_head zinc_regions;
extern spinlock_t zinc_regions_lock;

/* backing.c */
int zinc_backing_init(void);
void zinc_backing_exit(void);
u64 zinc_backing_huge_size(void);
u64 zinc_backing_bytes(u64 size, u32 flags);
struct file *zinc_backing_create(const char *name, u64 size, u32 flags,
				 struct zinc_user *user);
struct file *zinc_backing_create_control(const char *name);
struct page *zinc_backing_control(struct file *backing);
u64 zinc_backing_resident(struct file *backing);
int zinc_mmap_check(struct vm_area_struct *vma);
int zinc_backing_mmap(struct file *backing, struct vm_area_struct *vma,
		      bool control);
struct page **zinc_backing_pin(struct file *backing);
void zinc_backing_unpin(struct file *backing, struct page **pages);

/* dmabuf.c */
struct dma_buf *zinc_dmabuf_export(struct zinc_region *region, bool rdonly);
struct dma_buf *zinc_dmabuf_export_part(struct zinc_region *region, bool rdonly,
					u64 offset, u64 length);
void zinc_dmabuf_drop(struct zinc_region *region);
u32 zinc_dmabuf_attached(const struct zinc_region *region);
void zinc_dmabuf_show(struct seq_file *m, const struct zinc_region *region,
		      const char *before, const char *after);

/* import.c */
struct dma_buf *zinc_import_get(int fd);
u32 zinc_import_flags(const struct dma_buf *dmabuf);
struct dma_buf *zinc_import_export(struct zinc_region *region, bool rdonly);
int zinc_import_mmap(struct zinc_region *region, struct vm_area_struct *vma);

/* fence.c */
int zinc_fence_notify(struct zinc_region *region, int fd);
void zinc_fences_forget(struct zinc_region *region);
void zinc_fences_info(struct zinc_region *region, struct zinc_info *info);

/* names.c */
int zinc_names_init(void);
void zinc_names_exit(void);
int zinc_name_check(const u8 *name);
struct zinc_names *zinc_names_current(void);
struct zinc_region *zinc_region_create(const struct zinc_create *args,
				       struct dma_buf *import);
void zinc_region_put(struct zinc_region *region);
int zinc_names_precheck(const u8 *name, bool replace);
int zinc_names_insert(struct zinc_region *region, bool replace);
struct zinc_region *zinc_names_lookup(const u8 *name);
struct zinc_region *zinc_names_wait(const u8 *name, u64 deadline);
bool zinc_names_remove(struct zinc_region *region);
bool zinc_names_next(struct zinc_names *names, u64 *cursor,
		     struct zinc_info *info);
bool zinc_names_stat(const u8 *name, u64 *cursor, struct zinc_info *info);

/* quota.c */
void zinc_user_init(void);
struct zinc_user *zinc_user_charge(kuid_t uid, u64 bytes);
bool zinc_user_is_exempt(void);
int zinc_user_add_reservation(struct zinc_user *user, bool exempt);
struct zinc_user *zinc_user_get(kuid_t uid);
void zinc_user_put(struct zinc_user *user);
int zinc_user_charge_pinned(struct zinc_user *user, u64 bytes,
			    const struct file *creator);
void zinc_user_put_pinned(struct zinc_user *user, u64 bytes);
void zinc_user_put_region(struct zinc_user *user);
void zinc_user_put_bytes(struct zinc_user *user, u64 bytes);
void zinc_user_remove_reservation(struct zinc_user *user);
struct zinc_user *zinc_user_charge_waiters(struct zinc_user **cache,
					   unsigned int count);
void zinc_user_put_waiters(struct zinc_user **cache, struct zinc_user *user,
			   unsigned int count);
void zinc_user_query(kuid_t uid, struct zinc_query *args);

/* handle.c */
struct file *zinc_handle_open(struct zinc_region *region, bool rdonly,
			      bool creator);
struct zinc_handle *zinc_handle_of(struct file *file);

/* mmap.c */
int zinc_region_mmap(struct file *file, struct vm_area_struct *vma);

/* wait_any.c */
int zinc_do_wait_any(struct zinc_call *call);
int zinc_commit_wait_any(struct zinc_call *call);

/* notify.c */

/**
 * struct zinc_sleeper - the place of a sleeping task on the queue of a region
 * @entry: entry of the queue
 * @stays: a wake-up does not remove it from the queue
 * @gone: wake it also when the region has lost its creator or name
 */
struct zinc_sleeper {
	wait_queue_entry_t entry;
	bool stays;
	bool gone;
};

int zinc_notify_start(void);
void zinc_notify_stop(void);
void zinc_notify_init(struct zinc_region *region);
void zinc_notify_end(struct zinc_region *region);
u32 zinc_sequence(const struct zinc_region *region);
u32 zinc_arm(struct zinc_region *region);
void zinc_disarm(struct zinc_region *region);
bool zinc_region_is_gone(const struct zinc_region *region);
void zinc_sleeper_init(struct zinc_sleeper *sleeper, bool stays, bool gone);
u32 zinc_notify(struct zinc_region *region, bool bump, bool sync);
void zinc_notify_atomic(struct zinc_region *region);
void zinc_notify_gone(struct zinc_region *region, bool creator);
__poll_t zinc_notify_poll(struct zinc_handle *handle, struct file *file,
			  poll_table *table);
void zinc_set_cursor(struct zinc_handle *handle, u32 cursor);
int zinc_wait(struct zinc_handle *handle, u32 cursor, u64 deadline, bool gone,
	      u32 *seq);
u32 zinc_waiters(struct zinc_region *region);
extern struct workqueue_struct *zinc_wq;

/* deadline.c */
ktime_t zinc_deadline(u64 deadline);
int zinc_sleep(ktime_t deadline);

/* reserve_queue.c */

/**
 * struct zinc_claim - a reservation's place in the queue of one device
 * @node: node in zinc_queue.claims
 * @queue: queue of the device
 * @reservation: reservation that the claim is part of
 * @shared: compatible with other shared claims; otherwise exclusive
 * @compatible: compatible with every claim before it in the queue
 */
struct zinc_claim {
	struct list_head node;
	struct zinc_queue *queue;
	struct zinc_reservation *reservation;
	bool shared;
	bool compatible;
};

/**
 * struct zinc_reservation - private_data of a reservation fd
 * @all: node in the list of all reservations, in order of arrival
 * @id: never used twice; 0 until the reservation is queued
 * @since: CLOCK_REALTIME in ns at which it entered @state
 * @started: CLOCK_BOOTTIME in ns at which @process started
 * @process: process that reserved, for display only
 * @uid: user of @process
 * @user: account that the limits charge
 * @wait: pollers, and the call that waits for the grant
 * @state: changes under the lock of all queues; RELEASED is final
 * @count: number of claims
 * @blocked: number of claims that are not compatible yet
 * @comm: name of @process
 * @claims: one for each device
 */
struct zinc_reservation {
	struct list_head all;
	u64 id;
	u64 since;
	u64 started;
	struct pid *process;
	kuid_t uid;
	struct zinc_user *user;
	wait_queue_head_t wait;
	enum zinc_reservation_state state;
	unsigned int count;
	unsigned int blocked;
	char comm[TASK_COMM_LEN];
	struct zinc_claim claims[];
};

int zinc_device_name_check(const u8 *name);
struct zinc_reservation *zinc_reservation_alloc(unsigned int count);
void zinc_reservation_free(struct zinc_reservation *r);
int zinc_reservation_start(struct zinc_reservation *r,
			   const struct zinc_reserve_item *items, bool try);
void zinc_reservation_leave(struct zinc_reservation *r);
enum zinc_reservation_state
zinc_reservation_state(const struct zinc_reservation *r);
void zinc_reservation_describe(const struct zinc_reservation *r,
			       struct zinc_reservation_info *info);
void zinc_reservation_show_info(struct seq_file *m,
				const struct zinc_reservation *r);
unsigned int zinc_holders_fill(struct zinc_holder *holders, unsigned int max,
			       u64 *cursor, const u8 *device);
void zinc_reservations_show(struct seq_file *m);

/* reserve.c */
int zinc_do_reserve(struct zinc_call *call);
int zinc_do_holders(struct zinc_call *call);

/* debugfs.c */
void zinc_debugfs_init(void);
void zinc_debugfs_exit(void);

#endif /* _ZINC_INTERNAL_H */
