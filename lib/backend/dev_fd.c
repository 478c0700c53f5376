// SPDX-License-Identifier: MIT
/*
 * The process's descriptor of /dev/zinc. It is opened when first needed, never
 * closed, and checked at every use: a program may close descriptors that it does
 * not know, as daemons do, and then open other files with the same number.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"

static int device_fd = -1;
static dev_t device_number;
static size_t huge_size;

/**
 * zinc_ioctl() - ioctl() that returns its error and leaves errno alone
 * @fd: descriptor
 * @command: ZINC_*
 * @argument: its struct, or NULL
 *
 * Return: what the ioctl does, or a negative errno.
 */
int zinc_ioctl(int fd, unsigned long command, void *argument)
{
	int saved = errno;
	int ret = ioctl(fd, command, argument);

	if (ret < 0)
		ret = -errno;
	errno = saved;
	return ret;
}

static bool is_device(int fd)
{
	struct stat st;

	/* what cannot be looked at is still open */
	if (fstat(fd, &st))
		return errno != EBADF;
	return S_ISCHR(st.st_mode) &&
	       st.st_rdev == __atomic_load_n(&device_number, __ATOMIC_RELAXED);
}

static int device_check(int fd)
{
	struct zinc_query query = {};
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	err = zinc_ioctl(fd, ZINC_IOC_QUERY, &query);
	if (err)
		return err;
	if (query.abi_version != ZINC_ABI_VERSION ||
	    !(query.features & ZINC_FEATURE_REGION))
		return -EPROTO;
	__atomic_store_n(&device_number, st.st_rdev, __ATOMIC_RELAXED);
	__atomic_store_n(&huge_size, (size_t)query.huge_size, __ATOMIC_RELAXED);
	return 0;
}

static int device_open(void)
{
	int fd;
	int err;

	do {
		fd = open(ZINC_DEVICE_PATH, O_RDWR | O_CLOEXEC | O_NOCTTY);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	err = device_check(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/**
 * zinc_dev_opens() - check whether the device can be opened
 *
 * Permission to open it is one thing: Landlock, a seccomp filter or another
 * security module may refuse the ioctls of what has been opened.
 */
bool zinc_dev_opens(void)
{
	int saved = errno;
	int fd = open(ZINC_DEVICE_PATH, O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	errno = saved;
	return fd >= 0;
}

/**
 * zinc_dev_huge_size() - read the kernel's huge page size
 *
 * Return: bytes; 0 if regions get no huge pages, the module is older than that
 * field, or it has not been queried.
 */
size_t zinc_dev_huge_size(void)
{
	return __atomic_load_n(&huge_size, __ATOMIC_RELAXED);
}

/**
 * zinc_dev_fd() - a descriptor of /dev/zinc
 *
 * The caller does not close it. If several threads call first, they get the
 * same descriptor.
 *
 * Return: a descriptor; -ENOENT, -ENXIO or -ENODEV if there is no module;
 * -EACCES or -EPERM if this process may not use it; -ENOTTY another device;
 * -EPROTO another version; -EMFILE, -ENFILE, -ENOMEM.
 */
int zinc_dev_fd(void)
{
	int cached = __atomic_load_n(&device_fd, __ATOMIC_ACQUIRE);
	int fd;

	for (;;) {
		if (cached >= 0 && is_device(cached))
			return cached;
		fd = device_open();
		if (fd < 0)
			return fd;
		if (__atomic_compare_exchange_n(&device_fd, &cached, fd, false,
						__ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return fd;
		close(fd);
	}
}
