// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region's dma-buf as devices and drivers map it: what goes through a mapping,
 * segments, directions, read-only buffers, and mappings that fail.
 */
#include "dmabuf_test.h"

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
FIXTURE_VARIANT_ADD(data, small_lazy) { .flags = ZINC_LAZY };
FIXTURE_VARIANT_ADD(data, small_narrow) { .device = IMPORTER_NARROW };
FIXTURE_VARIANT_ADD(data, huge) { .huge = 2 };
FIXTURE_VARIANT_ADD(data, huge_dynamic) { .huge = 1, .dynamic = 1 };
FIXTURE_VARIANT_ADD(data, huge_lazy) { .huge = 2, .flags = ZINC_LAZY };
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
	self->attachment = attach_in_time(self->imp, self->buf, variant->device,
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
	self->attachment = attach_in_time(self->imp, self->buf, IMPORTER_WIDE, 0);
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

/* ---- segments ---- */

TEST_F(importer, no_entry_is_larger_than_the_device_takes)
{
	static const __u32 limits[] = { 0x1000, 0x3000, 0x10000, 0x15000 };
	size_t size = 2 * HUGE;
	int fd = create(self->dev, "", size);
	int buf = export_region(fd, 0);
	int attachment = attach_in_time(self->imp, buf, IMPORTER_WIDE, 0);
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

/* Runs of adjacent pages of @data, and the bytes of the longest one */
static unsigned int count_runs(const char *data, size_t size, size_t *longest)
{
	unsigned int runs = 0;
	__u64 expected = 0;
	size_t at, length = 0;

	*longest = 0;
	for (at = 0; at < size; at += PAGE) {
		__u64 address = physical(data + at);

		if (!at || address != expected) {
			runs++;
			length = 0;
		}
		expected = address + PAGE;
		length += PAGE;
		if (length > *longest)
			*longest = length;
	}
	return runs;
}

/* To be pinned, pages are moved: huge ones may become small ones before. */
TEST_F_TIMEOUT(importer, huge_pages_are_one_entry, SLOW)
{
	size_t size = 4 * HUGE, longest;
	int fd = create(self->dev, "", size);
	int buf = export_region(fd, 0);
	char *p = map_data(fd, size, PROT_READ);
	struct importer_map m;
	unsigned int runs;
	int attachment;

	ASSERT_LE(0, buf);
	ASSERT_NE(NULL, p);
	if (!physical(p))
		SKIP(return, "the kernel tells no physical addresses");
	EXPECT_EQ(0, setup(self->imp, IMPORTER_WIDE, 1U << 31, 0));
	attachment = attach_in_time(self->imp, buf, IMPORTER_WIDE, 0);
	ASSERT_LE(0, attachment);
	EXPECT_LE(0, map_as(self->imp, attachment, IMPORTER_BOTH_WAYS, &m));
	runs = count_runs(p, size, &longest);
	TH_LOG("%u runs; the longest has %zu KiB", runs, longest >> 10);
	EXPECT_GE(runs, m.entries);
	EXPECT_LE(longest, m.largest);
	EXPECT_EQ(size, m.bytes);
	/* runs of huge pages are as few as these */
	p += -(uintptr_t)p % HUGE;
	if (is_huge(p))
		EXPECT_LE(HUGE, m.largest);
	if (!is_huge(p))
		TH_LOG("the kernel gives no huge page here");
	close(buf);
	close(fd);
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

/* Without a warning: the operation is missing */
TEST_F(importer, a_read_only_buffer_is_not_mapped_by_the_kernel)
{
	EXPECT_EQ(-EINVAL, vmap(self->imp, self->rdonly));
}

/* A driver's mapping for user space, by a writable file */

TEST_F(importer, a_driver_maps_it_for_user_space)
{
	char *p = map_by_importer(self->imp, self->buf, PROT_READ | PROT_WRITE);
	char *grown;

	ASSERT_NE(NULL, p);
	p[2 * PAGE] = 81;
	EXPECT_EQ(81, self->data[2 * PAGE]);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SMALL + PAGE, PROT_READ, MAP_SHARED,
				   self->imp, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
				   self->imp, SMALL));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE,
				   self->imp, 0));
	grown = mremap(p, SMALL, 2 * SMALL, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED) {
		EXPECT_EQ(0, munmap(p, SMALL));
		return;
	}
	EXPECT_EQ(SIGBUS, signal_of(grown + SMALL, false));
	EXPECT_EQ(0, munmap(grown, 2 * SMALL));
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
	attachment = attach_in_time(self->imp, buf, IMPORTER_NARROW, 0);
	ASSERT_LE(0, attachment);
	/* where they are now that they are pinned */
	for (i = 0; i < 48; i++)
		beyond += physical(p + i * HUGE) >> 32 > 0;
	if (beyond < 40)
		SKIP(return, "too little memory above 4 GiB");
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

/* ---- other files than regions ---- */

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

TEST_HARNESS_MAIN
