// SPDX-License-Identifier: MIT
/*
 * Find the GPU that a name refers to. A GPU has many names, and environment
 * variables change the GPU that a name refers to. Only its PCI address is stable.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "lock/gpu.h"

static_assert(sizeof(struct zinc_gpu_identity) == ZINC_IDENTITY_SIZE_V1,
	      "the size of the first version never changes");

#define say(reason, ...) snprintf(reason, ZINC_REASON_SIZE, __VA_ARGS__)

/* ---- NVIDIA --------------------------------------------------------------- */

static int find_device(const struct zinc_shown_list *list,
		       const struct zinc_gpu_name *device)
{
	size_t i;

	for (i = 0; device->kind != ZINC_GPU_NONE && i < list->count; i++)
		if (!zinc_gpu_name_compare(&list->gpu[i].device, device))
			return (int)i;
	return -1;
}

/* @order: the GPUs' indices in their new order; partitions keep their GPUs */
static void reorder(struct zinc_shown_list *list, const uint32_t *order,
		    size_t gpus)
{
	uint32_t now[ZINC_SHOWN_MAX];
	struct zinc_shown *copy;
	size_t i;

	copy = calloc(gpus ? gpus : 1, sizeof(*copy));
	if (!copy)
		return;
	for (i = 0; i < gpus; i++) {
		copy[i] = list->gpu[order[i]];
		now[order[i]] = (uint32_t)i;
	}
	memcpy(list->gpu, copy, gpus * sizeof(*copy));
	for (i = gpus; i < list->count; i++)
		list->gpu[i].parent = (int32_t)now[list->gpu[i].parent];
	free(copy);
}

static void sort_by_device(struct zinc_shown_list *list)
{
	size_t gpus = zinc_shown_gpus(list), i, j;
	const struct zinc_gpu_name *before;
	uint32_t order[ZINC_SHOWN_MAX], one;

	for (i = 0; i < gpus; i++) {
		one = (uint32_t)i;
		for (j = i; j; j--) {
			before = &list->gpu[order[j - 1]].device;
			if (zinc_gpu_name_compare(before, &list->gpu[one].device) <= 0)
				break;
			order[j] = order[j - 1];
		}
		order[j] = one;
	}
	reorder(list, order, gpus);
}

static bool are_alike(const struct zinc_shown_list *list)
{
	size_t gpus = zinc_shown_gpus(list), i;

	for (i = 1; i < gpus; i++)
		if (strcmp(list->gpu[i].model, list->gpu[0].model) ||
		    !list->gpu[i].model[0])
			return false;
	return true;
}

/* Sort as CUDA does, followed by the GPUs that CUDA does not list */
static bool order_as_cuda(struct zinc_shown_list *list)
{
	size_t gpus = zinc_shown_gpus(list), count = 0, i, j;
	struct zinc_shown_list *cuda = malloc(sizeof(*cuda));
	uint32_t order[ZINC_SHOWN_MAX];
	bool known;
	int n;

	known = cuda && !zinc_runtime_ask(ZINC_RUNTIME_CUDA, true, cuda);
	for (i = 0; known && i < cuda->count; i++) {
		n = find_device(list, &cuda->gpu[i].device);
		if (n >= 0 && count < gpus)
			order[count++] = (uint32_t)n;
	}
	for (i = 0; known && i < gpus; i++) {
		for (j = 0; j < count; j++)
			if (order[j] == i)
				break;
		if (j == count)
			order[count++] = (uint32_t)i;
	}
	if (known)
		reorder(list, order, gpus);
	free(cuda);
	return known;
}

/**
 * zinc_cuda_list() - list NVIDIA's GPUs in CUDA's order
 * @list: gets the GPUs, or the reason for an error
 * @ordered: gets whether the order is known
 *
 * CUDA_DEVICE_ORDER=PCI_BUS_ID is the order of the PCI addresses. The default,
 * FASTEST_FIRST, is the same if all GPUs are of one model. Otherwise only CUDA
 * knows it.
 *
 * Return: 0; -errno.
 */
int zinc_cuda_list(struct zinc_shown_list *list, bool *ordered)
{
	const char *order = getenv("CUDA_DEVICE_ORDER");
	char reason[ZINC_REASON_SIZE];
	int err;

	err = zinc_runtime_ask(ZINC_RUNTIME_NVML, false, list);
	if (err || !list->count) {
		memcpy(reason, list->reason, sizeof(reason));
		if (!zinc_nvidia_list(zinc_gpu_machine.proc, list))
			err = 0;
		else if (err)
			memcpy(list->reason, reason, sizeof(reason));
		else
			err = -ENOENT;
	}
	if (err)
		return err;
	sort_by_device(list);
	*ordered = (order && !strcmp(order, "PCI_BUS_ID")) ||
		   are_alike(list) || order_as_cuda(list);
	return 0;
}

