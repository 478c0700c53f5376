// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a region: an unlinked shmem file on a mount of our own, which
 * gives huge pages to what is large enough for them.
 *
 * What is too small for these has its control page in the same file, before the
 * data, so that one mapping has both. That page the kernel writes to, so it is
 * held where it is.
 *
 * The file never gets a descriptor. Mappings of a region hold it as their
 * vm_file, so that the memory management sees ordinary shmem: pages can be
 * pinned, swapped, migrated, charged and mapped huge. Its file operations are
 * replaced, so that whoever reaches the file through such a mapping can not
 * map more of it (remap_file_pages), punch holes (MADV_REMOVE) or open it
 * again (/proc/PID/map_files). Its size is sealed, so that no fault finds a
 * page missing for good: a mapping within it never raises SIGBUS.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "zinc.h"
#include "compat.h"

/* The data of what is longer begin where a huge page does. */
#define ZINC_TOGETHER_MAX	SZ_2M

/**
 * struct zinc_backing - what a backing file has for itself, its private_data
 * @user: charged for @size
 * @size: bytes of data; they end where the file does
 * @first: pages before them: the control page or none
 * @control: NULL if it is not in the file
 */
struct zinc_backing {
	struct zinc_user *user;
	u64 size;
	pgoff_t first;
	struct page *control;
};

static struct vfsmount *zinc_mnt;
static const struct file_operations *zinc_shmem_fops;

static int zinc_data_open(struct inode *inode, struct file *file)
{
	return -EACCES;
}

static int zinc_data_release(struct inode *inode, struct file *file)
{
	struct zinc_backing *zb = file->private_data;

	/*
	 * Nobody shares the pages any more. The inode may outlast the module
	 * for a moment, held by a path walk, and must not name its code.
	 */
	inode->i_fop = zinc_shmem_fops;
	if (zb->control)
		put_page(zb->control);
	zinc_user_put_bytes(zb->user, zb->size);
	kfree(zb);
	return 0;
}

/* what a reopened inode would get */
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
 * Want of memory is an error of create, and not the death of whoever touches the
 * page later; and a full memory cgroup says so, where it would call its OOM
 * killer.
 */
#define ZINC_GFP_PATIENT	(__GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* The folio at @index, made if it is not there. */
static struct folio *zinc_backing_get(struct address_space *mapping,
				      pgoff_t index, gfp_t gfp)
{
	struct page *page = shmem_read_mapping_page_gfp(mapping, index, gfp);

	return IS_ERR(page) ? ERR_CAST(page) : page_folio(page);
}

/*
 * The same, of a file that nobody else has yet, where the kernel has cleared
 * what it allocates: shmem would do so once more, but not for one who is going
 * to write all of it.
 */
static struct folio *zinc_backing_get_clear(struct address_space *mapping,
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
	folio_unlock(folio);
	return folio;
}

/* One or the other; who says @clear has set the file's own @gfp before. */
static struct folio *zinc_backing_make(struct address_space *mapping,
				       pgoff_t index, pgoff_t end, gfp_t gfp,
				       bool clear)
{
	struct folio *folio;

	folio = clear ? zinc_backing_get_clear(mapping, index, end) :
			zinc_backing_get(mapping, index, gfp);
	/* shmem has -ENOSPC for what would be too much, which is no limit of ours */
	return folio == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : folio;
}

static pgoff_t zinc_backing_end(const struct zinc_backing *zb)
{
	return zb->first + (zb->size >> PAGE_SHIFT);
}

/* Make all data now. @fresh: nobody else has the file. */
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
		folio = zinc_backing_make(mapping, index, end, gfp, clear);
		err = PTR_ERR_OR_ZERO(folio);
		if (err)
			break;
		index = folio->index + folio_nr_pages(folio);
		folio_put(folio);
		cond_resched();
	}
	if (clear)
		mapping_set_gfp_mask(mapping, mask);
	return err;
}

