// SPDX-License-Identifier: GPL-2.0-only
/*
 * The common path of every ioctl: find the command, copy its struct in and out,
 * install the new descriptor.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "internal.h"

/* Room for the struct of any command; it is copied to the stack. */
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

	if (_IOC_TYPE(cmd) != ZINC_IOCTL_TYPE || index >= count)
		return NULL;
	table += array_index_nospec(index, count);
	if (!table->run || _IOC_DIR(cmd) != _IOC_DIR(table->cmd))
		return NULL;
	/* a command without a struct has no other size */
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
 * zinc_copy_struct() - copy a struct out at the caller's size
 * @to: user space
 * @to_size: size of the struct there: it is truncated or extended with zeros
 * @from: the struct
 * @from_size: size of the struct as this module knows it
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
 * zinc_call_get_fd() - reserve a descriptor number
 * @call: call of a command that returns a descriptor
 *
 * A command calls this if it must not take effect without a descriptor. For the
 * others zinc_run_command() does.
 *
 * Return: 0, or -EMFILE, -ENOMEM.
 */
int zinc_call_get_fd(struct zinc_call *call)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	call->fd = fd;
	return 0;
}

/**
 * zinc_call_put_fd() - give the descriptor number back
 * @call: call after zinc_call_get_fd()
 *
 * zinc_run_command() takes another number at the end.
 */
void zinc_call_put_fd(struct zinc_call *call)
{
	put_unused_fd(call->fd);
	call->fd = -1;
}

/**
 * zinc_run_command() - run an ioctl by a table of commands
 * @table: commands
 * @first: _IOC_NR of the first command
 * @count: number of commands
 * @file: file of the ioctl
 * @cmd: command of the ioctl
 * @arg: argument of the ioctl, a user pointer
 *
 * Copies the struct in, once, and out. The commit follows, since it makes the
 * command visible to other processes. The number of a new descriptor is taken
 * after the command has run, which may take long, unless the command has taken
 * it. The descriptor is installed after everything that can fail.
 *
 * Return: 0, or an fd, or -ENOTTY, -EFAULT, -E2BIG, -EMFILE, -ENOMEM, -EINVAL
 * for an argument of a command without a struct, or the command's error.
 */
long zinc_run_command(const struct zinc_command *table, unsigned int first,
		      unsigned int count, struct file *file, unsigned int cmd,
		      unsigned long arg)
{
	const struct zinc_command *command;
	void __user *uarg = (void __user *)arg;
	/* zinc_copy_in() sets the struct; the rest is not read */
	union zinc_arg karg __uninitialized;
	struct zinc_call call = { .file = file, .arg = &karg, .fd = -1 };
	int err;

	command = zinc_find_command(table, first, count, cmd);
	if (!command)
		return -ENOTTY;
	err = zinc_copy_in(command, cmd, &karg, uarg);
	if (err)
		return err;

	err = command->run(&call);
	if (err)
		goto err_fd;
	if (command->returns_fd && call.fd < 0)
		err = zinc_call_get_fd(&call);
	if (!err)
		err = zinc_copy_out(command, cmd, &karg, uarg);
	if (!err && command->commit)
		err = command->commit(&call);
	if (call.other)
		fput(call.other);
	if (err)
		goto err_file;
	if (!command->returns_fd)
		return 0;
	fd_install(call.fd, call.new_file);
	return call.fd;

err_file:
	if (command->returns_fd)
		fput(call.new_file);
err_fd:
	if (call.fd >= 0)
		zinc_call_put_fd(&call);
	return err;
}

/**
 * zinc_no_fasync() - ->fasync of all files of the module
 * @fd: descriptor of the file, or -1
 * @file: file
 * @on: signals are enabled; otherwise disabled
 *
 * Without it O_ASYNC would be accepted and never send a signal. O_ASYNC may
 * have been an open flag of the device, so that it can be cleared.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int zinc_no_fasync(int fd, struct file *file, int on)
{
	return on ? -EOPNOTSUPP : 0;
}
