/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine that is not this one, for the tests of locks: its processors and its
 * GPUs, as sysfs and procfs would have them.
 */
#ifndef LOCK_MACHINE_H
#define LOCK_MACHINE_H

#include "lib_test.h"
#include "lock/internal.h"

/*
 * A machine as sysfs would have it:
 *   CPU 0-1 LLC 0 node 0, CPU 2-3 LLC 1 node 0, CPU 4-5 LLC 2 node 1,
 *   CPU 6-7 LLC 3 node 2; node 2 is nearer to node 0 than node 1 is
 */
#define FAKE_CPUS	8
static const uint32_t every_cpu[FAKE_CPUS] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static const int nodes_of[FAKE_CPUS] = { 0, 0, 0, 0, 1, 1, 2, 2 };

/* Without a shell: on an emulated machine three programs for each file add up */
static inline void make_parents(char *path)
{
	char *slash = path;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = 0;
		CHECK(!mkdir(path, 0755) || errno == EEXIST);
		*slash = '/';
	}
}

__attribute__((format(printf, 3, 4)))
static inline void put(const char *dir, const char *path, const char *format, ...)
{
	char name[160];
	va_list args;
	FILE *f;

	snprintf(name, sizeof(name), "%s/sys/%s", dir, path);
	make_parents(name);
	f = fopen(name, "w");
	CHECK(f);
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	CHECK(!fclose(f));
}

static inline void put_cpu(const char *dir, int cpu)
{
	char path[96];

	snprintf(path, sizeof(path),
		 "devices/system/cpu/cpu%d/cache/index0/level", cpu);
	put(dir, path, "1\n");
	snprintf(path, sizeof(path),
		 "devices/system/cpu/cpu%d/cache/index0/shared_cpu_list", cpu);
	put(dir, path, "%d\n", cpu);
	snprintf(path, sizeof(path),
		 "devices/system/cpu/cpu%d/cache/index1/level", cpu);
	put(dir, path, "3\n");
	snprintf(path, sizeof(path),
		 "devices/system/cpu/cpu%d/cache/index1/shared_cpu_list", cpu);
	put(dir, path, "%d-%d\n", cpu & ~1, cpu | 1);
}

static inline void put_machine(const char *dir)
{
	int cpu;

	put(dir, "devices/system/cpu/online", "0-7\n");
	for (cpu = 0; cpu < FAKE_CPUS; cpu++)
		put_cpu(dir, cpu);
	put(dir, "devices/system/node/online", "0-2\n");
	put(dir, "devices/system/node/node0/cpulist", "0-3\n");
	put(dir, "devices/system/node/node1/cpulist", "4-5\n");
	put(dir, "devices/system/node/node2/cpulist", "6-7\n");
	put(dir, "devices/system/node/node0/distance", "10 40 20\n");
	put(dir, "devices/system/node/node1/distance", "40 10 30\n");
	put(dir, "devices/system/node/node2/distance", "20 30 10\n");
}

static inline int32_t on_fake(const char *dir,
			      const struct zinc_cpu_request *request,
			      struct zinc_cpu_locks *locks, char **why)
{
	struct zinc_machine machine = {
		.allowed = every_cpu,
		.allowed_count = FAKE_CPUS,
	};
	char sysfs[80];

	snprintf(sysfs, sizeof(sysfs), "%s/sys", dir);
	machine.sysfs = sysfs;
	return zinc_cpu_acquire_on(&machine, request, locks, why);
}

/* A link, in a folder that is made */
static inline void put_link(const char *to, char *link)
{
	make_parents(link);
	CHECK(!symlink(to, link) || errno == EEXIST);
}

/* A device in sysfs, and one of its nodes, which opens; @driver may be NULL */
static inline void put_gpu(const char *dir, const char *device, const char *node,
			   const char *driver)
{
	char from[160], to[160], name[160];
	int fd;

	snprintf(from, sizeof(from), "%s/devices/%s/", dir, device);
	make_parents(from);
	snprintf(to, sizeof(to), "%s/sys/class/drm/%s/device", dir, node);
	put_link(from, to);
	snprintf(to, sizeof(to), "%s/dev/dri/%s", dir, node);
	make_parents(to);
	fd = open(to, O_CREAT | O_CLOEXEC, 0666);
	CHECK(fd >= 0 && !close(fd));
	if (!driver)
		return;
	snprintf(name, sizeof(name), "../../drivers/%s", driver);
	snprintf(to, sizeof(to), "%s/devices/%s/driver", dir, device);
	put_link(name, to);
}

/*
 * Three GPUs, two of which are on PCI, and one of them in two ways; and a
 * device without a driver, as vkms is
 */
static inline void put_gpus(const char *dir)
{
	char path[160];

	put_gpu(dir, "0000:0a:00.0", "renderD128", "nvidia");
	put_gpu(dir, "0000:02:00.0", "renderD129", "amdgpu");
	put_gpu(dir, "Soc_1", "renderD130", "panfrost");
	put_gpu(dir, "0000:03:00.0", "card0", "amdgpu");
	put_gpu(dir, "vkms", "renderD131", NULL);
	put_gpu(dir, "vgem", "renderD132", "faux_driver");
	snprintf(path, sizeof(path), "%s/proc/driver/nvidia/gpus/0000:0a:00.0/",
		 dir);
	make_parents(path);
}

#endif /* LOCK_MACHINE_H */
