// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations: devices that one process, or several that share, may use, in
 * the order in which they asked.
 *
 * A reservation is a file. It has a claim on each of its devices, in the queue
 * of that device, where the claims are in order of arrival. A claim is clear
 * once it goes together with every claim before it, and stays so, since claims
 * only leave from before it. A reservation whose claims are all clear is
 * granted. It waits for earlier ones alone, so that there is always one, the
 * earliest of those that wait, which waits for nothing but what is held.
 *
 * Namespaces play no part: a device is the machine's.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "zinc.h"
#include "trace.h"

/* entries of one ZINC_HOLDERS call */
#define ZINC_HOLDERS_BATCH	256

/**
 * struct zinc_device - one that somebody has, or waits for
 * @node: in the tree, by @name
 * @claims: in order of arrival
 * @exclusive: how many of them are
 * @name: zero-padded
 */
struct zinc_device {
	struct rb_node node;
	struct list_head claims;
	unsigned int exclusive;
	u8 name[ZINC_DEVICE_SIZE];
};

/**
 * struct zinc_claim - a reservation in the queue of one device
 * @node: in the queue
 * @device: device
 * @owner: reservation
 * @shared: goes together with others that are
 * @clear: goes together with all before it
 */
struct zinc_claim {
	struct list_head node;
	struct zinc_device *device;
	struct zinc_reservation *owner;
	bool shared;
	bool clear;
};

/**
 * struct zinc_reservation - what a reservation fd is
 * @all: in the list of all, in order of arrival
 * @id: never used twice
 * @since: CLOCK_REALTIME in ns of when it was queued, then granted
 * @started: CLOCK_BOOTTIME in ns of when the process was
 * @owner: the process that reserved, to be named
 * @uid: its user
 * @user: whom the limits count it against
 * @wait: who waits for it to be granted
 * @held: granted
 * @count: claims
 * @blocked: of these, those that are not clear
 * @comm: the process's name
 * @claims: one for each device
 */
struct zinc_reservation {
	struct list_head all;
	u64 id;
	u64 since;
	u64 started;
	struct pid *owner;
	kuid_t uid;
	struct zinc_user *user;
	wait_queue_head_t wait;
	bool held;
	unsigned int count;
	unsigned int blocked;
	char comm[TASK_COMM_LEN];
	struct zinc_claim claims[];
};

/* protects all devices, queues and claims; outside of every other lock */
static DEFINE_MUTEX(zinc_reserve_lock);
static struct rb_root zinc_devices = RB_ROOT;
static LIST_HEAD(zinc_reservations);
static u64 zinc_reservation_id;

static const struct file_operations zinc_reservation_fops;

static bool zinc_device_byte(u8 c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return true;
	return !first && (c == '.' || c == '_' || c == ':' || c == '-');
}

/* 0, or -EINVAL: no device's name */
static int zinc_device_check(const u8 *name)
{
	size_t len = 0;

	while (len < ZINC_DEVICE_SIZE && zinc_device_byte(name[len], !len))
		len++;
	if (!len || len == ZINC_DEVICE_SIZE)
		return -EINVAL;
	return memchr_inv(name + len, 0, ZINC_DEVICE_SIZE - len) ? -EINVAL : 0;
}

/*
 * The device of that name or, where there is none, @fresh made one; whichever it
 * is not is left to the caller.
 */
static struct zinc_device *zinc_device_get(const u8 *name,
					   struct zinc_device *fresh)
{
	struct rb_node **link = &zinc_devices.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		struct zinc_device *device;
		int order;

		parent = *link;
		device = rb_entry(parent, struct zinc_device, node);
		order = memcmp(name, device->name, ZINC_DEVICE_SIZE);
		if (!order)
			return device;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	INIT_LIST_HEAD(&fresh->claims);
	memcpy(fresh->name, name, ZINC_DEVICE_SIZE);
	rb_link_node(&fresh->node, parent, link);
	rb_insert_color(&fresh->node, &zinc_devices);
	return fresh;
}

/* Does it go together with all that is in the queue? */
static bool zinc_claim_goes(const struct zinc_claim *claim)
{
	const struct zinc_device *device = claim->device;

	if (claim->shared)
		return !device->exclusive;
	return list_empty(&device->claims);
}

