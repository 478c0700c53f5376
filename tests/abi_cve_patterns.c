// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults found in other drivers of this kind: one test for each pattern, named
 * after it. After each test, all counts are as before.
 *
 * userfaultfd stops a call in the middle of a copy from or to user space, so
 * that the test can examine the state at that moment, instead of depending on
 * timing.
 */
#include "abi.h"

#include <grp.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define CAPACITY	(4 * PAGE)
#define RW		(PROT_READ | PROT_WRITE)
#define ALICE		12001
#define DEBUGFS		"/sys/kernel/debug/zinc/regions"
/* How long a race is run; some end before, with their rounds */
#define RACE_MS		3000

/* ---- the books ---- */

struct books {
	__u64 regions;
	__u64 bytes;
	unsigned int listed;
	unsigned int shown;	/* lines in debugfs, where that can be read */
	unsigned long references;
	int fds;
};

static unsigned int count_listed(int dev)
{
	struct zinc_info entries[16];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	unsigned int n = 0;

	do {
		list.count = ARRAY_SIZE(entries);
		if (call(dev, ZINC_IOC_LIST, &list))
			return ~0U;
		n += list.count;
	} while (list.count);
	return n;
}

static struct books books_of(int dev)
{
	struct zinc_query q = query(dev);
	struct books b = {
		.regions = q.user_regions,
		.bytes = q.user_bytes,
		.listed = count_listed(dev),
		.references = strtoul(file_text(MODULE "/refcnt"), NULL, 10),
		.fds = count_fds(),
	};
	const char *p;

	for (p = file_text(DEBUGFS); *p; p++)
		b.shown += *p == '\n';
	return b;
}

static bool same_books(const struct books *a, const struct books *b)
{
	return a->regions == b->regions && a->bytes == b->bytes &&
	       a->listed == b->listed && a->shown == b->shown &&
	       a->references == b->references && a->fds == b->fds;
}

/* For a caller that has waited in vain until they are the same */
static void tell_books(const char *when, const struct books *b)
{
	fprintf(stderr, "# %s: regions %llu, bytes %llu, listed %u, shown %u\n",
		when, b->regions, b->bytes, b->listed, b->shown);
	fprintf(stderr, "# references %lu, fds %d\n", b->references, b->fds);
}

static bool balanced(int dev, const struct books *before)
{
	struct books now;

	EVENTUALLY((now = books_of(dev), same_books(before, &now)));
	if (same_books(before, &now))
		return true;
	tell_books("before", before);
	tell_books("now", &now);
	return false;
}

FIXTURE(patterns)
{
	int dev;
	int fd;
	const char *name;
	struct books empty;	/* without the region of the fixture */
	struct books before;
};

FIXTURE_SETUP(patterns)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->empty = books_of(self->dev);
	self->name = a_name("patterns");
	self->fd = create(self->dev, self->name, CAPACITY);
	ASSERT_GE(self->fd, 0);
	self->before = books_of(self->dev);
}

FIXTURE_TEARDOWN(patterns)
{
	EXPECT_TRUE(balanced(self->dev, &self->before));
	EXPECT_EQ(1, info(self->fd).handles);
	EXPECT_EQ(ZINC_INFO_CREATOR, info(self->fd).flags);
	close(self->fd);
	EXPECT_TRUE(balanced(self->dev, &self->empty));
	close(self->dev);
}

/* The next descriptor that will be given out */
static int lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void become_alice(void)
{
	CHECK(!setgroups(0, NULL));
	CHECK(!setresgid(ALICE, ALICE, ALICE));
	CHECK(!setresuid(ALICE, ALICE, ALICE));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* errno of an mmap(), or 0; the arguments as the system call has them */
static int map_error(int fd, size_t length, int prot, int flags, __u64 offset)
{
	void *p = raw_mmap(NULL, length, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, length);
	return 0;
}

/* ---- calls that are held ---- */

/* A page at which the kernel's copies stop until they are let on */
struct trap {
	int uffd;
	char *page;
	bool written;	/* it stops writers, not readers */
};

/* Two pages; the trap is the second, whose content comes with let_on() */
static int set_trap(struct trap *t, bool written)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_writeprotect wp = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	t->written = written;
	t->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (t->uffd < 0)
		return -errno;
	t->page = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(t->page != MAP_FAILED);
	CHECK(take_small_pages(t->page, 2 * PAGE));
	t->page += PAGE;
	if (written) {
		memset(t->page, 0, PAGE);
		api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP;
		reg.mode = UFFDIO_REGISTER_MODE_WP;
	}
	reg.range.start = (uintptr_t)t->page;
	reg.range.len = PAGE;
	if (ioctl(t->uffd, UFFDIO_API, &api) ||
	    ioctl(t->uffd, UFFDIO_REGISTER, &reg)) {
		close(t->uffd);
		return -EOPNOTSUPP;
	}
	wp.range = reg.range;
	return written && ioctl(t->uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

/* Arm a trap for writes again, once its page has its content */
static void rearm(struct trap *t)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)t->page, PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	CHECK(!ioctl(t->uffd, UFFDIO_WRITEPROTECT, &wp));
}

static bool is_caught(struct trap *t)
{
	struct pollfd p = { .fd = t->uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&p, 1, PATIENCE_MS) == 1 &&
	       read(t->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

/* @content: what the page has from now on, if the trap is for reads */
static void let_on(struct trap *t, const void *content)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)t->page, PAGE },
	};
	struct uffdio_copy copy = {
		.dst = (uintptr_t)t->page,
		.src = (uintptr_t)content,
		.len = PAGE,
	};

	if (t->written)
		CHECK(!ioctl(t->uffd, UFFDIO_WRITEPROTECT, &wp));
	else
		CHECK(!ioctl(t->uffd, UFFDIO_COPY, &copy));
}

static void take_away(struct trap *t)
{
	close(t->uffd);
	munmap(t->page - PAGE, 2 * PAGE);
}

/* A call in another thread */
struct held {
	int fd;
	unsigned long cmd;
	void *arg;
	long ret;
	pthread_t thread;
};

static void *call_in_thread(void *arg)
{
	struct held *h = arg;

	h->ret = call(h->fd, h->cmd, h->arg);
	return NULL;
}

static void begin(struct held *h, int fd, unsigned long cmd, void *arg)
{
	h->fd = fd;
	h->cmd = cmd;
	h->arg = arg;
	h->ret = CHANGED;
	CHECK(!pthread_create(&h->thread, NULL, call_in_thread, h));
}

static long end(struct held *h)
{
	CHECK(!pthread_join(h->thread, NULL));
	return h->ret;
}

/* ---- descriptors ---- */

static int nothing_is_at(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
	       close(fd) == -1 && errno == EBADF &&
	       dup2(0, fd) == -1 && errno == EBUSY &&
	       access(path, F_OK) == -1 && errno == ENOENT;
}

/* All that can fail comes before fd_install(): here, the answer's way out */
TEST_F(patterns, installed_before_all_that_can_fail)
{
	struct zinc_create *c;
	struct zinc_open *o;
	struct zinc_reopen *r;
	int reserved, what;
	struct held h;
	struct trap t;

	if (set_trap(&t, true))
		SKIP(return, "no userfaultfd with write protection here");
	for (what = 0; what < 6; what++) {
		bool fails = what & 1;

		let_on(&t, NULL);
		c = (void *)t.page;
		o = (void *)t.page;
		r = (void *)t.page;
		reserved = lowest_free_fd();
		switch (what / 2) {
		case 0:
			*c = create_args("unseen", PAGE);
			rearm(&t);
			begin(&h, self->dev, ZINC_IOC_CREATE, c);
			break;
		case 1:
			*o = open_args(self->name);
			rearm(&t);
			begin(&h, self->dev, ZINC_IOC_OPEN, o);
			break;
		case 2:
			*r = (struct zinc_reopen){ .flags = ZINC_RDONLY };
			rearm(&t);
			begin(&h, self->fd, ZINC_IOC_REGION_REOPEN, r);
			break;
		}
		ASSERT_TRUE(is_caught(&t));
		EXPECT_TRUE(nothing_is_at(reserved)) TH_LOG("call %d", what / 2);
		EXPECT_EQ(-ENOENT, open_name(self->dev, "unseen"));
		EXPECT_EQ(self->before.listed, count_listed(self->dev));
		if (fails)
			mprotect(t.page, PAGE, PROT_READ);
		let_on(&t, NULL);
		EXPECT_EQ(fails ? -EFAULT : reserved, end(&h))
			TH_LOG("call %d", what / 2);
		mprotect(t.page, PAGE, RW);
		if (!fails)
			EXPECT_EQ(0, close(reserved));
		EXPECT_EQ(reserved, lowest_free_fd());
	}
	take_away(&t);
}

