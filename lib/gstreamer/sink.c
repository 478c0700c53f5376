// SPDX-License-Identifier: MIT
/* zincsink: what arrives becomes frames of a stream */
#include "sink.h"

#include "name.h"
#include "pool.h"

GST_DEBUG_CATEGORY_STATIC(zincsink_debug);
#define GST_CAT_DEFAULT zincsink_debug

#define DEFAULT_SLOTS		4
#define DEFAULT_MODE		0600
#define DEFAULT_STRIDE_ALIGN	1

enum {
	PROP_STREAM_NAME = 1,
	PROP_SLOTS,
	PROP_MODE,
	PROP_MAX_WAIT,
	PROP_STRIDE_ALIGN,
	PROP_STATS,
};

struct _GstZincSink {
	GstBaseSink parent;

	/* under the object's lock */
	gchar *stream_name;
	guint slots;
	guint mode;
	guint64 max_wait;
	guint stride_align;
	guint64 frames;
	guint64 copies;
	guint64 dropped;
	guint64 streams;

	/* of the streaming thread */
	struct zinc_gst_format format;

	gint flushing;		/* pools do not wait any more */
	gint unlocked;		/* nor does render() */
	GMutex ring_lock;
	struct zinc_ring *ring;
};

G_DEFINE_TYPE(GstZincSink, gst_zinc_sink, GST_TYPE_BASE_SINK)

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* ---- for the pool -------------------------------------------------------- */

guint gst_zinc_sink_stride_align(GstZincSink *sink)
{
	guint align;

	GST_OBJECT_LOCK(sink);
	align = sink->stride_align;
	GST_OBJECT_UNLOCK(sink);
	return align;
}

/* until when to wait for a reader, from now on */
guint64 gst_zinc_sink_deadline(GstZincSink *sink)
{
	guint64 wait, now = zinc_stream_now();

	GST_OBJECT_LOCK(sink);
	wait = sink->max_wait;
	GST_OBJECT_UNLOCK(sink);
	return wait < ZINC_DEADLINE_NEVER - now ? now + wait : ZINC_DEADLINE_NEVER;
}

gboolean gst_zinc_sink_is_flushing(GstZincSink *sink)
{
	return g_atomic_int_get(&sink->flushing);
}

static struct zinc_ring *create_ring(GstZincSink *sink, const struct zinc_gst_format *format,
				     guint64 size, guint slots)
{
	struct zinc_options options = { .size = sizeof(options),
					.lifetime = ZINC_LIFETIME_CREATOR };
	struct zinc_ring *ring;
	gchar *name;
	int err;

	GST_OBJECT_LOCK(sink);
	slots = MAX(slots, sink->slots);
	options.mode = sink->mode;
	GST_OBJECT_UNLOCK(sink);
	name = zinc_gst_stream_name(GST_ELEMENT(sink), sink->stream_name);
	if (!name)
		return NULL;
	/* the smaller one that it takes the place of */
	if (sink->ring)
		options.flags = ZINC_REPLACE;
	ring = zinc_ring_new(name, &format->stream, slots, size, &options, &err);
	if (ring) {
		GST_INFO_OBJECT(sink, "stream '%s': %u slots of %" G_GUINT64_FORMAT " bytes", name,
				slots, size);
		GST_OBJECT_LOCK(sink);
		sink->streams++;
		GST_OBJECT_UNLOCK(sink);
	} else if (err == -EEXIST) {
		GST_ELEMENT_ERROR(sink, RESOURCE, BUSY,
				  ("Stream '%s' has a writer already: stop it or use another name.",
				   name), ("zinc_stream_create: %s", zinc_strerror(err)));
	} else {
		GST_ELEMENT_ERROR(sink, RESOURCE, OPEN_WRITE,
				  ("Stream '%s' of %u slots of %" G_GUINT64_FORMAT
				   " bytes was not created: %s", name, slots, size,
				   zinc_strerror(err)), (NULL));
	}
	g_free(name);
	return ring;
}

static gboolean has_room(const struct zinc_ring *ring, guint64 size, guint slots)
{
	return ring && zinc_ring_slot_size(ring) >= size && zinc_ring_slots(ring) >= slots;
}

