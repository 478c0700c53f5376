// SPDX-License-Identifier: MIT
/*
 * zinc doctor: all that is not the module.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/zinc.h>

#include <zinc-lock.h>

#include "doctor.h"

#define SHM	"/dev/shm"
/* systemd's term for users that are not persons */
#define SYSTEM_UID_MAX	999

void check_library(struct report *report)
{
	uint32_t version = zinc_version();
	enum status status = OK;

	if (version >> 16 != ZINC_FORMAT)
		status = FAIL;
	found(report, status, "library", "region format %u, library ABI %u; this command is %s",
	      version >> 16, version & 0xffff, ZINC_CLI_VERSION);
	if (status != OK)
		remedy(report,
		       "install a command and a library of the same release: this command supports format %u",
		       ZINC_FORMAT);
}

void check_backend(struct report *report)
{
	char reason[512] = "";
	int32_t backend = zinc_backend_reason(reason, sizeof(reason));

	if (backend < 0) {
		found(report, FAIL, "backend", "none: %s", reason);
		if (backend == -EINVAL)
			remedy(report, "unset ZINC_BACKEND, or set it to auto, kmod or shm");
		else
			remedy(report, "see the device above, or set ZINC_BACKEND=shm");
		return;
	}
	found(report, OK, "backend", "%s: %s", backend_name(backend), reason);
}

void check_lifetime(struct report *report)
{
	const char *value = getenv("ZINC_LIFETIME");

	if (!value || !*value)
		return;
	if (!strcmp(value, "refs") || !strcmp(value, "creator") ||
	    !strcmp(value, "persist")) {
		found(report, OK, "lifetime",
		      "ZINC_LIFETIME=%s applies to programs that set no lifetime",
		      value);
		return;
	}
	found(report, FAIL, "lifetime",
	      "ZINC_LIFETIME=%s is invalid, so no region can be created: expected refs, creator or persist",
	      value);
	remedy(report, "unset ZINC_LIFETIME, or set it to one of these");
}

void check_shm(struct report *report)
{
	/* it matters as much as the backend that needs it */
	enum status bad = zinc_backend(NULL) == ZINC_BACKEND_SHM ? FAIL : WARN;
	char total[SIZE_TEXT], left[SIZE_TEXT];
	uint64_t size, free_bytes;
	struct statfs fs;

	if (statfs(SHM, &fs)) {
		found(report, bad, "shm", SHM ": %s", strerror(errno));
		remedy(report, "as root: mount -t tmpfs -o mode=1777 tmpfs " SHM);
		return;
	}
	if (access(SHM, R_OK | W_OK | X_OK)) {
		found(report, bad, "shm", SHM " is not accessible to this user: %s",
		      strerror(errno));
		remedy(report, "as root: chmod 1777 " SHM);
		return;
	}
	size = (uint64_t)fs.f_blocks * fs.f_bsize;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_bsize;
	format_size(size, total);
	format_size(free_bytes, left);
	if ((uint32_t)fs.f_type != TMPFS_MAGIC) {
		found(report, WARN, "shm",
		      SHM " is not a tmpfs: regions there may be written to a disk");
		remedy(report, "as root: mount -t tmpfs -o mode=1777 tmpfs " SHM);
	} else if (size && free_bytes < size / 10) {
		found(report, WARN, "shm", SHM " has %s left of %s", left,
		      total);
		remedy(report,
		       "remove unused files, or, as root: mount -o remount,size=SIZE " SHM);
	} else if (!size) {
		found(report, OK, "shm", SHM " is a tmpfs without a limit");
	} else {
		found(report, OK, "shm", SHM " has %s left of %s", left, total);
	}
}

/* The module's memory is that of a tmpfs, which this setting forbids huge pages */
void check_huge_pages(struct report *report)
{
	char line[80];

	if (!module_is_loaded() ||
	    !read_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled", line, sizeof(line)) ||
	    !strstr(line, "[deny]"))
		return;
	found(report, WARN, "huge-pages",
	      "regions of the module get none: shmem_enabled is deny, so that large regions take longer to create and to access");
	remedy(report,
	       "as root: echo never >/sys/kernel/mm/transparent_hugepage/shmem_enabled, which leaves other programs without them");
}

