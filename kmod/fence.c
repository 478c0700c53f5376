// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences that notify: the end of a device's work wakes the region's waiters,
 * without an intermediate thread.
 *
 * A pending fence belongs to the region. Either its callback or the end of the
 * region claims it, by removing it from the region's list, and then frees it.
 * The callback runs under the fence's lock, in any context: it only counts and
 * wakes, and leaves the rest to a work item.
 *
 * Locks, outermost first: fence->lock, zinc_region.fence_lock,
 * zinc_region.wait.lock.
 */
#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/workqueue.h>

#include "internal.h"
#include "trace.h"

struct zinc_fence {
	struct dma_fence_cb cb;
	struct dma_fence *fence;
	struct zinc_region *region;
	struct list_head node;
	struct work_struct free;
};

static void zinc_fence_free(struct zinc_fence *zf)
{
	dma_fence_put(zf->fence);
	kfree(zf);
}

static void zinc_fence_free_work(struct work_struct *work)
{
	zinc_fence_free(container_of(work, struct zinc_fence, free));
}

/* Remove @zf from the list. Return: true if the caller has to free it. */
static bool zinc_fence_claim(struct zinc_region *region, struct zinc_fence *zf)
{
	lockdep_assert_held(&region->fence_lock);
	if (list_empty(&zf->node))
		return false;
	list_del_init(&zf->node);
	region->fences_pending--;
	return true;
}

static void zinc_fence_count_error(struct zinc_region *region, int error)
{
	if (!error)
		return;
	region->fence_error = error;
	region->fence_errors++;
}

/*
 * The region exists while @zf is on its list, and then until fence_lock is
 * released: the end of the region takes fence_lock.
 */
static void zinc_fence_signalled(struct dma_fence *fence,
				 struct dma_fence_cb *cb)
{
	struct zinc_fence *zf = container_of(cb, struct zinc_fence, cb);
	struct zinc_region *region = zf->region;
	unsigned long flags;

	spin_lock_irqsave(&region->fence_lock, flags);
	if (zinc_fence_claim(region, zf)) {
		zinc_fence_count_error(region, fence->error);
		trace_zinc_fence_signalled(region, fence->error);
		zinc_notify_atomic(region);
		/* the last reference must not be put under the fence's lock */
		queue_work(zinc_wq, &zf->free);
	}
	spin_unlock_irqrestore(&region->fence_lock, flags);
}

static int zinc_fence_list(struct zinc_region *region, struct zinc_fence *zf)
{
	unsigned long flags;
	int err = -EBUSY;

	spin_lock_irqsave(&region->fence_lock, flags);
	if (region->fences_pending < ZINC_FENCES_MAX) {
		list_add_tail(&zf->node, &region->fences);
		region->fences_pending++;
		err = 0;
	}
	spin_unlock_irqrestore(&region->fence_lock, flags);
	return err;
}

/**
 * zinc_fence_notify() - notify a region when a fence signals
 * @region: region; the caller has a handle to it
 * @fd: descriptor of a sync_file
 *
 * Return: 0, -EBADF, -EBUSY, -ENOMEM, or -EOPNOTSUPP: the kernel has no sync_files.
 */
int zinc_fence_notify(struct zinc_region *region, int fd)
{
	struct zinc_fence *zf;
	int err;

	/* a kernel without DRM may have none; the call below is then compiled away */
	if (!IS_ENABLED(CONFIG_SYNC_FILE))
		return -EOPNOTSUPP;
	zf = kzalloc(sizeof(*zf), GFP_KERNEL_ACCOUNT);
	if (!zf)
		return -ENOMEM;
	zf->region = region;
	INIT_WORK(&zf->free, zinc_fence_free_work);
	zf->fence = sync_file_get_fence(fd);
	if (!zf->fence) {
		kfree(zf);
		return -EBADF;
	}
	err = zinc_fence_list(region, zf);
	if (err) {
		zinc_fence_free(zf);
		return err;
	}
	trace_zinc_fence_pending(region);
	/* if this succeeds, the callback may free @zf at any time */
	if (dma_fence_add_callback(zf->fence, &zf->cb, zinc_fence_signalled))
		zinc_fence_signalled(zf->fence, &zf->cb);
	return 0;
}

static struct zinc_fence *zinc_fence_claim_first(struct zinc_region *region)
{
	struct zinc_fence *zf;
	unsigned long flags;

	spin_lock_irqsave(&region->fence_lock, flags);
	zf = list_first_entry_or_null(&region->fences, struct zinc_fence, node);
	if (zf)
		zinc_fence_claim(region, zf);
	spin_unlock_irqrestore(&region->fence_lock, flags);
	return zf;
}

/**
 * zinc_fences_forget() - drop the pending fences of a region
 * @region: region that ends, so that no fence is added
 *
 * Afterwards no callback accesses the region. A callback that has claimed its
 * fence accesses the region only until it releases fence_lock, which this takes
 * later. Any other callback has ended when dma_fence_remove_callback(), which
 * takes the fence's lock, returns.
 *
 * Context: may sleep.
 */
void zinc_fences_forget(struct zinc_region *region)
{
	struct zinc_fence *zf;

	while ((zf = zinc_fence_claim_first(region))) {
		dma_fence_remove_callback(zf->fence, &zf->cb);
		zinc_fence_free(zf);
	}
}

/**
 * zinc_fences_info() - describe a region's fences
 * @region: region
 * @info: its fields for fences are set
 */
void zinc_fences_info(struct zinc_region *region, struct zinc_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&region->fence_lock, flags);
	info->fences = region->fences_pending;
	info->fence_errors = region->fence_errors;
	info->fence_error = region->fence_error;
	spin_unlock_irqrestore(&region->fence_lock, flags);
}
