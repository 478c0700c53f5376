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
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/version.h>

/* the header of folio batches has had two names; from 6.12 on this one has it */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/writeback.h>
#else
#include <linux/pagevec.h>
#endif

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

/* 6.13: the name space of symbols is a string */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define ZINC_IMPORT_NS(ns)	MODULE_IMPORT_NS(#ns)
#else
#define ZINC_IMPORT_NS(ns)	MODULE_IMPORT_NS(ns)
#endif

/*
 * 6.11: pages that are pinned for long are moved out of zones where they would
 * be in the way. Before, they are not made there to begin with.
 */
#define ZINC_PIN_MOVES	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0))

static inline void zinc_shmem_set_gfp(struct file *file)
{
#if !ZINC_PIN_MOVES
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
#endif
}

/**
 * zinc_shmem_write_begin() - the folio of a file that is about to be written
 * @mapping: of shmem
 * @pos: of the first byte, in bytes
 * @len: how many bytes are to be written, a hint for the folio's size
 *
 * 6.12 says folio where it was page, 6.17 has a kiocb where it was file; shmem
 * looks at neither of the latter.
 *
 * Return: it, locked and with a reference, and not up to date if it is new; or
 * a negative errno.
 */
static inline struct folio *
zinc_shmem_write_begin(struct address_space *mapping, loff_t pos,
		       unsigned int len)
{
	void *fsdata;
	int err;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct folio *folio;

	err = mapping->a_ops->write_begin(NULL, mapping, pos, len, &folio,
					  &fsdata);
	return err ? ERR_PTR(err) : folio;
#else
	struct page *page;

	err = mapping->a_ops->write_begin(NULL, mapping, pos, len, &page,
					  &fsdata);
	return err ? ERR_PTR(err) : page_folio(page);
#endif
}

/**
 * zinc_pin_folios() - pin some of a file's pages
 * @file: of shmem
 * @index: of the first page
 * @count: of the pages wanted
 * @folios: out, those that hold the first of them, each pinned once
 * @max: entries of @folios
 * @offset: out, where the first page begins in its folio, in bytes
 *
 * Return: how many folios, at least one, or a negative errno.
 */
static inline long zinc_pin_folios(struct file *file, pgoff_t index,
				   pgoff_t count, struct folio **folios,
				   unsigned int max, pgoff_t *offset)
{
#if ZINC_PIN_MOVES
	return memfd_pin_folios(file, (loff_t)index << PAGE_SHIFT,
				((loff_t)(index + count) << PAGE_SHIFT) - 1,
				folios, max, offset);
#else
	struct page *page = shmem_read_mapping_page(file->f_mapping, index);

	if (IS_ERR(page))
		return PTR_ERR(page);
	folios[0] = page_folio(page);
	*offset = folio_page_idx(folios[0], page) << PAGE_SHIFT;
	if (is_longterm_pinnable_page(page))
		return 1;
	/* move_pages() of a process has put it there */
	folio_put(folios[0]);
	return -EBUSY;
#endif
}

static inline void zinc_unpin_folio(struct folio *folio)
{
#if ZINC_PIN_MOVES
	unpin_folio(folio);
#else
	folio_put(folio);
#endif
}

#endif /* _ZINC_COMPAT_H */
