// SPDX-License-Identifier: MIT
/*
 * How /proc/locks names a file: by the device of its file system, which stat(2)
 * does not tell where that gives its files devices of their own (btrfs,
 * overlayfs), and /proc/self/mountinfo does.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lock/internal.h"

/* one step up at a time, when mounts are stacked on one point */
#define STACK_MAX	256

/* A line's fields that count; @point is not decoded, @type may be missing */
struct mount {
	long id, parent;
	unsigned int major, minor;
	const char *point;
	size_t point_length;
	const char *type;
	size_t type_length;
};

struct cursor {
	const char *at, *end;
};

static bool take_number(struct cursor *c, char after, unsigned long *number)
{
	const char *begin = c->at;

	*number = 0;
	while (c->at < c->end && isdigit((unsigned char)*c->at)) {
		if (*number > INT32_MAX / 10)
			return false;
		*number = *number * 10 + (unsigned long)(*c->at++ - '0');
	}
	return c->at > begin && c->at < c->end && *c->at++ == after;
}

/* Up to the next space, which is passed over */
static bool take_word(struct cursor *c, const char **word, size_t *length)
{
	const char *space = memchr(c->at, ' ', (size_t)(c->end - c->at));

	if (!space || space == c->at)
		return false;
	*word = c->at;
	*length = (size_t)(space - c->at);
	c->at = space + 1;
	return true;
}

/* Behind the options and any number of optional fields: " - TYPE " */
static void take_type(struct cursor *c, struct mount *m)
{
	const char *word;
	size_t length;

	m->type_length = 0;
	while (take_word(c, &word, &length))
		if (length == 1 && *word == '-')
			break;
	if (!take_word(c, &m->type, &m->type_length))
		m->type_length = 0;
}

static bool parse_line(const char *line, size_t length, struct mount *m)
{
	struct cursor c = { line, line + length };
	unsigned long id, parent, major, minor;
	size_t root_length;
	const char *root;

	if (!take_number(&c, ' ', &id) || !take_number(&c, ' ', &parent) ||
	    !take_number(&c, ':', &major) || !take_number(&c, ' ', &minor) ||
	    !take_word(&c, &root, &root_length) ||
	    !take_word(&c, &m->point, &m->point_length) || *m->point != '/')
		return false;
	m->id = (long)id;
	m->parent = (long)parent;
	m->major = (unsigned int)major;
	m->minor = (unsigned int)minor;
	take_type(&c, m);
	return true;
}

static bool next_mount(struct cursor *c, struct mount *m)
{
	while (c->at < c->end) {
		const char *line = c->at;
		const char *end = memchr(line, '\n', (size_t)(c->end - line));

		if (!end)
			end = c->end;
		c->at = end < c->end ? end + 1 : end;
		if (parse_line(line, (size_t)(end - line), m))
			return true;
	}
	return false;
}

static bool is_octal(const char *at, const char *end)
{
	return end - at >= 4 && at[0] == '\\' && at[1] >= '0' && at[1] <= '3' &&
	       at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
}

/*
 * How much of @path the mount point covers, by whole components; 0 for nothing.
 * "\NNN" in it is a byte, all else is itself.
 */
static size_t covers(const struct mount *m, const char *path)
{
	const char *at = m->point, *end = m->point + m->point_length;
	size_t n = 0;

	while (at < end) {
		char c = *at;

		if (is_octal(at, end)) {
			c = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 |
				   (at[3] - '0'));
			at += 3;
		}
		at++;
		if (path[n] != c || !c)
			return 0;
		n++;
	}
	if (n == 1)
		return 1;	/* the root covers everything */
	return path[n] == '/' || !path[n] ? n : 0;
}

/* The mount that is right on top of another, at the same point */
static bool find_above(const char *text, size_t length, const char *path,
		       struct mount *best, size_t best_length)
{
	struct cursor c = { text, text + length };
	struct mount m;

	while (next_mount(&c, &m)) {
		if (m.parent != best->id || m.id == best->id ||
		    covers(&m, path) != best_length)
			continue;
		*best = m;
		return true;
	}
	return false;
}

static void tell(const struct mount *from, struct zinc_mount *to)
{
	size_t length = from->type_length;

	if (length >= sizeof(to->type))
		length = sizeof(to->type) - 1;
	memset(to, 0, sizeof(*to));
	to->major = from->major;
	to->minor = from->minor;
	if (length)
		memcpy(to->type, from->type, length);
}

