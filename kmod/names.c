// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: one table per network namespace, as abstract UNIX sockets have it.
 * That is the namespace which a module can be told the end of, and which the
 * containers of a pod share.
 *
 * Look-up takes no lock. The mutex orders those who change the table and those
 * who walk it by id.
 */
#include <linux/capability.h>
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

#include "zinc.h"
#include "trace.h"

/**
 * struct zinc_names - the names of one network namespace
 * @refs: the namespace and each region made with a name here
 * @user_ns: whose capabilities override permissions here
 * @lock: protects what follows, but for look-ups in @table
 * @table: regions by name
 * @by_id: the same regions by id, for listing
 */
struct zinc_names {
	refcount_t refs;
	struct user_namespace *user_ns;
	struct mutex lock;	/* see above */
	struct rhashtable table;
	struct rb_root by_id;
};

/* how many regions a listing looks at before it lets others have the lock */
#define ZINC_NAMES_STEP	64

/* what the network namespace has of us */
struct zinc_net {
	struct zinc_names *names;
};

static unsigned int zinc_net_id;

/* What is behind the name is zeros in all of them. */
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
 * zinc_name_check() - is it a name
 * @name: ZINC_NAME_SIZE bytes
 *
 * Return: 0, or -EINVAL: empty, longer than ZINC_NAME_MAX, a byte that is not
 * of [a-zA-Z0-9_-], or anything but zeros behind it.
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

/* The caller's table, as long as he is in a call. */
struct zinc_names *zinc_names_current(void)
{
	struct net *net = current->nsproxy->net_ns;
	struct zinc_net *zn = net_generic(net, zinc_net_id);

	return zn->names;
}

/* One more reference. */
struct zinc_names *zinc_names_get(struct zinc_names *names)
{
	refcount_inc(&names->refs);
	return names;
}

/* One less; may sleep. */
void zinc_names_put(struct zinc_names *names)
{
	if (!refcount_dec_and_test(&names->refs))
		return;
	rhashtable_destroy(&names->table);
	put_user_ns(names->user_ns);
	kfree(names);
}

/**
 * zinc_names_capable() - has the caller a capability over what is in a table
 * @names: table
 * @uid: owner of it
 * @gid: group of it
 * @cap: CAP_*
 *
 * As for inodes, a namespace's root is root over what its users can own.
 */
