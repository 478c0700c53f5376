// SPDX-License-Identifier: MIT
/*
 * A picture from one region through a shader into another, by OpenGL ES.
 *
 *	gles FROM TO WIDTHxHEIGHT
 *
 * Both regions are there, and hold pictures without gaps between the lines, 32
 * bits a pixel. After each notify of FROM its negative is drawn into TO, and TO
 * is notified. The shader works on the regions' own memory: nothing is copied.
 * A signal ends it; what it has is the kernel's to clean up.
 *
 *	cc gles.c -o gles $(pkg-config --cflags --libs zinc-kmod egl glesv2 libdrm)
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <GLES2/gl2ext.h>
#include <drm_fourcc.h>
#include <zinc.h>

/* A triangle that is larger than the picture */
static const char corners[] = "#version 300 es\n"
	"void main() {\n"
	"	vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);\n"
	"	gl_Position = vec4(corner * 4.0 - 1.0, 0.0, 1.0);\n"
	"}\n";
static const char negative[] = "#version 300 es\n"
	"uniform highp sampler2D from;\n"
	"out highp vec4 to;\n"
	"void main() {\n"
	"	to = 1.0 - texelFetch(from, ivec2(gl_FragCoord.xy), 0);\n"
	"}\n";

static void must(bool done, const char *what)
{
	if (!done)
		errx(1, "%s", what);
}

/* The first device that can import a dma-buf: graphics cards come before the CPU */
static EGLDisplay find_display(void)
{
	PFNEGLQUERYDEVICESEXTPROC query = (void *)eglGetProcAddress("eglQueryDevicesEXT");
	EGLDisplay display;
	EGLint i, count = 0;
	EGLDeviceEXT all[16];

	must(query && query(16, all, &count), "EGL cannot list its devices");
	for (i = 0; i < count; i++) {
		display = eglGetPlatformDisplay(EGL_PLATFORM_DEVICE_EXT, all[i], NULL);
		if (eglInitialize(display, NULL, NULL) &&
		    strstr(eglQueryString(display, EGL_EXTENSIONS), "image_dma_buf_import"))
			return display;
	}
	must(false, "no device of EGL imports dma-bufs");
	return EGL_NO_DISPLAY;
}

static void add_shader(GLuint program, GLenum type, const char *source)
{
	GLuint shader = glCreateShader(type);

	glShaderSource(shader, 1, &source, NULL);
	glCompileShader(shader);
	glAttachShader(program, shader);
}

/* A texture whose pixels are the region's */
static GLuint import_region(EGLDisplay display, zinc_handle region, int width, int height)
{
	PFNEGLCREATEIMAGEKHRPROC create = (void *)eglGetProcAddress("eglCreateImageKHR");
	PFNGLEGLIMAGETARGETTEXTURE2DOESPROC set_texture =
		(void *)eglGetProcAddress("glEGLImageTargetTexture2DOES");
	int dmabuf = zinc_export_dmabuf(region, 0);
	const EGLint attributes[] = {
		EGL_WIDTH, width, EGL_HEIGHT, height,
		EGL_LINUX_DRM_FOURCC_EXT, DRM_FORMAT_XRGB8888,
		EGL_DMA_BUF_PLANE0_FD_EXT, dmabuf,
		EGL_DMA_BUF_PLANE0_OFFSET_EXT, 0,
		EGL_DMA_BUF_PLANE0_PITCH_EXT, width * 4, EGL_NONE
	};
	EGLImageKHR image;
	GLuint texture;

	must(dmabuf >= 0, zinc_strerror(dmabuf));
	must(zinc_capacity(region) >= (size_t)width * height * 4, "a region is too small");
	must(create && set_texture, "GL makes no textures of images");
	image = create(display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, NULL, attributes);
	must(image != EGL_NO_IMAGE_KHR, "EGL does not take the dma-buf");
	close(dmabuf);		/* the image keeps the memory */
	glGenTextures(1, &texture);
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	set_texture(GL_TEXTURE_2D, image);
	must(glGetError() == GL_NO_ERROR, "GL does not take the image");
	return texture;
}

int main(int argc, char **argv)
{
	static const EGLint version[] = { EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE };
	GLuint program, target, picture, framebuffer;
	unsigned int width, height;
	zinc_handle from, to;
	EGLDisplay display;
	EGLContext context;

	must(argc == 4 && sscanf(argv[3], "%ux%u", &width, &height) == 2,
	     "usage: gles FROM TO WIDTHxHEIGHT");
	must(!zinc_open(argv[1], &from) && !zinc_open(argv[2], &to), "no such region");
	display = find_display();
	eglBindAPI(EGL_OPENGL_ES_API);
	context = eglCreateContext(display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version);
	/* without a window: all that is drawn goes into a region */
	must(eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context),
	     "no OpenGL ES 3 without a window");
	program = glCreateProgram();
	add_shader(program, GL_VERTEX_SHADER, corners);
	add_shader(program, GL_FRAGMENT_SHADER, negative);
	glLinkProgram(program);
	glUseProgram(program);
	must(glGetError() == GL_NO_ERROR, "the shaders do not compile");
	target = import_region(display, to, width, height);
	picture = import_region(display, from, width, height);
	glGenFramebuffers(1, &framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, target, 0);
	must(glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE,
	     "GL does not draw into such a picture");
	glViewport(0, 0, width, height);
	glBindTexture(GL_TEXTURE_2D, picture);
	while (!zinc_wait(from, ZINC_WAIT_FOREVER)) {
		glDrawArrays(GL_TRIANGLES, 0, 3);
		/* it has been drawn before anyone is told */
		glFinish();
		must(glGetError() == GL_NO_ERROR, "GL cannot draw");
		zinc_notify(to);
	}
	return 0;
}
