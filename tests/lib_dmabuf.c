// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions and devices: export and import of dma-bufs, fences, access by the
 * CPU. Devices are tested elsewhere; the foreign dma-bufs here are of udmabuf,
 * and of Zinc itself.
 */
#include "lib_test.h"

#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <linux/zinc.h>
#include <pthread.h>

#define SIZE	(4 * PAGE)

/*
 * ioctl() and mmap64() of the library, too: this program comes before the C
 * library. So a module that is older, and what drivers answer, can be had here.
 */
static struct {
	bool old_module;	/* knows nothing of this */
	int refusals;		/* of DMA_BUF_IOCTL_SYNC, EAGAIN and EINTR */
	int syncs;		/* that were done */
	uint64_t sync_flags;	/* of the last of them */
	int map_error;		/* of what maps data of a region */
	pthread_barrier_t *together;	/* threads that have exported wait for the others */
} fake;

static bool is_new(unsigned long command)
{
	unsigned int number = _IOC_NR(command);

	return _IOC_TYPE(command) == ZINC_IOCTL_TYPE &&
	       (number == _IOC_NR(ZINC_IOC_IMPORT) ||
		number == _IOC_NR(ZINC_IOC_REGION_EXPORT) ||
		number == _IOC_NR(ZINC_IOC_REGION_NOTIFY_FENCE));
}

static int fake_sync(const struct dma_buf_sync *sync)
{
	if (fake.refusals) {
		errno = fake.refusals-- % 2 ? EINTR : EAGAIN;
		return -1;
	}
	fake.syncs++;
	fake.sync_flags = sync->flags;
	return 0;
}

int ioctl(int fd, unsigned long command, ...)
{
	void *argument;
	va_list args;
	long ret;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	if (fake.old_module && is_new(command)) {
		errno = ENOTTY;
		return -1;
	}
	if (command == DMA_BUF_IOCTL_SYNC && fake_sync(argument))
		return -1;
	ret = syscall(SYS_ioctl, fd, command, argument);
	if (command == ZINC_IOC_REGION_EXPORT && fake.together)
		pthread_barrier_wait(fake.together);
	return ret;
}

