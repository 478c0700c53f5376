// SPDX-License-Identifier: GPL-2.0-only
/* zincsrc, in one process: a stream that zinc-stream.h writes becomes buffers */
#include "gst_test.h"

FIXTURE(src) {
	const char *name;
	GstHarness *h;
	GstBus *bus;
	struct zinc_stream_format format;
	struct zinc_stream_writer writer;
};

#define SELF FIXTURE_DATA(src) *self

FIXTURE_SETUP(src)
{
	self->name = named("gst");
	start_gst();
	CHECK(zinc_stream_video(&self->format, XR24, WIDTH, HEIGHT) == BYTES);
	self->format.rate_num = 30;
	self->format.rate_den = 1;
}

FIXTURE_TEARDOWN(src)
{
	if (self->h)
		end_harness(&self->h, &self->bus);
	zinc_stream_end(&self->writer);
}

/* A stream of @slots, each for a frame of the format */
static void offer(SELF, uint32_t slots)
{
	CHECK(!zinc_stream_create(&self->writer, self->name, &self->format, slots, PAGE, NULL));
}

static void put_frame(SELF, size_t bytes, int value, uint32_t flags)
{
	struct zinc_stream_frame frame = { .bytes = bytes, .flags = flags, .pts_ns = now_ns() };
	void *data;

	CHECK(!zinc_stream_begin(&self->writer, IN_TIME, &data));
	memset(data, value, bytes);
	CHECK(!zinc_stream_commit(&self->writer, &frame));
}

static void put(SELF, int value)
{
	put_frame(self, BYTES, value, 0);
}

/* A source whose buffers go to the harness, which looks where rows are, or does not */
static void begin(SELF, const char *property, const char *frames, bool meta)
{
	GstElement *element = make_element("zincsrc", self->name, property);

	gst_util_set_object_arg(G_OBJECT(element), "frames", frames);
	self->h = gst_harness_new_with_element(element, NULL, "src");
	gst_object_unref(element);
	self->bus = gst_bus_new();
	gst_element_set_bus(self->h->element, self->bus);
	gst_harness_use_systemclock(self->h);
	gst_element_set_base_time(self->h->element, GST_SECOND);
	if (meta)
		gst_harness_add_propose_allocation_meta(self->h, GST_VIDEO_META_API_TYPE, NULL);
	gst_harness_play(self->h);
}

/* The next buffer, for which the harness waits a minute; it is to be unreferenced */
static GstBuffer *pull(SELF)
{
	GstBuffer *buffer = gst_harness_pull(self->h);

	CHECK(buffer);
	return buffer;
}

static bool buffer_is(GstBuffer *buffer, size_t size, int value)
{
	GstMapInfo map;
	bool same;

	if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ))
		return false;
	same = map.size == size && is_all(map.data, size, value);
	gst_buffer_unmap(buffer, &map);
	return same;
}

static bool next_is(SELF, size_t size, int value)
{
	GstBuffer *buffer = pull(self);
	bool same = buffer_is(buffer, size, value);

	gst_clear_buffer(&buffer);
	return same;
}

/* Memory of the stream is read-only, that of a copy is not */
static bool is_shared(GstBuffer *buffer)
{
	GstMapInfo map;
	bool shared;

	/* on the module, a mapping of its own: then by its kind */
	if (gst_is_dmabuf_memory(gst_buffer_peek_memory(buffer, 0)))
		return true;
	CHECK(gst_buffer_map(buffer, &map, GST_MAP_READ));
	shared = GST_MEMORY_IS_READONLY(map.memory);
	gst_buffer_unmap(buffer, &map);
	return shared;
}

/* ---- frames ---- */

TEST_F(src, newest_frames_arrive)
{
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	put(self, 2);
	EXPECT_TRUE(next_is(self, BYTES, 2));
	EXPECT_EQ(stat_of(self->h->element, "frames"), 2);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 2);
	EXPECT_EQ(stat_of(self->h->element, "lost"), 0);
}

