// SPDX-License-Identifier: MIT
/* zincsrc: the frames of a stream become buffers */
#include "src.h"

#include "connection.h"
#include "format.h"
#include "name.h"

GST_DEBUG_CATEGORY_STATIC(zincsrc_debug);
#define GST_CAT_DEFAULT zincsrc_debug

/* How long to wait before looking whether the pipeline stops */
#define SLICE_NS	50000000u
/* A writer that has the name writes the header right after */
#define HEADER_NS	1000000000u

enum frames {
	FRAMES_NEWEST,
	FRAMES_EVERY,
	FRAMES_REGISTERED,
};

enum memory {
	MEMORY_AUTO,
	MEMORY_COPY,
	MEMORY_SHARE,
};

enum on_end {
	ON_END_RECONNECT,
	ON_END_EOS,
};

enum {
	PROP_STREAM_NAME = 1,
	PROP_FRAMES,
	PROP_MEMORY,
	PROP_ON_END,
	PROP_TIMEOUT,
	PROP_STATS,
};

struct _GstZincSrc {
	GstPushSrc parent;

	/* under the object's lock */
	gchar *stream_name;
	enum frames frames;
	enum memory memory;
	enum on_end on_end;
	guint64 timeout;
	struct {
		guint64 frames;
		guint64 copies;
		guint64 lost;
		guint64 overwritten;
		guint64 streams;
	} count;

	gint unlocked;

	/* of the streaming thread */
	struct zinc_connection *connection;
	gboolean has_format;
	struct zinc_gst_format format;
	gboolean takes_meta;	/* rows may lie as the stream has them */
	gboolean takes_dmabuf;	/* and must be in one */
	gboolean discont;
	gboolean has_keys;
};

G_DEFINE_TYPE(GstZincSrc, gst_zinc_src, GST_TYPE_PUSH_SRC)

static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* What the object's lock guards, for one call */
static void get_settings(GstZincSrc *src, enum frames *frames, enum memory *memory)
{
	GST_OBJECT_LOCK(src);
	*frames = src->frames;
	*memory = src->memory;
	GST_OBJECT_UNLOCK(src);
	if (*memory == MEMORY_AUTO)
		*memory = *frames == FRAMES_REGISTERED ? MEMORY_SHARE : MEMORY_COPY;
}

static void tell(GstZincSrc *src, const gchar *event, const gchar *name)
{
	gst_element_post_message(GST_ELEMENT(src),
		gst_message_new_element(GST_OBJECT(src),
			gst_structure_new("zinc-stream", "event", G_TYPE_STRING, event,
					  "name", G_TYPE_STRING, name, NULL)));
}

/* ---- connecting ------------------------------------------------------------ */

static GstFlowReturn refuse(GstZincSrc *src, const gchar *name, int err, guint64 timeout)
{
	switch (err) {
	case -ETIMEDOUT:
		GST_ELEMENT_ERROR(src, RESOURCE, NOT_FOUND,
				  ("No stream '%s' within %" G_GUINT64_FORMAT
				   " ms: start its writer, or raise the property timeout.", name,
				   timeout / 1000000), (NULL));
		break;
	case -EACCES:
	case -EPERM:
		GST_ELEMENT_ERROR(src, RESOURCE, NOT_AUTHORIZED,
				  ("Stream '%s' may not be opened by this user: %s", name,
				   zinc_strerror(err)),
				  ("frames=registered needs write permission"));
		break;
	case -EBADMSG:
		GST_ELEMENT_ERROR(src, RESOURCE, OPEN_READ,
				  ("Region '%s' holds no stream that can be read.", name), (NULL));
		break;
	default:
		GST_ELEMENT_ERROR(src, RESOURCE, OPEN_READ,
				  ("Stream '%s' was not opened: %s", name, zinc_strerror(err)),
				  (NULL));
	}
	return GST_FLOW_ERROR;
}

