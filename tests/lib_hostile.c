// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile peer that may write the POSIX object: it overwrites the header,
 * truncates the object, or replaces it. If the library can detect that, it must
 * return an error, not end the process; if it cannot, the result is SIGBUS, as
 * zinc.h states. The victim is a separate process, and its end is the result.
 */

#include "lib_test.h"

#include <ctype.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PAGES	4
#define FULL	((off_t)(HEADER + PAGES * PAGE))
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	int offset;
	int width;
} fields[] = {
	{ "magic", AT_MAGIC, 8 },
	{ "version", AT_VERSION, 2 },
	{ "flags", AT_FLAGS, 2 },
	{ "sequence", AT_SEQUENCE, 4 },
	{ "capacity", AT_CAPACITY, 8 },
	{ "ref_count", AT_REF_COUNT, 4 },
	{ "owner_pid", AT_OWNER_PID, 4 },
	{ "created_at", AT_CREATED_AT, 8 },
	{ "name_hash", AT_NAME_HASH, 8 },
	{ "waiters", AT_WAITERS, 4 },
	{ "registered", AT_REGISTERED, 4 },
	{ "reserved", AT_RESERVED, 8 },
};

/* Little ends of these are what a field gets */
static const uint64_t values[] = {
	0, 1, 2, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
	1ULL << 40, 1ULL << 63, UINT64_MAX - HEADER + 1, UINT64_MAX,
};

/* How a victim holds the region */
enum hold { OPENED, OPENED_READONLY, CREATED, HOLDS };

/* ---- the peer: it knows the object, and the library is not asked ---- */

static int object_fd(const char *name)
{
	int fd = open(object(name), O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void truncate_object(const char *name, off_t size)
{
	int fd = object_fd(name);

	CHECK(!ftruncate(fd, size));
	close(fd);
}

static void scribble(const char *name, int offset, const void *bytes, int size)
{
	int fd = object_fd(name);

	CHECK(pwrite(fd, bytes, size, offset) == size);
	close(fd);
}

static uint32_t count_of(const char *name)
{
	int fd = object_fd(name);
	uint32_t count;

	CHECK(pread(fd, &count, sizeof(count), AT_REF_COUNT) == sizeof(count));
	close(fd);
	return count;
}

/* A region without handles that stays */
static void make_persistent(const char *name)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.lifetime = ZINC_LIFETIME_PERSIST,
	};
	zinc_handle region;

	forget(name);
	CHECK(!zinc_create_with(name, PAGES * PAGE, &options, &region));
	zinc_close(region);
}

/* ---- the victim ---- */

static zinc_handle held(const char *name, enum hold hold)
{
	zinc_handle region;

	switch (hold) {
	case OPENED:
		CHECK(!zinc_open(name, &region));
		break;
	case OPENED_READONLY:
		CHECK(!open_readonly(name, &region));
		break;
	default:
		forget(name);
		CHECK(!zinc_create(name, PAGES * PAGE, &region));
	}
	return region;
}

static struct zinc_region_info stat_of(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	CHECK(!zinc_stat(name, &info));
	return info;
}

static bool is_invalid(struct zinc_region_info info)
{
	return info.flags & ZINC_INFO_INVALID;
}

/* The flags of a name in zinc_list(); all bits if the name does not exist */
static uint32_t listed(const char *name)
{
	struct zinc_region_info *list;
	uint32_t flags = UINT32_MAX;
	size_t count, i;

	CHECK(!zinc_list(&list, &count, sizeof(*list)));
	for (i = 0; i < count; i++) {
		if (!strcmp(list[i].name, name))
			flags = list[i].flags;
	}
	zinc_list_free(list);
	return flags;
}

/* All of the data can be read, and nothing past them is promised */
static void touch(zinc_handle region)
{
	volatile const uint8_t *data = zinc_ptr(region);

	(void)data[0];
	(void)data[zinc_capacity(region) - 1];
}

