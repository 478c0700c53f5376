/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for KMS: a card by its driver, framebuffers of regions, pictures in
 * which every pixel differs from its neighbours.
 *
 * Include it after abi.h.
 */
#ifndef KMS_H
#define KMS_H

#include <drm_fourcc.h>
#include <sys/mman.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CARDS	16

/* /dev/dri/cardN of a driver; -ENODEV */
static inline int open_card(const char *driver)
{
	char path[32];
	int i;

	for (i = 0; i < CARDS; i++) {
		drmVersionPtr version;
		bool found;
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		found = version && !strcmp(version->name, driver);
		drmFreeVersion(version);
		if (found)
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* A region that a card shows, or draws into */
struct picture {
	int fd;			/* the region */
	__u32 *pixels;
	size_t size;
	__u32 width, height;
	__u32 gem;
	__u32 framebuffer;
};

/* The colour of a pixel; another frame has another in every place. */
static inline __u32 colour(__u32 x, __u32 y, __u32 frame)
{
	return 0xff000000 | ((x * 7 + frame * 31) & 0xff) << 16 |
	       ((y * 5 + frame * 17) & 0xff) << 8 | ((x ^ y ^ frame) & 0xff);
}

static inline void paint(struct picture *p, __u32 frame)
{
	__u32 x, y;

	for (y = 0; y < p->height; y++)
		for (x = 0; x < p->width; x++)
			p->pixels[y * p->width + x] = colour(x, y, frame);
}

/* The number of visible pixels that are not as painted */
static inline __u32 wrong_pixels(const struct picture *p, __u32 frame)
{
	__u32 x, y, wrong = 0;

	for (y = 0; y < p->height; y++)
		for (x = 0; x < p->width; x++)
			wrong += (p->pixels[y * p->width + x] ^
				  colour(x, y, frame)) & 0xffffff ? 1 : 0;
	return wrong;
}

/* An anonymous region as a framebuffer of the card */
static inline bool make_picture(struct picture *p, int dev, int card,
				__u32 width, __u32 height)
{
	__u32 handles[4] = { 0 }, pitches[4] = { width * 4 }, offsets[4] = { 0 };
	int dmabuf;

	*p = (struct picture) { .width = width, .height = height };
	p->size = (width * height * 4 + PAGE - 1) / PAGE * PAGE;
	p->fd = create(dev, "", p->size);
	CHECK(p->fd >= 0);
	p->pixels = map_data(p->fd, p->size, PROT_READ | PROT_WRITE);
	CHECK(p->pixels);
	dmabuf = export_region(p->fd, 0);
	CHECK(dmabuf >= 0);
	if (drmPrimeFDToHandle(card, dmabuf, &p->gem))
		return false;
	close(dmabuf);
	handles[0] = p->gem;
	return !drmModeAddFB2(card, width, height, DRM_FORMAT_XRGB8888, handles,
			      pitches, offsets, &p->framebuffer, 0);
}

static inline void drop_picture(struct picture *p, int card)
{
	drmModeRmFB(card, p->framebuffer);
	drmCloseBufferHandle(card, p->gem);
	munmap(p->pixels, p->size);
	close(p->fd);
}

#endif /* KMS_H */
