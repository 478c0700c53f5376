// SPDX-License-Identifier: MIT
/*
 * zinc create
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static bool parse_lifetime(const char *text, uint32_t *lifetime)
{
	uint32_t i;

	for (i = ZINC_LIFETIME_REFS; i <= ZINC_LIFETIME_PERSIST; i++) {
		if (strcmp(text, lifetime_name(i)))
			continue;
		*lifetime = i;
		return true;
	}
	return false;
}

/* Return: 0, or CLI_USAGE after a message */
static int parse_capacity(const char *command, const char *text,
			  uint64_t *capacity)
{
	uint64_t page = sysconf(_SC_PAGESIZE), up;

	switch (parse_size(text, capacity)) {
	case -EINVAL:
		return cli_usage(command,
				 "invalid size '%s': expected bytes, or a number with K, M, G or T",
				 text);
	case -ERANGE:
		return cli_usage(command, "invalid size '%s': expected less than 2^64 bytes",
				 text);
	}
	if (!*capacity)
		return cli_usage(command, "invalid size '%s': expected more than 0 bytes",
				 text);
	if (*capacity > UINTPTR_MAX)
		return cli_usage(command,
				 "invalid size '%s': expected no more than can be addressed",
				 text);
	if (!(*capacity % page))
		return 0;
	up = *capacity - *capacity % page;
	if (up > UINT64_MAX - page)
		return cli_usage(command,
				 "invalid size '%s': expected a multiple of the page size, %llu",
				 text, (unsigned long long)page);
	return cli_usage(command,
			 "invalid size '%s': expected a multiple of the page size (%llu): %llu",
			 text, (unsigned long long)page,
			 (unsigned long long)up + page);
}

static int create(const char *name, uint64_t capacity,
		  const struct zinc_options *settings)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	char text[SIZE_TEXT];
	zinc_handle handle;
	sigset_t old, ends;
	int32_t err;
	int number;

	/* so that a signal finds either no region or one that gets closed */
	cli_block_signals(&old);
	cli_ending_signals(&ends);
	signal(SIGPIPE, SIG_IGN);
	err = zinc_create_with(name, capacity, settings, &handle);
	if (err)
		return cli_fail_create(name, err, capacity);
	/* ZINC_LIFETIME may have set it */
	info.lifetime = settings->lifetime;
	zinc_info(handle, &info);
	printf("%s: %s of %s, mode %04o, lifetime %s\n", name,
	       format_size(capacity, text),
	       backend_name(zinc_backend(handle)),
	       settings->mode ? settings->mode : 0600,
	       lifetime_name(info.lifetime));
	if (cli_flush() || info.lifetime == ZINC_LIFETIME_PERSIST)
		goto out_close;
	if (isatty(STDERR_FILENO))
		fputs("zinc: held until interrupted (Ctrl-C)\n", stderr);
	while (sigwait(&ends, &number))
		;
out_close:
	zinc_close(handle);
	return CLI_OK;
}

struct how {
	uint32_t mode;
	uint32_t lifetime;
	bool lifetime_given;
	bool lazy;
	bool contiguous;
	bool page_layout;
	bool replace;
};

static int option_lifetime(const char *text, void *member)
{
	struct how *how = member;

	if (!parse_lifetime(text, &how->lifetime))
		return -EINVAL;
	how->lifetime_given = true;
	return 0;
}

static const struct cli_option options[] = {
	{ .key = 'm', .name = "mode", .argument = "MODE",
	  .help = "permission bits in octal, within 0666; default 0600",
	  .at = offsetof(struct how, mode), .parse = option_mode,
	  .expected = "octal permission bits within 0666, not 0" },
	{ .key = 'l', .name = "lifetime", .argument = "LIFE",
	  .help = "when the region is removed:\n"
		  "refs     when the last handle is closed (the default,\n"
		  "         unless ZINC_LIFETIME is set)\n"
		  "creator  when this command ends\n"
		  "persist  by 'zinc rm NAME'; this command ends at once",
	  .parse = option_lifetime, .expected = "refs, creator or persist" },
	{ .key = 'z', .name = "lazy",
	  .help = "allocate memory at the first access, not now",
	  .at = offsetof(struct how, lazy) },
	{ .key = 'c', .name = "contiguous",
	  .help = "physically contiguous blocks of a huge page (2 MiB), for\n"
		  "devices without an IOMMU; needs the kernel module",
	  .at = offsetof(struct how, contiguous) },
	{ .key = 'P', .name = "page-layout",
	  .help = "on POSIX shared memory, begin the data one page after the\n"
		  "header, as the newest version of another Zinc does",
	  .at = offsetof(struct how, page_layout) },
	{ .key = 'r', .name = "replace",
	  .help = "take the name from the region that has it",
	  .at = offsetof(struct how, replace) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc create [OPTION...] NAME SIZE",
	.about =
"Creates a region of SIZE bytes, prints a line, and holds the region until it is\n"
"interrupted (SIGINT, SIGTERM or SIGHUP). SIZE is a multiple of the page size and\n"
"may end in K, M, G or T, powers of 1024.",
	.end = "Exit status: 0 created, and closed when interrupted; 2 usage error; 3 failed.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_create(int argc, char **argv)
{
	struct zinc_options settings = { .size = sizeof(settings) };
	struct how how = { 0 };
	uint64_t capacity;
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (argc - optind != 2)
		return cli_usage(argv[0], "expected a name and a size");
	if (how.lazy && how.contiguous)
		return cli_usage(argv[0],
				 "both --lazy and --contiguous: expected one of them");
	if (!cli_name(argv[0], argv[optind]) ||
	    parse_capacity(argv[0], argv[optind + 1], &capacity))
		return CLI_USAGE;
	/* the option overrides it */
	if (how.lifetime_given)
		unsetenv("ZINC_LIFETIME");
	settings.mode = how.mode;
	settings.lifetime = how.lifetime;
	settings.flags = (how.lazy ? ZINC_LAZY : 0) |
			 (how.contiguous ? ZINC_CONTIGUOUS : 0) |
			 (how.page_layout ? ZINC_PAGE_LAYOUT : 0) |
			 (how.replace ? ZINC_REPLACE : 0);
	return create(argv[optind], capacity, &settings);
}
