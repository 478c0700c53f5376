// SPDX-License-Identifier: GPL-2.0-only
/*
 * IMPORT: a dma-buf of another exporter is a region like any other. The first
 * part runs with each exporter that the kernel has; the second asks what does
 * not depend on it, and takes the dma-buf of an anonymous region.
 *
 * An exporter that cannot map is not among these: see dmabuf_foreign.c.
 */
#include "abi.h"
#include "drm.h"

#include <grp.h>
#include <sys/eventfd.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#define HEAP	"/dev/dma_heap/system"
#define UDMABUF	"/dev/udmabuf"
#define SIZE	(8 * PAGE)
#define FILL	0x3c
#define NOBODY	65534

/* Before the tests, whose time is limited: loading a driver may take long */
static void __attribute__((constructor(1001))) load_driver(void)
{
	close(drm_open("vgem"));
}

static int fill_through(int dmabuf)
{
	char *p = map_buffer(dmabuf, SIZE, PROT_READ | PROT_WRITE);

	if (!p)
		return -errno;
	memset(p, FILL, SIZE);
	munmap(p, SIZE);
	return dmabuf;
}

/* Each makes a buffer of SIZE, full of FILL; -errno. Only the fd stays. */
static int from_zinc(bool rdonly)
{
	int dev = open_device();
	int fd = create(dev, "", SIZE);
	char *p = map_data(fd, SIZE, PROT_READ | PROT_WRITE);
	int dmabuf = export_region(fd, rdonly ? ZINC_RDONLY : 0);

	CHECK(p);
	memset(p, FILL, SIZE);
	munmap(p, SIZE);
	close(fd);
	close(dev);
	return dmabuf;
}

static int from_vgem(bool rdonly)
{
	int vgem = drm_open("vgem");
	__u32 handle;
	int dmabuf;
	char *p;

	if (vgem < 0)
		return -ENODEV;
	handle = drm_create(vgem, SIZE);
	p = drm_map(vgem, handle, SIZE);
	CHECK(p);
	memset(p, FILL, SIZE);
	munmap(p, SIZE);
	dmabuf = drm_export(vgem, handle, rdonly ? 0 : DRM_RDWR);
	close(vgem);
	return dmabuf;
}

static int from_heap(bool rdonly)
{
	struct dma_heap_allocation_data arg = {
		.len = SIZE,
		.fd_flags = O_CLOEXEC | (rdonly ? O_RDONLY : O_RDWR),
	};
	int heap = open(HEAP, O_RDWR | O_CLOEXEC);
	int err;

	if (heap < 0)
		return -ENODEV;
	err = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &arg) ? -errno : 0;
	close(heap);
	if (err)
		return err;
	return rdonly ? (int)arg.fd : fill_through(arg.fd);
}

