// SPDX-License-Identifier: MIT
/*
 * The GPUs of a machine, and the ones that a program may use.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/gpu.h"

#define NODES		"class/drm"
#define NODE_PREFIX	"renderD"
/* NVIDIA's driver can run without DRM */
#define NVIDIA		"driver/nvidia/gpus"

struct list {
	const struct zinc_gpu_machine *machine;
	struct zinc_gpu_found *gpus;
	size_t count;
};

/* A GPU that is found twice has two nodes by which it may be opened */
static int add(struct list *list, const struct zinc_gpu_found *gpu)
{
	struct zinc_gpu_found *more;
	size_t i;

	for (i = 0; i < list->count; i++) {
		more = &list->gpus[i];
		if (zinc_gpu_name_compare(&more->name, &gpu->name))
			continue;
		if (!more->minor[0])
			memcpy(more->minor, gpu->minor, sizeof(more->minor));
		if (!more->node[0])
			memcpy(more->node, gpu->node, sizeof(more->node));
		return 0;
	}
	more = reallocarray(list->gpus, list->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->gpus = more;
	list->gpus[list->count++] = *gpu;
	return 0;
}

/*
 * Devices with a render node that are not GPUs: vgem and vkms have no driver or,
 * since Linux 6.16, the driver of the faux bus; evdi copies frames.
 */
static bool is_gpu_driver(const char *driver)
{
	static const char *const none[] = {
		"", "faux_driver", "vgem", "vkms", "simple-framebuffer",
		"simpledrm", "of-display", "evdi",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(none); i++)
		if (!strcmp(driver, none[i]))
			return false;
	return true;
}

static void driver_of(const char *path, char *driver, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n = -1;

	driver[0] = '\0';
	if (snprintf(link, sizeof(link), "%s/driver", path) < (int)sizeof(link))
		n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(driver, size, "%.31s", name ? name + 1 : target);
}

static uint32_t vendor_of(const char *path)
{
	char file[PATH_MAX], *text;
	uint32_t vendor = 0;
	size_t length;

	if (snprintf(file, sizeof(file), "%s/vendor", path) < (int)sizeof(file) &&
	    !zinc_read_whole(file, &text, &length)) {
		vendor = (uint32_t)strtoul(text, NULL, 16);
		free(text);
	}
	return vendor;
}

static int add_node(struct list *list, const char *folder, const char *name)
{
	char link[PATH_MAX], path[PATH_MAX];
	struct zinc_gpu_found gpu = {};

	if (strncmp(name, NODE_PREFIX, strlen(NODE_PREFIX)))
		return 0;
	if (snprintf(link, sizeof(link), "%s/%s/device", folder, name) >=
	    (int)sizeof(link))
		return 0;
	if (!realpath(link, path))
		return zinc_is_shortage(-errno) ? -errno : 0;
	driver_of(path, gpu.driver, sizeof(gpu.driver));
	/* skip devices whose name is too long for a reservation */
	if (!is_gpu_driver(gpu.driver) ||
	    zinc_gpu_name_of_sysfs(&gpu.name, path))
		return 0;
	gpu.vendor = vendor_of(path);
	snprintf(gpu.node, sizeof(gpu.node), "%.31s", name);
	return add(list, &gpu);
}

static int add_nvidia(struct list *list, const char *folder, const char *name)
{
	struct zinc_gpu_found gpu = { .driver = "nvidia", .vendor = 0x10de };
	char path[PATH_MAX], *text, *at;
	size_t length;

	if (name[0] == '.' ||
	    zinc_gpu_name_parse(&gpu.name, name))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s/information", folder, name) <
	    (int)sizeof(path) && !zinc_read_whole(path, &text, &length)) {
		at = strstr(text, "Device Minor:");
		if (at)
			snprintf(gpu.minor, sizeof(gpu.minor), "nvidia%lu",
				 strtoul(at + strlen("Device Minor:"), NULL, 10));
		free(text);
	}
	return add(list, &gpu);
}

/* A missing folder is empty */
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
	return zinc_gpu_name_compare(&((const struct zinc_gpu_found *)a)->name,
				     &((const struct zinc_gpu_found *)b)->name);
}

/**
 * zinc_gpus_find() - list the GPUs of a machine
 * @machine: the machine
 * @gpus: gets an array sorted by name, to be freed; NULL if empty
 * @count: gets its length
 *
 * Return: as zinc_gpus().
 */
int zinc_gpus_find(const struct zinc_gpu_machine *machine,
		   struct zinc_gpu_found **gpus, size_t *count)
{
	struct list list = { .machine = machine };
	int err;

	err = add_all(&list, machine->sysfs, NODES, add_node);
	if (!err)
		err = add_all(&list, machine->proc, NVIDIA, add_nvidia);
	if (err) {
		free(list.gpus);
		list.gpus = NULL;
		list.count = 0;
	}
	if (list.count)
		qsort(list.gpus, list.count, sizeof(*list.gpus), by_name);
	*gpus = list.gpus;
	*count = list.count;
	return err;
}

/* ---- usable GPUs ------------------------------------------------------------ */

/*
 * The node of NVIDIA's driver is not opened: that would start an idle GPU, which
 * takes a second.
 */
