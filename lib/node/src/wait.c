// SPDX-License-Identifier: MIT
/*
 * Waiting without a blocked event loop.
 *
 * watch() asks for one call of JavaScript's function, with the number given, once
 * there may be something: JavaScript looks then. With the kernel module a thread
 * polls the descriptors of all regions. On POSIX shared memory, which has none, each
 * region that is waited for has a thread, which takes the notify and owes it
 * (zn_object.owed). Such a thread sleeps for ZN_SLICE_NS at a time, since nothing
 * else ends the library's waits.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

#define MAX_EVENTS	64
#define STACK_SIZE	262144
/* zinc_wait_any() refuses more */
#define MAX_HANDLES	128

/**
 * struct zn_job - a thread that waits for one object
 * @lock: protects what follows
 * @wake: @asked or @quit was set
 * @object: what it waits for
 * @id: for JavaScript
 * @flags: of zinc_wait_with()
 * @armed: somebody wants it to wait
 * @asked: somebody did, and has not been poked yet
 * @quit: it is to end
 */
struct zn_job {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct zn_object *object;
	uint32_t id;
	uint32_t flags;
	bool armed;
	bool asked;
	bool quit;
};

/* ---- calling JavaScript ------------------------------------------------------ */

struct poke {
	uint32_t id;
	int32_t err;
};

static void call_js(napi_env env, napi_value function, void *context, void *data)
{
	struct poke *poke = data;
	napi_value undefined, arguments[2];

	(void)context;
	/* without an environment, it has ended */
	if (env && function) {
		napi_get_undefined(env, &undefined);
		arguments[0] = zn_number(env, poke->id);
		arguments[1] = zn_number(env, poke->err);
		napi_call_function(env, undefined, function, 2, arguments, NULL);
	}
	free(poke);
}

static void poke(struct zn_env *env, uint32_t id, int32_t err)
{
	struct poke *data;

	if (atomic_load(&env->is_ending))
		return;
	data = malloc(sizeof(*data));
	if (!data)
		return;
	data->id = id;
	data->err = err;
	if (napi_call_threadsafe_function(env->poke, data, napi_tsfn_nonblocking))
		free(data);
}

/* (function): which gets (id, error) from now on. Nothing is kept alive by it yet. */
napi_value zn_start(napi_env env, napi_value *arguments)
{
	struct zn_env *own = zn_env_of(env);

	if (napi_create_threadsafe_function(env, arguments[0], NULL, zn_text(env, "zinc"), 0, 1,
					    NULL, NULL, NULL, call_js, &own->poke))
		return zn_number(env, -ENOMEM);
	napi_unref_threadsafe_function(env, own->poke);
	zn_env_add(own);
	/* after that function's own hook, and so called before */
	napi_add_env_cleanup_hook(env, zn_env_clean_up, own);
	return zn_number(env, 0);
}

/* (whether the event loop is to live on) */
napi_value zn_keep_alive(napi_env env, napi_value *arguments)
{
	struct zn_env *own = zn_env_of(env);

	if (zn_get_bool(env, arguments[0]))
		napi_ref_threadsafe_function(env, own->poke);
	else
		napi_unref_threadsafe_function(env, own->poke);
	return NULL;
}

/* ---- threads ----------------------------------------------------------------- */

static void thread_ends(struct zn_env *env)
{
	pthread_mutex_lock(&env->lock);
	env->threads--;
	pthread_cond_broadcast(&env->ended);
	pthread_mutex_unlock(&env->lock);
}

/* A detached thread that gets no signal */
static int start_thread(struct zn_env *env, void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int err;

	pthread_mutex_lock(&env->lock);
	env->threads++;
	pthread_mutex_unlock(&env->lock);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	err = pthread_create(&thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		thread_ends(env);
	return -err;
}

/* ---- descriptors -------------------------------------------------------------- */

static void *poll_all(void *argument)
{
	struct epoll_event events[MAX_EVENTS];
	struct zn_env *env = argument;
	bool quit = false;

	while (!quit) {
		int count = epoll_wait(env->epoll, events, MAX_EVENTS, -1), i;

		for (i = 0; i < count; i++) {
			/* no region's number is 0 */
			if (!events[i].data.u32)
				quit = true;
			else
				poke(env, events[i].data.u32, 0);
		}
	}
	thread_ends(env);
	return NULL;
}

static int start_poller(struct zn_env *env)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll, err;

	if (env->epoll >= 0)
		return 0;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return -errno;
	env->quit = eventfd(0, EFD_CLOEXEC);
	if (env->quit < 0) {
		err = -errno;
		close(epoll);
		return err;
	}
	env->epoll = epoll;
	err = 0;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, env->quit, &event))
		err = -errno;
	if (!err)
		err = start_thread(env, poll_all, env);
	if (err) {
		close(env->quit);
		close(epoll);
		env->epoll = -1;
	}
	return err;
}

