/* SPDX-License-Identifier: MIT */
/*
 * What zinc show has in common for a display and a window.
 */
#ifndef ZINC_CLI_SHOW_H
#define ZINC_CLI_SHOW_H

#include <zinc-drm.h>

#include "cli.h"

/*
 * struct show_request - what is to be shown in a window
 * @overlay: region of a stream that is shown above; NULL for none
 * @picture: of a region; width 0: it is a stream
 * @frames: 0 for no end
 * @hold: a stream's writer waits until a frame is off the screen
 * @stats: print when frames were on the screen
 * @signals: signalfd that ends it
 */
struct show_request {
	const char *name;
	const char *overlay;
	struct zinc_drm_picture picture;
	uint64_t frames;
	bool hold;
	bool stats;
	int signals;
};

/* show_has_window() - is there a compositor to ask, and can this zinc do so? */
bool show_has_window(void);
/* show_window() - Return: an exit status */
int show_window(const struct show_request *request);

#endif /* ZINC_CLI_SHOW_H */
