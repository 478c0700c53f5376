// SPDX-License-Identifier: MIT
/*
 * A region by its name, wherever it is.
 *
 * 'zinc ls' and zinc_stat() know the regions of both backends, zinc_open()
 * those of one. Every region that is shown must work with all subcommands.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char name_bytes[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool cli_name(const char *command, const char *name)
{
	size_t length = strspn(name, name_bytes);
	/* of another library, one may be longer than those that are made here */
	size_t max = ZINC_NAME_MAX + !!strcmp(command, "create");
	char *shown;

	if (length && !name[length] && length <= max)
		return true;
	shown = printable(name, NULL);
	cli_usage(command,
		  "invalid region name '%s': expected 1 to %d of a-z A-Z 0-9 _ -",
		  shown, ZINC_NAME_MAX);
	free(shown);
	return false;
}

const char *cli_one_name(int argc, char **argv)
{
	if (optind == argc) {
		cli_usage(argv[0], "expected a region; 'zinc ls' lists them");
		return NULL;
	}
	if (optind + 1 < argc) {
		cli_usage(argv[0], "expected one region: '%s' is too many",
			  argv[optind + 1]);
		return NULL;
	}
	return cli_name(argv[0], argv[optind]) ? argv[optind] : NULL;
}

int cli_list(struct zinc_region_info **list, size_t *count)
{
	int32_t err = zinc_list(list, count, sizeof(**list));

	if (!err)
		return CLI_OK;
	cli_error("cannot list the regions: %s", zinc_strerror(err));
	if (err == -EACCES)
		fputs("zinc: see 'zinc doctor'\n", stderr);
	return CLI_FAILED;
}

int32_t cli_open(const char *name, uint32_t flags, zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
	};
	struct zinc_region_info info = { .size = sizeof(info) };
	int32_t err = zinc_open_with(name, &options, out);

	if (err != -ENOENT || zinc_stat(name, &info))
		return err;
	options.backend = info.backend;
	return zinc_open_with(name, &options, out);
}

int32_t cli_unlink_stale(const struct zinc_region_info *info)
{
	int32_t err = zinc_unlink_stale(info->name);

	return err == -EBUSY ? -ENOENT : err;
}
