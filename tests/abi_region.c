// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: what create and open give, the header, lifetimes, names that are
 * taken, given back and replaced, and control pages that are full of lies.
 */
#include "region_test.h"

#include <sys/random.h>

/* ---- create and open ---- */

TEST_F(region, create_is_exclusive)
{
	struct zinc_create c = create_args(self->name, PAGE);

	EXPECT_EQ(-EEXIST, refused(self->dev, ZINC_IOC_CREATE, &c));
	EXPECT_EQ(CAPACITY, info(self->fd).capacity);
}

TEST_F(region, open_needs_a_region)
{
	struct zinc_open o = open_args(a_name("nowhere"));

	EXPECT_EQ(-ENOENT, refused(self->dev, ZINC_IOC_OPEN, &o));
}

TEST_F(region, any_number_of_anonymous_regions)
{
	int a = create(self->dev, "", PAGE), b = create(self->dev, "", PAGE);

	EXPECT_LE(0, a);
	EXPECT_LE(0, b);
	EXPECT_NE(info(a).id, info(b).id);
	EXPECT_EQ(-ENOENT, call(a, ZINC_IOC_REGION_UNLINK, NULL));
	close(a);
	close(b);
}

TEST_F(region, fds_are_close_on_exec)
{
	int opened = open_name(self->dev, self->name);
	int rdonly = open_as(self->dev, self->name, ZINC_RDONLY);
	int again = reopen_as(self->fd, 0);

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(opened, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(rdonly, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(again, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(self->fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	EXPECT_EQ(O_RDWR, fcntl(opened, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	EXPECT_EQ(O_RDWR, fcntl(again, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	close(opened);
	close(rdonly);
	close(again);
}

TEST_F(region, memory_is_zero)
{
	size_t size;
	int fd, pass;
	void *p;

	/* the second time, the pages are probably those of the first */
	for (pass = 0; pass < 8; pass++) {
		size = (pass < 4 ? 7 : 512) * PAGE;
		fd = create_as(self->dev, "", size,
			       pass & 1 ? ZINC_LAZY : 0, 0, 0);
		ASSERT_LE(0, fd);
		p = map_data(fd, size, PROT_READ | PROT_WRITE);
		ASSERT_NE(NULL, p);
		EXPECT_TRUE(all_are(p, 0, size));
		memset(p, 0xff, size);
		munmap(p, size);
		close(fd);
	}
}

TEST_F(region, processes_share_bytes_both_ways)
{
	char *p = map_data(self->fd, CAPACITY, PROT_READ | PROT_WRITE);
	pid_t pid;

	ASSERT_NE(NULL, p);
	strcpy(p, "ping");
	pid = spawn();
	if (!pid) {
		int fd, dev;

		munmap(p, CAPACITY);
		close(self->fd);
		dev = open_device();
		fd = open_name(dev, self->name);
		CHECK(fd >= 0);
		p = map_data(fd, CAPACITY, PROT_READ | PROT_WRITE);
		CHECK(p);
		CHECK(!strcmp(p, "ping"));
		strcpy(p + CAPACITY - 8, "pong");
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_STREQ("pong", p + CAPACITY - 8);
	munmap(p, CAPACITY);
}

TEST_F(region, ids_are_never_used_again)
{
	__u64 id, last = info(self->fd).id;
	int i, fd;

	for (i = 0; i < 500; i++) {
		fd = create(self->dev, i & 1 ? "again" : "", PAGE);
		ASSERT_LE(0, fd);
		id = info(fd).id;
		ASSERT_GT(id, last);
		last = id;
		close(fd);
	}
}

/* ---- header ---- */

static __u64 fnv1a(const char *s)
{
	__u64 hash = 0xcbf29ce484222325;

	for (; *s; s++)
		hash = (hash ^ (__u8)*s) * 0x100000001b3;
	return hash;
}

TEST_F(region, header_offsets)
{
	ASSERT_EQ(ZINC_HEADER_SIZE, sizeof(struct zinc_header));
	EXPECT_EQ(0, offsetof(struct zinc_header, magic));
	EXPECT_EQ(8, offsetof(struct zinc_header, version));
	EXPECT_EQ(10, offsetof(struct zinc_header, flags));
	EXPECT_EQ(12, offsetof(struct zinc_header, notify_seq));
	EXPECT_EQ(16, offsetof(struct zinc_header, capacity));
	EXPECT_EQ(24, offsetof(struct zinc_header, ref_count));
	EXPECT_EQ(28, offsetof(struct zinc_header, owner_pid));
	EXPECT_EQ(32, offsetof(struct zinc_header, created_at));
	EXPECT_EQ(40, offsetof(struct zinc_header, name_hash));
	EXPECT_EQ(48, offsetof(struct zinc_header, waiters));
	EXPECT_EQ(52, offsetof(struct zinc_header, registered));
	EXPECT_EQ(56, offsetof(struct zinc_header, reserved));
}

TEST_F(region, header)
{
	__u64 before = clock_ns(CLOCK_REALTIME), after;
	struct zinc_header *h;
	char *control;
	int fd;

	fd = create(self->dev, "header_0-Z", CAPACITY);
	after = clock_ns(CLOCK_REALTIME);
	ASSERT_LE(0, fd);
	control = map_control(fd, PROT_READ);
	ASSERT_NE(NULL, control);
	h = header_of(control);
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	EXPECT_EQ(ZINC_FORMAT, h->version);
	EXPECT_EQ(0, h->flags);
	EXPECT_EQ(0, h->notify_seq);
	EXPECT_EQ(CAPACITY, h->capacity);
	EXPECT_EQ(1, h->ref_count);
	EXPECT_EQ(getpid(), h->owner_pid);
	EXPECT_LE(before, h->created_at);
	EXPECT_GE(after, h->created_at);
	EXPECT_EQ(fnv1a("header_0-Z"), h->name_hash);
	EXPECT_EQ(0, h->waiters);
	EXPECT_TRUE(all_are(h->reserved, 0, sizeof(h->reserved)));
	EXPECT_TRUE(all_are(control, 0, PAGE - sizeof(*h)));
	EXPECT_EQ(info(fd).created_at, h->created_at);
	unmap_header(h);
	close(fd);
}

TEST_F(region, header_of_an_anonymous_region)
{
	int fd = create(self->dev, "", PAGE);
	struct zinc_header *h = map_header(fd, PROT_READ);

	ASSERT_NE(NULL, h);
	EXPECT_EQ(0xcbf29ce484222325, h->name_hash);
	EXPECT_EQ(ZINC_MAGIC, h->magic);
	EXPECT_EQ(0, h->flags);
	unmap_header(h);
	close(fd);
}

TEST_F(region, header_follows_handles_and_sequence)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ);
	int a, b;

	ASSERT_NE(NULL, h);
	a = open_name(self->dev, self->name);
	EXPECT_EQ(2, LOAD(h->ref_count));
	b = reopen_as(a, ZINC_RDONLY);
	EXPECT_EQ(3, LOAD(h->ref_count));
	EXPECT_EQ(3, info(b).handles);
	close(a);
	EXPECT_EQ(2, LOAD(h->ref_count));
	close(b);
	EXPECT_EQ(1, LOAD(h->ref_count));
	/* a duplicate is not another handle */
	a = dup(self->fd);
	EXPECT_EQ(1, LOAD(h->ref_count));
	EXPECT_EQ(1, info(a).handles);
	close(a);
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(1, LOAD(h->notify_seq));
	unmap_header(h);
}

TEST_F(region, header_mirrors_flags)
{
	int fd = open_name(self->dev, self->name);
	struct zinc_header *h = map_header(fd, PROT_READ);

	ASSERT_NE(NULL, h);
	EXPECT_EQ(0, LOAD(h->flags));
	close(self->fd);
	EXPECT_EQ(ZINC_HDR_CREATOR_GONE, LOAD(h->flags));
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	EXPECT_EQ(ZINC_HDR_CREATOR_GONE | ZINC_HDR_UNLINKED, LOAD(h->flags));
	EXPECT_EQ(1, LOAD(h->ref_count));
	unmap_header(h);
	close(fd);
	self->fd = -1;
}

/* ---- lies in the control page ---- */

/* A child: the control page gets ones, zeroes and noise until it is killed */
static void lie(int fd)
{
	char noise[4096];
	char *control = map_control(fd, PROT_READ | PROT_WRITE);
	unsigned int i;

	CHECK(control);
	CHECK(getrandom(noise, sizeof(noise), 0) == sizeof(noise));
	for (i = 0;; i++) {
		memset(control, i & 1 ? 0xff : 0, PAGE);
		noise[i % sizeof(noise)] += i;
		memcpy(control + PAGE - sizeof(noise), noise, sizeof(noise));
	}
}

TEST_F(region, the_kernel_believes_nothing_in_the_page)
{
	struct zinc_info i, first = info(self->fd);
	struct zinc_wait_item items[2];
	struct zinc_wait_any any = {
		.items = (uintptr_t)items,
		.count = 2,
	};
	int round, a, b;
	pid_t pid;
	long ret;

	pid = spawn();
	if (!pid)
		lie(self->fd);
	for (round = 0; round < 300; round++) {
		a = open_name(self->dev, self->name);
		ASSERT_LE(0, a);
		b = reopen_as(a, ZINC_RDONLY);
		ASSERT_LE(0, b);
		ASSERT_EQ(0, notify(a));
		ret = wait_until(b, after_ms(1));
		ASSERT_TRUE(ret == 0 || ret == -ETIMEDOUT);
		ASSERT_EQ(0, events(a) & ~POLLIN);
		items[0].fd = a;
		items[1].fd = b;
		any.deadline = after_ms(1);
		ret = call(self->dev, ZINC_IOC_WAIT_ANY, &any);
		ASSERT_TRUE(ret == 0 || ret == -ETIMEDOUT);
		ASSERT_EQ(1, times_listed(self->dev, first.id));
		ASSERT_EQ(-EBADF, notify(b));
		ASSERT_EQ(0, set_cursor(a, round));

		i = info(b);
		ASSERT_EQ(first.id, i.id);
		ASSERT_EQ(CAPACITY, i.capacity);
		ASSERT_EQ(3, i.handles);
		ASSERT_EQ(ZINC_INFO_RDONLY, i.flags);
		ASSERT_EQ(first.uid, i.uid);
		ASSERT_EQ(first.mode, i.mode);
		ASSERT_EQ(first.lifetime, i.lifetime);
		ASSERT_EQ(first.creator_pid, i.creator_pid);
		ASSERT_EQ(first.created_at, i.created_at);
		ASSERT_EQ(first.resident, i.resident);
		ASSERT_STREQ(self->name, (char *)i.name);
		ASSERT_EQ(NULL, map_data(a, CAPACITY + PAGE, PROT_READ));
		close(a);
		close(b);
	}
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(1, info(self->fd).handles);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(region, a_forged_sequence_is_the_sequence)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ | PROT_WRITE);
	struct zinc_wait w = { .deadline = 0 };

	ASSERT_NE(NULL, h);
	STORE(h->notify_seq, 0x12345678);
	EXPECT_EQ(0x12345678, info(self->fd).sequence);
	EXPECT_EQ(POLLIN, events(self->fd));
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(0x12345678, w.cursor);
	EXPECT_EQ(0, events(self->fd));
	/* backwards is a difference too */
	STORE(h->notify_seq, 0x12345677);
	EXPECT_EQ(POLLIN, events(self->fd));
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(0x12345677, w.cursor);
	unmap_header(h);
}

TEST_F(region, forged_waiters_do_not_stop_a_notify)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ | PROT_WRITE);
	pid_t pid;

	ASSERT_NE(NULL, h);
	pid = spawn();
	if (!pid) {
		CHECK(!wait_until(self->fd, patience()));
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(LOAD(h->waiters)));
	EXPECT_TRUE(falls_asleep(pid));
	STORE(h->waiters, 0);
	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, reap(pid));
	unmap_header(h);
}

/* ---- lifetimes ---- */

TEST_F(region, refs_last_handle_takes_the_name)
{
	int fd = open_name(self->dev, self->name), again;

	ASSERT_LE(0, fd);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE, info(fd).flags);
	again = open_name(self->dev, self->name);
	EXPECT_LE(0, again);
	EXPECT_EQ(info(fd).id, info(again).id);
	close(again);
	close(fd);
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(region, refs_creator_closes_last)
{
	int fd = open_name(self->dev, self->name);

	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(ZINC_INFO_CREATOR, info(self->fd).flags);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(region, creator_takes_the_name_along)
{
	int creator = create_as(self->dev, "of-creator", PAGE, 0,
				ZINC_LIFETIME_CREATOR, 0);
	int fd = open_name(self->dev, "of-creator");
	struct zinc_header *h = map_header(fd, PROT_READ);
	char *p = map_data(fd, PAGE, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, h);
	ASSERT_NE(NULL, p);
	close(creator);
	EXPECT_EQ(-ENOENT, open_name(self->dev, "of-creator"));
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE | ZINC_INFO_UNLINKED, info(fd).flags);
	EXPECT_EQ(ZINC_HDR_CREATOR_GONE | ZINC_HDR_UNLINKED, LOAD(h->flags));
	EXPECT_TRUE(all_are(info(fd).name, 0, ZINC_NAME_SIZE));
	p[0] = 1;
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(0, wait_until(fd, 0));
	munmap(p, PAGE);
	unmap_header(h);
	close(fd);
}

TEST_F(region, persist_outlives_all_handles)
{
	int fd = create_as(self->dev, "persist", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	char *p = map_data(fd, PAGE, PROT_READ | PROT_WRITE);
	__u64 id = info(fd).id;

	ASSERT_NE(NULL, p);
	strcpy(p, "still here");
	EXPECT_EQ(0, notify(fd));
	munmap(p, PAGE);
	close(fd);
	EXPECT_EQ(self->regions + 2, query(self->dev).user_regions);
	EXPECT_EQ(1, times_listed(self->dev, id));

	fd = open_name(self->dev, "persist");
	ASSERT_LE(0, fd);
	EXPECT_EQ(id, info(fd).id);
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE, info(fd).flags);
	EXPECT_EQ(1, info(fd).handles);
	EXPECT_EQ(1, info(fd).sequence);
	p = map_data(fd, PAGE, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_STREQ("still here", p);
	munmap(p, PAGE);
	close(fd);
	EXPECT_EQ(0, unlink_name(self->dev, "persist"));
	EXPECT_EQ(-ENOENT, open_name(self->dev, "persist"));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == self->regions + 1));
}

TEST_F(region, control_mapping_keeps_no_handle)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ);
	int fd = open_name(self->dev, self->name);

	ASSERT_NE(NULL, h);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(1, info(fd).handles);
	EXPECT_EQ(1, h->ref_count);
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE, info(fd).flags);
	EXPECT_EQ(ZINC_HDR_CREATOR_GONE, h->flags);
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(1, LOAD(h->notify_seq));
	unmap_header(h);
	close(fd);
}

