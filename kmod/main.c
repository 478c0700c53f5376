// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/zinc: the module, the device and its commands.
 */
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "internal.h"
#include "compat.h"
#include "trace.h"

static u64 zinc_features(void)
{
	u64 features = ZINC_FEATURE_REGION | ZINC_FEATURE_WAIT_ANY |
		       ZINC_FEATURE_EXPORT | ZINC_FEATURE_IMPORT |
		       ZINC_FEATURE_RESERVE | ZINC_FEATURE_STAT |
		       ZINC_FEATURE_WAIT_GONE | ZINC_FEATURE_RELEASE |
		       ZINC_FEATURE_EXPORT_PART;

	if (IS_ENABLED(CONFIG_SYNC_FILE))
		features |= ZINC_FEATURE_FENCE;
	if (zinc_backing_huge_size())
		features |= ZINC_FEATURE_HUGE | ZINC_FEATURE_CONTIGUOUS;
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
	args->huge_size = zinc_backing_huge_size();
	zinc_user_query(current_fsuid(), args);
	return 0;
}

/* Check the name, and the fields whose values depend on it. */
static int zinc_check_naming(const u8 *name, u32 flags, u32 lifetime, u32 mode)
{
	if (mode & ~0666U || lifetime > ZINC_LIFETIME_PERSIST)
		return -EINVAL;
	if (name[0])
		return zinc_name_check(name);
	/* an anonymous region can neither lose nor replace a name */
	if (lifetime != ZINC_LIFETIME_REFS || flags & ZINC_REPLACE)
		return -EINVAL;
	return memchr_inv(name, 0, ZINC_NAME_SIZE) ? -EINVAL : 0;
}

static int zinc_check_create(const struct zinc_create *args)
{
	if (args->flags & ~(ZINC_LAZY | ZINC_REPLACE | ZINC_CONTIGUOUS) ||
	    args->pad)
		return -EINVAL;
	if (args->flags & ZINC_LAZY && args->flags & ZINC_CONTIGUOUS)
		return -EINVAL;
	if (!args->capacity || args->capacity > ZINC_CAPACITY_MAX ||
	    !PAGE_ALIGNED(args->capacity))
		return -EINVAL;
	return zinc_check_naming(args->name, args->flags, args->lifetime,
				 args->mode);
}

/* Return: the creator's handle of a new region; @args->id is set. */
static struct file *zinc_create(struct zinc_create *args,
				struct dma_buf *import)
{
	struct zinc_region *region;
	struct file *file;
	int err = 0;

	if (args->name[0])
		err = zinc_names_precheck(args->name,
					  args->flags & ZINC_REPLACE);
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

	err = zinc_check_create(args);
	if (err)
		return err;
	if (args->flags & ZINC_CONTIGUOUS && !zinc_backing_huge_size())
		return -EOPNOTSUPP;
	file = zinc_create(args, NULL);
	if (IS_ERR(file))
		return PTR_ERR(file);
	call->new_file = file;
	return 0;
}

/* From here on other processes can find the region. */
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

	return zinc_publish(call, args->flags & ZINC_REPLACE);
}

static int zinc_do_import(struct zinc_call *call)
{
	struct zinc_import *args = call->arg;
	struct zinc_create create = {
		.flags = args->flags,
		.lifetime = args->lifetime,
		.mode = args->mode,
	};
	struct dma_buf *dmabuf;
	struct file *file;
	int err;

	if (args->flags & ~ZINC_REPLACE)
		return -EINVAL;
	err = zinc_check_naming(args->name, args->flags, args->lifetime,
				args->mode);
	if (err)
		return err;
	memcpy(create.name, args->name, sizeof(create.name));
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

	return zinc_publish(call, args->flags & ZINC_REPLACE);
}

static int zinc_do_open(struct zinc_call *call)
{
	struct zinc_open *args = call->arg;
	bool rdonly = args->flags & ZINC_RDONLY;
	struct zinc_region *region;
	struct file *file;
	int err;

	if (args->flags & ~ZINC_RDONLY || args->pad)
		return -EINVAL;
	region = zinc_names_lookup(args->name);
	if (region == ERR_PTR(-ENOENT) && args->deadline)
		region = zinc_names_wait(args->name, args->deadline);
	if (IS_ERR(region))
		return PTR_ERR(region);

	err = zinc_region_permission(region, rdonly ? MAY_READ :
						      MAY_READ | MAY_WRITE);
	if (err)
		goto put;
	file = zinc_handle_open(region, rdonly, false);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto put;
	args->id = region->id;
	args->capacity = region->capacity;
	call->new_file = file;
put:
	zinc_region_put(region);
	return err;
}

