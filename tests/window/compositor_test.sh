#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by is
#
# zinc show in a window of a compositor of the tests, which closes the window, has keys,
# wants no frames, and fails, as it is told. On POSIX shared memory. Wants what
# `make -C tests/window` makes. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

export LC_ALL=C.UTF-8 ZINC_BACKEND=shm WAYLAND_DISPLAY=zinc-fake
ZINC=$(readlink -f "${ZINC:-build/bin/zinc}")
COMPOSITOR=$PWD/build/window/compositor
PATIENCE=60
R=fake$$
WRITER=$PWD/build/window/writer
show=("$R" --size 64x32)

[ -x "$COMPOSITOR" ] || skip_all "no libwayland-server: run tests/repo/setup build, make -C tests/window"
"$ZINC" help show | grep -q -e --window || skip_all "this zinc was built without libdrm"
T=$(mktemp -d) || exit 1
export XDG_RUNTIME_DIR=$T/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
trap '[ "$BASHPID" != $$ ] || { "$ZINC" rm "$R" "$R-s" 2>/dev/null; rm -rf "$T"; }' EXIT

# soon COMMAND...: until it succeeds
soon()
{
	local until=$((SECONDS + PATIENCE))

	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

# begin [without]: the compositor, whose standard input is descriptor 8, and the command
begin()
{
	rm -f "$T/commands"
	mkfifo "$T/commands"
	"$COMPOSITOR" zinc-fake "$@" <"$T/commands" >"$T/said" &
	compositor=$!
	exec 8>"$T/commands"
	trap 'kill -KILL $shower $compositor 2>/dev/null || :' EXIT
	soon grep -x ready "$T/said"
	"$ZINC" show "${show[@]}" >"$T/out" 2>"$T/err" &
	shower=$!
}

# begin_with ARGUMENT...: of zinc show
begin_with()
{
	local show=("$@")

	begin
}

# pictures N: so many have been committed
pictures()
{
	[ "$(grep -c '^picture 64x32$' "$T/said")" = "$1" ]
}

# tell COMMAND: and wait until it is obeyed
tell()
{
	echo "$1" >&8
	soon grep -x "$1" "$T/said"
}

# ends STATUS
ends()
{
	local status=0

	wait "$shower" || status=$?
	cat "$T/out" "$T/err"
	[ "$status" = "$1" ]
}

ends_by()
{
	begin
	soon pictures 1
	tell "$1"
	ends 0
	grep -x "$R: 1 shown" "$T/out"
}

other_key()
{
	begin
	soon pictures 1
	tell 'key 30'
	"$ZINC" notify "$R"
	soon pictures 2
	kill -TERM "$shower"
	ends 0
}

# Notifies are one frame when the compositor wants one
wants_no_frame()
{
	begin
	soon pictures 1
	tell freeze
	# the callback of this one is kept back
	"$ZINC" notify "$R"
	soon pictures 2
	"$ZINC" notify "$R"
	"$ZINC" notify "$R"
	"$ZINC" notify "$R"
	# answered after everything that it would have committed by then
	tell 'key 30'
	pictures 2
	tell thaw
	soon pictures 3
	tell 'key 31'
	pictures 3
	kill -TERM "$shower"
	ends 0
	grep -x "$R: 3 shown" "$T/out"
}

fails()
{
	begin
	soon pictures 1
	tell error
	ends 3
	grep -x "zinc: compositor (pid $compositor) has closed the connection: error 2 of wl_surface; see its log" \
		"$T/err"
}

# written N: by a writer
written()
{
	[ "$(wc -l <"$T/written")" = "$1" ]
}

# stream: a writer, whose standard input is descriptor 9
stream()
{
	rm -f "$T/frames"
	mkfifo "$T/frames"
	"$WRITER" "$R-s" 64x32 XR24 4 <"$T/frames" >"$T/written" &
	writer=$!
	exec 9>"$T/frames"
	soon stat_has '^stream'
}

stat_has()
{
	"$ZINC" stat "$R-s" 2>/dev/null | grep "$1"
}

# frames N
frames()
{
	head -c $(($1 * 64 * 32 * 4)) /dev/zero >&9
}

# The last picture of a writer that has ended is none that its successor has written
held_picture_of_another_stream()
{
	stream
	begin_with "$R-s" --hold
	tell keep
	soon stat_has '^reader'
	frames 2
	soon pictures 2
	tell freeze
	kill -KILL $writer
	wait $writer 2>/dev/null || :
	exec 9>&-
	stream
	tell thaw
	soon stat_has '^reader'
	tell freeze
	frames 4
	soon written 4
	soon pictures 3
	stat_has '^reader .*: 4 frames behind' || { "$ZINC" stat "$R-s"; false; }
	kill -TERM "$shower"
	ends 0 && kill -KILL $writer
}

lacks_a_shell()
{
	begin without
	ends 3
	grep -x "zinc: compositor (pid $compositor) lacks xdg_wm_base (xdg-shell): update it, or show on a display by --device" \
		"$T/err"
}

"$ZINC" create --lifetime persist "$R" 8K >/dev/null || exit 1
is "closing the window ends it" ends_by close
is "so does Esc" ends_by 'key 1'
is "and Q" ends_by 'key 16'
is "and no other key" other_key
is "no frame is committed that the compositor does not want" wants_no_frame
is "a writer that begins anew has its frames held" held_picture_of_another_stream
is "an error of the protocol" fails
is "a compositor without xdg-shell" lacks_a_shell
finish
