// SPDX-License-Identifier: MIT
/*
 * Errors, and memory or an error.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "cli.h"

int cli_usage(const char *command, const char *format, ...)
{
	va_list args;

	if (format) {
		fprintf(stderr, "%s: ", command);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	fprintf(stderr, "Try '%s --help'.\n", command);
	return CLI_USAGE;
}

int cli_error(const char *format, ...)
{
	va_list args;

	fputs("zinc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

void *xrealloc(void *old, size_t count, size_t size)
{
	void *new = reallocarray(old, count, size);

	if (new || !count || !size)
		return new;
	exit(cli_error("out of memory"));
}
