/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels from 6.1 to 7.3, for an importer. */
#ifndef IMPORTER_COMPAT_H
#define IMPORTER_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

/* 7.x: move_notify has another name */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define importer_moved_op	invalidate_mappings
#else
#define importer_moved_op	move_notify
#endif

/* 6.2: the caller takes the reservation lock, or has it taken */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define importer_dma_buf_vmap	dma_buf_vmap_unlocked
#define importer_dma_buf_vunmap	dma_buf_vunmap_unlocked
#else
#define importer_dma_buf_vmap	dma_buf_vmap
#define importer_dma_buf_vunmap	dma_buf_vunmap
#endif

/* 6.3: vm_flags are changed by functions */
static inline void importer_set_flags(struct vm_area_struct *vma,
				      unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/* 6.12: the option has another name */
#if defined(CONFIG_DMA_OPS) || defined(CONFIG_ARCH_HAS_DMA_OPS)
#define IMPORTER_HAS_OPS	1
#else
#define IMPORTER_HAS_OPS	0
#endif

#endif /* IMPORTER_COMPAT_H */
