// SPDX-License-Identifier: MIT
/* What a frame is: caps of GStreamer, and zinc_stream_format */
#include "format.h"

#include <gst/allocators/gstdmabuf.h>
#include <gst/audio/audio.h>

#define FOURCC ZINC_STREAM_FOURCC

/* The first ones are preferred where a source has the choice */
static const struct {
	GstVideoFormat format;
	guint32 fourcc;
} fourccs[] = {
	{ GST_VIDEO_FORMAT_BGRx, FOURCC('X', 'R', '2', '4') },
	{ GST_VIDEO_FORMAT_BGRA, FOURCC('A', 'R', '2', '4') },
	{ GST_VIDEO_FORMAT_RGBx, FOURCC('X', 'B', '2', '4') },
	{ GST_VIDEO_FORMAT_RGBA, FOURCC('A', 'B', '2', '4') },
	{ GST_VIDEO_FORMAT_NV12, FOURCC('N', 'V', '1', '2') },
	{ GST_VIDEO_FORMAT_I420, FOURCC('Y', 'U', '1', '2') },
	{ GST_VIDEO_FORMAT_YV12, FOURCC('Y', 'V', '1', '2') },
	{ GST_VIDEO_FORMAT_YUY2, FOURCC('Y', 'U', 'Y', 'V') },
	{ GST_VIDEO_FORMAT_UYVY, FOURCC('U', 'Y', 'V', 'Y') },
	{ GST_VIDEO_FORMAT_NV21, FOURCC('N', 'V', '2', '1') },
	{ GST_VIDEO_FORMAT_NV16, FOURCC('N', 'V', '1', '6') },
	{ GST_VIDEO_FORMAT_P010_10LE, FOURCC('P', '0', '1', '0') },
	{ GST_VIDEO_FORMAT_BGR, FOURCC('R', 'G', '2', '4') },
	{ GST_VIDEO_FORMAT_RGB, FOURCC('B', 'G', '2', '4') },
	{ GST_VIDEO_FORMAT_GRAY8, FOURCC('R', '8', ' ', ' ') },
	{ GST_VIDEO_FORMAT_GRAY16_LE, FOURCC('R', '1', '6', ' ') },
};

static guint32 fourcc_of(GstVideoFormat format)
{
	guint i;

	for (i = 0; i < G_N_ELEMENTS(fourccs); i++)
		if (fourccs[i].format == format)
			return fourccs[i].fourcc;
	return 0;
}

static GstVideoFormat format_of(guint32 fourcc)
{
	guint i;

	for (i = 0; i < G_N_ELEMENTS(fourccs); i++)
		if (fourccs[i].fourcc == fourcc)
			return fourccs[i].format;
	return GST_VIDEO_FORMAT_UNKNOWN;
}

static void append_string(GValue *list, const gchar *text)
{
	GValue value = G_VALUE_INIT;

	g_value_init(&value, G_TYPE_STRING);
	g_value_set_string(&value, text);
	gst_value_list_append_and_take_value(list, &value);
}

/* Video that readers in every language understand: system memory, then dma-bufs */
GstCaps *zinc_gst_preferred_caps(void)
{
	GstCaps *caps = gst_caps_new_empty_simple("video/x-raw");
	GstCaps *dmabuf = gst_caps_new_empty_simple("video/x-raw");
	GValue list = G_VALUE_INIT;
	guint i;

	g_value_init(&list, GST_TYPE_LIST);
	for (i = 0; i < G_N_ELEMENTS(fourccs); i++)
		append_string(&list, gst_video_format_to_string(fourccs[i].format));
	gst_caps_set_value(caps, "format", &list);
#if GST_CHECK_VERSION(1, 24, 0)
	{
		GValue drm = G_VALUE_INIT;

		g_value_init(&drm, GST_TYPE_LIST);
		for (i = 0; i < G_N_ELEMENTS(fourccs); i++) {
			gchar *text = gst_video_dma_drm_fourcc_to_string(fourccs[i].fourcc, 0);

			append_string(&drm, text);
			g_free(text);
		}
		gst_caps_set_simple(dmabuf, "format", G_TYPE_STRING, "DMA_DRM", NULL);
		gst_caps_set_value(dmabuf, "drm-format", &drm);
		g_value_unset(&drm);
	}
#else
	gst_caps_set_value(dmabuf, "format", &list);
#endif
	g_value_unset(&list);
	gst_caps_set_features_simple(dmabuf,
				     gst_caps_features_from_string(GST_CAPS_FEATURE_MEMORY_DMABUF));
	gst_caps_append(caps, dmabuf);
	return caps;
}