TEST_F(src, every_frame_arrives)
{
	int i;

	offer(self, 64);
	put(self, 0);
	begin(self, "", "every", true);
	EXPECT_TRUE(next_is(self, BYTES, 0));
	for (i = 1; i < 60; i++)
		put(self, i);
	for (i = 1; i < 60; i++)
		EXPECT_TRUE(next_is(self, BYTES, i));
	EXPECT_EQ(stat_of(self->h->element, "lost"), 0);
}

static GstPadProbeReturn block(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	(void)pad;
	(void)info;
	g_atomic_int_set((gint *)data, TRUE);
	return GST_PAD_PROBE_OK;
}

TEST_F(src, lost_frames_are_a_discontinuity)
{
	static gint blocked;
	GstBuffer *buffer;
	GstPad *pad;
	gulong probe;
	int i;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "every", true);
	EXPECT_TRUE(next_is(self, BYTES, 0));
	pad = gst_element_get_static_pad(self->h->element, "src");
	probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block,
				  &blocked, NULL);
	put(self, 1);
	while (!g_atomic_int_get(&blocked))
		g_usleep(1000);
	for (i = 2; i <= 10; i++)
		put(self, i);
	gst_pad_remove_probe(pad, probe);
	gst_object_unref(pad);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	buffer = pull(self);
	/* three of four slots are sure to be whole */
	EXPECT_EQ(GST_BUFFER_OFFSET(buffer), 9);
	EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT));
	EXPECT_TRUE(buffer_is(buffer, BYTES, 8));
	EXPECT_EQ(stat_of(self->h->element, "lost"), 6);
	gst_buffer_unref(buffer);
}

TEST_F(src, a_pause_is_survived)
{
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	gst_element_set_state(self->h->element, GST_STATE_PAUSED);
	g_usleep(200000);
	gst_element_set_state(self->h->element, GST_STATE_PLAYING);
	put(self, 2);
	EXPECT_TRUE(next_is(self, BYTES, 2));
}

TEST_F(src, registered_frames_are_not_copied)
{
	GstBuffer *buffer;
	int i;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	for (i = 1; i < 20; i++) {
		put(self, i);
		buffer = pull(self);
		EXPECT_TRUE(buffer_is(buffer, BYTES, i));
		EXPECT_TRUE(is_shared(buffer));
		EXPECT_NE(gst_buffer_get_video_meta(buffer), NULL);
		gst_buffer_unref(buffer);
	}
	EXPECT_EQ(stat_of(self->h->element, "frames"), 19);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
	EXPECT_EQ(stat_of(self->h->element, "lost"), 0);
}

/* The writer waits for a buffer, although later ones are done */
TEST_F(src, a_buffer_that_is_held_is_not_overwritten)
{
	GstBuffer *held;
	void *data;
	int i;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	held = pull(self);
	for (i = 2; i <= 4; i++) {
		put(self, i);
		EXPECT_TRUE(next_is(self, BYTES, i));
	}
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_TRUE(buffer_is(held, BYTES, 1));
	gst_buffer_unref(held);
	put(self, 5);
	EXPECT_TRUE(next_is(self, BYTES, 5));
}

/* Buffers that it shared count as well */
TEST_F(src, a_part_of_a_buffer_is_not_overwritten)
{
	GstBuffer *held, *part;
	void *data;
	int i;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	held = pull(self);
	part = gst_buffer_copy_region(held, GST_BUFFER_COPY_MEMORY, 16, 32);
	gst_buffer_unref(held);
	for (i = 2; i <= 4; i++) {
		put(self, i);
		EXPECT_TRUE(next_is(self, BYTES, i));
	}
	EXPECT_EQ(zinc_stream_begin(&self->writer, 0, &data), -ETIMEDOUT);
	EXPECT_TRUE(buffer_is(part, 32, 1));
	gst_buffer_unref(part);
	put(self, 5);
}

