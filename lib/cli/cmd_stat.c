// SPDX-License-Identifier: MIT
/*
 * zinc stat
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char help[] =
"usage: zinc stat [OPTION...] NAME\n"
"\n"
"Tells all about one region, without opening it.\n"
"\n"
"  -j, --json    a JSON object, in one line\n"
"  -h, --help    this text\n"
"\n"
"'zinc ls --help' explains the states.\n"
"Exit status: 0 done; 2 wrong usage; 3 failed, also when there is no such region.\n";

static void print_size(const char *title, uint64_t size)
{
	char text[SIZE_TEXT];

	printf("%-10s%llu (%s)\n", title, (unsigned long long)size,
	       format_size(size, text));
}

static void print_owner(const struct zinc_region_info *info)
{
	char command[4096], *shown;

	if (info->owner_pid <= 0) {
		puts("pid       -");
		return;
	}
	printf("pid       %d\n", info->owner_pid);
	if (!region_command(info, command, sizeof(command)))
		return;
	shown = printable(command, NULL);
	printf("command   %s\n", shown);
	free(shown);
}

/* What devices have to do with it; only the module knows */
static void print_devices(const struct zinc_region_info *info)
{
	if (info->backend != ZINC_BACKEND_KMOD)
		return;
	if (info->flags & ZINC_IS_IMPORTED)
		printf("imported  yes%s\n",
		       info->flags & ZINC_IS_DATA_READONLY ?
		       ", its data are read-only" : "");
	else
		printf("devices   %u attached\n", info->attachments);
	printf("fences    %u pending, %u failed", info->fences,
	       info->fence_errors);
	if (info->fence_errors)
		printf(", the last: %s", strerror(-info->fence_error));
	putchar('\n');
}

static void print_region(const struct zinc_region_info *info)
{
	bool bad = info->flags & (ZINC_IS_STALE | ZINC_IS_INVALID);
	char text[USER_TEXT], age[AGE_TEXT];

	printf("name      %s\n", info->name);
	printf("backend   %s\n", backend_name(info->backend));
	printf("id        %llu\n", (unsigned long long)info->id);
	fputs("state     ", stdout);
	put_colour(stdout, bad ? RED : PLAIN, region_state(info));
	putchar('\n');
	print_size("size", info->capacity);
	print_size("resident", info->resident);
	printf("lifetime  %s%s\n", lifetime_name(info->lifetime),
	       info->flags & ZINC_IS_LAZY ? ", lazy" : "");
	printf("user      %s (uid %u)\n", format_user(info->uid, text),
	       info->uid);
	printf("group     %s (gid %u)\n", format_group(info->gid, text),
	       info->gid);
	printf("mode      %04o\n", info->mode);
	print_owner(info);
	printf("refs      %u\n", info->handles);
	if (info->backend == ZINC_BACKEND_KMOD)
		printf("waiters   %u\n", info->waiters);
	else
		puts("waiters   - (not known on POSIX shared memory)");
	printf("sequence  %u\n", info->sequence);
	print_devices(info);
	printf("created   %s (%s ago)\n", format_time(info->created_at, text),
	       format_age(info->created_at, age));
}

int cmd_stat(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct zinc_region_info info = { .size = sizeof(info) };
	struct json writer;
	bool json = false;
	const char *name;
	int32_t err;
	int c;

	while ((c = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	name = cli_one_name(argc, argv);
	if (!name)
		return CLI_USAGE;
	err = zinc_stat(name, &info);
	if (err)
		return cli_fail("stat", name, err);
	if (json) {
		json_start(&writer, stdout);
		json_region(&writer, &info);
	} else {
		print_region(&info);
	}
	return CLI_OK;
}
