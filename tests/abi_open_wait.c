// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN with a deadline: a process that waits for a name. One that is not woken
 * finds the name at its deadline all the same, so each wait that must be woken has
 * none, and a hang fails the test.
 */
#include "abi.h"

#define LIMIT		MODULE "/parameters/max_waiters"
#define NOBODY		4711
#define MANY		64

static long open_until(int dev, const char *name, __u32 flags, __u64 deadline)
{
	struct zinc_open arg = open_args(name);

	arg.flags = flags;
	arg.deadline = deadline;
	return call(dev, ZINC_IOC_OPEN, &arg);
}

FIXTURE(open_wait)
{
	int dev;
	const char *name;
};

FIXTURE_SETUP(open_wait)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->name = a_name("late");
}

FIXTURE_TEARDOWN(open_wait)
{
	EXPECT_EQ(0, query(self->dev).user_waiters);
	close(self->dev);
}

/* A child that sleeps until the name is there; it ends with 0 once it has it */
static pid_t opener(int dev, const char *name, __u32 flags)
{
	pid_t pid = spawn();
	long fd;

	if (pid)
		return pid;
	fd = open_until(dev, name, flags, ZINC_DEADLINE_NEVER);
	CHECK(fd >= 0);
	CHECK(!strcmp((const char *)info(fd).name, name));
	_exit(0);
}

TEST_F(open_wait, name_that_is_there)
{
	struct zinc_open arg = open_args(self->name);
	int fd = create(self->dev, self->name, PAGE);
	long other;

	ASSERT_GE(fd, 0);
	arg.deadline = ZINC_DEADLINE_NEVER;
	other = call(self->dev, ZINC_IOC_OPEN, &arg);
	ASSERT_GE(other, 0);
	EXPECT_EQ(info(fd).id, arg.id);
	EXPECT_EQ(PAGE, arg.capacity);
	EXPECT_EQ(ZINC_DEADLINE_NEVER, arg.deadline);
	close(other);
	/* with a past deadline, an existing name is still opened */
	other = open_until(self->dev, self->name, ZINC_RDONLY, 1);
	EXPECT_GE(other, 0);
	close(other);
	close(fd);
}

TEST_F(open_wait, name_that_never_comes)
{
	__u64 begin = after_ms(0);

	EXPECT_EQ(-ENOENT, open_until(self->dev, self->name, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, open_until(self->dev, self->name, 0, 1));
	EXPECT_EQ(-ETIMEDOUT, open_until(self->dev, self->name, 0, after_ms(20)));
	EXPECT_GE(after_ms(0), begin + 20 * NSEC_PER_MSEC);
}

TEST_F(open_wait, arguments_are_checked_first)
{
	struct zinc_open arg = open_args(self->name);

	EXPECT_EQ(-EINVAL, open_until(self->dev, self->name, ZINC_LAZY,
				      ZINC_DEADLINE_NEVER));
	EXPECT_EQ(-EINVAL, open_until(self->dev, "", 0, ZINC_DEADLINE_NEVER));
	EXPECT_EQ(-EINVAL, open_until(self->dev, "a/b", 0, ZINC_DEADLINE_NEVER));
	arg.deadline = ZINC_DEADLINE_NEVER;
	arg.pad = 1;
	EXPECT_EQ(-EINVAL, call(self->dev, ZINC_IOC_OPEN, &arg));
}

TEST_F(open_wait, create_wakes)
{
	pid_t pid = opener(self->dev, self->name, 0);
	int fd;

	ASSERT_TRUE(falls_asleep(pid));
	EXPECT_EQ(1, query(self->dev).user_waiters);
	fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

/* Two names that differ in their last byte alone */
TEST_F(open_wait, other_names_do_not)
{
	char name[ZINC_NAME_SIZE];
	int fd, other;
	pid_t pid;

	memset(name, 'n', ZINC_NAME_MAX);
	name[ZINC_NAME_MAX] = 0;
	pid = opener(self->dev, name, 0);
	ASSERT_TRUE(falls_asleep(pid));
	name[ZINC_NAME_MAX - 1] = 'm';
	other = create(self->dev, name, PAGE);
	ASSERT_GE(other, 0);
	EXPECT_TRUE(falls_asleep(pid));
	name[ZINC_NAME_MAX - 1] = 'n';
	fd = create(self->dev, name, PAGE);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, reap(pid));
	close(other);
	close(fd);
}

TEST_F(open_wait, one_create_wakes_all)
{
	pid_t pids[MANY];
	int i, fd;

	for (i = 0; i < MANY; i++)
		pids[i] = opener(self->dev, self->name, i % 2 ? ZINC_RDONLY : 0);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_waiters == MANY));
	for (i = 0; i < MANY; i++)
		ASSERT_TRUE(falls_asleep(pids[i]));
	fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(fd, 0);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_EQ(0, query(self->dev).user_waiters);
	close(fd);
}

