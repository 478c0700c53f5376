# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a guest's display shows, held against what a region has: 640x480 pixels of
# 32 bits. Wants python3 with numpy and PIL, and $PATIENCE, in seconds. Sourced,
# never run.

# is_negative FROM TO: of every pixel's three colours
is_negative()
{
	python3 - "$@" <<-'PY'
	import sys
	import numpy
	a, b = (numpy.fromfile(f, "uint8").reshape(-1, 4) for f in sys.argv[1:])
	wrong = (a[:, :3] != 255 - b[:, :3]).any(axis=1).sum()
	print(f"{wrong} of {len(a)} pixels are not the negative")
	sys.exit(int(wrong != 0))
	PY
}

# screendump FORMAT FILE: what the guest's display shows
screendump()
{
	local request=/run/zinc-vm/share/screendump end=$((SECONDS + PATIENCE))
	echo "$1 $2" >"$request.new"
	mv "$request.new" "$request"
	while [ -e "$request" ]; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# on_screen PIXELS DUMP: whether every pixel of the display, which is dumped to
# the second file, is that of the first
on_screen()
{
	screendump ppm "$2" || return 1
	python3 - "$@" <<-'PY'
	import sys
	import numpy
	from PIL import Image
	want = numpy.fromfile(sys.argv[1], "uint8").reshape(480, 640, 4)
	shown = numpy.asarray(Image.open(sys.argv[2]))
	if shown.shape != (480, 640, 3):
	    sys.exit(f"the display has {shown.shape}")
	wrong = (want[:, :, 2::-1] != shown).any(axis=2).sum()
	print(f"{wrong} pixels are not those of the region")
	sys.exit(int(wrong != 0))
	PY
}

# soon_on_screen PIXELS DUMP: the display follows some time after the notify
soon_on_screen()
{
	local end=$((SECONDS + PATIENCE))
	until (set -e; on_screen "$@"); do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}
