// SPDX-License-Identifier: MIT
/*
 * A growing array of what the backends found.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/internal.h"

#define ROOM_AT_FIRST	32

/**
 * zinc_infos_add() - append a region
 * @infos: list
 * @info: copied
 *
 * Return: 0; -ENOMEM.
 */
int zinc_infos_add(struct zinc_infos *infos,
		   const struct zinc_region_info *info)
{
	struct zinc_region_info *entry;
	size_t room;

	if (infos->count == infos->room) {
		room = infos->room ? 2 * infos->room : ROOM_AT_FIRST;
		entry = reallocarray(infos->entry, room, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		infos->entry = entry;
		infos->room = room;
	}
	infos->entry[infos->count++] = *info;
	return 0;
}