/* Otherwise a pipeline that holds them would wait for a frame that has no room */
TEST_F(src, not_all_slots_are_held)
{
	GstBuffer *held[6];
	int i;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	for (i = 1; i < 6; i++) {
		put(self, i);
		held[i] = pull(self);
		EXPECT_TRUE(buffer_is(held[i], BYTES, i));
		EXPECT_EQ(is_shared(held[i]), i < 5);
		if (i == 3)
			gst_clear_buffer(&held[1]);
	}
	EXPECT_TRUE(buffer_is(held[2], BYTES, 2));
	for (i = 2; i < 6; i++)
		gst_buffer_unref(held[i]);
}

TEST_F(src, a_frame_that_is_overwritten_in_use_is_counted)
{
	GstBuffer *held;
	int i;

	offer(self, 4);
	put(self, 1);
	begin(self, "memory=share", "newest", true);
	held = pull(self);
	EXPECT_TRUE(buffer_is(held, BYTES, 1));
	EXPECT_TRUE(is_shared(held));
	for (i = 2; i <= 6; i++) {
		put(self, i);
		gst_buffer_unref(pull(self));
	}
	gst_buffer_unref(held);
	put(self, 7);
	gst_buffer_unref(pull(self));
	EXPECT_TRUE(is_told(self->bus, "overwritten"));
	EXPECT_EQ(stat_of(self->h->element, "overwritten"), 1);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 0);
}

TEST_F(src, a_copy_is_whole_for_ever)
{
	GstBuffer *held;
	int i;

	offer(self, 2);
	put(self, 1);
	begin(self, "", "newest", true);
	held = pull(self);
	for (i = 2; i <= 6; i++)
		put(self, i);
	EXPECT_TRUE(buffer_is(held, BYTES, 1));
	gst_buffer_unref(held);
}

TEST_F(src, a_shared_frame_is_read_only)
{
	GstBuffer *buffer;
	GstMapInfo map;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	buffer = gst_buffer_make_writable(pull(self));
	/* of a copy, then */
	ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
	memset(map.data, 9, map.size);
	gst_buffer_unmap(buffer, &map);
	EXPECT_TRUE(is_all((char *)self->writer.header + self->writer.slot_offset +
			   self->writer.slot_size, BYTES, 1));
	gst_buffer_unref(buffer);
}

TEST_F(src, a_buffer_outlives_the_element)
{
	GstBuffer *held;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	held = pull(self);
	end_harness(&self->h, &self->bus);
	EXPECT_TRUE(buffer_is(held, BYTES, 1));
	zinc_stream_end(&self->writer);
	EXPECT_TRUE(buffer_is(held, BYTES, 1));
	gst_buffer_unref(held);
}

/* ---- rows ---- */

static void offer_padded(SELF)
{
	self->format.stride[0] = 256;
	self->format.offset[0] = 64;
	offer(self, 4);
}

/* Row @y is all @value + y, and the padding is not */
static void put_padded(SELF, int value)
{
	struct zinc_stream_frame frame = { .bytes = 64 + 256 * HEIGHT };
	void *data;
	int y;

	CHECK(!zinc_stream_begin(&self->writer, IN_TIME, &data));
	memset(data, 0xee, frame.bytes);
	for (y = 0; y < HEIGHT; y++)
		memset((char *)data + 64 + y * 256, value + y, WIDTH * 4);
	CHECK(!zinc_stream_commit(&self->writer, &frame));
}

static bool rows_are(GstBuffer *buffer, int value)
{
	GstVideoFrame frame;
	GstVideoInfo info;
	bool same = true;
	int y;

	gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGRx, WIDTH, HEIGHT);
	CHECK(gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ));
	for (y = 0; y < HEIGHT; y++)
		same &= is_all((char *)GST_VIDEO_FRAME_PLANE_DATA(&frame, 0) +
			       y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), WIDTH * 4, value + y);
	gst_video_frame_unmap(&frame);
	return same;
}

TEST_F(src, padded_rows_are_shared_with_who_looks)
{
	GstBuffer *buffer;

	offer_padded(self);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put_padded(self, 5);
	buffer = pull(self);
	EXPECT_TRUE(is_shared(buffer));
	EXPECT_EQ(gst_buffer_get_video_meta(buffer)->stride[0], 256);
	EXPECT_EQ(gst_buffer_get_video_meta(buffer)->offset[0], 64);
	EXPECT_TRUE(rows_are(buffer, 5));
	gst_buffer_unref(buffer);
}

