// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way in which a call can run out of memory, or of a readable pointer:
 * the kernel's fault injection makes the first allocation or user copy of a
 * call fail, then the second, and so on until none is left to fail. However
 * the call ends, nothing of it may stay behind where it failed, and the same
 * call must work right after.
 *
 * One row per call. Nobody else may use the module meanwhile.
 */
#include "../abi.h"
#include "../importer/importer.h"
#include "../sw_sync.h"

#include <net/if.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define FAULTS		"/sys/kernel/debug/"
#define REGIONS		"/sys/kernel/debug/zinc/regions"
#define PARAMETER	MODULE "/parameters/max_regions"
#define SMALL		(4 * PAGE)
#define HUGE		((size_t)2 << 20)
/* No call has as many: an injection that never ends is a mistake of ours */
#define TOO_MANY	2000

/* What a function of a test takes as variant */
#define VARIANT_PTR(name)	const __typeof__(FIXTURE_VARIANT(name)) *

/* For the errors of a call that are not ours to say */
#define ANYHOW		(-1)

/* Sweeps of one call, at most */
#define SWEEPS		16

enum { MANY = 128 };

/* ---- fault injection ---- */

static const char * const injectors[] = {
	"failslab", "fail_page_alloc", "fail_usercopy",
};

static int set_up(const char *injector, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FAULTS "%s/%s", injector, file);
	return write_text(path, value);
}

static void __attribute__((constructor(2000))) need_injection(void)
{
	unsigned int i;

	if (access("/proc/thread-self/fail-nth", F_OK))
		skip_all("no fault injection in this kernel");
	if (access(REGIONS, F_OK))
		skip_all("no " REGIONS ": mount debugfs, be root");
	for (i = 0; i < ARRAY_SIZE(injectors); i++) {
		if (set_up(injectors[i], "verbose", "0") ||
		    set_up(injectors[i], "probability", "0") ||
		    set_up(injectors[i], "task-filter", "N"))
			skip_all("not every kind of fault can be injected here");
	}
	/* what may wait, and what is of one page, fails too */
	if (set_up("failslab", "ignore-gfp-wait", "N") ||
	    set_up("fail_page_alloc", "ignore-gfp-wait", "N") ||
	    set_up("fail_page_alloc", "ignore-gfp-highmem", "N") ||
	    set_up("fail_page_alloc", "min-order", "0"))
		skip_all("fault injection cannot be set up");
}

/* ---- what there is ---- */

struct state {
	__u64 regions;
	__u64 bytes;
	__u32 reservations;
	int listed;
	int fds;
	int next_fd;		/* one that is reserved has no file yet */
	__u32 cursor;		/* of the handle */
	long refs;		/* of the module */
	char text[65536];
};

static int count_listed(int dev)
{
	struct zinc_info entries[16];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	int all = 0;

	do {
		list.count = ARRAY_SIZE(entries);
		if (call(dev, ZINC_LIST, &list))
			return -1;
		all += list.count;
	} while (list.count);
	return all;
}

static void take(struct state *s, int dev, int fd)
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
static bool is_as(const struct state *was, const struct state *now,
		  long kept, bool counts_only)
{
	return was->regions == now->regions && was->bytes == now->bytes &&
	       was->reservations == now->reservations &&
	       was->listed == now->listed && was->fds == now->fds &&
	       was->next_fd == now->next_fd && was->cursor == now->cursor &&
	       now->refs >= was->refs && now->refs <= was->refs + kept &&
	       (counts_only || !strcmp(was->text, now->text));
}

static void show(const char *when, const struct state *s)
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

/* What one attempt works with. A failed call leaves @args as they were. */
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
static const char *next_name(void)
{
	static char name[ZINC_NAME_SIZE];
	static unsigned int n;

	snprintf(name, sizeof(name), "fault-%d-%u", getpid(), n++);
	return name;
}

static bool shut(int fd)
{
	return !close(fd);
}

static void with_region(struct scene *s)
{
	s->name = next_name();
	s->fd = create(s->dev, s->name, SMALL);
	CHECK(s->fd >= 0);
}

static bool region_goes(struct scene *s, long ret)
{
	return shut(s->fd) && !ret;
}

/* -- CREATE -- */

static void want_region(struct scene *s, size_t size, __u32 flags)
{
	s->name = next_name();
	s->length = size;
	s->args.create = create_args(s->name, size);
	s->args.create.flags = flags;
}

static void want_named(struct scene *s)
{
	want_region(s, SMALL, 0);
}

static void want_lazy(struct scene *s)
{
	want_region(s, SMALL, ZINC_CREATE_LAZY);
}

static void want_anonymous(struct scene *s)
{
	want_region(s, SMALL, 0);
	set_name(s->args.create.name, "");
}

static void want_huge(struct scene *s)
{
	want_region(s, HUGE, 0);
}

static void want_persistent(struct scene *s)
{
	want_region(s, SMALL, 0);
	s->args.create.lifetime = ZINC_LIFETIME_PERSIST;
}

static void want_replacement(struct scene *s)
{
	with_region(s);
	s->length = SMALL;
	s->args.create = create_args(s->name, SMALL);
	s->args.create.flags = ZINC_CREATE_REPLACE;
}

static long do_create(struct scene *s)
{
	return call(s->dev, ZINC_CREATE, &s->args.create);
}

static void want_descriptor(struct scene *s)
{
	const char *text = strstr(file_text("/proc/self/status"), "FDSize:");

	want_named(s);
	s->other = text ? atoi(text + strlen("FDSize:")) : 0;
	CHECK(s->other > s->dev + 1);
}

/* No descriptor is left in the table, so that one more doubles it. */
static long do_create_beyond_table(struct scene *s)
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

static bool created(struct scene *s, long fd)
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

static bool created_to_stay(struct scene *s, long fd)
{
	return created(s, fd) && !unlink_name(s->dev, s->name);
}

static bool replaced(struct scene *s, long fd)
{
	bool right = info(s->fd).flags & ZINC_INFO_UNLINKED;

	return created(s, fd) && right && shut(s->fd);
}

/* -- other commands of the device -- */

static void want_query(struct scene *s)
{
	s->args.query.flags = 0;
	s->args.query.pad = 0;
}

static long do_query(struct scene *s)
{
	return call(s->dev, ZINC_QUERY, &s->args.query);
}

