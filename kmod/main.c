// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/zinc: the module, the device and its commands.
 */
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "zinc.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* The largest struct of any command; they are all copied to the stack. */
union zinc_arg {
	struct zinc_query query;
	struct zinc_create create;
	struct zinc_open open;
	struct zinc_unlink unlink;
	struct zinc_list list;
	struct zinc_wait_any wait_any;
	struct zinc_import import;
	struct zinc_reserve reserve;
	struct zinc_holders holders;
	struct zinc_info info;
	struct zinc_notify notify;
	struct zinc_wait wait;
	struct zinc_cursor cursor;
	struct zinc_reopen reopen;
	struct zinc_export export;
	struct zinc_notify_fence notify_fence;
	struct zinc_reservation_info reservation_info;
};

static const struct zinc_command *
zinc_find_command(const struct zinc_command *table, unsigned int first,
		  unsigned int count, unsigned int cmd)
{
	unsigned int index = _IOC_NR(cmd) - first;

	if (_IOC_TYPE(cmd) != ZINC_IOC_TYPE || index >= count)
		return NULL;
	table += array_index_nospec(index, count);
	if (!table->run || _IOC_DIR(cmd) != _IOC_DIR(table->cmd))
		return NULL;
	/* only a struct may be of another size */
	if (_IOC_DIR(cmd) == _IOC_NONE && cmd != table->cmd)
		return NULL;
	return table;
}

static int zinc_copy_in(const struct zinc_command *command, unsigned int cmd,
			void *karg, const void __user *uarg)
{
	size_t size = _IOC_SIZE(command->cmd);

	if (_IOC_DIR(cmd) == _IOC_NONE)
		return uarg ? -EINVAL : 0;
	if (_IOC_DIR(cmd) & _IOC_WRITE)
		return copy_struct_from_user(karg, size, uarg, _IOC_SIZE(cmd));
	memset(karg, 0, size);
	return 0;
}

/**
 * zinc_copy_struct() - a struct, as long as the caller wants it
 * @to: where, in user space
 * @to_size: as long: it is cut, or gets a tail of zeros
 * @from: the struct
 * @from_size: as this module knows it
 *
 * Return: 0, or -EFAULT.
 */
int zinc_copy_struct(void __user *to, size_t to_size, const void *from,
		     size_t from_size)
{
	size_t known = min(to_size, from_size);

	if (copy_to_user(to, from, known))
		return -EFAULT;
	if (to_size == known)
		return 0;
	return clear_user(to + known, to_size - known) ? -EFAULT : 0;
}

static int zinc_copy_out(const struct zinc_command *command, unsigned int cmd,
			 const void *karg, void __user *uarg)
{
	if (!(_IOC_DIR(cmd) & _IOC_READ))
		return 0;
	return zinc_copy_struct(uarg, _IOC_SIZE(cmd), karg,
				_IOC_SIZE(command->cmd));
}

/**
 * zinc_run_command() - the frame of every ioctl
 * @table: commands
 * @first: _IOC_NR of the first
 * @count: how many
 * @file: of the ioctl
 * @cmd: of the ioctl
 * @arg: of the ioctl, a user pointer
 *
 * Copies the struct in, once, and out; what others will see of the command
 * comes after that. A new fd is reserved before the command runs and installed
 * after everything that can fail.
 *
 * Return: 0, or an fd, or -ENOTTY, -EFAULT, -E2BIG, -EMFILE, or what the
 * command says.
 */
long zinc_run_command(const struct zinc_command *table, unsigned int first,
		      unsigned int count, struct file *file, unsigned int cmd,
		      unsigned long arg)
{
	const struct zinc_command *command;
	void __user *uarg = (void __user *)arg;
	/* as much of it as the command has is set by zinc_copy_in() */
	union zinc_arg karg __uninitialized;
	struct zinc_call call = { .file = file, .arg = &karg };
	int fd = 0;
	int err;

	command = zinc_find_command(table, first, count, cmd);
	if (!command)
		return -ENOTTY;
	err = zinc_copy_in(command, cmd, &karg, uarg);
	if (err)
		return err;

	if (command->new_fd) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0)
			return fd;
	}
	err = command->run(&call);
	if (err)
		goto err_fd;
	err = zinc_copy_out(command, cmd, &karg, uarg);
	if (!err && command->commit)
		err = command->commit(&call);
	if (call.other)
		fput(call.other);
	if (err)
		goto err_file;
	if (command->new_fd)
		fd_install(fd, call.new_file);
	return fd;

err_file:
	if (command->new_fd)
		fput(call.new_file);
err_fd:
	if (command->new_fd)
		put_unused_fd(fd);
	return err;
}

static u64 zinc_features(void)
{
	u64 features = ZINC_FEATURE_REGION | ZINC_FEATURE_WAIT_ANY |
		       ZINC_FEATURE_EXPORT | ZINC_FEATURE_IMPORT |
		       ZINC_FEATURE_FENCE | ZINC_FEATURE_RESERVE;

	if (zinc_backing_is_huge())
		features |= ZINC_FEATURE_HUGE;
	return features;
}

