// SPDX-License-Identifier: MIT
/*
 * zinc show in a window: a frame's memory, as a buffer of the compositor. Nothing is
 * copied: the compositor imports the region's dma-buf, or maps the region.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "window.h"

static uint64_t slot_offset(const struct source *source, unsigned int slot, unsigned int plane)
{
	uint64_t offset = source->memory_offset + source->frame.offset[plane];

	if (source->is_stream)
		offset += source->reader.slot_offset + slot * source->reader.slot_size;
	return offset;
}

/* When nothing of it is on the screen, a registered reader's writer may have it */
static void on_release(void *data, struct wl_buffer *wl_buffer)
{
	struct frame_buffer *buffer = data;
	struct source *source = &buffer->layer->source;
	bool is_known = source->is_stream && source->open && buffer->view.frame.number &&
			buffer->opened == source->opened;

	(void)wl_buffer;
	if (is_known && !zinc_stream_is_whole(&source->reader, &buffer->view))
		buffer->layer->stats.overwritten++;
	if (is_known && source->hold)
		zinc_stream_done(&source->reader, &buffer->view);
	buffer->view.frame.number = 0;
	buffer->busy = false;
	if (buffer->retired)
		frame_buffer_retire(buffer);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

void frame_buffer_retire(struct frame_buffer *buffer)
{
	if (!buffer)
		return;
	buffer->retired = true;
	if (buffer->busy)
		return;
	wl_buffer_destroy(buffer->buffer);
	free(buffer);
}

/* ---- linux-dmabuf ------------------------------------------------------------ */

struct import {
	struct wl_buffer *buffer;
	bool done;
};

static void on_created(void *data, struct zwp_linux_buffer_params_v1 *params,
		       struct wl_buffer *buffer)
{
	struct import *import = data;

	(void)params;
	import->buffer = buffer;
	import->done = true;
}

static void on_failed(void *data, struct zwp_linux_buffer_params_v1 *params)
{
	struct import *import = data;

	(void)params;
	import->done = true;
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = {
	.created = on_created,
	.failed = on_failed,
};

/* Return: a wl_buffer; NULL: the compositor does not take it, @layer says why */
static struct wl_buffer *import_dmabuf(struct layer *layer, unsigned int slot)
{
	struct compositor *compositor = &layer->window->compositor;
	const struct zinc_stream_format *frame = &layer->source.frame;
	uint32_t has = format_modifiers(&compositor->dmabuf_formats, frame->fourcc);
	uint64_t modifier = has & FORMAT_LINEAR ? DRM_FORMAT_MOD_LINEAR : DRM_FORMAT_MOD_INVALID;
	struct zwp_linux_buffer_params_v1 *params;
	struct wl_event_queue *queue;
	struct import import = { 0 };
	unsigned int i;

	params = zwp_linux_dmabuf_v1_create_params(compositor->dmabuf);
	/* only this answer is waited for, no other event is handled meanwhile */
	queue = wl_display_create_queue(compositor->display);
	wl_proxy_set_queue((struct wl_proxy *)params, queue);
	zwp_linux_buffer_params_v1_add_listener(params, &params_listener, &import);
	for (i = 0; i < frame->planes; i++)
		zwp_linux_buffer_params_v1_add(params, layer->source.memory, i,
					       slot_offset(&layer->source, slot, i),
					       frame->stride[i], modifier >> 32, modifier);
	zwp_linux_buffer_params_v1_create(params, frame->width, frame->height, frame->fourcc, 0);
	while (!import.done && wl_display_dispatch_queue(compositor->display, queue) >= 0)
		;
	if (import.buffer)
		wl_proxy_set_queue((struct wl_proxy *)import.buffer, NULL);
	zwp_linux_buffer_params_v1_destroy(params);
	wl_event_queue_destroy(queue);
	if (!import.buffer)
		snprintf(layer->why_shm, sizeof(layer->why_shm),
			 "%s does not import the region's dma-buf", compositor->peer);
	return import.buffer;
}

/* Is it for linux-dmabuf? If not, @layer says why. */
static bool can_import(struct layer *layer, unsigned int slot)
{
	const struct compositor *compositor = &layer->window->compositor;
	const struct source *source = &layer->source;
	char code[FOURCC_TEXT];

	layer->why_shm[0] = '\0';
	if (!source->is_dmabuf)
		strcpy(layer->why_shm, "POSIX shared memory has no dma-bufs");
	else if (!compositor->dmabuf)
		snprintf(layer->why_shm, sizeof(layer->why_shm),
			 "%s has no linux-dmabuf version 3; weston has it with --renderer=gl",
			 compositor->peer);
	else if (!format_modifiers(&compositor->dmabuf_formats, source->frame.fourcc))
		snprintf(layer->why_shm, sizeof(layer->why_shm),
			 "%s does not accept linear %s by linux-dmabuf", compositor->peer,
			 fourcc_name(source->frame.fourcc, code));
	else if (slot_offset(source, slot, source->frame.planes - 1) > UINT32_MAX)
		strcpy(layer->why_shm, "linux-dmabuf has offsets below 4 GiB");
	return !layer->why_shm[0];
}

/* ---- wl_shm --------------------------------------------------------------------- */

static uint32_t shm_format(uint32_t fourcc)
{
	if (fourcc == DRM_FORMAT_XRGB8888)
		return WL_SHM_FORMAT_XRGB8888;
	return fourcc == DRM_FORMAT_ARGB8888 ? WL_SHM_FORMAT_ARGB8888 : fourcc;
}

/* Return: 0, or CLI_FAILED after a message */
static int check_shm(const struct layer *layer)
{
	const struct compositor *compositor = &layer->window->compositor;
	const struct source *source = &layer->source;
	const struct zinc_stream_format *frame = &source->frame;
	char code[FOURCC_TEXT], *names;

	fourcc_name(frame->fourcc, code);
	if (frame->planes > 1)
		return window_error(layer->window,
				    "%s has %u planes, which need linux-dmabuf, but %s; convert it to XR24",
				    code, frame->planes, layer->why_shm);
	if (source->memory_size > INT32_MAX)
		return window_error(layer->window,
				    "it has %llu bytes, and wl_shm takes less than 2 GiB; linux-dmabuf takes more, but %s; use a smaller region",
				    (unsigned long long)source->memory_size, layer->why_shm);
	if (!format_modifiers(&compositor->shm_formats, frame->fourcc)) {
		names = format_names(&compositor->shm_formats);
		window_error(layer->window, "expected one of its formats, %s; came %s; convert it",
			     names, code);
		free(names);
		return CLI_FAILED;
	}
	return 0;
}

static struct wl_buffer *share(struct layer *layer, unsigned int slot)
{
	const struct source *source = &layer->source;

	if (check_shm(layer))
		return NULL;
	/* all of it at once: a pool that grows would be mapped anew */
	if (layer->pool && layer->pool_generation != source->generation) {
		wl_shm_pool_destroy(layer->pool);
		layer->pool = NULL;
	}
	if (!layer->pool)
		layer->pool = wl_shm_create_pool(layer->window->compositor.shm, source->memory,
						 source->memory_size);
	layer->pool_generation = source->generation;
	return wl_shm_pool_create_buffer(layer->pool, slot_offset(source, slot, 0),
					 source->frame.width, source->frame.height,
					 source->frame.stride[0],
					 shm_format(source->frame.fourcc));
}

struct frame_buffer *frame_buffer_create(struct layer *layer, unsigned int slot)
{
	struct frame_buffer *buffer;
	struct wl_buffer *wl_buffer = NULL;

	if (layer->source.frame.modifier) {
		window_error(layer->window,
			     "expected a linear format, its modifier is %#llx; have its writer use modifier 0",
			     (unsigned long long)layer->source.frame.modifier);
		return NULL;
	}
	if (!layer->use_shm && can_import(layer, slot))
		wl_buffer = import_dmabuf(layer, slot);
	layer->use_shm = !wl_buffer;
	if (!wl_buffer)
		wl_buffer = share(layer, slot);
	if (!wl_buffer)
		return NULL;
	buffer = xrealloc(NULL, 1, sizeof(*buffer));
	memset(buffer, 0, sizeof(*buffer));
	buffer->layer = layer;
	buffer->buffer = wl_buffer;
	buffer->generation = layer->source.generation;
	buffer->opened = layer->source.opened;
	wl_buffer_add_listener(wl_buffer, &buffer_listener, buffer);
	return buffer;
}
