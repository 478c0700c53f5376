#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kmod/THREATS.md and the programs that it names: every line names a test, every
# test that is named is there and is run, none of tests/abi_threats.c is missing.
# Needs no module. With ZINC_VM, a guest's kernel, it also looks at what the
# programs have printed there: a test that was skipped shows nothing.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh
page=${ZINC_THREATS:-kmod/THREATS.md}
posix='## A process that shares a region on POSIX shared memory'
logs=build/log/${ZINC_VM:-}
named=$(mktemp)
trap 'rm -f "$named"' EXIT

# The page as lines of: LINE BACKEND PROGRAM TEST
list_named()
{
	awk -v posix="$posix" '
	/^## / { backend = $0 == posix ? "shm" : "kmod" }
	!/^\| T[0-9]+ \|/ { next }
	{
		n = split($0, part, "`")
		# the text between a pair of them
		for (i = 2; i <= n; i += 2) {
			if (part[i] !~ /^(abi|lib)_[a-z_]+: /)
				continue
			program = part[i]
			sub(/:.*/, "", program)
			sub(/^[^:]*: /, "", part[i])
			m = split(part[i], test, /, */)
			for (j = 1; j <= m; j++)
				print $2, backend, program, test[j]
		}
	}' "$page"
}

# numbers PREFIX: the row numbers of the page, in order
numbers()
{
	sed -nE "s/^\| $1([0-9]+) \|.*/\1/p" "$page"
}

# head TEST: a regular expression for its first line
head_of()
{
	case $1 in
	*.*) echo "^TEST_F(_TIMEOUT)?\(${1%%.*}, ${1#*.}[,)]" ;;
	*) echo "^TEST(_TIMEOUT)?\($1[,)]" ;;
	esac
}

# body PROGRAM TEST: what it does, and the set-up of its fixture
body()
{
	awk -v head="$(head_of "$2")" -v setup="^FIXTURE_SETUP\\(${2%%.*}\\)" '
	$0 ~ head || $0 ~ setup { on = 1 }
	on { print }
	/^}/ { on = 0 }' "tests/$1.c"
}

numbered_from_one()
{
	local prefix

	for prefix in T N; do
		diff <(numbers $prefix) <(seq "$(numbers $prefix | wc -l)")
		[ "$(numbers $prefix | wc -l)" -ge 10 ]
	done
}

names_a_test()
{
	local bare

	bare=$(comm -23 <(numbers T | sed 's/^/T/' | sort) \
		<(cut -d' ' -f1 "$named" | sort -u))
	[ -z "$bare" ] || { echo "without a test: $bare"; return 1; }
}

# a row that looks like a test but cannot be parsed would not be checked
is_understood()
{
	awk '/^\| T[0-9]+ \|/ {
		n = split($0, column, " \\| ")
		if (n != 4 || column[2] == "" || column[3] == "") {
			print "not four columns: " $0
			bad = 1
		}
		sub(/ \|$/, "", column[4])
		if (column[4] !~ /^`(abi|lib)_[a-z_]+: [a-z0-9_.]+(, [a-z0-9_.]+)*`( `(abi|lib)_[a-z_]+: [a-z0-9_.]+(, [a-z0-9_.]+)*`)*$/) {
			print "not program: test: " column[4]
			bad = 1
		}
	}
	/^\| N[0-9]+ \|/ && split($0, column, " \\| ") != 3 {
		print "without a recommendation: " $0
		bad = 1
	}
	END { exit bad }' "$page"
}

tests_exist()
{
	local bad=0 line program test

	while read -r line _ program test; do
		if ! grep -qE "$(head_of "$test")" "tests/$program.c"; then
			echo "$line: no $test in tests/$program.c"
			bad=1
		fi
	done <"$named"
	return $bad
}

# what a test of the library says that it is not for
tests_are_of_the_backend()
{
	local bad=0 line backend program test other

	while read -r line backend program test; do
		other=NEED_KMOD
		[ "$backend" = shm ] || other=NEED_SHM
		if body "$program" "$test" | grep -q "$other()"; then
			echo "$line: $program: $test is skipped there"
			bad=1
		fi
	done <"$named"
	return $bad
}

tests_are_named()
{
	local bare

	bare=$(comm -23 <(sed -nE 's/^TEST_F(_TIMEOUT)?\(([a-z_]+), ([a-z0-9_]+).*/\2.\3/p' \
		tests/abi_threats.c tests/abi_cve_patterns.c | sort) \
		<(cut -d' ' -f4 "$named" | sort -u))
	[ -z "$bare" ] || { echo "in no line: $bare"; return 1; }
}

# ran PROGRAM TEST: its last log has a result, and not that it was skipped
ran()
{
	grep -qE "^ok [0-9]+ (global\.)?${2//./\\.}\$" "$logs/$1.log"
}

tests_were_run()
{
	local bad=0 looked=0 line backend program test

	while read -r line backend program test; do
		[ "$backend" = kmod ] || continue
		[ "$logs/$program.log" -nt "tests/$program.c" ] || continue
		looked=$((looked + 1))
		if ! ran "$program" "$test"; then
			echo "$line: $program: $test was skipped, or failed"
			bad=1
		fi
	done <"$named"
	echo "looked at $looked"
	[ "$looked" -gt 0 ]
	return $bad
}

list_named >"$named"
is "the lines have numbers, from 1, in order" numbered_from_one
is "every line can be read" is_understood
is "every line names a test" names_a_test
is "every test that is named is there" tests_exist
is "none is for the other backend" tests_are_of_the_backend
is "every test of threats and patterns is in a line" tests_are_named
if [ -n "${ZINC_VM:-}" ] && [ -d "$logs" ]; then
	is "all of the module's were run on $ZINC_VM" tests_were_run
else
	skip "all of the module's were run" "no guest in which they were"
fi
finish
