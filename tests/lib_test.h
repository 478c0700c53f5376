/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of the library.
 *
 * One suite judges both backends: ZINC_BACKEND=kmod or shm says which, else
 * the library chooses.
 */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "zinc.h"

#define MIB		((size_t)1 << 20)
#define HEADER		64
#define MAGIC		0x5A494E435F524547ULL
#define POISON		((zinc_handle)(uintptr_t)0xa5a5a5a5a5a5a5a5ULL)
#define NOBODY		65534

/* Offsets in the header */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_FLAGS = 10,
	AT_SEQUENCE = 12,
	AT_CAPACITY = 16,
	AT_REF_COUNT = 24,
	AT_OWNER_PID = 28,
	AT_CREATED_AT = 32,
	AT_NAME_HASH = 40,
	AT_WAITERS = 48,
	AT_REGISTERED = 52,
	AT_RESERVED = 56,
};

/* ---- which backend ---- */

/* Bytes of a huge page, which large data are aligned to */
static inline size_t huge_page(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "re");
	unsigned long size = 2 << 20;

	if (file) {
		if (fscanf(file, "%lu", &size) != 1)
			abort();
		fclose(file);
	}
	return size;
}

/* Not by asking the library: what it says is tested, too */
static inline bool on_kmod(void)
{
	const char *choice = getenv("ZINC_BACKEND");

	if (choice && *choice)
		return !strcmp(choice, "kmod");
	return !access("/dev/zinc", F_OK);
}

#define NEED_KMOD() do {						\
	if (!on_kmod())							\
		SKIP(return, "for the kernel module only");		\
} while (0)

#define NEED_SHM() do {							\
	if (on_kmod())							\
		SKIP(return, "for POSIX shared memory only");		\
} while (0)

#define NEED_ROOT() do {						\
	if (geteuid())							\
		SKIP(return, "needs root, to be two users");		\
} while (0)

/* ---- names ---- */

static pid_t suite_pid;

/* @tag as a name that no other run of the suite uses; never freed */
static inline const char *named(const char *tag)
{
	char *name;

	CHECK(asprintf(&name, "zt%d-%s", suite_pid, tag) > 0);
	return name;
}

/* The POSIX object behind a name; never freed */
static inline const char *object(const char *name)
{
	char *path;

	CHECK(asprintf(&path, "/dev/shm/zinc_%s", name) > 0);
	return path;
}

/* Names that failed tests left behind, so that the next run is not misled */
static inline void sweep(void)
{
	char prefix[32];
	struct dirent *entry;
	DIR *dir;

	if (getpid() != suite_pid)
		return;
	snprintf(prefix, sizeof(prefix), "zinc_zt%d-", suite_pid);
	dir = opendir("/dev/shm");
	while (dir && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

/*
 * A small /dev/shm of our own, where we may have one: full is soon full, and
 * neither a leak nor a test of sizes harms the rest of the machine.
 */
#define OWN_SHM_MIB	64
static bool own_shm;

static inline void make_own_shm(void)
{
	char options[32];

	snprintf(options, sizeof(options), "size=%dm,mode=1777", OWN_SHM_MIB);
	own_shm = !geteuid() && !unshare(CLONE_NEWNS) &&
		  !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		  !mount("tmpfs", "/dev/shm", "tmpfs", 0, options);
}

static void __attribute__((constructor(1000))) begin_suite(void)
{
	suite_pid = getpid();
	make_own_shm();
	if (on_kmod() && access("/dev/zinc", F_OK)) {
		ksft_print_header();
		ksft_exit_skip("no /dev/zinc: load zinc.ko\n");
	}
	atexit(sweep);
}

/* ---- the header, byte by byte ---- */

static inline uint64_t header_u64(zinc_handle region, int offset)
{
	uint64_t value;

	memcpy(&value, zinc_ptr(region) - HEADER + offset, sizeof(value));
	return value;
}

static inline uint32_t header_u32(zinc_handle region, int offset)
{
	return __atomic_load_n((uint32_t *)(zinc_ptr(region) - HEADER + offset),
			       __ATOMIC_ACQUIRE);
}

static inline uint16_t header_u16(zinc_handle region, int offset)
{
	uint16_t value;

	memcpy(&value, zinc_ptr(region) - HEADER + offset, sizeof(value));
	return value;
}

static inline void set_sequence(zinc_handle region, uint32_t sequence)
{
	__atomic_store_n((uint32_t *)(zinc_ptr(region) - HEADER + AT_SEQUENCE), sequence,
			 __ATOMIC_SEQ_CST);
}

static inline uint64_t fnv1a(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
	return hash;
}

/* ---- short forms ---- */

static inline int32_t create_mode(const char *name, uint32_t mode,
				  uint32_t lifetime, zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.mode = mode,
		.lifetime = lifetime,
	};

	return zinc_create_with(name, PAGE, &options, out);
}

static inline int32_t open_readonly(const char *name, zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_RDONLY,
	};

	return zinc_open_with(name, &options, out);
}

