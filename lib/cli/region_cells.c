// SPDX-License-Identifier: MIT
/*
 * A region as cells of a table.
 */
#include "cli.h"

static void put_command(struct table *table, const struct zinc_region_info *info)
{
	char command[4096];

	if (!region_command(info, command, sizeof(command)))
		snprintf(command, sizeof(command), "-");
	table_cell(table, PLAIN, "%s", command);
}

static void put(struct table *table, const struct zinc_region_info *info,
		enum region_cell cell)
{
	bool bad = info->flags & (ZINC_INFO_STALE | ZINC_INFO_INVALID);
	char text[USER_TEXT];

	switch (cell) {
	case CELL_NAME:
		return table_cell(table, PLAIN, "%s", info->name);
	case CELL_CAPACITY:
		return table_cell(table, PLAIN, "%s",
				  format_size(info->capacity, text));
	case CELL_BYTES:
		return table_cell(table, PLAIN, "%llu",
				  (unsigned long long)info->capacity);
	case CELL_USER:
		return table_cell(table, PLAIN, "%s",
				  format_user(info->uid, text));
	case CELL_MODE:
		return table_cell(table, PLAIN, "%04o", info->mode);
	case CELL_HANDLES:
		return table_cell(table, PLAIN, "%u", info->handles);
	case CELL_SEQUENCE:
		return table_cell(table, PLAIN, "%u", info->sequence);
	case CELL_WAITERS:
		if (info->backend == ZINC_BACKEND_KMOD)
			return table_cell(table, PLAIN, "%u", info->waiters);
		return table_cell(table, PLAIN, "-");
	case CELL_AGE:
		return table_cell(table, PLAIN, "%s",
				  format_age(info->created_at, text));
	case CELL_BACKEND:
		return table_cell(table, PLAIN, "%s",
				  backend_name(info->backend));
	case CELL_STATE:
		return table_cell(table, bad ? RED : PLAIN, "%s",
				  region_state(info));
	case CELL_PID:
		if (info->creator_pid > 0)
			return table_cell(table, PLAIN, "%d", info->creator_pid);
		return table_cell(table, PLAIN, "-");
	case CELL_COMMAND:
		return put_command(table, info);
	case CELL_RESIDENT:
		return table_cell(table, PLAIN, "%s",
				  format_size(info->resident, text));
	case CELL_RESIDENT_BYTES:
		return table_cell(table, PLAIN, "%llu",
				  (unsigned long long)info->resident);
	case CELL_LIFETIME:
		return table_cell(table, PLAIN, "%s",
				  lifetime_name(info->lifetime));
	case CELL_GROUP:
		return table_cell(table, PLAIN, "%s",
				  format_group(info->gid, text));
	case CELL_ID:
		return table_cell(table, PLAIN, "%llu",
				  (unsigned long long)info->id);
	case CELL_CREATED:
		return table_cell(table, PLAIN, "%s", info->created_at ?
				  format_time(info->created_at, text) : "-");
	}
}

void region_cells(struct table *table, const struct zinc_region_info *info,
		  const enum region_cell *cells, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		put(table, info, cells[i]);
}
