#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boost.Interprocess 1.74: memory is created of which there is none.
#
# Guess: shared_memory_object::truncate() and managed_shared_memory throw if /dev/shm has not
#   that much space, since Boost allocates by posix_fallocate().
# Came: 1.74 sets the length only. 64 MiB are created in a /dev/shm of 1 MiB, without an
#   exception, and mapped; the first access to a page too many ends the program by SIGBUS.
#   Boost 1.83 throws an interprocess_exception (ENOSPC), but managed_shared_memory leaves an
#   object of one byte under the name.
# Versions: libboost1.74-dev 1.74.0+ds1-21 (Debian 12), libboost1.83-dev 1.83.0-4.2 (Debian 13).
# Hurts: whoever moves a program from Boost to a region, or has both in one container, whose
#   /dev/shm has 64 MB by default: which of them dies depends on the order.
# Zinc: create allocates, and fails with ENOMEM or ENOSPC: lib/doc/shm.md, "Limits,
#   sandboxes, logout"; a region with ZINC_LAZY is like Boost's, and says so.

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

need g++ test
cat >"$SCRATCH/create.cpp" <<'CPP'
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/version.hpp>
#include <cstdio>
using namespace boost::interprocess;

template <class F> static void attempt(const char *what, F create)
{
	try {
		std::printf("%s: %zu bytes\n", what, std::size_t(create()));
	} catch (interprocess_exception &e) {
		std::printf("%s: %s\n", what, e.what());
	}
}

int main()
{
	std::printf("Boost %s\n", BOOST_LIB_VERSION);
	attempt("shared_memory_object", [] {
		shared_memory_object object(create_only, "object", read_write);
		object.truncate(64 << 20);
		return mapped_region(object, read_write).get_size();
	});
	shared_memory_object::remove("object");
	attempt("managed_shared_memory", [] {
		return managed_shared_memory(create_only, "managed", 64 << 20).get_size();
	});
}
CPP

# try SUITE PACKAGE=VERSION
try()
{
	apt_for "$1"
	pin "$2"
	rm -rf "$SCRATCH/boost"
	unpack "$SCRATCH/boost" "${2%%=*}" 2>/dev/null
	g++ -w -O1 -static -I"$SCRATCH/boost/usr/include" -o "$SCRATCH/create" "$SCRATCH/create.cpp"
	# shellcheck disable=SC2016 # the inner shell expands it
	SHM_SIZE=1M alone sh -c '"$1" &&
		stat -c "%n has %s bytes, of $(($(stat -f -c "%b * %S" /dev/shm)))" /dev/shm/managed' \
		sh "$SCRATCH/create"
}

{
	try bookworm libboost1.74-dev=1.74.0+ds1-21
	try trixie libboost1.83-dev=1.83.0-4.2
} | finding 3<<'TXT'
Boost 1_74
shared_memory_object: 67108864 bytes
managed_shared_memory: 67108864 bytes
/dev/shm/managed has 67108864 bytes, of 1048576
Boost 1_83
shared_memory_object: No space left on device
managed_shared_memory: No space left on device
/dev/shm/managed has 1 bytes, of 1048576
TXT