/* Every call there is, on a handle whose header says anything */
static void use(zinc_handle region, const char *name)
{
	struct zinc_region_info info = info_of(region);
	struct zinc_region_info now = { .size = sizeof(now) };
	int32_t ret;

	CHECK(info.size && info.capacity == PAGES * PAGE);
	CHECK(!strcmp(info.name, name));
	ret = zinc_stat(name, &now);
	CHECK(!ret && now.id == info.id && now.uid == geteuid());
	/* by its name it may be another region, of a smaller capacity */
	CHECK(is_invalid(info) || !is_invalid(now));
	CHECK(listed(name) != UINT32_MAX);
	CHECK(zinc_capacity(region) == PAGES * PAGE);
	zinc_notify(region);
	ret = zinc_try_wait(region);
	CHECK(!ret || ret == -EAGAIN);
	ret = zinc_wait(region, 1);
	CHECK(!ret || ret == -ETIMEDOUT);
	ret = zinc_wait_any(&region, 1, 1, NULL);
	CHECK(!ret || ret == -ETIMEDOUT || ret == -EOPNOTSUPP);
	touch(region);
}

/* The open of a region whose header says anything: its size, or an error */
static void try_open(const char *name, bool readonly)
{
	zinc_handle region = POISON;
	struct stat st;
	int32_t ret;

	ret = readonly ? open_readonly(name, &region) :
			 zinc_open(name, &region);
	if (ret) {
		CHECK(!region && (ret == -EBADMSG || ret == -ENOENT));
		return;
	}
	CHECK(!stat(object(name), &st));
	CHECK(zinc_capacity(region) <= (size_t)st.st_size - HEADER);
	touch(region);
	zinc_close(region);
}

/*
 * A victim in two steps: it has the region, the parent does its harm, and the
 * block that follows is what the victim does then.
 */
struct stage {
	struct signpost ready;
	struct signpost go;
};

static void stage_init(struct stage *stage)
{
	post_init(&stage->ready);
	post_init(&stage->go);
}

static void stage_close(struct stage *stage)
{
	close(stage->ready.fds[0]);
	close(stage->ready.fds[1]);
	close(stage->go.fds[0]);
	close(stage->go.fds[1]);
}

static void curtain(struct stage *stage)
{
	post(&stage->ready);
	await(&stage->go);
}

/* ---- the header ---- */

TEST(header_before_open)
{
	const char *name = named("before");
	size_t i, j;
	pid_t pid;

	NEED_SHM();
	for (i = 0; i < COUNT(fields); i++) {
		for (j = 0; j < COUNT(values); j++) {
			make_persistent(name);
			scribble(name, fields[i].offset, &values[j],
				 fields[i].width);
			IN_CHILD(pid) {
				try_open(name, false);
				try_open(name, true);
				CHECK(listed(name) != UINT32_MAX);
			}
			EXPECT_EQ(reap(pid), 0) {
				TH_LOG("%s %#llx", fields[i].name,
				       (unsigned long long)values[j]);
			}
		}
	}
	forget(name);
}

TEST(header_of_open_handles)
{
	const char *name = named("under");
	zinc_handle region;
	size_t i, j;
	pid_t pid;

	NEED_SHM();
	for (i = 0; i < COUNT(fields); i++) {
		for (j = 0; j < COUNT(values); j++) {
			make_persistent(name);
			IN_CHILD(pid) {
				region = held(name, OPENED);
				scribble(name, fields[i].offset, &values[j],
					 fields[i].width);
				use(region, name);
				zinc_close(region);
			}
			EXPECT_EQ(reap(pid), 0) {
				TH_LOG("%s %#llx", fields[i].name,
				       (unsigned long long)values[j]);
			}
		}
	}
	forget(name);
}

