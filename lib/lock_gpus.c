// SPDX-License-Identifier: MIT
/*
 * The GPUs of a machine, and as many of them as one needs.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "lock.h"

#define NODES		"class/drm"
#define NODE_PREFIX	"renderD"
/* NVIDIA's driver may be there without DRM */
#define NVIDIA		"driver/nvidia/gpus"

struct list {
	struct zinc_gpu *gpus;
	size_t count;
};

static int add(struct list *list, const struct zinc_gpu *gpu)
{
	struct zinc_gpu *more;
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!strcmp(list->gpus[i].device, gpu->device))
			return 0;
	more = reallocarray(list->gpus, list->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->gpus = more;
	list->gpus[list->count++] = *gpu;
	return 0;
}

static int add_node(struct list *list, const char *folder, const char *name)
{
	char link[PATH_MAX], path[PATH_MAX];
	struct zinc_gpu gpu;

	if (strncmp(name, NODE_PREFIX, strlen(NODE_PREFIX)))
		return 0;
	if (snprintf(link, sizeof(link), "%s/%s/device", folder, name) >=
	    (int)sizeof(link))
		return 0;
	if (!realpath(link, path))
		return zinc_is_shortage(-errno) ? -errno : 0;
	/* one without a name that a reservation could have is none */
	if (zinc_gpu_of_sysfs(gpu.device, sizeof(gpu.device), path))
		return 0;
	return add(list, &gpu);
}

static int add_nvidia(struct list *list, const char *folder, const char *name)
{
	struct zinc_gpu gpu;

	(void)folder;
	if (name[0] == '.' ||
	    zinc_gpu_device(gpu.device, sizeof(gpu.device), name))
		return 0;
	return add(list, &gpu);
}

/* A folder that is not there has none */
static int add_all(struct list *list, const char *root, const char *folder,
		   int (*add_one)(struct list *, const char *, const char *))
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int err = 0;

	if (snprintf(path, sizeof(path), "%s/%s", root, folder) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (!dir)
		return zinc_is_shortage(-errno) ? -errno : 0;
	while (!err && (entry = readdir(dir)))
		err = add_one(list, path, entry->d_name);
	closedir(dir);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct zinc_gpu *)a)->device,
			  ((const struct zinc_gpu *)b)->device);
}

/**
 * zinc_gpus_of() - zinc_gpus() of a machine as described
 * @sysfs: where it is mounted
 * @proc: where procfs is
 * @gpus: as there
 * @count: as there
 *
 * Return: as there.
 */
int zinc_gpus_of(const char *sysfs, const char *proc, struct zinc_gpu **gpus,
		 size_t *count)
{
	struct list list = {};
	int err;

	err = add_all(&list, sysfs, NODES, add_node);
	if (!err)
		err = add_all(&list, proc, NVIDIA, add_nvidia);
	if (err) {
		free(list.gpus);
		list = (struct list){};
	}
	if (list.count)
		qsort(list.gpus, list.count, sizeof(*list.gpus), by_name);
	*gpus = list.gpus;
	*count = list.count;
	return err;
}

int32_t zinc_gpus(struct zinc_gpu **gpus, size_t *count)
{
	if (!gpus || !count)
		return -EINVAL;
	return zinc_gpus_of(ZINC_SYSFS, ZINC_PROC, gpus, count);
}

/*
 * struct choice - @want of @count
 * @gpus: those to choose from
 * @count: how many
 * @want: how many are needed
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @locks: @want of them
 * @taken: which were locked
 * @got: how many
 * @why: message; of the first that is busy
 */
struct choice {
	const struct zinc_gpu *gpus;
	size_t count;
	size_t want;
	uint32_t mode;
	struct zinc_gpu_lock *locks;
	struct zinc_gpu *taken;
	size_t got;
	char *why;
};

static void give_back(struct choice *c)
{
	while (c->got)
		zinc_gpu_lock_release(&c->locks[--c->got]);
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
						   0, &c->locks[c->got], &why);
		if (!err) {
			c->taken[c->got++] = c->gpus[i];
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
 * zinc_gpu_lock_any_of() - zinc_gpu_lock_any() of these
 * @gpus: those to choose from
 * @count: how many
 * @request: as there
 * @locks: as there
 * @taken: as there
 * @why: as there
 *
 * Return: as there.
 */
int zinc_gpu_lock_any_of(const struct zinc_gpu *gpus, size_t count,
			 const struct zinc_gpu_request *request,
			 struct zinc_gpu_lock *locks, struct zinc_gpu *taken,
			 char **why)
{
	struct choice c = {
		.gpus = gpus,
		.count = count,
		.want = request->want,
		.mode = request->mode,
		.locks = locks,
		.taken = taken,
	};
	int err;

	if (c.want > count)
		return zinc_why(why, -ERANGE,
				"GPUs wanted: %u; this machine shows %zu in /sys/class/drm and /proc/driver/nvidia",
				request->want, count);
	err = wait_for_gpus(&c, zinc_deadline(request->timeout_ms));
	if (err == -EBUSY || err == -ETIMEDOUT)
		zinc_why(why, err, "GPUs wanted: %u; of %zu fewer are free: %s",
			 request->want, count, c.why ? c.why : "?");
	else if (err)
		zinc_why(why, err, "%s", c.why ? c.why : "?");
	free(c.why);
	return err;
}

int32_t zinc_gpu_lock_any(const struct zinc_gpu_request *request,
			  struct zinc_gpu_lock *locks, struct zinc_gpu *taken,
			  char **why)
{
	struct zinc_gpu *gpus;
	size_t count;
	int err;

	if (why)
		*why = NULL;
	if (!request || request->size < sizeof(*request) || !request->want ||
	    request->reserved || !zinc_lock_mode_is_valid(request->mode) ||
	    !locks || !taken)
		return zinc_why(why, -EINVAL, "no request for GPUs");
	err = zinc_gpus(&gpus, &count);
	if (err)
		return zinc_why_errno(why, err, ZINC_SYSFS);
	err = zinc_gpu_lock_any_of(gpus, count, request, locks, taken, why);
	free(gpus);
	return err;
}
