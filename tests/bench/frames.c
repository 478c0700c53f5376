// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames of 1280x720 pixels, which one process writes and another reads in
 * full. With shared memory, the two have two frames, and report to each other
 * which one is full and which is free. Without it, the bytes are sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "channel.h"
#include "memory.h"

#define FRAME	((size_t)1280 * 720 * 4)
#define WORDS	(FRAME / sizeof(uint64_t))
#define SLOTS	2
#define PIPE	((int)MIB)	/* as large as one may have */

struct way {
	void (*make)(void);
	void (*attach)(int side);
	/* writer: a frame to fill, and have it sent */
	uint64_t *(*begin)(uint64_t n);
	void (*send)(uint64_t n);
	/* reader: a frame that has come, and be done with it */
	uint64_t *(*receive)(uint64_t n);
	void (*done)(uint64_t n);
};

/* ---- content of a frame ---- */

static void draw(uint64_t *word, uint64_t seed)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		word[i] = seed + i;
}

static uint64_t sum_of(const uint64_t *word)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < WORDS; i++)
		sum += word[i];
	return sum;
}

static uint64_t right_sum(uint64_t seed)
{
	return WORDS * seed + (uint64_t)WORDS * (WORDS - 1) / 2;
}

/* ---- shared memory: @full frames were sent, @free were given back ---- */

static uint8_t *slots;

static uint64_t *slot(uint64_t n)
{
	return (uint64_t *)(slots + n % SLOTS * FRAME);
}

static void nothing(uint64_t n)
{
	(void)n;
}

/* by Zinc */
static char names[2][64];
static zinc_handle full, empty;

static void zinc_make(void)
{
	strcpy(names[0], bench_name("full"));
	strcpy(names[1], bench_name("empty"));
	bench_zinc(zinc_create(names[0], SLOTS * FRAME, &full));
	bench_zinc(zinc_create(names[1], 4 * KIB, &empty));
}

static void zinc_attach(int side)
{
	(void)side;
	bench_zinc(zinc_open(names[0], &full));
	bench_zinc(zinc_open(names[1], &empty));
	slots = zinc_ptr(full);
}

static void zinc_await(zinc_handle region, uint64_t count)
{
	while ((int32_t)(zinc_sequence(region) - (uint32_t)count) < 0)
		bench_zinc(zinc_wait(region, ZINC_WAIT_FOREVER));
}

static uint64_t *zinc_begin(uint64_t n)
{
	if (n >= SLOTS)
		zinc_await(empty, n - SLOTS + 1);
	return slot(n);
}

static void zinc_send(uint64_t n)
{
	(void)n;
	zinc_notify(full);
}

static uint64_t *zinc_receive(uint64_t n)
{
	zinc_await(full, n + 1);
	return slot(n);
}

static void zinc_done(uint64_t n)
{
	(void)n;
	zinc_notify(empty);
}

/* by POSIX shared memory and futexes */
static uint32_t *words;		/* full, empty: a cache line each */

static void futex_make(void)
{
	words = channel_posix_memory(4 * KIB);
	slots = memory_map(memory_shm(SLOTS * FRAME), SLOTS * FRAME, 0);
}

static void stay(int side)
{
	(void)side;
}

static void futex_await(uint32_t *word, uint64_t count)
{
	uint32_t now;

	for (;;) {
		now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		if ((int32_t)(now - (uint32_t)count) >= 0)
			return;
		futex_wait(word, now);
	}
}

static void futex_tell(uint32_t *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	futex_wake(word, 1);
}

static uint64_t *futex_begin(uint64_t n)
{
	if (n >= SLOTS)
		futex_await(&words[16], n - SLOTS + 1);
	return slot(n);
}

static void futex_send(uint64_t n)
{
	(void)n;
	futex_tell(&words[0]);
}

static uint64_t *futex_receive(uint64_t n)
{
	futex_await(&words[0], n + 1);
	return slot(n);
}

static void futex_done(uint64_t n)
{
	(void)n;
	futex_tell(&words[16]);
}

/* by memfd and eventfds that count as semaphores do */
static int fds[2];

static void eventfd_make(void)
{
	slots = memory_map(memory_memfd(SLOTS * FRAME, 0), SLOTS * FRAME, 0);
	fds[0] = bench_fd(eventfd(0, EFD_SEMAPHORE));
	fds[1] = bench_fd(eventfd(SLOTS, EFD_SEMAPHORE));
}

static void take(int fd)
{
	uint64_t one;

	if (read(fd, &one, sizeof(one)) != sizeof(one))
		bench_fail("read: %s", strerror(errno));
}

static void give(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		bench_fail("write: %s", strerror(errno));
}

static uint64_t *eventfd_begin(uint64_t n)
{
	take(fds[1]);
	return slot(n);
}

