/* SPDX-License-Identifier: MIT */
/*
 * Internal declarations of the GPU locks: names, discovery, and visibility
 * variables.
 */
#ifndef ZINC_LOCK_GPU_H
#define ZINC_LOCK_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/internal.h"

#define ZINC_SHOWN_MAX	128	/* GPUs and partitions, the most that are listed */
#define ZINC_UUID_SIZE	96
#define ZINC_REASON_SIZE 192

/**
 * enum zinc_gpu_kind - the forms of a GPU's name
 * @ZINC_GPU_NONE: no name, or an unknown one
 * @ZINC_GPU_INDEX: BACKEND:INDEX, such as vulkan:0
 * @ZINC_GPU_UUID: BACKEND:UUID, such as cuda:gpu-8932f937
 * @ZINC_GPU_PCI: pci:DOMAIN:BUS:DEVICE.FUNCTION
 * @ZINC_GPU_DRM: drm:NAME, a device in sysfs that is not on PCI
 * @ZINC_GPU_PART: mig:UUID, a partition of a GPU
 */
enum zinc_gpu_kind {
	ZINC_GPU_NONE,
	ZINC_GPU_INDEX,
	ZINC_GPU_UUID,
	ZINC_GPU_PCI,
	ZINC_GPU_DRM,
	ZINC_GPU_PART,
};

/* The order is that of their names in gpu_name.c */
enum zinc_gpu_backend {
	ZINC_GPU_VULKAN,
	ZINC_GPU_METAL,
	ZINC_GPU_CUDA,
	ZINC_GPU_ROCM,
	ZINC_GPU_LEVEL_ZERO,
	ZINC_GPU_OPENCL,
	ZINC_GPU_DRM_NODE,
	ZINC_GPU_BACKENDS
};

/**
 * struct zinc_gpu_name - a GPU's name, parsed
 * @kind: its form
 * @backend: of ZINC_GPU_INDEX and ZINC_GPU_UUID
 * @index: of ZINC_GPU_INDEX
 * @pci: of ZINC_GPU_PCI: domain, bus, device, function
 * @text: of ZINC_GPU_UUID, ZINC_GPU_DRM and ZINC_GPU_PART: the part after the
 *	colon; lower case, with a dot in place of a slash
 *
 * Unused members are zero.
 */
struct zinc_gpu_name {
	enum zinc_gpu_kind kind;
	enum zinc_gpu_backend backend;
	uint32_t index;
	unsigned int pci[4];
	char text[ZINC_DEVICE_NAME_MAX + 1];
};

/**
 * struct zinc_gpu_resolved - struct zinc_gpu_identity, with parsed names
 * @name: as given
 * @physical: ZINC_GPU_PCI or ZINC_GPU_DRM; ZINC_GPU_NONE if unknown
 * @part: ZINC_GPU_PART, or ZINC_GPU_NONE
 * @seed: ZINC_GPU_INDEX, or ZINC_GPU_NONE
 * @uuid: as in struct zinc_gpu_identity
 * @driver: likewise
 * @vendor: likewise
 */
struct zinc_gpu_resolved {
	struct zinc_gpu_name name;
	struct zinc_gpu_name physical;
	struct zinc_gpu_name part;
	struct zinc_gpu_name seed;
	char uuid[ZINC_UUID_SIZE];
	char driver[32];
	uint32_t vendor;
};

/**
 * struct zinc_gpu_machine - the file systems that describe the GPUs
 * @sysfs: mount point of sysfs
 * @proc: mount point of procfs
 * @dev: folder of the device nodes
 */
struct zinc_gpu_machine {
	const char *sysfs;
	const char *proc;
	const char *dev;
};

/* gpu_machine.c: the real machine; tests replace it */
extern struct zinc_gpu_machine zinc_gpu_machine;

/**
 * struct zinc_shown - a GPU, or a partition of one, as a runtime lists it
 * @device: ZINC_GPU_PCI or ZINC_GPU_DRM; ZINC_GPU_NONE if unknown
 * @uuid: GPU-..., MIG-...; empty if there is none
 * @model: name of the model
 * @parent: of a partition: the index of its GPU; of a GPU: -1
 * @gi: of a partition: its GPU instance
 * @ci: of a partition: its compute instance
 */
struct zinc_shown {
	struct zinc_gpu_name device;
	char uuid[ZINC_UUID_SIZE];
	char model[64];
	int32_t parent;
	uint32_t gi;
	uint32_t ci;
};

/**
 * struct zinc_shown_list - the GPUs that a runtime lists, in its order
 * @count: number of entries: the GPUs, followed by their partitions
 * @reason: after an error: the message
 * @gpu: the entries
 */
