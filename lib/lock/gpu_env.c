// SPDX-License-Identifier: MIT
/*
 * Environment variables that make only the locked GPUs visible to a program.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "lock/gpu.h"

/* The runtimes that have a visibility variable */
enum runtime { CUDA, ROCM, LEVEL_ZERO, RUNTIMES };

static bool is_of(const char *name, const char *backend)
{
	size_t length = strlen(backend);

	return !strncmp(name, backend, length) && name[length] == ':';
}

/* A GPU that is named by its address or node concerns every runtime */
static bool is_for_all(const struct zinc_gpu_identity *id)
{
	return is_of(id->name, "pci") ||
	       (is_of(id->name, "drm") && !strcmp(id->name, id->physical));
}

/* Whether @id belongs into the variable of @runtime */
static bool concerns(const struct zinc_gpu_identity *id, enum runtime runtime)
{
	switch (runtime) {
	case CUDA:
		return is_of(id->name, "cuda") ||
		       (is_for_all(id) && !strcmp(id->driver, "nvidia"));
	case ROCM:
		return is_of(id->name, "rocm") ||
		       (is_for_all(id) && !strcmp(id->driver, "amdgpu"));
	default:
		return is_of(id->name, "level-zero");
	}
}

/* The value for the variable; NULL if it is unknown */
static const char *value(const struct zinc_gpu_identity *id,
			 enum runtime runtime)
{
	const char *text = id->uuid;

	if (runtime == LEVEL_ZERO) {
		text = strchr(id->seed, ':');
		return text ? text + 1 : NULL;
	}
	return text[0] ? text : NULL;
}

/*
 * struct variables - the variables
 * @out: lines NAME=VALUE
 * @ids: the locked GPUs
 * @count: number of GPUs
 * @stride: bytes from one GPU to the next
 */
struct variables {
	FILE *out;
	const struct zinc_gpu_identity *ids;
	size_t count;
	size_t stride;
};

static const struct zinc_gpu_identity *at(const struct variables *to, size_t i)
{
	return (const void *)((const char *)to->ids + i * to->stride);
}

/*
 * Print one variable; return the number of GPUs in it. If the value of a GPU is
 * unknown, the variable is left out, since it would hide this GPU.
 */
static size_t print_list(const struct variables *to, const char *name,
			 enum runtime runtime)
{
	size_t i, n = 0;

	for (i = 0; i < to->count; i++)
		if (concerns(at(to, i), runtime) &&
		    !value(at(to, i), runtime))
			return 0;
	for (i = 0; i < to->count; i++) {
		if (!concerns(at(to, i), runtime))
			continue;
		fprintf(to->out, "%s%s", n++ ? "," : name,
			value(at(to, i), runtime));
	}
	if (n)
		fputc('\n', to->out);
	return n;
}

/* DRI_PRIME names one GPU, which becomes Mesa's default: the first of the list */
static void print_mesa(const struct variables *to)
{
	struct zinc_gpu_name gpu;
	size_t i;

	for (i = 0; i < to->count; i++) {
		const struct zinc_gpu_identity *id = at(to, i);

		if (!is_of(id->physical, "pci") ||
		    (!is_for_all(id) && !is_of(id->name, "vulkan") &&
		     !is_of(id->name, "drm")))
			continue;
		if (zinc_gpu_name_parse(&gpu, id->physical) ||
		    gpu.kind != ZINC_GPU_PCI)
			continue;
		fprintf(to->out, "DRI_PRIME=pci-%04x_%02x_%02x_%x\n",
			gpu.pci[0], gpu.pci[1], gpu.pci[2], gpu.pci[3]);
		return;
	}
}

static void print_all(const struct variables *to)
{
	size_t n, i;

	if (print_list(to, "CUDA_VISIBLE_DEVICES=", CUDA))
		fputs("CUDA_DEVICE_ORDER=PCI_BUS_ID\n", to->out);
	n = print_list(to, "ROCR_VISIBLE_DEVICES=", ROCM);
	/* HIP applies its variable, or CUDA's, to the result of ROCr */
	for (i = 0; i < n; i++)
		fprintf(to->out, "%s%zu", i ? "," : "HIP_VISIBLE_DEVICES=", i);
	if (n)
		fputc('\n', to->out);
	print_list(to, "ZE_AFFINITY_MASK=", LEVEL_ZERO);
	print_mesa(to);
}

int32_t zinc_gpu_environment(const struct zinc_gpu_identity *gpus, size_t count,
			     size_t entry_size, char **text)
{
	struct variables to = {
		.ids = gpus,
		.count = count,
		.stride = entry_size,
	};
	size_t size = 0;
	int err = 0;

	if (!text)
		return -EINVAL;
	*text = NULL;
	if (!gpus || !count ||
	    !zinc_stride_is_valid(entry_size, ZINC_IDENTITY_SIZE_V1))
		return -EINVAL;
	to.out = open_memstream(text, &size);
	if (!to.out)
		return -errno;
	print_all(&to);
	if (ferror(to.out))
		err = -ENOMEM;
	if (fclose(to.out))
		err = -ENOMEM;
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err;
}
