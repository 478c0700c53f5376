// SPDX-License-Identifier: GPL-2.0-only
/*
 * A compositor for what a real one cannot be made to do: it shows nothing.
 *
 *	compositor SOCKET [without]	without xdg-shell, if there is a second argument
 *
 * Commands come on standard input: "close", "key CODE", "error"; "freeze" keeps frame
 * callbacks back until "thaw"; "keep" releases a picture only when the next one is
 * committed, as a screen does. A line on standard output for each picture that is
 * committed, and for each command that was obeyed.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wayland-server.h>

#include "xdg-shell-server-protocol.h"

#define CALLBACKS	16

static struct wl_display *display;
static struct wl_resource *toplevel, *keyboard, *surface, *xdg_surface;
static struct wl_resource *attached, *callbacks[CALLBACKS];
static size_t waiting;
static struct wl_resource *shown;
static bool frozen, configured, keeps;

static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

/* Events that it does not use */
static void ignore(void)
{
}

#define IGNORE	((void *)ignore)

static void destroy(struct wl_client *client, struct wl_resource *resource)
{
	(void)client;
	wl_resource_destroy(resource);
}

static struct wl_resource *add(struct wl_client *client, const struct wl_interface *interface,
			       int version, uint32_t id, const void *implementation)
{
	struct wl_resource *resource = wl_resource_create(client, interface, version, id);

	wl_resource_set_implementation(resource, implementation, NULL, NULL);
	return resource;
}

/* ---- surfaces ----------------------------------------------------------------- */

static void send_callbacks(void)
{
	size_t i;

	for (i = 0; i < waiting; i++) {
		wl_callback_send_done(callbacks[i], 0);
		wl_resource_destroy(callbacks[i]);
	}
	waiting = 0;
}

static void attach(struct wl_client *client, struct wl_resource *resource,
		   struct wl_resource *buffer, int32_t x, int32_t y)
{
	(void)client, (void)resource, (void)x, (void)y;
	attached = buffer;
}

static void frame(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	(void)resource;
	if (waiting == CALLBACKS)
		errx(1, "a client that asks for more and more frames");
	callbacks[waiting++] = wl_resource_create(client, &wl_callback_interface, 1, id);
}

static void commit(struct wl_client *client, struct wl_resource *resource)
{
	struct wl_array none;

	(void)client;
	(void)resource;
	if (!configured) {
		configured = true;
		wl_array_init(&none);
		xdg_toplevel_send_configure(toplevel, 0, 0, &none);
		xdg_surface_send_configure(xdg_surface, 1);
	}
	if (attached) {
		printf("picture %dx%d\n", wl_shm_buffer_get_width(wl_shm_buffer_get(attached)),
		       wl_shm_buffer_get_height(wl_shm_buffer_get(attached)));
		fflush(stdout);
		if (!keeps)
			wl_buffer_send_release(attached);
		else if (shown)
			wl_buffer_send_release(shown);
		shown = keeps ? attached : NULL;
		attached = NULL;
	}
	if (!frozen)
		send_callbacks();
}

static const struct wl_surface_interface surface_requests = {
	.destroy = destroy,
	.attach = attach,
	.damage = IGNORE,
	.frame = frame,
	.set_opaque_region = IGNORE,
	.set_input_region = IGNORE,
	.commit = commit,
	.set_buffer_transform = IGNORE,
	.set_buffer_scale = IGNORE,
	.damage_buffer = IGNORE,
};

static void create_surface(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	(void)resource;
	surface = add(client, &wl_surface_interface, 4, id, &surface_requests);
}

static const struct wl_compositor_interface compositor_requests = {
	.create_surface = create_surface,
	.create_region = IGNORE,
};

/* ---- xdg-shell ------------------------------------------------------------------ */

