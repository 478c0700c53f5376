// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subcommands with any arguments: what follows the first byte, one argument
 * a line. They work on a /dev/shm of their own, which has two regions, and a
 * FILE has the bytes of the input.
 */
#include "harness.h"

#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

#define ARGUMENTS_MAX	12

static const struct {
	char title[12];
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "zinc create", cmd_create }, { "zinc doctor", cmd_doctor },
	{ "zinc ls", cmd_ls }, { "zinc notify", cmd_notify },
	{ "zinc read", cmd_read }, { "zinc rm", cmd_rm },
	{ "zinc stat", cmd_stat }, { "zinc top", cmd_top },
	{ "zinc wait", cmd_wait }, { "zinc write", cmd_write },
	{ "zinc lock", cmd_lock }, { "zinc locks", cmd_locks },
};

static void make_region(const char *name, uint32_t mode)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.lifetime = ZINC_LIFETIME_PERSIST,
		.mode = mode,
	};
	zinc_handle handle;

	REQUIRE(!zinc_create_with(name, 4096, &options, &handle));
	zinc_close(handle);
}

static int split(char *text, char **argv)
{
	int argc = 0;

	while (argc < ARGUMENTS_MAX && text) {
		argv[argc++] = text;
		text = strchr(text, '\n');
		if (text)
			*text++ = '\0';
	}
	argv[argc] = NULL;
	return argc;
}

/* Whether the rest has the form of the command's output */
static void check_left(void)
{
	struct zinc_region_info *list;
	size_t count, i;

	REQUIRE(!zinc_list(&list, &count, sizeof(*list)));
	for (i = 0; i < count; i++) {
		REQUIRE(!(list[i].flags & ZINC_INFO_INVALID));
		REQUIRE(list[i].lifetime == ZINC_LIFETIME_PERSIST);
		REQUIRE(!list[i].handles);
	}
	zinc_list_free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[ARGUMENTS_MAX + 2], title[16], text[1024];
	struct input input = { data, size };
	const struct input file = { data, size };
	unsigned int command;
	int argc, status;

	/* the inputs to begin with are text */
	command = (uint8_t)(input_u8(&input) - '0') %
		  (sizeof(commands) / sizeof(commands[0]));
	input_text(&input, text, sizeof(text));
	memcpy(title, commands[command].title, sizeof(commands[command].title));
	title[sizeof(commands[command].title)] = '\0';
	argv[0] = title;
	argc = 1 + split(text, argv + 1);

	make_region("a", 0600);
	make_region("b", 0444);
	harness_file = &file;
	optind = 0;
	status = commands[command].run(argc, argv);
	harness_file = NULL;
	REQUIRE((status >= CLI_OK && status <= CLI_FAILED) ||
		(commands[command].run == cmd_lock &&
		 (status == CLI_REFUSED || status == CLI_NOT_FOUND)));
	clearerr(stdout);
	close_leaked();
	check_left();
	empty_shm();
	return 0;
}
