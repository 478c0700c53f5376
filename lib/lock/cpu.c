// SPDX-License-Identifier: MIT
/*
 * Locks on processors and last-level caches: all of a request, or none.
 *
 * A lock on a processor also takes a shared lock on its cache; a lock on a cache
 * takes an exclusive one. No call waits for a lock file while it holds others, so a
 * deadlock is impossible.
 *
 * With the kernel module, each request is also reserved, which orders the waiters:
 * a waiter reserves first, then locks the files. All devices of a request are
 * reserved at once; if they exceed one reservation, in a fixed order: caches, then
 * processors, by number. A call without a wait locks the files first. Only the lock
 * files exclude other processes, so a request proceeds without reservations if
 * these are unavailable.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/internal.h"

static_assert(sizeof(struct zinc_cpu_request) == ZINC_CPU_REQUEST_SIZE_V1,
	      "has grown: its first version has not");
static_assert(sizeof(struct zinc_cpu_locks) == ZINC_CPU_LOCKS_SIZE_V1,
	      "has grown: its first version has not");

enum kind { CPU, LLC };

static const char *const kind_names[] = { "CPU", "LLC" };

#define TICKET	"cpu:any"
#define NAME_SIZE 16

/*
 * struct claims - the devices of a request, for the kernel module
 * @list: devices
 * @names: their names
 * @count: number of devices
 */
struct claims {
	struct zinc_device_claim *list;
	char (*names)[NAME_SIZE];
	size_t count;
};

/*
 * struct job - one call of zinc_cpu_lock_acquire()
 * @sysfs: mount point of sysfs
 * @topology: of the machine
 * @want: number of processors to choose; 0 if @numbers are given
 * @kind: whether @numbers are processors or caches
 * @numbers: the processors or caches to lock, in ascending order
 * @count: number of @numbers
 * @allowed: processors to choose from, in ascending order
 * @allowed_count: number of @allowed
 * @mode: ZINC_EXCLUSIVE, ZINC_SHARED
 * @deadline: of the call
 * @ticket: the reservation of the queue of calls that choose, or -1
 * @reserved: reservations, appended to @locks' descriptors after success
 * @reserved_count: number of @reserved
 * @others: holders of reservations, and waiters
 * @others_count: number of @others
 * @is_queued: earlier requests are served first
 * @is_busy: another process has one of the locks
 * @busy_kind: kind of the first busy lock
 * @busy_number: its number
 * @busy_mode: the mode in which it was requested
 * @locks: the locks so far
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
	uint32_t mode;
	uint64_t deadline;
	int ticket;
	int *reserved;
	size_t reserved_count;
	struct zinc_reservation_holder *others;
	size_t others_count;
	bool is_queued;
	bool is_busy;
	enum kind busy_kind;
	uint32_t busy_number;
	uint32_t busy_mode;
	struct zinc_cpu_locks *locks;
	char **why;
};

static int path_of(char *buf, size_t size, enum kind kind, uint32_t number,
		   char **why)
{
	return zinc_lock_file(buf, size, why, kind == CPU ? "zinc-cpu-%u.lock" :
							    "zinc-llc-%u.lock",
			      number);
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

/* Allocate for the highest possible number of locks */
static int make_room(struct job *job)
{
	size_t most = job->topology.count + job->topology.llcs;
	size_t chunks = most / ZINC_RESERVE_MAX + 1;

	job->locks->fds = calloc(most + chunks, sizeof(*job->locks->fds));
	job->locks->numbers = calloc(most, sizeof(*job->locks->numbers));
	job->reserved = calloc(chunks, sizeof(*job->reserved));
	return job->locks->fds && job->locks->numbers && job->reserved ?
	       0 : -ENOMEM;
}

static void unlock_from(struct job *job, size_t first)
{
	struct zinc_cpu_locks *locks = job->locks;

	while (locks->fds_count > first)
		zinc_flock_close(locks->fds[--locks->fds_count]);
}

