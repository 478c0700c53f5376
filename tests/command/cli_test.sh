#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # shell() gets its commands in single quotes
#
# The zinc command, every subcommand of it, used well and badly, on the backend
# of $ZINC_BACKEND. $ZINC is the program if it is not build/bin/zinc. Prints
# TAP; exit status 0, 1, or 4 where it cannot run.

set -u
cd "$(dirname "$0")/../.." || exit 1
ZINC=$(readlink -f "${ZINC:-build/bin/zinc}")
export ZINC LC_ALL=C.UTF-8
unset NO_COLOR
PATIENCE=${PATIENCE:-60}	# seconds for what must happen: a guest may be slow

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 4
}

[ -x "$ZINC" ] || { echo "Bail out! there is no program $ZINC: run make"; exit 1; }
command -v python3 >/dev/null || skip_all "needs python3"
if [ "${ZINC_BACKEND:-auto}" = kmod ] && [ ! -e /dev/zinc ]; then
	skip_all "there is no /dev/zinc: modprobe zinc"
fi

# Stale regions of others are none of our business: see none, where that can be
if [ "$(id -u)" = 0 ] && [ -z "${CLI_TEST_ALONE:-}" ] && unshare -m true 2>/dev/null; then
	CLI_TEST_ALONE=1 exec unshare -m bash -c \
		'mount -t tmpfs -o mode=1777 tmpfs /dev/shm; exec "$0"' "$PWD/tests/command/cli_test.sh"
fi

BACKEND=shm
if [ "${ZINC_BACKEND:-auto}" != shm ] && [ -e /dev/zinc ]; then
	BACKEND=kmod
fi
T=$(mktemp -d) || exit 1
R=clitest$$		# every name begins so
ESC=$'\e'
pids=()

cleanup()
{
	local pid name

	# a subshell that dies by a signal comes here, too
	[ "$BASHPID" = $$ ] || return
	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	"$ZINC" ls 2>/dev/null | awk -v own="^$R" '$1 ~ own { print $1 }' |
		while read -r name; do
			"$ZINC" rm "$name"
		done
	rm -rf "$T"
}
trap cleanup EXIT

n=0 failed=0
# is WHAT COMMAND...: a test that passes if COMMAND succeeds
is()
{
	local what=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n $what"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $n $what"
	printf '%q ' "# test:" "$@"
	echo
	echo "# last: zinc ${last[*]:-}: status ${status:-}"
	[ ! -s "$T/out" ] || head -c 2000 "$T/out" | tr -d '\0' | sed 's/^/# out: /'
	[ ! -s "$T/err" ] || sed 's/^/# err: /' "$T/err"
}

skip()
{
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}

# z ARGUMENT...: run it; $status, $T/out, $T/err
z()
{
	last=("$@")
	timeout "$PATIENCE" "$ZINC" "$@" >"$T/out" 2>"$T/err"
	status=$?
}

# exits STATUS ARGUMENT...: and is silent on stderr if that is 0
exits()
{
	local want=$1

	shift
	z "$@"
	[ "$status" = "$want" ] && { [ "$want" != 0 ] || [ ! -s "$T/err" ]; }
}

# fails STATUS TEXT ARGUMENT...: with TEXT on stderr and nothing on stdout
fails()
{
	local want=$1 text=$2

	shift 2
	exits "$want" "$@" && grep -qF -- "$text" "$T/err" && [ ! -s "$T/out" ]
}

# prints REGEX ARGUMENT...
prints()
{
	local regex=$1

	shift
	exits 0 "$@" && grep -qE -- "$regex" "$T/out"
}

# shell STATUS COMMANDS [$1 [$2...]]: in a shell of its own; it knows $ZINC
shell()
{
	local want=$1 commands=$2

	shift 2
	last=(in "$commands")
	timeout "$PATIENCE" bash -c "$commands" bash "$@" >"$T/out" 2>"$T/err"
	status=$?
	[ "$status" = "$want" ]
}

# json EXPRESSION ARGUMENT...: of d, what the command prints; it is one line
json()
{
	local expression=$1

	shift
	exits 0 "$@" && [ "$(wc -l <"$T/out")" = 1 ] && holds "$expression"
}

# metrics FILE: it is Prometheus' text format, version 0.0.4, and has a sample
metrics()
{
	python3 -c '
import re, sys
text = open(sys.argv[1]).read()
assert text.endswith("\n")
family, samples, seen = "", 0, set()
label = r"[a-z_]+=\"(?:[^\"\\\n]|\\[\\\"n])*\""
for line in text.splitlines():
    if line.startswith("# HELP "):
        family = line.split()[2]
        assert family not in seen, line
        seen.add(family)
    elif line.startswith("# TYPE "):
        kind = line.split()
        assert kind[2] == family and kind[3] in ("gauge", "counter"), line
        assert (kind[3] == "counter") == family.endswith("_total"), line
    else:
        found = re.fullmatch(rf"([a-z_]+)\{{{label}(?:,{label})*\}} [0-9.e+-]+", line)
        assert found and found.group(1) == family and line not in seen, line
        seen.add(line)
        samples += 1
assert samples' "$1"
}

holds()
{
	python3 -c '
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$T/out" "$1"
}

not()
{
	! "$@"
}

# both COMMAND... -- COMMAND...
both()
{
	local first=()

	while [ "$1" != -- ]; do
		first+=("$1")
		shift
	done
	shift
	"${first[@]}" && "$@"
}

