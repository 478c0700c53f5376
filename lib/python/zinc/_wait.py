# SPDX-License-Identifier: MIT
"""Waiting, in a thread and in an event loop.

Signals do not end a wait of the C library, but Ctrl-C must end a wait in Python.
Therefore a wait in Python is a loop of short waits. Between these, Python handles
signals, and the loop checks whether another thread has closed the region.
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
    """The end of a timeout in milliseconds, on the library's clock."""

    def __init__(self, timeout_ms: int) -> None:
        timeout_ms = operator.index(timeout_ms)
        if not 0 <= timeout_ms <= FOREVER:
            raise OverflowError(f"timeout_ms: expected 0 to 2**32 - 1, got {timeout_ms}")
        self._end: int | None = None
        if timeout_ms != FOREVER:
            self._end = time.monotonic_ns() + timeout_ms * 1_000_000

    def slice(self) -> int:
        """Return the deadline of the next short wait."""
        end = time.monotonic_ns() + _SLICE_NS
        return end if self._end is None else min(end, self._end)

    def left(self) -> float | None:
        """Return the seconds left, at least 0; None without a limit."""
        if self._end is None:
            return None
        return max(0, self._end - time.monotonic_ns()) / 1e9


def _never() -> bool:
    return False


def try_wait(handle: Handle) -> bool:
    """Call zinc_try_wait()."""
    raw = handle.enter()
    try:
        error = lib.zinc_try_wait(raw)
    finally:
        handle.leave()
    if error not in (0, -errno.EAGAIN):
        raise oserror(error, handle.name)
    return handle.settle() or error == 0


def wait(
    handle: Handle,
    deadline: Deadline,
    or_gone: bool = False,
    given_up: Callable[[], bool] = _never,
) -> bool:
    """Call zinc_wait_with() repeatedly; signals, close() and given_up() end the wait."""
    flags = lib.ZINC_WAIT_GONE if or_gone else 0
    while True:
        raw = handle.enter()
        try:
            owed = handle.settle()
            error = lib.zinc_wait_with(raw, 0 if owed else deadline.slice(), flags)
        finally:
            handle.leave()
        if owed or not error:
            return True
        # a wait that was cancelled in the meantime had consumed a notify
        if error == -errno.EPIPE and handle.settle():
            return True
        if error != -errno.ETIMEDOUT:
            raise oserror(error, handle.name)
        if deadline.left() == 0 or given_up():
            return False


def _settle(future: asyncio.Future[bool], result: bool) -> None:
    if not future.done():
        future.set_result(result)


async def _readable(handle: Handle, fd: int, seconds: float | None) -> None:
    """Wait until the descriptor is readable, the timeout ends, or the region is closed."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bool] = loop.create_future()
    timer = None
    # a loop allows one reader per descriptor, and several tasks may wait
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
    """A wait in a thread, on behalf of a coroutine."""

    def __init__(self, handle: Handle, deadline: Deadline, or_gone: bool) -> None:
        self._handle = handle
        self._deadline = deadline
        self._or_gone = or_gone
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
            taken = wait(self._handle, self._deadline, self._or_gone, self._given_up)
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
        """Return the result of wait(); a notify after a cancellation stays pending."""
        threading.Thread(target=self._run, name="zinc-wait", daemon=True).start()
        try:
            return await self._future
        except BaseException:
            self._give_up()
            raise


async def wait_async(
    handle: Handle, timeout_ms: int, fd: Callable[[], int], or_gone: bool = False
) -> bool:
    """Wait in an event loop: by the descriptor, or in a thread.

    With or_gone it waits in a thread, since the descriptor does not report a lost name.
    """
    deadline = Deadline(timeout_ms)
    # let other tasks run, and possibly cancel this one, before a notify is consumed
    await asyncio.sleep(0)
    if wait(handle, Deadline(0), True) if or_gone else try_wait(handle):
        return True
    if timeout_ms == 0:
        return False
    if or_gone:
        return await _Worker(handle, deadline, True).result()
    try:
        number = fd()
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return await _Worker(handle, deadline, False).result()
    while True:
        await _readable(handle, number, deadline.left())
        if try_wait(handle):
            return True
        if deadline.left() == 0:
            return False