/* At the same moment another process takes the name */
TEST_F(patterns, created_twice_under_one_name)
{
	struct zinc_create *c;
	struct held h;
	struct trap t;
	int fd;

	if (set_trap(&t, true))
		SKIP(return, "no userfaultfd with write protection here");
	let_on(&t, NULL);
	c = (void *)t.page;
	*c = create_args("contended", PAGE);
	rearm(&t);
	begin(&h, self->dev, ZINC_IOC_CREATE, c);
	ASSERT_TRUE(is_caught(&t));
	fd = create(self->dev, "contended", 2 * PAGE);
	EXPECT_LE(0, fd);
	let_on(&t, NULL);
	EXPECT_EQ(-EEXIST, end(&h));
	EXPECT_EQ(2 * PAGE, info(fd).capacity);
	EXPECT_EQ(1, info(fd).handles);
	EXPECT_EQ(1, times_listed(self->dev, info(fd).id));
	close(fd);
	take_away(&t);
}

struct closer {
	int dev;
	int base;
	int stop;
	int found;
};

enum { GUESSES = 4 };

static void *close_what_is_guessed(void *arg)
{
	struct closer *c = arg;
	unsigned int i;

	for (i = 0; !LOAD(c->stop); i++) {
		if (i & 1)
			close(c->base + i / 2 % GUESSES);
		else
			dup2(c->dev, c->base + i / 2 % GUESSES);
	}
	return NULL;
}

/*
 * Descriptors are closed and reused as soon as they exist. A use after free
 * that this causes is found by kernels with sanitizers.
 */
TEST_F(patterns, object_used_after_fd_install)
{
	struct closer c = { .dev = self->dev, .base = lowest_free_fd() };
	__u64 last = 0, until = after_ms(RACE_MS);
	pthread_t threads[2];
	long fd, n;
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    close_what_is_guessed, &c));
	for (i = 0; i < 3000 && clock_ns(CLOCK_MONOTONIC) < until; i++) {
		struct zinc_create args = create_args(i & 1 ? "" : "guessed", PAGE);
		struct zinc_reopen again = { .flags = 0 };

		fd = call(self->dev, ZINC_IOC_CREATE, &args);
		/* where another thread closed it, it may not be gone yet */
		ASSERT_TRUE(fd >= c.base || fd == -EEXIST) TH_LOG("%ld", fd);
		if (fd >= 0) {
			ASSERT_LT(last, args.id);
			last = args.id;
			close(fd);
		}
		n = open_name(self->dev, self->name);
		ASSERT_LE(c.base, n);
		fd = call(self->fd, ZINC_IOC_REGION_REOPEN, &again);
		ASSERT_LE(c.base, fd);
		ASSERT_EQ(info(self->fd).id, again.id);
		close(fd);
		close(n);
	}
	STORE(c.stop, 1);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 8 * GUESSES; i++)
		close(c.base + i);
}

TEST_F(patterns, reserved_fd_leaked)
{
	struct zinc_create *c = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int next = lowest_free_fd(), rdonly, i;
	struct zinc_reopen r = { .flags = 0 };
	struct zinc_open o;

	ASSERT_NE(MAP_FAILED, c);
	rdonly = reopen_as(self->fd, ZINC_RDONLY);
	ASSERT_EQ(next, rdonly);
	next = lowest_free_fd();
	for (i = 0; i < 100; i++) {
		mprotect(c, PAGE, RW);
		*c = create_args(self->name, PAGE);
		EXPECT_EQ(-EEXIST, refused(self->dev, ZINC_IOC_CREATE, c));
		c->mode = 01000;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, c));
		*c = create_args("unborn", PAGE);
		mprotect(c, PAGE, PROT_READ);
		EXPECT_EQ(-EFAULT, call(self->dev, ZINC_IOC_CREATE, c));
		o = open_args("unborn");
		EXPECT_EQ(-ENOENT, refused(self->dev, ZINC_IOC_OPEN, &o));
		EXPECT_EQ(-EACCES, refused(rdonly, ZINC_IOC_REGION_REOPEN, &r));
		ASSERT_EQ(next, lowest_free_fd());
	}
	close(rdonly);
	munmap(c, PAGE);
}

/* At the limit of descriptors, a failed call leaves nothing */
TEST_F(patterns, fd_failure_leaks_the_buffer)
{
	struct zinc_create c = create_args("no-room", 16 * PAGE);
	struct zinc_open o = open_args(self->name);
	struct zinc_reopen r = { .flags = 0 };
	struct rlimit all, full;
	struct books books;
	int i, fd;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &all));
	full = all;
	full.rlim_cur = lowest_free_fd() + 1;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &full));
	/* one fits, and with it no other */
	fd = create(self->dev, "fits", PAGE);
	EXPECT_LE(0, fd);
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(-EMFILE, refused(self->dev, ZINC_IOC_CREATE, &c));
		EXPECT_EQ(-EMFILE, refused(self->dev, ZINC_IOC_OPEN, &o));
		EXPECT_EQ(-EMFILE, refused(self->fd, ZINC_IOC_REGION_REOPEN, &r));
	}
	EXPECT_EQ(self->before.regions + 1, query(self->dev).user_regions);
	EXPECT_EQ(self->before.bytes + PAGE, query(self->dev).user_bytes);
	EXPECT_EQ(1, info(self->fd).handles);
	close(fd);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &all));
	books = books_of(self->dev);
	EXPECT_EQ(self->before.shown, books.shown);
	EXPECT_EQ(-ENOENT, open_name(self->dev, "no-room"));
}

#define FILE_MAX	"/proc/sys/fs/file-max"
#define FILE_NR		"/proc/sys/fs/file-nr"

#define NO_FILE		77

/* An ordinary user's create where @more files fit: 0 if it works, NO_FILE */
static int create_with_files_left(int dev, long more)
{
	char text[64], byte;
	int go[2];
	pid_t pid;

	CHECK(!pipe(go));
	pid = spawn();
	if (!pid) {
		struct zinc_create c = create_args("no-file", 16 * PAGE);
		long ret;

		become_alice();
		CHECK(read(go[0], &byte, 1) == 1);
		ret = refused(dev, ZINC_IOC_CREATE, &c);
		if (ret >= 0)
			_exit(0);
		CHECK(ret == -ENFILE);
		CHECK(!query(dev).user_regions);
		CHECK(!query(dev).user_bytes);
		CHECK(open_name(dev, "no-file") == -ENOENT);
		_exit(NO_FILE);
	}
	EVENTUALLY(task_state(pid) == 'S');
	more += strtol(file_text(FILE_NR), NULL, 10);
	snprintf(text, sizeof(text), "%ld\n", more > 0 ? more : 1);
	CHECK(!write_text(FILE_MAX, text));
	CHECK(write(go[1], "", 1) == 1);
	close(go[0]);
	close(go[1]);
	return reap(pid);
}

