// SPDX-License-Identifier: MIT
/*
 * The slots of a sink's stream, as a pool of buffers for the elements before it.
 *
 * Buffers are made when they are acquired, as a slot is free or not whichever pool
 * had it last: after a change of caps the old pool may still have buffers out.
 * GstBufferPool keeps the configuration, the state and the count.
 */
#include "pool.h"

#include <gst/video/gstvideopool.h>

struct _GstZincPool {
	GstBufferPool parent;

	GstZincSink *sink;
	struct zinc_gst_format format;
	gsize size;		/* of a buffer */
	guint slots;		/* that the stream needs at least */
	struct zinc_ring *ring;
};

G_DEFINE_TYPE(GstZincPool, gst_zinc_pool, GST_TYPE_BUFFER_POOL)

static const gchar **get_options(GstBufferPool *base)
{
	static const gchar *options[] = { GST_BUFFER_POOL_OPTION_VIDEO_META,
					  GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT, NULL };

	return options;
}

/* Rows as the user of the pool requests them, if it announces that it reads their strides */
static gboolean set_rows(GstZincPool *pool, GstStructure *config)
{
	GstVideoInfo layout = pool->format.layout;
	GstVideoAlignment align;
	guint i, stride_align = gst_zinc_sink_stride_align(pool->sink) - 1;

	if (!gst_buffer_pool_config_has_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META))
		return TRUE;
	gst_video_alignment_reset(&align);
	if (gst_buffer_pool_config_has_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT))
		gst_buffer_pool_config_get_video_alignment(config, &align);
	for (i = 0; i < GST_VIDEO_MAX_PLANES; i++)
		align.stride_align[i] |= stride_align;
	if (!gst_video_info_align(&layout, &align))
		return FALSE;
	if (gst_buffer_pool_config_has_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT))
		gst_buffer_pool_config_set_video_alignment(config, &align);
	zinc_gst_format_set_rows(&pool->format, &layout);
	return TRUE;
}

/*
 * The size is computed from the caps and the rows, and a smaller one is
 * ignored: v4l2src requests less than the rows take. More buffers than slots
 * make a larger stream.
 */
static gboolean set_config(GstBufferPool *base, GstStructure *config)
{
	GstZincPool *pool = GST_ZINC_POOL(base);
	struct zinc_gst_format format;
	guint size, min, max;
	GstCaps *caps;

	if (!gst_buffer_pool_config_get_params(config, &caps, &size, &min, &max) || !caps ||
	    !zinc_gst_format_from_caps(&format, caps)) {
		GST_WARNING_OBJECT(pool, "no usable caps in %" GST_PTR_FORMAT, config);
		return FALSE;
	}
	zinc_gst_format_clear(&pool->format);
	pool->format = format;
	pool->size = size;
	if (pool->format.is_video) {
		if (!set_rows(pool, config))
			return FALSE;
		pool->size = GST_VIDEO_INFO_SIZE(&pool->format.layout);
	}
	pool->slots = MIN(MAX(min, max), ZINC_STREAM_SLOTS_MAX - 2) + 2;
	return pool->size && GST_BUFFER_POOL_CLASS(gst_zinc_pool_parent_class)->
			     set_config(base, config);
}

static gboolean start(GstBufferPool *base)
{
	GstZincPool *pool = GST_ZINC_POOL(base);

	pool->ring = gst_zinc_sink_get_ring(pool->sink, &pool->format, pool->size, pool->slots);
	return pool->ring ? TRUE : FALSE;
}

static gboolean stop(GstBufferPool *base)
{
	GstZincPool *pool = GST_ZINC_POOL(base);

	g_clear_pointer(&pool->ring, zinc_ring_unref);
	return GST_BUFFER_POOL_CLASS(gst_zinc_pool_parent_class)->stop(base);
}

static void flush_start(GstBufferPool *base)
{
	GstZincPool *pool = GST_ZINC_POOL(base);

	if (pool->ring)
		zinc_ring_wake(pool->ring);
}