TEST_F(src, who_does_not_look_gets_rows_without_padding)
{
	GstBuffer *buffer;

	offer_padded(self);
	begin(self, "", "registered", false);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put_padded(self, 5);
	buffer = pull(self);
	EXPECT_FALSE(is_shared(buffer));
	EXPECT_EQ(gst_buffer_get_size(buffer), BYTES);
	EXPECT_EQ(gst_buffer_get_video_meta(buffer)->stride[0], WIDTH * 4);
	EXPECT_TRUE(rows_are(buffer, 5));
	gst_buffer_unref(buffer);
	EXPECT_EQ(stat_of(self->h->element, "copies"), 1);
}

TEST_F(src, rows_without_padding_are_shared_with_all)
{
	GstBuffer *buffer;

	offer(self, 4);
	begin(self, "", "registered", false);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 5);
	buffer = pull(self);
	EXPECT_TRUE(is_shared(buffer));
	EXPECT_TRUE(buffer_is(buffer, BYTES, 5));
	gst_buffer_unref(buffer);
}

/* ---- caps ---- */

static bool caps_are(SELF, const char *text)
{
	GstCaps *caps = gst_pad_get_current_caps(self->h->sinkpad);
	GstCaps *want = gst_caps_from_string(text);
	bool same;

	CHECK(caps && want);
	same = gst_caps_is_subset(caps, want);
	if (!same)
		fprintf(stderr, "# %s\n", gst_caps_to_string(caps));
	gst_caps_unref(caps);
	gst_caps_unref(want);
	return same;
}

TEST_F(src, video_is_described)
{
	CHECK(zinc_stream_video(&self->format, NV12, 64, 8));
	self->format.rate_num = 60000;
	self->format.rate_den = 1001;
	self->format.matrix = 1;
	self->format.primaries = 1;
	self->format.transfer = 1;
	offer(self, 4);
	put_frame(self, 64 * 8 * 3 / 2, 7, 0);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, 64 * 8 * 3 / 2, 7));
	EXPECT_TRUE(caps_are(self, "video/x-raw,format=NV12,width=64,height=8,"
				   "framerate=60000/1001,colorimetry=bt709"));
}

TEST_F(src, each_fourcc_is_known)
{
	static const char known[][5] = { "XR24", "AR24", "XB24", "AB24", "RG24", "BG24", "R8  ",
					 "R16 ", "YUYV", "UYVY", "NV12", "NV21", "NV16", "P010",
					 "YU12", "YV12" };
	static const char formats[][12] = { "BGRx", "BGRA", "RGBx", "RGBA", "BGR", "RGB", "GRAY8",
					 "GRAY16_LE", "YUY2", "UYVY", "NV12", "NV21", "NV16",
					 "P010_10LE", "I420", "YV12" };
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(known); i++) {
		const char *text = known[i];
		uint64_t bytes = zinc_stream_video(&self->format,
						   ZINC_STREAM_FOURCC(text[0], text[1], text[2],
								      text[3]), 16, 4);
		char *want = g_strdup_printf("video/x-raw,format=%s,width=16,height=4", formats[i]);

		ASSERT_GT(bytes, 0);
		offer(self, 4);
		put_frame(self, bytes, i, 0);
		begin(self, "", "newest", true);
		EXPECT_TRUE(next_is(self, bytes, i)) TH_LOG("%s", text);
		EXPECT_TRUE(caps_are(self, want));
		g_free(want);
		end_harness(&self->h, &self->bus);
		zinc_stream_end(&self->writer);
	}
}

TEST_F(src, the_writer_s_caps_are_used)
{
	strcpy(self->format.caps, "video/x-raw, format=(string)BGRx, width=(int)16, height=(int)4, "
				  "framerate=(fraction)25/1, interlace-mode=(string)mixed");
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	EXPECT_TRUE(caps_are(self, "video/x-raw,interlace-mode=mixed,framerate=25/1"));
}

