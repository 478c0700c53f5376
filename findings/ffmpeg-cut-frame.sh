#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ffmpeg: a last frame that was cut is success, and with -xerror in 5.1 no frame is written.
#
# Guess: ffmpeg reads raw video from a pipe whose writer died within a frame, writes the whole
#   frames, and exits with an error; if not by default, then with -xerror, which its manual
#   describes as "stop and exit on error".
# Came: by default and with -err_detect explode the exit status is 0. With -xerror it is 1 in
#   5.1, but none of the two whole frames is written; 7.1 exits with 183 and writes both.
# Versions: ffmpeg 5.1.9 (Debian 12) and 7.1.5 (Debian 13).
# Hurts: a script after `zinc read NAME --follow | ffmpeg -f rawvideo ...` that takes the exit
#   status of ffmpeg for that of the recording.
# Zinc: the exit status of `zinc read` tells how the stream ended: lib/doc/stream.md, "From the
#   command line", says to check that as well (pipefail).

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

# try SUITE PACKAGE=VERSION
try()
{
	debian "$@"
	inside <<-'SH'
		export LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack
		ffmpeg -version | sed -n '1s/ Copyright.*//p'
		# two frames of 64x64 pixels, and a part of a third
		head -c $((2 * 64 * 64 * 4 + 1000)) /dev/zero >cut
		for option in '' '-err_detect explode' -xerror; do
			status=0
			# shellcheck disable=SC2086 # words of the option
			cat cut | ffmpeg -v quiet $option -f rawvideo -pix_fmt bgr0 -s 64x64 \
				-framerate 25 -i - -f framemd5 -y frames || status=$?
			echo "'$option': status $status, $(grep -c '^0,' frames) frames"
		done
	SH
}

{
	try bookworm ffmpeg=7:5.1.9-0+deb12u1
	try trixie ffmpeg=7:7.1.5-0+deb13u1
} | finding 3<<'TXT'
bookworm: ffmpeg=7:5.1.9-0+deb12u1
ffmpeg version 5.1.9-0+deb12u1
'': status 0, 2 frames
'-err_detect explode': status 0, 2 frames
'-xerror': status 1, 0 frames
trixie: ffmpeg=7:7.1.5-0+deb13u1
ffmpeg version 7.1.5-0+deb13u1
'': status 0, 2 frames
'-err_detect explode': status 0, 2 frames
'-xerror': status 183, 2 frames
TXT