/* Information by handle and by name agrees */
TEST(handle_tells_that_its_header_is_bad)
{
	const struct {
		int offset;
		int width;
		uint64_t value;
	} harms[] = {
		{ AT_MAGIC, 8, 0 },
		{ AT_MAGIC, 8, 1 },
		{ AT_VERSION, 2, 1 },
		{ AT_CAPACITY, 8, 0 },
		{ AT_CAPACITY, 8, 1ULL << 40 },
	};
	const char *name = named("tells");
	struct zinc_region_info info;
	zinc_handle region;
	size_t i;

	NEED_SHM();
	for (i = 0; i < COUNT(harms); i++) {
		make_persistent(name);
		ASSERT_EQ(zinc_open(name, &region), 0);
		info = info_of(region);
		EXPECT_FALSE(is_invalid(info));
		scribble(name, harms[i].offset, &harms[i].value,
			 harms[i].width);
		info = info_of(region);
		EXPECT_TRUE(is_invalid(info)) {
			TH_LOG("harm %zu", i);
		}
		EXPECT_EQ(info.capacity, PAGES * PAGE);
		EXPECT_EQ(listed(name) & ZINC_INFO_INVALID, ZINC_INFO_INVALID);
		zinc_close(region);
	}
	forget(name);
}

/* The object is as long as the capacity says, or the header is not its own */
TEST(capacity_within_the_object)
{
	const uint64_t capacities[] = {
		100, PAGE / 2, PAGE, PAGES * PAGE / 2, (PAGES - 1) * PAGE,
		(PAGES - 1) * PAGE + HEADER, PAGES * PAGE - 1,
		PAGES * PAGE + 1, (PAGES + 1) * PAGE,
		(uint64_t)-(int64_t)PAGE, HEADER + PAGES * PAGE,
	};
	const char *name = named("within");
	zinc_handle region = POISON;
	size_t i;

	NEED_SHM();
	make_persistent(name);
	for (i = 0; i < COUNT(capacities); i++) {
		scribble(name, AT_CAPACITY, &capacities[i], 8);
		EXPECT_EQ(zinc_open(name, &region), -EBADMSG) {
			TH_LOG("capacity %#llx",
			       (unsigned long long)capacities[i]);
		}
		EXPECT_EQ(region, NULL);
	}
	forget(name);
}

