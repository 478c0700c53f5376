#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# NumPy 2.2.4: from_dlpack() makes every array read-only, although DLPack 1.0 could tell.
#
# Guess: from 2.1 on, whose release notes announce DLPack 1.0, from_dlpack() returns a writable
#   array of writable memory.
# Came: 2.2.4 passes max_version=(1, 0), gets the versioned capsule whose flags do not say
#   read-only, and returns a read-only array all the same; also with copy=True. The flag
#   WRITEABLE cannot be set afterwards. numpy/numpy issue 28599 has the cause: the flag is
#   never set. 2.4.6 is right.
# Versions: python3-numpy 1:2.2.4+ds-1 (Debian 13) and 1:2.4.6+ds-5+b1 (testing).
# Hurts: numpy.from_dlpack(region) on Debian 13: the array of a writable region cannot be
#   written.
# Zinc: region.as_numpy() is writable with every NumPy; lib/python/README.md, at as_dlpack().

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

# try SUITE PACKAGE=VERSION
try()
{
	debian "$@"
	inside <<-'SH'
		cat >dlpack.py <<'PY'
		import numpy as np


		class Exporter:
		    """Passes on what it is asked for."""

		    def __init__(self, array):
		        self.array = array

		    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
		        capsule = self.array.__dlpack__(max_version=max_version)
		        print("max_version", max_version, "gives", str(capsule).split('"')[1])
		        return capsule

		    def __dlpack_device__(self):
		        return self.array.__dlpack_device__()


		memory = np.zeros(4, np.uint8)
		print("NumPy", np.__version__)
		print("writable:", memory.flags.writeable)
		print("from_dlpack:", np.from_dlpack(Exporter(memory)).flags.writeable)
		print("its copy:", np.from_dlpack(memory, copy=True).flags.writeable)
		PY
		python3 dlpack.py
	SH
}

{
	try trixie python3-numpy=1:2.2.4+ds-1
	try testing python3-numpy=1:2.4.6+ds-5+b1
} | finding 3<<'TXT'
trixie: python3-numpy=1:2.2.4+ds-1
NumPy 2.2.4
writable: True
max_version (1, 0) gives dltensor_versioned
from_dlpack: False
its copy: False
testing: python3-numpy=1:2.4.6+ds-5+b1
NumPy 2.4.6
writable: True
max_version (1, 0) gives dltensor_versioned
from_dlpack: True
its copy: True
TXT
