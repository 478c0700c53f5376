// SPDX-License-Identifier: MIT
/*
 * What is known of a region, and of all of them.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

#define ROOM_AT_FIRST	32

static_assert(offsetof(struct zinc_region_info, name) +
	      sizeof(((struct zinc_region_info *)0)->name) ==
	      ZINC_REGION_INFO_SIZE_V1, "the first version ends with the name");
static_assert(sizeof(struct zinc_region_info) == 352,
	      "has grown: see that list and info tests know of it");

static bool size_is_valid(size_t size)
{
	return size >= ZINC_REGION_INFO_SIZE_V1 && size <= ZINC_STRUCT_SIZE_MAX;
}

/*
 * @size is how long the caller knows the struct: what he does not know is left
 * out, what the library does not know is zero.
 */
static void copy_out(void *to, size_t size,
		     const struct zinc_region_info *from)
{
	memset(to, 0, size);
	memcpy(to, from, size < sizeof(*from) ? size : sizeof(*from));
	((struct zinc_region_info *)to)->size = (uint32_t)size;
}

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
	copy_out(info, info->size, &known);
	return 0;
}

int32_t zinc_stat(const char *name, struct zinc_region_info *info)
{
	const struct zinc_backend_ops *ops[2];
	struct zinc_region_info known = {};
	int err;
	int i;

	if (!zinc_name_is_valid(name) || !info || !size_is_valid(info->size))
		return -EINVAL;
	err = zinc_choose_all(ops);
	if (err)
		return err;
	err = -ENOENT;
	for (i = 0; i < 2 && ops[i] && err == -ENOENT; i++) {
		known.backend = ops[i]->kind;
		err = ops[i]->stat(name, &known);
	}
	if (!err)
		copy_out(info, info->size, &known);
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
	const struct zinc_backend_ops *ops[2];
	int err;

	err = zinc_choose_all(ops);
	if (!err)
		err = ops[0]->list(infos);
	if (!err && ops[1])
		err = ops[1]->list(infos);
	return err;
}

static struct zinc_region_info *with_stride(const struct zinc_infos *infos,
					    size_t stride)
{
	char *array = calloc(infos->count, stride);
	size_t i;

	for (i = 0; array && i < infos->count; i++)
		copy_out(array + i * stride, stride, &infos->entry[i]);
	return (struct zinc_region_info *)array;
}

int32_t zinc_list(struct zinc_region_info **list, size_t *count,
		  size_t entry_size)
{
	struct zinc_infos infos = {};
	int err;

	if (!list || !count)
		return -EINVAL;
	*list = NULL;
	*count = 0;
	/* the next entry has to be aligned as well */
	if (!size_is_valid(entry_size) || entry_size % sizeof(uint64_t))
		return -EINVAL;
	err = collect(&infos);
	if (!err && infos.count) {
		qsort(infos.entry, infos.count, sizeof(*infos.entry), by_name);
		*list = with_stride(&infos, entry_size);
		if (*list)
			*count = infos.count;
		else
			err = -ENOMEM;
	}
	free(infos.entry);
	return err;
}

void zinc_list_free(struct zinc_region_info *list)
{
	free(list);
}
