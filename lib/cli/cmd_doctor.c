// SPDX-License-Identifier: MIT
/*
 * zinc doctor
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/zinc.h>

#include <zinc-lock.h>

#include "cli.h"

#define DEVICE	"/dev/zinc"
#define MODULE	"/sys/module/zinc"
#define SHM	"/dev/shm"

static const char help[] =
"usage: zinc doctor [OPTION...]\n"
"\n"
"Checks what Zinc needs here, for this user: the kernel module, its device, the\n"
"versions, the limits and how much is used, the backend that a new region gets,\n"
SHM ", and what dead processes have left. Each line begins with ok, warn or\n"
"fail; under the latter two is what to do. It changes nothing.\n"
"\n"
"  -j, --json    a JSON object, in one line\n"
"  -h, --help    this text\n"
"\n"
"Exit status: 0 nothing fails (warnings are allowed); 1 something fails; 2 wrong\n"
"usage; 3 the report could not be written.\n";

enum status { OK, WARN, FAIL };

static const char *const status_names[] = { "ok", "warn", "fail" };
static const enum colour status_colours[] = { GREEN, YELLOW, RED };

/* struct finding - one line; @remedy is NULL where there is nothing to do */
struct finding {
	enum status status;
	const char *check;
	char *text;
	char *remedy;
};

struct report {
	struct finding findings[32];
	size_t count;
};

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		exit(cli_error("out of memory"));
	return text;
}

__printf(4, 5)
static void found(struct report *report, enum status status, const char *check,
		  const char *format, ...)
{
	struct finding *finding;
	va_list args;

	if (report->count == ARRAY_SIZE(report->findings))
		exit(cli_error("doctor finds too much"));
	finding = &report->findings[report->count++];
	va_start(args, format);
	*finding = (struct finding){
		.status = status,
		.check = check,
		.text = format_text(format, args),
	};
	va_end(args);
}

/* What to do about the last finding */
__printf(2, 3)
static void remedy(struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report->findings[report->count - 1].remedy = format_text(format, args);
	va_end(args);
}

static bool module_is_loaded(void)
{
	return !access(MODULE, F_OK);
}

static void check_module(struct report *report)
{
	char version[64];

	if (!module_is_loaded()) {
		found(report, WARN, "module", "the kernel module zinc is not loaded");
		remedy(report,
		       "load it: modprobe zinc (as root); without it, programs use POSIX shared memory");
		return;
	}
	if (read_line(MODULE "/version", version, sizeof(version)))
		found(report, OK, "module", "zinc %s is loaded", version);
	else
		found(report, OK, "module", "zinc is loaded; it tells no version");
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

	if (!module_is_loaded()) {
		found(report, WARN, "device", DEVICE " is missing too");
		remedy(report, "it comes with the module");
		return;
	}
	found(report, FAIL, "device",
	      DEVICE " is missing, though the module is loaded");
	if (module_number(&maj, &min))
		remedy(report,
		       "give it to the container (--device " DEVICE "), or, as root: mknod " DEVICE
		       " c %u %u", maj, min);
	else
		remedy(report, "mount devtmpfs on /dev and sysfs on /sys");
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
		remedy(report, "see the kernel's log: dmesg | tail");
	else if (st->st_gid && (st->st_mode & 0060) == 0060)
		remedy(report,
		       "as root: usermod -aG %s %s, then log in again; or set ZINC_BACKEND=shm",
		       group, user);
	else
		remedy(report,
		       "a udev rule gives it to a group: KERNEL==\"zinc\", GROUP=\"render\", MODE=\"0660\"; or set ZINC_BACKEND=shm");
}

/* Return: a descriptor of the device, -1 if it is of no use */
static int check_device(struct report *report)
{
	char owner[USER_TEXT], group[USER_TEXT];
	struct stat st;
	int fd;

	if (stat(DEVICE, &st)) {
		no_device(report);
		return -1;
	}
	if (!S_ISCHR(st.st_mode)) {
		found(report, FAIL, "device", DEVICE " is no character device");
		remedy(report, "remove it, and load the module again (as root)");
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
		"fences", "reservations",
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
		remedy(report, "install a module and a library of one release");
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

static void check_query(struct report *report, int fd)
{
	struct zinc_query query = { 0 };

	if (ioctl(fd, ZINC_QUERY, &query)) {
		found(report, FAIL, "interface", DEVICE " does not answer ZINC_QUERY: %s",
		      strerror(errno));
		remedy(report, "install a module and a library of one release");
		return;
	}
	check_abi(report, &query);
	check_limit(report, "regions of this user", query.user_regions,
		    query.max_regions, "max_regions");
	check_limit(report, "bytes of this user", query.user_bytes,
		    query.max_bytes, "max_bytes");
}

static void check_library(struct report *report)
{
	uint32_t version = zinc_version();
	enum status status = OK;

	if (version >> 16 != ZINC_FORMAT)
		status = FAIL;
	found(report, status, "library", "region format %u, library ABI %u; this command is %s",
	      version >> 16, version & 0xffff, ZINC_CLI_VERSION);
	if (status != OK)
		remedy(report,
		       "install a command and a library of one release: this command knows format %u",
		       ZINC_FORMAT);
}

static void check_backend(struct report *report)
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

static void check_shm(struct report *report)
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
		found(report, bad, "shm", SHM " is closed to this user: %s",
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
		      SHM " is no tmpfs: regions there may be written to a disk");
		remedy(report, "as root: mount -t tmpfs -o mode=1777 tmpfs " SHM);
	} else if (size && free_bytes < size / 10) {
		found(report, WARN, "shm", SHM " has %s left of %s", left,
		      total);
		remedy(report,
		       "remove what is not needed, or, as root: mount -o remount,size=SIZE " SHM);
	} else if (!size) {
		found(report, OK, "shm", SHM " is a tmpfs without a limit");
	} else {
		found(report, OK, "shm", SHM " has %s left of %s", left, total);
	}
}

