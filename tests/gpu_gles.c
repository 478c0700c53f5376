// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenGL ES on regions, by EGL_EXT_image_dma_buf_import: a shader reads the
 * pixels that the CPU has written, and the CPU reads those that a shader has
 * written. Every pixel is compared.
 *
 * Mesa renders in software here, so that any machine will do, and has no device
 * that could attach: it maps the dma-buf. Runs in a guest:
 * tests/vm/run --root mesa -- build/tests/gpu_gles
 */
#include "abi.h"
#include "egl.h"
#include "mappings.h"

#include <sys/mman.h>

/* Compiling a shader takes an emulated processor a while. */
#define SECONDS		300
#define UNPAINTED	0x5a5a5a5a

#define FRAGMENT						\
	"#version 300 es\n"					\
	"precision highp float;\n"				\
	"precision highp int;\n"				\
	"uniform highp sampler2D from;\n"			\
	"uniform int frame;\n"					\
	"out vec4 to;\n"

/* The sampled pixel, unchanged */
static const char as_it_is[] = FRAGMENT
	"void main()\n"
	"{\n"
	"	to = texelFetch(from, ivec2(gl_FragCoord.xy), 0);\n"
	"}\n";

/* effect() of the sampled pixel */
static const char changed[] = FRAGMENT
	"void main()\n"
	"{\n"
	"	ivec2 at = ivec2(gl_FragCoord.xy);\n"
	"	ivec4 c = ivec4(texelFetch(from, at, 0) * 255.0 + 0.5);\n"
	"	c = ivec4(c.b ^ (at.x & 255), 255 - c.g, (c.r + at.y) & 255, c.a);\n"
	"	to = vec4(c) / 255.0;\n"
	"}\n";

/* colour() */
static const char pattern[] = FRAGMENT
	"void main()\n"
	"{\n"
	"	ivec2 at = ivec2(gl_FragCoord.xy);\n"
	"	ivec4 c = ivec4(at.x * 7 + frame * 31, at.y * 5 + frame * 17,\n"
	"			at.x ^ at.y ^ frame, at.x + at.y * 3 + frame);\n"
	"	to = vec4(c & 255) / 255.0;\n"
	"}\n";

/* Draw with a fragment shader, with or without a texture, into the bound framebuffer */
static void draw(const char *fragment, GLuint from, __u32 frame)
{
	GLuint program = link_program(fragment);

	glUseProgram(program);
	glUniform1i(glGetUniformLocation(program, "frame"), frame);
	glBindTexture(GL_TEXTURE_2D, from);
	glDrawArrays(GL_TRIANGLES, 0, 3);
	glFinish();
	CHECK(glGetError() == GL_NO_ERROR);
	glDeleteProgram(program);
}

/* ---- pictures in regions ---- */

struct picture {
	struct layout layout;
	int fd;			/* the region */
	int buf;		/* its dma-buf */
	char *data;
	size_t size;
	EGLImageKHR image;
	GLuint texture;
	GLuint framebuffer;
};

static __u32 *pixel(const struct picture *p, __u32 x, __u32 y)
{
	return (__u32 *)(p->data + p->layout.offset + y * p->layout.stride) + x;
}

/* AARRGGBB of a pixel; another frame has another in every place. */
static __u32 colour(__u32 x, __u32 y, __u32 frame)
{
	return ((x + y * 3 + frame) & 0xff) << 24 |
	       ((x * 7 + frame * 31) & 0xff) << 16 |
	       ((y * 5 + frame * 17) & 0xff) << 8 | ((x ^ y ^ frame) & 0xff);
}

static __u32 effect(__u32 x, __u32 y, __u32 c)
{
	__u32 red = c >> 16 & 0xff, green = c >> 8 & 0xff, blue = c & 0xff;

	return (c & 0xff000000) | (blue ^ (x & 0xff)) << 16 |
	       (0xff - green) << 8 | ((red + y) & 0xff);
}

static void poison(struct picture *p)
{
	__u32 *word = (__u32 *)p->data;
	size_t i;

	for (i = 0; i < p->size / sizeof(*word); i++)
		word[i] = UNPAINTED;
}

static void paint(struct picture *p, __u32 frame)
{
	__u32 x, y;

	CHECK(!cpu_access(p->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE));
	for (y = 0; y < p->layout.height; y++)
		for (x = 0; x < p->layout.width; x++)
			*pixel(p, x, y) = colour(x, y, frame);
	CHECK(!cpu_access(p->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE));
}

static bool has_alpha(const struct picture *p)
{
	return p->layout.format == DRM_FORMAT_ARGB8888;
}

