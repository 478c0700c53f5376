/* SPDX-License-Identifier: MIT */
/*
 * libzinc-drm: regions on displays. A region of the zinc kernel module becomes
 * a GEM handle, a framebuffer, and the picture of a CRTC, without a copy.
 *
 * Every function that returns int32_t returns 0 (or what it documents) or a
 * negative errno; a driver's error is passed on. There is no global state: any
 * thread may use an object, but no two threads at the same time. A device's
 * descriptor belongs to the caller, and must outlive the objects made with it.
 *
 *	zinc_open(name, &region);
 *	card = zinc_drm_open(NULL);
 *	zinc_drm_import(card, region, &buffer);
 *	zinc_drm_add_framebuffer(buffer, &picture, &framebuffer);
 *	zinc_drm_show(framebuffer, NULL, &output);
 *	while (!zinc_wait(region, ZINC_WAIT_FOREVER))
 *		zinc_drm_damage(framebuffer, NULL, 0);
 *	zinc_drm_restore(output);
 *	zinc_drm_remove_framebuffer(framebuffer);
 *	zinc_drm_release(buffer);
 */
#ifndef ZINC_DRM_H
#define ZINC_DRM_H

#include <zinc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct zinc_drm_buffer;
struct zinc_drm_framebuffer;
struct zinc_drm_output;

struct drm_clip_rect;		/* of <drm.h> */
struct _drmModeModeInfo;	/* of <xf86drmMode.h>: drmModeModeInfo */

/* ---- device ------------------------------------------------------------ */

/**
 * zinc_drm_open() - open a display device that imports dma-bufs
 * @path: "/dev/dri/card0", or NULL for the first that has a connected display
 *
 * The function is a convenience: the others accept any descriptor of a device.
 *
 * Return: a descriptor, close-on-exec, to be closed with close(); -ENODEV there
 * is no such device; -ENOENT, -EACCES as open() for @path; -ENOTTY @path is not a
 * display device; -EOPNOTSUPP its driver does not import dma-bufs.
 */
ZINC_API int32_t zinc_drm_open(const char *path);

/* ---- region -> GEM handle ----------------------------------------------- */

/**
 * zinc_drm_import() - import a region as a buffer of a device
 * @drm_fd: device
 * @region: writable handle; may be closed afterwards
 * @out: buffer, NULL after every failure
 *
 * The device keeps the memory, but not the region. A region has one GEM handle
 * per device descriptor, however often it is imported, and the first release
 * closes it: import it once.
 *
 * Return: 0; -EINVAL a NULL; -EACCES @region is read-only; -EOPNOTSUPP it is not a
 * region of the kernel module, or the driver does not import such memory;
 * -EBADF; -ENOMEM.
 */
ZINC_API int32_t zinc_drm_import(int drm_fd, zinc_handle region,
				 struct zinc_drm_buffer **out);

/**
 * zinc_drm_gem_handle() - GEM handle of a buffer, for the driver's own ioctls
 * @buffer: buffer, or NULL
 *
 * Return: the GEM handle; 0 for NULL.
 */
ZINC_API uint32_t zinc_drm_gem_handle(const struct zinc_drm_buffer *buffer);

/**
 * zinc_drm_release() - release a buffer
 * @buffer: from zinc_drm_import(); NULL is ignored
 *
 * Its framebuffers stay valid.
 */
ZINC_API void zinc_drm_release(struct zinc_drm_buffer *buffer);

/* ---- GEM handle -> framebuffer ------------------------------------------ */

/**
 * zinc_drm_format() - pixel format of a name
 * @name: four characters as in <drm_fourcc.h>, such as "XR24"
 *
 * Return: DRM_FORMAT_*; 0 for NULL and for a name of another length.
 */
ZINC_API uint32_t zinc_drm_format(const char *name);

/**
 * zinc_drm_bytes_per_pixel() - bytes per pixel of a format with one plane
 * @format: DRM_FORMAT_*
 *
 * Return: 1, 2, 3 or 4; -EINVAL the library does not know the format.
 */
ZINC_API int32_t zinc_drm_bytes_per_pixel(uint32_t format);

/**
 * struct zinc_drm_picture - layout of the pixels in a region
 * @size: sizeof(struct zinc_drm_picture), set by the caller
 * @format: DRM_FORMAT_*, of one plane, linear
 * @width: pixels
 * @height: pixels
 * @stride: bytes from one line to the next; 0: no gap
 * @reserved: zero
 * @offset: byte of the region at which the first line begins
 */
