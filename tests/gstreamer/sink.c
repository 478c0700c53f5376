// SPDX-License-Identifier: GPL-2.0-only
/* zincsink, in one process: what it gives upstream, and what readers get */
#include "gst_test.h"

FIXTURE(sink) {
	const char *name;
	GstHarness *h;
	GstBus *bus;
	GstBufferPool *pool;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
};

#define SELF FIXTURE_DATA(sink) *self

FIXTURE_SETUP(sink)
{
	self->name = named("gst");
	start_gst();
}

FIXTURE_TEARDOWN(sink)
{
	zinc_stream_close(&self->reader);
	if (self->pool) {
		gst_buffer_pool_set_active(self->pool, FALSE);
		gst_object_unref(self->pool);
	}
	if (self->h)
		end_harness(&self->h, &self->bus);
}

/* A sink that waits for no clock, and what it posts */
static void begin(SELF, const char *property, const char *caps)
{
	GstElement *element = make_element("zincsink", self->name, property);

	g_object_set(element, "sync", FALSE, NULL);
	self->h = gst_harness_new_with_element(element, "sink", NULL);
	gst_object_unref(element);
	self->bus = gst_bus_new();
	gst_element_set_bus(self->h->element, self->bus);
	if (caps)
		gst_harness_set_src_caps_str(self->h, caps);
}

static GstBuffer *filled(size_t size, int value)
{
	GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);

	gst_buffer_memset(buffer, 0, value, size);
	return buffer;
}

static void hear(SELF, uint32_t flags)
{
	CHECK(!zinc_stream_open(&self->reader, self->name, flags, IN_TIME));
}

/* The next frame's number, if all its bytes are @value; or an error */
static int64_t next(SELF, size_t size, int value)
{
	int err = zinc_stream_next(&self->reader, &self->view, 0);

	if (err)
		return err;
	if (self->view.frame.bytes < size || !is_all(self->view.data, size, value))
		return -EILSEQ;
	err = zinc_stream_done(&self->reader, &self->view);
	return err ? err : (int64_t)self->view.frame.number;
}

static GstQuery *ask(SELF, const char *text, gboolean need_pool)
{
	GstCaps *caps = gst_caps_from_string(text);
	GstQuery *query = gst_query_new_allocation(caps, need_pool);

	CHECK(gst_pad_peer_query(self->h->srcpad, query));
	gst_caps_unref(caps);
	return query;
}

/* The pool that the sink proposes, configured as an element before it may do */
static void take_pool(SELF, const char *text, guint size, guint min, guint max, bool meta)
{
	GstQuery *query = ask(self, text, TRUE);
	GstCaps *caps = gst_caps_from_string(text);
	GstStructure *config;

	CHECK(gst_query_get_n_allocation_pools(query) == 1);
	gst_query_parse_nth_allocation_pool(query, 0, &self->pool, NULL, NULL, NULL);
	gst_query_unref(query);
	config = gst_buffer_pool_get_config(self->pool);
	gst_buffer_pool_config_set_params(config, caps, size, min, max);
	if (meta)
		gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
	gst_caps_unref(caps);
	CHECK(gst_buffer_pool_set_config(self->pool, config));
	CHECK(gst_buffer_pool_set_active(self->pool, TRUE));
}

/* NULL: all are out */
static GstBuffer *acquire(SELF, int value)
{
	GstBufferPoolAcquireParams params = { .flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT };
	GstBuffer *buffer = NULL;
	GstFlowReturn flow = gst_buffer_pool_acquire_buffer(self->pool, &buffer, &params);

	if (flow == GST_FLOW_EOS)
		return NULL;
	CHECK(flow == GST_FLOW_OK);
	gst_buffer_memset(buffer, 0, value, -1);
	return buffer;
}

static int push(SELF, GstBuffer *buffer)
{
	return gst_harness_push(self->h, buffer);
}

/* ---- without a copy ---- */

TEST_F(sink, frames_in_its_pool_are_not_copied)
{
	int i;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	for (i = 1; i <= 9; i++) {
		ASSERT_EQ(push(self, acquire(self, i)), GST_FLOW_OK);
		if (i == 1)
			hear(self, ZINC_STREAM_EVERY);
		EXPECT_EQ(next(self, BYTES, i), i);
	}
	EXPECT_EQ(stat_of(self->h->element, "frames"), 9);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
	EXPECT_EQ(self->reader.lost, 0);
}

TEST_F(sink, two_buffers_may_be_out_of_four_slots)
{
	GstBuffer *a, *b;
	int i;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	a = acquire(self, 1);
	hear(self, ZINC_STREAM_EVERY);
	for (i = 1; i <= 9; i++) {
		b = acquire(self, i + 1);
		ASSERT_NE(b, NULL);
		EXPECT_EQ(acquire(self, 0), NULL);
		ASSERT_EQ(push(self, a), GST_FLOW_OK);
		EXPECT_EQ(next(self, BYTES, i), i);
		a = b;
	}
	gst_buffer_unref(a);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
	EXPECT_EQ(self->reader.lost, 0);
}

