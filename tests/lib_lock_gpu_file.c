// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock of a GPU by file: its path, its names, any GPU out of several, its
 * holders, and other objects in the file's place.
 */
#include "lib_test.h"
#include "lock_machine.h"
#include "lock_test.h"

#include <sys/file.h>

#include "lock/gpu.h"

/* ---- GPUs --------------------------------------------------------------- */

TEST_F(lock, gpu_paths)
{
	char path[128], want[128];

	snprintf(want, sizeof(want), "%s/zinc-gpu-level-zero-12.lock", self->dir);
	EXPECT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "level-zero", 12));
	EXPECT_STREQ(want, path);
	EXPECT_EQ(0, zinc_gpu_lock_path(path, strlen(want) + 1, "level-zero", 12));
	EXPECT_EQ(-ENAMETOOLONG,
		  zinc_gpu_lock_path(path, strlen(want), "level-zero", 12));
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_lock_path(path, 0, "vulkan", 0));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_path(path, sizeof(path), "voodoo", 0));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_path(path, sizeof(path), NULL, 0));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_path(NULL, sizeof(path), "vulkan", 0));
	unsetenv("ZINC_LOCK_DIR");
	EXPECT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 0));
	EXPECT_STREQ("/tmp/zinc-gpu-vulkan-0.lock", path);
}

TEST_F(lock, gpu_names)
{
	static const struct {
		const char *gpu, *device;
	} cases[] = {
		{ "vulkan:0", "vulkan:0" }, { "cuda:4294967295", "cuda:4294967295" },
		{ "0000:01:00.0", "pci:0000:01:00.0" },
		{ "01:00.0", "pci:0000:01:00.0" },
		{ "00AB:cD:1f.7", "pci:00ab:cd:1f.7" },
		{ "pci:0000:01:00.0", "pci:0000:01:00.0" },
		{ "drm:vkms_1", "drm:vkms_1" },
	};
	static const char * const none[] = {
		"", "vulkan", "vulkan:", "vulkan:-1", "vulkan:01", "vulkan:0x1",
		"vulkan:4294967296", "voodoo:0", ":0", "01:00", "01:00.8",
		"01:20.0", "100:00.0", "0000:01:00.0 ", "0x01:00.0", "vulkan:0\n",
		"drm:", "drm:A", "drm:a b",
	};
	char device[64], wide[128], large[128];
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	struct zinc_gpu_name name;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, zinc_gpu_device(device, sizeof(device), cases[i].gpu));
		EXPECT_STREQ(cases[i].device, device);
	}
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(-EINVAL, zinc_gpu_device(device, sizeof(device), none[i]))
			TH_LOG("'%s'", none[i]);
		EXPECT_STREQ("", device);
	}
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_device(device, 4, "vulkan:0"));
	/* one byte more than the kernel accepts, into a buffer that has room for it */
	snprintf(large, sizeof(large), "drm:%0*d", ZINC_DEVICE_NAME_MAX - 3, 0);
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_device(wide, sizeof(wide), large));
	EXPECT_STREQ("", wide);
	large[ZINC_DEVICE_NAME_MAX] = 0;
	EXPECT_EQ(0, zinc_gpu_device(wide, sizeof(wide), large));
	/* what sysfs may have in a name, and a reservation may not */
	EXPECT_EQ(0, zinc_gpu_name_of_sysfs(&name, "/sys/x/Odd One+1"));
	EXPECT_EQ(0, zinc_gpu_name_print(device, sizeof(device), &name));
	EXPECT_STREQ("drm:odd-one-1", device);
	EXPECT_EQ(-ENOENT, zinc_gpu_lock_acquire_device("/dev/dri/none", 0, 0, &lock,
							&self->why));
	EXPECT_STREQ("/dev/dri/none: No such file or directory", self->why);
	EXPECT_EQ(-ENODEV, zinc_gpu_device(device, sizeof(device), "/dev/null"));
	EXPECT_EQ(-ENOENT, zinc_gpu_device(device, sizeof(device), "/dev/dri/none"));
	EXPECT_EQ(-EINVAL, zinc_gpu_device(device, sizeof(device), NULL));
}

