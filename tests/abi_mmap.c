// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a region: what may be mapped, that a mapping gives no more
 * than its handle, and that its pages are ordinary ones.
 */
#include "ring.h"

#include <linux/futex.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGES		16
#define CAPACITY	(PAGES * PAGE)
#define RW		(PROT_READ | PROT_WRITE)

FIXTURE(mmap)
{
	int dev;
	int fd;
	int rdonly;
	const char *name;
	char *data;		/* mapped by fd */
	char *seen;		/* mapped by rdonly */
	__u64 bytes;
};

FIXTURE_SETUP(mmap)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->bytes = query(self->dev).user_bytes;
	self->name = a_name("mmap");
	self->fd = create(self->dev, self->name, CAPACITY);
	ASSERT_GE(self->fd, 0);
	self->rdonly = open_as(self->dev, self->name, ZINC_RDONLY);
	ASSERT_GE(self->rdonly, 0);
	self->data = map_data(self->fd, CAPACITY, RW);
	ASSERT_NE(NULL, self->data);
	self->seen = map_data(self->rdonly, CAPACITY, PROT_READ);
	ASSERT_NE(NULL, self->seen);
	memset(self->data, 0x11, CAPACITY);
}

FIXTURE_TEARDOWN(mmap)
{
	if (self->data) {
		munmap(self->seen, CAPACITY);
		munmap(self->data, CAPACITY);
	}
	close(self->rdonly);
	close(self->fd);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == self->bytes));
	close(self->dev);
}

/* The test has closed and unmapped it all; the tear-down must not again */
static void forget(FIXTURE_PTR(mmap) self)
{
	self->fd = -1;
	self->rdonly = -1;
	self->data = NULL;
	self->seen = NULL;
}

/* errno of an mmap(), or 0 */
static int map_error(int fd, size_t length, int prot, int flags, __u64 offset)
{
	void *p = raw_mmap(NULL, length, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, length);
	return 0;
}

/* ---- what may be mapped ---- */

TEST_F(mmap, any_part_of_the_data)
{
	unsigned int first, last;
	char *p;

	for (first = 0; first < PAGES; first++)
		self->data[first * PAGE] = first;
	for (first = 0; first < PAGES; first++) {
		for (last = first; last < PAGES; last++) {
			p = mmap(NULL, (last + 1 - first) * PAGE, RW,
				 MAP_SHARED, self->fd, first * PAGE);
			ASSERT_NE(MAP_FAILED, p) TH_LOG("%u-%u", first, last);
			ASSERT_EQ(first, p[0]);
			ASSERT_EQ(last, p[(last - first) * PAGE]);
			munmap(p, (last + 1 - first) * PAGE);
		}
		EXPECT_EQ(EINVAL, map_error(self->fd, (PAGES + 1 - first) * PAGE,
					    PROT_READ, MAP_SHARED, first * PAGE))
			TH_LOG("from page %u, one too many", first);
	}
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, PROT_READ, MAP_SHARED, CAPACITY));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, PROT_READ, MAP_SHARED, CAPACITY + PAGE));
	EXPECT_EQ(EINVAL, map_error(self->fd, CAPACITY + 1, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(0, map_error(self->fd, CAPACITY - 1, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, PROT_READ, MAP_SHARED, 1));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, PROT_READ, MAP_SHARED, PAGE - 1));
}

TEST_F(mmap, the_control_page_alone)
{
	__u64 at = ZINC_MMAP_CONTROL;
	int err;

	EXPECT_EQ(0, map_error(self->fd, PAGE, RW, MAP_SHARED, at));
	EXPECT_EQ(0, map_error(self->fd, 64, PROT_READ, MAP_SHARED, at));
	EXPECT_EQ(EINVAL, map_error(self->fd, 2 * PAGE, RW, MAP_SHARED, at));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, RW, MAP_SHARED, at + PAGE));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, RW, MAP_SHARED, at - PAGE));
	EXPECT_EQ(EINVAL, map_error(self->fd, 2 * PAGE, RW, MAP_SHARED, at - PAGE));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, RW, MAP_SHARED, 1ULL << 44));
	/* out of all range, the kernel itself may say it in its own words */
	err = map_error(self->fd, PAGE, RW, MAP_SHARED, -(__u64)PAGE);
	EXPECT_TRUE(err == EINVAL || err == EOVERFLOW) TH_LOG("%d", err);
	err = map_error(self->fd, PAGE, RW, MAP_SHARED, 1ULL << 63);
	EXPECT_TRUE(err == EINVAL || err == EOVERFLOW) TH_LOG("%d", err);
}

