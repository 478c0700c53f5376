#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The completions of bash, fish and zsh have every command and every option that the
# command's help has. $ZINC is the program if it is not build/bin/zinc. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

ZINC=$(readlink -f "${ZINC:-build/bin/zinc}")
[ -x "$ZINC" ] || { echo "Bail out! there is no program $ZINC: run make"; exit 1; }
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
ln -s "$ZINC" "$T/zinc"
export PATH=$T:$PATH HOME=$T XDG_CONFIG_HOME=$T XDG_DATA_HOME=$T LC_ALL=C.UTF-8
export ZINC_BACKEND=shm

# WORD...: what is offered for the last one, one a line, without what it means
complete_bash()
{
	# shellcheck disable=SC2016
	bash --norc -c '
		. lib/cli/zinc.bash
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_zinc
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

complete_fish()
{
	# shellcheck disable=SC2016
	fish --no-config -c 'source lib/cli/zinc.fish; complete -C "$argv"' "$@" | cut -f 1
}

# what zsh adds matches with works in its editor alone
complete_zsh()
{
	# shellcheck disable=SC2016
	zsh -f -c '
		_describe() { print -l -- ${(P)${@[-1]}%%:*} }
		_files() { print FILES }
		_normal() { print NORMAL $words }
		compset() { : }
		compadd() {
			case $1 in
			--) shift; print -l -- $@ ;;
			-*) print -l -- ${(P)${@[-1]}} ;;
			*) print -l -- $@ ;;
			esac
		}
		words=("$@")
		CURRENT=$#words
		set --
		. lib/cli/zinc.zsh' zsh "$@"
}

commands()
{
	zinc help | sed -nE 's/^  ([a-z]+) .*/\1/p' | grep -vx zinc
	echo help
}

options_of()
{
	zinc help "$1" | sed -nE 's/^  -., (--[a-z-]+).*/\1/p'
}

# has_all SHELL WANTED WORD...: SHELL offers all lines of the file WANTED
has_all()
{
	local shell=$1 wanted=$2

	shift 2
	[ -s "$wanted" ]
	"complete_$shell" "$@" | sort -u >"$T/offered"
	sort -u "$wanted" | comm -23 - "$T/offered" >"$T/missing"
	sed 's/^/not offered: /' "$T/missing"
	[ ! -s "$T/missing" ]
}

has_all_options()
{
	local command

	commands | grep -vx help >"$T/all"
	while read -r command; do
		options_of "$command" >"$T/options"
		has_all "$1" "$T/options" zinc "$command" -- || {
			echo "of zinc $command"
			return 1
		}
	done <"$T/all"
}

# regions, and what --output accepts
has_values()
{
	zinc create -l persist "completed$$" 64K
	echo "completed$$" >"$T/values"
	has_all "$1" "$T/values" zinc rm "" || { zinc rm "completed$$"; return 1; }
	zinc rm "completed$$"
	printf '%s\n' name capacity state created >"$T/values"
	has_all "$1" "$T/values" zinc ls --output ""
	printf '%s\n' lock lockfile >"$T/values"
	has_all "$1" "$T/values" zinc locks --output ""
	printf '%s\n' refs creator persist >"$T/values"
	has_all "$1" "$T/values" zinc create --lifetime ""
}

commands >"$T/commands"
printf '%s\n' --help --version >"$T/first"
for shell in bash fish zsh; do
	if ! command -v "$shell" >/dev/null; then
		skip "$shell" "$shell is not installed: tests/repo/setup test"
		continue
	fi
	is "$shell completes every command" has_all "$shell" "$T/commands" zinc ""
	is "$shell completes every command after help" has_all "$shell" "$T/commands" zinc help ""
	is "$shell completes --help and --version" has_all "$shell" "$T/first" zinc --
	is "$shell completes every option of every command" has_all_options "$shell"
	is "$shell completes names of regions, columns, lifetimes" has_values "$shell"
done
finish
