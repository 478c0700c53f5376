// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a region over time: the pages that create allocated stay
 * allocated, and charged to the creator, regardless of memory pressure and of
 * the advice of processes that share the region. System calls on mappings
 * (mlock, madvise, mremap, core dumps, futexes) work on them.
 *
 * Needs root, for the machine's settings, and a machine of its own.
 */
#include "abi.h"
#include "mappings.h"
#include "swap.h"

#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#define RW		(PROT_READ | PROT_WRITE)
#define KIB		((size_t)1 << 10)
#define MIB		((size_t)1 << 20)
#define HUGE		(2 * MIB)
#define CGROUPS		"/sys/fs/cgroup"
#define OVERCOMMIT_KB	"/proc/sys/vm/overcommit_kbytes"
#define OVERCOMMIT_PCT	"/proc/sys/vm/overcommit_ratio"
#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
#define THP		"/sys/kernel/mm/transparent_hugepage"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

static void __attribute__((constructor(2000))) need_root(void)
{
	if (geteuid())
		skip_all("not root");
}

/* below a huge page with the control page, just so, and above */
static const size_t sizes[] = { 64 * KIB, MIB, HUGE, 8 * MIB };

/* ---- what /proc and the groups tell ---- */

static unsigned long long number_of(const char *path, const char *key)
{
	const char *p = file_text(path);

	if (key)
		p = strstr(p, key);
	return p ? strtoull(p + (key ? strlen(key) : 0), NULL, 10) : ~0ULL;
}

static unsigned long long group_number(const char *group, const char *file,
				       const char *key)
{
	char path[96];

	snprintf(path, sizeof(path), CGROUPS "/%s/%s", group, file);
	return number_of(path, key);
}

static int group_write(const char *group, const char *file, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), CGROUPS "/%s/%s", group, file);
	return write_text(path, text);
}

static unsigned long long shmem_of(const char *group)
{
	return group_number(group, "memory.stat", "\nshmem ");
}

/* The line of smaps with @key that is about the mapping at @start */
static const char *smaps_line(const void *start, const char *key)
{
	static char line[512];
	char head[32];
	bool here = false;
	FILE *f = fopen("/proc/self/smaps", "re");

	snprintf(head, sizeof(head), "%lx-", (unsigned long)start);
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, head, strlen(head)))
			here = true;
		else if (here && !strncmp(line, key, strlen(key)))
			break;
		line[0] = 0;
	}
	if (f)
		fclose(f);
	return line + (line[0] ? strlen(key) : 0);
}

static long smaps_kib(const void *start, const char *key)
{
	return strtol(smaps_line(start, key), NULL, 10);
}

static bool has_flag(const void *start, const char *flag)
{
	return strstr(smaps_line(start, "VmFlags:"), flag);
}

static long mapped_huge(const void *start)
{
	return smaps_kib(start, "ShmemPmdMapped:") +
	       smaps_kib(start, "FilePmdMapped:");
}

/* Reclaim takes all clean pages, with or without swap. */
static void drop_caches(void)
{
	sync();
	CHECK(!write_text("/proc/sys/vm/drop_caches", "1"));
}

static bool is_filled(const char *p, size_t size, unsigned int seed)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		if (!all_are(p + at, at / PAGE * 7 + seed, PAGE))
			return false;
	return true;
}

static void fill(char *p, size_t size, unsigned int seed)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		memset(p + at, at / PAGE * 7 + seed, PAGE);
}

/* ---- the owner's group and another's ---- */

#define OWNER	"zinc-memory-owner"
#define OTHER	"zinc-memory-other"

FIXTURE(memory)
{
	int dev;
	bool groups;
	bool swapping;
};

FIXTURE_SETUP(memory)
{
	self->dev = open_device();
	ASSERT_GE(self->dev, 0);
	mkdir(CGROUPS "/" OWNER, 0755);
	mkdir(CGROUPS "/" OTHER, 0755);
	self->groups = !access(CGROUPS "/" OWNER "/memory.reclaim", W_OK) &&
		       !access(CGROUPS "/" OTHER "/memory.stat", R_OK);
	if (has_brd_module()) {
		ASSERT_TRUE(has_swap_device());
		ASSERT_TRUE(make_swap());
		self->swapping = true;
	}
}

