#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Valgrind 3.24: futex_waitv() fails with ENOSYS, three years after Linux 5.16.
#
# Guess: Valgrind 3.19, of 2022, does not know the system call of Linux 5.16, and 3.24, of the
#   end of 2024, does.
# Came: neither does. Each prints a warning, and the call fails with ENOSYS, as it would on an
#   old kernel; a wait on a single futex works. 3.27 passes it on.
# Versions: valgrind 1:3.24.0-3 (Debian 13) and 1:3.27.1-0.2 (testing).
# Hurts: a program that is tested under memcheck or helgrind, and waits for several regions on
#   POSIX shared memory.
# Zinc: a wait for several regions returns EOPNOTSUPP there, as on an older kernel: lib/doc/shm.md,
#   "Limits, sandboxes, logout", names Valgrind.

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

need gcc build
cat >"$SCRATCH/wait.c" <<'C'
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	uint32_t word = 1;
	struct futex_waitv waiter = { .val = 1, .uaddr = (uintptr_t)&word, .flags = FUTEX_32 };
	struct timespec past = { 0 };

	/* the words are as expected, and the time is over */
	syscall(SYS_futex, &word, FUTEX_WAIT, 1, &past, NULL, 0);
	printf("futex: %s\n", strerror(errno));
	syscall(449, &waiter, 1, 0, &past, CLOCK_MONOTONIC);
	printf("futex_waitv: %s\n", strerror(errno));
	return 0;
}
C

# try SUITE PACKAGE=VERSION
try()
{
	debian "$@"
	gcc -w -o "$ROOT/usr/bin/waits" "$SCRATCH/wait.c"
	inside <<-'SH'
		valgrind --version
		valgrind -q --tool=none waits 2>&1 | grep -E 'futex|syscall' | sed 's/^--[0-9]*-- //'
	SH
}

{
	try trixie valgrind=1:3.24.0-3
	try testing valgrind=1:3.27.1-0.2
} | finding 3<<'TXT'
trixie: valgrind=1:3.24.0-3
valgrind-3.24.0
WARNING: unhandled amd64-linux syscall: 449
futex: Connection timed out
futex_waitv: Function not implemented
testing: valgrind=1:3.27.1-0.2
valgrind-3.27.1
futex: Connection timed out
futex_waitv: Connection timed out
TXT