static void unlock_all(struct job *job)
{
	unlock_from(job, 0);
	job->locks->count = 0;
	job->is_busy = false;
}

static void set_busy(struct job *job, enum kind kind, uint32_t number,
		     uint32_t mode)
{
	if (job->is_busy)
		return;
	job->is_busy = true;
	job->busy_kind = kind;
	job->busy_number = number;
	job->busy_mode = mode;
}

static void print_name(char name[NAME_SIZE], enum kind kind, uint32_t number)
{
	snprintf(name, NAME_SIZE, "%s:%u", kind == CPU ? "cpu" : "llc", number);
}

/* Whether another reservation, held or queued, conflicts with the request */
static bool is_claimed(const struct job *job, enum kind kind, uint32_t number,
		       uint32_t mode)
{
	char name[NAME_SIZE];
	size_t i;

	print_name(name, kind, number);
	for (i = 0; i < job->others_count; i++)
		if (!strcmp(job->others[i].device, name) &&
		    (mode == ZINC_EXCLUSIVE ||
		     job->others[i].mode == ZINC_EXCLUSIVE))
			return true;
	return false;
}

/* Lock one file; record the first busy one */
static int lock_one(struct job *job, enum kind kind, uint32_t number,
		    uint32_t mode)
{
	char path[PATH_MAX];
	int fd;

	if (is_claimed(job, kind, number, mode)) {
		set_busy(job, kind, number, mode);
		return -EBUSY;
	}
	fd = path_of(path, sizeof(path), kind, number, job->why);
	if (!fd)
		fd = zinc_flock_own(path, mode, 0, job->why);
	if (fd >= 0) {
		job->locks->fds[job->locks->fds_count++] = fd;
		return 0;
	}
	if (fd == -EBUSY)
		set_busy(job, kind, number, mode);
	return fd;
}

static int lock_cpu(struct job *job, uint32_t cpu)
{
	int err = lock_one(job, CPU, cpu, job->mode);

	if (!err)
		job->locks->numbers[job->locks->count++] = cpu;
	return err;
}

/* ---- given numbers ---------------------------------------------------------- */

/* Lock the caches first, each once, then the processors */
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
		err = lock_one(job, LLC, job->numbers[i], job->mode);
		if (!err)
			job->locks->numbers[job->locks->count++] =
				job->numbers[i];
	}
	return err;
}

/* ---- a choice --------------------------------------------------------------- */

/* List the caches of the allowed processors; 0 or -errno */
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

/* Count the holders of each cache, from one snapshot of the kernel's locks */
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
		err = zinc_flock_holders_of(names, count, holders, counts,
					    sizeof(**holders));
	for (i = 0; i < count && !err; i++) {
		choices[i].holders = counts[i];
		free(holders[i]);
	}
	free(counts);
	free(names);
	free(paths);
	free(holders);
	/* if the holders are not visible, the choice ignores them */
	return err == -ENOMEM || err == -ENAMETOOLONG ? err : 0;
}

/* Lock free processors of one cache, up to the wanted number; 0 or -errno */
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
	/* a cache without a free processor */
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

/* ---- reservations ---------------------------------------------------------- */

/* Errors that a request ignores: it loses FIFO order, but not exclusion */
static bool is_optional(int err)
{
	return err == -EOPNOTSUPP || err == -EACCES || err == -EPERM ||
	       err == -EDQUOT;
}

static void add_claim(struct claims *c, enum kind what, uint32_t number,
		      uint32_t mode)
{
	print_name(c->names[c->count], what, number);
	c->list[c->count] = (struct zinc_device_claim){
		.device = c->names[c->count],
		.mode = mode,
	};
	c->count++;
}

static bool has_llc(const struct job *job, const uint32_t *numbers, size_t count,
		    uint32_t llc)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (zinc_topology_find(&job->topology, numbers[i])->llc == llc)
			return true;
	return false;
}

