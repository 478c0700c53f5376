// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region's data as a dma-buf, for devices to import.
 *
 * Who holds what: the dma-buf holds the backing file, and through it the
 * pages, but not the region; the region holds its dma-bufs, so that each
 * export gives out the same. Importers therefore may outlive the region, and
 * the region's name and handles do not depend on importers.
 *
 * The pages are pinned from the first attachment to the last, and from the
 * first kernel mapping to the last; otherwise they are ordinary shmem pages.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "zinc.h"
#include "compat.h"
#include "trace.h"

ZINC_IMPORT_NS(DMA_BUF);

/**
 * struct zinc_dmabuf - what the dma-bufs of a region have in common
 * @refs: the region and each dma-buf
 * @id: the region's
 * @size: bytes
 * @backing: the pages' file
 * @buffers: what the region gives out, writable and read-only; its references
 * @resv: fences of the work on the memory, whichever buffer it came by
 * @lock: protects @pins, @pages and @mappings. Inside the reservation lock.
 * @pins: attachments and kernel mappings
 * @pages: all pages, while @pins is not zero
 * @mappings: struct zinc_mapping
 * @attach_lock: protects @attachments and @attached, for those who show them
 * @attachments: struct zinc_attachment
 * @attached: how many
 */
struct zinc_dmabuf {
	refcount_t refs;
	u64 id;
	u64 size;
	struct file *backing;
	struct dma_buf *buffers[2];
	struct dma_resv resv;
	struct mutex lock;	/* see above */
	unsigned int pins;
	struct page **pages;
	struct list_head mappings;
	spinlock_t attach_lock;	/* see above */
	struct list_head attachments;
	u32 attached;
};

/* A device that may map. */
struct zinc_attachment {
	struct list_head node;
	struct device *dev;
};

/* What a device has mapped: @given is what its driver got, @table our own. */
struct zinc_mapping {
	struct list_head node;
	struct sg_table table;
	struct sg_table given;
	struct device *dev;
	enum dma_data_direction dir;
};

static unsigned long zinc_dmabuf_pages(const struct zinc_dmabuf *zd)
{
	return zd->size >> PAGE_SHIFT;
}

static bool zinc_dmabuf_is_rdonly(const struct dma_buf *dmabuf)
{
	return !(dmabuf->file->f_mode & FMODE_WRITE);
}

static void zinc_dmabuf_put(struct zinc_dmabuf *zd)
{
	if (!refcount_dec_and_test(&zd->refs))
		return;
	fput(zd->backing);
	dma_resv_fini(&zd->resv);
	mutex_destroy(&zd->lock);
	kfree(zd);
}

static int zinc_dmabuf_pin(struct zinc_dmabuf *zd)
{
	struct page **pages;

	lockdep_assert_held(&zd->lock);
	if (!zd->pins) {
		pages = zinc_backing_pin(zd->backing);
		if (IS_ERR(pages))
			return PTR_ERR(pages);
		zd->pages = pages;
	}
	zd->pins++;
	return 0;
}

static void zinc_dmabuf_unpin(struct zinc_dmabuf *zd)
{
	lockdep_assert_held(&zd->lock);
	if (--zd->pins)
		return;
	zinc_backing_unpin(zd->backing, zd->pages);
	zd->pages = NULL;
}

static int zinc_dmabuf_attach(struct dma_buf *dmabuf,
			      struct dma_buf_attachment *attach)
{
	struct zinc_dmabuf *zd = dmabuf->priv;
	struct zinc_attachment *za;
	int err;

	za = kzalloc(sizeof(*za), GFP_KERNEL);
	if (!za)
		return -ENOMEM;
	mutex_lock(&zd->lock);
	err = zinc_dmabuf_pin(zd);
	mutex_unlock(&zd->lock);
	if (err) {
		kfree(za);
		return err;
	}
	za->dev = attach->dev;
	spin_lock(&zd->attach_lock);
	list_add_tail(&za->node, &zd->attachments);
	WRITE_ONCE(zd->attached, zd->attached + 1);
	spin_unlock(&zd->attach_lock);
	attach->priv = za;
	trace_zinc_attach(zd->id, za->dev);
	return 0;
}

static void zinc_dmabuf_detach(struct dma_buf *dmabuf,
			       struct dma_buf_attachment *attach)
{
	struct zinc_dmabuf *zd = dmabuf->priv;
	struct zinc_attachment *za = attach->priv;

