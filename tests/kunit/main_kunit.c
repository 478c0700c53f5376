// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit runs the suites while the module is being loaded, before or after its
 * init depending on the kernel's version. Therefore this module has no init:
 * each suite starts and stops all of it.
 */
#include <linux/module.h>

#undef module_init
#undef module_exit
#define module_init(fn)
#define module_exit(fn)

#include "../../kmod/main.c"
#include "kunit.h"

/* init memory is still there while a module is being loaded */
int __ref zinc_kunit_start(struct kunit_suite *suite)
{
	return zinc_init();
}

void zinc_kunit_stop(struct kunit_suite *suite)
{
	zinc_exit();
}

/* for each case, a region of one page in its priv */
int zinc_kunit_make_region(struct kunit *test)
{
	struct zinc_create args = { .capacity = PAGE_SIZE };
	struct zinc_region *region = zinc_region_create(&args, NULL);

	if (IS_ERR(region))
		return PTR_ERR(region);
	test->priv = region;
	return 0;
}

void zinc_kunit_put_region(struct kunit *test)
{
	zinc_region_put(test->priv);
}
