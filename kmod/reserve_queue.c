// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queues of reserved devices: claims, granted in FIFO order.
 *
 * A reservation has a claim on each of its devices, in the queue of the device,
 * in order of arrival. Two claims conflict unless both are shared. A claim is
 * compatible if it does not conflict with any claim before it. It stays
 * compatible, since claims may leave from before it, but none enters there. A
 * reservation is granted once all its claims are compatible. It waits only for
 * earlier reservations, so that the earliest waiter waits only for held ones.
 *
 * A try is checked and queued in one step, and is queued only if it is granted:
 * a refused try never blocks another reservation.
 *
 * Devices belong to the machine: namespaces play no part.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>

#include "internal.h"
#include "trace.h"

/**
 * struct zinc_queue - the queue of a device
 * @node: node in the tree of queues, by @name
 * @claims: list of struct zinc_claim, in order of arrival
 * @exclusive: number of exclusive claims
 * @name: the device's name, zero-padded
 */
struct zinc_queue {
	struct rb_node node;
	struct list_head claims;
	unsigned int exclusive;
	u8 name[ZINC_DEVICE_SIZE];
};

/*
 * Protects all reservations, queues and claims. Taken under no other lock of
 * the module.
 */
static DEFINE_MUTEX(zinc_reserve_lock);
static struct rb_root zinc_queues = RB_ROOT;
static LIST_HEAD(zinc_reservations);
static u64 zinc_reservation_id;

static bool zinc_device_name_byte(u8 c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return true;
	return !first && (c == '.' || c == '_' || c == ':' || c == '-');
}

/**
 * zinc_device_name_check() - validate a device's name
 * @name: ZINC_DEVICE_SIZE bytes
 *
 * Return: 0 or -EINVAL.
 */
int zinc_device_name_check(const u8 *name)
{
	size_t len = 0;

	while (len < ZINC_DEVICE_SIZE && zinc_device_name_byte(name[len], !len))
		len++;
	if (!len || len == ZINC_DEVICE_SIZE)
		return -EINVAL;
	return memchr_inv(name + len, 0, ZINC_DEVICE_SIZE - len) ? -EINVAL : 0;
}

static struct zinc_queue *zinc_queue_find(const u8 *name)
{
	struct rb_node *node = zinc_queues.rb_node;