TEST_F(mmap, the_whole_in_one)
{
	char *p = map_whole(self->fd, CAPACITY, RW);
	char *seen = map_whole(self->rdonly, CAPACITY, PROT_READ);
	struct zinc_header *h;
	int other;

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, seen);
	h = header_of(p);
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	EXPECT_EQ(CAPACITY, h->capacity);
	EXPECT_EQ(2, h->ref_count);
	EXPECT_TRUE(all_are(p, 0, PAGE - sizeof(*h)));
	/* its data are the data */
	EXPECT_TRUE(all_are(p + PAGE, 0x11, CAPACITY));
	p[PAGE] = 0x21;
	p[PAGE + CAPACITY - 1] = 0x22;
	EXPECT_EQ(0x21, self->seen[0]);
	EXPECT_EQ(0x22, self->seen[CAPACITY - 1]);
	self->data[PAGE] = 0x23;
	EXPECT_EQ(0x23, seen[2 * PAGE]);
	/* and its control page the one that the kernel has */
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(1, header_of(seen)->notify_seq);
	STORE(h->notify_seq, 7);
	EXPECT_EQ(7, info(self->rdonly).sequence);
	other = open_name(self->dev, self->name);
	EXPECT_EQ(3, header_of(seen)->ref_count);
	close(other);
	EXPECT_EQ(0, munmap(p, PAGE + CAPACITY));
	EXPECT_EQ(0, munmap(seen, PAGE + CAPACITY));
}

/* It keeps the memory, as a mapping of data does, and no handle */
TEST_F(mmap, the_whole_outlives_the_handle)
{
	int fd = create(self->dev, "", CAPACITY);
	char *p = map_whole(fd, CAPACITY, RW);
	__u32 regions = query(self->dev).user_regions;

	ASSERT_NE(NULL, p);
	close(fd);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == regions - 1));
	EXPECT_EQ(self->bytes + 2 * CAPACITY, query(self->dev).user_bytes);
	EXPECT_EQ(ZINC_MAGIC, header_of(p)->magic);
	EXPECT_EQ(0, header_of(p)->ref_count);
	memset(p, 0x31, PAGE + CAPACITY);
	EXPECT_TRUE(all_are(p, 0x31, PAGE + CAPACITY));
	munmap(p, PAGE + CAPACITY);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes ==
			       self->bytes + CAPACITY));
}

TEST_F(mmap, the_whole_and_no_other_length)
{
	__u64 at = ZINC_MMAP_CONTROL;
	size_t pages;

	for (pages = 2; pages <= PAGES + 3; pages++)
		EXPECT_EQ(pages == PAGES + 1 ? 0 : EINVAL,
			  map_error(self->fd, pages * PAGE, RW, MAP_SHARED, at))
			TH_LOG("%zu pages", pages);
	EXPECT_EQ(EINVAL, map_error(self->fd, CAPACITY, RW, MAP_SHARED, at + PAGE));
	EXPECT_EQ(EINVAL, map_error(self->fd, CAPACITY + PAGE, RW, MAP_SHARED, at - PAGE));
	EXPECT_EQ(EINVAL, map_error(self->fd, CAPACITY + PAGE, RW, MAP_PRIVATE, at));
	EXPECT_EQ(EPERM, map_error(self->fd, CAPACITY + PAGE, PROT_READ | PROT_EXEC,
				   MAP_SHARED, at));
}

/* The data of a region with huge pages are aligned to them */
TEST_F(mmap, the_whole_of_a_large_one)
{
	const size_t large = query(self->dev).huge_size ?: 2 << 20;
	size_t length;
	int fd;

	for (length = large - 3 * PAGE; length <= large + PAGE; length += PAGE) {
		fd = create(self->dev, "", length);
		ASSERT_LE(0, fd);
		EXPECT_EQ(length + PAGE < large ? 0 : EOPNOTSUPP,
			  map_error(fd, length + PAGE, RW, MAP_SHARED, ZINC_MMAP_CONTROL))
			TH_LOG("%zu bytes", length);
		EXPECT_EQ(0, unmap_header(map_header(fd, RW)));
		EXPECT_EQ(0, map_error(fd, length, RW, MAP_SHARED, 0));
		EXPECT_EQ(EINVAL, map_error(fd, length + PAGE, RW, MAP_SHARED, 0));
		EXPECT_EQ(length, info(fd).resident);
		close(fd);
	}
}

TEST_F(mmap, private_mappings_are_refused)
{
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, RW, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, map_error(self->rdonly, PAGE, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, map_error(self->rdonly, PAGE, RW, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, PROT_READ, MAP_PRIVATE,
				    ZINC_MMAP_CONTROL));
}

