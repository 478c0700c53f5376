# SPDX-License-Identifier: MIT
"""A handle of the C library, and the mapping that its views keep.

One thread may close a handle while another waits on it. Therefore calls are counted,
and the last one closes the handle. A view may outlive the region. Therefore the
mapping belongs to an object that the region and its views share.
"""

from __future__ import annotations

import asyncio
import atexit
import errno
import functools
import os
import threading
import time
import weakref
from typing import Any

from ._abi import ffi, lib

_all: weakref.WeakSet[Handle] = weakref.WeakSet()
_Waiting = tuple[asyncio.AbstractEventLoop, "asyncio.Future[bool]"]


class RegionGone(BrokenPipeError):
    """A wait with or_gone ended because the region's creator or name is gone."""


def oserror(error: int, name: str | None = None) -> OSError:
    """The exception for an error of the library."""
    text = ffi.string(lib.zinc_strerror(error)).decode()
    kind = RegionGone if error == -errno.EPIPE else OSError
    return kind(-error, text) if name is None else kind(-error, text, name)


def _unmap(kept: list[Any], unmap: Any, _data: Any) -> None:
    if kept:
        unmap(*kept)


def _settle_closed(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_exception(ValueError("the region is closed"))


class Handle:
    """A zinc_handle that is closed once, after the last call that uses it."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        # reentrant: a signal handler may use the region while its thread has the lock
        self._lock = threading.RLock()
        self._users = 0
        self._owed = False
        self._waiting: set[_Waiting] = set()
        self._kept: list[Any] = []
        self.closed = False
        self.name: str | None = None  # for errors
        self.capacity: int = lib.zinc_capacity(raw)
        data = lib.zinc_ptr(raw)
        self._data = None
        if data != ffi.NULL:
            release = functools.partial(_unmap, self._kept, lib.zinc_unmap_data)
            self._data = ffi.gc(data, release)
        _all.add(self)

    def enter(self) -> Any:
        """Begin a call and return the C handle; leave() ends the call."""
        with self._lock:
            if self.closed:
                raise ValueError("the region is closed")
            self._users += 1
            return self._raw

    def leave(self) -> None:
        """End a call."""
        with self._lock:
            self._users -= 1
            if self.closed and not self._users:
                self._finish()

    def close(self) -> None:
        """Refuse new calls and end waits; further closes do nothing."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            for loop, future in self._waiting:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle_closed, future)
            if not self._users:
                self._finish()

    def is_used(self) -> bool:
        """Return whether the handle is closed while a call still uses it."""
        return self.closed and self._users > 0

    def _finish(self) -> None:
        raw, self._raw = self._raw, None
        if self._data is None:
            lib.zinc_close(raw)
            return
        data, length = ffi.new("void **"), ffi.new("size_t *")
        if lib.zinc_close_keep_data(raw, data, length):
            lib.zinc_close(raw)
        else:
            self._kept += [data[0], length[0]]
        # this unmaps the memory unless a view refers to it
        self._data = None

    def buffer(self) -> memoryview:
        """Return the data; the view keeps the memory mapped."""
        with self._lock:
            if self.closed:
                raise ValueError("the region is closed")
            if self._data is None:
                raise oserror(-6)  # ENXIO
            return memoryview(ffi.buffer(self._data, self.capacity))

    def owe(self) -> None:
        """A cancelled wait consumed a notify: keep it for the next wait."""
        with self._lock:
            self._owed = True

    def settle(self) -> bool:
        """Consume the kept notify; return whether there was one."""
        if not self._owed:
            return False
        with self._lock:
            owed, self._owed = self._owed, False
            return owed

    def await_begins(self, waiting: _Waiting) -> None:
        """Register a wait, so that close() ends it."""
        with self._lock:
            if self.closed:
                raise ValueError("the region is closed")
            self._waiting.add(waiting)

    def await_ends(self, waiting: _Waiting) -> None:
        """Unregister a wait that has ended."""
        with self._lock:
            self._waiting.discard(waiting)

    def after_fork(self) -> None:
        """Reset the state in a child process, which has only the thread that forked."""
        self._lock = threading.RLock()
        self._users = 0
        self._waiting = set()
        if self.closed and self._raw is not None:
            self._finish()


def _after_fork() -> None:
    for handle in list(_all):
        handle.after_fork()


def _at_exit() -> None:
    """Close all handles, and wait up to a second for calls in other threads."""
    end = time.monotonic() + 1
    handles = list(_all)
    for handle in handles:
        handle.close()
    while any(handle.is_used() for handle in handles) and time.monotonic() < end:
        time.sleep(0.01)


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
