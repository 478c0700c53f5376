// SPDX-License-Identifier: MIT
/*
 * The list of GPUs, and locks on any free GPUs.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "lock/gpu.h"

static_assert(sizeof(struct zinc_gpu) == ZINC_GPU_SIZE_V1,
	      "the size of the first version never changes");
static_assert(offsetof(struct zinc_gpu_request, reserved) + sizeof(uint32_t) ==
	      ZINC_GPU_REQUEST_SIZE_V1, "the first version ends there");

/**
 * zinc_gpus_of() - zinc_gpus() of a given machine
 * @sysfs: mount point of sysfs
 * @proc: mount point of procfs
 * @gpus: as for zinc_gpus()
 * @count: likewise
 *
 * Return: as zinc_gpus().
 */
int zinc_gpus_of(const char *sysfs, const char *proc, struct zinc_gpu **gpus,
		 size_t *count)
{
	const struct zinc_gpu_machine machine = { sysfs, proc, NULL };
	struct zinc_gpu_found *found;
	size_t i;
	int err;

	*gpus = NULL;
	*count = 0;
	err = zinc_gpus_find(&machine, &found, &i);
	if (err || !i)
		return err;
	*gpus = calloc(i, sizeof(**gpus));
	if (!*gpus)
		err = -ENOMEM;
	else
		*count = i;
	while (!err && i--)
		zinc_gpu_name_print((*gpus)[i].device,
				    sizeof((*gpus)[i].device), &found[i].name);
	free(found);
	return err;
}

int32_t zinc_gpus(struct zinc_gpu **gpus, size_t *count, size_t entry_size)
{
	struct zinc_gpu *found;
	size_t n;
	int err;

	if (!gpus || !count)
		return -EINVAL;
	*gpus = NULL;
	*count = 0;
	if (!zinc_stride_is_valid(entry_size, ZINC_GPU_SIZE_V1))
		return -EINVAL;
	err = zinc_gpus_of(zinc_gpu_machine.sysfs, zinc_gpu_machine.proc,
			   &found, &n);
	if (err || !n)
		return err;
	*gpus = zinc_array_out(found, n, sizeof(*found), entry_size);
	if (!*gpus)
		return -ENOMEM;
	*count = n;
	return 0;
}

void zinc_gpus_free(struct zinc_gpu *gpus)
{
	free(gpus);
}

/*
 * struct choice - a choice of @want among @count GPUs
 * @gpus: the GPUs to choose from
 * @count: number of @gpus
 * @want: number of GPUs to lock
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @locks: array of @want locks
 * @lock_size: stride of @locks
 * @taken: names of the locked GPUs
 * @gpu_size: stride of @taken
 * @got: number of locked GPUs
 * @why: message, about the first busy GPU
 */
struct choice {
	const struct zinc_gpu *gpus;
	size_t count;
	size_t want;
	uint32_t mode;
	struct zinc_gpu_lock *locks;
	size_t lock_size;
	struct zinc_gpu *taken;
	size_t gpu_size;
	size_t got;
	char *why;
};

static struct zinc_gpu_lock *lock_at(const struct choice *c, size_t i)
{
	return (struct zinc_gpu_lock *)((char *)c->locks + i * c->lock_size);
}

static void give_back(struct choice *c)
{
	while (c->got)
		zinc_gpu_lock_release(lock_at(c, --c->got));
}

static void keep(struct choice *c, const struct zinc_gpu *gpu)
{
	zinc_struct_out((char *)c->taken + c->got * c->gpu_size, c->gpu_size,
			gpu, sizeof(*gpu));
	c->got++;
}

static int try_gpus(struct choice *c)
{
	char *why;
	size_t i;
	int err;

	free(c->why);
	c->why = NULL;
	for (i = 0; i < c->count && c->got < c->want; i++) {
		err = zinc_gpu_lock_acquire_device(c->gpus[i].device, c->mode,
						   0, lock_at(c, c->got), &why);
		if (!err) {
			keep(c, &c->gpus[i]);
			continue;
		}
		if (err == -EBUSY && c->why) {
			free(why);
			continue;
		}
		free(c->why);
		c->why = why;
		if (err != -EBUSY) {
			give_back(c);
			return err;
		}
	}
	if (c->got == c->want)
		return 0;
	give_back(c);
	return -EBUSY;
}

static int wait_for_gpus(struct choice *c, uint64_t deadline)
{
	int err;

	do {
		err = try_gpus(c);
		if (err != -EBUSY || !deadline)
			return err;
	} while (!zinc_lock_pause(deadline));
	return -ETIMEDOUT;
}

/**
 * zinc_gpu_lock_any_of() - zinc_gpu_lock_any() of given GPUs
 * @gpus: the GPUs to choose from
 * @count: number of @gpus
 * @request: as for zinc_gpu_lock_any()
 * @locks: likewise
 * @lock_size: likewise
 * @taken: likewise
 * @gpu_size: likewise
 * @why: likewise
 *
 * Return: as zinc_gpu_lock_any().
 */
int zinc_gpu_lock_any_of(const struct zinc_gpu *gpus, size_t count,
			 const struct zinc_gpu_request *request,
			 struct zinc_gpu_lock *locks, size_t lock_size,
			 struct zinc_gpu *taken, size_t gpu_size, char **why)
{
	struct choice c = {
		.gpus = gpus,
		.count = count,
		.want = request->want,
		.mode = request->mode,
		.locks = locks,
		.lock_size = lock_size,
		.taken = taken,
		.gpu_size = gpu_size,
	};
	size_t i;
	int err;

