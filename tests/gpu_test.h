/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that the tests of GPUs' names share: stub runtime libraries
 * (stub_gpus.c), on a simulated machine.
 */
#ifndef GPU_TEST_H
#define GPU_TEST_H

#include "lock_machine.h"
#include "lock_test.h"

#include <dlfcn.h>

#include "lock/gpu.h"

#define ALPHA	"GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
#define BETA	"GPU-8932f937-0000-4106-c12f-20bd9faed9f6"
#define GAMMA	"GPU-1c2d3e4f-d72c-4106-c12f-20bd9faed9f6"
#define PART_1	"MIG-5a5a5a5a-0000-1111-2222-333333333333"
#define PART_2	"MIG-5b5b5b5b-0000-1111-2222-333333333333"

/* Variables that a user of this machine may have set, and a test sets */
static const char *const variables[] = {
	"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "ROCR_VISIBLE_DEVICES",
	"HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "ZE_FLAT_DEVICE_HIERARCHY",
	"MESA_VK_DEVICE_SELECT", "DRI_PRIME", "VK_LOADER_DEVICE_SELECT",
	"STUB_NVML", "STUB_MIG", "STUB_CUDA", "STUB_VULKAN", "STUB_ZE",
	"STUB_FAIL", "STUB_CRASH", "STUB_HANG",
};

static inline void put_file(const char *dir, const char *path, const char *text)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s", dir, path);
	make_parents(name);
	f = fopen(name, "w");
	CHECK(f && fputs(text, f) >= 0 && !fclose(f));
}

/* Our machine has nothing: what a test wants, it puts there */
static inline void nothing(const char *dir)
{
	static char sysfs[96], proc[96], dev[96];
	size_t i;

	snprintf(sysfs, sizeof(sysfs), "%s/sys", dir);
	snprintf(proc, sizeof(proc), "%s/proc", dir);
	snprintf(dev, sizeof(dev), "%s/dev", dir);
	zinc_gpu_machine = (struct zinc_gpu_machine){ sysfs, proc, dev };
	for (i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
}

/*
 * A library is found by its soname where it is open already, so a test opens the
 * stub in its place; what the machine has under that name is not asked then.
 */
static inline void stub_of(const char *folder, const char *soname)
{
	char path[512], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	CHECK(n > 0);
	path[n] = '\0';
	slash = strrchr(path, '/');
	sprintf(slash, "/%s/%s", folder, soname);
	if (!dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
		fprintf(stderr, "# %s\n", dlerror());
		_exit(1);
	}
}

static inline void stub(const char *soname)
{
	stub_of("stubs", soname);
}

/* Three GPUs of NVIDIA's: CUDA calls the last one the fastest */
static inline void nvidia(const char *dir)
{
	nothing(dir);
	stub("libnvidia-ml.so.1");
	stub("libcuda.so.1");
	setenv("STUB_NVML", "0:1:0.0/" ALPHA "/Small,0:3:0.0/" GAMMA
	       "/Large,0:2:0.0/" BETA "/Small", 1);
	setenv("STUB_CUDA", "0000:03:00.0,0000:01:00.0,0000:02:00.0", 1);
}

/* Which one a name means, and what programs without variables call it */
#define EXPECT_GPU(gpu, want, want_seed) do {				\
	struct zinc_gpu_identity id_;					\
	char *why_ = NULL;						\
									\
	EXPECT_EQ(0, zinc_gpu_resolve(gpu, &id_, sizeof(id_), &why_))	\
		TH_LOG("%s: %s", gpu, why_);				\
	EXPECT_STREQ(want, id_.physical) TH_LOG("%s", gpu);		\
	EXPECT_STREQ(want_seed, id_.seed) TH_LOG("%s", gpu);		\
	free(why_);							\
} while (0)

#define EXPECT_NO_GPU(gpu, says) do {					\
	struct zinc_gpu_identity id_;					\
	char *why_ = NULL;						\
									\
	EXPECT_EQ(-ENXIO, zinc_gpu_resolve(gpu, &id_, sizeof(id_), &why_)); \
	EXPECT_STREQ("", id_.physical) TH_LOG("%s", gpu);		\
	EXPECT_NE(NULL, why_ ? strstr(why_, says) : NULL)		\
		TH_LOG("%s: %s", gpu, why_ ? why_ : "nothing");		\
	free(why_);							\
} while (0)

static inline void put_kfd(const char *dir, int node, unsigned int simd,
			   unsigned int location, unsigned int domain,
			   unsigned long long id)
{
	char path[96], text[256];

	snprintf(path, sizeof(path),
		 "sys/class/kfd/kfd/topology/nodes/%d/properties", node);
	snprintf(text, sizeof(text),
		 "cpu_cores_count 0\nsimd_count %u\nlocation_id %u\ndomain %u\nunique_id %llu\n",
		 simd, location, domain, id);
	put_file(dir, path, text);
}

static inline void put_driver(const char *dir, const char *pci, const char *driver)
{
	char from[160], to[160];

	snprintf(from, sizeof(from), "../../drivers/%s", driver);
	snprintf(to, sizeof(to), "%s/sys/bus/pci/devices/%s/driver", dir, pci);
	put_link(from, to);
}

#endif /* GPU_TEST_H */
