// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as text: `racing` or `program`, then a line per call,
 *
 *	[THREAD:]OPERATION FIELD=VALUE...
 *
 * without the fields that are zero, and an empty line behind the last.
 */
#include <stdlib.h>
#include <string.h>

#include "program.h"

static void print_call(FILE *to, const struct call *c)
{
	const struct op *op = &ops[c->op];
	unsigned int i;

	if (c->thread)
		fprintf(to, "%u:", c->thread);
	fputs(op->name, to);
	for (i = 0; i < fields_of(op); i++)
		if (c->arg[i])
			fprintf(to, " %s=%#llx", op->field[i].name,
				(unsigned long long)c->arg[i]);
}

/* Each line between @before and @after: a file, or strings of C */
void print_program(FILE *to, const struct program *p, const char *before,
		   const char *after)
{
	unsigned int i;

	fprintf(to, "%s%s%s", before, p->racing ? "racing" : "program", after);
	for (i = 0; i < p->count; i++) {
		fputs(before, to);
		print_call(to, &p->call[i]);
		fputs(after, to);
	}
}

static bool parse_field(struct call *c, char *word)
{
	const struct op *op = &ops[c->op];
	char *value = strchr(word, '=');
	unsigned int i;

	if (!value)
		return false;
	*value++ = 0;
	for (i = 0; i < fields_of(op); i++)
		if (!strcmp(op->field[i].name, word)) {
			c->arg[i] = strtoull(value, NULL, 0);
			return true;
		}
	return false;
}

static bool parse_call(struct call *c, char *line)
{
	char *save, *word = strtok_r(line, "\n ", &save);
	char *name = strchr(word, ':');
	unsigned int i;

	if (name) {
		c->thread = strtoul(word, NULL, 10) % THREADS;
		word = name + 1;
	}
	for (i = 0; i < ops_count && strcmp(ops[i].name, word); i++)
		;
	if (i == ops_count)
		return false;
	c->op = i;
	while ((word = strtok_r(NULL, "\n ", &save)))
		if (!parse_field(c, word))
			return false;
	return true;
}

/* The next program of a file; false at the end. Unknown rows are omitted. */
bool parse_program(FILE *from, struct program *p)
{
	char line[2048], copy[2048];
	bool found = false;

	memset(p, 0, sizeof(*p));
	while (fgets(line, sizeof(line), from)) {
		struct call c = { .op = 0 };

		if (line[0] == '#')
			continue;
		if (line[0] == '\n') {
			if (found)
				return true;
			continue;
		}
		found = true;
		if (!strcmp(line, "program\n"))
			continue;
		if (!strcmp(line, "racing\n")) {
			p->racing = 1;
			continue;
		}
		strcpy(copy, line);
		if (!parse_call(&c, line))
			fprintf(stderr, "fuzz: unknown, left out: %s", copy);
		else if (p->count < MAX_CALLS)
			p->call[p->count++] = c;
	}
	return found;
}
