#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: tests/repo/suite_test.sh [SUITE]
#
# Installs Zinc on a fresh minimal Debian SUITE (bookworm, trixie, testing;
# $ZINC_SUITE, else bookworm) in a chroot, without recommended packages: from Debian
# packages built there, and by the commands of README.md. Runs as root. Prints TAP.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../steps/tap.sh
. tests/steps/tap.sh

suite=${1:-${ZINC_SUITE:-bookworm}}
version=$(sed -n 's/^VERSION := //p' Makefile)
[ "$(id -u)" = 0 ] || skip_all "a chroot needs root"
command -v mmdebstrap >/dev/null || skip_all "mmdebstrap is not installed: tests/repo/setup test"
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX VERSION TOP B
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

T=$(mktemp -d "${TMPDIR:-/tmp}/zinc-suite.XXXXXX") || exit 1
root=$T/root
trap 'rm -rf --one-file-system "$T"' EXIT

# the mirror that this machine uses, and how apt is to reach it
mirror=$(apt-get --no-release-info indextargets \
	--format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' |
	awk '$1 ~ /^(bookworm|trixie|stable|oldstable)$/ && $2 == "main" && !n++ { print $3 }')
apt_options()
{
	apt-config dump | grep -E '^(Acquire::(http|https|Check-|Retries)|APT::Install-)' || :
	echo 'APT::Install-Recommends "false";'
	echo 'APT::Sandbox::User "root";'
}

# inside COMMAND...: run in the chroot, with its own processes, mounts and /dev/shm
inside()
{
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -ec '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount -t tmpfs tmpfs "$root/dev/shm"
		exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			"$@"' sh "$root" "$@"
}

bootstraps()
{
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	[ -n "$mirror" ]
	apt_options >"$T/apt.conf"
	mmdebstrap --quiet --mode=root --variant=minbase --aptopt="$T/apt.conf" \
		--keyring="$keyring" "$suite" "$root" \
		"deb [signed-by=$keyring] $mirror $suite main"
	cp "$T/apt.conf" "$root/etc/apt/apt.conf.d/zinc-test"
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	inside apt-get update -q
	# the tree, as a fresh clone has it
	copy_tree "$root/zinc"
	lib/packaging/dist "$version" "$T"
	cp "$T/zinc-$version.tar.xz" "$root/root/"
}

# by another user's habits, in another folder
same_bytes()
{
	git clone -q . "$T/a"
	(umask 077 && git clone -q . "$T/b")
	make -s -C "$T/a" dist
	(umask 077 && TZ=Asia/Tokyo LC_ALL=C make -s -C "$T/b" dist B="$T/b/elsewhere")
	cmp "$T/a/build/dist/zinc-$version.tar.xz" "$T/b/elsewhere/dist/zinc-$version.tar.xz"
	tar -tf "$T/a/build/dist/zinc-$version.tar.xz" >"$T/list"
	grep -q "^zinc-$version/README.md$" "$T/list"
}

# ---- the commands of README.md, in their order --------------------------------

# what README.md installs packages with
readme_packages()
{
	local line

	sed -n '/^## Install/,/^## Doc/p' README.md | grep '^apt-get install ' >"$T/lines"
	[ "$(wc -l <"$T/lines")" -eq 2 ]
	while read -r line; do
		# shellcheck disable=SC2086
		inside ${line/install/install -y -q} </dev/null
	done <"$T/lines"
}

readme_library()
{
	inside make -C /zinc install
	inside ldconfig
	inside make -C /zinc install-python
	printf '%s\n' 'import zinc' 'print(zinc.SharedRegion)' >"$root/root/import.py"
	inside python3 /root/import.py
	inside /zinc/lib/packaging/debian/tests/smoke-test zinc
}

