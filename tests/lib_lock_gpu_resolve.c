// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which GPU a name means: visibility variables, runtime libraries, sysfs and
 * procfs.
 */
#include "gpu_test.h"

TEST(names_by_uuid)
{
	static const struct {
		const char *gpu, *device;
	} cases[] = {
		{ "cuda:" ALPHA, "cuda:gpu-8932f937-d72c-4106-c12f-20bd9faed9f6" },
		{ ALPHA, "cuda:gpu-8932f937-d72c-4106-c12f-20bd9faed9f6" },
		{ "GPU-89", "cuda:gpu-89" }, { "cuda:gpu-89", "cuda:gpu-89" },
		{ "cuda:" PART_1, "cuda:mig-5a5a5a5a-0000-1111-2222-333333333333" },
		{ PART_1, "cuda:mig-5a5a5a5a-0000-1111-2222-333333333333" },
		{ "MIG-" ALPHA "/1/0",
		  "cuda:mig-gpu-8932f937-d72c-4106-c12f-20bd9faed9f6.1.0" },
		{ "rocm:GPU-DEADBEEFDEADBEEF", "rocm:gpu-deadbeefdeadbeef" },
		{ "GPU-DEADBEEFDEADBEEF", "rocm:gpu-deadbeefdeadbeef" },
		{ "rocm:GPU-DE", "rocm:gpu-de" },
	};
	static const char *const none[] = {
		"GPU-", "cuda:GPU-", "cuda:GPU--1", "cuda:GPU-x", "vulkan:GPU-89",
		"rocm:" PART_1, "MIG-", "MIG-GPU-", "MIG-x", "cuda:GPU-89/1",
		"cuda:GPU-89 ", "CUDA:GPU-89", "cuda:", "gpu",
	};
	static const char large[] = ALPHA "-01234567890123456789";
	char device[64], again[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, zinc_gpu_device(device, sizeof(device), cases[i].gpu));
		EXPECT_STREQ(cases[i].device, device);
		EXPECT_EQ(0, zinc_gpu_device(again, sizeof(again), device));
		EXPECT_STREQ(device, again);
	}
	for (i = 0; i < ARRAY_SIZE(none); i++)
		EXPECT_EQ(-EINVAL, zinc_gpu_device(device, sizeof(device), none[i]))
			TH_LOG("case %zu", i);
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_device(device, sizeof(device), large));
}

TEST_F(lock, cuda_numbers)
{
	nvidia(self->dir);
	/* the fastest first, which CUDA alone knows */
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "cuda:0");
	EXPECT_GPU("cuda:2", "pci:0000:02:00.0", "cuda:2");
	setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 1);
	EXPECT_GPU("cuda:0", "pci:0000:01:00.0", "cuda:0");
	EXPECT_GPU("cuda:2", "pci:0000:03:00.0", "cuda:2");
	setenv("CUDA_VISIBLE_DEVICES", "2,0", 1);
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "cuda:2");
	EXPECT_GPU("cuda:1", "pci:0000:01:00.0", "cuda:0");
	EXPECT_NO_GPU("cuda:2", "CUDA shows 2 GPUs under CUDA_VISIBLE_DEVICES");
	setenv("CUDA_VISIBLE_DEVICES", "", 1);
	EXPECT_NO_GPU("cuda:0", "CUDA shows 0 GPUs under");
	/* and by a UUID, which nothing hides */
	EXPECT_GPU("cuda:" BETA, "pci:0000:02:00.0", "cuda:1");
	EXPECT_GPU("GPU-1C2D3E4F", "pci:0000:03:00.0", "cuda:2");
	EXPECT_NO_GPU("cuda:GPU-8932f937", "or more than one, has that UUID");
	EXPECT_NO_GPU("cuda:GPU-77", "has that UUID");
	setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST", 1);
	setenv("CUDA_VISIBLE_DEVICES", "1", 1);
	EXPECT_GPU("cuda:0", "pci:0000:01:00.0", "cuda:1");
}

TEST_F(lock, cuda_order_that_is_not_known)
{
	nvidia(self->dir);
	setenv("STUB_FAIL", "cuInit", 1);
	EXPECT_NO_GPU("cuda:0", "set CUDA_DEVICE_ORDER=PCI_BUS_ID");
	EXPECT_GPU("cuda:" BETA, "pci:0000:02:00.0", "");
	setenv("CUDA_VISIBLE_DEVICES", "GPU-1c", 1);
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "");
	unsetenv("CUDA_VISIBLE_DEVICES");
	/* all of one model are in the order of PCI */
	setenv("STUB_NVML", "0:3:0.0/" GAMMA "/Small,0:2:0.0/" BETA "/Small", 1);
	EXPECT_GPU("cuda:0", "pci:0000:02:00.0", "cuda:0");
	setenv("STUB_NVML", "10000:3:1f.0/" GAMMA "/Small", 1);
	EXPECT_GPU("cuda:0", "pci:10000:03:1f.0", "cuda:0");
}

