// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region object: memory, flags, description.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "internal.h"
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
 * zinc_region_has_inline_control() - test for a control page before the data
 * @region: region with its memory
 *
 * Return: whether one file has both.
 */
bool zinc_region_has_inline_control(const struct zinc_region *region)
{
	return region->control == region->backing;
}

/* Use the file of the data if it has a control page, otherwise a new file. */
static int zinc_region_make_control(struct zinc_region *region)
{
	struct file *control = region->backing;

	if (!control || !zinc_backing_control(control))
		control = zinc_backing_create_control(region->name);
	if (IS_ERR(control))
		return PTR_ERR(control);
	region->control = control;
	return 0;
}

/* No process can map the page yet, so that the order of writes is free. */
static void zinc_region_make_header(struct zinc_region *region)
{
	struct page *page = zinc_backing_control(region->control);
	struct zinc_header *header;

	header = page_address(page) + PAGE_SIZE - ZINC_HEADER_SIZE;
	header->magic = ZINC_MAGIC;
	header->version = ZINC_FORMAT;
	header->capacity = region->capacity;
	header->owner_pid = task_tgid_vnr(current);
	header->created_at = region->created_at;
	header->name_hash = zinc_name_hash(region->name);
	region->header = header;
}

static void zinc_region_drop_import(struct zinc_region *region)
{
	dma_buf_put(region->import);
	zinc_user_put_bytes(region->user, region->capacity);
}

static void zinc_region_free(struct zinc_region *region)
{
	zinc_fences_forget(region);
	zinc_notify_end(region);
	zinc_dmabuf_drop(region);
	if (region->control && !zinc_region_has_inline_control(region))
		fput(region->control);
	if (region->backing)
		fput(region->backing);
	if (region->import)
		zinc_region_drop_import(region);
	zinc_user_put_region(region->user);
	put_pid(region->creator);
	/* a look-up that has just found the name may still read the region */
	kfree_rcu(region, rcu);
}

static struct zinc_region *zinc_region_alloc(const struct zinc_create *args,
					     struct zinc_names *names,
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
	region->creator = get_pid(task_tgid(current));
	region->user = user;
	if (args->flags & ZINC_LAZY)
		region->flags |= ZINC_INFO_LAZY;
	if (args->flags & ZINC_CONTIGUOUS)
		region->flags |= ZINC_INFO_CONTIGUOUS;
	region->names = names;
	if (!names)
		region->flags |= ZINC_INFO_ANONYMOUS;
	zinc_notify_init(region);
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
				      args->flags, region->user);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	region->backing = backing;
	return 0;
}

/**
 * zinc_region_build() - build a region with its memory, in no name table yet
 * @args: checked
 * @names: the table that is to have its name, or NULL; the caller keeps it for
 *	as long as the region
 * @import: NULL, or a dma-buf of that capacity which has the memory
 *
 * Return: a region with one reference, or -EDQUOT, -ENOSPC, -ENOMEM, -EINTR; if it
 * is contiguous also -EBUSY, -EIO.
 */
struct zinc_region *zinc_region_build(const struct zinc_create *args,
				      struct zinc_names *names,
				      struct dma_buf *import)
{
	u64 bytes = zinc_backing_bytes(args->capacity, args->flags);
	struct zinc_region *region;
	struct zinc_user *user;
	int err = 0;

	user = zinc_user_charge(current_fsuid(), bytes);
	if (IS_ERR(user))
		return ERR_CAST(user);
	region = zinc_region_alloc(args, names, user);
	if (!region) {
		zinc_user_put_region(user);
		zinc_user_put_bytes(user, bytes);
		return ERR_PTR(-ENOMEM);
	}

	/* both take over the charge for the bytes, also if they fail */
	if (import)
		zinc_region_set_import(region, import);
	else
		err = zinc_region_make_backing(region, args);
	if (!err)
		err = zinc_region_make_control(region);
	if (err)
		goto err_region;
	zinc_region_make_header(region);

	spin_lock(&zinc_regions_lock);
	list_add_tail(&region->all, &zinc_regions);
	spin_unlock(&zinc_regions_lock);
	return region;

err_region:
	zinc_region_free(region);
	return ERR_PTR(err);
}

/**
 * zinc_region_destroy() - free a region
 * @region: of zinc_region_build(); without a reference, and in no name table
 *
 * Context: may sleep.
 */
void zinc_region_destroy(struct zinc_region *region)
{
	spin_lock(&zinc_regions_lock);
	list_del(&region->all);
	spin_unlock(&zinc_regions_lock);
	zinc_region_free(region);
}

/**
 * zinc_region_set_flag() - set a flag, and its copy in the header
 * @region: region
 * @flag: ZINC_INFO_CREATOR_GONE or ZINC_INFO_UNLINKED
 */
void zinc_region_set_flag(struct zinc_region *region, u32 flag)
{
	u16 mirror = 0;

	spin_lock(&region->lock);
	/* waiters read the flags without the lock, and then the sequence */
	smp_store_release(&region->flags, region->flags | flag);
	if (region->flags & ZINC_INFO_CREATOR_GONE)
		mirror |= ZINC_HDR_CREATOR_GONE;
	if (region->flags & ZINC_INFO_UNLINKED)
		mirror |= ZINC_HDR_UNLINKED;
	WRITE_ONCE(region->header->flags, mirror);
	spin_unlock(&region->lock);
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
 * @info: all fields except those of a handle are set
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
	info->creator_pid = zinc_pid_nr(region->creator);
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
