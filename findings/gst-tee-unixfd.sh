#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# GStreamer: one tee takes the pool of the sink away, and unixfdsink then refuses the frames.
#
# Guess: a tee with a single branch passes the allocation query of that branch on, pool and
#   allocator included; and unixfdsink copies what it cannot pass.
# Came: behind a tee, shmsink copies every frame, and unixfdsink of 1.26 ends the pipeline with
#   "Internal data stream error": only the debug output tells that it wants memory with a
#   descriptor. A queue does not have that effect, identity drop-allocation=true does.
# Versions: GStreamer 1.26.2 of Debian 13; 1.22.0 is alike for shmsink.
# Hurts: whoever adds a preview to a working pipeline by a tee.
# Zinc: zincsink copies then, and counts the copies in `stats`: lib/doc/gstreamer.md, "Without
#   a copy"; tests/gstreamer/pipelines_test.sh has a tee.

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

debian trixie gstreamer1.0-tools=1.26.2-2 libgstreamer-plugins-base1.0-0=1.26.2-1+deb13u2 \
	gstreamer1.0-plugins-base=1.26.2-1+deb13u2
plus gstreamer1.0-plugins-bad=1.26.2-3+deb13u3

inside <<'SH' | finding 3<<'TXT'
mkdir plugins
for plugin in coreelements unixfd shm videotestsrc; do
	ln -s "/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgst$plugin.so" plugins/
done
export GST_PLUGIN_SYSTEM_PATH=/tmp/plugins GST_DEBUG_NO_COLOR=1
gst-launch-1.0 --version | head -n 1
for between in queue tee 'identity drop-allocation=true'; do
	# shellcheck disable=SC2086 # words of a pipeline
	copies=$(GST_DEBUG=shmsink:7 gst-launch-1.0 -q videotestsrc num-buffers=5 ! \
		video/x-raw,format=BGRx,width=64,height=64 ! $between ! shmsink \
		socket-path=shm shm-size=1000000 wait-for-connection=false sync=false 2>&1 |
		grep -c 'not allocated by') || :
	echo "$between: shmsink copies $copies of 5"
	status=0
	# shellcheck disable=SC2086 # words of a pipeline
	GST_DEBUG=unixfdsink:1 timeout 60 gst-launch-1.0 -q videotestsrc num-buffers=5 ! \
		video/x-raw,format=BGRx,width=64,height=64 ! $between ! \
		unixfdsink socket-path=fd sync=false >said 2>&1 || status=$?
	echo "$between: unixfdsink ends with $status"
	sed -nE 's/^ERROR: .*: (.*)/  to the user: \1/p
		s/.*ERROR .*render[^ ]* (<[^>]*> )?/  to the log: /p' said
	rm -f shm fd
done
SH
gst-launch-1.0 version 1.26.2
queue: shmsink copies 0 of 5
queue: unixfdsink ends with 0
tee: shmsink copies 5 of 5
tee: unixfdsink ends with 1
  to the log: Expecting buffers with FD memories
  to the user: Internal data stream error.
identity drop-allocation=true: shmsink copies 5 of 5
identity drop-allocation=true: unixfdsink ends with 1
  to the log: Expecting buffers with FD memories
  to the user: Internal data stream error.
TXT
