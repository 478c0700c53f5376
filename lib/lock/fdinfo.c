// SPDX-License-Identifier: MIT
/*
 * Find the processes that hold a lock, by their descriptors.
 *
 * /proc/locks names the process that took a lock. That process may have passed the
 * lock on and exited (exec 9>FILE; flock 9), and its pid may have been reused. In a
 * pid namespace such a lock is not listed. The fdinfo of a descriptor lists the
 * locks of its file description, whichever process took them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/internal.h"
#include "lock/internal.h"

#define LOCK_PREFIX	"lock:"
/* from linux/stat.h, which conflicts with libc's header */
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

/* the locks are at the beginning; later lines may be long */
#define FDINFO_SIZE	4096
/* inode of the initial pid namespace in every kernel (PROC_PID_INIT_INO) */
#define FIRST_NAMESPACE	"pid:[4026531836]"
/* attempts, since a lock may change its holder in between */
#define LOOKS		3
/* checks whether a lock is held all the time, and the interval between them */
#define MOMENTS		2
#define MOMENT_NS	50000L

/*
 * Reading a descriptor in /proc keeps its file open for a moment. If the holder
 * closes the file in that moment, its lock lasts until the end of the read, and
 * another process may find it busy. The moment is short for the link, and longer
 * for fdinfo. Therefore:
 *  - /proc/locks is believed for a process that runs, or that takes and releases
 *    the lock, since it may close the file at any time;
 *  - a process that sleeps is a holder if it has the file open;
 *  - fdinfo is read only to find the processes to which a lock was passed on.
 */
enum how { HAS_IT_OPEN, HAS_ITS_LOCK };

/*
 * struct search - a search for the processes that hold locks on files
 * @needles: the files
 * @n: number of files
 * @listed: per file: the processes in /proc/locks
 * @found: per file: the processes that hold the lock
 * @again: per file: the processes in /proc/locks a moment later
 * @lost: per file: the processes that took the lock and no longer hold it
 * @is_locked: the files are locked, even if no process is listed
 */
struct search {
	const struct zinc_needle *needles;
	size_t n;
	struct zinc_pids *listed;
	struct zinc_pids *found;
	struct zinc_pids *again;
	struct zinc_pids *lost;
	bool is_locked;
};

/* Read the locks of one descriptor; 0; -ENOMEM, -EMFILE, -ENFILE */
static int read_fdinfo(int32_t pid, const char *name,
		       const struct zinc_needle *needles, size_t n,
		       struct zinc_pids *found)
{
	char text[FDINFO_SIZE], path[64], *line, *end;
	ssize_t length;
	int fd, err = 0;

	snprintf(path, sizeof(path), ZINC_PROC "/%d/fdinfo/%.20s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return zinc_is_shortage(-errno) ? -errno : 0;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length < 0)
		return 0;
	text[length] = '\0';
	for (line = text; !err && line && *line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (strncmp(line, LOCK_PREFIX, strlen(LOCK_PREFIX)))
			continue;
		line += strlen(LOCK_PREFIX);
		line += strspn(line, "\t ");
		err = zinc_locks_line(line, end ? end : line + strlen(line),
				      needles, n, pid, found);
	}
	return err;
}

/* Find the file of a descriptor; @n if it is none of the files */
static size_t which(int dir, const char *name, const struct zinc_needle *needles,
		    size_t n)
{
	struct stat st;
	size_t i;

	/* skip other file systems: a network server may not answer */
	if (fstatat(dir, name, &st, AT_STATX_DONT_SYNC))
		return n;
	for (i = 0; i < n; i++)
		if (needles[i].text[0] && needles[i].dev == st.st_dev &&
		    needles[i].ino == st.st_ino)
			break;
	return i;
}

/* Search one process; 0, also if it has ended; -EACCES; -ENOMEM, ... */
static int look_at(int32_t pid, enum how how, const struct zinc_needle *needles,
		   size_t n, struct zinc_pids *found)
{
	const struct zinc_pid has = { .pid = pid };
	struct dirent *entry;
	char path[64];
	int err = 0;
	DIR *dir;
	size_t i;

	snprintf(path, sizeof(path), ZINC_PROC "/%d/fd", pid);
	dir = opendir(path);
	if (!dir) {
		if (errno == EACCES || errno == EPERM)
			return -EACCES;
		return zinc_is_shortage(-errno) ? -errno : 0;
	}
	while (!err && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		i = which(dirfd(dir), entry->d_name, needles, n);
		if (i == n)
			continue;
		if (how == HAS_IT_OPEN)
			err = zinc_pids_add(&found[i], &has);
		else
			err = read_fdinfo(pid, entry->d_name, needles, n, found);
	}
	closedir(dir);
	return err;
}

static int look_at_all(const struct zinc_needle *needles, size_t n,
		       struct zinc_pids *found)
{
	DIR *dir = opendir(ZINC_PROC);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		err = look_at((int32_t)strtol(entry->d_name, NULL, 10),
			      HAS_ITS_LOCK, needles, n, found);
		if (err == -EACCES)
			err = 0;
	}
	closedir(dir);
	return err;
}

static void empty(struct zinc_pids *pids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		pids[i].count = 0;
}

static size_t count(const struct zinc_pids *pids, size_t n)
{
	size_t all = 0;

	while (n--)
		all += pids[n].count;
	return all;
}

static int read_locks(const struct search *s, struct zinc_pids *listed)
{
	size_t length;
	char *text;
	int err;

	empty(listed, s->n);
	err = zinc_read_whole(ZINC_PROC "/locks", &text, &length);
	if (err)
		return err;
	err = zinc_locks_find(text, length, s->needles, s->n, listed);
	free(text);
	return err;
}

