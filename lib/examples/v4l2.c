// SPDX-License-Identifier: MIT
/*
 * Video devices and streams, without a copy.
 *
 *	v4l2 capture /dev/videoN STREAM [FRAMES [FORMAT WIDTHxHEIGHT]]
 *	v4l2 expbuf  /dev/videoN NAME   [FRAMES [FORMAT WIDTHxHEIGHT]]
 *	v4l2 output  /dev/videoN STREAM [FRAMES]
 *
 * capture: the driver writes to the slots of a stream. Each slot is a dma-buf of
 * its own (V4L2_MEMORY_DMABUF), since drivers use a buffer from its start. With
 * ZINC_CAMERA_CONTIGUOUS=1 in the environment the slots are physically contiguous,
 * up to 2 MiB, for a device without an IOMMU.
 *
 * expbuf: for a device that needs memory of its own, such as more than 2 MiB in
 * one piece. The driver allocates (VIDIOC_EXPBUF), and each of its buffers becomes
 * a region, NAME-0 to NAME-3, which is notified for each frame that it gets.
 *
 * output: the driver reads the frames of a stream from its slots.
 *
 * FORMAT is a V4L2 fourcc, such as NV12, YUYV, MJPG. Without FRAMES it ends by a
 * signal, or with the stream. At the end it prints the number of frames.
 *
 *	cc -std=gnu11 v4l2.c -o v4l2 $(pkg-config --cflags --libs zinc-kmod)
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <zinc-stream.h>

#define SLOTS	8
/* buffers that the driver has at a time; the other slots are left to readers */
#define QUEUED	4

/* A device, and its format. One memory plane: several are several buffers. */
struct video {
	int fd;
	uint32_t type;
	uint32_t fourcc;
	uint32_t width, height;
	uint32_t stride;
	uint32_t bytes;
	bool multiplanar;
};

static void must(bool done, const char *what)
{
	if (!done)
		err(1, "%s", what);
}

/* As must(), for an error of the library */
static void check(int32_t error, const char *what)
{
	if (error < 0)
		errx(1, "%s: %s", what, zinc_strerror(error));
}

