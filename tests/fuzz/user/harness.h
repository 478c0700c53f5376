/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that the fuzz targets of user space share. A target is a file
 * fuzz_NAME.c with LLVMFuzzerTestOneInput(); it is linked with all of the
 * library and of the command, whose main() is cli_main() here.
 *
 * Before the first input the process gets its own /dev/shm, so that all files
 * of a target end with it.
 */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "zinc.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding: libFuzzer keeps the input */
#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
			__LINE__, #cond);				\
		abort();						\
	}								\
} while (0)

/**
 * struct input - bytes of an input that are still to be used
 * @at: the next
 * @left: how many
 */
struct input {
	const uint8_t *at;
	size_t left;
};

/* input_take() - the next bytes; zeros at the end of the input */
void input_take(struct input *input, void *to, size_t size);
uint8_t input_u8(struct input *input);
uint32_t input_u32(struct input *input);
/* input_text() - up to @size - 1 bytes without NUL, and a NUL */
void input_text(struct input *input, char *to, size_t size);

/* empty_shm() - remove all files in /dev/shm */
void empty_shm(void);
/* close_leaked() - the descriptors that an input has left open */
void close_leaked(void);

/*
 * harness_file - what open() gives for every file that is not below /dev/shm or
 * /proc, as long as this is set: its bytes, read-only
 */
extern const struct input *harness_file;

/*
 * Linked in for what they are named after (-Wl,--wrap): what would sleep, block,
 * or reach out of here
 */
int __wrap_execvp(const char *file, char *const argv[]);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
pid_t __wrap_fork(void);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_sigwait(const sigset_t *set, int *number);
int __wrap_sigtimedwait(const sigset_t *set, siginfo_t *info,
			const struct timespec *time);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int32_t __real_zinc_wait_until(zinc_handle handle, uint64_t deadline);
int32_t __wrap_zinc_wait_until(zinc_handle handle, uint64_t deadline);
int32_t __real_zinc_wait_with(zinc_handle handle, uint64_t deadline, uint32_t flags);
int32_t __wrap_zinc_wait_with(zinc_handle handle, uint64_t deadline, uint32_t flags);
int32_t __real_zinc_open_wait(const char *name, const struct zinc_options *options,
			      uint64_t deadline, zinc_handle *out);
int32_t __wrap_zinc_open_wait(const char *name, const struct zinc_options *options,
			      uint64_t deadline, zinc_handle *out);

#endif /* FUZZ_HARNESS_H */
