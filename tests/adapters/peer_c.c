// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: peer_c [COMMAND NAME [ARGUMENT]]
 *
 * The other process of the adapters' cases, and without arguments the writer
 * and reader in C of the matrix of languages. CASES.md tells both.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "zinc.h"

#define SIZE		65536
#define PATIENCE_MS	60000
#define HEADER		64
#define MSEC		1000000L

static void fail(const char *what, int32_t error)
{
	fprintf(stderr, "peer_c: %s: %s\n", what, zinc_strerror(error));
	exit(1);
}

static zinc_handle open_region(const char *name)
{
	zinc_handle region;
	int32_t ret = zinc_open(name, &region);

	if (ret)
		fail(name, ret);
	return region;
}

static void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

/* ---- the other process of the cases ---- */

static void cmd_notify(const char *name, const char *count)
{
	zinc_handle region = open_region(name);
	int i;

	for (i = atoi(count); i > 0; i--)
		zinc_notify(region);
	zinc_close(region);
}

static int has_pattern(const uint8_t *data, size_t size, int salt)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (data[i] != (uint8_t)(i * 31 + salt))
			return 0;
	}
	return 1;
}

/* At its deadline a wait looks once more: one that was never woken is late */
static int32_t be_woken(zinc_handle region)
{
	struct timespec begin, end;
	int32_t ret;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	ret = zinc_wait(region, PATIENCE_MS);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (!ret && end.tv_sec - begin.tv_sec >= PATIENCE_MS / 1000)
		return -ETIME;
	return ret;
}

static void cmd_answer(const char *name, const char *none)
{
	zinc_handle region = open_region(name);
	size_t size = zinc_capacity(region);
	uint8_t *data = zinc_ptr(region);
	int32_t ret;
	size_t i;

	(void)none;
	say("ready");
	while (!has_pattern(data, size, 7)) {
		ret = be_woken(region);
		if (ret)
			fail("the pattern did not come", ret);
	}
	/* the first byte tells that all are there, so it comes last */
	for (i = size; i-- > 0;)
		__atomic_store_n(data + i, (uint8_t)(i * 31 + 14), __ATOMIC_RELEASE);
	zinc_notify(region);
	zinc_close(region);
}

/* Does a thread of process @pid sleep in the kernel? */
static int sleeps(const char *pid)
{
	char command[128];

	/* state is what follows the last parenthesis */
	snprintf(command, sizeof(command),
		 "cat /proc/%s/task/*/stat 2>/dev/null | grep -q ') S '", pid);
	return !system(command);
}

/* Until process @pid sleeps, or a second */
static void await_sleep(const char *pid)
{
	const struct timespec pause = { 0, 20 * MSEC };
	int i;

	for (i = 0; i < 50 && !sleeps(pid); i++)
		nanosleep(&pause, NULL);
	nanosleep(&pause, NULL);
}

static void cmd_late_notify(const char *name, const char *pid)
{
	zinc_handle region = open_region(name);

	say("ready");
	await_sleep(pid);
	zinc_notify(region);
	zinc_close(region);
}

static void cmd_sequence(const char *name, const char *value)
{
	zinc_handle region = open_region(name);

	__atomic_store_n((uint32_t *)(zinc_ptr(region) - HEADER + 12),
			 (uint32_t)strtoul(value, NULL, 10), __ATOMIC_SEQ_CST);
	zinc_close(region);
}

static void cmd_refs(const char *name, const char *none)
{
	zinc_handle region = open_region(name);
	uint32_t refs = __atomic_load_n((uint32_t *)(zinc_ptr(region) - HEADER + 24),
					__ATOMIC_ACQUIRE);

	(void)none;
	printf("%u\n", refs - 1);
	zinc_close(region);
}

static void cmd_hold(const char *name, const char *none)
{
	zinc_handle region;
	int32_t ret = zinc_create(name, SIZE, &region);

	(void)none;
	if (ret)
		fail(name, ret);
	zinc_ptr(region)[0] = 0xA5;
	say("ready");
	for (;;)
		pause();
}

/* A killed process leaves the name, if others have closed the region before */
static void remove_afterwards(const char *name)
{
	int ends[2];
	char none;

	if (pipe(ends) || fork()) {
		close(ends[0]);
		return;
	}
	/* nobody waits for this process */
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	close(ends[1]);
	while (read(ends[0], &none, 1) < 0)
		;
	zinc_unlink_stale(name);
	_exit(0);
}

static void cmd_late_create(const char *name, const char *pid)
{
	zinc_handle region;
	int32_t ret;

	remove_afterwards(name);
	say("ready");
	await_sleep(pid);
	ret = zinc_create(name, SIZE, &region);
	if (ret)
		fail(name, ret);
	for (;;)
		pause();
}

static void cmd_late_die(const char *name, const char *pid)
{
	zinc_handle region;
	int32_t ret = zinc_create(name, SIZE, &region);

	if (ret)
		fail(name, ret);
	say("ready");
	await_sleep(pid);
	raise(SIGKILL);
}

