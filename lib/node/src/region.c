// SPDX-License-Identifier: MIT
/* Regions: making, describing and ending them, and their memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static napi_value made(napi_env env, int32_t err, zinc_handle handle)
{
	struct zn_object *object;

	if (err)
		return zn_number(env, err);
	object = zn_object_new(zn_env_of(env), ZN_REGION);
	if (!object) {
		zinc_close(handle);
		return zn_number(env, -ENOMEM);
	}
	object->handle = handle;
	return zn_object_value(env, object);
}

/* (name, capacity, flags, mode, lifetime, backend) */
napi_value zn_create(napi_env env, napi_value *arguments)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = zn_get_u32(env, arguments[2]),
		.mode = zn_get_u32(env, arguments[3]),
		.lifetime = zn_get_u32(env, arguments[4]),
		.backend = zn_get_u32(env, arguments[5]),
	};
	uint64_t capacity = zn_get_u64(env, arguments[1]);
	zinc_handle handle = NULL;
	struct zn_name name;
	int32_t err;

	/* on 32 bits another number would be left of it */
	if (capacity > UINTPTR_MAX)
		return zn_number(env, -EINVAL);
	err = zinc_create_with(zn_get_name(env, arguments[0], &name), capacity, &options,
			       &handle);
	return made(env, err, handle);
}

/* (name, flags, backend) */
napi_value zn_open(napi_env env, napi_value *arguments)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = zn_get_u32(env, arguments[1]),
		.backend = zn_get_u32(env, arguments[2]),
	};
	zinc_handle handle = NULL;
	struct zn_name name;
	int32_t err;

	err = zinc_open_with(zn_get_name(env, arguments[0], &name), &options, &handle);
	return made(env, err, handle);
}

/* (fd, flags) */
napi_value zn_from_fd(napi_env env, napi_value *arguments)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = zn_get_u32(env, arguments[1]),
	};
	zinc_handle handle = NULL;
	int32_t err = zinc_from_fd(zn_get_i32(env, arguments[0]), &options, &handle);

	return made(env, err, handle);
}

/* (fd, name, flags, mode, lifetime) */
napi_value zn_import_dmabuf(napi_env env, napi_value *arguments)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = zn_get_u32(env, arguments[2]),
		.mode = zn_get_u32(env, arguments[3]),
		.lifetime = zn_get_u32(env, arguments[4]),
	};
	zinc_handle handle = NULL;
	struct zn_name name;
	int32_t err;

	err = zinc_import_dmabuf(zn_get_i32(env, arguments[0]),
				 zn_get_name(env, arguments[1], &name), &options, &handle);
	return made(env, err, handle);
}

/* ---- memory --------------------------------------------------------------- */

/*
 * The array buffer's finalizer: of the memory's last owner, which is another buffer
 * if a runtime let it be transferred.
 */
static void finalize_buffer(napi_env env, void *data, void *hint)
{
	struct zn_object *object = hint;

	(void)env;
	(void)data;
	zn_buffer_end(object);
	zn_object_put(object);
}

static bool is_detached(napi_env env, napi_value buffer)
{
	bool detached = true;

	return napi_is_detached_arraybuffer(env, buffer, &detached) || detached;
}

/*
 * (handle, array buffer or undefined): detaches the buffer, and closes. If another
 * buffer has its memory by now, that keeps the handle until it is collected.
 */
napi_value zn_close(napi_env env, napi_value *arguments)
{
	struct zn_object *object;
	bool is_buffer = false;
	void *data = NULL;

	if (napi_get_value_external(env, arguments[0], &data) || !data)
		return NULL;
	object = data;
	if (!napi_is_arraybuffer(env, arguments[1], &is_buffer) && is_buffer &&
	    !is_detached(env, arguments[1]) && !napi_detach_arraybuffer(env, arguments[1]))
		zn_buffer_end(object);
	zn_object_end(object);
	return NULL;
}

/* Electron has none, and its users are told how it is elsewhere */
static bool is_without_external(void)
{
	const char *text = getenv("ZINC_NODE_COPY");

	return text && !strcmp(text, "1");
}

/*
 * (handle): an array buffer of the memory itself, to be asked for once; -EOPNOTSUPP
 * where the runtime has no such buffers, -ENXIO without data.
 */
