#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module is not built for a kernel that it cannot work on, and says why: the
# preprocessor gets that far by itself, with headers that are empty.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/steps/tap.sh
headers=$(mktemp -d)
trap 'rm -rf "$headers"' EXIT

# preprocess VERSION [CONFIG...]: compat.h for such a kernel
preprocess()
{
	local version=$1 config=()
	shift
	[ $# -eq 0 ] || config=("${@/#/-DCONFIG_}")
	cat >"$headers/linux/version.h" <<-TXT
	#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
	#define LINUX_VERSION_CODE KERNEL_VERSION($version)
	TXT
	cpp -nostdinc -I "$headers" "${config[@]}" kmod/compat.h
}

refuses()
{
	local why=$1 said
	shift
	if said=$(preprocess "$@" 2>&1 >/dev/null); then
		echo "taken"
		return 1
	fi
	echo "$said"
	grep -q "#error \"zinc .*$why" <<<"$said"
}

mkdir "$headers/linux"
grep -ho '#include <linux/.*>' kmod/compat.h | sed 's/.*<\(.*\)>/\1/' |
	while read -r header; do : >"$headers/$header"; done

is "6.1 is taken" preprocess 6,1,0
is "6.0 is not" refuses "6.1 or later" 6,0,19
is "x86 is taken" preprocess 7,2,0 X86_64 SMP
is "arm64 is taken" preprocess 6,12,0 ARM64 SMP
is "ARMv7 is taken" preprocess 6,12,0 ARM CPU_V7
is "Loongson with 16 KiB pages is taken" \
	preprocess 6,12,0 MIPS CPU_LOONGSON64 PAGE_SIZE_16KB
is "parisc's atomics are spinlocks" refuses "atomics" 6,12,0 PARISC 64BIT
is "sparc32's atomics are spinlocks" refuses "atomics" 6,12,0 SPARC SPARC32
is "those of ARC without LLSC are" refuses "atomics" 6,12,0 ARC
is "ARC with LLSC is taken" preprocess 6,12,0 ARC ARC_HAS_LLSC
for arch in SPARC SUPERH NIOS2 CSKY XTENSA M68K MIPS; do
	is "caches of $arch have aliases" refuses "aliases" 6,1,0 "$arch"
done
is "caches of ARMv5 have aliases" refuses "aliases" 6,1,0 ARM CPU_CACHE_VIVT
is "caches of ARMv6 have aliases" refuses "aliases" 6,1,0 ARM CPU_V6K
is "Loongson with 4 KiB pages has aliases" \
	refuses "aliases" 6,1,0 MIPS CPU_LOONGSON64

finish