static uint32_t find_type(int fd, bool output)
{
	struct v4l2_capability can;

	must(!ioctl(fd, VIDIOC_QUERYCAP, &can), "not a video device");
	errno = ENOTTY;
	must(can.device_caps & V4L2_CAP_STREAMING, "the device does not stream");
	if (output && can.device_caps & V4L2_CAP_VIDEO_OUTPUT)
		return V4L2_BUF_TYPE_VIDEO_OUTPUT;
	if (output && can.device_caps & V4L2_CAP_VIDEO_OUTPUT_MPLANE)
		return V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	if (!output && can.device_caps & V4L2_CAP_VIDEO_CAPTURE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	if (!output && can.device_caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	errx(1, "the device has no video %s", output ? "output" : "capture");
}

static struct video open_video(const char *path, bool output)
{
	struct video video = { .fd = open(path, O_RDWR | O_CLOEXEC) };

	must(video.fd >= 0, path);
	video.type = find_type(video.fd, output);
	video.multiplanar = V4L2_TYPE_IS_MULTIPLANAR(video.type);
	return video;
}

/*
 * Set the format, and take over what the driver made of it: it may choose another
 * size, and decides on the padding. Without @fourcc the format stays as it is.
 */
static void set_format(struct video *video, uint32_t fourcc, uint32_t width,
		       uint32_t height, uint32_t stride)
{
	struct v4l2_format format = { .type = video->type };
	struct v4l2_pix_format_mplane *mp = &format.fmt.pix_mp;
	struct v4l2_pix_format *pix = &format.fmt.pix;

	must(!ioctl(video->fd, VIDIOC_G_FMT, &format), "no format");
	if (fourcc && video->multiplanar) {
		mp->pixelformat = fourcc;
		mp->width = width;
		mp->height = height;
		mp->field = V4L2_FIELD_NONE;
		memset(mp->plane_fmt, 0, sizeof(mp->plane_fmt));
		mp->plane_fmt[0].bytesperline = stride;
	} else if (fourcc) {
		pix->pixelformat = fourcc;
		pix->width = width;
		pix->height = height;
		pix->field = V4L2_FIELD_NONE;
		pix->bytesperline = stride;
		pix->sizeimage = 0;
	}
	must(!ioctl(video->fd, VIDIOC_S_FMT, &format), "the driver refuses the format");
	if (video->multiplanar && mp->num_planes != 1)
		errx(1, "the format has %u memory planes: expected 1", mp->num_planes);
	video->fourcc = video->multiplanar ? mp->pixelformat : pix->pixelformat;
	video->width = video->multiplanar ? mp->width : pix->width;
	video->height = video->multiplanar ? mp->height : pix->height;
	video->stride = video->multiplanar ? mp->plane_fmt[0].bytesperline :
					     pix->bytesperline;
	video->bytes = video->multiplanar ? mp->plane_fmt[0].sizeimage : pix->sizeimage;
	if (fourcc && video->fourcc != fourcc)
		errx(1, "the driver has no format %.4s, only %.4s", (const char *)&fourcc,
		     (const char *)&video->fourcc);
}

/* What the stream says of a frame; of compressed video that it is bytes */
static void describe(const struct video *video, struct zinc_stream_format *format)
{
	uint64_t offset = 0;
	uint32_t i;

	if (!zinc_stream_video(format, video->fourcc, video->width, video->height)) {
		snprintf(format->caps, sizeof(format->caps), "v4l2 %.4s %ux%u",
			 (const char *)&video->fourcc, video->width, video->height);
		return;
	}
	/* chroma of three planes has half the padding, that of two all of it */
	for (i = 0; i < format->planes; i++) {
		struct zinc_stream_plane plane;

		format->stride[i] = i && format->planes == 3 ? video->stride / 2 :
							       video->stride;
		format->offset[i] = offset;
		check(zinc_stream_get_plane(format, i, &plane), "the planes");
		offset += (uint64_t)format->stride[i] * plane.rows;
	}
}

/* A buffer for the ioctls, with the one plane where there are planes */
static struct v4l2_buffer *prepare(const struct video *video, struct v4l2_buffer *buffer,
				   struct v4l2_plane *plane, uint32_t memory,
				   uint32_t index)
{
	memset(buffer, 0, sizeof(*buffer));
	memset(plane, 0, sizeof(*plane));
	buffer->type = video->type;
	buffer->memory = memory;
	buffer->index = index;
	if (video->multiplanar) {
		buffer->m.planes = plane;
		buffer->length = 1;
	}
	return buffer;
}

static void queue(const struct video *video, uint32_t memory, uint32_t index, int dmabuf,
		  uint32_t length, uint32_t used)
{
	struct v4l2_plane plane;
	struct v4l2_buffer buffer;

	prepare(video, &buffer, &plane, memory, index);
	if (video->multiplanar) {
		plane.m.fd = dmabuf;
		plane.length = length;
		plane.bytesused = used;
	} else {
		buffer.m.fd = dmabuf;
		buffer.length = length;
		buffer.bytesused = used;
	}
	must(!ioctl(video->fd, VIDIOC_QBUF, &buffer), "the driver refuses the buffer");
}

/* The next buffer that the driver is done with; @plane says how it is filled */
static struct v4l2_buffer dequeue(const struct video *video, uint32_t memory,
				  struct v4l2_plane *plane)
{
	struct v4l2_buffer buffer;

	prepare(video, &buffer, plane, memory, 0);
	must(!ioctl(video->fd, VIDIOC_DQBUF, &buffer), "the driver gives no buffer");
	if (!video->multiplanar)
		plane->bytesused = buffer.bytesused;
	return buffer;
}

static void request(const struct video *video, uint32_t memory, uint32_t count)
{
	struct v4l2_requestbuffers buffers = {
		.count = count, .type = video->type, .memory = memory,
	};

	must(!ioctl(video->fd, VIDIOC_REQBUFS, &buffers), "the driver has no such buffers");
	if (buffers.count != count)
		errx(1, "the driver has %u buffers: expected %u", buffers.count, count);
}

static void start(const struct video *video)
{
	const int type = (int)video->type;

	must(!ioctl(video->fd, VIDIOC_STREAMON, &type), "the device does not start");
}

static void stop(const struct video *video)
{
	const int type = (int)video->type;

	must(!ioctl(video->fd, VIDIOC_STREAMOFF, &type), "the device does not stop");
}

/* A dma-buf of each slot */
static void export_slots(zinc_handle region, uint64_t offset, uint64_t size,
			 uint32_t slots, uint32_t flags, int *dmabufs)
{
	uint32_t i;

	for (i = 0; i < slots; i++) {
		dmabufs[i] = zinc_export_dmabuf_part(region, offset + i * size, size, flags);
		check(dmabufs[i], "the dma-buf of a slot");
	}
}

/* The next slot, for the driver to fill */
static void queue_slot(const struct video *video, struct zinc_stream_writer *writer,
		       const int *dmabufs)
{
	uint32_t index = (writer->number + writer->begun) % SLOTS;
	void *data;

	check(zinc_stream_begin_ahead(writer, ZINC_DEADLINE_NEVER, &data), "the next slot");
	queue(video, V4L2_MEMORY_DMABUF, index, dmabufs[index], writer->slot_size, 0);
}

static unsigned long capture(struct video *video, const char *name, unsigned long frames)
{
	const char *contiguous = getenv("ZINC_CAMERA_CONTIGUOUS");
	struct zinc_options options = {
		.size = sizeof(options),
		.flags = contiguous && *contiguous == '1' ? ZINC_CONTIGUOUS : 0,
		.lifetime = ZINC_LIFETIME_CREATOR,
	};
	uint32_t expected = 0;
	struct zinc_stream_writer writer;
	struct zinc_stream_format format;
	int dmabufs[SLOTS];
	unsigned long i;
	uint64_t size = video->bytes;

	/* a slot that is no larger than a contiguous block, and begins one */
	if (options.flags && size < ZINC_STREAM_ALIGN_LARGE)
		size = ZINC_STREAM_ALIGN_LARGE;
	describe(video, &format);
	check(zinc_stream_create(&writer, name, &format, SLOTS, size, &options), name);
	export_slots(writer.region, writer.slot_offset, writer.slot_size, SLOTS, 0, dmabufs);
	request(video, V4L2_MEMORY_DMABUF, SLOTS);
	for (i = 0; i < QUEUED; i++)
		queue_slot(video, &writer, dmabufs);
	start(video);
	for (i = 0; i < frames; i++) {
		struct v4l2_plane plane;
		struct v4l2_buffer filled = dequeue(video, V4L2_MEMORY_DMABUF, &plane);
		struct zinc_stream_frame frame = {
			.bytes = plane.bytesused,
			.pts_ns = filled.timestamp.tv_sec * 1000000000ull +
				  filled.timestamp.tv_usec * 1000ull,
			.flags = filled.sequence != expected ? ZINC_STREAM_GAP : 0,
		};

		/* the format of the stream says where the planes begin */
		if (plane.data_offset)
			errx(1, "the frame begins at byte %u of its buffer: expected 0",
			     plane.data_offset);
		if (filled.index != writer.number % SLOTS)
			errx(1, "the driver returns buffer %u: expected %u", filled.index,
			     (unsigned int)(writer.number % SLOTS));
		/* a damaged frame: there is one, with nothing in it */
		if (filled.flags & V4L2_BUF_FLAG_ERROR) {
			frame.bytes = 0;
			frame.flags |= ZINC_STREAM_GAP;
		}
		expected = filled.sequence + 1;
		check(zinc_stream_commit(&writer, &frame), "the frame");
		queue_slot(video, &writer, dmabufs);
	}
	stop(video);
	zinc_stream_cancel(&writer);
	zinc_stream_end(&writer);
	return i;
}

/* Regions of the driver's own memory */
static unsigned long capture_own(struct video *video, const char *name, unsigned long frames)
{
	zinc_handle regions[QUEUED];
	unsigned long i;

	request(video, V4L2_MEMORY_MMAP, QUEUED);
	for (i = 0; i < QUEUED; i++) {
		struct v4l2_exportbuffer buffer = {
			.type = video->type, .index = i, .flags = O_CLOEXEC | O_RDWR,
		};
		char text[ZINC_NAME_MAX + 1];

		must(!ioctl(video->fd, VIDIOC_EXPBUF, &buffer), "the driver exports nothing");
		snprintf(text, sizeof(text), "%s-%lu", name, i);
		check(zinc_import_dmabuf(buffer.fd, text, NULL, &regions[i]), text);
		close(buffer.fd);
		queue(video, V4L2_MEMORY_MMAP, i, 0, 0, 0);
	}
	start(video);
	for (i = 0; i < frames; i++) {
		struct v4l2_plane plane;
		struct v4l2_buffer filled = dequeue(video, V4L2_MEMORY_MMAP, &plane);

		if (!i && plane.data_offset)
			printf("frames begin at byte %u\n", plane.data_offset);
		/* it comes behind the other three, which are filled before it */
		zinc_notify(regions[filled.index]);
		queue(video, V4L2_MEMORY_MMAP, filled.index, 0, 0, 0);
	}
	stop(video);
	return i;
}

/* The oldest buffer is shown: it may have been overwritten meanwhile */
static void take_back(const struct video *video, struct zinc_stream_reader *reader,
		      struct zinc_stream_view *views, bool *busy)
{
	struct v4l2_plane plane;
	struct v4l2_buffer shown = dequeue(video, V4L2_MEMORY_DMABUF, &plane);

	busy[shown.index] = false;
	if (zinc_stream_done(reader, &views[shown.index]) == -ESTALE)
		warnx("frame %llu was overwritten while the device read it",
		      (unsigned long long)views[shown.index].frame.number);
}

/*
 * The dma-bufs of a reader's slots: writable ones if it may write, since a driver that
 * reads by the CPU has the kernel map them, which it does only for writing, too.
 */
static void export_read(const struct zinc_stream_reader *reader, const char *name,
			int *dmabufs)
{
	struct zinc_options options = { .size = sizeof(options), .flags = ZINC_NO_DATA };
	uint32_t flags = 0;
	zinc_handle region;
	int error = zinc_open_with(name, &options, &region);

	if (error == -EACCES) {
		options.flags |= ZINC_RDONLY;
		flags = ZINC_RDONLY;
		error = zinc_open_with(name, &options, &region);
	}
	check(error, name);
	export_slots(region, reader->slot_offset, reader->slot_size, reader->slots, flags,
		     dmabufs);
	zinc_close(region);
}

static unsigned long output(struct video *video, const char *name, unsigned long frames)
{
	struct zinc_stream_view views[ZINC_STREAM_SLOTS_MAX], view;
	struct zinc_stream_reader reader;
	int dmabufs[ZINC_STREAM_SLOTS_MAX];
	bool busy[ZINC_STREAM_SLOTS_MAX] = { false };
	unsigned long i, queued = 0;
	uint32_t index;
	int error;

	check(zinc_stream_open(&reader, name, ZINC_STREAM_NEWEST, ZINC_DEADLINE_NEVER), name);
	if (reader.format.kind != ZINC_STREAM_VIDEO)
		errx(1, "%s is not a stream of video", name);
	set_format(video, reader.format.fourcc, reader.format.width, reader.format.height,
		   reader.format.stride[0]);
	if (video->width != reader.format.width || video->height != reader.format.height ||
	    video->stride != reader.format.stride[0] || video->bytes > reader.slot_size)
		errx(1, "the driver has %ux%u, %u bytes a row, %u in all: expected %ux%u, %u, %llu",
		     video->width, video->height, video->stride, video->bytes,
		     reader.format.width, reader.format.height, reader.format.stride[0],
		     (unsigned long long)reader.slot_size);
	export_read(&reader, name, dmabufs);
	request(video, V4L2_MEMORY_DMABUF, reader.slots);
	for (i = 0; i < frames; i++) {
		error = zinc_stream_next(&reader, &view, ZINC_DEADLINE_NEVER);
		if (error == -EPIPE)
			break;
		check(error, "the next frame");
		index = (view.frame.number - 1) % reader.slots;
		/* its slot may still be with the device, from the last round */
		while (busy[index] && queued >= 2)
			take_back(video, &reader, views, busy);
		if (busy[index])
			continue;
		views[index] = view;
		busy[index] = true;
		/* a slot may be longer than the image, but no more than that may be used */
		queue(video, V4L2_MEMORY_DMABUF, index, dmabufs[index], reader.slot_size,
		      view.frame.bytes < video->bytes ? view.frame.bytes : video->bytes);
		if (++queued == 2)
			start(video);
		if (queued > 2)
			take_back(video, &reader, views, busy);
	}
	if (queued >= 2)
		stop(video);
	zinc_stream_close(&reader);
	return i;
}

/* "NV12" "1280x720" */
static void parse_format(struct video *video, const char *fourcc, const char *size)
{
	unsigned int width, height;

	if (strlen(fourcc) != 4 || sscanf(size, "%ux%u", &width, &height) != 2)
		errx(2, "invalid format '%s %s': expected four letters and WIDTHxHEIGHT",
		     fourcc, size);
	set_format(video, v4l2_fourcc(fourcc[0], fourcc[1], fourcc[2], fourcc[3]), width,
		   height, 0);
}

int main(int argc, char **argv)
{
	unsigned long frames = argc > 4 ? strtoul(argv[4], NULL, 10) : -1ul;
	unsigned long (*run)(struct video *video, const char *name, unsigned long frames);
	struct video video;

	if (argc < 4 || argc == 6 || argc > 7)
		errx(2, "usage: v4l2 capture|expbuf|output DEVICE NAME [FRAMES [FORMAT SIZE]]");
	if (!strcmp(argv[1], "capture"))
		run = capture;
	else if (!strcmp(argv[1], "expbuf"))
		run = capture_own;
	else if (!strcmp(argv[1], "output"))
		run = output;
	else
		errx(2, "invalid direction '%s': expected capture, expbuf or output", argv[1]);
	video = open_video(argv[2], run == output);
	if (argc == 7)
		parse_format(&video, argv[5], argv[6]);
	else if (run != output)
		set_format(&video, 0, 0, 0, 0);
	printf("%lu frames\n", run(&video, argv[3], frames));
	return 0;
}
