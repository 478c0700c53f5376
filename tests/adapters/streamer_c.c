// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams in C, for the matrix of languages: CASES.md says what the orders do.
 */
#include <stdlib.h>

#include "zinc-stream.h"

#define PATIENCE_NS	60000000000ULL

static struct zinc_stream_writer writer;
static struct zinc_stream_reader reader;
static struct zinc_stream_view held;
static struct zinc_stream_format written;

static uint64_t in_time(void)
{
	return zinc_stream_now() + PATIENCE_NS;
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void complain(int error)
{
	printf("error %s\n", zinc_strerror(error));
	fflush(stdout);
}

static void answer(int error, const char *text)
{
	if (error)
		complain(error);
	else
		say(text);
}

/* Bytes of a frame */
static uint64_t describe(const char *kind, struct zinc_stream_format *format)
{
	const uint64_t shape[] = { 2, 3 };

	if (!strcmp(kind, "nv12")) {
		zinc_stream_video(format, ZINC_STREAM_FOURCC('N', 'V', '1', '2'), 6, 4);
		format->stride[0] = 64;
		format->stride[1] = 64;
		format->offset[1] = 64 * 4;
		return 64 * 6;
	}
	if (!strcmp(kind, "xr24")) {
		zinc_stream_video(format, ZINC_STREAM_FOURCC('X', 'R', '2', '4'), 5, 3);
		format->stride[0] = 32;
		return 32 * 3;
	}
	return zinc_stream_tensor(format, ZINC_STREAM_FLOAT, 32, 2, shape);
}

static void print_format(const struct zinc_stream_format *format)
{
	uint32_t i;

	if (format->kind == ZINC_STREAM_TENSOR) {
		printf("%s%u/", format->dtype_code == ZINC_STREAM_FLOAT ? "float" : "?",
		       format->dtype_bits);
		for (i = 0; i < format->dims; i++)
			printf("%s%llu", i ? "," : "", (unsigned long long)format->shape[i]);
		return;
	}
	printf("%.4s/%ux%u/", (const char *)&format->fourcc, format->width, format->height);
	for (i = 0; i < format->planes; i++)
		printf("%s%u", i ? "," : "", format->stride[i]);
}

/* Write the samples of a frame, or compare them */
static bool samples(const struct zinc_stream_format *format, uint64_t number,
		    unsigned char *data, bool compare)
{
	struct zinc_stream_plane plane;
	uint32_t p, y, x, i;
	bool right = true;

	if (format->kind == ZINC_STREAM_TENSOR) {
		for (i = 0; i < 6; i++) {
			float value = number * 0.5F + i;

			if (!compare)
				memcpy(data + i * sizeof(value), &value, sizeof(value));
			right &= !memcmp(data + i * sizeof(value), &value, sizeof(value));
		}
		return right;
	}
	for (p = 0; !zinc_stream_get_plane(format, p, &plane); p++) {
		for (y = 0; y < plane.rows; y++) {
			unsigned char *row = data + plane.offset + y * plane.stride;

			for (x = 0; x < plane.columns * plane.samples; x++) {
				unsigned char value = number + p * 3 + y * 5 + x * 7;

				if (!compare)
					row[x] = value;
				right &= row[x] == value;
			}
		}
	}
	return right;
}

static int write_one(uint64_t size, uint64_t deadline)
{
	struct zinc_stream_frame frame = { .bytes = size };
	void *data;
	int err = zinc_stream_begin(&writer, deadline, &data);

	if (err)
		return err;
	samples(&written, writer.number + 1, data, false);
	frame.pts_ns = (writer.number + 1) * 1000;
	return zinc_stream_commit(&writer, &frame);
}

static uint64_t written_bytes(void)
{
	struct zinc_stream_format format;

	if (written.kind == ZINC_STREAM_TENSOR)
		return describe("tensor", &format);
	return describe(written.planes == 2 ? "nv12" : "xr24", &format);
}

static void write_frames(unsigned long count)
{
	int err = 0;

	while (!err && count--)
		err = write_one(written_bytes(), in_time());
	answer(err, "done");
}

static void try_frame(void)
{
	int err = write_one(written_bytes(), 0);

	if (err == -ETIMEDOUT)
		say("busy");
	else
		answer(err, "done");
}

static void open_reader(const char *name, const char *mode)
{
	uint32_t flags = ZINC_STREAM_NEWEST;
	int err;

	if (!strcmp(mode, "every"))
		flags = ZINC_STREAM_EVERY;
	else if (!strcmp(mode, "register"))
		flags = ZINC_STREAM_REGISTER;
	err = zinc_stream_open(&reader, name, flags, in_time());
	if (err) {
		complain(err);
		return;
	}
	printf("ready ");
	print_format(&reader.format);
	say("");
}

static void tell(const struct zinc_stream_view *view, bool right, bool whole)
{
	printf("frame %llu %llu %d ", (unsigned long long)view->frame.number,
	       (unsigned long long)view->lost, view->new_format);
	print_format(&reader.format);
	printf(" %llu %llu ", (unsigned long long)view->frame.bytes,
	       (unsigned long long)view->frame.pts_ns);
	say(!whole ? "torn" : right ? "right" : "wrong");
}

static bool is_right(const struct zinc_stream_view *view)
{
	return samples(&reader.format, view->frame.number, (unsigned char *)view->data, true);
}

static void next_frame(void)
{
	struct zinc_stream_view view;
	int err = zinc_stream_next(&reader, &view, in_time());
	bool right;

	if (err == -EPIPE) {
		say("gone");
	} else if (err) {
		complain(err);
	} else {
		right = is_right(&view);
		tell(&view, right, !zinc_stream_done(&reader, &view));
	}
}

static void read_frame(void)
{
	struct zinc_stream_view view;
	unsigned char buffer[1024];
	int err = zinc_stream_read(&reader, buffer, sizeof(buffer), &view, in_time());

	if (err)
		complain(err);
	else
		tell(&view, is_right(&view), true);
}

static void hold_frame(void)
{
	int err = zinc_stream_next(&reader, &held, in_time());

	if (err) {
		complain(err);
		return;
	}
	printf("held %llu %d\n", (unsigned long long)held.frame.number,
	       zinc_stream_is_whole(&reader, &held));
	fflush(stdout);
}

static void follow(void)
{
	unsigned long long right = 0, wrong = 0;
	struct zinc_stream_view view;
	int err;

	while (!(err = zinc_stream_next(&reader, &view, in_time()))) {
		bool is_good = is_right(&view);

		if (zinc_stream_done(&reader, &view))
			continue;
		right += is_good;
		wrong += !is_good;
	}
	if (err != -EPIPE) {
		complain(err);
		return;
	}
	printf("followed %llu %llu %llu\n", right, wrong, (unsigned long long)reader.lost);
	fflush(stdout);
}

static void obey(const char *order, const char *first, const char *second,
		 unsigned long slots)
{
	uint64_t size;

	if (!strcmp(order, "create")) {
		size = describe(second, &written);
		answer(zinc_stream_create(&writer, first, &written, slots, size, NULL), "ready");
	} else if (!strcmp(order, "write")) {
		write_frames(strtoul(first, NULL, 10));
	} else if (!strcmp(order, "try")) {
		try_frame();
	} else if (!strcmp(order, "format")) {
		describe(first, &written);
		answer(zinc_stream_set_format(&writer, &written), "done");
	} else if (!strcmp(order, "end")) {
		zinc_stream_end(&writer);
		say("done");
	} else if (!strcmp(order, "open")) {
		open_reader(first, second);
	} else if (!strcmp(order, "next")) {
		next_frame();
	} else if (!strcmp(order, "read")) {
		read_frame();
	} else if (!strcmp(order, "hold")) {
		hold_frame();
	} else if (!strcmp(order, "release")) {
		say(zinc_stream_done(&reader, &held) ? "released 0" : "released 1");
	} else if (!strcmp(order, "follow")) {
		follow();
	} else if (!strcmp(order, "close")) {
		zinc_stream_close(&reader);
		say("done");
	} else {
		say("error no such order");
	}
}

int main(void)
{
	char line[300], order[16], first[200], second[16];
	unsigned long slots;

	while (fgets(line, sizeof(line), stdin)) {
		order[0] = 0;
		first[0] = 0;
		second[0] = 0;
		slots = 0;
		if (sscanf(line, "%15s %199s %15s %lu", order, first, second, &slots) > 0)
			obey(order, first, second, slots);
	}
	return 0;
}
