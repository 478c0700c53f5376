// SPDX-License-Identifier: MIT
/*
 * Pixel formats.
 */
#include <string.h>

#include <drm_fourcc.h>

#include "objects.h"

static const struct {
	uint32_t format;
	int32_t bytes;
} formats[] = {
	{ DRM_FORMAT_C8, 1 }, { DRM_FORMAT_R8, 1 },
	{ DRM_FORMAT_RGB565, 2 }, { DRM_FORMAT_BGR565, 2 },
	{ DRM_FORMAT_XRGB1555, 2 }, { DRM_FORMAT_ARGB1555, 2 },
	{ DRM_FORMAT_RGB888, 3 }, { DRM_FORMAT_BGR888, 3 },
	{ DRM_FORMAT_XRGB8888, 4 }, { DRM_FORMAT_ARGB8888, 4 },
	{ DRM_FORMAT_XBGR8888, 4 }, { DRM_FORMAT_ABGR8888, 4 },
	{ DRM_FORMAT_RGBX8888, 4 }, { DRM_FORMAT_RGBA8888, 4 },
	{ DRM_FORMAT_BGRX8888, 4 }, { DRM_FORMAT_BGRA8888, 4 },
	{ DRM_FORMAT_XRGB2101010, 4 }, { DRM_FORMAT_ARGB2101010, 4 },
	{ DRM_FORMAT_XBGR2101010, 4 }, { DRM_FORMAT_ABGR2101010, 4 },
};

uint32_t zinc_drm_format(const char *name)
{
	const unsigned char *c = (const unsigned char *)name;

	if (!name || strlen(name) != 4)
		return 0;
	return fourcc_code(c[0], c[1], c[2], c[3]);
}

int32_t zinc_drm_bytes_per_pixel(uint32_t format)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].format == format)
			return formats[i].bytes;
	}
	return -EINVAL;
}
