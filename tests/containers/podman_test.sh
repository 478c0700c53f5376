#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # backquotes of a page; is() calls the functions
#
# Regions between real containers of podman, as lib/doc/containers.md describes: on the
# module if there is /dev/zinc, otherwise on POSIX shared memory. Runs as root, in a mount
# namespace of its own. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

[ "$(id -u)" = 0 ] || skip_all "needs root, for namespaces"
command -v podman >/dev/null || skip_all "podman is not installed: tests/repo/setup packages"
if [ -z "${PODMAN_TEST_ALONE:-}" ]; then
	# crun refuses a machine that has control groups of both versions
	PODMAN_TEST_ALONE=1 exec unshare --mount bash -c '
		[ -e /sys/fs/cgroup/cgroup.controllers ] || {
			umount -R /sys/fs/cgroup
			mount -t cgroup2 none /sys/fs/cgroup
		} || exit
		mount -t tmpfs -o mode=1777 tmpfs /dev/shm
		exec "$0"' "$PWD/tests/containers/podman_test.sh"
fi

PATIENCE=${PATIENCE:-100}
T=$(mktemp -d) || exit 1
root=$T/root
run=()		# containers that run
unset ZINC_BACKEND
backend=shm
[ ! -e /dev/zinc ] || backend=kmod
# the default limits need CAP_SYS_RESOURCE
limits=(--cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

pod()
{
	timeout "$PATIENCE" podman --storage-driver vfs --root "$T/storage" \
		--runroot "$T/runroot" --tmpdir "$T/tmp" "$@"
}

cleanup()
{
	local name

	for name in "${run[@]}"; do
		pod rm -f -t 0 "$name" >/dev/null 2>&1
	done
	rm -rf --one-file-system "$T"
}
trap cleanup EXIT

# the command, its libraries, and a shell: no image is needed, nor a registry
fill_root()
{
	local file

	mkdir -p "$root"/{bin,dev,etc,proc,run,sys,tmp,lib}
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp build/bin/zinc "$root/bin/"
	while read -r file; do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done < <(ldd build/bin/zinc | grep -o '/[^ )]*' | grep -v "^$PWD/")
	# the command finds these beside itself
	cp -P build/lib/libzinc-*.so.1* "$root/lib/"
}

# in_container [OPTION...] -- COMMAND...: to its end
in_container()
{
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	pod run --rm "${limits[@]}" "${options[@]}" --rootfs "$root" "$@"
}

# start NAME [OPTION...] -- COMMAND...: in the background
start()
{
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	pod run -d --name "$name" "${limits[@]}" "${options[@]}" --rootfs "$root" "$@"
}

# soon COMMAND...: until it succeeds
soon()
{
	local end=$((SECONDS + PATIENCE))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

fails_with()
{
	local want=$1 status=0

	shift
	"$@" || status=$?
	[ "$status" -eq "$want" ]
}

podman_runs()
{
	in_container --network none -- /bin/zinc --version
}

# ---- POSIX shared memory: who shares /dev/shm ----------------------------------

producer_shares_shm()
{
	start producer --network none --ipc host -- /bin/zinc create frames 64K
	soon in_container --network none --ipc host -- /bin/zinc stat frames
}

bytes_cross_shm()
{
	in_container --network none --ipc host -- \
		/bin/sh -c 'echo hello | zinc write frames'
	[ "$(in_container --network none --ipc host -- /bin/zinc read --bytes 5 frames)" = hello ]
	# and the machine itself
	[ "$(build/bin/zinc read --bytes 5 frames)" = hello ]
}

own_shm_is_apart()
{
	fails_with 3 in_container --network none --ipc private -- /bin/zinc stat frames
}

# its pid means nothing here; its lock does
killed_producer_is_stale()
{
	pod kill producer
	pod wait producer
	in_container --network none --ipc host -- /bin/zinc ls --output name,state >"$T/ls"
	grep -E '^frames +STALE$' "$T/ls"
	in_container --network none --ipc host -- /bin/zinc rm --stale
	fails_with 3 build/bin/zinc stat frames
}

doctor_without_module()
{
	in_container --network none -- /bin/zinc doctor >"$T/doctor"
	cat "$T/doctor"
	grep -E '^ok +backend +shm: ' "$T/doctor"
}

# ---- the module: who shares the network namespace ---------------------------------

device_is_missing()
{
	fails_with 1 in_container --network none -- /bin/zinc doctor >"$T/doctor"
	cat "$T/doctor"
	grep -E '^fail +device +/dev/zinc is missing, though the module is loaded' "$T/doctor"
	grep -F -- '--device /dev/zinc' "$T/doctor"
}

producer_has_device()
{
	start producer --network none --device /dev/zinc -- /bin/zinc create frames 64K
	soon in_container --network container:producer --device /dev/zinc -- \
		/bin/zinc stat frames
}

bytes_cross_module()
{
	in_container --network container:producer --device /dev/zinc -- \
		/bin/sh -c 'echo hello | zinc write frames'
	[ "$(in_container --network container:producer --device /dev/zinc -- \
		/bin/zinc read --bytes 5 frames)" = hello ]
}

other_network_is_apart()
{
	fails_with 3 in_container --network none --device /dev/zinc -- /bin/zinc stat frames
	fails_with 3 build/bin/zinc stat frames
	# who may enter the namespace sees them
	[ "$(nsenter --net="/proc/$(pod inspect -f '{{.State.Pid}}' producer)/ns/net" \
		build/bin/zinc read --bytes 5 frames)" = hello ]
}

killed_producer_leaves_nothing()
{
	start witness --network container:producer --device /dev/zinc -- \
		/bin/zinc wait frames
	# the name stays as long as another has the region open
	soon in_container --network container:producer --device /dev/zinc -- \
		/bin/zinc stat frames
	pod kill producer
	pod wait producer
	pod kill witness
	pod wait witness
	! grep -q frames /sys/kernel/debug/zinc/regions
}

reservations_cross_networks()
{
	local status=0

	start holder --network none --device /dev/zinc -- \
		/bin/zinc lock --gpu vulkan:7 -- /bin/busybox sleep 1000
	soon reserved
	in_container --network none --device /dev/zinc -- \
		/bin/zinc lock --gpu vulkan:7 --timeout 0 -- /bin/busybox true || status=$?
	pod kill holder
	[ "$status" -eq 75 ]
}

reserved()
{
	build/bin/zinc locks --output lock,state | grep -E '^gpu vulkan:7 +held'
}

cdi_adds_device()
{
	mkdir -p /etc/cdi
	mount -t tmpfs none /etc/cdi
	cp lib/packaging/containers/zinc.yaml /etc/cdi/
	in_container --network none --device zinc/shm=all -- /bin/zinc doctor >"$T/doctor" ||
		{ cat "$T/doctor"; return 1; }
	grep -E '^ok +backend +kmod: ' "$T/doctor"
}

is "a root of the command and its libraries" fill_root
if ! podman_runs >"$T/why" 2>&1; then
	skip "containers" "podman runs none here: $(tail -n 1 "$T/why")"
	finish
	exit
fi
if [ $backend = shm ]; then
	is "--ipc host: a container sees the region of another" producer_shares_shm
	run+=(producer)
	is "and they exchange bytes, also with the machine" bytes_cross_shm
	is "a container with a /dev/shm of its own does not see it" own_shm_is_apart
	is "a killed container leaves a region that is known to be stale" killed_producer_is_stale
	is "doctor in a container: POSIX shared memory" doctor_without_module
else
	is "doctor in a container without the device says how to pass it" device_is_missing
	is "--network container: a container sees the region of another" producer_has_device
	run+=(producer)
	is "and they exchange bytes" bytes_cross_module
	is "another network namespace does not see it, nor does the machine" other_network_is_apart
	run+=(witness)
	is "killed containers leave nothing" killed_producer_leaves_nothing
	run+=(holder)
	is "a GPU that a container reserves is reserved in all others" reservations_cross_networks
	is "CDI: the file of the page gives a container the device" cdi_adds_device
fi
finish