/* The number of pixels of the region that differ from a shader's expected output */
#define WRONG_PIXELS(p, expected) ({					\
	__u32 x, y, __wrong = 0;					\
	__u32 __mask = has_alpha(p) ? 0xffffffff : 0xffffff;		\
	CHECK(!cpu_access((p)->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ)); \
	for (y = 0; y < (p)->layout.height; y++)			\
		for (x = 0; x < (p)->layout.width; x++)			\
			__wrong += ((*pixel(p, x, y) ^ (expected)) &	\
				    __mask) != 0;			\
	CHECK(!cpu_access((p)->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ)); \
	__wrong;							\
})

/* The number of changed bytes that belong to no pixel */
static size_t spilled(const struct picture *p)
{
	const struct layout *l = &p->layout;
	__u32 *word = (__u32 *)p->data;
	size_t i, changed = 0;

	for (i = 0; i < p->size / sizeof(*word); i++) {
		size_t at = i * sizeof(*word) - l->offset;

		if (i * sizeof(*word) >= l->offset &&
		    at / l->stride < l->height &&
		    at % l->stride < l->width * 4)
			continue;
		changed += word[i] != UNPAINTED;
	}
	return changed;
}

/* The region of a picture as a texture, and as something to draw into */
static void to_gl(struct picture *p)
{
	p->image = import_layout(p->buf, &p->layout);
	CHECK(p->image != EGL_NO_IMAGE_KHR);
	p->texture = texture_of(p->image);
	p->framebuffer = framebuffer_of(p->texture);
}

static void from_gl(struct picture *p)
{
	glDeleteFramebuffers(1, &p->framebuffer);
	glDeleteTextures(1, &p->texture);
	CHECK(destroy_image(eglGetCurrentDisplay(), p->image));
}

static void make_picture(struct picture *p, int dev, const struct layout *l)
{
	*p = (struct picture) { .layout = *l };
	p->size = (l->offset + l->stride * l->height + PAGE - 1) / PAGE * PAGE;
	p->fd = create(dev, "", p->size);
	CHECK(p->fd >= 0);
	p->buf = export_region(p->fd, 0);
	CHECK(p->buf >= 0);
	p->data = map_data(p->fd, p->size, PROT_READ | PROT_WRITE);
	CHECK(p->data);
	poison(p);
}

static void drop_picture(struct picture *p)
{
	munmap(p->data, p->size);
	close(p->buf);
	close(p->fd);
}

static void draw_into(struct picture *p)
{
	glBindFramebuffer(GL_FRAMEBUFFER, p->framebuffer);
	glViewport(0, 0, p->layout.width, p->layout.height);
}

/* A framebuffer of GL's own memory */
static void draw_elsewhere(const struct layout *l)
{
	GLuint buffers[2];

	glGenRenderbuffers(1, &buffers[0]);
	glBindRenderbuffer(GL_RENDERBUFFER, buffers[0]);
	glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, l->width, l->height);
	glGenFramebuffers(1, &buffers[1]);
	glBindFramebuffer(GL_FRAMEBUFFER, buffers[1]);
	glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
				  GL_RENDERBUFFER, buffers[0]);
	glViewport(0, 0, l->width, l->height);
	CHECK(glCheckFramebufferStatus(GL_FRAMEBUFFER) ==
	      GL_FRAMEBUFFER_COMPLETE);
}

/* The number of GL's pixels that differ from the frame that the CPU painted */
static __u32 wrong_in_gl(const struct picture *p, __u32 frame)
{
	const struct layout *l = &p->layout;
	__u8 *rgba = malloc(l->width * l->height * 4), *c = rgba;
	__u32 opaque = has_alpha(p) ? 0 : 0xff000000;
	__u32 x, y, wrong = 0;

	CHECK(rgba);
	glReadPixels(0, 0, l->width, l->height, GL_RGBA, GL_UNSIGNED_BYTE, rgba);
	CHECK(glGetError() == GL_NO_ERROR);
	for (y = 0; y < l->height; y++)
		for (x = 0; x < l->width; x++, c += 4)
			wrong += ((__u32)c[3] << 24 | c[0] << 16 | c[1] << 8 |
				  c[2]) != (colour(x, y, frame) | opaque);
	free(rgba);
	return wrong;
}

struct pictures {
	const char *why;
	int dev;
	struct picture first, second;
};

/* The harness runs a test even if its set-up has failed. */
#define NEED_GLES() do { \
	if (self->p.why) \
		SKIP(return, "%s", self->p.why); \
} while (0)

/* Two pictures on that display; or @p->why there can be none */
static bool start(struct pictures *p, EGLDisplay display,
		  const struct layout *l)
{
	p->why = start_gl(display);
	if (p->why)
		return false;
	p->dev = open_device();
	CHECK(p->dev >= 0);
	make_picture(&p->first, p->dev, l);
	make_picture(&p->second, p->dev, l);
	to_gl(&p->first);
	to_gl(&p->second);
	return true;
}

