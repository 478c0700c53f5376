# SPDX-License-Identifier: MIT
"""Locks on files, GPUs and processors, and their holders.

Every lock is a context manager. If other processes hold the lock, LockBusy is raised,
or LockTimeout after the timeout. The message names the holders. Timeouts are in
milliseconds; 0 does not wait, FOREVER waits without limit.

    with GpuLock("vulkan:0", timeout_ms=0):
        train()

A lock is a descriptor: it ends with the process, and a forked child inherits it.
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
    "GpuIdentity",
    "GpuLock",
    "Holder",
    "LockBusy",
    "LockTimeout",
    "Reservation",
    "ReservationHolder",
    "cpu_places",
    "gpu_device",
    "gpu_environment",
    "gpu_holders",
    "gpu_identity",
    "gpu_lock_path",
    "gpus",
    "holders",
    "holders_of",
    "reservations",
]

_libc: Any = None
_Self = TypeVar("_Self", bound="_Lock")


class Holder(NamedTuple):
    """A process that holds a lock; pid is 0 if it is not visible from this PID namespace."""

    pid: int
    cmdline: str


class ReservationHolder(NamedTuple):
    """A process that has reserved a device, or waits for it."""

    device: str
    pid: int
    uid: int
    comm: str
    shared: bool
    waiting: bool
    since: float
    id: int


class CpuPlace(NamedTuple):
    """A processor, its last-level cache and its NUMA node; node is None without NUMA."""

    cpu: int
    llc: int
    node: int | None


class LockBusy(OSError):
    """Another process holds the lock."""

    holders: list[Holder]


class LockTimeout(LockBusy, TimeoutError):
    """Another process held the lock until the timeout."""


# ---- conversions between Python and C -------------------------------------------


def _free(pointer: Any) -> None:
    global _libc  # pylint: disable=global-statement
    if _libc is None:
        _libc = ffi.dlopen(None)
    _libc.free(pointer)


def _text(raw: Any) -> str:
    """Decode a C string of arbitrary bytes."""
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
    Deadline(timeout_ms)  # raises an error if it is out of range
    return operator.index(timeout_ms)


def _optional(text: str | None) -> Any:
    return ffi.NULL if text is None else ffi.new("char[]", os.fsencode(text))


# ---- holders ----------------------------------------------------------------------


def _array(kind: str, function: Any, free: Any, *arguments: Any) -> Any:
    """Call a function that returns an array; return copies of its structs."""
    found, count = ffi.new(f"struct {kind} **"), ffi.new("size_t *")
    error = function(*arguments, found, count, ffi.sizeof(f"struct {kind}"))
    if error:
        raise _refusal(error, None, None, [])
    copies = ffi.new(f"struct {kind}[]", count[0])
    ffi.memmove(copies, found[0], ffi.sizeof(copies))
    free(found[0])
    return copies


def _holder(entry: Any) -> Holder:
    return Holder(entry.pid, _text(entry.cmdline))


def holders_of(paths: Iterable[Any]) -> list[list[Holder]]:
    """Return the holders of each lock file, from one snapshot of the kernel's locks."""
    names = [ffi.new("char[]", os.fsencode(path)) for path in paths]
    if not names:
        return []
    array = ffi.new("char *[]", names)
    found = ffi.new("struct zinc_lock_holder *[]", len(names))
    counts = ffi.new("size_t[]", len(names))
    size = ffi.sizeof("struct zinc_lock_holder")
    error = lib.zinc_flock_holders_of(array, len(names), found, counts, size)
    if error:
        raise _refusal(error, None, None, [])
    result = []
    for entries, count in zip(found, counts):
        result.append([_holder(entries[i]) for i in range(count)])
        lib.zinc_holders_free(entries)
    return result


def holders(path: Any) -> list[Holder]:
    """Return the holders of a lock file, none if it does not exist; takes no lock."""
    return holders_of([path])[0]


def gpu_holders(gpu: str) -> list[Holder]:
    """Return the holders of a GPU's lock file or reservation, each process once."""
    found = _array(
        "zinc_lock_holder", lib.zinc_gpu_holders, lib.zinc_holders_free, os.fsencode(gpu)
    )
    return [_holder(entry) for entry in found]


