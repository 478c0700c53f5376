// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRIME: DRM drivers import a region's dma-buf. That it is the same memory is
 * seen by the numbers of the page frames, and that nothing stays is seen by
 * the kernel's own books, after every order in which things can go.
 *
 * ZINC_STRESS_SECONDS in the environment: how long the stress lasts.
 */
#include "abi.h"
#include "drm.h"

#define SIZE		(16 * PAGE)
#define FILL		0x5a
#define STRESS_SECONDS	20
#define STRESS_TIMEOUT	1200

/* Before the tests, whose time is limited: loading a driver may take long */
static void __attribute__((constructor(1001))) load_drivers(void)
{
	close(drm_open("vgem"));
	close(drm_open("cirrus"));
}

static void *map_filled(int fd)
{
	char *p = map_data(fd, SIZE, PROT_READ | PROT_WRITE);

	if (p)
		memset(p, FILL, SIZE);
	return p;
}

/* ---- what the kernel says of memory ---- */

/* The frames behind @size bytes at @p, which are there; 0: cannot be told */
static int get_frames(const void *p, size_t size, __u64 *frames)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t pages = size / PAGE, i;
	ssize_t n;

	n = pread(fd, frames, pages * 8, (uintptr_t)p / PAGE * 8);
	close(fd);
	if (n != (ssize_t)pages * 8)
		return 0;
	for (i = 0; i < pages; i++) {
		/* bit 63: present; bits 0 to 54: which, for the privileged */
		if (!(frames[i] >> 63))
			return 0;
		frames[i] &= (1ULL << 55) - 1;
		if (!frames[i])
			return 0;
	}
	return pages;
}

/* A field of /proc/self/smaps, in bytes, of the mapping that begins at @p */
static long smaps(const void *p, const char *field)
{
	char line[256], begin[32], format[32];
	FILE *f = fopen("/proc/self/smaps", "re");
	bool here = false;
	long kb = -1;

	snprintf(begin, sizeof(begin), "%lx-", (unsigned long)p);
	snprintf(format, sizeof(format), "%s: %%ld kB", field);
	while (kb < 0 && f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, begin, strlen(begin)))
			here = true;
		else if (here && sscanf(line, format, &kb) != 1)
			kb = -1;
	}
	if (f)
		fclose(f);
	return kb < 0 ? -1 : kb * 1024;
}

/* The state that the tests must leave as they found it */
struct books {
	__u64 regions;		/* of this user */
	__u64 bytes;
	long buffers;		/* dma-bufs of regions, of the machine */
	unsigned long users;	/* of the module */
};

static struct books look(int dev)
{
	struct zinc_query q = query(dev);
	struct books b = {
		.regions = q.user_regions,
		.bytes = q.user_bytes,
		.buffers = count_buffers("zinc"),
		.users = strtoul(file_text(MODULE "/refcnt"), NULL, 10),
	};

	return b;
}

static bool is_as(int dev, const struct books *before)
{
	struct books now = look(dev);

	return !memcmp(&now, before, sizeof(now));
}

static void show(const char *when, struct books b)
{
	fprintf(stderr, "# %s: %llu regions, %llu bytes, %ld buffers, %lu users\n",
		when, b.regions, b.bytes, b.buffers, b.users);
}

/* ---- with each driver ---- */

FIXTURE(prime)
{
	int dev;
	int drm;	/* -ENODEV: this device does not exist */
	struct books before;
	int fd;		/* a region, full of FILL */
	char *data;
	int buf;	/* its dma-buf */
	__u32 handle;	/* the driver's */
};

FIXTURE_VARIANT(prime)
{
	const char *driver;
	const char *missing;
};

FIXTURE_VARIANT_ADD(prime, vgem)
{
	.driver = "vgem",
	.missing = "no vgem",
};

FIXTURE_VARIANT_ADD(prime, cirrus)
{
	.driver = "cirrus",
	.missing = "no cirrus adapter",
};

FIXTURE_SETUP(prime)
{
	self->drm = drm_open(variant->driver);
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->before = look(self->dev);
	self->fd = create(self->dev, a_name("prime"), SIZE);
	ASSERT_LE(0, self->fd);
	self->data = map_filled(self->fd);
	ASSERT_NE(NULL, self->data);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	/* each test says then that it is skipped */
	if (self->drm < 0)
		return;
	EXPECT_EQ(0, info(self->fd).attachments);
	ASSERT_EQ(0, drm_import(self->drm, self->buf, &self->handle));
}

