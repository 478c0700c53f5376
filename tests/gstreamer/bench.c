// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench SECONDS PIPELINE: what the pipeline costs, and how old its frames are
 *
 * The element named "sink" gets frames. In a writer (the second argument begins with
 * "write:") each of them is given the time as its first eight bytes; a reader compares
 * that with the time at which the frame arrives. Prints frames, nanoseconds of
 * processor time per frame, and the ages' percentiles 50, 95 and 99 in nanoseconds.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <gst/gst.h>

#define FRAMES_MAX 100000

static gboolean is_writer;
static guint64 ages[FRAMES_MAX];
static guint frames;

static guint64 read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (guint64)now.tv_sec * GST_SECOND + now.tv_nsec;
}

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
	guint64 stamp = read_clock(CLOCK_MONOTONIC);

	(void)pad;
	(void)data;
	if (frames == FRAMES_MAX)
		errx(1, "more than %d frames", FRAMES_MAX);
	if (is_writer) {
		if (gst_buffer_fill(buffer, 0, &stamp, sizeof(stamp)) != sizeof(stamp))
			errx(1, "a frame cannot be written to");
		frames++;
	} else {
		guint64 written;

		gst_buffer_extract(buffer, 0, &written, sizeof(written));
		ages[frames++] = stamp - written;
	}
	return GST_PAD_PROBE_OK;
}

static int compare(const void *a, const void *b)
{
	guint64 one = *(const guint64 *)a, other = *(const guint64 *)b;

	return one < other ? -1 : one > other;
}

int main(int argc, char **argv)
{
	GstElement *pipeline, *sink;
	GstMessage *message;
	const char *line;
	GstBus *bus;
	GstPad *pad;
	guint64 cpu;

	gst_init(&argc, &argv);
	if (argc != 3)
		errx(2, "usage: bench SECONDS [write:]PIPELINE");
	is_writer = g_str_has_prefix(argv[2], "write:");
	line = argv[2] + (is_writer ? strlen("write:") : 0);
	pipeline = gst_parse_launch(line, NULL);
	sink = pipeline ? gst_bin_get_by_name(GST_BIN(pipeline), "sink") : NULL;
	if (!sink)
		errx(1, "no pipeline with an element named sink: %s", line);
	pad = gst_element_get_static_pad(sink, "sink");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look, NULL, NULL);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	/* what starts, starts in the first second */
	g_usleep(G_USEC_PER_SEC);
	frames = 0;
	cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	g_usleep(strtoul(argv[1], NULL, 10) * G_USEC_PER_SEC);
	cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	bus = gst_element_get_bus(pipeline);
	message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
	if (message) {
		GError *error;

		gst_message_parse_error(message, &error, NULL);
		errx(1, "%s: %s", line, error->message);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	qsort(ages, frames, sizeof(ages[0]), compare);
	printf("%u %llu %llu %llu %llu\n", frames, (unsigned long long)cpu,
	       (unsigned long long)ages[frames / 2], (unsigned long long)ages[frames * 95 / 100],
	       (unsigned long long)ages[frames * 99 / 100]);
	return 0;
}
