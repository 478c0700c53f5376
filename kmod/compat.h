/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the kernels from 6.1 to 7.2, and only those.
 *
 * Told by what the headers define where that can be told, else by version.
 */
#ifndef _ZINC_COMPAT_H
#define _ZINC_COMPAT_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>
#include <linux/version.h>

/* 6.3: vm_flags are changed by functions, which take the VMA's lock */
static inline void zinc_vma_flags(struct vm_area_struct *vma,
				  unsigned long set, unsigned long clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* 7.0: the flags of shmem_file_setup() have a type of their own */
static inline struct file *zinc_shmem_file(struct vfsmount *mnt,
					   const char *name, loff_t size,
					   bool noreserve)
{
#ifdef EMPTY_VMA_FLAGS
	vma_flags_t flags = noreserve ? mk_vma_flags(VMA_NORESERVE_BIT) :
					EMPTY_VMA_FLAGS;
#else
	unsigned long flags = noreserve ? VM_NORESERVE : 0;
#endif

	return mnt ? shmem_file_setup_with_mnt(mnt, name, size, flags) :
		     shmem_file_setup(name, size, flags);
}

/*
 * 6.16: ->mmap_prepare() describes a mapping that is not there yet. Of shmem's
 * answer only the vm_ops matter, since vm_file and flags are ours.
 */
static inline int zinc_shmem_mmap(const struct file_operations *shmem,
				  struct file *file, struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	if (!shmem->mmap) {
		struct vm_area_desc desc = { .file = file };
		int err = shmem->mmap_prepare(&desc);

		if (!err)
			vma->vm_ops = desc.vm_ops;
		return err;
	}
#endif
	return shmem->mmap(file, vma);
}

#endif /* _ZINC_COMPAT_H */
