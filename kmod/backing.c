// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a region: an unlinked shmem file on a mount of our own, which
 * uses huge pages for large files.
 *
 * A region too small for huge pages has its control page in the same file,
 * before the data, so that one mapping covers both. Any other region has it in
 * a separate file. The kernel writes to the control page at a fixed address. An
 * extra reference keeps the memory management from migrating, swapping,
 * dropping or collapsing it.
 *
 * The file never gets a descriptor. Mappings of a region hold it as their
 * vm_file, so that the memory management sees ordinary shmem: pages can be
 * pinned, locked, swapped, migrated, charged and mapped huge. Its file
 * operations are replaced: a process that reaches the file through such a
 * mapping cannot map more of it (remap_file_pages()), punch holes
 * (MADV_REMOVE) or reopen it (/proc/PID/map_files). The file has neither owner
 * nor mode, so that MADV_PAGEOUT does nothing and mincore() reveals nothing.
 *
 * The size is sealed and accounted at create, and populated pages are dirty, so
 * that only swapping removes them: a mapping within the size finds every page,
 * except for memory errors and unreadable swap. A mapping that mremap() grew
 * past the end raises SIGBUS there; or, if MADV_COLLAPSE made a huge page of
 * the last part, it reads the zeros in the rest of the huge page, which are not
 * part of the region.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/personality.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "internal.h"
#include "compat.h"

/*
 * If control page and data together have this size or more, the data begin at a
 * huge page: 2 MiB, or 32 MiB with pages of 16 KiB.
 */
#define ZINC_INLINE_CONTROL_MAX	PMD_SIZE

/**
 * struct zinc_backing - private_data of a backing file
 * @user: account charged for @bytes; NULL if there are no data
 * @size: bytes of data
 * @bytes: bytes from the start of the data to the end of the file
 * @first: pages before the data: 1 if the file has a control page, otherwise 0
 * @control: the control page; NULL if it is not in the file
 * @lazy: pages are allocated at the first access
 * @contiguous: each block of PMD_SIZE is one folio
 * @pinned: all pages, if they are pinned from create to the end; otherwise NULL
 */
struct zinc_backing {
	struct zinc_user *user;
	u64 size;
	u64 bytes;
	pgoff_t first;
	struct page *control;
	bool lazy;
	bool contiguous;
	struct page **pinned;
};

static struct vfsmount *zinc_mnt;
static const struct file_operations *zinc_shmem_fops;

static int zinc_data_open(struct inode *inode, struct file *file)
{
	return -EACCES;
}

static void zinc_backing_release_pinned(struct file *backing);

static int zinc_data_release(struct inode *inode, struct file *file)
{
	struct zinc_backing *zb = file->private_data;

	/*
	 * No mapping or dma-buf has the pages any more. A path walk may hold
	 * the inode for a moment after the module has been unloaded, so that
	 * it must not refer to the module's code.
	 */
	inode->i_fop = zinc_shmem_fops;
	if (zb->control)
		put_page(zb->control);
	zinc_backing_release_pinned(file);
	if (zb->user)
		zinc_user_put_bytes(zb->user, zb->bytes);
	kfree(zb);
	return 0;
}

/* for a reopened inode */
static const struct file_operations zinc_inode_fops = {
	.owner = THIS_MODULE,
	.open = zinc_data_open,
};

/* no mmap, no fallocate, no read or write */
static const struct file_operations zinc_data_fops = {
	.owner = THIS_MODULE,
	.release = zinc_data_release,
	.get_unmapped_area = thp_get_unmapped_area,
	.fsync = noop_fsync,
	.llseek = noop_llseek,
};

/*
 * Lack of memory is an error of create, and does not invoke the OOM killer,
 * also in a full memory cgroup.
 */
#define ZINC_GFP_PATIENT	(__GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * The folio at @index, allocated if necessary. It is marked dirty, as
 * shmem_fallocate() does: reclaim drops clean folios, and the next access would
 * have to allocate and charge again.
 */
static struct folio *zinc_backing_folio(struct address_space *mapping,
					pgoff_t index, gfp_t gfp)
{
	struct page *page = shmem_read_mapping_page_gfp(mapping, index, gfp);
	struct folio *folio;

	if (IS_ERR(page))
		return ERR_CAST(page);
	folio = page_folio(page);
	folio_mark_dirty(folio);
	return folio;
}

