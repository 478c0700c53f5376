/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to send eight bytes to another process, which sleeps until they come. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <semaphore.h>

#include "bench.h"

/* A cache line for each side, so that neither disturbs the other. */
struct channel_side {
	_Alignas(64) uint64_t value;
	_Alignas(64) uint32_t word;
	_Alignas(64) sem_t semaphore;
};

struct channel_shared {
	struct channel_side side[2];
};

/**
 * struct channel - between two processes, side 0 and side 1
 * @kind: how
 * @side: ours
 * @shared: POSIX shared memory
 * @fd: to be read by side 0 and by side 1, then to be written by them
 * @region: that which side 0 writes, that which side 1 writes
 * @name: the regions'
 * @seen: futex word that we have seen
 * @epoll: of the side
 */
struct channel {
	const struct channel_kind *kind;
	int side;
	struct channel_shared *shared;
	int fd[4];
	zinc_handle region[2];
	char name[2][64];
	uint32_t seen;
	int epoll;
};

/**
 * struct channel_kind - a way
 * @make: before the other process is there
 * @attach: in each process; may be NULL
 * @send: to the other side
 * @receive: from the other side, asleep until it has come
 * @exchange: both; NULL: one after the other
 */
struct channel_kind {
	void (*make)(struct channel *channel);
	void (*attach)(struct channel *channel);
	void (*send)(struct channel *channel, uint64_t value);
	uint64_t (*receive)(struct channel *channel);
	uint64_t (*exchange)(struct channel *channel, uint64_t value);
};

extern const struct channel_kind channel_zinc;		/* notify, wait */
extern const struct channel_kind channel_zinc_call;	/* notify_and_wait */
extern const struct channel_kind channel_zinc_epoll;
extern const struct channel_kind channel_zinc_edge;
extern const struct channel_kind channel_futex;
extern const struct channel_kind channel_futex_spin;
extern const struct channel_kind channel_eventfd;
extern const struct channel_kind channel_eventfd_epoll;
extern const struct channel_kind channel_eventfd_edge;
extern const struct channel_kind channel_pipe;
extern const struct channel_kind channel_socket;
extern const struct channel_kind channel_semaphore;

void channel_make(struct channel *channel, const struct channel_kind *kind);
void channel_attach(struct channel *channel, int side);
uint64_t channel_exchange(struct channel *channel, uint64_t value);
void *channel_posix_memory(size_t size);

int futex_wait(const uint32_t *word, uint32_t value);
int futex_wake(const uint32_t *word, int count);

#endif /* CHANNEL_H */
