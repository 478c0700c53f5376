// SPDX-License-Identifier: MIT
/*
 * zinc stat
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

static void print_size(const char *title, uint64_t size)
{
	char text[SIZE_TEXT];

	printf("%-10s%llu (%s)\n", title, (unsigned long long)size,
	       format_size(size, text));
}

static void print_owner(const struct zinc_region_info *info)
{
	char command[4096], *shown;

	if (info->creator_pid <= 0) {
		puts("pid       -");
		return;
	}
	printf("pid       %d\n", info->creator_pid);
	if (!region_command(info, command, sizeof(command)))
		return;
	shown = printable(command, NULL);
	printf("command   %s\n", shown);
	free(shown);
}

/* Devices and fences, which only the module knows */
static void print_devices(const struct zinc_region_info *info)
{
	if (info->backend != ZINC_BACKEND_KMOD)
		return;
	if (info->flags & ZINC_INFO_IMPORTED)
		printf("imported  yes%s\n",
		       info->flags & ZINC_INFO_DATA_RDONLY ?
		       ", read-only data" : "");
	else
		printf("devices   %u attached\n", info->attachments);
	printf("fences    %u pending, %u failed", info->fences,
	       info->fence_errors);
	if (info->fence_errors)
		printf(", the last: %s", strerror(-info->fence_error));
	putchar('\n');
}

/* The distance of the data from the header */
static void print_layout(const struct zinc_region_info *info)
{
	const char *layout = layout_name(info);

	if (layout)
		printf("layout    %s (%s)\n", layout,
		       info->flags & ZINC_INFO_PAGE_LAYOUT ?
		       "data one page after the header" :
		       "data directly after the header");
}

static void print_region(const struct zinc_region_info *info)
{
	bool bad = info->flags & (ZINC_INFO_STALE | ZINC_INFO_INVALID);
	char text[USER_TEXT], age[AGE_TEXT], why[REASON_TEXT];

	printf("name      %s\n", info->name);
	printf("backend   %s\n", backend_name(info->backend));
	printf("id        %llu\n", (unsigned long long)info->id);
	fputs("state     ", stdout);
	put_colour(stdout, bad ? RED : PLAIN, region_state(info));
	putchar('\n');
	printf("because   %s\n", region_reason(info, why));
	print_size("capacity", info->capacity);
	print_size("resident", info->resident);
	printf("lifetime  %s%s%s\n", lifetime_name(info->lifetime),
	       info->flags & ZINC_INFO_LAZY ? ", lazy" : "",
	       info->flags & ZINC_INFO_CONTIGUOUS ? ", contiguous" : "");
	print_layout(info);
	printf("user      %s (uid %u)\n", format_user(info->uid, text),
	       info->uid);
	printf("group     %s (gid %u)\n", format_group(info->gid, text),
	       info->gid);
	printf("mode      %04o\n", info->mode);
	print_owner(info);
	printf("handles   %u\n", info->handles);
	if (info->backend == ZINC_BACKEND_KMOD)
		printf("waiters   %u\n", info->waiters);
	else
		puts("waiters   - (not known on POSIX shared memory)");
	printf("sequence  %u\n", info->sequence);
	print_devices(info);
	printf("created   %s (%s ago)\n", format_time(info->created_at, text),
	       format_age(info->created_at, age));
}

struct how {
	bool json;
};

static const struct cli_option options[] = {
	{ .key = 'j', .name = "json",
	  .help = "print a JSON object, in one line",
	  .at = offsetof(struct how, json) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc stat [OPTION...] NAME",
	.about =
"Describes one region, and the frames of a stream. A region that you may read is\n"
"opened for a moment, to see whether it is a stream.",
	.end =
"'zinc ls --help' explains the states.\n"
"Exit status: 0 done; 2 usage error; 3 failed, also if there is no such region.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_stat(int argc, char **argv)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct stream_info stream;
	struct how how = { 0 };
	struct json writer;
	bool is_stream;
	const char *name;
	int32_t err;
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	name = cli_one_name(argc, argv);
	if (!name)
		return CLI_USAGE;
	err = zinc_stat(name, &info);
	if (err)
		return cli_fail("stat", name, err);
	is_stream = stream_look(&info, &stream);
	if (how.json) {
		json_start(&writer, stdout);
		json_region(&writer, &info, is_stream ? &stream : NULL);
		return CLI_OK;
	}
	print_region(&info);
	if (is_stream)
		stream_print(&stream);
	return CLI_OK;
}
