// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dma-buf of a region, as devices and drivers use it. They are played by
 * zinc_importer.ko, which importer_test.sh builds and loads.
 */
#include "abi.h"
#include "importer/importer.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>

#define SMALL		(8 * PAGE)
#define HUGE		((size_t)2 << 20)
/* A test's time in seconds, on an emulated machine with sanitizers */
#define SLOW		240
#define SEGMENT		0x10000	/* what devices take that say nothing */
#define REGIONS		"/sys/kernel/debug/zinc/regions"
#define TRACING		"/sys/kernel/tracing"
#define EVENTS		TRACING "/events/zinc"
#define SWAP		"/dev/ram0"
#define MAKE_SWAP	"modprobe brd rd_nr=1 rd_size=65536 2>/dev/null && " \
			"mkswap " SWAP " >/dev/null 2>&1"
#define CGROUP		"/sys/fs/cgroup/dmabuf-importer"

static void __attribute__((constructor(1001))) need_importer(void)
{
	if (access(IMPORTER_DEVICE, R_OK | W_OK))
		skip_all("no " IMPORTER_DEVICE ": load zinc_importer.ko, be root");
}

/* ---- the importer's calls ---- */

static int open_importer(void)
{
	int fd = open(IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int attach_as(int imp, int buf, __u32 device, __u32 dynamic)
{
	struct importer_attach arg = {
		.dmabuf_fd = buf,
		.device = device,
		.dynamic = dynamic,
	};

	return call(imp, IMPORTER_ATTACH, &arg);
}

static int attach(int imp, int buf)
{
	return attach_as(imp, buf, IMPORTER_WIDE, 0);
}

static int map_as(int imp, int attachment, __u32 direction,
		  struct importer_map *arg)
{
	memset(arg, POISON, sizeof(*arg));
	arg->attachment = attachment;
	arg->direction = direction;
	return call(imp, IMPORTER_MAP, arg);
}

static int map(int imp, int attachment, __u32 direction)
{
	struct importer_map arg;

	return map_as(imp, attachment, direction, &arg);
}

static int attach_and_map(int imp, int buf, __u32 device)
{
	int attachment = attach_as(imp, buf, device, 0);

	return attachment < 0 ? attachment :
				map(imp, attachment, IMPORTER_BOTH_WAYS);
}

static int vmap(int imp, int buf)
{
	return call(imp, IMPORTER_VMAP, (void *)(long)buf);
}

static int drop(int imp, int object)
{
	return call(imp, IMPORTER_DROP, (void *)(long)object);
}

static long copy(int imp, int object, bool write, __u64 offset, void *buffer,
		 __u64 length, __u64 *address)
{
	struct importer_copy arg = {
		.object = object,
		.write = write,
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)buffer,
	};
	long ret = call(imp, IMPORTER_COPY, &arg);

	if (address)
		*address = arg.address;
	return ret;
}

static long device_reads(int imp, int object, __u64 offset, void *to, size_t n)
{
	memset(to, POISON, n);
	return copy(imp, object, false, offset, to, n, NULL);
}

static long device_writes(int imp, int object, __u64 offset, void *from,
			  size_t n)
{
	return copy(imp, object, true, offset, from, n, NULL);
}

static bool device_sees(int imp, int object, __u64 offset, __u8 byte)
{
	__u8 seen;

	return !device_reads(imp, object, offset, &seen, 1) && seen == byte;
}

static bool device_puts(int imp, int object, __u64 offset, __u8 byte)
{
	return !device_writes(imp, object, offset, &byte, 1);
}

static int setup(int imp, __u32 device, __u32 max_segment, __u32 map_error)
{
	struct importer_setup arg = {
		.device = device,
		.max_segment = max_segment,
		.map_error = map_error,
	};

	return call(imp, IMPORTER_SETUP, &arg);
}

static struct importer_count count(int imp)
{
	struct importer_count arg = { .device = IMPORTER_OWN };

	if (call(imp, IMPORTER_COUNT, &arg))
		memset(&arg, POISON, sizeof(arg));
	return arg;
}

static int kernel_access(int imp, int buf, __u32 direction, __u32 end)
{
	struct importer_access arg = {
		.dmabuf_fd = buf,
		.direction = direction,
		.end = end,
	};

	return call(imp, IMPORTER_ACCESS, &arg);
}

static int begin_work(int imp)
{
	return call(imp, IMPORTER_BEGIN, NULL);
}

static int end_work(int imp, int error)
{
	return call(imp, IMPORTER_END, (void *)(long)error);
}

/* ---- regions ---- */

static void *map_buf(int buf, size_t length, int prot)
{
	void *p = mmap(NULL, length, prot, MAP_SHARED, buf, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Something that no two pages have at the same place */
static void fill(__u8 *p, size_t length, __u8 seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		p[i] = seed + i + i / PAGE * 7;
}

/* The physical address of what is mapped at @p; 0 where nothing is */
static __u64 physical(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	*(const volatile char *)p;
	if (pread(fd, &entry, sizeof(entry),
		  (uintptr_t)p / PAGE * sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry >> 63 ? (entry & ((1ULL << 55) - 1)) * PAGE : 0;
}

static __u64 resident(int fd)
{
	return info(fd).resident;
}

static __u32 attachments(int fd)
{
	return info(fd).attachments;
}

/* Whether the pages of @data are where the device has them: of huge ones, some */
static bool device_has_the_pages(int imp, int mapping, const char *data,
				 size_t size)
{
	size_t at, step = size > SMALL ? 7 * PAGE : PAGE;
	__u64 address;
	char byte;

	for (at = 0; at < size; at += step) {
		if (copy(imp, mapping, false, at, &byte, 1, &address) ||
		    !address || physical(data + at) != address)
			return false;
	}
	return true;
}

static void reset_devices(int imp)
{
	__u32 i;

	for (i = 0; i < IMPORTER_DEVICES; i++)
		CHECK(!setup(imp, i, SEGMENT, 0));
}

/* Where the kernel has no such devices */
#define NEED_OWN_DEVICE() do {						\
	int __attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 0); \
	if (__attachment == -EOPNOTSUPP)				\
		SKIP(return, "this kernel maps for every device itself"); \
	EXPECT_EQ(0, drop(self->imp, __attachment));			\
} while (0)

/* ---- what goes through a mapping ---- */

FIXTURE(data)
{
	int dev, imp, fd, buf;
	int attachment, mapping;
	size_t size;
	__u8 *data, *copy;
	struct importer_map map;
};

FIXTURE_VARIANT(data)
{
	size_t huge;	/* in units of 2 MiB; 0 for a small region */
	__u32 flags;
	__u32 device;
	__u32 dynamic;
};

FIXTURE_VARIANT_ADD(data, small) { .huge = 0 };
FIXTURE_VARIANT_ADD(data, small_dynamic) { .dynamic = 1 };
FIXTURE_VARIANT_ADD(data, small_lazy) { .flags = ZINC_CREATE_LAZY };
FIXTURE_VARIANT_ADD(data, small_narrow) { .device = IMPORTER_NARROW };
FIXTURE_VARIANT_ADD(data, huge) { .huge = 2 };
FIXTURE_VARIANT_ADD(data, huge_dynamic) { .huge = 1, .dynamic = 1 };
FIXTURE_VARIANT_ADD(data, huge_lazy) { .huge = 2, .flags = ZINC_CREATE_LAZY };
FIXTURE_VARIANT_ADD(data, huge_narrow) { .huge = 1, .device = IMPORTER_NARROW };

FIXTURE_SETUP(data)
{
	self->size = variant->huge * HUGE + (variant->huge ? 3 * PAGE : SMALL);
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	reset_devices(self->imp);
	self->fd = create_as(self->dev, "", self->size, variant->flags, 0, 0);
	ASSERT_LE(0, self->fd);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->attachment = attach_as(self->imp, self->buf, variant->device,
				     variant->dynamic);
	ASSERT_LE(0, self->attachment);
	self->mapping = map_as(self->imp, self->attachment, IMPORTER_BOTH_WAYS,
			       &self->map);
	ASSERT_LE(0, self->mapping);
	self->data = map_data(self->fd, self->size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->data);
	self->copy = malloc(self->size);
}

FIXTURE_TEARDOWN(data)
{
	EXPECT_EQ(0, drop(self->imp, self->mapping));
	EXPECT_EQ(0, drop(self->imp, self->attachment));
	munmap(self->data, self->size);
	free(self->copy);
	close(self->buf);
	close(self->fd);
	close(self->imp);
	close(self->dev);
}

TEST_F(data, the_device_reads_what_the_cpu_wrote)
{
	cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	fill(self->data, self->size, 17);
	cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
	EXPECT_EQ(0, device_reads(self->imp, self->mapping, 0, self->copy,
				  self->size));
	EXPECT_EQ(0, memcmp(self->copy, self->data, self->size));
}

TEST_F(data, the_cpu_reads_what_the_device_wrote)
{
	fill(self->copy, self->size, 99);
	EXPECT_EQ(0, device_writes(self->imp, self->mapping, 0, self->copy,
				   self->size));
	cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	EXPECT_EQ(0, memcmp(self->copy, self->data, self->size));
	cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}

TEST_F(data, the_cpu_reads_it_after_the_mapping_too)
{
	fill(self->copy, self->size, 55);
	EXPECT_EQ(0, device_writes(self->imp, self->mapping, 0, self->copy,
				   self->size));
	EXPECT_EQ(0, drop(self->imp, self->mapping));
	EXPECT_EQ(0, drop(self->imp, self->attachment));
	EXPECT_EQ(0, memcmp(self->copy, self->data, self->size));
	self->attachment = attach(self->imp, self->buf);
	self->mapping = map(self->imp, self->attachment, IMPORTER_BOTH_WAYS);
}

TEST_F(data, the_entries_are_the_region)
{
	EXPECT_EQ(self->size, self->map.bytes);
	EXPECT_EQ(0, self->map.unaligned);
	EXPECT_GE(SEGMENT, self->map.largest);
	EXPECT_LE((self->size + SEGMENT - 1) / SEGMENT, self->map.entries);
	EXPECT_GE(self->size / PAGE, self->map.entries);
	/* and nothing behind it */
	EXPECT_EQ(-ERANGE, device_reads(self->imp, self->mapping, self->size,
					self->copy, 1));
}

TEST_F(data, the_device_has_the_pages_themselves)
{
	__u64 last = self->size - PAGE, address;

	if (variant->device == IMPORTER_NARROW &&
	    (physical(self->data) >> 32 || physical(self->data + last) >> 32))
		SKIP(return, "it cannot reach them, and gets copies");
	EXPECT_TRUE(device_has_the_pages(self->imp, self->mapping,
					 (char *)self->data, self->size));
	EXPECT_EQ(0, copy(self->imp, self->mapping, false, last + 5,
			  self->copy, 1, &address));
	EXPECT_EQ(5, address % PAGE);
}

TEST_F(data, every_page_is_there)
{
	EXPECT_EQ(self->size, resident(self->fd));
	EXPECT_EQ(1, attachments(self->fd));
}

/* ---- everything else ---- */

FIXTURE(importer)
{
	int dev, imp;
	int fd;		/* a region of SMALL, full of ones */
	int buf;	/* its dma-buf */
	int rdonly;	/* and the one that nobody writes by */
	__u8 *data;
};

FIXTURE_SETUP(importer)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	reset_devices(self->imp);
	self->fd = create(self->dev, a_name("importer"), SMALL);
	ASSERT_LE(0, self->fd);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->rdonly = export_region(self->fd, ZINC_EXPORT_RDONLY);
	ASSERT_LE(0, self->rdonly);
	self->data = map_data(self->fd, SMALL, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->data);
	memset(self->data, 1, SMALL);
}

FIXTURE_TEARDOWN(importer)
{
	reset_devices(self->imp);
	close(self->imp);
	EXPECT_EQ(0, attachments(self->fd));
	EXPECT_EQ(0, count(open_importer()).maps);
	munmap(self->data, SMALL);
	close(self->rdonly);
	close(self->buf);
	close(self->fd);
	close(self->dev);
}

/* ---- segments ---- */

TEST_F(importer, no_entry_is_larger_than_the_device_takes)
{
	static const __u32 limits[] = { 0x1000, 0x3000, 0x10000, 0x15000 };
	size_t size = 2 * HUGE;
	int fd = create(self->dev, "", size);
	int buf = export_region(fd, 0);
	int attachment = attach(self->imp, buf);
	struct importer_map m;
	unsigned int i;
	int mapping;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		EXPECT_EQ(0, setup(self->imp, IMPORTER_WIDE, limits[i], 0));
		mapping = map_as(self->imp, attachment, IMPORTER_BOTH_WAYS, &m);
		EXPECT_LE(0, mapping);
		EXPECT_GE(limits[i], m.largest);
		EXPECT_EQ(size, m.bytes);
		EXPECT_EQ(0, m.unaligned);
		if (limits[i] == PAGE)
			EXPECT_EQ(size / PAGE, m.entries);
		EXPECT_EQ(0, drop(self->imp, mapping));
	}
	close(buf);
	close(fd);
}

TEST_F(importer, a_limit_is_of_pages)
{
	struct importer_map m;
	int mapping;

	EXPECT_EQ(0, setup(self->imp, IMPORTER_WIDE, 2 * PAGE + PAGE / 2, 0));
	mapping = map_as(self->imp, attach(self->imp, self->buf),
			 IMPORTER_BOTH_WAYS, &m);
	EXPECT_LE(0, mapping);
	EXPECT_GE(2 * PAGE, m.largest);
	EXPECT_EQ(SMALL, m.bytes);
	EXPECT_EQ(0, m.unaligned);
}

/* The kernel shows it of a mapping that huge pages are mapped so */
static bool is_huge(const void *p)
{
	char *text = strdup(file_text("/proc/self/smaps")), *at;
	unsigned long kib = 0;
	char start[32];

	snprintf(start, sizeof(start), "%lx-", (unsigned long)p);
	at = strstr(text, start);
	at = at ? strstr(at, "ShmemPmdMapped:") : NULL;
	if (at)
		sscanf(at, "ShmemPmdMapped: %lu", &kib);
	free(text);
	return kib;
}

TEST_F(importer, huge_pages_are_one_entry)
{
	size_t size = 4 * HUGE;
	int fd = create(self->dev, "", size);
	int buf = export_region(fd, 0);
	char *p = map_data(fd, size, PROT_READ);
	struct importer_map m;

	ASSERT_NE(NULL, p);
	p += -(uintptr_t)p % HUGE;
	physical(p);
	if (!is_huge(p))
		SKIP(return, "this kernel gives no huge pages");
	EXPECT_EQ(0, setup(self->imp, IMPORTER_WIDE, 1U << 31, 0));
	EXPECT_LE(0, map_as(self->imp, attach(self->imp, buf),
			    IMPORTER_BOTH_WAYS, &m));
	EXPECT_GE(size / HUGE, m.entries);
	EXPECT_LE(HUGE, m.largest);
	EXPECT_EQ(size, m.bytes);
}

/* ---- pages ---- */

TEST_F(importer, an_attachment_makes_the_pages_of_a_lazy_region)
{
	int fd = create_as(self->dev, "", SMALL, ZINC_CREATE_LAZY, 0, 0);
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
	int fd = create_as(self->dev, "", SMALL, ZINC_CREATE_LAZY, 0, 0);
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
	int fd = create_as(self->dev, "", size, ZINC_CREATE_LAZY, 0, 0);
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
	ASSERT_LT(0, attach(self->imp, buf));
	EXPECT_TRUE(all_are(data, 7, size));
	EXPECT_EQ(0, count_between(data, size, from, to));
	munmap(data, size);
	close(buf);
	close(fd);
}

TEST_F(importer, more_than_there_is_memory)
{
	int fd = create_as(self->dev, "", 1ULL << 40, ZINC_CREATE_LAZY, 0, 0);
	int buf = export_region(fd, 0);

	ASSERT_LE(0, buf);
	EXPECT_EQ(-ENOMEM, attach(self->imp, buf));
	EXPECT_EQ(0, resident(fd));
	EXPECT_EQ(0, attachments(fd));
	close(buf);
	close(fd);
}

TEST_F(importer, a_killed_attachment_leaves_none)
{
	size_t size = 256 * HUGE;
	int fd = create_as(self->dev, "", size, ZINC_CREATE_LAZY, 0, 0);
	int buf = export_region(fd, 0);
	pid_t pid = spawn();

	if (!pid)
		_exit(attach(self->imp, buf) < 0);
	EXPECT_TRUE(EVENTUALLY(resident(fd)));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, attachments(fd));
	EXPECT_GT(size, resident(fd));
	close(buf);
	close(fd);
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
	if (self->on)
		EXPECT_EQ(0, swapoff(SWAP));
}

