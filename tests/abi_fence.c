// SPDX-License-Identifier: GPL-2.0-only
/*
 * NOTIFY_FENCE: a fence that signals notifies the region exactly once,
 * regardless of later changes to the descriptors, the region and the processes.
 *
 * The fences are sw_sync's, if the kernel is built for debugging, else vgem's.
 * Those signal by themselves after 10 s, which is long enough for every test
 * except the ones that state otherwise. Only fences of sw_sync can be made to
 * fail.
 */
#include "abi.h"
#include "drm.h"
#include "sw_sync.h"

#include <limits.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <linux/sync_file.h>

#define TRACING		"/sys/kernel/tracing"
#define EVENTS		TRACING "/events/zinc"
#define RACES		500
/* for work that is repeated thousands of times, under an emulator with sanitizers */
#define LONG		240

/* Something that a device does: it ends when it is told to */
struct work {
	int timeline;	/* of sw_sync, or -1 and */
	int vgem;
	__u32 fence;
	int sync;	/* a sync_file of it */
};

static void __attribute__((constructor(1001))) need_vgem(void)
{
	int vgem = drm_open("vgem");

	if (vgem < 0)
		skip_all("no vgem, whose fences these tests use");
	/* each test opens it for itself */
	close(vgem);
}

/* Work on @buffer, on which nothing else does */
static struct work begin_on(int vgem, __u32 buffer)
{
	struct work w = { .timeline = -1, .vgem = vgem };
	int dmabuf = drm_export(vgem, buffer, DRM_RDWR);
	int fence = vgem_begin(vgem, buffer);

	CHECK(dmabuf >= 0);
	CHECK(fence > 0);
	w.fence = fence;
	w.sync = idle_fence(dmabuf);
	CHECK(w.sync >= 0);
	close(dmabuf);
	return w;
}

static struct work begin_vgem(int vgem)
{
	__u32 buffer = drm_create(vgem, PAGE);
	struct work w;

	CHECK(buffer);
	w = begin_on(vgem, buffer);
	/* the fence stays */
	CHECK(!drm_close(vgem, buffer));
	return w;
}

static struct work begin(int vgem)
{
	struct work w = { .timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC) };

	if (w.timeline < 0)
		return begin_vgem(vgem);
	w.sync = sw_sync_fence(w.timeline, 1);
	CHECK(w.sync >= 0);
	return w;
}

/* 0, or -ETIMEDOUT where vgem has lost its patience before */
static int end(struct work *w)
{
	close(w->sync);
	w->sync = -1;
	return w->timeline < 0 ? vgem_end(w->vgem, w->fence) :
				 sw_sync_advance(w->timeline, 1);
}

/* A sync_file of both; -errno */
static int merge(int sync, int other)
{
	struct sync_merge_data arg = { .name = "both", .fd2 = other };

	return ioctl(sync, SYNC_IOC_MERGE, &arg) ? -errno : arg.fence;
}

FIXTURE(fence)
{
	int dev;
	int fd;		/* a region, whose creator's handle it is */
	int vgem;
	struct work work;
};

FIXTURE_SETUP(fence)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, a_name("fence"), PAGE);
	ASSERT_LE(0, self->fd);
	self->vgem = drm_open("vgem");
	ASSERT_LE(0, self->vgem);
	self->work = begin(self->vgem);
}

FIXTURE_TEARDOWN(fence)
{
	close(self->work.sync);
	close(self->work.timeline);
	close(self->vgem);
	close(self->fd);
	close(self->dev);
}

/* ---- it notifies ---- */

TEST_F(fence, wakes_a_sleeper)
{
	pid_t pid;

	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	pid = spawn();
	if (!pid)
		_exit(!!wait_until(self->fd, patience()));
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, info(self->fd).sequence);
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).fences);
}

TEST_F(fence, wakes_a_poller)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	pid_t pid;

	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	pid = spawn();
	if (!pid)
		_exit(poll(&p, 1, PATIENCE_MS) != 1 || p.revents != POLLIN ||
		      read_count(self->fd) != 1);
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, info(self->fd).sequence);
}