static bool queried(struct scene *s, long ret)
{
	return !ret && s->args.query.page_size == PAGE;
}

static void want_open(struct scene *s)
{
	with_region(s);
	s->args.open = open_args(s->name);
}

static void want_open_rdonly(struct scene *s)
{
	want_open(s);
	s->args.open.flags = ZINC_OPEN_RDONLY;
}

static long do_open(struct scene *s)
{
	return call(s->dev, ZINC_OPEN, &s->args.open);
}

/* A second handle to the region of @fd */
static bool opened(struct scene *s, long fd)
{
	struct zinc_info i = info(fd);

	return i.id == info(s->fd).id && i.handles == 2 && shut(fd) &&
	       shut(s->fd);
}

static void want_unlink(struct scene *s)
{
	with_region(s);
	s->args.unlink.flags = 0;
	s->args.unlink.pad = 0;
	set_name(s->args.unlink.name, s->name);
}

static long do_unlink(struct scene *s)
{
	return call(s->dev, ZINC_UNLINK, &s->args.unlink);
}

static bool unlinked(struct scene *s, long ret)
{
	return info(s->fd).flags & ZINC_INFO_UNLINKED && region_goes(s, ret);
}

static void want_list(struct scene *s)
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

static long do_list(struct scene *s)
{
	return call(s->dev, ZINC_LIST, &s->args.list);
}

static bool listed(struct scene *s, long ret)
{
	bool right = s->args.list.count == 2 &&
		     s->entries[0].id == info(s->fd).id &&
		     s->entries[1].id == info(s->other).id;

	return right && shut(s->other) && region_goes(s, ret);
}

static void with_news(struct scene *s)
{
	with_region(s);
	CHECK(!notify(s->fd));
}

static void want_wait_any(struct scene *s)
{
	with_news(s);
	s->other = create(s->dev, "", PAGE);
	CHECK(s->other >= 0);
	s->items[0] = (struct zinc_wait_item) { .fd = s->other };
	s->items[1] = (struct zinc_wait_item) { .fd = s->fd };
	s->args.any = (struct zinc_wait_any) {
		.items = (uintptr_t)s->items,
		.count = 2,
		.deadline = ZINC_FOREVER,
		.index = MANY,
	};
}

static long do_wait_any(struct scene *s)
{
	/* in, and out even where the copy of the struct fails after it */
	s->items[1].cursor = 0;
	return call(s->dev, ZINC_WAIT_ANY, &s->args.any);
}

static bool waited_any(struct scene *s, long ret)
{
	bool right = s->args.any.index == 1 && s->items[1].cursor == 1;

	return right && shut(s->other) && region_goes(s, ret);
}

/* -- commands of a region -- */

static void want_info(struct scene *s)
{
	with_region(s);
}

static long do_info(struct scene *s)
{
	return call(s->fd, ZINC_REGION_INFO, &s->args.info);
}

static bool informed(struct scene *s, long ret)
{
	bool right = s->args.info.capacity == SMALL &&
		     !strcmp((char *)s->args.info.name, s->name);

	return right && region_goes(s, ret);
}

static void want_notify(struct scene *s)
{
	with_region(s);
	s->args.notify.flags = 0;
}

static long do_notify(struct scene *s)
{
	return call(s->fd, ZINC_REGION_NOTIFY, &s->args.notify);
}

static bool notified(struct scene *s, long ret)
{
	bool right = s->args.notify.sequence == info(s->fd).sequence &&
		     s->args.notify.sequence;

	return right && region_goes(s, ret);
}

static void want_wait(struct scene *s)
{
	with_news(s);
	s->args.wait = wait_args(0, 7, 0);
}

static long do_wait(struct scene *s)
{
	return call(s->fd, ZINC_REGION_WAIT, &s->args.wait);
}

static bool waited(struct scene *s, long ret)
{
	bool right = s->args.wait.cursor == 1 && info(s->fd).cursor == 1;

	return right && region_goes(s, ret);
}

static void want_notify_and_wait(struct scene *s)
{
	want_wait(s);
	s->other = create(s->dev, "", PAGE);
	CHECK(s->other >= 0);
	s->args.wait.flags = ZINC_WAIT_NOTIFY;
	s->args.wait.notify_fd = s->other;
}

static bool notified_and_waited(struct scene *s, long ret)
{
	bool right = info(s->other).sequence;

	return right && shut(s->other) && waited(s, ret);
}

static void want_set_cursor(struct scene *s)
{
	with_region(s);
	s->args.cursor = (struct zinc_cursor) { .cursor = 9 };
}

static long do_set_cursor(struct scene *s)
{
	return call(s->fd, ZINC_REGION_SET_CURSOR, &s->args.cursor);
}

static bool cursor_is_set(struct scene *s, long ret)
{
	return info(s->fd).cursor == 9 && region_goes(s, ret);
}

static long do_region_unlink(struct scene *s)
{
	return call(s->fd, ZINC_REGION_UNLINK, NULL);
}

static void want_reopen(struct scene *s)
{
	with_region(s);
	s->args.reopen.flags = 0;
	s->args.reopen.pad = 0;
}

static long do_reopen(struct scene *s)
{
	return call(s->fd, ZINC_REGION_REOPEN, &s->args.reopen);
}

/* -- reservations -- */

static void want_reserve(struct scene *s)
{
	memset(s->devices, 0, sizeof(s->devices));
	strcpy((char *)s->devices[0].device, "fault:0");
	strcpy((char *)s->devices[1].device, "fault:1");
	s->args.reserve = (struct zinc_reserve) {
		.items = (uintptr_t)s->devices,
		.count = 2,
	};
}

/* Behind one that is held, which @other is */
static void want_queue(struct scene *s)
{
	want_reserve(s);
	s->other = call(s->dev, ZINC_RESERVE, &s->args.reserve);
	CHECK(s->other >= 0);
	want_reserve(s);
	s->args.reserve.flags = ZINC_RESERVE_QUEUE;
}

static long do_reserve(struct scene *s)
{
	return call(s->dev, ZINC_RESERVE, &s->args.reserve);
}

static __u32 state_of(int fd)
{
	struct zinc_reservation_info i = { .state = ~0U };

	call(fd, ZINC_RESERVATION_INFO, &i);
	return i.state;
}