#define NEED_SWAP() do {						\
	if (!self->on)							\
		SKIP(return, "no swap: needs brd, mkswap and root");	\
} while (0)

/* Ask for the pages, as want of memory would; whether any went */
static bool pages_go(FIXTURE_PTR(swap) self)
{
	madvise(self->data, self->size, MADV_PAGEOUT);
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
	int rdonly = export_region(self->fd, ZINC_EXPORT_RDONLY);
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
	fd = create_as(self->dev, "", size, ZINC_CREATE_LAZY, 0, 0);
	buf = export_region(fd, 0);
	EXPECT_EQ(-ENOMEM, in_a_full_cgroup(self->imp, buf));
	EXPECT_EQ(0, attachments(fd));
	/* what has been made of it can be swapped all the same */
	EXPECT_EQ(0, cgroup_stat("unevictable"));
	close(buf);
	close(fd);
	EXPECT_TRUE(EVENTUALLY(!rmdir(CGROUP)));
}

/* ---- several at once ---- */

TEST_F(importer, two_mappings_of_one_attachment)
{
	int attachment = attach(self->imp, self->buf);
	int first = map(self->imp, attachment, IMPORTER_BOTH_WAYS);
	int second = map(self->imp, attachment, IMPORTER_BOTH_WAYS);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	EXPECT_TRUE(device_puts(self->imp, first, PAGE, 11));
	EXPECT_TRUE(device_sees(self->imp, second, PAGE, 11));
	EXPECT_EQ(1, attachments(self->fd));
	EXPECT_EQ(-EBUSY, drop(self->imp, attachment));
	EXPECT_EQ(0, drop(self->imp, first));
	EXPECT_TRUE(device_puts(self->imp, second, PAGE, 12));
	EXPECT_EQ(12, self->data[PAGE]);
	EXPECT_EQ(-EBUSY, drop(self->imp, attachment));
	EXPECT_EQ(0, drop(self->imp, second));
	EXPECT_EQ(0, drop(self->imp, attachment));
	EXPECT_EQ(0, attachments(self->fd));
}

