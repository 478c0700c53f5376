#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""libzinc-drm, function by function: what it takes, refuses and undoes.

usage: drm_library.py

TAP on stdout; exit status 0 passed, 1 failed, 4 skipped. What needs a display
skips itself where there is none: tests/vm/run --device cirrus has one.
"""

import ctypes
import errno
import fcntl
import glob
import itertools
import os
import signal
import subprocess
import sys
import traceback
from typing import Any, Iterator
from contextlib import contextmanager

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("ZINC_LIB_DIR", HERE + "/../../build/lib")
PATIENCE_S = 120
SIZE = 4 << 20
READONLY, NO_DATA = 4, 8
Handle = ctypes.c_void_p


class Skip(Exception):
    """This cannot be tested here, for the reason given."""


class Options(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in (
        "size", "flags", "mode", "lifetime", "backend", "reserved")]


class Picture(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("format", ctypes.c_uint32),
                ("width", ctypes.c_uint32), ("height", ctypes.c_uint32),
                ("stride", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("offset", ctypes.c_uint64), ("later", ctypes.c_uint64)]


class Choice(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("connector", ctypes.c_char_p), ("mode", ctypes.c_void_p),
                ("later", ctypes.c_uint64)]


class Clip(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint16) for name in ("x1", "y1", "x2", "y2")]


class Mode(ctypes.Structure):
    """drmModeModeInfo, up to the last member that is used"""
    _fields_ = [("clock", ctypes.c_uint32), ("hdisplay", ctypes.c_uint16),
                ("horizontal", ctypes.c_uint16 * 4),
                ("vdisplay", ctypes.c_uint16)]


class Crtc(ctypes.Structure):
    """drmModeCrtc, likewise"""
    _fields_ = [("crtc_id", ctypes.c_uint32), ("buffer_id", ctypes.c_uint32)]


NUMBERS = itertools.count()
PICTURE_SIZE, CHOICE_SIZE = 32, 24


def load() -> tuple[Any, Any, Any]:
    path = BUILD + "/libzinc-drm.so.1"
    if not os.path.exists(path):
        print("1..0 # SKIP libzinc-drm was not built: no libdrm")
        sys.exit(4)
    zinc = ctypes.CDLL(BUILD + "/libzinc-kmod.so.1")
    drm = ctypes.CDLL(path)
    libdrm = ctypes.CDLL("libdrm.so.2")
    for function in (drm.zinc_drm_gem_handle, drm.zinc_drm_format,
                     drm.zinc_drm_framebuffer_id, drm.zinc_drm_crtc_id):
        function.restype = ctypes.c_uint32
    drm.zinc_drm_connector.restype = ctypes.c_char_p
    drm.zinc_drm_mode.restype = ctypes.POINTER(Mode)
    libdrm.drmModeGetCrtc.restype = ctypes.POINTER(Crtc)
    libdrm.drmModeFreeCrtc.argtypes = [ctypes.POINTER(Crtc)]
    return zinc, drm, libdrm


ZINC, DRM, LIBDRM = load()
FORMAT = DRM.zinc_drm_format(b"XR24")


def refuses(error: int, function: Any, *arguments: Any) -> None:
    """It fails so, and leaves NULL in the last argument."""
    out = Handle(1)
    ret = function(*arguments, ctypes.byref(out))
    assert ret == -error, f"{ret} for -{error}"
    assert out.value is None, "it left something"


def make(function: Any, *arguments: Any) -> Handle:
    out = Handle(1)
    ret = function(*arguments, ctypes.byref(out))
    assert ret == 0, os.strerror(-ret)
    assert out.value
    return out


@contextmanager
def region(flags: int = 0, backend: int = 1) -> Iterator[Handle]:
    """A region of SIZE; @flags are for another handle, which is yielded."""
    if backend == 1 and not os.path.exists("/dev/zinc"):
        raise Skip("no /dev/zinc: load zinc.ko")
    name = f"zt{os.getpid()}-drm{next(NUMBERS)}".encode()
    options = Options(ctypes.sizeof(Options), 0, 0, 0, backend, 0)
    first = make(ZINC.zinc_create_with, name, ctypes.c_size_t(SIZE),
                 ctypes.byref(options))
    options.flags = flags
    second = make(ZINC.zinc_open_with, name, ctypes.byref(options))
    try:
        yield second
    finally:
        ZINC.zinc_close(second)
        ZINC.zinc_close(first)


@contextmanager
def display() -> Iterator[int]:
    card = DRM.zinc_drm_open(None)
    if card == -errno.ENODEV:
        raise Skip("no display: tests/vm/run --device cirrus")
    assert card >= 0, os.strerror(-card)
    try:
        yield card
    finally:
        os.close(card)


@contextmanager
def imported() -> Iterator[tuple[int, Handle]]:
    with display() as card, region() as handle:
        buffer = make(DRM.zinc_drm_import, card, handle)
        try:
            yield card, buffer
        finally:
            DRM.zinc_drm_release(buffer)


def picture(**fields: int) -> Any:
    plain = Picture(PICTURE_SIZE, FORMAT, 640, 480)
    for name, value in fields.items():
        setattr(plain, name, value)
    return ctypes.byref(plain)


def choice(**fields: Any) -> Any:
    plain = Choice(CHOICE_SIZE)
    for name, value in fields.items():
        setattr(plain, name, value)
    return ctypes.byref(plain)


def framebuffer(buffer: Handle, **fields: int) -> Handle:
    return make(DRM.zinc_drm_add_framebuffer, buffer, picture(**fields))


def shown_by(card: int, crtc: int) -> int:
    """The framebuffer that a CRTC has."""
    state = LIBDRM.drmModeGetCrtc(card, crtc)
    shown: int = state.contents.buffer_id
    LIBDRM.drmModeFreeCrtc(state)
    return shown


def test_formats() -> None:
    assert FORMAT == 0x34325258
    for name, size in ((b"XR24", 4), (b"AB24", 4), (b"AR30", 4), (b"RG24", 3),
                       (b"RG16", 2), (b"C8  ", 1)):
        assert DRM.zinc_drm_bytes_per_pixel(DRM.zinc_drm_format(name)) == size, name
    # known, but of two planes; unknown; none
    for name in (b"NV12", b"XX99"):
        unknown = DRM.zinc_drm_format(name)
        assert unknown and DRM.zinc_drm_bytes_per_pixel(unknown) == -errno.EINVAL
    for bad in (None, b"", b"XR2", b"XR240"):
        assert DRM.zinc_drm_format(bad) == 0, bad
    assert DRM.zinc_drm_bytes_per_pixel(0) == -errno.EINVAL


def test_null() -> None:
    assert DRM.zinc_drm_import(0, Handle(1), None) == -errno.EINVAL
    refuses(errno.EINVAL, DRM.zinc_drm_import, 0, None)
    assert DRM.zinc_drm_add_framebuffer(Handle(1), picture(), None) == -errno.EINVAL
    refuses(errno.EINVAL, DRM.zinc_drm_add_framebuffer, None, picture())
    refuses(errno.EINVAL, DRM.zinc_drm_add_framebuffer, Handle(1), None)
    assert DRM.zinc_drm_show(Handle(1), None, None) == -errno.EINVAL
    refuses(errno.EINVAL, DRM.zinc_drm_show, None, None)
    assert DRM.zinc_drm_damage(None, None, 0) == -errno.EINVAL
    assert DRM.zinc_drm_gem_handle(None) == 0
    assert DRM.zinc_drm_framebuffer_id(None) == 0
    assert DRM.zinc_drm_crtc_id(None) == 0
    assert DRM.zinc_drm_connector(None) is None
    assert not DRM.zinc_drm_mode(None)
    assert DRM.zinc_drm_restore(None) == 0
    DRM.zinc_drm_release(None)
    DRM.zinc_drm_remove_framebuffer(None)


def test_open() -> None:
    assert DRM.zinc_drm_open(b"/dev/dri/none") == -errno.ENOENT
    assert DRM.zinc_drm_open(b"/dev/null") == -errno.ENOTTY
    with display() as card:
        assert fcntl.fcntl(card, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
        path = os.readlink(f"/proc/self/fd/{card}").encode()
        again = DRM.zinc_drm_open(path)
        assert again >= 0
        os.close(again)


def test_device_without_displays() -> None:
    for node in glob.glob("/sys/class/drm/card?/device"):
        if os.path.basename(os.path.realpath(node)) == "vgem":
            break
    else:
        raise Skip("no vgem")
    card = "/dev/dri/" + node.split("/")[4]
    assert DRM.zinc_drm_open(card.encode()) == -errno.ENOTTY


def test_import_of_what_cannot_be() -> None:
    with display() as card:
        with region(READONLY) as handle:
            refuses(errno.EACCES, DRM.zinc_drm_import, card, handle)
        with region(backend=2) as handle:
            refuses(errno.EOPNOTSUPP, DRM.zinc_drm_import, card, handle)
    before = os.listdir("/proc/self/fd")
    with region() as handle:
        refuses(errno.EBADF, DRM.zinc_drm_import, -1, handle)
        with open("/dev/null", "rb") as null:
            refuses(errno.ENOTTY, DRM.zinc_drm_import, null.fileno(), handle)
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_import() -> None:
    with display() as card:
        before = os.listdir("/proc/self/fd")
        with region(NO_DATA) as handle:
            buffer = make(DRM.zinc_drm_import, card, handle)
            assert DRM.zinc_drm_gem_handle(buffer)
            # of one descriptor, one handle
            again = make(DRM.zinc_drm_import, card, handle)
            assert (DRM.zinc_drm_gem_handle(again) ==
                    DRM.zinc_drm_gem_handle(buffer))
        # the region is gone, its memory is not
        frame = framebuffer(buffer)
        DRM.zinc_drm_remove_framebuffer(frame)
        DRM.zinc_drm_release(buffer)
        refuses(errno.ENOENT, DRM.zinc_drm_add_framebuffer, again, picture())
        DRM.zinc_drm_release(again)
        assert len(os.listdir("/proc/self/fd")) == len(before)


def test_picture() -> None:
    with imported() as (card, buffer):
        def bad(error: int, **fields: int) -> None:
            refuses(error, DRM.zinc_drm_add_framebuffer, buffer, picture(**fields))

        bad(errno.EINVAL, width=0)
        bad(errno.EINVAL, height=0)
        bad(errno.EINVAL, reserved=1)
        bad(errno.EINVAL, format=0)
        bad(errno.EINVAL, format=DRM.zinc_drm_format(b"AR30"))
        # one that only the driver can judge, with a stride and without
        bad(errno.EINVAL, format=DRM.zinc_drm_format(b"NV12"))
        bad(errno.EINVAL, format=DRM.zinc_drm_format(b"NV12"), stride=640)
        bad(errno.ERANGE, stride=2559)
        bad(errno.ERANGE, width=0x80000000)
        bad(errno.ERANGE, offset=1 << 32)
        bad(errno.ERANGE, offset=(1 << 64) - 1)
        # the last byte that there is, and one more
        last = SIZE - 640 * 480 * 4
        bad(errno.ERANGE, offset=last + 1)
        bad(errno.ERANGE, offset=last, stride=2561)
        frame = framebuffer(buffer, offset=last)
        assert DRM.zinc_drm_framebuffer_id(frame)
        DRM.zinc_drm_remove_framebuffer(frame)
        # what comes later in the struct
        bad(errno.EINVAL, size=PICTURE_SIZE - 1)
        bad(errno.EINVAL, size=PICTURE_SIZE + 8, later=1)
        bad(errno.EINVAL, size=4097)
        for size in (PICTURE_SIZE, PICTURE_SIZE + 8):
            frame = framebuffer(buffer, size=size)
            DRM.zinc_drm_remove_framebuffer(frame)
        assert card >= 0


def test_show_what_cannot_be() -> None:
    with imported() as (_, buffer):
        frame = framebuffer(buffer)

        def bad(error: int, **fields: Any) -> None:
            refuses(error, DRM.zinc_drm_show, frame, choice(**fields))

        bad(errno.EINVAL, reserved=1)
        bad(errno.EINVAL, size=CHOICE_SIZE - 1)
        bad(errno.EINVAL, size=CHOICE_SIZE + 8, later=1)
        bad(errno.ENXIO, connector=b"HDMI-A-9")
        tiny = framebuffer(buffer, width=16, height=16)
        refuses(errno.ERANGE, DRM.zinc_drm_show, tiny, None)
        DRM.zinc_drm_remove_framebuffer(tiny)
        DRM.zinc_drm_remove_framebuffer(frame)


def test_show_and_restore() -> None:
    with imported() as (card, buffer):
        first = framebuffer(buffer)
        second = framebuffer(buffer, offset=1 << 20)
        ids = [DRM.zinc_drm_framebuffer_id(f) for f in (first, second)]
        assert ids[0] != ids[1]
        output = make(DRM.zinc_drm_show, first, None)
        crtc = DRM.zinc_drm_crtc_id(output)
        assert shown_by(card, crtc) == ids[0]
        mode = DRM.zinc_drm_mode(output)
        assert (mode.contents.hdisplay, mode.contents.vdisplay) == (640, 480)
        connector = DRM.zinc_drm_connector(output)
        assert glob.glob(f"/sys/class/drm/card?-{connector.decode()}"), connector
        # above it, with all properties
        other = make(DRM.zinc_drm_show, second, choice(
            size=CHOICE_SIZE + 8, connector=connector,
            mode=ctypes.cast(mode, ctypes.c_void_p)))
        assert DRM.zinc_drm_crtc_id(other) == crtc
        assert shown_by(card, crtc) == ids[1]
        assert DRM.zinc_drm_restore(other) == 0
        assert shown_by(card, crtc) == ids[0]
        assert DRM.zinc_drm_restore(output) == 0
        assert shown_by(card, crtc) not in ids
        DRM.zinc_drm_remove_framebuffer(second)
        DRM.zinc_drm_remove_framebuffer(first)


def test_restore_of_what_is_gone() -> None:
    with imported() as (card, buffer):
        first, second = framebuffer(buffer), framebuffer(buffer)
        under = make(DRM.zinc_drm_show, first, None)
        over = make(DRM.zinc_drm_show, second, None)
        DRM.zinc_drm_remove_framebuffer(first)
        crtc = DRM.zinc_drm_crtc_id(over)
        assert DRM.zinc_drm_restore(over) == -errno.ENOENT
        assert shown_by(card, crtc) == DRM.zinc_drm_framebuffer_id(second)
        # and of a display that was dark
        DRM.zinc_drm_remove_framebuffer(second)
        assert shown_by(card, crtc) == 0
        third = framebuffer(buffer)
        dark = make(DRM.zinc_drm_show, third, None)
        assert shown_by(card, crtc) == DRM.zinc_drm_framebuffer_id(third)
        assert DRM.zinc_drm_restore(dark) == 0
        assert shown_by(card, crtc) == 0
        assert DRM.zinc_drm_restore(under) == 0
        DRM.zinc_drm_remove_framebuffer(third)


def test_damage() -> None:
    with imported() as (_, buffer):
        frame = framebuffer(buffer)
        output = make(DRM.zinc_drm_show, frame, None)
        clips = (Clip * 257)(Clip(0, 0, 1, 1), Clip(639, 479, 640, 480))
        assert DRM.zinc_drm_damage(frame, None, 0) == 0
        assert DRM.zinc_drm_damage(frame, clips, 2) == 0
        assert DRM.zinc_drm_damage(frame, clips, 0) == -errno.EINVAL
        assert DRM.zinc_drm_damage(frame, None, 2) == -errno.EINVAL
        assert DRM.zinc_drm_damage(frame, clips, 257) == -errno.EINVAL
        assert DRM.zinc_drm_restore(output) == 0
        DRM.zinc_drm_remove_framebuffer(frame)


def test_second_program() -> None:
    """A later process has no right to the display."""
    with imported() as (card, buffer):
        frame = framebuffer(buffer)
        path = os.readlink(f"/proc/self/fd/{card}").encode()
        late = DRM.zinc_drm_open(path)
        assert late >= 0
        with region() as handle:
            theirs = make(DRM.zinc_drm_import, late, handle)
            other = framebuffer(theirs)
            refuses(errno.EACCES, DRM.zinc_drm_show, other, None)
            assert DRM.zinc_drm_damage(other, None, 0) == -errno.EACCES
            DRM.zinc_drm_remove_framebuffer(other)
            DRM.zinc_drm_release(theirs)
        os.close(late)
        DRM.zinc_drm_remove_framebuffer(frame)


def main() -> None:
    print("TAP version 13")
    for module in ("cirrus", "cirrus-qemu", "vgem"):
        if os.path.exists("/dev/zinc"):
            subprocess.run(["modprobe", "-q", module], check=False)
    tests = [(name[5:], test) for name, test in sorted(globals().items())
             if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        signal.alarm(PATIENCE_S)
        try:
            test()
            print(f"ok {number} drm.{name}", flush=True)
        except Skip as why:
            print(f"ok {number} drm.{name} # SKIP {why}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            for place in traceback.extract_tb(error.__traceback__):
                print(f"# line {place.lineno}: {place.line}")
            print(f"# {error!r}\nnot ok {number} drm.{name}", flush=True)
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
