// SPDX-License-Identifier: MIT
/*
 * What /proc knows of a process.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* The words of a command line, a NUL behind each; Return: their bytes, at most @size */
static size_t read_words(pid_t pid, char *words, size_t size)
{
	char path[32];
	ssize_t n;
	int fd;

	if (pid <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read_full(fd, words, size);
	close(fd);
	return n < 0 ? 0 : n;
}

bool proc_command(pid_t pid, char *text, size_t size)
{
	size_t i, n = read_words(pid, text, size - 1);

	for (i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return n > 0;
}

bool proc_program(pid_t pid, char *text, size_t size)
{
	char path[PATH_MAX], *base;

	path[read_words(pid, path, sizeof(path) - 1)] = '\0';
	base = strrchr(path, '/');
	snprintf(text, size, "%s", base ? base + 1 : path);
	return *text;
}
