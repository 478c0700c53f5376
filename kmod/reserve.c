// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservation descriptors: their commands, waiting, poll, fdinfo.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "internal.h"
#include "compat.h"

/* entries that one ZINC_IOC_HOLDERS call returns at most */
#define ZINC_HOLDERS_BATCH	256

static const struct file_operations zinc_reservation_fops;

static bool zinc_reservation_is_held(const struct zinc_reservation *r)
{
	return zinc_reservation_state(r) == ZINC_RESERVATION_HELD;
}

/*
 * Wait for the grant. A grant takes precedence over a signal and the deadline.
 *
 * Suspend and the freezer of cgroup v1 freeze the task where it sleeps, so that
 * they do not end the wait. SIGSTOP, ptrace and the freezer of cgroup v2 stop a
 * task only when it leaves the kernel: they end the wait as a signal does.
 */
static int zinc_reservation_wait(struct zinc_reservation *r, ktime_t deadline)
{
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		prepare_to_wait(&r->wait, &wait,
				TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (zinc_reservation_is_held(r) || err)
			break;
		err = zinc_sleep(deadline);
	}
	finish_wait(&r->wait, &wait);
	if (zinc_reservation_is_held(r))
		return 0;
	/* a restart would queue again, at the end */
	return err == -ERESTARTSYS ? -EINTR : err;
}

static int zinc_reservation_release(struct inode *inode, struct file *file)
{
	struct zinc_reservation *r = file->private_data;

	zinc_reservation_leave(r);
	zinc_reservation_free(r);
	return 0;
}

/*
 * Create the file before the reservation is queued: a queued reservation blocks
 * others, even if it is dropped at once.
 */
static struct file *zinc_reservation_file(unsigned int count)
{
	struct zinc_reservation *r;
	struct file *file;

	r = zinc_reservation_alloc(count);
	if (IS_ERR(r))
		return ERR_CAST(r);
	file = anon_inode_create_getfile("[zinc-reservation]",
					 &zinc_reservation_fops, r, O_RDONLY,
					 NULL);
	if (IS_ERR(file))
		zinc_reservation_free(r);
	return file;
}

static struct file *zinc_reservation_open(const struct zinc_reserve_item *items,
					  unsigned int count, bool try)
{
	struct file *file = zinc_reservation_file(count);
	int err;

	if (IS_ERR(file))
		return file;
	err = zinc_reservation_start(file->private_data, items, try);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

static int zinc_items_check(const struct zinc_reserve_item *items,
			    unsigned int count)
{
	unsigned int i, j;
	int err;

	for (i = 0; i < count; i++) {
		if (items[i].flags & ~ZINC_RESERVE_SHARED || items[i].pad)
			return -EINVAL;
		err = zinc_device_name_check(items[i].device);
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
 * zinc_do_reserve() - ZINC_IOC_RESERVE
 * @call: call of the device
 *
 * Return: 0, or an error of the ABI.
 */
int zinc_do_reserve(struct zinc_call *call)
{
	struct zinc_reserve *args = call->arg;
	bool queue = args->flags & ZINC_RESERVE_QUEUE;
	bool try = !queue && !args->deadline;
	struct zinc_reserve_item *items;
	struct zinc_reservation *r;
	struct file *file;
	int err;

	if (args->flags & ~ZINC_RESERVE_QUEUE || args->pad)
		return -EINVAL;
	if (!args->count || args->count > ZINC_RESERVE_MAX)
		return -EINVAL;
	if (queue && args->deadline)
		return -EINVAL;
	items = zinc_items_get(args);
	if (IS_ERR(items))
		return PTR_ERR(items);
	/* first, so that a call without a free descriptor reserves nothing */
	err = zinc_call_get_fd(call);
	if (err)
		goto free;
	file = zinc_reservation_open(items, args->count, try);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto free;

	r = file->private_data;
	if (!queue && !zinc_reservation_is_held(r)) {
		/* the process may use the number meanwhile */
		zinc_call_put_fd(call);
		err = zinc_reservation_wait(r, zinc_deadline(args->deadline));
	}
	if (err) {
		fput(file);
		goto free;
	}
	args->id = r->id;
	args->state = zinc_reservation_state(r);
	call->new_file = file;
free:
	kfree(items);
	return err;
}

static int zinc_do_reservation_info(struct zinc_call *call)
{
	zinc_reservation_describe(call->file->private_data, call->arg);
	return 0;
}

static int zinc_do_release(struct zinc_call *call)
{
	zinc_reservation_leave(call->file->private_data);
	return 0;
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
 * zinc_do_holders() - ZINC_IOC_HOLDERS
 * @call: call of the device
 *
 * Return: 0, or an error of the ABI.
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
	if (device ? zinc_device_name_check(device) :
		     !!memchr_inv(args->device, 0, sizeof(args->device)))
		return -EINVAL;
	holders = kvcalloc(max ?: 1, sizeof(*holders), GFP_KERNEL_ACCOUNT);
	if (!holders)
		return -ENOMEM;

	n = zinc_holders_fill(holders, max, &args->cursor, device);
	err = zinc_holders_copy(args, holders, n);
	args->count = n;
	kvfree(holders);
	return err;
}

#define ZINC_RESERVATION_FIRST	_IOC_NR(ZINC_IOC_RESERVATION_INFO)
#define ZINC_RESERVATION_ROW(cmd)	(_IOC_NR(cmd) - ZINC_RESERVATION_FIRST)

static const struct zinc_command zinc_reservation_commands[] = {
	[ZINC_RESERVATION_ROW(ZINC_IOC_RESERVATION_INFO)] = {
		.cmd = ZINC_IOC_RESERVATION_INFO,
		.run = zinc_do_reservation_info,
	},
	[ZINC_RESERVATION_ROW(ZINC_IOC_RESERVATION_RELEASE)] = {
		.cmd = ZINC_IOC_RESERVATION_RELEASE,
		.run = zinc_do_release,
	},
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
	switch (zinc_reservation_state(r)) {
	case ZINC_RESERVATION_WAITING:
		return 0;
	case ZINC_RESERVATION_HELD:
		return EPOLLIN | EPOLLRDNORM;
	default:
		/* released: no grant can come, so that no poller may wait */
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	}
}

static void zinc_reservation_show_fdinfo(struct seq_file *m, struct file *file)
{
	zinc_reservation_show_info(m, file->private_data);
}

static const struct file_operations zinc_reservation_fops = {
	.owner = THIS_MODULE,
	.release = zinc_reservation_release,
	.unlocked_ioctl = zinc_reservation_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = zinc_reservation_poll,
	.show_fdinfo = zinc_reservation_show_fdinfo,
	.fasync = zinc_no_fasync,
	.llseek = noop_llseek,
};
