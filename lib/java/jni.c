// SPDX-License-Identifier: MIT
/*
 * The functions of libzinc-kmod as native methods of zinc.Native. A method returns
 * the result of its function; negative results are errnos. Handles and addresses
 * are passed as long; an address in user space is never negative.
 */
#include <errno.h>
#include <jni.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <zinc.h>

#include "internal.h"

/* ZincException has these numbers, and RegionInfo these offsets. */
#define INFO_AT(field, offset) \
	_Static_assert(offsetof(struct zinc_region_info, field) == (offset), #field)

_Static_assert(EBADMSG == 74 && EOPNOTSUPP == 95, "ZincException has other numbers");
_Static_assert(sizeof(struct zinc_region_info) == 352, "zinc.RegionInfo is outdated");
INFO_AT(backend, 4);
INFO_AT(id, 8);
INFO_AT(capacity, 16);
INFO_AT(resident, 24);
INFO_AT(created_at, 32);
INFO_AT(flags, 40);
INFO_AT(lifetime, 44);
INFO_AT(uid, 48);
INFO_AT(gid, 52);
INFO_AT(mode, 56);
INFO_AT(creator_pid, 60);
INFO_AT(handles, 64);
INFO_AT(waiters, 68);
INFO_AT(sequence, 72);
INFO_AT(cursor, 76);
INFO_AT(name, 80);
INFO_AT(attachments, 336);
INFO_AT(fences, 340);
INFO_AT(fence_errors, 344);
INFO_AT(fence_error, 348);

static jlong result(int32_t err, zinc_handle handle)
{
	return err ? err : (jlong)(uintptr_t)handle;
}

/* ---- create, open, close -------------------------------------------------- */

static jlong create(JNIEnv *env, jclass class, jbyteArray bytes, jlong capacity,
		    jint flags, jint mode, jint lifetime, jint backend)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
		.mode = mode,
		.lifetime = lifetime,
		.backend = backend,
	};
	zinc_handle handle;
	struct name name;
	int32_t err;

	/* on 32 bits a cast would truncate the capacity */
	if ((uint64_t)capacity > UINTPTR_MAX)
		return -EINVAL;
	err = zinc_create_with(name_of(env, bytes, &name), capacity, &options, &handle);
	return result(err, handle);
}

static jlong open_region(JNIEnv *env, jclass class, jbyteArray bytes, jint flags,
			 jint backend)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
		.backend = backend,
	};
	zinc_handle handle;
	struct name name;
	int32_t err;

	err = zinc_open_with(name_of(env, bytes, &name), &options, &handle);
	return result(err, handle);
}

static jlong open_wait(JNIEnv *env, jclass class, jbyteArray bytes, jint flags,
		       jint backend, jlong ns)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
		.backend = backend,
	};
	zinc_handle handle;
	struct name name;
	int32_t err;

	err = zinc_open_wait(name_of(env, bytes, &name), &options, deadline(ns), &handle);
	return result(err, handle);
}

static jlong from_fd(JNIEnv *env, jclass class, jint fd, jint flags, jint backend)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
		.backend = backend,
	};
	zinc_handle handle;
	int32_t err;

	err = zinc_from_fd(fd, &options, &handle);
	return result(err, handle);
}

static jlong import_dmabuf(JNIEnv *env, jclass class, jint fd, jbyteArray bytes,
			   jint flags, jint mode, jint lifetime, jint backend)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = flags,
		.mode = mode,
		.lifetime = lifetime,
		.backend = backend,
	};
	zinc_handle handle;
	struct name name;
	int32_t err;

	err = zinc_import_dmabuf(fd, name_of(env, bytes, &name), &options, &handle);
	return result(err, handle);
}

static void close_region(JNIEnv *env, jclass class, jlong handle)
{
	zinc_close(handle_of(handle));
}

static jint close_keep_data(JNIEnv *env, jclass class, jlong handle, jlongArray kept)
{
	void *data = NULL;
	size_t length = 0;
	int32_t err = zinc_close_keep_data(handle_of(handle), &data, &length);
	const jlong both[] = { (jlong)(uintptr_t)data, (jlong)length };

	(*env)->SetLongArrayRegion(env, kept, 0, 2, both);
	return err;
}

static void unmap_data(JNIEnv *env, jclass class, jlong data, jlong length)
{
	zinc_unmap_data((void *)(uintptr_t)data, length);
}

