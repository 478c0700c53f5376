#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The protocol of notify and wait, as litmus tests of the kernel's memory model:
# tests/litmus/*.litmus, each with the result that it is to have. They are run by
# herd7 (herdtools7), which Debian 12 does not have, with the model that is in a
# kernel tree's tools/memory-model, or where ZINC_LKMM says. Without herd7 it is
# only seen that each can be read and says what it is to show.

set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh
models=(/usr/src/linux*/tools/memory-model)
model=${ZINC_LKMM:-${models[-1]}}

# expected FILE: Never, Sometimes or Always
expected()
{
	sed -nE 's/^ \* Result: (Never|Sometimes|Always)$/\1/p' "$1"
}

# as herd7 wants it, as far as that can be told without it
well_formed()
{
	[ "$(head -n 1 "$1")" = "C $(basename "$1" .litmus)" ]
	[ "$(expected "$1" | wc -l)" = 1 ]
	[ "$(grep -cE '^P[0-9]+\(.*\)$' "$1")" -ge 2 ]
	[ "$(grep -c '^{.*}$' "$1")" = 1 ]
	tail -n 1 "$1" | grep -qE '^exists \(.*\)$'
	# every register of the last line is one of a process
	awk '
	/^P[0-9]+\(/ { process = substr($0, 2) + 0 }
	/^\tint r[0-9];$/ { known[process ":" substr($2, 1, 2)] = 1 }
	/^exists/ {
		while (match($0, /[0-9]:r[0-9]/)) {
			name = substr($0, RSTART, RLENGTH)
			if (!(name in known)) {
				print "no " name
				bad = 1
			}
			$0 = substr($0, RSTART + RLENGTH)
		}
	}
	END { exit bad }' "$1"
}

# run FILE: as the model says
as_expected()
{
	local file=$PWD/$1 out

	out=$(cd "$model" && herd7 -conf linux-kernel.cfg "$file")
	echo "$out"
	grep -q "^Observation $(basename "$1" .litmus) $(expected "$1") " <<<"$out"
}

count=0
for file in tests/litmus/*.litmus; do
	name=$(basename "$file" .litmus)
	count=$((count + 1))
	is "$name can be read" well_formed "$file"
	if ! command -v herd7 >/dev/null; then
		skip "$name: $(expected "$file")" "no herd7 here: install herdtools7"
	elif [ ! -e "$model/linux-kernel.cfg" ]; then
		skip "$name: $(expected "$file")" \
			"no memory model here: ZINC_LKMM=KERNEL/tools/memory-model"
	else
		is "$name: $(expected "$file")" as_expected "$file"
	fi
done
is "there are some" test "$count" -ge 2
finish