static gboolean is_over(gpointer data)
{
	GstZincPool *pool = data;

	return GST_BUFFER_POOL_IS_FLUSHING(GST_BUFFER_POOL(pool)) ||
	       gst_zinc_sink_is_flushing(pool->sink);
}

/* The stream as it is now: another pool may have needed a larger one. A reference. */
static struct zinc_ring *current_ring(GstZincPool *pool)
{
	struct zinc_ring *ring = gst_zinc_sink_find_ring(pool->sink, pool->ring, pool->size);

	GST_OBJECT_LOCK(pool);
	if (ring) {
		zinc_ring_unref(pool->ring);
		pool->ring = ring;
	}
	ring = zinc_ring_ref(pool->ring);
	GST_OBJECT_UNLOCK(pool);
	return ring;
}

static GstFlowReturn acquire(GstBufferPool *base, GstBuffer **buffer,
			     GstBufferPoolAcquireParams *params)
{
	GstZincPool *pool = GST_ZINC_POOL(base);
	gboolean may_wait = !params || !(params->flags & GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT);
	const struct zinc_ring_wait wait = {
		may_wait ? gst_zinc_sink_deadline(pool->sink) : 0, is_over, pool,
	};
	GstVideoInfo *layout = &pool->format.layout;
	struct zinc_ring *ring;
	GstMemory *memory;
	int err;

	if (GST_BUFFER_POOL_IS_FLUSHING(base))
		return GST_FLOW_FLUSHING;
	/* two remain for readers, and for frames that have to be copied */
	ring = current_ring(pool);
	memory = zinc_ring_take(ring, zinc_ring_slots(ring) - 2, &wait, &err);
	zinc_ring_unref(ring);
	if (err == -ECANCELED)
		return GST_FLOW_FLUSHING;
	if (err == -EAGAIN && !may_wait)
		return GST_FLOW_EOS;
	/* the sink copies it, or drops it as too late */
	if (!memory)
		memory = gst_allocator_alloc(NULL, pool->size, NULL);
	gst_memory_resize(memory, 0, pool->size);
	*buffer = gst_buffer_new();
	gst_buffer_append_memory(*buffer, memory);
	if (pool->format.is_video)
		gst_buffer_add_video_meta_full(*buffer, GST_VIDEO_FRAME_FLAG_NONE,
					       GST_VIDEO_INFO_FORMAT(layout), layout->width,
					       layout->height, GST_VIDEO_INFO_N_PLANES(layout),
					       layout->offset, layout->stride);
	return GST_FLOW_OK;
}

/* Its memory gives the slot back, unless something else still uses it */
static void release(GstBufferPool *base, GstBuffer *buffer)
{
	gst_buffer_unref(buffer);
}

static void finalize(GObject *object)
{
	GstZincPool *pool = GST_ZINC_POOL(object);

	g_clear_pointer(&pool->ring, zinc_ring_unref);
	zinc_gst_format_clear(&pool->format);
	gst_object_unref(pool->sink);
	G_OBJECT_CLASS(gst_zinc_pool_parent_class)->finalize(object);
}

static void gst_zinc_pool_class_init(GstZincPoolClass *class)
{
	GstBufferPoolClass *base = GST_BUFFER_POOL_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = finalize;
	base->get_options = get_options;
	base->set_config = set_config;
	base->start = start;
	base->stop = stop;
	base->flush_start = flush_start;
	base->acquire_buffer = acquire;
	base->release_buffer = release;
}

static void gst_zinc_pool_init(GstZincPool *pool)
{
}

GstBufferPool *gst_zinc_pool_new(GstZincSink *sink)
{
	GstZincPool *pool = g_object_new(GST_TYPE_ZINC_POOL, NULL);

	gst_object_ref_sink(pool);
	pool->sink = gst_object_ref(sink);
	return GST_BUFFER_POOL(pool);
}
