// SPDX-License-Identifier: MIT
/*
 * The GPUs that runtime libraries list: NVML, CUDA, Vulkan and Level Zero. This
 * library is not linked with them, but loads the installed ones in a child process:
 * drivers start threads, keep descriptors, print, take seconds, and sometimes crash
 * or hang, which must not affect the caller. The child has none of the caller's
 * descriptors, and is killed after a timeout.
 *
 * The functions and structs are those of the public headers nvml.h, cuda.h,
 * vulkan_core.h and ze_api.h, which are not needed to build.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>
#define HAS_SINGLE_THREADED 1
#endif
#endif

#include "core/internal.h"
#include "lock/gpu.h"

/* A statically linked program may have no dlopen() */
#pragma weak dlopen
#pragma weak dlsym

/* Machines with many GPUs and no persistence mode take seconds */
uint64_t zinc_runtime_patience = 15 * NS_PER_S;

static bool symbol(void *library, const char *name, void *function)
{
	void *at = dlsym(library, name);

	memcpy(function, &at, sizeof(at));
	return at;
}

/* Append an empty entry; NULL if the list is full */
static struct zinc_shown *next(struct zinc_shown_list *list)
{
	struct zinc_shown *gpu;

	if (list->count == ZINC_SHOWN_MAX)
		return NULL;
	gpu = &list->gpu[list->count++];
	memset(gpu, 0, sizeof(*gpu));
	gpu->parent = -1;
	return gpu;
}

static void set_pci(struct zinc_shown *gpu, unsigned int domain,
		    unsigned int bus, unsigned int device, unsigned int function)
{
	gpu->device = (struct zinc_gpu_name){
		.kind = ZINC_GPU_PCI,
		.pci = { domain, bus, device, function },
	};
}

static int failed(struct zinc_shown_list *list, const char *what, int result)
{
	snprintf(list->reason, sizeof(list->reason), "%s fails with %d", what,
		 result);
	return -EIO;
}

static int lacks(struct zinc_shown_list *list)
{
	snprintf(list->reason, sizeof(list->reason),
		 "the library lacks functions: it is too old, or another one");
	return -ENOSYS;
}

/* ---- NVML --------------------------------------------------------------- */

struct nvml {
	int (*init)(void);
	int (*count)(unsigned int *count);
	int (*by_index)(unsigned int index, void **device);
	int (*pci)(void *device, void *pci);
	int (*uuid)(void *device, char *uuid, unsigned int size);
	int (*name)(void *device, char *name, unsigned int size);
	/* for partitions, since 2020 */
	int (*parts)(void *device, unsigned int *count);
	int (*part)(void *device, unsigned int index, void **part);
	int (*gi)(void *part, unsigned int *id);
	int (*ci)(void *part, unsigned int *id);
};

struct nvml_pci {
	char legacy[16];
	unsigned int domain;
	unsigned int bus;
	unsigned int device;
	unsigned int ids[2];
	char bus_id[32];
	char more[64];
};

static void nvml_parts(const struct nvml *nvml, void *device, int32_t parent,
		       struct zinc_shown_list *list)
{
	unsigned int count = 0, i;
	struct zinc_shown *gpu;
	void *part;

	if (!nvml->parts || !nvml->part || nvml->parts(device, &count))
		return;
	for (i = 0; i < count; i++) {
		if (nvml->part(device, i, &part))
			continue;
		gpu = next(list);
		if (!gpu)
			return;
		gpu->parent = parent;
		gpu->device = list->gpu[parent].device;
		nvml->uuid(part, gpu->uuid, sizeof(gpu->uuid));
		if (nvml->gi)
			nvml->gi(part, &gpu->gi);
		if (nvml->ci)
			nvml->ci(part, &gpu->ci);
	}
}

