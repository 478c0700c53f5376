#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demo without its display, in a guest: a stream from one process to two, the death
# of the producer, and nothing that is left. Prints TAP.

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

stream_holds()
{
	rm -f build/demo/frame.png
	ZINC_DEMO_ALBUM=$PWD/build/demo/album tests/demo/inside --frames 40 --fps 5
	[ -s build/demo/frame.png ]
}

is 'the stream holds, and a frame of it is a picture' stream_holds
finish
