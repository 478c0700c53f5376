// SPDX-License-Identifier: MIT
/*
 * zinc locks: finding the locks and their holders.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "locks.h"

static char *copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xrealloc(NULL, size, 1), text, size);
}

static struct entry *add(struct frame *frame, enum kind kind, uint32_t number,
			 const char *name, const char *path)
{
	struct entry *entry;

	frame->entries = xrealloc(frame->entries, frame->count + 1,
				  sizeof(*frame->entries));
	entry = &frame->entries[frame->count++];
	*entry = (struct entry){ .kind = kind, .number = number };
	entry->name = name ? copy(name) : NULL;
	entry->path = path ? copy(path) : NULL;
	return entry;
}

/* ---- lock files ------------------------------------------------------------ */

/* The text between @before and ".lock", in @middle; false without these */
static bool between(const char *file, const char *before, char *middle)
{
	size_t skip = strlen(before), length = strlen(file);

	if (length <= skip + 5 || strncmp(file, before, skip) ||
	    strcmp(file + length - 5, ".lock"))
		return false;
	memcpy(middle, file + skip, length - skip - 5);
	middle[length - skip - 5] = '\0';
	return true;
}

/*
 * "vulkan-0" is of vulkan:0, "level-zero-0" of level-zero:0, "pci-0000:01:00.0" of
 * pci:0000:01:00.0; what follows the first word may have dashes of its own.
 */
static bool device_of(char *name)
{
	static const char *const first[] = {
		"level-zero", "vulkan", "metal", "cuda", "rocm", "opencl",
		"drm", "pci", "mig",
	};
	size_t i, length;

	for (i = 0; i < ARRAY_SIZE(first); i++) {
		length = strlen(first[i]);
		if (strncmp(name, first[i], length) || name[length] != '-' ||
		    !name[length + 1])
			continue;
		name[length] = ':';
		return true;
	}
	return false;
}

static void add_common(struct frame *frame, const char *file, const char *path)
{
	char name[NAME_MAX + 1];
	uint64_t number = 0;

	if (between(file, "zinc-llc-", name)) {
		if (!parse_number(name, UINT32_MAX, &number))
			add(frame, LLC, number, NULL, path);
	} else if (between(file, "zinc-cpu-", name)) {
		if (!parse_number(name, UINT32_MAX, &number))
			add(frame, CPU, number, NULL, path);
	} else if (between(file, "zinc-gpu-", name)) {
		if (device_of(name))
			add(frame, GPU, 0, name, path);
	}
}

static void add_cached(struct frame *frame, const char *file, const char *path)
{
	char name[NAME_MAX + 1];

	if (between(file, "source-", name))
		add(frame, SOURCE, 0, name, path);
	else if (between(file, "", name))
		add(frame, CACHE, 0, name, path);
}

/* A folder that is not there has no locks, nor has one that is not ours to read */
static void scan(struct frame *frame, const char *folder,
		 void (*add_one)(struct frame *, const char *, const char *))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (snprintf(path, sizeof(path), "%s/%s", folder,
			     entry->d_name) < (int)sizeof(path))
			add_one(frame, entry->d_name, path);
	closedir(dir);
}

static int scan_common(struct frame *frame)
{
	char path[PATH_MAX], *why;
	int32_t err = zinc_lock_folder(path, sizeof(path), &why);

	if (!err)
		scan(frame, path, add_common);
	else
		err = cli_error("%s", why ? why : strerror(-err));
	free(why);
	return err;
}

static void scan_cache(struct frame *frame, const char *cache)
{
	char path[PATH_MAX];

	if (cache &&
	    snprintf(path, sizeof(path), "%s/.locks", cache) < (int)sizeof(path))
		scan(frame, path, add_cached);
}

/* ---- holders ---------------------------------------------------------------- */

/* An array of our own: reservations are appended to it */
static void keep_holders(struct entry *entry, struct zinc_lock_holder *holders,
			 size_t count)
{
	if (count) {
		entry->holders = xrealloc(NULL, count, sizeof(*holders));
		memcpy(entry->holders, holders, count * sizeof(*holders));
	}
	entry->count = count;
	zinc_holders_free(holders);
}

/* With one look at the kernel's locks for all of them */
static int find_holders(struct frame *frame)
{
	struct zinc_lock_holder **holders;
	const char **paths;
	size_t *counts, i;
	int32_t err;

	if (!frame->count)
		return CLI_OK;
	holders = xrealloc(NULL, frame->count, sizeof(void *));
	paths = xrealloc(NULL, frame->count, sizeof(*paths));
	counts = xrealloc(NULL, frame->count, sizeof(*counts));
	for (i = 0; i < frame->count; i++)
		paths[i] = frame->entries[i].path;
	err = zinc_flock_holders_of(paths, frame->count, holders, counts,
				    sizeof(**holders));
	for (i = 0; i < frame->count; i++)
		keep_holders(&frame->entries[i], holders[i], counts[i]);
	free(counts);
	free(paths);
	free(holders);
	if (!err)
		return CLI_OK;
	return cli_error("cannot list lock holders: %s; check that /proc is mounted",
			 strerror(-err));
}

static struct entry *find_numbered(struct frame *frame, enum kind kind,
				   uint32_t number)
{
	size_t i;

	for (i = 0; i < frame->count; i++)
		if (frame->entries[i].kind == kind &&
		    frame->entries[i].number == number)
			return &frame->entries[i];
	return add(frame, kind, number, NULL, NULL);
}

