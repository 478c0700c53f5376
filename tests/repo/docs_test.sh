#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pages: every command and program in them is run, on POSIX shared
# memory on this machine, in a guest with the module, or both, as its fence says
# (tests/repo/docs_extract.py). Commands that no test may run are listed below with
# the reason and with what is run in their place. And what they say of names
# and numbers is held against the code. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

DOCS=(README.md kmod/README.md lib/README.md lib/python/README.md lib/node/README.md lib/doc/*.md
	tests/README.md tests/bench/README.md .ci/*.md)
BEHAVIOUR=lib/doc/behaviour.md
TOP=$PWD
# below the tree, since the guest sees that, and not this machine's /tmp
WORK=$TOP/build/docs
STAGE=$WORK/stage
USR=$STAGE/usr/local
BLOCK_SECONDS=120

# Commands that are not run, the reason, and their replacement in the copy of the tree.
# shellcheck disable=SC2016 # a later shell reads the variables
exceptions()
{
	cat <<'TXT'
make demo | boots a guest for minutes; a test of its own runs it | target demo tests/demo/run
make test | is what runs this | target test tests/steps/all
make lint | goes over the whole tree; the first thing that CI runs | target lint tests/repo/lint
apt-get install gcc make libc6-dev pkg-config dkms linux-headers-amd64 | changes this machine | apt-cache show gcc make libc6-dev pkg-config dkms linux-headers-amd64 >/dev/null
apt-get install python3-cffi python3-setuptools python3-wheel | changes this machine | apt-cache show python3-cffi python3-setuptools python3-wheel >/dev/null
make install | writes to /usr/local | make install DESTDIR="$STAGE"
make install-python | writes to /usr/local | make install-python DESTDIR="$STAGE"
ln -s /usr/local/lib/node_modules/zinc-shm node_modules/ | is in another place here | ln -s "$USR/lib/node_modules/zinc-shm" node_modules/
export GST_PLUGIN_PATH=/usr/local/lib/gstreamer-1.0 | it is installed elsewhere | export GST_PLUGIN_PATH="$USR/lib/gstreamer-1.0"
ldconfig | writes to /etc | /sbin/ldconfig -n -v "$STAGE/usr/local/lib" | grep libzinc-kmod.so.1
make dkms-install | writes to /usr/src | make dkms-install DESTDIR="$STAGE"
dkms install zinc/1.0.0 | writes to /lib/modules; install_test.sh builds it with DKMS | test -e "$STAGE/usr/src/zinc-1.0.0/dkms.conf"
make udev-install | writes to /usr/lib | make udev-install DESTDIR="$STAGE"
udevadm control --reload | needs a running udevd; below the rule is applied in a guest | udevadm control --help | grep reload
modprobe zinc | loads a module into this kernel; guests do | modinfo "$TOP"/build/kmod/6.1/zinc.ko
usermod -aG render alice | changes this machine | getent group render
mokutil --import /var/lib/dkms/mok.pub | changes the firmware | grep -F 'mok_certificate="/var/lib/dkms/mok.pub"' "$(PATH=$PATH:/usr/sbin command -v dkms)"
modinfo -p zinc | the module is not installed in the guest | modinfo -p "$TOP"/build/kmod/6.1/zinc.ko
tests/vm/run --kernel 6.12 -- build/bin/zinc doctor | boots a guest of its own | tests/vm/run --help | grep -e --kernel
TXT
}

# target NAME PROGRAM: is there such a make target, and what it runs
target()
{
	make -qp help >targets 2>/dev/null || :
	grep "^$1:" targets
	[ -x "$2" ]
}
export -f target

# substitute BLOCK: its commands, the exceptions replaced
substitute()
{
	# shellcheck disable=SC2016 # awk reads it
	exceptions | awk -v used="$WORK/used" '
	NR == FNR {
		split($0, field, " [|] ")
		line = $0
		sub(/^[^|]* [|] [^|]* [|] /, "", line)
		instead[field[1]] = line
		next
	}
	{
		key = $0
		sub(/ +#.*/, "", key)
		if (key in instead)
			print key >>used
		print key in instead ? instead[key] : $0
	}' - "$1"
}

# run_block NUMBER: in the current directory
run_block()
{
	substitute "$WORK/$1.sh" >"$WORK/$1.run"
	# shellcheck disable=SC2016 # for that shell
	timeout -k 5 "$BLOCK_SECONDS" bash -euo pipefail -c '
		trap "kill \$(jobs -p) 2>/dev/null || :; wait || :" EXIT
		. "$1"' block "$WORK/$1.run"
}

