#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by is
#
# zinc show in a window of weston, whose screenshots are compared with the pictures.
# On this machine with POSIX shared memory, and with the module in a guest whose weston
# imports dma-bufs: tests/vm/run --root weston -- tests/window/window_test.sh
# Wants what `make -C tests/window` makes. $ZINC is the program if it is not
# build/bin/zinc. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

export LC_ALL=C.UTF-8
ZINC=$(readlink -f "${ZINC:-build/bin/zinc}")
WRITER=$PWD/build/window/writer
PIXELS=$PWD/tests/window/pixels.py
PATIENCE=${PATIENCE:-60}	# seconds for what must happen: a guest may be slow
SIZE=640x480
R=window$$

[ -x "$ZINC" ] || { echo "Bail out! there is no program $ZINC: run make"; exit 1; }
[ -x "$WRITER" ] || { echo "Bail out! there is no $WRITER: run make -C tests/window"; exit 1; }
"$ZINC" help show | grep -q -e --window || skip_all "this zinc was built without libdrm"
! "$ZINC" show --window "$R" --size 1x1 2>&1 | grep -q "without libwayland" ||
	skip_all "this zinc was built without libwayland-client"
command -v weston >/dev/null || skip_all "weston is not installed: run tests/repo/setup test"
if [ -n "${ZINC_VM:-}" ]; then
	export ZINC_BACKEND=kmod
	BY=linux-dmabuf
	RENDERER=(--backend=headless --renderer=gl)
else
	export ZINC_BACKEND=shm
	BY='wl_shm: POSIX shared memory has no dma-bufs'
	RENDERER=(--backend=headless-backend.so --use-pixman)
fi

T=$(mktemp -d) || exit 1
export XDG_RUNTIME_DIR=$T/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
unset WAYLAND_DISPLAY WAYLAND_SOCKET

# end PID: and wait for it
end()
{
	kill -KILL "$1" || :
	wait "$1" || :
} 2>/dev/null

cleanup()
{
	[ "$BASHPID" = $$ ] || return
	end "$compositor"
	forget
	rm -rf "$T"
} 2>/dev/null
trap cleanup EXIT

# soon COMMAND...: until it succeeds
soon()
{
	local until=$((SECONDS + PATIENCE))

	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || { echo "never: $*"; return 1; }
		sleep 0.1
	done
}

# start_weston OPTION...: $compositor
start_weston()
{
	cat >"$T/weston.ini" <<-'INI'
	[core]
	idle-time=0
	[shell]
	background-color=0xff000000
	panel-position=none
	startup-animation=none
	animation=none
	close-animation=none
	INI
	env -u ZINC_BACKEND weston --config="$T/weston.ini" --debug --width=640 --height=480 \
		--socket=zinc-test "$@" >"$T/weston.log" 2>&1 &
	compositor=$!
	soon test -S "$XDG_RUNTIME_DIR/zinc-test" || return 1
	export WAYLAND_DISPLAY=zinc-test
}

# A screenshot is $T/screen.png; weston's own program says nothing when it fails
screenshot()
{
	rm -f "$T"/wayland-screenshot-*
	(cd "$T" && timeout "$PATIENCE" weston-screenshooter) >/dev/null 2>&1 || :
	mv "$T"/wayland-screenshot-*.png "$T/screen.png"
}

# looks SIZE FRAME [overlay]: so does the screen
looks()
{
	screenshot && /usr/bin/python3 "$PIXELS" same "$T/screen.png" "$@"
}

# paint FORMAT SIZE FRAME...: their bytes
paint()
{
	local frame
	for frame in "${@:3}"; do
		/usr/bin/python3 "$PIXELS" paint "$1" "$2" "$frame"
	done
}

# show OPTION... : in the background, until it says that it shows
show()
{
	rm -f "$T/out" "$T/err"
	"$ZINC" show "$@" >"$T/out" 2>"$T/err" &
	shower=$!
	ends+=("$shower")
	soon test -s "$T/out" -o -s "$T/err"
	[ ! -s "$T/err" ] || { cat "$T/err"; return 1; }
}

# stop: as a user does; its last words are in $T/out
stop()
{
	local status=0

	kill -TERM "$shower"
	wait "$shower" || status=$?
	cat "$T/out" "$T/err"
	[ "$status" = 0 ]
}

# write_stream NAME SIZE FORMAT SLOTS: from a FIFO, which is descriptor 8; $writer
write_stream()
{
	rm -f "$T/frames" "$T/written"
	mkfifo "$T/frames"
	"$WRITER" "$@" <"$T/frames" >"$T/written" &
	writer=$!
	ends+=("$writer")
	exec 8>"$T/frames"
	soon "$ZINC" stat "$1" >/dev/null
}

# begin: what a test has started ends with it
begin()
{
	local pid

	ends=()
	trap 'for pid in "${ends[@]}"; do end "$pid"; done; forget' EXIT
}

