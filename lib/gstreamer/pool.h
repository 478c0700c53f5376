/* SPDX-License-Identifier: MIT */
/* The slots of a sink's stream, as a pool of buffers for the elements before it */
#ifndef ZINC_GST_POOL_H
#define ZINC_GST_POOL_H

#include "sink.h"

#define GST_TYPE_ZINC_POOL (gst_zinc_pool_get_type())
G_DECLARE_FINAL_TYPE(GstZincPool, gst_zinc_pool, GST, ZINC_POOL, GstBufferPool)

GstBufferPool *gst_zinc_pool_new(GstZincSink *sink);

#endif