static void set_shown(struct zinc_gpu_resolved *id,
		      const struct zinc_shown_list *list, int i)
{
	const struct zinc_shown *gpu = &list->gpu[i];

	id->physical = gpu->device;
	memcpy(id->uuid, gpu->uuid, sizeof(id->uuid));
	if (gpu->parent >= 0)
		zinc_gpu_name_part(&id->part, gpu->uuid);
}

static void set_seed(struct zinc_gpu_resolved *id, enum zinc_gpu_backend backend,
		     int index)
{
	id->seed.kind = ZINC_GPU_INDEX;
	id->seed.backend = backend;
	id->seed.index = (uint32_t)index;
}

static int parent_or_self(const struct zinc_shown_list *list, int i)
{
	return list->gpu[i].parent < 0 ? i : list->gpu[i].parent;
}

static int cuda_by_uuid(const struct zinc_shown_list *list, const char *uuid,
			char *reason)
{
	char text[ZINC_UUID_SIZE], *at;
	int i;

	snprintf(text, sizeof(text), "%s", uuid);
	/* the name has dots in place of slashes */
	for (at = text; *at; at++)
		if (*at == '.')
			*at = '/';
	i = zinc_shown_by_uuid(list, text, strlen(text));
	if (i < 0)
		say(reason, "no NVIDIA GPU, or more than one, has that UUID");
	return i;
}

static int cuda_by_index(const struct zinc_shown_list *list, uint32_t index,
			 bool ordered, char *reason)
{
	uint32_t visible[ZINC_SHOWN_MAX];
	const char *mask = getenv("CUDA_VISIBLE_DEVICES");
	int count;

	count = zinc_visible_cuda(mask, list, ordered, visible);
	if (count == ZINC_ORDER_UNKNOWN) {
		say(reason,
		    "the GPUs are of different models, so only CUDA knows their order; set CUDA_DEVICE_ORDER=PCI_BUS_ID");
		return -1;
	}
	if (index < (uint32_t)count)
		return (int)visible[index];
	say(reason, "CUDA shows %d GPUs %s", count,
	    mask ? "under CUDA_VISIBLE_DEVICES" : "here");
	return -1;
}

/*
 * Ask a runtime for the GPU of an index, and for the index of this GPU without
 * visibility variables: programs without these variables lock the latter.
 */
static int by_runtime(enum zinc_runtime runtime,
		      const struct zinc_gpu_name *name,
		      struct zinc_gpu_resolved *id, char *reason)
{
	uint32_t index = name->index;
	struct zinc_shown_list *list = malloc(sizeof(*list));
	int err = list ? zinc_runtime_ask(runtime, false, list) : -ENOMEM;
	int i = (int)index;

	if (err) {
		say(reason, "%.190s", list ? list->reason : strerror(ENOMEM));
	} else if (index >= list->count) {
		say(reason, "%s shows %zu devices here",
		    zinc_gpu_backend_name(name->backend), list->count);
	} else if (list->gpu[index].device.kind == ZINC_GPU_NONE) {
		say(reason, "it is %s, which has no PCI or DRM address",
		    list->gpu[index].model[0] ? list->gpu[index].model :
						"a device");
	} else {
		set_shown(id, list, i);
		if (zinc_runtime_is_masked(runtime))
			i = zinc_runtime_ask(runtime, true, list) ? -1 :
			    find_device(list, &id->physical);
		if (i >= 0)
			set_seed(id, name->backend, i);
	}
	free(list);
	return id->physical.kind == ZINC_GPU_NONE ? -ENXIO : 0;
}

static int resolve_cuda(const struct zinc_gpu_name *name,
			struct zinc_gpu_resolved *id, char *reason)
{
	bool by_uuid = name->kind == ZINC_GPU_UUID;
	struct zinc_shown_list *list = malloc(sizeof(*list));
	bool ordered = false, known;
	int i = -1;

