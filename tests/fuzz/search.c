// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search: programs that reach something new are kept, reduced, and mutated.
 * A value that the module compares with is tried in the place of the original
 * value.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program.h"

#define BATCH		64
#define HINTS_MAX	128
#define HINTS_PAIR	6	/* of one comparison */
#define PAIRS_MAX	2048
#define SETTLE_NS	2000000000ULL

struct shared *shared;

const char * const left_behind = "a region, or its memory, is left when all is closed";

static const char *corpus_dir;
static void (*on_found)(const char *what);

/* ---- one execution ---- */

static void remember(const struct program *p)
{
	shared->history[shared->next++ % HISTORY] = *p;
}

/*
 * A namespace takes its time to end, and keeps regions until then. Waiting for
 * each would take more: look again later, and remember whose it may be.
 */
static void judge_rest(const struct program *p, bool clean)
{
	static struct program suspect;
	static uint64_t since;

	if (clean) {
		since = 0;
	} else if (!since) {
		since = now_ns();
		suspect = *p;
	} else if (now_ns() - since > SETTLE_NS) {
		if (!settle()) {
			remember(&suspect);
			on_found(left_behind);
		}
		since = 0;
	}
}

void run_program(const struct program *p)
{
	uint64_t t = now_ns();
	char line[256];
	bool clean;

	remember(p);
	execute(p);
	t = add_cost(COST_ALL, t);
	clean = reset();
	shared->executions++;
	shared->racing += p->racing;
	t = now_ns();
	if (report_found(line, sizeof(line)))
		on_found(line);
	judge_rest(p, clean);
	add_cost(COST_REPORT, t);
}

/* ---- novelty ---- */

static void minimize(struct program *p)
{
	struct program less;
	unsigned int i;

	cover_set_goal();
	for (i = p->count; i-- > 0 && p->count > 1;) {
		less = *p;
		drop_calls(&less, i, 1);
		run_program(&less);
		if (cover_reaches_goal())
			*p = less;
	}
}

static void consider(const struct program *p);

/* All that is in the corpus has been through it, and seeds are short */
static bool replaying;

/* Processes and their namespaces cost a hundred times what other calls do */
static bool is_costly(const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->count; i++)
		if (ops[p->call[i].op].run == run_fork)
			return true;
	return false;
}

/* An attempt to satisfy a comparison */
static struct program hints[HINTS_MAX];
static unsigned int hints_count;

static void add_hint(const struct program *p, unsigned int call,
		     unsigned int field, uint64_t mask, uint64_t to)
{
	struct program *q = &hints[hints_count++];
	uint64_t *arg = &q->call[call].arg[field];

	*q = *p;
	*arg = (*arg & ~mask) | (to & mask);
}