struct zinc_drm_picture {
	uint32_t size;
	uint32_t format;
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	uint32_t reserved;
	uint64_t offset;
};

/**
 * zinc_drm_add_framebuffer() - make a framebuffer of a picture in a buffer
 * @buffer: buffer
 * @picture: where the pixels are
 * @out: framebuffer, NULL after every failure
 *
 * Return: 0; -EINVAL a NULL, or the driver cannot show such a picture; -ERANGE
 * the picture is longer than the region, or a line longer than the stride;
 * -ENOMEM.
 */
ZINC_API int32_t
zinc_drm_add_framebuffer(struct zinc_drm_buffer *buffer,
			 const struct zinc_drm_picture *picture,
			 struct zinc_drm_framebuffer **out);

/**
 * zinc_drm_framebuffer_id() - KMS id of a framebuffer, for libdrm's functions
 * @framebuffer: framebuffer, or NULL
 *
 * Return: the object's id; 0 for NULL.
 */
ZINC_API uint32_t
zinc_drm_framebuffer_id(const struct zinc_drm_framebuffer *framebuffer);

/**
 * zinc_drm_damage() - report changed pixels to the driver
 * @framebuffer: framebuffer
 * @clips: changed rectangles; NULL for the whole picture
 * @count: their number, at most 256; 0 for the whole picture
 *
 * Drivers that copy the picture copy it now. With other drivers it does nothing,
 * and succeeds.
 *
 * Return: 0; -EINVAL; -EACCES another program uses the display.
 */
ZINC_API int32_t zinc_drm_damage(struct zinc_drm_framebuffer *framebuffer,
				 const struct drm_clip_rect *clips,
				 uint32_t count);

/**
 * zinc_drm_remove_framebuffer() - remove a framebuffer
 * @framebuffer: framebuffer; NULL is ignored
 *
 * A CRTC that shows it is disabled.
 */
ZINC_API void
zinc_drm_remove_framebuffer(struct zinc_drm_framebuffer *framebuffer);

/* ---- framebuffer -> display ---------------------------------------------- */

/**
 * struct zinc_drm_choice - options for zinc_drm_show()
 * @size: sizeof(struct zinc_drm_choice), set by the caller
 * @reserved: zero
 * @connector: "HDMI-A-1", or NULL for the first connected one
 * @mode: NULL for the first mode of the picture's size or, without one, the
 *	largest mode that the picture fills
 */
struct zinc_drm_choice {
	uint32_t size;
	uint32_t reserved;
	const char *connector;
	const struct _drmModeModeInfo *mode;
};

/**
 * zinc_drm_show() - put a framebuffer on a display
 * @framebuffer: framebuffer
 * @choice: NULL for the defaults
 * @out: the display, with its previous state; NULL after every failure
 *
 * Return: 0; -EINVAL a NULL, or the driver refuses the mode; -ENXIO no such
 * connector; -ENOTCONN no display is connected; -ERANGE each of its modes is
 * larger than the picture; -EBUSY all CRTCs are in use; -EACCES another program
 * uses the display; -ENOMEM.
 */
ZINC_API int32_t zinc_drm_show(struct zinc_drm_framebuffer *framebuffer,
			       const struct zinc_drm_choice *choice,
			       struct zinc_drm_output **out);

/**
 * zinc_drm_connector() - connector of an output
 * @output: from zinc_drm_show(), or NULL
 *
 * Return: its name, such as "HDMI-A-1", valid as long as @output; NULL for NULL.
 */
ZINC_API const char *zinc_drm_connector(const struct zinc_drm_output *output);

/**
 * zinc_drm_mode() - mode of an output
 * @output: from zinc_drm_show(), or NULL
 *
 * Return: the mode, valid as long as @output; NULL for NULL.
 */
ZINC_API const struct _drmModeModeInfo *
zinc_drm_mode(const struct zinc_drm_output *output);

/**
 * zinc_drm_crtc_id() - KMS id of an output's CRTC, for libdrm's functions
 * @output: from zinc_drm_show(), or NULL
 *
 * Return: the object's id; 0 for NULL.
 */
ZINC_API uint32_t zinc_drm_crtc_id(const struct zinc_drm_output *output);

/**
 * zinc_drm_restore() - restore the display's previous state
 * @output: freed; NULL is ignored
 *
 * Return: 0; or the driver's negative errno: the CRTC is left as it is.
 */
ZINC_API int32_t zinc_drm_restore(struct zinc_drm_output *output);

#ifdef __cplusplus
}
#endif

#endif /* ZINC_DRM_H */
