// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer of zinc.ko: creates programs, runs them in a process that may die,
 * keeps those that reach something new, and stops when the kernel complains.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define HANG_S		60
#define DEATHS_MAX	20
#define EXIT_FOUND	1

static struct {
	unsigned int seconds;
	uint64_t seed;
	const char *corpus, *out, *sites, *rest, *summary;
	unsigned int times;
	bool race, cover, costs;
} options = {
	.seconds = 60, .seed = 1, .out = ".", .times = 1, .race = true, .cover = true,
};

static uint64_t started;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* ---- how it went ---- */

static uint64_t all_calls(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < ops_count; i++)
		n += counts->calls[i];
	return n;
}

static void print_state(void)
{
	uint64_t s = now() - started;

	printf("%4lu s: %lu executions (%lu/s; %lu races), %lu calls (%lu/s)",
	       s, shared->executions, shared->executions / (s ?: 1),
	       shared->racing, all_calls(), all_calls() / (s ?: 1));
	printf(", %u of %u edges, corpus %u\n", cover_edges(), cover_sites(),
	       shared->corpus_count);
	fflush(stdout);
}

static void print_cost(unsigned int i, const char *name)
{
	if (counts->calls[i])
		printf("%12lu %11lu %9lu  %s\n", counts->ns[i] / 1000000,
		       counts->calls[i], counts->ns[i] / counts->calls[i] / 1000,
		       name);
}

static void print_costs(void)
{
	static const char * const names[] = {
		[COST_ALL] = "(a program)",
		[COST_THREAD] = "(ids and namespaces back)",
		[COST_CLOSE] = "(closing)",
		[COST_ARENA] = "(unmapping)",
		[COST_NAMES] = "(unlinking)",
		[COST_CLEAN] = "(is something left?)",
		[COST_REPORT] = "(is there a report?)",
		[COST_COVER] = "(what is new?)",
		[COST_PENDING] = "(writing down what comes)",
	};
	unsigned int i;

	puts("    total ms       times   us each");
	for (i = 0; i < ops_count; i++)
		print_cost(i, ops[i].name);
	for (i = 0; i < COSTS; i++)
		print_cost(MAX_OPS + i, names[i]);
}

/* For scripts */
static void write_summary(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path);
	fprintf(f, "seconds %lu\nexecutions %lu\nraces %lu\ncalls %lu\nedges %u\nsites %u\n",
		now() - started, shared->executions, shared->racing, all_calls(),
		cover_edges(), cover_sites());
	fclose(f);
}

static void write_rest(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path);
	cover_print_rest(f);
	fclose(f);
}

static void finish(void)
{
	print_state();
	if (options.costs)
		print_costs();
	if (options.summary)
		write_summary(options.summary);
	if (options.rest)
		write_rest(options.rest);
}

/* ---- findings ---- */

/* The programs before it, oldest first, and itself: may be all it takes */
static void save_history(const char *path)
{
	static struct program before[HISTORY];
	unsigned int n = shared->next < HISTORY ? shared->next : HISTORY, i;

	for (i = 0; i < n; i++)
		before[i] = shared->history[(shared->next - n + i) % HISTORY];
	save_programs(path, before, n);
}

static void tell(const char *what)
{
	const struct program *p = &shared->history[(shared->next - 1) % HISTORY];
	char path[512];

	printf("FOUND after %lu executions: %s\n", shared->executions, what);
	name_program(path, sizeof(path), options.out, "history-", p);
	save_history(path);
	printf("what came before it, in %s; the program, ", path);
	name_program(path, sizeof(path), options.out, "crash-", p);
	save_programs(path, p, 1);
	printf("in %s:\n", path);
	print_program(stdout, p, "    ", "\n");
	fflush(stdout);
}

static void found(const char *what)
{
	tell(what);
	_exit(EXIT_FOUND);
}

/* ---- the process that runs programs ---- */

static void begin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	report_open();
	executor_init(options.race);
}

static void begin_cover(void)
{
	unsigned int i;

	for (i = 0; i <= THREADS; i++)
		cover_open(i);
	cover_mode(COVER_EDGES);
}

