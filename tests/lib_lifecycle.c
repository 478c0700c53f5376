// SPDX-License-Identifier: GPL-2.0-only
/* Regions from create to the last close: names, lifetimes, fork, leftovers */

#include "lib_test.h"

#include <linux/zinc.h>
#include <regex.h>

/* After the first region the library has all its permanent resources */
static void warm_up(void)
{
	zinc_handle region;

	/* of more than a page: for that the library asks for the limits */
	CHECK(!zinc_create(named("warm-up"), MIB, &region));
	zinc_close(region);
}

TEST(create_is_exclusive)
{
	const char *name = named("exclusive");
	zinc_handle region;
	zinc_handle out = POISON;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	zinc_ptr(region)[0] = 1;
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	EXPECT_EQ(out, NULL);
	EXPECT_EQ(zinc_create(name, 7 * PAGE, &out), -EEXIST);
	EXPECT_EQ(zinc_ptr(region)[0], 1);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
}

TEST(opener_closes_first)
{
	const char *name = named("opener");
	zinc_handle creator;
	zinc_handle opener;

	ASSERT_EQ(zinc_create(name, PAGE, &creator), 0);
	ASSERT_EQ(zinc_open(name, &opener), 0);
	zinc_close(opener);
	EXPECT_EQ(probe(name), 0);
	zinc_ptr(creator)[5] = 5;
	zinc_close(creator);
	EXPECT_EQ(probe(name), -ENOENT);
	/* the name is free, and nothing of the old data shows */
	ASSERT_EQ(zinc_create(name, PAGE, &creator), 0);
	EXPECT_EQ(zinc_ptr(creator)[5], 0);
	zinc_close(creator);
}

