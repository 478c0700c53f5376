// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes that have a POSIX region open, by the kernel's locks and not by
 * pids: across pid namespaces, after SIGKILL, of zombies, and of processes that
 * never close. And the consequences: names that are taken over, removed, or
 * left alone.
 */
#include "lib_test.h"

#define AT_FLAGS	10
#define AT_REF_COUNT	24
#define AT_OWNER_PID	28
#define LOCKED		(1 << 12)

static struct zinc_region_info stat_of(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t ret = zinc_stat(name, &info);

	CHECK(!ret || ret == -ENOENT);
	if (ret)
		info.flags = UINT32_MAX;
	return info;
}

static bool is_stale(const char *name)
{
	return stat_of(name).flags & ZINC_INFO_STALE;
}

/* A creator in a process of its own, which holds the region until it is killed */
static pid_t creator_of(const char *name, uint32_t lifetime)
{
	struct signpost made;
	zinc_handle region;
	pid_t pid;

	post_init(&made);
	IN_CHILD(pid) {
		CHECK(!create_mode(name, 0600, lifetime, &region));
		memcpy(zinc_ptr(region), "old", 4);
		post(&made);
		pause();
	}
	await(&made);
	close(made.fds[0]);
	close(made.fds[1]);
	return pid;
}

/* It stays a zombie: it has ended, and its parent has not waited for it */
static void kill_and_leave(pid_t pid)
{
	siginfo_t info;

	CHECK(!kill(pid, SIGKILL));
	CHECK(!waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
}

TEST(zombie_is_dead)
{
	const char *name = named("zombie");
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	pid = creator_of(name, ZINC_LIFETIME_REFS);
	EXPECT_FALSE(is_stale(name));
	EXPECT_EQ(stat_of(name).handles, 1);
	EXPECT_EQ(stat_of(name).flags & ZINC_INFO_CREATOR_GONE, 0);
	kill_and_leave(pid);
	EXPECT_TRUE(is_stale(name));
	EXPECT_EQ(stat_of(name).handles, 0);
	/* a stale name cannot be opened, and the next creator takes it */
	EXPECT_EQ(zinc_open(name, &region), -ENOENT);
	EXPECT_EQ(open_readonly(name, &region), -ENOENT);
	ASSERT_EQ(zinc_create(name, 2 * PAGE, &region), 0);
	EXPECT_EQ(zinc_ptr(region)[0], 0);
	EXPECT_EQ(zinc_capacity(region), 2 * PAGE);
	EXPECT_FALSE(is_stale(name));
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
	reap(pid);
}

/* Never from a live one, however long ago its creator has closed it */
TEST(living_names_are_not_taken)
{
	const char *name = named("living");
	zinc_handle out = POISON;
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	pid = creator_of(name, ZINC_LIFETIME_REFS);
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	ASSERT_EQ(open_readonly(name, &region), 0);
	kill_and_leave(pid);
	/* as with the module: open handles keep it */
	EXPECT_FALSE(is_stale(name));
	EXPECT_EQ(stat_of(name).handles, 1);
	EXPECT_EQ(stat_of(name).flags & ZINC_INFO_CREATOR_GONE,
		  ZINC_INFO_CREATOR_GONE);
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	EXPECT_STREQ((char *)zinc_ptr(region), "old");
	EXPECT_EQ(probe(name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
	reap(pid);
}

/* With this lifetime a producer starts again, even while others have the old region */
TEST(lifetime_creator_is_taken_over)
{
	const char *name = named("restart");
	zinc_handle old, region;
	pid_t pid;

	NEED_SHM();
	pid = creator_of(name, ZINC_LIFETIME_CREATOR);
	ASSERT_EQ(zinc_open(name, &old), 0);
	EXPECT_EQ(zinc_create(name, PAGE, &region), -EEXIST);
	kill_and_leave(pid);
	EXPECT_TRUE(is_stale(name));
	EXPECT_EQ(probe(name), -ENOENT);
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	EXPECT_EQ(zinc_ptr(region)[0], 0);
	EXPECT_STREQ((char *)zinc_ptr(old), "old");
	EXPECT_EQ(info_of(old).flags & ZINC_INFO_UNLINKED, ZINC_INFO_UNLINKED);
	zinc_close(old);
	EXPECT_EQ(probe(name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
	reap(pid);
}

TEST(persistent_names_are_not_taken)
{
	const char *name = named("stays");
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	pid = creator_of(name, ZINC_LIFETIME_PERSIST);
	kill_and_leave(pid);
	EXPECT_FALSE(is_stale(name));
	EXPECT_EQ(stat_of(name).handles, 0);
	EXPECT_EQ(zinc_create(name, PAGE, &region), -EEXIST);
	EXPECT_EQ(probe(name), 0);
	EXPECT_EQ(zinc_unlink(name), 0);
	reap(pid);
}

/* Processes that end without zinc_close() are in the header for ever */
TEST(count_without_the_dead)
{
	const char *name = named("leaks");
	zinc_handle region, other;
	pid_t pid;
	int i;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	for (i = 0; i < 3; i++) {
		IN_CHILD(pid)
			CHECK(!zinc_open(name, &other));
		ASSERT_EQ(reap(pid), 0);
	}
	EXPECT_EQ(header_u32(region, AT_REF_COUNT), 4);
	EXPECT_EQ(info_of(region).handles, 1);
	EXPECT_EQ(stat_of(name).handles, 1);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* Of the bytes on which handles hold their locks; the first is the creator's */
#define FIRST_BYTE	((off_t)1 << 62)
#define BYTES		0x10000

/* A description of the object, with a lock on some of them */
static int hold_bytes(const char *name, off_t first, off_t count)
{
	struct flock lock = {
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = FIRST_BYTE + first,
		.l_len = count,
	};
	int fd = open(object(name), O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(!fcntl(fd, F_OFD_SETLK, &lock));
	return fd;
}

TEST(count_of_the_first_and_the_last_byte)
{
	const char *name = named("bytes");
	zinc_handle region;
	int fds[2];

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	fds[0] = hold_bytes(name, 1, 1);
	EXPECT_EQ(info_of(region).handles, 2);
	fds[1] = hold_bytes(name, BYTES - 1, 1);
	EXPECT_EQ(info_of(region).handles, 3);
	zinc_close(region);
	EXPECT_EQ(stat_of(name).handles, 2);
	close(fds[0]);
	EXPECT_FALSE(is_stale(name));
	close(fds[1]);
	EXPECT_TRUE(is_stale(name));
	forget(name);
}

/* Half of the bytes are taken: a handle that comes there goes on */
TEST(bytes_are_not_shared)
{
	const char *name = named("half");
	zinc_handle region, handles[20];
	int i, fd;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	fd = hold_bytes(name, 1, BYTES / 2);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(zinc_open(name, &handles[i]), 0);
		EXPECT_EQ(info_of(region).handles, i + 3);
	}
	for (i = 0; i < 20; i++)
		zinc_close(handles[i]);
	close(fd);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
}

/* Read-only handles are handles like others, and each is counted once */
TEST(count_of_many)
{
	const char *name = named("many");
	const int n = 300;
	zinc_handle handles[n];
	zinc_handle region;
	int i;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(i % 3 ? zinc_open(name, &handles[i]) :
				  open_readonly(name, &handles[i]), 0);
		if (!(i % 50)) {
			ASSERT_EQ(info_of(handles[i / 2]).handles, i + 2);
			ASSERT_EQ(stat_of(name).handles, i + 2);
		}
	}
	zinc_close(region);
	EXPECT_EQ(stat_of(name).handles, n);
	EXPECT_FALSE(is_stale(name));
	for (i = 0; i < n - 1; i++)
		zinc_close(handles[i]);
	EXPECT_EQ(info_of(handles[n - 1]).handles, 1);
	EXPECT_EQ(probe(name), 0);
	zinc_close(handles[n - 1]);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* The last one to close may be a reader, if the name is its to remove */
TEST(reader_is_the_last)
{
	const char *name = named("reader");
	zinc_handle region, reader;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	ASSERT_EQ(open_readonly(name, &reader), 0);
	EXPECT_EQ(info_of(reader).handles, 2);
	zinc_close(region);
	EXPECT_EQ(stat_of(name).handles, 1);
	EXPECT_EQ(probe(name), 0);
	zinc_close(reader);
	EXPECT_NE(access(object(name), F_OK), 0);
}

/* A copy by fork() keeps the region, where the one that made it has not closed */
TEST(fork_keeps_it)
{
	const char *name = named("fork");
	struct signpost ready, go;
	zinc_handle region;
	pid_t maker, copy;

	NEED_SHM();
	post_init(&ready);
	post_init(&go);
	IN_CHILD(maker) {
		CHECK(!zinc_create(name, PAGE, &region));
		copy = fork();
		CHECK(copy >= 0);
		if (copy)
			_exit(0);
		post(&ready);
		await(&go);
		CHECK(!is_stale(name));
		zinc_close(region);
		post(&ready);
		_exit(0);
	}
	await(&ready);
	ASSERT_EQ(reap(maker), 0);
	EXPECT_FALSE(is_stale(name));
	EXPECT_EQ(stat_of(name).handles, 1);
	post(&go);
	await(&ready);
	/* the close of a copy takes nothing from the header, but frees the name */
	EXPECT_EQ(probe(name), -ENOENT);
	EXPECT_NE(access(object(name), F_OK), 0);
}

/* Locks of other kinds are others' business, and change nothing */
TEST(beside_flock)
{
	struct flock whole = { .l_type = F_WRLCK };
	const char *name = named("beside");
	zinc_handle region, other;
	int fd;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	fd = open(object(name), O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	whole.l_len = PAGE;
	ASSERT_EQ(fcntl(fd, F_SETLK, &whole), 0);
	ASSERT_EQ(zinc_open(name, &other), 0);
	EXPECT_EQ(info_of(other).handles, 2);
	zinc_close(other);
	close(fd);
	EXPECT_EQ(info_of(region).handles, 1);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* Of several that want a dead one's name at once, one gets it. Return: how many */
static int race(const char *name, uint32_t lifetime)
{
	enum { CREATORS = 3 };
	struct signpost go;
	zinc_handle region;
	pid_t pids[CREATORS], dead;
	int i, won = 0, fds[2];
	int32_t ret;

	post_init(&go);
	CHECK(!pipe2(fds, O_CLOEXEC));
	IN_CHILD(dead)
		CHECK(!create_mode(name, 0600, lifetime, &region));
	CHECK(!reap(dead));
	for (i = 0; i < CREATORS; i++) {
		IN_CHILD(pids[i]) {
			await(&go);
			ret = create_mode(name, 0600, lifetime, &region);
			CHECK(write(fds[1], &ret, sizeof(ret)) == sizeof(ret));
			pause();
		}
	}
	for (i = 0; i < CREATORS; i++)
		post(&go);
	for (i = 0; i < CREATORS; i++) {
		CHECK(read(fds[0], &ret, sizeof(ret)) == sizeof(ret));
		CHECK(!ret || ret == -EEXIST);
		won += !ret;
	}
	CHECK(stat_of(name).capacity == PAGE);
	for (i = 0; i < CREATORS; i++) {
		kill(pids[i], SIGKILL);
		reap(pids[i]);
	}
	close(go.fds[0]);
	close(go.fds[1]);
	close(fds[0]);
	close(fds[1]);
	return won;
}

TEST(racing_creators)
{
	const char *name = named("race");
	zinc_handle region;
	pid_t looker;
	int32_t ret;
	int i;

	NEED_SHM();
	for (i = 0; i < 50; i++)
		ASSERT_EQ(race(name, ZINC_LIFETIME_REFS), 1);
	forget(name);
	/* it sees no region, or a whole one; and has it when its creator dies */
	IN_CHILD(looker) {
		for (;;) {
			ret = zinc_open(name, &region);
			CHECK(!ret || ret == -ENOENT);
			if (ret)
				continue;
			CHECK(zinc_capacity(region) == PAGE);
			zinc_close(region);
		}
	}
	for (i = 0; i < 50; i++)
		ASSERT_EQ(race(name, ZINC_LIFETIME_CREATOR), 1);
	EXPECT_FALSE(ended(looker));
	kill(looker, SIGKILL);
	EXPECT_EQ(reap(looker), -SIGKILL);
	forget(name);
}

/* ---- pid namespaces ---- */

/* The first process of a pid namespace of its own, as in a container */
#define IN_CONTAINER(pid)						\
	for (pid = container(); pid == 0; _exit(0))

static pid_t container(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL,
			    0);

	CHECK(pid >= 0);
	if (!pid)
		alarm(PATIENCE_MS / 1000);
	return pid;
}

TEST(container_starts_again)
{
	const char *name = named("container");
	struct signpost made;
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	post_init(&made);
	IN_CONTAINER(pid) {
		CHECK(getpid() == 1);
		CHECK(!zinc_create(name, PAGE, &region));
		post(&made);
		pause();
	}
	await(&made);
	EXPECT_FALSE(is_stale(name));
	EXPECT_EQ(stat_of(name).creator_pid, 1);
	kill_and_leave(pid);
	EXPECT_TRUE(is_stale(name));
	reap(pid);
	/* the same pid again, and this one is alive */
	IN_CONTAINER(pid) {
		CHECK(getpid() == 1);
		CHECK(is_stale(name));
		CHECK(!zinc_create(name, PAGE, &region));
		CHECK(!is_stale(name));
		zinc_close(region);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* In the namespace, the outer pid is invisible, which proves nothing */
TEST(container_leaves_others_alone)
{
	const char *name = named("outside");
	zinc_handle region, out;
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	IN_CONTAINER(pid) {
		CHECK(kill(info_of(region).creator_pid, 0));
		CHECK(!is_stale(name));
		CHECK(zinc_create(name, PAGE, &out) == -EEXIST);
		CHECK(!probe(name));
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(probe(name), 0);
	zinc_close(region);
}

/* ---- regions of libraries that hold no lock ---- */

static void make_foreign(const char *name, int32_t pid, uint32_t count)
{
	uint8_t header[HEADER] = { 0 };
	uint64_t magic = MAGIC, capacity = PAGE, hash = fnv1a(name);
	uint16_t version = 2;
	int fd = open(object(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0600);

	memcpy(header + 8, &version, 2);
	memcpy(header + 16, &capacity, 8);
	memcpy(header + 24, &count, 4);
	memcpy(header + 28, &pid, 4);
	memcpy(header + 40, &hash, 8);
	memcpy(header, &magic, 8);
	CHECK(fd >= 0);
	CHECK(!ftruncate(fd, HEADER + PAGE));
	CHECK(pwrite(fd, header, HEADER, 0) == HEADER);
	close(fd);
}

static uint32_t fate(const char *name)
{
	return stat_of(name).flags & (ZINC_INFO_STALE | ZINC_INFO_UNKNOWN);
}

/* Are these tests in the machine's first pid namespace? Else all is unknown. */
static uint32_t fate_of_the_dead(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == 0xEFFFFFFC &&
	       !access("/proc/1/status", R_OK) ?
	       ZINC_INFO_STALE : ZINC_INFO_UNKNOWN;
}

TEST(foreign_by_pid)
{
	const char *name = named("foreign");
	zinc_handle region, out = POISON;
	pid_t dead, pid;

	NEED_SHM();
	IN_CHILD(dead)
		;
	make_foreign(name, getpid(), 1);
	EXPECT_EQ(fate(name), 0);
	EXPECT_EQ(stat_of(name).handles, 1);
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	ASSERT_EQ(zinc_open(name, &region), 0);
	EXPECT_EQ(info_of(region).handles, 2);
	zinc_close(region);
	EXPECT_EQ(stat_of(name).handles, 1);

	make_foreign(name, 0, 1);
	EXPECT_EQ(fate(name), ZINC_INFO_UNKNOWN);

	/* a zombie, and then not even that */
	while (!ended(dead))
		sleep_ms(1);
	make_foreign(name, dead, 1);
	EXPECT_EQ(fate(name), fate_of_the_dead());
	ASSERT_EQ(reap(dead), 0);
	EXPECT_EQ(fate(name), fate_of_the_dead());
	if (!geteuid()) {
		IN_CONTAINER(pid) {
			CHECK(fate(name) == ZINC_INFO_UNKNOWN);
			CHECK(zinc_create(name, PAGE, &out) == -EEXIST);
			make_foreign(name, 1, 1);
			CHECK(!fate(name));
			make_foreign(name, dead, 1);
		}
		EXPECT_EQ(reap(pid), 0);
	}
	if (fate_of_the_dead() == ZINC_INFO_UNKNOWN) {
		EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
		EXPECT_EQ(zinc_unlink(name), 0);
		return;
	}
	ASSERT_EQ(zinc_create(name, 2 * PAGE, &region), 0);
	EXPECT_EQ(fate(name), 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* Its pid is that of no process here, but of one in another namespace */
TEST(foreign_in_a_container)
{
	const char *name = named("inside");
	struct signpost made, go;
	zinc_handle out;
	pid_t pid, filler;
	int32_t inner;
	int fds[2];
	int i;

	NEED_SHM();
	NEED_ROOT();
	post_init(&made);
	post_init(&go);
	ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
	IN_CONTAINER(pid) {
		/* a pid that the outer namespace has not: it is free there */
		for (i = 0; i < 5; i++) {
			IN_CHILD(filler)
				;
			reap(filler);
		}
		IN_CHILD(filler) {
			inner = getpid();
			make_foreign(name, inner, 1);
			CHECK(write(fds[1], &inner, 4) == 4);
			await(&go);
		}
		CHECK(!reap(filler));
	}
	ASSERT_EQ(read(fds[0], &inner, 4), 4);
	/* it lives: never stale, whether or not the pid exists in this namespace */
	EXPECT_NE(fate(name), ZINC_INFO_STALE);
	EXPECT_EQ(zinc_create(name, PAGE, &out), -EEXIST);
	post(&go);
	EXPECT_EQ(reap(pid), 0);
	forget(name);
}

/* The name of the object is what the maps show, of its creator as well */
TEST(mapped_by_name)
{
	const char *name = named("maps");
	zinc_handle region;
	char line[512];
	FILE *maps;
	int found = 0;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	maps = fopen("/proc/self/maps", "r");
	ASSERT_NE(maps, NULL);
	while (fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = 0;
		if (!strstr(line, "/dev/shm/"))
			continue;
		EXPECT_STREQ(strstr(line, "/dev/shm/"), object(name));
		found++;
	}
	fclose(maps);
	EXPECT_EQ(found, 1);
	zinc_close(region);
}

TEST_HARNESS_MAIN
