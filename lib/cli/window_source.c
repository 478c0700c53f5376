// SPDX-License-Identifier: MIT
/*
 * zinc show in a window: where frames come from.
 *
 * A thread of its own waits for notifies, with a handle of its own, since POSIX
 * shared memory has no descriptor to poll. It wakes the loop by an eventfd, and is
 * never stopped: it ends with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "window.h"

#define OPEN_NS	1000000000u	/* a writer that has the name writes the header at once */

static void wake(struct source *source)
{
	__atomic_store_n(&source->arrived_ns, cli_now(), __ATOMIC_RELEASE);
	eventfd_write(source->wake, 1);
}

/* One stream of the name, from its begin to its end; @last: the one before */
static void watch_stream(struct source *source, struct zinc_region_info *last)
{
	const struct timespec again = { 0, 100000000 };
	struct zinc_options options = { .size = sizeof(options), .flags = ZINC_RDONLY };
	struct zinc_region_info info = { .size = sizeof(info) };
	zinc_handle region;

	if (zinc_open_wait(source->name, &options, ZINC_DEADLINE_NEVER, &region)) {
		nanosleep(&again, NULL);
		return;
	}
	/* one that outlives its writer can be opened again, and has ended already */
	if (!zinc_info(region, &info) && info.id == last->id &&
	    info.created_at == last->created_at)
		nanosleep(&again, NULL);
	*last = info;
	wake(source);
	while (!zinc_wait_with(region, ZINC_DEADLINE_NEVER, ZINC_WAIT_GONE))
		wake(source);
	zinc_close(region);
	wake(source);
}

static void *watch(void *data)
{
	struct zinc_region_info last = { 0 };
	struct source *source = data;

	if (!source->is_stream)
		while (!zinc_wait(source->region, ZINC_WAIT_FOREVER))
			wake(source);
	while (source->is_stream)
		watch_stream(source, &last);
	return NULL;
}

/* A descriptor of the object of POSIX shared memory that @region is */
static int posix_memory(struct source *source, zinc_handle region)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	char path[ZINC_NAME_MAX + 32];
	struct stat st;
	int32_t err = zinc_info(region, &info);
	int fd;

	if (err)
		return err;
	snprintf(path, sizeof(path), "/dev/shm/zinc_%s", source->name);
	/* compositors map it writable, whatever they do with it */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_ino != info.id ||
	    (uint64_t)st.st_size < zinc_capacity(region)) {
		close(fd);
		return -ENOENT;
	}
	source->memory_size = st.st_size;
	source->memory_offset = st.st_size - zinc_capacity(region);
	return fd;
}

/* The dma-buf of the region of the module that @region is */
static int kmod_memory(struct source *source, zinc_handle region)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct zinc_region_info other = { .size = sizeof(other) };
	zinc_handle writable;
	int32_t fd;

	source->memory_size = zinc_capacity(region);
	source->memory_offset = 0;
	/* an importer writes nothing, but asks for all; a reader of a stream may not */
	fd = cli_open(source->name, ZINC_NO_DATA, &writable);
	if (fd)
		return fd;
	if (zinc_info(region, &info) || zinc_info(writable, &other) || info.id != other.id)
		fd = -ENOENT;
	else
		fd = zinc_export_dmabuf(writable, 0);
	zinc_close(writable);
	return fd;
}

/* Return: 0; -ENOENT it is @source->region no more; or an error */
static int take_memory(struct source *source, zinc_handle region)
{
	int fd;

	source->is_dmabuf = zinc_backend(region) == ZINC_BACKEND_KMOD;
	fd = source->is_dmabuf ? kmod_memory(source, region) : posix_memory(source, region);
	if (fd < 0)
		return fd;
	if (source->memory >= 0)
		close(source->memory);
	source->memory = fd;
	source->generation++;
	return 0;
}

/* Return: 0; -ENOENT there is none; -EPIPE it has ended before it began; or an error */
static int open_stream(struct source *source, uint64_t wait_ns)
{
	uint32_t flags = source->hold ? ZINC_STREAM_REGISTER : ZINC_STREAM_NEWEST;
	struct zinc_options options = { .size = sizeof(options), .flags = ZINC_RDONLY };
	zinc_handle region;
	int err;

	/* to tell at once where there is no such name */
	err = zinc_open_with(source->name, &options, &region);
	if (err)
		return err;
	zinc_close(region);
	err = zinc_stream_open(&source->reader, source->name, flags, cli_now() + wait_ns);
	if (err)
		return err == -ETIMEDOUT ? -ENOENT : err;
	if (source->reader.format.kind != ZINC_STREAM_VIDEO)
		err = -EPROTOTYPE;
	else
		err = take_memory(source, source->reader.region);
	if (err) {
		zinc_stream_close(&source->reader);
		return err;
	}
	source->frame = source->reader.format;
	source->opened++;
	source->open = true;
	source->dirty = true;
	return 0;
}

