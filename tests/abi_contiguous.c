// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE with ZINC_CONTIGUOUS: the position of the pages, their cost, and
 * refused arguments. gpu/camera_test.sh tests which devices accept them.
 */
#include "abi.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#define NOBODY		65534
#define MAX_BYTES	MODULE "/parameters/max_bytes"
#define MAX_PINNED	MODULE "/parameters/max_pinned_bytes"

FIXTURE(contiguous)
{
	int dev;
	size_t block;
};

FIXTURE_SETUP(contiguous)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->block = query(self->dev).huge_size;
	/* each test says then that it is skipped */
	if (!self->block)
		return;
	EXPECT_TRUE(query(self->dev).features & ZINC_FEATURE_CONTIGUOUS);
	EXPECT_EQ(0, query(self->dev).user_pinned_bytes);
}

FIXTURE_TEARDOWN(contiguous)
{
	EXPECT_EQ(0, query(self->dev).user_pinned_bytes);
	close(self->dev);
}

#define NEED_BLOCKS() do {						\
	if (!self->block)						\
		SKIP(return, "this kernel has no huge pages");		\
} while (0)

static int make(int dev, size_t capacity)
{
	return create_as(dev, "", capacity, ZINC_CONTIGUOUS, 0, 0);
}

/* The frame of each page; 0 where the kernel does not say */
static __u64 frame_of(const char *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	*(const volatile char *)p;
	CHECK(pread(fd, &entry, sizeof(entry), (uintptr_t)p / PAGE * 8) == 8);
	close(fd);
	return entry >> 63 ? entry & ((1ULL << 55) - 1) : 0;
}

/* Whether each block of the region is in one piece */
static bool in_blocks(int fd, size_t capacity, size_t block)
{
	char *p = map_data(fd, capacity, PROT_READ | PROT_WRITE);
	__u64 first = 0, frame;
	bool good = p;
	size_t at;

	for (at = 0; good && at < capacity; at += PAGE) {
		frame = frame_of(p + at);
		if (at % block == 0)
			first = frame;
		good = frame && frame == first + at % block / PAGE;
	}
	munmap(p, capacity);
	return good;
}

TEST_F(contiguous, blocks_are_in_one_piece)
{
	const size_t sizes[] = {
		PAGE, 225 * PAGE, self->block - PAGE, self->block,
		self->block + PAGE, 3 * self->block,
	};
	unsigned int i;
	int fd;

	NEED_BLOCKS();
	if (geteuid())
		SKIP(return, "needs root, to be told where pages are");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fd = make(self->dev, sizes[i]);
		ASSERT_LE(0, fd);
		EXPECT_TRUE(in_blocks(fd, sizes[i], self->block)) {
			TH_LOG("%zu bytes", sizes[i]);
		}
		EXPECT_EQ(sizes[i], info(fd).capacity);
		close(fd);
	}
}

TEST_F(contiguous, info_tells)
{
	int fd, plain;

	NEED_BLOCKS();
	fd = make(self->dev, 3 * PAGE);
	plain = create(self->dev, "", 3 * PAGE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ZINC_INFO_CONTIGUOUS | ZINC_INFO_ANONYMOUS | ZINC_INFO_CREATOR,
		  info(fd).flags);
	EXPECT_EQ(ZINC_INFO_ANONYMOUS | ZINC_INFO_CREATOR, info(plain).flags);
	EXPECT_EQ(3 * PAGE, info(fd).resident);
	close(plain);
	close(fd);
}

