// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions of owner, group, other and privileged users, network and user
 * namespaces, limits per user, and memory cgroups.
 */
#include "abi.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define ALICE	12001
#define BOB	12002
#define CREW	12100
#define STRANGE	12200

#define SKIPPED	77

/*
 * The device is opened by root and passed on, so that the mode of the device
 * node, which belongs to the administrator, does not matter here.
 */
static void __attribute__((constructor(1001))) need_root(void)
{
	if (geteuid())
		skip_all("needs root, to be several users");
}

FIXTURE(permission)
{
	int dev;
	__u64 id;
	int fd;		/* Alice's region */
	const char *name;
};

/* Become another user for the rest of the process, with @also as the only supplementary group */
static void become(uid_t uid, gid_t gid, gid_t also)
{
	CHECK(!setgroups(1, &also));
	CHECK(!setresgid(gid, gid, gid));
	CHECK(!setresuid(uid, uid, uid));
	/* a change of identity makes /proc/self root's */
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* As file capabilities see it: effective ids change, and back */
static int create_for(int dev, uid_t uid, gid_t gid, const char *name,
		      __u32 lifetime, __u32 mode)
{
	int fd;

	CHECK(!setresgid(-1, gid, -1));
	CHECK(!setresuid(-1, uid, -1));
	fd = create_as(dev, name, PAGE, 0, lifetime, mode);
	CHECK(!setresuid(-1, 0, -1));
	CHECK(!setresgid(-1, 0, -1));
	return fd;
}

FIXTURE_SETUP(permission)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->fd = -1;
	self->name = a_name("alices");
	self->fd = create_for(self->dev, ALICE, ALICE, self->name,
			      ZINC_LIFETIME_REFS, 0600);
	ASSERT_GE(self->fd, 0);
	self->id = info(self->fd).id;
}

FIXTURE_TEARDOWN(permission)
{
	close(self->fd);
	close(self->dev);
}

struct mode_case {
	__u32 mode;
	uid_t uid;
	gid_t gid;
	gid_t also;
	int rdonly;	/* what opening gives: 0 or -errno */
	int rdwr;
};

TEST_F(permission, modes)
{
	static const struct mode_case cases[] = {
		{ 0600, ALICE, BOB, BOB, 0, 0 },
		{ 0600, BOB, ALICE, CREW, -EACCES, -EACCES },
		{ 0400, ALICE, BOB, BOB, 0, -EACCES },
		{ 0200, ALICE, BOB, BOB, -EACCES, -EACCES },
		{ 0644, BOB, BOB, BOB, 0, -EACCES },
		{ 0666, BOB, BOB, BOB, 0, 0 },
		{ 0622, BOB, BOB, BOB, -EACCES, -EACCES },
		{ 0640, BOB, CREW, BOB, 0, -EACCES },
		{ 0640, BOB, BOB, CREW, 0, -EACCES },
		{ 0660, BOB, BOB, CREW, 0, 0 },
		{ 0660, BOB, BOB, BOB, -EACCES, -EACCES },
		/* the nearest class decides, even against its member */
		{ 0066, ALICE, CREW, CREW, -EACCES, -EACCES },
		{ 0606, BOB, CREW, CREW, -EACCES, -EACCES },
		{ 0606, BOB, BOB, BOB, 0, 0 },
	};
	unsigned int i;
	pid_t pid;
	int fd;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mode_case *c = &cases[i];
		struct zinc_open o = open_args("moded");

		fd = create_for(self->dev, ALICE, CREW, "moded",
				ZINC_LIFETIME_REFS, c->mode);
		ASSERT_LE(0, fd);
		pid = spawn();
		if (!pid) {
			int ret;

			become(c->uid, c->gid, c->also);
			ret = refused(self->dev, ZINC_IOC_OPEN, &o);
			CHECK(c->rdwr ? ret == c->rdwr : ret >= 0);
			o = open_args("moded");
			o.flags = ZINC_RDONLY;
			ret = refused(self->dev, ZINC_IOC_OPEN, &o);
			CHECK(c->rdonly ? ret == c->rdonly : ret >= 0);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid)) TH_LOG("mode %#o, row %u", c->mode, i);
		/* the privileged may always */
		EXPECT_LE(0, close(open_name(self->dev, "moded")));
		close(fd);
	}
}