TEST_F(importer, two_devices)
{
	int first = attach(self->imp, self->buf);
	int second = attach_as(self->imp, self->buf, IMPORTER_OTHER, 0);
	int by_first = map(self->imp, first, IMPORTER_BOTH_WAYS);
	int by_second = map(self->imp, second, IMPORTER_BOTH_WAYS);

	ASSERT_LE(0, by_first);
	ASSERT_LE(0, by_second);
	EXPECT_EQ(2, attachments(self->fd));
	EXPECT_TRUE(device_puts(self->imp, by_first, SMALL - 1, 31));
	EXPECT_TRUE(device_sees(self->imp, by_second, SMALL - 1, 31));
	EXPECT_EQ(0, drop(self->imp, by_first));
	EXPECT_EQ(0, drop(self->imp, first));
	EXPECT_EQ(1, attachments(self->fd));
	EXPECT_TRUE(device_puts(self->imp, by_second, 0, 32));
	EXPECT_EQ(32, self->data[0]);
}

TEST_F(importer, one_device_twice)
{
	int first = attach(self->imp, self->buf);
	int second = attach(self->imp, self->buf);

	EXPECT_LE(0, first);
	EXPECT_LE(0, second);
	EXPECT_EQ(2, attachments(self->fd));
	EXPECT_EQ(0, drop(self->imp, second));
	EXPECT_EQ(1, attachments(self->fd));
}

TEST_F(importer, both_buffers_are_the_same_memory)
{
	int writes = attach_and_map(self->imp, self->buf, IMPORTER_WIDE);
	int attachment = attach_as(self->imp, self->rdonly, IMPORTER_OTHER, 0);
	int reads = map(self->imp, attachment, IMPORTER_TO_DEVICE);

	ASSERT_LE(0, reads);
	EXPECT_TRUE(device_puts(self->imp, writes, 3 * PAGE, 41));
	EXPECT_TRUE(device_sees(self->imp, reads, 3 * PAGE, 41));
	EXPECT_EQ(2, attachments(self->fd));
}

TEST_F(importer, a_dynamic_and_a_static_importer)
{
	int attachment = attach_as(self->imp, self->buf, IMPORTER_OTHER, 1);
	int dynamic = map(self->imp, attachment, IMPORTER_BOTH_WAYS);
	int fixed = attach_and_map(self->imp, self->buf, IMPORTER_WIDE);

	ASSERT_LE(0, dynamic);
	ASSERT_LE(0, fixed);
	EXPECT_TRUE(device_puts(self->imp, dynamic, 1, 51));
	EXPECT_TRUE(device_sees(self->imp, fixed, 1, 51));
	EXPECT_EQ(2, attachments(self->fd));
}

