// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that imports dma-bufs, for tests: see importer.h.
 *
 * The device's side of a mapping is played by the CPU, at the addresses that
 * the device was given. So far as a machine without an IOMMU goes, these are
 * physical: that is asked for at load.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "compat.h"
#include "importer.h"

/* as kmod/dmabuf.c */
MODULE_INFO(import_ns, "DMA_BUF");

struct importer_state {
	struct platform_device *pdev;
	u32 map_error;
	atomic_t maps;
	atomic_t for_cpu;
	atomic_t for_device;
};

enum importer_kind {
	IMPORTER_ATTACHMENT,
	IMPORTER_MAPPING,
	IMPORTER_KERNEL_MAPPING,
};

/**
 * struct importer_object - what has a number
 * @kind: which of these it is
 * @dmabuf: with a reference
 * @attach: of an attachment, or the one that a mapping is of
 * @of: the attachment of a mapping
 * @mappings: how many an attachment has
 * @table: of a mapping
 * @dir: of a mapping
 * @map: of a kernel mapping
 */
struct importer_object {
	enum importer_kind kind;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct importer_object *of;
	unsigned int mappings;
	struct sg_table *table;
	enum dma_data_direction dir;
	struct iosys_map map;
};

/**
 * struct importer - an open file
 * @lock: one call at a time
 * @objects: struct importer_object, by number
 * @mmap: what mmap() maps, or NULL; set once
 * @work: the fence of work that is not done, or NULL
 */
struct importer {
	struct mutex lock;	/* see above */
	struct xarray objects;
	struct dma_buf *mmap;
	struct dma_fence *work;
};

static struct importer_state importer_states[IMPORTER_DEVICES];

static struct importer_state *importer_state(u32 number)
{
	if (number >= IMPORTER_DEVICES)
		return NULL;
	return &importer_states[array_index_nospec(number, IMPORTER_DEVICES)];
}

/* ---- the device that is mapped by code of its own ---- */

static int importer_own_map_sg(struct device *dev, struct scatterlist *sgl,
			       int nents, enum dma_data_direction dir,
			       unsigned long attrs)
{
	struct importer_state *state = &importer_states[IMPORTER_OWN];
	struct scatterlist *sg;
	int i;

	if (READ_ONCE(state->map_error))
		return -(int)READ_ONCE(state->map_error);
	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = sg_phys(sg);
		sg_dma_len(sg) = sg->length;
	}
	atomic_inc(&state->maps);
	return nents;
}

static void importer_own_unmap_sg(struct device *dev, struct scatterlist *sgl,
				  int nents, enum dma_data_direction dir,
				  unsigned long attrs)
{
	atomic_dec(&importer_states[IMPORTER_OWN].maps);
}

static void importer_own_sync_for_cpu(struct device *dev,
				      struct scatterlist *sgl, int nents,
				      enum dma_data_direction dir)
{
	atomic_inc(&importer_states[IMPORTER_OWN].for_cpu);
}

static void importer_own_sync_for_device(struct device *dev,
					 struct scatterlist *sgl, int nents,
					 enum dma_data_direction dir)
{
	atomic_inc(&importer_states[IMPORTER_OWN].for_device);
}

static const struct dma_map_ops importer_own_ops = {
	.map_sg = importer_own_map_sg,
	.unmap_sg = importer_own_unmap_sg,
	.sync_sg_for_cpu = importer_own_sync_for_cpu,
	.sync_sg_for_device = importer_own_sync_for_device,
};

/* ---- attach, map, vmap ---- */