	if (!list)
		return -ENXIO;
	known = !zinc_cuda_list(list, &ordered);
	if (!known)
		say(reason, "%.190s", list->reason);
	else if (by_uuid)
		i = cuda_by_uuid(list, name->text, reason);
	else
		i = cuda_by_index(list, name->index, ordered, reason);
	if (i >= 0) {
		set_shown(id, list, i);
		if (ordered)
			set_seed(id, ZINC_GPU_CUDA, parent_or_self(list, i));
	}
	free(list);
	/* CUDA may list GPUs that NVML does not */
	if (!known && !by_uuid)
		return by_runtime(ZINC_RUNTIME_CUDA, name, id, reason);
	return i < 0 ? -ENXIO : 0;
}

/* ---- AMD -------------------------------------------------------------------- */

/* ROCR_VISIBLE_DEVICES accepts the number of a GPU that has no unique ID */
static void set_amd(struct zinc_gpu_resolved *id,
		    const struct zinc_shown_list *list, int i)
{
	set_shown(id, list, i);
	if (!id->uuid[0])
		snprintf(id->uuid, sizeof(id->uuid), "%d", i);
}

static int rocm_by_index(const struct zinc_shown_list *list, uint32_t index,
			 char *reason)
{
	const char *rocr = getenv("ROCR_VISIBLE_DEVICES");
	const char *hip = getenv("HIP_VISIBLE_DEVICES");
	uint32_t visible[ZINC_SHOWN_MAX];
	int count;

	if (!hip || !hip[0])
		hip = getenv("CUDA_VISIBLE_DEVICES");
	count = zinc_visible_rocr(rocr, list, visible);
	count = zinc_visible_hip(hip, list, visible, count);
	if (index < (uint32_t)count)
		return (int)visible[index];
	say(reason, "ROCm shows %d GPUs %s", count, rocr || (hip && hip[0]) ?
	    "under ROCR_VISIBLE_DEVICES and HIP_VISIBLE_DEVICES" : "here");
	return -1;
}

static int resolve_rocm(const struct zinc_gpu_name *name,
			struct zinc_gpu_resolved *id, char *reason)
{
	struct zinc_shown_list *list = malloc(sizeof(*list));
	int i = -1;

	if (!list)
		return -ENXIO;
	if (zinc_kfd_list(zinc_gpu_machine.sysfs, list)) {
		say(reason, "%.190s", list->reason);
	} else if (name->kind == ZINC_GPU_UUID) {
		i = zinc_shown_by_uuid(list, name->text, strlen(name->text));
		if (i < 0)
			say(reason, "no AMD GPU, or more than one, has that UUID");
	} else {
		i = rocm_by_index(list, name->index, reason);
	}
	if (i >= 0) {
		set_amd(id, list, i);
		set_seed(id, ZINC_GPU_ROCM, i);
	}
	free(list);
	return i < 0 ? -ENXIO : 0;
}

/* ---- all ---------------------------------------------------------------------- */

static int resolve_drm(const struct zinc_gpu_name *name,
		       struct zinc_gpu_resolved *id, char *reason)
{
	if (!zinc_drm_index(zinc_gpu_machine.sysfs, name->index,
			    &id->physical)) {
		id->seed = *name;
		return 0;
	}
	id->physical.kind = ZINC_GPU_NONE;
	say(reason, "there is no such node in %.64s/class/drm",
	    zinc_gpu_machine.sysfs);
	return -ENXIO;
}

static int resolve_backend(const struct zinc_gpu_name *name,
			   struct zinc_gpu_resolved *id, char *reason)
{
	switch (name->backend) {
	case ZINC_GPU_CUDA:
		return resolve_cuda(name, id, reason);
	case ZINC_GPU_ROCM:
		return resolve_rocm(name, id, reason);
	case ZINC_GPU_VULKAN:
		return by_runtime(ZINC_RUNTIME_VULKAN, name, id, reason);
	case ZINC_GPU_LEVEL_ZERO:
		return by_runtime(ZINC_RUNTIME_LEVEL_ZERO, name, id, reason);
	case ZINC_GPU_DRM_NODE:
		return resolve_drm(name, id, reason);
	case ZINC_GPU_OPENCL:
		say(reason, "an OpenCL index belongs to a platform, which the program chooses");
		return -ENXIO;
	default:
		say(reason, "Linux has no such backend");
		return -ENXIO;
	}
}

/**
 * zinc_gpu_refuse() - set the message for an invalid name
 * @gpu: name; may be NULL
 * @err: of zinc_gpu_device()
 * @why: message
 *
 * Return: @err.
 */
