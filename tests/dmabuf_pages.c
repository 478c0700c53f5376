// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages behind a region's dma-buf: when they are allocated, pinned, moved,
 * swapped and counted.
 */
#include "dmabuf_test.h"

#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/uio.h>

#define KLOG_READ_ALL	3	/* sys/klog.h lacks names */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#define SWAP		"/dev/ram0"
#define MAKE_SWAP	"modprobe brd rd_nr=1 rd_size=65536 2>/dev/null && " \
			"mkswap " SWAP " >/dev/null 2>&1"
#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/dmabuf-importer"
#define SWAP_CGROUP	CGROUPS "/dmabuf-importer-swap"

/* ---- pages ---- */

TEST_F(importer, an_attachment_makes_the_pages_of_a_lazy_region)
{
	int fd = create_as(self->dev, "", SMALL, ZINC_LAZY, 0, 0);
	int buf = export_region(fd, 0);
	int attachment;

	EXPECT_EQ(0, resident(fd));
	attachment = attach(self->imp, buf);
	EXPECT_LE(0, attachment);
	EXPECT_EQ(SMALL, resident(fd));
	EXPECT_EQ(0, drop(self->imp, attachment));
	/* they stay */
	EXPECT_EQ(SMALL, resident(fd));
	close(buf);
	close(fd);
}

TEST_F(importer, so_does_a_kernel_mapping)
{
	int fd = create_as(self->dev, "", SMALL, ZINC_LAZY, 0, 0);
	int buf = export_region(fd, 0);
	int object = vmap(self->imp, buf);

	EXPECT_LE(0, object);
	EXPECT_EQ(SMALL, resident(fd));
	EXPECT_EQ(0, attachments(fd));
	close(buf);
	close(fd);
}

