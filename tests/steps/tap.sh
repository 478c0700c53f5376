# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for test scripts. Sourced, never run. A test is a command, mostly a
# function, that fails at its first failing line; its output is shown if it
# fails.

tap_count=0
tap_failed=0
tap_output=$(mktemp)

# is WHAT COMMAND...: a test
is()
{
	local what=$1 status

	shift
	# in a condition set -e would be off
	(set -eo pipefail; "$@") </dev/null >"$tap_output" 2>&1
	status=$?
	result "$what" "$status" "$tap_output"
}

# result WHAT STATUS OUTPUT: report a test that has been run already
result()
{
	tap_count=$((tap_count + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $tap_count $1"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count $1"
	tail -n 40 "$3" | tr -d '\0' | sed 's/^/# /'
	echo "# exit status $2"
}

# skip WHAT WHY: a test that cannot be run here
skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

# skip_all WHY: none can
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 4
}

# finish: the plan; fails if a test has
finish()
{
	rm -f "$tap_output"
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}

# copy_tree DIRECTORY: this tree as a fresh clone has it
copy_tree()
{
	mkdir -p "$1"
	tar -cf - --exclude=./build --exclude=./.git --exclude=__pycache__ . |
		tar -xf - -C "$1"
}