static int from_udmabuf(bool rdonly)
{
	struct udmabuf_create arg = {
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = SIZE,
	};
	int device = open(UDMABUF, O_RDWR | O_CLOEXEC);
	int dmabuf;

	if (device < 0 || rdonly)
		return -ENODEV;
	arg.memfd = memfd_create("import", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	CHECK(!ftruncate(arg.memfd, SIZE));
	CHECK(!fcntl(arg.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	dmabuf = ioctl(device, UDMABUF_CREATE, &arg);
	CHECK(dmabuf >= 0);
	close(arg.memfd);
	close(device);
	return fill_through(dmabuf);
}

static struct zinc_import import_args(const char *name, int dmabuf)
{
	struct zinc_import arg = { .dmabuf_fd = dmabuf };

	memset(&arg.id, POISON, sizeof(arg.id));
	memset(&arg.capacity, POISON, sizeof(arg.capacity));
	set_name(arg.name, name);
	return arg;
}

/* ---- with each exporter ---- */

FIXTURE(source)
{
	int dev;
	int buf;	/* -errno: this exporter does not exist */
	int fd;		/* the region */
	const char *name;
};

FIXTURE_VARIANT(source)
{
	int (*make)(bool rdonly);
	const char *exporter;	/* as the dma-buf says */
	const char *missing;
	int rdonly_byte;	/* the error of a read-only mapping; -1: none is possible */
	bool no_parts;		/* it maps from its start, regardless of the offset */
};

FIXTURE_VARIANT_ADD(source, zinc)
{
	.make = from_zinc,
	.exporter = "zinc",
	.missing = "no dma-buf of a region",
	.rdonly_byte = FILL,
};

FIXTURE_VARIANT_ADD(source, vgem)
{
	.make = from_vgem,
	.exporter = "drm",
	.missing = "no vgem",
	.rdonly_byte = FILL,
	/* as all drivers that use DRM's shmem helpers, to this day */
	.no_parts = true,
};

FIXTURE_VARIANT_ADD(source, heap)
{
	.make = from_heap,
	.exporter = "system",
	.missing = "no " HEAP,
	.rdonly_byte = 0,
};

FIXTURE_VARIANT_ADD(source, udmabuf)
{
	.make = from_udmabuf,
	.exporter = "udmabuf",
	.missing = "no " UDMABUF,
	.rdonly_byte = -1,
};

FIXTURE_SETUP(source)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->name = a_name("import");
	self->buf = variant->make(false);
	self->fd = -1;
	/* each test says then that it is skipped */
	if (self->buf == -ENODEV)
		return;
	ASSERT_LE(0, self->buf);
	self->fd = import_dmabuf(self->dev, self->name, self->buf);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(source)
{
	close(self->fd);
	close(self->buf);
	close(self->dev);
}

TEST_F(source, a_second_process_shares_the_bytes)
{
	char *p, *original;
	pid_t pid;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	p = map_data(self->fd, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	original = map_buffer(self->buf, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, original);
	EXPECT_TRUE(all_are(p, FILL, SIZE));
	pid = spawn();
	if (!pid) {
		int fd = open_name(self->dev, self->name);
		char *q = map_data(fd, SIZE, PROT_READ | PROT_WRITE);

		CHECK(q);
		CHECK(!wait_until(fd, patience()));
		CHECK(q[0] == 1 && q[SIZE - 1] == 2);
		q[5 * PAGE] = 3;
		CHECK(!notify(fd));
		_exit(0);
	}
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	p[0] = 1;
	original[SIZE - 1] = 2;
	EXPECT_EQ(0, cpu_access(self->buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(2, info(self->fd).sequence);
	EXPECT_EQ(3, p[5 * PAGE]);
	EXPECT_EQ(3, original[5 * PAGE]);
	munmap(p, SIZE);
	munmap(original, SIZE);
}

TEST_F(source, it_says_what_it_is)
{
	char line[64], path[64];
	struct zinc_info i;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	i = info(self->fd);
	EXPECT_EQ(SIZE, i.capacity);
	EXPECT_EQ(SIZE, i.resident);
	EXPECT_EQ(ZINC_INFO_IMPORTED | ZINC_INFO_CREATOR, i.flags);
	EXPECT_EQ(0, i.attachments);
	EXPECT_EQ(1, times_listed(self->dev, i.id));
	snprintf(line, sizeof(line), "\nzinc-imported-from:\t%s\n",
		 variant->exporter);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	EXPECT_NE(NULL, strstr(file_text(path), line));
}

TEST_F(source, exported_again_it_is_the_same)
{
	struct zinc_export arg = { .flags = 0 };
	pid_t pid;
	int again;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	again = call(self->fd, ZINC_IOC_REGION_EXPORT, &arg);
	EXPECT_LE(0, again);
	EXPECT_EQ(SIZE, arg.size);
	EXPECT_EQ(buffer_id(self->buf), buffer_id(again));
	EXPECT_EQ(FD_CLOEXEC, fcntl(again, F_GETFD));
	close(again);
	pid = spawn();
	if (!pid) {
		int fd = open_name(self->dev, self->name);

		close(self->buf);
		close(self->fd);
		again = export_region(fd, 0);
		CHECK(again >= 0);
		/* and as a region of a region */
		fd = import_dmabuf(self->dev, "", again);
		CHECK(fd >= 0);
		CHECK(buffer_id(export_region(fd, 0)) == buffer_id(again));
		CHECK(*(char *)map_buffer(again, SIZE, PROT_READ) == FILL);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(source, a_killed_exporter_leaves_the_bytes)
{
	const char *name = a_name("orphan");
	int ready[2];
	pid_t pid;
	char *p, c;
	int fd;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	ASSERT_EQ(0, pipe(ready));
	pid = spawn();
	if (!pid) {
		struct zinc_import arg = import_args(name, variant->make(false));

		arg.lifetime = ZINC_LIFETIME_PERSIST;
		CHECK(call(self->dev, ZINC_IOC_IMPORT, &arg) >= 0);
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	EXPECT_EQ(1, read(ready[0], &c, 1));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	fd = open_name(self->dev, name);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(info(fd).flags & ZINC_INFO_CREATOR_GONE);
	p = map_data(fd, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, FILL, SIZE));
	munmap(p, SIZE);
	EXPECT_EQ(0, unlink_name(self->dev, name));
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

/* Whether there is a dma-buf with that inode number, anywhere */
static bool buffer_is_there(ino_t id)
{
	char number[32];

	snprintf(number, sizeof(number), "\t%08lu\t", (unsigned long)id);
	return strstr(file_text(BUFINFO), number);
}

TEST_F(source, the_last_handle_frees_the_memory)
{
	ino_t id;
	int fd;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	if (access(BUFINFO, R_OK))
		SKIP(return, "no " BUFINFO);
	id = buffer_id(self->buf);
	fd = reopen_as(self->fd, ZINC_RDONLY);
	close(self->buf);
	close(self->fd);
	EXPECT_TRUE(buffer_is_there(id));
	close(fd);
	EXPECT_TRUE(EVENTUALLY(!buffer_is_there(id)));
}

TEST_F(source, a_mapping_keeps_the_memory)
{
	ino_t id;
	char *p;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	if (access(BUFINFO, R_OK))
		SKIP(return, "no " BUFINFO);
	id = buffer_id(self->buf);
	p = map_data(self->fd, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	close(self->buf);
	close(self->fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	p[0] = 1;
	EXPECT_TRUE(all_are(p + 1, FILL, SIZE - 1));
	/* the memory of a region's dma-buf is mapped, and not the dma-buf */
	EXPECT_EQ(variant->make != from_zinc, buffer_is_there(id));
	munmap(p, 7 * PAGE);
	EXPECT_EQ(variant->make != from_zinc, buffer_is_there(id));
	EXPECT_EQ(FILL, p[7 * PAGE]);
	munmap(p + 7 * PAGE, PAGE);
	EXPECT_TRUE(EVENTUALLY(!buffer_is_there(id)));
}

TEST_F(source, parts_and_bounds)
{
	char *p, *direct, *whole;
	int i;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	whole = map_data(self->fd, SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, whole);
	for (i = 0; i < 8; i++)
		memset(whole + i * PAGE, i, PAGE);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		 5 * PAGE);
	ASSERT_NE(MAP_FAILED, p);
	direct = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      self->buf, 5 * PAGE);
	ASSERT_NE(MAP_FAILED, direct);
	EXPECT_EQ(0, memcmp(direct, p, 2 * PAGE));
	if (!variant->no_parts) {
		EXPECT_TRUE(all_are(p, 5, PAGE));
		EXPECT_TRUE(all_are(p + PAGE, 6, PAGE));
		p[PAGE] = 7;
		EXPECT_EQ(7, whole[6 * PAGE]);
	}
	munmap(direct, 2 * PAGE);
	EXPECT_EQ(MAP_FAILED, mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	munmap(p, 2 * PAGE);
	EXPECT_EQ(-1, mprotect(whole, SIZE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	munmap(whole, SIZE);

	EXPECT_EQ(NULL, map_data(self->fd, SIZE + 1, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, SIZE);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, self->fd, 0);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(NULL, map_data(self->fd, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(source, a_read_only_opener)
{
	char *p;
	int fd;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	fd = open_as(self->dev, self->name, ZINC_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ZINC_INFO_IMPORTED | ZINC_INFO_RDONLY, info(fd).flags);
	EXPECT_EQ(NULL, map_data(fd, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	p = map_data(fd, SIZE, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(FILL, p[0]);
	EXPECT_EQ(-1, mprotect(p, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	/* the control page is ours, and no part of the exporter's file */
	EXPECT_EQ(NULL, map_whole(fd, SIZE, PROT_READ));
	EXPECT_EQ(EOPNOTSUPP, errno);
	/* another mapping of the same file, which is the exporter's */
	EXPECT_EQ(-1, remap_file_pages(p, PAGE, 0, 1, 0));
	EXPECT_EQ(-EBADF, notify(fd));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, wait_until(fd, 0));
	EXPECT_EQ(-EACCES, export_region(fd, 0));
	EXPECT_EQ(-EOPNOTSUPP, export_region(fd, ZINC_RDONLY));
	EXPECT_EQ(-EOPNOTSUPP, export_region(self->fd, ZINC_RDONLY));
	munmap(p, SIZE);
	close(fd);
}

TEST_F(source, a_read_only_buffer)
{
	int buf, fd, again;
	char *p;

	if (self->buf < 0)
		SKIP(return, "%s", variant->missing);
	if (variant->rdonly_byte < 0)
		SKIP(return, "%s makes none", variant->exporter);
	buf = variant->make(true);
	ASSERT_LE(0, buf);
	fd = import_dmabuf(self->dev, "", buf);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ZINC_INFO_IMPORTED | ZINC_INFO_DATA_RDONLY |
		  ZINC_INFO_ANONYMOUS | ZINC_INFO_CREATOR, info(fd).flags);
	EXPECT_EQ(NULL, map_data(fd, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(NULL, map_data(fd, SIZE, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	p = map_data(fd, SIZE, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, variant->rdonly_byte, SIZE));
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	/* the control page is the region's own */
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(0, unmap_header(map_header(fd, PROT_READ | PROT_WRITE)));
	/* the original is what a read-only export would be */
	again = export_region(fd, ZINC_RDONLY);
	EXPECT_EQ(buffer_id(buf), buffer_id(again));
	EXPECT_EQ(NULL, map_buffer(again, PAGE, PROT_READ | PROT_WRITE));
	close(again);
	again = export_region(fd, 0);
	EXPECT_EQ(buffer_id(buf), buffer_id(again));
	close(again);
	munmap(p, SIZE);
	close(fd);
	close(buf);
}

/* ---- with any exporter ---- */

FIXTURE(import)
{
	int dev;
	int buf;
	const char *name;
};

FIXTURE_SETUP(import)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->buf = from_zinc(false);
	ASSERT_LE(0, self->buf);
	self->name = a_name("import");
}

FIXTURE_TEARDOWN(import)
{
	close(self->buf);
	close(self->dev);
}

TEST_F(import, what_comes_back)
{
	struct zinc_import arg = import_args(self->name, self->buf);
	int fd = call(self->dev, ZINC_IOC_IMPORT, &arg);

	ASSERT_LE(0, fd);
	EXPECT_EQ(info(fd).id, arg.id);
	EXPECT_EQ(SIZE, arg.capacity);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_STREQ(self->name, (char *)info(fd).name);
	EXPECT_EQ(0600, info(fd).mode);
	EXPECT_EQ(1, info(fd).handles);
	close(fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(import, anonymous)
{
	int fd = import_dmabuf(self->dev, "", self->buf);
	int again;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, times_listed(self->dev, info(fd).id));
	again = reopen_as(fd, ZINC_RDONLY);
	EXPECT_EQ(info(fd).id, info(again).id);
	EXPECT_EQ(-ENOENT, call(fd, ZINC_IOC_REGION_UNLINK, NULL));
	close(fd);
	EXPECT_NE(NULL, map_data(again, SIZE, PROT_READ));
	close(again);
}

TEST_F(import, twice_is_two_regions_of_the_same_bytes)
{
	int one = import_dmabuf(self->dev, self->name, self->buf);
	int two = import_dmabuf(self->dev, "", self->buf);
	char *p = map_data(one, SIZE, PROT_READ | PROT_WRITE);
	char *q = map_data(two, SIZE, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	EXPECT_NE(info(one).id, info(two).id);
	p[PAGE] = 7;
	EXPECT_EQ(7, q[PAGE]);
	EXPECT_EQ(0, notify(one));
	EXPECT_EQ(0, info(two).sequence);
	munmap(p, SIZE);
	munmap(q, SIZE);
	close(one);
	close(two);
}

TEST_F(import, lifetime_of_the_creator)
{
	struct zinc_import arg = import_args(self->name, self->buf);
	int creator, fd;

	arg.lifetime = ZINC_LIFETIME_CREATOR;
	creator = call(self->dev, ZINC_IOC_IMPORT, &arg);
	fd = open_name(self->dev, self->name);
	ASSERT_LE(0, fd);
	close(creator);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	EXPECT_EQ(ZINC_INFO_IMPORTED | ZINC_INFO_CREATOR_GONE |
		  ZINC_INFO_UNLINKED, info(fd).flags);
	EXPECT_NE(NULL, map_data(fd, SIZE, PROT_READ));
	close(fd);
}

TEST_F(import, lifetime_persistent)
{
	struct zinc_import arg = import_args(self->name, self->buf);
	char *p;
	int fd;

	arg.lifetime = ZINC_LIFETIME_PERSIST;
	fd = call(self->dev, ZINC_IOC_IMPORT, &arg);
	ASSERT_LE(0, fd);
	close(fd);
	close(self->buf);
	fd = open_name(self->dev, self->name);
	EXPECT_EQ(arg.id, info(fd).id);
	p = map_data(fd, SIZE, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(all_are(p, FILL, SIZE));
	munmap(p, SIZE);
	close(fd);
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(import, a_name_that_is_taken)
{
	struct zinc_query before = query(self->dev);
	int fd = create(self->dev, self->name, PAGE);
	struct zinc_import arg = import_args(self->name, self->buf);
	int other;

	EXPECT_EQ(-EEXIST, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	EXPECT_EQ(before.user_regions + 1, query(self->dev).user_regions);
	EXPECT_EQ(before.user_bytes + PAGE, query(self->dev).user_bytes);
	arg.flags = ZINC_REPLACE;
	other = call(self->dev, ZINC_IOC_IMPORT, &arg);
	ASSERT_LE(0, other);
	EXPECT_EQ(ZINC_INFO_CREATOR | ZINC_INFO_UNLINKED, info(fd).flags);
	EXPECT_EQ(arg.id, info(open_name(self->dev, self->name)).id);
	/* and an import is replaced like any other */
	close(fd);
	fd = create_as(self->dev, self->name, PAGE, ZINC_REPLACE, 0, 0);
	EXPECT_LE(0, fd);
	EXPECT_TRUE(info(other).flags & ZINC_INFO_UNLINKED);
	EXPECT_NE(NULL, map_data(other, SIZE, PROT_READ));
	close(other);
	close(fd);
}

static void become_nobody(void)
{
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(NOBODY, NOBODY, NOBODY));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

TEST_F(import, permissions)
{
	static const struct {
		__u32 mode;
		int rdonly;
		int rdwr;
	} cases[] = {
		{ 0, -EACCES, -EACCES },
		{ 0644, 0, -EACCES },
		{ 0666, 0, 0 },
		{ 0622, -EACCES, -EACCES },
	};
	unsigned int i;
	pid_t pid;
	int fd;

	if (geteuid())
		SKIP(return, "needs root, to be somebody else");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct zinc_import arg = import_args(self->name, self->buf);

		arg.mode = cases[i].mode;
		fd = call(self->dev, ZINC_IOC_IMPORT, &arg);
		ASSERT_LE(0, fd);
		pid = spawn();
		if (!pid) {
			int opened;

			become_nobody();
			opened = open_as(self->dev, self->name, ZINC_RDONLY);
			CHECK((opened < 0 ? opened : 0) == cases[i].rdonly);
			opened = open_name(self->dev, self->name);
			CHECK((opened < 0 ? opened : 0) == cases[i].rdwr);
			CHECK(unlink_name(self->dev, self->name) == -EPERM);
			arg.flags = ZINC_REPLACE;
			CHECK(refused(self->dev, ZINC_IOC_IMPORT, &arg) == -EPERM);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid));
		EXPECT_FALSE(info(fd).flags & ZINC_INFO_UNLINKED);
		close(fd);
	}
}

#define MAX_REGIONS	MODULE "/parameters/max_regions"
#define MAX_BYTES	MODULE "/parameters/max_bytes"

/* Runs as the user nobody, whose limits allow 2 regions and SIZE + PAGE bytes */
static void be_limited(int dev, int buf)
{
	struct zinc_import arg = import_args("one-too-many", buf);
	int fd, small;

	become_nobody();
	fd = import_dmabuf(dev, "", buf);
	CHECK(fd >= 0);
	CHECK(query(dev).user_regions == 1);
	CHECK(query(dev).user_bytes == SIZE);
	CHECK(refused(dev, ZINC_IOC_IMPORT, &arg) == -ENOSPC);
	CHECK(open_name(dev, "one-too-many") == -ENOENT);
	small = create(dev, "", PAGE);
	CHECK(small >= 0);
	CHECK(refused(dev, ZINC_IOC_IMPORT, &arg) == -EDQUOT);
	CHECK(create(dev, "", PAGE) == -EDQUOT);
	close(fd);
	CHECK(query(dev).user_bytes == PAGE);
	CHECK(import_dmabuf(dev, "", buf) >= 0);
}

TEST_F(import, limits)
{
	char regions[32], bytes[32], text[32];
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root, to set limits and to be somebody else");
	snprintf(regions, sizeof(regions), "%s", file_text(MAX_REGIONS));
	snprintf(bytes, sizeof(bytes), "%s", file_text(MAX_BYTES));
	snprintf(text, sizeof(text), "%zu", SIZE + PAGE);
	EXPECT_EQ(0, write_text(MAX_REGIONS, "2"));
	EXPECT_EQ(0, write_text(MAX_BYTES, text));
	pid = spawn();
	if (!pid) {
		be_limited(self->dev, self->buf);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, write_text(MAX_REGIONS, regions));
	EXPECT_EQ(0, write_text(MAX_BYTES, bytes));
}

/* The mapping keeps only memory that a process can also keep by the dma-buf alone */
TEST_F(import, a_mapping_alone_is_not_counted)
{
	struct zinc_query before = query(self->dev);
	int fd = import_dmabuf(self->dev, "", self->buf);
	char *p = map_data(fd, SIZE, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(before.user_bytes + SIZE, query(self->dev).user_bytes);
	close(fd);
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
	EXPECT_EQ(before.user_regions, query(self->dev).user_regions);
	EXPECT_TRUE(all_are(p, FILL, SIZE));
	munmap(p, SIZE);
}

TEST_F(import, of_no_dmabuf)
{
	int closed = dup(self->buf);
	int region = create(self->dev, "", PAGE);
	int sync = idle_fence(self->buf);
	const struct {
		int fd;
		int err;
	} cases[] = {
		{ -1, -EBADF },
		{ closed, -EBADF },
		{ open("/dev/null", O_PATH | O_CLOEXEC), -EBADF },
		{ self->dev, -EINVAL },
		{ region, -EINVAL },
		{ sync, -EINVAL },
		{ open("/dev/zero", O_RDWR | O_CLOEXEC), -EINVAL },
		{ memfd_create("import", MFD_CLOEXEC), -EINVAL },
		{ eventfd(0, EFD_CLOEXEC), -EINVAL },
	};
	struct zinc_query before = query(self->dev);
	unsigned int i;

	ASSERT_LE(0, sync);
	close(closed);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct zinc_import arg = import_args(self->name, cases[i].fd);

		EXPECT_EQ(cases[i].err, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	}
	EXPECT_EQ(before.user_regions, query(self->dev).user_regions);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	for (i = 4; i < ARRAY_SIZE(cases); i++)
		close(cases[i].fd);
}

TEST_F(import, arguments)
{
	struct zinc_import good = import_args(self->name, self->buf);
	struct zinc_import arg;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		arg = good;
		arg.flags = 1U << bit;
		if (arg.flags == ZINC_REPLACE)
			continue;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	}
	for (bit = 0; bit < 32; bit++) {
		arg = good;
		arg.mode = 1U << bit;
		if (arg.mode & 0666)
			continue;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	}
	arg = good;
	arg.lifetime = ZINC_LIFETIME_PERSIST + 1;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	arg = good;
	arg.name[0] = '/';
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	arg = good;
	arg.name[ZINC_NAME_SIZE - 1] = 'x';
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	/* a region without a name can neither keep nor replace one */
	arg = import_args("", self->buf);
	arg.lifetime = ZINC_LIFETIME_PERSIST;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	arg.lifetime = 0;
	arg.flags = ZINC_REPLACE;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	EXPECT_EQ(-EFAULT, call(self->dev, ZINC_IOC_IMPORT, NULL));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(import, a_full_table_of_descriptors)
{
	struct zinc_import arg = import_args(self->name, self->buf);
	struct rlimit was, now;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &was));
	now = was;
	now.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &now));
	EXPECT_EQ(-EMFILE, refused(self->dev, ZINC_IOC_IMPORT, &arg));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &was));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(import, a_fence_notifies_it)
{
	int fd = import_dmabuf(self->dev, "", self->buf);
	int sync = idle_fence(self->buf);

	EXPECT_EQ(0, notify_on_fence(fd, sync));
	EXPECT_EQ(1, info(fd).sequence);
	close(sync);
	close(fd);
}

/* Each child holds the other's region by its dma-buf, and dies */
TEST_F(import, regions_of_regions_go_all_the_same)
{
	struct zinc_query before = query(self->dev);
	pid_t pid;

	pid = spawn();
	if (!pid) {
		int fd = self->buf;
		int i;

		for (i = 0; i < 50; i++) {
			fd = import_dmabuf(self->dev, "", fd);
			CHECK(fd >= 0);
			CHECK(map_data(fd, SIZE, PROT_READ));
			fd = export_region(fd, 0);
			CHECK(fd >= 0);
		}
		raise(SIGKILL);
	}
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == before.user_regions));
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
}

TEST_HARNESS_MAIN
