// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command's output for arbitrary bytes: JSON has to be valid (RFC 8259, in
 * UTF-8, in one line), and a table must contain nothing that drives a terminal.
 */
#include "harness.h"

#include <locale.h>

#include "core/internal.h"
#include "cli.h"

/* ---- a validator: each function moves @s behind what it has found ---- */

#define DEPTH_MAX	32

static bool value(const char **s, int depth);

static bool literal(const char **s, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*s, text, n))
		return false;
	*s += n;
	return true;
}

/* The character at @s; Return: its bytes, 0 if it is none */
static int character(const unsigned char *s)
{
	/* the shortest form of so many bytes begins here */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code = s[0];
	int i, n = 1;

	if (code < 0x80)
		return 1;
	if ((code & 0xe0) == 0xc0) {
		n = 2;
		code &= 0x1f;
	} else if ((code & 0xf0) == 0xe0) {
		n = 3;
		code &= 0x0f;
	} else if ((code & 0xf8) == 0xf0) {
		n = 4;
		code &= 0x07;
	} else {
		return 0;
	}
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	/* no half of a pair, and within Unicode */
	if (code < least[n] || (code >= 0xd800 && code <= 0xdfff) ||
	    code > 0x10ffff)
		return 0;
	return n;
}

static bool escape(const char **s)
{
	if (**s == 'u') {
		if (strspn(*s + 1, "0123456789abcdefABCDEF") < 4)
			return false;
		*s += 5;
		return true;
	}
	if (!**s || !strchr("\"\\/bfnrt", **s))
		return false;
	++*s;
	return true;
}

static bool string(const char **s)
{
	int n;

	if (!literal(s, "\""))
		return false;
	while (**s != '"') {
		if ((unsigned char)**s < 0x20)
			return false;
		if (**s == '\\') {
			++*s;
			if (!escape(s))
				return false;
			continue;
		}
		n = character((const unsigned char *)*s);
		if (!n)
			return false;
		*s += n;
	}
	++*s;
	return true;
}

static bool number(const char **s)
{
	size_t n;

	if (**s == '-')
		++*s;
	n = strspn(*s, "0123456789");
	if (!n || (n > 1 && **s == '0'))
		return false;
	*s += n;
	return true;
}

static bool members(const char **s, char close, int depth)
{
	bool object = close == '}';

	++*s;
	if (**s == close) {
		++*s;
		return true;
	}
	for (;;) {
		if (object && (!string(s) || !literal(s, ":")))
			return false;
		if (!value(s, depth + 1))
			return false;
		if (**s == close) {
			++*s;
			return true;
		}
		if (!literal(s, ","))
			return false;
	}
}

static bool value(const char **s, int depth)
{
	if (depth > DEPTH_MAX)
		return false;
	switch (**s) {
	case '{':
		return members(s, '}', depth);
	case '[':
		return members(s, ']', depth);
	case '"':
		return string(s);
	case 't':
		return literal(s, "true");
	case 'f':
		return literal(s, "false");
	case 'n':
		return literal(s, "null");
	}
	return number(s);
}

static bool is_json_line(const char *text)
{
	return value(&text, 0) && !strcmp(text, "\n");
}

/* The validator itself: it must be able to say no */
static void check_validator(void)
{
	static const char *const good[] = {
		"{}\n", "[]\n", "[1,-2,\"a\\u00e4\",{\"b\":null}]\n",
		"\"\xc3\xa4\"\n",
	};
	static const char *const bad[] = {
		"", "{}", "[1,]\n", "{\"a\"}\n", "[01]\n", "\"\x01\"\n",
		"\"\xc3\"\n", "\"\xed\xa0\x80\"\n", "\"\xc0\x80\"\n",
		"\"\\x41\"\n", "[]\n\n", "\"a\n", "\"\xf5\x80\x80\x80\"\n",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		REQUIRE(is_json_line(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		REQUIRE(!is_json_line(bad[i]));
}

/* ---- the checks ---- */

static char *start(struct json *json, size_t *length)
{
	static char *text;

	text = NULL;
	json_start(json, open_memstream(&text, length));
	REQUIRE(json->out);
	return (char *)&text;
}

static void end(struct json *json, char *storage)
{
	char *text;

	REQUIRE(!fclose(json->out));
	text = *(char **)storage;
	REQUIRE(is_json_line(text));
	free(text);
}

static void write_strings(const char *key, const char *text)
{
	struct json json;
	size_t length;
	char *storage = start(&json, &length);

	json_object(&json, NULL);
	json_string(&json, key, text);
	json_array(&json, text);
	json_string(&json, NULL, key);
	json_int(&json, NULL, (int64_t)strlen(text) - 9);
	json_null(&json, NULL);
	json_end(&json);
	json_bool(&json, text, *key);
	json_end(&json);
	end(&json, storage);
}

static void write_region(struct input *input)
{
	struct zinc_region_info info;
	struct json json;
	size_t length;
	char *storage = start(&json, &length);

	input_take(input, &info, sizeof(info));
	info.name[sizeof(info.name) - 1] = '\0';
	json_array(&json, NULL);
	json_region(&json, &info, NULL);
	json_region(&json, &info, NULL);
	json_end(&json);
	end(&json, storage);
}

static bool is_safe(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int n;

	for (; *s; s += n) {
		n = character(s);
		if (!n || *s < 0x20 || *s == 0x7f)
			return false;
		/* C1 controls */
		if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)
			return false;
	}
	return true;
}

static void print_safely(const char *text)
{
	static const struct column columns[] = {
		{ "LEFT", false }, { "RIGHT", true },
	};
	char *shown = printable(text, NULL), *out = NULL, *line;
	struct table table;
	size_t length;
	FILE *file;

	REQUIRE(is_safe(shown));
	free(shown);
	file = open_memstream(&out, &length);
	REQUIRE(file);
	table_start(&table, columns, 2);
	table_cell(&table, PLAIN, "%s", text);
	table_cell(&table, RED, "%s", text);
	table_print(&table, file, 0);
	fclose(file);
	line = out;
	while ((line = strchr(line, '\n')))
		*line++ = ' ';
	REQUIRE(is_safe(out));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	char key[64], text[300];
	static bool ready;

	if (!ready) {
		REQUIRE(setlocale(LC_CTYPE, "C.UTF-8"));
		check_validator();
		ready = true;
	}
	input_text(&input, key, sizeof(key));
	input_text(&input, text, sizeof(text));
	write_strings(key, text);
	print_safely(text);
	write_region(&input);
	return 0;
}
