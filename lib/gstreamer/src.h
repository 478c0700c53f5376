/* SPDX-License-Identifier: MIT */
/* zincsrc: the frames of a stream become buffers */
#ifndef ZINC_GST_SRC_H
#define ZINC_GST_SRC_H

#include <gst/base/gstpushsrc.h>

#define GST_TYPE_ZINC_SRC (gst_zinc_src_get_type())
G_DECLARE_FINAL_TYPE(GstZincSrc, gst_zinc_src, GST, ZINC_SRC, GstPushSrc)

#endif
