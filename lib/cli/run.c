// SPDX-License-Identifier: MIT
/*
 * A command that runs while this process holds something for it.
 *
 * Nothing of the command may go on without what is held. So a second process, the
 * guard, is the command's parent, and has what is held, too:
 *
 *	holder -> guard -> command -> whatever that starts
 *
 * If the holder is killed, the guard ends the command and all that comes from it,
 * and then ends itself. If the guard is killed, the holder does so. Both are
 * reapers: an orphan of the command becomes a child of the nearest of them, so
 * none is lost. The guard is in a process group of its own, so that a signal to
 * the command's group does not end both at once. A process that may not be killed,
 * such as a set-user-ID program, is waited for.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define LOOK_NS	100000000L	/* for new orphans */

/* Signals that a person or a supervisor sends to a running command */
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
	/* without what is held it does not run */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != before->parent)
		return CLI_NOT_RUN;
	if (how->cpus && sched_setaffinity(0, how->cpus_size, how->cpus))
		return cli_error("cannot set the CPU affinity of %s: %s", command[0],
				 strerror(errno));
	signal(SIGCHLD, before->child);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	return run_instead(command);
}

/* As it died, so that a waiting parent sees the same */
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

/* ---- ending all that comes from the command ------------------------------- */

static pid_t parent_of(const char *pid)
{
	char path[NAME_MAX + 16], line[512], *at;
	int parent;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (!read_line(path, line, sizeof(line)))
		return 0;
	/* the name before may have anything in it */
	at = strrchr(line, ')');
	return at && sscanf(at, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Their numbers are their own until they are waited for */
static void kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    parent_of(entry->d_name) == getpid())
			kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
	closedir(dir);
}

/* Children whose parents die become ours, so this ends when none is left */
static void end_all(void)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		kill_children();
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return;
		if (!pid)
			sigtimedwait(&set, NULL, &look);
	}
}

/* ---- holder and guard ------------------------------------------------------ */

/* Whether @child has ended, and how; orphans are waited for, too */
static bool has_ended(pid_t child, int *status)
{
	pid_t pid;
	int other;

	while ((pid = waitpid(-1, &other, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		*status = other;
		return true;
	}
	return false;
}

/*
 * Until a child has ended, or this process is to look around; what is sent to it
 * meanwhile is passed on to @child. A terminal sends its signals to both itself.
 */
static void attend(pid_t child)
{
	sigset_t set;
	siginfo_t info;

	run_signals(&set);
	for (;;) {
		if (sigwaitinfo(&set, &info) < 0)
			continue;
		if (info.si_signo == SIGCHLD)
			return;
		if (info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
}

/* The holder has been told how the command has ended: does it know? */
static bool tell(int socket, pid_t holder, int status)
{
	char known;

	if (send(socket, &status, sizeof(status), MSG_NOSIGNAL) < 0)
		return false;
	kill(holder, SIGCHLD);
	return recv(socket, &known, 1, 0) == 1;
}

/*
 * The guard. One signal may end both the holder and the command: what the command
 * has left may go on only after an end of which the holder knows.
 */
static int be_guard(char **command, const struct run_how *how,
		    const struct before *before, int socket)
{
	struct before mine = *before;
	int status;
	pid_t child;

	/* one that is waited for anyway tells of the holder's end as well */
	prctl(PR_SET_PDEATHSIG, SIGCHLD);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (getppid() != before->parent)
		return CLI_NOT_RUN;
	mine.parent = getpid();
	child = fork();
	if (child < 0)
		return cli_error("cannot create a process: %s", strerror(errno));
	if (!child)
		_exit(be_command(command, how, &mine));
	setpgid(0, 0);
	do {
		attend(child);
		if (has_ended(child, &status) &&
		    tell(socket, before->parent, status))
			return CLI_OK;
	} while (getppid() == before->parent);
	end_all();
	return CLI_OK;
}

static int be_holder(pid_t guard, int socket)
{
	int status;

	for (;;) {
		attend(guard);
		if (recv(socket, &status, sizeof(status), MSG_DONTWAIT) ==
		    sizeof(status)) {
			send(socket, "", 1, MSG_NOSIGNAL);
			break;
		}
		if (has_ended(guard, &status)) {
			end_all();
			break;
		}
	}
	return WIFSIGNALED(status) ? die_by(WTERMSIG(status)) :
				     WEXITSTATUS(status);
}

int run_command(char **command, const struct run_how *how)
{
	struct before before = { .parent = getpid() };
	int ends[2];
	sigset_t set;
	pid_t guard;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return cli_error("cannot create a socket: %s", strerror(errno));
	/* an ignored SIGCHLD would take the status away */
	before.child = signal(SIGCHLD, SIG_DFL);
	run_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before.mask);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	guard = fork();
	if (guard < 0)
		return cli_error("cannot create a process: %s", strerror(errno));
	close(ends[guard ? 0 : 1]);
	if (!guard)
		_exit(be_guard(command, how, &before, ends[0]));
	return be_holder(guard, ends[1]);
}
