// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region's data as a dma-buf, for devices to import.
 *
 * References. The dma-buf holds the backing file, and through it the pages, but
 * not the region. The region holds the dma-bufs of all data, so that each export
 * returns the same one, but not those of a part. Therefore importers may outlive
 * the region, and its name and handles do not depend on importers.
 *
 * The pages are pinned while a device is attached or a kernel mapping exists;
 * otherwise they are ordinary shmem pages.
 *
 * Access by the CPU. A device may work on bounce buffers, or on memory that is
 * not coherent with the CPU's caches. The direction of an access tells whether
 * the CPU reads or writes, and that of a mapping whether the device does. Each
 * mapping is synced as follows:
 *
 *	mapping		begin READ	begin WRITE, RW	end READ  end WRITE, RW
 *	TO_DEVICE	-		for CPU		-	  for device
 *	FROM_DEVICE	for CPU		for CPU		for dev.  for dev. if READ
 *	BIDIRECTIONAL	for CPU		for CPU		for dev.  for device
 *
 * "For CPU" copies the device's writes to the page; with TO_DEVICE there are
 * none. The begin of a mere WRITE does so, too: the CPU may write a part of a
 * page, and the end gives the device the complete page. "For device" copies the
 * page to the device if the CPU wrote and the device reads. The end of a READ
 * uses FROM_DEVICE, which copies nothing, since the device may have written
 * again. An access by the read-only buffer counts as a READ, and a mere WRITE
 * by it is ignored.
 *
 * An access by the dma-buf of a part syncs the mappings that overlap the part,
 * each of them as a whole.
 *
 * Limits. All copies are of complete pages, and it is unknown which bytes are
 * new. If several devices have copies and two of them write the same page, the
 * copy of the device that mapped last remains. If one device writes a copy, and
 * another device or a process writes the page itself without begin and end, the
 * copy remains. CPU writes are lost when "for CPU" reads a copy that the device
 * only writes (FROM_DEVICE).
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"
#include "compat.h"
#include "trace.h"

/* MODULE_IMPORT_NS() takes a string from 6.13 on, and a token before */
MODULE_INFO(import_ns, "DMA_BUF");

/**
 * struct zinc_dmabuf - state shared by the dma-bufs of a region
 * @refs: one for the region and one for each dma-buf
 * @id: number of the region
 * @size: bytes of data
 * @backing: file of the pages
 * @buffers: writable and read-only dma-buf of all data; the references belong
 *	to the region
 * @resv: reservation object of all: the fences of the work on the memory
 * @pin_lock: protects @pins and @pages. Inside the lock of @resv. The first
 *	task to pin holds it while all pages are allocated and pinned, so that
 *	tasks take it killably. To unpin it is taken without that: @pins is not
 *	zero, so that no task holds it for long.
 * @pins: number of attachments and kernel mappings
 * @pages: all pages, while @pins is not zero
 * @lock: protects @mappings. Inside the lock of @resv. Held while caches or
 *	copies of mappings are synced, also when a mapping begins or ends:
 *	otherwise a concurrent access would miss the mapping.
 * @mappings: list of struct zinc_mapping
 * @attach_lock: protects @attachments and @attached; a leaf
 * @attachments: list of struct zinc_attachment
 * @attached: number of attachments
 */
struct zinc_dmabuf {
	refcount_t refs;
	u64 id;
	u64 size;
	struct file *backing;
	struct dma_buf *buffers[2];
	struct dma_resv resv;
	struct mutex pin_lock;	/* see above */
	unsigned int pins;
	struct page **pages;
	struct mutex lock;	/* see above */
	struct list_head mappings;
	spinlock_t attach_lock;	/* see above */
	struct list_head attachments;
	u32 attached;
};

/**
 * struct zinc_part - private data of a dma-buf
 * @zd: state shared with the other dma-bufs of the region, with a reference
 * @first: its first page in the data
 * @count: its pages
 */
struct zinc_part {
	struct zinc_dmabuf *zd;
	unsigned long first;
	unsigned long count;
};

