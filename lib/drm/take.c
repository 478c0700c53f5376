// SPDX-License-Identifier: MIT
/*
 * Structs of this version, an older one or a newer one.
 */
#include <string.h>

#include "objects.h"

/**
 * zinc_drm_take() - copy a caller's struct, which begins with its size
 * @known: all of it, as far as this library knows it
 * @known_size: its size
 * @size_v1: the size of its first version
 * @from: the caller's
 *
 * Return: 0; -EINVAL a bad size, or something is asked that is not known.
 */
int zinc_drm_take(void *known, uint32_t known_size, uint32_t size_v1,
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
