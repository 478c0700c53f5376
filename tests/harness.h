/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's test harness, with longer time-outs: an emulated machine with a
 * sanitizer kernel, on a busy host, may take minutes for a second's work. And
 * code that the tests of the ABI and those of the library share.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "kselftest_harness.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300	/* seconds */

#define PAGE		((size_t)sysconf(_SC_PAGESIZE))
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL
/* Upper bound for what must happen, for a loaded machine under emulation */
#define PATIENCE_MS	20000

/* For child processes and threads, where the macros of the harness cannot report */
#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: not so in process %d: %s (%s)\n", \
			__FILE__, __LINE__, getpid(), #cond,		\
			strerror(errno));				\
		_exit(1);						\
	}								\
} while (0)

/*
 * mmap() without the C library, which a test may stand in for. Some systems count
 * the offset in units of 4096 bytes, or take the arguments as an array.
 */
__attribute__((no_sanitize_thread))
static inline void *raw_mmap(void *address, size_t length, int prot, int flags,
			     int fd, uint64_t offset)
{
#if defined(SYS_mmap2)
	if (offset % 4096 || offset >> 44) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap2, address, length, prot, flags, fd,
			       (unsigned long)(offset / 4096));
#elif defined(__s390x__)
	unsigned long arguments[] = { (unsigned long)address, length, prot,
				      flags, fd, offset };

	return (void *)syscall(SYS_mmap, arguments);
#else
	return (void *)syscall(SYS_mmap, address, length, prot, flags, fd,
			       offset);
#endif
}

/* ---- descriptors that travel, by SCM_RIGHTS ---- */

#define MAX_SENT_FDS	8

/* One message with @count descriptors; -errno */
static inline int send_fds(int socket, const int *fds, unsigned int count)
{
	union {
		char bytes[CMSG_SPACE(MAX_SENT_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (count > MAX_SENT_FDS)
		return -EINVAL;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	return sendmsg(socket, &m, 0) == 1 ? 0 : -errno;
}

static inline int send_fd(int socket, int fd)
{
	return send_fds(socket, &fd, 1);
}

/* The descriptor of the next message; -EIO without one */
static inline int receive_fd(int socket)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int fd;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
		return -EIO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

#endif /* HARNESS_H */