static int watch_fd(struct zn_object *object, int fd, uint32_t id, bool gone)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLONESHOT | (gone ? EPOLLRDHUP : 0),
		.data.u32 = id,
	};
	struct zn_env *env = object->env;
	int err = start_poller(env);

	if (err)
		return err;
	if (epoll_ctl(env->epoll, object->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event))
		return -errno;
	object->watched = true;
	return 0;
}

/* ---- notifies that a thread took --------------------------------------------- */

static uint32_t cursor_of(struct zn_object *object)
{
	struct zinc_region_info info = { .size = sizeof(info) };

	return zinc_info(zn_object_handle(object), &info) ? 0 : info.cursor;
}

/* A notify that comes while both wait wakes both, and is to be told once. */
static void take(struct zn_object *object)
{
	if (object->job)
		object->seen = cursor_of(object);
}

/* Is there one that JavaScript's thread has not taken as well? */
static bool settle(struct zn_object *object)
{
	uint64_t owed = atomic_exchange(&object->owed, 0);

	if (!owed || (int32_t)((uint32_t)owed - object->seen) <= 0)
		return false;
	object->seen = (uint32_t)owed;
	return true;
}

/* ---- threads that wait --------------------------------------------------------- */

/* A stream's first slice ends early only for its name: its header may take a second */
static int32_t open_stream(struct zn_object *object, uint64_t deadline)
{
	struct zn_object *made = object->opening.made;
	zinc_handle handle;
	int32_t err;

	err = zinc_open_wait(object->opening.name.text, &object->opening.options, deadline,
			     &handle);
	if (err)
		return err;
	zinc_close(handle);
	/* no wait needs it any more */
	if (!atomic_load(&object->is_open))
		return -ETIMEDOUT;
	err = zinc_stream_open(&made->reader, object->opening.name.text,
			       object->opening.stream_flags, zinc_stream_now() + 1000000000u);
	/* gone again: wait for the next one of that name */
	return err == -EPIPE || err == -ENOENT ? -ETIMEDOUT : err;
}

static int32_t wait_slice(struct zn_object *object, uint32_t flags)
{
	uint64_t deadline = zinc_stream_now() + ZN_SLICE_NS;
	void *data = NULL;
	int32_t err;

	switch (object->kind) {
	case ZN_REGION:
	case ZN_READER:
		err = zinc_wait_with(zn_object_handle(object), deadline, flags);
		if (!err && object->kind == ZN_REGION)
			atomic_store(&object->owed, ZN_OWED | cursor_of(object));
		return err;
	case ZN_WRITER:
		err = zinc_stream_begin(&object->writer, deadline, &data);
		if (!err)
			atomic_store(&object->begun,
				     (uint64_t)((char *)data - (char *)object->writer.header));
		return err;
	case ZN_OPENING:
		if (object->opening.is_stream)
			return open_stream(object, deadline);
		return zinc_open_wait(object->opening.name.text, &object->opening.options,
				      deadline, &object->opening.made->handle);
	}
	return -EINVAL;
}

