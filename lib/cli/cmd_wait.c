// SPDX-License-Identifier: MIT
/*
 * zinc wait
 */
#include <errno.h>
#include <getopt.h>
#include <time.h>

#include "cli.h"

static const char help[] =
"usage: zinc wait [OPTION...] NAME\n"
"\n"
"Waits for a notify that comes after this command began.\n"
"\n"
"  -t, --timeout=MS   for at most MS milliseconds; 0 only looks\n"
"  -p, --pending      any notify since the region was made counts\n"
"  -a, --after=SEQ    wait until the region's sequence is not SEQ, as told by\n"
"                     'zinc stat': no notify is missed between the two\n"
"  -h, --help         this text\n"
"\n"
"Exit status: 0 notified; 1 timed out; 2 wrong usage; 3 failed.\n";

/*
 * struct when - what to wait for
 * @pending: the first notify, from a cursor of 0
 * @has_after: a sequence that differs from @after
 * @deadline: CLOCK_MONOTONIC ns
 */
struct when {
	bool pending;
	bool has_after;
	uint32_t after;
	uint64_t deadline;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

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

	/* nobody counts this handle if a signal ends us: it is read-only */
	err = cli_open(name, ZINC_READONLY | ZINC_NO_DATA, &handle);
	if (err)
		return cli_fail("open", name, err);
	err = begin(handle, when);
	if (err == -EAGAIN)
		err = zinc_wait_until(handle, when->deadline);
	zinc_close(handle);
	if (err == -ETIMEDOUT)
		return CLI_NO;
	return err ? cli_fail("wait for", name, err) : CLI_OK;
}

int cmd_wait(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "pending", no_argument, NULL, 'p' },
		{ "after", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct when when = { .deadline = ZINC_NO_DEADLINE };
	uint64_t number;
	const char *name;
	int c;

	while ((c = getopt_long(argc, argv, "t:pa:h", options, NULL)) != -1) {
		switch (c) {
		case 't':
			if (parse_number(optarg, UINT32_MAX, &number))
				return cli_usage(argv[0],
						 "'%s' is no timeout: milliseconds, 0 to %u",
						 optarg, UINT32_MAX);
			when.deadline = now_ns() + number * 1000000;
			break;
		case 'p':
			when.pending = true;
			break;
		case 'a':
			if (parse_number(optarg, UINT32_MAX, &number))
				return cli_usage(argv[0],
						 "'%s' is no sequence: 0 to %u",
						 optarg, UINT32_MAX);
			when.has_after = true;
			when.after = number;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (when.pending && when.has_after)
		return cli_usage(argv[0], "either --pending or --after");
	name = cli_one_name(argc, argv);
	return name ? wait_region(name, &when) : CLI_USAGE;
}
