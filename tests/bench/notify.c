// SPDX-License-Identifier: GPL-2.0-only
/* A notify while no process waits: the cost for a writer without a reader. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "batch.h"
#include "channel.h"

static void run_zinc(struct bench_turn *turn)
{
	zinc_handle region;

	bench_zinc(zinc_create(bench_name("notify"), 4 * KIB, &region));
	MEASURE(turn, zinc_notify(region));
	check_batches(turn, zinc_sequence(region));
	zinc_close(region);
}

static void run_futex(struct bench_turn *turn)
{
	uint32_t *word = channel_posix_memory(4 * KIB);

	MEASURE(turn, {
		__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
		futex_wake(word, INT_MAX);
	});
	check_batches(turn, *word);
}

static void write_one(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		bench_fail("write: %s", strerror(errno));
}

static void run_eventfd(struct bench_turn *turn)
{
	int fd = bench_fd(eventfd(0, 0));
	uint64_t count;

	MEASURE(turn, write_one(fd));
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		bench_fail("read: %s", strerror(errno));
	check_batches(turn, count);
}

/* the floor */
static void run_add(struct bench_turn *turn)
{
	uint32_t *word = channel_posix_memory(4 * KIB);

	MEASURE(turn, __atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST));
	check_batches(turn, *word);
}

static const struct bench_contender contenders[] = {
	{ "zinc", run_zinc },
	{ "futex wake", run_futex },
	{ "eventfd write", run_eventfd },
	{ "atomic add", run_add },
	{}
};

static const struct bench_case cases[] = {
	{ "nobody waits", 0, 60, 11, BENCH_ONE },
	{ "nobody waits", 0, 60, 11, BENCH_FREE },
	{}
};

static const struct bench_series series[] = { { "time", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "notify", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
