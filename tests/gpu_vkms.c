// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scan-out without a screen: vkms displays a region and writes the output into
 * another. Every pixel is compared, and the fence of the writeback notifies the
 * second region.
 */
#include "abi.h"
#include "kms.h"

#define WIDTH	640
#define HEIGHT	480

/* Where an object's property has its id; 0 if it has none of the name */
static __u32 property(int card, __u32 object, __u32 type, const char *name)
{
	drmModeObjectPropertiesPtr all;
	__u32 i, id = 0;

	all = drmModeObjectGetProperties(card, object, type);
	CHECK(all);
	for (i = 0; i < all->count_props && !id; i++) {
		drmModePropertyPtr p = drmModeGetProperty(card, all->props[i]);

		if (p && !strcmp(p->name, name))
			id = p->prop_id;
		drmModeFreeProperty(p);
	}
	drmModeFreeObjectProperties(all);
	return id;
}

static __u64 value_of(int card, __u32 object, __u32 type, const char *name)
{
	drmModeObjectPropertiesPtr all;
	__u32 id = property(card, object, type, name);
	__u64 value = 0;
	__u32 i;

	all = drmModeObjectGetProperties(card, object, type);
	CHECK(all);
	for (i = 0; i < all->count_props; i++)
		if (all->props[i] == id)
			value = all->prop_values[i];
	drmModeFreeObjectProperties(all);
	return value;
}

FIXTURE(vkms)
{
	int dev, card;
	__u32 crtc, plane, writeback, mode;
	struct picture shown, written;
};

/* The harness runs a test even if its set-up has failed. */
#define NEED_VKMS() do { \
	if (self->card < 0) \
		SKIP(return, "no vkms: load what tests/vm/kernel vkms prints"); \
} while (0)

static bool is_writeback(drmModeConnectorPtr c)
{
	return c->connector_type == DRM_MODE_CONNECTOR_WRITEBACK;
}

static __u32 first_connector(int card, bool writeback)
{
	drmModeResPtr r = drmModeGetResources(card);
	__u32 id = 0;
	int i;

	CHECK(r);
	for (i = 0; i < r->count_connectors && !id; i++) {
		drmModeConnectorPtr c = drmModeGetConnector(card,
							    r->connectors[i]);

		if (c && writeback == is_writeback(c))
			id = c->connector_id;
		drmModeFreeConnector(c);
	}
	drmModeFreeResources(r);
	return id;
}

static __u32 first_crtc(int card)
{
	drmModeResPtr r = drmModeGetResources(card);
	__u32 id;

	CHECK(r && r->count_crtcs);
	id = r->crtcs[0];
	drmModeFreeResources(r);
	return id;
}

static __u32 primary_plane(int card)
{
	drmModePlaneResPtr r = drmModeGetPlaneResources(card);
	__u32 i, id = 0;

	CHECK(r);
	for (i = 0; i < r->count_planes && !id; i++)
		if (value_of(card, r->planes[i], DRM_MODE_OBJECT_PLANE, "type") ==
		    DRM_PLANE_TYPE_PRIMARY)
			id = r->planes[i];
	drmModeFreePlaneResources(r);
	return id;
}

/* The mode of that size, as a blob */
static __u32 mode_blob(int card)
{
	drmModeConnectorPtr c = drmModeGetConnector(card,
						    first_connector(card, false));
	__u32 blob = 0;
	int i;

	CHECK(c);
	for (i = 0; i < c->count_modes && !blob; i++)
		if (c->modes[i].hdisplay == WIDTH &&
		    c->modes[i].vdisplay == HEIGHT)
			drmModeCreatePropertyBlob(card, &c->modes[i],
						  sizeof(c->modes[i]), &blob);
	drmModeFreeConnector(c);
	return blob;
}

FIXTURE_SETUP(vkms)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->card = open_card("vkms");
	if (self->card < 0)
		return;
	ASSERT_EQ(0, drmSetClientCap(self->card, DRM_CLIENT_CAP_ATOMIC, 1));
	ASSERT_EQ(0, drmSetClientCap(self->card,
				     DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1));
	self->crtc = first_crtc(self->card);
	self->plane = primary_plane(self->card);
	self->writeback = first_connector(self->card, true);
	self->mode = mode_blob(self->card);
	ASSERT_TRUE(self->plane && self->writeback && self->mode);
	ASSERT_TRUE(make_picture(&self->shown, self->dev, self->card, WIDTH,
				 HEIGHT));
	ASSERT_TRUE(make_picture(&self->written, self->dev, self->card, WIDTH,
				 HEIGHT));
}

