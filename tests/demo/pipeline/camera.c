// SPDX-License-Identifier: GPL-2.0-only
/*
 * A camera's frames in a stream:
 *
 *	camera /dev/videoN NAME WIDTHxHEIGHT FRAMES_PER_SECOND
 *
 * The driver writes to the slots themselves: each is a dma-buf of its own
 * (V4L2_MEMORY_DMABUF), as in lib/examples/v4l2.c. A line on standard output for each
 * frame: its number in the stream, and the camera's.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <linux/videodev2.h>
#include <zinc-stream.h>

#define SLOTS	8
/* buffers that the driver has at a time; the other slots are left to readers */
#define QUEUED	4
#define TYPE	V4L2_BUF_TYPE_VIDEO_CAPTURE

static void must(bool done, const char *what)
{
	if (!done)
		err(1, "%s", what);
}

static void check(int error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, zinc_strerror(error));
}

/* Bytes blue, green, red and one of no meaning: XR24 */
static struct v4l2_pix_format set_up(int camera, unsigned int width, unsigned int height,
				     unsigned int rate)
{
	struct v4l2_streamparm parm = { .type = TYPE };
	struct v4l2_format format = { .type = TYPE };

	must(!ioctl(camera, VIDIOC_G_FMT, &format), "no format");
	format.fmt.pix.width = width;
	format.fmt.pix.height = height;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_XBGR32;
	format.fmt.pix.bytesperline = 0;
	format.fmt.pix.field = V4L2_FIELD_NONE;
	must(!ioctl(camera, VIDIOC_S_FMT, &format), "no such format");
	parm.parm.capture.timeperframe = (struct v4l2_fract){ 1, rate };
	must(!ioctl(camera, VIDIOC_S_PARM, &parm), "no such rate");
	return format.fmt.pix;
}

/* The next slot, for the driver to fill */
static void queue_slot(int camera, struct zinc_stream_writer *writer, const int *dmabufs)
{
	struct v4l2_buffer buffer = {
		.type = TYPE,
		.memory = V4L2_MEMORY_DMABUF,
		.index = (writer->number + writer->begun) % SLOTS,
		.length = writer->slot_size,
	};
	void *data;

	check(zinc_stream_begin_ahead(writer, ZINC_DEADLINE_NEVER, &data), "the next slot");
	buffer.m.fd = dmabufs[buffer.index];
	must(!ioctl(camera, VIDIOC_QBUF, &buffer), "the driver refuses the slot");
}

/* The first frames of the stream are in the driver's hands */
static void start(int camera, struct zinc_stream_writer *writer, int *dmabufs)
{
	struct v4l2_requestbuffers request = {
		.type = TYPE,
		.memory = V4L2_MEMORY_DMABUF,
		.count = SLOTS,
	};
	const int type = TYPE;
	int i;

	for (i = 0; i < SLOTS; i++) {
		dmabufs[i] = zinc_export_dmabuf_part(writer->region,
						     writer->slot_offset + i * writer->slot_size,
						     writer->slot_size, 0);
		if (dmabufs[i] < 0)
			check(dmabufs[i], "the dma-buf of a slot");
	}
	must(!ioctl(camera, VIDIOC_REQBUFS, &request), "the driver takes no dma-bufs");
	if (request.count != SLOTS)
		errx(1, "the driver has %u buffers: expected %d", request.count, SLOTS);
	for (i = 0; i < QUEUED; i++)
		queue_slot(camera, writer, dmabufs);
	must(!ioctl(camera, VIDIOC_STREAMON, &type), "the camera does not start");
}

static void capture(int camera, struct zinc_stream_writer *writer)
{
	int dmabufs[SLOTS];
	uint32_t expected = 0;

	start(camera, writer, dmabufs);
	for (;;) {
		struct v4l2_buffer buffer = { .type = TYPE, .memory = V4L2_MEMORY_DMABUF };
		struct zinc_stream_frame frame = { 0 };

		must(!ioctl(camera, VIDIOC_DQBUF, &buffer), "the driver gives no frame");
		if (buffer.index != writer->number % SLOTS)
			errx(1, "the driver returns buffer %u: expected %u", buffer.index,
			     (unsigned int)(writer->number % SLOTS));
		frame.bytes = buffer.bytesused;
		frame.pts_ns = buffer.timestamp.tv_sec * 1000000000ull +
			       buffer.timestamp.tv_usec * 1000ull;
		/* frames that the camera had no slot for */
		if (buffer.sequence != expected)
			frame.flags |= ZINC_STREAM_GAP;
		expected = buffer.sequence + 1;
		check(zinc_stream_commit(writer, &frame), "the frame");
		printf("%llu %u\n", (unsigned long long)writer->number, buffer.sequence);
		fflush(stdout);
		queue_slot(camera, writer, dmabufs);
	}
}

int main(int argc, char **argv)
{
	struct zinc_stream_writer writer;
	struct zinc_stream_format format;
	struct v4l2_pix_format pixels;
	unsigned int width, height;
	int camera, rate;

	if (argc != 5 || sscanf(argv[3], "%ux%u", &width, &height) != 2)
		errx(2, "usage: camera /dev/videoN NAME WIDTHxHEIGHT FRAMES_PER_SECOND");
	rate = atoi(argv[4]);
	camera = open(argv[1], O_RDWR | O_CLOEXEC);
	must(camera >= 0, argv[1]);
	pixels = set_up(camera, width, height, rate);
	zinc_stream_video(&format, ZINC_STREAM_FOURCC('X', 'R', '2', '4'), pixels.width,
			  pixels.height);
	format.stride[0] = pixels.bytesperline;
	format.rate_num = rate;
	format.rate_den = 1;
	check(zinc_stream_create(&writer, argv[2], &format, SLOTS, pixels.sizeimage, NULL),
	      argv[2]);
	capture(camera, &writer);
	return 0;
}