FIXTURE_TEARDOWN(memory)
{
	if (self->swapping)
		EXPECT_EQ(0, swapoff(SWAP_DEVICE));
	EXPECT_TRUE(EVENTUALLY(rmdir(CGROUPS "/" OWNER) != -1 || errno != EBUSY));
	EXPECT_TRUE(EVENTUALLY(rmdir(CGROUPS "/" OTHER) != -1 || errno != EBUSY));
	close(self->dev);
}

#define NEED_GROUPS() do {						\
	if (!self->groups)						\
		SKIP(return, "no memory control group here");		\
} while (0)

#define NEED_SWAP() do {						\
	if (!self->swapping)						\
		SKIP(return, "no module brd here, to swap to");		\
} while (0)

static void join(const char *group)
{
	CHECK(!group_write(group, "cgroup.procs", "0\n"));
}

/* A region that a process of the owner's group made; a handle of it */
static int create_in_group(int dev, const char *name, size_t size, __u32 flags)
{
	pid_t pid = spawn();
	int fd;

	if (!pid) {
		join(OWNER);
		CHECK(create_as(dev, name, size, flags, ZINC_LIFETIME_PERSIST, 0) >= 0);
		_exit(0);
	}
	CHECK(!reap(pid));
	fd = open_name(dev, name);
	CHECK(fd >= 0);
	CHECK(!unlink_name(dev, name));
	return fd;
}

/* A process of the other group reads and writes all of it. */
static void touch_by_other(int fd, size_t size)
{
	pid_t pid = spawn();
	size_t at;

	if (!pid) {
		int rdonly = reopen_as(fd, ZINC_RDONLY);
		volatile char *p;
		char *seen;

		join(OTHER);
		seen = map_data(rdonly, size, PROT_READ);
		p = map_data(fd, size, RW);
		CHECK(seen && p);
		for (at = 0; at < size; at += PAGE)
			p[at] = seen[at];
		_exit(0);
	}
	CHECK(!reap(pid));
}

/* Take what can be taken from the group; whether some of the region went */
static bool reclaim(int fd, size_t size)
{
	char text[32];
	int i;

	snprintf(text, sizeof(text), "%zu", 2 * size + MIB);
	for (i = 0; i < 50 && info(fd).resident == size; i++)
		group_write(OWNER, "memory.reclaim", text);
	return info(fd).resident < size;
}

/* ---- pages that create has made ---- */

TEST_F(memory, dropped_caches_drop_none_of_it)
{
	size_t size;
	unsigned int i;
	int fd, buf;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		fd = create(self->dev, "", size);
		ASSERT_LE(0, fd);
		buf = export_region(fd, 0);
		ASSERT_LE(0, buf);
		drop_caches();
		EXPECT_EQ(size, info(fd).resident) TH_LOG("%zu bytes", size);
		close(buf);
		close(fd);
	}
}

TEST_F(memory, reclaim_swaps_it_and_drops_nothing)
{
	unsigned long long swapped;
	size_t size;
	unsigned int i;
	char *p;
	int fd;

	NEED_GROUPS();
	NEED_SWAP();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		fd = create_in_group(self->dev, a_name("reclaimed"), size, 0);
		p = map_data(fd, size, RW);
		ASSERT_NE(NULL, p);
		fill(p, size / 2, i);
		munmap(p, size);
		EXPECT_TRUE(reclaim(fd, size));
		swapped = group_number(OWNER, "memory.swap.current", NULL);
		EXPECT_LE(size, info(fd).resident + swapped)
			TH_LOG("%zu bytes: %llu resident, %llu swapped", size,
			       info(fd).resident, swapped);
		p = map_data(fd, size, RW);
		ASSERT_NE(NULL, p);
		EXPECT_TRUE(is_filled(p, size / 2, i));
		EXPECT_TRUE(all_are(p + size / 2, 0, size / 2));
		EXPECT_EQ(size, info(fd).resident);
		munmap(p, size);
		close(fd);
	}
}

