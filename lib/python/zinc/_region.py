# SPDX-License-Identifier: MIT
"""SharedRegion and RegionInfo."""

from __future__ import annotations

import builtins
import contextlib
import enum
import errno
import weakref
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator

from . import _dlpack, _wait
from ._abi import ffi, lib
from ._handle import Handle, oserror

if TYPE_CHECKING:
    import numpy
    import numpy.typing
    from typing_extensions import Self


class Backend(enum.IntEnum):
    """The backend of a region."""

    AUTO = 0
    KMOD = 1
    SHM = 2


class Lifetime(enum.IntEnum):
    """The event that removes a region's name."""

    REFS = 0
    CREATOR = 1
    PERSIST = 2


class RegionFlags(enum.IntFlag):
    """Flags of a region and a handle: ZINC_INFO_*."""

    CREATOR_GONE = 1 << 0
    UNLINKED = 1 << 1
    ANONYMOUS = 1 << 2
    LAZY = 1 << 3
    RDONLY = 1 << 4
    CREATOR = 1 << 5
    IMPORTED = 1 << 6
    DATA_RDONLY = 1 << 7
    CONTIGUOUS = 1 << 8
    STALE = 1 << 16
    INVALID = 1 << 17
    UNKNOWN = 1 << 18
    PAGE_LAYOUT = 1 << 19


class Features(enum.IntFlag):
    """Operations with devices: ZINC_FEATURE_*."""

    EXPORT = 1 << 3
    IMPORT = 1 << 4
    FENCE = 1 << 5
    CONTIGUOUS = 1 << 10
    EXPORT_PART = 1 << 11


@dataclass(frozen=True)
class RegionInfo:  # pylint: disable=too-many-instance-attributes
    """A description of a region: struct zinc_region_info."""

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
    creator_pid: int
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
        raise ValueError("the name contains a NUL")
    return name.encode("utf-8", "surrogatepass")


def _choice(kind: type[enum.IntEnum], value: int | str) -> int:
    if isinstance(value, str):
        try:
            return kind[value.upper()]
        except KeyError:
            names = ", ".join(member.name.lower() for member in kind)
            raise ValueError(f"expected one of {names}, got {value!r}") from None
    return kind(value)


def _options(flags: int = 0, **fields: int) -> Any:
    options = ffi.new("struct zinc_options *", fields)
    options.size = ffi.sizeof("struct zinc_options")
    options.flags = flags
    return options


def _made(make: Callable[..., int], *arguments: Any, name: str | None = None) -> Handle:
    """Call a function that makes a handle; return the handle or raise its error."""
    out = ffi.new("zinc_handle *")
    error = make(*arguments, out)
    if error:
        raise oserror(error, name)
    return Handle(out[0])


def _new_options(
    mode: int, lifetime: int | str, backend: int | str, replace: bool, flags: int = 0
) -> Any:
    return _options(
        (lib.ZINC_REPLACE if replace else 0) | flags,
        mode=mode,
        lifetime=_choice(Lifetime, lifetime),
        backend=_choice(Backend, backend),
    )


def _open_options(readonly: bool, data: bool, backend: int | str) -> Any:
    return _options(
        (lib.ZINC_RDONLY if readonly else 0) | (0 if data else lib.ZINC_NO_DATA),
        backend=_choice(Backend, backend),
    )