/* The state of a process, as in ps(1); 0 if there is no such process */
static char state_of(int32_t pid)
{
	char text[512], path[64], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), ZINC_PROC "/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	/* the process name, before the state, may contain any character */
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : 0;
}

/* Check a process that is listed repeatedly for file @i: does it hold the lock? */
static int check(const struct search *s, size_t i, const struct zinc_pid *pid)
{
	struct zinc_pids open = {};
	char state = state_of(pid->pid);
	int err;

	if (state == 'R' && !s->is_locked)
		return zinc_pids_add(&s->found[i], pid);
	err = look_at(pid->pid, HAS_IT_OPEN, &s->needles[i], 1, &open);
	/* another user's process: rely on /proc/locks */
	if (err == -EACCES || open.count)
		err = zinc_pids_add(&s->found[i], pid);
	else if (!err)
		err = zinc_pids_add(&s->lost[i], pid);
	free(open.list);
	return err;
}

/* Processes that are no longer listed are holders that come and go */
static int let_settle(const struct search *s)
{
	const struct timespec moment = { .tv_nsec = MOMENT_NS };
	size_t i, j;
	int err;

	nanosleep(&moment, NULL);
	err = read_locks(s, s->again);
	for (i = 0; i < s->n && !err; i++)
		for (j = 0; j < s->listed[i].count && !err; j++)
			if (!zinc_pids_find(&s->again[i],
					    s->listed[i].list[j].pid))
				err = zinc_pids_add(&s->found[i],
						    &s->listed[i].list[j]);
	return err;
}

static int look_once(const struct search *s)
{
	int moments = MOMENTS, err;
	size_t i, j;

	empty(s->found, s->n);
	empty(s->lost, s->n);
	err = read_locks(s, s->listed);
	while (!err && count(s->listed, s->n) && moments--)
		err = let_settle(s);
	for (i = 0; i < s->n && !err; i++)
		for (j = 0; j < s->listed[i].count && !err; j++)
			if (!zinc_pids_find(&s->found[i],
					    s->listed[i].list[j].pid))
				err = check(s, i, &s->listed[i].list[j]);
	return err;
}

static bool is_first_namespace(void)
{
	char link[32];
	ssize_t n = readlink(ZINC_PROC "/self/ns/pid", link, sizeof(link) - 1);

	link[n < 0 ? 0 : n] = '\0';
	return n < 0 || !strcmp(link, FIRST_NAMESPACE);
}

/* Find processes to which a lock was passed on, and which did not take it */
static int find_heirs(const struct search *s)
{
	struct zinc_needle *wanted = calloc(s->n, sizeof(*wanted));
	bool hidden = s->is_locked && !is_first_namespace(), any = false;
	size_t *before = calloc(s->n, sizeof(*before));
	int err = wanted && before ? 0 : -ENOMEM;
	size_t i, j;

	for (i = 0; i < s->n && !err; i++) {
		before[i] = s->found[i].count;
		if (!s->lost[i].count && (s->listed[i].count || !hidden))
			continue;
		wanted[i] = s->needles[i];
		any = any || wanted[i].text[0];
	}
	if (!err && any)
		err = look_at_all(wanted, s->n, s->found);
	for (i = 0; i < s->n && !err; i++)
		for (j = before[i]; j < s->found[i].count; j++)
			if (s->lost[i].count)
				s->found[i].list[j].taken_by =
					s->lost[i].list[0].pid;
	free(before);
	free(wanted);
	return err;
}

/* Files that are still locked, but without a known holder */
static int name_lost(const struct search *s)
{
	size_t i, j;
	int err;

	err = read_locks(s, s->listed);
	for (i = 0; i < s->n && !err; i++) {
		for (j = 0; j < s->lost[i].count && !err; j++) {
			struct zinc_pid pid = s->lost[i].list[j];

			if (s->found[i].count ||
			    !zinc_pids_find(&s->listed[i], pid.pid))
				continue;
			pid.taken_by = pid.pid;
			pid.pid = 0;
			err = zinc_pids_add(&s->found[i], &pid);
		}
	}
	return err;
}

static int search(const struct search *s)
{
	int looks = LOOKS;
	int err;

	do {
		err = look_once(s);
	} while (!err && count(s->lost, s->n) && --looks);
	if (!err)
		err = find_heirs(s);
	if (!err && count(s->lost, s->n))
		err = name_lost(s);
	return err;
}

/**
 * zinc_pids_free() - free lists
 * @pids: @n of them, or NULL
 * @n: number of lists
 */
void zinc_pids_free(struct zinc_pids *pids, size_t n)
{
	size_t i;

	for (i = 0; pids && i < n; i++)
		free(pids[i].list);
	free(pids);
}

/**
 * zinc_pids_search() - find the processes that hold locks on files
 * @needles: files
 * @n: number of files
 * @is_locked: the files are locked, even if no process is listed
 * @found: @n empty lists, which get the processes
 *
 * Return: 0; -ENOMEM, -EMFILE, -ENFILE; or the error of reading /proc.
 */
int zinc_pids_search(const struct zinc_needle *needles, size_t n,
		     bool is_locked, struct zinc_pids *found)
{
	struct search s = {
		.needles = needles,
		.n = n,
		.listed = calloc(n, sizeof(*s.listed)),
		.found = found,
		.again = calloc(n, sizeof(*s.again)),
		.lost = calloc(n, sizeof(*s.lost)),
		.is_locked = is_locked,
	};
	int err = -ENOMEM;

	if (s.listed && s.again && s.lost)
		err = search(&s);
	zinc_pids_free(s.listed, n);
	zinc_pids_free(s.again, n);
	zinc_pids_free(s.lost, n);
	return err;
}