static const struct xdg_toplevel_interface toplevel_requests = {
	.destroy = destroy,
	.set_parent = IGNORE,
	.set_title = IGNORE,
	.set_app_id = IGNORE,
	.show_window_menu = IGNORE,
	.move = IGNORE,
	.resize = IGNORE,
	.set_max_size = IGNORE,
	.set_min_size = IGNORE,
	.set_maximized = IGNORE,
	.unset_maximized = IGNORE,
	.set_fullscreen = IGNORE,
	.unset_fullscreen = IGNORE,
	.set_minimized = IGNORE,
};

static void get_toplevel(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	(void)resource;
	toplevel = add(client, &xdg_toplevel_interface, 1, id, &toplevel_requests);
}

static const struct xdg_surface_interface xdg_surface_requests = {
	.destroy = destroy,
	.get_toplevel = get_toplevel,
	.get_popup = IGNORE,
	.set_window_geometry = IGNORE,
	.ack_configure = IGNORE,
};

static void get_xdg_surface(struct wl_client *client, struct wl_resource *resource, uint32_t id,
			    struct wl_resource *of)
{
	(void)resource;
	(void)of;
	xdg_surface = add(client, &xdg_surface_interface, 1, id, &xdg_surface_requests);
}

static const struct xdg_wm_base_interface shell_requests = {
	.destroy = destroy,
	.create_positioner = IGNORE,
	.get_xdg_surface = get_xdg_surface,
	.pong = IGNORE,
};

/* ---- a keyboard -------------------------------------------------------------------- */

static const struct wl_keyboard_interface keyboard_requests = { .release = destroy };

static void get_keyboard(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	(void)resource;
	keyboard = add(client, &wl_keyboard_interface, 1, id, &keyboard_requests);
}

static const struct wl_seat_interface seat_requests = {
	.get_pointer = IGNORE,
	.get_keyboard = get_keyboard,
	.get_touch = IGNORE,
	.release = destroy,
};

static void bind_compositor(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	(void)data;
	attached = NULL;
	waiting = 0;
	configured = false;
	add(client, &wl_compositor_interface, version, id, &compositor_requests);
}

static void bind_shell(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	(void)data;
	add(client, &xdg_wm_base_interface, version, id, &shell_requests);
}

static void bind_seat(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	struct wl_resource *seat = add(client, &wl_seat_interface, version, id, &seat_requests);

	(void)data;
	wl_seat_send_capabilities(seat, WL_SEAT_CAPABILITY_KEYBOARD);
}

static int on_command(int fd, uint32_t mask, void *data)
{
	char line[64], *end;
	ssize_t n = read(fd, line, sizeof(line) - 1);

	(void)mask;
	(void)data;
	if (n <= 0) {
		wl_display_terminate(display);
		return 0;
	}
	line[n] = '\0';
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	if (!strcmp(line, "close")) {
		xdg_toplevel_send_close(toplevel);
	} else if (!strncmp(line, "key ", 4)) {
		wl_keyboard_send_key(keyboard, 1, 1, atoi(line + 4), WL_KEYBOARD_KEY_STATE_PRESSED);
	} else if (!strcmp(line, "error")) {
		wl_resource_post_error(surface, 2, "as asked for");
	} else if (!strcmp(line, "keep")) {
		keeps = true;
	} else if (!strcmp(line, "freeze")) {
		frozen = true;
	} else if (!strcmp(line, "thaw")) {
		frozen = false;
		send_callbacks();
	}
	say(line);
	return 0;
}

int main(int argc, char **argv)
{
	display = wl_display_create();
	if (argc < 2 || !display || wl_display_add_socket(display, argv[1]))
		errx(2, "usage: compositor SOCKET [without]");
	wl_display_init_shm(display);
	wl_global_create(display, &wl_compositor_interface, 4, NULL, bind_compositor);
	wl_global_create(display, &wl_seat_interface, 1, NULL, bind_seat);
	if (argc == 2)
		wl_global_create(display, &xdg_wm_base_interface, 1, NULL, bind_shell);
	wl_event_loop_add_fd(wl_display_get_event_loop(display), STDIN_FILENO,
			     WL_EVENT_READABLE, on_command, NULL);
	say("ready");
	wl_display_run(display);
	return 0;
}