/* ThreadSanitizer maps memory before it can look at anything */
__attribute__((no_sanitize_thread))
void *mmap64(void *address, size_t length, int prot, int flags, int fd,
	     off64_t offset)
{
	if (fake.map_error && flags & MAP_SHARED && !offset) {
		errno = fake.map_error;
		return MAP_FAILED;
	}
	return raw_mmap(address, length, prot, flags, fd, offset);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static char *map_fd(int fd, int prot)
{
	char *p = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A sync_file of what works on a dma-buf: nothing does, it has signalled */
static int idle_fence(int dmabuf)
{
	struct dma_buf_export_sync_file arg = { .flags = DMA_BUF_SYNC_RW };

	if (ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg))
		return -errno;
	return arg.fd;
}

/* A dma-buf that is not of Zinc, of pages with @byte in them */
static int foreign(char byte)
{
	struct udmabuf_create arg = { .size = SIZE };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	char *data;
	int buf;

	if (device < 0)
		return -errno;
	arg.memfd = memfd_create("foreign", MFD_ALLOW_SEALING);
	CHECK(!ftruncate(arg.memfd, SIZE));
	CHECK(!fcntl(arg.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	data = map_fd(arg.memfd, PROT_READ | PROT_WRITE);
	CHECK(data);
	memset(data, byte, SIZE);
	munmap(data, SIZE);
	buf = ioctl(device, UDMABUF_CREATE, &arg);
	CHECK(buf >= 0);
	close(arg.memfd);
	close(device);
	return buf;
}

static int32_t open_flags(const char *name, uint32_t flags, zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
	};

	return zinc_open_with(name, &options, out);
}

static int32_t import_flags(int buf, const char *name, uint32_t flags,
			    zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
	};

	return zinc_import_dmabuf(buf, name, &options, out);
}

/* ---- everywhere ---- */

TEST(null_and_nonsense)
{
	const char *name = named("args");
	zinc_handle region;
	zinc_handle out;
	uint64_t features;

	ASSERT_EQ(zinc_create(name, SIZE, &region), 0);
	EXPECT_EQ(zinc_features(NULL, NULL), -EINVAL);
	EXPECT_EQ(zinc_features(region, NULL), -EINVAL);
	EXPECT_EQ(zinc_features(region, &features), 0);
	EXPECT_EQ(zinc_export_dmabuf(NULL, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf(region, 1), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf(region, ZINC_RDONLY | ZINC_NO_DATA),
		  -EINVAL);
	EXPECT_EQ(zinc_notify_on_fence(NULL, 0), -EINVAL);
	EXPECT_EQ(zinc_begin_cpu_access(NULL, ZINC_CPU_READ), -EINVAL);
	EXPECT_EQ(zinc_begin_cpu_access(region, 0), -EINVAL);
	EXPECT_EQ(zinc_begin_cpu_access(region, 4), -EINVAL);
	EXPECT_EQ(zinc_end_cpu_access(NULL, ZINC_CPU_READ), -EINVAL);
	EXPECT_EQ(zinc_end_cpu_access(region, 0), -EINVAL);
	EXPECT_EQ(zinc_end_cpu_access(region, ZINC_CPU_READ | 4), -EINVAL);

	EXPECT_EQ(zinc_import_dmabuf(-1, "x", NULL, NULL), -EINVAL);
	out = POISON;
	EXPECT_EQ(zinc_import_dmabuf(-1, "no name", NULL, &out), -EINVAL);
	EXPECT_EQ(out, NULL);
	out = POISON;
	EXPECT_EQ(import_flags(-1, "x", ZINC_LAZY, &out), -EINVAL);
	EXPECT_EQ(out, NULL);
	EXPECT_EQ(import_flags(-1, "x", ZINC_RDONLY, &out), -EINVAL);
	zinc_close(region);
}

TEST(posix_has_no_devices)
{
	struct zinc_options shm = {
		.size = sizeof(shm),
		.backend = ZINC_BACKEND_SHM,
	};
	const char *name = named("posix");
	struct zinc_region_info info;
	uint64_t features = 77;
	zinc_handle region;
	zinc_handle out;

	/* regardless of the backend of new regions */
	ASSERT_EQ(zinc_create_with(name, SIZE, &shm, &region), 0);
	EXPECT_EQ(zinc_features(region, &features), 0);
	EXPECT_EQ(features, 0);
	EXPECT_EQ(zinc_export_dmabuf(region, 0), -EOPNOTSUPP);
	EXPECT_EQ(zinc_export_dmabuf(region, ZINC_RDONLY), -EOPNOTSUPP);
	EXPECT_EQ(zinc_export_dmabuf_part(region, 0, SIZE, 0), -EOPNOTSUPP);
	shm.flags = ZINC_CONTIGUOUS;
	out = POISON;
	EXPECT_EQ(zinc_create_with(named("contiguous"), SIZE, &shm, &out), -EOPNOTSUPP);
	EXPECT_EQ(out, NULL);
	EXPECT_NE(strstr(zinc_strerror(-EOPNOTSUPP), "Contiguous memory"), NULL);
	shm.flags = 0;
	EXPECT_EQ(zinc_notify_on_fence(region, 0), -EOPNOTSUPP);
	EXPECT_EQ(zinc_begin_cpu_access(region, ZINC_CPU_READ), -EOPNOTSUPP);
	EXPECT_EQ(zinc_end_cpu_access(region, ZINC_CPU_WRITE), -EOPNOTSUPP);
	out = POISON;
	EXPECT_EQ(zinc_import_dmabuf(0, NULL, &shm, &out), -EOPNOTSUPP);
	EXPECT_EQ(out, NULL);
	info = info_of(region);
	EXPECT_EQ(info.attachments, 0);
	EXPECT_EQ(info.fences, 0);
	EXPECT_EQ(info.fence_errors, 0);
	EXPECT_EQ(info.fence_error, 0);
	zinc_close(region);
}

/* A caller of the first version gets no more than that had */
TEST(short_info)
{
	enum { V1 = 336 };
	struct {
		struct zinc_region_info info;
		uint8_t after;
	} all;
	struct zinc_region_info *list;
	const char *name = named("short");
	uint8_t *bytes = (void *)&all;
	zinc_handle region;
	size_t count;
	size_t i;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	memset(&all, 0xa5, sizeof(all));
	all.info.size = V1;
	ASSERT_EQ(zinc_info(region, &all.info), 0);
	EXPECT_EQ(all.info.size, V1);
	EXPECT_STREQ(all.info.name, name);
	for (i = V1; i < sizeof(all); i++)
		EXPECT_EQ(bytes[i], 0xa5);
	all.info.size = V1 - 1;
	EXPECT_EQ(zinc_info(region, &all.info), -EINVAL);
	/* half of a field is half of a field */
	memset(&all, 0xa5, sizeof(all));
	all.info.size = V1 + 2;
	ASSERT_EQ(zinc_stat(name, &all.info), 0);
	EXPECT_EQ(bytes[V1 + 1], 0);
	EXPECT_EQ(bytes[V1 + 2], 0xa5);

	ASSERT_EQ(zinc_list(&list, &count, V1), 0);
	ASSERT_GT(count, 0);
	for (i = 0; i < count; i++) {
		bytes = (uint8_t *)list + i * V1;
		EXPECT_EQ(((struct zinc_region_info *)bytes)->size, V1);
	}
	zinc_list_free(list);
	zinc_close(region);
}

TEST(without_data)
{
	const char *name = named("nodata");
	zinc_handle region;
	zinc_handle bare;
	void *data = POISON;
	size_t length;

	ASSERT_EQ(zinc_create(name, SIZE, &region), 0);
	ASSERT_EQ(open_flags(name, ZINC_NO_DATA, &bare), 0);
	EXPECT_EQ(zinc_ptr(bare), NULL);
	EXPECT_EQ(zinc_capacity(bare), SIZE);
	EXPECT_EQ(zinc_close_keep_data(bare, &data, &length), -ENXIO);
	EXPECT_EQ(data, POISON);
	/* it does all the rest */
	zinc_notify(bare);
	EXPECT_EQ(zinc_try_wait(region), 0);
	zinc_notify(region);
	EXPECT_EQ(zinc_wait(bare, 0), 0);
	EXPECT_EQ(info_of(bare).sequence, 2);
	zinc_close(bare);
	EXPECT_EQ(info_of(region).handles, 1);
	ASSERT_EQ(open_flags(name, ZINC_NO_DATA | ZINC_RDONLY, &bare), 0);
	EXPECT_EQ(zinc_notify_checked(bare), -EBADF);
	zinc_close(bare);
	zinc_close(region);
}

/* ---- on the module ---- */

FIXTURE(dmabuf)
{
	const char *name;
	zinc_handle region;
	zinc_handle rdonly;
	int buf;
};

FIXTURE_SETUP(dmabuf)
{
	/* each test skips itself: the harness runs it all the same */
	self->buf = -1;
	if (!on_kmod())
		return;
	self->name = named("dmabuf");
	ASSERT_EQ(zinc_create(self->name, SIZE, &self->region), 0);
	ASSERT_EQ(open_readonly(self->name, &self->rdonly), 0);
	self->buf = zinc_export_dmabuf(self->region, 0);
	ASSERT_GE(self->buf, 0);
}

FIXTURE_TEARDOWN(dmabuf)
{
	if (!self->name)
		return;
	close(self->buf);
	zinc_close(self->rdonly);
	zinc_close(self->region);
}

TEST_F(dmabuf, features)
{
	const uint64_t all = ZINC_FEATURE_EXPORT | ZINC_FEATURE_IMPORT |
			     ZINC_FEATURE_FENCE | ZINC_FEATURE_EXPORT_PART;
	uint64_t features = 0;

	NEED_KMOD();
	EXPECT_EQ(zinc_features(NULL, &features), 0);
	/* a kernel without huge pages cannot allocate contiguous ones */
	EXPECT_EQ(features & ~(uint64_t)ZINC_FEATURE_CONTIGUOUS, all);
	features = 0;
	EXPECT_EQ(zinc_features(self->rdonly, &features), 0);
	EXPECT_EQ(features & ~(uint64_t)ZINC_FEATURE_CONTIGUOUS, all);
}

TEST_F(dmabuf, contiguous_memory)
{
	struct zinc_options options = {
		.size = sizeof(options), .flags = ZINC_CONTIGUOUS,
	};
	struct zinc_region_info info = { .size = sizeof(info) };
	uint64_t features = 0;
	zinc_handle region;

	NEED_KMOD();
	ASSERT_EQ(zinc_features(NULL, &features), 0);
	if (!(features & ZINC_FEATURE_CONTIGUOUS)) {
		EXPECT_EQ(zinc_create_with(NULL, SIZE, &options, &region), -EOPNOTSUPP);
		SKIP(return, "this kernel has no huge pages");
	}
	ASSERT_EQ(zinc_create_with(NULL, SIZE, &options, &region), 0);
	EXPECT_EQ(zinc_info(region, &info), 0);
	EXPECT_TRUE(info.flags & ZINC_INFO_CONTIGUOUS);
	EXPECT_EQ(info.capacity, SIZE);
	memset(zinc_ptr(region), 1, SIZE);
	EXPECT_EQ(zinc_notify_checked(region), 0);
	EXPECT_EQ(zinc_try_wait(region), 0);
	zinc_close(region);
	EXPECT_EQ(zinc_info(self->region, &info), 0);
	EXPECT_FALSE(info.flags & ZINC_INFO_CONTIGUOUS);
	options.flags |= ZINC_LAZY;
	EXPECT_EQ(zinc_create_with(NULL, SIZE, &options, &region), -EINVAL);
}

TEST_F(dmabuf, parts)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	char *p;
	int fd;

	NEED_KMOD();
	memset(zinc_ptr(self->region), 1, SIZE);
	zinc_ptr(self->region)[SIZE - page] = 7;
	fd = zinc_export_dmabuf_part(self->region, SIZE - page, page, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), page);
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(p, MAP_FAILED);
	EXPECT_EQ(p[0], 7);
	munmap(p, page);
	close(fd);
	EXPECT_EQ(zinc_export_dmabuf_part(NULL, 0, page, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->region, 0, 0, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->region, 1, page, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->region, 0, page - 1, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->region, SIZE, page, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->region, page, SIZE, 0), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->region, 0, page, ZINC_NO_DATA), -EINVAL);
	EXPECT_EQ(zinc_export_dmabuf_part(self->rdonly, 0, page, 0), -EACCES);
	fd = zinc_export_dmabuf_part(self->rdonly, 0, page, ZINC_RDONLY);
	EXPECT_GE(fd, 0);
	close(fd);
}

