# SPDX-License-Identifier: MIT
"""The samples of a frame as an array or a tensor, without a copy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import _dlpack
from ._stream_abi import ffi
from ._stream_format import Format, Kind, dtype_code, dtype_name

if TYPE_CHECKING:
    import numpy


def _contiguous(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    strides = []
    for size in reversed(shape):
        strides.append(itemsize)
        itemsize *= size
    return tuple(reversed(strides))


class View:
    """A plane of video, a tensor, samples of audio, or bytes.

    numpy.from_dlpack(), torch.from_dlpack() and so on take it as it is. It keeps the
    memory mapped, and does not keep the writer from overwriting the frame.
    """

    def __init__(self, data: memoryview, form: Format, plane: int = 0) -> None:
        """Not for callers: a frame's view() makes one."""
        offset = 0
        if form.kind == Kind.VIDEO:
            where = form.plane(plane)
            offset, shape, strides = where.offset, where.shape, where.strides
            dtype, end = f"uint{8 * where.sample_bytes}", where.end
        elif plane:
            raise IndexError(f"plane {plane} of a frame that is not video")
        else:
            dtype, shape = form.dtype or "uint8", form.shape
            if form.kind == Kind.AUDIO:
                shape = (len(data) // (form.itemsize * form.channels), form.channels)
            elif form.kind == Kind.BYTES:
                shape = (len(data),)
            strides = _contiguous(shape, form.itemsize)
            end = form.itemsize * math.prod(shape)
            code, bits, lanes = dtype_code(dtype)
            if lanes > 1:
                dtype = dtype_name(code, bits, 1)
                shape, strides = (*shape, lanes), (*strides, bits // 8)
        if end > len(data):
            raise ValueError(f"the frame has {len(data)} bytes, and its format needs {end}")
        self.shape = shape
        self.strides = strides
        self.dtype = dtype
        self._data = data[offset:]

    def as_numpy(self) -> numpy.ndarray[Any, numpy.dtype[Any]]:
        """An array of these samples, read-only as the frame is."""
        import numpy as np  # pylint: disable=import-outside-toplevel

        try:
            kind = np.dtype(self.dtype)
        except TypeError:
            raise TypeError(f"NumPy has no {self.dtype}: use DLPack, or the frame's data") from None
        return np.ndarray(self.shape, kind, self._data, 0, self.strides)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """As that of a SharedRegion."""
        _dlpack.check(stream, dl_device)
        data: Any = self._data
        flags = _dlpack.READ_ONLY if data.readonly else 0
        if copy:
            data, flags = memoryview(bytearray(data)), _dlpack.IS_COPIED
        code, bits, lanes = dtype_code(self.dtype)
        item = bits // 8
        if bits % 8 or any(stride % item for stride in self.strides):
            raise BufferError(f"{self.dtype} at strides of {self.strides} bytes is not for DLPack")
        steps = tuple(stride // item for stride in self.strides)
        raw = ffi.from_buffer(data)
        address = int(ffi.cast("uintptr_t", raw))
        return _dlpack.capsule(
            address, self.shape, (data, raw), flags, max_version, (code, bits, lanes), steps
        )

    def __dlpack_device__(self) -> tuple[int, int]:
        return _dlpack.CPU