TEST_F(memory, only_the_creators_group_is_charged)
{
	const size_t size = 8 * MIB;
	int fd;

	NEED_GROUPS();
	fd = create_in_group(self->dev, a_name("charged"), size, 0);
	EXPECT_LE(size, shmem_of(OWNER));
	drop_caches();
	touch_by_other(fd, size);
	EXPECT_GT(64 * KIB, shmem_of(OTHER));
	EXPECT_LE(size, shmem_of(OWNER));
	if (self->swapping) {
		EXPECT_TRUE(reclaim(fd, size));
		touch_by_other(fd, size);
		EXPECT_GT(64 * KIB, shmem_of(OTHER));
		EXPECT_LE(size, shmem_of(OWNER));
		EXPECT_EQ(size, info(fd).resident);
	}
	close(fd);
}

/* ---- advice ---- */

static void advise(int fd, size_t size, int advice, uid_t uid)
{
	volatile char *p;
	pid_t pid = spawn();
	size_t at;

	if (!pid) {
		CHECK(!uid || !setuid(uid));
		p = map_data(fd, size, PROT_READ);
		CHECK(p);
		for (at = 0; at < size; at += PAGE)
			(void)p[at];
		madvise((void *)p, size, advice);
		_exit(0);
	}
	CHECK(!reap(pid));
}

/* Neither a reader's, nor a writer's, nor root's */
TEST_F(memory, advice_pages_nothing_out)
{
	const size_t size = MIB;
	int fd = create(self->dev, "", size);
	int rdonly = reopen_as(fd, ZINC_RDONLY);
	uid_t uid;

	ASSERT_LE(0, rdonly);
	for (uid = 0; uid <= 1000; uid += 1000) {
		advise(rdonly, size, MADV_PAGEOUT, uid);
		EXPECT_EQ(size, info(fd).resident) TH_LOG("reader %d", uid);
		advise(fd, size, MADV_PAGEOUT, uid);
		EXPECT_EQ(size, info(fd).resident) TH_LOG("writer %d", uid);
		advise(rdonly, size, MADV_COLD, uid);
		EXPECT_EQ(size, info(fd).resident) TH_LOG("cold %d", uid);
	}
	close(rdonly);
	close(fd);
}

TEST_F(memory, mincore_tells_nothing)
{
	unsigned char in_core[16];
	uid_t uid;
	pid_t pid;
	char *p;
	int fd = create_as(self->dev, "", 16 * PAGE, ZINC_LAZY, 0, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, info(fd).resident);
	for (uid = 0; uid <= 1000; uid += 1000) {
		pid = spawn();
		if (!pid) {
			CHECK(!uid || !setuid(uid));
			p = map_data(fd, 16 * PAGE, PROT_READ);
			CHECK(p && !mincore(p, 16 * PAGE, in_core));
			CHECK(all_are(in_core, 1, 16));
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid));
	}
	EXPECT_EQ(0, info(fd).resident);
	close(fd);
}

#define MPOL_DEFAULT	0
#define MPOL_BIND	2
#define MPOL_F_ADDR	2

static int policy_at(const void *p)
{
	int mode = -1;

	return syscall(SYS_get_mempolicy, &mode, NULL, 0, p, MPOL_F_ADDR) ? -errno : mode;
}

/* Only writers decide on which node pages are allocated. */
TEST_F(memory, a_readers_mbind_binds_nobody)
{
	const size_t size = 16 * PAGE;
	unsigned long nodes = 1;
	int fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	int rdonly = reopen_as(fd, ZINC_RDONLY);
	char *p = map_data(fd, size, RW);
	char *seen = map_data(rdonly, size, PROT_READ);

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, seen);
	if (policy_at(p) == -ENOSYS)
		SKIP(goto out, "this kernel knows no nodes");
	EXPECT_EQ(MPOL_DEFAULT, policy_at(p));
	syscall(SYS_mbind, seen, size, MPOL_BIND, &nodes, 64L, 0);
	EXPECT_EQ(MPOL_DEFAULT, policy_at(p));
	EXPECT_EQ(0, syscall(SYS_mbind, p, size, MPOL_BIND, &nodes, 64L, 0));
	EXPECT_EQ(MPOL_BIND, policy_at(p));
	EXPECT_EQ(MPOL_BIND, policy_at(seen));
	EXPECT_EQ(0, syscall(SYS_mbind, p, size, MPOL_DEFAULT, NULL, 0L, 0));
	memset(p, 1, size);
	EXPECT_TRUE(all_are(seen, 1, size));
