// SPDX-License-Identifier: MIT
/*
 * What /proc knows of a process.
 */
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"

bool proc_command(pid_t pid, char *text, size_t size)
{
	char path[32];
	ssize_t i, n;
	int fd;

	text[0] = '\0';
	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read_full(fd, text, size - 1);
	close(fd);
	if (n < 0)
		n = 0;
	for (i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return n > 0;
}
