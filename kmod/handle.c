// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handle: the open file of a region, and its operations.
 */
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "internal.h"
#include "compat.h"
#include "trace.h"

#define ZINC_REGION_FIRST	_IOC_NR(ZINC_IOC_REGION_INFO)

static const struct file_operations zinc_region_fops;

/**
 * zinc_handle_of() - get the handle of a file
 * @file: any file
 *
 * Return: the handle, or NULL if the file is not a region's.
 */
struct zinc_handle *zinc_handle_of(struct file *file)
{
	return file->f_op == &zinc_region_fops ? file->private_data : NULL;
}

/* Change the count of handles, and its copy in the header. */
static void zinc_count_handle(struct zinc_region *region, int n)
{
	spin_lock(&region->lock);
	region->handles += n;
	WRITE_ONCE(region->header->ref_count, region->handles);
	spin_unlock(&region->lock);
}

/**
 * zinc_handle_open() - open a new handle
 * @region: region; the caller keeps its reference
 * @rdonly: the handle may neither write nor notify
 * @creator: the handle is the creator's
 *
 * Return: a file without a descriptor, or -ENOMEM, -ENFILE, or a security
 * module's error.
 */
struct file *zinc_handle_open(struct zinc_region *region, bool rdonly,
			      bool creator)
{
	struct zinc_handle *handle;
	struct file *file;

	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->region = region;
	handle->creator = creator;
	file = anon_inode_create_getfile("[zinc]", &zinc_region_fops, handle,
					 rdonly ? O_RDONLY : O_RDWR, NULL);
	if (IS_ERR(file)) {
		kfree(handle);
		return file;
	}
	file->f_mode |= FMODE_NOWAIT;	/* io_uring need not ask a thread */
	refcount_inc(&region->users);
	zinc_count_handle(region, 1);
	if (!creator)
		trace_zinc_open(region, rdonly);
	return file;
}

static void zinc_creator_closed(struct zinc_region *region)
{
	zinc_region_set_flag(region, ZINC_INFO_CREATOR_GONE);
	if (region->lifetime == ZINC_LIFETIME_CREATOR)
		zinc_names_remove(region);
	zinc_notify_gone(region, true);
}

static int zinc_region_release(struct inode *inode, struct file *file)
{
	struct zinc_handle *handle = file->private_data;
	struct zinc_region *region = handle->region;

	trace_zinc_release(region, handle->creator);
	if (handle->creator)
		zinc_creator_closed(region);
	zinc_count_handle(region, -1);
	if (handle->user)
		zinc_user_put(handle->user);
	kfree(handle);
	zinc_region_put(region);
	return 0;
}

static int zinc_do_info(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_info *info = call->arg;

	zinc_region_info(handle->region, info);
	info->cursor = READ_ONCE(handle->cursor);
	if (!(call->file->f_mode & FMODE_WRITE))
		info->flags |= ZINC_INFO_RDONLY;
	if (handle->creator)
		info->flags |= ZINC_INFO_CREATOR;
	return 0;
}

static int zinc_do_notify(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_notify *args = call->arg;

	if (args->flags & ~ZINC_NOTIFY_WAKE)
		return -EINVAL;
	if (!(call->file->f_mode & FMODE_WRITE))
		return -EBADF;
	args->sequence = zinc_notify(handle->region,
				     !(args->flags & ZINC_NOTIFY_WAKE), false);
	return 0;
}

/* The first half of a wait that notifies another region. */
static int zinc_notify_fd(int fd, bool bump)
{
	struct zinc_handle *handle;
	struct file *file;
	int err = -EBADF;

	file = fget(fd);
	if (!file)
		return -EBADF;
	handle = zinc_handle_of(file);
	if (handle && file->f_mode & FMODE_WRITE) {
		/* about to sleep: wake the waiter on this CPU */
		zinc_notify(handle->region, bump, true);
		err = 0;
	}
	fput(file);
	/* let the woken task run: its reply may come before this task sleeps */
	if (!err)
		cond_resched();
	return err;
}

static int zinc_do_wait(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_wait *args = call->arg;
	u32 notify = args->flags & (ZINC_WAIT_NOTIFY | ZINC_WAIT_WAKE);
	bool gone = args->flags & ZINC_WAIT_GONE;
	u32 cursor;
	int err;

	if (args->flags & ~(ZINC_WAIT_CURSOR | ZINC_WAIT_GONE) & ~notify ||
	    args->pad)
		return -EINVAL;
	if (notify == (ZINC_WAIT_NOTIFY | ZINC_WAIT_WAKE) ||
	    (!notify && args->notify_fd))
		return -EINVAL;
	if (notify) {
		err = zinc_notify_fd(args->notify_fd,
				     notify == ZINC_WAIT_NOTIFY);
		if (err)
			return err;
	}

	cursor = READ_ONCE(handle->cursor);
	if (args->flags & ZINC_WAIT_CURSOR)
		cursor = args->cursor;
	err = zinc_wait(handle, cursor, args->deadline, gone, &args->cursor);
	/* the notify must not be done again */
	if (err == -ERESTARTSYS && notify)
		return -EINTR;
	return err;
}

