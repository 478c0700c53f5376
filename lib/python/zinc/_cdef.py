# SPDX-License-Identifier: MIT
"""What of zinc.h the package needs, for when that is missing."""

CDEF = ""