/* Likewise for the files of the whole machine: of pages, of handles */
TEST_F(patterns, file_failure_leaks_the_buffer)
{
	int more, failed = 0, worked = 0;
	char limit[64];
	pid_t many;

	if (!getenv("ZINC_VM"))
		SKIP(return, "needs a guest, to change the limit of all files");
	/*
	 * another process of the guest, such as a daemon, may hold some of the
	 * few; the count may then be zero
	 */
	many = spawn();
	if (!many) {
		for (more = 0; more < 400; more++)
			CHECK(open("/dev/null", O_RDONLY) >= 0);
		pause();
	}
	EXPECT_TRUE(EVENTUALLY(task_state(many) == 'S'));
	snprintf(limit, sizeof(limit), "%s", file_text(FILE_MAX));
	/* the kernel's own count may be wrong by some for each processor */
	for (more = -200; more <= 40; more += 8) {
		switch (create_with_files_left(self->dev, more)) {
		case 0:
			worked++;
			break;
		case NO_FILE:
			failed++;
			break;
		default:
			EXPECT_EQ(0, 1) TH_LOG("with %d files left", more);
		}
		EXPECT_EQ(0, write_text(FILE_MAX, limit));
		EXPECT_TRUE(balanced(self->dev, &self->before))
			TH_LOG("with %d files left", more);
	}
	EXPECT_LT(0, failed);
	EXPECT_LT(0, worked);
	EXPECT_EQ(0, kill(many, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(many));
}

/* An error path puts only what it got: else these handles go too early */
TEST_F(patterns, puts_of_references_not_owned)
{
	struct zinc_wait_item items[3] = { { self->fd, 0 }, { self->fd, 0 }, { -1, 0 } };
	struct zinc_wait_any any = { .items = (uintptr_t)items, .count = 3 };
	struct zinc_wait w = { .flags = ZINC_WAIT_NOTIFY, .notify_fd = self->dev };
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct zinc_open *o = page;
	int i, other;

	ASSERT_NE(MAP_FAILED, page);
	other = open_name(self->dev, self->name);
	ASSERT_LE(0, other);
	for (i = 0; i < 200; i++) {
		EXPECT_EQ(-EBADF, refused(self->dev, ZINC_IOC_WAIT_ANY, &any));
		EXPECT_EQ(-EBADF, refused(other, ZINC_IOC_REGION_WAIT, &w));
		EXPECT_EQ(-EEXIST, create(self->dev, self->name, PAGE));
		EXPECT_EQ(EINVAL, map_error(other, PAGE, RW, MAP_SHARED, CAPACITY));
		EXPECT_EQ(EINVAL, map_error(other, 2 * PAGE, RW, MAP_SHARED, ZINC_MMAP_CONTROL));
		EXPECT_EQ(EINVAL, map_error(other, PAGE, RW, MAP_PRIVATE, 0));
		EXPECT_EQ(EPERM, map_error(other, PAGE, PROT_EXEC, MAP_SHARED, 0));
		mprotect(page, PAGE, RW);
		*o = open_args(self->name);
		mprotect(page, PAGE, PROT_READ);
		EXPECT_EQ(-EFAULT, call(self->dev, ZINC_IOC_OPEN, page));
		mprotect(page, PAGE, RW);
		memset(page, 0, PAGE);
		mprotect(page, PAGE, PROT_READ);
		EXPECT_EQ(-EFAULT, call(other, ZINC_IOC_REGION_REOPEN, page));
		ASSERT_EQ(2, info(self->fd).handles);
	}
	EXPECT_EQ(0, notify(other));
	EXPECT_EQ(0, wait_until(self->fd, 0));
	close(other);
	EXPECT_EQ(1, info(self->fd).handles);
	EXPECT_EQ(1, times_listed(self->dev, info(self->fd).id));
	munmap(page, PAGE);
}

/* ---- sizes ---- */

TEST_F(patterns, page_count_0)
{
	struct zinc_wait_any any = { .deadline = 0 };
	struct zinc_create c;
	unsigned int lazy;
	char byte;

	for (lazy = 0; lazy < 2; lazy++) {
		c = create_args("of-nothing", 0);
		c.flags = lazy ? ZINC_LAZY : 0;
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c));
	}
	EXPECT_EQ(-ENOENT, open_name(self->dev, "of-nothing"));
	EXPECT_EQ(EINVAL, map_error(self->fd, 0, RW, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, map_error(self->fd, 0, RW, MAP_SHARED, ZINC_MMAP_CONTROL));
	EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_WAIT_ANY, &any));
	EXPECT_EQ(-1, read(self->fd, &byte, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(patterns, capacity_overflow)
{
	static const __u64 tops[] = {
		1ULL << 32, 1ULL << 43, 1ULL << 44, 1ULL << 52, 1ULL << 63, 0,
	};
	struct zinc_create c;
	unsigned int i;
	int beside;

	/* around each power, what rounding or truncation would make small */
	for (i = 0; i < ARRAY_SIZE(tops); i++) {
		for (beside = -1; beside <= 1; beside += 2) {
			c = create_args("overflow", tops[i] + beside);
			c.flags = ZINC_LAZY;
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
				TH_LOG("%#llx", (unsigned long long)c.capacity);
		}
		c = create_args("overflow", tops[i] + (tops[i] ? PAGE : -(__u64)PAGE));
		c.flags = ZINC_LAZY;
		if (i)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c))
				TH_LOG("%#llx", (unsigned long long)c.capacity);
	}
	EXPECT_EQ(-ENOENT, open_name(self->dev, "overflow"));
}

/* A region that 32 bits cannot count, in bytes or, if it is long, in pages */
static void try_long(int dev, __u64 capacity, __u64 at)
{
	int fd = create_as(dev, "", capacity, ZINC_LAZY, 0, 0);
	char *first, *far;

	CHECK(fd >= 0);
	CHECK(info(fd).capacity == capacity);
	first = map_data(fd, PAGE, RW);
	far = mmap(NULL, PAGE, RW, MAP_SHARED, fd, at);
	CHECK(first && far != MAP_FAILED);
	*far = 1;
	CHECK(*first == 0);
	*first = 2;
	CHECK(*far == 1);
	CHECK(info(fd).resident < capacity);
	/* a 32-bit program has not enough address space for all of it */
	if (capacity < SIZE_MAX) {
		CHECK(map_error(fd, capacity, RW, MAP_SHARED, 0) == 0);
		CHECK(map_error(fd, capacity + PAGE, RW, MAP_SHARED, 0) == EINVAL);
	}
	/* behind the longest region the control page begins */
	CHECK(map_error(fd, PAGE, RW, MAP_SHARED, capacity) ==
	      (capacity == ZINC_MMAP_CONTROL ? 0 : EINVAL));
	CHECK(map_error(fd, 2 * PAGE, RW, MAP_SHARED, capacity - PAGE) == EINVAL);
	CHECK(map_error(fd, PAGE, RW, MAP_SHARED, capacity - PAGE) == 0);
}

TEST_F(patterns, capacity_beyond_32_bits)
{
	static const struct {
		__u64 capacity;
		__u64 at;
	} longs[] = {
		{ (1ULL << 32) + 0x1000, 1ULL << 32 },
		{ 1ULL << 36, 1ULL << 35 },
		{ ZINC_CAPACITY_MAX, ZINC_CAPACITY_MAX - 0x1000 },
	};
	unsigned int i;
	pid_t pid;
	int was;

	if (geteuid() || PAGE != 0x1000)
		SKIP(return, "needs root, which has no limit, and pages of 4 KiB");
	was = set_overcommit(1);
	for (i = 0; i < ARRAY_SIZE(longs); i++) {
		pid = spawn();
		if (!pid) {
			try_long(self->dev, longs[i].capacity, longs[i].at);
			CHECK(query(self->dev).user_bytes >=
			      self->before.bytes + longs[i].capacity);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid)) TH_LOG("capacity %#llx", (unsigned long long)
					       longs[i].capacity);
	}
	set_overcommit(was);
}

