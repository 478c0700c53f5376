// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws each frame of the stream through a shader into a second region: on the
 * left as it is, on the right as a relief. The shader samples the one region
 * and draws into the other; no pixel goes through this program.
 *
 * usage: effect NAME TARGET
 *
 * TARGET is made, and goes with this program, which ends when the producer is
 * gone. It says "drawn N" for the frame N that the target holds.
 */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "stream.h"
#include "zinc.h"

#define CHECK(condition) \
	((condition) ? (void)0 : errx(1, "it does not hold that %s", #condition))
#include "../egl.h"

#define LOOK_MS		250
#define OPEN_SECONDS	60

static const char relief[] =
	"#version 300 es\n"
	"precision highp float;\n"
	"precision highp int;\n"
	"uniform highp sampler2D from;\n"
	"uniform int middle;\n"
	"out vec4 to;\n"
	"ivec3 at(ivec2 place)\n"
	"{\n"
	"	return ivec3(texelFetch(from, place, 0).rgb * 255.0 + 0.5);\n"
	"}\n"
	"void main()\n"
	"{\n"
	"	ivec2 here = ivec2(gl_FragCoord.xy);\n"
	"	ivec3 colour = at(here);\n"
	"	if (here.x == middle)\n"
	"		colour = ivec3(255);\n"
	"	if (here.x > middle) {\n"
	"		ivec3 slope = colour - at(max(here - 2, ivec2(0)));\n"
	"		colour = ivec3(128 + slope.r + slope.g + slope.b);\n"
	"	}\n"
	"	to = vec4(clamp(vec3(colour) / 255.0, 0.0, 1.0), 1.0);\n"
	"}\n";

struct effect {
	zinc_handle stream;
	zinc_handle target;
	GLuint frames[STREAM_SLOTS];
};

static GLuint import_picture(int dmabuf, size_t offset)
{
	const struct layout layout = {
		.format = DRM_FORMAT_XRGB8888,
		.width = STREAM_WIDTH,
		.height = STREAM_HEIGHT,
		.stride = STREAM_STRIDE,
		.offset = offset,
	};
	EGLImageKHR image = import_layout(dmabuf, &layout);

	CHECK(image != EGL_NO_IMAGE_KHR);
	return texture_of(image);
}

static int export_region(zinc_handle region)
{
	int dmabuf = zinc_export_dmabuf(region, 0);

	if (dmabuf < 0)
		errx(1, "cannot export: %s", zinc_strerror(dmabuf));
	return dmabuf;
}

static void set_up_gl(struct effect *e)
{
	const char *why = start_gl(software_display());
	int stream, target, i;
	GLuint program;

	if (why)
		errx(1, "%s", why);
	stream = export_region(e->stream);
	target = export_region(e->target);
	framebuffer_of(import_picture(target, 0));
	for (i = 0; i < STREAM_SLOTS; i++)
		e->frames[i] = import_picture(stream, STREAM_PIXELS +
					      i * STREAM_FRAME);
	/* the images keep the memory */
	close(stream);
	close(target);
	program = link_program(relief);
	glUseProgram(program);
	glUniform1i(glGetUniformLocation(program, "middle"), STREAM_WIDTH / 2);
	glViewport(0, 0, STREAM_WIDTH, STREAM_HEIGHT);
}

/* False if the producer has drawn over it meanwhile */
static bool draw(struct effect *e, uint64_t frame)
{
	struct stream *stream = (struct stream *)zinc_ptr(e->stream);
	struct stream_slot *slot = &stream->slot[frame % STREAM_SLOTS];

	glBindTexture(GL_TEXTURE_2D, e->frames[frame % STREAM_SLOTS]);
	glDrawArrays(GL_TRIANGLES, 0, 3);
	/* it has been drawn before anyone is told */
	glFinish();
	CHECK(glGetError() == GL_NO_ERROR);
	return atomic_load(&slot->begin) == frame;
}

static void follow(struct effect *e)
{
	struct stream *stream = (struct stream *)zinc_ptr(e->stream);
	struct zinc_region_info info = { .size = sizeof(info) };
	uint64_t frame, drawn = 0;

	while (!zinc_info(e->stream, &info) &&
	       !(info.flags & ZINC_INFO_CREATOR_GONE)) {
		zinc_wait(e->stream, LOOK_MS);
		frame = atomic_load(&stream->latest);
		if (frame == drawn || !draw(e, frame))
			continue;
		drawn = frame;
		zinc_notify(e->target);
		printf("drawn %" PRIu64 "\n", drawn);
		fflush(stdout);
	}
}

static zinc_handle open_region(const char *name)
{
	int tries = OPEN_SECONDS * 20;
	zinc_handle region;
	int ret;

	while ((ret = zinc_open(name, &region)) == -ENOENT && tries--)
		usleep(50000);
	if (ret)
		errx(1, "cannot open region %s: %s", name, zinc_strerror(ret));
	return region;
}

int main(int argc, char **argv)
{
	struct effect e = { 0 };
	int ret;

	if (argc != 3)
		errx(2, "usage: effect NAME TARGET");
	ret = zinc_create(argv[2], STREAM_FRAME, &e.target);
	if (ret)
		errx(1, "cannot create region %s: %s", argv[2],
		     zinc_strerror(ret));
	e.stream = open_region(argv[1]);
	set_up_gl(&e);
	follow(&e);
	zinc_close(e.stream);
	zinc_close(e.target);
	return 0;
}
