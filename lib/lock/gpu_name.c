// SPDX-License-Identifier: MIT
/*
 * Names of GPUs. A name is parsed once into struct zinc_gpu_name, which is passed
 * on and printed for each use: for messages, reservations and lock files.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/gpu.h"

#define PCI_PREFIX	"pci:"
#define DRM_PREFIX	"drm:"
#define PART_PREFIX	"mig:"
#define DRM_MAJOR	226

static const char *const backends[ZINC_GPU_BACKENDS] = {
	[ZINC_GPU_VULKAN] = "vulkan",
	[ZINC_GPU_METAL] = "metal",
	[ZINC_GPU_CUDA] = "cuda",
	[ZINC_GPU_ROCM] = "rocm",
	[ZINC_GPU_LEVEL_ZERO] = "level-zero",
	[ZINC_GPU_OPENCL] = "opencl",
	[ZINC_GPU_DRM_NODE] = "drm",
};

/**
 * zinc_gpu_backend_name() - get the name of a backend
 * @backend: the backend
 *
 * Return: such as vulkan.
 */
const char *zinc_gpu_backend_name(enum zinc_gpu_backend backend)
{
	return backends[backend];
}

/* ---- parse ------------------------------------------------------------------ */

/* ZINC_GPU_BACKENDS: @length bytes of @name are not a backend's name */
static enum zinc_gpu_backend find_backend(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < ZINC_GPU_BACKENDS; i++)
		if (strlen(backends[i]) == length &&
		    !memcmp(backends[i], name, length))
			break;
	return (enum zinc_gpu_backend)i;
}

/* Set the text after @prefix, within the length of a device's name */
static int set_text(struct zinc_gpu_name *name, const char *prefix,
		    const char *text)
{
	char *at;
	int err;

	err = zinc_format(name->text, sizeof(name->text) - strlen(prefix), "%s",
			  text);
	for (at = name->text; !err && *at; at++)
		*at = *at == '/' ? '.' : (char)tolower((unsigned char)*at);
	return err;
}

/**
 * zinc_gpu_name_index() - make a name of a backend and an index
 * @name: gets it
 * @backend: such as vulkan
 * @index: the GPU's number
 *
 * Return: 0; -EINVAL if @backend is unknown.
 */
int zinc_gpu_name_index(struct zinc_gpu_name *name, const char *backend,
			uint32_t index)
{
	memset(name, 0, sizeof(*name));
	name->backend = find_backend(backend, strlen(backend));
	if (name->backend == ZINC_GPU_BACKENDS)
		return -EINVAL;
	name->kind = ZINC_GPU_INDEX;
	name->index = index;
	return 0;
}

/* BACKEND:INDEX, without a sign or a leading zero */
static bool parse_index(struct zinc_gpu_name *name, const char *gpu)
{
	const char *colon = strchr(gpu, ':');
	enum zinc_gpu_backend backend;
	const char *digit;
	uint64_t index = 0;

	if (!colon)
		return false;
	backend = find_backend(gpu, (size_t)(colon - gpu));
	if (backend == ZINC_GPU_BACKENDS)
		return false;
	for (digit = colon + 1; isdigit((unsigned char)*digit); digit++) {
		index = index * 10 + (uint64_t)(*digit - '0');
		if (index > UINT32_MAX)
			return false;
	}
	if (digit == colon + 1 || *digit || (colon[1] == '0' && colon[2]))
		return false;
	name->kind = ZINC_GPU_INDEX;
	name->backend = backend;
	name->index = (uint32_t)index;
	return true;
}

/**
 * zinc_gpu_name_pci() - parse a PCI address, as lspci(8) and drivers print it
 * @name: gets the name
 * @text: [DDDD:]BB:DD.F
 *
 * Return: true if @text is a PCI address; otherwise @name is unchanged.
 */
