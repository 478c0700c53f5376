// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked in with -Wl,--wrap=_exit: the tests' children leave by _exit(), which
 * would throw away what they have counted.
 */
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