TEST_F(patterns, mmap_offset_overflow)
{
	static const __u64 far[] = { 1ULL << 32, 1ULL << 42, 1ULL << 44, 1ULL << 45 };
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, RW, MAP_SHARED, far[i]));
		EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, RW, MAP_SHARED,
					    ZINC_MMAP_CONTROL + far[i]));
	}
	/* offset + length is 0, or less than the offset */
	for (i = 1; i <= 4; i++) {
		err = map_error(self->fd, i * PAGE, RW, MAP_SHARED, -(__u64)PAGE);
		EXPECT_TRUE(err == EINVAL || err == EOVERFLOW) TH_LOG("%d", err);
		err = map_error(self->fd, i * PAGE, RW, MAP_SHARED, -(__u64)(i * PAGE));
		EXPECT_TRUE(err == EINVAL || err == EOVERFLOW) TH_LOG("%d", err);
	}
	EXPECT_EQ(EINVAL, map_error(self->fd, CAPACITY, RW, MAP_SHARED, PAGE));
	EXPECT_EQ(ENOMEM, map_error(self->fd, ~0UL - PAGE + 1, RW, MAP_SHARED, 0));
	EXPECT_EQ(ENOMEM, map_error(self->fd, ~0UL - PAGE + 1, RW, MAP_SHARED, PAGE));
}

/* The kernel allocates no array of pages, and none of the requested size */
TEST_F(patterns, huge_kmalloc_for_an_array)
{
	struct zinc_info entries[4];
	struct zinc_list l = {
		.entries = (uintptr_t)entries,
		.count = ~0U,
		.entry_size = sizeof(entries[0]),
		.cursor = info(self->fd).id - 1,
	};
	static const __u32 counts[] = { ZINC_WAIT_ANY_MAX + 1, 1 << 20, 1 << 28, 1 << 29, ~0U };
	struct zinc_wait_any any = { .items = 0 };
	unsigned int i;
	int was, fd;

	EXPECT_EQ(0, call(self->dev, ZINC_IOC_LIST, &l));
	EXPECT_EQ(1, l.count);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		any.count = counts[i];
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_WAIT_ANY, &any))
			TH_LOG("%u", counts[i]);
	}
	if (geteuid())
		SKIP(return, "needs root, which has no limit");
	was = set_overcommit(1);
	fd = create_as(self->dev, "", ZINC_CAPACITY_MAX, ZINC_LAZY, 0, 0);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, info(fd).resident);
	close(fd);
	set_overcommit(was);
}

#define MAX_REGIONS	MODULE "/parameters/max_regions"
#define MAX_BYTES	MODULE "/parameters/max_bytes"

FIXTURE(limit)
{
	int dev;
	int overcommit;
	char regions[32];
	char bytes[32];
};

FIXTURE_SETUP(limit)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	if (geteuid())
		SKIP(return, "needs root, to change the limits");
	snprintf(self->regions, sizeof(self->regions), "%s", file_text(MAX_REGIONS));
	snprintf(self->bytes, sizeof(self->bytes), "%s", file_text(MAX_BYTES));
	/* the limits are larger than the machine */
	self->overcommit = set_overcommit(1);
}

FIXTURE_TEARDOWN(limit)
{
	write_text(MAX_REGIONS, self->regions);
	write_text(MAX_BYTES, self->bytes);
	set_overcommit(self->overcommit);
	close(self->dev);
}

static int lazily(int dev, __u64 capacity)
{
	return create_as(dev, "", capacity, ZINC_LAZY, 0, 0);
}

TEST_F(limit, overflow_of_32_bits)
{
	const __u64 gib4 = 1ULL << 32;
	pid_t pid;

	/* in 32 bits this would be 0, which means no limit, or one page */
	EXPECT_EQ(0, write_text(MAX_BYTES, "4294967296\n"));
	pid = spawn();
	if (!pid) {
		int fd;

		become_alice();
		CHECK(query(self->dev).max_bytes == gib4);
		CHECK(lazily(self->dev, gib4 + PAGE) == -ENOSPC);
		fd = lazily(self->dev, gib4);
		CHECK(fd >= 0);
		CHECK(query(self->dev).user_bytes == gib4);
		CHECK(lazily(self->dev, PAGE) == -ENOSPC);
		close(fd);
		CHECK(lazily(self->dev, PAGE) >= 0);
		CHECK(lazily(self->dev, gib4) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ERANGE, write_text(MAX_REGIONS, "4294967296\n"));
	EXPECT_STREQ(self->regions, file_text(MAX_REGIONS));
}

TEST_F(limit, overflow_of_64_bits)
{
	pid_t pid;

	EXPECT_EQ(0, write_text(MAX_BYTES, "18446744073709551615\n"));
	EXPECT_EQ(0, write_text(MAX_REGIONS, "4294967295\n"));
	pid = spawn();
	if (!pid) {
		int i;

		become_alice();
		for (i = 0; i < 64; i++)
			CHECK(lazily(self->dev, ZINC_CAPACITY_MAX) >= 0);
		CHECK(query(self->dev).user_bytes == 64 * ZINC_CAPACITY_MAX);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ERANGE, write_text(MAX_BYTES, "18446744073709551616\n"));
}

TEST_F(patterns, err_ptr_kept_after_failure)
{
	struct sysinfo machine;
	struct zinc_create c;
	int i, fd;

	if (geteuid() || sysinfo(&machine))
		SKIP(return, "needs root, which has no limit but the memory");
	for (i = 0; i < 20; i++) {
		/* more than the memory: no pages, and no pointer to them */
		c = create_args("failed", 2 * ((__u64)machine.totalram & -PAGE));
		EXPECT_EQ(-ENOMEM, refused(self->dev, ZINC_IOC_CREATE, &c));
		EXPECT_EQ(-ENOENT, open_name(self->dev, "failed"));
		EXPECT_EQ(-ENOENT, unlink_name(self->dev, "failed"));
		EXPECT_EQ(self->before.listed, count_listed(self->dev));
		fd = create(self->dev, "failed", PAGE);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, map_error(fd, PAGE, RW, MAP_SHARED, 0));
		close(fd);
	}
}

/* ---- mappings ---- */

TEST_F(patterns, fault_past_the_end)
{
	char *place = mmap(NULL, CAPACITY + 2 * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = mmap(place, CAPACITY, RW, MAP_SHARED | MAP_FIXED, self->fd, 0);
	char *control = mmap(place + CAPACITY + PAGE, PAGE, RW,
			     MAP_SHARED | MAP_FIXED, self->fd, ZINC_MMAP_CONTROL);
	size_t at;

	ASSERT_EQ(place, p);
	ASSERT_NE(MAP_FAILED, control);
	EXPECT_EQ(SIGSEGV, signal_of(p + CAPACITY, true));
	for (at = 0; at < CAPACITY; at += PAGE) {
		EXPECT_EQ(0, signal_of(p + at, true));
		EXPECT_EQ(0, signal_of(p + at + PAGE - 1, true));
	}
	/* a mapping that was moved and cut ends where it ends, too */
	ASSERT_EQ(p, mremap(p, CAPACITY, PAGE, 0));
	ASSERT_EQ(place + PAGE, mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				       place + PAGE));
	EXPECT_EQ(0, signal_of(place + PAGE, true));
	EXPECT_EQ(SIGSEGV, signal_of(place + 2 * PAGE, true));
	EXPECT_EQ(SIGSEGV, signal_of(place, true));
	EXPECT_EQ(0, signal_of(control, true));
	munmap(place, CAPACITY + 2 * PAGE);
}