/* Wait for the name, and for what the writer puts there */
static GstFlowReturn connect_stream(GstZincSrc *src)
{
	static const guint32 flags[] = { ZINC_STREAM_NEWEST, ZINC_STREAM_EVERY,
					 ZINC_STREAM_REGISTER };
	guint64 now, deadline_ns, timeout, bad_ns = 0;
	enum frames frames;
	enum memory memory;
	gchar *name;
	int err;

	get_settings(src, &frames, &memory);
	GST_OBJECT_LOCK(src);
	timeout = src->timeout;
	GST_OBJECT_UNLOCK(src);
	name = zinc_gst_stream_name(GST_ELEMENT(src), src->stream_name);
	if (!name)
		return GST_FLOW_ERROR;
	now = zinc_stream_now();
	deadline_ns = timeout < ZINC_DEADLINE_NEVER - now ? now + timeout : ZINC_DEADLINE_NEVER;
	for (;;) {
		if (g_atomic_int_get(&src->unlocked)) {
			g_free(name);
			return GST_FLOW_FLUSHING;
		}
		src->connection = zinc_connection_open(name, flags[frames],
						       MIN(now + SLICE_NS, deadline_ns), &err);
		if (src->connection)
			break;
		now = zinc_stream_now();
		/* a writer that is about to write the header, or has died before it did */
		if (err == -EBADMSG && !bad_ns)
			bad_ns = now;
		else if (err != -EBADMSG)
			bad_ns = 0;
		if ((err != -ETIMEDOUT && err != -EPIPE && err != -EBADMSG && err != -ENOENT) ||
		    (err == -EBADMSG && now - bad_ns > HEADER_NS) || now >= deadline_ns) {
			GstFlowReturn flow = refuse(src, name, err == -ENOENT || err == -EPIPE ?
								-ETIMEDOUT : err, timeout);
			g_free(name);
			return flow;
		}
		if (err != -ETIMEDOUT)
			g_usleep(10000);
	}
	GST_INFO_OBJECT(src, "stream '%s' opened", name);
	tell(src, "opened", name);
	GST_OBJECT_LOCK(src);
	src->count.streams++;
	GST_OBJECT_UNLOCK(src);
	g_free(name);
	src->discont = TRUE;
	src->has_keys = FALSE;
	return GST_FLOW_OK;
}

static void disconnect(GstZincSrc *src)
{
	g_clear_pointer(&src->connection, zinc_connection_unref);
}

/* The writer has gone: said at once, and what comes then is the user's choice */
static GstFlowReturn handle_end(GstZincSrc *src)
{
	gchar *name = g_strdup(src->connection->reader.name);
	gboolean eos;

	GST_OBJECT_LOCK(src);
	eos = src->on_end == ON_END_EOS;
	GST_OBJECT_UNLOCK(src);
	disconnect(src);
	tell(src, "ended", name);
	if (!eos)
		GST_ELEMENT_WARNING(src, RESOURCE, READ,
				    ("The writer of stream '%s' has ended; waiting for another.",
				     name), (NULL));
	g_free(name);
	return eos ? GST_FLOW_EOS : GST_FLOW_OK;
}

/* ---- caps and allocation ---------------------------------------------------- */

static gboolean shares_dmabufs(GstZincSrc *src)
{
	enum frames frames;
	enum memory memory;

	get_settings(src, &frames, &memory);
	return memory == MEMORY_SHARE && src->connection && src->connection->allocator;
}

static GstCaps *src_get_caps(GstBaseSrc *base, GstCaps *filter)
{
	GstZincSrc *src = GST_ZINC_SRC(base);
	GstCaps *caps, *dmabuf, *both;

	/* what they are is known when the stream is */
	if (!src->has_format)
		return filter ? gst_caps_ref(filter) : gst_caps_new_any();
	caps = gst_caps_copy(src->format.caps);
	dmabuf = shares_dmabufs(src) ? zinc_gst_format_dmabuf_caps(&src->format) : NULL;
	if (dmabuf)
		gst_caps_append(caps, dmabuf);
	if (!filter)
		return caps;
	both = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
	gst_caps_unref(caps);
	return both;
}

/* Before the first frame there is nothing to say */
static gboolean src_negotiate(GstBaseSrc *base)
{
	GstZincSrc *src = GST_ZINC_SRC(base);

	if (!src->has_format)
		return TRUE;
	return GST_BASE_SRC_CLASS(gst_zinc_src_parent_class)->negotiate(base);
}

static gboolean src_set_caps(GstBaseSrc *base, GstCaps *caps)
{
	GST_ZINC_SRC(base)->takes_dmabuf = zinc_gst_is_dmabuf(caps);
	return TRUE;
}

