// SPDX-License-Identifier: GPL-2.0-only
/* The header before the data, the data themselves, and objects that are bad */

#include "lib_test.h"

#include <endian.h>

/* Offsets, as every program in every language finds them */
static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

TEST(hash_is_fnv1a)
{
	/* published values, so that the tests do not agree with themselves */
	EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cULL);
	EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8ULL);
}

TEST(fields)
{
	const char *name = named("fields");
	/* the kernel's coarse clock may be a tick behind */
	uint64_t before = realtime_ns() - 20 * NSEC_PER_MSEC;
	const char *magic = le16toh(1) == 1 ? "GER_CNIZ" : "ZINC_REG";
	zinc_handle region;
	zinc_handle other;
	uint64_t after;
	int i;

	ASSERT_EQ(zinc_create(name, 3 * PAGE, &region), 0);
	after = realtime_ns();

	EXPECT_EQ(header_u64(region, AT_MAGIC), MAGIC);
	EXPECT_EQ(memcmp(zinc_ptr(region) - HEADER, magic, 8), 0);
	EXPECT_EQ(header_u16(region, AT_VERSION), 2);
	/* on POSIX shared memory: the creator locks its handle, and counts waiters */
	EXPECT_EQ(header_u16(region, AT_FLAGS),
		  on_kmod() ? 0 : 1 << 12 | 1 << 11);
	EXPECT_EQ(header_u32(region, AT_SEQUENCE), 0);
	EXPECT_EQ(header_u64(region, AT_CAPACITY), 3 * PAGE);
	EXPECT_EQ(header_u32(region, AT_REF_COUNT), 1);
	EXPECT_EQ(header_u32(region, AT_OWNER_PID), (uint32_t)getpid());
	EXPECT_GE(header_u64(region, AT_CREATED_AT), before);
	EXPECT_LE(header_u64(region, AT_CREATED_AT), after);
	EXPECT_EQ(header_u64(region, AT_NAME_HASH), fnv1a(name));
	EXPECT_EQ(header_u32(region, AT_WAITERS), 0);
	/* one handle, one change */
	EXPECT_EQ(header_u32(region, AT_REGISTERED), on_kmod() ? 0 : 0x10001);
	for (i = AT_RESERVED; i < HEADER; i++)
		EXPECT_EQ(zinc_ptr(region)[i - HEADER], 0);

	/* what moves */
	ASSERT_EQ(zinc_open(name, &other), 0);
	EXPECT_EQ(header_u32(region, AT_REF_COUNT), 2);
	EXPECT_EQ(header_u32(other, AT_OWNER_PID), (uint32_t)getpid());
	zinc_notify(other);
	EXPECT_EQ(header_u32(region, AT_SEQUENCE), 1);
	EXPECT_EQ(header_u32(other, AT_SEQUENCE), 1);
	zinc_close(other);
	EXPECT_EQ(header_u32(region, AT_REF_COUNT), 1);
	zinc_close(region);
}

TEST(references_of_many)
{
	const char *name = named("refs");
	zinc_handle handles[10];
	zinc_handle region;
	int i;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(zinc_open(name, &handles[i]), 0);
		EXPECT_EQ(header_u32(region, AT_REF_COUNT), i + 2);
	}
	for (i = 9; i >= 0; i--) {
		zinc_close(handles[i]);
		EXPECT_EQ(header_u32(region, AT_REF_COUNT), i + 1);
	}
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
}

