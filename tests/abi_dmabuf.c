// SPDX-License-Identifier: GPL-2.0-only
/* EXPORT: the dma-buf of a region as the CPU sees it. dmabuf_*.c test its use by devices. */
#include "abi.h"

#include <sys/mman.h>
#include <sys/stat.h>

#define SIZE	(8 * PAGE)

FIXTURE(dmabuf)
{
	int dev;
	int fd;		/* a region of SIZE */
	int rdonly;	/* the same, read-only */
	int buf;	/* its dma-buf */
	char *data;
};

FIXTURE_SETUP(dmabuf)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, a_name("dmabuf"), SIZE);
	ASSERT_LE(0, self->fd);
	self->rdonly = reopen_as(self->fd, ZINC_RDONLY);
	ASSERT_LE(0, self->rdonly);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->data = map_data(self->fd, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->data);
}

FIXTURE_TEARDOWN(dmabuf)
{
	munmap(self->data, SIZE);
	close(self->buf);
	close(self->rdonly);
	close(self->fd);
	close(self->dev);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	CHECK(!fstat(fd, &st));
	return st.st_ino;
}

static ino_t inode_and_close(int fd)
{
	ino_t inode = inode_of(fd);

	close(fd);
	return inode;
}

static void *map_buf(int buf, size_t length, off_t offset, int prot)
{
	void *p = mmap(NULL, length, prot, MAP_SHARED, buf, offset);

	return p == MAP_FAILED ? NULL : p;
}

