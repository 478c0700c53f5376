// SPDX-License-Identifier: MIT
/*
 * zinc locks
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zinc-lock.h>

#include "cli.h"

static const char help[] =
"usage: zinc locks [OPTION...]\n"
"\n"
"Shows who has which GPU, last-level cache, processor, cache entry and source\n"
"tree, and who waits for a GPU. It takes no lock, and is in nobody's way.\n"
"\n"
"  -a, --all             lock files that nobody has, too\n"
"  -j, --json            all of them as a JSON object, in one line\n"
"  -w, --watch=SECONDS   again and again, until interrupted\n"
"  -C, --cache=DIR       the cache's folder; without it ZINC_CACHE_DIR, or zinc in\n"
"                        XDG_CACHE_HOME, or ~/.cache/zinc\n"
"  -h, --help            this text\n"
"\n"
"Lock files are in ZINC_LOCK_DIR, or /tmp, and in .locks of the cache's folder.\n"
"Who waits is known of the kernel module's reservations only.\n"
"Exit status: 0 done or interrupted; 2 wrong usage; 3 failed.\n";

enum kind { LLC, CPU, CACHE, GPU, SOURCE, KINDS };

static const char *const kind_names[] = {
	"llc", "cpu", "cache", "gpu", "source",
};

/*
 * struct entry - a lock
 * @number: of a cache or a processor
 * @name: of all others
 * @path: its lock file; NULL: the kernel alone knows of it
 * @holders: who has it
 * @count: how many
 * @waiters: who waits for it
 * @waiting: how many
 */
struct entry {
	enum kind kind;
	uint32_t number;
	char *name;
	char *path;
	struct zinc_lock_holder *holders;
	size_t count;
	struct zinc_lock_holder *waiters;
	size_t waiting;
};

struct frame {
	struct entry *entries;
	size_t count;
	struct zinc_cpu_place *places;
	size_t places_count;
};

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

/* What is between @before and ".lock", in @middle; false if it is not so */
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
 * "vulkan-0" is of vulkan:0, "level-zero-0" of level-zero:0; what follows pci-
 * and drm- is a name of its own, which may have dashes.
 */
static bool device_of(char *name)
{
	char *dash;

	if (!strncmp(name, "pci-", 4) || !strncmp(name, "drm-", 4))
		dash = name + 3;
	else
		dash = strrchr(name, '-');
	if (!dash || dash == name || !dash[1])
		return false;
	*dash = ':';
	return true;
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

static void scan_common(struct frame *frame)
{
	char path[PATH_MAX];

	if (!zinc_llc_lock_path(path, sizeof(path), 0))
		scan(frame, dirname(path), add_common);
}

static void scan_cache(struct frame *frame, const char *cache)
{
	char path[PATH_MAX];

	if (cache &&
	    snprintf(path, sizeof(path), "%s/.locks", cache) < (int)sizeof(path))
		scan(frame, path, add_cached);
}

/* ---- holders ---------------------------------------------------------------- */

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
	err = zinc_flock_holders_of(paths, frame->count, holders, counts);
	for (i = 0; i < frame->count; i++) {
		frame->entries[i].holders = holders[i];
		frame->entries[i].count = counts[i];
	}
	free(counts);
	free(paths);
	free(holders);
	if (!err)
		return CLI_OK;
	return cli_error("cannot tell who has locks: %s; is /proc mounted?",
			 strerror(-err));
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

/* Each process once: who has the file has the reservation, too */
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
	zinc_holder_describe(from->pid, holder);
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
		cli_error("no reservations are shown: you may not open /dev/zinc: see zinc doctor");
	told = true;
}

