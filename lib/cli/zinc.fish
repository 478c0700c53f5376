# SPDX-License-Identifier: MIT
#
# fish completion for zinc(1). Commands, options and what they do come from the
# command's own help.

function __zinc_commands
    zinc help 2>/dev/null |
        string replace -rf '^  (?!zinc )(?=.{29})([a-z]+)(?: .*)?(?<=^.{31})(.*)$' '$1\t$2'
    printf 'help\tshow the help of a command\n'
end

# the command that is being completed
function __zinc_command
    set -l words (commandline -opc)
    set -q words[2]; and echo $words[2]
end

function __zinc_options
    zinc help (__zinc_command) 2>/dev/null |
        string replace -rf '^  -., (--[a-z-]+)(?:=\S+)? +(.*)$' '$1\t$2'
end

function __zinc_regions
    zinc ls --output name 2>/dev/null | tail -n +2
end

# __zinc_columns: what --output accepts
function __zinc_columns
    zinc (__zinc_command) --output , 2>&1 |
        string replace -rf '.* one or more of (.*), separated.*' '$1' | string split ', ' |
        string lower
end

complete -c zinc -f
complete -c zinc -n __fish_is_first_token -a '(__zinc_commands)'
complete -c zinc -n __fish_is_first_token -l help -d 'list the commands'
complete -c zinc -n __fish_is_first_token -l version -d 'print versions'
complete -c zinc -n '__fish_seen_subcommand_from help' -a '(__zinc_commands)'
complete -c zinc -n 'not __fish_is_first_token; and string match -q -- "-*" (commandline -ct)' \
    -a '(__zinc_options)'
complete -c zinc -n '__fish_seen_subcommand_from stat rm write read notify wait export show' \
    -a '(__zinc_regions)'
complete -c zinc -n '__fish_seen_subcommand_from write' -F
complete -c zinc -n '__fish_seen_subcommand_from create' -s l -l lifetime -x -d 'when its name goes' \
    -a 'refs creator persist'
complete -c zinc -n '__fish_seen_subcommand_from ls locks' -s o -l output -x -d 'columns' \
    -a '(__zinc_columns)'
complete -c zinc -n '__fish_seen_subcommand_from lock' -s g -l gpu -x -d 'lock a GPU' \
    -a 'vulkan:0 cuda:0 rocm:0 level-zero:0 any:1 (path filter /dev/dri/renderD* 2>/dev/null)'
complete -c zinc -n '__fish_seen_subcommand_from lock' -s f -l file -r -F -d 'lock a file'
complete -c zinc -n '__fish_seen_subcommand_from locks' -s C -l cache -r -F -d 'the folder of the cache'
complete -c zinc -n '__fish_seen_subcommand_from lock export; and contains -- -- (commandline -opc)' \
    -a '(__fish_complete_subcommand --fcs-skip=(contains -i -- -- (commandline -opc)))'
