/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of zinc.ko know of each other.
 *
 * A region has handles (struct file) and, perhaps, a name. A handle is all the
 * state that a process has: it dies with the file, and so with the process.
 *
 * References. zinc_region.users counts handles, plus one for the name of a
 * persistent region. It is the only way from a name to a region (inc-not-zero
 * under RCU), and the region goes when it is zero. Pages live longer: they
 * belong to the backing file, which mappings and device imports hold.
 *
 * A region's dma-buf holds the pages and not the region; fences that have yet
 * to notify hold nothing, and are forgotten with the region.
 *
 * Locks, outermost first:
 *   zinc_names.lock	name table and id tree of one namespace
 *   zinc_region.lock	handle count, flags and their mirror in the header
 *   zinc_region.fence_lock	fences that have yet to notify
 *   zinc_region.wait.lock	sleepers, and the header's waiters flag
 * zinc_regions_lock is taken before a region's locks and under none;
 * zinc_user_lock is a leaf. zinc_region.dmabuf_lock is outermost, and of one
 * use; so is reserve.c's lock. dmabuf.c and fence.c say how theirs nest with the
 * kernel's.
 */
#ifndef _ZINC_H
#define _ZINC_H

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
#include <linux/zinc.h>

struct device;
struct dma_buf;
struct net;
struct vm_area_struct;
struct zinc_dmabuf;
struct zinc_names;
struct zinc_user;

/**
 * struct zinc_region - named, or anonymous, memory and who waits for it
 * @users: see above
 * @id: never used twice
 * @capacity: bytes of data
 * @created_at: CLOCK_REALTIME in ns
 * @uid: owner
 * @gid: owning group
 * @mode: permission bits
 * @lifetime: enum zinc_lifetime
 * @owner: the creator's process, to be named, not to be looked up
 * @user: whom the limits count it against
 * @backing: the shmem file that has the pages, or
 * @import: the foreign dma-buf that has them
 * @dmabuf_lock: held while @dmabuf, or what it gives out, is made
 * @dmabuf: exports the pages; NULL before the first time
 * @control: the control page, of @backing or the region's own
 * @header: the end of it; writable by anybody who may write the region
 * @wait: sleepers
 * @lock: protects @handles and @flags
 * @handles: open handles
 * @flags: ZINC_INFO_* but for those of a handle
 * @fence_lock: protects what is of fences
 * @fences: those that have yet to notify
 * @fences_pending: how many
 * @fence_errors: how many have signalled an error
 * @fence_error: the last of these
 * @names: the table that has the name, NULL for an anonymous region
 * @named: the table still has it; protected by the table's lock
 * @hash: in the table, by @name
 * @by_id: in the table, by @id
 * @all: in the list of all regions, for debugfs
 * @rcu: frees it behind the look-ups
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
	struct pid *owner;
	struct zinc_user *user;
	struct file *backing;
	struct dma_buf *import;
	struct mutex dmabuf_lock;	/* see above */
	struct zinc_dmabuf *dmabuf;
	struct page *control;
	struct zinc_header *header;
	wait_queue_head_t wait;
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
 * struct zinc_handle - what an open file of a region has for itself
 * @region: counted in its users and handles
 * @cursor: the last sequence that poll() and read() count as seen
 * @creator: the file that ZINC_CREATE returned
 */
struct zinc_handle {
	struct zinc_region *region;
	u32 cursor;
	bool creator;
};

/* main.c */

/**
 * struct zinc_call - one ioctl in progress
 * @file: of /dev/zinc, or of a region
 * @arg: its struct, complete; copied out after success where the command says
 * @new_file: set by a command that returns an fd, which is installed after
 *	everything else, or put
 * @other: a further handle's file, for the commit; put by the frame
 * @cursor: where the cursor of @other moves then
 */
struct zinc_call {
	struct file *file;
	void *arg;
	struct file *new_file;
	struct file *other;
	u32 cursor;
};

/**
 * struct zinc_command - a row of a command table, indexed by _IOC_NR - base
 * @cmd: the command, with the size of its struct as this module knows it
 * @new_fd: returns an fd
 * @run: does it; 0 or a negative errno
 * @commit: the last step, once the struct has been copied out; may be NULL
 */
struct zinc_command {
	unsigned int cmd;
	bool new_fd;
	int (*run)(struct zinc_call *call);
	int (*commit)(struct zinc_call *call);
};

