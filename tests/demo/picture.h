/* SPDX-License-Identifier: GPL-2.0-only */
/* Pictures from and to files */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

#include <stddef.h>
#include <stdint.h>

struct picture {
	uint32_t width;
	uint32_t height;
	uint32_t *pixels;	/* rows of B, G, R, unused */
};

/* Decode a JPEG file; exits with a message where that fails */
void picture_load(struct picture *picture, const char *path);

/* Write pixels, as they lie, to a PNG file; 0 or a negative errno */
int picture_save(const char *path, const uint8_t *pixels, uint32_t width,
		 uint32_t height, size_t stride);

#endif /* DEMO_PICTURE_H */