static void finish(struct pictures *p)
{
	from_gl(&p->second);
	from_gl(&p->first);
	drop_picture(&p->second);
	drop_picture(&p->first);
	close(p->dev);
}

/* ---- every pixel ---- */

FIXTURE(gles)
{
	struct pictures p;
};

FIXTURE_VARIANT(gles)
{
	EGLDisplay (*display)(void);
	struct layout layout;
};

FIXTURE_VARIANT_ADD(gles, device_argb)
{
	.display = software_display,
	.layout = { DRM_FORMAT_ARGB8888, 256, 256, 1024, 0 },
};

FIXTURE_VARIANT_ADD(gles, device_xrgb)
{
	.display = software_display,
	.layout = { DRM_FORMAT_XRGB8888, 256, 128, 1024, 0 },
};

/* A second frame in a region, whose lines have gaps between them */
FIXTURE_VARIANT_ADD(gles, device_offset_and_gaps)
{
	.display = software_display,
	.layout = { DRM_FORMAT_ARGB8888, 200, 75, 1024, 8192 },
};

FIXTURE_VARIANT_ADD(gles, surfaceless_argb)
{
	.display = surfaceless_display,
	.layout = { DRM_FORMAT_ARGB8888, 128, 128, 512, 0 },
};

FIXTURE_SETUP(gles)
{
	start(&self->p, variant->display(), &variant->layout);
}

FIXTURE_TEARDOWN(gles)
{
	if (self->p.dev)
		finish(&self->p);
}

TEST_F_TIMEOUT(gles, what_the_cpu_writes_is_what_the_next_draw_samples, SECONDS)
{
	__u32 frame;

	NEED_GLES();
	draw_elsewhere(&variant->layout);
	for (frame = 1; frame <= 3; frame++) {
		paint(&self->p.first, frame);
		draw(as_it_is, self->p.first.texture, 0);
		EXPECT_EQ(0, wrong_in_gl(&self->p.first, frame));
	}
	EXPECT_EQ(0, spilled(&self->p.first));
}

TEST_F_TIMEOUT(gles, what_a_shader_draws_is_in_the_region, SECONDS)
{
	__u32 frame;

	NEED_GLES();
	draw_into(&self->p.first);
	glClearColor(0x12 / 255.0, 0x34 / 255.0, 0x56 / 255.0, 0x78 / 255.0);
	glClear(GL_COLOR_BUFFER_BIT);
	glFinish();
	EXPECT_EQ(0, WRONG_PIXELS(&self->p.first, 0x78123456));
	for (frame = 1; frame <= 3; frame++) {
		draw(pattern, 0, frame);
		EXPECT_EQ(0, WRONG_PIXELS(&self->p.first, colour(x, y, frame)));
	}
	EXPECT_EQ(0, spilled(&self->p.first));
}

/* A copy that is brought back as a whole would undo what the CPU has done. */
TEST_F_TIMEOUT(gles, a_shader_and_the_cpu_share_a_picture, SECONDS)
{
	const struct layout *l = &variant->layout;

	NEED_GLES();
	paint(&self->p.first, 1);
	draw_into(&self->p.first);
	glEnable(GL_SCISSOR_TEST);
	glScissor(l->width / 2, 0, l->width, l->height);
	draw(pattern, 0, 2);
	*pixel(&self->p.first, 0, 0) = colour(0, 0, 3);
	glScissor(l->width / 2, l->height / 2, l->width, l->height);
	draw(pattern, 0, 4);
	EXPECT_EQ(0, WRONG_PIXELS(&self->p.first,
				  colour(x, y, x < l->width / 2 ?
						       x + y ? 1 : 3 :
						       y < l->height / 2 ? 2 : 4)));
}

TEST_F_TIMEOUT(gles, from_a_region_through_a_shader_into_another, SECONDS)
{
	__u32 opaque = has_alpha(&self->p.first) ? 0 : 0xff000000;
	__u32 frame;

	NEED_GLES();
	draw_into(&self->p.second);
	for (frame = 1; frame <= 3; frame++) {
		paint(&self->p.first, frame);
		draw(changed, self->p.first.texture, 0);
		EXPECT_EQ(0, WRONG_PIXELS(&self->p.second,
					  effect(x, y, colour(x, y, frame) | opaque)));
		EXPECT_EQ(0, WRONG_PIXELS(&self->p.first, colour(x, y, frame)));
	}
	EXPECT_EQ(0, spilled(&self->p.second));
}

/* ---- whose memory it is ---- */

