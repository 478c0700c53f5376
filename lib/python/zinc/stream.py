# SPDX-License-Identifier: MIT
"""Streams: frames, tensors and samples in a ring in one region.

    with Writer("camera", Format.video("XR24", 640, 480)) as writer:
        with writer.frame() as frame:
            frame.as_numpy()[:] = 255

    with Reader("camera", timeout_ms=FOREVER) as reader:
        for frame in reader:
            mean = frame.as_numpy().mean()
            if frame.done():
                print(frame.number, mean)

Frames are views of the ring itself. The writer may overwrite one while it is read:
done() returns whether it was whole until then. read() copies, and returns whole frames
only. A reader with register=True makes the writer wait. zinc-stream.h has the details.
"""

from __future__ import annotations

import enum
import errno
import math
import threading
import time
import weakref
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator

from . import _wait
from ._handle import Handle, RegionGone, oserror
from ._region import Backend, Lifetime, _name, _new_options
from ._stream_abi import ffi, lib
from ._stream_format import Format, Kind, Plane, of_reader, to_raw
from ._stream_view import View
from ._wait import FOREVER, Deadline

if TYPE_CHECKING:
    import numpy
    from typing_extensions import Self

__all__ = [
    "FOREVER",
    "Damage",
    "Format",
    "Frame",
    "FrameFlags",
    "Kind",
    "Plane",
    "Reader",
    "RegionGone",
    "View",
    "WritableFrame",
    "Writer",
]

_EVERY, _REGISTER = 1 << 0, 1 << 1
_HEADER_NS = 1_000_000_000


class FrameFlags(enum.IntFlag):
    """ZINC_STREAM_KEY, _GAP, _DAMAGE and _END."""

    KEY = 1 << 0
    GAP = 1 << 1
    DAMAGE = 1 << 2
    END = 1 << 3


@dataclass(frozen=True)
class Damage:
    """The rectangle that has changed, in pixels."""

    x: int
    y: int
    width: int
    height: int


class _Samples:
    """What a frame to read and a frame to write have in common."""

    data: memoryview
    format: Format

    def view(self, plane: int = 0) -> View:
        """A plane of video, the tensor, the samples or bytes: shape, strides, DLPack.

        Raises IndexError for a plane that is not there; ValueError if the frame has
        fewer bytes than its format needs; OSError with EOPNOTSUPP for a fourcc that is
        unknown here: use data.
        """
        return View(self.data, self.format, plane)

    def as_numpy(self, plane: int = 0) -> numpy.ndarray[Any, numpy.dtype[Any]]:
        """view() as an array: the frame's memory itself."""
        return self.view(plane).as_numpy()

    def as_dlpack(self, plane: int = 0) -> View:
        """What from_dlpack() of PyTorch, CuPy, JAX and NumPy take."""
        return self.view(plane)

    def __dlpack__(self, **options: Any) -> Any:
        return self.view().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.view().__dlpack_device__()


class _Stream(Handle):
    """The region of a stream; with it the writer or reader is closed."""

    def __init__(self, end: Any, info: Callable[..., int], free: Callable[..., None]) -> None:
        self.end = end
        self._info = info
        self._free = free
        super().__init__(self.info().region)

    def info(self) -> Any:
        """struct zinc_stream_info."""
        info = ffi.new("struct zinc_stream_info *")
        info.size = ffi.sizeof("struct zinc_stream_info")
        error = self._info(self.end, info)
        if error:
            raise oserror(error)
        return info

    def _finish(self) -> None:
        # the region stays for its views
        self._free(self.end, ffi.new("zinc_handle *"))
        super()._finish()