static void free_claims(struct claims *c)
{
	free(c->list);
	free(c->names);
}

/* Reserve these processors or caches */
static int make_claims(const struct job *job, const uint32_t *numbers,
		       size_t count, struct claims *c)
{
	size_t most = job->topology.count + job->topology.llcs, i;
	uint32_t llc;

	c->count = 0;
	c->list = calloc(most, sizeof(*c->list));
	c->names = calloc(most, sizeof(*c->names));
	if (!c->list || !c->names) {
		free_claims(c);
		return -ENOMEM;
	}
	for (llc = 0; job->kind == CPU && llc < job->topology.llcs; llc++)
		if (has_llc(job, numbers, count, llc))
			add_claim(c, LLC, llc, ZINC_SHARED);
	for (i = 0; i < count; i++)
		add_claim(c, job->kind, numbers[i], job->mode);
	return 0;
}

static void unreserve(struct job *job)
{
	while (job->reserved_count)
		zinc_reservation_close(job->reserved[--job->reserved_count]);
}

/* Reserve all or none; 0 also if reservations are unavailable */
static int reserve_claims(struct job *job, const struct claims *c,
			  uint64_t deadline)
{
	size_t at, n;
	int fd;

	for (at = 0; at < c->count; at += n) {
		n = c->count - at;
		if (n > ZINC_RESERVE_MAX)
			n = ZINC_RESERVE_MAX;
		fd = zinc_reserve_until(c->list + at, n, deadline);
		if (fd < 0) {
			unreserve(job);
			return is_optional(fd) ? 0 : fd;
		}
		job->reserved[job->reserved_count++] = fd;
	}
	return 0;
}

/* For the message: find the first device that others hold or wait for */
static void find_busy(struct job *job, const struct claims *c)
{
	uint32_t number;
	char *who;
	size_t i;

	for (i = 0; i < c->count; i++) {
		who = zinc_reservation_text(c->list[i].device, c->list[i].mode);
		if (!who)
			continue;
		free(who);
		number = (uint32_t)strtoul(strchr(c->names[i], ':') + 1, NULL,
					   10);
		set_busy(job, c->names[i][0] == 'c' ? CPU : LLC, number,
			 c->list[i].mode);
		return;
	}
}

static int reserve(struct job *job, const uint32_t *numbers, size_t count,
		   uint64_t deadline)
{
	struct claims claims;
	int err = make_claims(job, numbers, count, &claims);

	if (err)
		return err;
	err = reserve_claims(job, &claims, deadline);
	if (err == -EBUSY || err == -ETIMEDOUT)
		find_busy(job, &claims);
	free_claims(&claims);
	return err;
}

/* Enter the queue of calls that choose; 0 also without the module */
static int take_ticket(struct job *job, uint64_t deadline)
{
	const struct zinc_device_claim claim = {
		.device = TICKET,
		.mode = ZINC_EXCLUSIVE,
	};
	int fd = zinc_reserve_until(&claim, 1, deadline);

	job->is_queued = fd == -EBUSY || fd == -ETIMEDOUT;
	if (fd < 0)
		return is_optional(fd) ? 0 : fd;
	job->ticket = fd;
	return 0;
}

static void drop_ticket(struct job *job)
{
	if (job->ticket >= 0)
		zinc_reservation_close(job->ticket);
	job->ticket = -1;
}

/* ---- files and reservations ------------------------------------------------- */

/* List the queues, so that no processor with waiters is chosen */
static void look_at_others(struct job *job)
{
	free(job->others);
	job->others_count = 0;
	if (zinc_reservations(NULL, &job->others, &job->others_count,
			      sizeof(*job->others)))
		job->others = NULL;
}

/* Lock the files */
static int lock_all(struct job *job)
{
	if (job->want) {
		look_at_others(job);
		return lock_chosen(job);
	}
	return job->kind == CPU ? lock_listed_cpus(job) : lock_listed_llcs(job);
}