	while (node) {
		struct zinc_queue *queue;
		int order;

		queue = rb_entry(node, struct zinc_queue, node);
		order = memcmp(name, queue->name, ZINC_DEVICE_SIZE);
		if (!order)
			return queue;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/*
 * The queue of the device of that name. If there is none, @fresh becomes it;
 * otherwise the caller keeps @fresh.
 */
static struct zinc_queue *zinc_queue_get(const u8 *name,
					 struct zinc_queue *fresh)
{
	struct rb_node **link = &zinc_queues.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		struct zinc_queue *queue;
		int order;

		parent = *link;
		queue = rb_entry(parent, struct zinc_queue, node);
		order = memcmp(name, queue->name, ZINC_DEVICE_SIZE);
		if (!order)
			return queue;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	INIT_LIST_HEAD(&fresh->claims);
	memcpy(fresh->name, name, ZINC_DEVICE_SIZE);
	rb_link_node(&fresh->node, parent, link);
	rb_insert_color(&fresh->node, &zinc_queues);
	return fresh;
}

/* Whether a new claim is compatible with all claims in the queue. */
static bool zinc_queue_is_compatible(const struct zinc_queue *queue, bool shared)
{
	return shared ? !queue->exclusive : list_empty(&queue->claims);
}

/* Whether a reservation of all items would be granted at once. */
static bool zinc_items_are_free(const struct zinc_reserve_item *items,
				unsigned int count)
{
	const struct zinc_queue *queue;
	unsigned int i;

	lockdep_assert_held(&zinc_reserve_lock);
	for (i = 0; i < count; i++) {
		queue = zinc_queue_find(items[i].device);
		if (queue &&
		    !zinc_queue_is_compatible(queue, items[i].flags &
						 ZINC_RESERVE_SHARED))
			return false;
	}
	return true;
}

static void zinc_grant(struct zinc_reservation *r)
{
	r->since = ktime_get_real_ns();
	/* pairs with zinc_reservation_state() */
	smp_store_release(&r->state, ZINC_RESERVATION_HELD);
	trace_zinc_grant(r->id);
	wake_up_all(&r->wait);
}

static void zinc_claim_unblock(struct zinc_claim *claim)
{
	claim->compatible = true;
	if (!--claim->reservation->blocked)
		zinc_grant(claim->reservation);
}

/*
 * Unblock the head of the queue, after a claim has left. The head is the first
 * claim if it is exclusive, otherwise all shared claims before the first
 * exclusive one.
 */
static void zinc_queue_grant_head(struct zinc_queue *queue)
{
	struct zinc_claim *claim;
	bool first = true;

	list_for_each_entry(claim, &queue->claims, node) {
		if (!claim->shared && !first)
			return;
		if (!claim->compatible)
			zinc_claim_unblock(claim);
		if (!claim->shared)
			return;
		first = false;
	}
}

/* Queue all claims. The queues that are not needed remain in @fresh. */
static void zinc_reservation_enter(struct zinc_reservation *r,
				   const struct zinc_reserve_item *items,
				   struct zinc_queue **fresh)
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

		claim->reservation = r;
		claim->shared = items[i].flags & ZINC_RESERVE_SHARED;
		claim->queue = zinc_queue_get(items[i].device, fresh[i]);
		if (claim->queue == fresh[i])
			fresh[i] = NULL;
		claim->compatible = zinc_queue_is_compatible(claim->queue,
							     claim->shared);
		list_add_tail(&claim->node, &claim->queue->claims);
		claim->queue->exclusive += !claim->shared;
		r->blocked -= claim->compatible;
	}
	if (!r->blocked)
		zinc_grant(r);
}

static void zinc_claim_leave(struct zinc_claim *claim)
{
	struct zinc_queue *queue = claim->queue;

	list_del(&claim->node);
	queue->exclusive -= !claim->shared;
	if (!list_empty(&queue->claims)) {
		zinc_queue_grant_head(queue);
		return;
	}
	rb_erase(&queue->node, &zinc_queues);
	kfree(queue);
}

static void __zinc_reservation_leave(struct zinc_reservation *r)
{
	unsigned int i;

	lockdep_assert_held(&zinc_reserve_lock);
	trace_zinc_unreserve(r->id, r->state == ZINC_RESERVATION_HELD);
	/* the state shows that its claims have no queue from here on */
	WRITE_ONCE(r->state, ZINC_RESERVATION_RELEASED);
	r->since = ktime_get_real_ns();
	list_del(&r->all);
	for (i = 0; i < r->count; i++)
		zinc_claim_leave(&r->claims[i]);
	zinc_user_remove_reservation(r->user);
	wake_up_all(&r->wait);
}

/**
 * zinc_reservation_leave() - release a reservation
 * @r: reservation; does nothing if @r is in no queue
 *
 * Reservations behind it may be granted.
 */
void zinc_reservation_leave(struct zinc_reservation *r)
{
	mutex_lock(&zinc_reserve_lock);
	if (r->id && r->state != ZINC_RESERVATION_RELEASED)
		__zinc_reservation_leave(r);
	mutex_unlock(&zinc_reserve_lock);
}

/**
 * zinc_reservation_free() - free a reservation that is in no queue
 * @r: reservation
 */
void zinc_reservation_free(struct zinc_reservation *r)
{
	zinc_user_put(r->user);
	put_pid(r->process);
	kfree(r);
}

/**
 * zinc_reservation_alloc() - allocate a reservation of the caller, in no queue
 * @count: number of devices
 *
 * Return: a reservation for zinc_reservation_free(), or -ENOMEM.
 */
struct zinc_reservation *zinc_reservation_alloc(unsigned int count)
{
	struct zinc_reservation *r;
	struct zinc_user *user;