TEST(creator_closes_first)
{
	const char *name = named("creator");
	zinc_handle creator;
	zinc_handle opener;
	zinc_handle third;
	zinc_handle out = POISON;

	ASSERT_EQ(zinc_create(name, PAGE, &creator), 0);
	ASSERT_EQ(zinc_open(name, &opener), 0);
	zinc_ptr(creator)[9] = 99;
	zinc_close(creator);

	/* for those who know the header alone */
	EXPECT_EQ(header_u16(opener, AT_FLAGS) & ZINC_HDR_CREATOR_GONE,
		  ZINC_HDR_CREATOR_GONE);
	/* the name stays, for newcomers too, until the last one closes */
	EXPECT_EQ(zinc_ptr(opener)[9], 99);
	EXPECT_EQ(info_of(opener).flags & ZINC_INFO_CREATOR_GONE,
		  ZINC_INFO_CREATOR_GONE);
	EXPECT_EQ(info_of(opener).handles, 1);
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	ASSERT_EQ(zinc_open(name, &third), 0);
	EXPECT_EQ(zinc_ptr(third)[9], 99);
	zinc_notify(opener);
	EXPECT_EQ(zinc_wait(third, 0), 0);
	zinc_close(opener);
	EXPECT_EQ(probe(name), 0);
	zinc_close(third);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* The same with each handle in a process of its own */
TEST(creator_closes_first_across_processes)
{
	const char *name = named("across");
	struct signpost made, opened, closed, done;
	zinc_handle region;
	pid_t creator;
	pid_t opener;

	post_init(&made);
	post_init(&opened);
	post_init(&closed);
	post_init(&done);
	IN_CHILD(creator) {
		CHECK(!zinc_create(name, PAGE, &region));
		zinc_ptr(region)[1] = 42;
		post(&made);
		await(&opened);
		zinc_close(region);
		post(&closed);
	}
	IN_CHILD(opener) {
		await(&made);
		CHECK(!zinc_open(name, &region));
		post(&opened);
		await(&closed);
		CHECK(zinc_ptr(region)[1] == 42);
		CHECK(!probe(name));
		zinc_close(region);
		CHECK(probe(name) == -ENOENT);
		post(&done);
	}
	await(&done);
	EXPECT_EQ(reap(creator), 0);
	EXPECT_EQ(reap(opener), 0);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(lifetime_creator)
{
	const char *name = named("lives-creator");
	zinc_handle creator;
	zinc_handle opener;
	zinc_handle next;

	ASSERT_EQ(create_mode(name, 0, ZINC_LIFETIME_CREATOR, &creator), 0);
	EXPECT_EQ(info_of(creator).lifetime, ZINC_LIFETIME_CREATOR);
	ASSERT_EQ(zinc_open(name, &opener), 0);
	EXPECT_EQ(info_of(opener).lifetime, ZINC_LIFETIME_CREATOR);
	zinc_ptr(creator)[0] = 7;
	zinc_close(creator);

	EXPECT_EQ(probe(name), -ENOENT);
	EXPECT_EQ(zinc_ptr(opener)[0], 7);
	zinc_ptr(opener)[1] = 8;
	zinc_notify(opener);
	EXPECT_EQ(zinc_wait(opener, 0), 0);
	EXPECT_EQ(info_of(opener).flags & ZINC_INFO_UNLINKED, ZINC_INFO_UNLINKED);

	/* a new region of that name has nothing to do with the old one */
	ASSERT_EQ(zinc_create(name, PAGE, &next), 0);
	EXPECT_EQ(zinc_ptr(next)[0], 0);
	zinc_close(opener);
	EXPECT_EQ(probe(name), 0);
	zinc_close(next);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(lifetime_creator_opener_first)
{
	const char *name = named("lives-creator2");
	zinc_handle creator;
	zinc_handle opener;

	ASSERT_EQ(create_mode(name, 0, ZINC_LIFETIME_CREATOR, &creator), 0);
	ASSERT_EQ(zinc_open(name, &opener), 0);
	zinc_close(opener);
	EXPECT_EQ(probe(name), 0);
	zinc_close(creator);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(lifetime_persist)
{
	const char *name = named("lives-on");
	zinc_handle region;
	zinc_handle out = POISON;

	ASSERT_EQ(create_mode(name, 0, ZINC_LIFETIME_PERSIST, &region), 0);
	EXPECT_EQ(info_of(region).lifetime, ZINC_LIFETIME_PERSIST);
	zinc_ptr(region)[3] = 33;
	zinc_notify(region);
	zinc_close(region);

	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	ASSERT_EQ(zinc_open(name, &region), 0);
	EXPECT_EQ(zinc_ptr(region)[3], 33);
	EXPECT_EQ(zinc_sequence(region), 1);
	EXPECT_EQ(zinc_wait(region, 0), 0);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* It outlives the process that made it, too */
TEST(lifetime_persist_process)
{
	const char *name = named("lives-on2");
	zinc_handle region;
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!create_mode(name, 0, ZINC_LIFETIME_PERSIST, &region));
		zinc_ptr(region)[0] = 1;
		zinc_close(region);
	}
	ASSERT_EQ(reap(pid), 0);
	ASSERT_EQ(zinc_open(name, &region), 0);
	EXPECT_EQ(zinc_ptr(region)[0], 1);
	EXPECT_EQ(zinc_unlink(name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(unlink_keeps_handles)
{
	const char *name = named("unlink");
	zinc_handle first;
	zinc_handle opener;
	zinc_handle second;

	EXPECT_EQ(zinc_unlink(name), -ENOENT);
	ASSERT_EQ(zinc_create(name, PAGE, &first), 0);
	ASSERT_EQ(zinc_open(name, &opener), 0);
	EXPECT_EQ(zinc_unlink(name), 0);
	EXPECT_EQ(zinc_unlink(name), -ENOENT);
	EXPECT_EQ(probe(name), -ENOENT);

	zinc_ptr(first)[0] = 11;
	EXPECT_EQ(zinc_ptr(opener)[0], 11);
	zinc_notify(first);
	EXPECT_EQ(zinc_wait(opener, 0), 0);
	EXPECT_EQ(info_of(opener).flags & ZINC_INFO_UNLINKED, ZINC_INFO_UNLINKED);

	/* closing the old region must not take the new one's name */
	ASSERT_EQ(zinc_create(name, PAGE, &second), 0);
	EXPECT_EQ(zinc_ptr(second)[0], 0);
	zinc_close(first);
	EXPECT_EQ(probe(name), 0);
	zinc_close(opener);
	EXPECT_EQ(probe(name), 0);
	zinc_close(second);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(create_or_replace)
{
	const char *name = named("replace");
	zinc_handle first;
	zinc_handle opener;
	zinc_handle second;
	zinc_handle third;

	ASSERT_EQ(zinc_create_or_replace(name, PAGE, &first), 0);
	zinc_ptr(first)[0] = 1;
	ASSERT_EQ(zinc_open(name, &opener), 0);
	ASSERT_EQ(zinc_create_or_replace(name, 2 * PAGE, &second), 0);
	EXPECT_EQ(zinc_capacity(second), 2 * PAGE);
	EXPECT_EQ(zinc_ptr(second)[0], 0);

	/* processes that had the old one keep it, without a name */
	EXPECT_EQ(zinc_ptr(opener)[0], 1);
	zinc_ptr(opener)[1] = 2;
	EXPECT_EQ(zinc_ptr(first)[1], 2);
	EXPECT_EQ(zinc_ptr(second)[1], 0);
	zinc_notify(first);
	EXPECT_EQ(zinc_try_wait(opener), 0);
	EXPECT_EQ(zinc_try_wait(second), -EAGAIN);

	/* and the name is the new region's, regardless of their actions */
	ASSERT_EQ(zinc_open(name, &third), 0);
	EXPECT_EQ(zinc_capacity(third), 2 * PAGE);
	zinc_close(third);
	zinc_close(first);
	zinc_close(opener);
	EXPECT_EQ(probe(name), 0);
	zinc_close(second);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(replace_option)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_REPLACE,
		.lifetime = ZINC_LIFETIME_PERSIST,
	};
	const char *name = named("replace2");
	zinc_handle first;
	zinc_handle second;

	ASSERT_EQ(zinc_create_with(name, PAGE, &options, &first), 0);
	ASSERT_EQ(zinc_create_with(name, PAGE, &options, &second), 0);
	zinc_notify(second);
	EXPECT_EQ(zinc_try_wait(first), -EAGAIN);
	zinc_close(second);
	zinc_close(first);
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(zinc_unlink(name), 0);
}

/* A replacement without a gap: a process that opens all the time always succeeds */
TEST(replace_without_a_gap)
{
	const char *name = named("gap");
	zinc_handle regions[2] = { NULL, NULL };
	struct signpost ready;
	pid_t pid;
	int i;

	NEED_KMOD();
	post_init(&ready);
	ASSERT_EQ(zinc_create(name, PAGE, &regions[0]), 0);
	IN_CHILD(pid) {
		post(&ready);
		for (i = 0; i < 2000; i++)
			CHECK(!probe(name));
	}
	await(&ready);
	for (i = 1; !ended(pid); i++) {
		zinc_handle *slot = &regions[i % 2];

		zinc_close(*slot);
		ASSERT_EQ(zinc_create_or_replace(name, PAGE, slot), 0);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_GT(i, 10);
	zinc_close(regions[0]);
	zinc_close(regions[1]);
}

/* ---- fork and exec ---- */

TEST(fork_shares_the_region)
{
	const char *name = named("fork");
	zinc_handle region;
	pid_t pid;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	IN_CHILD(pid) {
		zinc_ptr(region)[0] = 77;
		zinc_notify(region);
	}
	EXPECT_EQ(zinc_wait(region, ZINC_WAIT_FOREVER), 0);
	EXPECT_EQ(zinc_ptr(region)[0], 77);
	ASSERT_EQ(reap(pid), 0);
	/* the child went without closing; that closed nothing of ours */
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(fork_moves_cursors_apart)
{
	const char *name = named("fork-cursor");
	zinc_handle region;
	pid_t pid;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	zinc_notify(region);
	ASSERT_EQ(zinc_try_wait(region), 0);
	zinc_notify(region);
	IN_CHILD(pid) {
		/* as it was at the fork: one pending */
		CHECK(!zinc_try_wait(region));
		CHECK(zinc_try_wait(region) == -EAGAIN);
	}
	ASSERT_EQ(reap(pid), 0);
	EXPECT_EQ(zinc_try_wait(region), 0);
	EXPECT_EQ(zinc_try_wait(region), -EAGAIN);
	zinc_close(region);
}

TEST(fork_child_closes)
{
	const char *name = named("fork-child");
	zinc_handle region;
	pid_t pid;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	IN_CHILD(pid)
		zinc_close(region);
	ASSERT_EQ(reap(pid), 0);
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(info_of(region).handles, 1);
	EXPECT_EQ(info_of(region).flags & ZINC_INFO_CREATOR_GONE, 0);
	zinc_notify(region);
	EXPECT_EQ(zinc_wait(region, 0), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* One handle, until both have closed it */
TEST(fork_parent_closes)
{
	const char *name = named("fork-parent");
	struct signpost closed;
	zinc_handle region;
	pid_t pid;

	NEED_KMOD();
	post_init(&closed);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	zinc_ptr(region)[0] = 1;
	IN_CHILD(pid) {
		await(&closed);
		CHECK(!probe(name));
		CHECK(zinc_ptr(region)[0] == 1);
		CHECK(info_of(region).handles == 1);
		CHECK(!(info_of(region).flags & ZINC_INFO_CREATOR_GONE));
		zinc_close(region);
		CHECK(probe(name) == -ENOENT);
	}
	zinc_close(region);
	post(&closed);
	EXPECT_EQ(reap(pid), 0);
}

/* A file of the library, wherever the directories of the tests are */
#define FILES_OF_OURS	"/dev/zinc$|\\[zinc\\]|/zinc:|/dev/shm/(zinc_|#)"

static bool is_ours(const char *target)
{
	regex_t ours;
	bool is;

	if (regcomp(&ours, FILES_OF_OURS, REG_EXTENDED | REG_NOSUB))
		return false;
	is = !regexec(&ours, target, 0, NULL, 0);
	regfree(&ours);
	return is;
}

TEST(exec_closes)
{
	const char *name = named("exec");
	char command[200];
	zinc_handle region;
	zinc_handle other;
	int found = 0;
	int fd;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	if (on_kmod())
		ASSERT_GE(zinc_fd(region), 0);
	for (fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);
		char path[64];
		char target[256];
		ssize_t length;

		if (flags < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = 0;
		if (!is_ours(target))
			continue;
		found++;
		EXPECT_EQ(flags & FD_CLOEXEC, FD_CLOEXEC) {
			TH_LOG("%d is %s", fd, target);
		}
	}
	EXPECT_GE(found, 2);
	snprintf(command, sizeof(command),
		 "! ls -l /proc/self/fd /proc/self/map_files | grep -E '%s'",
		 FILES_OF_OURS);
	EXPECT_EQ(system(command), 0);
	zinc_close(other);
	zinc_close(region);
}

/* ---- data that outlive the handle ---- */

TEST(close_keep_data)
{
	const char *name = named("keep");
	zinc_handle region;
	zinc_handle other;
	uint8_t *pointer;
	size_t length = 0;
	void *data = NULL;
	int maps, fds;
	size_t i;

	warm_up();
	maps = count_maps();
	fds = count_fds();
	ASSERT_EQ(zinc_create(name, 3 * PAGE, &region), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	pointer = zinc_ptr(region);
	for (i = 0; i < 3 * PAGE; i++)
		pointer[i] = i * 3;
	ASSERT_EQ(zinc_close_keep_data(region, &data, &length), 0);
	EXPECT_EQ(data, pointer);
	EXPECT_GE(length, 3 * PAGE);
	EXPECT_EQ(info_of(other).handles, 1);
	EXPECT_EQ(info_of(other).flags & ZINC_INFO_CREATOR_GONE,
		  ZINC_INFO_CREATOR_GONE);

	/* still the same memory */
	zinc_ptr(other)[7] = 200;
	EXPECT_EQ(pointer[7], 200);
	zinc_close(other);
	EXPECT_EQ(probe(name), -ENOENT);
	for (i = 8; i < 3 * PAGE; i++)
		ASSERT_EQ(pointer[i], (uint8_t)(i * 3));
	pointer[3 * PAGE - 1] = 1;
	zinc_unmap_data(data, length);
	EXPECT_EQ(count_maps(), maps);
	EXPECT_EQ(count_fds(), fds);
}

TEST(close_keep_data_of_many_pages)
{
	const char *name = named("keep2");
	zinc_handle region;
	size_t length = 0;
	void *data = NULL;
	int maps;

	warm_up();
	maps = count_maps();
	ASSERT_EQ(zinc_create(name, 2 * MIB + PAGE, &region), 0);
	ASSERT_EQ(zinc_close_keep_data(region, &data, &length), 0);
	EXPECT_EQ(probe(name), -ENOENT);
	memset(data, 0xee, 2 * MIB + PAGE);
	zinc_unmap_data(data, length);
	EXPECT_EQ(count_maps(), maps);
}

/* ---- nothing piles up ---- */

TEST(thousand_regions_one_after_another)
{
	const char *name = named("thousand");
	zinc_handle region;
	zinc_handle other;
	int maps;
	int fds;
	int i;

	warm_up();
	fds = count_fds();
	maps = count_maps();
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
		ASSERT_EQ(zinc_open(name, &other), 0);
		zinc_notify(region);
		ASSERT_EQ(zinc_try_wait(other), 0);
		zinc_close(i % 2 ? region : other);
		zinc_close(i % 2 ? other : region);
	}
	EXPECT_EQ(count_fds(), fds);
	EXPECT_EQ(count_maps(), maps);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(thousand_failures)
{
	const char *name = named("failures");
	zinc_handle region;
	zinc_handle out;
	int maps;
	int fds;
	int i;

	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	fds = count_fds();
	maps = count_maps();
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
		ASSERT_EQ(zinc_create(name, 0, &out), -EINVAL);
		ASSERT_EQ(probe(named("nosuch")), -ENOENT);
		ASSERT_LT(zinc_from_fd(0, NULL, &out), 0);
	}
	EXPECT_EQ(count_fds(), fds);
	/* the heap may have got a map of its own */
	EXPECT_LE(count_maps(), maps + 2);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
}

TEST(hundreds_of_regions_at_once)
{
	enum { COUNT = 300 };
	static zinc_handle regions[COUNT];
	char name[64];
	int maps;
	int fds;
	int i;

	warm_up();
	fds = count_fds();
	maps = count_maps();
	for (i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%s%d", named("many"), i);
		ASSERT_EQ(zinc_create(name, PAGE, &regions[i]), 0);
		memcpy(zinc_ptr(regions[i]), &i, sizeof(i));
	}
	for (i = 0; i < COUNT; i++) {
		zinc_handle other;

		snprintf(name, sizeof(name), "%s%d", named("many"), i);
		ASSERT_EQ(zinc_open(name, &other), 0);
		ASSERT_EQ(memcmp(zinc_ptr(other), &i, sizeof(i)), 0);
		zinc_close(other);
	}
	for (i = 0; i < COUNT; i++)
		zinc_close(regions[i]);
	EXPECT_EQ(count_fds(), fds);
	/* the heap may have got maps of its own */
	EXPECT_LE(count_maps(), maps + COUNT / 10);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* ---- a process that dies is a closed handle ---- */

TEST(killed_creator)
{
	const char *name = named("killed");
	struct signpost ready;
	zinc_handle region;
	zinc_handle mine;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		CHECK(!zinc_create(name, PAGE, &region));
		post(&ready);
		pause();
	}
	await(&ready);
	ASSERT_EQ(zinc_open(name, &mine), 0);
	EXPECT_EQ(info_of(mine).handles, 2);
	EXPECT_EQ(info_of(mine).creator_pid, pid);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(reap(pid), -SIGKILL);

	EXPECT_EQ(info_of(mine).handles, 1);
	EXPECT_EQ(info_of(mine).flags & (ZINC_INFO_CREATOR_GONE | ZINC_INFO_STALE),
		  ZINC_INFO_CREATOR_GONE);
	zinc_notify(mine);
	EXPECT_EQ(zinc_wait(mine, 0), 0);
	zinc_close(mine);
	EXPECT_EQ(probe(name), -ENOENT);
}

TEST(killed_alone)
{
	const char *name = named("killed2");
	struct zinc_region_info info = { .size = sizeof(info) };
	struct signpost ready;
	zinc_handle region;
	pid_t pid;

	post_init(&ready);
	IN_CHILD(pid) {
		CHECK(!zinc_create(name, PAGE, &region));
		post(&ready);
		pause();
	}
	await(&ready);
	ASSERT_EQ(zinc_stat(name, &info), 0);
	EXPECT_EQ(info.flags & ZINC_INFO_STALE, 0);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(reap(pid), -SIGKILL);

	info.size = sizeof(info);
	if (on_kmod()) {
		EXPECT_EQ(zinc_stat(name, &info), -ENOENT);
		EXPECT_EQ(probe(name), -ENOENT);
		return;
	}
	/* the name stays for the next create, or for a cleaner */
	EXPECT_EQ(zinc_stat(name, &info), 0);
	EXPECT_EQ(info.flags & ZINC_INFO_STALE, ZINC_INFO_STALE);
	EXPECT_EQ(info.handles, 0);
	EXPECT_EQ(probe(name), -ENOENT);
	EXPECT_EQ(zinc_unlink(name), 0);
}

TEST_HARNESS_MAIN