TEST_F(permission, the_owner_is_who_created)
{
	EXPECT_EQ(ALICE, info(self->fd).uid);
	EXPECT_EQ(ALICE, info(self->fd).gid);
	EXPECT_EQ(0600, info(self->fd).mode);
}

/* Another user, with only one capability */
static void become_capable(unsigned int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2] = {
		{ .effective = 1U << cap, .permitted = 1U << cap },
	};

	CHECK(!prctl(PR_SET_KEEPCAPS, 1));
	become(BOB, BOB, BOB);
	CHECK(!syscall(SYS_capset, &header, caps));
}

TEST_F(permission, capabilities_override)
{
	pid_t pid;

	pid = spawn();
	if (!pid) {
		become_capable(CAP_CHOWN);
		CHECK(open_name(self->dev, self->name) == -EACCES);
		CHECK(unlink_name(self->dev, self->name) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = spawn();
	if (!pid) {
		become_capable(CAP_DAC_OVERRIDE);
		CHECK(open_name(self->dev, self->name) >= 0);
		CHECK(times_listed(self->dev, self->id) == 1);
		CHECK(unlink_name(self->dev, self->name) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = spawn();
	if (!pid) {
		become_capable(CAP_FOWNER);
		CHECK(open_name(self->dev, self->name) == -EACCES);
		CHECK(!unlink_name(self->dev, self->name));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(permission, unlink)
{
	int fd;
	pid_t pid;

	/* writable by all, and yet only its owner's to unlink */
	fd = create_for(self->dev, ALICE, CREW, "owned", ZINC_LIFETIME_REFS, 0666);
	ASSERT_LE(0, fd);
	pid = spawn();
	if (!pid) {
		int opened;

		become(BOB, CREW, CREW);
		close(fd);
		CHECK(unlink_name(self->dev, "owned") == -EPERM);
		opened = open_name(self->dev, "owned");
		CHECK(opened >= 0);
		CHECK(call(opened, ZINC_IOC_REGION_UNLINK, NULL) == -EPERM);
		CHECK(create_as(self->dev, "owned", PAGE, ZINC_REPLACE,
				0, 0) == -EPERM);
		CHECK(create_as(self->dev, "owned", PAGE, 0, 0, 0) == -EEXIST);
		/* nor does that user learn more about a region that it may not see */
		CHECK(unlink_name(self->dev, self->name) == -EPERM);
		CHECK(unlink_name(self->dev, "nobodys") == -ENOENT);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, times_listed(self->dev, info(fd).id));
	pid = spawn();
	if (!pid) {
		become(ALICE, BOB, BOB);
		CHECK(!unlink_name(self->dev, "owned"));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	close(fd);
}

/* As unlink(2) of a missing file in a sticky directory that is another's */
TEST_F(permission, a_name_that_is_gone_comes_before_the_permission)
{
	int go[2];
	char c;
	pid_t pid;

	ASSERT_EQ(0, pipe(go));
	pid = spawn();
	if (!pid) {
		int opened = reopen_as(self->fd, 0);

		become(BOB, BOB, BOB);
		CHECK(call(opened, ZINC_IOC_REGION_UNLINK, NULL) == -EPERM);
		CHECK(read(go[0], &c, 1) == 1);
		CHECK(call(opened, ZINC_IOC_REGION_UNLINK, NULL) == -ENOENT);
		CHECK(unlink_name(self->dev, self->name) == -ENOENT);
		_exit(0);
	}
	EXPECT_TRUE(falls_asleep(pid));
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
	EXPECT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, reap(pid));
	close(go[0]);
	close(go[1]);
}

TEST_F(permission, the_creators_handle_unlinks_whoever_has_it)
{
	pid_t pid;

	pid = spawn();
	if (!pid) {
		become(BOB, BOB, BOB);
		CHECK(!call(self->fd, ZINC_IOC_REGION_UNLINK, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ENOENT, open_name(self->dev, self->name));
}

TEST_F(permission, the_owner_replaces)
{
	pid_t pid;

	pid = spawn();
	if (!pid) {
		become(ALICE, ALICE, ALICE);
		CHECK(create_as(self->dev, self->name, PAGE, ZINC_REPLACE,
				0, 0) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(info(self->fd).flags & ZINC_INFO_UNLINKED);
}

/* An fd is the permission: a received one works for any user */
TEST_F(permission, a_handle_works_for_whoever_has_it)
{
	pid_t pid;

	pid = spawn();
	if (!pid) {
		become(BOB, BOB, BOB);
		CHECK(open_name(self->dev, self->name) == -EACCES);
		CHECK(!notify(self->fd));
		CHECK(!wait_until(self->fd, 0));
		CHECK(reopen_as(self->fd, 0) >= 0);
		CHECK(map_data(self->fd, PAGE, PROT_READ | PROT_WRITE));
		CHECK(info(self->fd).uid == ALICE);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(permission, list_shows_what_may_be_seen)
{
	int readable, mine, hidden;
	pid_t pid;

	readable = create_for(self->dev, ALICE, ALICE, "readable",
			      ZINC_LIFETIME_REFS, 0644);
	hidden = create_for(self->dev, ALICE, ALICE, "hidden",
			    ZINC_LIFETIME_REFS, 0622);
	mine = create_for(self->dev, BOB, BOB, "mine", ZINC_LIFETIME_REFS, 0044);
	ASSERT_LE(0, readable);
	ASSERT_LE(0, hidden);
	ASSERT_LE(0, mine);
	pid = spawn();
	if (!pid) {
		become(BOB, BOB, BOB);
		CHECK(times_listed(self->dev, info(readable).id) == 1);
		/* its own region, though it may not even read it */
		CHECK(times_listed(self->dev, info(mine).id) == 1);
		CHECK(times_listed(self->dev, info(hidden).id) == 0);
		CHECK(times_listed(self->dev, self->id) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, times_listed(self->dev, self->id));
	EXPECT_EQ(1, times_listed(self->dev, info(hidden).id));
	close(readable);
	close(hidden);
	close(mine);
}

/* How often a region is listed by its name */
static int times_named(int dev, const char *name)
{
	struct zinc_info entry;
	struct zinc_list l = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
		.count = 1,
	};
	long ret;

	set_name(l.name, name);
	ret = call(dev, ZINC_IOC_LIST, &l);
	return ret ? ret : (int)l.count;
}

/* A stat by name shows the same regions as a list; OPEN distinguishes the others. */
TEST_F(permission, list_by_name_shows_what_may_be_seen)
{
	int readable, mine, hidden;
	pid_t pid;

	readable = create_for(self->dev, ALICE, ALICE, "readable",
			      ZINC_LIFETIME_REFS, 0644);
	hidden = create_for(self->dev, ALICE, ALICE, "hidden",
			    ZINC_LIFETIME_REFS, 0622);
	mine = create_for(self->dev, BOB, BOB, "mine", ZINC_LIFETIME_REFS, 0044);
	ASSERT_LE(0, readable);
	ASSERT_LE(0, hidden);
	ASSERT_LE(0, mine);
	pid = spawn();
	if (!pid) {
		become(BOB, BOB, BOB);
		CHECK(times_named(self->dev, "readable") == 1);
		CHECK(times_named(self->dev, "mine") == 1);
		CHECK(times_named(self->dev, "hidden") == 0);
		CHECK(open_as(self->dev, "hidden", ZINC_RDONLY) == -EACCES);
		CHECK(times_named(self->dev, "nothing") == 0);
		CHECK(open_as(self->dev, "nothing", ZINC_RDONLY) == -ENOENT);
		/* a name is looked for in the caller's namespace */
		CHECK(!unshare(CLONE_NEWUSER | CLONE_NEWNET));
		CHECK(times_named(self->dev, "readable") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, times_named(self->dev, "hidden"));
	close(readable);
	close(hidden);
	close(mine);
}

/* A listing lets go of the names in between. */
TEST_F(permission, list_passes_over_many_that_may_not_be_seen)
{
	int hidden[150], first, last, i;
	char name[ZINC_NAME_SIZE];
	pid_t pid;

	first = create_for(self->dev, BOB, BOB, "first", ZINC_LIFETIME_REFS, 0);
	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		hidden[i] = create(self->dev, name, PAGE);
		ASSERT_LE(0, hidden[i]);
	}
	last = create_for(self->dev, BOB, BOB, "last", ZINC_LIFETIME_REFS, 0);
	ASSERT_LE(0, first);
	ASSERT_LE(0, last);
	pid = spawn();
	if (!pid) {
		become(BOB, BOB, BOB);
		CHECK(times_listed(self->dev, info(first).id) == 1);
		CHECK(times_listed(self->dev, info(last).id) == 1);
		CHECK(times_listed(self->dev, info(hidden[149]).id) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, times_listed(self->dev, info(hidden[64]).id));
	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		close(hidden[i]);
	close(first);
	close(last);
}

/* ---- namespaces ---- */

TEST_F(permission, a_network_namespace_has_names_of_its_own)
{
	pid_t pid;

	pid = spawn();
	if (!pid) {
		int fd, inside;

		if (unshare(CLONE_NEWNET))
			_exit(SKIPPED);
		CHECK(open_name(self->dev, self->name) == -ENOENT);
		CHECK(times_listed(self->dev, self->id) == 0);
		CHECK(unlink_name(self->dev, self->name) == -ENOENT);
		fd = create(self->dev, self->name, 2 * PAGE);
		CHECK(fd >= 0);
		CHECK(info(fd).id != self->id);
		inside = open_name(self->dev, self->name);
		CHECK(info(inside).id == info(fd).id);
		CHECK(times_listed(self->dev, info(fd).id) == 1);
		/* handles cross namespaces, since they are not names */
		CHECK(info(self->fd).capacity == PAGE);
		CHECK(!notify(self->fd));
		_exit(0);
	}
	switch (reap(pid)) {
	case 0:
		break;
	case SKIPPED:
		SKIP(break, "no network namespaces here");
	default:
		EXPECT_EQ(0, 1) TH_LOG("the process in the namespace failed");
	}
	EXPECT_EQ(0, wait_until(self->fd, 0));
	EXPECT_EQ(1, times_listed(self->dev, self->id));
}

TEST_F(permission, the_end_of_a_namespace_takes_its_names)
{
	__u64 regions, bytes;
	pid_t pid;

	regions = query(self->dev).user_regions;
	bytes = query(self->dev).user_bytes;
	pid = spawn();
	if (!pid) {
		char name[16];
		int i, fd;

		if (unshare(CLONE_NEWNET))
			_exit(SKIPPED);
		for (i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "stays-%d", i);
			fd = create_as(self->dev, name, 4 * PAGE, 0,
				       ZINC_LIFETIME_PERSIST, 0);
			CHECK(fd >= 0);
			close(fd);
		}
		CHECK(query(self->dev).user_regions == regions + 20);
		_exit(0);
	}
	if (reap(pid) == SKIPPED)
		SKIP(return, "no network namespaces here");
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == regions));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == bytes));
}

/* A handle that left its namespace outlives it, nameless */
TEST_F(permission, a_handle_outlives_its_namespace)
{
	int fd = -1, pipefd[2], pidfd;
	pid_t pid;
	char *p;

	ASSERT_EQ(0, pipe(pipefd));
	pid = spawn();
	if (!pid) {
		char byte;

		close(pipefd[1]);
		if (unshare(CLONE_NEWNET))
			_exit(SKIPPED);
		fd = create_as(self->dev, "leaves", PAGE, 0,
			       ZINC_LIFETIME_PERSIST, 0);
		CHECK(fd >= 0);
		CHECK(dup2(fd, 200) == 200);
		close(fd);
		CHECK(read(pipefd[0], &byte, 1) == 0);
		_exit(0);
	}
	close(pipefd[0]);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	EXPECT_TRUE(EVENTUALLY((fd = syscall(SYS_pidfd_getfd, pidfd, 200, 0)) >= 0 ||
			       task_state(pid) == 'Z'));
	close(pipefd[1]);
	if (reap(pid) == SKIPPED)
		SKIP(return, "no network namespaces here");
	ASSERT_LE(0, fd);
	EXPECT_TRUE(EVENTUALLY(info(fd).flags & ZINC_INFO_UNLINKED));
	p = map_data(fd, PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	p[0] = 1;
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(-ENOENT, call(fd, ZINC_IOC_REGION_UNLINK, NULL));
	munmap(p, PAGE);
	close(fd);
	close(pidfd);
}

/*
 * In a user namespace of its own with ids 0 to 65535 there. @start is where
 * they begin here. The parent has to write the map.
 */
static bool map_ids(pid_t pid, unsigned int start)
{
	char path[64], map[64];

	snprintf(map, sizeof(map), "0 %u 65536\n", start);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (write_text(path, map))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return !write_text(path, map);
}

/* Root of a user namespace; with @net also of a network namespace in it */
static int be_root_of_a_namespace(int ready, int go, int flags)
{
	char byte = 0;

	if (unshare(CLONE_NEWUSER | flags))
		return SKIPPED;
	CHECK(write(ready, &byte, 1) == 1);
	CHECK(read(go, &byte, 1) == 1);
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(0, 0, 0));
	CHECK(!setresuid(0, 0, 0));
	return 0;
}

static int inside_with_net(FIXTURE_PTR(permission) self)
{
	int fd, user;
	pid_t pid;

	/* a user of the namespace, and the namespace's root */
	user = create_for(self->dev, 1000, 1000, "users", ZINC_LIFETIME_REFS, 0600);
	CHECK(user >= 0);
	CHECK(info(user).uid == 1000);
	fd = open_name(self->dev, "users");
	CHECK(fd >= 0);
	CHECK(times_listed(self->dev, info(user).id) == 1);
	CHECK(!unlink_name(self->dev, "users"));
	/* another user has no such right there */
	user = create(self->dev, "roots", PAGE);
	CHECK(user >= 0);
	pid = spawn();
	if (!pid) {
		become(1000, 1000, 1000);
		CHECK(open_name(self->dev, "roots") == -EACCES);
		CHECK(unlink_name(self->dev, "roots") == -EPERM);
		_exit(0);
	}
	CHECK(!reap(pid));
	/* an unmapped id is shown as nobody */
	CHECK(info(self->fd).uid == 65534);
	CHECK(info(self->fd).gid == 65534);
	return 0;
}

static int inside_without_net(FIXTURE_PTR(permission) self)
{
	/* root, but not here: the network namespace is the first one's */
	CHECK(open_name(self->dev, self->name) == -EACCES);
	CHECK(unlink_name(self->dev, self->name) == -EPERM);
	CHECK(times_listed(self->dev, self->id) == 0);
	return 0;
}

static int in_user_namespace(FIXTURE_PTR(permission) self, int flags,
			     int (*inside)(FIXTURE_PTR(permission)))
{
	int ready[2], go[2];
	char byte = 0;
	pid_t pid;

	CHECK(!pipe(ready) && !pipe(go));
	pid = spawn();
	if (!pid) {
		int ret;

		close(ready[0]);
		close(go[1]);
		ret = be_root_of_a_namespace(ready[1], go[0], flags);
		_exit(ret ? ret : inside(self));
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &byte, 1) == 1 && map_ids(pid, 100000))
		CHECK(write(go[1], &byte, 1) == 1);
	close(ready[0]);
	close(go[1]);
	return reap(pid);
}

TEST_F(permission, root_of_a_namespace_is_root_there)
{
	int status;

	status = in_user_namespace(self, CLONE_NEWNET, inside_with_net);
	if (status == SKIPPED)
		SKIP(return, "no user namespaces here");
	EXPECT_EQ(0, status);
}

TEST_F(permission, root_of_a_namespace_is_nobody_elsewhere)
{
	int status;

	status = in_user_namespace(self, 0, inside_without_net);
	if (status == SKIPPED)
		SKIP(return, "no user namespaces here");
	EXPECT_EQ(0, status);
}

/* ---- limits ---- */

#define MAX_REGIONS	MODULE "/parameters/max_regions"
#define MAX_BYTES	MODULE "/parameters/max_bytes"

FIXTURE(limits)
{
	int dev;
	char regions[32];
	char bytes[32];
};

FIXTURE_SETUP(limits)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	snprintf(self->regions, sizeof(self->regions), "%s", file_text(MAX_REGIONS));
	snprintf(self->bytes, sizeof(self->bytes), "%s", file_text(MAX_BYTES));
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, write_text(MAX_REGIONS, self->regions));
	EXPECT_EQ(0, write_text(MAX_BYTES, self->bytes));
	close(self->dev);
}

static int set_limits(unsigned int regions, unsigned long long bytes)
{
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%u\n", regions);
	err = write_text(MAX_REGIONS, text);
	snprintf(text, sizeof(text), "%llu\n", bytes);
	return err ? err : write_text(MAX_BYTES, text);
}

TEST_F(limits, regions)
{
	pid_t pid;

	ASSERT_EQ(0, set_limits(5, 0));
	pid = spawn();
	if (!pid) {
		struct zinc_create c = create_args("one-too-many", PAGE);
		int fds[5], i, again;

		become(ALICE, ALICE, ALICE);
		CHECK(query(self->dev).max_regions == 5);
		CHECK(query(self->dev).max_bytes == 0);
		for (i = 0; i < 5; i++) {
			fds[i] = create(self->dev, i ? "" : "first", PAGE);
			CHECK(fds[i] >= 0);
		}
		CHECK(query(self->dev).user_regions == 5);
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -EDQUOT);
		CHECK(open_name(self->dev, "one-too-many") == -ENOENT);
		/* further handles are not further regions */
		again = open_name(self->dev, "first");
		CHECK(again >= 0);
		CHECK(reopen_as(again, 0) >= 0);
		/* a region counts once, and no more when it is gone */
		close(fds[1]);
		fds[1] = create(self->dev, "", PAGE);
		CHECK(fds[1] >= 0);
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -EDQUOT);
		close(fds[0]);
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -EDQUOT);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* the dead count no more, and others have limits of their own */
	for (int i = 0; i < 2; i++) {
		pid = spawn();
		if (!pid) {
			become(i ? BOB : ALICE, BOB, BOB);
			for (int n = 0; n < 5; n++)
				CHECK(create(self->dev, "", PAGE) >= 0);
			CHECK(create(self->dev, "", PAGE) == -EDQUOT);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid));
	}
}

TEST_F(limits, bytes)
{
	pid_t pid;

	ASSERT_EQ(0, set_limits(0, 10 * PAGE));
	pid = spawn();
	if (!pid) {
		struct zinc_create c = create_args("too-large", 11 * PAGE);
		int a, b;

		become(ALICE, ALICE, ALICE);
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOSPC);
		c.flags = ZINC_LAZY;
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOSPC);
		c.capacity = ZINC_CAPACITY_MAX;
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOSPC);
		CHECK(open_name(self->dev, "too-large") == -ENOENT);
		a = create(self->dev, "", 10 * PAGE);
		CHECK(a >= 0);
		CHECK(query(self->dev).user_bytes == 10 * PAGE);
		c.capacity = PAGE;
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOSPC);
		close(a);
		a = create_as(self->dev, "", 6 * PAGE, ZINC_LAZY, 0, 0);
		CHECK(a >= 0);
		b = create(self->dev, "", 4 * PAGE);
		CHECK(b >= 0);
		CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(limits, a_mapping_is_charged_as_long_as_it_is_there)
{
	pid_t pid;

	ASSERT_EQ(0, set_limits(0, 10 * PAGE));
	pid = spawn();
	if (!pid) {
		int fd;
		char *p;

		become(ALICE, ALICE, ALICE);
		fd = create(self->dev, "", 10 * PAGE);
		CHECK(fd >= 0);
		p = map_data(fd, 10 * PAGE, PROT_READ | PROT_WRITE);
		CHECK(p);
		close(fd);
		CHECK(create(self->dev, "", PAGE) == -ENOSPC);
		/* a part of it is all of it */
		CHECK(!munmap(p, 9 * PAGE));
		CHECK(create(self->dev, "", PAGE) == -ENOSPC);
		CHECK(!munmap(p + 9 * PAGE, PAGE));
		CHECK(create(self->dev, "", 10 * PAGE) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(limits, the_creator_is_charged_whoever_maps)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, set_limits(2, 0));
	fd = create_for(self->dev, ALICE, ALICE, "", ZINC_LIFETIME_REFS, 0);
	ASSERT_LE(0, fd);
	pid = spawn();
	if (!pid) {
		become(BOB, BOB, BOB);
		CHECK(query(self->dev).user_regions == 0);
		CHECK(create(self->dev, "", PAGE) >= 0);
		CHECK(create(self->dev, "", PAGE) >= 0);
		CHECK(create(self->dev, "", PAGE) == -EDQUOT);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = spawn();
	if (!pid) {
		become(ALICE, ALICE, ALICE);
		CHECK(query(self->dev).user_regions == 1);
		CHECK(query(self->dev).user_bytes == PAGE);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_F(limits, root_is_exempt)
{
	int a, b;

	ASSERT_EQ(0, set_limits(1, PAGE));
	a = create(self->dev, "", 2 * PAGE);
	b = create(self->dev, "", 2 * PAGE);
	EXPECT_LE(0, a);
	EXPECT_LE(0, b);
	close(a);
	close(b);
}

TEST_F(limits, a_failed_create_costs_nothing)
{
	pid_t pid;

	ASSERT_EQ(0, set_limits(2, 10 * PAGE));
	pid = spawn();
	if (!pid) {
		int fd, i;

		become(ALICE, ALICE, ALICE);
		fd = create(self->dev, "taken", PAGE);
		CHECK(fd >= 0);
		for (i = 0; i < 50; i++) {
			CHECK(create(self->dev, "taken", PAGE) == -EEXIST);
			CHECK(create(self->dev, "", 10 * PAGE) == -ENOSPC);
			CHECK(create(self->dev, "a/b", PAGE) == -EINVAL);
		}
		CHECK(query(self->dev).user_regions == 1);
		CHECK(query(self->dev).user_bytes == PAGE);
		CHECK(create(self->dev, "", 9 * PAGE) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- memory control groups ---- */

#define CGROUPS	"/sys/fs/cgroup"
#define GROUP	CGROUPS "/zinc-test"
#define MIB	1048576ULL

FIXTURE(memcg)
{
	int dev;
	bool there;
};

FIXTURE_SETUP(memcg)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	/* the controller is there if the group has its files */
	mkdir(GROUP, 0755);
	self->there = !access(GROUP "/memory.max", W_OK) &&
		      !write_text(GROUP "/memory.max", "67108864\n");
	if (!access(GROUP "/memory.swap.max", W_OK))
		write_text(GROUP "/memory.swap.max", "0\n");
}

FIXTURE_TEARDOWN(memcg)
{
	EXPECT_TRUE(!self->there || EVENTUALLY(!rmdir(GROUP)));
	close(self->dev);
}

static unsigned long long group_number(const char *file, const char *key)
{
	char path[64];
	const char *p;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	p = file_text(path);
	if (key)
		p = strstr(p, key);
	return p ? strtoull(p + (key ? strlen(key) : 0), NULL, 10) : ~0ULL;
}

static void join_group(void)
{
	CHECK(!write_text(GROUP "/cgroup.procs", "0\n"));
}

TEST_F(memcg, a_full_group_is_an_error_of_create)
{
	struct zinc_query before = query(self->dev);
	pid_t bystander, pid;
	char *memory;

	if (!self->there)
		SKIP(return, "no memory control group here");
	bystander = spawn();
	if (!bystander) {
		join_group();
		memory = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(memory != MAP_FAILED);
		for (;;) {
			memset(memory, 1, 8 * MIB);
			sleep_ms(10);
		}
	}
	EXPECT_TRUE(EVENTUALLY(group_number("memory.current", NULL) >= 8 * MIB));
	pid = spawn();
	if (!pid) {
		struct zinc_create c = create_args("too-much", 128 * MIB);
		int i;

		join_group();
		for (i = 0; i < 3; i++) {
			CHECK(refused(self->dev, ZINC_IOC_CREATE, &c) == -ENOMEM);
			CHECK(open_name(self->dev, "too-much") == -ENOENT);
		}
		/* it was that one region that was too much */
		CHECK(create(self->dev, "", 16 * MIB) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, group_number("memory.events", "\noom_kill "));
	EXPECT_NE(0, task_state(bystander));
	EXPECT_EQ(0, kill(bystander, SIGTERM));
	EXPECT_EQ(128 + SIGTERM, reap(bystander));
	EXPECT_EQ(before.user_regions, query(self->dev).user_regions);
	EXPECT_EQ(before.user_bytes, query(self->dev).user_bytes);
}

TEST_F(memcg, the_creators_group_is_charged)
{
	unsigned long long start;
	int go[2], fd = -1;
	char *p, byte;
	pid_t pid;

	if (!self->there)
		SKIP(return, "no memory control group here");
	ASSERT_EQ(0, pipe(go));
	start = group_number("memory.current", NULL);
	pid = spawn();
	if (!pid) {
		close(go[1]);
		join_group();
		fd = create_as(self->dev, "charged", 16 * MIB, 0,
			       ZINC_LIFETIME_PERSIST, 0);
		CHECK(fd >= 0);
		CHECK(read(go[0], &byte, 1) == 0);
		_exit(0);
	}
	close(go[0]);
	EXPECT_TRUE(EVENTUALLY((fd = open_name(self->dev, "charged")) >= 0));
	EXPECT_LE(start + 16 * MIB, group_number("memory.current", NULL));
	EXPECT_LE(16 * MIB, group_number("memory.stat", "\nshmem "));
	p = map_data(fd, 16 * MIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	memset(p, 1, 16 * MIB);
	close(go[1]);
	EXPECT_EQ(0, reap(pid));
	/* it stays so when the creator is gone, and ends with the pages */
	EXPECT_LE(16 * MIB, group_number("memory.stat", "\nshmem "));
	EXPECT_EQ(0, unlink_name(self->dev, "charged"));
	close(fd);
	EXPECT_LE(16 * MIB, group_number("memory.stat", "\nshmem "));
	munmap(p, 16 * MIB);
	EXPECT_TRUE(EVENTUALLY(group_number("memory.stat", "\nshmem ") < 16 * MIB));
}

TEST_HARNESS_MAIN
