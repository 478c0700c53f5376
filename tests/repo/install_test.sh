#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Files that `make`, `make install` and their opposites create and remove, and whether other
# users can use the installed files. All of it in a copy of the tree. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX VERSION TOP B
unset KDIR KERNEL PKG_CONFIG_PATH LD_LIBRARY_PATH
export ZINC_BACKEND=shm LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin
T=$(mktemp -d "${TMPDIR:-/tmp}/zinc-install.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
TREE=$T/tree
STAGE=$T/stage
LIB=$STAGE/usr/lib
SO=$LIB/libzinc-kmod.so.1.0.0
VERSION=$(sed -n 's/^VERSION := //p' Makefile)
copy_tree "$TREE"

# staged OPTION...: pkg-config, of what make install has put there alone
staged()
{
	PKG_CONFIG_SYSROOT_DIR=$STAGE PKG_CONFIG_LIBDIR=$LIB/pkgconfig \
		pkg-config "$@"
}

# every file and link below a directory, with the links' targets
listing()
{
	(cd "$1" && find . ! -type d -printf '/%P %l\n' | sed 's/ $//' | sort)
}

build()
{
	make -C "$TREE" -j2 all
}

# what a compiler or linker makes
products()
{
	find "$TREE/build" -type f \( -name '*.o' -o -name '*.ko' -o -name '*.a' \
		-o -name '*.so*' -o -perm -u+x \) "$@"
}

builds_nothing()
{
	[ "$(products | wc -l)" -gt 20 ]
	touch "$T/stamp"
	make -C "$TREE" all
	products -newer "$T/stamp" >"$T/remade"
	cat "$T/remade"
	[ ! -s "$T/remade" ]
}

rebuilds()
{
	touch "$T/stamp"
	sleep 1
	touch "$TREE/lib/include/zinc.h"
	make -C "$TREE" lib cli
	[ "$LIB_O" -nt "$T/stamp" ]
	[ "$TREE/build/bin/zinc" -nt "$T/stamp" ]
}
LIB_O=$TREE/build/lib/core/region.o

help_lists()
{
	local target

	make -C "$TREE" --no-print-directory help | tee "$T/help"
	# make's own list of its targets
	make -C "$TREE" -qp help >"$T/targets" || :
	for target in all module lib cli tests clean man demo test lint setup \
			install uninstall install-python modules_install udev-install dkms-install; do
		grep -qE "^  $target +[^ ]" "$T/help"
		grep -q "^$target:" "$T/targets"
	done
}

cleans()
{
	make -C "$TREE" clean
	listing "$TREE" | diff "$T/fresh" -
}

install_stage()
{
	make -C "$TREE" install DESTDIR="$STAGE" PREFIX=/usr
}

installs()
{
	listing "$STAGE" | grep -v ^/usr/share/man/man3/ | diff - <(cat <<-TXT
	/usr/bin/zinc
	/usr/include/linux/zinc.h
	/usr/include/zinc-drm.h
	/usr/include/zinc-lock.h
	/usr/include/zinc-stream.h
	/usr/include/zinc.h
	/usr/lib/cmake/zinc/zincConfig.cmake
	/usr/lib/cmake/zinc/zincConfigVersion.cmake
	/usr/lib/gstreamer-1.0/libgstzinc.so
	/usr/lib/libzinc-drm.a
	/usr/lib/libzinc-drm.so libzinc-drm.so.1
	/usr/lib/libzinc-drm.so.1 libzinc-drm.so.1.0.0
	/usr/lib/libzinc-drm.so.1.0.0
	/usr/lib/libzinc-kmod.a
	/usr/lib/libzinc-kmod.so libzinc-kmod.so.1
	/usr/lib/libzinc-kmod.so.1 libzinc-kmod.so.1.0.0
	/usr/lib/libzinc-kmod.so.1.0.0
	/usr/lib/libzinc_core.so libzinc-kmod.so.1.0.0
	/usr/lib/pkgconfig/zinc-drm.pc
	/usr/lib/pkgconfig/zinc-kmod.pc
	/usr/lib/tmpfiles.d/zinc.conf
	/usr/share/bash-completion/completions/zinc
	/usr/share/doc/zinc/examples/fdstore.py
	/usr/share/doc/zinc/examples/gles.c
	/usr/share/doc/zinc/examples/hello.c
	/usr/share/doc/zinc/examples/hello.py
	/usr/share/doc/zinc/examples/kms.c
	/usr/share/doc/zinc/examples/paint.c
	/usr/share/doc/zinc/examples/seqlock.c
	/usr/share/doc/zinc/examples/seqlock.h
	/usr/share/doc/zinc/examples/stream.c
	/usr/share/doc/zinc/examples/v4l2.c
	/usr/share/doc/zinc/examples/vulkan.c
	/usr/share/doc/zinc/examples/vulkan.comp
	/usr/share/fish/vendor_completions.d/zinc.fish
	/usr/share/man/man1/zinc.1
	/usr/share/man/man4/zinc.4
	/usr/share/man/man7/zinc.7
	/usr/share/zsh/site-functions/_zinc
	TXT
	)
	cmp "$STAGE/usr/include/zinc.h" lib/include/zinc.h
	cmp "$STAGE/usr/include/zinc-lock.h" lib/include/zinc-lock.h
	cmp "$STAGE/usr/include/zinc-stream.h" lib/include/zinc-stream.h
	cmp "$STAGE/usr/include/linux/zinc.h" uapi/linux/zinc.h
}

# man finds a page for each function and struct, and no other ones.
installs_pages()
{
	local name

	{
		sed -n 's/^\t\(zinc_[a-z_]*\);$/\1.3/p' lib/*.map lib/drm/*.map
		# these are inline
		sed -n 's/^ \* \(zinc_[a-z_]*\)() - .*/\1.3/p' lib/include/zinc-stream.h
		sed -n 's/^ \* struct \(zinc_[a-z_]*\) - .*/\1.3\n\1.3type/p' lib/include/*.h lib/drm/zinc-drm.h
	} | sort -u >"$T/wanted"
	find "$STAGE/usr/share/man/man3" -mindepth 1 -printf '%f\n' | sort | diff "$T/wanted" -
	for name in "1 zinc" "4 zinc" "7 zinc" "3 zinc_create" "3type zinc_options"; do
		# shellcheck disable=SC2086 # section and name
		man -M "$STAGE/usr/share/man" -w $name
	done
}

# Others can use what a root with a strict umask has installed.
installs_for_all()
{
	(umask 077; make -C "$TREE" install udev-install dkms-install \
		DESTDIR="$T/strict" PREFIX=/usr)
	find "$T/strict/usr" ! -type l ! -perm -a+r -print >"$T/closed"
	find "$T/strict/usr" -type d ! -perm -a+x -print >>"$T/closed"
	cat "$T/closed"
	[ ! -s "$T/closed" ]
}

pkg_config()
{
	[ "$(staged --modversion zinc-kmod)" = "$VERSION" ]
	[ "$(STAGE='' staged --variable=prefix zinc-kmod)" = /usr ]
	[ "$(staged --libs zinc-kmod | xargs)" = "-L$LIB -lzinc-kmod" ]
	[ "$(staged --modversion --maximum-traverse-depth=1 zinc-drm)" = "$VERSION" ]
}

cat >"$T/user.c" <<'C'
#include <linux/zinc.h>
#include <zinc.h>

int main(void)
{
	struct zinc_options options = { sizeof(options), 0, 0, 0, 0, 0 };
	zinc_handle region;
	int bad = 0;

	zinc_unlink("install-test");
	if (zinc_create_with("install-test", 8192, &options, &region))
		return 1;
	zinc_ptr(region)[8191] = 42;
	zinc_notify(region);
	bad |= zinc_wait(region, 0) != 0;
	bad |= zinc_capacity(region) != 8192;
	bad |= zinc_version() >> 16 != ZINC_FORMAT;
	zinc_close(region);
	bad |= zinc_unlink("install-test") != -2;
	return bad;
}
C
cp "$T/user.c" "$T/user.cc"

# compile STANDARD COMPILER SOURCE ARGUMENT...: against the installed files
compile()
{
	local standard=$1 compiler=$2 source=$3

	shift 3
	"$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror \
		-I"$STAGE/usr/include" -o "$T/user" "$source" "$@"
}

compiles_and_runs()
{
	local -a words

	read -ra words < <(staged --cflags --libs zinc-kmod)
	compile "$@" "${words[@]}"
	LD_LIBRARY_PATH=$LIB "$T/user"
}

links_static()
{
	compile c11 gcc "$T/user.c" "$LIB/libzinc-kmod.a"
	"$T/user"
	readelf -d "$T/user" >"$T/dynamic"
	grep NEEDED "$T/dynamic"
	[ "$(grep -c NEEDED "$T/dynamic")" = 1 ]
	compile c11 gcc "$T/user.c" -static "$LIB/libzinc-kmod.a"
	"$T/user"
}

# From where they are installed, by the command in each one's first comment. The
# two that draw need Mesa's headers: gpu/mesa_test.sh has them.
builds_examples()
{
	local name

	# without DESTDIR: libdrm is this machine's
	make -C "$TREE" install PREFIX="$T/examples/usr"
	cd "$T/examples"
	cp usr/share/doc/zinc/examples/* .
	export PKG_CONFIG_PATH=$T/examples/usr/lib/pkgconfig
	for name in hello seqlock stream paint kms v4l2; do
		sed -n 's/^ \*\tcc /cc -Wall -Wextra -Werror /p' $name.c >$name.sh
		bash -ex $name.sh
		[ -x $name ]
	done
}

# The reader comes first, and is told that the writer was killed.
stream_ends_with_its_writer()
{
	# not local: the trap needs them when the shell ends
	stdbuf -oL "$T/examples/stream" read install-stream >"$T/frames" &
	reader=$!
	"$T/examples/stream" write install-stream 3000 &
	writer=$!
	trap 'kill -9 $reader $writer' EXIT
	until [ "$(wc -l <"$T/frames")" -ge 3 ]; do
		kill -0 $reader
		kill -0 $writer
		sleep 0.1
	done
	kill -9 $writer
	wait $reader
	trap - EXIT
	# without the module, what a killed process has made stays
	"$TREE/build/bin/zinc" rm install-stream || :
	awk '/^frame/ && $5 != ($2 - 1) % 40 * 16 { exit 1 }' "$T/frames"
	tail -n 1 "$T/frames" | grep -E '^the writer has ended: [0-9]+ frames seen'
}

runs_examples()
{
	# not local, likewise
	zinc=$TREE/build/bin/zinc
	name=install-paint-$$
	export LD_LIBRARY_PATH=$T/examples/usr/lib
	timeout 60 "$T/examples/seqlock" 20000 | grep 'all whole'
	stream_ends_with_its_writer
	"$T/examples/paint" "$name" 128x128 &
	painter=$!
	trap 'kill $painter; wait $painter || :; "$zinc" rm "$name" || :' EXIT
	until "$zinc" wait --timeout 60000 "$name"; do
		kill -0 $painter
		sleep 0.1
	done
	[ "$("$zinc" read "$name" | wc -c)" = 65536 ]
	# blue is the same all over, and the rest is not
	[ "$("$zinc" read "$name" | tr -dc '\200' | wc -c)" -gt 16384 ]
}

# Each header alone, and twice.
headers_stand_alone()
{
	local header

	for header in zinc.h zinc-lock.h linux/zinc.h; do
		printf '#include <%s>\n#include <%s>\nint x;\n' \
			"$header" "$header" >"$T/alone.c"
		cp "$T/alone.c" "$T/alone.cc"
		gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -c -o "$T/alone.o" \
			-I"$STAGE/usr/include" "$T/alone.c"
		g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -c -o "$T/alone.o" \
			-I"$STAGE/usr/include" "$T/alone.cc"
	done
	# it has code, for C11 and C++17, and needs POSIX
	sed -i 's|<linux/zinc.h>|<zinc-stream.h>|' "$T/alone.c" "$T/alone.cc"
	gcc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wconversion \
		-Werror -c -o "$T/alone.o" -I"$STAGE/usr/include" "$T/alone.c"
	g++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Werror -c \
		-o "$T/alone.o" -I"$STAGE/usr/include" "$T/alone.cc"
}

# The map, the header and the library name the same functions.
exports()
{
	sed -n 's/^\t\(zinc_[a-z_]*\);$/\1/p' lib/libzinc-kmod.map |
		sort >"$T/in_map"
	{
		sed -n '/^ZINC_API/,/;/p' lib/include/zinc*.h | tr '\n' ' ' |
			grep -oE 'ZINC_API [^(]*\('
		# inline in C, exported for other languages
		grep -E '^ZINC_STREAM_API [^(]*\(' lib/include/zinc-stream.h
	} | grep -oE 'zinc_[a-z_]+\(' | tr -d '(' | sort >"$T/in_header"
	nm -D --defined-only "$SO" | awk '$2 != "A" { print $3 }' |
		sed 's/@@ZINC_1[.0-9]*$//' | sort >"$T/in_library"
	[ "$(wc -l <"$T/in_map")" -ge 9 ]
	diff "$T/in_map" "$T/in_header"
	diff "$T/in_map" "$T/in_library"
}

needs_libc_alone()
{
	readelf -d "$SO" >"$T/dynamic"
	cat "$T/dynamic"
	grep -qF 'soname: [libzinc-kmod.so.1]' "$T/dynamic"
	[ "$(sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' "$T/dynamic")" = libc.so.6 ]
	refute grep -E 'RPATH|RUNPATH|TEXTREL' "$T/dynamic"
}

# refute COMMAND...: `!` would not end a test
refute()
{
	if "$@"; then
		return 1
	fi
}

compatibility_name()
{
	python3 - "$LIB/libzinc_core.so" <<-'PY'
	import ctypes, sys
	zinc = ctypes.CDLL(sys.argv[1])
	zinc.zinc_version.restype = ctypes.c_uint32
	assert zinc.zinc_version() == 0x20001, hex(zinc.zinc_version())
	for name in ("create open ptr capacity close notify wait try_wait").split():
	    getattr(zinc, "zinc_" + name)
	PY
}

# A program that was linked to another libzinc_core.so, of nine functions and with
# no soname, by prototypes that it wrote down itself.
linked_to_the_existing_library()
{
	local functions='create open ptr capacity close notify wait try_wait version' f

	for f in $functions; do
		echo "int zinc_$f(void) { return -1; }"
	done >"$T/other.c"
	mkdir -p "$T/other"
	gcc -shared -fPIC -o "$T/other/libzinc_core.so" "$T/other.c"
	cat >"$T/existing.c" <<-'C'
	#include <stdint.h>
	#include <string.h>

	int32_t zinc_create(const char *name, uintptr_t capacity, void **out);
	int32_t zinc_open(const char *name, void **out);
	uint8_t *zinc_ptr(void *handle);
	uintptr_t zinc_capacity(void *handle);
	void zinc_close(void *handle);
	void zinc_notify(void *handle);
	int32_t zinc_wait(void *handle, uint32_t timeout_ms);
	int32_t zinc_try_wait(void *handle);
	uint32_t zinc_version(void);

	int main(void)
	{
		void *a, *b;

		if (zinc_create("install-test-linked", 65536, &a) ||
		    zinc_open("install-test-linked", &b))
			return 1;
		strcpy((char *)zinc_ptr(a), "linked");
		zinc_notify(a);
		if (zinc_wait(b, 60000) || zinc_try_wait(b) != -11 ||
		    strcmp((char *)zinc_ptr(b), "linked") ||
		    zinc_capacity(b) != 65536 || zinc_version() != 0x20001)
			return 2;
		zinc_close(b);
		zinc_close(a);
		return zinc_open("install-test-linked", &b) == -2 ? 0 : 3;
	}
	C
	gcc -Wall -Wextra -Werror -o "$T/existing" "$T/existing.c" -L"$T/other" \
		-lzinc_core
	readelf -d "$T/existing" | grep -F 'NEEDED' | grep -F '[libzinc_core.so]'
	refute env LD_LIBRARY_PATH="$T/other" "$T/existing"
	LD_LIBRARY_PATH=$LIB "$T/existing"
}

command_works()
{
	mv "$TREE/build" "$TREE/build.away"
	# restore the build, regardless of the result
	(set -e
	env -i ZINC_BACKEND=shm "$STAGE/usr/bin/zinc" --version | tee "$T/out"
	grep -qw "$VERSION" "$T/out"
	env -i ZINC_BACKEND=shm "$STAGE/usr/bin/zinc" ls)
	local status=$?
	mv "$TREE/build.away" "$TREE/build"
	return $status
}

command_names_no_tree()
{
	readelf -d "$STAGE/usr/bin/zinc" | tee "$T/dynamic"
	[ "$(sed -n 's/.*R.*PATH.*\[\(.*\)\]/\1/p' "$T/dynamic")" = \
		"\$ORIGIN/../lib" ]
}

# Debian's place for libraries
other_libdir()
{
	make -C "$TREE" install DESTDIR="$T/multi" PREFIX=/usr \
		LIBDIR=/usr/lib/x86_64-linux-gnu
	PKG_CONFIG_LIBDIR=$T/multi/usr/lib/x86_64-linux-gnu/pkgconfig \
		pkg-config --variable=libdir zinc-kmod |
		grep -x ".*/usr/lib/x86_64-linux-gnu"
	env -i ZINC_BACKEND=shm "$T/multi/usr/bin/zinc" --version
	make -C "$TREE" uninstall DESTDIR="$T/multi" PREFIX=/usr \
		LIBDIR=/usr/lib/x86_64-linux-gnu
	[ -z "$(listing "$T/multi")" ]
}

uninstalls()
{
	touch "$LIB/libother.so"
	make -C "$TREE" uninstall DESTDIR="$STAGE" PREFIX=/usr
	[ "$(listing "$STAGE")" = /usr/lib/libother.so ]
}

installs_module()
{
	make -C "$TREE" modules_install INSTALL_MOD_PATH="$T/modules" DEPMOD=true
	find "$T/modules" -name 'zinc.ko*' | tee "$T/found"
	[ "$(wc -l <"$T/found")" = 1 ]
}

modinfo_complete()
{
	local field ko

	ko=$(find "$TREE/build/kmod" -name zinc.ko | head -n 1)
	for field in description author license version; do
		modinfo -F "$field" "$ko" | grep . >/dev/null
	done
	[ "$(modinfo -F version "$ko")" = "$VERSION" ]
	[ "$(modinfo -F license "$ko")" = GPL ]
	modinfo -F parm "$ko" | grep '^max_regions:..*'
	modinfo -F parm "$ko" | grep '^max_bytes:..*'
	modinfo -F parm "$ko" | grep '^max_pinned_bytes:..*'
}

# The version is written down in more than one place.
versions_agree()
{
	grep -qx "MODULE_VERSION(\"$VERSION\");" kmod/main.c
	grep -qx "PACKAGE_VERSION=\"$VERSION\"" kmod/dkms.conf
	grep -qx "VERSION ?= $VERSION" lib/Makefile
	grep -qx "VERSION ?= $VERSION" lib/cli/Makefile
	grep -qx "version = \"$VERSION\"" lib/python/pyproject.toml
	grep -q "zinc_shm-$VERSION-" lib/python/Makefile
}

udev_installs()
{
	make -C "$TREE" udev-install DESTDIR="$T/udev"
	listing "$T/udev" | diff - <(cat <<-TXT
	/usr/lib/modules-load.d/zinc.conf
	/usr/lib/udev/rules.d/60-zinc.rules
	TXT
	)
	make -C "$TREE" udev-uninstall DESTDIR="$T/udev"
	[ -z "$(listing "$T/udev")" ]
}

dkms_installs()
{
	make -C "$TREE" dkms-install DESTDIR="$T/dkms"
	(cd "$TREE" && ls Kbuild kmod/*.[ch] uapi/linux/zinc.h) |
		sed "s|^|/usr/src/zinc-$VERSION/|" |
		sort - <(echo "/usr/src/zinc-$VERSION/dkms.conf") |
		diff <(listing "$T/dkms") -
}

# No key: DKMS would make one for the whole machine.
run_dkms()
{
	sign_file=/nonexistent dkms "$@" --dkmstree "$T/dkms/tree" \
		--sourcetree "$T/dkms/usr/src"
}

dkms_builds()
{
	local kernel=$1

	mkdir "$T/dkms/tree"
	run_dkms build "zinc/$VERSION" -k "$kernel" || {
		cat "$T/dkms/tree/zinc/$VERSION/build/make.log"
		return 1
	}
	find "$T/dkms/tree/zinc/$VERSION/$kernel" -name 'zinc.ko*' |
		tee "$T/found"
	[ "$(modinfo -F version "$(cat "$T/found")")" = "$VERSION" ]
	[ "$(modinfo -F vermagic "$(cat "$T/found")" | cut -d' ' -f1)" = "$kernel" ]
}

dkms_uninstalls()
{
	make -C "$TREE" dkms-uninstall DESTDIR="$T/dkms"
	[ ! -e "$T/dkms/usr/src/zinc-$VERSION" ]
}

dkms_kernels()
{
	local kernel

	# shellcheck source=/dev/null
	. kmod/dkms.conf
	for kernel in 6.1.0-56-amd64 6.9.1 6.10.0 6.12.94+deb13-amd64 \
			7.0.0-rc1 7.2.3+deb14-amd64 10.0.1; do
		[[ $kernel =~ $BUILD_EXCLUSIVE_KERNEL ]]
	done
	for kernel in 4.19.0-6.1-amd64 5.10.0-33-amd64 5.19.17 6.0.0-6-amd64; do
		refute eval "[[ $kernel =~ \$BUILD_EXCLUSIVE_KERNEL ]]"
	done
}

listing "$TREE" >"$T/fresh"
kernel=$(find /lib/modules -mindepth 2 -maxdepth 2 -name build -printf '%h\n' |
	sort -rV | head -n 1)
kernel=${kernel##*/}

is "make builds all of it, in parallel" build
is "a second make makes nothing" builds_nothing
is "a changed header is noticed" rebuilds
is "make help has a line for each target" help_lists
is "the versions agree" versions_agree
is "modinfo is complete" modinfo_complete
is "make install runs" install_stage
is "it installs what it should, and nothing else" installs
is "it installs a manual page for each function and struct" installs_pages
is "whatever the umask, others can use it" installs_for_all
is "pkg-config knows it" pkg_config
is "a C99 program compiles, links and runs" compiles_and_runs c99 gcc "$T/user.c"
is "a C11 program does" compiles_and_runs c11 gcc "$T/user.c"
is "a C++11 program does" compiles_and_runs c++11 g++ "$T/user.cc"
is "a C++20 program does" compiles_and_runs c++20 g++ "$T/user.cc"
is "the installed examples are built as they say" builds_examples
is "those that need no device run" runs_examples
is "the headers stand alone" headers_stand_alone
is "the static library links" links_static
is "the library exports what zinc.h and the version map say" exports
is "the library needs nothing but libc" needs_libc_alone
is "libzinc_core.so has the nine functions" compatibility_name
is "a program linked to another libzinc_core.so runs" linked_to_the_existing_library
is "the installed command works without the tree" command_works
is "the installed command's run path is its own" command_names_no_tree
is "another LIBDIR works" other_libdir
is "make uninstall leaves nothing of it, and all else" uninstalls
is "make modules_install installs the module" installs_module
is "make udev-install and udev-uninstall" udev_installs
is "make dkms-install installs the sources" dkms_installs
if ! command -v dkms >/dev/null; then
	skip "DKMS builds the module" "there is no dkms here"
elif [ -z "$kernel" ]; then
	skip "DKMS builds the module" "there are no kernel headers here"
else
	is "DKMS builds the module" dkms_builds "$kernel"
fi
is "make dkms-uninstall removes them" dkms_uninstalls
is "DKMS asks for 6.1 or newer" dkms_kernels
is "make clean leaves the tree as it was" cleans
finish