# forget: what a writer that was killed leaves in POSIX shared memory
forget()
{
	"$ZINC" rm "$R" "$R-t" "$R-above" "$R-r0" 2>/dev/null || :
}

# said TEXT: the program, on standard output
said()
{
	grep -F -- "$1" "$T/out"
}

written()
{
	[ "$(wc -l <"$T/written")" = "$1" ]
}

# refused STATUS TEXT OPTION...: with one message that has TEXT
refused()
{
	local status=0

	timeout "$PATIENCE" "$ZINC" show "${@:3}" >"$T/out" 2>"$T/err" || status=$?
	cat "$T/out" "$T/err"
	[ "$status" = "$1" ]
	[ "$(grep -c '^zinc[ :]' "$T/err")" = 1 ]
	grep -F -- "$2" "$T/err"
}

shows_a_region()
{
	begin
	"$ZINC" create --lifetime persist "$R" 1200K
	paint XR24 $SIZE 1 | "$ZINC" write "$R"
	show "$R" --size $SIZE --stats
	said "$R: $SIZE XR24 in a window of weston (pid $compositor), by $BY"
	soon looks $SIZE 1
	paint XR24 $SIZE 2 | "$ZINC" write "$R"
	soon looks $SIZE 2
	paint XR24 $SIZE 3 | "$ZINC" write "$R"
	soon looks $SIZE 3
	stop
	said "$R: 3 shown"
	said "$R: 3 committed, "
	said "us from the notify to the screen"
}

# All that a raw picture may have: a gap between lines, an offset, another format
lays_it_out()
{
	begin
	"$ZINC" create --lifetime persist "$R" 2M
	paint RG16 $SIZE 1 | /usr/bin/python3 -c "$(cat <<-'PY'
	import sys
	rows = sys.stdin.buffer.read()
	sys.stdout.buffer.write(bytes(8192))
	for at in range(0, len(rows), 1280):
	    sys.stdout.buffer.write(rows[at:at + 1280] + bytes(2048 - 1280))
	PY
	)" | "$ZINC" write "$R"
	show "$R" --size $SIZE --format RG16 --stride 2K --offset 8K
	said "$SIZE RG16"
	soon like_rg16
	stop
}

# within what 5 and 6 bits round
like_rg16()
{
	screenshot
	/usr/bin/python3 - "$T/screen.png" <<-PY
	import sys
	import numpy
	from PIL import Image
	sys.path.insert(0, "tests/window")
	from pixels import picture
	shown = numpy.asarray(Image.open(sys.argv[1]).convert("RGB"))[:, :, ::-1].astype(int)
	wrong = (abs(shown - picture(640, 480, 1)[:, :, :3]).max(axis=2) > 8).sum()
	sys.exit(f"{wrong} pixels differ" if wrong else 0)
	PY
}

shows_a_stream()
{
	begin
	write_stream "$R" $SIZE XR24 4
	paint XR24 $SIZE 1 >&8
	show "$R" --stats
	said "$R: $SIZE XR24 in a window of weston (pid $compositor), by $BY"
	soon looks $SIZE 1
	# each slot, and the first one again
	for frame in 2 3 4 5; do
		paint XR24 $SIZE $frame >&8
		soon looks $SIZE $frame
	done
	stop
	said "$R: 5 committed, "
	said ", 0 overwritten while shown"
	said "us from the frame's time to the screen"
}

# Killed, and its successor has another size
follows_the_next_writer()
{
	begin
	write_stream "$R" $SIZE XR24 3
	paint XR24 $SIZE 1 >&8
	show "$R" --stats
	soon looks $SIZE 1
	end "$writer"
	looks $SIZE 1
	write_stream "$R" 320x200 XR24 2
	paint XR24 320x200 4 >&8
	soon looks 320x200 4
	stop
	said "$R: 2 shown"
}

# The writer of so many frames waits until they have been on the screen
holds_the_writer()
{
	begin
	write_stream "$R" $SIZE XR24 3
	paint XR24 $SIZE 1 >&8
	soon written 1
	"$ZINC" show "$R" --hold --stats >"$T/out" 2>"$T/err" &
	shower=$!
	ends+=("$shower")
	soon "$ZINC" stat "$R-r0" >/dev/null
	paint XR24 $SIZE 2 3 4 5 6 7 8 9 10 >&8
	soon written 10
	soon looks $SIZE 10
	stop
	# the frames after its registration
	said "$R: 9 committed, "
	said ", 0 passed over, 0 lost, 0 overwritten while shown"
}

