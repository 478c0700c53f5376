#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Devices that use a region's dma-buf: tests/dmabuf_*.c, in guests with the module of
# tests/importer. ZINC_KERNELS selects the kernels; TAP of all on stdout.
#
# The guests have memory above 4 GiB for a device that does not reach it, some of it in a zone
# where no page may be pinned. They fill the kernel's bounce buffers once, which it reports,
# and have one page with a memory error, which it reports too.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
read -ra kernels <<<"${ZINC_KERNELS:-6.1 6.12 newest}"
programs=(tests/dmabuf_*.c)
programs=("${programs[@]/#tests/build/tests}")
n=0 failed=0

# result STATUS WHAT
result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		failed=1
	fi
}

# retell KERNEL LOG: its results, under numbers of ours
retell()
{
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*)		result 0 "$1: ${line#ok * }" ;;
		'not ok '*)	result 1 "$1: ${line#not ok * }" ;;
		*)		echo "# $line" ;;
		esac
	done <"$2"
}

run()
{
	local log=build/importer/$1/output status
	local -a memory=(--memory 5G --append "movablecore=512M")
	# whose kernels have contiguous memory, where no page may be pinned
	case $1 in
	*-arm64*)	memory=(--memory 3G --append "cma=1664M") ;;
	esac
	# shellcheck disable=SC2016 # for that shell
	tests/vm/run --kernel "$1" "${memory[@]}" --timeout 1500 \
		--allow-dmesg 'swiotlb buffer is full' \
		--allow-dmesg 'Memory failure:|Injecting memory failure' \
		--module "build/importer/$1/zinc_importer.ko" -- \
		sh -c 'status=0
			for program; do "$program" || status=1; done
			exit $status' sh "${programs[@]%.c}" >"$log" 2>&1
	status=$?
	retell "$1" "$log"
	result "$status" "$1: guest and kernel have nothing to say"
}

for kernel in "${kernels[@]}"; do
	if tests/importer/build "$kernel"; then
		run "$kernel"
	else
		result 1 "$kernel: the module can be built"
	fi
done
echo "1..$n"
exit $failed
