// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the rows of the table: the kind of a field makes a value of
 * a call's number, and the values make a call of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>
#include <linux/zinc.h>

#include "execute.h"
#include "program.h"

#define CAPACITY_EAGER	(32UL << 10)

/* ---- values ---- */

int fd_of(uint64_t value)
{
	if (value < SLOTS)
		return slot[value];
	return value == SLOTS ? -1 : (int)(SLOTS + value % 64);
}

void store_fd(uint64_t value, long fd)
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
		return ZINC_DEADLINE_NEVER;
	case 5:
		return INT64_MAX;
	case 6:
		return INT64_MAX - 1;
	default:
		return value;
	}
}

/* A few good names, then bad names, else the number's bytes */
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
 * Pages that are not lazy are allocated at once, which takes time and memory:
 * make them few. A size beyond all memory may stay; huge pages are touched.
 */
static void bound(struct zinc_create *args)
{
	if (args->flags & ZINC_LAZY || args->capacity >> 34)
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
	if (op->nr == ZINC_IOC_CREATE)
		bound((struct zinc_create *)image);
	cmd = resize(op->nr, c->arg[ARG_SIZED], image);
	if (!_IOC_SIZE(cmd) && !c->arg[ARG_WHERE])
		at = NULL;
	else
		copy_guarded(at, image, _IOC_SIZE(cmd));
	ret = ioctl(fd_of(c->arg[ARG_FD]), cmd, at);
	if (op->flags & GIVES_FD)
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

/* Of four devices, so that programs get in each other's way */
long run_reserve(const struct op *op, const struct call *c)
{
	enum { FIRST = 9, MODE };
	struct zinc_reserve_item items[ZINC_RESERVE_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < ZINC_RESERVE_MAX; i++) {
		snprintf((char *)items[i].device, ZINC_DEVICE_SIZE, "d:%u",
			 (unsigned int)((c->arg[FIRST] + i) % 4));
		items[i].flags = c->arg[MODE] >> 2 * i & 3;
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
	uint64_t arg[MAX_FIELDS] = { 0 }, at = area(0);
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
			arena_changed();
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
	arena_changed();
	return syscall(SYS_mmap, at, length(c->arg[1], at), c->arg[2],
		       (c->arg[3] & ~(MAP_ANONYMOUS | MAP_GROWSDOWN |
				      MAP_HUGETLB)) | MAP_FIXED,
		       fd_of(c->arg[4]), c->arg[5]);
}

/* A mapping that moves goes to another place in the arena */
long run_mremap(const struct op *op, const struct call *c)
{
	uint64_t at = area(c->arg[0]), to = area(c->arg[4]);
	uint64_t flags = c->arg[3] & 7;
	uint64_t size = length(c->arg[2], at > to ? at : to);

	(void)op;
	arena_changed();
	if (flags & MREMAP_MAYMOVE)
		flags |= MREMAP_FIXED;
	return syscall(SYS_mremap, at, length(c->arg[1], at), size, flags, to);
}

static void touch_once(volatile uint8_t *at, const struct call *c)
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

static void touch(const void *arg)
{
	const struct call *c = arg;
	uint8_t *at = (uint8_t *)(area(c->arg[0]) + c->arg[1] % 4088);
	unsigned int n = c->arg[5] % 8192;

	for (; n; n--)
		touch_once(at, c);
}

long run_touch(const struct op *op, const struct call *c)
{
	(void)op;
	return guarded(touch, c) ? 0 : -1;
}

/* In us: what sleeps longer sleeps in vain */
static struct timespec moment(uint64_t value)
{
	return (struct timespec){ .tv_nsec = value % 2000 * 1000 };
}

long run_poll(const struct op *op, const struct call *c)
{
	struct timespec t = moment(c->arg[3]);
	struct pollfd p[2] = {
		{ .fd = fd_of(c->arg[0]), .events = c->arg[2] },
		{ .fd = fd_of(c->arg[1]), .events = c->arg[2] },
	};

	(void)op;
	return ppoll(p, 2, &t, NULL);
}

long run_epoll_ctl(const struct op *op, const struct call *c)
{
	struct epoll_event e = { .events = c->arg[3] };

	(void)op;
	return epoll_ctl(fd_of(c->arg[0]), c->arg[1] & 3, fd_of(c->arg[2]), &e);
}

long run_epoll_wait(const struct op *op, const struct call *c)
{
	struct timespec t = moment(c->arg[1]);
	struct epoll_event e[4];

	(void)op;
	return syscall(SYS_epoll_pwait2, fd_of(c->arg[0]), e, 4, &t, NULL, 0);
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

/* Another process's way to memory: it pins the pages */
long run_copy(const struct op *op, const struct call *c)
{
	uint64_t at = area(c->arg[0]), own = pointer(c->arg[2]);
	uint64_t size = length(c->arg[1], at) % (1 << 16);
	struct iovec here = { (void *)own, size };
	struct iovec there = { (void *)at, size };

	(void)op;
	return syscall(c->arg[3] & 1 ? SYS_process_vm_writev : SYS_process_vm_readv,
		       getpid(), &here, 1, &there, 1, 0);
}

long run_futex(const struct op *op, const struct call *c)
{
	uint32_t *at = (uint32_t *)(area(c->arg[0]) + (c->arg[1] % PAGE & ~3UL));
	struct timespec t = moment(c->arg[4]);

	(void)op;
	return syscall(SYS_futex, at, c->arg[2] & 1 ? FUTEX_WAIT : FUTEX_WAKE,
		       (uint32_t)c->arg[3], &t, NULL, 0);
}

/* A descriptor as another process takes it */
long run_getfd(const struct op *op, const struct call *c)
{
	long fd = syscall(SYS_pidfd_getfd, own_pidfd, fd_of(c->arg[0]), 0);

	(void)op;
	store_fd(c->arg[1], fd);
	return fd;
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

long receive_fd(void)
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
	int fd = receive_fd();

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

/* Everything that describes a region, or opens it in another way */
long run_proc(const struct op *op, const struct call *c)
{
	char path[128];
	int fd = fd_of(c->arg[0]);
	uint64_t at = area(c->arg[0]);

	(void)op;
	switch (c->arg[2] % 6) {
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
	case 5:
		return read_file("/sys/kernel/tracing/trace");
	default:
		return read_file("/proc/thread-self/smaps");
	}
}

/* ---- identity and namespaces ---- */

/* Of this thread alone; the saved ids stay, to come back */
long run_user(const struct op *op, const struct call *c)
{
	(void)op;
	user_changed = true;
	/* the group first: only root may */
	if (syscall(SYS_setresgid, -1, (gid_t)c->arg[1] & 0xffff, -1))
		return -1;
	return syscall(SYS_setresuid, -1, (uid_t)c->arg[0] & 0xffff, -1);
}

/* Each network namespace has names of its own; the last is a user's */
long run_setns(const struct op *op, const struct call *c)
{
	(void)op;
	net_changed = true;
	names_elsewhere = true;
	if (c->arg[0] % NETS == USER_NET)
		user_net_used = true;
	return setns(nets[c->arg[0] % NETS], CLONE_NEWNET);
}

long run_limit(const struct op *op, const struct call *c)
{
	char text[32];
	unsigned int which = c->arg[0] % LIMITS;
	/* that of bytes alone has 64 bits */
	int n = snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)(which == 1 ? c->arg[1] :
					      (uint32_t)c->arg[1]));

	(void)op;
	limits_changed = true;
	return pwrite(limits[which], text, n, 0);
}

/* Injected into the next call, if it is an ioctl or a read */
long run_fail(const struct op *op, const struct call *c)
{
	(void)op;
	fail_next = c->arg[0] % 64;
	return 0;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Where CLOCK_MONOTONIC shows another time */
static long shift_clock(const char *offset)
{
	int fd;
	long ret;

	if (unshare(CLONE_NEWTIME) ||
	    !write_file("/proc/self/timens_offsets", offset))
		return -1;
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	ret = setns(fd, CLONE_NEWTIME);
	close(fd);
	return ret;
}

/* During the following calls */
static long die_later(uint64_t us)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec when = { .it_value.tv_nsec = 20000 + us % 2000 * 1000 };
	timer_t t;

	if (timer_create(CLOCK_MONOTONIC, &e, &t))
		return -1;
	return timer_settime(t, 0, &when, NULL);
}

long run_in_child(const struct op *op, const struct call *c)
{
	char *argv[2] = { "true" };

	(void)op;
	if (!in_child)
		return -1;
	switch (c->arg[0] % 8) {
	case 1:
		names_elsewhere = true;
		return unshare(CLONE_NEWNET);
	case 2:
		names_elsewhere = true;
		return unshare(CLONE_NEWUSER | CLONE_NEWNET);
	case 3:
		return execve("/bin/true", argv, argv + 1);
	case 4:
		return kill(getpid(), SIGKILL);
	case 5:
		return die_later(c->arg[1]);
	case 6:
		return shift_clock("monotonic 1000 0");
	case 7:
		return shift_clock("monotonic -1 0");
	default:
		return unshare(CLONE_NEWPID | CLONE_NEWTIME);
	}
}
