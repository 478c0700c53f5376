// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's locks on processors and last-level caches: what a machine has,
 * which are chosen, all or nothing.
 */
#include "lib_test.h"
#include "lock_machine.h"
#include "lock_test.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "lock/internal.h"

static struct zinc_cpu_request cpus(const char *list)
{
	return (struct zinc_cpu_request){ .size = sizeof(struct zinc_cpu_request),
					  .list = list };
}

static struct zinc_cpu_request llcs(const char *list)
{
	struct zinc_cpu_request request = cpus(list);

	request.llcs = 1;
	return request;
}

static struct zinc_cpu_request any(uint32_t want)
{
	struct zinc_cpu_request request = cpus(NULL);

	request.want = want;
	return request;
}

/* Is no lock of this kind and number exclusive? And is there none at all? */
static bool is_free(const char *kind, int number, uint32_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/zinc-%s-%d.lock", getenv("ZINC_LOCK_DIR"),
		 kind, number);
	fd = zinc_flock_try(path, mode, NULL);
	zinc_flock_release(fd);
	return fd >= 0;
}

/* ---- what a machine has ------------------------------------------------------ */

TEST(lists)
{
	static const struct {
		const char *text;
		const char *want;
	} good[] = {
		{ "0", "0" }, { "3\n", "3" }, { "0-2", "0 1 2" },
		{ "5,0-1", "0 1 5" }, { "1,1-2,2", "1 2" }, { "7-7", "7" },
		{ "65535", "65535" },
	};
	static const char *const bad[] = {
		"", "\n", ",", "1,", ",1", "1,,2", "2-1", "-1", "1-", "1-2-3",
		"a", "1 2", "0x1", "65536", "99999999999999999999", "1\n2", "+1",
		"0-65535,0-65535",
	};
	uint32_t *numbers;
	size_t n, i, j;
	char text[64];

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_EQ(0, zinc_cpulist_parse(good[i].text, strlen(good[i].text),
						&numbers, &n));
		text[0] = '\0';
		for (j = 0; j < n; j++)
			sprintf(text + strlen(text), j ? " %u" : "%u", numbers[j]);
		EXPECT_STREQ(good[i].want, text);
		free(numbers);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, zinc_cpulist_parse(bad[i], strlen(bad[i]),
						      &numbers, &n))
			TH_LOG("list %zu", i);
	/* a NUL does not end the text */
	EXPECT_EQ(-EINVAL, zinc_cpulist_parse("1\0", 2, &numbers, &n));
}

TEST_F(lock, a_machine_is_read)
{
	struct zinc_topology t;
	char sysfs[80];
	size_t i;

	snprintf(sysfs, sizeof(sysfs), "%s/sys", self->dir);
	put_machine(self->dir);
	ASSERT_EQ(0, zinc_topology_read(sysfs, &t));
	ASSERT_EQ(FAKE_CPUS, t.count);
	EXPECT_EQ(4, t.llcs);
	for (i = 0; i < t.count; i++) {
		EXPECT_EQ(i, t.places[i].cpu);
		EXPECT_EQ(i / 2, t.places[i].llc);
		EXPECT_EQ(nodes_of[i], t.places[i].node);
	}
	EXPECT_EQ(NULL, zinc_topology_find(&t, FAKE_CPUS));
	zinc_topology_free(&t);
	EXPECT_EQ(20, zinc_node_distance(sysfs, 0, 2));
	EXPECT_EQ(40, zinc_node_distance(sysfs, 1, 0));
	EXPECT_LT(40, zinc_node_distance(sysfs, 0, 3));
	EXPECT_LT(40, zinc_node_distance(sysfs, -1, 0));
}

