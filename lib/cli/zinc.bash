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

# _zinc_columns COMMAND: what its --output accepts
_zinc_columns()
{
	zinc "$1" --output , 2>&1 | sed -nE 's/.* one or more of (.*), separated.*/\L\1/p' |
		tr -d ,
}

_zinc()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]-} words=''

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ] || [ "$command" = help ]; then
		words='ls stat create rm write read notify wait export show lock locks top doctor help --help --version'
	elif [ "$previous" = --lifetime ] || [ "$previous" = -l ]; then
		words='refs creator persist'
	elif [[ $command == @(ls|locks) ]] && [[ $previous == @(--output|-o) ]]; then
		words=$(_zinc_columns "$command")
	elif [ "$previous" = --device ] || [ "$previous" = -d ] && [ "$command" = show ]; then
		mapfile -t COMPREPLY < <(compgen -G "$word*" || compgen -G '/dev/dri/card*')
		return
	elif [ "$previous" = --format ] || [ "$previous" = -f ] && [ "$command" = show ]; then
		words='XR24 AR24 XB24 AB24 RG24 RG16 XR30'
	elif [ "$previous" = --format ] || [ "$previous" = -f ] && [ "$command" = write ]; then
		words='XR24 AR24 XB24 AB24 RG24 BG24 R8 R16 YUYV UYVY NV12 NV21 NV16 P010 YU12 YV12'
	elif [ "$previous" = --dtype ] || [ "$previous" = -d ] && [ "$command" = write ]; then
		words='bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 bfloat16 float32 float64 complex64 complex128'
	elif [ "$previous" = --gpu ] || [ "$previous" = -g ]; then
		words="vulkan:0 cuda:0 rocm:0 level-zero:0 any:1 $(compgen -G '/dev/dri/renderD*')"
	elif [ "$previous" = --file ] || [ "$previous" = -f ] && [ "$command" = lock ] || [ "$previous" = --cache ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	elif [[ $command == @(export|lock) ]] && [[ " ${COMP_WORDS[*]:0:COMP_CWORD} " == *' -- '* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -f -- "$word")
		return
	elif [[ $word == -* ]]; then
		words=$(zinc help "$command" 2>/dev/null | grep -oE -- '--[a-z]+(-[a-z]+)*')
	else
		case $command in
		stat|rm|write|read|notify|wait|export|show)	words=$(_zinc_regions) ;;
		esac
		if [ "$command" = write ] && [ "$COMP_CWORD" -gt 2 ]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o filenames -F _zinc zinc