TEST_F(patterns, off_by_one_and_mremap_growth)
{
	char *p, *grown, *control = map_control(self->fd, RW);
	unsigned int first, n = CAPACITY / PAGE;

	ASSERT_NE(NULL, control);
	for (first = 0; first <= n; first++) {
		EXPECT_EQ(EINVAL, map_error(self->fd, (n - first + 1) * PAGE, RW,
					    MAP_SHARED, first * PAGE));
		if (first == n)
			break;
		p = mmap(NULL, (n - first) * PAGE, RW, MAP_SHARED, self->fd,
			 first * PAGE);
		ASSERT_NE(MAP_FAILED, p);
		/* of a length of 0 the kernel makes a second mapping */
		grown = mremap(p, 0, (n - first + 1) * PAGE, MREMAP_MAYMOVE);
		if (grown != MAP_FAILED) {
			EXPECT_EQ(SIGBUS, signal_of(grown + (n - first) * PAGE, true));
			munmap(grown, (n - first + 1) * PAGE);
		}
		grown = mremap(p, (n - first) * PAGE, (n - first + 1) * PAGE,
			       MREMAP_MAYMOVE);
		if (grown == MAP_FAILED) {
			munmap(p, (n - first) * PAGE);
			continue;
		}
		EXPECT_EQ(0, signal_of(grown + (n - first) * PAGE - 1, true));
		EXPECT_EQ(SIGBUS, signal_of(grown + (n - first) * PAGE, true));
		munmap(grown, (n - first + 1) * PAGE);
	}
	/* control page and data, which is all that the handle can map */
	grown = mremap(control, PAGE, CAPACITY + 2 * PAGE, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED) {
		munmap(control, PAGE);
		return;
	}
	EXPECT_EQ(ZINC_MAGIC, header_of(grown)->magic);
	EXPECT_EQ(SIGBUS, signal_of(grown + PAGE + CAPACITY, true));
	munmap(grown, CAPACITY + 2 * PAGE);
}

TEST_F(patterns, prot_write_and_map_private)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_WRITE, RW };
	int rdonly = reopen_as(self->fd, ZINC_RDONLY);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, prots[i], MAP_PRIVATE, 0));
		EXPECT_EQ(EINVAL, map_error(self->fd, PAGE, prots[i], MAP_PRIVATE,
					    ZINC_MMAP_CONTROL));
		EXPECT_EQ(EINVAL, map_error(rdonly, PAGE, prots[i], MAP_PRIVATE, 0));
		EXPECT_EQ(EINVAL, map_error(rdonly, PAGE, prots[i],
					    MAP_PRIVATE | MAP_POPULATE, 0));
	}
	EXPECT_EQ(0, map_error(self->fd, PAGE, RW, MAP_SHARED_VALIDATE, 0));
	EXPECT_EQ(EOPNOTSUPP, map_error(self->fd, PAGE, RW,
					MAP_SHARED_VALIDATE | MAP_SYNC, 0));
	close(rdonly);
}

static void *map_and_touch(void *arg)
{
	struct closer *c = arg;

	while (!LOAD(c->stop)) {
		char *p = map_data(c->base, CAPACITY, RW);

		CHECK(p);
		memset(p, 0x5a, CAPACITY);
		CHECK(all_are(p, 0x5a, CAPACITY));
		munmap(p, CAPACITY);
	}
	return NULL;
}

/* The size cannot change at any moment */
TEST_F(patterns, racy_seal_check)
{
	struct closer c = { .base = self->fd };
	char *p = map_data(self->fd, CAPACITY, RW);
	__u64 until = after_ms(RACE_MS);
	pthread_t thread;
	int i;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, pthread_create(&thread, NULL, map_and_touch, &c));
	for (i = 0; i < 2000 && clock_ns(CLOCK_MONOTONIC) < until; i++) {
		ASSERT_EQ(-1, ftruncate(self->fd, 0));
		ASSERT_EQ(EINVAL, errno);
		ASSERT_EQ(-1, fallocate(self->fd, FALLOC_FL_PUNCH_HOLE |
					FALLOC_FL_KEEP_SIZE, 0, CAPACITY));
		ASSERT_NE(ENOSYS, errno);
		ASSERT_EQ(-1, fcntl(self->fd, F_ADD_SEALS, F_SEAL_WRITE));
		ASSERT_EQ(EINVAL, errno);
		ASSERT_EQ(-1, fcntl(self->fd, F_GET_SEALS));
		ASSERT_EQ(-1, madvise(p, CAPACITY, MADV_REMOVE));
		ASSERT_NE(ENOSYS, errno);
		ASSERT_EQ(0, madvise(p, CAPACITY, MADV_DONTNEED));
	}
	STORE(c.stop, 1);
	pthread_join(thread, NULL);
	EXPECT_EQ(CAPACITY, info(self->fd).resident);
	munmap(p, CAPACITY);
}

TEST_F(patterns, backing_made_lazily)
{
	int fd = create(self->dev, "", 64 * PAGE);

	EXPECT_EQ(64 * PAGE, info(fd).resident);
	/* nor made, and forgotten again */
	write_text("/proc/sys/vm/drop_caches", "1");
	EXPECT_EQ(64 * PAGE, info(fd).resident);
	close(fd);
}

/* ---- arguments ---- */

TEST_F(patterns, flags_not_validated)
{
	struct zinc_wait_item item = { self->fd, 0 };
	struct zinc_wait_any any;
	struct zinc_create c;
	struct zinc_unlink u;
	struct zinc_reopen r;
	struct zinc_notify n;
	struct zinc_query q;
	struct zinc_open o;
	struct zinc_list l;
	struct zinc_wait w;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		__u32 flag = 1U << bit;

		q = (struct zinc_query){ .flags = flag };
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_QUERY, &q));
		u = (struct zinc_unlink){ .flags = flag };
		set_name(u.name, self->name);
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_UNLINK, &u));
		l = (struct zinc_list){ .flags = flag, .entry_size = ZINC_INFO_SIZE_V1 };
		EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_LIST, &l));
		any = (struct zinc_wait_any){
			.items = (uintptr_t)&item,
			.count = 1,
			.flags = flag,
		};
		if (flag & ~ZINC_WAIT_GONE)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_WAIT_ANY, &any));
		c = create_args("flagged", PAGE);
		c.mode = flag;
		if (flag & ~0666)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c));
		c = create_args("flagged", PAGE);
		c.lifetime = flag;
		if (flag > ZINC_LIFETIME_PERSIST)
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c));
		c = create_args("flagged", PAGE);
		c.flags = ZINC_LAZY | ZINC_REPLACE | flag;
		if (flag & ~(ZINC_LAZY | ZINC_REPLACE))
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_CREATE, &c));
		o = open_args(self->name);
		o.flags = ZINC_RDONLY | flag;
		r = (struct zinc_reopen){ .flags = ZINC_RDONLY | flag };
		if (flag & ~ZINC_RDONLY) {
			EXPECT_EQ(-EINVAL, refused(self->dev, ZINC_IOC_OPEN, &o));
			EXPECT_EQ(-EINVAL, refused(self->fd, ZINC_IOC_REGION_REOPEN, &r));
		}
		n = (struct zinc_notify){ .flags = ZINC_NOTIFY_WAKE | flag };
		if (flag & ~ZINC_NOTIFY_WAKE)
			EXPECT_EQ(-EINVAL, refused(self->fd, ZINC_IOC_REGION_NOTIFY, &n));
		w = (struct zinc_wait){ .flags = ZINC_WAIT_CURSOR | flag };
		if (flag & ~(ZINC_WAIT_CURSOR | ZINC_WAIT_NOTIFY |
			     ZINC_WAIT_WAKE | ZINC_WAIT_GONE))
			EXPECT_EQ(-EINVAL, refused(self->fd, ZINC_IOC_REGION_WAIT, &w));
	}
	EXPECT_EQ(-ENOENT, open_name(self->dev, "flagged"));
	EXPECT_EQ(0, info(self->fd).sequence);
	EXPECT_EQ(0, info(self->fd).cursor);
}

static bool is_command(bool on_region, unsigned int nr)
{
	if (!on_region)
		return nr <= _IOC_NR(ZINC_IOC_HOLDERS);
	return nr >= _IOC_NR(ZINC_IOC_REGION_INFO) &&
	       nr <= _IOC_NR(ZINC_IOC_REGION_REOPEN);
}

