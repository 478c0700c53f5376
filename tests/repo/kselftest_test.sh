#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# This directory as a part of the kernel's selftests: put into a kernel tree,
# built and installed by the tree's own makefiles, run by its own
# run_kselftest.sh in a guest.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tree=build/kselftest/tree/tools/testing/selftests
installed=build/kselftest/installed
n=0

result()
{
	local status=$1
	shift
	n=$((n + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $n $*"
	else
		echo "not ok $n $*"
	fi
}

lay_out()
{
	local source
	source=$(tests/vm/kernel source 6.1) || return 1
	rm -rf build/kselftest
	mkdir -p build/kselftest || return 1
	cp -a "$source" build/kselftest/tree || return 1
	mkdir "$tree/zinc" || return 1
	cp tests/*.[ch] tests/*.comp tests/Makefile tests/config tests/settings "$tree/zinc"
	cp -r tests/importer "$tree/zinc"
	# where `make headers` would put it
	mkdir -p build/kselftest/tree/usr/include/linux
	cp uapi/linux/zinc.h build/kselftest/tree/usr/include/linux
}

build()
{
	make -C "$tree" TARGETS=zinc FORCE_TARGETS=1 UAPI= \
		KHDR_INCLUDES="-isystem $PWD/build/kselftest/tree/usr/include" \
		INSTALL_PATH="$PWD/$installed" install
}

# the tests that the runner lists, by its own -l
listed()
{
	"$installed/run_kselftest.sh" -l | sort
}

expected()
{
	local f
	for f in tests/abi_*.c; do
		basename "$f" .c
	done | sed 's/^/zinc:/' | sort
}

run()
{
	tests/vm/run --kernel 6.1 --timeout 1500 \
		--allow-dmesg 'uses deprecated remap_file_pages' -- \
		"$installed/run_kselftest.sh" -c zinc
}

echo 1..4
lay_out >&2
result $? "laid out as tools/testing/selftests/zinc"
build >&2
result $? "built and installed by the kernel's makefiles"
diff <(expected) <(listed | grep ':abi_') >&2
result $? "every program is listed by run_kselftest.sh -l"
log=build/kselftest/log
run >"$log" 2>&1
status=$?
sed 's/^/# /' "$log"
[ $status -eq 0 ] && grep -q '^ok 1 selftests: zinc: abi_' "$log" &&
	! grep -q '^not ok' "$log"
result $? "run by run_kselftest.sh, all passed"
