// SPDX-License-Identifier: MIT
/*
 * zinc create
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char help[] =
"usage: zinc create [OPTION...] NAME SIZE\n"
"\n"
"Makes a region of SIZE bytes, says so, and holds it until it is interrupted\n"
"(SIGINT, SIGTERM, SIGHUP). SIZE is a multiple of the page size and may end in\n"
"K, M, G or T, powers of 1024.\n"
"\n"
"  -m, --mode=MODE      permission bits in octal, within 0666; 0600 if not given\n"
"  -l, --lifetime=LIFE  refs      until the last handle is closed (if not given)\n"
"                       creator   its name goes when this command ends\n"
"                       persist   until 'zinc rm NAME': the command ends at once\n"
"  -z, --lazy           memory comes with the first touch, not now\n"
"  -r, --replace        take the name from the region that has it\n"
"  -h, --help           this text\n"
"\n"
"Exit status: 0 made, and closed when interrupted; 2 wrong usage; 3 failed.\n";

static bool parse_lifetime(const char *text, uint32_t *lifetime)
{
	uint32_t i;

	for (i = ZINC_LIVES_REFS; i <= ZINC_LIVES_PERSIST; i++) {
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
				 "'%s' is no size: bytes in decimal, or with a suffix K, M, G or T",
				 text);
	case -ERANGE:
		return cli_usage(command, "the size %s is past 64 bits", text);
	}
	if (!*capacity)
		return cli_usage(command, "a region cannot have 0 bytes");
	if (*capacity > UINTPTR_MAX)
		return cli_usage(command, "the size %s is past what can be addressed",
				 text);
	if (!(*capacity % page))
		return 0;
	up = *capacity - *capacity % page;
	if (up > UINT64_MAX - page)
		return cli_usage(command, "the size %s is no multiple of the page size, %llu",
				 text, (unsigned long long)page);
	return cli_usage(command,
			 "the size %s is no multiple of the page size, %llu; the next is %llu",
			 text, (unsigned long long)page,
			 (unsigned long long)up + page);
}

static int create(const char *name, uint64_t capacity,
		  const struct zinc_options *settings)
{
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
		return cli_fail("create", name, err);
	printf("%s: %s of %s, mode %04o, lifetime %s\n", name,
	       format_size(capacity, text),
	       backend_name(zinc_backend(handle)),
	       settings->mode ? settings->mode : 0600,
	       lifetime_name(settings->lifetime));
	if (cli_flush() || settings->lifetime == ZINC_LIVES_PERSIST)
		goto out_close;
	if (isatty(STDERR_FILENO))
		fputs("zinc: held until interrupted (Ctrl-C)\n", stderr);
	while (sigwait(&ends, &number))
		;
out_close:
	zinc_close(handle);
	return CLI_OK;
}

int cmd_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "lifetime", required_argument, NULL, 'l' },
		{ "lazy", no_argument, NULL, 'z' },
		{ "replace", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct zinc_options settings = { .size = sizeof(settings) };
	uint64_t capacity;
	int c;

	while ((c = getopt_long(argc, argv, "m:l:zrh", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			if (parse_mode(optarg, &settings.mode))
				return cli_usage(argv[0],
						 "'%s' is no mode: octal, within 0666, not 0",
						 optarg);
			break;
		case 'l':
			if (!parse_lifetime(optarg, &settings.lifetime))
				return cli_usage(argv[0],
						 "'%s' is no lifetime: refs, creator or persist",
						 optarg);
			break;
		case 'z':
			settings.flags |= ZINC_LAZY;
			break;
		case 'r':
			settings.flags |= ZINC_REPLACE;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (argc - optind != 2)
		return cli_usage(argv[0], "wants a name and a size");
	if (!cli_name(argv[0], argv[optind]) ||
	    parse_capacity(argv[0], argv[optind + 1], &capacity))
		return CLI_USAGE;
	return create(argv[optind], capacity, &settings);
}
