// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a reservation, by a call and in the queue, and its end, which is
 * that of its descriptor.
 */
#include "reserve_test.h"

#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- waiting ---- */

TEST_F(reserve, a_deadline_ends_a_wait)
{
	int fd = try(self->dev, "test:0", 0);
	__u64 begin = clock_ns(CLOCK_MONOTONIC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ETIMEDOUT, reserve_as(self->dev, "test:0", 0, 0, 1));
	EXPECT_EQ(-ETIMEDOUT,
		  reserve_as(self->dev, "test:0", 0, 0, begin + 100 * NSEC_PER_MSEC));
	EXPECT_LE(begin + 100 * NSEC_PER_MSEC, clock_ns(CLOCK_MONOTONIC));
	/* and leaves no place in the queue */
	EXPECT_EQ(self->before + 1, query(self->dev).user_reservations);
	close(fd);
	fd = reserve_as(self->dev, "test:0", 0, 0, 1);
	EXPECT_LE(0, fd) TH_LOG("a deadline that is past takes what is free");
	close(fd);
}

TEST_F(reserve, a_wait_ends_when_the_holder_does)
{
	static const __u64 deadlines[] = { ZINC_DEADLINE_NEVER, ZINC_DEADLINE_NEVER - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(deadlines); i++) {
		int fd = try(self->dev, "test:0", 0);
		pid_t waiter = spawn();

		if (!waiter) {
			close(fd);
			CHECK(reserve_as(self->dev, "test:0", 0, 0,
					 deadlines[i]) >= 0);
			_exit(0);
		}
		ASSERT_TRUE(falls_asleep(waiter));
		close(fd);
		EXPECT_EQ(0, reap(waiter));
	}
}

TEST_F(reserve, a_signal_ends_a_wait_and_it_is_not_restarted)
{
	static const int flags[] = { 0, SA_RESTART };
	int fd = try(self->dev, "test:0", 0);
	unsigned int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pid_t waiter = spawn();

		if (!waiter) {
			on_usr1(flags[i]);
			CHECK(reserve_as(self->dev, "test:0", 0, 0,
					 ZINC_DEADLINE_NEVER) == -EINTR);
			_exit(0);
		}
		ASSERT_TRUE(falls_asleep(waiter));
		kill(waiter, SIGUSR1);
		EXPECT_EQ(0, reap(waiter));
	}
	close(fd);
}

static int in_the_table(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

struct thread_that_waits {
	int dev, ret;
	pid_t tid;
};

static void *wait_for_it(void *arg)
{
	struct thread_that_waits *t = arg;

	STORE(t->tid, syscall(SYS_gettid));
	t->ret = reserve_as(t->dev, "test:0", 0, 0, patience());
	return NULL;
}

/* A descriptor's number is the process's until there is a descriptor. */
TEST_F(reserve, a_wait_holds_no_number)
{
	struct thread_that_waits t = { .dev = self->dev };
	int fd = try(self->dev, "test:0", 0);
	int next = dup(fd), mine;
	pthread_t thread;

	ASSERT_LE(0, next);
	close(next);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_it, &t));
	ASSERT_TRUE(EVENTUALLY(LOAD(t.tid)) && falls_asleep(t.tid));
	mine = dup(self->dev);
	EXPECT_EQ(next, mine) TH_LOG("the lowest that is free");
	EXPECT_EQ(next, dup2(fd, next)) TH_LOG("not reserved by the wait");
	close(fd);
	close(next);
	EXPECT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LE(0, t.ret);
	EXPECT_TRUE(in_the_table(t.ret) && held(t.ret));
	close(t.ret);
}

