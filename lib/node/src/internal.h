/* SPDX-License-Identifier: MIT */
/*
 * The addon for Node.js: what its files share. Each function that JavaScript calls
 * returns what the library's does, a number that is negative for an errno; lib/ makes
 * errors of them, and checks arguments before.
 *
 * Layers: addon.c (the table of functions) calls region.c, stream.c, wait.c; all of
 * them use object.c (who uses a handle), env.c (its end) and value.c (numbers and texts).
 */
#ifndef ZINC_NODE_INTERNAL_H
#define ZINC_NODE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define NAPI_VERSION 8
#include <node_api.h>

#include "zinc.h"
#include "zinc-stream.h"

/* how long a thread waits before it looks whether anybody still wants it to */
#define ZN_SLICE_NS	100000000u

#define ZN_OWED		((uint64_t)1 << 32)

/* for zinc_unlink() and zinc_stat() a name may have a byte more, see zinc_open() */
struct zn_name {
	char text[ZINC_NAME_MAX + 3];
};

/**
 * struct zn_env - what belongs to one JavaScript environment: a program or a worker
 * @lock: protects @objects, @threads and the poller's start
 * @ended: signalled when a thread ends
 * @objects: all that have not been freed
 * @threads: number of threads that are running
 * @poke: calls the function that JavaScript gave to start()
 * @epoll: polls the regions' descriptors; -1 if nothing has been watched
 * @quit: ends the thread that does
 * @is_ending: nobody is to be poked
 * @has_ended: only finalizers are left
 * @next: of the process
 */
struct zn_env {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct zn_object *objects;
	unsigned int threads;
	napi_threadsafe_function poke;
	int epoll;
	int quit;
	atomic_bool is_ending;
	bool has_ended;
	struct zn_env *next;
};

enum zn_kind {
	ZN_REGION,
	ZN_READER,
	ZN_WRITER,
	ZN_OPENING	/* a thread that will make one of the others */
};

/**
 * struct zn_object - a handle, and who uses it
 * @env: where it belongs
 * @previous: in @env
 * @next: in @env
 * @refs: who has the address of this struct
 * @users: who needs the handle; the last one closes it
 * @is_open: JavaScript's object is a user
 * @has_buffer: its array buffer is one
 * @kind: which part of the union
 * @handle: region
 * @reader: end of a stream
 * @view: the frame that it looks at
 * @lost: frames lost before @view that no frame of JavaScript's has told of yet
 * @writer: the other end
 * @begun: offset of the frame that a thread began; 0 for none
 * @owed: a thread has taken a notify for the next wait: the cursor then, and
 *	ZN_OWED; 0 for none
 * @seen: the cursor when JavaScript's thread took one
 * @watched: the descriptor is in the poller
 * @job: the thread that waits for it; NULL if there never was one
 * @opening: arguments of ZN_OPENING
 */
struct zn_object {
	struct zn_env *env;
	struct zn_object *previous;
	struct zn_object *next;
	atomic_uint refs;
	atomic_uint users;
	atomic_bool is_open;
	atomic_bool has_buffer;
	enum zn_kind kind;
	zinc_handle handle;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	uint64_t lost;
	struct zinc_stream_writer writer;
	atomic_uint_least64_t begun;
	atomic_uint_least64_t owed;
	uint32_t seen;
	bool watched;
	struct zn_job *job;
	struct {
		struct zn_name name;
		struct zinc_options options;
		uint32_t stream_flags;
		bool is_stream;
		struct zn_object *made;
	} opening;
};

/* ---- object.c ------------------------------------------------------------ */

struct zn_object *zn_object_new(struct zn_env *env, enum zn_kind kind);
void zn_object_use(struct zn_object *object);
void zn_object_unuse(struct zn_object *object);
void zn_object_put(struct zn_object *object);
void zn_object_end(struct zn_object *object);
zinc_handle zn_object_handle(const struct zn_object *object);
napi_value zn_object_value(napi_env env, struct zn_object *object);
struct zn_object *zn_object_of(napi_env env, napi_value value);
void zn_buffer_end(struct zn_object *object);
void zn_objects_end(struct zn_env *env);
struct zn_env *zn_env_of(napi_env env);
void zn_env_put(struct zn_env *env);

/* ---- env.c --------------------------------------------------------------- */

void zn_env_add(struct zn_env *env);
void zn_env_clean_up(void *argument);

/* ---- value.c ------------------------------------------------------------- */

#define ZN_ARGUMENTS_MAX 8

/* a function that JavaScript calls with that many arguments */
typedef napi_value (*zn_function)(napi_env env, napi_value *arguments);