/*
 * As zinc_backing_folio(), for a new file, if the page allocator clears all
 * pages. shmem would clear them again, except for a caller of ->write_begin(),
 * which is about to write them completely.
 */
static struct folio *zinc_backing_folio_uncleared(struct address_space *mapping,
						  pgoff_t index, pgoff_t end)
{
	u64 rest = (u64)(end - index) << PAGE_SHIFT;
	struct folio *folio;

	folio = zinc_shmem_write_begin(mapping, (loff_t)index << PAGE_SHIFT,
				       min_t(u64, rest, SZ_1G));
	if (IS_ERR(folio))
		return folio;
	if (!folio_test_uptodate(folio)) {
		flush_dcache_folio(folio);
		folio_mark_uptodate(folio);
	}
	folio_mark_dirty(folio);
	folio_unlock(folio);
	return folio;
}

/*
 * The folio at @index. @clear: the page allocator clears it; the gfp mask of
 * @mapping has to be @gfp then.
 */
static struct folio *
zinc_backing_populate_folio(struct address_space *mapping, pgoff_t index,
			    pgoff_t end, gfp_t gfp, bool clear)
{
	struct folio *folio;

	folio = clear ? zinc_backing_folio_uncleared(mapping, index, end) :
			zinc_backing_folio(mapping, index, gfp);
	/* shmem returns -ENOSPC, which the ABI reserves for max_bytes */
	return folio == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : folio;
}

static pgoff_t zinc_backing_end(const struct zinc_backing *zb)
{
	return zb->first + (zb->size >> PAGE_SHIFT);
}

/*
 * Have the kernel compact memory until a block is free. shmem takes one that is
 * free, and otherwise small pages.
 */
static void zinc_backing_make_room(void)
{
	unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	struct page *page = alloc_pages(GFP_TRANSHUGE | ZINC_GFP_PATIENT, order);

	if (page)
		__free_pages(page, order);
}

/* Allocate all data. @fresh: the file is new. */
static int zinc_backing_populate(struct file *file, bool fresh)
{
	struct address_space *mapping = file->f_mapping;
	struct zinc_backing *zb = file->private_data;
	gfp_t mask = mapping_gfp_mask(mapping);
	gfp_t gfp = mask | ZINC_GFP_PATIENT;
	bool clear = fresh && want_init_on_alloc(mask);
	pgoff_t end = zinc_backing_end(zb);
	pgoff_t index = zb->first;
	int err = 0;

	if (clear)
		mapping_set_gfp_mask(mapping, gfp);
	while (index < end) {
		struct folio *folio;

		err = -EINTR;
		if (fatal_signal_pending(current))
			break;
		if (zb->contiguous && fresh)
			zinc_backing_make_room();
		folio = zinc_backing_populate_folio(mapping, index, end, gfp, clear);
		err = PTR_ERR_OR_ZERO(folio);
		if (err)
			break;
		if (zb->contiguous && folio_size(folio) < PMD_SIZE)
			err = -ENOMEM;
		index = folio->index + folio_nr_pages(folio);
		folio_put(folio);
		if (err)
			break;
		cond_resched();
	}
	if (clear)
		mapping_set_gfp_mask(mapping, mask);
	return err;
}

/*
 * Allocate the control page. The file is one page long meanwhile, so that no
 * large folio covers data as well. The page is not in high memory, so that the
 * kernel has an address for it, and stays in place until the release of the
 * file. The size is restored in any case, since shmem unaccounts by it.
 */
static int zinc_backing_populate_control(struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	struct inode *inode = file_inode(file);
	struct zinc_backing *zb = file->private_data;
	gfp_t mask = mapping_gfp_mask(mapping);
	gfp_t gfp = GFP_USER | ZINC_GFP_PATIENT;
	loff_t size = i_size_read(inode);
	struct folio *folio;

	i_size_write(inode, PAGE_SIZE);
	mapping_set_gfp_mask(mapping, gfp);
	folio = zinc_backing_populate_folio(mapping, 0, 1, gfp,
					    want_init_on_alloc(gfp));
	mapping_set_gfp_mask(mapping, mask);
	i_size_write(inode, size);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	zb->control = folio_page(folio, 0);
	return 0;
}