static int ask_nvml(void *library, struct zinc_shown_list *list)
{
	void *devices[ZINC_SHOWN_MAX] = {};
	struct nvml nvml = {};
	struct nvml_pci pci;
	struct zinc_shown *gpu;
	unsigned int count, i;
	size_t n;
	int ret;

	if (!symbol(library, "nvmlInit_v2", &nvml.init) ||
	    !symbol(library, "nvmlDeviceGetCount_v2", &nvml.count) ||
	    !symbol(library, "nvmlDeviceGetHandleByIndex_v2", &nvml.by_index) ||
	    !symbol(library, "nvmlDeviceGetPciInfo_v3", &nvml.pci) ||
	    !symbol(library, "nvmlDeviceGetUUID", &nvml.uuid) ||
	    !symbol(library, "nvmlDeviceGetName", &nvml.name))
		return lacks(list);
	symbol(library, "nvmlDeviceGetMaxMigDeviceCount", &nvml.parts);
	symbol(library, "nvmlDeviceGetMigDeviceHandleByIndex", &nvml.part);
	symbol(library, "nvmlDeviceGetGpuInstanceId", &nvml.gi);
	symbol(library, "nvmlDeviceGetComputeInstanceId", &nvml.ci);
	ret = nvml.init();
	if (ret)
		return failed(list, "nvmlInit_v2()", ret);
	ret = nvml.count(&count);
	if (ret)
		return failed(list, "nvmlDeviceGetCount_v2()", ret);
	for (i = 0; i < count; i++) {
		void *device;

		memset(&pci, 0, sizeof(pci));
		/* CUDA also hides a GPU that the process may not use */
		if (nvml.by_index(i, &device) || nvml.pci(device, &pci))
			continue;
		gpu = next(list);
		if (!gpu)
			break;
		devices[list->count - 1] = device;
		set_pci(gpu, pci.domain, pci.bus, pci.device, 0);
		nvml.uuid(device, gpu->uuid, sizeof(gpu->uuid));
		nvml.name(device, gpu->model, sizeof(gpu->model));
	}
	n = list->count;
	for (i = 0; i < n; i++)
		nvml_parts(&nvml, devices[i], (int32_t)i, list);
	return 0;
}

/* ---- CUDA --------------------------------------------------------------- */

static int ask_cuda(void *library, struct zinc_shown_list *list)
{
	int (*bus_id)(char *text, int size, int device);
	int (*get)(int *device, int ordinal);
	int (*get_count)(int *count);
	int (*init)(unsigned int flags);
	struct zinc_shown *gpu;
	int count, device, ret, i;
	char text[64];

	if (!symbol(library, "cuInit", &init) ||
	    !symbol(library, "cuDeviceGetCount", &get_count) ||
	    !symbol(library, "cuDeviceGet", &get) ||
	    !symbol(library, "cuDeviceGetPCIBusId", &bus_id))
		return lacks(list);
	ret = init(0);
	if (ret)
		return failed(list, "cuInit()", ret);
	ret = get_count(&count);
	if (ret)
		return failed(list, "cuDeviceGetCount()", ret);
	for (i = 0; i < count; i++) {
		gpu = next(list);
		if (!gpu)
			break;
		if (get(&device, i) || bus_id(text, sizeof(text), device))
			continue;
		zinc_gpu_name_pci(&gpu->device, text);
	}
	return 0;
}

/* ---- Vulkan ------------------------------------------------------------- */

#define VK_API_1_1	((1U << 22) | (1U << 12))
#define VK_EXTENSIONS	1024
#define VK_INCOMPLETE	5
#define VK_TYPE_CPU	4

enum {
	VK_APPLICATION_INFO = 0,
	VK_INSTANCE_CREATE_INFO = 1,
	VK_PROPERTIES_2 = 1000059001,
	VK_PCI_BUS_INFO = 1000212000,
	VK_DRM_PROPERTIES = 1000353000,
};

struct vk_application {
	int type;
	const void *next;
	const char *name;
	uint32_t version;
	const char *engine;
	uint32_t engine_version;
	uint32_t api_version;
};

struct vk_instance {
	int type;
	const void *next;
	uint32_t flags;
	const struct vk_application *application;
	uint32_t layers_count;
	const char *const *layers;
	uint32_t extensions_count;
	const char *const *extensions;
};

