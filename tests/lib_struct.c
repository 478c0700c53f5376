// SPDX-License-Identifier: GPL-2.0-only
/*
 * Structs that a caller knows more or fewer members of than the library: of the
 * lengths that programs of other versions will have.
 */
#include "lib_test.h"
#include "lock_machine.h"
#include "lock_test.h"

#include "core/internal.h"
#include "lock/internal.h"

/* Members that this library does not know */
#define MORE	24

static bool is_zero(const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n)
		if (at[--n])
			return false;
	return true;
}

/* ---- what the library does ------------------------------------------------- */

struct known {
	uint64_t a;
	uint64_t b;
};

static struct known *two(void)
{
	struct known *array = calloc(2, sizeof(*array));

	if (array) {
		array[0] = (struct known){ 1, 2 };
		array[1] = (struct known){ 3, 4 };
	}
	return array;
}

TEST(array_of_an_older_caller)
{
	uint64_t *array;

	array = zinc_array_out(two(), 2, sizeof(struct known), 8);
	ASSERT_NE(NULL, array);
	EXPECT_EQ(1, array[0]);
	EXPECT_EQ(3, array[1]);
	free(array);
}

TEST(array_of_a_newer_caller)
{
	uint64_t *array;

	array = zinc_array_out(two(), 2, sizeof(struct known), 24);
	ASSERT_NE(NULL, array);
	EXPECT_EQ(1, array[0]);
	EXPECT_EQ(2, array[1]);
	EXPECT_EQ(0, array[2]);
	EXPECT_EQ(3, array[3]);
	EXPECT_EQ(4, array[4]);
	EXPECT_EQ(0, array[5]);
	free(array);
}

TEST(array_of_the_same_version_is_not_copied)
{
	struct known *array = two();

	EXPECT_EQ(array, zinc_array_out(array, 2, sizeof(*array),
					sizeof(*array)));
	EXPECT_EQ(NULL, zinc_array_out(NULL, 2, sizeof(*array), 24));
	free(array);
}

TEST(struct_of_an_older_caller)
{
	struct known known = { 7, 7 };
	uint64_t old = 1, out[2] = { 7, 7 };

	EXPECT_EQ(0, zinc_struct_in(&known, sizeof(known), &old, sizeof(old)));
	EXPECT_EQ(1, known.a);
	EXPECT_EQ(0, known.b);
	known.b = 2;
	zinc_struct_out(out, sizeof(old), &known, sizeof(known));
	EXPECT_EQ(1, out[0]);
	EXPECT_EQ(7, out[1]);
}

TEST(struct_of_a_newer_caller)
{
	uint64_t new[3] = { 1, 2, 0 };
	struct known known;

	EXPECT_EQ(0, zinc_struct_in(&known, sizeof(known), new, sizeof(new)));
	EXPECT_EQ(1, known.a);
	EXPECT_EQ(2, known.b);
	new[2] = 1ULL << 63;
	EXPECT_EQ(-EINVAL, zinc_struct_in(&known, sizeof(known), new,
					  sizeof(new)));
	zinc_struct_out(new, sizeof(new), &known, sizeof(known));
	EXPECT_EQ(0, new[2]);
}

/* ---- arrays of newer callers ------------------------------------------------ */

TEST_F(lock, wide_holders)
{
	struct {
		struct zinc_lock_holder known;
		char more[MORE];
	} *wide;
	const char *const paths[] = { self->path, self->path };
	struct zinc_lock_holder *h, *each[2];
	size_t n, i, counts[2];
	char want[1024], *text;
	pid_t pid[2];
	int to[2];

	pid[0] = hold(self->path, ZINC_SHARED, &to[0]);
	pid[1] = hold(self->path, ZINC_SHARED, &to[1]);
	ASSERT_EQ(0, zinc_flock_holders(self->path, &h, &n, sizeof(*wide)));
	wide = (void *)h;
	ASSERT_EQ(2, n);
	for (i = 0; i < n; i++) {
		EXPECT_TRUE(wide[i].known.pid == pid[0] ||
			    wide[i].known.pid == pid[1]);
		EXPECT_NE(NULL, strstr(wide[i].known.cmdline, "lib_struct"));
		EXPECT_TRUE(is_zero(wide[i].more, MORE));
	}
	text = zinc_holders_format(h, n, sizeof(*wide));
	snprintf(want, sizeof(want), "  pid=%d cmd=%s\n  pid=%d cmd=%s",
		 wide[0].known.pid, wide[0].known.cmdline,
		 wide[1].known.pid, wide[1].known.cmdline);
	EXPECT_STREQ(want, text);
	free(text);
	zinc_holders_free(h);
	ASSERT_EQ(0, zinc_flock_holders_of(paths, 2, each, counts,
					   sizeof(*wide)));
	wide = (void *)each[1];
	EXPECT_EQ(2, counts[1]);
	EXPECT_TRUE(wide[1].known.pid == pid[0] || wide[1].known.pid == pid[1]);
	zinc_holders_free(each[0]);
	zinc_holders_free(each[1]);
	EXPECT_EQ(0, let_go(pid[0], to[0]));
	EXPECT_EQ(0, let_go(pid[1], to[1]));
}

