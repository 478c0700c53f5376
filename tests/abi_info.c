// SPDX-License-Identifier: GPL-2.0-only
/*
 * Information about a region, by INFO, fdinfo and debugfs, about its creator, and
 * the end of that process.
 */
#include "region_test.h"

#include <limits.h>

/* ---- the reported fields ---- */

TEST_F(region, info)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ);
	struct zinc_info i = info(self->fd);

	ASSERT_NE(NULL, h);
	EXPECT_LT(0, i.id);
	EXPECT_EQ(CAPACITY, i.capacity);
	EXPECT_EQ(CAPACITY, i.resident);
	EXPECT_EQ(h->created_at, i.created_at);
	EXPECT_EQ(ZINC_INFO_CREATOR, i.flags);
	EXPECT_EQ(ZINC_LIFETIME_REFS, i.lifetime);
	EXPECT_EQ(geteuid(), i.uid);
	EXPECT_EQ(getegid(), i.gid);
	EXPECT_EQ(0600, i.mode);
	EXPECT_EQ(getpid(), i.creator_pid);
	EXPECT_EQ(1, i.handles);
	EXPECT_EQ(0, i.waiters);
	EXPECT_EQ(0, i.sequence);
	EXPECT_EQ(0, i.cursor);
	EXPECT_STREQ(self->name, (char *)i.name);
	EXPECT_TRUE(all_are(i.name + strlen(self->name), 0,
			    ZINC_NAME_SIZE - strlen(self->name)));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, set_cursor(self->fd, 1));
	i = info(self->fd);
	EXPECT_EQ(2, i.sequence);
	EXPECT_EQ(1, i.cursor);
	unmap_header(h);
}

TEST_F(region, info_flags)
{
	int fd = create_as(self->dev, "", PAGE, ZINC_LAZY, 0, 0);
	int rdonly = reopen_as(fd, ZINC_RDONLY);

	EXPECT_EQ(ZINC_INFO_CREATOR | ZINC_INFO_ANONYMOUS | ZINC_INFO_LAZY,
		  info(fd).flags);
	EXPECT_EQ(ZINC_INFO_ANONYMOUS | ZINC_INFO_LAZY | ZINC_INFO_RDONLY,
		  info(rdonly).flags);
	close(fd);
	EXPECT_EQ(ZINC_INFO_ANONYMOUS | ZINC_INFO_LAZY | ZINC_INFO_RDONLY |
		  ZINC_INFO_CREATOR_GONE, info(rdonly).flags);
	close(rdonly);
}

TEST_F(region, lazy_pages_come_with_the_first_touch)
{
	int fd = create_as(self->dev, "", CAPACITY, ZINC_LAZY, 0, 0);
	char *p = map_data(fd, CAPACITY, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, info(fd).resident);
	p[PAGE] = 1;
	EXPECT_LE(PAGE, info(fd).resident);
	memset(p, 1, CAPACITY);
	EXPECT_EQ(CAPACITY, info(fd).resident);
	munmap(p, CAPACITY);
	close(fd);
}

TEST_F(region, info_counts_waiters)
{
	struct zinc_info i;
	pid_t pids[3];
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(pids); n++) {
		pids[n] = spawn();
		if (!pids[n])
			_exit(!!wait_until(self->fd, patience()));
	}
	EXPECT_TRUE(EVENTUALLY(info(self->fd).waiters == 3));
	i = info(self->fd);
	EXPECT_EQ(3, i.waiters);
	/* one cursor for all of them: it is the notify that counts */
	EXPECT_EQ(0, notify(self->fd));
	for (n = 0; n < ARRAY_SIZE(pids); n++)
		EXPECT_EQ(0, reap(pids[n]));
	EXPECT_EQ(0, info(self->fd).waiters);
}

#define FDINFO	"/proc/self/fdinfo/%d"

static unsigned long long fdinfo_number(int fd, const char *key)
{
	char path[64], line[64];
	const char *p;

	snprintf(path, sizeof(path), FDINFO, fd);
	snprintf(line, sizeof(line), "\n%s:", key);
	p = strstr(file_text(path), line);
	return p ? strtoull(p + strlen(line), NULL, 0) : ~0ULL;
}

TEST_F(region, fdinfo)
{
	struct zinc_info i;
	char path[64], line[ZINC_NAME_SIZE + 32];
	int fd = open_as(self->dev, self->name, ZINC_RDONLY);

	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, set_cursor(fd, 1));
	i = info(fd);
	EXPECT_EQ(i.id, fdinfo_number(fd, "zinc-id"));
	EXPECT_EQ(i.capacity, fdinfo_number(fd, "zinc-capacity"));
	EXPECT_EQ(i.handles, fdinfo_number(fd, "zinc-handles"));
	EXPECT_EQ(i.sequence, fdinfo_number(fd, "zinc-sequence"));
	EXPECT_EQ(i.cursor, fdinfo_number(fd, "zinc-cursor"));
	EXPECT_EQ(i.mode, fdinfo_number(fd, "zinc-mode"));	/* octal */
	snprintf(path, sizeof(path), FDINFO, fd);
	snprintf(line, sizeof(line), "\nzinc-name:\t%s\n", self->name);
	EXPECT_NE(NULL, strstr(file_text(path), line)) TH_LOG("%s", file_text(path));
	close(fd);
}