	trace_zinc_detach(zd->id, za->dev);
	spin_lock(&zd->attach_lock);
	list_del(&za->node);
	WRITE_ONCE(zd->attached, zd->attached - 1);
	spin_unlock(&zd->attach_lock);
	kfree(za);
	mutex_lock(&zd->lock);
	zinc_dmabuf_unpin(zd);
	mutex_unlock(&zd->lock);
}

/*
 * With CONFIG_DMABUF_DEBUG the kernel makes the pages of the importer's table
 * unusable, in place up to 6.x: it gets a copy, for we still have to sync ours.
 */
static int zinc_mapping_give(struct zinc_mapping *zm)
{
	struct scatterlist *from, *to;
	unsigned int i;
	int err;

	if (!IS_ENABLED(CONFIG_DMABUF_DEBUG)) {
		zm->given = zm->table;
		return 0;
	}
	err = sg_alloc_table(&zm->given, zm->table.orig_nents, GFP_KERNEL);
	if (err)
		return err;
	to = zm->given.sgl;
	for_each_sgtable_sg(&zm->table, from, i) {
		sg_set_page(to, sg_page(from), from->length, from->offset);
		sg_dma_address(to) = sg_dma_address(from);
		sg_dma_len(to) = sg_dma_len(from);
		to = sg_next(to);
	}
	zm->given.nents = zm->table.nents;
	return 0;
}

/* What the device takes, and what the kernel copies for it if it has to. */
static unsigned int zinc_max_segment(struct device *dev)
{
	return min_t(size_t, dma_get_max_seg_size(dev),
		     dma_max_mapping_size(dev));
}

/* How many pages from @at on are neighbours in memory, up to @max. */
static unsigned long zinc_dmabuf_run(const struct zinc_dmabuf *zd,
				     unsigned long at, unsigned long max)
{
	struct page *first = zd->pages[at], *page = first;
	unsigned long n = 0;

	max = min(max, zinc_dmabuf_pages(zd) - at);
	do {
		struct folio *folio = page_folio(page);

		n += folio_nr_pages(folio) - folio_page_idx(folio, page);
		if (n >= max)
			return max;
		page = zd->pages[at + n];
	} while (page_to_pfn(page) == page_to_pfn(first) + n);
	return n;
}

/*
 * As sg_alloc_table_from_pages_segment(), but folio by folio: it looks at each
 * page twice, which takes as long as a fifth of what clears it.
 */
static int zinc_dmabuf_table(const struct zinc_dmabuf *zd,
			     struct sg_table *table, unsigned int max_segment)
{
	unsigned long max = max_segment >> PAGE_SHIFT;
	unsigned long count = zinc_dmabuf_pages(zd);
	unsigned long at, n;
	unsigned int entries = 0;
	struct scatterlist *sg;
	int err;

	if (!max)
		return -EINVAL;
	for (at = 0; at < count; at += zinc_dmabuf_run(zd, at, max))
		entries++;
	err = sg_alloc_table(table, entries, GFP_KERNEL);
	if (err)
		return err;
	for (at = 0, sg = table->sgl; at < count; at += n, sg = sg_next(sg)) {
		n = zinc_dmabuf_run(zd, at, max);
		sg_set_page(sg, zd->pages[at], n << PAGE_SHIFT, 0);
	}
	return 0;
}

