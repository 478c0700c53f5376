#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What stands for inference in the demo: where is the brightest part of a frame?

usage: infer.py CAMERA RESULT OVERLAY

Reads the newest frames of CAMERA in place. Writes the stream RESULT, one tensor of
float32 per frame: left, top, width, height, brightness; and OVERLAY, of AR24, with that
frame around it. Follows the camera's next writer. A line on standard output for each
frame: its number, and how many were overwritten while it looked since the last one.
"""

from __future__ import annotations

import sys
from typing import Any

from zinc import stream

CELLS = 8  # per direction
RED = (0, 0, 255, 255)


def brightest(pixels: Any) -> tuple[int, int, int, int, float]:
    """The brightest cell of a picture: left, top, width, height, its mean of green"""
    high, wide = pixels.shape[0] // CELLS, pixels.shape[1] // CELLS
    green = pixels[: high * CELLS, : wide * CELLS, 1]
    means = green.reshape(CELLS, high, CELLS, wide).mean(axis=(1, 3))
    row, column = divmod(int(means.argmax()), CELLS)
    return column * wide, row * high, wide, high, float(means.max())


def draw(overlay: Any, box: tuple[int, int, int, int]) -> None:
    """Nothing but a frame"""
    left, top, wide, high = box
    overlay[:] = 0
    overlay[top : top + high, left : left + wide] = RED
    overlay[top + 4 : top + high - 4, left + 4 : left + wide - 4] = 0


def follow(camera: stream.Reader, result: stream.Writer, overlay: stream.Writer) -> None:
    """One writer of the camera's stream, to its end"""
    torn = 0
    for frame in camera:
        left, top, wide, high, brightness = brightest(frame.as_numpy())
        if not frame.done():
            torn += 1
            continue
        with result.frame() as answer:
            answer.as_numpy()[:] = (left, top, wide, high, brightness)
            answer.pts_ns = frame.pts_ns
        with overlay.frame() as picture:
            draw(picture.as_numpy(), (left, top, wide, high))
            picture.pts_ns = frame.pts_ns
        print(frame.number, torn, flush=True)
        torn = 0


def main() -> None:
    """Until it is killed"""
    name, result_name, overlay_name = sys.argv[1:4]
    camera = stream.Reader(name, timeout_ms=stream.FOREVER)
    form = camera.format
    tensor = stream.Format.tensor("float32", (5,))
    picture = stream.Format.video("AR24", form.width, form.height)
    with stream.Writer(result_name, tensor) as result:
        with stream.Writer(overlay_name, picture) as overlay:
            while True:
                follow(camera, result, overlay)
                camera.close()
                camera = stream.Reader(name, timeout_ms=stream.FOREVER)


if __name__ == "__main__":
    main()
