// SPDX-License-Identifier: MIT
/*
 * Two processes and a sequence lock (seqlock.h) in a region: one writes records,
 * the other reads the latest and checks that each copy is whole.
 *
 *	seqlock [RECORDS]
 *
 *	cc -O2 seqlock.c -o seqlock $(pkg-config --cflags --libs zinc-kmod)
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zinc.h>

#include "seqlock.h"

#define NAME	"seqlock-example"
#define WORDS	64
#define PATIENCE_MS 60000

static void must(int32_t error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, zinc_strerror(error));
}

/* All words of record n are n */
static void write_all(zinc_handle region, uint32_t records)
{
	struct seqlock *lock = (void *)zinc_ptr(region);
	uint32_t record[WORDS], n;
	size_t i;

	for (n = 1; n <= records; n++) {
		for (i = 0; i < WORDS; i++)
			record[i] = n;
		seqlock_write(lock, record, WORDS);
		zinc_notify(region);
	}
}

static void read_all(zinc_handle region, uint32_t last)
{
	struct seqlock *lock = (void *)zinc_ptr(region);
	uint32_t record[WORDS] = { 0 };
	unsigned long copies = 0, refused = 0;
	size_t i;

	while (record[0] != last) {
		/* a notify comes after its record, so no record is missed for good */
		must(zinc_wait(region, PATIENCE_MS), "waiting for a record");
		while (!seqlock_read(lock, record, WORDS))
			refused++;
		for (i = 1; i < WORDS; i++)
			if (record[i] != record[0])
				errx(1, "torn record: %u and %u", record[0], record[i]);
		copies++;
	}
	printf("%lu records read, all whole; %lu copies were refused\n", copies, refused);
}

int main(int argc, char **argv)
{
	uint32_t records = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	zinc_handle region;
	int status;
	pid_t reader;

	must(zinc_create(NAME, 65536, &region), "creating " NAME);
	reader = fork();
	if (reader < 0)
		err(1, "fork");
	if (!reader) {
		zinc_close(region);
		must(zinc_open(NAME, &region), "opening " NAME);
		read_all(region, records);
		zinc_close(region);
		return 0;
	}
	write_all(region, records);
	/* the region has to stay until the reader has opened it */
	if (waitpid(reader, &status, 0) != reader)
		err(1, "waitpid");
	zinc_close(region);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
