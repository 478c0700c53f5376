# SPDX-License-Identifier: MIT
"""Locks of files, GPUs and processors, and who has them.

Every lock is a context manager. One that others have raises LockBusy, whose
message names them, or LockTimeout once the time is up. Timeouts are milliseconds;
0 only tries, FOREVER has no end.

    with GpuLock("vulkan:0", timeout_ms=0):
        train()

A lock is a descriptor: it ends with the process, and a fork has it, too.
"""

from __future__ import annotations

import asyncio
import errno
import operator
import os
import select
import threading
import warnings
from typing import Any, Callable, Iterable, NamedTuple, Sequence, TypeVar

from ._abi import ffi, lib
from ._wait import FOREVER, Deadline

__all__ = [
    "FOREVER",
    "AnyGpus",
    "CpuLock",
    "CpuPlace",
    "FileLock",
    "GpuLock",
    "Holder",
    "LockBusy",
    "LockTimeout",
    "Reservation",
    "ReservationHolder",
    "cpu_places",
    "gpu_device",
    "gpu_holders",
    "gpu_lock_path",
    "gpus",
    "holders",
    "holders_of",
    "reservations",
]

_libc: Any = None
_Self = TypeVar("_Self", bound="_Lock")


class Holder(NamedTuple):
    """A process that has a lock; pid is 0 where it cannot be seen from here."""

    pid: int
    cmdline: str


class ReservationHolder(NamedTuple):
    """A process that has, or waits for, a device."""

    device: str
    pid: int
    uid: int
    comm: str
    shared: bool
    waiting: bool
    since: float
    id: int


class CpuPlace(NamedTuple):
    """Where a processor is; node is None where the machine has none."""

    cpu: int
    llc: int
    node: int | None


class LockBusy(OSError):
    """Somebody has it."""

    holders: list[Holder]


class LockTimeout(LockBusy, TimeoutError):
    """Somebody had it until the time was up."""


# ---- from C and to C ------------------------------------------------------------


def _free(pointer: Any) -> None:
    global _libc  # pylint: disable=global-statement
    if _libc is None:
        _libc = ffi.dlopen(None)
    _libc.free(pointer)


def _text(raw: Any) -> str:
    """What may be any bytes."""
    return os.fsdecode(ffi.string(raw))


def _refusal(error: int, why: str | None, filename: str | None, found: list[Holder]) -> OSError:
    text = why or _text(lib.zinc_strerror(error))
    if error not in (-errno.EBUSY, -errno.ETIMEDOUT):
        return OSError(-error, text) if filename is None else OSError(-error, text, filename)
    refusal = (LockTimeout if error == -errno.ETIMEDOUT else LockBusy)(-error, text)
    refusal.filename = filename
    refusal.holders = found
    return refusal


def _take_why(why: Any) -> str | None:
    if why[0] == ffi.NULL:
        return None
    text = _text(why[0])
    _free(why[0])
    return text


def _mode(shared: bool) -> int:
    return int(lib.ZINC_SHARED if shared else lib.ZINC_EXCLUSIVE)


def _milliseconds(timeout_ms: int) -> int:
    Deadline(timeout_ms)  # judges it
    return operator.index(timeout_ms)


def _optional(text: str | None) -> Any:
    return ffi.NULL if text is None else ffi.new("char[]", os.fsencode(text))


# ---- who has what -----------------------------------------------------------------


def _array(kind: str, function: Any, *arguments: Any) -> Any:
    """What a function of the library has found: copies of its structs."""
    found, count = ffi.new(f"struct {kind} **"), ffi.new("size_t *")
    error = function(*arguments, found, count)
    if error:
        raise _refusal(error, None, None, [])
    copies = ffi.new(f"struct {kind}[]", count[0])
    ffi.memmove(copies, found[0], ffi.sizeof(copies))
    _free(found[0])
    return copies


def _holder(entry: Any) -> Holder:
    return Holder(entry.pid, _text(entry.cmdline))


