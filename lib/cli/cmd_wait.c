// SPDX-License-Identifier: MIT
/*
 * zinc wait
 */
#include <errno.h>
#include <getopt.h>

#include "cli.h"

#define GONE	4

/*
 * struct when - what to wait for
 * @pending: the first notify, from a cursor of 0
 * @has_after: a sequence that differs from @after
 * @deadline: CLOCK_MONOTONIC ns
 * @flags: of zinc_wait_with()
 */
struct when {
	bool pending;
	bool has_after;
	uint32_t after;
	uint64_t deadline;
	uint32_t flags;
};

/* Put the cursor where the wait is to begin; 0 if it is over already */
static int32_t begin(zinc_handle handle, const struct when *when)
{
	if (when->pending)
		return -EAGAIN;
	zinc_try_wait(handle);
	/* a notify up to here shows in the sequence, a later one is pending */
	if (when->has_after && zinc_sequence(handle) != when->after)
		return 0;
	return -EAGAIN;
}

static int wait_region(const char *name, const struct when *when)
{
	zinc_handle handle;
	int32_t err;

	err = cli_open(name, ZINC_RDONLY | ZINC_NO_DATA, &handle);
	if (err)
		return cli_fail("open", name, err);
	err = begin(handle, when);
	if (err == -EAGAIN)
		err = zinc_wait_with(handle, when->deadline, when->flags);
	zinc_close(handle);
	if (err == -ETIMEDOUT)
		return CLI_NO;
	if (err == -EPIPE) {
		cli_fail("wait for", name, err);
		return GONE;
	}
	return err ? cli_fail("wait for", name, err) : CLI_OK;
}

/* No process has it open, or it has no header yet: it is about to be created again */
static bool is_there(const char *name)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	return !zinc_stat(name, &info) &&
	       !(info.flags & (ZINC_INFO_STALE | ZINC_INFO_INVALID));
}

/* It is opened for a moment, and held no longer */
static int wait_created(const char *name, const struct when *when)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_RDONLY | ZINC_NO_DATA,
	};
	zinc_handle handle;
	int32_t err;

	if (is_there(name))
		return CLI_OK;
	err = zinc_open_wait(name, &options, when->deadline, &handle);
	if (!err)
		zinc_close(handle);
	if (err == -ETIMEDOUT || err == -ENOENT)
		return CLI_NO;
	return err ? cli_fail("wait for", name, err) : CLI_OK;
}

struct how {
	struct when when;
	bool gone;
	bool created;
};

static int option_timeout(const char *text, void *member)
{
	uint64_t *deadline = member, ms;
	int err = option_u32(text, &ms);

	if (!err)
		*deadline = cli_now() + ms * 1000000;
	return err;
}

static int option_after(const char *text, void *member)
{
	struct when *when = member;
	uint64_t sequence;
	int err = option_u32(text, &sequence);

	when->has_after = true;
	when->after = sequence;
	return err;
}

static const struct cli_option options[] = {
	{ .key = 't', .name = "timeout", .argument = "MS",
	  .help = "wait for at most MS milliseconds; 0 polls",
	  .at = offsetof(struct how, when.deadline), .parse = option_timeout,
	  .expected = "0 to 4294967295 milliseconds" },
	{ .key = 'p', .name = "pending",
	  .help = "count all notifies since the region was created",
	  .at = offsetof(struct how, when.pending) },
	{ .key = 'a', .name = "after", .argument = "SEQ",
	  .help = "wait until the region's sequence differs from SEQ, which\n"
		  "'zinc stat' printed: no notify in between is missed",
	  .at = offsetof(struct how, when), .parse = option_after,
	  .expected = "0 to 4294967295", .noun = "sequence" },
	{ .key = 'g', .name = "gone",
	  .help = "end when the region's creator is gone, or its name\n"
		  "refers to another region",
	  .at = offsetof(struct how, gone) },
	{ .key = 'c', .name = "created",
	  .help = "wait until there is a region of that name, not for a notify",
	  .at = offsetof(struct how, created) },
};

static const struct cli_syntax syntax = {
	.usage = "zinc wait [OPTION...] NAME",
	.about = "Waits for a notify that comes after this command began.",
	.end =
"Exit status: 0 notified, or created; 1 timed out; 2 usage error; 3 failed;\n"
"4 --gone: gone.",
	.options = options,
	.count = ARRAY_SIZE(options),
};

int cmd_wait(int argc, char **argv)
{
	struct how how = { .when.deadline = ZINC_DEADLINE_NEVER };
	const char *name;
	int status;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	if (how.when.pending && how.when.has_after)
		return cli_usage(argv[0], "expected either --pending or --after");
	if (how.created && (how.when.pending || how.when.has_after || how.gone))
		return cli_usage(argv[0],
				 "expected either --created, or --pending, --after and --gone");
	if (how.gone)
		how.when.flags |= ZINC_WAIT_GONE;
	name = cli_one_name(argc, argv);
	if (name && how.created)
		return wait_created(name, &how.when);
	return name ? wait_region(name, &how.when) : CLI_USAGE;
}
