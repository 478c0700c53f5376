// SPDX-License-Identifier: GPL-2.0-only
/*
 * ZINC_IOC_RESERVATION_RELEASE: the end of a reservation whose descriptor is
 * open elsewhere.
 */
#include "reserve_test.h"

static long release(int fd)
{
	return call(fd, ZINC_IOC_RESERVATION_RELEASE, NULL);
}

/* Closes nothing for as long as the caller keeps the other end of @to_child */
static pid_t child_that_keeps_it(int to_child)
{
	pid_t child = spawn();
	char c;

	if (!child) {
		CHECK(read(to_child, &c, 1) == 1);
		_exit(0);
	}
	return child;
}

TEST_F(reserve, release_frees_it_although_a_child_has_the_descriptor)
{
	int fd = try(self->dev, "test:0", 0), next;
	int to_child[2];
	pid_t child;

	ASSERT_EQ(0, pipe(to_child));
	child = child_that_keeps_it(to_child[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, release(fd));
	close(fd);
	next = try(self->dev, "test:0", 0);
	EXPECT_LE(0, next);
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, reap(child));
	close(next);
	close(to_child[0]);
	close(to_child[1]);
}

TEST_F(reserve, release_by_a_child_is_for_all)
{
	int fd = try(self->dev, "test:0", 0);
	pid_t child = spawn();

	if (!child)
		_exit(release(fd) != 0);
	EXPECT_EQ(0, reap(child));
	EXPECT_EQ(ZINC_RESERVATION_RELEASED, stands(fd).state);
	close(fd);
}

TEST_F(reserve, released_is_final_and_counts_nowhere)
{
	int fd = try(self->dev, "test:0", 0);
	struct zinc_reservation_info before = stands(fd), after;
	struct zinc_holder h;

	EXPECT_EQ(0, release(fd));
	after = stands(fd);
	EXPECT_EQ(ZINC_RESERVATION_RELEASED, after.state);
	EXPECT_EQ(before.id, after.id);
	EXPECT_LE(before.since, after.since);
	EXPECT_EQ(1, after.count);
	EXPECT_EQ(0, after.ahead);
	EXPECT_EQ(0, holders_of(self->dev, "test:0", &h, 1));
	EXPECT_EQ(self->before, query(self->dev).user_reservations);
	/* twice, with another reservation behind it */
	EXPECT_EQ(0, release(fd));
	EXPECT_EQ(self->before, query(self->dev).user_reservations);
	close(fd);
	EXPECT_EQ(self->before, query(self->dev).user_reservations);
}

TEST_F(reserve, release_of_a_queued_one_grants_the_next)
{
	int a = try(self->dev, "test:0", SHARED);
	int b = queue(self->dev, "test:0", 0);
	int c = queue(self->dev, "test:0", SHARED);

	EXPECT_FALSE(held(b) || held(c));
	EXPECT_EQ(0, release(b));
	EXPECT_TRUE(held(c));
	EXPECT_EQ(0, release(a));
	EXPECT_EQ(0, release(c));
	EXPECT_EQ(ZINC_RESERVATION_RELEASED, stands(b).state);
	close(a);
	close(b);
	close(c);
}

TEST_F(reserve, release_grants_the_next_and_ends_a_poll)
{
	int a = try(self->dev, "test:0", 0), b = queue(self->dev, "test:0", 0);
	struct pollfd p = { .fd = b, .events = POLLIN };
	pid_t child;

	EXPECT_EQ(POLLIN, events(a));
	EXPECT_EQ(0, release(a));
	EXPECT_TRUE(held(b));
	EXPECT_EQ(POLLIN | POLLHUP, events(a));
	/* one that waits in poll() for a grant is woken */
	close(a);
	a = queue(self->dev, "test:0", 0);
	p.fd = a;
	child = spawn();
	if (!child) {
		usleep(50000);
		_exit(release(a) != 0);
	}
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	EXPECT_EQ(POLLIN | POLLHUP, p.revents);
	EXPECT_EQ(0, reap(child));
	close(a);
	close(b);
}

TEST_F(reserve, release_takes_no_argument)
{
	int fd = try(self->dev, "test:0", 0);
	char byte = 0;

	EXPECT_EQ(-EINVAL, call(fd, ZINC_IOC_RESERVATION_RELEASE, &byte));
	EXPECT_TRUE(held(fd));
	EXPECT_EQ(-ENOTTY, release(self->dev));
	close(fd);
}

/* A release that races with the grant, and with the close of another */
TEST_F_TIMEOUT(reserve, release_races_with_grants_and_closes, 600)
{
	unsigned int i;

	for (i = 0; i < 300; i++) {
		int a = try(self->dev, "test:0", 0);
		int b = queue(self->dev, "test:0", 0);
		int c = queue(self->dev, "test:0", 0);
		pid_t one = spawn(), two;

		if (!one) {
			close(b);
			close(c);
			_exit(release(a) != 0);
		}
		two = spawn();
		if (!two)
			_exit(release(b) != 0);
		close(a);
		CHECK(!reap(one));
		CHECK(!reap(two));
		CHECK(held(c));
		CHECK(stands(b).state == ZINC_RESERVATION_RELEASED);
		close(b);
		close(c);
	}
}

TEST_F(reserve, fdinfo_of_a_released_one)
{
	int fd = try(self->dev, "test:0", 0);
	char path[64], want[160];

	EXPECT_EQ(0, release(fd));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(want, sizeof(want), "\nzinc-reservation:\t%llu\nzinc-state:\treleased\n",
		 stands(fd).id);
	EXPECT_NE(NULL, strstr(file_text(path), want)) TH_LOG("%s", file_text(path));
	EXPECT_EQ(NULL, strstr(file_text(path), "zinc-device"));
	close(fd);
}

TEST_HARNESS_MAIN