struct vk_extension {
	char name[256];
	uint32_t version;
};

struct vk_pci {
	int type;
	void *next;
	uint32_t domain;
	uint32_t bus;
	uint32_t device;
	uint32_t function;
};

struct vk_drm {
	int type;
	void *next;
	uint32_t has_primary;
	uint32_t has_render;
	int64_t primary_major;
	int64_t primary_minor;
	int64_t render_major;
	int64_t render_minor;
};

struct vk_properties {
	int type;
	void *next;
	struct {
		uint32_t api_version;
		uint32_t driver_version;
		uint32_t vendor;
		uint32_t device;
		uint32_t device_type;
		char name[256];
		uint64_t more[256];	/* more than the rest of it */
	} of;
};

struct vk {
	int (*enumerate)(void *instance, uint32_t *count, void **devices);
	int (*extensions)(void *device, const char *layer, uint32_t *count,
			  struct vk_extension *list);
	void (*properties)(void *device, struct vk_properties *properties);
};

static bool vk_has(const struct vk_extension *list, uint32_t count,
		   const char *name)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return true;
	return false;
}

static void vk_show(const struct vk *vk, void *device, struct zinc_shown *gpu)
{
	struct vk_extension *list = calloc(VK_EXTENSIONS, sizeof(*list));
	struct vk_drm drm = { .type = VK_DRM_PROPERTIES };
	struct vk_pci pci = { .type = VK_PCI_BUS_INFO };
	struct vk_properties p = { .type = VK_PROPERTIES_2 };
	uint32_t count = list ? VK_EXTENSIONS : 0;
	bool on_pci, on_drm;
	char number[64];
	int ret;

	ret = vk->extensions(device, NULL, &count, list);
	if (!list || (ret && ret != VK_INCOMPLETE))
		count = 0;
	on_pci = vk_has(list, count, "VK_EXT_pci_bus_info");
	on_drm = vk_has(list, count, "VK_EXT_physical_device_drm");
	free(list);
	if (on_pci) {
		pci.next = p.next;
		p.next = &pci;
	}
	if (on_drm) {
		drm.next = p.next;
		p.next = &drm;
	}
	vk->properties(device, &p);
	snprintf(gpu->model, sizeof(gpu->model), "%.63s", p.of.name);
	if (p.of.device_type == VK_TYPE_CPU)
		return;
	if (on_pci) {
		set_pci(gpu, pci.domain, pci.bus, pci.device, pci.function);
		return;
	}
	if (!on_drm || (!drm.has_render && !drm.has_primary))
		return;
	snprintf(number, sizeof(number), "%lld:%lld",
		 (long long)(drm.has_render ? drm.render_major :
					      drm.primary_major),
		 (long long)(drm.has_render ? drm.render_minor :
					      drm.primary_minor));
	if (zinc_gpu_name_of_number(&gpu->device, zinc_gpu_machine.sysfs, number))
		gpu->device.kind = ZINC_GPU_NONE;
}

static int ask_vulkan(void *library, struct zinc_shown_list *list)
{
	static const struct vk_application application = {
		.type = VK_APPLICATION_INFO,
		.name = "zinc",
		.api_version = VK_API_1_1,
	};
	static const struct vk_instance how = {
		.type = VK_INSTANCE_CREATE_INFO,
		.application = &application,
	};
	int (*create)(const struct vk_instance *how, const void *allocator,
		      void **instance);
	void *(*address)(void *instance, const char *name);
	void *instance = NULL, *devices[ZINC_SHOWN_MAX], *at;
	uint32_t count = ZINC_SHOWN_MAX, i;
	struct zinc_shown *gpu;
	struct vk vk;
	int ret;

	if (!symbol(library, "vkGetInstanceProcAddr", &address))
		return lacks(list);
	at = address(NULL, "vkCreateInstance");
	memcpy(&create, &at, sizeof(at));
	if (!at)
		return lacks(list);
	ret = create(&how, NULL, &instance);
	if (ret)
		return failed(list, "vkCreateInstance()", ret);
	at = address(instance, "vkEnumeratePhysicalDevices");
	memcpy(&vk.enumerate, &at, sizeof(at));
	at = address(instance, "vkEnumerateDeviceExtensionProperties");
	memcpy(&vk.extensions, &at, sizeof(at));
	at = address(instance, "vkGetPhysicalDeviceProperties2");
	memcpy(&vk.properties, &at, sizeof(at));
	if (!vk.enumerate || !vk.extensions || !vk.properties)
		return lacks(list);
	ret = vk.enumerate(instance, &count, devices);
	if (ret && ret != VK_INCOMPLETE)
		return failed(list, "vkEnumeratePhysicalDevices()", ret);
	for (i = 0; i < count; i++) {
		gpu = next(list);
		if (gpu)
			vk_show(&vk, devices[i], gpu);
	}
	return 0;
}

