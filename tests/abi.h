/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of the ioctl ABI. They speak to /dev/zinc directly, so
 * that they judge the kernel module and nothing else.
 *
 * Calls return what the system call returned, or -errno.
 */
#ifndef ABI_H
#define ABI_H

#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include <linux/dma-buf.h>
#include <linux/zinc.h>

#define DEVICE		"/dev/zinc"
#define MODULE		"/sys/module/zinc"
#define POISON		0xa5
#define CHANGED		(-4096)	/* no errno: a failed call wrote output */

#define NO_ALIGNMENT	"the kernel aligns no mapping of a 32-bit program to huge pages"
#define NEED_ALIGNMENT() do {						\
	if (sizeof(void *) == 4)					\
		SKIP(return, NO_ALIGNMENT);				\
} while (0)

/* the offset of the control page has more than 32 bits */
_Static_assert(sizeof(off_t) == 8, "build with -D_FILE_OFFSET_BITS=64");

/* The type of self, for functions that a test calls */
#define FIXTURE_PTR(name)	__typeof__(FIXTURE_DATA(name) *)

/* For a constructor: this machine cannot run any test of the program */
static inline void skip_all(const char *why)
{
	ksft_print_header();
	ksft_exit_skip("%s\n", why);
}

static void __attribute__((constructor(1000))) need_device(void)
{
	if (access(DEVICE, F_OK))
		skip_all("no " DEVICE ": load zinc.ko");
}

/* ---- calls ---- */

static inline __u64 clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Of a call that has succeeded, and can wait; 0 for others */
static inline __u64 deadline_of(unsigned long cmd, const void *arg)
{
	switch (cmd) {
	case ZINC_IOC_REGION_WAIT:
		return ((const struct zinc_wait *)arg)->deadline;
	case ZINC_IOC_WAIT_ANY:
		return ((const struct zinc_wait_any *)arg)->deadline;
	case ZINC_IOC_RESERVE:
		return ((const struct zinc_reserve *)arg)->deadline;
	}
	return 0;
}

/*
 * At its deadline a wait looks once more. So one that was never woken succeeds, too,
 * only late: -ETIME, and nothing else gives that.
 */
static inline long call(int fd, unsigned long cmd, const void *arg)
{
	__u64 begin = clock_now(), deadline;
	long ret = ioctl(fd, cmd, arg);

	if (ret < 0)
		return -errno;
	deadline = deadline_of(cmd, arg);
	if (deadline > begin + NSEC_PER_SEC && clock_now() >= deadline)
		return -ETIME;
	return ret;
}

/* A call that must fail: CHANGED if it does and wrote to @arg all the same */
static inline long refused(int fd, unsigned long cmd, void *arg)
{
	__u8 before[_IOC_SIZE(~0UL)];
	long ret;

	memcpy(before, arg, _IOC_SIZE(cmd));
	ret = call(fd, cmd, arg);
	if (ret < 0 && memcmp(before, arg, _IOC_SIZE(cmd)))
		return CHANGED;
	return ret;
}

static inline int open_device(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline void set_name(__u8 *field, const char *name)
{
	memset(field, 0, ZINC_NAME_SIZE);
	memcpy(field, name, strlen(name));
}

/* A name that no other test uses; valid until the eighth call after it */
static inline const char *a_name(const char *stem)
{
	static char names[8][ZINC_NAME_SIZE];
	static unsigned int next;
	char *name = names[next++ % 8];

	snprintf(name, ZINC_NAME_SIZE, "test-%d-%s", getpid(), stem);
	return name;
}

static inline struct zinc_create create_args(const char *name, __u64 capacity)
{
	struct zinc_create arg = { .capacity = capacity };

	memset(&arg.id, POISON, sizeof(arg.id));
	set_name(arg.name, name);
	return arg;
}

static inline struct zinc_open open_args(const char *name)
{
	struct zinc_open arg = { .flags = 0 };

	memset(&arg.id, POISON, sizeof(arg.id));
	memset(&arg.capacity, POISON, sizeof(arg.capacity));
	set_name(arg.name, name);
	return arg;
}

static inline int create_as(int dev, const char *name, __u64 capacity,
			    __u32 flags, __u32 lifetime, __u32 mode)
{
	struct zinc_create arg = create_args(name, capacity);

	arg.flags = flags;
	arg.lifetime = lifetime;
	arg.mode = mode;
	return call(dev, ZINC_IOC_CREATE, &arg);
}

static inline int create(int dev, const char *name, __u64 capacity)
{
	return create_as(dev, name, capacity, 0, ZINC_LIFETIME_REFS, 0);
}

static inline int open_as(int dev, const char *name, __u32 flags)
{
	struct zinc_open arg = open_args(name);

	arg.flags = flags;
	return call(dev, ZINC_IOC_OPEN, &arg);
}

static inline int open_name(int dev, const char *name)
{
	return open_as(dev, name, 0);
}

static inline int unlink_name(int dev, const char *name)
{
	struct zinc_unlink arg = { .flags = 0 };

	set_name(arg.name, name);
	return call(dev, ZINC_IOC_UNLINK, &arg);
}

static inline int reopen_as(int fd, __u32 flags)
{
	struct zinc_reopen arg = { .flags = flags };

	return call(fd, ZINC_IOC_REGION_REOPEN, &arg);
}

/* ---- dma-bufs and fences ---- */

/* A dma-buf of the region; -errno */
static inline int export_region(int fd, __u32 flags)
{
	struct zinc_export arg = { .flags = flags };

	return call(fd, ZINC_IOC_REGION_EXPORT, &arg);
}

/* A region of the dma-buf, nameless where @name is ""; -errno */
static inline int import_dmabuf(int dev, const char *name, int dmabuf)
{
	struct zinc_import arg = { .dmabuf_fd = dmabuf };

	set_name(arg.name, name);
	return call(dev, ZINC_IOC_IMPORT, &arg);
}

/* A sync_file of what works on the dma-buf: nothing does, it has signalled */
static inline int idle_fence(int dmabuf)
{
	struct dma_buf_export_sync_file arg = { .flags = DMA_BUF_SYNC_RW };

	return ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg) ? -errno :
								      arg.fd;
}

