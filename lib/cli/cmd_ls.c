// SPDX-License-Identifier: MIT
/*
 * zinc ls
 */
#include <getopt.h>

#include "cli.h"

static const char help[] =
"usage: zinc ls [OPTION...]\n"
"\n"
"Lists the named regions that you may see, of the kernel module and of POSIX\n"
"shared memory, one a line.\n"
"\n"
"  -b, --bytes   sizes in bytes\n"
"  -j, --json    a JSON array of objects, in one line\n"
"  -h, --help    this text\n"
"\n"
"Columns: NAME; SIZE of the data; USER, the owner; MODE, permission bits; REFS,\n"
"open handles; SEQ, notifies so far; AGE since it was made; BACKEND, kmod or shm;\n"
"STATE; PID and COMMAND of the creator.\n"
"STATE is live; ownerless, when the creator has closed his handle; STALE, when\n"
"the owner of a POSIX region is dead ('zinc rm --stale'); INVALID, when the\n"
"header of a POSIX region is damaged or not finished ('zinc rm NAME').\n"
"\n"
"Exit status: 0 done, also with no region; 2 wrong usage; 3 failed.\n";

static const struct column columns[] = {
	{ "NAME", false }, { "SIZE", true }, { "USER", false },
	{ "MODE", false }, { "REFS", true }, { "SEQ", true },
	{ "AGE", true }, { "BACKEND", false }, { "STATE", false },
	{ "PID", true }, { "COMMAND", false },
};

static void add_row(struct table *table, const struct zinc_region_info *info,
		    bool bytes)
{
	bool bad = info->flags & (ZINC_IS_STALE | ZINC_IS_INVALID);
	char text[USER_TEXT], command[4096];

	table_cell(table, PLAIN, "%s", info->name);
	if (bytes)
		table_cell(table, PLAIN, "%llu",
			   (unsigned long long)info->capacity);
	else
		table_cell(table, PLAIN, "%s",
			   format_size(info->capacity, text));
	table_cell(table, PLAIN, "%s", format_user(info->uid, text));
	table_cell(table, PLAIN, "%04o", info->mode);
	table_cell(table, PLAIN, "%u", info->handles);
	table_cell(table, PLAIN, "%u", info->sequence);
	table_cell(table, PLAIN, "%s", format_age(info->created_at, text));
	table_cell(table, PLAIN, "%s", backend_name(info->backend));
	table_cell(table, bad ? RED : PLAIN, "%s", region_state(info));
	if (info->owner_pid > 0)
		table_cell(table, PLAIN, "%d", info->owner_pid);
	else
		table_cell(table, PLAIN, "-");
	if (!region_command(info, command, sizeof(command)))
		snprintf(command, sizeof(command), "-");
	table_cell(table, PLAIN, "%s", command);
}

static void print_table(const struct zinc_region_info *list, size_t count,
			bool bytes)
{
	struct table table;
	size_t i;

	table_start(&table, columns, ARRAY_SIZE(columns));
	for (i = 0; i < count; i++)
		add_row(&table, &list[i], bytes);
	table_print(&table, stdout, 0);
}

static void print_json(const struct zinc_region_info *list, size_t count)
{
	struct json json;
	size_t i;

	json_start(&json, stdout);
	json_array(&json, NULL);
	for (i = 0; i < count; i++)
		json_region(&json, &list[i]);
	json_end(&json);
}

int cmd_ls(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bytes", no_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	bool bytes = false, json = false;
	struct zinc_region_info *list;
	size_t count;
	int c;

	while ((c = getopt_long(argc, argv, "bjh", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			bytes = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (optind < argc)
		return cli_usage(argv[0],
				 "takes no operand: '%s'; for one region: zinc stat NAME",
				 argv[optind]);
	if (cli_list(&list, &count))
		return CLI_FAILED;
	if (json)
		print_json(list, count);
	else
		print_table(list, count, bytes);
	zinc_list_free(list);
	return CLI_OK;
}
