#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmarks, not their figures: they build, every contender reports or says
# why not, a wrong payload is noticed, and the report reckons right. Natively, on
# POSIX shared memory, with hardly any rounds. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

WORK=$PWD/build/bench-test
BIN=$WORK/bin
# what makes 256 MiB is left to `make bench`
ROWS=(notify fastpath pending pingpong fanout frames lookup reserve dmabuf fence footprint rt)
export ZINC_BACKEND=shm ZINC_BENCH_QUICK=''
rm -rf "$WORK"
mkdir -p "$WORK/native"

build()
{
	make -s lib
	! make -C tests/bench -s O="$BIN" LIB="$PWD/build/lib" 2>&1 | grep .
}

# run_row ROW: each case has the same contenders, with samples or a reason
run_row()
{
	timeout 300 "$BIN/$1" --tiny >"$WORK/native/$1.json"
	/usr/bin/python3 - "$WORK/native/$1.json" <<'PY'
import json
import sys

records = [json.loads(line) for line in open(sys.argv[1])]
assert records
cases = {}
for r in records:
    cases.setdefault((r["bench"], r["case"], r["pin"]), set()).add(r["contender"])
    if "skipped" in r:
        assert r["skipped"], r
        continue
    assert r["n"] and r["rounds"] and r["backend"] == "shm", r
    q = list(r["quantiles"].values())
    assert q == sorted(q) and len(q) == 12, r
    assert r["q1"] <= r["median"] <= r["q3"], r
by_case = {}
for (bench, case, _), names in cases.items():
    assert by_case.setdefault((bench, case), names) == names, "a contender is missing"
    assert len(names) > 1 and any(n.startswith("zinc") for n in names), names
PY
}

# notices ROW CONTENDER: what it moves is wrong, and the row fails for that
notices()
{
	local log=$WORK/spoilt

	if timeout 120 "$BIN/$1" --tiny --only "$2" --spoil "$2" >"$log" 2>&1; then
		cat "$log"
		return 1
	fi
	grep FAILED "$log"
}

# spoil_all ROW CONTENDER...: each of them
spoil_all()
{
	local row=$1 contender

	shift
	for contender; do
		notices "$row" "$contender"
	done
}

sample()
{
	local contender=$1 rounds=$2 median=$3 bench=${4:-notify} backend=${5:-kmod}

	cat <<TXT
{"bench": "$bench", "case": "c", "size": 1, "pin": "one", "contender": "$contender", "backend": "$backend", "series": "time", "unit": "ns", "n": 3, "rounds": $rounds, "median": $median, "q1": 1, "q3": 1, "quantiles": {"50": $median, "99": $median, "99.9": $median}}
TXT
}

machine()
{
	echo '{"kernel": "6", "cpus": 2, "cpu": "a", "guest": "6.12", "quick": "", "backend": "kmod"}'
}

# The median of the ratios of each round, 20 40 30, is not the ratio of the medians
report_reckons()
{
	local dir=$WORK/sample

	mkdir -p "$dir"
	machine >"$dir/machine.json"
	{
		sample zinc '[1, 2, 3]' 2
		sample 'futex wake' '[20, 80, 90]' 80
		sample 'atomic add' '[0.5, 1, 1.5]' 1
		echo '{"bench": "notify", "case": "c", "size": 1, "pin": "one", "contender": "eventfd write", "backend": "kmod", "skipped": "no such thing"}'
	} >"$dir/notify.json"
	tests/bench/report.py --output "$dir" "$dir" >"$dir/table"
	cat "$dir/table" "$dir/figures.md"
	grep -F 'futex wake               30.0x (25.0-35.0)' "$dir/table"
	grep -F 'goal >= 10x a system call: met, futex wake is 30.0x' "$dir/table"
	grep -F 'goal within 1.5x of an atomic add: missed, atomic add is 0.50x' "$dir/table"
	grep -F 'skipped: notify, eventfd write: no such thing' "$dir/table"
	grep -F '| notify, c, one CPU | futex wake 30.0x (25.0-35.0), atomic add 0.50x' "$dir/figures.md"
}

# The best peer counts, and of two ways of Zinc's the better one
report_chooses()
{
	local dir=$WORK/choice

	mkdir -p "$dir"
	machine >"$dir/machine.json"
	{
		sample 'zinc notify + wait' '[10, 10, 10]' 10 ping-pong
		sample 'zinc notify_and_wait' '[8, 8, 8]' 8 ping-pong
		sample pipe '[30, 30, 30]' 30 ping-pong
		sample futex '[9, 9, 11]' 9 ping-pong
	} | sed 's/"pin": "one"/"pin": "two"/' >"$dir/pingpong.json"
	tests/bench/report.py "$dir" >"$dir/table"
	cat "$dir/table"
	grep -F 'no slower than the best: missed, within the spread, futex is 0.90x' "$dir/table"
	grep -F '>= 2x the best, by spinning: missed, futex is 1.12x' "$dir/table"
}

