// SPDX-License-Identifier: MIT
/*
 * A lock on a GPU: lock files, which other programs use too, and a reservation
 * by the kernel module.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/gpu.h"

static_assert(sizeof(struct zinc_gpu_lock) == ZINC_GPU_LOCK_SIZE_V1,
	      "the size of the first version never changes");

#define CLAIMS_MAX	3

/*
 * struct claim - a name under which a GPU is locked
 * @device: the name, for a reservation
 * @path: the lock file
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 */
struct claim {
	char device[ZINC_DEVICE_NAME_MAX + 1];
	char path[PATH_MAX];
	uint32_t mode;
};

/*
 * struct claims - all names under which one GPU is locked
 * @name: the name that the caller passed, for messages
 * @claim: the names, in the order in which their files are locked
 * @count: number of names
 * @busy: index of the busy name, after -EBUSY of a file
 */
struct claims {
	char name[ZINC_DEVICE_NAME_MAX + 1];
	struct claim claim[CLAIMS_MAX];
	size_t count;
	size_t busy;
};

static int add_claim(struct claims *c, const struct zinc_gpu_name *name,
		     uint32_t mode, char **why)
{
	struct claim *claim = &c->claim[c->count];
	int err = zinc_gpu_name_path(claim->path, sizeof(claim->path), name,
				     why);

	if (err)
		return err;
	zinc_gpu_name_print(claim->device, sizeof(claim->device), name);
	claim->mode = mode;
	c->count++;
	return 0;
}

/*
 * The claims are: the name that programs without visibility variables lock, the
 * GPU itself, and the partition. The lock on a partition shares the first two
 * with the locks on other partitions. A GPU that cannot be determined is locked
 * only by the given name.
 */
static int add_claims(struct claims *c, const struct zinc_gpu_name *name,
		      uint32_t mode, char **why)
{
	char reason[ZINC_REASON_SIZE];
	struct zinc_gpu_resolved id;
	uint32_t of_gpu;
	int err = 0;

	zinc_gpu_name_print(c->name, sizeof(c->name), name);
	if (zinc_gpu_identify(name, &id, reason))
		return add_claim(c, name, mode, why);
	of_gpu = id.part.kind == ZINC_GPU_NONE ? mode : ZINC_SHARED;
	if (id.seed.kind != ZINC_GPU_NONE)
		err = add_claim(c, &id.seed, of_gpu, why);
	if (!err)
		err = add_claim(c, &id.physical, of_gpu, why);
	if (!err && id.part.kind != ZINC_GPU_NONE)
		err = add_claim(c, &id.part, mode, why);
	return err;
}

/* A descriptor; -1 without the module, which sets *@none; -errno */
static int take_reservation(const struct claims *c, uint64_t deadline,
			    bool *none)
{
	struct zinc_device_claim claims[CLAIMS_MAX] = {};
	size_t i;
	int fd;

	for (i = 0; i < c->count; i++) {
		claims[i].device = c->claim[i].device;
		claims[i].mode = c->claim[i].mode;
	}
	fd = zinc_reserve_until(claims, c->count, deadline);
	*none = fd == -EOPNOTSUPP;
	return *none ? -1 : fd;
}

/* After an error, the caller releases the files that were locked */
static int take_files(struct claims *c, uint64_t deadline,
		      struct zinc_gpu_lock *lock, char **why)
{
	int *const to[CLAIMS_MAX] = {
		&lock->file, &lock->more[0], &lock->more[1],
	};
	int fd;

	for (c->busy = 0; c->busy < c->count && c->busy < CLAIMS_MAX;
	     c->busy++) {
		const struct claim *claim = &c->claim[c->busy];

		fd = zinc_flock_own(claim->path, claim->mode, deadline, why);
		if (fd < 0)
			return fd;
		*to[c->busy] = fd;
	}
	return 0;
}

static bool is_lock(const struct zinc_gpu_lock *lock)
{
	return lock && zinc_size_is_valid(lock->size, ZINC_GPU_LOCK_SIZE_V1);
}

static void empty(struct zinc_gpu_lock *lock)
{
	uint32_t size = lock->size;
	size_t i;

	memset(lock, 0, size);
	lock->size = size;
	lock->file = -1;
	lock->reservation = -1;
	for (i = 0; i < ARRAY_SIZE(lock->more); i++)
		lock->more[i] = -1;
}

