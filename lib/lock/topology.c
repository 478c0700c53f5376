// SPDX-License-Identifier: MIT
/*
 * Processors, the last-level caches that they share, and their NUMA nodes, as
 * sysfs has them.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "lock/internal.h"

static_assert(sizeof(struct zinc_cpu_place) == ZINC_CPU_PLACE_SIZE_V1,
	      "has grown: its first version has not");

#define CPUS		"devices/system/cpu"
#define NODES		"devices/system/node"
/* no machine has more processors, nor caches of one */
#define CPU_MAX		65536
#define CACHE_MAX	16
#define DISTANCE_UNKNOWN 255

/* A decimal number up to CPU_MAX - 1; *at moves behind it */
static bool take_number(const char **at, const char *end, uint32_t *number)
{
	const char *begin = *at;

	*number = 0;
	while (*at < end && isdigit((unsigned char)**at)) {
		*number = *number * 10 + (uint32_t)(*(*at)++ - '0');
		if (*number >= CPU_MAX)
			return false;
	}
	return *at > begin;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static size_t without_doubles(uint32_t *numbers, size_t count)
{
	size_t in, out = 0;

	qsort(numbers, count, sizeof(*numbers), compare);
	for (in = 0; in < count; in++)
		if (!out || numbers[in] != numbers[out - 1])
			numbers[out++] = numbers[in];
	return out;
}

/**
 * zinc_cpulist_parse() - "0,2-5"
 * @text: list, perhaps with a newline at its end
 * @length: bytes of it
 * @numbers: allocated; rising, each once
 * @count: how many
 *
 * Return: 0; -EINVAL it is none, or is empty; -ENOMEM.
 */
int zinc_cpulist_parse(const char *text, size_t length, uint32_t **numbers,
		       size_t *count)
{
	const char *end = text + length;
	uint32_t *list = malloc(sizeof(*list) * CPU_MAX);
	uint32_t first, last;
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	while (text < end && isspace((unsigned char)end[-1]))
		end--;
	do {
		if (!take_number(&text, end, &first))
			goto invalid;
		last = first;
		if (text < end && *text == '-') {
			text++;
			if (!take_number(&text, end, &last) || last < first)
				goto invalid;
		}
		if (last - first >= CPU_MAX - n)
			goto invalid;
		while (first <= last)
			list[n++] = first++;
	} while (text < end && *text++ == ',');
	/* behind the last number there is nothing, not even a comma */
	if (text < end || !isdigit((unsigned char)end[-1]))
		goto invalid;
	*count = without_doubles(list, n);
	*numbers = list;
	return 0;

invalid:
	free(list);
	return -EINVAL;
}

static int read_list(const char *path, uint32_t **numbers, size_t *count)
{
	size_t length;
	char *text;
	int err;

	err = zinc_read_whole(path, &text, &length);
	if (err)
		return err;
	err = zinc_cpulist_parse(text, length, numbers, count);
	free(text);
	return err;
}

static long read_number(const char *path)
{
	long number = -1;
	size_t length;
	char *text;

	if (zinc_read_whole(path, &text, &length))
		return -1;
	if (isdigit((unsigned char)text[0]))
		number = strtol(text, NULL, 10);
	free(text);
	return number;
}

static struct zinc_cpu_place *find(const struct zinc_topology *t, uint32_t cpu)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (t->places[i].cpu == cpu)
			return &t->places[i];
	return NULL;
}

/**
 * zinc_topology_find() - where a processor is
 * @t: from zinc_topology_read()
 * @cpu: its number
 *
 * Return: NULL if it is not online.
 */
const struct zinc_cpu_place *zinc_topology_find(const struct zinc_topology *t,
						uint32_t cpu)
{
	return find(t, cpu);
}

/* The last-level cache that a processor has, or the package that it is in */
static int sharing(const char *sysfs, uint32_t cpu, uint32_t **numbers,
		   size_t *count)
{
	long level, highest = 0;
	char path[PATH_MAX];
	int i, last = -1;

	for (i = 0; i < CACHE_MAX; i++) {
		snprintf(path, sizeof(path), "%s/" CPUS "/cpu%u/cache/index%d/level",
			 sysfs, cpu, i);
		level = read_number(path);
		if (level < 0)
			break;
		if (level > highest) {
			highest = level;
			last = i;
		}
	}
	if (last >= 0) {
		snprintf(path, sizeof(path),
			 "%s/" CPUS "/cpu%u/cache/index%d/shared_cpu_list",
			 sysfs, cpu, last);
		if (!read_list(path, numbers, count))
			return 0;
	}
	snprintf(path, sizeof(path), "%s/" CPUS "/cpu%u/topology/package_cpus_list",
		 sysfs, cpu);
	return read_list(path, numbers, count);
}

