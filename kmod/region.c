// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region: what it is made of, who may use it, when it goes.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "zinc.h"
#include "trace.h"

#define ZINC_MODE_DEFAULT	0600
#define FNV1A_64_OFFSET		0xcbf29ce484222325ULL
#define FNV1A_64_PRIME		0x100000001b3ULL

LIST_HEAD(zinc_regions);
DEFINE_SPINLOCK(zinc_regions_lock);

static atomic64_t zinc_last_id = ATOMIC64_INIT(0);

static u64 zinc_name_hash(const u8 *name)
{
	u64 hash = FNV1A_64_OFFSET;

	for (; *name; name++)
		hash = (hash ^ *name) * FNV1A_64_PRIME;
	return hash;
}

/**
 * zinc_region_is_together() - is the control page in the file of the data
 * @region: region with its memory
 */
bool zinc_region_is_together(const struct zinc_region *region)
{
	return region->backing && zinc_backing_control(region->backing);
}

/* Nobody can see the page yet, so that the order of writes is free. */
static int zinc_region_make_control(struct zinc_region *region)
{
	struct zinc_header *header;

	region->control = zinc_region_is_together(region) ?
			  zinc_backing_control(region->backing) :
			  alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!region->control)
		return -ENOMEM;
	header = page_address(region->control) + PAGE_SIZE - ZINC_HEADER_SIZE;
	header->magic = ZINC_MAGIC;
	header->version = ZINC_FORMAT;
	header->capacity = region->capacity;
	header->owner_pid = task_tgid_vnr(current);
	header->created_at = region->created_at;
	header->name_hash = zinc_name_hash(region->name);
	region->header = header;
	return 0;
}

static void zinc_region_drop_import(struct zinc_region *region)
{
	dma_buf_put(region->import);
	zinc_user_put_bytes(region->user, region->capacity);
}

static void zinc_region_free(struct zinc_region *region)
{
	zinc_fences_forget(region);
	zinc_dmabuf_drop(region);
	if (region->control && !zinc_region_is_together(region))
		__free_page(region->control);
	if (region->backing)
		fput(region->backing);
	if (region->import)
		zinc_region_drop_import(region);
	if (region->names)
		zinc_names_put(region->names);
	zinc_user_put_region(region->user);
	put_pid(region->owner);
	/* a look-up that found the name just now may still read it */
	kfree_rcu(region, rcu);
}

static struct zinc_region *zinc_region_alloc(const struct zinc_create *args,
					     struct zinc_user *user)
{
	struct zinc_region *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return NULL;
	refcount_set(&region->users, 1);
	region->id = atomic64_inc_return(&zinc_last_id);
	region->capacity = args->capacity;
	region->created_at = ktime_get_real_ns();
	region->uid = current_fsuid();
	region->gid = current_fsgid();
	region->mode = args->mode ?: ZINC_MODE_DEFAULT;
	region->lifetime = args->lifetime;
	region->owner = get_pid(task_tgid(current));
	region->user = user;
	if (args->flags & ZINC_CREATE_LAZY)
		region->flags |= ZINC_INFO_LAZY;
	if (args->name[0])
		region->names = zinc_names_get(zinc_names_current());
	else
		region->flags |= ZINC_INFO_ANONYMOUS;
	init_waitqueue_head(&region->wait);
	spin_lock_init(&region->lock);
	mutex_init(&region->dmabuf_lock);
	spin_lock_init(&region->fence_lock);
	INIT_LIST_HEAD(&region->fences);
	INIT_LIST_HEAD(&region->all);
	RB_CLEAR_NODE(&region->by_id);
	memcpy(region->name, args->name, sizeof(region->name));
	return region;
}

static void zinc_region_set_import(struct zinc_region *region,
				   struct dma_buf *import)
{
	get_dma_buf(import);
	region->import = import;
	region->flags |= zinc_import_flags(import);
}

static int zinc_region_make_backing(struct zinc_region *region,
				    const struct zinc_create *args)
{
	struct file *backing;

	backing = zinc_backing_create(region->name, region->capacity,
				      args->flags & ZINC_CREATE_LAZY,
				      region->user);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	region->backing = backing;
	return 0;
}

/**
 * zinc_region_create() - a region with its memory, not yet in a name table
 * @args: checked
 * @import: NULL, or a dma-buf of that capacity which has the memory
 *
 * Return: a region with one reference, or -EDQUOT, -ENOSPC, -ENOMEM, -EINTR.
 */
