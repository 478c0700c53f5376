/* SPDX-License-Identifier: MIT */
/*
 * libzinc-drm: internal objects and functions.
 */
#ifndef ZINC_DRM_OBJECTS_H
#define ZINC_DRM_OBJECTS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "zinc-drm.h"

/* Sizes of the public structs' first versions; they only grow. */
#define ZINC_DRM_PICTURE_SIZE_V1	32
#define ZINC_DRM_CHOICE_SIZE_V1		(8 + 2 * sizeof(void *))
#define ZINC_DRM_STRUCT_SIZE_MAX	4096

/**
 * struct zinc_drm_buffer - a region in a device
 * @fd: the device, the caller's
 * @handle: GEM handle
 * @capacity: bytes
 */
struct zinc_drm_buffer {
	int fd;
	uint32_t handle;
	uint64_t capacity;
};

/**
 * struct zinc_drm_framebuffer - a picture in a buffer
 * @fd: the device
 * @id: KMS object
 * @width: pixels
 * @height: pixels
 */
struct zinc_drm_framebuffer {
	int fd;
	uint32_t id;
	uint32_t width;
	uint32_t height;
};

/**
 * struct zinc_drm_output - a display that shows a framebuffer
 * @fd: the device
 * @connector: its id
 * @crtc: its id
 * @mode: its mode
 * @former: previous state of the CRTC
 * @former_connectors: connectors that it drove then
 * @former_count: their number
 * @name: the connector's
 */
struct zinc_drm_output {
	int fd;
	uint32_t connector;
	uint32_t crtc;
	drmModeModeInfo mode;
	drmModeCrtc *former;
	uint32_t *former_connectors;
	int former_count;
	char name[32];
};

/* libdrm's functions return -1 or a negative errno, and always set errno. */
static inline int zinc_drm_result(int ret)
{
	return ret < 0 ? -errno : 0;
}

int zinc_drm_copy_options(void *known, uint32_t known_size, uint32_t size_v1,
			  const void *from);

#endif /* ZINC_DRM_OBJECTS_H */
