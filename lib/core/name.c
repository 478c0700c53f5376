// SPDX-License-Identifier: MIT
/*
 * Names of regions.
 */
#include "core/internal.h"

#define FNV1A_64_OFFSET		0xcbf29ce484222325ULL
#define FNV1A_64_PRIME		0x100000001b3ULL

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_name(const char *name, size_t max)
{
	size_t n = 0;

	if (!name)
		return false;
	while (n <= max && is_name_byte(name[n]))
		n++;
	return n && n <= max && !name[n];
}

/**
 * zinc_name_is_valid() - 1 to ZINC_NAME_MAX bytes of [a-zA-Z0-9_-]
 * @name: NUL-terminated; NULL is not a name
 *
 * Return: whether it may name a region.
 */
bool zinc_name_is_valid(const char *name)
{
	return is_name(name, ZINC_NAME_MAX);
}

/**
 * zinc_name_is_findable() - zinc_name_is_valid(), or one byte longer
 * @name: likewise
 *
 * Another library takes 250 bytes for POSIX shared memory: what it has made is
 * found, and nothing is made so.
 *
 * Return: whether a region may have this name.
 */
bool zinc_name_is_findable(const char *name)
{
	return is_name(name, ZINC_FINDABLE_MAX);
}

/**
 * zinc_name_hash() - the header's name_hash
 * @name: NUL-terminated
 *
 * Return: FNV-1a, 64 bits.
 */
uint64_t zinc_name_hash(const char *name)
{
	uint64_t hash = FNV1A_64_OFFSET;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * FNV1A_64_PRIME;
	return hash;
}