TEST_F(contiguous, it_is_a_region_like_any_other)
{
	const char *name = a_name("contiguous");
	struct zinc_header *h;
	char *p, *q;
	int fd, other;

	NEED_BLOCKS();
	fd = create_as(self->dev, name, 3 * PAGE, ZINC_CONTIGUOUS, 0, 0);
	ASSERT_LE(0, fd);
	other = open_name(self->dev, name);
	ASSERT_LE(0, other);
	p = map_data(fd, 3 * PAGE, PROT_READ | PROT_WRITE);
	q = map_data(other, 3 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	EXPECT_TRUE(all_are(q, 0, 3 * PAGE));
	p[0] = 1;
	p[3 * PAGE - 1] = 2;
	EXPECT_EQ(1, q[0]);
	EXPECT_EQ(2, q[3 * PAGE - 1]);
	/* its data begin at a huge page: the control page is elsewhere */
	EXPECT_EQ(NULL, map_whole(fd, 3 * PAGE, PROT_READ));
	EXPECT_EQ(EOPNOTSUPP, errno);
	h = map_header(fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, h);
	EXPECT_EQ(3 * PAGE, h->capacity);
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(0, wait_until(other, 0));
	/* and is as long as requested */
	EXPECT_EQ(NULL, map_data(fd, 3 * PAGE + 1, PROT_READ));
	unmap_header(h);
	munmap(p, 3 * PAGE);
	munmap(q, 3 * PAGE);
	close(other);
	close(fd);
}

TEST_F(contiguous, what_is_refused)
{
	struct zinc_create arg = create_args("", PAGE);

	arg.flags = ZINC_CONTIGUOUS | ZINC_LAZY;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &arg));
	NEED_BLOCKS();
	arg.flags = ZINC_CONTIGUOUS;
	arg.capacity = PAGE + 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &arg));
}

TEST_F(contiguous, imports_are_as_they_are)
{
	int fd = create(self->dev, "", PAGE);
	struct zinc_import arg = {
		.dmabuf_fd = export_region(fd, 0),
		.flags = ZINC_CONTIGUOUS,
	};

	ASSERT_LE(0, arg.dmabuf_fd);
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	close(arg.dmabuf_fd);
	close(fd);
}

TEST_F(contiguous, kernels_without_huge_pages)
{
	struct zinc_create arg = create_args("", PAGE);

	if (self->block)
		SKIP(return, "this kernel has huge pages");
	arg.flags = ZINC_CONTIGUOUS;
	EXPECT_EQ(-EOPNOTSUPP, refused(self->dev, ZINC_IOC_CREATE, &arg));
	EXPECT_FALSE(query(self->dev).features & ZINC_FEATURE_CONTIGUOUS);
}

/* A capacity beyond all memory fails in the same way on every kernel */
TEST_F(contiguous, memory_that_is_not_there)
{
	struct zinc_query before = query(self->dev);
	struct zinc_create arg;

	NEED_BLOCKS();
	arg = create_args("", (sysconf(_SC_PHYS_PAGES) * PAGE + self->block) /
				      self->block * self->block);
	arg.flags = ZINC_CONTIGUOUS;
	if (geteuid())
		SKIP(return, "needs root, whom no limit stops before");
	EXPECT_EQ(-ENOMEM, refused(self->dev, ZINC_IOC_CREATE, &arg));
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
	EXPECT_EQ(before.user_regions, query(self->dev).user_regions);
}

/* Where shmem may have no huge pages there are only small ones */
TEST_F(contiguous, small_pages_are_refused)
{
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	struct zinc_query before = query(self->dev);
	struct zinc_create arg = create_args("", PAGE);

	NEED_BLOCKS();
	if (write_text(path, "deny"))
		SKIP(return, "needs root, and %s", path);
	arg.flags = ZINC_CONTIGUOUS;
	arg.capacity = 2 * self->block;
	EXPECT_EQ(-ENOMEM, refused(self->dev, ZINC_IOC_CREATE, &arg));
	EXPECT_EQ(0, write_text(path, "never"));
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
	EXPECT_EQ(before.user_regions, query(self->dev).user_regions);
}

TEST_F(contiguous, what_it_costs)
{
	struct zinc_query before = query(self->dev);
	int fd;
	char *p;

	NEED_BLOCKS();
	fd = make(self->dev, self->block + PAGE);
	ASSERT_LE(0, fd);
	/* allocated bytes or, of pinned ones, the creator's */
	EXPECT_EQ(before.user_bytes + 2 * self->block, query(self->dev).user_bytes);
	EXPECT_EQ(self->block + PAGE, query(self->dev).user_pinned_bytes);
	p = map_data(fd, PAGE, PROT_READ);
	ASSERT_NE(NULL, p);
	close(fd);
	EXPECT_EQ(self->block + PAGE, query(self->dev).user_pinned_bytes);
	EXPECT_EQ(before.user_bytes + 2 * self->block, query(self->dev).user_bytes);
	munmap(p, PAGE);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == before.user_bytes));
}

