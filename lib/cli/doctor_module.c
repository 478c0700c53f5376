// SPDX-License-Identifier: MIT
/*
 * zinc doctor: the kernel module, its device and its limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/zinc.h>

#include "doctor.h"

#define DEVICE	"/dev/zinc"
#define MODULE	"/sys/module/zinc"

bool module_is_loaded(void)
{
	return !access(MODULE, F_OK);
}

void check_module(struct report *report)
{
	char version[64];

	if (!module_is_loaded()) {
		explain_absence(report);
		return;
	}
	if (read_line(MODULE "/version", version, sizeof(version)))
		found(report, OK, "module", "zinc %s is loaded", version);
	else
		found(report, OK, "module", "zinc is loaded; its version is not known");
}

/* The device number that the module has, in DEVICE's place or not */
static bool module_number(unsigned int *maj, unsigned int *min)
{
	char line[32];

	return read_line("/sys/class/misc/zinc/dev", line, sizeof(line)) &&
	       sscanf(line, "%u:%u", maj, min) == 2;
}

static void check_device_number(struct report *report, const struct stat *st)
{
	unsigned int maj, min;

	if (!module_number(&maj, &min) || makedev(maj, min) == st->st_rdev)
		return;
	found(report, FAIL, "device",
	      DEVICE " is device %u:%u, but the module's is %u:%u",
	      major(st->st_rdev), minor(st->st_rdev), maj, min);
	remedy(report, "as root: rm " DEVICE " && mknod " DEVICE " c %u %u",
	       maj, min);
}

static void no_device(struct report *report)
{
	unsigned int maj, min;

	/* that has been said */
	if (!module_is_loaded())
		return;
	found(report, FAIL, "device",
	      DEVICE " is missing, though the module is loaded");
	if (module_number(&maj, &min))
		remedy(report,
		       "pass it to the container (--device " DEVICE "), or, as root: mknod " DEVICE
		       " c %u %u", maj, min);
	else
		remedy(report, "mount devtmpfs on /dev and sysfs on /sys");
}

/* Does the group database have the user in the group, though this process is not? */
static bool is_stale_session(gid_t gid)
{
	const struct group *group = getgrgid(gid);
	const struct passwd *user = getpwuid(geteuid());
	char **member;

	if (!group || !user)
		return false;
	for (member = group->gr_mem; *member; member++)
		if (!strcmp(*member, user->pw_name))
			return true;
	return false;
}

static void device_closed(struct report *report, const struct stat *st,
			  int error)
{
	char user[USER_TEXT], owner[USER_TEXT], group[USER_TEXT];

	format_user(geteuid(), user);
	format_user(st->st_uid, owner);
	format_group(st->st_gid, group);
	found(report, FAIL, "device",
	      DEVICE " (%s:%s, mode %04o) cannot be opened by %s: %s", owner,
	      group, st->st_mode & 07777, user, strerror(error));
	if (error != EACCES)
		remedy(report, "see the kernel log: dmesg | tail");
	else if (st->st_gid && (st->st_mode & 0060) == 0060 &&
		 is_stale_session(st->st_gid))
		remedy(report,
		       "log in again: %s is in the group %s, but this session is from before",
		       user, group);
	else if (st->st_gid && (st->st_mode & 0060) == 0060)
		remedy(report,
		       "as root: usermod -aG %s %s, then log in again; or set ZINC_BACKEND=shm",
		       group, user);
	else
		remedy(report,
		       "install a udev rule: KERNEL==\"zinc\", GROUP=\"render\", MODE=\"0660\"; or set ZINC_BACKEND=shm");
}

/* Return: a descriptor of the device, -1 if it is of no use */
int check_device(struct report *report)
{
	char owner[USER_TEXT], group[USER_TEXT];
	struct stat st;
	int fd;

	if (stat(DEVICE, &st)) {
		no_device(report);
		return -1;
	}
	if (!S_ISCHR(st.st_mode)) {
		found(report, FAIL, "device", DEVICE " is not a character device");
		remedy(report, "as root: remove it, and load the module again");
		return -1;
	}
	check_device_number(report, &st);
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		device_closed(report, &st, errno);
		return -1;
	}
	found(report, OK, "device", DEVICE " opens (%s:%s, mode %04o)",
	      format_user(st.st_uid, owner), format_group(st.st_gid, group),
	      st.st_mode & 07777);
	return fd;
}

static void check_abi(struct report *report, const struct zinc_query *query)
{
	static const char *const names[] = {
		"regions", "wait-any", "huge-pages", "export", "import",
		"fences", "reservations", "stat",
	};
	char features[128] = "";
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (query->features >> i & 1)
			n += snprintf(features + n, sizeof(features) - n,
				      " %s", names[i]);
	if (query->abi_version == ZINC_ABI_VERSION) {
		found(report, OK, "interface", "version %u, features:%s",
		      query->abi_version, features);
	} else {
		found(report, FAIL, "interface", "the module has version %u, this command %u",
		      query->abi_version, ZINC_ABI_VERSION);
		remedy(report, "install a module and a library of the same release");
	}
}

static void check_limit(struct report *report, const char *what, uint64_t used,
			uint64_t limit, const char *parameter)
{
	enum status status = OK;

	if (!limit) {
		found(report, OK, "limits", "%llu %s, no limit",
		      (unsigned long long)used, what);
		return;
	}
	if (!geteuid())		/* is beyond limits */
		status = OK;
	else if (used >= limit)
		status = FAIL;
	else if (used >= limit - limit / 10)
		status = WARN;
	found(report, status, "limits", "%llu of %llu %s%s",
	      (unsigned long long)used, (unsigned long long)limit, what,
	      geteuid() ? "" : " (root may have more)");
	if (status != OK)
		remedy(report,
		       "see 'zinc ls', then 'zinc rm NAME'; or, as root, raise " MODULE
		       "/parameters/%s", parameter);
}

static void query_failed(struct report *report, int error)
{
	found(report, FAIL, "interface", DEVICE " does not answer ZINC_IOC_QUERY: %s",
	      strerror(error));
	if (error == EACCES || error == EPERM)
		remedy(report,
		       "its mode is not the reason: allow this process ioctl() on " DEVICE
		       " (Landlock, seccomp or another policy); or set ZINC_BACKEND=shm");
	else
		remedy(report, "install a module and a library of the same release");
}

void check_query(struct report *report, int fd)
{
	struct zinc_query query = { 0 };

	if (ioctl(fd, ZINC_IOC_QUERY, &query)) {
		query_failed(report, errno);
		return;
	}
	check_abi(report, &query);
	check_limit(report, "regions of this user", query.user_regions,
		    query.max_regions, "max_regions");
	check_limit(report, "bytes of this user", query.user_bytes,
		    query.max_bytes, "max_bytes");
	check_limit(report, "bytes of this user, pinned for devices",
		    query.user_pinned_bytes, query.max_pinned_bytes,
		    "max_pinned_bytes");
}
