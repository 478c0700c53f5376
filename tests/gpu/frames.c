// SPDX-License-Identifier: GPL-2.0-only
/*
 * What v4l2_test.sh asks of a camera and its frames.
 *
 *	frames still /dev/videoN	pictures whose rows are all the same, and move
 *	frames find capture|output	prints the first such device of vivid
 *	frames read STREAM COUNT [FILE]	all frames of a stream: in order, none lost, whole
 *	frames write STREAM COUNT FORMAT WIDTHxHEIGHT	frames for a device
 *	frames same NAME		the four regions have pictures in them
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <zinc-stream.h>

#define PATIENCE	(120 * 1000000000ull)

static void check(int error, const char *what)
{
	if (error < 0)
		errx(1, "%s: %s", what, zinc_strerror(error));
}

static void set(int fd, const char *name, int value)
{
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };

	for (; !ioctl(fd, VIDIOC_QUERYCTRL, &query); query.id |= V4L2_CTRL_FLAG_NEXT_CTRL) {
		struct v4l2_control control = { .id = query.id, .value = value };

		if (strcmp((char *)query.name, name))
			continue;
		if (ioctl(fd, VIDIOC_S_CTRL, &control))
			err(1, "%s", name);
		return;
	}
	errx(1, "no control '%s'", name);
}

/* Upright bars without text, which move sideways */
static int still(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		err(1, "%s", path);
	set(fd, "Test Pattern", 0);
	set(fd, "OSD Text Mode", 2);
	set(fd, "Horizontal Movement", 6);
	return 0;
}

static int find(const char *what)
{
	const __u32 captures = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE;
	const __u32 outputs = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE;
	const __u32 wanted = strcmp(what, "output") ? captures : outputs;
	struct v4l2_capability can;
	char path[32];
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR);
		if (fd >= 0 && !ioctl(fd, VIDIOC_QUERYCAP, &can) &&
		    !strcmp((char *)can.driver, "vivid") && can.device_caps & wanted) {
			puts(path);
			return 0;
		}
		close(fd);
	}
	errx(1, "no %s", what);
}

/* All rows of each plane are the same: no part of another frame is in it */
static int is_whole(const struct zinc_stream_format *format, const void *data,
		    unsigned long long bytes)
{
	struct zinc_stream_plane plane;
	uint32_t i, row;

	if (format->kind != ZINC_STREAM_VIDEO)
		return bytes > 0;
	for (i = 0; i < format->planes; i++) {
		const char *first = (const char *)data + format->offset[i];

		check(zinc_stream_get_plane(format, i, &plane), "plane");
		if (format->offset[i] + (unsigned long long)plane.stride * plane.rows > bytes)
			errx(1, "a frame of %llu bytes", bytes);
		for (row = 1; row < plane.rows; row++)
			if (memcmp(first, first + (size_t)row * plane.stride,
				   (size_t)plane.columns * plane.samples * plane.sample_bytes))
				return 0;
	}
	return 1;
}

static int read_all(const char *name, unsigned long count, const char *file)
{
	uint64_t deadline = zinc_stream_now() + PATIENCE;
	struct zinc_stream_reader reader;
	struct zinc_stream_view view;
	uint64_t last = 0, pts = 0;
	unsigned long i, changed = 0;
	char row[256], before[256];

	check(zinc_stream_open(&reader, name, ZINC_STREAM_REGISTER, deadline), name);
	memset(before, 0, sizeof(before));
	for (i = 0; i < count; i++) {
		check(zinc_stream_next(&reader, &view, deadline), "next");
		if (view.lost || (last && view.frame.number != last + 1))
			errx(1, "frame %llu after %llu", (unsigned long long)view.frame.number,
			     (unsigned long long)last);
		if (view.frame.pts_ns <= pts)
			errx(1, "frame %llu is no later than the one before",
			     (unsigned long long)view.frame.number);
		if (!is_whole(&reader.format, view.data, view.frame.bytes))
			errx(1, "frame %llu is torn", (unsigned long long)view.frame.number);
		memcpy(row, view.data, sizeof(row));
		changed += !!memcmp(row, before, sizeof(row));
		memcpy(before, row, sizeof(row));
		last = view.frame.number;
		pts = view.frame.pts_ns;
		if (file && i + 1 == count) {
			FILE *to = fopen(file, "w");

			if (!to || fwrite(view.data, view.frame.bytes, 1, to) != 1 || fclose(to))
				err(1, "%s", file);
		}
		check(zinc_stream_done(&reader, &view), "done");
	}
	/* or it was always the same frame */
	if (changed < count / 2)
		errx(1, "%lu of %lu frames are new", changed, count);
	printf("%lu frames of %.4s, lost %llu\n", count, (char *)&reader.format.fourcc,
	       (unsigned long long)reader.lost);
	zinc_stream_close(&reader);
	return 0;
}

static int write_all(const char *name, unsigned long count, const char *fourcc,
		     const char *size)
{
	struct zinc_stream_writer writer;
	struct zinc_stream_format format;
	unsigned int width, height;
	uint64_t bytes;
	void *data = NULL;
	unsigned long i;

	if (sscanf(size, "%ux%u", &width, &height) != 2)
		errx(2, "a size");
	bytes = zinc_stream_video(&format, v4l2_fourcc(fourcc[0], fourcc[1], fourcc[2],
						       fourcc[3]), width, height);
	check(zinc_stream_create(&writer, name, &format, 8, bytes, NULL), name);
	for (i = 0; i < count; i++) {
		check(zinc_stream_begin(&writer, ZINC_DEADLINE_NEVER, &data), "begin");
		memset(data, (int)i, bytes);
		check(zinc_stream_commit(&writer, NULL), "commit");
		usleep(50000);
	}
	zinc_stream_end(&writer);
	return 0;
}

/* Not one value: a picture */
static int regions(const char *name)
{
	char text[ZINC_NAME_MAX + 1];
	zinc_handle region;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		const uint8_t *p;

		snprintf(text, sizeof(text), "%s-%u", name, i);
		check(zinc_open_wait(text, NULL, zinc_stream_now() + PATIENCE, &region), text);
		check(zinc_wait_until(region, zinc_stream_now() + PATIENCE), text);
		p = zinc_ptr(region);
		if (!memcmp(p, p + 4, zinc_capacity(region) / 2))
			errx(1, "%s has no picture", text);
		zinc_close(region);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "still"))
		return still(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "find"))
		return find(argv[2]);
	if (argc >= 4 && !strcmp(argv[1], "read"))
		return read_all(argv[2], strtoul(argv[3], NULL, 10), argc > 4 ? argv[4] : NULL);
	if (argc == 6 && !strcmp(argv[1], "write"))
		return write_all(argv[2], strtoul(argv[3], NULL, 10), argv[4], argv[5]);
	if (argc == 3 && !strcmp(argv[1], "same"))
		return regions(argv[2]);
	errx(2, "usage: see the first comment");
}
