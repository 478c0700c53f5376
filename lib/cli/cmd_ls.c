// SPDX-License-Identifier: MIT
/*
 * zinc ls
 */
#include <getopt.h>

#include "stream.h"

static const struct column columns[] = {
	{ "NAME", false }, { "CAPACITY", true }, { "USER", false },
	{ "MODE", false }, { "HANDLES", true }, { "SEQ", true },
	{ "AGE", true }, { "BACKEND", false }, { "STATE", false },
	{ "PID", true }, { "COMMAND", false },
};

static const enum region_cell cells[] = {
	CELL_NAME, CELL_CAPACITY, CELL_USER, CELL_MODE, CELL_HANDLES,
	CELL_SEQUENCE, CELL_AGE, CELL_BACKEND, CELL_STATE, CELL_PID,
	CELL_COMMAND,
};

static const enum region_cell cells_bytes[] = {
	CELL_NAME, CELL_BYTES, CELL_USER, CELL_MODE, CELL_HANDLES,
	CELL_SEQUENCE, CELL_AGE, CELL_BACKEND, CELL_STATE, CELL_PID,
	CELL_COMMAND,
};

static void print_table(const struct zinc_region_info *list, size_t count,
			bool bytes)
{
	struct table table;
	size_t i;

	table_start(&table, columns, ARRAY_SIZE(columns));
	for (i = 0; i < count; i++)
		region_cells(&table, &list[i], bytes ? cells_bytes : cells,
			     ARRAY_SIZE(cells));
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
};

static const struct cli_option options[] = {
	{ .key = 'b', .name = "bytes",
	  .help = "print sizes in bytes", .at = offsetof(struct how, bytes) },
	{ .key = 'j', .name = "json",
	  .help = "print a JSON array of objects, in one line",
	  .at = offsetof(struct how, json) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc ls [OPTION...]",
	.about =
"Lists the named regions that you may see, of the kernel module and of POSIX\n"
"shared memory, one per line.",
	.end =
"Columns: NAME; CAPACITY of the data; USER, the owner; MODE, permission bits;\n"
"HANDLES, open handles; SEQ, notifies so far; AGE; BACKEND, kmod or shm; STATE;\n"
"PID and COMMAND of the creator.\n"
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

int cmd_ls(int argc, char **argv)
{
	struct zinc_region_info *list;
	struct how how = { 0 };
	size_t count;
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (cli_list(&list, &count))
		return CLI_FAILED;
	if (how.json)
		print_json(list, count);
	else
		print_table(list, count, how.bytes);
	zinc_list_free(list);
	return CLI_OK;
}
