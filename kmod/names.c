// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: one table per network namespace, like abstract UNIX sockets. The
 * kernel notifies modules of the end of a network namespace, and the containers
 * of a pod share one.
 *
 * Look-ups take no lock. The mutex serializes changes, walks by id, and changes
 * of the tree of waiting tasks, in which a create finds those of its name.
 */
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "internal.h"
#include "trace.h"

/**
 * struct zinc_name_waiter - a task that waits for a name
 * @node: node in zinc_names.waiting, by name
 * @name: ZINC_NAME_SIZE bytes, checked
 * @task: task; it removes @node before the call returns
 */
struct zinc_name_waiter {
	struct rb_node node;
	const u8 *name;
	struct task_struct *task;
};

/* regions that a listing examines before it releases the lock */
#define ZINC_NAMES_STEP	64

/* per network namespace */
struct zinc_net {
	struct zinc_names *names;
};

static unsigned int zinc_net_id;

/* Only the name is hashed: the bytes after it are zero in every key. */
static u32 zinc_names_hash(const void *name, u32 len, u32 seed)
{
	return jhash(name, strnlen(name, len), seed);
}

static const struct rhashtable_params zinc_names_params = {
	.key_offset = offsetof(struct zinc_region, name),
	.key_len = ZINC_NAME_SIZE,
	.head_offset = offsetof(struct zinc_region, hash),
	.hashfn = zinc_names_hash,
	.automatic_shrinking = true,
};

static bool zinc_name_byte(u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/**
 * zinc_name_check() - validate a region name
 * @name: ZINC_NAME_SIZE bytes
 *
 * Return: 0, or -EINVAL: the name is empty or longer than ZINC_NAME_MAX, or has
 * a byte that is not in [a-zA-Z0-9_-], or a byte after it is not zero.
 */
int zinc_name_check(const u8 *name)
{
	size_t len = 0;

	while (len <= ZINC_NAME_MAX && zinc_name_byte(name[len]))
		len++;
	if (!len || len > ZINC_NAME_MAX)
		return -EINVAL;
	return memchr_inv(name + len, 0, ZINC_NAME_SIZE - len) ? -EINVAL : 0;
}

/* The table of the caller's namespace, without a reference, for one call. */
struct zinc_names *zinc_names_current(void)
{
	struct net *net = current->nsproxy->net_ns;
	struct zinc_net *zn = net_generic(net, zinc_net_id);

	return zn->names;
}

static struct zinc_names *zinc_names_get(struct zinc_names *names)
{
	refcount_inc(&names->refs);
	return names;
}

static void zinc_names_put(struct zinc_names *names)
{
	if (!refcount_dec_and_test(&names->refs))
		return;
	rhashtable_destroy(&names->table);
	put_user_ns(names->user_ns);
	kfree(names);
}

static void zinc_by_id_insert(struct zinc_names *names,
			      struct zinc_region *region)
{
	struct rb_node **link = &names->by_id.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		struct zinc_region *other;

		parent = *link;
		other = rb_entry(parent, struct zinc_region, by_id);
		link = region->id < other->id ? &parent->rb_left :
						&parent->rb_right;
	}
	rb_link_node(&region->by_id, parent, link);
	rb_insert_color(&region->by_id, &names->by_id);
}

