// SPDX-License-Identifier: MIT
/*
 * /proc/locks: which processes have a flock on which file.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lock/internal.h"

/* number, type, kind, mode, pid, file */
#define WORDS	6

struct word {
	const char *at;
	size_t length;
};

static size_t split(const char *line, const char *end, struct word *words)
{
	size_t n = 0;

	while (n < WORDS) {
		while (line < end && *line == ' ')
			line++;
		if (line == end)
			break;
		words[n].at = line;
		while (line < end && *line != ' ')
			line++;
		words[n].length = (size_t)(line - words[n].at);
		n++;
	}
	return n;
}

static bool is(const struct word *word, const char *text)
{
	return word->length == strlen(text) &&
	       !memcmp(word->at, text, word->length);
}

static bool parse_pid(const struct word *word, int32_t *pid)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < word->length; i++) {
		if (!isdigit((unsigned char)word->at[i]))
			return false;
		number = number * 10 + (uint64_t)(word->at[i] - '0');
		if (number > INT32_MAX)
			return false;
	}
	*pid = (int32_t)number;
	return i > 0;
}

/**
 * zinc_pids_find() - a process in a list
 * @pids: list
 * @pid: process
 *
 * Return: the entry, or NULL.
 */
const struct zinc_pid *zinc_pids_find(const struct zinc_pids *pids, int32_t pid)
{
	size_t i;

	for (i = 0; i < pids->count; i++)
		if (pids->list[i].pid == pid)
			return &pids->list[i];
	return NULL;
}

/**
 * zinc_pids_add() - add a process to a list, unless it is there
 * @pids: list
 * @pid: entry
 *
 * Return: 0; -ENOMEM.
 */
int zinc_pids_add(struct zinc_pids *pids, const struct zinc_pid *pid)
{
	struct zinc_pid *more;

	if (zinc_pids_find(pids, pid->pid))
		return 0;
	if (pids->count == pids->room) {
		more = reallocarray(pids->list, 2 * pids->room + 4,
				    sizeof(*more));
		if (!more)
			return -ENOMEM;
		pids->list = more;
		pids->room = 2 * pids->room + 4;
	}
	pids->list[pids->count++] = *pid;
	return 0;
}

static bool is_flock(const struct word *type, const struct zinc_needle *needle)
{
	return is(type, "FLOCK") || (needle->posix && is(type, "POSIX"));
}

/**
 * zinc_locks_line() - zinc_locks_find() of one line
 * @line: its beginning
 * @end: its end
 * @needles: as there
 * @n: as there
 * @as: process to add instead of the one in the line; 0: that one
 * @pids: as there
 *
 * Return: as there.
 */
int zinc_locks_line(const char *line, const char *end,
		    const struct zinc_needle *needles, size_t n, int32_t as,
		    struct zinc_pids *pids)
{
	struct word words[WORDS];
	struct zinc_pid pid = {};
	size_t i;
	int err = 0;

	/* of a waiter, the second word is an arrow */
	if (split(line, end, words) < WORDS || !parse_pid(&words[4], &pid.pid))
		return 0;
	if (as)
		pid.pid = as;
	pid.mode = is(&words[3], "READ") ? ZINC_SHARED : ZINC_EXCLUSIVE;
	for (i = 0; i < n && !err; i++)
		if (needles[i].text[0] && is(&words[5], needles[i].text) &&
		    is_flock(&words[1], &needles[i]))
			err = zinc_pids_add(&pids[i], &pid);
	return err;
}

/**
 * zinc_locks_find() - find the processes that have locks on these files
 * @text: content of /proc/locks
 * @length: its bytes
 * @needles: files
 * @n: number of files
 * @pids: @n lists, to which they are added
 *
 * Waiting processes and locks of other kinds are skipped.
 *
 * Return: 0; -ENOMEM.
 */
int zinc_locks_find(const char *text, size_t length,
		    const struct zinc_needle *needles, size_t n,
		    struct zinc_pids *pids)
{
	const char *end = text + length;
	int err = 0;

	while (text < end && !err) {
		const char *line = text;
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			stop = end;
		err = zinc_locks_line(line, stop, needles, n, 0, pids);
		text = stop < end ? stop + 1 : end;
	}
	return err;
}
