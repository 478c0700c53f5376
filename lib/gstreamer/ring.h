/* SPDX-License-Identifier: MIT */
/* A stream whose slots are memory of GStreamer's while they are written */
#ifndef ZINC_GST_RING_H
#define ZINC_GST_RING_H

#include <gst/gst.h>
#include <zinc-stream.h>

struct zinc_ring;

/*
 * struct zinc_ring_wait - how long to wait
 * @deadline_ns: CLOCK_MONOTONIC
 * @stop: asked when zinc_ring_wake() is called, and while readers are waited for: TRUE
 *	ends the wait
 * @data: for @stop
 */
struct zinc_ring_wait {
	guint64 deadline_ns;

	gboolean (*stop)(gpointer data);
	gpointer data;
};

struct zinc_ring *zinc_ring_new(const gchar *name, const struct zinc_stream_format *format,
				guint slots, guint64 slot_size,
				const struct zinc_options *options, int *err);
struct zinc_ring *zinc_ring_ref(struct zinc_ring *ring);
void zinc_ring_unref(struct zinc_ring *ring);
void zinc_ring_end(struct zinc_ring *ring);
void zinc_ring_wake(struct zinc_ring *ring);
guint zinc_ring_slots(const struct zinc_ring *ring);
guint64 zinc_ring_slot_size(const struct zinc_ring *ring);
const gchar *zinc_ring_backend(const struct zinc_ring *ring);
GstMemory *zinc_ring_take(struct zinc_ring *ring, guint limit,
			  const struct zinc_ring_wait *wait, int *err);
int zinc_ring_commit(struct zinc_ring *ring, const void *data, gboolean force,
		     const struct zinc_stream_format *format,
		     const struct zinc_stream_frame *frame, const struct zinc_ring_wait *wait);

#endif
