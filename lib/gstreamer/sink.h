/* SPDX-License-Identifier: MIT */
/* zincsink: what arrives becomes frames of a stream */
#ifndef ZINC_GST_SINK_H
#define ZINC_GST_SINK_H

#include <gst/base/gstbasesink.h>

#include "format.h"
#include "ring.h"

#define GST_TYPE_ZINC_SINK (gst_zinc_sink_get_type())
G_DECLARE_FINAL_TYPE(GstZincSink, gst_zinc_sink, GST, ZINC_SINK, GstBaseSink)

/* for the pool */
guint gst_zinc_sink_stride_align(GstZincSink *sink);
guint64 gst_zinc_sink_deadline(GstZincSink *sink);
gboolean gst_zinc_sink_is_flushing(GstZincSink *sink);
struct zinc_ring *gst_zinc_sink_get_ring(GstZincSink *sink, const struct zinc_gst_format *format,
					 guint64 size, guint slots);
struct zinc_ring *gst_zinc_sink_find_ring(GstZincSink *sink, const struct zinc_ring *old,
					  guint64 size);

#endif
