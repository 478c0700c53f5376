// SPDX-License-Identifier: GPL-2.0-only
/*
 * A foreign dma-buf as a region's memory.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "zinc.h"
#include "compat.h"

/**
 * zinc_import_get() - a dma-buf that can be a region
 * @fd: descriptor
 *
 * Return: a dma-buf with a reference, or -EBADF, or -EINVAL: no dma-buf, or of
 * a size that no region has.
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
 * zinc_import_flags() - what INFO says of a region with such memory
 * @dmabuf: dma-buf
 */
u32 zinc_import_flags(const struct dma_buf *dmabuf)
{
	if (dmabuf->file->f_mode & FMODE_WRITE)
		return ZINC_INFO_IMPORTED;
	return ZINC_INFO_IMPORTED | ZINC_INFO_DATA_RDONLY;
}

/**
 * zinc_import_export() - hand the original out again
 * @region: imported
 * @rdonly: the caller wants one that nobody writes by
 *
 * Return: a dma-buf with a reference, or -EOPNOTSUPP: it is the exporter's,
 * and can not be made read-only here.
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
 * zinc_import_mmap() - map the data, by the exporter
 * @region: imported
 * @vma: of the region's file, within the size, checked
 *
 * Return: 0, -ENODEV: the exporter does not map, -EACCES, or what the exporter
 * says.
 */
int zinc_import_mmap(struct zinc_region *region, struct vm_area_struct *vma)
{
	struct dma_buf *dmabuf = region->import;

	if (!dmabuf->ops->mmap)
		return -ENODEV;
	if (!(dmabuf->file->f_mode & FMODE_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		zinc_vma_flags(vma, 0, VM_MAYWRITE);
	}
	return dma_buf_mmap(dmabuf, vma, vma->vm_pgoff);
}