static struct sg_table *zinc_dmabuf_map(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	struct zinc_dmabuf *zd = attach->dmabuf->priv;
	struct zinc_mapping *zm;
	int err;

	if (zinc_dmabuf_is_rdonly(attach->dmabuf) && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	zm = kzalloc(sizeof(*zm), GFP_KERNEL);
	if (!zm)
		return ERR_PTR(-ENOMEM);
	zm->dev = attach->dev;
	zm->dir = dir;
	err = zinc_dmabuf_table(zd, &zm->table, zinc_max_segment(zm->dev));
	if (err)
		goto err_mapping;
	/* others may map the same pages: say that we sync them ourselves */
	err = dma_map_sgtable(zm->dev, &zm->table, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (err)
		goto err_table;
	dma_sync_sgtable_for_device(zm->dev, &zm->table, dir);
	err = zinc_mapping_give(zm);
	if (err)
		goto err_mapped;

	mutex_lock(&zd->lock);
	list_add_tail(&zm->node, &zd->mappings);
	mutex_unlock(&zd->lock);
	trace_zinc_map(zd->id, zm->dev, dir, zm->table.nents);
	return &zm->given;

err_mapped:
	dma_unmap_sgtable(zm->dev, &zm->table, dir, DMA_ATTR_SKIP_CPU_SYNC);
err_table:
	sg_free_table(&zm->table);
err_mapping:
	kfree(zm);
	return ERR_PTR(err);
}

static void zinc_dmabuf_unmap(struct dma_buf_attachment *attach,
			      struct sg_table *table,
			      enum dma_data_direction dir)
{
	struct zinc_dmabuf *zd = attach->dmabuf->priv;
	struct zinc_mapping *zm;

	zm = container_of(table, struct zinc_mapping, given);
	trace_zinc_unmap(zd->id, zm->dev);
	mutex_lock(&zd->lock);
	list_del(&zm->node);
	mutex_unlock(&zd->lock);
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		sg_free_table(&zm->given);
	dma_sync_sgtable_for_cpu(zm->dev, &zm->table, zm->dir);
	dma_unmap_sgtable(zm->dev, &zm->table, zm->dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(&zm->table);
	kfree(zm);
}

/* The direction of each mapping says what its device may have done, or see. */
static int zinc_dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
					enum dma_data_direction dir)
{
	struct zinc_dmabuf *zd = dmabuf->priv;
	struct zinc_mapping *zm;

	mutex_lock(&zd->lock);
	list_for_each_entry(zm, &zd->mappings, node)
		dma_sync_sgtable_for_cpu(zm->dev, &zm->table, zm->dir);
	mutex_unlock(&zd->lock);
	return 0;
}

static int zinc_dmabuf_end_cpu_access(struct dma_buf *dmabuf,
				      enum dma_data_direction dir)
{
	struct zinc_dmabuf *zd = dmabuf->priv;
	struct zinc_mapping *zm;

	mutex_lock(&zd->lock);
	list_for_each_entry(zm, &zd->mappings, node)
		dma_sync_sgtable_for_device(zm->dev, &zm->table, zm->dir);
	mutex_unlock(&zd->lock);
	return 0;
}

static int zinc_dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct zinc_dmabuf *zd = dmabuf->priv;
	int err;

	err = zinc_mmap_check(vma);
	if (err)
		return err;
	/* the file that is mapped may be a driver's, which is writable */
	if (zinc_dmabuf_is_rdonly(dmabuf)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		zinc_vma_flags(vma, 0, VM_MAYWRITE);
	}
	return zinc_backing_mmap(zd->backing, vma, false);
}

static int zinc_dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct zinc_dmabuf *zd = dmabuf->priv;
	void *address;
	int err;

	mutex_lock(&zd->lock);
	err = zinc_dmabuf_pin(zd);
	if (err)
		goto unlock;
	address = vmap(zd->pages, zinc_dmabuf_pages(zd), VM_MAP, PAGE_KERNEL);
	if (address) {
		iosys_map_set_vaddr(map, address);
	} else {
		zinc_dmabuf_unpin(zd);
		err = -ENOMEM;
	}
unlock:
	mutex_unlock(&zd->lock);
	return err;
}

static void zinc_dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct zinc_dmabuf *zd = dmabuf->priv;

	vunmap(map->vaddr);
	mutex_lock(&zd->lock);
	zinc_dmabuf_unpin(zd);
	mutex_unlock(&zd->lock);
}

static void zinc_dmabuf_release(struct dma_buf *dmabuf)
{
	zinc_dmabuf_put(dmabuf->priv);
}

static const struct dma_buf_ops zinc_dmabuf_ops = {
	.attach = zinc_dmabuf_attach,
	.detach = zinc_dmabuf_detach,
	.map_dma_buf = zinc_dmabuf_map,
	.unmap_dma_buf = zinc_dmabuf_unmap,
	.release = zinc_dmabuf_release,
	.begin_cpu_access = zinc_dmabuf_begin_cpu_access,
	.end_cpu_access = zinc_dmabuf_end_cpu_access,
	.mmap = zinc_dmabuf_mmap,
	.vmap = zinc_dmabuf_vmap,
	.vunmap = zinc_dmabuf_vunmap,
};

/* The kernel's mappings are writable; of one that is refused it would warn. */
static const struct dma_buf_ops zinc_dmabuf_rdonly_ops = {
	.attach = zinc_dmabuf_attach,
	.detach = zinc_dmabuf_detach,
	.map_dma_buf = zinc_dmabuf_map,
	.unmap_dma_buf = zinc_dmabuf_unmap,
	.release = zinc_dmabuf_release,
	.begin_cpu_access = zinc_dmabuf_begin_cpu_access,
	.end_cpu_access = zinc_dmabuf_end_cpu_access,
	.mmap = zinc_dmabuf_mmap,
};

