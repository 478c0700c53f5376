// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runtime libraries of GPUs that are not there: NVML, CUDA, Vulkan and Level
 * Zero, as far as the library asks them. It is built once for each of their
 * sonames. The machine is described by the environment:
 *
 *   STUB_NVML    PCI/UUID/MODEL,...     in NVML's order
 *   STUB_MIG     GPU/GI/CI/UUID,...     parts; GPU is an index in STUB_NVML
 *   STUB_CUDA    PCI,...                in CUDA's order
 *   STUB_VULKAN  PCI, cpu or drmMAJOR:MINOR,...   in Vulkan's order
 *   STUB_ZE      PCI,...                in Level Zero's order
 *   STUB_FAIL, STUB_CRASH, STUB_HANG    a function that does so
 *
 * A mask is a list of numbers of what is shown: CUDA_VISIBLE_DEVICES,
 * ZE_AFFINITY_MASK, and here MESA_VK_DEVICE_SELECT, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* a library that lacks a function that is looked up */
#ifdef STUB_EMPTY
#define EXPORT	__attribute__((visibility("hidden")))
#else
#define EXPORT	__attribute__((visibility("default")))
#endif
#define MOST	16
#define FAILED	999

struct item {
	char text[128];
};

static struct item items[MOST];

static int is_named(const char *variable, const char *function)
{
	const char *value = getenv(variable);

	return value && !strcmp(value, function);
}

/* Behaviour that STUB_FAIL and the others request */
static int begin(const char *function)
{
	if (is_named("STUB_CRASH", function))
		*(volatile int *)(uintptr_t)getpid() = 0;
	while (is_named("STUB_HANG", function))
		pause();
	/* as drivers do: on the caller's terminal, if it were there */
	puts("stub: chatter");
	fflush(stdout);
	return is_named("STUB_FAIL", function) ? FAILED : 0;
}

static int split(const char *value, struct item *to)
{
	int n = 0;
	size_t length;

	for (; value && *value && n < MOST; n++) {
		length = strcspn(value, ",");
		snprintf(to[n].text, sizeof(to[n].text), "%.*s", (int)length,
			 value);
		value += length + (value[length] == ',');
	}
	return n;
}

/* The items of a machine, by way of a mask */
static int show(const char *machine, const char *mask)
{
	struct item all[MOST], chosen[MOST];
	int count = split(getenv(machine), all), n, i, shown = 0;

	if (!mask || !getenv(mask)) {
		memcpy(items, all, sizeof(all));
		return count;
	}
	n = split(getenv(mask), chosen);
	for (i = 0; i < n && atoi(chosen[i].text) < count; i++)
		items[shown++] = all[atoi(chosen[i].text)];
	return shown;
}

static void parse(const char *text, unsigned int at[4])
{
	if (sscanf(text, "%x:%x:%x.%x", &at[0], &at[1], &at[2], &at[3]) != 4)
		memset(at, 0, 4 * sizeof(*at));
}

/* A handle is an index and one, for none is NULL */
static void *handle(size_t i)
{
	return (void *)(i + 1);
}

static size_t index_of(void *handle_)
{
	return (size_t)handle_ - 1;
}

/* ---- NVML --------------------------------------------------------------- */

#define PART	100	/* handles of parts begin there */

static int field(const char *text, int n, char *to, unsigned int size)
{
	size_t length;

	while (n--) {
		text = strchr(text, '/');
		if (!text)
			return FAILED;
		text++;
	}
	/* the last one may have slashes */
	length = strcspn(text, size == 4 ? "/" : "");
	snprintf(to, size, "%.*s", (int)length, text);
	return 0;
}

EXPORT int nvmlInit_v2(void)
{
	return begin("nvmlInit_v2");
}

EXPORT int nvmlDeviceGetCount_v2(unsigned int *count)
{
	*count = (unsigned int)show("STUB_NVML", NULL);
	return begin("nvmlDeviceGetCount_v2");
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned int i, void **device)
{
	*device = handle(i);
	return begin("nvmlDeviceGetHandleByIndex_v2");
}

EXPORT int nvmlDeviceGetPciInfo_v3(void *device, void *pci)
{
	unsigned int at[4];

	show("STUB_NVML", NULL);
	parse(items[index_of(device)].text, at);
	memcpy((char *)pci + 16, at, 3 * sizeof(*at));
	return 0;
}

static int part_of(size_t n, struct item *part)
{
	struct item parts[MOST];
	int count = split(getenv("STUB_MIG"), parts);

	if (n >= (size_t)count)
		return FAILED;
	*part = parts[n];
	return 0;
}

EXPORT int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int size)
{
	size_t i = index_of(device);
	struct item part;
	char *end;

	if (i >= PART)
		return part_of(i - PART, &part) || field(part.text, 3, uuid, size);
	show("STUB_NVML", NULL);
	if (i >= MOST || field(items[i].text, 1, uuid, size))
		return FAILED;
	end = strchr(uuid, '/');
	if (end)
		*end = '\0';
	return 0;
}

EXPORT int nvmlDeviceGetName(void *device, char *name, unsigned int size)
{
	show("STUB_NVML", NULL);
	return field(items[index_of(device)].text, 2, name, size);
}

EXPORT int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned int *count)
{
	(void)device;
	*count = 7;
	return 0;
}

EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned int i,
					       void **part)
{
	struct item one;
	size_t n;

	for (n = 0; !part_of(n, &one); n++) {
		if ((size_t)atoi(one.text) != index_of(device) || i--)
			continue;
		*part = handle(PART + n);
		return 0;
	}
	return FAILED;
}

static int number_of(void *part, int n, unsigned int *id)
{
	struct item one;
	char text[4];

	if (part_of(index_of(part) - PART, &one) ||
	    field(one.text, n, text, sizeof(text)))
		return FAILED;
	*id = (unsigned int)atoi(text);
	return 0;
}

EXPORT int nvmlDeviceGetGpuInstanceId(void *part, unsigned int *id)
{
	return number_of(part, 1, id);
}

EXPORT int nvmlDeviceGetComputeInstanceId(void *part, unsigned int *id)
{
	return number_of(part, 2, id);
}

/* ---- CUDA --------------------------------------------------------------- */

EXPORT int cuInit(unsigned int flags)
{
	return flags ? FAILED : begin("cuInit");
}

EXPORT int cuDeviceGetCount(int *count)
{
	*count = show("STUB_CUDA", "CUDA_VISIBLE_DEVICES");
	return begin("cuDeviceGetCount");
}

EXPORT int cuDeviceGet(int *device, int ordinal)
{
	*device = ordinal;
	return begin("cuDeviceGet");
}

EXPORT int cuDeviceGetPCIBusId(char *text, int size, int device)
{
	show("STUB_CUDA", "CUDA_VISIBLE_DEVICES");
	snprintf(text, (size_t)size, "%.31s", items[device].text);
	return 0;
}

/* ---- Vulkan ------------------------------------------------------------- */

struct chained {
	int type;
	struct chained *next;
	uint32_t words[10];
};

static int create(const void *how, const void *allocator, void **instance)
{
	(void)how;
	(void)allocator;
	*instance = handle(0);
	return begin("vkCreateInstance");
}

static int enumerate(void *instance, uint32_t *count, void **devices)
{
	uint32_t shown = (uint32_t)show("STUB_VULKAN", "MESA_VK_DEVICE_SELECT");
	uint32_t i;

	(void)instance;
	for (i = 0; i < shown && i < *count; i++)
		devices[i] = handle(i);
	*count = i;
	return begin("vkEnumeratePhysicalDevices");
}

static const char *device_text(void *device)
{
	show("STUB_VULKAN", "MESA_VK_DEVICE_SELECT");
	return items[index_of(device)].text;
}

static int extensions(void *device, const char *layer, uint32_t *count,
		      char (*list)[260])
{
	const char *text = device_text(device);

	(void)layer;
	snprintf(list[0], sizeof(list[0]), "VK_EXT_%s",
		 !strncmp(text, "drm", 3) ? "physical_device_drm" :
		 !strcmp(text, "cpu") ? "none" : "pci_bus_info");
	*count = 1;
	return 0;
}

static void properties(void *device, struct chained *p)
{
	const char *text = device_text(device);
	long long minor;
	unsigned int at[4];
	struct chained *more;

	p->words[4] = !strcmp(text, "cpu") ? 4 : 2;
	strcpy((char *)&p->words[5], !strcmp(text, "cpu") ? "llvmpipe" : "GPU");
	for (more = p->next; more; more = more->next) {
		if (more->type == 1000212000) {
			parse(text, at);
			memcpy(more->words, at, sizeof(at));
		} else if (more->type == 1000353000) {
			more->words[1] = 1;	/* has a render node */
			minor = atoi(strchr(text, ':') + 1);
			/* behind two pairs: primary, then render */
			memcpy(&more->words[6], &(long long){ 226 }, 8);
			memcpy(&more->words[8], &minor, 8);
		}
	}
}

EXPORT void *vkGetInstanceProcAddr(void *instance, const char *name)
{
	(void)instance;
	if (!strcmp(name, "vkCreateInstance"))
		return create;
	if (!strcmp(name, "vkEnumeratePhysicalDevices"))
		return enumerate;
	if (!strcmp(name, "vkEnumerateDeviceExtensionProperties"))
		return extensions;
	if (!strcmp(name, "vkGetPhysicalDeviceProperties2"))
		return is_named("STUB_FAIL", name) ? NULL : properties;
	return NULL;
}

/* ---- Level Zero --------------------------------------------------------- */

EXPORT int zeInit(uint32_t flags)
{
	return flags ? FAILED : begin("zeInit");
}

EXPORT int zeDriverGet(uint32_t *count, void **drivers)
{
	*count = 1;
	drivers[0] = handle(0);
	return begin("zeDriverGet");
}

EXPORT int zeDeviceGet(void *driver, uint32_t *count, void **devices)
{
	uint32_t shown = (uint32_t)show("STUB_ZE", "ZE_AFFINITY_MASK"), i;

	(void)driver;
	for (i = 0; i < shown && i < *count; i++)
		devices[i] = handle(i);
	*count = i;
	return begin("zeDeviceGet");
}

EXPORT int zeDevicePciGetPropertiesExt(void *device, struct chained *pci)
{
	unsigned int at[4];

	show("STUB_ZE", "ZE_AFFINITY_MASK");
	parse(items[index_of(device)].text, at);
	memcpy(pci->words, at, sizeof(at));
	return 0;
}
