/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs of the fuzzer: sequences of calls, out of a table of operations.
 *
 * A call names its operation and has a number for each of the operation's
 * fields. What a number means is the field's kind: so any number makes a valid
 * call, programs can be mutated blindly, and none hurts the fuzzer itself.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MAX_CALLS	24
#define MAX_FIELDS	12
#define THREADS		3
#define MAX_OPS		128

struct call {
	uint16_t op;
	uint16_t thread;
	uint32_t pad;
	uint64_t arg[MAX_FIELDS];
};

/* Not racing: one thread makes all calls, and each has the same effect again */
struct program {
	uint32_t count;
	uint32_t racing;
	struct call call[MAX_CALLS];
};

/*
 * FD: a slot with a descriptor. OUT: the slot for the result, no argument.
 * NUMBER: itself. NAME: which name, in 256 bytes. TIME: a deadline, often
 * relative to now. POINTER: a buffer, or something bad. AREA: an address in
 * the arena for mappings. LENGTH: kept within the arena, counted from the AREA
 * before it.
 */
enum kind { FD, OUT, NUMBER, NAME, TIME, POINTER, AREA, LENGTH };

struct field {
	const char *name;
	const uint64_t *values;	/* to choose from, besides observed values */
	uint16_t values_count;
	uint16_t offset;	/* in the struct of an ioctl */
	uint16_t size;
	uint8_t kind;
};

#define SLEEPS		1	/* it may, for ever: a timer ends that */
#define GIVES_FD	2	/* the ioctl's result is a descriptor */

struct op {
	const char *name;
	long (*run)(const struct op *op, const struct call *call);
	unsigned long nr;	/* of the system call, or the ioctl's command */
	unsigned int weight;	/* how often, of the sum of all */
	unsigned int flags;
	struct field field[MAX_FIELDS];
};

/* grammar.c */
extern const struct op ops[];
extern const unsigned int ops_count;
/* The initial programs, besides random ones */
extern const char * const seeds[];
extern const unsigned int seeds_count;
unsigned int fields_of(const struct op *op);

/* text.c: a line per call, by name, so that a file outlives the table */
void print_program(FILE *to, const struct program *p, const char *before,
		   const char *after);
bool parse_program(FILE *from, struct program *p);

/* files.c: programs on disk. */
void die(const char *what) __attribute__((noreturn));
void save_programs(const char *path, const struct program *p, unsigned int count);
void name_program(char *path, size_t size, const char *dir, const char *prefix,
		  const struct program *p);
/* Calls @call for each program of a file of either form, and counts them */
unsigned int for_programs(const char *path,
			  void (*call)(const struct program *p));
void pending_open(const char *dir);
void pending_write(const struct program *p, unsigned int count);

/* Times besides those of the calls */
enum cost {
	COST_ALL, COST_THREAD, COST_CLOSE, COST_ARENA, COST_NAMES, COST_CLEAN,
	COST_REPORT, COST_COVER, COST_PENDING, COSTS
};

/* execute.c: counts of runs, of all processes so far */
struct counts {
	uint64_t calls[MAX_OPS + COSTS];
	uint64_t ns[MAX_OPS + COSTS];
};

uint64_t now_ns(void);
/* Counts the time from @since on, and tells the time */
uint64_t add_cost(enum cost what, uint64_t since);

void counts_init(void);
void executor_init(bool race);
void execute(const struct program *p);
/* Cleans up behind it; false if the module keeps something all the same */
bool reset(void);
/* The same, once namespaces that end have ended */
bool settle(void);
extern struct counts *counts;

/* calls.c: what a row of the table can do */
long run_ioctl(const struct op *op, const struct call *call);
long run_syscall(const struct op *op, const struct call *call);
long run_wait_any(const struct op *op, const struct call *call);
long run_reserve(const struct op *op, const struct call *call);
long run_any_ioctl(const struct op *op, const struct call *call);
long run_mmap(const struct op *op, const struct call *call);
long run_mremap(const struct op *op, const struct call *call);
long run_touch(const struct op *op, const struct call *call);
long run_poll(const struct op *op, const struct call *call);
long run_epoll_ctl(const struct op *op, const struct call *call);
long run_epoll_wait(const struct op *op, const struct call *call);
long run_splice(const struct op *op, const struct call *call);
long run_copy(const struct op *op, const struct call *call);
long run_futex(const struct op *op, const struct call *call);
long run_getfd(const struct op *op, const struct call *call);
long run_close(const struct op *op, const struct call *call);
long run_send(const struct op *op, const struct call *call);
long run_receive(const struct op *op, const struct call *call);
long run_proc(const struct op *op, const struct call *call);
long run_user(const struct op *op, const struct call *call);
long run_setns(const struct op *op, const struct call *call);
long run_limit(const struct op *op, const struct call *call);
long run_fail(const struct op *op, const struct call *call);
long run_in_child(const struct op *op, const struct call *call);
/* devices.c */
long run_fence_out(const struct op *op, const struct call *call);
long run_timeline(const struct op *op, const struct call *call);
long run_fence(const struct op *op, const struct call *call);
long run_advance(const struct op *op, const struct call *call);
long run_card(const struct op *op, const struct call *call);
long run_attach(const struct op *op, const struct call *call);
long run_buffer(const struct op *op, const struct call *call);
/* execute.c */
long run_fork(const struct op *op, const struct call *call);

/* random.c: programs at random, the same for the same seed */
void random_seed(uint64_t seed);
uint64_t random_below(uint64_t limit);
void random_program(struct program *p);
void random_mutation(struct program *p, const struct program *other);
void learn_value(uint64_t value);
unsigned int values_learnt(void);
void drop_calls(struct program *p, unsigned int from, unsigned int count);

/* search.c: programs that are worth running */
#define CORPUS_MAX	2048
#define HISTORY		32

struct shared {
	uint64_t executions;
	uint64_t racing;
	uint32_t corpus_count;
	uint32_t next;
	uint32_t done;
	struct program corpus[CORPUS_MAX];
	struct program history[HISTORY];	/* the last is at next - 1 */
};

/* State that outlives the process that runs the programs */
extern struct shared *shared;

/* The fuzzer's own messages, in the form of the kernel's */
extern const char * const left_behind;

void search_init(void);
void search_load(const char *dir);
/* Calls @found with the first line of a report */
void search_begin(bool first, void (*found)(const char *what));
void search_batch(void);
void run_program(const struct program *p);

/* reduce.c */
int reduce(const char *dir, unsigned int times, bool died);

/* report.c: what the kernel says of it */
void report_open(void);
bool report_found(char *line, size_t size);

/* cover.c: what of the module ran, in which thread; THREADS for children */
enum cover_mode { COVER_OFF, COVER_EDGES, COVER_COMPARISONS };

struct comparison {
	uint64_t a, b;
	uint64_t size;
	bool constant;		/* a is part of the code */
};

void cover_init(const char *sites);
void cover_open(unsigned int thread);
void cover_mode(enum cover_mode mode);
void cover_start(unsigned int thread);
void cover_stop(unsigned int thread);
/* To merge what the threads saw; tells how much of it is new */
unsigned int cover_collect(void);
bool cover_is_on(void);
void cover_set_goal(void);
bool cover_reaches_goal(void);
unsigned int cover_comparisons(struct comparison *to, unsigned int room);
unsigned int cover_edges(void);
unsigned int cover_sites(void);
void cover_print_rest(FILE *to);

#endif /* PROGRAM_H */