/* By number: as text, and for strverscmp(3), 1a comes before 10 or after it */
TEST(names_sort_by_pci_address)
{
	static const char * const sorted[] = {
		"drm:soc_1", "09:00.0", "0a:00.0", "10:00.0", "1a:00.0", "1a:01.0",
		"0001:09:00.0",
	};
	struct zinc_gpu_name names[ARRAY_SIZE(sorted)];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sorted); i++)
		ASSERT_EQ(0, zinc_gpu_name_parse(&names[i], sorted[i]));
	for (i = 0; i < ARRAY_SIZE(sorted); i++)
		for (j = 0; j < ARRAY_SIZE(sorted); j++)
			EXPECT_EQ((i > j) - (i < j),
				  (zinc_gpu_name_compare(&names[i], &names[j]) > 0) -
				  (zinc_gpu_name_compare(&names[i], &names[j]) < 0))
				TH_LOG("%s, %s", sorted[i], sorted[j]);
}

static size_t gpus_of(const char *dir, struct zinc_gpu **gpus)
{
	char sysfs[96], proc[96];
	size_t count;

	snprintf(sysfs, sizeof(sysfs), "%s/sys", dir);
	snprintf(proc, sizeof(proc), "%s/proc", dir);
	CHECK(!zinc_gpus_of(sysfs, proc, gpus, &count));
	return count;
}

TEST_F(lock, gpus_of_a_machine)
{
	struct zinc_gpu *gpus;

	EXPECT_EQ(0, gpus_of(self->dir, &gpus));
	EXPECT_EQ(NULL, gpus);
	put_gpus(self->dir);
	ASSERT_EQ(3, gpus_of(self->dir, &gpus));
	EXPECT_STREQ("drm:soc_1", gpus[0].device);
	EXPECT_STREQ("pci:0000:02:00.0", gpus[1].device);
	EXPECT_STREQ("pci:0000:0a:00.0", gpus[2].device);
	free(gpus);
	EXPECT_EQ(-EINVAL, zinc_gpus(NULL, NULL, GPU_SIZE));
}

static int32_t any_of(const struct zinc_gpu *gpus,
		      const struct zinc_gpu_request *request,
		      struct zinc_gpu_lock *locks, struct zinc_gpu *taken,
		      char **why)
{
	return zinc_gpu_lock_any_of(gpus, 3, request, locks, GPU_LOCK_SIZE,
				    taken, GPU_SIZE, why);
}

static int32_t any(const struct zinc_gpu_request *request,
		   struct zinc_gpu_lock *locks, struct zinc_gpu *taken)
{
	return zinc_gpu_lock_any(request, locks, GPU_LOCK_SIZE, taken,
				 GPU_SIZE, NULL);
}