TEST_F(lock, a_machine_that_says_little)
{
	struct zinc_topology t;
	char sysfs[80];

	snprintf(sysfs, sizeof(sysfs), "%s/sys", self->dir);
	EXPECT_EQ(-ENOENT, zinc_topology_read(sysfs, &t));
	put(self->dir, "devices/system/cpu/online", "0,2-3\n");
	/* neither caches nor packages: each is alone */
	ASSERT_EQ(0, zinc_topology_read(sysfs, &t));
	ASSERT_EQ(3, t.count);
	EXPECT_EQ(3, t.llcs);
	EXPECT_EQ(2, t.places[1].cpu);
	EXPECT_EQ(-1, t.places[1].node);
	zinc_topology_free(&t);
	put(self->dir, "devices/system/cpu/cpu2/topology/package_cpus_list",
	    "2-3\n");
	ASSERT_EQ(0, zinc_topology_read(sysfs, &t));
	EXPECT_EQ(2, t.llcs);
	EXPECT_EQ(t.places[1].llc, t.places[2].llc);
	zinc_topology_free(&t);
	put(self->dir, "devices/system/cpu/online", "nonsense\n");
	EXPECT_EQ(-EINVAL, zinc_topology_read(sysfs, &t));
}

TEST(this_machine)
{
	struct zinc_cpu_place *places;
	size_t n, i;

	ASSERT_EQ(0, zinc_cpu_places(&places, &n, PLACE_SIZE));
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN), n);
	EXPECT_EQ(0, places[0].llc);
	for (i = 1; i < n; i++)
		EXPECT_LT(places[i - 1].cpu, places[i].cpu);
	zinc_cpu_places_free(places);
	EXPECT_EQ(-EINVAL, zinc_cpu_places(NULL, &n, PLACE_SIZE));
	EXPECT_EQ(-EINVAL, zinc_cpu_places(&places, NULL, PLACE_SIZE));
}

/* ---- requested processors ------------------------------------------------------- */

