// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sequence, its waiters, and their wake-up.
 *
 * The sequence is in the header: a notify in user space is an atomic add. It
 * has to enter the kernel only if the header's waiters flag is set. So that no
 * wake-up is lost:
 *
 *	waiter				notifier
 *	------				--------
 *	get on the queue		sequence++
 *	waiters = 1			full barrier (A)
 *	full barrier (B)		waiters?  no: done
 *	sequence moved?  yes: done	waiters = 0
 *	sleep				lock queue, wake all, unlock
 *
 * Either the waiter sees the new sequence or, by A and B, the notifier sees the
 * flag. The waiter is on the queue before it sets the flag, so that the
 * notifier that clears the flag wakes it. Therefore only a wake-up of all
 * waiters may clear the flag: for every event, and also of those with
 * EPOLLEXCLUSIVE that an exclusive wake-up would skip. The queue's lock orders
 * the store of 0 before the 1 of a waiter that queues after the wake-up. After
 * a spurious wake-up a waiter sets the flag again before it reads the sequence.
 * A poller does so when it polls again. From the wake-up until then, notifies
 * make no system call.
 *
 * This requires that pollers poll again. A key is the set of events that a
 * wake-up reports. With a key a multishot poll of io_uring does not poll again:
 * it stays on the queue, reports the key, and sets no flag. Without a key every
 * consumer polls, since the events are unknown. The following consumers queue
 * on a region's file:
 *
 *	poll, select		poll before they return
 *	epoll			polls ready files in epoll_wait(), level- and
 *				edge-triggered and EXCLUSIVE; ONESHOT in
 *				EPOLL_CTL_MOD
 *	epoll in epoll		the outer one polls the inner one, which polls
 *				its files until one is ready; epoll_wait() of
 *				the inner one polls the rest
 *	io_uring poll, read	poll in task work, without a key
 *	aio poll		polls by a work item, without a key
 *
 * KVM, VFIO, vhost, Xen, Hyper-V and memory cgroups accept only eventfds or,
 * like vhost-net, sockets. 9p (trans=fd) polls again, but needs ->write, which
 * a region does not have.
 *
 * The alternative is to keep the flag set while a poller is queued, which is
 * always the case with epoll. Then each notify of a burst would be a system
 * call and a pass over the queue, 900 instructions instead of 10, to wake a
 * consumer that has not yet handled the first. A wake-up without a key costs
 * less: pollers of EPOLLRDHUP alone are woken, poll and sleep again, all inside
 * the kernel.
 *
 * Processes that share the region can forge the header. They can cause spurious
 * wake-ups of each other, or suppress wake-ups, and nothing else: deadlines,
 * signals and other regions are not affected.
 */
#include <linux/atomic.h>
#include <linux/err.h>

#include "internal.h"
#include "trace.h"

/* entries that INFO counts at most */
#define ZINC_WAITERS_COUNTED	1024
/* entries passed, counted or woken with interrupts disabled */
#define ZINC_WAKE_BATCH		64

struct workqueue_struct *zinc_wq;

/* Read the sequence. Writes before the notifies that it counts are visible. */
u32 zinc_sequence(const struct zinc_region *region)
{
	/* pairs with the notifier's barrier between its writes and its add */
	return smp_load_acquire(&region->header->notify_seq);
}

/* Set the waiters flag, then read the sequence. The caller has queued. */
u32 zinc_arm(struct zinc_region *region)
{
	WRITE_ONCE(region->header->waiters, 1);
	smp_mb();	/* B, pairs with A of every notifier */
	return zinc_sequence(region);
}

/* A mark for a position on a queue while the lock is released. */
static int zinc_mark_wake(wait_queue_entry_t *entry, unsigned int mode,
			  int flags, void *key)
{
	return 0;
}

static bool zinc_is_mark(const wait_queue_entry_t *entry)
{
	return entry->func == zinc_mark_wake;
}

/*
 * Whether the queue has a batch or more. Marks count, since passing them takes
 * as long. @flags: out, the combined flags of the entries, complete if false.
 */