TEST_F(lock, any_gpus)
{
	struct zinc_gpu_request request = {
		.size = sizeof(request),
		.want = 2,
	};
	static const char want[] =
		"GPUs wanted: 2; of 3, too few are free: GPU drm:soc_1 is already reserved by pid=";
	struct zinc_gpu_lock one = { .size = sizeof(one) }, locks[4];
	struct zinc_gpu *gpus, taken[4];
	int32_t err;

	put_gpus(self->dir);
	ASSERT_EQ(3, gpus_of(self->dir, &gpus));
	ASSERT_EQ(0, zinc_gpu_lock_acquire_device(gpus[0].device, ZINC_EXCLUSIVE,
						  0, &one, NULL));
	ASSERT_EQ(0, any_of(gpus, &request, locks, taken, NULL));
	EXPECT_STREQ(gpus[1].device, taken[0].device);
	EXPECT_STREQ(gpus[2].device, taken[1].device);
	zinc_gpu_lock_release(&locks[1]);
	/* one is free, two are wanted: none is kept */
	request.timeout_ms = 200;
	EXPECT_EQ(-ETIMEDOUT, any_of(gpus, &request, locks + 2, taken,
				     &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(self->why, want, strlen(want)))
		TH_LOG("%s", self->why);
	free(self->why);
	self->why = NULL;
	request.timeout_ms = 0;
	EXPECT_EQ(-EBUSY, any_of(gpus, &request, locks + 2, taken, NULL));
	err = zinc_gpu_lock_acquire_device(gpus[2].device, ZINC_EXCLUSIVE, 0,
					   &locks[1], NULL);
	EXPECT_EQ(0, err);
	zinc_gpu_lock_release(&locks[0]);
	zinc_gpu_lock_release(&locks[1]);
	zinc_gpu_lock_release(&one);
	request.want = 4;
	EXPECT_EQ(-ERANGE, any_of(gpus, &request, locks, taken, &self->why));
	request.want = 3;
	request.mode = ZINC_SHARED;
	ASSERT_EQ(0, any_of(gpus, &request, locks, taken, NULL));
	ASSERT_EQ(0, zinc_gpu_lock_acquire_device(gpus[0].device, ZINC_SHARED, 0,
						  &one, NULL));
	zinc_gpu_lock_release(&one);
	while (request.want--)
		zinc_gpu_lock_release(&locks[request.want]);
	free(gpus);
	/* requests that are none */
	request = (struct zinc_gpu_request){ .size = sizeof(request) };
	EXPECT_EQ(-EINVAL, any(&request, locks, taken));
	request.want = 1;
	request.mode = 7;
	EXPECT_EQ(-EINVAL, any(&request, locks, taken));
	request.mode = 0;
	request.reserved = 1;
	EXPECT_EQ(-EINVAL, any(&request, locks, taken));
	request.reserved = 0;
	EXPECT_EQ(-EINVAL, any(&request, NULL, taken));
	EXPECT_EQ(-EINVAL, any(&request, locks, NULL));
	request.size = offsetof(struct zinc_gpu_request, reserved);
	EXPECT_EQ(-EINVAL, any(&request, locks, taken));
	EXPECT_EQ(-EINVAL, any(NULL, locks, taken));
}

TEST_F(lock, a_gpu_is_for_one)
{
	struct zinc_gpu_lock a = { .size = sizeof(a) },
		b = { .size = sizeof(b) };
	char want[128];

	ASSERT_EQ(0, zinc_gpu_lock_acquire("vulkan", 0, ZINC_EXCLUSIVE, 0, &a));
	EXPECT_EQ(1, zinc_gpu_lock_is_held(&a));
	EXPECT_EQ(on_kmod(), a.reservation >= 0);
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire("vulkan", 0, ZINC_EXCLUSIVE, 0, &b));
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&b));
	EXPECT_EQ(-1, b.file);
	EXPECT_EQ(-1, b.reservation);
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire_device("vulkan:0", ZINC_SHARED, 0,
						       &b, &self->why));
	snprintf(want, sizeof(want), "GPU vulkan:0 is already reserved by pid=%d cmd=",
		 getpid());
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want))) TH_LOG("%s", self->why);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 1, ZINC_EXCLUSIVE, 0, &b));
	zinc_gpu_lock_release(&b);
	zinc_gpu_lock_release(&b);
	zinc_gpu_lock_release(NULL);
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&b));
	zinc_gpu_lock_release(&a);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 0, ZINC_SHARED, 0, &a));
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 0, ZINC_SHARED, 0, &b));
	zinc_gpu_lock_release(&a);
	zinc_gpu_lock_release(&b);
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_acquire("vulkan", 0, 2, 0, &a));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_acquire("voodoo", 0, 0, 0, &a));
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_acquire("vulkan", 0, 0, 0, NULL));
}

/* This process has it twice, by file and by the kernel, and is named once */
TEST_F(lock, who_has_a_gpu)
{
	struct zinc_lock_holder *h;
	struct zinc_gpu_lock gpu = { .size = sizeof(gpu) };
	char path[128];
	pid_t pid;
	size_t n;
	int to;

	EXPECT_EQ(0, zinc_gpu_holders("opencl:7", &h, &n, HOLDER_SIZE));
	EXPECT_EQ(0, n);
	EXPECT_EQ(NULL, h);
	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 7, ZINC_EXCLUSIVE, 0, &gpu));
	EXPECT_EQ(0, zinc_gpu_holders("opencl:7", &h, &n, HOLDER_SIZE));
	EXPECT_EQ(1, n);
	EXPECT_EQ(getpid(), n ? h->pid : 0);
	zinc_holders_free(h);
	zinc_gpu_lock_release(&gpu);
	/* by file alone */
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "opencl", 7));
	pid = hold(path, ZINC_EXCLUSIVE, &to);
	EXPECT_EQ(0, zinc_gpu_holders("opencl:7", &h, &n, HOLDER_SIZE));
	EXPECT_EQ(1, n);
	EXPECT_EQ(pid, n ? h->pid : 0);
	zinc_holders_free(h);
	EXPECT_EQ(0, let_go(pid, to));
	EXPECT_EQ(-EINVAL, zinc_gpu_holders("voodoo:0", &h, &n, HOLDER_SIZE));
	EXPECT_EQ(-EINVAL, zinc_gpu_holders("opencl:7", NULL, &n, HOLDER_SIZE));
	EXPECT_EQ(-EINVAL, zinc_gpu_holders("opencl:7", &h, NULL, HOLDER_SIZE));
}