/* ---- Level Zero --------------------------------------------------------- */

#define ZE_DRIVERS		16
#define ZE_PCI_EXT_PROPERTIES	0x10008

struct ze_pci {
	int type;
	void *next;
	uint32_t domain;
	uint32_t bus;
	uint32_t device;
	uint32_t function;
	int32_t generation;
	int32_t width;
	int64_t bandwidth;
};

static int ask_level_zero(void *library, struct zinc_shown_list *list)
{
	int (*get_drivers)(uint32_t *count, void **drivers);
	int (*get)(void *driver, uint32_t *count, void **devices);
	int (*get_pci)(void *device, struct ze_pci *pci);
	int (*init)(uint32_t flags);
	void *drivers[ZE_DRIVERS], *devices[ZINC_SHOWN_MAX];
	uint32_t drivers_count = ZE_DRIVERS, count, i, j;
	struct zinc_shown *gpu;
	int ret;

	if (!symbol(library, "zeInit", &init) ||
	    !symbol(library, "zeDriverGet", &get_drivers) ||
	    !symbol(library, "zeDeviceGet", &get) ||
	    !symbol(library, "zeDevicePciGetPropertiesExt", &get_pci))
		return lacks(list);
	ret = init(0);
	if (ret)
		return failed(list, "zeInit()", ret);
	ret = get_drivers(&drivers_count, drivers);
	if (ret)
		return failed(list, "zeDriverGet()", ret);
	for (i = 0; i < drivers_count; i++) {
		count = ZINC_SHOWN_MAX;
		if (get(drivers[i], &count, devices))
			continue;
		for (j = 0; j < count; j++) {
			struct ze_pci pci = { .type = ZE_PCI_EXT_PROPERTIES };

			gpu = next(list);
			if (gpu && !get_pci(devices[j], &pci))
				set_pci(gpu, pci.domain, pci.bus, pci.device,
					pci.function);
		}
	}
	return 0;
}

/* ---- the child process ------------------------------------------------------ */

/*
 * struct runtime - a library and its visibility variables
 * @library: soname
 * @masks: environment variables, which also change the numbers
 */
static const struct runtime {
	const char *library;
	const char *masks[12];
	int (*ask)(void *library, struct zinc_shown_list *list);
} runtimes[ZINC_RUNTIMES] = {
	[ZINC_RUNTIME_NVML] = { .library = "libnvidia-ml.so.1", .ask = ask_nvml },
	[ZINC_RUNTIME_CUDA] = {
		.library = "libcuda.so.1",
		.masks = { "CUDA_VISIBLE_DEVICES" },
		.ask = ask_cuda,
	},
	[ZINC_RUNTIME_VULKAN] = {
		.library = "libvulkan.so.1",
		.masks = {
			"MESA_VK_DEVICE_SELECT",
			"MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE",
			"DRI_PRIME",
			"VK_LOADER_DEVICE_SELECT",
			"VK_LOADER_DEVICE_ID_FILTER",
			"VK_LOADER_VENDOR_ID_FILTER",
			"VK_LOADER_DRIVER_ID_FILTER",
			"VK_LOADER_DRIVERS_SELECT",
			"VK_LOADER_DRIVERS_DISABLE",
			"__VK_LAYER_NV_optimus",
		},
		.ask = ask_vulkan,
	},
	[ZINC_RUNTIME_LEVEL_ZERO] = {
		.library = "libze_loader.so.1",
		.masks = { "ZE_AFFINITY_MASK" },
		.ask = ask_level_zero,
	},
};

