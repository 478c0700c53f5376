#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Takes frames from the region by zinc_wait() and checks each in place.

usage: consumer.py LIBRARY NAME RESULT

Ends when the producer is gone (or, where nothing tells of that, by SIGTERM).
RESULT gets a line of figures. The layout is that of stream.h.
"""

import ctypes
import errno
import signal
import struct
import sys
import time
import zlib

MAGIC = 0x4D41455254535A44
SLOTS, SLOT_BYTES, SLOT_AT = 4, 64, 64
PIXELS, FRAME = 65536, 1280 * 720 * 4
LOOK_MS = 250
OPEN_SECONDS = 60
CREATOR_GONE = 1 << 0


class Info(ctypes.Structure):
    """struct zinc_region_info"""
    _fields_ = (
        [("size", ctypes.c_uint32), ("backend", ctypes.c_uint32)]
        + [(name, ctypes.c_uint64)
           for name in ("id", "capacity", "resident", "created_at")]
        + [(name, ctypes.c_uint32)
           for name in ("flags", "lifetime", "uid", "gid", "mode")]
        + [("owner_pid", ctypes.c_int32)]
        + [(name, ctypes.c_uint32)
           for name in ("handles", "waiters", "sequence", "cursor")]
        + [("name", ctypes.c_char * 256)])


def load(path: str) -> ctypes.CDLL:
    lib = ctypes.CDLL(path)
    handle = ctypes.c_void_p
    lib.zinc_open.argtypes = [ctypes.c_char_p, ctypes.POINTER(handle)]
    lib.zinc_ptr.argtypes = lib.zinc_capacity.argtypes = [handle]
    lib.zinc_ptr.restype = ctypes.c_void_p
    lib.zinc_capacity.restype = ctypes.c_size_t
    lib.zinc_wait.argtypes = [handle, ctypes.c_uint32]
    lib.zinc_info.argtypes = [handle, ctypes.POINTER(Info)]
    lib.zinc_close.argtypes = [handle]
    lib.zinc_close.restype = None
    lib.zinc_strerror.argtypes = [ctypes.c_int32]
    lib.zinc_strerror.restype = ctypes.c_char_p
    return lib


def open_region(lib: ctypes.CDLL, name: str) -> ctypes.c_void_p:
    region = ctypes.c_void_p()
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        ret = lib.zinc_open(name.encode(), ctypes.byref(region))
        if ret == 0:
            return region
        again = ret in (-errno.ENOENT, -errno.EBADMSG)
        if not again or time.monotonic() > deadline:
            sys.exit(f"cannot open region {name}: "
                     f"{lib.zinc_strerror(ret).decode()}")
        time.sleep(0.05)


class Tally:
    """The fate of the frames."""

    def __init__(self) -> None:
        self.last = self.right = self.missed = self.wrong = 0
        self.latency: list[int] = []

    def take(self, view: memoryview, seen_ns: int) -> None:
        frame, = struct.unpack_from("<Q", view, 8)
        if frame == self.last:
            return
        self.missed += frame - self.last - 1
        self.last = frame

        slot = SLOT_AT + frame % SLOTS * SLOT_BYTES
        _, end, stamp, want = struct.unpack_from("<QQQI", view, slot)
        at = PIXELS + frame % SLOTS * FRAME
        # a slice of a memoryview is a view: crc32 reads the region itself
        have = zlib.crc32(view[at:at + FRAME])
        begin, = struct.unpack_from("<Q", view, slot)
        if not begin == end == frame:
            self.missed += 1
        elif have != want:
            self.wrong += 1
            print(f"frame {frame} is not what the producer drew",
                  file=sys.stderr)
        else:
            self.right += 1
            self.latency.append(max(0, seen_ns - stamp))

    def percentile_us(self, part: float) -> int:
        if not self.latency:
            return 0
        return self.latency[int(part * (len(self.latency) - 1))] // 1000

    def report(self, path: str, produced: int) -> None:
        # the last frames, whose notifies did not wake this process
        self.missed += produced - self.last
        self.latency.sort()
        figures = [produced, self.right, self.missed, self.wrong]
        figures += [self.percentile_us(p) for p in (0.5, 0.9, 0.99, 1)]
        with open(path, "w", encoding="ascii") as file:
            print("Python,zinc_wait", *figures, file=file)


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit("usage: consumer.py LIBRARY NAME RESULT")
    stop: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    lib = load(sys.argv[1])
    region = open_region(lib, sys.argv[2])
    data = lib.zinc_ptr(region)
    view = memoryview(
        (ctypes.c_uint8 * lib.zinc_capacity(region)).from_address(data))
    print(f"data {data:#x}", flush=True)

    tally = Tally()
    info = Info(size=ctypes.sizeof(Info))
    while not stop:
        if lib.zinc_wait(region, LOOK_MS) == 0:
            seen_ns = time.monotonic_ns()
            if struct.unpack_from("<Q", view, 0)[0] == MAGIC:
                tally.take(view, seen_ns)
        elif lib.zinc_info(region, ctypes.byref(info)) == 0:
            if info.flags & CREATOR_GONE:
                break

    tally.report(sys.argv[3], struct.unpack_from("<Q", view, 8)[0])
    view.release()
    lib.zinc_close(region)
    sys.exit(1 if tally.wrong else 0)


if __name__ == "__main__":
    main()
