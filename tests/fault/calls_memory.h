/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings and page faults.
 */
#ifndef CALLS_MEMORY_H
#define CALLS_MEMORY_H

#include "scene.h"

#include <sys/mman.h>

/* -- mappings -- */

static inline void with_lazy(struct scene *s, size_t size)
{
	s->name = next_name();
	s->fd = create_as(s->dev, s->name, size, ZINC_LAZY, 0, 0);
	s->length = size;
	CHECK(s->fd >= 0);
}

static inline void with_mapping(struct scene *s, size_t size)
{
	with_lazy(s, size);
	s->map = map_data(s->fd, size, PROT_READ | PROT_WRITE);
	CHECK(s->map);
}

static inline void want_data(struct scene *s)
{
	with_region(s);
	s->length = SMALL;
}

static inline long do_map(struct scene *s, off_t offset, size_t length)
{
	s->map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		      offset);
	return s->map == MAP_FAILED ? -errno : 0;
}

static inline long do_map_data(struct scene *s)
{
	return do_map(s, 0, SMALL);
}

static inline long do_map_control(struct scene *s)
{
	return do_map(s, ZINC_MMAP_CONTROL, PAGE);
}

static inline long do_map_whole(struct scene *s)
{
	return do_map(s, ZINC_MMAP_CONTROL, PAGE + SMALL);
}

static inline bool mapped_whole(struct scene *s, long ret)
{
	char *data = (char *)s->map + PAGE;
	bool right = header_of(s->map)->magic == ZINC_MAGIC &&
		     all_are(data, 0, SMALL);

	memset(data, 1, SMALL);
	return right && !munmap(s->map, PAGE + SMALL) && region_goes(s, ret);
}

static inline bool mapped_data(struct scene *s, long ret)
{
	bool right = all_are(s->map, 0, SMALL);

	memset(s->map, 1, SMALL);
	return right && !munmap(s->map, SMALL) && region_goes(s, ret);
}

static inline bool mapped_control(struct scene *s, long ret)
{
	bool right = header_of(s->map)->magic == ZINC_MAGIC;

	return right && !munmap(s->map, PAGE) && region_goes(s, ret);
}

/* The mapping is the last that has the pages. */
static inline void want_unmap_data(struct scene *s)
{
	with_mapping(s, SMALL);
	memset(s->map, 1, SMALL);
	CHECK(shut(s->fd));
}

/* The mapping is the last that has the handle. */
static inline void want_unmap_control(struct scene *s)
{
	with_region(s);
	s->length = PAGE;
	s->map = map_control(s->fd, PROT_READ);
	CHECK(s->map && shut(s->fd));
}

/* To split a mapping takes memory; to give all of it back does not. */
static inline void want_unmap_part(struct scene *s)
{
	want_unmap_data(s);
	s->length = PAGE;
	s->map = (char *)s->map + PAGE;
}

static inline long do_unmap(struct scene *s)
{
	return munmap(s->map, s->length) ? -errno : 0;
}

static inline bool unmapped(struct scene *s, long ret)
{
	(void)s;
	return !ret;
}

static inline bool unmapped_part(struct scene *s, long ret)
{
	bool right = *((char *)s->map - 1) == 1;

	return !ret && right && !munmap((char *)s->map - PAGE, SMALL);
}

/* -- faults -- */

static inline void want_page(struct scene *s)
{
	with_mapping(s, SMALL);
}

static inline void want_huge_page(struct scene *s)
{
	with_mapping(s, HUGE);
}

/* A touch that can say how it went. A plain one is repeated by the kernel. */
static inline long do_touch(struct scene *s)
{
	return madvise(s->map, s->length, MADV_POPULATE_WRITE) ? -errno : 0;
}

static inline bool touched(struct scene *s, long ret)
{
	bool right = all_are(s->map, 0, s->length) &&
		     info(s->fd).resident == s->length;

	memset(s->map, 1, s->length);
	return right && !munmap(s->map, s->length) && region_goes(s, ret);
}

/* The kernel's own touch, in read(): a page not to be had is a bad address. */
static inline void want_copy(struct scene *s)
{
	with_mapping(s, PAGE);
	s->other = open("/dev/zero", O_RDONLY);
	CHECK(s->other >= 0);
}

static inline long do_copy(struct scene *s)
{
	ssize_t n = read(s->other, s->map, s->length);

	return n < 0 ? -errno : n == s->length ? 0 : CHANGED;
}

static inline bool copied(struct scene *s, long ret)
{
	return shut(s->other) && touched(s, ret);
}

static inline void want_control_page(struct scene *s)
{
	with_region(s);
	s->length = PAGE;
	s->map = map_control(s->fd, PROT_READ | PROT_WRITE);
	CHECK(s->map && !madvise(s->map, PAGE, MADV_DONTNEED));
}
#endif /* CALLS_MEMORY_H */
