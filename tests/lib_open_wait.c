// SPDX-License-Identifier: GPL-2.0-only
/*
 * zinc_open_wait(): a consumer that starts before its producer. Waits that must
 * be woken have no deadline: the harness ends a hang.
 */
#include "lib_test.h"

#include <sys/inotify.h>

/* A child that waits for the name, and ends once it has it */
static pid_t opener(const char *name, uint64_t deadline)
{
	zinc_handle region;
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!zinc_open_wait(name, NULL, deadline, &region));
		CHECK(zinc_capacity(region) == PAGE);
		zinc_notify(region);
		zinc_close(region);
	}
	return pid;
}

TEST(arguments)
{
	struct zinc_options options = { .size = sizeof(options), .flags = ZINC_LAZY };
	zinc_handle region = POISON;

	EXPECT_EQ(zinc_open_wait("x", NULL, ZINC_DEADLINE_NEVER, NULL), -EINVAL);
	EXPECT_EQ(zinc_open_wait(NULL, NULL, ZINC_DEADLINE_NEVER, &region), -EINVAL);
	EXPECT_EQ(region, NULL);
	region = POISON;
	EXPECT_EQ(zinc_open_wait("a/b", NULL, ZINC_DEADLINE_NEVER, &region), -EINVAL);
	EXPECT_EQ(region, NULL);
	EXPECT_EQ(zinc_open_wait("x", &options, ZINC_DEADLINE_NEVER, &region), -EINVAL);
}

TEST(nobody_comes)
{
	const char *name = named("nobody");
	zinc_handle region = POISON;
	uint64_t begin = now_ns();
	int fds = count_fds();

	EXPECT_EQ(zinc_open_wait(name, NULL, 0, &region), -ENOENT);
	EXPECT_EQ(zinc_open_wait(name, NULL, 1, &region), -ETIMEDOUT);
	EXPECT_EQ(region, NULL);
	EXPECT_EQ(zinc_open_wait(name, NULL, begin + 20 * NSEC_PER_MSEC, &region),
		  -ETIMEDOUT);
	EXPECT_GE(now_ns(), begin + 20 * NSEC_PER_MSEC);
	EXPECT_EQ(count_fds(), fds + on_kmod()) TH_LOG("the device stays open");
}

TEST(there_already)
{
	const char *name = named("there");
	zinc_handle region, other;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(zinc_open_wait(name, NULL, 1, &other), 0);
	zinc_close(other);
	EXPECT_EQ(zinc_open_wait(name, NULL, ZINC_DEADLINE_NEVER, &other), 0);
	zinc_close(other);
	zinc_close(region);
}

TEST(comes_later)
{
	const char *name = named("later");
	zinc_handle region;
	pid_t pid;

	pid = opener(name, ZINC_DEADLINE_NEVER);
	ASSERT_TRUE(asleep(pid));
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(be_woken(region), 0);
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
}

TEST(other_names_do_not_end_it)
{
	const char *name = named("other");
	zinc_handle region, others[20];
	char text[64];
	pid_t pid;
	int i;

	pid = opener(name, ZINC_DEADLINE_NEVER);
	ASSERT_TRUE(asleep(pid));
	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%s%d", name, i);
		ASSERT_EQ(zinc_create(text, PAGE, &others[i]), 0);
	}
	EXPECT_TRUE(asleep(pid));
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(reap(pid), 0);
	for (i = 0; i < 20; i++)
		zinc_close(others[i]);
	zinc_close(region);
}

/* On POSIX shared memory its name is still there, and is taken over */
TEST(dead_creators_name_is_no_region)
{
	const char *name = named("dead");
	struct signpost ready;
	pid_t creator, pid;
	zinc_handle region;

	post_init(&ready);
	IN_CHILD(creator) {
		CHECK(!create_mode(name, 0, ZINC_LIFETIME_CREATOR, &region));
		post(&ready);
		pause();
	}
	await(&ready);
	ASSERT_EQ(kill(creator, SIGKILL), 0);
	ASSERT_EQ(reap(creator), -SIGKILL);
	pid = opener(name, ZINC_DEADLINE_NEVER);
	ASSERT_TRUE(asleep(pid));
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
}

TEST(mode_forbids)
{
	const char *name = named("mode");
	zinc_handle region;
	pid_t pid;

	NEED_ROOT();
	/* so that the device is open when the child may not open it */
	ASSERT_EQ(probe(name), -ENOENT);
	IN_CHILD(pid) {
		CHECK(!setuid(NOBODY));
		CHECK(zinc_open_wait(name, NULL, ZINC_DEADLINE_NEVER, &region) == -EACCES);
	}
	ASSERT_TRUE(asleep(pid));
	ASSERT_EQ(create_mode(name, 0600, 0, &region), 0);
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST(signals_do_not_end_it)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *name = named("signal");
	zinc_handle region;
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!sigaction(SIGUSR1, &action, NULL));
		CHECK(!zinc_open_wait(name, NULL, ZINC_DEADLINE_NEVER, &region));
	}
	ASSERT_TRUE(asleep(pid));
	ASSERT_EQ(kill(pid, SIGUSR1), 0);
	ASSERT_TRUE(asleep(pid));
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
}

/* Another library publishes a name first, and writes the header then */
TEST(half_made_object)
{
	const char *name = named("half");
	zinc_handle region, made;
	char header[HEADER];
	pid_t pid;
	int fd;

	NEED_SHM();
	ASSERT_EQ(zinc_create(named("model"), PAGE, &made), 0);
	memcpy(header, zinc_ptr(made) - HEADER, HEADER);
	zinc_close(made);
	IN_CHILD(pid) {
		CHECK(!zinc_open_wait(name, NULL, ZINC_DEADLINE_NEVER, &region));
		zinc_close(region);
	}
	ASSERT_TRUE(asleep(pid));
	fd = open(object(name), O_RDWR | O_CREAT | O_EXCL, 0600);
	ASSERT_GE(fd, 0);
	sleep_ms(5);
	ASSERT_EQ(ftruncate(fd, HEADER + PAGE), 0);
	/* a creator that nothing but its pid tells of: this process */
	memset(header + 10, 0, 2);
	ASSERT_EQ(pwrite(fd, header + 8, HEADER - 8, 8), HEADER - 8);
	ASSERT_EQ(pwrite(fd, header, 8, 0), 8);
	EXPECT_EQ(reap(pid), 0);
	close(fd);
	unlink(object(name));
}

/* More watchers than a user may have: it looks at intervals */
TEST(no_inotify_to_be_had)
{
	const char *name = named("limit");
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		/* the limit of a user, long before that of descriptors */
		while (inotify_init1(IN_CLOEXEC) >= 0)
			;
		CHECK(errno == EMFILE && dup(0) >= 0);
		CHECK(!zinc_open_wait(name, NULL, ZINC_DEADLINE_NEVER, &region));
	}
	sleep_ms(50);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(reap(pid), 0);
	zinc_close(region);
}

TEST_HARNESS_MAIN
