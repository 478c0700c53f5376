// SPDX-License-Identifier: MIT
/*
 * Which backend a new handle would get, and why.
 */
#include <errno.h>
#include <stdio.h>

#include "backend/backend.h"

#define VARIABLE	"ZINC_BACKEND"

int32_t zinc_backend(zinc_handle handle)
{
	struct zinc_choice choice;
	int err;

	if (handle)
		return (int32_t)handle->ops->kind;
	err = zinc_choose(ZINC_BACKEND_AUTO, &choice);
	return err ? err : (int32_t)choice.ops->kind;
}

/* Which call it was: what is to be done differs */
static void say_refusal(char *text, size_t size)
{
	if (zinc_dev_opens())
		snprintf(text, size,
			 "%s opens, but its ioctl() calls are refused, by Landlock, seccomp or another security policy of this process: allow them, or set %s=shm",
			 ZINC_DEVICE_PATH, VARIABLE);
	else
		snprintf(text, size,
			 "%s exists, but this user may not open it: get access to it ('ls -l %s' shows its owner and mode), or set %s=shm",
			 ZINC_DEVICE_PATH, ZINC_DEVICE_PATH, VARIABLE);
}

static void say_error(char *text, size_t size, int err)
{
	const char *value;
	uint32_t wanted;

	zinc_environment_backend(&wanted, &value);
	switch (err) {
	case -EINVAL:
		snprintf(text, size, "invalid %s=%s: expected auto, kmod or shm",
			 VARIABLE, value ? value : "");
		break;
	case -ENODEV:
		snprintf(text, size,
			 "%s=kmod asks for the kernel module, but %s is missing: modprobe zinc",
			 VARIABLE, ZINC_DEVICE_PATH);
		break;
	case -EACCES:
	case -EPERM:
		say_refusal(text, size);
		break;
	case -ENOTTY:
	case -EPROTO:
		snprintf(text, size,
			 "%s is not a zinc device of interface version %d: install a matching module, or set %s=shm",
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

	zinc_environment_backend(&wanted, NULL);
	if (wanted == ZINC_BACKEND_SHM)
		snprintf(text, size, "%s=shm asks for POSIX shared memory",
			 VARIABLE);
	else if (kind == ZINC_BACKEND_SHM)
		snprintf(text, size,
			 "%s is missing, so POSIX shared memory is used; 'modprobe zinc' loads the kernel module",
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
