// SPDX-License-Identifier: MIT
/*
 * Which backend: what the caller says, else $ZINC_BACKEND, else the kernel
 * module, else, and only if that is not there, POSIX shared memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

#define VARIABLE	"ZINC_BACKEND"

/**
 * zinc_environment_backend() - read $ZINC_BACKEND
 * @wanted: gets enum zinc_backend_kind
 * @text: gets its text, or NULL for none; may be NULL
 *
 * It is read at every choice, so that a program may set it while it runs.
 *
 * Return: 0; -EINVAL for a value that names no backend.
 */
int zinc_environment_backend(uint32_t *wanted, const char **text)
{
	const char *value = secure_getenv(VARIABLE);

	if (value && !*value)
		value = NULL;
	if (text)
		*text = value;
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

/**
 * zinc_choose() - choose the backend for a new handle
 * @wanted: enum zinc_backend_kind
 * @choice: gets the backend, with a descriptor of the device
 *
 * Return: 0; -EINVAL for a bad $ZINC_BACKEND; -ENODEV where the module is
 * demanded and absent; as zinc_dev_fd() otherwise.
 */
int zinc_choose(uint32_t wanted, struct zinc_choice *choice)
{
	int err = 0;

	if (wanted == ZINC_BACKEND_AUTO)
		err = zinc_environment_backend(&wanted, NULL);
	if (err)
		return err;
	choice->ops = &zinc_shm_ops;
	choice->dev_fd = -1;
	if (wanted == ZINC_BACKEND_SHM)
		return 0;
	err = zinc_dev_fd();
	if (zinc_is_absent(err))
		return wanted == ZINC_BACKEND_KMOD ? -ENODEV : 0;
	if (err < 0)
		return err;
	choice->ops = &zinc_kmod_ops;
	choice->dev_fd = err;
	return 0;
}

/**
 * zinc_choose_all() - choose the backends in which to look for a name
 * @choices: one or two of them; the second has no @ops if there is one
 *
 * POSIX regions stay visible beside the module, unless $ZINC_BACKEND selects
 * one backend.
 *
 * Return: 0, or as zinc_choose().
 */
int zinc_choose_all(struct zinc_choice choices[2])
{
	uint32_t wanted;
	int err;

	choices[1] = (struct zinc_choice){ .dev_fd = -1 };
	err = zinc_environment_backend(&wanted, NULL);
	if (!err)
		err = zinc_choose(wanted, &choices[0]);
	if (!err && wanted == ZINC_BACKEND_AUTO &&
	    choices[0].ops == &zinc_kmod_ops)
		choices[1].ops = &zinc_shm_ops;
	return err;
}
