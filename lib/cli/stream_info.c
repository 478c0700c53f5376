// SPDX-License-Identifier: MIT
/*
 * What a stream's region says: to 'zinc stat', 'zinc top' and JSON.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

/*
 * POSIX shared memory: any user with write access to a region may truncate it while
 * it is read here, and the regions of all users are. It then counts as no stream.
 */
static sigjmp_buf truncated;

static void on_bus_error(int signo)
{
	(void)signo;
	siglongjmp(truncated, 1);
}

static bool guarded(bool (*look)(void *), void *context)
{
	struct sigaction action = { .sa_handler = on_bus_error }, old;
	bool found = false;

	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(truncated, 1))
		found = look(context);
	sigaction(SIGBUS, &old, NULL);
	return found;
}

static int32_t open_in(const char *name, uint32_t backend, zinc_handle *out)
{
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = ZINC_RDONLY,
		.backend = backend,
	};

	return zinc_open_with(name, &options, out);
}

/* Rate and age of the frames in the ring, by their presentation times */
static void look_at_frames(const struct zinc_stream_reader *reader,
			   struct stream_info *info)
{
	struct zinc_stream_frame frame, first = { 0 }, last = { 0 };
	uint32_t i, sequence;
	uint64_t now;

	for (i = 0; i < reader->slots; i++) {
		if (!zinc_stream_load_frame(&reader->table[i], &frame, &sequence) ||
		    !frame.number)
			continue;
		info->gaps += !!(frame.flags & ZINC_STREAM_GAP);
		if (!first.number || frame.number < first.number)
			first = frame;
		if (frame.number > last.number)
			last = frame;
	}
	info->frames = last.number;
	now = cli_now();
	if (last.number && last.pts_ns && last.pts_ns <= now)
		info->age_ns = now - last.pts_ns;
	if (last.number > first.number && last.pts_ns > first.pts_ns)
		info->rate = (last.number - first.number) * 1e9 /
			     (last.pts_ns - first.pts_ns);
}

/*
 * struct look - what is looked at
 * @reader: the stream, as a reader has it open
 * @registered: readers have registered
 * @progress: the page of a registered reader
 * @copy: of it
 * @info: what is found
 */
struct look {
	struct zinc_stream_reader reader;
	bool registered;
	const struct zinc_stream_progress *progress;
	struct zinc_stream_progress copy;
	struct stream_info *info;
};

static bool copy_progress(void *context)
{
	struct look *look = context;

	if (!zinc_stream_has_magic(&look->progress->magic))
		return false;
	zinc_stream_load(&look->copy, look->progress, sizeof(look->copy));
	return true;
}

static void look_at_reader(const struct zinc_region_info *region, unsigned int i,
			   struct look *look)
{
	struct stream_info *info = look->info;
	struct stream_reader *reader = &info->readers[info->readers_count];
	struct zinc_region_info own = { .size = sizeof(own) };
	zinc_handle handle;

	snprintf(reader->name, sizeof(reader->name), "%.*s-r%u", ZINC_STREAM_NAME_MAX,
		 region->name, i);
	if (open_in(reader->name, region->backend, &handle))
		return;
	look->progress = (const struct zinc_stream_progress *)(const void *)zinc_ptr(handle);
	if (zinc_capacity(handle) >= sizeof(look->copy) && !zinc_info(handle, &own) &&
	    guarded(copy_progress, look) && look->copy.id == region->id &&
	    look->copy.created_at == region->created_at &&
	    !(own.flags & (ZINC_INFO_STALE | ZINC_INFO_CREATOR_GONE))) {
		reader->pid = own.creator_pid;
		reader->lost = look->copy.lost;
		reader->behind = (uint32_t)info->frames - look->copy.done;
		/* it has read on since the frames were counted */
		if (reader->behind > UINT32_MAX / 2)
			reader->behind = 0;
		info->readers_count++;
	}
	zinc_close(handle);
}

/* The header as a reader checks it, but nothing is waited for */
static bool look_at_stream(void *context)
{
	struct look *look = context;
	struct zinc_stream_reader *reader = &look->reader;
	struct stream_info *info = look->info;

	if (zinc_capacity(reader->region) <
	    ZINC_STREAM_TABLE + ZINC_STREAM_SLOTS_MIN * sizeof(struct zinc_stream_slot))
		return false;
	reader->header = (struct zinc_stream_header *)(void *)zinc_ptr(reader->region);
	reader->table = (struct zinc_stream_slot *)(void *)
		((char *)reader->header + ZINC_STREAM_TABLE);
	if (!zinc_stream_has_magic(&reader->header->magic) ||
	    zinc_stream_load_header(reader))
		return false;
	info->format = reader->format;
	info->slots = reader->slots;
	info->slot_size = reader->slot_size;
	look_at_frames(reader, info);
	look->registered = __atomic_load_n(&reader->header->registered, __ATOMIC_RELAXED);
	return true;
}

