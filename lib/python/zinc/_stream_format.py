# SPDX-License-Identifier: MIT
"""What a frame is, and where its samples are."""

from __future__ import annotations

import enum
import errno
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from ._handle import oserror
from ._stream_abi import ffi, lib


class Kind(enum.IntEnum):
    """The kind of a frame."""

    BYTES = 0
    VIDEO = 1
    TENSOR = 2
    AUDIO = 3


# DLDataTypeCode of DLPack
_CODES = {"int": 0, "uint": 1, "float": 2, "bfloat": 4, "complex": 5, "bool": 6}
_NAMES = {code: name for name, code in _CODES.items()}
_DTYPE = re.compile(r"([a-z]+)([0-9]*)(?:x([0-9]+))?")


def dtype_code(dtype: str) -> tuple[int, int, int]:
    """Code, bits and lanes, as DLPack has them: ("float32") is 2, 32, 1."""
    match = _DTYPE.fullmatch(dtype)
    if not match or match[1] not in _CODES or (match[1] != "bool" and not match[2]):
        raise ValueError(f"{dtype!r} is no type of an element: expected one such as 'float32'")
    return _CODES[match[1]], int(match[2] or 8), int(match[3] or 1)


def dtype_name(code: int, bits: int, lanes: int) -> str:
    """The inverse of dtype_code(); a code that is unknown here gives "code7_32"."""
    name = _NAMES.get(code, f"code{code}_")
    text = name if (name, bits) == ("bool", 8) else f"{name}{bits}"
    return text if lanes == 1 else f"{text}x{lanes}"


def _dtype_text(dtype: Any) -> str:
    """"float32" of that text, of numpy.float32 or of a numpy.dtype."""
    if isinstance(dtype, str):
        return dtype
    import numpy as np  # pylint: disable=import-outside-toplevel

    return str(np.dtype(dtype).name)


@dataclass(frozen=True)
class Plane:
    """Where the samples of a plane of video are; zinc_stream_plane has the words."""

    offset: int
    stride: int
    rows: int
    columns: int
    samples: int
    sample_bytes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns and samples, without the last if it is 1."""
        shape = (self.rows, self.columns, self.samples)
        return shape if self.samples > 1 else shape[:2]

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one to the next, for each dimension of the shape."""
        pixel = self.samples * self.sample_bytes
        strides = (self.stride, pixel, self.sample_bytes)
        return strides if self.samples > 1 else strides[:2]

    @property
    def end(self) -> int:
        """Bytes of a frame up to the plane's last sample."""
        row = self.columns * self.samples * self.sample_bytes
        return self.offset + self.stride * (self.rows - 1) + row