	user = zinc_user_get(current_fsuid());
	if (IS_ERR(user))
		return ERR_CAST(user);
	r = kzalloc(struct_size(r, claims, count), GFP_KERNEL_ACCOUNT);
	if (!r) {
		zinc_user_put(user);
		return ERR_PTR(-ENOMEM);
	}
	r->user = user;
	r->uid = current_fsuid();
	r->count = count;
	r->process = get_pid(task_tgid(current));
	r->started = current->group_leader->start_boottime;
	get_task_comm(r->comm, current->group_leader);
	init_waitqueue_head(&r->wait);
	return r;
}

static void zinc_queues_free(struct zinc_queue **fresh, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		kfree(fresh[i]);
}

/* Allocate queues before the lock is taken, so that no task waits for that. */
static int zinc_queues_alloc(struct zinc_queue **fresh, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		fresh[i] = kzalloc(sizeof(*fresh[i]), GFP_KERNEL_ACCOUNT);
		if (!fresh[i]) {
			zinc_queues_free(fresh, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Queue @r, unless it exceeds the limit of its user and is not @exempt, or is a
 * try that would have to wait.
 */
static int zinc_reservation_queue(struct zinc_reservation *r,
				  const struct zinc_reserve_item *items,
				  struct zinc_queue **fresh, bool try,
				  bool exempt)
{
	int err = 0;

	mutex_lock(&zinc_reserve_lock);
	if (try && !zinc_items_are_free(items, r->count))
		err = -EBUSY;
	if (!err)
		err = zinc_user_add_reservation(r->user, exempt);
	if (!err)
		zinc_reservation_enter(r, items, fresh);
	mutex_unlock(&zinc_reserve_lock);
	return err;
}

/**
 * zinc_reservation_start() - queue a reservation
 * @r: new reservation
 * @items: one for each claim of @r, checked
 * @try: queue it only if it is granted at once
 *
 * Return: 0: held or, without @try, possibly waiting; or -EBUSY, -EDQUOT,
 * -ENOMEM.
 */
int zinc_reservation_start(struct zinc_reservation *r,
			   const struct zinc_reserve_item *items, bool try)
{
	struct zinc_queue *fresh[ZINC_RESERVE_MAX];
	int err;

	err = zinc_queues_alloc(fresh, r->count);
	if (err)
		return err;
	err = zinc_reservation_queue(r, items, fresh, try, false);
	if (err == -EDQUOT && zinc_user_is_exempt())
		err = zinc_reservation_queue(r, items, fresh, try, true);
	zinc_queues_free(fresh, r->count);
	return err;
}

/**
 * zinc_reservation_state() - get the state of a reservation
 * @r: reservation
 *
 * Once it is held, writes made by the previous holder are visible.
 *
 * Return: the state.
 */
enum zinc_reservation_state
zinc_reservation_state(const struct zinc_reservation *r)
{
	/* pairs with zinc_grant() */
	return smp_load_acquire(&r->state);
}

static const char *zinc_state_name(enum zinc_reservation_state state)
{
	static const char * const names[] = {
		[ZINC_RESERVATION_WAITING] = "waiting",
		[ZINC_RESERVATION_HELD] = "held",
		[ZINC_RESERVATION_RELEASED] = "released",
	};

	return names[state];
}

/* Count the claims that have to leave the queue before @claim is compatible. */
static u32 zinc_claim_ahead(const struct zinc_claim *claim)
{
	const struct zinc_claim *other;
	u32 ahead = 0, seen = 0;

	list_for_each_entry(other, &claim->queue->claims, node) {
		if (other == claim)
			break;
		seen++;
		if (!claim->shared || !other->shared)
			ahead = seen;
	}
	return ahead;
}

/**
 * zinc_reservation_describe() - describe a reservation
 * @r: reservation
 * @info: all fields are set
 */
void zinc_reservation_describe(const struct zinc_reservation *r,
			       struct zinc_reservation_info *info)
{
	unsigned int i;

	memset(info, 0, sizeof(*info));
	mutex_lock(&zinc_reserve_lock);
	info->id = r->id;
	info->since = r->since;
	info->state = r->state;
	info->count = r->count;
	for (i = 0; i < r->count && r->state == ZINC_RESERVATION_WAITING; i++)
		info->ahead = max(info->ahead,
				  zinc_claim_ahead(&r->claims[i]));
	mutex_unlock(&zinc_reserve_lock);
}

static void zinc_claim_describe(const struct zinc_claim *claim,
				struct zinc_holder *holder)
{
	const struct zinc_reservation *r = claim->reservation;

	memset(holder, 0, sizeof(*holder));
	holder->id = r->id;
	holder->since = r->since;
	holder->started = timens_add_boottime_ns(r->started);
	holder->pid = zinc_pid_nr(r->process);
	holder->uid = from_kuid_munged(current_user_ns(), r->uid);
	if (r->state == ZINC_RESERVATION_WAITING)
		holder->flags |= ZINC_HOLDER_WAITING;
	if (claim->shared)
		holder->flags |= ZINC_HOLDER_SHARED;
	memcpy(holder->comm, r->comm, sizeof(holder->comm));
	memcpy(holder->device, claim->queue->name, sizeof(holder->device));
}

/**
 * zinc_holders_fill() - describe claims
 * @holders: out, entries
 * @max: room in @holders
 * @cursor: in, the place after which to continue; out, the place of the last
 *	entry. Places of claims are in order of arrival and, within a
 *	reservation, in the order of its items.
 * @device: describe only claims on this device; NULL: all
 *
 * Return: entries filled.
 */
unsigned int zinc_holders_fill(struct zinc_holder *holders, unsigned int max,
			       u64 *cursor, const u8 *device)
{
	struct zinc_reservation *r;
	unsigned int n = 0, i;

	mutex_lock(&zinc_reserve_lock);
	list_for_each_entry(r, &zinc_reservations, all) {
		for (i = 0; i < r->count; i++) {
			u64 place = r->id * ZINC_RESERVE_MAX + i;

			if (place <= *cursor ||
			    (device && memcmp(r->claims[i].queue->name, device,
					      ZINC_DEVICE_SIZE)))
				continue;
			if (n == max)
				goto unlock;
			zinc_claim_describe(&r->claims[i], &holders[n++]);
			*cursor = place;
		}
	}
unlock:
	mutex_unlock(&zinc_reserve_lock);
	return n;
}

static void zinc_reservation_show(struct seq_file *m,
				  const struct zinc_reservation *r,
				  const char *before, const char *after)
{
	unsigned int i;

	for (i = 0; i < r->count; i++)
		seq_printf(m, "%s%s %s%s", before, r->claims[i].queue->name,
			   r->claims[i].shared ? "shared" : "exclusive", after);
}

/**
 * zinc_reservation_show_info() - print a reservation for fdinfo
 * @m: output
 * @r: reservation
 */
void zinc_reservation_show_info(struct seq_file *m,
				const struct zinc_reservation *r)
{
	mutex_lock(&zinc_reserve_lock);
	seq_printf(m, "zinc-reservation:\t%llu\n", r->id);
	seq_printf(m, "zinc-state:\t%s\n", zinc_state_name(r->state));
	if (r->state != ZINC_RESERVATION_RELEASED)
		zinc_reservation_show(m, r, "zinc-device:\t", "\n");
	mutex_unlock(&zinc_reserve_lock);
}

/**
 * zinc_reservations_show() - print every reservation, a line each, for debugfs
 * @m: output
 */
void zinc_reservations_show(struct seq_file *m)
{
	struct zinc_reservation *r;

	seq_puts(m, "id state since uid pid comm devices\n");
	mutex_lock(&zinc_reserve_lock);
	list_for_each_entry(r, &zinc_reservations, all) {
		seq_printf(m, "%llu %s %llu %u %d %*pE", r->id,
			   zinc_state_name(r->state), r->since,
			   from_kuid_munged(current_user_ns(), r->uid),
			   zinc_pid_nr(r->process),
			   (int)strnlen(r->comm, sizeof(r->comm)), r->comm);
		zinc_reservation_show(m, r, " ", "");
		seq_putc(m, '\n');
	}
	mutex_unlock(&zinc_reserve_lock);
}
