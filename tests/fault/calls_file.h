/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * poll, read, close, other files, and network namespaces.
 */
#ifndef CALLS_FILE_H
#define CALLS_FILE_H

#include "scene.h"

#include <net/if.h>

/* -- poll, read, close -- */

static inline void want_poll(struct scene *s)
{
	unsigned int i;

	with_news(s);
	for (i = 0; i < MANY; i++)
		s->polls[i] = (struct pollfd) { s->fd, POLLRDHUP, 0 };
	s->polls[MANY - 1].events = POLLIN;
}

/* So many that the kernel needs memory to queue for each. */
static inline long do_poll(struct scene *s)
{
	int n = poll(s->polls, MANY, 10 * PATIENCE_MS);

	return n < 0 ? -errno : n == 1 ? 0 : CHANGED;
}

static inline bool polled(struct scene *s, long ret)
{
	bool right = s->polls[MANY - 1].revents == POLLIN;

	return right && !info(s->fd).waiters && region_goes(s, ret);
}

static inline void want_watch(struct scene *s)
{
	with_news(s);
	s->other = epoll_create1(EPOLL_CLOEXEC);
	CHECK(s->other >= 0);
}

static inline long do_watch(struct scene *s)
{
	struct epoll_event e = { .events = EPOLLIN };

	return epoll_ctl(s->other, EPOLL_CTL_ADD, s->fd, &e) ? -errno : 0;
}

static inline bool watched(struct scene *s, long ret)
{
	bool right = ready(s->other, 0) == EPOLLIN && info(s->fd).waiters == 1;

	return right && shut(s->other) && region_goes(s, ret);
}

static inline long do_read(struct scene *s)
{
	ssize_t n = read(s->fd, &s->args.count, sizeof(s->args.count));

	return n < 0 ? -errno : n == sizeof(s->args.count) ? 0 : CHANGED;
}

/* A failed read consumes nothing. */
static inline bool has_read(struct scene *s, long ret)
{
	return s->args.count == 1 && region_goes(s, ret);
}

static inline long do_close(struct scene *s)
{
	return close(s->fd) ? -errno : 0;
}

static inline bool closed(struct scene *s, long ret)
{
	return !ret && open_name(s->dev, s->name) == -ENOENT;
}

/* -- files -- */

static inline long do_open_device(struct scene *s)
{
	(void)s;
	return open_device();
}

static inline bool device_opened(struct scene *s, long fd)
{
	(void)s;
	return query(fd).page_size == PAGE && shut(fd);
}

static inline long do_open_regions(struct scene *s)
{
	int fd = open(REGIONS, O_RDONLY | O_CLOEXEC);

	(void)s;
	return fd < 0 ? -errno : fd;
}

static inline bool file_opened(struct scene *s, long fd)
{
	(void)s;
	return shut(fd);
}

static inline void want_text(struct scene *s, const char *path)
{
	s->other = open(path, O_RDWR | O_CLOEXEC);
	if (s->other < 0)
		s->other = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(s->other >= 0);
	memset(s->text, 0, sizeof(s->text));
}

static inline void want_regions(struct scene *s)
{
	with_region(s);
	want_text(s, REGIONS);
}

static inline void want_fdinfo(struct scene *s)
{
	char path[64];

	with_region(s);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->fd);
	want_text(s, path);
}

static inline void want_parameter(struct scene *s)
{
	want_text(s, PARAMETER);
}

static inline long do_read_text(struct scene *s)
{
	return pread(s->other, s->text, sizeof(s->text) - 1, 0) < 0 ? -errno : 0;
}

static inline bool text_has_region(struct scene *s, long ret)
{
	bool right = strstr(s->text, s->name);

	return right && shut(s->other) && region_goes(s, ret);
}

static inline bool parameter_read(struct scene *s, long ret)
{
	return !ret && atoi(s->text) == query(s->dev).max_regions &&
	       shut(s->other);
}

static inline long do_write_parameter(struct scene *s)
{
	return pwrite(s->other, "4321", 4, 0) < 0 ? -errno : 0;
}

static inline bool parameter_written(struct scene *s, long ret)
{
	bool right = query(s->dev).max_regions == 4321 &&
		     pwrite(s->other, "4096", 4, 0) == 4;

	return !ret && right && shut(s->other);
}

/* -- network namespaces -- */

#define EVENTS	"/sys/kernel/tracing/events/kmem/"
#define TRACE	"/sys/kernel/tracing/trace"
#define OURS	"call_site=zinc_net_init+"
#define FAILED	" ptr=0000000000000000 "

static inline void empty_trace(void)
{
	int fd = open(TRACE, O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK(fd >= 0 && shut(fd));
}

static inline void trace_allocations(bool on)
{
	char filter[32] = "0";

	if (on)
		snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	CHECK(!write_text(EVENTS "kmalloc/filter", filter));
	CHECK(!write_text(EVENTS "kmem_cache_alloc/filter", filter));
	CHECK(!write_text(EVENTS "kmalloc/enable", on ? "1" : "0"));
	CHECK(!write_text(EVENTS "kmem_cache_alloc/enable", on ? "1" : "0"));
	empty_trace();
}

/* The first line of the trace with OURS: its number, or 0 for none */
static inline unsigned int find_ours(bool *failed)
{
	FILE *trace = fopen(TRACE, "re");
	bool found = false;
	unsigned int n = 0;
	char line[1024];

	CHECK(trace);
	while (!found && fgets(line, sizeof(line), trace)) {
		n += line[0] != '#';
		found = strstr(line, OURS);
	}
	fclose(trace);
	*failed = found && strstr(line, FAILED);
	return found ? n : 0;
}

/* An injection shortly before the module's part of it, as far as is traced */
static inline unsigned int before_ours(struct scene *s)
{
	const unsigned int shortly = 8;
	unsigned int n;
	bool failed;

	trace_allocations(true);
	CHECK(!unshare(CLONE_NEWNET));
	n = find_ours(&failed);
	CHECK(n > shortly && !setns(s->home, CLONE_NEWNET));
	return n - shortly;
}

static inline void want_unshare(struct scene *s)
{
	(void)s;
	empty_trace();
}

/*
 * How many injections to go on by, until our part has failed, and has been
 * undone after a failure behind it. Which number ours has changes from one
 * namespace to the next: the kernel's caches are filled up in between.
 */
static inline int towards_ours(long ret)
{
	static bool seen_failed, seen_undone;
	static int step = 1;
	bool failed;

	if (find_ours(&failed)) {
		seen_failed |= failed;
		seen_undone |= !failed && ret < 0;
		if (ret < 0)
			step = failed ? 1 : -1;
	} else {
		step = 1;
	}
	if (!seen_failed || !seen_undone)
		return step;
	trace_allocations(false);
	return 0;
}

static inline long do_unshare(struct scene *s)
{
	(void)s;
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

/* Leaving it ends it, and with it the names that were made in it. */
static inline bool unshared(struct scene *s, long ret)
{
	int fd = create_as(s->dev, "fault", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	bool right = fd >= 0 && shut(fd) && count_listed(s->dev) == 1;

	return !ret && right && !setns(s->home, CLONE_NEWNET);
}

static inline void want_home(struct scene *s)
{
	int fd;

	CHECK(!unshare(CLONE_NEWNET));
	fd = create_as(s->dev, "fault", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	CHECK(fd >= 0 && shut(fd));
}

static inline long do_setns(struct scene *s)
{
	return setns(s->home, CLONE_NEWNET) ? -errno : 0;
}
#endif /* CALLS_FILE_H */