TEST_F(patterns, index_beyond_the_table)
{
	static const unsigned int sizes[] = { 0, 8, 256, 16383 };
	static __u8 arg[16384];
	unsigned int nr, dir, i, region;

	for (region = 0; region < 2; region++) {
		int fd = region ? self->fd : self->dev;

		for (i = 0; i < 256 * 4 * ARRAY_SIZE(sizes); i++) {
			nr = i % 256;
			dir = i / 256 % 4;
			if (is_command(region, nr))
				continue;
			EXPECT_EQ(-ENOTTY, call(fd, _IOC(dir, ZINC_IOCTL_TYPE, nr,
							 sizes[i / 1024]), arg))
				TH_LOG("number %#x, direction %u", nr, dir);
		}
	}
	EXPECT_TRUE(all_are(arg, 0, sizeof(arg)));
}

/* Whether, of @size bytes, only those from @from to @to differ */
static bool differ_within(const void *a, const void *b, size_t size,
			  size_t from, size_t to)
{
	return !memcmp(a, b, from) &&
	       !memcmp((const char *)a + to, (const char *)b + to, size - to);
}

#define OUT(type, field)	offsetof(struct type, field), \
				offsetof(struct type, field) + sizeof(((struct type *)0)->field)

/* Only the requested output comes out, no other byte of the kernel's memory */
TEST_F(patterns, struct_padding)
{
	struct zinc_wait_item item = { self->fd, 7 };
	struct zinc_wait_any any = { .items = (uintptr_t)&item, .count = 1 }, any_in;
	struct zinc_create c = create_args("padded", PAGE), c_in = c;
	struct zinc_open o = open_args(self->name), o_in = o;
	struct zinc_reopen r = { .id = ~0ULL, .capacity = ~0ULL }, r_in = r;
	struct zinc_notify n = { .sequence = ~0U }, n_in = n;
	struct zinc_wait w = { .cursor = ~0U }, w_in = w;
	struct zinc_info i;
	char *control;
	int fd;

	memset(&any.index, POISON, sizeof(any.index));
	any_in = any;
	fd = call(self->dev, ZINC_IOC_CREATE, &c);
	EXPECT_LE(0, fd);
	EXPECT_TRUE(differ_within(&c, &c_in, sizeof(c), OUT(zinc_create, id)));
	close(fd);
	fd = call(self->dev, ZINC_IOC_OPEN, &o);
	EXPECT_LE(0, fd);
	EXPECT_TRUE(differ_within(&o, &o_in, sizeof(o), offsetof(struct zinc_open, id),
				  offsetof(struct zinc_open, name)));
	close(fd);
	fd = call(self->fd, ZINC_IOC_REGION_REOPEN, &r);
	EXPECT_LE(0, fd);
	EXPECT_TRUE(differ_within(&r, &r_in, sizeof(r), offsetof(struct zinc_reopen, id),
				  sizeof(r)));
	close(fd);
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_NOTIFY, &n));
	EXPECT_TRUE(differ_within(&n, &n_in, sizeof(n), OUT(zinc_notify, sequence)));
	EXPECT_EQ(0, call(self->fd, ZINC_IOC_REGION_WAIT, &w));
	EXPECT_TRUE(differ_within(&w, &w_in, sizeof(w), OUT(zinc_wait, cursor)));
	EXPECT_EQ(0, call(self->dev, ZINC_IOC_WAIT_ANY, &any));
	EXPECT_TRUE(differ_within(&any, &any_in, sizeof(any), OUT(zinc_wait_any, index)));
	i = info(self->fd);
	EXPECT_TRUE(all_are(i.name + strlen(self->name), 0,
			    sizeof(i.name) - strlen(self->name)));
	/* a page of the kernel's own, of which only the end is in use */
	control = map_control(self->fd, PROT_READ);
	ASSERT_NE(NULL, control);
	EXPECT_TRUE(all_are(control, 0, PAGE - sizeof(struct zinc_header)));
	EXPECT_TRUE(all_are(header_of(control)->reserved, 0,
			    sizeof(header_of(control)->reserved)));
	munmap(control, PAGE);
	EXPECT_EQ(0, set_cursor(self->fd, 0));
}

/* ---- double fetch ---- */

/* The struct is changed while its second half is still on its way in */
TEST_F(patterns, double_fetch_of_create)
{
	struct zinc_create *c, args = create_args("fetched-once", PAGE);
	size_t head = offsetof(struct zinc_create, name);
	char *content = calloc(1, PAGE);
	struct held h;
	struct trap t;
	int fd;

	ASSERT_NE(NULL, content);
	if (set_trap(&t, false))
		SKIP(return, "no userfaultfd here");
	/* all but the name is on the page before the trap */
	c = (void *)(t.page - head);
	memcpy(c, &args, head);
	memcpy(content, args.name, sizeof(args.name));
	begin(&h, self->dev, ZINC_IOC_CREATE, c);
	ASSERT_TRUE(is_caught(&t));
	c->capacity = 3 * PAGE;
	c->flags = ZINC_LAZY;
	c->lifetime = ZINC_LIFETIME_PERSIST;
	c->mode = 0666;
	let_on(&t, content);
	fd = end(&h);
	ASSERT_LE(0, fd);
	EXPECT_EQ(PAGE, info(fd).capacity);
	EXPECT_EQ(PAGE, info(fd).resident);
	EXPECT_EQ(ZINC_INFO_CREATOR, info(fd).flags);
	EXPECT_EQ(ZINC_LIFETIME_REFS, info(fd).lifetime);
	EXPECT_EQ(0600, info(fd).mode);
	EXPECT_EQ(info(fd).id, c->id);
	EXPECT_EQ(self->before.bytes + PAGE, query(self->dev).user_bytes);
	close(fd);
	take_away(&t);
	free(content);
}

/* Where the entries go is asked once */
TEST_F(patterns, double_fetch_of_list)
{
	int second = create(self->dev, "second", PAGE);
	struct zinc_info *elsewhere, *entries;
	char *content = calloc(1, PAGE);
	struct zinc_list l = {
		.cursor = info(self->fd).id - 1,
		.count = 2,
		.entry_size = sizeof(*entries),
	};
	struct held h;
	struct trap t;

	ASSERT_NE(NULL, content);
	elsewhere = malloc(16 * sizeof(*elsewhere));
	ASSERT_NE(NULL, elsewhere);
	memset(elsewhere, POISON, 16 * sizeof(*elsewhere));
	if (set_trap(&t, false))
		SKIP(return, "no userfaultfd here");
	entries = (void *)t.page;
	l.entries = (uintptr_t)entries;
	begin(&h, self->dev, ZINC_IOC_LIST, &l);
	ASSERT_TRUE(is_caught(&t));
	l.entries = (uintptr_t)elsewhere;
	l.entry_size = PAGE;
	l.count = ~0U;
	l.flags = 1;
	let_on(&t, content);
	EXPECT_EQ(0, end(&h));
	EXPECT_EQ(2, l.count);
	EXPECT_EQ(info(self->fd).id, entries[0].id);
	EXPECT_EQ(info(second).id, entries[1].id);
	EXPECT_TRUE(all_are(elsewhere, POISON, 16 * sizeof(*elsewhere)));
	free(elsewhere);
	free(content);
	take_away(&t);
	close(second);
}

