// SPDX-License-Identifier: MIT
/*
 * zinc lock: taking the locks, and running the command with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"

#define NS_PER_MS	UINT64_C(1000000)

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

/* At once or, after a line that names the holder, by waiting */
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
			say("waiting: ", why, err);
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
	size_t i;

	keep_fd(held, gpu->file);
	for (i = 0; i < ARRAY_SIZE(gpu->more); i++)
		keep_fd(held, gpu->more[i]);
	keep_fd(held, gpu->reservation);
}

static int32_t take_gpu(const struct wish *wish, struct held *held,
			const void *what, uint32_t timeout_ms, char **why)
{
	struct zinc_gpu_lock gpu = { .size = sizeof(gpu) };
	int32_t err;

	err = zinc_gpu_lock_acquire_device(what, wish->mode, timeout_ms, &gpu,
					   why);
	if (!err)
		keep_gpu(held, &gpu);
	return err;
}

/* For COMMAND: what shows it these GPUs alone */
static int32_t show_gpus(const struct zinc_gpu_identity *gpus, size_t count)
{
	char *text, *line, *end, *value;
	int32_t err;

	err = zinc_gpu_environment(gpus, count, sizeof(*gpus), &text);
	if (err)
		return err;
	for (line = text; !err && *line; line = end) {
		end = strchr(line, '\n');
		*end++ = '\0';
		value = strchr(line, '=');
		*value++ = '\0';
		if (setenv(line, value, 1))
			err = -ENOMEM;
	}
	free(text);
	return err;
}

static int32_t show_any(const struct wish *wish, const struct zinc_gpu *gpus)
{
	struct zinc_gpu_identity *ids;
	int32_t err;
	size_t i;

	if (wish->no_env)
		return 0;
	ids = xrealloc(NULL, wish->any, sizeof(*ids));
	for (i = 0; i < wish->any; i++)
		zinc_gpu_resolve(gpus[i].device, &ids[i], sizeof(*ids), NULL);
	err = show_gpus(ids, wish->any);
	free(ids);
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
		.vendor = wish->vendor,
		.driver = wish->driver,
	};
	struct zinc_gpu_lock locks[LOCKS_MAX];
	struct zinc_gpu taken[LOCKS_MAX];
	int32_t err;
	size_t i;

	(void)what;
	err = zinc_gpu_lock_any(&request, locks, sizeof(*locks), taken,
				sizeof(*taken), why);
	if (err)
		return err;
	for (i = 0; i < wish->any; i++)
		keep_gpu(held, &locks[i]);
	err = name_gpus(taken, wish->any);
	return err ? err : show_any(wish, taken);
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
	request.mode = wish->mode;
	request.timeout_ms = timeout_ms;
	err = zinc_cpu_lock_acquire(&request, &held->cpus, why);
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

	if (zinc_cpu_places(&places, &n, sizeof(*places)))
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
	zinc_cpu_places_free(places);
	return i ? cli_error("out of memory") : CLI_OK;
}

/* ---- all of it -------------------------------------------------------------- */

/*
 * In one order for all that use this command, so that none waits for another in
 * a circle: GPUs by what they are, processors, files by name.
 */
static int lock_all(const struct wish *wish, struct held *held)
{
	int status = CLI_OK;
	size_t i;

	for (i = 0; i < wish->gpus_count && !status; i++)
		status = lock(wish, held, &(struct lock){
			.take = take_gpu,
			.what = wish->gpus[i].name,
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
			return cli_error("cannot pass a lock to the command: %s",
					 strerror(errno));
		to += sprintf(to, "%s%d", i ? "," : "", held->fds[i]);
	}
	if (held->set &&
	    sched_setaffinity(0, held->set_size, held->set))
		return cli_error("cannot set the CPU affinity of %s: %s", command[0],
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
	zinc_cpu_lock_release(&held->cpus);
	CPU_FREE(held->set);
	free(held->fds);
}

int run_locked(const struct wish *wish, char **command)
{
	struct held held = { .cpus.size = sizeof(held.cpus) };
	struct run_how how = {};
	int status;

	status = lock_all(wish, &held);
	if (!status && wish->gpus_count && !wish->no_env &&
	    show_gpus(wish->given, wish->gpus_count))
		status = cli_error("out of memory");
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
