// SPDX-License-Identifier: MIT
/*
 * zinc export
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Return: a descriptor that COMMAND inherits, or a negative errno */
static int export_region(const char *name, bool readonly, uint64_t *size)
{
	uint32_t flags = readonly ? ZINC_RDONLY : 0;
	zinc_handle handle;
	int32_t fd;

	fd = cli_open(name, flags | ZINC_NO_DATA, &handle);
	if (fd) {
		cli_fail("open", name, fd);
		return fd;
	}
	fd = zinc_export_dmabuf(handle, flags);
	*size = zinc_capacity(handle);
	zinc_close(handle);
	if (fd < 0)
		cli_fail("export", name, fd);
	else if (fcntl(fd, F_SETFD, 0))
		fd = -errno;
	return fd;
}

static size_t count_holes(const char *text)
{
	size_t count = 0;

	while ((text = strstr(text, "{}"))) {
		count++;
		text += 2;
	}
	return count;
}

/* @text with @number for each {}; never freed */
static char *fill_holes(const char *text, const char *number)
{
	size_t room = strlen(text) + count_holes(text) * strlen(number) + 1;
	char *filled = xrealloc(NULL, room, 1), *to = filled;
	const char *hole;

	while ((hole = strstr(text, "{}"))) {
		to = mempcpy(to, text, hole - text);
		to = stpcpy(to, number);
		text = hole + 2;
	}
	memcpy(to, text, strlen(text) + 1);
	return filled;
}

static int become(char **command, int fd, uint64_t size)
{
	char number[16], bytes[24];
	size_t i;

	snprintf(number, sizeof(number), "%d", fd);
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)size);
	if (setenv("ZINC_DMABUF_FD", number, 1) ||
	    setenv("ZINC_DMABUF_SIZE", bytes, 1))
		return cli_error("out of memory");
	for (i = 1; command[i]; i++)
		command[i] = fill_holes(command[i], number);
	execvp(command[0], command);
	return cli_error("cannot run %s: %s", command[0], strerror(errno));
}

struct how {
	bool readonly;
};

static const struct cli_option options[] = {
	{ .key = 'r', .name = "read-only",
	  .help = "neither COMMAND nor a device may write by it; DRM drivers\n"
		  "refuse such a dma-buf",
	  .at = offsetof(struct how, readonly) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc export [OPTION...] NAME -- COMMAND [ARGUMENT...]",
	.about =
"Replaces itself by COMMAND, which gets the region's data as a dma-buf: an open\n"
"descriptor, whose number replaces each {} of an ARGUMENT, and is in\n"
"ZINC_DMABUF_FD. ZINC_DMABUF_SIZE is its length in bytes.",
	.end =
"The dma-buf keeps the memory, even if the region loses its name meanwhile.\n"
"Exit status: 0 or that of COMMAND; 2 usage error; 3 COMMAND was not started.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_export(int argc, char **argv)
{
	struct how how = { 0 };
	uint64_t size = 0;
	int status, fd;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (optind == argc)
		return cli_usage(argv[0],
				 "expected a region; 'zinc ls' lists them");
	if (!cli_name(argv[0], argv[optind]))
		return CLI_USAGE;
	if (optind + 1 == argc)
		return cli_usage(argv[0],
				 "expected a command: zinc export %s -- COMMAND",
				 argv[optind]);
	fd = export_region(argv[optind], how.readonly, &size);
	if (fd < 0)
		return CLI_FAILED;
	return become(argv + optind + 1, fd, size);
}
