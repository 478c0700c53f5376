/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites share. */
#ifndef _ZINC_KUNIT_H
#define _ZINC_KUNIT_H

#include <kunit/test.h>

int zinc_kunit_start(struct kunit_suite *suite);
void zinc_kunit_stop(struct kunit_suite *suite);

#endif /* _ZINC_KUNIT_H */
