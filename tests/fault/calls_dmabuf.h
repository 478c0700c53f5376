/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-bufs, fences, and devices that attach.
 */
#ifndef CALLS_DMABUF_H
#define CALLS_DMABUF_H

#include "calls_memory.h"
#include "../sw_sync.h"

/* -- dma-bufs and fences -- */

static inline void want_export(struct scene *s)
{
	with_region(s);
	s->args.export = (struct zinc_export) { .flags = 0 };
}

/* All of it, but as a part: each is a dma-buf of its own */
static inline void want_export_part(struct scene *s)
{
	want_export(s);
	s->args.export.length = SMALL;
}

static inline void want_export_rdonly(struct scene *s)
{
	want_export(s);
	s->args.export.flags = ZINC_RDONLY;
}

/* Made before: no more than a descriptor */
static inline void want_export_again(struct scene *s)
{
	want_export(s);
	CHECK(shut(export_region(s->fd, 0)));
}

static inline long do_export(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_EXPORT, &s->args.export);
}

static inline bool exported(struct scene *s, long buf)
{
	char *p = mmap(NULL, SMALL, PROT_READ, MAP_SHARED, buf, 0);
	bool right = s->args.export.size == SMALL && p != MAP_FAILED &&
		     all_are(p, 0, SMALL);

	return right && !munmap(p, SMALL) && shut(buf) && shut(s->fd);
}

/* @other is a dma-buf of another region, which has nothing else any more */
static inline void with_buffer(struct scene *s)
{
	with_region(s);
	s->other = export_region(s->fd, 0);
	CHECK(s->other >= 0 && shut(s->fd));
	s->fd = -1;
}

static inline void want_import(struct scene *s)
{
	with_buffer(s);
	s->name = next_name();
	s->args.import = (struct zinc_import) { .dmabuf_fd = s->other };
	set_name(s->args.import.name, s->name);
}

static inline void want_import_replacement(struct scene *s)
{
	with_buffer(s);
	s->fd = create(s->dev, s->name, PAGE);
	CHECK(s->fd >= 0);
	s->args.import = (struct zinc_import) {
		.dmabuf_fd = s->other,
		.flags = ZINC_REPLACE,
	};
	set_name(s->args.import.name, s->name);
}

static inline long do_import(struct scene *s)
{
	return call(s->dev, ZINC_IOC_IMPORT, &s->args.import);
}

static inline bool imported(struct scene *s, long fd)
{
	struct zinc_info i = info(fd);
	void *p = map_data(fd, SMALL, PROT_READ | PROT_WRITE);
	bool right = i.id == s->args.import.id && p && all_are(p, 0, SMALL) &&
		     i.capacity == SMALL && s->args.import.capacity == SMALL &&
		     i.flags & ZINC_INFO_IMPORTED && !strcmp((char *)i.name, s->name);

	return right && !munmap(p, SMALL) && shut(fd) && shut(s->other);
}

static inline bool import_replaced(struct scene *s, long fd)
{
	bool right = info(s->fd).flags & ZINC_INFO_UNLINKED;

	return imported(s, fd) && right && shut(s->fd);
}

/* A region of a foreign dma-buf gives that out */
static inline void want_export_of_import(struct scene *s)
{
	int buf;

	with_buffer(s);
	buf = s->other;
	s->fd = import_dmabuf(s->dev, "", buf);
	CHECK(s->fd >= 0 && shut(buf));
	s->args.export = (struct zinc_export) { .flags = 0 };
}

static inline void want_imported_data(struct scene *s)
{
	want_export_of_import(s);
	s->length = SMALL;
}

static inline void want_buffer(struct scene *s)
{
	with_buffer(s);
	s->fd = s->other;
}

/* @other is a timeline; the fence comes with its value 1 */
static inline void want_fence(struct scene *s)
{
	with_region(s);
	s->other = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	CHECK(s->other >= 0);
	s->args.fence = (struct zinc_notify_fence) {
		.fence_fd = sw_sync_fence(s->other, 1),
	};
	CHECK(s->args.fence.fence_fd >= 0);
}

