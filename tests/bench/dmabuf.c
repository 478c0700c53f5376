// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new dma-buf, imported by a device: vgem, or the tests' importer if there is
 * no vgem. The importer also reports the number of entries of the device's
 * scatter list, and reads what the processor wrote.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libdrm/drm.h>

#include "../importer/importer.h"
#include "memory.h"

#define CARDS	16

/* The resources of a case: the dma-buf, and others to release */
struct buffer {
	int fd;
	int memfd;
	zinc_handle region;
};

static void make_zinc(struct buffer *buffer, size_t size)
{
	int err = zinc_create(bench_name("dmabuf"), size, &buffer->region);

	if (err == -ENOMEM || err == -ENOSPC)
		bench_skip("%s", zinc_strerror(err));
	bench_zinc(err);
	buffer->fd = zinc_export_dmabuf(buffer->region, 0);
	bench_zinc(buffer->fd < 0 ? buffer->fd : 0);
}

static void make_udmabuf(struct buffer *buffer, size_t size)
{
	buffer->memfd = memory_memfd(size, MFD_ALLOW_SEALING);
	buffer->fd = memory_udmabuf(buffer->memfd, size);
}

static void make_udmabuf_huge(struct buffer *buffer, size_t size)
{
	buffer->memfd = memory_memfd(size, MFD_ALLOW_SEALING | MFD_HUGETLB);
	buffer->fd = memory_udmabuf(buffer->memfd, size);
}

static void make_heap(struct buffer *buffer, size_t size)
{
	buffer->fd = memory_heap(size);
}

static void give_back(struct buffer *buffer)
{
	close(buffer->fd);
	if (buffer->memfd >= 0)
		close(buffer->memfd);
	zinc_close(buffer->region);
}

/* ---- the device ---- */

static int vgem = -1;
static int importer = -1;

static bool is_vgem(int fd)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strncmp(name, "vgem", 4);
}

static void find_device(void)
{
	struct importer_setup setup = {
		.device = IMPORTER_WIDE, .max_segment = GIB,
	};
	char path[32];
	int i;

	importer = open(IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	/* heaps join pages regardless of the device's limit; allow it to take all */
	if (importer >= 0)
		bench_must(ioctl(importer, IMPORTER_SETUP, &setup));
	for (i = 0; i < CARDS; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		vgem = open(path, O_RDWR | O_CLOEXEC);
		if (vgem >= 0 && is_vgem(vgem))
			return;
		close(vgem);
	}
	vgem = -1;
	if (importer < 0)
		bench_skip("neither vgem nor " IMPORTER_DEVICE);
}

static void import_vgem(int fd)
{
	struct drm_prime_handle prime = { .fd = fd };
	struct drm_gem_close gem = { 0 };

	if (ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		bench_skip("vgem does not import it: %s", strerror(errno));
	gem.handle = prime.handle;
	bench_must(ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &gem));
}

/* Mapped by the device; the mapping's number, and the attachment's */
static int map_importer(int fd, struct importer_map *map)
{
	struct importer_attach attach = { .dmabuf_fd = fd, .device = IMPORTER_WIDE };
	int number = ioctl(importer, IMPORTER_ATTACH, &attach);

	if (number < 0)
		bench_skip("the importer does not attach it: %s", strerror(errno));
	map->attachment = (uint32_t)number;
	map->direction = IMPORTER_BOTH_WAYS;
	number = ioctl(importer, IMPORTER_MAP, map);
	if (number < 0)
		bench_skip("the importer does not map it: %s", strerror(errno));
	return number;
}

static void unmap_importer(int mapping, const struct importer_map *map)
{
	bench_must(ioctl(importer, IMPORTER_DROP, (long)mapping));
	bench_must(ioctl(importer, IMPORTER_DROP, (long)map->attachment));
}

static void import(int fd)
{
	struct importer_map map = { 0 };
	int mapping;

	if (vgem >= 0) {
		import_vgem(fd);
		return;
	}
	mapping = map_importer(fd, &map);
	unmap_importer(mapping, &map);
}

/* ---- the work ---- */

/* The device reads what the processor has written to the last page. */
static void check(const struct bench_turn *turn, const struct buffer *buffer)
{
	size_t size = turn->what->size;
	uint64_t *data = (uint64_t *)memory_map(buffer->fd, size, 0);
	size_t last = size - sizeof(*data);
	uint64_t got = 0;
	struct importer_copy copy = {
		.offset = last, .length = sizeof(got), .buffer = (uintptr_t)&got,
	};
	struct importer_map map = { 0 };

	data[last / sizeof(*data)] = bench_payload(turn, size);
	if (importer >= 0) {
		copy.object = (uint32_t)map_importer(buffer->fd, &map);
		bench_must(ioctl(importer, IMPORTER_COPY, &copy));
		unmap_importer((int)copy.object, &map);
		bench_add(1, map.entries);
	} else {
		got = data[last / sizeof(*data)];
	}
	munmap(data, size);
	if (got != bench_right(size))
		bench_fail("the device reads something else");
}

static void run(struct bench_turn *turn)
{
	void (*const *make)(struct buffer *buffer, size_t size) = turn->contender->data;
	struct buffer buffer;
	uint64_t begin;
	size_t n;

	find_device();
	for (n = 0; n <= turn->count; n++) {
		buffer = (struct buffer){ .memfd = -1 };
		begin = bench_now();
		(*make)(&buffer, turn->what->size);
		import(buffer.fd);
		if (n < turn->count)
			bench_add(0, (double)(bench_now() - begin));
		else
			check(turn, &buffer);
		give_back(&buffer);
	}
}

static void (*const zinc)(struct buffer *buffer, size_t size) = make_zinc;
static void (*const udmabuf)(struct buffer *buffer, size_t size) = make_udmabuf;
static void (*const udmabuf_huge)(struct buffer *buffer, size_t size) = make_udmabuf_huge;
static void (*const heap)(struct buffer *buffer, size_t size) = make_heap;

static const struct bench_contender contenders[] = {
	{ "zinc", run, &zinc },
	{ "memfd + udmabuf", run, &udmabuf },
	{ "hugetlb + udmabuf", run, &udmabuf_huge },
	{ "dma-heap system", run, &heap },
	{}
};

static const struct bench_case cases[] = {
	{ "4 KiB", 4 * KIB, 100, 9, BENCH_ONE },
	{ "2 MiB", 2 * MIB, 10, 9, BENCH_ONE },
	{ "64 MiB", 64 * MIB, 1, 5, BENCH_ONE },
	{ "256 MiB", 256 * MIB, 1, 5, BENCH_ONE, true },
	{}
};

static const struct bench_series series[] = {
	{ "time", "ns" }, { "scatter entries", "" }, {}
};

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "dma-buf", series, cases, contenders }, {}
	};

	return bench_main(argc, argv, benches);
}