TEST_F(lock, processors_exclusively_their_cache_shared)
{
	struct zinc_cpu_request request = cpus("3,2,4");
	struct zinc_cpu_locks locks = { .size = sizeof(locks) },
		others = { .size = sizeof(others) };

	put_machine(self->dir);
	ASSERT_EQ(0, on_fake(self->dir, &request, &locks, &self->why));
	EXPECT_EQ(NULL, self->why);
	ASSERT_EQ(3, locks.count);
	EXPECT_EQ(2, locks.numbers[0]);
	EXPECT_EQ(4, locks.numbers[2]);
	/* and, with the module, a reservation */
	EXPECT_LE(5, locks.fds_count);
	EXPECT_EQ(FD_CLOEXEC, fcntl(locks.fds[0], F_GETFD));
	EXPECT_FALSE(is_free("cpu", 2, ZINC_SHARED));
	EXPECT_FALSE(is_free("cpu", 4, ZINC_SHARED));
	EXPECT_TRUE(is_free("cpu", 5, ZINC_EXCLUSIVE));
	EXPECT_FALSE(is_free("llc", 1, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("llc", 1, ZINC_SHARED));
	EXPECT_FALSE(is_free("llc", 2, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("llc", 0, ZINC_EXCLUSIVE));
	/* another one of the same cache */
	request = cpus("5");
	ASSERT_EQ(0, on_fake(self->dir, &request, &others, NULL));
	zinc_cpu_lock_release(&others);
	zinc_cpu_lock_release(&locks);
	EXPECT_EQ(0, locks.count);
	EXPECT_TRUE(is_free("cpu", 2, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("llc", 1, ZINC_EXCLUSIVE));
	zinc_cpu_lock_release(&locks);
	zinc_cpu_lock_release(NULL);
}

TEST_F(lock, all_or_nothing_and_who_is_in_the_way)
{
	struct zinc_cpu_request request = cpus("0-3");
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	char path[128], want[128];
	pid_t pid;
	int to;

	put_machine(self->dir);
	ASSERT_EQ(0, zinc_cpu_lock_path(path, sizeof(path), 3));
	pid = hold(path, ZINC_EXCLUSIVE, &to);
	EXPECT_EQ(-EBUSY, on_fake(self->dir, &request, &locks, &self->why));
	EXPECT_EQ(0, locks.count);
	EXPECT_EQ(NULL, locks.fds);
	snprintf(want, sizeof(want), "CPU 3 is locked by pid=%d cmd=", pid);
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp(want, self->why, strlen(want)))
		TH_LOG("%s", self->why);
	EXPECT_NE(NULL, strstr(self->why, path));
	EXPECT_TRUE(is_free("cpu", 0, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("cpu", 2, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("llc", 0, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("llc", 1, ZINC_EXCLUSIVE));
	EXPECT_EQ(0, let_go(pid, to));
}

TEST_F(lock, a_whole_cache_keeps_its_processors)
{
	struct zinc_cpu_request whole = llcs("0,2"), some = cpus("1");
	struct zinc_cpu_locks locks = { .size = sizeof(locks) },
		others = { .size = sizeof(others) };

	put_machine(self->dir);
	ASSERT_EQ(0, on_fake(self->dir, &whole, &locks, NULL));
	ASSERT_EQ(2, locks.count);
	EXPECT_EQ(2, locks.numbers[1]);
	EXPECT_EQ(-EBUSY, on_fake(self->dir, &some, &others, &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_EQ(0, strncmp("LLC 0 is locked by ", self->why, 19));
	zinc_cpu_lock_release(&locks);
	ASSERT_EQ(0, on_fake(self->dir, &some, &others, NULL));
	EXPECT_EQ(-EBUSY, on_fake(self->dir, &whole, &locks, NULL));
	EXPECT_TRUE(is_free("llc", 2, ZINC_EXCLUSIVE));
	zinc_cpu_lock_release(&others);
}

TEST_F(lock, shared_processors_and_caches)
{
	struct zinc_cpu_request request = cpus("2-3"), whole = llcs("1");
	struct zinc_cpu_locks one = { .size = sizeof(one) },
			      other = { .size = sizeof(other) },
			      none = { .size = sizeof(none) };
	struct zinc_lock_holder *h;
	char path[128];
	size_t n;

	put_machine(self->dir);
	request.mode = ZINC_SHARED;
	ASSERT_EQ(0, on_fake(self->dir, &request, &one, NULL));
	ASSERT_EQ(0, on_fake(self->dir, &request, &other, NULL));
	zinc_cpu_lock_path(path, sizeof(path), 2);
	ASSERT_EQ(0, zinc_flock_holders(path, &h, &n, sizeof(*h)));
	ASSERT_EQ(1, n);
	EXPECT_EQ(ZINC_SHARED, h->mode);
	zinc_holders_free(h);
	zinc_cpu_lock_release(&other);
	request.mode = ZINC_EXCLUSIVE;
	EXPECT_EQ(-EBUSY, on_fake(self->dir, &request, &none, &self->why));
	EXPECT_EQ(0, strncmp("CPU 2 is locked by pid=", self->why, 23))
		TH_LOG("%s", self->why);
	EXPECT_EQ(-EBUSY, on_fake(self->dir, &whole, &none, NULL));
	whole.mode = ZINC_SHARED;
	ASSERT_EQ(0, on_fake(self->dir, &whole, &other, NULL));
	zinc_cpu_lock_release(&one);
	/* processors of a cache that is shared can be had alone */
	ASSERT_EQ(0, on_fake(self->dir, &request, &one, NULL));
	zinc_cpu_lock_release(&one);
	request = any(8);
	request.mode = ZINC_SHARED;
	ASSERT_EQ(0, on_fake(self->dir, &request, &one, NULL));
	zinc_cpu_lock_release(&other);
	ASSERT_EQ(0, on_fake(self->dir, &request, &other, NULL));
	EXPECT_EQ(8, other.count);
	zinc_cpu_lock_release(&one);
	zinc_cpu_lock_release(&other);
}

/* ---- chosen processors ------------------------------------------------------------ */

TEST_F(lock, shared_caches_come_first_then_what_is_near)
{
	struct zinc_cpu_request request = cpus("2");
	struct zinc_cpu_locks one = { .size = sizeof(one) },
		locks = { .size = sizeof(locks) };
	static const uint32_t want[] = { 0, 1, 3, 6 };
	size_t i;

	put_machine(self->dir);
	/* LLC 1, of node 0, is in use: its other CPU, then node 0's, then node 2's */
	ASSERT_EQ(0, on_fake(self->dir, &request, &one, NULL));
	request = any(4);
	ASSERT_EQ(0, on_fake(self->dir, &request, &locks, NULL));
	ASSERT_EQ(4, locks.count);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(want[i], locks.numbers[i]);
	EXPECT_TRUE(is_free("llc", 2, ZINC_EXCLUSIVE));
	zinc_cpu_lock_release(&locks);
	zinc_cpu_lock_release(&one);
	/* next to node 1, node 2 is nearer than node 0 */
	request = cpus("4");
	ASSERT_EQ(0, on_fake(self->dir, &request, &one, NULL));
	request = any(3);
	ASSERT_EQ(0, on_fake(self->dir, &request, &locks, NULL));
	EXPECT_EQ(5, locks.numbers[0]);
	EXPECT_EQ(6, locks.numbers[1]);
	EXPECT_EQ(7, locks.numbers[2]);
	zinc_cpu_lock_release(&locks);
	zinc_cpu_lock_release(&one);
}

TEST_F(lock, what_is_busy_is_passed_over)
{
	struct zinc_cpu_request request = llcs("0");
	struct zinc_cpu_locks whole = { .size = sizeof(whole) },
		one = { .size = sizeof(one) },
		locks = { .size = sizeof(locks) };

	put_machine(self->dir);
	ASSERT_EQ(0, on_fake(self->dir, &request, &whole, NULL));
	request = cpus("2");
	ASSERT_EQ(0, on_fake(self->dir, &request, &one, NULL));
	request = any(5);
	ASSERT_EQ(0, on_fake(self->dir, &request, &locks, NULL));
	EXPECT_EQ(3, locks.numbers[0]);
	EXPECT_EQ(7, locks.numbers[4]);
	zinc_cpu_lock_release(&locks);
	request = any(6);
	EXPECT_EQ(-EBUSY, on_fake(self->dir, &request, &locks, &self->why));
	ASSERT_NE(NULL, self->why);
	EXPECT_NE(NULL, strstr(self->why, "CPUs wanted: 6")) TH_LOG("%s", self->why);
	EXPECT_NE(NULL, strstr(self->why, "LLC 0 is locked by pid="));
	EXPECT_TRUE(is_free("cpu", 3, ZINC_EXCLUSIVE));
	EXPECT_TRUE(is_free("llc", 3, ZINC_EXCLUSIVE));
	zinc_cpu_lock_release(&one);
	zinc_cpu_lock_release(&whole);
}

TEST_F(lock, a_cache_without_a_free_processor_is_left_alone)
{
	struct zinc_cpu_request request = any(1);
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	char path[2][128];
	int fds[2], i;

	put_machine(self->dir);
	for (i = 0; i < 2; i++) {
		zinc_cpu_lock_path(path[i], sizeof(path[i]), i);
		fds[i] = zinc_flock_try(path[i], ZINC_EXCLUSIVE, NULL);
		ASSERT_LE(0, fds[i]);
	}
	ASSERT_EQ(0, on_fake(self->dir, &request, &locks, NULL));
	EXPECT_LE(2, locks.numbers[0]);
	EXPECT_LE(2, locks.fds_count);
	EXPECT_GE(3, locks.fds_count);
	EXPECT_TRUE(is_free("llc", 0, ZINC_EXCLUSIVE));
	zinc_cpu_lock_release(&locks);
	zinc_flock_release(fds[0]);
	zinc_flock_release(fds[1]);
}

TEST_F(lock, never_outside_the_affinity_mask)
{
	struct zinc_cpu_request request = any(1);
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	struct zinc_cpu_place *places;
	cpu_set_t set, old;
	size_t n;

	ASSERT_EQ(0, zinc_cpu_places(&places, &n, PLACE_SIZE));
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(old), &old));
	CPU_ZERO(&set);
	CPU_SET(places[n - 1].cpu, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	ASSERT_EQ(0, zinc_cpu_lock_acquire(&request, &locks, NULL));
	EXPECT_EQ(1, locks.count);
	EXPECT_EQ(places[n - 1].cpu, locks.numbers[0]);
	zinc_cpu_lock_release(&locks);
	request = any(2);
	EXPECT_EQ(-ERANGE, zinc_cpu_lock_acquire(&request, &locks, &self->why));
	EXPECT_STREQ("CPUs wanted: 2; this process may use 1: see taskset(1)",
		     self->why);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(old), &old));
	zinc_cpu_places_free(places);
}

/* ---- waiting ---------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / NSEC_PER_MSEC;
}

TEST_F(lock, a_timeout_leaves_nothing_locked)
{
	struct zinc_cpu_request requests[] = { cpus("0-1"), llcs("0"), any(8) };
	struct zinc_cpu_request one = cpus("1");
	struct zinc_cpu_locks locks = { .size = sizeof(locks) },
		held = { .size = sizeof(held) };
	uint64_t begin;
	size_t i;

	put_machine(self->dir);
	ASSERT_EQ(0, on_fake(self->dir, &one, &held, NULL));
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		requests[i].timeout_ms = 250;
		begin = now_ms();
		EXPECT_EQ(-ETIMEDOUT, on_fake(self->dir, &requests[i], &locks,
					      &self->why));
		EXPECT_LE(250, now_ms() - begin);
		EXPECT_GT(250 + PATIENCE_MS, now_ms() - begin);
		ASSERT_NE(NULL, self->why);
		EXPECT_NE(NULL, strstr(self->why, "is locked by pid="));
		free(self->why);
		self->why = NULL;
		EXPECT_EQ(NULL, locks.fds);
		EXPECT_TRUE(is_free("cpu", 0, ZINC_EXCLUSIVE));
	}
	zinc_cpu_lock_release(&held);
}

TEST_F(lock, a_wait_ends_when_all_are_free)
{
	struct zinc_cpu_request requests[] = { cpus("0-1"), llcs("0"), any(8) };
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	char path[128];
	size_t i;
	pid_t pid;
	int to;

	put_machine(self->dir);
	zinc_cpu_lock_path(path, sizeof(path), 1);
	ASSERT_EQ(0, zinc_flock_materialize(path, NULL));
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		pid_t waiter;

		if (requests[i].llcs)
			zinc_llc_lock_path(path, sizeof(path), 0);
		else
			zinc_cpu_lock_path(path, sizeof(path), 1);
		pid = hold(path, ZINC_EXCLUSIVE, &to);
		waiter = fork_or_die();
		if (!waiter) {
			requests[i].timeout_ms = PATIENCE_MS * 6;
			CHECK(!on_fake(self->dir, &requests[i], &locks, NULL));
			_exit(0);
		}
		usleep(150000);
		EXPECT_EQ(0, waitpid(waiter, NULL, WNOHANG));
		EXPECT_EQ(0, let_go(pid, to));
		EXPECT_EQ(0, reap(waiter));
	}
}

/* A cache of which the caller may use no processor is none to choose */
TEST_F(lock, only_what_is_allowed)
{
	static const uint32_t allowed[] = { 3, 6 };
	char sysfs[80];
	const struct zinc_machine machine = {
		.sysfs = sysfs,
		.allowed = allowed,
		.allowed_count = ARRAY_SIZE(allowed),
	};
	struct zinc_cpu_request request = any(2);
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };

	put_machine(self->dir);
	snprintf(sysfs, sizeof(sysfs), "%s/sys", self->dir);
	ASSERT_EQ(0, zinc_cpu_acquire_on(&machine, &request, &locks, NULL));
	ASSERT_EQ(2, locks.count);
	EXPECT_EQ(3, locks.numbers[0]);
	EXPECT_EQ(6, locks.numbers[1]);
	zinc_cpu_lock_release(&locks);
	request.want = 3;
	EXPECT_EQ(-ERANGE, zinc_cpu_acquire_on(&machine, &request, &locks, NULL));
}

TEST_F(lock, cpu_bad_arguments)
{
	static const struct {
		const char *list;
		uint32_t llcs;
		int32_t err;
		const char *why;
	} lists[] = {
		{ "", 0, -EINVAL, "invalid list of CPUs '': expected numbers" },
		{ "x", 1, -EINVAL, "invalid list of LLCs 'x': expected numbers" },
		{ "0-8", 0, -ENODEV, "CPU 8 does not exist, " },
		{ "4", 1, -ENODEV, "LLC 4 does not exist, " },
	};
	struct zinc_cpu_request request;
	struct zinc_cpu_locks locks = { .size = sizeof(locks) };
	size_t i;

	put_machine(self->dir);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		request = cpus(lists[i].list);
		request.llcs = lists[i].llcs;
		EXPECT_EQ(lists[i].err, on_fake(self->dir, &request, &locks,
						&self->why));
		ASSERT_NE(NULL, self->why);
		EXPECT_EQ(0, strncmp(lists[i].why, self->why,
				     strlen(lists[i].why)));
		free(self->why);
		self->why = NULL;
	}
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(NULL, &locks, NULL));
	request = cpus("0");
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, NULL, NULL));
	request.size--;
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, &locks, NULL));
	request = cpus(NULL);
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, &locks, NULL));
	request = cpus("0");
	request.want = 1;
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, &locks, NULL));
	request = any(1);
	request.llcs = 1;
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, &locks, NULL));
	request = cpus("0");
	request.mode = 2;
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, &locks, NULL));
	request.mode = ZINC_SHARED;
	request.reserved = 1;
	EXPECT_EQ(-EINVAL, zinc_cpu_lock_acquire(&request, &locks, NULL));
	request = any(9);
	EXPECT_EQ(-ERANGE, on_fake(self->dir, &request, &locks, NULL));
}

