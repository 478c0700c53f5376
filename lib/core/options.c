// SPDX-License-Identifier: MIT
/*
 * struct zinc_options: of this version, an older one or a newer one.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define LIFETIME_VARIABLE	"ZINC_LIFETIME"

static_assert(sizeof(struct zinc_options) == ZINC_OPTIONS_SIZE_V1,
	      "has grown: its first version has not");

static int options_copy(struct zinc_options *known,
			const struct zinc_options *options, uint32_t flags)
{
	memset(known, 0, sizeof(*known));
	known->size = sizeof(*known);
	if (!options)
		return 0;
	if (!zinc_size_is_valid(options->size, ZINC_OPTIONS_SIZE_V1) ||
	    zinc_struct_in(known, sizeof(*known), options, options->size))
		return -EINVAL;
	if (known->flags & ~flags || known->reserved ||
	    known->backend > ZINC_BACKEND_SHM)
		return -EINVAL;
	return 0;
}

/**
 * zinc_lifetime_by_environment() - the lifetime of what does not ask for one
 * @lifetime: ZINC_LIFETIME_*
 *
 * Read at every create, so that a program may set it while it runs.
 *
 * Return: 0; -EINVAL $ZINC_LIFETIME is none.
 */
int zinc_lifetime_by_environment(uint32_t *lifetime)
{
	static const char *const names[] = { "refs", "creator", "persist" };
	const char *value = secure_getenv(LIFETIME_VARIABLE);
	uint32_t i;

	*lifetime = ZINC_LIFETIME_REFS;
	if (!value || !*value)
		return 0;
	for (i = ZINC_LIFETIME_REFS; i <= ZINC_LIFETIME_PERSIST; i++) {
		if (strcmp(value, names[i]))
			continue;
		*lifetime = i;
		return 0;
	}
	return -EINVAL;
}

/* For a region that comes to be. */
static int made(struct zinc_options *known, const struct zinc_options *options,
		uint32_t flags)
{
	if (options_copy(known, options, flags))
		return -EINVAL;
	if (known->mode & ~0666U || known->lifetime > ZINC_LIFETIME_PERSIST)
		return -EINVAL;
	/* what is allocated later cannot be chosen now */
	if (known->flags & ZINC_LAZY && known->flags & ZINC_CONTIGUOUS)
		return -EINVAL;
	if (!known->lifetime &&
	    zinc_lifetime_by_environment(&known->lifetime))
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
	return made(known, options,
		    ZINC_LAZY | ZINC_REPLACE | ZINC_CONTIGUOUS |
		    ZINC_PAGE_LAYOUT);
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
	if (options_copy(known, options, ZINC_RDONLY | ZINC_NO_DATA))
		return -EINVAL;
	return known->mode || known->lifetime ? -EINVAL : 0;
}