/* A count that is full stays so: one more would make the region look dead */
TEST(count_does_not_wrap)
{
	const char *name = named("wrap");
	const uint32_t full = UINT32_MAX, none = 0;
	zinc_handle region;
	zinc_handle other;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	scribble(name, AT_REF_COUNT, &full, sizeof(full));
	ASSERT_EQ(zinc_open(name, &other), 0);
	EXPECT_EQ(count_of(name), full);
	EXPECT_EQ(probe(name), 0);
	zinc_close(other);
	EXPECT_EQ(count_of(name), full);
	EXPECT_EQ(probe(name), 0);
	scribble(name, AT_REF_COUNT, &none, sizeof(none));
	ASSERT_EQ(zinc_open(name, &other), 0);
	scribble(name, AT_REF_COUNT, &none, sizeof(none));
	zinc_close(other);
	EXPECT_EQ(count_of(name), none);
	/* what decides is not this count */
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* No process is killed, signalled or taken for dead because of a pid */
TEST(owner_that_is_nobody)
{
	const int32_t pids[] = { 0, -1, INT32_MIN, 1 };
	const char *name = named("owner");
	struct zinc_region_info info;
	zinc_handle region;
	pid_t dead;
	size_t i;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	for (i = 0; i < COUNT(pids); i++) {
		scribble(name, AT_OWNER_PID, &pids[i], sizeof(pids[i]));
		info = stat_of(name);
		EXPECT_EQ(info.creator_pid, pids[i]);
		EXPECT_EQ(info.flags & ZINC_INFO_STALE, 0) {
			TH_LOG("pid %d", pids[i]);
		}
	}
	IN_CHILD(dead)
		;
	ASSERT_EQ(reap(dead), 0);
	scribble(name, AT_OWNER_PID, &dead, sizeof(dead));
	EXPECT_EQ(stat_of(name).flags & ZINC_INFO_STALE, 0);
	zinc_close(region);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* ---- the length ---- */

static const off_t lengths[] = { 0, 1, 63, 64, 65 };

TEST(truncated_before_open)
{
	const char *name = named("short");
	size_t i;
	pid_t pid;

	NEED_SHM();
	for (i = 0; i <= COUNT(lengths); i++) {
		make_persistent(name);
		truncate_object(name, i < COUNT(lengths) ? lengths[i] :
							   FULL / 2);
		IN_CHILD(pid) {
			zinc_handle region = POISON;

			CHECK(zinc_open(name, &region) == -EBADMSG && !region);
			CHECK(stat_of(name).flags & ZINC_INFO_INVALID);
			CHECK(listed(name) & ZINC_INFO_INVALID);
			CHECK(zinc_create(name, PAGE, &region) == -EEXIST);
			CHECK(!zinc_create_or_replace(name, PAGE, &region));
			zinc_close(region);
		}
		EXPECT_EQ(reap(pid), 0) {
			TH_LOG("length %zu", i);
		}
	}
	forget(name);
}

/* Calls of the victim with a handle whose object is too short */
static void tell_and_leave(zinc_handle region, const char *name, bool keep)
{
	struct zinc_region_info info = info_of(region);
	size_t length = 0;
	void *data = NULL;

	CHECK(info.size && is_invalid(info));
	CHECK(info.capacity == PAGES * PAGE && !strcmp(info.name, name));
	CHECK(stat_of(name).flags & ZINC_INFO_INVALID);
	CHECK(listed(name) & ZINC_INFO_INVALID);
	CHECK(zinc_capacity(region) == PAGES * PAGE && zinc_ptr(region));
	if (!keep) {
		zinc_close(region);
		return;
	}
	CHECK(!zinc_close_keep_data(region, &data, &length));
	CHECK(data && length == PAGES * PAGE);
	zinc_unmap_data(data, length);
}

static int truncated_under(const char *name, enum hold hold, off_t size)
{
	struct stage stage;
	zinc_handle region;
	pid_t pid;

	stage_init(&stage);
	make_persistent(name);
	IN_CHILD(pid) {
		region = held(name, hold);
		curtain(&stage);
		tell_and_leave(region, name, size & 1);
	}
	await(&stage.ready);
	truncate_object(name, size);
	post(&stage.go);
	stage_close(&stage);
	return reap(pid);
}

TEST(truncated_while_open)
{
	const char *name = named("shrunk");
	int hold;
	size_t i;
	off_t size;

	NEED_SHM();
	for (hold = 0; hold < HOLDS; hold++) {
		for (i = 0; i <= COUNT(lengths); i++) {
			size = i < COUNT(lengths) ? lengths[i] : FULL / 2;
			EXPECT_EQ(truncated_under(name, hold, size), 0) {
				TH_LOG("hold %d, %lld bytes", hold,
				       (long long)size);
			}
		}
	}
	forget(name);
}

/* The name of a region that lives with its creator needs no header to go */
TEST(truncated_and_closed_by_its_creator)
{
	const char *name = named("dies");
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		CHECK(!create_mode(name, 0, ZINC_LIFETIME_CREATOR, &region));
		truncate_object(name, 0);
		zinc_close(region);
		CHECK(access(object(name), F_OK) && errno == ENOENT);
	}
	EXPECT_EQ(reap(pid), 0);
	forget(name);
}

/*
 * Where nothing can be seen without a system call, it is as zinc.h says. If
 * one of these stops dying, the documentation is to be changed, too.
 */
static void act(zinc_handle region, int what)
{
	switch (what) {
	case 0:
		zinc_notify(region);
		break;
	case 1:
		zinc_try_wait(region);
		break;
	case 2:
		zinc_wait(region, 1);
		break;
	case 3:
		zinc_sequence(region);
		break;
	case 4:
		zinc_wait_any(&region, 1, 1, NULL);
		break;
	default:
		touch(region);
	}
}

static int acted(const char *name, int what, off_t size)
{
	zinc_handle region;
	pid_t pid;

	make_persistent(name);
	IN_CHILD(pid) {
		/* a sanitizer has a handler of its own */
		signal(SIGBUS, SIG_DFL);
		region = held(name, OPENED);
		truncate_object(name, size);
		act(region, what);
	}
	return reap(pid);
}

TEST(truncation_that_is_not_seen)
{
	const char *name = named("unseen");
	int what;

	NEED_SHM();
	for (what = 0; what <= 5; what++) {
		EXPECT_EQ(acted(name, what, 0), -SIGBUS) {
			TH_LOG("act %d on nothing", what);
		}
		/* half of it has the header, but not the last byte */
		EXPECT_EQ(acted(name, what, FULL / 2), what < 5 ? 0 : -SIGBUS) {
			TH_LOG("act %d on half", what);
		}
		EXPECT_EQ(acted(name, what, FULL), 0) {
			TH_LOG("act %d on all", what);
		}
	}
	forget(name);
}

/* ---- while it happens ---- */

/* A peer that does its harm again and again, until it is killed */
#define IN_PEER(pid)							\
	for (pid = fork_or_die(); pid == 0; )

static int rounds(void)
{
	const char *text = getenv("ZINC_ROUNDS");

	return text ? atoi(text) : 20000;
}

static int end_peer(pid_t peer)
{
	kill(peer, SIGKILL);
	return reap(peer);
}

/* Calls that look at the object, not at the mapping, cannot die of it */
TEST(looks_at_an_object_that_comes_and_goes)
{
	const char *name = named("flicker");
	struct zinc_region_info info;
	zinc_handle region;
	pid_t peer, pid;
	int fd, i;

	NEED_SHM();
	make_persistent(name);
	fd = object_fd(name);
	IN_CHILD(pid) {
		region = held(name, OPENED_READONLY);
		IN_PEER(peer) {
			CHECK(!ftruncate(fd, 0));
			CHECK(!ftruncate(fd, FULL));
		}
		for (i = 0; i < rounds(); i++) {
			info = info_of(region);
			CHECK(info.size && info.capacity == PAGES * PAGE);
			CHECK(stat_of(name).size);
		}
		CHECK(end_peer(peer) == -SIGKILL);
		zinc_close(region);
	}
	EXPECT_EQ(reap(pid), 0);
	close(fd);
	forget(name);
}

/* A size of one moment and a header of the next make no region */
TEST(header_newer_than_the_size)
{
	const char *name = named("grows");
	uint64_t huge = 1ULL << 40;
	uint8_t header[HEADER];
	pid_t peer, pid;
	int fd, i;

	NEED_SHM();
	make_persistent(name);
	fd = object_fd(name);
	ASSERT_EQ(pread(fd, header, HEADER, 0), HEADER);
	memcpy(header + AT_CAPACITY, &huge, sizeof(huge));
	ASSERT_EQ(pwrite(fd, header, HEADER, 0), HEADER);
	IN_CHILD(pid) {
		IN_PEER(peer) {
			CHECK(!ftruncate(fd, 0));
			CHECK(pwrite(fd, header, HEADER, 0) == HEADER);
		}
		for (i = 0; i < rounds(); i++)
			CHECK(stat_of(name).flags & ZINC_INFO_INVALID);
		CHECK(end_peer(peer) == -SIGKILL);
	}
	EXPECT_EQ(reap(pid), 0);
	close(fd);
	forget(name);
}

/* Any header at any moment: answers, and a capacity that stays */
TEST(header_that_never_rests)
{
	const char *name = named("noisy");
	uint32_t noise = 1;
	pid_t peer, pid;
	uint64_t value;
	int fd, i;

	NEED_SHM();
	make_persistent(name);
	fd = object_fd(name);
	IN_CHILD(pid) {
		zinc_handle region = held(name, OPENED);

		IN_PEER(peer) {
			noise = noise * 1103515245 + 12345;
			i = noise >> 8;
			value = values[i / 16 % COUNT(values)];
			i %= COUNT(fields);
			/* otherwise each open waits for a possible writer */
			if (fields[i].offset == AT_MAGIC && !value)
				continue;
			CHECK(pwrite(fd, &value, fields[i].width,
				     fields[i].offset) == fields[i].width);
		}
		for (i = 0; i < rounds() / 10; i++) {
			struct zinc_region_info info = info_of(region);

			CHECK(info.size && info.capacity == PAGES * PAGE);
			try_open(name, i & 1);
			zinc_notify(region);
			zinc_try_wait(region);
			zinc_wait_any(&region, 1, 1, NULL);
		}
		CHECK(end_peer(peer) == -SIGKILL);
		zinc_close(region);
	}
	EXPECT_EQ(reap(pid), 0);
	close(fd);
	forget(name);
}

/* ---- the name ---- */

enum thing { DIRECTORY, FIFO, LINK, SOCKET, THINGS };

static void bind_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	CHECK(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

/* In the place of the object, whose handles stay */
static void replace_by(const char *name, enum thing thing, const char *target)
{
	const char *path = object(name);

	CHECK(!unlink(path));
	switch (thing) {
	case DIRECTORY:
		CHECK(!mkdir(path, 0700));
		break;
	case FIFO:
		CHECK(!mkfifo(path, 0600));
		break;
	case LINK:
		CHECK(!symlink(target, path));
		break;
	default:
		bind_socket(path);
	}
}

/* Two handles from before still reach each other */
static void still_work(zinc_handle one, zinc_handle other)
{
	zinc_ptr(one)[PAGE] = 0x5a;
	CHECK(zinc_ptr(other)[PAGE] == 0x5a);
	zinc_notify(one);
	CHECK(!zinc_wait(other, ZINC_WAIT_FOREVER));
	CHECK(info_of(one).flags & ZINC_INFO_UNLINKED);
	CHECK(!is_invalid(info_of(one)));
}

static void refuse(const char *name)
{
	zinc_handle out = POISON;

	CHECK(zinc_open(name, &out) == -EBADMSG && !out);
	CHECK(open_readonly(name, &out) == -EBADMSG && !out);
	CHECK(zinc_create(name, PAGE, &out) == -EEXIST && !out);
	CHECK(stat_of(name).flags & ZINC_INFO_INVALID);
	CHECK(listed(name) & ZINC_INFO_INVALID);
}

TEST(replaced_by_what_is_no_object)
{
	const char *name = named("other");
	const char *target = named("target");
	zinc_handle region, other;
	struct stat before, after;
	int thing;
	pid_t pid;

	NEED_SHM();
	make_persistent(target);
	for (thing = 0; thing < THINGS; thing++) {
		IN_CHILD(pid) {
			region = held(name, CREATED);
			other = held(name, OPENED);
			replace_by(name, thing, object(target));
			CHECK(!lstat(object(name), &before));
			still_work(region, other);
			refuse(name);
			zinc_close(region);
			zinc_close(other);
			/* the last process to close it does not remove another object */
			CHECK(!lstat(object(name), &after));
			CHECK(before.st_ino == after.st_ino);
			if (thing != DIRECTORY) {
				CHECK(!zinc_unlink(name));
				CHECK(probe(name) == -ENOENT);
			}
		}
		EXPECT_EQ(reap(pid), 0) {
			TH_LOG("thing %d", thing);
		}
		rmdir(object(name));
		forget(name);
	}
	/* a link leads nowhere: what it names is whole */
	EXPECT_EQ(probe(target), 0);
	forget(target);
}

TEST(unlinked_and_made_again)
{
	const char *name = named("again");
	zinc_handle region, other, next;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		region = held(name, CREATED);
		other = held(name, OPENED);
		CHECK(!unlink(object(name)));
		still_work(region, other);
		CHECK(probe(name) == -ENOENT);
		CHECK(!zinc_create(name, PAGE, &next));
		zinc_close(region);
		zinc_close(other);
		CHECK(!probe(name));
		zinc_close(next);
		CHECK(probe(name) == -ENOENT);
	}
	EXPECT_EQ(reap(pid), 0);
}

/* A name does not prove who created the region; its uid does */
TEST(object_of_another_owner)
{
	const char *name = named("squat");
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	make_persistent(name);
	ASSERT_EQ(chown(object(name), NOBODY, NOBODY), 0);
	ASSERT_EQ(chmod(object(name), 0666), 0);
	ASSERT_EQ(zinc_open(name, &region), 0);
	EXPECT_EQ(info_of(region).uid, NOBODY);
	EXPECT_EQ(stat_of(name).uid, NOBODY);
	zinc_close(region);

	ASSERT_EQ(chown(object(name), 0, 0), 0);
	ASSERT_EQ(chmod(object(name), 0600), 0);
	IN_CHILD(pid) {
		zinc_handle out = POISON;

		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		CHECK(zinc_open(name, &out) == -EPERM && !out);
		CHECK(zinc_create(name, PAGE, &out) == -EEXIST && !out);
		CHECK(zinc_create_or_replace(name, PAGE, &out) == -EPERM);
		CHECK(zinc_unlink(name) == -EPERM);
		CHECK(listed(name) == UINT32_MAX);
	}
	EXPECT_EQ(reap(pid), 0);
	forget(name);
}

/* A process that locks the object for ever blocks no other */
TEST(lock_that_is_never_released)
{
	const char *name = named("locked");
	zinc_handle region, next;
	pid_t pid;
	int fd;

	NEED_SHM();
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	fd = object_fd(name);
	ASSERT_EQ(flock(fd, LOCK_EX), 0);
	IN_CHILD(pid) {
		CHECK(!zinc_create_or_replace(name, PAGE, &next));
		CHECK(!zinc_unlink(name));
		zinc_close(next);
	}
	EXPECT_EQ(reap(pid), 0);
	close(fd);
	zinc_close(region);
}

/* File names that are not regions, besides those of regions */
TEST(names_that_are_none)
{
	const char *const bad[] = {
		"", "a.b", "a b", "\n", "\033[31m", "%s%n", "\xff", "-\"\\",
		"..",
	};
	const char *good = named("good");
	struct zinc_region_info *list;
	size_t count, i, j;
	char *paths[COUNT(bad)];

	NEED_SHM();
	for (i = 0; i < COUNT(bad); i++)
		CHECK(asprintf(&paths[i], "/dev/shm/zinc_%s", bad[i]) > 0);
	make_persistent(good);
	for (i = 0; i < COUNT(paths); i++)
		ASSERT_EQ(symlink(object(good), paths[i]), 0);

	EXPECT_EQ(zinc_list(&list, &count, sizeof(*list)), 0);
	for (i = 0; i < count; i++) {
		for (j = 0; list[i].name[j]; j++)
			EXPECT_TRUE(isalnum(list[i].name[j]) ||
				    strchr("_-", list[i].name[j]));
		EXPECT_LE(strlen(list[i].name), ZINC_NAME_MAX);
		EXPECT_GT(strlen(list[i].name), 0);
	}
	EXPECT_EQ(listed(good) & ZINC_INFO_INVALID, 0);
	zinc_list_free(list);
	for (j = 0; j < COUNT(paths); j++) {
		EXPECT_EQ(unlink(paths[j]), 0);
		free(paths[j]);
	}
	forget(good);
}

TEST_HARNESS_MAIN