TEST_F(dmabuf, it_is_the_memory)
{
	char *data = map_fd(self->buf, PROT_READ | PROT_WRITE);
	char *region = (char *)zinc_ptr(self->region);
	int again = zinc_export_dmabuf(self->region, 0);

	NEED_KMOD();
	ASSERT_NE(data, NULL);
	region[0] = 1;
	data[SIZE - 1] = 2;
	EXPECT_EQ(data[0], 1);
	EXPECT_EQ(region[SIZE - 1], 2);
	EXPECT_EQ(lseek(self->buf, 0, SEEK_END), SIZE);
	EXPECT_EQ(fcntl(self->buf, F_GETFD), FD_CLOEXEC);
	EXPECT_NE(again, self->buf);
	EXPECT_EQ(inode_of(again), inode_of(self->buf));
	close(again);
	munmap(data, SIZE);
}

TEST_F(dmabuf, read_only)
{
	int buf = zinc_export_dmabuf(self->region, ZINC_RDONLY);

	NEED_KMOD();
	ASSERT_GE(buf, 0);
	EXPECT_EQ(map_fd(buf, PROT_READ | PROT_WRITE), NULL);
	EXPECT_EQ(errno, EACCES);
	close(buf);
	EXPECT_EQ(zinc_export_dmabuf(self->rdonly, 0), -EACCES);
	buf = zinc_export_dmabuf(self->rdonly, ZINC_RDONLY);
	EXPECT_GE(buf, 0);
	close(buf);
}

