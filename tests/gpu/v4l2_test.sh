#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lib/examples/v4l2.c with vivid, the kernel's own camera and display: frames go from
# the driver into a stream and from a stream to the driver, whole, in order and
# without a copy. In a guest, as root; TAP.
#
# vivid has two kinds of memory: of pages that the kernel maps (allocators=0), and
# contiguous memory, as devices without an IOMMU need it (allocators=1).

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

modinfo vivid >/dev/null 2>&1 || skip_all "this kernel has no vivid"
export ZINC_BACKEND=kmod LC_ALL=C.UTF-8
T=$(mktemp -d)
COUNT=20
running=''

compile()
{
	local name
	for name in lib/examples/v4l2.c tests/gpu/frames.c; do
		cc -std=gnu11 -O2 -Wall -Wextra -Wno-sign-compare -Werror -Ilib/include \
			"$name" build/lib/libzinc-kmod.a -o "$T/$(basename "$name" .c)"
	done
}

# with_vivid ALLOCATORS MULTIPLANAR: 1 for the API of one plane, 2 for that of several
with_vivid()
{
	! grep -q '^vivid ' /proc/modules || rmmod vivid
	modprobe vivid n_devs=1 "allocators=$1" "multiplanar=$2"
	udevadm settle 2>/dev/null || true
	for _ in $(seq 100); do
		"$T/frames" find capture >/dev/null 2>&1 && break
		sleep 0.1
	done
	camera=$("$T/frames" find capture)
	display=$("$T/frames" find output)
	"$T/frames" still "$camera"
}

start()
{
	"$@" >"$T/said" 2>&1 &
	running=$!
	# at the end of the test, regardless of its result
	trap '{ kill "$running"; wait "$running"; } 2>/dev/null || cat "$T/said"' EXIT
}

# ends: it has ended by itself, and well
ends()
{
	local status=0
	wait "$running" || status=$?
	[ "$status" -eq 0 ]
}

stops()
{
	kill "$running"
	wait "$running" || true
}

# The bytes of the stream's slots that the writer itself has touched: a program that
# copied frames there would have touched all of them. A huge page counts as a whole.
touched()
{
	awk '/^[0-9a-f]+-/ { mine = /zinc:/ } mine && /^Rss:/ { sum += $2 }
		END { print sum * 1024 }' "/proc/$running/smaps"
}

# captures ALLOCATORS MULTIPLANAR FORMAT WxH
captures()
{
	local size
	with_vivid "$1" "$2"
	start "$T/v4l2" capture "$camera" camera 100000 "$3" "$4"
	"$T/frames" read camera "$COUNT"
	size=$(build/bin/zinc stat --json camera |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["capacity"])')
	echo "touched $(touched) of $size"
	[ "$(touched)" -lt $((size - (1 << 20))) ]
	stops
}

# more than 2 MiB: the device allocates
own_memory()
{
	with_vivid "$1" "$2"
	start "$T/v4l2" expbuf "$camera" own 100000 YUYV 1920x1080
	"$T/frames" same own
	build/bin/zinc stat --json own-0 |
		python3 -c 'import json, sys; assert json.load(sys.stdin)["imported"]'
	stops
}

# shows ALLOCATORS MULTIPLANAR FORMAT WxH
shows()
{
	with_vivid "$1" "$2"
	start "$T/frames" write show 100000 "$3" "$4"
	"$T/v4l2" output "$display" show "$COUNT" >"$T/shown"
	grep -qx "$COUNT frames" "$T/shown"
	stops
}

# From a stream to the display until the stream ends
shows_to_the_end()
{
	with_vivid 0 1
	start "$T/frames" write show 30 YUYV 640x480
	"$T/v4l2" output "$display" show
	ends
}

# refuses MESSAGE COMMAND...
refuses()
{
	if timeout 60 "${@:2}" >"$T/why" 2>&1; then
		cat "$T/why"
		return 1
	fi
	grep -F -- "$1" "$T/why"
}

refuses_pages()
{
	with_vivid 1 1
	refuses 'the driver refuses the buffer' "$T/v4l2" capture "$camera" camera 5 YUYV 640x480
}

takes_contiguous()
{
	ZINC_CAMERA_CONTIGUOUS=1 captures 1 "$1" "$2" "$3"
}

contiguous_is_shown()
{
	build/bin/zinc create --contiguous --lifetime persist blocks 900K
	build/bin/zinc stat blocks | grep 'lifetime  persist, contiguous'
	build/bin/zinc stat --json blocks |
		python3 -c 'import json, sys; assert json.load(sys.stdin)["contiguous"]'
	build/bin/zinc rm blocks
}

compile || skip_all "nothing can be compiled here"
is "the command makes contiguous regions" contiguous_is_shown
for format in YUYV NV12 XR24; do
	is "pages: $format 640x480 into a stream" captures 0 1 $format 640x480
done
is "pages: NV12 1280x720, multiplanar" captures 0 2 NV12 1280x720
is "pages: YUYV 1920x1080, slots beyond 2 MiB" captures 0 1 YUYV 1920x1080
is "contiguous memory: ordinary pages are refused" refuses_pages
is "contiguous memory: YUYV 640x480 into a stream" takes_contiguous 1 YUYV 640x480
is "contiguous memory: NV12 1280x720, multiplanar" \
	takes_contiguous 2 NV12 1280x720
is "contiguous memory of the device's own, more than 2 MiB" own_memory 1 1
is "pages of the device's own, multiplanar" own_memory 0 2
is "a stream is shown: YUYV" shows 0 1 YUYV 640x480
is "a stream is shown: NV12, multiplanar" shows 0 2 NV12 640x480
is "a stream is shown: XR24" shows 0 1 XR24 640x480
is "a stream is shown: NV12" shows 0 1 NV12 640x480
is "a stream is shown until it ends" shows_to_the_end
with_vivid 0 1 >/dev/null 2>&1
is "a format that there is not" refuses 'the driver has no format P010' \
	"$T/v4l2" capture "$camera" camera 1 P010 640x480
is "a file that is no device" refuses 'not a video device' \
	"$T/v4l2" capture /dev/null camera 1
is "a display is no camera" refuses 'the device has no video capture' \
	"$T/v4l2" capture "$display" camera 1
rmmod vivid
rm -rf "$T"
finish