static void give_back(struct zinc_gpu_lock *lock)
{
	size_t i;

	/* first, so that the next owner of the files finds it free */
	if (lock->reservation >= 0)
		zinc_reservation_close(lock->reservation);
	for (i = ARRAY_SIZE(lock->more); i > 0; i--)
		if (lock->more[i - 1] >= 0)
			zinc_flock_close(lock->more[i - 1]);
	if (lock->file >= 0)
		zinc_flock_close(lock->file);
	empty(lock);
}

/* Lock the files, then reserve, without waiting */
static int try_all(struct claims *c, struct zinc_gpu_lock *lock, char **why)
{
	bool none;
	int err;

	err = take_files(c, 0, lock, why);
	if (err)
		return err;
	lock->reservation = take_reservation(c, 0, &none);
	return lock->reservation < 0 && !none ? lock->reservation : 0;
}

/* Wait: the reservation first, since the module grants it in FIFO order */
static int wait_all(struct claims *c, uint64_t deadline,
		    struct zinc_gpu_lock *lock, char **why)
{
	bool none;

	c->busy = c->count;
	lock->reservation = take_reservation(c, deadline, &none);
	if (lock->reservation < 0 && !none)
		return lock->reservation;
	return take_files(c, deadline, lock, why);
}

static int acquire(struct claims *c, uint64_t deadline,
		   struct zinc_gpu_lock *lock, char **why)
{
	int err = try_all(c, lock, why);

	if (err != -EBUSY || !deadline)
		return err;
	give_back(lock);
	return wait_all(c, deadline, lock, why);
}

/* The holders of the busy file, else of the first name that has any */
static char *whose(const struct claims *c)
{
	struct zinc_lock_holder *holders = NULL;
	char *who = NULL;
	size_t count, i;

	for (i = 0; i < c->count && !who; i++) {
		const struct claim *claim = &c->claim[(c->busy + i) % c->count];

		count = 0;
		zinc_flock_holders(claim->path, &holders, &count,
				   sizeof(*holders));
		if (count)
			who = zinc_holders_inline(holders, count);
		else
			who = zinc_reservation_text(claim->device, claim->mode);
		zinc_holders_free(holders);
		holders = NULL;
	}
	return who ? who : zinc_holders_inline(NULL, 0);
}

static int refuse(const struct claims *c, int err, char **why)
{
	char *who;

	if (!why || *why)
		return err;
	/* an -EACCES of a file has set *@why */
	if (err == -EACCES)
		return zinc_why(why, err,
				"GPU %s: /dev/zinc exists, but this user may not use it for a reservation: see 'zinc doctor'",
				c->name);
	if (err != -EBUSY && err != -ETIMEDOUT)
		return zinc_why(why, err, "GPU %s: %s", c->name,
				strerror(-err));
	who = whose(c);
	zinc_why(why, err, "GPU %s is already reserved by %s", c->name,
		 who ? who : "somebody");
	free(who);
	return err;
}

/* @lock is empty */
static int lock_name(const struct zinc_gpu_name *name, uint32_t mode,
		     uint32_t timeout_ms, struct zinc_gpu_lock *lock, char **why)
{
	struct claims c = {};
	int err = add_claims(&c, name, mode, why);

	if (err)
		return err;
	err = acquire(&c, zinc_deadline(timeout_ms), lock, why);
	if (err) {
		give_back(lock);
		return refuse(&c, err, why);
	}
	lock->held = 1;
	return 0;
}

int32_t zinc_gpu_lock_acquire_device(const char *gpu, uint32_t flags,
				     uint32_t timeout_ms,
				     struct zinc_gpu_lock *lock, char **why)
{
	struct zinc_gpu_name name;
	int err;

	if (why)
		*why = NULL;
	if (!is_lock(lock))
		return zinc_why(why, -EINVAL,
				"invalid size of the lock: expected its sizeof");
	empty(lock);
	if (!zinc_lock_mode_is_valid(flags))
		return zinc_why(why, -EINVAL, "invalid mode of the lock");
	err = gpu ? zinc_gpu_name_parse(&name, gpu) : -EINVAL;
	if (err)
		return zinc_gpu_refuse(gpu, err, why);
	return lock_name(&name, flags, timeout_ms, lock, why);
}

