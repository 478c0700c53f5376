// SPDX-License-Identifier: MIT
/*
 * zinc doctor
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

static const char *const status_names[] = { "ok", "warn", "fail" };
static const enum colour status_colours[] = { GREEN, YELLOW, RED };

static void print_report(const struct report *report)
{
	const struct finding *finding = report->findings;
	char *shown;
	size_t i;

	for (i = 0; i < report->count; i++, finding++) {
		put_colour(stdout, status_colours[finding->status],
			   status_names[finding->status]);
		shown = printable(finding->text, NULL);
		printf("%*s%-11s%s\n",
		       (int)(6 - strlen(status_names[finding->status])), "",
		       finding->check, shown);
		free(shown);
		if (finding->remedy)
			printf("%17s-> %s\n", "", finding->remedy);
	}
}

static void print_json(const struct report *report, bool healthy)
{
	const struct finding *finding = report->findings;
	struct json json;
	size_t i;

	json_start(&json, stdout);
	json_object(&json, NULL);
	json_bool(&json, "healthy", healthy);
	json_array(&json, "checks");
	for (i = 0; i < report->count; i++, finding++) {
		json_object(&json, NULL);
		json_string(&json, "status", status_names[finding->status]);
		json_string(&json, "check", finding->check);
		json_string(&json, "text", finding->text);
		if (finding->remedy)
			json_string(&json, "remedy", finding->remedy);
		else
			json_null(&json, "remedy");
		json_end(&json);
	}
	json_end(&json);
	json_end(&json);
}

static void examine(struct report *report)
{
	int fd;

	check_module(report);
	fd = check_device(report);
	if (fd >= 0) {
		check_query(report, fd);
		close(fd);
	}
	check_library(report);
	check_backend(report);
	check_shm(report);
	check_huge_pages(report);
	check_logout(report);
	check_lifetime(report);
	check_locks(report);
	check_gpu_names(report);
	check_left_behind(report);
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
	.usage = "zinc doctor [OPTION...]",
	.about =
"Checks what Zinc needs here, for this user: the kernel module, its device, the\n"
"versions, the limits and their use, the backend of a new region, /dev/shm, locks,\n"
"and regions that dead processes have left. Each line begins with ok, warn or\n"
"fail; a remedy follows a warn or fail. It changes nothing.",
	.end =
"Exit status: 0 nothing fails (there may be warnings); 1 something fails; 2 usage\n"
"error; 3 the report could not be written.",
	.options = options,
	.count = ARRAY_SIZE(options),
	.no_operands = true,
};

int cmd_doctor(int argc, char **argv)
{
	struct report report = { 0 };
	struct how how = { 0 };
	bool healthy = true;
	int status;
	size_t i;

	status = cli_options(argc, argv, &syntax, &how);
	if (status != CLI_RUN)
		return status;
	examine(&report);
	for (i = 0; i < report.count; i++)
		if (report.findings[i].status == FAIL)
			healthy = false;
	if (how.json)
		print_json(&report, healthy);
	else
		print_report(&report);
	for (i = 0; i < report.count; i++) {
		free(report.findings[i].text);
		free(report.findings[i].remedy);
	}
	return healthy ? CLI_OK : CLI_NO;
}
