// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions where memory is short: at the limit of a memory cgroup, swapped out,
 * without a huge page to be had, and while their pages are moved.
 *
 * Wants a machine of its own: it takes the memory, and sets up swap.
 */
#include "../abi.h"
#include "../swap.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define MIB		((size_t)1 << 20)
#define HUGE		(2 * MIB)
/* small pages only: the longest with its control page in the same file */
#define SMALL_PAGES	(HUGE - 2 * PAGE)
#define CGROUPS		"/sys/fs/cgroup"
#define THP		"/sys/kernel/mm/transparent_hugepage/"
/* Bytes of swap that are free already, but held back for the CPUs */
#define SWAP_SLACK	((size_t)sysconf(_SC_NPROCESSORS_ONLN) * 64 * PAGE)

static void __attribute__((constructor(2000))) need_root(void)
{
	if (geteuid())
		skip_all("not root");
}

/* ---- the other view of the pages ---- */

/*
 * Holders of the pages of a region while memory is short, and a view of the
 * pages, besides the mapping that every test has. To add a holder, such as a
 * mapped or imported dma-buf, add a row here and in VIEWS.
 */
struct view {
	void *(*get)(int fd, size_t length);
	int (*put)(void *view, size_t length);
};

static void *view_mapping(int fd, size_t length)
{
	return map_data(fd, length, PROT_READ | PROT_WRITE);
}

static const struct view mapped = { view_mapping, munmap };

/* Each test is run with each of them. */
#define VIEWS(fixture)							\
	FIXTURE_VARIANT_ADD(fixture, mapped) { .view = &mapped, }

/* ---- patterns ---- */

/* Each word tells where it is, and in which round it was written. */
static __u64 word_of(size_t i, __u64 round)
{
	return round << 32 | i;
}

static void fill(void *at, size_t length, __u64 round)
{
	__u64 *p = at;
	size_t i;

	for (i = 0; i < length / sizeof(*p); i++)
		p[i] = word_of(i, round);
}

static bool is_filled(const void *at, size_t length, __u64 round)
{
	const __u64 *p = at;
	size_t i;

	for (i = 0; i < length / sizeof(*p); i++)
		if (p[i] != word_of(i, round))
			break;
	if (i == length / sizeof(*p))
		return true;
	fprintf(stderr, "# word %zu is %#llx in round %llu\n", i,
		(unsigned long long)p[i], (unsigned long long)round);
	return false;
}

/* ---- what the kernel says ---- */

/* The number behind @key in a file of lines "key number"; 0 without it */
static unsigned long long number_of(const char *path, const char *key)
{
	const char *at = file_text(path);
	size_t length = strlen(key);

	while (at && *at) {
		if (!strncmp(at, key, length) &&
		    (at[length] == ' ' || at[length] == ':'))
			return strtoull(at + length + 1, NULL, 10);
		at = strchr(at, '\n');
		at += !!at;
	}
	return 0;
}

static unsigned long long vmstat(const char *key)
{
	return number_of("/proc/vmstat", key);
}

static const char *in_group(const char *group, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return path;
}

static unsigned long long group_number(const char *group, const char *file)
{
	return strtoull(file_text(in_group(group, file)), NULL, 10);
}

/* Bytes of shared memory that the group is charged for */
static unsigned long long group_shmem(const char *group)
{
	return number_of(in_group(group, "memory.stat"), "shmem");
}

static unsigned long long oom_kills(const char *group)
{
	return number_of(in_group(group, "memory.events"), "oom_kill");
}

static int group_set(const char *group, const char *file,
		     unsigned long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", value);
	return write_text(in_group(group, file), text);
}

/* The calling process is charged to @group from now on. */
static void enter(const char *group)
{
	CHECK(!write_text(in_group(group, "cgroup.procs"), "0"));
}

static void leave_group(void)
{
	enter(CGROUPS);
}

/* Push out what the group has, as far as that is possible at this moment. */
static void reclaim(const char *group)
{
	write_text(in_group(group, "memory.reclaim"), "64M");
}

static void compact(void)
{
	CHECK(!write_text("/proc/sys/vm/compact_memory", "1"));
}

