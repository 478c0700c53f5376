// SPDX-License-Identifier: MIT
/*
 * A GPU reserved: by a lock file, as others do it, and by the kernel.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backend.h"
#include "lock.h"

#define PCI_PREFIX	"pci:"
#define DRM_PREFIX	"drm:"
#define DRM_MAJOR	226

static const char *const backends[] = {
	"vulkan", "metal", "cuda", "rocm", "level-zero", "opencl", "drm",
};

static bool is_backend(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strlen(backends[i]) == length &&
		    !memcmp(backends[i], name, length))
			return true;
	return false;
}

int32_t zinc_gpu_lock_path(char *buf, size_t size, const char *backend,
			   uint32_t index)
{
	if (!buf || !backend || !is_backend(backend, strlen(backend)))
		return -EINVAL;
	return zinc_lock_path(buf, size, "%s/zinc-gpu-%s-%u.lock",
			      zinc_lock_dir(), backend, index);
}

/* The file of a name of zinc_gpu_device(): its first colon becomes a dash */
static int path_of(char *buf, size_t size, const char *device)
{
	const char *colon = strchr(device, ':');

	return zinc_lock_path(buf, size, "%s/zinc-gpu-%.*s-%s.lock",
			      zinc_lock_dir(), (int)(colon - device), device,
			      colon + 1);
}

/* BACKEND:INDEX, in its one form: no sign, no leading zero */
static bool is_index(const char *gpu)
{
	const char *colon = strchr(gpu, ':');
	const char *digit;
	uint64_t index = 0;

	if (!colon || !is_backend(gpu, (size_t)(colon - gpu)))
		return false;
	for (digit = colon + 1; isdigit((unsigned char)*digit); digit++) {
		index = index * 10 + (uint64_t)(*digit - '0');
		if (index > UINT32_MAX)
			return false;
	}
	return digit > colon + 1 && !*digit &&
	       (colon[1] != '0' || !colon[2]);
}

