// SPDX-License-Identifier: GPL-2.0-only
/*
 * A wait that something is pending for already. Of each kind there are OBJECTS
 * that are made ready, untimed, and then waited for, one after the other.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel.h"

#define OBJECTS	64

static void check(const struct bench_turn *turn, uint64_t got)
{
	if (got + turn->spoil != OBJECTS)
		bench_fail("%d were pending, %llu came", OBJECTS, (unsigned long long)got);
}

/* one notify is pending for each handle */
static void run_zinc(struct bench_turn *turn)
{
	const char *name = bench_name("pending");
	zinc_handle writer, reader[OBJECTS];
	uint64_t begin, got;
	size_t n, i;

	bench_zinc(zinc_create(name, 4 * KIB, &writer));
	for (i = 0; i < OBJECTS; i++)
		bench_zinc(zinc_open(name, &reader[i]));
	for (n = 0; n < turn->count; n++) {
		zinc_notify(writer);
		got = 0;
		begin = bench_now();
		for (i = 0; i < OBJECTS; i++)
			got += !zinc_wait(reader[i], 0);
		bench_add(0, (double)(bench_now() - begin) / OBJECTS);
		check(turn, got);
	}
	/* once is all */
	if (zinc_try_wait(reader[0]) != -EAGAIN)
		bench_fail("a notify was taken twice");
}

/* the word has changed already: the kernel says so */
static void run_futex(struct bench_turn *turn)
{
	uint32_t *word = channel_posix_memory(OBJECTS * sizeof(uint32_t));
	uint64_t begin, got;
	size_t n, i;

	for (n = 0; n < turn->count; n++) {
		for (i = 0; i < OBJECTS; i++)
			__atomic_fetch_add(&word[i], 1, __ATOMIC_SEQ_CST);
		got = 0;
		begin = bench_now();
		for (i = 0; i < OBJECTS; i++)
			got += futex_wait(&word[i], (uint32_t)n) == -1 && errno == EAGAIN;
		bench_add(0, (double)(bench_now() - begin) / OBJECTS);
		check(turn, got);
	}
}

static void make_eventfds(int *fd)
{
	size_t i;

	for (i = 0; i < OBJECTS; i++)
		fd[i] = bench_fd(eventfd(0, 0));
}

static void write_eventfds(const int *fd)
{
	uint64_t one = 1;
	size_t i;

	for (i = 0; i < OBJECTS; i++)
		if (write(fd[i], &one, sizeof(one)) != sizeof(one))
			bench_fail("write: %s", strerror(errno));
}

static uint64_t read_eventfd(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void run_eventfd(struct bench_turn *turn)
{
	int fd[OBJECTS];
	uint64_t begin, got;
	size_t n, i;

	make_eventfds(fd);
	for (n = 0; n < turn->count; n++) {
		write_eventfds(fd);
		got = 0;
		begin = bench_now();
		for (i = 0; i < OBJECTS; i++)
			got += read_eventfd(fd[i]);
		bench_add(0, (double)(bench_now() - begin) / OBJECTS);
		check(turn, got);
	}
}

static void run_poll(struct bench_turn *turn)
{
	struct pollfd item = { .events = POLLIN };
	int fd[OBJECTS];
	uint64_t begin, got;
	size_t n, i;

	make_eventfds(fd);
	for (n = 0; n < turn->count; n++) {
		write_eventfds(fd);
		got = 0;
		begin = bench_now();
		for (i = 0; i < OBJECTS; i++) {
			item.fd = fd[i];
			if (poll(&item, 1, -1) == 1)
				got += read_eventfd(fd[i]);
		}
		bench_add(0, (double)(bench_now() - begin) / OBJECTS);
		check(turn, got);
	}
}

static const struct bench_contender contenders[] = {
	{ "zinc", run_zinc },
	{ "futex wait", run_futex },
	{ "eventfd read", run_eventfd },
	{ "poll + read", run_poll },
	{}
};

static const struct bench_case cases[] = {
	{ "pending", 0, 200, 11, BENCH_ONE },
	{ "pending", 0, 200, 11, BENCH_FREE },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "pending", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
