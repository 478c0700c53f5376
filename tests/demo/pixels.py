#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares pictures of the stream's size, pixel by pixel.

usage: pixels.py screen FRAME SCREEN.ppm     the screen shows the frame
       pixels.py effect FRAME TARGET         the target is it through the shader
       pixels.py shrink SCREEN.ppm SMALL.png a small picture, for README.md

FRAME and TARGET are bytes of a region: B, G, R, unused. The first two print
"RIGHT TOTAL", and exit 1 unless all pixels are right.
"""

import importlib
import sys
from typing import Any

import numpy
from numpy.typing import NDArray

# it is not said everywhere what types it has
Image: Any = importlib.import_module("PIL.Image")
Pixels = NDArray[numpy.int32]
WIDTH, HEIGHT = 1280, 720
MIDDLE = WIDTH // 2


def of_region(path: str) -> Pixels:
    raw = numpy.fromfile(path, "uint8").reshape(HEIGHT, WIDTH, 4)
    return raw[:, :, 2::-1].astype("int32")


def of_screen(path: str) -> Pixels:
    shown = numpy.asarray(Image.open(path).convert("RGB")).astype("int32")
    if shown.shape != (HEIGHT, WIDTH, 3):
        sys.exit(f"the display has {shown.shape}")
    return shown


def through_shader(frame: Pixels) -> Pixels:
    """The output of the shader of effect.c."""
    rows = numpy.maximum(numpy.arange(HEIGHT) - 2, 0)
    columns = numpy.maximum(numpy.arange(WIDTH) - 2, 0)
    slope = (frame - frame[rows][:, columns]).sum(axis=2)
    relief = numpy.clip(128 + slope, 0, 255)[:, :, None].repeat(3, axis=2)
    result = frame.copy()
    result[:, MIDDLE] = 255
    result[:, MIDDLE + 1:] = relief[:, MIDDLE + 1:]
    return result


def compare(wanted: Pixels, found: Pixels) -> None:
    right = int((wanted == found).all(axis=2).sum())
    print(right, WIDTH * HEIGHT)
    sys.exit(int(right != WIDTH * HEIGHT))


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit("usage: pixels.py screen|effect|shrink FILE FILE")
    what, first, second = sys.argv[1:]
    if what == "screen":
        compare(of_region(first), of_screen(second))
    elif what == "effect":
        compare(through_shader(of_region(first)), of_region(second))
    elif what == "shrink":
        small = Image.open(first).convert("RGB").resize((WIDTH // 2, HEIGHT // 2), Image.LANCZOS)
        small.quantize(64, dither=Image.Dither.NONE).save(second, optimize=True)
    else:
        sys.exit(f"pixels.py: no such comparison: {what}")


if __name__ == "__main__":
    main()