napi_value zn_number(napi_env env, double value);
napi_value zn_bigint(napi_env env, uint64_t value);
napi_value zn_text(napi_env env, const char *text);
uint32_t zn_get_u32(napi_env env, napi_value value);
int32_t zn_get_i32(napi_env env, napi_value value);
uint64_t zn_get_u64(napi_env env, napi_value value);
bool zn_get_bool(napi_env env, napi_value value);
const char *zn_get_name(napi_env env, napi_value value, struct zn_name *name);
uint64_t zn_get_deadline(napi_env env, napi_value ms);
uint8_t *zn_get_bytes(napi_env env, napi_value value, size_t *length);
void zn_set(napi_env env, napi_value object, const char *name, napi_value value);
void zn_set_number(napi_env env, napi_value object, const char *name, double value);
void zn_set_bigint(napi_env env, napi_value object, const char *name, uint64_t value);
uint32_t zn_member_u32(napi_env env, napi_value object, const char *name);
uint64_t zn_member_u64(napi_env env, napi_value object, const char *name);
void zn_member_u32s(napi_env env, napi_value object, const char *name, uint32_t *into,
		    uint32_t count);
void zn_member_u64s(napi_env env, napi_value object, const char *name, uint64_t *into,
		    uint32_t count);
void zn_member_text(napi_env env, napi_value object, const char *name, char *into,
		    size_t size);

/* ---- functions for JavaScript, by the file that has them ------------------ */

/* region.c */
napi_value zn_create(napi_env env, napi_value *arguments);
napi_value zn_open(napi_env env, napi_value *arguments);
napi_value zn_from_fd(napi_env env, napi_value *arguments);
napi_value zn_import_dmabuf(napi_env env, napi_value *arguments);
napi_value zn_close(napi_env env, napi_value *arguments);
napi_value zn_buffer(napi_env env, napi_value *arguments);
napi_value zn_read(napi_env env, napi_value *arguments);
napi_value zn_write(napi_env env, napi_value *arguments);
napi_value zn_capacity(napi_env env, napi_value *arguments);
napi_value zn_sequence(napi_env env, napi_value *arguments);
napi_value zn_notify(napi_env env, napi_value *arguments);
napi_value zn_info(napi_env env, napi_value *arguments);
napi_value zn_stat(napi_env env, napi_value *arguments);
napi_value zn_list(napi_env env, napi_value *arguments);
napi_value zn_unlink(napi_env env, napi_value *arguments);
napi_value zn_unlink_stale(napi_env env, napi_value *arguments);
napi_value zn_backend(napi_env env, napi_value *arguments);
napi_value zn_features(napi_env env, napi_value *arguments);
napi_value zn_fd(napi_env env, napi_value *arguments);
napi_value zn_close_fd(napi_env env, napi_value *arguments);
napi_value zn_export_dmabuf(napi_env env, napi_value *arguments);
napi_value zn_export_dmabuf_part(napi_env env, napi_value *arguments);
napi_value zn_notify_on_fence(napi_env env, napi_value *arguments);
napi_value zn_begin_cpu_access(napi_env env, napi_value *arguments);
napi_value zn_end_cpu_access(napi_env env, napi_value *arguments);
napi_value zn_describe(napi_env env, napi_value *arguments);

/* wait.c */
napi_value zn_start(napi_env env, napi_value *arguments);
napi_value zn_keep_alive(napi_env env, napi_value *arguments);
napi_value zn_look(napi_env env, napi_value *arguments);
napi_value zn_wait(napi_env env, napi_value *arguments);
napi_value zn_wait_any(napi_env env, napi_value *arguments);
napi_value zn_notify_and_wait(napi_env env, napi_value *arguments);
napi_value zn_watch(napi_env env, napi_value *arguments);
napi_value zn_unwatch(napi_env env, napi_value *arguments);
napi_value zn_open_later(napi_env env, napi_value *arguments);
napi_value zn_opened(napi_env env, napi_value *arguments);
void zn_wait_end(struct zn_object *object);

/* stream.c */
napi_value zn_now(napi_env env, napi_value *arguments);
napi_value zn_stream_create(napi_env env, napi_value *arguments);
napi_value zn_stream_open(napi_env env, napi_value *arguments);
napi_value zn_stream_geometry(napi_env env, napi_value *arguments);
napi_value zn_stream_begin(napi_env env, napi_value *arguments);
napi_value zn_stream_commit(napi_env env, napi_value *arguments);
napi_value zn_stream_cancel(napi_env env, napi_value *arguments);
napi_value zn_stream_drop(napi_env env, napi_value *arguments);
napi_value zn_stream_set_format(napi_env env, napi_value *arguments);
napi_value zn_stream_format(napi_env env, napi_value *arguments);
napi_value zn_stream_next(napi_env env, napi_value *arguments);
napi_value zn_stream_copy(napi_env env, napi_value *arguments);
napi_value zn_stream_is_whole(napi_env env, napi_value *arguments);
napi_value zn_stream_done(napi_env env, napi_value *arguments);
napi_value zn_stream_layout_of(napi_env env, napi_value *arguments);

#endif /* ZINC_NODE_INTERNAL_H */
