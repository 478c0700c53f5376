// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the calls of a program, alone or in threads that race, and cleans up
 * behind it, so that the next one finds what the last one found.
 *
 * All that can block is interrupted by a timer. All memory that the kernel or
 * a program may write lies in one arena at a fixed address: areas for mappings
 * of regions, a buffer per thread, and nothing behind them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/zinc.h>

#include "program.h"

#define PAGE		4096UL
#define ARENA		(1UL << 40)
#define AREAS		8UL
#define AREA_SIZE	(4UL << 20)
#define ARENA_SIZE	(AREAS * AREA_SIZE)
#define BUFFERS		(ARENA + ARENA_SIZE)
#define BUFFER_SIZE	(1UL << 20)
#define ARENA_END	(BUFFERS + THREADS * BUFFER_SIZE)

#define SLOTS		16
#define OWN_FDS		500	/* from here on they are the fuzzer's */
#define NETS		3
#define TICK_NS		10000000
#define ROUNDS		4	/* of a race */
#define CAPACITY_EAGER	(32UL << 10)

static atomic_int slot[SLOTS];
static int sockets[2], nets[NETS], limits[2];
static bool limits_changed, names_elsewhere, arena_changed;

static __thread unsigned int self;
static __thread bool in_child, user_changed, net_changed;
/* volatile: the handler reads it in the midst of a memcpy() */
static __thread void * volatile guard;

/* ---- memory ---- */

static uint8_t *buffer(void)
{
	return (uint8_t *)(BUFFERS + self * BUFFER_SIZE);
}

static void on_fault(int sig)
{
	if (guard)
		siglongjmp(*(sigjmp_buf *)guard, 1);
	signal(sig, SIG_DFL);
}

static void on_tick(int sig)
{
	(void)sig;
}

/* Copy to where there may be no memory */
static bool copy_guarded(void *to, const void *from, size_t size)
{
	sigjmp_buf here;
	bool faulted = sigsetjmp(here, 1);

	if (!faulted) {
		guard = &here;
		memcpy(to, from, size);
	}
	guard = NULL;
	return !faulted;
}

static uint64_t area(uint64_t value)
{
	return ARENA + value % AREAS * AREA_SIZE + (value >> 8) % 1024 * PAGE;
}

/* 0 is this thread's buffer; the rest is more or less bad */
static uint64_t pointer(uint64_t value)
{
	switch (value & 0xff) {
	case 0:
		return (uint64_t)buffer();
	case 1:
		return (uint64_t)buffer() + 65536;
	case 4:
		return area(value >> 8);
	case 5:
		return 0;
	case 6:
		return ARENA_END - 1 - (value >> 8) % 64;
	case 7:
		return 0xffff888000000000UL + (value >> 8);
	case 8:
		return (uint64_t)buffer() + 1;
	default:
		return (uint64_t)buffer() + 131072;
	}
}

/* Within its area or, near its end, the next ones */
static uint64_t length(uint64_t value, uint64_t at)
{
	uint64_t room = BUFFERS - at;

	return value < room ? value : room;
}

/* ---- values ---- */

static int fd_of(uint64_t value)
{
	if (value < SLOTS)
		return slot[value];
	return value == SLOTS ? -1 : (int)(SLOTS + value % 64);
}

static void store_fd(uint64_t value, long fd)
{
	unsigned int s = value % SLOTS;
	int old;

	if (fd < 0)
		return;
	/* slot 0 is the device, always */
	if (!s)
		s = 1;
	old = atomic_exchange(&slot[s], (int)fd);
	if (old >= 0)
		close(old);
}

static uint64_t deadline(uint64_t value)
{
	struct timespec t;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns = t.tv_sec * 1000000000ULL + t.tv_nsec;
	switch (value) {
	case 2:
		return ns + 100000;
	case 3:
		return ns + 1000000;
	case 4:
		return ZINC_FOREVER;
	case 5:
		return INT64_MAX;
	case 6:
		return INT64_MAX - 1;
	default:
		return value;
	}
}

