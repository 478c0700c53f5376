// SPDX-License-Identifier: MIT
/*
 * Processors and last-level caches, locked all together or not at all.
 *
 * Who locks a processor shares its cache; who locks a cache has it alone. None
 * is waited for while others are locked, so that nobody can wait in a circle.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "lock.h"

enum kind { CPU, LLC };

static const char *const kind_names[] = { "CPU", "LLC" };

/*
 * struct job - one call of zinc_cpu_acquire()
 * @sysfs: where it is mounted
 * @topology: of the machine
 * @want: how many to choose, or 0
 * @kind: what @numbers are of
 * @numbers: what to lock, if not to be chosen: rising
 * @count: how many
 * @allowed: processors to choose from: rising
 * @allowed_count: how many
 * @deadline: of all
 * @is_busy: somebody has one of them
 * @busy_kind: the first such one
 * @busy_number: its number
 * @busy_mode: how it was to be locked
 * @locks: what is locked by now
 * @why: message
 */
struct job {
	const char *sysfs;
	struct zinc_topology topology;
	uint32_t want;
	enum kind kind;
	uint32_t *numbers;
	size_t count;
	uint32_t *allowed;
	size_t allowed_count;
	uint64_t deadline;
	bool is_busy;
	enum kind busy_kind;
	uint32_t busy_number;
	uint32_t busy_mode;
	struct zinc_cpu_locks *locks;
	char **why;
};

static int path_of(char *buf, size_t size, enum kind kind, uint32_t number)
{
	return kind == CPU ? zinc_cpu_lock_path(buf, size, number) :
			     zinc_llc_lock_path(buf, size, number);
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static bool has(const uint32_t *numbers, size_t count, uint32_t number)
{
	return bsearch(&number, numbers, count, sizeof(number), compare);
}

/* ---- locks ----------------------------------------------------------------- */

/* Room for every lock that there can be */
static int make_room(struct job *job)
{
	size_t most = job->topology.count + job->topology.llcs;

	job->locks->fds = calloc(most, sizeof(*job->locks->fds));
	job->locks->numbers = calloc(most, sizeof(*job->locks->numbers));
	return job->locks->fds && job->locks->numbers ? 0 : -ENOMEM;
}

static void unlock_from(struct job *job, size_t first)
{
	struct zinc_cpu_locks *locks = job->locks;

	while (locks->fds_count > first)
		close(locks->fds[--locks->fds_count]);
}

static void unlock_all(struct job *job)
{
	unlock_from(job, 0);
	job->locks->count = 0;
	job->is_busy = false;
}

/* The first one that is busy is remembered */
static int lock_one(struct job *job, enum kind kind, uint32_t number,
		    uint32_t mode)
{
	char path[PATH_MAX];
	int fd;

	fd = path_of(path, sizeof(path), kind, number);
	if (!fd)
		fd = zinc_flock_path(path, O_NOFOLLOW, mode, 0, job->why);
	if (fd >= 0) {
		job->locks->fds[job->locks->fds_count++] = fd;
		return 0;
	}
	if (fd == -EBUSY && !job->is_busy) {
		job->is_busy = true;
		job->busy_kind = kind;
		job->busy_number = number;
		job->busy_mode = mode;
	}
	return fd;
}

static int lock_cpu(struct job *job, uint32_t cpu)
{
	int err = lock_one(job, CPU, cpu, ZINC_EXCLUSIVE);

	if (!err)
		job->locks->numbers[job->locks->count++] = cpu;
	return err;
}

/* ---- those that are asked for ---------------------------------------------- */

/* The caches first, each once, then the processors */
static int lock_listed_cpus(struct job *job)
{
	uint32_t llc;
	size_t i;
	int err = 0;

	for (llc = 0; llc < job->topology.llcs && !err; llc++) {
		for (i = 0; i < job->count; i++)
			if (zinc_topology_find(&job->topology,
					       job->numbers[i])->llc == llc)
				break;
		if (i < job->count)
			err = lock_one(job, LLC, llc, ZINC_SHARED);
	}
	for (i = 0; i < job->count && !err; i++)
		err = lock_cpu(job, job->numbers[i]);
	return err;
}

static int lock_listed_llcs(struct job *job)
{
	size_t i;
	int err = 0;

	for (i = 0; i < job->count && !err; i++) {
		err = lock_one(job, LLC, job->numbers[i], ZINC_EXCLUSIVE);
		if (!err)
			job->locks->numbers[job->locks->count++] =
				job->numbers[i];
	}
	return err;
}

/* ---- those that are chosen -------------------------------------------------- */

/* The caches of the processors that may be chosen; 0 or -errno */
static int list_choices(const struct job *job, struct zinc_llc_choice *choices,
			size_t *count)
{
	const struct zinc_topology *t = &job->topology;
	uint32_t llc;
	size_t i;

	*count = 0;
	for (llc = 0; llc < t->llcs; llc++) {
		for (i = 0; i < t->count; i++)
			if (t->places[i].llc == llc &&
			    has(job->allowed, job->allowed_count,
				t->places[i].cpu))
				break;
		if (i == t->count)
			continue;
		choices[*count] = (struct zinc_llc_choice){
			.llc = llc,
			.node = t->places[i].node,
		};
		(*count)++;
	}
	return *count ? 0 : -ERANGE;
}

/* How many have each of them by now, with one look at the kernel's locks */
static int count_holders(struct zinc_llc_choice *choices, size_t count)
{
	struct zinc_lock_holder **holders = calloc(count, sizeof(void *));
	char (*paths)[PATH_MAX] = calloc(count, sizeof(*paths));
	const char **names = calloc(count, sizeof(*names));
	size_t *counts = calloc(count, sizeof(*counts));
	int err = holders && paths && names && counts ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < count && !err; i++) {
		names[i] = paths[i];
		err = zinc_llc_lock_path(paths[i], sizeof(paths[i]),
					 choices[i].llc);
	}
	if (!err)
		err = zinc_flock_holders_of(names, count, holders, counts);
	for (i = 0; i < count && !err; i++) {
		choices[i].holders = counts[i];
		free(holders[i]);
	}
	free(counts);
	free(names);
	free(paths);
	free(holders);
	/* who can not see holders chooses without them */
	return err == -ENOMEM || err == -ENAMETOOLONG ? err : 0;
}

