// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of a region, its dma-buf and its importer goes first, by close() and by
 * SIGKILL; and that the module stays until all have gone.
 */
#include "dmabuf_test.h"

/* ---- order of the ends ---- */

FIXTURE(life)
{
	int dev, imp, fd, buf, mapping;
	__u64 regions, bytes;	/* of the user, before */
};

FIXTURE_SETUP(life)
{
	void *p;

	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->imp = open_importer();
	ASSERT_LE(0, self->imp);
	reset_devices(self->imp);
	/* what went just now may still be on its way */
	EVENTUALLY(!query(self->dev).user_bytes);
	self->regions = query(self->dev).user_regions;
	self->bytes = query(self->dev).user_bytes;
	self->fd = create(self->dev, a_name("life"), SMALL);
	ASSERT_LE(0, self->fd);
	p = map_data(self->fd, SMALL, PROT_WRITE);
	ASSERT_NE(NULL, p);
	memset(p, 8, SMALL);
	munmap(p, SMALL);
	self->buf = export_region(self->fd, 0);
	ASSERT_LE(0, self->buf);
	self->mapping = attach_and_map(self->imp, self->buf, IMPORTER_WIDE);
	ASSERT_LE(0, self->mapping);
}

/* However they went, nothing is left of them. */
FIXTURE_TEARDOWN(life)
{
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == self->bytes));
	EXPECT_EQ(self->regions, query(self->dev).user_regions);
	close(self->dev);
}

TEST_F(life, region_buffer_importer)
{
	__u8 *p;

	close(self->fd);
	EXPECT_EQ(self->regions, query(self->dev).user_regions);
	EXPECT_TRUE(device_puts(self->imp, self->mapping, 3, 13));
	p = map_buf(self->buf, SMALL, PROT_READ);
	EXPECT_EQ(13, p[3]);
	munmap(p, SMALL);
	close(self->buf);
	EXPECT_TRUE(device_sees(self->imp, self->mapping, 3, 13));
	EXPECT_TRUE(device_sees(self->imp, self->mapping, SMALL - 1, 8));
	/* the memory is there for the device alone, and counts */
	EXPECT_EQ(self->bytes + SMALL, query(self->dev).user_bytes);
	close(self->imp);
}

TEST_F(life, region_importer_buffer)
{
	close(self->fd);
	close(self->imp);
	EXPECT_EQ(self->bytes + SMALL, query(self->dev).user_bytes);
	close(self->buf);
}

TEST_F(life, buffer_region_importer)
{
	close(self->buf);
	EXPECT_EQ(1, attachments(self->fd));
	close(self->fd);
	EXPECT_TRUE(device_sees(self->imp, self->mapping, 0, 8));
	close(self->imp);
}

TEST_F(life, buffer_importer_region)
{
	close(self->buf);
	close(self->imp);
	EXPECT_EQ(0, attachments(self->fd));
	self->buf = export_region(self->fd, 0);
	EXPECT_LE(0, self->buf);
	close(self->buf);
	close(self->fd);
}

TEST_F(life, importer_buffer_region)
{
	close(self->imp);
	EXPECT_EQ(0, attachments(self->fd));
	close(self->buf);
	close(self->fd);
}