static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* ---- two processes and a region ---- */

/* Enough rounds for the expected events to have happened */
#define ROUNDS		50
#define MOST_ROUNDS	5000

/* Reads what the other writes, and answers by notifies of @back. */
static void check_rounds(const struct view *view, int fd, int back,
			 size_t size)
{
	void *p = view->get(fd, size);
	__u64 round;

	CHECK(p);
	for (round = 1;; round++) {
		CHECK(!wait_until(fd, patience()));
		CHECK(is_filled(p, size, round));
		CHECK(!notify(back));
	}
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

/* ---- at a limit ---- */

FIXTURE(limit) {
	int dev;
	char group[64];
	struct zinc_query before;
};

FIXTURE_SETUP(limit)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->before = query(self->dev);
	snprintf(self->group, sizeof(self->group), CGROUPS "/zinc-%d",
		 getpid());
	if (mkdir(self->group, 0700) ||
	    access(in_group(self->group, "memory.max"), F_OK))
		SKIP(return, "no memory cgroup at " CGROUPS);
}

/* After every attempt: nothing is left, and nothing is charged. */
FIXTURE_TEARDOWN(limit)
{
	struct zinc_query now = query(self->dev);

	leave_group();
	EXPECT_EQ(now.user_regions, self->before.user_regions);
	EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) == 0));
	EXPECT_TRUE(EVENTUALLY(!rmdir(self->group)));
	close(self->dev);
}

TEST_F_TIMEOUT(limit, creator_is_charged, 120)
{
	const size_t size = 8 * MIB;
	void *p;
	int fd;

	enter(self->group);
	fd = create(self->dev, "", size);
	leave_group();
	ASSERT_GE(fd, 0);
	/* and the control page */
	EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) == size + PAGE));

	/* for any process that uses it then */
	p = map_data(fd, size, PROT_READ | PROT_WRITE);
	ASSERT_NE(p, NULL);
	fill(p, size, 1);
	EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) == size + PAGE));

	/* and as long as there are pages; the kernel tells late of a single one */
	EXPECT_EQ(close(fd), 0);
	EXPECT_GE(group_shmem(self->group), size);
	EXPECT_EQ(munmap(p, size), 0);
	EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) == 0));
}

/* Lazy pages come with the first touch, and so does the charge. */
TEST_F_TIMEOUT(limit, toucher_of_lazy_pages_is_charged, 120)
{
	const size_t size = 4 * MIB;
	void *p;
	int fd;

	fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	ASSERT_GE(fd, 0);
	p = map_data(fd, size, PROT_READ | PROT_WRITE);
	ASSERT_NE(p, NULL);
	EXPECT_EQ(group_shmem(self->group), 0);
	enter(self->group);
	fill(p, size, 1);
	leave_group();
	EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) == size));
	EXPECT_EQ(munmap(p, size), 0);
	EXPECT_EQ(close(fd), 0);
}

/* An errno, no OOM killer; nothing stays; what fits still works. */
TEST_F_TIMEOUT(limit, create_beyond_it_is_enomem, 120)
{
	static const size_t beyond[] = { 16 * MIB + 4096, 17 * MIB, 64 * MIB };
	const char *name = a_name("beyond");
	int fd, fds = count_fds();
	unsigned int i;

	ASSERT_EQ(group_set(self->group, "memory.max", 16 * MIB), 0);
	group_set(self->group, "memory.swap.max", 0);
	enter(self->group);
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_EQ(create(self->dev, name, beyond[i]), -ENOMEM);
		EXPECT_EQ(open_name(self->dev, name), -ENOENT);
		EXPECT_EQ(count_fds(), fds);
		EXPECT_EQ(query(self->dev).user_bytes,
			  self->before.user_bytes);
		EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) == 0));
	}
	fd = create(self->dev, name, 8 * MIB);
	leave_group();
	EXPECT_GE(fd, 0);
	EXPECT_EQ(info(fd).resident, 8 * MIB);
	EXPECT_EQ(oom_kills(self->group), 0);
	EXPECT_GT(number_of(in_group(self->group, "memory.events"), "max"), 0);
	EXPECT_EQ(close(fd), 0);
}

