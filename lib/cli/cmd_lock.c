// SPDX-License-Identifier: MIT
/*
 * zinc lock
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lock.h"

/* A lock of a name alone does not exclude locks of the GPU's other names */
static void tell_notes(struct wish *wish)
{
	char *text;
	size_t i;

	for (i = 0; i < wish->gpus_count; i++) {
		if (wish->notes[i] && !wish->quiet) {
			text = printable(wish->notes[i], NULL);
			cli_error("note: %s; it is locked under that name only",
				  text);
			free(text);
		}
	}
}

static void free_wish(struct wish *wish)
{
	size_t i;

	for (i = 0; i < LOCKS_MAX; i++)
		free(wish->notes[i]);
	free(wish->vendor);
	free(wish->driver);
}

/* The same for all names of a GPU and for its parts, as others lock them, too */
static const char *order_of(const struct zinc_gpu_identity *gpu)
{
	return gpu->physical[0] ? gpu->physical : gpu->name;
}

static int by_gpu(const void *a, const void *b)
{
	const struct zinc_gpu_identity *one = a, *two = b;
	int order = strcmp(order_of(one), order_of(two));

	return order ? order : strcmp(one->part, two->part);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* any:N, and behind it :vendor= and :driver= */
static int add_any(struct wish *wish, const char *text)
{
	size_t length = strcspn(text, ":");
	char number[32];

	if (length >= sizeof(number))
		length = sizeof(number) - 1;
	memcpy(number, text, length);
	number[length] = '\0';
	if (parse_number(number, LOCKS_MAX, &wish->any) || !wish->any)
		return cli_usage(wish->command,
				 "invalid number of GPUs '%s': expected 1 to %d",
				 number, LOCKS_MAX);
	for (text += length; *text; text += length) {
		char **to;

		text++;
		if (!strncmp(text, "vendor=", 7))
			to = &wish->vendor;
		else if (!strncmp(text, "driver=", 7))
			to = &wish->driver;
		else
			return cli_usage(wish->command,
					 "invalid choice '%s': expected vendor=VENDOR or driver=DRIVER",
					 text);
		length = strcspn(text, ":");
		free(*to);
		*to = xrealloc(NULL, length - 7 + 1, 1);
		memcpy(*to, text + 7, length - 7);
		(*to)[length - 7] = '\0';
	}
	return CLI_OK;
}

/* An invalid name is reported when it is locked */
static int add_gpu(struct wish *wish, const char *gpu)
{
	struct zinc_gpu_identity *to = &wish->gpus[wish->gpus_count], *other;
	int32_t err;
	char *why;
	size_t i;

	if (!strncmp(gpu, "any:", 4))
		return add_any(wish, gpu + 4);
	if (wish->gpus_count == LOCKS_MAX)
		return cli_usage(wish->command, "too many GPUs: expected at most %d",
				 LOCKS_MAX);
	err = zinc_gpu_resolve(gpu, to, sizeof(*to), &why);
	if (err && err != -ENXIO) {
		free(why);
		why = NULL;
		snprintf(to->name, sizeof(to->name), "%s", gpu);
	}
	wish->notes[wish->gpus_count] = why;
	for (i = 0; i < wish->gpus_count; i++) {
		other = &wish->gpus[i];
		if (!strcmp(other->name, to->name))
			return cli_usage(wish->command, "GPU %s is given twice",
					 gpu);
		if (to->physical[0] && !strcmp(other->physical, to->physical) &&
		    (!to->part[0] || !other->part[0] ||
		     !strcmp(to->part, other->part)))
			return cli_usage(wish->command,
					 "GPU %s is given twice: it is also %s", gpu,
					 other->name);
	}
	wish->given[wish->gpus_count++] = *to;
	return CLI_OK;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat st, other;

	if (!strcmp(a, b))
		return true;
	return !stat(a, &st) && !stat(b, &other) && st.st_dev == other.st_dev &&
	       st.st_ino == other.st_ino;
}

static int add_file(struct wish *wish, const char *path)
{
	size_t i;

	if (wish->files_count == LOCKS_MAX)
		return cli_usage(wish->command, "too many files: expected at most %d",
				 LOCKS_MAX);
	for (i = 0; i < wish->files_count; i++)
		if (is_same_file(wish->files[i], path))
			return cli_usage(wish->command, "file %s is given twice",
					 path);
	wish->files[wish->files_count++] = path;
	return CLI_OK;
}

/* One of --cpu, --cpus and --llc, and once; Return: 0, or CLI_USAGE */
static int want_cpus(const struct wish *wish)
{
	if (wish->cpus.want || wish->cpus.list)
		return cli_usage(wish->command,
				 "expected only one of --cpu, --cpus and --llc");
	return 0;
}

static int option_gpu(const char *text, void *member)
{
	return add_gpu(member, text);
}

static int option_file(const char *text, void *member)
{
	return add_file(member, text);
}

static int option_cpu(const char *text, void *member)
{
	struct wish *wish = member;

	if (want_cpus(wish))
		return CLI_USAGE;
	wish->cpus.list = text;
	return 0;
}

static int option_cpus(const char *text, void *member)
{
	struct wish *wish = member;
	uint64_t want;

	if (want_cpus(wish))
		return CLI_USAGE;
	if (parse_number(text, UINT16_MAX, &want) || !want)
		return -EINVAL;
	wish->cpus.want = want;
	return 0;
}

static int option_llc(const char *text, void *member)
{
	struct wish *wish = member;

	if (want_cpus(wish))
		return CLI_USAGE;
	wish->cpus.list = text;
	wish->cpus.llcs = 1;
	return 0;
}

static int option_timeout(const char *text, void *member)
{
	uint64_t *deadline = member, ns;

	if (!strcmp(text, "0")) {
		*deadline = 0;
		return 0;
	}
	if (parse_seconds(text, &ns))
		return -EINVAL;
	*deadline = cli_now() + ns;
	return 0;
}

static int check(struct wish *wish, bool has_command)
{
	if (!wish->gpus_count && !wish->any && !wish->files_count &&
	    !wish->cpus.want && !wish->cpus.list)
		return cli_usage(wish->command,
				 "expected --gpu, --file, --cpu, --cpus or --llc");
	if (wish->any && wish->gpus_count)
		return cli_usage(wish->command,
				 "expected either GPUs by name or any:N, not both");
	if (!has_command)
		return cli_usage(wish->command, "expected a command");
	qsort(wish->gpus, wish->gpus_count, sizeof(wish->gpus[0]), by_gpu);
	qsort(wish->files, wish->files_count, sizeof(wish->files[0]), by_path);
	return CLI_OK;
}

static const struct cli_option options[] = {
	{ .key = 'g', .name = "gpu", .argument = "GPU",
	  .help = "lock a GPU: BACKEND:INDEX, such as vulkan:0; a UUID,\n"
		  "such as cuda:GPU-8932f937; a PCI address, such as\n"
		  "0000:01:00.0; or a node, such as /dev/dri/renderD128.\n"
		  "any:N locks any N GPUs, whose names are in ZINC_GPUS;\n"
		  "append :vendor= (nvidia, amd, intel) or :driver=\n"
		  "(amdgpu, ...) to choose among them",
	  .parse = option_gpu },
	{ .key = 'f', .name = "file", .argument = "PATH",
	  .help = "lock a file, as flock(1) does", .parse = option_file },
	{ .key = 'c', .name = "cpu", .argument = "LIST",
	  .help = "lock processors, for example 2-3,6, and run COMMAND\n"
		  "on them",
	  .parse = option_cpu },
	{ .key = 'n', .name = "cpus", .argument = "N",
	  .help = "lock any N processors; their numbers are in ZINC_CPUS",
	  .parse = option_cpus, .expected = "1 to 65535",
	  .noun = "number of CPUs" },
	{ .key = 'l', .name = "llc", .argument = "LIST",
	  .help = "lock last-level caches, and run COMMAND on their\n"
		  "processors",
	  .parse = option_llc },
	{ .key = 's', .name = "shared",
	  .help = "lock shared, not exclusively",
	  .at = offsetof(struct wish, shared) },
	{ .key = 't', .name = "timeout", .argument = "SECONDS",
	  .help = "wait for at most SECONDS; 0 does not wait",
	  .at = offsetof(struct wish, deadline), .parse = option_timeout,
	  .expected = "0 or 0.001-86400 seconds" },
	{ .key = 'k', .name = "keep",
	  .help = "replace this command by COMMAND, which inherits the\n"
		  "locks' descriptors: they end with the last process\n"
		  "that has them. Their numbers are in ZINC_LOCK_FDS",
	  .at = offsetof(struct wish, keep) },
	{ .key = 'E', .name = "no-env",
	  .help = "do not set CUDA_VISIBLE_DEVICES and the like",
	  .at = offsetof(struct wish, no_env) },
	{ .key = 'q', .name = "quiet",
	  .help = "do not report waiting or unknown GPUs",
	  .at = offsetof(struct wish, quiet) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc lock OPTION... [--] COMMAND [ARGUMENT...]",
	.about =
"Locks what the options name, runs COMMAND, and unlocks when COMMAND ends.",
	.end =
"--gpu and --file may be repeated. Either all of it is locked, or nothing.\n"
"A GPU is locked under all its names. CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES,\n"
"ZE_AFFINITY_MASK or DRI_PRIME then show it alone to COMMAND.\n"
"If this command is killed, all processes that COMMAND has started are killed\n"
"before the locks end. 'zinc locks' shows all holders.\n"
"Exit status: COMMAND's; 2 usage error; 3 failed; 75 locked by another process,\n"
"which standard error names; 126 COMMAND cannot be run; 127 COMMAND not found.",
	.options = options,
	.count = ARRAY_SIZE(options),
	.stop_at_operand = true,
};

int cmd_lock(int argc, char **argv)
{
	struct wish wish = {
		.command = argv[0],
		.cpus.size = sizeof(wish.cpus),
		.deadline = FOREVER,
	};
	int status;

	status = cli_options(argc, argv, &syntax, &wish);
	if (status == CLI_RUN) {
		wish.mode = wish.shared ? ZINC_SHARED : ZINC_EXCLUSIVE;
		status = check(&wish, optind < argc);
		if (!status) {
			tell_notes(&wish);
			status = run_locked(&wish, argv + optind);
		}
	}
	free_wish(&wish);
	return status;
}
