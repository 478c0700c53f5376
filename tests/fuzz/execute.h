/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State that the calls of a program share: memory, descriptors, and the state
 * to restore after them.
 */
#ifndef EXECUTE_H
#define EXECUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE		4096UL
#define SLOTS		16
#define OWN_FDS		500	/* from here on they are the fuzzer's */
#define NETS		4	/* network namespaces */
#define USER_NET	(NETS - 1)
#define LIMITS		3

extern atomic_int slot[SLOTS];
extern int sockets[2], nets[NETS], limits[LIMITS], own_pidfd;
/* by any thread, or by a child, which has copies */
extern atomic_bool limits_changed, names_elsewhere, user_net_used;
/* by this thread */
extern __thread bool user_changed, net_changed, in_child;
extern __thread unsigned int self;
/* which of the next call's allocations and user copies is to fail */
extern __thread unsigned int fail_next;

int open_high(const char *path, int flags);
long receive_fd(void);

/* calls.c: the descriptor that a number means, and where a new one goes */
int fd_of(uint64_t value);
void store_fd(uint64_t value, long fd);

/*
 * arena.c: all memory that the kernel or a program may write, at a fixed
 * address: areas for mappings of regions, a buffer per thread, and nothing
 * behind them.
 */
void arena_init(void);
void arena_clear(void);
void arena_changed(void);
uint8_t *buffer(void);
uint64_t area(uint64_t value);
uint64_t pointer(uint64_t value);
uint64_t length(uint64_t value, uint64_t at);
bool copy_guarded(void *to, const void *from, size_t size);
/* Calls it; false if it was left by a fault */
bool guarded(void (*call)(const void *arg), const void *arg);
void guard_reset(void);

#endif /* EXECUTE_H */
