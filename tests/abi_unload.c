// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading: refused while anything is in use, clean when nothing is, and the
 * module works when it is loaded again. ZINC_KO in the environment is the path
 * of zinc.ko, without which a module that does unload could not come back.
 */
#include "abi.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#define DEBUGFS	"/sys/kernel/debug/zinc"

FIXTURE(unload)
{
	int dev;
	int fd;
};

/* 0, or -errno; does not wait for users to go */
static int unload(void)
{
	return syscall(SYS_delete_module, "zinc", O_NONBLOCK) ? -errno : 0;
}

static int load(const char *options)
{
	const char *path = getenv("ZINC_KO");
	int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, options, 0) ? -errno : 0;
	close(fd);
	return err;
}

static unsigned long references(void)
{
	return strtoul(file_text(MODULE "/refcnt"), NULL, 10);
}

/* There is nothing to be said of a module that is in use by others already */
static bool may_unload(void)
{
	const char *path = getenv("ZINC_KO");

	return !geteuid() && path && !access(path, R_OK) &&
	       EVENTUALLY(!references());
}

static void __attribute__((constructor(1001))) need_module(void)
{
	if (!may_unload())
		skip_all("needs root, ZINC_KO and a module that is not in use");
}

FIXTURE_SETUP(unload)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->fd = create(self->dev, "in-use", 2 * PAGE);
	ASSERT_GE(self->fd, 0);
}

/* Nothing of the tests keeps it, and each next test finds it loaded */
FIXTURE_TEARDOWN(unload)
{
	EXPECT_TRUE(EVENTUALLY(!references()));
	EXPECT_TRUE(EVENTUALLY(!unload()));
	EXPECT_EQ(0, load(""));
}

TEST_F(unload, refused_while_the_device_is_open)
{
	close(self->fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(ZINC_ABI_VERSION, query(self->dev).abi_version);
	close(self->dev);
}

TEST_F(unload, refused_while_a_region_is_open)
{
	close(self->dev);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, notify(self->fd));
	close(self->fd);
}