static inline int notify_on_fence(int fd, int fence)
{
	struct zinc_notify_fence arg = { .fence_fd = fence };

	return call(fd, ZINC_IOC_REGION_NOTIFY_FENCE, &arg);
}

/* DMA_BUF_SYNC_* around an access by the CPU; -errno */
static inline int cpu_access(int dmabuf, __u64 flags)
{
	struct dma_buf_sync arg = { .flags = flags };

	return ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &arg) ? -errno : 0;
}

static inline struct zinc_query query(int dev)
{
	struct zinc_query q = { .flags = 0 };

	if (call(dev, ZINC_IOC_QUERY, &q))
		memset(&q, POISON, sizeof(q));
	return q;
}

/* Poisoned where the call fails, so that no field of it can look right */
static inline struct zinc_info info(int fd)
{
	struct zinc_info i;

	memset(&i, POISON, sizeof(i));
	call(fd, ZINC_IOC_REGION_INFO, &i);
	return i;
}

static inline long notify(int fd)
{
	struct zinc_notify arg = { .flags = 0 };

	return call(fd, ZINC_IOC_REGION_NOTIFY, &arg);
}

static inline long wait_until(int fd, __u64 deadline)
{
	struct zinc_wait arg = { .deadline = deadline };

	return call(fd, ZINC_IOC_REGION_WAIT, &arg);
}

static inline long set_cursor(int fd, __u32 cursor)
{
	struct zinc_cursor arg = { .cursor = cursor };

	return call(fd, ZINC_IOC_REGION_SET_CURSOR, &arg);
}

/* The result of read(), or -errno */
static inline long long read_count(int fd)
{
	__u64 count;
	ssize_t n = read(fd, &count, sizeof(count));

	if (n < 0)
		return -errno;
	return n == sizeof(count) ? (long long)count : CHANGED;
}