static void fuzz(unsigned int life)
{
	begin();
	if (options.cover)
		begin_cover();
	random_seed(options.seed + life * 0x1000003ULL);
	search_begin(!life, found);
	while (now() - started < options.seconds)
		search_batch();
	shared->done = 1;
	printf("%u values learnt from comparisons\n", values_learnt());
	fflush(stdout);
	_exit(0);
}

static void print_stacks(pid_t pid)
{
	char command[128];

	snprintf(command, sizeof(command), "cat /proc/%d/task/*/stack >&2", pid);
	if (system(command))
		fprintf(stderr, "fuzz: no stacks of %d\n", pid);
}

/*
 * What hangs in the kernel cannot be killed, and holds on to our output. In a
 * guest there is a way out, once what was printed has got there.
 */
static void leave_hanging(void)
{
	FILE *f;

	fflush(stdout);
	if (!getenv("ZINC_VM"))
		return;
	sleep(5);
	f = fopen("/proc/sysrq-trigger", "w");
	if (!f)
		return;
	fputs("b", f);
	fclose(f);
}

/* Wait for it, and tell how it goes; false if it makes no progress */
static bool attend(pid_t pid, int *status)
{
	uint64_t last = now(), executions = 0, shown = now();

	while (!waitpid(pid, status, WNOHANG)) {
		usleep(100000);
		if (executions != shared->executions) {
			executions = shared->executions;
			last = now();
		}
		if (now() - shown >= 10) {
			shown = now();
			print_state();
		}
		if (now() - last < HANG_S)
			continue;
		print_stacks(pid);
		/* it may be past dying, and so not waited for */
		kill(pid, SIGKILL);
		return false;
	}
	return true;
}

static void judge_death(int status, unsigned int life)
{
	char line[256];

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FOUND) {
		finish();
		exit(EXIT_FOUND);
	}
	if (report_found(line, sizeof(line)))
		found(line);
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	/* the program may have hurt itself: that is not a finding */
	printf("a process of the fuzzer ended with status %#x: going on with another\n",
	       status);
	if (life == DEATHS_MAX)
		found("the fuzzer's processes do not live");
}

static int supervise(void)
{
	unsigned int life;
	int status;

	report_open();
	for (life = 0; !shared->done; life++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			fuzz(life);
		if (!attend(pid, &status)) {
			finish();
			tell("a program hangs");
			leave_hanging();
			return EXIT_FOUND;
		}
		if (status)
			judge_death(status, life);
	}
	finish();
	return 0;
}

/* ---- other uses ---- */

static int reduce_in(const char *dir)
{
	bool ours = false;
	int status;
	pid_t pid;

	do {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid) {
			begin();
			_exit(reduce(dir, options.times, !ours));
		}
		if (!attend(pid, &status)) {
			puts("it hangs");
			leave_hanging();
			return EXIT_FOUND;
		}
		ours = WIFSIGNALED(status);
	} while (ours);
	return WEXITSTATUS(status);
}

static void replay_one(const struct program *p)
{
	unsigned int i;

	print_program(stdout, p, "", "\n");
	fflush(stdout);
	for (i = 0; i < options.times; i++)
		run_program(p);
}

static int replay(const char *path)
{
	unsigned int n;

	begin();
	search_begin(false, found);
	n = for_programs(path, replay_one);
	if (!settle())
		found(left_behind);
	printf("%u programs, no report\n", n);
	return !n;
}

static void print_one(const struct program *p)
{
	print_program(stdout, p, "", "\n");
	puts("");
}

static void print_lines(const struct program *p)
{
	print_program(stdout, p, "\t\"", "\\n\"\n");
	puts("\t\"\\n\"");
}

static int to_c(const char *path)
{
	printf("// %s-License-Identifier: GPL-2.0-only\n", "SPDX");
	puts("/* The programs of a finding; printed by fuzz --to-c. */\n"
	     "#include \"found.h\"\n\n"
	     "static const char programs[] =");
	for_programs(path, print_lines);
	puts("\t;\n\nint main(void)\n{\n\treturn run_found(programs);\n}");
	return 0;
}

