// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of the kernel that need no hardware: vgem, which imports and exports
 * dma-bufs and pretends to work on them, and sw_sync, whose fences signal when
 * they are told to. Each is a descriptor in a slot, and goes with it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libdrm/drm.h>
#include <linux/dma-buf.h>

#include "../sw_sync.h"
#include "execute.h"
#include "program.h"

#define CARDS	4

/* The pending work of the dma-buf, as a sync_file */
long run_fence_out(const struct op *op, const struct call *c)
{
	struct dma_buf_export_sync_file arg = { .flags = c->arg[2] };

	(void)op;
	if (ioctl(fd_of(c->arg[0]), DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg))
		return -1;
	store_fd(c->arg[1], arg.fd);
	return 0;
}

long run_timeline(const struct op *op, const struct call *c)
{
	int fd = open(SW_SYNC, O_RDWR | O_CLOEXEC);

	(void)op;
	store_fd(c->arg[0], fd);
	return fd;
}

long run_fence(const struct op *op, const struct call *c)
{
	int fd = sw_sync_fence(fd_of(c->arg[0]), c->arg[2]);

	(void)op;
	store_fd(c->arg[1], fd);
	return fd;
}

long run_advance(const struct op *op, const struct call *c)
{
	(void)op;
	return sw_sync_advance(fd_of(c->arg[0]), c->arg[1]);
}

static bool is_vgem(int fd)
{
	char name[8] = "";
	struct drm_version v = { .name = name, .name_len = sizeof(name) - 1 };

	return !ioctl(fd, DRM_IOCTL_VERSION, &v) && !strcmp(name, "vgem");
}

static int open_vgem(void)
{
	char path[32];
	int i, fd;

	for (i = 0; i < CARDS; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_vgem(fd))
			return fd;
		close(fd);
	}
	return -1;
}

long run_card(const struct op *op, const struct call *c)
{
	int fd = open_vgem();

	(void)op;
	store_fd(c->arg[0], fd);
	return fd;
}

/* The card imports the dma-buf, and so attaches to it */
long run_attach(const struct op *op, const struct call *c)
{
	struct drm_prime_handle arg = { .fd = fd_of(c->arg[1]) };

	(void)op;
	return ioctl(fd_of(c->arg[0]), DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);
}

/* A buffer of the card's own, as a dma-buf */
long run_buffer(const struct op *op, const struct call *c)
{
	struct drm_mode_create_dumb dumb = {
		.width = PAGE / 4,
		.height = c->arg[2] % 64,
		.bpp = 32,
	};
	struct drm_prime_handle arg = { .flags = DRM_CLOEXEC | DRM_RDWR };
	int card = fd_of(c->arg[0]);

	(void)op;
	if (ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
		return -1;
	arg.handle = dumb.handle;
	if (ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg))
		return -1;
	store_fd(c->arg[1], arg.fd);
	return 0;
}