def holders_of(paths: Iterable[Any]) -> list[list[Holder]]:
    """Who has each of these lock files, with one look at the kernel's locks."""
    names = [ffi.new("char[]", os.fsencode(path)) for path in paths]
    if not names:
        return []
    array = ffi.new("char *[]", names)
    found = ffi.new("struct zinc_lock_holder *[]", len(names))
    counts = ffi.new("size_t[]", len(names))
    error = lib.zinc_flock_holders_of(array, len(names), found, counts)
    if error:
        raise _refusal(error, None, None, [])
    result = []
    for entries, count in zip(found, counts):
        result.append([_holder(entries[i]) for i in range(count)])
        _free(entries)
    return result


def holders(path: Any) -> list[Holder]:
    """Who has a lock file; nobody, if it is not there. Takes no lock."""
    return holders_of([path])[0]


def gpu_holders(gpu: str) -> list[Holder]:
    """Who has a GPU, by its lock file and by a reservation; each process once."""
    found = _array("zinc_lock_holder", lib.zinc_gpu_holders, os.fsencode(gpu))
    return [_holder(entry) for entry in found]


def reservations(device: str | None = None) -> list[ReservationHolder]:
    """Who has, and who waits for, which device; OSError EOPNOTSUPP without the module."""
    found = _array("zinc_reservation_holder", lib.zinc_reservations, _optional(device))
    return [
        ReservationHolder(
            _text(entry.device),
            entry.pid,
            entry.uid,
            _text(entry.comm),
            entry.mode == lib.ZINC_SHARED,
            bool(entry.waiting),
            entry.since / 1e9,
            entry.id,
        )
        for entry in found
    ]


def cpu_places() -> list[CpuPlace]:
    """The processors that are online."""
    return [
        CpuPlace(place.cpu, place.llc, None if place.node < 0 else place.node)
        for place in _array("zinc_cpu_place", lib.zinc_cpu_places)
    ]


def gpus() -> list[str]:
    """The GPUs of this machine, by the names that do not change."""
    return [_text(gpu.device) for gpu in _array("zinc_gpu", lib.zinc_gpus)]


def gpu_device(gpu: str) -> str:
    """One name for a GPU, of "vulkan:0", a PCI address or a node of /dev/dri."""
    name = ffi.new("char[]", lib.ZINC_DEVICE_NAME_MAX + 1)
    error = lib.zinc_gpu_device(name, len(name), os.fsencode(gpu))
    if error:
        raise _refusal(error, f"'{gpu}' is no GPU", None, [])
    return _text(name)


def gpu_lock_path(backend: str, index: int) -> str:
    """The lock file of a GPU."""
    path = ffi.new("char[]", 4096)
    error = lib.zinc_gpu_lock_path(path, len(path), os.fsencode(backend), index)
    if error:
        raise _refusal(error, None, None, [])
    return _text(path)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


# ---- locks ------------------------------------------------------------------------


class _Attempt:
    """One that waits in a thread, so that a signal or a cancellation can end the wait.

    What is got after that is given back at once.
    """

    def __init__(self, lock: _Lock, timeout_ms: int, done: Callable[[], None]) -> None:
        self._lock = lock
        self._timeout_ms = timeout_ms
        self._done = done
        self._guard = threading.Lock()
        self._wanted = True
        self._taken: Any = None
        self._failure: BaseException | None = None
        threading.Thread(target=self._run, name="zinc-lock", daemon=True).start()

    def _run(self) -> None:
        taken, failure = None, None
        try:
            taken = self._lock._take(self._timeout_ms)
        except BaseException as error:  # pylint: disable=broad-exception-caught
            failure = error
        with self._guard:
            self._taken, self._failure = taken, failure
            wanted = self._wanted
        if wanted:
            self._done()
        elif taken is not None:
            self._lock._drop(taken)

    def result(self) -> Any:
        """What was taken, or the reason why not."""
        with self._guard:
            self._wanted = False
            taken, self._taken = self._taken, None
        if self._failure:
            raise self._failure
        return taken

    def give_up(self) -> None:
        """Nobody wants it any more."""
        with self._guard:
            self._wanted = False
            taken, self._taken = self._taken, None
        if taken is not None:
            self._lock._drop(taken)


