/* SPDX-License-Identifier: MIT */
/*
 * zinc locks: the locks with their holders, found and printed.
 */
#ifndef ZINC_CLI_LOCKS_H
#define ZINC_CLI_LOCKS_H

#include <zinc-lock.h>

#include "cli.h"

enum kind { LLC, CPU, CACHE, GPU, SOURCE, KINDS };

/*
 * struct entry - a lock
 * @number: of a cache or a processor
 * @name: of all others
 * @path: its lock file; NULL: the kernel alone knows of it
 * @holders: its holders
 * @count: their number
 * @waiters: its waiters
 * @waiting: their number
 */
struct entry {
	enum kind kind;
	uint32_t number;
	char *name;
	char *path;
	struct zinc_lock_holder *holders;
	size_t count;
	struct zinc_lock_holder *waiters;
	size_t waiting;
};

struct frame {
	struct entry *entries;
	size_t count;
	struct zinc_cpu_place *places;
	size_t places_count;
};

/* ---- locks_find.c ------------------------------------------------------- */

/* find_locks() - in the lock files, those of @cache, and the module */
int find_locks(struct frame *frame, const char *cache);
void free_locks(struct frame *frame);

/* ---- locks_print.c ------------------------------------------------------ */

void print_locks_json(const struct frame *frame);
/*
 * choose_locks() - the columns of print_locks()
 * @text: their titles, separated by commas; NULL: all
 * Return: as choose_columns()
 */
int choose_locks(const char *command, const char *text, struct choice *choice);
/* print_locks() - as a table; @all: free ones, too */
void print_locks(const struct frame *frame, const struct choice *choice, bool all);

#endif /* ZINC_CLI_LOCKS_H */
