// SPDX-License-Identifier: GPL-2.0-only
/* The memory that programs work on, and accesses outside of it. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "execute.h"
#include "program.h"

#define ARENA		(1UL << 40)
#define AREAS		8UL
#define AREA_SIZE	(4UL << 20)
#define ARENA_SIZE	(AREAS * AREA_SIZE)
#define BUFFERS		(ARENA + ARENA_SIZE)
#define BUFFER_SIZE	(1UL << 20)
#define ARENA_END	(BUFFERS + THREADS * BUFFER_SIZE)

/* volatile: the handler reads it in the midst of a memcpy() */
static __thread void * volatile guard;
static atomic_bool changed;

uint8_t *buffer(void)
{
	return (uint8_t *)(BUFFERS + self * BUFFER_SIZE);
}

uint64_t area(uint64_t value)
{
	return ARENA + value % AREAS * AREA_SIZE + (value >> 8) % 1024 * PAGE;
}

/* 0 is this thread's buffer; the rest is more or less bad */
uint64_t pointer(uint64_t value)
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
uint64_t length(uint64_t value, uint64_t at)
{
	uint64_t room = BUFFERS - at;

	return value < room ? value : room;
}

/* The kernel sends one as well where a fault to come hits a signal's frame */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == SI_KERNEL)
		return;
	if (guard)
		siglongjmp(*(sigjmp_buf *)guard, 1);
	signal(sig, SIG_DFL);
}

bool guarded(void (*call)(const void *arg), const void *arg)
{
	sigjmp_buf here;
	bool faulted = sigsetjmp(here, 1);

	if (!faulted) {
		guard = &here;
		call(arg);
	}
	guard = NULL;
	return !faulted;
}

/* For one whose child was killed within the call */
void guard_reset(void)
{
	guard = NULL;
}

struct copy {
	void *to;
	const void *from;
	size_t size;
};

static void do_copy(const void *arg)
{
	const struct copy *c = arg;

	memcpy(c->to, c->from, c->size);
}

/* Copy to where there may be no memory */
bool copy_guarded(void *to, const void *from, size_t size)
{
	struct copy c = { to, from, size };

	return guarded(do_copy, &c);
}

void arena_changed(void)
{
	changed = true;
}

void arena_clear(void)
{
	if (!changed)
		return;
	mmap((void *)ARENA, ARENA_SIZE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	changed = false;
}

void arena_init(void)
{
	struct sigaction fault = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_NODEFER | SA_SIGINFO,
	};

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	changed = true;
	arena_clear();
	if (mmap((void *)BUFFERS, THREADS * BUFFER_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	/* nothing comes to lie behind them */
	mmap((void *)ARENA_END, AREA_SIZE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}
