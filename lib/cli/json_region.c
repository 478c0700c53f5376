// SPDX-License-Identifier: MIT
/*
 * A region as a JSON object.
 */
#include <stdio.h>

#include "cli.h"
#include "stream.h"

/* Members about devices, which only the module knows */
static void put_devices(struct json *json, const struct zinc_region_info *info)
{
	static const char *const keys[] = {
		"imported", "data_readonly", "attachments", "fences",
		"fence_errors", "fence_error"
	};
	size_t i;

	if (info->backend != ZINC_BACKEND_KMOD) {
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			json_null(json, keys[i]);
		return;
	}
	json_bool(json, keys[0], info->flags & ZINC_INFO_IMPORTED);
	json_bool(json, keys[1], info->flags & ZINC_INFO_DATA_RDONLY);
	json_uint(json, keys[2], info->attachments);
	json_uint(json, keys[3], info->fences);
	json_uint(json, keys[4], info->fence_errors);
	json_int(json, keys[5], info->fence_error);
}

void json_region(struct json *json, const struct zinc_region_info *info,
		 const struct stream_info *stream)
{
	char command[4096], text[USER_TEXT], why[REASON_TEXT];

	json_object(json, NULL);
	json_string(json, "name", info->name);
	json_string(json, "backend", backend_name(info->backend));
	json_uint(json, "id", info->id);
	json_string(json, "state", region_state(info));
	json_string(json, "reason", region_reason(info, why));
	json_uint(json, "capacity", info->capacity);
	json_uint(json, "resident", info->resident);
	json_string(json, "lifetime", lifetime_name(info->lifetime));
	if (layout_name(info))
		json_string(json, "layout", layout_name(info));
	else
		json_null(json, "layout");
	json_bool(json, "lazy", info->flags & ZINC_INFO_LAZY);
	json_bool(json, "contiguous", info->flags & ZINC_INFO_CONTIGUOUS);
	json_uint(json, "uid", info->uid);
	json_string(json, "user", format_user(info->uid, text));
	json_uint(json, "gid", info->gid);
	json_string(json, "group", format_group(info->gid, text));
	snprintf(text, sizeof(text), "%04o", info->mode);
	json_string(json, "mode", text);
	if (info->creator_pid > 0)
		json_int(json, "pid", info->creator_pid);
	else
		json_null(json, "pid");
	if (region_command(info, command, sizeof(command)))
		json_string(json, "command", command);
	else
		json_null(json, "command");
	json_uint(json, "handles", info->handles);
	if (info->backend == ZINC_BACKEND_KMOD)
		json_uint(json, "waiters", info->waiters);
	else
		json_null(json, "waiters");
	json_uint(json, "sequence", info->sequence);
	put_devices(json, info);
	if (info->created_at) {
		json_string(json, "created", format_time(info->created_at,
							 text));
		json_uint(json, "age_seconds", age_seconds(info->created_at));
	} else {
		json_null(json, "created");
		json_null(json, "age_seconds");
	}
	stream_json(json, stream);
	json_end(json);
}
