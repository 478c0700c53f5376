// SPDX-License-Identifier: MIT
/*
 * zinc lock
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zinc-lock.h>

#include "cli.h"

static const char help[] =
"usage: zinc lock OPTION... [--] COMMAND [ARGUMENT...]\n"
"\n"
"Runs COMMAND while it holds locks, and gives them back when COMMAND ends.\n"
"\n"
"  -g, --gpu=GPU         BACKEND:INDEX, as vulkan:0; a PCI address, as\n"
"                        0000:01:00.0; or a node, as /dev/dri/renderD128\n"
"  -g, --gpu=any:N       any N GPUs; their names are in ZINC_GPUS\n"
"  -f, --file=PATH       a lock file, as flock(1) locks it\n"
"  -c, --cpu=LIST        processors, as 2-3,6: COMMAND runs on them\n"
"  -n, --cpus=N          any N processors; those are in ZINC_CPUS\n"
"  -l, --llc=LIST        whole last-level caches: COMMAND runs on their CPUs\n"
"  -s, --shared          share GPUs and files with others that do so, too\n"
"  -t, --timeout=SECONDS wait for so long at most; 0: do not wait\n"
"  -k, --keep            COMMAND gets the locks' descriptors, and takes the place\n"
"                        of this command: they end with the last process that has\n"
"                        them. Their numbers are in ZINC_LOCK_FDS\n"
"  -q, --quiet           do not tell of waiting\n"
"  -h, --help            this text\n"
"\n"
"--gpu and --file may be given several times. All of it is locked, or nothing.\n"
"If this command is killed, so is COMMAND. 'zinc locks' shows who has what.\n"
"Exit status: COMMAND's; 2 wrong usage; 3 failed; 75 somebody has it, and standard\n"
"error says who; 126 COMMAND cannot be run; 127 there is no COMMAND.\n";

#define LOCKS_MAX	64
#define NS_PER_MS	UINT64_C(1000000)
#define FOREVER		UINT64_MAX

/*
 * struct wish - what is asked for
 * @gpus: names, as zinc_gpu_device() has them, in their order
 * @any: how many GPUs to choose, or 0
 * @files: paths, in their order
 * @cpus: what of processors; none where neither @cpus.list nor @cpus.want is set
 * @mode: of GPUs and files
 * @deadline: cli_now() at which it is over; 0: no wait; FOREVER
 */
struct wish {
	const char *command;
	struct zinc_gpu gpus[LOCKS_MAX];
	size_t gpus_count;
	uint64_t any;
	const char *files[LOCKS_MAX];
	size_t files_count;
	struct zinc_cpu_request cpus;
	uint32_t mode;
	uint64_t deadline;
	bool keep;
	bool quiet;
};

/* struct held - what is locked: a machine's processors may be many */
struct held {
	int *fds;
	size_t count;
	struct zinc_cpu_locks cpus;
	cpu_set_t *set;
	size_t set_size;
};

/* ---- one lock after the other ------------------------------------------ */

static uint32_t timeout_left(const struct wish *wish)
{
	uint64_t now = cli_now();

	if (!wish->deadline)
		return 0;
	if (wish->deadline == FOREVER)
		return ZINC_WAIT_FOREVER;
	return now < wish->deadline ?
	       (wish->deadline - now + NS_PER_MS - 1) / NS_PER_MS : 0;
}

static bool is_busy(int32_t err)
{
	return err == -EBUSY || err == -ETIMEDOUT;
}

/* @why, line by line, and freed */
static void say(const char *before, char *why, int32_t err)
{
	char *line = why, *end, *shown;

	if (!why) {
		cli_error("%s%s", before, strerror(-err));
		return;
	}
	for (; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		shown = printable(line, NULL);
		cli_error("%s%s", before, shown);
		free(shown);
		before = "";
	}
	free(why);
}

/*
 * struct lock - one kind of lock
 * @take: takes it; @timeout_ms as in zinc_flock_block()
 * @what: argument of it
 */
struct lock {
	int32_t (*take)(const struct wish *wish, struct held *held,
			const void *what, uint32_t timeout_ms, char **why);
	const void *what;
};

