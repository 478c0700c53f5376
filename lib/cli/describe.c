// SPDX-License-Identifier: MIT
/*
 * Words for what a region is.
 */
#include <grp.h>
#include <pwd.h>
#include <time.h>

#include "cli.h"

const char *backend_name(uint32_t backend)
{
	switch (backend) {
	case ZINC_BACKEND_KMOD:
		return "kmod";
	case ZINC_BACKEND_SHM:
		return "shm";
	}
	return "?";
}

const char *lifetime_name(uint32_t lifetime)
{
	switch (lifetime) {
	case ZINC_LIVES_REFS:
		return "refs";
	case ZINC_LIVES_CREATOR:
		return "creator";
	case ZINC_LIVES_PERSIST:
		return "persist";
	}
	return "?";
}

const char *region_state(const struct zinc_region_info *info)
{
	if (info->flags & ZINC_IS_INVALID)
		return "INVALID";
	if (info->flags & ZINC_IS_STALE)
		return "STALE";
	if (info->flags & ZINC_IS_CREATOR_GONE)
		return "ownerless";
	return "live";
}

bool region_command(const struct zinc_region_info *info, char *text,
		    size_t size)
{
	/* once the creator is gone, the pid may be somebody else's */
	if (info->flags & (ZINC_IS_INVALID | ZINC_IS_STALE |
			   ZINC_IS_CREATOR_GONE)) {
		text[0] = '\0';
		return false;
	}
	return proc_command(info->owner_pid, text, size);
}

uint64_t age_seconds(uint64_t created_at)
{
	struct timespec now;
	uint64_t s = created_at / 1000000000;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec > s ? now.tv_sec - s : 0;
}

const char *format_age(uint64_t created_at, char text[AGE_TEXT])
{
	uint64_t s = age_seconds(created_at);

	if (!created_at)
		snprintf(text, AGE_TEXT, "?");
	else if (s < 60)
		snprintf(text, AGE_TEXT, "%us", (unsigned int)s);
	else if (s < 3600)
		snprintf(text, AGE_TEXT, "%um%02us", (unsigned int)s / 60,
			 (unsigned int)s % 60);
	else if (s < 86400)
		snprintf(text, AGE_TEXT, "%uh%02um", (unsigned int)s / 3600,
			 (unsigned int)s / 60 % 60);
	else
		snprintf(text, AGE_TEXT, "%ud%02uh", (unsigned int)(s / 86400),
			 (unsigned int)(s / 3600 % 24));
	return text;
}

const char *format_time(uint64_t ns, char text[TIME_TEXT])
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	size_t n;

	text[0] = '\0';
	if (!gmtime_r(&seconds, &tm))
		return text;
	n = strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, TIME_TEXT - n, ".%09uZ",
		 (unsigned int)(ns % 1000000000));
	return text;
}

const char *format_user(uint32_t uid, char text[USER_TEXT])
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, USER_TEXT, "%s", user->pw_name);
	else
		snprintf(text, USER_TEXT, "%u", uid);
	return text;
}

const char *format_group(uint32_t gid, char text[USER_TEXT])
{
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(text, USER_TEXT, "%s", group->gr_name);
	else
		snprintf(text, USER_TEXT, "%u", gid);
	return text;
}