/* The process that touches the page meets the limit: it is killed, and its earlier writes stay. */
TEST_F_TIMEOUT(limit, lazy_touch_beyond_it_kills_the_toucher, 120)
{
	const size_t size = 64 * MIB;
	__u64 *p;
	pid_t pid;
	int fd;

	ASSERT_EQ(group_set(self->group, "memory.max", 16 * MIB), 0);
	group_set(self->group, "memory.swap.max", 0);
	fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	ASSERT_GE(fd, 0);
	p = map_data(fd, size, PROT_READ | PROT_WRITE);
	ASSERT_NE(p, NULL);
	pid = spawn();
	if (!pid) {
		enter(self->group);
		fill(p, size, 1);
		_exit(0);
	}
	EXPECT_EQ(reap(pid), 128 + SIGKILL);
	EXPECT_EQ(oom_kills(self->group), 1);
	EXPECT_GT(info(fd).resident, 8 * MIB);
	EXPECT_LE(info(fd).resident, 16 * MIB);
	EXPECT_TRUE(is_filled(p, 8 * MIB, 1));
	/* processes outside of the group continue */
	fill(p, size, 2);
	EXPECT_TRUE(is_filled(p, size, 2));
	EXPECT_EQ(munmap(p, size), 0);
	EXPECT_EQ(close(fd), 0);
}

/* ---- swapped out ---- */

FIXTURE(swap) {
	int dev;
	char group[64];
	bool swapping;
};

FIXTURE_VARIANT(swap) {
	const struct view *view;
};

VIEWS(swap);

FIXTURE_SETUP(swap)
{
	self->swapping = false;
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	snprintf(self->group, sizeof(self->group), CGROUPS "/zinc-%d",
		 getpid());
	if (mkdir(self->group, 0700) ||
	    access(in_group(self->group, "memory.reclaim"), F_OK))
		SKIP(return, "no memory cgroup with memory.reclaim");
	if (access(in_group(self->group, "memory.swap.current"), F_OK))
		SKIP(return, "no swap in this kernel's cgroups");
	if (!has_brd_module())
		SKIP(return, "no brd module");
	ASSERT_TRUE(has_swap_device());
	self->swapping = make_swap();
	ASSERT_TRUE(self->swapping)
		TH_LOG("swapon: %s", strerror(errno));
}

FIXTURE_TEARDOWN(swap)
{
	leave_group();
	if (self->swapping)
		EXPECT_EQ(swapoff(SWAP_DEVICE), 0);
	drop_swap_device();
	EXPECT_TRUE(EVENTUALLY(!rmdir(self->group)));
	close(self->dev);
}

static unsigned long long swapped(const char *group)
{
	return group_number(group, "memory.swap.current");
}

/* At least half of @size is on the device, and not in memory. */
static bool goes_out(const char *group, int fd, size_t size)
{
	return EVENTUALLY(({
		reclaim(group);
		swapped(group) >= size / 2 && info(fd).resident <= size / 2;
	}));
}

/* The other process: answers each round with what it finds and then writes. */
static void other_side(const struct view *view, int fd, size_t size, int link)
{
	void *p = view->get(fd, size);
	__u64 round;

	CHECK(p);
	while (read(link, &round, sizeof(round)) == sizeof(round)) {
		CHECK(is_filled(p, size, round));
		fill(p, size, round + 1);
		CHECK(write(link, &round, sizeof(round)) == sizeof(round));
	}
	CHECK(!view->put(p, size));
	_exit(0);
}

static bool ask_other_side(int link, __u64 round)
{
	__u64 answer;

	return write(link, &round, sizeof(round)) == sizeof(round) &&
	       read(link, &answer, sizeof(answer)) == sizeof(answer) &&
	       answer == round;
}

