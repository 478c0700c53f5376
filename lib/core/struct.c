// SPDX-License-Identifier: MIT
/*
 * Structs of callers that know more or fewer of their members than the library.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

/**
 * zinc_size_is_valid() - check the size of a caller's struct
 * @size: what the caller says
 * @size_v1: size of the struct's first version
 *
 * Return: whether it can be one.
 */
bool zinc_size_is_valid(size_t size, size_t size_v1)
{
	return size >= size_v1 && size <= ZINC_STRUCT_SIZE_MAX;
}

/**
 * zinc_stride_is_valid() - zinc_size_is_valid() of an array's entries
 * @stride: from one entry to the next
 * @size_v1: as there
 *
 * Return: likewise; each entry has to be aligned.
 */
bool zinc_stride_is_valid(size_t stride, size_t size_v1)
{
	return zinc_size_is_valid(stride, size_v1) &&
	       !(stride % sizeof(uint64_t));
}

/**
 * zinc_struct_in() - read a caller's struct
 * @known: gets all of it, as far as this library knows it
 * @known_size: its size
 * @from: the caller's, not NULL
 * @size: how much of it the caller knows, valid
 *
 * Members that the caller does not know are zero.
 *
 * Return: 0; -EINVAL something is asked for that this library does not know.
 */
int zinc_struct_in(void *known, size_t known_size, const void *from,
		   size_t size)
{
	const char *bytes = from;
	size_t i;

	for (i = known_size; i < size; i++) {
		if (bytes[i])
			return -EINVAL;
	}
	memset(known, 0, known_size);
	memcpy(known, from, size < known_size ? size : known_size);
	return 0;
}

/**
 * zinc_struct_out() - fill in a caller's struct
 * @to: the caller's
 * @size: how much of it the caller knows, valid
 * @known: all of it, as far as this library knows it
 * @known_size: its size
 *
 * What the caller does not know is left out, what the library does not know is
 * zero.
 */
void zinc_struct_out(void *to, size_t size, const void *known,
		     size_t known_size)
{
	memset(to, 0, size);
	memcpy(to, known, size < known_size ? size : known_size);
}

/**
 * zinc_array_out() - an array with the caller's stride
 * @array: of the library's stride, from malloc(); NULL for none
 * @count: its length
 * @known_size: the library's stride
 * @stride: the caller's, valid
 *
 * Return: @array, or another in its place; NULL for want of memory, with @array
 * gone, and where @array is NULL.
 */
void *zinc_array_out(void *array, size_t count, size_t known_size,
		     size_t stride)
{
	char *other;
	size_t i;

	if (!array || stride == known_size)
		return array;
	other = calloc(count, stride);
	for (i = 0; other && i < count; i++)
		zinc_struct_out(other + i * stride, stride,
				(char *)array + i * known_size, known_size);
	free(array);
	return other;
}
