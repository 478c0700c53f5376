// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for the first of several regions.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/**
 * struct zinc_waiter - one of several regions to wait for
 * @file: file of the item
 * @handle: handle of @file
 * @again: an earlier item has the same region, and the place on its queue
 * @sleeper: the place on the region's queue, unless @again
 */
struct zinc_waiter {
	struct file *file;
	struct zinc_handle *handle;
	bool again;
	struct zinc_sleeper sleeper;
};

/**
 * struct zinc_waiters - the regions that one call waits for
 * @items: items of the caller
 * @waiters: one for each item
 * @count: number of items
 * @places: number of waiters with a place on a queue
 * @gone: end the wait also when a region has lost its creator or name
 */
struct zinc_waiters {
	struct zinc_wait_item *items;
	struct zinc_waiter *waiters;
	unsigned int count;
	unsigned int places;
	bool gone;
};

static int zinc_waiters_get(struct zinc_waiters *all)
{
	unsigned int i;

	for (i = 0; i < all->count; i++) {
		struct zinc_waiter *w = &all->waiters[i];

		w->file = fget(all->items[i].fd);
		if (!w->file)
			return -EBADF;
		w->handle = zinc_handle_of(w->file);
		if (!w->handle)
			return -EBADF;
	}
	return 0;
}

static void zinc_waiters_put(struct zinc_waiters *all)
{
	unsigned int i;

	for (i = 0; i < all->count && all->waiters[i].file; i++)
		fput(all->waiters[i].file);
}

/*
 * The index of the first item whose sequence has moved, or the count. @over:
 * out, a region examined so far has lost its creator or name; it means the end
 * of the wait only if no item is ready.
 */
static unsigned int zinc_waiters_ready(struct zinc_waiters *all, bool arm,
				       bool *over)
{
	unsigned int i;

	*over = false;
	for (i = 0; i < all->count; i++) {
		struct zinc_region *region = all->waiters[i].handle->region;
		u32 seq;

		if (all->gone && zinc_region_is_gone(region))
			*over = true;
		seq = arm ? zinc_arm(region) : zinc_sequence(region);
		if (seq == all->items[i].cursor)
			continue;
		all->items[i].cursor = seq;
		break;
	}
	return i;
}

#define ZINC_SLOTS_SHIFT	8
#define ZINC_SLOTS		BIT(ZINC_SLOTS_SHIFT)

/*
 * A region needs one place, in however many items it occurs. The slots are a
 * hash table, by region, of the waiters that have a place: each slot has the
 * number of a waiter, from 1, or 0.
 */
static void zinc_waiters_merge(struct zinc_waiters *all)
{
	u8 slots[ZINC_SLOTS] = {};
	unsigned int i, at;

	BUILD_BUG_ON(ZINC_SLOTS <= ZINC_WAIT_ANY_MAX);
	BUILD_BUG_ON(ZINC_WAIT_ANY_MAX > U8_MAX);
	for (i = 0; i < all->count; i++) {
		struct zinc_waiter *w = &all->waiters[i];
		struct zinc_region *region = w->handle->region;

		at = hash_ptr(region, ZINC_SLOTS_SHIFT);
		while (slots[at] &&
		       all->waiters[slots[at] - 1].handle->region != region)
			at = (at + 1) % ZINC_SLOTS;
		w->again = slots[at];
		if (w->again)
			continue;
		slots[at] = i + 1;
		all->places++;
	}
}

static void zinc_waiters_queue(struct zinc_waiters *all)
{
	unsigned int i;

	for (i = 0; i < all->count; i++) {
		struct zinc_waiter *w = &all->waiters[i];

		if (w->again)
			continue;
		zinc_sleeper_init(&w->sleeper, true, all->gone);
		add_wait_queue(&w->handle->region->wait, &w->sleeper.entry);
	}
}

static void zinc_waiters_leave(struct zinc_waiters *all)
{
	unsigned int i;

	for (i = 0; i < all->count; i++) {
		struct zinc_waiter *w = &all->waiters[i];
		struct zinc_region *region = w->handle->region;

		if (w->again)
			continue;
		remove_wait_queue(&region->wait, &w->sleeper.entry);
		zinc_disarm(region);
	}
}

static int zinc_waiters_queued(struct zinc_waiters *all, ktime_t deadline,
			       unsigned int *index)
{
	bool over;
	int err = 0;

	zinc_waiters_queue(all);
	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE);
		*index = zinc_waiters_ready(all, true, &over);
		if (*index < all->count)
			break;
		err = over ? -EPIPE : zinc_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	zinc_waiters_leave(all);
	return err;
}

static int zinc_waiters_wait(struct zinc_waiters *all, ktime_t deadline,
			     unsigned int *index)
{
	struct zinc_user **cache, *user;
	bool over;
	int err;

	*index = zinc_waiters_ready(all, false, &over);
	if (*index < all->count)
		return 0;
	if (over)
		return -EPIPE;
	if (ktime_get() >= deadline)
		return -ETIMEDOUT;
	zinc_waiters_merge(all);
	cache = &all->waiters[0].handle->user;
	user = zinc_user_charge_waiters(cache, all->places);
	if (IS_ERR(user))
		return PTR_ERR(user);
	err = zinc_waiters_queued(all, deadline, index);
	zinc_user_put_waiters(cache, user, all->places);
	return err;
}

/* On success @index is set, and @ready is its file, with a reference. */
static int zinc_wait_any(struct zinc_wait_item *items, unsigned int count,
			 u64 deadline, bool gone, unsigned int *index,
			 struct file **ready)
{
	struct zinc_waiters all = {
		.items = items,
		.count = count,
		.gone = gone,
	};
	int err;

	all.waiters = kcalloc(count, sizeof(*all.waiters), GFP_KERNEL);
	if (!all.waiters)
		return -ENOMEM;
	err = zinc_waiters_get(&all);
	if (!err)
		err = zinc_waiters_wait(&all, zinc_deadline(deadline), index);
	if (!err)
		*ready = get_file(all.waiters[*index].file);
	zinc_waiters_put(&all);
	kfree(all.waiters);
	return err;
}

/**
 * zinc_do_wait_any() - ZINC_IOC_WAIT_ANY
 * @call: call of the device
 *
 * Return: 0, or an error of the ABI.
 */
int zinc_do_wait_any(struct zinc_call *call)
{
	struct zinc_wait_any *args = call->arg;
	struct zinc_wait_item __user *uitems = u64_to_user_ptr(args->items);
	bool gone = args->flags & ZINC_WAIT_GONE;
	struct zinc_wait_item *items;
	int err;

	if (args->flags & ~ZINC_WAIT_GONE || args->pad)
		return -EINVAL;
	if (!args->count || args->count > ZINC_WAIT_ANY_MAX)
		return -EINVAL;
	items = memdup_user(uitems, args->count * sizeof(*items));
	if (IS_ERR(items))
		return PTR_ERR(items);

	err = zinc_wait_any(items, args->count, args->deadline, gone,
			    &args->index, &call->other);
	if (err)
		goto free;
	call->cursor = items[args->index].cursor;
	if (put_user(call->cursor, &uitems[args->index].cursor)) {
		fput(call->other);
		err = -EFAULT;
	}
free:
	kfree(items);
	return err;
}

/**
 * zinc_commit_wait_any() - move the cursor of the item that ended the wait
 * @call: call of the device; if its copy-out fails, this does not run and the
 *	notify stays pending
 *
 * Return: 0.
 */
int zinc_commit_wait_any(struct zinc_call *call)
{
	zinc_set_cursor(zinc_handle_of(call->other), call->cursor);
	return 0;
}
