// SPDX-License-Identifier: GPL-2.0-only
/* Threads, lost wake-ups and sudden deaths */

#include "lib_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* Rounds: fewer under emulation, more by ZINC_TEST_ROUNDS */
static unsigned long rounds(unsigned long native, unsigned long emulated)
{
	const char *wish = getenv("ZINC_TEST_ROUNDS");

	if (wish && *wish)
		return strtoul(wish, NULL, 0);
	return getenv("ZINC_VM") ? emulated : native;
}

/* Numbers that differ from run to run, and are printed when a test fails */
static uint32_t dice;

static uint32_t roll(void)
{
	dice = dice * 1664525 + 1013904223;
	return dice >> 8;
}

/* ---- eight threads and one handle ---- */

struct crowd {
	zinc_handle region;
	unsigned long rounds;
	unsigned long seen;
	unsigned long odd;
	int number;
};

static void *use_handle(void *arg)
{
	struct crowd *crowd = arg;
	unsigned long i;
	int32_t ret;

	for (i = 0; i < crowd->rounds; i++) {
		switch ((i + crowd->number) % 4) {
		case 0:
		case 1:
			zinc_notify(crowd->region);
			continue;
		case 2:
			ret = zinc_try_wait(crowd->region);
			crowd->odd += ret && ret != -EAGAIN;
			break;
		default:
			ret = zinc_wait(crowd->region, 1);
			crowd->odd += ret && ret != -ETIMEDOUT;
			break;
		}
		crowd->seen += !ret;
	}
	return NULL;
}

TEST(threads_on_one_handle)
{
	unsigned long count = rounds(20000, 4000);
	unsigned long seen = 0;
	struct crowd crowd[8];
	pthread_t threads[8];
	zinc_handle region;
	int i;

	ASSERT_EQ(zinc_create(named("threads"), PAGE, &region), 0);
	for (i = 0; i < 8; i++) {
		crowd[i] = (struct crowd){
			.region = region,
			.rounds = count,
			.number = i,
		};
		ASSERT_EQ(pthread_create(&threads[i], NULL, use_handle,
					 &crowd[i]), 0);
	}
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
		EXPECT_EQ(crowd[i].odd, 0);
		seen += crowd[i].seen;
	}
	/* no notify was lost or counted twice */
	EXPECT_EQ(zinc_sequence(region), 4 * count);
	EXPECT_GT(seen, 0);
	EXPECT_LE(seen, 4 * count);
	zinc_try_wait(region);
	EXPECT_EQ(zinc_try_wait(region), -EAGAIN);
	zinc_close(region);
}

static void *open_and_close(void *arg)
{
	struct crowd *crowd = arg;
	struct zinc_region_info info = info_of(crowd->region);
	zinc_handle mine;
	unsigned long i;

	for (i = 0; i < crowd->rounds; i++) {
		if (zinc_open(info.name, &mine)) {
			crowd->odd++;
			continue;
		}
		crowd->seen += zinc_capacity(mine) == info.capacity;
		zinc_close(mine);
	}
	return NULL;
}

TEST(threads_open_and_close)
{
	struct crowd crowd[8];
	pthread_t threads[8];
	zinc_handle region;
	int fds, maps;
	int i;

	ASSERT_EQ(zinc_create(named("openers"), PAGE, &region), 0);
	fds = count_fds();
	maps = count_maps();
	for (i = 0; i < 8; i++) {
		crowd[i] = (struct crowd){
			.region = region,
			.rounds = rounds(1000, 200),
		};
		ASSERT_EQ(pthread_create(&threads[i], NULL, open_and_close,
					 &crowd[i]), 0);
	}
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
		EXPECT_EQ(crowd[i].odd, 0);
		EXPECT_EQ(crowd[i].seen, crowd[i].rounds);
	}
	EXPECT_EQ(info_of(region).handles, 1);
	EXPECT_EQ(count_fds(), fds);
	/* the threads' stacks and arenas may stay */
	EXPECT_LE(count_maps(), maps + 40);
	zinc_close(region);
}

/* ---- creators and closers of one name, against each other ---- */

TEST(one_name_many_processes)
{
	unsigned long count = rounds(2000, 300);
	const char *name = named("fight");
	zinc_handle region;
	unsigned long i;
	pid_t pids[4];
	int32_t ret;
	int n;

	for (n = 0; n < 4; n++) {
		IN_CHILD(pids[n]) {
			for (i = 0; i < count; i++) {
				ret = (i + n) % 2 ? zinc_open(name, &region) :
				      zinc_create(name, PAGE, &region);
				/* what has the name is whole at any time */
				CHECK(!ret || ret == -EEXIST ||
				      ret == -ENOENT);
				if (ret)
					continue;
				CHECK(zinc_capacity(region) == PAGE);
				zinc_notify(region);
				CHECK(!zinc_wait(region, 0));
				zinc_close(region);
			}
		}
	}
	for (n = 0; n < 4; n++)
		EXPECT_EQ(reap(pids[n]), 0);
	EXPECT_EQ(probe(name), -ENOENT);
}