static bool zinc_is_crowded(const wait_queue_head_t *queue, unsigned int *flags)
{
	const wait_queue_entry_t *entry;
	unsigned int n = 0;

	lockdep_assert_held(&queue->lock);
	*flags = 0;
	list_for_each_entry(entry, &queue->head, entry) {
		*flags |= entry->flags;
		if (++n == ZINC_WAKE_BATCH)
			return true;
	}
	return false;
}

/* The kinds of entries that a wake-up includes. */
enum zinc_wake_mask {
	ZINC_SLEEPERS = 1,
	ZINC_POLLERS = 2,
	ZINC_ALL = ZINC_SLEEPERS | ZINC_POLLERS,
};

/* A notify has no key. A wake-up with one is for the end of creator or name. */
static int zinc_sleeper_wake(wait_queue_entry_t *entry, unsigned int mode,
			     int flags, void *key)
{
	struct zinc_sleeper *sleeper;
	int woken;

	sleeper = container_of(entry, struct zinc_sleeper, entry);
	if (key && !sleeper->gone)
		return 0;
	woken = default_wake_function(entry, mode, flags, key);
	if (woken && !sleeper->stays)
		list_del_init_careful(&entry->entry);
	return woken;
}

/**
 * zinc_sleeper_init() - initialize the caller's place on a queue
 * @sleeper: place
 * @stays: stays queued after a wake-up
 * @gone: wake it also when the region has lost its creator or name
 */
void zinc_sleeper_init(struct zinc_sleeper *sleeper, bool stays, bool gone)
{
	init_waitqueue_func_entry(&sleeper->entry, zinc_sleeper_wake);
	INIT_LIST_HEAD(&sleeper->entry.entry);
	sleeper->entry.private = current;
	sleeper->stays = stays;
	sleeper->gone = gone;
}

static bool zinc_wake_includes(const wait_queue_entry_t *entry,
			       enum zinc_wake_mask mask)
{
	bool sleeper = entry->func == zinc_sleeper_wake;

	return mask & (sleeper ? ZINC_SLEEPERS : ZINC_POLLERS);
}

/* Wake a batch of entries, under the lock. Return: the next entry, or @end. */
static struct list_head *zinc_wake_batch(struct list_head *pos,
					 struct list_head *end,
					enum zinc_wake_mask mask, void *key)
{
	wait_queue_entry_t *entry;
	struct list_head *next;
	unsigned int n = 0;

	for (; pos != end && n < ZINC_WAKE_BATCH; pos = next) {
		next = pos->next;
		entry = list_entry(pos, wait_queue_entry_t, entry);
		n++;
		if (!zinc_is_mark(entry) && zinc_wake_includes(entry, mask))
			entry->func(entry, TASK_NORMAL, 0, key);
	}
	return pos;
}

/*
 * Wake all entries on the queue, exclusive ones too, with interrupts disabled
 * for one batch at a time. Between two batches one mark is before the next
 * entry, and another after the last. New entries queue before the first or
 * after the last, and are left out: they set the flag after it was cleared.
 */