int32_t zinc_gpu_lock_acquire(const char *backend, uint32_t index,
			      uint32_t flags, uint32_t timeout_ms,
			      struct zinc_gpu_lock *lock)
{
	struct zinc_gpu_name name;

	if (!is_lock(lock))
		return -EINVAL;
	empty(lock);
	if (!backend || zinc_gpu_name_index(&name, backend, index) ||
	    !zinc_lock_mode_is_valid(flags))
		return -EINVAL;
	return lock_name(&name, flags, timeout_ms, lock, NULL);
}

/* A process that has the file usually has the reservation, too: list it once */
static int add_reservations(const struct zinc_reservation_holder *all, size_t n,
			    struct zinc_lock_holder **holders, size_t *count)
{
	struct zinc_lock_holder *more;
	size_t i, j;

	more = reallocarray(*holders, *count + n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*holders = more;
	for (i = 0; i < n; i++) {
		for (j = 0; j < *count; j++)
			if (all[i].pid && more[j].pid == all[i].pid)
				break;
		if (j < *count || all[i].waiting)
			continue;
		zinc_reservation_describe(&all[i], &more[(*count)++]);
	}
	return 0;
}

/* List each process once: it holds several names of the GPU */
static int add_holders(const struct zinc_lock_holder *all, size_t n,
		       struct zinc_lock_holder **holders, size_t *count)
{
	struct zinc_lock_holder *more;
	size_t i, j;

	if (!n)
		return 0;
	more = reallocarray(*holders, *count + n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*holders = more;
	for (i = 0; i < n; i++) {
		for (j = 0; j < *count; j++)
			if (more[j].pid == all[i].pid &&
			    (all[i].pid ||
			     (all[i].taken_by &&
			      more[j].taken_by == all[i].taken_by)))
				break;
		if (j == *count)
			more[(*count)++] = all[i];
	}
	return 0;
}

static int find_holders_of(const struct claim *claim,
			   struct zinc_lock_holder **list, size_t *count)
{
	struct zinc_reservation_holder *reserved = NULL;
	struct zinc_lock_holder *holders = NULL;
	size_t n = 0;
	int err;

	err = zinc_flock_holders(claim->path, &holders, &n, sizeof(*holders));
	if (!err)
		err = add_holders(holders, n, list, count);
	zinc_holders_free(holders);
	n = 0;
	if (!err)
		err = zinc_reservations(claim->device, &reserved, &n,
					sizeof(*reserved));
	/* without access to the module, the file's holders are sufficient */
	if (err == -EOPNOTSUPP || err == -EACCES)
		err = 0;
	if (!err && n)
		err = add_reservations(reserved, n, list, count);
	zinc_reservations_free(reserved);
	return err;
}

static int find_holders(const char *gpu, struct zinc_lock_holder **list,
			size_t *count)
{
	struct zinc_gpu_name name;
	struct claims c = {};
	size_t i;
	int err;

	err = gpu ? zinc_gpu_name_parse(&name, gpu) : -EINVAL;
	if (!err)
		err = add_claims(&c, &name, ZINC_EXCLUSIVE, NULL);
	for (i = 0; i < c.count && !err; i++)
		err = find_holders_of(&c.claim[i], list, count);
	return err;
}

int32_t zinc_gpu_holders(const char *gpu, struct zinc_lock_holder **holders,
			 size_t *count, size_t entry_size)
{
	struct zinc_lock_holder *list = NULL;
	size_t n = 0;
	int err;

	if (!holders || !count)
		return -EINVAL;
	*holders = NULL;
	*count = 0;
	if (!zinc_stride_is_valid(entry_size, ZINC_LOCK_HOLDER_SIZE_V1))
		return -EINVAL;
	err = find_holders(gpu, &list, &n);
	if (err || !n) {
		free(list);
		return err;
	}
	*holders = zinc_array_out(list, n, sizeof(*list), entry_size);
	if (!*holders)
		return -ENOMEM;
	*count = n;
	return 0;
}

int32_t zinc_gpu_lock_is_held(const struct zinc_gpu_lock *lock)
{
	return is_lock(lock) && lock->held;
}

void zinc_gpu_lock_release(struct zinc_gpu_lock *lock)
{
	if (zinc_gpu_lock_is_held(lock))
		give_back(lock);
}
