#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Plays photographs into a region, as pictures of 640x480, and then stands still.

usage: slides.py LIBRARY NAME FRAMES FPS PICTURE...

Each picture slides by, right in the region's memory: 32 bits a pixel, blue
first. Says "still" after the last frame, and stays until it is killed.
"""

import ctypes
import signal
import sys
import time

import numpy
from PIL import Image

WIDTH, HEIGHT = 640, 480
SLIDE = 8  # pixels from a frame to the next


def open_region(path: str, name: str) -> tuple[ctypes.CDLL, ctypes.c_void_p]:
    """The library, and a handle."""
    lib = ctypes.CDLL(path)
    region = ctypes.c_void_p()
    lib.zinc_ptr.restype = ctypes.c_void_p
    error = lib.zinc_open(name.encode(), ctypes.byref(region))
    if error:
        lib.zinc_strerror.restype = ctypes.c_char_p
        sys.exit(f"cannot open region {name}: {lib.zinc_strerror(error).decode()}")
    return lib, region


def strip(path: str, frames: int) -> numpy.ndarray:
    """A photograph as high as the screen, and as wide as the slide is long."""
    width = WIDTH + SLIDE * frames
    with Image.open(path) as photo:
        photo.draft("RGB", (width, HEIGHT))
        photo = photo.convert("RGB")
        scale = max(width / photo.width, HEIGHT / photo.height)
        photo = photo.resize((round(photo.width * scale) + 1, round(photo.height * scale) + 1))
        rgb = numpy.asarray(photo)[:HEIGHT, :width]
    pixels = numpy.zeros((HEIGHT, width, 4), "uint8")
    pixels[:, :, :3] = rgb[:, :, ::-1]
    return pixels


def main() -> None:
    library, name, frames, fps = sys.argv[1:5]
    pictures = sys.argv[5:]
    lib, region = open_region(library, name)
    memory = (ctypes.c_uint8 * (WIDTH * HEIGHT * 4)).from_address(lib.zinc_ptr(region))
    screen = numpy.frombuffer(memory, "uint8").reshape(HEIGHT, WIDTH, 4)
    each = int(frames) // len(pictures)
    for picture in pictures:
        pixels = strip(picture, each)
        for x in range(0, each * SLIDE, SLIDE):
            screen[:] = pixels[:, x:x + WIDTH]
            lib.zinc_notify(region)
            time.sleep(1 / int(fps))
    print("still", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