/* Granted, but without a free descriptor number: other reservations get the device. */
TEST_F(reserve, a_grant_without_a_number_goes_back)
{
	int to_child[2], fd = try(self->dev, "test:0", 0);
	pid_t child;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(to_child));
	child = spawn();
	if (!child) {
		struct thread_that_waits t = { .dev = self->dev };
		struct rlimit limit = { 0, 0 };
		pthread_t thread;

		close(fd);
		CHECK(!pthread_create(&thread, NULL, wait_for_it, &t));
		CHECK(EVENTUALLY(LOAD(t.tid)) && falls_asleep(t.tid));
		CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
		/* the test closes its own, then looks */
		CHECK(write(to_child[1], "", 1) == 1);
		CHECK(!pthread_join(thread, NULL));
		CHECK(t.ret == -EMFILE);
		_exit(0);
	}
	ASSERT_EQ(1, read(to_child[0], &c, 1));
	close(fd);
	EXPECT_EQ(0, reap(child));
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(to_child[0]);
	close(to_child[1]);
}

/*
 * SIGSTOP runs no handler, but the kernel stops a process only on its way out
 * of a call: the wait is over, and with it the place. A queued one keeps it.
 */
TEST_F(reserve, a_stop_ends_a_wait_and_no_place_in_the_queue)
{
	int fd = try(self->dev, "test:0", 0);
	pid_t waiter, poller;
	int queued;

	ASSERT_LE(0, fd);
	waiter = spawn();
	if (!waiter) {
		CHECK(reserve_as(self->dev, "test:0", 0, 0, ZINC_DEADLINE_NEVER) ==
		      -EINTR);
		_exit(0);
	}
	ASSERT_TRUE(falls_asleep(waiter));
	queued = queue(self->dev, "test:0", 0);
	ASSERT_LE(0, queued);
	EXPECT_EQ(2, stands(queued).ahead);
	poller = spawn();
	if (!poller) {
		struct pollfd p = { .fd = queued, .events = POLLIN };

		close(fd);
		CHECK(poll(&p, 1, PATIENCE_MS) == 1);
		_exit(0);
	}
	ASSERT_TRUE(falls_asleep(poller));
	kill(waiter, SIGSTOP);
	kill(poller, SIGSTOP);
	ASSERT_TRUE(EVENTUALLY(task_state(waiter) == 'T'));
	ASSERT_TRUE(EVENTUALLY(task_state(poller) == 'T'));
	EXPECT_EQ(1, stands(queued).ahead);
	kill(waiter, SIGCONT);
	kill(poller, SIGCONT);
	EXPECT_EQ(0, reap(waiter));
	ASSERT_TRUE(falls_asleep(poller));
	close(fd);
	EXPECT_EQ(0, reap(poller));
	EXPECT_TRUE(held(queued));
	close(queued);
}

/* Of cgroup v1, or NULL: it freezes as suspend does */
static const char *mount_freezer(void)
{
	static char path[32];

	strcpy(path, "/tmp/zinc-freezer-XXXXXX");
	CHECK(!unshare(CLONE_NEWNS));
	CHECK(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(mkdtemp(path));
	/* the kernel would say so in its log */
	if (strstr(file_text("/proc/cgroups"), "freezer") &&
	    !mount("cgroup", path, "cgroup", 0, "freezer"))
		return path;
	rmdir(path);
	return NULL;
}

static int write_number(const char *folder, const char *file, int number)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	snprintf(text, sizeof(text), "%d", number);
	return write_text(path, text);
}

static bool freezer_is(const char *folder, const char *state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/freezer.state", folder);
	return !strncmp(file_text(path), state, strlen(state));
}