/* ---- lost wake-ups ---- */

#define WAITERS		8
#define PRODUCERS	2

FIXTURE(stress)
{
	const char *name;
	zinc_handle region;
};

FIXTURE_SETUP(stress)
{
	self->name = named("stress");
	forget(self->name);
	dice = now_ns();
	TH_LOG("dice %u", dice);
	ASSERT_EQ(zinc_create(self->name, PAGE, &self->region), 0);
}

FIXTURE_TEARDOWN(stress)
{
	zinc_close(self->region);
	forget(self->name);
}

/*
 * In each round, both producers notify once, each at its own time, and do not
 * notify again until every waiter has seen both notifies. A waiter that sleeps
 * through its round is a lost wake-up. Pipes begin and end the rounds, and the
 * counts are outside of the region: nothing here depends on the tested code.
 */
struct hunt {
	_Atomic unsigned long called[PRODUCERS];
	struct signpost begin[PRODUCERS];
	struct signpost heard;
	unsigned long rounds;
};

static int32_t wait_somehow(zinc_handle region, int how)
{
	uint64_t deadline = now_ns() + 3600 * NSEC_PER_SEC;
	struct pollfd entry = { .events = POLLIN };
	int32_t ret = -EOPNOTSUPP;

	switch (how % 4) {
	case 0:
		break;
	case 1:
		return zinc_wait_until(region, deadline);
	case 2:
		ret = zinc_wait_any(&region, 1, deadline, NULL);
		break;
	case 3:
		entry.fd = zinc_fd(region);
		if (entry.fd < 0)
			break;
		if (poll(&entry, 1, -1) != 1)
			return -errno;
		return zinc_try_wait(region);
	}
	if (ret == -EOPNOTSUPP)
		ret = zinc_wait(region, ZINC_WAIT_FOREVER);
	return ret;
}

static void hear(struct hunt *hunt, const char *name, int how)
{
	zinc_handle region;
	unsigned long round;

	CHECK(!zinc_open(name, &region));
	for (round = 1; round <= hunt->rounds; round++) {
		while (atomic_load(&hunt->called[0]) < round ||
		       atomic_load(&hunt->called[1]) < round)
			CHECK(!wait_somehow(region, how));
		post(&hunt->heard);
	}
	zinc_close(region);
}

static void call(struct hunt *hunt, const char *name, int number)
{
	volatile unsigned int pause;
	unsigned long round;
	zinc_handle region;

	dice += number;
	CHECK(!zinc_open(name, &region));
	for (round = 1; round <= hunt->rounds; round++) {
		await(&hunt->begin[number]);
		for (pause = roll() % 4096; pause; pause--)
			;
		atomic_store(&hunt->called[number], round);
		zinc_notify(region);
	}
	zinc_close(region);
}