TEST_F(importer, the_pages_that_are_there_stay)
{
	size_t size = HUGE + 4 * PAGE;
	int fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	int buf = export_region(fd, 0);
	__u8 *p = map_data(fd, size, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	p[0] = 21;
	p[HUGE + PAGE] = 23;
	EXPECT_LE(0, attach(self->imp, buf));
	EXPECT_EQ(size, resident(fd));
	EXPECT_EQ(21, p[0]);
	EXPECT_EQ(23, p[HUGE + PAGE]);
	EXPECT_TRUE(all_are(p + HUGE + 2 * PAGE, 0, 2 * PAGE));
	munmap(p, size);
	close(buf);
	close(fd);
}

/* Where the zone is whose pages must be free to move; false: there is none */
static bool find_movable(__u64 *from, __u64 *to)
{
	static const char zone[] = "zone  Movable\n", start[] = "start_pfn:";
	const char *at = strstr(file_text("/proc/zoneinfo"), zone);
	const char *spanned = at ? strstr(at, "spanned") : NULL;
	const char *first = at ? strstr(at, start) : NULL;

	if (!spanned || !first)
		return false;
	*from = strtoull(first + strlen(start), NULL, 10) * PAGE;
	*to = *from + strtoull(spanned + strlen("spanned"), NULL, 10) * PAGE;
	return *to > *from;
}

static unsigned int count_between(const char *data, size_t size, __u64 from,
				  __u64 to)
{
	unsigned int n = 0;
	size_t at;

	for (at = 0; at < size; at += PAGE) {
		__u64 address = physical(data + at);

		n += address >= from && address < to;
	}
	return n;
}

TEST_F(importer, attached_pages_are_not_in_the_way)
{
	const size_t size = 64 * SMALL;
	__u64 from, to;
	char *data;
	int fd, buf;

	if (!find_movable(&from, &to))
		SKIP(return, "no ZONE_MOVABLE: tests/vm/run --append movablecore=512M");
	fd = create(self->dev, "", size);
	data = map_data(fd, size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, data);
	memset(data, 7, size);
	TH_LOG("%u of %zu pages were in ZONE_MOVABLE",
	       count_between(data, size, from, to), size / PAGE);
	buf = export_region(fd, 0);
	ASSERT_LT(0, attach_in_time(self->imp, buf, IMPORTER_WIDE, 0));
	EXPECT_TRUE(all_are(data, 7, size));
	EXPECT_EQ(0, count_between(data, size, from, to));
	munmap(data, size);
	close(buf);
	close(fd);
}

/* Where the kernel has put contiguous memory, as it says; false: nowhere */
static bool find_cma(__u64 *from, __u64 *to)
{
	static char log[4 << 20];
	unsigned long long size, start;
	const char *at;

	klogctl(KLOG_READ_ALL, log, sizeof(log) - 1);
	at = strstr(log, "cma: Reserved ");
	if (!at || sscanf(at, "cma: Reserved %llu MiB at %llx", &size, &start) != 2)
		return false;
	*from = start;
	*to = start + (size << 20);
	return true;
}

/*
 * Before 6.11 the kernel cannot move a page out when it is pinned. Most memory
 * is for CMA, so that it is where a page is moved to which may move again.
 */
TEST_F(importer, no_page_is_pinned_in_contiguous_memory)
{
	int fd, buf, attachment;
	unsigned int inside;
	__u64 from, to;
	char *data;
	size_t at;

	if (!find_cma(&from, &to) || to - from < 1ULL << 30)
		SKIP(return, "not most memory is for CMA: tests/vm/run --append cma=1664M");
	fd = create(self->dev, "", SMALL);
	data = map_data(fd, SMALL, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, data);
	memset(data, 7, SMALL);
	EXPECT_EQ(0, count_between(data, SMALL, from, to));
	for (at = 0; at < SMALL; at += PAGE)
		ASSERT_EQ(0, madvise(data + at, PAGE, MADV_SOFT_OFFLINE));
	EXPECT_TRUE(all_are(data, 7, SMALL));
	inside = count_between(data, SMALL, from, to);
	TH_LOG("%u of %zu pages are in CMA", inside, SMALL / PAGE);
	ASSERT_LT(0, inside);
	buf = export_region(fd, 0);
	attachment = attach(self->imp, buf);
	if (attachment < 0) {
		EXPECT_EQ(-EBUSY, attachment);
		EXPECT_EQ(0, attachments(fd));
	} else {
		EXPECT_EQ(0, count_between(data, SMALL, from, to));
	}
	EXPECT_TRUE(all_are(data, 7, SMALL));
	munmap(data, SMALL);
	close(buf);
	close(fd);
}

TEST_F(importer, more_than_there_is_memory)
{
	int was = set_overcommit(1);
	int fd = create_as(self->dev, "", 1ULL << 40, ZINC_LAZY, 0, 0);
	int buf = export_region(fd, 0);

	ASSERT_LE(0, buf);
	EXPECT_EQ(-ENOMEM, attach(self->imp, buf));
	EXPECT_EQ(0, resident(fd));
	EXPECT_EQ(0, attachments(fd));
	close(buf);
	close(fd);
	set_overcommit(was);
}

/* Where this process stands still, what another does may end before it looks. */
#define TRIES	5

/* Kill a process that attaches. False: all pages were there before the signal. */
static bool is_killed_in_time(struct __test_metadata *_metadata, int dev)
{
	size_t size = 256 * HUGE;
	int imp = open_importer();
	int fd = create_as(dev, "", size, ZINC_LAZY, 0, 0);
	int buf = export_region(fd, 0);
	pid_t pid = spawn();
	bool in_time;
	int status;

	if (!pid)
		_exit(attach(imp, buf) < 0);
	EXPECT_TRUE(EVENTUALLY(resident(fd)));
	kill(pid, SIGKILL);
	status = reap(pid);
	in_time = resident(fd) < size;
	EXPECT_TRUE(status == 128 + SIGKILL || (!status && !in_time))
		TH_LOG("status %d", status);
	if (status)
		EXPECT_EQ(0, attachments(fd));
	close(imp);
	close(buf);
	close(fd);
	return in_time;
}

TEST_F(importer, a_killed_attachment_leaves_none)
{
	int tries = TRIES;

	while (tries && !is_killed_in_time(_metadata, self->dev))
		tries--;
	EXPECT_LT(0, tries);
}

/* ---- an attachment that takes long ---- */

FIXTURE(slow)
{
	int dev, imp, fd, buf;
	pid_t pid;	/* attaches */
};

#define SLOW_SIZE	(320 * HUGE)

static void begin_slowly(struct __test_metadata *_metadata, FIXTURE_PTR(slow) self)
{
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	self->fd = create_as(self->dev, "", SLOW_SIZE, ZINC_LAZY, 0, 0);
	ASSERT_LE(0, self->fd);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->pid = spawn();
	if (!self->pid)
		_exit(attach(self->imp, self->buf) < 0);
	ASSERT_TRUE(EVENTUALLY(resident(self->fd)));
}

static void end_slowly(FIXTURE_PTR(slow) self)
{
	kill(self->pid, SIGKILL);
	reap(self->pid);
	close(self->imp);
	close(self->buf);
	close(self->fd);
}

FIXTURE_SETUP(slow)
{
	int imp = open_importer();

	ASSERT_LE(0, imp);
	reset_devices(imp);
	close(imp);
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	begin_slowly(_metadata, self);
}

FIXTURE_TEARDOWN(slow)
{
	end_slowly(self);
	close(self->dev);
}

/* Not all pages are there, so it has not ended. */
static bool still_attaching(FIXTURE_PTR(slow) self)
{
	return resident(self->fd) < SLOW_SIZE;
}

/* Whether it went on all the while; otherwise, begin again */
static bool went_on(struct __test_metadata *_metadata, FIXTURE_PTR(slow) self)
{
	bool so = still_attaching(self);

	if (!so) {
		end_slowly(self);
		begin_slowly(_metadata, self);
	}
	return so;
}

TEST_F(slow, cpu_access_does_not_wait_for_it)
{
	int tries = TRIES;

	do {
		EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
		EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	} while (!went_on(_metadata, self) && --tries);
	EXPECT_LT(0, tries);
}

/* Kill another that attaches, too. False: it had done so before the signal. */
static bool is_killed_in_turn(struct __test_metadata *_metadata, FIXTURE_PTR(slow) self)
{
	pid_t pid = spawn();
	int status;

	if (!pid)
		_exit(attach(open_importer(), self->buf) < 0);
	EXPECT_TRUE(EVENTUALLY(task_state(pid) == 'D' || !still_attaching(self)));
	kill(pid, SIGKILL);
	status = reap(pid);
	EXPECT_TRUE(!status || status == 128 + SIGKILL) TH_LOG("status %d", status);
	return status;
}

TEST_F(slow, another_that_waits_for_it_can_be_killed)
{
	int tries = TRIES;
	bool killed;

	do {
		killed = is_killed_in_turn(_metadata, self);
	} while (!(went_on(_metadata, self) && killed) && --tries);
	EXPECT_LT(0, tries);
}

/* ---- pages that are in use where they must not stay ---- */

static int hold_in_pipe(int pipe, void *p, size_t length)
{
	struct iovec iov = { .iov_base = p, .iov_len = length };

	return vmsplice(pipe, &iov, 1, SPLICE_F_NONBLOCK);
}

TEST_F(importer, a_page_that_a_reader_holds_is_busy)
{
	__u64 from = 0, to = 0;
	int pipes[2], rdonly, attachment;
	unsigned int movable;
	char *p, *sink;

	ASSERT_EQ(0, pipe(pipes));
	rdonly = reopen_as(self->fd, ZINC_RDONLY);
	p = map_data(rdonly, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	find_movable(&from, &to);
	movable = count_between(p, SMALL, from, to);
	TH_LOG("%u of %zu pages are in ZONE_MOVABLE", movable, SMALL / PAGE);
	ASSERT_EQ(SMALL, hold_in_pipe(pipes[1], p, SMALL));
	attachment = attach(self->imp, self->buf);
	if (movable)
		EXPECT_EQ(-EBUSY, attachment);
	if (!movable)
		EXPECT_LT(0, attachment);
	EXPECT_EQ(!movable, attachments(self->fd));
	sink = malloc(SMALL);
	EXPECT_EQ(SMALL, read(pipes[0], sink, SMALL));
	EXPECT_EQ(0, memcmp(sink, self->data, SMALL));
	EXPECT_LT(0, attach(self->imp, self->buf));
	free(sink);
	munmap(p, SMALL);
	close(rdonly);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- pages that have gone bad ---- */

TEST_F(importer, a_page_with_a_memory_error)
{
	int fd, buf, status;
	char *p;
	pid_t pid;

	fd = create(self->dev, "", SMALL);
	buf = export_region(fd, 0);
	p = map_data(fd, SMALL, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	memset(p, 1, SMALL);
	pid = spawn();
	if (!pid)
		_exit(madvise(p + 3 * PAGE, PAGE, MADV_HWPOISON) ? errno : 0);
	status = reap(pid);
	if (status == EINVAL || status == EPERM)
		SKIP(return, "this kernel injects no memory errors");
	EXPECT_TRUE(!status || status == 128 + SIGBUS);
	EXPECT_EQ(-EIO, attach(self->imp, buf));
	EXPECT_EQ(0, attachments(fd));
	EXPECT_EQ(0, query(self->dev).user_pinned_bytes);
	munmap(p, SMALL);
	close(buf);
	close(fd);
}

/* ---- the limit of pinned bytes ---- */

#define MAX_PINNED	"/sys/module/zinc/parameters/max_pinned_bytes"
#define NOBODY		65534

static void be_limited(FIXTURE_PTR(importer) self)
{
	int first, second, whole, buf, attached, mapped;

	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	CHECK(query(self->dev).max_pinned_bytes == SMALL);
	CHECK(!query(self->dev).user_pinned_bytes);
	whole = create(self->dev, "", SMALL + PAGE);
	CHECK(attach(self->imp, export_region(whole, 0)) == -EDQUOT);
	CHECK(!query(self->dev).user_pinned_bytes);
	CHECK(!attachments(whole));
	first = create(self->dev, "", SMALL - PAGE);
	second = create(self->dev, "", 2 * PAGE);
	buf = export_region(first, 0);
	attached = attach(self->imp, buf);
	CHECK(attached > 0);
	CHECK(query(self->dev).user_pinned_bytes == SMALL - PAGE);
	/* once, regardless of the number of devices and processes */
	mapped = vmap(self->imp, buf);
	CHECK(mapped > 0);
	CHECK(attach_as(self->imp, export_region(first, ZINC_RDONLY),
			IMPORTER_OTHER, 0) > 0);
	CHECK(query(self->dev).user_pinned_bytes == SMALL - PAGE);
	CHECK(attach(self->imp, export_region(second, 0)) == -EDQUOT);
	CHECK(attachments(second) == 0);
	close(second);
	/* the limit itself */
	second = create(self->dev, "", PAGE);
	CHECK(attach(self->imp, export_region(second, 0)) > 0);
	CHECK(query(self->dev).user_pinned_bytes == SMALL);
	CHECK(!drop(self->imp, mapped));
	CHECK(!drop(self->imp, attached));
	CHECK(query(self->dev).user_pinned_bytes == SMALL);
	close(self->imp);
	CHECK(!query(self->dev).user_pinned_bytes);
}

TEST_F(importer, the_limit_of_pinned_bytes)
{
	char before[32], text[32];
	int imp, big, bigs;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root, to set it and to be somebody else");
	snprintf(before, sizeof(before), "%s", file_text(MAX_PINNED));
	EXPECT_EQ(strtoull(before, NULL, 0), query(self->dev).max_pinned_bytes);
	snprintf(text, sizeof(text), "%zu", SMALL);
	ASSERT_EQ(0, write_text(MAX_PINNED, text));
	pid = spawn();
	if (!pid) {
		self->imp = open_importer();
		be_limited(self);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* the exemption from limits is the creator's, not that of the process that attaches */
	big = create(self->dev, "", 2 * SMALL);
	bigs = export_region(big, 0);
	imp = open_importer();
	pid = spawn();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		_exit(attach(imp, bigs) < 0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(2 * SMALL, query(self->dev).user_pinned_bytes);
	close(imp);
	EXPECT_EQ(0, query(self->dev).user_pinned_bytes);
	EXPECT_EQ(0, write_text(MAX_PINNED, "0"));
	EXPECT_EQ(0, query(self->dev).max_pinned_bytes);
	EXPECT_EQ(0, write_text(MAX_PINNED, before));
	close(bigs);
	close(big);
}

TEST_F(importer, nor_does_root_pass_a_limit_for_others)
{
	char before[32], text[32];
	int sockets[2], buf;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root, to set a limit and to be somebody else");
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	snprintf(before, sizeof(before), "%s", file_text(MAX_PINNED));
	snprintf(text, sizeof(text), "%zu", SMALL);
	ASSERT_EQ(0, write_text(MAX_PINNED, text));
	pid = spawn();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		buf = create(self->dev, "", SMALL + PAGE);
		CHECK(!send_fd(sockets[1], export_region(buf, 0)));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	buf = receive_fd(sockets[0]);
	ASSERT_LE(0, buf);
	EXPECT_EQ(-EDQUOT, attach(self->imp, buf));
	EXPECT_EQ(0, write_text(MAX_PINNED, before));
	EXPECT_LT(0, attach(self->imp, buf));
	close(buf);
	close(sockets[0]);
	close(sockets[1]);
}

/* ---- pages and memory that is short ---- */

FIXTURE(swap)
{
	int dev, imp, fd, buf;
	size_t size;
	__u8 *data;
	bool on;
};

FIXTURE_SETUP(swap)
{
	swapoff(SWAP);
	self->on = !system(MAKE_SWAP) &&
		   !swapon(SWAP, 0);
	self->size = HUGE + 4 * PAGE;
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	reset_devices(self->imp);
	/* whose pages are asked for, which takes no right on them */
	mkdir(SWAP_CGROUP, 0755);
	if (write_text(SWAP_CGROUP "/cgroup.procs", "0") ||
	    access(SWAP_CGROUP "/memory.reclaim", W_OK))
		self->on = false;
	self->fd = create(self->dev, "", self->size);
	ASSERT_LE(0, self->fd);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->data = map_data(self->fd, self->size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->data);
	fill(self->data, self->size, 3);
}

FIXTURE_TEARDOWN(swap)
{
	munmap(self->data, self->size);
	close(self->imp);
	close(self->buf);
	close(self->fd);
	close(self->dev);
	/* nothing may be on, where what the tests need besides is not there */
	swapoff(SWAP);
	write_text(CGROUPS "/cgroup.procs", "0");
	EXPECT_TRUE(EVENTUALLY(!rmdir(SWAP_CGROUP)));
}

#define NEED_SWAP() do {						\
	if (!self->on)							\
		SKIP(return, "no swap: needs brd, mkswap, memory.reclaim");	\
} while (0)

/* Ask for the pages, as want of memory would; whether any went */
static bool pages_go(FIXTURE_PTR(swap) self)
{
	write_text(SWAP_CGROUP "/memory.reclaim", "8M");
	return resident(self->fd) < self->size;
}

static bool pages_never_go(FIXTURE_PTR(swap) self)
{
	int i;

	write_text("/proc/sys/vm/compact_memory", "1");
	for (i = 0; i < 10; i++)
		if (pages_go(self))
			return false;
	return true;
}

static bool content_is(FIXTURE_PTR(swap) self, __u8 seed)
{
	__u8 *expected = malloc(self->size);
	bool same;

	fill(expected, self->size, seed);
	same = !memcmp(expected, self->data, self->size);
	free(expected);
	return same;
}

TEST_F_TIMEOUT(swap, pages_are_pinned_while_a_device_is_attached, SLOW)
{
	int first, second, mapping;

	NEED_SWAP();
	ASSERT_TRUE(EVENTUALLY(pages_go(self)));
	first = attach(self->imp, self->buf);
	EXPECT_LE(0, first);
	EXPECT_EQ(self->size, resident(self->fd));
	EXPECT_TRUE(content_is(self, 3));
	mapping = map(self->imp, first, IMPORTER_BOTH_WAYS);
	EXPECT_TRUE(pages_never_go(self));
	EXPECT_TRUE(device_has_the_pages(self->imp, mapping,
					 (char *)self->data, self->size));
	EXPECT_EQ(0, drop(self->imp, mapping));
	EXPECT_TRUE(pages_never_go(self));
	second = attach_as(self->imp, self->buf, IMPORTER_OTHER, 0);
	EXPECT_EQ(0, drop(self->imp, first));
	EXPECT_TRUE(pages_never_go(self));
	EXPECT_EQ(0, drop(self->imp, second));
	EXPECT_TRUE(EVENTUALLY(pages_go(self)));
	EXPECT_TRUE(content_is(self, 3));
}

TEST_F_TIMEOUT(swap, pages_are_pinned_while_the_kernel_maps_them, SLOW)
{
	int object, attachment;

	NEED_SWAP();
	object = vmap(self->imp, self->buf);
	EXPECT_LE(0, object);
	EXPECT_TRUE(pages_never_go(self));
	attachment = attach(self->imp, self->buf);
	EXPECT_EQ(0, drop(self->imp, attachment));
	EXPECT_TRUE(pages_never_go(self));
	EXPECT_EQ(0, drop(self->imp, object));
	EXPECT_TRUE(EVENTUALLY(pages_go(self)));
}

TEST_F_TIMEOUT(swap, both_buffers_of_a_region_pin_the_same_pages, SLOW)
{
	int rdonly = export_region(self->fd, ZINC_RDONLY);
	int by_rdonly, by_other;

	NEED_SWAP();
	by_rdonly = attach(self->imp, rdonly);
	by_other = attach(self->imp, self->buf);
	EXPECT_EQ(0, drop(self->imp, by_other));
	EXPECT_TRUE(pages_never_go(self));
	EXPECT_EQ(0, drop(self->imp, by_rdonly));
	EXPECT_TRUE(EVENTUALLY(pages_go(self)));
	close(rdonly);
}

TEST_F_TIMEOUT(swap, what_a_device_wrote_goes_to_swap_and_comes_back, SLOW)
{
	int attachment, mapping, i;
	__u8 *p = malloc(self->size);

	NEED_SWAP();
	fill(p, self->size, 77);
	for (i = 0; i < 3; i++) {
		attachment = attach(self->imp, self->buf);
		mapping = map(self->imp, attachment, IMPORTER_FROM_DEVICE);
		p[i] = i;
		EXPECT_EQ(0, device_writes(self->imp, mapping, 0, p, self->size));
		EXPECT_EQ(0, drop(self->imp, mapping));
		EXPECT_EQ(0, drop(self->imp, attachment));
		EXPECT_TRUE(EVENTUALLY(pages_go(self)));
		EXPECT_EQ(0, memcmp(p, self->data, self->size));
	}
	free(p);
}

/* A number of a memory cgroup's statistics */
static long long cgroup_stat(const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(file_text(CGROUP "/memory.stat"), line);
	return at ? atoll(at + strlen(line)) : -1;
}

static int in_a_full_cgroup(int imp, int buf)
{
	pid_t pid = spawn();

	if (!pid) {
		CHECK(!write_text(CGROUP "/cgroup.procs", "0"));
		_exit(-attach(imp, buf));
	}
	return -reap(pid);
}

TEST_F_TIMEOUT(swap, an_attachment_that_fails_pins_nothing, SLOW)
{
	size_t size = 16 * HUGE;
	int fd, buf;

	NEED_SWAP();
	if (mkdir(CGROUP, 0755) ||
	    write_text(CGROUP "/memory.max", "16777216") ||
	    write_text(CGROUP "/memory.swap.max", "4194304"))
		SKIP(return, "no memory cgroup");
	fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	buf = export_region(fd, 0);
	EXPECT_EQ(-ENOMEM, in_a_full_cgroup(self->imp, buf));
	EXPECT_EQ(0, attachments(fd));
	/* allocated pages can be swapped all the same */
	EXPECT_EQ(0, cgroup_stat("unevictable"));
	close(buf);
	close(fd);
	EXPECT_TRUE(EVENTUALLY(!rmdir(CGROUP)));
}

TEST_HARNESS_MAIN
