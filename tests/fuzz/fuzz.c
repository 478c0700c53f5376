// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer of zinc.ko: makes programs, runs them in a process that may die,
 * keeps those that reach something new, and stops when the kernel complains.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define CORPUS_MAX	2048
#define BATCH		16
#define HISTORY		32
#define HINTS_MAX	128
#define HINTS_PAIR	6	/* of one comparison */
#define PAIRS_MAX	2048
#define HANG_S		60
#define DEATHS_MAX	20
#define EXIT_FOUND	1
#define PENDING_MAGIC	0x444e45504e495a31ULL

/* What outlives the process that runs the programs */
static struct {
	uint64_t executions;
	uint64_t racing;
	uint32_t corpus_count;
	uint32_t next;
	uint32_t done;
	struct program corpus[CORPUS_MAX];
	struct program history[HISTORY];	/* the last is at next - 1 */
} *shared;

static struct {
	unsigned int seconds;
	uint64_t seed;
	const char *corpus, *out, *sites;
	unsigned int times;
	bool race;
} options = { .seconds = 60, .seed = 1,
	.out = ".", .times = 1, .race = true };

static int pending = -1;
static uint64_t started;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void die(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- files ---- */

static uint64_t hash_program(const struct program *p)
{
	const uint8_t *b = (const uint8_t *)p;
	size_t n = offsetof(struct program, call) + p->count * sizeof(p->call[0]);
	uint64_t h = 0xcbf29ce484222325ULL;

	while (n--)
		h = (h ^ *b++) * 0x100000001b3ULL;
	return h;
}

static void save(const char *dir, const char *prefix, const struct program *p,
		 unsigned int count, char *path, size_t size)
{
	unsigned int i;
	FILE *f;

	snprintf(path, size, "%s/%s%016lx", dir, prefix, hash_program(p));
	f = fopen(path, "w");
	if (!f)
		die(path);
	for (i = 0; i < count; i++) {
		print_program(f, &p[i], "", "\n");
		fputs("\n", f);
	}
	if (fflush(f) || fsync(fileno(f)))
		die(path);
	fclose(f);
}

/*
 * Before programs are run they are on disk: as numbers, since this is done all
 * the time. If the kernel dies with all that is in memory, they are there.
 */
static void write_pending(const struct program *p, unsigned int count)
{
	static uint8_t image[BATCH * sizeof(struct program) + 16];
	uint64_t magic = PENDING_MAGIC, all;
	size_t n = 16, size;

	for (; count; count--, p++) {
		size = offsetof(struct program, call) +
		       p->count * sizeof(p->call[0]);
		memcpy(image + n, p, size);
		n += size;
	}
	all = n;
	memcpy(image, &magic, 8);
	memcpy(image + 8, &all, 8);
	if (pending >= 0 && pwrite(pending, image, n, 0) != (ssize_t)n)
		die("pending");
}

static bool read_pending(FILE *f, struct program *p, uint64_t *left)
{
	size_t head = offsetof(struct program, call);

	memset(p, 0, sizeof(*p));
	if (*left < head || fread(p, head, 1, f) != 1 || p->count > MAX_CALLS ||
	    fread(p->call, sizeof(p->call[0]), p->count, f) != p->count)
		return false;
	*left -= head + p->count * sizeof(p->call[0]);
	return true;
}

/* Call for each program of a file, of either form */
static unsigned int for_programs(const char *path,
				 void (*call)(const struct program *p))
{
	FILE *f = fopen(path, "r");
	uint64_t head[2] = { 0 };
	unsigned int n = 0;
	struct program p;
	bool numbers;

	if (!f)
		die(path);
	numbers = fread(head, sizeof(head), 1, f) == 1 && head[0] == PENDING_MAGIC;
	if (numbers)
		head[1] -= sizeof(head);
	else
		rewind(f);
	while (numbers ? read_pending(f, &p, &head[1]) : parse_program(f, &p)) {
		n++;
		call(&p);
	}
	fclose(f);
	return n;
}

/* ---- findings ---- */

static void remember(const struct program *p)
{
	shared->history[shared->next++ % HISTORY] = *p;
}

static bool complains(void)
{
	char line[256];

	return report_found(line, sizeof(line));
}

static bool fails_again(const struct program *p)
{
	unsigned int n = p->racing ? 20 : 2;

	while (n--) {
		execute(p);
		reset();
		if (complains())
			return true;
	}
	return false;
}

static void drop_call(struct program *p, unsigned int i)
{
	memmove(&p->call[i], &p->call[i + 1], (p->count - i - 1) * sizeof(p->call[0]));
	memset(&p->call[--p->count], 0, sizeof(p->call[0]));
}

/* Where the kernel reports it again: without what it does not need */
static bool shrink(struct program *p)
{
	struct program less;
	unsigned int i;

	if (!fails_again(p))
		return false;
	for (i = p->count; i-- > 0;) {
		less = *p;
		drop_call(&less, i);
		if (fails_again(&less))
			*p = less;
	}
	return true;
}

/* The programs before it, oldest first, and itself: may be all it takes */
static void save_history(char *path, size_t size)
{
	static struct program before[HISTORY];
	unsigned int n = shared->next < HISTORY ? shared->next : HISTORY, i;

	for (i = 0; i < n; i++)
		before[i] = shared->history[(shared->next - n + i) % HISTORY];
	save(options.out, "history-", before, n, path, size);
}

static void found(const char *what, bool alive)
{
	struct program p = shared->history[(shared->next - 1) % HISTORY];
	char path[512], history[512];

	save_history(history, sizeof(history));
	save(options.out, "crash-", &p, 1, path, sizeof(path));
	printf("FOUND after %lu executions: %s\n", shared->executions, what);
	printf("the program, in %s (those before it: %s):\n", path, history);
	fflush(stdout);
	if (alive && shrink(&p)) {
		save(options.out, "crash-", &p, 1, path, sizeof(path));
		printf("reduced, in %s:\n", path);
	}
	print_program(stdout, &p, "    ", "\n");
	fflush(stdout);
	_exit(EXIT_FOUND);
}

/* ---- one execution ---- */

static void check_report(void)
{
	char line[256];

	if (report_found(line, sizeof(line)))
		found(line, true);
}

static void run_program(const struct program *p)
{
	remember(p);
	execute(p);
	reset();
	shared->executions++;
	shared->racing += p->racing;
	check_report();
}

/* ---- what is new ---- */

static void minimize(struct program *p)
{
	struct program less;
	unsigned int i;

	cover_set_goal();
	for (i = p->count; i-- > 0 && p->count > 1;) {
		less = *p;
		drop_call(&less, i);
		run_program(&less);
		if (cover_reaches_goal())
			*p = less;
	}
}

static void consider(const struct program *p);

/* Replace what was compared with something by that */
static unsigned int try_hint(const struct program *p, uint64_t from, uint64_t to,
			     uint64_t size, unsigned int left)
{
	uint64_t mask = size == 8 ? ~0ULL : (1ULL << size * 8) - 1;
	struct program q;
	unsigned int i, k, n = 0;

	for (i = 0; i < p->count; i++)
		for (k = 0; k < fields_of(&ops[p->call[i].op]) && n < left; k++) {
			if ((p->call[i].arg[k] & mask) != (from & mask))
				continue;
			q = *p;
			q.call[i].arg[k] = (q.call[i].arg[k] & ~mask) | (to & mask);
			consider(&q);
			n++;
		}
	return n;
}

/* Each once; a zero is compared with everything, and stands everywhere */
static bool is_repeated(const struct comparison *pairs, unsigned int i)
{
	unsigned int k;

	for (k = 0; k < i; k++)
		if (pairs[k].a == pairs[i].a && pairs[k].b == pairs[i].b &&
		    pairs[k].size == pairs[i].size)
			return true;
	return false;
}

static bool is_address(uint64_t value)
{
	return value >> 47 == 0x1ffff && value < -4096ULL;
}

static unsigned int try_pair(const struct program *p, uint64_t from, uint64_t to,
			     uint64_t size, bool large)
{
	bool is_large = to > UINT8_MAX;

	/* a zero stands everywhere, and addresses nowhere */
	if (large != is_large || (large && !from) || is_address(to) ||
	    is_address(from))
		return 0;
	return try_hint(p, from, to, size, HINTS_PAIR);
}

/* From the last on: a program was made shorter till its end is what counts */
static void try_pairs(const struct program *p, const struct comparison *pairs,
		      unsigned int n, bool large)
{
	unsigned int hints = 0;

	while (n-- && hints < HINTS_MAX) {
		const struct comparison *c = &pairs[n];

		if (is_repeated(pairs, n))
			continue;
		hints += try_pair(p, c->b, c->a, c->size, large);
		if (!c->constant)
			hints += try_pair(p, c->a, c->b, c->size, large);
	}
}

/* What it is compared with: for others as well, and in its own place */
static void learn(const struct program *p)
{
	static struct comparison pairs[PAIRS_MAX];
	static bool within;
	unsigned int i, n;

	if (p->racing || within)
		return;
	within = true;
	cover_mode(COVER_COMPARISONS);
	run_program(p);
	n = cover_comparisons(pairs, PAIRS_MAX);
	cover_mode(COVER_EDGES);
	for (i = 0; i < n; i++) {
		learn_value(pairs[i].a);
		learn_value(pairs[i].b);
	}
	/* nobody comes upon a large one by chance */
	try_pairs(p, pairs, n, true);
	if (!random_below(4))
		try_pairs(p, pairs, n, false);
	within = false;
}

static void keep(const struct program *p)
{
	unsigned int at = shared->corpus_count;
	char path[512];

	if (at == CORPUS_MAX)
		at = random_below(CORPUS_MAX);
	else
		shared->corpus_count++;
	shared->corpus[at] = *p;
	if (options.corpus)
		save(options.corpus, "", p, 1, path, sizeof(path));
}

static void consider(const struct program *p)
{
	struct program q = *p;

	run_program(p);
	if (!cover_collect())
		return;
	if (!q.racing)
		minimize(&q);
	keep(&q);
	learn(&q);
}

/* ---- the corpus ---- */

static struct program *loaded;
static unsigned int loaded_count;

static void load(const struct program *p)
{
	if (p->count && loaded_count < CORPUS_MAX)
		loaded[loaded_count++] = *p;
}

static int by_length(const void *a, const void *b)
{
	const struct program *x = a, *y = b;

	return (int)x->count - (int)y->count;
}

static void load_file(const char *path)
{
	unsigned int i, before = loaded_count;
	char name[512] = "";

	for_programs(path, load);
	/* under the name that this table gives it */
	for (i = before; i < loaded_count; i++)
		save(options.corpus, "", &loaded[i], 1, name, sizeof(name));
	if (strcmp(name, path))
		unlink(path);
}

static void load_corpus(void)
{
	struct dirent **names;
	char path[512];
	int i, n;

	n = scandir(options.corpus, &names, NULL, alphasort);
	if (n < 0)
		die(options.corpus);
	loaded = calloc(CORPUS_MAX, sizeof(*loaded));
	if (!loaded)
		die("corpus");
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", options.corpus,
			 names[i]->d_name);
		load_file(path);
	}
	qsort(loaded, loaded_count, sizeof(*loaded), by_length);
}

