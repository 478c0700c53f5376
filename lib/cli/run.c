// SPDX-License-Identifier: MIT
/*
 * A command that runs while this process holds something for it.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

/* What a person or a supervisor sends to one who runs a command */
static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH,
	SIGCONT,
};

static void run_signals(sigset_t *set)
{
	size_t i;

	sigemptyset(set);
	for (i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(set, passed_on[i]);
	sigaddset(set, SIGCHLD);
}

int run_instead(char **command)
{
	execvp(command[0], command);
	cli_error("cannot run %s: %s", command[0], strerror(errno));
	return errno == ENOENT ? CLI_NOT_FOUND : CLI_NOT_RUN;
}

/* struct before - what the command is to find again */
struct before {
	pid_t parent;
	sigset_t mask;
	sighandler_t child;
};

static int be_command(char **command, const struct run_how *how,
		      const struct before *before)
{
	/* without the one who holds the lock, it would run without it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != before->parent)
		return CLI_NOT_RUN;
	if (how->cpus && sched_setaffinity(0, how->cpus_size, how->cpus))
		return cli_error("cannot keep %s on its CPUs: %s", command[0],
				 strerror(errno));
	signal(SIGCHLD, before->child);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	return run_instead(command);
}

/* As it died, so that whoever waits for us sees the same */
static int die_by(int number)
{
	struct rlimit none = { 0, 0 };
	sigset_t set;

	/* it may have left a core; this process is not at fault */
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	return 128 + number;
}

/* Until it has ended; a terminal sends its signals to both of us itself */
static int attend(pid_t child)
{
	sigset_t set;
	siginfo_t info;
	int status;

	run_signals(&set);
	for (;;) {
		if (sigwaitinfo(&set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD) {
			if (info.si_code != SI_KERNEL)
				kill(child, info.si_signo);
			continue;
		}
		if (waitpid(child, &status, WNOHANG) != child)
			continue;
		return WIFSIGNALED(status) ? die_by(WTERMSIG(status)) :
					     WEXITSTATUS(status);
	}
}

int run_command(char **command, const struct run_how *how)
{
	struct before before = { .parent = getpid() };
	sigset_t set;
	pid_t child;

	/* an ignored SIGCHLD would take the status away */
	before.child = signal(SIGCHLD, SIG_DFL);
	run_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before.mask);
	child = fork();
	if (child < 0)
		return cli_error("cannot make a process: %s", strerror(errno));
	if (!child)
		_exit(be_command(command, how, &before));
	return attend(child);
}