static void swap_in_and_out(struct __test_metadata *_metadata,
			    FIXTURE_PTR(swap) self, const struct view *view,
			    size_t size)
{
	int fd, link[2];
	pid_t pid;
	void *p;

	enter(self->group);
	fd = create(self->dev, "", size);
	leave_group();
	ASSERT_GE(fd, 0);
	p = map_data(fd, size, PROT_READ | PROT_WRITE);
	ASSERT_NE(p, NULL);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link), 0);
	pid = spawn();
	if (!pid) {
		close(link[0]);
		other_side(view, fd, size, link[1]);
	}
	close(link[1]);

	/* both have touched every page */
	fill(p, size, 1);
	EXPECT_TRUE(ask_other_side(link[0], 1));
	EXPECT_TRUE(is_filled(p, size, 2));

	fill(p, size, 3);
	ASSERT_TRUE(goes_out(self->group, fd, size));
	EXPECT_TRUE(ask_other_side(link[0], 3));

	/* what the other wrote goes out too, and comes back */
	ASSERT_TRUE(goes_out(self->group, fd, size));
	EXPECT_TRUE(is_filled(p, size, 4));
	EXPECT_EQ(info(fd).resident, size);

	/* given back from the device as from memory */
	ASSERT_TRUE(goes_out(self->group, fd, size));
	close(link[0]);
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(munmap(p, size), 0);
	EXPECT_GE(swapped(self->group), size / 2);
	EXPECT_EQ(close(fd), 0);
	EXPECT_TRUE(EVENTUALLY(swapped(self->group) <= SWAP_SLACK));
	EXPECT_EQ(swapoff(SWAP_DEVICE), 0);
	self->swapping = false;
	EXPECT_EQ(swapped(self->group), 0);
	/* the control page was not swapped, and the kernel tells late of one page */
	EXPECT_TRUE(EVENTUALLY(group_shmem(self->group) <= PAGE));
}

TEST_F_TIMEOUT(swap, small_pages, 120)
{
	swap_in_and_out(_metadata, self, variant->view, SMALL_PAGES);
}

/* A huge page is split on its way out. */
TEST_F_TIMEOUT(swap, huge_pages, 120)
{
	swap_in_and_out(_metadata, self, variant->view, 8 * MIB);
}

static pid_t start_reclaiming(const char *group)
{
	pid_t pid = spawn();

	while (!pid) {
		reclaim(group);
		sleep_ms(1);
	}
	return pid;
}

/* Pages come and go while both processes use them. */
TEST_F_TIMEOUT(swap, while_in_use, 300)
{
	unsigned long long before = vmstat("pswpin");
	const size_t size = SMALL_PAGES;
	pid_t reclaiming, reader;
	int fd, back;
	__u64 round;
	void *p;

	enter(self->group);
	fd = create(self->dev, "", size);
	leave_group();
	back = create(self->dev, "", PAGE);
	ASSERT_GE(fd, 0);
	ASSERT_GE(back, 0);
	p = map_data(fd, size, PROT_READ | PROT_WRITE);
	ASSERT_NE(p, NULL);
	reader = spawn();
	if (!reader)
		check_rounds(variant->view, fd, reopen_as(back, 0), size);
	reclaiming = start_reclaiming(self->group);
	for (round = 1; round <= MOST_ROUNDS; round++) {
		fill(p, size, round);
		ASSERT_EQ(notify(fd), 0);
		ASSERT_EQ(wait_until(back, patience()), 0)
			TH_LOG("no answer in round %llu", round);
		if (round >= ROUNDS &&
		    vmstat("pswpin") - before >= 10 * size / PAGE)
			break;
	}
	TH_LOG("%llu rounds, %llu pages came back from swap", round,
	       vmstat("pswpin") - before);
	EXPECT_LE(round, MOST_ROUNDS);
	stop(reclaiming);
	stop(reader);
	EXPECT_EQ(munmap(p, size), 0);
	EXPECT_EQ(close(fd), 0);
	EXPECT_EQ(close(back), 0);
}

/* ---- no huge page to be had ---- */

FIXTURE(fragmented) {
	int dev;
	char defrag[16];
};

FIXTURE_VARIANT(fragmented) {
	const struct view *view;
};

VIEWS(fragmented);

