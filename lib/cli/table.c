// SPDX-License-Identifier: MIT
/*
 * Aligned columns, and colour.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli.h"

#define GAP 2	/* spaces between columns */

static const char *const codes[] = {
	[PLAIN] = "", [BOLD] = "\033[1m", [RED] = "\033[31m",
	[GREEN] = "\033[32m", [YELLOW] = "\033[33m",
};

bool use_colour(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") &&
	       isatty(fileno(out));
}

void put_colour(FILE *out, enum colour colour, const char *text)
{
	if (colour != PLAIN && use_colour(out))
		fprintf(out, "%s%s\033[0m", codes[colour], text);
	else
		fputs(text, out);
}

bool terminal_size(FILE *out, unsigned int *columns, unsigned int *rows)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) ||
	    !size.ws_col || !size.ws_row)
		return false;
	*columns = size.ws_col;
	*rows = size.ws_row;
	return true;
}

void table_start(struct table *table, const struct column *columns,
		 size_t count)
{
	size_t i;

	*table = (struct table){ .columns = columns, .count = count };
	for (i = 0; i < count; i++)
		table_cell(table, BOLD, "%s", columns[i].title);
}

void table_cell(struct table *table, enum colour colour, const char *format,
		...)
{
	struct cell *cell;
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		exit(cli_error("out of memory"));
	if (table->used == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = xrealloc(table->cells, table->room,
					sizeof(*cell));
	}
	cell = &table->cells[table->used++];
	cell->text = printable(text, &cell->columns);
	cell->colour = colour;
	free(text);
}

/* Cut what printable() made to at most @columns */
static void cut(struct cell *cell, size_t columns)
{
	mbstate_t state = { 0 };
	size_t n, width, used = 0;
	char *s = cell->text;
	wchar_t wide;

	if (cell->columns <= columns)
		return;
	for (; *s; s += n, used += width) {
		n = mbrtowc(&wide, s, strlen(s), &state);
		width = wcwidth(wide);
		if (used + width > columns)
			break;
	}
	*s = '\0';
	cell->columns = used;
}

static void put_spaces(FILE *out, size_t count)
{
	fprintf(out, "%*s", (int)count, "");
}

static void print_row(const struct table *table, struct cell *row, FILE *out,
		      const size_t *widths, size_t line)
{
	size_t i, at = 0, pad;

	for (i = 0; i < table->count && at < line; i++) {
		cut(&row[i], line - at);
		pad = widths[i] - row[i].columns;
		if (table->columns[i].right && at + widths[i] <= line)
			put_spaces(out, pad);
		put_colour(out, row[i].colour, row[i].text);
		at += widths[i] + GAP;
		if (i + 1 == table->count || at >= line)
			break;
		put_spaces(out, GAP + (table->columns[i].right ? 0 : pad));
	}
	putc('\n', out);
}

void table_print(struct table *table, FILE *out, size_t max_rows)
{
	size_t *widths = xrealloc(NULL, table->count, sizeof(*widths));
	size_t rows = table->used / table->count, line = SIZE_MAX, i, column;
	unsigned int terminal_columns, terminal_rows;

	if (terminal_size(out, &terminal_columns, &terminal_rows))
		line = terminal_columns;
	memset(widths, 0, table->count * sizeof(*widths));
	for (i = 0; i < table->used; i++) {
		column = i % table->count;
		if (table->cells[i].columns > widths[column])
			widths[column] = table->cells[i].columns;
	}
	for (i = 0; i < rows && (!max_rows || i <= max_rows); i++)
		print_row(table, table->cells + i * table->count, out, widths,
			  line);
	for (i = 0; i < table->used; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(widths);
}