/* The first region with an id beyond @cursor. */
static struct zinc_region *zinc_by_id_after(struct zinc_names *names,
					    u64 cursor)
{
	struct rb_node *node = names->by_id.rb_node;
	struct zinc_region *found = NULL;

	while (node) {
		struct zinc_region *region;

		region = rb_entry(node, struct zinc_region, by_id);
		if (region->id > cursor) {
			found = region;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

static struct zinc_name_waiter *zinc_name_waiter_of(const struct rb_node *node)
{
	return rb_entry(node, struct zinc_name_waiter, node);
}

static int zinc_name_waiter_cmp(const void *name, const struct rb_node *node)
{
	return memcmp(name, zinc_name_waiter_of(node)->name, ZINC_NAME_SIZE);
}

static bool zinc_name_waiter_less(struct rb_node *node,
				  const struct rb_node *other)
{
	return zinc_name_waiter_cmp(zinc_name_waiter_of(node)->name, other) < 0;
}

/*
 * Wake the tasks that wait for the name of @region. The table already has the
 * region: a task that enters the tree later finds it there.
 */
static void zinc_names_wake(struct zinc_names *names,
			    const struct zinc_region *region)
{
	struct rb_node *node;

	rb_for_each(node, region->name, &names->waiting, zinc_name_waiter_cmp)
		wake_up_process(zinc_name_waiter_of(node)->task);
}

/* The remaining changes under the lock, after the table has got @region. */
static void __zinc_names_insert(struct zinc_names *names,
				struct zinc_region *region)
{
	zinc_by_id_insert(names, region);
	region->named = true;
	zinc_names_wake(names, region);
	if (region->lifetime != ZINC_LIFETIME_PERSIST)
		return;
	/* the name alone keeps the region, and therefore keeps the module */
	refcount_inc(&region->users);
	__module_get(THIS_MODULE);
}

/*
 * The remaining changes under the lock, after @region has left the table. This
 * returns the region if its name held a reference. A caller that has unlocked
 * cannot test that, since without a reference the region may be freed by then.
 *
 * Return: the region for zinc_names_put_region(), to be called unlocked, if its
 * name held a reference to it; otherwise NULL.
 */
static struct zinc_region *__zinc_names_remove(struct zinc_names *names,
					       struct zinc_region *region)
{
	rb_erase(&region->by_id, &names->by_id);
	RB_CLEAR_NODE(&region->by_id);
	region->named = false;
	zinc_region_set_flag(region, ZINC_INFO_UNLINKED);
	trace_zinc_unlink(region);
	/* valid if dying: zinc_region_put() takes the lock, then frees */
	zinc_notify_gone(region, false);
	return region->lifetime == ZINC_LIFETIME_PERSIST ? region : NULL;
}

/* Put the references that the name of a persistent @region held. */
static void zinc_names_put_region(struct zinc_region *region)
{
	if (!region)
		return;
	zinc_region_put(region);
	module_put(THIS_MODULE);
}

/* Return: NULL, or the region that has the name, or -ENOMEM. */
static struct zinc_region *zinc_names_table_insert(struct zinc_names *names,
						   struct zinc_region *region)
{
	struct zinc_region *old;

	old = rhashtable_lookup_get_insert_fast(&names->table, &region->hash,
						zinc_names_params);
	/* -EBUSY, -E2BIG: the table could not grow */
	return IS_ERR(old) ? ERR_PTR(-ENOMEM) : old;
}

/*
 * Replace @old in one step: a look-up finds either the old region or the new
 * one.
 */
static int zinc_names_table_replace(struct zinc_names *names,
				    struct zinc_region *old,
				    struct zinc_region *region)
{
	return rhashtable_replace_fast(&names->table, &old->hash, &region->hash,
				       zinc_names_params);
}

/* A region without a reference does not claim its name. */
static bool zinc_region_is_dying(struct zinc_region *region)
{
	return !refcount_read(&region->users);
}

/**
 * zinc_names_precheck() - check a name before allocating
 * @name: checked
 * @replace: as for zinc_names_insert()
 *
 * Detects a taken name before memory is allocated for the region.
 *
 * Return: 0, or -EEXIST, -EPERM.
 */
int zinc_names_precheck(const u8 *name, bool replace)
{
	struct zinc_region *old = zinc_names_lookup(name);
	int err = 0;

	if (IS_ERR(old))
		return PTR_ERR(old) == -ENOENT ? 0 : PTR_ERR(old);
	if (!replace)
		err = -EEXIST;
	else if (!zinc_region_may_unlink(old))
		err = -EPERM;
	zinc_region_put(old);
	return err;
}

/**
 * zinc_names_insert() - give a region its name
 * @region: new; one without a name is left alone
 * @replace: take the name from another region, if the caller may
 *
 * Return: 0, or -EEXIST, -EPERM, -ENOMEM.
 */
int zinc_names_insert(struct zinc_region *region, bool replace)
{
	struct zinc_names *names = region->names;
	struct zinc_region *old, *held = NULL;
	int err;

	if (!names)
		return 0;
	mutex_lock(&names->lock);
	old = zinc_names_table_insert(names, region);
	err = PTR_ERR_OR_ZERO(old);
	if (IS_ERR_OR_NULL(old))
		goto unlock;
	if (!zinc_region_is_dying(old)) {
		err = -EEXIST;
		if (!replace)
			goto unlock;
		err = -EPERM;
		if (!zinc_region_may_unlink(old))
			goto unlock;
	}
	err = zinc_names_table_replace(names, old, region);
	if (!err)
		held = __zinc_names_remove(names, old);

unlock:
	if (!err)
		__zinc_names_insert(names, region);
	mutex_unlock(&names->lock);
	/* @old may be freed already, unless it is @held */
	zinc_names_put_region(held);
	return err;
}

/**
 * zinc_names_lookup() - look a name up in the caller's namespace
 * @name: ZINC_NAME_SIZE bytes
 *
 * Return: a region, with a reference, or -EINVAL, -ENOENT.
 */
struct zinc_region *zinc_names_lookup(const u8 *name)
{
	struct zinc_names *names = zinc_names_current();
	struct zinc_region *region, *dying = NULL;
	int err = zinc_name_check(name);

	if (err)
		return ERR_PTR(err);
	rcu_read_lock();
	for (;;) {
		region = rhashtable_lookup(&names->table, name,
					   zinc_names_params);
		if (!region || refcount_inc_not_zero(&region->users))
			break;
		/* it may have been replaced before its end: look up again */
		if (region == dying) {
			region = NULL;
			break;
		}
		dying = region;
	}
	rcu_read_unlock();
	return region ?: ERR_PTR(-ENOENT);
}

/* The task is in the tree before each look-up: see zinc_names_wake(). */
static struct zinc_region *zinc_names_sleep(struct zinc_names *names,
					    const u8 *name, ktime_t deadline)
{
	struct zinc_name_waiter waiter = { .name = name, .task = current };
	struct zinc_region *region;
	int err;

	mutex_lock(&names->lock);
	rb_add(&waiter.node, &names->waiting, zinc_name_waiter_less);
	mutex_unlock(&names->lock);
	do {
		set_current_state(TASK_INTERRUPTIBLE);
		region = zinc_names_lookup(name);
		err = IS_ERR(region) ? zinc_sleep(deadline) : 0;
	} while (IS_ERR(region) && !err);
	__set_current_state(TASK_RUNNING);
	mutex_lock(&names->lock);
	rb_erase(&waiter.node, &names->waiting);
	mutex_unlock(&names->lock);
	return err ? ERR_PTR(err) : region;
}

/**
 * zinc_names_wait() - wait for the region of a name
 * @name: checked
 * @deadline: absolute CLOCK_MONOTONIC ns, ZINC_DEADLINE_NEVER
 *
 * Return: a region, with a reference; or -ETIMEDOUT, -ERESTARTSYS, -EDQUOT,
 * -ENOMEM.
 */
struct zinc_region *zinc_names_wait(const u8 *name, u64 deadline)
{
	ktime_t expires = zinc_deadline(deadline);
	struct zinc_user *cache = NULL;
	struct zinc_region *region;
	struct zinc_user *user;

	if (ktime_get() >= expires)
		return ERR_PTR(-ETIMEDOUT);
	user = zinc_user_charge_waiters(&cache, 1);
	if (IS_ERR(user)) {
		region = ERR_CAST(user);
	} else {
		region = zinc_names_sleep(zinc_names_current(), name, expires);
		zinc_user_put_waiters(&cache, user, 1);
	}
	/* the cache is not a handle's: put its reference here */
	if (cache)
		zinc_user_put(cache);
	return region;
}

/**
 * zinc_names_remove() - remove a region's name
 * @region: created with a name
 *
 * Return: true if the region still had its name.
 */
bool zinc_names_remove(struct zinc_region *region)
{
	struct zinc_names *names = region->names;
	struct zinc_region *held = NULL;
	bool named;

	mutex_lock(&names->lock);
	named = region->named;
	if (named) {
		rhashtable_remove_fast(&names->table, &region->hash,
				       zinc_names_params);
		held = __zinc_names_remove(names, region);
	}
	mutex_unlock(&names->lock);
	zinc_names_put_region(held);
	return named;
}

/**
 * zinc_region_create() - create a region with its memory, in no name table yet
 * @args: checked
 * @import: NULL, or a dma-buf of that capacity which has the memory
 *
 * Return: a region with one reference for zinc_region_put(), or an error as of
 * zinc_region_build().
 */
struct zinc_region *zinc_region_create(const struct zinc_create *args,
				       struct dma_buf *import)
{
	struct zinc_names *names = NULL;
	struct zinc_region *region;

	if (args->name[0])
		names = zinc_names_get(zinc_names_current());
	region = zinc_region_build(args, names, import);
	if (IS_ERR(region) && names)
		zinc_names_put(names);
	return region;
}

/**
 * zinc_region_put() - put a reference to a region
 * @region: region; the last reference ends it, with its name
 *
 * Context: may sleep.
 */
void zinc_region_put(struct zinc_region *region)
{
	struct zinc_names *names = region->names;

	if (!refcount_dec_and_test(&region->users))
		return;
	if (names)
		zinc_names_remove(region);
	zinc_region_destroy(region);
	if (names)
		zinc_names_put(names);
}

/* A list shows the regions that the caller may open for reading or unlink. */
static bool zinc_names_is_visible(const struct zinc_region *region)
{
	return zinc_region_may_unlink(region) ||
	       !zinc_region_permission(region, MAY_READ);
}

/*
 * Examine up to ZINC_NAMES_STEP regions after @cursor, and advance @cursor,
 * until one is visible.
 *
 * Return: false at the end.
 */
static bool zinc_names_scan(struct zinc_names *names, u64 *cursor,
			    struct zinc_info *info, bool *found)
{
	struct zinc_region *region = zinc_by_id_after(names, *cursor);
	unsigned int n;

	for (n = 0; region && n < ZINC_NAMES_STEP; n++) {
		struct rb_node *next = rb_next(&region->by_id);

		*cursor = region->id;
		*found = !zinc_region_is_dying(region) &&
			 zinc_names_is_visible(region);
		if (*found) {
			zinc_region_info(region, info);
			return true;
		}
		region = rb_entry_safe(next, struct zinc_region, by_id);
	}
	return region;
}

/**
 * zinc_names_next() - describe the next region that the caller may see
 * @names: table
 * @cursor: in, the id after which to continue; out, the id of the region
 * @info: out, the region
 *
 * The lock is released after each ZINC_NAMES_STEP invisible regions.
 *
 * Return: false at the end, or when the caller has been killed.
 */
bool zinc_names_next(struct zinc_names *names, u64 *cursor,
		     struct zinc_info *info)
{
	bool found = false, more = true;

	while (more && !found && !fatal_signal_pending(current)) {
		mutex_lock(&names->lock);
		more = zinc_names_scan(names, cursor, info, &found);
		mutex_unlock(&names->lock);
		cond_resched();
	}
	return found;
}

/**
 * zinc_names_stat() - describe a region by its name
 * @name: checked
 * @cursor: in, as for zinc_names_next(); out, the id of the region
 * @info: out, the region
 *
 * Return: false if there is none that is visible and after @cursor.
 */
bool zinc_names_stat(const u8 *name, u64 *cursor, struct zinc_info *info)
{
	struct zinc_region *region = zinc_names_lookup(name);
	bool found;

	if (IS_ERR(region))
		return false;
	found = region->id > *cursor && zinc_names_is_visible(region);
	if (found) {
		zinc_region_info(region, info);
		/* without a name: it has lost its name since the look-up */
		found = info->name[0];
	}
	if (found)
		*cursor = region->id;
	zinc_region_put(region);
	return found;
}

static int __net_init zinc_net_init(struct net *net)
{
	struct zinc_net *zn = net_generic(net, zinc_net_id);
	struct zinc_names *names;
	int err;

	names = kzalloc(sizeof(*names), GFP_KERNEL_ACCOUNT);
	if (!names)
		return -ENOMEM;
	err = rhashtable_init(&names->table, &zinc_names_params);
	if (err) {
		kfree(names);
		return err;
	}
	refcount_set(&names->refs, 1);
	names->user_ns = get_user_ns(net->user_ns);
	mutex_init(&names->lock);
	names->by_id = RB_ROOT;
	names->waiting = RB_ROOT;
	zn->names = names;
	return 0;
}

/*
 * The first region, with a reference. A dying region is skipped, since
 * zinc_region_put() removes its name.
 */
static struct zinc_region *zinc_names_get_first(struct zinc_names *names)
{
	struct zinc_region *region;
	u64 cursor = 0;

	mutex_lock(&names->lock);
	while ((region = zinc_by_id_after(names, cursor))) {
		if (refcount_inc_not_zero(&region->users))
			break;
		cursor = region->id;
	}
	mutex_unlock(&names->lock);
	return region;
}

/*
 * No process is in the namespace any more. Handles that processes elsewhere
 * have keep their regions, which lose their names.
 */
static void __net_exit zinc_net_exit(struct net *net)
{
	struct zinc_net *zn = net_generic(net, zinc_net_id);
	struct zinc_names *names = zn->names;
	struct zinc_region *region;

	while ((region = zinc_names_get_first(names))) {
		zinc_names_remove(region);
		zinc_region_put(region);
	}
	zinc_names_put(names);
}

static struct pernet_operations zinc_net_ops = {
	.init = zinc_net_init,
	.exit = zinc_net_exit,
	.id = &zinc_net_id,
	.size = sizeof(struct zinc_net),
};

int __init zinc_names_init(void)
{
	return register_pernet_subsys(&zinc_net_ops);
}

void zinc_names_exit(void)
{
	unregister_pernet_subsys(&zinc_net_ops);
}
