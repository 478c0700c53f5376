// SPDX-License-Identifier: MIT
/*
 * The signals that end a subcommand.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"

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

static volatile sig_atomic_t ended;
static int end_fd, null_fd;

/* A read or write of it that is about to begin does not block, either */
static void end(int number)
{
	int old = errno;

	(void)number;
	ended = 1;
	dup2(null_fd, end_fd);
	errno = old;
}

int cli_end_by_signals(int fd)
{
	struct sigaction action = { .sa_handler = end };
	sigset_t set;
	int number;

	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return -1;
	end_fd = fd;
	cli_ending_signals(&set);
	for (number = 1; number < NSIG; number++)
		if (sigismember(&set, number) == 1)
			sigaction(number, &action, NULL);
	return 0;
}

bool cli_ended(void)
{
	return ended;
}
