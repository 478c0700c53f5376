// SPDX-License-Identifier: MIT
/*
 * zinc top
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

static const struct column columns[] = {
	{ "NAME", false }, { "NOTIFY/S", true }, { "WAITERS", true },
	{ "HANDLES", true }, { "SEQ", true }, { "CAPACITY", true },
	{ "BACKEND", false }, { "USER", false }, { "PID", true },
	{ "STREAM", false }, { "COMMAND", false },
};

struct snapshot {
	struct zinc_region_info *list;
	struct stream_info *streams;	/* without slots: none */
	size_t count;
	uint64_t at;
};

struct row {
	const struct zinc_region_info *info;
	const struct stream_info *stream;
	double rate;		/* < 0: not known */
	double frames;		/* likewise */
};

/* Lists are in order of name and backend */
static int in_order(const struct zinc_region_info *a,
		    const struct zinc_region_info *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : (int)a->backend - (int)b->backend;
}

/* Notifies and frames per second of all of @now, < 0 for those that are new */
static void set_rates(struct row *rows, const struct snapshot *now,
		      const struct snapshot *before)
{
	const struct zinc_region_info *old = before->list, *info;
	const struct zinc_region_info *end = old + before->count;
	double seconds = (now->at - before->at) / 1e9;
	const struct stream_info *stream;
	size_t i;

	for (i = 0; i < now->count; i++) {
		info = &now->list[i];
		rows[i] = (struct row){
			.info = info,
			.stream = &now->streams[i],
			.rate = -1,
			.frames = -1,
		};
		while (old < end && in_order(old, info) < 0)
			old++;
		if (old == end || in_order(old, info) || old->id != info->id)
			continue;
		rows[i].rate = (uint32_t)(info->sequence - old->sequence) / seconds;
		stream = &before->streams[old - before->list];
		if (stream->slots && now->streams[i].frames >= stream->frames)
			rows[i].frames = (now->streams[i].frames - stream->frames) /
					 seconds;
	}
}

static int busiest_first(const void *one, const void *two)
{
	const struct row *a = one, *b = two;

	if (a->rate != b->rate)
		return a->rate < b->rate ? 1 : -1;
	return strcmp(a->info->name, b->info->name);
}

/* "XR24 1280x720 30.0/s 0.012s": format, frames a second, age of the last one */
static void add_stream(struct table *table, const struct row *row)
{
	char text[STREAM_TEXT], rate[32] = "-", age[32] = "-";

	if (!row->stream->slots) {
		table_cell(table, PLAIN, "-");
		return;
	}
	if (row->frames >= 0)
		snprintf(rate, sizeof(rate), "%.1f", row->frames);
	if (row->stream->age_ns != UINT64_MAX)
		snprintf(age, sizeof(age), "%.3f", row->stream->age_ns / 1e9);
	table_cell(table, row->frames > 0 ? GREEN : PLAIN, "%s %s/s %ss",
		   format_text(&row->stream->format, text), rate, age);
}

static void add_row(struct table *table, const struct row *row)
{
	static const enum region_cell first[] = { CELL_NAME };
	static const enum region_cell others[] = {
		CELL_WAITERS, CELL_HANDLES, CELL_SEQUENCE, CELL_CAPACITY,
		CELL_BACKEND, CELL_USER, CELL_PID,
	};
	static const enum region_cell last[] = { CELL_COMMAND };

	region_cells(table, row->info, first, ARRAY_SIZE(first));
	if (row->rate < 0)
		table_cell(table, PLAIN, "-");
	else
		table_cell(table, row->rate ? GREEN : PLAIN, "%.1f",
			   row->rate);
	region_cells(table, row->info, others, ARRAY_SIZE(others));
	add_stream(table, row);
	region_cells(table, row->info, last, ARRAY_SIZE(last));
}