/* An attached device. */
struct zinc_attachment {
	struct list_head node;
	struct device *dev;
};

/*
 * A device's mapping of @count pages from @first on. The driver uses @exported,
 * and this file @table.
 */
struct zinc_mapping {
	struct list_head node;
	struct sg_table table;
	struct sg_table exported;
	struct device *dev;
	enum dma_data_direction dir;
	unsigned long first;
	unsigned long count;
};

static struct zinc_dmabuf *zinc_dmabuf_of(const struct dma_buf *dmabuf)
{
	const struct zinc_part *part = dmabuf->priv;

	return part->zd;
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
	mutex_destroy(&zd->pin_lock);
	mutex_destroy(&zd->lock);
	kfree(zd);
}

static int zinc_dmabuf_pin(struct zinc_dmabuf *zd)
{
	struct page **pages;
	int err = 0;

	if (mutex_lock_killable(&zd->pin_lock))
		return -EINTR;
	if (!zd->pins) {
		pages = zinc_backing_pin(zd->backing);
		err = PTR_ERR_OR_ZERO(pages);
		if (err)
			goto unlock;
		zd->pages = pages;
	}
	zd->pins++;
unlock:
	mutex_unlock(&zd->pin_lock);
	return err;
}

static void zinc_dmabuf_unpin(struct zinc_dmabuf *zd)
{
	mutex_lock(&zd->pin_lock);
	if (!--zd->pins) {
		zinc_backing_unpin(zd->backing, zd->pages);
		zd->pages = NULL;
	}
	mutex_unlock(&zd->pin_lock);
}

static int zinc_dmabuf_attach(struct dma_buf *dmabuf,
			      struct dma_buf_attachment *attach)
{
	struct zinc_dmabuf *zd = zinc_dmabuf_of(dmabuf);
	struct zinc_attachment *za;
	int err;

	za = kzalloc(sizeof(*za), GFP_KERNEL);
	if (!za)
		return -ENOMEM;
	err = zinc_dmabuf_pin(zd);
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
	struct zinc_dmabuf *zd = zinc_dmabuf_of(dmabuf);
	struct zinc_attachment *za = attach->priv;

	trace_zinc_detach(zd->id, za->dev);
	spin_lock(&zd->attach_lock);
	list_del(&za->node);
	WRITE_ONCE(zd->attached, zd->attached - 1);
	spin_unlock(&zd->attach_lock);
	kfree(za);
	zinc_dmabuf_unpin(zd);
}

/*
 * With CONFIG_DMABUF_DEBUG the kernel makes the pages of the importer's table
 * unusable, in 6.x in place. Therefore the importer gets a copy, and @table can
 * still be synced.
 */
static int zinc_mapping_export_table(struct zinc_mapping *zm)
{
	struct scatterlist *from, *to;
	unsigned int i;
	int err;

	if (!IS_ENABLED(CONFIG_DMABUF_DEBUG)) {
		zm->exported = zm->table;
		return 0;
	}
	err = sg_alloc_table(&zm->exported, zm->table.orig_nents, GFP_KERNEL);
	if (err)
		return err;
	to = zm->exported.sgl;
	for_each_sgtable_sg(&zm->table, from, i) {
		sg_set_page(to, sg_page(from), from->length, from->offset);
		sg_dma_address(to) = sg_dma_address(from);
		sg_dma_len(to) = sg_dma_len(from);
		to = sg_next(to);
	}
	zm->exported.nents = zm->table.nents;
	return 0;
}

static void zinc_mapping_free_exported(struct zinc_mapping *zm)
{
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		sg_free_table(&zm->exported);
}

/* The largest segment that the device and bounce buffers allow. */
static unsigned int zinc_max_segment(struct device *dev)
{
	return min_t(size_t, dma_get_max_seg_size(dev),
		     dma_max_mapping_size(dev));
}

/* Count the adjacent ones of the first @max pages. */
static unsigned long zinc_pages_run(struct page *const *pages,
				    unsigned long max)
{
	struct page *first = *pages, *page = first;
	unsigned long n = 0;

	do {
		struct folio *folio = page_folio(page);

		n += folio_nr_pages(folio) - folio_page_idx(folio, page);
		if (n >= max)
			return max;
		page = pages[n];
	} while (page_to_pfn(page) == page_to_pfn(first) + n);
	return n;
}