/**
 * zinc_mountinfo_find() - find the file system of a file
 * @text: content of /proc/self/mountinfo
 * @length: its bytes
 * @path: the file's canonical path
 * @mount_id: mount ID of the file if known, else -1
 * @mount: out
 *
 * It is found by @mount_id or, without such a line, by the longest mount point;
 * of several mounts at the same point, the top one counts. Malformed lines are
 * skipped.
 *
 * Return: 0; -ENOTSUP nothing covers @path.
 */
int zinc_mountinfo_find(const char *text, size_t length, const char *path,
			long mount_id, struct zinc_mount *mount)
{
	struct cursor c = { text, text + length };
	struct mount m, best = { .id = -1 };
	size_t best_length = 0, n;
	int steps = STACK_MAX;

	while (next_mount(&c, &m)) {
		if (mount_id >= 0 && m.id == mount_id) {
			tell(&m, mount);
			return 0;
		}
		n = covers(&m, path);
		if (n > best_length) {
			best_length = n;
			best = m;
		}
	}
	if (!best_length)
		return -ENOTSUP;
	while (steps-- && find_above(text, length, path, &best, best_length))
		;
	tell(&best, mount);
	return 0;
}

/* What the kernel says of a descriptor; -1 if it does not */
static long mount_id_of(int fd)
{
	char path[64], *text, *at;
	size_t length;
	long id = -1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (zinc_read_whole(path, &text, &length))
		return -1;
	at = strstr(text, "mnt_id:");
	if (at)
		id = strtol(at + strlen("mnt_id:"), NULL, 10);
	free(text);
	return id;
}

/*
 * In a chroot whose root is not a mount point, no line covers the root. The
 * device number of stat(2) is right there, except on btrfs and overlayfs.
 */
static int mount_of(int fd, const char *path, const struct stat *st,
		    const char *mountinfo, size_t length,
		    struct zinc_mount *mount)
{
	char *canonical = realpath(path, NULL);
	int err;

	err = zinc_mountinfo_find(mountinfo, length,
				  canonical ? canonical : path, mount_id_of(fd),
				  mount);
	free(canonical);
	if (err != -ENOTSUP || !length)
		return err;
	memset(mount, 0, sizeof(*mount));
	mount->major = major(st->st_dev);
	mount->minor = minor(st->st_dev);
	return 0;
}

/**
 * zinc_needle_of() - get a file's name in /proc/locks
 * @path: file
 * @mountinfo: text of /proc/self/mountinfo
 * @length: bytes of it
 * @needle: out; empty where the file is not there
 *
 * Return: 0; -ENOTSUP /proc/self/mountinfo is empty; or why the file cannot be
 * looked at.
 */
int zinc_needle_of(const char *path, const char *mountinfo, size_t length,
		   struct zinc_needle *needle)
{
	struct zinc_mount mount;
	struct stat st;
	int fd, err;

	memset(needle, 0, sizeof(*needle));
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = fstat(fd, &st) ? -errno : 0;
	if (!err)
		err = mount_of(fd, path, &st, mountinfo, length, &mount);
	close(fd);
	if (err)
		return err;
	needle->posix = !strcmp(mount.type, "9p");
	needle->dev = st.st_dev;
	needle->ino = st.st_ino;
	snprintf(needle->text, sizeof(needle->text), "%02x:%02x:%llu",
		 mount.major, mount.minor, (unsigned long long)st.st_ino);
	return 0;
}

/* The file or, where that is not there, its folder */
static int open_either(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	char *copy;

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_PATH | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	free(copy);
	return fd;
}

static int type_of(int fd, char type[ZINC_FS_TYPE_SIZE])
{
	struct zinc_mount mount;
	char *mountinfo;
	struct stat st;
	size_t length;
	char path[64];
	int err;

	if (fstat(fd, &st))
		return -errno;
	/* on a disk: read from /proc only where there is more to be known */
	if (major(st.st_dev))
		return 0;
	err = zinc_read_whole("/proc/self/mountinfo", &mountinfo, &length);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = mount_of(fd, path, &st, mountinfo, length, &mount);
	free(mountinfo);
	if (!err)
		memcpy(type, mount.type, ZINC_FS_TYPE_SIZE);
	return err;
}

/**
 * zinc_filesystem_type() - get the type of a file system from mountinfo
 * @path: lock file; where it is not there, its folder is looked at
 * @type: out; empty for one on a disk, and where it is not known
 *
 * Return: 0; or why it cannot be told.
 */
int zinc_filesystem_type(const char *path, char type[ZINC_FS_TYPE_SIZE])
{
	int fd = open_either(path);
	int err;

	type[0] = '\0';
	if (fd < 0)
		return fd;
	err = type_of(fd, type);
	close(fd);
	return err;
}
