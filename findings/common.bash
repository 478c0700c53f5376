# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the findings share: packages of one version, unpacked into a folder that is removed
# at the end, programs run in it, and their output compared. Sourced, never run.

set -euo pipefail
FINDING=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source-path=SCRIPTDIR source=../tests/vm/common.sh
. tests/vm/common.sh
# shellcheck source-path=SCRIPTDIR source=../tests/vm/archive.sh
. tests/vm/archive.sh

ROOT=
SCRATCH=$(mktemp -d)
trap 'remove "$SCRATCH"' EXIT

# announce: print the head of the finding, with the guess
announce()
{
	sed -n '3,/^$/s/^# \{0,1\}//p' "$FINDING"
	echo
}

# pin NAME=VERSION...: fail unless the suites of apt_for have these versions
pin()
{
	local package has
	for package; do
		has=$(apt-cache "${APT[@]}" policy "${package%%=*}" |
			sed -n 's/^  Candidate: //p')
		[ "$has" = "${package#*=}" ] ||
			die "$package: ${has:-none} is there now; look at this finding again"
	done
}

# debian SUITE NAME=VERSION...: set ROOT to a new folder with these packages, all they need,
# a shell and its tools
debian()
{
	local suite=$1
	shift
	apt_for "$suite"
	pin "$@"
	ROOT=$(mktemp -d -p "$SCRATCH")
	chmod 755 "$SCRATCH" "$ROOT"
	unpack_root "$ROOT" bash dash coreutils grep sed mawk libc-bin util-linux "${@%%=*}" 2>/dev/null
	# those of a provider that a maintainer script would choose
	printf '/usr/lib/x86_64-linux-gnu/%s\n' blas lapack pulseaudio \
		>"$ROOT/etc/ld.so.conf.d/chosen.conf"
	chroot "$ROOT" /usr/sbin/ldconfig
	printf '%s\n' "$suite: $*"
}

# plus NAME=VERSION...: add packages without what they need
plus()
{
	pin "$@"
	unpack "$ROOT" "${@%%=*}" 2>/dev/null
	printf '%s\n' "plus $*"
}

# npm_pack NAME@VERSION: unpack a package of npm into a folder, and print that
npm_pack()
{
	local dir
	dir=$(mktemp -d -p "$SCRATCH")
	npm pack --silent --pack-destination "$dir" "$1" >/dev/null
	tar -xzf "$dir"/*.tgz -C "$dir"
	echo "$dir/package"
}

# inside: run the shell script of the standard input in ROOT. /dev/shm and /tmp are
# new there, and every process of it ends with it. SHM_SIZE is the size of /dev/shm.
inside()
{
	local -a ns=(unshare --mount --pid --fork --kill-child --propagation private)
	[ "$(id -u)" = 0 ] || ns+=(--map-root-user)
	cat >"$ROOT/script"
	# shellcheck disable=SC2016 # the inner shell expands it
	"${ns[@]}" sh -c '
		mount --bind "$1" "$1" && cd "$1" && mkdir -p proc dev tmp &&
		mount --rbind /dev dev && mount -t proc proc proc && mount -t tmpfs tmpfs tmp &&
		mount -t tmpfs -o "size=$2" tmpfs dev/shm &&
		exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C.UTF-8 \
			bash -c "cd /tmp && . /script"
	' sh "$ROOT" "${SHM_SIZE:-64M}"
}

# alone COMMAND...: run it with this machine's files, but with a /dev/shm of its own, of
# SHM_SIZE
alone()
{
	local -a ns=(unshare --mount --pid --fork --kill-child --propagation private)
	[ "$(id -u)" = 0 ] || ns+=(--map-root-user)
	# shellcheck disable=SC2016 # the inner shell expands it
	"${ns[@]}" sh -c 'mount -t tmpfs -o "size=$1" tmpfs /dev/shm && shift && exec "$@"' \
		sh "${SHM_SIZE:-64M}" "$@"
}

# finding: compare the standard input with the file of descriptor 3, and say which it was
finding()
{
	local seen=$SCRATCH/seen wanted=$SCRATCH/wanted
	cat >"$seen"
	cat <&3 >"$wanted"
	echo "output:"
	sed 's/^/  /' "$seen"
	if ! diff -u --label expected "$wanted" --label "this run" "$seen"; then
		echo "the finding has changed"
		exit 1
	fi
	echo "the finding is as it was"
}

announce