static inline void want_signalled_fence(struct scene *s)
{
	want_fence(s);
	CHECK(!sw_sync_advance(s->other, 1));
}

static inline long do_notify_fence(struct scene *s)
{
	return call(s->fd, ZINC_IOC_REGION_NOTIFY_FENCE, &s->args.fence);
}

static inline bool fence_notifies(struct scene *s, long ret)
{
	bool right = info(s->fd).fences == 1 && !info(s->fd).sequence;

	CHECK(shut(s->args.fence.fence_fd) && !sw_sync_advance(s->other, 1));
	right = right && !info(s->fd).fences && info(s->fd).sequence == 1;
	return right && shut(s->other) && region_goes(s, ret);
}

static inline bool fence_has_notified(struct scene *s, long ret)
{
	bool right = !info(s->fd).fences && info(s->fd).sequence == 1;

	CHECK(shut(s->args.fence.fence_fd));
	return right && shut(s->other) && region_goes(s, ret);
}

/* Nothing works on it: poll() needs memory to look all the same */
static inline void want_buffer_poll(struct scene *s)
{
	with_buffer(s);
	s->polls[0] = (struct pollfd) { s->other, POLLIN | POLLOUT, 0 };
}

static inline long do_buffer_poll(struct scene *s)
{
	int n = poll(s->polls, 1, PATIENCE_MS);

	return n < 0 ? -errno : n == 1 ? 0 : CHANGED;
}

static inline bool buffer_polled(struct scene *s, long ret)
{
	bool right = s->polls[0].revents == (POLLIN | POLLOUT);

	return !ret && right && shut(s->other);
}

static inline long do_sync(struct scene *s)
{
	struct dma_buf_sync arg = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
	};

	return ioctl(s->other, DMA_BUF_IOCTL_SYNC, &arg) ? -errno : 0;
}

static inline bool synced(struct scene *s, long ret)
{
	return !ret && !cpu_access(s->other, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW) &&
	       shut(s->other);
}

/* -- devices -- */

/* A driver, and what it is to attach to */
static inline void with_importer(struct scene *s)
{
	s->other = export_region(s->fd, 0);
	s->importer = open(IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	CHECK(s->other >= 0 && s->importer >= 0);
	s->args.attach = (struct importer_attach) {
		.dmabuf_fd = s->other,
		.device = IMPORTER_WIDE,
	};
}

static inline void want_attach(struct scene *s)
{
	with_region(s);
	with_importer(s);
}

static inline void want_dynamic_attach(struct scene *s)
{
	want_attach(s);
	s->args.attach.dynamic = 1;
}

static inline long do_attach(struct scene *s)
{
	return call(s->importer, IMPORTER_ATTACH, &s->args.attach);
}

static inline bool device_gone(struct scene *s)
{
	return shut(s->importer) && shut(s->other) && shut(s->fd);
}

static inline bool attached(struct scene *s, long attachment)
{
	struct importer_map map = { .attachment = attachment };

	return call(s->importer, IMPORTER_MAP, &map) >= 0 &&
	       map.bytes == SMALL && device_gone(s);
}

static inline void with_attachment(struct scene *s)
{
	with_importer(s);
	s->attachment = do_attach(s);
	CHECK(s->attachment >= 0);
	memset(&s->args, POISON, sizeof(s->args));
	s->args.map.attachment = s->attachment;
	s->args.map.direction = IMPORTER_BOTH_WAYS;
}

static inline void want_device_map(struct scene *s)
{
	with_region(s);
	with_attachment(s);
}

/* Its pages come with the first map */
static inline void want_lazy_device_map(struct scene *s)
{
	with_lazy(s, SMALL);
	with_attachment(s);
}

static inline long do_device_map(struct scene *s)
{
	return call(s->importer, IMPORTER_MAP, &s->args.map);
}

static inline bool device_mapped(struct scene *s, long mapping)
{
	return mapping >= 0 && s->args.map.bytes == SMALL && device_gone(s);
}
#endif /* CALLS_DMABUF_H */
