// SPDX-License-Identifier: MIT
/*
 * Directory of lock files: ZINC_LOCK_DIR, else lock_dir of /etc/zinc.conf, else
 * /tmp.
 *
 * Processes exclude each other only if they use the same directory. Therefore a
 * mistake in the file is an error, and never selects another directory.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock/internal.h"

#define LOCK_DIR	"/tmp"
#define LOCK_DIR_KEY	"lock_dir"

struct span {
	const char *at;
	size_t length;
};

static struct span trim(const char *at, const char *end)
{
	while (at < end && isspace((unsigned char)*at))
		at++;
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	return (struct span){ at, (size_t)(end - at) };
}

static bool is(struct span span, const char *text)
{
	return span.length == strlen(text) &&
	       !memcmp(span.at, text, span.length);
}

static bool has_control(struct span span)
{
	size_t i;

	for (i = 0; i < span.length; i++)
		if (iscntrl((unsigned char)span.at[i]))
			return true;
	return false;
}

/* What is wrong with a folder; NULL: nothing */
static const char *wrong_folder(struct span folder)
{
	if (!folder.length || *folder.at != '/')
		return "lock_dir must be an absolute path, such as /run/lock/zinc";
	if (has_control(folder))
		return "lock_dir has a control character";
	if (folder.length >= ZINC_LOCK_DIR_SIZE)
		return "lock_dir is too long";
	return NULL;
}

/* Of one line that is neither empty nor a comment */
static const char *take_line(struct span line, char dir[ZINC_LOCK_DIR_SIZE])
{
	const char *end = line.at + line.length;
	const char *equals = memchr(line.at, '=', line.length);
	struct span key, value;
	const char *wrong;

	if (!equals)
		return "expected 'KEY = VALUE'";
	key = trim(line.at, equals);
	value = trim(equals + 1, end);
	if (!is(key, LOCK_DIR_KEY))
		return "unknown key: expected lock_dir";
	if (dir[0])
		return "lock_dir is there twice";
	while (value.length > 1 && value.at[value.length - 1] == '/')
		value.length--;
	wrong = wrong_folder(value);
	if (wrong)
		return wrong;
	memcpy(dir, value.at, value.length);
	dir[value.length] = '\0';
	return NULL;
}

/**
 * zinc_config_parse() - the folder that a configuration file names
 * @text: of the file
 * @length: bytes of it
 * @name: of the file, for the message
 * @dir: out; empty: it names none
 * @why: message
 *
 * Lines of KEY = VALUE; those that begin with # and empty ones are passed over.
 *
 * Return: 0; -EBADMSG.
 */
int zinc_config_parse(const char *text, size_t length, const char *name,
		      char dir[ZINC_LOCK_DIR_SIZE], char **why)
{
	const char *end = text + length, *stop;
	const char *wrong = NULL;
	unsigned int number = 0;
	struct span line;

	dir[0] = '\0';
	while (text < end && !wrong) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (!stop)
			stop = end;
		number++;
		line = trim(text, stop);
		if (line.length && *line.at != '#')
			wrong = take_line(line, dir);
		text = stop < end ? stop + 1 : end;
	}
	if (!wrong)
		return 0;
	dir[0] = '\0';
	return zinc_why(why, -EBADMSG, "%s:%u: %s", name, number, wrong);
}

static int read_config(const char *name, char dir[ZINC_LOCK_DIR_SIZE],
		       char **why)
{
	size_t length;
	char *text;
	int err;

	dir[0] = '\0';
	err = zinc_read_whole(name, &text, &length);
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	if (err)
		return zinc_why(why, err,
				"%s: %s: it names the directory of lock files; make it readable for all, or set ZINC_LOCK_DIR",
				name, strerror(-err));
	err = zinc_config_parse(text, length, name, dir, why);
	free(text);
	return err;
}

/**
 * zinc_lock_dir() - the folder of the locks that have no other
 * @dir: out
 * @from: out, what names it; may be NULL
 * @why: message
 *
 * ZINC_LOCK_DIR does not count in a set-user-ID program, nor when it is empty.
 *
 * Return: 0; -EBADMSG a mistake in the configuration file, or why that cannot be
 * read; -ENAMETOOLONG.
 */
int zinc_lock_dir(char dir[ZINC_LOCK_DIR_SIZE], const char **from, char **why)
{
	const char *variable = secure_getenv("ZINC_LOCK_DIR");
	const char *names = "ZINC_LOCK_DIR";
	int err;

	if (variable && variable[0]) {
		if (zinc_format(dir, ZINC_LOCK_DIR_SIZE, "%s", variable))
			return zinc_why(why, -ENAMETOOLONG,
					"ZINC_LOCK_DIR is too long");
	} else {
		err = read_config(ZINC_CONFIG, dir, why);
		if (err)
			return err;
		names = ZINC_CONFIG;
		if (!dir[0]) {
			names = NULL;
			snprintf(dir, ZINC_LOCK_DIR_SIZE, "%s", LOCK_DIR);
		}
	}
	if (from)
		*from = names;
	return 0;
}

/**
 * zinc_lock_file() - print the path of a lock file in that folder
 * @buf: gets it
 * @size: bytes of @buf
 * @why: message
 * @format: of its name
 *
 * Return: 0; -ENAMETOOLONG; as zinc_lock_dir().
 */
int zinc_lock_file(char *buf, size_t size, char **why, const char *format, ...)
{
	char dir[ZINC_LOCK_DIR_SIZE], name[NAME_MAX + 1];
	va_list args;
	int err, n;

	if (size)
		buf[0] = '\0';
	err = zinc_lock_dir(dir, NULL, why);
	if (err)
		return err;
	va_start(args, format);
	n = vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	err = n < 0 || (size_t)n >= sizeof(name) ? -ENAMETOOLONG : 0;
	if (!err)
		err = zinc_format(buf, size, "%s/%s", dir, name);
	if (err)
		zinc_why(why, err, "the path of the lock file is too long: %s/%s",
			 dir, name);
	return err;
}

int32_t zinc_lock_folder(char *buf, size_t size, char **from)
{
	char dir[ZINC_LOCK_DIR_SIZE];
	const char *names = NULL;
	int err;

	if (from)
		*from = NULL;
	if (!buf)
		return zinc_why(from, -EINVAL, "no place for the folder");
	err = zinc_lock_dir(dir, &names, from);
	if (!err)
		err = zinc_format(buf, size, "%s", dir);
	if (err)
		return err;
	if (names)
		return zinc_why(from, 0, "%s", names);
	return zinc_why(from, 0, "default: neither ZINC_LOCK_DIR nor " ZINC_CONFIG
			" names a folder");
}
