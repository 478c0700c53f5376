// SPDX-License-Identifier: GPL-2.0-only
/*
 * ZINC_WAIT_GONE: a wait that ends when the region's creator or name is gone,
 * but only after all earlier notifies have been reported.
 */
#include "abi.h"

#include <pthread.h>

#define GONE	ZINC_WAIT_GONE
#define SOON	(PATIENCE_MS / 4)

FIXTURE(gone)
{
	int dev;
	int fd;		/* the creator's */
	int other;
	int rdonly;
	const char *name;
	struct zinc_header *h;
};

FIXTURE_SETUP(gone)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	ASSERT_TRUE(query(self->dev).features & ZINC_FEATURE_WAIT_GONE);
	self->name = a_name("gone");
	self->fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(self->fd, 0);
	self->other = open_name(self->dev, self->name);
	ASSERT_GE(self->other, 0);
	self->rdonly = open_as(self->dev, self->name, ZINC_RDONLY);
	ASSERT_GE(self->rdonly, 0);
	self->h = map_header(self->other, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->h);
}

FIXTURE_TEARDOWN(gone)
{
	unmap_header(self->h);
	close(self->rdonly);
	close(self->other);
	close(self->fd);
	close(self->dev);
}

static long wait_gone(int fd, __u64 deadline)
{
	struct zinc_wait w = wait_args(GONE, 0xdead, deadline);

	return call(fd, ZINC_IOC_REGION_WAIT, &w);
}

static long wait_any_gone(int dev, struct zinc_wait_item *items, __u32 count,
			  __u64 deadline)
{
	struct zinc_wait_any a = {
		.items = (uintptr_t)items,
		.count = count,
		.flags = GONE,
		.deadline = deadline,
	};
	long ret = call(dev, ZINC_IOC_WAIT_ANY, &a);

	return ret ? ret : (long)a.index;
}

/* ---- a sleeper is told, by each end ---- */

struct sleeper {
	pid_t wait;
	pid_t any;
};

/* One sleeps in WAIT, another in WAIT_ANY beside a region that stays */
static struct sleeper put_to_sleep(FIXTURE_PTR(gone) self)
{
	struct sleeper s;

	s.wait = spawn();
	if (!s.wait) {
		close(self->fd);
		CHECK(wait_gone(self->other, after_ms(SOON)) == -EPIPE);
		/* and at once from then on, asleep or not */
		CHECK(wait_gone(self->rdonly, ZINC_DEADLINE_NEVER) == -EPIPE);
		CHECK(wait_gone(self->rdonly, 0) == -EPIPE);
		_exit(0);
	}
	s.any = spawn();
	if (!s.any) {
		struct zinc_wait_item items[3] = {
			{ .fd = create(self->dev, "", PAGE) },
			{ .fd = self->rdonly },
			{ .fd = self->other },
		};

		close(self->fd);
		CHECK(wait_any_gone(self->dev, items, 3, after_ms(SOON)) == -EPIPE);
		CHECK(wait_any_gone(self->dev, items, 3, 0) == -EPIPE);
		CHECK(wait_any_gone(self->dev, items, 1, 0) == -ETIMEDOUT);
		_exit(0);
	}
	CHECK(EVENTUALLY(info(self->other).waiters == 2));
	CHECK(falls_asleep(s.wait));
	CHECK(falls_asleep(s.any));
	return s;
}

#define EXPECT_TOLD(sleepers) do {					\
	EXPECT_EQ(0, reap((sleepers).wait));				\
	EXPECT_EQ(0, reap((sleepers).any));				\
	EXPECT_EQ(0, info(self->other).waiters);			\
} while (0)

TEST_F(gone, the_creator_closes)
{
	struct sleeper s = put_to_sleep(self);

	close(self->fd);
	self->fd = -1;
	EXPECT_TOLD(s);
}

TEST_F(gone, the_creator_is_killed)
{
	struct sleeper s;
	pid_t creator = spawn();

	if (!creator) {
		unmap_header(self->h);
		pause();
		_exit(1);
	}
	close(self->fd);
	self->fd = -1;
	s = put_to_sleep(self);
	kill(creator, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(creator));
	EXPECT_TOLD(s);
}

