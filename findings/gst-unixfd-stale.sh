#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# GStreamer 1.26: after any signal but SIGINT, unixfdsink does not start again.
#
# Guess: a sink that is killed leaves its socket, and the next one removes it, or takes another
#   path, as shmsink does; one that SIGTERM ends leaves nothing.
# Came: the socket stays after SIGKILL, and after SIGTERM, too, for which gst-launch-1.0 has no
#   handler. The next sink fails, with "state change failed and some element failed to post a
#   proper error message": no word of the socket. shmsink says nothing: the next one listens
#   on PATH.0, where no reader looks.
# Versions: GStreamer 1.26.2 of Debian 13.
# Hurts: a pipeline that a supervisor starts again, such as a service of systemd, whose stop is
#   a SIGTERM.
# Zinc: the name is free once the writer is dead, however it died: lib/doc/gstreamer.md,
#   "Compared with shmsink and unixfdsink"; tests/gstreamer/pipelines_test.sh kills it.

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
export GST_PLUGIN_SYSTEM_PATH=/tmp/plugins
caps=video/x-raw,format=BGRx,width=64,height=64
gst-launch-1.0 --version | head -n 1
for signal in KILL TERM; do
	gst-launch-1.0 -q videotestsrc is-live=true ! $caps ! unixfdsink socket-path=fd &
	until [ -S fd ]; do sleep 0.1; done
	kill -$signal $!
	wait $! 2>/dev/null || :
	echo "after SIG$signal: $(echo fd*)"
	status=0
	timeout 60 gst-launch-1.0 -q videotestsrc num-buffers=1 ! $caps ! unixfdsink \
		socket-path=fd >said 2>&1 || status=$?
	echo "the next one ends with $status"
	sed -nE 's/^ERROR: from .*: (GStreamer error.*)/  \1/p' said | cut -c1-40
	rm fd

	gst-launch-1.0 -q videotestsrc is-live=true ! $caps ! shmsink socket-path=shm \
		shm-size=1000000 wait-for-connection=false &
	until [ -S shm ]; do sleep 0.1; done
	kill -$signal $!
	wait $! 2>/dev/null || :
	gst-launch-1.0 -q videotestsrc is-live=true ! $caps ! shmsink socket-path=shm \
		shm-size=1000000 wait-for-connection=false &
	until [ -S shm.0 ]; do sleep 0.1; done
	echo "after SIG$signal, the next shmsink has: $(echo shm*)"
	kill -KILL $!
	wait $! 2>/dev/null || :
	rm shm*
done
SH
gst-launch-1.0 version 1.26.2
after SIGKILL: fd
the next one ends with 255
  GStreamer error: state change failed a
after SIGKILL, the next shmsink has: shm shm.0
after SIGTERM: fd
the next one ends with 255
  GStreamer error: state change failed a
after SIGTERM, the next shmsink has: shm shm.0
TXT