/* Does the last of logind's settings say so? It does if none says anything. */
static bool logind_removes(void)
{
	static const char *const patterns[] = {
		"/etc/systemd/logind.conf", "/usr/lib/systemd/logind.conf.d/*.conf",
		"/run/systemd/logind.conf.d/*.conf",
		"/etc/systemd/logind.conf.d/*.conf",
	};
	char line[256], value[16];
	bool removes = true;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		glob_t found = { 0 };

		if (glob(patterns[i], 0, NULL, &found))
			continue;
		for (j = 0; j < found.gl_pathc; j++) {
			FILE *file = fopen(found.gl_pathv[j], "re");

			while (file && fgets(line, sizeof(line), file)) {
				if (sscanf(line, " RemoveIPC = %15s", value) == 1)
					removes = !strchr("nNfF0", value[0]) &&
						  strcasecmp(value, "off");
			}
			if (file)
				fclose(file);
		}
		globfree(&found);
	}
	return removes;
}

/* With its last session a user may lose what is in /dev/shm */
void check_logout(struct report *report)
{
	char user[USER_TEXT], path[USER_TEXT + 32];

	if (zinc_backend(NULL) != ZINC_BACKEND_SHM ||
	    geteuid() <= SYSTEM_UID_MAX ||
	    access("/run/systemd/system", F_OK))
		return;
	format_user(geteuid(), user);
	snprintf(path, sizeof(path), "/var/lib/systemd/linger/%s", user);
	if (!access(path, F_OK) || !logind_removes())
		return;
	found(report, WARN, "logout",
	      "systemd-logind removes the regions of %s from /dev/shm when their last session ends (RemoveIPC=)",
	      user);
	remedy(report,
	       "loginctl enable-linger; or, as root: RemoveIPC=no in /etc/systemd/logind.conf");
}

/* No two processes exclude each other by files of different folders */
static void check_lock_folder(struct report *report)
{
	char folder[PATH_MAX], cleaner[PATH_MAX + 64], *from;
	int32_t err = zinc_lock_folder(folder, sizeof(folder), &from);

	if (err) {
		found(report, FAIL, "locks", "%s", from ? from : strerror(-err));
		remedy(report, err == -ENAMETOOLONG ?
		       "unset it, or set it to a folder that all lock users share" :
		       "as root: correct the file; it has lines such as lock_dir = /run/lock/zinc");
		free(from);
		return;
	}
	found(report, OK, "locks", "lock files are in %s (%s)", folder,
	      from ? from : "?");
	free(from);
	if (access(folder, W_OK | X_OK)) {
		found(report, WARN, "locks", "no lock file can be created in %s: %s",
		      folder, strerror(errno));
		remedy(report, "set ZINC_LOCK_DIR to a folder that all lock users share");
	}
	if (is_private_tmp(folder)) {
		found(report, WARN, "locks",
		      "%s is private to this service (PrivateTmp=): other processes do not see its lock files",
		      folder);
		remedy(report,
		       "choose a folder that the whole machine shares: echo 'lock_dir = /run/lock/zinc' >>/etc/zinc.conf (as root)");
	}
	if (find_cleaner(folder, cleaner, sizeof(cleaner))) {
		found(report, WARN, "locks",
		      "%s removes old files in %s, including held lock files",
		      cleaner, folder);
		remedy(report,
		       "as root: echo 'x %s/zinc-*.lock' >/etc/tmpfiles.d/zinc-locks.conf, or exclude them in the cleaner's own configuration",
		       folder);
	}
}

/* What 'zinc lock --gpu' and zinc_gpu_lock_acquire() go by */
void check_locks(struct report *report)
{
	struct zinc_reservation_holder *holders;
	size_t count;
	int32_t err;

	check_lock_folder(report);
	err = zinc_reservations(NULL, &holders, &count, sizeof(*holders));
	if (!err) {
		zinc_reservations_free(holders);
		found(report, OK, "locks",
		      "GPUs: lock files and the module's reservations, which hold across containers");
	} else if (err == -EOPNOTSUPP) {
		/* what to do about it is said where the module is */
		found(report, OK, "locks",
		      "GPUs: lock files only, which do not exclude containers with a private /tmp");
	} else {
		found(report, FAIL, "locks",
		      "GPUs: the module's reservations are not available: %s",
		      strerror(-err));
		remedy(report, "see the device above");
	}
}

