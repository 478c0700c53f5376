/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of a region's dma-buf. Devices and drivers are played by
 * zinc_importer.ko, which importer_test.sh builds and loads.
 */
#ifndef DMABUF_TEST_H
#define DMABUF_TEST_H

#include "abi.h"
#include "importer/importer.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#define SMALL		(8 * PAGE)
#define HUGE		((size_t)2 << 20)
/* A test's time in seconds, on an emulated machine with sanitizers */
#define SLOW		240
#define SEGMENT		0x10000	/* what devices take that say nothing */
#define REGIONS		"/sys/kernel/debug/zinc/regions"

static void __attribute__((constructor(1001))) need_importer(void)
{
	if (access(IMPORTER_DEVICE, R_OK | W_OK))
		skip_all("no " IMPORTER_DEVICE ": load zinc_importer.ko, be root");
}

/* ---- the importer's calls ---- */

static inline int open_importer(void)
{
	int fd = open(IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int attach_as(int imp, int buf, __u32 device, __u32 dynamic)
{
	struct importer_attach arg = {
		.dmabuf_fd = buf,
		.device = device,
		.dynamic = dynamic,
	};

	return call(imp, IMPORTER_ATTACH, &arg);
}

static inline int attach(int imp, int buf)
{
	return attach_as(imp, buf, IMPORTER_WIDE, 0);
}

/*
 * As attach_as(), once the kernel can move the pages out of ZONE_MOVABLE and CMA: a
 * reference that prevents it may last as long as an emulated processor stands
 * still. The kernel's error is -ENOMEM if the reference has gone since.
 */
static inline int attach_in_time(int imp, int buf, __u32 device, __u32 dynamic)
{
	int attachment;

	EVENTUALLY((attachment = attach_as(imp, buf, device, dynamic)) != -EBUSY &&
		   attachment != -ENOMEM);
	return attachment;
}

static inline int map_as(int imp, int attachment, __u32 direction,
			 struct importer_map *arg)
{
	memset(arg, POISON, sizeof(*arg));
	arg->attachment = attachment;
	arg->direction = direction;
	return call(imp, IMPORTER_MAP, arg);
}

static inline int map(int imp, int attachment, __u32 direction)
{
	struct importer_map arg;

	return map_as(imp, attachment, direction, &arg);
}

static inline int attach_and_map(int imp, int buf, __u32 device)
{
	int attachment = attach_as(imp, buf, device, 0);

	return attachment < 0 ? attachment :
				map(imp, attachment, IMPORTER_BOTH_WAYS);
}

static inline int vmap(int imp, int buf)
{
	return call(imp, IMPORTER_VMAP, (void *)(long)buf);
}

static inline int drop(int imp, int object)
{
	return call(imp, IMPORTER_DROP, (void *)(long)object);
}

static inline long copy(int imp, int object, bool write, __u64 offset, void *buffer,
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

static inline long device_reads(int imp, int object, __u64 offset, void *to, size_t n)
{
	memset(to, POISON, n);
	return copy(imp, object, false, offset, to, n, NULL);
}

static inline long device_writes(int imp, int object, __u64 offset, void *from,
				 size_t n)
{
	return copy(imp, object, true, offset, from, n, NULL);
}

static inline bool device_sees(int imp, int object, __u64 offset, __u8 byte)
{
	__u8 seen;

	return !device_reads(imp, object, offset, &seen, 1) && seen == byte;
}

static inline bool device_puts(int imp, int object, __u64 offset, __u8 byte)
{
	return !device_writes(imp, object, offset, &byte, 1);
}

static inline int setup(int imp, __u32 device, __u32 max_segment, __u32 map_error)
{
	struct importer_setup arg = {
		.device = device,
		.max_segment = max_segment,
		.map_error = map_error,
	};

	return call(imp, IMPORTER_SETUP, &arg);
}

static inline struct importer_count count(int imp)
{
	struct importer_count arg = { .device = IMPORTER_OWN };

	if (call(imp, IMPORTER_COUNT, &arg))
		memset(&arg, POISON, sizeof(arg));
	return arg;
}

static inline int kernel_access(int imp, int buf, __u32 direction, __u32 end)
{
	struct importer_access arg = {
		.dmabuf_fd = buf,
		.direction = direction,
		.end = end,
	};

	return call(imp, IMPORTER_ACCESS, &arg);
}

static inline int export_buffer(int imp, __u32 flags)
{
	return call(imp, IMPORTER_BUFFER, &flags);
}

static inline struct importer_mapped mapped(int imp)
{
	struct importer_mapped arg;

	if (call(imp, IMPORTER_MAPPED, &arg))
		memset(&arg, POISON, sizeof(arg));
	return arg;
}

static inline int begin_work(int imp)
{
	return call(imp, IMPORTER_BEGIN, NULL);
}

static inline int end_work(int imp, int error)
{
	return call(imp, IMPORTER_END, (void *)(long)error);
}

/* ---- regions ---- */

static inline void *map_buf(int buf, size_t length, int prot)
{
	void *p = mmap(NULL, length, prot, MAP_SHARED, buf, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Something that no two pages have at the same place */
static inline void fill(__u8 *p, size_t length, __u8 seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		p[i] = seed + i + i / PAGE * 7;
}

/* The physical address of the page that is mapped at @p; 0 if there is none */
static inline __u64 physical(const void *p)
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

static inline __u64 resident(int fd)
{
	return info(fd).resident;
}

static inline __u32 attachments(int fd)
{
	return info(fd).attachments;
}

/* Whether the pages of @data are where the device has them: of huge ones, some */
static inline bool device_has_the_pages(int imp, int mapping, const char *data,
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

static inline void reset_devices(int imp)
{
	__u32 i;

	for (i = 0; i < IMPORTER_DEVICES; i++)
		CHECK(!setup(imp, i, SEGMENT, 0));
}

/* If the kernel has no such devices */
#define NEED_OWN_DEVICE() do {						\
	int __attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 0); \
	if (__attachment == -EOPNOTSUPP)				\
		SKIP(return, "this kernel maps for every device itself"); \
	EXPECT_EQ(0, drop(self->imp, __attachment));			\
} while (0)

FIXTURE(importer)
{
	int dev, imp;
	int fd;		/* a region of SMALL, full of ones */
	int buf;	/* its dma-buf */
	int rdonly;	/* and the dma-buf by which no process writes */
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
	self->rdonly = export_region(self->fd, ZINC_RDONLY);
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

static inline void *map_by_importer(int imp, int buf, int prot)
{
	CHECK(!call(imp, IMPORTER_MMAP, (void *)(long)buf));
	return map_buf(imp, SMALL, prot);
}

static inline const char *fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return file_text(path);
}

static inline int unload(void)
{
	return syscall(SYS_delete_module, "zinc", O_NONBLOCK) ? -errno : 0;
}

static inline int load(void)
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

static inline bool may_unload(void)
{
	const char *path = getenv("ZINC_KO");

	return path && !access(path, R_OK);
}

#define FAULTS	"/sys/kernel/debug/"

static inline bool inject_faults(void)
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
static inline void fail_at(int nth, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	CHECK(pwrite(nth, text, len, 0) == len);
}

/*
 * Whether a call was to fail, and did. A failure that is still pending goes to
 * the first of these calls that copies: then the call did not fail.
 */
static inline bool has_failed(int nth)
{
	char text[16] = "";
	bool failed = pread(nth, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';

	while (pwrite(nth, "0", 1, 0) != 1)
		CHECK(errno == EFAULT || errno == ENOMEM);
	return failed;
}

/* Not a mapping of the kernel: that its exporter fails is a warning to it */
#endif /* DMABUF_TEST_H */
