// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pipeline of GStreamer that reads a stream, and what its zincsrc has to say:
 *
 *	encode zincsrc name=source ... ! ...
 *
 * As gst-launch-1.0, which prints no statistics. A line on standard output for each
 * frame: its number; and until now: frames, copied ones, lost ones, those overwritten in
 * use, and streams.
 * SIGINT ends the stream, and with it the program.
 */
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdio.h>

static guint64 count(const GstStructure *stats, const gchar *what)
{
	guint64 value = 0;

	if (!gst_structure_get_uint64(stats, what, &value))
		g_error("zincsrc has no count of %s", what);
	return value;
}

static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer source)
{
	static const gchar *const what[] = {
		"frames", "copies", "lost", "overwritten", "streams",
	};
	GstStructure *stats;
	guint i;

	(void)pad;
	g_object_get(source, "stats", &stats, NULL);
	printf("%" G_GUINT64_FORMAT, GST_BUFFER_OFFSET(GST_PAD_PROBE_INFO_BUFFER(info)));
	for (i = 0; i < G_N_ELEMENTS(what); i++)
		printf(" %" G_GUINT64_FORMAT, count(stats, what[i]));
	printf("\n");
	fflush(stdout);
	gst_structure_free(stats);
	return GST_PAD_PROBE_OK;
}

static gboolean on_interrupt(gpointer pipeline)
{
	gst_element_send_event(pipeline, gst_event_new_eos());
	return G_SOURCE_REMOVE;
}

/* Whether it came to the end of the stream; otherwise it says why not */
static gboolean run(GstElement *pipeline)
{
	GstBus *bus = gst_element_get_bus(pipeline);
	gboolean ended = FALSE;
	GstMessage *message;

	g_unix_signal_add(SIGINT, on_interrupt, pipeline);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	do {
		g_main_context_iteration(NULL, FALSE);
		message = gst_bus_timed_pop_filtered(bus, 100 * GST_MSECOND,
						     GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	} while (!message);
	ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
	if (!ended) {
		GError *error;

		gst_message_parse_error(message, &error, NULL);
		g_printerr("encode: %s\n", error->message);
		g_error_free(error);
	}
	gst_message_unref(message);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(bus);
	return ended;
}

int main(int argc, char **argv)
{
	GError *error = NULL;
	GstElement *pipeline, *source;
	gboolean ended;
	GstPad *pad;

	gst_init(&argc, &argv);
	pipeline = gst_parse_launchv((const gchar **)argv + 1, &error);
	if (error) {
		g_printerr("encode: %s\n", error->message);
		return 2;
	}
	source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
	if (!source) {
		g_printerr("encode: expected an element of name=source\n");
		return 2;
	}
	pad = gst_element_get_static_pad(source, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, source, NULL);
	ended = run(pipeline);
	gst_object_unref(pad);
	gst_object_unref(source);
	gst_object_unref(pipeline);
	return ended ? 0 : 1;
}