static void close_fd(JNIEnv *env, jclass class, jint fd)
{
	close(fd);
}

/* ---- data ------------------------------------------------------------------ */

static jlong address(JNIEnv *env, jclass class, jlong handle)
{
	return (jlong)(uintptr_t)zinc_ptr(handle_of(handle));
}

static jlong capacity(JNIEnv *env, jclass class, jlong handle)
{
	return (jlong)zinc_capacity(handle_of(handle));
}

static jobject buffer(JNIEnv *env, jclass class, jlong data, jint length)
{
	return (*env)->NewDirectByteBuffer(env, (void *)(uintptr_t)data, length);
}

/* ---- notify and wait ------------------------------------------------------- */

static jint notify(JNIEnv *env, jclass class, jlong handle)
{
	return zinc_notify_checked(handle_of(handle));
}

static jint try_wait(JNIEnv *env, jclass class, jlong handle)
{
	return zinc_try_wait(handle_of(handle));
}

static jint wait_ns(JNIEnv *env, jclass class, jlong handle, jlong ns)
{
	return zinc_wait_until(handle_of(handle), deadline(ns));
}

static jint wait_or_gone(JNIEnv *env, jclass class, jlong handle, jlong ns)
{
	return zinc_wait_with(handle_of(handle), deadline(ns), ZINC_WAIT_GONE);
}

/* the library refuses more than 128 regions, without reading the array */
#define MAX_HANDLES 128

static jint wait_any(JNIEnv *env, jclass class, jlongArray all, jlong ns)
{
	zinc_handle handles[MAX_HANDLES + 1] = { NULL };
	jsize count = (*env)->GetArrayLength(env, all);
	size_t index = 0;
	int32_t err;
	jlong one;
	jsize i;

	if (count > MAX_HANDLES)
		count = MAX_HANDLES + 1;
	for (i = 0; i < count; i++) {
		(*env)->GetLongArrayRegion(env, all, i, 1, &one);
		handles[i] = handle_of(one);
	}
	err = zinc_wait_any(handles, count, deadline(ns), &index);
	return err ? err : (jint)index;
}

static jint notify_and_wait(JNIEnv *env, jclass class, jlong request, jlong reply, jint ms)
{
	return zinc_notify_and_wait(handle_of(request), handle_of(reply), ms);
}

static jint sequence(JNIEnv *env, jclass class, jlong handle)
{
	return (jint)zinc_sequence(handle_of(handle));
}

/* ---- information ----------------------------------------------------------- */

static void set_info(JNIEnv *env, jbyteArray into, const struct zinc_region_info *info)
{
	(*env)->SetByteArrayRegion(env, into, 0, sizeof(*info), (const jbyte *)info);
}

static jint info(JNIEnv *env, jclass class, jlong handle, jbyteArray into)
{
	struct zinc_region_info found = { .size = sizeof(found) };
	int32_t err = zinc_info(handle_of(handle), &found);

	set_info(env, into, &found);
	return err;
}

static jint stat_region(JNIEnv *env, jclass class, jbyteArray bytes, jbyteArray into)
{
	struct zinc_region_info found = { .size = sizeof(found) };
	struct name name;
	int32_t err = zinc_stat(name_of(env, bytes, &name), &found);

	set_info(env, into, &found);
	return err;
}

/* All entries in one array; NULL, and the errno in @failed, after an error */
static jbyteArray list(JNIEnv *env, jclass class, jintArray failed)
{
	struct zinc_region_info *entries = NULL;
	const size_t size = sizeof(*entries);
	jbyteArray all = NULL;
	size_t count = 0;
	jint err = zinc_list(&entries, &count, size);

	if (!err && count > INT32_MAX / size)
		err = -ENOMEM;
	(*env)->SetIntArrayRegion(env, failed, 0, 1, &err);
	if (!err)
		all = (*env)->NewByteArray(env, (jsize)(count * size));
	if (all && count)
		(*env)->SetByteArrayRegion(env, all, 0, (jsize)(count * size),
					   (const jbyte *)entries);
	zinc_list_free(entries);
	return all;
}

static jint unlink_region(JNIEnv *env, jclass class, jbyteArray bytes)
{
	struct name name;

	return zinc_unlink(name_of(env, bytes, &name));
}

