// SPDX-License-Identifier: MIT
/* Streams: the two ends of zinc-stream.h. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* ---- formats ---------------------------------------------------------------- */

/* What lib/format.js has completed */
static void format_of(napi_env env, napi_value object, struct zinc_stream_format *format)
{
	memset(format, 0, sizeof(*format));
	format->kind = zn_member_u32(env, object, "kind");
	format->fourcc = zn_member_u32(env, object, "fourcc");
	format->modifier = zn_member_u64(env, object, "modifier");
	format->width = zn_member_u32(env, object, "width");
	format->height = zn_member_u32(env, object, "height");
	format->planes = zn_member_u32(env, object, "planes");
	zn_member_u32s(env, object, "stride", format->stride, ZINC_STREAM_PLANES_MAX);
	zn_member_u64s(env, object, "offset", format->offset, ZINC_STREAM_PLANES_MAX);
	format->primaries = zn_member_u32(env, object, "primaries");
	format->transfer = zn_member_u32(env, object, "transfer");
	format->matrix = zn_member_u32(env, object, "matrix");
	format->full_range = zn_member_u32(env, object, "fullRange");
	format->rate_num = zn_member_u32(env, object, "rateNum");
	format->rate_den = zn_member_u32(env, object, "rateDen");
	format->dtype_code = (uint8_t)zn_member_u32(env, object, "dtypeCode");
	format->dtype_bits = (uint8_t)zn_member_u32(env, object, "dtypeBits");
	format->dtype_lanes = (uint16_t)zn_member_u32(env, object, "dtypeLanes");
	format->dims = zn_member_u32(env, object, "dims");
	format->channels = zn_member_u32(env, object, "channels");
	zn_member_u64s(env, object, "shape", format->shape, ZINC_STREAM_DIMS_MAX);
	zn_member_text(env, object, "caps", format->caps, sizeof(format->caps));
}

static napi_value numbers(napi_env env, const uint32_t *narrow, const uint64_t *wide,
			  uint32_t count)
{
	napi_value array = NULL;
	uint32_t i;

	napi_create_array_with_length(env, count, &array);
	for (i = 0; i < count; i++)
		napi_set_element(env, array, i,
				 zn_number(env, narrow ? narrow[i] : (double)wide[i]));
	return array;
}

static napi_value format_value(napi_env env, const struct zinc_stream_format *format)
{
	napi_value object = NULL;

	napi_create_object(env, &object);
	zn_set_number(env, object, "kind", format->kind);
	zn_set_number(env, object, "fourcc", format->fourcc);
	zn_set_bigint(env, object, "modifier", format->modifier);
	zn_set_number(env, object, "width", format->width);
	zn_set_number(env, object, "height", format->height);
	zn_set_number(env, object, "planes", format->planes);
	zn_set(env, object, "stride", numbers(env, format->stride, NULL, format->planes));
	zn_set(env, object, "offset", numbers(env, NULL, format->offset, format->planes));
	zn_set_number(env, object, "primaries", format->primaries);
	zn_set_number(env, object, "transfer", format->transfer);
	zn_set_number(env, object, "matrix", format->matrix);
	zn_set_number(env, object, "fullRange", format->full_range);
	zn_set_number(env, object, "rateNum", format->rate_num);
	zn_set_number(env, object, "rateDen", format->rate_den);
	zn_set_number(env, object, "dtypeCode", format->dtype_code);
	zn_set_number(env, object, "dtypeBits", format->dtype_bits);
	zn_set_number(env, object, "dtypeLanes", format->dtype_lanes);
	zn_set_number(env, object, "dims", format->dims);
	zn_set_number(env, object, "channels", format->channels);
	zn_set(env, object, "shape", numbers(env, NULL, format->shape, format->dims));
	zn_set(env, object, "caps", zn_text(env, format->caps));
	return object;
}

/*
 * (format, with kind, and fourcc and size, or type and shape): the same without padding,
 * and its bytes; -EINVAL
 */
