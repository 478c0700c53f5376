// SPDX-License-Identifier: MIT
/* The addon: the functions that JavaScript sees, and the constants of zinc.h. */
#include <stdlib.h>

#include "internal.h"

struct entry {
	const char *name;
	zn_function function;
};

static const struct entry functions[] = {
	{ "create", zn_create },
	{ "open", zn_open },
	{ "fromFd", zn_from_fd },
	{ "importDmabuf", zn_import_dmabuf },
	{ "close", zn_close },
	{ "buffer", zn_buffer },
	{ "read", zn_read },
	{ "write", zn_write },
	{ "capacity", zn_capacity },
	{ "sequence", zn_sequence },
	{ "notify", zn_notify },
	{ "info", zn_info },
	{ "stat", zn_stat },
	{ "list", zn_list },
	{ "unlink", zn_unlink },
	{ "unlinkStale", zn_unlink_stale },
	{ "backend", zn_backend },
	{ "features", zn_features },
	{ "fd", zn_fd },
	{ "closeFd", zn_close_fd },
	{ "exportDmabuf", zn_export_dmabuf },
	{ "exportDmabufPart", zn_export_dmabuf_part },
	{ "notifyOnFence", zn_notify_on_fence },
	{ "beginCpuAccess", zn_begin_cpu_access },
	{ "endCpuAccess", zn_end_cpu_access },
	{ "describe", zn_describe },
	{ "start", zn_start },
	{ "keepAlive", zn_keep_alive },
	{ "look", zn_look },
	{ "wait", zn_wait },
	{ "waitAny", zn_wait_any },
	{ "notifyAndWait", zn_notify_and_wait },
	{ "watch", zn_watch },
	{ "unwatch", zn_unwatch },
	{ "openLater", zn_open_later },
	{ "opened", zn_opened },
	{ "now", zn_now },
	{ "streamCreate", zn_stream_create },
	{ "streamOpen", zn_stream_open },
	{ "streamGeometry", zn_stream_geometry },
	{ "streamBegin", zn_stream_begin },
	{ "streamCommit", zn_stream_commit },
	{ "streamCancel", zn_stream_cancel },
	{ "streamDrop", zn_stream_drop },
	{ "streamSetFormat", zn_stream_set_format },
	{ "streamFormat", zn_stream_format },
	{ "streamNext", zn_stream_next },
	{ "streamCopy", zn_stream_copy },
	{ "streamIsWhole", zn_stream_is_whole },
	{ "streamDone", zn_stream_done },
	{ "streamLayout", zn_stream_layout_of },
};

static napi_value call(napi_env env, napi_callback_info info)
{
	napi_value arguments[ZN_ARGUMENTS_MAX];
	size_t count = ZN_ARGUMENTS_MAX;
	void *data = NULL;

	/* those that were not given are undefined */
	if (napi_get_cb_info(env, info, &count, arguments, NULL, &data))
		return NULL;
	return ((const struct entry *)data)->function(env, arguments);
}

NAPI_MODULE_INIT()
{
	const size_t count = sizeof(functions) / sizeof(functions[0]);
	struct zn_env *own = calloc(1, sizeof(*own));
	napi_value function;
	size_t i;

	if (!own) {
		napi_throw_error(env, "ENOMEM", "zinc: out of memory");
		return NULL;
	}
	pthread_mutex_init(&own->lock, NULL);
	pthread_cond_init(&own->ended, NULL);
	own->epoll = -1;
	if (napi_set_instance_data(env, own, NULL, NULL)) {
		free(own);
		napi_throw_error(env, "EINVAL", "zinc: this runtime has no instance data");
		return NULL;
	}
	for (i = 0; i < count; i++) {
		if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, call,
					 (void *)&functions[i], &function))
			return NULL;
		zn_set(env, exports, functions[i].name, function);
	}
	return exports;
}