/* ---- directions ---- */

TEST_F(importer, to_the_device)
{
	int attachment = attach(self->imp, self->buf);
	int mapping = map(self->imp, attachment, IMPORTER_TO_DEVICE);

	ASSERT_LE(0, mapping);
	self->data[9] = 61;
	EXPECT_TRUE(device_sees(self->imp, mapping, 9, 61));
	EXPECT_FALSE(device_puts(self->imp, mapping, 9, 62));
	EXPECT_EQ(61, self->data[9]);
}

TEST_F(importer, from_the_device)
{
	int attachment = attach(self->imp, self->buf);
	int mapping = map(self->imp, attachment, IMPORTER_FROM_DEVICE);

	ASSERT_LE(0, mapping);
	EXPECT_TRUE(device_puts(self->imp, mapping, 9, 63));
	EXPECT_EQ(63, self->data[9]);
}

TEST_F(importer, each_mapping_has_a_direction_of_its_own)
{
	int attachment = attach(self->imp, self->buf);
	int to = map(self->imp, attachment, IMPORTER_TO_DEVICE);
	int from = map(self->imp, attachment, IMPORTER_FROM_DEVICE);

	ASSERT_LE(0, to);
	ASSERT_LE(0, from);
	EXPECT_TRUE(device_puts(self->imp, from, 9, 64));
	EXPECT_TRUE(device_sees(self->imp, to, 9, 64));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
}

/* ---- read-only ---- */

TEST_F(importer, a_read_only_buffer_is_read_by_devices)
{
	int attachment = attach(self->imp, self->rdonly);
	int mapping = map(self->imp, attachment, IMPORTER_TO_DEVICE);

	ASSERT_LE(0, mapping);
	EXPECT_EQ(1, attachments(self->fd));
	self->data[PAGE] = 71;
	EXPECT_TRUE(device_sees(self->imp, mapping, PAGE, 71));
	EXPECT_FALSE(device_puts(self->imp, mapping, PAGE, 72));
}

TEST_F(importer, a_read_only_buffer_is_not_written_by_devices)
{
	int attachment = attach(self->imp, self->rdonly);

	EXPECT_LE(0, attachment);
	EXPECT_EQ(-EACCES, map(self->imp, attachment, IMPORTER_FROM_DEVICE));
	EXPECT_EQ(-EACCES, map(self->imp, attachment, IMPORTER_BOTH_WAYS));
	EXPECT_EQ(1, attachments(self->fd));
	EXPECT_EQ(0, drop(self->imp, attachment));
}

/* Older kernels map when a dynamic importer attaches. */
TEST_F(importer, a_read_only_buffer_and_a_dynamic_importer)
{
	int attachment = attach_as(self->imp, self->rdonly, IMPORTER_WIDE, 1);

	if (attachment >= 0)
		EXPECT_EQ(-EACCES, map(self->imp, attachment,
				       IMPORTER_BOTH_WAYS));
	if (attachment < 0)
		EXPECT_EQ(-EACCES, attachment);
	EXPECT_EQ(attachment >= 0, attachments(self->fd));
}

/* Without a warning: it has no such operation */
TEST_F(importer, a_read_only_buffer_is_not_mapped_by_the_kernel)
{
	EXPECT_EQ(-EINVAL, vmap(self->imp, self->rdonly));
}

/* What a driver maps for user space, by a file that is writable */
static void *map_by_importer(int imp, int buf, int prot)
{
	CHECK(!call(imp, IMPORTER_MMAP, (void *)(long)buf));
	return map_buf(imp, SMALL, prot);
}

TEST_F(importer, a_driver_maps_it_for_user_space)
{
	__u8 *p = map_by_importer(self->imp, self->buf, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	p[2 * PAGE] = 81;
	EXPECT_EQ(81, self->data[2 * PAGE]);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SMALL + PAGE, PROT_READ, MAP_SHARED,
				   self->imp, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
				   self->imp, SMALL));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE,
				   self->imp, 0));
	EXPECT_EQ(MAP_FAILED, mremap(p, SMALL, 2 * SMALL, MREMAP_MAYMOVE));
	EXPECT_EQ(0, munmap(p, SMALL));
}

TEST_F(importer, no_driver_maps_a_read_only_buffer_writable)
{
	EXPECT_EQ(NULL, map_by_importer(self->imp, self->rdonly,
					PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(importer, nor_does_it_become_so)
{
	__u8 *p = map_by_importer(self->imp, self->rdonly, PROT_READ);

	ASSERT_NE(NULL, p);
	self->data[5] = 82;
	EXPECT_EQ(82, p[5]);
	EXPECT_EQ(-1, mprotect(p, SMALL, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(importer, a_read_only_buffer_is_not_opened_again)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->rdonly);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
}

/* ---- mappings that fail ---- */

TEST_F(importer, the_error_of_a_mapping_is_passed_on)
{
	static const int errors[] = { ENOMEM, EIO };
	int attachment, mapping;
	unsigned int i;

	NEED_OWN_DEVICE();
	attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 0);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		EXPECT_EQ(0, setup(self->imp, IMPORTER_OWN, SEGMENT, errors[i]));
		EXPECT_EQ(-errors[i], map(self->imp, attachment,
					  IMPORTER_BOTH_WAYS));
		EXPECT_EQ(0, count(self->imp).maps);
		EXPECT_EQ(1, attachments(self->fd));
		EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START |
					DMA_BUF_SYNC_RW));
		EXPECT_EQ(0, count(self->imp).for_cpu);
	}
	EXPECT_EQ(0, setup(self->imp, IMPORTER_OWN, SEGMENT, 0));
	mapping = map(self->imp, attachment, IMPORTER_BOTH_WAYS);
	EXPECT_LE(0, mapping);
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, 1));
	EXPECT_EQ(0, drop(self->imp, mapping));
	EXPECT_EQ(0, drop(self->imp, attachment));
}

TEST_F(importer, an_attachment_that_maps_and_fails)
{
	int attachment;

	NEED_OWN_DEVICE();
	EXPECT_EQ(0, setup(self->imp, IMPORTER_OWN, SEGMENT, ENOMEM));
	attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 1);
	/* older kernels map right here */
	if (attachment >= 0)
		EXPECT_EQ(-ENOMEM, map(self->imp, attachment,
				       IMPORTER_BOTH_WAYS));
	if (attachment < 0)
		EXPECT_EQ(-ENOMEM, attachment);
	EXPECT_EQ(attachment >= 0, attachments(self->fd));
	EXPECT_EQ(0, count(self->imp).maps);
}

/* The kernel has 64 MiB for copies; it says so when they are used up. */
TEST_F_TIMEOUT(importer, a_device_that_does_not_reach_it, SLOW)
{
	size_t size = 48 * HUGE;
	int fd = create(self->dev, "", size);
	int buf = export_region(fd, 0);
	char *p = map_data(fd, size, PROT_READ);
	int attachment, i, beyond = 0;

	ASSERT_NE(NULL, p);
	for (i = 0; i < 48; i++)
		beyond += physical(p + i * HUGE) >> 32 > 0;
	if (beyond < 40)
		SKIP(return, "too little memory above 4 GiB");
	attachment = attach_as(self->imp, buf, IMPORTER_NARROW, 0);
	EXPECT_LE(0, attachment);
	for (i = 0; i < 3; i++) {
		long ret = map(self->imp, attachment, IMPORTER_BOTH_WAYS);

		EXPECT_TRUE(ret == -ENOMEM || ret == -EIO);
		EXPECT_EQ(1, attachments(fd));
	}
	EXPECT_EQ(0, drop(self->imp, attachment));
	/* and the room is there for others */
	attachment = attach_as(self->imp, self->buf, IMPORTER_NARROW, 0);
	EXPECT_LE(0, map(self->imp, attachment, IMPORTER_BOTH_WAYS));
	munmap(p, size);
	close(buf);
	close(fd);
}

