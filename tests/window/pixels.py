#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pictures for tests of windows.

usage: pixels.py paint FORMAT WIDTHxHEIGHT FRAME	to standard output
       pixels.py same SCREENSHOT WIDTHxHEIGHT FRAME [overlay]

paint: frame FRAME in pixels of XR24, AR24, RG16 or NV12; AR24 is transparent but for a
square. No two frames of XR24 have a pixel in common.
same: the screenshot shows that frame of XR24, every pixel of it, on a black screen; with
"overlay", under the square of AR24.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy

# without stubs that all machines have
Image: Any = importlib.import_module("PIL.Image")

SQUARE = slice(40, 72)
RED = (0, 0, 255, 255)


def picture(width: int, height: int, frame: int) -> Any:
    """Rows of blue, green, red and one that is not shown, but makes weston's screenshots
    black where it is 0"""
    pixels = numpy.full((height, width, 4), 255, "uint8")
    x, y = numpy.arange(width)[None, :], numpy.arange(height)[:, None]
    pixels[:, :, 0] = x * 255 // width
    pixels[:, :, 1] = y * 255 // height
    pixels[:, :, 2] = (frame * 40 + 20) % 256
    return pixels


def overlay(width: int, height: int) -> Any:
    """Nothing but a red square"""
    pixels = numpy.zeros((height, width, 4), "uint8")
    pixels[SQUARE, SQUARE] = RED
    return pixels


def paint(code: str, width: int, height: int, frame: int) -> bytes:
    """A frame's bytes"""
    pixels = overlay(width, height) if code == "AR24" else picture(width, height, frame)
    if code in ("XR24", "AR24"):
        return bytes(pixels.tobytes())
    if code == "RG16":
        wide = pixels.astype("uint16")
        packed = wide[:, :, 2] >> 3 << 11 | wide[:, :, 1] >> 2 << 5 | wide[:, :, 0] >> 3
        return bytes(packed.astype("<u2").tobytes())
    # of one grey, which all conversions agree on
    return bytes([126]) * (width * height) + bytes([128]) * (width * height // 2)


def same(path: str, width: int, height: int, frame: int, above: bool) -> str:
    """The differences of a screenshot; none if empty"""
    shown = numpy.asarray(Image.open(path).convert("RGB"))[:, :, ::-1]
    want = picture(width, height, frame)[:, :, :3]
    if above:
        want[SQUARE, SQUARE] = RED[:3]
    # wherever the window is on the black screen: no pixel of a picture is black
    lit = shown.any(axis=2)
    if not lit.any():
        return "the screen is black"
    rows, columns = lit.any(axis=1).nonzero()[0], lit.any(axis=0).nonzero()[0]
    shown = shown[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    if shown.shape != want.shape:
        return f"there are {shown.shape[1]}x{shown.shape[0]} pixels"
    wrong = int((shown != want).any(axis=2).sum())
    return f"{wrong} of {width * height} pixels differ" if wrong else ""


def main() -> int:
    """One of both"""
    command, what, size, frame = sys.argv[1:5]
    width, height = map(int, size.split("x"))
    if command == "paint":
        sys.stdout.buffer.write(paint(what, width, height, int(frame)))
        return 0
    wrong = same(what, width, height, int(frame), "overlay" in sys.argv[5:])
    if wrong:
        print(wrong)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
