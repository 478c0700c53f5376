// SPDX-License-Identifier: MIT
/*
 * What removes a name from POSIX shared memory if its creator is killed by SIGKILL:
 * a child that waits for the end of a pipe. The kernel module needs none.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stream.h"

/* It closes all inherited descriptors, so that no process waits for it */
static void keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR), i;

	for (i = 0; i <= 2; i++)
		dup2(null, i);
	dup2(fd, 3);
	close_range(4, ~0u, 0);
}

static void be_guard(int fd, const char *name)
{
	sigset_t all;
	char ended;

	/* what is sent to the job is not meant for its guard */
	setpgid(0, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	keep_only(fd);
	if (!read_full(3, &ended, 1))
		zinc_unlink_stale(name);
	_exit(0);
}

struct guard guard_name(const char *name)
{
	struct guard guard = { .pid = -1, .fd = -1 };
	int fds[2];

	if (zinc_backend(NULL) != ZINC_BACKEND_SHM || pipe2(fds, O_CLOEXEC))
		return guard;
	guard.pid = fork();
	if (!guard.pid) {
		close(fds[1]);
		be_guard(fds[0], name);
	}
	close(fds[0]);
	guard.fd = fds[1];
	return guard;
}

void unguard_name(const struct guard *guard)
{
	if (guard->fd >= 0) {
		if (guard->pid > 0)
			write_full(guard->fd, "", 1);
		close(guard->fd);
	}
	if (guard->pid > 0)
		waitpid(guard->pid, NULL, 0);
}
