// SPDX-License-Identifier: MIT
/*
 * The functions of zinc-stream.h as native methods of zinc.Native. A writer or reader is
 * allocated here and passed as long; formats are byte arrays, whose offsets
 * zinc.StreamFormat knows.
 */
#include <errno.h>
#include <jni.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <zinc-stream.h>

#include "internal.h"

#define FORMAT_AT(field, offset_) \
	_Static_assert(offsetof(struct zinc_stream_format, field) == (offset_), #field)

_Static_assert(sizeof(struct zinc_stream_format) == 688, "zinc.StreamFormat is outdated");
FORMAT_AT(kind, 0);
FORMAT_AT(fourcc, 4);
FORMAT_AT(modifier, 8);
FORMAT_AT(width, 16);
FORMAT_AT(height, 20);
FORMAT_AT(planes, 24);
FORMAT_AT(stride, 28);
FORMAT_AT(full_range, 44);
FORMAT_AT(offset, 48);
FORMAT_AT(primaries, 80);
FORMAT_AT(transfer, 84);
FORMAT_AT(matrix, 88);
FORMAT_AT(rate_num, 92);
FORMAT_AT(rate_den, 96);
FORMAT_AT(dtype_code, 100);
FORMAT_AT(dtype_bits, 101);
FORMAT_AT(dtype_lanes, 102);
FORMAT_AT(dims, 104);
FORMAT_AT(channels, 108);
FORMAT_AT(shape, 112);
FORMAT_AT(caps, 176);

#define SECOND_NS 1000000000

static struct zinc_stream_writer *writer_of(jlong raw)
{
	return (struct zinc_stream_writer *)(uintptr_t)raw;
}

static struct zinc_stream_reader *reader_of(jlong raw)
{
	return (struct zinc_stream_reader *)(uintptr_t)raw;
}

/* ---- formats --------------------------------------------------------------- */

static struct zinc_stream_format get_format(JNIEnv *env, jbyteArray bytes)
{
	struct zinc_stream_format format;

	(*env)->GetByteArrayRegion(env, bytes, 0, sizeof(format), (jbyte *)&format);
	return format;
}

static void set_format(JNIEnv *env, jbyteArray into, const struct zinc_stream_format *format)
{
	(*env)->SetByteArrayRegion(env, into, 0, sizeof(*format), (const jbyte *)format);
}

/* The bytes of a frame; 0: an argument is out of range */
static jlong video(JNIEnv *env, jclass class, jbyteArray into, jint fourcc, jint width,
		   jint height)
{
	struct zinc_stream_format format;
	uint64_t bytes = zinc_stream_video(&format, fourcc, width, height);

	set_format(env, into, &format);
	return (jlong)bytes;
}

/* The same; the caller has checked the number of dimensions */
static jlong tensor(JNIEnv *env, jclass class, jbyteArray into, jint code, jint bits,
		    jlongArray dims)
{
	uint64_t shape[ZINC_STREAM_DIMS_MAX] = { 0 };
	struct zinc_stream_format format;
	jsize count = (*env)->GetArrayLength(env, dims);
	uint64_t bytes;

	(*env)->GetLongArrayRegion(env, dims, 0, count, (jlong *)shape);
	bytes = zinc_stream_tensor(&format, code, bits, count, shape);
	set_format(env, into, &format);
	return (jlong)bytes;
}

static jint get_plane(JNIEnv *env, jclass class, jbyteArray bytes, jint index, jlongArray into)
{
	const struct zinc_stream_format format = get_format(env, bytes);
	struct zinc_stream_plane plane;
	int err = zinc_stream_get_plane(&format, index, &plane);
	const jlong all[] = {
		(jlong)plane.offset, plane.stride, plane.rows, plane.columns, plane.samples,
		plane.sample_bytes,
	};

	(*env)->SetLongArrayRegion(env, into, 0, sizeof(all) / sizeof(all[0]), all);
	return err;
}

/* ---- writer ---------------------------------------------------------------- */

static jlong create(JNIEnv *env, jclass class, jbyteArray bytes, jbyteArray format_bytes,
		    jint slots, jlong slot_size, jint flags, jint mode, jint lifetime,
		    jint backend)
{
	const struct zinc_stream_format format = get_format(env, format_bytes);
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
		.mode = mode,
		.lifetime = lifetime,
		.backend = backend,
	};
	struct zinc_stream_writer *writer = malloc(sizeof(*writer));
	struct name name;
	int err;

	if (!writer)
		return -ENOMEM;
	err = zinc_stream_create(writer, name_of(env, bytes, &name), &format, slots, slot_size,
				 &options);
	if (err) {
		free(writer);
		return err;
	}
	return (jlong)(uintptr_t)writer;
}

