// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the stream on a display: each frame of the ring is a framebuffer, in
 * the region's own memory, and the newest is the one that is scanned out.
 *
 * usage: scanout NAME
 *
 * Takes the first display there is, until a signal comes, and gives it back
 * then. It says "shown N" for the frame N that is to be seen.
 */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <xf86drmMode.h>
#include <zinc-drm.h>

#include "stream.h"

#define LOOK_MS		250
#define OPEN_SECONDS	60

struct scanout {
	zinc_handle stream;
	int card;
	struct zinc_drm_buffer *buffer;
	struct zinc_drm_framebuffer *frames[STREAM_SLOTS];
	struct zinc_drm_output *output;
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void must(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, zinc_strerror(ret));
}

static void open_stream(struct scanout *s, const char *name)
{
	int tries = OPEN_SECONDS * 20;
	int ret;

	while ((ret = zinc_open(name, &s->stream)) == -ENOENT && tries--)
		usleep(50000);
	must(ret, name);
}

static void set_up(struct scanout *s)
{
	struct zinc_drm_picture picture = {
		.size = sizeof(picture),
		.format = zinc_drm_format("XR24"),
		.width = STREAM_WIDTH,
		.height = STREAM_HEIGHT,
		.stride = STREAM_STRIDE,
	};
	int i;

	s->card = zinc_drm_open(NULL);
	must(s->card, "no display");
	must(zinc_drm_import(s->card, s->stream, &s->buffer), "import");
	for (i = 0; i < STREAM_SLOTS; i++) {
		picture.offset = STREAM_PIXELS + i * STREAM_FRAME;
		must(zinc_drm_add_framebuffer(s->buffer, &picture,
					      &s->frames[i]), "framebuffer");
	}
	must(zinc_drm_show(s->frames[0], NULL, &s->output), "show");
}

/* Only after the previous frame is visible */
static void flip(struct scanout *s, uint64_t frame)
{
	uint32_t crtc = zinc_drm_crtc_id(s->output);
	uint32_t id = zinc_drm_framebuffer_id(s->frames[frame % STREAM_SLOTS]);
	int ret;

	do {
		ret = drmModePageFlip(s->card, crtc, id, 0, NULL);
	} while (ret == -EBUSY && !usleep(1000));
	must(ret, "page flip");
}

static void follow(struct scanout *s)
{
	struct stream *stream = (struct stream *)zinc_ptr(s->stream);
	uint64_t frame, shown = 0;

	while (!stop) {
		zinc_wait(s->stream, LOOK_MS);
		frame = atomic_load(&stream->latest);
		if (frame == shown)
			continue;
		flip(s, frame);
		shown = frame;
		printf("shown %" PRIu64 "\n", shown);
		fflush(stdout);
	}
}

static void tear_down(struct scanout *s)
{
	int i;

	must(zinc_drm_restore(s->output), "restore");
	for (i = 0; i < STREAM_SLOTS; i++)
		zinc_drm_remove_framebuffer(s->frames[i]);
	zinc_drm_release(s->buffer);
	close(s->card);
	zinc_close(s->stream);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	struct scanout s = { 0 };

	if (argc != 2)
		errx(2, "usage: scanout NAME");
	sigaction(SIGTERM, &action, NULL);
	open_stream(&s, argv[1]);
	set_up(&s);
	follow(&s);
	tear_down(&s);
	return 0;
}