#define NO_LLC	UINT32_MAX

static void number_caches(const char *sysfs, struct zinc_topology *t)
{
	uint32_t *numbers;
	size_t i, j, n;

	for (i = 0; i < t->count; i++) {
		struct zinc_cpu_place *cpu = &t->places[i];

		if (cpu->llc != NO_LLC)
			continue;
		cpu->llc = t->llcs++;
		if (sharing(sysfs, cpu->cpu, &numbers, &n))
			continue;
		for (j = 0; j < n; j++) {
			struct zinc_cpu_place *other = find(t, numbers[j]);

			if (other && other->llc == NO_LLC)
				other->llc = cpu->llc;
		}
		free(numbers);
	}
}

static void number_nodes(const char *sysfs, struct zinc_topology *t)
{
	uint32_t *nodes, *numbers;
	char path[PATH_MAX];
	size_t i, j, n, m;

	snprintf(path, sizeof(path), "%s/" NODES "/online", sysfs);
	if (read_list(path, &nodes, &n))
		return;
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/" NODES "/node%u/cpulist",
			 sysfs, nodes[i]);
		if (read_list(path, &numbers, &m))
			continue;
		for (j = 0; j < m; j++) {
			struct zinc_cpu_place *cpu = find(t, numbers[j]);

			if (cpu)
				cpu->node = (int32_t)nodes[i];
		}
		free(numbers);
	}
	free(nodes);
}

/**
 * zinc_topology_read() - the processors that are online
 * @sysfs: where it is mounted
 * @topology: out, to be given to zinc_topology_free()
 *
 * Caches are counted by their first processor. Where the kernel does not know a
 * processor's caches, its package counts as one.
 *
 * Return: 0; -ENOMEM; or why sysfs cannot be read.
 */
int zinc_topology_read(const char *sysfs, struct zinc_topology *topology)
{
	char path[PATH_MAX];
	uint32_t *numbers;
	size_t n, i;
	int err;

	memset(topology, 0, sizeof(*topology));
	snprintf(path, sizeof(path), "%s/" CPUS "/online", sysfs);
	err = read_list(path, &numbers, &n);
	if (err)
		return err;
	topology->places = calloc(n, sizeof(*topology->places));
	for (i = 0; topology->places && i < n; i++) {
		topology->places[i].cpu = numbers[i];
		topology->places[i].llc = NO_LLC;
		topology->places[i].node = -1;
	}
	free(numbers);
	if (!topology->places)
		return -ENOMEM;
	topology->count = n;
	number_caches(sysfs, topology);
	number_nodes(sysfs, topology);
	return 0;
}

void zinc_topology_free(struct zinc_topology *topology)
{
	free(topology->places);
	memset(topology, 0, sizeof(*topology));
}

/**
 * zinc_node_distance() - get the distance between two NUMA nodes
 * @sysfs: where it is mounted
 * @from: NUMA node
 * @to: NUMA node
 *
 * Return: as the firmware has it, 10 for the same; more than any of these where
 * it is not known.
 */
uint32_t zinc_node_distance(const char *sysfs, int32_t from, int32_t to)
{
	uint32_t *nodes, distance = DISTANCE_UNKNOWN;
	char path[PATH_MAX], *text, *at;
	size_t n, length, i;

	snprintf(path, sizeof(path), "%s/" NODES "/online", sysfs);
	if (from < 0 || to < 0 || read_list(path, &nodes, &n))
		return DISTANCE_UNKNOWN;
	snprintf(path, sizeof(path), "%s/" NODES "/node%d/distance", sysfs,
		 from);
	/* a number for each node that is online, in their order */
	if (!zinc_read_whole(path, &text, &length)) {
		at = text;
		for (i = 0; i < n && *at; i++) {
			uint32_t here = (uint32_t)strtoul(at, &at, 10);

			if (nodes[i] == (uint32_t)to && here)
				distance = here;
		}
		free(text);
	}
	free(nodes);
	return distance;
}

int32_t zinc_cpu_places(struct zinc_cpu_place **places, size_t *count,
			size_t entry_size)
{
	struct zinc_topology topology;
	int err;

	if (!places || !count)
		return -EINVAL;
	*places = NULL;
	*count = 0;
	if (!zinc_stride_is_valid(entry_size, ZINC_CPU_PLACE_SIZE_V1))
		return -EINVAL;
	err = zinc_topology_read(ZINC_SYSFS, &topology);
	if (err)
		return err;
	/* the array is the caller's now */
	*places = zinc_array_out(topology.places, topology.count,
				 sizeof(*topology.places), entry_size);
	if (!*places)
		return -ENOMEM;
	*count = topology.count;
	return 0;
}

void zinc_cpu_places_free(struct zinc_cpu_place *places)
{
	free(places);
}