out:
	munmap(p, size);
	munmap(seen, size);
	close(rdonly);
	close(fd);
}

/* ---- overcommit ---- */

/* All of it, and that it can be written, in a process that may die of it */
static void fill_until_refused(int dev, __u32 flags)
{
	const size_t order[] = { 8 * MIB, MIB, 64 * KIB };
	unsigned int i, n, have = 0;
	int fd[128];
	char *p;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		for (n = 0; n < 32; n++) {
			struct zinc_create c = create_args("", order[i]);

			c.flags = flags;
			fd[have] = call(dev, ZINC_IOC_CREATE, &c);
			if (fd[have] < 0)
				break;
			have++;
		}
		CHECK(n < 32 && fd[have] == -ENOMEM);
	}
	CHECK(have);
	while (have--) {
		size_t size = info(fd[have]).capacity;

		p = map_data(fd[have], size, RW);
		CHECK(p);
		memset(p, 1, size);
		CHECK(info(fd[have]).resident == size);
		munmap(p, size);
	}
	_exit(0);
}

TEST_F(memory, what_strict_overcommit_grants_is_there)
{
	unsigned long long before, now;
	char ratio[16], text[32];
	unsigned int lazy;
	int was;
	pid_t pid;

	snprintf(ratio, sizeof(ratio), "%s", file_text(OVERCOMMIT_PCT));
	before = number_of("/proc/meminfo", "Committed_AS:");
	/* of which the kernel keeps some for root, and some of a process's size */
	snprintf(text, sizeof(text), "%llu", before + (48 << 10));
	ASSERT_EQ(0, write_text(OVERCOMMIT_KB, text));
	was = set_overcommit(2);
	for (lazy = 0; lazy < 2; lazy++) {
		pid = spawn();
		if (!pid)
			fill_until_refused(self->dev, lazy ? ZINC_LAZY : 0);
		EXPECT_EQ(0, reap(pid)) TH_LOG("lazy %u", lazy);
	}
	/* nothing is accounted that is gone */
	EXPECT_TRUE(EVENTUALLY((now = number_of("/proc/meminfo", "Committed_AS:")) <
			       before + (8 << 10))) TH_LOG("%llu of %llu KiB", now, before);
	set_overcommit(was);
	EXPECT_EQ(0, write_text(OVERCOMMIT_PCT, ratio));
}

/* Every page that a create or a failed create accounts is given back. */
TEST_F(memory, what_is_accounted_is_given_back)
{
	unsigned long long before, now;
	unsigned int i, flags;
	int pass, fd;

	before = number_of("/proc/meminfo", "Committed_AS:");
	for (pass = 0; pass < 50; pass++) {
		for (i = 0; i < ARRAY_SIZE(sizes) - 1; i++) {
			flags = pass & 1 ? ZINC_LAZY : 0;
			fd = create_as(self->dev, "", sizes[i], flags, 0, 0);
			ASSERT_LE(0, fd);
			close(fd);
		}
	}
	/* 50 times one page of the smallest, and more would be seen */
	EXPECT_TRUE(EVENTUALLY((now = number_of("/proc/meminfo", "Committed_AS:")) <
			       before + 200)) TH_LOG("%llu of %llu KiB", now, before);
	EXPECT_LT(before, now + 200);
}

TEST_F(memory, a_lazy_region_is_bounded_by_memory_and_swap)
{
	struct sysinfo machine;
	struct zinc_create c;
	int was, fd;

	ASSERT_EQ(0, sysinfo(&machine));
	c = create_args("", (machine.totalram + machine.totalswap + 64 * MIB) & -PAGE);
	c.flags = ZINC_LAZY;
	was = set_overcommit(0);
	EXPECT_EQ(-ENOMEM, refused(self->dev, ZINC_IOC_CREATE, &c));
	set_overcommit(1);
	fd = call(self->dev, ZINC_IOC_CREATE, &c);
	EXPECT_LE(0, fd);
	close(fd);
	set_overcommit(was);
}

/* ---- mlock ---- */