/* [DDDD:]BB:DD.F */
static bool parse_pci(const char *text, unsigned int address[4])
{
	static const unsigned int most[] = { UINT_MAX, 0xff, 0x1f, 7 };
	const char *pattern;
	char with[64];
	int n = 0, i;

	/* %x takes spaces, signs and 0x, which are none of it */
	if (strlen(text) > 16 ||
	    strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	pattern = strchr(text, ':') == strrchr(text, ':') ? "0:%s" : "%s";
	snprintf(with, sizeof(with), pattern, text);
	if (sscanf(with, "%8x:%2x:%2x.%1x%n", &address[0], &address[1],
		   &address[2], &address[3], &n) != 4 || with[n])
		return false;
	for (i = 0; i < 4; i++)
		if (address[i] > most[i])
			return false;
	return true;
}

static int print_pci(char *buf, size_t size, const unsigned int address[4])
{
	return zinc_lock_path(buf, size, PCI_PREFIX "%04x:%02x:%02x.%x",
			      address[0], address[1], address[2], address[3]);
}

/* A name in sysfs, within what a reservation's device may be called */
static int print_drm(char *buf, size_t size, const char *name)
{
	char *at;
	int err = zinc_lock_path(buf, size, DRM_PREFIX "%s", name);

	for (at = buf; !err && *at; at++) {
		*at = (char)tolower((unsigned char)*at);
		if (!isalnum((unsigned char)*at) && !strchr("._:-", *at))
			*at = '-';
	}
	return err;
}

/**
 * zinc_gpu_of_sysfs() - the name of a GPU by its device in sysfs
 * @buf: gets it
 * @size: bytes of @buf
 * @path: of the device, canonical
 *
 * Return: 0; -ENAMETOOLONG.
 */
int zinc_gpu_of_sysfs(char *buf, size_t size, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	unsigned int address[4];

	if (parse_pci(name, address))
		return print_pci(buf, size, address);
	return print_drm(buf, size, name);
}

static int of_node(char *buf, size_t size, const char *node)
{
	char link[64], path[PATH_MAX];
	struct stat st;

	if (stat(node, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != DRM_MAJOR)
		return -ENODEV;
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/device",
		 major(st.st_rdev), minor(st.st_rdev));
	if (!realpath(link, path))
		return -ENODEV;
	return zinc_gpu_of_sysfs(buf, size, path);
}

/* What print_drm() makes: a name remains what it is */
static bool is_drm(const char *gpu)
{
	const char *name = gpu + strlen(DRM_PREFIX);

	return !strncmp(gpu, DRM_PREFIX, strlen(DRM_PREFIX)) && *name &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._:-") ==
	       strlen(name);
}

int32_t zinc_gpu_device(char *buf, size_t size, const char *gpu)
{
	unsigned int address[4];
	int err;

	if (!buf || !size || !gpu)
		return -EINVAL;
	buf[0] = '\0';
	if (gpu[0] == '/')
		err = of_node(buf, size, gpu);
	else if (is_index(gpu) || is_drm(gpu))
		err = zinc_lock_path(buf, size, "%s", gpu);
	else if (parse_pci(strncmp(gpu, PCI_PREFIX, strlen(PCI_PREFIX)) ?
			   gpu : gpu + strlen(PCI_PREFIX), address))
		err = print_pci(buf, size, address);
	else
		err = -EINVAL;
	/* the kernel takes no longer ones */
	if (!err && strlen(buf) > ZINC_DEVICE_NAME_MAX)
		err = -ENAMETOOLONG;
	if (err)
		buf[0] = '\0';
	return err;
}

static int not_a_gpu(const char *gpu, int err, char **why)
{
	switch (err) {
	case -EINVAL:
		return zinc_why(why, err,
				"'%s' is no GPU: say BACKEND:INDEX (of vulkan, metal, cuda, rocm, level-zero, opencl, drm), a PCI address as 0000:01:00.0, or a node as /dev/dri/renderD128",
				gpu ? gpu : "");
	case -ENODEV:
		return zinc_why(why, err,
				"%s is not the node of a GPU: see /dev/dri",
				gpu);
	}
	return zinc_why_errno(why, err, gpu);
}

/*
 * struct claim - one GPU on its way
 * @device: name
 * @path: lock file
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 */
struct claim {
	char device[ZINC_DEVICE_NAME_MAX + 1];
	char path[PATH_MAX];
	uint32_t mode;
};

/* A descriptor; -1 where there is no module to ask; -errno */
static int take_reservation(const struct claim *c, uint64_t deadline, bool *none)
{
	struct zinc_device_claim claim = { c->device, c->mode };
	int fd = zinc_reserve_until(&claim, 1, deadline);

	*none = fd == -EOPNOTSUPP;
	return *none ? -1 : fd;
}

static int take_file(const struct claim *c, uint64_t deadline, char **why)
{
	return zinc_flock_path(c->path, O_NOFOLLOW, c->mode, deadline, why);
}

/* The file, then the reservation, both at once or not at all */
static int try_both(const struct claim *c, struct zinc_gpu_lock *lock,
		    char **why)
{
	bool none;

	lock->file = take_file(c, 0, why);
	if (lock->file < 0)
		return lock->file;
	lock->reservation = take_reservation(c, 0, &none);
	return lock->reservation < 0 && !none ? lock->reservation : 0;
}

/* In order of arrival where the kernel keeps it; see the header */
static int wait_both(const struct claim *c, uint64_t deadline,
		     struct zinc_gpu_lock *lock, char **why)
{
	bool none;

	lock->reservation = take_reservation(c, deadline, &none);
	if (lock->reservation < 0 && !none)
		return lock->reservation;
	lock->file = take_file(c, deadline, why);
	return lock->file < 0 ? lock->file : 0;
}

static int acquire(const struct claim *c, uint64_t deadline,
		   struct zinc_gpu_lock *lock, char **why)
{
	int err = try_both(c, lock, why);

	if (err != -EBUSY || !deadline)
		return err;
	zinc_gpu_lock_release(lock);
	return wait_both(c, deadline, lock, why);
}

static int refuse(const struct claim *c, int err, char **why)
{
	struct zinc_lock_holder *holders = NULL;
	size_t count = 0;
	char *who;

	if (!why || *why)
		return err;
	/* of the file that would have been said */
	if (err == -EACCES)
		return zinc_why(why, err,
				"GPU %s: /dev/zinc is there for reservations, but you may not open it: 'zinc doctor' says more",
				c->device);
	if (err != -EBUSY && err != -ETIMEDOUT)
		return zinc_why(why, err, "GPU %s: %s", c->device,
				strerror(-err));
	zinc_flock_holders(c->path, &holders, &count);
	who = count ? NULL : zinc_reservation_text(c->device, c->mode);
	if (!who)
		who = zinc_holders_inline(holders, count);
	free(holders);
	zinc_why(why, err, "GPU %s is already reserved by %s", c->device,
		 who ? who : "somebody");
	free(who);
	return err;
}

int32_t zinc_gpu_lock_acquire_device(const char *gpu, uint32_t flags,
				     uint32_t timeout_ms,
				     struct zinc_gpu_lock *lock, char **why)
{
	struct claim c = { .mode = flags };
	int err;

	if (why)
		*why = NULL;
	if (!lock)
		return zinc_why(why, -EINVAL, "no place for the lock");
	lock->file = -1;
	lock->reservation = -1;
	if (!zinc_lock_mode_is_valid(flags))
		return zinc_why(why, -EINVAL, "no mode of a lock");
	err = zinc_gpu_device(c.device, sizeof(c.device), gpu);
	if (err)
		return not_a_gpu(gpu, err, why);
	err = path_of(c.path, sizeof(c.path), c.device);
	if (err)
		return zinc_why(why, err, "ZINC_LOCK_DIR is too long");
	err = acquire(&c, zinc_deadline(timeout_ms), lock, why);
	if (!err)
		return 0;
	zinc_gpu_lock_release(lock);
	return refuse(&c, err, why);
}

int32_t zinc_gpu_lock_acquire(const char *backend, uint32_t index,
			      uint32_t flags, uint32_t timeout_ms,
			      struct zinc_gpu_lock *lock)
{
	char gpu[ZINC_DEVICE_NAME_MAX + 1];

	if (lock) {
		lock->file = -1;
		lock->reservation = -1;
	}
	if (!backend || !is_backend(backend, strlen(backend)))
		return -EINVAL;
	snprintf(gpu, sizeof(gpu), "%s:%u", backend, index);
	return zinc_gpu_lock_acquire_device(gpu, flags, timeout_ms, lock, NULL);
}

/* Who has the file has the reservation, too */
static int add_reservations(const struct zinc_reservation_holder *all, size_t n,
			    struct zinc_lock_holder **holders, size_t *count)
{
	struct zinc_lock_holder *more;
	size_t i, j;

	more = reallocarray(*holders, *count + n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*holders = more;
	for (i = 0; i < n; i++) {
		for (j = 0; j < *count; j++)
			if (all[i].pid && more[j].pid == all[i].pid)
				break;
		if (j < *count || all[i].waiting)
			continue;
		zinc_reservation_describe(&all[i], &more[(*count)++]);
	}
	return 0;
}

int32_t zinc_gpu_holders(const char *gpu, struct zinc_lock_holder **holders,
			 size_t *count)
{
	struct zinc_reservation_holder *all = NULL;
	char device[ZINC_DEVICE_NAME_MAX + 1], path[PATH_MAX];
	size_t n = 0;
	int err;

	if (!holders || !count)
		return -EINVAL;
	*holders = NULL;
	*count = 0;
	err = zinc_gpu_device(device, sizeof(device), gpu);
	if (!err)
		err = path_of(path, sizeof(path), device);
	if (!err)
		err = zinc_flock_holders(path, holders, count);
	if (!err)
		err = zinc_reservations(device, &all, &n);
	/* without the module, or one that may not be asked: the file says enough */
	if (err == -EOPNOTSUPP || err == -EACCES)
		err = 0;
	if (!err && n)
		err = add_reservations(all, n, holders, count);
	free(all);
	if (err || !*count) {
		free(*holders);
		*holders = NULL;
		*count = 0;
	}
	return err;
}

int32_t zinc_gpu_lock_is_held(const struct zinc_gpu_lock *lock)
{
	return lock && lock->file >= 0;
}

void zinc_gpu_lock_release(struct zinc_gpu_lock *lock)
{
	if (!lock)
		return;
	/* whoever gets the file finds the reservation free */
	if (lock->reservation >= 0)
		close(lock->reservation);
	if (lock->file >= 0)
		close(lock->file);
	lock->file = -1;
	lock->reservation = -1;
}
