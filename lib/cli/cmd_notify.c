// SPDX-License-Identifier: MIT
/*
 * zinc notify
 */
#include <getopt.h>

#include "cli.h"

static const char help[] =
"usage: zinc notify NAME\n"
"\n"
"Adds 1 to a region's sequence and wakes all who wait for that.\n"
"\n"
"  -h, --help    this text\n"
"\n"
"Exit status: 0 notified; 2 wrong usage; 3 failed.\n";

static int notify(const char *name)
{
	zinc_handle handle;
	sigset_t old;
	int32_t err;

	cli_block_signals(&old);
	err = cli_open(name, ZINC_NO_DATA, &handle);
	if (err)
		return cli_fail("open", name, err);
	err = zinc_notify_checked(handle);
	zinc_close(handle);
	cli_restore_signals(&old);
	return err ? cli_fail("notify", name, err) : CLI_OK;
}

int cmd_notify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const char *name;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return cli_help(help);
		return cli_usage(argv[0], NULL);
	}
	name = cli_one_name(argc, argv);
	return name ? notify(name) : CLI_USAGE;
}
