// SPDX-License-Identifier: GPL-2.0-only
/*
 * The peers of Zinc, each in the way that its documentation calls the fastest:
 * shared between processes, without unnecessary calls, eight bytes at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"

#define SPINS	512	/* as many as Zinc's library at most */

int futex_wait(const uint32_t *word, uint32_t value)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

int futex_wake(const uint32_t *word, int count)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* A descriptor of shm_open() whose name is already unlinked */
void *channel_posix_memory(size_t size)
{
	char name[80];
	void *address;
	int fd;

	snprintf(name, sizeof(name), "/%s", bench_name("shm"));
	fd = bench_fd(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	shm_unlink(name);
	bench_must(ftruncate(fd, (off_t)size));
	address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (address == MAP_FAILED)
		bench_fail("mmap: %s", strerror(errno));
	return address;
}

static struct channel_side *mine(struct channel *channel)
{
	return &channel->shared->side[channel->side];
}

static struct channel_side *theirs(struct channel *channel)
{
	return &channel->shared->side[!channel->side];
}

static void make_shared(struct channel *channel)
{
	channel->shared = channel_posix_memory(sizeof(*channel->shared));
}

/* ---- futex: a word for each side, counted up by the sender ---- */

static void futex_send(struct channel *channel, uint64_t value)
{
	struct channel_side *side = mine(channel);

	side->value = value;
	__atomic_fetch_add(&side->word, 1, __ATOMIC_SEQ_CST);
	futex_wake(&side->word, 1);
}

static uint64_t futex_receive(struct channel *channel)
{
	struct channel_side *side = theirs(channel);

	while (__atomic_load_n(&side->word, __ATOMIC_ACQUIRE) == channel->seen)
		futex_wait(&side->word, channel->seen);
	channel->seen++;
	return side->value;
}

static uint64_t futex_spin_receive(struct channel *channel)
{
	struct channel_side *side = theirs(channel);
	int n;

	for (n = 0; n < SPINS; n++) {
		if (__atomic_load_n(&side->word, __ATOMIC_ACQUIRE) != channel->seen)
			break;
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	}
	return futex_receive(channel);
}

const struct channel_kind channel_futex = {
	.make = make_shared,
	.send = futex_send,
	.receive = futex_receive,
};

/* not in the list of peers: what a spin alone is worth */
const struct channel_kind channel_futex_spin = {
	.make = make_shared,
	.send = futex_send,
	.receive = futex_spin_receive,
};

/* ---- semaphores ---- */

static void semaphore_make(struct channel *channel)
{
	int i;

	make_shared(channel);
	for (i = 0; i < 2; i++)
		bench_must(sem_init(&channel->shared->side[i].semaphore, 1, 0));
}

static void semaphore_send(struct channel *channel, uint64_t value)
{
	mine(channel)->value = value;
	bench_must(sem_post(&mine(channel)->semaphore));
}

static uint64_t semaphore_receive(struct channel *channel)
{
	bench_must(sem_wait(&theirs(channel)->semaphore));
	return theirs(channel)->value;
}

const struct channel_kind channel_semaphore = {
	.make = semaphore_make,
	.send = semaphore_send,
	.receive = semaphore_receive,
};

/* ---- descriptors ---- */

static void put8(int fd, uint64_t value)
{
	if (write(fd, &value, sizeof(value)) != sizeof(value))
		bench_fail("write: %s", strerror(errno));
}

static uint64_t get8(int fd)
{
	uint64_t value;

	if (read(fd, &value, sizeof(value)) != sizeof(value))
		bench_fail("read: %s", strerror(errno));
	return value;
}

static void eventfd_make(struct channel *channel)
{
	int i;

	make_shared(channel);
	for (i = 0; i < 2; i++) {
		channel->fd[i] = bench_fd(eventfd(0, EFD_CLOEXEC));
		channel->fd[3 - i] = channel->fd[i];
	}
}

static void eventfd_send(struct channel *channel, uint64_t value)
{
	mine(channel)->value = value;
	put8(channel->fd[2 + channel->side], 1);
}

static uint64_t eventfd_receive(struct channel *channel)
{
	get8(channel->fd[channel->side]);
	return theirs(channel)->value;
}

const struct channel_kind channel_eventfd = {
	.make = eventfd_make,
	.send = eventfd_send,
	.receive = eventfd_receive,
};

static void bytes_send(struct channel *channel, uint64_t value)
{
	put8(channel->fd[2 + channel->side], value);
}

static uint64_t bytes_receive(struct channel *channel)
{
	return get8(channel->fd[channel->side]);
}

static void pipe_make(struct channel *channel)
{
	int ends[2];
	int i;

	for (i = 0; i < 2; i++) {
		bench_must(pipe(ends));
		channel->fd[i] = ends[0];
		channel->fd[3 - i] = ends[1];
	}
}

const struct channel_kind channel_pipe = {
	.make = pipe_make,
	.send = bytes_send,
	.receive = bytes_receive,
};

static void socket_make(struct channel *channel)
{
	int ends[2];
	int i;

	bench_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	for (i = 0; i < 2; i++) {
		channel->fd[i] = ends[i];
		channel->fd[2 + i] = ends[i];
	}
}

const struct channel_kind channel_socket = {
	.make = socket_make,
	.send = bytes_send,
	.receive = bytes_receive,
};

/* ---- all ---- */

void channel_make(struct channel *channel, const struct channel_kind *kind)
{
	memset(channel, 0, sizeof(*channel));
	channel->kind = kind;
	kind->make(channel);
}

void channel_attach(struct channel *channel, int side)
{
	channel->side = side;
	if (channel->kind->attach)
		channel->kind->attach(channel);
}

uint64_t channel_exchange(struct channel *channel, uint64_t value)
{
	if (channel->kind->exchange)
		return channel->kind->exchange(channel, value);
	channel->kind->send(channel, value);
	return channel->kind->receive(channel);
}
