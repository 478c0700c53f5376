# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The module's test suite in a guest with a detector of its own, as TAP.
# Sourced by the parts that do so, behind tests/steps/tap.sh.

# programs TITLE FILE: a result for each program in what tests/steps/suite.py says
programs()
{
	local verdict title program counts status

	while read -r verdict title program counts; do
		[ "$title" = "$1" ] || continue
		status=0
		[ "$verdict" = ok ] || status=1
		result "$program: $(tr -s ' ' <<<"$counts")" "$status" "$2"
	done < <(cat "$2")
}

# suite_in_guest KERNEL WITHOUT MORE OPTION...: a result for each program but
# those that match WITHOUT, then one for the guest, in which MORE is run as well.
# What the kernel said stays in build/deep/KERNEL/kmsg.
suite_in_guest()
{
	local kernel=$1 without=$2 more=$3 out status=0
	local -a suite
	shift 3
	out=build/deep/$kernel
	rm -rf "$out"
	mkdir -p "$out"
	if ! make lib tests >"$out/make" 2>&1; then
		result "the test programs can be built" 1 "$out/make"
		return
	fi
	mapfile -t suite < <(printf '%s\n' build/tests/{abi,lib}_* |
		grep -vE "/($without)\$")
	ZINC_TEST_TIMEOUT=1500 ZINC_ROUNDS=2000 ZINC_BACKEND=kmod \
		tests/vm/run --kernel "$kernel" --timeout 3000 \
		--allow-dmesg 'uses deprecated remap_file_pages' "$@" -- \
		bash -c "tests/steps/suite.py $kernel ${suite[*]}
			status=\$?
			$more
			dmesg >$out/kmsg
			exit \$status" >"$out/suite" 2>"$out/verdict" || status=$?
	programs "$kernel" "$out/suite"
	is "the suite has run to its end" grep -q ' passed, .* failed, ' "$out/suite"
	# a failed program has a result of its own
	[ "$status" -ne 1 ] || status=0
	result "the kernel has nothing else to say" "$status" "$out/verdict"
}