bool stream_look(const struct zinc_region_info *region, struct stream_info *info)
{
	struct look look = { .info = info };
	unsigned int i;
	bool found;

	*info = (struct stream_info){ .rate = -1, .age_ns = UINT64_MAX };
	if (region->flags & ZINC_INFO_INVALID ||
	    open_in(region->name, region->backend, &look.reader.region))
		return false;
	found = guarded(look_at_stream, &look);
	zinc_close(look.reader.region);
	for (i = 0; found && look.registered && i < ZINC_STREAM_READERS_MAX; i++)
		look_at_reader(region, i, &look);
	return found;
}

static const char *rate_text(const struct zinc_stream_format *format,
			     char text[STREAM_TEXT])
{
	if (!format->rate_num)
		snprintf(text, STREAM_TEXT, "not said");
	else if (format->rate_den == 1)
		snprintf(text, STREAM_TEXT, "%u", format->rate_num);
	else
		snprintf(text, STREAM_TEXT, "%u/%u", format->rate_num, format->rate_den);
	return text;
}

void stream_print(const struct stream_info *info)
{
	char text[STREAM_TEXT], size[SIZE_TEXT], *shown;
	unsigned int i;

	printf("stream    %s\n", kind_name(info->format.kind));
	printf("format    %s\n", format_text(&info->format, text));
	if (info->format.caps[0]) {
		shown = printable(info->format.caps, NULL);
		printf("caps      %s\n", shown);
		free(shown);
	}
	printf("slots     %u of %llu (%s)\n", info->slots,
	       (unsigned long long)info->slot_size, format_size(info->slot_size, size));
	printf("frames    %llu", (unsigned long long)info->frames);
	if (info->age_ns != UINT64_MAX)
		printf(", the last %.3f s ago", info->age_ns / 1e9);
	putchar('\n');
	printf("rate      ");
	if (info->rate < 0)
		printf("- frames/s, %s by the writer\n", rate_text(&info->format, text));
	else
		printf("%.2f frames/s, %s by the writer\n", info->rate,
		       rate_text(&info->format, text));
	printf("gaps      %u in the ring\n", info->gaps);
	for (i = 0; i < info->readers_count; i++)
		printf("reader    %s, pid %d: %u frames behind, %u lost\n",
		       info->readers[i].name, info->readers[i].pid,
		       info->readers[i].behind, info->readers[i].lost);
}

static void json_video(struct json *json, const struct zinc_stream_format *format)
{
	uint32_t i;

	json_uint(json, "width", format->width);
	json_uint(json, "height", format->height);
	json_uint(json, "modifier", format->modifier);
	json_array(json, "planes");
	for (i = 0; i < format->planes; i++) {
		json_object(json, NULL);
		json_uint(json, "offset", format->offset[i]);
		json_uint(json, "stride", format->stride[i]);
		json_end(json);
	}
	json_end(json);
}

static void json_format(struct json *json, const struct zinc_stream_format *format)
{
	char text[STREAM_TEXT];
	uint32_t i;

	json_string(json, "kind", kind_name(format->kind));
	switch (format->kind) {
	case ZINC_STREAM_VIDEO:
		json_string(json, "format", fourcc_text(format->fourcc, text));
		json_video(json, format);
		break;
	case ZINC_STREAM_TENSOR:
		json_string(json, "format", dtype_text(format, text));
		json_array(json, "shape");
		for (i = 0; i < format->dims; i++)
			json_uint(json, NULL, format->shape[i]);
		json_end(json);
		break;
	case ZINC_STREAM_AUDIO:
		json_string(json, "format", dtype_text(format, text));
		json_uint(json, "channels", format->channels);
		break;
	default:
		json_null(json, "format");
	}
	json_uint(json, "rate_num", format->rate_num);
	json_uint(json, "rate_den", format->rate_den);
	json_string(json, "caps", format->caps);
}

static void json_readers(struct json *json, const struct stream_info *info)
{
	unsigned int i;

	json_array(json, "readers");
	for (i = 0; i < info->readers_count; i++) {
		json_object(json, NULL);
		json_string(json, "name", info->readers[i].name);
		json_int(json, "pid", info->readers[i].pid);
		json_uint(json, "behind", info->readers[i].behind);
		json_uint(json, "lost", info->readers[i].lost);
		json_end(json);
	}
	json_end(json);
}

void stream_json(struct json *json, const struct stream_info *info)
{
	if (!info) {
		json_null(json, "stream");
		return;
	}
	json_object(json, "stream");
	json_format(json, &info->format);
	json_uint(json, "slots", info->slots);
	json_uint(json, "slot_size", info->slot_size);
	json_uint(json, "frames", info->frames);
	if (info->rate < 0)
		json_null(json, "rate");
	else
		json_number(json, "rate", info->rate);
	if (info->age_ns == UINT64_MAX)
		json_null(json, "last_frame_ns");
	else
		json_uint(json, "last_frame_ns", info->age_ns);
	json_uint(json, "gaps", info->gaps);
	json_readers(json, info);
	json_end(json);
}
