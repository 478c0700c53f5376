# SPDX-License-Identifier: MIT
"""Waiting, in a thread and in an event loop.

A wait of the C library is not ended by signals, but Ctrl-C has to be: so a
wait in Python is made of short ones, between which Python looks after its
signals, and sees whether another thread has closed the region.
"""

from __future__ import annotations

import asyncio
import errno
import operator
import os
import threading
import time
from typing import Callable

from ._abi import lib
from ._handle import Handle, oserror

FOREVER = 0xFFFFFFFF
_SLICE_NS = 100_000_000


class Deadline:
    """The end of a timeout in milliseconds, on the clock that the library uses."""

    def __init__(self, timeout_ms: int) -> None:
        timeout_ms = operator.index(timeout_ms)
        if not 0 <= timeout_ms <= FOREVER:
            raise OverflowError(f"timeout_ms is {timeout_ms}: it has to be within 0 and 2**32 - 1")
        self._end: int | None = None
        if timeout_ms != FOREVER:
            self._end = time.monotonic_ns() + timeout_ms * 1_000_000

    def slice(self) -> int:
        """When the next short wait ends, at the latest."""
        end = time.monotonic_ns() + _SLICE_NS
        return end if self._end is None else min(end, self._end)

    def left(self) -> float | None:
        """Seconds, not less than 0; None: there is no end."""
        if self._end is None:
            return None
        return max(0, self._end - time.monotonic_ns()) / 1e9


def _never() -> bool:
    return False


def try_wait(handle: Handle) -> bool:
    """zinc_try_wait()."""
    raw = handle.enter()
    try:
        error = lib.zinc_try_wait(raw)
    finally:
        handle.leave()
    if error not in (0, -errno.EAGAIN):
        raise oserror(error)
    return handle.settle() or error == 0


def wait(handle: Handle, deadline: Deadline, given_up: Callable[[], bool] = _never) -> bool:
    """zinc_wait_until(), which signals, close() and given_up() can end."""
    while True:
        raw = handle.enter()
        try:
            owed = handle.settle()
            error = lib.zinc_wait_until(raw, 0 if owed else deadline.slice())
        finally:
            handle.leave()
        if owed or not error:
            return True
        if error != -errno.ETIMEDOUT:
            raise oserror(error)
        if deadline.left() == 0 or given_up():
            return False


def _settle(future: asyncio.Future[bool], result: bool) -> None:
    if not future.done():
        future.set_result(result)


async def _readable(handle: Handle, fd: int, seconds: float | None) -> None:
    """Until the descriptor is readable, the time is up, or the region closed."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bool] = loop.create_future()
    timer = None
    # a loop has one reader for a descriptor, and there may be many who wait
    own = os.dup(fd)
    try:
        handle.await_begins((loop, future))
        loop.add_reader(own, _settle, future, True)
        if seconds is not None:
            timer = loop.call_later(seconds, _settle, future, False)
        await future
    finally:
        if timer:
            timer.cancel()
        loop.remove_reader(own)
        os.close(own)
        handle.await_ends((loop, future))


class _Worker:
    """A thread that waits for a coroutine."""

    def __init__(self, handle: Handle, deadline: Deadline) -> None:
        self._handle = handle
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[bool] = self._loop.create_future()
        self._lock = threading.Lock()
        self._wanted = True
        self._taken = False

    def _given_up(self) -> bool:
        return not self._wanted

    def _tell(self, result: bool, error: BaseException | None) -> None:
        if self._future.done():
            return
        if error:
            self._future.set_exception(error)
        else:
            self._future.set_result(result)

    def _run(self) -> None:
        taken, failure = False, None
        try:
            taken = wait(self._handle, self._deadline, self._given_up)
        except (OSError, ValueError) as error:
            failure = error
        with self._lock:
            self._taken = taken
            if not self._wanted:
                if taken:
                    self._handle.owe()
                return
        try:
            self._loop.call_soon_threadsafe(self._tell, taken, failure)
        except RuntimeError:  # the loop is closed
            self._give_up()

    def _give_up(self) -> None:
        with self._lock:
            self._wanted = False
            taken, self._taken = self._taken, False
        if taken:
            self._handle.owe()

    async def result(self) -> bool:
        """Of wait(); a notify that comes too late for it stays pending."""
        threading.Thread(target=self._run, name="zinc-wait", daemon=True).start()
        try:
            return await self._future
        except BaseException:
            self._give_up()
            raise


async def wait_async(handle: Handle, timeout_ms: int, fd: Callable[[], int]) -> bool:
    """wait() for an event loop: by the descriptor, or, without one, by a thread."""
    deadline = Deadline(timeout_ms)
    # others have their turn, and may cancel, before a notify is taken
    await asyncio.sleep(0)
    if try_wait(handle):
        return True
    if timeout_ms == 0:
        return False
    try:
        number = fd()
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return await _Worker(handle, deadline).result()
    while True:
        await _readable(handle, number, deadline.left())
        if try_wait(handle):
            return True
        if deadline.left() == 0:
            return False
