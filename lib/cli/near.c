// SPDX-License-Identifier: MIT
/*
 * The word that a mistyped one was to be.
 */
#include <string.h>

#include "cli.h"

#define WORD_MAX 16

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Characters to insert, remove or replace, or neighbours to swap, to make @b of @a:
 * the optimal string alignment. Both have at most WORD_MAX characters.
 */
static size_t distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	size_t rows = strlen(a), columns = strlen(b), i, j;

	for (i = 0; i <= rows; i++)
		d[i][0] = i;
	for (j = 0; j <= columns; j++)
		d[0][j] = j;
	for (i = 1; i <= rows; i++) {
		for (j = 1; j <= columns; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[rows][columns];
}

/* Typing errors in @word, if @right was meant; SIZE_MAX: it was not */
static size_t errors(const char *word, const char *right)
{
	size_t length = strlen(word), n;

	if (length > WORD_MAX || strlen(right) > WORD_MAX)
		return SIZE_MAX;
	if (length > 1 && !strncmp(word, right, length))
		return 1;
	n = distance(word, right);
	/* with more errors than this, short words resemble all others */
	return n <= 1 + (length > 4) && n < length ? n : SIZE_MAX;
}

const char *near_word(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t n, fewest = SIZE_MAX, i;

	for (i = 0; i < count; i++) {
		n = errors(word, words[i]);
		if (n < fewest) {
			fewest = n;
			nearest = words[i];
		}
	}
	return nearest;
}