static jint unlink_stale(JNIEnv *env, jclass class, jbyteArray bytes)
{
	struct name name;

	return zinc_unlink_stale(name_of(env, bytes, &name));
}

static jint backend(JNIEnv *env, jclass class, jlong handle)
{
	return zinc_backend(handle_of(handle));
}

static jstring describe(JNIEnv *env, jclass class, jint error)
{
	return (*env)->NewStringUTF(env, zinc_strerror(error));
}

/* ---- descriptors and devices ----------------------------------------------- */

static jint fd_of(JNIEnv *env, jclass class, jlong handle)
{
	return zinc_fd(handle_of(handle));
}

static jint export_dmabuf(JNIEnv *env, jclass class, jlong handle, jint flags)
{
	return zinc_export_dmabuf(handle_of(handle), flags);
}

static jint export_dmabuf_part(JNIEnv *env, jclass class, jlong handle,
			       jlong offset, jlong length, jint flags)
{
	return zinc_export_dmabuf_part(handle_of(handle), offset, length, flags);
}

static jint notify_on_fence(JNIEnv *env, jclass class, jlong handle, jint fence)
{
	return zinc_notify_on_fence(handle_of(handle), fence);
}

static jint begin_cpu_access(JNIEnv *env, jclass class, jlong handle, jint access)
{
	return zinc_begin_cpu_access(handle_of(handle), access);
}

static jint end_cpu_access(JNIEnv *env, jclass class, jlong handle, jint access)
{
	return zinc_end_cpu_access(handle_of(handle), access);
}

static jlong features(JNIEnv *env, jclass class, jlong handle)
{
	uint64_t found = 0;
	int32_t err = zinc_features(handle_of(handle), &found);

	return err ? err : (jlong)(found & INT64_MAX);
}

/* ---- the class ------------------------------------------------------------- */

static const JNINativeMethod methods[] = {
	{ "create", "([BJIIII)J", create },
	{ "open", "([BII)J", open_region },
	{ "openAwait", "([BIIJ)J", open_wait },
	{ "fromFd", "(III)J", from_fd },
	{ "importDmabuf", "(I[BIIII)J", import_dmabuf },
	{ "close", "(J)V", close_region },
	{ "closeKeepData", "(J[J)I", close_keep_data },
	{ "unmapData", "(JJ)V", unmap_data },
	{ "closeFd", "(I)V", close_fd },
	{ "address", "(J)J", address },
	{ "capacity", "(J)J", capacity },
	{ "buffer", "(JI)Ljava/nio/ByteBuffer;", buffer },
	{ "signal", "(J)I", notify },
	{ "tryAwait", "(J)I", try_wait },
	{ "await", "(JJ)I", wait_ns },
	{ "awaitOrGone", "(JJ)I", wait_or_gone },
	{ "awaitAny", "([JJ)I", wait_any },
	{ "signalAndAwait", "(JJI)I", notify_and_wait },
	{ "sequence", "(J)I", sequence },
	{ "info", "(J[B)I", info },
	{ "stat", "([B[B)I", stat_region },
	{ "list", "([I)[B", list },
	{ "unlink", "([B)I", unlink_region },
	{ "unlinkStale", "([B)I", unlink_stale },
	{ "backend", "(J)I", backend },
	{ "describe", "(I)Ljava/lang/String;", describe },
	{ "fd", "(J)I", fd_of },
	{ "exportDmabuf", "(JI)I", export_dmabuf },
	{ "exportDmabufPart", "(JJJI)I", export_dmabuf_part },
	{ "signalOnFence", "(JI)I", notify_on_fence },
	{ "beginCpuAccess", "(JI)I", begin_cpu_access },
	{ "endCpuAccess", "(JI)I", end_cpu_access },
	{ "features", "(J)J", features },
};

JNIEXPORT jint JNI_OnLoad(JavaVM *vm, void *reserved)
{
	const jint count = sizeof(methods) / sizeof(methods[0]);
	void *found = NULL;
	JNIEnv *env;
	jclass class;

	if ((*vm)->GetEnv(vm, &found, JNI_VERSION_10))
		return JNI_ERR;
	env = found;
	class = (*env)->FindClass(env, "zinc/Native");
	if (!class || (*env)->RegisterNatives(env, class, methods, count) ||
	    zinc_register_streams(env, class))
		return JNI_ERR;
	return JNI_VERSION_10;
}
