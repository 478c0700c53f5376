// SPDX-License-Identifier: MIT
/*
 * zinc locks
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "locks.h"

struct how {
	const char *cache;
	bool all;
	bool json;
	uint64_t every;
	const char *output;
	struct choice choice;
};

static int look(const struct how *how)
{
	struct frame frame;
	int status = find_locks(&frame, how->cache);

	if (!status && how->json)
		print_locks_json(&frame);
	else if (!status)
		print_locks(&frame, &how->choice, how->all);
	free_locks(&frame);
	return status;
}

static int watch(const struct how *how)
{
	bool screen = isatty(STDOUT_FILENO) && !how->json;
	sigset_t old, ends;
	uint64_t next;
	int status;

	cli_block_signals(&old);
	cli_ending_signals(&ends);
	for (;;) {
		next = cli_now() + how->every;
		if (screen)
			fputs("\033[H\033[J", stdout);
		status = look(how);
		if (status || cli_flush() || !cli_pause_until(next, &ends))
			return status;
		if (!screen && !how->json)
			putchar('\n');
	}
}

/* The default of --cache; NULL: none */
static const char *cache_folder(void)
{
	const char *dir = getenv("ZINC_CACHE_DIR");
	static char path[PATH_MAX];

	if (dir && *dir)
		return dir;
	dir = getenv("XDG_CACHE_HOME");
	if (dir && *dir) {
		snprintf(path, sizeof(path), "%s/zinc", dir);
		return path;
	}
	dir = getenv("HOME");
	if (!dir || !*dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/.cache/zinc", dir);
	return path;
}

static const struct cli_option options[] = {
	{ .key = 'a', .name = "all",
	  .help = "show free lock files, too",
	  .at = offsetof(struct how, all) },
	{ .key = 'j', .name = "json",
	  .help = "print a JSON object with all of them, in one line",
	  .at = offsetof(struct how, json) },
	{ .key = 'o', .name = "output", .argument = "COLUMNS",
	  .help = "print these columns, separated by commas",
	  .at = offsetof(struct how, output) },
	{ .key = 'w', .name = "watch", .argument = "SECONDS",
	  .help = "repeat after SECONDS, until interrupted",
	  .at = offsetof(struct how, every), .parse = option_seconds,
	  .expected = "0.001-86400 seconds", .noun = "watch interval" },
	{ .key = 'C', .name = "cache", .argument = "DIR",
	  .help = "directory of the cache; default ZINC_CACHE_DIR, else zinc in\n"
		  "XDG_CACHE_HOME, else ~/.cache/zinc",
	  .at = offsetof(struct how, cache) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc locks [OPTION...]",
	.about =
"Shows the holders and waiters of each GPU, last-level cache, processor, cache\n"
"entry and source tree, and whether they hold it exclusively or shared. It takes\n"
"no lock, and delays no process that does.",
	.end =
"Lock files are in ZINC_LOCK_DIR, else the folder that /etc/zinc.conf names, else\n"
"/tmp, and in .locks of the cache.\n"
"Columns: LOCK; STATE, held, shared, waiting or free; PID and COMMAND of the holder;\n"
"LOCKFILE.\n"
"Waiters are known for reservations of the kernel module only.\n"
"Exit status: 0 done or interrupted; 2 usage error; 3 failed.",
	.options = options,
	.count = ARRAY_SIZE(options),
	.no_operands = true,
};

int cmd_locks(int argc, char **argv)
{
	struct how how = { .cache = cache_folder() };
	int status = cli_options(argc, argv, &syntax, &how);

	if (status == CLI_RUN && how.json && how.output)
		status = cli_usage(argv[0], "either --json or --output");
	if (status == CLI_RUN)
		status = choose_locks(argv[0], how.output, &how.choice);
	if (status != CLI_RUN)
		return status;
	return how.every ? watch(&how) : look(&how);
}