static void importer_moved(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops importer_attach_ops = {
	.importer_moved_op = importer_moved,
};

/* On failure the caller still has what @object was to own. */
static int importer_add(struct importer *importer,
			struct importer_object *object)
{
	u32 number;
	int err;

	err = xa_alloc(&importer->objects, &number, object,
		       XA_LIMIT(1, INT_MAX), GFP_KERNEL);
	return err ?: number;
}

static void importer_undo(struct importer_object *object)
{
	switch (object->kind) {
	case IMPORTER_ATTACHMENT:
		dma_buf_detach(object->dmabuf, object->attach);
		break;
	case IMPORTER_MAPPING:
		dma_buf_unmap_attachment_unlocked(object->attach,
						  object->table, object->dir);
		object->of->mappings--;
		break;
	case IMPORTER_KERNEL_MAPPING:
		importer_dma_buf_vunmap(object->dmabuf, &object->map);
		break;
	}
	dma_buf_put(object->dmabuf);
	kfree(object);
}

static int importer_add_or_undo(struct importer *importer,
				struct importer_object *object)
{
	int number = importer_add(importer, object);

	if (number < 0)
		importer_undo(object);
	return number;
}

static struct importer_object *importer_object_new(struct dma_buf *dmabuf,
						   enum importer_kind kind)
{
	struct importer_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return NULL;
	get_dma_buf(dmabuf);
	object->dmabuf = dmabuf;
	object->kind = kind;
	return object;
}

static void importer_object_free(struct importer_object *object)
{
	dma_buf_put(object->dmabuf);
	kfree(object);
}

static int importer_attach_to(struct importer *importer,
			      struct dma_buf *dmabuf, struct device *dev,
			      bool dynamic)
{
	struct importer_object *object;

	object = importer_object_new(dmabuf, IMPORTER_ATTACHMENT);
	if (!object)
		return -ENOMEM;
	object->attach = dynamic ?
		dma_buf_dynamic_attach(dmabuf, dev, &importer_attach_ops,
				       object) :
		dma_buf_attach(dmabuf, dev);
	if (IS_ERR(object->attach)) {
		int err = PTR_ERR(object->attach);

		importer_object_free(object);
		return err;
	}
	return importer_add_or_undo(importer, object);
}

static long importer_attach(struct importer *importer, void __user *arg)
{
	struct importer_attach args;
	struct importer_state *state;
	struct dma_buf *dmabuf;
	int number;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	state = importer_state(args.device);
	if (!state || args.pad || args.dynamic > 1)
		return -EINVAL;
	if (args.device == IMPORTER_OWN && !IMPORTER_HAS_OPS)
		return -EOPNOTSUPP;
	dmabuf = dma_buf_get(args.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	number = importer_attach_to(importer, dmabuf, &state->pdev->dev,
				    args.dynamic);
	dma_buf_put(dmabuf);
	return number;
}

static void importer_describe(const struct sg_table *table,
			      struct importer_map *args)
{
	struct scatterlist *sg;
	int i;

	args->entries = 0;
	args->unaligned = 0;
	args->bytes = 0;
	args->largest = 0;
	for_each_sgtable_dma_sg(table, sg, i) {
		args->entries++;
		args->bytes += sg_dma_len(sg);
		args->largest = max_t(u64, args->largest, sg_dma_len(sg));
		if (!PAGE_ALIGNED(sg_dma_address(sg)) ||
		    !PAGE_ALIGNED(sg_dma_len(sg)))
			args->unaligned++;
	}
}

static long importer_map(struct importer *importer, void __user *arg)
{
	struct importer_object *of, *object;
	struct importer_map args;
	struct sg_table *table;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	of = xa_load(&importer->objects, args.attachment);
	if (!of || of->kind != IMPORTER_ATTACHMENT ||
	    args.direction > IMPORTER_FROM_DEVICE)
		return -EINVAL;
	object = importer_object_new(of->dmabuf, IMPORTER_MAPPING);
	if (!object)
		return -ENOMEM;
	table = dma_buf_map_attachment_unlocked(of->attach, args.direction);
	if (IS_ERR(table)) {
		importer_object_free(object);
		return PTR_ERR(table);
	}
	object->attach = of->attach;
	object->of = of;
	object->table = table;
	object->dir = args.direction;
	of->mappings++;
	importer_describe(table, &args);
	if (copy_to_user(arg, &args, sizeof(args))) {
		importer_undo(object);
		return -EFAULT;
	}
	return importer_add_or_undo(importer, object);
}

static long importer_vmap(struct importer *importer, int fd)
{
	struct importer_object *object;
	struct dma_buf *dmabuf;
	int err = -ENOMEM;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	object = importer_object_new(dmabuf, IMPORTER_KERNEL_MAPPING);
	dma_buf_put(dmabuf);
	if (!object)
		return err;
	err = importer_dma_buf_vmap(object->dmabuf, &object->map);
	if (err) {
		importer_object_free(object);
		return err;
	}
	return importer_add_or_undo(importer, object);
}

static long importer_drop(struct importer *importer, unsigned long number)
{
	struct importer_object *object = xa_load(&importer->objects, number);

	if (!object)
		return -EINVAL;
	if (object->mappings)
		return -EBUSY;
	xa_erase(&importer->objects, number);
	importer_undo(object);
	return 0;
}

/* ---- what the device, or the kernel, reads and writes ---- */

/* The bus address of the data at @offset, and the number of contiguous bytes there. */
static dma_addr_t importer_address(const struct sg_table *table, u64 offset,
				   u64 *length)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*length = sg_dma_len(sg) - offset;
			return sg_dma_address(sg) + offset;
		}
		offset -= sg_dma_len(sg);
	}
	*length = 0;
	return 0;
}