/*
 * Whether @size is at most all memory: more cannot be populated. A refusal here
 * leaves no warning in the log.
 */
static bool zinc_fits_memory(u64 size)
{
	return size >> PAGE_SHIFT <= totalram_pages();
}

/* Return: a file without pages; its whole size is accounted. */
static struct file *zinc_shmem_file(const char *name, loff_t size)
{
	if (!zinc_mnt)
		return shmem_file_setup(name, size, EMPTY_VMA_FLAGS);
	return shmem_file_setup_with_mnt(zinc_mnt, name, size, EMPTY_VMA_FLAGS);
}

/*
 * A file that has no pages yet. All of them are accounted, so that under strict
 * overcommit create fails, and an access never does.
 */
static struct file *zinc_backing_file(const char *name, loff_t size)
{
	static const char prefix[] = "zinc:";
	char label[sizeof(prefix) + ZINC_NAME_SIZE];
	struct file *file;

	memcpy(label, prefix, sizeof(prefix));
	strscpy(label + sizeof(prefix) - 1, name, ZINC_NAME_SIZE);
	file = zinc_shmem_file(label, size);
	/* shmem returns -ENOSPC if it has no inode left */
	return file == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : file;
}

/* Replace the operations: from here on the release of @file frees @zb. */
static void zinc_backing_adopt(struct file *file, struct zinc_backing *zb)
{
	struct inode *inode = file_inode(file);

	zinc_shmem_set_gfp(file);
	file->private_data = zb;
	__module_get(THIS_MODULE);	/* for f_op, put by the last fput() */
	file->f_op = &zinc_data_fops;
	inode->i_fop = &zinc_inode_fops;
	/* no process, privileged or not, counts as this owner */
	inode->i_uid = INVALID_UID;
	inode->i_gid = INVALID_GID;
	inode->i_mode = S_IFREG;
	SHMEM_I(inode)->seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
}

/* A file with the size of @zb; on success it owns @zb. */
static struct file *zinc_backing_make_file(const char *name,
					   struct zinc_backing *zb)
{
	struct file *file;

	file = zinc_backing_file(name, (zb->first << PAGE_SHIFT) + zb->bytes);
	if (!IS_ERR(file))
		zinc_backing_adopt(file, zb);
	return file;
}

/**
 * zinc_backing_bytes() - get the bytes that the pages of a region take
 * @size: bytes of data
 * @flags: ZINC_CONTIGUOUS: the last block is a whole one
 *
 * Return: bytes to charge.
 */
u64 zinc_backing_bytes(u64 size, u32 flags)
{
	return flags & ZINC_CONTIGUOUS ? round_up(size, PMD_SIZE) : size;
}

/* Return: whether each block of @count pages is contiguous. */
static bool zinc_pages_are_contiguous(struct page **pages, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		if (i % (PMD_SIZE >> PAGE_SHIFT) &&
		    page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1)
			return false;
	return true;
}

/*
 * Pin contiguous data for good: reclaim and migration may split what is not
 * pinned.
 */
static int zinc_backing_pin_contiguous(struct file *file)
{
	struct zinc_backing *zb = file->private_data;
	struct page **pages = zinc_backing_pin(file);

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	zb->pinned = pages;
	return zinc_pages_are_contiguous(pages, zb->size >> PAGE_SHIFT) ?
	       0 : -ENOMEM;
}

/* Undo zinc_backing_pin_contiguous(). */
static void zinc_backing_release_pinned(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;
	struct page **pages = zb->pinned;

	zb->pinned = NULL;
	if (pages)
		zinc_backing_unpin(backing, pages);
}

static int zinc_backing_make_pages(struct file *file)
{
	struct zinc_backing *zb = file->private_data;
	int err = 0;

	if (zb->first)
		err = zinc_backing_populate_control(file);
	if (!err && !zb->lazy)
		err = zinc_backing_populate(file, true);
	if (!err && zb->contiguous)
		err = zinc_backing_pin_contiguous(file);
	return err;
}