shows_an_overlay()
{
	begin
	write_stream "$R" $SIZE XR24 3
	paint XR24 $SIZE 1 >&8
	exec 7>&8
	mv "$T/frames" "$T/frames.below"
	write_stream "$R-above" $SIZE AR24 2
	paint AR24 $SIZE 1 >&8
	show "$R" --overlay "$R-above"
	soon looks $SIZE 1 overlay
	paint XR24 $SIZE 2 >&7
	soon looks $SIZE 2 overlay
	stop
}

# Of two planes: the compositor has to know them
shows_nv12()
{
	begin
	write_stream "$R" $SIZE NV12 3
	paint NV12 $SIZE 1 >&8
	if [ "$ZINC_BACKEND" = shm ]; then
		refused 3 "cannot show $R on weston (pid $compositor): NV12 has 2 planes, which need linux-dmabuf, but POSIX shared memory has no dma-bufs; convert it to XR24" "$R"
		return
	fi
	show "$R"
	said "$R: $SIZE NV12 in a window of weston (pid $compositor), by $BY"
	soon all_grey
	stop
}

all_grey()
{
	screenshot
	/usr/bin/python3 - "$T/screen.png" <<-'PY'
	import sys
	import numpy
	from PIL import Image
	shown = numpy.asarray(Image.open(sys.argv[1]).convert("RGB")).astype(int)
	# 126 is (126 - 16) / 219 of the range
	sys.exit(f"{shown.min()} to {shown.max()}" if abs(shown - 128).max() > 3 else 0)
	PY
}

ends_after_frames()
{
	local status=0

	begin
	write_stream "$R" $SIZE XR24 3
	paint XR24 $SIZE 1 >&8
	show "$R" --frames 2
	paint XR24 $SIZE 2 >&8
	wait "$shower" || status=$?
	cat "$T/out" "$T/err"
	[ "$status" = 0 ]
	said "$R: 2 shown"
}

# A compositor that dies does not make it hang
compositor_dies()
{
	local status=0

	begin
	start_weston "${RENDERER[@]}" --socket=zinc-dies
	export WAYLAND_DISPLAY=zinc-dies
	soon test -S "$XDG_RUNTIME_DIR/zinc-dies"
	write_stream "$R" $SIZE XR24 3
	paint XR24 $SIZE 1 >&8
	show "$R"
	end "$compositor"
	wait "$shower" || status=$?
	cat "$T/err"
	[ "$status" = 3 ]
	grep -F "zinc: weston (pid $compositor) has closed the connection: " "$T/err"
}

no_compositor()
{
	WAYLAND_DISPLAY=nowhere refused 3 "cannot show $R: expected a compositor at WAYLAND_DISPLAY=nowhere in XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR: No such file or directory; start one, or show on a display by --device" \
		"$R" --size $SIZE
}

no_stream()
{
	refused 3 "cannot show $R: it is not a stream: expected its size in pixels, --size WxH" "$R"
}

tensor_stream()
{
	begin
	write_stream "$R-t" 8x8 none 2
	paint NV12 8x8 1 >&8
	refused 3 "cannot show $R-t: expected a stream of video, it is one of a tensor" "$R-t"
}

too_small()
{
	refused 3 "it has 1228800 bytes, too few for 641x480 pixels with 2564 bytes per line from byte 0; see --size, --stride and --offset" \
		"$R" --size 641x480
}

unknown_format()
{
	refused 3 "cannot show $R on weston (pid $compositor): expected one of its formats, " \
		"$R" --size 16x16 --format 'C8  '
}

usage_errors()
{
	refused 2 "expected --window, or a display by --device and --connector, not both" \
		--window --device /dev/dri/card0 "$R" --size $SIZE
	refused 2 "--hold is for a stream, which has its own size: expected no --size" \
		--hold "$R" --size $SIZE
	WAYLAND_DISPLAY='' refused 2 "--overlay, --stats and --hold are for a window" \
		--stats --device /dev/dri/card0 "$R" --size $SIZE
	refused 2 "invalid region name 'a.b'" --overlay a.b "$R"
}

start_weston "${RENDERER[@]}" >"$T/start" 2>&1
result "weston starts" $? "$T/start"
if [ "$tap_failed" = 0 ]; then
	is "a region is shown, pixel by pixel, and each notify" shows_a_region
	is "with a gap, an offset, and another format" lays_it_out
	is "a stream is shown" shows_a_stream
	is "and the one of its next writer, of another size" follows_the_next_writer
	is "--hold: no frame is passed over or overwritten" holds_the_writer
	is "--overlay: a stream above a stream" shows_an_overlay
	is "NV12" shows_nv12
	is "--frames" ends_after_frames
	is "the compositor dies" compositor_dies
	is "refused: a stream of tensors" tensor_stream
	"$ZINC" create --lifetime persist "$R" 1200K >/dev/null
	is "refused: no compositor" no_compositor
	is "refused: no stream" no_stream
	is "refused: a region that is too small" too_small
	is "refused: an unknown format" unknown_format
	is "usage errors" usage_errors
fi
finish
