// SPDX-License-Identifier: MIT
/*
 * The columns of a table that a user wants.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

/* "NAME, CAPACITY, ..." */
static void say_unknown(const char *command, const char *word,
			const struct column *columns, size_t count)
{
	char *shown = printable(word, NULL), list[512] = "";
	size_t i, n = 0;

	for (i = 0; i < count && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%s",
			      i ? ", " : "", columns[i].title);
	cli_usage(command, "invalid column '%s': expected one or more of %s, separated by commas",
		  shown, list);
	free(shown);
}

static size_t find(const char *word, const struct column *columns, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcasecmp(columns[i].title, word))
			break;
	return i;
}

int choose_columns(const char *command, const char *text,
		   const struct column *columns, size_t count,
		   struct choice *choice)
{
	char *words = strdup(text), *rest = words, *word;
	int status = CLI_RUN;
	size_t at;

	if (!words)
		return cli_error("out of memory");
	choice->count = 0;
	while (status == CLI_RUN && (word = strsep(&rest, ","))) {
		at = find(word, columns, count);
		if (at == count) {
			say_unknown(command, word, columns, count);
			status = CLI_USAGE;
		} else if (choice->count == ARRAY_SIZE(choice->at)) {
			status = cli_usage(command, "more than %zu columns",
					   ARRAY_SIZE(choice->at));
		} else {
			choice->columns[choice->count] = columns[at];
			choice->at[choice->count++] = at;
		}
	}
	free(words);
	return status;
}

void all_columns(const struct column *columns, size_t count, struct choice *choice)
{
	for (choice->count = 0; choice->count < count; choice->count++) {
		choice->columns[choice->count] = columns[choice->count];
		choice->at[choice->count] = choice->count;
	}
}
