// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reduces a finding: omits programs, calls, threads and arguments, as long as
 * the kernel still reports it.
 *
 * Most reports come once for each boot, and some end the kernel. Therefore
 * every step is on disk before it is tried, and the caller boots again and
 * continues until the state is `done` or `lost`. A step without a report needs
 * no boot.
 *
 *	now	programs that were reported, or killed the kernel
 *	next	programs that are tried instead
 *	state	STAGE CHUNK AT RUNNING, or how it ended
 *	what	the report's first line
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

#define LIST_MAX	(HISTORY * 2)
#define TIMES_ALONE	3

enum stage { CONFIRM, PROGRAMS, CALLS, RACES, ARGUMENTS, DONE };

struct list {
	unsigned int count;
	struct program program[LIST_MAX];
};

static struct {
	unsigned int stage, chunk, at, running;
} state;

static struct list current, next;
static const char *folder;
static unsigned int times_racing;
static char what[256];

/* ---- on disk ---- */

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_line(const char *name, const char *line)
{
	FILE *f = fopen(path_of(name), "w");

	if (!f)
		die(path_of(name));
	fprintf(f, "%s\n", line);
	if (fflush(f) || fsync(fileno(f)))
		die(path_of(name));
	fclose(f);
}

static void write_state(void)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u %u %u", state.stage, state.chunk,
		 state.at, state.running);
	write_line("state", line);
}

static void read_state(void)
{
	FILE *f = fopen(path_of("state"), "r");

	if (!f)
		return;
	if (fscanf(f, "%u %u %u %u", &state.stage, &state.chunk, &state.at,
		   &state.running) != 4)
		fprintf(stderr, "fuzz: no state in %s: from the beginning\n", folder);
	fclose(f);
}

static void read_what(void)
{
	FILE *f = fopen(path_of("what"), "r");

	if (!f)
		return;
	if (!fgets(what, sizeof(what), f))
		what[0] = 0;
	what[strcspn(what, "\n")] = 0;
	fclose(f);
}

static void add_program(const struct program *p)
{
	if (p->count && current.count < LIST_MAX)
		current.program[current.count++] = *p;
}

static void write_list(const char *name, const struct list *l)
{
	save_programs(path_of(name), l->program, l->count);
}

/* ---- does it fail ---- */

static bool reported, spent;

/* The same as far as its first address; any, where the kernel died */
static void on_report(const char *line)
{
	size_t n = strcspn(what, "+");

	if (!what[0]) {
		snprintf(what, sizeof(what), "%s", line);
		write_line("what", what);
	}
	reported |= !strncmp(line, what, n);
	/* this boot will always say so */
	spent |= !strcmp(line, left_behind);
}

static bool fails(const struct list *l)
{
	unsigned int n = TIMES_ALONE, i;
	FILE *once = fopen("/sys/kernel/debug/clear_warn_once", "w");

	if (once) {
		fputs("1", once);
		fclose(once);
	}
	/* a long list is for a first idea */
	for (i = 0; i < l->count; i++)
		if (l->program[i].racing && n < times_racing / l->count)
			n = times_racing / l->count;
	reported = false;
	for (; n && !reported; n--) {
		for (i = 0; i < l->count && !reported; i++)
			run_program(&l->program[i]);
		if (!settle())
			on_report(left_behind);
	}
	return reported;
}

/* ---- what could be left out ---- */

static unsigned int all_calls(const struct list *l)
{
	unsigned int i, n = 0;

	for (i = 0; i < l->count; i++)
		n += l->program[i].count;
	return n;
}

/* The call that is the @at-th of all */
static struct call *call_at(struct list *l, unsigned int at)
{
	struct program *p = l->program;

	for (; at >= p->count; p++)
		at -= p->count;
	return &p->call[at];
}

static unsigned int units(enum stage stage)
{
	switch (stage) {
	case CONFIRM:
		return 1;
	case CALLS:
		return all_calls(&current);
	case ARGUMENTS:
		return all_calls(&current) * MAX_FIELDS;
	default:
		return current.count;
	}
}

