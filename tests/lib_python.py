#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The library from a second language, through ctypes and nothing else.

usage: lib_python.py [LIBRARY]

TAP on stdout; exit status 0 passed, 1 failed, 4 skipped. Each test talks to
another Python process, so that what is shared is shared across exec, too.
"""

import ctypes
import errno
import os
import signal
import struct
import subprocess
import sys
import time
import traceback
from typing import Any, Callable

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = (sys.argv[1] if len(sys.argv) > 1 else
           os.environ.get("ZINC_LIBRARY",
                          HERE + "/../build/lib/libzinc-kmod.so"))
PAGE = os.sysconf("SC_PAGE_SIZE")
FOREVER = 0xFFFFFFFF
PATIENCE_MS = 60000
HANDLE = ctypes.c_void_p


def load() -> ctypes.CDLL:
    lib = ctypes.CDLL(LIBRARY)
    out = ctypes.POINTER(HANDLE)
    for name, result, arguments in (
            ("zinc_create", ctypes.c_int32,
             [ctypes.c_char_p, ctypes.c_size_t, out]),
            ("zinc_open", ctypes.c_int32, [ctypes.c_char_p, out]),
            ("zinc_ptr", ctypes.c_void_p, [HANDLE]),
            ("zinc_capacity", ctypes.c_size_t, [HANDLE]),
            ("zinc_close", None, [HANDLE]),
            ("zinc_notify", None, [HANDLE]),
            ("zinc_wait", ctypes.c_int32, [HANDLE, ctypes.c_uint32]),
            ("zinc_try_wait", ctypes.c_int32, [HANDLE]),
            ("zinc_version", ctypes.c_uint32, []),
            ("zinc_sequence", ctypes.c_uint32, [HANDLE]),
            ("zinc_unlink", ctypes.c_int32, [ctypes.c_char_p]),
            ("zinc_fd", ctypes.c_int32, [HANDLE]),
            ("zinc_strerror", ctypes.c_char_p, [ctypes.c_int32])):
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib


LIB = load()


def memory(address: int, size: int) -> memoryview:
    """A writable view of memory, of plain bytes."""
    make = ctypes.pythonapi.PyMemoryView_FromMemory
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int]
    view: memoryview = make(address, size, 0x200)   # PyBUF_WRITE
    return view


class Region:
    """A handle; errors are OSError with the positive errno."""

    def __init__(self, name: str, capacity: int | None = None) -> None:
        self.handle = HANDLE(1)
        if capacity is None:
            ret = LIB.zinc_open(name.encode(), ctypes.byref(self.handle))
        else:
            ret = LIB.zinc_create(name.encode(), capacity,
                                  ctypes.byref(self.handle))
        if ret:
            if self.handle.value is not None:
                raise AssertionError("a failure left a handle")
            raise OSError(-ret, LIB.zinc_strerror(ret).decode(), name)
        size = LIB.zinc_capacity(self.handle)
        data = LIB.zinc_ptr(self.handle)
        self.view = memory(data, size)
        self.header = bytes(
            (ctypes.c_uint8 * 64).from_address(data - 64))

    def __enter__(self) -> "Region":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.view.release()
        LIB.zinc_close(self.handle)
        self.handle = HANDLE()

    def notify(self) -> None:
        LIB.zinc_notify(self.handle)

    def wait(self, timeout_ms: int = FOREVER) -> bool:
        ret = LIB.zinc_wait(self.handle, timeout_ms)
        if ret not in (0, -errno.ETIMEDOUT):
            raise OSError(-ret, LIB.zinc_strerror(ret).decode())
        return bool(ret == 0)


def named(tag: str) -> str:
    return f"zt{os.getpid()}-py-{tag}"


def raises(number: int, function: Callable[..., Any],
           *arguments: object) -> bool:
    """Whether a call fails with this errno."""
    try:
        function(*arguments).close()
    except OSError as error:
        return error.errno == number
    return False


def peer(job: str, *arguments: object) -> "subprocess.Popen[bytes]":
    """Start this file again, in a new process, to do one of the jobs."""
    return subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), LIBRARY, "--job", job,
         *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)


# ---- jobs of the other process ----

def job_answer(name: str, size: str) -> None:
    """Wait, check every byte, answer with other bytes."""
    with Region(name) as region:
        assert len(region.view) == int(size)
        assert region.wait()
        assert bytes(region.view) == pattern(int(size), 1)
        region.view[:] = pattern(int(size), 2)
        region.notify()


def job_hold(name: str) -> None:
    """Create, say so, and stay until killed."""
    region = Region(name, PAGE)
    region.view[0] = 1
    print("ready", flush=True)
    signal.pause()


def job_pong(ping: str, pong: str, rounds: str) -> None:
    with Region(ping) as into, Region(pong) as out:
        for count in range(1, int(rounds) + 1):
            assert into.wait()
            assert struct.unpack_from("<I", into.view)[0] == count
            struct.pack_into("<I", out.view, 0, count)
            out.notify()


def pattern(size: int, salt: int) -> bytes:
    unit = bytes((i * 31 + salt * 7) & 0xff for i in range(251))
    return (unit * (size // len(unit) + 1))[:size]


# ---- tests ----

def test_version() -> None:
    assert LIB.zinc_version() == (2 << 16) | 1


def test_errors_are_errnos() -> None:
    name = named("errors")
    assert raises(errno.ENOENT, Region, name)
    assert raises(errno.EINVAL, Region, "a b", PAGE)
    assert raises(errno.EINVAL, Region, "", PAGE)
    assert raises(errno.EINVAL, Region, "\u00e9", PAGE)
    assert raises(errno.EINVAL, Region, "x" * 250, PAGE)
    assert raises(errno.EINVAL, Region, name, 0)
    assert raises(errno.EINVAL, Region, name, PAGE + 1)
    assert raises(errno.EINVAL, Region, name, 1 << 63)
    with Region(name, PAGE):
        assert raises(errno.EEXIST, Region, name, PAGE)
    assert raises(errno.ENOENT, Region, name)


def test_header() -> None:
    name = named("header")
    before = time.time_ns() - 20_000_000
    with Region(name, 2 * PAGE) as region:
        fields = struct.unpack("<QHHIQIiQQII8s", region.header)
        # on POSIX shared memory: the creator holds a lock, and counts waiters
        flags = 0 if on_kmod() else 1 << 12 | 1 << 11
        assert fields[:7] == (0x5A494E435F524547, 2, flags, 0, 2 * PAGE, 1,
                              os.getpid())
        assert before <= fields[7] <= time.time_ns()
        value = 0xCBF29CE484222325
        for byte in name.encode():
            value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
        assert fields[8] == value
        registered = 0 if on_kmod() else 0x10001
        assert fields[9:] == (0, registered, bytes(8))


def test_zero_filled() -> None:
    with Region(named("zero"), 1 << 20) as region:
        assert bytes(region.view) == bytes(1 << 20)


def test_shared_both_ways() -> None:
    name, size = named("both"), 3 * PAGE
    with Region(name, size) as region:
        region.view[:] = pattern(size, 1)
        region.notify()
        assert LIB.zinc_try_wait(region.handle) == 0
        with peer("answer", name, size) as other:
            assert region.wait()
            assert bytes(region.view) == pattern(size, 2)
            assert other.wait(PATIENCE_MS / 1000) == 0
    assert raises(errno.ENOENT, Region, name)


def test_cursor_and_coalescing() -> None:
    with Region(named("cursor"), PAGE) as region:
        assert not region.wait(0)
        assert LIB.zinc_try_wait(region.handle) == -errno.EAGAIN
        for _ in range(5):
            region.notify()
        with Region(named("cursor")) as late:
            assert late.wait(0) and not late.wait(0)
        assert region.wait(FOREVER) and not region.wait(0)
        assert LIB.zinc_sequence(region.handle) == 5


def test_timeout_is_not_early() -> None:
    with Region(named("timeout"), PAGE) as region:
        for timeout_ms in (1, 20, 100):
            begin = time.monotonic_ns()
            assert not region.wait(timeout_ms)
            assert time.monotonic_ns() - begin >= timeout_ms * 1_000_000


def test_ping_pong() -> None:
    rounds = 1000
    names = named("ping"), named("pong")
    with Region(names[0], PAGE) as ping, Region(names[1], PAGE) as pong, \
            peer("pong", *names, rounds) as other:
        for count in range(1, rounds + 1):
            struct.pack_into("<I", ping.view, 0, count)
            ping.notify()
            assert pong.wait()
            assert struct.unpack_from("<I", pong.view)[0] == count
        assert other.wait(PATIENCE_MS / 1000) == 0


def test_killed_peer() -> None:
    name = named("killed")
    with peer("hold", name) as other:
        assert other.stdout and other.stdout.readline() == b"ready\n"
        with Region(name) as region:
            assert region.view[0] == 1
            other.kill()
            other.wait()
            region.notify()
            assert region.wait(0)
    assert raises(errno.ENOENT, Region, name)


def test_descriptor() -> None:
    with Region(named("fd"), PAGE) as region:
        fd = LIB.zinc_fd(region.handle)
        if not on_kmod():
            assert fd == -errno.EOPNOTSUPP
            return
        import select  # pylint: disable=import-outside-toplevel
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(0) == []
        region.notify()
        assert poll.poll(PATIENCE_MS) == [(fd, select.POLLIN)]
        assert region.wait(0)
        assert poll.poll(0) == []


def on_kmod() -> bool:
    choice = os.environ.get("ZINC_BACKEND")
    return choice == "kmod" if choice else os.path.exists("/dev/zinc")


def main() -> None:
    print("TAP version 13")
    if on_kmod() and not os.path.exists("/dev/zinc"):
        print("1..0 # SKIP no /dev/zinc: load zinc.ko")
        sys.exit(4)
    tests = [(name[5:], test) for name, test in sorted(globals().items())
             if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        # a wake-up that does not come ends the program
        signal.alarm(PATIENCE_MS // 1000)
        try:
            test()
            print(f"ok {number} python.{name}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(f"# line {place.lineno}: {error!r}")
            print(f"not ok {number} python.{name}", flush=True)
            failed += 1
    print(f"# Totals: pass:{len(tests) - failed} fail:{failed} xfail:0 "
          "xpass:0 skip:0 error:0")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if "--job" in sys.argv:
        at = sys.argv.index("--job")
        globals()["job_" + sys.argv[at + 1]](*sys.argv[at + 2:])
    else:
        main()