/* The stream, if it has the slots; else a larger one. A reference. */
struct zinc_ring *gst_zinc_sink_get_ring(GstZincSink *sink, const struct zinc_gst_format *format,
					 guint64 size, guint slots)
{
	struct zinc_ring *ring;

	g_mutex_lock(&sink->ring_lock);
	if (!has_room(sink->ring, size, slots)) {
		ring = create_ring(sink, format, size, slots);
		if (ring && sink->ring) {
			zinc_ring_end(sink->ring);
			zinc_ring_unref(sink->ring);
		}
		if (ring)
			sink->ring = ring;
	} else {
		ring = sink->ring;
	}
	if (ring)
		zinc_ring_ref(ring);
	g_mutex_unlock(&sink->ring_lock);
	return ring;
}

/* The stream that has taken the place of another; NULL: none, or it has no such slots */
struct zinc_ring *gst_zinc_sink_find_ring(GstZincSink *sink, const struct zinc_ring *old,
					  guint64 size)
{
	struct zinc_ring *ring = NULL;

	g_mutex_lock(&sink->ring_lock);
	if (sink->ring != old && has_room(sink->ring, size, 0))
		ring = zinc_ring_ref(sink->ring);
	g_mutex_unlock(&sink->ring_lock);
	return ring;
}

/* ---- caps and allocation ------------------------------------------------- */

static GstCaps *get_caps(GstBaseSink *base, GstCaps *filter)
{
	GstCaps *caps, *preferred;

	if (!filter)
		return gst_caps_new_any();
	/*
	 * an element that has the choice sends a format that readers in every
	 * language understand
	 */
	preferred = zinc_gst_preferred_caps();
	caps = gst_caps_intersect_full(preferred, filter, GST_CAPS_INTERSECT_FIRST);
	gst_caps_unref(preferred);
	return gst_caps_merge(caps, gst_caps_ref(filter));
}

static void set_rows(GstZincSink *sink, struct zinc_gst_format *format)
{
	GstVideoInfo layout = format->layout;
	GstVideoAlignment align;
	guint i;

	if (!format->is_video)
		return;
	gst_video_alignment_reset(&align);
	for (i = 0; i < GST_VIDEO_MAX_PLANES; i++)
		align.stride_align[i] = gst_zinc_sink_stride_align(sink) - 1;
	if (gst_video_info_align(&layout, &align))
		zinc_gst_format_set_rows(format, &layout);
}

static gboolean set_caps(GstBaseSink *base, GstCaps *caps)
{
	GstZincSink *sink = GST_ZINC_SINK(base);
	struct zinc_gst_format format;

	if (!zinc_gst_format_from_caps(&format, caps)) {
		GST_ELEMENT_ERROR(sink, STREAM, FORMAT,
				  ("Expected linear video, or caps of at most %d characters.",
				   ZINC_STREAM_CAPS_SIZE - 1), ("got %" GST_PTR_FORMAT, caps));
		return FALSE;
	}
	zinc_gst_format_clear(&sink->format);
	sink->format = format;
	set_rows(sink, &sink->format);
	return TRUE;
}

/* An element that takes this pool writes right into the stream */
static GstBufferPool *make_pool(GstZincSink *sink, GstCaps *caps, guint size, guint buffers)
{
	GstBufferPool *pool = gst_zinc_pool_new(sink);
	GstStructure *config = gst_buffer_pool_get_config(pool);

	gst_buffer_pool_config_set_params(config, caps, size, 0, buffers);
	if (!gst_buffer_pool_set_config(pool, config))
		gst_clear_object(&pool);
	return pool;
}

static gboolean propose_allocation(GstBaseSink *base, GstQuery *query)
{
	GstZincSink *sink = GST_ZINC_SINK(base);
	struct zinc_gst_format format;
	GstBufferPool *pool;
	gboolean need_pool;
	guint buffers;
	GstCaps *caps;

	gst_query_parse_allocation(query, &caps, &need_pool);
	if (!caps || !zinc_gst_format_from_caps(&format, caps))
		return FALSE;
	if (format.is_video) {
		gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
		set_rows(sink, &format);
	}
	GST_OBJECT_LOCK(sink);
	buffers = sink->slots - 2;
	GST_OBJECT_UNLOCK(sink);
	/*
	 * No slot is a separate dma-buf, and an element that imports one for a
	 * capture device passes no offset to it.
	 */
	if (need_pool && format.is_video && !zinc_gst_is_dmabuf(caps)) {
		guint size = GST_VIDEO_INFO_SIZE(&format.layout);

		pool = make_pool(sink, caps, size, buffers);
		if (pool) {
			gst_query_add_allocation_pool(query, pool, size, 1, buffers);
			gst_object_unref(pool);
		}
	}
	zinc_gst_format_clear(&format);
	return TRUE;
}

