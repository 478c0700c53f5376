// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast paths make no system call: the loop runs in a process whose first
 * system call other than its exit kills it (strict seccomp, which on x86 does
 * not let it read the time-stamp counter either).
 */

#include "lib_test.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#define TURNS	1000

/* From here on: exit, or die */
static void forbid_system_calls(void)
{
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
}

/* The result of a block without system calls: IN_SILENCE(pid) { SILENT(cond); } */
#define IN_SILENCE(pid)							\
	for (pid = fork_or_die(), pid ? (void)0 : forbid_system_calls();	\
	     pid == 0; syscall(SYS_exit, 0))

#define SILENT(cond) do {						\
	if (!(cond))							\
		syscall(SYS_exit, __COUNTER__ + 1);			\
} while (0)

FIXTURE(silence)
{
	zinc_handle region;
	zinc_handle other;
};

FIXTURE_SETUP(silence)
{
	forget(named("silence"));
	ASSERT_EQ(zinc_create(named("silence"), PAGE, &self->region), 0);
	ASSERT_EQ(zinc_open(named("silence"), &self->other), 0);
}

FIXTURE_TEARDOWN(silence)
{
	zinc_close(self->other);
	zinc_close(self->region);
	forget(named("silence"));
}

/* The controls: what does enter the kernel is caught */
TEST_F(silence, catches_a_system_call)
{
	pid_t pid;

	IN_SILENCE(pid)
		syscall(SYS_getppid);
	EXPECT_EQ(reap(pid), -SIGKILL);
	IN_SILENCE(pid)
		;
	EXPECT_EQ(reap(pid), 0);
	IN_SILENCE(pid)
		SILENT(false);
	EXPECT_GT(reap(pid), 0);
}

TEST_F(silence, catches_the_slow_paths)
{
	const char *name = named("noise");
	zinc_handle mine;
	pid_t sleeper;
	int status;
	pid_t pid;

	/* a wait that blocks; where it spins before, reading the clock is the end */
	IN_SILENCE(pid)
		zinc_wait(self->region, ZINC_WAIT_FOREVER);
	status = reap(pid);
	EXPECT_TRUE(status == -SIGKILL || status == -SIGSEGV);

	/* a notify while a process sleeps */
	IN_CHILD(sleeper) {
		CHECK(!zinc_open(named("silence"), &mine));
		CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
	}
	ASSERT_TRUE(asleep(sleeper));
	IN_SILENCE(pid)
		zinc_notify(self->region);
	EXPECT_EQ(reap(pid), -SIGKILL);
	zinc_notify(self->region);
	EXPECT_EQ(reap(sleeper), 0);

	/* create */
	IN_SILENCE(pid)
		zinc_create(name, PAGE, &mine);
	EXPECT_EQ(reap(pid), -SIGKILL);
}

TEST_F(silence, notify_with_nobody_waiting)
{
	pid_t pid;
	int i;

	IN_SILENCE(pid) {
		for (i = 0; i < TURNS; i++)
			zinc_notify(self->region);
		SILENT(!zinc_notify_checked(self->region));
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_sequence(self->region), TURNS + 1);
}

TEST_F(silence, wait_with_something_pending)
{
	pid_t pid;
	int i;

	IN_SILENCE(pid) {
		for (i = 0; i < TURNS; i++) {
			zinc_notify(self->other);
			SILENT(!zinc_wait(self->region, 1000));
			zinc_notify(self->other);
			SILENT(!zinc_wait(self->region, ZINC_WAIT_FOREVER));
			zinc_notify(self->other);
			SILENT(!zinc_wait_until(self->region,
						ZINC_DEADLINE_NEVER));
			zinc_notify(self->other);
			SILENT(!zinc_try_wait(self->region));
		}
	}
	EXPECT_EQ(reap(pid), 0);
}

/* After a sleeper has been woken, or has given up, it makes no system call */
TEST_F(silence, after_a_sleeper)
{
	zinc_handle mine;
	pid_t sleeper;
	int gives_up;
	pid_t pid;
	int i;

	for (gives_up = 0; gives_up < 2; gives_up++) {
		IN_CHILD(sleeper) {
			CHECK(!zinc_open(named("silence"), &mine));
			zinc_try_wait(mine);	/* of the round before */
			CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
			CHECK(!gives_up || zinc_wait(mine, 20) == -ETIMEDOUT);
		}
		ASSERT_TRUE(asleep(sleeper));
		zinc_notify(self->region);
		ASSERT_EQ(reap(sleeper), 0);
		IN_SILENCE(pid)
			for (i = 0; i < TURNS; i++)
				zinc_notify(self->region);
		EXPECT_EQ(reap(pid), 0);
	}
}

/* Looking is free on both backends */
TEST_F(silence, looking)
{
	pid_t pid;
	int i;

	IN_SILENCE(pid) {
		for (i = 0; i < TURNS; i++) {
			SILENT(zinc_try_wait(self->region) == -EAGAIN);
			SILENT(zinc_sequence(self->region) == 0);
			SILENT(zinc_capacity(self->region) >= 4096);
			SILENT(zinc_ptr(self->region));
			SILENT(zinc_wait(NULL, 1000) == -EINVAL);
		}
	}
	EXPECT_EQ(reap(pid), 0);
}

/* Bad arguments are refused before any system call, on both backends */
TEST_F(silence, bad_arguments)
{
	char name[ZINC_NAME_MAX + 2], longer[ZINC_NAME_MAX + 3];
	zinc_handle out;
	pid_t pid;

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	/* names of other libraries may be one byte longer than those of create */
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = 0;
	IN_SILENCE(pid) {
		SILENT(zinc_create("a", 4096, NULL) == -EINVAL);
		SILENT(zinc_create(NULL, 4096, &out) == -EINVAL && !out);
		SILENT(zinc_create("", 4096, &out) == -EINVAL && !out);
		SILENT(zinc_create("a/b", 4096, &out) == -EINVAL && !out);
		SILENT(zinc_create(name, 4096, &out) == -EINVAL && !out);
		SILENT(zinc_create("a", 0, &out) == -EINVAL && !out);
		SILENT(zinc_create("a", 4097, &out) == -EINVAL && !out);
		SILENT(zinc_create("a", SIZE_MAX, &out) == -EINVAL && !out);
		SILENT(zinc_open("a", NULL) == -EINVAL);
		SILENT(zinc_open(NULL, &out) == -EINVAL && !out);
		SILENT(zinc_open("a.b", &out) == -EINVAL && !out);
		SILENT(zinc_open(longer, &out) == -EINVAL && !out);
		SILENT(zinc_unlink("a b") == -EINVAL);
	}
	EXPECT_EQ(reap(pid), 0);
}

TEST_HARNESS_MAIN