/*
 * Remove the leftovers of a name: on POSIX shared memory, after a failed test
 * or a child that ends without closing its handles, the name would stay for
 * ever.
 */
static inline void forget(const char *name)
{
	int32_t ret = zinc_unlink(name);

	CHECK(!ret || ret == -ENOENT);
}

/* 0 if the name is a region, else the error */
static inline int32_t probe(const char *name)
{
	zinc_handle region = POISON;
	int32_t ret = zinc_open(name, &region);

	if (ret)
		return region ? -ENOTRECOVERABLE : ret;
	zinc_close(region);
	return 0;
}

static inline struct zinc_region_info info_of(zinc_handle region)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t ret = zinc_info(region, &info);

	if (ret)
		info.size = 0;
	return info;
}

/* ---- time ---- */

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * NSEC_PER_MSEC };

	while (nanosleep(&ts, &ts))
		;
}

/*
 * A wait that is to be woken. At its deadline it looks once more, so one that was
 * never woken succeeds, too, only late: -ETIME, and nothing else gives that.
 */
static inline int32_t be_woken(zinc_handle region)
{
	uint64_t late = now_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	int32_t ret = zinc_wait(region, PATIENCE_MS);

	return !ret && now_ns() >= late ? -ETIME : ret;
}

/* ---- child processes ---- */

/* Exit status of a child, or minus the signal that ended it */
static inline int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Has the child ended? It is reaped later. */
static inline bool ended(pid_t pid)
{
	siginfo_t info = { 0 };

	waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == pid;
}

/*
 * Never -1, which kill() takes for everybody. A child does not outlive a test
 * that fails.
 */
static inline pid_t fork_or_die(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Runs the block that follows in a child process: IN_CHILD(pid) { ... } */
#define IN_CHILD(pid)							\
	for (pid = fork_or_die(); pid == 0; _exit(0))

/*
 * A signal between processes that does not depend on the tested code. Both ends
 * stay open in both processes, so that a peer's death does not end the wait:
 * the harness does.
 */
struct signpost {
	int fds[2];
};

static inline void post_init(struct signpost *post)
{
	CHECK(!pipe2(post->fds, O_CLOEXEC));
}

static inline void post(struct signpost *post)
{
	CHECK(write(post->fds[1], "", 1) == 1);
}

static inline void await(struct signpost *post)
{
	char byte;
	ssize_t ret;

	do
		ret = read(post->fds[0], &byte, 1);
	while (ret < 0 && errno == EINTR);
	CHECK(ret == 1);
}

/* Until @pid sleeps in a system call, as it does in a wait that blocks */
static inline bool asleep(pid_t pid)
{
	uint64_t deadline = now_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	char path[64];
	char line[512];
	int calm = 0;
	FILE *file;
	char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (now_ns() < deadline) {
		file = fopen(path, "r");
		if (!file || !fgets(line, sizeof(line), file))
			line[0] = 0;
		if (file)
			fclose(file);
		state = strrchr(line, ')');
		calm = state && state[1] && state[2] == 'S' ? calm + 1 : 0;
		/* asleep several times in a row: not just passing by */
		if (calm == 5)
			return true;
		sleep_ms(5);
	}
	return false;
}

/* ---- what a process holds ---- */

/* Count a folder's entries, with . and ..; 0 if it cannot be read */
static inline int count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static inline int count_fds(void)
{
	return count_entries("/proc/self/fd");
}

static inline int count_maps(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	int count = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF)
		count += c == '\n';
	if (file)
		fclose(file);
	return count;
}

#endif /* LIB_TEST_H */
