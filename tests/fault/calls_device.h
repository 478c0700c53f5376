/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of the device: CREATE, OPEN, LIST and the like.
 */
#ifndef CALLS_DEVICE_H
#define CALLS_DEVICE_H

#include "scene.h"

#include <sys/resource.h>

/* -- CREATE -- */

static inline void want_region(struct scene *s, size_t size, __u32 flags)
{
	s->name = next_name();
	s->length = size;
	s->args.create = create_args(s->name, size);
	s->args.create.flags = flags;
}

static inline void want_named(struct scene *s)
{
	want_region(s, SMALL, 0);
}

static inline void want_lazy(struct scene *s)
{
	want_region(s, SMALL, ZINC_LAZY);
}

static inline void want_anonymous(struct scene *s)
{
	want_region(s, SMALL, 0);
	set_name(s->args.create.name, "");
}

static inline void want_huge(struct scene *s)
{
	want_region(s, HUGE, 0);
}

static inline void want_persistent(struct scene *s)
{
	want_region(s, SMALL, 0);
	s->args.create.lifetime = ZINC_LIFETIME_PERSIST;
}

static inline void want_replacement(struct scene *s)
{
	with_region(s);
	s->length = SMALL;
	s->args.create = create_args(s->name, SMALL);
	s->args.create.flags = ZINC_REPLACE;
}

static inline long do_create(struct scene *s)
{
	return call(s->dev, ZINC_IOC_CREATE, &s->args.create);
}

static inline void want_descriptor(struct scene *s)
{
	const char *text = strstr(file_text("/proc/self/status"), "FDSize:");

	want_named(s);
	s->other = text ? atoi(text + strlen("FDSize:")) : 0;
	CHECK(s->other > s->dev + 1);
}

/* No descriptor is left in the table, so that one more doubles it. */
static inline long do_create_beyond_table(struct scene *s)
{
	int fd, last = s->dev;
	long ret;

	while (last < s->other - 1) {
		last = dup(s->dev);
		CHECK(last > s->dev);
	}
	ret = do_create(s);
	for (fd = s->dev + 1; fd <= last; fd++)
		CHECK(shut(fd));
	return ret;
}

static inline bool created(struct scene *s, long fd)
{
	struct zinc_info i = info(fd);
	bool right = i.id == s->args.create.id && i.capacity == s->length &&
		     !memcmp(i.name, s->args.create.name, ZINC_NAME_SIZE) &&
		     i.resident == (i.flags & ZINC_INFO_LAZY ? 0 : s->length);
	void *p = map_data(fd, s->length, PROT_READ | PROT_WRITE);

	right = right && p && all_are(p, 0, s->length) &&
		i.flags & ZINC_INFO_CREATOR && i.handles == 1;
	if (right)
		memset(p, 1, s->length);
	return right && !munmap(p, s->length) && shut(fd);
}

static inline bool created_to_stay(struct scene *s, long fd)
{
	return created(s, fd) && !unlink_name(s->dev, s->name);
}

static inline bool replaced(struct scene *s, long fd)
{
	bool right = info(s->fd).flags & ZINC_INFO_UNLINKED;

	return created(s, fd) && right && shut(s->fd);
}

/* -- other commands of the device -- */

static inline void want_query(struct scene *s)
{
	s->args.query.flags = 0;
	s->args.query.pad = 0;
}

static inline long do_query(struct scene *s)
{
	return call(s->dev, ZINC_IOC_QUERY, &s->args.query);
}

static inline bool queried(struct scene *s, long ret)
{
	return !ret && s->args.query.page_size == PAGE;
}

static inline void want_open(struct scene *s)
{
	with_region(s);
	s->args.open = open_args(s->name);
}

static inline void want_open_rdonly(struct scene *s)
{
	want_open(s);
	s->args.open.flags = ZINC_RDONLY;
}

static inline long do_open(struct scene *s)
{
	return call(s->dev, ZINC_IOC_OPEN, &s->args.open);
}

/* A second handle to the region of @fd */
static inline bool opened(struct scene *s, long fd)
{
	struct zinc_info i = info(fd);

	return i.id == info(s->fd).id && i.handles == 2 && shut(fd) &&
	       shut(s->fd);
}

static inline void want_unlink(struct scene *s)
{
	with_region(s);
	s->args.unlink.flags = 0;
	s->args.unlink.pad = 0;
	set_name(s->args.unlink.name, s->name);
}

static inline long do_unlink(struct scene *s)
{
	return call(s->dev, ZINC_IOC_UNLINK, &s->args.unlink);
}

static inline bool unlinked(struct scene *s, long ret)
{
	return info(s->fd).flags & ZINC_INFO_UNLINKED && region_goes(s, ret);
}

static inline void want_list(struct scene *s)
{
	with_region(s);
	s->other = create(s->dev, next_name(), PAGE);
	CHECK(s->other >= 0);
	s->args.list = (struct zinc_list) {
		.entries = (uintptr_t)s->entries,
		.count = ARRAY_SIZE(s->entries),
		.entry_size = sizeof(s->entries[0]),
	};
}

static inline long do_list(struct scene *s)
{
	return call(s->dev, ZINC_IOC_LIST, &s->args.list);
}

static inline bool listed(struct scene *s, long ret)
{
	bool right = s->args.list.count == 2 &&
		     s->entries[0].id == info(s->fd).id &&
		     s->entries[1].id == info(s->other).id;

	return right && shut(s->other) && region_goes(s, ret);
}

static inline void with_news(struct scene *s)
{
	with_region(s);
	CHECK(!notify(s->fd));
}

static inline void want_wait_any(struct scene *s)
{
	with_news(s);
	s->other = create(s->dev, "", PAGE);
	CHECK(s->other >= 0);
	s->items[0] = (struct zinc_wait_item) { .fd = s->other };
	s->items[1] = (struct zinc_wait_item) { .fd = s->fd };
	s->args.any = (struct zinc_wait_any) {
		.items = (uintptr_t)s->items,
		.count = 2,
		.deadline = ZINC_DEADLINE_NEVER,
		.index = MANY,
	};
}

static inline long do_wait_any(struct scene *s)
{
	/* in, and out even where the copy of the struct fails after it */
	s->items[1].cursor = 0;
	return call(s->dev, ZINC_IOC_WAIT_ANY, &s->args.any);
}

static inline bool waited_any(struct scene *s, long ret)
{
	bool right = s->args.any.index == 1 && s->items[1].cursor == 1;

	return right && shut(s->other) && region_goes(s, ret);
}
#endif /* CALLS_DEVICE_H */
