// SPDX-License-Identifier: MIT
/*
 * Which backend: what the caller says, else $ZINC_BACKEND, else the kernel
 * module, else, and only if that is not there, POSIX shared memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

#define VARIABLE	"ZINC_BACKEND"

/* Read at every choice, so that a program may set it while it runs. */
static const char *variable(void)
{
	const char *value = secure_getenv(VARIABLE);

	return value && *value ? value : NULL;
}

static int wanted_by_environment(uint32_t *wanted)
{
	const char *value = variable();

	if (!value || !strcmp(value, "auto"))
		*wanted = ZINC_BACKEND_AUTO;
	else if (!strcmp(value, "kmod"))
		*wanted = ZINC_BACKEND_KMOD;
	else if (!strcmp(value, "shm"))
		*wanted = ZINC_BACKEND_SHM;
	else
		return -EINVAL;
	return 0;
}

static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

/**
 * zinc_choose() - the backend for something new
 * @wanted: enum zinc_backend_kind
 * @ops: the backend
 *
 * Return: 0; -EINVAL for a bad $ZINC_BACKEND; -ENODEV where the module is
 * demanded and absent; as zinc_device() otherwise.
 */
int zinc_choose(uint32_t wanted, const struct zinc_backend_ops **ops)
{
	int err = 0;

	if (wanted == ZINC_BACKEND_AUTO)
		err = wanted_by_environment(&wanted);
	if (err)
		return err;
	*ops = &zinc_shm_ops;
	if (wanted == ZINC_BACKEND_SHM)
		return 0;
	err = zinc_device();
	if (is_absent(err))
		return wanted == ZINC_BACKEND_KMOD ? -ENODEV : 0;
	if (err < 0)
		return err;
	*ops = &zinc_kmod_ops;
	return 0;
}

/**
 * zinc_choose_all() - the backends to look for a name in
 * @ops: one or two of them; the second is NULL if there is one
 *
 * POSIX regions stay visible beside the module, unless $ZINC_BACKEND says
 * which backend it has to be.
 *
 * Return: 0, or as zinc_choose().
 */
int zinc_choose_all(const struct zinc_backend_ops *ops[2])
{
	uint32_t wanted;
	int err;

	ops[1] = NULL;
	err = wanted_by_environment(&wanted);
	if (!err)
		err = zinc_choose(wanted, &ops[0]);
	if (!err && wanted == ZINC_BACKEND_AUTO && ops[0] == &zinc_kmod_ops)
		ops[1] = &zinc_shm_ops;
	return err;
}

int32_t zinc_backend(zinc_handle handle)
{
	const struct zinc_backend_ops *ops;
	int err;

	if (handle)
		return (int32_t)handle->ops->kind;
	err = zinc_choose(ZINC_BACKEND_AUTO, &ops);
	return err ? err : (int32_t)ops->kind;
}

static void say_error(char *text, size_t size, int err)
{
	const char *value = variable();

	switch (err) {
	case -EINVAL:
		snprintf(text, size, "%s=%s is none of auto, kmod, shm",
			 VARIABLE, value ? value : "");
		break;
	case -ENODEV:
		snprintf(text, size,
			 "%s=kmod asks for the kernel module, but %s is missing: modprobe zinc",
			 VARIABLE, ZINC_DEVICE_PATH);
		break;
	case -EACCES:
	case -EPERM:
		snprintf(text, size,
			 "%s is there, but this user may not open it: get access to it ('ls -l %s' shows who has), or set %s=shm",
			 ZINC_DEVICE_PATH, ZINC_DEVICE_PATH, VARIABLE);
		break;
	case -ENOTTY:
	case -EPROTO:
		snprintf(text, size,
			 "%s is not a zinc device of interface version %d: install a module that fits, or set %s=shm",
			 ZINC_DEVICE_PATH, ZINC_ABI_VERSION, VARIABLE);
		break;
	default:
		snprintf(text, size, "%s cannot be opened: %s",
			 ZINC_DEVICE_PATH, zinc_strerror(err));
	}
}

static void say_choice(char *text, size_t size, int32_t kind)
{
	uint32_t wanted = ZINC_BACKEND_AUTO;

	wanted_by_environment(&wanted);
	if (wanted == ZINC_BACKEND_SHM)
		snprintf(text, size, "%s=shm asks for POSIX shared memory",
			 VARIABLE);
	else if (kind == ZINC_BACKEND_SHM)
		snprintf(text, size,
			 "%s is missing, so POSIX shared memory is used; 'modprobe zinc' gives the kernel module",
			 ZINC_DEVICE_PATH);
	else if (wanted == ZINC_BACKEND_KMOD)
		snprintf(text, size, "%s=kmod asks for the kernel module, and %s opens",
			 VARIABLE, ZINC_DEVICE_PATH);
	else
		snprintf(text, size, "%s opens, so the kernel module is used",
			 ZINC_DEVICE_PATH);
}

int32_t zinc_backend_reason(char *text, size_t size)
{
	int32_t ret = zinc_backend(NULL);

	if (!text || !size)
		return ret;
	if (ret < 0)
		say_error(text, size, ret);
	else
		say_choice(text, size, ret);
	return ret;
}