struct zinc_region *zinc_region_create(const struct zinc_create *args,
				       struct dma_buf *import)
{
	struct zinc_region *region;
	struct zinc_user *user;
	int err = 0;

	user = zinc_user_charge(current_fsuid(), args->capacity);
	if (IS_ERR(user))
		return ERR_CAST(user);
	region = zinc_region_alloc(args, user);
	if (!region) {
		zinc_user_put_region(user);
		zinc_user_put_bytes(user, args->capacity);
		return ERR_PTR(-ENOMEM);
	}

	/* which takes over the charge for the bytes */
	if (import)
		zinc_region_set_import(region, import);
	else
		err = zinc_region_make_backing(region, args);
	if (!err)
		err = zinc_region_make_control(region);
	if (err)
		goto err_region;

	spin_lock(&zinc_regions_lock);
	list_add_tail(&region->all, &zinc_regions);
	spin_unlock(&zinc_regions_lock);
	return region;

err_region:
	zinc_region_free(region);
	return ERR_PTR(err);
}

/**
 * zinc_region_put() - give a reference back
 * @region: the last one takes the region's name, and its hold on the pages
 *
 * Context: may sleep.
 */
void zinc_region_put(struct zinc_region *region)
{
	if (!refcount_dec_and_test(&region->users))
		return;
	if (region->names)
		zinc_names_remove(region);
	spin_lock(&zinc_regions_lock);
	list_del(&region->all);
	spin_unlock(&zinc_regions_lock);
	zinc_region_free(region);
}

/**
 * zinc_region_set_flag() - raise a flag, here and in the header
 * @region: region
 * @flag: ZINC_INFO_CREATOR_GONE or ZINC_INFO_UNLINKED
 */
void zinc_region_set_flag(struct zinc_region *region, u32 flag)
{
	u16 mirror = 0;

	spin_lock(&region->lock);
	/* pollers look without the lock */
	WRITE_ONCE(region->flags, region->flags | flag);
	if (region->flags & ZINC_INFO_CREATOR_GONE)
		mirror |= ZINC_HDR_CREATOR_GONE;
	if (region->flags & ZINC_INFO_UNLINKED)
		mirror |= ZINC_HDR_UNLINKED;
	WRITE_ONCE(region->header->flags, mirror);
	spin_unlock(&region->lock);
}

/**
 * zinc_region_may() - may the caller open it so
 * @region: named region
 * @mask: MAY_READ, MAY_WRITE
 */
bool zinc_region_may(const struct zinc_region *region, unsigned int mask)
{
	unsigned int granted = region->mode;

	if (uid_eq(current_fsuid(), region->uid))
		granted >>= 6;
	else if (in_group_p(region->gid))
		granted >>= 3;
	if ((granted & mask) == mask)
		return true;
	return zinc_names_capable(region->names, region->uid, region->gid,
				  CAP_DAC_OVERRIDE);
}

/**
 * zinc_region_may_unlink() - may the caller take the name away
 * @region: named region
 */
bool zinc_region_may_unlink(const struct zinc_region *region)
{
	if (uid_eq(current_fsuid(), region->uid))
		return true;
	return zinc_names_capable(region->names, region->uid, region->gid,
				  CAP_FOWNER);
}

static u64 zinc_region_resident(const struct zinc_region *region)
{
	if (region->import)
		return region->capacity;
	return zinc_backing_resident(region->backing);
}

/**
 * zinc_region_info() - describe a region to the caller
 * @region: region
 * @info: all fields are set, but for those of a handle
 */
void zinc_region_info(struct zinc_region *region, struct zinc_info *info)
{
	struct user_namespace *user_ns = current_user_ns();

	memset(info, 0, sizeof(*info));
	info->id = region->id;
	info->capacity = region->capacity;
	info->resident = zinc_region_resident(region);
	info->created_at = region->created_at;
	info->lifetime = region->lifetime;
	info->uid = from_kuid_munged(user_ns, region->uid);
	info->gid = from_kgid_munged(user_ns, region->gid);
	info->mode = region->mode;
	info->owner_pid = pid_vnr(region->owner);
	info->waiters = zinc_waiters(region);
	info->attachments = zinc_dmabuf_attached(region);
	zinc_fences_info(region, info);
	info->sequence = zinc_sequence(region);
	spin_lock(&region->lock);
	info->handles = region->handles;
	info->flags = region->flags;
	spin_unlock(&region->lock);
	if (!(info->flags & ZINC_INFO_UNLINKED))
		memcpy(info->name, region->name, sizeof(info->name));
}