TEST_F(life, importer_region_buffer)
{
	__u8 *p;

	EXPECT_TRUE(device_puts(self->imp, self->mapping, 3, 14));
	close(self->imp);
	close(self->fd);
	p = map_buf(self->buf, SMALL, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(14, p[3]);
	munmap(p, SMALL);
	close(self->buf);
}

TEST_F(life, a_mapping_of_the_driver_is_last)
{
	__u8 *p = map_by_importer(self->imp, self->buf, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	close(self->fd);
	close(self->buf);
	close(self->imp);
	EXPECT_TRUE(all_are(p, 8, SMALL));
	EXPECT_EQ(self->bytes + SMALL, query(self->dev).user_bytes);
	munmap(p, SMALL);
}

TEST_F(life, a_mapping_of_the_kernel_is_last)
{
	int object = vmap(self->imp, self->buf);

	EXPECT_LE(0, object);
	close(self->fd);
	close(self->buf);
	EXPECT_TRUE(device_sees(self->imp, object, PAGE, 8));
	close(self->imp);
}

TEST_F(life, unlinked_while_attached)
{
	int again;

	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(1, attachments(self->fd));
	EXPECT_TRUE(device_puts(self->imp, self->mapping, 1, 15));
	again = attach_and_map(self->imp, self->buf, IMPORTER_OTHER);
	EXPECT_TRUE(device_sees(self->imp, again, 1, 15));
	EXPECT_EQ(2, attachments(self->fd));
	close(self->fd);
	close(self->buf);
	close(self->imp);
}

TEST_F(life, attached_after_the_region)
{
	int mapping;

	close(self->fd);
	mapping = attach_and_map(self->imp, self->buf, IMPORTER_OTHER);
	EXPECT_TRUE(device_sees(self->imp, mapping, 2, 8));
	close(self->buf);
	close(self->imp);
}

TEST_F(life, the_importing_process_is_killed)
{
	pid_t pid;

	close(self->imp);
	pid = spawn();
	if (!pid) {
		int imp = open_importer();

		CHECK(attach_and_map(imp, self->buf, IMPORTER_WIDE) > 0);
		CHECK(attach_and_map(imp, self->buf, IMPORTER_OTHER) > 0);
		CHECK(vmap(imp, self->buf) > 0);
		pause();
	}
	EXPECT_TRUE(EVENTUALLY(attachments(self->fd) == 2));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(EVENTUALLY(!attachments(self->fd)));
	close(self->buf);
	close(self->fd);
}

TEST_F(life, the_exporting_process_is_killed)
{
	int sockets[2], buf, mapping;
	pid_t pid;

	close(self->fd);
	close(self->buf);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = spawn();
	if (!pid) {
		int fd = create(self->dev, a_name("killed"), SMALL);
		void *p = map_data(fd, SMALL, PROT_WRITE);

		memset(p, 19, SMALL);
		CHECK(!send_fd(sockets[1], export_region(fd, 0)));
		pause();
	}
	buf = receive_fd(sockets[0]);
	ASSERT_LE(0, buf);
	mapping = attach_and_map(self->imp, buf, IMPORTER_OTHER);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	close(buf);
	EXPECT_TRUE(device_sees(self->imp, mapping, SMALL - 1, 19));
	close(self->imp);
	close(sockets[0]);
	close(sockets[1]);
}

/* ---- the module ---- */

static void drop_all_but_imp(FIXTURE_PTR(life) self)
{
	close(self->fd);
	close(self->buf);
	close(self->dev);
}

static void unload_and_load(FIXTURE_PTR(life) self)
{
	CHECK(EVENTUALLY(!unload()));
	CHECK(access(DEVICE, F_OK));
	CHECK(!load());
	self->dev = open_device();
}

TEST_F(life, not_unloaded_while_a_device_is_attached)
{
	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	drop_all_but_imp(self);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, drop(self->imp, self->mapping));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(self->imp);
	unload_and_load(self);
}

TEST_F(life, not_unloaded_while_the_kernel_maps)
{
	int imp, object;

	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	imp = open_importer();
	object = vmap(imp, self->buf);
	EXPECT_LE(0, object);
	close(self->imp);
	drop_all_but_imp(self);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_TRUE(device_sees(imp, object, 0, 8));
	close(imp);
	unload_and_load(self);
}

TEST_F(life, not_unloaded_while_a_driver_maps_for_user_space)
{
	int imp;
	void *p;

	if (!may_unload())
		SKIP(return, "needs ZINC_KO");
	imp = open_importer();
	p = map_by_importer(imp, self->buf, PROT_READ);
	close(imp);
	close(self->imp);
	drop_all_but_imp(self);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_TRUE(all_are(p, 8, SMALL));
	munmap(p, SMALL);
	unload_and_load(self);
}

/* Its operations are the exporter's, some of them by way of ours */
TEST_HARNESS_MAIN