TEST_F(lock, wide_holders_of_a_gpu)
{
	struct zinc_gpu_lock lock = { .size = sizeof(lock) };
	struct {
		struct zinc_lock_holder known;
		char more[MORE];
	} *wide;
	size_t n;

	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 7, ZINC_EXCLUSIVE, 0,
					   &lock));
	ASSERT_EQ(0, zinc_gpu_holders("opencl:7",
				      (struct zinc_lock_holder **)&wide, &n,
				      sizeof(*wide)));
	ASSERT_EQ(1, n);
	EXPECT_EQ(getpid(), wide->known.pid);
	EXPECT_TRUE(is_zero(wide->more, MORE));
	zinc_holders_free(&wide->known);
	zinc_gpu_lock_release(&lock);
}

TEST(wide_holder)
{
	struct {
		struct zinc_lock_holder known;
		char more[MORE];
	} wide;

	memset(&wide, 7, sizeof(wide));
	EXPECT_EQ(0, zinc_holder_describe(getpid(), &wide.known, sizeof(wide)));
	EXPECT_EQ(getpid(), wide.known.pid);
	EXPECT_NE(NULL, strstr(wide.known.cmdline, "lib_struct"));
	EXPECT_TRUE(is_zero(wide.more, MORE));
}

TEST(wide_places)
{
	struct {
		struct zinc_cpu_place known;
		char more[MORE];
	} *wide;
	struct zinc_cpu_place *places;
	size_t n, m, i;

	ASSERT_EQ(0, zinc_cpu_places(&places, &n, PLACE_SIZE));
	ASSERT_EQ(0, zinc_cpu_places((struct zinc_cpu_place **)&wide, &m,
				     sizeof(*wide)));
	ASSERT_EQ(n, m);
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, memcmp(&places[i], &wide[i].known, PLACE_SIZE));
		EXPECT_TRUE(is_zero(wide[i].more, MORE));
	}
	zinc_cpu_places_free(&wide->known);
	zinc_cpu_places_free(places);
}

TEST(wide_gpus)
{
	struct {
		struct zinc_gpu known;
		char more[MORE];
	} *wide;
	struct zinc_gpu *gpus;
	size_t n, m, i;

	ASSERT_EQ(0, zinc_gpus(&gpus, &n, GPU_SIZE));
	ASSERT_EQ(0, zinc_gpus((struct zinc_gpu **)&wide, &m, sizeof(*wide)));
	ASSERT_EQ(n, m);
	for (i = 0; i < n; i++) {
		EXPECT_STREQ(gpus[i].device, wide[i].known.device);
		EXPECT_TRUE(is_zero(wide[i].more, MORE));
	}
	zinc_gpus_free(&wide->known);
	zinc_gpus_free(gpus);
}

TEST_F(lock, wide_locks_of_any_gpus)
{
	static const struct zinc_gpu gpus[] = {
		{ "opencl:1" }, { "opencl:2" }, { "opencl:3" },
	};
	struct zinc_gpu_request request = { .size = sizeof(request), .want = 2 };
	struct {
		struct zinc_gpu_lock known;
		char more[MORE];
	} locks[2];
	struct {
		struct zinc_gpu known;
		char more[MORE];
	} taken[2];
	unsigned int i;

	memset(locks, 7, sizeof(locks));
	memset(taken, 7, sizeof(taken));
	ASSERT_EQ(0, zinc_gpu_lock_any_of(gpus, 3, &request, &locks->known,
					  sizeof(*locks), &taken->known,
					  sizeof(*taken), NULL));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(sizeof(*locks), locks[i].known.size);
		EXPECT_EQ(1, zinc_gpu_lock_is_held(&locks[i].known));
		EXPECT_STREQ(gpus[i].device, taken[i].known.device);
		EXPECT_TRUE(is_zero(locks[i].more, MORE));
		EXPECT_TRUE(is_zero(taken[i].more, MORE));
		zinc_gpu_lock_release(&locks[i].known);
		EXPECT_EQ(0, zinc_gpu_lock_is_held(&locks[i].known));
	}
}

