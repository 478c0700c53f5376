// SPDX-License-Identifier: MIT
/*
 * Public functions that describe one region, or list all.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

static_assert(offsetof(struct zinc_region_info, name) +
	      sizeof(((struct zinc_region_info *)0)->name) ==
	      ZINC_REGION_INFO_SIZE_V1, "the first version ends with the name");
static_assert(sizeof(struct zinc_region_info) == 352,
	      "has grown: see that list and info tests know of it");

static bool size_is_valid(size_t size)
{
	return zinc_size_is_valid(size, ZINC_REGION_INFO_SIZE_V1);
}

static void copy_out(struct zinc_region_info *to,
		     struct zinc_region_info *known)
{
	size_t size = to->size;

	known->size = (uint32_t)size;
	zinc_struct_out(to, size, known, sizeof(*known));
}

int32_t zinc_info(zinc_handle handle, struct zinc_region_info *info)
{
	struct zinc_region_info known = {};
	int err;

	if (!handle || !info || !size_is_valid(info->size))
		return -EINVAL;
	known.backend = handle->ops->kind;
	err = handle->ops->describe(handle, &known);
	if (err)
		return err;
	copy_out(info, &known);
	return 0;
}

int32_t zinc_stat(const char *name, struct zinc_region_info *info)
{
	struct zinc_choice choices[2];
	struct zinc_region_info known = {};
	int err;
	int i;

	if (!zinc_name_is_findable(name) || !info || !size_is_valid(info->size))
		return -EINVAL;
	err = zinc_choose_all(choices);
	if (err)
		return err;
	err = -ENOENT;
	for (i = 0; i < 2 && choices[i].ops && err == -ENOENT; i++) {
		known.backend = choices[i].ops->kind;
		err = choices[i].ops->stat(choices[i].dev_fd, name, &known);
	}
	if (!err)
		copy_out(info, &known);
	return err;
}

static int by_name(const void *a, const void *b)
{
	const struct zinc_region_info *left = a;
	const struct zinc_region_info *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (int)left->backend - (int)right->backend;
}

static int collect(struct zinc_infos *infos)
{
	struct zinc_choice choices[2];
	int err;
	int i;

	err = zinc_choose_all(choices);
	for (i = 0; i < 2 && !err && choices[i].ops; i++)
		err = choices[i].ops->list(choices[i].dev_fd, infos);
	return err;
}

int32_t zinc_list(struct zinc_region_info **list, size_t *count,
		  size_t entry_size)
{
	struct zinc_infos infos = {};
	size_t i;
	int err;

	if (!list || !count)
		return -EINVAL;
	*list = NULL;
	*count = 0;
	if (!zinc_stride_is_valid(entry_size, ZINC_REGION_INFO_SIZE_V1))
		return -EINVAL;
	err = collect(&infos);
	if (err || !infos.count) {
		free(infos.entry);
		return err;
	}
	qsort(infos.entry, infos.count, sizeof(*infos.entry), by_name);
	for (i = 0; i < infos.count; i++)
		infos.entry[i].size = (uint32_t)entry_size;
	*list = zinc_array_out(infos.entry, infos.count, sizeof(*infos.entry),
			       entry_size);
	if (!*list)
		return -ENOMEM;
	*count = infos.count;
	return 0;
}

void zinc_list_free(struct zinc_region_info *list)
{
	free(list);
}