napi_value zn_stream_layout_of(napi_env env, napi_value *arguments)
{
	struct zinc_stream_format given, format;
	uint64_t bytes = 0;
	napi_value object;

	format_of(env, arguments[0], &given);
	if (given.kind == ZINC_STREAM_VIDEO)
		bytes = zinc_stream_video(&format, given.fourcc, given.width, given.height);
	else if (given.kind == ZINC_STREAM_TENSOR && given.dims <= ZINC_STREAM_DIMS_MAX)
		bytes = zinc_stream_tensor(&format, given.dtype_code, given.dtype_bits, given.dims,
					   given.shape);
	if (!bytes)
		return zn_number(env, -EINVAL);
	object = format_value(env, &format);
	zn_set_number(env, object, "bytes", (double)bytes);
	return object;
}

/* ---- both ends --------------------------------------------------------------- */

static napi_value ended(napi_env env, int err, struct zn_object *object)
{
	if (!err)
		return zn_object_value(env, object);
	/* the library has closed it */
	atomic_store(&object->is_open, false);
	zn_object_put(object);
	return zn_number(env, err);
}

/* (handle): where the slots are, and what the reader has lost */
napi_value zn_stream_geometry(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	napi_value value = NULL;
	bool reads;

	if (!object)
		return NULL;
	reads = object->kind == ZN_READER;
	napi_create_object(env, &value);
	zn_set_number(env, value, "slots", reads ? object->reader.slots : object->writer.slots);
	zn_set_number(env, value, "slotSize",
		      (double)(reads ? object->reader.slot_size : object->writer.slot_size));
	zn_set_number(env, value, "slotOffset",
		      (double)(reads ? object->reader.slot_offset : object->writer.slot_offset));
	zn_set_number(env, value, "lost", reads ? (double)object->reader.lost : 0);
	return value;
}

/* CLOCK_MONOTONIC, which a runtime's own clock need not be */
napi_value zn_now(napi_env env, napi_value *arguments)
{
	(void)arguments;
	return zn_bigint(env, zinc_stream_now());
}

/* ---- writer -------------------------------------------------------------------- */

/* (name, format, slots, slot size, flags, mode, lifetime, backend) */
napi_value zn_stream_create(napi_env env, napi_value *arguments)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = zn_get_u32(env, arguments[4]),
		.mode = zn_get_u32(env, arguments[5]),
		.lifetime = zn_get_u32(env, arguments[6]),
		.backend = zn_get_u32(env, arguments[7]),
	};
	struct zinc_stream_format format;
	struct zn_object *object;
	struct zn_name name;
	int err;

	object = zn_object_new(zn_env_of(env), ZN_WRITER);
	if (!object)
		return zn_number(env, -ENOMEM);
	format_of(env, arguments[1], &format);
	err = zinc_stream_create(&object->writer, zn_get_name(env, arguments[0], &name), &format,
				 zn_get_u32(env, arguments[2]), zn_get_u64(env, arguments[3]),
				 &options);
	return ended(env, err, object);
}

/*
 * (handle, only what a thread began): the offset of the memory for the next frame, or
 * -ETIMEDOUT: watch()
 */
napi_value zn_stream_begin(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	void *data = NULL;
	uint64_t begun;
	int err;

	if (!object)
		return NULL;
	begun = atomic_exchange(&object->begun, 0);
	if (begun)
		return zn_number(env, (double)begun);
	if (zn_get_bool(env, arguments[1]))
		return zn_number(env, -ETIMEDOUT);
	err = zinc_stream_begin(&object->writer, 0, &data);
	if (err)
		return zn_number(env, err);
	return zn_number(env, (double)((char *)data - (char *)object->writer.header));
}

/* (handle, bytes, pts or null, flags, damage or null) */
napi_value zn_stream_commit(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	struct zinc_stream_frame frame = {
		.bytes = zn_get_u64(env, arguments[1]),
		.flags = zn_get_u32(env, arguments[3]),
	};
	napi_valuetype type = napi_null;

	if (!object)
		return NULL;
	napi_typeof(env, arguments[2], &type);
	frame.pts_ns = type == napi_null ? zinc_stream_now() : zn_get_u64(env, arguments[2]);
	napi_typeof(env, arguments[4], &type);
	if (type == napi_object) {
		frame.flags |= ZINC_STREAM_DAMAGE;
		frame.damage_x = zn_member_u32(env, arguments[4], "x");
		frame.damage_y = zn_member_u32(env, arguments[4], "y");
		frame.damage_width = zn_member_u32(env, arguments[4], "width");
		frame.damage_height = zn_member_u32(env, arguments[4], "height");
	}
	return zn_number(env, zinc_stream_commit(&object->writer, &frame));
}

