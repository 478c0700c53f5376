// SPDX-License-Identifier: MIT
/* Numbers, texts and members of objects, from and to JavaScript. */
#include <string.h>

#include "internal.h"

napi_value zn_number(napi_env env, double value)
{
	napi_value number = NULL;

	napi_create_double(env, value, &number);
	return number;
}

napi_value zn_bigint(napi_env env, uint64_t value)
{
	napi_value number = NULL;

	napi_create_bigint_uint64(env, value, &number);
	return number;
}

napi_value zn_text(napi_env env, const char *text)
{
	napi_value value = NULL;

	napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
	return value;
}

uint32_t zn_get_u32(napi_env env, napi_value value)
{
	uint32_t number = 0;

	napi_get_value_uint32(env, value, &number);
	return number;
}

int32_t zn_get_i32(napi_env env, napi_value value)
{
	int32_t number = 0;

	napi_get_value_int32(env, value, &number);
	return number;
}

uint64_t zn_get_u64(napi_env env, napi_value value)
{
	bool lossless;
	uint64_t number = 0;
	double real = 0;

	if (!napi_get_value_bigint_uint64(env, value, &number, &lossless))
		return number;
	napi_get_value_double(env, value, &real);
	return real > 0 ? (uint64_t)real : 0;
}

bool zn_get_bool(napi_env env, napi_value value)
{
	bool truth = false;

	napi_get_value_bool(env, value, &truth);
	return truth;
}

/*
 * zn_get_name() - a name, without a NUL in it, as the library has names
 * One that is too long is cut to what is still too long. null is NULL.
 */
const char *zn_get_name(napi_env env, napi_value value, struct zn_name *name)
{
	size_t length = 0;

	if (napi_get_value_string_utf8(env, value, name->text, sizeof(name->text), &length))
		return NULL;
	return name->text;
}

/* Milliseconds from now; 0 only checks, Infinity has no end. */
uint64_t zn_get_deadline(napi_env env, napi_value ms)
{
	double timeout = 0;

	napi_get_value_double(env, ms, &timeout);
	if (!(timeout > 0))
		return 0;
	if (timeout > 1e12)
		return ZINC_DEADLINE_NEVER;
	return zinc_stream_now() + (uint64_t)(timeout * 1e6);
}

/* The bytes of a typed array; NULL, with an exception, if it is none */
uint8_t *zn_get_bytes(napi_env env, napi_value value, size_t *length)
{
	void *data = NULL;

	*length = 0;
	if (napi_get_typedarray_info(env, value, NULL, length, &data, NULL, NULL)) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a Uint8Array");
		return NULL;
	}
	return data;
}

void zn_set(napi_env env, napi_value object, const char *name, napi_value value)
{
	napi_set_named_property(env, object, name, value);
}

void zn_set_number(napi_env env, napi_value object, const char *name, double value)
{
	zn_set(env, object, name, zn_number(env, value));
}

void zn_set_bigint(napi_env env, napi_value object, const char *name, uint64_t value)
{
	zn_set(env, object, name, zn_bigint(env, value));
}

/* A member that is not there is undefined, and as a number 0 */
static napi_value member(napi_env env, napi_value object, const char *name)
{
	napi_value value = NULL;

	napi_get_named_property(env, object, name, &value);
	return value;
}

uint32_t zn_member_u32(napi_env env, napi_value object, const char *name)
{
	return zn_get_u32(env, member(env, object, name));
}

uint64_t zn_member_u64(napi_env env, napi_value object, const char *name)
{
	return zn_get_u64(env, member(env, object, name));
}

/* A value that is not an array has no elements; access to one would throw */
static uint32_t length_of(napi_env env, napi_value array, uint32_t limit)
{
	bool is_array = false;
	uint32_t length = 0;

	if (napi_is_array(env, array, &is_array) || !is_array ||
	    napi_get_array_length(env, array, &length))
		return 0;
	return length < limit ? length : limit;
}

void zn_member_u32s(napi_env env, napi_value object, const char *name, uint32_t *into,
		    uint32_t count)
{
	napi_value array = member(env, object, name), value;
	uint32_t i;

	count = length_of(env, array, count);
	for (i = 0; i < count; i++)
		if (!napi_get_element(env, array, i, &value))
			into[i] = zn_get_u32(env, value);
}

void zn_member_u64s(napi_env env, napi_value object, const char *name, uint64_t *into,
		    uint32_t count)
{
	napi_value array = member(env, object, name), value;
	uint32_t i;

	count = length_of(env, array, count);
	for (i = 0; i < count; i++)
		if (!napi_get_element(env, array, i, &value))
			into[i] = zn_get_u64(env, value);
}

void zn_member_text(napi_env env, napi_value object, const char *name, char *into,
		    size_t size)
{
	size_t length;

	napi_get_value_string_utf8(env, member(env, object, name), into, size, &length);
}