TEST_F(gone, the_name_is_unlinked)
{
	struct sleeper s = put_to_sleep(self);

	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	EXPECT_TOLD(s);
	/* and so is the creator itself */
	EXPECT_EQ(-EPIPE, wait_gone(self->fd, ZINC_DEADLINE_NEVER));
}

TEST_F(gone, the_name_is_unlinked_by_a_handle)
{
	struct sleeper s = put_to_sleep(self);

	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_TOLD(s);
}

TEST_F(gone, the_name_is_replaced)
{
	struct sleeper s = put_to_sleep(self);
	int fd = create_as(self->dev, self->name, PAGE, ZINC_REPLACE,
			   ZINC_LIFETIME_REFS, 0);

	EXPECT_LE(0, fd);
	EXPECT_TOLD(s);
	EXPECT_EQ(-ETIMEDOUT, wait_gone(fd, 0));
	close(fd);
}

TEST_F(gone, the_namespace_ends)
{
	int pair[2], fd;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = spawn();
	if (!pid) {
		int made, seen;

		if (unshare(CLONE_NEWNET))
			_exit(77);
		made = create_as(self->dev, "gone-with-it", PAGE, 0,
				 ZINC_LIFETIME_PERSIST, 0);
		CHECK(made >= 0);
		seen = open_name(self->dev, "gone-with-it");
		CHECK(!send_fd(pair[1], made));
		CHECK(!send_fd(pair[1], seen));
		/* the other side has them */
		CHECK(receive_fd(pair[1]) >= 0);
		_exit(0);
	}
	close(pair[1]);
	fd = receive_fd(pair[0]);
	if (fd < 0) {
		reap(pid);
		SKIP(return, "needs root");
	}
	/* the creator's handle stays open here, so it is the name that goes */
	EXPECT_LE(0, receive_fd(pair[0]));
	EXPECT_EQ(-ETIMEDOUT, wait_gone(fd, 0));
	EXPECT_EQ(0, send_fd(pair[0], self->dev));
	EXPECT_EQ(-EPIPE, wait_gone(fd, patience()));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(ZINC_INFO_UNLINKED | ZINC_INFO_CREATOR, info(fd).flags);
	close(fd);
	close(pair[0]);
}

TEST_F(gone, an_anonymous_region_has_a_creator_too)
{
	int fd = create(self->dev, "", PAGE);
	int other = reopen_as(fd, 0);

	EXPECT_EQ(-ETIMEDOUT, wait_gone(other, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_gone(other, after_ms(5)));
	close(fd);
	EXPECT_EQ(-EPIPE, wait_gone(other, ZINC_DEADLINE_NEVER));
	close(other);
}

/* ---- pending notifies come first ---- */

TEST_F(gone, a_pending_notify_comes_first)
{
	struct zinc_wait_item items[2] = {
		{ .fd = self->rdonly }, { .fd = create(self->dev, "", PAGE) },
	};

	notify_free(self->fd, self->h);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, wait_gone(self->other, ZINC_DEADLINE_NEVER));
	EXPECT_EQ(-EPIPE, wait_gone(self->other, ZINC_DEADLINE_NEVER));
	/* others can still notify it */
	EXPECT_EQ(0, notify(self->rdonly) == -EBADF ? notify(self->other) : 1);
	EXPECT_EQ(0, wait_gone(self->other, 0));

	/* of several regions whichever has something, before the one that is gone */
	EXPECT_EQ(0, wait_any_gone(self->dev, items, 2, 0));
	EXPECT_EQ(-EPIPE, wait_any_gone(self->dev, items, 2, ZINC_DEADLINE_NEVER));
	EXPECT_EQ(0, notify(items[1].fd));
	EXPECT_EQ(1, wait_any_gone(self->dev, items, 2, ZINC_DEADLINE_NEVER));
	EXPECT_EQ(-EPIPE, wait_any_gone(self->dev, items, 2, ZINC_DEADLINE_NEVER));
	close(items[1].fd);
}