/* (handle) */
napi_value zn_stream_cancel(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	if (object)
		zinc_stream_cancel(&object->writer);
	return NULL;
}

/* (handle): the number of readers that are not waited for any more */
napi_value zn_stream_drop(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	if (!object)
		return NULL;
	/* the next frame is begun already, by a thread: no reader is in its way */
	if (atomic_load(&object->begun))
		return zn_number(env, 0);
	return zn_number(env, zinc_stream_drop(&object->writer));
}

/* (handle, format) */
napi_value zn_stream_set_format(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	struct zinc_stream_format format;

	if (!object)
		return NULL;
	format_of(env, arguments[1], &format);
	return zn_number(env, zinc_stream_set_format(&object->writer, &format));
}

/* ---- reader -------------------------------------------------------------------- */

/* (name, flags) */
napi_value zn_stream_open(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_new(zn_env_of(env), ZN_READER);
	struct zn_name name;

	if (!object)
		return zn_number(env, -ENOMEM);
	return ended(env, zinc_stream_open(&object->reader,
					   zn_get_name(env, arguments[0], &name),
					   zn_get_u32(env, arguments[1]), 0), object);
}

/* (handle): of the frames that the reader returns */
napi_value zn_stream_format(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	if (!object)
		return NULL;
	return format_value(env, &object->reader.format);
}

/* (handle): the next frame, or -ETIMEDOUT: watch() */
napi_value zn_stream_next(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	struct zinc_stream_view *view;
	napi_value value = NULL;
	int err;

	if (!object)
		return NULL;
	view = &object->view;
	err = zinc_stream_next(&object->reader, view, 0);
	/* for the next frame that is returned */
	object->lost += view->lost;
	if (err)
		return zn_number(env, err);
	napi_create_object(env, &value);
	zn_set_number(env, value, "offset",
		      (double)((const char *)view->data - (const char *)object->reader.header));
	zn_set_number(env, value, "bytes", (double)view->frame.bytes);
	zn_set_number(env, value, "number", (double)view->frame.number);
	zn_set_bigint(env, value, "pts", view->frame.pts_ns);
	zn_set_number(env, value, "flags", view->frame.flags);
	zn_set_number(env, value, "lost", (double)object->lost);
	object->lost = 0;
	zn_set_number(env, value, "newFormat", view->new_format);
	zn_set_number(env, value, "x", view->frame.damage_x);
	zn_set_number(env, value, "y", view->frame.damage_y);
	zn_set_number(env, value, "width", view->frame.damage_width);
	zn_set_number(env, value, "height", view->frame.damage_height);
	return value;
}

/* (handle, Uint8Array): copies the frame */
napi_value zn_stream_copy(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint8_t *bytes;
	size_t length;

	if (!object)
		return NULL;
	bytes = zn_get_bytes(env, arguments[1], &length);
	if (!object->view.data)
		return zn_number(env, -EINVAL);
	if (object->view.frame.bytes > length)
		return zn_number(env, -EMSGSIZE);
	if (object->view.frame.bytes)
		memcpy(bytes, object->view.data, (size_t)object->view.frame.bytes);
	return zn_number(env, 0);
}

/* (handle): 0, or -ESTALE */
napi_value zn_stream_is_whole(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	if (!object)
		return NULL;
	return zn_number(env, zinc_stream_is_whole(&object->reader, &object->view) ? 0 : -ESTALE);
}

/* (handle): 0, or -ESTALE */
napi_value zn_stream_done(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	int err;

	if (!object)
		return NULL;
	err = zinc_stream_done(&object->reader, &object->view);
	object->view.data = NULL;
	return zn_number(env, err);
}