/* No handler has run, nothing was stopped on its way out: the wait goes on. */
TEST_F(reserve, a_wait_outlives_a_freeze_and_keeps_its_place)
{
	int fd = try(self->dev, "test:0", 0);
	char group[64], state[96];
	pid_t waiter, other = 0;
	const char *top;

	if (geteuid())
		SKIP(close(fd); return, "needs root");
	top = mount_freezer();
	if (!top)
		SKIP(close(fd); return, "this kernel has no freezer of cgroup v1");
	snprintf(group, sizeof(group), "%s/zinc", top);
	snprintf(state, sizeof(state), "%s/freezer.state", group);
	ASSERT_EQ(0, mkdir(group, 0755));
	waiter = spawn();
	if (!waiter) {
		int mine;

		close(fd);
		mine = reserve_as(self->dev, "test:0", 0, 0, patience());
		CHECK(mine >= 0);
		close(mine);
		_exit(0);
	}
	EXPECT_TRUE(falls_asleep(waiter));
	other = queue(self->dev, "test:0", 0);
	EXPECT_EQ(0, write_number(group, "cgroup.procs", waiter));
	EXPECT_EQ(0, write_text(state, "FROZEN"));
	EXPECT_TRUE(EVENTUALLY(freezer_is(group, "FROZEN")));
	EXPECT_EQ(2, stands(other).ahead) TH_LOG("frozen where it stands");
	EXPECT_EQ(0, write_text(state, "THAWED"));
	EXPECT_TRUE(falls_asleep(waiter));
	EXPECT_EQ(2, stands(other).ahead);
	/* and what it is granted meanwhile is its own */
	EXPECT_EQ(0, write_text(state, "FROZEN"));
	EXPECT_TRUE(EVENTUALLY(freezer_is(group, "FROZEN")));
	close(fd);
	EXPECT_EQ(1, stands(other).ahead);
	EXPECT_FALSE(held(other));
	EXPECT_EQ(0, write_text(state, "THAWED"));
	EXPECT_EQ(0, reap(waiter));
	EXPECT_TRUE(EVENTUALLY(held(other)));
	close(other);
	EXPECT_TRUE(EVENTUALLY(!rmdir(group)));
	EXPECT_EQ(0, umount(top));
	EXPECT_EQ(0, rmdir(top));
}

TEST_F(reserve, poll_and_epoll_tell_of_the_grant)
{
	int fd = try(self->dev, "test:0", 0);
	int next = queue(self->dev, "test:0", 0);
	int other = try(self->dev, "test:1", 0);
	int third = queue(self->dev, "test:1", 0);
	struct pollfd p[2] = {
		{ .fd = next, .events = POLLIN },
		{ .fd = third, .events = POLLIN },
	};
	int ep = watch(next, EPOLLIN | EPOLLET);
	pid_t sleeper;

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(0, poll(p, 2, 0));
	sleeper = spawn();
	if (!sleeper) {
		close(fd);
		close(other);
		CHECK(poll(p, 2, PATIENCE_MS) == 1);
		CHECK(p[0].revents == POLLIN && !p[1].revents);
		_exit(0);
	}
	ASSERT_TRUE(falls_asleep(sleeper));
	close(fd);
	EXPECT_EQ(0, reap(sleeper));
	EXPECT_EQ(EPOLLIN, ready(ep, PATIENCE_MS));
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_FALSE(held(third));
	close(other);
	EXPECT_TRUE(held(third));
	close(third);
	close(next);
	close(ep);
}

/* A place in the queue is kept while its owner is interrupted. */
TEST_F(reserve, a_place_is_kept_through_signals)
{
	int fd = try(self->dev, "test:0", 0);
	int mine = queue(self->dev, "test:0", 0);
	int theirs = queue(self->dev, "test:0", 0);
	pid_t child = spawn();

	if (!child) {
		struct pollfd p = { .fd = mine, .events = POLLIN };

		close(fd);
		on_usr1(SA_RESTART);
		CHECK(poll(&p, 1, -1) < 0 && errno == EINTR);
		CHECK(poll(&p, 1, PATIENCE_MS) == 1);
		_exit(0);
	}
	ASSERT_TRUE(falls_asleep(child));
	kill(child, SIGUSR1);
	ASSERT_TRUE(falls_asleep(child));
	close(fd);
	EXPECT_EQ(0, reap(child));
	EXPECT_TRUE(held(mine));
	EXPECT_FALSE(held(theirs));
	close(mine);
	close(theirs);
}