class _End:
    """What Writer and Reader have in common."""

    def __init__(self, stream: _Stream, name: str) -> None:
        self._stream = stream
        self._name = stream.name = name
        self._lock = threading.RLock()
        info = stream.info()
        self._slots = int(info.slots)
        self._slot_size = int(info.slot_size)
        self._slot_offset = int(info.slot_offset)
        self._finalizer = weakref.finalize(self, stream.close)

    def _call(self, function: Callable[..., int], *arguments: Any) -> int:
        """The function's result; ValueError if the stream is closed."""
        self._stream.enter()
        try:
            return function(self._stream.end, *arguments)
        finally:
            self._stream.leave()

    def _memory(self, address: Any, size: int) -> memoryview:
        """Of the region, which it keeps mapped."""
        data = self._stream.buffer()
        offset = int(ffi.cast("uintptr_t", address))
        offset -= int(ffi.cast("uintptr_t", ffi.from_buffer(data)))
        return data[offset : offset + size]

    def _information(self) -> Any:
        self._stream.enter()
        try:
            return self._stream.info()
        finally:
            self._stream.leave()

    @property
    def name(self) -> str:
        """As given to the constructor."""
        return self._name

    @property
    def slots(self) -> int:
        """How many slots the ring has."""
        return self._slots

    @property
    def slot_size(self) -> int:
        """Bytes of a slot."""
        return self._slot_size

    @property
    def slot_offset(self) -> int:
        """Where slot 0 is in the region's data, and in its dma-buf."""
        return self._slot_offset

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._stream.closed

    def dmabuf(self, *, readonly: bool = False) -> int:
        """A new descriptor of the region as a dma-buf, the caller's to close."""
        raw = self._stream.enter()
        try:
            result = lib.zinc_export_dmabuf(raw, lib.ZINC_RDONLY if readonly else 0)
        finally:
            self._stream.leave()
        if result < 0:
            raise oserror(result, self._name)
        return int(result)

    def close(self) -> None:
        """Close this end; again, nothing. Views keep the memory mapped."""
        self._finalizer()

    def __enter__(self) -> Self:
        if self.closed:
            raise ValueError("the stream is closed")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self._slots} slots of {self._slot_size} bytes"
        return f"<zinc.stream.{type(self).__name__} {self._name!r}: {state}>"


class WritableFrame(_Samples):
    """The next frame, in its slot. At the end of a with block it is committed.

    An exception in the block cancels it. bytes, pts_ns, flags and damage can be set;
    pts_ns is the time of the commit if it stays None. data is the whole slot.
    """

    def __init__(self, writer: Writer, data: memoryview) -> None:
        """Not for callers: use Writer.frame()."""
        self._writer: Writer | None = writer
        self.data = data
        self.format = writer.format
        self.bytes = writer.format.frame_bytes or len(data)
        self.pts_ns: int | None = None
        self.flags = FrameFlags(0)
        self.damage: Damage | None = None

    def commit(self) -> int:
        """Publish it; its number. Nothing may be written to its views from now on.

        Raises OSError with EINVAL if bytes is more than a slot has: it is still begun.
        """
        if self._writer is None:
            raise ValueError("the frame has been committed or cancelled")
        number = self._writer._commit(self)  # pylint: disable=protected-access
        self._writer = None
        return number

    def cancel(self) -> None:
        """Publish nothing; what the slot had is lost. After a commit, nothing."""
        writer, self._writer = self._writer, None
        if writer is not None and not writer.closed:
            writer._cancel()  # pylint: disable=protected-access

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writer is None:
            return
        try:
            if kind is None:
                self.commit()
        finally:
            self.cancel()