static bool reserved(struct scene *s, long fd)
{
	return s->args.reserve.state == ZINC_RESERVATION_HELD &&
	       state_of(fd) == ZINC_RESERVATION_HELD && shut(fd);
}

static bool queued(struct scene *s, long fd)
{
	bool right = s->args.reserve.state == ZINC_RESERVATION_WAITING &&
		     state_of(fd) == ZINC_RESERVATION_WAITING &&
		     shut(s->other);

	return right && state_of(fd) == ZINC_RESERVATION_HELD && shut(fd);
}

static void want_holders(struct scene *s)
{
	want_queue(s);
	s->args.holders = (struct zinc_holders) {
		.entries = (uintptr_t)s->holders,
		.entry_size = sizeof(s->holders[0]),
		.count = ARRAY_SIZE(s->holders),
	};
}

static long do_holders(struct scene *s)
{
	return call(s->dev, ZINC_HOLDERS, &s->args.holders);
}

static bool held_by_us(struct scene *s, long ret)
{
	return !ret && s->args.holders.count == 2 &&
	       s->holders[1].pid == getpid() && shut(s->other);
}

static void want_reservation_info(struct scene *s)
{
	want_queue(s);
	memset(&s->args.reservation, POISON, sizeof(s->args.reservation));
}

static long do_reservation_info(struct scene *s)
{
	return call(s->other, ZINC_RESERVATION_INFO, &s->args.reservation);
}

static bool reservation_told(struct scene *s, long ret)
{
	return !ret && s->args.reservation.count == 2 && shut(s->other);
}

/* -- dma-bufs and fences -- */

static void want_export(struct scene *s)
{
	with_region(s);
	s->args.export.flags = 0;
	s->args.export.pad = 0;
}

static void want_export_rdonly(struct scene *s)
{
	want_export(s);
	s->args.export.flags = ZINC_EXPORT_RDONLY;
}

/* Made before: no more than a descriptor */
static void want_export_again(struct scene *s)
{
	want_export(s);
	CHECK(shut(export_region(s->fd, 0)));
}

static long do_export(struct scene *s)
{
	return call(s->fd, ZINC_REGION_EXPORT, &s->args.export);
}

static bool exported(struct scene *s, long buf)
{
	char *p = mmap(NULL, SMALL, PROT_READ, MAP_SHARED, buf, 0);
	bool right = s->args.export.size == SMALL && p != MAP_FAILED &&
		     all_are(p, 0, SMALL);

	return right && !munmap(p, SMALL) && shut(buf) && shut(s->fd);
}

/* @other is a dma-buf of another region, which has nothing else any more */
static void with_buffer(struct scene *s)
{
	with_region(s);
	s->other = export_region(s->fd, 0);
	CHECK(s->other >= 0 && shut(s->fd));
	s->fd = -1;
}

static void want_import(struct scene *s)
{
	with_buffer(s);
	s->name = next_name();
	s->args.import = (struct zinc_import) { .dmabuf_fd = s->other };
	set_name(s->args.import.name, s->name);
}

static void want_import_replacement(struct scene *s)
{
	with_buffer(s);
	s->fd = create(s->dev, s->name, PAGE);
	CHECK(s->fd >= 0);
	s->args.import = (struct zinc_import) {
		.dmabuf_fd = s->other,
		.flags = ZINC_CREATE_REPLACE,
	};
	set_name(s->args.import.name, s->name);
}

static long do_import(struct scene *s)
{
	return call(s->dev, ZINC_IMPORT, &s->args.import);
}

static bool imported(struct scene *s, long fd)
{
	struct zinc_info i = info(fd);
	void *p = map_data(fd, SMALL, PROT_READ | PROT_WRITE);
	bool right = i.id == s->args.import.id && p && all_are(p, 0, SMALL) &&
		     i.capacity == SMALL && s->args.import.capacity == SMALL &&
		     i.flags & ZINC_INFO_IMPORTED && !strcmp((char *)i.name, s->name);

	return right && !munmap(p, SMALL) && shut(fd) && shut(s->other);
}

static bool import_replaced(struct scene *s, long fd)
{
	bool right = info(s->fd).flags & ZINC_INFO_UNLINKED;

	return imported(s, fd) && right && shut(s->fd);
}

/* A region of a foreign dma-buf gives that out */
static void want_export_of_import(struct scene *s)
{
	int buf;

	with_buffer(s);
	buf = s->other;
	s->fd = import_dmabuf(s->dev, "", buf);
	CHECK(s->fd >= 0 && shut(buf));
	s->args.export.flags = 0;
	s->args.export.pad = 0;
}

static void want_imported_data(struct scene *s)
{
	want_export_of_import(s);
	s->length = SMALL;
}

static void want_buffer(struct scene *s)
{
	with_buffer(s);
	s->fd = s->other;
}

/* @other is a timeline; the fence comes with its value 1 */
static void want_fence(struct scene *s)
{
	with_region(s);
	s->other = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	CHECK(s->other >= 0);
	s->args.fence = (struct zinc_notify_fence) {
		.fence_fd = sw_sync_fence(s->other, 1),
	};
	CHECK(s->args.fence.fence_fd >= 0);
}

static void want_signalled_fence(struct scene *s)
{
	want_fence(s);
	CHECK(!sw_sync_advance(s->other, 1));
}

static long do_notify_fence(struct scene *s)
{
	return call(s->fd, ZINC_REGION_NOTIFY_FENCE, &s->args.fence);
}

static bool fence_notifies(struct scene *s, long ret)
{
	bool right = info(s->fd).fences == 1 && !info(s->fd).sequence;

	CHECK(shut(s->args.fence.fence_fd) && !sw_sync_advance(s->other, 1));
	right = right && !info(s->fd).fences && info(s->fd).sequence == 1;
	return right && shut(s->other) && region_goes(s, ret);
}

static bool fence_has_notified(struct scene *s, long ret)
{
	bool right = !info(s->fd).fences && info(s->fd).sequence == 1;

	CHECK(shut(s->args.fence.fence_fd));
	return right && shut(s->other) && region_goes(s, ret);
}

/* Nothing works on it: poll() needs memory to look all the same */
static void want_buffer_poll(struct scene *s)
{
	with_buffer(s);
	s->polls[0] = (struct pollfd) { s->other, POLLIN | POLLOUT, 0 };
}

