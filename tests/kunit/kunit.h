/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the suites. */
#ifndef _ZINC_KUNIT_H
#define _ZINC_KUNIT_H

#include <kunit/test.h>

int zinc_kunit_start(struct kunit_suite *suite);
void zinc_kunit_stop(struct kunit_suite *suite);
int zinc_kunit_make_region(struct kunit *test);
void zinc_kunit_put_region(struct kunit *test);

#endif /* _ZINC_KUNIT_H */