/* A few good names, then what is wrong with names, else the number's bytes */
static void put_name(uint8_t *to, uint64_t value)
{
	memset(to, 0, ZINC_NAME_SIZE);
	switch (value) {
	case 0 ... 7:
		to[0] = 'n';
		to[1] = '0' + value;
		break;
	case 8:
		break;
	case 9:
		memset(to, 'x', ZINC_NAME_MAX);
		break;
	case 10:
		memset(to, 'x', ZINC_NAME_MAX + 1);
		break;
	case 11:
		strcpy((char *)to, "dirty");
		to[ZINC_NAME_SIZE - 1] = 1;
		break;
	case 12:
		strcpy((char *)to, "a/b");
		break;
	default:
		memcpy(to, &value, sizeof(value));
	}
}

static uint64_t value_of(const struct op *op, const struct call *c,
			 unsigned int i)
{
	uint64_t v = c->arg[i];

	switch ((enum kind)op->field[i].kind) {
	case FD:
		return fd_of(v);
	case TIME:
		return deadline(v);
	case POINTER:
		return pointer(v);
	case AREA:
		return area(v);
	default:
		return v;
	}
}

/* ---- ioctls ---- */

enum { ARG_FD, ARG_TO, ARG_WHERE, ARG_SIZED, ARG_FIRST };

/* Shorter, longer, with a tail that is not zero, another direction */
static unsigned long resize(unsigned long cmd, uint64_t how, uint8_t *image)
{
	unsigned int size = _IOC_SIZE(cmd), new = size;

	switch (how & 0xff) {
	case 0:
		return cmd;
	case 1:
		new = (how >> 8) % (size + 1);
		break;
	case 2:
		new = size + 8 + (how >> 8) % 2048;
		break;
	case 3:
		new = size + 8 + (how >> 8) % 2048;
		image[new - 1] = 1;
		break;
	case 4:
		return cmd ^ (1UL << _IOC_DIRSHIFT);
	default:
		return cmd ^ (2UL << _IOC_DIRSHIFT);
	}
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), new);
}

static void fill(const struct op *op, const struct call *c, uint8_t *image)
{
	const struct field *f = &op->field[ARG_FIRST];
	unsigned int i = ARG_FIRST;
	uint64_t v;

	for (; i < fields_of(op); i++, f++) {
		if (!f->size)
			continue;
		if (f->kind == NAME) {
			put_name(image + f->offset, c->arg[i]);
			continue;
		}
		v = value_of(op, c, i);
		memcpy(image + f->offset, &v, f->size);
	}
}

/*
 * What is not lazy is made at once, which takes long and fills the memory: in
 * small. What is too large for any memory may stay; huge pages are touched.
 */
static void bound(struct zinc_create *args)
{
	if (args->flags & ZINC_CREATE_LAZY || args->capacity >> 34)
		return;
	args->capacity %= CAPACITY_EAGER;
}

long run_ioctl(const struct op *op, const struct call *c)
{
	uint8_t image[PAGE] = { 0 };
	unsigned long cmd;
	void *at = (void *)pointer(c->arg[ARG_WHERE]);
	long ret;

	fill(op, c, image);
	if (op->nr == ZINC_CREATE)
		bound((struct zinc_create *)image);
	cmd = resize(op->nr, c->arg[ARG_SIZED], image);
	if (!_IOC_SIZE(cmd) && !c->arg[ARG_WHERE])
		at = NULL;
	else
		copy_guarded(at, image, _IOC_SIZE(cmd));
	ret = ioctl(fd_of(c->arg[ARG_FD]), cmd, at);
	/* only these give a descriptor */
	if (op->nr == ZINC_CREATE || op->nr == ZINC_OPEN ||
	    op->nr == ZINC_REGION_REOPEN)
		store_fd(c->arg[ARG_TO], ret);
	return ret;
}

long run_wait_any(const struct op *op, const struct call *c)
{
	enum { FIRST = 9, CURSOR };
	struct zinc_wait_item items[ZINC_WAIT_ANY_MAX];
	unsigned int i;

	for (i = 0; i < ZINC_WAIT_ANY_MAX; i++) {
		items[i].fd = slot[(c->arg[FIRST] + i % 4) % SLOTS];
		items[i].cursor = c->arg[CURSOR];
	}
	copy_guarded((void *)pointer(c->arg[ARG_FIRST]), items, sizeof(items));
	return run_ioctl(op, c);
}

