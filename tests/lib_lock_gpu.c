// SPDX-License-Identifier: GPL-2.0-only
/*
 * That a lock is of the GPU, not of the name; and any free GPUs.
 */
#include "gpu_test.h"

static int32_t take(const char *gpu, uint32_t mode, struct zinc_gpu_lock *lock,
		    char **why)
{
	memset(lock, 0, sizeof(*lock));
	lock->size = sizeof(*lock);
	if (why)
		free(*why);
	return zinc_gpu_lock_acquire_device(gpu, mode, 0, lock, why);
}

TEST_F(lock, a_gpu_by_two_numbers)
{
	struct zinc_gpu_lock a, b;
	char want[96];

	nvidia(self->dir);
	setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 1);
	setenv("CUDA_VISIBLE_DEVICES", "2", 1);
	ASSERT_EQ(0, take("cuda:0", 0, &a, NULL));
	unsetenv("CUDA_VISIBLE_DEVICES");
	EXPECT_EQ(-EBUSY, take("cuda:2", 0, &b, &self->why));
	snprintf(want, sizeof(want), "GPU cuda:2 is already reserved by pid=%d cmd=",
		 getpid());
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want)))
		TH_LOG("%s", self->why);
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&b));
	/* nor is it left half taken */
	EXPECT_EQ(-1, b.file);
	EXPECT_EQ(-1, b.more[0]);
	/* other GPUs are free under all their names */
	ASSERT_EQ(0, take("cuda:0", 0, &b, NULL));
	zinc_gpu_lock_release(&b);
	zinc_gpu_lock_release(&a);
	ASSERT_EQ(0, take("cuda:2", 0, &a, NULL));
	zinc_gpu_lock_release(&a);
}

TEST_F(lock, two_gpus_by_one_number)
{
	struct zinc_gpu_lock a, b;

	nvidia(self->dir);
	setenv("CUDA_VISIBLE_DEVICES", "2", 1);
	ASSERT_EQ(0, take("cuda:0", 0, &a, NULL));
	setenv("CUDA_VISIBLE_DEVICES", "1", 1);
	EXPECT_EQ(0, take("cuda:0", 0, &b, &self->why)) TH_LOG("%s", self->why);
	zinc_gpu_lock_release(&a);
	zinc_gpu_lock_release(&b);
}

TEST_F(lock, a_gpu_by_all_its_names)
{
	static const char *const names[] = {
		"cuda:0", "vulkan:1", "drm:0", "rocm:0", "level-zero:0",
		"03:00.0", "cuda:" GAMMA, "cuda:" PART_1, "pci:0000:03:00.0",
	};
	struct zinc_gpu_lock a, b;
	struct zinc_lock_holder *h;
	size_t i, j, n;

	nvidia(self->dir);
	stub("libvulkan.so.1");
	stub("libze_loader.so.1");
	setenv("STUB_VULKAN", "0:1:0.0,0:3:0.0", 1);
	setenv("STUB_ZE", "0:3:0.0", 1);
	setenv("STUB_MIG", "1/7/0/" PART_1, 1);
	put_kfd(self->dir, 1, 240, 0x300, 0, 0);
	put_gpu(self->dir, "0000:03:00.0", "card0", "nvidia");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, take(names[i], 0, &a, &self->why))
			TH_LOG("%s: %s", names[i], self->why);
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			EXPECT_EQ(-EBUSY, take(names[j], 0, &b, &self->why))
				TH_LOG("%s, then %s", names[i], names[j]);
			EXPECT_NE(NULL, strstr(self->why, " by pid="));
			ASSERT_EQ(0, zinc_gpu_holders(names[j], &h, &n,
						      HOLDER_SIZE));
			EXPECT_EQ(1, n);
			EXPECT_EQ(getpid(), n ? h->pid : 0);
			zinc_holders_free(h);
		}
		/* that of another GPU */
		ASSERT_EQ(0, take("vulkan:0", 0, &b, NULL));
		zinc_gpu_lock_release(&b);
		zinc_gpu_lock_release(&a);
	}
	ASSERT_EQ(0, take("vulkan:1", ZINC_SHARED, &a, NULL));
	EXPECT_EQ(0, take("drm:0", ZINC_SHARED, &b, NULL));
	zinc_gpu_lock_release(&b);
	EXPECT_EQ(-EBUSY, take("drm:0", ZINC_EXCLUSIVE, &b, NULL));
	zinc_gpu_lock_release(&a);
}