static int stream_error(const struct source *source, int err)
{
	static const char *const kinds[] = { "bytes", "video", "a tensor", "audio" };
	struct zinc_stream_reader reader;
	uint32_t kind = 0;

	/* a region of raw bytes, whose creator may be gone */
	if (err == -EBADMSG || err == -EPIPE)
		return show_error(source->name,
				 "it is not a stream: expected its size in pixels, --size WxH; or another version of Zinc writes it: see 'zinc stat %s'",
				  source->name);
	if (err != -EPROTOTYPE)
		return cli_fail("show", source->name, err);
	if (!zinc_stream_open(&reader, source->name, 0, 0)) {
		kind = reader.format.kind;
		zinc_stream_close(&reader);
	}
	return show_error(source->name,
			  "expected a stream of video, it is one of %s; choose another stream",
			  kind < ARRAY_SIZE(kinds) ? kinds[kind] : "another kind");
}

/* A region with one picture, as @picture says */
static int open_picture(struct source *source, const struct zinc_drm_picture *picture)
{
	struct zinc_stream_format *frame = &source->frame;
	int32_t err = cli_open(source->name, ZINC_RDONLY, &source->region);
	uint64_t need;

	if (err)
		return cli_fail("open", source->name, err);
	need = picture->offset + (uint64_t)picture->stride * (picture->height - 1) +
	       (uint64_t)picture->width * zinc_drm_bytes_per_pixel(picture->format);
	if (need < picture->offset || need > zinc_capacity(source->region))
		return show_error(source->name,
				 "it has %llu bytes, too few for %ux%u pixels with %u bytes per line from byte %llu; see --size, --stride and --offset",
				 (unsigned long long)zinc_capacity(source->region),
				 picture->width, picture->height, picture->stride,
				 (unsigned long long)picture->offset);
	err = take_memory(source, source->region);
	if (err)
		return cli_fail("show", source->name, err);
	frame->kind = ZINC_STREAM_VIDEO;
	frame->fourcc = picture->format;
	frame->width = picture->width;
	frame->height = picture->height;
	frame->planes = 1;
	frame->stride[0] = picture->stride;
	frame->offset[0] = picture->offset;
	/* what is pending by now is shown from the start */
	zinc_try_wait(source->region);
	source->open = true;
	source->dirty = true;
	return CLI_OK;
}

int source_open(struct source *source, const char *name, const struct show_request *request)
{
	int err;

	source->name = name;
	source->hold = request->hold;
	source->is_stream = name == request->overlay || !request->picture.width;
	source->memory = -1;
	source->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (source->wake < 0)
		return cli_error("cannot wait for %s: %s", name, strerror(errno));
	if (source->is_stream) {
		err = open_stream(source, OPEN_NS);
		if (err)
			return stream_error(source, err);
	} else {
		err = open_picture(source, &request->picture);
		if (err)
			return err;
	}
	err = pthread_create(&source->watcher, NULL, watch, source);
	if (err)
		return cli_error("cannot wait for %s: %s", name, strerror(err));
	return CLI_OK;
}

void source_close(struct source *source)
{
	/* the watcher has a picture's region for as long as it lives */
	if (source->is_stream && source->open)
		zinc_stream_close(&source->reader);
	if (source->memory >= 0)
		close(source->memory);
}

unsigned int source_slots(const struct source *source)
{
	return source->is_stream ? source->reader.slots : 1;
}

static int next_picture(struct source *source, struct zinc_stream_view *view)
{
	if (!source->dirty)
		return -EAGAIN;
	source->dirty = false;
	memset(view, 0, sizeof(*view));
	view->frame.pts_ns = __atomic_load_n(&source->arrived_ns, __ATOMIC_ACQUIRE);
	return 0;
}

int source_next(struct source *source, struct zinc_stream_view *view)
{
	int err;

	if (!source->is_stream)
		return next_picture(source, view);
	if (!source->dirty)
		return -EAGAIN;
	if (!source->open) {
		err = open_stream(source, OPEN_NS);
		if (err) {
			source->dirty = false;
			return err == -ENOENT || err == -EPIPE ? -EAGAIN : err;
		}
	}
	err = zinc_stream_next(&source->reader, view, 0);
	if (err == -ETIMEDOUT) {
		source->dirty = false;
		return -EAGAIN;
	}
	if (err == -EPIPE) {
		zinc_stream_close(&source->reader);
		source->open = false;
		/* dirty: the next one may be there by now */
		return err;
	}
	if (!err && view->new_format) {
		if (source->reader.format.kind != ZINC_STREAM_VIDEO)
			return -EPROTOTYPE;
		source->frame = source->reader.format;
		source->generation++;
	}
	return err;
}