/*
 * As sg_alloc_table_from_pages_segment(), but folio by folio. That function
 * looks at each page twice, which takes a fifth of the time to clear the page.
 */
static int zinc_dmabuf_table(const struct zinc_part *part,
			     struct sg_table *table, unsigned int max_segment)
{
	struct page *const *pages = part->zd->pages + part->first;
	unsigned long max = max_segment >> PAGE_SHIFT;
	unsigned long count = part->count;
	unsigned long at, n;
	unsigned int entries = 0;
	struct scatterlist *sg;
	int err;

	if (!max)
		return -EINVAL;
	for (at = 0; at < count;
	     at += zinc_pages_run(pages + at, min(max, count - at)))
		entries++;
	err = sg_alloc_table(table, entries, GFP_KERNEL);
	if (err)
		return err;
	for (at = 0, sg = table->sgl; at < count; at += n, sg = sg_next(sg)) {
		n = zinc_pages_run(pages + at, min(max, count - at));
		sg_set_page(sg, pages[at], n << PAGE_SHIFT, 0);
	}
	return 0;
}

static struct sg_table *zinc_dmabuf_map(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	const struct zinc_part *part = attach->dmabuf->priv;
	struct zinc_dmabuf *zd = part->zd;
	struct zinc_mapping *zm;
	int err;

	if (zinc_dmabuf_is_rdonly(attach->dmabuf) && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	zm = kzalloc(sizeof(*zm), GFP_KERNEL);
	if (!zm)
		return ERR_PTR(-ENOMEM);
	zm->dev = attach->dev;
	zm->dir = dir;
	zm->first = part->first;
	zm->count = part->count;
	err = zinc_dmabuf_table(part, &zm->table, zinc_max_segment(zm->dev));
	if (err)
		goto err_mapping;
	/* others may map the same pages: sync only below, under zd->lock */
	err = dma_map_sgtable(zm->dev, &zm->table, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (err)
		goto err_table;
	err = zinc_mapping_export_table(zm);
	if (err)
		goto err_mapped;

	/* concurrent CPU writes are synced here, or by their END */
	err = mutex_lock_killable(&zd->lock);
	if (err)
		goto err_exported;
	dma_sync_sgtable_for_device(zm->dev, &zm->table, dir);
	list_add_tail(&zm->node, &zd->mappings);
	mutex_unlock(&zd->lock);
	trace_zinc_map(zd->id, zm->dev, dir, zm->table.nents);
	return &zm->exported;

err_exported:
	zinc_mapping_free_exported(zm);
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
	struct zinc_dmabuf *zd = zinc_dmabuf_of(attach->dmabuf);
	struct zinc_mapping *zm;

	zm = container_of(table, struct zinc_mapping, exported);
	trace_zinc_unmap(zd->id, zm->dev);
	zinc_mapping_free_exported(zm);
	/* otherwise the sync could overwrite a CPU write after a START */
	mutex_lock(&zd->lock);
	dma_sync_sgtable_for_cpu(zm->dev, &zm->table, zm->dir);
	list_del(&zm->node);
	mutex_unlock(&zd->lock);
	dma_unmap_sgtable(zm->dev, &zm->table, zm->dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(&zm->table);
	kfree(zm);
}

/* The direction that both have in common, or DMA_NONE. */
static enum dma_data_direction zinc_common_dir(enum dma_data_direction a,
					       enum dma_data_direction b)
{
	if (a == DMA_BIDIRECTIONAL || a == b)
		return b;
	return b == DMA_BIDIRECTIONAL ? a : DMA_NONE;
}

/* This and zinc_mapping_end() implement the table at the head of this file. */
static void zinc_mapping_begin(struct zinc_mapping *zm,
			       enum dma_data_direction dir)
{
	if (zm->dir == DMA_TO_DEVICE)
		dir = zinc_common_dir(zm->dir, dir);
	else
		dir = zm->dir;
	if (dir != DMA_NONE)
		dma_sync_sgtable_for_cpu(zm->dev, &zm->table, dir);
}

static void zinc_mapping_end(struct zinc_mapping *zm,
			     enum dma_data_direction dir)
{
	dir = zinc_common_dir(zm->dir, dir);
	/* as it was mapped, except that the end of a READ copies nothing */
	if (dir == DMA_TO_DEVICE)
		dir = zm->dir;
	if (dir != DMA_NONE)
		dma_sync_sgtable_for_device(zm->dev, &zm->table, dir);
}

/* The direction of an access, without writes by the read-only buffer. */
static enum dma_data_direction zinc_access_dir(const struct dma_buf *dmabuf,
					       enum dma_data_direction dir)
{
	return zinc_dmabuf_is_rdonly(dmabuf) ?
	       zinc_common_dir(DMA_FROM_DEVICE, dir) : dir;
}

static bool zinc_part_overlaps(const struct zinc_part *part,
			       const struct zinc_mapping *zm)
{
	return part->first < zm->first + zm->count &&
	       zm->first < part->first + part->count;
}

static int zinc_dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
					enum dma_data_direction dir)
{
	struct zinc_dmabuf *zd = zinc_dmabuf_of(dmabuf);
	struct zinc_mapping *zm;

	dir = zinc_access_dir(dmabuf, dir);
	if (dir == DMA_NONE)
		return 0;
	if (mutex_lock_killable(&zd->lock))
		return -EINTR;
	list_for_each_entry(zm, &zd->mappings, node)
		if (zinc_part_overlaps(dmabuf->priv, zm))
			zinc_mapping_begin(zm, dir);
	mutex_unlock(&zd->lock);
	return 0;
}

static int zinc_dmabuf_end_cpu_access(struct dma_buf *dmabuf,
				      enum dma_data_direction dir)
{
	struct zinc_dmabuf *zd = zinc_dmabuf_of(dmabuf);
	struct zinc_mapping *zm;

	dir = zinc_access_dir(dmabuf, dir);
	if (dir == DMA_NONE)
		return 0;
	if (mutex_lock_killable(&zd->lock))
		return -EINTR;
	list_for_each_entry(zm, &zd->mappings, node)
		if (zinc_part_overlaps(dmabuf->priv, zm))
			zinc_mapping_end(zm, dir);
	mutex_unlock(&zd->lock);
	return 0;
}

static int zinc_dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	const struct zinc_part *part = dmabuf->priv;
	int err;

	err = zinc_mmap_check(vma);
	if (err)
		return err;
	/* a driver's own file may be mapped, which is writable */
	if (zinc_dmabuf_is_rdonly(dmabuf)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_mod(vma, 0, VM_MAYWRITE);
	}
	/* mremap() would reach the data after the part */
	if (part->first + part->count < part->zd->size >> PAGE_SHIFT)
		vm_flags_mod(vma, VM_DONTEXPAND, 0);
	vma->vm_pgoff += part->first;
	return zinc_backing_mmap(part->zd->backing, vma, false);
}

static int zinc_dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	const struct zinc_part *part = dmabuf->priv;
	struct zinc_dmabuf *zd = part->zd;
	void *address;
	int err;

	err = zinc_dmabuf_pin(zd);
	if (err)
		return err;
	address = vmap(zd->pages + part->first, part->count, VM_MAP,
		       PAGE_KERNEL);
	if (!address) {
		zinc_dmabuf_unpin(zd);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(map, address);
	return 0;
}

static void zinc_dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
	zinc_dmabuf_unpin(zinc_dmabuf_of(dmabuf));
}