class Writer(_End):
    """The writing end of a stream. One thread at a time has a frame begun."""

    def __init__(  # pylint: disable=too-many-arguments
        self,
        name: str,
        form: Format,
        *,
        slots: int = 4,
        slot_size: int = 0,
        mode: int = 0o600,
        lifetime: Lifetime | str = Lifetime.CREATOR,
        replace: bool = False,
        backend: Backend | str = Backend.AUTO,
    ) -> None:
        """Make a stream under a name of 1 to 245 of a-z A-Z 0-9 _ -.

        slots is 2 to 64; slot_size is at least that of a frame, which it is if it is 0.
        The other options are those of SharedRegion.create(). Raises FileExistsError,
        PermissionError, or OSError with EINVAL for the name or a number, and EBADMSG
        for a format that does not fit into a slot.
        """
        options = _new_options(mode, lifetime, backend, replace)
        raw, encoded = to_raw(form), _name(name)
        size = slot_size or form.frame_bytes
        if not 0 <= slots < 1 << 32 or not 0 <= size < 1 << 64:
            raise oserror(-errno.EINVAL, name)
        end = lib.zinc_stream_writer_new()
        if end == ffi.NULL:
            raise MemoryError
        error = lib.zinc_stream_create(end, encoded, raw, slots, size, options)
        if error:
            lib.zinc_stream_writer_free(end, ffi.NULL)
            raise oserror(error, name)
        stream = _Stream(end, lib.zinc_stream_writer_info, lib.zinc_stream_writer_free)
        super().__init__(stream, name)
        self._format = form

    def _call(self, function: Callable[..., int], *arguments: Any) -> int:
        # the library has no lock: another thread may call drop() during frame()
        with self._lock:
            return super()._call(function, *arguments)

    @property
    def format(self) -> Format:
        """What the next frame is."""
        return self._format

    @format.setter
    def format(self, form: Format) -> None:
        """Change the format of later frames, within the size of a slot.

        Raises OSError with EBADMSG if it does not fit, EBUSY while a frame is begun.
        """
        error = self._call(lib.zinc_stream_set_format, to_raw(form))
        if error:
            raise oserror(error, self._name)
        self._format = form

    @property
    def number(self) -> int:
        """Of the newest frame; 0 before the first."""
        return int(self._information().number)

    def frame(self, timeout_ms: int = FOREVER) -> WritableFrame:
        """Begin the next frame; use it in a with block, or call its commit().

        It waits for registered readers. Raises TimeoutError; OSError with EBUSY if a
        frame is begun already.
        """
        deadline = Deadline(timeout_ms)
        data = ffi.new("void **")
        while True:
            error = self._call(lib.zinc_stream_begin, deadline.slice(), data)
            if not error:
                return WritableFrame(self, self._memory(data[0], self._slot_size))
            if error != -errno.ETIMEDOUT or deadline.left() == 0:
                raise oserror(error, self._name)
            # let another thread have the lock
            time.sleep(0.001)

    def write(  # pylint: disable=too-many-arguments
        self,
        data: Any,
        *,
        pts_ns: int | None = None,
        flags: FrameFlags = FrameFlags(0),
        damage: Damage | None = None,
        timeout_ms: int = FOREVER,
    ) -> int:
        """Copy a frame from a buffer, such as bytes or an array in C order; its number.

        Raises ValueError if a slot is too small for it, or if video or a tensor has
        another number of bytes than its format; otherwise as frame().
        """
        source = memoryview(data).cast("B")
        self._format.check_bytes(len(source))
        if len(source) > self._slot_size:
            raise ValueError(f"{len(source)} bytes do not fit into a slot of {self._slot_size}")
        frame = self.frame(timeout_ms)
        try:
            frame.data[: len(source)] = source
            frame.bytes = len(source)
            frame.pts_ns, frame.flags, frame.damage = pts_ns, flags, damage
            return frame.commit()
        finally:
            frame.cancel()

    def drop(self) -> int:
        """Stop waiting for the registered readers that are behind; return their number.

        For a writer whose frame() raised TimeoutError. A dropped reader loses frames.
        """
        return self._call(lib.zinc_stream_drop)

    def _commit(self, frame: WritableFrame) -> int:
        raw = ffi.new("struct zinc_stream_frame *")
        raw.bytes = frame.bytes
        raw.pts_ns = time.monotonic_ns() if frame.pts_ns is None else frame.pts_ns
        raw.flags = frame.flags
        if frame.damage:
            raw.flags |= FrameFlags.DAMAGE
            raw.damage_x, raw.damage_y = frame.damage.x, frame.damage.y
            raw.damage_width, raw.damage_height = frame.damage.width, frame.damage.height
        error = self._call(lib.zinc_stream_commit, raw)
        if error:
            raise oserror(error, self._name)
        return self.number

    def _cancel(self) -> None:
        self._call(lambda end: lib.zinc_stream_cancel(end) or 0)


