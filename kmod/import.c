// SPDX-License-Identifier: GPL-2.0-only
/*
 * A foreign dma-buf as a region's memory.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "internal.h"
#include "compat.h"

/**
 * zinc_import_get() - get a dma-buf that can be a region
 * @fd: descriptor
 *
 * Return: a dma-buf with a reference, or -EBADF, or -EINVAL: not a dma-buf, or
 * of a size that a region cannot have.
 */
struct dma_buf *zinc_import_get(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf))
		return dmabuf;
	if (dmabuf->size && PAGE_ALIGNED(dmabuf->size) &&
	    dmabuf->size <= ZINC_CAPACITY_MAX)
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

/**
 * zinc_import_flags() - get the INFO flags for a dma-buf
 * @dmabuf: dma-buf
 *
 * Return: ZINC_INFO_*.
 */
u32 zinc_import_flags(const struct dma_buf *dmabuf)
{
	if (dmabuf->file->f_mode & FMODE_WRITE)
		return ZINC_INFO_IMPORTED;
	return ZINC_INFO_IMPORTED | ZINC_INFO_DATA_RDONLY;
}

/**
 * zinc_import_export() - get the original dma-buf
 * @region: imported region
 * @rdonly: get a read-only dma-buf
 *
 * Return: a dma-buf with a reference, or -EOPNOTSUPP: @rdonly, but the original
 * is writable, and only its exporter could make a read-only one.
 */
struct dma_buf *zinc_import_export(struct zinc_region *region, bool rdonly)
{
	struct dma_buf *dmabuf = region->import;

	if (rdonly && dmabuf->file->f_mode & FMODE_WRITE)
		return ERR_PTR(-EOPNOTSUPP);
	get_dma_buf(dmabuf);
	return dmabuf;
}

/**
 * struct zinc_sealed - an exporter's VMA operations without those that write
 * @ops: the exporter's operations, with our own open, close and access
 * @open: the exporter's open, or NULL
 * @close: the exporter's close, or NULL
 * @access: the exporter's access, or NULL
 * @file: has a reference for each mapping; its release frees this struct
 *
 * The mapping's vm_file has to be the exporter's, so that it does not hold this
 * module: @file does. The last fput() in zinc_sealed_close() calls the release
 * from task work or a work item, after zinc_sealed_close() has returned.
 */
struct zinc_sealed {
	struct vm_operations_struct ops;
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	int (*access)(struct vm_area_struct *vma, unsigned long address,
		      void *buffer, int length, int write);
	struct file *file;
};

static struct zinc_sealed *zinc_sealed_of(struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct zinc_sealed, ops);
}

static void zinc_sealed_open(struct vm_area_struct *vma)
{
	struct zinc_sealed *zs = zinc_sealed_of(vma);

	get_file(zs->file);
	if (zs->open)
		zs->open(vma);
}

static void zinc_sealed_close(struct vm_area_struct *vma)
{
	struct zinc_sealed *zs = zinc_sealed_of(vma);

	if (zs->close)
		zs->close(vma);
	fput(zs->file);
}

/*
 * A debugger's access to memory without struct page. The kernel does not check
 * whether the mapping is writable.
 */
static int zinc_sealed_access(struct vm_area_struct *vma, unsigned long address,
			      void *buffer, int length, int write)
{
	if (write)
		return -EACCES;
	return zinc_sealed_of(vma)->access(vma, address, buffer, length, 0);
}

static int zinc_sealed_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations zinc_sealed_fops = {
	.owner = THIS_MODULE,
	.release = zinc_sealed_release,
	.llseek = noop_llseek,
};

/* Only ->access is also called for mappings that cannot be written. */
static bool zinc_ops_may_write(const struct vm_operations_struct *ops)
{
	return ops && (ops->access || ops->page_mkwrite || ops->pfn_mkwrite ||
		       ops->mprotect);
}

static int zinc_import_seal_ops(struct vm_area_struct *vma)
{
	struct zinc_sealed *zs;
	struct file *file;

	zs = kzalloc(sizeof(*zs), GFP_KERNEL_ACCOUNT);
	if (!zs)
		return -ENOMEM;
	file = anon_inode_getfile("[zinc-sealed]", &zinc_sealed_fops, zs,
				  O_RDONLY);
	if (IS_ERR(file)) {
		kfree(zs);
		return PTR_ERR(file);
	}
	zs->file = file;
	zs->ops = *vma->vm_ops;
	zs->open = zs->ops.open;
	zs->close = zs->ops.close;
	zs->access = zs->ops.access;
	zs->ops.open = zinc_sealed_open;
	zs->ops.close = zinc_sealed_close;
	if (zs->access)
		zs->ops.access = zinc_sealed_access;
	zs->ops.page_mkwrite = NULL;
	zs->ops.pfn_mkwrite = NULL;
	zs->ops.mprotect = NULL;
	vma->vm_ops = &zs->ops;
	return 0;
}

/* Check a mapping that must stay read-only. The exporter has set it up. */
static int zinc_import_seal(struct vm_area_struct *vma)
{
	pte_t pte = pfn_pte(0, vma->vm_page_prot);

	if (vma->vm_flags & (VM_WRITE | VM_MAYWRITE) || pte_write(pte))
		return -EACCES;
	if (zinc_ops_may_write(vma->vm_ops))
		return zinc_import_seal_ops(vma);
	return 0;
}

/**
 * zinc_import_mmap() - map the data by the exporter
 * @region: imported region
 * @vma: mapping of the region's file, within the size, checked
 *
 * If the handle or the dma-buf is read-only, the mapping cannot be written,
 * regardless of the exporter's operations for it.
 *
 * Return: 0; -ENODEV: the exporter does not map; -EACCES: a write mapping of a
 * read-only dma-buf, or the exporter made a read-only mapping writable;
 * -ENOMEM, -ENFILE; or the exporter's error.
 */
int zinc_import_mmap(struct zinc_region *region, struct vm_area_struct *vma)
{
	struct dma_buf *dmabuf = region->import;
	bool rdonly;
	int err;

	if (!dmabuf->ops->mmap)
		return -ENODEV;
	if (!(dmabuf->file->f_mode & FMODE_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_mod(vma, 0, VM_MAYWRITE);
	}
	rdonly = !(vma->vm_flags & VM_MAYWRITE);
	err = dma_buf_mmap(dmabuf, vma, vma->vm_pgoff);
	if (err || !rdonly)
		return err;
	err = zinc_import_seal(vma);
	/* after this error the kernel unmaps the pages without ->close */
	if (err && vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	return err;
}