TEST_F(lock, wide_claims_and_reservations)
{
	struct {
		struct zinc_device_claim known;
		char more[MORE];
	} claims[2] = {
		{ .known = { .device = "libstruct:0" } },
		{ .known = { .device = "libstruct:1", .mode = ZINC_SHARED } },
	};
	struct {
		struct zinc_reservation_holder known;
		char more[MORE];
	} *wide;
	size_t n;
	int fd;

	if (access("/dev/zinc", F_OK))
		SKIP(return, "the module is not loaded");
	fd = zinc_reserve(&claims->known, 2, sizeof(*claims), 0, &self->why);
	ASSERT_LE(0, fd) TH_LOG("%s", self->why);
	ASSERT_EQ(0, zinc_reservations("libstruct:1",
				       (struct zinc_reservation_holder **)&wide,
				       &n, sizeof(*wide)));
	ASSERT_EQ(1, n);
	EXPECT_EQ(getpid(), wide->known.pid);
	EXPECT_EQ(ZINC_SHARED, wide->known.mode);
	EXPECT_TRUE(is_zero(wide->more, MORE));
	zinc_reservations_free(&wide->known);
	close(fd);
	fd = zinc_reserve_queue(&claims->known, 2, sizeof(*claims));
	EXPECT_LE(0, fd);
	close(fd);
	claims[1].more[MORE - 1] = 1;
	EXPECT_EQ(-EINVAL, zinc_reserve(&claims->known, 2, sizeof(*claims), 0,
					NULL));
	EXPECT_EQ(-EINVAL, zinc_reserve_queue(&claims->known, 2,
					      sizeof(*claims)));
}

/* ---- requests, and locked devices ------------------------------------------- */

TEST_F(lock, wide_request_for_a_file)
{
	struct {
		struct zinc_flock_request known;
		char more[MORE];
	} wide = { .known = { .size = sizeof(wide), .path = self->path } };
	int fd;

	fd = zinc_flock_acquire(&wide.known, NULL);
	ASSERT_LE(0, fd);
	zinc_flock_release(fd);
	wide.more[0] = 1;
	EXPECT_EQ(-EINVAL, zinc_flock_acquire(&wide.known, NULL));
}

TEST_F(lock, wide_request_for_gpus)
{
	struct {
		struct zinc_gpu_request known;
		char more[MORE];
	} wide = { .known = { .size = sizeof(wide), .want = ~0U } };
	struct zinc_gpu_lock lock;
	struct zinc_gpu gpu;

	EXPECT_EQ(-ERANGE, zinc_gpu_lock_any(&wide.known, &lock, GPU_LOCK_SIZE,
					     &gpu, GPU_SIZE, NULL));
	wide.more[MORE - 1] = 1;
	EXPECT_EQ(-EINVAL, zinc_gpu_lock_any(&wide.known, &lock, GPU_LOCK_SIZE,
					     &gpu, GPU_SIZE, NULL));
}

TEST_F(lock, wide_request_for_processors)
{
	struct {
		struct zinc_cpu_request known;
		char more[MORE];
	} wide = { .known = { .size = sizeof(wide), .want = 1 } };
	struct {
		struct zinc_cpu_locks known;
		char more[MORE];
	} locks;

	memset(&locks, 7, sizeof(locks));
	locks.known.size = sizeof(locks);
	ASSERT_EQ(0, zinc_cpu_lock_acquire(&wide.known, &locks.known, NULL));
	EXPECT_EQ(1, locks.known.count);
	EXPECT_EQ(sizeof(locks), locks.known.size);
	EXPECT_TRUE(is_zero(locks.more, MORE));
	zinc_cpu_lock_release(&locks.known);
	EXPECT_EQ(0, locks.known.count);
	EXPECT_EQ(sizeof(locks), locks.known.size);
	wide.more[3] = 1;
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&wide.known, &locks.known, NULL));
}

TEST_F(lock, wide_lock_of_a_gpu)
{
	struct {
		struct zinc_gpu_lock known;
		char more[MORE];
	} wide;

	memset(&wide, 7, sizeof(wide));
	wide.known.size = sizeof(wide);
	ASSERT_EQ(0, zinc_gpu_lock_acquire("opencl", 7, ZINC_EXCLUSIVE, 0,
					   &wide.known));
	EXPECT_EQ(1, zinc_gpu_lock_is_held(&wide.known));
	EXPECT_TRUE(is_zero(wide.more, MORE));
	zinc_gpu_lock_release(&wide.known);
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&wide.known));
	EXPECT_EQ(sizeof(wide), wide.known.size);
}

/* Nothing is held, and descriptor 0 belongs to another file */
TEST(locks_of_zeros_are_not_held)
{
	struct zinc_gpu_lock gpu = { 0 };
	struct zinc_cpu_locks cpus = { 0 };

	EXPECT_EQ(0, dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0));
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&gpu));
	zinc_gpu_lock_release(&gpu);
	gpu.size = sizeof(gpu);
	EXPECT_EQ(0, zinc_gpu_lock_is_held(&gpu));
	zinc_gpu_lock_release(&gpu);
	zinc_cpu_lock_release(&cpus);
	cpus.size = sizeof(cpus);
	zinc_cpu_lock_release(&cpus);
	EXPECT_NE(-1, fcntl(0, F_GETFD));
}

TEST_HARNESS_MAIN
