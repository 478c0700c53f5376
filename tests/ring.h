/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring without its library: a ring of four.
 */
#ifndef RING_H
#define RING_H

#include "abi.h"

#include <sys/syscall.h>

#include <linux/io_uring.h>

#define RING_BYTES	16384

struct ring {
	int fd;
	char *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params params;
};

static inline int ring_open(struct ring *r)
{
	const int rw = PROT_READ | PROT_WRITE;

	memset(&r->params, 0, sizeof(r->params));
	r->fd = syscall(SYS_io_uring_setup, 4, &r->params);
	if (r->fd < 0)
		return -errno;
	r->rings = mmap(NULL, RING_BYTES, rw, MAP_SHARED | MAP_POPULATE, r->fd,
			IORING_OFF_SQ_RING);
	r->sqes = mmap(NULL, 4 * sizeof(*r->sqes), rw, MAP_SHARED, r->fd,
		       IORING_OFF_SQES);
	return r->rings == MAP_FAILED || r->sqes == MAP_FAILED ? -ENOMEM : 0;
}

static inline void ring_submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	struct io_sqring_offsets *off = &r->params.sq_off;
	__u32 *tail = (__u32 *)(r->rings + off->tail);
	__u32 mask = *(__u32 *)(r->rings + off->ring_mask);
	__u32 *array = (__u32 *)(r->rings + off->array);

	r->sqes[*tail & mask] = *sqe;
	array[*tail & mask] = *tail & mask;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0);
}

/* Is there a completion? It is taken out, and goes to @cqe */
static inline bool ring_take(struct ring *r, struct io_uring_cqe *cqe)
{
	struct io_cqring_offsets *off = &r->params.cq_off;
	__u32 *head = (__u32 *)(r->rings + off->head);
	__u32 *tail = (__u32 *)(r->rings + off->tail);
	__u32 mask = *(__u32 *)(r->rings + off->ring_mask);
	struct io_uring_cqe *cqes = (void *)(r->rings + off->cqes);

	syscall(SYS_io_uring_enter, r->fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
	if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = cqes[*head & mask];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

/* Likewise, its result alone */
static inline bool ring_peek(struct ring *r, int *result)
{
	struct io_uring_cqe cqe;

	if (!ring_take(r, &cqe))
		return false;
	*result = cqe.res;
	return true;
}

static inline int ring_result(struct ring *r)
{
	int result = -ETIME;

	EVENTUALLY(ring_peek(r, &result));
	return result;
}

static inline void ring_close(struct ring *r)
{
	munmap(r->rings, RING_BYTES);
	munmap(r->sqes, 4 * sizeof(*r->sqes));
	close(r->fd);
}

#endif /* RING_H */