static gboolean src_decide_allocation(GstBaseSrc *base, GstQuery *query)
{
	GstZincSrc *src = GST_ZINC_SRC(base);

	src->takes_meta = gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
	/* for copies: memory that is used again needs no new pages */
	if (src->format.is_video && !gst_query_get_n_allocation_pools(query)) {
		GstBufferPool *pool = gst_video_buffer_pool_new();
		GstVideoInfo info;

		if (gst_video_info_from_caps(&info, src->format.caps))
			gst_query_add_allocation_pool(query, pool,
						      GST_VIDEO_INFO_SIZE(&info), 0, 0);
		gst_object_unref(pool);
	}
	return GST_BASE_SRC_CLASS(gst_zinc_src_parent_class)->decide_allocation(base, query);
}

/* The connection's lock is not held: what comes after this element is asked */
static GstFlowReturn follow_format(GstZincSrc *src, const struct zinc_stream_format *stream)
{
	struct zinc_gst_format format;

	if (src->has_format && !memcmp(stream, &src->format.stream, sizeof(*stream)))
		return GST_FLOW_OK;
	if (!zinc_gst_format_from_stream(&format, stream)) {
		GST_ELEMENT_ERROR(src, STREAM, FORMAT,
				  ("Stream '%s': GStreamer has no name for its video.",
				   src->connection->reader.name),
				  ("fourcc %08x, modifier %" G_GINT64_MODIFIER "x", stream->fourcc,
				   stream->modifier));
		return GST_FLOW_NOT_NEGOTIATED;
	}
	GST_OBJECT_LOCK(src);
	zinc_gst_format_clear(&src->format);
	src->format = format;
	src->format.stream = *stream;
	src->has_format = TRUE;
	GST_OBJECT_UNLOCK(src);
	if (!gst_base_src_negotiate(GST_BASE_SRC(src)))
		return g_atomic_int_get(&src->unlocked) ? GST_FLOW_FLUSHING :
							  GST_FLOW_NOT_NEGOTIATED;
	return GST_FLOW_OK;
}

/* ---- frames ------------------------------------------------------------------ */

/* A moment of CLOCK_MONOTONIC as running time of the pipeline */
static GstClockTime running_time(GstZincSrc *src, guint64 pts_ns)
{
	GstClock *clock = gst_element_get_clock(GST_ELEMENT(src));
	GstClockTime base_time = gst_element_get_base_time(GST_ELEMENT(src));
	gint64 age = zinc_stream_now() - pts_ns;
	gint64 time;

	if (!clock || !pts_ns) {
		gst_clear_object(&clock);
		return GST_CLOCK_TIME_NONE;
	}
	time = gst_clock_get_time(clock) - base_time - age;
	gst_object_unref(clock);
	return MAX(time, 0);
}

static void describe(GstZincSrc *src, GstBuffer *buffer, const struct zinc_stream_view *view)
{
	const struct zinc_gst_format *format = &src->format;

	GST_BUFFER_PTS(buffer) = running_time(src, view->frame.pts_ns);
	GST_BUFFER_OFFSET(buffer) = view->frame.number;
	GST_BUFFER_OFFSET_END(buffer) = view->frame.number + 1;
	if (format->is_video && format->layout.fps_n > 0 && format->layout.fps_d > 0)
		GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(GST_SECOND,
			format->layout.fps_d, format->layout.fps_n);
	if (src->discont || view->lost || view->frame.flags & ZINC_STREAM_GAP)
		GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
	src->discont = FALSE;
	/* a writer that marks no frame at all leaves that open */
	src->has_keys |= view->frame.flags & ZINC_STREAM_KEY;
	if (format->is_encoded && src->has_keys && !(view->frame.flags & ZINC_STREAM_KEY))
		GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

static void add_meta(GstBuffer *buffer, GstVideoInfo *layout)
{
	gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE,
				       GST_VIDEO_INFO_FORMAT(layout), layout->width,
				       layout->height, GST_VIDEO_INFO_N_PLANES(layout),
				       layout->offset, layout->stride);
}