static const struct layout plain = { DRM_FORMAT_ARGB8888, 64, 64, 256, 0 };

FIXTURE(gles_memory)
{
	struct pictures p;
};

FIXTURE_SETUP(gles_memory)
{
	start(&self->p, software_display(), &plain);
}

FIXTURE_TEARDOWN(gles_memory)
{
	if (self->p.dev)
		finish(&self->p);
}

TEST_F_TIMEOUT(gles_memory, nothing_is_there_twice, SECONDS)
{
	NEED_GLES();
	paint(&self->p.first, 1);
	draw_into(&self->p.second);
	draw(as_it_is, self->p.first.texture, 0);
	EXPECT_EQ(1, other_mappings(self->p.first.data));
	EXPECT_EQ(1, other_mappings(self->p.second.data));
	EXPECT_EQ(self->p.first.size, info(self->p.first.fd).resident);
	EXPECT_EQ(self->p.second.size, info(self->p.second.fd).resident);
	/* a software renderer is not a device */
	EXPECT_EQ(0, info(self->p.first.fd).attachments);
}

TEST_F_TIMEOUT(gles_memory, a_picture_outlives_its_region, SECONDS)
{
	struct picture p;
	__u64 bytes;

	NEED_GLES();
	bytes = query(self->p.dev).user_bytes;
	make_picture(&p, self->p.dev, &plain);
	paint(&p, 1);
	to_gl(&p);
	drop_picture(&p);
	/* only GL has it now, and it is still valid memory */
	EXPECT_EQ(bytes + p.size, query(self->p.dev).user_bytes);
	draw_elsewhere(&plain);
	draw(as_it_is, p.texture, 0);
	EXPECT_EQ(0, wrong_in_gl(&p, 1));
	draw_into(&self->p.second);
	draw(as_it_is, p.texture, 0);
	EXPECT_EQ(0, WRONG_PIXELS(&self->p.second, colour(x, y, 1)));
	from_gl(&p);
	/* what the last draw used is let go by the next */
	draw(as_it_is, self->p.first.texture, 0);
	EXPECT_TRUE(EVENTUALLY(query(self->p.dev).user_bytes == bytes));
}

/* The renderer's process has the dma-buf, and the waiting one the region. */
TEST_F_TIMEOUT(gles_memory, what_is_drawn_is_seen_by_another_process, SECONDS)
{
	char go;
	int to_viewer[2];
	pid_t viewer;

	NEED_GLES();
	ASSERT_EQ(0, pipe(to_viewer));
	viewer = spawn();
	if (!viewer) {
		CHECK(!wait_until(self->p.second.fd, patience()));
		CHECK(!WRONG_PIXELS(&self->p.second, colour(x, y, 5)));
		CHECK(read(to_viewer[0], &go, 1) == 1);
		_exit(0);
	}
	draw_into(&self->p.second);
	draw(pattern, 0, 5);
	EXPECT_EQ(0, notify(self->p.second.fd));
	EXPECT_EQ(1, write(to_viewer[1], "", 1));
	EXPECT_EQ(0, reap(viewer));
	close(to_viewer[0]);
	close(to_viewer[1]);
}

/* In a process of its own: @began, and then maybe no end */
static void draw_into_read_only(int region, bool *began)
{
	struct pictures p;
	struct picture target = { .layout = plain };

	if (!start(&p, software_display(), &plain))
		_exit(KSFT_SKIP);
	target.buf = export_region(region, ZINC_RDONLY);
	CHECK(target.buf >= 0);
	to_gl(&target);
	draw_into(&target);
	STORE(*began, true);
	draw(pattern, 0, 2);
}

FIXTURE(gles_read_only)
{
	int dev;
	struct picture picture;
	bool *began;
};

FIXTURE_SETUP(gles_read_only)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	make_picture(&self->picture, self->dev, &plain);
	self->began = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->began);
}

FIXTURE_TEARDOWN(gles_read_only)
{
	munmap(self->began, PAGE);
	drop_picture(&self->picture);
	close(self->dev);
}

/* Mesa takes such a buffer, and may well die when it cannot map it. */
TEST_F_TIMEOUT(gles_read_only, it_is_never_drawn_into, SECONDS)
{
	pid_t pid;

	paint(&self->picture, 1);
	pid = spawn();
	if (!pid) {
		draw_into_read_only(self->picture.fd, self->began);
		_exit(0);
	}
	if (reap(pid) == KSFT_SKIP)
		SKIP(return, "this Mesa does not import dma-bufs");
	EXPECT_TRUE(LOAD(*self->began));
	EXPECT_EQ(0, WRONG_PIXELS(&self->picture, colour(x, y, 1)));
}

TEST_HARNESS_MAIN
