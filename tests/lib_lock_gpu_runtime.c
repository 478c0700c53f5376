// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runtime libraries that misbehave, and the process in which they run.
 */
#include "gpu_test.h"

#include <pthread.h>
#include <sys/single_threaded.h>

static size_t descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST_F(lock, libraries_are_asked_elsewhere)
{
	size_t before;

	nvidia(self->dir);
	stub("libvulkan.so.1");
	setenv("STUB_VULKAN", "0:3:0.0", 1);
	before = descriptors();
	setenv("STUB_CRASH", "vkCreateInstance", 1);
	EXPECT_NO_GPU("vulkan:0", "libvulkan.so.1: it crashed");
	unsetenv("STUB_CRASH");
	setenv("STUB_FAIL", "vkEnumeratePhysicalDevices", 1);
	EXPECT_NO_GPU("vulkan:0", "vkEnumeratePhysicalDevices() fails with 999");
	setenv("STUB_FAIL", "vkGetPhysicalDeviceProperties2", 1);
	EXPECT_NO_GPU("vulkan:0", "lacks functions");
	setenv("STUB_FAIL", "nvmlDeviceGetCount_v2", 1);
	setenv("STUB_CRASH", "cuInit", 1);
	EXPECT_NO_GPU("cuda:0", "libcuda.so.1");
	/* one that hangs is given up, and killed */
	zinc_runtime_patience = 100 * NSEC_PER_MSEC;
	setenv("STUB_HANG", "vkCreateInstance", 1);
	EXPECT_NO_GPU("vulkan:0", "libvulkan.so.1: it did not answer in time");
	EXPECT_EQ(before, descriptors());
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG | __WALL));
	EXPECT_EQ(ECHILD, errno);
}

TEST_F(lock, functions_that_fail)
{
	static const struct {
		const char *function, *gpu, *says;
	} cases[] = {
		{ "nvmlDeviceGetHandleByIndex_v2", "cuda:0", "cuda shows 0" },
		{ "nvmlDeviceGetCount_v2", ALPHA, "nvmlDeviceGetCount_v2() fails" },
		{ "nvmlInit_v2", ALPHA, "nvmlInit_v2() fails with 999" },
		{ "cuInit", "cuda:0", "CUDA_DEVICE_ORDER" },
		{ "cuDeviceGetCount", "cuda:0", "CUDA_DEVICE_ORDER" },
		{ "vkCreateInstance", "vulkan:0", "vkCreateInstance() fails" },
		{ "zeInit", "level-zero:0", "zeInit() fails with 999" },
		{ "zeDriverGet", "level-zero:0", "zeDriverGet() fails" },
		{ "zeDeviceGet", "level-zero:0", "shows 0 devices" },
	};
	size_t i;

	nvidia(self->dir);
	stub("libvulkan.so.1");
	stub("libze_loader.so.1");
	setenv("STUB_VULKAN", "0:3:0.0", 1);
	setenv("STUB_ZE", "0:3:0.0", 1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		/* CUDA itself is asked where NVML knows none */
		if (!i)
			setenv("STUB_CUDA", "", 1);
		else
			setenv("STUB_CUDA", "0000:03:00.0", 1);
		setenv("STUB_FAIL", cases[i].function, 1);
		EXPECT_NO_GPU(cases[i].gpu, cases[i].says);
	}
}

TEST_F(lock, libraries_without_functions)
{
	static const char *const names[] = {
		"libnvidia-ml.so.1", "libcuda.so.1", "libvulkan.so.1",
		"libze_loader.so.1",
	};
	size_t i;

	nothing(self->dir);
	/* that of this machine, if there is one, has not so many */
	EXPECT_NO_GPU("level-zero:4000000", "");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		stub_of("stubs/empty", names[i]);
	EXPECT_NO_GPU(ALPHA, "libnvidia-ml.so.1: the library lacks functions");
	EXPECT_NO_GPU("cuda:0", "libcuda.so.1: the library lacks functions");
	EXPECT_NO_GPU("vulkan:0", "the library lacks functions");
	EXPECT_NO_GPU("level-zero:0", "the library lacks functions");
}

static volatile int children;

static void count_child(int number)
{
	(void)number;
	children++;
}

TEST_F(lock, nobody_hears_of_the_other_process)
{
	nvidia(self->dir);
	CHECK(signal(SIGCHLD, count_child) != SIG_ERR);
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "cuda:0");
	/* a sanitizer has a thread of its own, and fork() is needed then */
	if (__libc_single_threaded)
		EXPECT_EQ(0, children);
	/* a caller that waits for any child does not disturb it */
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "cuda:0");
	CHECK(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

static void *idle(void *end)
{
	char c;

	CHECK(read(*(int *)end, &c, 1) == 1);
	return NULL;
}

TEST_F(lock, libraries_are_asked_with_threads)
{
	pthread_t thread;
	int end[2];

	nvidia(self->dir);
	ASSERT_EQ(0, pipe(end));
	ASSERT_EQ(0, pthread_create(&thread, NULL, idle, &end[0]));
	EXPECT_GPU("cuda:0", "pci:0000:03:00.0", "cuda:0");
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	EXPECT_GPU("cuda:1", "pci:0000:01:00.0", "cuda:1");
	ASSERT_EQ(1, write(end[1], "", 1));
	EXPECT_EQ(0, pthread_join(thread, NULL));
	CHECK(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

TEST_HARNESS_MAIN