static void *run_job(void *argument)
{
	struct zn_job *job = argument;
	struct zn_object *object = job->object;
	struct zn_env *env = object->env;
	uint32_t flags, id;
	int32_t err;

	pthread_mutex_lock(&job->lock);
	for (;;) {
		while (!job->asked && !job->quit)
			pthread_cond_wait(&job->wake, &job->lock);
		if (job->quit)
			break;
		flags = job->flags;
		err = -ETIMEDOUT;
		if (job->armed) {
			pthread_mutex_unlock(&job->lock);
			err = wait_slice(object, flags);
			pthread_mutex_lock(&job->lock);
		}
		if (err == -ETIMEDOUT) {
			if (job->armed)
				continue;
			err = -ECANCELED;
		}
		job->armed = false;
		job->asked = false;
		id = job->id;
		pthread_mutex_unlock(&job->lock);
		if (!err && object->kind == ZN_OPENING)
			atomic_store(&object->opening.made->is_open, true);
		poke(env, id, err);
		pthread_mutex_lock(&job->lock);
	}
	pthread_mutex_unlock(&job->lock);
	pthread_cond_destroy(&job->wake);
	pthread_mutex_destroy(&job->lock);
	free(job);
	zn_object_unuse(object);
	thread_ends(env);
	return NULL;
}

static int arm_job(struct zn_object *object, uint32_t id, uint32_t flags)
{
	struct zn_job *job = object->job;
	int err;

	if (job) {
		pthread_mutex_lock(&job->lock);
		/* a frame that it has begun is pending, and until then no frame may be written */
		if (!atomic_load(&object->begun)) {
			job->id = id;
			job->flags = flags;
			job->armed = true;
			job->asked = true;
			pthread_cond_signal(&job->wake);
		}
		pthread_mutex_unlock(&job->lock);
		return 0;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	pthread_mutex_init(&job->lock, NULL);
	pthread_cond_init(&job->wake, NULL);
	job->object = object;
	job->id = id;
	job->flags = flags;
	job->armed = true;
	job->asked = true;
	zn_object_use(object);
	err = start_thread(object->env, run_job, job);
	if (err) {
		free(job);
		zn_object_unuse(object);
		return err;
	}
	object->job = job;
	return 0;
}

/* The thread of an object is to end. It closes the handle if it is the last user. */
void zn_wait_end(struct zn_object *object)
{
	struct zn_job *job = object->job;

	if (!job)
		return;
	object->job = NULL;
	pthread_mutex_lock(&job->lock);
	job->quit = true;
	pthread_cond_signal(&job->wake);
	pthread_mutex_unlock(&job->lock);
}

/* ---- functions for JavaScript ---------------------------------------------------- */

/*
 * (handle, id, whether it is to end if the creator is gone): pokes once. What POSIX
 * shared memory or a writer needs a thread for ends with a poke in any case.
 */
napi_value zn_watch(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint32_t id = zn_get_u32(env, arguments[1]);
	bool gone = zn_get_bool(env, arguments[2]);
	int32_t fd = -EOPNOTSUPP;

	if (!object)
		return NULL;
	if (object->kind != ZN_WRITER)
		fd = zinc_fd(zn_object_handle(object));
	if (fd >= 0)
		return zn_number(env, watch_fd(object, fd, id, gone));
	return zn_number(env, arm_job(object, id, gone ? ZINC_WAIT_GONE : 0));
}

/* (handle): no wait is left */
napi_value zn_unwatch(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);

	if (!object)
		return NULL;
	if (object->watched) {
		epoll_ctl(object->env->epoll, EPOLL_CTL_DEL, zinc_fd(zn_object_handle(object)),
			  NULL);
		object->watched = false;
	}
	if (object->job) {
		pthread_mutex_lock(&object->job->lock);
		object->job->armed = false;
		pthread_mutex_unlock(&object->job->lock);
	}
	return NULL;
}

/* (handle, whether to tell that the creator is gone): zinc_wait_with() that only looks */
napi_value zn_look(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint32_t flags = zn_get_bool(env, arguments[1]) ? ZINC_WAIT_GONE : 0;
	int32_t err;

	if (!object)
		return NULL;
	if (settle(object))
		return zn_number(env, 0);
	if (flags)
		err = zinc_wait_with(zn_object_handle(object), 0, flags);
	else
		err = zinc_try_wait(zn_object_handle(object));
	/* what a thread took meanwhile comes first */
	if (!err)
		take(object);
	else if (settle(object))
		err = 0;
	return zn_number(env, err == -EAGAIN ? -ETIMEDOUT : err);
}