FIXTURE_TEARDOWN(vkms)
{
	if (self->card < 0)
		return;
	drop_picture(&self->written, self->card);
	drop_picture(&self->shown, self->card);
	close(self->card);
	close(self->dev);
}

static void add(int card, drmModeAtomicReqPtr r, __u32 object, __u32 type,
		const char *name, __u64 value)
{
	__u32 id = property(card, object, type, name);

	CHECK(id && drmModeAtomicAddProperty(r, object, id, value) > 0);
}

/* Show the one, write it to the other; the fence of that, or -errno */
static int show_and_write(FIXTURE_PTR(vkms) self)
{
	drmModeAtomicReqPtr r = drmModeAtomicAlloc();
	int card = self->card, err, fence = -1;

#define CONNECTOR(name, value)	add(card, r, self->writeback, \
				    DRM_MODE_OBJECT_CONNECTOR, name, value)
#define CRTC(name, value)	add(card, r, self->crtc, \
				    DRM_MODE_OBJECT_CRTC, name, value)
#define PLANE(name, value)	add(card, r, self->plane, \
				    DRM_MODE_OBJECT_PLANE, name, value)
	/* what the console may have put there: a writeback goes alone */
	add(card, r, first_connector(card, false), DRM_MODE_OBJECT_CONNECTOR,
	    "CRTC_ID", 0);
	CONNECTOR("CRTC_ID", self->crtc);
	CONNECTOR("WRITEBACK_FB_ID", self->written.framebuffer);
	CONNECTOR("WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&fence);
	CRTC("MODE_ID", self->mode);
	CRTC("ACTIVE", 1);
	PLANE("FB_ID", self->shown.framebuffer);
	PLANE("CRTC_ID", self->crtc);
	PLANE("SRC_X", 0);
	PLANE("SRC_Y", 0);
	PLANE("SRC_W", WIDTH << 16);
	PLANE("SRC_H", HEIGHT << 16);
	PLANE("CRTC_X", 0);
	PLANE("CRTC_Y", 0);
	PLANE("CRTC_W", WIDTH);
	PLANE("CRTC_H", HEIGHT);
	err = drmModeAtomicCommit(card, r, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
	drmModeAtomicFree(r);
	return err ? err : fence;
}

/*
 * Wait for the region to be notified by the fence, which is closed at once. Where
 * the fence itself is still pending at the deadline, the driver has stalled, which
 * is told apart: its timer overruns on a slow machine.
 */
static long await_fence(int region, int fence)
{
	struct pollfd p = { .fd = dup(fence), .events = POLLIN };
	long ret = notify_on_fence(region, fence);

	close(fence);
	if (!ret)
		ret = wait_until(region, patience());
	if (ret == -ETIMEDOUT && !poll(&p, 1, 0))
		ksft_print_msg("vkms has stalled: the fence of its writeback is pending\n");
	close(p.fd);
	return ret;
}

TEST_F(vkms, every_pixel_is_shown)
{
	__u32 frame;

	NEED_VKMS();
	for (frame = 1; frame <= 3; frame++) {
		int fence;

		paint(&self->shown, frame);
		memset(self->written.pixels, POISON, self->written.size);
		fence = show_and_write(self);
		ASSERT_LE(0, fence) TH_LOG("%s", strerror(-fence));
		/* no thread of ours waits for the display: the region tells */
		EXPECT_EQ(0, await_fence(self->written.fd, fence));
		EXPECT_EQ(frame, info(self->written.fd).sequence);
		EXPECT_EQ(0, wrong_pixels(&self->written, frame));
		EXPECT_EQ(0, wrong_pixels(&self->shown, frame));
	}
	EXPECT_EQ(0, info(self->written.fd).fence_errors);
}

/* A device works on the pages of an imported region themselves. */
TEST_F(vkms, nothing_is_there_twice)
{
	int fence;

	NEED_VKMS();
	paint(&self->shown, 9);
	fence = show_and_write(self);
	ASSERT_LE(0, fence);
	EXPECT_EQ(0, await_fence(self->written.fd, fence));
	EXPECT_EQ(self->written.size, info(self->written.fd).resident);
	EXPECT_EQ(1, info(self->written.fd).attachments);
	EXPECT_EQ(1, info(self->shown.fd).attachments);
}

TEST_HARNESS_MAIN