TEST_F(sink, a_dropped_buffer_is_a_lost_frame)
{
	GstBuffer *a, *b;
	int i;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	a = acquire(self, 1);
	hear(self, ZINC_STREAM_EVERY);
	b = acquire(self, 2);
	gst_buffer_unref(a);
	ASSERT_EQ(push(self, b), GST_FLOW_OK);
	EXPECT_EQ(next(self, BYTES, 2), 2);
	EXPECT_EQ(self->reader.lost, 1);
	/* and all further ones are in the right place */
	for (i = 3; i <= 9; i++) {
		ASSERT_EQ(push(self, acquire(self, i)), GST_FLOW_OK);
		EXPECT_EQ(next(self, BYTES, i), i);
	}
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
	EXPECT_EQ(self->reader.lost, 1);
}

TEST_F(sink, a_buffer_dropped_alone_is_no_loss)
{
	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	gst_buffer_unref(acquire(self, 1));
	ASSERT_EQ(push(self, acquire(self, 2)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(next(self, BYTES, 2), 1);
}

TEST_F(sink, buffers_in_another_order_arrive_in_that_order)
{
	GstBuffer *out[4];
	int i;

	begin(self, "slots=6", CAPS);
	take_pool(self, CAPS, BYTES, 0, 4, true);
	for (i = 0; i < 4; i++)
		out[i] = acquire(self, i);
	hear(self, ZINC_STREAM_EVERY);
	ASSERT_EQ(push(self, out[0]), GST_FLOW_OK);
	EXPECT_EQ(next(self, BYTES, 0), 1);
	ASSERT_EQ(push(self, out[2]), GST_FLOW_OK);
	EXPECT_GT(next(self, BYTES, 2), 1);
	ASSERT_EQ(push(self, out[1]), GST_FLOW_OK);
	EXPECT_GT(next(self, BYTES, 1), 2);
	ASSERT_EQ(push(self, out[3]), GST_FLOW_OK);
	EXPECT_GT(next(self, BYTES, 3), 3);
	EXPECT_EQ(stat_of(self->h->element, "frames"), 4);
	EXPECT_GT(stat_of(self->h->element, "copies"), 0);
	for (i = 4; i < 20; i++) {
		ASSERT_EQ(push(self, acquire(self, i)), GST_FLOW_OK);
		EXPECT_GT(next(self, BYTES, i), i);
	}
	EXPECT_LE(stat_of(self->h->element, "copies"), 2);
}

/* imagefreeze and videorate push one buffer again and again */
TEST_F(sink, a_buffer_pushed_again_is_copied)
{
	GstBuffer *again;
	int i;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	again = acquire(self, 7);
	for (i = 1; i <= 9; i++) {
		ASSERT_EQ(push(self, gst_buffer_ref(again)), GST_FLOW_OK);
		if (i == 1)
			hear(self, ZINC_STREAM_EVERY);
		EXPECT_GE(next(self, BYTES, 7), i);
	}
	EXPECT_EQ(stat_of(self->h->element, "frames"), 9);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 8);
	/* what its holder sees does not change */
	EXPECT_EQ(gst_buffer_memcmp(again, 0, "\7\7\7\7", 4), 0);
	gst_buffer_unref(again);
}

/* The memory of a buffer that is gone may be in use still */
TEST_F(sink, a_slot_is_kept_while_its_memory_is_shared)
{
	GstMemory *part;
	GstBuffer *buffer;
	GstMapInfo map;
	int i;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	buffer = acquire(self, 1);
	part = gst_memory_share(gst_buffer_peek_memory(buffer, 0), 4, 8);
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	for (i = 2; i <= 9; i++)
		ASSERT_EQ(push(self, acquire(self, i)), GST_FLOW_OK);
	ASSERT_TRUE(gst_memory_map(part, &map, GST_MAP_READ));
	EXPECT_TRUE(is_all(map.data, 8, 1));
	gst_memory_unmap(part, &map);
	gst_memory_unref(part);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
}

TEST_F(sink, a_slot_outlives_the_element)
{
	GstBuffer *buffer;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	buffer = acquire(self, 3);
	gst_buffer_pool_set_active(self->pool, FALSE);
	gst_clear_object(&self->pool);
	end_harness(&self->h, &self->bus);
	EXPECT_EQ(gst_buffer_memset(buffer, 0, 4, BYTES), BYTES);
	EXPECT_EQ(probe(self->name), -ENOENT);
	gst_buffer_unref(buffer);
}

/* ---- the pool ---- */

TEST_F(sink, proposes_two_buffers_less_than_it_has_slots)
{
	GstBufferPool *pool;
	GstQuery *query;
	guint max;

	begin(self, "slots=6", CAPS);
	query = ask(self, CAPS, TRUE);
	ASSERT_EQ(gst_query_get_n_allocation_pools(query), 1);
	gst_query_parse_nth_allocation_pool(query, 0, &pool, NULL, NULL, &max);
	EXPECT_EQ(max, 4);
	gst_object_unref(pool);
	gst_query_unref(query);
}

TEST_F(sink, builds_no_pool_where_none_is_needed)
{
	GstQuery *query;

	begin(self, "", CAPS);
	query = ask(self, CAPS, FALSE);
	EXPECT_EQ(gst_query_get_n_allocation_pools(query), 0);
	EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL));
	gst_query_unref(query);
}