TEST_F(gone, without_the_flag_nothing_changes)
{
	struct zinc_wait_item item = { .fd = self->other };
	struct zinc_wait_any a = { .items = (uintptr_t)&item, .count = 1 };
	pid_t pid = spawn();

	if (!pid) {
		close(self->fd);
		CHECK(!wait_until(self->other, patience()));
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->other).waiters == 1));
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->rdonly, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_until(self->rdonly, after_ms(20)));
	EXPECT_EQ(-ETIMEDOUT, call(self->dev, ZINC_IOC_WAIT_ANY, &a));
	EXPECT_EQ('S', task_state(pid));
	EXPECT_EQ(0, notify(self->other));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(gone, with_the_other_flags)
{
	int reply = create(self->dev, "", PAGE);
	struct zinc_wait w = wait_args(GONE | ZINC_WAIT_NOTIFY, 0xdead, ZINC_DEADLINE_NEVER);

	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	w.notify_fd = reply;
	EXPECT_EQ(-EPIPE, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(1, info(reply).sequence);
	w = wait_args(GONE | ZINC_WAIT_CURSOR, 1, ZINC_DEADLINE_NEVER);
	EXPECT_EQ(0, call(self->other, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_EQ(0, w.cursor);
	w = wait_args(GONE | ZINC_WAIT_CURSOR, 0, ZINC_DEADLINE_NEVER);
	EXPECT_EQ(-EPIPE, refused(self->other, ZINC_IOC_REGION_WAIT, &w));
	close(reply);
}

TEST_F(gone, a_signal_interrupts)
{
	pid_t pid = spawn();

	if (!pid) {
		on_usr1(0);
		CHECK(wait_gone(self->other, patience()) == -EINTR);
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->other).waiters == 1));
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
}

/* It costs the header's flag nothing: the end takes no notify's wake-up along */
TEST_F(gone, the_end_wakes_those_alone_who_asked)
{
	int ep = watch(self->rdonly, EPOLLIN | EPOLLET);
	pid_t pid = spawn();

	if (!pid) {
		close(self->fd);
		CHECK(!wait_until(self->other, after_ms(SOON)));
		_exit(0);
	}
	EXPECT_TRUE(EVENTUALLY(info(self->other).waiters == 2));
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	close(self->fd);
	self->fd = -1;
	EXPECT_NE(0, LOAD(self->h->waiters));
	EXPECT_EQ(0, ready(ep, 20));
	notify_free(self->other, self->h);
	EXPECT_EQ(EPOLLIN, ready(ep, SOON));
	EXPECT_EQ(0, reap(pid));
	close(ep);
}

/* ---- the hunt: ends that meet the waiter on its way to sleep ---- */

struct end {
	int dev;
	int fd;
	const char *name;
	struct zinc_header *h;
	unsigned int spin;
	int how;
};

static void *end_it(void *arg)
{
	struct end *e = arg;
	volatile unsigned int i;

	for (i = 0; i < e->spin; i++)
		;
	notify_free(e->fd, e->h);
	switch (e->how) {
	case 0:
		close(e->fd);
		break;
	case 1:
		CHECK(!unlink_name(e->dev, e->name));
		break;
	default:
		CHECK(!close(create_as(e->dev, e->name, PAGE,
				       ZINC_REPLACE,
				       ZINC_LIFETIME_REFS, 0)));
	}
	return NULL;
}

TEST_F_TIMEOUT(gone, none_is_lost, 120)
{
	unsigned int seed = 1;
	int i;

	for (i = 0; i < 600; i++) {
		struct end e = { .dev = self->dev, .how = i % 3 };
		struct zinc_wait_item item;
		__u64 limit = patience();
		pthread_t thread;
		int other;

		e.name = a_name("hunt");
		e.fd = create(self->dev, e.name, PAGE);
		ASSERT_LE(0, e.fd);
		other = reopen_as(e.fd, 0);
		e.h = map_header(other, PROT_READ | PROT_WRITE);
		e.spin = rand_r(&seed) % 30000;
		item = (struct zinc_wait_item) { .fd = other };
		ASSERT_EQ(0, pthread_create(&thread, NULL, end_it, &e));
		if (i / 3 % 2) {
			ASSERT_EQ(0, wait_gone(other, limit)) TH_LOG("end %d", e.how);
			ASSERT_EQ(-EPIPE, wait_gone(other, limit)) TH_LOG("end %d", e.how);
		} else {
			ASSERT_EQ(0, wait_any_gone(self->dev, &item, 1, limit));
			ASSERT_EQ(-EPIPE, wait_any_gone(self->dev, &item, 1, limit));
		}
		pthread_join(thread, NULL);
		if (e.how)
			close(e.fd);
		unmap_header(e.h);
		close(other);
	}
}

TEST_HARNESS_MAIN