static struct entry *find_gpu(struct frame *frame, const char *device)
{
	size_t i;

	for (i = 0; i < frame->count; i++)
		if (frame->entries[i].kind == GPU &&
		    !strcmp(frame->entries[i].name, device))
			return &frame->entries[i];
	return add(frame, GPU, 0, device, NULL);
}

/* NULL: cpu:any, which is a place in a queue, and no device */
static struct entry *find_device(struct frame *frame, const char *device)
{
	uint64_t number;

	if (!strcmp(device, "cpu:any"))
		return NULL;
	if (!strncmp(device, "cpu:", 4) &&
	    !parse_number(device + 4, UINT32_MAX, &number))
		return find_numbered(frame, CPU, number);
	if (!strncmp(device, "llc:", 4) &&
	    !parse_number(device + 4, UINT32_MAX, &number))
		return find_numbered(frame, LLC, number);
	return find_gpu(frame, device);
}

/* Each process once: the holder of a file also has the reservation */
static void append(struct zinc_lock_holder **list, size_t *count,
		   const struct zinc_reservation_holder *from)
{
	struct zinc_lock_holder *holder;
	size_t i;

	for (i = 0; i < *count && from->pid; i++)
		if ((*list)[i].pid == from->pid)
			return;
	*list = xrealloc(*list, *count + 1, sizeof(**list));
	holder = &(*list)[(*count)++];
	zinc_holder_describe(from->pid, holder, sizeof(*holder));
	holder->mode = from->mode;
	/* of one in another pid namespace, the kernel has the name */
	if (!from->pid)
		snprintf(holder->cmdline, sizeof(holder->cmdline), "%s",
			 from->comm);
}

/* Lock files are worth showing all the same */
static void tell_once(void)
{
	static bool told;

	if (!told)
		cli_error("reservations are not shown: no access to /dev/zinc; see 'zinc doctor'");
	told = true;
}

static int find_reservations(struct frame *frame)
{
	struct zinc_reservation_holder *list;
	struct entry *entry;
	size_t count, i;
	int32_t err;

	err = zinc_reservations(NULL, &list, &count, sizeof(*list));
	if (err == -EOPNOTSUPP)		/* without the module there are none */
		return CLI_OK;
	if (err == -EACCES) {
		tell_once();
		return CLI_OK;
	}
	if (err)
		return cli_error("cannot list reservations: %s",
				 strerror(-err));
	for (i = 0; i < count; i++) {
		entry = find_device(frame, list[i].device);
		if (!entry)
			continue;
		if (list[i].waiting)
			append(&entry->waiters, &entry->waiting, &list[i]);
		else
			append(&entry->holders, &entry->count, &list[i]);
	}
	zinc_reservations_free(list);
	return CLI_OK;
}

/* Of a GPU itself, not of a name that a backend has for it */
static bool is_physical(const struct entry *entry)
{
	const char *name = entry->name;

	if (entry->kind != GPU)
		return false;
	if (!strncmp(name, "drm:", 4))
		return strspn(name + 4, "0123456789") != strlen(name + 4);
	return !strncmp(name, "pci:", 4) || !strncmp(name, "mig:", 4);
}

static bool has_gpu(const struct frame *frame, int32_t pid)
{
	size_t i, j;

	for (i = 0; i < frame->count; i++) {
		if (!is_physical(&frame->entries[i]))
			continue;
		for (j = 0; j < frame->entries[i].count; j++)
			if (frame->entries[i].holders[j].pid == pid)
				return true;
	}
	return false;
}

/* Once, even where it looks again and again */
static void tell_of_names(const struct frame *frame)
{
	static bool told;
	size_t i, j;

	for (i = 0; i < frame->count && !told; i++) {
		const struct entry *entry = &frame->entries[i];

		if (entry->kind != GPU || is_physical(entry))
			continue;
		for (j = 0; j < entry->count && !told; j++) {
			if (!entry->holders[j].pid ||
			    has_gpu(frame, entry->holders[j].pid))
				continue;
			cli_error("note: %s is locked under this name only, by pid %d",
				  entry->name, entry->holders[j].pid);
			told = true;
		}
	}
}

static int in_order(const void *one, const void *two)
{
	const struct entry *a = one, *b = two;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->name)
		return strverscmp(a->name, b->name);
	return a->number < b->number ? -1 : a->number > b->number;
}

int find_locks(struct frame *frame, const char *cache)
{
	int status;

	*frame = (struct frame){ 0 };
	zinc_cpu_places(&frame->places, &frame->places_count,
			sizeof(*frame->places));
	status = scan_common(frame);
	scan_cache(frame, cache);
	if (!status)
		status = find_holders(frame);
	if (!status)
		status = find_reservations(frame);
	if (frame->count)
		qsort(frame->entries, frame->count, sizeof(*frame->entries),
		      in_order);
	if (!status)
		tell_of_names(frame);
	return status;
}

void free_locks(struct frame *frame)
{
	size_t i;

	for (i = 0; i < frame->count; i++) {
		free(frame->entries[i].name);
		free(frame->entries[i].path);
		free(frame->entries[i].holders);
		free(frame->entries[i].waiters);
	}
	free(frame->entries);
	zinc_cpu_places_free(frame->places);
}
