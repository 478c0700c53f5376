// SPDX-License-Identifier: MIT
/*
 * JSON output.
 *
 * The command has its own writer, since it needs only output, and since common
 * libraries pass bytes through that are not UTF-8: a process may have such
 * bytes in its command line, and the document would not be valid JSON.
 */
#include <assert.h>

#include "stream.h"

void json_start(struct json *json, FILE *out)
{
	*json = (struct json){ .out = out };
}

/* @low and @high bound the second byte: no overlong forms, no surrogates */
static unsigned int utf8_lead(unsigned char c, unsigned char *low,
			      unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef) {
		*low = c == 0xe0 ? 0xa0 : 0x80;
		*high = c == 0xed ? 0x9f : 0xbf;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		*low = c == 0xf0 ? 0x90 : 0x80;
		*high = c == 0xf4 ? 0x8f : 0xbf;
		return 4;
	}
	return 0;
}

/* Bytes of the valid UTF-8 character at @s, 0 if there is none */
static unsigned int utf8_length(const unsigned char *s)
{
	unsigned char low, high;
	unsigned int i, length = utf8_lead(s[0], &low, &high);

	for (i = 1; i < length; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

static void put_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned int length;

	putc('"', out);
	for (; *s; s += length ? length : 1) {
		length = utf8_length(s);
		if (!length)
			fputs("\\ufffd", out);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else
			fwrite(s, 1, length, out);
	}
	putc('"', out);
}

/* Comma and key before a value */
static void put_key(struct json *json, const char *key)
{
	if (json->depth) {
		assert(!key == (json->close[json->depth - 1] == ']'));
		if (json->comma[json->depth - 1])
			putc(',', json->out);
		json->comma[json->depth - 1] = true;
	}
	if (!key)
		return;
	put_string(json->out, key);
	putc(':', json->out);
}

static void nest(struct json *json, const char *key, char open, char close)
{
	assert(json->depth < JSON_DEPTH);
	put_key(json, key);
	putc(open, json->out);
	json->comma[json->depth] = false;
	json->close[json->depth++] = close;
}

void json_object(struct json *json, const char *key)
{
	nest(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
	nest(json, key, '[', ']');
}

void json_end(struct json *json)
{
	assert(json->depth);
	putc(json->close[--json->depth], json->out);
	if (!json->depth)
		putc('\n', json->out);
}

void json_string(struct json *json, const char *key, const char *value)
{
	put_key(json, key);
	put_string(json->out, value);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%llu", (unsigned long long)value);
}

void json_int(struct json *json, const char *key, int64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%lld", (long long)value);
}

void json_number(struct json *json, const char *key, double value)
{
	put_key(json, key);
	fprintf(json->out, "%.3f", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
	put_key(json, key);
	fputs("null", json->out);
}
