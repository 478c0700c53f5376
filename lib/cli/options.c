// SPDX-License-Identifier: MIT
/*
 * Options, from a table that the help text is made of, too.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define OPTIONS_MAX	16
#define GAP		3	/* spaces between an option and what it does */

static const struct cli_option help_option = {
	.key = 'h', .name = "help", .help = "show this help",
};

/* "  -t, --timeout=MS", or only how long that is where @out is NULL */
static int put_option(FILE *out, const struct cli_option *option)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "  -%c, --%s%s%s", option->key,
			 option->name, option->argument ? "=" : "",
			 option->argument ? option->argument : "");

	if (out)
		fputs(text, out);
	return n;
}

/* With the lines of what it does below each other, at column @at */
static void help_on(const struct cli_option *option, int at)
{
	const char *line = option->help;
	int used = put_option(stdout, option), length;

	for (;;) {
		length = strcspn(line, "\n");
		printf("%*s%.*s\n", at - used, "", length, line);
		if (!line[length])
			return;
		line += length + 1;
		used = 0;
	}
}

static void print_help(const struct cli_syntax *syntax)
{
	int at = put_option(NULL, &help_option), used;
	size_t i;

	for (i = 0; i < syntax->count; i++) {
		used = put_option(NULL, &syntax->options[i]);
		if (used > at)
			at = used;
	}
	at += GAP;
	printf("usage: %s\n\n%s\n\n", syntax->usage, syntax->about);
	for (i = 0; i < syntax->count; i++)
		help_on(&syntax->options[i], at);
	help_on(&help_option, at);
	printf("\n%s\n", syntax->end);
}

/* Return: 0, or CLI_USAGE after a message */
static int set(const char *command, const struct cli_option *option,
	       void *settings)
{
	void *member = (char *)settings + option->at;
	char *shown;
	int err;

	if (!option->argument) {
		*(bool *)member = true;
		return 0;
	}
	if (!option->parse) {
		*(const char **)member = optarg;
		return 0;
	}
	err = option->parse(optarg, member);
	if (err >= 0)
		return err;
	shown = printable(optarg, NULL);
	cli_usage(command, "invalid %s '%s': expected %s",
		  option->noun ? option->noun : option->name, shown,
		  option->expected);
	free(shown);
	return CLI_USAGE;
}

static const struct cli_option *find(const struct cli_syntax *syntax, int key)
{
	size_t i;

	for (i = 0; i < syntax->count; i++)
		if (syntax->options[i].key == key)
			return &syntax->options[i];
	return NULL;
}

/* What getopt_long() wants to know of @option */
static char *add(const struct cli_option *option, struct option *name,
		 char *keys)
{
	name->name = option->name;
	name->val = option->key;
	*keys++ = option->key;
	if (option->argument) {
		name->has_arg = required_argument;
		*keys++ = ':';
	}
	return keys;
}

int cli_options(int argc, char **argv, const struct cli_syntax *syntax,
		void *settings)
{
	struct option names[OPTIONS_MAX + 2] = { 0 };
	char keys[2 * OPTIONS_MAX + 3] = "", *end = keys;
	const struct cli_option *option;
	size_t i;
	int c;

	/* otherwise options may be behind operands */
	if (syntax->stop_at_operand)
		*end++ = '+';
	for (i = 0; i < syntax->count && i < OPTIONS_MAX; i++)
		end = add(&syntax->options[i], &names[i], end);
	add(&help_option, &names[i], end);
	while ((c = getopt_long(argc, argv, keys, names, NULL)) != -1) {
		if (c == help_option.key) {
			print_help(syntax);
			return CLI_OK;
		}
		option = find(syntax, c);
		if (!option)
			return cli_usage(argv[0], NULL);
		if (set(argv[0], option, settings))
			return CLI_USAGE;
	}
	if (syntax->no_operands && optind < argc)
		return cli_usage(argv[0], "takes no operand: '%s'",
				 argv[optind]);
	return CLI_RUN;
}

int option_size(const char *text, void *member)
{
	return parse_size(text, member);
}

int option_seconds(const char *text, void *member)
{
	return parse_seconds(text, member);
}

int option_mode(const char *text, void *member)
{
	return parse_mode(text, member);
}

int option_u32(const char *text, void *member)
{
	return parse_number(text, UINT32_MAX, member);
}

int option_count(const char *text, void *member)
{
	uint64_t *count = member;
	int err = parse_number(text, UINT32_MAX, count);

	return !err && !*count ? -ERANGE : err;
}
