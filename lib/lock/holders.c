// SPDX-License-Identifier: MIT
/* Holders of locks: from files to processes to text. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/internal.h"

static_assert(sizeof(struct zinc_lock_holder) == ZINC_LOCK_HOLDER_SIZE_V1,
	      "has grown: its first version has not");

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

/* One that moves the cursor, or makes a line: of ASCII, and U+0080 to U+009F */
static bool is_control(const char *at, size_t n)
{
	const unsigned char *c = (const unsigned char *)at;

	return n == 1 ? *c < 0x20 || *c == 0x7f : *c == 0xc2 && c[1] < 0xa0;
}

/* @n bytes of one character, in a form that is safe to show; bytes of that */
static size_t show(char *to, const char *from, size_t n)
{
	size_t i, length = 0;

	if (!*from) {
		*to = ' ';
		return 1;
	}
	if (!is_control(from, n)) {
		memcpy(to, from, n);
		return n;
	}
	for (i = 0; i < n; i++)
		length += (size_t)sprintf(to + length, "\\x%02x",
					  (unsigned char)from[i]);
	return length;
}

/**
 * zinc_cmdline_cut() - /proc/PID/cmdline as it is shown
 * @raw: of it, NULs between the arguments
 * @length: bytes of it
 * @text: gets it: NULs become spaces, those at the end go, control characters
 *	become \xNN, and what is behind 100 characters becomes an ellipsis
 * @size: bytes of @text
 */
void zinc_cmdline_cut(const char *raw, size_t length, char *text, size_t size)
{
	size_t characters = 0, in = 0, out = 0, n, shown;
	char safe[8 + 1];

	while (length && (raw[length - 1] == '\0' || raw[length - 1] == ' '))
		length--;
	if (!length) {
		snprintf(text, size, NO_CMDLINE);
		return;
	}
	while (in < length) {
		n = character(raw + in, length - in);
		shown = show(safe, raw + in, n);
		/* an escape is as many characters as it has bytes */
		characters += is_control(raw + in, n) && raw[in] ? shown : 1;
		if (characters > ZINC_CMDLINE_CHARACTERS ||
		    out + shown + sizeof(ELLIPSIS) > size)
			break;
		memcpy(text + out, safe, shown);
		in += n;
		out += shown;
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

static void describe(int32_t pid, struct zinc_lock_holder *holder)
{
	char raw[CMDLINE_BYTES];
	size_t length = read_cmdline(pid, raw, sizeof(raw));

	memset(holder, 0, sizeof(*holder));
	holder->pid = pid;
	zinc_cmdline_cut(raw, length, holder->cmdline,
			 sizeof(holder->cmdline));
}

int32_t zinc_holder_describe(int32_t pid, struct zinc_lock_holder *holder,
			     size_t size)
{
	struct zinc_lock_holder known;

	if (!holder || !zinc_size_is_valid(size, ZINC_LOCK_HOLDER_SIZE_V1))
		return -EINVAL;
	describe(pid, &known);
	zinc_struct_out(holder, size, &known, sizeof(known));
	return 0;
}

/* @pid 0: the process that took it is all that is known */
static void describe_pid(const struct zinc_pid *pid,
			 struct zinc_lock_holder *holder)
{
	describe(pid->pid, holder);
	holder->mode = pid->mode;
	holder->taken_by = pid->taken_by;
	if (!pid->pid && pid->taken_by)
		snprintf(holder->cmdline, sizeof(holder->cmdline),
			 "<taken by pid %d, which has ended>", pid->taken_by);
}

static int describe_all(const struct zinc_pids *pids,
			struct zinc_lock_holder **holders, size_t *count,
			size_t entry_size)
{
	struct zinc_lock_holder *array;
	size_t i;

	if (!pids->count)
		return 0;
	array = calloc(pids->count, sizeof(*array));
	for (i = 0; array && i < pids->count; i++)
		describe_pid(&pids->list[i], &array[i]);
	*holders = zinc_array_out(array, pids->count, sizeof(*array),
				  entry_size);
	if (!*holders)
		return -ENOMEM;
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
			      size_t *counts, size_t entry_size)
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
	}
	if (!zinc_stride_is_valid(entry_size, ZINC_LOCK_HOLDER_SIZE_V1))
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!paths[i])
			return -EINVAL;
	needles = calloc(n, sizeof(*needles));
	pids = calloc(n, sizeof(*pids));
	if (needles && pids)
		err = find_needles(paths, n, needles);
	if (!err)
		/* one file that is asked for alone may well be locked */
		err = zinc_pids_search(needles, n, n == 1, pids);
	for (i = 0; i < n && !err; i++)
		err = describe_all(&pids[i], &holders[i], &counts[i],
				   entry_size);
	if (err)
		free_all(holders, counts, n);
	zinc_pids_free(pids, n);
	free(needles);
	return err;
}

int32_t zinc_flock_holders(const char *path,
			   struct zinc_lock_holder **holders, size_t *count,
			   size_t entry_size)
{
	return zinc_flock_holders_of(&path, 1, holders, count, entry_size);
}

void zinc_holders_free(struct zinc_lock_holder *holders)
{
	free(holders);
}

static char *join(const struct zinc_lock_holder *holders, size_t count,
		  size_t entry_size, const char *before, const char *between)
{
	const char *at = (const char *)holders;
	const struct zinc_lock_holder *holder;
	size_t length, i;
	char *text;
	FILE *out;

	out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	for (i = 0; i < count; i++, at += entry_size) {
		holder = (const struct zinc_lock_holder *)at;
		fprintf(out, "%s%spid=%d cmd=%s", i ? between : "", before,
			holder->pid, holder->cmdline);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

char *zinc_holders_format(const struct zinc_lock_holder *holders, size_t count,
			  size_t entry_size)
{
	if (!zinc_stride_is_valid(entry_size, ZINC_LOCK_HOLDER_SIZE_V1) ||
	    (count && !holders))
		return NULL;
	return count ? join(holders, count, entry_size, "  ", "\n") :
		       strdup(NO_HOLDERS);
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
	return count ? join(holders, count, sizeof(*holders), "", ", ") :
		       strdup("a process that is not visible here");
}
