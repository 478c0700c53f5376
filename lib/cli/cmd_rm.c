// SPDX-License-Identifier: MIT
/*
 * zinc rm
 */
#include <errno.h>
#include <getopt.h>

#include "cli.h"

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
		if (!(list[i].flags & ZINC_INFO_STALE))
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

struct how {
	bool stale;
};

static const struct cli_option options[] = {
	{ .key = 's', .name = "stale",
	  .help = "remove all POSIX regions that no process has open, and print\n"
		  "their names; one that may be open in another pid namespace stays",
	  .at = offsetof(struct how, stale) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc rm NAME...\n       zinc rm --stale",
	.about =
"Removes the names of regions. Processes that have one open keep it; its memory\n"
"is freed with the last handle, mapping and device import.",
	.end = "Exit status: 0 all are removed; 2 usage error; 3 at least one is not.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_rm(int argc, char **argv)
{
	struct how how = { 0 };
	int status, i;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (how.stale && optind < argc)
		return cli_usage(argv[0], "expected either names or --stale");
	if (how.stale)
		return remove_stale();
	if (optind == argc)
		return cli_usage(argv[0],
				 "expected a region; 'zinc ls' lists them");
	for (i = optind; i < argc; i++)
		if (!cli_name(argv[0], argv[i]))
			return CLI_USAGE;
	status = CLI_OK;
	for (; optind < argc; optind++)
		if (remove_one(argv[optind]))
			status = CLI_FAILED;
	return status;
}