TEST_F(memory, mlock_locks)
{
	size_t size;
	unsigned int i, lazy;
	char *p;
	int fd;

	NEED_GROUPS();
	/* the kernel reclaims huge pages that are locked, but mapped in small ones */
	NEED_ALIGNMENT();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (lazy = 0; lazy < 2; lazy++) {
			size = sizes[i];
			fd = create_in_group(self->dev, a_name("locked"), size,
					     lazy ? ZINC_LAZY : 0);
			p = map_data(fd, size, lazy ? RW : PROT_READ);
			ASSERT_NE(NULL, p);
			ASSERT_EQ(0, mlock(p, size));
			EXPECT_EQ(size, info(fd).resident);
			EXPECT_EQ(size >> 10, smaps_kib(p, "Locked:"));
			EXPECT_TRUE(has_flag(p, " lo"));
			EXPECT_EQ(size >> 10, number_of("/proc/self/status", "VmLck:"));
			group_write(OWNER, "memory.reclaim", "16M");
			EXPECT_EQ(size, info(fd).resident);
			EXPECT_EQ(0, munlock(p, size));
			EXPECT_EQ(0, number_of("/proc/self/status", "VmLck:"));
			munmap(p, size);
			close(fd);
		}
	}
}

/* ---- huge pages ---- */

static bool has_collapse(void)
{
	bool has = false;
	char *p = mmap(NULL, 2 * HUGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start = (char *)(((uintptr_t)p + HUGE - 1) & -HUGE);

	if (p == MAP_FAILED || access(THP, F_OK) ||
	    strstr(file_text(THP "/shmem_enabled"), "[deny]"))
		return false;
	madvise(start, HUGE, MADV_NOHUGEPAGE);
	memset(start, 1, HUGE);
	madvise(start, HUGE, MADV_HUGEPAGE);
	has = !madvise(start, HUGE, MADV_COLLAPSE);
	munmap(p, 2 * HUGE);
	return has;
}

/* One made while no huge page was to be had, or that has lost it by swap */
TEST_F(memory, small_pages_become_huge_again)
{
	const size_t size = 2 * HUGE;
	int fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	char *p = map_data(fd, size, RW);

	ASSERT_NE(NULL, p);
	if (sizeof(void *) == 4)
		SKIP(goto out, NO_ALIGNMENT);
	if (!has_collapse())
		SKIP(goto out, "no MADV_COLLAPSE here");
	ASSERT_EQ(0, madvise(p, size, MADV_NOHUGEPAGE));
	fill(p, size, 3);
	EXPECT_EQ(0, mapped_huge(p));
	ASSERT_EQ(0, madvise(p, size, MADV_HUGEPAGE));
	EXPECT_EQ(0, madvise(p, size, MADV_COLLAPSE)) TH_LOG("%d", errno);
	EXPECT_TRUE(is_filled(p, size, 3));
	EXPECT_EQ(size >> 10, mapped_huge(p));
	EXPECT_EQ(size, info(fd).resident);
out:
	munmap(p, size);
	close(fd);
}

/* ---- mappings that grow ---- */

/* A grown mapping shows nothing behind the region's end. */
TEST_F(memory, a_grown_mapping_ends_where_the_region_does)
{
	size_t size, length;
	char *p, *q, *grown;
	unsigned int i, rdonly;
	int fd, ro;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		fd = create(self->dev, "", size);
		ro = reopen_as(fd, ZINC_RDONLY);
		ASSERT_LE(0, ro);
		for (rdonly = 0; rdonly < 2; rdonly++) {
			p = map_data(rdonly ? ro : fd, size, rdonly ? PROT_READ : RW);
			ASSERT_NE(NULL, p);
			length = size + HUGE;
			grown = mremap(p, size, length, MREMAP_MAYMOVE);
			if (grown == MAP_FAILED) {
				munmap(p, size);
				continue;
			}
			EXPECT_EQ(0, signal_of(grown + size - 1, !rdonly));
			EXPECT_EQ(SIGBUS, signal_of(grown + size, false));
			EXPECT_EQ(SIGBUS, signal_of(grown + length - 1, false));
			if (rdonly) {
				EXPECT_EQ(SIGSEGV, signal_of(grown, true));
				EXPECT_EQ(-1, mprotect(grown, length, RW));
				EXPECT_EQ(EACCES, errno);
			} else {
				EXPECT_EQ(SIGBUS, signal_of(grown + size, true));
			}
			/* of a length of 0 the kernel makes a second mapping */
			q = mremap(grown, 0, length, MREMAP_MAYMOVE);
			if (q != MAP_FAILED) {
				EXPECT_EQ(SIGBUS, signal_of(q + size, false));
				munmap(q, length);
			}
			munmap(grown, length);
		}
		EXPECT_EQ(size, info(fd).resident);
		EXPECT_EQ(size, info(fd).capacity);
		close(ro);
		close(fd);
	}
}