/*
 * In a child process of the user nobody, with one of the limits at @bytes: the
 * result of a create of @capacity
 */
static int try_with(int dev, const char *limit, size_t bytes, size_t capacity)
{
	char saved[32], text[32];
	pid_t pid;
	int status;

	snprintf(saved, sizeof(saved), "%s", file_text(limit));
	snprintf(text, sizeof(text), "%zu", bytes);
	CHECK(!write_text(limit, text));
	pid = spawn();
	if (!pid) {
		int fd;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		fd = make(dev, capacity);
		CHECK(fd >= 0 || !query(dev).user_pinned_bytes);
		CHECK(fd >= 0 || !query(dev).user_bytes);
		_exit(fd < 0 ? -fd : 0);
	}
	status = reap(pid);
	CHECK(!write_text(limit, saved));
	return status;
}

TEST_F(contiguous, limits)
{
	NEED_BLOCKS();
	if (geteuid())
		SKIP(return, "needs root, to set limits and to be somebody else");
	/* the last block counts as a whole one */
	EXPECT_EQ(0, try_with(self->dev, MAX_BYTES, self->block, PAGE));
	EXPECT_EQ(ENOSPC, try_with(self->dev, MAX_BYTES, self->block - PAGE, PAGE));
	EXPECT_EQ(0, try_with(self->dev, MAX_PINNED, 2 * PAGE, 2 * PAGE));
	EXPECT_EQ(EDQUOT, try_with(self->dev, MAX_PINNED, 2 * PAGE, 3 * PAGE));
}

/* Nothing that is done to a mapping takes a block apart, or to another place */
TEST_F(contiguous, it_stays_where_it_is)
{
	char *p;
	__u64 first, last;
	int fd, node = 0, status = 0;
	void *page;

	NEED_BLOCKS();
	if (geteuid())
		SKIP(return, "needs root, to be told where pages are");
	fd = make(self->dev, 3 * PAGE);
	ASSERT_LE(0, fd);
	p = map_data(fd, 3 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	first = frame_of(p);
	last = frame_of(p + 2 * PAGE);
	EXPECT_EQ(first + 2, last);
	madvise(p, 3 * PAGE, MADV_PAGEOUT);
	madvise(p, 3 * PAGE, MADV_COLD);
	madvise(p, 3 * PAGE, MADV_DONTNEED);
	page = p + PAGE;
	syscall(SYS_move_pages, 0, 1, &page, &node, &status, 2);
	write_text("/proc/sys/vm/drop_caches", "3");
	write_text("/proc/sys/vm/compact_memory", "1");
	write_text("/sys/kernel/debug/split_huge_pages", "1");
	EXPECT_EQ(first, frame_of(p));
	EXPECT_EQ(first + 1, frame_of(p + PAGE));
	EXPECT_EQ(last, frame_of(p + 2 * PAGE));
	munmap(p, 3 * PAGE);
	close(fd);
}

/* ---- dma-bufs of a part ---- */

static long export_part(int fd, __u32 flags, __u64 offset, __u64 length)
{
	struct zinc_export arg = {
		.flags = flags, .offset = offset, .length = length,
	};
	long ret = call(fd, ZINC_IOC_REGION_EXPORT, &arg);

	return ret >= 0 && arg.size != length ? CHANGED : ret;
}

FIXTURE(part)
{
	int dev;
	int fd;
	int buf;	/* pages 2 to 4 */
	char *data;
};

FIXTURE_SETUP(part)
{
	int i;

	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	EXPECT_TRUE(query(self->dev).features & ZINC_FEATURE_EXPORT_PART);
	self->fd = create(self->dev, "", 8 * PAGE);
	ASSERT_LE(0, self->fd);
	self->data = map_data(self->fd, 8 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->data);
	for (i = 0; i < 8; i++)
		memset(self->data + i * PAGE, i, PAGE);
	self->buf = export_part(self->fd, 0, 2 * PAGE, 3 * PAGE);
	ASSERT_LE(0, self->buf);
}

FIXTURE_TEARDOWN(part)
{
	munmap(self->data, 8 * PAGE);
	close(self->buf);
	close(self->fd);
	close(self->dev);
}

TEST_F(part, it_is_those_pages)
{
	char *p = map_data(self->buf, 3 * PAGE, PROT_READ | PROT_WRITE);
	char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->buf, 2 * PAGE);

	ASSERT_NE(NULL, p);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_EQ(3 * PAGE, lseek(self->buf, 0, SEEK_END));
	EXPECT_TRUE(all_are(p, 2, PAGE));
	EXPECT_TRUE(all_are(p + 2 * PAGE, 4, PAGE));
	EXPECT_TRUE(all_are(q, 4, PAGE));
	p[PAGE] = 99;
	EXPECT_EQ(99, self->data[3 * PAGE]);
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	munmap(p, 3 * PAGE);
	munmap(q, PAGE);
}

