// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits per user.
 *
 * A region counts until its last handle and name are gone. Its bytes count
 * until its backing file is released, or, if it was imported, as long as the
 * region counts. A reservation counts until it has left its queues. Pinned
 * bytes count once, from the first attachment or kernel mapping to the last. A
 * place on a region's queue, or among the tasks that wait for a name, counts
 * for as long as the call sleeps. Each wait changes the number of places, so
 * that it is an atomic, which is changed without the lock.
 *
 * Pinned bytes have a limit of their own, since RLIMIT_MEMLOCK belongs to the
 * process that attaches, while pages stay pinned for other processes, after the
 * end of that process, and at the creator's expense. The usual RLIMIT_MEMLOCK
 * of 8 MiB is less than one frame of a large display.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "internal.h"

#define ZINC_BYTES_UNSET	ULLONG_MAX

static unsigned int zinc_max_regions = 4096;
module_param_named(max_regions, zinc_max_regions, uint, 0644);
MODULE_PARM_DESC(max_regions, "regions that one user may have (0: no limit; default 4096)");

static unsigned long long zinc_max_bytes = ZINC_BYTES_UNSET;
module_param_named(max_bytes, zinc_max_bytes, ullong, 0644);
MODULE_PARM_DESC(max_bytes, "bytes that one user's regions may have (0: no limit; default half of the memory)");

static unsigned long long zinc_max_pinned_bytes = ZINC_BYTES_UNSET;
module_param_named(max_pinned_bytes, zinc_max_pinned_bytes, ullong, 0644);
MODULE_PARM_DESC(max_pinned_bytes, "bytes of one user's regions that may be pinned for devices (0: no limit; default a quarter of the memory)");

static unsigned int zinc_max_reservations = 256;
module_param_named(max_reservations, zinc_max_reservations, uint, 0644);
MODULE_PARM_DESC(max_reservations, "reservations that one user may have, held or waiting (0: no limit; default 256)");

static unsigned int zinc_max_waiters = 16384;
module_param_named(max_waiters, zinc_max_waiters, uint, 0644);
MODULE_PARM_DESC(max_waiters, "regions and names that one user's sleeping calls may wait for (0: no limit; default 16384)");

/**
 * struct zinc_user - one user's account
 * @node: in the table, by @uid
 * @uid: user
 * @regions: number of regions
 * @bytes: bytes of regions
 * @pinned: the part of @bytes that is pinned for devices
 * @reservations: number of reservations, held or waiting
 * @waiters: number of places of sleeping calls
 * @refs: one for each region, for the bytes of each region, for each
 *	reservation until it is freed, for each handle that caches the account,
 *	and for each caller that is about to charge it
 */
struct zinc_user {
	struct hlist_node node;
	kuid_t uid;
	u64 regions;
	u64 bytes;
	u64 pinned;
	u32 reservations;
	atomic_t waiters;
	u64 refs;
};

static DEFINE_HASHTABLE(zinc_users, 6);
static DEFINE_SPINLOCK(zinc_user_lock);

void __init zinc_user_init(void)
{
	if (zinc_max_bytes == ZINC_BYTES_UNSET)
		zinc_max_bytes = (u64)totalram_pages() << (PAGE_SHIFT - 1);
	if (zinc_max_pinned_bytes == ZINC_BYTES_UNSET)
		zinc_max_pinned_bytes = (u64)totalram_pages() << (PAGE_SHIFT - 2);
}

static struct zinc_user *zinc_user_find(kuid_t uid)
{
	struct zinc_user *user;

