// SPDX-License-Identifier: GPL-2.0-only
/* Pictures from and to files, by libjpeg and libpng */

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>

#include "picture.h"

void picture_load(struct picture *picture, const char *path)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	FILE *file = fopen(path, "rb");

	if (!file)
		err(1, "cannot read the picture %s", path);

	/* libjpeg's own error handler prints and exits, which is sufficient */
	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_stdio_src(&jpeg, file);
	jpeg_read_header(&jpeg, TRUE);
	jpeg.out_color_space = JCS_EXT_BGRX;
	jpeg_start_decompress(&jpeg);

	picture->width = jpeg.output_width;
	picture->height = jpeg.output_height;
	picture->pixels = calloc((size_t)picture->width * picture->height, 4);
	if (!picture->pixels)
		err(1, "no memory for the picture %s", path);

	while (jpeg.output_scanline < jpeg.output_height) {
		JSAMPROW row = (JSAMPROW)(picture->pixels +
			(size_t)jpeg.output_scanline * picture->width);

		jpeg_read_scanlines(&jpeg, &row, 1);
	}

	jpeg_finish_decompress(&jpeg);
	jpeg_destroy_decompress(&jpeg);
	fclose(file);
}

static int write_rows(FILE *file, const uint8_t *pixels, uint32_t width,
		      uint32_t height, size_t stride)
{
	png_structp png;
	png_infop info;
	uint32_t y;

	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	if (!png)
		return -ENOMEM;
	info = png_create_info_struct(png);
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return -EIO;
	}

	png_init_io(png, file);
	png_set_compression_level(png, 1);
	png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	png_set_bgr(png);
	png_set_filler(png, 0, PNG_FILLER_AFTER);
	for (y = 0; y < height; y++)
		png_write_row(png, pixels + y * stride);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return 0;
}

int picture_save(const char *path, const uint8_t *pixels, uint32_t width,
		 uint32_t height, size_t stride)
{
	FILE *file = fopen(path, "wb");
	int ret;

	if (!file)
		return -errno;
	ret = write_rows(file, pixels, width, height, stride);
	if (fclose(file) && !ret)
		ret = -errno;
	return ret;
}
