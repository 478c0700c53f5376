/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests of locks.
 */
#ifndef LOCK_TEST_H
#define LOCK_TEST_H

#include "lib_test.h"
#include "zinc-lock.h"

/* Sizes for functions that fill arrays */
#define HOLDER_SIZE		sizeof(struct zinc_lock_holder)
#define CLAIM_SIZE		sizeof(struct zinc_device_claim)
#define RESERVATION_SIZE	sizeof(struct zinc_reservation_holder)
#define GPU_SIZE		sizeof(struct zinc_gpu)
#define GPU_LOCK_SIZE		sizeof(struct zinc_gpu_lock)
#define PLACE_SIZE		sizeof(struct zinc_cpu_place)

/* A folder of our own, in which all locks of a test are */
FIXTURE(lock)
{
	char dir[64];
	char path[96];
	char *why;
};

FIXTURE_SETUP(lock)
{
	strcpy(self->dir, "/tmp/zinc-lock-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/a.lock", self->dir);
	setenv("ZINC_LOCK_DIR", self->dir, 1);
	self->why = NULL;
}

FIXTURE_TEARDOWN(lock)
{
	char command[128];

	free(self->why);
	snprintf(command, sizeof(command), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(command));
}

/* A process that has the lock until it is told to end by @to */
static inline pid_t hold(const char *path, uint32_t mode, int *to)
{
	int ready[2], end[2];
	pid_t pid;
	char c;

	CHECK(!pipe(ready) && !pipe(end));
	pid = fork_or_die();
	if (!pid) {
		close(end[1]);
		CHECK(zinc_flock_try(path, mode, NULL) >= 0);
		CHECK(write(ready[1], "", 1) == 1);
		CHECK(read(end[0], &c, 1) == 1);
		_exit(0);
	}
	close(end[0]);
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	*to = end[1];
	return pid;
}

static inline int let_go(pid_t pid, int to)
{
	/* others that were forked since have this end, too: it must be told */
	CHECK(write(to, "", 1) == 1);
	close(to);
	return reap(pid);
}

#endif /* LOCK_TEST_H */