/*
 * The control page, of a file that as yet has room for nothing else, so that no
 * large folio has data as well. The kernel has an address for it, and it can
 * stay where it is for as long as the file does.
 */
static int zinc_backing_make_control(struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	struct zinc_backing *zb = file->private_data;
	gfp_t mask = mapping_gfp_mask(mapping);
	gfp_t gfp = GFP_USER | ZINC_GFP_PATIENT;
	struct folio *folio;

	mapping_set_gfp_mask(mapping, gfp);
	folio = zinc_backing_make(mapping, 0, 1, gfp, want_init_on_alloc(gfp));
	mapping_set_gfp_mask(mapping, mask);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	/* what is clean might be dropped to save memory */
	folio_mark_dirty(folio);
	zb->control = folio_page(folio, 0);
	i_size_write(file_inode(file), PAGE_SIZE + zb->size);
	return 0;
}

/*
 * Pages made at once do not come to more than the memory, swap or not. To be
 * refused here costs no line in the log.
 */
static bool zinc_fits_memory(u64 size)
{
	return size >> PAGE_SHIFT <= totalram_pages();
}

/* A file that has no pages yet, nor anything to be charged for. */
static struct file *zinc_backing_file(const char *name, loff_t size,
				      bool noreserve)
{
	static const char prefix[] = "zinc:";
	char label[sizeof(prefix) + ZINC_NAME_SIZE];
	struct file *file;

	memcpy(label, prefix, sizeof(prefix));
	strscpy(label + sizeof(prefix) - 1, name, ZINC_NAME_SIZE);
	file = zinc_shmem_file(zinc_mnt, label, size, noreserve);
	/* shmem has -ENOSPC for no inode, which is no limit of ours */
	return file == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : file;
}

/* Make it ours: from here on its release gives back what @zb has. */
static void zinc_backing_take(struct file *file, struct zinc_backing *zb)
{
	zinc_shmem_set_gfp(file);
	file->private_data = zb;
	__module_get(THIS_MODULE);	/* for f_op, put by the last fput() */
	file->f_op = &zinc_data_fops;
	file_inode(file)->i_fop = &zinc_inode_fops;
	SHMEM_I(file_inode(file))->seals = F_SEAL_SEAL | F_SEAL_SHRINK |
					   F_SEAL_GROW;
}

/**
 * zinc_backing_create() - the pages of a region
 * @name: to be shown in /proc/PID/maps
 * @size: bytes, page-aligned
 * @lazy: pages come with the first touch, and are not reserved before
 * @user: charged for @size bytes already; the file takes the charge over, and
 *	gives it back in the end or, on failure, here
 *
 * Return: a file, or -ENOMEM, -EINTR.
 */
struct file *zinc_backing_create(const char *name, u64 size, bool lazy,
				 struct zinc_user *user)
{
	bool together = size + PAGE_SIZE < ZINC_TOGETHER_MAX;
	struct zinc_backing *zb = NULL;
	struct file *file;
	int err = -ENOMEM;

	if (size <= MAX_LFS_FILESIZE && (lazy || zinc_fits_memory(size)))
		zb = kzalloc(sizeof(*zb), GFP_KERNEL_ACCOUNT);
	if (!zb)
		goto err_charge;
	zb->user = user;
	zb->size = size;
	zb->first = together;
	/* of what grows, shmem counts the pages one by one */
	file = zinc_backing_file(name, together ? PAGE_SIZE : size,
				 lazy || together);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto err_free;

	zinc_backing_take(file, zb);
	if (together)
		err = zinc_backing_make_control(file);
	if (!err && !lazy)
		err = zinc_backing_populate(file, true);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);

err_free:
	kfree(zb);
err_charge:
	zinc_user_put_bytes(user, size);
	return ERR_PTR(err);
}

/**
 * zinc_backing_control() - the control page before the data
 * @backing: file of zinc_backing_create()
 *
 * Return: a page that is there as long as the file is, all zero at first; or
 * NULL: the file has only data.
 */
struct page *zinc_backing_control(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;

	return zb->control;
}