TEST_F(unload, refused_while_data_are_mapped)
{
	char *p;

	p = map_data(self->fd, 2 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	close(self->dev);
	close(self->fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	memset(p, 1, 2 * PAGE);
	EXPECT_EQ(0, munmap(p, PAGE));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	p[PAGE] = 2;
	EXPECT_EQ(0, munmap(p + PAGE, PAGE));
}

TEST_F(unload, refused_while_the_control_page_is_mapped)
{
	struct zinc_header *h;

	h = map_header(self->fd, PROT_READ);
	ASSERT_NE(NULL, h);
	close(self->dev);
	close(self->fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	unmap_header(h);
}

TEST_F(unload, refused_while_someone_waits)
{
	int polls, fd;
	pid_t pid;

	close(self->dev);
	for (polls = 0; polls < 2; polls++) {
		fd = reopen_as(self->fd, 0);
		EXPECT_EQ(0, set_cursor(fd, polls));
		pid = spawn();
		if (!pid) {
			struct pollfd p = { .fd = fd, .events = POLLIN };

			_exit(polls ? poll(&p, 1, PATIENCE_MS) != 1 :
				      !!wait_until(fd, patience()));
		}
		EXPECT_TRUE(EVENTUALLY(info(fd).waiters == 1));
		EXPECT_TRUE(falls_asleep(pid));
		EXPECT_EQ(-EWOULDBLOCK, unload());
		EXPECT_EQ(0, notify(fd));
		EXPECT_EQ(0, reap(pid));
		close(fd);
	}
	close(self->fd);
}

TEST_F(unload, refused_while_epoll_watches)
{
	int ep;

	ep = watch(self->fd, EPOLLIN);
	ASSERT_LE(0, ep);
	close(self->dev);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(EPOLLIN, ready(ep, -1));
	/* with the handle the watch ends, though the epoll stays */
	close(self->fd);
	EXPECT_TRUE(EVENTUALLY(!references()));
	EXPECT_EQ(0, ready(ep, 0));
	close(ep);
}

TEST_F(unload, refused_while_a_name_persists)
{
	int fd;

	fd = create_as(self->dev, "persists", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	ASSERT_LE(0, fd);
	close(fd);
	close(self->fd);
	close(self->dev);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	self->dev = open_device();
	EXPECT_EQ(0, unlink_name(self->dev, "persists"));
	close(self->dev);
}

TEST_F(unload, refused_while_a_handle_is_on_its_way)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, send_fd(pair[0], self->fd));
	close(self->fd);
	close(self->dev);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(pair[0]);
	close(pair[1]);
}

TEST_F(unload, pinned_pages_outlive_the_module)
{
	struct iovec iov;
	int pipefd[2];
	char *p, *copy;

	copy = malloc(PAGE);
	p = map_data(self->fd, PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	memset(p, 0x5d, PAGE);
	ASSERT_EQ(0, pipe(pipefd));
	iov = (struct iovec){ p, PAGE };
	ASSERT_EQ(PAGE, vmsplice(pipefd[1], &iov, 1, 0));
	munmap(p, PAGE);
	close(self->fd);
	close(self->dev);
	EXPECT_TRUE(EVENTUALLY(!unload()));
	EXPECT_EQ(-1, access(DEVICE, F_OK));
	EXPECT_EQ(PAGE, read(pipefd[0], copy, PAGE));
	EXPECT_TRUE(all_are(copy, 0x5d, PAGE));
	close(pipefd[0]);
	close(pipefd[1]);
	free(copy);
	EXPECT_EQ(0, load(""));
}

TEST_F(unload, nothing_stays_and_it_works_again)
{
	struct zinc_query before, after;
	int round, fd;
	pid_t pid;

	before = query(self->dev);
	close(self->fd);
	close(self->dev);
	for (round = 0; round < 5; round++) {
		EXPECT_TRUE(EVENTUALLY(!unload()));
		EXPECT_EQ(-1, access(DEVICE, F_OK));
		EXPECT_EQ(-1, access(MODULE "/refcnt", F_OK));
		EXPECT_EQ(-1, access(DEBUGFS, F_OK));
		EXPECT_EQ(-1, access("/sys/class/misc/zinc", F_OK));
		EXPECT_EQ(0, load(""));
		EXPECT_EQ(-EEXIST, load(""));
		self->dev = open_device();
		ASSERT_LE(0, self->dev);
		after = query(self->dev);
		EXPECT_EQ(0, after.user_regions);
		EXPECT_EQ(0, after.user_bytes);
		EXPECT_EQ(before.features, after.features);
		EXPECT_EQ(before.max_regions, after.max_regions);
		EXPECT_EQ(before.max_bytes, after.max_bytes);
		EXPECT_EQ(before.max_pinned_bytes, after.max_pinned_bytes);
		/* in a namespace that was there before the module as well */
		pid = spawn();
		if (!pid) {
			unshare(CLONE_NEWNET);
			_exit(create(self->dev, "again", PAGE) < 0);
		}
		EXPECT_EQ(0, reap(pid));
		fd = create(self->dev, "again", PAGE);
		EXPECT_LE(0, fd);
		EXPECT_EQ(0, notify(fd));
		EXPECT_EQ(0, wait_until(fd, 0));
		close(fd);
		close(self->dev);
		EXPECT_TRUE(EVENTUALLY(!references()));
	}
}

TEST_F(unload, parameters)
{
	struct zinc_query q;

	close(self->fd);
	close(self->dev);
	EXPECT_TRUE(EVENTUALLY(!unload()));
	EXPECT_EQ(0, load("max_regions=7 max_bytes=81920 max_pinned_bytes=12288"));
	self->dev = open_device();
	q = query(self->dev);
	EXPECT_EQ(7, q.max_regions);
	EXPECT_EQ(81920, q.max_bytes);
	EXPECT_EQ(12288, q.max_pinned_bytes);
	close(self->dev);
	EXPECT_TRUE(EVENTUALLY(!unload()));
	EXPECT_EQ(0, load(""));
}

TEST_HARNESS_MAIN