# soon COMMAND...: until it succeeds
soon()
{
	local end=$((SECONDS + PATIENCE))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

gone()
{
	! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# hold NAME SIZE [OPTION...]: zinc create in the background; $held is its pid
hold()
{
	held_by env --default-signal=INT,HUP "$ZINC" create "$@"
}

# held_by COMMAND...: any command that becomes zinc create
held_by()
{
	rm -f "$T/hold"
	"$@" >"$T/hold" 2>&1 &
	held=$!
	pids+=("$held")
	soon test -s "$T/hold" || echo "# nothing said by: $*"
}

# ends SIGNAL PID STATUS: it does so when it gets that signal
ends()
{
	kill "-$1" "$2"
	soon gone "$2" || return
	wait "$2"
	status=$?
	[ "$status" = "$3" ]
}

absent()
{
	fails 3 "no region has this name" stat "$1"
}

# field NAME KEY: the first word of what stat says of it
field()
{
	"$ZINC" stat "$1" | awk -v key="$2" '$1 == key { print $2 }'
}

field_is()
{
	[ "$(field "$1" "$2")" = "$3" ]
}

same()
{
	cmp -s "$1" "$2"
}

# on_terminal [VARIABLE=VALUE...] -- ARGUMENT...: with a terminal for stdout
on_terminal()
{
	local environment=(TERM=xterm)

	while [ "$1" != -- ]; do
		environment+=("$1")
		shift
	done
	shift
	last=("$@")
	timeout "$PATIENCE" env "${environment[@]}" python3 -c '
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
		"$ZINC" "$@" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	[ "$status" = 0 ]
}

# -- help, version, wrong usage ---------------------------------------------

is "no argument: help on stderr, status 2" fails 2 "usage: zinc"
is "help: on stdout" prints '^usage: zinc COMMAND' help
is "--help: likewise" prints '^usage: zinc COMMAND' --help
is "--version tells three versions" \
	prints '^zinc [0-9.]+ \(region format 2, library ABI 1\)$' --version
# a locale whose file cannot be opened before somebody writes to it
mkdir -p "$T/locale/xx_XX.UTF-8"
mkfifo "$T/locale/xx_XX.UTF-8/LC_CTYPE"
for option in --version -V; do
	is "$option loads no locale" shell 0 \
		'LOCPATH=$1 LC_ALL=xx_XX.UTF-8 "$ZINC" "$2"' "$T/locale" "$option"
done
show=show
if "$ZINC" help show | grep -q "built where there was no"; then
	show=
fi
for c in ls stat create rm write read notify wait export $show lock locks top doctor; do
	is "$c --help" prints "^usage: zinc $c" "$c" --help
	cp "$T/out" "$T/help"
	is "help $c says the same" both exits 0 help "$c" -- same "$T/help" "$T/out"
	is "$c --help has the exit statuses" grep -qE "^Exit status: (0|COMMAND's)" "$T/help"
	is "$c: unknown option" fails 2 "zinc $c: unrecognized option '--frobnicate'" \
		"$c" --frobnicate
	is "help lists $c" prints "^  $c " help
done
for c in stat create rm write read notify wait export $show; do
	is "$c without a name" fails 2 "Try 'zinc $c --help'" "$c"
done
for c in stat rm write read notify wait export $show; do
	is "$c with a bad name" fails 2 "invalid region name 'a/b'" "$c" a/b
done
is "create with a bad name" fails 2 "invalid region name 'a/b'" create a/b 4096
is "unknown command" fails 2 "unknown command 'frobnicate'" frobnicate
for word in help --help -h; do
	is "help $word" prints "^  ls " help "$word"
done
is "unknown command to help" fails 2 "unknown command 'frobnicate'" help frobnicate
for typo in lst:ls craete:create shwo:show doc:doctor hlep:help wirte:write; do
	is "a command with a typing error: ${typo%:*}" \
		fails 2 "unknown command '${typo%:*}': did you mean '${typo#*:}'?" "${typo%:*}"
done
is "what resembles no command gets no suggestion" \
	both fails 2 "'zinc help' lists them" x -- not grep -q "did you mean" "$T/err"
is "a command with an escape sequence is shown harmless" \
	both fails 2 '\x1b[31m' "${ESC}[31m" -- not grep -q "$ESC" "$T/err"
is "unknown option before the command" fails 2 "unknown option '-x'" -x ls
is "a name that is too long" fails 2 "invalid region name" \
	stat "$(printf 'x%.0s' {1..251})"
is "a name that is found, but not made" fails 3 "a name must have 1 to 249" \
	create "$(printf 'x%.0s' {1..250})" 4K
is "a name with an escape sequence is shown harmless" \
	both fails 2 '\x1b[31m' stat "${ESC}[31m" -- not grep -q "$ESC" "$T/err"

# -- create ------------------------------------------------------------------

is "size 0" fails 2 "expected more than 0 bytes" create "$R" 0
is "size 1, with the next that is right" fails 2 "the page size ($(getconf PAGESIZE)): $(getconf PAGESIZE)" create "$R" 1
is "size 3X" fails 2 "invalid size '3X'" create "$R" 3X
is "size 2^64" fails 2 "expected less than 2^64 bytes" create "$R" 18446744073709551616
is "size 2^64 by suffix" fails 2 "expected less than 2^64 bytes" create "$R" 16777216T
is "size -1" fails 2 "Try 'zinc create --help'" create "$R" -1
is "size +4096" fails 2 "invalid size" create "$R" +4096
is "size 4KB" fails 2 "invalid size" create "$R" 4KB
is "size with a space" fails 2 "invalid size" create "$R" '4 '
is "size of nothing" fails 2 "invalid size" create "$R" ''
is "no size" fails 2 "a name and a size" create "$R"
is "a third operand" fails 2 "a name and a size" create "$R" 4K 4K
is "mode 0777" fails 2 "invalid mode '0777'" create --mode 0777 "$R" 4K
is "mode 8" fails 2 "invalid mode '8'" create --mode 8 "$R" 4K
is "mode 0" fails 2 "invalid mode '0'" create --mode 0 "$R" 4K
is "unknown lifetime" fails 2 "invalid lifetime 'ever'" create --lifetime ever "$R" 4K
is "none of these has made a region" absent "$R"

is "persist: made, and the command ends" \
	prints "^$R: 1M of $BACKEND, mode 0600, lifetime persist\$" create -l persist "$R" 1M
is "persist: it stays" json "d['lifetime'] == 'persist' and d['capacity'] == 1 << 20" stat -j "$R"
is "taken: refused" fails 3 "cannot create $R: a region has this name already" create "$R" 4K
is "taken: tells by whom, and what to do" grep -q "'zinc rm $R' or --replace" "$T/err"
is "--replace takes the name" exits 0 create -l persist --replace "$R" 8k
is "--replace: another size" json "d['capacity'] == 8192" stat --json "$R"
is "it is all in memory" json "d['resident'] == 8192 and not d['lazy']" stat --json "$R"
is "rm" both exits 0 rm "$R" -- absent "$R"
is "--lazy, --mode" exits 0 create -l persist --lazy --mode 0640 "$R" 1M
is "--lazy: next to no memory" json "d['lazy'] and d['resident'] <= 4096" stat --json "$R"
is "--mode: is so" json "d['mode'] == '0640'" stat --json "$R"
exits 0 rm "$R"

for signal in INT TERM HUP; do
	hold "$R" 64K --lifetime creator
	is "create holds the region" json "d['state'] == 'live' and d['handles'] == 1 and
		d['lifetime'] == 'creator' and d['pid'] == $held" stat --json "$R"
	is "create ended by SIG$signal: status 0" ends "$signal" "$held" 0
	is "create ended by SIG$signal: nothing is left" absent "$R"
done
held_by env --ignore-signal=HUP "$ZINC" create "$R" 4K
kill -HUP "$held"
sleep 0.3
is "create under nohup outlives SIGHUP" field_is "$R" pid "$held"
is "and ends by SIGTERM" ends TERM "$held" 0

is "create with stdout closed: status 3" shell 3 '"$ZINC" create -l persist "$1" 4K >&-' "$R"
is "and says so" grep -q "cannot write to standard output: Bad file descriptor" "$T/err"
is "the region is sound" field_is "$R" capacity 4096
exits 0 rm "$R"

# -- ls, stat ------------------------------------------------------------------

hold "$R" 1536K --mode 0644
is "ls: heading" prints '^NAME .*CAPACITY  USER .*COMMAND$' ls
is "ls: a line with all of it" prints \
	"^$R +1\.5M +$(id -un) +0644 +1 +0 +[0-9]+s +$BACKEND +live +$held +.*create $R 1536K" ls
is "ls: columns are aligned" python3 -c '
import sys
head, *rows = open(sys.argv[1]).read().splitlines()
row = next(r for r in rows if r.startswith(sys.argv[2]))
for title in "USER", "MODE", "BACKEND", "STATE", "COMMAND":
    at = head.index(title)
    assert row[at - 1] == " " and row[at] != " ", title
end = head.index("CAPACITY") + 8
assert row[end - 1] != " " and row[end] == " "' "$T/out" "$R"
is "ls: no colour in a pipe" not grep -q "$ESC" "$T/out"
is "ls --bytes" prints "^$R +1572864 " ls --bytes
is "ls --json" json "[r['name'] for r in d if r['pid'] == $held and r['capacity'] == 1572864 and
	r['mode'] == '0644' and r['uid'] == $(id -u) and r['user'] == '$(id -un)' and
	r['handles'] == 1 and r['sequence'] == 0 and r['backend'] == '$BACKEND' and
	r['state'] == 'live' and r['lifetime'] == 'refs' and
	r['command'].endswith('create $R 1536K --mode 0644') and
	r['created'].endswith('Z') and 0 <= r['age_seconds'] < 600] == ['$R']" ls --json
is "ls --output: these columns, in this order" prints '^CAPACITY  NAME +USER +LIFETIME$' \
	ls --output capacity,NAME,user,Lifetime
is "ls --output: a row" grep -qE "^ +1\.5M  $R +$(id -un) +refs$" "$T/out"
is "ls --output --bytes: sizes in bytes" prints '^ *1572864 +1572864$' \
	ls -b -o resident,capacity
is "ls --output: the region's number, group and time" prints \
	"^$R +[0-9]+ +$(id -gn) +20[0-9-]+T[0-9:.]+Z\$" ls -o name,id,group,created
is "ls --output: an unknown column, with those that there are" \
	fails 2 "invalid column 'size': expected one or more of NAME, CAPACITY," ls -o name,size
is "ls --output: no column" fails 2 "invalid column ''" ls -o ""
is "ls --output: at most 32" fails 2 "more than 32 columns" \
	ls -o "$(printf 'name,%.0s' {1..32})name"
is "ls: one form of output" fails 2 "either --json, --prometheus or --output" ls -j -o name
is "ls --prometheus: a line for each metric of the region" prints \
	"^zinc_region_capacity_bytes\{name=\"$R\",backend=\"$BACKEND\"\} 1572864\$" ls --prometheus
is "ls --prometheus: what the region is, as labels" grep -qxF \
	"zinc_region_info{name=\"$R\",backend=\"$BACKEND\",state=\"live\",user=\"$(id -un)\",lifetime=\"refs\"} 1" \
	"$T/out"
is "ls --prometheus: is in the format" metrics "$T/out"
is "ls takes no operand" fails 2 "takes no operand: '$R'" ls "$R"
is "ls: a full disk is noticed" shell 3 '"$ZINC" ls >/dev/full'
is "and told" grep -q "cannot write to standard output: No space left" "$T/err"
is "help: a full disk is noticed" shell 3 '"$ZINC" help >/dev/full'
is "stat" prints '^state     live$' stat "$R"
is "stat: exact size and short size" grep -q '^capacity  1572864 (1.5M)$' "$T/out"
is "stat: command" grep -q "^command   .*create $R" "$T/out"
is "stat: no such region" fails 3 "cannot stat $R-none: no region has this name" stat "$R-none"
is "stat: one at a time" fails 2 "'$R-b' is too many" stat "$R" "$R-b"
"$ZINC" stat --json "$R" >"$T/one"
"$ZINC" ls --json >"$T/all"
is "stat --json is what ls --json has" python3 -c '
import json, sys
one, all = (json.load(open(x)) for x in sys.argv[1:])
ours = [r for r in all if r["name"] == one["name"]]
for r in one, *ours:
    del r["age_seconds"]
assert ours == [one]' "$T/one" "$T/all"

if on_terminal -- ls; then
	is "ls on a terminal has colour" grep -qF "${ESC}[1mNAME" "$T/out"
	on_terminal NO_COLOR=1 -- ls
	is "NO_COLOR turns it off" both grep -q "$R" "$T/out" -- not grep -q "$ESC" "$T/out"
	on_terminal TERM=dumb -- ls
	is "so does TERM=dumb" both grep -q "$R" "$T/out" -- not grep -q "$ESC" "$T/out"
	on_terminal -- top -n 1
	is "top redraws a terminal" both grep -qF "${ESC}[H${ESC}[J" "$T/out" -- grep -q "$R" "$T/out"
	on_terminal -- top --batch -n 1 -d 0.1
	is "top --batch does not" both grep -q "$R" "$T/out" -- not grep -qF "${ESC}[H" "$T/out"
else
	skip "colour on a terminal" "there is no pty here"
fi
is "the creator ends" ends TERM "$held" 0

held_by bash -c 'exec -a "$1" "$ZINC" create "$2" 4K' bash "ev${ESC}[31m"$'\xff"\\il' "$R"
is "ls: a hostile command line is shown harmless" prints 'ev\\x1b\[31m\\xff"\\il create' ls
is "ls: no escape sequence" not grep -q "$ESC" "$T/out"
is "ls --json: neither does it break JSON" json \
	"[r['command'] for r in d if r['name'] == '$R'] ==
		['ev' + chr(27) + '[31m' + chr(0xfffd) + chr(34) + chr(92) + 'il create $R 4K']" ls --json
ends TERM "$held" 0

# -- write, read ---------------------------------------------------------------

head -c 1048576 /dev/urandom >"$T/data"
head -c 1048576 /dev/urandom >"$T/data2"
(cat "$T/data"; echo) >"$T/more"
printf 'ending' >"$T/six"
exits 0 create -l persist "$R" 1M
is "write from a pipe" shell 0 'cat "$1" | "$ZINC" write "$2"' "$T/data" "$R"
is "read into a pipe: the same bytes" shell 0 '"$ZINC" read "$2" | cmp - "$1"' "$T/data" "$R"
is "write has notified" field_is "$R" sequence 1
is "write from a file, exactly what fits" exits 0 write "$R" "$T/data2"
is "read: the same bytes" both exits 0 read "$R" -- same "$T/out" "$T/data2"
is "write has notified once more" field_is "$R" sequence 2
is "a file of one byte too many: refused" fails 3 \
	"$T/more does not fit into $R: 1048577 bytes, room for 1048576; nothing was written" \
	write "$R" "$T/more"
is "a pipe of one byte too many: refused" shell 3 \
	'cat "$1" | "$ZINC" write "$2"' "$T/more" "$R"
is "and told" grep -q "standard input does not fit into $R: at least 1048577 bytes" "$T/err"
is "then the region is as it was" both exits 0 read "$R" -- same "$T/out" "$T/data2"
is "and nobody was notified" field_is "$R" sequence 2
is "write a few bytes of a pipe" shell 0 'echo hello | "$ZINC" write "$1" -' "$R"
is "read --bytes" both exits 0 read -n 6 "$R" -- grep -qx hello "$T/out"
tail -c +7 "$T/data2" >"$T/rest"
is "the bytes after them are still there" both exits 0 read --offset 6 "$R" -- \
	same "$T/out" "$T/rest"
is "write --offset from a pipe" shell 0 'echo there | "$ZINC" write -o 1020K "$1"' "$R"
is "read --offset --bytes" both exits 0 read --offset 1044480 --bytes 6 "$R" -- \
	grep -qx there "$T/out"
is "write --offset from a file, up to the end" exits 0 write --offset 1048570 "$R" "$T/six"
is "it is there" both exits 0 read -o 1048570 "$R" -- same "$T/out" "$T/six"
is "one byte further: refused" fails 3 "room for 5" write --offset 1048571 "$R" "$T/six"
is "an offset past the end" fails 3 "past its end" write --offset 2M "$R" "$T/six"
is "an offset past the end, from a pipe" shell 3 'echo | "$ZINC" write -o 2M "$1"' "$R"
is "write from a file that is read already in part, the rest of which fits" shell 0 \
	'{ dd bs=1 count=1 status=none >/dev/null; "$ZINC" write "$1"; } <"$2" &&
	"$ZINC" read "$1" | cmp - <(tail -c +2 "$2")' "$R" "$T/more"
is "a file of /proc, which has no size" exits 0 write "$R" /proc/version
is "it is there" shell 0 '"$ZINC" read -n "$(wc -c </proc/version)" "$1" | cmp - /proc/version' "$R"
sequence=$(field "$R" sequence)
is "write of nothing notifies" both exits 0 write "$R" /dev/null -- \
	field_is "$R" sequence $((sequence + 1))
is "write: no such file" fails 3 "cannot read $T/none: No such file" write "$R" "$T/none"
is "write: a directory" fails 3 "it is a directory" write "$R" "$T"
is "write: two files" fails 2 "at most one file" write "$R" "$T/six" "$T/six"
is "write: a bad offset" fails 2 "invalid offset 'x'" write -o x "$R" "$T/six"
is "write: no such region" fails 3 "cannot open $R-none: no region" write "$R-none" "$T/six"
is "write: no such region, from a pipe" shell 3 'echo | "$ZINC" write "$1-none"' "$R"
is "and told" grep -q "cannot open $R-none: no region" "$T/err"
is "read: no such region" fails 3 "cannot open $R-none: no region" read "$R-none"
is "read: more than there is" fails 3 "has only 1048576 bytes" read -n 1048577 "$R"
is "read: an offset past the end" fails 3 "has only 1048576 bytes" read -o 1048577 "$R"
is "read: at the end, nothing" both exits 0 read -o 1M "$R" -- test ! -s "$T/out"
is "read: no bytes" both exits 0 read -n 0 "$R" -- test ! -s "$T/out"
is "read: bad --bytes" fails 2 "invalid number of bytes '-5'" read -n -5 "$R"
is "read: bad --offset" fails 2 "invalid offset '1X'" read -o 1X "$R"
is "read: a full disk is noticed" shell 3 '"$ZINC" read "$1" >/dev/full' "$R"
is "and told" grep -q "cannot write to standard output: No space left" "$T/err"
is "read: a closed pipe is noticed" shell 3 \
	'(trap "" PIPE; exec "$ZINC" read "$1") | true; exit "${PIPESTATUS[0]}"' "$R"
is "and told" grep -q "cannot write to standard output: Broken pipe" "$T/err"
exits 0 rm "$R"
hold "$R" 1M
is "read into a pipe that closes" shell 141 \
	'"$ZINC" read "$1" | head -c 1 >/dev/null; exit "${PIPESTATUS[0]}"' "$R"
is "leaves no reference" field_is "$R" handles 1
ends TERM "$held" 0

# -- notify, wait --------------------------------------------------------------

hold "$R" 4K
is "notify" both exits 0 notify "$R" -- field_is "$R" sequence 1
is "notify: no such region" fails 3 "cannot open $R-none: no region" notify "$R-none"
is "notify: one at a time" fails 2 "is too many" notify "$R" "$R"
is "wait does not take a notify from before: timed out, 1" both exits 1 wait -t 50 "$R" -- \
	test ! -s "$T/out" -a ! -s "$T/err"
is "wait --pending does" exits 0 wait --pending --timeout 0 "$R"
is "wait --timeout 0 only looks" exits 1 wait --timeout 0 "$R"
sequence=$(field "$R" sequence)
is "wait --after, nothing new: 1" exits 1 wait --after "$sequence" --timeout 0 "$R"
exits 0 notify "$R"
is "wait --after, one since: 0" exits 0 wait --after "$sequence" --timeout 0 "$R"
is "wait: no such region" fails 3 "cannot open $R-none: no region" wait "$R-none"
is "wait: bad timeout" fails 2 "invalid timeout 'soon'" wait -t soon "$R"
is "wait: negative timeout" fails 2 "invalid timeout '-1'" wait --timeout=-1 "$R"
is "wait: timeout past 32 bits" fails 2 "invalid timeout" wait -t 4294967296 "$R"
is "wait: bad sequence" fails 2 "invalid sequence 'x'" wait --after x "$R"
is "wait: --pending and --after" fails 2 "either --pending or --after" wait -p -a 1 "$R"

notify_until_gone()
{
	exits 0 notify "$R"
	gone "$1"
}

# wakes OPTION...: a waiter of another process is woken, with status 0
wakes()
{
	local waiter

	"$ZINC" wait "$@" "$R" &
	waiter=$!
	pids+=("$waiter")
	soon notify_until_gone "$waiter" && wait "$waiter"
}

is "wait is woken by notify" wakes
is "wait with a long timeout is woken by notify" wakes --timeout 3600000
is "wait --after is woken by notify" wakes --after "$(field "$R" sequence)"
for signal in INT TERM; do
	env --default-signal=INT,HUP "$ZINC" wait "$R" &
	waiter=$!
	pids+=("$waiter")
	soon grep -qx zinc "/proc/$waiter/comm"
	[ $BACKEND = shm ] || is "wait has a reference" soon field_is "$R" handles 2
	is "wait is ended by SIG$signal, as by any" \
		ends "$signal" $waiter $((128 + $(kill -l $signal)))
	is "and leaves none" field_is "$R" handles 1
done
if [ $BACKEND = kmod ]; then
	"$ZINC" wait "$R" &
	waiter=$!
	pids+=("$waiter")
	is "stat shows the waiter" soon field_is "$R" waiters 1
	exits 0 notify "$R"
	is "one notify wakes it" both soon gone $waiter -- wait $waiter
else
	is "waiters are not known" field_is "$R" waiters -
	is "waiters are null" json "d['waiters'] is None" stat --json "$R"
fi

# -- top -----------------------------------------------------------------------

is "top --batch: two tables" exits 0 top --batch -n 2 -d 0.1
is "top --batch: two summaries, a blank line between" test \
	"$(grep -c '^zinc top: ' "$T/out") $(grep -c '^$' "$T/out")" = "2 1"
is "top: the region is in both" test "$(grep -c "^$R " "$T/out")" = 2
is "top: no colour, no redrawing in a pipe" not grep -q "$ESC" "$T/out"
is "top: nothing happens, rate 0.0" grep -qE "^$R +0\.0 +" "$T/out"
"$ZINC" top --batch --count 1 --delay 3 >"$T/top" &
top=$!
pids+=("$top")
is "top sees notifies" soon notify_until_gone $top
is "top: their rate" python3 -c '
import sys
head, title, *rows = open(sys.argv[1]).read().splitlines()
row = next(r.split() for r in rows if r.split()[0] == sys.argv[2])
assert title.split()[1] == "NOTIFY/S" and float(row[1]) > 0
assert float(head.split(",")[2].split()[0]) >= float(row[1])' "$T/top" "$R"
rm "$T/top"
env --default-signal=INT,HUP "$ZINC" top --batch --delay 0.1 >"$T/top" &
top=$!
pids+=("$top")
soon test -s "$T/top"
is "top ended by SIGINT: status 0" ends INT $top 0
for bad in "-n 0" "-n x" "-d 0" "-d x" "-d nan" "-d -1" "-d 1e9"; do
	# shellcheck disable=SC2086
	is "top $bad" fails 2 "'${bad#* }': expected" top --batch $bad
done
is "top: a full disk is noticed" shell 3 '"$ZINC" top -b -n 2 -d 0.05 >/dev/full'
is "top takes no operand" fails 2 "takes no operand" top "$R"
ends TERM "$held" 0

# -- rm, and what the dead leave ---------------------------------------------------

exits 0 create -l persist "$R-a" 4K
exits 0 create -l persist "$R-b" 4K
is "rm of three, one of which is not there" fails 3 "cannot remove $R-none: no region" \
	rm "$R-a" "$R-none" "$R-b"
is "the others are gone" both absent "$R-a" -- absent "$R-b"
is "rm with a name and --stale" fails 2 "either names or --stale" rm --stale "$R"
exits 0 create -l persist "$R-a" 4K
is "rm checks all names first" both fails 2 "invalid region name" rm "$R-a" 'b b' -- \
	field_is "$R-a" capacity 4096
exits 0 rm "$R-a"

stale_of_others()
{
	"$ZINC" ls | grep -F STALE | grep -qv "^$R"
}

hold "$R" 4K
exits 0 create -l persist "$R-keep" 4K
kill -KILL "$held"
wait "$held" 2>/dev/null
if [ $BACKEND = kmod ]; then
	is "a creator killed by SIGKILL leaves nothing" absent "$R"
	is "rm --stale has nothing to do" both exits 0 rm --stale -- test ! -s "$T/out"
elif stale_of_others; then
	skip "rm --stale" "others have stale regions here"
else
	is "a creator killed by SIGKILL leaves a stale region" prints "^$R .* STALE +$held +-\$" ls
	is "in JSON, too" json "[r['state'] for r in d if r['name'] == '$R'] == ['STALE'] and
		[r['command'] for r in d if r['name'] == '$R'] == [None]" ls --json
	is "stat says why" prints '^because   no process has it open$' stat "$R"
	is "JSON says why" json "d['reason'] == 'no process has it open' and d['layout'] == 'header'" \
		stat -j "$R"
	is "doctor says so, and what to do" prints 'left behind by dead' doctor
	is "doctor: zinc rm --stale" grep -q -- '-> zinc rm --stale' "$T/out"
	is "rm --stale says what it removes" both exits 0 rm --stale -- grep -qx "$R" "$T/out"
	is "and removes nothing else" test "$(wc -l <"$T/out")" = 1
	is "it is gone" absent "$R"
fi
if [ $BACKEND = shm ]; then
	hold "$R" 4K
	kill -KILL "$held"
	wait "$held" 2>/dev/null
	hold "$R" 8K
	is "a producer that was killed starts again" field_is "$R" capacity 8192
	if [ "$(id -u)" = 0 ]; then
		is "rm --stale in another pid namespace removes nothing" shell 0 \
			'! unshare --pid --fork --mount-proc "$ZINC" rm --stale | grep .'
		is "there it is live, too" shell 0 \
			'unshare --pid --fork --mount-proc "$ZINC" stat "$1" | grep "^state *live$"' "$R"
	fi
	is "and it ends as always" ends INT "$held" 0
	# magic, version 2, 4 KiB, one handle, a pid that another namespace has
	printf 'GER_CNIZ\2\0\0\0\0\0\0\0\0\20\0\0\0\0\0\0\1\0\0\0\377\377\77\0' \
		>"/dev/shm/zinc_$R"
	truncate -s $((64 + 4096)) "/dev/shm/zinc_$R"
	if [ "$(id -u)" = 0 ] && [ "$(getconf PAGESIZE)" = 4096 ]; then
		is "another library's region, seen from another pid namespace: unknown" shell 0 \
			'unshare --pid --fork --mount-proc "$ZINC" ls | grep "^$1 .* unknown "' "$R"
		is "and why" shell 0 \
			'unshare --pid --fork --mount-proc "$ZINC" stat "$1" | grep "^because *another library"' "$R"
		is "it is not removed as stale" shell 0 \
			'unshare --pid --fork --mount-proc "$ZINC" rm --stale && test -e "/dev/shm/zinc_$1"' "$R"
	fi
	rm "/dev/shm/zinc_$R"
fi
is "rm --stale lets persistent regions be" field_is "$R-keep" capacity 4096
exits 0 rm "$R-keep"

if [ $BACKEND = shm ]; then
	head -c 4096 /dev/zero >"/dev/shm/zinc_$R"
	is "no valid header: INVALID" prints "^$R .* INVALID " ls
	is "read: says what is wrong" fails 3 "the header is not that of a complete region" read "$R"
	is "rm --stale does not remove it" both exits 0 rm --stale -- test -e "/dev/shm/zinc_$R"
	is "rm does" both exits 0 rm "$R" -- test ! -e "/dev/shm/zinc_$R"
else
	chosen=${ZINC_BACKEND:-}
	export ZINC_BACKEND=shm
	hold "$R" 4K
	exits 0 create -l persist "$R-posix" 4K
	export ZINC_BACKEND=
	is "ls shows POSIX regions beside the module's" prints "^$R-posix .* shm " ls
	is "write and read find them" shell 0 \
		'echo hello | "$ZINC" write "$1" && [ "$("$ZINC" read -n 5 "$1")" = hello ]' "$R-posix"
	is "rm does" both exits 0 rm "$R-posix" -- absent "$R-posix"
	exits 0 create -l persist "$R" 8K
	is "a name of both is the module's" field_is "$R" capacity 8192
	kill -KILL "$held"
	wait "$held" 2>/dev/null
	is "its other region is stale" prints "^$R .* shm +STALE" ls
	is "rm --stale removes that one" both exits 0 rm --stale -- grep -qx "$R" "$T/out"
	is "and no more" field_is "$R" capacity 8192
	is "the name is gone from /dev/shm" test ! -e "/dev/shm/zinc_$R"
	exits 0 rm "$R"
	export ZINC_BACKEND=$chosen
fi

# -- devices -----------------------------------------------------------------------

is "export: no command" fails 2 "zinc export $R -- COMMAND" export "$R"
is "export: no such region" fails 3 "cannot open $R-none: no region" export "$R-none" -- true
exits 0 create -l persist --mode 0644 "$R" 64K
if [ $BACKEND = kmod ]; then
	echo "a frame" | "$ZINC" write "$R"
	is "export: the command has the bytes by the descriptor's number" shell 0 \
		'[ "$("$ZINC" export "$1" -- python3 -c "
import mmap, os
fd = int(os.environ[\"ZINC_DMABUF_FD\"])
size = int(os.environ[\"ZINC_DMABUF_SIZE\"])
print(size, os.lseek(fd, 0, os.SEEK_END), mmap.mmap(fd, size).readline())")" = \
			"65536 65536 b'"'a frame\n'"'" ]' "$R"
	is "export: {} is the number" shell 0 \
		'"$ZINC" export "$1" -- sh -c "[ \$0 = fd=\$ZINC_DMABUF_FD,\$ZINC_DMABUF_FD ]" fd={},{}' "$R"
	is "export: and it is a dma-buf" shell 0 \
		'"$ZINC" export "$1" -- readlink /proc/self/fd/{} | grep "^/dmabuf"' "$R"
	is "export: nothing else is inherited" shell 0 \
		'[ "$("$ZINC" export "$1" -- sh -c "ls /proc/\$\$/fd" | wc -l)" = 4 ]' "$R"
	is "export: options of the command are the command's" shell 0 \
		'[ "$("$ZINC" export --read-only "$1" -- echo --read-only -r)" = "--read-only -r" ]' "$R"
	is "export: the command's status" shell 42 '"$ZINC" export "$1" -- sh -c "exit 42"' "$R"
	is "export: the command's signal" shell 143 \
		'"$ZINC" export "$1" -- sh -c "kill \$\$"' "$R"
	is "export: writable" shell 0 '"$ZINC" export "$1" -- python3 -c "
import mmap, sys
mmap.mmap(int(sys.argv[1]), 4096)[0] = 65" {}' "$R"
	is "the bytes are those of the region" shell 0 \
		'[ "$("$ZINC" read -n 7 "$1")" = "A frame" ]' "$R"
	is "export --read-only: is" shell 0 '"$ZINC" export --read-only "$1" -- python3 -c "
import mmap, sys
fd = int(sys.argv[1])
mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
try:
	mmap.mmap(fd, 4096)
except PermissionError:
	sys.exit(0)
sys.exit(1)" {}' "$R"
	is "export: no such command" fails 3 "cannot run /none: No such file" export "$R" -- /none
	is "export: nobody holds the region afterwards" field_is "$R" handles 0
	is "stat: devices and fences" prints '^devices   0 attached$' stat "$R"
	is "stat: fences" grep -q '^fences    0 pending, 0 failed$' "$T/out"
	is "stat --json: likewise" json "d['imported'] is False and d['data_readonly'] is False and
		d['attachments'] == d['fences'] == d['fence_errors'] == d['fence_error'] == 0" \
		stat --json "$R"

	# an imported region, made with the library
	cat >"$T/import.py" <<-'PY'
	import ctypes, os, sys
	lib = ctypes.CDLL(sys.argv[1])
	class Options(ctypes.Structure):
	    _fields_ = [(n, ctypes.c_uint32) for n in
	                ("size", "flags", "mode", "lifetime", "backend", "reserved")]
	options = Options(24, 0, 0, 2, 0, 0)
	region = ctypes.c_void_p()
	fd = int(os.environ["ZINC_DMABUF_FD"])
	sys.exit(-lib.zinc_import_dmabuf(fd, sys.argv[2].encode(),
	                                 ctypes.byref(options), ctypes.byref(region)))
	PY
	lib=${ZINC_LIBRARY:-$PWD/build/lib/libzinc-kmod.so}
	if [ -e "$lib" ]; then
		is "export into an import" exits 0 export "$R" -- python3 "$T/import.py" "$lib" "$R-in"
		is "stat: it is imported" prints '^imported  yes$' stat "$R-in"
		is "stat --json: it is imported" json "d['imported'] is True" stat --json "$R-in"
		is "read: it has the bytes" shell 0 \
			'[ "$("$ZINC" read -n 7 "$1")" = "A frame" ]' "$R-in"
		is "export --read-only of it: refused" fails 3 "cannot export $R-in: " \
			export --read-only "$R-in" -- true
		exits 0 rm "$R-in"
		is "import of a read-only one" exits 0 export --read-only "$R" -- \
			python3 "$T/import.py" "$lib" "$R-in"
		is "stat: says that it is" prints '^imported  yes, read-only data$' stat "$R-in"
		is "read: does" exits 0 read -n 7 "$R-in"
		is "notify: does" both exits 0 notify "$R-in" -- field_is "$R-in" sequence 1
		is "wait: does" exits 0 wait --pending --timeout 0 "$R-in"
		is "write: refused" fails 3 "or a read-only region was to be written" \
			write "$R-in" /proc/version
		exits 0 rm "$R-in"
	else
		skip "imported regions" "there is no $lib"
	fi
else
	is "export: not on POSIX shared memory" fails 3 \
		"cannot export $R: not supported by POSIX shared memory, or by an older zinc kernel module" \
		export "$R" -- true
	is "stat: nothing of devices" both exits 0 stat "$R" -- \
		not grep -qE '^(devices|imported|fences)' "$T/out"
	is "stat --json: not known" json "[d[k] for k in ('imported', 'data_readonly',
		'attachments', 'fences', 'fence_errors', 'fence_error')] == [None] * 6" stat --json "$R"
fi
if [ -n "$show" ]; then
	is "show: no size" fails 2 "or a stream with --window" show "$R"
	for size in 640 x480 640x 0x480 640x0 640x480x1 65536x1 -1x1 ' 1x1' 99999999999999999999x1; do
		is "show: size '$size'" fails 2 "invalid size '$size'" show --size="$size" "$R"
	done
	is "show: an unknown format" fails 2 "invalid format 'XX99'" \
		show --size 1x1 --format XX99 "$R"
	is "show: a format of five characters" fails 2 "invalid format 'XR240'" \
		show --size 1x1 --format XR240 "$R"
	is "show: stride 0" fails 2 "invalid stride '0'" show --size 1x1 --stride 0 "$R"
	is "show: stride x" fails 2 "invalid stride 'x'" show --size 1x1 --stride x "$R"
	is "show: a stride of 4 GiB" fails 2 "invalid stride '4G'" show --size 1x1 --stride 4G "$R"
	is "show: a stride that is too short" fails 2 "invalid stride 39: expected at least 40" \
		show --size 10x1 --stride 39 "$R"
	is "show: a bad offset" fails 2 "invalid offset 'x'" show --size 1x1 --offset x "$R"
	is "show: 0 frames" fails 2 "invalid number of frames '0'" show --size 1x1 --frames 0 "$R"
	is "show: no such region" fails 3 "cannot open $R-none: no region" show --size 1x1 "$R-none"
	[ $BACKEND = kmod ] ||
		is "show: not on POSIX shared memory" fails 3 \
			"cannot show $R: not supported by POSIX shared memory, or by an older" show --size 1x1 "$R"
else
	is "show: not in this zinc, and why" fails 3 "built without libdrm" show --size 1x1 "$R"
fi
exits 0 rm "$R"

# -- other users -------------------------------------------------------------------

as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# denied REGEX ARGUMENT...: to another user, with REGEX on stderr
denied()
{
	local regex=$1

	shift
	last=("$@")
	"${as_nobody[@]}" "$ZINC" "$@" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	[ "$status" = 3 ] && grep -qE -- "$regex" "$T/err" && [ ! -s "$T/out" ]
}

device_is_closed()
{
	[ $BACKEND = kmod ] && ! "${as_nobody[@]}" sh -c 'exec 3<>/dev/zinc' 2>/dev/null
}

other_users()
{
	exits 0 create -l persist --mode 0644 "$R" 4K
	is "another user may read 0644" shell 0 '"$@"' \
		"${as_nobody[@]}" "$ZINC" read -n 1 "$R"
	is "may wait on it" shell 1 '"$@"' "${as_nobody[@]}" "$ZINC" wait -t 0 "$R"
	is "may not write it: whose it is, who asks" denied \
		"^zinc: $R belongs to user root \(uid 0\), group root, mode 0644; you are .*65534" \
		write "$R" /proc/version
	is "may not notify" denied "^zinc: cannot open $R: " notify "$R"
	is "may not remove it" denied "^zinc: cannot remove $R: .*owner" rm "$R"
	exits 0 rm "$R"
	exits 0 create -l persist "$R" 4K
	is "may not read 0600" denied "^zinc: cannot open $R: " read "$R"
	exits 0 rm "$R"
}

if [ "$(id -u)" != 0 ] || ! "${as_nobody[@]}" "$ZINC" --version >/dev/null 2>&1; then
	skip "other users" "needs root, and a program that all may run"
elif device_is_closed; then
	is "doctor for a user who may not open /dev/zinc: 1" shell 1 '"$@"' \
		"${as_nobody[@]}" "$ZINC" doctor
	is "and says what to do" both grep -q "^fail  device  .* cannot be opened by" "$T/out" -- \
		grep -q -- "-> .*udev rule\|-> .*usermod" "$T/out"
	is "ls says why it fails" denied "zinc doctor" ls
	mode=$(stat -c %a /dev/zinc)
	chmod 666 /dev/zinc
	other_users
	chmod "$mode" /dev/zinc
else
	other_users
fi

# -- doctor ------------------------------------------------------------------------

is "doctor: nothing fails" exits 0 doctor
is "doctor: each line has its verdict, each other one its remedy" python3 -c '
import re, sys
lines = open(sys.argv[1]).read().splitlines()
for line, after in zip(lines, lines[1:] + [""]):
    verdict = re.match(r"(ok|warn|fail) +[a-z]+ +\S", line)
    assert verdict or re.match(r" +-> \S", line), line
    if verdict:
        assert (verdict[1] == "ok") != (" -> " in after), line' "$T/out"
is "doctor: no colour in a pipe" not grep -q "$ESC" "$T/out"
is "doctor: the backend" grep -q "^ok    backend    $BACKEND: " "$T/out"
# without the module, the missing device is part of that warning
is "doctor --json" json "d['healthy'] is True and
	{'module', 'library', 'backend', 'shm', 'regions'} <=
		{c['check'] for c in d['checks']} and
	('$BACKEND' != 'kmod' or 'device' in {c['check'] for c in d['checks']}) and
	all(c['status'] in ('ok', 'warn') for c in d['checks']) and
	all((c['remedy'] is None) == (c['status'] == 'ok') for c in d['checks'])" doctor --json
if [ $BACKEND = kmod ]; then
	is "doctor: the module's version" prints \
		"^ok    module     zinc $(cat /sys/module/zinc/version) is loaded" doctor
	is "doctor: the interface" grep -q "^ok    interface  version 1, " "$T/out"
	is "doctor: the limits and their use" test "$(grep -c '^ok    limits ' "$T/out")" = 3
fi
is "doctor: a bad ZINC_BACKEND fails, status 1" shell 1 'ZINC_BACKEND=bogus "$ZINC" doctor'
is "and is named" grep -q "^fail  backend .*ZINC_BACKEND=bogus" "$T/out"
is "doctor --json, likewise" shell 1 'ZINC_BACKEND=bogus "$ZINC" doctor --json'
is "not healthy" holds "d['healthy'] is False"
is "doctor: a full disk is noticed" shell 3 '"$ZINC" doctor >/dev/full'
is "doctor takes no operand" fails 2 "takes no operand" doctor x

is "nothing of this test is left" shell 1 '"$ZINC" ls | grep "^$1"' "$R"
echo "1..$n"
[ "$failed" = 0 ]