gboolean zinc_gst_is_dmabuf(const GstCaps *caps)
{
	GstCapsFeatures *features = gst_caps_get_features(caps, 0);

	return features && gst_caps_features_contains(features, GST_CAPS_FEATURE_MEMORY_DMABUF);
}

/* The caps of the same frames in system memory; NULL: they have no rows of pixels */
static GstCaps *without_memory(GstCaps *caps)
{
#if GST_CHECK_VERSION(1, 24, 0)
	if (gst_video_is_dma_drm_caps(caps)) {
		GstVideoInfoDmaDrm drm;
		GstVideoInfo info;

		if (!gst_video_info_dma_drm_from_caps(&drm, caps) ||
		    !gst_video_info_dma_drm_to_video_info(&drm, &info))
			return NULL;
		return gst_video_info_to_caps(&info);
	}
#endif
	caps = gst_caps_copy(caps);
	gst_caps_set_features(caps, 0, NULL);
	return caps;
}

/* Readers get these strides and offsets, and so does the element that writes a frame */
void zinc_gst_format_set_rows(struct zinc_gst_format *format, const GstVideoInfo *layout)
{
	guint i;

	if (layout != &format->layout)
		format->layout = *layout;
	if (format->stream.kind != ZINC_STREAM_VIDEO)
		return;
	for (i = 0; i < format->stream.planes; i++) {
		format->stream.stride[i] = GST_VIDEO_INFO_PLANE_STRIDE(layout, i);
		format->stream.offset[i] = GST_VIDEO_INFO_PLANE_OFFSET(layout, i);
	}
}

static void describe_video(struct zinc_gst_format *format)
{
	const GstVideoInfo *info = &format->layout;
	struct zinc_stream_format *stream = &format->stream;
	guint32 fourcc = fourcc_of(GST_VIDEO_INFO_FORMAT(info));

	/* of another format the caps' text says what it is */
	if (!fourcc || !zinc_stream_video(stream, fourcc, info->width, info->height))
		return;
	stream->primaries = gst_video_color_primaries_to_iso(info->colorimetry.primaries);
	stream->transfer = gst_video_transfer_function_to_iso(info->colorimetry.transfer);
	stream->matrix = gst_video_color_matrix_to_iso(info->colorimetry.matrix);
	stream->full_range = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
	stream->rate_num = info->fps_n;
	stream->rate_den = info->fps_d;
	zinc_gst_format_set_rows(format, info);
}

static void describe_audio(struct zinc_gst_format *format)
{
	struct zinc_stream_format *stream = &format->stream;
	GstAudioInfo info;

	if (!gst_audio_info_from_caps(&info, format->caps) || info.channels > 1024 ||
	    info.layout != GST_AUDIO_LAYOUT_INTERLEAVED ||
	    GST_AUDIO_INFO_WIDTH(&info) != GST_AUDIO_INFO_DEPTH(&info) ||
	    (GST_AUDIO_INFO_WIDTH(&info) > 8 &&
	     GST_AUDIO_INFO_ENDIANNESS(&info) != G_BYTE_ORDER))
		return;
	stream->kind = ZINC_STREAM_AUDIO;
	stream->dtype_code = GST_AUDIO_INFO_IS_FLOAT(&info) ? ZINC_STREAM_FLOAT :
			     GST_AUDIO_INFO_IS_SIGNED(&info) ? ZINC_STREAM_INT :
							       ZINC_STREAM_UINT;
	stream->dtype_bits = GST_AUDIO_INFO_WIDTH(&info);
	stream->dtype_lanes = 1;
	stream->channels = info.channels;
	stream->rate_num = info.rate;
	stream->rate_den = 1;
}

/* Raw frames do not depend on each other */
static void classify(struct zinc_gst_format *format)
{
	const gchar *type = gst_structure_get_name(gst_caps_get_structure(format->caps, 0));

	format->is_video = !strcmp(type, "video/x-raw");
	format->is_encoded = !g_str_has_suffix(type, "/x-raw");
}

/* Without what may be left out, as far as there is no room for it. To be freed. */
static gchar *text_of_caps(const GstCaps *caps)
{
	static const gchar *const dispensable[] = { "multiview-flags", "multiview-mode",
						    "chroma-site", "pixel-aspect-ratio",
						    "interlace-mode", "colorimetry" };
	GstCaps *shorter = gst_caps_copy(caps);
	gchar *text = gst_caps_to_string(shorter);
	guint i;

	for (i = 0; i < G_N_ELEMENTS(dispensable) && strlen(text) >= ZINC_STREAM_CAPS_SIZE; i++) {
		gst_structure_remove_field(gst_caps_get_structure(shorter, 0), dispensable[i]);
		g_free(text);
		text = gst_caps_to_string(shorter);
	}
	gst_caps_unref(shorter);
	return text;
}

