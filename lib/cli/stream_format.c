// SPDX-License-Identifier: MIT
/*
 * Formats of frames, read from arguments, and shown.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "stream.h"

/* Names of one layout of bytes: DRM's, ffmpeg's, GStreamer's */
static const struct {
	char drm[5];
	const char *ffmpeg;
	const char *gstreamer;
} pixels[] = {
	{ "XR24", "bgr0", "BGRx" },
	{ "AR24", "bgra", "BGRA" },
	{ "XB24", "rgb0", "RGBx" },
	{ "AB24", "rgba", "RGBA" },
	{ "RG24", "bgr24", "BGR" },
	{ "BG24", "rgb24", "RGB" },
	{ "R8  ", "gray", "GRAY8" },
	{ "R16 ", "gray16le", "GRAY16_LE" },
	{ "YUYV", "yuyv422", "YUY2" },
	{ "UYVY", "uyvy422", "UYVY" },
	{ "NV12", "nv12", "NV12" },
	{ "NV21", "nv21", "NV21" },
	{ "NV16", "nv16", "NV16" },
	{ "P010", "p010le", "P010_10LE" },
	{ "YU12", "yuv420p", "I420" },
	{ "YV12", "yv12", "YV12" },
};

static const struct {
	const char *name;
	uint8_t code;
	uint8_t bits;
} dtypes[] = {
	{ "bool", ZINC_STREAM_BOOL, 8 },
	{ "uint8", ZINC_STREAM_UINT, 8 }, { "int8", ZINC_STREAM_INT, 8 },
	{ "uint16", ZINC_STREAM_UINT, 16 }, { "int16", ZINC_STREAM_INT, 16 },
	{ "uint32", ZINC_STREAM_UINT, 32 }, { "int32", ZINC_STREAM_INT, 32 },
	{ "uint64", ZINC_STREAM_UINT, 64 }, { "int64", ZINC_STREAM_INT, 64 },
	{ "float16", ZINC_STREAM_FLOAT, 16 }, { "bfloat16", ZINC_STREAM_BFLOAT, 16 },
	{ "float32", ZINC_STREAM_FLOAT, 32 }, { "float64", ZINC_STREAM_FLOAT, 64 },
	{ "complex64", ZINC_STREAM_COMPLEX, 64 },
	{ "complex128", ZINC_STREAM_COMPLEX, 128 },
};

static uint32_t code_of(const char *drm)
{
	return ZINC_STREAM_FOURCC(drm[0], drm[1], drm[2], drm[3]);
}

static bool is_drm(const char *drm, const char *text)
{
	size_t n = strcspn(drm, " ");

	return !strncasecmp(drm, text, n) && !text[n + strspn(text + n, " ")];
}

int parse_fourcc(const char *text, uint32_t *fourcc)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pixels); i++) {
		if (!is_drm(pixels[i].drm, text) && strcasecmp(pixels[i].ffmpeg, text) &&
		    strcasecmp(pixels[i].gstreamer, text))
			continue;
		*fourcc = code_of(pixels[i].drm);
		return 0;
	}
	return -EINVAL;
}

int parse_dtype(const char *text, struct zinc_stream_format *format)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dtypes); i++) {
		if (strcmp(dtypes[i].name, text))
			continue;
		format->dtype_code = dtypes[i].code;
		format->dtype_bits = dtypes[i].bits;
		format->dtype_lanes = 1;
		return 0;
	}
	return -EINVAL;
}

/* A decimal number and what separates it from the next one */
static bool take(const char **text, const char *separators, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	if (errno || (*end && !strchr(separators, *end)))
		return false;
	*text = end;
	return true;
}

int parse_shape(const char *text, struct zinc_stream_format *format)
{
	format->dims = 0;
	for (;;) {
		if (format->dims == ZINC_STREAM_DIMS_MAX ||
		    !take(&text, "x,", &format->shape[format->dims]) ||
		    !format->shape[format->dims++])
			return -EINVAL;
		if (!*text)
			return 0;
		text++;
	}
}

int parse_rate(const char *text, struct zinc_stream_format *format)
{
	uint64_t number, rest, scale = 1;
	size_t digits;

	if (!take(&text, "./", &number) || number > UINT32_MAX)
		return -EINVAL;
	if (*text == '/') {
		text++;
		if (!take(&text, "", &scale))
			return -EINVAL;
	} else if (*text == '.') {
		digits = strlen(++text);
		if (digits > 6 || !take(&text, "", &rest))
			return -EINVAL;
		while (digits--)
			scale *= 10;
		number = number * scale + rest;
	}
	if (!number || number > UINT32_MAX || !scale || scale > UINT32_MAX)
		return -EINVAL;
	format->rate_num = number;
	format->rate_den = scale;
	return 0;
}

int parse_pixels(const char *text, uint32_t *width, uint32_t *height)
{
	uint64_t x, y;

	if (!take(&text, "x", &x) || !*text++ || !take(&text, "", &y) || !x || !y ||
	    x > UINT16_MAX || y > UINT16_MAX)
		return -EINVAL;
	*width = x;
	*height = y;
	return 0;
}

/* ---- shown ---------------------------------------------------------------- */

const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[ZINC_STREAM_BYTES] = "bytes", [ZINC_STREAM_VIDEO] = "video",
		[ZINC_STREAM_TENSOR] = "tensor", [ZINC_STREAM_AUDIO] = "audio",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "?";
}

const char *fourcc_text(uint32_t fourcc, char text[STREAM_TEXT])
{
	int i;

	for (i = 0; i < 4; i++) {
		unsigned char c = fourcc >> 8 * i;

		text[i] = c > ' ' && c < 0x7f ? c : '?';
		if (c == ' ' && i)
			text[i] = '\0';
	}
	text[4] = '\0';
	return text;
}

const char *dtype_text(const struct zinc_stream_format *format, char text[STREAM_TEXT])
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dtypes); i++)
		if (dtypes[i].code == format->dtype_code &&
		    dtypes[i].bits == format->dtype_bits && format->dtype_lanes == 1) {
			snprintf(text, STREAM_TEXT, "%s", dtypes[i].name);
			return text;
		}
	snprintf(text, STREAM_TEXT, "type %u of %u x %u bits", format->dtype_code,
		 format->dtype_lanes, format->dtype_bits);
	return text;
}

const char *shape_text(const struct zinc_stream_format *format, char text[STREAM_TEXT])
{
	size_t used = 0;
	uint32_t i;

	snprintf(text, STREAM_TEXT, "scalar");
	for (i = 0; i < format->dims && i < ZINC_STREAM_DIMS_MAX; i++)
		used += snprintf(text + used, STREAM_TEXT - used, "%s%llu", i ? "x" : "",
				 (unsigned long long)format->shape[i]);
	return text;
}

const char *format_text(const struct zinc_stream_format *format, char text[STREAM_TEXT])
{
	char one[STREAM_TEXT], two[STREAM_TEXT];

	switch (format->kind) {
	case ZINC_STREAM_VIDEO:
		snprintf(text, STREAM_TEXT, "%.4s %ux%u", fourcc_text(format->fourcc, one),
			 format->width, format->height);
		break;
	case ZINC_STREAM_TENSOR:
		snprintf(text, STREAM_TEXT, "%.60s %.180s", dtype_text(format, one),
			 shape_text(format, two));
		break;
	case ZINC_STREAM_AUDIO:
		snprintf(text, STREAM_TEXT, "%.60s, %u channels", dtype_text(format, one),
			 format->channels);
		break;
	default:
		snprintf(text, STREAM_TEXT, "%s", kind_name(format->kind));
	}
	return text;
}