/* The word in brackets */
static void chosen(const char *path, char *word, size_t size)
{
	const char *at = strchr(file_text(path), '[');
	size_t n = at ? strcspn(at + 1, "]") : 0;

	snprintf(word, size, "%.*s", (int)n, at ? at + 1 : "");
}

FIXTURE_SETUP(fragmented)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	if (access(THP "defrag", F_OK))
		SKIP(return, "no huge pages in this kernel");
	if (!(query(self->dev).features & ZINC_FEATURE_HUGE))
		SKIP(return, "regions get no huge pages");
	chosen(THP "defrag", self->defrag, sizeof(self->defrag));
	/* a process that wants a huge page takes a free one, and makes none */
	ASSERT_EQ(write_text(THP "defrag", "never"), 0);
}

FIXTURE_TEARDOWN(fragmented)
{
	EXPECT_EQ(write_text(THP "defrag", self->defrag), 0);
	close(self->dev);
}

/* Allocate huge pages until none is left; the result holds them. */
static void take_huge_pages(size_t most)
{
	unsigned long long before = vmstat("thp_fault_fallback");
	char *p = reserve(most);
	char *end = p + most;

	CHECK(!madvise(p, most, MADV_HUGEPAGE));
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	for (; p + HUGE <= end; p += HUGE) {
		*p = 1;
		if (vmstat("thp_fault_fallback") - before >= 8)
			return;
	}
}

/* Leave nothing free but single pages. */
static void fragment(size_t size)
{
	char *p = reserve(2 * size);
	size_t at;

	CHECK(take_small_pages(p, 2 * size));
	memset(p, 1, 2 * size);
	take_huge_pages(number_of("/proc/meminfo", "MemTotal") * 1024);
	for (at = 0; at < 2 * size; at += 2 * PAGE)
		CHECK(!madvise(p + at, PAGE, MADV_DONTNEED));
}

TEST_F_TIMEOUT(fragmented, create_takes_small_pages, 120)
{
	const size_t size = 16 * MIB;
	unsigned long long before, fallbacks = 0;
	void *p, *view;
	int i, fd = -1;

	fragment(4 * size);
	/* a huge page that came back meanwhile may go to the first */
	for (i = 0; i < 4 && fallbacks < size / HUGE; i++) {
		before = vmstat("thp_file_fallback");
		fd = create(self->dev, "", size);
		ASSERT_GE(fd, 0);
		fallbacks = vmstat("thp_file_fallback") - before;
	}
	EXPECT_GE(fallbacks, size / HUGE);
	EXPECT_EQ(info(fd).resident, size);
	p = map_data(fd, size, PROT_READ | PROT_WRITE);
	view = variant->view->get(fd, size);
	ASSERT_NE(p, NULL);
	ASSERT_NE(view, NULL);
	EXPECT_TRUE(all_are(p, 0, size));
	fill(p, size, 1);
	EXPECT_TRUE(is_filled(view, size, 1));
	EXPECT_EQ(info(fd).resident, size);
	EXPECT_EQ(variant->view->put(view, size), 0);
	EXPECT_EQ(munmap(p, size), 0);
	EXPECT_EQ(close(fd), 0);
}

/* ---- moved ---- */

FIXTURE(moved) {
	int dev;
	int fd;
	int back;		/* a region to answer by */
	size_t size;
	void *p;
	__u64 *frames;
	char *hold;		/* where pages are to be moved */
};

FIXTURE_VARIANT(moved) {
	const struct view *view;
};

VIEWS(moved);

/* Where the pages are in memory; 0 for one that is not there */
static void note_frames(const void *at, size_t size, __u64 *frames)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i, n = size / PAGE;
	off_t from = (uintptr_t)at / PAGE * sizeof(*frames);

	CHECK(fd >= 0);
	CHECK(pread(fd, frames, n * sizeof(*frames), from) ==
	      n * sizeof(*frames));
	close(fd);
	for (i = 0; i < n; i++)
		frames[i] = frames[i] >> 63 ? frames[i] << 9 >> 9 : 0;
}