TEST_F(part, it_is_no_way_to_the_rest)
{
	char *p = map_data(self->buf, 3 * PAGE, PROT_READ | PROT_WRITE);
	int again;

	ASSERT_NE(NULL, p);
	EXPECT_EQ(NULL, map_data(self->buf, 4 * PAGE, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->buf,
				   3 * PAGE));
	EXPECT_EQ(MAP_FAILED, mremap(p, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, remap_file_pages(p, PAGE, 0, 5, 0));
	EXPECT_EQ(-ENOTTY, export_region(self->buf, 0));
	again = import_dmabuf(self->dev, "", self->buf);
	ASSERT_LE(0, again);
	EXPECT_EQ(3 * PAGE, info(again).capacity);
	EXPECT_EQ(NULL, map_data(again, 4 * PAGE, PROT_READ));
	/* of an import only the exporter could make a part */
	EXPECT_EQ(-EOPNOTSUPP, export_part(again, 0, 0, PAGE));
	close(again);
	munmap(p, 3 * PAGE);
}

TEST_F(part, what_is_no_part)
{
	const struct {
		__u64 offset, length;
	} cases[] = {
		{ 1, PAGE }, { 0, 1 }, { 0, PAGE + 1 }, { PAGE, 0 },
		{ 8 * PAGE, PAGE }, { 0, 9 * PAGE }, { 7 * PAGE, 2 * PAGE },
		{ -PAGE, PAGE }, { PAGE, -PAGE }, { 1ULL << 63, 1ULL << 63 },
		{ PAGE, ~0ULL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct zinc_export arg = {
			.offset = cases[i].offset, .length = cases[i].length,
		};

		EXPECT_EQ(-EINVAL, refused(self->fd, ZINC_IOC_REGION_EXPORT, &arg)) {
			TH_LOG("case %u", i);
		}
	}
}

TEST_F(part, read_only)
{
	int rdonly = reopen_as(self->fd, ZINC_RDONLY);
	int buf;
	char *p;

	EXPECT_EQ(-EACCES, export_part(rdonly, 0, 0, PAGE));
	buf = export_part(rdonly, ZINC_RDONLY, 7 * PAGE, PAGE);
	ASSERT_LE(0, buf);
	EXPECT_EQ(NULL, map_data(buf, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	p = map_data(buf, PAGE, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, 7, PAGE));
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	munmap(p, PAGE);
	close(buf);
	close(rdonly);
}

/* An old program asks for all data by a shorter struct */
TEST_F(part, all_data_without_a_length)
{
	const unsigned long old = _IOC(_IOC_READ | _IOC_WRITE, ZINC_IOCTL_TYPE, 0x45, 16);
	struct zinc_export arg = { .flags = 0 };
	int buf = call(self->fd, old, &arg);

	ASSERT_LE(0, buf);
	EXPECT_EQ(8 * PAGE, arg.size);
	EXPECT_EQ(8 * PAGE, lseek(buf, 0, SEEK_END));
	close(buf);
}

TEST_F(part, it_outlives_the_region)
{
	struct zinc_query before = query(self->dev);
	char *p;

	close(self->fd);
	munmap(self->data, 8 * PAGE);
	p = map_data(self->buf, 3 * PAGE, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, 2, PAGE));
	/* it holds all of the memory, and only that */
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
	EXPECT_EQ(before.user_regions - 1, query(self->dev).user_regions);
	munmap(p, 3 * PAGE);
	close(self->buf);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes ==
			       before.user_bytes - 8 * PAGE));
}

TEST_HARNESS_MAIN