/* Rows where those after this element expect them */
static gboolean copy_video(GstZincSrc *src, GstBuffer *to, const struct zinc_stream_view *view)
{
	GstVideoFrame source, target;
	GstVideoInfo info;
	GstBuffer *from;
	gboolean copied = FALSE;

	from = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)view->data,
					   view->frame.bytes, 0, view->frame.bytes, NULL, NULL);
	if (gst_video_info_from_caps(&info, src->format.caps) &&
	    gst_video_frame_map(&source, &src->format.layout, from, GST_MAP_READ)) {
		if (gst_video_frame_map(&target, &info, to, GST_MAP_WRITE)) {
			copied = gst_video_frame_copy(&target, &source);
			gst_video_frame_unmap(&target);
		}
		gst_video_frame_unmap(&source);
	}
	gst_buffer_unref(from);
	return copied;
}

/*
 * The memory is asked for without the connection's lock; the frame may be
 * overwritten meanwhile, which is found out at the end. NULL: see flow; GST_FLOW_OK:
 * the frame is lost.
 */
static GstBuffer *copy_frame(GstZincSrc *src, const struct zinc_stream_view *view,
			     GstFlowReturn *flow)
{
	GstBaseSrcClass *class = GST_BASE_SRC_CLASS(gst_zinc_src_parent_class);
	struct zinc_connection *connection = src->connection;
	gsize size = view->frame.bytes;
	GstVideoInfo info;
	GstBuffer *buffer = NULL;
	gboolean copied;
	int err;

	if (src->format.is_video && gst_video_info_from_caps(&info, src->format.caps))
		size = GST_VIDEO_INFO_SIZE(&info);
	*flow = class->alloc(GST_BASE_SRC(src), -1, size, &buffer);
	if (*flow != GST_FLOW_OK)
		return NULL;
	if (src->format.is_video)
		copied = copy_video(src, buffer, view);
	else
		copied = gst_buffer_fill(buffer, 0, view->data, size) == size;
	g_mutex_lock(&connection->lock);
	err = zinc_stream_done(&connection->reader, view);
	g_mutex_unlock(&connection->lock);
	if (copied && !err) {
		if (src->format.is_video && !gst_buffer_get_video_meta(buffer))
			add_meta(buffer, &info);
		return buffer;
	}
	gst_buffer_unref(buffer);
	if (!copied) {
		GST_ELEMENT_ERROR(src, RESOURCE, READ,
				  ("A frame of stream '%s' was not copied.",
				   connection->reader.name), (NULL));
		*flow = GST_FLOW_ERROR;
	}
	return NULL;
}

static GstBuffer *share_frame(GstZincSrc *src, const struct zinc_stream_view *view)
{
	struct zinc_connection *connection = src->connection;
	GstBuffer *buffer = gst_buffer_new();

	g_mutex_lock(&connection->lock);
	gst_buffer_append_memory(buffer, zinc_connection_share(connection, view));
	g_mutex_unlock(&connection->lock);
	if (src->format.is_video)
		add_meta(buffer, &src->format.layout);
	return buffer;
}

/* As zinc_stream_next(), but an unlock ends it: -ECANCELED */
static int wait_frame(GstZincSrc *src, struct zinc_stream_view *view,
		      struct zinc_stream_format *format, gboolean *can_share)
{
	struct zinc_connection *connection = src->connection;
	int err;

	for (;;) {
		if (g_atomic_int_get(&src->unlocked))
			return -ECANCELED;
		g_mutex_lock(&connection->lock);
		err = zinc_stream_next(&connection->reader, view, 0);
		*format = connection->reader.format;
		*can_share = zinc_connection_can_share(connection);
		g_mutex_unlock(&connection->lock);
		if (err != -ETIMEDOUT)
			return err;
		/* what it says is found out by the next look */
		zinc_wait_with(connection->reader.region, zinc_stream_now() + SLICE_NS,
			       ZINC_WAIT_GONE);
	}
}

/* Frames that the writer changed while they were used, for the user to hear of */
static void count_losses(GstZincSrc *src, const struct zinc_stream_view *view)
{
	struct zinc_connection *connection = src->connection;
	guint64 overwritten;

	g_mutex_lock(&connection->lock);
	overwritten = connection->overwritten;
	connection->overwritten = 0;
	g_mutex_unlock(&connection->lock);
	GST_OBJECT_LOCK(src);
	src->count.lost += view->lost;
	src->count.overwritten += overwritten;
	GST_OBJECT_UNLOCK(src);
	if (overwritten)
		tell(src, "overwritten", connection->reader.name);
}