static struct zinc_dmabuf *zinc_dmabuf_alloc(const struct zinc_region *region)
{
	struct zinc_dmabuf *zd;

	zd = kzalloc(sizeof(*zd), GFP_KERNEL_ACCOUNT);
	if (!zd)
		return NULL;
	refcount_set(&zd->refs, 1);
	zd->id = region->id;
	zd->size = region->capacity;
	zd->backing = get_file(region->backing);
	dma_resv_init(&zd->resv);
	mutex_init(&zd->lock);
	INIT_LIST_HEAD(&zd->mappings);
	spin_lock_init(&zd->attach_lock);
	INIT_LIST_HEAD(&zd->attachments);
	return zd;
}

static struct dma_buf *zinc_dmabuf_new(struct zinc_dmabuf *zd, bool rdonly)
{
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct dma_buf *dmabuf;

	export.ops = rdonly ? &zinc_dmabuf_rdonly_ops : &zinc_dmabuf_ops;
	export.size = zd->size;
	export.flags = rdonly ? O_RDONLY : O_RDWR;
	export.resv = &zd->resv;
	export.priv = zd;
	dmabuf = dma_buf_export(&export);
	if (!IS_ERR(dmabuf))
		refcount_inc(&zd->refs);
	return dmabuf;
}

static struct dma_buf *zinc_dmabuf_get(struct zinc_region *region, bool rdonly)
{
	struct zinc_dmabuf *zd = region->dmabuf;
	struct dma_buf *dmabuf;

	if (!zd) {
		zd = zinc_dmabuf_alloc(region);
		if (!zd)
			return ERR_PTR(-ENOMEM);
		/* pairs with those who only look */
		smp_store_release(&region->dmabuf, zd);
	}
	dmabuf = zd->buffers[rdonly];
	if (!dmabuf) {
		dmabuf = zinc_dmabuf_new(zd, rdonly);
		if (IS_ERR(dmabuf))
			return dmabuf;
		zd->buffers[rdonly] = dmabuf;
	}
	get_dma_buf(dmabuf);
	return dmabuf;
}

/**
 * zinc_dmabuf_export() - the dma-buf of a region's data
 * @region: not an imported one
 * @rdonly: the one that nobody writes by
 *
 * Return: a dma-buf with a reference, the same for each call, or -ENOMEM,
 * -ENFILE.
 */
struct dma_buf *zinc_dmabuf_export(struct zinc_region *region, bool rdonly)
{
	struct dma_buf *dmabuf;

	mutex_lock(&region->dmabuf_lock);
	dmabuf = zinc_dmabuf_get(region, rdonly);
	mutex_unlock(&region->dmabuf_lock);
	if (!IS_ERR(dmabuf))
		trace_zinc_export(region, rdonly);
	return dmabuf;
}

/**
 * zinc_dmabuf_drop() - the region is going
 * @region: region
 */
void zinc_dmabuf_drop(struct zinc_region *region)
{
	struct zinc_dmabuf *zd = region->dmabuf;
	unsigned int i;

	if (!zd)
		return;
	for (i = 0; i < ARRAY_SIZE(zd->buffers); i++)
		if (zd->buffers[i])
			dma_buf_put(zd->buffers[i]);
	zinc_dmabuf_put(zd);
}

/* How many devices are attached. */
u32 zinc_dmabuf_attached(const struct zinc_region *region)
{
	/* pairs with its publication */
	struct zinc_dmabuf *zd = smp_load_acquire(&region->dmabuf);

	return zd ? READ_ONCE(zd->attached) : 0;
}

/**
 * zinc_dmabuf_show() - the names of the devices that are attached
 * @m: to show them in
 * @region: region
 * @before: what comes before each
 * @after: what comes after each
 */
void zinc_dmabuf_show(struct seq_file *m, const struct zinc_region *region,
		      const char *before, const char *after)
{
	/* pairs with its publication */
	struct zinc_dmabuf *zd = smp_load_acquire(&region->dmabuf);
	struct zinc_attachment *za;

	if (!zd)
		return;
	spin_lock(&zd->attach_lock);
	list_for_each_entry(za, &zd->attachments, node)
		seq_printf(m, "%s%s%s", before, dev_name(za->dev), after);
	spin_unlock(&zd->attach_lock);
}