TEST_F(fence, wakes_epoll)
{
	int level = watch(self->fd, EPOLLIN);
	int edge = watch(self->fd, EPOLLIN | EPOLLET);

	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, ready(level, 0));
	EXPECT_EQ(0, ready(edge, 0));
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(EPOLLIN, ready(level, PATIENCE_MS));
	EXPECT_EQ(EPOLLIN, ready(edge, PATIENCE_MS));
	EXPECT_EQ(EPOLLIN, ready(level, 0));
	EXPECT_EQ(0, ready(edge, 0));
	EXPECT_EQ(1, read_count(self->fd));
	EXPECT_EQ(0, ready(level, 0));
	close(level);
	close(edge);
}

TEST_F(fence, wakes_everyone)
{
	enum { SLEEPERS = 6 };
	pid_t pids[SLEEPERS];
	int i;

	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	for (i = 0; i < SLEEPERS; i++) {
		pids[i] = spawn();
		if (!pids[i]) {
			int fd = reopen_as(self->fd, ZINC_RDONLY);

			_exit(!!wait_until(fd, patience()));
		}
	}
	for (i = 0; i < SLEEPERS; i++)
		EXPECT_TRUE(falls_asleep(pids[i]));
	EXPECT_EQ(0, end(&self->work));
	for (i = 0; i < SLEEPERS; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(1, info(self->fd).sequence);
}

TEST_F(fence, signalled_before_is_at_once)
{
	int sync = dup(self->work.sync);

	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(0, notify_on_fence(self->fd, sync));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).fences);
	EXPECT_EQ(0, info(self->fd).fence_errors);
	EXPECT_EQ(0, wait_until(self->fd, 0));
	/* as often as one asks */
	EXPECT_EQ(0, notify_on_fence(self->fd, sync));
	EXPECT_EQ(2, info(self->fd).sequence);
	close(sync);
}

TEST_F(fence, of_a_buffer_that_nothing_works_on)
{
	int dmabuf = export_region(self->fd, 0);
	int sync = idle_fence(dmabuf);

	ASSERT_LE(0, sync);
	EXPECT_EQ(0, notify_on_fence(self->fd, sync));
	EXPECT_EQ(1, info(self->fd).sequence);
	close(sync);
	close(dmabuf);
}

TEST_F(fence, its_descriptor_may_be_closed)
{
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	close(self->work.sync);
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(1, info(self->fd).sequence);
}

TEST_F(fence, belongs_to_the_region_not_to_the_handle)
{
	int fd = reopen_as(self->fd, 0);

	EXPECT_EQ(0, notify_on_fence(fd, self->work.sync));
	close(fd);
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(1, info(self->fd).sequence);
}

TEST_F(fence, twice_asked_is_twice_told)
{
	int other = create(self->dev, "", PAGE);

	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, notify_on_fence(other, self->work.sync));
	EXPECT_EQ(2, info(self->fd).fences);
	EXPECT_EQ(1, info(other).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(2, info(self->fd).sequence);
	EXPECT_EQ(1, info(other).sequence);
	close(other);
}

TEST_F(fence, mixes_with_other_notifies)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, h);
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, notify(self->fd));
	notify_free(self->fd, h);
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(3, LOAD(h->notify_seq));
	unmap_header(h);
}

TEST_F(fence, of_many_sync_files_waits_for_all)
{
	struct work second = begin(self->vgem), third = begin(self->vgem);
	int two = merge(self->work.sync, second.sync);
	int three = merge(two, third.sync);

	ASSERT_LE(0, three);
	EXPECT_EQ(0, notify_on_fence(self->fd, three));
	close(two);
	close(three);
	EXPECT_EQ(0, end(&third));
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(0, info(self->fd).sequence);
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end(&second));
	/* the kernel puts the last word off to an interrupt */
	EXPECT_EQ(0, wait_until(self->fd, patience()));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).fences);
}

/* Only vgem's timer signals this one, in an interrupt */
TEST_F_TIMEOUT(fence, signalled_by_an_interrupt, LONG)
{
	struct work work = begin_vgem(self->vgem);
	int ep = watch(self->fd, EPOLLIN);
	pid_t pid;

	EXPECT_EQ(0, notify_on_fence(self->fd, work.sync));
	pid = spawn();
	/* by another handle: a wait moves the cursor that epoll goes by */
	if (!pid)
		_exit(!!wait_until(reopen_as(self->fd, 0), ZINC_DEADLINE_NEVER));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(-ETIMEDOUT, end(&work));
	EXPECT_EQ(1, info(self->fd).sequence);
	close(ep);
}