TEST_F(region, data_mapping_keeps_memory_alone)
{
	char *p = map_data(self->fd, CAPACITY, PROT_READ | PROT_WRITE);

	ASSERT_NE(NULL, p);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	EXPECT_EQ(self->regions, query(self->dev).user_regions);
	EXPECT_EQ(self->bytes + CAPACITY, query(self->dev).user_bytes);
	memset(p, 0x5a, CAPACITY);
	EXPECT_TRUE(all_are(p, 0x5a, CAPACITY));
	munmap(p, CAPACITY);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == self->bytes));
}

TEST_F(region, duplicate_keeps_the_creator)
{
	int fd = open_name(self->dev, self->name);
	int copy = dup(self->fd);

	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, info(fd).flags);
	EXPECT_EQ(ZINC_INFO_CREATOR, info(copy).flags);
	close(copy);
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE, info(fd).flags);
	close(fd);
}

TEST_F(region, child_keeps_the_creator)
{
	int fd = open_name(self->dev, self->name);
	int pipefd[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipefd));
	pid = spawn();
	if (!pid) {
		close(pipefd[1]);
		_exit(read(pipefd[0], &byte, 1));
	}
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, info(fd).flags);
	close(pipefd[0]);
	close(pipefd[1]);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(ZINC_INFO_CREATOR_GONE, info(fd).flags);
	close(fd);
}