int zinc_gpu_refuse(const char *gpu, int err, char **why)
{
	int sysfs;

	switch (err) {
	case -EINVAL:
		return zinc_why(why, err,
				"invalid GPU '%s': expected BACKEND:INDEX (vulkan, metal, cuda, rocm, level-zero, opencl, drm), a UUID such as cuda:GPU-8932f937, a PCI address such as 0000:01:00.0, or a node such as /dev/dri/renderD128",
				gpu ? gpu : "");
	case -ENODEV:
		/* without sysfs, no node can be found */
		sysfs = zinc_sysfs_check(zinc_gpu_machine.sysfs);
		if (sysfs) {
			zinc_why_sysfs(why, sysfs, zinc_gpu_machine.sysfs,
				       ZINC_SYSFS_CLASS);
			return err;
		}
		return zinc_why(why, err,
				"%s is not the node of a GPU: see /dev/dri",
				gpu);
	}
	return zinc_why_errno(why, err, gpu);
}

/**
 * zinc_gpu_identify() - find the GPU that a name refers to
 * @name: the name
 * @id: gets the GPU; without @uuid if @name is ZINC_GPU_PCI or ZINC_GPU_DRM
 * @reason: gets the message after an error
 *
 * Return: 0; -ENXIO if it cannot be determined: @id has only @name.
 */
int zinc_gpu_identify(const struct zinc_gpu_name *name,
		      struct zinc_gpu_resolved *id,
		      char reason[ZINC_REASON_SIZE])
{
	int err = 0;

	memset(id, 0, sizeof(*id));
	reason[0] = '\0';
	id->name = *name;
	if (name->kind == ZINC_GPU_INDEX || name->kind == ZINC_GPU_UUID)
		err = resolve_backend(name, id, reason);
	else
		id->physical = *name;
	if (!err)
		zinc_gpu_driver(zinc_gpu_machine.sysfs, &id->physical,
				&id->vendor, id->driver, sizeof(id->driver));
	return err;
}

/* Find the UUID of a GPU that was named by its address */
static void find_uuid(struct zinc_gpu_resolved *id)
{
	bool nvidia = !strcmp(id->driver, "nvidia"), ordered;
	struct zinc_shown_list *list;
	int i, err;

	if (id->uuid[0] || (!nvidia && strcmp(id->driver, "amdgpu")))
		return;
	list = malloc(sizeof(*list));
	if (!list)
		return;
	if (nvidia)
		err = zinc_cuda_list(list, &ordered);
	else
		err = zinc_kfd_list(zinc_gpu_machine.sysfs, list);
	i = err ? -1 : find_device(list, &id->physical);
	if (i >= 0 && nvidia)
		set_shown(id, list, i);
	else if (i >= 0)
		set_amd(id, list, i);
	free(list);
}

static void print_identity(struct zinc_gpu_identity *to,
			   const struct zinc_gpu_resolved *id)
{
	zinc_gpu_name_print(to->name, sizeof(to->name), &id->name);
	zinc_gpu_name_print(to->physical, sizeof(to->physical), &id->physical);
	zinc_gpu_name_print(to->part, sizeof(to->part), &id->part);
	zinc_gpu_name_print(to->seed, sizeof(to->seed), &id->seed);
	memcpy(to->uuid, id->uuid, sizeof(to->uuid));
	memcpy(to->driver, id->driver, sizeof(to->driver));
	to->vendor = id->vendor;
}

int32_t zinc_gpu_resolve(const char *gpu, struct zinc_gpu_identity *identity,
			 size_t size, char **why)
{
	struct zinc_gpu_identity printed = {};
	char reason[ZINC_REASON_SIZE];
	struct zinc_gpu_resolved id;
	struct zinc_gpu_name name;
	int err;

	if (why)
		*why = NULL;
	if (!identity || !zinc_size_is_valid(size, ZINC_IDENTITY_SIZE_V1))
		return zinc_why(why, -EINVAL,
				"invalid size of the identity: expected its sizeof");
	zinc_struct_out(identity, size, &printed, sizeof(printed));
	err = gpu ? zinc_gpu_name_parse(&name, gpu) : -EINVAL;
	if (err)
		return zinc_gpu_refuse(gpu, err, why);
	err = zinc_gpu_identify(&name, &id, reason);
	if (!err)
		find_uuid(&id);
	print_identity(&printed, &id);
	if (err)
		zinc_why(why, err, "%s is not resolved to one GPU: %s",
			 printed.name, reason);
	zinc_struct_out(identity, size, &printed, sizeof(printed));
	return err;
}