TEST_F(lock, parts_of_a_gpu)
{
	struct zinc_gpu_identity id;

	nvidia(self->dir);
	setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 1);
	setenv("STUB_MIG", "1/7/0/" PART_1 ",1/8/0/" PART_2, 1);
	setenv("CUDA_VISIBLE_DEVICES", PART_1, 1);
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "cuda:2");
	ASSERT_EQ(0, zinc_gpu_resolve("cuda:0", &id, sizeof(id), NULL));
	EXPECT_STREQ("mig:5a5a5a5a-0000-1111-2222-333333333333", id.part);
	EXPECT_STREQ(PART_1, id.uuid);
	EXPECT_NO_GPU("cuda:1", "CUDA shows 1 GPUs");
	ASSERT_EQ(0, zinc_gpu_resolve("MIG-" GAMMA "/8/0", &id, sizeof(id), NULL));
	EXPECT_STREQ(PART_2, id.uuid);
	EXPECT_STREQ("pci:0000:03:00.0", id.physical);
}

TEST_F(lock, nvidia_without_its_libraries)
{
	nvidia(self->dir);
	/* not the one of this machine, either */
	setenv("STUB_FAIL", "nvmlInit_v2", 1);
	setenv("STUB_CUDA", "0000:05:00.0,0000:04:00.0", 1);
	/* CUDA where NVML is of no use, as on some systems on a chip */
	EXPECT_GPU("cuda:1", "pci:0000:04:00.0", "cuda:1");
	setenv("CUDA_VISIBLE_DEVICES", "1", 1);
	EXPECT_GPU("cuda:0", "pci:0000:04:00.0", "cuda:1");
	unsetenv("CUDA_VISIBLE_DEVICES");
	setenv("STUB_CRASH", "cuInit", 1);
	EXPECT_NO_GPU("cuda:0", "libcuda.so.1: it crashed");
	EXPECT_NO_GPU(ALPHA, "libnvidia-ml.so.1: nvmlInit_v2() fails with 999");
	/* the driver's own list */
	put_file(self->dir, "proc/driver/nvidia/gpus/0000:09:00.0/information",
		 "Model: \t\t Small\nIRQ:   \t\t 16\nGPU UUID: \t " ALPHA "\n");
	put_file(self->dir, "proc/driver/nvidia/gpus/0000:08:00.0/information",
		 "Model: \t\t Small\nGPU UUID: \t GPU-???? ???? ????\n");
	EXPECT_GPU("cuda:0", "pci:0000:08:00.0", "cuda:0");
	EXPECT_GPU(ALPHA, "pci:0000:09:00.0", "cuda:1");
}

/* Like a node of the topology of AMD's driver; a processor has no SIMD units */
TEST_F(lock, rocm_numbers)
{
	nothing(self->dir);
	EXPECT_NO_GPU("rocm:0", "class/kfd/kfd/topology/nodes");
	put_kfd(self->dir, 0, 0, 0, 0, 0);
	EXPECT_NO_GPU("rocm:0", "there is no GPU in");
	put_kfd(self->dir, 1, 240, 0x4300, 0, 0xdeadbeefdeadbeefULL);
	put_kfd(self->dir, 2, 240, 0x2309, 1, 0);
	EXPECT_GPU("rocm:0", "pci:0000:43:00.0", "rocm:0");
	EXPECT_GPU("rocm:1", "pci:0001:23:01.1", "rocm:1");
	EXPECT_NO_GPU("rocm:2", "ROCm shows 2 GPUs here");
	EXPECT_GPU("rocm:GPU-DEADBEEF", "pci:0000:43:00.0", "rocm:0");
	EXPECT_NO_GPU("rocm:GPU-77", "no AMD GPU, or more than one");
	setenv("ROCR_VISIBLE_DEVICES", "1,0", 1);
	EXPECT_GPU("rocm:0", "pci:0001:23:01.1", "rocm:1");
	setenv("HIP_VISIBLE_DEVICES", "1", 1);
	EXPECT_GPU("rocm:0", "pci:0000:43:00.0", "rocm:0");
	EXPECT_NO_GPU("rocm:1", "shows 1 GPUs under ROCR_VISIBLE_DEVICES");
	setenv("HIP_VISIBLE_DEVICES", "", 1);
	setenv("CUDA_VISIBLE_DEVICES", "0", 1);
	EXPECT_GPU("rocm:0", "pci:0001:23:01.1", "rocm:1");
	EXPECT_NO_GPU("rocm:1", "shows 1 GPUs");
}

