# SPDX-License-Identifier: MIT
"""Regions as arguments of multiprocessing: the other process opens its own handle."""

from __future__ import annotations

import errno
import os
from multiprocessing import reduction
from typing import TYPE_CHECKING, Any

from ._handle import oserror

if TYPE_CHECKING:
    from ._region import SharedRegion


def reduce(region: SharedRegion) -> tuple[Any, ...]:
    """Return the function and arguments that open the region in another process."""
    try:
        fd = region.fileno()
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        if region.stat(region.name or "").id != region.info.id:
            raise oserror(-errno.ENOENT, region.name) from None
        return _by_name, (type(region), region.name, region.readonly)
    return _by_descriptor, (type(region), reduction.DupFd(fd), region.readonly)


def _by_name(kind: type[SharedRegion], name: str, readonly: bool) -> SharedRegion:
    return kind.open(name, readonly=readonly)


def _by_descriptor(kind: type[SharedRegion], sent: Any, readonly: bool) -> SharedRegion:
    fd = sent.detach()
    try:
        return kind.from_fd(fd, readonly=readonly)
    finally:
        os.close(fd)