/* The most that collapsing past the end gives is the rest of one huge page. */
TEST_F(memory, a_grown_mapping_is_collapsed)
{
	const size_t size = HUGE + HUGE / 2;
	__u64 bytes = query(self->dev).user_bytes;
	int fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	char *p = map_data(fd, size, RW), *grown;
	int sig;

	ASSERT_NE(NULL, p);
	if (!has_collapse())
		SKIP(goto out, "no MADV_COLLAPSE here");
	fill(p, size, 9);
	grown = mremap(p, size, 2 * HUGE, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		goto out;
	madvise(grown, 2 * HUGE, MADV_COLLAPSE);
	EXPECT_TRUE(is_filled(grown, size, 9));
	EXPECT_EQ(size, info(fd).resident);
	sig = signal_of(grown + size, true);
	EXPECT_TRUE(!sig || sig == SIGBUS) TH_LOG("signal %d", sig);
	if (!sig)
		EXPECT_TRUE(all_are(grown + size, 0, 2 * HUGE - size));
	EXPECT_EQ(size, info(fd).resident);
	munmap(grown, 2 * HUGE);
	p = NULL;
out:
	if (p)
		munmap(p, size);
	close(fd);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == bytes));
}

/* The kernel may make one mapping of two. */
TEST_F(memory, mappings_side_by_side)
{
	const size_t size = 16 * PAGE;
	__u64 bytes = query(self->dev).user_bytes;
	int fd = create(self->dev, "", size);
	char *place, *p;
	size_t at;

	place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, place);
	for (at = 0; at < size; at += PAGE) {
		p = mmap(place + at, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, at);
		ASSERT_EQ(place + at, p);
	}
	fill(place, size, 5);
	p = map_data(fd, size, PROT_READ);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(is_filled(p, size, 5));
	munmap(p, size);
	close(fd);
	for (at = 0; at < size; at += 2 * PAGE)
		munmap(place + at, PAGE);
	EXPECT_EQ(bytes + size, query(self->dev).user_bytes);
	EXPECT_TRUE(all_are(place + PAGE, 7 + 5, PAGE));
	munmap(place, size);
	EXPECT_TRUE(EVENTUALLY(query(self->dev).user_bytes == bytes));
}

/* ---- core dumps and forks ---- */