TEST_F(lock, vulkan_numbers)
{
	char link[160], at[160];

	nothing(self->dir);
	stub("libvulkan.so.1");
	setenv("STUB_VULKAN", "0:3:0.0,cpu,0:1:0.1,drm226:128,drm226:129", 1);
	EXPECT_GPU("vulkan:0", "pci:0000:03:00.0", "vulkan:0");
	EXPECT_GPU("vulkan:2", "pci:0000:01:00.1", "vulkan:2");
	EXPECT_NO_GPU("vulkan:1", "it is llvmpipe, which has no PCI or DRM address");
	EXPECT_NO_GPU("vulkan:5", "vulkan shows 5 devices here");
	/* not on PCI: by its node */
	snprintf(link, sizeof(link), "%s/devices/fde60000.gpu/", self->dir);
	make_parents(link);
	link[strlen(link) - 1] = '\0';
	snprintf(at, sizeof(at), "%s/sys/dev/char/226:128/device", self->dir);
	put_link(link, at);
	EXPECT_GPU("vulkan:3", "drm:fde60000.gpu", "vulkan:3");
	EXPECT_NO_GPU("vulkan:4", "it is GPU, which has no PCI or DRM address");
	/* what chooses changes the numbers, which others do not see */
	setenv("MESA_VK_DEVICE_SELECT", "2,0", 1);
	EXPECT_GPU("vulkan:0", "pci:0000:01:00.1", "vulkan:2");
	EXPECT_GPU("vulkan:1", "pci:0000:03:00.0", "vulkan:0");
}

TEST_F(lock, level_zero_numbers)
{
	nothing(self->dir);
	stub("libze_loader.so.1");
	setenv("STUB_ZE", "0:3:0.0,0:3:0.0,0:1:0.0", 1);
	EXPECT_GPU("level-zero:0", "pci:0000:03:00.0", "level-zero:0");
	/* another tile of the same card */
	EXPECT_GPU("level-zero:1", "pci:0000:03:00.0", "level-zero:1");
	EXPECT_GPU("level-zero:2", "pci:0000:01:00.0", "level-zero:2");
	setenv("ZE_AFFINITY_MASK", "2", 1);
	EXPECT_GPU("level-zero:0", "pci:0000:01:00.0", "level-zero:2");
	EXPECT_NO_GPU("level-zero:1", "level-zero shows 1 devices here");
	setenv("STUB_FAIL", "zeDriverGet", 1);
	EXPECT_NO_GPU("level-zero:0", "libze_loader.so.1: zeDriverGet() fails");
}

TEST_F(lock, other_numbers)
{
	nothing(self->dir);
	put_gpu(self->dir, "0000:0a:00.0", "renderD128", "amdgpu");
	put_gpu(self->dir, "0000:0a:00.0", "card1", "amdgpu");
	put_gpu(self->dir, "Soc_gpu", "card2", NULL);
	EXPECT_GPU("drm:1", "pci:0000:0a:00.0", "drm:1");
	EXPECT_GPU("drm:128", "pci:0000:0a:00.0", "drm:128");
	EXPECT_GPU("drm:2", "drm:soc_gpu", "drm:2");
	EXPECT_NO_GPU("drm:0", "there is no such node");
	EXPECT_NO_GPU("opencl:0", "belongs to a platform");
	EXPECT_NO_GPU("metal:0", "Linux has no such backend");
	/* what needs no look at anything */
	EXPECT_GPU("0a:00.0", "pci:0000:0a:00.0", "");
	EXPECT_GPU("drm:soc_gpu", "drm:soc_gpu", "");
}

/* The driver of a device on PCI */
TEST_F(lock, resolving_badly)
{
	struct {
		struct zinc_gpu_identity id;
		char more[8];
	} wide;
	struct zinc_gpu_identity id;

	nothing(self->dir);
	EXPECT_EQ(-EINVAL, zinc_gpu_resolve("01:00.0", NULL, sizeof(id), NULL));
	EXPECT_EQ(-EINVAL, zinc_gpu_resolve("01:00.0", &id, sizeof(id) - 8,
					    &self->why));
	EXPECT_NE(NULL, self->why);
	EXPECT_EQ(-EINVAL, zinc_gpu_resolve("voodoo:0", &id, sizeof(id), NULL));
	EXPECT_EQ(-EINVAL, zinc_gpu_resolve(NULL, &id, sizeof(id), NULL));
	/* a program that was built with a later version */
	memset(&wide, 'x', sizeof(wide));
	EXPECT_EQ(0, zinc_gpu_resolve("01:00.0", &wide.id, sizeof(wide), NULL));
	EXPECT_EQ(0, wide.more[0] | wide.more[7]);
	put_file(self->dir, "sys/bus/pci/devices/0000:01:00.0/vendor", "0x1002\n");
	put_driver(self->dir, "0000:01:00.0", "amdgpu");
	ASSERT_EQ(0, zinc_gpu_resolve("01:00.0", &id, sizeof(id), NULL));
	EXPECT_EQ(0x1002, id.vendor);
	EXPECT_STREQ("amdgpu", id.driver);
}

TEST_HARNESS_MAIN
