/* SPDX-License-Identifier: MIT */
/*
 * zinc lock: what is asked for, and how it is locked.
 */
#ifndef ZINC_CLI_LOCK_H
#define ZINC_CLI_LOCK_H

#include <zinc-lock.h>

#include "cli.h"

#define LOCKS_MAX	64
#define FOREVER		UINT64_MAX

/*
 * struct wish - what is asked for
 * @gpus: which they are, in the order in which they are locked
 * @given: the same, in the order of the options
 * @notes: of those that are not known: why
 * @any: how many GPUs to choose, or 0
 * @vendor: of those; NULL: any
 * @driver: of those; NULL: any
 * @files: paths, in their order
 * @cpus: what of processors; none where neither @cpus.list nor @cpus.want is set
 * @mode: of all
 * @deadline: cli_now() at which it is over; 0: no wait; FOREVER
 */
struct wish {
	const char *command;
	struct zinc_gpu_identity gpus[LOCKS_MAX];
	struct zinc_gpu_identity given[LOCKS_MAX];
	char *notes[LOCKS_MAX];
	size_t gpus_count;
	uint64_t any;
	char *vendor;
	char *driver;
	const char *files[LOCKS_MAX];
	size_t files_count;
	struct zinc_cpu_request cpus;
	uint32_t mode;
	uint64_t deadline;
	bool shared;
	bool keep;
	bool quiet;
	bool no_env;
};

/* run_locked() - lock all of it, run @command, and give it back */
int run_locked(const struct wish *wish, char **command);

#endif /* ZINC_CLI_LOCK_H */
