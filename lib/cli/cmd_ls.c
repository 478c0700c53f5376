// SPDX-License-Identifier: MIT
/*
 * zinc ls
 */
#include <getopt.h>

#include "stream.h"

/* the first ones are shown unless --output says otherwise */
#define USUAL	11

static const struct column columns[] = {
	{ "NAME", false }, { "CAPACITY", true }, { "USER", false },
	{ "MODE", false }, { "HANDLES", true }, { "SEQ", true },
	{ "AGE", true }, { "BACKEND", false }, { "STATE", false },
	{ "PID", true }, { "COMMAND", false }, { "RESIDENT", true },
	{ "WAITERS", true }, { "LIFETIME", false }, { "GROUP", false },
	{ "ID", true }, { "CREATED", false },
};

static const enum region_cell cells[] = {
	CELL_NAME, CELL_CAPACITY, CELL_USER, CELL_MODE, CELL_HANDLES,
	CELL_SEQUENCE, CELL_AGE, CELL_BACKEND, CELL_STATE, CELL_PID,
	CELL_COMMAND, CELL_RESIDENT, CELL_WAITERS, CELL_LIFETIME, CELL_GROUP,
	CELL_ID, CELL_CREATED,
};

static enum region_cell in_bytes(enum region_cell cell)
{
	switch (cell) {
	case CELL_CAPACITY:
		return CELL_BYTES;
	case CELL_RESIDENT:
		return CELL_RESIDENT_BYTES;
	default:
		return cell;
	}
}

static void print_table(const struct zinc_region_info *list, size_t count,
			const struct choice *choice, bool bytes)
{
	enum region_cell shown[COLUMNS_MAX];
	struct table table;
	size_t i;

	for (i = 0; i < choice->count; i++)
		shown[i] = bytes ? in_bytes(cells[choice->at[i]]) :
				   cells[choice->at[i]];
	table_start(&table, choice->columns, choice->count);
	for (i = 0; i < count; i++)
		region_cells(&table, &list[i], shown, choice->count);
	table_print(&table, stdout, 0);
}

static void print_json(const struct zinc_region_info *list, size_t count)
{
	struct stream_info stream;
	struct json json;
	size_t i;

	json_start(&json, stdout);
	json_array(&json, NULL);
	for (i = 0; i < count; i++)
		json_region(&json, &list[i],
			    stream_look(&list[i], &stream) ? &stream : NULL);
	json_end(&json);
}

struct how {
	bool bytes;
	bool json;
	bool prometheus;
	const char *output;
};

static const struct cli_option options[] = {
	{ .key = 'b', .name = "bytes",
	  .help = "print sizes in bytes", .at = offsetof(struct how, bytes) },
	{ .key = 'j', .name = "json",
	  .help = "print a JSON array of objects, in one line",
	  .at = offsetof(struct how, json) },
	{ .key = 'o', .name = "output", .argument = "COLUMNS",
	  .help = "print these columns, separated by commas",
	  .at = offsetof(struct how, output) },
	{ .key = 'p', .name = "prometheus",
	  .help = "print metrics in Prometheus' text format",
	  .at = offsetof(struct how, prometheus) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc ls [OPTION...]",
	.about =
"Lists the named regions that you may see, of the kernel module and of POSIX\n"
"shared memory, one per line.",
	.end =
"Columns: NAME; CAPACITY of the data; USER, the owner; MODE, permission bits;\n"
"HANDLES, open handles; SEQ, notifies so far; AGE; BACKEND, kmod or shm; STATE;\n"
"PID and COMMAND of the creator. --output has more: RESIDENT, allocated memory;\n"
"WAITERS, with the module; LIFETIME; GROUP; ID; CREATED.\n"
"STATE is one of:\n"
"  live          the creator has it open\n"
"  creator-gone  the creator has closed its handle, or has ended\n"
"  STALE         no process has a POSIX region open any more: 'zinc rm --stale'\n"
"  unknown       another library created it, and its creator may run in another\n"
"                pid namespace\n"
"  INVALID       the header of a POSIX region is damaged or not complete:\n"
"                'zinc rm NAME'\n"
"'zinc stat NAME' prints the reason of a region's state.\n"
"Exit status: 0 done, also with no region; 2 usage error; 3 failed.",
	.options = options,
	.count = ARRAY_SIZE(options),
	.no_operands = true,
};

static int choose(const char *command, const struct how *how, struct choice *choice)
{
	if (how->json + how->prometheus + !!how->output > 1)
		return cli_usage(command, "either --json, --prometheus or --output");
	if (how->output)
		return choose_columns(command, how->output, columns,
				      ARRAY_SIZE(columns), choice);
	all_columns(columns, USUAL, choice);
	return CLI_RUN;
}

int cmd_ls(int argc, char **argv)
{
	struct zinc_region_info *list;
	struct choice choice = { 0 };
	struct how how = { 0 };
	size_t count;
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status == CLI_RUN)
		status = choose(argv[0], &how, &choice);
	if (status != CLI_RUN)
		return status;
	if (cli_list(&list, &count))
		return CLI_FAILED;
	if (how.json)
		print_json(list, count);
	else if (how.prometheus)
		print_prometheus(list, count, stdout);
	else
		print_table(list, count, &choice, how.bytes);
	zinc_list_free(list);
	return CLI_OK;
}