TEST_F(dmabuf, import_by_name)
{
	const char *name = named("imported");
	zinc_handle region;
	zinc_handle mine;
	char *data;
	pid_t pid;
	int buf;

	NEED_KMOD();
	ASSERT_EQ(zinc_import_dmabuf(self->buf, name, NULL, &region), 0);
	EXPECT_EQ(zinc_capacity(region), SIZE);
	EXPECT_EQ(info_of(region).flags, ZINC_INFO_IMPORTED | ZINC_INFO_CREATOR);
	EXPECT_EQ(info_of(self->region).flags, ZINC_INFO_CREATOR);
	zinc_ptr(self->region)[PAGE] = 5;
	IN_CHILD(pid) {
		CHECK(!zinc_open(name, &mine));
		CHECK(zinc_ptr(mine)[PAGE] == 5);
		zinc_ptr(mine)[PAGE] = 6;
		/* out it goes as the very buffer that came in */
		buf = zinc_export_dmabuf(mine, 0);
		CHECK(buf >= 0 && inode_of(buf) == inode_of(self->buf));
		data = map_fd(buf, PROT_READ);
		CHECK(data && data[PAGE] == 6);
		zinc_notify(mine);
		zinc_close(mine);
	}
	EXPECT_EQ(be_woken(region), 0);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_ptr(self->region)[PAGE], 6);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST_F(dmabuf, import_without_a_name)
{
	zinc_handle region;
	zinc_handle other;

	NEED_KMOD();
	ASSERT_EQ(zinc_import_dmabuf(self->buf, NULL, NULL, &region), 0);
	EXPECT_EQ(info_of(region).flags,
		  ZINC_INFO_IMPORTED | ZINC_INFO_CREATOR | ZINC_INFO_ANONYMOUS);
	ASSERT_EQ(zinc_from_fd(zinc_fd(region), NULL, &other), 0);
	zinc_ptr(other)[0] = 3;
	EXPECT_EQ(zinc_ptr(self->region)[0], 3);
	zinc_close(other);
	zinc_close(region);
}

