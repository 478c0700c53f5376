#compdef zinc
# SPDX-License-Identifier: MIT
#
# zsh completion for zinc(1). Commands, options and what they do come from the
# command's own help.

# _zinc_read PATTERN: NAME:TEXT of each line of standard input that matches, in $found
_zinc_read()
{
	local line MATCH MBEGIN MEND
	local -a match mbegin mend

	found=()
	while IFS= read -r line; do
		[[ $line =~ $1 ]] && found+=("${match[1]}:${match[-1]}")
	done
}

_zinc_commands()
{
	local -a found

	# the operands of a command take 22 columns
	_zinc_read '^  ([a-z]+) +(.*)$' \
		< <(zinc help 2>/dev/null | grep -v '^  zinc ' |
			sed -nE 's/^(  [a-z ]{7}).{22}(.*)/\1 \2/p')
	found+=('help:show the help of a command')
	_describe command found
}

_zinc_options()
{
	local -a found

	_zinc_read '^  -., (--[a-z-]+)(=[^ ]+)? +(.*)$' < <(zinc help "$1" 2>/dev/null)
	_describe -o option found
}

_zinc_regions()
{
	local -a regions

	regions=(${(f)"$(zinc ls --output name 2>/dev/null | tail -n +2)"})
	compadd -a regions
}

# _zinc_columns COMMAND: what its --output accepts
_zinc_columns()
{
	local -a columns

	columns=(${(s:, :)"$(zinc "$1" --output , 2>&1 |
		sed -nE 's/.* one or more of (.*), separated.*/\1/p')"})
	columns=(${(L)columns})
	compset -P '*,'
	compadd -qS , -a columns
}

_zinc()
{
	local command=${words[2]} previous=${words[CURRENT - 1]} word=${words[CURRENT]}

	if (( CURRENT == 2 )); then
		if [[ $word == -* ]]; then
			compadd -- --help --version
		else
			_zinc_commands
		fi
		return
	fi
	if [[ $command == (lock|export) && ${words[(i)--]} -lt $CURRENT ]]; then
		local gone=${words[(i)--]}
		shift $gone words
		(( CURRENT -= gone ))
		_normal
		return
	fi
	case $command:$previous in
	help:*)				_zinc_commands ;;
	create:(--lifetime|-l))		compadd refs creator persist ;;
	(ls|locks):(--output|-o))	_zinc_columns $command ;;
	lock:(--gpu|-g))		compadd vulkan:0 cuda:0 rocm:0 level-zero:0 any:1 \
						/dev/dri/renderD*(N) ;;
	lock:(--file|-f)|locks:(--cache|-C))	_files ;;
	*)
		if [[ $word == -* ]]; then
			_zinc_options $command
			return
		fi
		case $command in
		(stat|rm|write|read|notify|wait|export|show)	_zinc_regions ;;
		esac
		[[ $command == write ]] && (( CURRENT > 3 )) && _files
		;;
	esac
}

_zinc "$@"