/* Items that become others while the call sleeps */
TEST_F(patterns, double_fetch_of_wait_any)
{
	int others[2] = { create(self->dev, "", PAGE), create(self->dev, "", PAGE) };
	struct zinc_wait_item items[2] = { { self->fd, 0 }, { others[0], 0 } };
	struct zinc_wait_any any = {
		.items = (uintptr_t)items,
		.count = 2,
		.deadline = patience(),
	};
	struct zinc_wait_item elsewhere[2] = { { -1, 9 }, { -1, 9 } };
	struct held h;

	EXPECT_EQ(0, notify(others[1]));
	begin(&h, self->dev, ZINC_IOC_WAIT_ANY, &any);
	EXPECT_TRUE(EVENTUALLY(info(others[0]).waiters == 1));
	items[0] = (struct zinc_wait_item){ others[1], 5 };
	items[1] = (struct zinc_wait_item){ -1, 5 };
	any.items = (uintptr_t)elsewhere;
	any.count = 0;
	any.deadline = 0;
	EXPECT_EQ(0, notify(others[0]));
	EXPECT_EQ(0, end(&h));
	EXPECT_EQ(1, any.index);
	EXPECT_EQ(1, items[1].cursor);
	EXPECT_EQ(5, items[0].cursor);
	EXPECT_EQ(9, elsewhere[1].cursor);
	EXPECT_EQ(1, info(others[0]).cursor);
	EXPECT_EQ(0, info(others[1]).cursor);
	EXPECT_EQ(0, info(self->fd).cursor);
	EXPECT_EQ(1, info(others[0]).handles);
	close(others[0]);
	close(others[1]);
}

struct flipper {
	struct zinc_create *args;
	int stop;
};

/* One field after the other is wrong for a moment */
static void *flip(void *arg)
{
	struct flipper *f = arg;
	volatile struct zinc_create *c = f->args;
	const __u64 page = PAGE;
	unsigned int i;

	for (i = 0; !LOAD(f->stop); i++) {
		bool wrong = !(i & 1);

		switch (i / 2 % 5) {
		case 0:
			c->capacity = wrong ? page + 1 : 2 * page;
			break;
		case 1:
			c->mode = wrong ? 07777 : 0644;
			break;
		case 2:
			c->lifetime = wrong ? 9 : ZINC_LIFETIME_REFS;
			break;
		case 3:
			c->name[0] = wrong ? '/' : 'f';
			break;
		default:
			c->flags = wrong ? 0x80000000 : 0;
		}
	}
	return NULL;
}

/* A thread that changes every field all the while */
TEST_F(patterns, double_fetch_by_a_thread)
{
	struct zinc_create args = create_args("flipped", 2 * PAGE);
	struct flipper f = { .args = &args };
	int fd, made = 0, refusals = 0;
	__u64 until = after_ms(RACE_MS);
	pthread_t thread;

	args.mode = 0644;
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &f));
	/* until the other thread has had its turn, however late */
	while (!made || !refusals || clock_ns(CLOCK_MONOTONIC) < until) {
		struct zinc_info is;

		fd = call(self->dev, ZINC_IOC_CREATE, &args);
		ASSERT_TRUE(fd >= 0 || fd == -EINVAL) TH_LOG("%d", fd);
		if (fd < 0) {
			refusals++;
			continue;
		}
		made++;
		is = info(fd);
		ASSERT_EQ(2 * PAGE, is.capacity);
		ASSERT_EQ(2 * PAGE, is.resident);
		ASSERT_EQ(0644, is.mode);
		ASSERT_EQ(ZINC_LIFETIME_REFS, is.lifetime);
		ASSERT_EQ(ZINC_INFO_CREATOR, is.flags);
		ASSERT_STREQ("flipped", (char *)is.name);
		close(fd);
	}
	STORE(f.stop, 1);
	pthread_join(thread, NULL);
	TH_LOG("%d made, %d refused", made, refusals);
}

/* ---- locks ---- */

/* A call that is blocked in its caller's memory blocks no other process */
TEST_F(patterns, global_mutex)
{
	struct zinc_list l = { .count = 1, .entry_size = sizeof(struct zinc_info) };
	char *content = calloc(1, PAGE);
	struct held h;
	struct trap t;
	int fd, other;

	ASSERT_NE(NULL, content);
	if (set_trap(&t, false))
		SKIP(return, "no userfaultfd here");
	l.entries = (uintptr_t)t.page;
	begin(&h, self->dev, ZINC_IOC_LIST, &l);
	ASSERT_TRUE(is_caught(&t));
	fd = create_as(self->dev, "meanwhile", PAGE, 0, ZINC_LIFETIME_PERSIST, 0);
	EXPECT_LE(0, fd);
	other = open_name(self->dev, "meanwhile");
	EXPECT_LE(0, other);
	EXPECT_EQ(1, times_listed(self->dev, info(fd).id));
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(0, wait_until(other, 0));
	EXPECT_EQ(0, unlink_name(self->dev, "meanwhile"));
	EXPECT_EQ(0, unlink_name(self->dev, self->name));
	close(other);
	close(fd);
	/* the fixture wants its name again */
	close(self->fd);
	self->fd = create(self->dev, self->name, CAPACITY);
	EXPECT_LE(0, self->fd);
	let_on(&t, content);
	EXPECT_EQ(0, end(&h));
	EXPECT_EQ(1, l.count);
	take_away(&t);
	free(content);
}

/* ---- names ---- */

static void *open_and_look(void *arg)
{
	struct closer *c = arg;

	while (!LOAD(c->stop)) {
		struct zinc_open o = open_args("raced");
		int fd = call(c->dev, ZINC_IOC_OPEN, &o);
		struct zinc_info is;
		char *p;

		CHECK(fd >= 0 || fd == -ENOENT);
		if (fd < 0)
			continue;
		/* every other is let go at once: the sooner the next is tried */
		if (c->found++ & 1) {
			close(fd);
			continue;
		}
		is = info(fd);
		CHECK(is.id == o.id);
		CHECK(is.capacity == o.capacity);
		CHECK(is.handles >= 1);
		p = map_data(fd, is.capacity, RW);
		CHECK(p);
		/* its own memory, and no page of a region that was freed */
		CHECK(all_are(p, 0, is.capacity));
		munmap(p, is.capacity);
		close(fd);
	}
	return NULL;
}

enum { CROWD = 300 };

/*
 * A child that looks through a crowd of names, none of which it may see, again
 * and again: names that are to go wait for it, with no handle any more.
 */
static pid_t hold_up_removals(int dev, int *fds)
{
	struct zinc_info entry;
	struct zinc_list l = {
		.entries = (uintptr_t)&entry,
		.entry_size = sizeof(entry),
	};
	char name[32];
	pid_t pid;
	int i;

	for (i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "crowd-%d", i);
		fds[i] = create(dev, name, PAGE);
		CHECK(fds[i] >= 0);
	}
	pid = spawn();
	if (pid)
		return pid;
	if (!geteuid())
		become_alice();
	for (;;) {
		l.cursor = 0;
		l.count = 1;
		CHECK(!call(dev, ZINC_IOC_LIST, &l));
	}
}

TEST_F(patterns, name_found_while_its_last_handle_is_closed)
{
	struct closer c[2] = { { .dev = self->dev }, { .dev = self->dev } };
	__u64 until = after_ms(RACE_MS);
	int i, fd, crowd[CROWD];
	pthread_t threads[2];
	pid_t pid;

	pid = hold_up_removals(self->dev, crowd);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, open_and_look,
					    &c[i]));
	for (i = 0; clock_ns(CLOCK_MONOTONIC) < until ||
	     !LOAD(c[0].found) || !LOAD(c[1].found); i++) {
		fd = create(self->dev, "raced", PAGE << i % 3);
		/* an opener may have it still */
		ASSERT_TRUE(fd >= 0 || fd == -EEXIST) TH_LOG("%d", fd);
		if (fd >= 0)
			close(fd);
	}
	for (i = 0; i < 2; i++) {
		STORE(c[i].stop, 1);
		pthread_join(threads[i], NULL);
	}
	EXPECT_EQ(-ENOENT, open_name(self->dev, "raced"));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	for (i = 0; i < CROWD; i++)
		close(crowd[i]);
}

/* ---- poll ---- */

