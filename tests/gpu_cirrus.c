// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scan-out on a screen: cirrus displays a region, and the guest's display is
 * compared with the region, pixel by pixel. The pictures stay in
 * build/pictures/.
 */
#include "abi.h"
#include "kms.h"

#define WIDTH	640
#define HEIGHT	480
#define SHARE	"/run/zinc-vm/share/"
#define PICTURES "build/pictures/"

/* Have tests/vm/run take a picture of the screen; in @path, below our folder */
static bool take_picture(const char *format, const char *path)
{
	FILE *f = fopen(SHARE "screendump.new", "w");
	char folder[256];

	CHECK(f && getcwd(folder, sizeof(folder)));
	fprintf(f, "%s %s/%s\n", format, folder, path);
	CHECK(!fclose(f));
	CHECK(!rename(SHARE "screendump.new", SHARE "screendump"));
	return EVENTUALLY(access(SHARE "screendump", F_OK));
}

/* The pixels of a picture in PPM format, three bytes each; NULL if it is not */
static __u8 *read_ppm(const char *path)
{
	static __u8 rgb[WIDTH * HEIGHT * 3];
	FILE *f = fopen(path, "r");
	__u32 width, height;
	bool whole;

	if (!f)
		return NULL;
	whole = fscanf(f, "P6 %u %u 255", &width, &height) == 2 &&
		width == WIDTH && height == HEIGHT && fgetc(f) == '\n' &&
		fread(rgb, sizeof(rgb), 1, f) == 1;
	fclose(f);
	return whole ? rgb : NULL;
}

static __u32 wrong_on_screen(const __u8 *rgb, __u32 frame)
{
	__u32 x, y, wrong = 0;

	for (y = 0; y < HEIGHT; y++)
		for (x = 0; x < WIDTH; x++, rgb += 3)
			wrong += (rgb[0] << 16 | rgb[1] << 8 | rgb[2]) !=
				 (colour(x, y, frame) & 0xffffff);
	return wrong;
}

FIXTURE(cirrus)
{
	int dev, card;
	__u32 connector, crtc;
	drmModeModeInfo mode;
	struct picture picture;
};

/* The connector, and its mode of that size */
static bool find_output(FIXTURE_PTR(cirrus) self)
{
	drmModeResPtr r = drmModeGetResources(self->card);
	drmModeConnectorPtr c;
	bool found = false;
	int i;

	CHECK(r && r->count_connectors && r->count_crtcs);
	c = drmModeGetConnector(self->card, r->connectors[0]);
	CHECK(c);
	for (i = 0; i < c->count_modes && !found; i++) {
		found = c->modes[i].hdisplay == WIDTH &&
			c->modes[i].vdisplay == HEIGHT;
		self->mode = c->modes[i];
	}
	self->connector = c->connector_id;
	self->crtc = r->crtcs[0];
	drmModeFreeConnector(c);
	drmModeFreeResources(r);
	return found;
}

FIXTURE_SETUP(cirrus)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->card = open_card("cirrus");
	if (self->card < 0)
		self->card = open_card("cirrus-qemu");
	if (self->card < 0)
		return;
	ASSERT_TRUE(find_output(self));
	ASSERT_TRUE(make_picture(&self->picture, self->dev, self->card, WIDTH,
				 HEIGHT));
}

FIXTURE_TEARDOWN(cirrus)
{
	if (self->card < 0)
		return;
	drop_picture(&self->picture, self->card);
	close(self->card);
	close(self->dev);
}

TEST_F(cirrus, the_screen_shows_the_region)
{
	__u32 frame;

	if (self->card < 0)
		SKIP(return, "no cirrus: tests/vm/run --device cirrus, and modprobe it");
	paint(&self->picture, 0);
	ASSERT_EQ(0, drmModeSetCrtc(self->card, self->crtc,
				    self->picture.framebuffer, 0, 0,
				    &self->connector, 1, &self->mode));
	for (frame = 1; frame <= 3; frame++) {
		__u8 *rgb;

		paint(&self->picture, frame);
		ASSERT_EQ(0, drmModeDirtyFB(self->card,
					    self->picture.framebuffer, NULL, 0));
		ASSERT_TRUE(take_picture("ppm", PICTURES "cirrus.ppm"));
		rgb = read_ppm(PICTURES "cirrus.ppm");
		ASSERT_NE(NULL, rgb);
		EXPECT_EQ(0, wrong_on_screen(rgb, frame));
	}
	EXPECT_TRUE(take_picture("png", PICTURES "cirrus.png"));
	EXPECT_EQ(0, access(PICTURES "cirrus.png", R_OK));
	EXPECT_EQ(self->picture.size, info(self->picture.fd).resident);
}

TEST_HARNESS_MAIN
