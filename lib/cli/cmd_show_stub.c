// SPDX-License-Identifier: MIT
/*
 * zinc show, where it was built without libzinc-drm
 */
#include <string.h>

#include "cli.h"

static const struct cli_syntax syntax = {
	.usage = "zinc show [OPTION...] NAME --size WxH",
	.about =
"Displays the picture in a region. This zinc cannot: it was built without libdrm.\n"
"Install libdrm's headers (Debian: libdrm-dev), and build it again.",
	.end = "Exit status: 0 only with --help; 3 failed.",
};

int cmd_show(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return cli_options(argc, argv, &syntax, NULL);
	return cli_error("this zinc was built without libdrm; see 'zinc help show'");
}
