#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# GStreamer 1.26: unixfdsrc loses the strides of the first frame, and only of that.
#
# Guess: unixfdsink carries a GstVideoMeta, since 1.24 serializes metas and says so in its
#   release notes; or it carries none, and every frame of padded rows is skewed.
# Came: the first frame is skewed, the later ones are right. The receiver restores only metas
#   whose type is registered, and GstVideoMeta is registered by the element that first asks
#   for one: here videoconvert, when it has the first frame already. A receiver without such
#   an element gets the padding, and nothing that tells of it.
# Versions: gstreamer1.0-plugins-bad 1.26.2-3+deb13u3 and gstreamer1.0-tools 1.26.2-2.
# Hurts: a pipeline from zincsrc or a camera with padded rows to unixfdsink: a reader that
#   looks at one frame, such as a snapshot, gets a skewed picture.
# Zinc: zincsrc carries strides from the first frame on (tests/gstreamer/pipelines_test.sh);
#   lib/doc/gstreamer.md, "Compared with shmsink and unixfdsink".

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

need pkg-config build
debian trixie gstreamer1.0-tools=1.26.2-2 libgstreamer-plugins-base1.0-0=1.26.2-1+deb13u2 \
	gstreamer1.0-plugins-base=1.26.2-1+deb13u2
plus gstreamer1.0-plugins-bad=1.26.2-3+deb13u3

# frames of 16x4 pixels; rows have 64 bytes of pixels, which are the row's number, and 64 of
# padding, which are 0xee
cat >"$SCRATCH/send.c" <<'C'
#include <gst/allocators/gstfdmemory.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROWS 4
#define PIXELS 64
#define STRIDE 128

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	GstElement *pipeline = gst_parse_launch("appsrc name=source format=time "
		"caps=video/x-raw,format=BGRx,width=16,height=4,framerate=10/1 ! "
		"unixfdsink socket-path=/tmp/socket wait-for-connection=true sync=false", NULL);
	GstElement *source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
	GstAllocator *allocator = gst_fd_allocator_new();
	gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
	gint stride[GST_VIDEO_MAX_PLANES] = { STRIDE };

	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	for (int frame = 0; frame < 5; frame++) {
		int fd = memfd_create("frame", 0);
		unsigned char *rows;

		if (ftruncate(fd, ROWS * STRIDE))
			return 1;
		rows = mmap(NULL, ROWS * STRIDE, PROT_WRITE, MAP_SHARED, fd, 0);
		for (int row = 0; row < ROWS; row++) {
			memset(rows + row * STRIDE, row + 1, PIXELS);
			memset(rows + row * STRIDE + PIXELS, 0xee, STRIDE - PIXELS);
		}
		GstBuffer *buffer = gst_buffer_new();

		gst_buffer_append_memory(buffer, gst_fd_allocator_alloc(allocator, fd,
			ROWS * STRIDE, GST_FD_MEMORY_FLAG_NONE));
		gst_buffer_add_video_meta_full(buffer, 0, GST_VIDEO_FORMAT_BGRx, 16, ROWS, 1,
			offset, stride);
		GST_BUFFER_PTS(buffer) = frame * GST_SECOND / 10;
		gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
		/* the receiver has it before the next one */
		g_usleep(500000);
	}
	gst_app_src_end_of_stream(GST_APP_SRC(source));
	gst_bus_timed_pop_filtered(gst_element_get_bus(pipeline), GST_CLOCK_TIME_NONE,
		GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return 0;
}
C
read -ra flags < <(pkg-config --cflags --libs gstreamer-app-1.0 gstreamer-video-1.0 \
	gstreamer-allocators-1.0)
gcc -w -o "$ROOT/usr/bin/send" "$SCRATCH/send.c" "${flags[@]}"

inside <<'SH' | finding 3<<'TXT'
mkdir plugins
for plugin in coreelements unixfd app videoconvertscale; do
	ln -s "/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgst$plugin.so" plugins/
done
export GST_PLUGIN_SYSTEM_PATH=/tmp/plugins
gst-launch-1.0 --version | head -n 1
send &
until [ -e socket ]; do sleep 0.1; done
gst-launch-1.0 -q unixfdsrc socket-path=socket ! videoconvert ! video/x-raw,format=GRAY8 ! \
	filesink location=gray
wait $!
od -An -v -tx1 -w64 gray | awk '{ print "frame " NR ": rows begin with", $1, $17, $33, $49 }'
SH
gst-launch-1.0 version 1.26.2
frame 1: rows begin with 01 ee 02 ee
frame 2: rows begin with 01 02 03 04
frame 3: rows begin with 01 02 03 04
frame 4: rows begin with 01 02 03 04
frame 5: rows begin with 01 02 03 04
TXT