struct zinc_shown_list {
	size_t count;
	char reason[ZINC_REASON_SIZE];
	struct zinc_shown gpu[ZINC_SHOWN_MAX];
};

/* A library that lists GPUs */
enum zinc_runtime {
	ZINC_RUNTIME_NVML,
	ZINC_RUNTIME_CUDA,
	ZINC_RUNTIME_VULKAN,
	ZINC_RUNTIME_LEVEL_ZERO,
	ZINC_RUNTIMES
};

/* gpu_runtime.c */
extern uint64_t zinc_runtime_patience;	/* ns; tests shorten it */

int zinc_runtime_ask(enum zinc_runtime runtime, bool unmasked,
		     struct zinc_shown_list *list);
bool zinc_runtime_is_masked(enum zinc_runtime runtime);

/* gpu_sysfs.c */
#define ZINC_SYSFS_CLASS	"class"	/* exists in every sysfs */

int zinc_sysfs_check(const char *sysfs);
int zinc_kfd_list(const char *sysfs, struct zinc_shown_list *list);
int zinc_nvidia_list(const char *proc, struct zinc_shown_list *list);
int zinc_drm_index(const char *sysfs, uint32_t index,
		   struct zinc_gpu_name *name);
void zinc_gpu_driver(const char *sysfs, const struct zinc_gpu_name *device,
		     uint32_t *vendor, char *driver, size_t size);

/* gpu_visible.c */
#define ZINC_ORDER_UNKNOWN	(-2)

size_t zinc_shown_gpus(const struct zinc_shown_list *list);
int zinc_shown_by_uuid(const struct zinc_shown_list *list, const char *uuid,
		       size_t length);
int zinc_visible_cuda(const char *value, const struct zinc_shown_list *list,
		      bool ordered, uint32_t *out);
int zinc_visible_rocr(const char *value, const struct zinc_shown_list *list,
		      uint32_t *out);
int zinc_visible_hip(const char *value, const struct zinc_shown_list *list,
		     uint32_t *out, int count);

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

/**
 * struct zinc_gpu_found - a GPU of this machine
 * @name: ZINC_GPU_PCI or ZINC_GPU_DRM
 * @vendor: PCI vendor; 0 if unknown
 * @driver: its kernel driver
 * @node: its node in /dev/dri; empty if it has none
 * @minor: its node of NVIDIA's driver; empty if it has none
 * @is_open: whether this process can open one of the two nodes
 * @is_hidden: whether a visibility variable hides it, or may hide it
 */
struct zinc_gpu_found {
	struct zinc_gpu_name name;
	uint32_t vendor;
	char driver[32];
	char node[32];
	char minor[32];
	bool is_open;
	bool is_hidden;
};

/* gpu_found.c */
int zinc_gpus_find(const struct zinc_gpu_machine *machine,
		   struct zinc_gpu_found **gpus, size_t *count);
int zinc_gpus_examine(const struct zinc_gpu_machine *machine,
		      struct zinc_gpu_found *gpus, size_t count);
uint32_t zinc_gpu_vendor(const char *text);

/* gpu_name.c */
const char *zinc_gpu_backend_name(enum zinc_gpu_backend backend);
int zinc_gpu_name_index(struct zinc_gpu_name *name, const char *backend,
			uint32_t index);
bool zinc_gpu_name_pci(struct zinc_gpu_name *name, const char *text);
void zinc_gpu_name_part(struct zinc_gpu_name *name, const char *uuid);
int zinc_gpu_name_of_sysfs(struct zinc_gpu_name *name, const char *path);
int zinc_gpu_name_of_link(struct zinc_gpu_name *name, const char *link);
int zinc_gpu_name_of_number(struct zinc_gpu_name *name, const char *sysfs,
			    const char *number);
int zinc_gpu_name_parse(struct zinc_gpu_name *name, const char *gpu);
int zinc_gpu_name_print(char *buf, size_t size,
			const struct zinc_gpu_name *name);
int zinc_gpu_name_path(char *buf, size_t size, const struct zinc_gpu_name *name,
		       char **why);
int zinc_gpu_name_compare(const struct zinc_gpu_name *a,
			  const struct zinc_gpu_name *b);

/* gpu_resolve.c */
int zinc_cuda_list(struct zinc_shown_list *list, bool *ordered);
int zinc_gpu_identify(const struct zinc_gpu_name *name,
		      struct zinc_gpu_resolved *id,
		      char reason[ZINC_REASON_SIZE]);
int zinc_gpu_refuse(const char *gpu, int err, char **why);

#endif /* ZINC_LOCK_GPU_H */
