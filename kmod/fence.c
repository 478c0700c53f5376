// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences that notify: the end of a device's work wakes who waits for the
 * region, with no thread in between.
 *
 * A pending fence belongs to the region. It is on the region's list until
 * either its callback or the end of the region takes it off; who did so
 * disposes of it. The callback runs under the fence's lock, in whatever
 * context, so that it only counts, wakes, and leaves the rest to a work item.
 *
 * Locks: fence->lock, zinc_region.fence_lock, zinc_region.wait.lock.
 */
#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/workqueue.h>

#include "zinc.h"
#include "trace.h"

static struct workqueue_struct *zinc_fence_wq;

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

/* Under the lock: @zf is whose who took it off the list. */
static bool zinc_fence_take(struct zinc_region *region, struct zinc_fence *zf)
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
 * The region is there while @zf is on its list, and while fence_lock is held,
 * for which the region's end waits.
 */
static void zinc_fence_signalled(struct dma_fence *fence,
				 struct dma_fence_cb *cb)
{
	struct zinc_fence *zf = container_of(cb, struct zinc_fence, cb);
	struct zinc_region *region = zf->region;
	unsigned long flags;

	spin_lock_irqsave(&region->fence_lock, flags);
	if (zinc_fence_take(region, zf)) {
		zinc_fence_count_error(region, fence->error);
		trace_zinc_fence_signalled(region, fence->error);
		zinc_notify(region, true, false);
		/* its last reference must not go under the fence's own lock */
		queue_work(zinc_fence_wq, &zf->free);
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
 * @region: region, which the caller has a handle of
 * @fd: sync_file
 *
 * Return: 0, -EBADF, -EBUSY, -ENOMEM.
 */
int zinc_fence_notify(struct zinc_region *region, int fd)
{
	struct zinc_fence *zf;
	int err;

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
	/* from here on @zf may be gone, unless it had signalled before */
	if (dma_fence_add_callback(zf->fence, &zf->cb, zinc_fence_signalled))
		zinc_fence_signalled(zf->fence, &zf->cb);
	return 0;
}

static struct zinc_fence *zinc_fence_take_first(struct zinc_region *region)
{
	struct zinc_fence *zf;
	unsigned long flags;

	spin_lock_irqsave(&region->fence_lock, flags);
	zf = list_first_entry_or_null(&region->fences, struct zinc_fence, node);
	if (zf)
		zinc_fence_take(region, zf);
	spin_unlock_irqrestore(&region->fence_lock, flags);
	return zf;
}

/**
 * zinc_fences_forget() - the region is going
 * @region: which nobody can add a fence to any more
 *
 * Context: may sleep. Afterwards no callback touches the region: those that
 * took their fence off the list did the rest under fence_lock, and the others
 * are over once dma_fence_remove_callback() has had the fence's lock.
 */
void zinc_fences_forget(struct zinc_region *region)
{
	struct zinc_fence *zf;

	while ((zf = zinc_fence_take_first(region))) {
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

int __init zinc_fence_init(void)
{
	zinc_fence_wq = alloc_workqueue("zinc", WQ_UNBOUND, 0);
	return zinc_fence_wq ? 0 : -ENOMEM;
}

/* Every region has gone, and so has every callback queued its work. */
void zinc_fence_exit(void)
{
	destroy_workqueue(zinc_fence_wq);
}
