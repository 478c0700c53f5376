// SPDX-License-Identifier: MIT
/*
 * zinc show, where it was built without libzinc-drm
 */
#include <getopt.h>

#include "cli.h"

static const char help[] =
"usage: zinc show [OPTION...] NAME --size WxH\n"
"\n"
"Puts a region on a display. This zinc cannot: it was built where there was no\n"
"libdrm. Install libdrm's headers (Debian: libdrm-dev) and build it again.\n"
"\n"
"  -h, --help    this text\n"
"\n"
"Exit status: 0 only with --help; 3 failed.\n";

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return cli_help(help);
	}
	return cli_error("this zinc was built without libdrm; see 'zinc help show'");
}
