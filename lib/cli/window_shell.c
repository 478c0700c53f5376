// SPDX-License-Identifier: MIT
/*
 * zinc show in a window: size, title, keys, closing.
 *
 * The window has the picture's size until the user gives it another. Then the
 * compositor scales the picture, in proportion, unless it demands the exact size.
 * Where it cannot scale (no wp_viewporter), the window keeps the picture's size.
 */
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <unistd.h>

#include "window.h"

static void on_surface_configure(void *data, struct xdg_surface *xdg_surface, uint32_t serial)
{
	struct window *window = data;

	xdg_surface_ack_configure(xdg_surface, serial);
	window->configured = true;
	/* of what is on the screen; else with the first frame */
	if (window->width) {
		shell_fit(window);
		wl_surface_commit(window->layers[0].surface);
	}
}

static const struct xdg_surface_listener surface_listener = {
	.configure = on_surface_configure,
};

static void on_configure(void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
			 struct wl_array *states)
{
	struct window *window = data;
	uint32_t *state;

	(void)toplevel;
	window->wanted.width = width > 0 ? width : 0;
	window->wanted.height = height > 0 ? height : 0;
	window->wanted.exact = false;
	wl_array_for_each(state, states)
		if (*state == XDG_TOPLEVEL_STATE_MAXIMIZED)
			window->wanted.exact = true;
}

static void on_close(void *data, struct xdg_toplevel *toplevel)
{
	struct window *window = data;

	(void)toplevel;
	window->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = on_configure,
	.close = on_close,
};

/* ---- keys ------------------------------------------------------------------ */

static void on_keymap(void *data, struct wl_keyboard *keyboard, uint32_t format, int32_t fd,
		      uint32_t size)
{
	(void)data, (void)keyboard, (void)format, (void)size;
	close(fd);
}

static void on_enter(void *data, struct wl_keyboard *keyboard, uint32_t serial,
		     struct wl_surface *surface, struct wl_array *keys)
{
	(void)data, (void)keyboard, (void)serial, (void)surface, (void)keys;
}

static void on_leave(void *data, struct wl_keyboard *keyboard, uint32_t serial,
		     struct wl_surface *surface)
{
	(void)data, (void)keyboard, (void)serial, (void)surface;
}

/* By its place: that of Q is where it is on a US keyboard */
static void on_key(void *data, struct wl_keyboard *keyboard, uint32_t serial, uint32_t ms,
		   uint32_t key, uint32_t state)
{
	struct window *window = data;

	(void)keyboard, (void)serial, (void)ms;
	if (state == WL_KEYBOARD_KEY_STATE_PRESSED && (key == KEY_ESC || key == KEY_Q))
		window->closed = true;
}

static void on_modifiers(void *data, struct wl_keyboard *keyboard, uint32_t serial,
			 uint32_t depressed, uint32_t latched, uint32_t locked, uint32_t group)
{
	(void)data, (void)keyboard, (void)serial;
	(void)depressed, (void)latched, (void)locked, (void)group;
}

static const struct wl_keyboard_listener keyboard_listener = {
	.keymap = on_keymap,
	.enter = on_enter,
	.leave = on_leave,
	.key = on_key,
	.modifiers = on_modifiers,
};

static void on_capabilities(void *data, struct wl_seat *seat, uint32_t capabilities)
{
	struct window *window = data;

	if (window->keyboard || !(capabilities & WL_SEAT_CAPABILITY_KEYBOARD))
		return;
	window->keyboard = wl_seat_get_keyboard(seat);
	wl_keyboard_add_listener(window->keyboard, &keyboard_listener, window);
}

static const struct wl_seat_listener seat_listener = { .capabilities = on_capabilities };

/* ---- size ------------------------------------------------------------------- */

/* The largest of the picture's proportions within what is wanted */
static void fit(const struct window *window, uint32_t *width, uint32_t *height)
{
	uint32_t wide = window->wanted.width, high = window->wanted.height;
	uint64_t by_height;

	if (!wide || !high)
		return;
	if (!window->wanted.exact) {
		by_height = (uint64_t)high * *width / *height;
		if (by_height < wide)
			wide = by_height ? by_height : 1;
		else
			high = (uint64_t)wide * *height / *width ?: 1;
	}
	*width = wide;
	*height = high;
}

void shell_fit(struct window *window)
{
	const struct zinc_stream_format *frame = &window->layers[0].source.frame;
	uint32_t width = frame->width, height = frame->height;
	size_t i;

	if (window->layers[0].viewport)
		fit(window, &width, &height);
	if (!window->layers[0].viewport) {
		xdg_toplevel_set_min_size(window->toplevel, width, height);
		xdg_toplevel_set_max_size(window->toplevel, width, height);
	}
	if (window->width == width && window->height == height)
		return;
	window->width = width;
	window->height = height;
	for (i = 0; i < window->count; i++)
		layer_scale(&window->layers[i], width, height);
}

void shell_title(struct window *window, const char *note)
{
	const struct zinc_stream_format *frame = &window->layers[0].source.frame;
	char title[ZINC_NAME_MAX + 80], code[FOURCC_TEXT];

	if (note)
		snprintf(title, sizeof(title), "%s: %s", window->request->name, note);
	else
		snprintf(title, sizeof(title), "%s: %ux%u %s", window->request->name,
			 frame->width, frame->height, fourcc_name(frame->fourcc, code));
	xdg_toplevel_set_title(window->toplevel, title);
}

int shell_start(struct window *window)
{
	struct compositor *compositor = &window->compositor;
	struct wl_seat *seat;

	window->xdg_surface = xdg_wm_base_get_xdg_surface(compositor->shell,
							  window->layers[0].surface);
	xdg_surface_add_listener(window->xdg_surface, &surface_listener, window);
	window->toplevel = xdg_surface_get_toplevel(window->xdg_surface);
	xdg_toplevel_add_listener(window->toplevel, &toplevel_listener, window);
	xdg_toplevel_set_app_id(window->toplevel, "zinc");
	shell_title(window, NULL);
	if (compositor->seat) {
		seat = wl_registry_bind(compositor->registry, compositor->seat, &wl_seat_interface,
					1);
		wl_seat_add_listener(seat, &seat_listener, window);
	}
	/* without a picture: asks for the first configure */
	wl_surface_commit(window->layers[0].surface);
	return CLI_OK;
}
