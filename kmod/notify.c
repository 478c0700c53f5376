// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sequence, those who wait for it to move, and their wake-up.
 *
 * The sequence is in the header, where a notify is an atomic add of the
 * notifier's own. Only if the header's waiters flag is up does it have to come
 * here. So that no wake-up is lost:
 *
 *	waiter				notifier
 *	------				--------
 *	get on the queue		sequence++
 *	waiters = 1			full barrier (A)
 *	full barrier (B)		waiters?  no: done
 *	sequence moved?  yes: done	waiters = 0
 *	sleep				lock queue, wake all, unlock
 *
 * Either the waiter sees the sequence moved or, by A and B, the notifier sees
 * the flag; and as the waiter is on the queue before the flag is up, whoever
 * takes the flag down wakes it. Therefore only a wake-up of everybody, for
 * every event and past EPOLLEXCLUSIVE, may take the flag down. The queue's
 * lock orders the store of 0 before the 1 of a waiter that queues behind the
 * wake-up. A waiter that was woken for nothing, and a poller when it polls
 * again, raise the flag anew before they look: between a wake-up and that,
 * notifies are free.
 *
 * The header can be forged by those who share the region. They can thereby
 * wake each other for nothing, or not at all, and that is the extent of it:
 * deadlines, signals and other regions are untouched.
 */
#include <linux/atomic.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "zinc.h"
#include "trace.h"

#define ZINC_WAITERS_COUNTED	1024

/* The sequence now; what was written before it is visible. */
u32 zinc_sequence(const struct zinc_region *region)
{
	/* pairs with the notifier's barrier between its writes and its add */
	return smp_load_acquire(&region->header->notify_seq);
}

/* For one who is on the queue: ask to be woken, then look. */
static u32 zinc_arm(struct zinc_region *region)
{
	WRITE_ONCE(region->header->waiters, 1);
	smp_mb();	/* B, pairs with A of every notifier */
	return zinc_sequence(region);
}

static void zinc_wake(struct zinc_region *region, bool sync)
{
	void *key = poll_to_key(EPOLLIN | EPOLLRDNORM);

	WRITE_ONCE(region->header->waiters, 0);
	if (sync) {
		__wake_up_sync_key(&region->wait, TASK_NORMAL, key);
		/* pollers are left, of the exclusive ones all but one asleep */
		if (!waitqueue_active(&region->wait))
			return;
	}
	__wake_up(&region->wait, TASK_NORMAL, 0, key);
}

/**
 * zinc_notify() - wake everyone
 * @region: region
 * @bump: raise the sequence first; else the caller has done so
 * @sync: the caller is about to sleep
 *
 * Context: any.
 * Return: the sequence.
 */
u32 zinc_notify(struct zinc_region *region, bool bump, bool sync)
{
	atomic_t *seq = (atomic_t *)&region->header->notify_seq;
	u32 now;

	now = bump ? atomic_inc_return(seq) : atomic_read(seq);
	trace_zinc_notify(region, now);
	/* A, for what the caller has added; the flag itself is not asked */
	smp_mb();
	zinc_wake(region, sync);
	return now;
}

/*
 * The flag that we raised may still be up: if nobody else is on the queue,
 * notifies need not come here. By the queue's lock, one who is behind us raises
 * the flag after this.
 */
static void zinc_disarm(struct zinc_region *region)
{
	unsigned long flags;

	spin_lock_irqsave(&region->wait.lock, flags);
	if (list_empty(&region->wait.head))
		WRITE_ONCE(region->header->waiters, 0);
	spin_unlock_irqrestore(&region->wait.lock, flags);
}

/* Tell pollers that the creator's handle is closed. */
void zinc_notify_gone(struct zinc_region *region)
{
	__wake_up(&region->wait, TASK_NORMAL, 0, poll_to_key(EPOLLRDHUP));
}

/**
 * zinc_notify_poll() - ->poll of a handle
 * @handle: handle
 * @file: its file
 * @table: of the poll
 *
 * epoll polls again before it reports, and is on the queue then.
 */
__poll_t zinc_notify_poll(struct zinc_handle *handle, struct file *file,
			  poll_table *table)
{
	struct zinc_region *region = handle->region;
	__poll_t events = 0;
	u32 seq;

	poll_wait(file, &region->wait, table);
	/* who is on the queue is this poll, or may as well be woken with it */
	seq = waitqueue_active(&region->wait) ? zinc_arm(region) :
						zinc_sequence(region);
	if (seq != READ_ONCE(handle->cursor))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(region->flags) & ZINC_INFO_CREATOR_GONE)
		events |= EPOLLRDHUP;
	return events;
}

/*
 * Who is woken by a notify leaves at once: the flag is down then, and that is
 * how it should be, if nobody else has raised it.
 */
static int zinc_wait_queued(struct zinc_region *region, u32 cursor,
			    ktime_t deadline, u32 *seq)
{
	DEFINE_WAIT(wait);
	bool notified = false;
	int err = 0;

	do {
		prepare_to_wait(&region->wait, &wait, TASK_INTERRUPTIBLE);
		*seq = zinc_arm(region);
		if (*seq != cursor)
			break;
		err = zinc_sleep(deadline);
		*seq = zinc_sequence(region);
		notified = !err && *seq != cursor;
	} while (!err && !notified);
	finish_wait(&region->wait, &wait);
	if (!notified)
		zinc_disarm(region);
	return err;
}

