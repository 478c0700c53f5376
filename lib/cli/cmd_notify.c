// SPDX-License-Identifier: MIT
/*
 * zinc notify
 */
#include <getopt.h>

#include "cli.h"

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

static const struct cli_syntax syntax = {
	.usage = "zinc notify NAME",
	.about = "Adds 1 to a region's sequence, and wakes all its waiters.",
	.end = "Exit status: 0 notified; 2 usage error; 3 failed.",
};

int cmd_notify(int argc, char **argv)
{
	int status = cli_options(argc, argv, &syntax, NULL);
	const char *name;

	if (status != CLI_RUN)
		return status;
	name = cli_one_name(argc, argv);
	return name ? notify(name) : CLI_USAGE;
}