static bool can_be_opened(const struct zinc_gpu_machine *machine,
			  const struct zinc_gpu_found *gpu)
{
	char path[PATH_MAX];
	int fd;

	if (gpu->node[0]) {
		snprintf(path, sizeof(path), "%s/dri/%s", machine->dev,
			 gpu->node);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0) {
			close(fd);
			return true;
		}
	}
	if (!gpu->minor[0])
		return false;
	snprintf(path, sizeof(path), "%s/%s", machine->dev, gpu->minor);
	return !faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS);
}

/*
 * struct seen - the GPUs that a runtime shows under the visibility variables
 * @is_masked: whether such a variable is set; if not, the rest is unset
 * @count: number of GPUs; -1 if unknown
 * @index: indices in @list
 * @list: all GPUs
 */
struct seen {
	bool is_masked;
	int count;
	uint32_t index[ZINC_SHOWN_MAX];
	struct zinc_shown_list list;
};

enum { NVIDIAS, AMDS, INTELS, MAKERS };

static void see_nvidia(struct seen *seen)
{
	const char *mask = getenv("CUDA_VISIBLE_DEVICES");
	bool ordered;

	seen->is_masked = mask;
	if (mask && !zinc_cuda_list(&seen->list, &ordered))
		seen->count = zinc_visible_cuda(mask, &seen->list, ordered,
						seen->index);
}

static void see_amd(struct seen *seen)
{
	const char *rocr = getenv("ROCR_VISIBLE_DEVICES");
	const char *hip = getenv("HIP_VISIBLE_DEVICES");

	if (!hip || !hip[0])
		hip = getenv("CUDA_VISIBLE_DEVICES");
	seen->is_masked = rocr || (hip && hip[0]);
	if (!seen->is_masked ||
	    zinc_kfd_list(zinc_gpu_machine.sysfs, &seen->list))
		return;
	seen->count = zinc_visible_rocr(rocr, &seen->list, seen->index);
	seen->count = zinc_visible_hip(hip, &seen->list, seen->index,
				       seen->count);
}

static void see_intel(struct seen *seen)
{
	int i;

	seen->is_masked = zinc_runtime_is_masked(ZINC_RUNTIME_LEVEL_ZERO);
	if (!seen->is_masked ||
	    zinc_runtime_ask(ZINC_RUNTIME_LEVEL_ZERO, false, &seen->list))
		return;
	seen->count = (int)seen->list.count;
	for (i = 0; i < seen->count; i++)
		seen->index[i] = (uint32_t)i;
}

/* A GPU with only a visible partition is hidden: a lock would be on the whole GPU */
static bool is_hidden(const struct seen *seen, const struct zinc_gpu_name *name)
{
	int i;

	if (!seen->is_masked)
		return false;
	for (i = 0; i < seen->count; i++) {
		const struct zinc_shown *gpu = &seen->list.gpu[seen->index[i]];

		if (gpu->parent < 0 && !zinc_gpu_name_compare(&gpu->device, name))
			return false;
	}
	return true;
}

static int maker_of(const struct zinc_gpu_found *gpu)
{
	if (!strcmp(gpu->driver, "nvidia"))
		return NVIDIAS;
	if (!strcmp(gpu->driver, "amdgpu"))
		return AMDS;
	if (!strcmp(gpu->driver, "i915") || !strcmp(gpu->driver, "xe"))
		return INTELS;
	return MAKERS;
}

/* Ask the runtime of each vendor that has a GPU here */
static int look_at_masks(struct zinc_gpu_found *gpus, size_t count)
{
	static void (*const see[MAKERS])(struct seen *seen) = {
		see_nvidia, see_amd, see_intel,
	};
	struct seen *seen;
	bool asked;
	size_t i;
	int maker;

	seen = malloc(sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	for (maker = 0; maker < MAKERS; maker++) {
		asked = false;
		for (i = 0; i < count; i++) {
			if (maker_of(&gpus[i]) != maker)
				continue;
			if (!asked) {
				memset(seen, 0, sizeof(*seen));
				seen->count = -1;
				see[maker](seen);
				asked = true;
			}
			gpus[i].is_hidden = is_hidden(seen, &gpus[i].name);
		}
	}
	free(seen);
	return 0;
}

/**
 * zinc_gpus_examine() - find the GPUs that this process may use
 * @machine: the machine
 * @gpus: from zinc_gpus_find()
 * @count: number of GPUs
 *
 * Return: 0; -ENOMEM.
 */
int zinc_gpus_examine(const struct zinc_gpu_machine *machine,
		      struct zinc_gpu_found *gpus, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		gpus[i].is_open = can_be_opened(machine, &gpus[i]);
	return look_at_masks(gpus, count);
}

/**
 * zinc_gpu_vendor() - parse the name or number of a PCI vendor
 * @text: nvidia, amd, intel, or a number such as 0x10de
 *
 * Return: the vendor; 0 if @text is invalid.
 */
uint32_t zinc_gpu_vendor(const char *text)
{
	static const struct {
		const char *name;
		uint32_t vendor;
	} vendors[] = {
		{ "nvidia", 0x10de }, { "amd", 0x1002 }, { "intel", 0x8086 },
	};
	unsigned long number;
	char *end;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vendors); i++)
		if (!strcasecmp(text, vendors[i].name))
			return vendors[i].vendor;
	if (strncmp(text, "0x", 2))
		return 0;
	number = strtoul(text, &end, 16);
	return *end || number > 0xffff ? 0 : (uint32_t)number;
}
