// SPDX-License-Identifier: MIT
/*
 * GPUs as the kernel shows them, without a library: DRM nodes and PCI devices in
 * sysfs, the topology of AMD's compute driver, and what NVIDIA's driver has in
 * /proc.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/gpu.h"

#define KFD_NODES	"class/kfd/kfd/topology/nodes"
#define NVIDIA_GPUS	"driver/nvidia/gpus"
#define DRM_RENDER	128

static struct zinc_shown *add(struct zinc_shown_list *list)
{
	struct zinc_shown *gpu;

	if (list->count == ZINC_SHOWN_MAX)
		return NULL;
	gpu = &list->gpu[list->count++];
	memset(gpu, 0, sizeof(*gpu));
	gpu->parent = -1;
	return gpu;
}

/**
 * zinc_drm_index() - find the GPU of a DRM node
 * @sysfs: mount point of sysfs
 * @index: of /dev/dri/cardN; from 128 on, of /dev/dri/renderDN
 * @name: gets its name
 *
 * Return: 0; -ENODEV if there is no such node; -ENAMETOOLONG.
 */
int zinc_drm_index(const char *sysfs, uint32_t index,
		   struct zinc_gpu_name *name)
{
	char link[PATH_MAX];

	snprintf(link, sizeof(link), "%s/class/drm/%s%u/device", sysfs,
		 index < DRM_RENDER ? "card" : "renderD", index);
	return zinc_gpu_name_of_link(name, link);
}

/**
 * zinc_gpu_driver() - find the vendor and the driver of a GPU on PCI
 * @sysfs: mount point of sysfs
 * @device: the GPU
 * @vendor: gets the PCI vendor, or 0 if it is unknown or not on PCI
 * @driver: gets the kernel driver's name, or an empty string
 * @size: bytes of @driver
 */
void zinc_gpu_driver(const char *sysfs, const struct zinc_gpu_name *device,
		     uint32_t *vendor, char *driver, size_t size)
{
	char folder[PATH_MAX - 16], path[PATH_MAX], target[PATH_MAX], *text;
	const unsigned int *pci = device->pci;
	const char *name;
	size_t length;
	ssize_t n;

	*vendor = 0;
	driver[0] = '\0';
	if (device->kind != ZINC_GPU_PCI)
		return;
	snprintf(folder, sizeof(folder),
		 "%s/bus/pci/devices/%04x:%02x:%02x.%x", sysfs, pci[0], pci[1],
		 pci[2], pci[3]);
	snprintf(path, sizeof(path), "%s/vendor", folder);
	if (!zinc_read_whole(path, &text, &length)) {
		*vendor = (uint32_t)strtoul(text, NULL, 16);
		free(text);
	}
	snprintf(path, sizeof(path), "%s/driver", folder);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(driver, size, "%.31s", name ? name + 1 : target);
}

/**
 * zinc_sysfs_check() - check that sysfs is mounted
 * @sysfs: where
 *
 * Return: 0; -ENOENT or another error of its directory "class".
 */
int zinc_sysfs_check(const char *sysfs)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" ZINC_SYSFS_CLASS, sysfs);
	return access(path, F_OK) ? -errno : 0;
}

/* ---- AMD: /sys/class/kfd -------------------------------------------------- */

/* The number in the line "NAME NUMBER" of a node's properties; 0 without it */
static uint64_t property(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text) {
		if (!strncmp(text, name, length) && text[length] == ' ')
			return strtoull(text + length, NULL, 10);
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return 0;
}

/* Processors are also nodes, but have no SIMD units */
static void add_node(struct zinc_shown_list *list, const char *text)
{
	uint64_t where = property(text, "location_id");
	uint64_t id = property(text, "unique_id");
	const struct zinc_gpu_name device = {
		.kind = ZINC_GPU_PCI,
		.pci = {
			(unsigned int)property(text, "domain"),
			(unsigned int)(where >> 8 & 0xff),
			(unsigned int)(where >> 3 & 0x1f),
			(unsigned int)(where & 7),
		},
	};
	struct zinc_shown *gpu;

	if (!property(text, "simd_count"))
		return;
	gpu = add(list);
	if (!gpu)
		return;
	gpu->device = device;
	if (id)
		snprintf(gpu->uuid, sizeof(gpu->uuid), "GPU-%016" PRIx64, id);
}

