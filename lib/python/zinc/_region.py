# SPDX-License-Identifier: MIT
"""SharedRegion, and what is known of regions."""

from __future__ import annotations

import builtins
import contextlib
import enum
import errno
import weakref
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator

from . import _wait
from ._abi import ffi, lib
from ._handle import Handle, oserror

if TYPE_CHECKING:
    import numpy
    import numpy.typing


class Backend(enum.IntEnum):
    """What keeps a region."""

    AUTO = 0
    KMOD = 1
    SHM = 2


class Lifetime(enum.IntEnum):
    """When a region's name goes."""

    REFS = 0
    CREATOR = 1
    PERSIST = 2


class RegionFlags(enum.IntFlag):
    """ZINC_IS_*."""

    CREATOR_GONE = 1 << 0
    UNLINKED = 1 << 1
    ANONYMOUS = 1 << 2
    LAZY = 1 << 3
    READONLY = 1 << 4
    CREATOR = 1 << 5
    STALE = 1 << 6
    INVALID = 1 << 7
    IMPORTED = 1 << 8
    DATA_READONLY = 1 << 9


class Features(enum.IntFlag):
    """ZINC_CAN_*."""

    EXPORT = 1 << 3
    IMPORT = 1 << 4
    FENCE = 1 << 5


@dataclass(frozen=True)
class RegionInfo:  # pylint: disable=too-many-instance-attributes
    """struct zinc_region_info."""

    name: str
    backend: Backend
    id: int
    capacity: int
    resident: int
    created_at: int
    flags: RegionFlags
    lifetime: Lifetime
    uid: int
    gid: int
    mode: int
    owner_pid: int
    handles: int
    waiters: int
    sequence: int
    cursor: int
    attachments: int
    fences: int
    fence_errors: int
    fence_error: int


def _info_from(raw: Any) -> RegionInfo:
    return RegionInfo(
        name=ffi.string(raw.name).decode(errors="replace"),
        backend=Backend(raw.backend),
        flags=RegionFlags(raw.flags),
        lifetime=Lifetime(raw.lifetime),
        **{
            field: getattr(raw, field)
            for field in RegionInfo.__dataclass_fields__
            if field not in ("name", "backend", "flags", "lifetime")
        },
    )


def _name(name: str | None) -> Any:
    if name is None:
        return ffi.NULL
    if "\0" in name:
        raise ValueError("the name has a NUL in it")
    return name.encode("utf-8", "surrogatepass")


def _choice(kind: type[enum.IntEnum], value: int | str) -> int:
    if isinstance(value, str):
        try:
            return kind[value.upper()]
        except KeyError:
            names = ", ".join(member.name.lower() for member in kind)
            raise ValueError(f"{value!r} is none of {names}") from None
    return kind(value)


def _options(flags: int = 0, **fields: int) -> Any:
    options = ffi.new("struct zinc_options *", fields)
    options.size = ffi.sizeof("struct zinc_options")
    options.flags = flags
    return options


def _made(make: Callable[..., int], *arguments: Any, name: str | None = None) -> Handle:
    """The handle that a function makes, or its error."""
    out = ffi.new("zinc_handle *")
    error = make(*arguments, out)
    if error:
        raise oserror(error, name)
    return Handle(out[0])


def _new_options(
    mode: int, lifetime: int | str, replace: bool, lazy: bool, backend: int | str
) -> Any:
    return _options(
        (lib.ZINC_REPLACE if replace else 0) | (lib.ZINC_LAZY if lazy else 0),
        mode=mode,
        lifetime=_choice(Lifetime, lifetime),
        backend=_choice(Backend, backend),
    )


def _open_options(readonly: bool, data: bool, backend: int | str) -> Any:
    return _options(
        (lib.ZINC_READONLY if readonly else 0) | (0 if data else lib.ZINC_NO_DATA),
        backend=_choice(Backend, backend),
    )


