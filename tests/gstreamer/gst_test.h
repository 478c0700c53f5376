/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of the GStreamer elements. GST_PLUGIN_PATH says where they
 * are. A frame's bytes are all the same, so that a torn or mixed one shows.
 */
#ifndef GST_TEST_H
#define GST_TEST_H

#include "lib_test.h"

#include <gst/allocators/gstdmabuf.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "zinc-stream.h"

#define XR24	ZINC_STREAM_FOURCC('X', 'R', '2', '4')
#define NV12	ZINC_STREAM_FOURCC('N', 'V', '1', '2')
#define R8	ZINC_STREAM_FOURCC('R', '8', ' ', ' ')
#define NEVER	ZINC_DEADLINE_NEVER
#define IN_TIME	(now_ns() + PATIENCE_MS * NSEC_PER_MSEC)

/* 16 x 4 pixels of XR24 */
#define WIDTH	16
#define HEIGHT	4
#define BYTES	(WIDTH * HEIGHT * 4)
#define CAPS	"video/x-raw,format=BGRx,width=16,height=4,framerate=30/1"

static inline void start_gst(void)
{
	GstElementFactory *factory;

	gst_init(NULL, NULL);
	factory = gst_element_factory_find("zincsink");
	CHECK(factory);
	gst_object_unref(factory);
}

/* An element with a stream's name, and with @property, "NAME=VALUE" or empty */
static inline GstElement *make_element(const char *type, const char *name, const char *property)
{
	GstElement *element = gst_element_factory_make(type, NULL);
	char **parts = g_strsplit(property, "=", 2);

	CHECK(element);
	g_object_set(element, "stream-name", name, NULL);
	if (parts[0])
		gst_util_set_object_arg(G_OBJECT(element), parts[0], parts[1]);
	g_strfreev(parts);
	return element;
}

/* Unread messages hold the element, which holds the bus */
static inline void end_harness(GstHarness **h, GstBus **bus)
{
	if (*bus)
		gst_bus_set_flushing(*bus, TRUE);
	gst_harness_teardown(*h);
	*h = NULL;
	gst_clear_object(bus);
}

/* A count in the property stats */
static inline guint64 stat_of(GstElement *element, const char *field)
{
	GstStructure *stats;
	guint64 value = 0;
	guint small;

	g_object_get(element, "stats", &stats, NULL);
	if (!gst_structure_get_uint64(stats, field, &value)) {
		CHECK(gst_structure_get_uint(stats, field, &small));
		value = small;
	}
	gst_structure_free(stats);
	return value;
}

/* All bytes of a range are @value */
static inline bool is_all(const void *data, size_t size, int value)
{
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		if (bytes[i] != (unsigned char)value)
			return false;
	return true;
}

static inline int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The error that an element posts, once it has */
static inline GQuark next_error(GstBus *bus, gint *code)
{
	GstMessage *message = gst_bus_timed_pop_filtered(bus, PATIENCE_MS * GST_MSECOND,
							 GST_MESSAGE_ERROR);
	GError *error;
	GQuark domain;

	CHECK(message);
	gst_message_parse_error(message, &error, NULL);
	domain = error->domain;
	*code = error->code;
	g_error_free(error);
	gst_message_unref(message);
	return domain;
}

/* Has the element said so? Waits until it has */
static inline bool is_told(GstBus *bus, const char *event)
{
	for (;;) {
		GstMessage *message = gst_bus_timed_pop_filtered(bus, PATIENCE_MS * GST_MSECOND,
								 GST_MESSAGE_ELEMENT);
		const GstStructure *structure;
		bool same;

		if (!message)
			return false;
		structure = gst_message_get_structure(message);
		same = gst_structure_has_name(structure, "zinc-stream") &&
		       !strcmp(gst_structure_get_string(structure, "event"), event);
		gst_message_unref(message);
		if (same)
			return true;
	}
}

#define ERROR_IS(bus, which) do {					\
	gint code_;							\
	EXPECT_EQ(next_error(bus, &code_), GST_##which##_ERROR_DOMAIN);	\
	code = code_;							\
} while (0)
#define GST_RESOURCE_ERROR_DOMAIN	gst_resource_error_quark()
#define GST_STREAM_ERROR_DOMAIN		gst_stream_error_quark()

#endif