/**
 * zinc_kfd_list() - AMD's GPUs, in ROCr's order
 * @sysfs: where it is mounted
 * @list: gets them, or the reason
 *
 * ROCr counts the nodes that have SIMD units, in the order of their numbers; one
 * whose properties this process may not read (a container's device rules) is not
 * among them. So does libhsakmt, topology.c, in github.com/ROCm/ROCR-Runtime.
 *
 * Return: 0; -ENOENT there is none.
 */
int zinc_kfd_list(const char *sysfs, struct zinc_shown_list *list)
{
	unsigned int node, missing = 0;
	char path[PATH_MAX], *text;
	size_t length;

	memset(list, 0, sizeof(*list));
	/* numbers have no gaps but where nodes are hidden */
	for (node = 0; missing < 16 && node < ZINC_SHOWN_MAX; node++) {
		snprintf(path, sizeof(path), "%s/" KFD_NODES "/%u/properties",
			 sysfs, node);
		if (zinc_read_whole(path, &text, &length)) {
			missing++;
			continue;
		}
		add_node(list, text);
		free(text);
	}
	if (list->count)
		return 0;
	snprintf(list->reason, sizeof(list->reason),
		 "there is no GPU in %.64s/" KFD_NODES, sysfs);
	return -ENOENT;
}

/* ---- NVIDIA: /proc/driver/nvidia ------------------------------------------ */

/* What is behind "KEY:" and spaces, to the line's end */
static void value_of(const char *text, const char *key, char *value,
		     size_t size)
{
	const char *at = strstr(text, key);
	size_t length;

	value[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	at += strspn(at, ": \t");
	length = strcspn(at, "\n");
	if (length < size)
		snprintf(value, size, "%.*s", (int)length, at);
}

static int by_device(const void *a, const void *b)
{
	return zinc_gpu_name_compare(&((const struct zinc_shown *)a)->device,
				     &((const struct zinc_shown *)b)->device);
}

/**
 * zinc_nvidia_list() - list the GPUs of NVIDIA's driver, in the order of PCI
 * @proc: mount point of procfs
 * @list: gets the GPUs, without their parts, or the reason
 *
 * An unused GPU may have no UUID: its driver has not started it.
 *
 * Return: 0; -ENOENT there is none.
 */
int zinc_nvidia_list(const char *proc, struct zinc_shown_list *list)
{
	char path[PATH_MAX], *text;
	struct zinc_gpu_name device;
	struct zinc_shown *gpu;
	struct dirent *entry;
	size_t length;
	DIR *dir;

	memset(list, 0, sizeof(*list));
	snprintf(path, sizeof(path), "%s/" NVIDIA_GPUS, proc);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!zinc_gpu_name_pci(&device, entry->d_name))
			continue;
		gpu = add(list);
		if (!gpu)
			break;
		gpu->device = device;
		snprintf(path, sizeof(path), "%s/" NVIDIA_GPUS "/%s/information",
			 proc, entry->d_name);
		if (zinc_read_whole(path, &text, &length))
			continue;
		value_of(text, "Model", gpu->model, sizeof(gpu->model));
		value_of(text, "GPU UUID", gpu->uuid, sizeof(gpu->uuid));
		if (strchr(gpu->uuid, '?'))
			gpu->uuid[0] = '\0';
		free(text);
	}
	if (dir)
		closedir(dir);
	if (list->count) {
		qsort(list->gpu, list->count, sizeof(list->gpu[0]), by_device);
		return 0;
	}
	snprintf(list->reason, sizeof(list->reason),
		 "there is no GPU in %.64s/" NVIDIA_GPUS, proc);
	return -ENOENT;
}