long zinc_run_command(const struct zinc_command *table, unsigned int first,
		      unsigned int count, struct file *file, unsigned int cmd,
		      unsigned long arg);
int zinc_copy_struct(void __user *to, size_t to_size, const void *from,
		     size_t from_size);

/* region.c */
struct zinc_region *zinc_region_create(const struct zinc_create *args,
				       struct dma_buf *import);
bool zinc_region_is_together(const struct zinc_region *region);
void zinc_region_put(struct zinc_region *region);
void zinc_region_set_flag(struct zinc_region *region, u32 flag);
bool zinc_region_may(const struct zinc_region *region, unsigned int mask);
bool zinc_region_may_unlink(const struct zinc_region *region);
void zinc_region_info(struct zinc_region *region, struct zinc_info *info);
extern struct list_head zinc_regions;
extern spinlock_t zinc_regions_lock;

/* backing.c */
int zinc_backing_init(void);
void zinc_backing_exit(void);
bool zinc_backing_is_huge(void);
struct file *zinc_backing_create(const char *name, u64 size, bool lazy,
				 struct zinc_user *user);
struct page *zinc_backing_control(struct file *backing);
u64 zinc_backing_resident(struct file *backing);
int zinc_backing_mmap(struct file *backing, struct vm_area_struct *vma,
		      bool whole);
struct page **zinc_backing_pin(struct file *backing);
void zinc_backing_unpin(struct file *backing, struct page **pages);

/* dmabuf.c */
struct dma_buf *zinc_dmabuf_export(struct zinc_region *region, bool rdonly);
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
int zinc_fence_init(void);
void zinc_fence_exit(void);
int zinc_fence_notify(struct zinc_region *region, int fd);
void zinc_fences_forget(struct zinc_region *region);
void zinc_fences_info(struct zinc_region *region, struct zinc_info *info);

/* names.c */
int zinc_names_init(void);
void zinc_names_exit(void);
int zinc_name_check(const u8 *name);
struct zinc_names *zinc_names_current(void);
struct zinc_names *zinc_names_get(struct zinc_names *names);
void zinc_names_put(struct zinc_names *names);
bool zinc_names_capable(const struct zinc_names *names, kuid_t uid, kgid_t gid,
			int cap);
int zinc_names_precheck(const u8 *name, bool replace);
int zinc_names_insert(struct zinc_region *region, bool replace);
struct zinc_region *zinc_names_find(const u8 *name);
bool zinc_names_remove(struct zinc_region *region);
bool zinc_names_next(struct zinc_names *names, u64 *cursor,
		     struct zinc_info *info);

/* user.c */
void zinc_user_init(void);
struct zinc_user *zinc_user_charge(kuid_t uid, u64 bytes);
struct zinc_user *zinc_user_charge_reservation(kuid_t uid);
void zinc_user_put_region(struct zinc_user *user);
void zinc_user_put_bytes(struct zinc_user *user, u64 bytes);
void zinc_user_put_reservation(struct zinc_user *user);
void zinc_user_query(kuid_t uid, struct zinc_query *args);

/* file.c */
struct file *zinc_handle_open(struct zinc_region *region, bool rdonly,
			      bool creator);
struct zinc_handle *zinc_handle_of(struct file *file);
int zinc_mmap_check(struct vm_area_struct *vma);

/* notify.c */
u32 zinc_sequence(const struct zinc_region *region);
u32 zinc_notify(struct zinc_region *region, bool bump, bool sync);
void zinc_notify_gone(struct zinc_region *region);
__poll_t zinc_notify_poll(struct zinc_handle *handle, struct file *file,
			  poll_table *table);
int zinc_wait(struct zinc_region *region, u32 cursor, u64 deadline, u32 *seq);
int zinc_wait_any(struct zinc_wait_item *items, unsigned int count,
		  u64 deadline, unsigned int *index, struct file **ready);
u32 zinc_waiters(struct zinc_region *region);

/* deadline.c */
ktime_t zinc_deadline(u64 deadline);
int zinc_sleep(ktime_t deadline);

/* reserve.c */
int zinc_do_reserve(struct zinc_call *call);
int zinc_do_holders(struct zinc_call *call);
void zinc_reservations_show(struct seq_file *m);

/* debugfs.c */
void zinc_debugfs_init(void);
void zinc_debugfs_exit(void);

#endif /* _ZINC_H */
