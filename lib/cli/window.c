// SPDX-License-Identifier: MIT
/*
 * zinc show in a window of a Wayland compositor: the connection, and the loop.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "window.h"

__printf(2, 0)
static int vshow_error(const char *where, const char *format, va_list args)
{
	char *why;

	if (vasprintf(&why, format, args) < 0)
		return cli_error("out of memory");
	cli_error("cannot show %s: %s", where, why);
	free(why);
	return CLI_FAILED;
}

int show_error(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vshow_error(name, format, args);
	va_end(args);
	return CLI_FAILED;
}

int window_error(const struct window *window, const char *format, ...)
{
	char where[ZINC_NAME_MAX + sizeof(window->compositor.peer) + 8];
	va_list args;

	snprintf(where, sizeof(where), "%s on %s", window->request->name, window->compositor.peer);
	va_start(args, format);
	vshow_error(where, format, args);
	va_end(args);
	return CLI_FAILED;
}

bool show_has_window(void)
{
	return getenv("WAYLAND_DISPLAY") || getenv("WAYLAND_SOCKET");
}

static int start(struct window *window)
{
	const struct show_request *request = window->request;
	int status;

	status = source_open(&window->layers[0].source, request->name, request);
	if (status == CLI_OK && request->overlay)
		status = source_open(&window->layers[1].source, request->overlay, request);
	if (status == CLI_OK)
		status = compositor_connect(&window->compositor, request->name);
	if (status == CLI_OK)
		status = layer_start(&window->layers[0], window, NULL);
	if (status == CLI_OK && request->overlay)
		status = layer_start(&window->layers[1], window, &window->layers[0]);
	return status == CLI_OK ? shell_start(window) : status;
}

/* Once the first frame is given to the compositor */
static void say_begin(struct window *window)
{
	const struct layer *layer = window->layers;
	char code[FOURCC_TEXT];

	shell_title(window, NULL);
	printf("%s: %ux%u %s in a window of %s, by %s%s%s\n", layer->source.name,
	       layer->source.frame.width, layer->source.frame.height,
	       fourcc_name(layer->source.frame.fourcc, code), window->compositor.peer,
	       layer->use_shm ? "wl_shm" : "linux-dmabuf", layer->use_shm ? ": " : "",
	       layer->use_shm ? layer->why_shm : "");
	window->said = true;
}

/* Return: CLI_RUN to go on, or a status */
static int update(struct window *window)
{
	const uint64_t *committed = &window->layers[0].stats.committed;
	bool was_open = window->layers[0].source.open;
	size_t i;

	if (window->closed)
		return CLI_OK;
	for (i = 0; i < window->count; i++)
		if (layer_update(&window->layers[i]) != CLI_OK)
			return CLI_FAILED;
	if (*committed && !window->said) {
		say_begin(window);
		if (cli_flush())
			return CLI_OK;
	} else if (!was_open && window->layers[0].source.open) {
		shell_title(window, NULL);
	}
	if (window->request->frames && *committed >= window->request->frames) {
		/* the last one, too, is to be seen */
		if (!window->layers[0].callback)
			return CLI_OK;
	}
	return CLI_RUN;
}

/* Give the compositor what is to be sent; Return: 0, POLLOUT if there is more, -1 */
static int flush(struct wl_display *display)
{
	if (wl_display_flush(display) >= 0)
		return 0;
	return errno == EAGAIN ? POLLOUT : -1;
}

/* Wait for an event, a notify or a signal; Return: CLI_RUN, or a status */
static int await(struct window *window)
{
	struct wl_display *display = window->compositor.display;
	struct pollfd fds[2 + ARRAY_SIZE(window->layers)] = {
		{ .fd = wl_display_get_fd(display), .events = POLLIN },
		{ .fd = window->request->signals, .events = POLLIN },
	};
	eventfd_t ignored;
	size_t i;
	int more;

	while (wl_display_prepare_read(display))
		if (wl_display_dispatch_pending(display) < 0)
			return compositor_lost(&window->compositor);
	more = flush(display);
	fds[0].events |= more > 0 ? POLLOUT : 0;
	for (i = 0; i < window->count; i++) {
		fds[2 + i].fd = window->layers[i].source.wake;
		fds[2 + i].events = POLLIN;
	}
	/* what has been dispatched may have made room for a frame */
	if (more < 0 || (poll(fds, 2 + window->count, -1) < 0 && errno != EINTR)) {
		wl_display_cancel_read(display);
		return compositor_lost(&window->compositor);
	}
	if (fds[0].revents & ~POLLOUT) {
		if (wl_display_read_events(display) < 0)
			return compositor_lost(&window->compositor);
	} else {
		wl_display_cancel_read(display);
	}
	if (wl_display_dispatch_pending(display) < 0)
		return compositor_lost(&window->compositor);
	for (i = 0; i < window->count; i++)
		if (fds[2 + i].revents && !eventfd_read(fds[2 + i].fd, &ignored))
			window->layers[i].source.dirty = true;
	return fds[1].revents ? CLI_OK : CLI_RUN;
}

int show_window(const struct show_request *request)
{
	struct window *window = xrealloc(NULL, 1, sizeof(*window));
	int status;
	size_t i;

	memset(window, 0, sizeof(*window));
	window->request = request;
	window->count = request->overlay ? 2 : 1;
	for (i = 0; i < window->count; i++)
		window->layers[i].source.memory = -1;
	status = start(window);
	if (status == CLI_OK) {
		do {
			status = update(window);
			if (status == CLI_RUN)
				status = await(window);
		} while (status == CLI_RUN);
		for (i = 0; status == CLI_OK && i < window->count && request->stats; i++)
			stats_print(&window->layers[i]);
	}
	if (status == CLI_OK)
		printf("%s: %llu shown\n", request->name,
		       (unsigned long long)window->layers[0].stats.committed);
	for (i = 0; i < window->count; i++)
		layer_end(&window->layers[i]);
	compositor_disconnect(&window->compositor);
	/* not freed: the watchers look at it until the process ends */
	return status;
}