/* At once or, after it has been told who is in the way, by waiting */
static int lock(const struct wish *wish, struct held *held,
		const struct lock *lock)
{
	char *why;
	int32_t err;

	err = lock->take(wish, held, lock->what, 0, &why);
	if (is_busy(err) && timeout_left(wish)) {
		if (wish->quiet)
			free(why);
		else
			say("waits: ", why, err);
		err = lock->take(wish, held, lock->what, timeout_left(wish),
				 &why);
	}
	if (!err)
		return CLI_OK;
	say("", why, err);
	if (err == -EINVAL)
		return CLI_USAGE;
	return is_busy(err) ? CLI_REFUSED : CLI_FAILED;
}

static void keep_fd(struct held *held, int fd)
{
	if (fd < 0)
		return;
	held->fds = xrealloc(held->fds, held->count + 1, sizeof(*held->fds));
	held->fds[held->count++] = fd;
}

static void keep_gpu(struct held *held, const struct zinc_gpu_lock *gpu)
{
	keep_fd(held, gpu->file);
	keep_fd(held, gpu->reservation);
}

static int32_t take_gpu(const struct wish *wish, struct held *held,
			const void *what, uint32_t timeout_ms, char **why)
{
	struct zinc_gpu_lock gpu;
	int32_t err;

	err = zinc_gpu_lock_acquire_device(what, wish->mode, timeout_ms, &gpu,
					   why);
	if (!err)
		keep_gpu(held, &gpu);
	return err;
}

/* For COMMAND */
static int32_t name_gpus(const struct zinc_gpu *gpus, size_t count)
{
	char *names = xrealloc(NULL, count, sizeof(gpus->device)), *to = names;
	size_t i;

	for (i = 0; i < count; i++)
		to += sprintf(to, "%s%s", i ? "," : "", gpus[i].device);
	i = setenv("ZINC_GPUS", names, 1);
	free(names);
	return i ? -ENOMEM : 0;
}

static int32_t take_any(const struct wish *wish, struct held *held,
			const void *what, uint32_t timeout_ms, char **why)
{
	struct zinc_gpu_request request = {
		.size = sizeof(request),
		.want = wish->any,
		.mode = wish->mode,
		.timeout_ms = timeout_ms,
	};
	struct zinc_gpu_lock locks[LOCKS_MAX];
	struct zinc_gpu taken[LOCKS_MAX];
	int32_t err;
	size_t i;

	(void)what;
	err = zinc_gpu_lock_any(&request, locks, taken, why);
	if (err)
		return err;
	for (i = 0; i < wish->any; i++)
		keep_gpu(held, &locks[i]);
	return name_gpus(taken, wish->any);
}

static int32_t take_file(const struct wish *wish, struct held *held,
			 const void *what, uint32_t timeout_ms, char **why)
{
	int32_t fd = zinc_flock_block(what, wish->mode, timeout_ms, why);

	keep_fd(held, fd);
	return fd < 0 ? fd : 0;
}

static int32_t take_cpus(const struct wish *wish, struct held *held,
			 const void *what, uint32_t timeout_ms, char **why)
{
	struct zinc_cpu_request request = wish->cpus;
	int32_t err;
	size_t i;

	(void)what;
	request.timeout_ms = timeout_ms;
	err = zinc_cpu_acquire(&request, &held->cpus, why);
	for (i = 0; i < held->cpus.fds_count; i++)
		keep_fd(held, held->cpus.fds[i]);
	return err;
}

/* ---- processors for COMMAND ------------------------------------------------ */

static bool has(const struct zinc_cpu_locks *locks, uint32_t number)
{
	size_t i;

	for (i = 0; i < locks->count; i++)
		if (locks->numbers[i] == number)
			return true;
	return false;
}

