// SPDX-License-Identifier: GPL-2.0-only
/*
 * A place of its own for each fuzz target, and nothing in it that sleeps.
 */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHM	"/dev/shm"

const struct input *harness_file;
static int first_free;

void input_take(struct input *input, void *to, size_t size)
{
	size_t n = size < input->left ? size : input->left;

	memset(to, 0, size);
	if (n)
		memcpy(to, input->at, n);
	input->at += n;
	input->left -= n;
}

uint8_t input_u8(struct input *input)
{
	uint8_t value;

	input_take(input, &value, sizeof(value));
	return value;
}

uint32_t input_u32(struct input *input)
{
	uint32_t value;

	input_take(input, &value, sizeof(value));
	return value;
}

void input_text(struct input *input, char *to, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && input->left) {
		to[n] = (char)input_u8(input);
		if (!to[n])
			break;
		n++;
	}
	to[n] = '\0';
}

void empty_shm(void)
{
	DIR *dir = opendir(SHM);
	struct dirent *file;

	REQUIRE(dir);
	while ((file = readdir(dir))) {
		if (!strcmp(file->d_name, ".") || !strcmp(file->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), file->d_name, 0))
			unlinkat(dirfd(dir), file->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

void close_leaked(void)
{
	close_range(first_free, ~0U, 0);
}

static int own_namespaces(void)
{
	return geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (unshare(own_namespaces()) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", SHM, "tmpfs", 0, "size=16m,mode=1777")) {
		fprintf(stderr, "no " SHM " of our own: %s\n", strerror(errno));
		_exit(4);
	}
	REQUIRE(!setenv("ZINC_BACKEND", "shm", 1));
	signal(SIGPIPE, SIG_IGN);
	/* above those of libFuzzer itself */
	first_free = 32;
	return 0;
}

/* ---- what would sleep, block, or reach out of here ---- */

static int file_of_input(void)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return fd;
	if (write(fd, harness_file->at, harness_file->left) < 0 ||
	    lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_ours(const char *path)
{
	return !strncmp(path, SHM, strlen(SHM)) || !strncmp(path, "/proc/", 6);
}

/* Descriptors of the targets lie where close_leaked() finds them. */
static int moved_up(int fd)
{
	int up;

	if (fd < 0 || fd >= first_free)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, first_free);
	close(fd);
	return up;
}

int __wrap_execvp(const char *file, char *const argv[])
{
	(void)file;
	(void)argv;
	errno = ENOENT;
	return -1;
}

pid_t __wrap_fork(void)
{
	errno = EAGAIN;
	return -1;
}

/* No other process would release a lock */
int __wrap_flock(int fd, int operation)
{
	return __real_flock(fd, operation | LOCK_NB);
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (harness_file && !is_ours(path))
		return moved_up(file_of_input());
	return moved_up(__real_open(path, flags, mode));
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	return 0;
}

int __wrap_sigwait(const sigset_t *set, int *number)
{
	(void)set;
	*number = SIGINT;
	return 0;
}

int __wrap_sigtimedwait(const sigset_t *set, siginfo_t *info,
			const struct timespec *time)
{
	(void)set;
	(void)info;
	(void)time;
	return SIGINT;
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	if (old)
		sigemptyset(old);
	return 0;
}

/* Symbols of the command and of zinc-stream.h: inside the library they cannot be replaced. */
int32_t __wrap_zinc_wait_until(zinc_handle handle, uint64_t deadline)
{
	(void)deadline;
	return __real_zinc_wait_until(handle, 0);
}

int32_t __wrap_zinc_wait_with(zinc_handle handle, uint64_t deadline, uint32_t flags)
{
	(void)deadline;
	return __real_zinc_wait_with(handle, 0, flags);
}

int32_t __wrap_zinc_open_wait(const char *name, const struct zinc_options *options,
			      uint64_t deadline, zinc_handle *out)
{
	(void)deadline;
	return __real_zinc_open_wait(name, options, 0, out);
}
