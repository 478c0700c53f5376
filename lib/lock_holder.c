// SPDX-License-Identifier: MIT
/*
 * Who has a lock: from files to processes to words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "lock.h"

#define NO_CMDLINE	"<cmdline unavailable>"
#define NO_HOLDERS	"<none recorded>"
#define ELLIPSIS	"\xe2\x80\xa6"
/* what 100 characters can be, and one byte that says that there are more */
#define CMDLINE_BYTES	(4 * ZINC_CMDLINE_CHARACTERS + 4)

/* Bytes of the UTF-8 character at @at; 1 for what is none */
static size_t character(const char *at, size_t left)
{
	unsigned char c = (unsigned char)*at;
	size_t n = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
	size_t i;

	if (c >= 0xf8 || n > left)
		return 1;
	for (i = 1; i < n; i++)
		if (((unsigned char)at[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/**
 * zinc_cmdline_cut() - /proc/PID/cmdline as it is shown
 * @raw: of it, NULs between the arguments
 * @length: bytes of it
 * @text: gets it: NULs become spaces, those at the end go, and what is behind
 *	100 characters becomes an ellipsis
 * @size: bytes of @text
 */
void zinc_cmdline_cut(const char *raw, size_t length, char *text, size_t size)
{
	size_t characters = 0, in = 0, out = 0, n;

	while (length && (raw[length - 1] == '\0' || raw[length - 1] == ' '))
		length--;
	if (!length) {
		snprintf(text, size, NO_CMDLINE);
		return;
	}
	while (in < length && characters < ZINC_CMDLINE_CHARACTERS) {
		n = character(raw + in, length - in);
		if (out + n + sizeof(ELLIPSIS) > size)
			break;
		memcpy(text + out, raw + in, n);
		if (!text[out])
			text[out] = ' ';
		in += n;
		out += n;
		characters++;
	}
	if (in < length) {
		memcpy(text + out, ELLIPSIS, strlen(ELLIPSIS));
		out += strlen(ELLIPSIS);
	}
	text[out] = '\0';
}

/* Its beginning: it may be as long as a process likes */
static size_t read_cmdline(int32_t pid, char *raw, size_t size)
{
	size_t used = 0;
	char path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (used < size) {
		n = read(fd, raw + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	return used;
}

void zinc_holder_describe(int32_t pid, struct zinc_lock_holder *holder)
{
	char raw[CMDLINE_BYTES];
	size_t length = read_cmdline(pid, raw, sizeof(raw));

	memset(holder, 0, sizeof(*holder));
	holder->pid = pid;
	zinc_cmdline_cut(raw, length, holder->cmdline,
			 sizeof(holder->cmdline));
}

static int describe_all(const struct zinc_pids *pids,
			struct zinc_lock_holder **holders, size_t *count)
{
	size_t i;

	if (!pids->count)
		return 0;
	*holders = calloc(pids->count, sizeof(**holders));
	if (!*holders)
		return -ENOMEM;
	for (i = 0; i < pids->count; i++)
		zinc_holder_describe(pids->pid[i], &(*holders)[i]);
	*count = pids->count;
	return 0;
}

static int find_needles(const char *const *paths, size_t n,
			struct zinc_needle *needles)
{
	char *mountinfo;
	size_t length, i;
	int err;

	err = zinc_read_whole("/proc/self/mountinfo", &mountinfo, &length);
	if (err)
		return err == -ENOENT ? -ENOTSUP : err;
	for (i = 0; i < n; i++) {
		err = zinc_needle_of(paths[i], mountinfo, length, &needles[i]);
		/* one of many: the others are still to be found */
		if (err && (n == 1 || zinc_is_shortage(err)))
			break;
		err = 0;
	}
	free(mountinfo);
	return err;
}

static int find_pids(const char *const *paths, size_t n,
		     struct zinc_needle *needles, struct zinc_pids *pids)
{
	char *locks;
	size_t length;
	int err;

	err = find_needles(paths, n, needles);
	if (err)
		return err;
	err = zinc_read_whole("/proc/locks", &locks, &length);
	if (err)
		return err;
	err = zinc_locks_find(locks, length, needles, n, pids);
	free(locks);
	return err;
}

static void free_all(struct zinc_lock_holder **holders, size_t *counts,
		     size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(holders[i]);
		holders[i] = NULL;
		counts[i] = 0;
	}
}

int32_t zinc_flock_holders_of(const char *const *paths, size_t n,
			      struct zinc_lock_holder **holders,
			      size_t *counts)
{
	struct zinc_needle *needles;
	struct zinc_pids *pids;
	int err = -ENOMEM;
	size_t i;

	if (!paths || !n || !holders || !counts)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		holders[i] = NULL;
		counts[i] = 0;
		if (!paths[i])
			return -EINVAL;
	}
	needles = calloc(n, sizeof(*needles));
	pids = calloc(n, sizeof(*pids));
	if (needles && pids)
		err = find_pids(paths, n, needles, pids);
	for (i = 0; i < n && !err; i++)
		err = describe_all(&pids[i], &holders[i], &counts[i]);
	if (err)
		free_all(holders, counts, n);
	for (i = 0; pids && i < n; i++)
		free(pids[i].pid);
	free(pids);
	free(needles);
	return err;
}

int32_t zinc_flock_holders(const char *path,
			   struct zinc_lock_holder **holders, size_t *count)
{
	return zinc_flock_holders_of(&path, 1, holders, count);
}

static char *join(const struct zinc_lock_holder *holders, size_t count,
		  const char *before, const char *between)
{
	size_t length, i;
	char *text;
	FILE *out;

	out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	for (i = 0; i < count; i++)
		fprintf(out, "%s%spid=%d cmd=%s", i ? between : "", before,
			holders[i].pid, holders[i].cmdline);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

char *zinc_holders_format(const struct zinc_lock_holder *holders, size_t count)
{
	return count ? join(holders, count, "  ", "\n") : strdup(NO_HOLDERS);
}

/**
 * zinc_holders_inline() - zinc_holders_format() within a sentence
 * @holders: array
 * @count: its length
 *
 * Return: to be freed; NULL for want of memory.
 */
char *zinc_holders_inline(const struct zinc_lock_holder *holders, size_t count)
{
	return count ? join(holders, count, "", ", ") :
		       strdup("a process that can not be seen from here");
}

/**
 * zinc_flock_text() - who has a lock, within a sentence
 * @path: lock file
 *
 * Return: to be freed; NULL for want of memory.
 */
char *zinc_flock_text(const char *path)
{
	struct zinc_lock_holder *holders = NULL;
	size_t count = 0;
	char *text;

	zinc_flock_holders(path, &holders, &count);
	text = zinc_holders_inline(holders, count);
	free(holders);
	return text;
}