TEST_F(src, caps_that_contradict_the_format_are_not)
{
	strcpy(self->format.caps, "video/x-raw, format=(string)BGRx, width=(int)9999, "
				  "height=(int)4, framerate=(fraction)25/1");
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	EXPECT_TRUE(caps_are(self, "video/x-raw,width=16,framerate=30/1"));
}

TEST_F(src, raw_video_in_bytes_must_have_them_all)
{
	memset(&self->format, 0, sizeof(self->format));
	strcpy(self->format.caps, "video/x-raw, format=(string)BGRx, width=(int)16, "
				  "height=(int)4, framerate=(fraction)25/1");
	offer(self, 4);
	put_frame(self, BYTES - 1, 1, 0);
	begin(self, "", "every", true);
	put_frame(self, BYTES, 2, 0);
	EXPECT_TRUE(next_is(self, BYTES, 2));
}

TEST_F(src, audio_is_described)
{
	memset(&self->format, 0, sizeof(self->format));
	self->format.kind = ZINC_STREAM_AUDIO;
	self->format.dtype_code = ZINC_STREAM_INT;
	self->format.dtype_bits = 16;
	self->format.dtype_lanes = 1;
	self->format.channels = 1;
	self->format.rate_num = 16000;
	self->format.rate_den = 1;
	offer(self, 4);
	put_frame(self, 320, 3, 0);
	begin(self, "", "every", true);
	EXPECT_TRUE(next_is(self, 320, 3));
	EXPECT_TRUE(caps_are(self, "audio/x-raw,format=S16LE,rate=16000,channels=1"));
}

TEST_F(src, a_tensor_is_described)
{
	const uint64_t shape[] = { 2, 3 };

	CHECK(zinc_stream_tensor(&self->format, ZINC_STREAM_FLOAT, 32, 2, shape) == 24);
	offer(self, 4);
	put_frame(self, 24, 3, 0);
	begin(self, "", "every", true);
	EXPECT_TRUE(next_is(self, 24, 3));
	EXPECT_TRUE(caps_are(self, "application/x-zinc-tensor,dtype-code=2,dtype-bits=32,"
				   "shape=<(guint64)2,(guint64)3>"));
}

TEST_F(src, other_bytes_are_described_by_their_text)
{
	GstBuffer *buffer;

	memset(&self->format, 0, sizeof(self->format));
	strcpy(self->format.caps, "image/jpeg, width=(int)16");
	offer(self, 4);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put_frame(self, 100, 3, ZINC_STREAM_KEY);
	put_frame(self, 50, 4, 0);
	EXPECT_TRUE(next_is(self, 100, 3));
	EXPECT_TRUE(caps_are(self, "image/jpeg,width=16"));
	buffer = pull(self);
	EXPECT_TRUE(buffer_is(buffer, 50, 4));
	EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT));
	gst_buffer_unref(buffer);
}

TEST_F(src, text_that_is_no_caps_is_ignored)
{
	memset(&self->format, 0, sizeof(self->format));
	strcpy(self->format.caps, "a comment");
	offer(self, 4);
	put_frame(self, 100, 3, 0);
	begin(self, "", "every", true);
	EXPECT_TRUE(next_is(self, 100, 3));
	EXPECT_TRUE(caps_are(self, "application/octet-stream"));
}

TEST_F(src, a_tiled_format_is_an_error)
{
	int code = -1;

	self->format.modifier = 1;
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	ERROR_IS(self->bus, STREAM);
	EXPECT_EQ(code, GST_STREAM_ERROR_FORMAT);
}

TEST_F(src, a_changed_format_changes_caps)
{
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	CHECK(zinc_stream_video(&self->format, R8, 8, 2) == 16);
	CHECK(!zinc_stream_set_format(&self->writer, &self->format));
	put_frame(self, 16, 2, 0);
	EXPECT_TRUE(next_is(self, 16, 2));
	EXPECT_TRUE(caps_are(self, "video/x-raw,format=GRAY8,width=8,height=2"));
	EXPECT_EQ(stat_of(self->h->element, "streams"), 1);
}

