// SPDX-License-Identifier: MIT
/*
 * The CPU beside a device: pictures for kms.c, gles.c and vulkan.c.
 *
 *	paint FROM WIDTHxHEIGHT [TO]
 *
 * Makes the region FROM and paints a moving picture into it, 32 bits a pixel, of
 * which a device shows or reads each frame. With TO, it makes that as well, waits
 * until a device has drawn into it, and prints its first pixel. A signal ends it.
 *
 * What the CPU does with memory that a device works on is put between
 * zinc_begin_cpu_access() and zinc_end_cpu_access(): they wait for the device,
 * and see to the caches where device and CPU do not see the same by themselves.
 *
 *	cc paint.c -o paint $(pkg-config --cflags --libs zinc-kmod)
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <zinc.h>

/* A multiple of every page size that Linux has: 4, 16 or 64 KiB */
#define UNIT	65536u

static void must(int32_t error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, zinc_strerror(error));
}

static zinc_handle make_region(const char *name, unsigned int width, unsigned int height)
{
	size_t bytes = (size_t)width * height * 4;
	zinc_handle region;

	must(zinc_create(name, (bytes + UNIT - 1) / UNIT * UNIT, &region), name);
	return region;
}

/* On POSIX shared memory there is no device, so nothing to wait for */
static void begin_access(zinc_handle region, uint32_t access)
{
	int32_t error = zinc_begin_cpu_access(region, access);

	must(error == -EOPNOTSUPP ? 0 : error, "beginning the access");
}

static void end_access(zinc_handle region, uint32_t access)
{
	int32_t error = zinc_end_cpu_access(region, access);

	must(error == -EOPNOTSUPP ? 0 : error, "ending the access");
}

static void paint(zinc_handle region, unsigned int width, unsigned int height,
		  unsigned int frame)
{
	uint32_t *pixels = (void *)zinc_ptr(region);
	unsigned int x, y;

	begin_access(region, ZINC_CPU_WRITE);
	for (y = 0; y < height; y++)
		for (x = 0; x < width; x++)
			pixels[y * width + x] = (x + frame) % 256 << 16 | y % 256 << 8 | 0x80;
	end_access(region, ZINC_CPU_WRITE);
	zinc_notify(region);
}

static void look(zinc_handle region)
{
	uint32_t pixel;

	must(zinc_wait(region, ZINC_WAIT_FOREVER), "waiting for the device");
	begin_access(region, ZINC_CPU_READ);
	pixel = *(uint32_t *)zinc_ptr(region);
	end_access(region, ZINC_CPU_READ);
	printf("%08x\n", pixel);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 16666667 };
	zinc_handle from, to = NULL;
	unsigned int width, height, frame;

	if (argc < 3 || argc > 4 || sscanf(argv[2], "%ux%u", &width, &height) != 2)
		errx(2, "usage: paint FROM WIDTHxHEIGHT [TO]");
	from = make_region(argv[1], width, height);
	if (argc == 4)
		to = make_region(argv[3], width, height);
	for (frame = 0;; frame++) {
		paint(from, width, height, frame);
		if (to)
			look(to);
		else
			nanosleep(&pause, NULL);
	}
}
