# SPDX-License-Identifier: MIT
# The public names for type checkers; the annotations are in the modules.
from ._handle import RegionGone as RegionGone
from ._region import Backend as Backend
from ._region import Features as Features
from ._region import Lifetime as Lifetime
from ._region import RegionFlags as RegionFlags
from ._region import RegionInfo as RegionInfo
from ._region import SharedRegion as SharedRegion
from ._wait import FOREVER as FOREVER

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