/* Where the slot is in the region's data */
static jlong begin(JNIEnv *env, jclass class, jlong raw, jlong ns)
{
	struct zinc_stream_writer *writer = writer_of(raw);
	void *data = NULL;
	int err = zinc_stream_begin(writer, deadline(ns), &data);

	return err ? err : (jlong)((char *)data - (char *)writer->header);
}

static jint commit(JNIEnv *env, jclass class, jlong raw, jlong length, jlong pts_ns, jint flags,
		   jint x, jint y, jint width, jint height)
{
	const struct zinc_stream_frame frame = {
		.bytes = length,
		.pts_ns = pts_ns,
		.flags = flags,
		.damage_x = x,
		.damage_y = y,
		.damage_width = width,
		.damage_height = height,
	};

	return zinc_stream_commit(writer_of(raw), &frame);
}

static void cancel(JNIEnv *env, jclass class, jlong raw)
{
	zinc_stream_cancel(writer_of(raw));
}

static jint drop(JNIEnv *env, jclass class, jlong raw)
{
	return zinc_stream_drop(writer_of(raw));
}

static jint change_format(JNIEnv *env, jclass class, jlong raw, jbyteArray bytes)
{
	const struct zinc_stream_format format = get_format(env, bytes);

	return zinc_stream_set_format(writer_of(raw), &format);
}

/* Slots, bytes of each, where the first one is, number of the newest frame, region */
static void writer_info(JNIEnv *env, jclass class, jlong raw, jlongArray into)
{
	const struct zinc_stream_writer *writer = writer_of(raw);
	const jlong all[] = {
		writer->slots, (jlong)writer->slot_size, (jlong)writer->slot_offset,
		(jlong)writer->number, (jlong)(uintptr_t)writer->region,
	};

	(*env)->SetLongArrayRegion(env, into, 0, sizeof(all) / sizeof(all[0]), all);
}

/* The region, which is the caller's to close */
static jlong end(JNIEnv *env, jclass class, jlong raw)
{
	struct zinc_stream_writer *writer = writer_of(raw);
	zinc_handle region = writer->region;

	writer->region = NULL;
	zinc_stream_end(writer);
	free(writer);
	return (jlong)(uintptr_t)region;
}

/* ---- reader ---------------------------------------------------------------- */

/*
 * The name is waited for first: a wait for the header, which the writer writes right
 * after, has a second of its own, however short the caller's wait is.
 */
