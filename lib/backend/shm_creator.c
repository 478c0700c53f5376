// SPDX-License-Identifier: MIT
/*
 * Find out by its pid whether the creator of a POSIX region is alive.
 *
 * This is for regions of other libraries and of older versions of this one, which
 * have no locks. A pid is valid only in its pid namespace, and the header does not
 * name the namespace. So an unused pid does not prove that the creator is dead,
 * unless all processes of the machine are visible and none of them has this pid in
 * any namespace.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/shm.h"

#define PROC			"/proc"
/* The kernel's number of the first pid namespace, PROC_PID_INIT_INO */
#define FIRST_NAMESPACE		0xEFFFFFFCU
#define STATUS_SIZE		4096

/* Read /proc/@process/status. Return: whether that succeeded. */
static bool read_status(const char *process, char text[STATUS_SIZE])
{
	char path[sizeof(PROC) + 280];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), PROC "/%s/status", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, STATUS_SIZE - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/* A zombie has ended, and only waits for its parent. */
static bool has_ended(const char *status)
{
	const char *state = strstr(status, "\nState:\t");

	return state && (state[8] == 'Z' || state[8] == 'X');
}

/* Return: whether the process has @pid in any of its pid namespaces. */
static bool has_pid(const char *status, int32_t pid)
{
	const char *line = strstr(status, "\nNSpid:");
	char *end;

	if (!line)
		return true;	/* it may */
	line += strlen("\nNSpid:");
	while (*line == '\t') {
		if (strtol(line + 1, &end, 10) == pid)
			return true;
		line = end;
	}
	return false;
}

/* Return: whether /proc shows every process of the machine. */
static bool sees_all(void)
{
	struct stat st;

	/* hidepid= hides other users' processes, such as the first process */
	return !stat(PROC "/self/ns/pid", &st) && st.st_ino == FIRST_NAMESPACE &&
	       !access(PROC "/1/status", R_OK);
}

static bool is_number(const char *text)
{
	return isdigit((unsigned char)*text);
}

/* Return: whether no process has this pid, in any namespace. */
static bool is_nobodys(int32_t pid)
{
	char status[STATUS_SIZE];
	struct dirent *entry;
	bool nobodys = true;
	DIR *dir;

	if (!sees_all())
		return false;
	dir = opendir(PROC);
	if (!dir)
		return false;
	while (nobodys && (entry = readdir(dir))) {
		if (!is_number(entry->d_name) ||
		    !read_status(entry->d_name, status))
			continue;
		nobodys = has_ended(status) || !has_pid(status, pid);
	}
	closedir(dir);
	return nobodys;
}

/* Return: whether a process of this namespace has this pid. */
static bool is_running(int32_t pid)
{
	char status[STATUS_SIZE], process[16];

	if (kill(pid, 0) && errno == ESRCH)
		return false;
	snprintf(process, sizeof(process), "%d", (int)pid);
	return !read_status(process, status) || !has_ended(status);
}

/**
 * zinc_creator_fate() - find out by its pid whether a creator is alive
 * @pid: from a header
 *
 * Return: ZINC_CREATOR_LIVES, as far as the pid tells: it may have been reused;
 * ZINC_CREATOR_DIED; ZINC_CREATOR_UNKNOWN, which must not count as dead.
 */
enum zinc_creator_fate zinc_creator_fate(int32_t pid)
{
	enum zinc_creator_fate fate = ZINC_CREATOR_UNKNOWN;
	int saved = errno;

	if (pid > 0 && is_running(pid))
		fate = ZINC_CREATOR_LIVES;
	else if (pid > 0 && is_nobodys(pid))
		fate = ZINC_CREATOR_DIED;
	errno = saved;
	return fate;
}