/* A frame that is there, as a buffer; NULL and GST_FLOW_OK: the frame is lost */
static GstBuffer *make_buffer(GstZincSrc *src, const struct zinc_stream_view *view,
			      gboolean can_share, GstFlowReturn *flow)
{
	GstBuffer *buffer;
	enum frames frames;
	enum memory memory;
	gboolean shared;

	get_settings(src, &frames, &memory);
	shared = memory == MEMORY_SHARE && can_share &&
		 (src->takes_meta || zinc_gst_format_has_default_rows(&src->format));
	if (src->takes_dmabuf && !shared) {
		/* all that the stream has are out */
		GST_OBJECT_LOCK(src);
		src->count.lost++;
		GST_OBJECT_UNLOCK(src);
		g_mutex_lock(&src->connection->lock);
		zinc_stream_done(&src->connection->reader, view);
		g_mutex_unlock(&src->connection->lock);
		return NULL;
	}
	buffer = shared ? share_frame(src, view) : copy_frame(src, view, flow);
	GST_OBJECT_LOCK(src);
	if (buffer) {
		src->count.frames++;
		src->count.copies += !shared;
	} else {
		src->count.lost++;
	}
	GST_OBJECT_UNLOCK(src);
	return buffer;
}

static gboolean has_all_bytes(const struct zinc_gst_format *format,
			      const struct zinc_stream_view *view)
{
	return view->frame.bytes && (!format->is_video ||
				     view->frame.bytes >= GST_VIDEO_INFO_SIZE(&format->layout));
}

static GstFlowReturn src_create(GstPushSrc *push, GstBuffer **buffer)
{
	GstZincSrc *src = GST_ZINC_SRC(push);
	struct zinc_stream_format format;
	struct zinc_stream_view view;
	GstFlowReturn flow = GST_FLOW_OK;
	gboolean can_share;
	int err;

	for (;;) {
		if (!src->connection)
			flow = connect_stream(src);
		if (flow != GST_FLOW_OK)
			return flow;
		err = wait_frame(src, &view, &format, &can_share);
		if (err == -ECANCELED)
			return GST_FLOW_FLUSHING;
		if (err == -EPIPE) {
			flow = handle_end(src);
			if (flow != GST_FLOW_OK)
				return flow;
			continue;
		}
		if (err) {
			GST_ELEMENT_ERROR(src, RESOURCE, READ,
					  ("Stream '%s': %s", src->connection->reader.name,
					   zinc_strerror(err)), (NULL));
			return GST_FLOW_ERROR;
		}
		flow = follow_format(src, &format);
		if (flow != GST_FLOW_OK)
			return flow;
		count_losses(src, &view);
		if (!has_all_bytes(&src->format, &view)) {
			GST_WARNING_OBJECT(src, "frame %" G_GUINT64_FORMAT " is cut: %"
					   G_GUINT64_FORMAT " bytes", view.frame.number,
					   view.frame.bytes);
			g_mutex_lock(&src->connection->lock);
			zinc_stream_done(&src->connection->reader, &view);
			g_mutex_unlock(&src->connection->lock);
			continue;
		}
		*buffer = make_buffer(src, &view, can_share, &flow);
		if (*buffer) {
			describe(src, *buffer, &view);
			return GST_FLOW_OK;
		}
		src->discont = TRUE;
	}
}

/* ---- states -------------------------------------------------------------------- */

static gboolean src_start(GstBaseSrc *base)
{
	GstZincSrc *src = GST_ZINC_SRC(base);
	gchar *name = zinc_gst_stream_name(GST_ELEMENT(src), src->stream_name);
	gboolean named = name ? TRUE : FALSE;

	g_free(name);
	return named;
}

static gboolean src_stop(GstBaseSrc *base)
{
	GstZincSrc *src = GST_ZINC_SRC(base);

	disconnect(src);
	GST_OBJECT_LOCK(src);
	zinc_gst_format_clear(&src->format);
	src->has_format = FALSE;
	GST_OBJECT_UNLOCK(src);
	src->takes_dmabuf = FALSE;
	return TRUE;
}

