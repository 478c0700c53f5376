/* SPDX-License-Identifier: MIT */
/* What a frame is: caps of GStreamer, and zinc_stream_format */
#ifndef ZINC_GST_FORMAT_H
#define ZINC_GST_FORMAT_H

#include <gst/gst.h>
#include <gst/video/video.h>
#include <zinc-stream.h>

/**
 * struct zinc_gst_format - frames, as both sides describe them
 * @caps: fixed, of system memory
 * @is_video: raw video: @layout is valid
 * @is_encoded: frames may depend on each other
 * @layout: size, strides and offsets of a frame
 * @stream: the same for readers of the stream
 */
struct zinc_gst_format {
	GstCaps *caps;
	gboolean is_video;
	gboolean is_encoded;
	GstVideoInfo layout;
	struct zinc_stream_format stream;
};

GstCaps *zinc_gst_preferred_caps(void);
gboolean zinc_gst_is_dmabuf(const GstCaps *caps);
gboolean zinc_gst_format_from_caps(struct zinc_gst_format *format, GstCaps *caps);
gboolean zinc_gst_format_from_stream(struct zinc_gst_format *format,
				     const struct zinc_stream_format *stream);
gboolean zinc_gst_format_has_default_rows(const struct zinc_gst_format *format);
GstCaps *zinc_gst_format_dmabuf_caps(const struct zinc_gst_format *format);
void zinc_gst_format_set_rows(struct zinc_gst_format *format, const GstVideoInfo *layout);
void zinc_gst_format_clear(struct zinc_gst_format *format);

#endif
