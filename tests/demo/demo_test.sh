#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `make demo` does what it says, and its parts notice when it does not. Prints
# TAP; exit status 0 or 1.

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh
OUT=build/demo

demo_holds()
{
	tests/demo/run
}

# all rows are there, and do not shrink to nothing when packed
picture_is_right()
{
	/usr/bin/python3 - "$OUT/$1.png" <<'PY'
import struct
import sys
import zlib

with open(sys.argv[1], "rb") as file:
    png = file.read()
assert png[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
data, at = b"", 8
while at < len(png):
    length, kind = struct.unpack_from(">I4s", png, at)
    if kind == b"IHDR":
        assert struct.unpack_from(">IIBB", png, at + 8) == (1280, 720, 8, 2)
    if kind == b"IDAT":
        data += png[at + 8:at + 8 + length]
    at += 12 + length
rows = zlib.decompress(data)
assert len(rows) == 720 * (1 + 3 * 1280), "rows are missing"
assert len(data) > len(rows) / 10, "too little in it for a photograph"
PY
}

# A producer that spoils one byte of one frame must be found out by both
spoiled_frame_is_found()
{
	local status=0 producer=$OUT/producer

	cp "$producer" "$producer.right"
	"${CC:-cc}" -O2 -std=gnu11 -D_GNU_SOURCE -DSPOIL_FRAME=20 -Ilib/include \
		-o "$producer" tests/demo/producer.c tests/demo/picture.c \
		-Lbuild/lib -lzinc-kmod "-Wl,-rpath,$PWD/build/lib" \
		-ljpeg -lpng -lz
	tests/demo/inside --native --frames 40 >"$OUT/spoiled.txt" 2>&1 ||
		status=$?
	mv "$producer.right" "$producer"
	cat "$OUT/spoiled.txt"
	[ "$status" -eq 1 ]
	grep -q 'NO:  the C consumer found every' "$OUT/spoiled.txt"
	grep -q 'NO:  the Python consumer found every' "$OUT/spoiled.txt"
}

is 'the demo holds' demo_holds
is 'the frame that it saved is a photograph of 1280x720' picture_is_right frame
is 'so is that of the display' picture_is_right display
is 'and that of what the shader drew' picture_is_right effect
is 'a frame that is not what was drawn is found by both' spoiled_frame_is_found
finish