/* Those that add nothing to shorter ones go; consider() writes the others */
static void replay_corpus(void)
{
	unsigned int i;
	char path[512];

	for (i = 0; i < loaded_count; i++) {
		write_pending(&loaded[i], 1);
		snprintf(path, sizeof(path), "%s/%016lx", options.corpus,
			 hash_program(&loaded[i]));
		unlink(path);
		consider(&loaded[i]);
	}
	printf("corpus: %u programs, of which %u are needed; %u edges\n",
	       loaded_count, shared->corpus_count, cover_edges());
	fflush(stdout);
}

/* ---- the loop ---- */

static void make_program(struct program *p)
{
	unsigned int n = shared->corpus_count;

	if (!n || !random_below(10)) {
		random_program(p);
		return;
	}
	*p = shared->corpus[random_below(n)];
	random_mutation(p, &shared->corpus[random_below(n)]);
}

static void run_batch(void)
{
	static struct program batch[BATCH];
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		make_program(&batch[i]);
	write_pending(batch, BATCH);
	for (i = 0; i < BATCH; i++)
		consider(&batch[i]);
}

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
	begin_cover();
	random_seed(options.seed + life * 0x1000003ULL);
	if (!life)
		replay_corpus();
	while (now() - started < options.seconds)
		run_batch();
	shared->done = 1;
	printf("%u values learnt from comparisons\n", values_learnt());
	fflush(stdout);
	_exit(0);
}

