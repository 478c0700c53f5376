// SPDX-License-Identifier: MIT
/*
 * Which last-level caches to take processors from.
 */
#include <stdlib.h>

#include "lock/internal.h"

static int compare(const void *a, const void *b)
{
	const struct zinc_llc_choice *left = a, *right = b;

	if (!left->holders != !right->holders)
		return left->holders ? -1 : 1;
	if (left->distance != right->distance)
		return left->distance < right->distance ? -1 : 1;
	return left->llc < right->llc ? -1 : left->llc > right->llc;
}

/* Where the first of those is that others share already */
static int32_t shared_node(const struct zinc_llc_choice *choices, size_t count,
			   int32_t otherwise)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (choices[i].holders)
			return choices[i].node;
	return otherwise;
}

/**
 * zinc_llc_order() - the best first
 * @sysfs: where it is mounted
 * @choices: by rising number of the cache; @distance is filled in
 * @count: their number
 * @here: NUMA node of the caller, or -1
 *
 * Those that others share already, so that whole caches stay free; then by the
 * distance from these, or from the caller.
 */
void zinc_llc_order(const char *sysfs, struct zinc_llc_choice *choices,
		    size_t count, int32_t here)
{
	int32_t node = shared_node(choices, count, here);
	size_t i;

	for (i = 0; i < count; i++)
		choices[i].distance = zinc_node_distance(sysfs, node,
							 choices[i].node);
	qsort(choices, count, sizeof(*choices), compare);
}