static long do_buffer_poll(struct scene *s)
{
	int n = poll(s->polls, 1, PATIENCE_MS);

	return n < 0 ? -errno : n == 1 ? 0 : CHANGED;
}

static bool buffer_polled(struct scene *s, long ret)
{
	bool right = s->polls[0].revents == (POLLIN | POLLOUT);

	return !ret && right && shut(s->other);
}

static long do_sync(struct scene *s)
{
	struct dma_buf_sync arg = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
	};

	return ioctl(s->other, DMA_BUF_IOCTL_SYNC, &arg) ? -errno : 0;
}

static bool synced(struct scene *s, long ret)
{
	return !ret && !cpu_access(s->other, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW) &&
	       shut(s->other);
}

/* -- mappings -- */

static void with_lazy(struct scene *s, size_t size)
{
	s->name = next_name();
	s->fd = create_as(s->dev, s->name, size, ZINC_CREATE_LAZY, 0, 0);
	s->length = size;
	CHECK(s->fd >= 0);
}

static void with_mapping(struct scene *s, size_t size)
{
	with_lazy(s, size);
	s->map = map_data(s->fd, size, PROT_READ | PROT_WRITE);
	CHECK(s->map);
}

static void want_data(struct scene *s)
{
	with_region(s);
	s->length = SMALL;
}

static long do_map(struct scene *s, off_t offset, size_t length)
{
	s->map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		      offset);
	return s->map == MAP_FAILED ? -errno : 0;
}

static long do_map_data(struct scene *s)
{
	return do_map(s, 0, SMALL);
}

static long do_map_control(struct scene *s)
{
	return do_map(s, ZINC_MMAP_CONTROL, PAGE);
}

static long do_map_whole(struct scene *s)
{
	return do_map(s, ZINC_MMAP_CONTROL, PAGE + SMALL);
}

static bool mapped_whole(struct scene *s, long ret)
{
	char *data = (char *)s->map + PAGE;
	bool right = header_of(s->map)->magic == ZINC_MAGIC &&
		     all_are(data, 0, SMALL);

	memset(data, 1, SMALL);
	return right && !munmap(s->map, PAGE + SMALL) && region_goes(s, ret);
}

static bool mapped_data(struct scene *s, long ret)
{
	bool right = all_are(s->map, 0, SMALL);

	memset(s->map, 1, SMALL);
	return right && !munmap(s->map, SMALL) && region_goes(s, ret);
}

static bool mapped_control(struct scene *s, long ret)
{
	bool right = header_of(s->map)->magic == ZINC_MAGIC;

	return right && !munmap(s->map, PAGE) && region_goes(s, ret);
}

/* The mapping is the last that has the pages. */
static void want_unmap_data(struct scene *s)
{
	with_mapping(s, SMALL);
	memset(s->map, 1, SMALL);
	CHECK(shut(s->fd));
}

/* The mapping is the last that has the handle. */
static void want_unmap_control(struct scene *s)
{
	with_region(s);
	s->length = PAGE;
	s->map = map_control(s->fd, PROT_READ);
	CHECK(s->map && shut(s->fd));
}

/* To split a mapping takes memory; to give all of it back does not. */
static void want_unmap_part(struct scene *s)
{
	want_unmap_data(s);
	s->length = PAGE;
	s->map = (char *)s->map + PAGE;
}

static long do_unmap(struct scene *s)
{
	return munmap(s->map, s->length) ? -errno : 0;
}

static bool unmapped(struct scene *s, long ret)
{
	(void)s;
	return !ret;
}

static bool unmapped_part(struct scene *s, long ret)
{
	bool right = *((char *)s->map - 1) == 1;

	return !ret && right && !munmap((char *)s->map - PAGE, SMALL);
}

/* -- devices -- */

