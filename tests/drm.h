/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for DRM drivers and for dma-bufs in general, on raw ioctls: devices
 * by their driver's name, buffers, PRIME, and vgem's fences.
 *
 * Include it after abi.h.
 */
#ifndef DRM_H
#define DRM_H

#include <sys/stat.h>
#include <sys/mman.h>

#include <libdrm/drm.h>

#include "vgem.h"

#define DRM_CARDS	16
#define BUFINFO		"/sys/kernel/debug/dma_buf/bufinfo"

/* ---- devices ---- */

/* "cirrus" is "cirrus-qemu" on newer kernels, as is its module */
static inline bool drm_is(int fd, const char *driver)
{
	char name[32] = { 0 };
	struct drm_version v = { .name = name, .name_len = sizeof(name) - 1 };

	return !ioctl(fd, DRM_IOCTL_VERSION, &v) &&
	       !strncmp(name, driver, strlen(driver));
}

static inline int drm_find(const char *driver)
{
	char path[32];
	int i, fd;

	for (i = 0; i < DRM_CARDS; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && drm_is(fd, driver))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* Quietly: whether the module is of use is seen by what it does */
static inline void modprobe(const char *module)
{
	pid_t pid = spawn();

	if (!pid) {
		close(STDERR_FILENO);
		execlp("modprobe", "modprobe", "-q", module, NULL);
		_exit(1);
	}
	reap(pid);
}

/* The first device of @driver; -ENODEV */
static inline int drm_open(const char *driver)
{
	char other[32];
	int fd = drm_find(driver);

	if (fd >= 0 || geteuid())
		return fd;
	snprintf(other, sizeof(other), "%s-qemu", driver);
	modprobe(driver);
	modprobe(other);
	return drm_find(driver);
}

/* ---- buffers ---- */

static inline long drm_call(int drm, unsigned long cmd, void *arg)
{
	int ret;

	do {
		ret = ioctl(drm, cmd, arg);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : ret;
}

/* The handle of a new buffer of @size bytes, whole pages; 0: there is none */
static inline __u32 drm_create(int drm, size_t size)
{
	struct drm_mode_create_dumb arg = {
		.width = PAGE / 4,
		.height = size / PAGE,
		.bpp = 32,
	};

	if (drm_call(drm, DRM_IOCTL_MODE_CREATE_DUMB, &arg))
		return 0;
	return arg.size == size ? arg.handle : 0;
}

static inline long drm_close(int drm, __u32 handle)
{
	struct drm_gem_close arg = { .handle = handle };

	return drm_call(drm, DRM_IOCTL_GEM_CLOSE, &arg);
}

/* @flags: DRM_RDWR or nothing. A dma-buf, -errno */
static inline int drm_export(int drm, __u32 handle, __u32 flags)
{
	struct drm_prime_handle arg = {
		.handle = handle,
		.flags = DRM_CLOEXEC | flags,
		.fd = -1,
	};
	long err = drm_call(drm, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg);

	return err ?: arg.fd;
}

/* 0, and a handle; -errno */
static inline long drm_import(int drm, int dmabuf, __u32 *handle)
{
	struct drm_prime_handle arg = { .fd = dmabuf };
	long err = drm_call(drm, DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);

	*handle = arg.handle;
	return err;
}

/* The driver's own mapping of a buffer; NULL: errno says why */
static inline void *drm_map(int drm, __u32 handle, size_t size)
{
	struct drm_mode_map_dumb arg = { .handle = handle };
	void *p;

	if (drm_call(drm, DRM_IOCTL_MODE_MAP_DUMB, &arg))
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, drm,
		 arg.offset);
	return p == MAP_FAILED ? NULL : p;
}

/* ---- vgem's fences ---- */

/* Pretend to write to the buffer from now on; the fence's number, -errno */
static inline int vgem_begin(int vgem, __u32 handle)
{
	struct vgem_attach arg = { .handle = handle, .flags = VGEM_WRITE };
	long err = drm_call(vgem, VGEM_ATTACH, &arg);

	return err ?: (int)arg.fence;
}

/* 0; -ETIMEDOUT: it had signalled by itself */
static inline long vgem_end(int vgem, __u32 fence)
{
	struct vgem_signal arg = { .fence = fence };

	return drm_call(vgem, VGEM_SIGNAL, &arg);
}

/* ---- dma-bufs ---- */

/* The identity of a buffer, regardless of the descriptor */
static inline ino_t buffer_id(int dmabuf)
{
	struct stat st;

	return fstat(dmabuf, &st) ? 0 : st.st_ino;
}

static inline void *map_buffer(int dmabuf, size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, dmabuf, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* The number of dma-bufs of one exporter in all processes; -1: unknown */
static inline long count_buffers(const char *exporter)
{
	const char *at = file_text(BUFINFO);
	char column[32];
	long count = *at ? 0 : -1;

	snprintf(column, sizeof(column), "\t%s\t", exporter);
	while ((at = strstr(at, column))) {
		at += strlen(column);
		count++;
	}
	return count;
}

#endif /* DRM_H */