/* COMMAND's processors: those locked, or those of the caches locked */
static int place(const struct wish *wish, struct held *held)
{
	struct zinc_cpu_place *places;
	char *list, *to;
	size_t n, i;

	if (zinc_cpu_places(&places, &n))
		return cli_error("cannot read /sys/devices/system/cpu");
	held->set_size = CPU_ALLOC_SIZE(places[n - 1].cpu + 1);
	held->set = CPU_ALLOC(places[n - 1].cpu + 1);
	list = xrealloc(NULL, n, 12);
	to = list;
	if (!held->set)
		return cli_error("out of memory");
	CPU_ZERO_S(held->set_size, held->set);
	for (i = 0; i < n; i++) {
		if (!has(&held->cpus, wish->cpus.llcs ? places[i].llc :
							places[i].cpu))
			continue;
		CPU_SET_S(places[i].cpu, held->set_size, held->set);
		to += sprintf(to, "%s%u", to == list ? "" : ",", places[i].cpu);
	}
	i = setenv("ZINC_CPUS", list, 1);
	free(list);
	free(places);
	return i ? cli_error("out of memory") : CLI_OK;
}

/* ---- all of it -------------------------------------------------------------- */

/*
 * In one order for all who use this command, so that none waits for another in
 * a circle: GPUs by name, processors, files by name.
 */
static int lock_all(const struct wish *wish, struct held *held)
{
	int status = CLI_OK;
	size_t i;

	for (i = 0; i < wish->gpus_count && !status; i++)
		status = lock(wish, held, &(struct lock){
			.take = take_gpu,
			.what = wish->gpus[i].device,
		});
	if (!status && wish->any)
		status = lock(wish, held, &(struct lock){ .take = take_any });
	if (!status && (wish->cpus.want || wish->cpus.list))
		status = lock(wish, held, &(struct lock){ .take = take_cpus });
	if (!status && held->cpus.count)
		status = place(wish, held);
	for (i = 0; i < wish->files_count && !status; i++)
		status = lock(wish, held, &(struct lock){
			.take = take_file,
			.what = wish->files[i],
		});
	return status;
}

/* COMMAND gets the descriptors, and is told of them */
static int hand_over(char **command, struct held *held)
{
	char *list = xrealloc(NULL, held->count, 12), *to = list;
	size_t i;

	for (i = 0; i < held->count; i++) {
		if (fcntl(held->fds[i], F_SETFD, 0))
			return cli_error("cannot hand a lock over: %s",
					 strerror(errno));
		to += sprintf(to, "%s%d", i ? "," : "", held->fds[i]);
	}
	if (held->set &&
	    sched_setaffinity(0, held->set_size, held->set))
		return cli_error("cannot keep %s on its CPUs: %s", command[0],
				 strerror(errno));
	if (setenv("ZINC_LOCK_FDS", list, 1))
		return cli_error("out of memory");
	return run_instead(command);
}

static void give_back(struct held *held)
{
	size_t i;

	/* those of processors are among them, so the library closes none again */
	for (i = 0; i < held->count; i++)
		close(held->fds[i]);
	held->cpus.fds_count = 0;
	zinc_cpu_release(&held->cpus);
	CPU_FREE(held->set);
	free(held->fds);
}

static int run_locked(const struct wish *wish, char **command)
{
	struct held held = { .count = 0 };
	struct run_how how = {};
	int status;

	status = lock_all(wish, &held);
	if (!status && wish->keep) {
		status = hand_over(command, &held);
	} else if (!status) {
		how.cpus = held.set;
		how.cpus_size = held.set_size;
		status = run_command(command, &how);
	}
	give_back(&held);
	return status;
}