/* ---- names given back ---- */

TEST_F(region, unlink_by_name)
{
	__u64 id = info(self->fd).id;
	int fd;

	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	EXPECT_EQ(-ENOENT, unlink_name(self->dev, self->name));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	EXPECT_EQ(-ENOENT, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(ZINC_INFO_CREATOR | ZINC_INFO_UNLINKED, info(self->fd).flags);
	EXPECT_TRUE(all_are(info(self->fd).name, 0, ZINC_NAME_SIZE));

	fd = create(self->dev, self->name, PAGE);
	ASSERT_LE(0, fd);
	EXPECT_LT(id, info(fd).id);
	EXPECT_EQ(id, info(self->fd).id);
	EXPECT_EQ(CAPACITY, info(self->fd).capacity);
	close(fd);
}

TEST_F(region, unlink_by_fd)
{
	int opened = open_name(self->dev, self->name);

	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(-ENOENT, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(-ENOENT, call(opened, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
	EXPECT_EQ(ZINC_INFO_UNLINKED, info(opened).flags);
	close(opened);
}

TEST_F(region, an_old_region_leaves_the_new_one_its_name)
{
	__u64 id;
	int fd;

	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	fd = create(self->dev, self->name, PAGE);
	ASSERT_LE(0, fd);
	id = info(fd).id;
	EXPECT_EQ(-ENOENT, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	close(self->fd);
	self->fd = open_name(self->dev, self->name);
	EXPECT_LE(0, self->fd);
	EXPECT_EQ(id, info(self->fd).id);
	close(fd);
}

TEST_F(region, replace_without_a_region_creates)
{
	int fd = create_as(self->dev, "fresh", PAGE, ZINC_REPLACE, 0, 0);

	EXPECT_LE(0, fd);
	EXPECT_EQ(1, times_listed(self->dev, info(fd).id));
	close(fd);
}

TEST_F(region, replace_takes_the_name)
{
	struct zinc_header *h = map_header(self->fd, PROT_READ);
	char *p = map_data(self->fd, CAPACITY, PROT_READ | PROT_WRITE);
	int fd, opened;

	ASSERT_NE(NULL, h);
	ASSERT_NE(NULL, p);
	strcpy(p, "old");
	fd = create_as(self->dev, self->name, PAGE, ZINC_REPLACE,
		       ZINC_LIFETIME_CREATOR, 0);
	ASSERT_LE(0, fd);
	opened = open_name(self->dev, self->name);
	ASSERT_LE(0, opened);
	EXPECT_EQ(info(fd).id, info(opened).id);
	EXPECT_NE(info(fd).id, info(self->fd).id);
	EXPECT_EQ(ZINC_INFO_CREATOR | ZINC_INFO_UNLINKED, info(self->fd).flags);
	EXPECT_EQ(ZINC_HDR_UNLINKED, LOAD(h->flags));
	EXPECT_STREQ("old", p);
	EXPECT_EQ(-ENOENT, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(1, times_listed(self->dev, info(fd).id));
	EXPECT_EQ(0, times_listed(self->dev, info(self->fd).id));
	munmap(p, CAPACITY);
	unmap_header(h);
	close(opened);
	close(fd);
}

TEST_F(region, a_failed_replace_takes_nothing)
{
	struct zinc_create c = create_args(self->name, PAGE + 1);

	c.flags = ZINC_REPLACE;
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c));
	EXPECT_EQ(ZINC_INFO_CREATOR, info(self->fd).flags);
	EXPECT_EQ(1, times_listed(self->dev, info(self->fd).id));
}

TEST_F(region, a_name_is_never_missing_while_it_is_replaced)
{
	int round, fd, next;
	pid_t pids[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = spawn();
		if (pids[i])
			continue;
		for (;;) {
			struct zinc_open o = open_args(self->name);

			fd = call(self->dev, ZINC_IOC_OPEN, &o);
			CHECK(fd >= 0);
			CHECK(info(fd).id == o.id);
			close(fd);
		}
	}
	fd = create_as(self->dev, self->name, PAGE, ZINC_REPLACE, 0, 0);
	ASSERT_LE(0, fd);
	for (round = 0; round < 1000; round++) {
		next = create_as(self->dev, self->name, PAGE, ZINC_REPLACE,
				 round % 3, 0);
		ASSERT_LE(0, next);
		close(fd);
		fd = next;
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, reap(pids[i]));
	}
	call(fd, ZINC_IOC_REGION_UNLINK, NULL);
	close(fd);
}

TEST_F(region, one_of_many_creators_wins)
{
	enum { CREATORS = 8, ROUNDS = 50 };
	int go[2], won, i, round, fd;
	pid_t pids[CREATORS];
	char byte;

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, pipe(go));
		for (i = 0; i < CREATORS; i++) {
			pids[i] = spawn();
			if (pids[i])
				continue;
			close(go[1]);
			CHECK(read(go[0], &byte, 1) == 0);
			fd = create_as(self->dev, "contended", PAGE, 0,
				       ZINC_LIFETIME_PERSIST, 0);
			CHECK(fd >= 0 || fd == -EEXIST);
			_exit(fd >= 0 ? 77 : 0);
		}
		close(go[0]);
		close(go[1]);
		won = 0;
		for (i = 0; i < CREATORS; i++)
			won += reap(pids[i]) == 77;
		ASSERT_EQ(1, won);
		ASSERT_EQ(0, unlink_name(self->dev, "contended"));
	}
}

/* ---- further handles ---- */

TEST_F(region, reopen)
{
	struct zinc_reopen r = { .flags = 0 };
	int fd, rdonly;

	memset(&r.id, POISON, sizeof(r.id));
	memset(&r.capacity, POISON, sizeof(r.capacity));
	fd = call(self->fd, ZINC_IOC_REGION_REOPEN, &r);
	ASSERT_LE(0, fd);
	EXPECT_EQ(info(self->fd).id, r.id);
	EXPECT_EQ(CAPACITY, r.capacity);
	EXPECT_EQ(0, info(fd).flags);
	EXPECT_EQ(2, info(fd).handles);

	rdonly = reopen_as(fd, ZINC_RDONLY);
	ASSERT_LE(0, rdonly);
	EXPECT_EQ(ZINC_INFO_RDONLY, info(rdonly).flags);
	r.flags = 0;
	EXPECT_EQ(-EACCES, refused(rdonly, ZINC_IOC_REGION_REOPEN, &r));
	close(rdonly);
	close(fd);
}

TEST_F(region, reopen_needs_no_name)
{
	int fd;

	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	fd = reopen_as(self->fd, 0);
	EXPECT_LE(0, fd);
	EXPECT_EQ(ZINC_INFO_UNLINKED, info(fd).flags);
	close(fd);
}

TEST_F(region, reopened_handle_has_a_cursor_of_its_own)
{
	int fd;

	EXPECT_EQ(0, notify(self->fd));
	EXPECT_EQ(0, wait_until(self->fd, 0));
	fd = reopen_as(self->fd, 0);
	EXPECT_EQ(0, info(fd).cursor);
	EXPECT_EQ(POLLIN, events(fd));
	EXPECT_EQ(0, events(self->fd));
	EXPECT_EQ(0, wait_until(fd, 0));
	close(fd);
}

TEST_F(region, an_anonymous_region_travels)
{
	int pair[2], fd;
	__u64 id;
	char *p;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	fd = create(self->dev, "", PAGE);
	p = map_data(fd, PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	strcpy(p, "cargo");
	munmap(p, PAGE);
	id = info(fd).id;
	ASSERT_EQ(0, send_fd(pair[0], fd));
	/* from here on the socket alone holds it */
	close(fd);
	EXPECT_EQ(self->regions + 2, query(self->dev).user_regions);
	fd = receive_fd(pair[1]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(id, info(fd).id);
	EXPECT_EQ(ZINC_INFO_CREATOR | ZINC_INFO_ANONYMOUS, info(fd).flags);
	p = map_data(fd, PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	EXPECT_STREQ("cargo", p);
	munmap(p, PAGE);

	/* sent and never taken out: gone with the socket */
	ASSERT_EQ(0, send_fd(pair[0], fd));
	close(fd);
	close(pair[0]);
	close(pair[1]);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == self->regions + 1));
}

TEST_HARNESS_MAIN