static void zinc_part_free(struct zinc_part *part)
{
	zinc_dmabuf_put(part->zd);
	kfree(part);
}

static void zinc_dmabuf_release(struct dma_buf *dmabuf)
{
	zinc_part_free(dmabuf->priv);
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

/* No vmap: kernel mappings are writable, and the kernel warns if vmap fails. */
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
	mutex_init(&zd->pin_lock);
	mutex_init(&zd->lock);
	INIT_LIST_HEAD(&zd->mappings);
	spin_lock_init(&zd->attach_lock);
	INIT_LIST_HEAD(&zd->attachments);
	return zd;
}

static struct dma_buf *zinc_dmabuf_new(struct zinc_dmabuf *zd, bool rdonly,
				       u64 offset, u64 length)
{
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct dma_buf *dmabuf;
	struct zinc_part *part;

	part = kzalloc(sizeof(*part), GFP_KERNEL_ACCOUNT);
	if (!part)
		return ERR_PTR(-ENOMEM);
	refcount_inc(&zd->refs);
	part->zd = zd;
	part->first = offset >> PAGE_SHIFT;
	part->count = length >> PAGE_SHIFT;
	export.ops = rdonly ? &zinc_dmabuf_rdonly_ops : &zinc_dmabuf_ops;
	export.size = length;
	export.flags = rdonly ? O_RDONLY : O_RDWR;
	export.resv = &zd->resv;
	export.priv = part;
	dmabuf = dma_buf_export(&export);
	if (IS_ERR(dmabuf))
		zinc_part_free(part);
	return dmabuf;
}