TEST(alignment)
{
	const size_t huge = huge_page();
	const size_t sizes[] = {
		PAGE, 2 * PAGE, huge - PAGE, huge, huge + PAGE, 2 * huge,
	};
	const char *name = named("align");
	zinc_handle region;
	zinc_handle other;
	uintptr_t mask;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ASSERT_EQ(zinc_create(name, sizes[i], &region), 0);
		ASSERT_EQ(zinc_open(name, &other), 0);
		mask = sizes[i] >= huge ? huge - 1 : PAGE - 1;
		if (on_kmod()) {
			EXPECT_EQ((uintptr_t)zinc_ptr(region) & mask, 0) {
				TH_LOG("%zu bytes", sizes[i]);
			}
			EXPECT_EQ((uintptr_t)zinc_ptr(other) & mask, 0);
		} else {
			EXPECT_EQ((uintptr_t)zinc_ptr(region) & (PAGE - 1),
				  HEADER);
			EXPECT_EQ((uintptr_t)zinc_ptr(other) & (PAGE - 1),
				  HEADER);
		}
		EXPECT_NE(zinc_ptr(region), zinc_ptr(other));
		zinc_close(other);
		zinc_close(region);
	}
}

TEST(zero_filled)
{
	const size_t sizes[] = { PAGE, 3 * PAGE, 5 * MIB };
	const char *name = named("zero");
	zinc_handle region;
	uint8_t *data;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ASSERT_EQ(zinc_create(name, sizes[i], &region), 0);
		data = zinc_ptr(region);
		EXPECT_EQ(data[0], 0);
		EXPECT_EQ(memcmp(data, data + 1, sizes[i] - 1), 0);
		/* so that the next one may get dirty pages */
		memset(data, 0xff, sizes[i]);
		zinc_close(region);
	}
}

TEST(memory_is_there)
{
	struct zinc_options lazy = {
		.size = sizeof(lazy),
		.flags = ZINC_LAZY,
	};
	const char *name = named("there");
	struct zinc_region_info info;
	zinc_handle region;

	ASSERT_EQ(zinc_create(name, 4 * MIB, &region), 0);
	EXPECT_EQ(info_of(region).resident, 4 * MIB);
	zinc_close(region);

	ASSERT_EQ(zinc_create_with(name, 4 * MIB, &lazy, &region), 0);
	info = info_of(region);
	EXPECT_LT(info.resident, 4 * MIB);
	EXPECT_EQ(info.flags & ZINC_INFO_LAZY, ZINC_INFO_LAZY);
	memset(zinc_ptr(region), 1, 4 * MIB);
	EXPECT_EQ(info_of(region).resident, 4 * MIB);
	zinc_close(region);
}

/* Another process, with a handle of its own, both ways, every byte */
TEST(shared_both_ways)
{
	const char *name = named("both");
	const size_t size = 3 * MIB;
	zinc_handle region;
	zinc_handle mine;
	pid_t pid;
	size_t i;

	ASSERT_EQ(zinc_create(name, size, &region), 0);
	for (i = 0; i < size; i++)
		zinc_ptr(region)[i] = i * 7 + i / PAGE;
	IN_CHILD(pid) {
		CHECK(!zinc_open(name, &mine));
		CHECK(zinc_capacity(mine) == size);
		for (i = 0; i < size; i++) {
			CHECK(zinc_ptr(mine)[i] == (uint8_t)(i * 7 + i / PAGE));
			zinc_ptr(mine)[i] ^= 0x5a;
		}
		zinc_close(mine);
	}
	ASSERT_EQ(reap(pid), 0);
	for (i = 0; i < size; i++)
		ASSERT_EQ(zinc_ptr(region)[i],
			  (uint8_t)(i * 7 + i / PAGE) ^ 0x5a);
	zinc_close(region);
}