TEST_F(lock, two_parts_of_a_gpu)
{
	struct zinc_gpu_lock a, b, c;

	nvidia(self->dir);
	setenv("STUB_MIG", "1/7/0/" PART_1 ",1/8/0/" PART_2, 1);
	ASSERT_EQ(0, take("cuda:" PART_1, 0, &a, NULL));
	EXPECT_EQ(-EBUSY, take("MIG-" GAMMA "/7/0", 0, &b, NULL));
	EXPECT_EQ(-EBUSY, take("cuda:" GAMMA, 0, &b, NULL));
	EXPECT_EQ(0, take("cuda:" PART_2, 0, &b, &self->why))
		TH_LOG("%s", self->why);
	setenv("CUDA_VISIBLE_DEVICES", PART_1, 1);
	EXPECT_EQ(-EBUSY, take("cuda:0", 0, &c, NULL));
	unsetenv("CUDA_VISIBLE_DEVICES");
	zinc_gpu_lock_release(&a);
	EXPECT_EQ(-EBUSY, take("cuda:" GAMMA, 0, &a, NULL));
	zinc_gpu_lock_release(&b);
	ASSERT_EQ(0, take("cuda:" GAMMA, 0, &a, NULL));
	EXPECT_EQ(-EBUSY, take("cuda:" PART_2, 0, &b, NULL));
	zinc_gpu_lock_release(&a);
}

/* As programs that know only the file of a name */
TEST_F(lock, a_gpu_and_the_file_of_its_number)
{
	struct zinc_gpu_lock lock;
	char path[128];
	int fd;

	nvidia(self->dir);
	setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 1);
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "cuda", 2));
	fd = zinc_flock_try(path, ZINC_EXCLUSIVE, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, take("cuda:2", 0, &lock, NULL));
	/* the numbers of programs without variables are meant */
	setenv("CUDA_VISIBLE_DEVICES", "2", 1);
	EXPECT_EQ(-EBUSY, take("cuda:0", 0, &lock, NULL));
	setenv("CUDA_VISIBLE_DEVICES", "0,1", 1);
	EXPECT_NO_GPU("cuda:2", "CUDA shows 2");
	EXPECT_EQ(0, take("cuda:1", 0, &lock, NULL));
	zinc_gpu_lock_release(&lock);
	zinc_flock_release(fd);
	unsetenv("CUDA_VISIBLE_DEVICES");
	ASSERT_EQ(0, take("cuda:2", 0, &lock, NULL));
	EXPECT_EQ(-EBUSY, zinc_flock_try(path, ZINC_EXCLUSIVE, NULL));
	zinc_gpu_lock_release(&lock);
	fd = zinc_flock_try(path, ZINC_EXCLUSIVE, NULL);
	EXPECT_LE(0, fd);
	zinc_flock_release(fd);
}

TEST_F(lock, waiting_for_a_gpu_by_another_name)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	struct zinc_gpu_lock other = { .size = sizeof(other) };
	uint64_t begin;
	pid_t pid;
	int to[2], ready[2];
	char c;

	nvidia(self->dir);
	ASSERT_EQ(0, pipe(to));
	ASSERT_EQ(0, pipe(ready));
	IN_CHILD(pid) {
		CHECK(!take("cuda:" GAMMA, 0, &other, NULL));
		CHECK(write(ready[1], "", 1) == 1);
		CHECK(read(to[0], &c, 1) == 1);
		/* the other one is to sleep by then; if not, it need not wait */
		usleep(100000);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	begin = now_ns();
	EXPECT_EQ(-ETIMEDOUT, zinc_gpu_lock_acquire_device("03:00.0", 0, 50,
							   &lock, &self->why));
	EXPECT_LE(50 * NSEC_PER_MSEC, now_ns() - begin);
	ASSERT_EQ(1, write(to[1], "", 1));
	EXPECT_EQ(0, zinc_gpu_lock_acquire_device("03:00.0", 0, PATIENCE_MS,
						  &lock, NULL));
	zinc_gpu_lock_release(&lock);
	EXPECT_EQ(0, reap(pid));
}

/* Which ones are to be had, one after the other, joined by spaces */
static char *any(uint32_t want, const char *vendor, const char *driver)
{
	struct zinc_gpu_request request = {
		.size = sizeof(request),
		.want = want,
		.mode = ZINC_SHARED,
		.vendor = vendor,
		.driver = driver,
	};
	struct zinc_gpu_lock locks[8];
	struct zinc_gpu taken[8];
	static char text[512];
	char *why = NULL;
	uint32_t i;
	int32_t err;

	err = zinc_gpu_lock_any(&request, locks, GPU_LOCK_SIZE, taken, GPU_SIZE,
				&why);
	text[0] = '\0';
	if (err)
		snprintf(text, sizeof(text), "%d: %s", err, why);
	for (i = 0; !err && i < want; i++) {
		strcat(text, i ? " " : "");
		strcat(text, taken[i].device);
		zinc_gpu_lock_release(&locks[i]);
	}
	free(why);
	return text;
}

#define EXPECT_FEW(says, ...) do {					\
	const char *text_ = any(__VA_ARGS__);				\
									\
	EXPECT_EQ(0, strncmp("-34: GPUs wanted: ", text_, 18))		\
		TH_LOG("%s", text_);					\
	EXPECT_NE(NULL, strstr(text_, says)) TH_LOG("%s", text_);	\
} while (0)

