// SPDX-License-Identifier: MIT
/*
 * zinc: list, make, fill and watch shared memory regions.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *operands;
	const char *summary;
} commands[] = {
	{ "ls", cmd_ls, "", "list the regions" },
	{ "stat", cmd_stat, "NAME", "tell all about one region" },
	{ "create", cmd_create, "NAME SIZE", "make a region and hold it" },
	{ "rm", cmd_rm, "NAME... | --stale", "take names away" },
	{ "write", cmd_write, "NAME [FILE]", "fill a region, and notify" },
	{ "read", cmd_read, "NAME", "copy a region to standard output" },
	{ "notify", cmd_notify, "NAME", "wake all who wait on a region" },
	{ "wait", cmd_wait, "NAME", "wait for a notify" },
	{ "export", cmd_export, "NAME -- COMMAND", "hand a region's dma-buf to a command" },
	{ "show", cmd_show, "NAME --size WxH", "put a region on a display" },
	{ "lock", cmd_lock, "OPTION... -- COMMAND", "hold a lock while a command runs" },
	{ "locks", cmd_locks, "", "who has which GPU, CPU, cache" },
	{ "top", cmd_top, "", "watch the regions live" },
	{ "doctor", cmd_doctor, "", "check the set-up, say what to do" },
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
	      "  zinc help COMMAND, zinc COMMAND --help   tell more\n"
	      "  zinc --version                           versions\n"
	      "\n"
	      "Environment: ZINC_BACKEND=kmod or shm chooses the kernel module or POSIX shared\n"
	      "memory, auto the first that is there; NO_COLOR turns colour off.\n"
	      "Exit status: 0 done; 1 \"no\" (wait: timed out, doctor: something fails);\n"
	      "2 wrong usage; 3 failed; 75 refused (lock).\n", out);
}

int cli_help(const char *text)
{
	fputs(text, stdout);
	return CLI_OK;
}

int cli_usage(const char *command, const char *format, ...)
{
	va_list args;

	if (format) {
		fprintf(stderr, "%s: ", command);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	fprintf(stderr, "Try '%s --help'.\n", command);
	return CLI_USAGE;
}

int cli_error(const char *format, ...)
{
	va_list args;

	fputs("zinc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

/* Whose the region is, for those who may not have it */
static void explain_permission(const char *name)
{
	char user[USER_TEXT], me[USER_TEXT], group[USER_TEXT];
	struct zinc_region_info info = { .size = sizeof(info) };

	if (zinc_backend(NULL) == -EACCES) {
		fputs("zinc: /dev/zinc is there, but you may not open it; see 'zinc doctor'\n",
		      stderr);
		return;
	}
	if (zinc_stat(name, &info))
		return;
	fprintf(stderr,
		"zinc: %s belongs to user %s (uid %u), group %s, mode %04o; you are %s (uid %u)\n",
		name, format_user(info.uid, user), info.uid,
		format_group(info.gid, group), info.mode,
		format_user(geteuid(), me), geteuid());
}

/* Who has the name, for those who wanted to create it */
static void explain_taken(const char *name)
{
	char user[USER_TEXT], age[AGE_TEXT];
	struct zinc_region_info info = { .size = sizeof(info) };

	if (zinc_stat(name, &info))
		return;
	fprintf(stderr,
		"zinc: %s was made %s ago by pid %d of user %s (%s); 'zinc rm %s' or --replace frees the name\n",
		name, format_age(info.created_at, age), info.owner_pid,
		format_user(info.uid, user), region_state(&info), name);
}

int cli_fail(const char *action, const char *name, int32_t error)
{
	cli_error("cannot %s %s: %s", action, name, zinc_strerror(error));
	switch (error) {
	case -EACCES:
	case -EPERM:
		explain_permission(name);
		break;
	case -EEXIST:
		explain_taken(name);
		break;
	case -EDQUOT:
	case -ENOSPC:
		fputs("zinc: 'zinc doctor' shows the limits and how much is used\n",
		      stderr);
		break;
	}
	return CLI_FAILED;
}

static const char name_bytes[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool cli_name(const char *command, const char *name)
{
	size_t length = strspn(name, name_bytes);
	char *shown;

	if (length && !name[length] && length <= ZINC_MAX_NAME)
		return true;
	shown = printable(name, NULL);
	cli_usage(command,
		  "'%s' cannot be a region's name: 1 to %d of a-z A-Z 0-9 _ -",
		  shown, ZINC_MAX_NAME);
	free(shown);
	return false;
}

const char *cli_one_name(int argc, char **argv)
{
	if (optind == argc) {
		cli_usage(argv[0], "which region? 'zinc ls' lists them");
		return NULL;
	}
	if (optind + 1 < argc) {
		cli_usage(argv[0], "one region at a time: '%s' is too many",
			  argv[optind + 1]);
		return NULL;
	}
	return cli_name(argv[0], argv[optind]) ? argv[optind] : NULL;
}

int cli_list(struct zinc_region_info **list, size_t *count)
{
	int32_t err = zinc_list(list, count, sizeof(**list));

	if (!err)
		return CLI_OK;
	cli_error("cannot list the regions: %s", zinc_strerror(err));
	if (err == -EACCES)
		fputs("zinc: 'zinc doctor' tells more\n", stderr);
	return CLI_FAILED;
}

void cli_ending_signals(sigset_t *set)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	size_t i;

	sigemptyset(set);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		sigaction(numbers[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(set, numbers[i]);
	}
}

void cli_block_signals(sigset_t *old)
{
	sigset_t set;

	cli_ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, old);
}

void cli_restore_signals(const sigset_t *old)
{
	sigprocmask(SIG_SETMASK, old, NULL);
}

void *xrealloc(void *old, size_t count, size_t size)
{
	void *new = reallocarray(old, count, size);

	if (new || !count || !size)
		return new;
	exit(cli_error("out of memory"));
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

static int flush_error;

int cli_flush(void)
{
	if (!fflush(stdout))
		return 0;
	flush_error = errno;
	return -1;
}

/* The status to exit with, once it is known whether the output got there */
static int finish(int status)
{
	bool failed = ferror(stdout), pending = __fpending(stdout);

	errno = 0;
	if (fclose(stdout) && (pending || errno != EBADF))
		failed = true;
	if (!failed)
		return status;
	if (flush_error)
		errno = flush_error;
	if (errno)
		return cli_error("cannot write to standard output: %s",
				 strerror(errno));
	return cli_error("cannot write to standard output");
}

static int run(const struct command *command, int argc, char **argv)
{
	char title[32];

	snprintf(title, sizeof(title), "zinc %s", command->name);
	argv[0] = title;
	return command->run(argc, argv);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	cli_usage("zinc", "there is no command '%s'", name);
	return NULL;
}

static int show_help(int argc, char **argv)
{
	char option[] = "--help", *args[] = { NULL, option, NULL };
	const struct command *command;

	if (argc < 2) {
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
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h"))
		return finish(show_help(argc - 1, argv + 1));
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return finish(version());
	if (argv[1][0] == '-')
		return cli_usage("zinc", "unknown option '%s'", argv[1]);
	command = find(argv[1]);
	if (!command)
		return CLI_USAGE;
	return finish(run(command, argc - 1, argv + 1));
}