static void *importer_place(const struct importer_object *object, u64 offset,
			    u64 *length, u64 *address)
{
	if (object->kind == IMPORTER_MAPPING) {
		*address = importer_address(object->table, offset, length);
		return phys_to_virt(*address);
	}
	*address = 0;
	*length = offset < object->dmabuf->size ?
		  object->dmabuf->size - offset : 0;
	return object->map.vaddr + offset;
}

/* One page at most: the next page may be elsewhere. */
static long importer_copy_some(const struct importer_object *object,
			       const struct importer_copy *args, u64 done,
			       u64 *address)
{
	void __user *buffer = u64_to_user_ptr(args->buffer) + done;
	u64 length;
	void *place;

	place = importer_place(object, args->offset + done, &length, address);
	length = min3(length, args->length - done,
		      (u64)PAGE_SIZE - offset_in_page(args->offset + done));
	if (!length)
		return -ERANGE;
	if (args->write ? copy_from_user(place, buffer, length) :
			  copy_to_user(buffer, place, length))
		return -EFAULT;
	return length;
}

static long importer_copy(struct importer *importer, void __user *arg)
{
	struct importer_object *object;
	struct importer_copy args;
	u64 done = 0, address;
	long n;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	object = xa_load(&importer->objects, args.object);
	if (!object || object->kind == IMPORTER_ATTACHMENT ||
	    !args.length || args.offset + args.length < args.offset)
		return -EINVAL;
	/* an IOMMU would not let it pass either */
	if (object->kind == IMPORTER_MAPPING && object->dir != DMA_BIDIRECTIONAL &&
	    object->dir != (args.write ? DMA_FROM_DEVICE : DMA_TO_DEVICE))
		return -EPERM;
	for (; done < args.length; done += n) {
		n = importer_copy_some(object, &args, done, &address);
		if (n < 0)
			return n;
		if (!done)
			args.address = address;
		cond_resched();
	}
	return copy_to_user(arg, &args, sizeof(args)) ? -EFAULT : 0;
}

static long importer_access(void __user *arg)
{
	struct importer_access args;
	struct dma_buf *dmabuf;
	int err;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.direction > IMPORTER_FROM_DEVICE || args.pad)
		return -EINVAL;
	dmabuf = dma_buf_get(args.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = args.end ? dma_buf_end_cpu_access(dmabuf, args.direction) :
			 dma_buf_begin_cpu_access(dmabuf, args.direction);
	dma_buf_put(dmabuf);
	return err;
}

static long importer_setup(void __user *arg)
{
	struct importer_setup args;
	struct importer_state *state;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	state = importer_state(args.device);
	if (!state || args.pad || args.map_error > MAX_ERRNO)
		return -EINVAL;
	dma_set_max_seg_size(&state->pdev->dev, args.max_segment);
	WRITE_ONCE(state->map_error, args.map_error);
	atomic_set(&state->for_cpu, 0);
	atomic_set(&state->for_device, 0);
	return 0;
}