/* As v4l2src does: less bytes than rows take, and more buffers */
TEST_F(sink, believes_no_size_and_no_count)
{
	GstBuffer *out[6];
	int i;

	begin(self, "stride-align=256", CAPS);
	take_pool(self, CAPS, BYTES, 6, 6, true);
	for (i = 0; i < 6; i++) {
		GstVideoMeta *meta;

		out[i] = acquire(self, i);
		ASSERT_NE(out[i], NULL);
		EXPECT_EQ(gst_buffer_get_size(out[i]), 256 * HEIGHT);
		meta = gst_buffer_get_video_meta(out[i]);
		ASSERT_NE(meta, NULL);
		EXPECT_EQ(meta->stride[0], 256);
	}
	EXPECT_EQ(stat_of(self->h->element, "slots"), 8);
	for (i = 0; i < 6; i++)
		ASSERT_EQ(push(self, out[i]), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
	hear(self, 0);
	EXPECT_EQ(self->reader.format.stride[0], 256);
}

TEST_F(sink, rows_are_plain_for_who_does_not_look)
{
	GstBuffer *buffer;

	begin(self, "stride-align=256", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, false);
	buffer = acquire(self, 1);
	EXPECT_EQ(gst_buffer_get_size(buffer), BYTES);
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(self->reader.format.stride[0], WIDTH * 4);
	EXPECT_EQ(next(self, BYTES, 1), 1);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
}

TEST_F(sink, padding_that_is_asked_for_is_there)
{
	GstVideoAlignment align;
	GstStructure *config;
	GstBuffer *buffer;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	gst_buffer_pool_set_active(self->pool, FALSE);
	config = gst_buffer_pool_get_config(self->pool);
	gst_video_alignment_reset(&align);
	align.padding_right = 8;
	align.padding_bottom = 2;
	gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT);
	gst_buffer_pool_config_set_video_alignment(config, &align);
	ASSERT_TRUE(gst_buffer_pool_set_config(self->pool, config));
	ASSERT_TRUE(gst_buffer_pool_set_active(self->pool, TRUE));
	buffer = acquire(self, 5);
	EXPECT_EQ(gst_buffer_get_size(buffer), (WIDTH + 8) * 4 * (HEIGHT + 2));
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(self->reader.format.stride[0], (WIDTH + 8) * 4);
	EXPECT_EQ(next(self, (WIDTH + 8) * 4 * HEIGHT, 5), 1);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
}

static gpointer acquire_in_vain(gpointer data)
{
	GstBuffer *buffer = NULL;

	return GINT_TO_POINTER(gst_buffer_pool_acquire_buffer(data, &buffer, NULL));
}

/* Elements wait in the pool while they hold what the state's change wants */
TEST_F(sink, a_stop_ends_the_wait_for_a_slot)
{
	GstBuffer *out[2];
	GThread *thread;

	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	out[0] = acquire(self, 1);
	out[1] = acquire(self, 2);
	thread = g_thread_new("wait", acquire_in_vain, self->pool);
	g_usleep(20000);
	gst_element_set_state(self->h->element, GST_STATE_READY);
	EXPECT_EQ(GPOINTER_TO_INT(g_thread_join(thread)), GST_FLOW_FLUSHING);
	gst_buffer_unref(out[0]);
	gst_buffer_unref(out[1]);
}

#if GST_CHECK_VERSION(1, 24, 0)
#define DMABUF_FORMAT "format=DMA_DRM,drm-format=XR24"
#else
#define DMABUF_FORMAT "format=BGRx"
#endif

TEST_F(sink, no_pool_of_dma_bufs)
{
	GstQuery *query;

	begin(self, "", NULL);
	query = ask(self, "video/x-raw(memory:DMABuf),"
		    DMABUF_FORMAT ",width=16,height=4,framerate=30/1", TRUE);
	EXPECT_EQ(gst_query_get_n_allocation_pools(query), 0);
	EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL));
	gst_query_unref(query);
}

