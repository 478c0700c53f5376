// SPDX-License-Identifier: GPL-2.0-only
/* Rounds, turns and their order; what they measured, as JSON lines. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "turn.h"

#define ROUNDS_MAX	64
#define CONTENDERS_MAX	16
#define KEPT_MAX	(1 << 17)	/* samples of all rounds */
#define ROUNDS_MIN	3
#define SECONDS_MAX	20	/* of a case, once it has samples */
#define QUICK_ROUNDS	3
#define QUICK_SHARE	10		/* of the samples of a full run */
#define QUICK_LEAST	8

struct bench_result *bench_result;

static const char * const pins[] = {
	[BENCH_FREE] = "free", [BENCH_ONE] = "one", [BENCH_TWO] = "two",
};

static struct {
	bool quick;
	bool tiny;
	const char *spoil;
	const char *only;
	const char *pin;
	unsigned int rounds;
} options;

/* The samples of one contender, in one series */
struct record {
	double round[ROUNDS_MAX];
	size_t rounds;
	double *kept;
	size_t count;
};

struct entry {
	const struct bench_contender *contender;
	struct record record[BENCH_SERIES];
	char why[256];
	bool skipped;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of sorted values, between two of them if need be */
static double quantile(const double *sorted, size_t count, double q)
{
	double at = q * (double)(count - 1);
	size_t i = (size_t)at;

	if (i + 1 >= count)
		return sorted[count - 1];
	return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

static void keep(struct record *record, struct bench_samples *samples)
{
	size_t n = samples->count;
	double *value = samples->value;

	if (!n)
		return;
	if (n > KEPT_MAX - record->count)
		n = KEPT_MAX - record->count;
	memcpy(record->kept + record->count, value, n * sizeof(*value));
	record->count += n;
	qsort(value, samples->count, sizeof(*value), compare);
	record->round[record->rounds++] = quantile(value, samples->count, 0.5);
}

static size_t samples_wanted(const struct bench_case *what)
{
	size_t count = what->count;

	if (options.tiny || options.quick)
		count /= options.tiny ? QUICK_SHARE * 10 : QUICK_SHARE;
	if (count < QUICK_LEAST)
		count = QUICK_LEAST;
	return count < what->count ? count : what->count;
}

static unsigned int rounds_wanted(const struct bench_case *what)
{
	unsigned int most = options.rounds;

	if (!most || most > ROUNDS_MAX)
		most = ROUNDS_MAX;
	if (options.quick)
		most = QUICK_ROUNDS;
	if (options.tiny)
		most = 1;
	return what->rounds < most ? what->rounds : most;
}

static void take_turn(const struct bench_case *what, const struct bench_contender *contender)
{
	struct bench_turn turn = {
		.what = what,
		.contender = contender,
		.count = samples_wanted(what),
		.spoil = options.spoil && !strcmp(options.spoil, contender->name),
	};

	/* a group that ends as one */
	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(what->heavy ? BENCH_HEAVY : BENCH_PATIENCE);
	bench_pin(&turn, 0);
	contender->run(&turn);
	_exit(0);
}

static void reset(void)
{
	size_t i;

	bench_result->status = 0;
	bench_result->why[0] = 0;
	for (i = 0; i < BENCH_SERIES; i++)
		bench_result->series[i].count = 0;
}

static volatile sig_atomic_t stopped;
static volatile sig_atomic_t running;	/* the turn's process */

static void stop(int number)
{
	stopped = number;
	if (running)
		kill(-running, SIGKILL);
}

static int how_it_ended(int status)
{
	if (bench_result->status)
		return bench_result->status;
	if (WIFSIGNALED(status)) {
		snprintf(bench_result->why, sizeof(bench_result->why), "died by signal %d%s",
			 WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? ": it took too long" : "");
		return BENCH_FAILED;
	}
	return WEXITSTATUS(status);
}

/* Return: BENCH_*, or 0 */
static int turn(const struct bench_case *what, struct entry *entry)
{
	int status;
	pid_t pid;

	reset();
	fflush(NULL);
	pid = fork();
	if (!pid)
		take_turn(what, entry->contender);
	if (pid < 0)
		return BENCH_FAILED;
	setpgid(pid, pid);
	running = pid;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	running = 0;
	bench_tidy(pid);
	return how_it_ended(status);
}

static void print_head(const struct bench *bench, const struct bench_case *what,
		       const struct entry *entry)
{
	int backend = zinc_backend(NULL);

	printf("{\"bench\": \"%s\", \"case\": \"%s\", \"size\": %zu, \"pin\": \"%s\", ",
	       bench->name, what->label, what->size, pins[what->pin]);
	printf("\"contender\": \"%s\", \"backend\": \"%s\"", entry->contender->name,
	       backend == ZINC_BACKEND_KMOD ? "kmod" : "shm");
}

static void print_skipped(const struct bench *bench, const struct bench_case *what,
			  const struct entry *entry)
{
	char *c;

	print_head(bench, what, entry);
	printf(", \"skipped\": \"");
	for (c = (char *)entry->why; *c; c++)
		putchar(*c == '"' || *c == '\\' || *c < ' ' ? '\'' : *c);
	printf("\"}\n");
}

static void print_record(const struct bench *bench, const struct bench_case *what,
			 const struct entry *entry, size_t series)
{
	static const double points[] = { 0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100 };
	const struct record *record = &entry->record[series];
	double sorted[ROUNDS_MAX];
	size_t i;

	print_head(bench, what, entry);
	printf(", \"series\": \"%s\", \"unit\": \"%s\", \"n\": %zu, \"rounds\": [",
	       bench->series[series].name, bench->series[series].unit, record->count);
	for (i = 0; i < record->rounds; i++)
		printf("%s%.6g", i ? ", " : "", record->round[i]);
	memcpy(sorted, record->round, sizeof(sorted));
	qsort(sorted, record->rounds, sizeof(*sorted), compare);
	printf("], \"median\": %.6g, \"q1\": %.6g, \"q3\": %.6g, \"quantiles\": {",
	       quantile(sorted, record->rounds, 0.5), quantile(sorted, record->rounds, 0.25),
	       quantile(sorted, record->rounds, 0.75));
	qsort(record->kept, record->count, sizeof(*record->kept), compare);
	for (i = 0; i < sizeof(points) / sizeof(*points); i++)
		printf("%s\"%g\": %.6g", i ? ", " : "", points[i],
		       quantile(record->kept, record->count, points[i] / 100));
	printf("}}\n");
}

static void print_entry(const struct bench *bench, const struct bench_case *what,
			const struct entry *entry)
{
	size_t i;

	if (entry->skipped) {
		print_skipped(bench, what, entry);
		return;
	}
	for (i = 0; bench->series[i].name; i++)
		if (entry->record[i].rounds)
			print_record(bench, what, entry, i);
	fflush(stdout);
}

/* Return: whether all is well */
static bool entry_turn(const struct bench *bench, const struct bench_case *what,
		       struct entry *entry, bool warm_up)
{
	int status = turn(what, entry);
	size_t i;

	if (status == BENCH_SKIPPED) {
		entry->skipped = true;
		memcpy(entry->why, bench_result->why, sizeof(entry->why));
		return true;
	}
	if (status) {
		fprintf(stderr, "bench: %s, %s: %s: FAILED: %s\n", bench->name, what->label,
			entry->contender->name, bench_result->why);
		return false;
	}
	for (i = 0; !warm_up && bench->series[i].name; i++)
		keep(&entry->record[i], &bench_result->series[i]);
	return true;
}

/* Round 0 warms up. The first contender changes, and the direction. */
static bool all_rounds(const struct bench *bench, const struct bench_case *what,
		       struct entry *entries, size_t count)
{
	uint64_t enough = bench_now() + SECONDS_MAX * 1000000000ULL;
	unsigned int rounds = rounds_wanted(what);
	unsigned int round;
	size_t i, at;

	for (round = 0; round <= rounds; round++) {
		/* whole rounds, so that all have as many */
		if (round > ROUNDS_MIN && bench_now() > enough)
			break;
		for (i = 0; i < count; i++) {
			at = (round / 2 + i) % count;
			if (round % 2)
				at = count - 1 - at;
			if (!entries[at].skipped &&
			    !entry_turn(bench, what, &entries[at], !round))
				return false;
		}
	}
	return true;
}

static size_t fill(struct entry *entries, const struct bench *bench)
{
	const struct bench_contender *contender;
	size_t count = 0;
	size_t i;

	for (contender = bench->contenders; contender->name; contender++) {
		if (options.only && strcmp(options.only, contender->name))
			continue;
		entries[count].contender = contender;
		for (i = 0; i < BENCH_SERIES; i++)
			entries[count].record[i].kept = calloc(KEPT_MAX, sizeof(double));
		count++;
	}
	return count;
}

static void empty(struct entry *entries, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < BENCH_SERIES; j++)
			free(entries[i].record[j].kept);
}

static bool run_case(const struct bench *bench, const struct bench_case *what)
{
	struct entry entries[CONTENDERS_MAX] = {};
	size_t count = fill(entries, bench);
	bool well;
	size_t i;

	well = all_rounds(bench, what, entries, count);
	for (i = 0; well && i < count; i++)
		print_entry(bench, what, &entries[i]);
	empty(entries, count);
	return well;
}

static bool is_left_out(const struct bench_case *what)
{
	if (options.pin && strcmp(options.pin, pins[what->pin]))
		return true;
	return what->heavy && (options.quick || options.tiny);
}

static int run_bench(const struct bench *bench)
{
	const struct bench_case *what;
	uint64_t begin;
	int status = 0;

	for (what = bench->cases; what->label && !stopped; what++) {
		if (is_left_out(what))
			continue;
		begin = bench_now();
		fprintf(stderr, "bench: %s, %s%s: ", bench->name, what->label,
			what->pin == BENCH_ONE ? ", one CPU" :
			what->pin == BENCH_TWO ? ", two CPUs" : "");
		if (!run_case(bench, what))
			status = 1;
		fprintf(stderr, "%.1f s\n", (double)(bench_now() - begin) / 1e9);
	}
	return status;
}

static void usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--quick | --tiny] [--rounds N] [--pin one|two|free]\n"
		"       [--only CONTENDER] [--spoil CONTENDER]\n"
		"--spoil has a contender move a wrong payload, which must be noticed\n",
		program);
	exit(2);
}

static void parse(int argc, char **argv)
{
	int i;

	options.quick = getenv("ZINC_BENCH_QUICK") && *getenv("ZINC_BENCH_QUICK");
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--quick"))
			options.quick = true;
		else if (!strcmp(argv[i], "--tiny"))
			options.tiny = true;
		else if (!strcmp(argv[i], "--only") && argv[i + 1])
			options.only = argv[++i];
		else if (!strcmp(argv[i], "--rounds") && argv[i + 1])
			options.rounds = (unsigned int)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--pin") && argv[i + 1])
			options.pin = argv[++i];
		else if (!strcmp(argv[i], "--spoil") && argv[i + 1])
			options.spoil = argv[++i];
		else
			usage(argv[0]);
	}
}

int bench_main(int argc, char **argv, const struct bench *benches)
{
	int status = 0;

	parse(argc, argv);
	bench_result = bench_shared(sizeof(*bench_result));
	bench_remember_cpus();
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	for (; benches->name && !stopped; benches++)
		if (run_bench(benches))
			status = 1;
	return stopped ? 128 + stopped : status;
}
