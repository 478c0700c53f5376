// SPDX-License-Identifier: GPL-2.0-only
/* Functions for a turn of a benchmark: time, processes, pinning, the end. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "turn.h"

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void bench_add(unsigned int series, double value)
{
	struct bench_samples *samples = &bench_result->series[series];

	if (samples->count < BENCH_SAMPLES)
		samples->value[samples->count++] = value;
}

static void say_why(const char *format, va_list args)
{
	vsnprintf(bench_result->why, sizeof(bench_result->why), format, args);
}

/* The turn is over, for all its processes: some may wait for this one. */
static void __attribute__((noreturn)) end_turn(int status)
{
	bench_result->status = status;
	kill(0, SIGKILL);
	_exit(status);
}

/* This contender is not there, or not able to. */
void bench_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_why(format, args);
	va_end(args);
	end_turn(BENCH_SKIPPED);
}

/* It is there, and did it wrong. */
void bench_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_why(format, args);
	va_end(args);
	end_turn(BENCH_FAILED);
}

void bench_check(int ret, const char *what, const char *file, int line)
{
	if (ret)
		bench_fail("%s:%d: %s: %s", file, line, what, strerror(errno));
}

int bench_check_fd(int ret, const char *what, const char *file, int line)
{
	if (ret < 0)
		bench_fail("%s:%d: %s: %s", file, line, what, strerror(errno));
	return ret;
}

void bench_check_zinc(int ret, const char *what, const char *file, int line)
{
	if (ret == -EOPNOTSUPP)
		bench_skip("this backend cannot do that");
	if (ret)
		bench_fail("%s:%d: %s: %s", file, line, what, zinc_strerror(ret));
}

/* The @n-th processor that we may use, or the last */
static int nth_cpu(const cpu_set_t *set, int n)
{
	int found = -1;
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, set))
			continue;
		found = cpu;
		if (!n--)
			break;
	}
	return found;
}

static cpu_set_t allowed;

/* Call it while no process is pinned. */
void bench_remember_cpus(void)
{
	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
}

void bench_pin(const struct bench_turn *turn, int side)
{
	cpu_set_t set;

	if (turn->what->pin == BENCH_FREE)
		return;
	if (turn->what->pin == BENCH_TWO && CPU_COUNT(&allowed) < 2)
		bench_skip("there is one processor");
	CPU_ZERO(&set);
	CPU_SET(nth_cpu(&allowed, turn->what->pin == BENCH_TWO ? side : 0), &set);
	bench_must(sched_setaffinity(0, sizeof(set), &set));
}

/* A child that dies with its parent */
pid_t bench_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = bench_fd(fork());

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(BENCH_FAILED);
	return 0;
}

void bench_join(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		bench_fail("a child ended with status %#x", status);
}

/* Zeros that children share */
void *bench_shared(size_t size)
{
	void *address = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (address == MAP_FAILED)
		bench_fail("no %zu bytes to share: %s", size, strerror(errno));
	return address;
}

/* A name of this turn's own; valid until the next but three calls */
const char *bench_name(const char *what)
{
	static char names[4][64];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "bench-%d-%s", getpid(), what);
	return name;
}

/* A limit of the system; a user that may not raise it keeps it. */
void bench_write_file(const char *path, unsigned long value)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	fprintf(file, "%lu\n", value);
	fclose(file);
}

uint64_t bench_right(uint64_t n)
{
	return (n + 1) * 0x9e3779b97f4a7c15ULL;
}

uint64_t bench_payload(const struct bench_turn *turn, uint64_t n)
{
	return bench_right(n) ^ turn->spoil;
}
