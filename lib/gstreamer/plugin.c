// SPDX-License-Identifier: MIT
/* The plugin: zincsink and zincsrc */
#include "sink.h"
#include "src.h"

#define PACKAGE "zinc"

static gboolean plugin_init(GstPlugin *plugin)
{
	return gst_element_register(plugin, "zincsink", GST_RANK_NONE, GST_TYPE_ZINC_SINK) &&
	       gst_element_register(plugin, "zincsrc", GST_RANK_NONE, GST_TYPE_ZINC_SRC);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, zinc,
		  "Frames between programs, in named shared memory", plugin_init, ZINC_VERSION,
		  "MIT/X11", "zinc", "Unknown package origin")