/* ---- with a copy ---- */

TEST_F(sink, foreign_memory_is_copied)
{
	int i;

	begin(self, "", CAPS);
	for (i = 1; i <= 9; i++) {
		ASSERT_EQ(push(self, filled(BYTES, i)), GST_FLOW_OK);
		if (i == 1)
			hear(self, ZINC_STREAM_EVERY);
		EXPECT_EQ(next(self, BYTES, i), i);
	}
	EXPECT_EQ(stat_of(self->h->element, "copies"), 9);
}

TEST_F(sink, padded_rows_lose_their_padding)
{
	gsize offset[4] = { 32 };
	gint stride[4] = { 128 };
	GstBuffer *buffer;
	int y;

	begin(self, "", CAPS);
	buffer = filled(32 + 128 * HEIGHT, 0xee);
	for (y = 0; y < HEIGHT; y++)
		gst_buffer_memset(buffer, 32 + y * 128, 5, WIDTH * 4);
	gst_buffer_add_video_meta_full(buffer, 0, GST_VIDEO_FORMAT_BGRx, WIDTH, HEIGHT, 1, offset,
				       stride);
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(self->reader.format.stride[0], WIDTH * 4);
	EXPECT_EQ(next(self, BYTES, 5), 1);
	EXPECT_EQ(self->view.frame.bytes, BYTES);
}