TEST_F(lock, any_of_those_that_are_gpus)
{
	char path[160];

	nothing(self->dir);
	snprintf(path, sizeof(path), "-2: %s/sys/class: No such file", self->dir);
	EXPECT_EQ(0, strncmp(path, any(1, NULL, NULL), strlen(path)));
	put(self->dir, "class/none", "%s", "");
	EXPECT_FEW("this machine shows 0", 1, NULL, NULL);
	put_gpus(self->dir);
	EXPECT_STREQ("drm:soc_1 pci:0000:02:00.0 pci:0000:0a:00.0",
		     any(3, NULL, NULL));
	EXPECT_FEW("shows 3 in /sys/class/drm", 4, NULL, NULL);
	/* as asked for */
	put_file(self->dir, "devices/0000:02:00.0/vendor", "0x1002\n");
	put_file(self->dir, "devices/0000:0a:00.0/vendor", "0x10de\n");
	EXPECT_STREQ("pci:0000:02:00.0", any(1, "amd", NULL));
	EXPECT_STREQ("pci:0000:0a:00.0", any(1, "NVIDIA", NULL));
	EXPECT_STREQ("pci:0000:0a:00.0", any(1, "0x10DE", "nvidia"));
	EXPECT_STREQ("drm:soc_1", any(1, NULL, "panfrost"));
	EXPECT_FEW("shows 1 to choose from, of 3 in", 2, "amd", NULL);
	EXPECT_FEW("2 are of another vendor or driver, 0 have no node", 2,
		   "amd", NULL);
	EXPECT_FEW("shows 0 to choose from", 1, "amd", "nvidia");
	EXPECT_FEW("shows 0 to choose from", 1, "intel", NULL);
	EXPECT_EQ(0, strncmp("-22: invalid vendor 'voodoo': expected nvidia",
			     any(1, "voodoo", NULL), 45));
	EXPECT_EQ(0, strncmp("-22: invalid vendor '0x10de0': expected nvidia",
			     any(1, "0x10de0", NULL), 46));
	EXPECT_EQ(0, strncmp("-22: invalid vendor '0xq': expected nvidia",
			     any(1, "0xq", NULL), 42));
	/* a device without a node is of no use; with NVIDIA's own, it is */
	snprintf(path, sizeof(path), "%s/dev/dri/renderD129", self->dir);
	CHECK(!unlink(path));
	snprintf(path, sizeof(path), "%s/dev/dri/renderD128", self->dir);
	CHECK(!unlink(path));
	EXPECT_STREQ("drm:soc_1", any(1, NULL, NULL));
	EXPECT_FEW("0 are of another vendor or driver, 2 have no node", 2, NULL,
		   NULL);
	put_file(self->dir, "proc/driver/nvidia/gpus/0000:0a:00.0/information",
		 "Model: Small\nDevice Minor: \t 3\n");
	put_file(self->dir, "dev/nvidia3", "");
	EXPECT_STREQ("drm:soc_1 pci:0000:0a:00.0", any(2, NULL, NULL));
}

TEST_F(lock, any_of_those_that_are_visible)
{
	static const char *const gpus[] = {
		"0000:01:00.0", "0000:02:00.0", "0000:03:00.0",
	};
	char node[32];
	size_t i;

	nvidia(self->dir);
	stub("libze_loader.so.1");
	for (i = 0; i < ARRAY_SIZE(gpus); i++) {
		snprintf(node, sizeof(node), "renderD%zu", 128 + i);
		put_gpu(self->dir, gpus[i], node, "nvidia");
	}
	put_gpu(self->dir, "0000:04:00.0", "renderD131", "amdgpu");
	put_gpu(self->dir, "0000:05:00.0", "renderD132", "xe");
	put_kfd(self->dir, 1, 240, 0x400, 0, 0);
	EXPECT_EQ(5 * 17 - 1, strlen(any(5, NULL, NULL)));
	setenv("CUDA_VISIBLE_DEVICES", "0", 1);
	setenv("HIP_VISIBLE_DEVICES", "0", 1);
	EXPECT_STREQ("pci:0000:03:00.0", any(1, NULL, "nvidia"));
	EXPECT_FEW("2 are hidden by CUDA_VISIBLE_DEVICES", 2, NULL, "nvidia");
	EXPECT_STREQ("pci:0000:03:00.0 pci:0000:04:00.0 pci:0000:05:00.0",
		     any(3, NULL, NULL));
	setenv("ROCR_VISIBLE_DEVICES", "", 1);
	EXPECT_FEW("1 are hidden by", 1, NULL, "amdgpu");
	setenv("STUB_ZE", "0:5:0.0", 1);
	setenv("ZE_AFFINITY_MASK", "0", 1);
	EXPECT_STREQ("pci:0000:05:00.0", any(1, NULL, "xe"));
	setenv("ZE_AFFINITY_MASK", "1", 1);
	EXPECT_FEW("1 are hidden by", 1, NULL, "xe");
	/* where that cannot be told, none is taken that may be hidden */
	setenv("STUB_FAIL", "cuInit", 1);
	EXPECT_FEW("3 are hidden by", 1, NULL, "nvidia");
	/* a part is not a GPU */
	setenv("STUB_MIG", "1/7/0/" PART_1, 1);
	setenv("CUDA_VISIBLE_DEVICES", PART_1, 1);
	EXPECT_FEW("3 are hidden by", 1, NULL, "nvidia");
}

TEST_HARNESS_MAIN