/* Everything is closed here a second time where a test has done so */
FIXTURE_TEARDOWN(prime)
{
	munmap(self->data, SIZE);
	close(self->buf);
	close(self->fd);
	close(self->drm);
	if (!EVENTUALLY(is_as(self->dev, &self->before))) {
		show("before", self->before);
		show("after", look(self->dev));
		EXPECT_TRUE(false);
	}
	close(self->dev);
}

TEST_F(prime, is_attached_and_says_so)
{
	char path[64];

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	EXPECT_EQ(1, info(self->fd).attachments);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	EXPECT_NE(NULL, strstr(file_text(path), "\nzinc-attachment:\t"));
	EXPECT_EQ(0, drm_close(self->drm, self->handle));
	EXPECT_TRUE(EVENTUALLY(!info(self->fd).attachments));
	EXPECT_EQ(NULL, strstr(file_text(path), "\nzinc-attachment:\t"));
}

TEST_F(prime, the_same_buffer_has_the_same_handle)
{
	__u32 again = 0;
	int buf, other;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	EXPECT_EQ(0, drm_import(self->drm, self->buf, &again));
	EXPECT_EQ(self->handle, again);
	/* regardless of the descriptor, and of its creator */
	buf = export_region(self->fd, 0);
	EXPECT_EQ(0, drm_import(self->drm, buf, &again));
	EXPECT_EQ(self->handle, again);
	EXPECT_EQ(1, info(self->fd).attachments);
	/* another opener of the device is another importer */
	other = drm_open(variant->driver);
	EXPECT_EQ(0, drm_import(other, buf, &again));
	EXPECT_EQ(2, info(self->fd).attachments);
	close(other);
	EXPECT_TRUE(EVENTUALLY(info(self->fd).attachments == 1));
	close(buf);
}

TEST_F(prime, exported_again_it_is_the_same)
{
	int again;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	again = drm_export(self->drm, self->handle, DRM_RDWR);
	ASSERT_LE(0, again);
	EXPECT_EQ(buffer_id(self->buf), buffer_id(again));
	close(again);
}

TEST_F(prime, there_is_no_second_copy)
{
	__u64 before[16], ours[16], theirs[16];
	char *p, *own;
	int again;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	again = drm_export(self->drm, self->handle, DRM_RDWR);
	p = map_buffer(again, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, FILL, SIZE));
	p[3] = 1;
	EXPECT_EQ(1, self->data[3]);
	/* both are mapped, and their memory is there once */
	EXPECT_EQ(SIZE, info(self->fd).resident);
	EXPECT_EQ(SIZE, smaps(self->data, "Rss"));
	EXPECT_EQ(SIZE, smaps(p, "Rss"));
	EXPECT_EQ(SIZE / 2, smaps(self->data, "Pss"));
	EXPECT_EQ(SIZE / 2, smaps(p, "Pss"));
	if (!get_frames(self->data, SIZE, ours))
		SKIP(goto out, "no page frame numbers: needs root");
	EXPECT_EQ(16, get_frames(p, SIZE, theirs));
	EXPECT_EQ(0, memcmp(ours, theirs, sizeof(ours)));
	/* a driver that maps what it has imported maps the same */
	own = drm_map(self->drm, self->handle, SIZE);
	if (own) {
		EXPECT_EQ(1, own[3]);
		EXPECT_EQ(FILL, own[SIZE - 1]);
		EXPECT_EQ(16, get_frames(own, SIZE, theirs));
		EXPECT_EQ(0, memcmp(ours, theirs, sizeof(ours)));
		munmap(own, SIZE);
	}
	/* they stay where they are while the device has them */
	memcpy(before, ours, sizeof(before));
	EXPECT_EQ(0, write_text("/proc/sys/vm/compact_memory", "1"));
	madvise(self->data, SIZE, MADV_DONTNEED);
	EXPECT_TRUE(all_are(self->data + 4, FILL, SIZE - 4));
	EXPECT_EQ(16, get_frames(self->data, SIZE, ours));
	EXPECT_EQ(0, memcmp(ours, before, sizeof(ours)));
out:
	munmap(p, SIZE);
	close(again);
}

/* ---- every order ---- */

