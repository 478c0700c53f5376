/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OpenGL ES 3 without a window, in software, on dma-bufs: a display, shaders
 * that fill the picture, textures whose memory is a dma-buf's.
 *
 * Include it after the definition of CHECK(condition), which must not return if
 * the condition is false.
 */
#ifndef EGL_H
#define EGL_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <GLES2/gl2ext.h>
#include <drm_fourcc.h>
#include <linux/types.h>

#define EGL_DEVICES	16

static PFNEGLCREATEIMAGEKHRPROC create_image;
static PFNEGLDESTROYIMAGEKHRPROC destroy_image;
static PFNGLEGLIMAGETARGETTEXTURE2DOESPROC image_to_texture;

static inline bool has(const char *extensions, const char *name)
{
	size_t length = strlen(name);
	const char *p = extensions;

	while (p && (p = strstr(p, name))) {
		if (p[length] == ' ' || !p[length])
			return true;
		p += length;
	}
	return false;
}

/* The software device: the others would need hardware. */
static inline EGLDisplay software_display(void)
{
	PFNEGLQUERYDEVICESEXTPROC devices;
	PFNEGLQUERYDEVICESTRINGEXTPROC text;
	EGLDeviceEXT all[EGL_DEVICES];
	EGLint i, count = 0;

	devices = (void *)eglGetProcAddress("eglQueryDevicesEXT");
	text = (void *)eglGetProcAddress("eglQueryDeviceStringEXT");
	if (!devices || !text || !devices(EGL_DEVICES, all, &count))
		return EGL_NO_DISPLAY;
	for (i = 0; i < count; i++)
		if (has(text(all[i], EGL_EXTENSIONS), "EGL_MESA_device_software"))
			return eglGetPlatformDisplay(EGL_PLATFORM_DEVICE_EXT,
						     all[i], NULL);
	return EGL_NO_DISPLAY;
}

static inline EGLDisplay surfaceless_display(void)
{
	return eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA,
				     EGL_DEFAULT_DISPLAY, NULL);
}

/* A context of OpenGL ES 3; or why there can be none */
static inline const char *start_gl(EGLDisplay display)
{
	static const EGLint version[] = { EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE };
	const char *extensions;
	EGLContext context;

	if (display == EGL_NO_DISPLAY || !eglInitialize(display, NULL, NULL))
		return "EGL has no such display";
	extensions = eglQueryString(display, EGL_EXTENSIONS);
	if (!has(extensions, "EGL_EXT_image_dma_buf_import"))
		return "this Mesa does not import dma-bufs";
	eglBindAPI(EGL_OPENGL_ES_API);
	context = eglCreateContext(display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT,
				   version);
	CHECK(context != EGL_NO_CONTEXT);
	CHECK(eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context));
	create_image = (void *)eglGetProcAddress("eglCreateImageKHR");
	destroy_image = (void *)eglGetProcAddress("eglDestroyImageKHR");
	image_to_texture =
		(void *)eglGetProcAddress("glEGLImageTargetTexture2DOES");
	CHECK(create_image && destroy_image && image_to_texture);
	return NULL;
}

/* ---- shaders ---- */

/* Two corners of this triangle are off the screen, which it fills. */
static const char everywhere[] =
	"#version 300 es\n"
	"void main()\n"
	"{\n"
	"	vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);\n"
	"	gl_Position = vec4(corner * 4.0 - 1.0, 0.0, 1.0);\n"
	"}\n";

static inline GLuint compile_shader(GLenum type, const char *source)
{
	GLuint shader = glCreateShader(type);
	char log[1024] = "";
	GLint done;

	glShaderSource(shader, 1, &source, NULL);
	glCompileShader(shader);
	glGetShaderiv(shader, GL_COMPILE_STATUS, &done);
	glGetShaderInfoLog(shader, sizeof(log), NULL, log);
	if (!done)
		fprintf(stderr, "# %s", log);
	CHECK(done);
	return shader;
}

/* A program that runs @fragment for every pixel */
static inline GLuint link_program(const char *fragment)
{
	GLuint program = glCreateProgram();
	GLint done;

	glAttachShader(program, compile_shader(GL_VERTEX_SHADER, everywhere));
	glAttachShader(program, compile_shader(GL_FRAGMENT_SHADER, fragment));
	glLinkProgram(program);
	glGetProgramiv(program, GL_LINK_STATUS, &done);
	CHECK(done);
	return program;
}

/* ---- pictures in dma-bufs ---- */

struct layout {
	__u32 format;		/* DRM_FORMAT_*: with alpha, or without */
	__u32 width, height;
	__u32 stride, offset;	/* bytes */
};

/* EGL_NO_IMAGE_KHR: it is not taken */
static inline EGLImageKHR import_layout(int dmabuf, const struct layout *l)
{
	const EGLint attributes[] = {
		EGL_WIDTH, l->width,
		EGL_HEIGHT, l->height,
		EGL_LINUX_DRM_FOURCC_EXT, l->format,
		EGL_DMA_BUF_PLANE0_FD_EXT, dmabuf,
		EGL_DMA_BUF_PLANE0_OFFSET_EXT, l->offset,
		EGL_DMA_BUF_PLANE0_PITCH_EXT, l->stride,
		EGL_NONE
	};

	return create_image(eglGetCurrentDisplay(), EGL_NO_CONTEXT,
			    EGL_LINUX_DMA_BUF_EXT, NULL, attributes);
}

/* A texture of the image's own pixels */
static inline GLuint texture_of(EGLImageKHR image)
{
	GLuint texture;

	glGenTextures(1, &texture);
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
	image_to_texture(GL_TEXTURE_2D, image);
	CHECK(glGetError() == GL_NO_ERROR);
	return texture;
}

/* The framebuffer that renders into the texture */
static inline GLuint framebuffer_of(GLuint texture)
{
	GLuint framebuffer;

	glGenFramebuffers(1, &framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
			       GL_TEXTURE_2D, texture, 0);
	CHECK(glCheckFramebufferStatus(GL_FRAMEBUFFER) ==
	      GL_FRAMEBUFFER_COMPLETE);
	CHECK(glGetError() == GL_NO_ERROR);
	return framebuffer;
}

#endif /* EGL_H */
