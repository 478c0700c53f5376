#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # is() calls the functions
#
# A region that survives the restart of its service, by the descriptor store of a real
# systemd: the manager of a user, in namespaces of its own. Only a region of the module has
# a descriptor to keep. Runs as root. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

SYSTEMD=/lib/systemd/systemd
[ "$(id -u)" = 0 ] || skip_all "needs root, for namespaces"
[ -e /dev/zinc ] || skip_all "there is no /dev/zinc: modprobe zinc"
[ -x $SYSTEMD ] || skip_all "systemd is not installed"
if [ -z "${SYSTEMD_TEST_ALONE:-}" ]; then
	# systemd wants a machine that systemd has booted, with control groups of version 2
	# shellcheck disable=SC2016
	SYSTEMD_TEST_ALONE=1 exec unshare --mount --pid --fork --kill-child --mount-proc bash -c '
		[ -e /sys/fs/cgroup/cgroup.controllers ] || {
			umount -R /sys/fs/cgroup
			mount -t cgroup2 none /sys/fs/cgroup
		} || exit
		group=/sys/fs/cgroup/zinc-systemd-test.$(readlink /proc/self/ns/pid | tr -dc 0-9)
		mkdir "$group"
		(echo $BASHPID >"$group/cgroup.procs" && exec "$0")
		status=$?
		for n in $(seq 100); do
			find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
			[ -d "$group" ] || break
			sleep 0.1
		done
		exit $status' "$PWD/tests/containers/systemd_test.sh"
fi

PATIENCE=${PATIENCE:-100}
T=$(mktemp -d) || exit 1
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mkdir -p /run/systemd/system /run/user/0 "$T/config/systemd/user"
export XDG_RUNTIME_DIR=/run/user/0 XDG_CONFIG_HOME=$T/config HOME=$T LC_ALL=C.UTF-8
unset ZINC_BACKEND
manager=''
cleanup()
{
	[ -z "$manager" ] || { kill "$manager"; wait "$manager"; }
	rm -rf "$T"
}
trap cleanup EXIT

soon()
{
	local end=$((SECONDS + PATIENCE))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

user()
{
	timeout "$PATIENCE" systemctl --user "$@"
}

# the unit that is shipped, with the program and the library of this tree
unit()
{
	sed -e "s|/usr/share/doc/zinc/examples|$PWD/lib/examples|" \
		lib/packaging/containers/zinc-counter.service \
		>"$T/config/systemd/user/zinc-counter.service"
	grep -q "$PWD/lib/examples/fdstore.py" "$T/config/systemd/user/zinc-counter.service"
	mkdir "$T/config/systemd/user/zinc-counter.service.d"
	cat >"$T/config/systemd/user/zinc-counter.service.d/tree.conf" <<-TXT
	[Service]
	Environment=PYTHONPATH=$PWD/lib/python ZINC_LIBRARY=$PWD/build/lib/libzinc-kmod.so.1
	Environment=PYTHONDONTWRITEBYTECODE=1
	StandardError=append:$T/said
	TimeoutStartSec=$PATIENCE
	RestartSec=100ms
	TXT
}

starts()
{
	build/bin/zinc read --bytes 8 counter | od -An -t u8 | tr -d ' '
}

starts_are()
{
	[ "$(starts)" = "$1" ]
}

main_pid()
{
	user show -P MainPID zinc-counter
}

first_start()
{
	user start zinc-counter || { cat "$T/said"; return 1; }
	starts_are 1
	[ "$(user show -P NFileDescriptorStore zinc-counter)" = 1 ]
}

# RestartSec= is how long systemd waits: nobody but systemd has the region then
restart_keeps()
{
	local id

	id=$(build/bin/zinc ls --output name,id | awk '$1 == "counter" { print $2 }')
	[ -n "$id" ]
	user restart zinc-counter
	starts_are 2
	[ "$(build/bin/zinc ls --output name,id | awk '$1 == "counter" { print $2 }')" = "$id" ]
}

kill_keeps()
{
	kill -KILL "$(main_pid)"
	soon starts_are 3
	soon user is-active zinc-counter
}

stop_ends()
{
	local status=0

	user stop zinc-counter
	build/bin/zinc ls --output name,state
	build/bin/zinc stat counter || status=$?
	[ "$status" -eq 3 ]
}

is "the unit that is shipped" unit
$SYSTEMD --user --log-target=console >"$T/log" 2>&1 &
manager=$!
if ! soon test -S /run/user/0/systemd/private; then
	skip "a region in systemd's descriptor store" "systemd does not run here: $(tail -n 1 "$T/log")"
	finish
	exit
fi
is "a service creates a region, and systemd keeps its descriptor" first_start
if [ "$tap_failed" -gt 0 ]; then
	finish
	exit
fi
is "systemctl restart: the service finds the same region" restart_keeps
is "SIGKILL: likewise" kill_keeps
is "systemctl stop: the region ends" stop_ends
finish
