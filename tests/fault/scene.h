/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects that one attempt of a call works with, and that a failed call
 * must leave unchanged.
 */
#ifndef SCENE_H
#define SCENE_H

#include "../abi.h"
#include "../importer/importer.h"

#define REGIONS		"/sys/kernel/debug/zinc/regions"
#define PARAMETER	MODULE "/parameters/max_regions"
#define NOBODY		4711
#define SMALL		(4 * PAGE)
#define HUGE		((size_t)2 << 20)

enum { MANY = 128 };

/* ---- what there is ---- */

struct state {
	__u64 regions;
	__u64 bytes;
	__u32 reservations;
	int listed;
	int fds;
	int next_fd;		/* a reserved one has no file yet */
	__u32 cursor;		/* of the handle */
	long refs;		/* of the module */
	char text[65536];
};

static inline int count_listed(int dev)
{
	struct zinc_info entries[16];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	int all = 0;

	do {
		list.count = ARRAY_SIZE(entries);
		if (call(dev, ZINC_IOC_LIST, &list))
			return -1;
		all += list.count;
	} while (list.count);
	return all;
}

static inline void take(struct state *s, int dev, int fd)
{
	struct zinc_query q = query(dev);

	memset(s, 0, sizeof(*s));
	s->regions = q.user_regions;
	s->bytes = q.user_bytes;
	s->reservations = q.user_reservations;
	s->listed = count_listed(dev);
	s->fds = count_fds();
	s->next_fd = dup(dev);
	close(s->next_fd);
	s->cursor = info(fd).cursor;
	s->refs = strtol(file_text(MODULE "/refcnt"), NULL, 10);
	snprintf(s->text, sizeof(s->text), "%s", file_text(REGIONS));
}

/*
 * All counts, but for so many references that the region may have kept; and
 * every region in every detail, unless @counts_only
 */
static inline bool is_as(const struct state *was, const struct state *now,
			 long kept, bool counts_only)
{
	return was->regions == now->regions && was->bytes == now->bytes &&
	       was->reservations == now->reservations &&
	       was->listed == now->listed && was->fds == now->fds &&
	       was->next_fd == now->next_fd && was->cursor == now->cursor &&
	       now->refs >= was->refs && now->refs <= was->refs + kept &&
	       (counts_only || !strcmp(was->text, now->text));
}

static inline void show(const char *when, const struct state *s)
{
	fprintf(stderr, "# %s: %llu regions, %llu bytes, %d listed\n", when,
		s->regions, s->bytes, s->listed);
	fprintf(stderr, "# %d fds, next %d, cursor %u, module references %ld\n",
		s->fds, s->next_fd, s->cursor, s->refs);
	fprintf(stderr, "# %s", s->text);
}

/* ---- the calls ---- */

union args {
	struct zinc_query query;
	struct zinc_create create;
	struct zinc_open open;
	struct zinc_unlink unlink;
	struct zinc_list list;
	struct zinc_wait_any any;
	struct zinc_info info;
	struct zinc_notify notify;
	struct zinc_wait wait;
	struct zinc_cursor cursor;
	struct zinc_reopen reopen;
	struct zinc_export export;
	struct zinc_import import;
	struct zinc_notify_fence fence;
	struct zinc_reserve reserve;
	struct zinc_holders holders;
	struct zinc_reservation_info reservation;
	struct importer_attach attach;
	struct importer_map map;
	__u64 count;
};

/* The objects of one attempt. A failed call leaves @args unchanged. */
struct scene {
	int dev;
	const char *name;
	int fd;			/* a handle */
	int other;		/* another, or another file, or a size */
	void *map;
	size_t length;
	union args args;
	struct zinc_info entries[4];
	struct zinc_wait_item items[2];
	struct zinc_reserve_item devices[2];
	struct zinc_holder holders[4];
	struct pollfd polls[MANY];
	int home;		/* the network namespace that we are from */
	int importer;		/* a driver that imports */
	int attachment;		/* of @other to one of its devices */
	char text[4096];
};

/* The name of a region that no attempt had before */
static inline const char *next_name(void)
{
	static char name[ZINC_NAME_SIZE];
	static unsigned int n;

	snprintf(name, sizeof(name), "fault-%d-%u", getpid(), n++);
	return name;
}

static inline bool shut(int fd)
{
	return !close(fd);
}

static inline void with_region(struct scene *s)
{
	s->name = next_name();
	s->fd = create(s->dev, s->name, SMALL);
	CHECK(s->fd >= 0);
}

static inline bool region_goes(struct scene *s, long ret)
{
	return shut(s->fd) && !ret;
}
#endif /* SCENE_H */