/**
 * zinc_backing_create() - create the file of a region's pages
 * @name: to be shown in /proc/PID/maps
 * @size: bytes, page-aligned
 * @flags: ZINC_LAZY: allocate pages at the first access; all are accounted now.
 *	ZINC_CONTIGUOUS: each block of PMD_SIZE is contiguous, and all pages are
 *	pinned until the release of the file
 * @user: already charged for zinc_backing_bytes(); the file takes the charge
 *	over, and a failure gives it back
 *
 * Return: a file, or -ENOMEM, -EINTR; if it is contiguous also an error of
 * zinc_backing_pin().
 */
struct file *zinc_backing_create(const char *name, u64 size, u32 flags,
				 struct zinc_user *user)
{
	u64 bytes = zinc_backing_bytes(size, flags);
	bool lazy = flags & ZINC_LAZY;
	struct zinc_backing *zb = NULL;
	struct file *file;
	int err = -ENOMEM;

	if (bytes <= MAX_LFS_FILESIZE && (lazy || zinc_fits_memory(bytes)))
		zb = kzalloc(sizeof(*zb), GFP_KERNEL_ACCOUNT);
	if (!zb)
		goto err_charge;
	zb->user = user;
	zb->size = size;
	zb->bytes = bytes;
	/* also if @size is smaller, contiguous data begin at a huge page */
	zb->first = bytes + PAGE_SIZE < ZINC_INLINE_CONTROL_MAX;
	zb->lazy = lazy;
	zb->contiguous = flags & ZINC_CONTIGUOUS;
	file = zinc_backing_make_file(name, zb);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto err_free;

	err = zinc_backing_make_pages(file);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);

err_free:
	kfree(zb);
err_charge:
	zinc_user_put_bytes(user, bytes);
	return ERR_PTR(err);
}

/**
 * zinc_backing_create_control() - create a file with only a control page
 * @name: to be shown in /proc/PID/maps
 *
 * It is page cache like any other control page, so that the kernel finds its
 * mappings after a memory error, and futexes work in it.
 *
 * Return: a file, or -ENOMEM.
 */
struct file *zinc_backing_create_control(const char *name)
{
	struct zinc_backing *zb;
	struct file *file;
	int err;

