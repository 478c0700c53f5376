// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory where not everything is allowed: system calls that a
 * sandbox refuses, by EPERM or EACCES and not by ENOSYS; a limit on memory; a
 * /dev/shm that is missing or closed.
 */
#include "lib_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* of the library; the tests link it as a whole */
uint64_t zinc_memory_left(const char *prefix);

/* ---- refused calls ---- */

#define TMPFILE_FLAG	020000000	/* the bit of O_TMPFILE that no other flag has */

#ifdef SYS_fcntl64			/* a 32-bit system */
#define NR_FCNTL	SYS_fcntl64
#else
#define NR_FCNTL	SYS_fcntl
#endif

/*
 * In a child, for good: system call @number gives @error, if the argument
 * number @which, or none for -1, has one of @bits.
 */
static void refuse_if(long number, int which, uint32_t bits, int error)
{
	uint32_t at = offsetof(struct seccomp_data, args[which < 0 ? 0 : which]);
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};

	/* the low half of its 64 bits */
	if (htonl(1) == 1)
		filter[2].k += 4;
	if (which < 0)
		filter[3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0);
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void refuse(long number, int error)
{
	refuse_if(number, -1, 0, error);
}

/* All that a region goes through, and nothing is left */
static void live(void)
{
	const char *name = named("live");
	int before = count_entries("/dev/shm");
	zinc_handle region, other, third;

	CHECK(!zinc_create(name, 64 * PAGE, &region));
	CHECK(info_of(region).resident == 64 * PAGE);
	CHECK(zinc_create(name, PAGE, &other) == -EEXIST);
	CHECK(!zinc_open(name, &other));
	zinc_ptr(region)[3 * PAGE - 1] = 7;
	zinc_notify(region);
	CHECK(!zinc_wait(other, PATIENCE_MS));
	CHECK(zinc_ptr(other)[3 * PAGE - 1] == 7);
	CHECK(info_of(other).handles == 2);
	CHECK(!zinc_create_or_replace(name, PAGE, &third));
	zinc_close(region);
	zinc_close(other);
	CHECK(!probe(name));
	zinc_close(third);
	CHECK(probe(name) == -ENOENT);
	CHECK(count_entries("/dev/shm") == before);
}

static const struct {
	const char *what;
	long number;
	int argument;
	uint32_t bits;
} gone_without[] = {
	{ "O_TMPFILE", SYS_openat, 2, TMPFILE_FLAG },
	{ "linkat", SYS_linkat, -1, 0 },
	{ "flock", SYS_flock, -1, 0 },
	{ "fallocate", SYS_fallocate, -1, 0 },
	{ "fchmod", SYS_fchmod, -1, 0 },
	{ "fstatfs", SYS_fstatfs, -1, 0 },
	{ "prlimit64", SYS_prlimit64, -1, 0 },
	{ "kill", SYS_kill, -1, 0 },
	{ "fcntl", NR_FCNTL, -1, 0 },
	{ "sched_getaffinity", SYS_sched_getaffinity, -1, 0 },
};

TEST(refused_calls_are_gone_without)
{
	const int errors[] = { EPERM, EACCES };
	size_t i, j;
	pid_t pid;

	NEED_SHM();
	for (i = 0; i < sizeof(gone_without) / sizeof(gone_without[0]); i++) {
		for (j = 0; j < 2; j++) {
			IN_CHILD(pid) {
				refuse_if(gone_without[i].number,
					  gone_without[i].argument,
					  gone_without[i].bits, errors[j]);
				live();
			}
			EXPECT_EQ(reap(pid), 0) {
				TH_LOG("%s, %s", gone_without[i].what,
				       strerror(errors[j]));
			}
		}
	}
}

/* As a profile for /dev/shm/zinc_* has it: no nameless file, no second name */
TEST(names_alone_are_allowed)
{
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		refuse_if(SYS_openat, 2, TMPFILE_FLAG, EACCES);
		refuse(SYS_linkat, EACCES);
#ifdef SYS_link
		refuse(SYS_link, EACCES);
#endif
		live();
	}
	EXPECT_EQ(reap(pid), 0);
}

/* Without the kernel's locks there are the header's books, as in other libraries */
TEST(no_locks)
{
	const char *name = named("no-locks");
	zinc_handle region, other;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		refuse(NR_FCNTL, EINVAL);
		CHECK(!zinc_create(name, PAGE, &region));
		CHECK(!(header_u16(region, 10) & 1 << 12));
		CHECK(!zinc_open(name, &other));
		CHECK(info_of(other).handles == 2);
		zinc_close(region);
		CHECK(info_of(other).handles == 1);
		zinc_close(other);
		CHECK(probe(name) == -ENOENT);
	}
	EXPECT_EQ(reap(pid), 0);
	/* a region that others hold locks on */
	ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
	IN_CHILD(pid) {
		refuse(NR_FCNTL, EPERM);
		/* what cannot be asked is not taken for dead */
		CHECK(zinc_create(name, PAGE, &other) == -EEXIST);
		CHECK(zinc_unlink_stale(name) == -EBUSY);
		CHECK(!zinc_open(name, &other));
		CHECK(!(info_of(other).flags & ZINC_INFO_STALE));
		zinc_close(other);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(probe(name), 0);
	zinc_close(region);
}