/* Processes that watch @fd edge-triggered; some of them exclusively */
static void crowd(int *eps, int count, int fd)
{
	int i;

	for (i = 0; i < count; i++) {
		eps[i] = watch(fd, EPOLLIN | EPOLLET | (i % 3 ? 0 : EPOLLEXCLUSIVE));
		CHECK(eps[i] >= 0);
	}
}

/* From a batch on, which is 64, they are woken by a work item */
TEST_F(fence, wakes_a_crowd)
{
	static const int counts[] = { 1, 63, 64, 65, 200 };
	struct zinc_wait wait = wait_args(ZINC_WAIT_CURSOR, 0, patience());
	int eps[200], again[200], i;
	unsigned int n;
	struct work w;
	pid_t pid;

	for (n = 0; n < ARRAY_SIZE(counts); n++) {
		w = begin(self->vgem);
		crowd(eps, counts[n], self->fd);
		wait.cursor = n;
		pid = spawn();
		if (!pid)
			_exit(!!call(reopen_as(self->fd, 0), ZINC_IOC_REGION_WAIT, &wait));
		EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == counts[n] + 1));
		ASSERT_EQ(0, notify_on_fence(self->fd, w.sync));
		EXPECT_EQ(0, end(&w));
		EXPECT_EQ(0, reap(pid));
		for (i = 0; i < counts[n]; i++)
			again[i] = ready(eps[i], PATIENCE_MS / 4);
		for (i = 0; i < counts[n]; i++) {
			EXPECT_EQ(EPOLLIN, again[i]) TH_LOG("%d of %d", i, counts[n]);
			close(eps[i]);
		}
		/* they go by its cursor */
		EXPECT_EQ(1, read_count(self->fd));
		close(w.timeline);
	}
}

/* The work item has not run yet when the region and all its waiters end */
TEST_F_TIMEOUT(fence, a_region_goes_before_its_crowd_is_woken, LONG)
{
	int eps[100], round, i;

	for (round = 0; round < 30; round++) {
		struct work w = begin(self->vgem);
		int fd = create(self->dev, "", PAGE);

		ASSERT_LE(0, fd);
		crowd(eps, ARRAY_SIZE(eps), fd);
		ASSERT_EQ(0, notify_on_fence(fd, w.sync));
		EXPECT_EQ(0, end(&w));
		close(fd);
		for (i = 0; i < ARRAY_SIZE(eps); i++)
			close(eps[i]);
		close(w.timeline);
	}
}

TEST_F_TIMEOUT(fence, a_thousand, LONG)
{
	enum { COUNT = 1000 };
	struct work *work = calloc(COUNT, sizeof(*work));
	struct zinc_info i;
	int n;

	ASSERT_NE(NULL, work);
	for (n = 0; n < COUNT; n++) {
		work[n] = begin_vgem(self->vgem);
		ASSERT_EQ(0, notify_on_fence(self->fd, work[n].sync));
		close(work[n].sync);
	}
	/* where this took vgem's 10 s, some are through */
	i = info(self->fd);
	EXPECT_LE(i.fences, COUNT);
	EXPECT_GE(i.fences + i.sequence, COUNT);
	for (n = COUNT; n--; ) {
		end(&work[n]);
		i = info(self->fd);
		ASSERT_EQ(COUNT, i.fences + i.sequence);
		ASSERT_LE(COUNT - n, i.sequence);
	}
	EXPECT_EQ(0, i.fences);
	EXPECT_EQ(COUNT, i.sequence);
	EXPECT_EQ(COUNT, read_count(self->fd));
	free(work);
}

/* ---- it is refused ---- */

TEST_F_TIMEOUT(fence, limit, LONG)
{
	struct work last = begin(self->vgem);
	int other = create(self->dev, "", PAGE);
	struct zinc_notify_fence arg;
	int n;

	for (n = 0; n < ZINC_FENCES_MAX - 1; n++)
		ASSERT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, notify_on_fence(self->fd, last.sync));
	arg = (struct zinc_notify_fence){ .fence_fd = last.sync };
	EXPECT_EQ(-EBUSY, refused(self->fd, ZINC_IOC_REGION_NOTIFY_FENCE, &arg));
	EXPECT_EQ(ZINC_FENCES_MAX, info(self->fd).fences);
	EXPECT_EQ(0, info(self->fd).sequence);
	/* each region has its own */
	EXPECT_EQ(0, notify_on_fence(other, last.sync));
	EXPECT_EQ(0, end(&last));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(ZINC_FENCES_MAX - 1, info(self->fd).fences);
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(-EBUSY, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(ZINC_FENCES_MAX + 1, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).fences);
	EXPECT_EQ(1, info(other).sequence);
	close(other);
}