TEST_F(prime, the_region_goes_first)
{
	struct zinc_query q;
	char *p;
	int buf;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	munmap(self->data, SIZE);
	close(self->buf);
	close(self->fd);
	q = query(self->dev);
	EXPECT_EQ(self->before.regions, q.user_regions);
	/* the device's memory still counts */
	EXPECT_EQ(self->before.bytes + SIZE, q.user_bytes);
	buf = drm_export(self->drm, self->handle, DRM_RDWR);
	p = map_buffer(buf, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, FILL, SIZE));
	munmap(p, SIZE);
	close(buf);
	EXPECT_EQ(0, drm_close(self->drm, self->handle));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == self->before.bytes));
}

TEST_F(prime, the_handle_goes_first)
{
	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	EXPECT_EQ(0, drm_close(self->drm, self->handle));
	EXPECT_TRUE(EVENTUALLY(!info(self->fd).attachments));
	EXPECT_TRUE(all_are(self->data, FILL, SIZE));
	/* and can come again */
	EXPECT_EQ(0, drm_import(self->drm, self->buf, &self->handle));
	EXPECT_EQ(1, info(self->fd).attachments);
}

TEST_F(prime, the_device_goes_first)
{
	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	close(self->drm);
	EXPECT_TRUE(EVENTUALLY(!info(self->fd).attachments));
	EXPECT_TRUE(all_are(self->data, FILL, SIZE));
}

TEST_F(prime, the_buffer_goes_first)
{
	int again;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	close(self->buf);
	EXPECT_EQ(1, info(self->fd).attachments);
	again = export_region(self->fd, 0);
	EXPECT_EQ(0, drm_import(self->drm, again, &self->handle));
	EXPECT_EQ(1, info(self->fd).attachments);
	close(again);
}

TEST_F(prime, the_importer_is_killed)
{
	int ready[2];
	pid_t pid;
	char c;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	ASSERT_EQ(0, pipe(ready));
	pid = spawn();
	if (!pid) {
		int drm = drm_open(variant->driver);
		__u32 handle;

		CHECK(!drm_import(drm, self->buf, &handle));
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	EXPECT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(2, info(self->fd).attachments);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(EVENTUALLY(info(self->fd).attachments == 1));
	EXPECT_TRUE(all_are(self->data, FILL, SIZE));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(prime, everyone_is_killed)
{
	pid_t pid;

	if (self->drm < 0)
		SKIP(return, "%s", variant->missing);
	pid = spawn();
	if (!pid) {
		int fd = create(self->dev, "", SIZE);
		int drm = drm_open(variant->driver);
		__u32 handle;

		CHECK(map_filled(fd));
		CHECK(!drm_import(drm, export_region(fd, 0), &handle));
		raise(SIGKILL);
	}
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	/* the teardown sees whether it is all gone */
}

/* ---- vgem alone ---- */

FIXTURE(vgem)
{
	int dev;
	int vgem;
};

FIXTURE_SETUP(vgem)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->vgem = drm_open("vgem");
}

FIXTURE_TEARDOWN(vgem)
{
	close(self->vgem);
	close(self->dev);
}

/* Its buffer is a region, and as a region's dma-buf comes home */
TEST_F(vgem, its_own_buffer_comes_back)
{
	__u32 handle, again = 0;
	int buf, fd, exported;

	if (self->vgem < 0)
		SKIP(return, "no vgem");
	handle = drm_create(self->vgem, SIZE);
	buf = drm_export(self->vgem, handle, DRM_RDWR);
	fd = import_dmabuf(self->dev, "", buf);
	ASSERT_LE(0, fd);
	exported = export_region(fd, 0);
	EXPECT_EQ(0, drm_import(self->vgem, exported, &again));
	EXPECT_EQ(handle, again);
	EXPECT_EQ(0, info(fd).attachments);
	close(exported);
	close(fd);
	close(buf);
}

/* A device works on the region, and its being done notifies the region */
TEST_F(vgem, what_it_does_with_a_region_notifies_it)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	int fd = create(self->dev, "", SIZE);
	int buf = export_region(fd, 0);
	int sync, fence;
	__u32 handle;

	if (self->vgem < 0)
		SKIP(return, "no vgem");
	ASSERT_EQ(0, drm_import(self->vgem, buf, &handle));
	fence = vgem_begin(self->vgem, handle);
	ASSERT_LT(0, fence);
	p.fd = buf;
	EXPECT_EQ(0, poll(&p, 1, 0));
	sync = idle_fence(buf);
	EXPECT_EQ(0, notify_on_fence(fd, sync));
	EXPECT_EQ(0, info(fd).sequence);
	EXPECT_EQ(0, vgem_end(self->vgem, fence));
	EXPECT_EQ(1, info(fd).sequence);
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	EXPECT_EQ(POLLIN | POLLOUT, p.revents);
	close(sync);
	close(buf);
	close(fd);
}