@dataclass(frozen=True)
class Format:  # pylint: disable=too-many-instance-attributes
    """What the frames of a stream are: video(), tensor(), audio() or Format().

    A Format() without arguments is bytes of no known structure. dataclasses.replace()
    changes a field, for example the strides.
    """

    kind: Kind = Kind.BYTES
    fourcc: str = ""
    modifier: int = 0
    width: int = 0
    height: int = 0
    strides: tuple[int, ...] = ()
    offsets: tuple[int, ...] = ()
    full_range: int = 0
    primaries: int = 0
    transfer: int = 0
    matrix: int = 0
    rate: tuple[int, int] = (0, 0)
    dtype: str = ""
    shape: tuple[int, ...] = ()
    channels: int = 0
    caps: str = ""

    @classmethod
    def video(
        cls,
        fourcc: str,
        width: int,
        height: int,
        *,
        row_align: int = 1,
        rate: tuple[int, int] = (0, 0),
        caps: str = "",
    ) -> Format:
        """Linear video, for example ("NV12", 640, 480, rate=(30, 1)).

        fourcc is one that zinc_stream_video() knows. Strides are rounded up to a multiple
        of row_align. Raises ValueError if one of them is unknown or out of range.
        """
        raw = ffi.new("struct zinc_stream_format *")
        code = _fourcc_code(fourcc)
        if not lib.zinc_stream_video(raw, code, _u32(width), _u32(height)) or row_align < 1:
            raise ValueError(
                f"{fourcc!r}, {width} x {height}, row_align {row_align}: expected a known fourcc,"
                " 1 to 65535 pixels and a positive alignment"
            )
        bare = replace(_from_raw(raw), rate=rate, caps=caps)
        strides, offsets, end = [], [], 0
        for i, stride in enumerate(bare.strides):
            strides.append(-(-stride // row_align) * row_align)
            offsets.append(end)
            end += strides[-1] * bare.plane(i).rows
        return replace(bare, strides=tuple(strides), offsets=tuple(offsets))

    @classmethod
    def tensor(
        cls,
        dtype: Any,
        shape: tuple[int, ...],
        *,
        rate: tuple[int, int] = (0, 0),
        caps: str = "",
    ) -> Format:
        """A tensor in C order, for example ("float32", (3, 224, 224)).

        dtype is a text such as "bfloat16", or what numpy.dtype() takes. Raises ValueError
        if it is unknown, or a number is out of range.
        """
        text = _dtype_text(dtype)
        code, bits, lanes = dtype_code(text)
        raw = ffi.new("struct zinc_stream_format *")
        sizes = ffi.new("uint64_t[8]", [_u64(size) for size in shape[:8]])
        if lanes != 1 or bits > 255 or not lib.zinc_stream_tensor(raw, code, bits, len(shape), sizes):
            raise ValueError(
                f"a tensor of {text} {shape}: expected whole bytes, 0 to 8 dimensions and no empty one"
            )
        return replace(_from_raw(raw), rate=rate, caps=caps)

    @classmethod
    def audio(cls, dtype: Any, channels: int, rate: int = 0, *, caps: str = "") -> Format:
        """Interleaved samples, rate of them a second, for example ("int16", 2, 48000)."""
        text = _dtype_text(dtype)
        dtype_code(text)
        pair = (rate, 1) if rate else (0, 0)
        return cls(kind=Kind.AUDIO, dtype=text, channels=channels, rate=pair, caps=caps)

    @property
    def planes(self) -> int:
        """How many there are; 1 if it is not video."""
        return len(self.strides) if self.kind == Kind.VIDEO else 1

    def plane(self, index: int = 0) -> Plane:
        """Where its samples are.

        Raises IndexError; OSError with EOPNOTSUPP for a fourcc that is unknown here.
        """
        raw = ffi.new("struct zinc_stream_plane *")
        if not 0 <= index < self.planes or self.kind != Kind.VIDEO:
            raise IndexError(f"plane {index} of {self.planes if self.kind == Kind.VIDEO else 0}")
        error = lib.zinc_stream_get_plane(to_raw(self), index, raw)
        if error:
            raise oserror(error)
        return Plane(*(getattr(raw, field) for field in Plane.__dataclass_fields__))

    @property
    def itemsize(self) -> int:
        """Bytes of an element of a tensor or of audio; 1 of bytes."""
        if not self.dtype:
            return 1
        _, bits, lanes = dtype_code(self.dtype)
        return (bits * lanes + 7) // 8

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame; 0 if they follow from nothing here."""
        if self.kind == Kind.TENSOR:
            return self.itemsize * math.prod(self.shape)
        if self.kind != Kind.VIDEO:
            return 0
        try:
            planes = [self.plane(i) for i in range(self.planes)]
        except OSError:
            return 0
        return max(plane.offset + plane.stride * plane.rows for plane in planes)

    def check_bytes(self, size: int) -> None:
        """Raise ValueError unless a frame may have so many bytes.

        Video may lack the padding at the end of its last row. Of formats whose
        frame_bytes is 0, any number is right.
        """
        most = self.frame_bytes
        least = most
        if self.kind == Kind.VIDEO and most:
            planes = [self.plane(i) for i in range(self.planes)]
            least = max(
                plane.offset
                + plane.stride * (plane.rows - 1)
                + plane.columns * plane.samples * plane.sample_bytes
                for plane in planes
            )
        if most and not least <= size <= most:
            what = f"{self.fourcc} {self.width}x{self.height}"
            if self.kind == Kind.TENSOR:
                what = f"{self.dtype} {'x'.join(map(str, self.shape)) or 'scalar'}"
            raise ValueError(f"expected {most} bytes, a frame of {what}; got {size}")


def _u32(value: int) -> int:
    return value if 0 <= value < 1 << 32 else 0


def _u64(value: int) -> int:
    return value if 0 <= value < 1 << 64 else 0


def _fourcc_code(text: str) -> int:
    raw = text.encode("latin-1").ljust(4)
    if len(raw) != 4:
        raise ValueError(f"{text!r} is no fourcc: expected 1 to 4 characters")
    return int.from_bytes(raw, "little")


def _from_raw(raw: Any) -> Format:
    planes = raw.planes if raw.kind == Kind.VIDEO else 0
    has_type = raw.kind in (Kind.TENSOR, Kind.AUDIO)
    return Format(
        kind=Kind(raw.kind),
        fourcc=raw.fourcc.to_bytes(4, "little").decode("latin-1").rstrip() if planes else "",
        modifier=raw.modifier,
        width=raw.width,
        height=raw.height,
        strides=tuple(raw.stride[0:planes]),
        offsets=tuple(raw.offset[0:planes]),
        full_range=raw.full_range,
        primaries=raw.primaries,
        transfer=raw.transfer,
        matrix=raw.matrix,
        rate=(raw.rate_num, raw.rate_den),
        dtype=dtype_name(raw.dtype_code, raw.dtype_bits, raw.dtype_lanes) if has_type else "",
        shape=tuple(raw.shape[0 : raw.dims]) if raw.kind == Kind.TENSOR else (),
        channels=raw.channels,
        caps=ffi.string(raw.caps).decode(errors="replace"),
    )


def to_raw(form: Format) -> Any:
    """A struct zinc_stream_format."""
    caps = form.caps.encode()
    if len(form.strides) > 4 or len(form.offsets) > 4 or len(form.shape) > 8 or len(caps) > 255:
        raise oserror(-errno.EINVAL)
    raw = ffi.new("struct zinc_stream_format *")
    raw.kind = form.kind
    if form.kind == Kind.VIDEO:
        raw.fourcc = _fourcc_code(form.fourcc)
        raw.planes = len(form.strides)
    for field in (
        "modifier",
        "width",
        "height",
        "full_range",
        "primaries",
        "transfer",
        "matrix",
        "channels",
    ):
        setattr(raw, field, getattr(form, field))
    raw.stride[0 : len(form.strides)] = form.strides
    raw.offset[0 : len(form.offsets)] = form.offsets
    raw.rate_num, raw.rate_den = form.rate
    if form.dtype:
        raw.dtype_code, raw.dtype_bits, raw.dtype_lanes = dtype_code(form.dtype)
    raw.dims = len(form.shape)
    raw.shape[0 : len(form.shape)] = form.shape
    raw.caps = caps
    return raw


def of_reader(reader: Any) -> Format:
    """The format of the frame that a reader returned last."""
    raw = ffi.new("struct zinc_stream_format *")
    lib.zinc_stream_reader_format(reader, raw)
    return _from_raw(raw)