def reservations(device: str | None = None) -> list[ReservationHolder]:
    """Return holders and waiters by device; OSError with EOPNOTSUPP without the module."""
    found = _array(
        "zinc_reservation_holder",
        lib.zinc_reservations,
        lib.zinc_reservations_free,
        _optional(device),
    )
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
    """Return the online processors."""
    return [
        CpuPlace(place.cpu, place.llc, None if place.node < 0 else place.node)
        for place in _array("zinc_cpu_place", lib.zinc_cpu_places, lib.zinc_cpu_places_free)
    ]


def gpus() -> list[str]:
    """Return the GPUs of this machine by their stable names."""
    return [_text(gpu.device) for gpu in _array("zinc_gpu", lib.zinc_gpus, lib.zinc_gpus_free)]


def gpu_device(gpu: str) -> str:
    """Convert a GPU's name (vulkan:0, a PCI address, a /dev/dri node) to the canonical one."""
    name = ffi.new("char[]", lib.ZINC_DEVICE_NAME_MAX + 1)
    error = lib.zinc_gpu_device(name, len(name), os.fsencode(gpu))
    if error:
        expected = "vulkan:0, a PCI address, or a node of /dev/dri"
        raise _refusal(error, f"invalid GPU '{gpu}': expected a name such as {expected}", None, [])
    return _text(name)


class GpuIdentity(NamedTuple):
    """The physical GPU that a name refers to in this process.

    physical is "pci:" and a PCI address, such as "pci:0000:01:00.0", or "drm:NAME". It is
    empty if the GPU cannot be determined; reason then says what is missing. part is a MIG
    partition of the GPU. seed is the name that it has without visibility variables. uuid is
    its value for CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES.
    """

    name: str
    physical: str
    part: str
    seed: str
    uuid: str
    driver: str
    vendor: int
    reason: str


def _resolve(gpu: str, identity: Any) -> str:
    why = ffi.new("char **")
    size = ffi.sizeof("struct zinc_gpu_identity")
    error = lib.zinc_gpu_resolve(os.fsencode(gpu), identity, size, why)
    text = _take_why(why)
    if error and error != -errno.ENXIO:
        raise _refusal(error, text, None, [])
    return text or ""


def gpu_identity(gpu: str) -> GpuIdentity:
    """Return the GPU that a name refers to under this process's visibility variables."""
    found = ffi.new("struct zinc_gpu_identity *")
    reason = _resolve(gpu, found)
    return GpuIdentity(
        _text(found.name),
        _text(found.physical),
        _text(found.part),
        _text(found.seed),
        _text(found.uuid),
        _text(found.driver),
        found.vendor,
        reason,
    )


def gpu_environment(gpus_: Sequence[str]) -> dict[str, str]:
    """Return variables, such as CUDA_VISIBLE_DEVICES, that make only these GPUs visible."""
    found = ffi.new("struct zinc_gpu_identity[]", len(gpus_))
    for i, gpu in enumerate(gpus_):
        _resolve(gpu, ffi.addressof(found, i))
    text = ffi.new("char **")
    size = ffi.sizeof("struct zinc_gpu_identity")
    error = lib.zinc_gpu_environment(found, len(gpus_), size, text)
    if error:
        raise _refusal(error, None, None, [])
    lines = (_take_why(text) or "").splitlines()
    return dict(line.split("=", 1) for line in lines)


