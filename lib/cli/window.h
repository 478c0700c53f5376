/* SPDX-License-Identifier: MIT */
/*
 * zinc show in a window of a Wayland compositor.
 *
 *	window.c		the connection, and the loop
 *	window_compositor.c	what the compositor offers
 *	window_shell.c		size, title, keys, closing
 *	window_layer.c		a surface, and the frames that it shows
 *	window_source.c		where frames come from: a region or a stream
 *	window_buffer.c		a frame's memory, as a buffer of the compositor
 *	window_stats.c		when frames were on the screen
 */
#ifndef ZINC_CLI_WINDOW_H
#define ZINC_CLI_WINDOW_H

#include <pthread.h>

#include <wayland-client.h>
#include <zinc-stream.h>

#include "linux-dmabuf-client-protocol.h"
#include "presentation-time-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#include "show.h"

/* ---- what the compositor offers ------------------------------------------ */

#define FORMAT_LINEAR	(1u << 0)
#define FORMAT_IMPLICIT	(1u << 1)

/*
 * struct format_list - pixel formats
 * @fourcc: DRM_FORMAT_*
 * @modifiers: FORMAT_LINEAR, FORMAT_IMPLICIT
 */
struct format_list {
	struct {
		uint32_t fourcc;
		uint32_t modifiers;
	} *formats;
	size_t count;
};

/*
 * struct compositor - a connection, and its globals; all but the first five may
 *	be absent
 * @peer: "weston (pid 7)"
 * @seat: name of a global that is not bound yet; 0: there is none
 * @clock: of presentation times
 */
struct compositor {
	struct wl_display *display;
	struct wl_registry *registry;
	struct wl_compositor *surfaces;
	struct wl_shm *shm;
	struct xdg_wm_base *shell;
	struct wl_subcompositor *layers;
	struct zwp_linux_dmabuf_v1 *dmabuf;
	struct wp_viewporter *viewporter;
	struct wp_presentation *presentation;
	uint32_t seat;
	struct format_list dmabuf_formats;
	struct format_list shm_formats;
	clockid_t clock;
	char peer[80];
};

/* compositor_connect() - Return: CLI_OK, or CLI_FAILED after a message */
int compositor_connect(struct compositor *compositor, const char *name);
void compositor_disconnect(struct compositor *compositor);
/* compositor_lost() - say why the connection is lost; Return: CLI_FAILED */
int compositor_lost(const struct compositor *compositor);
/* format_modifiers() - of @fourcc in a list; 0: the format is not in it */
uint32_t format_modifiers(const struct format_list *list, uint32_t fourcc);
/* format_names() - all of a list, for a message; to be freed */
char *format_names(const struct format_list *list);

/* ---- where frames come from ------------------------------------------------ */

/*
 * struct source - a region with one picture, or a stream
 * @frame: of a frame: format, size, planes, offsets from the start of the data
 * @is_stream: frames are slots of @reader; else @region has one
 * @open: @reader is open
 * @generation: raised when buffers of earlier frames are of no more use
 * @opened: how many streams it has been
 * @memory: region's dma-buf, or its object in POSIX shared memory
 * @memory_size: bytes of @memory, and where the data begin in it
 * @wake: eventfd, raised by @watcher after each notify, or when the stream
 *	has begun or ended
 * @arrived_ns: when that was last
 */
struct source {
	const char *name;
	bool is_stream;
	bool hold;
	bool open;
	bool is_dmabuf;
	bool dirty;
	unsigned int generation;
	unsigned int opened;
	zinc_handle region;
	struct zinc_stream_reader reader;
	struct zinc_stream_format frame;
	int memory;
	uint64_t memory_size;
	uint64_t memory_offset;
	int wake;
	pthread_t watcher;
	uint64_t arrived_ns;
};

/*
 * source_open() - @request's picture if it has a size, else a stream
 * Return: a status, after a message unless it is CLI_OK
 */
int source_open(struct source *source, const char *name, const struct show_request *request);
void source_close(struct source *source);
/* source_slots() - how many frames there are at a time */
unsigned int source_slots(const struct source *source);
/*
 * source_next() - the frame to be shown next
 * @view: of a stream
 * Return: 0; -EAGAIN none yet; -EPIPE the stream has ended, and the next is waited
 * for; or another error: there is no more
 */
int source_next(struct source *source, struct zinc_stream_view *view);