/* ---- frames --------------------------------------------------------------- */

/* The time at which it is due by the pipeline's clock, on CLOCK_MONOTONIC */
static guint64 monotonic_time(GstZincSink *sink, GstBuffer *buffer)
{
	GstBaseSink *base = GST_BASE_SINK(sink);
	guint64 now = zinc_stream_now();
	GstClockTime due = GST_CLOCK_TIME_NONE;
	GstClock *clock = gst_element_get_clock(GST_ELEMENT(sink));

	if (base->segment.format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer))
		due = gst_segment_to_running_time(&base->segment, GST_FORMAT_TIME,
						  GST_BUFFER_PTS(buffer));
	if (clock && GST_CLOCK_TIME_IS_VALID(due)) {
		gint64 age = gst_clock_get_time(clock) -
			     (due + gst_element_get_base_time(GST_ELEMENT(sink)));

		now = age < (gint64)now ? now - age : 0;
	}
	gst_clear_object(&clock);
	return now;
}

static void describe(GstZincSink *sink, GstBuffer *buffer, struct zinc_stream_frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->pts_ns = monotonic_time(sink, buffer);
	if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT))
		frame->flags |= ZINC_STREAM_KEY;
	if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT))
		frame->flags |= ZINC_STREAM_GAP;
}

/* Rows that begin where the buffer says, not where the caps do */
static void follow_meta(struct zinc_gst_format *format, GstBuffer *buffer)
{
	GstVideoMeta *meta = gst_buffer_get_video_meta(buffer);
	GstVideoInfo layout;
	guint i;

	if (!gst_video_info_from_caps(&layout, format->caps))
		return;
	for (i = 0; meta && i < meta->n_planes; i++) {
		layout.stride[i] = meta->stride[i];
		layout.offset[i] = meta->offset[i];
	}
	layout.size = gst_buffer_get_size(buffer);
	zinc_gst_format_set_rows(format, &layout);
}

/* Publish a buffer that is a slot: 0; or why it has to be copied */
static int commit_in_place(GstZincSink *sink, struct zinc_ring *ring, GstBuffer *buffer,
			   struct zinc_stream_frame *frame, const struct zinc_ring_wait *wait)
{
	struct zinc_gst_format format = sink->format;
	GstMapInfo map;
	int err;

	/* a dma-buf is somewhere else for sure, and to map it has a price */
	if (gst_buffer_n_memory(buffer) != 1 ||
	    gst_memory_is_type(gst_buffer_peek_memory(buffer, 0), "dmabuf") ||
	    !gst_buffer_map(buffer, &map, GST_MAP_READ))
		return -ENOENT;
	if (format.is_video)
		follow_meta(&format, buffer);
	/* of these only default rows can be told */
	if (format.is_video && format.stream.kind != ZINC_STREAM_VIDEO &&
	    !zinc_gst_format_has_default_rows(&format)) {
		err = -ENOENT;
	} else {
		frame->bytes = map.size;
		err = zinc_ring_commit(ring, map.data, FALSE, &format.stream, frame, wait);
	}
	gst_buffer_unmap(buffer, &map);
	return err;
}

static gboolean copy_video(GstZincSink *sink, GstBuffer *to, GstBuffer *from)
{
	GstVideoFrame source, target;
	GstVideoInfo info;
	gboolean copied;

	if (!gst_video_info_from_caps(&info, sink->format.caps) ||
	    !gst_video_frame_map(&source, &info, from, GST_MAP_READ))
		return FALSE;
	copied = gst_video_frame_map(&target, &sink->format.layout, to, GST_MAP_WRITE);
	if (copied) {
		copied = gst_video_frame_copy(&target, &source);
		gst_video_frame_unmap(&target);
	}
	gst_video_frame_unmap(&source);
	return copied;
}

static gboolean copy_frame(GstZincSink *sink, GstMemory *memory, GstBuffer *from)
{
	gsize size = gst_buffer_get_size(from);
	GstBuffer *to;
	GstMapInfo map;
	gboolean copied;

	if (sink->format.is_video) {
		to = gst_buffer_new();
		gst_buffer_append_memory(to, gst_memory_ref(memory));
		copied = copy_video(sink, to, from);
		gst_buffer_unref(to);
		return copied;
	}
	if (!gst_memory_map(memory, &map, GST_MAP_WRITE))
		return FALSE;
	copied = gst_buffer_extract(from, 0, map.data, size) == size;
	gst_memory_unmap(memory, &map);
	return copied;
}

