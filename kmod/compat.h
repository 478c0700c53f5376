/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differences between the kernels from 6.1 to 7.3 that need other code, and
 * the architectures on which the module does not work.
 *
 * The rest of the module is written for the newest kernel. Each block names the
 * release that made it necessary. The block can be deleted once that is the
 * oldest release supported. The blocks are in the order of these releases.
 *
 * Distributions backport, so that their version numbers are not reliable.
 * Kbuild compiles a snippet for each ZINC_HAS_* below, and defines ZINC_PROBED
 * if it can. Otherwise the version decides.
 */
#ifndef _ZINC_COMPAT_H
#define _ZINC_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "zinc needs Linux 6.1 or later"
#endif

#ifndef ZINC_PROBED
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define ZINC_HAS_VM_FLAGS_MOD
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define ZINC_HAS_ANON_INODE_CREATE
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define ZINC_HAS_MEMFD_PIN_FOLIOS
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define ZINC_HAS_WRITE_BEGIN_FOLIO
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define ZINC_HAS_MMAP_PREPARE
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define ZINC_HAS_VMA_FLAGS_TYPE
#endif
#endif /* !ZINC_PROBED */

/*
 * User space and the kernel change the same words by atomic instructions. On
 * these architectures the kernel has none, and takes a spinlock that user space
 * does not.
 */
#if defined(CONFIG_PARISC) || defined(CONFIG_SPARC32) || \
	(defined(CONFIG_ARC) && !defined(CONFIG_ARC_HAS_LLSC))
#error "zinc cannot work here: this kernel's atomics do not exclude user space"
#endif

/*
 * The kernel and each process have the pages at different addresses. On these
 * architectures the data cache may hold a copy for each address.
 * zinc_check_caches() refuses the others that do.
 */
#define ZINC_NO_ALIASES	"zinc cannot work here: the data cache may have aliases"

#if defined(CONFIG_SPARC) || defined(CONFIG_SUPERH) || defined(CONFIG_NIOS2) || \
	defined(CONFIG_CSKY) || defined(CONFIG_XTENSA) || \
	defined(CONFIG_M68K) || defined(CONFIG_ARC_CACHE_VIPT_ALIASING) || \
	(defined(CONFIG_ARM) && \
	 (defined(CONFIG_CPU_CACHE_VIVT) || defined(CONFIG_CPU_V6) || \
	  defined(CONFIG_CPU_V6K))) || \
	(defined(CONFIG_MIPS) && \
	 !(defined(CONFIG_CPU_LOONGSON64) && defined(CONFIG_PAGE_SIZE_16KB)))
#error "zinc cannot work here: the data cache may have aliases"
#endif

#include <linux/anon_inodes.h>
#include <linux/build_bug.h>
#include <linux/cacheinfo.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

/* 7.0: the header of folio batches has a new name */
#ifdef ZINC_HAS_FOLIO_BATCH_H
#include <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif

/* ---- 6.3: vm_flags are changed by functions, which lock the VMA ---------- */

#ifndef ZINC_HAS_VM_FLAGS_MOD
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* ---- 6.8: modules can make anonymous files with inodes of their own ------ */

/*
 * Security modules may refuse the creation and use of such an inode. Before,
 * the file shares the inode of all anonymous files, which they do not check:
 * the only exported function that makes an inode also installs a descriptor.
 */
#ifndef ZINC_HAS_ANON_INODE_CREATE
static inline struct file *
anon_inode_create_getfile(const char *name, const struct file_operations *fops,
			  void *private, int flags, const struct inode *context)
{
	return anon_inode_getfile(name, fops, private, flags);
}
#endif

/* ---- 6.9: the kernel says whether the data cache has aliases ------------- */

/* Refuse the build unless the compiler can exclude aliases. */
static __always_inline void zinc_check_caches(void)
{
#ifdef cpu_dcache_is_aliasing
	BUILD_BUG_ON_MSG(cpu_dcache_is_aliasing(), ZINC_NO_ALIASES);
#endif
}

/* ---- 6.11: pages to be pinned for long are migrated first ---------------- */

/*
 * From 6.11 on zinc_pin_folios() migrates pages out of ZONE_MOVABLE and CMA.
 * Before, they are not allocated there.
 */
static inline void zinc_shmem_set_gfp(struct file *file)
{
#ifndef ZINC_HAS_MEMFD_PIN_FOLIOS
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
#endif
}

#ifdef ZINC_HAS_MEMFD_PIN_FOLIOS
/*
 * Whether one of the first folios, a batch at most, has references beyond those
 * of the page cache, of page tables and of this function.
 */