static int zinc_do_query(struct zinc_call *call)
{
	struct zinc_query *args = call->arg;

	if (args->flags || args->pad)
		return -EINVAL;
	args->abi_version = ZINC_ABI_VERSION;
	args->features = zinc_features();
	args->page_size = PAGE_SIZE;
	zinc_user_query(current_fsuid(), args);
	return 0;
}

static int zinc_check_create(const struct zinc_create *args)
{
	if (args->mode & ~0666U || args->pad)
		return -EINVAL;
	if (!args->capacity || args->capacity > ZINC_CAPACITY_MAX ||
	    !PAGE_ALIGNED(args->capacity))
		return -EINVAL;
	if (args->lifetime > ZINC_LIFETIME_PERSIST)
		return -EINVAL;
	if (args->name[0])
		return zinc_name_check(args->name);
	/* what has no name can neither lose nor replace one */
	if (args->lifetime != ZINC_LIFETIME_REFS ||
	    args->flags & ZINC_CREATE_REPLACE)
		return -EINVAL;
	return memchr_inv(args->name, 0, sizeof(args->name)) ? -EINVAL : 0;
}

/* A new region and the creator's handle; sets @args->id. */
static struct file *zinc_create(struct zinc_create *args,
				struct dma_buf *import)
{
	struct zinc_region *region;
	struct file *file;
	int err = 0;

	if (args->name[0])
		err = zinc_names_precheck(args->name,
					  args->flags & ZINC_CREATE_REPLACE);
	if (err)
		return ERR_PTR(err);
	region = zinc_region_create(args, import);
	if (IS_ERR(region))
		return ERR_CAST(region);
	file = zinc_handle_open(region, false, true);
	if (!IS_ERR(file))
		args->id = region->id;
	zinc_region_put(region);
	return file;
}

static int zinc_do_create(struct zinc_call *call)
{
	struct zinc_create *args = call->arg;
	struct file *file;
	int err;

	if (args->flags & ~(ZINC_CREATE_LAZY | ZINC_CREATE_REPLACE))
		return -EINVAL;
	err = zinc_check_create(args);
	if (err)
		return err;
	file = zinc_create(args, NULL);
	if (IS_ERR(file))
		return PTR_ERR(file);
	call->new_file = file;
	return 0;
}

/* From here on others may find it. */
static int zinc_publish(struct zinc_call *call, bool replace)
{
	struct zinc_region *region = zinc_handle_of(call->new_file)->region;
	int err;

	err = zinc_names_insert(region, replace);
	if (!err)
		trace_zinc_create(region);
	return err;
}

static int zinc_commit_create(struct zinc_call *call)
{
	struct zinc_create *args = call->arg;

	return zinc_publish(call, args->flags & ZINC_CREATE_REPLACE);
}

static int zinc_do_import(struct zinc_call *call)
{
	struct zinc_import *args = call->arg;
	struct zinc_create create = {
		.capacity = PAGE_SIZE,	/* the buffer's is asked for below */
		.flags = args->flags,
		.lifetime = args->lifetime,
		.mode = args->mode,
	};
	struct dma_buf *dmabuf;
	struct file *file;
	int err;

	if (args->flags & ~ZINC_CREATE_REPLACE)
		return -EINVAL;
	memcpy(create.name, args->name, sizeof(create.name));
	err = zinc_check_create(&create);
	if (err)
		return err;
	dmabuf = zinc_import_get(args->dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	create.capacity = dmabuf->size;
	file = zinc_create(&create, dmabuf);
	dma_buf_put(dmabuf);
	if (IS_ERR(file))
		return PTR_ERR(file);
	args->id = create.id;
	args->capacity = create.capacity;
	call->new_file = file;
	return 0;
}

static int zinc_commit_import(struct zinc_call *call)
{
	struct zinc_import *args = call->arg;

	return zinc_publish(call, args->flags & ZINC_CREATE_REPLACE);
}

static int zinc_do_open(struct zinc_call *call)
{
	struct zinc_open *args = call->arg;
	bool rdonly = args->flags & ZINC_OPEN_RDONLY;
	struct zinc_region *region;
	struct file *file;
	int err;

	if (args->flags & ~ZINC_OPEN_RDONLY || args->pad)
		return -EINVAL;
	err = zinc_name_check(args->name);
	if (err)
		return err;
	region = zinc_names_find(args->name);
	if (!region)
		return -ENOENT;

	file = ERR_PTR(-EACCES);
	if (zinc_region_may(region, rdonly ? MAY_READ : MAY_READ | MAY_WRITE))
		file = zinc_handle_open(region, rdonly, false);
	if (IS_ERR(file)) {
		zinc_region_put(region);
		return PTR_ERR(file);
	}
	args->id = region->id;
	args->capacity = region->capacity;
	zinc_region_put(region);
	call->new_file = file;
	return 0;
}

static int zinc_do_unlink(struct zinc_call *call)
{
	struct zinc_unlink *args = call->arg;
	struct zinc_region *region;
	int err;

	if (args->flags || args->pad)
		return -EINVAL;
	err = zinc_name_check(args->name);
	if (err)
		return err;
	region = zinc_names_find(args->name);
	if (!region)
		return -ENOENT;

	err = -EPERM;
	if (zinc_region_may_unlink(region))
		err = zinc_names_remove(region) ? 0 : -ENOENT;
	zinc_region_put(region);
	return err;
}

static int zinc_do_list(struct zinc_call *call)
{
	struct zinc_list *args = call->arg;
	u8 __user *to = u64_to_user_ptr(args->entries);
	struct zinc_names *names = zinc_names_current();
	struct zinc_info info = {};
	u64 cursor = args->cursor;
	u32 n;
	int err;

	if (args->flags || args->pad)
		return -EINVAL;
	if (args->entry_size < ZINC_INFO_SIZE_V1 ||
	    args->entry_size > PAGE_SIZE)
		return -EINVAL;

	for (n = 0; n < args->count; n++, to += args->entry_size) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!zinc_names_next(names, &cursor, &info))
			break;
		err = zinc_copy_struct(to, args->entry_size, &info,
				       sizeof(info));
		if (err)
			return err;
	}
	args->cursor = cursor;
	args->count = n;
	return 0;
}

