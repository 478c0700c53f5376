// SPDX-License-Identifier: GPL-2.0-only
/* Shared memory, as the peers create it. Missing mechanisms are skipped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "memory.h"

#define UDMABUF		"/dev/udmabuf"
#define HEAP		"/dev/dma_heap/system"

uint8_t *memory_map(int fd, size_t size, int flags)
{
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);

	if (data == MAP_FAILED && errno == ENOMEM)
		bench_skip("not enough memory");
	if (data == MAP_FAILED)
		bench_fail("mmap: %s", strerror(errno));
	return data;
}

/* POSIX shared memory, without a name left behind */
int memory_shm(size_t size)
{
	char name[80];
	int fd;

	snprintf(name, sizeof(name), "/%s", bench_name("memory"));
	fd = bench_fd(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	bench_must(ftruncate(fd, (off_t)size));
	bench_must(shm_unlink(name));
	return fd;
}

int memory_memfd(size_t size, unsigned int flags)
{
	int fd;

	if (flags & MFD_HUGETLB && size < HUGE)
		bench_skip("less than a huge page");
	fd = memfd_create("bench", flags | MFD_CLOEXEC);
	if (fd < 0)
		bench_skip("memfd_create: %s", strerror(errno));
	bench_must(ftruncate(fd, (off_t)size));
	return fd;
}

/* A dma-buf of the pages of a memfd that allows seals */
int memory_udmabuf(int memfd, size_t size)
{
	struct udmabuf_create args = {
		.memfd = (uint32_t)memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = size,
	};
	int device = open(UDMABUF, O_RDWR | O_CLOEXEC);
	int dmabuf;

	if (device < 0)
		bench_skip(UDMABUF ": %s", strerror(errno));
	bench_must(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	dmabuf = ioctl(device, UDMABUF_CREATE, &args);
	if (dmabuf < 0)
		bench_skip("UDMABUF_CREATE: %s", strerror(errno));
	close(device);
	return dmabuf;
}

int memory_heap(size_t size)
{
	struct dma_heap_allocation_data args = {
		.len = size,
		.fd_flags = O_CLOEXEC | O_RDWR,
	};
	int heap = open(HEAP, O_RDWR | O_CLOEXEC);

	if (heap < 0)
		bench_skip(HEAP ": %s", strerror(errno));
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &args))
		bench_skip("DMA_HEAP_IOCTL_ALLOC: %s", strerror(errno));
	close(heap);
	return (int)args.fd;
}