/* The first process of a new pid namespace; ends when @go is closed */
static int in_pid_namespace(int dev, int outer, int ready, int go)
{
	int fd = create(dev, "in-pidns", PAGE);
	struct zinc_header *h = map_header(fd, PROT_READ);
	char byte = 0;

	CHECK(h);
	CHECK(getpid() == 1);
	CHECK(h->owner_pid == 1);
	CHECK(info(fd).creator_pid == 1);
	/* its creator is not visible from here */
	CHECK(info(outer).creator_pid == 0);
	CHECK(write(ready, &byte, 1) == 1);
	CHECK(read(go, &byte, 1) == 0);
	return 0;
}

TEST_F(region, creator_pid_is_as_the_pid_namespace_shows_it)
{
	char path[64], line[64], byte;
	int ready[2], go[2], fd;
	pid_t pid, owner;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	pid = spawn();
	if (!pid) {
		close(ready[0]);
		close(go[1]);
		if (unshare(CLONE_NEWPID))
			_exit(77);
		pid = fork();
		if (!pid)
			_exit(in_pid_namespace(self->dev, self->fd, ready[1], go[0]));
		close(ready[1]);
		_exit(reap(pid));
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &byte, 1) == 1) {
		fd = open_name(self->dev, "in-pidns");
		EXPECT_LE(0, fd);
		owner = info(fd).creator_pid;
		snprintf(path, sizeof(path), "/proc/%d/status", owner);
		snprintf(line, sizeof(line), "\nNSpid:\t%d\t1\n", owner);
		EXPECT_NE(NULL, strstr(file_text(path), line));
		close(fd);
	}
	close(ready[0]);
	close(go[1]);
	switch (reap(pid)) {
	case 0:
		break;
	case 77:
		SKIP(break, "no pid namespaces here");
	default:
		EXPECT_EQ(0, 1) TH_LOG("the process in the namespace failed");
	}
}

/* A process that has the number which another had, if that can be had */
static pid_t spawn_with_number(pid_t number)
{
	char text[16];
	pid_t pid;

	for (int tries = 0; tries < 100; tries++) {
		snprintf(text, sizeof(text), "%d", number - 1);
		if (write_text("/proc/sys/kernel/ns_last_pid", text))
			return -1;
		pid = spawn();
		if (!pid) {
			pause();
			_exit(0);
		}
		if (pid == number)
			return pid;
		kill(pid, SIGKILL);
		reap(pid);
	}
	return -1;
}

/* The creator as debugfs has it: the eleventh of the region's line; -1 */
static int pid_in_debugfs(__u64 id)
{
	const char *line = file_text("/sys/kernel/debug/zinc/regions");
	char start[32];
	int pid = -1;

	snprintf(start, sizeof(start), "\n%llu ", id);
	line = strstr(line, start);
	if (line)
		sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d", &pid);
	return pid;
}

/* Its number may be another process's, which has nothing to do with it. */
TEST_F(region, a_creator_that_has_ended_has_no_pid)
{
	int sockets[2], fd;
	pid_t creator, stranger;

	if (geteuid())
		SKIP(return, "needs root, to read debugfs");
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	creator = spawn();
	if (!creator) {
		CHECK(!send_fd(sockets[0], create(self->dev, "", PAGE)));
		pause();
	}
	fd = receive_fd(sockets[1]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(creator, info(fd).creator_pid);
	EXPECT_EQ(creator, pid_in_debugfs(info(fd).id));
	kill(creator, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(creator));
	EXPECT_EQ(0, info(fd).creator_pid);
	EXPECT_EQ(0, pid_in_debugfs(info(fd).id));
	/* without CHECKPOINT_RESTORE it is not to be had */
	stranger = spawn_with_number(creator);
	if (stranger > 0) {
		EXPECT_EQ(0, info(fd).creator_pid);
		EXPECT_EQ(0, pid_in_debugfs(info(fd).id));
		kill(stranger, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, reap(stranger));
	}
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(region, the_end_of_the_creator_is_an_event)
{
	int fd = open_name(self->dev, self->name);

	EXPECT_EQ(0, events(fd));
	EXPECT_EQ(0, events(self->fd));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(POLLRDHUP, events(fd));
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(POLLRDHUP | POLLIN, events(fd));
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	EXPECT_EQ(0, wait_until(fd, 0));
	EXPECT_EQ(POLLRDHUP, events(fd));
	close(fd);
}

TEST_F(region, the_end_of_the_creator_wakes_pollers)
{
	int fd = open_name(self->dev, self->name);
	pid_t pid;

	pid = spawn();
	if (!pid) {
		struct pollfd p = { .fd = fd, .events = POLLRDHUP };

		close(self->fd);
		CHECK(poll(&p, 1, PATIENCE_MS) == 1);
		CHECK(p.revents == POLLRDHUP);
		_exit(0);
	}
	EXPECT_TRUE(falls_asleep(pid));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_F(region, the_end_of_the_creator_ends_no_wait)
{
	int fd = open_name(self->dev, self->name);
	pid_t pid;

	pid = spawn();
	if (!pid) {
		close(self->fd);
		CHECK(wait_until(fd, after_ms(200)) == -ETIMEDOUT);
		CHECK(info(fd).flags == ZINC_INFO_CREATOR_GONE);
		_exit(0);
	}
	EXPECT_TRUE(falls_asleep(pid));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_HARNESS_MAIN