static void check_lock_folder(struct report *report)
{
	char path[PATH_MAX], *folder;

	if (zinc_llc_lock_path(path, sizeof(path), 0)) {
		found(report, FAIL, "locks", "ZINC_LOCK_DIR is too long");
		remedy(report, "unset it, or set it to a folder that all who lock share");
		return;
	}
	folder = dirname(path);
	if (!access(folder, W_OK | X_OK))
		return;
	found(report, WARN, "locks", "no lock file can be made in %s: %s",
	      folder, strerror(errno));
	remedy(report, "set ZINC_LOCK_DIR to a folder that all who lock share");
}

/* What 'zinc lock --gpu' and zinc_gpu_lock_acquire() go by */
static void check_locks(struct report *report)
{
	struct zinc_reservation_holder *holders;
	size_t count;
	int32_t err;

	check_lock_folder(report);
	err = zinc_reservations(NULL, &holders, &count);
	if (!err) {
		free(holders);
		found(report, OK, "locks",
		      "of GPUs: lock files and the module's reservations, which hold across containers");
	} else if (err == -EOPNOTSUPP) {
		found(report, WARN, "locks",
		      "of GPUs: lock files alone, which a container with a /tmp of its own does not see");
		remedy(report, "load the module: modprobe zinc (as root)");
	} else {
		found(report, FAIL, "locks",
		      "of GPUs: the module's reservations can not be had: %s",
		      strerror(-err));
		remedy(report, "see the device above");
	}
}

static void check_left_behind(struct report *report)
{
	size_t count, i, stale = 0, invalid = 0;
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
		remedy(report, "do as that says");
		return;
	}
	for (i = 0; i < count; i++) {
		stale += !!(list[i].flags & ZINC_IS_STALE);
		if (!(list[i].flags & ZINC_IS_INVALID))
			continue;
		invalid++;
		example = list[i].name;
	}
	if (!stale && !invalid)
		found(report, OK, "regions", "%zu, none left behind by the dead",
		      count);
	if (stale) {
		found(report, WARN, "regions", "%zu of %zu are left behind by dead processes",
		      stale, count);
		remedy(report, "zinc rm --stale");
	}
	if (invalid) {
		found(report, WARN, "regions", "%zu of %zu have no valid header",
		      invalid, count);
		remedy(report, "if nobody is making it just now: zinc rm %s",
		       example);
	}
	zinc_list_free(list);
}

static void print_report(const struct report *report)
{
	const struct finding *finding = report->findings;
	char *shown;
	size_t i;

	for (i = 0; i < report->count; i++, finding++) {
		put_colour(stdout, status_colours[finding->status],
			   status_names[finding->status]);
		shown = printable(finding->text, NULL);
		printf("%*s%-11s%s\n",
		       (int)(6 - strlen(status_names[finding->status])), "",
		       finding->check, shown);
		free(shown);
		if (finding->remedy)
			printf("%17s-> %s\n", "", finding->remedy);
	}
}

static void print_json(const struct report *report, bool healthy)
{
	const struct finding *finding = report->findings;
	struct json json;
	size_t i;

	json_start(&json, stdout);
	json_object(&json, NULL);
	json_bool(&json, "healthy", healthy);
	json_array(&json, "checks");
	for (i = 0; i < report->count; i++, finding++) {
		json_object(&json, NULL);
		json_string(&json, "status", status_names[finding->status]);
		json_string(&json, "check", finding->check);
		json_string(&json, "text", finding->text);
		if (finding->remedy)
			json_string(&json, "remedy", finding->remedy);
		else
			json_null(&json, "remedy");
		json_end(&json);
	}
	json_end(&json);
	json_end(&json);
}

static void examine(struct report *report)
{
	int fd;

	check_module(report);
	fd = check_device(report);
	if (fd >= 0) {
		check_query(report, fd);
		close(fd);
	}
	check_library(report);
	check_backend(report);
	check_shm(report);
	check_locks(report);
	check_left_behind(report);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct report report = { 0 };
	bool json = false, healthy = true;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (optind < argc)
		return cli_usage(argv[0], "takes no operand: '%s'",
				 argv[optind]);
	examine(&report);
	for (i = 0; i < report.count; i++)
		if (report.findings[i].status == FAIL)
			healthy = false;
	if (json)
		print_json(&report, healthy);
	else
		print_report(&report);
	for (i = 0; i < report.count; i++) {
		free(report.findings[i].text);
		free(report.findings[i].remedy);
	}
	return healthy ? CLI_OK : CLI_NO;
}