/**
 * zinc_gst_format_from_caps() - describe what a sink receives
 * @format: receives the description, to be cleared by zinc_gst_format_clear()
 * @caps: fixed
 *
 * Return: FALSE: video whose memory has no rows of pixels (a modifier that is not
 * linear), or caps whose text is longer than a stream's header has room for.
 */
gboolean zinc_gst_format_from_caps(struct zinc_gst_format *format, GstCaps *caps)
{
	gchar *text;

	memset(format, 0, sizeof(*format));
	format->caps = without_memory(caps);
	if (!format->caps)
		return FALSE;
	classify(format);
	if (format->is_video) {
		if (!gst_video_info_from_caps(&format->layout, format->caps)) {
			zinc_gst_format_clear(format);
			return FALSE;
		}
		describe_video(format);
	} else if (!format->is_encoded) {
		describe_audio(format);
	}
	text = text_of_caps(format->caps);
	if (strlen(text) < sizeof(format->stream.caps)) {
		g_strlcpy(format->stream.caps, text, sizeof(format->stream.caps));
	} else if (format->stream.kind == ZINC_STREAM_BYTES) {
		g_free(text);
		zinc_gst_format_clear(format);
		return FALSE;
	}
	g_free(text);
	return TRUE;
}

/* The caps that a writer gave in words, if they are such */
static GstCaps *caps_of_text(const struct zinc_stream_format *stream)
{
	GstCaps *caps = stream->caps[0] ? gst_caps_from_string(stream->caps) : NULL;

	if (caps && (gst_caps_get_size(caps) != 1 || gst_caps_is_any(caps) ||
		     !gst_caps_is_fixed(caps))) {
		gst_caps_unref(caps);
		return NULL;
	}
	if (caps) {
		caps = gst_caps_make_writable(caps);
		gst_caps_set_features(caps, 0, NULL);
	}
	return caps;
}

static gboolean video_of_stream(struct zinc_gst_format *format, GstCaps *text)
{
	const struct zinc_stream_format *stream = &format->stream;
	GstVideoFormat pixels = format_of(stream->fourcc);
	gboolean is_text = TRUE;
	GstVideoInfo info;
	guint i;

	if (pixels == GST_VIDEO_FORMAT_UNKNOWN || stream->modifier)
		return FALSE;
	if (!text || !gst_video_info_from_caps(&info, text) ||
	    GST_VIDEO_INFO_FORMAT(&info) != pixels ||
	    GST_VIDEO_INFO_WIDTH(&info) != (gint)stream->width ||
	    GST_VIDEO_INFO_HEIGHT(&info) != (gint)stream->height) {
		is_text = FALSE;
		if (stream->width > 65535 || stream->height > 65535 ||
		    !gst_video_info_set_format(&info, pixels, stream->width, stream->height))
			return FALSE;
		if (stream->rate_num <= G_MAXINT && stream->rate_den <= G_MAXINT &&
		    stream->rate_den) {
			info.fps_n = stream->rate_num;
			info.fps_d = stream->rate_den;
		}
		if (stream->matrix != 2)
			info.colorimetry.matrix = gst_video_color_matrix_from_iso(stream->matrix);
		if (stream->transfer != 2)
			info.colorimetry.transfer =
				gst_video_transfer_function_from_iso(stream->transfer);
		if (stream->primaries != 2)
			info.colorimetry.primaries =
				gst_video_color_primaries_from_iso(stream->primaries);
		if (stream->full_range)
			info.colorimetry.range = GST_VIDEO_COLOR_RANGE_0_255;
	}
	if (GST_VIDEO_INFO_N_PLANES(&info) != stream->planes)
		return FALSE;
	format->caps = is_text ? gst_caps_ref(text) : gst_video_info_to_caps(&info);
	info.size = 0;
	for (i = 0; i < stream->planes; i++) {
		gint component[GST_VIDEO_MAX_COMPONENTS];
		guint64 end;

		gst_video_format_info_component(info.finfo, i, component);
		end = stream->offset[i] + (guint64)stream->stride[i] *
		      GST_VIDEO_INFO_COMP_HEIGHT(&info, component[0]);
		if (stream->stride[i] > G_MAXINT)
			return FALSE;
		info.stride[i] = stream->stride[i];
		info.offset[i] = stream->offset[i];
		info.size = MAX(info.size, end);
	}
	format->layout = info;
	format->is_video = TRUE;
	return TRUE;
}