static gboolean src_unlock(GstBaseSrc *base)
{
	g_atomic_int_set(&GST_ZINC_SRC(base)->unlocked, TRUE);
	return TRUE;
}

static gboolean src_unlock_stop(GstBaseSrc *base)
{
	g_atomic_int_set(&GST_ZINC_SRC(base)->unlocked, FALSE);
	return TRUE;
}

/* A frame is sent when it is there; its time is when it was due at its writer */
static gboolean src_query(GstBaseSrc *base, GstQuery *query)
{
	GstZincSrc *src = GST_ZINC_SRC(base);
	GstClockTime frame = 0;

	if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
		return GST_BASE_SRC_CLASS(gst_zinc_src_parent_class)->query(base, query);
	GST_OBJECT_LOCK(src);
	if (src->has_format && src->format.is_video && src->format.layout.fps_n > 0)
		frame = gst_util_uint64_scale(GST_SECOND, src->format.layout.fps_d,
					      src->format.layout.fps_n);
	GST_OBJECT_UNLOCK(src);
	gst_query_set_latency(query, TRUE, frame, GST_CLOCK_TIME_NONE);
	return TRUE;
}

/* ---- properties ------------------------------------------------------------------ */

#define GST_TYPE_ZINC_FRAMES (frames_type())
static GType frames_type(void)
{
	static const GEnumValue values[] = {
		{ FRAMES_NEWEST, "The newest frame; older ones are passed over", "newest" },
		{ FRAMES_EVERY, "Every frame that is left; lost ones are counted", "every" },
		{ FRAMES_REGISTERED, "Every frame: the writer waits", "registered" },
		{ 0, NULL, NULL },
	};
	static gsize type;

	if (g_once_init_enter(&type))
		g_once_init_leave(&type, g_enum_register_static("GstZincSrcFrames", values));
	return type;
}

#define GST_TYPE_ZINC_MEMORY (memory_type())
static GType memory_type(void)
{
	static const GEnumValue values[] = {
		{ MEMORY_AUTO, "Shared if registered, else copied", "auto" },
		{ MEMORY_COPY, "Each frame is copied, and whole", "copy" },
		{ MEMORY_SHARE, "No copy; unless registered, a frame may be overwritten in use",
		  "share" },
		{ 0, NULL, NULL },
	};
	static gsize type;

	if (g_once_init_enter(&type))
		g_once_init_leave(&type, g_enum_register_static("GstZincSrcMemory", values));
	return type;
}

#define GST_TYPE_ZINC_ON_END (on_end_type())
static GType on_end_type(void)
{
	static const GEnumValue values[] = {
		{ ON_END_RECONNECT, "Wait for the next writer of the name", "reconnect" },
		{ ON_END_EOS, "End the pipeline", "eos" },
		{ 0, NULL, NULL },
	};
	static gsize type;

	if (g_once_init_enter(&type))
		g_once_init_leave(&type, g_enum_register_static("GstZincSrcOnEnd", values));
	return type;
}

static GstStructure *get_stats(GstZincSrc *src)
{
	return gst_structure_new("zincsrc-stats",
				 "frames", G_TYPE_UINT64, src->count.frames,
				 "copies", G_TYPE_UINT64, src->count.copies,
				 "lost", G_TYPE_UINT64, src->count.lost,
				 "overwritten", G_TYPE_UINT64, src->count.overwritten,
				 "streams", G_TYPE_UINT64, src->count.streams, NULL);
}

static void src_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	GstZincSrc *src = GST_ZINC_SRC(object);

	GST_OBJECT_LOCK(src);
	switch (id) {
	case PROP_STREAM_NAME:
		g_free(src->stream_name);
		src->stream_name = g_value_dup_string(value);
		break;
	case PROP_FRAMES:
		src->frames = g_value_get_enum(value);
		break;
	case PROP_MEMORY:
		src->memory = g_value_get_enum(value);
		break;
	case PROP_ON_END:
		src->on_end = g_value_get_enum(value);
		break;
	case PROP_TIMEOUT:
		src->timeout = g_value_get_uint64(value);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(src);
}

