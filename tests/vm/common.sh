# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # used by those that source it
#
# What the guest tools share: where things are, how they speak, locks.
# Sourced, never run.

# The project's top directory, as the caller reaches it.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
CACHE=${ZINC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zinc}/vm
ME=${0##*/}
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL=C.UTF-8

say()
{
	printf '%s: %s\n' "$ME" "$*" >&2
}

die()
{
	say "$@"
	exit "${DIE_STATUS:-1}"
}

# need COMMAND GROUP: stop unless COMMAND is installed
need()
{
	command -v "$1" >/dev/null ||
		die "$1 is not installed; run: tests/repo/setup $2"
}

# with_lock FILE FUNCTION...: run FUNCTION while no one else holds FILE.
# Never call it on the left of || or in a condition: set -e is off there.
with_lock()
{
	local file=$1 fd
	shift
	mkdir -p "${file%/*}"
	exec {fd}>"$file"
	if ! flock -n "$fd"; then
		say "waiting for another run to release $file"
		flock "$fd"
	fi
	"$@"
	exec {fd}>&-
}

# remove DIRECTORY...: rm -rf, but never into what is mounted below
remove()
{
	local d
	for d; do
		if [ -e "$d" ] && grep -qF " $(readlink -f "$d")/" /proc/self/mounts; then
			die "something is mounted below $d: unmount it first"
		fi
		rm -rf --one-file-system "$d"
	done
}