TEST_F(sink, memory_in_pieces_is_copied)
{
	begin(self, "", CAPS);
	ASSERT_EQ(push(self, gst_buffer_append(filled(100, 6), filled(BYTES - 100, 6))),
		  GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(next(self, BYTES, 6), 1);
}

TEST_F(sink, a_buffer_that_is_too_small_is_an_error)
{
	int code = -1;

	begin(self, "", CAPS);
	EXPECT_EQ(push(self, filled(BYTES - 1, 6)), GST_FLOW_ERROR);
	ERROR_IS(self->bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_READ);
}

/* ---- what readers are told ---- */

TEST_F(sink, video_is_described)
{
	begin(self, "", "video/x-raw,format=NV12,width=64,height=32,framerate=60000/1001,"
			"colorimetry=bt709");
	ASSERT_EQ(push(self, filled(64 * 32 * 3 / 2, 1)), GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(self->reader.format.kind, ZINC_STREAM_VIDEO);
	EXPECT_EQ(self->reader.format.fourcc, NV12);
	EXPECT_EQ(self->reader.format.width, 64);
	EXPECT_EQ(self->reader.format.height, 32);
	EXPECT_EQ(self->reader.format.planes, 2);
	EXPECT_EQ(self->reader.format.stride[1], 64);
	EXPECT_EQ(self->reader.format.offset[1], 64 * 32);
	EXPECT_EQ(self->reader.format.rate_num, 60000);
	EXPECT_EQ(self->reader.format.rate_den, 1001);
	EXPECT_EQ(self->reader.format.matrix, 1);
	EXPECT_EQ(self->reader.format.primaries, 1);
	EXPECT_EQ(self->reader.format.full_range, 0);
	EXPECT_EQ(strncmp(self->reader.format.caps, "video/x-raw, format=(string)NV12", 32), 0);
}

TEST_F(sink, video_without_a_fourcc_is_described_by_its_caps)
{
	begin(self, "", "video/x-raw,format=v210,width=48,height=2,framerate=0/1");
	ASSERT_EQ(push(self, filled(256, 1)), GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(self->reader.format.kind, ZINC_STREAM_BYTES);
	EXPECT_EQ(strncmp(self->reader.format.caps, "video/x-raw, format=(string)v210", 32), 0);
	EXPECT_EQ(next(self, 256, 1), 1);
}

TEST_F(sink, audio_is_described)
{
	begin(self, "", "audio/x-raw,format=F32LE,layout=interleaved,rate=48000,channels=2,"
			"channel-mask=(bitmask)0x3");
	ASSERT_EQ(push(self, filled(960, 1)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(self->reader.format.kind, ZINC_STREAM_AUDIO);
	EXPECT_EQ(self->reader.format.dtype_code, ZINC_STREAM_FLOAT);
	EXPECT_EQ(self->reader.format.dtype_bits, 32);
	EXPECT_EQ(self->reader.format.channels, 2);
	EXPECT_EQ(self->reader.format.rate_num, 48000);
	EXPECT_EQ(next(self, 960, 1), 1);
	/* and larger ones, without another stream */
	ASSERT_EQ(push(self, filled(1440, 2)), GST_FLOW_OK);
	EXPECT_EQ(next(self, 1440, 2), 2);
	EXPECT_EQ(self->view.frame.bytes, 1440);
}

TEST_F(sink, other_caps_are_bytes)
{
	GstBuffer *delta = filled(10, 2);

	begin(self, "", "image/jpeg,width=16,height=4,framerate=30/1");
	ASSERT_EQ(push(self, filled(100, 1)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(self->reader.format.kind, ZINC_STREAM_BYTES);
	EXPECT_EQ(strncmp(self->reader.format.caps, "image/jpeg", 10), 0);
	EXPECT_EQ(next(self, 100, 1), 1);
	EXPECT_EQ(self->view.frame.bytes, 100);
	EXPECT_TRUE(self->view.frame.flags & ZINC_STREAM_KEY);
	GST_BUFFER_FLAG_SET(delta, GST_BUFFER_FLAG_DELTA_UNIT);
	ASSERT_EQ(push(self, delta), GST_FLOW_OK);
	EXPECT_EQ(next(self, 10, 2), 2);
	EXPECT_FALSE(self->view.frame.flags & ZINC_STREAM_KEY);
}

TEST_F(sink, caps_that_are_too_long_are_an_error)
{
	char caps[512];
	int code = -1;

	begin(self, "", NULL);
	snprintf(caps, sizeof(caps), "application/x-long,text=(string)%0300d", 0);
	gst_harness_set_src_caps_str(self->h, caps);
	EXPECT_NE(push(self, filled(1, 1)), GST_FLOW_OK);
	ERROR_IS(self->bus, STREAM);
	EXPECT_EQ(code, GST_STREAM_ERROR_FORMAT);
}

/* The time at which it is due by the clock, on the other clock */
TEST_F(sink, pts_is_monotonic_time)
{
	GstBuffer *buffer = filled(BYTES, 1);
	guint64 before, after;
	GstClock *clock;

	begin(self, "", CAPS);
	gst_harness_use_testclock(self->h);
	ASSERT_TRUE(gst_harness_set_time(self->h, 10 * GST_SECOND));
	clock = gst_element_get_clock(self->h->element);
	ASSERT_NE(clock, NULL);
	GST_BUFFER_PTS(buffer) = 4 * GST_SECOND;
	before = now_ns();
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	after = now_ns();
	hear(self, 0);
	ASSERT_EQ(next(self, BYTES, 1), 1);
	before -= gst_clock_get_time(clock) - gst_element_get_base_time(self->h->element) -
		  4 * GST_SECOND;
	after -= gst_clock_get_time(clock) - gst_element_get_base_time(self->h->element) -
		 4 * GST_SECOND;
	EXPECT_GE(self->view.frame.pts_ns, before);
	EXPECT_LE(self->view.frame.pts_ns, after);
	gst_object_unref(clock);
}

TEST_F(sink, a_gap_is_told)
{
	GstBuffer *buffer = filled(BYTES, 2);

	begin(self, "", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(next(self, BYTES, 1), 1);
	EXPECT_FALSE(self->view.frame.flags & ZINC_STREAM_GAP);
	GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	EXPECT_EQ(next(self, BYTES, 2), 2);
	EXPECT_TRUE(self->view.frame.flags & ZINC_STREAM_GAP);
}

/* ---- changes and ends ---- */

TEST_F(sink, other_caps_that_fit_stay_in_the_stream)
{
	begin(self, "", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(next(self, BYTES, 1), 1);
	gst_harness_set_src_caps_str(self->h, "video/x-raw,format=GRAY8,width=8,height=2,"
					      "framerate=30/1");
	ASSERT_EQ(push(self, filled(16, 2)), GST_FLOW_OK);
	EXPECT_EQ(next(self, 16, 2), 2);
	EXPECT_TRUE(self->view.new_format);
	EXPECT_EQ(self->reader.format.fourcc, R8);
	EXPECT_EQ(stat_of(self->h->element, "streams"), 1);
}

TEST_F(sink, caps_that_do_not_fit_make_another_stream)
{
	begin(self, "", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	gst_harness_set_src_caps_str(self->h, "video/x-raw,format=GRAY8,width=640,height=480,"
					      "framerate=30/1");
	ASSERT_EQ(push(self, filled(640 * 480, 2)), GST_FLOW_OK);
	EXPECT_EQ(next(self, BYTES, 1), 1);
	EXPECT_EQ(next(self, BYTES, 1), -EPIPE);
	zinc_stream_close(&self->reader);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(next(self, 640 * 480, 2), 1);
	EXPECT_EQ(stat_of(self->h->element, "streams"), 2);
}

/* A pool that came before it writes into the larger one */
TEST_F(sink, an_older_pool_uses_the_larger_stream)
{
	begin(self, "", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	ASSERT_EQ(push(self, acquire(self, 1)), GST_FLOW_OK);
	gst_harness_set_src_caps_str(self->h, "video/x-raw,format=GRAY8,width=640,height=480,"
					      "framerate=30/1");
	ASSERT_EQ(push(self, filled(640 * 480, 2)), GST_FLOW_OK);
	gst_harness_set_src_caps_str(self->h, CAPS);
	ASSERT_EQ(push(self, acquire(self, 3)), GST_FLOW_OK);
	hear(self, 0);
	EXPECT_EQ(next(self, BYTES, 3), 2);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 1);
	EXPECT_EQ(stat_of(self->h->element, "streams"), 2);
}

TEST_F(sink, eos_ends_the_stream)
{
	begin(self, "", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	ASSERT_TRUE(gst_harness_push_event(self->h, gst_event_new_eos()));
	EXPECT_EQ(next(self, BYTES, 1), 1);
	EXPECT_EQ(next(self, BYTES, 1), -EPIPE);
	EXPECT_EQ(probe(self->name), -ENOENT);
}

TEST_F(sink, frames_after_a_flush_make_another_stream)
{
	GstSegment segment;

	begin(self, "", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	ASSERT_TRUE(gst_harness_push_event(self->h, gst_event_new_eos()));
	gst_harness_push_event(self->h, gst_event_new_flush_start());
	gst_harness_push_event(self->h, gst_event_new_flush_stop(TRUE));
	gst_segment_init(&segment, GST_FORMAT_TIME);
	gst_harness_push_event(self->h, gst_event_new_segment(&segment));
	ASSERT_EQ(push(self, filled(BYTES, 2)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_EVERY);
	EXPECT_EQ(next(self, BYTES, 2), 1);
}

TEST_F(sink, a_name_that_is_taken_is_an_error)
{
	struct zinc_stream_format format = { 0 };
	struct zinc_stream_writer writer;
	int code = -1;

	ASSERT_EQ(zinc_stream_create(&writer, self->name, &format, 2, PAGE, NULL), 0);
	begin(self, "", CAPS);
	EXPECT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_ERROR);
	ERROR_IS(self->bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_BUSY);
	zinc_stream_end(&writer);
}

TEST_F(sink, a_bad_name_is_an_error)
{
	int code = -1;

	self->name = "no/name";
	begin(self, "", CAPS);
	EXPECT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_ERROR);
	ERROR_IS(self->bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_OPEN_WRITE);
}

TEST_F(sink, the_element_s_name_is_the_stream_s)
{
	GstElement *element = gst_element_factory_make("zincsink", self->name);

	g_object_set(element, "sync", FALSE, NULL);
	self->h = gst_harness_new_with_element(element, "sink", NULL);
	gst_object_unref(element);
	gst_harness_set_src_caps_str(self->h, CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	EXPECT_EQ(probe(self->name), 0);
}

TEST_F(sink, a_name_nobody_gave_is_an_error)
{
	GstElement *element = gst_element_factory_make("zincsink", NULL);
	GstBus *bus = gst_bus_new();
	int code = -1;

	gst_element_set_bus(element, bus);
	EXPECT_EQ(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
	ERROR_IS(bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_SETTINGS);
	gst_element_set_state(element, GST_STATE_NULL);
	gst_element_set_bus(element, NULL);
	gst_object_unref(element);
	gst_object_unref(bus);
}

TEST_F(sink, mode_is_the_region_s)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	begin(self, "mode=438", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	ASSERT_EQ(zinc_stat(self->name, &info), 0);
	EXPECT_EQ(info.mode, 0666);
	EXPECT_EQ(info.lifetime, ZINC_LIFETIME_CREATOR);
}

/* ---- readers that are waited for ---- */

static void fill_ring(SELF, int slots)
{
	int i;

	CHECK(push(self, filled(BYTES, 0)) == GST_FLOW_OK);
	hear(self, ZINC_STREAM_REGISTER);
	for (i = 1; i <= slots; i++)
		CHECK(push(self, filled(BYTES, i)) == GST_FLOW_OK);
}

TEST_F(sink, a_frame_is_dropped_if_a_reader_takes_too_long)
{
	begin(self, "max-wait=0", CAPS);
	fill_ring(self, 4);
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 0);
	ASSERT_EQ(push(self, filled(BYTES, 5)), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 1);
	EXPECT_EQ(next(self, BYTES, 1), 2);
	ASSERT_EQ(push(self, filled(BYTES, 6)), GST_FLOW_OK);
	EXPECT_EQ(next(self, BYTES, 2), 3);
	EXPECT_EQ(next(self, BYTES, 3), 4);
	EXPECT_EQ(next(self, BYTES, 4), 5);
	EXPECT_EQ(next(self, BYTES, 6), 6);
	EXPECT_EQ(self->reader.lost, 0);
}

static gpointer push_one(gpointer data)
{
	FIXTURE_DATA(sink) *self = data;

	return GINT_TO_POINTER(push(self, filled(BYTES, 9)));
}

TEST_F(sink, a_reader_is_waited_for)
{
	GThread *thread;

	begin(self, "", CAPS);
	fill_ring(self, 4);
	thread = g_thread_new("push", push_one, self);
	EXPECT_EQ(next(self, BYTES, 1), 2);
	EXPECT_EQ(GPOINTER_TO_INT(g_thread_join(thread)), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 0);
	EXPECT_EQ(next(self, BYTES, 2), 3);
}

/* 16 bytes */
#define GRAY	"video/x-raw,format=GRAY8,framerate=30/1,"

/* The header has room for one format: frames of the second would be lost */
static void begin_third_format(SELF, const char *property)
{
	begin(self, property, CAPS);
	fill_ring(self, 1);
	/* its reader has that of the first */
	gst_harness_set_src_caps_str(self->h, GRAY "width=8,height=2");
	CHECK(push(self, filled(16, 2)) == GST_FLOW_OK);
	gst_harness_set_src_caps_str(self->h, GRAY "width=4,height=4");
}

TEST_F(sink, a_third_format_is_dropped_until_a_reader_has_the_second)
{
	begin_third_format(self, "max-wait=0");
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 0);
	ASSERT_EQ(push(self, filled(16, 3)), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 1);
	EXPECT_EQ(next(self, BYTES, 1), 2);
	ASSERT_EQ(push(self, filled(16, 4)), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 2);
	EXPECT_EQ(next(self, 16, 2), 3);
	EXPECT_EQ(self->reader.format.width, 8);
	ASSERT_EQ(push(self, filled(16, 5)), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "dropped"), 2);
	EXPECT_EQ(next(self, 16, 5), 4);
	EXPECT_EQ(self->reader.format.width, 4);
	EXPECT_EQ(self->reader.lost, 0);
}

static gpointer push_gray(gpointer data)
{
	FIXTURE_DATA(sink) *self = data;

	return GINT_TO_POINTER(push(self, filled(16, 9)));
}

TEST_F(sink, a_third_format_waits_for_a_reader)
{
	GThread *thread;

	begin_third_format(self, "");
	thread = g_thread_new("push", push_gray, self);
	EXPECT_EQ(next(self, BYTES, 1), 2);
	EXPECT_EQ(next(self, 16, 2), 3);
	EXPECT_EQ(self->reader.format.width, 8);
	EXPECT_EQ(GPOINTER_TO_INT(g_thread_join(thread)), GST_FLOW_OK);
	EXPECT_EQ(next(self, 16, 9), 4);
	EXPECT_EQ(self->reader.format.width, 4);
	EXPECT_EQ(self->reader.lost, 0);
}

TEST_F(sink, a_stop_ends_the_wait_for_a_reader)
{
	GThread *thread;

	begin(self, "", CAPS);
	fill_ring(self, 4);
	thread = g_thread_new("push", push_one, self);
	g_usleep(20000);
	gst_element_set_state(self->h->element, GST_STATE_NULL);
	EXPECT_EQ(GPOINTER_TO_INT(g_thread_join(thread)), GST_FLOW_FLUSHING);
}

/* In the pool it is waited for as well, or the frame is copied or dropped */
TEST_F(sink, a_pool_gives_other_memory_if_a_reader_takes_too_long)
{
	GstBuffer *buffer = NULL;
	int i;

	begin(self, "max-wait=0", CAPS);
	take_pool(self, CAPS, BYTES, 0, 2, true);
	ASSERT_EQ(push(self, acquire(self, 0)), GST_FLOW_OK);
	hear(self, ZINC_STREAM_REGISTER);
	for (i = 1; i <= 4; i++)
		ASSERT_EQ(push(self, acquire(self, i)), GST_FLOW_OK);
	ASSERT_EQ(gst_buffer_pool_acquire_buffer(self->pool, &buffer, NULL), GST_FLOW_OK);
	gst_buffer_memset(buffer, 0, 5, -1);
	EXPECT_EQ(next(self, BYTES, 1), 2);
	ASSERT_EQ(push(self, buffer), GST_FLOW_OK);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 1);
	EXPECT_EQ(next(self, BYTES, 2), 3);
	EXPECT_EQ(next(self, BYTES, 3), 4);
	EXPECT_EQ(next(self, BYTES, 4), 5);
	EXPECT_EQ(next(self, BYTES, 5), 6);
}

/* ---- pipelines ---- */

/* Run to the end; frames and copies of its sink, which is named z */
static void run_line(const char *name, const char *line, guint64 *frames, guint64 *copies)
{
	char *all = g_strdup_printf("%s ! zincsink name=z sync=false stream-name=%s", line, name);
	GstElement *pipeline = gst_parse_launch(all, NULL);
	GstMessage *message;
	GstElement *element;
	GstBus *bus;

	CHECK(pipeline);
	bus = gst_element_get_bus(pipeline);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	message = gst_bus_timed_pop_filtered(bus, 3 * PATIENCE_MS * GST_MSECOND,
					     GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	CHECK(message);
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
		g_printerr("# %s: %" GST_PTR_FORMAT "\n", all, message);
	element = gst_bin_get_by_name(GST_BIN(pipeline), "z");
	*frames = stat_of(element, "frames");
	*copies = stat_of(element, "copies");
	gst_object_unref(element);
	gst_message_unref(message);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(bus);
	gst_object_unref(pipeline);
	g_free(all);
}

#define TEST_SOURCE "videotestsrc num-buffers=20 ! video/x-raw,width=100,height=10"

TEST_F(sink, a_source_writes_into_the_stream)
{
	guint64 frames, copies;

	run_line(self->name, TEST_SOURCE, &frames, &copies);
	EXPECT_EQ(frames, 20);
	EXPECT_EQ(copies, 0);
}

TEST_F(sink, a_filter_writes_into_the_stream)
{
	guint64 frames, copies;

	run_line(self->name, TEST_SOURCE ",format=I420 ! videoconvert ! video/x-raw,format=BGRx",
		 &frames, &copies);
	EXPECT_EQ(frames, 20);
	EXPECT_EQ(copies, 0);
}

TEST_F(sink, a_queue_between_is_no_copy)
{
	guint64 frames, copies;

	run_line(self->name, TEST_SOURCE " ! queue ! identity ! queue", &frames, &copies);
	EXPECT_EQ(frames, 20);
	EXPECT_EQ(copies, 0);
}

/* One branch is enough: it takes the pool away */
TEST_F(sink, behind_a_tee_frames_are_copied)
{
	guint64 frames, copies;

	run_line(self->name, TEST_SOURCE " ! tee", &frames, &copies);
	EXPECT_EQ(frames, 20);
	EXPECT_EQ(copies, 20);
}

TEST_F(sink, without_an_answer_to_its_query_a_source_s_frames_are_copied)
{
	guint64 frames, copies;

	run_line(self->name, TEST_SOURCE " ! identity drop-allocation=true", &frames, &copies);
	EXPECT_EQ(frames, 20);
	EXPECT_EQ(copies, 20);
}

TEST_F(sink, every_second_frame_dropped_is_no_copy)
{
	guint64 frames, copies;

	run_line(self->name, TEST_SOURCE ",framerate=30/1 ! videorate drop-only=true ! "
		 "video/x-raw,framerate=15/1", &frames, &copies);
	EXPECT_GE(frames, 9);
	EXPECT_EQ(copies, 0);
}

/* ZINC_CAMERA is a V4L2 device; these are the ways in which its driver can write */
TEST_F(sink, a_camera_writes_into_the_stream)
{
	const char *camera = getenv("ZINC_CAMERA");
	guint64 frames, copies;
	char *line;

	if (!camera)
		SKIP(return, "no camera: ZINC_CAMERA=/dev/videoN");
	line = g_strdup_printf("v4l2src device=%s num-buffers=20 io-mode=userptr ! "
			       "video/x-raw,format=YUY2,width=640", camera);
	run_line(self->name, line, &frames, &copies);
	EXPECT_EQ(frames, 20);
	EXPECT_EQ(copies, 0);
	g_free(line);
}

TEST_F(sink, a_camera_s_own_memory_is_copied)
{
	const char *camera = getenv("ZINC_CAMERA");
	static const char *const modes[] = { "auto", "mmap", "dmabuf" };
	guint64 frames, copies;
	size_t i;

	if (!camera)
		SKIP(return, "no camera: ZINC_CAMERA=/dev/videoN");
	for (i = 0; i < G_N_ELEMENTS(modes); i++) {
		char *line = g_strdup_printf("v4l2src device=%s num-buffers=20 io-mode=%s ! "
					     "video/x-raw,format=YUY2,width=640", camera,
					     modes[i]);

		run_line(self->name, line, &frames, &copies);
		EXPECT_EQ(frames, 20);
		TH_LOG("io-mode=%s: %d copies", modes[i], (int)copies);
		g_free(line);
	}
}

TEST_F(sink, nothing_is_left_open)
{
	int before, i;

	begin(self, "", CAPS);
	ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
	end_harness(&self->h, &self->bus);
	before = open_descriptors();
	for (i = 0; i < 3; i++) {
		begin(self, "", CAPS);
		ASSERT_EQ(push(self, filled(BYTES, 1)), GST_FLOW_OK);
		end_harness(&self->h, &self->bus);
	}
	EXPECT_EQ(open_descriptors(), before);
	EXPECT_EQ(probe(self->name), -ENOENT);
}

TEST_HARNESS_MAIN