static void usage(FILE *to)
{
	fputs("usage: fuzz [OPTION...]\n"
	      "       fuzz --replay FILE [--times N] | --reduce DIR [--times N]\n"
	      "       fuzz --to-c FILE | --print FILE\n"
	      "\n"
	      "Fuzzes the zinc.ko that is loaded, which has to be built with KCOV; as root,\n"
	      "in a guest (tests/fuzz/run).\n"
	      "\n"
	      "  --time S        seconds (default 60)\n"
	      "  --seed N        of the random numbers (default 1)\n"
	      "  --corpus DIR    programs to begin with, and where new ones go\n"
	      "  --out DIR       where findings go (default .)\n"
	      "  --sites FILE    offsets of the calls of __sanitizer_cov_trace_pc in .text\n"
	      "  --no-cover      on a kernel without KCOV: at random, with nothing learnt\n"
	      "  --no-race       programs of one thread only\n"
	      "  --rest FILE     write what never ran there\n"
	      "  --summary FILE  write the figures there\n"
	      "  --costs         print what the time went to\n"
	      "  --replay FILE   run the programs of a file, each --times N times\n"
	      "  --reduce DIR    make DIR/now smaller, which is reported; to be called again\n"
	      "                  on another boot until DIR/state is done, or lost\n"
	      "  --to-c FILE     print them as a C test\n"
	      "  --print FILE    print them as text (what was about to run is numbers)\n"
	      "\n"
	      "Exit status: 0 nothing found; 1 the kernel reported something, or a program\n"
	      "hangs: see DIR/crash-*; 2 it could not work.\n", to);
}

enum {
	TIME_S = 1, SEED, CORPUS, OUT_DIR, SITES, NO_COVER, NO_RACE, REST, SUMMARY,
	SHOW_COSTS, REPLAY, REDUCE, TIMES, TO_C, PRINT
};

static const struct option longs[] = {
	{ "time", 1, NULL, TIME_S },
	{ "seed", 1, NULL, SEED },
	{ "corpus", 1, NULL, CORPUS },
	{ "out", 1, NULL, OUT_DIR },
	{ "sites", 1, NULL, SITES },
	{ "no-cover", 0, NULL, NO_COVER },
	{ "no-race", 0, NULL, NO_RACE },
	{ "rest", 1, NULL, REST },
	{ "summary", 1, NULL, SUMMARY },
	{ "costs", 0, NULL, SHOW_COSTS },
	{ "replay", 1, NULL, REPLAY },
	{ "reduce", 1, NULL, REDUCE },
	{ "times", 1, NULL, TIMES },
	{ "to-c", 1, NULL, TO_C },
	{ "print", 1, NULL, PRINT },
	{ "help", 0, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Options with a value that go into the struct as they are */
static bool set_option(int o, const char *value)
{
	switch (o) {
	case TIME_S:
		options.seconds = strtoul(value, NULL, 0);
		return true;
	case SEED:
		options.seed = strtoull(value, NULL, 0);
		return true;
	case CORPUS:
		options.corpus = value;
		return true;
	case OUT_DIR:
		options.out = value;
		return true;
	case SITES:
		options.sites = value;
		return true;
	case REST:
		options.rest = value;
		return true;
	case SUMMARY:
		options.summary = value;
		return true;
	case TIMES:
		options.times = strtoul(value, NULL, 0);
		return true;
	case NO_COVER:
		options.cover = false;
		return true;
	case NO_RACE:
		options.race = false;
		return true;
	case SHOW_COSTS:
		options.costs = true;
		return true;
	default:
		return false;
	}
}

static void prepare(void)
{
	started = now();
	search_init();
	cover_init(options.sites);
	counts_init();
}

int main(int argc, char **argv)
{
	const char *to_replay = NULL, *to_reduce = NULL;
	int o;

	while ((o = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (set_option(o, optarg))
			continue;
		switch (o) {
		case REPLAY:
			to_replay = optarg;
			break;
		case REDUCE:
			to_reduce = optarg;
			break;
		case TO_C:
			return to_c(optarg);
		case PRINT:
			return !for_programs(optarg, print_one);
		default:
			usage(o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	prepare();
	if (to_replay)
		return replay(to_replay);
	if (to_reduce)
		return reduce_in(to_reduce);
	pending_open(options.out);
	if (options.corpus)
		search_load(options.corpus);
	return supervise();
}
