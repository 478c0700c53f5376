#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by is
#
# zinc show on a cirrus adapter: what the driver was asked to do, and what it
# says that it shows. Whether the picture is right is for others to see. $ZINC is
# the program if it is not build/bin/zinc. Runs as root in a guest:
# tests/vm/run --device cirrus -- tests/command/drm_show_test.sh
# Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

export ZINC_BACKEND=kmod LC_ALL=C.UTF-8
ZINC=$(readlink -f "${ZINC:-build/bin/zinc}")
PATIENCE=60	# seconds for what must happen: a guest may be slow
DEBUG=/sys/kernel/debug
R=drmtest$$

if [ "$(id -u)" != 0 ] || [ ! -e /dev/zinc ]; then
	skip_all "needs root, and /dev/zinc"
fi
[ -x "$ZINC" ] || { echo "Bail out! there is no program $ZINC: run make"; exit 1; }
! "$ZINC" help show | grep -q "built where there was no" ||
	skip_all "this zinc was built without libdrm"
modprobe cirrus 2>/dev/null || modprobe cirrus-qemu 2>/dev/null
[ -d $DEBUG/dri ] || mount -t debugfs none $DEBUG
for node in /sys/class/drm/card?; do
	driver=$(basename "$(readlink -f "$node/device/driver")")
	case $driver in cirrus*) break ;; esac
	driver=