static void eventfd_send(uint64_t n)
{
	(void)n;
	give(fds[0]);
}

static uint64_t *eventfd_receive(uint64_t n)
{
	take(fds[0]);
	return slot(n);
}

static void eventfd_done(uint64_t n)
{
	(void)n;
	give(fds[1]);
}

/* ---- bytes: each side has frames of its own ---- */

static void bytes_memory(void)
{
	slots = mmap(NULL, SLOTS * FRAME, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (slots == MAP_FAILED)
		bench_fail("mmap: %s", strerror(errno));
}

static void socket_make(void)
{
	int size = 2 * (int)MIB;

	bytes_memory();
	bench_must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	/* as root beyond the limit */
	if (setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void socket_send(uint64_t n)
{
	uint8_t *from = (uint8_t *)slot(n);
	size_t done = 0;
	ssize_t sent;

	while (done < FRAME) {
		sent = write(fds[0], from + done, FRAME - done);
		if (sent <= 0)
			bench_fail("write: %s", strerror(errno));
		done += (size_t)sent;
	}
}

static uint64_t *bytes_receive(uint64_t n)
{
	uint8_t *to = (uint8_t *)slot(n);
	size_t done = 0;
	ssize_t got;

	while (done < FRAME) {
		got = read(fds[1], to + done, FRAME - done);
		if (got <= 0)
			bench_fail("read: %s", strerror(errno));
		done += (size_t)got;
	}
	return slot(n);
}

static void pipe_make(void)
{
	int ends[2];

	bytes_memory();
	bench_must(pipe(ends));
	fds[0] = ends[1];
	fds[1] = ends[0];
	/* as large as it goes: one write and one read move more */
	fcntl(fds[0], F_SETPIPE_SZ, PIPE);
}

/*
 * The pages go into the pipe, and are read from there. It has room for less than
 * a frame: when the next one is through, this one has been read, and its slot may
 * be drawn into.
 */
static void pipe_send(uint64_t n)
{
	struct iovec rest = { .iov_base = slot(n), .iov_len = FRAME };
	ssize_t sent;

	while (rest.iov_len) {
		sent = vmsplice(fds[0], &rest, 1, 0);
		if (sent <= 0)
			bench_fail("vmsplice: %s", strerror(errno));
		rest.iov_base = (uint8_t *)rest.iov_base + sent;
		rest.iov_len -= (size_t)sent;
	}
}

static const struct way by_zinc = {
	zinc_make, zinc_attach, zinc_begin, zinc_send, zinc_receive, zinc_done };
static const struct way by_futex = {
	futex_make, stay, futex_begin, futex_send, futex_receive, futex_done };
static const struct way by_eventfd = {
	eventfd_make, stay, eventfd_begin, eventfd_send, eventfd_receive, eventfd_done };
static const struct way by_socket = {
	socket_make, stay, slot, socket_send, bytes_receive, nothing };
static const struct way by_pipe = {
	pipe_make, stay, slot, pipe_send, bytes_receive, nothing };

/* ---- the work ---- */

static void reader(const struct bench_turn *turn, const struct way *way)
{
	uint64_t n;

	bench_pin(turn, 1);
	way->attach(1);
	for (n = 0; n < turn->count; n++) {
		if (sum_of(way->receive(n)) != right_sum(bench_right(n)))
			bench_fail("frame %llu is wrong", (unsigned long long)n);
		way->done(n);
	}
}

static void writer(const struct bench_turn *turn, const struct way *way)
{
	uint64_t n;

	way->attach(0);
	for (n = 0; n < turn->count; n++) {
		draw(way->begin(n), bench_payload(turn, n));
		way->send(n);
	}
}

/* From the first frame's beginning to the last one's checksum */
static void run(struct bench_turn *turn)
{
	const struct way *way = turn->contender->data;
	uint64_t begin;
	pid_t pid;

	way->make();
	begin = bench_now();
	pid = bench_fork();
	if (!pid) {
		reader(turn, way);
		_exit(0);
	}
	writer(turn, way);
	bench_join(pid);
	bench_add(0, (double)(bench_now() - begin) / (double)turn->count);
}

static const struct bench_contender contenders[] = {
	{ "zinc", run, &by_zinc },
	{ "POSIX shm + futex", run, &by_futex },
	{ "memfd + eventfd", run, &by_eventfd },
	{ "UNIX socket", run, &by_socket },
	{ "pipe + vmsplice", run, &by_pipe },
	{}
};

static const struct bench_case cases[] = {
	{ "1280x720x4", FRAME, 60, 7, BENCH_TWO },
	{ "1280x720x4", FRAME, 60, 7, BENCH_FREE },
	{}
};

static const struct bench_series series[] = { { "a frame", "ns" }, {} };

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "frames", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
