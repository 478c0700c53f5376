// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits per user, and what counts against them.
 *
 * A region counts until its last handle and name are gone, its bytes count
 * until its pages are, a reservation until its file is closed.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "zinc.h"

#define ZINC_BYTES_UNSET	ULLONG_MAX

static unsigned int zinc_max_regions = 4096;
module_param_named(max_regions, zinc_max_regions, uint, 0644);
MODULE_PARM_DESC(max_regions, "regions that one user may have (0: no limit; default 4096)");

static unsigned long long zinc_max_bytes = ZINC_BYTES_UNSET;
module_param_named(max_bytes, zinc_max_bytes, ullong, 0644);
MODULE_PARM_DESC(max_bytes, "bytes that one user's regions may have (0: no limit; default half of the memory)");

static unsigned int zinc_max_reservations = 256;
module_param_named(max_reservations, zinc_max_reservations, uint, 0644);
MODULE_PARM_DESC(max_reservations, "reservations that one user may have, held or waiting (0: no limit; default 256)");

/**
 * struct zinc_user - one user's account
 * @node: in the table, by @uid
 * @uid: user
 * @regions: regions alive
 * @bytes: bytes alive
 * @reservations: held or waiting
 * @refs: charges not yet given back
 */
struct zinc_user {
	struct hlist_node node;
	kuid_t uid;
	u64 regions;
	u64 bytes;
	u32 reservations;
	u64 refs;
};

static DEFINE_HASHTABLE(zinc_users, 6);
static DEFINE_SPINLOCK(zinc_user_lock);

void __init zinc_user_init(void)
{
	if (zinc_max_bytes == ZINC_BYTES_UNSET)
		zinc_max_bytes = (u64)totalram_pages() << (PAGE_SHIFT - 1);
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

/* 0, or which of the limits @user would break */
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

/*
 * Count one region and its bytes, or one reservation, on the account of @uid: an
 * old one, or else @fresh. CAP_SYS_RESOURCE is beyond limits. NULL: there is no
 * account.
 */
static struct zinc_user *zinc_user_count(kuid_t uid, unsigned int regions,
					 u64 bytes, unsigned int reservations,
					 struct zinc_user *fresh)
{
	struct zinc_user *user = zinc_user_find(uid) ?: fresh;
	int err;

	if (!user)
		return NULL;
	err = regions ? zinc_user_check(user, bytes) :
			zinc_user_check_reservation(user);
	if (err && !capable(CAP_SYS_RESOURCE))
		return ERR_PTR(err);
	if (user == fresh)
		hash_add(zinc_users, &user->node, __kuid_val(uid));
	user->regions += regions;
	user->bytes += bytes;
	user->reservations += reservations;
	/* each is given back on its own */
	user->refs += 2 * regions + reservations;
	return user;
}

static struct zinc_user *zinc_user_add(kuid_t uid, unsigned int regions,
				       u64 bytes, unsigned int reservations)
{
	struct zinc_user *fresh, *user;

	spin_lock(&zinc_user_lock);
	user = zinc_user_count(uid, regions, bytes, reservations, NULL);
	spin_unlock(&zinc_user_lock);
	if (user)
		return user;

	/* one account for all of the user's cgroups, so that none is charged */
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->uid = uid;
	spin_lock(&zinc_user_lock);
	user = zinc_user_count(uid, regions, bytes, reservations, fresh);
	spin_unlock(&zinc_user_lock);
	if (user != fresh)
		kfree(fresh);
	return user;
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
	return zinc_user_add(uid, 1, bytes, 0);
}

/**
 * zinc_user_charge_reservation() - count one reservation
 * @uid: user
 *
 * Return: the account, to be given back with zinc_user_put_reservation(); or
 * -EDQUOT too many, -ENOMEM.
 */
struct zinc_user *zinc_user_charge_reservation(kuid_t uid)
{
	return zinc_user_add(uid, 0, 0, 1);
}

static void zinc_user_put(struct zinc_user *user)
{
	lockdep_assert_held(&zinc_user_lock);
	if (--user->refs)
		return;
	hash_del(&user->node);
	kfree(user);
}

/* One region less. */
void zinc_user_put_region(struct zinc_user *user)
{
	spin_lock(&zinc_user_lock);
	user->regions--;
	zinc_user_put(user);
	spin_unlock(&zinc_user_lock);
}

/* One region's bytes less. */
void zinc_user_put_bytes(struct zinc_user *user, u64 bytes)
{
	spin_lock(&zinc_user_lock);
	user->bytes -= bytes;
	zinc_user_put(user);
	spin_unlock(&zinc_user_lock);
}

/* One reservation less. */
void zinc_user_put_reservation(struct zinc_user *user)
{
	spin_lock(&zinc_user_lock);
	user->reservations--;
	zinc_user_put(user);
	spin_unlock(&zinc_user_lock);
}

/**
 * zinc_user_query() - what counts against a user now, and the limits
 * @uid: user
 * @args: its fields for users and limits are set
 */
void zinc_user_query(kuid_t uid, struct zinc_query *args)
{
	struct zinc_user *user;

	args->max_regions = READ_ONCE(zinc_max_regions);
	args->max_bytes = READ_ONCE(zinc_max_bytes);
	args->max_reservations = READ_ONCE(zinc_max_reservations);
	spin_lock(&zinc_user_lock);
	user = zinc_user_find(uid);
	args->user_regions = user ? user->regions : 0;
	args->user_bytes = user ? user->bytes : 0;
	args->user_reservations = user ? user->reservations : 0;
	spin_unlock(&zinc_user_lock);
}
