// SPDX-License-Identifier: MIT
/*
 * zinc doctor: why the kernel module is not loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

#define SECURE_BOOT \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static bool matches(const char *pattern)
{
	glob_t found;
	bool any = !glob(pattern, 0, NULL, &found);

	if (any)
		globfree(&found);
	return any;
}

/* In one of the folders where DKMS, distributions and `make modules_install` put it */
static bool has_module(const char *release)
{
	static const char *const places[] = {
		"updates/dkms", "updates", "extra", "kernel/*", "kernel/drivers/*",
	};
	char pattern[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(pattern, sizeof(pattern), "/lib/modules/%s/%s/zinc.ko*",
			 release, places[i]);
		if (matches(pattern))
			return true;
	}
	return false;
}

static bool has_headers(const char *release)
{
	char path[256];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", release);
	return !access(path, F_OK);
}

/* Four bytes of attributes, then 1 if the firmware checks what it starts */
static bool is_secure_boot(void)
{
	unsigned char value[5] = { 0 };
	int fd = open(SECURE_BOOT, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read_full(fd, value, sizeof(value));
	close(fd);
	return n == sizeof(value) && value[4] == 1;
}

void explain_absence(struct report *report)
{
	struct utsname kernel;

	uname(&kernel);
	if (has_module(kernel.release)) {
		found(report, WARN, "module", "the kernel module zinc is not loaded");
		if (is_secure_boot())
			remedy(report,
			       "as root: modprobe zinc; Secure Boot is on: if the key is rejected, mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm");
		else
			remedy(report,
			       "load it: modprobe zinc (as root); without it, programs use POSIX shared memory");
	} else if (!matches("/usr/src/zinc-*/dkms.conf")) {
		found(report, WARN, "module",
		      "the kernel module zinc is not loaded, and not installed for %s",
		      kernel.release);
		remedy(report,
		       "install it on the host: the package zinc-dkms, or make dkms-install; without it, programs use POSIX shared memory");
	} else if (!has_headers(kernel.release)) {
		found(report, WARN, "module",
		      "the kernel module zinc is not loaded: DKMS cannot build it without the headers of %s",
		      kernel.release);
		remedy(report,
		       "as root: apt-get install linux-headers-%s, then dkms autoinstall and modprobe zinc",
		       kernel.release);
	} else {
		found(report, WARN, "module",
		      "the kernel module zinc is not loaded: DKMS has not built it for %s",
		      kernel.release);
		remedy(report,
		       "as root: dkms autoinstall, then modprobe zinc; if that fails, see /var/lib/dkms/zinc/*/build/make.log");
	}
}