/* ---- times ---- */

TEST_F(src, pts_is_the_running_time_of_the_frame)
{
	struct zinc_stream_frame frame = { .bytes = BYTES };
	GstClockTime base;
	GstBuffer *buffer;
	void *data;

	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	base = gst_element_get_base_time(self->h->element);
	CHECK(!zinc_stream_begin(&self->writer, IN_TIME, &data));
	memset(data, 1, BYTES);
	frame.pts_ns = base + 5 * GST_SECOND;
	CHECK(!zinc_stream_commit(&self->writer, &frame));
	buffer = pull(self);
	/* both clocks are read, one after the other */
	EXPECT_GE(GST_BUFFER_PTS(buffer), 5 * GST_SECOND);
	EXPECT_EQ(GST_BUFFER_DURATION(buffer), GST_SECOND / 30);
	EXPECT_EQ(GST_BUFFER_OFFSET(buffer), 2);
	gst_buffer_unref(buffer);
}

TEST_F(src, a_frame_from_before_the_start_has_time_zero)
{
	struct zinc_stream_frame frame = { .bytes = BYTES, .pts_ns = 1 };
	GstBuffer *buffer;
	void *data;

	offer(self, 4);
	CHECK(!zinc_stream_begin(&self->writer, IN_TIME, &data));
	CHECK(!zinc_stream_commit(&self->writer, &frame));
	begin(self, "", "newest", true);
	buffer = pull(self);
	EXPECT_EQ(GST_BUFFER_PTS(buffer), 0);
	gst_buffer_unref(buffer);
}

TEST_F(src, is_live)
{
	GstQuery *query = gst_query_new_latency();
	gboolean live;

	offer(self, 4);
	begin(self, "", "newest", true);
	ASSERT_TRUE(gst_pad_peer_query(self->h->sinkpad, query));
	gst_query_parse_latency(query, &live, NULL, NULL);
	EXPECT_TRUE(live);
	gst_query_unref(query);
}

/* ---- writers that come and go ---- */

TEST_F(src, waits_for_its_writer)
{
	begin(self, "", "registered", true);
	g_usleep(100000);
	offer(self, 4);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	EXPECT_TRUE(next_is(self, BYTES, 1));
}

TEST_F(src, a_timeout_is_an_error)
{
	int code = -1;

	begin(self, "timeout=1000000", "newest", true);
	ERROR_IS(self->bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_NOT_FOUND);
}

TEST_F(src, a_region_that_is_no_stream_is_an_error)
{
	zinc_handle region;
	int code = -1;

	ASSERT_EQ(zinc_create(self->name, PAGE, &region), 0);
	begin(self, "", "newest", true);
	ERROR_IS(self->bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_OPEN_READ);
	zinc_close(region);
}

TEST_F(src, a_bad_name_is_an_error)
{
	int code = -1;

	self->name = "no/name";
	begin(self, "", "newest", true);
	ERROR_IS(self->bus, RESOURCE);
	EXPECT_EQ(code, GST_RESOURCE_ERROR_OPEN_READ);
}

TEST_F(src, the_next_writer_is_read)
{
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	zinc_stream_end(&self->writer);
	EXPECT_TRUE(is_told(self->bus, "ended"));
	offer(self, 4);
	put(self, 2);
	EXPECT_TRUE(next_is(self, BYTES, 2));
	EXPECT_TRUE(caps_are(self, "video/x-raw,width=16"));
	EXPECT_EQ(stat_of(self->h->element, "streams"), 2);
}