/* How many pages are elsewhere than note_frames() saw them */
static unsigned int count_moved(const void *at, size_t size,
				const __u64 *before)
{
	__u64 now[HUGE / 4096];
	unsigned int moved = 0;
	size_t i;

	CHECK(size <= HUGE);
	note_frames(at, size, now);
	for (i = 0; i < size / PAGE; i++)
		moved += before[i] && now[i] && before[i] != now[i];
	return moved;
}

#define HELD		(512 * MIB)

FIXTURE_SETUP(moved)
{
	size_t at, step = HUGE;

	if (access("/proc/sys/vm/compact_memory", F_OK))
		SKIP(return, "no compaction in this kernel");
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	self->size = SMALL_PAGES;
	/* compaction moves the later pages to the place of the earlier ones */
	self->hold = reserve(HELD);
	if (access(THP "enabled", F_OK))
		step = PAGE;
	else
		ASSERT_EQ(madvise(self->hold, HELD, MADV_HUGEPAGE), 0);
	for (at = 0; at < HELD; at += step)
		self->hold[at] = 1;
	self->fd = create(self->dev, "", self->size);
	ASSERT_GE(self->fd, 0);
	self->back = create(self->dev, "", PAGE);
	ASSERT_GE(self->back, 0);
	self->p = map_data(self->fd, self->size, PROT_READ | PROT_WRITE);
	ASSERT_NE(self->p, NULL);
	fill(self->p, self->size, 0);
	self->frames = calloc(self->size / PAGE, sizeof(*self->frames));
	ASSERT_NE(self->frames, NULL);
	note_frames(self->p, self->size, self->frames);
}

FIXTURE_TEARDOWN(moved)
{
	EXPECT_EQ(munmap(self->p, self->size), 0);
	EXPECT_EQ(close(self->fd), 0);
	EXPECT_EQ(close(self->back), 0);
	free(self->frames);
	close(self->dev);
}

/* Holes, so that there is something to be done */
static void *make_holes(size_t size)
{
	char *p = reserve(size);
	size_t at;

	CHECK(take_small_pages(p, size));
	memset(p, 1, size);
	for (at = 0; at < size; at += 2 * PAGE)
		CHECK(!madvise(p + at, PAGE, MADV_DONTNEED));
	return p;
}

/* Another process moves pages, all the time, till it is killed. */
static pid_t start_mover(FIXTURE_PTR(moved) self)
{
	const size_t size = 32 * MIB;
	pid_t pid;
	void *p;

	CHECK(!munmap(self->hold, HELD));
	pid = spawn();
	if (pid)
		return pid;
	for (;;) {
		compact();
		p = make_holes(size);
		compact();
		CHECK(!munmap(p, size));
	}
}

static void futex_wait(__u32 *word, __u32 value)
{
	const struct timespec limit = { PATIENCE_MS / 1000, 0 };

	while (LOAD(*word) == value)
		CHECK(!syscall(SYS_futex, word, FUTEX_WAIT, value, &limit,
			       NULL, 0) || errno == EAGAIN || errno == EINTR);
}

static void futex_wake(__u32 *word)
{
	CHECK(syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) >=
	      0);
}

TEST_F_TIMEOUT(moved, notify_and_contents, 300)
{
	unsigned int moved = 0;
	pid_t mover, reader;
	__u64 round;

	reader = spawn();
	if (!reader)
		check_rounds(variant->view, self->fd,
			     reopen_as(self->back, 0), self->size);
	mover = start_mover(self);
	for (round = 1; round <= MOST_ROUNDS; round++) {
		fill(self->p, self->size, round);
		ASSERT_EQ(notify(self->fd), 0);
		ASSERT_EQ(wait_until(self->back, patience()), 0)
			TH_LOG("no answer in round %llu", round);
		moved = count_moved(self->p, self->size, self->frames);
		if (round >= ROUNDS && moved)
			break;
	}
	TH_LOG("%llu rounds, %u of %zu pages were moved", round, moved,
	       self->size / PAGE);
	EXPECT_GT(moved, 0);
	stop(mover);
	stop(reader);
}

