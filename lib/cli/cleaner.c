// SPDX-License-Identifier: MIT
/*
 * Cleaners of /tmp, and whether they would take lock files away that are held.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* from this version on, systemd-tmpfiles leaves files alone that are locked */
#define SYSTEMD_SPARES_LOCKED 254
#define LINE_SIZE 4096

/* A file hides those of its name in the folders behind its own: tmpfiles.d(5) */
static const char *const folders[] = {
	"/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d",
	"/usr/lib/tmpfiles.d",
};

/*
 * struct search - for what tmpfiles.d says of a folder's lock files
 * @folder: it
 * @file: a lock file in it
 * @depth: how much of @folder the line that decides covers, 0: no line does
 * @ages: that line has files removed by their age
 * @where: which line it is
 * @base: its file's name: of two lines for one path, the first name decides
 * @spared: another line has lock files spared
 */
struct search {
	const char *folder;
	char file[PATH_MAX];
	size_t depth;
	bool ages;
	char where[PATH_MAX + 32];
	char base[NAME_MAX + 1];
	bool spared;
};

/* Is @path @inner, or a folder above it? */
static bool covers(const char *path, const char *inner)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return !strncmp(path, inner, length) &&
	       (!inner[length] || inner[length] == '/' || length == 1);
}

static bool spares(const char *pattern, const struct search *s)
{
	return covers(pattern, s->folder) ||
	       !fnmatch(pattern, s->file, FNM_PATHNAME | FNM_PERIOD);
}

/* The nearest folder, and of its lines the first */
static bool decides(const struct search *s, const char *path, const char *base)
{
	size_t depth = strlen(path);

	return depth > s->depth || (depth == s->depth && strcmp(base, s->base) < 0);
}

/* TYPE PATH MODE USER GROUP AGE ...; specifiers: that of /tmp alone */
static void take_line(struct search *s, char *line, const char *name,
		      unsigned int number)
{
	static const char tmp[] = "%T";
	const char *base = strrchr(name, '/') + 1;
	char *save, *words[6] = { NULL };
	const char *path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++, line = NULL) {
		words[i] = strtok_r(line, " \t\n", &save);
		if (!words[i])
			break;
	}
	if (i < 2 || *words[0] == '#')
		return;
	path = strcmp(words[1], tmp) ? words[1] : "/tmp";
	if (strchr("xX", *words[0])) {
		s->spared = s->spared || spares(path, s);
		return;
	}
	if (!strchr("dDevqQC", *words[0]) || !covers(path, s->folder) ||
	    !decides(s, path, base))
		return;
	s->depth = strlen(path);
	snprintf(s->base, sizeof(s->base), "%s", base);
	s->ages = words[5] && strcmp(words[5], "-");
	snprintf(s->where, sizeof(s->where), "%s:%u", name, number);
}

static void read_file(struct search *s, const char *name)
{
	FILE *file = fopen(name, "re");
	char line[LINE_SIZE];
	unsigned int number = 0;

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		take_line(s, line, name, ++number);
	fclose(file);
}

static bool is_hidden(size_t folder, const char *name)
{
	char path[PATH_MAX];

	while (folder--) {
		snprintf(path, sizeof(path), "%s/%s", folders[folder], name);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static void read_folder(struct search *s, size_t folder)
{
	DIR *dir = opendir(folders[folder]);
	struct dirent *entry;
	char path[PATH_MAX];
	size_t length;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		length = strlen(entry->d_name);
		if (length < 5 || strcmp(entry->d_name + length - 5, ".conf") ||
		    is_hidden(folder, entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folders[folder],
			 entry->d_name);
		read_file(s, path);
	}
	closedir(dir);
}

/* Of systemd, by the name of its library; 0: not to be seen */
static unsigned int systemd_version(void)
{
	static const char *const patterns[] = {
		"/usr/lib/systemd/libsystemd-shared-*.so",
		"/usr/lib64/systemd/libsystemd-shared-*.so",
		"/usr/lib/*/systemd/libsystemd-shared-*.so",
		"/lib/systemd/libsystemd-shared-*.so",
	};
	unsigned int version = 0;
	glob_t found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(patterns) && !version; i++) {
		if (glob(patterns[i], 0, NULL, &found))
			continue;
		if (sscanf(strstr(found.gl_pathv[0], "shared-"), "shared-%u",
			   &version) != 1)
			version = 0;
		globfree(&found);
	}
	return version;
}

static bool says(const char *file, const char *what)
{
	FILE *stream = fopen(file, "re");
	char line[LINE_SIZE];
	bool found = false;

	while (stream && !found && fgets(line, sizeof(line), stream))
		found = *line != '#' && strstr(line, what);
	if (stream)
		fclose(stream);
	return found;
}

bool find_cleaner(const char *folder, char *what, size_t size)
{
	struct search s = { .folder = folder };
	size_t i;

	snprintf(s.file, sizeof(s.file), "%s/zinc-cpu-0.lock", folder);
	for (i = 0; i < ARRAY_SIZE(folders); i++)
		read_folder(&s, i);
	if (s.ages && !s.spared && systemd_version() < SYSTEMD_SPARES_LOCKED) {
		snprintf(what, size, "systemd-tmpfiles (%s)", s.where);
		return true;
	}
	if (covers("/tmp", folder) && !access("/etc/cron.daily/tmpreaper", X_OK) &&
	    !says("/etc/tmpreaper.conf", "zinc-")) {
		snprintf(what, size, "tmpreaper (/etc/cron.daily/tmpreaper)");
		return true;
	}
	if (covers("/tmp", folder) && !access("/etc/cron.daily/tmpwatch", X_OK) &&
	    !says("/etc/cron.daily/tmpwatch", "zinc-")) {
		snprintf(what, size, "tmpwatch (/etc/cron.daily/tmpwatch)");
		return true;
	}
	return false;
}

bool is_private_tmp(const char *folder)
{
	char line[LINE_SIZE], root[1024], point[1024];
	FILE *file;
	bool is_private = false;

	if (!covers("/tmp", folder))
		return false;
	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*u %*u %*s %1023s %1023s", root,
			   point) == 2 &&
		    !strcmp(point, "/tmp"))
			is_private = strstr(root, "/systemd-private-");
	fclose(file);
	return is_private;
}