static long importer_count(void __user *arg)
{
	struct importer_count args;
	struct importer_state *state;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	state = importer_state(args.device);
	if (!state)
		return -EINVAL;
	args.maps = atomic_read(&state->maps);
	args.for_cpu = atomic_read(&state->for_cpu);
	args.for_device = atomic_read(&state->for_device);
	return copy_to_user(arg, &args, sizeof(args)) ? -EFAULT : 0;
}

static long importer_set_mmap(struct importer *importer, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (importer->mmap) {
		dma_buf_put(dmabuf);
		return -EBUSY;
	}
	WRITE_ONCE(importer->mmap, dmabuf);
	return 0;
}

/* ---- work that takes a while, and may fail ---- */

struct importer_work {
	struct dma_fence fence;
	spinlock_t lock;	/* of the fence */
};

static const char *importer_work_name(struct dma_fence *fence)
{
	return IMPORTER_NAME;
}

static const struct dma_fence_ops importer_work_ops = {
	.get_driver_name = importer_work_name,
	.get_timeline_name = importer_work_name,
};

static struct dma_fence *importer_work_new(void)
{
	struct importer_work *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return NULL;
	spin_lock_init(&work->lock);
	dma_fence_init(&work->fence, &importer_work_ops, &work->lock,
		       dma_fence_context_alloc(1), 1);
	return &work->fence;
}