static void zinc_grant(struct zinc_reservation *r)
{
	r->since = ktime_get_real_ns();
	/* pairs with those who look without the lock */
	smp_store_release(&r->held, true);
	trace_zinc_grant(r->id);
	wake_up_all(&r->wait);
}

static void zinc_claim_cleared(struct zinc_claim *claim)
{
	claim->clear = true;
	if (!--claim->owner->blocked)
		zinc_grant(claim->owner);
}

/* After a claim has left: what begins the queue, one or all that share. */
static void zinc_device_clear(struct zinc_device *device)
{
	struct zinc_claim *claim;
	bool first = true;

	list_for_each_entry(claim, &device->claims, node) {
		if (!claim->shared && !first)
			return;
		if (!claim->clear)
			zinc_claim_cleared(claim);
		if (!claim->shared)
			return;
		first = false;
	}
}

/* Into all its queues; what was not needed of the @fresh ones is left there. */
static void zinc_reservation_enter(struct zinc_reservation *r,
				   const struct zinc_reserve_item *items,
				   struct zinc_device **fresh)
{
	unsigned int i;

	lockdep_assert_held(&zinc_reserve_lock);
	r->id = ++zinc_reservation_id;
	r->since = ktime_get_real_ns();
	list_add_tail(&r->all, &zinc_reservations);
	r->blocked = r->count;
	trace_zinc_reserve(r->id, r->count, items[0].device);
	for (i = 0; i < r->count; i++) {
		struct zinc_claim *claim = &r->claims[i];

		claim->owner = r;
		claim->shared = items[i].flags & ZINC_RESERVE_SHARED;
		claim->device = zinc_device_get(items[i].device, fresh[i]);
		if (claim->device == fresh[i])
			fresh[i] = NULL;
		claim->clear = zinc_claim_goes(claim);
		list_add_tail(&claim->node, &claim->device->claims);
		claim->device->exclusive += !claim->shared;
		r->blocked -= claim->clear;
	}
	if (!r->blocked)
		zinc_grant(r);
}

static void zinc_claim_leave(struct zinc_claim *claim)
{
	struct zinc_device *device = claim->device;

	list_del(&claim->node);
	device->exclusive -= !claim->shared;
	if (!list_empty(&device->claims)) {
		zinc_device_clear(device);
		return;
	}
	rb_erase(&device->node, &zinc_devices);
	kfree(device);
}

/* Out of all its queues: those behind it may be granted. */
static void zinc_reservation_leave(struct zinc_reservation *r)
{
	unsigned int i;

	mutex_lock(&zinc_reserve_lock);
	list_del(&r->all);
	for (i = 0; i < r->count; i++)
		zinc_claim_leave(&r->claims[i]);
	mutex_unlock(&zinc_reserve_lock);
}

static void zinc_reservation_free(struct zinc_reservation *r)
{
	zinc_user_put_reservation(r->user);
	put_pid(r->owner);
	kfree(r);
}

/* Not in a queue yet: nobody but the caller knows it. */
static struct zinc_reservation *zinc_reservation_alloc(unsigned int count)
{
	struct zinc_reservation *r;
	struct zinc_user *user;

	user = zinc_user_charge_reservation(current_fsuid());
	if (IS_ERR(user))
		return ERR_CAST(user);
	r = kzalloc(struct_size(r, claims, count), GFP_KERNEL_ACCOUNT);
	if (!r) {
		zinc_user_put_reservation(user);
		return ERR_PTR(-ENOMEM);
	}
	r->user = user;
	r->uid = current_fsuid();
	r->count = count;
	r->owner = get_pid(task_tgid(current));
	r->started = current->group_leader->start_boottime;
	get_task_comm(r->comm, current->group_leader);
	init_waitqueue_head(&r->wait);
	return r;
}

static void zinc_devices_free(struct zinc_device **fresh, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		kfree(fresh[i]);
}