/* The word of the futex is in the first page, the answer in the last. */
static void answer_by_futex(const struct view *view, int fd, size_t size)
{
	char *p = view->get(fd, size);
	__u32 *ask, *answer;
	__u32 round;

	CHECK(p);
	ask = (__u32 *)p;
	answer = (__u32 *)(p + size - PAGE);
	for (round = 1;; round++) {
		futex_wait(ask, round - 1);
		CHECK(is_filled(p + PAGE, size - 2 * PAGE, round));
		STORE(*answer, round);
		futex_wake(answer);
	}
}

TEST_F_TIMEOUT(moved, futex_and_contents, 300)
{
	__u32 *ask = self->p;
	__u32 *answer = self->p + self->size - PAGE;
	unsigned int moved = 0;
	pid_t mover, other;
	__u32 round;

	STORE(*ask, 0);
	STORE(*answer, 0);
	other = spawn();
	if (!other)
		answer_by_futex(variant->view, self->fd, self->size);
	mover = start_mover(self);
	for (round = 1; round <= MOST_ROUNDS; round++) {
		fill(self->p + PAGE, self->size - 2 * PAGE, round);
		STORE(*ask, round);
		futex_wake(ask);
		futex_wait(answer, round - 1);
		ASSERT_EQ(LOAD(*answer), round);
		moved = count_moved(self->p, self->size, self->frames);
		if (round >= ROUNDS && moved)
			break;
	}
	TH_LOG("%u rounds, %u of %zu pages were moved", round, moved,
	       self->size / PAGE);
	EXPECT_GT(moved, 0);
	stop(mover);
	stop(other);
}

/* The kernel reads and writes the pages itself, at a device's request. */
TEST_F_TIMEOUT(moved, direct_io, 300)
{
	unsigned int moved = 0;
	void *view;
	pid_t mover;
	__u64 round;
	int disk;

	if (!has_brd_module())
		SKIP(return, "no brd module");
	ASSERT_TRUE(has_swap_device());
	disk = open(SWAP_DEVICE, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_GE(disk, 0);
	view = variant->view->get(self->fd, self->size);
	ASSERT_NE(view, NULL);
	mover = start_mover(self);
	for (round = 1; round <= MOST_ROUNDS; round++) {
		fill(self->p, self->size, round);
		ASSERT_EQ(pwrite(disk, self->p, self->size, 0), self->size);
		memset(view, 0, self->size);
		ASSERT_EQ(pread(disk, self->p, self->size, 0), self->size);
		ASSERT_TRUE(is_filled(view, self->size, round));
		moved = count_moved(self->p, self->size, self->frames);
		if (round >= ROUNDS && moved)
			break;
	}
	TH_LOG("%llu rounds, %u of %zu pages were moved", round, moved,
	       self->size / PAGE);
	EXPECT_GT(moved, 0);
	stop(mover);
	EXPECT_EQ(variant->view->put(view, self->size), 0);
	close(disk);
	drop_swap_device();
}

/* A pipe holds the pages: they stay where they are, and are the region's. */
TEST_F_TIMEOUT(moved, not_while_a_pipe_holds_them, 300)
{
	const size_t held = 8 * PAGE;
	struct iovec v = { self->p, held };
	unsigned int moved = 0;
	char *copy = malloc(held);
	pid_t mover;
	int pipes[2];
	int i;

	ASSERT_EQ(pipe2(pipes, O_CLOEXEC), 0);
	ASSERT_EQ(vmsplice(pipes[1], &v, 1, 0), held);
	mover = start_mover(self);
	for (i = 0; i < MOST_ROUNDS && !moved; i++) {
		sleep_ms(10);
		moved = count_moved(self->p + held, self->size - held,
				    self->frames + held / PAGE);
	}
	TH_LOG("%u of %zu pages were moved", moved, self->size / PAGE);
	EXPECT_GT(moved, 0);
	EXPECT_EQ(count_moved(self->p, held, self->frames), 0);
	/* the pipe returns the current content */
	fill(self->p, held, 7);
	ASSERT_EQ(read(pipes[0], copy, held), held);
	EXPECT_TRUE(is_filled(copy, held, 7));
	stop(mover);
	close(pipes[0]);
	close(pipes[1]);
	free(copy);
}

TEST_HARNESS_MAIN
