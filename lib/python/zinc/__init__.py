# SPDX-License-Identifier: MIT
"""Zinc: named shared memory regions with notifications."""

from ._handle import RegionGone
from ._region import Backend, Features, Lifetime, RegionFlags, RegionInfo, SharedRegion
from ._wait import FOREVER

__all__ = [
    "FOREVER",
    "Backend",
    "Features",
    "Lifetime",
    "RegionFlags",
    "RegionGone",
    "RegionInfo",
    "SharedRegion",
]