/* The kernel's copies are of pieces of 256 KiB at most. */
TEST_F(importer, entries_that_can_be_copied)
{
	int fd = create(self->dev, "", 2 * HUGE);
	int buf = export_region(fd, 0);
	int attachment = attach_as(self->imp, buf, IMPORTER_NARROW, 0);

	EXPECT_EQ(0, setup(self->imp, IMPORTER_NARROW, 1U << 30, 0));
	EXPECT_LE(0, map(self->imp, attachment, IMPORTER_BOTH_WAYS));
	EXPECT_EQ(1, attachments(fd));
	close(buf);
	close(fd);
}

/* ---- access by the CPU ---- */

TEST_F(importer, cpu_access_without_a_mapping)
{
	int attachment;

	NEED_OWN_DEVICE();
	EXPECT_EQ(0, kernel_access(self->imp, self->buf, IMPORTER_BOTH_WAYS, 0));
	EXPECT_EQ(0, kernel_access(self->imp, self->buf, IMPORTER_BOTH_WAYS, 1));
	attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 0);
	EXPECT_LE(0, attachment);
	EXPECT_EQ(0, kernel_access(self->imp, self->buf, IMPORTER_BOTH_WAYS, 0));
	EXPECT_EQ(0, kernel_access(self->imp, self->buf, IMPORTER_BOTH_WAYS, 1));
	EXPECT_EQ(0, count(self->imp).for_cpu);
	EXPECT_EQ(0, count(self->imp).for_device);
}

TEST_F(importer, cpu_access_and_one_mapping)
{
	int mapping, before;

	NEED_OWN_DEVICE();
	mapping = attach_and_map(self->imp, self->buf, IMPORTER_OWN);
	ASSERT_LE(0, mapping);
	before = count(self->imp).for_device;
	EXPECT_EQ(0, kernel_access(self->imp, self->buf, IMPORTER_FROM_DEVICE, 0));
	EXPECT_EQ(1, count(self->imp).for_cpu);
	EXPECT_EQ(before, count(self->imp).for_device);
	EXPECT_EQ(0, kernel_access(self->imp, self->buf, IMPORTER_TO_DEVICE, 1));
	EXPECT_EQ(1, count(self->imp).for_cpu);
	EXPECT_EQ(before + 1, count(self->imp).for_device);
}

TEST_F(importer, cpu_access_and_two_mappings)
{
	int attachment, first, second, before;

	NEED_OWN_DEVICE();
	attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 0);
	first = map(self->imp, attachment, IMPORTER_BOTH_WAYS);
	second = map(self->imp, attachment, IMPORTER_TO_DEVICE);
	ASSERT_LE(0, second);
	before = count(self->imp).for_device;
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_EQ(2, count(self->imp).for_cpu);
	EXPECT_EQ(before + 2, count(self->imp).for_device);
	EXPECT_EQ(0, drop(self->imp, first));
	EXPECT_EQ(0, drop(self->imp, second));
	before = count(self->imp).for_cpu;
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(before, count(self->imp).for_cpu);
}

TEST_F(importer, cpu_access_by_the_other_buffer)
{
	NEED_OWN_DEVICE();
	EXPECT_LE(0, attach_and_map(self->imp, self->buf, IMPORTER_OWN));
	EXPECT_EQ(0, cpu_access(self->rdonly,
				DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	EXPECT_EQ(1, count(self->imp).for_cpu);
}

TEST_F(importer, cpu_access_is_what_moves_copies)
{
	int mapping = attach_and_map(self->imp, self->buf, IMPORTER_NARROW);

	ASSERT_LE(0, mapping);
	if (!(physical(self->data) >> 32))
		SKIP(return, "no memory above 4 GiB");
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 91));
	EXPECT_EQ(1, self->data[0]);
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(91, self->data[0]);
	self->data[0] = 92;
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, 91));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, 92));
}

/* ---- mappings of the kernel ---- */

TEST_F(importer, the_kernel_maps_it_without_an_attachment)
{
	int object = vmap(self->imp, self->buf);
	__u8 *p = malloc(SMALL);

	ASSERT_LE(0, object);
	fill(self->data, SMALL, 5);
	EXPECT_EQ(0, device_reads(self->imp, object, 0, p, SMALL));
	EXPECT_EQ(0, memcmp(p, self->data, SMALL));
	fill(p, SMALL, 6);
	EXPECT_EQ(0, device_writes(self->imp, object, 0, p, SMALL));
	EXPECT_EQ(0, memcmp(p, self->data, SMALL));
	EXPECT_EQ(-ERANGE, device_reads(self->imp, object, SMALL, p, 1));
	EXPECT_EQ(0, attachments(self->fd));
	free(p);
}

TEST_F(importer, the_kernel_maps_it_twice)
{
	int first = vmap(self->imp, self->buf);
	int second = vmap(self->imp, self->buf);

	ASSERT_LE(0, second);
	EXPECT_TRUE(device_puts(self->imp, first, 7, 95));
	EXPECT_TRUE(device_sees(self->imp, second, 7, 95));
	EXPECT_EQ(0, drop(self->imp, first));
	EXPECT_TRUE(device_puts(self->imp, second, 7, 96));
	EXPECT_EQ(96, self->data[7]);
	EXPECT_EQ(0, drop(self->imp, second));
	first = vmap(self->imp, self->buf);
	EXPECT_TRUE(device_sees(self->imp, first, 7, 96));
}

TEST_F(importer, the_kernel_maps_huge_pages)
{
	size_t size = 2 * HUGE;
	int fd = create(self->dev, "", size);
	int buf = export_region(fd, 0);
	__u8 *p = map_data(fd, size, PROT_READ | PROT_WRITE);
	int object = vmap(self->imp, buf);
	__u8 *seen = malloc(size);

	ASSERT_NE(NULL, p);
	fill(p, size, 44);
	EXPECT_EQ(0, device_reads(self->imp, object, 0, seen, size));
	EXPECT_EQ(0, memcmp(p, seen, size));
	free(seen);
	munmap(p, size);
	close(buf);
	close(fd);
}

/* ---- who goes first ---- */

FIXTURE(life)
{
	int dev, imp, fd, buf, mapping;
	__u64 regions, bytes;	/* of the user, before */
};

FIXTURE_SETUP(life)
{
	void *p;

	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	reset_devices(self->imp);
	/* what went just now may still be on its way */
	EVENTUALLY(!query(self->dev).user_bytes);
	self->regions = query(self->dev).user_regions;
	self->bytes = query(self->dev).user_bytes;
	self->fd = create(self->dev, a_name("life"), SMALL);
	ASSERT_LE(0, self->fd);
	p = map_data(self->fd, SMALL, PROT_WRITE);
	ASSERT_NE(NULL, p);
	memset(p, 8, SMALL);
	munmap(p, SMALL);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->mapping = attach_and_map(self->imp, self->buf, IMPORTER_WIDE);
	ASSERT_LE(0, self->mapping);
}

