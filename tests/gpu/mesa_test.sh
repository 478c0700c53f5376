#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by is
#
# OpenGL ES and Vulkan on regions, and the example programs, in guests that have
# a Mesa that imports dma-bufs. ZINC_KERNELS says which guests; TAP of all on
# stdout. The programs are those of `make tests`; the examples are built by the
# commands that their first comments give.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh
# shellcheck source-path=SCRIPTDIR source=screen.sh
. tests/gpu/screen.sh

EXAMPLES=$PWD/build/examples
PICTURES=$PWD/build/pictures
# vivid, where the machine is slow: a message with a call trace
VIVID_IS_LATE='^schedule_timeout: wrong timeout value|Comm: vivid-|^Hardware name: '
VIVID_IS_LATE+='|^Call Trace:$|^ </?TASK>$|^ (\? )?[a-z_0-9.]+\+0x'
PATIENCE=120	# seconds for what must happen: a guest may be slow

# ---- on the host ----

# The library, as it is when it is installed, and the examples with it
build_examples()
{
	local name
	rm -rf "$EXAMPLES"
	mkdir -p "$EXAMPLES"
	make -C lib O="$PWD/build/lib" PREFIX="$EXAMPLES/usr" install
	cp lib/examples/* "$EXAMPLES"
	cd "$EXAMPLES"
	export PKG_CONFIG_PATH=$EXAMPLES/usr/lib/pkgconfig
	for name in kms gles vulkan v4l2; do
		sed -n 's/^ \*\t\(cc\|glslangValidator\) /\1 /p' "$name.c" |
			sed 's/^cc /cc -Wall -Wextra -Werror /' >"$name.sh"
		bash -ex "$name.sh"
		[ -x "$name" ]
	done
}

are_short()
{
	local name
	for name in lib/examples/*.c; do
		# three programs: capture into slots, export, output
		[ "$name" = lib/examples/v4l2.c ] || [ "$(wc -l <"$name")" -lt 150 ]
	done
}

# retell KERNEL LOG: a guest's results, renumbered. It should skip nothing: this root has
# every package.
retell()
{
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*'# SKIP'*) result "$1: ${line#ok * }" 1 /dev/null ;;
		'ok '*)		result "$1: ${line#ok * }" 0 /dev/null ;;
		'not ok '*)	result "$1: ${line#not ok * }" 1 /dev/null ;;
		*)		echo "# $line" ;;
		esac
	done <"$2"
}

host()
{
	local kernel log status
	local -a kernels
	read -ra kernels <<<"${ZINC_KERNELS:-6.1 6.12}"
	pkg-config --exists egl glesv2 vulkan libdrm ||
		skip_all "no headers of EGL, OpenGL ES, Vulkan or libdrm: run tests/repo/setup test"
	is "the examples are short" are_short
	is "the examples are built as they say" build_examples
	for kernel in "${kernels[@]}"; do
		log=$EXAMPLES/$kernel.log
		tests/vm/run --kernel "$kernel" --root mesa --device cirrus \
			--allow-dmesg "$VIVID_IS_LATE" --timeout 1500 -- tests/gpu/mesa_test.sh >"$log" 2>&1
		status=$?
		retell "$kernel" "$log"
		result "$kernel: guest and kernel have nothing to say" $status /dev/null
	done
	finish
}

# ---- in the guest ----

# program NAME: its results as they are, and one for how it ended
program()
{
	"build/tests/$1" 2>&1
	result "$1 ends well" $? /dev/null
}

# However a test ends
clean_up()
{
	local name
	kill "$running" || :
	for name in from to shown; do
		"$ZINC" rm $name || :
	done
} 2>/dev/null

# start NAME ARGUMENT...: an example, in the background
start()
{
	trap clean_up EXIT
	"$EXAMPLES/$1" "${@:2}" 2>"$T/$1.err" &
	running=$!
}

# stop: by a signal, as a user does; it must not have ended before
stop()
{
	local status
	kill "$running"
	wait "$running" && status=0 || status=$?
	cat "$T"/*.err
	[ "$status" = 143 ]
}

# paint FILE BYTES FRAME: no two frames have a byte in common
paint()
{
	python3 - "$@" <<-'PY'
	import sys
	import numpy
	path, size, frame = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
	at = numpy.arange(size)
	((at * 7 + at // 256 * 3 + frame * 31) % 256).astype("uint8").tofile(path)
	PY
}

# negatives NAME SIZE ARGUMENT...: every frame that is written to one region
# comes out of the other
negatives()
{
	local name=$1 size=$2 frame
	"$ZINC" create --lifetime persist from "$size"
	"$ZINC" create --lifetime persist to "$size"
	start "$name" from to "${@:3}"
	for frame in 1 2 3; do
		paint "$T/in" "$size" $frame
		"$ZINC" write from "$T/in"
		"$ZINC" wait --timeout $((PATIENCE * 1000)) \
			--after $((frame - 1)) to
		"$ZINC" read to >"$T/out"
		is_negative "$T/in" "$T/out"
	done
	stop
}

scan_out()
{
	local size=$((640 * 480 * 4)) frame
	modprobe cirrus
	"$ZINC" create --lifetime persist shown $size
	start kms shown 640x480 /dev/dri/card0
	for frame in 1 2 3; do
		paint "$T/in" $size $frame
		"$ZINC" write shown "$T/in"
		soon_on_screen "$T/in" "$PICTURES/example.ppm"
	done
	screendump png "$PICTURES/example.png"
	stop
}

# Errors are told, and told once
refuses()
{
	local name=$1
	if timeout $PATIENCE "$EXAMPLES/$name" "${@:2}" 2>"$T/why"; then
		return 1
	fi
	[ "$(wc -l <"$T/why")" = 1 ]
	grep "^$name: " "$T/why"
}

guest()
{
	export ZINC_BACKEND=kmod LC_ALL=C.UTF-8
	export VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.json
	export LD_LIBRARY_PATH=$EXAMPLES/usr/lib
	ZINC=$PWD/build/bin/zinc
	T=$(mktemp -d)
	mkdir -p "$PICTURES"
	program gpu_gles
	program gpu_vulkan
	is "example gles" negatives gles 65536 256x64
	is "example vulkan" negatives vulkan 65536
	is "example kms" scan_out
	is "example gles refuses what is not there" refuses gles nowhere nowhere 64x64
	is "example vulkan refuses what is not there" refuses vulkan nowhere nowhere
	is "example kms refuses what is not there" refuses kms nowhere 64x64 /dev/null
	is "example v4l2 refuses what is not there" refuses v4l2 capture /dev/null nowhere
	finish
}

if [ -n "${ZINC_VM:-}" ]; then
	guest
else
	host
fi