/* ---- memory as a buffer ---------------------------------------------------- */

struct layer;

/*
 * struct frame_buffer - the memory of one slot
 * @busy: the compositor may read it
 * @retired: to be freed when it is not busy
 * @generation: of the source
 * @opened: of the source: the stream that @view is of
 * @view: the frame that it has, in a stream
 */
struct frame_buffer {
	struct layer *layer;
	struct wl_buffer *buffer;
	bool busy;
	bool retired;
	unsigned int generation;
	unsigned int opened;
	struct zinc_stream_view view;
};

/*
 * frame_buffer_create() - a buffer of @layer's source for frames of slot @slot
 * Return: it; NULL after a message
 */
struct frame_buffer *frame_buffer_create(struct layer *layer, unsigned int slot);
void frame_buffer_retire(struct frame_buffer *buffer);

/* ---- when frames were on the screen ---------------------------------------- */

#define STATS_MAX 65536

/*
 * struct stats - of one layer
 * @committed: frames given to the compositor
 * @presented: of these, seen on the screen
 * @discarded: of these, replaced by a newer one before
 * @overwritten: written again while the compositor might read them
 * @passed_over: frames of a stream that were not committed, as newer ones were there
 * @lost: overwritten before they were committed
 * @last: number of the stream's frame that was committed last
 * @latency_us: of the last STATS_MAX presented ones
 */
struct stats {
	uint64_t committed;
	uint64_t presented;
	uint64_t discarded;
	uint64_t overwritten;
	uint64_t passed_over;
	uint64_t lost;
	uint64_t last;
	uint32_t latency_us[STATS_MAX];
};

/* stats_follow() - ask when @layer's next commit is presented */
void stats_follow(struct layer *layer, uint64_t frame_ns);
void stats_print(const struct layer *layer);

/* ---- a surface --------------------------------------------------------------- */

/*
 * struct layer - a surface, and what it shows
 * @callback: set until the compositor wants the next frame
 * @use_shm: this layer's memory is shared by wl_shm
 * @why_shm: and not by linux-dmabuf, for this reason
 */
struct layer {
	struct window *window;
	struct source source;
	struct wl_surface *surface;
	struct wp_viewport *viewport;
	struct wl_subsurface *subsurface;
	struct wl_callback *callback;
	struct wl_shm_pool *pool;
	unsigned int pool_generation;
	bool use_shm;
	char why_shm[200];
	struct frame_buffer *buffers[ZINC_STREAM_SLOTS_MAX];
	struct stats stats;
};

/* layer_start() - make a surface; @below: NULL for the window itself */
int layer_start(struct layer *layer, struct window *window, struct layer *below);
void layer_end(struct layer *layer);
/* layer_update() - show the next frame, if the compositor wants one */
int layer_update(struct layer *layer);
/* layer_scale() - to @width x @height, where the compositor can */
void layer_scale(struct layer *layer, uint32_t width, uint32_t height);

/* ---- the window ---------------------------------------------------------------- */

/*
 * struct window - all of it
 * @width, @height: of the window; 0 until the first frame is known
 * @wanted: size that the compositor has asked for, 0 for any
 * @exact: exactly that size
 */
struct window {
	const struct show_request *request;
	struct compositor compositor;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct wl_keyboard *keyboard;
	struct layer layers[2];
	size_t count;
	bool configured;
	bool closed;
	bool said;
	uint32_t width;
	uint32_t height;
	struct {
		uint32_t width;
		uint32_t height;
		bool exact;
	} wanted;
};

/* shell_start() - make @window's first surface a window */
int shell_start(struct window *window);
/* shell_title() - @note behind the name; NULL for the format */
void shell_title(struct window *window, const char *note);
/* shell_fit() - choose the size of the window and its layers */
void shell_fit(struct window *window);

/* show_error() - "cannot show NAME: ..."; Return: CLI_FAILED */
__printf(2, 3)
int show_error(const char *name, const char *format, ...);
/* window_error() - "cannot show NAME on PEER: ..."; Return: CLI_FAILED */
__printf(2, 3)
int window_error(const struct window *window, const char *format, ...);

/* fourcc_name() - printable, of four characters */
#define FOURCC_TEXT 5
const char *fourcc_name(uint32_t fourcc, char text[FOURCC_TEXT]);

#endif /* ZINC_CLI_WINDOW_H */