static void importer_end(struct importer *importer, int error)
{
	struct dma_fence *fence = importer->work;

	if (!fence)
		return;
	importer->work = NULL;
	if (error)
		dma_fence_set_error(fence, -error);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static long importer_end_work(struct importer *importer, unsigned long error)
{
	if (!importer->work || error > MAX_ERRNO)
		return -EINVAL;
	importer_end(importer, error);
	return 0;
}

static long importer_begin_work(struct importer *importer)
{
	struct sync_file *sync;
	int fd;

	if (importer->work)
		return -EBUSY;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	importer->work = importer_work_new();
	if (!importer->work)
		goto err_fd;
	sync = sync_file_create(importer->work);
	if (!sync)
		goto err_work;
	fd_install(fd, sync->file);
	return fd;

err_work:
	importer_end(importer, ENOMEM);
err_fd:
	put_unused_fd(fd);
	return -ENOMEM;
}

/* ---- a buffer of any size, of which there is nothing but that ---- */

static struct sg_table *importer_hollow_map(struct dma_buf_attachment *attach,
					    enum dma_data_direction dir)
{
	return ERR_PTR(-ENXIO);
}

static void importer_hollow_unmap(struct dma_buf_attachment *attach,
				  struct sg_table *table,
				  enum dma_data_direction dir)
{
}

static void importer_hollow_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops importer_hollow_ops = {
	.map_dma_buf = importer_hollow_map,
	.unmap_dma_buf = importer_hollow_unmap,
	.release = importer_hollow_release,
};

static long importer_export(struct importer *importer, const void __user *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct dma_buf *dmabuf;
	u64 size;
	int fd;

	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	export.ops = &importer_hollow_ops;
	export.size = size;
	export.flags = O_RDWR;
	/* the operation must exist, but is not used */
	export.priv = importer;
	dmabuf = dma_buf_export(&export);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/* ---- a buffer that can be mapped, by code with bad habits ---- */

struct importer_buffer {
	void *memory;
	u32 flags;
};

static atomic_t importer_mappings, importer_read, importer_written;

static void importer_buffer_open(struct vm_area_struct *vma)
{
	atomic_inc(&importer_mappings);
}

static void importer_buffer_close(struct vm_area_struct *vma)
{
	atomic_dec(&importer_mappings);
}

static unsigned long importer_buffer_offset(struct vm_area_struct *vma,
					    unsigned long address)
{
	return address - vma->vm_start + (vma->vm_pgoff << PAGE_SHIFT);
}

static vm_fault_t importer_buffer_fault(struct vm_fault *vmf)
{
	struct importer_buffer *buffer = vmf->vma->vm_private_data;
	unsigned long offset = vmf->pgoff << PAGE_SHIFT;

	if (offset >= IMPORTER_BUFFER_SIZE)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
			      page_to_pfn(virt_to_page(buffer->memory + offset)));
}

static int importer_buffer_access(struct vm_area_struct *vma,
				  unsigned long address, void *data, int length,
				  int write)
{
	struct importer_buffer *buffer = vma->vm_private_data;
	void *at = buffer->memory + importer_buffer_offset(vma, address);

	if (write)
		memcpy(at, data, length);
	else
		memcpy(data, at, length);
	atomic_inc(write ? &importer_written : &importer_read);
	return length;
}

static const struct vm_operations_struct importer_buffer_vm_ops = {
	.open = importer_buffer_open,
	.close = importer_buffer_close,
	.fault = importer_buffer_fault,
};

static const struct vm_operations_struct importer_buffer_access_vm_ops = {
	.open = importer_buffer_open,
	.close = importer_buffer_close,
	.fault = importer_buffer_fault,
	.access = importer_buffer_access,
};

static int importer_buffer_mmap(struct dma_buf *dmabuf,
				struct vm_area_struct *vma)
{
	struct importer_buffer *buffer = dmabuf->priv;

	importer_set_flags(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND);
	if (buffer->flags & IMPORTER_BUFFER_MAYWRITE)
		importer_set_flags(vma, VM_MAYWRITE);
	if (buffer->flags & IMPORTER_BUFFER_PROT)
		vma->vm_page_prot = vm_get_page_prot(VM_READ | VM_WRITE |
						     VM_SHARED);
	vma->vm_private_data = buffer;
	vma->vm_ops = buffer->flags & IMPORTER_BUFFER_ACCESS ?
		      &importer_buffer_access_vm_ops : &importer_buffer_vm_ops;
	importer_buffer_open(vma);
	return 0;
}

static void importer_buffer_free(struct importer_buffer *buffer)
{
	free_pages((unsigned long)buffer->memory,
		   get_order(IMPORTER_BUFFER_SIZE));
	kfree(buffer);
}

static void importer_buffer_release(struct dma_buf *dmabuf)
{
	importer_buffer_free(dmabuf->priv);
}

static const struct dma_buf_ops importer_buffer_ops = {
	.map_dma_buf = importer_hollow_map,
	.unmap_dma_buf = importer_hollow_unmap,
	.mmap = importer_buffer_mmap,
	.release = importer_buffer_release,
};

static struct importer_buffer *importer_buffer_new(u32 flags)
{
	struct importer_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);

	if (!buffer)
		return NULL;
	buffer->flags = flags;
	buffer->memory = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					get_order(IMPORTER_BUFFER_SIZE));
	if (buffer->memory)
		return buffer;
	kfree(buffer);
	return NULL;
}