/* Lock the files and make the missing reservations, without waiting */
static int try_all(struct job *job)
{
	int err = lock_all(job);

	if (err || job->reserved_count)
		return err;
	err = reserve(job, job->locks->numbers, job->locks->count, 0);
	/* so that the message names the others, and not this process */
	if (err)
		unlock_from(job, 0);
	return err;
}

/* Wait before the next attempt */
static int wait_for_busy(const struct job *job)
{
	char path[PATH_MAX];
	int fd;

	/* any released processor is sufficient, so poll */
	if (job->want)
		return zinc_lock_pause(job->deadline);
	if (zinc_now() >= job->deadline)
		return -ETIMEDOUT;
	fd = path_of(path, sizeof(path), job->busy_kind, job->busy_number, NULL);
	if (!fd)
		fd = zinc_flock_own(path, job->busy_mode, job->deadline, NULL);
	if (fd < 0)
		return fd;
	zinc_flock_close(fd);
	return 0;
}

/* Name the holder of the file or, without one, the earlier requests */
static char *busy_text(const struct job *job, const char *path)
{
	struct zinc_lock_holder *holders = NULL;
	char name[NAME_SIZE], *text = NULL;
	size_t count = 0;

	zinc_flock_holders(path, &holders, &count, sizeof(*holders));
	if (!count) {
		print_name(name, job->busy_kind, job->busy_number);
		text = zinc_reservation_text(name, job->busy_mode);
	}
	if (!text)
		text = zinc_holders_inline(holders, count);
	free(holders);
	return text;
}

static int refuse_queued(const struct job *job, int err)
{
	char *who = zinc_reservation_text(TICKET, ZINC_EXCLUSIVE);

	zinc_why(job->why, err,
		 "CPUs wanted: %u; earlier requests wait for some of them: %s",
		 job->want, who ? who : "?");
	free(who);
	return err;
}

static int refuse(const struct job *job, int err)
{
	const char *kind = kind_names[job->busy_kind];
	char path[PATH_MAX] = "?";
	char *who;

	if (job->is_queued)
		return refuse_queued(job, err);
	path_of(path, sizeof(path), job->busy_kind, job->busy_number, NULL);
	who = busy_text(job, path);
	if (job->want)
		zinc_why(job->why, err,
			 "CPUs wanted: %u; of the %zu that this process may use, too few are free: %s %u is locked by %s (lockfile %s)",
			 job->want, job->allowed_count, kind, job->busy_number,
			 who ? who : "?", path);
	else
		zinc_why(job->why, err, "%s %u is locked by %s (lockfile %s)",
			 kind, job->busy_number, who ? who : "?", path);
	free(who);
	return err;
}

/* Enter the queue, and wait until this call is its head */
static int queue(struct job *job)
{
	if (job->want)
		return job->ticket < 0 ? take_ticket(job, job->deadline) : 0;
	return reserve(job, job->numbers, job->count, job->deadline);
}

static int lock_until(struct job *job)
{
	int err = job->want ? take_ticket(job, 0) : 0;

	if (!err)
		err = try_all(job);
	if (err != -EBUSY || !job->deadline)
		return err;
	unlock_all(job);
	err = queue(job);
	while (!err) {
		err = try_all(job);
		if (err != -EBUSY)
			break;
		unlock_from(job, 0);
		err = wait_for_busy(job);
		if (!err)
			unlock_all(job);
	}
	return err;
}

/* Release the locks that are not part of the result */
static void finish(struct job *job, int err)
{
	drop_ticket(job);
	while (!err && job->reserved_count)
		job->locks->fds[job->locks->fds_count++] =
			job->reserved[--job->reserved_count];
	unreserve(job);
	free(job->reserved);
	free(job->others);
	free(job->numbers);
	free(job->allowed);
	zinc_topology_free(&job->topology);
}