	lockdep_assert_held(&zinc_user_lock);
	hash_for_each_possible(zinc_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/* Return: 0, or the error of the limit that @user would exceed. */
static int zinc_user_check(const struct zinc_user *user, u64 bytes)
{
	unsigned int max_regions = READ_ONCE(zinc_max_regions);
	unsigned long long max_bytes = READ_ONCE(zinc_max_bytes);

	if (max_regions && user->regions >= max_regions)
		return -EDQUOT;
	if (max_bytes && (bytes > max_bytes || user->bytes > max_bytes - bytes))
		return -ENOSPC;
	return 0;
}

static int zinc_user_check_reservation(const struct zinc_user *user)
{
	unsigned int max = READ_ONCE(zinc_max_reservations);

	return max && user->reservations >= max ? -EDQUOT : 0;
}

/**
 * zinc_user_get() - get or create the account of a user
 * @uid: user
 *
 * Return: the account, with a reference for zinc_user_put(), or -ENOMEM.
 */
struct zinc_user *zinc_user_get(kuid_t uid)
{
	struct zinc_user *fresh, *user;

	spin_lock(&zinc_user_lock);
	user = zinc_user_find(uid);
	if (user)
		user->refs++;
	spin_unlock(&zinc_user_lock);
	if (user)
		return user;

	/* charged to no cgroup: the user may have processes in several */
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->uid = uid;
	spin_lock(&zinc_user_lock);
	user = zinc_user_find(uid);
	if (!user) {
		hash_add(zinc_users, &fresh->node, __kuid_val(uid));
		user = fresh;
	}
	user->refs++;
	spin_unlock(&zinc_user_lock);
	if (user != fresh)
		kfree(fresh);
	return user;
}

static void zinc_user_unref(struct zinc_user *user)
{
	lockdep_assert_held(&zinc_user_lock);
	if (--user->refs)
		return;
	hash_del(&user->node);
	kfree(user);
}

/* Put a reference. */
void zinc_user_put(struct zinc_user *user)
{
	spin_lock(&zinc_user_lock);
	zinc_user_unref(user);
	spin_unlock(&zinc_user_lock);
}

/**
 * zinc_user_is_exempt() - test whether no limit applies to the caller
 *
 * A lack of the capability is not audited.
 *
 * Context: calls security modules, and is therefore called under no lock.
 * Return: whether the caller has CAP_SYS_RESOURCE.
 */
bool zinc_user_is_exempt(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
}

/*
 * Count a region and its bytes, each of which needs a reference. The caller has
 * one reference; this takes the other.
 */
static int zinc_user_add(struct zinc_user *user, u64 bytes, bool exempt)
{
	int err = 0;

	spin_lock(&zinc_user_lock);
	if (!exempt)
		err = zinc_user_check(user, bytes);
	if (!err) {
		user->regions++;
		user->bytes += bytes;
		user->refs++;
	}
	spin_unlock(&zinc_user_lock);
	return err;
}

/**
 * zinc_user_charge() - count one region and its bytes
 * @uid: user
 * @bytes: at most ZINC_CAPACITY_MAX
 *
 * Return: the account, to be given back with zinc_user_put_region() and
 * zinc_user_put_bytes(), each once; or -EDQUOT too many regions, -ENOSPC too
 * many bytes, -ENOMEM.
 */
struct zinc_user *zinc_user_charge(kuid_t uid, u64 bytes)
{
	struct zinc_user *user = zinc_user_get(uid);
	int err;

	if (IS_ERR(user))
		return user;
	err = zinc_user_add(user, bytes, false);
	if (err && zinc_user_is_exempt())
		err = zinc_user_add(user, bytes, true);
	if (!err)
		return user;
	zinc_user_put(user);
	return ERR_PTR(err);
}

/**
 * zinc_user_add_reservation() - count one reservation
 * @user: account
 * @exempt: zinc_user_is_exempt(): the limit does not apply
 *
 * Return: 0, to be undone by zinc_user_remove_reservation(); or -EDQUOT too
 * many.
 */
int zinc_user_add_reservation(struct zinc_user *user, bool exempt)
{
	int err = 0;

	spin_lock(&zinc_user_lock);
	if (!exempt)
		err = zinc_user_check_reservation(user);
	user->reservations += !err;
	spin_unlock(&zinc_user_lock);
	return err;
}

/*
 * The caller's account, from @cache or stored there, so that it is looked up
 * once for a handle. If @cache has the account of another user, the reference
 * is the caller's, for zinc_user_uncache().
 */
static struct zinc_user *zinc_user_cached(struct zinc_user **cache)
{
	kuid_t uid = current_fsuid();
	struct zinc_user *other, *user;

	/* pairs with the cmpxchg() below */
	user = smp_load_acquire(cache);
	if (likely(user && uid_eq(user->uid, uid)))
		return user;
	user = zinc_user_get(uid);
	if (IS_ERR(user))
		return user;
	other = cmpxchg(cache, NULL, user);
	/* another thread has stored it first */
	if (other == user)
		zinc_user_put(user);
	return user;
}

static void zinc_user_uncache(struct zinc_user **cache, struct zinc_user *user)
{
	if (unlikely(READ_ONCE(*cache) != user))
		zinc_user_put(user);
}

/* Count all places or none: a refused wait must not make another one fail. */
static bool zinc_user_add_waiters(struct zinc_user *user, unsigned int count)
{
	unsigned int max = READ_ONCE(zinc_max_waiters);
	int old = atomic_read(&user->waiters);

	do {
		if (max && (unsigned int)old + count > max)
			return false;
	} while (!atomic_try_cmpxchg(&user->waiters, &old, old + count));
	return true;
}

/**
 * zinc_user_charge_waiters() - count places of a sleeping call
 * @cache: account of the first user that waits by a handle, or NULL; valid
 *	until the places are given back
 * @count: number of places
 *
 * Charges the calling user, not the handle's: a process that received a handle
 * could exhaust the sender's account otherwise.
 *
 * Return: the account, to be given back with zinc_user_put_waiters(); or
 * -EDQUOT too many, -ENOMEM.
 */
struct zinc_user *zinc_user_charge_waiters(struct zinc_user **cache,
					   unsigned int count)
{
	struct zinc_user *user = zinc_user_cached(cache);

	if (IS_ERR(user))
		return user;
	if (likely(zinc_user_add_waiters(user, count)))
		return user;
	if (zinc_user_is_exempt()) {
		atomic_add(count, &user->waiters);
		return user;
	}
	zinc_user_uncache(cache, user);
	return ERR_PTR(-EDQUOT);
}

/* Undo zinc_user_charge_waiters(). */
void zinc_user_put_waiters(struct zinc_user **cache, struct zinc_user *user,
			   unsigned int count)
{
	atomic_sub(count, &user->waiters);
	zinc_user_uncache(cache, user);
}

static bool zinc_user_pin(struct zinc_user *user, u64 bytes, bool exempt)
{
	unsigned long long max = READ_ONCE(zinc_max_pinned_bytes);
	bool fits;

	spin_lock(&zinc_user_lock);
	fits = exempt || !max ||
	       (bytes <= max && user->pinned <= max - bytes);
	if (fits)
		user->pinned += bytes;
	spin_unlock(&zinc_user_lock);
	return fits;
}

/**
 * zinc_user_charge_pinned() - count pinned bytes
 * @user: account that has been charged for these bytes
 * @bytes: number of bytes
 * @creator: a file with the credentials of the creator, which is exempt with
 *	CAP_SYS_RESOURCE; the caller's credentials do not matter
 *
 * Return: 0, to be undone by zinc_user_put_pinned(); or -EDQUOT.
 */
int zinc_user_charge_pinned(struct zinc_user *user, u64 bytes,
			    const struct file *creator)
{
	const struct cred *own;
	bool exempt;

	if (zinc_user_pin(user, bytes, false))
		return 0;
	own = override_creds(creator->f_cred);
	exempt = zinc_user_is_exempt();
	revert_creds(own);
	if (!exempt)
		return -EDQUOT;
	zinc_user_pin(user, bytes, true);
	return 0;
}

/* Undo zinc_user_charge_pinned(). */
void zinc_user_put_pinned(struct zinc_user *user, u64 bytes)
{
	spin_lock(&zinc_user_lock);
	user->pinned -= bytes;
	spin_unlock(&zinc_user_lock);
}

/* Uncount a region, and put its reference. */
void zinc_user_put_region(struct zinc_user *user)
{
	spin_lock(&zinc_user_lock);
	user->regions--;
	zinc_user_unref(user);
	spin_unlock(&zinc_user_lock);
}

/* Uncount the bytes of a region, and put their reference. */
void zinc_user_put_bytes(struct zinc_user *user, u64 bytes)
{
	spin_lock(&zinc_user_lock);
	user->bytes -= bytes;
	zinc_user_unref(user);
	spin_unlock(&zinc_user_lock);
}

/* Uncount a reservation; its reference stays until it is freed. */
void zinc_user_remove_reservation(struct zinc_user *user)
{
	spin_lock(&zinc_user_lock);
	user->reservations--;
	spin_unlock(&zinc_user_lock);
}

/**
 * zinc_user_query() - get a user's current use, and the limits
 * @uid: user
 * @args: its fields for users and limits are set
 */
void zinc_user_query(kuid_t uid, struct zinc_query *args)
{
	struct zinc_user *user;

	args->max_regions = READ_ONCE(zinc_max_regions);
	args->max_bytes = READ_ONCE(zinc_max_bytes);
	args->max_reservations = READ_ONCE(zinc_max_reservations);
	args->max_pinned_bytes = READ_ONCE(zinc_max_pinned_bytes);
	args->max_waiters = READ_ONCE(zinc_max_waiters);
	spin_lock(&zinc_user_lock);
	user = zinc_user_find(uid);
	args->user_regions = user ? user->regions : 0;
	args->user_bytes = user ? user->bytes : 0;
	args->user_reservations = user ? user->reservations : 0;
	args->user_pinned_bytes = user ? user->pinned : 0;
	args->user_waiters = user ? atomic_read(&user->waiters) : 0;
	spin_unlock(&zinc_user_lock);
}