static void cmd_open_hold(const char *name, const char *none)
{
	zinc_handle region = open_region(name);

	(void)none;
	say("ready");
	while (getchar() != EOF)
		;
	zinc_close(region);
}

static void cmd_probe(const char *name, const char *none)
{
	zinc_handle region;
	int32_t ret = zinc_open(name, &region);

	(void)none;
	printf("%d\n", -ret);
	zinc_close(region);
}

static void cmd_unlink(const char *name, const char *none)
{
	int32_t ret = zinc_unlink(name);

	(void)none;
	if (ret && ret != -ENOENT)
		fail(name, ret);
}

static const struct {
	const char *name;
	int arguments;
	void (*run)(const char *name, const char *argument);
} commands[] = {
	{ "notify", 2, cmd_notify },
	{ "answer", 1, cmd_answer },
	{ "late-notify", 2, cmd_late_notify },
	{ "sequence", 2, cmd_sequence },
	{ "refs", 1, cmd_refs },
	{ "hold", 1, cmd_hold },
	{ "late-create", 2, cmd_late_create },
	{ "late-die", 2, cmd_late_die },
	{ "open-hold", 1, cmd_open_hold },
	{ "probe", 1, cmd_probe },
	{ "unlink", 1, cmd_unlink },
};

static int run_command(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) ||
		    argc - 2 != commands[i].arguments)
			continue;
		commands[i].run(argv[2], argc > 3 ? argv[3] : NULL);
		return 0;
	}
	fprintf(stderr, "peer_c: no such command: CASES.md has them\n");
	return 2;
}

/* ---- writer and reader ---- */

static int complain(const char *what, uint64_t s)
{
	printf("error %s, message %llu\n", what, (unsigned long long)s);
	fflush(stdout);
	return -1;
}

static int write_all(zinc_handle data, zinc_handle ack, uint64_t count)
{
	struct message *message = (void *)zinc_ptr(data);
	volatile uint64_t *seen = (void *)zinc_ptr(ack);
	uint64_t s;

	say("ready");
	for (s = 1; s <= count; s++) {
		message_fill(message, s);
		zinc_notify(data);
		while (*seen != s) {
			if (be_woken(ack))
				return complain("the reader does not answer", s);
		}
	}
	return 0;
}

static int read_all(zinc_handle data, zinc_handle ack, uint64_t count)
{
	volatile uint64_t *sequence = (void *)zinc_ptr(data);
	uint64_t *seen = (void *)zinc_ptr(ack);
	struct message want;
	uint64_t s;

	for (s = 1; s <= count; s++) {
		do {
			if (be_woken(data))
				return complain("nothing comes", s);
			if (*sequence != s && *sequence != s - 1)
				return complain("out of order", s);
		} while (*sequence != s);
		message_fill(&want, s);
		if (memcmp(zinc_ptr(data), &want, sizeof(want)))
			return complain("torn, or not as it should be", s);
		*seen = s;
		zinc_notify(ack);
	}
	return 0;
}

static void hold(const char *name)
{
	zinc_handle region;
	int32_t ret = zinc_create(name, SIZE, &region);

	if (ret) {
		complain(zinc_strerror(ret), 0);
		return;
	}
	say("ready");
	for (;;)
		pause();
}

static void await_end(const char *name)
{
	struct timespec now;
	zinc_handle region;
	uint64_t deadline;
	int32_t ret = zinc_open(name, &region);

	if (ret) {
		complain(zinc_strerror(ret), 0);
		return;
	}
	say("ready");
	clock_gettime(CLOCK_MONOTONIC, &now);
	deadline = (now.tv_sec + PATIENCE_MS / 1000) * 1000000000ULL;
	ret = zinc_wait_with(region, deadline, ZINC_WAIT_GONE);
	zinc_close(region);
	if (ret == -EPIPE)
		say("done");
	else
		complain(ret ? zinc_strerror(ret) : "notified", 0);
}

static void work(const char *order, const char *name, uint64_t count)
{
	int writes = !strcmp(order, "write");
	zinc_handle data = NULL, ack = NULL;
	char other[128];
	int32_t ret;

	snprintf(other, sizeof(other), "%s-ack", name);
	ret = writes ? zinc_create(name, SIZE, &data) : zinc_open(name, &data);
	if (!ret)
		ret = writes ? zinc_create(other, SIZE, &ack) :
			       zinc_open(other, &ack);
	if (ret)
		complain(zinc_strerror(ret), 0);
	else
		ret = writes ? write_all(data, ack, count) :
			       read_all(data, ack, count);
	zinc_close(ack);
	zinc_close(data);
	if (!ret)
		say("done");
}

int main(int argc, char **argv)
{
	char line[300], order[8], name[100];
	unsigned long long count;

	if (argc > 1)
		return argc > 2 ? run_command(argc, argv) : 2;
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%7s %99s %llu", order, name, &count) == 3 &&
		    (!strcmp(order, "write") || !strcmp(order, "read")))
			work(order, name, count);
		else if (!strcmp(order, "hold"))
			hold(name);
		else if (!strcmp(order, "gone"))
			await_end(name);
		else
			say("error no such order");
	}
	return 0;
}
