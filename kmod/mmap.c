// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a region's control page and data.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#include "internal.h"
#include "compat.h"

#define ZINC_CONTROL_PGOFF	((unsigned long)(ZINC_MMAP_CONTROL >> PAGE_SHIFT))

/* Map the control page, alone or followed by all data. */
static int zinc_mmap_control(struct zinc_region *region,
			     struct vm_area_struct *vma)
{
	u64 pages = region->capacity >> PAGE_SHIFT;

	if (vma_pages(vma) == 1 + pages) {
		if (!zinc_region_has_inline_control(region))
			return -EOPNOTSUPP;
	} else if (vma_pages(vma) != 1) {
		return -EINVAL;
	}
	return zinc_backing_mmap(region->control, vma, true);
}

static int zinc_mmap_data(struct zinc_region *region,
			  struct vm_area_struct *vma)
{
	u64 pages = region->capacity >> PAGE_SHIFT;

	if (vma->vm_pgoff >= pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	if (region->import) {
		/* an exporter need not check a fault's offset; shmem does */
		vm_flags_mod(vma, VM_DONTEXPAND, 0);
		return zinc_import_mmap(region, vma);
	}
	return zinc_backing_mmap(region->backing, vma, false);
}

/**
 * zinc_region_mmap() - ->mmap of a handle
 * @file: its file
 * @vma: mapping
 *
 * Return: 0 or a negative errno.
 */
int zinc_region_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zinc_handle *handle = file->private_data;
	int err;

	err = zinc_mmap_check(vma);
	if (err)
		return err;
	if (vma->vm_pgoff == ZINC_CONTROL_PGOFF)
		return zinc_mmap_control(handle->region, vma);
	return zinc_mmap_data(handle->region, vma);
}