/* Work elsewhere that the buffer has to wait for */
TEST_F(vgem, a_region_takes_a_fence_in)
{
	struct dma_buf_import_sync_file in = { .flags = DMA_BUF_SYNC_WRITE };
	struct pollfd p = { .events = POLLIN };
	int fd = create(self->dev, "", SIZE);
	int buf = export_region(fd, 0);
	int other, fence;
	__u32 handle;

	if (self->vgem < 0)
		SKIP(return, "no vgem");
	handle = drm_create(self->vgem, PAGE);
	other = drm_export(self->vgem, handle, DRM_RDWR);
	fence = vgem_begin(self->vgem, handle);
	ASSERT_LT(0, fence);
	in.fd = idle_fence(other);
	EXPECT_EQ(0, ioctl(buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in));
	p.fd = buf;
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(0, vgem_end(self->vgem, fence));
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	close(in.fd);
	close(other);
	close(buf);
	close(fd);
}

/* A reader waits for the writers, too */
TEST_F(vgem, a_read_only_buffer_has_the_same_fences)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	int fd = create(self->dev, "", SIZE);
	int reader = export_region(fd, ZINC_RDONLY);
	int buf = export_region(fd, 0);
	int fence, sync;
	__u32 handle;

	if (self->vgem < 0)
		SKIP(return, "no vgem");
	ASSERT_EQ(0, drm_import(self->vgem, buf, &handle));
	fence = vgem_begin(self->vgem, handle);
	ASSERT_LT(0, fence);
	/* they belong to the memory, and outlive everything else */
	close(buf);
	p.fd = reader;
	EXPECT_EQ(0, poll(&p, 1, 0));
	sync = idle_fence(reader);
	EXPECT_EQ(0, notify_on_fence(fd, sync));
	EXPECT_EQ(0, info(fd).sequence);
	EXPECT_EQ(0, vgem_end(self->vgem, fence));
	EXPECT_EQ(1, info(fd).sequence);
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	EXPECT_EQ(POLLIN | POLLOUT, p.revents);
	close(sync);
	close(reader);
	close(fd);
}

/* ---- stress ---- */

enum { WORKERS = 4, SHARED = 3 };

struct shared {
	unsigned long cycles;
	unsigned long imports;
};

struct worker {
	int dev;
	int drm[2];
	unsigned int seed;
	struct shared *shared;
};

static unsigned int pick(struct worker *w, unsigned int below)
{
	return rand_r(&w->seed) % below;
}

/* A region of a name that others use as well, or one of its own */
static int some_region(struct worker *w)
{
	size_t size = (1 + pick(w, 64)) * PAGE;
	char name[32] = "";
	int fd;

	if (pick(w, 2)) {
		snprintf(name, sizeof(name), "stress-%u", pick(w, SHARED));
		fd = open_name(w->dev, name);
		if (fd >= 0)
			return fd;
	}
	/* which may lose against another */
	return create_as(w->dev, name, size,
			 pick(w, 2) ? ZINC_LAZY : 0, 0, 0);
}

/* Work by the device, which may be pending when everything goes */
static void some_fence(struct worker *w, int fd, int buf, __u32 handle)
{
	int fence = vgem_begin(w->drm[0], handle);
	int sync = idle_fence(buf);

	CHECK(sync >= 0);
	CHECK(!notify_on_fence(fd, sync));
	close(sync);
	if (fence > 0 && pick(w, 2))
		vgem_end(w->drm[0], fence);
}