static void drop_programs(struct list *l, unsigned int from, unsigned int to)
{
	memmove(&l->program[from], &l->program[to],
		(l->count - to) * sizeof(l->program[0]));
	l->count -= to - from;
}

static void drop_call_at(struct list *l, unsigned int at)
{
	unsigned int i = 0;

	for (; at >= l->program[i].count; i++)
		at -= l->program[i].count;
	drop_calls(&l->program[i], at, 1);
	if (!l->program[i].count)
		drop_programs(l, i, i + 1);
}

static bool unrace(struct program *p)
{
	unsigned int i;

	if (!p->racing)
		return false;
	p->racing = 0;
	for (i = 0; i < p->count; i++)
		p->call[i].thread = 0;
	return true;
}

static bool clear_argument(struct list *l, unsigned int at)
{
	uint64_t *arg = &call_at(l, at / MAX_FIELDS)->arg[at % MAX_FIELDS];
	bool set = *arg;

	*arg = 0;
	return set;
}

/* Make it, without the units in [@from, @to); false if it is as it was */
static bool make_next(unsigned int from, unsigned int to)
{
	next = current;
	switch ((enum stage)state.stage) {
	case CONFIRM:
		return true;
	case PROGRAMS:
		drop_programs(&next, from, to);
		return next.count;
	case CALLS:
		while (to-- > from)
			drop_call_at(&next, to);
		return next.count;
	case RACES:
		return unrace(&next.program[from]);
	default:
		return clear_argument(&next, from);
	}
}

static void begin_chunk(unsigned int chunk)
{
	state.chunk = chunk;
	state.at = units(state.stage);
}

static void begin_stage(enum stage stage)
{
	bool pieces = stage == PROGRAMS || stage == CALLS;
	unsigned int n;

	state.stage = stage;
	n = units(stage);
	begin_chunk(pieces && n > 1 ? n / 2 : 1);
}

/* ---- the loop ---- */

static void end(const char *how)
{
	write_line("state", how);
	printf("reduced to %u programs of %u calls: %s\n", current.count,
	       all_calls(&current), how);
	fflush(stdout);
	_exit(0);
}

static void accept_next(void)
{
	current = next;
	write_list("now", &current);
	state.running = 0;
	if (state.stage == CONFIRM)
		begin_stage(PROGRAMS);
	write_state();
	printf("fails with %u programs of %u calls\n", current.count,
	       all_calls(&current));
	fflush(stdout);
}

static void try_piece(unsigned int from, unsigned int to)
{
	if (!make_next(from, to))
		return;
	write_list("next", &next);
	state.running = 1;
	write_state();
	if (!fails(&next)) {
		state.running = 0;
		write_state();
		if (state.stage == CONFIRM)
			end("lost");
		return;
	}
	accept_next();
	/* a kernel that reports nothing any more is of no use */
	if (spent || !fails(&current))
		_exit(1);
}

static void step(void)
{
	unsigned int to = state.at;

	if (!to && state.chunk > 1) {
		begin_chunk(state.chunk / 2);
		return;
	}
	if (!to) {
		begin_stage(state.stage + 1);
		return;
	}
	/* accepted or not, the lower part stays where it is */
	state.at = to > state.chunk ? to - state.chunk : 0;
	try_piece(state.at, to);
}

/* The last attempt killed the kernel, unless that was the fuzzer's own fault */
static void resume(bool died)
{
	for_programs(path_of("next"), add_program);
	next = current;
	current.count = 0;
	for_programs(path_of("now"), add_program);
	if (died)
		accept_next();
	state.running = 0;
}

int reduce(const char *dir, unsigned int times, bool died)
{
	folder = dir;
	times_racing = times;
	begin_stage(CONFIRM);
	read_state();
	read_what();
	search_begin(false, on_report);
	if (state.running)
		resume(died);
	else
		for_programs(path_of("now"), add_program);
	if (!current.count)
		die("nothing to reduce");
	while (state.stage != DONE)
		step();
	end("done");
	return 0;
}