/* The pending events of @fd, out of all that poll() can report */
static inline int events(int fd)
{
	struct pollfd p = {
		.fd = fd,
		.events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP,
	};

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* ---- memory ---- */

static inline void *map_data(int fd, size_t length, int prot)
{
	void *p = mmap(NULL, length, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline void *map_control(int fd, int prot)
{
	void *p = mmap(NULL, PAGE, prot, MAP_SHARED, fd, ZINC_MMAP_CONTROL);

	return p == MAP_FAILED ? NULL : p;
}

/* The control page and, behind it, the data, in one mapping */
static inline void *map_whole(int fd, size_t capacity, int prot)
{
	void *p = mmap(NULL, PAGE + capacity, prot, MAP_SHARED, fd,
		       ZINC_MMAP_CONTROL);

	return p == MAP_FAILED ? NULL : p;
}

/* The header in a control page and back: it fills the last bytes */
static inline struct zinc_header *header_of(void *control)
{
	return (void *)((char *)control + PAGE - sizeof(struct zinc_header));
}

static inline struct zinc_header *map_header(int fd, int prot)
{
	void *control = map_control(fd, prot);

	return control ? header_of(control) : NULL;
}

static inline int unmap_header(struct zinc_header *h)
{
	return munmap((char *)(h + 1) - PAGE, PAGE);
}

#define LOAD(x)		__atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)

static inline bool all_are(const void *from, __u8 byte, size_t count)
{
	const __u8 *p = from;

	while (count && *p == byte) {
		p++;
		count--;
	}
	return !count;
}

/* ---- time and processes ---- */

static inline __u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static inline __u64 after_ms(unsigned int ms)
{
	return clock_ns(CLOCK_MONOTONIC) + ms * NSEC_PER_MSEC;
}

/* The deadline for what must happen anyway */
static inline __u64 patience(void)
{
	return after_ms(PATIENCE_MS);
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * NSEC_PER_MSEC };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* Wait for a condition that another process or the kernel brings about */
#define EVENTUALLY(cond) ({						\
	__u64 __give_up = patience();					\
	bool __is_so;							\
	while (!(__is_so = (cond)) &&					\
	       clock_ns(CLOCK_MONOTONIC) < __give_up)			\
		sleep_ms(1);						\
	__is_so;							\
})

/* fork() whose child goes with its parent */
static inline pid_t spawn(void)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

/* The exit status of a child; 128 + signal; -1 where there is none */
static inline int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* State of a task as /proc has it: S asleep, R running, 0 gone */
static inline char task_state(pid_t tid)
{
	char path[64], text[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	p = strrchr(text, ')');
	return p && p[1] ? p[2] : 0;
}

static inline bool falls_asleep(pid_t tid)
{
	return EVENTUALLY(task_state(tid) == 'S');
}

static inline int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* The signal of a touch at @p by a child, 0 for none */
static inline int signal_of(volatile char *p, bool write)
{
	pid_t pid = spawn();
	int status;
	char byte;

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		byte = *p;
		if (write)
			*p = byte;
		_exit(0);
	}
	status = reap(pid);
	return status > 128 ? status - 128 : status;
}

/* ---- files ---- */

/* The start of a small file as text; empty if it cannot be read */
static inline const char *file_text(const char *path)
{
	static char text[65536];
	ssize_t n, all = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	text[0] = 0;
	if (fd < 0)
		return text;
	while ((n = read(fd, text + all, sizeof(text) - 1 - all)) > 0)
		all += n;
	close(fd);
	text[all] = 0;
	return text;
}

static inline int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

/*
 * vm.overcommit_memory; what it was before. Lazy regions that are larger than
 * memory and swap need it to be 1.
 */
static inline int set_overcommit(int mode)
{
	static const char path[] = "/proc/sys/vm/overcommit_memory";
	int was = atoi(file_text(path));
	char text[16];

	snprintf(text, sizeof(text), "%d\n", mode);
	write_text(path, text);
	return was;
}

/* ---- notify and wait ---- */

static inline struct zinc_wait wait_args(__u32 flags, __u32 cursor,
					 __u64 deadline)
{
	struct zinc_wait w = {
		.flags = flags,
		.cursor = cursor,
		.deadline = deadline,
	};

	return w;
}

/* Notify as user space does by the header: without a system call if no process waits */
static inline void notify_free(int fd, struct zinc_header *h)
{
	struct zinc_notify wake = { .flags = ZINC_NOTIFY_WAKE };

	__atomic_add_fetch(&h->notify_seq, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (LOAD(h->waiters))
		CHECK(!call(fd, ZINC_IOC_REGION_NOTIFY, &wake));
}

/*
 * Small pages only. A kernel without transparent huge pages, such as a
 * PREEMPT_RT kernel, has no others, and does not know the advice.
 */
static inline bool take_small_pages(void *p, size_t size)
{
	return !madvise(p, size, MADV_NOHUGEPAGE) ||
	       (errno == EINVAL &&
		access("/sys/kernel/mm/transparent_hugepage", F_OK));
}

/* An epoll of one descriptor; -errno */
static inline int watch(int fd, __u32 what)
{
	struct epoll_event e = { .events = what };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) ? -errno : ep;
}

/* The events that it has, or 0 */
static inline __u32 ready(int ep, int ms)
{
	struct epoll_event e = { .events = 0 };

	return epoll_wait(ep, &e, 1, ms) == 1 ? e.events : 0;
}

static inline void do_nothing(int sig)
{
	(void)sig;
}

/* SIGUSR1 does nothing but interrupt, or with SA_RESTART not even that */
static inline void on_usr1(int flags)
{
	struct sigaction sa = { .sa_handler = do_nothing, .sa_flags = flags };

	CHECK(!sigaction(SIGUSR1, &sa, NULL));
}

/* ---- listing ---- */

/* How often a region is in the list; -errno */
static inline int times_listed(int dev, __u64 id)
{
	struct zinc_info entries[16];
	struct zinc_list list = {
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	int times = 0;
	unsigned int i;
	long ret;

	do {
		list.count = ARRAY_SIZE(entries);
		ret = call(dev, ZINC_IOC_LIST, &list);
		if (ret)
			return ret;
		for (i = 0; i < list.count; i++)
			times += entries[i].id == id;
	} while (list.count);
	return times;
}

#endif /* ABI_H */