class SharedRegion:
    """Named memory that processes share, and a notify that wakes them.

    create() and open() return one. It is closed by close(), at the end of a with
    block, or when it is garbage-collected; views of its data stay valid. Every method
    may be called from any thread, and after a fork.
    """

    def __init__(self, handle: Handle, name: str | None) -> None:
        """Internal: use create() or open()."""
        self._handle = handle
        self._name = handle.name = name
        self._finalizer = weakref.finalize(self, handle.close)
        self._readonly = bool(self.info.flags & (RegionFlags.RDONLY | RegionFlags.DATA_RDONLY))

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
        contiguous: bool = False,
        backend: Backend | str = Backend.AUTO,
    ) -> Self:
        """Create a region of capacity bytes, a multiple of the page size.

        name is 1 to 249 of a-z A-Z 0-9 _ -, or None for an anonymous region. mode has
        the permission bits; no umask is applied. replace takes the name from the
        region that has it. lazy allocates each page on its first access.
        Raises FileExistsError or PermissionError; OSError with EINVAL for a bad name
        or capacity, and with ENOSPC, ENOMEM or EDQUOT if there is no memory.
        """
        flags = (lib.ZINC_LAZY if lazy else 0) | (lib.ZINC_CONTIGUOUS if contiguous else 0)
        options = _new_options(mode, lifetime, backend, replace, flags)
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
        timeout_ms: int = 0,
    ) -> Self:
        """Open a region by its name; with a timeout, wait until it is created.

        With data=False the handle can only wait, notify and export; this is for
        memory that no CPU can map. Raises FileNotFoundError, or TimeoutError if there
        is a timeout; PermissionError; OSError with EINVAL for a bad name, and with
        EBADMSG for an object that is not a region.
        """
        options = _open_options(readonly, data, backend)
        if timeout_ms == 0:
            return cls(_made(lib.zinc_open_with, _name(name), options, name=name), name)
        deadline = _wait.Deadline(timeout_ms)
        while True:
            end = deadline.slice()
            try:
                return cls(_made(lib.zinc_open_wait, _name(name), options, end, name=name), name)
            except TimeoutError:
                if deadline.left() == 0:
                    raise

    @classmethod
    def from_fd(cls, fd: int, *, readonly: bool = False, data: bool = True) -> Self:
        """Open a region by its fileno(), sent by another process; the caller closes fd."""
        options = _open_options(readonly, data, Backend.AUTO)
        region = cls(_made(lib.zinc_from_fd, fd, options), None)
        region._name = region._handle.name = region.info.name or None
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
    ) -> Self:
        """Import a device's dma-buf as a region, without copying; the caller closes fd."""
        options = _new_options(mode, lifetime, Backend.AUTO, replace)
        return cls(_made(lib.zinc_import_dmabuf, fd, _name(name), options, name=name), name)

    @staticmethod
    def list() -> builtins.list[RegionInfo]:
        """Return the named regions that are visible to the caller, sorted by name."""
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
        """Describe a region by its name, without opening it."""
        raw = ffi.new("struct zinc_region_info *")
        raw.size = ffi.sizeof("struct zinc_region_info")
        error = lib.zinc_stat(_name(name), raw)
        if error:
            raise oserror(error, name)
        return _info_from(raw)

    @staticmethod
    def unlink(name: str) -> None:
        """Remove a region's name; open handles stay valid."""
        error = lib.zinc_unlink(_name(name))
        if error:
            raise oserror(error, name)

    @staticmethod
    def unlink_stale(name: str) -> None:
        """Remove the name of a region that no process has open.

        On POSIX shared memory, a process that died can leave such a name. The kernel
        module leaves none. Raises FileNotFoundError, PermissionError, or OSError with
        EBUSY if the region is open or if that cannot be determined.
        """
        error = lib.zinc_unlink_stale(_name(name))
        if error:
            raise oserror(error, name)

    @staticmethod
    def features() -> Features:
        """Return the device features of the default backend."""
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
        """The name given to create() or open(); None for an anonymous region."""
        return self._name

    @property
    def capacity(self) -> int:
        """The size of the data in bytes."""
        if self._handle.closed:
            raise ValueError("the region is closed")
        return self._handle.capacity

    @property
    def readonly(self) -> bool:
        """Whether views of the data are read-only."""
        return self._readonly

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._handle.closed

    @property
    def sequence(self) -> int:
        """The number of notifies so far, modulo 2**32."""
        raw = self._handle.enter()
        try:
            return int(lib.zinc_sequence(raw))
        finally:
            self._handle.leave()

    @property
    def info(self) -> RegionInfo:
        """A description of the region now."""
        raw = ffi.new("struct zinc_region_info *")
        raw.size = ffi.sizeof("struct zinc_region_info")
        self._call(lib.zinc_info, raw)
        return _info_from(raw)

    def as_buffer(self) -> memoryview:
        """Return the data in place, writable unless the region is read-only.

        The view keeps the memory mapped after close(), and after the region's end.
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
        """Return the data in place as an array, of numpy.uint8 by default.

        Without a shape the array has one dimension and extends from offset to the end.
        It keeps the memory mapped, as as_buffer() does.
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
        """Return an object for from_dlpack() of PyTorch, CuPy, JAX and NumPy.

        The parameters are those of as_numpy(). For a read-only region this needs
        NumPy 2.1; passing the region itself to from_dlpack() does not.
        """
        array = self.as_numpy(dtype, shape=shape, offset=offset)
        if self._readonly:
            try:
                array.__dlpack__(max_version=_dlpack.VERSION)  # type: ignore[call-arg]
            except TypeError:
                raise BufferError(
                    "this version of NumPy cannot export read-only tensors: use 2.1 or later,"
                    " pass the region itself, or open the region for writing"
                ) from None
        return array

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return a DLPack capsule: one dimension of uint8.

        The capsule is of DLPack 1.x if the consumer supports that, which preserves
        read-only access. It keeps the memory mapped, as as_buffer() does. Raises
        BufferError for a stream, for a device other than the CPU, and for a read-only
        region if the consumer does not support DLPack 1.x and does not copy.
        """
        _dlpack.check(stream, dl_device)
        view = self.as_buffer()
        flags = _dlpack.READ_ONLY if self._readonly else 0
        if copy:
            view, flags = memoryview(bytearray(view)), _dlpack.IS_COPIED
        data = ffi.from_buffer(view)
        address = int(ffi.cast("uintptr_t", data))
        return _dlpack.capsule(address, (len(view),), (view, data), flags, max_version)

    def __dlpack_device__(self) -> tuple[int, int]:
        return _dlpack.CPU

    def notify(self) -> None:
        """Increment the sequence and wake all waiters; EBADF if read-only.

        Writes made before it are visible after the wait it wakes.
        """
        self._call(lib.zinc_notify_checked)

    def wait(self, timeout_ms: int = 1000, *, or_gone: bool = False) -> bool:
        """Wait for a notify that this handle has not seen; return False on a timeout.

        A timeout of 0 polls, 2**32 - 1 waits without limit. Ctrl-C ends the wait.
        Raises ValueError if another thread closes the region. With or_gone, raises
        RegionGone once the creator's handle is closed, the creator has exited, or the
        region's name is removed or belongs to another region. Notifies sent before
        that are delivered first.
        """
        return _wait.wait(self._handle, _wait.Deadline(timeout_ms), or_gone)

    def try_wait(self) -> bool:
        """Consume a pending notify without waiting; return whether there was one."""
        return _wait.try_wait(self._handle)

    async def wait_async(self, timeout_ms: int = 1000, *, or_gone: bool = False) -> bool:
        """Wait as wait() does, in asyncio; a cancelled wait consumes no notify."""
        return await _wait.wait_async(self._handle, timeout_ms, self.fileno, or_gone)

    def fileno(self) -> int:
        """Return a descriptor that is readable while a notify is pending.

        try_wait() consumes the notify. The descriptor belongs to the region: do not
        close it. Raises OSError with EOPNOTSUPP on POSIX shared memory.
        """
        return self._call(lib.zinc_fd)

    def dmabuf(self, *, readonly: bool = False) -> int:
        """Export the data as a dma-buf; the caller closes the returned descriptor."""
        return self._call(lib.zinc_export_dmabuf, lib.ZINC_RDONLY if readonly else 0)

    def dmabuf_part(self, offset: int, length: int, *, readonly: bool = False) -> int:
        """A new dma-buf of a part of the data, in whole pages, the caller's to close.

        For drivers that use a buffer from its start. OSError with EINVAL if the
        part is not within the data.
        """
        if not (0 <= offset < 1 << 64 and 0 <= length < 1 << 64):
            raise oserror(-errno.EINVAL, self._name)
        flags = lib.ZINC_RDONLY if readonly else 0
        return self._call(lib.zinc_export_dmabuf_part, offset, length, flags)

    def notify_on_fence(self, fd: int) -> None:
        """Notify the region once the fences of the sync_file fd have signalled."""
        self._call(lib.zinc_notify_on_fence, fd)

    @contextlib.contextmanager
    def cpu_access(self, *, read: bool = True, write: bool = True) -> Iterator[None]:
        """Return a context for CPU access to memory that a device uses, too."""
        access = (lib.ZINC_CPU_READ if read else 0) | (lib.ZINC_CPU_WRITE if write else 0)
        self._call(lib.zinc_begin_cpu_access, access)
        try:
            yield
        finally:
            self._call(lib.zinc_end_cpu_access, access)

    def close(self) -> None:
        """Close the handle; further closes do nothing. Views stay valid.

        If another thread is in a call, the handle is closed when that call returns.
        """
        self._finalizer()

    def __enter__(self) -> Self:
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
        """Pickle for multiprocessing: the descriptor, or the name on POSIX shared memory."""
        from . import _pickle  # pylint: disable=import-outside-toplevel

        return _pickle.reduce(self)
