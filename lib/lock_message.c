// SPDX-License-Identifier: MIT
/*
 * Messages that go out with an error.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lock.h"

/**
 * zinc_why() - set a message, and return the error that it is of
 * @why: of the public function; may be NULL
 * @err: negative errno
 * @format: the message
 *
 * Return: @err.
 */
int zinc_why(char **why, int err, const char *format, ...)
{
	va_list args;

	if (!why)
		return err;
	va_start(args, format);
	if (vasprintf(why, format, args) < 0)
		*why = NULL;
	va_end(args);
	return err;
}

/**
 * zinc_why_errno() - what a system call said of a file
 * @why: as in zinc_why()
 * @err: negative errno
 * @path: file
 *
 * Return: @err.
 */
int zinc_why_errno(char **why, int err, const char *path)
{
	return zinc_why(why, err, "%s: %s", path, strerror(-err));
}