TEST_F(mmap, nothing_is_executable)
{
	char *control = map_control(self->fd, PROT_READ);

	ASSERT_NE(NULL, control);
	EXPECT_EQ(EPERM, map_error(self->fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0));
	EXPECT_EQ(EPERM, map_error(self->fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED,
				   ZINC_MMAP_CONTROL));
	EXPECT_EQ(-1, mprotect(self->data, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(self->seen, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(control, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	munmap(control, PAGE);
}

TEST_F(mmap, protection_within_the_handle_may_change)
{
	char *p = map_data(self->fd, CAPACITY, PROT_NONE);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, mprotect(p, CAPACITY, RW));
	p[0] = 5;
	EXPECT_EQ(5, self->seen[0]);
	EXPECT_EQ(0, mprotect(p, CAPACITY, PROT_READ));
	munmap(p, CAPACITY);
}

/* ---- a read-only handle stays so ---- */

TEST_F(mmap, rdonly_maps_nothing_writable)
{
	char *control = map_control(self->rdonly, PROT_READ);

	ASSERT_NE(NULL, control);
	EXPECT_EQ(EACCES, map_error(self->rdonly, PAGE, RW, MAP_SHARED, 0));
	EXPECT_EQ(EACCES, map_error(self->rdonly, PAGE, PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(EACCES, map_error(self->rdonly, PAGE, RW, MAP_SHARED, ZINC_MMAP_CONTROL));
	EXPECT_EQ(-1, mprotect(self->seen, PAGE, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(control, PAGE, RW));
	EXPECT_EQ(EACCES, errno);
	munmap(control, PAGE);
}

TEST_F(mmap, rdonly_maps_not_the_whole_writable)
{
	char *p = map_whole(self->rdonly, CAPACITY, PROT_READ);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(EACCES, map_error(self->rdonly, PAGE + CAPACITY, RW, MAP_SHARED,
				    ZINC_MMAP_CONTROL));
	EXPECT_EQ(-1, mprotect(p, PAGE, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(p + PAGE, CAPACITY, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(p + PAGE, CAPACITY, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	munmap(p, PAGE + CAPACITY);
}

static int write_by_mem(pid_t pid, void *to)
{
	char path[32], byte = 0x77;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = pwrite(fd, &byte, 1, (uintptr_t)to) < 0 ? errno : 0;
	close(fd);
	return err;
}

TEST_F(mmap, rdonly_is_not_written_through_proc_mem)
{
	char *control = map_control(self->rdonly, PROT_READ);

	ASSERT_NE(NULL, control);
	EXPECT_NE(0, write_by_mem(getpid(), self->seen));
	EXPECT_NE(0, write_by_mem(getpid(), control));
	EXPECT_EQ(0x11, self->data[0]);
	EXPECT_EQ(0, control[0]);
	/* the check checks something */
	EXPECT_EQ(0, write_by_mem(getpid(), self->data));
	EXPECT_EQ(0x77, self->seen[0]);
	munmap(control, PAGE);
}

TEST_F(mmap, rdonly_is_not_written_by_the_kernel_either)
{
	char buffer[8] = "written";
	struct iovec from = { buffer, 8 }, to = { self->seen, 8 };
	char *control = map_control(self->rdonly, PROT_READ);
	int pipefd[2];

	ASSERT_NE(NULL, control);
	EXPECT_EQ(-1, process_vm_writev(getpid(), &from, 1, &to, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	to.iov_base = control;
	EXPECT_EQ(-1, process_vm_writev(getpid(), &from, 1, &to, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(8, write(pipefd[1], buffer, 8));
	EXPECT_EQ(-1, read(pipefd[0], self->seen, 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0x11, self->seen[0]);
	close(pipefd[0]);
	close(pipefd[1]);
	munmap(control, PAGE);
}

/* The file behind a mapping, opened by its name in /proc */
static int open_map_file(const void *start, size_t length, int flags)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)start, (unsigned long)start + length);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * The control page, with pages of nothing around it: beside the data, which follow it in
 * the file, it would be a part of their mapping, which has another name then.
 */
static char *map_control_apart(int fd)
{
	char *room = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *p;

	if (room == MAP_FAILED)
		return NULL;
	p = mmap(room + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, ZINC_MMAP_CONTROL);
	return p == MAP_FAILED ? NULL : p;
}

TEST_F(mmap, rdonly_is_not_opened_again_through_map_files)
{
	char *control = map_control_apart(self->rdonly);
	int fd;

	ASSERT_NE(NULL, control);
	if (access("/proc/self/map_files", R_OK))
		SKIP(goto out, "no /proc/self/map_files here");
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_GT(0, open_map_file(self->seen, CAPACITY, O_RDWR));
	EXPECT_GT(0, open_map_file(self->seen, CAPACITY, O_WRONLY));
	EXPECT_GT(0, open_map_file(self->seen, CAPACITY, O_RDONLY));
	EXPECT_GT(0, open_map_file(self->data, CAPACITY, O_RDWR | O_TRUNC));
	EXPECT_GT(0, open_map_file(control, PAGE, O_RDWR));
	EXPECT_GT(0, open_map_file(control, PAGE, O_RDONLY));
	/* it is not for want of a name */
	EXPECT_NE(-ENOENT, open_map_file(self->seen, CAPACITY, O_RDWR));
	EXPECT_NE(-ENOENT, open_map_file(control, PAGE, O_RDWR));
	EXPECT_EQ(CAPACITY, info(self->fd).resident);
out:
	munmap(control - PAGE, 3 * PAGE);
}

TEST_F(mmap, rdonly_is_not_opened_again_through_proc_fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->rdonly);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_NE(ENOENT, errno);
	EXPECT_EQ(-1, open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_NE(ENOENT, errno);
	EXPECT_EQ(-1, truncate(path, 0));
}

/* ---- a mapping grows by no trick ---- */

/*
 * A process can only grow its own mapping into parts that a mapping by its
 * handle could have, and not at all beyond the end.
 */
static int after_growth(char *p, size_t length, size_t grown, size_t at)
{
	char *q = mremap(p, length, grown, MREMAP_MAYMOVE);
	int sig;

	if (q == MAP_FAILED)
		return munmap(p, length) ? -1 : SIGBUS;
	sig = signal_of(q + at, false);
	munmap(q, grown);
	return sig;
}

TEST_F(mmap, mremap_gives_no_more)
{
	const size_t end = CAPACITY;
	char *p;

	EXPECT_EQ(SIGBUS, after_growth(map_data(self->fd, end, RW), end,
				       end + PAGE, end));
	EXPECT_EQ(SIGBUS, after_growth(map_data(self->fd, PAGE, RW), PAGE,
				       end + PAGE, end));
	EXPECT_EQ(SIGBUS, after_growth(map_data(self->rdonly, end, PROT_READ), end,
				       2 * end, 2 * end - 1));
	EXPECT_EQ(SIGBUS, after_growth(map_control(self->fd, RW), PAGE,
				       2 * PAGE + end, PAGE + end));
	p = map_data(self->rdonly, PAGE, PROT_READ);
	ASSERT_NE(NULL, p);
	p = mremap(p, PAGE, end, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return;
	EXPECT_TRUE(all_are(p, 0x11, end));
	EXPECT_EQ(SIGSEGV, signal_of(p + PAGE, true));
	EXPECT_EQ(-1, mprotect(p, end, RW));
	EXPECT_EQ(EACCES, errno);
	munmap(p, end);
}

TEST_F(mmap, mremap_moves)
{
	char *place = mmap(NULL, CAPACITY, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct zinc_header *h = map_header(self->fd, RW);
	char *control = (char *)(h + 1) - PAGE;
	char *p;

	ASSERT_NE(NULL, h);
	ASSERT_NE(MAP_FAILED, place);
	self->data[CAPACITY - 1] = 0x33;
	p = mremap(self->data, CAPACITY, CAPACITY, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	ASSERT_EQ(place, p);
	self->data = p;
	EXPECT_EQ(0x33, p[CAPACITY - 1]);
	p[CAPACITY - 1] = 0x44;
	EXPECT_EQ(0x44, self->seen[CAPACITY - 1]);

	place = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, place);
	p = mremap(control, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	ASSERT_EQ(place, p);
	EXPECT_EQ(ZINC_MAGIC, header_of(p)->magic);
	munmap(p, PAGE);
}

/* A mapping of the data reaches neither the page before them nor one behind */
TEST_F(mmap, the_whole_gives_no_more)
{
	char *p = map_whole(self->fd, CAPACITY, RW);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(SIGBUS, after_growth(p, PAGE + CAPACITY, 2 * PAGE + CAPACITY,
				       PAGE + CAPACITY));
	p = map_whole(self->fd, CAPACITY, RW);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, p, PAGE + CAPACITY, 0, 1, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, self->data, CAPACITY, 0, 0, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, self->seen, CAPACITY, 0, 0, 0));
	EXPECT_EQ(-1, madvise(p, PAGE + CAPACITY, MADV_REMOVE));
	EXPECT_EQ(-1, madvise(p, PAGE, MADV_REMOVE));
	EXPECT_EQ(ZINC_MAGIC, header_of(p)->magic);
	EXPECT_EQ(0x11, self->seen[0]);
	/* a part of it is what it was */
	EXPECT_EQ(p, mremap(p, PAGE + CAPACITY, 2 * PAGE, 0));
	EXPECT_EQ(0x11, p[PAGE]);
	EXPECT_EQ(SIGSEGV, signal_of(p + 2 * PAGE, false));
	munmap(p, 2 * PAGE);
}

TEST_F(mmap, mremap_shrinks)
{
	EXPECT_EQ(self->data, mremap(self->data, CAPACITY, PAGE, 0));
	EXPECT_EQ(0x11, self->data[PAGE - 1]);
	EXPECT_EQ(SIGSEGV, signal_of(self->data + PAGE, false));
}

/* Deprecated, and emulated by a mapping of the file behind this one */
TEST_F(mmap, remap_file_pages_gives_no_more)
{
	char *part = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, self->fd, 0);

	ASSERT_NE(MAP_FAILED, part);
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, part, 2 * PAGE, 0, PAGES, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, part, 2 * PAGE, 0, PAGES - 1, 0));
	if (!syscall(SYS_remap_file_pages, part, 2 * PAGE, 0, PAGES - 2, 0)) {
		self->data[CAPACITY - 1] = 0x55;
		EXPECT_EQ(0x55, part[2 * PAGE - 1]);
	} else {
		/* the old content is still there */
		self->data[0] = 0x66;
		EXPECT_EQ(0x66, part[0]);
	}
	munmap(part, 2 * PAGE);
}

TEST_F(mmap, no_holes)
{
	char *control = map_control(self->fd, RW);

	ASSERT_NE(NULL, control);
	EXPECT_EQ(-1, madvise(self->data, CAPACITY, MADV_REMOVE));
	EXPECT_EQ(-1, madvise(self->seen, CAPACITY, MADV_REMOVE));
	EXPECT_EQ(-1, madvise(control, PAGE, MADV_REMOVE));
	EXPECT_EQ(CAPACITY, info(self->fd).resident);
	EXPECT_TRUE(all_are(self->seen, 0x11, CAPACITY));
	munmap(control, PAGE);
}

TEST_F(mmap, dropped_pages_come_back)
{
	struct zinc_header *h = map_header(self->fd, RW);

	ASSERT_NE(NULL, h);
	EXPECT_EQ(0, madvise(self->data, CAPACITY, MADV_DONTNEED));
	EXPECT_TRUE(all_are(self->data, 0x11, CAPACITY));
	EXPECT_EQ(0, madvise((char *)(h + 1) - PAGE, PAGE, MADV_DONTNEED));
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	h->waiters = 0;
	madvise(self->data, CAPACITY, MADV_PAGEOUT);
	EXPECT_TRUE(all_are(self->data, 0x11, CAPACITY));
	madvise(self->data, CAPACITY, MADV_FREE);
	madvise((char *)(h + 1) - PAGE, PAGE, MADV_FREE);
	EXPECT_TRUE(all_are(self->data, 0x11, CAPACITY));
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	unmap_header(h);
}

/* After any advice on its pages, the kernel and the mapping have the same page */
TEST_F(mmap, the_control_page_is_not_exchanged)
{
	static const int asked[] = {
		MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_FREE, MADV_HUGEPAGE,
		25 /* MADV_COLLAPSE */, MADV_UNMERGEABLE, MADV_WILLNEED,
	};
	char *p = map_whole(self->fd, CAPACITY, RW);
	struct zinc_header *h = header_of(p);
	unsigned int i;
	char *page = p;
	int node = 0, status;

	ASSERT_NE(NULL, p);
	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		madvise(p, PAGE + CAPACITY, asked[i]);
		STORE(h->notify_seq, 10 + i);
		EXPECT_EQ(10 + i, info(self->rdonly).sequence) TH_LOG("advice %d", asked[i]);
		EXPECT_TRUE(all_are(p + PAGE, 0x11, CAPACITY));
	}
	syscall(SYS_move_pages, 0, 1L, &page, &node, &status, 2 /* MPOL_MF_MOVE */);
	STORE(h->notify_seq, 99);
	EXPECT_EQ(99, info(self->rdonly).sequence);
	munmap(p, PAGE + CAPACITY);
}

/* ---- the region fd has no read and write of bytes ---- */

TEST_F(mmap, size_and_content_are_not_changed_through_the_fd)
{
	char buffer[64] = "";
	struct iovec iov = { buffer, sizeof(buffer) };
	int pipefd[2], memfd;
	off_t zero = 0;

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(64, write(pipefd[1], buffer, 64));
	memfd = memfd_create("from", MFD_CLOEXEC);
	ASSERT_EQ(64, write(memfd, buffer, 64));
	EXPECT_EQ(-1, ftruncate(self->fd, 0));
	EXPECT_EQ(-1, ftruncate(self->fd, 2 * CAPACITY));
	EXPECT_EQ(-1, fallocate(self->fd, 0, 0, 2 * CAPACITY));
	EXPECT_EQ(-1, fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	EXPECT_EQ(-1, write(self->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(-1, pwrite(self->fd, buffer, sizeof(buffer), 0));
	EXPECT_EQ(-1, pwritev2(self->fd, &iov, 1, 0, 0));
	EXPECT_EQ(-1, splice(pipefd[0], NULL, self->fd, NULL, 64, SPLICE_F_NONBLOCK));
	EXPECT_EQ(-1, sendfile(self->fd, memfd, &zero, 64));
	EXPECT_EQ(-1, copy_file_range(memfd, &zero, self->fd, NULL, 64, 0));
	EXPECT_EQ(-1, fcntl(self->fd, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_TRUE(all_are(self->data, 0x11, CAPACITY));
	EXPECT_EQ(CAPACITY, info(self->fd).capacity);
	EXPECT_EQ(0, info(self->fd).sequence);
	close(memfd);
	close(pipefd[0]);
	close(pipefd[1]);
}

/* ---- ordinary pages ---- */

TEST_F(mmap, mlock)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct zinc_header *h = map_header(self->fd, RW);
	const char *locked;

	ASSERT_NE(NULL, h);
	if (geteuid())
		SKIP(goto out, "needs root to lock %zu bytes", CAPACITY);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	EXPECT_EQ(0, mlock(self->data, CAPACITY));
	locked = strstr(file_text("/proc/self/status"), "VmLck:");
	ASSERT_NE(NULL, locked);
	EXPECT_EQ(CAPACITY >> 10, strtoul(locked + strlen("VmLck:"), NULL, 10));
	EXPECT_EQ(0, munlock(self->data, CAPACITY));
	EXPECT_EQ(0, mlockall(MCL_CURRENT));
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	EXPECT_TRUE(all_are(self->data, 0x11, CAPACITY));
	EXPECT_EQ(0, munlockall());
out:
	unmap_header(h);
}

TEST_F(mmap, forked_mappings_are_shared)
{
	struct zinc_header *h = map_header(self->fd, RW);
	pid_t pid;

	ASSERT_NE(NULL, h);
	pid = spawn();
	if (!pid) {
		self->data[1] = 0x22;
		__atomic_add_fetch(&h->notify_seq, 1, __ATOMIC_SEQ_CST);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0x22, self->seen[1]);
	EXPECT_EQ(1, LOAD(h->notify_seq));
	EXPECT_EQ(1, info(self->fd).sequence);
	unmap_header(h);
}

TEST_F(mmap, data_outlives_handles_and_name)
{
	close(self->fd);
	close(self->rdonly);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	EXPECT_EQ(self->bytes + CAPACITY, query(self->dev).user_bytes);
	memset(self->data, 0x42, CAPACITY);
	EXPECT_TRUE(all_are(self->seen, 0x42, CAPACITY));
	munmap(self->data, CAPACITY);
	EXPECT_TRUE(all_are(self->seen, 0x42, CAPACITY));
	EXPECT_EQ(self->bytes + CAPACITY, query(self->dev).user_bytes);
	munmap(self->seen, CAPACITY);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == self->bytes));
	forget(self);
}

TEST_F(mmap, another_process_reads_and_writes_it)
{
	char buffer[16];
	struct iovec here = { buffer, 8 }, there = { self->data + PAGE - 4, 8 };
	pid_t pid;

	pid = spawn();
	if (!pid) {
		memcpy(self->data + PAGE - 4, "over two", 8);
		pause();
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(self->data[PAGE] == ' '));
	memset(buffer, 0, sizeof(buffer));
	EXPECT_EQ(8, process_vm_readv(pid, &here, 1, &there, 1, 0));
	EXPECT_STREQ("over two", buffer);
	memcpy(buffer, "backward", 8);
	EXPECT_EQ(8, process_vm_writev(pid, &here, 1, &there, 1, 0));
	EXPECT_EQ(0, memcmp(self->seen + PAGE - 4, "backward", 8));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
}

TEST_F(mmap, vmsplice)
{
	struct iovec iov = { self->data, PAGE };
	char *copy = malloc(PAGE);
	int pipefd[2];

	ASSERT_NE(NULL, copy);
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(PAGE, vmsplice(pipefd[1], &iov, 1, 0));
	/* the pages are shared, not copied */
	memset(self->data, 0x3c, PAGE);
	ASSERT_EQ(PAGE, read(pipefd[0], copy, PAGE));
	EXPECT_TRUE(all_are(copy, 0x3c, PAGE));
	/* the pipe may hold the pages beyond the region */
	ASSERT_EQ(PAGE, vmsplice(pipefd[1], &iov, 1, 0));
	close(self->fd);
	close(self->rdonly);
	munmap(self->data, CAPACITY);
	munmap(self->seen, CAPACITY);
	forget(self);
	memset(copy, 0, PAGE);
	ASSERT_EQ(PAGE, read(pipefd[0], copy, PAGE));
	EXPECT_TRUE(all_are(copy, 0x3c, PAGE));
	close(pipefd[0]);
	close(pipefd[1]);
	free(copy);
}

/* A file that is read without a copy; -1 where no file system here can */
static int direct_file(const char *content, size_t size)
{
	static const char * const places[] = { ".", "/var/tmp", "/tmp", "/root" };
	char path[64];
	unsigned int i;
	int fd, direct;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/zinc-direct-XXXXXX", places[i]);
		fd = mkstemp(path);
		if (fd < 0)
			continue;
		direct = -1;
		if (write(fd, content, size) == (ssize_t)size && !fsync(fd))
			direct = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
		unlink(path);
		close(fd);
		if (direct >= 0)
			return direct;
	}
	return -1;
}

TEST_F(mmap, direct_io_reads_into_it)
{
	char *content = malloc(CAPACITY);
	int fd;

	ASSERT_NE(NULL, content);
	memset(content, 0x7e, CAPACITY);
	fd = direct_file(content, CAPACITY);
	if (fd < 0)
		SKIP(goto out, "no file system here knows O_DIRECT");
	EXPECT_EQ(CAPACITY, read(fd, self->data, CAPACITY));
	EXPECT_TRUE(all_are(self->seen, 0x7e, CAPACITY));
	memset(self->data, 0, CAPACITY);
	EXPECT_EQ(-1, pread(fd, self->seen, PAGE, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(all_are(self->data, 0, CAPACITY));
	close(fd);
out:
	free(content);
}

TEST_F(mmap, futexes_work_between_processes)
{
	struct timespec limit = { PATIENCE_MS / 1000, 0 };
	__u32 *word = (void *)self->data;
	pid_t pid;

	STORE(*word, 1);
	pid = spawn();
	if (!pid) {
		int fd = open_name(self->dev, self->name);
		__u32 *mine = map_data(fd, CAPACITY, RW);

		CHECK(mine);
		while (LOAD(*mine) == 1)
			CHECK(!syscall(SYS_futex, mine, FUTEX_WAIT, 1, &limit) ||
			      errno == EAGAIN);
		_exit(0);
	}
	EXPECT_TRUE(falls_asleep(pid));
	sleep_ms(50);
	STORE(*word, 2);
	syscall(SYS_futex, word, FUTEX_WAKE, 1);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(mmap, every_byte_can_be_touched)
{
	size_t size = 8 << 20;
	size_t at;
	int lazy, fd;
	char *p;

	for (lazy = 0; lazy < 2; lazy++) {
		fd = create_as(self->dev, "", size, lazy ? ZINC_LAZY : 0, 0, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(lazy ? 0 : size, info(fd).resident);
		p = map_data(fd, size, RW);
		ASSERT_NE(NULL, p);
		for (at = 0; at < size; at += PAGE)
			p[at] = at / PAGE;
		p[size - 1] = 1;
		for (at = 0; at < size - PAGE; at += PAGE)
			ASSERT_EQ((char)(at / PAGE), p[at]);
		EXPECT_EQ(size, info(fd).resident);
		munmap(p, size);
		close(fd);
	}
}

/* A field of the part of smaps that is about the mapping at @start, in KiB */
static long smaps_kib(const void *start, const char *key)
{
	char head[32], line[512];
	bool here = false;
	long kib = -1;
	FILE *f = fopen("/proc/self/smaps", "re");

	snprintf(head, sizeof(head), "%lx-", (unsigned long)start);
	while (f && kib < 0 && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, head, strlen(head)))
			here = true;
		else if (here && !strncmp(line, key, strlen(key)))
			kib = strtol(line + strlen(key), NULL, 10);
	}
	if (f)
		fclose(f);
	return kib;
}

TEST_F(mmap, large_regions_are_mapped_huge)
{
	size_t size = 64 << 20;
	unsigned long faults;
	struct rusage u;
	char *p;
	int fd;

	if (!(query(self->dev).features & ZINC_FEATURE_HUGE))
		SKIP(return, "the module has no huge pages here");
	if (strstr(file_text("/sys/kernel/mm/transparent_hugepage/shmem_enabled"), "[deny]") ||
	    access("/sys/kernel/mm/transparent_hugepage", F_OK))
		SKIP(return, "no transparent huge pages here");
	NEED_ALIGNMENT();
	fd = create(self->dev, "", size);
	ASSERT_LE(0, fd);
	p = map_data(fd, size, RW);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, (uintptr_t)p % (2 << 20));
	getrusage(RUSAGE_SELF, &u);
	faults = u.ru_minflt;
	memset(p, 1, size);
	getrusage(RUSAGE_SELF, &u);
	/* 16384 pages: at least half of them must have come by the 512 */
	EXPECT_GT(size / PAGE / 2, u.ru_minflt - faults);
	EXPECT_LE(32 << 10, smaps_kib(p, "ShmemPmdMapped:") + smaps_kib(p, "FilePmdMapped:"));
	EXPECT_TRUE(all_are(p, 1, size));
	munmap(p, size);
	close(fd);
}

/* ---- io_uring ---- */

TEST_F(mmap, io_uring_polls_the_fd)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = self->fd,
		.poll32_events = POLLIN | POLLRDHUP,
	};
	int pass, result;
	struct ring r;

	if (ring_open(&r))
		SKIP(return, "no io_uring here");
	for (pass = 0; pass < 3; pass++) {
		ring_submit(&r, &sqe);
		sleep_ms(20);
		EXPECT_FALSE(ring_peek(&r, &result));
		EXPECT_EQ(0, notify(self->fd));
		EXPECT_EQ(POLLIN, ring_result(&r));
		EXPECT_EQ(1, read_count(self->fd));
	}
	sqe.fd = self->rdonly;
	EXPECT_EQ(3, read_count(self->rdonly));
	ring_submit(&r, &sqe);
	EXPECT_FALSE(ring_peek(&r, &result));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(POLLRDHUP, ring_result(&r));
	ring_close(&r);
}

TEST_F(mmap, io_uring_reads_the_fd)
{
	__u64 count = 0;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.fd = self->fd,
		.addr = (uintptr_t)&count,
		.len = sizeof(count),
		.off = ~0ULL,
	};
	struct ring r;
	int result;

	if (ring_open(&r))
		SKIP(return, "no io_uring here");
	ring_submit(&r, &sqe);
	sleep_ms(20);
	EXPECT_FALSE(ring_peek(&r, &result));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(sizeof(count), ring_result(&r));
	EXPECT_EQ(1, count);
	ring_close(&r);
}

TEST_F(mmap, io_uring_takes_it_as_a_fixed_buffer)
{
	struct iovec iov = { self->data, CAPACITY };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ_FIXED,
		.addr = (uintptr_t)self->data + PAGE,
		.len = PAGE,
	};
	struct ring r;
	int memfd;
	char *p;

	if (ring_open(&r))
		SKIP(return, "no io_uring here");
	memfd = memfd_create("fixed", MFD_CLOEXEC);
	ASSERT_LE(0, memfd);
	ASSERT_EQ(0, ftruncate(memfd, PAGE));
	p = mmap(NULL, PAGE, RW, MAP_SHARED, memfd, 0);
	ASSERT_NE(MAP_FAILED, p);
	memset(p, 0x2b, PAGE);
	sqe.fd = memfd;
	ASSERT_EQ(0, syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_BUFFERS, &iov, 1));
	ring_submit(&r, &sqe);
	EXPECT_EQ(PAGE, ring_result(&r));
	EXPECT_TRUE(all_are(self->seen + PAGE, 0x2b, PAGE));
	EXPECT_EQ(0x11, self->seen[PAGE - 1]);
	EXPECT_EQ(0x11, self->seen[2 * PAGE]);

	/* the pages stay where they are, and whole, without any handle */
	close(self->fd);
	self->fd = -1;
	memset(self->data, 0x2c, CAPACITY);
	sqe.opcode = IORING_OP_WRITE_FIXED;
	ring_submit(&r, &sqe);
	EXPECT_EQ(PAGE, ring_result(&r));
	EXPECT_TRUE(all_are(p, 0x2c, PAGE));
	munmap(p, PAGE);
	close(memfd);
	ring_close(&r);
}

/* A pin by a read-only mapping must not give a way to write */
TEST_F(mmap, io_uring_does_not_write_to_rdonly)
{
	struct iovec iov = { self->seen, CAPACITY };
	struct ring r;

	if (ring_open(&r))
		SKIP(return, "no io_uring here");
	EXPECT_EQ(-1, syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_BUFFERS, &iov, 1));
	ring_close(&r);
}

TEST_HARNESS_MAIN
