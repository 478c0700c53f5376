// SPDX-License-Identifier: MIT
/*
 * zinc read
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char help[] =
"usage: zinc read [OPTION...] NAME\n"
"\n"
"Copies a region's bytes to standard output, while others may be writing them.\n"
"\n"
"  -n, --bytes=N    N bytes instead of all up to the end\n"
"  -o, --offset=N   begin at byte N\n"
"  -h, --help       this text\n"
"\n"
"N may end in K, M, G or T. Nothing is copied if the region has fewer bytes.\n"
"Exit status: 0 all copied; 2 wrong usage; 3 failed.\n";

/* Return: as write_full(); -1 and ERANGE where the region has less */
static int copy(zinc_handle handle, uint64_t offset, uint64_t bytes, bool all)
{
	uint64_t capacity = zinc_capacity(handle);

	errno = ERANGE;
	if (offset > capacity || (!all && bytes > capacity - offset))
		return -1;
	return write_full(STDOUT_FILENO, zinc_ptr(handle) + offset,
			  all ? capacity - offset : bytes);
}

static int read_region(const char *name, uint64_t offset, uint64_t bytes,
		       bool all)
{
	int status = CLI_OK;
	zinc_handle handle;
	int32_t err;

	/* nobody counts this handle if a signal ends us: it is read-only */
	err = cli_open(name, ZINC_READONLY, &handle);
	if (err)
		return cli_fail("open", name, err);
	if (copy(handle, offset, bytes, all))
		status = errno == ERANGE ?
			cli_error("%s has only %llu bytes", name,
				  (unsigned long long)zinc_capacity(handle)) :
			cli_error("cannot write to standard output: %s",
				  strerror(errno));
	zinc_close(handle);
	return status;
}

int cmd_read(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bytes", required_argument, NULL, 'n' },
		{ "offset", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	uint64_t bytes = 0, offset = 0;
	const char *name;
	bool all = true;
	int c;

	while ((c = getopt_long(argc, argv, "n:o:h", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			all = false;
			if (parse_size(optarg, &bytes))
				return cli_usage(argv[0],
						 "'%s' is no number of bytes",
						 optarg);
			break;
		case 'o':
			if (parse_size(optarg, &offset))
				return cli_usage(argv[0], "'%s' is no offset",
						 optarg);
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	name = cli_one_name(argc, argv);
	return name ? read_region(name, offset, bytes, all) : CLI_USAGE;
}