bool zinc_gpu_name_pci(struct zinc_gpu_name *name, const char *text)
{
	static const unsigned int most[] = { UINT_MAX, 0xff, 0x1f, 7 };
	unsigned int pci[4];
	const char *pattern;
	char with[64];
	int n = 0, i;

	/* %x accepts spaces, signs and 0x, which an address does not contain */
	if (strlen(text) > 16 ||
	    strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	pattern = strchr(text, ':') == strrchr(text, ':') ? "0:%s" : "%s";
	snprintf(with, sizeof(with), pattern, text);
	if (sscanf(with, "%8x:%2x:%2x.%1x%n", &pci[0], &pci[1], &pci[2],
		   &pci[3], &n) != 4 || with[n])
		return false;
	for (i = 0; i < 4; i++)
		if (pci[i] > most[i])
			return false;
	memset(name, 0, sizeof(*name));
	name->kind = ZINC_GPU_PCI;
	memcpy(name->pci, pci, sizeof(pci));
	return true;
}

/**
 * zinc_gpu_name_part() - make a name of the UUID of a partition
 * @name: gets it
 * @uuid: MIG-...; NVIDIA's have at most 50 characters, the rest is cut off
 */
void zinc_gpu_name_part(struct zinc_gpu_name *name, const char *uuid)
{
	char text[sizeof(name->text) - sizeof(PART_PREFIX) + 1];

	memset(name, 0, sizeof(*name));
	name->kind = ZINC_GPU_PART;
	snprintf(text, sizeof(text), "%.59s", uuid + strlen("MIG-"));
	set_text(name, PART_PREFIX, text);
}

/**
 * zinc_gpu_name_of_sysfs() - make the name of a GPU of its device in sysfs
 * @name: gets it
 * @path: canonical path of the device
 *
 * Return: 0; -ENAMETOOLONG.
 */
int zinc_gpu_name_of_sysfs(struct zinc_gpu_name *name, const char *path)
{
	const char *last = strrchr(path, '/') + 1;
	char *at;
	int err;

	if (zinc_gpu_name_pci(name, last))
		return 0;
	memset(name, 0, sizeof(*name));
	name->kind = ZINC_GPU_DRM;
	err = set_text(name, DRM_PREFIX, last);
	/* a reservation's device accepts no other characters */
	for (at = name->text; !err && *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._:-", *at))
			*at = '-';
	return err;
}

/**
 * zinc_gpu_name_of_link() - get the name of the GPU of a link in sysfs
 * @name: gets it; unchanged after an error other than -ENAMETOOLONG
 * @link: path of a symbolic link to the device
 *
 * Return: 0; -ENODEV if there is no such device; -ENAMETOOLONG.
 */
int zinc_gpu_name_of_link(struct zinc_gpu_name *name, const char *link)
{
	char path[PATH_MAX];

	if (!realpath(link, path))
		return zinc_is_shortage(-errno) ? -errno : -ENODEV;
	return zinc_gpu_name_of_sysfs(name, path);
}

/**
 * zinc_gpu_name_of_number() - get the name of the GPU of a device number
 * @name: gets it; unchanged after an error other than -ENAMETOOLONG
 * @sysfs: mount point of sysfs
 * @number: MAJOR:MINOR
 *
 * Return: 0; -ENODEV if there is no such device; -ENAMETOOLONG.
 */
int zinc_gpu_name_of_number(struct zinc_gpu_name *name, const char *sysfs,
			    const char *number)
{
	char link[PATH_MAX];

	snprintf(link, sizeof(link), "%s/dev/char/%s/device", sysfs, number);
	return zinc_gpu_name_of_link(name, link);
}

static int parse_node(struct zinc_gpu_name *name, const char *node)
{
	char number[64];
	struct stat st;

	if (stat(node, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != DRM_MAJOR)
		return -ENODEV;
	snprintf(number, sizeof(number), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	return zinc_gpu_name_of_number(name, zinc_gpu_machine.sysfs, number);
}

/* drm:NAME as zinc_gpu_name_of_sysfs() makes it */
static bool is_drm(const char *gpu)
{
	const char *name = gpu + strlen(DRM_PREFIX);

	return !strncmp(gpu, DRM_PREFIX, strlen(DRM_PREFIX)) && *name &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._:-") ==
	       strlen(name);
}

/* A UUID or the beginning of one: hexadecimal digits, dashes, and @also */
static bool is_digits(const char *text, const char *also)
{
	char set[32];

	snprintf(set, sizeof(set), "0123456789abcdefABCDEF-%s", also);
	return isxdigit((unsigned char)text[0]) &&
	       strspn(text, set) == strlen(text);
}

/*
 * cuda:GPU-..., cuda:MIG-..., rocm:GPU-..., or these without the backend; *@uuid
 * gets the part after the backend. A UUID of AMD has 16 digits and no dash. The
 * UUID of a partition may contain the GPU's, followed by two numbers.
 * ZINC_GPU_BACKENDS: @gpu is not a UUID.
 */
static enum zinc_gpu_backend find_uuid(const char *gpu, const char **uuid)
{
	enum zinc_gpu_backend backend = ZINC_GPU_BACKENDS;

	if (!strncmp(gpu, "cuda:", 5) || !strncmp(gpu, "rocm:", 5)) {
		backend = find_backend(gpu, 4);
		gpu += 5;
	}
	*uuid = gpu;
	if (!strncasecmp(gpu, "GPU-", 4) && is_digits(gpu + 4, "")) {
		if (backend != ZINC_GPU_BACKENDS)
			return backend;
		return strlen(gpu) == 20 && !strchr(gpu + 4, '-') ?
		       ZINC_GPU_ROCM : ZINC_GPU_CUDA;
	}
	if (backend == ZINC_GPU_ROCM || strncasecmp(gpu, "MIG-", 4))
		return ZINC_GPU_BACKENDS;
	gpu += 4;
	if (!strncasecmp(gpu, "GPU-", 4))
		return is_digits(gpu + 4, "/.") ? ZINC_GPU_CUDA :
						  ZINC_GPU_BACKENDS;
	return is_digits(gpu, "") ? ZINC_GPU_CUDA : ZINC_GPU_BACKENDS;
}

/**
 * zinc_gpu_name_parse() - parse any name of a GPU
 * @name: gets it
 * @gpu: as to zinc_gpu_device(), which documents the forms
 *
 * Return: 0; -EINVAL, -ENAMETOOLONG, -ENODEV, or an error of a node's stat(2).
 */
int zinc_gpu_name_parse(struct zinc_gpu_name *name, const char *gpu)
{
	enum zinc_gpu_backend backend;
	const char *uuid, *pci = gpu;

	memset(name, 0, sizeof(*name));
	if (gpu[0] == '/')
		return parse_node(name, gpu);
	if (parse_index(name, gpu))
		return 0;
	if (is_drm(gpu)) {
		name->kind = ZINC_GPU_DRM;
		return set_text(name, DRM_PREFIX, gpu + strlen(DRM_PREFIX));
	}
	backend = find_uuid(gpu, &uuid);
	if (backend != ZINC_GPU_BACKENDS) {
		name->kind = ZINC_GPU_UUID;
		name->backend = backend;
		/* both backends' names have four letters */
		return set_text(name, "cuda:", uuid);
	}
	if (!strncmp(gpu, PCI_PREFIX, strlen(PCI_PREFIX)))
		pci += strlen(PCI_PREFIX);
	return zinc_gpu_name_pci(name, pci) ? 0 : -EINVAL;
}

/* ---- print ------------------------------------------------------------------ */

/* The part after the colon */
static int print_rest(char *buf, size_t size, const struct zinc_gpu_name *name)
{
	switch (name->kind) {
	case ZINC_GPU_INDEX:
		return zinc_format(buf, size, "%u", name->index);
	case ZINC_GPU_PCI:
		return zinc_format(buf, size, "%04x:%02x:%02x.%x", name->pci[0],
				   name->pci[1], name->pci[2], name->pci[3]);
	default:
		return zinc_format(buf, size, "%s", name->text);
	}
}

/* The part before the colon */
static const char *prefix(const struct zinc_gpu_name *name)
{
	switch (name->kind) {
	case ZINC_GPU_PCI:
		return "pci";
	case ZINC_GPU_DRM:
		return "drm";
	case ZINC_GPU_PART:
		return "mig";
	default:
		return backends[name->backend];
	}
}

/**
 * zinc_gpu_name_print() - print a name in its normal form
 * @buf: gets it; empty for ZINC_GPU_NONE
 * @size: bytes of @buf
 * @name: the name
 *
 * Return: 0; -ENAMETOOLONG.
 */
int zinc_gpu_name_print(char *buf, size_t size, const struct zinc_gpu_name *name)
{
	char rest[ZINC_DEVICE_NAME_MAX + 1];

	if (name->kind == ZINC_GPU_NONE)
		return zinc_format(buf, size, "%s", "");
	print_rest(rest, sizeof(rest), name);
	return zinc_format(buf, size, "%s:%s", prefix(name), rest);
}

/**
 * zinc_gpu_name_path() - print the path of the lock file of a name
 * @buf: gets it
 * @size: bytes of @buf
 * @name: the name
 * @why: message; may be NULL
 *
 * Return: as zinc_lock_file().
 */
int zinc_gpu_name_path(char *buf, size_t size, const struct zinc_gpu_name *name,
		       char **why)
{
	char rest[ZINC_DEVICE_NAME_MAX + 1];

	print_rest(rest, sizeof(rest), name);
	return zinc_lock_file(buf, size, why, "zinc-gpu-%s-%s.lock",
			      prefix(name), rest);
}

/**
 * zinc_gpu_name_compare() - compare two names for equality and order
 * @a: a name
 * @b: another
 *
 * Names sort by their part before the colon, then by the numbers or the text.
 *
 * Return: 0 if they are equal; else less or more than 0.
 */
int zinc_gpu_name_compare(const struct zinc_gpu_name *a,
			  const struct zinc_gpu_name *b)
{
	int i, order;

	if (a->kind == ZINC_GPU_NONE || b->kind == ZINC_GPU_NONE)
		return (a->kind != ZINC_GPU_NONE) - (b->kind != ZINC_GPU_NONE);
	order = strcmp(prefix(a), prefix(b));
	if (order || a->kind != b->kind)
		return order ? order : (int)a->kind - (int)b->kind;
	for (i = 0; i < 4; i++)
		if (a->pci[i] != b->pci[i])
			return a->pci[i] < b->pci[i] ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return strverscmp(a->text, b->text);
}

/* ---- API -------------------------------------------------------------------- */

int32_t zinc_gpu_lock_path(char *buf, size_t size, const char *backend,
			   uint32_t index)
{
	struct zinc_gpu_name name;

	if (!buf || !backend || zinc_gpu_name_index(&name, backend, index))
		return -EINVAL;
	return zinc_gpu_name_path(buf, size, &name, NULL);
}

int32_t zinc_gpu_device(char *buf, size_t size, const char *gpu)
{
	struct zinc_gpu_name name;
	int err;

	if (!buf || !size || !gpu)
		return -EINVAL;
	buf[0] = '\0';
	err = zinc_gpu_name_parse(&name, gpu);
	if (!err)
		err = zinc_gpu_name_print(buf, size, &name);
	if (err)
		buf[0] = '\0';
	return err;
}
