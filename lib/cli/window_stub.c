// SPDX-License-Identifier: MIT
/*
 * zinc show, where it was built without libwayland-client
 */
#include "show.h"

bool show_has_window(void)
{
	return false;
}

int show_window(const struct show_request *request)
{
	fprintf(stderr,
		"zinc: cannot show %s in a window: this zinc was built without libwayland-client; install its headers (Debian: libwayland-dev wayland-protocols), and build it again\n",
		request->name);
	return CLI_FAILED;
}