TEST_F(fence, of_no_sync_file)
{
	int dmabuf = export_region(self->fd, 0);
	int closed = dup(self->work.sync);
	int fds[] = {
		-1, INT_MAX, closed, self->dev, self->fd, self->vgem, dmabuf,
		eventfd(0, EFD_CLOEXEC), epoll_create1(EPOLL_CLOEXEC),
		open("/dev/null", O_RDWR | O_CLOEXEC),
		open("/proc/self/fd", O_PATH | O_CLOEXEC),
	};
	unsigned int i;

	close(closed);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		struct zinc_notify_fence arg = { .fence_fd = fds[i] };

		EXPECT_EQ(-EBADF, refused(self->fd, ZINC_IOC_REGION_NOTIFY_FENCE, &arg));
	}
	EXPECT_EQ(0, info(self->fd).fences);
	EXPECT_EQ(0, info(self->fd).sequence);
	for (i = 6; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

TEST_F(fence, flags)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		struct zinc_notify_fence arg = {
			.fence_fd = self->work.sync,
			.flags = 1U << bit,
		};

		EXPECT_EQ(-EINVAL, refused(self->fd, ZINC_IOC_REGION_NOTIFY_FENCE, &arg));
	}
	EXPECT_EQ(0, info(self->fd).fences);
}