/* Not by unsetenv(): another thread may have held its lock during the fork */
static void forget(const char *name)
{
	size_t length = strlen(name);
	char **from = environ, **to = environ;

	for (; from && *from; from++)
		if (strncmp(*from, name, length) || (*from)[length] != '=')
			*to++ = *from;
	if (to)
		*to = NULL;
}

static int ask_library(const struct runtime *runtime, bool unmasked,
		       struct zinc_shown_list *list)
{
	const char *const *mask;
	void *library;

	for (mask = runtime->masks; unmasked && *mask; mask++)
		forget(*mask);
	library = dlopen(runtime->library, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(list->reason, sizeof(list->reason),
			 "it cannot be opened here");
		return -ENOENT;
	}
	return runtime->ask(library, list);
}

/* Drop the caller's descriptors and output, and disable core files */
static void be_alone(int keep)
{
	struct rlimit least = { 1, 1 };		/* too small to be written */
	int null;

	if (keep)
		syscall(SYS_close_range, 0, keep - 1, 0);
	syscall(SYS_close_range, keep + 1, ~0U, 0);
	null = open("/dev/null", O_RDWR);
	while (null >= 0 && null < STDERR_FILENO)
		null = dup(null);
	if (setrlimit(RLIMIT_CORE, &least)) {
		least = (struct rlimit){ 0, 0 };
		setrlimit(RLIMIT_CORE, &least);
	}
}

__attribute__((noreturn))
static void answer(const struct runtime *runtime, bool unmasked, int fd,
		   pid_t caller, struct zinc_shown_list *list)
{
	const char *from = (const char *)list;
	size_t left = sizeof(*list);
	ssize_t n;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		_exit(0);
	be_alone(fd);
	/* unblocked by abort(), and the handler is the caller's */
	signal(SIGABRT, SIG_DFL);
	err = ask_library(runtime, unmasked, list);
	n = write(fd, &err, sizeof(err));
	while (n > 0 && left) {
		n = write(fd, from, left);
		if (n > 0) {
			from += n;
			left -= (size_t)n;
		}
	}
	/* skip the destructors of drivers */
	_exit(0);
}

/*
 * In a single-threaded process, create the child without SIGCHLD, so that the
 * caller's wait() does not see it. Otherwise use fork(), which makes libc's locks
 * usable in the child.
 */