	zb = kzalloc(sizeof(*zb), GFP_KERNEL_ACCOUNT);
	if (!zb)
		return ERR_PTR(-ENOMEM);
	zb->first = 1;
	file = zinc_backing_make_file(name, zb);
	if (IS_ERR(file)) {
		kfree(zb);
		return file;
	}
	err = zinc_backing_populate_control(file);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/**
 * zinc_backing_control() - get the control page of a file
 * @backing: file of zinc_backing_create() or zinc_backing_create_control()
 *
 * Return: a page that exists as long as the file, zero at first; or NULL: the
 * file has only data.
 */
struct page *zinc_backing_control(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;

	return zb->control;
}

/**
 * zinc_backing_resident() - count the data that are in memory
 * @backing: file of zinc_backing_create()
 *
 * Return: bytes.
 */
u64 zinc_backing_resident(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;
	unsigned long pages = READ_ONCE(backing->f_mapping->nrpages);

	/* MADV_COLLAPSE adds pages past the end, up to a huge page */
	return min_t(u64, (u64)(pages - zb->first) << PAGE_SHIFT, zb->size);
}

#ifdef CONFIG_NUMA
/* shmem's operations without ->set_policy, copied at the first mapping */
static struct vm_operations_struct zinc_rdonly_vm_ops;
static DEFINE_MUTEX(zinc_rdonly_lock);

/*
 * Shmem stores the policy of mbind() in the file: a reader would decide for all
 * processes on which node pages are allocated. Without ->set_policy the policy
 * belongs to the reader's mapping, where shmem ignores it.
 *
 * The kernel recognizes a shmem mapping by the address of its operations, and
 * therefore does not recognize this one. Only userfaultfd depends on that, and
 * it refuses any mapping that cannot be written.
 */
static void zinc_backing_rdonly(struct vm_area_struct *vma)
{
	mutex_lock(&zinc_rdonly_lock);
	if (!zinc_rdonly_vm_ops.fault) {
		zinc_rdonly_vm_ops = *vma->vm_ops;
		zinc_rdonly_vm_ops.set_policy = NULL;
	}
	mutex_unlock(&zinc_rdonly_lock);
	vma->vm_ops = &zinc_rdonly_vm_ops;
}
#else
static void zinc_backing_rdonly(struct vm_area_struct *vma)
{
}
#endif

/**
 * zinc_backing_mmap() - map the pages of a region
 * @backing: file of zinc_backing_create() or zinc_backing_create_control()
 * @vma: mapping within the file; its vm_pgoff is an offset in the data, unless
 *	@control
 * @control: the mapping begins at the control page, which the file has to have
 *
 * Lazy pages are excluded from core dumps, which would allocate them.
 *
 * Return: 0 or a negative errno.
 */
int zinc_backing_mmap(struct file *backing, struct vm_area_struct *vma,
		      bool control)
{
	struct zinc_backing *zb = backing->private_data;
	int err;

	err = zinc_shmem_mmap(zinc_shmem_fops, backing, vma);
	if (err)
		return err;
	if (!(vma->vm_flags & VM_MAYWRITE))
		zinc_backing_rdonly(vma);
	if (zb->lazy)
		vm_flags_mod(vma, VM_DONTDUMP, 0);
	vma->vm_pgoff = control ? 0 : zb->first + vma->vm_pgoff;
	vma_set_file(vma, backing);
	return 0;
}

/**
 * zinc_mmap_check() - check and restrict a mapping
 * @vma: mapping; loses VM_EXEC and VM_MAYEXEC
 *
 * VM_MAYSHARE is tested, since a shared mapping of a read-only file has neither
 * VM_SHARED nor VM_MAYWRITE. Without VM_MAYWRITE read-only handles stay
 * read-only.
 *
 * With the personality READ_IMPLIES_EXEC, VM_EXEC was not requested: it is
 * dropped instead of refused.
 *
 * Return: 0, -EINVAL, -EPERM.
 */
int zinc_mmap_check(struct vm_area_struct *vma)
{
	bool implied = current->personality & READ_IMPLIES_EXEC;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC && !(implied && vma->vm_flags & VM_READ))
		return -EPERM;
	vm_flags_mod(vma, 0, VM_EXEC | VM_MAYEXEC);
	return 0;
}

#define ZINC_PIN_BATCH	16

/* Pin some of @count pages from @index on. Return: their number, or -errno. */
static long zinc_backing_pin_some(struct file *backing, pgoff_t index,
				  struct page **pages, unsigned long count)
{
	struct folio *folios[ZINC_PIN_BATCH];
	unsigned long filled = 0, more;
	pgoff_t offset;
	long n, i;

	n = zinc_pin_folios(backing, index, count, folios, ARRAY_SIZE(folios),
			    &offset);
	if (n <= 0)
		return n ?: -EFAULT;
	offset >>= PAGE_SHIFT;
	for (i = 0; i < n; i++, offset = 0) {
		more = min(folio_nr_pages(folios[i]) - offset, count - filled);
		while (more--)
			pages[filled++] = folio_page(folios[i], offset++);
	}
	return filled;
}

/* number of times that an attachment waits for pages to become movable */
#define ZINC_PIN_RETRIES	6

/*
 * As zinc_backing_pin_some(), with retries: most references that prevent a
 * migration are short, such as that of another migration. @retry: in and out,
 * the retries so far for all data.
 */