static int zinc_do_wait_any(struct zinc_call *call)
{
	struct zinc_wait_any *args = call->arg;
	struct zinc_wait_item __user *uitems = u64_to_user_ptr(args->items);
	struct zinc_wait_item *items;
	int err;

	if (args->flags || args->pad)
		return -EINVAL;
	if (!args->count || args->count > ZINC_WAIT_ANY_MAX)
		return -EINVAL;
	items = memdup_user(uitems, args->count * sizeof(*items));
	if (IS_ERR(items))
		return PTR_ERR(items);

	err = zinc_wait_any(items, args->count, args->deadline, &args->index,
			    &call->other);
	if (err)
		goto free;
	call->cursor = items[args->index].cursor;
	if (put_user(call->cursor, &uitems[args->index].cursor)) {
		fput(call->other);
		err = -EFAULT;
	}
free:
	kfree(items);
	return err;
}

/* What the caller could not be told of stays pending. */
static int zinc_commit_wait_any(struct zinc_call *call)
{
	WRITE_ONCE(zinc_handle_of(call->other)->cursor, call->cursor);
	return 0;
}

static const struct zinc_command zinc_device_commands[] = {
	[_IOC_NR(ZINC_QUERY)] = { ZINC_QUERY, false, zinc_do_query },
	[_IOC_NR(ZINC_CREATE)] = {
		ZINC_CREATE, true, zinc_do_create, zinc_commit_create },
	[_IOC_NR(ZINC_OPEN)] = { ZINC_OPEN, true, zinc_do_open },
	[_IOC_NR(ZINC_UNLINK)] = { ZINC_UNLINK, false, zinc_do_unlink },
	[_IOC_NR(ZINC_LIST)] = { ZINC_LIST, false, zinc_do_list },
	[_IOC_NR(ZINC_WAIT_ANY)] = {
		ZINC_WAIT_ANY, false, zinc_do_wait_any, zinc_commit_wait_any },
	[_IOC_NR(ZINC_IMPORT)] = {
		ZINC_IMPORT, true, zinc_do_import, zinc_commit_import },
	[_IOC_NR(ZINC_RESERVE)] = { ZINC_RESERVE, true, zinc_do_reserve },
	[_IOC_NR(ZINC_HOLDERS)] = { ZINC_HOLDERS, false, zinc_do_holders },
};

static long zinc_device_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	return zinc_run_command(zinc_device_commands, 0,
				ARRAY_SIZE(zinc_device_commands), file, cmd,
				arg);
}

static const struct file_operations zinc_device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = zinc_device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice zinc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zinc",
	.fops = &zinc_device_fops,
};

static int __init zinc_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct zinc_header) != ZINC_HEADER_SIZE);
	BUILD_BUG_ON(offsetofend(struct zinc_info, name) != ZINC_INFO_SIZE_V1);
	BUILD_BUG_ON(offsetofend(struct zinc_holder, device) !=
		     ZINC_HOLDER_SIZE_V1);

	zinc_user_init();
	err = zinc_backing_init();
	if (err)
		return err;
	err = zinc_fence_init();
	if (err)
		goto err_backing;
	err = zinc_names_init();
	if (err)
		goto err_fence;
	zinc_debugfs_init();
	err = misc_register(&zinc_device);
	if (err)
		goto err_debugfs;
	return 0;

err_debugfs:
	zinc_debugfs_exit();
	zinc_names_exit();
err_fence:
	zinc_fence_exit();
err_backing:
	zinc_backing_exit();
	return err;
}

static void __exit zinc_exit(void)
{
	misc_deregister(&zinc_device);
	zinc_debugfs_exit();
	zinc_names_exit();
	zinc_fence_exit();
	zinc_backing_exit();
}

module_init(zinc_init);
module_exit(zinc_exit);

MODULE_DESCRIPTION("Named shared memory that devices can import and everyone can wait for");
MODULE_AUTHOR("The Zinc developers");
MODULE_VERSION("1.0.0");
MODULE_LICENSE("GPL");