class Frame(_Samples):
    """A frame: number, pts_ns, flags, damage, data, format, lost, new_format.

    lost is how many frames were lost since the previous one; new_format is whether
    format differs from the previous one's. data are its bytes, read-only, in the ring
    itself; those of a copy are the caller's.
    """

    def __init__(self, reader: Reader, raw: Any, data: memoryview, form: Format) -> None:
        """Not for callers: use a reader."""
        frame = raw.frame
        self._reader: Reader | None = reader
        self._raw = raw
        self._whole = True
        self.data = data
        self.format = form
        self.number = int(frame.number)
        self.pts_ns = int(frame.pts_ns)
        self.flags = FrameFlags(frame.flags & int(sum(FrameFlags)))
        self.damage: Damage | None = None
        if frame.flags & FrameFlags.DAMAGE:
            rectangle = frame.damage_x, frame.damage_y, frame.damage_width, frame.damage_height
            self.damage = Damage(*rectangle)
        self.lost = 0
        self.new_format = False

    @property
    def whole(self) -> bool:
        """Whether all that was read until now is the frame's."""
        if self._reader is None:
            return self._whole
        return self._reader._is_whole(self._raw)  # pylint: disable=protected-access

    def done(self) -> bool:
        """End the use of the frame; whether all that was read from it was the frame's.

        False: the writer has begun to overwrite it; discard the result. It lets a writer
        that waits for this reader go on. The next frame and a with block do it, too.
        """
        reader, self._reader = self._reader, None
        if reader is not None:
            self._whole = reader._done(self._raw)  # pylint: disable=protected-access
        return self._whole

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._reader is not None and not self._reader.closed:
            self.done()