static int dump_core(int fd, size_t size, int advice)
{
	pid_t pid = spawn();

	if (!pid) {
		struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
		char *p = map_data(fd, size, RW);

		CHECK(p && !setrlimit(RLIMIT_CORE, &all));
		CHECK(!prctl(PR_SET_DUMPABLE, 1));
		CHECK(!advice || !madvise(p, size, advice));
		p[0] = 1;
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	return reap(pid);
}

TEST_F(memory, a_core_dump_makes_no_lazy_page)
{
	const size_t size = 16 * MIB;
	char was[256];
	int dumped, fd;

	snprintf(was, sizeof(was), "%s", file_text(CORE_PATTERN));
	ASSERT_EQ(0, write_text(CORE_PATTERN, "/tmp/zinc-core"));
	for (dumped = 0; dumped < 2; dumped++) {
		fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
		ASSERT_LE(0, fd);
		unlink("/tmp/zinc-core");
		EXPECT_EQ(128 + SIGABRT, dump_core(fd, size, dumped ? MADV_DODUMP : 0));
		EXPECT_EQ(0, access("/tmp/zinc-core", F_OK));
		/* the page that was touched, or a huge one; or all */
		EXPECT_LE(dumped ? size : PAGE, info(fd).resident);
		EXPECT_GE(dumped ? size : HUGE, info(fd).resident);
		close(fd);
	}
	unlink("/tmp/zinc-core");
	EXPECT_EQ(0, write_text(CORE_PATTERN, was));
}

TEST_F(memory, no_advice_is_a_one_way_door)
{
	struct {
		const char *what;
		char *p;
		size_t length;
		bool dumped;
	} maps[5];
	int lazy = create_as(self->dev, "", MIB, ZINC_LAZY, 0, 0);
	int large = create(self->dev, "", 2 * HUGE);
	int fd = create(self->dev, "", MIB);
	int ro = reopen_as(fd, ZINC_RDONLY);
	unsigned int i;

	ASSERT_LE(0, ro);
	maps[0] = (typeof(maps[0])){ "data", map_data(fd, MIB, RW), MIB, true };
	maps[1] = (typeof(maps[0])){ "whole", map_whole(fd, MIB, RW), MIB + PAGE, true };
	maps[2] = (typeof(maps[0])){ "read-only", map_data(ro, MIB, PROT_READ), MIB, true };
	maps[3] = (typeof(maps[0])){ "control", map_control(large, RW), PAGE, true };
	maps[4] = (typeof(maps[0])){ "lazy", map_data(lazy, MIB, RW), MIB, false };
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		char *p = maps[i].p;
		size_t length = maps[i].length;

		ASSERT_NE(NULL, p) TH_LOG("%s", maps[i].what);
		EXPECT_EQ(maps[i].dumped, !has_flag(p, " dd")) TH_LOG("%s", maps[i].what);
		EXPECT_EQ(0, madvise(p, length, MADV_DONTDUMP));
		EXPECT_TRUE(has_flag(p, " dd"));
		EXPECT_EQ(0, madvise(p, length, MADV_DODUMP)) TH_LOG("%s", maps[i].what);
		EXPECT_FALSE(has_flag(p, " dd"));
		EXPECT_EQ(0, madvise(p, length, MADV_DONTFORK));
		EXPECT_EQ(SIGSEGV, signal_of(p, false));
		EXPECT_EQ(0, madvise(p, length, MADV_DOFORK)) TH_LOG("%s", maps[i].what);
		EXPECT_EQ(0, signal_of(p, false));
		munmap(p, length);
	}
	close(lazy);
	close(large);
	close(ro);
	close(fd);
}

/* ---- the control page ---- */

TEST_F(memory, futexes_work_in_the_control_page)
{
	struct timespec limit = { PATIENCE_MS / 1000, 0 };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = create(self->dev, "", sizes[i]);
		__u32 *word = map_control(fd, RW);

		ASSERT_NE(NULL, word);
		STORE(*word, 1);
		pid = spawn();
		if (!pid) {
			__u32 *mine = map_control(fd, RW);

			CHECK(mine);
			CHECK(!syscall(SYS_futex, mine, FUTEX_WAIT, 1, &limit));
			_exit(0);
		}
		EXPECT_TRUE(falls_asleep(pid));
		EXPECT_EQ(1, syscall(SYS_futex, word, FUTEX_WAKE, 1))
			TH_LOG("%zu bytes: %s", sizes[i], strerror(errno));
		EXPECT_EQ(0, reap(pid));
		munmap(word, PAGE);
		close(fd);
	}
}

