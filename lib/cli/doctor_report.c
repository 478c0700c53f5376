// SPDX-License-Identifier: MIT
/*
 * zinc doctor: the findings and remedies of a report.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "doctor.h"

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		exit(cli_error("out of memory"));
	return text;
}

void found(struct report *report, enum status status, const char *check,
	   const char *format, ...)
{
	struct finding *finding;
	va_list args;

	if (report->count == ARRAY_SIZE(report->findings))
		exit(cli_error("too many findings"));
	finding = &report->findings[report->count++];
	va_start(args, format);
	*finding = (struct finding){
		.status = status,
		.check = check,
		.text = format_text(format, args),
	};
	va_end(args);
}

void remedy(struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report->findings[report->count - 1].remedy = format_text(format, args);
	va_end(args);
}