done
[ -n "$driver" ] || skip_all "there is no cirrus adapter"
CARD=/dev/dri/${node##*/}
STATE=$DEBUG/dri/${CARD#/dev/dri/card}/state
CONNECTOR=$(basename "$(echo "$node"/card*-*)")
CONNECTOR=${CONNECTOR#card*-}

T=$(mktemp -d) || exit 1

cleanup()
{
	[ "$BASHPID" = $$ ] || return
	"$ZINC" rm "$R" "$R-small" 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT

# soon COMMAND...: until it succeeds
soon()
{
	local end=$((SECONDS + PATIENCE))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "never: $*"; return 1; }
		sleep 0.1
	done
}

# shown: what the display's first plane has, and its mode
shown()
{
	sed -n '/^crtc\[/q;/fb=\|allocated by\|format=\|size=\|pitch\|offset\|imported/p' "$STATE"
	grep -h 'enable=\|mode:' "$STATE"
}

is_shown()
{
	shown >"$T/now"
	grep -qxF "$1" "$T/now"
}

field()
{
	"$ZINC" stat --json "$R" | python3 -c \
		'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

field_is()
{
	[ "$(field "$1")" = "$2" ]
}

# start COMMAND...: in the background, until it says something. $shower is its
# pid; it ends with its test at the latest.
start()
{
	rm -f "$T/out" "$T/err"
	# a shell lets its background jobs ignore SIGINT, and nohup SIGHUP
	env --default-signal=INT,HUP "$@" >"$T/out" 2>"$T/err" &
	shower=$!
	trap 'kill -KILL $shower 2>/dev/null || :; wait || :' EXIT
	soon test -s "$T/out" -o -s "$T/err"
}

# show OPTION...: in the background, until it says that it shows
show()
{
	start "$ZINC" show --device "$CARD" "$@" "$R"
	[ ! -s "$T/err" ] || { cat "$T/err"; return 1; }
}

gone()
{
	! kill -0 "$shower" 2>/dev/null ||
		grep -q '^State:[[:space:]]*Z' "/proc/$shower/status" 2>/dev/null
}

# ends STATUS: the one in the background does
ends()
{
	local status=0

	soon gone
	wait "$shower" || status=$?
	cat "$T/out" "$T/err"
	[ "$status" = "$1" ]
}

# notified_until COMMAND...
notified_until()
{
	"$ZINC" notify "$R"
	"$@"
}

# refused TEXT OPTION...: zinc show fails with TEXT, and leaves the display alone
refused()
{
	local text=$1 status=0

	shift
	shown >"$T/before"
	timeout $PATIENCE "$ZINC" show "$@" >"$T/said" 2>"$T/why" || status=$?
	cat "$T/said" "$T/why"
	[ $status = 3 ]
	grep -qF -- "$text" "$T/why"
	[ "$(wc -l <"$T/why")" = 1 ]
	[ ! -s "$T/said" ]
	shown | diff "$T/before" -
}

shows_the_region()
{
	show --size 800x600
	grep -x "$R: 800x600 XR24 on $CONNECTOR, mode 800x600 at [0-9]* Hz" "$T/out"
	is_shown $'\t\tallocated by = zinc'
	cat "$T/now"
	grep -F 'format=XR24 ' "$T/now"
	grep -xF $'\t\tsize=800x600' "$T/now"
	grep -F 'pitch[0]=3200' "$T/now"
	grep -F 'imported=yes' "$T/now"
	field_is attachments 1
	field_is handles 1
	kill -TERM "$shower"
	ends 0
	grep -x "$R: 0 refreshed" "$T/out"
	shown | diff "$T/fbcon" -
	field_is attachments 0
	field_is handles 0
}

# how often a call is in the trace
calls()
{
	grep -c "DRM_IOCTL_MODE_$1," "$T/trace"
}

# The driver is told once for each, and has its picture back from us, not from
# what the kernel does when the last program goes.
follows()
{
	local before

	before=$(field sequence)
	start strace -o "$T/trace" -e trace=ioctl "$ZINC" show --device "$CARD" \
		--size 800x600 --frames 3 "$R"
	[ "$(calls DIRTYFB)" = 0 ]
	soon notified_until gone
	ends 0
	grep -x "$R: 3 refreshed" "$T/out"
	cat "$T/trace"
	[ "$(calls DIRTYFB)" = 3 ]
	[ "$(calls SETCRTC)" = 2 ]
	[ "$(calls ADDFB2)" = 1 ]
	[ "$(calls RMFB)" = 1 ]
	! grep DRM_IOCTL "$T/trace" | grep ' = -1 ' || return 1
	[ "$(field sequence)" -ge $((before + 3)) ]
}

restores_after()
{
	show --size 800x600
	is_shown $'\t\tallocated by = zinc'
	kill "-$1" "$shower"
	ends "$2"
	soon is_shown $'\t\tallocated by = [fbcon]'
	shown | diff "$T/fbcon" -
	field_is attachments 0
	field_is handles 0
}

lays_it_out()
{
	show --size 800x600 --format RG16 --stride 2K --offset 8K --connector "$CONNECTOR"
	grep -F "$R: 800x600 RG16 on $CONNECTOR, mode 800x600 at " "$T/out"
	is_shown $'\t\tallocated by = zinc'
	cat "$T/now"
	grep -F 'format=RG16 ' "$T/now"
	grep -F 'pitch[0]=2048' "$T/now"
	grep -F 'offset[0]=8192' "$T/now"
	grep -F 'mode: "800x600"' "$T/now"
	kill -INT "$shower"
	ends 0
	shown | diff "$T/fbcon" -
}

# no mode is so large: the largest that it fills
takes_the_next_mode()
{
	show --size 1000x700
	grep -F ', mode 800x600 at ' "$T/out"
	is_shown $'\t\tsize=1000x700'
	kill -HUP "$shower"
	ends 0
}

chooses_a_device()
{
	start "$ZINC" show --size 800x600 --frames 1 "$R"
	soon notified_until gone
	ends 0
	grep -F "on $CONNECTOR, mode" "$T/out"
}

# The written bytes, the last line that fits, and one byte less
fits_exactly()
{
	show --size 800x1024 --offset 917504
	kill -TERM "$shower"
	ends 0
	refused "it has 4194304 bytes, too few for 800x1024 pixels of XR24 with 3200 bytes per line from byte 917505" \
		--device "$CARD" --size 800x1024 --offset 917505 "$R"
}

# The descriptors of the device, the signals, the region and the card leave none.
refused_with_few()
{
	ulimit -n 7
	refused "$1" --device "$CARD" --size 640x480 "$R"
}

second_program()
{
	show --size 800x600
	refused "cannot show $R on $CARD: another program uses the display; end it" \
		--device "$CARD" --size 800x600 "$R"
	kill -TERM "$shower"
	ends 0
}

no_device()
{
	refused "on /dev/dri/card*: no device has a connected display" --size 640x480 "$R"
}

without_devices()
{
	export -f no_device refused shown
	export T ZINC R STATE PATIENCE
	unshare -m bash -ec 'mount -t tmpfs none /dev/dri; no_device'
}

disconnected()
{
	echo off >"$node/${node##*/}-$CONNECTOR/status"
	refused "$CARD: no display is connected to it" --device "$CARD" --size 640x480 "$R"
	refused "$CARD: no display is connected to $CONNECTOR" --device "$CARD" \
		--connector "$CONNECTOR" --size 640x480 "$R"
	# devices of another kind, such as vkms, would do as well
	all_connectors off
	no_device
}

# all_connectors off|detect
all_connectors()
{
	local status

	for status in /sys/class/drm/card*-*/status; do
		echo "$1" >"$status"
	done
}

connect_again()
{
	all_connectors detect
	show --size 800x600
	kill -TERM "$shower"
	ends 0
}

other_user()
{
	chmod 666 /dev/zinc
	chmod 600 "$CARD"
	refused_as_nobody "on $CARD: permission denied" --device "$CARD"
	refused_as_nobody "on /dev/dri/card*: permission denied"
}

refused_as_nobody()
{
	local text=$1

	shift
	! setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$ZINC" show "$@" --size 640x480 "$R" >"$T/err" 2>&1 || return 1
	cat "$T/err"
	grep -qF -- "$text" "$T/err"
}

"$ZINC" create --lifetime persist --mode 0666 "$R" 4M >/dev/null || exit 1
"$ZINC" create --lifetime persist "$R-small" 4K >/dev/null || exit 1
shown >"$T/fbcon"
is "the console has the display" grep -F '[fbcon]' "$T/fbcon"
is "a region is shown, and the console again" shows_the_region
if command -v strace >/dev/null; then
	is "each notify is told to the driver; it is we who restore" follows
else
	skip "each notify is told to the driver" "needs strace"
fi
is "SIGINT restores" restores_after INT 0
is "SIGHUP restores" restores_after HUP 0
is "SIGKILL: the kernel restores, and nothing is left" restores_after KILL 137
is "format, stride, offset, connector" lays_it_out
is "the largest mode that the picture fills" takes_the_next_mode
is "the first device that will do" chooses_a_device
is "a picture up to the last byte, and no further" fits_exactly
is "a region that is too small" refused "cannot show $R-small on $CARD: it has 4096 bytes, too few" \
	--device "$CARD" --size 640x480 "$R-small"
is "a format that the driver does not have" refused \
	"its driver refuses 640x480 pixels of AR30 with 2560 bytes per line: " \
	--device "$CARD" --size 640x480 --format AR30 "$R"
is "a picture that fills no mode" refused "16x16 pixels fill no mode" \
	--device "$CARD" --size 16x16 "$R"
is "a connector that is not there" refused "$CARD: it has no connector HDMI-A-9" \
	--device "$CARD" --connector HDMI-A-9 --size 640x480 "$R"
is "a device that is not there" refused "on /dev/dri/none: No such file" \
	--device /dev/dri/none --size 640x480 "$R"
is "a device that is none" refused "on /dev/null: not a display device" \
	--device /dev/null --size 640x480 "$R"
is "no device at all" without_devices
is "too few descriptors" refused_with_few "cannot export $R: this process has too many open files"
is "a second program is refused, the first stays" second_program
is "no display connected" disconnected
is "connected again" connect_again
is "another user" other_user
is "in the end the console has the display" is_shown $'\t\tallocated by = [fbcon]'
finish