/* ---- options ---------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_gpu(struct wish *wish, const char *gpu)
{
	struct zinc_gpu *to = &wish->gpus[wish->gpus_count];
	size_t i;

	if (!strncmp(gpu, "any:", 4)) {
		if (parse_number(gpu + 4, LOCKS_MAX, &wish->any) || !wish->any)
			return cli_usage(wish->command,
					 "'%s' is no number of GPUs: 1 to %d",
					 gpu + 4, LOCKS_MAX);
		return CLI_OK;
	}
	if (wish->gpus_count == LOCKS_MAX)
		return cli_usage(wish->command, "at most %d GPUs", LOCKS_MAX);
	/* what is wrong with a name is said when it is locked */
	if (zinc_gpu_device(to->device, sizeof(to->device), gpu))
		snprintf(to->device, sizeof(to->device), "%s", gpu);
	for (i = 0; i < wish->gpus_count; i++)
		if (!strcmp(wish->gpus[i].device, to->device))
			return cli_usage(wish->command, "GPU %s twice", gpu);
	wish->gpus_count++;
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
		return cli_usage(wish->command, "at most %d files", LOCKS_MAX);
	for (i = 0; i < wish->files_count; i++)
		if (is_same_file(wish->files[i], path))
			return cli_usage(wish->command, "the file %s twice",
					 path);
	wish->files[wish->files_count++] = path;
	return CLI_OK;
}

static int set_cpus(struct wish *wish, int option, const char *text)
{
	uint64_t want = 0;

	if (wish->cpus.want || wish->cpus.list)
		return cli_usage(wish->command,
				 "one of --cpu, --cpus and --llc, and once");
	if (option == 'n') {
		if (parse_number(text, UINT16_MAX, &want) || !want)
			return cli_usage(wish->command,
					 "'%s' is no number of CPUs: 1 or more",
					 text);
		wish->cpus.want = want;
	} else {
		wish->cpus.list = text;
		wish->cpus.llcs = option == 'l';
	}
	return CLI_OK;
}

static int set_timeout(struct wish *wish, const char *text)
{
	uint64_t ns = 0;

	if (!strcmp(text, "0")) {
		wish->deadline = 0;
		return CLI_OK;
	}
	if (parse_seconds(text, &ns))
		return cli_usage(wish->command,
				 "'%s' is no timeout: 0, or 0.001 to 86400 seconds",
				 text);
	wish->deadline = cli_now() + ns;
	return CLI_OK;
}

static int check(struct wish *wish, bool has_command)
{
	if (!wish->gpus_count && !wish->any && !wish->files_count &&
	    !wish->cpus.want && !wish->cpus.list)
		return cli_usage(wish->command,
				 "what? --gpu, --file, --cpu, --cpus or --llc");
	if (wish->any && wish->gpus_count)
		return cli_usage(wish->command,
				 "either GPUs by name or any, not both");
	if (wish->mode == ZINC_SHARED && !wish->gpus_count && !wish->any &&
	    !wish->files_count)
		return cli_usage(wish->command,
				 "--shared is for --gpu and --file");
	if (!has_command)
		return cli_usage(wish->command, "for which command?");
	qsort(wish->gpus, wish->gpus_count, sizeof(wish->gpus[0]), by_name);
	qsort(wish->files, wish->files_count, sizeof(wish->files[0]), by_path);
	return CLI_OK;
}

int cmd_lock(int argc, char **argv)
{
	static const struct option options[] = {
		{ "gpu", required_argument, NULL, 'g' },
		{ "file", required_argument, NULL, 'f' },
		{ "cpu", required_argument, NULL, 'c' },
		{ "cpus", required_argument, NULL, 'n' },
		{ "llc", required_argument, NULL, 'l' },
		{ "shared", no_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "keep", no_argument, NULL, 'k' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct wish wish = {
		.cpus.size = sizeof(wish.cpus),
		.deadline = FOREVER,
	};
	int c, status = CLI_OK;

	wish.command = argv[0];
	while (!status && (c = getopt_long(argc, argv, "+g:f:c:n:l:st:kqh",
					   options, NULL)) != -1) {
		switch (c) {
		case 'g':
			status = add_gpu(&wish, optarg);
			break;
		case 'f':
			status = add_file(&wish, optarg);
			break;
		case 'c':
		case 'n':
		case 'l':
			status = set_cpus(&wish, c, optarg);
			break;
		case 's':
			wish.mode = ZINC_SHARED;
			break;
		case 't':
			status = set_timeout(&wish, optarg);
			break;
		case 'k':
			wish.keep = true;
			break;
		case 'q':
			wish.quiet = true;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (!status)
		status = check(&wish, optind < argc);
	return status ? status : run_locked(&wish, argv + optind);
}