/**
 * zinc_wait() - sleep until the sequence is not the cursor
 * @region: region
 * @cursor: the last sequence seen
 * @deadline: absolute CLOCK_MONOTONIC ns, ZINC_FOREVER
 * @seq: out, on success, the sequence
 *
 * A notify counts even when a signal or the deadline came as well.
 *
 * Return: 0, -ETIMEDOUT, or -ERESTARTSYS.
 */
int zinc_wait(struct zinc_region *region, u32 cursor, u64 deadline, u32 *seq)
{
	u32 now = zinc_sequence(region);
	ktime_t expires;
	int err = 0;

	trace_zinc_wait_begin(region, cursor, now);
	if (now == cursor) {
		expires = zinc_deadline(deadline);
		/* who only looks need not ask to be woken */
		err = -ETIMEDOUT;
		if (ktime_get() < expires)
			err = zinc_wait_queued(region, cursor, expires, &now);
	}
	trace_zinc_wait_end(region, now, err);
	if (!err)
		*seq = now;
	return err;
}

/* One of several regions to wait for. */
struct zinc_waiter {
	struct file *file;
	struct zinc_handle *handle;
	wait_queue_entry_t entry;
};

static int zinc_waiters_get(struct zinc_waiter *waiters,
			    const struct zinc_wait_item *items,
			    unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct zinc_waiter *w = &waiters[i];

		w->file = fget(items[i].fd);
		if (!w->file)
			return -EBADF;
		w->handle = zinc_handle_of(w->file);
		if (!w->handle)
			return -EBADF;
	}
	return 0;
}

static void zinc_waiters_put(struct zinc_waiter *waiters, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count && waiters[i].file; i++)
		fput(waiters[i].file);
}

/* The first item whose sequence has moved, or @count. */
static unsigned int zinc_waiters_ready(struct zinc_waiter *waiters,
				       struct zinc_wait_item *items,
				       unsigned int count, bool arm)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct zinc_region *region = waiters[i].handle->region;
		u32 seq = arm ? zinc_arm(region) : zinc_sequence(region);

		if (seq == items[i].cursor)
			continue;
		items[i].cursor = seq;
		break;
	}
	return i;
}

static int zinc_waiters_queued(struct zinc_waiter *waiters,
			       struct zinc_wait_item *items,
			       unsigned int count, ktime_t deadline,
			       unsigned int *index)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < count; i++) {
		init_waitqueue_entry(&waiters[i].entry, current);
		add_wait_queue(&waiters[i].handle->region->wait,
			       &waiters[i].entry);
	}
	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE);
		*index = zinc_waiters_ready(waiters, items, count, true);
		if (*index < count)
			break;
		err = zinc_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	for (i = 0; i < count; i++) {
		struct zinc_region *region = waiters[i].handle->region;

		remove_wait_queue(&region->wait, &waiters[i].entry);
		zinc_disarm(region);
	}
	return err;
}

static int zinc_waiters_wait(struct zinc_waiter *waiters,
			     struct zinc_wait_item *items, unsigned int count,
			     ktime_t deadline, unsigned int *index)
{
	*index = zinc_waiters_ready(waiters, items, count, false);
	if (*index < count)
		return 0;
	if (ktime_get() >= deadline)
		return -ETIMEDOUT;
	return zinc_waiters_queued(waiters, items, count, deadline, index);
}

/**
 * zinc_wait_any() - sleep until one of several sequences moves
 * @items: descriptors and cursors; on success the cursor of one is set
 * @count: at least 1
 * @deadline: as in zinc_wait()
 * @index: out, on success, which one
 * @ready: out, on success, its file, with a reference
 *
 * Return: 0, -ETIMEDOUT, -ERESTARTSYS, -EBADF, or -ENOMEM.
 */
int zinc_wait_any(struct zinc_wait_item *items, unsigned int count,
		  u64 deadline, unsigned int *index, struct file **ready)
{
	struct zinc_waiter *waiters;
	int err;

	waiters = kcalloc(count, sizeof(*waiters), GFP_KERNEL);
	if (!waiters)
		return -ENOMEM;
	err = zinc_waiters_get(waiters, items, count);
	if (!err)
		err = zinc_waiters_wait(waiters, items, count,
					zinc_deadline(deadline), index);
	if (!err)
		*ready = get_file(waiters[*index].file);
	zinc_waiters_put(waiters, count);
	kfree(waiters);
	return err;
}

/* How many are on the queue, up to ZINC_WAITERS_COUNTED. */
u32 zinc_waiters(struct zinc_region *region)
{
	struct list_head *pos;
	unsigned long flags;
	u32 count = 0;

	spin_lock_irqsave(&region->wait.lock, flags);
	list_for_each(pos, &region->wait.head)
		if (++count == ZINC_WAITERS_COUNTED)
			break;
	spin_unlock_irqrestore(&region->wait.lock, flags);
	return count;
}
