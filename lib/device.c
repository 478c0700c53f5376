// SPDX-License-Identifier: MIT
/*
 * The process's one descriptor of /dev/zinc: opened when first needed, never
 * closed, and checked at every use, since a program may close descriptors
 * that it does not know (daemons do) and get its own files in their place.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"

static int device_fd = -1;
static dev_t device_number;

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

	/* what can not be looked at is still open */
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
	err = zinc_ioctl(fd, ZINC_QUERY, &query);
	if (err)
		return err;
	if (query.abi_version != ZINC_ABI_VERSION ||
	    !(query.features & ZINC_FEATURE_REGION))
		return -EPROTO;
	__atomic_store_n(&device_number, st.st_rdev, __ATOMIC_RELAXED);
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
 * zinc_device_chosen() - the descriptor that zinc_device() has just returned
 *
 * For the same call of a user, so that it is not checked twice.
 *
 * Return: a descriptor.
 */
int zinc_device_chosen(void)
{
	return __atomic_load_n(&device_fd, __ATOMIC_ACQUIRE);
}

/**
 * zinc_device() - a descriptor of /dev/zinc
 *
 * Not to be closed. Of several threads that come first, one wins.
 *
 * Return: a descriptor; -ENOENT, -ENXIO or -ENODEV where there is no module;
 * -EACCES or -EPERM where it may not be used; -ENOTTY another device; -EPROTO
 * another version; -EMFILE, -ENFILE, -ENOMEM.
 */
int zinc_device(void)
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
