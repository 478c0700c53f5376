// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of the buffer of an exporter with bad habits.
 */
#include "dmabuf_test.h"

static ssize_t poke(const void *at, char byte)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t n = pwrite(fd, &byte, 1, (uintptr_t)at);

	close(fd);
	return n < 0 ? -errno : n;
}

static ssize_t peek(const void *at, char *byte)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, byte, 1, (uintptr_t)at);

	close(fd);
	return n < 0 ? -errno : n;
}

FIXTURE(habits)
{
	int dev, imp, buf, fd, rdonly;
};

static void import_habit(FIXTURE_PTR(habits) self, __u32 flags)
{
	self->buf = export_buffer(self->imp, flags);
	CHECK(self->buf >= 0);
	self->fd = import_dmabuf(self->dev, a_name("habit"), self->buf);
	CHECK(self->fd >= 0);
	self->rdonly = reopen_as(self->fd, ZINC_RDONLY);
	CHECK(self->rdonly >= 0);
}

FIXTURE_SETUP(habits)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	EXPECT_EQ(0, mapped(self->imp).mappings);
}

FIXTURE_TEARDOWN(habits)
{
	close(self->rdonly);
	close(self->fd);
	close(self->buf);
	EXPECT_EQ(0, mapped(self->imp).mappings);
	close(self->imp);
	close(self->dev);
}

TEST_F(habits, a_debugger_does_not_write_what_is_read_only)
{
	struct importer_mapped before = mapped(self->imp);
	char *p, *r, seen = 0;

	import_habit(self, IMPORTER_BUFFER_ACCESS);
	p = map_data(self->fd, SMALL, PROT_READ | PROT_WRITE);
	r = map_data(self->rdonly, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, r);
	/* it writes to the page although it must not */
	EXPECT_EQ(1, poke(p + 5, 11));
	EXPECT_EQ(11, p[5]);
	EXPECT_EQ(before.written + 1, mapped(self->imp).written);
	EXPECT_GT(0, poke(r + 5, 12));
	EXPECT_EQ(11, r[5]);
	EXPECT_EQ(before.written + 1, mapped(self->imp).written);
	/* and may look */
	EXPECT_EQ(1, peek(r + 5, &seen));
	EXPECT_EQ(11, seen);
	munmap(p, SMALL);
	munmap(r, SMALL);
}

TEST_F(habits, nor_by_a_buffer_that_is_read_only)
{
	__u32 written = mapped(self->imp).written;
	char *p;

	import_habit(self, IMPORTER_BUFFER_ACCESS | IMPORTER_BUFFER_RDONLY);
	p = map_data(self->fd, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_GT(0, poke(p, 13));
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ(written, mapped(self->imp).written);
	munmap(p, SMALL);
}

/* Copied, split and given up in parts, each part of it is what it was. */
TEST_F(habits, the_exporter_hears_of_every_part)
{
	pid_t pid;
	char *p;

	import_habit(self, IMPORTER_BUFFER_ACCESS);
	p = map_data(self->rdonly, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(1, mapped(self->imp).mappings);
	EXPECT_EQ(0, munmap(p + 2 * PAGE, PAGE));
	EXPECT_EQ(2, mapped(self->imp).mappings);
	EXPECT_GT(0, poke(p + 3 * PAGE, 1));
	EXPECT_EQ(MAP_FAILED, mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	pid = spawn();
	if (!pid) {
		CHECK(mapped(self->imp).mappings == 4);
		CHECK(poke(p, 1) < 0);
		CHECK(p[0] == 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(2, mapped(self->imp).mappings);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	munmap(p, SMALL);
}

TEST_F(habits, a_mapping_that_may_be_written_all_the_same_is_refused)
{
	static const __u32 flags[] = {
		IMPORTER_BUFFER_MAYWRITE, IMPORTER_BUFFER_PROT,
		IMPORTER_BUFFER_MAYWRITE | IMPORTER_BUFFER_ACCESS,
	};
	unsigned int i;
	char *p;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		import_habit(self, flags[i]);
		EXPECT_EQ(NULL, map_data(self->rdonly, SMALL, PROT_READ));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(0, mapped(self->imp).mappings);
		p = map_data(self->fd, SMALL, PROT_READ | PROT_WRITE);
		ASSERT_NE(NULL, p);
		p[0] = 3;
		munmap(p, SMALL);
		close(self->rdonly);
		close(self->fd);
		close(self->buf);
	}
	import_habit(self, IMPORTER_BUFFER_RDONLY | IMPORTER_BUFFER_PROT);
	EXPECT_EQ(NULL, map_data(self->fd, SMALL, PROT_READ));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(habits, not_unloaded_while_what_is_read_only_is_mapped)
{
	char *p;

	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	import_habit(self, IMPORTER_BUFFER_ACCESS);
	p = map_data(self->rdonly, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	close(self->rdonly);
	close(self->fd);
	close(self->buf);
	close(self->dev);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, p[0]);
	EXPECT_GT(0, poke(p, 1));
	munmap(p, SMALL);
	CHECK(EVENTUALLY(!unload()));
	CHECK(!load());
	self->dev = open_device();
	self->buf = -1;
	self->fd = -1;
	self->rdonly = -1;
}

TEST_F(habits, every_allocation_of_a_mapping_fails_once)
{
	unsigned int nth;
	bool failed = true;
	int faults;
	char *p;

	if (!inject_faults())
		SKIP(return, "no fault injection in this kernel");
	import_habit(self, IMPORTER_BUFFER_ACCESS);
	faults = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, faults);
	for (nth = 1; failed; nth++) {
		ASSERT_GT(1000, nth);
		fail_at(faults, nth);
		p = map_data(self->rdonly, SMALL, PROT_READ);
		failed = has_failed(faults);
		EXPECT_EQ(!!p, mapped(self->imp).mappings);
		if (!p)
			EXPECT_TRUE(failed);
		if (p)
			munmap(p, SMALL);
		EXPECT_EQ(0, mapped(self->imp).mappings);
	}
	EXPECT_LT(2, nth);
	close(faults);
}

TEST_HARNESS_MAIN