TEST_F(fence, read_only_handle)
{
	int fd = reopen_as(self->fd, ZINC_RDONLY);

	EXPECT_EQ(-EBADF, notify_on_fence(fd, self->work.sync));
	EXPECT_EQ(0, info(self->fd).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(0, info(self->fd).sequence);
	close(fd);
}

/* ---- what goes while it is pending ---- */

/* The regions of the machine, of which tests have no others at their end */
static long count_regions(void)
{
	const char *at = file_text("/sys/kernel/debug/zinc/regions");
	long lines = -1;	/* the headline */

	while ((at = strchr(at, '\n'))) {
		lines++;
		at++;
	}
	return lines;
}

TEST_F(fence, the_region)
{
	struct zinc_query before = query(self->dev);
	int fd = create(self->dev, "", PAGE);
	struct work second = begin(self->vgem);

	EXPECT_EQ(0, notify_on_fence(fd, self->work.sync));
	EXPECT_EQ(0, notify_on_fence(fd, second.sync));
	/* the other region's own is not forgotten with it */
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	close(fd);
	EXPECT_EQ(before.user_regions, query(self->dev).user_regions);
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
	EXPECT_EQ(0, end(&second));
	EXPECT_EQ(0, info(self->fd).sequence);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(1, info(self->fd).sequence);
}

TEST_F(fence, the_name)
{
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(1, info(self->fd).sequence);
}

TEST_F(fence, the_last_handle_of_a_persistent_region)
{
	const char *name = a_name("persist");
	int fd = create_as(self->dev, name, PAGE, 0, ZINC_LIFETIME_PERSIST, 0);

	EXPECT_EQ(0, notify_on_fence(fd, self->work.sync));
	close(fd);
	EXPECT_EQ(0, end(&self->work));
	fd = open_name(self->dev, name);
	EXPECT_EQ(1, info(fd).sequence);
	EXPECT_EQ(0, unlink_name(self->dev, name));
	close(fd);
}

TEST_F(fence, the_owner)
{
	int sockets[2];
	pid_t pid;
	int fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = spawn();
	if (!pid) {
		fd = create(self->dev, "", PAGE);
		CHECK(!notify_on_fence(fd, self->work.sync));
		CHECK(!send_fd(sockets[1], fd));
		pause();
	}
	fd = receive_fd(sockets[0]);
	ASSERT_LE(0, fd);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(1, info(fd).fences);
	EXPECT_EQ(0, info(fd).sequence);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(1, info(fd).sequence);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(fence, every_holder)
{
	long regions = count_regions();
	int ready[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	pid = spawn();
	if (!pid) {
		int fd = create(self->dev, "", PAGE);

		CHECK(!notify_on_fence(fd, self->work.sync));
		CHECK(write(ready[1], "", 1) == 1);
		wait_until(fd, ZINC_DEADLINE_NEVER);
		_exit(1);
	}
	EXPECT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(regions + 1, count_regions());
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(EVENTUALLY(count_regions() == regions));
	EXPECT_EQ(0, end(&self->work));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(fence, its_producer)
{
	int sockets[2];
	pid_t pid;
	int sync;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = spawn();
	if (!pid) {
		struct work w = begin_vgem(drm_open("vgem"));

		CHECK(!send_fd(sockets[1], w.sync));
		pause();
	}
	sync = receive_fd(sockets[0]);
	ASSERT_LE(0, sync);
	EXPECT_EQ(0, notify_on_fence(self->fd, sync));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, wait_until(self->fd, patience()));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).fence_errors);
	close(sync);
	close(sockets[0]);
	close(sockets[1]);
}

/* ---- races: what the sanitizers of a kernel for debugging look at ---- */

struct race {
	pthread_barrier_t start;
	struct work work;
	int rounds;
};

static void *signal_each(void *arg)
{
	struct race *r = arg;
	int i;

	for (i = 0; i < r->rounds; i++) {
		pthread_barrier_wait(&r->start);
		vgem_end(r->work.vgem, r->work.fence);
		pthread_barrier_wait(&r->start);
	}
	return NULL;
}

/* Ever other moments, so that the race is won now by one, now by the other */
static void dawdle(int i)
{
	volatile int n = i % 64 * 50;

	while (n > 0)
		n--;
}

TEST_F_TIMEOUT(fence, signal_races_close, LONG)
{
	long regions = count_regions();
	struct race r = { .rounds = RACES };
	__u64 bytes = query(self->dev).user_bytes;
	__u32 buffer = drm_create(self->vgem, PAGE);
	pthread_t thread;
	int i, fd;

	ASSERT_EQ(0, pthread_barrier_init(&r.start, NULL, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_each, &r));
	for (i = 0; i < RACES; i++) {
		fd = create(self->dev, "", PAGE);
		r.work = begin_on(self->vgem, buffer);
		EXPECT_EQ(0, notify_on_fence(fd, r.work.sync));
		EXPECT_EQ(0, notify_on_fence(fd, r.work.sync));
		close(r.work.sync);
		pthread_barrier_wait(&r.start);
		dawdle(i);
		close(fd);
		pthread_barrier_wait(&r.start);
	}
	pthread_join(thread, NULL);
	EXPECT_TRUE(EVENTUALLY(count_regions() == regions));
	EXPECT_EQ(bytes, query(self->dev).user_bytes);
}

TEST_F_TIMEOUT(fence, signal_races_asking, LONG)
{
	struct race r = { .rounds = RACES };
	__u32 buffer = drm_create(self->vgem, PAGE);
	pthread_t thread;
	int i;

	ASSERT_EQ(0, pthread_barrier_init(&r.start, NULL, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_each, &r));
	for (i = 0; i < RACES; i++) {
		r.work = begin_on(self->vgem, buffer);
		pthread_barrier_wait(&r.start);
		dawdle(i);
		EXPECT_EQ(0, notify_on_fence(self->fd, r.work.sync));
		pthread_barrier_wait(&r.start);
		close(r.work.sync);
		ASSERT_EQ(i + 1, info(self->fd).sequence);
		ASSERT_EQ(0, info(self->fd).fences);
	}
	pthread_join(thread, NULL);
}

/* ---- errors ---- */

TEST_F(fence, error_is_counted_and_told)
{
	int timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	struct zinc_info i;
	int one, two;

	if (timeline < 0)
		SKIP(return, "no " SW_SYNC ": only there a fence can be made to fail");
	one = sw_sync_fence(timeline, 1);
	two = sw_sync_fence(timeline, 2);
	ASSERT_LE(0, two);
	EXPECT_EQ(0, notify_on_fence(self->fd, one));
	EXPECT_EQ(0, notify_on_fence(self->fd, two));
	EXPECT_EQ(0, sw_sync_advance(timeline, 1));
	i = info(self->fd);
	EXPECT_EQ(1, i.sequence);
	EXPECT_EQ(0, i.fence_errors);
	EXPECT_EQ(0, i.fence_error);
	close(timeline);
	i = info(self->fd);
	EXPECT_EQ(2, i.sequence);
	EXPECT_EQ(0, i.fences);
	EXPECT_EQ(1, i.fence_errors);
	EXPECT_EQ(-ENOENT, i.fence_error);
	/* one that has failed already */
	EXPECT_EQ(0, notify_on_fence(self->fd, two));
	EXPECT_EQ(2, info(self->fd).fence_errors);
	EXPECT_EQ(3, info(self->fd).sequence);
	/* which fences without an error do not change */
	EXPECT_EQ(0, notify_on_fence(self->fd, one));
	i = info(self->fd);
	EXPECT_EQ(4, i.sequence);
	EXPECT_EQ(2, i.fence_errors);
	EXPECT_EQ(-ENOENT, i.fence_error);
	close(one);
	close(two);
}

TEST_F(fence, error_of_one_of_many)
{
	int timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	int one, both;

	if (timeline < 0)
		SKIP(return, "no " SW_SYNC ": only there a fence can be made to fail");
	one = sw_sync_fence(timeline, 1);
	ASSERT_LE(0, one);
	both = merge(self->work.sync, one);
	ASSERT_LE(0, both);
	EXPECT_EQ(0, notify_on_fence(self->fd, both));
	close(both);
	close(timeline);
	EXPECT_EQ(0, info(self->fd).sequence);
	EXPECT_EQ(0, end(&self->work));
	EXPECT_EQ(0, wait_until(self->fd, patience()));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(1, info(self->fd).fence_errors);
	EXPECT_EQ(-ENOENT, info(self->fd).fence_error);
	close(one);
}

/* ---- observability ---- */

TEST_F(fence, fdinfo)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	EXPECT_NE(NULL, strstr(file_text(path), "\nzinc-fences:\t0\n"));
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_NE(NULL, strstr(file_text(path), "\nzinc-fences:\t1\n"));
	EXPECT_EQ(0, end(&self->work));
	EXPECT_NE(NULL, strstr(file_text(path), "\nzinc-fences:\t0\n"));
}

