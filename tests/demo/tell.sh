# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # used by those that source it
#
# How the demo's parts speak, and what they show. Sourced with $TOP set, never
# run.

OUT=$TOP/build/demo
ALBUM=${ZINC_DEMO_ALBUM:-/usr/share/backgrounds}	# of lomiri-wallpapers-16.04
PICTURES=(aitzgorri_by_Aitzol_Berasategi.jpg friends_by_Aitzol_Berasategi.jpg
	picosdeeuropa_by_Aitzol_Berasategi.jpg)
FAILURES=0

say()
{
	printf '   %s\n' "$@"
}

title()
{
	printf '\n== %s\n' "$*"
}

# expect TEXT COMMAND...: TEXT is what holds when COMMAND succeeds
expect()
{
	local text=$1
	shift
	if "$@"; then
		say "yes: $text"
	else
		say "NO:  $text"
		FAILURES=$((FAILURES + 1))
	fi
}

die()
{
	printf 'demo: %s\n' "$*" >&2
	for log in "$OUT"/*.log; do
		sed "s,^,   ${log##*/}: ," "$log" >&2
	done
	exit 1
}

look_for_pictures()
{
	local picture

	for picture in "${PICTURES[@]}"; do
		[ -r "$ALBUM/$picture" ] ||
			die "no $ALBUM/$picture: run tests/repo/setup demo"
	done
}

all_held()
{
	[ "$FAILURES" -eq 0 ] || die "$FAILURES of the above did not hold"
}
