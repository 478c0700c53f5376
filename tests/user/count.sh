# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sums of what several suites came to. Sourced, never run.

passed=0 failed=0 skipped=0

# add PASSED FAILED SKIPPED
add()
{
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# counted COMMAND...: show what it prints, and add the sum that it closes with
counted()
{
	local log sum status

	log=$(mktemp)
	"$@" 2>&1 | tee "$log" | grep --line-buffered -v 'SKIP for the kernel module only'
	status=${PIPESTATUS[0]}
	sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
	rm -f "$log"
	if [ -z "$sum" ]; then
		echo "FAILED: $1 gave no sum, status $status"
		add 0 1 0
		return
	fi
	# shellcheck disable=SC2086 # six words
	set -- $sum
	add "$1" "$3" "$5"
	# a guest's kernel may have failed where no test has
	[ "$status" -eq 0 ] || [ "$3" -gt 0 ] || add 0 1 0
}

# finish: the last line
finish()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