TEST(mode_that_cannot_be_set)
{
	const char *name = named("mode");
	int before = count_entries("/dev/shm");
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	IN_CHILD(pid) {
		refuse(SYS_fchmod, EPERM);
		CHECK(create_mode(name, 0666, 0, &region) == -EPERM);
		CHECK(!create_mode(name, 0600, 0, &region));
		zinc_close(region);
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(count_entries("/dev/shm"), before);
}

TEST(wait_any_is_refused)
{
	const int errors[] = { EPERM, EACCES, ENOSYS };
	zinc_handle region;
	pid_t pid;
	size_t i;

	NEED_SHM();
	for (i = 0; i < 3; i++) {
		IN_CHILD(pid) {
			CHECK(!zinc_create(named("any"), PAGE, &region));
			refuse(449, errors[i]);	/* futex_waitv */
			CHECK(zinc_wait_any(&region, 1, now_ns() + NSEC_PER_SEC,
					    NULL) == -EOPNOTSUPP);
			zinc_notify(region);
			CHECK(!zinc_wait_any(&region, 1, 0, NULL));
			zinc_close(region);
		}
		EXPECT_EQ(reap(pid), 0);
	}
}

/* ---- /dev/shm ---- */

TEST(folder_is_closed)
{
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	IN_CHILD(pid) {
		CHECK(!unshare(CLONE_NEWNS));
		CHECK(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		CHECK(!mount("none", "/dev/shm", "tmpfs", 0, "mode=0755"));
		CHECK(!create_mode(named("roots"), 0666, ZINC_LIFETIME_PERSIST, &region));
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY));
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(zinc_unlink(named("roots")) == -EPERM);
		CHECK(zinc_create_or_replace(named("roots"), PAGE, &region) == -EPERM);
		CHECK(zinc_create(named("closed"), PAGE, &region) == -EPERM);
		CHECK(strstr(zinc_strerror(-EPERM), "/dev/shm"));
		CHECK(strstr(zinc_strerror(-EPERM), "chmod 1777"));
		CHECK(strstr(zinc_strerror(-EACCES), "/dev/shm"));
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(strstr(zinc_strerror(-EPERM), "/dev/shm"), NULL);
}

TEST(folder_is_missing)
{
	zinc_handle region;
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	IN_CHILD(pid) {
		CHECK(!unshare(CLONE_NEWNS));
		CHECK(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		CHECK(!mount("none", "/dev", "tmpfs", 0, NULL));
		CHECK(zinc_create(named("missing"), PAGE, &region) == -ENODEV);
		CHECK(strstr(zinc_strerror(-ENODEV), "/dev/shm does not exist"));
	}
	EXPECT_EQ(reap(pid), 0);
	EXPECT_EQ(strstr(zinc_strerror(-ENODEV), "/dev/shm does not exist"), NULL);
}

/* ---- memory ---- */

static char tree[64];

__attribute__((format(printf, 2, 3)))
static void put(const char *path, const char *format, ...)
{
	char whole[512], *slash;
	va_list arguments;
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", tree, path);
	for (slash = whole + strlen(tree) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = 0;
		mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "w");
	CHECK(file);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	CHECK(!fclose(file));
}

static void plant(void)
{
	strcpy(tree, "/tmp/zinc-cgroup-XXXXXX");
	CHECK(mkdtemp(tree));
	put("/proc/meminfo",
	    "MemTotal: 4000000 kB\nMemAvailable: 1000000 kB\nSwapFree: 0 kB\n");
}

static void fell(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", tree);
	CHECK(!system(command));
}

#define KIB(n)	((uint64_t)(n) << 10)

TEST(memory_of_version_2)
{
	const char *mounts = "30 1 0:26 %s /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

	plant();
	EXPECT_EQ(zinc_memory_left(tree), KIB(1000000));
	put("/proc/self/cgroup", "0::/a/b\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(1000000));
	put("/proc/self/mountinfo", mounts, "/");
	EXPECT_EQ(zinc_memory_left(tree), KIB(1000000));
	put("/sys/fs/cgroup/a/b/memory.max", "max\n");
	put("/sys/fs/cgroup/a/b/memory.current", "4096\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(1000000));
	/* a parent's limit, and what it can give up */
	put("/sys/fs/cgroup/a/memory.max", "%llu\n", (long long)KIB(100));
	put("/sys/fs/cgroup/a/memory.current", "%llu\n", (long long)KIB(30));
	EXPECT_EQ(zinc_memory_left(tree), KIB(70));
	put("/sys/fs/cgroup/a/memory.stat",
	    "anon 1\nfile 20480\ninactive_file 8192\nactive_file 2048\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(80));
	/* its own, which is less; and one that is over it already */
	put("/sys/fs/cgroup/a/b/memory.max", "%llu\n", (long long)KIB(44));
	EXPECT_EQ(zinc_memory_left(tree), KIB(40));
	put("/sys/fs/cgroup/a/b/memory.current", "%llu\n", (long long)KIB(50));
	EXPECT_EQ(zinc_memory_left(tree), 0);
	/* swap, where it may have some */
	put("/proc/meminfo", "M: 1\nMemAvailable: 1000 kB\nSwapFree: 16 kB\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(16));
	put("/sys/fs/cgroup/a/b/memory.swap.max", "8192\n");
	put("/sys/fs/cgroup/a/b/memory.swap.current", "4096\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(4));
	/* a container sees its own group as the root, or the mounted part of it */
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/memory.max", "12288\n");
	put("/sys/fs/cgroup/memory.current", "0\n");
	put("/sys/fs/cgroup/memory.swap.max", "0\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(12));
	put("/proc/self/cgroup", "0::/x/y\n");
	put("/proc/self/mountinfo", mounts, "/x/y");
	EXPECT_EQ(zinc_memory_left(tree), KIB(12));
	put("/proc/self/mountinfo", mounts, "/other");
	EXPECT_EQ(zinc_memory_left(tree), KIB(12));
	put("/proc/self/cgroup", "0::/../x\n");
	put("/proc/self/mountinfo", mounts, "/..");
	EXPECT_EQ(zinc_memory_left(tree), KIB(12));
	/* an invalid limit is not a limit */
	put("/proc/self/cgroup", "\n\n:\n0:\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(1016));
	put("/proc/self/mountinfo", "\n -\n - cgroup2\nx - cgroup2 a b\n");
	put("/proc/self/cgroup", "0::/\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(1016));
	fell();
}

TEST(memory_of_version_1)
{
	plant();
	put("/proc/self/cgroup", "5:cpu,memoryx:/no\n4:cpu,memory:/a/b\n0::/\n");
	put("/proc/self/mountinfo",
	    "30 1 0:26 / /cg/cpu rw - cgroup none rw,cpu\n"
	    "31 1 0:27 / /cg/memory rw shared:1 - cgroup none rw,memory\n");
	EXPECT_EQ(zinc_memory_left(tree), KIB(1000000));
	put("/cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("/cg/memory/a/b/memory.limit_in_bytes", "%llu\n",
	    (long long)KIB(400));
	put("/cg/memory/a/b/memory.usage_in_bytes", "%llu\n",
	    (long long)KIB(100));
	EXPECT_EQ(zinc_memory_left(tree), KIB(300));
	put("/cg/memory/a/memory.limit_in_bytes", "%llu\n", (long long)KIB(200));
	EXPECT_EQ(zinc_memory_left(tree), KIB(200));
	/* that of memory and swap together */
	put("/cg/memory/a/memory.memsw.limit_in_bytes", "%llu\n",
	    (long long)KIB(150));
	EXPECT_EQ(zinc_memory_left(tree), KIB(150));
	fell();
}

/* The group of these tests, made for one of them. Return: whether it could be. */
static bool make_group(char folder[256], uint64_t limit)
{
	static const char *const roots[][2] = {
		{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
		{ "/sys/fs/cgroup", "memory.max" },
	};
	char path[320];
	FILE *file;
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(folder, 256, "%s/zinc-test-%d", roots[i][0],
			 getpid());
		if (mkdir(folder, 0755))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, roots[i][1]);
		file = fopen(path, "w");
		if (file && fprintf(file, "%llu\n", (long long)limit) > 0 &&
		    !fclose(file))
			return true;
		rmdir(folder);
	}
	return false;
}

TEST(limit_of_a_group)
{
	const char *name = named("group");
	zinc_handle region;
	char folder[256], path[320];
	FILE *file;
	pid_t pid;

	NEED_SHM();
	NEED_ROOT();
	if (!make_group(folder, 16 * MIB))
		SKIP(return, "no control group with a limit on memory can be made");
	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	IN_CHILD(pid) {
		file = fopen(path, "w");
		CHECK(file && fprintf(file, "%d\n", getpid()) > 0);
		CHECK(!fclose(file));
		CHECK(zinc_create(name, 32 * MIB, &region) == -ENOMEM);
		CHECK(probe(name) == -ENOENT);
		CHECK(!zinc_create(name, 4 * MIB, &region));
		zinc_close(region);
		CHECK(zinc_create(name, 16 * MIB, &region) == -ENOMEM);
	}
	EXPECT_EQ(reap(pid), 0);
	while (rmdir(folder) && errno == EBUSY)
		sleep_ms(10);
}

TEST_HARNESS_MAIN