static void churn_once(struct worker *w)
{
	int drm = w->drm[w->drm[1] < 0 ? 0 : pick(w, 2)];
	int fd = some_region(w), buf, region = -1;
	size_t size;
	__u32 handle;
	char *p;

	if (fd < 0)
		return;
	size = info(fd).capacity;
	buf = export_region(fd, 0);
	CHECK(buf >= 0);
	p = pick(w, 2) ? map_buffer(buf, size, PROT_READ | PROT_WRITE) :
			 map_data(fd, size, PROT_READ | PROT_WRITE);
	CHECK(p);
	p[pick(w, size)]++;
	CHECK(!drm_import(drm, buf, &handle));
	w->shared->imports++;
	if (drm == w->drm[0])
		some_fence(w, fd, buf, handle);
	if (pick(w, 2))
		region = import_dmabuf(w->dev, "", buf);
	if (pick(w, 2))
		close(fd);
	if (pick(w, 2))
		close(buf);
	p[pick(w, size)]++;
	munmap(p, size);
	drm_close(drm, handle);
	/* closed handles fail */
	close(fd);
	close(buf);
	close(region);
	w->shared->cycles++;
}

static pid_t start_worker(struct worker *w)
{
	pid_t pid = spawn();

	if (pid)
		return pid;
	w->seed = getpid();
	w->drm[0] = drm_find("vgem");
	w->drm[1] = drm_find("cirrus");
	CHECK(w->drm[0] >= 0);
	for (;;)
		churn_once(w);
}

static __u64 stress_until(void)
{
	const char *seconds = getenv("ZINC_STRESS_SECONDS");

	return after_ms(1000 * (seconds ? atoi(seconds) : STRESS_SECONDS));
}

/* Pages pinned and not yet let go, by whomever: file systems do it as well */
static long count_pins(void)
{
	const char *vmstat, *acquired, *released;

	/* each processor adds its own share to the sum when it likes to */
	if (write_text("/proc/sys/vm/stat_refresh", "1"))
		return 0;
	vmstat = file_text("/proc/vmstat");
	acquired = strstr(vmstat, "\nnr_foll_pin_acquired ");
	released = strstr(vmstat, "\nnr_foll_pin_released ");
	if (!acquired || !released)
		return 0;
	return strtol(strchr(acquired, ' '), NULL, 10) -
	       strtol(strchr(released, ' '), NULL, 10);
}

/* A line of /proc/meminfo */
static long meminfo_kb(const char *line)
{
	const char *at = strstr(file_text("/proc/meminfo"), line);

	return at ? strtol(at + strlen(line), NULL, 10) : 0;
}

static long available_kb(void)
{
	write_text("/proc/sys/vm/drop_caches", "3");
	return meminfo_kb("MemAvailable:");
}

/*
 * Memory that may be missing: the kernel's own caches and, on a debugging
 * kernel, freed memory that is not yet reused.
 */
static long slack_kb(void)
{
	long debugging = access("/sys/kernel/debug/kmemleak", F_OK) ? 0 :
			 meminfo_kb("MemTotal:") / 16;

	return 32 * 1024 + debugging;
}

TEST_F_TIMEOUT(vgem, stress, STRESS_TIMEOUT)
{
	struct worker w = { .dev = self->dev, .seed = 1 };
	pid_t pids[WORKERS] = { 0 };
	unsigned int kills = 0, i;
	struct books before;
	long memory, pins;
	__u64 until;

	if (self->vgem < 0)
		SKIP(return, "no vgem");
	w.shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, w.shared);
	before = look(self->dev);
	memory = available_kb();
	pins = count_pins();
	for (i = 0; i < WORKERS; i++)
		pids[i] = start_worker(&w);
	for (until = stress_until(); clock_ns(CLOCK_MONOTONIC) < until; kills++) {
		sleep_ms(pick(&w, 100));
		i = pick(&w, WORKERS);
		kill(pids[i], SIGKILL);
		/* 1: something that must not be has been seen, and said */
		ASSERT_EQ(128 + SIGKILL, reap(pids[i]));
		pids[i] = start_worker(&w);
	}
	for (i = 0; i < WORKERS; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, reap(pids[i]));
	}
	EXPECT_TRUE(EVENTUALLY(is_as(self->dev, &before)));
	show("before", before);
	show("after", look(self->dev));
	memory -= available_kb();
	pins = count_pins() - pins;
	fprintf(stderr, "# %lu cycles, %lu imports, %u kills; memory lost: %ld KiB, %ld pins\n",
		w.shared->cycles, w.shared->imports, kills, memory, pins);
	EXPECT_LT(0, w.shared->cycles);
	EXPECT_LT(0, kills);
	/* a leak of a page in each cycle is seen where there are many */
	EXPECT_GT(slack_kb(), memory);
	EXPECT_GT(100, pins);
	munmap(w.shared, PAGE);
}

TEST_HARNESS_MAIN
