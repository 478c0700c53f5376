# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for zinc(1)

_zinc_regions()
{
	zinc ls 2>/dev/null | while read -r name _; do
		[ "$name" = NAME ] || echo "$name"
	done
}

_zinc()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]-} words=''

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ] || [ "$command" = help ]; then
		words='ls stat create rm write read notify wait top doctor help --help --version'
	elif [ "$previous" = --lifetime ] || [ "$previous" = -l ]; then
		words='refs creator persist'
	elif [[ $word == -* ]]; then
		words=$(zinc help "$command" 2>/dev/null | grep -oE -- '--[a-z]+')
	else
		case $command in
		stat|rm|write|read|notify|wait)	words=$(_zinc_regions) ;;
		esac
		if [ "$command" = write ] && [ "$COMP_CWORD" -gt 2 ]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o filenames -F _zinc zinc