/* Four that want 3 of 8, and two that want a whole cache: none meets another */
TEST_F_TIMEOUT(lock, nobody_has_what_another_has, 600)
{
	int *users = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum { PROCESSES = 6 };
	/* on an emulated machine they find each other in the way at once */
	int rounds = getenv("ZINC_VM") ? 8 : 40;
	pid_t pids[PROCESSES];
	int i;

	ASSERT_NE(MAP_FAILED, users);
	put_machine(self->dir);
	for (i = 0; i < PROCESSES; i++) {
		struct zinc_cpu_request r = i < 4 ? any(3) : llcs("1-2");
		struct zinc_cpu_locks locks = { .size = sizeof(locks) };
		uint32_t first, cpu;
		size_t j;
		int round;

		pids[i] = fork_or_die();
		if (pids[i])
			continue;
		r.timeout_ms = ZINC_WAIT_FOREVER;
		for (round = 0; round < rounds; round++) {
			CHECK(!on_fake(self->dir, &r, &locks, NULL));
			for (j = 0; j < locks.count * (r.llcs ? 2 : 1); j++) {
				first = locks.numbers[r.llcs ? j / 2 : j];
				cpu = r.llcs ? first * 2 + j % 2 : first;
				CHECK(!__atomic_fetch_add(&users[cpu], 1,
							  __ATOMIC_SEQ_CST));
			}
			usleep(500);
			for (j = 0; j < locks.count * (r.llcs ? 2 : 1); j++) {
				first = locks.numbers[r.llcs ? j / 2 : j];
				cpu = r.llcs ? first * 2 + j % 2 : first;
				__atomic_fetch_sub(&users[cpu], 1,
						   __ATOMIC_SEQ_CST);
			}
			zinc_cpu_lock_release(&locks);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(pids[i]));
	munmap(users, PAGE);
}

TEST_HARNESS_MAIN