static bool traced(const char *event, __u64 id, const char *rest)
{
	char line[128];

	snprintf(line, sizeof(line), "%s: id=%llu%s\n", event, id, rest);
	return strstr(file_text(TRACING "/trace"), line);
}

TEST_F(fence, tracepoints)
{
	__u64 id = info(self->fd).id;

	if (write_text(EVENTS "/zinc_fence_pending/enable", "1") ||
	    write_text(EVENTS "/zinc_fence_signalled/enable", "1"))
		SKIP(return, "no " EVENTS ": needs root and tracefs");
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	EXPECT_EQ(-EBADF, notify_on_fence(self->fd, self->dev));
	EXPECT_FALSE(traced("zinc_fence_pending", id, ""));
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_TRUE(traced("zinc_fence_pending", id, ""));
	EXPECT_FALSE(traced("zinc_fence_signalled", id, " error=0"));
	EXPECT_EQ(0, end(&self->work));
	EXPECT_TRUE(traced("zinc_fence_signalled", id, " error=0"));
	write_text(EVENTS "/enable", "0");
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

/* ---- unloading ---- */

/* 0, or -errno; does not wait for users to go */
static int unload(void)
{
	return syscall(SYS_delete_module, "zinc", O_NONBLOCK) ? -errno : 0;
}

static int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err;
}

TEST_F(fence, the_module)
{
	const char *path = getenv("ZINC_KO");
	struct work second;

	if (geteuid() || !path || access(path, R_OK))
		SKIP(return, "needs root and, in ZINC_KO, zinc.ko to load again");
	close(self->dev);
	EXPECT_EQ(0, notify_on_fence(self->fd, self->work.sync));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(self->fd);
	/* pending still, and forgotten */
	EXPECT_TRUE(EVENTUALLY(!unload()));
	EXPECT_EQ(-1, access(DEVICE, F_OK));
	EXPECT_EQ(0, end(&self->work));
	ASSERT_EQ(0, load(path));

	/* signalled, and perhaps not freed yet */
	self->dev = open_device();
	self->fd = create(self->dev, "", PAGE);
	close(self->dev);
	second = begin(self->vgem);
	EXPECT_EQ(0, notify_on_fence(self->fd, second.sync));
	EXPECT_EQ(0, end(&second));
	EXPECT_EQ(1, info(self->fd).sequence);
	close(self->fd);
	EXPECT_TRUE(EVENTUALLY(!unload()));
	ASSERT_EQ(0, load(path));
	self->dev = -1;
	self->fd = -1;
}

TEST_HARNESS_MAIN
