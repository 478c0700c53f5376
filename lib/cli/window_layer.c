// SPDX-License-Identifier: MIT
/*
 * zinc show in a window: a surface, and the frames that it shows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

int layer_start(struct layer *layer, struct window *window, struct layer *below)
{
	struct compositor *compositor = &window->compositor;
	struct wl_region *none;

	layer->window = window;
	layer->surface = wl_compositor_create_surface(compositor->surfaces);
	if (compositor->viewporter)
		layer->viewport = wp_viewporter_get_viewport(compositor->viewporter,
							     layer->surface);
	if (!below)
		return CLI_OK;
	if (!compositor->layers)
		return window_error(window,
				    "it lacks wl_subcompositor, which an overlay needs; show the overlay in a window of its own");
	layer->subsurface = wl_subcompositor_get_subsurface(compositor->layers, layer->surface,
							    below->surface);
	wl_subsurface_set_desync(layer->subsurface);
	/* the keys and the pointer are for the one below */
	none = wl_compositor_create_region(compositor->surfaces);
	wl_surface_set_input_region(layer->surface, none);
	wl_region_destroy(none);
	return CLI_OK;
}

void layer_end(struct layer *layer)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layer->buffers); i++)
		free(layer->buffers[i]);
	source_close(&layer->source);
}

void layer_scale(struct layer *layer, uint32_t width, uint32_t height)
{
	if (layer->viewport)
		wp_viewport_set_destination(layer->viewport, width, height);
}

static void on_frame_done(void *data, struct wl_callback *callback, uint32_t ms)
{
	struct layer *layer = data;

	(void)ms;
	wl_callback_destroy(callback);
	layer->callback = NULL;
}

static const struct wl_callback_listener frame_listener = { .done = on_frame_done };

/* The buffer of the slot that @view is in; NULL after a message */
static struct frame_buffer *buffer_of(struct layer *layer, const struct zinc_stream_view *view)
{
	struct source *source = &layer->source;
	unsigned int slot = 0;

	if (source->is_stream)
		slot = (view->frame.number - 1) % source_slots(source);
	if (layer->buffers[slot] && layer->buffers[slot]->generation != source->generation) {
		frame_buffer_retire(layer->buffers[slot]);
		layer->buffers[slot] = NULL;
	}
	if (!layer->buffers[slot])
		layer->buffers[slot] = frame_buffer_create(layer, slot);
	return layer->buffers[slot];
}

static void damage(struct layer *layer, const struct zinc_stream_view *view)
{
	const struct zinc_stream_frame *frame = &view->frame;

	/* of the one before only, which may have been passed over */
	if (frame->flags & ZINC_STREAM_DAMAGE && frame->number == layer->stats.last + 1)
		wl_surface_damage_buffer(layer->surface, frame->damage_x, frame->damage_y,
					 frame->damage_width, frame->damage_height);
	else
		wl_surface_damage_buffer(layer->surface, 0, 0, INT32_MAX, INT32_MAX);
}

static void count(struct stats *stats, const struct zinc_stream_view *view)
{
	uint64_t number = view->frame.number;

	stats->committed++;
	stats->lost += view->lost;
	/* each writer begins with 1 */
	if (stats->last && number > stats->last + 1)
		stats->passed_over += number - stats->last - 1 - view->lost;
	stats->last = number;
}

static int commit(struct layer *layer, const struct zinc_stream_view *view)
{
	struct frame_buffer *buffer = buffer_of(layer, view);

	if (!buffer)
		return CLI_FAILED;
	if (layer == layer->window->layers)
		shell_fit(layer->window);
	buffer->view = *view;
	buffer->busy = true;
	wl_surface_attach(layer->surface, buffer->buffer, 0, 0);
	damage(layer, view);
	layer->callback = wl_surface_frame(layer->surface);
	wl_callback_add_listener(layer->callback, &frame_listener, layer);
	stats_follow(layer, view->frame.pts_ns);
	wl_surface_commit(layer->surface);
	count(&layer->stats, view);
	return CLI_OK;
}

int layer_update(struct layer *layer)
{
	struct window *window = layer->window;
	bool is_main = layer == window->layers;
	struct zinc_stream_view view;
	int err;

	/* nobody sees a window for which no frame is asked */
	if (layer->callback || !window->configured || (!is_main && !window->width))
		return CLI_OK;
	err = source_next(&layer->source, &view);
	if (!err)
		return commit(layer, &view);
	if (err == -EAGAIN)
		return CLI_OK;
	if (err == -EPIPE) {
		layer->stats.last = 0;
		if (is_main)
			shell_title(window, "waiting for its writer");
		return CLI_OK;
	}
	if (err == -EPROTOTYPE)
		return window_error(window,
				    "expected video, %s has another kind of frames now; choose another stream",
				    layer->source.name);
	return cli_fail("show", layer->source.name, err);
}