TEST_F(dmabuf, import_options)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.mode = 0640,
		.lifetime = ZINC_LIFETIME_PERSIST,
	};
	const char *name = named("options");
	struct zinc_region_info info;
	zinc_handle region;
	zinc_handle other;

	NEED_KMOD();
	ASSERT_EQ(zinc_import_dmabuf(self->buf, name, &options, &region), 0);
	info = info_of(region);
	EXPECT_EQ(info.mode, 0640);
	EXPECT_EQ(info.lifetime, ZINC_LIFETIME_PERSIST);
	zinc_close(region);
	EXPECT_EQ(probe(name), 0);
	region = POISON;
	EXPECT_EQ(zinc_import_dmabuf(self->buf, name, NULL, &region), -EEXIST);
	EXPECT_EQ(region, NULL);
	ASSERT_EQ(import_flags(self->buf, name, ZINC_REPLACE | ZINC_NO_DATA,
			       &other), 0);
	EXPECT_NE(info_of(other).id, info.id);
	EXPECT_EQ(zinc_ptr(other), NULL);
	zinc_close(other);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST_F(dmabuf, import_of_what_is_no_dmabuf)
{
	const char *name = named("bad");
	zinc_handle region = POISON;
	int before = count_fds();
	int maps = count_maps();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	NEED_KMOD();
	EXPECT_EQ(zinc_import_dmabuf(-1, name, NULL, &region), -EBADF);
	EXPECT_EQ(region, NULL);
	EXPECT_EQ(zinc_import_dmabuf(null, name, NULL, &region), -EINVAL);
	EXPECT_EQ(zinc_import_dmabuf(zinc_fd(self->region), name, NULL,
				     &region), -EINVAL);
	close(null);
	EXPECT_EQ(probe(name), -ENOENT);
	EXPECT_EQ(count_fds(), before);
	EXPECT_EQ(count_maps(), maps);
}