/* Any number, direction and size; all bytes of the struct are the same */
long run_any_ioctl(const struct op *op, const struct call *c)
{
	enum { NR = 3, DIR, SIZE, TYPE, FILL };
	void *at = (void *)pointer(c->arg[ARG_WHERE]);
	uint8_t image[PAGE];
	unsigned long cmd;
	long ret;

	(void)op;
	memset(image, c->arg[FILL], sizeof(image));
	cmd = _IOC(c->arg[DIR] & 3, c->arg[TYPE] & 0xff, c->arg[NR] & 0xff,
		   c->arg[SIZE] % PAGE);
	copy_guarded(at, image, _IOC_SIZE(cmd));
	ret = ioctl(fd_of(c->arg[ARG_FD]), cmd, at);
	if (ret > 2)
		store_fd(c->arg[ARG_TO], ret);
	return ret;
}

/* ---- other system calls ---- */

long run_syscall(const struct op *op, const struct call *c)
{
	uint64_t arg[MAX_FIELDS] = { 0 }, at = ARENA;
	unsigned int i, n = 0;
	int to = -1;
	long ret;

	for (i = 0; i < fields_of(op); i++) {
		if (op->field[i].kind == OUT) {
			to = i;
			continue;
		}
		arg[n] = value_of(op, c, i);
		if (op->field[i].kind == AREA)
			at = arg[n];
		if (op->field[i].kind == LENGTH) {
			arg[n] = length(arg[n], at);
			arena_changed = true;
		}
		n++;
	}
	/* a read or write ends before the buffers do */
	if ((op->nr == SYS_read || op->nr == SYS_pread64 || op->nr == SYS_write) &&
	    arg[2] > PAGE)
		arg[2] = PAGE;
	ret = syscall(op->nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	if (to >= 0)
		store_fd(c->arg[to], ret);
	return ret;
}

long run_mmap(const struct op *op, const struct call *c)
{
	uint64_t at = area(c->arg[0]);

	(void)op;
	arena_changed = true;
	return syscall(SYS_mmap, at, length(c->arg[1], at), c->arg[2],
		       (c->arg[3] & ~(MAP_ANONYMOUS | MAP_GROWSDOWN |
				      MAP_HUGETLB)) | MAP_FIXED,
		       fd_of(c->arg[4]), c->arg[5]);
}

/* What moves goes to another place in the arena */
long run_mremap(const struct op *op, const struct call *c)
{
	uint64_t at = area(c->arg[0]), to = area(c->arg[4]);
	uint64_t flags = c->arg[3] & 7;
	uint64_t size = length(c->arg[2], at > to ? at : to);

	(void)op;
	arena_changed = true;
	if (flags & MREMAP_MAYMOVE)
		flags |= MREMAP_FIXED;
	return syscall(SYS_mremap, at, length(c->arg[1], at), size, flags, to);
}

static void touch(volatile uint8_t *at, const struct call *c)
{
	switch (c->arg[2]) {
	case 0:
		(void)*at;
		break;
	case 1:
		*at = c->arg[3];
		break;
	case 8:
		*(volatile uint64_t *)at = c->arg[3];
		break;
	default:
		if (c->arg[4])
			__atomic_add_fetch((volatile uint32_t *)at, c->arg[3],
					   __ATOMIC_SEQ_CST);
		else
			*(volatile uint32_t *)at = c->arg[3];
	}
}

long run_touch(const struct op *op, const struct call *c)
{
	volatile uint8_t *at = (uint8_t *)(area(c->arg[0]) + c->arg[1] % 4088);
	sigjmp_buf here;
	volatile uint64_t n = c->arg[5] % 512;

	(void)op;
	if (!sigsetjmp(here, 1)) {
		guard = &here;
		for (; n; n--)
			touch(at, c);
	}
	guard = NULL;
	return 0;
}

long run_poll(const struct op *op, const struct call *c)
{
	struct pollfd p[2] = {
		{ .fd = fd_of(c->arg[0]), .events = c->arg[2] },
		{ .fd = fd_of(c->arg[1]), .events = c->arg[2] },
	};

	(void)op;
	return poll(p, 2, c->arg[3] % 4);
}

long run_epoll_ctl(const struct op *op, const struct call *c)
{
	struct epoll_event e = { .events = c->arg[3] };

	(void)op;
	return epoll_ctl(fd_of(c->arg[0]), c->arg[1] & 3, fd_of(c->arg[2]), &e);
}

long run_epoll_wait(const struct op *op, const struct call *c)
{
	struct epoll_event e[4];

	(void)op;
	return epoll_wait(fd_of(c->arg[0]), e, 4, c->arg[1] % 4);
}

long run_splice(const struct op *op, const struct call *c)
{
	int pipes[2];
	long ret;

	(void)op;
	if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
		return -1;
	ret = splice(fd_of(c->arg[0]), NULL, pipes[1], NULL, c->arg[1] % PAGE,
		     SPLICE_F_NONBLOCK);
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

long run_close(const struct op *op, const struct call *c)
{
	unsigned int s = c->arg[0] % SLOTS;
	int fd;

	(void)op;
	if (!s)
		return -1;
	fd = atomic_exchange(&slot[s], -1);
	return fd < 0 ? -1 : close(fd);
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

long run_send(const struct op *op, const struct call *c)
{
	union control control = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec byte = { "", 1 };
	struct msghdr m = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	(void)op;
	*(int *)CMSG_DATA(&control.header) = fd_of(c->arg[0]);
	return sendmsg(sockets[0], &m, MSG_DONTWAIT);
}

static int receive(void)
{
	union control control;
	char data;
	struct iovec byte = { &data, 1 };
	struct msghdr m = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(sockets[1], &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	return m.msg_controllen ? *(int *)CMSG_DATA(&control.header) : -2;
}

long run_receive(const struct op *op, const struct call *c)
{
	int fd = receive();

	(void)op;
	store_fd(c->arg[0], fd);
	return fd;
}

static long read_file(const char *path)
{
	static __thread char text[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n;
}

/* Whatever shows a region, or opens it by another way */
long run_proc(const struct op *op, const struct call *c)
{
	char path[128];
	int fd = fd_of(c->arg[0]);
	uint64_t at = area(c->arg[0]);

	(void)op;
	switch (c->arg[2] % 5) {
	case 0:
		snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
		return read_file(path);
	case 1:
		return read_file("/sys/kernel/debug/zinc/regions");
	case 2:
		snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
		store_fd(c->arg[1], open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
		return 0;
	case 3:
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", at,
			 at + (c->arg[0] & 8 ? 8192 : PAGE));
		store_fd(c->arg[1], open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
		return 0;
	default:
		return read_file("/proc/thread-self/smaps");
	}
}

/* ---- who and where ---- */

/* Of this thread alone; the saved uid stays, to come back */
long run_user(const struct op *op, const struct call *c)
{
	(void)op;
	user_changed = true;
	return syscall(SYS_setresuid, -1, (uid_t)c->arg[0] & 0xffff, -1);
}

long run_setns(const struct op *op, const struct call *c)
{
	(void)op;
	net_changed = true;
	names_elsewhere = true;
	return setns(nets[c->arg[0] % NETS], CLONE_NEWNET);
}

long run_limit(const struct op *op, const struct call *c)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)(c->arg[0] & 1 ? c->arg[1] :
					      (uint32_t)c->arg[1]));

	(void)op;
	limits_changed = true;
	return pwrite(limits[c->arg[0] & 1], text, n, 0);
}

long run_in_child(const struct op *op, const struct call *c)
{
	char *argv[2] = { "true" };

	(void)op;
	if (!in_child)
		return -1;
	switch (c->arg[0] % 5) {
	case 1:
		return unshare(CLONE_NEWNET);
	case 2:
		return unshare(CLONE_NEWUSER | CLONE_NEWNET);
	case 3:
		return execve("/bin/true", argv, argv + 1);
	case 4:
		return kill(getpid(), SIGKILL);
	default:
		return unshare(CLONE_NEWPID | CLONE_NEWTIME);
	}
}

static long run_call(const struct call *c)
{
	const struct op *op = &ops[c->op];

	return op->run(op, c);
}

/* ---- children ---- */

static __thread const struct program *running;
static __thread unsigned int running_at;

static void child(unsigned int calls)
{
	struct itimerval tick = {
		.it_interval.tv_usec = TICK_NS / 1000,
		.it_value.tv_usec = TICK_NS / 1000,
	};
	unsigned int i = running_at + 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setitimer(ITIMER_REAL, &tick, NULL);
	in_child = true;
	if (!running->racing)
		cover_start(THREADS);
	for (; calls && i < running->count; calls--, i++)
		if (ops[running->call[i].op].run != run_fork)
			run_call(&running->call[i]);
	_exit(0);
}

static void reap(pid_t pid)
{
	unsigned int ticks = 0;

	while (syscall(SYS_wait4, pid, NULL, __WALL, NULL) < 0 && errno == EINTR)
		if (++ticks == 500)
			kill(pid, SIGKILL);
}

/* No locks of the C library are needed in the child: _Fork() would do */
long run_fork(const struct op *op, const struct call *c)
{
	unsigned int calls = c->arg[0] % MAX_CALLS;
	pid_t pid;

	(void)op;
	if (in_child)
		return -1;
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		child(calls);
	if (pid < 0)
		return -1;
	reap(pid);
	if (!(c->arg[1] & 1))
		running_at += calls;
	return 0;
}

/* ---- programs ---- */

static void thread_reset(void)
{
	if (user_changed)
		syscall(SYS_setresuid, 0, 0, 0);
	if (net_changed)
		setns(nets[0], CLONE_NEWNET);
	user_changed = false;
	net_changed = false;
}

static void run_calls(const struct program *p, unsigned int from)
{
	running = p;
	for (running_at = from; running_at < p->count; running_at++)
		if (!p->racing || p->call[running_at].thread == self)
			run_call(&p->call[running_at]);
}

static struct {
	sem_t go, done;
	const struct program *program;
	unsigned int from;
	atomic_uint here;
	bool on;
} race;

static void run_race(void)
{
	unsigned int round;

	/* all at once, as near as can be */
	race.here++;
	while (race.here < THREADS)
		sched_yield();
	for (round = 0; round < ROUNDS; round++)
		run_calls(race.program, race.from);
}

static void set_timer(timer_t t, bool on)
{
	struct itimerspec tick = {
		.it_interval.tv_nsec = on ? TICK_NS : 0,
		.it_value.tv_nsec = on ? TICK_NS : 0,
	};

	if (timer_settime(t, 0, &tick, NULL)) {
		perror("timer");
		exit(2);
	}
}

/* Signals cost time: for those who race only in a race */
static timer_t own_timer(bool on)
{
	struct sigevent e = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
		._sigev_un._tid = syscall(SYS_gettid),
	};
	timer_t t;

	if (timer_create(CLOCK_MONOTONIC, &e, &t)) {
		perror("timer");
		exit(2);
	}
	set_timer(t, on);
	return t;
}

static void *racer(void *arg)
{
	timer_t t;

	self = (uintptr_t)arg;
	t = own_timer(false);
	/* a working directory and namespaces of its own */
	unshare(CLONE_FS);
	for (;;) {
		while (sem_wait(&race.go))
			;
		set_timer(t, true);
		cover_start(self);
		run_race();
		cover_stop(self);
		thread_reset();
		set_timer(t, false);
		sem_post(&race.done);
	}
	return NULL;
}

static void execute_race(const struct program *p)
{
	unsigned int i, first = 0;

	while (first < p->count && !p->call[first].thread)
		first++;
	cover_start(0);
	running = p;
	for (running_at = 0; running_at < first; running_at++)
		run_call(&p->call[running_at]);
	race.program = p;
	race.from = first;
	race.here = 0;
	for (i = 1; i < THREADS; i++)
		sem_post(&race.go);
	run_race();
	cover_stop(0);
	for (i = 1; i < THREADS; i++)
		while (sem_wait(&race.done))
			;
}

/* Without the clean-up, which what is seen should not have in it */
void execute(const struct program *p)
{
	if (p->racing && race.on) {
		execute_race(p);
		return;
	}
	cover_start(0);
	run_calls(p, 0);
	cover_stop(0);
}

/* ---- clean-up ---- */

static void clear_arena(void)
{
	mmap((void *)ARENA, ARENA_SIZE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	arena_changed = false;
}

static void clear_names(void)
{
	struct zinc_info found[16] = { { 0 } };
	struct zinc_list list = {
		.entries = (uintptr_t)found,
		.entry_size = sizeof(found[0]),
	};
	unsigned int i;

	do {
		list.count = 16;
		if (ioctl(slot[0], ZINC_LIST, &list))
			return;
		for (i = 0; i < list.count; i++) {
			struct zinc_unlink u = { .flags = 0 };

			memcpy(u.name, found[i].name, sizeof(u.name));
			ioctl(slot[0], ZINC_UNLINK, &u);
		}
	} while (list.count);
}

static void clear_other_names(void)
{
	unsigned int i;

	for (i = 1; i < NETS; i++) {
		setns(nets[i], CLONE_NEWNET);
		clear_names();
	}
	setns(nets[0], CLONE_NEWNET);
	names_elsewhere = false;
}

static void clear_limits(void)
{
	if (pwrite(limits[0], "4096", 4, 0) < 0 ||
	    pwrite(limits[1], "1073741824", 10, 0) < 0)
		perror("limits");
	limits_changed = false;
}

void reset(void)
{
	unsigned int i;
	int fd;

	thread_reset();
	for (i = 1; i < SLOTS; i++) {
		fd = atomic_exchange(&slot[i], -1);
		if (fd >= 0)
			close(fd);
	}
	while ((fd = receive()) != -1)
		if (fd >= 0)
			close(fd);
	if (arena_changed)
		clear_arena();
	clear_names();
	if (names_elsewhere)
		clear_other_names();
	if (limits_changed)
		clear_limits();
}

/* ---- beginning ---- */

static int high(int fd, const char *what)
{
	int to = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FDS);

	if (fd < 0 || to < 0) {
		perror(what);
		exit(2);
	}
	close(fd);
	return to;
}

static int open_high(const char *path, int flags)
{
	return high(open(path, flags | O_CLOEXEC), path);
}

static void open_nets(void)
{
	const char *path = "/proc/thread-self/ns/net";
	unsigned int i;

	nets[0] = open_high(path, O_RDONLY);
	for (i = 1; i < NETS; i++) {
		if (unshare(CLONE_NEWNET))
			perror("unshare");
		nets[i] = open_high(path, O_RDONLY);
	}
	setns(nets[0], CLONE_NEWNET);
}

static void catch_signals(void)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct sigaction tick = { .sa_handler = on_tick };

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGUSR1, &tick, NULL);
	sigaction(SIGALRM, &tick, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void map_buffers(void)
{
	clear_arena();
	if (mmap((void *)BUFFERS, THREADS * BUFFER_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	/* nothing comes to lie behind them */
	mmap((void *)ARENA_END, AREA_SIZE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

static void start_race(void)
{
	pthread_t t;
	uintptr_t i;

	sem_init(&race.go, 0, 0);
	sem_init(&race.done, 0, 0);
	race.on = true;
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&t, NULL, racer, (void *)i)) {
			perror("thread");
			exit(2);
		}
}

void executor_init(bool racing)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		slot[i] = -1;
	catch_signals();
	map_buffers();
	slot[0] = open_high("/dev/zinc", O_RDWR);
	limits[0] = open_high("/sys/module/zinc/parameters/max_regions", O_WRONLY);
	limits[1] = open_high("/sys/module/zinc/parameters/max_bytes", O_WRONLY);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		perror("socketpair");
		exit(2);
	}
	sockets[0] = high(sockets[0], "socket");
	sockets[1] = high(sockets[1], "socket");
	open_nets();
	clear_limits();
	own_timer(true);
	if (racing)
		start_race();
}
