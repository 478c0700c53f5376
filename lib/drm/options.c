// SPDX-License-Identifier: MIT
/*
 * Options: structs of this version, an older one or a newer one.
 */
#include <string.h>

#include "objects.h"

/**
 * zinc_drm_copy_options() - copy a caller's struct of options
 * @known: the members that this library knows, zero where the caller's is shorter
 * @known_size: size of @known
 * @size_v1: size of the struct's first version
 * @from: the caller's struct, which begins with its size
 *
 * Return: 0; -EINVAL the size is invalid, or an unknown member is not zero.
 */
int zinc_drm_copy_options(void *known, uint32_t known_size, uint32_t size_v1,
			  const void *from)
{
	const char *bytes = from;
	uint32_t size;
	uint32_t i;

	memcpy(&size, from, sizeof(size));
	if (size < size_v1 || size > ZINC_DRM_STRUCT_SIZE_MAX)
		return -EINVAL;
	for (i = known_size; i < size; i++) {
		if (bytes[i])
			return -EINVAL;
	}
	memset(known, 0, known_size);
	memcpy(known, from, size < known_size ? size : known_size);
	return 0;
}