TEST_F(patterns, wait_queue_freed_while_epoll_holds_it)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP };
	int ep = epoll_create1(EPOLL_CLOEXEC), i, fd, copy;
	pid_t pid;

	for (i = 0; i < 100; i++) {
		/* the only handle goes */
		fd = create(self->dev, "watched", PAGE);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
		close(fd);
		EXPECT_EQ(-ENOENT, open_name(self->dev, "watched"));
		EXPECT_EQ(0, ready(ep, 0));
		/* a duplicate keeps what epoll watches, so that the close has no effect */
		fd = create(self->dev, "watched", PAGE);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
		copy = dup(fd);
		close(fd);
		EXPECT_EQ(0, notify(copy));
		EXPECT_EQ(EPOLLIN, ready(ep, 0));
		close(copy);
		EXPECT_EQ(0, ready(ep, 0));
	}
	/* likewise where the last one is a child's, and the child dies */
	fd = create(self->dev, "watched", PAGE);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	pid = spawn();
	if (!pid) {
		pause();
		_exit(0);
	}
	close(fd);
	fd = open_name(self->dev, "watched");
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, notify(fd));
	EXPECT_EQ(EPOLLIN, ready(ep, 0));
	close(fd);
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, ready(ep, 0));
	EXPECT_EQ(-ENOENT, open_name(self->dev, "watched"));
	close(ep);
}

/* Asynchronous polls hold the file, and let it go when they are cancelled */
TEST_F(patterns, wait_queue_freed_while_aio_polls)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_POLL, .aio_buf = POLLIN };
	struct iocb *list[1] = { &cb };
	aio_context_t ctx = 0;
	int fd, again;

	if (syscall(SYS_io_setup, 4, &ctx))
		SKIP(return, "no asynchronous I/O here");
	fd = create(self->dev, "polled", PAGE);
	ASSERT_LE(0, fd);
	cb.aio_fildes = fd;
	ASSERT_EQ(1, syscall(SYS_io_submit, ctx, 1, list));
	EXPECT_EQ(1, info(fd).waiters);
	close(fd);
	again = open_name(self->dev, "polled");
	EXPECT_LE(0, again);
	EXPECT_EQ(2, info(again).handles);
	close(again);
	EXPECT_EQ(0, syscall(SYS_io_destroy, ctx));
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions ==
			       self->before.regions));
}

/* A poll takes no reference that could be left, or keep the handle */
TEST_F(patterns, file_reference_inside_poll)
{
	int fd = create(self->dev, "polled", PAGE), i;
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN }, { .fd = fd, .events = POLLRDHUP },
	};
	int ep = watch(fd, EPOLLIN);

	ASSERT_LE(0, ep);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, poll(p, 2, 0));
		ASSERT_EQ(0, ready(ep, 0));
	}
	EXPECT_EQ(1, info(fd).handles);
	close(fd);
	EXPECT_EQ(self->before.regions, query(self->dev).user_regions);
	EXPECT_EQ(-ENOENT, open_name(self->dev, "polled"));
	close(ep);
}

/* ---- attributes and identity ---- */

TEST_F(patterns, attributes_set_after_open)
{
	int rdonly = reopen_as(self->fd, ZINC_RDONLY);
	struct zinc_info before = info(self->fd), now;
	pid_t pid;

	pid = spawn();
	if (!pid) {
		/* as a user for whom the kernel refuses to change any inode */
		if (!geteuid())
			become_alice();
		CHECK(fchmod(self->fd, 0666) == -1);
		CHECK(fchown(self->fd, ALICE, ALICE) == -1);
		CHECK(fsetxattr(self->fd, "user.zinc", "1", 1, 0) == -1);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-1, ftruncate(self->fd, 2 * CAPACITY));
	EXPECT_EQ(EINVAL, errno);
	/* the flags that fcntl() can set do not include the access mode */
	EXPECT_EQ(0, fcntl(rdonly, F_SETFL, O_RDWR | O_NONBLOCK));
	EXPECT_EQ(O_RDONLY, fcntl(rdonly, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(EACCES, map_error(rdonly, PAGE, RW, MAP_SHARED, 0));
	EXPECT_EQ(-EBADF, notify(rdonly));
	now = info(self->fd);
	EXPECT_EQ(0, memcmp(&before, &now, sizeof(now)));
	close(rdonly);
}

TEST_F(patterns, world_access_by_default)
{
	mode_t mask = umask(0);
	int fd = create_as(self->dev, "default", PAGE, 0, 0, 0);
	pid_t pid;

	umask(mask);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0600, info(fd).mode);
	/* a driver that asks for a mode of its node would have it here */
	EXPECT_EQ(NULL, strstr(file_text("/sys/class/misc/zinc/uevent"), "DEVMODE"));
	EXPECT_NE(NULL, strstr(file_text("/sys/class/misc/zinc/uevent"), "DEVNAME=zinc"));
	if (geteuid())
		SKIP(goto out, "needs root, to be another user");
	pid = spawn();
	if (!pid) {
		become_alice();
		CHECK(open_as(self->dev, "default", 0) == -EACCES);
		CHECK(open_as(self->dev, "default", ZINC_RDONLY) == -EACCES);
		CHECK(times_listed(self->dev, info(fd).id) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
out:
	close(fd);
}

/* Use a region by one handle in every way, in any process */
static void use_it(int dev, int fd, const char *name)
{
	__u64 before = info(fd).sequence;
	char *p = map_data(fd, CAPACITY, RW);
	int other;

	CHECK(p);
	p[0]++;
	munmap(p, CAPACITY);
	CHECK(!notify(fd));
	CHECK(info(fd).sequence == (__u32)(before + 1));
	CHECK(!wait_until(fd, 0));
	other = open_name(dev, name);
	CHECK(other >= 0);
	close(other);
	other = reopen_as(fd, 0);
	CHECK(other >= 0);
	close(other);
	CHECK(create(dev, "", PAGE) >= 0);
}

struct survivor {
	int dev;
	int fd;
	const char *name;
};

static void *outlive_the_leader(void *arg)
{
	struct survivor *s = arg;

	CHECK(EVENTUALLY(task_state(getpid()) == 'Z'));
	use_it(s->dev, s->fd, s->name);
	_exit(0);
}

TEST_F(patterns, state_by_tgid)
{
	int out[2], fd;
	__u64 count = 0;
	pid_t pid;

	/* a child, and the child of one that is gone */
	pid = spawn();
	if (!pid) {
		use_it(self->dev, self->fd, self->name);
		pid = spawn();
		if (!pid)
			use_it(self->dev, self->fd, self->name);
		_exit(pid ? reap(pid) : 0);
	}
	EXPECT_EQ(0, reap(pid));

	/* a thread whose process's first thread has ended */
	pid = spawn();
	if (!pid) {
		struct survivor s = { self->dev, self->fd, self->name };
		pthread_t thread;

		CHECK(!pthread_create(&thread, NULL, outlive_the_leader, &s));
		syscall(SYS_exit, 1);
	}
	EXPECT_EQ(0, reap(pid));

	/* another program in the same process */
	EXPECT_EQ(0, set_cursor(self->fd, info(self->fd).sequence - 3));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	pid = spawn();
	if (!pid) {
		dup2(self->fd, 0);
		dup2(out[1], 1);
		execl("/bin/dd", "dd", "bs=8", "count=1", "status=none", NULL);
		_exit(127);
	}
	close(out[1]);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(sizeof(count), read(out[0], &count, sizeof(count)));
	EXPECT_EQ(3, count);
	close(out[0]);

	/* a process that made it and is gone */
	pid = spawn();
	if (!pid) {
		CHECK(create_as(self->dev, "orphan", CAPACITY, 0,
				ZINC_LIFETIME_PERSIST, 0) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	fd = open_name(self->dev, "orphan");
	ASSERT_LE(0, fd);
	pid = spawn();
	if (!pid) {
		use_it(self->dev, fd, "orphan");
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, unlink_name(self->dev, "orphan"));
	close(fd);
}

TEST_HARNESS_MAIN
