// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request and its reply between two processes that sleep in between: both on
 * one processor, on two, and where they like; and the same through epoll. A
 * sample is a round trip.
 */
#include <unistd.h>

#include "channel.h"

/*
 * Round trips of each turn that do not count: in them a spinning peer learns
 * whether spinning pays off.
 */
#define WARM_UP	300
#define LAST	(1ULL << 63)	/* of a request; there are no others */

/* The reply to n is n + 1, as payloads go. */
static void reply(const struct bench_turn *turn, struct channel *channel)
{
	bool last = false;
	uint64_t got;
	uint64_t n;

	bench_pin(turn, 1);
	channel_attach(channel, 1);
	got = channel->kind->receive(channel);
	for (n = 0; !last; n++) {
		last = got == (bench_right(2 * n) ^ LAST);
		if (!last && got != bench_right(2 * n))
			bench_fail("request %llu has a wrong payload", (unsigned long long)n);
		if (last)
			channel->kind->send(channel, bench_right(2 * n + 1));
		else
			got = channel_exchange(channel, bench_right(2 * n + 1));
	}
}

static void ask(const struct bench_turn *turn, struct channel *channel, uint64_t trips)
{
	uint64_t enough = bench_now() + BENCH_ENOUGH;
	uint64_t begin, got, last;
	uint64_t n;

	for (n = 0, last = 0; !last; n++) {
		begin = bench_now();
		if (n + 1 == trips || (n > WARM_UP && begin > enough))
			last = LAST;
		got = channel_exchange(channel, bench_payload(turn, 2 * n) ^ last);
		if (n >= WARM_UP)
			bench_add(0, (double)(bench_now() - begin));
		if (got != bench_right(2 * n + 1))
			bench_fail("reply %llu has a wrong payload", (unsigned long long)n);
	}
}

static void run(struct bench_turn *turn)
{
	uint64_t trips = WARM_UP + turn->count;
	struct channel channel;
	pid_t pid;

	channel_make(&channel, turn->contender->data);
	pid = bench_fork();
	if (!pid) {
		reply(turn, &channel);
		_exit(0);
	}
	channel_attach(&channel, 0);
	ask(turn, &channel, trips);
	bench_join(pid);
}

static const struct bench_contender contenders[] = {
	{ "zinc notify + wait", run, &channel_zinc },
	{ "zinc notify_and_wait", run, &channel_zinc_call },
	{ "futex", run, &channel_futex },
	{ "eventfd", run, &channel_eventfd },
	{ "pipe", run, &channel_pipe },
	{ "UNIX socket", run, &channel_socket },
	{ "semaphore", run, &channel_semaphore },
	{ "futex + spin", run, &channel_futex_spin },
	{}
};

static const struct bench_contender by_level[] = {
	{ "zinc", run, &channel_zinc_epoll },
	{ "eventfd", run, &channel_eventfd_epoll },
	{}
};

static const struct bench_contender by_edge[] = {
	{ "zinc", run, &channel_zinc_edge },
	{ "eventfd", run, &channel_eventfd_edge },
	{}
};

static const struct bench_case cases[] = {
	{ "round trip", 0, 600, 9, BENCH_ONE },
	{ "round trip", 0, 300, 9, BENCH_TWO },
	{ "round trip", 0, 300, 9, BENCH_FREE },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "ping-pong", series, cases, contenders },
		{ "epoll, level", series, cases, by_level },
		{ "epoll, edge", series, cases, by_edge },
		{}
	};

	return bench_main(argc, argv, benches);
}
