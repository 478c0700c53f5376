// SPDX-License-Identifier: MIT
/*
 * zinc show in a window: what the compositor offers.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <drm_fourcc.h>

#include "window.h"

const char *fourcc_name(uint32_t fourcc, char text[FOURCC_TEXT])
{
	int i;

	for (i = 0; i < 4; i++) {
		unsigned char c = fourcc >> 8 * i;

		text[i] = c > ' ' && c < 127 ? c : i ? ' ' : '?';
	}
	for (i = 4; i > 1 && text[i - 1] == ' '; i--)
		;
	text[i] = '\0';
	return text;
}

static void add_format(struct format_list *list, uint32_t fourcc, uint32_t modifiers)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->formats[i].fourcc == fourcc) {
			list->formats[i].modifiers |= modifiers;
			return;
		}
	}
	list->formats = xrealloc(list->formats, list->count + 1, sizeof(*list->formats));
	list->formats[list->count].fourcc = fourcc;
	list->formats[list->count].modifiers = modifiers;
	list->count++;
}

uint32_t format_modifiers(const struct format_list *list, uint32_t fourcc)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->formats[i].fourcc == fourcc)
			return list->formats[i].modifiers;
	return 0;
}

char *format_names(const struct format_list *list)
{
	char *names = xrealloc(NULL, list->count + 1, FOURCC_TEXT + 1);
	char *end = names, code[FOURCC_TEXT];
	size_t i;

	*end = '\0';
	for (i = 0; i < list->count; i++)
		if (list->formats[i].modifiers)
			end += sprintf(end, "%s%s", i ? " " : "",
				       fourcc_name(list->formats[i].fourcc, code));
	return names;
}

static void on_dmabuf_format(void *data, struct zwp_linux_dmabuf_v1 *dmabuf, uint32_t fourcc)
{
	(void)data, (void)dmabuf, (void)fourcc; /* before version 3 */
}

static void on_dmabuf_modifier(void *data, struct zwp_linux_dmabuf_v1 *dmabuf, uint32_t fourcc,
			       uint32_t high, uint32_t low)
{
	struct compositor *compositor = data;
	uint64_t modifier = (uint64_t)high << 32 | low;

	(void)dmabuf;
	if (modifier == DRM_FORMAT_MOD_LINEAR)
		add_format(&compositor->dmabuf_formats, fourcc, FORMAT_LINEAR);
	else if (modifier == DRM_FORMAT_MOD_INVALID)
		add_format(&compositor->dmabuf_formats, fourcc, FORMAT_IMPLICIT);
}

static const struct zwp_linux_dmabuf_v1_listener dmabuf_listener = {
	.format = on_dmabuf_format,
	.modifier = on_dmabuf_modifier,
};

static void on_shm_format(void *data, struct wl_shm *shm, uint32_t format)
{
	struct compositor *compositor = data;

	(void)shm;
	/* two have numbers of their own */
	if (format == WL_SHM_FORMAT_ARGB8888)
		format = DRM_FORMAT_ARGB8888;
	else if (format == WL_SHM_FORMAT_XRGB8888)
		format = DRM_FORMAT_XRGB8888;
	add_format(&compositor->shm_formats, format, FORMAT_LINEAR);
}

static const struct wl_shm_listener shm_listener = { .format = on_shm_format };

static void on_clock(void *data, struct wp_presentation *presentation, uint32_t clock)
{
	struct compositor *compositor = data;

	(void)presentation;
	compositor->clock = clock;
}

static const struct wp_presentation_listener presentation_listener = { .clock_id = on_clock };

