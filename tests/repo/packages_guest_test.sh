#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # sh gets its commands in single quotes; is() calls functions
#
# The Debian packages of build/deb on a machine: installed by apt, the module built by
# DKMS and loaded, /dev/zinc open to the group render, README.md's example as a user of
# that group; then purged. Changes the machine: for a guest,
#   tests/vm/run --no-module -- tests/repo/packages_guest_test.sh
# Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

[ -d /run/zinc-vm ] || skip_all "changes the machine, so only a guest runs it"
release=$(uname -r)
[ -d "/usr/src/linux-headers-$release" ] ||
	skip_all "the guest has no headers of its kernel: expected linux-headers-$release on this machine"
ls build/deb/*.deb >/dev/null 2>&1 || skip_all "there is no package in build/deb: run make deb"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
unset ZINC_BACKEND
T=$(mktemp -d) || exit 1
chmod 755 "$T"
udevd=''
trap '[ -z "$udevd" ] || kill "$udevd"' EXIT

# no list of what could be downloaded; of the indexes of manual pages, none
apt()
{
	rm -f /var/lib/man-db/auto-update
	apt-get -y -q --no-download -o "Dir::State::lists=$T/none" -o APT::Sandbox::User=root "$@"
}

packages=(libzinc-kmod1 libzinc-kmod-dev libzinc-core-compat libzinc-drm1 zinc-tools
	zinc-dkms python3-zinc)

# the kernel's modules are read-only in a guest
writable_modules()
{
	mkdir -p "$T/upper" "$T/work" "$T/none/partial"
	mount -t overlay -o "lowerdir=/lib/modules/$release,upperdir=$T/upper,workdir=$T/work" \
		overlay "/lib/modules/$release"
	[ -e "/lib/modules/$release/build/Makefile" ]
}

installs()
{
	local package debs=()

	for package in "${packages[@]}"; do
		debs+=("$(ls ./build/deb/"$package"_*.deb)")
	done
	apt install "${debs[@]}"
	dkms status zinc | grep ": installed"
}

loads()
{
	/lib/systemd/systemd-udevd --daemon
	udevd=$(pidof systemd-udevd)
	echo "$udevd" >"$T/udevd"
	modprobe zinc
	udevadm settle
	modinfo -n zinc | grep /updates/
	grep -qx zinc /usr/lib/modules-load.d/zinc.conf
}

group_may_open()
{
	[ "$(stat -c '%U:%G %a' /dev/zinc)" = "root:render 660" ]
}

lock_folder()
{
	systemd-tmpfiles --create zinc.conf
	[ "$(stat -c '%U %a' /run/lock/zinc)" = "root 1777" ]
}

# by USER COMMAND...
by()
{
	local user=$1

	shift
	(cd "$T" && exec setpriv --reuid "$user" --regid "$user" --init-groups \
		env HOME="$T" "$@")
}

users()
{
	useradd -M -G render zinc-alice
	useradd -M zinc-bob
}

example()
{
	sed -n '/^```c hello.c$/,/^```$/p' README.md | sed '1d;$d' >"$T/hello.c"
	sed -n '/^```python hello.py$/,/^```$/p' README.md | sed '1d;$d' >"$T/hello.py"
	[ -s "$T/hello.c" ] && [ -s "$T/hello.py" ]
	# shellcheck disable=SC2046
	cc -o "$T/hello" "$T/hello.c" $(pkg-config --cflags --libs zinc-kmod)
	by zinc-alice sh -c '
		ZINC_BACKEND=kmod
		export ZINC_BACKEND
		./hello &
		until zinc stat greeting >/dev/null 2>&1; do
			kill -0 $! || exit
			sleep 0.1
		done
		python3 hello.py && wait $!' >"$T/said"
	cat "$T/said"
	grep -qx 'read: hello from C' "$T/said"
	grep -qx 'answered: Python read' "$T/said"
}

doctor_is_content()
{
	by zinc-alice zinc doctor >"$T/doctor" || { cat "$T/doctor"; return 1; }
	cat "$T/doctor"
	grep -q '^ok *backend *kmod' "$T/doctor"
	! grep -q '^fail' "$T/doctor"
}

others_may_not()
{
	local status=0

	by zinc-bob zinc create other 64K 2>"$T/refused" || status=$?
	cat "$T/refused"
	[ "$status" -eq 3 ]
	grep -q 'this user may not open it' "$T/refused"
}

purges()
{
	rmmod zinc
	apt purge "${packages[@]}"
	udevadm settle
	[ ! -e /dev/zinc ]
	[ ! -e "/usr/src/zinc-$(sed -n 's/^VERSION := //p' Makefile)" ]
	[ -z "$(find "/lib/modules/$release" -name 'zinc.ko*')" ]
	[ ! -e /usr/lib/udev/rules.d/60-zinc.rules ]
	! command -v zinc
}

is "the kernel's folder of modules takes another" writable_modules
is "apt installs the packages, and DKMS the module" installs
is "the module loads from where DKMS has put it" loads
udevd=$(cat "$T/udevd" 2>/dev/null)
is "/dev/zinc is the group render's" group_may_open
if command -v systemd-tmpfiles >/dev/null; then
	is "systemd-tmpfiles makes the folder for locks" lock_folder
else
	skip "systemd-tmpfiles makes the folder for locks" "there is no systemd"
fi
is "users of the group, and others" users
is "README's example runs by a user of the group, on the module" example
is "doctor finds nothing that fails" doctor_is_content
is "a user who is not in the group is told" others_may_not
is "a purge takes everything away" purges
finish
