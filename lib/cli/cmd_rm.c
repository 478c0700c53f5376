// SPDX-License-Identifier: MIT
/*
 * zinc rm
 */
#include <errno.h>
#include <getopt.h>

#include "cli.h"

static const char help[] =
"usage: zinc rm NAME...\n"
"       zinc rm --stale\n"
"\n"
"Takes the names of regions away. Who has one open keeps it; its memory goes\n"
"with the last handle, mapping and device import.\n"
"\n"
"  -s, --stale   all POSIX regions whose owner is dead; prints their names\n"
"  -h, --help    this text\n"
"\n"
"Exit status: 0 all are gone; 2 wrong usage; 3 one or more are not.\n";

static int remove_one(const char *name)
{
	int32_t err = zinc_unlink(name);

	return err ? cli_fail("remove", name, err) : CLI_OK;
}

static int remove_stale(void)
{
	struct zinc_region_info *list;
	int status = CLI_OK;
	size_t count, i;
	int32_t err;

	if (cli_list(&list, &count))
		return CLI_FAILED;
	for (i = 0; i < count; i++) {
		if (!(list[i].flags & ZINC_IS_STALE))
			continue;
		err = cli_unlink_stale(&list[i]);
		if (err == -ENOENT)
			continue;
		if (err)
			status = cli_fail("remove", list[i].name, err);
		else
			puts(list[i].name);
	}
	zinc_list_free(list);
	return status;
}

int cmd_rm(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stale", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c, status = CLI_OK;
	bool stale = false;

	while ((c = getopt_long(argc, argv, "sh", options, NULL)) != -1) {
		switch (c) {
		case 's':
			stale = true;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (stale && optind < argc)
		return cli_usage(argv[0], "either names or --stale");
	if (stale)
		return remove_stale();
	if (optind == argc)
		return cli_usage(argv[0], "which region? 'zinc ls' lists them");
	for (c = optind; c < argc; c++)
		if (!cli_name(argv[0], argv[c]))
			return CLI_USAGE;
	for (; optind < argc; optind++)
		if (remove_one(argv[optind]))
			status = CLI_FAILED;
	return status;
}