# a chroot's kernel is not the one that runs
readme_module()
{
	local kernel

	inside make -C /zinc dkms-install udev-install
	for kernel in "$root"/lib/modules/*/build; do
		inside dkms install "zinc/$version" -k "$(basename "$(dirname "$kernel")")"
	done
	[ -e "$root/usr/lib/udev/rules.d/60-zinc.rules" ]
	find "$root/lib/modules" -name 'zinc.ko*' | grep .
}

readme_uninstall()
{
	inside dkms remove "zinc/$version" --all
	inside make -C /zinc uninstall uninstall-python dkms-uninstall udev-uninstall
	left_over
}

# what of Zinc is outside the sources, and the logs of apt
left_over()
{
	local left

	left=$(find "$root" -xdev -name '*zinc*' ! -path "$root/zinc*" ! -path "$root/root/*" \
		! -path "$root/var/cache/*" ! -path "$root/etc/apt/*" ! -path "$root/tmp/*" \
		! -path "$root/proc/*" ! -path "$root/sys/*")
	printf '%s\n' "$left"
	[ -z "$left" ]
}

# ---- Debian packages -----------------------------------------------------------

# builds them from the tarball and its packaging alone
packages_build()
{
	inside apt-get install -y -q --no-install-recommends build-essential debhelper
	# shellcheck disable=SC2016
	inside sh -exc '
		cd /root
		tar -xf "zinc-$1.tar.xz"
		cp "zinc-$1.tar.xz" "zinc_$1.orig.tar.xz"
		cp -r "zinc-$1/lib/packaging/debian" "zinc-$1/debian"
		cd "zinc-$1"
		apt-get build-dep -y -q ./
		dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary
	' sh "$version"
	ls "$root"/root/*.deb
}

packages_are_clean()
{
	lintian --allow-root --fail-on error,warning "$root"/root/*.changes
}

packages_install()
{
	inside apt-get install -y -q linux-headers-generic
	# shellcheck disable=SC2016
	inside sh -exc 'cd /root; ls zinc-dkms_*.deb; apt-get install -y -q $(ls *.deb | sed "s|^|./|" | grep -v dbgsym)'
}

# autopkgtest runs these
packages_work()
{
	inside apt-get install -y -q gcc libc6-dev pkg-config
	# shellcheck disable=SC2016
	inside sh -exc 'cd /root/zinc-*/debian/tests; ./smoke-test zinc
		export AUTOPKGTEST_TMP=/tmp/examples; mkdir $AUTOPKGTEST_TMP; ./examples'
}

packages_build_the_module()
{
	# shellcheck disable=SC2016
	inside sh -exc 'cd /root/zinc-*/debian/tests; ./dkms'
}

# the same packages with a higher version
packages_upgrade()
{
	# shellcheck disable=SC2016
	inside sh -exc '
		mkdir /root/next
		cd /root/next
		for deb in ../*.deb; do
			case $deb in *dbgsym*) continue ;; esac
			rm -rf tree
			dpkg-deb -R "$deb" tree
			sed -i -e "s/^Version: .*/&+next/" \
				-e "s/(\(>*=\) \([0-9][^)]*upstream[^)]*\))/(\1 \2+next)/g" \
				tree/DEBIAN/control
			dpkg-deb -b --root-owner-group tree "$(basename "$deb")"
		done
		rm -rf tree
		apt-get install -y -q ./*.deb
		dpkg -l "*zinc*" | grep "^ii" | grep -v +next && exit 1
		zinc --version
		dkms status zinc | grep installed'
	# shellcheck disable=SC2016
	inside sh -exc 'cd /root/zinc-*/debian/tests; ./smoke-test zinc'
}

# with the library inside, it needs no other package of Zinc
wheel_works()
{
	make wheel PYTHON=/usr/bin/python3 B="$T/build"
	cp "$T"/build/dist/*-manylinux_*.whl "$root/root/"
	inside apt-get install -y -q python3-venv python3-cffi
	# shellcheck disable=SC2016
	inside sh -exc '
		cd /root
		python3 -m venv --system-site-packages venv
		venv/bin/pip install --no-index ./*.whl
		printf "%s\n" "import zinc" \
			"with zinc.SharedRegion.create(\"wheel\", 65536) as region:" \
			"    region.notify()" "    assert region.wait(0)" >wheel.py
		ZINC_BACKEND=shm venv/bin/python wheel.py
		rm -r venv'
}

packages_purge()
{
	# shellcheck disable=SC2016
	inside sh -exc 'dpkg-query -W -f "\${Package}\n" "*zinc*" | xargs apt-get purge -y -q'
	left_over
}

is "make dist gives the same bytes in two clones" same_bytes
is "a minimal $suite" bootstraps
if [ -e "$root/root/zinc-$version.tar.xz" ]; then
	is "packages build from the tarball" packages_build
	# other suites build with tools that this lintian does not know
	[ "$suite" != bookworm ] || is "and lintian finds nothing" packages_are_clean
	is "and install" packages_install
	is "and their tests pass: the command, the examples, C with Python" packages_work
	is "and DKMS has built the module" packages_build_the_module
	is "and an upgrade works" packages_upgrade
	is "and a purge leaves nothing" packages_purge
	is "a wheel with the library inside works" wheel_works
	is "README's packages install" readme_packages
	is "README's commands install the library, the command and the package for Python" \
		readme_library
	is "and the module by DKMS" readme_module
	is "and their counterparts leave nothing" readme_uninstall
fi
finish
