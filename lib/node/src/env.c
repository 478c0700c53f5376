// SPDX-License-Identifier: MIT
/* The end of an environment: of a program, or of a worker. */
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* No JavaScript runs any more: threads end, and regions that are open. */
static void end_all(struct zn_env *env)
{
	const uint64_t one = 1;

	atomic_store(&env->is_ending, true);
	/* an eventfd that is new takes it */
	if (env->epoll >= 0 && write(env->quit, &one, sizeof(one)) < 0)
		abort();
	zn_objects_end(env);
	pthread_mutex_lock(&env->lock);
	while (env->threads)
		pthread_cond_wait(&env->ended, &env->lock);
	pthread_mutex_unlock(&env->lock);
}

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zn_env *all_envs;

/* exit() ends no environment of Node.js, and so calls none of its hooks. */
static void at_exit(void)
{
	struct zn_env *env;

	pthread_mutex_lock(&all_lock);
	for (env = all_envs; env; env = env->next)
		end_all(env);
	pthread_mutex_unlock(&all_lock);
}

void zn_env_add(struct zn_env *env)
{
	static bool is_registered;

	pthread_mutex_lock(&all_lock);
	if (!is_registered)
		is_registered = !atexit(at_exit);
	env->next = all_envs;
	all_envs = env;
	pthread_mutex_unlock(&all_lock);
}

static void remove_env(struct zn_env *env)
{
	struct zn_env **link;

	pthread_mutex_lock(&all_lock);
	for (link = &all_envs; *link; link = &(*link)->next) {
		if (*link == env) {
			*link = env->next;
			break;
		}
	}
	pthread_mutex_unlock(&all_lock);
}

/* The environment ends. Its finalizers may come later. */
void zn_env_clean_up(void *argument)
{
	struct zn_env *env = argument;

	remove_env(env);
	end_all(env);
	if (env->epoll >= 0) {
		close(env->epoll);
		close(env->quit);
	}
	napi_release_threadsafe_function(env->poke, napi_tsfn_abort);
	zn_env_put(env);
}
