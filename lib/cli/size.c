// SPDX-License-Identifier: MIT
/*
 * Numbers, sizes and modes: read from arguments, and shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char suffixes[] = "KMGT";

/* Digits only: strtoull() alone would take spaces, signs and more */
static int parse_digits(const char *text, uint64_t *number, const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &stop, 10);
	*end = stop;
	return -errno;
}

int parse_size(const char *text, uint64_t *size)
{
	const char *end, *suffix;
	unsigned int shift = 0;
	int err;

	err = parse_digits(text, size, &end);
	if (err)
		return err;
	if (*end) {
		/* not strchr(): a space would be its terminating NUL */
		suffix = memchr(suffixes, *end & ~0x20, strlen(suffixes));
		if (!suffix || end[1])
			return -EINVAL;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (*size > UINT64_MAX >> shift)
		return -ERANGE;
	*size <<= shift;
	return 0;
}

int parse_number(const char *text, uint64_t max, uint64_t *number)
{
	const char *end;
	int err;

	err = parse_digits(text, number, &end);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	return *number > max ? -ERANGE : 0;
}

int parse_seconds(const char *text, uint64_t *ns)
{
	double seconds;
	char *end;

	if (!strchr("0123456789.", *text))
		return -EINVAL;
	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0.001 && seconds <= 86400))
		return -EINVAL;
	*ns = seconds * 1e9;
	return 0;
}

int parse_mode(const char *text, uint32_t *mode)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '7')
		return -EINVAL;
	value = strtoul(text, &end, 8);
	if (*end || !value || value & ~0666ul)
		return -EINVAL;
	*mode = value;
	return 0;
}

const char *format_size(uint64_t size, char text[SIZE_TEXT])
{
	unsigned int unit = 0;
	uint64_t rest = 0;

	while (size >= 1024 && unit < strlen(suffixes)) {
		rest = (size & 1023) | (rest ? 1 : 0);
		size >>= 10;
		unit++;
	}
	if (!unit)
		snprintf(text, SIZE_TEXT, "%u", (unsigned int)size);
	else if (!rest)
		snprintf(text, SIZE_TEXT, "%llu%c", (unsigned long long)size,
			 suffixes[unit - 1]);
	else
		snprintf(text, SIZE_TEXT, "%llu.%u%c", (unsigned long long)size,
			 (unsigned int)(rest * 10 / 1024), suffixes[unit - 1]);
	return text;
}
