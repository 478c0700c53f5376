// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the calls of a program, alone or in threads that race, and cleans up
 * behind it, so that the next one finds what the last one found.
 *
 * Calls that can sleep for ever are interrupted by a timer.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

#include "execute.h"
#include "program.h"

/* In us. In a single thread, no other call ends a sleep; in a race another may */
#define TICK_ALONE		300
#define TICK_RACE		2000
#define CHILD_MS	5000
#define LEFT_MS		10000
#define ROUNDS		4	/* of a race */
#define REGIONS		"/sys/kernel/debug/zinc/regions"
#define FAULTS		"/sys/kernel/debug/"

struct counts *counts;
atomic_int slot[SLOTS];
int sockets[2], nets[NETS], limits[LIMITS], own_pidfd;
atomic_bool limits_changed, names_elsewhere, user_net_used;
__thread bool user_changed, net_changed, in_child;
__thread unsigned int self;
__thread unsigned int fail_next;

static __thread timer_t timer;
static __thread int fail_fd = -1;
static int regions_fd = -1;
static bool racing_now;

/* ---- one call ---- */

uint64_t now_ns(void)
{
	struct timespec t;

	/* no child's namespace shifts this one */
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void count(unsigned int what, uint64_t since)
{
	__atomic_add_fetch(&counts->calls[what], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&counts->ns[what], now_ns() - since, __ATOMIC_RELAXED);
}

uint64_t add_cost(enum cost what, uint64_t since)
{
	count(MAX_OPS + what, since);
	return now_ns();
}

/* A first tick may come before the sleep: go on ticking */
static void set_tick(unsigned int us)
{
	struct itimerspec tick = {
		.it_interval.tv_nsec = us * 1000UL,
		.it_value.tv_nsec = us * 1000UL,
	};
	struct itimerval old = {
		.it_interval.tv_usec = us,
		.it_value.tv_usec = us,
	};

	/* a child inherits only this timer */
	if (in_child)
		setitimer(ITIMER_REAL, &old, NULL);
	else
		timer_settime(timer, 0, &tick, NULL);
}

static void write_number(int fd, unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	/* a missing namespace is not a finding */
	if (fd >= 0 && pwrite(fd, text, strlen(text), 0) < 0)
		return;
}

/* Not where the kernel's own parts may not take it so well */
static bool may_fail(const struct op *op)
{
	if (op->run == run_ioctl)
		return _IOC_TYPE(op->nr) == ZINC_IOCTL_TYPE;
	return op->run == run_wait_any || op->run == run_reserve ||
	       op->nr == SYS_read;
}

static long run_failing(const struct op *op, const struct call *c)
{
	long ret;

	write_number(fail_fd, fail_next);
	ret = op->run(op, c);
	write_number(fail_fd, 0);
	fail_next = 0;
	return ret;
}

static void run_call(const struct call *c)
{
	const struct op *op = &ops[c->op];
	uint64_t begun = now_ns();

	if (op->flags & SLEEPS)
		set_tick(racing_now ? TICK_RACE : TICK_ALONE);
	/* the file to say it in is the parent's */
	if (fail_next && may_fail(op) && !in_child)
		run_failing(op, c);
	else
		op->run(op, c);
	if (op->flags & SLEEPS)
		set_tick(0);
	count(c->op, begun);
}

static int high(int fd, const char *what)
{
	int to = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FDS);

	if (fd < 0 || to < 0)
		die(what);
	close(fd);
	return to;
}

int open_high(const char *path, int flags)
{
	return high(open(path, flags | O_CLOEXEC), path);
}

/* ---- children ---- */

static __thread const struct program *running;
static __thread unsigned int running_at;