class _Lock:
    """What all of them are: something to take, and to give back, by one thread."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = _milliseconds(timeout_ms)
        self._taken: Any = None

    def _take(self, timeout_ms: int) -> Any:
        raise NotImplementedError

    def _drop(self, taken: Any) -> None:
        raise NotImplementedError

    @property
    def held(self) -> bool:
        """Whether it was acquired, and not released."""
        return self._taken is not None

    def _begin(self, timeout_ms: int | None) -> int:
        if self._taken is not None:
            raise RuntimeError("this lock is held already, or waits in a queue")
        return self._timeout_ms if timeout_ms is None else _milliseconds(timeout_ms)

    def acquire(self, timeout_ms: int | None = None) -> None:
        """Take it, waiting as long as it was made to, or as is said here.

        LockBusy, LockTimeout: others have it; OSError: it cannot be taken. Signals
        are looked after meanwhile, so that Ctrl-C ends it.
        """
        left = self._begin(timeout_ms)
        try:
            self._taken = self._take(0)
            return
        except LockBusy:
            if not left:
                raise
        self._taken = self._wait(left)

    def _wait(self, timeout_ms: int) -> Any:
        done = threading.Event()
        attempt = _Attempt(self, timeout_ms, done.set)
        try:
            done.wait()
            return attempt.result()
        except BaseException:
            attempt.give_up()
            raise

    async def acquire_async(self, timeout_ms: int | None = None) -> None:
        """acquire() for an event loop; a cancelled one has taken nothing."""
        left = self._begin(timeout_ms)
        try:
            self._taken = self._take(0)
            return
        except LockBusy:
            if not left:
                raise
        self._taken = await self._wait_async(left)

    async def _wait_async(self, timeout_ms: int) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(_settle, future)
            except RuntimeError:  # the loop is closed
                attempt.give_up()

        attempt = _Attempt(self, timeout_ms, tell)
        try:
            await future
            return attempt.result()
        except BaseException:
            attempt.give_up()
            raise

    def release(self) -> None:
        """Give it back; again, nothing."""
        taken, self._taken = self._taken, None
        if taken is not None:
            self._drop(taken)

    def __enter__(self: _Self) -> _Self:
        if not self.held:
            self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    async def __aenter__(self: _Self) -> _Self:
        if not self.held:
            await self.acquire_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        if getattr(self, "_taken", None) is not None:
            warnings.warn(f"unreleased {self!r}", ResourceWarning, source=self)
            self.release()

    def __reduce__(self) -> Any:
        raise TypeError("a lock cannot be pickled: a fork has it, another process takes its own")


class FileLock(_Lock):
    """A lock file, as flock(1) locks it; made, with its folder, where it is not there.

    Args:
        path: the file; never removed
        shared: together with others that share it
        timeout_ms: for acquire(), and so for with
        context: what it is a lock of, for the message
        remediation: what to do about it, for the end of the message
    """

    def __init__(
        self,
        path: Any,
        *,
        shared: bool = False,
        timeout_ms: int = FOREVER,
        context: str | None = None,
        remediation: str | None = None,
    ) -> None:
        super().__init__(timeout_ms)
        self.path = os.fsdecode(path)
        self.shared = shared
        self.context = context
        self.remediation = remediation

    def _take(self, timeout_ms: int) -> int:
        path, context = _optional(self.path), _optional(self.context)
        remediation = _optional(self.remediation)
        request = ffi.new("struct zinc_flock_request *")
        request.size = ffi.sizeof("struct zinc_flock_request")
        request.mode = _mode(self.shared)
        request.timeout_ms = timeout_ms
        request.path, request.context, request.remediation = path, context, remediation
        why = ffi.new("char **")
        fd = lib.zinc_flock_acquire(request, why)
        text = _take_why(why)
        if fd >= 0:
            return int(fd)
        # one that was only tried is busy, not late
        if fd == -errno.ETIMEDOUT and not timeout_ms:
            fd = -errno.EBUSY
        found = holders(self.path) if fd in (-errno.EBUSY, -errno.ETIMEDOUT) else []
        raise _refusal(fd, text, self.path, found)

    def _drop(self, taken: int) -> None:
        lib.zinc_flock_release(taken)

    def fileno(self) -> int:
        """The descriptor that is the lock."""
        if self._taken is None:
            raise ValueError("the lock is not held")
        return int(self._taken)

    def __repr__(self) -> str:
        return f"<zinc.locks.FileLock {self.path!r}{' held' if self.held else ''}>"


class GpuLock(_Lock):
    """A GPU: "vulkan:0", a PCI address as "0000:01:00.0", or a node of /dev/dri.

    By its lock file and, where there is the kernel module, a reservation.
    """

    def __init__(self, gpu: str, *, shared: bool = False, timeout_ms: int = FOREVER) -> None:
        super().__init__(timeout_ms)
        self.gpu = gpu
        self.device = gpu_device(gpu)
        self.shared = shared

    def _take(self, timeout_ms: int) -> Any:
        lock, why = ffi.new("struct zinc_gpu_lock *"), ffi.new("char **")
        error = lib.zinc_gpu_lock_acquire_device(
            os.fsencode(self.gpu), _mode(self.shared), timeout_ms, lock, why
        )
        text = _take_why(why)
        if error:
            busy = error in (-errno.EBUSY, -errno.ETIMEDOUT)
            raise _refusal(error, text, None, gpu_holders(self.gpu) if busy else [])
        return lock

    def _drop(self, taken: Any) -> None:
        lib.zinc_gpu_lock_release(taken)

    def __repr__(self) -> str:
        return f"<zinc.locks.GpuLock {self.device}{' held' if self.held else ''}>"


class AnyGpus(_Lock):
    """As many GPUs as one needs, whichever are free; devices says which."""

    def __init__(self, count: int = 1, *, shared: bool = False, timeout_ms: int = FOREVER) -> None:
        super().__init__(timeout_ms)
        if count < 1:
            raise ValueError(f"{count} GPUs")
        self.count = count
        self.shared = shared

    def _take(self, timeout_ms: int) -> Any:
        request = ffi.new("struct zinc_gpu_request *")
        request.size = ffi.sizeof("struct zinc_gpu_request")
        request.want = self.count
        request.mode = _mode(self.shared)
        request.timeout_ms = timeout_ms
        locks = ffi.new("struct zinc_gpu_lock[]", self.count)
        taken, why = ffi.new("struct zinc_gpu[]", self.count), ffi.new("char **")
        error = lib.zinc_gpu_lock_any(request, locks, taken, why)
        text = _take_why(why)
        if error:
            raise _refusal(error, text, None, [])
        return locks, taken

    def _drop(self, taken: Any) -> None:
        for i in range(self.count):
            lib.zinc_gpu_lock_release(ffi.addressof(taken[0], i))

    @property
    def devices(self) -> list[str]:
        """Those that are held."""
        return [] if self._taken is None else [_text(gpu.device) for gpu in self._taken[1]]

    def __repr__(self) -> str:
        return f"<zinc.locks.AnyGpus {self.count} {self.devices}>"


class CpuLock(_Lock):
    """Processors exclusively and their last-level caches shared, or whole caches.

    One of these, as in CpuLock(count=4):
        cpus: those of a list, as "2-3,6"
        count: any so many of those that this process may use
        llcs: whole last-level caches of a list
    """

    def __init__(
        self,
        *,
        cpus: str | None = None,
        count: int | None = None,
        llcs: str | None = None,
        timeout_ms: int = FOREVER,
    ) -> None:
        super().__init__(timeout_ms)
        if [cpus, count, llcs].count(None) != 2:
            raise TypeError("one of cpus, count and llcs")
        if count is not None and count < 1:
            raise ValueError(f"{count} CPUs")
        self._list = cpus if cpus is not None else llcs
        self._count = count or 0
        self._llcs = llcs is not None

    def _take(self, timeout_ms: int) -> Any:
        text = _optional(self._list)
        request = ffi.new("struct zinc_cpu_request *")
        request.size = ffi.sizeof("struct zinc_cpu_request")
        request.want = self._count
        request.llcs = self._llcs
        request.timeout_ms = timeout_ms
        request.list = text
        locks, why = ffi.new("struct zinc_cpu_locks *"), ffi.new("char **")
        error = lib.zinc_cpu_acquire(request, locks, why)
        reason = _take_why(why)
        if error:
            raise _refusal(error, reason, None, [])
        return locks

    def _drop(self, taken: Any) -> None:
        lib.zinc_cpu_release(taken)

    @property
    def numbers(self) -> list[int]:
        """Of the processors, or caches, that are held."""
        if self._taken is None:
            return []
        return list(self._taken.numbers[0 : self._taken.count])

    def __repr__(self) -> str:
        return f"<zinc.locks.CpuLock {'LLC' if self._llcs else 'CPU'} {self.numbers}>"


class Reservation(_Lock):
    """Devices by the kernel module alone: all or none, in order of arrival.

    Waiting needs no thread. queue() takes a place and returns; then fileno() is
    readable when it is granted, so that one loop can wait for several.
    """

    def __init__(
        self, devices: str | Sequence[str], *, shared: bool = False, timeout_ms: int = FOREVER
    ) -> None:
        super().__init__(timeout_ms)
        self.devices = [devices] if isinstance(devices, str) else list(devices)
        self.shared = shared

    def _claims(self) -> tuple[Any, list[Any]]:
        names = [_optional(device) for device in self.devices]
        claims = ffi.new("struct zinc_device_claim[]", len(names))
        for claim, name in zip(claims, names):
            claim.device, claim.mode = name, _mode(self.shared)
        return claims, names

    def _found(self) -> list[Holder]:
        return [
            Holder(entry.pid, entry.comm)
            for device in self.devices
            for entry in reservations(device)
            if not entry.waiting
        ]

    def _take(self, timeout_ms: int) -> int:
        claims, names = self._claims()
        why = ffi.new("char **")
        fd = lib.zinc_reserve(claims, len(names), timeout_ms, why)
        text = _take_why(why)
        if fd < 0:
            busy = fd in (-errno.EBUSY, -errno.ETIMEDOUT)
            raise _refusal(fd, text, None, self._found() if busy else [])
        return int(fd)

    def _drop(self, taken: int) -> None:
        os.close(taken)

    def queue(self) -> None:
        """Take a place in the queue, and hold it; held tells the rest."""
        self._begin(0)
        claims, names = self._claims()
        fd = lib.zinc_reserve_queue(claims, len(names))
        if fd < 0:
            raise _refusal(fd, None, None, [])
        self._taken = int(fd)

    @property
    def held(self) -> bool:
        """Whether the devices are ours; one that is queued may not have them yet."""
        return self._taken is not None and bool(select.select([self._taken], [], [], 0)[0])

    def fileno(self) -> int:
        """A descriptor that is readable once they are."""
        if self._taken is None:
            raise ValueError("there is no reservation")
        return int(self._taken)

    def _late(self) -> OSError:
        found = self._found()
        self.release()
        names = ", ".join(f"pid={holder.pid} cmd={holder.cmdline}" for holder in found)
        text = f"{', '.join(self.devices)}: already reserved by {names or 'somebody'}"
        return _refusal(-errno.ETIMEDOUT, text, None, found)

    def _wait(self, timeout_ms: int) -> int:
        self.queue()
        fd, self._taken = self._taken, None
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        try:
            granted = poll.poll(None if timeout_ms == FOREVER else timeout_ms)
        except BaseException:
            os.close(fd)
            raise
        if granted:
            return int(fd)
        self._taken = fd
        raise self._late()

    async def _wait_async(self, timeout_ms: int) -> int:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self.queue()
        fd, self._taken = self._taken, None
        try:
            loop.add_reader(fd, _settle, future)
            try:
                await asyncio.wait_for(
                    future, None if timeout_ms == FOREVER else timeout_ms / 1000
                )
            finally:
                loop.remove_reader(fd)
        except asyncio.TimeoutError:
            self._taken = fd
            raise self._late() from None
        except BaseException:
            os.close(fd)
            raise
        return int(fd)

    def __repr__(self) -> str:
        return f"<zinc.locks.Reservation {self.devices}{' held' if self.held else ''}>"
