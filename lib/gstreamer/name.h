/* SPDX-License-Identifier: MIT */
/* The name of an element's stream */
#ifndef ZINC_GST_NAME_H
#define ZINC_GST_NAME_H

#include <gst/gst.h>

gchar *zinc_gst_stream_name(GstElement *element, const gchar *stream_name);

#endif