static struct zinc_dmabuf *zinc_dmabuf_get_shared(struct zinc_region *region)
{
	struct zinc_dmabuf *zd = region->dmabuf;

	lockdep_assert_held(&region->dmabuf_lock);
	if (zd)
		return zd;
	zd = zinc_dmabuf_alloc(region);
	if (!zd)
		return ERR_PTR(-ENOMEM);
	/* pairs with lockless readers */
	smp_store_release(&region->dmabuf, zd);
	return zd;
}

static struct dma_buf *zinc_dmabuf_get(struct zinc_region *region, bool rdonly)
{
	struct zinc_dmabuf *zd = zinc_dmabuf_get_shared(region);
	struct dma_buf *dmabuf;

	if (IS_ERR(zd))
		return ERR_CAST(zd);
	dmabuf = zd->buffers[rdonly];
	if (!dmabuf) {
		dmabuf = zinc_dmabuf_new(zd, rdonly, 0, zd->size);
		if (IS_ERR(dmabuf))
			return dmabuf;
		zd->buffers[rdonly] = dmabuf;
	}
	get_dma_buf(dmabuf);
	return dmabuf;
}

/**
 * zinc_dmabuf_export() - get the dma-buf of a region's data
 * @region: region that is not imported
 * @rdonly: get the read-only dma-buf
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
 * zinc_dmabuf_export_part() - create a dma-buf of a part of a region's data
 * @region: region that is not imported
 * @rdonly: create a read-only dma-buf
 * @offset: page-aligned, within the data
 * @length: bytes, page-aligned, not 0, up to the end of the data at most
 *
 * Return: a new dma-buf, or -ENOMEM, -ENFILE.
 */
struct dma_buf *zinc_dmabuf_export_part(struct zinc_region *region, bool rdonly,
					u64 offset, u64 length)
{
	struct dma_buf *dmabuf;
	struct zinc_dmabuf *zd;

	mutex_lock(&region->dmabuf_lock);
	zd = zinc_dmabuf_get_shared(region);
	mutex_unlock(&region->dmabuf_lock);
	if (IS_ERR(zd))
		return ERR_CAST(zd);
	dmabuf = zinc_dmabuf_new(zd, rdonly, offset, length);
	if (!IS_ERR(dmabuf))
		trace_zinc_export(region, rdonly);
	return dmabuf;
}

/**
 * zinc_dmabuf_drop() - put the dma-bufs of a region
 * @region: region that ends
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

/* Count the attached devices. */
u32 zinc_dmabuf_attached(const struct zinc_region *region)
{
	/* pairs with its publication */
	struct zinc_dmabuf *zd = smp_load_acquire(&region->dmabuf);

	return zd ? READ_ONCE(zd->attached) : 0;
}

/**
 * zinc_dmabuf_show() - print the names of the attached devices
 * @m: output
 * @region: region
 * @before: printed before each
 * @after: printed after each
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
