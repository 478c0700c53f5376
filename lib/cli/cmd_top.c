// SPDX-License-Identifier: MIT
/*
 * zinc top
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char help[] =
"usage: zinc top [OPTION...]\n"
"\n"
"Shows the regions and how often they notify, anew each second on a terminal,\n"
"until interrupted. Elsewhere it prints one table after another, as --batch.\n"
"\n"
"  -d, --delay=SECONDS   between two tables; 1 if not given, 0.001 at the least\n"
"  -n, --count=N         N tables, then end\n"
"  -b, --batch           plain text, a blank line between tables, the first one\n"
"                        after SECONDS\n"
"  -h, --help            this text\n"
"\n"
"NOTIFY/S is the mean since the table before, - for a new region; WAITERS is\n"
"known with the kernel module only. Busiest first.\n"
"Exit status: 0 done or interrupted; 2 wrong usage; 3 failed.\n";

static const struct column columns[] = {
	{ "NAME", false }, { "NOTIFY/S", true }, { "WAITERS", true },
	{ "REFS", true }, { "SEQ", true }, { "SIZE", true },
	{ "BACKEND", false }, { "USER", false }, { "PID", true },
	{ "COMMAND", false },
};

struct snapshot {
	struct zinc_region_info *list;
	size_t count;
	uint64_t at;
};

struct row {
	const struct zinc_region_info *info;
	double rate;		/* < 0: not known */
};

/* Lists are in order of name and backend */
static int in_order(const struct zinc_region_info *a,
		    const struct zinc_region_info *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : (int)a->backend - (int)b->backend;
}

/* Notifies per second of all of @now, < 0 for those that are new */
static void set_rates(struct row *rows, const struct snapshot *now,
		      const struct snapshot *before)
{
	const struct zinc_region_info *old = before->list, *info;
	const struct zinc_region_info *end = old + before->count;
	size_t i;

	for (i = 0; i < now->count; i++) {
		info = &now->list[i];
		rows[i] = (struct row){ .info = info, .rate = -1 };
		while (old < end && in_order(old, info) < 0)
			old++;
		if (old == end || in_order(old, info) || old->id != info->id)
			continue;
		rows[i].rate = (uint32_t)(info->sequence - old->sequence) *
			       1e9 / (now->at - before->at);
	}
}

static int busiest_first(const void *one, const void *two)
{
	const struct row *a = one, *b = two;

	if (a->rate != b->rate)
		return a->rate < b->rate ? 1 : -1;
	return strcmp(a->info->name, b->info->name);
}

static void add_row(struct table *table, const struct row *row)
{
	const struct zinc_region_info *info = row->info;
	char text[USER_TEXT], command[4096];

	table_cell(table, PLAIN, "%s", info->name);
	if (row->rate < 0)
		table_cell(table, PLAIN, "-");
	else
		table_cell(table, row->rate ? GREEN : PLAIN, "%.1f",
			   row->rate);
	if (info->backend == ZINC_BACKEND_KMOD)
		table_cell(table, PLAIN, "%u", info->waiters);
	else
		table_cell(table, PLAIN, "-");
	table_cell(table, PLAIN, "%u", info->handles);
	table_cell(table, PLAIN, "%u", info->sequence);
	table_cell(table, PLAIN, "%s", format_size(info->capacity, text));
	table_cell(table, PLAIN, "%s", backend_name(info->backend));
	table_cell(table, PLAIN, "%s", format_user(info->uid, text));
	if (info->owner_pid > 0)
		table_cell(table, PLAIN, "%d", info->owner_pid);
	else
		table_cell(table, PLAIN, "-");
	if (!region_command(info, command, sizeof(command)))
		snprintf(command, sizeof(command), "-");
	table_cell(table, PLAIN, "%s", command);
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
	snapshot->at = cli_now();
	return cli_list(&snapshot->list, &snapshot->count);
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
		zinc_list_free(before.list);
		before = now;
		now.list = NULL;
		status = take(&now);
	}
	zinc_list_free(before.list);
	zinc_list_free(now.list);
	return status;
}

int cmd_top(int argc, char **argv)
{
	static const struct option options[] = {
		{ "batch", no_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'n' },
		{ "delay", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	uint64_t delay = 1000000000, count = 0;
	bool screen = isatty(STDOUT_FILENO);
	int c;

	while ((c = getopt_long(argc, argv, "bn:d:h", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			screen = false;
			break;
		case 'n':
			if (parse_number(optarg, UINT32_MAX, &count) || !count)
				return cli_usage(argv[0],
						 "'%s' is no number of tables: 1 or more",
						 optarg);
			break;
		case 'd':
			if (parse_seconds(optarg, &delay))
				return cli_usage(argv[0],
						 "'%s' is no delay: 0.001 to 86400 seconds",
						 optarg);
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (optind < argc)
		return cli_usage(argv[0], "takes no operand: '%s'",
				 argv[optind]);
	return top(delay, count, screen);
}