napi_value zn_buffer(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	napi_value buffer = NULL;
	napi_status status;
	zinc_handle handle;

	if (!object)
		return NULL;
	handle = zn_object_handle(object);
	if (!zinc_ptr(handle))
		return zn_number(env, -ENXIO);
	if (is_without_external())
		return zn_number(env, -EOPNOTSUPP);
	zn_object_use(object);
	atomic_fetch_add(&object->refs, 1);
	atomic_store(&object->has_buffer, true);
	status = napi_create_external_arraybuffer(env, zinc_ptr(handle), zinc_capacity(handle),
						  finalize_buffer, object, &buffer);
	if (!status)
		return buffer;
	zn_buffer_end(object);
	zn_object_put(object);
	if (status == napi_no_external_buffers_allowed)
		return zn_number(env, -EOPNOTSUPP);
	return zn_number(env, -EFBIG);
}

/* Is it within the region? The rest of the checks is JavaScript's */
static uint8_t *at(napi_env env, const struct zn_object *object, napi_value offset,
		   size_t length)
{
	zinc_handle handle = zn_object_handle(object);
	uint64_t capacity = zinc_capacity(handle), begin = zn_get_u64(env, offset);
	uint8_t *data = zinc_ptr(handle);

	return data && begin <= capacity && length <= capacity - begin ? data + begin : NULL;
}

/* (handle, offset, Uint8Array): copies out of the region */
napi_value zn_read(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	const uint8_t *from;
	uint8_t *bytes;
	size_t length;

	if (!object)
		return NULL;
	bytes = zn_get_bytes(env, arguments[2], &length);
	from = at(env, object, arguments[1], length);
	if (!from)
		return zn_number(env, -EINVAL);
	if (length)
		memcpy(bytes, from, length);
	return zn_number(env, 0);
}

/* (handle, offset, Uint8Array): copies into the region; -EBADF if it is read-only */
napi_value zn_write(napi_env env, napi_value *arguments)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct zn_object *object = zn_object_of(env, arguments[0]);
	const uint8_t *bytes;
	size_t length;
	uint8_t *to;
	int32_t err;

	if (!object)
		return NULL;
	err = zinc_info(zn_object_handle(object), &info);
	if (err)
		return zn_number(env, err);
	if (info.flags & (ZINC_INFO_RDONLY | ZINC_INFO_DATA_RDONLY))
		return zn_number(env, -EBADF);
	bytes = zn_get_bytes(env, arguments[2], &length);
	to = at(env, object, arguments[1], length);
	if (!to)
		return zn_number(env, -EINVAL);
	if (length)
		memcpy(to, bytes, length);
	return zn_number(env, 0);
}

napi_value zn_capacity(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	return object ? zn_number(env, (double)zinc_capacity(zn_object_handle(object))) : NULL;
}

/* ---- description ------------------------------------------------------------ */

napi_value zn_sequence(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	return object ? zn_number(env, zinc_sequence(zn_object_handle(object))) : NULL;
}

static napi_value description(napi_env env, const struct zinc_region_info *info)
{
	napi_value object = NULL;

	napi_create_object(env, &object);
	zn_set(env, object, "name", zn_text(env, info->name));
	zn_set_number(env, object, "backend", info->backend);
	zn_set_bigint(env, object, "id", info->id);
	zn_set_number(env, object, "capacity", (double)info->capacity);
	zn_set_number(env, object, "resident", (double)info->resident);
	zn_set_bigint(env, object, "createdAt", info->created_at);
	zn_set_number(env, object, "flags", info->flags);
	zn_set_number(env, object, "lifetime", info->lifetime);
	zn_set_number(env, object, "uid", info->uid);
	zn_set_number(env, object, "gid", info->gid);
	zn_set_number(env, object, "mode", info->mode);
	zn_set_number(env, object, "creatorPid", info->creator_pid);
	zn_set_number(env, object, "handles", info->handles);
	zn_set_number(env, object, "waiters", info->waiters);
	zn_set_number(env, object, "sequence", info->sequence);
	zn_set_number(env, object, "cursor", info->cursor);
	zn_set_number(env, object, "attachments", info->attachments);
	zn_set_number(env, object, "fences", info->fences);
	zn_set_number(env, object, "fenceErrors", info->fence_errors);
	zn_set_number(env, object, "fenceError", info->fence_error);
	return object;
}

napi_value zn_info(napi_env env, napi_value *arguments)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct zn_object *object = zn_object_of(env, arguments[0]);
	int32_t err;

	if (!object)
		return NULL;
	err = zinc_info(zn_object_handle(object), &info);
	return err ? zn_number(env, err) : description(env, &info);
}

