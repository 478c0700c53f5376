// SPDX-License-Identifier: MIT
/*
 * Handles, and who uses them.
 *
 * A handle has up to three users: the object of JavaScript, its array buffer, and a
 * thread that waits. The last one closes it. The object's and the buffer's finalizers
 * may be called by any thread (Deno does) and before a call that causes them returns
 * (Bun does): they make no call of Node-API.
 */
#include <stdlib.h>

#include "internal.h"

struct zn_env *zn_env_of(napi_env env)
{
	void *data = NULL;

	napi_get_instance_data(env, &data);
	return data;
}

/* Unlock, and free it if it has ended and no thread needs its lock any more. */
static void zn_env_unlock(struct zn_env *env)
{
	bool last = env->has_ended && !env->objects;

	pthread_mutex_unlock(&env->lock);
	if (!last)
		return;
	pthread_cond_destroy(&env->ended);
	pthread_mutex_destroy(&env->lock);
	free(env);
}

/* Its finalizers may come later. */
void zn_env_put(struct zn_env *env)
{
	pthread_mutex_lock(&env->lock);
	env->has_ended = true;
	zn_env_unlock(env);
}

struct zn_object *zn_object_new(struct zn_env *env, enum zn_kind kind)
{
	struct zn_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->env = env;
	object->kind = kind;
	atomic_init(&object->refs, 1);
	atomic_init(&object->users, 1);
	atomic_init(&object->is_open, true);
	pthread_mutex_lock(&env->lock);
	object->next = env->objects;
	if (object->next)
		object->next->previous = object;
	env->objects = object;
	pthread_mutex_unlock(&env->lock);
	return object;
}

/* Give the address up; the last one frees it. */
void zn_object_put(struct zn_object *object)
{
	struct zn_env *env = object->env;

	if (atomic_fetch_sub(&object->refs, 1) > 1)
		return;
	pthread_mutex_lock(&env->lock);
	if (object->next)
		object->next->previous = object->previous;
	if (object->previous)
		object->previous->next = object->next;
	else
		env->objects = object->next;
	zn_env_unlock(env);
	free(object);
}

void zn_object_use(struct zn_object *object)
{
	atomic_fetch_add(&object->users, 1);
	atomic_fetch_add(&object->refs, 1);
}

/* What zn_object_use() began has ended; the caller keeps the address. */
static void release_handle(struct zn_object *object)
{
	if (atomic_fetch_sub(&object->users, 1) > 1)
		return;
	switch (object->kind) {
	case ZN_REGION:
		zinc_close(object->handle);
		break;
	case ZN_READER:
		zinc_stream_close(&object->reader);
		break;
	case ZN_WRITER:
		zinc_stream_end(&object->writer);
		break;
	case ZN_OPENING:
		/* that no one has requested */
		if (object->opening.made) {
			zn_object_end(object->opening.made);
			zn_object_put(object->opening.made);
		}
		break;
	}
}

void zn_object_unuse(struct zn_object *object)
{
	release_handle(object);
	zn_object_put(object);
}

/* The object of JavaScript needs the handle no longer; again, nothing. */
void zn_object_end(struct zn_object *object)
{
	if (!atomic_exchange(&object->is_open, false))
		return;
	zn_wait_end(object);
	release_handle(object);
}

/* The array buffer needs the handle no longer; again, nothing. */
void zn_buffer_end(struct zn_object *object)
{
	if (atomic_exchange(&object->has_buffer, false))
		zn_object_unuse(object);
}

static struct zn_object *find_open(struct zn_env *env)
{
	struct zn_object *object;

	pthread_mutex_lock(&env->lock);
	for (object = env->objects; object; object = object->next)
		if (atomic_load(&object->is_open) || atomic_load(&object->has_buffer))
			break;
	if (object)
		atomic_fetch_add(&object->refs, 1);
	pthread_mutex_unlock(&env->lock);
	return object;
}

/* No JavaScript will use what is open. */
void zn_objects_end(struct zn_env *env)
{
	struct zn_object *object;

	while ((object = find_open(env))) {
		/* NOLINTBEGIN(clang-analyzer-unix.Malloc): find_open() has a reference */
		zn_buffer_end(object);
		zn_object_end(object);
		zn_object_put(object);
		/* NOLINTEND(clang-analyzer-unix.Malloc) */
	}
}

zinc_handle zn_object_handle(const struct zn_object *object)
{
	switch (object->kind) {
	case ZN_READER:
		return object->reader.region;
	case ZN_WRITER:
		return object->writer.region;
	default:
		return object->handle;
	}
}

static void finalize(napi_env env, void *data, void *hint)
{
	struct zn_object *object = data;

	(void)env;
	(void)hint;
	zn_object_end(object);
	zn_object_put(object);
}

/* zn_object_value() - the object for JavaScript, which has the reference from now on */
napi_value zn_object_value(napi_env env, struct zn_object *object)
{
	napi_value value;

	if (!napi_create_external(env, object, finalize, NULL, &value))
		return value;
	zn_object_end(object);
	zn_object_put(object);
	return NULL;
}

/* zn_object_of() - NULL, with an exception, for what is none or is closed */
struct zn_object *zn_object_of(napi_env env, napi_value value)
{
	void *data = NULL;
	struct zn_object *object;

	if (napi_get_value_external(env, value, &data) || !data) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a handle");
		return NULL;
	}
	object = data;
	if (!atomic_load(&object->is_open)) {
		napi_throw_error(env, "ERR_ZINC_CLOSED", "the region is closed");
		return NULL;
	}
	return object;
}