class Reader(_End):
    """A reading end of a stream. Its frames are those of one thread at a time.

    It is an iterator and an asynchronous iterator of frames, which ends when the writer
    has ended; make another reader for the next writer. The next frame ends the use of
    the previous one.
    """

    def __init__(
        self, name: str, *, every: bool = False, register: bool = False, timeout_ms: int = 0
    ) -> None:
        """Open a stream, and wait that long for it to be made.

        It returns the newest frame each time; with every, each frame that is left; with
        register, which needs write permission, each frame, since the writer waits.
        Raises FileNotFoundError, or TimeoutError if there is a timeout; PermissionError,
        RegionGone, or OSError with EBADMSG for a region that holds no stream and EUSERS
        if 16 readers are registered.
        """
        flags = (_EVERY if every else 0) | (_REGISTER if register else 0)
        end = lib.zinc_stream_reader_new()
        if end == ffi.NULL:
            raise MemoryError
        try:
            error = _open(end, _name(name), flags, timeout_ms)
            if error:
                raise oserror(error, name)
        except BaseException:
            lib.zinc_stream_reader_free(end, ffi.NULL)
            raise
        stream = _Stream(end, lib.zinc_stream_reader_info, lib.zinc_stream_reader_free)
        super().__init__(stream, name)
        self._format = of_reader(end)
        self._frame: weakref.ref[Frame] | None = None
        self._raw: Any = None
        self._passed = 0
        self._changed = False

    @property
    def format(self) -> Format:
        """Of the last frame; before the first, as the stream was opened."""
        return self._format

    @property
    def lost(self) -> int:
        """Frames lost since it was opened."""
        return int(self._information().lost)

    def _is_whole(self, raw: Any) -> bool:
        return bool(self._call(lib.zinc_stream_is_whole, raw))

    def _done(self, raw: Any) -> bool:
        if self._raw is raw:
            self._raw = None
        return self._call(lib.zinc_stream_done, raw) == 0

    def _leave(self) -> None:
        """End the use of the previous frame, if there is one."""
        frame = self._frame() if self._frame else None
        self._frame = None
        if frame is not None:
            frame.done()
        elif self._raw is not None:
            self._done(self._raw)

    def _look(self, end_ns: int) -> Frame | int:
        """The next frame, or the error."""
        raw = ffi.new("struct zinc_stream_view *")
        error = self._call(lib.zinc_stream_next, raw, end_ns)
        self._passed += raw.lost
        self._changed |= raw.new_format
        if error:
            return error
        if raw.new_format:
            self._format = of_reader(self._stream.end)
        data = self._memory(raw.data, raw.frame.bytes).toreadonly()
        frame = Frame(self, raw, data, self._format)
        frame.lost, self._passed = self._passed, 0
        frame.new_format, self._changed = self._changed, False
        self._frame, self._raw = weakref.ref(frame), raw
        return frame

    def next(self, timeout_ms: int = FOREVER) -> Frame:
        """Wait for a frame, and look at it in place; 0 only looks.

        Raises TimeoutError; RegionGone if the writer has ended and no frame is left;
        OSError with EBADMSG if the stream contradicts itself. Ctrl-C ends the wait.
        """
        deadline = Deadline(timeout_ms)
        with self._lock:
            self._leave()
            while True:
                found = self._look(deadline.slice() if timeout_ms else 0)
                if isinstance(found, Frame):
                    return found
                if found != -errno.ETIMEDOUT or deadline.left() == 0:
                    raise oserror(found, self._name)

    def read(self, timeout_ms: int = FOREVER) -> Frame:
        """Wait for a frame, and copy it. The copy is whole, and the caller's.

        A frame that is overwritten during the copy is lost, and the next one is copied.
        Raises as next().
        """
        deadline = Deadline(timeout_ms)
        lost, torn, changed = 0, 0, False
        with self._lock:
            while True:
                left = deadline.left()
                try:
                    frame = self.next(FOREVER if left is None else math.ceil(left * 1000))
                except BaseException:
                    self._keep(lost, changed)
                    raise
                lost += frame.lost
                changed |= frame.new_format
                frame.data = memoryview(bytearray(frame.data))
                if frame.done():
                    frame.lost, frame.new_format = lost, changed
                    return frame
                lost += 1
                torn += 1
                if torn > self._slots and deadline.left() == 0:
                    self._keep(lost, changed)
                    raise oserror(-errno.ETIMEDOUT, self._name)

    def _keep(self, lost: int, changed: bool) -> None:
        """Of copies that were torn, for the next frame that is returned."""
        self._passed += lost
        self._changed |= changed

    async def next_async(self, timeout_ms: int = FOREVER) -> Frame:
        """next() for an event loop of asyncio. Cancelled, it takes no frame."""
        deadline = Deadline(timeout_ms)
        while True:
            with self._lock:
                self._leave()
                found = self._look(0)
            if isinstance(found, Frame):
                return found
            left = deadline.left()
            if found != -errno.ETIMEDOUT or left == 0:
                raise oserror(found, self._name)
            # with frames passed over, others may be there whose notify is consumed
            wait_ms = FOREVER if left is None else math.ceil(left * 1000)
            try:
                await _wait.wait_async(
                    self._stream, 0 if self._passed else wait_ms, lambda: -1, or_gone=True
                )
            except RegionGone:
                # there may be frames left
                continue

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        try:
            return self.next()
        except RegionGone:
            raise StopIteration from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        try:
            return await self.next_async()
        except RegionGone:
            raise StopAsyncIteration from None


def _open(end: Any, name: Any, flags: int, timeout_ms: int) -> int:
    """zinc_stream_open(), which signals can end."""
    deadline = Deadline(timeout_ms)
    if timeout_ms == 0:
        return int(lib.zinc_stream_open(end, name, flags, 0))
    header_end = None
    while True:
        error = int(lib.zinc_stream_open(end, name, flags, deadline.slice()))
        if error == -errno.EBADMSG:
            # the writer has the name, and writes the header within a second
            header_end = header_end or time.monotonic_ns() + _HEADER_NS
            if time.monotonic_ns() >= header_end:
                return error
        elif error != -errno.ETIMEDOUT:
            return error
        else:
            header_end = None
        if deadline.left() == 0:
            return error
