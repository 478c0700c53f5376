#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by is
#
# The GStreamer elements in pipelines of several processes, as gst-launch-1.0 makes them. The
# output is compared byte by byte. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

command -v gst-launch-1.0 >/dev/null ||
	skip_all "no gst-launch-1.0: run tests/repo/setup test"
B=${ZINC_GST_BUILD:-$PWD/build}
NAME=gst-pipelines-$$
T=$(mktemp -d "${TMPDIR:-/tmp}/zinc-gst.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
# a guest may be slow
PATIENCE=120

# what a test has started ends with it
stop_all()
{
	local pid

	for pid in $(jobs -p); do
		kill -9 "$pid" 2>/dev/null || :
	done
	wait || :
}

# launch ARGUMENT...: to the end
launch()
{
	timeout -k 5 "$PATIENCE" gst-launch-1.0 -q "$@"
}

# start ARGUMENT...: in the background; the process is $started, and no other one
start()
{
	gst-launch-1.0 -q "$@" &
	started=$!
}

# has FILE PATTERN: wait until a line is there
has()
{
	local tenths

	for ((tenths = 0; tenths < PATIENCE * 10; tenths++)); do
		! grep -qE "$2" "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	echo "no '$2' in $1:"
	cat "$1"
	return 1
}

# is_end_of FILE WHOLE FRAME: whole frames, and WHOLE's last ones
is_end_of()
{
	local size

	size=$(stat -c %s "$1")
	echo "$1: $size bytes of $(stat -c %s "$2")"
	[ "$size" -gt 0 ]
	[ $((size % $3)) = 0 ]
	tail -c "$size" "$2" | cmp - "$1"
}

# write SOURCE...: until end_writer; the frames go to $T/all as well
write()
{
	gst-launch-1.0 -q -e "$@" ! tee name=t \
		t. ! queue ! zincsink name="$NAME" stride-align=256 slots=8 \
		t. ! queue ! filesink location="$T/all" buffer-mode=unbuffered &
	writer=$!
}

# end_writer FRAME FILE...: once each reader has some frames
end_writer()
{
	local bytes=$(($1 * 5)) file tenths

	shift
	for file in "$T/all" "$@"; do
		for ((tenths = 0; tenths < PATIENCE * 10; tenths++)); do
			[ "$(stat -c %s "$file" 2>/dev/null || echo 0)" -lt "$bytes" ] || break
			sleep 0.1
		done
	done
	kill -INT "$writer"
	wait "$writer"
}

# a plain frame of 160 x 120 pixels
FRAME=$((160 * 120 * 4))
VIDEO=video/x-raw,format=BGRx,width=160,height=120,framerate=30/1

inspects()
{
	local element property

	for element in zincsink zincsrc; do
		gst-inspect-1.0 "$element" >"$T/inspect"
		grep -E '^  Version +[0-9]+\.[0-9]+\.[0-9]+$' "$T/inspect"
		grep -E '^  License +MIT/X11$' "$T/inspect"
		grep -E '^  Description +.{20,}' "$T/inspect"
		for property in stream-name stats; do
			grep -E "^  $property +: .{10,}" "$T/inspect"
		done
	done
	gst-inspect-1.0 zincsrc | grep -E '^ +\(2\): registered +- '
}

# Two pipelines and a program that does not know GStreamer; all of them wait first
two_pipelines_and_a_program()
{
	trap stop_all EXIT
	rm -f "$T"/*
	start zincsrc stream-name="$NAME" frames=registered on-end=eos ! \
		filesink location="$T/one" buffer-mode=unbuffered
	local one=$started
	start zincsrc stream-name="$NAME" frames=registered on-end=eos memory=copy ! \
		queue ! filesink location="$T/two" buffer-mode=unbuffered
	local two=$started
	"$B/tests/gstreamer/read" "$NAME" >"$T/three" &
	local three=$!
	write videotestsrc pattern=ball is-live=true ! "$VIDEO"
	end_writer "$FRAME" "$T/one" "$T/two" "$T/three"
	wait "$one"
	wait "$two"
	wait "$three"
	is_end_of "$T/one" "$T/all" "$FRAME"
	is_end_of "$T/two" "$T/all" "$FRAME"
	is_end_of "$T/three" "$T/all" "$FRAME"
}

ROWS=video/x-raw,format=BGRx,width=100,height=20,framerate=30/1

# Rows of 100 pixels begin at multiples of 256 bytes in the stream, and not in a file
files_have_no_padding()
{
	trap stop_all EXIT
	rm -f "$T"/*
	start zincsrc stream-name="$NAME" frames=registered on-end=eos ! \
		filesink location="$T/rows" buffer-mode=unbuffered
	local reader=$started
	write videotestsrc pattern=snow is-live=true ! "$ROWS"
	end_writer $((100 * 20 * 4)) "$T/rows"
	wait "$reader"
	is_end_of "$T/rows" "$T/all" $((100 * 20 * 4))
}

# The reader goes on with the next writer, which has other caps
a_killed_writer_is_replaced()
{
	local writer

	trap stop_all EXIT
	rm -f "$T"/*
	gst-launch-1.0 -v -m zincsrc stream-name="$NAME" ! fakesink >"$T/reader" 2>&1 &
	gst-launch-1.0 -q videotestsrc is-live=true ! "$VIDEO" ! zincsink stream-name="$NAME" &
	writer=$!
	has "$T/reader" 'zinc-stream.*event=\(string\)opened'
	has "$T/reader" 'sink: caps = .*width=\(int\)160'
	kill -9 "$writer"
	has "$T/reader" 'zinc-stream.*event=\(string\)ended'
	has "$T/reader" "The writer of stream '$NAME' has ended; waiting for another"
	gst-launch-1.0 -q videotestsrc is-live=true ! video/x-raw,format=NV12,width=320,height=240 ! \
		zincsink stream-name="$NAME" &
	has "$T/reader" 'sink: caps = .*format=\(string\)NV12.*width=\(int\)320'
}

# The name of a dead writer, without a reader that would notice
a_stale_name_is_no_obstacle()
{
	local writer

	trap stop_all EXIT
	rm -f "$T"/*
	gst-launch-1.0 -q videotestsrc is-live=true ! "$VIDEO" ! zincsink stream-name="$NAME" &
	writer=$!
	launch zincsrc stream-name="$NAME" num-buffers=1 ! fakesink
	kill -9 "$writer"
	wait "$writer" || :
	launch videotestsrc num-buffers=5 ! "$VIDEO" ! zincsink stream-name="$NAME"
}

# A reader that is killed is not waited for any more
a_killed_reader_is_not_waited_for()
{
	local writer reader

	trap stop_all EXIT
	rm -f "$T"/*
	gst-launch-1.0 -m zincsrc stream-name="$NAME" frames=registered ! \
		fakesink >"$T/reader" 2>&1 &
	reader=$!
	start videotestsrc num-buffers=120 is-live=true ! "$VIDEO" ! zincsink stream-name="$NAME"
	writer=$!
	has "$T/reader" 'zinc-stream.*event=\(string\)opened'
	kill -STOP "$reader"
	sleep 0.5
	kill -KILL "$reader"
	wait "$writer"
}

missing_writer_is_named()
{
	trap stop_all EXIT
	rm -f "$T"/*
	! gst-launch-1.0 -q zincsrc stream-name="$NAME" timeout=1000000 ! fakesink 2>"$T/error" ||
		return 1
	cat "$T/error"
	grep "No stream '$NAME' within 1 ms: start its writer" "$T/error"
}

audio_is_whole()
{
	trap stop_all EXIT
	rm -f "$T"/*
	start zincsrc stream-name="$NAME" frames=registered on-end=eos ! \
		filesink location="$T/sound" buffer-mode=unbuffered
	local reader=$started
	write audiotestsrc is-live=true samplesperbuffer=480 ! \
		audio/x-raw,format=S16LE,rate=48000,channels=2
	end_writer $((480 * 4)) "$T/sound"
	wait "$reader"
	is_end_of "$T/sound" "$T/all" $((480 * 4))
}

# Frames of any size: JPEG, whose caps are longer than a stream has room for
encoded_frames_are_decoded()
{
	trap stop_all EXIT
	rm -f "$T"/*
	start zincsrc stream-name="$NAME" frames=registered on-end=eos ! jpegdec ! \
		videoconvert ! "$VIDEO" ! filesink location="$T/decoded" buffer-mode=unbuffered
	local reader=$started
	write videotestsrc is-live=true ! "${VIDEO/BGRx/I420}" ! jpegenc
	end_writer "$FRAME" "$T/decoded"
	wait "$reader"
	[ $(($(stat -c %s "$T/decoded") % FRAME)) = 0 ]
}

# It transmits no strides: its buffers can only have those of the caps
unixfd_gets_plain_rows()
{
	trap stop_all EXIT
	rm -f "$T"/*
	start zincsrc stream-name="$NAME" frames=registered on-end=eos ! \
		unixfdsink socket-path="$T/socket" sync=false wait-for-connection=true
	until [ -S "$T/socket" ]; do
		sleep 0.1
	done
	start unixfdsrc socket-path="$T/socket" ! \
		filesink location="$T/rows" buffer-mode=unbuffered
	local reader=$started
	write videotestsrc pattern=snow is-live=true ! "$ROWS"
	end_writer $((100 * 20 * 4)) "$T/rows"
	wait "$reader"
	is_end_of "$T/rows" "$T/all" $((100 * 20 * 4))
}

is "gst-inspect-1.0 knows both elements" inspects
is "two pipelines and a program read one stream" two_pipelines_and_a_program
is "a file has no padding" files_have_no_padding
is "a killed writer is replaced by one with other caps" a_killed_writer_is_replaced
is "the name of a killed writer is no obstacle" a_stale_name_is_no_obstacle
is "a killed reader is not waited for" a_killed_reader_is_not_waited_for
is "an error names the stream that is missing" missing_writer_is_named
is "audio arrives whole" audio_is_whole
is "encoded frames are decoded" encoded_frames_are_decoded
if gst-inspect-1.0 --exists unixfdsink; then
	is "unixfdsink gets rows without padding" unixfd_gets_plain_rows
else
	skip "unixfdsink gets rows without padding" "GStreamer has none before 1.24"
fi
finish