/* As many as are wanted and to be had of one cache; 0, also for none */
static int lock_some(struct job *job, uint32_t llc)
{
	const struct zinc_topology *t = &job->topology;
	size_t before = job->locks->fds_count, i;
	int err;

	err = lock_one(job, LLC, llc, ZINC_SHARED);
	if (err)
		return err == -EBUSY ? 0 : err;
	for (i = 0; i < t->count && job->locks->count < job->want; i++) {
		if (t->places[i].llc != llc ||
		    !has(job->allowed, job->allowed_count, t->places[i].cpu))
			continue;
		err = lock_cpu(job, t->places[i].cpu);
		if (err && err != -EBUSY)
			return err;
	}
	/* a cache of which nothing was to be had */
	if (job->locks->fds_count == before + 1)
		unlock_from(job, before);
	return 0;
}

static int32_t current_node(const struct zinc_topology *t)
{
	int cpu = sched_getcpu();
	const struct zinc_cpu_place *place;

	place = cpu < 0 ? NULL : zinc_topology_find(t, (uint32_t)cpu);
	return place ? place->node : -1;
}

static int lock_chosen(struct job *job)
{
	struct zinc_llc_choice *choices;
	size_t count, i;
	int err;

	choices = calloc(job->topology.llcs, sizeof(*choices));
	if (!choices)
		return -ENOMEM;
	err = list_choices(job, choices, &count);
	if (!err)
		err = count_holders(choices, count);
	if (!err)
		zinc_llc_order(job->sysfs, choices, count,
			       current_node(&job->topology));
	for (i = 0; i < count && !err && job->locks->count < job->want; i++)
		err = lock_some(job, choices[i].llc);
	free(choices);
	if (!err && job->locks->count < job->want)
		err = -EBUSY;
	if (!err)
		qsort(job->locks->numbers, job->locks->count,
		      sizeof(*job->locks->numbers), compare);
	return err;
}

/* ---- all of them ------------------------------------------------------------ */

static int lock_all(struct job *job)
{
	if (job->want)
		return lock_chosen(job);
	return job->kind == CPU ? lock_listed_cpus(job) : lock_listed_llcs(job);
}