static int zinc_do_unlink(struct zinc_call *call)
{
	struct zinc_unlink *args = call->arg;
	struct zinc_region *region;
	int err = 0;

	if (args->flags || args->pad)
		return -EINVAL;
	region = zinc_names_lookup(args->name);
	if (IS_ERR(region))
		return PTR_ERR(region);

	if (!zinc_region_may_unlink(region))
		err = -EPERM;
	else if (!zinc_names_remove(region))
		err = -ENOENT;
	zinc_region_put(region);
	return err;
}

static int zinc_check_list(const struct zinc_list *args)
{
	if (args->flags || args->pad)
		return -EINVAL;
	if (args->entry_size < ZINC_INFO_SIZE_V1 ||
	    args->entry_size > PAGE_SIZE)
		return -EINVAL;
	if (args->name[0])
		return zinc_name_check(args->name);
	return memchr_inv(args->name, 0, sizeof(args->name)) ? -EINVAL : 0;
}

/* Describe the region of the name, or the next one. Return: false if none. */
static bool zinc_list_next(const struct zinc_list *args, u64 *cursor,
			   struct zinc_info *info)
{
	if (args->name[0])
		return zinc_names_stat(args->name, cursor, info);
	return zinc_names_next(zinc_names_current(), cursor, info);
}

static int zinc_do_list(struct zinc_call *call)
{
	struct zinc_list *args = call->arg;
	u8 __user *to = u64_to_user_ptr(args->entries);
	u32 max = args->name[0] ? min(args->count, 1U) : args->count;
	struct zinc_info info = {};
	u64 cursor = args->cursor;
	u32 n;
	int err;

	err = zinc_check_list(args);
	if (err)
		return err;

	for (n = 0; n < max; n++, to += args->entry_size) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!zinc_list_next(args, &cursor, &info))
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

static const struct zinc_command zinc_device_commands[] = {
	[_IOC_NR(ZINC_IOC_QUERY)] = {
		.cmd = ZINC_IOC_QUERY,
		.run = zinc_do_query,
	},
	[_IOC_NR(ZINC_IOC_CREATE)] = {
		.cmd = ZINC_IOC_CREATE,
		.returns_fd = true,
		.run = zinc_do_create,
		.commit = zinc_commit_create,
	},
	[_IOC_NR(ZINC_IOC_OPEN)] = {
		.cmd = ZINC_IOC_OPEN,
		.returns_fd = true,
		.run = zinc_do_open,
	},
	[_IOC_NR(ZINC_IOC_UNLINK)] = {
		.cmd = ZINC_IOC_UNLINK,
		.run = zinc_do_unlink,
	},
	[_IOC_NR(ZINC_IOC_LIST)] = {
		.cmd = ZINC_IOC_LIST,
		.run = zinc_do_list,
	},
	[_IOC_NR(ZINC_IOC_WAIT_ANY)] = {
		.cmd = ZINC_IOC_WAIT_ANY,
		.run = zinc_do_wait_any,
		.commit = zinc_commit_wait_any,
	},
	[_IOC_NR(ZINC_IOC_IMPORT)] = {
		.cmd = ZINC_IOC_IMPORT,
		.returns_fd = true,
		.run = zinc_do_import,
		.commit = zinc_commit_import,
	},
	[_IOC_NR(ZINC_IOC_RESERVE)] = {
		.cmd = ZINC_IOC_RESERVE,
		.returns_fd = true,
		.run = zinc_do_reserve,
	},
	[_IOC_NR(ZINC_IOC_HOLDERS)] = {
		.cmd = ZINC_IOC_HOLDERS,
		.run = zinc_do_holders,
	},
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
	.fasync = zinc_no_fasync,
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
	zinc_check_caches();

	zinc_user_init();
	err = zinc_backing_init();
	if (err)
		return err;
	err = zinc_notify_start();
	if (err)
		goto err_backing;
	err = zinc_names_init();
	if (err)
		goto err_notify;
	zinc_debugfs_init();
	err = misc_register(&zinc_device);
	if (err)
		goto err_debugfs;
	return 0;

err_debugfs:
	zinc_debugfs_exit();
	zinc_names_exit();
err_notify:
	zinc_notify_stop();
err_backing:
	zinc_backing_exit();
	return err;
}

static void __exit zinc_exit(void)
{
	misc_deregister(&zinc_device);
	zinc_debugfs_exit();
	zinc_names_exit();
	zinc_notify_stop();
	zinc_backing_exit();
}

module_init(zinc_init);
module_exit(zinc_exit);

MODULE_DESCRIPTION("Named shared memory that devices can import and everyone can wait for");
MODULE_AUTHOR("The Zinc developers");
MODULE_VERSION("1.0.0");
MODULE_LICENSE("GPL");
