/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's test harness, with more patience: an emulated machine with a
 * sanitizer kernel, on a host that has other work, may take minutes for what
 * takes a second elsewhere.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300	/* seconds */

#endif /* HARNESS_H */