/* (name) */
napi_value zn_stat(napi_env env, napi_value *arguments)
{
	struct zinc_region_info info = { .size = sizeof(info) };
	struct zn_name name;
	int32_t err = zinc_stat(zn_get_name(env, arguments[0], &name), &info);

	return err ? zn_number(env, err) : description(env, &info);
}

napi_value zn_list(napi_env env, napi_value *arguments)
{
	struct zinc_region_info *list = NULL;
	napi_value array = NULL;
	size_t count = 0, i;
	int32_t err = zinc_list(&list, &count, sizeof(*list));

	(void)arguments;
	if (err)
		return zn_number(env, err);
	napi_create_array(env, &array);
	for (i = 0; i < count; i++)
		napi_set_element(env, array, (uint32_t)i, description(env, &list[i]));
	zinc_list_free(list);
	return array;
}

/* (name) */
napi_value zn_unlink(napi_env env, napi_value *arguments)
{
	struct zn_name name;

	return zn_number(env, zinc_unlink(zn_get_name(env, arguments[0], &name)));
}

/* (name) */
napi_value zn_unlink_stale(napi_env env, napi_value *arguments)
{
	struct zn_name name;

	return zn_number(env, zinc_unlink_stale(zn_get_name(env, arguments[0], &name)));
}

/* A handle, or null for a new region; false, with an exception, if it is closed */
static bool handle_or_null(napi_env env, napi_value value, zinc_handle *handle)
{
	napi_valuetype type = napi_null;
	struct zn_object *object;

	*handle = NULL;
	napi_typeof(env, value, &type);
	if (type == napi_null)
		return true;
	object = zn_object_of(env, value);
	if (!object)
		return false;
	*handle = zn_object_handle(object);
	return true;
}

/* (handle or null) */
napi_value zn_backend(napi_env env, napi_value *arguments)
{
	zinc_handle handle;

	if (!handle_or_null(env, arguments[0], &handle))
		return NULL;
	return zn_number(env, zinc_backend(handle));
}

/* (handle or null) */
napi_value zn_features(napi_env env, napi_value *arguments)
{
	uint64_t features = 0;
	zinc_handle handle;
	int32_t err;

	if (!handle_or_null(env, arguments[0], &handle))
		return NULL;
	err = zinc_features(handle, &features);
	return zn_number(env, err ? err : (double)features);
}

/* (error) */
napi_value zn_describe(napi_env env, napi_value *arguments)
{
	return zn_text(env, zinc_strerror(zn_get_i32(env, arguments[0])));
}

/* ---- notify, descriptors and devices ---------------------------------------- */

napi_value zn_notify(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	return object ? zn_number(env, zinc_notify_checked(zn_object_handle(object))) : NULL;
}

napi_value zn_fd(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	return object ? zn_number(env, zinc_fd(zn_object_handle(object))) : NULL;
}

/* (handle, flags) */
napi_value zn_export_dmabuf(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint32_t flags = zn_get_u32(env, arguments[1]);

	return object ? zn_number(env, zinc_export_dmabuf(zn_object_handle(object), flags)) : NULL;
}

/* (handle, offset, length, flags) */
napi_value zn_export_dmabuf_part(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint64_t offset = zn_get_u64(env, arguments[1]);
	uint64_t length = zn_get_u64(env, arguments[2]);
	uint32_t flags = zn_get_u32(env, arguments[3]);

	return object ? zn_number(env, zinc_export_dmabuf_part(zn_object_handle(object), offset,
								length, flags)) :
			NULL;
}

/* (fd): some runtimes close none but their own */
napi_value zn_close_fd(napi_env env, napi_value *arguments)
{
	return zn_number(env, close(zn_get_i32(env, arguments[0])) ? -errno : 0);
}

/* (handle, fence) */
napi_value zn_notify_on_fence(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	int32_t fence = zn_get_i32(env, arguments[1]);

	return object ? zn_number(env, zinc_notify_on_fence(zn_object_handle(object), fence)) :
			NULL;
}

/* (handle, access) */
napi_value zn_begin_cpu_access(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint32_t access = zn_get_u32(env, arguments[1]);

	return object ? zn_number(env, zinc_begin_cpu_access(zn_object_handle(object), access)) :
			NULL;
}

/* (handle, access) */
napi_value zn_end_cpu_access(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint32_t access = zn_get_u32(env, arguments[1]);

	return object ? zn_number(env, zinc_end_cpu_access(zn_object_handle(object), access)) :
			NULL;
}