/* The kernel writes to it by its own address: it must not be another page. */
TEST_F(memory, the_control_page_stays_where_it_is)
{
	static const int asked[] = {
		MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_HUGEPAGE, MADV_COLLAPSE,
	};
	int node = 0, status;
	unsigned int i, k;
	__u64 frame;

	NEED_GROUPS();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = create_in_group(self->dev, a_name("stays"), sizes[i], 0);
		char *p = map_control(fd, RW), *grown;
		struct zinc_header *h = header_of(p);
		void *page = p;

		ASSERT_NE(NULL, p);
		frame = page_frame((uintptr_t)p);
		for (k = 0; k < ARRAY_SIZE(asked); k++)
			madvise(p, PAGE, asked[k]);
		group_write(OWNER, "memory.reclaim", "16M");
		drop_caches();
		write_text("/proc/sys/vm/compact_memory", "1");
		syscall(SYS_move_pages, 0, 1L, &page, &node, &status, 2 /* MPOL_MF_MOVE */);
		grown = mremap(p, PAGE, 2 * HUGE, MREMAP_MAYMOVE);
		if (grown != MAP_FAILED) {
			madvise(grown, 2 * HUGE, MADV_HUGEPAGE);
			madvise(grown, 2 * HUGE, MADV_COLLAPSE);
			p = mremap(grown, 2 * HUGE, PAGE, 0);
			ASSERT_EQ(grown, p);
			h = header_of(p);
		}
		EXPECT_EQ(frame, page_frame((uintptr_t)p)) TH_LOG("%zu bytes", sizes[i]);
		STORE(h->notify_seq, 77 + i);
		EXPECT_EQ(77 + i, info(fd).sequence);
		EXPECT_EQ(0, notify(fd));
		EXPECT_EQ(78 + i, LOAD(h->notify_seq));
		munmap(p, PAGE);
		close(fd);
	}
}

/* A mapping keeps the page, but is not a handle: processes that map it see the count fall. */
TEST_F(memory, the_control_page_outlives_the_handle)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		__u32 regions = query(self->dev).user_regions;
		int fd = create(self->dev, "", sizes[i]);
		struct zinc_header *h = map_header(fd, RW);

		ASSERT_NE(NULL, h);
		EXPECT_EQ(1, h->ref_count);
		close(fd);
		EXPECT_TRUE(EVENTUALLY(query(self->dev).user_regions == regions));
		EXPECT_EQ(0, h->ref_count);
		EXPECT_EQ(ZINC_HDR_CREATOR_GONE, h->flags);
		EXPECT_EQ(ZINC_MAGIC, h->magic);
		memset((char *)(h + 1) - PAGE, 0x44, PAGE);
		EXPECT_EQ(0, unmap_header(h));
	}
}

/* ---- a mapping examined by other processes ---- */

/* Programs marked so, and 32-bit ones of old, have not asked to execute it. */
TEST_F(memory, what_is_readable_is_not_executable)
{
	const size_t size = 16 * PAGE;
	int fd = create(self->dev, "", size);
	pid_t pid = spawn();
	int status;

	if (!pid) {
		char *p, *control;

		CHECK(personality(READ_IMPLIES_EXEC) != -1);
		p = map_data(fd, size, RW);
		control = map_control(fd, PROT_READ);
		CHECK(p && control);
		CHECK(!has_flag(p, " ex") && !has_flag(p, " me"));
		CHECK(!has_flag(control, " ex"));
		memset(p, 1, size);
		CHECK(!mprotect(p, size, PROT_READ));
		CHECK(!has_flag(p, " ex"));
		CHECK(mprotect(p, size, PROT_EXEC) && errno == EACCES);
		CHECK(mmap(NULL, size, PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED);
		CHECK(errno == EPERM);
		_exit(0);
	}
	status = reap(pid);
	EXPECT_EQ(0, status);
	close(fd);
}

TEST_F(memory, userfaultfd_takes_what_may_be_written)
{
	const size_t size = 16 * PAGE;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	int fd = create_as(self->dev, "", size, ZINC_LAZY, 0, 0);
	char *p = map_data(fd, size, RW), *from = malloc(PAGE);
	struct uffdio_copy copy = { .len = PAGE };

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, from);
	if (uffd < 0)
		SKIP(goto out, "no userfaultfd here");
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	reg.range = (struct uffdio_range){ (uintptr_t)p, size };
	EXPECT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg)) TH_LOG("%s", strerror(errno));
	memset(from, 0x6b, PAGE);
	copy.dst = (uintptr_t)p + PAGE;
	copy.src = (uintptr_t)from;
	EXPECT_EQ(0, ioctl(uffd, UFFDIO_COPY, &copy)) TH_LOG("%s", strerror(errno));
	EXPECT_TRUE(all_are(p + PAGE, 0x6b, PAGE));
	EXPECT_EQ(PAGE, info(fd).resident);
	close(uffd);
out:
	free(from);
	munmap(p, size);
	close(fd);
}

TEST_HARNESS_MAIN