static long importer_export_buffer(const void __user *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct importer_buffer *buffer;
	struct dma_buf *dmabuf;
	u32 flags;
	int fd;

	if (copy_from_user(&flags, arg, sizeof(flags)))
		return -EFAULT;
	buffer = importer_buffer_new(flags);
	if (!buffer)
		return -ENOMEM;
	export.ops = &importer_buffer_ops;
	export.size = IMPORTER_BUFFER_SIZE;
	export.flags = flags & IMPORTER_BUFFER_RDONLY ? O_RDONLY : O_RDWR;
	export.priv = buffer;
	dmabuf = dma_buf_export(&export);
	if (IS_ERR(dmabuf)) {
		importer_buffer_free(buffer);
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

static long importer_mapped(void __user *arg)
{
	struct importer_mapped args = {
		.mappings = atomic_read(&importer_mappings),
		.read = atomic_read(&importer_read),
		.written = atomic_read(&importer_written),
	};

	return copy_to_user(arg, &args, sizeof(args)) ? -EFAULT : 0;
}

/* ---- the file ---- */

static long importer_call(struct importer *importer, unsigned int cmd,
			  unsigned long arg)
{
	void __user *args = (void __user *)arg;

	switch (cmd) {
	case IMPORTER_ATTACH:
		return importer_attach(importer, args);
	case IMPORTER_MAP:
		return importer_map(importer, args);
	case IMPORTER_VMAP:
		return importer_vmap(importer, arg);
	case IMPORTER_COPY:
		return importer_copy(importer, args);
	case IMPORTER_DROP:
		return importer_drop(importer, arg);
	case IMPORTER_ACCESS:
		return importer_access(args);
	case IMPORTER_SETUP:
		return importer_setup(args);
	case IMPORTER_COUNT:
		return importer_count(args);
	case IMPORTER_MMAP:
		return importer_set_mmap(importer, arg);
	case IMPORTER_BEGIN:
		return importer_begin_work(importer);
	case IMPORTER_END:
		return importer_end_work(importer, arg);
	case IMPORTER_EXPORT:
		return importer_export(importer, args);
	case IMPORTER_BUFFER:
		return importer_export_buffer(args);
	case IMPORTER_MAPPED:
		return importer_mapped(args);
	}
	return -ENOTTY;
}

static long importer_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct importer *importer = file->private_data;
	long ret;

	if (mutex_lock_killable(&importer->lock))
		return -EINTR;
	ret = importer_call(importer, cmd, arg);
	mutex_unlock(&importer->lock);
	return ret;
}

/* Not under the lock, which is held around copies from user space. */
static int importer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct importer *importer = file->private_data;
	struct dma_buf *dmabuf = READ_ONCE(importer->mmap);

	return dmabuf ? dma_buf_mmap(dmabuf, vma, vma->vm_pgoff) : -ENODEV;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *importer = kzalloc(sizeof(*importer), GFP_KERNEL);

	if (!importer)
		return -ENOMEM;
	mutex_init(&importer->lock);
	xa_init_flags(&importer->objects, XA_FLAGS_ALLOC1);
	file->private_data = importer;
	return 0;
}

static void importer_drop_all(struct importer *importer,
			      enum importer_kind kind)
{
	struct importer_object *object;
	unsigned long number;

	xa_for_each(&importer->objects, number, object) {
		if (object->kind != kind)
			continue;
		xa_erase(&importer->objects, number);
		importer_undo(object);
	}
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *importer = file->private_data;

	importer_end(importer, ENODEV);
	importer_drop_all(importer, IMPORTER_MAPPING);
	importer_drop_all(importer, IMPORTER_ATTACHMENT);
	importer_drop_all(importer, IMPORTER_KERNEL_MAPPING);
	xa_destroy(&importer->objects);
	if (importer->mmap)
		dma_buf_put(importer->mmap);
	kfree(importer);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
	.mmap = importer_mmap,
};

static struct miscdevice importer_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zinc_importer",
	.fops = &importer_fops,
};

/* ---- the module ---- */

static void importer_remove_devices(void)
{
	int i;

	for (i = 0; i < IMPORTER_DEVICES; i++)
		if (importer_states[i].pdev)
			platform_device_unregister(importer_states[i].pdev);
}

static int importer_add_device(int i)
{
	struct platform_device *pdev;
	unsigned int bits = i == IMPORTER_NARROW ? 32 : 64;

	pdev = platform_device_register_simple(IMPORTER_NAME, i, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	importer_states[i].pdev = pdev;
	if (i == IMPORTER_OWN)
		set_dma_ops(&pdev->dev, &importer_own_ops);
	else if (device_iommu_mapped(&pdev->dev))
		return -EOPNOTSUPP;
	return dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(bits));
}

static int __init importer_init(void)
{
	int i, err = 0;

	for (i = 0; i < IMPORTER_DEVICES && !err; i++)
		err = importer_add_device(i);
	if (!err)
		err = misc_register(&importer_misc);
	if (err)
		importer_remove_devices();
	return err;
}
module_init(importer_init);

static void __exit importer_exit(void)
{
	misc_deregister(&importer_misc);
	importer_remove_devices();
}
module_exit(importer_exit);

MODULE_DESCRIPTION("Imports dma-bufs, for the tests of zinc.ko");
MODULE_LICENSE("GPL");