/* A region that another one has replaced has lost the name for good */
TEST_F(open_wait, name_that_goes_and_comes_again)
{
	int first = create(self->dev, self->name, PAGE);
	int second;
	pid_t pid;

	ASSERT_GE(first, 0);
	ASSERT_EQ(0, unlink_name(self->dev, self->name));
	pid = opener(self->dev, self->name, 0);
	ASSERT_TRUE(falls_asleep(pid));
	second = create(self->dev, self->name, 2 * PAGE);
	ASSERT_GE(second, 0);
	EXPECT_EQ(0, reap(pid));
	close(second);
	close(first);
}

TEST_F(open_wait, created_and_gone_at_once)
{
	pid_t pid = opener(self->dev, self->name, 0);
	int i, fd;

	ASSERT_TRUE(falls_asleep(pid));
	/* it may miss each of these; one that it has keeps the name for a moment */
	for (i = 0; i < 1000; i++) {
		fd = create(self->dev, self->name, PAGE);
		ASSERT_TRUE(fd >= 0 || fd == -EEXIST);
		if (fd >= 0)
			close(fd);
	}
	fd = create(self->dev, self->name, PAGE);
	ASSERT_TRUE(fd >= 0 || fd == -EEXIST);
	EXPECT_EQ(0, reap(pid));
	if (fd >= 0)
		close(fd);
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST_F(open_wait, signal_ends_it)
{
	struct sigaction action = { .sa_handler = on_signal };
	pid_t pid = spawn();

	if (!pid) {
		CHECK(!sigaction(SIGUSR1, &action, NULL));
		_exit(-open_until(self->dev, self->name, 0, ZINC_DEADLINE_NEVER));
	}
	ASSERT_TRUE(falls_asleep(pid));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(EINTR, reap(pid));
}

TEST_F(open_wait, signal_that_restarts_does_not)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pid_t pid = spawn();
	int fd;

	if (!pid) {
		CHECK(!sigaction(SIGUSR1, &action, NULL));
		_exit(open_until(self->dev, self->name, 0, ZINC_DEADLINE_NEVER) < 0);
	}
	ASSERT_TRUE(falls_asleep(pid));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	ASSERT_TRUE(falls_asleep(pid));
	fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_F(open_wait, killed_one_leaves_nothing)
{
	pid_t pids[3];
	int i, fd;

	for (i = 0; i < 3; i++)
		pids[i] = opener(self->dev, self->name, 0);
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(falls_asleep(pids[i]));
	ASSERT_EQ(0, kill(pids[1], SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pids[1]));
	EXPECT_EQ(2, query(self->dev).user_waiters);
	fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, reap(pids[0]));
	EXPECT_EQ(0, reap(pids[2]));
	close(fd);
}

TEST_F(open_wait, mode_that_forbids)
{
	pid_t pid;
	int fd;

	if (geteuid())
		SKIP(return, "needs root");
	pid = spawn();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		_exit(-open_until(self->dev, self->name, 0, ZINC_DEADLINE_NEVER));
	}
	ASSERT_TRUE(falls_asleep(pid));
	fd = create_as(self->dev, self->name, PAGE, 0, ZINC_LIFETIME_REFS, 0644);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(EACCES, reap(pid));
	close(fd);
}

TEST_F(open_wait, limit_of_waiters)
{
	char limit[32];
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	strcpy(limit, file_text(LIMIT));
	ASSERT_EQ(0, write_text(LIMIT, "1"));
	pid = spawn();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		pid = opener(self->dev, self->name, 0);
		CHECK(falls_asleep(pid));
		CHECK(open_until(self->dev, "another", 0, ZINC_DEADLINE_NEVER) == -EDQUOT);
		/* one that only looks needs no place */
		CHECK(open_until(self->dev, "another", 0, 0) == -ENOENT);
		CHECK(open_until(self->dev, "another", 0, 1) == -ETIMEDOUT);
		CHECK(!kill(pid, SIGKILL));
		CHECK(reap(pid) == 128 + SIGKILL);
		CHECK(open_until(self->dev, "another", 0, after_ms(1)) == -ETIMEDOUT);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, write_text(LIMIT, limit));
}

/* The same name in another network namespace is another name */
TEST_F(open_wait, name_in_another_namespace)
{
	pid_t pid, child;
	int fd;

	if (geteuid())
		SKIP(return, "needs root");
	pid = opener(self->dev, self->name, 0);
	ASSERT_TRUE(falls_asleep(pid));
	child = spawn();
	if (!child) {
		CHECK(!unshare(CLONE_NEWNET));
		CHECK(create(self->dev, self->name, PAGE) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(child));
	EXPECT_TRUE(falls_asleep(pid));
	fd = create(self->dev, self->name, PAGE);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_HARNESS_MAIN