TEST_F(dmabuf, import_of_a_read_only_one)
{
	int buf = zinc_export_dmabuf(self->region, ZINC_RDONLY);
	const char *name = named("rdonly");
	zinc_handle region;
	zinc_handle other = POISON;
	int fds;

	NEED_KMOD();
	ASSERT_EQ(zinc_import_dmabuf(buf, name, NULL, &region), 0);
	EXPECT_EQ(info_of(region).flags, ZINC_INFO_IMPORTED | ZINC_INFO_CREATOR |
					 ZINC_INFO_DATA_RDONLY);
	zinc_ptr(self->region)[7] = 7;
	EXPECT_EQ(zinc_ptr(region)[7], 7);
	fds = count_fds();
	EXPECT_EQ(zinc_open_with(name, NULL, &other), -EACCES);
	EXPECT_EQ(other, NULL);
	EXPECT_EQ(count_fds(), fds);
	ASSERT_EQ(open_readonly(name, &other), 0);
	EXPECT_EQ(zinc_ptr(other)[7], 7);
	zinc_close(other);
	/* to notify takes no data */
	ASSERT_EQ(open_flags(name, ZINC_NO_DATA, &other), 0);
	EXPECT_EQ(zinc_notify_checked(other), 0);
	EXPECT_EQ(zinc_try_wait(region), 0);
	zinc_close(other);
	zinc_close(region);
	close(buf);
}

/* Some exporters do not map; that of this test only says so */
TEST_F(dmabuf, import_of_what_is_not_mapped)
{
	static const int errors[] = { ENODEV, ENOSYS, EOPNOTSUPP };
	const char *name = named("unmapped");
	int before = count_fds();
	int maps = count_maps();
	zinc_handle region;
	zinc_handle other;
	size_t i;

	NEED_KMOD();
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake.map_error = errors[i];
		region = POISON;
		EXPECT_EQ(zinc_import_dmabuf(self->buf, name, NULL, &region),
			  -ENXIO);
		EXPECT_EQ(region, NULL);
		/* nothing is left, not even the name */
		EXPECT_EQ(open_flags(name, ZINC_NO_DATA, &other), -ENOENT);
	}
	fake.map_error = EPERM;
	EXPECT_EQ(zinc_import_dmabuf(self->buf, name, NULL, &region), -EPERM);
	EXPECT_EQ(count_fds(), before);
	EXPECT_EQ(count_maps(), maps);

	fake.map_error = ENODEV;
	ASSERT_EQ(import_flags(self->buf, name, ZINC_NO_DATA, &region), 0);
	EXPECT_EQ(zinc_open_with(name, NULL, &other), -ENXIO);
	EXPECT_EQ(open_readonly(name, &other), -ENXIO);
	EXPECT_EQ(zinc_from_fd(zinc_fd(region), NULL, &other), -ENXIO);
	EXPECT_EQ(other, NULL);
	ASSERT_EQ(open_flags(name, ZINC_NO_DATA, &other), 0);
	fake.map_error = 0;
	zinc_notify(other);
	EXPECT_EQ(zinc_try_wait(region), 0);
	zinc_close(other);
	zinc_close(region);
	EXPECT_EQ(count_fds(), before);
	EXPECT_EQ(count_maps(), maps);
}

