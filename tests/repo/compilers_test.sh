#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The library by other compilers, at other levels of optimization and with another
# C library, all without a warning; and on musl the tests of POSIX shared memory,
# statically and dynamically linked. TAP.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
number=0

# result STATUS TITLE
result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		sed 's/^/# /' "$T/log" | tail -n 25
	fi
}

skip()
{
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

# build TITLE FOLDER MAKE-ARGUMENT...: the library alone, any warning fails
build()
{
	local title=$1 folder=$2

	shift 2
	make -j2 -s -C lib O="$T/$folder" DRM= GST= "$@" >"$T/log" 2>&1
	result $? "$title"
}

echo 'TAP version 13'
build 'gcc -O0' O0 CFLAGS='-O0 -Werror'
build 'gcc -O3' O3 CFLAGS='-O3 -Werror'
build 'gcc -flto' lto CFLAGS='-O2 -flto -Werror'
if command -v clang >/dev/null; then
	build clang clang CC=clang CFLAGS='-O2 -Werror'
else
	skip clang 'no clang: tests/repo/setup test'
fi

if ! command -v musl-gcc >/dev/null; then
	skip musl 'no musl-gcc: tests/repo/setup test'
	echo "1..$number"
	exit 0
fi

# the kernel's headers, which musl-gcc does not look for
mkdir "$T/include"
for name in linux asm asm-generic; do
	for folder in "/usr/include/$(gcc -print-multiarch)" /usr/include; do
		if [ -d "$folder/$name" ]; then
			ln -s "$folder/$name" "$T/include/$name"
			break
		fi
	done
done
build musl musl CC=musl-gcc CPPFLAGS="-isystem $T/include" CFLAGS='-O2 -Werror'
ksft=$(tests/vm/kernel source 6.1)/tools/testing/selftests
for kind in static dynamic; do
	flags=(-static "$T/musl/libzinc-kmod.a")
	[ $kind = static ] || flags=("-L$T/musl" -lzinc-kmod "-Wl,-rpath,$T/musl")
	for program in lib_alive lib_layout lib_notify lib_header lib_args lib_gone; do
		# the harness compares literals of another sign
		musl-gcc -std=gnu11 -O2 -Wall -Wno-sign-compare -pthread -isystem "$ksft" \
			-isystem uapi -isystem "$T/include" -Ilib/include -Ilib -o "$T/$program" \
			"tests/$program.c" "${flags[@]}" >"$T/log" 2>&1 &&
			ZINC_BACKEND=shm timeout 120 "$T/$program" >"$T/log" 2>&1
		result $? "musl, $kind: $program"
	done
done
echo "1..$number"