	if (c.want > count)
		return zinc_why(why, -ERANGE,
				"GPUs wanted: %u; this machine shows %zu in /sys/class/drm and /proc/driver/nvidia",
				request->want, count);
	/* the caller need not initialize them */
	for (i = 0; i < c.want; i++) {
		memset(lock_at(&c, i), 0, lock_size);
		lock_at(&c, i)->size = (uint32_t)lock_size;
	}
	err = wait_for_gpus(&c, zinc_deadline(request->timeout_ms));
	if (err == -EBUSY || err == -ETIMEDOUT)
		zinc_why(why, err, "GPUs wanted: %u; of %zu, too few are free: %s",
			 request->want, count, c.why ? c.why : "?");
	else if (err)
		zinc_why(why, err, "%s", c.why ? c.why : "?");
	free(c.why);
	return err;
}

static bool take_request(struct zinc_gpu_request *known,
			 const struct zinc_gpu_request *r)
{
	return r && zinc_size_is_valid(r->size, ZINC_GPU_REQUEST_SIZE_V1) &&
	       !zinc_struct_in(known, sizeof(*known), r, r->size) &&
	       known->want && !known->reserved &&
	       zinc_lock_mode_is_valid(known->mode);
}

static bool is_wanted(const struct zinc_gpu_request *r,
		      const struct zinc_gpu_found *gpu)
{
	return (!r->vendor || gpu->vendor == zinc_gpu_vendor(r->vendor)) &&
	       (!r->driver || !strcmp(gpu->driver, r->driver));
}

/* Set the message that counts the unsuitable GPUs */
static int too_few(const struct zinc_gpu_request *r,
		   const struct zinc_gpu_found *found, size_t all, size_t left,
		   char **why)
{
	size_t others = 0, closed = 0, hidden = 0, i;

	for (i = 0; i < all; i++) {
		if (!is_wanted(r, &found[i]))
			others++;
		else if (!found[i].is_open)
			closed++;
		else
			hidden += found[i].is_hidden;
	}
	return zinc_why(why, -ERANGE,
			"GPUs wanted: %u; this machine shows %zu to choose from, of %zu in /sys/class/drm and /proc/driver/nvidia: %zu are of another vendor or driver, %zu have no node in /dev that this user may open, %zu are hidden by CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES, HIP_VISIBLE_DEVICES or ZE_AFFINITY_MASK",
			r->want, left, all, others, closed, hidden);
}

/* List the GPUs that this process may use and that match the request */
static int choose_from(const struct zinc_gpu_request *r, struct zinc_gpu **gpus,
		       size_t *count, char **why)
{
	struct zinc_gpu_found *found;
	size_t all, i;
	int err;

	*gpus = NULL;
	*count = 0;
	err = zinc_gpus_find(&zinc_gpu_machine, &found, &all);
	if (!err)
		err = zinc_gpus_examine(&zinc_gpu_machine, found, all);
	if (err)
		return zinc_why_errno(why, err, zinc_gpu_machine.sysfs);
	err = all < r->want ? zinc_sysfs_check(zinc_gpu_machine.sysfs) : 0;
	if (err) {
		free(found);
		return zinc_why_sysfs(why, err, zinc_gpu_machine.sysfs,
				      ZINC_SYSFS_CLASS);
	}
	*gpus = calloc(all ? all : 1, sizeof(**gpus));
	for (i = 0; *gpus && i < all; i++)
		if (is_wanted(r, &found[i]) && found[i].is_open &&
		    !found[i].is_hidden)
			zinc_gpu_name_print((*gpus)[(*count)++].device,
					    sizeof((*gpus)->device),
					    &found[i].name);
	if (!*gpus)
		err = zinc_why_errno(why, -ENOMEM, zinc_gpu_machine.sysfs);
	else if (*count < r->want && *count < all)
		err = too_few(r, found, all, *count, why);
	free(found);
	return err;
}

int32_t zinc_gpu_lock_any(const struct zinc_gpu_request *request,
			  struct zinc_gpu_lock *locks, size_t lock_size,
			  struct zinc_gpu *taken, size_t gpu_size, char **why)
{
	struct zinc_gpu_request known;
	struct zinc_gpu *gpus;
	size_t count;
	int err;

	if (why)
		*why = NULL;
	if (!take_request(&known, request))
		return zinc_why(why, -EINVAL, "no request for GPUs");
	if (!locks || !zinc_stride_is_valid(lock_size, ZINC_GPU_LOCK_SIZE_V1) ||
	    !taken || !zinc_stride_is_valid(gpu_size, ZINC_GPU_SIZE_V1))
		return zinc_why(why, -EINVAL, "no place for the locks");
	if (known.vendor && !zinc_gpu_vendor(known.vendor))
		return zinc_why(why, -EINVAL,
				"invalid vendor '%s': expected nvidia, amd, intel, or a PCI vendor such as 0x10de",
				known.vendor);
	err = choose_from(&known, &gpus, &count, why);
	if (!err)
		err = zinc_gpu_lock_any_of(gpus, count, &known, locks,
					   lock_size, taken, gpu_size, why);
	free(gpus);
	return err;
}
