// SPDX-License-Identifier: MIT
/*
 * zinc: list, make, fill and watch shared memory regions.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *operands;
	const char *summary;
} commands[] = {
	{ "ls", cmd_ls, "", "list the regions" },
	{ "stat", cmd_stat, "NAME", "describe one region" },
	{ "create", cmd_create, "NAME SIZE", "create a region and hold it" },
	{ "rm", cmd_rm, "NAME... | --stale", "remove the names of regions" },
	{ "write", cmd_write, "NAME [FILE]", "write to a region or stream" },
	{ "read", cmd_read, "NAME", "copy a region, or frames of a stream" },
	{ "notify", cmd_notify, "NAME", "notify a region: wake its waiters" },
	{ "wait", cmd_wait, "NAME", "wait for a notify, or for a name" },
	{ "export", cmd_export, "NAME -- COMMAND", "pass a region's dma-buf to a command" },
	{ "show", cmd_show, "NAME --size WxH", "display a region" },
	{ "lock", cmd_lock, "OPTION... -- COMMAND", "hold a lock while a command runs" },
	{ "locks", cmd_locks, "", "list the holders of GPUs, CPUs, caches" },
	{ "top", cmd_top, "", "monitor the regions" },
	{ "doctor", cmd_doctor, "", "check the installation, print remedies" },
};

static void print_help(FILE *out)
{
	size_t i;

	fputs("usage: zinc COMMAND [OPTION...] [OPERAND...]\n"
	      "\n"
	      "Named shared memory regions, from the command line.\n"
	      "\n", out);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-7s%-22s%s\n", commands[i].name,
			commands[i].operands, commands[i].summary);
	fputs("\n"
	      "  zinc help COMMAND, zinc COMMAND --help   help for a command\n"
	      "  zinc --version                           versions\n"
	      "\n"
	      "Environment: ZINC_BACKEND=kmod or shm selects the kernel module or POSIX shared\n"
	      "memory; auto, the default, the kernel module if /dev/zinc exists. NO_COLOR\n"
	      "disables colour.\n"
	      "Exit status: 0 done; 1 \"no\" (wait: timed out, doctor: something fails);\n"
	      "2 usage error; 3 failed; 75 locked by another process (lock).\n", out);
}

/*
 * A closed standard descriptor would be given to the next file opened, maybe
 * a region, and messages would be written there. Use of these gives EBADF.
 */
static void open_standard(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

static int run(const struct command *command, int argc, char **argv)
{
	char title[32];

	snprintf(title, sizeof(title), "zinc %s", command->name);
	argv[0] = title;
	return command->run(argc, argv);
}

static void say_unknown(const char *name)
{
	const char *names[ARRAY_SIZE(commands) + 1], *near;
	char *shown = printable(name, NULL);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		names[i] = commands[i].name;
	names[i] = "help";
	near = near_word(name, names, ARRAY_SIZE(names));
	if (near)
		cli_usage("zinc", "unknown command '%s': did you mean '%s'?", shown, near);
	else
		cli_usage("zinc", "unknown command '%s'; 'zinc help' lists them", shown);
	free(shown);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	say_unknown(name);
	return NULL;
}

static bool asks_for_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int show_help(int argc, char **argv)
{
	char option[] = "--help", *args[] = { NULL, option, NULL };
	const struct command *command;

	if (argc < 2 || asks_for_help(argv[1])) {
		print_help(stdout);
		return CLI_OK;
	}
	command = find(argv[1]);
	return command ? run(command, 2, args) : CLI_USAGE;
}

static int version(void)
{
	uint32_t v = zinc_version();

	printf("zinc %s (region format %u, library ABI %u)\n",
	       ZINC_CLI_VERSION, v >> 16, v & 0xffff);
	return CLI_OK;
}

int main(int argc, char **argv)
{
	const struct command *command;

	open_standard();
	/* before the locale, which takes 16 system calls */
	if (argc > 1 && (!strcmp(argv[1], "--version") ||
			 !strcmp(argv[1], "-V")))
		return cli_finish(version());
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (asks_for_help(argv[1]))
		return cli_finish(show_help(argc - 1, argv + 1));
	if (argv[1][0] == '-')
		return cli_usage("zinc", "unknown option '%s'", argv[1]);
	command = find(argv[1]);
	if (!command)
		return CLI_USAGE;
	return cli_finish(run(command, argc - 1, argv + 1));
}
