// SPDX-License-Identifier: MIT
/*
 * Text: into a buffer, and messages that go out with an error.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lock/internal.h"

/**
 * zinc_format() - print into a buffer, if the text fits
 * @buf: gets the text; empty if it does not fit
 * @size: bytes of @buf
 * @format: as of printf(3)
 *
 * Return: 0; -ENAMETOOLONG.
 */
int zinc_format(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, size, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < size)
		return 0;
	if (size)
		buf[0] = '\0';
	return -ENAMETOOLONG;
}

/**
 * zinc_why() - set a message and return its error
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
 * zinc_why_errno() - set the message of a failed system call on a file
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

/**
 * zinc_why_sysfs() - say that a directory of sysfs cannot be read
 * @why: as in zinc_why()
 * @err: negative errno
 * @sysfs: where sysfs is expected
 * @folder: below it
 *
 * Return: @err.
 */
int zinc_why_sysfs(char **why, int err, const char *sysfs, const char *folder)
{
	return zinc_why(why, err, "%s/%s: %s; is sysfs mounted on %s?", sysfs,
			folder, strerror(-err), sysfs);
}