static long zinc_backing_pin_more(struct file *backing, pgoff_t index,
				  struct page **pages, unsigned long count,
				  unsigned int *retry)
{
	long n;

	for (;; (*retry)++) {
		n = zinc_backing_pin_some(backing, index, pages, count);
		if (n != -EBUSY || *retry == ZINC_PIN_RETRIES)
			return n;
		schedule_timeout_killable(msecs_to_jiffies(1U << *retry));
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

/* Let reclaim have the pages again: put unevictable folios on its lists. */
static void zinc_backing_set_evictable(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;
	struct folio_batch batch;
	pgoff_t index = 0;

	mapping_clear_unevictable(backing->f_mapping);
	folio_batch_init(&batch);
	while (filemap_get_folios(backing->f_mapping, &index,
				  zinc_backing_end(zb) - 1, &batch)) {
		check_move_unevictable_folios(&batch);
		folio_batch_release(&batch);
		cond_resched();
	}
}

/* Unpin each folio once, and mark it dirty: a device may have written to it. */
static void zinc_unpin_pages(struct page **pages, unsigned long count)
{
	unsigned long i = 0;

	while (i < count) {
		struct folio *folio = page_folio(pages[i]);

		i += folio_nr_pages(folio) - folio_page_idx(folio, pages[i]);
		folio_mark_dirty(folio);
		unpin_folio(folio);
		cond_resched();
	}
}

/**
 * zinc_backing_pin() - pin all data
 * @backing: file of zinc_backing_create()
 *
 * Missing pages are allocated as in zinc_backing_create(). This may take
 * seconds; SIGKILL ends it. Contiguous data are pinned already.
 *
 * Return: the data's pages, for zinc_backing_unpin(), or -ENOMEM, -EINTR;
 * -EDQUOT: too many pinned bytes for the creator's user; -EBUSY: a page is in a
 * zone where it must not be pinned, and a reference prevents its migration;
 * -EIO: a page has a memory error.
 */
struct page **zinc_backing_pin(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;
	unsigned long count = zb->size >> PAGE_SHIFT;
	unsigned long have = 0;
	unsigned int retry = 0;
	struct page **pages;
	long n;

	if (zb->pinned)
		return zb->pinned;
	if (!zinc_fits_memory(zb->size))
		return ERR_PTR(-ENOMEM);
	n = zinc_user_charge_pinned(zb->user, zb->size, backing);
	if (n)
		return ERR_PTR(n);
	pages = kvmalloc_array(count, sizeof(*pages),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages) {
		zinc_user_put_pinned(zb->user, zb->size);
		return ERR_PTR(-ENOMEM);
	}
	mapping_set_unevictable(backing->f_mapping);
	n = zinc_backing_populate(backing, false);
	while (!n && have < count) {
		n = zinc_backing_pin_more(backing, zb->first + have,
					  pages + have, count - have, &retry);
		if (n < 0)
			break;
		have += n;
		n = fatal_signal_pending(current) ? -EINTR : 0;
		cond_resched();
	}
	if (!n)
		return pages;

	zinc_backing_set_evictable(backing);
	zinc_unpin_pages(pages, have);
	kvfree(pages);
	zinc_user_put_pinned(zb->user, zb->size);
	return ERR_PTR(n);
}

/**
 * zinc_backing_unpin() - unpin all data
 * @backing: file
 * @pages: of it
 */
void zinc_backing_unpin(struct file *backing, struct page **pages)
{
	struct zinc_backing *zb = backing->private_data;

	if (zb->pinned)
		return;
	zinc_backing_set_evictable(backing);
	zinc_unpin_pages(pages, zb->size >> PAGE_SHIFT);
	kvfree(pages);
	zinc_user_put_pinned(zb->user, zb->size);
}

/**
 * zinc_backing_huge_size() - get the huge page size of large regions
 *
 * Return: bytes of a PMD mapping, or 0: there are none.
 */
u64 zinc_backing_huge_size(void)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	return zinc_mnt ? HPAGE_PMD_SIZE : 0;
#else
	return 0;
#endif
}

/* Return: NULL without huge pages: the kernel's own shmem mount is used. */
static struct vfsmount *zinc_mount_huge(void)
{
	char options[] = "huge=within_size";
	struct file_system_type *type;
	struct vfsmount *mnt;

	/* tmpfs does not know the option then, and would log an error */
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return NULL;
	type = get_fs_type("tmpfs");
	if (!type)
		return NULL;
	mnt = vfs_kern_mount(type, SB_KERNMOUNT, type->name, options);
	module_put(type->owner);
	return IS_ERR(mnt) ? NULL : mnt;
}

int __init zinc_backing_init(void)
{
	struct file *file;

	zinc_mnt = zinc_mount_huge();
	file = zinc_shmem_file("zinc", PAGE_SIZE);
	if (IS_ERR(file)) {
		zinc_backing_exit();
		return PTR_ERR(file);
	}
	zinc_shmem_fops = file->f_op;
	fput(file);
	return 0;
}

void zinc_backing_exit(void)
{
	if (zinc_mnt)
		kern_unmount(zinc_mnt);
}