static inline bool zinc_folios_are_held(struct address_space *mapping,
					pgoff_t index, pgoff_t count)
{
	pgoff_t last = index + count - 1;
	struct folio_batch batch;
	bool held = false;
	unsigned int i;

	folio_batch_init(&batch);
	filemap_get_folios(mapping, &index, last, &batch);
	for (i = 0; i < folio_batch_count(&batch) && !held; i++) {
		struct folio *folio = batch.folios[i];

		held = folio_ref_count(folio) > folio_nr_pages(folio) +
						folio_mapcount(folio) + 1;
	}
	folio_batch_release(&batch);
	return held;
}
#else
/*
 * As folio_is_longterm_pinnable(), before 6.5 is_longterm_pinnable_page(), for
 * a page of shmem; but this is always false for an isolated page. In kernels
 * with CMA both get the type of the page's block by a function that is not
 * exported. Modules can read the bitmap that this function reads, and its
 * format is the same in all kernels up to 6.10.
 */
static inline bool zinc_page_is_pinnable(const struct page *page)
{
#if defined(CONFIG_MEMORY_ISOLATION) && !defined(CONFIG_HUGETLB_PAGE_SIZE_VARIABLE)
	unsigned long pfn = page_to_pfn(page), bit, type;
	const unsigned long *map;

#ifdef CONFIG_SPARSEMEM
	map = section_to_usemap(__pfn_to_section(pfn));
	pfn &= PAGES_PER_SECTION - 1;
#else
	map = page_zone(page)->pageblock_flags;
	pfn -= pageblock_start_pfn(page_zone(page)->zone_start_pfn);
#endif
	bit = (pfn >> pageblock_order) * NR_PAGEBLOCK_BITS;
	type = READ_ONCE(map[BIT_WORD(bit)]) >> (bit % BITS_PER_LONG) &
	       MIGRATETYPE_MASK;
	if (is_migrate_cma(type) || type == MIGRATE_ISOLATE)
		return false;
#endif
	return !is_zone_movable_page(page);
}

static inline void unpin_folio(struct folio *folio)
{
	folio_put(folio);
}
#endif

/**
 * zinc_pin_folios() - pin some of a file's pages
 * @file: shmem file
 * @index: index of the first page
 * @count: number of pages to pin; all of them are allocated
 * @folios: out, the folios of the first of these pages, each pinned once
 * @max: entries of @folios
 * @offset: out, offset of the first page in its folio, in bytes
 *
 * unpin_folio() unpins a folio.
 *
 * Return: the number of folios, at least one, or a negative errno: -EBUSY for a
 * page in ZONE_MOVABLE or CMA that cannot be migrated, -ENOMEM, -EIO.
 */
static inline long zinc_pin_folios(struct file *file, pgoff_t index,
				   pgoff_t count, struct folio **folios,
				   unsigned int max, pgoff_t *offset)
{
#ifdef ZINC_HAS_MEMFD_PIN_FOLIOS
	long n = memfd_pin_folios(file, (loff_t)index << PAGE_SHIFT,
				  ((loff_t)(index + count) << PAGE_SHIFT) - 1,
				  folios, max, offset);

	/* the kernel returns -ENOMEM for a page that it cannot move, too */
	if (n == -ENOMEM && zinc_folios_are_held(file->f_mapping, index, count))
		return -EBUSY;
	return n;
#else
	struct page *page = shmem_read_mapping_page(file->f_mapping, index);

	if (IS_ERR(page))
		return PTR_ERR(page);
	folios[0] = page_folio(page);
	*offset = folio_page_idx(folios[0], page) << PAGE_SHIFT;
	if (zinc_page_is_pinnable(page))
		return 1;
	/* it was migrated there, by move_pages() or compaction for example */
	folio_put(folios[0]);
	return -EBUSY;
#endif
}

/* ---- 6.12: write_begin of shmem returns a folio ------------------------- */

/**
 * zinc_shmem_write_begin() - get the folio of a file to be written
 * @mapping: mapping of a shmem file
 * @pos: offset of the first byte
 * @len: number of bytes to be written, a hint for the size of the folio
 *
 * The first argument of ->write_begin() is a file, and from 6.17 on a kiocb.
 * shmem uses neither.
 *
 * Return: the folio, locked and with a reference, and not up to date if it is
 * new; or a negative errno.
 */
static inline struct folio *
zinc_shmem_write_begin(struct address_space *mapping, loff_t pos,
		       unsigned int len)
{
	void *fsdata;
	int err;
#ifdef ZINC_HAS_WRITE_BEGIN_FOLIO
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

/* ---- 6.16: ->mmap_prepare() describes a mapping before it exists --------- */

/* Only the vm_ops are shmem's: the caller sets vm_file and the flags. */
static inline int zinc_shmem_mmap(const struct file_operations *shmem,
				  struct file *file, struct vm_area_struct *vma)
{
#ifdef ZINC_HAS_MMAP_PREPARE
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

/* ---- 7.0: the flags of shmem_file_setup() have a type of their own -------- */

#ifndef ZINC_HAS_VMA_FLAGS_TYPE
#undef EMPTY_VMA_FLAGS
#define EMPTY_VMA_FLAGS	0
#endif

#endif /* _ZINC_COMPAT_H */