/* A process that may not open the device is told what the file says */
TEST_F(lock, who_has_a_gpu_where_the_device_may_not_be_opened)
{
	struct zinc_gpu_lock gpu = { .size = sizeof(gpu) };
	int ready[2];
	pid_t pid;
	char c;

	NEED_KMOD();
	NEED_ROOT();
	ASSERT_EQ(0, chmod(self->dir, 0755));
	ASSERT_EQ(0, pipe(ready));
	/* a process that has not opened the device before */
	pid = fork_or_die();
	if (!pid) {
		struct zinc_lock_holder *h;
		size_t n;

		close(ready[1]);
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY));
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(access("/dev/zinc", R_OK) && errno == EACCES);
		CHECK(read(ready[0], &c, 1) == 1);
		CHECK(!zinc_gpu_holders("opencl:7", &h, &n, HOLDER_SIZE));
		CHECK(n == 1 && h->pid == getppid());
		zinc_holders_free(h);
		/* what only the kernel would know it cannot say */
		CHECK(!zinc_gpu_holders("opencl:8", &h, &n, HOLDER_SIZE));
		CHECK(!n && !h);
		_exit(0);
	}
	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 7, ZINC_EXCLUSIVE, 0, &gpu));
	ASSERT_EQ(1, write(ready[1], "", 1));
	EXPECT_EQ(0, reap(pid));
	zinc_gpu_lock_release(&gpu);
	close(ready[0]);
	close(ready[1]);
}

/* By the process that took it alone, as the files */
TEST_F(lock, a_release_frees_a_gpu_that_a_child_has_the_descriptors_of)
{
	struct zinc_gpu_lock gpu = { .size = sizeof(gpu) };
	int to_child[2], from_child[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(to_child));
	ASSERT_EQ(0, pipe(from_child));
	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 6, ZINC_EXCLUSIVE, 0, &gpu));
	pid = fork_or_die();
	if (!pid) {
		struct zinc_gpu_lock copy = gpu;

		/* one that is not its own */
		copy.file = fcntl(gpu.file, F_DUPFD_CLOEXEC, 0);
		if (gpu.reservation >= 0)
			copy.reservation = fcntl(gpu.reservation,
						 F_DUPFD_CLOEXEC, 0);
		zinc_gpu_lock_release(&copy);
		CHECK(write(from_child[1], "", 1) == 1);
		CHECK(read(to_child[0], &c, 1) == 1);
		_exit(0);
	}
	EXPECT_EQ(1, read(from_child[0], &c, 1));
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire("opencl", 6, ZINC_EXCLUSIVE, 0,
						&(struct zinc_gpu_lock){
						.size = sizeof(gpu) }));
	zinc_gpu_lock_release(&gpu);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("opencl", 6, ZINC_EXCLUSIVE, 0, &gpu));
	zinc_gpu_lock_release(&gpu);
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, reap(pid));
	close(to_child[0]);
	close(to_child[1]);
	close(from_child[0]);
	close(from_child[1]);
}

/* The same protocol, by a program that knows nothing of this library */
TEST_F(lock, flock_of_util_linux_is_the_other_party)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	char command[256], path[128];
	pid_t pid;

	if (access("/usr/bin/flock", X_OK))
		SKIP(return, "no flock: install util-linux");
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 3));
	snprintf(command, sizeof(command), "flock -n %s true", path);
	ASSERT_EQ(0, zinc_gpu_lock_acquire("vulkan", 3, ZINC_EXCLUSIVE, 0, &lock));
	EXPECT_EQ(1 << 8, system(command));
	zinc_gpu_lock_release(&lock);
	EXPECT_EQ(0, system(command));
	pid = fork_or_die();
	if (!pid) {
		execl("/usr/bin/flock", "flock", path, "sleep", "1000", NULL);
		_exit(1);
	}
	while (!zinc_gpu_lock_acquire("vulkan", 3, ZINC_EXCLUSIVE, 0, &lock)) {
		zinc_gpu_lock_release(&lock);
		sleep_ms(1);
	}
	EXPECT_EQ(-EBUSY, zinc_gpu_lock_acquire_device("vulkan:3", ZINC_EXCLUSIVE,
						       0, &lock, &self->why));
	EXPECT_NE(NULL, strstr(self->why, "cmd=flock ")) TH_LOG("%s", self->why);
	/* its child has the lock, too */
	snprintf(command, sizeof(command), "pkill -KILL -P %d", pid);
	EXPECT_EQ(0, system(command));
	reap(pid);
	EXPECT_EQ(0, zinc_gpu_lock_acquire("vulkan", 3, ZINC_EXCLUSIVE,
					   PATIENCE_MS, &lock));
	zinc_gpu_lock_release(&lock);
}