static pid_t make_process(void)
{
#ifdef HAS_SINGLE_THREADED
	if (__libc_single_threaded)
		return (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
#endif
	return fork();
}

static int ms_left(uint64_t deadline)
{
	uint64_t now = zinc_now();

	return now < deadline ? (int)((deadline - now) / NS_PER_MS) + 1 : 0;
}

/* Read all @size bytes; an early end is an error */
static int receive(int fd, void *data, size_t size, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char *to = data;
	ssize_t n;
	int ready;

	while (size) {
		ready = poll(&p, 1, ms_left(deadline));
		if (ready < 0 && errno == EINTR)
			continue;
		if (!ready)
			return -ETIMEDOUT;
		n = read(fd, to, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		to += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Whether the child is reaped, possibly by a handler of the caller */
static bool reap(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MS / 4 };
	uint64_t deadline = zinc_now() + NS_PER_S;
	pid_t ret;

	do {
		ret = waitpid(pid, NULL, WNOHANG | __WALL);
		if (ret == pid || (ret < 0 && errno != EINTR))
			return true;
		nanosleep(&pause, NULL);
	} while (ms_left(deadline));
	return false;
}

/* A child that hangs in a driver may survive SIGKILL; it is left behind */
static void end_process(pid_t pid, bool hangs)
{
	if (!hangs && reap(pid))
		return;
	kill(pid, SIGKILL);
	reap(pid);
}

static int ask_in_process(const struct runtime *runtime, bool unmasked,
			  struct zinc_shown_list *list)
{
	pid_t caller = getpid(), pid;
	sigset_t all, old;
	int fds[2], err, result;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	/* the caller's signal handlers must not run in the child */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = make_process();
	if (!pid)
		answer(runtime, unmasked, fds[1], caller, list);
	err = pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(fds[1]);
	if (!err) {
		uint64_t deadline = zinc_now() + zinc_runtime_patience;

		err = receive(fds[0], &result, sizeof(result), deadline);
		if (!err)
			err = receive(fds[0], list, sizeof(*list), deadline);
		end_process(pid, err == -ETIMEDOUT);
		if (!err)
			err = result;
	}
	close(fds[0]);
	return err;
}

/* Validate @list: it comes from the child, which ran foreign code */
static void check(struct zinc_shown_list *list)
{
	size_t i;

	if (list->count > ZINC_SHOWN_MAX)
		list->count = 0;
	list->reason[sizeof(list->reason) - 1] = '\0';
	for (i = 0; i < list->count; i++) {
		struct zinc_shown *gpu = &list->gpu[i];

		gpu->device.text[sizeof(gpu->device.text) - 1] = '\0';
		if (gpu->device.kind != ZINC_GPU_PCI &&
		    gpu->device.kind != ZINC_GPU_DRM)
			gpu->device.kind = ZINC_GPU_NONE;
		gpu->uuid[sizeof(gpu->uuid) - 1] = '\0';
		gpu->model[sizeof(gpu->model) - 1] = '\0';
		if (gpu->parent >= (int32_t)i)
			gpu->parent = -1;
	}
}

/**
 * zinc_runtime_is_masked() - check for visibility variables of a runtime
 * @runtime: the runtime
 *
 * Return: whether one of its variables is set.
 */
bool zinc_runtime_is_masked(enum zinc_runtime runtime)
{
	const char *const *mask = runtimes[runtime].masks;

	for (; *mask; mask++)
		if (getenv(*mask))
			return true;
	return false;
}

/**
 * zinc_runtime_ask() - list the GPUs of a runtime library, in its order
 * @runtime: the runtime
 * @unmasked: without the visibility variables
 * @list: gets the GPUs, or the reason for an error
 *
 * Return: 0; -ENOENT there is no such library; -ENOSYS it lacks functions, or this
 * program cannot, or must not, load libraries; -ETIMEDOUT, -EPIPE, -EIO the child
 * hung or crashed; or the error of creating a process.
 */
int zinc_runtime_ask(enum zinc_runtime runtime, bool unmasked,
		     struct zinc_shown_list *list)
{
	const char *name = runtimes[runtime].library;
	char reason[ZINC_REASON_SIZE];
	int err = -ENOSYS;

	memset(list, 0, sizeof(*list));
	if (!dlopen || !dlsym) {
		snprintf(list->reason, sizeof(list->reason),
			 "this program is linked statically");
	} else if (getauxval(AT_SECURE)) {
		/* environment variables make drivers load arbitrary files */
		snprintf(list->reason, sizeof(list->reason),
			 "this program is set-user-ID");
	} else {
		err = ask_in_process(&runtimes[runtime], unmasked, list);
		check(list);
	}
	if (!err)
		return 0;
	if (err == -ETIMEDOUT)
		snprintf(list->reason, sizeof(list->reason),
			 "it did not answer in time");
	else if (err == -EPIPE)
		snprintf(list->reason, sizeof(list->reason),
			 "it crashed");
	else if (!list->reason[0])
		snprintf(list->reason, sizeof(list->reason), "%s",
			 strerror(-err));
	memcpy(reason, list->reason, sizeof(reason));
	snprintf(list->reason, sizeof(list->reason), "%s: %.150s", name, reason);
	list->count = 0;
	return err;
}