def gpu_lock_path(backend: str, index: int) -> str:
    """Return the path of a GPU's lock file."""
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
    """An acquisition in a thread, so that a signal or a cancellation can end the wait.

    A lock that the thread acquires after that is released at once.
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
        """Return the acquired lock, or raise the error."""
        with self._guard:
            self._wanted = False
            taken, self._taken = self._taken, None
        if self._failure:
            raise self._failure
        return taken

    def give_up(self) -> None:
        """Abandon the attempt: release the lock if the thread acquires it."""
        with self._guard:
            self._wanted = False
            taken, self._taken = self._taken, None
        if taken is not None:
            self._lock._drop(taken)


class _Lock:
    """The base class of all locks; one thread at a time uses an object."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = _milliseconds(timeout_ms)
        self._taken: Any = None

    def _take(self, timeout_ms: int) -> Any:
        raise NotImplementedError

    def _drop(self, taken: Any) -> None:
        raise NotImplementedError

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._taken is not None

    def _begin(self, timeout_ms: int | None) -> int:
        if self._taken is not None:
            raise RuntimeError("this object already holds the lock, or is in a queue")
        return self._timeout_ms if timeout_ms is None else _milliseconds(timeout_ms)

    def acquire(self, timeout_ms: int | None = None) -> None:
        """Acquire the lock; timeout_ms overrides the constructor's timeout.

        Raises LockBusy or LockTimeout if another process holds the lock, and OSError for
        other errors. Signals are handled during the wait, so that Ctrl-C ends it.
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
        """Acquire the lock as acquire() does, in asyncio; once cancelled, it holds nothing."""
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
        """Release the lock; further calls do nothing."""
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
        raise TypeError("a lock cannot be pickled: acquire it in the other process")


class FileLock(_Lock):
    """A lock file, compatible with flock(1); created with its folder if it is missing.

    Args:
        path: the file, which is never removed
        shared: take a shared lock instead of an exclusive one
        timeout_ms: the timeout of acquire() and of a with block
        context: the purpose of the lock, for the error message
        remediation: advice for the end of the error message
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
        # without a timeout the error is LockBusy
        if fd == -errno.ETIMEDOUT and not timeout_ms:
            fd = -errno.EBUSY
        found = holders(self.path) if fd in (-errno.EBUSY, -errno.ETIMEDOUT) else []
        raise _refusal(fd, text, self.path, found)

    def _drop(self, taken: int) -> None:
        lib.zinc_flock_release(taken)

    def fileno(self) -> int:
        """Return the locked descriptor."""
        if self._taken is None:
            raise ValueError("the lock is not held")
        return int(self._taken)

    def __repr__(self) -> str:
        return f"<zinc.locks.FileLock {self.path!r}{' held' if self.held else ''}>"


class GpuLock(_Lock):
    """A GPU: "vulkan:0", "cuda:GPU-8932f937", "0000:01:00.0", or a node of /dev/dri.

    The lock consists of lock files and, with the kernel module, a reservation. It covers
    all names of the GPU if gpu_identity() can determine the physical GPU.
    """

    def __init__(self, gpu: str, *, shared: bool = False, timeout_ms: int = FOREVER) -> None:
        super().__init__(timeout_ms)
        self.gpu = gpu
        self.device = gpu_device(gpu)
        self.shared = shared

    def _take(self, timeout_ms: int) -> Any:
        lock, why = ffi.new("struct zinc_gpu_lock *"), ffi.new("char **")
        lock.size = ffi.sizeof("struct zinc_gpu_lock")
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
    """Any free GPUs, count of them; devices has their names.

    vendor (nvidia, amd, intel, "0x10de") and driver (the kernel driver, such as amdgpu)
    limit the choice.
    """

    def __init__(
        self,
        count: int = 1,
        *,
        shared: bool = False,
        timeout_ms: int = FOREVER,
        vendor: str | None = None,
        driver: str | None = None,
    ) -> None:
        super().__init__(timeout_ms)
        if count < 1:
            raise ValueError(f"{count} GPUs")
        self.count = count
        self.shared = shared
        self.vendor = vendor
        self.driver = driver

    def _take(self, timeout_ms: int) -> Any:
        request = ffi.new("struct zinc_gpu_request *")
        request.size = ffi.sizeof("struct zinc_gpu_request")
        request.want = self.count
        request.mode = _mode(self.shared)
        request.timeout_ms = timeout_ms
        # cffi: the request holds only pointers, so keep the strings alive here
        vendor = ffi.NULL if self.vendor is None else ffi.new("char[]", os.fsencode(self.vendor))
        driver = ffi.NULL if self.driver is None else ffi.new("char[]", os.fsencode(self.driver))
        request.vendor, request.driver = vendor, driver
        locks = ffi.new("struct zinc_gpu_lock[]", self.count)
        taken, why = ffi.new("struct zinc_gpu[]", self.count), ffi.new("char **")
        error = lib.zinc_gpu_lock_any(
            request,
            locks,
            ffi.sizeof("struct zinc_gpu_lock"),
            taken,
            ffi.sizeof("struct zinc_gpu"),
            why,
        )
        text = _take_why(why)
        if error:
            raise _refusal(error, text, None, [])
        return locks, taken

    def _drop(self, taken: Any) -> None:
        for i in range(self.count):
            lib.zinc_gpu_lock_release(ffi.addressof(taken[0], i))

    @property
    def devices(self) -> list[str]:
        """The names of the GPUs that are held."""
        return [] if self._taken is None else [_text(gpu.device) for gpu in self._taken[1]]

    def __repr__(self) -> str:
        return f"<zinc.locks.AnyGpus {self.count} {self.devices}>"