/* @why: "NAME is not resolved to one GPU: REASON" */
static char *add_reason(char *list, const char *backend, const char *why)
{
	const char *reason = why ? strstr(why, ": ") : NULL;
	char *more;

	/* the name has a colon of its own, without a space */
	if (asprintf(&more, "%s%s%s (%s)", list ? list : "", list ? ", " : "",
		     backend, reason ? reason + 2 : "unknown") < 0)
		exit(cli_error("out of memory"));
	free(list);
	return more;
}

/* Which names of a GPU keep each other out */
void check_gpu_names(struct report *report)
{
	static const char *const backends[] = {
		"cuda", "rocm", "level-zero", "vulkan", "drm", "opencl",
	};
	char *known = NULL, *unknown = NULL, *why, *more, name[32];
	struct zinc_gpu_identity id;
	struct zinc_gpu *gpus;
	size_t count, i;
	int32_t err;

	if (!zinc_gpus(&gpus, &count, sizeof(*gpus)))
		zinc_gpus_free(gpus);
	else
		count = 0;
	for (i = 0; i < ARRAY_SIZE(backends); i++) {
		snprintf(name, sizeof(name), "%s:0", backends[i]);
		err = zinc_gpu_resolve(name, &id, sizeof(id), &why);
		if (err) {
			unknown = add_reason(unknown, backends[i], why);
			free(why);
			continue;
		}
		if (asprintf(&more, "%s%s%s is %s", known ? known : "",
			     known ? ", " : "", name, id.physical) < 0)
			exit(cli_error("out of memory"));
		free(known);
		known = more;
	}
	if (known)
		found(report, OK, "locks", "GPUs under all their names: %s",
		      known);
	if (unknown) {
		found(report, count && !known ? WARN : OK, "locks",
		      "GPUs under one name only: %s", unknown);
		if (count && !known)
			remedy(report,
			       "lock them by their PCI addresses, which always mean the same GPU");
	}
	free(known);
	free(unknown);
}

void check_left_behind(struct report *report)
{
	size_t count, i, stale = 0, others = 0, unknown = 0, invalid = 0;
	const char *whose = "", *which = "";
	char user[USER_TEXT];
	struct zinc_region_info *list;
	const char *example = "";
	int32_t err = zinc_backend(NULL);

	if (err < 0) {
		found(report, FAIL, "regions",
		      "cannot be listed without a backend");
		remedy(report, "see the backend above");
		return;
	}
	err = zinc_list(&list, &count, sizeof(*list));
	if (err) {
		found(report, FAIL, "regions", "cannot be listed: %s",
		      zinc_strerror(err));
		remedy(report, "remove the cause that this error names");
		return;
	}
	for (i = 0; i < count; i++) {
		if (list[i].flags & ZINC_INFO_STALE) {
			if (!geteuid() || list[i].uid == geteuid()) {
				stale++;
			} else {
				others++;
				whose = format_user(list[i].uid, user);
			}
		}
		if (list[i].flags & ZINC_INFO_UNKNOWN) {
			unknown++;
			which = list[i].name;
		}
		if (!(list[i].flags & ZINC_INFO_INVALID))
			continue;
		invalid++;
		example = list[i].name;
	}
	if (!stale && !others && !unknown && !invalid)
		found(report, OK, "regions", "%zu, none left behind by dead processes",
		      count);
	if (stale) {
		found(report, WARN, "regions", "%zu of %zu are left behind by dead processes",
		      stale, count);
		remedy(report, "zinc rm --stale");
	}
	if (others) {
		found(report, WARN, "regions",
		      "%zu of %zu are left behind by dead processes of other users, such as %s",
		      others, count, whose);
		remedy(report,
		       "have the owner or root run 'zinc rm --stale', or use other names");
	}
	if (unknown) {
		found(report, WARN, "regions",
		      "%zu of %zu may have a live creator in another pid namespace: another library created them",
		      unknown, count);
		remedy(report, "if its program has ended: zinc rm %s", which);
	}
	if (invalid) {
		found(report, WARN, "regions", "%zu of %zu have no valid header",
		      invalid, count);
		remedy(report, "if no process is creating it now: zinc rm %s",
		       example);
	}
	zinc_list_free(list);
}