/* ---- the request ------------------------------------------------------------ */

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
		return zinc_why(job->why, err,
				"invalid list of %ss '%s': expected numbers, for example 0,2-5",
				kind_names[job->kind], list);
	for (i = 0; i < job->count; i++) {
		if (job->kind == CPU ?
		    !!zinc_topology_find(t, job->numbers[i]) :
		    job->numbers[i] < t->llcs)
			continue;
		return zinc_why(job->why, -ENODEV,
				"%s %u does not exist, or is offline: see /sys/devices/system/cpu",
				kind_names[job->kind], job->numbers[i]);
	}
	return 0;
}

static bool take_request(struct zinc_cpu_request *known,
			 const struct zinc_cpu_request *r)
{
	return r && zinc_size_is_valid(r->size, ZINC_CPU_REQUEST_SIZE_V1) &&
	       !zinc_struct_in(known, sizeof(*known), r, r->size) &&
	       !known->reserved && zinc_lock_mode_is_valid(known->mode) &&
	       (known->want ? !known->list && !known->llcs : !!known->list);
}

static bool is_place(const struct zinc_cpu_locks *locks)
{
	return locks &&
	       zinc_size_is_valid(locks->size, ZINC_CPU_LOCKS_SIZE_V1);
}

static void empty(struct zinc_cpu_locks *locks)
{
	uint32_t size = locks->size;

	memset(locks, 0, size);
	locks->size = size;
}

/**
 * zinc_cpu_acquire_on() - zinc_cpu_lock_acquire() on a given machine
 * @machine: the machine; tests pass another one
 * @request: as for zinc_cpu_lock_acquire()
 * @locks: likewise
 * @why: likewise
 *
 * Return: as zinc_cpu_lock_acquire().
 */
int zinc_cpu_acquire_on(const struct zinc_machine *machine,
			const struct zinc_cpu_request *request,
			struct zinc_cpu_locks *locks, char **why)
{
	struct job job = {
		.sysfs = machine->sysfs,
		.ticket = -1,
		.locks = locks,
		.why = why,
	};
	struct zinc_cpu_request known;
	int err;

	if (why)
		*why = NULL;
	if (!is_place(locks))
		return zinc_why(why, -EINVAL,
				"invalid size of the locks: expected their sizeof");
	empty(locks);
	if (!take_request(&known, request))
		return zinc_why(why, -EINVAL, "no request for CPUs or LLCs");
	job.want = known.want;
	job.kind = known.llcs ? LLC : CPU;
	job.mode = known.mode;
	job.deadline = zinc_deadline(known.timeout_ms);
	err = zinc_topology_read(machine->sysfs, &job.topology);
	if (err)
		return zinc_why_sysfs(why, err, machine->sysfs,
				      "devices/system/cpu");
	err = job.want ? find_allowed(&job, machine) :
			 find_listed(&job, known.list);
	if (!err)
		err = make_room(&job);
	if (!err)
		err = lock_until(&job);
	if ((err == -EBUSY || err == -ETIMEDOUT) && why && !*why)
		refuse(&job, err);
	finish(&job, err);
	if (err)
		zinc_cpu_lock_release(locks);
	return err;
}

int32_t zinc_cpu_lock_acquire(const struct zinc_cpu_request *request,
			      struct zinc_cpu_locks *locks, char **why)
{
	static const struct zinc_machine machine = { .sysfs = ZINC_SYSFS };

	return zinc_cpu_acquire_on(&machine, request, locks, why);
}

void zinc_cpu_lock_release(struct zinc_cpu_locks *locks)
{
	size_t i;

	if (!is_place(locks))
		return;
	for (i = 0; i < locks->fds_count; i++)
		zinc_flock_close(locks->fds[i]);
	free(locks->fds);
	free(locks->numbers);
	empty(locks);
}