static jlong open_stream(JNIEnv *env, jclass class, jbyteArray bytes, jint flags, jlong ns)
{
	struct zinc_options options = { .size = sizeof(options), .flags = ZINC_RDONLY };
	uint64_t until = deadline(ns);
	struct zinc_stream_reader *reader;
	zinc_handle region;
	struct name name;
	int err = 0;

	name_of(env, bytes, &name);
	if (until) {
		err = zinc_open_wait(name.text, &options, until, &region);
		if (err)
			return err;
		zinc_close(region);
		until = zinc_stream_now() + SECOND_NS;
	}
	reader = malloc(sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	err = zinc_stream_open(reader, name.text, flags, until);
	if (err) {
		free(reader);
		return err;
	}
	return (jlong)(uintptr_t)reader;
}

/* A view as numbers: where it is in the region's data, then all the rest */
enum { VIEW_SIZE = 13 };

static jint next(JNIEnv *env, jclass class, jlong raw, jlong ns, jlongArray into)
{
	struct zinc_stream_reader *reader = reader_of(raw);
	struct zinc_stream_view view;
	int err = zinc_stream_next(reader, &view, deadline(ns));
	const jlong all[VIEW_SIZE] = {
		view.data ? (const char *)view.data - (const char *)reader->header : 0,
		(jlong)view.frame.number, (jlong)view.frame.bytes, (jlong)view.frame.pts_ns,
		view.frame.flags, view.frame.format, view.frame.damage_x, view.frame.damage_y,
		view.frame.damage_width, view.frame.damage_height, (jlong)view.lost,
		view.new_format, view.sequence,
	};

	(*env)->SetLongArrayRegion(env, into, 0, VIEW_SIZE, all);
	return err;
}

/* As much of a view as is asked for when it ends */
static struct zinc_stream_view view_of(jlong number, jint sequence)
{
	return (struct zinc_stream_view) {
		.frame.number = number,
		.sequence = sequence,
	};
}

static jboolean is_whole(JNIEnv *env, jclass class, jlong raw, jlong number, jint sequence)
{
	const struct zinc_stream_view view = view_of(number, sequence);

	return zinc_stream_is_whole(reader_of(raw), &view);
}

static jint done(JNIEnv *env, jclass class, jlong raw, jlong number, jint sequence)
{
	const struct zinc_stream_view view = view_of(number, sequence);

	return zinc_stream_done(reader_of(raw), &view);
}

static void reader_format(JNIEnv *env, jclass class, jlong raw, jbyteArray into)
{
	set_format(env, into, &reader_of(raw)->format);
}

/* Slots, bytes of each, where the first one is, frames lost, region */
static void reader_info(JNIEnv *env, jclass class, jlong raw, jlongArray into)
{
	const struct zinc_stream_reader *reader = reader_of(raw);
	const jlong all[] = {
		reader->slots, (jlong)reader->slot_size, (jlong)reader->slot_offset,
		(jlong)reader->lost, (jlong)(uintptr_t)reader->region,
	};

	(*env)->SetLongArrayRegion(env, into, 0, sizeof(all) / sizeof(all[0]), all);
}

/* The region, which is the caller's to close */
static jlong close_stream(JNIEnv *env, jclass class, jlong raw)
{
	struct zinc_stream_reader *reader = reader_of(raw);
	zinc_handle region = reader->region;

	reader->region = NULL;
	zinc_stream_close(reader);
	free(reader);
	return (jlong)(uintptr_t)region;
}

/* ---- the class ------------------------------------------------------------- */

static const JNINativeMethod methods[] = {
	{ "streamVideo", "([BIII)J", video },
	{ "streamTensor", "([BII[J)J", tensor },
	{ "streamPlane", "([BI[J)I", get_plane },
	{ "streamCreate", "([B[BIJIIII)J", create },
	{ "streamBegin", "(JJ)J", begin },
	{ "streamCommit", "(JJJIIIII)I", commit },
	{ "streamCancel", "(J)V", cancel },
	{ "streamDrop", "(J)I", drop },
	{ "streamSetFormat", "(J[B)I", change_format },
	{ "streamWriterInfo", "(J[J)V", writer_info },
	{ "streamEnd", "(J)J", end },
	{ "streamOpen", "([BIJ)J", open_stream },
	{ "streamNext", "(JJ[J)I", next },
	{ "streamIsWhole", "(JJI)Z", is_whole },
	{ "streamDone", "(JJI)I", done },
	{ "streamFormat", "(J[B)V", reader_format },
	{ "streamReaderInfo", "(J[J)V", reader_info },
	{ "streamClose", "(J)J", close_stream },
};

jint zinc_register_streams(JNIEnv *env, jclass class)
{
	return (*env)->RegisterNatives(env, class, methods, sizeof(methods) / sizeof(methods[0]));
}