static GstCaps *audio_of_stream(const struct zinc_stream_format *stream)
{
	gboolean is_float = stream->dtype_code == ZINC_STREAM_FLOAT;
	GstAudioFormat format = GST_AUDIO_FORMAT_UNKNOWN;
	GstAudioInfo info;

	if (is_float && stream->dtype_bits == 32)
		format = GST_AUDIO_FORMAT_F32;
	else if (is_float && stream->dtype_bits == 64)
		format = GST_AUDIO_FORMAT_F64;
	else if (!is_float && stream->dtype_code <= ZINC_STREAM_UINT)
		format = gst_audio_format_build_integer(stream->dtype_code == ZINC_STREAM_INT,
							G_BYTE_ORDER, stream->dtype_bits,
							stream->dtype_bits);
	if (format == GST_AUDIO_FORMAT_UNKNOWN || stream->dtype_lanes != 1 ||
	    stream->channels > 64 || !stream->rate_num || stream->rate_num > G_MAXINT ||
	    stream->rate_den != 1)
		return NULL;
	gst_audio_info_set_format(&info, format, stream->rate_num, stream->channels, NULL);
	return gst_audio_info_to_caps(&info);
}

static GstCaps *tensor_of_stream(const struct zinc_stream_format *stream)
{
	GstCaps *caps = gst_caps_new_simple("application/x-zinc-tensor",
					    "dtype-code", G_TYPE_INT, stream->dtype_code,
					    "dtype-bits", G_TYPE_INT, stream->dtype_bits, NULL);
	GValue shape = G_VALUE_INIT;
	guint i;

	g_value_init(&shape, GST_TYPE_ARRAY);
	for (i = 0; i < stream->dims; i++) {
		GValue value = G_VALUE_INIT;

		g_value_init(&value, G_TYPE_UINT64);
		g_value_set_uint64(&value, stream->shape[i]);
		gst_value_array_append_and_take_value(&shape, &value);
	}
	gst_caps_set_value(caps, "shape", &shape);
	g_value_unset(&shape);
	return caps;
}

/**
 * zinc_gst_format_from_stream() - describe what a source sends
 * @format: receives the description, to be cleared by zinc_gst_format_clear()
 * @stream: a private copy, checked by zinc_stream_format_check()
 *
 * Return: FALSE: video that GStreamer has no linear format for.
 */
gboolean zinc_gst_format_from_stream(struct zinc_gst_format *format,
				     const struct zinc_stream_format *stream)
{
	GstCaps *text = caps_of_text(stream);

	memset(format, 0, sizeof(*format));
	format->stream = *stream;
	if (stream->kind == ZINC_STREAM_VIDEO) {
		gboolean known = video_of_stream(format, text);

		gst_clear_caps(&text);
		if (!known)
			zinc_gst_format_clear(format);
		return known;
	}
	format->caps = text;
	if (!text && stream->kind == ZINC_STREAM_AUDIO)
		format->caps = audio_of_stream(stream);
	else if (!text && stream->kind == ZINC_STREAM_TENSOR)
		format->caps = tensor_of_stream(stream);
	if (!format->caps)
		format->caps = gst_caps_new_empty_simple("application/octet-stream");
	classify(format);
	if (format->is_video && !gst_video_info_from_caps(&format->layout, format->caps)) {
		zinc_gst_format_clear(format);
		return FALSE;
	}
	return TRUE;
}

/* Do rows lie where GStreamer expects them without a GstVideoMeta? */
gboolean zinc_gst_format_has_default_rows(const struct zinc_gst_format *format)
{
	GstVideoInfo plain;
	guint i;

	if (!format->is_video)
		return TRUE;
	if (!gst_video_info_from_caps(&plain, format->caps) || plain.size != format->layout.size)
		return FALSE;
	for (i = 0; i < GST_VIDEO_INFO_N_PLANES(&plain); i++)
		if (plain.stride[i] != format->layout.stride[i] ||
		    plain.offset[i] != format->layout.offset[i])
			return FALSE;
	return TRUE;
}

/* The same frames in a dma-buf; NULL if there is no name for them */
GstCaps *zinc_gst_format_dmabuf_caps(const struct zinc_gst_format *format)
{
	GstCaps *caps;

	if (!format->is_video || format->stream.kind != ZINC_STREAM_VIDEO)
		return NULL;
#if GST_CHECK_VERSION(1, 24, 0)
	{
		GstVideoInfoDmaDrm drm;
		GstVideoInfo info = format->layout;

		if (!gst_video_info_dma_drm_from_video_info(&drm, &info, 0))
			return NULL;
		caps = gst_video_info_dma_drm_to_caps(&drm);
	}
#else
	caps = gst_caps_copy(format->caps);
	gst_caps_set_features_simple(caps,
				     gst_caps_features_from_string(GST_CAPS_FEATURE_MEMORY_DMABUF));
#endif
	return caps;
}

void zinc_gst_format_clear(struct zinc_gst_format *format)
{
	gst_clear_caps(&format->caps);
	memset(format, 0, sizeof(*format));
}
