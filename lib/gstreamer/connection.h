/* SPDX-License-Identifier: MIT */
/* A stream that is read, and its frames as memory of GStreamer's */
#ifndef ZINC_GST_CONNECTION_H
#define ZINC_GST_CONNECTION_H

#include <gst/gst.h>
#include <zinc-stream.h>

/**
 * struct zinc_connection - a stream that is read
 * @reader: used with @lock held, except for waiting on its region
 * @lock: held while @reader is used
 * @refs: of the source, and of each frame that is out
 * @allocator: of dma-bufs; NULL where there are none
 * @dmabuf: the region's; -1 where there is none
 * @held: numbers of the frames that are out, in no order
 * @held_count: how many
 * @overwritten: frames that changed while they were out
 */
struct zinc_connection {
	struct zinc_stream_reader reader;
	GMutex lock;
	gint refs;
	GstAllocator *allocator;
	int dmabuf;
	guint64 held[ZINC_STREAM_SLOTS_MAX];
	guint held_count;
	guint64 overwritten;
};

struct zinc_connection *zinc_connection_open(const gchar *name, guint32 flags,
					     guint64 deadline_ns, int *err);
struct zinc_connection *zinc_connection_ref(struct zinc_connection *connection);
void zinc_connection_unref(struct zinc_connection *connection);
gboolean zinc_connection_can_share(struct zinc_connection *connection);
GstMemory *zinc_connection_share(struct zinc_connection *connection,
				 const struct zinc_stream_view *view);

#endif