static void src_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	GstZincSrc *src = GST_ZINC_SRC(object);

	GST_OBJECT_LOCK(src);
	switch (id) {
	case PROP_STREAM_NAME:
		g_value_set_string(value, src->stream_name);
		break;
	case PROP_FRAMES:
		g_value_set_enum(value, src->frames);
		break;
	case PROP_MEMORY:
		g_value_set_enum(value, src->memory);
		break;
	case PROP_ON_END:
		g_value_set_enum(value, src->on_end);
		break;
	case PROP_TIMEOUT:
		g_value_set_uint64(value, src->timeout);
		break;
	case PROP_STATS:
		g_value_take_boxed(value, get_stats(src));
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(src);
}

static void src_finalize(GObject *object)
{
	GstZincSrc *src = GST_ZINC_SRC(object);

	disconnect(src);
	zinc_gst_format_clear(&src->format);
	g_free(src->stream_name);
	G_OBJECT_CLASS(gst_zinc_src_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *class)
{
	const GParamFlags ready = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
				  GST_PARAM_MUTABLE_READY;

	g_object_class_install_property(class, PROP_STREAM_NAME,
		g_param_spec_string("stream-name", "Stream name",
				    "Name of the stream; if not set, the element's own name",
				    NULL, ready));
	g_object_class_install_property(class, PROP_FRAMES,
		g_param_spec_enum("frames", "Frames", "Which frames of the stream",
				  GST_TYPE_ZINC_FRAMES, FRAMES_NEWEST, ready));
	g_object_class_install_property(class, PROP_MEMORY,
		g_param_spec_enum("memory", "Memory", "Whether frames are copied",
				  GST_TYPE_ZINC_MEMORY, MEMORY_AUTO, ready));
	g_object_class_install_property(class, PROP_ON_END,
		g_param_spec_enum("on-end", "On end", "What to do when the writer has ended",
				  GST_TYPE_ZINC_ON_END, ON_END_RECONNECT,
				  G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
				  GST_PARAM_MUTABLE_PLAYING));
	g_object_class_install_property(class, PROP_TIMEOUT,
		g_param_spec_uint64("timeout", "Timeout",
				    "Nanoseconds to wait for a writer of the name",
				    0, G_MAXUINT64, G_MAXUINT64,
				    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
				    GST_PARAM_MUTABLE_PLAYING));
	g_object_class_install_property(class, PROP_STATS,
		g_param_spec_boxed("stats", "Statistics",
				   "Frames, those that were copied, lost or overwritten in use, streams opened",
				   GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void gst_zinc_src_class_init(GstZincSrcClass *class)
{
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	GstBaseSrcClass *base = GST_BASE_SRC_CLASS(class);
	GObjectClass *object = G_OBJECT_CLASS(class);

	GST_DEBUG_CATEGORY_INIT(zincsrc_debug, "zincsrc", 0, "Zinc streams: reader");
	object->set_property = src_set_property;
	object->get_property = src_get_property;
	object->finalize = src_finalize;
	install_properties(object);
	gst_element_class_add_static_pad_template(element, &src_template);
	gst_element_class_set_static_metadata(element, "Zinc stream reader", "Source/Video/Audio",
		"Receives the frames of a stream in named shared memory", "The Zinc authors");
	gst_type_mark_as_plugin_api(GST_TYPE_ZINC_FRAMES, 0);
	gst_type_mark_as_plugin_api(GST_TYPE_ZINC_MEMORY, 0);
	gst_type_mark_as_plugin_api(GST_TYPE_ZINC_ON_END, 0);
	base->get_caps = src_get_caps;
	base->negotiate = src_negotiate;
	base->set_caps = src_set_caps;
	base->decide_allocation = src_decide_allocation;
	base->start = src_start;
	base->stop = src_stop;
	base->unlock = src_unlock;
	base->unlock_stop = src_unlock_stop;
	base->query = src_query;
	GST_PUSH_SRC_CLASS(class)->create = src_create;
}

static void gst_zinc_src_init(GstZincSrc *src)
{
	src->timeout = G_MAXUINT64;
	gst_base_src_set_live(GST_BASE_SRC(src), TRUE);
	gst_base_src_set_format(GST_BASE_SRC(src), GST_FORMAT_TIME);
}
