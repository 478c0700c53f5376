// SPDX-License-Identifier: MIT
/*
 * A stream that is read, and its frames as memory of GStreamer's.
 *
 * A frame that is shared is out until its memory is freed. Until then a registered
 * reader keeps it from being overwritten; for any other one it is found out whether
 * it was. The memory is freed after all that has been shared from it, so it is made
 * for the frame, and not itself shared from one of the whole region.
 */
#include "connection.h"

#include <gst/allocators/allocators.h>

/* A frame that is out */
struct shared {
	struct zinc_connection *connection;
	struct zinc_stream_view view;
};

static GQuark shared_quark(void)
{
	static GQuark quark;

	if (!quark)
		quark = g_quark_from_static_string("zinc-shared-frame");
	return quark;
}

/* Only the region of a dma-buf can be a device's; where there is none, -1 */
static void export_dmabuf(struct zinc_connection *connection)
{
	gboolean is_writer = connection->reader.flags & ZINC_STREAM_REGISTER;
	int fd = zinc_export_dmabuf(connection->reader.region, is_writer ? 0 : ZINC_RDONLY);

	connection->dmabuf = fd < 0 ? -1 : fd;
	if (fd >= 0)
		connection->allocator = gst_dmabuf_allocator_new();
}

/* As zinc_stream_open() */
struct zinc_connection *zinc_connection_open(const gchar *name, guint32 flags,
					     guint64 deadline_ns, int *err)
{
	struct zinc_connection *connection = g_new0(struct zinc_connection, 1);

	*err = zinc_stream_open(&connection->reader, name, flags, deadline_ns);
	if (*err) {
		g_free(connection);
		return NULL;
	}
	connection->refs = 1;
	g_mutex_init(&connection->lock);
	export_dmabuf(connection);
	return connection;
}

struct zinc_connection *zinc_connection_ref(struct zinc_connection *connection)
{
	g_atomic_int_inc(&connection->refs);
	return connection;
}

void zinc_connection_unref(struct zinc_connection *connection)
{
	if (!g_atomic_int_dec_and_test(&connection->refs))
		return;
	zinc_stream_close(&connection->reader);
	gst_clear_object(&connection->allocator);
	if (connection->dmabuf >= 0)
		close(connection->dmabuf);
	g_mutex_clear(&connection->lock);
	g_free(connection);
}

/* The oldest frame that is out, for zinc_stream_reader.keep; 0: none is */
static guint64 oldest(const struct zinc_connection *connection)
{
	guint64 number = 0;
	guint i;

	for (i = 0; i < connection->held_count; i++)
		if (!number || connection->held[i] < number)
			number = connection->held[i];
	return number;
}

static void give_back(gpointer data)
{
	struct shared *shared = data;
	struct zinc_connection *connection = shared->connection;
	struct zinc_stream_reader *reader = &connection->reader;
	guint i;

	g_mutex_lock(&connection->lock);
	for (i = 0; connection->held[i] != shared->view.frame.number; i++)
		;
	connection->held[i] = connection->held[--connection->held_count];
	reader->keep = oldest(connection);
	if (!zinc_stream_is_whole(reader, &shared->view))
		connection->overwritten++;
	zinc_stream_pass(reader, reader->last);
	g_mutex_unlock(&connection->lock);
	zinc_connection_unref(connection);
	g_free(shared);
}

/*
 * Whether another frame may be out. A pipeline that holds all frames would wait
 * for one for which the writer has no slot.
 */
gboolean zinc_connection_can_share(struct zinc_connection *connection)
{
	return connection->held_count + 2 <= connection->reader.slots;
}

static GstMemory *wrap(struct zinc_connection *connection, struct shared *shared)
{
	struct zinc_stream_view *view = &shared->view;
	gsize from = (const gchar *)view->data - (const gchar *)connection->reader.header;
	gsize capacity = zinc_capacity(connection->reader.region);
	GstMemory *memory;

	if (!connection->allocator)
		return gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, (gpointer)view->data,
					      view->frame.bytes, 0, view->frame.bytes, shared,
					      give_back);
	/* the descriptor is the connection's, which outlives the memory */
	memory = gst_dmabuf_allocator_alloc_with_flags(connection->allocator, connection->dmabuf,
						       capacity, GST_FD_MEMORY_FLAG_DONT_CLOSE);
	gst_memory_resize(memory, from, view->frame.bytes);
	GST_MINI_OBJECT_FLAG_SET(memory, GST_MEMORY_FLAG_READONLY);
	gst_mini_object_set_qdata(GST_MINI_OBJECT(memory), shared_quark(), shared, give_back);
	return memory;
}

/**
 * zinc_connection_share() - make a frame memory, without a copy
 * @connection: stream, its lock held
 * @view: of zinc_stream_next(); the end of the memory is its end
 *
 * Return: read-only memory.
 */
GstMemory *zinc_connection_share(struct zinc_connection *connection,
				 const struct zinc_stream_view *view)
{
	struct shared *shared = g_new(struct shared, 1);

	shared->connection = zinc_connection_ref(connection);
	shared->view = *view;
	connection->held[connection->held_count++] = view->frame.number;
	connection->reader.keep = oldest(connection);
	/* what was passed over before it may go */
	zinc_stream_pass(&connection->reader, connection->reader.last);
	return wrap(connection, shared);
}