TEST_F(dmabuf, it_is_the_memory_of_the_region)
{
	char *p = map_buf(self->buf, SIZE, 0, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	self->data[0] = 1;
	self->data[SIZE - 1] = 2;
	EXPECT_EQ(1, p[0]);
	EXPECT_EQ(2, p[SIZE - 1]);
	p[5 * PAGE] = 3;
	EXPECT_EQ(3, self->data[5 * PAGE]);
	/* no page is there twice */
	EXPECT_EQ(SIZE, info(self->fd).resident);
	munmap(p, SIZE);
}

TEST_F(dmabuf, its_size_is_that_of_the_data)
{
	struct zinc_export arg = { .size = ~0ULL };
	int buf = call(self->fd, ZINC_IOC_REGION_EXPORT, &arg);

	EXPECT_LE(0, buf);
	EXPECT_EQ(SIZE, arg.size);
	EXPECT_EQ(SIZE, lseek(buf, 0, SEEK_END));
	EXPECT_EQ(NULL, map_buf(buf, SIZE + PAGE, 0, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(NULL, map_buf(buf, PAGE, SIZE, PROT_READ));
	/* it does not contain the control page */
	EXPECT_EQ(NULL, map_buf(buf, PAGE, ZINC_MMAP_CONTROL, PROT_READ));
	close(buf);
}

TEST_F(dmabuf, every_export_is_the_same_buffer)
{
	int again = export_region(self->fd, 0);
	int other = reopen_as(self->fd, 0);
	int by_other = export_region(other, 0);

	EXPECT_LE(0, again);
	EXPECT_LE(0, by_other);
	EXPECT_EQ(inode_of(self->buf), inode_of(again));
	EXPECT_EQ(inode_of(self->buf), inode_of(by_other));
	close(by_other);
	close(other);
	close(again);
}

TEST_F(dmabuf, it_is_kept_for_the_next_export)
{
	ino_t was = inode_of(self->buf);

	close(self->buf);
	self->buf = export_region(self->fd, 0);
	EXPECT_EQ(was, inode_of(self->buf));
}

TEST_F(dmabuf, descriptors_are_closed_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->buf, F_GETFD));
}

TEST_F(dmabuf, access_modes)
{
	int buf = export_region(self->rdonly, ZINC_RDONLY);

	EXPECT_EQ(O_RDWR, fcntl(self->buf, F_GETFL) & O_ACCMODE);
	EXPECT_LE(0, buf);
	EXPECT_EQ(O_RDONLY, fcntl(buf, F_GETFL) & O_ACCMODE);
	EXPECT_NE(inode_of(self->buf), inode_of(buf));
	close(buf);
}

TEST_F(dmabuf, a_read_only_handle_exports_nothing_writable)
{
	struct zinc_export arg = { .size = 0 };
	int fds = count_fds();

	EXPECT_EQ(-EACCES, refused(self->rdonly, ZINC_IOC_REGION_EXPORT, &arg));
	EXPECT_EQ(fds, count_fds());
}

TEST_F(dmabuf, a_read_only_buffer_is_read_only)
{
	int buf = export_region(self->fd, ZINC_RDONLY);
	char *p = map_buf(buf, SIZE, 0, PROT_READ);

	ASSERT_NE(NULL, p);
	self->data[PAGE] = 7;
	EXPECT_EQ(7, p[PAGE]);
	EXPECT_EQ(-1, mprotect(p, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(NULL, map_buf(buf, SIZE, 0, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	munmap(p, SIZE);
	close(buf);
}

TEST_F(dmabuf, mappings_have_the_rules_of_the_region)
{
	char *p, *grown;

	EXPECT_EQ(NULL, map_buf(self->buf, SIZE, 0, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE,
				   self->buf, 0));
	EXPECT_EQ(EINVAL, errno);
	p = map_buf(self->buf, 4 * PAGE, 0, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, madvise(p, PAGE, MADV_REMOVE));
	grown = mremap(p, 4 * PAGE, SIZE + PAGE, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED) {
		munmap(p, 4 * PAGE);
		return;
	}
	EXPECT_EQ(0, signal_of(grown + SIZE - 1, true));
	EXPECT_EQ(SIGBUS, signal_of(grown + SIZE, false));
	munmap(grown, SIZE + PAGE);
}

TEST_F(dmabuf, it_outlives_the_region)
{
	__u64 regions = query(self->dev).user_regions;
	__u64 bytes = query(self->dev).user_bytes;
	char *p;

	memset(self->data, 5, SIZE);
	munmap(self->data, SIZE);
	close(self->rdonly);
	close(self->fd);
	EXPECT_EQ(regions - 1, query(self->dev).user_regions);
	/* the memory is still there, and still counts */
	EXPECT_EQ(bytes, query(self->dev).user_bytes);
	p = map_buf(self->buf, SIZE, 0, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, 5, SIZE));
	munmap(p, SIZE);
	close(self->buf);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == bytes - SIZE));
	self->fd = -1;
	self->rdonly = -1;
	self->buf = -1;
	self->data = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST_F(dmabuf, it_keeps_no_name)
{
	int dev = self->dev;
	int fd = create(dev, "dmabuf-keeps-no-name", PAGE);
	int buf = export_region(fd, 0);

	close(fd);
	EXPECT_EQ(-ENOENT, open_name(dev, "dmabuf-keeps-no-name"));
	close(buf);
}

TEST_F(dmabuf, a_killed_exporter_leaves_it_to_others)
{
	int sockets[2];
	pid_t pid;
	int buf;
	char *p;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = spawn();
	if (!pid) {
		int fd = create(self->dev, "", SIZE);

		p = map_data(fd, SIZE, PROT_READ | PROT_WRITE);
		memset(p, 9, SIZE);
		send_fd(sockets[1], export_region(fd, 0));
		pause();
	}
	buf = receive_fd(sockets[0]);
	ASSERT_LE(0, buf);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	p = map_buf(buf, SIZE, 0, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, 9, SIZE));
	munmap(p, SIZE);
	close(buf);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(dmabuf, cpu_access)
{
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_EQ(-EINVAL, cpu_access(self->buf, DMA_BUF_SYNC_START));
}

TEST_F(dmabuf, nothing_works_on_it)
{
	struct pollfd p = { .fd = self->buf, .events = POLLIN | POLLOUT };
	int fence = idle_fence(self->buf);

	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, p.revents);
	ASSERT_LE(0, fence);
	p = (struct pollfd) { .fd = fence, .events = POLLIN };
	EXPECT_EQ(1, poll(&p, 1, 0));
	close(fence);
}

TEST_F(dmabuf, a_large_lazy_region_is_exported_without_memory)
{
	int was = set_overcommit(1);
	int fd = create_as(self->dev, "", 1ULL << 40, ZINC_LAZY, 0, 0);
	int buf;

	ASSERT_LE(0, fd);
	buf = export_region(fd, 0);
	EXPECT_LE(0, buf);
	EXPECT_EQ(0, info(fd).resident);
	close(buf);
	close(fd);
	set_overcommit(was);
}

TEST_F(dmabuf, an_unlinked_region_can_be_exported)
{
	int buf;

	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	buf = export_region(self->fd, 0);
	EXPECT_LE(0, buf);
	close(buf);
}

TEST_F(dmabuf, a_full_table_of_descriptors)
{
	struct zinc_export arg = { .flags = 0 };
	struct rlimit was, now;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &was));
	now = was;
	now.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &now));
	EXPECT_EQ(-EMFILE, refused(self->fd, ZINC_IOC_REGION_EXPORT, &arg));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &was));
}

TEST_F(dmabuf, racing_exports_are_one_buffer)
{
	enum { RACERS = 4, ROUNDS = 50 };
	int i, j;

	for (i = 0; i < ROUNDS; i++) {
		int fd = create(self->dev, "", PAGE);
		ino_t *inodes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		pid_t pids[RACERS];

		for (j = 0; j < RACERS; j++) {
			pids[j] = spawn();
			if (!pids[j]) {
				inodes[j] = inode_and_close(export_region(fd, 0));
				_exit(0);
			}
		}
		for (j = 0; j < RACERS; j++)
			EXPECT_EQ(0, reap(pids[j]));
		for (j = 0; j < RACERS; j++)
			EXPECT_EQ(inode_and_close(export_region(fd, 0)), inodes[j]);
		munmap(inodes, PAGE);
		close(fd);
	}
}

TEST_HARNESS_MAIN