use_stage()
{
	export STAGE TOP USR PATH="$USR/bin:$PATH" LD_LIBRARY_PATH="$USR/lib"
	PYTHONPATH=$(find "$USR/lib" -path '*-packages/zinc' -printf '%h\n')
	# Debian's python3 has Debian's packages
	export PYTHONPATH PATH="$USR/bin:/usr/bin:$PATH"
	export PKG_CONFIG_PATH="$USR/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$STAGE"
}

# blocks WHERE: run all blocks for this place
blocks()
{
	local place where n=0

	while read -r place where; do
		n=$((n + 1))
		case $where in
		"$1" | both) is "$place runs ($1)" run_block "$n" ;;
		esac
	done <"$WORK/blocks"
}

# The udev rule is applied to the device.
udev_rule()
{
	mkdir -p /run/udev/rules.d
	cp "$TOP/kmod/60-zinc.rules" /run/udev/rules.d/
	[ "$(stat -c '%G %a' /dev/zinc)" = "root 600" ]
	udevadm test --action=add /sys/class/misc/zinc
	[ "$(stat -c '%G %a' /dev/zinc)" = "render 660" ]
	udevadm info --query=property --name=/dev/zinc | grep '^CURRENT_TAGS=.*:uaccess:'
}

in_guest()
{
	cd "$WORK/guest" || exit 1
	unset ZINC_BACKEND
	use_stage
	blocks kmod
	is "the udev rule sets group and mode of /dev/zinc" udev_rule
	finish
}

prepare()
{
	local goal

	for goal in lib cli "install DESTDIR=$STAGE" \
			"install-python DESTDIR=$STAGE PYTHON=/usr/bin/python3" \
			"install-node DESTDIR=$STAGE"; do
		# shellcheck disable=SC2086 # words
		make -C "$WORK/tree" $goal
	done
}

# The same results, numbered on from here
take_over()
{
	local line status=''

	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			tap_count=$((tap_count + 1))
			status=ok
			[[ $line != not* ]] || status="not ok"
			[ "$status" = ok ] || tap_failed=$((tap_failed + 1))
			echo "$status $tap_count ${line#"$status "*[0-9] }"
			;;
		1..*)	: ;;
		*)	echo "$line" ;;
		esac
	done
}

guest()
{
	local log=$WORK/guest.log status=0

	ZINC_TEST_TIMEOUT='' tests/vm/run --timeout 250 -- \
		tests/repo/docs_test.sh in-guest >"$log" 2>"$log.err" || status=$?
	take_over < <(grep -a '' "$log")
	# its own failures are reported already
	[ "$status" -ne 1 ] || status=0
	grep -aq '^1\.\.[1-9]' "$log" || status=99
	result "the guest ran to its end" "$status" "$log.err"
}

no_problems()
{
	cat "$WORK/problems"
	[ ! -s "$WORK/problems" ]
	[ "$(wc -l <"$WORK/blocks")" -ge 10 ]
}

paths_exist()
{
	local place path bad=0

	while read -r place path; do
		[ -e "$path" ] || { echo "$place: no $path"; bad=1; }
	done <"$WORK/paths"
	[ "$(wc -l <"$WORK/paths")" -ge 10 ]
	return $bad
}

exceptions_are_used()
{
	exceptions | sed 's/ | .*//' | sort >"$WORK/listed"
	sort -u "$WORK/used" | diff "$WORK/listed" -
}

# in_docs FILE: each word from stdin is in it
in_docs()
{
	local word bad=0 n=0

	while read -r word; do
		n=$((n + 1))
		grep -qwF -e "$word" "$1" || { echo "$1 has no $word"; bad=1; }
	done
	[ "$n" -gt 0 ]
	return $bad
}

ioctls_are_told()
{
	sed -nE 's/^#define (ZINC_[A-Z_]+)\t+_IO.*/\1/p' uapi/linux/zinc.h |
		in_docs kmod/README.md
}

functions_are_told()
{
	sed -n 's/^\t\(zinc_[a-z_]*\);$/\1/p' lib/libzinc-kmod.map |
		in_docs lib/README.md
}

tracepoints_are_told()
{
	sed -n 's/^TRACE_EVENT(\(.*\),$/\1/p' kmod/trace.h |
		in_docs kmod/README.md
}

