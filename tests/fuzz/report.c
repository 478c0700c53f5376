// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's log: a warning or worse is a finding, except for the few that
 * are not a module's fault.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static int kmsg = -1;

void report_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	kmsg = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	if (kmsg < 0) {
		perror("/dev/kmsg");
		exit(2);
	}
	close(fd);
	lseek(kmsg, 0, SEEK_END);
}

static bool is_allowed(const char *text)
{
	static const char * const allowed[] = {
		"uses deprecated remap_file_pages",
		"attempted to duplicate a private mapping with mremap",
		"Attempt to set a LOCK_MAND lock",
		"hrtimer: interrupt took",
		"perf: interrupt took too long",
		"clocksource: ",
	};
	unsigned int i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strstr(text, allowed[i]))
			return true;
	return false;
}

/*
 * The first such line since the last call; the rest is read over. That takes
 * little time when there is nothing, so that it can follow each program.
 */
bool report_found(char *line, size_t size)
{
	char record[8192];
	bool found = false;
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0) {
		unsigned long priority;
		char *text;

		record[n] = 0;
		priority = strtoul(record, NULL, 10);
		text = strchr(record, ';');
		if (found || !text || priority > 4 || is_allowed(text))
			continue;
		text[strcspn(text, "\n")] = 0;
		/* rulers and empty lines head a report: not its name */
		if (strspn(text + 1, "= -") == strlen(text + 1))
			continue;
		snprintf(line, size, "%s", text + 1);
		found = true;
	}
	return found;
}