/* This runs after the copy-out: after -EFAULT the notify stays pending. */
static int zinc_commit_wait(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_wait *args = call->arg;

	/* this sets the cursor back if another thread has advanced it */
	zinc_set_cursor(handle, args->cursor);
	return 0;
}

static int zinc_do_set_cursor(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_cursor *args = call->arg;

	if (args->pad)
		return -EINVAL;
	zinc_set_cursor(handle, args->cursor);
	return 0;
}

static int zinc_do_unlink_handle(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_region *region = handle->region;

	/* as unlink(2): a name that is gone comes before the permission */
	if (!region->names ||
	    READ_ONCE(region->flags) & ZINC_INFO_UNLINKED)
		return -ENOENT;
	if (!handle->creator && !zinc_region_may_unlink(region))
		return -EPERM;
	return zinc_names_remove(region) ? 0 : -ENOENT;
}

static int zinc_do_reopen(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_region *region = handle->region;
	struct zinc_reopen *args = call->arg;
	bool rdonly = args->flags & ZINC_RDONLY;
	struct file *file;

	if (args->flags & ~ZINC_RDONLY || args->pad)
		return -EINVAL;
	if (!rdonly && !(call->file->f_mode & FMODE_WRITE))
		return -EACCES;
	file = zinc_handle_open(region, rdonly, false);
	if (IS_ERR(file))
		return PTR_ERR(file);
	args->id = region->id;
	args->capacity = region->capacity;
	call->new_file = file;
	return 0;
}

/* Whether the part is all data, without a length, or consists of whole pages. */
static bool zinc_is_part(u64 capacity, u64 offset, u64 length)
{
	if (!length)
		return !offset;
	return PAGE_ALIGNED(offset) && PAGE_ALIGNED(length) &&
	       offset < capacity && length <= capacity - offset;
}

static int zinc_do_export(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_region *region = handle->region;
	struct zinc_export *args = call->arg;
	bool rdonly = args->flags & ZINC_RDONLY;
	struct dma_buf *dmabuf;

	if (args->flags & ~ZINC_RDONLY || args->pad)
		return -EINVAL;
	if (!zinc_is_part(region->capacity, args->offset, args->length))
		return -EINVAL;
	if (!rdonly && !(call->file->f_mode & FMODE_WRITE))
		return -EACCES;
	if (region->import)
		dmabuf = args->length ? ERR_PTR(-EOPNOTSUPP) :
					zinc_import_export(region, rdonly);
	else if (args->length)
		dmabuf = zinc_dmabuf_export_part(region, rdonly, args->offset,
						 args->length);
	else
		dmabuf = zinc_dmabuf_export(region, rdonly);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	args->size = dmabuf->size;
	call->new_file = dmabuf->file;
	return 0;
}

static int zinc_do_notify_fence(struct zinc_call *call)
{
	struct zinc_handle *handle = call->file->private_data;
	struct zinc_notify_fence *args = call->arg;

	if (args->flags)
		return -EINVAL;
	if (!(call->file->f_mode & FMODE_WRITE))
		return -EBADF;
	return zinc_fence_notify(handle->region, args->fence_fd);
}

#define ZINC_REGION_ROW(cmd)	(_IOC_NR(cmd) - ZINC_REGION_FIRST)

static const struct zinc_command zinc_region_commands[] = {
	[ZINC_REGION_ROW(ZINC_IOC_REGION_INFO)] = {
		.cmd = ZINC_IOC_REGION_INFO,
		.run = zinc_do_info,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_NOTIFY)] = {
		.cmd = ZINC_IOC_REGION_NOTIFY,
		.run = zinc_do_notify,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_WAIT)] = {
		.cmd = ZINC_IOC_REGION_WAIT,
		.run = zinc_do_wait,
		.commit = zinc_commit_wait,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_SET_CURSOR)] = {
		.cmd = ZINC_IOC_REGION_SET_CURSOR,
		.run = zinc_do_set_cursor,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_UNLINK)] = {
		.cmd = ZINC_IOC_REGION_UNLINK,
		.run = zinc_do_unlink_handle,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_EXPORT)] = {
		.cmd = ZINC_IOC_REGION_EXPORT,
		.returns_fd = true,
		.run = zinc_do_export,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_NOTIFY_FENCE)] = {
		.cmd = ZINC_IOC_REGION_NOTIFY_FENCE,
		.run = zinc_do_notify_fence,
	},
	[ZINC_REGION_ROW(ZINC_IOC_REGION_REOPEN)] = {
		.cmd = ZINC_IOC_REGION_REOPEN,
		.returns_fd = true,
		.run = zinc_do_reopen,
	},
};

/*
 * zinc_run_command() for frequent commands: copies of a constant size cost a
 * fraction of copies of a variable size.
 */
static __always_inline int zinc_run_sized(const struct zinc_command *command,
					  struct file *file, void *args,
					  void __user *uarg, size_t size)
{
	struct zinc_call call = { .file = file, .arg = args };
	int err;

	if (copy_from_user(args, uarg, size))
		return -EFAULT;
	err = command->run(&call);
	if (err)
		return err;
	if (copy_to_user(uarg, args, size))
		return -EFAULT;
	return command->commit ? command->commit(&call) : 0;
}