static int find_reservations(struct frame *frame)
{
	struct zinc_reservation_holder *list;
	struct entry *entry;
	size_t count, i;
	int32_t err;

	err = zinc_reservations(NULL, &list, &count);
	if (err == -EOPNOTSUPP)		/* without the module there are none */
		return CLI_OK;
	if (err == -EACCES) {
		tell_once();
		return CLI_OK;
	}
	if (err)
		return cli_error("cannot tell who has reservations: %s",
				 strerror(-err));
	for (i = 0; i < count; i++) {
		entry = find_gpu(frame, list[i].device);
		if (list[i].waiting)
			append(&entry->waiters, &entry->waiting, &list[i]);
		else
			append(&entry->holders, &entry->count, &list[i]);
	}
	free(list);
	return CLI_OK;
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

static int take(struct frame *frame, const char *cache)
{
	int status;

	*frame = (struct frame){ 0 };
	zinc_cpu_places(&frame->places, &frame->places_count);
	scan_common(frame);
	scan_cache(frame, cache);
	status = find_holders(frame);
	if (!status)
		status = find_reservations(frame);
	if (frame->count)
		qsort(frame->entries, frame->count, sizeof(*frame->entries),
		      in_order);
	return status;
}

static void drop(struct frame *frame)
{
	size_t i;

	for (i = 0; i < frame->count; i++) {
		free(frame->entries[i].name);
		free(frame->entries[i].path);
		free(frame->entries[i].holders);
		free(frame->entries[i].waiters);
	}
	free(frame->entries);
	free(frame->places);
}

/* ---- output ----------------------------------------------------------------- */

/* Of a cache or a processor; -1 if it is not known */
static int32_t node_of(const struct frame *frame, const struct entry *entry)
{
	const struct zinc_cpu_place *place = frame->places;
	size_t i;

	for (i = 0; i < frame->places_count; i++, place++)
		if ((entry->kind == LLC ? place->llc : place->cpu) ==
		    entry->number)
			return place->node;
	return -1;
}

static void json_processes(struct json *json, const char *key,
			   const struct zinc_lock_holder *list, size_t count)
{
	size_t i;

	json_array(json, key);
	for (i = 0; i < count; i++) {
		json_object(json, NULL);
		json_int(json, "pid", list[i].pid);
		json_string(json, "cmdline", list[i].cmdline);
		json_end(json);
	}
	json_end(json);
}

static void json_numbered(struct json *json, const struct frame *frame,
			  const struct entry *entry)
{
	int32_t node = node_of(frame, entry);

	json_uint(json, entry->kind == LLC ? "llc_idx" : "cpu", entry->number);
	if (node < 0)
		json_null(json, "numa_node");
	else
		json_int(json, "numa_node", node);
}

static void json_gpu(struct json *json, const struct entry *entry)
{
	char *colon = strchr(entry->name, ':');

	if (colon)
		*colon = '\0';
	json_string(json, "backend", entry->name);
	if (colon)
		*colon = ':';
	json_string(json, "device", entry->name);
}

static void json_entry(struct json *json, const struct frame *frame,
		       const struct entry *entry)
{
	json_object(json, NULL);
	switch (entry->kind) {
	case LLC:
	case CPU:
		json_numbered(json, frame, entry);
		break;
	case GPU:
		json_gpu(json, entry);
		break;
	case CACHE:
		json_string(json, "cache_key", entry->name);
		break;
	default:
		json_string(json, "source_hash", entry->name);
	}
	if (entry->path)
		json_string(json, "lockfile", entry->path);
	else
		json_null(json, "lockfile");
	json_processes(json, "holders", entry->holders, entry->count);
	if (entry->kind == GPU)
		json_processes(json, "waiters", entry->waiters, entry->waiting);
	json_end(json);
}

static void print_json(const struct frame *frame)
{
	static const char *const keys[KINDS] = {
		"llcs", "cpus", "cache", "gpus", "source",
	};
	struct json json;
	size_t i, kind;

	json_start(&json, stdout);
	json_object(&json, NULL);
	for (kind = 0; kind < KINDS; kind++) {
		json_array(&json, keys[kind]);
		for (i = 0; i < frame->count; i++)
			if (frame->entries[i].kind == kind)
				json_entry(&json, frame, &frame->entries[i]);
		json_end(&json);
	}
	json_end(&json);
}

static const struct column columns[] = {
	{ "LOCK", false }, { "STATE", false }, { "PID", true },
	{ "LOCKFILE", false }, { "COMMAND", false },
};

static void add_row(struct table *table, const struct entry *entry,
		    const char *state, const struct zinc_lock_holder *holder)
{
	if (entry->name)
		table_cell(table, PLAIN, "%s %s", kind_names[entry->kind],
			   entry->name);
	else
		table_cell(table, PLAIN, "%s %u", kind_names[entry->kind],
			   entry->number);
	table_cell(table, !holder ? PLAIN : *state == 'h' ? GREEN : YELLOW,
		   "%s", state);
	if (holder && holder->pid)
		table_cell(table, PLAIN, "%d", holder->pid);
	else
		table_cell(table, PLAIN, "-");
	table_cell(table, PLAIN, "%s", entry->path ? entry->path : "-");
	table_cell(table, PLAIN, "%s", holder ? holder->cmdline : "-");
}

static void print_table(const struct frame *frame, bool all)
{
	const struct entry *entry = frame->entries;
	struct table table;
	size_t i, j;

	table_start(&table, columns, ARRAY_SIZE(columns));
	for (i = 0; i < frame->count; i++, entry++) {
		for (j = 0; j < entry->count; j++)
			add_row(&table, entry, "held", &entry->holders[j]);
		for (j = 0; j < entry->waiting; j++)
			add_row(&table, entry, "waits", &entry->waiters[j]);
		if (all && !entry->count && !entry->waiting)
			add_row(&table, entry, "free", NULL);
	}
	table_print(&table, stdout, 0);
}

struct how {
	const char *cache;
	bool all;
	bool json;
	uint64_t every;
};

static int look(const struct how *how)
{
	struct frame frame;
	int status = take(&frame, how->cache);

	if (!status && how->json)
		print_json(&frame);
	else if (!status)
		print_table(&frame, how->all);
	drop(&frame);
	return status;
}

static int watch(const struct how *how)
{
	bool screen = isatty(STDOUT_FILENO) && !how->json;
	sigset_t old, ends;
	uint64_t next;
	int status;

	cli_block_signals(&old);
	cli_ending_signals(&ends);
	for (;;) {
		next = cli_now() + how->every;
		if (screen)
			fputs("\033[H\033[J", stdout);
		status = look(how);
		if (status || cli_flush() || !cli_pause_until(next, &ends))
			return status;
		if (!screen && !how->json)
			putchar('\n');
	}
}

/* Where nobody has said; NULL: nowhere */
static const char *cache_folder(void)
{
	const char *dir = getenv("ZINC_CACHE_DIR");
	static char path[PATH_MAX];

	if (dir && *dir)
		return dir;
	dir = getenv("XDG_CACHE_HOME");
	if (dir && *dir) {
		snprintf(path, sizeof(path), "%s/zinc", dir);
		return path;
	}
	dir = getenv("HOME");
	if (!dir || !*dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/.cache/zinc", dir);
	return path;
}

int cmd_locks(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "watch", required_argument, NULL, 'w' },
		{ "cache", required_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct how how = { .cache = cache_folder() };
	int c;

	while ((c = getopt_long(argc, argv, "ajw:C:h", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			how.all = true;
			break;
		case 'j':
			how.json = true;
			break;
		case 'w':
			if (parse_seconds(optarg, &how.every))
				return cli_usage(argv[0],
						 "'%s' is no time: 0.001 to 86400 seconds",
						 optarg);
			break;
		case 'C':
			how.cache = optarg;
			break;
		case 'h':
			return cli_help(help);
		default:
			return cli_usage(argv[0], NULL);
		}
	}
	if (optind < argc)
		return cli_usage(argv[0], "takes no operand: '%s'",
				 argv[optind]);
	return how.every ? watch(&how) : look(&how);
}