# Goals are of the module
report_spares_posix()
{
	local dir=$WORK/posix

	mkdir -p "$dir"
	machine >"$dir/machine.json"
	{
		sample zinc '[1]' 1 notify shm
		sample 'futex wake' '[1]' 1 notify shm
	} >"$dir/notify.json"
	tests/bench/report.py "$dir" >"$dir/table"
	grep -F 'futex wake               1.00x' "$dir/table"
	! grep goal "$dir/table"
}

# Zinc once more is nearer to Zinc than any peer
report_shows_control()
{
	local dir=$WORK/control

	mkdir -p "$dir"
	machine >"$dir/machine.json"
	{
		sample zinc '[10, 10, 10]' 10 'wake-up, SCHED_FIFO'
		sample 'the same again' '[9, 10, 11]' 10 'wake-up, SCHED_FIFO'
		sample futex '[20, 20, 20]' 20 'wake-up, SCHED_FIFO'
		sample eventfd '[30, 30, 30]' 30 'wake-up, SCHED_FIFO'
	} >"$dir/rt.json"
	printf '%s\n' '<!-- figures: made by tests/bench/report.py --readme -->' \
		'<!-- figures: end -->' >"$dir/README.md"
	tests/bench/report.py --readme "$dir/README.md" "$dir" >"$dir/table"
	cat "$dir/table" "$dir/README.md"
	grep -F 'c, one CPU: Zinc by Zinc is 1.00x (0.95-1.05)' "$dir/table"
	grep -F '| futex: 2.00x (2.00-2.00) | no slower: met |' "$dir/README.md"
}

report_of_all()
{
	ZINC_BENCH_TINY=1 ZINC_BENCH_BIN=$BIN tests/bench/inside "$WORK/none" notify 2>&1
	cp "$WORK/none/machine.json" "$WORK/native"
	tests/bench/report.py --output "$WORK" "$WORK/native"
	grep '^| ping-pong' "$WORK/figures.md"
	if python3 -c 'import matplotlib'; then
		grep -l '<svg' "$WORK/native-latency.svg" "$WORK/native-scaling.svg"
	fi
}

# leaves_nothing: no names, also where a row is stopped in the middle
leaves_nothing()
{
	local before

	before=$(find /dev/shm -name '*bench-[0-9]*' | wc -l)
	! timeout 60 "$BIN/lookup" --tiny --only zinc --spoil zinc 2>&1 || return 1
	timeout -s TERM 1 "$BIN/lookup" 2>&1 || [ $? = 124 ]
	sleep 0.5
	[ "$(find /dev/shm -name '*bench-[0-9]*' | wc -l)" = "$before" ]
}

is 'the programs build without a warning' build
for row in "${ROWS[@]}"; do
	is "$row: every contender reports, or says why not" run_row "$row"
done
is 'notify: a count that is wrong is noticed' \
	spoil_all notify zinc 'futex wake' 'eventfd write' 'atomic add'
is 'fast path: a count that is wrong is noticed' spoil_all fastpath zinc 'atomic add'
is 'pending: a wait that does not end is noticed' \
	spoil_all pending zinc 'futex wait' 'eventfd read' 'poll + read'
is 'ping-pong: a wrong payload is noticed' spoil_all pingpong 'zinc notify + wait' \
	'zinc notify_and_wait' futex eventfd pipe 'UNIX socket' semaphore 'futex + spin'
is 'fan-out: a wrong payload is noticed' \
	spoil_all fanout zinc 'futex wake all' 'eventfd each'
is 'frames: a wrong pixel is noticed' spoil_all frames zinc 'POSIX shm + futex' \
	'memfd + eventfd' 'UNIX socket' 'pipe + vmsplice'
is 'open + close: a wrong size is noticed' spoil_all lookup zinc shm_open
is 'reserve: two holders are noticed' spoil_all reserve flock
# where priorities are not for this user, the row is skipped
! chrt -f 1 true 2>/dev/null ||
	is 'SCHED_FIFO: a wrong payload is noticed' \
		spoil_all rt zinc 'the same again' futex eventfd
is 'a row that fails, or is stopped, leaves no names' leaves_nothing
is 'report: medians and ratios, round by round' report_reckons
is 'report: the best peer, and the best of Zinc' report_chooses
is 'report: no goals without the module' report_spares_posix
is 'report: the control is no peer, and is shown' report_shows_control
is 'report: a table, figures and plots of all' report_of_all
finish
