// SPDX-License-Identifier: MIT
/*
 * A region on a display, by the kernel's mode setting: scan-out of the region's
 * own memory.
 *
 *	kms NAME WIDTHxHEIGHT CARD
 *
 * NAME holds a picture without gaps between the lines, 32 bits a pixel: blue,
 * green, red, and a byte that is not shown. CARD is /dev/dri/cardN, which no
 * other program displays on. After each notify the display shows what is new. A
 * signal ends it; what it has, and the console's picture, is the kernel's to see to.
 *
 *	cc kms.c -o kms $(pkg-config --cflags --libs zinc-kmod libdrm)
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>
#include <zinc.h>

struct output {
	uint32_t connector;
	uint32_t crtc;
	drmModeModeInfo mode;
};

static void must(bool done, const char *what)
{
	if (!done)
		err(1, "%s", what);
}

/* A controller that can drive the connector; 0: there is none */
static uint32_t find_crtc(int card, drmModeResPtr all, drmModeConnectorPtr connector)
{
	drmModeEncoderPtr encoder;
	uint32_t possible;
	int i;

	for (i = 0; i < connector->count_encoders; i++) {
		encoder = drmModeGetEncoder(card, connector->encoders[i]);
		possible = encoder ? encoder->possible_crtcs : 0;
		drmModeFreeEncoder(encoder);
		if (possible)
			return all->crtcs[__builtin_ctz(possible)];
	}
	return 0;
}

/* The connector as an output, if a display is there that has such a mode */
static bool use_connector(int card, drmModeResPtr all, drmModeConnectorPtr connector,
			  uint32_t width, uint32_t height, struct output *out)
{
	int i;

	if (!connector || connector->connection != DRM_MODE_CONNECTED)
		return false;
	for (i = 0; i < connector->count_modes; i++) {
		out->mode = connector->modes[i];
		if (out->mode.hdisplay != width || out->mode.vdisplay != height)
			continue;
		out->connector = connector->connector_id;
		out->crtc = find_crtc(card, all, connector);
		return out->crtc;
	}
	return false;
}

static struct output find_output(int card, uint32_t width, uint32_t height)
{
	drmModeResPtr all = drmModeGetResources(card);
	struct output out = { 0 };
	bool found = false;
	int i;

	must(all, "the card has no displays");
	for (i = 0; i < all->count_connectors && !found; i++) {
		drmModeConnectorPtr connector = drmModeGetConnector(card, all->connectors[i]);

		found = use_connector(card, all, connector, width, height, &out);
		drmModeFreeConnector(connector);
	}
	errno = ENODEV;
	must(found, "no display with a mode of that size");
	drmModeFreeResources(all);
	return out;
}

/* A framebuffer whose pixels are the region's */
static uint32_t import_region(int card, zinc_handle region, uint32_t width, uint32_t height)
{
	uint32_t handles[4] = { 0 }, pitches[4] = { width * 4 }, offsets[4] = { 0 };
	int dmabuf = zinc_export_dmabuf(region, 0);
	uint32_t framebuffer;

	errno = -dmabuf;
	must(dmabuf >= 0, "the region gives no dma-buf");
	must(!drmPrimeFDToHandle(card, dmabuf, &handles[0]), "the driver imports no dma-buf");
	close(dmabuf);
	must(!drmModeAddFB2(card, width, height, DRM_FORMAT_XRGB8888, handles, pitches,
			    offsets, &framebuffer, 0), "no framebuffer of such a picture");
	/* the framebuffer keeps the memory */
	drmCloseBufferHandle(card, handles[0]);
	return framebuffer;
}

int main(int argc, char **argv)
{
	unsigned int width, height;
	struct output out;
	zinc_handle region;
	uint32_t framebuffer;
	int card, failed;

	errno = EINVAL;
	must(argc == 4 && sscanf(argv[2], "%ux%u", &width, &height) == 2,
	     "usage: kms NAME WIDTHxHEIGHT CARD");
	errno = -zinc_open(argv[1], &region);
	must(region, argv[1]);
	card = open(argv[3], O_RDWR | O_CLOEXEC);
	must(card >= 0, argv[3]);
	out = find_output(card, width, height);
	framebuffer = import_region(card, region, width, height);
	must(!drmModeSetCrtc(card, out.crtc, framebuffer, 0, 0, &out.connector, 1, &out.mode),
	     "the display cannot be set");
	while (!zinc_wait(region, ZINC_WAIT_FOREVER)) {
		/* -ENOSYS: hardware that reads the memory all the time */
		failed = drmModeDirtyFB(card, framebuffer, NULL, 0);
		errno = -failed;
		must(!failed || failed == -ENOSYS, "the display cannot be refreshed");
	}
	return 0;
}