static void zinc_wake_queue(wait_queue_head_t *queue, enum zinc_wake_mask mask,
			    void *key)
{
	struct list_head *pos, *end = &queue->head;
	wait_queue_entry_t here, last;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	pos = zinc_wake_batch(end->next, end, mask, key);
	if (unlikely(pos != end)) {
		init_waitqueue_func_entry(&here, zinc_mark_wake);
		init_waitqueue_func_entry(&last, zinc_mark_wake);
		end = &last.entry;
		list_add_tail(end, &queue->head);
		do {
			list_add_tail(&here.entry, pos);
			spin_unlock_irqrestore(&queue->lock, flags);
			cond_resched();
			spin_lock_irqsave(&queue->lock, flags);
			pos = here.entry.next;
			list_del(&here.entry);
			pos = zinc_wake_batch(pos, end, mask, key);
		} while (pos != end);
		list_del(end);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

/*
 * A synchronous wake-up, for a caller that is about to sleep. This uses the
 * kernel's own pass, which wakes all only if none is exclusive, and disables
 * interrupts throughout. Return: false if there are too many entries, or an
 * exclusive one.
 */
static bool zinc_wake_sync(wait_queue_head_t *queue)
{
	unsigned long irq;
	unsigned int flags;
	bool can;

	spin_lock_irqsave(&queue->lock, irq);
	can = !zinc_is_crowded(queue, &flags) && !(flags & WQ_FLAG_EXCLUSIVE);
	if (can)
		__wake_up_locked_sync_key(queue, TASK_NORMAL, NULL);
	spin_unlock_irqrestore(&queue->lock, irq);
	return can;
}

/* Without a key: every poller has to poll again, see above. */
static void zinc_wake(struct zinc_region *region, bool sync)
{
	WRITE_ONCE(region->header->waiters, 0);
	if (!sync || !zinc_wake_sync(&region->wait))
		zinc_wake_queue(&region->wait, ZINC_ALL, NULL);
}

/**
 * zinc_notify() - wake all waiters
 * @region: region
 * @bump: increment the sequence first; otherwise the caller has done so
 * @sync: the caller is about to sleep
 *
 * Context: may sleep.
 * Return: the sequence.
 */
u32 zinc_notify(struct zinc_region *region, bool bump, bool sync)
{
	atomic_t *seq = (atomic_t *)&region->header->notify_seq;
	u32 now;

	now = bump ? atomic_inc_return(seq) : atomic_read(seq);
	trace_zinc_notify(region, now);
	/* A, after the add here or by the caller; the flag is not tested */
	smp_mb();
	zinc_wake(region, sync);
	return now;
}

static void zinc_wake_work(struct work_struct *work)
{
	zinc_wake(container_of(work, struct zinc_region, wake), false);
}

/**
 * zinc_notify_atomic() - increment the sequence and wake all, in any context
 * @region: region; it does not end during the call
 *
 * The sequence changes at once. If there are many waiters, a work item clears
 * the flag and wakes them. A waiter that queues after the work item's pass sees
 * the new sequence, since the work item starts after the increment.
 *
 * Context: any.
 */
void zinc_notify_atomic(struct zinc_region *region)
{
	struct list_head *queue = &region->wait.head;
	unsigned int flags;
	unsigned long irq;

	trace_zinc_notify(region, atomic_inc_return((atomic_t *)
					&region->header->notify_seq));
	/* A, as in zinc_notify() */
	smp_mb();
	spin_lock_irqsave(&region->wait.lock, irq);
	if (!zinc_is_crowded(&region->wait, &flags)) {
		WRITE_ONCE(region->header->waiters, 0);
		zinc_wake_batch(queue->next, queue, ZINC_ALL, NULL);
	} else {
		queue_work(zinc_wq, &region->wake);
	}
	spin_unlock_irqrestore(&region->wait.lock, irq);
}

/* The flag is not cleared, since this does not wake sleepers. */
static void zinc_rewound_work(struct work_struct *work)
{
	struct zinc_region *region;

	region = container_of(to_delayed_work(work), struct zinc_region,
			      rewound);
	zinc_wake_queue(&region->wait, ZINC_POLLERS, NULL);
}

/**
 * zinc_set_cursor() - set a handle's cursor
 * @handle: handle
 * @cursor: the sequence that counts as seen
 *
 * Pollers of the handle are woken if this makes it ready. Entries of the
 * region's queue do not tell handles apart, so that pollers of other handles
 * are woken as well, and sleep again. Since a read-only handle can do this, a
 * work item does it at most once per jiffy for all handles of the region.
 */
void zinc_set_cursor(struct zinc_handle *handle, u32 cursor)
{
	struct zinc_region *region = handle->region;
	/* a full barrier: a poller sees the cursor, or this sees the poller */
	u32 old = xchg(&handle->cursor, cursor);
	u32 seq = zinc_sequence(region);

	/* a poller is on the queue before it reads the cursor */
	if (old == seq && cursor != seq && waitqueue_active(&region->wait))
		queue_delayed_work(zinc_wq, &region->rewound, 1);
}

/*
 * Clear the flag, which the caller may have set, if the queue is empty:
 * notifies need no system call then. The queue's lock ensures that a later
 * waiter sets the flag after this.
 */
void zinc_disarm(struct zinc_region *region)
{
	unsigned long flags;

	spin_lock_irqsave(&region->wait.lock, flags);
	if (list_empty(&region->wait.head))
		WRITE_ONCE(region->header->waiters, 0);
	spin_unlock_irqrestore(&region->wait.lock, flags);
}

/**
 * zinc_notify_gone() - wake waiters for the end of creator or name
 * @region: region, whose flags already show the end
 * @creator: the creator is gone: wake pollers, too, which report only that
 *
 * A ZINC_WAIT_GONE waiter queues, and then reads the flags. If it is on the
 * queue when this takes the lock, it is woken; otherwise it takes the lock
 * later, and sees the flags. The header plays no part.
 *
 * Context: may sleep.
 */
void zinc_notify_gone(struct zinc_region *region, bool creator)
{
	zinc_wake_queue(&region->wait, creator ? ZINC_ALL : ZINC_SLEEPERS,
			poll_to_key(EPOLLRDHUP));
}

/*
 * Whether the region has lost its creator or name. The caller reads the
 * sequence after this: if it sees the end, it also sees all earlier notifies.
 */
bool zinc_region_is_gone(const struct zinc_region *region)
{
	/* pairs with zinc_region_set_flag() */
	return smp_load_acquire(&region->flags) &
	       (ZINC_INFO_CREATOR_GONE | ZINC_INFO_UNLINKED);
}

/**
 * zinc_notify_poll() - ->poll of a handle
 * @handle: handle
 * @file: its file
 * @table: table of the poll
 *
 * epoll polls again before it reports, without queueing again: its entry is
 * still on the queue then.
 *
 * Return: the events that are ready.
 */
__poll_t zinc_notify_poll(struct zinc_handle *handle, struct file *file,
			  poll_table *table)
{
	struct zinc_region *region = handle->region;
	__poll_t events = 0;
	u32 seq;

	poll_wait(file, &region->wait, table);
	/* before the sequence, as for zinc_region_is_gone() */
	if (smp_load_acquire(&region->flags) & ZINC_INFO_CREATOR_GONE)
		events |= EPOLLRDHUP;
	/* an entry on the queue may be that of this poll */
	seq = waitqueue_active(&region->wait) ? zinc_arm(region) :
						zinc_sequence(region);
	if (seq != READ_ONCE(handle->cursor))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/*
 * Sleep on the queue. A waiter woken by a notify leaves the flag as it is:
 * clear, unless another waiter has set it.
 */
static int zinc_wait_queued(struct zinc_region *region, u32 cursor,
			    ktime_t deadline, bool gone, u32 *seq)
{
	struct zinc_sleeper sleeper;
	bool notified = false;
	bool over;
	int err = 0;

	zinc_sleeper_init(&sleeper, false, gone);
	do {
		prepare_to_wait(&region->wait, &sleeper.entry,
				TASK_INTERRUPTIBLE);
		over = gone && zinc_region_is_gone(region);
		*seq = zinc_arm(region);
		if (*seq != cursor)
			break;
		err = over ? -EPIPE : zinc_sleep(deadline);
		*seq = zinc_sequence(region);
		notified = !err && *seq != cursor;
	} while (!err && !notified);
	finish_wait(&region->wait, &sleeper.entry);
	if (!notified)
		zinc_disarm(region);
	return err;
}

/* No notify is pending: sleep, unless the deadline is past. */
static int zinc_wait_slow(struct zinc_handle *handle, u32 cursor, u64 deadline,
			  bool gone, u32 *seq)
{
	struct zinc_region *region = handle->region;
	ktime_t expires = zinc_deadline(deadline);
	struct zinc_user *user;
	int err = -ETIMEDOUT;

	/* a past deadline only polls, and needs no place on the queue */
	if (ktime_get() >= expires) {
		if (gone && zinc_region_is_gone(region))
			err = -EPIPE;
		*seq = zinc_sequence(region);
		return *seq == cursor ? err : 0;
	}
	user = zinc_user_charge_waiters(&handle->user, 1);
	if (IS_ERR(user))
		return PTR_ERR(user);
	err = zinc_wait_queued(region, cursor, expires, gone, seq);
	zinc_user_put_waiters(&handle->user, user, 1);
	return err;
}

/**
 * zinc_wait() - sleep until the sequence is not the cursor
 * @handle: handle
 * @cursor: the last sequence seen
 * @deadline: absolute CLOCK_MONOTONIC ns, ZINC_DEADLINE_NEVER
 * @gone: end it also when the region has lost its creator or name
 * @seq: out, on success, the sequence
 *
 * A notify takes precedence over a signal, the deadline and the end of creator
 * or name.
 *
 * Return: 0, -ETIMEDOUT, -ERESTARTSYS, -EPIPE, -EDQUOT, or -ENOMEM.
 */
int zinc_wait(struct zinc_handle *handle, u32 cursor, u64 deadline, bool gone,
	      u32 *seq)
{
	struct zinc_region *region = handle->region;
	u32 now = zinc_sequence(region);
	int err = 0;

	trace_zinc_wait_begin(region, cursor, now);
	if (now == cursor)
		err = zinc_wait_slow(handle, cursor, deadline, gone, &now);
	trace_zinc_wait_end(region, now, err);
	if (!err)
		*seq = now;
	return err;
}

/* Count a batch of entries, under the lock. Return: the next entry, or @end. */
static struct list_head *zinc_count_batch(struct list_head *pos,
					  const struct list_head *end,
					  u32 *count)
{
	unsigned int n;

	for (n = 0; pos != end && n < ZINC_WAKE_BATCH; n++, pos = pos->next)
		*count += !zinc_is_mark(list_entry(pos, wait_queue_entry_t,
						   entry));
	return pos;
}

/**
 * zinc_waiters() - count the waiters on the queue
 * @region: region
 *
 * Interrupts are disabled for one batch at a time. Between two batches a mark
 * is before the next entry. A waiter that ends its wait meanwhile, and leaves
 * the waiters flag set because of the mark, costs the next notify a system
 * call.
 *
 * Return: their number, from the first ZINC_WAITERS_COUNTED entries.
 */
u32 zinc_waiters(struct zinc_region *region)
{
	struct list_head *end = &region->wait.head, *pos;
	u32 looked = ZINC_WAKE_BATCH, count = 0;
	wait_queue_entry_t here;
	unsigned long irq;

	init_waitqueue_func_entry(&here, zinc_mark_wake);
	spin_lock_irqsave(&region->wait.lock, irq);
	pos = zinc_count_batch(end->next, end, &count);
	for (; pos != end && looked < ZINC_WAITERS_COUNTED;
	     looked += ZINC_WAKE_BATCH) {
		list_add_tail(&here.entry, pos);
		spin_unlock_irqrestore(&region->wait.lock, irq);
		spin_lock_irqsave(&region->wait.lock, irq);
		pos = here.entry.next;
		list_del(&here.entry);
		pos = zinc_count_batch(pos, end, &count);
	}
	spin_unlock_irqrestore(&region->wait.lock, irq);
	return count;
}

/* Initialize the queue and the work items of a new region. */
void zinc_notify_init(struct zinc_region *region)
{
	init_waitqueue_head(&region->wait);
	INIT_WORK(&region->wake, zinc_wake_work);
	INIT_DELAYED_WORK(&region->rewound, zinc_rewound_work);
}

/*
 * Cancel the work items of a region that ends. It has no handle, no pending
 * fence and therefore no waiter, so that queued work has nothing to do.
 */
void zinc_notify_end(struct zinc_region *region)
{
	cancel_work_sync(&region->wake);
	cancel_delayed_work_sync(&region->rewound);
}

int __init zinc_notify_start(void)
{
	zinc_wq = alloc_workqueue("zinc", WQ_UNBOUND, 0);
	return zinc_wq ? 0 : -ENOMEM;
}

/* No region is left, so that no callback can queue work any more. */
void zinc_notify_stop(void)
{
	destroy_workqueue(zinc_wq);
}