static int open_fail_nth(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static _Noreturn void child(unsigned int calls)
{
	unsigned int i = running_at + 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	in_child = true;
	if (!running->racing)
		cover_start(THREADS);
	for (; calls && i < running->count; calls--, i++)
		if (ops[running->call[i].op].run != run_fork)
			run_call(&running->call[i]);
	_exit(0);
}

static int child_on_stack(void *calls)
{
	child((uintptr_t)calls);
}

static void reap(pid_t pid)
{
	struct itimerspec tick = {
		.it_interval.tv_nsec = 10000000,
		.it_value.tv_nsec = 10000000,
	};
	unsigned int ms = 0;

	timer_settime(timer, 0, &tick, NULL);
	while (syscall(SYS_wait4, pid, NULL, __WALL, NULL) < 0 && errno == EINTR) {
		ms += 10;
		if (ms == CHILD_MS)
			kill(pid, SIGKILL);
	}
	in_child = false;
	set_tick(0);
}

/*
 * With a copy of the memory, or in the same memory: that takes much less time,
 * but some namespaces cannot be left then. The parent waits, so that the child
 * can use everything of this thread. It needs no locks of the C library.
 */
static pid_t start_child(bool copy, unsigned int calls)
{
	static __thread char stack[65536] __attribute__((aligned(16)));
	int flags = CLONE_VM | SIGCHLD;
	pid_t pid;

	if (!copy)
		return clone(child_on_stack, stack + sizeof(stack), flags,
			     (void *)(uintptr_t)calls);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		child(calls);
	return pid;
}

long run_fork(const struct op *op, const struct call *c)
{
	unsigned int calls = c->arg[0] % MAX_CALLS;
	bool user = user_changed, net = net_changed;
	/* the other threads of a race continue to use it */
	bool copy = c->arg[2] & 1 || racing_now;
	int saved[SLOTS];
	pid_t pid;

	(void)op;
	if (in_child)
		return -1;
	fail_next = 0;
	memcpy(saved, slot, sizeof(saved));
	pid = start_child(copy, calls);
	if (pid < 0)
		return -1;
	reap(pid);
	guard_reset();
	if (!copy)
		memcpy(slot, saved, sizeof(saved));
	fail_next = 0;
	user_changed = user;
	net_changed = net;
	/* what it does is not always seen from here */
	names_elsewhere = true;
	limits_changed = true;
	if (!(c->arg[1] & 1))
		running_at += calls;
	return 0;
}

/* ---- programs ---- */

static void thread_reset(void)
{
	if (user_changed) {
		syscall(SYS_setresuid, 0, 0, 0);
		syscall(SYS_setresgid, 0, 0, 0);
	}
	if (net_changed)
		setns(nets[0], CLONE_NEWNET);
	user_changed = false;
	net_changed = false;
	fail_next = 0;
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

/* Every thread has a timer, a fault to come, and namespaces of its own */
static void thread_init(void)
{
	struct sigevent e = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
		._sigev_un._tid = syscall(SYS_gettid),
	};

	if (timer_create(CLOCK_MONOTONIC, &e, &timer))
		die("timer");
	fail_fd = open_fail_nth();
	if (fail_fd >= 0)
		fail_fd = high(fail_fd, "fail-nth");
}

static void *racer(void *arg)
{
	self = (uintptr_t)arg;
	unshare(CLONE_FS);
	thread_init();
	for (;;) {
		while (sem_wait(&race.go))
			;
		cover_start(self);
		run_race();
		cover_stop(self);
		thread_reset();
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
	racing_now = true;
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
	racing_now = false;
}

/* Without the clean-up, whose coverage does not count */
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

/* ---- namespaces ---- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* A user namespace in which the users of the others are nobody */
static int open_user_net(void)
{
	int ready[2], fd;
	char path[64], c;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		die("unshare");
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_to(path, "0 0 1");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_to(path, "0 0 1");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open_high(path, O_RDONLY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static void open_nets(void)
{
	const char *path = "/proc/thread-self/ns/net";
	unsigned int i;

	nets[0] = open_high(path, O_RDONLY);
	for (i = 1; i < USER_NET; i++) {
		if (unshare(CLONE_NEWNET))
			perror("unshare");
		nets[i] = open_high(path, O_RDONLY);
	}
	setns(nets[0], CLONE_NEWNET);
	nets[USER_NET] = open_user_net();
}

/* ---- clean-up ---- */

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
		if (ioctl(slot[0], ZINC_IOC_LIST, &list))
			return;
		for (i = 0; i < list.count; i++) {
			struct zinc_unlink u = { .flags = 0 };

			memcpy(u.name, found[i].name, sizeof(u.name));
			ioctl(slot[0], ZINC_IOC_UNLINK, &u);
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
	    pwrite(limits[1], "1073741824", 10, 0) < 0 ||
	    pwrite(limits[2], "16384", 5, 0) < 0)
		perror("limits");
	limits_changed = false;
}

/* Whether debugfs lists a region, of any namespace and user */
static bool lists_regions(void)
{
	char text[512];
	ssize_t n;

	if (regions_fd < 0)
		return false;
	n = pread(regions_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = 0;
	return n > 0 && strchr(text, '\n') != text + n - 1;
}

static bool holds_bytes(void)
{
	struct zinc_query q = { .flags = 0 };

	return !ioctl(slot[0], ZINC_IOC_QUERY, &q) && (q.user_regions || q.user_bytes);
}

static void close_slots(void)
{
	unsigned int i;
	long fd;

	for (i = 1; i < SLOTS; i++) {
		fd = atomic_exchange(&slot[i], -1);
		if (fd >= 0)
			close(fd);
	}
	while ((fd = receive_fd()) != -1)
		if (fd >= 0)
			close(fd);
}

static bool is_clean(void)
{
	return !lists_regions() && !holds_bytes();
}

/* Namespaces end when they have been left, and then some */
bool settle(void)
{
	unsigned int ms;

	for (ms = 0; !is_clean(); ms += 2) {
		if (ms > LEFT_MS)
			return false;
		usleep(2000);
	}
	return true;
}

/* In that of a user even we cannot unlink everything: it has to end */
static void renew_user_net(void)
{
	close(nets[USER_NET]);
	nets[USER_NET] = open_user_net();
}

static void clear_all_names(void)
{
	clear_names();
	if (names_elsewhere)
		clear_other_names();
}

bool reset(void)
{
	uint64_t t = now_ns();
	bool clean;

	thread_reset();
	t = add_cost(COST_THREAD, t);
	close_slots();
	t = add_cost(COST_CLOSE, t);
	arena_clear();
	t = add_cost(COST_ARENA, t);
	clear_all_names();
	t = add_cost(COST_NAMES, t);
	if (limits_changed)
		clear_limits();
	clean = is_clean();
	if (!clean && user_net_used)
		renew_user_net();
	user_net_used = false;
	add_cost(COST_CLEAN, t);
	return clean;
}

/* ---- beginning ---- */

/* Every allocation that can fail does, if requested */
static void set_faults_up(void)
{
	static const char * const injectors[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	char path[128];
	unsigned int i;

	for (i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		snprintf(path, sizeof(path), FAULTS "%s/verbose", injectors[i]);
		write_to(path, "0");
		snprintf(path, sizeof(path), FAULTS "%s/ignore-gfp-wait", injectors[i]);
		write_to(path, "N");
	}
	write_to(FAULTS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_to(FAULTS "fail_page_alloc/min-order", "0");
}

/* A fault to come must not hit the return from here, which none survives */
static void on_tick(int sig)
{
	int saved = errno;

	(void)sig;
	if (fail_next && !in_child)
		write_number(fail_fd, 0);
	errno = saved;
}

static void catch_signals(void)
{
	struct sigaction tick = { .sa_handler = on_tick };

	sigaction(SIGUSR1, &tick, NULL);
	sigaction(SIGALRM, &tick, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void start_race(void)
{
	pthread_t t;
	uintptr_t i;

	sem_init(&race.go, 0, 0);
	sem_init(&race.done, 0, 0);
	race.on = true;
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&t, NULL, racer, (void *)i))
			die("thread");
}

static void open_own(void)
{
	int fd;

	slot[0] = open_high("/dev/zinc", O_RDWR);
	limits[0] = open_high("/sys/module/zinc/parameters/max_regions", O_WRONLY);
	limits[1] = open_high("/sys/module/zinc/parameters/max_bytes", O_WRONLY);
	limits[2] = open_high("/sys/module/zinc/parameters/max_waiters", O_WRONLY);
	own_pidfd = high(syscall(SYS_pidfd_open, getpid(), 0), "pidfd");
	fd = open(REGIONS, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		regions_fd = high(fd, REGIONS);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		die("socketpair");
	sockets[0] = high(sockets[0], "socket");
	sockets[1] = high(sockets[1], "socket");
}

void counts_init(void)
{
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		die("mmap");
}

void executor_init(bool racing)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		slot[i] = -1;
	catch_signals();
	arena_init();
	open_own();
	open_nets();
	set_faults_up();
	clear_limits();
	thread_init();
	if (racing)
		start_race();
}