/* ---- its end is that of the descriptor ---- */

#define CROWD	50

/* Stands in the queue, then tells that, and its turn, to @to */
static void stand_in_line(int dev, int number, int to)
{
	__u8 n = number;
	struct pollfd p = { .events = POLLIN };

	p.fd = queue(dev, "test:0", 0);
	CHECK(p.fd >= 0);
	CHECK(write(to, &n, 1) == 1);
	CHECK(poll(&p, 1, -1) == 1);
	n |= 0x80;
	CHECK(write(to, &n, 1) == 1);
	_exit(0);
}

TEST_F(reserve, a_killed_holder_gives_way_in_order_of_arrival)
{
	pid_t holder, crowd[CROWD];
	int pipes[2], i;
	__u8 n;

	ASSERT_EQ(0, pipe(pipes));
	holder = spawn();
	if (!holder) {
		CHECK(try(self->dev, "test:0", 0) >= 0);
		CHECK(write(pipes[1], "", 1) == 1);
		pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(pipes[0], &n, 1));
	for (i = 0; i < CROWD; i++) {
		crowd[i] = spawn();
		if (!crowd[i])
			stand_in_line(self->dev, i, pipes[1]);
		/* this is what makes it the order of arrival */
		ASSERT_EQ(1, read(pipes[0], &n, 1));
		ASSERT_EQ(i, n);
	}
	kill(holder, SIGKILL);
	for (i = 0; i < CROWD; i++) {
		ASSERT_EQ(1, read(pipes[0], &n, 1));
		EXPECT_EQ(0x80 | i, n);
	}
	EXPECT_EQ(128 + SIGKILL, reap(holder));
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(0, reap(crowd[i]));
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(reserve, a_killed_waiter_is_granted_nothing)
{
	int fd = try(self->dev, "test:0", 0), next;
	pid_t waiter = spawn();

	if (!waiter) {
		reserve_as(self->dev, "test:0", 0, 0, ZINC_DEADLINE_NEVER);
		_exit(1);
	}
	ASSERT_TRUE(falls_asleep(waiter));
	next = queue(self->dev, "test:0", 0);
	EXPECT_EQ(2, stands(next).ahead);
	kill(waiter, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(waiter));
	EXPECT_TRUE(EVENTUALLY(stands(next).ahead == 1));
	close(fd);
	EXPECT_TRUE(held(next));
	close(next);
}

TEST_F(reserve, forks_and_duplicates_share_it)
{
	int fd = try(self->dev, "test:0", 0), copy = dup(fd);
	int to_child[2];
	pid_t child;
	char c;

	ASSERT_EQ(0, pipe(to_child));
	child = spawn();
	if (!child) {
		close(copy);
		CHECK(read(to_child[0], &c, 1) == 1);
		_exit(0);
	}
	close(fd);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	close(copy);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, reap(child));
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(to_child[0]);
	close(to_child[1]);
}

TEST_F(reserve, it_travels_and_is_held_meanwhile)
{
	int fd = try(self->dev, "test:0", 0), sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	ASSERT_EQ(0, send_fd(sockets[0], fd));
	close(fd);
	EXPECT_EQ(-EBUSY, try(self->dev, "test:0", 0));
	fd = receive_fd(sockets[1]);
	EXPECT_TRUE(held(fd));
	close(fd);
	fd = try(self->dev, "test:0", 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(reserve, exec_ends_it)
{
	int fd = try(self->dev, "test:0", 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
}

TEST_F(reserve, it_is_no_region)
{
	int fd = try(self->dev, "test:0", 0);
	struct zinc_wait_item i = { .fd = fd };
	struct zinc_wait_any any = { .items = (uintptr_t)&i, .count = 1 };
	char byte = 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, call(self->dev, ZINC_IOC_WAIT_ANY, &any));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, write(fd, &byte, 1));
	close(fd);
}

TEST_HARNESS_MAIN