/**
 * zinc_backing_resident() - how much of the data is in memory
 * @backing: file of zinc_backing_create()
 *
 * Return: bytes.
 */
u64 zinc_backing_resident(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;

	return (u64)(READ_ONCE(backing->f_mapping->nrpages) - zb->first)
	       << PAGE_SHIFT;
}

/**
 * zinc_backing_mmap() - make a mapping of a region one of its pages
 * @backing: file of zinc_backing_create()
 * @vma: of the region's file, from its vm_pgoff in the data on, within the
 *	size; or
 * @whole: of the control page, which the file has to have, and all data
 *
 * Return: 0 or a negative errno.
 */
int zinc_backing_mmap(struct file *backing, struct vm_area_struct *vma,
		      bool whole)
{
	struct zinc_backing *zb = backing->private_data;
	int err;

	err = zinc_shmem_mmap(zinc_shmem_fops, backing, vma);
	if (err)
		return err;
	vma->vm_pgoff = whole ? 0 : zb->first + vma->vm_pgoff;
	vma_set_file(vma, backing);
	return 0;
}

#define ZINC_PIN_BATCH	16

/* Pin what is at @index and behind it; how many pages of it, or -errno. */
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

/* Pages may be reclaimed again: rescue those that were found unevictable. */
static void zinc_backing_evictable(struct file *backing)
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

/* Each folio has been pinned once. A device may have written to it. */
static void zinc_unpin_pages(struct page **pages, unsigned long count)
{
	unsigned long i = 0;

	while (i < count) {
		struct folio *folio = page_folio(pages[i]);

		i += folio_nr_pages(folio) - folio_page_idx(folio, pages[i]);
		folio_mark_dirty(folio);
		zinc_unpin_folio(folio);
		cond_resched();
	}
}

/**
 * zinc_backing_pin() - hold all data where they are
 * @backing: file of zinc_backing_create()
 *
 * Those that were not there are made, as zinc_backing_create() does.
 *
 * Return: the data's pages, for zinc_backing_unpin(), or -ENOMEM, -EINTR, -EBUSY: a
 * page can not be held for long where it is.
 */
struct page **zinc_backing_pin(struct file *backing)
{
	struct zinc_backing *zb = backing->private_data;
	unsigned long count = zb->size >> PAGE_SHIFT;
	unsigned long have = 0;
	struct page **pages;
	long n;

	if (!zinc_fits_memory(zb->size))
		return ERR_PTR(-ENOMEM);
	pages = kvmalloc_array(count, sizeof(*pages),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	mapping_set_unevictable(backing->f_mapping);
	n = zinc_backing_populate(backing, false);
	while (!n && have < count) {
		n = zinc_backing_pin_some(backing, zb->first + have,
					  pages + have, count - have);
		if (n < 0)
			break;
		have += n;
		n = fatal_signal_pending(current) ? -EINTR : 0;
		cond_resched();
	}
	if (!n)
		return pages;

	zinc_backing_evictable(backing);
	zinc_unpin_pages(pages, have);
	kvfree(pages);
	return ERR_PTR(n);
}

/**
 * zinc_backing_unpin() - let go of what zinc_backing_pin() holds
 * @backing: file
 * @pages: of it
 */
void zinc_backing_unpin(struct file *backing, struct page **pages)
{
	struct zinc_backing *zb = backing->private_data;

	zinc_backing_evictable(backing);
	zinc_unpin_pages(pages, zb->size >> PAGE_SHIFT);
	kvfree(pages);
}

/* Large regions get huge pages. */
bool zinc_backing_is_huge(void)
{
	return zinc_mnt;
}

/* Without huge pages the kernel's own shmem mount does. */
static struct vfsmount *zinc_mount_huge(void)
{
	char options[] = "huge=within_size";
	struct file_system_type *type = get_fs_type("tmpfs");
	struct vfsmount *mnt;

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
	file = zinc_shmem_file(zinc_mnt, "zinc", PAGE_SIZE, true);
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
