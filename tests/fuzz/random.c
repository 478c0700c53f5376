// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random programs: values that the table names, values that the module was
 * observed to compare with, and sometimes any value.
 */
#include <string.h>

#include "program.h"

#define VALUES	1024

static uint64_t state;
static uint64_t learnt[VALUES];
static unsigned int learnt_count;

void random_seed(uint64_t seed)
{
	state = seed;
}

static uint64_t random_any(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint64_t random_below(uint64_t limit)
{
	return limit ? random_any() % limit : 0;
}

void learn_value(uint64_t value)
{
	unsigned int i;

	/* small values and kernel addresses are useless */
	if (value <= 16 || (value >> 40 == 0xffff88 || value >> 40 == 0xffffff))
		return;
	for (i = 0; i < learnt_count; i++)
		if (learnt[i] == value)
			return;
	if (learnt_count < VALUES)
		learnt[learnt_count++] = value;
	else
		learnt[random_below(VALUES)] = value;
}

unsigned int values_learnt(void)
{
	return learnt_count;
}

static uint64_t random_value(const struct field *f, uint64_t now)
{
	uint64_t dice = random_below(100);

	if (dice < 70 || ((f->kind == FD || f->kind == OUT) && dice < 98))
		return f->values[random_below(f->values_count)];
	if (dice < 82 && learnt_count)
		return learnt[random_below(learnt_count)];
	if (dice < 88)
		return now + random_below(17) - 8;
	if (dice < 94)
		return now ^ 1ULL << random_below(64);
	if (dice < 98)
		return random_below(256);
	return random_any();
}

/* The value of another call's field, so that they meet */
static bool same_place(const struct program *p, struct call *c, unsigned int i)
{
	unsigned int kind = ops[c->op].field[i].kind, n, k;
	const struct call *other;

	if (kind != AREA || !p->count)
		return false;
	n = random_below(p->count);
	other = &p->call[n];
	for (k = 0; k < fields_of(&ops[other->op]); k++)
		if (ops[other->op].field[k].kind == kind) {
			c->arg[i] = other->arg[k];
			return true;
		}
	return false;
}

static void random_call(const struct program *p, struct call *c)
{
	unsigned int sum = 0, i, at;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < ops_count; i++)
		sum += ops[i].weight;
	at = random_below(sum);
	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	c->op = i;
	for (i = 0; i < fields_of(&ops[c->op]); i++) {
		const struct field *f = &ops[c->op].field[i];

		if (random_below(3) && same_place(p, c, i))
			continue;
		/* most calls should be good ones */
		c->arg[i] = random_below(8) ? f->values[random_below(f->values_count)] :
					      random_value(f, 0);
	}
}

void random_program(struct program *p)
{
	unsigned int n = 2 + random_below(10), i;
	FILE *f = fmemopen((void *)seeds[0], strlen(seeds[0]), "r");

	if (!f || !parse_program(f, p))
		memset(p, 0, sizeof(*p));
	if (f)
		fclose(f);
	for (i = 0; i < n; i++) {
		random_call(p, &p->call[p->count]);
		p->count++;
	}
}

void drop_calls(struct program *p, unsigned int from, unsigned int count)
{
	memmove(&p->call[from], &p->call[from + count],
		(p->count - from - count) * sizeof(p->call[0]));
	p->count -= count;
	memset(&p->call[p->count], 0, count * sizeof(p->call[0]));
}

static void insert(struct program *p, unsigned int at, const struct call *c)
{
	if (p->count == MAX_CALLS)
		return;
	memmove(&p->call[at + 1], &p->call[at],
		(p->count - at) * sizeof(*c));
	p->call[at] = *c;
	p->count++;
}

static void splice(struct program *p, const struct program *other)
{
	unsigned int from = random_below(other->count), i;

	for (i = from; i < other->count; i++)
		insert(p, p->count, &other->call[i]);
}

static void change(struct call *c)
{
	unsigned int n = fields_of(&ops[c->op]), i;

	if (!n)
		return;
	i = random_below(n);
	c->arg[i] = random_value(&ops[c->op].field[i], c->arg[i]);
}

/* Users of the first calls' results may run at the same time */
static void make_race(struct program *p)
{
	unsigned int i = 1 + random_below(p->count > 4 ? 4 : p->count);

	p->racing = 1;
	for (; i < p->count; i++)
		p->call[i].thread = random_below(THREADS);
}

static void mutate_once(struct program *p, const struct program *other)
{
	unsigned int at = random_below(p->count), dice = random_below(100);
	struct call c;

	if (dice < 35) {
		random_call(p, &c);
		c.thread = p->call[at].thread;
		insert(p, random_below(p->count + 1), &c);
	} else if (dice < 75) {
		change(&p->call[at]);
	} else if (dice < 85) {
		if (p->count > 1)
			drop_calls(p, at, 1);
	} else if (dice < 93) {
		splice(p, other);
	} else if (dice < 97) {
		c = p->call[at];
		insert(p, random_below(p->count + 1), &c);
	} else {
		unsigned int to = random_below(p->count);

		c = p->call[at];
		p->call[at] = p->call[to];
		p->call[to] = c;
	}
}

void random_mutation(struct program *p, const struct program *other)
{
	unsigned int n = 1 + random_below(4);

	while (n--)
		mutate_once(p, other);
	if (!p->racing && !random_below(6))
		make_race(p);
}