static gboolean is_unlocked(gpointer data)
{
	GstZincSink *sink = data;

	return g_atomic_int_get(&sink->unlocked);
}

/* 0; or -ETIMEDOUT, the frame is dropped; -EIO, with an error posted */
static int commit_copy(GstZincSink *sink, struct zinc_ring *ring, GstBuffer *buffer,
		       struct zinc_stream_frame *frame, const struct zinc_ring_wait *wait)
{
	GstMemory *memory;
	GstMapInfo map;
	int err;

	memory = zinc_ring_take(ring, zinc_ring_slots(ring), wait, &err);
	if (!memory)
		return err == -EAGAIN ? -ETIMEDOUT : err;
	frame->bytes = sink->format.is_video ? GST_VIDEO_INFO_SIZE(&sink->format.layout) :
					       gst_buffer_get_size(buffer);
	if (!copy_frame(sink, memory, buffer)) {
		GST_ELEMENT_ERROR(sink, RESOURCE, READ,
				  ("A buffer cannot be mapped, or is smaller than its caps say."),
				  ("%" GST_PTR_FORMAT, buffer));
		err = -EIO;
	} else if (gst_memory_map(memory, &map, GST_MAP_READ)) {
		err = zinc_ring_commit(ring, map.data, TRUE, &sink->format.stream, frame, wait);
		gst_memory_unmap(memory, &map);
	}
	gst_memory_unref(memory);
	return err;
}

static GstFlowReturn judge(GstZincSink *sink, int err, gboolean copied)
{
	GST_OBJECT_LOCK(sink);
	if (!err) {
		sink->frames++;
		sink->copies += copied;
	} else if (err == -ETIMEDOUT) {
		sink->dropped++;
	}
	GST_OBJECT_UNLOCK(sink);
	if (!err || err == -ETIMEDOUT)
		return GST_FLOW_OK;
	if (err != -EIO)
		GST_ELEMENT_ERROR(sink, RESOURCE, WRITE,
				  ("A frame was not published: %s", zinc_strerror(err)), (NULL));
	return GST_FLOW_ERROR;
}

static GstFlowReturn render(GstBaseSink *base, GstBuffer *buffer)
{
	GstZincSink *sink = GST_ZINC_SINK(base);
	guint64 size = sink->format.is_video ? GST_VIDEO_INFO_SIZE(&sink->format.layout) :
					       gst_buffer_get_size(buffer);
	const struct zinc_ring_wait wait = { gst_zinc_sink_deadline(sink), is_unlocked, sink };
	struct zinc_stream_frame frame;
	struct zinc_ring *ring;
	GstFlowReturn flow;
	gboolean copied = FALSE;
	int err;

	/* a frame of no bytes is none for readers: GStreamer uses such as marks */
	if (!gst_buffer_get_size(buffer))
		return GST_FLOW_OK;
	describe(sink, buffer, &frame);
	for (;;) {
		g_mutex_lock(&sink->ring_lock);
		ring = sink->ring ? zinc_ring_ref(sink->ring) : NULL;
		g_mutex_unlock(&sink->ring_lock);
		err = ring ? commit_in_place(sink, ring, buffer, &frame, &wait) : -ENOENT;
		g_clear_pointer(&ring, zinc_ring_unref);
		if (err == -ENOENT || err == -EAGAIN || err == -EPIPE) {
			/* room for larger ones that may follow */
			ring = gst_zinc_sink_get_ring(sink, &sink->format, sink->format.is_video ?
						      size : size + size / 2, 0);
			if (!ring)
				return GST_FLOW_ERROR;
			copied = TRUE;
			err = commit_copy(sink, ring, buffer, &frame, &wait);
			zinc_ring_unref(ring);
		}
		if (err != -ECANCELED)
			break;
		flow = gst_base_sink_wait_preroll(base);
		if (flow != GST_FLOW_OK)
			return flow;
	}
	return judge(sink, err, copied);
}

/* ---- states --------------------------------------------------------------- */

static void wake(GstZincSink *sink)
{
	g_mutex_lock(&sink->ring_lock);
	if (sink->ring)
		zinc_ring_wake(sink->ring);
	g_mutex_unlock(&sink->ring_lock);
}