/* Until it is worth another try */
static int wait_for_busy(const struct job *job)
{
	char path[PATH_MAX];
	int fd;

	/* any other one that is given back will do as well */
	if (job->want)
		return zinc_lock_pause(job->deadline);
	if (zinc_now() >= job->deadline)
		return -ETIMEDOUT;
	fd = path_of(path, sizeof(path), job->busy_kind, job->busy_number);
	if (!fd)
		fd = zinc_flock_path(path, O_NOFOLLOW, job->busy_mode,
				     job->deadline, NULL);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int refuse(const struct job *job, int err)
{
	const char *kind = kind_names[job->busy_kind];
	char path[PATH_MAX] = "?";
	char *who;

	path_of(path, sizeof(path), job->busy_kind, job->busy_number);
	who = zinc_flock_text(path);
	if (job->want)
		zinc_why(job->why, err,
			 "CPUs wanted: %u; of the %zu that this process may use fewer are free: %s %u is locked by %s (lockfile %s)",
			 job->want, job->allowed_count, kind, job->busy_number,
			 who ? who : "?", path);
	else
		zinc_why(job->why, err, "%s %u is locked by %s (lockfile %s)",
			 kind, job->busy_number, who ? who : "?", path);
	free(who);
	return err;
}

static int lock_until(struct job *job)
{
	int err;

	for (;;) {
		err = lock_all(job);
		if (err != -EBUSY)
			return err;
		unlock_from(job, 0);
		if (!job->deadline)
			return err;
		err = wait_for_busy(job);
		if (err)
			return err;
		unlock_all(job);
	}
}

/* ---- what is asked for ------------------------------------------------------ */

static int read_affinity(struct job *job)
{
	const struct zinc_topology *t = &job->topology;
	size_t most = t->places[t->count - 1].cpu + 1024, i;
	cpu_set_t *set = CPU_ALLOC(most);

	job->allowed = calloc(t->count, sizeof(*job->allowed));
	if (!set || !job->allowed) {
		CPU_FREE(set);
		return -ENOMEM;
	}
	if (sched_getaffinity(0, CPU_ALLOC_SIZE(most), set)) {
		CPU_FREE(set);
		return -errno;
	}
	for (i = 0; i < t->count; i++)
		if (CPU_ISSET_S(t->places[i].cpu, CPU_ALLOC_SIZE(most), set))
			job->allowed[job->allowed_count++] = t->places[i].cpu;
	CPU_FREE(set);
	return 0;
}

static int find_allowed(struct job *job, const struct zinc_machine *machine)
{
	int err = 0;

	if (machine->allowed) {
		job->allowed_count = machine->allowed_count;
		job->allowed = calloc(machine->allowed_count,
				      sizeof(*job->allowed));
		if (!job->allowed)
			return -ENOMEM;
		memcpy(job->allowed, machine->allowed,
		       machine->allowed_count * sizeof(*job->allowed));
	} else {
		err = read_affinity(job);
	}
	if (err || job->want <= job->allowed_count)
		return err;
	return zinc_why(job->why, -ERANGE,
			"CPUs wanted: %u; this process may use %zu: see taskset(1)",
			job->want, job->allowed_count);
}

static int find_listed(struct job *job, const char *list)
{
	const struct zinc_topology *t = &job->topology;
	size_t i;
	int err;

	err = zinc_cpulist_parse(list, strlen(list), &job->numbers,
				 &job->count);
	if (err)
		return zinc_why(job->why, err, "'%s' is no list of %ss, as 0,2-5",
				list, kind_names[job->kind]);
	for (i = 0; i < job->count; i++) {
		if (job->kind == CPU ?
		    !!zinc_topology_find(t, job->numbers[i]) :
		    job->numbers[i] < t->llcs)
			continue;
		return zinc_why(job->why, -ENODEV,
				"%s %u is not there, or is offline: see /sys/devices/system/cpu",
				kind_names[job->kind], job->numbers[i]);
	}
	return 0;
}

static bool is_request(const struct zinc_cpu_request *r)
{
	return r && r->size >= sizeof(*r) && (r->want ? !r->list && !r->llcs :
						       !!r->list);
}

/**
 * zinc_cpu_acquire_on() - zinc_cpu_acquire() on a machine as described
 * @machine: where to look
 * @request: as there
 * @locks: as there
 * @why: as there
 *
 * Return: as there.
 */
int zinc_cpu_acquire_on(const struct zinc_machine *machine,
			const struct zinc_cpu_request *request,
			struct zinc_cpu_locks *locks, char **why)
{
	struct job job = { .sysfs = machine->sysfs, .locks = locks, .why = why };
	int err;

	if (why)
		*why = NULL;
	if (!locks)
		return zinc_why(why, -EINVAL, "no place for the locks");
	memset(locks, 0, sizeof(*locks));
	if (!is_request(request))
		return zinc_why(why, -EINVAL, "no request for CPUs or LLCs");
	job.want = request->want;
	job.kind = request->llcs ? LLC : CPU;
	job.deadline = zinc_deadline(request->timeout_ms);
	err = zinc_topology_read(machine->sysfs, &job.topology);
	if (err)
		return zinc_why_errno(why, err, machine->sysfs);
	err = job.want ? find_allowed(&job, machine) :
			 find_listed(&job, request->list);
	if (!err)
		err = make_room(&job);
	if (!err)
		err = lock_until(&job);
	if ((err == -EBUSY || err == -ETIMEDOUT) && why && !*why)
		refuse(&job, err);
	if (err)
		zinc_cpu_release(locks);
	free(job.numbers);
	free(job.allowed);
	zinc_topology_free(&job.topology);
	return err;
}

int32_t zinc_cpu_acquire(const struct zinc_cpu_request *request,
			 struct zinc_cpu_locks *locks, char **why)
{
	static const struct zinc_machine machine = { .sysfs = ZINC_SYSFS };

	return zinc_cpu_acquire_on(&machine, request, locks, why);
}

void zinc_cpu_release(struct zinc_cpu_locks *locks)
{
	size_t i;

	if (!locks)
		return;
	for (i = 0; i < locks->fds_count; i++)
		close(locks->fds[i]);
	free(locks->fds);
	free(locks->numbers);
	memset(locks, 0, sizeof(*locks));
}