/* So that nothing has to be allocated while others wait for the lock. */
static int zinc_devices_alloc(struct zinc_device **fresh, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		fresh[i] = kzalloc(sizeof(*fresh[i]), GFP_KERNEL_ACCOUNT);
		if (!fresh[i]) {
			zinc_devices_free(fresh, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/* A reservation in its queues, held or waiting. */
static struct zinc_reservation *
zinc_reservation_create(const struct zinc_reserve_item *items,
			unsigned int count)
{
	struct zinc_device *fresh[ZINC_RESERVE_MAX];
	struct zinc_reservation *r;
	int err;

	r = zinc_reservation_alloc(count);
	if (IS_ERR(r))
		return r;
	err = zinc_devices_alloc(fresh, count);
	if (err) {
		zinc_reservation_free(r);
		return ERR_PTR(err);
	}
	mutex_lock(&zinc_reserve_lock);
	zinc_reservation_enter(r, items, fresh);
	mutex_unlock(&zinc_reserve_lock);
	zinc_devices_free(fresh, count);
	return r;
}

/* Granted? What the holder before has done is visible then. */
static bool zinc_reservation_held(const struct zinc_reservation *r)
{
	/* pairs with zinc_grant() */
	return smp_load_acquire(&r->held);
}

/* A grant counts even when a signal or the deadline came as well. */
static int zinc_reservation_wait(struct zinc_reservation *r, ktime_t deadline)
{
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		prepare_to_wait(&r->wait, &wait, TASK_INTERRUPTIBLE);
		if (zinc_reservation_held(r) || err)
			break;
		err = zinc_sleep(deadline);
	}
	finish_wait(&r->wait, &wait);
	if (zinc_reservation_held(r))
		return 0;
	/* to be restarted would be to queue again, behind all others */
	return err == -ERESTARTSYS ? -EINTR : err;
}

static int zinc_reservation_release(struct inode *inode, struct file *file)
{
	struct zinc_reservation *r = file->private_data;

	trace_zinc_unreserve(r->id, zinc_reservation_held(r));
	zinc_reservation_leave(r);
	zinc_reservation_free(r);
	return 0;
}

static struct file *zinc_reservation_open(const struct zinc_reserve_item *items,
					  unsigned int count)
{
	struct zinc_reservation *r;
	struct file *file;

	r = zinc_reservation_create(items, count);
	if (IS_ERR(r))
		return ERR_CAST(r);
	file = anon_inode_getfile("[zinc-reservation]", &zinc_reservation_fops,
				  r, O_RDONLY);
	if (IS_ERR(file)) {
		zinc_reservation_leave(r);
		zinc_reservation_free(r);
	}
	return file;
}

static int zinc_items_check(const struct zinc_reserve_item *items,
			    unsigned int count)
{
	unsigned int i, j;
	int err;

	for (i = 0; i < count; i++) {
		if (items[i].flags & ~ZINC_RESERVE_SHARED || items[i].pad)
			return -EINVAL;
		err = zinc_device_check(items[i].device);
		if (err)
			return err;
		for (j = 0; j < i; j++)
			if (!memcmp(items[i].device, items[j].device,
				    ZINC_DEVICE_SIZE))
				return -EINVAL;
	}
	return 0;
}

static struct zinc_reserve_item *
zinc_items_get(const struct zinc_reserve *args)
{
	struct zinc_reserve_item *items;
	int err;

	items = memdup_user(u64_to_user_ptr(args->items),
			    args->count * sizeof(*items));
	if (IS_ERR(items))
		return items;
	err = zinc_items_check(items, args->count);
	if (err) {
		kfree(items);
		return ERR_PTR(err);
	}
	return items;
}

/**
 * zinc_do_reserve() - ZINC_RESERVE
 * @call: of the device
 *
 * Return: 0, or as the ABI has it.
 */
int zinc_do_reserve(struct zinc_call *call)
{
	struct zinc_reserve *args = call->arg;
	bool queue = args->flags & ZINC_RESERVE_QUEUE;
	struct zinc_reserve_item *items;
	struct zinc_reservation *r;
	struct file *file;
	int err = 0;

	if (args->flags & ~ZINC_RESERVE_QUEUE || args->pad)
		return -EINVAL;
	if (!args->count || args->count > ZINC_RESERVE_MAX)
		return -EINVAL;
	if (queue && args->deadline)
		return -EINVAL;
	items = zinc_items_get(args);
	if (IS_ERR(items))
		return PTR_ERR(items);
	file = zinc_reservation_open(items, args->count);
	kfree(items);
	if (IS_ERR(file))
		return PTR_ERR(file);

	r = file->private_data;
	if (!queue && args->deadline)
		err = zinc_reservation_wait(r, zinc_deadline(args->deadline));
	else if (!queue && !zinc_reservation_held(r))
		err = -EBUSY;
	if (err) {
		fput(file);
		return err;
	}
	args->id = r->id;
	args->state = zinc_reservation_held(r) ? ZINC_RESERVATION_HELD :
						 ZINC_RESERVATION_WAITING;
	call->new_file = file;
	return 0;
}

/* How many in the queue of one device it has to see go. */
static u32 zinc_claim_ahead(const struct zinc_claim *claim)
{
	const struct zinc_claim *other;
	u32 ahead = 0, seen = 0;

	list_for_each_entry(other, &claim->device->claims, node) {
		if (other == claim)
			break;
		seen++;
		if (!claim->shared || !other->shared)
			ahead = seen;
	}
	return ahead;
}

static int zinc_do_reservation_info(struct zinc_call *call)
{
	struct zinc_reservation *r = call->file->private_data;
	struct zinc_reservation_info *info = call->arg;
	unsigned int i;

	memset(info, 0, sizeof(*info));
	mutex_lock(&zinc_reserve_lock);
	info->id = r->id;
	info->since = r->since;
	info->state = r->held ? ZINC_RESERVATION_HELD :
				ZINC_RESERVATION_WAITING;
	info->count = r->count;
	for (i = 0; i < r->count && !r->held; i++)
		info->ahead = max(info->ahead,
				  zinc_claim_ahead(&r->claims[i]));
	mutex_unlock(&zinc_reserve_lock);
	return 0;
}

/* The number that the caller can see the process by, if there is one. */
static pid_t zinc_owner_pid(struct pid *owner)
{
	pid_t pid = 0;

	rcu_read_lock();
	if (pid_task(owner, PIDTYPE_TGID))
		pid = pid_vnr(owner);
	rcu_read_unlock();
	return pid;
}

static void zinc_claim_describe(const struct zinc_claim *claim,
				struct zinc_holder *holder)
{
	const struct zinc_reservation *r = claim->owner;

	memset(holder, 0, sizeof(*holder));
	holder->id = r->id;
	holder->since = r->since;
	holder->started = timens_add_boottime_ns(r->started);
	holder->pid = zinc_owner_pid(r->owner);
	holder->uid = from_kuid_munged(current_user_ns(), r->uid);
	if (!r->held)
		holder->flags |= ZINC_HOLDER_WAITING;
	if (claim->shared)
		holder->flags |= ZINC_HOLDER_SHARED;
	memcpy(holder->comm, r->comm, sizeof(holder->comm));
	memcpy(holder->device, claim->device->name, sizeof(holder->device));
}

/*
 * Up to @max entries behind @cursor, which moves along. Where a reservation's
 * claim is in all there are: by arrival, then as it was asked for.
 */
static unsigned int zinc_holders_fill(struct zinc_holder *holders,
				      unsigned int max, u64 *cursor,
				      const u8 *device)
{
	struct zinc_reservation *r;
	unsigned int n = 0, i;

	lockdep_assert_held(&zinc_reserve_lock);
	list_for_each_entry(r, &zinc_reservations, all) {
		for (i = 0; i < r->count; i++) {
			u64 place = r->id * ZINC_RESERVE_MAX + i;

			if (place <= *cursor ||
			    (device && memcmp(r->claims[i].device->name, device,
					      ZINC_DEVICE_SIZE)))
				continue;
			if (n == max)
				return n;
			zinc_claim_describe(&r->claims[i], &holders[n++]);
			*cursor = place;
		}
	}
	return n;
}

static int zinc_holders_copy(const struct zinc_holders *args,
			     const struct zinc_holder *holders, unsigned int n)
{
	u8 __user *to = u64_to_user_ptr(args->entries);
	unsigned int i;
	int err;

	for (i = 0; i < n; i++, to += args->entry_size) {
		err = zinc_copy_struct(to, args->entry_size, &holders[i],
				       sizeof(holders[i]));
		if (err)
			return err;
	}
	return 0;
}

/**
 * zinc_do_holders() - ZINC_HOLDERS
 * @call: of the device
 *
 * Return: 0, or as the ABI has it.
 */
int zinc_do_holders(struct zinc_call *call)
{
	struct zinc_holders *args = call->arg;
	const u8 *device = args->device[0] ? args->device : NULL;
	unsigned int max = min_t(u32, args->count, ZINC_HOLDERS_BATCH);
	struct zinc_holder *holders;
	unsigned int n;
	int err;

	if (args->flags || args->pad)
		return -EINVAL;
	if (args->entry_size < ZINC_HOLDER_SIZE_V1 ||
	    args->entry_size > PAGE_SIZE)
		return -EINVAL;
	if (device ? zinc_device_check(device) :
		     !!memchr_inv(args->device, 0, sizeof(args->device)))
		return -EINVAL;
	holders = kvcalloc(max ?: 1, sizeof(*holders), GFP_KERNEL_ACCOUNT);
	if (!holders)
		return -ENOMEM;

	mutex_lock(&zinc_reserve_lock);
	n = zinc_holders_fill(holders, max, &args->cursor, device);
	mutex_unlock(&zinc_reserve_lock);
	err = zinc_holders_copy(args, holders, n);
	args->count = n;
	kvfree(holders);
	return err;
}

#define ZINC_RESERVATION_FIRST	_IOC_NR(ZINC_RESERVATION_INFO)

static const struct zinc_command zinc_reservation_commands[] = {
	{ ZINC_RESERVATION_INFO, false, zinc_do_reservation_info },
};

static long zinc_reservation_ioctl(struct file *file, unsigned int cmd,
				   unsigned long arg)
{
	return zinc_run_command(zinc_reservation_commands,
				ZINC_RESERVATION_FIRST,
				ARRAY_SIZE(zinc_reservation_commands), file,
				cmd, arg);
}

static __poll_t zinc_reservation_poll(struct file *file, poll_table *table)
{
	struct zinc_reservation *r = file->private_data;

	poll_wait(file, &r->wait, table);
	return zinc_reservation_held(r) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void zinc_reservation_show(struct seq_file *m,
				  const struct zinc_reservation *r,
				  const char *before, const char *after)
{
	unsigned int i;

	for (i = 0; i < r->count; i++)
		seq_printf(m, "%s%s %s%s", before, r->claims[i].device->name,
			   r->claims[i].shared ? "shared" : "exclusive", after);
}

static void zinc_reservation_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct zinc_reservation *r = file->private_data;

	mutex_lock(&zinc_reserve_lock);
	seq_printf(m, "zinc-reservation:\t%llu\n", r->id);
	seq_printf(m, "zinc-state:\t%s\n", r->held ? "held" : "waiting");
	zinc_reservation_show(m, r, "zinc-device:\t", "\n");
	mutex_unlock(&zinc_reserve_lock);
}

/**
 * zinc_reservations_show() - every reservation, a line each, for debugfs
 * @m: to show them in
 */
void zinc_reservations_show(struct seq_file *m)
{
	struct zinc_reservation *r;

	seq_puts(m, "id state since uid pid comm devices\n");
	mutex_lock(&zinc_reserve_lock);
	list_for_each_entry(r, &zinc_reservations, all) {
		seq_printf(m, "%llu %s %llu %u %d %*pE", r->id,
			   r->held ? "held" : "waiting", r->since,
			   from_kuid_munged(current_user_ns(), r->uid),
			   zinc_owner_pid(r->owner),
			   (int)strnlen(r->comm, sizeof(r->comm)), r->comm);
		zinc_reservation_show(m, r, " ", "");
		seq_putc(m, '\n');
	}
	mutex_unlock(&zinc_reserve_lock);
}

static const struct file_operations zinc_reservation_fops = {
	.owner = THIS_MODULE,
	.release = zinc_reservation_release,
	.unlocked_ioctl = zinc_reservation_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = zinc_reservation_poll,
	.show_fdinfo = zinc_reservation_show_fdinfo,
	.llseek = noop_llseek,
};