parameters_are_told()
{
	sed -n 's/^module_param_named(\([a-z_]*\),.*/\1/p' kmod/*.c \
		>"$WORK/parameters"
	in_docs "$BEHAVIOUR" <"$WORK/parameters"
	in_docs kmod/README.md <"$WORK/parameters"
}

commands_are_told()
{
	sed -nE 's/^\t\{ "([a-z]+)", cmd_.*/zinc \1/p' lib/cli/cli.c |
		in_docs README.md
}

environment_is_told()
{
	sed -nE 's/^#define VARIABLE\t"(.*)"/\1/p' lib/backend/select.c |
		in_docs lib/README.md
	echo ZINC_CACHE | in_docs README.md
	sed -nE 's/^VARIABLE = "(.*)"/\1/p' lib/python/zinc/_abi.py |
		in_docs lib/python/README.md
}

# lib/examples has them, too, below a comment.
programs_are_examples()
{
	local file

	for file in "$WORK"/files/hello.*; do
		tail -n "$(wc -l <"$file")" "lib/examples/${file##*/}" | diff "$file" -
	done
}

# Every word that looks like a name of the code is one.
names_exist()
{
	local name bad=0

	grep -ohE '\bzinc_[a-z_]+\b(\(\))?|\bZINC_[A-Z_]+\b|\bE[A-Z]{4,}\b' "${DOCS[@]}" |
		tr -d '()' | sort -u >"$WORK/names"
	while read -r name; do
		case $name in
		zinc_stream)	[ -e lib/cpp/zinc_stream.hpp ] && continue ;;
		ZINC_CACHE)	grep -qw "$name" tests/vm/common.sh && continue ;;
		EPOLL*)		continue ;;
		E*)		errno "$name" && continue ;;
		*)		grep -rqw "$name" lib uapi kmod --include='*.[ch]' --include='*.rs' \
					--include='*.map' --include='*.py' && continue ;;
		esac
		echo "there is no $name"
		bad=1
	done <"$WORK/names"
	[ "$(wc -l <"$WORK/names")" -ge 40 ]
	return $bad
}

errno()
{
	python3 -c 'import errno, sys; getattr(errno, sys.argv[1])' "$1" 2>/dev/null
}

# Limits in the pages are those of the code.
numbers_agree()
{
	grep -q "max_regions. | 4096 |" "$BEHAVIOUR"
	grep -q "zinc_max_regions = 4096;" kmod/quota.c
	grep -q "1 to 249 of" "$BEHAVIOUR"
	grep -qE "ZINC_NAME_MAX\s+249" uapi/linux/zinc.h
	grep -q "up to 128 regions" kmod/README.md
	grep -qE "ZINC_WAIT_ANY_MAX\s+128" uapi/linux/zinc.h
	grep -q "exact, up to 1024" "$BEHAVIOUR"
	grep -qE "ZINC_WAITERS_COUNTED\s+1024" kmod/notify.c
}

if [ "${1:-}" = in-guest ]; then
	in_guest
	exit
fi

# Regions of others on this machine are none of our business.
if [ "$(id -u)" = 0 ] && [ -z "${DOCS_TEST_ALONE:-}" ] && unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016 # for that shell
	DOCS_TEST_ALONE=1 exec unshare -m bash -c \
		'mount -t tmpfs -o mode=1777 tmpfs /dev/shm; exec "$0"' "$TOP/tests/repo/docs_test.sh"
fi

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX VERSION B
unset KDIR KERNEL
rm -rf "$WORK"
mkdir -p "$WORK/guest"
: >"$WORK/used"
tests/repo/docs_extract.py "$WORK" "${DOCS[@]}" || exit 1
copy_tree "$WORK/tree"
cp "$WORK"/files/* "$WORK/tree/"
cp "$WORK"/files/* "$WORK/guest/"

is "each fence says what becomes of it" no_problems
is "what they point to is there" paths_exist
is "kmod/README.md has every ioctl" ioctls_are_told
is "kmod/README.md has every tracepoint" tracepoints_are_told
is "the module's parameters are told" parameters_are_told
is "lib/README.md has every function" functions_are_told
is "README.md has every command" commands_are_told
is "the environment variables are told" environment_is_told
is "hello.c and hello.py are those of lib/examples" programs_are_examples
is "every name in them is a name of the code" names_exist
is "the limits in them are those of the code" numbers_agree
is "the library and the command are built" prepare
guest
(
	cd "$WORK/tree" || exit 1
	use_stage
	export ZINC_BACKEND=shm
	blocks native
	finish
) >"$WORK/native.log"
take_over <"$WORK/native.log"
is "no exception is left over" exceptions_are_used
finish