bool zinc_names_capable(const struct zinc_names *names, kuid_t uid, kgid_t gid,
			int cap)
{
	return kuid_has_mapping(names->user_ns, uid) &&
	       kgid_has_mapping(names->user_ns, gid) &&
	       ns_capable_noaudit(names->user_ns, cap);
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

/* The table has @region now: all that is left to do under the lock. */
static void zinc_names_added(struct zinc_names *names,
			     struct zinc_region *region)
{
	zinc_by_id_insert(names, region);
	region->named = true;
	if (region->lifetime != ZINC_LIFETIME_PERSIST)
		return;
	/* the name alone keeps the region, and so it keeps the module */
	refcount_inc(&region->users);
	__module_get(THIS_MODULE);
}

/* The table has @region no more; the caller calls zinc_names_drop() unlocked. */
static void zinc_names_removed(struct zinc_names *names,
			       struct zinc_region *region)
{
	rb_erase(&region->by_id, &names->by_id);
	RB_CLEAR_NODE(&region->by_id);
	region->named = false;
	zinc_region_set_flag(region, ZINC_INFO_UNLINKED);
	trace_zinc_unlink(region);
}

/* What the name of a persistent region held. */
static void zinc_names_drop(struct zinc_region *region)
{
	if (region->lifetime != ZINC_LIFETIME_PERSIST)
		return;
	zinc_region_put(region);
	module_put(THIS_MODULE);
}

/* Return: NULL, or who has the name already, or -ENOMEM. */
static struct zinc_region *zinc_names_add(struct zinc_names *names,
					  struct zinc_region *region)
{
	struct zinc_region *old;

	old = rhashtable_lookup_get_insert_fast(&names->table, &region->hash,
						zinc_names_params);
	/* -EBUSY, -E2BIG: the table could not grow */
	return IS_ERR(old) ? ERR_PTR(-ENOMEM) : old;
}

/*
 * In one step, so that whoever looks the name up finds the old region or the
 * new one.
 */
static int zinc_names_swap(struct zinc_names *names, struct zinc_region *old,
			   struct zinc_region *region)
{
	return rhashtable_replace_fast(&names->table, &old->hash, &region->hash,
				       zinc_names_params);
}

/* A region whose last handle is being closed has no claim to its name. */
static bool zinc_names_is_dying(struct zinc_region *region)
{
	return !refcount_read(&region->users);
}

/**
 * zinc_names_precheck() - would zinc_names_insert() work now
 * @name: checked
 * @replace: as there
 *
 * So that a name that is taken is said before memory is made for it.
 *
 * Return: 0, or -EEXIST, -EPERM.
 */
int zinc_names_precheck(const u8 *name, bool replace)
{
	struct zinc_region *old = zinc_names_find(name);
	int err = 0;

	if (!old)
		return 0;
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
	struct zinc_region *old;
	int err;

	if (!names)
		return 0;
	mutex_lock(&names->lock);
	old = zinc_names_add(names, region);
	err = PTR_ERR_OR_ZERO(old);
	if (IS_ERR_OR_NULL(old))
		goto unlock;
	if (!zinc_names_is_dying(old)) {
		err = -EEXIST;
		if (!replace)
			goto unlock;
		err = -EPERM;
		if (!zinc_region_may_unlink(old))
			goto unlock;
	}
	err = zinc_names_swap(names, old, region);
	if (!err)
		zinc_names_removed(names, old);

unlock:
	if (err)
		old = NULL;
	else
		zinc_names_added(names, region);
	mutex_unlock(&names->lock);
	if (old)
		zinc_names_drop(old);
	return err;
}

/**
 * zinc_names_find() - the region of a name, in the caller's namespace
 * @name: checked
 *
 * Return: a region, with a reference, or NULL.
 */
struct zinc_region *zinc_names_find(const u8 *name)
{
	struct zinc_names *names = zinc_names_current();
	struct zinc_region *region, *dying = NULL;

	rcu_read_lock();
	for (;;) {
		region = rhashtable_lookup(&names->table, name,
					   zinc_names_params);
		if (!region || refcount_inc_not_zero(&region->users))
			break;
		/* it may have been replaced, and closed, since: look again */
		if (region == dying) {
			region = NULL;
			break;
		}
		dying = region;
	}
	rcu_read_unlock();
	return region;
}

/**
 * zinc_names_remove() - take a region's name away
 * @region: made with a name
 *
 * Return: true if it still had it.
 */
bool zinc_names_remove(struct zinc_region *region)
{
	struct zinc_names *names = region->names;
	bool named;

	mutex_lock(&names->lock);
	named = region->named;
	if (named) {
		rhashtable_remove_fast(&names->table, &region->hash,
				       zinc_names_params);
		zinc_names_removed(names, region);
	}
	mutex_unlock(&names->lock);
	if (named)
		zinc_names_drop(region);
	return named;
}

/* In a list are the regions that the caller could open, or owns. */
static bool zinc_names_shows(const struct zinc_region *region)
{
	return zinc_region_may_unlink(region) || zinc_region_may(region,
								 MAY_READ);
}

/*
 * Look at some regions beyond @cursor, which moves along, until one may be
 * seen. Return: false at the end.
 */
static bool zinc_names_look(struct zinc_names *names, u64 *cursor,
			    struct zinc_info *info, bool *found)
{
	struct zinc_region *region = zinc_by_id_after(names, *cursor);
	unsigned int n;

	for (n = 0; region && n < ZINC_NAMES_STEP; n++) {
		struct rb_node *next = rb_next(&region->by_id);

		*cursor = region->id;
		*found = !zinc_names_is_dying(region) &&
			 zinc_names_shows(region);
		if (*found) {
			zinc_region_info(region, info);
			return true;
		}
		region = rb_entry_safe(next, struct zinc_region, by_id);
	}
	return region;
}

/**
 * zinc_names_next() - the next region that the caller may see
 * @names: table
 * @cursor: in, an id to go on behind; out, the id of the region
 * @info: out, the region
 *
 * However many there are that he may not see, others need not wait long for
 * the table.
 *
 * Return: false at the end, or when the caller has been killed.
 */
bool zinc_names_next(struct zinc_names *names, u64 *cursor,
		     struct zinc_info *info)
{
	bool found = false, more = true;

	while (more && !found && !fatal_signal_pending(current)) {
		mutex_lock(&names->lock);
		more = zinc_names_look(names, cursor, info, &found);
		mutex_unlock(&names->lock);
		cond_resched();
	}
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
	zn->names = names;
	return 0;
}

/* With a reference; one that is dying takes its name away itself. */
static struct zinc_region *zinc_names_first(struct zinc_names *names)
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
 * No process is in the namespace any more. Handles that went elsewhere by
 * SCM_RIGHTS keep their regions, which become nameless.
 */
static void __net_exit zinc_net_exit(struct net *net)
{
	struct zinc_net *zn = net_generic(net, zinc_net_id);
	struct zinc_names *names = zn->names;
	struct zinc_region *region;

	while ((region = zinc_names_first(names))) {
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
