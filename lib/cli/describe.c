// SPDX-License-Identifier: MIT
/*
 * Names of a region's properties.
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
	case ZINC_LIFETIME_REFS:
		return "refs";
	case ZINC_LIFETIME_CREATOR:
		return "creator";
	case ZINC_LIFETIME_PERSIST:
		return "persist";
	}
	return "?";
}

const char *region_state(const struct zinc_region_info *info)
{
	if (info->flags & ZINC_INFO_INVALID)
		return "INVALID";
	if (info->flags & ZINC_INFO_STALE)
		return "STALE";
	if (info->flags & ZINC_INFO_UNKNOWN)
		return "unknown";
	if (info->flags & ZINC_INFO_CREATOR_GONE)
		return "creator-gone";
	return "live";
}

/* Why a POSIX region is stale */
static void say_stale(const struct zinc_region_info *info,
		      char text[REASON_TEXT])
{
	if (!info->handles)
		snprintf(text, REASON_TEXT, "no process has it open");
	else if (info->lifetime == ZINC_LIFETIME_CREATOR)
		snprintf(text, REASON_TEXT,
			 "its creator is gone, so its name should be, too");
	else
		snprintf(text, REASON_TEXT,
			 "no process has its creator's pid, %d, in any pid namespace",
			 info->creator_pid);
}

static void say_creator_gone(const struct zinc_region_info *info,
			     char text[REASON_TEXT])
{
	if (info->lifetime == ZINC_LIFETIME_PERSIST)
		snprintf(text, REASON_TEXT,
			 "its creator is gone; it stays until it is removed");
	else
		snprintf(text, REASON_TEXT,
			 "its creator is gone; other processes have it open");
}

const char *region_reason(const struct zinc_region_info *info,
			  char text[REASON_TEXT])
{
	if (info->flags & ZINC_INFO_INVALID)
		snprintf(text, REASON_TEXT,
			 "its header is damaged or not complete");
	else if (info->flags & ZINC_INFO_STALE)
		say_stale(info, text);
	else if (info->flags & ZINC_INFO_UNKNOWN)
		snprintf(text, REASON_TEXT,
			 "another library created it; no process of this pid namespace has its creator's pid, %d, but one of another may",
			 info->creator_pid);
	else if (info->flags & ZINC_INFO_CREATOR_GONE)
		say_creator_gone(info, text);
	else
		snprintf(text, REASON_TEXT, "its creator has it open");
	return text;
}

const char *layout_name(const struct zinc_region_info *info)
{
	if (info->backend != ZINC_BACKEND_SHM ||
	    info->flags & ZINC_INFO_INVALID)
		return NULL;
	return info->flags & ZINC_INFO_PAGE_LAYOUT ? "page" : "header";
}

bool region_command(const struct zinc_region_info *info, char *text,
		    size_t size)
{
	/* once the creator is gone, another process may have its pid */
	if (info->flags & (ZINC_INFO_INVALID | ZINC_INFO_STALE |
			   ZINC_INFO_UNKNOWN | ZINC_INFO_CREATOR_GONE)) {
		text[0] = '\0';
		return false;
	}
	return proc_command(info->creator_pid, text, size);
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
