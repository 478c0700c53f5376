// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every failure of memory or of a user copy in a call: the kernel's fault
 * injection makes the first allocation or user copy of a call fail, then the
 * second, and so on until none is left to fail. After each failure nothing may
 * be left of the call, and the same call must succeed.
 *
 * One row per call; the calls themselves are in calls_*.h. No other process may
 * use the module meanwhile.
 */
#include "calls_device.h"
#include "calls_dmabuf.h"
#include "calls_file.h"
#include "calls_memory.h"
#include "calls_region.h"

#define FAULTS		"/sys/kernel/debug/"
/* No call has as many: an injection that never ends is a mistake of ours */
#define TOO_MANY	2000

/* The type of variant, for functions that a test calls */
#define VARIANT_PTR(name)	const __typeof__(FIXTURE_VARIANT(name)) *

/* For the errors of a call that are not ours to say */
#define ANYHOW		(-1)

/* Sweeps of one call, at most */
#define SWEEPS		16

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
	/* allocations that may wait, and those of one page, fail too */
	if (set_up("failslab", "ignore-gfp-wait", "N") ||
	    set_up("fail_page_alloc", "ignore-gfp-wait", "N") ||
	    set_up("fail_page_alloc", "ignore-gfp-highmem", "N") ||
	    set_up("fail_page_alloc", "min-order", "0"))
		skip_all("fault injection cannot be set up");
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

ROW(region_wait_asleep) {
	.prepare = want_sleep, .attempt = do_sleep, .succeeded = slept,
	.errors = { ENOMEM, EFAULT }, .refused = 2,
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

/* needs nothing */
ROW(reservation_release) {
	.prepare = want_queue, .attempt = do_release,
	.succeeded = released,
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

/* the kernel handles all failures of its own */
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

/* the next call gets the dma-buf whose descriptor could not be returned */
ROW(export) {
	.prepare = want_export, .attempt = do_export, .succeeded = exported,
	.errors = { ENOMEM, EFAULT, ENFILE }, .refused = 5, .keeps = 1,
};

ROW(export_rdonly) {
	.prepare = want_export_rdonly, .attempt = do_export,
	.succeeded = exported,
	.errors = { ENOMEM, EFAULT, ENFILE }, .refused = 5, .keeps = 1,
};

ROW(export_part) {
	.prepare = want_export_part, .attempt = do_export,
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

/* The result of one sweep */
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
 * If a cache of the kernel is filled at that moment, later allocations have
 * other numbers, and one may be skipped. Therefore there is a second sweep, and
 * more if neither covered all failures.
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