static void end_stream(GstZincSink *sink)
{
	g_mutex_lock(&sink->ring_lock);
	if (sink->ring) {
		zinc_ring_end(sink->ring);
		g_clear_pointer(&sink->ring, zinc_ring_unref);
	}
	g_mutex_unlock(&sink->ring_lock);
}

static gboolean unlock(GstBaseSink *base)
{
	GstZincSink *sink = GST_ZINC_SINK(base);

	g_atomic_int_set(&sink->unlocked, TRUE);
	wake(sink);
	return TRUE;
}

static gboolean unlock_stop(GstBaseSink *base)
{
	GstZincSink *sink = GST_ZINC_SINK(base);

	g_atomic_int_set(&sink->unlocked, FALSE);
	return TRUE;
}

static gboolean start(GstBaseSink *base)
{
	GstZincSink *sink = GST_ZINC_SINK(base);
	gchar *name = zinc_gst_stream_name(GST_ELEMENT(sink), sink->stream_name);
	gboolean named = name ? TRUE : FALSE;

	g_free(name);
	g_atomic_int_set(&sink->flushing, FALSE);
	return named;
}

static gboolean stop(GstBaseSink *base)
{
	GstZincSink *sink = GST_ZINC_SINK(base);

	end_stream(sink);
	zinc_gst_format_clear(&sink->format);
	return TRUE;
}

static gboolean handle_event(GstBaseSink *base, GstEvent *event)
{
	GstZincSink *sink = GST_ZINC_SINK(base);
	gboolean done;

	switch (GST_EVENT_TYPE(event)) {
	case GST_EVENT_FLUSH_START:
		g_atomic_int_set(&sink->flushing, TRUE);
		wake(sink);
		break;
	case GST_EVENT_FLUSH_STOP:
		g_atomic_int_set(&sink->flushing, FALSE);
		break;
	case GST_EVENT_EOS:
		/* waits until the last frame's time is over */
		done = GST_BASE_SINK_CLASS(gst_zinc_sink_parent_class)->event(base, event);
		end_stream(sink);
		return done;
	default:
		break;
	}
	return GST_BASE_SINK_CLASS(gst_zinc_sink_parent_class)->event(base, event);
}

/* Before the pads are deactivated, which waits for threads that wait for a slot */
static GstStateChangeReturn change_state(GstElement *element, GstStateChange change)
{
	GstZincSink *sink = GST_ZINC_SINK(element);

	if (change == GST_STATE_CHANGE_PAUSED_TO_READY) {
		g_atomic_int_set(&sink->flushing, TRUE);
		wake(sink);
	}
	return GST_ELEMENT_CLASS(gst_zinc_sink_parent_class)->change_state(element, change);
}

/* ---- properties ------------------------------------------------------------ */

