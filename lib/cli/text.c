// SPDX-License-Identifier: MIT
/*
 * Text that is safe to show.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cli.h"

char *printable(const char *text, size_t *columns)
{
	char *safe = xrealloc(NULL, strlen(text) + 1, 4), *to = safe;
	size_t left = strlen(text), n, width = 0;
	mbstate_t state = { 0 };
	wchar_t wide;

	while (left) {
		n = mbrtowc(&wide, text, left, &state);
		if (n && n <= left && iswprint(wide) && wcwidth(wide) >= 0) {
			memcpy(to, text, n);
			width += wcwidth(wide);
			to += n;
		} else {
			n = 1;
			width += 4;
			to += sprintf(to, "\\x%02x", (unsigned char)*text);
			state = (mbstate_t){ 0 };
		}
		text += n;
		left -= n;
	}
	*to = '\0';
	if (columns)
		*columns = width;
	return safe;
}