TEST_F(src, the_next_writer_may_have_other_caps)
{
	offer(self, 4);
	put(self, 1);
	begin(self, "", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	zinc_stream_end(&self->writer);
	CHECK(zinc_stream_video(&self->format, R8, 8, 2) == 16);
	offer(self, 2);
	put_frame(self, 16, 2, 0);
	EXPECT_TRUE(next_is(self, 16, 2));
	EXPECT_TRUE(caps_are(self, "video/x-raw,format=GRAY8,width=8"));
}

TEST_F(src, the_end_can_be_the_pipeline_s)
{
	GstMessage *message;

	offer(self, 4);
	put(self, 1);
	begin(self, "on-end=eos", "newest", true);
	EXPECT_TRUE(next_is(self, BYTES, 1));
	zinc_stream_end(&self->writer);
	for (;;) {
		GstEvent *event = gst_harness_pull_event(self->h);
		bool eos;

		ASSERT_NE(event, NULL);
		eos = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
		gst_event_unref(event);
		if (eos)
			break;
	}
	message = gst_bus_pop_filtered(self->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
	EXPECT_EQ(message, NULL);
}

TEST_F(src, a_stop_ends_the_wait)
{
	begin(self, "", "newest", true);
	g_usleep(20000);
	EXPECT_EQ(gst_element_set_state(self->h->element, GST_STATE_NULL),
		  GST_STATE_CHANGE_SUCCESS);
}

TEST_F(src, nothing_is_left_open)
{
	int before = 0, i;

	offer(self, 4);
	put(self, 0);
	for (i = 0; i < 4; i++) {
		begin(self, "", "registered", true);
		CHECK(is_told(self->bus, "opened"));
		put(self, i);
		EXPECT_TRUE(next_is(self, BYTES, i));
		end_harness(&self->h, &self->bus);
		/* the writer has the reader's region open, until it looks again */
		put(self, 0);
		if (!i)
			before = open_descriptors();
	}
	EXPECT_EQ(open_descriptors(), before);
}

/* ---- dma-bufs ---- */

TEST_F(src, on_the_module_frames_are_dma_bufs)
{
	GstBuffer *buffer;
	GstMemory *memory;
	gsize offset, size, capacity;

	NEED_KMOD();
	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	buffer = pull(self);
	memory = gst_buffer_peek_memory(buffer, 0);
	ASSERT_TRUE(gst_is_dmabuf_memory(memory));
	size = gst_memory_get_sizes(memory, &offset, &capacity);
	EXPECT_EQ(size, BYTES);
	EXPECT_EQ(offset, self->writer.slot_offset + self->writer.slot_size);
	EXPECT_EQ(capacity, zinc_capacity(self->writer.region));
	EXPECT_TRUE(buffer_is(buffer, BYTES, 1));
	gst_buffer_unref(buffer);
}

TEST_F(src, without_it_none_is)
{
	GstBuffer *buffer;

	NEED_SHM();
	offer(self, 4);
	put(self, 0);
	begin(self, "", "registered", true);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	buffer = pull(self);
	EXPECT_FALSE(gst_is_fd_memory(gst_buffer_peek_memory(buffer, 0)));
	gst_buffer_unref(buffer);
}

TEST_F(src, dma_buf_caps_are_offered_on_the_module)
{
	GstBuffer *buffer;

	NEED_KMOD();
	offer(self, 4);
	put(self, 0);
	{
		GstElement *element = make_element("zincsrc", self->name, "frames=registered");

		self->h = gst_harness_new_with_element(element, NULL, "src");
		gst_object_unref(element);
	}
	self->bus = gst_bus_new();
	gst_element_set_bus(self->h->element, self->bus);
	gst_harness_use_systemclock(self->h);
	gst_harness_add_propose_allocation_meta(self->h, GST_VIDEO_META_API_TYPE, NULL);
	gst_harness_set_sink_caps_str(self->h, "video/x-raw(memory:DMABuf)");
	gst_harness_play(self->h);
	ASSERT_TRUE(is_told(self->bus, "opened"));
	put(self, 1);
	buffer = pull(self);
	ASSERT_NE(buffer, NULL);
	EXPECT_TRUE(gst_is_dmabuf_memory(gst_buffer_peek_memory(buffer, 0)));
	EXPECT_TRUE(caps_are(self, GST_CHECK_VERSION(1, 24, 0) ?
		"video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=XR24" :
		"video/x-raw(memory:DMABuf),format=BGRx"));
	gst_buffer_unref(buffer);
}

TEST_HARNESS_MAIN