TEST_F(dmabuf, import_of_a_foreign_one)
{
	const char *name = named("foreign");
	int buf = foreign(9);
	zinc_handle region;
	zinc_handle mine;
	pid_t pid;
	int out;

	NEED_KMOD();
	if (buf < 0)
		SKIP(return, "no /dev/udmabuf");
	ASSERT_EQ(zinc_import_dmabuf(buf, name, NULL, &region), 0);
	EXPECT_EQ(zinc_ptr(region)[SIZE - 1], 9);
	IN_CHILD(pid) {
		CHECK(!zinc_open(name, &mine));
		CHECK(zinc_ptr(mine)[0] == 9);
		zinc_ptr(mine)[0] = 10;
		zinc_close(mine);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_ptr(region)[0], 10);
	out = zinc_export_dmabuf(region, 0);
	EXPECT_EQ(inode_of(out), inode_of(buf));
	EXPECT_EQ(zinc_export_dmabuf(region, ZINC_RDONLY), -EOPNOTSUPP);
	/* nor, then, can a read-only handle have its turn */
	ASSERT_EQ(open_readonly(name, &mine), 0);
	EXPECT_EQ(zinc_begin_cpu_access(mine, ZINC_CPU_READ), -EOPNOTSUPP);
	zinc_close(mine);
	close(out);
	close(buf);
	zinc_close(region);
}

TEST_F(dmabuf, fence)
{
	int fence = idle_fence(self->buf);
	zinc_handle mine;
	pid_t pid;

	NEED_KMOD();
	ASSERT_GE(fence, 0);
	IN_CHILD(pid) {
		CHECK(!open_readonly(self->name, &mine));
		CHECK(!be_woken(mine));
		CHECK(zinc_try_wait(mine) == -EAGAIN);
	}
	EXPECT_EQ(asleep(pid), true);
	EXPECT_EQ(zinc_notify_on_fence(self->region, fence), 0);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_sequence(self->region), 1);
	EXPECT_EQ(info_of(self->region).fences, 0);
	EXPECT_EQ(zinc_notify_on_fence(self->rdonly, fence), -EBADF);
	EXPECT_EQ(zinc_notify_on_fence(self->region, -1), -EBADF);
	EXPECT_EQ(zinc_notify_on_fence(self->region, self->buf), -EBADF);
	EXPECT_EQ(zinc_sequence(self->region), 1);
	close(fence);
}