/* A driver, and what it is to attach to */
static void with_importer(struct scene *s)
{
	s->other = export_region(s->fd, 0);
	s->importer = open(IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	CHECK(s->other >= 0 && s->importer >= 0);
	s->args.attach = (struct importer_attach) {
		.dmabuf_fd = s->other,
		.device = IMPORTER_WIDE,
	};
}

static void want_attach(struct scene *s)
{
	with_region(s);
	with_importer(s);
}

static void want_dynamic_attach(struct scene *s)
{
	want_attach(s);
	s->args.attach.dynamic = 1;
}

static long do_attach(struct scene *s)
{
	return call(s->importer, IMPORTER_ATTACH, &s->args.attach);
}

static bool device_gone(struct scene *s)
{
	return shut(s->importer) && shut(s->other) && shut(s->fd);
}

static bool attached(struct scene *s, long attachment)
{
	struct importer_map map = { .attachment = attachment };

	return call(s->importer, IMPORTER_MAP, &map) >= 0 &&
	       map.bytes == SMALL && device_gone(s);
}

static void with_attachment(struct scene *s)
{
	with_importer(s);
	s->attachment = do_attach(s);
	CHECK(s->attachment >= 0);
	memset(&s->args, POISON, sizeof(s->args));
	s->args.map.attachment = s->attachment;
	s->args.map.direction = IMPORTER_BOTH_WAYS;
}

static void want_device_map(struct scene *s)
{
	with_region(s);
	with_attachment(s);
}

/* Its pages come with the first map */
static void want_lazy_device_map(struct scene *s)
{
	with_lazy(s, SMALL);
	with_attachment(s);
}

static long do_device_map(struct scene *s)
{
	return call(s->importer, IMPORTER_MAP, &s->args.map);
}

static bool device_mapped(struct scene *s, long mapping)
{
	return mapping >= 0 && s->args.map.bytes == SMALL && device_gone(s);
}

/* -- faults -- */

static void want_page(struct scene *s)
{
	with_mapping(s, SMALL);
}

static void want_huge_page(struct scene *s)
{
	with_mapping(s, HUGE);
}

/* A touch that can say how it went. A plain one is repeated by the kernel. */
static long do_touch(struct scene *s)
{
	return madvise(s->map, s->length, MADV_POPULATE_WRITE) ? -errno : 0;
}

static bool touched(struct scene *s, long ret)
{
	bool right = all_are(s->map, 0, s->length) &&
		     info(s->fd).resident == s->length;

	memset(s->map, 1, s->length);
	return right && !munmap(s->map, s->length) && region_goes(s, ret);
}

/* The kernel's own touch, in read(): a page not to be had is a bad address. */
static void want_copy(struct scene *s)
{
	with_mapping(s, PAGE);
	s->other = open("/dev/zero", O_RDONLY);
	CHECK(s->other >= 0);
}

static long do_copy(struct scene *s)
{
	ssize_t n = read(s->other, s->map, s->length);

	return n < 0 ? -errno : n == s->length ? 0 : CHANGED;
}

static bool copied(struct scene *s, long ret)
{
	return shut(s->other) && touched(s, ret);
}

static void want_control_page(struct scene *s)
{
	with_region(s);
	s->length = PAGE;
	s->map = map_control(s->fd, PROT_READ | PROT_WRITE);
	CHECK(s->map && !madvise(s->map, PAGE, MADV_DONTNEED));
}

/* -- poll, read, close -- */

static void want_poll(struct scene *s)
{
	unsigned int i;

	with_news(s);
	for (i = 0; i < MANY; i++)
		s->polls[i] = (struct pollfd) { s->fd, POLLRDHUP, 0 };
	s->polls[MANY - 1].events = POLLIN;
}

/* So many that the kernel needs memory to queue for each. */
static long do_poll(struct scene *s)
{
	int n = poll(s->polls, MANY, 10 * PATIENCE_MS);

	return n < 0 ? -errno : n == 1 ? 0 : CHANGED;
}

static bool polled(struct scene *s, long ret)
{
	bool right = s->polls[MANY - 1].revents == POLLIN;

	return right && !info(s->fd).waiters && region_goes(s, ret);
}

static void want_watch(struct scene *s)
{
	with_news(s);
	s->other = epoll_create1(EPOLL_CLOEXEC);
	CHECK(s->other >= 0);
}

static long do_watch(struct scene *s)
{
	struct epoll_event e = { .events = EPOLLIN };

	return epoll_ctl(s->other, EPOLL_CTL_ADD, s->fd, &e) ? -errno : 0;
}

static bool watched(struct scene *s, long ret)
{
	bool right = ready(s->other, 0) == EPOLLIN && info(s->fd).waiters == 1;

	return right && shut(s->other) && region_goes(s, ret);
}

static long do_read(struct scene *s)
{
	ssize_t n = read(s->fd, &s->args.count, sizeof(s->args.count));

	return n < 0 ? -errno : n == sizeof(s->args.count) ? 0 : CHANGED;
}

/* What a failed read did not hand out is still there. */
static bool has_read(struct scene *s, long ret)
{
	return s->args.count == 1 && region_goes(s, ret);
}

static long do_close(struct scene *s)
{
	return close(s->fd) ? -errno : 0;
}

static bool closed(struct scene *s, long ret)
{
	return !ret && open_name(s->dev, s->name) == -ENOENT;
}

/* -- files -- */

static long do_open_device(struct scene *s)
{
	(void)s;
	return open_device();
}

static bool device_opened(struct scene *s, long fd)
{
	(void)s;
	return query(fd).page_size == PAGE && shut(fd);
}

static long do_open_regions(struct scene *s)
{
	int fd = open(REGIONS, O_RDONLY | O_CLOEXEC);

	(void)s;
	return fd < 0 ? -errno : fd;
}

static bool file_opened(struct scene *s, long fd)
{
	(void)s;
	return shut(fd);
}

static void want_text(struct scene *s, const char *path)
{
	s->other = open(path, O_RDWR | O_CLOEXEC);
	if (s->other < 0)
		s->other = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(s->other >= 0);
	memset(s->text, 0, sizeof(s->text));
}

static void want_regions(struct scene *s)
{
	with_region(s);
	want_text(s, REGIONS);
}

static void want_fdinfo(struct scene *s)
{
	char path[64];

	with_region(s);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->fd);
	want_text(s, path);
}

static void want_parameter(struct scene *s)
{
	want_text(s, PARAMETER);
}

static long do_read_text(struct scene *s)
{
	return pread(s->other, s->text, sizeof(s->text) - 1, 0) < 0 ? -errno : 0;
}

static bool text_has_region(struct scene *s, long ret)
{
	bool right = strstr(s->text, s->name);

	return right && shut(s->other) && region_goes(s, ret);
}

static bool parameter_read(struct scene *s, long ret)
{
	return !ret && atoi(s->text) == query(s->dev).max_regions &&
	       shut(s->other);
}

static long do_write_parameter(struct scene *s)
{
	return pwrite(s->other, "4321", 4, 0) < 0 ? -errno : 0;
}

static bool parameter_written(struct scene *s, long ret)
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