/* Replace a compared value by the other operand */
static void add_hints(const struct program *p, uint64_t from, uint64_t to,
		      uint64_t size)
{
	uint64_t mask = size == 8 ? ~0ULL : (1ULL << size * 8) - 1;
	unsigned int i, k, end = hints_count + HINTS_PAIR;

	if (end > HINTS_MAX)
		end = HINTS_MAX;
	for (i = 0; i < p->count; i++)
		for (k = 0; k < fields_of(&ops[p->call[i].op]); k++)
			if ((p->call[i].arg[k] & mask) == (from & mask) &&
			    hints_count < end)
				add_hint(p, i, k, mask, to);
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

static void try_pair(const struct program *p, uint64_t from, uint64_t to,
		     uint64_t size, bool large)
{
	bool is_large = to > UINT8_MAX;

	/* a zero stands everywhere, and addresses nowhere */
	if (large != is_large || (large && !from) || is_address(to) ||
	    is_address(from))
		return;
	add_hints(p, from, to, size);
}

/* From the last on: a program was made shorter till its end is what counts */
static void try_pairs(const struct program *p, const struct comparison *pairs,
		      unsigned int n, bool large)
{
	unsigned int i;

	hints_count = 0;
	while (n-- && hints_count < HINTS_MAX) {
		const struct comparison *c = &pairs[n];

		if (is_repeated(pairs, n))
			continue;
		try_pair(p, c->b, c->a, c->size, large);
		if (!c->constant)
			try_pair(p, c->a, c->b, c->size, large);
	}
	pending_write(hints, hints_count);
	for (i = 0; i < hints_count; i++)
		consider(&hints[i]);
}

/* The other operand: a value for other fields as well */
static unsigned int compare(const struct program *p, struct comparison *pairs)
{
	unsigned int i, n;

	cover_mode(COVER_COMPARISONS);
	run_program(p);
	n = cover_comparisons(pairs, PAIRS_MAX);
	cover_mode(COVER_EDGES);
	for (i = 0; i < n; i++) {
		learn_value(pairs[i].a);
		learn_value(pairs[i].b);
	}
	return n;
}

/* And in its own place */
static void learn(const struct program *p)
{
	static struct comparison pairs[PAIRS_MAX];
	static bool within;
	unsigned int n;

	if (p->racing || within)
		return;
	within = true;
	n = compare(p, pairs);
	/* a random choice almost never finds a large one */
	if (!replaying && !is_costly(p)) {
		try_pairs(p, pairs, n, true);
		if (!random_below(4))
			try_pairs(p, pairs, n, false);
	}
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
	if (!corpus_dir)
		return;
	name_program(path, sizeof(path), corpus_dir, "", p);
	save_programs(path, p, 1);
}

static void consider(const struct program *p)
{
	struct program q = *p;

	run_program(p);
	if (!cover_is_on())
		return;
	if (!cover_collect())
		return;
	if (!q.racing && !replaying)
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
	for (i = before; i < loaded_count; i++) {
		name_program(name, sizeof(name), corpus_dir, "", &loaded[i]);
		save_programs(name, &loaded[i], 1);
	}
	if (strcmp(name, path))
		unlink(path);
}

void search_load(const char *dir)
{
	struct dirent **names;
	char path[512];
	int i, n;

	corpus_dir = dir;
	n = scandir(corpus_dir, &names, NULL, alphasort);
	if (n < 0)
		die(corpus_dir);
	loaded = calloc(CORPUS_MAX, sizeof(*loaded));
	if (!loaded)
		die("corpus");
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", corpus_dir,
			 names[i]->d_name);
		load_file(path);
	}
	qsort(loaded, loaded_count, sizeof(*loaded), by_length);
}

/* Programs that add nothing to shorter ones are removed; consider() writes the others */
static void replay_corpus(void)
{
	unsigned int i;
	char path[512];

	if (!cover_is_on()) {
		shared->corpus_count = loaded_count;
		memcpy(shared->corpus, loaded, loaded_count * sizeof(*loaded));
	}
	for (i = 0; i < loaded_count; i++) {
		pending_write(&loaded[i], 1);
		name_program(path, sizeof(path), corpus_dir, "", &loaded[i]);
		if (cover_is_on())
			unlink(path);
		consider(&loaded[i]);
	}
}

static void run_seeds(void)
{
	struct program p;
	unsigned int i;
	FILE *f;

	for (i = 0; i < seeds_count; i++) {
		f = fmemopen((void *)seeds[i], strlen(seeds[i]), "r");
		if (!f)
			die("seeds");
		if (parse_program(f, &p)) {
			pending_write(&p, 1);
			consider(&p);
		}
		fclose(f);
	}
}

/* ---- the loop ---- */

void search_init(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
}

void search_begin(bool first, void (*found)(const char *what))
{
	on_found = found;
	if (!first)
		return;
	replaying = true;
	replay_corpus();
	run_seeds();
	replaying = false;
	printf("%u programs of the corpus and %u seeds, of which %u are needed; %u edges\n",
	       loaded_count, seeds_count, shared->corpus_count, cover_edges());
	fflush(stdout);
}

static void make_program(struct program *p)
{
	unsigned int n = shared->corpus_count;

	if (!n || !random_below(10)) {
		random_program(p);
		return;
	}
	*p = shared->corpus[random_below(n)];
	if (is_costly(p) && random_below(4))
		*p = shared->corpus[random_below(n)];
	random_mutation(p, &shared->corpus[random_below(n)]);
}

void search_batch(void)
{
	static struct program batch[BATCH];
	unsigned int i, corpus;

	for (i = 0; i < BATCH; i++)
		make_program(&batch[i]);
	pending_write(batch, BATCH);
	for (i = 0; i < BATCH; i++) {
		corpus = shared->corpus_count;
		consider(&batch[i]);
		/* others may have been put down in its course */
		if (corpus != shared->corpus_count)
			pending_write(batch + i + 1, BATCH - i - 1);
	}
}