/* However they went, nothing is left of them. */
FIXTURE_TEARDOWN(life)
{
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == self->bytes));
	EXPECT_EQ(self->regions, query(self->dev).user_regions);
	close(self->dev);
}

TEST_F(life, region_buffer_importer)
{
	__u8 *p;

	close(self->fd);
	EXPECT_EQ(self->regions, query(self->dev).user_regions);
	EXPECT_TRUE(device_puts(self->imp, self->mapping, 3, 13));
	p = map_buf(self->buf, SMALL, PROT_READ);
	EXPECT_EQ(13, p[3]);
	munmap(p, SMALL);
	close(self->buf);
	EXPECT_TRUE(device_sees(self->imp, self->mapping, 3, 13));
	EXPECT_TRUE(device_sees(self->imp, self->mapping, SMALL - 1, 8));
	/* the memory is there for the device alone, and counts */
	EXPECT_EQ(self->bytes + SMALL, query(self->dev).user_bytes);
	close(self->imp);
}

TEST_F(life, region_importer_buffer)
{
	close(self->fd);
	close(self->imp);
	EXPECT_EQ(self->bytes + SMALL, query(self->dev).user_bytes);
	close(self->buf);
}

TEST_F(life, buffer_region_importer)
{
	close(self->buf);
	EXPECT_EQ(1, attachments(self->fd));
	close(self->fd);
	EXPECT_TRUE(device_sees(self->imp, self->mapping, 0, 8));
	close(self->imp);
}

TEST_F(life, buffer_importer_region)
{
	close(self->buf);
	close(self->imp);
	EXPECT_EQ(0, attachments(self->fd));
	self->buf = export_region(self->fd, 0);
	EXPECT_LE(0, self->buf);
	close(self->buf);
	close(self->fd);
}

TEST_F(life, importer_buffer_region)
{
	close(self->imp);
	EXPECT_EQ(0, attachments(self->fd));
	close(self->buf);
	close(self->fd);
}

TEST_F(life, importer_region_buffer)
{
	__u8 *p;

	EXPECT_TRUE(device_puts(self->imp, self->mapping, 3, 14));
	close(self->imp);
	close(self->fd);
	p = map_buf(self->buf, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(14, p[3]);
	munmap(p, SMALL);
	close(self->buf);
}

TEST_F(life, a_mapping_of_the_driver_is_last)
{
	__u8 *p = map_by_importer(self->imp, self->buf, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	close(self->fd);
	close(self->buf);
	close(self->imp);
	EXPECT_TRUE(all_are(p, 8, SMALL));
	EXPECT_EQ(self->bytes + SMALL, query(self->dev).user_bytes);
	munmap(p, SMALL);
}

TEST_F(life, a_mapping_of_the_kernel_is_last)
{
	int object = vmap(self->imp, self->buf);

	EXPECT_LE(0, object);
	close(self->fd);
	close(self->buf);
	EXPECT_TRUE(device_sees(self->imp, object, PAGE, 8));
	close(self->imp);
}

TEST_F(life, unlinked_while_attached)
{
	int again;

	EXPECT_EQ(0, call(self->fd, ZINC_REGION_UNLINK, NULL));
	EXPECT_EQ(1, attachments(self->fd));
	EXPECT_TRUE(device_puts(self->imp, self->mapping, 1, 15));
	again = attach_and_map(self->imp, self->buf, IMPORTER_OTHER);
	EXPECT_TRUE(device_sees(self->imp, again, 1, 15));
	EXPECT_EQ(2, attachments(self->fd));
	close(self->fd);
	close(self->buf);
	close(self->imp);
}

TEST_F(life, attached_after_the_region)
{
	int mapping;

	close(self->fd);
	mapping = attach_and_map(self->imp, self->buf, IMPORTER_OTHER);
	EXPECT_TRUE(device_sees(self->imp, mapping, 2, 8));
	close(self->buf);
	close(self->imp);
}

TEST_F(life, the_importing_process_is_killed)
{
	pid_t pid;

	close(self->imp);
	pid = spawn();
	if (!pid) {
		int imp = open_importer();

		CHECK(attach_and_map(imp, self->buf, IMPORTER_WIDE) > 0);
		CHECK(attach_and_map(imp, self->buf, IMPORTER_OTHER) > 0);
		CHECK(vmap(imp, self->buf) > 0);
		pause();
	}
	EXPECT_TRUE(EVENTUALLY(attachments(self->fd) == 2));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(EVENTUALLY(!attachments(self->fd)));
	close(self->buf);
	close(self->fd);
}

TEST_F(life, the_exporting_process_is_killed)
{
	int sockets[2], buf, mapping;
	pid_t pid;

	close(self->fd);
	close(self->buf);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = spawn();
	if (!pid) {
		int fd = create(self->dev, a_name("killed"), SMALL);
		void *p = map_data(fd, SMALL, PROT_WRITE);

		memset(p, 19, SMALL);
		CHECK(!send_fd(sockets[1], export_region(fd, 0)));
		pause();
	}
	buf = receive_fd(sockets[0]);
	ASSERT_LE(0, buf);
	mapping = attach_and_map(self->imp, buf, IMPORTER_OTHER);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	close(buf);
	EXPECT_TRUE(device_sees(self->imp, mapping, SMALL - 1, 19));
	close(self->imp);
	close(sockets[0]);
	close(sockets[1]);
}

/* ---- what is shown ---- */

/* Whether @text has @part behind the line or word that begins with @start */
static bool shows(const char *text, const char *start, const char *part)
{
	const char *at = strstr(text, start), *end;
	char *line;
	bool found;

	if (!at)
		return false;
	end = strchr(at + 1, '\n');
	line = strndup(at, end ? end - at : strlen(at));
	found = strstr(line, part);
	free(line);
	return found;
}

static const char *fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return file_text(path);
}

TEST_F(importer, fdinfo)
{
	int attachment = attach(self->imp, self->buf);

	EXPECT_LE(0, attach_as(self->imp, self->rdonly, IMPORTER_OTHER, 0));
	EXPECT_NE(NULL, strstr(fdinfo(self->fd), "\nzinc-attachment:\t" IMPORTER_NAME ".0\n"
						 "zinc-attachment:\t" IMPORTER_NAME ".1\n"));
	EXPECT_EQ(0, drop(self->imp, attachment));
	EXPECT_EQ(NULL, strstr(fdinfo(self->fd), IMPORTER_NAME ".0\n"));
	EXPECT_NE(NULL, strstr(fdinfo(self->fd), IMPORTER_NAME ".1\n"));
}

TEST_F(importer, debugfs)
{
	int attachment = attach(self->imp, self->buf);
	char id[32];

	if (access(REGIONS, R_OK))
		SKIP(return, "no " REGIONS);
	EXPECT_LE(0, attach_as(self->imp, self->buf, IMPORTER_OTHER, 0));
	snprintf(id, sizeof(id), "\n%llu ", info(self->fd).id);
	EXPECT_TRUE(shows(file_text(REGIONS), id,
			  " " IMPORTER_NAME ".0 " IMPORTER_NAME ".1"));
	EXPECT_EQ(0, drop(self->imp, attachment));
	EXPECT_FALSE(shows(file_text(REGIONS), id, IMPORTER_NAME ".0"));
	EXPECT_TRUE(shows(file_text(REGIONS), id, IMPORTER_NAME ".1"));
}

TEST_F(importer, list)
{
	struct zinc_info entries[64];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.count = ARRAY_SIZE(entries),
		.entry_size = sizeof(entries[0]),
		.cursor = info(self->fd).id - 1,
	};

	EXPECT_LE(0, attach(self->imp, self->buf));
	EXPECT_LE(0, attach(self->imp, self->rdonly));
	EXPECT_EQ(0, call(self->dev, ZINC_LIST, &list));
	ASSERT_LE(1, list.count);
	EXPECT_EQ(info(self->fd).id, entries[0].id);
	EXPECT_EQ(2, entries[0].attachments);
}