TEST_F_TIMEOUT(stress, no_wakeup_is_lost, 120)
{
	pid_t pids[WAITERS + PRODUCERS];
	unsigned long round;
	struct hunt *hunt;
	int i;

	hunt = mmap(NULL, sizeof(*hunt), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(hunt, MAP_FAILED);
	hunt->rounds = rounds(10000, 1500);
	post_init(&hunt->heard);
	for (i = 0; i < PRODUCERS; i++)
		post_init(&hunt->begin[i]);
	for (i = 0; i < WAITERS + PRODUCERS; i++) {
		IN_CHILD(pids[i]) {
			if (i < PRODUCERS)
				call(hunt, self->name, i);
			else
				hear(hunt, self->name, i);
		}
	}
	for (round = 1; round <= hunt->rounds; round++) {
		for (i = 0; i < PRODUCERS; i++)
			post(&hunt->begin[i]);
		for (i = 0; i < WAITERS; i++) {
			struct pollfd entry = {
				.fd = hunt->heard.fds[0],
				.events = POLLIN,
			};

			ASSERT_EQ(poll(&entry, 1, PATIENCE_MS), 1) {
				TH_LOG("round %lu: %d of %d heard of it",
				       round, i, WAITERS);
			}
			await(&hunt->heard);
		}
	}
	for (i = 0; i < WAITERS + PRODUCERS; i++)
		EXPECT_EQ(reap(pids[i]), 0);
	EXPECT_EQ(zinc_sequence(self->region), PRODUCERS * hunt->rounds);
	munmap(hunt, sizeof(*hunt));
}

/* ---- sudden deaths ---- */

static void sleep_us(unsigned int us)
{
	struct timespec ts = { 0, us * 1000L };

	nanosleep(&ts, NULL);
}

/* Make and unmake a region as fast as it goes, until killed */
static void make_and_unmake(const char *name)
{
	zinc_handle region;
	zinc_handle other;

	for (;;) {
		if (zinc_create(name, 4 * PAGE, &region))
			continue;
		memset(zinc_ptr(region), 0xff, 4 * PAGE);
		zinc_notify(region);
		if (!zinc_open(name, &other))
			zinc_close(other);
		zinc_close(region);
	}
}

/*
 * Killed anywhere between the first system call and the last: a later process
 * finds a region, none, or a bad one, and can always begin anew.
 */
TEST_F_TIMEOUT(stress, killed_while_making, 120)
{
	unsigned long count = rounds(200, 60);
	const char *name = named("victim");
	int fds = count_fds();
	zinc_handle region;
	unsigned long i;
	int32_t ret;
	pid_t pid;

	for (i = 0; i < count; i++) {
		IN_CHILD(pid)
			make_and_unmake(name);
		sleep_us(roll() % 4000);
		kill(pid, SIGKILL);
		ASSERT_EQ(reap(pid), -SIGKILL);
		ret = probe(name);
		if (on_kmod()) {
			ASSERT_EQ(ret, -ENOENT);
		} else {
			ASSERT_TRUE(!ret || ret == -ENOENT) {
				TH_LOG("open gives %d", ret);
			}
			ret = zinc_unlink(name);
			ASSERT_TRUE(!ret || ret == -ENOENT);
		}
		ASSERT_EQ(zinc_create(name, PAGE, &region), 0);
		ASSERT_EQ(zinc_ptr(region)[0], 0);
		zinc_close(region);
		ASSERT_EQ(probe(name), -ENOENT);
	}
	EXPECT_EQ(count_fds(), fds);
	EXPECT_EQ(info_of(self->region).handles, 1);
}

/* Use another process's region as fast as possible, until killed */
static void use_until_killed(const char *name)
{
	zinc_handle region;
	uint32_t turn;

	for (turn = 0; ; turn++) {
		if (zinc_open(name, &region))
			_exit(1);
		zinc_notify(region);
		zinc_wait(region, 0);
		zinc_wait(region, turn % 3);
		zinc_close(region);
	}
}

TEST_F_TIMEOUT(stress, killed_while_using, 120)
{
	unsigned long count = rounds(200, 60);
	zinc_handle survivor;
	unsigned long i;
	pid_t pids[2];
	int n;

	ASSERT_EQ(zinc_open(self->name, &survivor), 0);
	for (i = 0; i < count; i++) {
		for (n = 0; n < 2; n++)
			IN_CHILD(pids[n])
				use_until_killed(self->name);
		sleep_us(roll() % 4000);
		for (n = 0; n < 2; n++)
			kill(pids[n], SIGKILL);
		for (n = 0; n < 2; n++)
			ASSERT_EQ(reap(pids[n]), -SIGKILL);

		/* the living processes notice nothing */
		if (on_kmod())
			ASSERT_EQ(info_of(self->region).handles, 2);
		zinc_notify(self->region);
		ASSERT_EQ(zinc_wait(survivor, ZINC_WAIT_FOREVER), 0);
		ASSERT_EQ(zinc_wait(survivor, 0), -ETIMEDOUT);
		ASSERT_EQ(zinc_wait(survivor, 1), -ETIMEDOUT);
		ASSERT_EQ(probe(self->name), 0);
	}
	zinc_close(survivor);
}

/* A waiter that is killed in its sleep does not stop the others from waking */
TEST_F(stress, killed_in_its_sleep)
{
	zinc_handle mine;
	pid_t pids[3];
	int i;

	for (i = 0; i < 3; i++) {
		IN_CHILD(pids[i]) {
			CHECK(!zinc_open(self->name, &mine));
			CHECK(!zinc_wait(mine, ZINC_WAIT_FOREVER));
		}
		ASSERT_TRUE(asleep(pids[i]));
	}
	kill(pids[1], SIGKILL);
	EXPECT_EQ(reap(pids[1]), -SIGKILL);
	zinc_notify(self->region);
	EXPECT_EQ(reap(pids[0]), 0);
	EXPECT_EQ(reap(pids[2]), 0);
}

TEST_HARNESS_MAIN