static int zinc_run_notify(const struct zinc_command *command,
			   struct file *file, void __user *uarg)
{
	struct zinc_notify args;

	return zinc_run_sized(command, file, &args, uarg, sizeof(args));
}

static int zinc_run_wait(const struct zinc_command *command, struct file *file,
			 void __user *uarg)
{
	struct zinc_wait args;

	return zinc_run_sized(command, file, &args, uarg, sizeof(args));
}

static long zinc_region_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	const struct zinc_command *table = zinc_region_commands;
	void __user *uarg = (void __user *)arg;

	/* structs of another size take the common path */
	switch (cmd) {
	case ZINC_IOC_REGION_NOTIFY:
		return zinc_run_notify(&table[ZINC_REGION_ROW(ZINC_IOC_REGION_NOTIFY)],
				       file, uarg);
	case ZINC_IOC_REGION_WAIT:
		return zinc_run_wait(&table[ZINC_REGION_ROW(ZINC_IOC_REGION_WAIT)],
				     file, uarg);
	}
	return zinc_run_command(table, ZINC_REGION_FIRST,
				ARRAY_SIZE(zinc_region_commands), file, cmd,
				arg);
}

static __poll_t zinc_region_poll(struct file *file, poll_table *table)
{
	return zinc_notify_poll(file->private_data, file, table);
}

/*
 * Copy out the number of notifies since the cursor, unless it is zero. Each
 * notify is reported to one of concurrent readers, and a bad buffer loses none.
 */
static ssize_t zinc_read_events(struct zinc_handle *handle, struct iov_iter *to)
{
	u32 cursor, seq;
	u64 count;

	for (;;) {
		cursor = READ_ONCE(handle->cursor);
		seq = zinc_sequence(handle->region);
		count = (u32)(seq - cursor);
		if (!count)
			return 0;
		if (copy_to_iter(&count, sizeof(count), to) != sizeof(count))
			return -EFAULT;
		if (cmpxchg(&handle->cursor, cursor, seq) == cursor)
			return sizeof(count);
		iov_iter_revert(to, sizeof(count));
	}
}

static ssize_t zinc_region_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct zinc_handle *handle = file->private_data;
	bool nowait = file->f_flags & O_NONBLOCK ||
		      iocb->ki_flags & IOCB_NOWAIT;
	ssize_t taken;
	u32 seq;
	int err;

	if (iov_iter_count(to) < sizeof(u64))
		return -EINVAL;
	while (!(taken = zinc_read_events(handle, to))) {
		if (nowait)
			return -EAGAIN;
		err = zinc_wait(handle, READ_ONCE(handle->cursor), ZINC_DEADLINE_NEVER,
				false, &seq);
		if (err)
			return err;
	}
	return taken;
}

static const char *zinc_lifetime_name(unsigned int lifetime)
{
	static const char * const names[] = {
		[ZINC_LIFETIME_REFS] = "refs",
		[ZINC_LIFETIME_CREATOR] = "creator",
		[ZINC_LIFETIME_PERSIST] = "persist",
	};

	return names[lifetime];
}

static void zinc_region_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zinc_handle *handle = file->private_data;
	struct zinc_info info;

	zinc_region_info(handle->region, &info);
	seq_printf(m, "zinc-id:\t%llu\n", info.id);
	seq_printf(m, "zinc-name:\t%s\n", info.name);
	seq_printf(m, "zinc-capacity:\t%llu\n", info.capacity);
	seq_printf(m, "zinc-mode:\t%04o\n", info.mode);
	seq_printf(m, "zinc-lifetime:\t%s\n",
		   zinc_lifetime_name(info.lifetime));
	seq_printf(m, "zinc-handles:\t%u\n", info.handles);
	seq_printf(m, "zinc-waiters:\t%u\n", info.waiters);
	seq_printf(m, "zinc-sequence:\t%u\n", info.sequence);
	seq_printf(m, "zinc-cursor:\t%u\n", READ_ONCE(handle->cursor));
	seq_printf(m, "zinc-creator:\t%s\n", handle->creator ? "self" :
		   info.flags & ZINC_INFO_CREATOR_GONE ? "gone" : "other");
	seq_printf(m, "zinc-fences:\t%u\n", info.fences);
	zinc_dmabuf_show(m, handle->region, "zinc-attachment:\t", "\n");
	if (handle->region->import)
		seq_printf(m, "zinc-imported-from:\t%s\n",
			   handle->region->import->exp_name);
}

static const struct file_operations zinc_region_fops = {
	.owner = THIS_MODULE,
	.release = zinc_region_release,
	.unlocked_ioctl = zinc_region_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = zinc_region_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.poll = zinc_region_poll,
	.fasync = zinc_no_fasync,
	.read_iter = zinc_region_read,
	.show_fdinfo = zinc_region_show_fdinfo,
	.llseek = noop_llseek,
};