class SharedRegion:
    """Named memory that processes share, and a notify that wakes them.

    create() and open() make one. It is closed by close(), at the end of a with
    block, and when it is collected; views of its data live on. Everything may
    be called from any thread, and after a fork.
    """

    def __init__(self, handle: Handle, name: str | None) -> None:
        """Not for callers: use create() or open()."""
        self._handle = handle
        self._name = name
        self._finalizer = weakref.finalize(self, handle.close)
        self._readonly = bool(self.info.flags & (RegionFlags.READONLY | RegionFlags.DATA_READONLY))

    @classmethod
    def create(
        cls,
        name: str | None,
        capacity: int,
        *,
        mode: int = 0o600,
        lifetime: Lifetime | str = Lifetime.REFS,
        replace: bool = False,
        lazy: bool = False,
        backend: Backend | str = Backend.AUTO,
    ) -> SharedRegion:
        """Make a region of capacity bytes, a multiple of the page size, and own it.

        name is 1 to 249 of a-z A-Z 0-9 _ -, or None for a region without one.
        mode has the permissions; no umask is applied. replace takes the name
        from the region that has it; lazy leaves the memory to the first touch.
        Raises FileExistsError, PermissionError, or OSError with EINVAL for a
        bad name or capacity, and ENOSPC, ENOMEM or EDQUOT for no room.
        """
        options = _new_options(mode, lifetime, replace, lazy, backend)
        encoded = _name(name)
        if not 0 <= capacity < 1 << 64:
            raise oserror(-errno.EINVAL, name)
        return cls(_made(lib.zinc_create_with, encoded, capacity, options, name=name), name)

    @classmethod
    def open(
        cls,
        name: str,
        *,
        readonly: bool = False,
        data: bool = True,
        backend: Backend | str = Backend.AUTO,
    ) -> SharedRegion:
        """Attach to the region of that name.

        Raises FileNotFoundError, PermissionError, or OSError with EINVAL for
        a bad name and EBADMSG for what is no region. Without data it waits,
        notifies and exports only, for memory that no CPU can map.
        """
        options = _open_options(readonly, data, backend)
        return cls(_made(lib.zinc_open_with, _name(name), options, name=name), name)

    @classmethod
    def from_fd(cls, fd: int, *, readonly: bool = False, data: bool = True) -> SharedRegion:
        """Attach to the region whose fileno() another process sent; fd stays the caller's."""
        options = _open_options(readonly, data, Backend.AUTO)
        region = cls(_made(lib.zinc_from_fd, fd, options), None)
        region._name = region.info.name or None
        return region

    @classmethod
    def from_dmabuf(
        cls,
        fd: int,
        name: str | None = None,
        *,
        mode: int = 0o600,
        lifetime: Lifetime | str = Lifetime.REFS,
        replace: bool = False,
    ) -> SharedRegion:
        """Make a region of a device's dma-buf, without copying; fd stays the caller's."""
        options = _new_options(mode, lifetime, replace, False, Backend.AUTO)
        return cls(_made(lib.zinc_import_dmabuf, fd, _name(name), options, name=name), name)

    @staticmethod
    def list() -> builtins.list[RegionInfo]:
        """The named regions that the caller may see, in the order of their names."""
        array, count = ffi.new("struct zinc_region_info **"), ffi.new("size_t *")
        error = lib.zinc_list(array, count, ffi.sizeof("struct zinc_region_info"))
        if error:
            raise oserror(error)
        try:
            return [_info_from(array[0][i]) for i in range(count[0])]
        finally:
            lib.zinc_list_free(array[0])

    @staticmethod
    def stat(name: str) -> RegionInfo:
        """What is known of the region of that name, without opening it."""
        raw = ffi.new("struct zinc_region_info *")
        raw.size = ffi.sizeof("struct zinc_region_info")
        error = lib.zinc_stat(_name(name), raw)
        if error:
            raise oserror(error, name)
        return _info_from(raw)

    @staticmethod
    def unlink(name: str) -> None:
        """Take the name away; who has the region open keeps it."""
        error = lib.zinc_unlink(_name(name))
        if error:
            raise oserror(error, name)

    @staticmethod
    def features() -> Features:
        """What can be done with devices here."""
        value = ffi.new("uint64_t *")
        error = lib.zinc_features(ffi.NULL, value)
        if error:
            raise oserror(error)
        return Features(value[0] & sum(Features))

    def _call(self, function: Callable[..., int], *arguments: Any) -> int:
        raw = self._handle.enter()
        try:
            result = function(raw, *arguments)
        finally:
            self._handle.leave()
        if result < 0:
            raise oserror(result, self._name)
        return result

    @property
    def name(self) -> str | None:
        """As given to create() or open(); None for a region without one."""
        return self._name

    @property
    def capacity(self) -> int:
        """Bytes of data."""
        if self._handle.closed:
            raise ValueError("the region is closed")
        return self._handle.capacity

    @property
    def readonly(self) -> bool:
        """Whether its views are."""
        return self._readonly

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._handle.closed

    @property
    def sequence(self) -> int:
        """How often it was notified, modulo 2**32."""
        raw = self._handle.enter()
        try:
            return int(lib.zinc_sequence(raw))
        finally:
            self._handle.leave()

    @property
    def info(self) -> RegionInfo:
        """What is known of it now."""
        raw = ffi.new("struct zinc_region_info *")
        raw.size = ffi.sizeof("struct zinc_region_info")
        self._call(lib.zinc_info, raw)
        return _info_from(raw)

    def as_buffer(self) -> memoryview:
        """The data themselves, writable unless the region is read-only.

        The view keeps the memory after close(), and after the region is gone.
        """
        view = self._handle.buffer()
        return view.toreadonly() if self._readonly else view

    def as_numpy(
        self,
        dtype: numpy.typing.DTypeLike = None,
        *,
        shape: int | tuple[int, ...] | None = None,
        offset: int = 0,
    ) -> numpy.ndarray[Any, numpy.dtype[Any]]:
        """The data themselves as an array, of numpy.uint8 if nothing else is said.

        Without a shape it has one dimension and all there is after offset. It
        keeps the memory as as_buffer() does.
        """
        import numpy as np  # pylint: disable=import-outside-toplevel

        view = self.as_buffer()
        dtype = np.dtype(np.uint8 if dtype is None else dtype)
        if shape is None:
            return np.frombuffer(view, dtype, offset=offset)
        return np.ndarray(shape, dtype, view, offset)

    def as_dlpack(
        self,
        dtype: numpy.typing.DTypeLike = None,
        *,
        shape: int | tuple[int, ...] | None = None,
        offset: int = 0,
    ) -> numpy.ndarray[Any, numpy.dtype[Any]]:
        """What from_dlpack() of PyTorch, CuPy, JAX and NumPy take, as as_numpy()."""
        if self._readonly:
            raise BufferError("DLPack knows no read-only tensors: open the region for writing")
        return self.as_numpy(dtype, shape=shape, offset=offset)

    def __dlpack__(self, *, stream: Any = None) -> Any:
        if stream is not None:
            raise BufferError("the data are the CPU's: there is no stream")
        return self.as_dlpack().__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # kDLCPU

    def notify(self) -> None:
        """Count the sequence on, and wake all who wait; EBADF if it is read-only.

        What was written before is visible after the wait that it satisfies.
        """
        self._call(lib.zinc_notify_checked)

    def wait(self, timeout_ms: int = 1000) -> bool:
        """Whether there was a notify that this handle had not seen.

        0 only looks, 2**32 - 1 waits for ever. Signals are handled in
        between, so Ctrl-C ends it. Raises ValueError if another thread
        closes the region meanwhile.
        """
        return _wait.wait(self._handle, _wait.Deadline(timeout_ms))

    def try_wait(self) -> bool:
        """wait() that only looks."""
        return _wait.try_wait(self._handle)

    async def wait_async(self, timeout_ms: int = 1000) -> bool:
        """wait() for an event loop of asyncio. Cancelled, it takes no notify."""
        return await _wait.wait_async(self._handle, timeout_ms, self.fileno)

    def fileno(self) -> int:
        """A descriptor that is readable while a notify is pending; try_wait() takes it.

        It is the region's: do not close it. EOPNOTSUPP on POSIX shared memory.
        """
        return self._call(lib.zinc_fd)

    def dmabuf(self, *, readonly: bool = False) -> int:
        """A new descriptor of the data as a dma-buf, the caller's to close."""
        return self._call(lib.zinc_export_dmabuf, lib.ZINC_READONLY if readonly else 0)

    def notify_on_fence(self, fd: int) -> None:
        """Have it notified when the fences of a sync_file have signalled."""
        self._call(lib.zinc_notify_on_fence, fd)

    @contextlib.contextmanager
    def cpu_access(self, *, read: bool = True, write: bool = True) -> Iterator[None]:
        """Around what the CPU does with memory that a device works on."""
        access = (lib.ZINC_CPU_READ if read else 0) | (lib.ZINC_CPU_WRITE if write else 0)
        self._call(lib.zinc_begin_cpu_access, access)
        try:
            yield
        finally:
            self._call(lib.zinc_end_cpu_access, access)

    def close(self) -> None:
        """Give up the handle; again, nothing. Views keep the memory.

        While another thread is in a call, the handle goes when that returns.
        """
        self._finalizer()

    def __enter__(self) -> SharedRegion:
        if self._handle.closed:
            raise ValueError("the region is closed")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self._handle.capacity} bytes"
        return f"<zinc.SharedRegion {self._name!r}: {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """For multiprocessing: by its descriptor, or on POSIX shared memory by its name."""
        from . import _pickle  # pylint: disable=import-outside-toplevel

        return _pickle.reduce(self)