static GstStructure *get_stats(GstZincSink *sink)
{
	GstStructure *stats;
	guint slots = 0;
	guint64 slot_size = 0;
	const gchar *backend = "none";

	g_mutex_lock(&sink->ring_lock);
	if (sink->ring) {
		slots = zinc_ring_slots(sink->ring);
		slot_size = zinc_ring_slot_size(sink->ring);
		backend = zinc_ring_backend(sink->ring);
	}
	g_mutex_unlock(&sink->ring_lock);
	GST_OBJECT_LOCK(sink);
	stats = gst_structure_new("zincsink-stats",
				  "frames", G_TYPE_UINT64, sink->frames,
				  "copies", G_TYPE_UINT64, sink->copies,
				  "dropped", G_TYPE_UINT64, sink->dropped,
				  "streams", G_TYPE_UINT64, sink->streams,
				  "slots", G_TYPE_UINT, slots,
				  "slot-size", G_TYPE_UINT64, slot_size,
				  "backend", G_TYPE_STRING, backend, NULL);
	GST_OBJECT_UNLOCK(sink);
	return stats;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	GstZincSink *sink = GST_ZINC_SINK(object);
	guint align;

	GST_OBJECT_LOCK(sink);
	switch (id) {
	case PROP_STREAM_NAME:
		g_free(sink->stream_name);
		sink->stream_name = g_value_dup_string(value);
		break;
	case PROP_SLOTS:
		sink->slots = g_value_get_uint(value);
		break;
	case PROP_MODE:
		sink->mode = g_value_get_uint(value);
		break;
	case PROP_MAX_WAIT:
		sink->max_wait = g_value_get_uint64(value);
		break;
	case PROP_STRIDE_ALIGN:
		align = g_value_get_uint(value);
		if (align & (align - 1))
			g_warning("zincsink: stride-align=%u: expected a power of two", align);
		else
			sink->stride_align = align;
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(sink);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	GstZincSink *sink = GST_ZINC_SINK(object);

	if (id == PROP_STATS) {
		g_value_take_boxed(value, get_stats(sink));
		return;
	}
	GST_OBJECT_LOCK(sink);
	switch (id) {
	case PROP_STREAM_NAME:
		g_value_set_string(value, sink->stream_name);
		break;
	case PROP_SLOTS:
		g_value_set_uint(value, sink->slots);
		break;
	case PROP_MODE:
		g_value_set_uint(value, sink->mode);
		break;
	case PROP_MAX_WAIT:
		g_value_set_uint64(value, sink->max_wait);
		break;
	case PROP_STRIDE_ALIGN:
		g_value_set_uint(value, sink->stride_align);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(sink);
}

static void finalize(GObject *object)
{
	GstZincSink *sink = GST_ZINC_SINK(object);

	end_stream(sink);
	zinc_gst_format_clear(&sink->format);
	g_free(sink->stream_name);
	g_mutex_clear(&sink->ring_lock);
	G_OBJECT_CLASS(gst_zinc_sink_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *class)
{
	const GParamFlags ready = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
				  GST_PARAM_MUTABLE_READY;

	g_object_class_install_property(class, PROP_STREAM_NAME,
		g_param_spec_string("stream-name", "Stream name",
				    "Name of the stream; if not set, the element's own name",
				    NULL, ready));
	g_object_class_install_property(class, PROP_SLOTS,
		g_param_spec_uint("slots", "Slots",
				  "Frames in the ring; more if an element needs more buffers at a time",
				  3, ZINC_STREAM_SLOTS_MAX, DEFAULT_SLOTS, ready));
	g_object_class_install_property(class, PROP_MODE,
		g_param_spec_uint("mode", "Mode",
				  "Permission bits of the stream, as chmod has them in decimal (438 is 0666)",
				  0, 0666, DEFAULT_MODE, ready));
	g_object_class_install_property(class, PROP_MAX_WAIT,
		g_param_spec_uint64("max-wait", "Longest wait",
				    "Nanoseconds to wait for registered readers before a frame is dropped",
				    0, G_MAXUINT64, G_MAXUINT64,
				    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
				    GST_PARAM_MUTABLE_PLAYING));
	g_object_class_install_property(class, PROP_STRIDE_ALIGN,
		g_param_spec_uint("stride-align", "Stride alignment",
				  "Rows begin at multiples of this power of two (GPUs want 64 or 256)",
				  1, 65536, DEFAULT_STRIDE_ALIGN, ready));
	g_object_class_install_property(class, PROP_STATS,
		g_param_spec_boxed("stats", "Statistics",
				   "Frames, those that were copied, those that were dropped, streams made",
				   GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void gst_zinc_sink_class_init(GstZincSinkClass *class)
{
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	GstBaseSinkClass *base = GST_BASE_SINK_CLASS(class);
	GObjectClass *object = G_OBJECT_CLASS(class);

	GST_DEBUG_CATEGORY_INIT(zincsink_debug, "zincsink", 0, "Zinc streams: writer");
	object->set_property = set_property;
	object->get_property = get_property;
	object->finalize = finalize;
	install_properties(object);
	gst_element_class_add_static_pad_template(element, &sink_template);
	gst_element_class_set_static_metadata(element, "Zinc stream writer", "Sink/Video/Audio",
		"Publishes frames in named shared memory, for any number of readers",
		"The Zinc authors");
	element->change_state = change_state;
	base->get_caps = get_caps;
	base->set_caps = set_caps;
	base->propose_allocation = propose_allocation;
	base->render = render;
	base->unlock = unlock;
	base->unlock_stop = unlock_stop;
	base->start = start;
	base->stop = stop;
	base->event = handle_event;
}

static void gst_zinc_sink_init(GstZincSink *sink)
{
	g_mutex_init(&sink->ring_lock);
	sink->slots = DEFAULT_SLOTS;
	sink->mode = DEFAULT_MODE;
	sink->max_wait = G_MAXUINT64;
	sink->stride_align = DEFAULT_STRIDE_ALIGN;
	/* the last one would keep its slot */
	gst_base_sink_set_last_sample_enabled(GST_BASE_SINK(sink), FALSE);
}
