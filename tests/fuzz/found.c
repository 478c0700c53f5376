// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the tests that fuzz --to-c prints.
 */
#include <string.h>

#include "found.h"
#include "program.h"

#define TIMES_ALONE	3
#define TIMES_RACING	300

static int run_one(const struct program *p)
{
	unsigned int n = p->racing ? TIMES_RACING : TIMES_ALONE;
	char line[256];

	for (; n; n--) {
		bool clean;

		execute(p);
		reset();
		clean = settle();
		if (report_found(line, sizeof(line)) || !clean) {
			printf("the kernel reports: %s\n",
			       clean ? line : "nothing, but keeps a region");
			print_program(stdout, p, "    ", "\n");
			return 1;
		}
	}
	return 0;
}

int run_found(const char *programs)
{
	FILE *f = fmemopen((void *)programs, strlen(programs), "r");
	unsigned int n = 0;
	struct program p;
	int err = 0;

	if (!f)
		die("programs");
	report_open();
	counts_init();
	executor_init(true);
	while (!err && parse_program(f, &p)) {
		err = run_one(&p);
		n++;
	}
	fclose(f);
	printf("%u programs, %s\n", n, err ? "FAILED" : "no report");
	return n ? err : 2;
}