TEST_F(importer, a_region_of_an_imported_buffer_shows_none)
{
	int fd = import_dmabuf(self->dev, "", self->buf);

	EXPECT_LE(0, fd);
	EXPECT_LE(0, attach(self->imp, self->buf));
	EXPECT_EQ(0, attachments(fd));
	EXPECT_EQ(1, attachments(self->fd));
	close(fd);
}

/* ---- trace ---- */

/* Whether the trace has this line, wherever in it @format begins */
static bool __attribute__((format(printf, 1, 2)))
traced(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return strstr(file_text(TRACING "/trace"), line);
}

TEST_F(importer, trace)
{
	int attachment, mapping, rdonly;
	struct importer_map m;
	__u64 id;

	if (write_text(EVENTS "/enable", "1"))
		SKIP(return, "no " EVENTS);
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	id = info(self->fd).id;
	close(export_region(self->fd, 0));
	rdonly = export_region(self->fd, ZINC_EXPORT_RDONLY);
	EXPECT_TRUE(traced("zinc_export: id=%llu rdonly=0\n", id));
	EXPECT_TRUE(traced("zinc_export: id=%llu rdonly=1\n", id));
	attachment = attach_as(self->imp, self->buf, IMPORTER_OTHER, 0);
	EXPECT_TRUE(traced("zinc_attach: id=%llu device=" IMPORTER_NAME ".1\n",
			   id));
	mapping = map_as(self->imp, attachment, IMPORTER_TO_DEVICE, &m);
	EXPECT_TRUE(traced("zinc_map: id=%llu device=" IMPORTER_NAME ".1 direction=1 entries=%u\n",
			   id, m.entries));
	EXPECT_FALSE(traced("zinc_unmap:"));
	drop(self->imp, mapping);
	EXPECT_TRUE(traced("zinc_unmap: id=%llu device=" IMPORTER_NAME ".1\n",
			   id));
	EXPECT_FALSE(traced("zinc_detach:"));
	drop(self->imp, attachment);
	EXPECT_TRUE(traced("zinc_detach: id=%llu device=" IMPORTER_NAME ".1\n",
			   id));
	write_text(EVENTS "/enable", "0");
	close(rdonly);
}

TEST_F(importer, trace_of_what_fails)
{
	int attachment = attach(self->imp, self->rdonly);
	int fd = create_as(self->dev, "", 1ULL << 40, ZINC_CREATE_LAZY, 0, 0);
	int buf = export_region(fd, 0);

	if (write_text(EVENTS "/enable", "1"))
		SKIP(return, "no " EVENTS);
	close(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	EXPECT_EQ(-ENOMEM, attach(self->imp, buf));
	EXPECT_EQ(-EACCES, map(self->imp, attachment, IMPORTER_BOTH_WAYS));
	EXPECT_FALSE(traced("zinc_attach:"));
	EXPECT_FALSE(traced("zinc_map:"));
	write_text(EVENTS "/enable", "0");
	close(buf);
	close(fd);
}

/* ---- the module ---- */

static int unload(void)
{
	return syscall(SYS_delete_module, "zinc", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	const char *path = getenv("ZINC_KO");
	int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err;
}

static bool may_unload(void)
{
	const char *path = getenv("ZINC_KO");

	return path && !access(path, R_OK);
}

static void drop_all_but_imp(FIXTURE_PTR(life) self)
{
	close(self->fd);
	close(self->buf);
	close(self->dev);
}

static void unload_and_load(FIXTURE_PTR(life) self)
{
	CHECK(EVENTUALLY(!unload()));
	CHECK(access(DEVICE, F_OK));
	CHECK(!load());
	self->dev = open_device();
}

TEST_F(life, not_unloaded_while_a_device_is_attached)
{
	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	drop_all_but_imp(self);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, drop(self->imp, self->mapping));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(self->imp);
	unload_and_load(self);
}

TEST_F(life, not_unloaded_while_the_kernel_maps)
{
	int imp, object;

	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	imp = open_importer();
	object = vmap(imp, self->buf);
	EXPECT_LE(0, object);
	close(self->imp);
	drop_all_but_imp(self);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_TRUE(device_sees(imp, object, 0, 8));
	close(imp);
	unload_and_load(self);
}

TEST_F(life, not_unloaded_while_a_driver_maps_for_user_space)
{
	int imp;
	void *p;

	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	imp = open_importer();
	p = map_by_importer(imp, self->buf, PROT_READ);
	close(imp);
	close(self->imp);
	drop_all_but_imp(self);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_TRUE(all_are(p, 8, SMALL));
	munmap(p, SMALL);
	unload_and_load(self);
}

/* ---- all at once ---- */

static void one_round(int imp, int buf, int rdonly, unsigned int i)
{
	int first = attach_as(imp, buf, i % 2, i / 2 % 2);
	int second = attach(imp, rdonly);
	int a = map(imp, first, IMPORTER_BOTH_WAYS);
	int b = map(imp, second, IMPORTER_TO_DEVICE);
	int v = vmap(imp, buf);

	CHECK(a > 0 && b > 0 && v > 0);
	CHECK(!kernel_access(imp, buf, IMPORTER_BOTH_WAYS, 0));
	CHECK(device_puts(imp, a, 0, i));
	CHECK(!drop(imp, i % 3 ? a : b));
	CHECK(!kernel_access(imp, rdonly, IMPORTER_BOTH_WAYS, 1));
	CHECK(!drop(imp, v));
	CHECK(!drop(imp, i % 3 ? b : a));
	CHECK(!drop(imp, second));
	CHECK(!drop(imp, first));
}

static void work_on(int buf, int rdonly, unsigned int rounds)
{
	int imp = open_importer();
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		one_round(imp, buf, rdonly, i);
		if (i % 8)
			continue;
		/* some go as those do whose process is killed */
		CHECK(attach_and_map(imp, buf, IMPORTER_WIDE) > 0);
		close(imp);
		imp = open_importer();
	}
	close(imp);
}

static void look_at(int fd, unsigned int rounds)
{
	char *text;

	while (rounds--) {
		CHECK(attachments(fd) <= 6);
		text = strdup(fdinfo(fd));
		CHECK(strstr(text, "zinc-id:"));
		free(text);
		file_text(REGIONS);
	}
}

