/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that processes share, as peers make it. */
#ifndef MEMORY_H
#define MEMORY_H

#include "bench.h"

#define PAGE	((size_t)4096)
#define HUGE	(2 * MIB)

int memory_shm(size_t size);
int memory_memfd(size_t size, unsigned int flags);
int memory_udmabuf(int memfd, size_t size);
int memory_heap(size_t size);
uint8_t *memory_map(int fd, size_t size, int flags);

#endif /* MEMORY_H */
