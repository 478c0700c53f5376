// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes, numbers, times and modes of the command line, each against a second
 * reading of its rules.
 */
#include "harness.h"

#include "cli.h"

/* Digits up to @end; Return: whether they fit */
static bool digits(const char *text, const char **end, uint64_t *number)
{
	bool fits = true;

	*number = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *text - '0', number))
			fits = false;
	}
	*end = text;
	return fits;
}

static int size_by_the_rules(const char *text, uint64_t *size)
{
	static const char suffixes[] = "KkMmGgTt";
	const char *end, *suffix = suffixes;
	bool fits = digits(text, &end, size);
	int shift = 0;

	if (end == text)
		return -EINVAL;
	/* the number is judged before what follows it */
	if (!fits)
		return -ERANGE;
	if (*end) {
		while (*suffix && *suffix != *end)
			suffix++;
		if (!*suffix || end[1])
			return -EINVAL;
		shift = 10 * ((int)(suffix - suffixes) / 2 + 1);
	}
	if (shift && *size >> (64 - shift))
		return -ERANGE;
	*size <<= shift;
	return 0;
}

static void check_size(const char *text)
{
	uint64_t size = 0, want = 0;
	char shown[SIZE_TEXT];
	int err = size_by_the_rules(text, &want);

	REQUIRE(parse_size(text, &size) == err);
	if (err)
		return;
	REQUIRE(size == want);
	/* a number that is shown without a decimal is exact, and can be read back */
	format_size(want, shown);
	REQUIRE(strlen(shown) < SIZE_TEXT);
	if (!strchr(shown, '.'))
		REQUIRE(!parse_size(shown, &size) && size == want);
}

static void check_number(const char *text, uint64_t max)
{
	uint64_t number = 0, want;
	const char *end;
	bool fits = digits(text, &end, &want);
	int err = parse_number(text, max, &number);

	if (end == text)
		REQUIRE(err == -EINVAL);
	else if (!fits)
		REQUIRE(err == -ERANGE);
	else if (*end)
		REQUIRE(err == -EINVAL);
	else
		REQUIRE(want > max ? err == -ERANGE : !err && number == want);
}

/* Return: plain decimal, at most 1e9 before the point */
static bool seconds_by_the_rules(const char *text, double *seconds)
{
	const char *end, *rest;
	uint64_t whole, part;
	double scale = 1;

	if (!digits(text, &end, &whole) || end - text > 9)
		return false;
	*seconds = whole;
	if (!*end)
		return end != text;
	if (*end != '.' || !digits(end + 1, &rest, &part) || *rest)
		return false;
	for (end++; end < rest; end++)
		scale *= 10;
	*seconds += part / scale;
	return rest[-1] != '.' || rest - text > 1;
}

static void check_seconds(const char *text)
{
	uint64_t ns = 0;
	double want;
	int err = parse_seconds(text, &ns);

	REQUIRE(!err || err == -EINVAL);
	if (!err)
		REQUIRE(ns >= 999999 && ns <= 86400000000000);
	if (!seconds_by_the_rules(text, &want))
		return;
	if (want > 0.0010001 && want < 86399.9)
		REQUIRE(!err && ns - want * 1e9 < 1000 && want * 1e9 - ns < 1000);
	else if (want < 0.0009999 || want > 86400.1)
		REQUIRE(err == -EINVAL);
}

static void check_mode(const char *text)
{
	uint32_t mode = 0, want = 0;
	const char *s = text;
	int err = parse_mode(text, &mode);
	bool good = *s;

	for (; *s; s++) {
		if (*s < '0' || *s > '7' || want >> 28)
			good = false;
		want = want << 3 | (*s & 7);
	}
	if (good && want && !(want & ~0666U))
		REQUIRE(!err && mode == want);
	else
		REQUIRE(err == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint64_t max = (uint64_t)input_u32(&input) << 16;
	char text[64];

	input_text(&input, text, sizeof(text));
	check_size(text);
	check_number(text, max);
	check_number(text, UINT32_MAX);
	check_seconds(text);
	check_mode(text);
	return 0;
}