/* Two processes attach and map while a third one looks. */
TEST_F_TIMEOUT(importer, many_at_once, SLOW)
{
	enum { ROUNDS = 200, RACERS = 3 };
	pid_t pids[RACERS];
	int i;

	for (i = 0; i < RACERS; i++) {
		pids[i] = spawn();
		if (pids[i])
			continue;
		if (i)
			work_on(self->buf, self->rdonly, ROUNDS);
		else
			look_at(self->fd, ROUNDS);
		_exit(0);
	}
	for (i = 0; i < RACERS; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(0, attachments(self->fd));
}

/* ---- fences that fail ---- */

TEST_F(importer, work_that_fails_notifies_and_is_counted)
{
	struct zinc_info i;
	int fence = begin_work(self->imp);

	ASSERT_LE(0, fence);
	EXPECT_EQ(0, notify_on_fence(self->fd, fence));
	EXPECT_EQ(1, info(self->fd).fences);
	EXPECT_EQ(0, end_work(self->imp, EIO));
	EXPECT_EQ(0, wait_until(self->fd, patience()));
	i = info(self->fd);
	EXPECT_EQ(0, i.fences);
	EXPECT_EQ(1, i.sequence);
	EXPECT_EQ(1, i.fence_errors);
	EXPECT_EQ(-EIO, i.fence_error);
	/* it has failed already */
	EXPECT_EQ(0, notify_on_fence(self->fd, fence));
	EXPECT_EQ(2, info(self->fd).fence_errors);
	EXPECT_EQ(2, info(self->fd).sequence);
	close(fence);
}

TEST_F(importer, work_that_is_done_leaves_the_errors_alone)
{
	int fence = begin_work(self->imp);

	ASSERT_LE(0, fence);
	EXPECT_EQ(0, notify_on_fence(self->fd, fence));
	close(fence);
	EXPECT_EQ(0, end_work(self->imp, 0));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).fence_errors);
	EXPECT_EQ(0, info(self->fd).fence_error);
}

/* The driver says that the device is gone, and so nobody waits for ever */
TEST_F(importer, work_of_a_killed_process_fails)
{
	int ready[2], imp;
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	pid = spawn();
	if (!pid) {
		imp = open_importer();
		CHECK(!notify_on_fence(self->fd, begin_work(imp)));
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	EXPECT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(1, info(self->fd).fences);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, wait_until(self->fd, patience()));
	EXPECT_EQ(1, info(self->fd).sequence);
	EXPECT_EQ(-ENODEV, info(self->fd).fence_error);
	close(ready[0]);
	close(ready[1]);
}

/* ---- what is no region ---- */

/* Other exporters round to pages; nothing in the kernel makes them */
TEST_F(importer, a_buffer_of_a_size_that_no_region_has)
{
	const __u64 sizes[] = {
		0, 1, PAGE - 1, PAGE + 1, ZINC_CAPACITY_MAX + PAGE, 1ULL << 62,
	};
	const char *name = a_name("odd");
	__u64 right = PAGE;
	unsigned int i;
	int buf, fd;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		buf = call(self->imp, IMPORTER_EXPORT, (void *)&sizes[i]);
		ASSERT_LE(0, buf);
		EXPECT_EQ(-EINVAL, import_dmabuf(self->dev, name, buf))
			TH_LOG("%llu bytes", (unsigned long long)sizes[i]);
		EXPECT_EQ(-ENOENT, open_name(self->dev, name));
		/* it is ours alone again */
		EXPECT_EQ(0, close(buf));
	}
	/* it is the size that was wrong */
	buf = call(self->imp, IMPORTER_EXPORT, &right);
	fd = import_dmabuf(self->dev, name, buf);
	ASSERT_LE(0, fd);
	EXPECT_EQ(PAGE, info(fd).capacity);
	EXPECT_EQ(NULL, map_data(fd, PAGE, PROT_READ));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	close(buf);
}

/* ---- want of memory ---- */

#define FAULTS	"/sys/kernel/debug/"

static bool inject_faults(void)
{
	if (access("/proc/thread-self/fail-nth", F_OK))
		return false;
	write_text(FAULTS "failslab/verbose", "0");
	write_text(FAULTS "fail_page_alloc/verbose", "0");
	write_text(FAULTS "fail_usercopy/verbose", "0");
	return !write_text(FAULTS "failslab/ignore-gfp-wait", "N") &&
	       !write_text(FAULTS "fail_page_alloc/ignore-gfp-wait", "N") &&
	       !write_text(FAULTS "fail_page_alloc/ignore-gfp-highmem", "N") &&
	       !write_text(FAULTS "fail_page_alloc/min-order", "0");
}

/* @nth: a descriptor of fail-nth, as to open one could fail itself */
static void fail_at(int nth, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	CHECK(pwrite(nth, text, len, 0) == len);
}

/*
 * Whether one was to fail, and did. What is still to come takes the first of
 * these calls that copies: then it did not.
 */
static bool has_failed(int nth)
{
	char text[16] = "";
	bool failed = pread(nth, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';

	while (pwrite(nth, "0", 1, 0) != 1)
		CHECK(errno == EFAULT || errno == ENOMEM);
	return failed;
}

/* Not a mapping of the kernel: that its exporter fails is a warning to it */
enum step { ATTACH, ATTACH_DYNAMIC, MAP, STEPS };

static int take_step(FIXTURE_PTR(importer) self, enum step step, int buf,
		     int attachment)
{
	switch (step) {
	case ATTACH:
		return attach(self->imp, buf);
	case ATTACH_DYNAMIC:
		return attach_as(self->imp, buf, IMPORTER_OTHER, 1);
	default:
		return map(self->imp, attachment, IMPORTER_BOTH_WAYS);
	}
}

TEST_F_TIMEOUT(importer, every_allocation_fails_once, SLOW)
{
	int fd, buf, attachment, object, faults;
	unsigned int nth, step;
	bool failed;

	if (!inject_faults())
		SKIP(return, "no fault injection in this kernel");
	faults = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, faults);
	for (step = 0; step < STEPS; step++) {
		failed = true;
		for (nth = 1; failed; nth++) {
			ASSERT_GT(2000, nth);
			fd = create_as(self->dev, "", 2 * SMALL,
				       ZINC_CREATE_LAZY, 0, 0);
			buf = export_region(fd, 0);
			attachment = step == MAP ? attach(self->imp, buf) : 0;
			fail_at(faults, nth);
			object = take_step(self, step, buf, attachment);
			failed = has_failed(faults);
			if (object < 0) {
				EXPECT_TRUE(failed);
				EXPECT_TRUE(object == -ENOMEM ||
					    object == -EFAULT);
				EXPECT_EQ(step == MAP, attachments(fd));
				object = take_step(self, step, buf, attachment);
			}
			EXPECT_LT(0, object);
			EXPECT_EQ(0, drop(self->imp, object));
			if (attachment)
				EXPECT_EQ(0, drop(self->imp, attachment));
			EXPECT_EQ(0, attachments(fd));
			close(buf);
			close(fd);
		}
		/* it was the allocations that failed */
		EXPECT_LT(3, nth);
	}
	close(faults);
}

TEST_HARNESS_MAIN