static void print_state(void)
{
	uint64_t s = now() - started;

	printf("%4lu s: %lu executions (%lu/s; %lu races), %u of %u edges, corpus %u\n",
	       s, shared->executions, shared->executions / (s ?: 1), shared->racing,
	       cover_edges(), cover_sites(), shared->corpus_count);
	fflush(stdout);
}

static void print_stacks(pid_t pid)
{
	char command[128];

	snprintf(command, sizeof(command), "cat /proc/%d/task/*/stack >&2", pid);
	if (system(command))
		fprintf(stderr, "fuzz: no stacks of %d\n", pid);
}

/* Wait for it, and tell how it goes; true if it had to be killed */
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
		kill(pid, SIGKILL);
		waitpid(pid, status, 0);
		return true;
	}
	return false;
}

static void judge_death(int status, unsigned int life)
{
	char line[256];

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FOUND) {
		print_state();
		exit(1);
	}
	if (report_found(line, sizeof(line)))
		found(line, false);
	/* a program of its own may have hurt it: that is no finding */
	printf("a process of the fuzzer ended with status %#x: going on with another\n",
	       status);
	if (life == DEATHS_MAX)
		found("the fuzzer's processes do not live", false);
}

static int supervise(void)
{
	unsigned int life;
	int status;

	started = now();
	report_open();
	for (life = 0; !shared->done; life++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			fuzz(life);
		if (attend(pid, &status))
			found("a program hangs", false);
		if (status)
			judge_death(status, life);
	}
	print_state();
	return 0;
}

