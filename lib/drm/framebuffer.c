// SPDX-License-Identifier: MIT
/*
 * Buffers as framebuffers.
 */
#include <assert.h>
#include <stdlib.h>

#include "objects.h"

static_assert(sizeof(struct zinc_drm_picture) == ZINC_DRM_PICTURE_SIZE_V1,
	      "zinc_drm_copy_options() has to accept a shorter picture now");

/* Fill in the stride; does all of it lie in the buffer? */
static int measure(struct zinc_drm_picture *picture, uint64_t capacity)
{
	int32_t bytes = zinc_drm_bytes_per_pixel(picture->format);
	uint64_t line;
	uint64_t length;

	if (!picture->width || !picture->height || picture->reserved)
		return -EINVAL;
	if (bytes < 0) {
		/* the driver may know the format, and checks it then */
		if (!picture->stride)
			return -EINVAL;
		bytes = 0;
	}
	line = (uint64_t)picture->width * bytes;
	if (!picture->stride)
		picture->stride = line <= UINT32_MAX ? line : 0;
	if (picture->stride < line || picture->offset > UINT32_MAX)
		return -ERANGE;
	length = (picture->height - 1ULL) * picture->stride + line;
	if (picture->offset > capacity || length > capacity - picture->offset)
		return -ERANGE;
	return 0;
}

static int add(const struct zinc_drm_buffer *buffer,
	       const struct zinc_drm_picture *picture, uint32_t *id)
{
	uint32_t handles[4] = { buffer->handle };
	uint32_t strides[4] = { picture->stride };
	uint32_t offsets[4] = { (uint32_t)picture->offset };

	return zinc_drm_result(drmModeAddFB2(buffer->fd, picture->width,
					     picture->height, picture->format,
					     handles, strides, offsets, id, 0));
}

int32_t zinc_drm_add_framebuffer(struct zinc_drm_buffer *buffer,
				 const struct zinc_drm_picture *picture,
				 struct zinc_drm_framebuffer **out)
{
	struct zinc_drm_framebuffer *framebuffer;
	struct zinc_drm_picture known;
	int err;

	if (!out)
		return -EINVAL;
	*out = NULL;
	if (!buffer || !picture ||
	    zinc_drm_copy_options(&known, sizeof(known), ZINC_DRM_PICTURE_SIZE_V1,
				  picture))
		return -EINVAL;
	err = measure(&known, buffer->capacity);
	if (err)
		return err;
	framebuffer = calloc(1, sizeof(*framebuffer));
	if (!framebuffer)
		return -ENOMEM;
	framebuffer->fd = buffer->fd;
	framebuffer->width = known.width;
	framebuffer->height = known.height;
	err = add(buffer, &known, &framebuffer->id);
	if (err) {
		free(framebuffer);
		return err;
	}
	*out = framebuffer;
	return 0;
}

uint32_t zinc_drm_framebuffer_id(const struct zinc_drm_framebuffer *framebuffer)
{
	return framebuffer ? framebuffer->id : 0;
}

int32_t zinc_drm_damage(struct zinc_drm_framebuffer *framebuffer,
			const struct drm_clip_rect *clips, uint32_t count)
{
	int err;

	if (!framebuffer || !clips != !count)
		return -EINVAL;
	err = zinc_drm_result(drmModeDirtyFB(framebuffer->fd, framebuffer->id,
					     (drmModeClip *)clips, count));
	return err == -ENOSYS ? 0 : err;
}

void zinc_drm_remove_framebuffer(struct zinc_drm_framebuffer *framebuffer)
{
	if (!framebuffer)
		return;
	drmModeRmFB(framebuffer->fd, framebuffer->id);
	free(framebuffer);
}
