// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access by the CPU while a device works: DMA_BUF_IOCTL_SYNC, the copies of a
 * device that does not reach the pages, and fences that fail.
 */
#include "dmabuf_test.h"

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

/* Of all three directions of an access and of a mapping */
TEST_F(importer, cpu_access_syncs_what_both_directions_say)
{
	/* by direction of the mapping, then of the access; see kmod/dmabuf.c */
	static const __u32 begins[3][3] = { {1, 1, 1}, {1, 1, 0}, {1, 1, 1} };
	static const __u32 ends[3][3] = { {1, 1, 1}, {1, 1, 0}, {1, 0, 1} };
	struct importer_count before, after;
	int attachment, mapping;
	__u32 of, dir;

	NEED_OWN_DEVICE();
	attachment = attach_as(self->imp, self->buf, IMPORTER_OWN, 0);
	for (of = 0; of < 3; of++) {
		mapping = map(self->imp, attachment, of);
		ASSERT_LE(0, mapping);
		for (dir = 0; dir < 3; dir++) {
			before = count(self->imp);
			EXPECT_EQ(0, kernel_access(self->imp, self->buf, dir, 0));
			EXPECT_EQ(0, kernel_access(self->imp, self->buf, dir, 1));
			after = count(self->imp);
			EXPECT_EQ(begins[of][dir],
				  after.for_cpu - before.for_cpu)
				TH_LOG("begin %u of a mapping %u", dir, of);
			EXPECT_EQ(ends[of][dir],
				  after.for_device - before.for_device)
				TH_LOG("end %u of a mapping %u", dir, of);
		}
		EXPECT_EQ(0, drop(self->imp, mapping));
	}
}

/*
 * A device that has copies: each page has one value in memory, and another in
 * the device's copy. Which is where after begin, and after end?
 */
FIXTURE(copies)
{
	int dev, imp, fd, buf;
	__u8 *data;
};

FIXTURE_VARIANT(copies)
{
	__u64 access;	/* DMA_BUF_SYNC_READ, WRITE or both */
};

FIXTURE_VARIANT_ADD(copies, read) { .access = DMA_BUF_SYNC_READ };
FIXTURE_VARIANT_ADD(copies, write) { .access = DMA_BUF_SYNC_WRITE };
FIXTURE_VARIANT_ADD(copies, rw) { .access = DMA_BUF_SYNC_RW };

FIXTURE_SETUP(copies)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	reset_devices(self->imp);
	self->fd = create(self->dev, "", SMALL);
	ASSERT_LE(0, self->fd);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->data = map_data(self->fd, SMALL, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->data);
	memset(self->data, 1, SMALL);
}

FIXTURE_TEARDOWN(copies)
{
	munmap(self->data, SMALL);
	close(self->imp);
	close(self->buf);
	close(self->fd);
	close(self->dev);
}

/* After map_copies(): pages that are pinned stay where they are */
#define NEED_COPIES() do {						\
	if (!(physical(self->data) >> 32))				\
		SKIP(return, "no memory above 4 GiB");			\
} while (0)

static int map_copies(FIXTURE_PTR(copies) self, __u32 direction)
{
	return map(self->imp, attach_in_time(self->imp, self->buf, IMPORTER_NARROW, 0),
		   direction);
}

TEST_F(copies, of_a_device_that_only_reads)
{
	bool writes = variant->access & DMA_BUF_SYNC_WRITE;
	int mapping;

	mapping = map_copies(self, IMPORTER_TO_DEVICE);
	ASSERT_LE(0, mapping);
	NEED_COPIES();
	self->data[0] = 2;
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | variant->access));
	EXPECT_EQ(2, self->data[0]);
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, 1));
	self->data[0] = 3;
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | variant->access));
	EXPECT_EQ(3, self->data[0]);
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, writes ? 3 : 1));
}

TEST_F(copies, of_a_device_that_only_writes)
{
	int mapping;

	mapping = map_copies(self, IMPORTER_FROM_DEVICE);
	ASSERT_LE(0, mapping);
	NEED_COPIES();
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 2));
	EXPECT_EQ(1, self->data[0]);
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | variant->access));
	EXPECT_EQ(2, self->data[0]);
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 3));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | variant->access));
	/* it is there for the next one, and not what the CPU has seen */
	EXPECT_EQ(2, self->data[0]);
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | variant->access));
	EXPECT_EQ(3, self->data[0]);
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | variant->access));
}

TEST_F(copies, of_a_device_that_does_both)
{
	bool writes = variant->access & DMA_BUF_SYNC_WRITE;
	int mapping;

	mapping = map_copies(self, IMPORTER_BOTH_WAYS);
	ASSERT_LE(0, mapping);
	NEED_COPIES();
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 2));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | variant->access));
	EXPECT_EQ(2, self->data[0]);
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 3));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | variant->access));
	/* a reader's copy does not overwrite newer data */
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, writes ? 2 : 3));
}

/* The parts of a page that the CPU did not write keep the device's data. */
TEST_F(copies, a_part_of_a_page_is_written)
{
	int mapping;

	if (!(variant->access & DMA_BUF_SYNC_WRITE))
		SKIP(return, "is about writes");
	mapping = map_copies(self, IMPORTER_BOTH_WAYS);
	ASSERT_LE(0, mapping);
	NEED_COPIES();
	EXPECT_TRUE(device_puts(self->imp, mapping, 1, 5));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | variant->access));
	self->data[0] = 6;
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | variant->access));
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, 6));
	EXPECT_TRUE(device_sees(self->imp, mapping, 1, 5));
}

/* A reader gives nothing to the device, even if it asks to. */
TEST_F(copies, and_a_reader)
{
	bool reads = variant->access & DMA_BUF_SYNC_READ;
	int rdonly = export_region(self->fd, ZINC_RDONLY);
	int mapping;

	mapping = map_copies(self, IMPORTER_BOTH_WAYS);
	ASSERT_LE(0, mapping);
	NEED_COPIES();
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 2));
	EXPECT_EQ(0, cpu_access(rdonly, DMA_BUF_SYNC_START | variant->access));
	EXPECT_EQ(reads ? 2 : 1, self->data[0]);
	EXPECT_TRUE(device_puts(self->imp, mapping, 0, 3));
	EXPECT_EQ(0, cpu_access(rdonly, DMA_BUF_SYNC_END | variant->access));
	EXPECT_TRUE(device_sees(self->imp, mapping, 0, 3));
	close(rdonly);
}

/* From one device to another, the CPU says that it has written. */
TEST_F(copies, of_one_device_for_another)
{
	int from, to;

	from = map_copies(self, IMPORTER_FROM_DEVICE);
	to = map_copies(self, IMPORTER_TO_DEVICE);
	ASSERT_LE(0, to);
	NEED_COPIES();
	EXPECT_TRUE(device_puts(self->imp, from, 0, 7));
	EXPECT_TRUE(device_sees(self->imp, to, 0, 1));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | variant->access));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | variant->access));
	EXPECT_TRUE(device_sees(self->imp, to, 0,
				variant->access & DMA_BUF_SYNC_WRITE ? 7 : 1));
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

/* The driver reports that the device is gone, so that no process waits for ever */
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

TEST_HARNESS_MAIN