static void print_tables(const struct snapshot *now,
			 const struct snapshot *before, bool screen)
{
	struct row *rows = xrealloc(NULL, now->count + 1, sizeof(*rows));
	unsigned int width, height, keep = 0;
	uint64_t bytes = 0, waiters = 0;
	struct table table;
	char text[SIZE_TEXT];
	double rate = 0;
	size_t i;

	table_start(&table, columns, ARRAY_SIZE(columns));
	set_rates(rows, now, before);
	for (i = 0; i < now->count; i++) {
		rate += rows[i].rate > 0 ? rows[i].rate : 0;
		bytes += now->list[i].capacity;
		waiters += now->list[i].waiters;
	}
	qsort(rows, now->count, sizeof(*rows), busiest_first);
	for (i = 0; i < now->count; i++)
		add_row(&table, &rows[i]);
	printf("zinc top: %zu regions, %s, %.1f notifies/s, %llu waiters\n",
	       now->count, format_size(bytes, text), rate,
	       (unsigned long long)waiters);
	/* the summary, the heading and the line of the cursor take three */
	if (screen && terminal_size(stdout, &width, &height))
		keep = height > 4 ? height - 3 : 1;
	table_print(&table, stdout, keep);
	free(rows);
}

static int take(struct snapshot *snapshot)
{
	size_t i;

	snapshot->at = cli_now();
	if (cli_list(&snapshot->list, &snapshot->count))
		return CLI_FAILED;
	snapshot->streams = xrealloc(NULL, snapshot->count + 1,
				     sizeof(*snapshot->streams));
	for (i = 0; i < snapshot->count; i++)
		stream_look(&snapshot->list[i], &snapshot->streams[i]);
	return CLI_OK;
}

static void drop(struct snapshot *snapshot)
{
	zinc_list_free(snapshot->list);
	free(snapshot->streams);
	*snapshot = (struct snapshot){ 0 };
}

static int top(uint64_t delay, uint64_t count, bool screen)
{
	struct snapshot before = { 0 }, now = { 0 };
	sigset_t old, ends;
	int status;

	cli_block_signals(&old);
	cli_ending_signals(&ends);
	status = take(&now);
	while (!status) {
		if (screen || before.at) {
			if (screen)
				fputs("\033[H\033[J", stdout);
			print_tables(&now, &before, screen);
			if (!--count)
				break;
			if (!screen)
				putchar('\n');
			if (cli_flush())
				break;
		}
		if (!cli_pause_until(now.at + delay, &ends))
			break;
		drop(&before);
		before = now;
		now = (struct snapshot){ 0 };
		status = take(&now);
	}
	drop(&before);
	drop(&now);
	return status;
}

struct how {
	uint64_t delay;
	uint64_t count;
	bool batch;
};

static const struct cli_option options[] = {
	{ .key = 'd', .name = "delay", .argument = "SECONDS",
	  .help = "time between two tables; default 1",
	  .at = offsetof(struct how, delay), .parse = option_seconds,
	  .expected = "0.001-86400 seconds" },
	{ .key = 'n', .name = "count", .argument = "N",
	  .help = "end after N tables", .at = offsetof(struct how, count),
	  .parse = option_count, .expected = "1 to 4294967295" },
	{ .key = 'b', .name = "batch",
	  .help = "print plain text, a blank line between tables, the first\n"
		  "one after SECONDS",
	  .at = offsetof(struct how, batch) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc top [OPTION...]",
	.about =
"Shows the regions and their notify rates, busiest first. On a terminal it redraws\n"
"the table each second until it is interrupted; elsewhere it works as --batch.",
	.end =
"NOTIFY/S is the mean since the previous table, - for a new region. WAITERS is\n"
"known with the kernel module only. STREAM, of a stream that you may read: format,\n"
"frames per second since the previous table, seconds since its last frame.\n"
"Exit status: 0 done or interrupted; 2 usage error; 3 failed.",
	.options = options,
	.count = ARRAY_SIZE(options),
	.no_operands = true,
};

int cmd_top(int argc, char **argv)
{
	struct how how = { .delay = 1000000000 };
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	return top(how.delay, how.count,
		   isatty(STDOUT_FILENO) && !how.batch);
}
