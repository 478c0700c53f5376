// SPDX-License-Identifier: MIT
/*
 * struct zinc_options: of this version, an older one or a newer one.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "backend.h"

static_assert(sizeof(struct zinc_options) == ZINC_OPTIONS_SIZE_V1,
	      "shorter options have to be taken from now on");

/* What the library does not know must not be asked of it. */
static bool tail_is_zero(const struct zinc_options *options)
{
	const char *bytes = (const char *)options;
	size_t i;

	for (i = sizeof(*options); i < options->size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static int options_copy(struct zinc_options *known,
			const struct zinc_options *options, uint32_t flags)
{
	memset(known, 0, sizeof(*known));
	known->size = sizeof(*known);
	if (!options)
		return 0;
	if (options->size < ZINC_OPTIONS_SIZE_V1 ||
	    options->size > ZINC_STRUCT_SIZE_MAX || !tail_is_zero(options))
		return -EINVAL;
	memcpy(known, options, sizeof(*known));
	if (known->flags & ~flags || known->reserved ||
	    known->backend > ZINC_BACKEND_SHM)
		return -EINVAL;
	return 0;
}

/* For a region that comes to be. */
static int made(struct zinc_options *known, const struct zinc_options *options,
		uint32_t flags)
{
	if (options_copy(known, options, flags))
		return -EINVAL;
	if (known->mode & ~0666U || known->lifetime > ZINC_LIVES_PERSIST)
		return -EINVAL;
	if (!known->mode)
		known->mode = 0600;
	return 0;
}

/**
 * zinc_options_for_create() - check a caller's options and fill in defaults
 * @known: all of it
 * @options: the caller's, or NULL
 *
 * Return: 0; -EINVAL.
 */
int zinc_options_for_create(struct zinc_options *known,
			    const struct zinc_options *options)
{
	return made(known, options, ZINC_LAZY | ZINC_REPLACE);
}

/**
 * zinc_options_for_import() - zinc_options_for_create(), of memory that is there
 * @known: all of it
 * @options: the caller's, or NULL
 *
 * Return: 0; -EINVAL.
 */
int zinc_options_for_import(struct zinc_options *known,
			    const struct zinc_options *options)
{
	return made(known, options, ZINC_REPLACE | ZINC_NO_DATA);
}

/**
 * zinc_options_for_open() - zinc_options_for_create(), where nothing is made
 * @known: all of it
 * @options: the caller's, or NULL
 *
 * Return: 0; -EINVAL.
 */
int zinc_options_for_open(struct zinc_options *known,
			  const struct zinc_options *options)
{
	if (options_copy(known, options, ZINC_READONLY | ZINC_NO_DATA))
		return -EINVAL;
	return known->mode || known->lifetime ? -EINVAL : 0;
}
