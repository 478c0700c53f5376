# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Packages of any Debian suite, downloaded and unpacked without installing
# them, and commands run in what was unpacked. Sourced after common.sh.

# mirror_of SUITE: print the base address this machine's apt has for SUITE;
# a suite of another release comes from the mirror of this release.
mirror_of()
{
	local suite=$1 want
	case $suite in
	*-security)	want='-security$' ;;
	*)		want='^(bookworm|trixie|stable|oldstable)$' ;;
	esac
	apt-get --no-release-info indextargets \
		--format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" \
		'Created-By: Packages' |
	awk -v want="$want" '
		$1 ~ want && $2 == "main" && $3 !~ /^cdrom/ && !n++ { print $3 }'
}

# The architecture of the packages to get; empty for this machine's own.
APT_ARCH=

# apt_for SUITE...: set APT to options for an apt that knows these suites and
# nothing of what is installed here; package lists are at most an hour old.
# Packages of APT_ARCH need no foreign architecture in this machine's dpkg.
apt_for()
{
	local dir
	dir=$CACHE/apt/$(IFS=+; echo "$*")${APT_ARCH:+:$APT_ARCH}
	APT_DIR=$dir
	APT=(-o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists"
		-o "Dir::State::status=$dir/status"
		-o "Dir::Cache=$dir" -o "Dir::Cache::archives=$dir/archives"
		-o "Dir::Etc::sourcelist=$dir/sources.list"
		-o "Dir::Etc::sourceparts=$dir/none"
		-o "Dir::Etc::preferences=$dir/none/none"
		-o "Dir::Etc::preferencesparts=$dir/none"
		-o Dir::Cache::pkgcache=pkgcache.bin
		-o Acquire::Languages=none -o APT::Sandbox::User=root
		-o Acquire::Retries=3)
	[ -z "$APT_ARCH" ] || APT+=(-o "APT::Architecture=$APT_ARCH"
		-o "APT::Architectures=$APT_ARCH" -o "APT::Architectures::=$APT_ARCH")
	with_lock "$dir.lock" update_lists "$@"
}

update_lists()
{
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg suite mirror
	local dir=$APT_DIR
	[ -z "$(find "$dir/ready" -mmin -60 2>/dev/null)" ] || return 0
	[ -r "$keyring" ] || die "$keyring is missing; run: tests/repo/setup vm"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/none"
	: >"$dir/status"
	for suite; do
		mirror=$(mirror_of "$suite")
		if [ -z "$mirror" ]; then
			[[ $suite == *-security ]] && continue
			die "this machine's apt sources name no Debian mirror for $suite;" \
				"add one to /etc/apt/sources.list"
		fi
		echo "deb [signed-by=$keyring] $mirror $suite main"
	done >"$dir/sources.list"
	say "getting the package lists of $*"
	apt-get "${APT[@]}" -qq update ||
		die "cannot read the package lists of $*: see apt's message above"
	: >"$dir/ready"
}

# newest PATTERN: the highest-versioned package name that matches
newest()
{
	apt-cache "${APT[@]}" pkgnames | grep -E "^$1\$" | sort -V | tail -n 1 || :
}

# depends PACKAGE PATTERN: direct dependencies whose names match
depends()
{
	apt-cache "${APT[@]}" depends --no-recommends --no-suggests "$1" |
	awk '$1 ~ /Depends:/ { print $2 }' | grep -E "$2" | sort -u || :
}

# unpack DIR PACKAGE...: download and extract; what an interrupted run has
# downloaded is not downloaded again
unpack()
{
	local dir=$1 debs deb
	shift
	debs=$APT_DIR/debs-$(printf '%s\n' "$@" | sha256sum | cut -c1-12)
	mkdir -p "$debs" "$dir"
	(cd "$debs" && apt-get "${APT[@]}" -q download "$@") |
		awk -v me="$ME" -v all=$# '/^Get:/ {
			size = $0
			sub(/.*\[/, "", size)
			sub(/\].*/, "", size)
			printf "%s: [%d/%d] %s %s (%s)\n", me, ++n, all, $5, $7, size
			fflush()
		}' >&2 ||
		die "cannot download: see apt's message above; run it again to go on"
	for deb in "$debs"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xp --keep-directory-symlink -C "$dir" ||
			die "cannot unpack $deb"
	done
	rm -rf "$debs"
}

# closure PACKAGE...: all packages that these need, themselves included
closure()
{
	apt-get "${APT[@]}" -qq -s --no-install-recommends install "$@" |
		awk '$1 == "Inst" { print $2 }' | sort -u
}

# unpack_root DIR PACKAGE...: these packages and all they need, unpacked into
# a root to run programs in. No maintainer script has run.
unpack_root()
{
	local root=$1 d
	local -a packages
	shift
	mkdir -p "$root/usr"
	for d in bin sbin lib lib64; do
		mkdir -p "$root/usr/$d"
		ln -s "usr/$d" "$root/$d"
	done
	mapfile -t packages < <(closure "$@")
	[ ${#packages[@]} -gt 0 ] || die "apt finds no way to install $*"
	unpack "$root" "${packages[@]}"
	for d in bin sbin lib lib64; do
		[ -L "$root/$d" ] || die "$root/$d is no link: a package of a release before merged /usr?"
	done
	# what maintainer scripts would have set up
	mkdir -p "$root"/{home,media,mnt,opt,root,srv}
	[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
	[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
	if [ -d "$root/usr/share/base-passwd" ]; then
		cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
		cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
	fi
}

# chroot_run ROOT COMMAND...: run COMMAND in ROOT, with this machine's other
# directories (project, home, cache, /tmp) visible at their own paths. The
# mounts live in a namespace that ends with the command.
chroot_run()
{
	local root=$1
	local -a ns=(unshare -m)
	shift
	[ "$(id -u)" = 0 ] || ns=(unshare -r -m)
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${ns[@]}" /bin/sh -c '
		root=$1 top=$2 dir=$3; shift 3
		for d in /*; do
			case $d in
			/bin|/sbin|/lib*|/usr|/etc|/boot|/lost+found|/sys|/run) continue ;;
			esac
			[ -d "$d" ] && [ ! -L "$d" ] || continue
			mkdir -p "$root$d" && mount --rbind "$d" "$root$d" || exit 126
		done
		if [ ! -d "$root$top" ]; then
			mkdir -p "$root$top" && mount --bind "$top" "$root$top" || exit 126
		fi
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin \
			HOME=/root LC_ALL=C.UTF-8 MAKEFLAGS="$MAKEFLAGS" \
			/bin/sh -c '\''cd "$1" 2>/dev/null || cd /; shift; exec "$@"'\'' \
			sh "$dir" "$@"
	' sh "$root" "$TOP" "$PWD" "$@"
}