/* A peer that overwrites the header: no call relies on it */
TEST(header_is_not_believed)
{
	const char *name = named("forged");
	zinc_handle region;
	zinc_handle other;
	uint8_t *header;

	NEED_KMOD();
	ASSERT_EQ(zinc_create(name, 2 * PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	header = zinc_ptr(other) - HEADER;
	memset(header, 0xff, HEADER);

	EXPECT_EQ(zinc_capacity(region), 2 * PAGE);
	EXPECT_EQ(info_of(region).capacity, 2 * PAGE);
	EXPECT_EQ(info_of(region).handles, 2);
	EXPECT_EQ(info_of(region).creator_pid, getpid());
	EXPECT_EQ(info_of(region).flags & ZINC_INFO_UNLINKED, 0);
	EXPECT_STREQ(info_of(region).name, name);
	EXPECT_EQ(probe(name), 0);
	memset(header, 0, HEADER);
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(info_of(region).handles, 2);
	zinc_notify(region);
	EXPECT_EQ(zinc_wait(other, ZINC_WAIT_FOREVER), 0);
	zinc_close(region);
	EXPECT_EQ(info_of(other).flags & ZINC_INFO_CREATOR_GONE,
		  ZINC_INFO_CREATOR_GONE);
	zinc_close(other);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* A capacity that changes under an open handle changes nothing for it */
TEST(capacity_is_fixed)
{
	const char *name = named("fixed");
	uint64_t forged = 1ULL << 40;
	zinc_handle region;
	zinc_handle other;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	memcpy(zinc_ptr(other) - HEADER + AT_CAPACITY, &forged, 8);
	EXPECT_EQ(zinc_capacity(region), PAGE);
	EXPECT_EQ(zinc_capacity(other), PAGE);
	zinc_close(other);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* ---- POSIX objects, made by hand ---- */

/* A header as a creator that died after publishing left it */
static void fill(uint8_t *header, const char *name, uint64_t capacity)
{
	uint64_t hash = fnv1a(name);
	uint64_t magic = MAGIC;
	uint16_t version = 2;
	uint32_t count = 1;
	int32_t pid = getpid();
	uint64_t now = realtime_ns();

	memset(header, 0, HEADER);
	memcpy(header + AT_MAGIC, &magic, 8);
	memcpy(header + AT_VERSION, &version, 2);
	memcpy(header + AT_CAPACITY, &capacity, 8);
	memcpy(header + AT_REF_COUNT, &count, 4);
	memcpy(header + AT_OWNER_PID, &pid, 4);
	memcpy(header + AT_CREATED_AT, &now, 8);
	memcpy(header + AT_NAME_HASH, &hash, 8);
}

/* Make the object: @header, then zeros up to @size bytes in all */
static void make(const char *name, const uint8_t *header, off_t size)
{
	int fd = open(object(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0600);

	CHECK(fd >= 0);
	CHECK(!ftruncate(fd, size));
	if (size)
		CHECK(pwrite(fd, header, size < HEADER ? size : HEADER, 0) > 0);
	close(fd);
}

FIXTURE(object)
{
	const char *name;
	uint8_t header[HEADER];
	off_t size;
};

FIXTURE_SETUP(object)
{
	NEED_SHM();
	self->name = named("object");
	self->size = HEADER + 2 * PAGE;
	fill(self->header, self->name, 2 * PAGE);
}

FIXTURE_TEARDOWN(object)
{
	if (!self->name)
		return;
	unlink(object(self->name));
}

/* Open a damaged object in every way, then remove it */
static int32_t opened(const char *name)
{
	zinc_handle out = POISON;
	int32_t ret = probe(name);

	if (open_readonly(name, &out) != ret)
		return -ENOTRECOVERABLE;
	zinc_close(out);
	return ret;
}

#define EXPECT_BAD(size) do {						\
	make(self->name, self->header, size);				\
	EXPECT_EQ(opened(self->name), -EBADMSG);			\
} while (0)

/* The control: the object made by hand is good, so what differs is at fault */
TEST_F(object, that_is_right)
{
	zinc_handle region;

	if (_metadata->skip)
		return;
	make(self->name, self->header, self->size);
	ASSERT_EQ(zinc_open(self->name, &region), 0);
	EXPECT_EQ(zinc_capacity(region), 2 * PAGE);
	EXPECT_EQ(header_u32(region, AT_REF_COUNT), 2);
	zinc_notify(region);
	EXPECT_EQ(zinc_try_wait(region), 0);
	zinc_close(region);
	EXPECT_EQ(probe(self->name), 0);
	EXPECT_EQ(zinc_unlink(self->name), 0);
	EXPECT_EQ(probe(self->name), -ENOENT);
}

TEST_F(object, of_another_magic)
{
	int byte;

	if (_metadata->skip)
		return;
	for (byte = 0; byte < 8; byte++) {
		self->header[AT_MAGIC + byte] ^= 1;
		EXPECT_BAD(self->size);
		self->header[AT_MAGIC + byte] ^= 1;
	}
	memset(self->header + AT_MAGIC, 0, 8);
	EXPECT_BAD(self->size);
	memset(self->header + AT_MAGIC, 0xff, 8);
	EXPECT_BAD(self->size);
}

TEST_F(object, of_another_version)
{
	const uint16_t versions[] = { 0, 1, 3, 0x200, 0xffff };
	size_t i;

	if (_metadata->skip)
		return;
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		memcpy(self->header + AT_VERSION, &versions[i], 2);
		EXPECT_BAD(self->size);
	}
}

TEST_F(object, of_another_capacity)
{
	const uint64_t capacities[] = {
		0, 2 * PAGE + 1, 3 * PAGE, 1ULL << 32, 1ULL << 63,
		UINT64_MAX, UINT64_MAX - HEADER + 1, UINT64_MAX - PAGE + 1,
	};
	size_t i;

	if (_metadata->skip)
		return;
	for (i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		memcpy(self->header + AT_CAPACITY, &capacities[i], 8);
		make(self->name, self->header, self->size);
		EXPECT_EQ(opened(self->name), -EBADMSG) {
			TH_LOG("capacity %#llx",
			       (unsigned long long)capacities[i]);
		}
	}
}

/* Every length at which a dying creator or a clumsy hand may leave it */
TEST_F(object, that_is_truncated)
{
	const off_t sizes[] = {
		0, 1, 7, 8, 9, 10, 12, 16, 20, 24, 32, 40, 48, 52, 63, 64, 65,
		PAGE, 2 * PAGE, 2 * PAGE + HEADER - 1,
	};
	size_t i;

	if (_metadata->skip)
		return;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		EXPECT_BAD(sizes[i]);
}

/* Fields that say nothing about the layout: open or refuse, never crash */
TEST_F(object, of_odd_books)
{
	const int fields[] = {
		AT_FLAGS, AT_SEQUENCE, AT_REF_COUNT, AT_OWNER_PID,
		AT_CREATED_AT, AT_NAME_HASH, AT_WAITERS, AT_REGISTERED,
		AT_RESERVED,
	};
	const uint8_t values[] = { 0x00, 0x01, 0x7f, 0xff };
	zinc_handle region;
	size_t i, j;
	int32_t ret;

	if (_metadata->skip)
		return;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (j = 0; j < sizeof(values); j++) {
			fill(self->header, self->name, 2 * PAGE);
			memset(self->header + fields[i], values[j], 2);
			make(self->name, self->header, self->size);
			ret = zinc_open(self->name, &region);
			/* no process has it open: it is about to be removed */
			ASSERT_TRUE(ret == 0 || ret == -EBADMSG ||
				    (ret == -ENOENT &&
				     (fields[i] == AT_REF_COUNT ||
				      fields[i] == AT_FLAGS))) {
				TH_LOG("field %d, byte %#x: %d", fields[i],
				       values[j], ret);
			}
			if (ret)
				continue;
			zinc_notify(region);
			EXPECT_EQ(zinc_wait(region, 0), 0) {
				TH_LOG("field %d, byte %#x", fields[i],
				       values[j]);
			}
			zinc_close(region);
		}
	}
}

/*
 * All processes have closed it, and the last one died before it removed the
 * name: open does not find the region, and create may take the name.
 */
TEST_F(object, that_nobody_holds)
{
	zinc_handle region;

	if (_metadata->skip)
		return;
	memset(self->header + AT_REF_COUNT, 0, 4);
	make(self->name, self->header, self->size);
	EXPECT_EQ(opened(self->name), -ENOENT);
	ASSERT_EQ(zinc_create(self->name, PAGE, &region), 0);
	EXPECT_EQ(zinc_capacity(region), PAGE);
	EXPECT_EQ(probe(self->name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(self->name), -ENOENT);
}

/* A bad object keeps its name, and the library can clear it away */
TEST_F(object, that_is_bad_can_be_replaced)
{
	zinc_handle region;
	zinc_handle out = POISON;

	if (_metadata->skip)
		return;
	make(self->name, self->header, 0);
	EXPECT_EQ(zinc_create(self->name, PAGE, &out), -EEXIST);
	EXPECT_EQ(out, NULL);
	EXPECT_EQ(zinc_unlink(self->name), 0);
	EXPECT_EQ(zinc_unlink(self->name), -ENOENT);
	make(self->name, self->header, 10);
	ASSERT_EQ(zinc_create_or_replace(self->name, PAGE, &region), 0);
	EXPECT_EQ(probe(self->name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(self->name), -ENOENT);
}

/* Other files in that directory, none of which may be followed */
TEST_F(object, that_is_no_file)
{
	const char *path;
	char target[] = "/tmp/zinc-test-XXXXXX";
	struct stat status;
	int fd;

	if (_metadata->skip)
		return;
	path = object(self->name);

	ASSERT_EQ(mkfifo(path, 0600), 0);
	EXPECT_LT(opened(self->name), 0);
	EXPECT_EQ(unlink(path), 0);

	ASSERT_EQ(mkdir(path, 0700), 0);
	EXPECT_LT(opened(self->name), 0);
	EXPECT_EQ(rmdir(path), 0);

	fd = mkstemp(target);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, self->header, HEADER), HEADER);
	ASSERT_EQ(ftruncate(fd, self->size), 0);
	ASSERT_EQ(symlink(target, path), 0);
	EXPECT_LT(opened(self->name), 0);
	EXPECT_EQ(fstat(fd, &status), 0);
	EXPECT_EQ(status.st_size, self->size);
	EXPECT_EQ(unlink(path), 0);
	close(fd);
	unlink(target);
}

/*
 * A creator that is slow rather than dead: openers see no region, or a bad
 * one, until it is published, and never wait for it longer than a moment.
 */
TEST_F(object, that_is_published_late)
{
	uint64_t begin;
	int32_t ret;
	int fd;

	if (_metadata->skip)
		return;
	make(self->name, self->header, 0);
	begin = now_ns();
	EXPECT_EQ(probe(self->name), -EBADMSG);
	EXPECT_LT(now_ns() - begin, 10 * NSEC_PER_SEC);

	fd = open(object(self->name), O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(ftruncate(fd, self->size), 0);
	EXPECT_EQ(probe(self->name), -EBADMSG);
	/* everything but the magic */
	ASSERT_EQ(pwrite(fd, self->header + 8, HEADER - 8, 8), HEADER - 8);
	EXPECT_EQ(probe(self->name), -EBADMSG);
	ASSERT_EQ(pwrite(fd, self->header, 8, 0), 8);
	ret = probe(self->name);
	EXPECT_EQ(ret, 0);
	close(fd);
}

/* The object on disk is the documented layout, for readers without us */
TEST(posix_object)
{
	const char *name = named("layout");
	uint8_t bytes[HEADER + 16];
	zinc_handle region;
	struct stat status;
	int fd;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, 2 * PAGE, &region), 0);
	memcpy(zinc_ptr(region), "first data bytes", 16);
	ASSERT_EQ(stat(object(name), &status), 0);
	EXPECT_EQ(status.st_size, HEADER + 2 * PAGE);
	EXPECT_EQ(status.st_mode, S_IFREG | 0600);
	fd = open(object(name), O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
	EXPECT_EQ(memcmp(bytes, zinc_ptr(region) - HEADER, HEADER), 0);
	EXPECT_EQ(memcmp(bytes + HEADER, "first data bytes", 16), 0);
	close(fd);
	zinc_close(region);
	EXPECT_NE(access(object(name), F_OK), 0);
}

TEST_HARNESS_MAIN