/* ---- other uses ---- */

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

	started = now();
	begin();
	n = for_programs(path, replay_one);
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
	puts("/* What a finding took; printed by fuzz --to-c. */\n"
	     "#include \"found.h\"\n\n"
	     "static const char programs[] =");
	for_programs(path, print_lines);
	puts("\t;\n\nint main(void)\n{\n\treturn run_found(programs);\n}");
	return 0;
}

static void usage(FILE *to)
{
	fputs("usage: fuzz [OPTION...]\n"
	      "       fuzz --replay FILE [--times N] | --to-c FILE | --print FILE\n"
	      "\n"
	      "Fuzzes the zinc.ko that is loaded, which has to be built with KCOV; as root,\n"
	      "in a guest (tests/fuzz/run).\n"
	      "\n"
	      "  --time S        seconds (default 60)\n"
	      "  --seed N        of the random numbers (default 1)\n"
	      "  --corpus DIR    programs to begin with, and where new ones go\n"
	      "  --out DIR       where findings go (default .)\n"
	      "  --sites FILE    offsets of the calls of __sanitizer_cov_trace_pc in .text\n"
	      "  --no-race       programs of one thread only\n"
	      "  --rest FILE     write what never ran there\n"
	      "  --replay FILE   run the programs of a file, each --times N times\n"
	      "  --to-c FILE     print them as a C test\n"
	      "  --print FILE    print them as text (what was about to run is numbers)\n"
	      "\n"
	      "Exit status: 0 nothing found; 1 the kernel reported something, or a program\n"
	      "hangs: see DIR/crash-*; 2 it could not work.\n", to);
}

static void prepare(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
}

static void open_pending(void)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/pending", options.out);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	pending = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	if (pending < 0)
		die(path);
	close(fd);
}

static int write_rest(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path);
	cover_print_rest(f);
	return fclose(f);
}

enum { TIME_S = 1, SEED, CORPUS, OUT_DIR, SITES, NO_RACE, REST, REPLAY, TIMES, TO_C, PRINT };

static const struct option longs[] = {
	{ "time", 1, NULL, TIME_S },
	{ "seed", 1, NULL, SEED },
	{ "corpus", 1, NULL, CORPUS },
	{ "out", 1, NULL, OUT_DIR },
	{ "sites", 1, NULL, SITES },
	{ "no-race", 0, NULL, NO_RACE },
	{ "rest", 1, NULL, REST },
	{ "replay", 1, NULL, REPLAY },
	{ "times", 1, NULL, TIMES },
	{ "to-c", 1, NULL, TO_C },
	{ "print", 1, NULL, PRINT },
	{ "help", 0, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	const char *rest = NULL, *to_replay = NULL;
	int o, status;

	while ((o = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (o) {
		case TIME_S:
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case SEED:
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case CORPUS:
			options.corpus = optarg;
			break;
		case OUT_DIR:
			options.out = optarg;
			break;
		case SITES:
			options.sites = optarg;
			break;
		case NO_RACE:
			options.race = false;
			break;
		case REST:
			rest = optarg;
			break;
		case REPLAY:
			to_replay = optarg;
			break;
		case TIMES:
			options.times = strtoul(optarg, NULL, 0);
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
	cover_init(options.sites);
	open_pending();
	if (options.corpus)
		load_corpus();
	status = supervise();
	if (rest)
		write_rest(rest);
	return status;
}