static void on_ping(void *data, struct xdg_wm_base *shell, uint32_t serial)
{
	(void)data;
	xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = { .ping = on_ping };

/* Bind @version or what there is, from @least on; Return: NULL for another interface */
static void *bind_global(struct wl_registry *registry, uint32_t name, const char *interface,
			 uint32_t offered, const struct wl_interface *wanted, uint32_t least,
			 uint32_t version)
{
	if (strcmp(interface, wanted->name) || offered < least)
		return NULL;
	return wl_registry_bind(registry, name, wanted, offered < version ? offered : version);
}

static void on_global(void *data, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct compositor *compositor = data;
	void *object;

#define BIND(type, least, most) \
	(object = bind_global(registry, name, interface, version, &type ## _interface, least, most))
	/* 4: damage in the buffer's pixels */
	if (BIND(wl_compositor, 4, 4)) {
		compositor->surfaces = object;
	} else if (BIND(wl_subcompositor, 1, 1)) {
		compositor->layers = object;
	} else if (BIND(wl_shm, 1, 1)) {
		compositor->shm = object;
		wl_shm_add_listener(object, &shm_listener, compositor);
	} else if (BIND(xdg_wm_base, 1, 1)) {
		compositor->shell = object;
		xdg_wm_base_add_listener(object, &shell_listener, compositor);
	} else if (BIND(zwp_linux_dmabuf_v1, 3, 3)) {
		/* 3: modifiers; 4 would have them in a table of its own */
		compositor->dmabuf = object;
		zwp_linux_dmabuf_v1_add_listener(object, &dmabuf_listener, compositor);
	} else if (BIND(wp_viewporter, 1, 1)) {
		compositor->viewporter = object;
	} else if (BIND(wp_presentation, 1, 1)) {
		compositor->presentation = object;
		wp_presentation_add_listener(object, &presentation_listener, compositor);
	} else if (!strcmp(interface, wl_seat_interface.name)) {
		/* the compositor sends its formats once, when it is bound */
		compositor->seat = name;
	}
#undef BIND
}

static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
	(void)data, (void)registry, (void)name;
}

static const struct wl_registry_listener registry_listener = {
	.global = on_global,
	.global_remove = on_global_remove,
};

/* Name the process at the other end of the socket */
static void name_peer(struct compositor *compositor)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char program[40], *shown;

	strcpy(compositor->peer, "the compositor");
	if (getsockopt(wl_display_get_fd(compositor->display), SOL_SOCKET, SO_PEERCRED, &peer,
		       &size) || !peer.pid || !proc_program(peer.pid, program, sizeof(program)))
		return;
	shown = printable(program, NULL);
	snprintf(compositor->peer, sizeof(compositor->peer), "%s (pid %d)", shown, peer.pid);
	free(shown);
}

int compositor_lost(const struct compositor *compositor)
{
	const struct wl_interface *interface = NULL;
	int err = wl_display_get_error(compositor->display);
	uint32_t id, code;

	if (err != EPROTO)
		return cli_error("%s has closed the connection: %s", compositor->peer,
				 err ? strerror(err) : "it has ended");
	code = wl_display_get_protocol_error(compositor->display, &interface, &id);
	return cli_error("%s has closed the connection: error %u of %s; see its log",
			 compositor->peer, code, interface ? interface->name : "?");
}

static int missing(const struct compositor *compositor, const char *interface)
{
	return cli_error("%s lacks %s: update it, or show on a display by --device",
			 compositor->peer, interface);
}

/* What libwayland would print is in the messages here */
__printf(1, 0)
static void say_nothing(const char *format, va_list args)
{
	(void)format;
	(void)args;
}

int compositor_connect(struct compositor *compositor, const char *name)
{
	wl_log_set_handler_client(say_nothing);
	compositor->clock = CLOCK_MONOTONIC;
	compositor->display = wl_display_connect(NULL);
	if (!compositor->display)
		return show_error(name,
				  "expected a compositor at WAYLAND_DISPLAY=%s in XDG_RUNTIME_DIR=%s: %s; start one, or show on a display by --device",
				  getenv("WAYLAND_DISPLAY") ?: "wayland-0 (default)",
				  getenv("XDG_RUNTIME_DIR") ?: "(not set)", strerror(errno));
	name_peer(compositor);
	compositor->registry = wl_display_get_registry(compositor->display);
	wl_registry_add_listener(compositor->registry, &registry_listener, compositor);
	/* the globals, then the events of what was bound */
	if (wl_display_roundtrip(compositor->display) < 0 ||
	    wl_display_roundtrip(compositor->display) < 0)
		return compositor_lost(compositor);
	if (!compositor->surfaces)
		return missing(compositor, "wl_compositor version 4");
	if (!compositor->shm)
		return missing(compositor, "wl_shm");
	if (!compositor->shell)
		return missing(compositor, "xdg_wm_base (xdg-shell)");
	return CLI_OK;
}

void compositor_disconnect(struct compositor *compositor)
{
	/* its objects go with it */
	if (compositor->display) {
		wl_display_flush(compositor->display);
		wl_display_disconnect(compositor->display);
	}
	free(compositor->dmabuf_formats.formats);
	free(compositor->shm_formats.formats);
}