TEST_F(lock, what_is_planted_in_a_gpus_place)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	char path[128], other[128];

	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 0));
	snprintf(other, sizeof(other), "%s/victim", self->dir);
	ASSERT_EQ(0, symlink(other, path));
	EXPECT_EQ(-ELOOP, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
						       &self->why));
	EXPECT_NE(NULL, strstr(self->why, "symbolic link"));
	EXPECT_NE(0, access(other, F_OK));
	unlink(path);
	ASSERT_EQ(0, mkfifo(path, 0666));
	free(self->why);
	EXPECT_EQ(-EEXIST, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
							&self->why));
	EXPECT_NE(NULL, strstr(self->why, "not a regular file"));
	unlink(path);
	ASSERT_EQ(0, mkdir(path, 0777));
	EXPECT_EQ(-EISDIR, zinc_gpu_lock_acquire("vulkan", 0, 0, 0, &lock));
	EXPECT_EQ(-1, lock.file);
	EXPECT_EQ(-1, lock.reservation);
}

TEST_F(lock, another_users_lock_file)
{
	char path[128];
	pid_t pid;
	int fd;

	NEED_ROOT();
	ASSERT_EQ(0, zinc_gpu_lock_path(path, sizeof(path), "vulkan", 0));
	ASSERT_EQ(0, chmod(self->dir, 01777));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchmod(fd, 0644));
	pid = fork_or_die();
	if (!pid) {
		int mine;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		/* reading is enough to lock */
		mine = zinc_flock_try(path, ZINC_EXCLUSIVE, NULL);
		CHECK(mine >= 0);
		close(mine);
		CHECK(!flock(fd, LOCK_EX | LOCK_NB));
		CHECK(zinc_flock_try(path, ZINC_EXCLUSIVE, NULL) == -EBUSY);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, fchmod(fd, 0600));
	pid = fork_or_die();
	if (!pid) {
		char *why;

		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(zinc_flock_try(path, ZINC_EXCLUSIVE, &why) == -EACCES);
		CHECK(strstr(why, "belongs to root (uid 0), and its mode 0600"));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_F(lock, a_folder_whose_name_is_too_long)
{
	char folder[PATH_MAX + 1] = "/";
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };

	memset(folder + 1, 'a', PATH_MAX - 1);
	setenv("ZINC_LOCK_DIR", folder, 1);
	EXPECT_EQ(-ENAMETOOLONG, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0,
							      &lock, &self->why));
	EXPECT_STREQ("ZINC_LOCK_DIR is too long", self->why);
}

TEST_F(lock, a_folder_that_can_not_be_used)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	char path[128];

	NEED_ROOT();
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP(return, "no mount namespaces");
	snprintf(path, sizeof(path), "%s/ro", self->dir);
	ASSERT_EQ(0, mkdir(path, 0755));
	ASSERT_EQ(0, mount("none", path, "tmpfs", MS_RDONLY, NULL));
	setenv("ZINC_LOCK_DIR", path, 1);
	EXPECT_EQ(-EROFS, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
						       &self->why));
	EXPECT_NE(NULL, strstr(self->why, "read-only; set ZINC_LOCK_DIR"));
	ASSERT_EQ(0, umount(path));
	ASSERT_EQ(0, mount("none", path, "tmpfs", 0, "nr_inodes=1"));
	free(self->why);
	EXPECT_EQ(-ENOSPC, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
							&self->why));
	EXPECT_NE(NULL, strstr(self->why, "no space"));
	ASSERT_EQ(0, umount(path));
	ASSERT_EQ(0, rmdir(path));
	free(self->why);
	EXPECT_EQ(-ENOENT, zinc_gpu_lock_acquire_device("vulkan:0", 0, 0, &lock,
							&self->why));
	EXPECT_NE(NULL, strstr(self->why, "its directory does not exist"));
}

TEST_HARNESS_MAIN
