# SPDX-License-Identifier: MIT
"""Zinc: named memory that processes share without copying, and that wakes who waits."""

from ._region import Backend, Features, Lifetime, RegionFlags, RegionInfo, SharedRegion
from ._wait import FOREVER

__all__ = [
    "FOREVER",
    "Backend",
    "Features",
    "Lifetime",
    "RegionFlags",
    "RegionInfo",
    "SharedRegion",
]
