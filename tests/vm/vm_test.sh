#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest runner itself: what it passes on, and that it fails when it must.
# Everything else rests on that.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp) err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT
n=0

# guest STATUS NAME [OPTION...] -- COMMAND...: the runner must exit with STATUS
guest()
{
	local want=$1 name=$2 status=0
	shift 2
	n=$((n + 1))
	tests/vm/run --timeout 60 "$@" >"$out" 2>"$err" || status=$?
	if [ "$status" -eq "$want" ]; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		echo "# exit status $status, expected $want"
		sed 's/^/# /' "$out" "$err"
	fi
}

# holds NAME COMMAND...
holds()
{
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		sed 's/^/# /' "$out" "$err"
	fi
}

says()
{
	grep -q -- "$1" "$err"
}

echo 1..21
# shellcheck disable=SC2016 # the guest's shell expands it
guest 3 "exit status, output and place are passed on" -- sh -c \
	'echo "$PWD"; echo two >&2; test -c /dev/zinc && lsmod | grep -q ^zinc && exit 3'
holds "stdout is the command's alone" test "$(cat "$out")" = "$PWD"
holds "stderr is the command's alone" test "$(cat "$err")" = two

guest 0 "no module where none is wanted" --no-module -- test ! -e /dev/zinc

# the kernel warns of a program that is started without even a name
nameless='import ctypes; ctypes.CDLL(None).execve(b"/bin/true", None, None)'
guest 125 "a kernel message of level warning fails" -- \
	/usr/bin/python3 -c "$nameless"
holds "and is shown" says 'with NULL argv'
guest 0 "one that is allowed does not" --allow-dmesg 'with NULL argv' -- \
	/usr/bin/python3 -c "$nameless"
guest 0 "what is written from user space does not" -- \
	sh -c 'echo "<4>planted" >/dev/kmsg'

guest 125 "a crash of the kernel fails" -- sh -c 'echo c >/proc/sysrq-trigger'
holds "and is shown" says 'sysrq triggered crash'
guest 125 "a guest that ends early fails" -- sh -c 'echo o >/proc/sysrq-trigger; sleep 60'

guest 124 "a command that hangs is stopped" --timeout 20 -- sleep 1000
holds "and it is said" says 'the 20 s are over'

guest 125 "a module that cannot be unloaded fails" -- \
	build/bin/zinc create left-behind 4K --lifetime persist
holds "and it is said" says 'zinc cannot be unloaded'

guest 125 "an option that is not known fails" --no-such-option -- true
holds "and is named" says 'no-such-option'

# shell KERNEL MACHINE: a shell there, which shows where it is and ends with a status
# shellcheck disable=SC2016 # the guest's shell expands it
shell()
{
	local status=0

	tests/vm/terminal 'echo "at $(uname -m) $PWD $(tty)"; test -c /dev/zinc && exit 7' \
		tests/vm/run --kernel "$1" --shell >"$out" 2>"$err" || status=$?
	[ "$status" -eq 7 ] && grep -q "^at $2 $PWD /dev/tty" "$out"
}

holds "--shell gives a shell" shell 6.1 x86_64
holds "and so does that of another architecture" shell 6.1-arm64 aarch64
status=0
tests/vm/run --shell </dev/null >"$out" 2>"$err" || status=$?
holds "--shell without a terminal fails" test "$status" -eq 125
holds "and it is said" says 'needs a terminal'