TEST_F(dmabuf, cpu_access)
{
	int before = count_fds();
	zinc_handle other;

	NEED_KMOD();
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	memset(&fake, 0, sizeof(fake));
	EXPECT_EQ(zinc_begin_cpu_access(other, ZINC_CPU_READ), 0);
	EXPECT_EQ(fake.sync_flags, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	EXPECT_EQ(zinc_end_cpu_access(other, ZINC_CPU_READ), 0);
	EXPECT_EQ(fake.sync_flags, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	EXPECT_EQ(zinc_begin_cpu_access(other, ZINC_CPU_WRITE), 0);
	EXPECT_EQ(fake.sync_flags, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	EXPECT_EQ(zinc_end_cpu_access(other, ZINC_CPU_READ | ZINC_CPU_WRITE),
		  0);
	EXPECT_EQ(fake.sync_flags, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	EXPECT_EQ(fake.syncs, 4);
	/* one descriptor for the handle, one for the dma-buf */
	EXPECT_EQ(count_fds(), before + 2);
	zinc_close(other);
	EXPECT_EQ(count_fds(), before);
	EXPECT_EQ(zinc_begin_cpu_access(self->rdonly, ZINC_CPU_WRITE), -EBADF);
	EXPECT_EQ(zinc_end_cpu_access(self->rdonly, ZINC_CPU_WRITE), -EBADF);
	EXPECT_EQ(zinc_begin_cpu_access(self->rdonly, ZINC_CPU_READ), 0);
}

TEST_F(dmabuf, cpu_access_is_not_refused)
{
	NEED_KMOD();
	memset(&fake, 0, sizeof(fake));
	fake.refusals = 5;
	EXPECT_EQ(zinc_begin_cpu_access(self->region, ZINC_CPU_READ), 0);
	EXPECT_EQ(fake.refusals, 0);
	EXPECT_EQ(fake.syncs, 1);
	fake.refusals = 4;
	EXPECT_EQ(zinc_end_cpu_access(self->region, ZINC_CPU_READ), 0);
	EXPECT_EQ(fake.refusals, 0);
}

TEST_F(dmabuf, cpu_access_ends_with_kept_data)
{
	int before = count_fds();
	zinc_handle other;
	size_t length;
	void *data;

	NEED_KMOD();
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	EXPECT_EQ(zinc_begin_cpu_access(other, ZINC_CPU_READ), 0);
	EXPECT_EQ(zinc_close_keep_data(other, &data, &length), 0);
	EXPECT_EQ(count_fds(), before);
	zinc_unmap_data(data, length);
}

#define THREADS	4

static void *first_access(void *handle)
{
	int32_t ret = zinc_begin_cpu_access(handle, ZINC_CPU_WRITE);

	return (void *)(intptr_t)ret;
}

/* Threads that are first together leave one descriptor, not several */
TEST_F(dmabuf, cpu_access_of_threads)
{
	int before = count_fds();
	pthread_t threads[THREADS];
	pthread_barrier_t barrier;
	zinc_handle other;
	void *ret;
	int i;

	NEED_KMOD();
	pthread_barrier_init(&barrier, NULL, THREADS);
	fake.together = &barrier;
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, first_access,
					 other), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &ret);
		EXPECT_EQ(ret, NULL);
	}
	fake.together = NULL;
	EXPECT_EQ(count_fds(), before + 2);
	zinc_close(other);
	EXPECT_EQ(count_fds(), before);
}

TEST_F(dmabuf, older_module)
{
	zinc_handle region = POISON;
	zinc_handle other;

	NEED_KMOD();
	ASSERT_EQ(zinc_open(self->name, &other), 0);
	memset(&fake, 0, sizeof(fake));
	fake.old_module = true;
	EXPECT_EQ(zinc_export_dmabuf(other, 0), -EOPNOTSUPP);
	EXPECT_EQ(zinc_import_dmabuf(self->buf, NULL, NULL, &region),
		  -EOPNOTSUPP);
	EXPECT_EQ(region, NULL);
	EXPECT_EQ(zinc_notify_on_fence(other, 0), -EOPNOTSUPP);
	EXPECT_EQ(zinc_begin_cpu_access(other, ZINC_CPU_READ), -EOPNOTSUPP);
	fake.old_module = false;
	/* nothing of it was remembered */
	EXPECT_EQ(zinc_begin_cpu_access(other, ZINC_CPU_READ), 0);
	zinc_close(other);
}

/* A fork has the descriptor, and its parent's close does not end it */
TEST_F(dmabuf, fork_has_it)
{
	struct signpost go;
	pid_t pid;

	NEED_KMOD();
	post_init(&go);
	EXPECT_EQ(zinc_begin_cpu_access(self->region, ZINC_CPU_READ), 0);
	IN_CHILD(pid) {
		await(&go);
		CHECK(!zinc_end_cpu_access(self->region, ZINC_CPU_READ));
		zinc_close(self->region);
	}
	zinc_close(self->region);
	post(&go);
	EXPECT_EQ(reap(pid), 0);
	ASSERT_EQ(zinc_create(named("again"), PAGE, &self->region), 0);
}

TEST_HARNESS_MAIN
