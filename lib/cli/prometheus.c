// SPDX-License-Identifier: MIT
/*
 * Regions as metrics, in Prometheus' text format.
 */
#include <stdlib.h>

#include "stream.h"

#define NS_PER_S 1e9

/* struct sample - a region, and the stream in it; without slots: none */
struct sample {
	const struct zinc_region_info *info;
	struct stream_info stream;
};

/*
 * struct metric - a number of each region
 * @value: Return: whether it has one
 */
struct metric {
	const char *name;
	const char *type;
	const char *help;
	bool (*value)(const struct sample *sample, double *value);
};

static bool is_valid(const struct sample *sample)
{
	return !(sample->info->flags & ZINC_INFO_INVALID);
}

static bool of_module(const struct sample *sample)
{
	return sample->info->backend == ZINC_BACKEND_KMOD;
}

static bool capacity(const struct sample *sample, double *value)
{
	*value = sample->info->capacity;
	return is_valid(sample);
}

static bool resident(const struct sample *sample, double *value)
{
	*value = sample->info->resident;
	return true;
}

static bool handles(const struct sample *sample, double *value)
{
	*value = sample->info->handles;
	return is_valid(sample);
}

static bool waiters(const struct sample *sample, double *value)
{
	*value = sample->info->waiters;
	return of_module(sample);
}

static bool notifies(const struct sample *sample, double *value)
{
	*value = sample->info->sequence;
	return is_valid(sample);
}

static bool created(const struct sample *sample, double *value)
{
	*value = sample->info->created_at / NS_PER_S;
	return is_valid(sample) && sample->info->created_at;
}

static bool attachments(const struct sample *sample, double *value)
{
	*value = sample->info->attachments;
	return of_module(sample);
}

static bool fences(const struct sample *sample, double *value)
{
	*value = sample->info->fences;
	return of_module(sample);
}

static bool fence_errors(const struct sample *sample, double *value)
{
	*value = sample->info->fence_errors;
	return of_module(sample);
}

static bool frames(const struct sample *sample, double *value)
{
	*value = sample->stream.frames;
	return sample->stream.slots;
}

static bool frame_age(const struct sample *sample, double *value)
{
	*value = sample->stream.age_ns / NS_PER_S;
	return sample->stream.slots && sample->stream.age_ns != UINT64_MAX;
}

static bool readers(const struct sample *sample, double *value)
{
	*value = sample->stream.readers_count;
	return sample->stream.slots;
}

static const struct metric metrics[] = {
	{ "zinc_region_capacity_bytes", "gauge",
	  "Bytes of data of the region.", capacity },
	{ "zinc_region_resident_bytes", "gauge",
	  "Bytes of data that are allocated now.", resident },
	{ "zinc_region_handles", "gauge", "Open handles.", handles },
	{ "zinc_region_waiters", "gauge",
	  "Sleepers and pollers; only with the kernel module.", waiters },
	{ "zinc_region_notifies_total", "counter",
	  "Notifies since the region was created, modulo 2^32.", notifies },
	{ "zinc_region_created_timestamp_seconds", "gauge",
	  "Unix time of the region's creation.", created },
	{ "zinc_region_attachments", "gauge",
	  "Devices attached to the region's dma-buf.", attachments },
	{ "zinc_region_fences", "gauge",
	  "Fences that have not notified yet.", fences },
	{ "zinc_region_fence_errors_total", "counter",
	  "Fences that signalled an error.", fence_errors },
	{ "zinc_stream_frames_total", "counter",
	  "Number of the stream's newest frame.", frames },
	{ "zinc_stream_frame_age_seconds", "gauge",
	  "Time since the stream's newest frame.", frame_age },
	{ "zinc_stream_readers", "gauge",
	  "Registered readers of the stream.", readers },
};

/* Backslash, quote and newline are escaped; bytes that are no UTF-8 do not come here */
static void put_label(FILE *out, const char *key, const char *value)
{
	fprintf(out, "%s=\"", key);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			putc(*value, out);
	}
	putc('"', out);
}

/* A name alone does not tell a POSIX region from the module's of the same name */
static void put_identity(FILE *out, const char *metric,
			 const struct zinc_region_info *info)
{
	fprintf(out, "%s{", metric);
	put_label(out, "name", info->name);
	putc(',', out);
	put_label(out, "backend", backend_name(info->backend));
}

static void put_heading(FILE *out, const char *name, const char *type,
			const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_info(FILE *out, const struct sample *samples, size_t count)
{
	const struct zinc_region_info *info;
	char text[USER_TEXT];
	size_t i;

	put_heading(out, "zinc_region_info", "gauge",
		    "Properties of the region, as labels.");
	for (i = 0; i < count; i++) {
		info = samples[i].info;
		put_identity(out, "zinc_region_info", info);
		putc(',', out);
		put_label(out, "state", region_state(info));
		putc(',', out);
		put_label(out, "user", format_user(info->uid, text));
		putc(',', out);
		put_label(out, "lifetime", lifetime_name(info->lifetime));
		fputs("} 1\n", out);
	}
}

static void put_metric(FILE *out, const struct metric *metric,
		       const struct sample *samples, size_t count)
{
	double value;
	size_t i;

	put_heading(out, metric->name, metric->type, metric->help);
	for (i = 0; i < count; i++) {
		if (!metric->value(&samples[i], &value))
			continue;
		put_identity(out, metric->name, samples[i].info);
		fprintf(out, "} %.17g\n", value);
	}
}

void print_prometheus(const struct zinc_region_info *list, size_t count, FILE *out)
{
	struct sample *samples = xrealloc(NULL, count + 1, sizeof(*samples));
	size_t i;

	for (i = 0; i < count; i++) {
		samples[i].info = &list[i];
		if (!stream_look(&list[i], &samples[i].stream))
			samples[i].stream.slots = 0;
	}
	put_info(out, samples, count);
	for (i = 0; i < ARRAY_SIZE(metrics); i++)
		put_metric(out, &metrics[i], samples, count);
	free(samples);
}
