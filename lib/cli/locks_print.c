// SPDX-License-Identifier: MIT
/*
 * zinc locks: a table, or JSON.
 */
#include <string.h>

#include "locks.h"

static const char *const kind_names[] = {
	"llc", "cpu", "cache", "gpu", "source",
};

/* Of a cache or a processor; -1 if it is not known */
static int32_t node_of(const struct frame *frame, const struct entry *entry)
{
	const struct zinc_cpu_place *place = frame->places;
	size_t i;

	for (i = 0; i < frame->places_count; i++, place++)
		if ((entry->kind == LLC ? place->llc : place->cpu) ==
		    entry->number)
			return place->node;
	return -1;
}

static void json_processes(struct json *json, const char *key,
			   const struct zinc_lock_holder *list, size_t count)
{
	size_t i;

	json_array(json, key);
	for (i = 0; i < count; i++) {
		json_object(json, NULL);
		json_int(json, "pid", list[i].pid);
		json_string(json, "cmdline", list[i].cmdline);
		json_string(json, "mode", list[i].mode == ZINC_SHARED ?
			    "shared" : "exclusive");
		json_end(json);
	}
	json_end(json);
}

static void json_numbered(struct json *json, const struct frame *frame,
			  const struct entry *entry)
{
	int32_t node = node_of(frame, entry);

	json_uint(json, entry->kind == LLC ? "llc_idx" : "cpu", entry->number);
	if (node < 0)
		json_null(json, "numa_node");
	else
		json_int(json, "numa_node", node);
}

static void json_gpu(struct json *json, const struct entry *entry)
{
	char *colon = strchr(entry->name, ':');

	if (colon)
		*colon = '\0';
	json_string(json, "backend", entry->name);
	if (colon)
		*colon = ':';
	json_string(json, "device", entry->name);
}

static void json_entry(struct json *json, const struct frame *frame,
		       const struct entry *entry)
{
	json_object(json, NULL);
	switch (entry->kind) {
	case LLC:
	case CPU:
		json_numbered(json, frame, entry);
		break;
	case GPU:
		json_gpu(json, entry);
		break;
	case CACHE:
		json_string(json, "cache_key", entry->name);
		break;
	default:
		json_string(json, "source_hash", entry->name);
	}
	if (entry->path)
		json_string(json, "lockfile", entry->path);
	else
		json_null(json, "lockfile");
	json_processes(json, "holders", entry->holders, entry->count);
	if (entry->kind == GPU || entry->kind == CPU || entry->kind == LLC)
		json_processes(json, "waiters", entry->waiters, entry->waiting);
	json_end(json);
}

void print_locks_json(const struct frame *frame)
{
	static const char *const keys[KINDS] = {
		"llcs", "cpus", "cache", "gpus", "source",
	};
	struct json json;
	size_t i, kind;

	json_start(&json, stdout);
	json_object(&json, NULL);
	for (kind = 0; kind < KINDS; kind++) {
		json_array(&json, keys[kind]);
		for (i = 0; i < frame->count; i++)
			if (frame->entries[i].kind == kind)
				json_entry(&json, frame, &frame->entries[i]);
		json_end(&json);
	}
	json_end(&json);
}

enum lock_cell { CELL_LOCK, CELL_LOCK_STATE, CELL_HOLDER, CELL_LOCKFILE, CELL_CMDLINE };

static const struct column columns[] = {
	[CELL_LOCK] = { "LOCK", false },
	[CELL_LOCK_STATE] = { "STATE", false },
	[CELL_HOLDER] = { "PID", true },
	[CELL_LOCKFILE] = { "LOCKFILE", false },
	[CELL_CMDLINE] = { "COMMAND", false },
};

int choose_locks(const char *command, const char *text, struct choice *choice)
{
	if (text)
		return choose_columns(command, text, columns,
				      ARRAY_SIZE(columns), choice);
	all_columns(columns, ARRAY_SIZE(columns), choice);
	return CLI_RUN;
}

static void put_lock(struct table *table, const struct entry *entry)
{
	if (entry->name)
		table_cell(table, PLAIN, "%s %s", kind_names[entry->kind],
			   entry->name);
	else
		table_cell(table, PLAIN, "%s %u", kind_names[entry->kind],
			   entry->number);
}

static void put_cell(struct table *table, enum lock_cell cell,
		     const struct entry *entry, const char *state,
		     const struct zinc_lock_holder *holder)
{
	switch (cell) {
	case CELL_LOCK:
		return put_lock(table, entry);
	case CELL_LOCK_STATE:
		return table_cell(table, !holder ? PLAIN : *state == 'w' ? YELLOW : GREEN,
				  "%s", state);
	case CELL_HOLDER:
		if (holder && holder->pid)
			return table_cell(table, PLAIN, "%d", holder->pid);
		return table_cell(table, PLAIN, "-");
	case CELL_LOCKFILE:
		return table_cell(table, PLAIN, "%s", entry->path ? entry->path : "-");
	case CELL_CMDLINE:
		return table_cell(table, PLAIN, "%s", holder ? holder->cmdline : "-");
	}
}

static void add_row(struct table *table, const struct choice *choice,
		    const struct entry *entry, const char *state,
		    const struct zinc_lock_holder *holder)
{
	size_t i;

	for (i = 0; i < choice->count; i++)
		put_cell(table, choice->at[i], entry, state, holder);
}

void print_locks(const struct frame *frame, const struct choice *choice, bool all)
{
	const struct entry *entry = frame->entries;
	struct table table;
	size_t i, j;

	table_start(&table, choice->columns, choice->count);
	for (i = 0; i < frame->count; i++, entry++) {
		for (j = 0; j < entry->count; j++)
			add_row(&table, choice, entry,
				entry->holders[j].mode == ZINC_SHARED ?
				"shared" : "held", &entry->holders[j]);
		for (j = 0; j < entry->waiting; j++)
			add_row(&table, choice, entry, "waiting",
				&entry->waiters[j]);
		if (all && !entry->count && !entry->waiting)
			add_row(&table, choice, entry, "free", NULL);
	}
	table_print(&table, stdout, 0);
}