/* (handle, milliseconds, whether to tell that the creator is gone): blocks */
napi_value zn_wait(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]);
	uint64_t deadline = zn_get_deadline(env, arguments[1]);
	uint32_t flags = zn_get_bool(env, arguments[2]) ? ZINC_WAIT_GONE : 0;
	int32_t err;

	if (!object)
		return NULL;
	if (settle(object))
		return zn_number(env, 0);
	if (flags)
		err = zinc_wait_with(zn_object_handle(object), deadline, flags);
	else
		err = zinc_wait_until(zn_object_handle(object), deadline);
	if (!err)
		take(object);
	else if (settle(object))
		err = 0;
	return zn_number(env, err);
}

/* (handles, milliseconds): the index of the one that was notified; blocks */
napi_value zn_wait_any(napi_env env, napi_value *arguments)
{
	uint64_t deadline = zn_get_deadline(env, arguments[1]);
	struct zn_object *objects[MAX_HANDLES];
	zinc_handle handles[MAX_HANDLES];
	uint32_t count = 0, i;
	size_t index = 0;
	int32_t err;

	napi_get_array_length(env, arguments[0], &count);
	if (count > MAX_HANDLES)
		return zn_number(env, -EINVAL);
	for (i = 0; i < count; i++) {
		napi_value value = NULL;

		napi_get_element(env, arguments[0], i, &value);
		objects[i] = zn_object_of(env, value);
		if (!objects[i])
			return NULL;
		if (settle(objects[i]))
			return zn_number(env, i);
		handles[i] = zn_object_handle(objects[i]);
	}
	err = zinc_wait_any(handles, count, deadline, &index);
	if (!err)
		take(objects[index]);
	return zn_number(env, err ? err : (double)index);
}

/* (handle to notify, handle to wait for, milliseconds): blocks */
napi_value zn_notify_and_wait(napi_env env, napi_value *arguments)
{
	struct zn_object *request = zn_object_of(env, arguments[0]);
	struct zn_object *reply = request ? zn_object_of(env, arguments[1]) : NULL;
	double ms = 0;
	int32_t err;

	if (!reply)
		return NULL;
	napi_get_value_double(env, arguments[2], &ms);
	if (settle(reply))
		return zn_number(env, zinc_notify_checked(zn_object_handle(request)));
	err = zinc_notify_and_wait(zn_object_handle(request), zn_object_handle(reply),
				   ms < ZINC_WAIT_FOREVER ? (uint32_t)ms : ZINC_WAIT_FOREVER);
	if (!err)
		take(reply);
	return zn_number(env, err);
}

/*
 * (name, flags, backend, id, flags of a stream or undefined): a thread that opens a
 * region or stream once it is there; close() ends it.
 */
napi_value zn_open_later(napi_env env, napi_value *arguments)
{
	napi_valuetype type = napi_undefined;
	struct zn_object *object, *made;
	int err;

	napi_typeof(env, arguments[4], &type);
	object = zn_object_new(zn_env_of(env), ZN_OPENING);
	if (!object)
		return zn_number(env, -ENOMEM);
	object->opening.is_stream = type == napi_number;
	made = zn_object_new(object->env, object->opening.is_stream ? ZN_READER : ZN_REGION);
	object->opening.made = made;
	err = -ENOMEM;
	if (made) {
		/* there is nothing yet to close */
		atomic_store(&made->is_open, false);
		object->opening.options.size = sizeof(object->opening.options);
		object->opening.options.flags = zn_get_u32(env, arguments[1]);
		object->opening.options.backend = zn_get_u32(env, arguments[2]);
		object->opening.stream_flags = zn_get_u32(env, arguments[4]);
		zn_get_name(env, arguments[0], &object->opening.name);
		err = arm_job(object, zn_get_u32(env, arguments[3]), 0);
	}
	if (err) {
		zn_object_end(object);
		zn_object_put(object);
		return zn_number(env, err);
	}
	return zn_object_value(env, object);
}

/* (what open_later() returned): the handle, once it poked without an error */
napi_value zn_opened(napi_env env, napi_value *arguments)
{
	struct zn_object *object = zn_object_of(env, arguments[0]), *made;

	if (!object)
		return NULL;
	made = object->opening.made;
	if (!made || !atomic_load(&made->is_open))
		return zn_number(env, -ENOENT);
	object->opening.made = NULL;
	return zn_object_value(env, made);
}