class CpuLock(_Lock):
    """Processors, or last-level caches.

    Exactly one of these, as in CpuLock(count=4):
        cpus: a list of processors, such as "2-3,6"
        count: a number of processors, chosen from this process's affinity mask
        llcs: a list of whole last-level caches
    Processors are locked exclusively and their last-level caches shared; whole caches
    are locked exclusively. With shared, all of these locks are shared.
    """

    def __init__(
        self,
        *,
        cpus: str | None = None,
        count: int | None = None,
        llcs: str | None = None,
        shared: bool = False,
        timeout_ms: int = FOREVER,
    ) -> None:
        super().__init__(timeout_ms)
        if [cpus, count, llcs].count(None) != 2:
            raise TypeError("expected exactly one of cpus, count and llcs")
        if count is not None and count < 1:
            raise ValueError(f"{count} CPUs")
        self._list = cpus if cpus is not None else llcs
        self._count = count or 0
        self._llcs = llcs is not None
        self.shared = shared

    def _take(self, timeout_ms: int) -> Any:
        text = _optional(self._list)
        request = ffi.new("struct zinc_cpu_request *")
        request.size = ffi.sizeof("struct zinc_cpu_request")
        request.want = self._count
        request.llcs = self._llcs
        request.mode = _mode(self.shared)
        request.timeout_ms = timeout_ms
        request.list = text
        locks, why = ffi.new("struct zinc_cpu_locks *"), ffi.new("char **")
        locks.size = ffi.sizeof("struct zinc_cpu_locks")
        error = lib.zinc_cpu_lock_acquire(request, locks, why)
        reason = _take_why(why)
        if error:
            raise _refusal(error, reason, None, [])
        return locks

    def _drop(self, taken: Any) -> None:
        lib.zinc_cpu_lock_release(taken)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the processors or caches that are held."""
        if self._taken is None:
            return []
        return list(self._taken.numbers[0 : self._taken.count])

    def __repr__(self) -> str:
        return f"<zinc.locks.CpuLock {'LLC' if self._llcs else 'CPU'} {self.numbers}>"


class Reservation(_Lock):
    """A reservation of devices by the kernel module: all or none, in FIFO order.

    A wait needs no thread. queue() enters the queue and returns; fileno() becomes
    readable when the reservation is granted, so that one loop can wait for several.
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
        size = ffi.sizeof("struct zinc_device_claim")
        fd = lib.zinc_reserve(claims, len(names), size, timeout_ms, why)
        text = _take_why(why)
        if fd < 0:
            busy = fd in (-errno.EBUSY, -errno.ETIMEDOUT)
            raise _refusal(fd, text, None, self._found() if busy else [])
        return int(fd)

    def _drop(self, taken: int) -> None:
        os.close(taken)

    def queue(self) -> None:
        """Enter the queue without waiting; held is true once the devices are granted."""
        self._begin(0)
        claims, names = self._claims()
        size = ffi.sizeof("struct zinc_device_claim")
        fd = lib.zinc_reserve_queue(claims, len(names), size)
        if fd < 0:
            raise _refusal(fd, None, None, [])
        self._taken = int(fd)

    @property
    def held(self) -> bool:
        """Whether the reservation is granted."""
        return self._taken is not None and bool(select.select([self._taken], [], [], 0)[0])

    def fileno(self) -> int:
        """Return a descriptor that is readable once the reservation is granted."""
        if self._taken is None:
            raise ValueError("no reservation is held or queued")
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