static void empty_trace(void)
{
	int fd = open(TRACE, O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK(fd >= 0 && shut(fd));
}

static void trace_allocations(bool on)
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
static unsigned int find_ours(bool *failed)
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
static unsigned int before_ours(struct scene *s)
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

static void want_unshare(struct scene *s)
{
	(void)s;
	empty_trace();
}

/*
 * How many injections to go on by, until our part has failed, and has been
 * undone after a failure behind it. Which number ours has changes from one
 * namespace to the next: the kernel's caches are filled up in between.
 */
static int towards_ours(long ret)
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

static long do_unshare(struct scene *s)
{
	(void)s;
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

/* Leaving it ends it, and with it the names that were made in it. */
static bool unshared(struct scene *s, long ret)
{
	int fd = create_as(s->dev, "fault", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	bool right = fd >= 0 && shut(fd) && count_listed(s->dev) == 1;

	return !ret && right && !setns(s->home, CLONE_NEWNET);
}

static void want_home(struct scene *s)
{
	int fd;

	CHECK(!unshare(CLONE_NEWNET));
	fd = create_as(s->dev, "fault", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	CHECK(fd >= 0 && shut(fd));
}

static long do_setns(struct scene *s)
{
	return setns(s->home, CLONE_NEWNET) ? -errno : 0;
}

/* ---- the sweep ---- */

FIXTURE(fault) {
	struct scene s;
	int nth;
	union args given;
	struct state first, before, after;
};

/*
 * struct _fixture_variant_fault - a call
 * @prepare: what one attempt needs; may be NULL
 * @attempt: the call: 0 or a descriptor, or -errno
 * @succeeded: given what a successful attempt returned, is all as it should
 *	be; takes back what that and @prepare did
 * @errors: how it may fail; ANYHOW
 * @refused: how often it has to fail at least
 * @first: the first injection to try; NULL: the first there is
 * @most: the last injection to try (0: until none is left)
 * @onward: given what the last one gave, by how many injections to go on, 0
 *	for enough; NULL: by 1
 * @retry_every: repeat the call after one failure in so many (0: each)
 * @goes_on: a failed attempt may leave its mark in the region, but no more
 * @keeps: what a failed attempt may leave in the region for the next one, in
 *	references to the module
 */
FIXTURE_VARIANT(fault) {
	void (*prepare)(struct scene *s);
	long (*attempt)(struct scene *s);
	bool (*succeeded)(struct scene *s, long ret);
	int errors[4];
	unsigned int refused;
	unsigned int (*first)(struct scene *s);
	unsigned int most;
	int (*onward)(long ret);
	unsigned int retry_every;
	bool goes_on;
	unsigned int keeps;
	const char *device;
};

#define ROW(name)	FIXTURE_VARIANT_ADD(fault, name)

ROW(query) {
	.prepare = want_query, .attempt = do_query, .succeeded = queried,
	.errors = { EFAULT }, .refused = 2,
};

ROW(create) {
	.prepare = want_named, .attempt = do_create, .succeeded = created,
	.errors = { ENOMEM, EFAULT }, .refused = 10,
};

ROW(create_lazy) {
	.prepare = want_lazy, .attempt = do_create, .succeeded = created,
	.errors = { ENOMEM, EFAULT }, .refused = 9,
};

ROW(create_anonymous) {
	.prepare = want_anonymous, .attempt = do_create, .succeeded = created,
	.errors = { ENOMEM, EFAULT }, .refused = 10,
};

ROW(create_huge) {
	.prepare = want_huge, .attempt = do_create, .succeeded = created,
	.errors = { ENOMEM, EFAULT }, .refused = 9,
};

ROW(create_persistent) {
	.prepare = want_persistent, .attempt = do_create,
	.succeeded = created_to_stay,
	.errors = { ENOMEM, EFAULT }, .refused = 10,
};

ROW(create_replace) {
	.prepare = want_replacement, .attempt = do_create,
	.succeeded = replaced,
	.errors = { ENOMEM, EFAULT }, .refused = 10,
};

ROW(create_fd_table_full) {
	.prepare = want_descriptor, .attempt = do_create_beyond_table,
	.succeeded = created,
	.errors = { ENOMEM, EFAULT }, .refused = 2, .most = 6,
};

ROW(open) {
	.prepare = want_open, .attempt = do_open, .succeeded = opened,
	.errors = { ENOMEM, EFAULT }, .refused = 4,
};

ROW(open_rdonly) {
	.prepare = want_open_rdonly, .attempt = do_open, .succeeded = opened,
	.errors = { ENOMEM, EFAULT }, .refused = 4,
};

ROW(unlink) {
	.prepare = want_unlink, .attempt = do_unlink, .succeeded = unlinked,
	.errors = { EFAULT }, .refused = 1,
};

ROW(list) {
	.prepare = want_list, .attempt = do_list, .succeeded = listed,
	.errors = { EFAULT }, .refused = 4,
};

ROW(wait_any) {
	.prepare = want_wait_any, .attempt = do_wait_any,
	.succeeded = waited_any,
	.errors = { ENOMEM, EFAULT }, .refused = 5,
};

ROW(region_info) {
	.prepare = want_info, .attempt = do_info, .succeeded = informed,
	.errors = { EFAULT }, .refused = 1,
};

ROW(region_notify) {
	.prepare = want_notify, .attempt = do_notify, .succeeded = notified,
	.errors = { EFAULT }, .refused = 2, .goes_on = true,
};

ROW(region_wait) {
	.prepare = want_wait, .attempt = do_wait, .succeeded = waited,
	.errors = { EFAULT }, .refused = 2,
};

ROW(region_wait_notify) {
	.prepare = want_notify_and_wait, .attempt = do_wait,
	.succeeded = notified_and_waited,
	.errors = { EFAULT }, .refused = 2, .goes_on = true,
};

ROW(region_set_cursor) {
	.prepare = want_set_cursor, .attempt = do_set_cursor,
	.succeeded = cursor_is_set,
	.errors = { EFAULT }, .refused = 1,
};

/* needs nothing */
ROW(region_unlink) {
	.prepare = with_region, .attempt = do_region_unlink,
	.succeeded = unlinked,
};

ROW(region_reopen) {
	.prepare = want_reopen, .attempt = do_reopen, .succeeded = opened,
	.errors = { ENOMEM, EFAULT }, .refused = 3,
};

ROW(reserve) {
	.prepare = want_reserve, .attempt = do_reserve, .succeeded = reserved,
	.errors = { ENOMEM, EFAULT }, .refused = 6,
};

ROW(reserve_queue) {
	.prepare = want_queue, .attempt = do_reserve, .succeeded = queued,
	.errors = { ENOMEM, EFAULT }, .refused = 6,
};

ROW(holders) {
	.prepare = want_holders, .attempt = do_holders,
	.succeeded = held_by_us,
	.errors = { ENOMEM, EFAULT }, .refused = 4,
};

ROW(reservation_info) {
	.prepare = want_reservation_info, .attempt = do_reservation_info,
	.succeeded = reservation_told,
	.errors = { EFAULT }, .refused = 1,
};

ROW(mmap_data) {
	.prepare = want_data, .attempt = do_map_data, .succeeded = mapped_data,
	.errors = { ENOMEM }, .refused = 1,
};

ROW(mmap_control) {
	.prepare = want_data, .attempt = do_map_control,
	.succeeded = mapped_control,
	.errors = { ENOMEM }, .refused = 1,
};

ROW(mmap_whole) {
	.prepare = want_data, .attempt = do_map_whole,
	.succeeded = mapped_whole,
	.errors = { ENOMEM }, .refused = 1,
};

/* the kernel copes, whatever it asks for */
ROW(munmap_data) {
	.prepare = want_unmap_data, .attempt = do_unmap, .succeeded = unmapped,
	.errors = { ENOMEM },
};

ROW(munmap_control) {
	.prepare = want_unmap_control, .attempt = do_unmap,
	.succeeded = unmapped,
	.errors = { ENOMEM },
};

ROW(munmap_part) {
	.prepare = want_unmap_part, .attempt = do_unmap,
	.succeeded = unmapped_part,
	.errors = { ENOMEM }, .refused = 1,
};

ROW(touch) {
	.prepare = want_page, .attempt = do_touch, .succeeded = touched,
	.errors = { ENOMEM }, .refused = 1, .goes_on = true,
};

ROW(touch_huge) {
	.prepare = want_huge_page, .attempt = do_touch, .succeeded = touched,
	.errors = { ENOMEM }, .refused = 1, .goes_on = true,
};

ROW(touch_by_kernel) {
	.prepare = want_copy, .attempt = do_copy, .succeeded = copied,
	.errors = { EFAULT }, .refused = 1, .goes_on = true,
};

ROW(touch_control) {
	.prepare = want_control_page, .attempt = do_touch,
	.succeeded = mapped_control,
	.errors = { ENOMEM },
};

ROW(poll) {
	.prepare = want_poll, .attempt = do_poll, .succeeded = polled,
	.errors = { ENOMEM, EFAULT }, .refused = 3,
};

ROW(epoll_add) {
	.prepare = want_watch, .attempt = do_watch, .succeeded = watched,
	.errors = { ENOMEM, EFAULT }, .refused = 3,
};

ROW(read) {
	.prepare = with_news, .attempt = do_read, .succeeded = has_read,
	.errors = { EFAULT }, .refused = 1,
};

/* may not fail */
ROW(close) {
	.prepare = with_region, .attempt = do_close, .succeeded = closed,
};

ROW(open_device) {
	.attempt = do_open_device, .succeeded = device_opened,
	.errors = { ENOMEM, EFAULT }, .refused = 2,
};

ROW(open_debugfs) {
	.attempt = do_open_regions, .succeeded = file_opened,
	.errors = { ENOMEM, EFAULT }, .refused = 3,
};

ROW(read_debugfs) {
	.prepare = want_regions, .attempt = do_read_text,
	.succeeded = text_has_region,
	.errors = { ENOMEM, EFAULT }, .refused = 2,
};

ROW(read_fdinfo) {
	.prepare = want_fdinfo, .attempt = do_read_text,
	.succeeded = text_has_region,
	.errors = { ENOMEM, EFAULT }, .refused = 1,
};

ROW(read_parameter) {
	.prepare = want_parameter, .attempt = do_read_text,
	.succeeded = parameter_read,
	.errors = { ENOMEM, EFAULT }, .refused = 1,
};

ROW(write_parameter) {
	.prepare = want_parameter, .attempt = do_write_parameter,
	.succeeded = parameter_written,
	.errors = { ENOMEM, EFAULT }, .refused = 2,
};

/* a dma-buf that nobody could be told of is the one that the next is given */
ROW(export) {
	.prepare = want_export, .attempt = do_export, .succeeded = exported,
	.errors = { ENOMEM, EFAULT, ENFILE }, .refused = 5, .keeps = 1,
};

ROW(export_rdonly) {
	.prepare = want_export_rdonly, .attempt = do_export,
	.succeeded = exported,
	.errors = { ENOMEM, EFAULT, ENFILE }, .refused = 5, .keeps = 1,
};

/* nothing is made any more, and so only the user's pointer can fail */
ROW(export_again) {
	.prepare = want_export_again, .attempt = do_export,
	.succeeded = exported,
	.errors = { EFAULT }, .refused = 2,
};

ROW(attach) {
	.prepare = want_attach, .attempt = do_attach, .succeeded = attached,
	.errors = { ENOMEM, EFAULT }, .refused = 3, .device = IMPORTER_DEVICE,
};

ROW(attach_dynamic) {
	.prepare = want_dynamic_attach, .attempt = do_attach,
	.succeeded = attached,
	.errors = { ENOMEM, EFAULT }, .refused = 3, .device = IMPORTER_DEVICE,
};

ROW(device_map) {
	.prepare = want_device_map, .attempt = do_device_map,
	.succeeded = device_mapped, .goes_on = true,
	.errors = { ENOMEM, EFAULT }, .refused = 3, .device = IMPORTER_DEVICE,
};

ROW(device_map_lazy) {
	.prepare = want_lazy_device_map, .attempt = do_device_map,
	.succeeded = device_mapped, .goes_on = true,
	.errors = { ENOMEM, EFAULT }, .refused = 3, .device = IMPORTER_DEVICE,
};

/* not a map for the kernel: dma_buf_vmap() itself warns of each that fails */

ROW(export_of_import) {
	.prepare = want_export_of_import, .attempt = do_export,
	.succeeded = exported,
	.errors = { EFAULT }, .refused = 2,
};

ROW(import) {
	.prepare = want_import, .attempt = do_import, .succeeded = imported,
	.errors = { ENOMEM, EFAULT }, .refused = 8,
};

ROW(import_replace) {
	.prepare = want_import_replacement, .attempt = do_import,
	.succeeded = import_replaced,
	.errors = { ENOMEM, EFAULT }, .refused = 8,
};

ROW(notify_fence) {
	.prepare = want_fence, .attempt = do_notify_fence,
	.succeeded = fence_notifies,
	.errors = { ENOMEM, EFAULT }, .refused = 2,
};

ROW(notify_fence_signalled) {
	.prepare = want_signalled_fence, .attempt = do_notify_fence,
	.succeeded = fence_has_notified,
	.errors = { ENOMEM, EFAULT }, .refused = 2,
};

ROW(map_dmabuf) {
	.prepare = want_buffer, .attempt = do_map_data,
	.succeeded = mapped_data,
	.errors = { ENOMEM, EAGAIN }, .refused = 1,
};

ROW(map_imported) {
	.prepare = want_imported_data, .attempt = do_map_data,
	.succeeded = mapped_data,
	.errors = { ENOMEM, EAGAIN }, .refused = 1,
};

ROW(poll_dmabuf) {
	.prepare = want_buffer_poll, .attempt = do_buffer_poll,
	.succeeded = buffer_polled,
	.errors = { ENOMEM, EFAULT }, .refused = 1,
};

ROW(sync_dmabuf) {
	.prepare = with_buffer, .attempt = do_sync, .succeeded = synced,
	.errors = { EFAULT }, .refused = 1,
};

/*
 * Nearly all of it is the network's own, with errors of its own, slow, and
 * loud when it fails.
 */
ROW(namespace_begin) {
	.prepare = want_unshare, .attempt = do_unshare, .succeeded = unshared,
	.errors = { ANYHOW }, .refused = 2, .retry_every = 8,
	.first = before_ours, .onward = towards_ours,
};

ROW(namespace_end) {
	.prepare = want_home, .attempt = do_setns, .succeeded = unmapped,
	.errors = { ENOMEM }, .refused = 1,
};

FIXTURE_SETUP(fault)
{
	const struct rlimit files = { 16384, 16384 };

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
	self->s.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(self->s.home, 0);
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->nth, 0);
	self->s.dev = open_device();
	ASSERT_GE(self->s.dev, 0);
	/* no fault of this program's own memory is to be the one injected */
	ASSERT_EQ(mlockall(MCL_CURRENT), 0);
}

FIXTURE_TEARDOWN(fault)
{
	close(self->s.dev);
	close(self->nth);
	close(self->s.home);
}

static bool arm(int nth, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(nth, text, len, 0) == len;
}

/*
 * Was it injected. The copies of these calls count as well: the one that is
 * next tells by failing that it was not.
 */
static bool disarm(int nth)
{
	char text[16] = "";
	ssize_t n = pread(nth, text, sizeof(text) - 1, 0);
	bool injected = n > 0 && atoi(text) == 0;

	while (!arm(nth, 0))
		;
	return injected;
}

static bool may_fail_so(const int *errors, long ret)
{
	unsigned int i;

	for (i = 0; errors[i]; i++)
		if (ret == -errors[i] || errors[i] == ANYHOW)
			return true;
	return false;
}

/* Name space ends and the like come a moment later. */
static bool becomes(struct state *now, const struct state *was,
		    const struct scene *s, long kept, bool counts_only)
{
	return EVENTUALLY(({
		take(now, s->dev, s->fd);
		is_as(was, now, kept, counts_only);
	}));
}

/* The call gave an errno for injection @n: as it may, and for nothing. */
static void check_refusal(struct __test_metadata *_metadata,
			  FIXTURE_PTR(fault) self,
			  VARIANT_PTR(fault) variant, unsigned int n, long ret)
{
	ASSERT_TRUE(may_fail_so(variant->errors, ret))
		TH_LOG("failure %u gave: %s", n, strerror(-ret));
	ASSERT_EQ(memcmp(&self->given, &self->s.args, sizeof(self->given)), 0)
		TH_LOG("failure %u changed the struct", n);
	if (becomes(&self->after, &self->before, &self->s, variant->keeps,
		    variant->goes_on))
		return;
	show("before", &self->before);
	show("after", &self->after);
	ASSERT_TRUE(false)
		TH_LOG("failure %u left something behind", n);
}

static void check_end(struct __test_metadata *_metadata,
		      FIXTURE_PTR(fault) self, unsigned int n)
{
	if (becomes(&self->after, &self->first, &self->s, 0, false))
		return;
	show("at first", &self->first);
	show("in the end", &self->after);
	ASSERT_TRUE(false)
		TH_LOG("with failure %u it leaves something behind", n);
}

/* What one sweep came to */
struct tally {
	unsigned int refused;
	unsigned int coped;
	bool complete;		/* one more injection than there are was tried */
};

/* One attempt, with injection @n; gives by how many to go on, 0 for the end */
static int inject(struct __test_metadata *_metadata, FIXTURE_PTR(fault) self,
		  VARIANT_PTR(fault) variant, unsigned int n,
		  struct tally *tally)
{
	struct scene *s = &self->s;
	bool injected;
	long ret;
	int step;

	memset(&s->args, POISON, sizeof(s->args));
	if (variant->prepare)
		variant->prepare(s);
	self->given = s->args;
	take(&self->before, s->dev, s->fd);

	ASSERT_TRUE(arm(self->nth, n));
	ret = variant->attempt(s);
	injected = disarm(self->nth);
	step = variant->onward ? variant->onward(ret) : 1;
	ASSERT_TRUE(injected || ret >= 0)
		TH_LOG("nothing injected, but: %s", strerror(-ret));
	tally->complete = !injected;
	tally->coped += injected && ret >= 0;
	if (ret < 0) {
		tally->refused++;
		check_refusal(_metadata, self, variant, n, ret);
		if (variant->retry_every && n % variant->retry_every)
			return step;
		ret = variant->attempt(s);
		ASSERT_GE(ret, 0)
			TH_LOG("after failure %u it goes on failing: %s", n,
			       strerror(-ret));
	}
	ASSERT_TRUE(variant->succeeded(s, ret))
		TH_LOG("after failure %u it does not do its work", n);
	check_end(_metadata, self, n);
	return injected ? step : 0;
}

static struct tally sweep_once(struct __test_metadata *_metadata,
			       FIXTURE_PTR(fault) self,
			       VARIANT_PTR(fault) variant)
{
	unsigned int last = variant->most ?: TOO_MANY;
	unsigned int n = variant->first ? variant->first(&self->s) : 1;
	struct tally tally = { .refused = 0 };
	unsigned int tries;
	int step = 1;

	for (tries = 0; step && n <= last && tries < TOO_MANY; tries++) {
		step = inject(_metadata, self, variant, n, &tally);
		n += step;
	}
	TH_LOG("%u failures injected: %u made it fail, with %u it coped",
	       tally.refused + tally.coped, tally.refused, tally.coped);
	ASSERT_TRUE(variant->most || !step);
	ASSERT_TRUE(variant->most || tally.complete == !variant->onward);
	return tally;
}

/*
 * A cache of the kernel that is filled up just then shifts what comes after
 * it, past the injection at times: so there is a second sweep, and more where
 * neither met all that it should.
 */
TEST_F_TIMEOUT(fault, sweep, 600)
{
	unsigned int most_refused = 0;
	struct tally tally;
	int i;

	if (variant->device && access(variant->device, R_OK | W_OK))
		SKIP(return, "no %s: load zinc_importer.ko", variant->device);
	take(&self->first, self->s.dev, self->s.fd);
	for (i = 0; i < SWEEPS; i++) {
		if (i >= 2 && most_refused >= variant->refused)
			break;
		tally = sweep_once(_metadata, self, variant);
		if (tally.refused > most_refused)
			most_refused = tally.refused;
		if (variant->onward || variant->most)
			break;
	}
	ASSERT_GE(most_refused, variant->refused);
}

TEST_HARNESS_MAIN
