#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""zinc write and zinc read --follow: frames from one pipe into another, and what the
other subcommands say of streams. On the backend of $ZINC_BACKEND. $ZINC is the program
if it is not build/bin/zinc. Prints TAP."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "adapters"))

from tap_python import Skip, run  # noqa: E402  # pylint: disable=wrong-import-position

ZINC = os.path.abspath(os.environ.get("ZINC", HERE.parents[1] / "build" / "bin" / "zinc"))
NAME = f"stream{os.getpid()}"
PATIENCE = 100
END = signal.SIGTERM  # what a shell runs in the background ignores SIGINT
os.environ.update(LC_ALL="C.UTF-8", TERM="dumb")


def zinc(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command, to its end."""
    return subprocess.run(
        [ZINC, *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


def expect(status: int, *arguments: str, stderr: str = "", data: bytes = b"") -> bytes:
    """It ends so, and says this; its output."""
    done = zinc(*arguments, data=data)
    assert done.returncode == status and stderr in done.stderr.decode(), done
    return done.stdout


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command in the background, with pipes."""
    with subprocess.Popen(
        [ZINC, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, bufsize=0,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def soon(what: Callable[[], Any]) -> None:
    """Until it is so."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def stat(name: str = NAME) -> dict[str, Any]:
    """The JSON object of the region; {} without such a region."""
    done = zinc("stat", "--json", name)
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def stream() -> dict[str, Any]:
    """Of the stream."""
    return stat().get("stream") or {}


def gone() -> bool:
    """No region has a name of ours."""
    return not [r for r in json.loads(expect(0, "ls", "--json")) if r["name"].startswith(NAME)]


def frame(number: int, size: int = 4096) -> bytes:
    """One that shows whether it is whole."""
    return struct.pack("<I", number) * (size // 4)


def feed(process: subprocess.Popen[bytes], *numbers: int, size: int = 4096) -> None:
    """Frames for a writer."""
    assert process.stdin
    for number in numbers:
        process.stdin.write(frame(number, size))


@contextmanager
def writing(*arguments: str, size: int = 4096) -> Iterator[subprocess.Popen[bytes]]:
    """A writer that has made its stream."""
    given = {"--size", "--shape", "-F"} & set(arguments)
    kind = [] if given else ["--frame", str(size)]
    with started("write", NAME, *kind, *arguments) as writer:
        soon(stream)
        yield writer
        if writer.poll() is None:
            assert writer.stdin
            writer.stdin.close()
            assert writer.wait(PATIENCE) == 0
    soon(gone)


def finish(process: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
    """Its status, and the rest of its output and messages."""
    if process.stdin and not process.stdin.closed:
        process.stdin.close()
    process.stdin = None
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err.decode()


def take(process: subprocess.Popen[bytes], size: int) -> bytes:
    """So many bytes of its output."""
    assert process.stdout
    data = b""
    while len(data) < size:
        more = process.stdout.read(size - len(data))
        assert more, data
        data += more
    return data


def registered(count: int = 1) -> None:
    """So many readers are waited for."""
    soon(lambda: len(stream().get("readers", [])) == count)


# ---- from pipe to pipe ------------------------------------------------------------------


def every_frame_comes() -> None:
    """A registered reader that begins before the writer gets all of them."""
    with started("read", NAME, "--follow", "--register") as reader:
        with writing(size=256) as writer:
            registered()
            # a pipe has room for them
            feed(writer, *range(1, 200), size=256)
            assert finish(writer) == (0, b"", "")
        assert finish(reader) == (0, b"".join(frame(n, 256) for n in range(1, 200)), "")


def the_first_frame_waits_for_readers() -> None:
    """Of a file, which needs no time: readers that come late get all of it."""
    path = Path(f"/tmp/{NAME}.raw")
    # a pipe has room for them
    path.write_bytes(b"".join(frame(n, 256) for n in range(1, 100)))
    every = path.read_bytes()
    try:
        with writing("--readers", "2", "--frame", "256", str(path)) as writer:
            assert stream()["frames"] == 0
            # one that does not register is not waited for, nor one that has gone
            assert finish_of("read", NAME, "-f", "-t", "20") == (1, b"", "")
            with started("read", NAME, "-f", "--register") as gone_reader:
                registered()
                gone_reader.send_signal(END)
                finish(gone_reader)
            registered(0)
            with started("read", NAME, "-f", "--register") as first:
                registered()
                assert stream()["frames"] == 0 and writer.poll() is None
                with started("read", NAME, "-f", "--register") as second:
                    assert finish(writer) == (0, b"", "")
                    assert finish(second) == (0, every, "")
                assert finish(first) == (0, every, "")
    finally:
        path.unlink()


def signals_end_the_wait_for_readers() -> None:
    """And nothing is left."""
    with writing("--readers", "1") as writer:
        feed(writer, 1)
        writer.send_signal(END)
        assert finish(writer) == (0, b"", "")
    assert gone()


def no_room() -> None:
    """The message has what is wanted, and what is left."""
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        raise Skip("needs root, and a mount namespace")
    for arguments, wanted in (
        (("create", NAME, "1M"), 1 << 20),
        (("write", NAME, "--frame", "300K", "/dev/null"), 4 * 300 * 1024 + 4096),
    ):
        done = subprocess.run(
            ["unshare", "-m", "sh", "-ec",
             'mount -t tmpfs -o size=64k none /dev/shm; exec "$@"', "sh", ZINC, *arguments],
            env=dict(os.environ, ZINC_BACKEND="shm"), capture_output=True, text=True,
            timeout=PATIENCE, check=False)  # fmt: skip
        assert done.returncode == 3, done
        assert f"zinc: {NAME} wants {wanted} bytes (" in done.stderr, done
        assert "zinc: left in /dev/shm are 65536 bytes (64K)" in done.stderr, done


def no_quota() -> None:
    """Likewise, of the module's limits."""
    limit = Path("/sys/module/zinc/parameters/max_bytes")
    if os.geteuid() or not limit.exists() or not Path("/dev/zinc").exists():
        raise Skip("needs root, and the module")
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", ZINC]
    if subprocess.run([*nobody, "--version"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, check=False).returncode:  # fmt: skip
        raise Skip("another user cannot run the program here")
    former, mode = limit.read_text(), os.stat("/dev/zinc").st_mode & 0o777
    try:
        limit.write_text("1048576")
        os.chmod("/dev/zinc", 0o666)
        done = subprocess.run(
            [*nobody, "create", NAME, "2M"],
            env=dict(os.environ, ZINC_BACKEND="kmod"), capture_output=True, text=True,
            timeout=PATIENCE, check=False)  # fmt: skip
    finally:
        limit.write_text(former)
        os.chmod("/dev/zinc", mode)
    assert done.returncode == 3, done
    assert f"zinc: {NAME} wants 2097152 bytes (2M)" in done.stderr, done
    assert "1048576 of 1048576 bytes (1M)" in done.stderr, done


def a_file_is_frames() -> None:
    """Of the length that the format says."""
    path = Path(f"/tmp/{NAME}.raw")
    # so many that the reader comes in time
    path.write_bytes(bytes(range(24)) * 500000)
    try:
        with started("read", NAME, "--follow", "--count", "2") as reader:
            expect(0, "write", NAME, str(path), "--size", "4x2", "-f", "rgb24")
            status, out, _ = finish(reader)
            assert (status, out) == (0, bytes(range(24)) * 2), (status, out)
    finally:
        path.unlink()


def no_frame_at_all() -> None:
    """Is no error."""
    assert finish_of("write", NAME, "--frame", "16") == (0, b"", "")
    assert gone()


def finish_of(*arguments: str) -> tuple[int, bytes, str]:
    """Of a command that gets nothing to read."""
    with started(*arguments) as process:
        return finish(process)


def short_last_frame() -> None:
    """Is told, with a status; the frames before it are there."""
    with started("read", NAME, "--follow", "--register") as reader:
        with writing() as writer:
            registered()
            feed(writer, 1, 2)
            feed(writer, 3, size=1000)
            status, _, err = finish(writer)
            assert status == 3, err
            assert "standard input ended within frame 3: it has 1000 of 4096 bytes" in err, err
        assert finish(reader) == (0, frame(1) + frame(2), "")


def whole_frames_of_what_is_left() -> None:
    """A late reader gets the frames in the ring; a reader after the end gets none."""
    with writing("--slots", "8") as writer:
        feed(writer, *range(1, 21))
        soon(lambda: stream()["frames"] == 20)
        with started("read", NAME, "-f") as reader:
            assert take(reader, 4096) == frame(20)
            feed(writer, 21)
            assert take(reader, 4096) == frame(21)
    expect(1, "read", NAME, "-f", "--timeout", "20")


def count_ends() -> None:
    """After so many."""
    with writing() as writer:
        feed(writer, 1)
        soon(lambda: stream()["frames"] == 1)
        assert expect(0, "read", NAME, "--follow", "--count", "1") == frame(1)
        assert expect(0, "read", NAME, "--follow", "--newest", "--count", "1") == frame(1)


def lost_frames_are_told() -> None:
    """At the end, by a reader whose pipe is full meanwhile."""
    size = 1 << 17
    with writing(size=size) as writer:
        with started("read", NAME, "--follow") as reader:
            feed(writer, 1, size=size)
            # one pipe full of it
            first = take(reader, 4)
            feed(writer, *range(2, 60), size=size)
            soon(lambda: stream()["frames"] >= 59)
            finish(writer)
            status, out, err = finish(reader)
            data = first + out
            numbers = [struct.unpack("<I", data[at : at + 4])[0]
                       for at in range(0, len(data), size)]  # fmt: skip
            assert status == 0 and data == b"".join(frame(n, size) for n in numbers)
            lost = 59 - len(numbers)
            assert lost > 0 and f"{NAME}: {len(numbers)} frames read, {lost} lost" in err, err


def rows_without_padding() -> None:
    """Of a stream whose rows and planes have some."""
    rows = ((0, 4, 2), (256, 4, 1))  # NV12, 4x2: where, bytes of a row, rows
    data = bytes(range(256)) * 2
    with padded(data, 512):
        want = b"".join(data[at + 64 * y :][:row] for at, row, count in rows for y in range(count))
        assert expect(0, "read", NAME, "-f", "-c", "1") == want
        assert expect(0, "read", NAME, "-f", "-c", "1", "--raw") == data
    with padded(data, 256):
        expect(3, "read", NAME, "-f", "-c", "1", stderr="256 bytes, fewer than its format")
        assert expect(0, "read", NAME, "-f", "-c", "1", "--raw") == data[:256]


def no_plain_write() -> None:
    """Bytes over the header of a stream would end it for its readers."""
    data = bytes(range(256)) * 2
    with padded(data, 512):
        expect(3, "write", NAME, data=bytes(100), stderr=f"{NAME} is a stream")
        assert expect(0, "read", NAME, "-f", "-c", "1", "--raw") == data


@contextmanager
def padded(data: bytes, used: int, number: int = 1) -> Iterator[None]:
    """NV12 of 4x2 pixels with rows of 64 bytes, made by hand."""
    fourcc = int.from_bytes(b"NV12", "little")
    form = struct.pack("=IIQIII4I", 1, fourcc, 0, 4, 2, 2, 64, 64, 0, 0)
    form += struct.pack("=I4Q", 0, 0, 256, 0, 0)
    header = struct.pack("=QIIQQIII20x", 0x5A494E435354524D, 1, 2, 4096, 4096, number, 2, 0)
    slot = struct.pack("=I12xQQQII16x", 2, number, used, 1, 0, 2)
    block = (header + form).ljust(1024, b"\0") + slot
    block = block.ljust(4096, b"\0") + data
    with started("create", NAME, "16K", "--lifetime", "creator") as holder:
        soon(stat)
        expect(0, "write", NAME, data=block)
        yield
        holder.send_signal(END)
        assert holder.wait(PATIENCE) == 0


# ---- ends ---------------------------------------------------------------------------------


def signals_end_the_writer() -> None:
    """Whether it waits for its input or for a reader; nothing is left."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        with writing() as writer:
            writer.send_signal(number)
            assert finish(writer) == (0, b"", ""), number
        assert gone()
    with writing("--slots", "2") as writer:
        with started("read", NAME, "-f", "--register") as reader:
            registered()
            reader.send_signal(signal.SIGSTOP)
            feed(writer, *range(8))
            soon(lambda: stream()["readers"][0]["behind"] == 2)
            writer.send_signal(END)
            assert writer.wait(PATIENCE) == 0
            reader.send_signal(signal.SIGCONT)
            assert finish(reader)[0] == 0


def killed_writer_leaves_nothing() -> None:
    """And its reader is told."""
    with started("read", NAME, "-f") as reader, started("write", NAME, "-F", "4096") as writer:
        soon(stream)
        feed(writer, 1)
        assert take(reader, 4096) == frame(1)
        writer.kill()
        writer.wait(PATIENCE)
        assert finish(reader)[0] == 0
    soon(gone)


def signals_end_the_reader() -> None:
    """While it waits for a name, for a frame, and for its pipe."""
    for mode in ("--every", "--newest", "--register"):
        with started("read", NAME, "-f", mode) as reader:
            time.sleep(0.05)
            reader.send_signal(END)
            assert finish(reader)[0] in (0, -END), mode
        with writing(size=1 << 18) as writer:
            with started("read", NAME, "-f", mode) as reader:
                registered(mode == "--register")
                feed(writer, 1, size=1 << 18)
                assert reader.stdout and reader.stdout.read(1)
                reader.send_signal(END)
                assert reader.wait(PATIENCE) == 0, mode
            if mode == "--register":
                registered(0)


def closed_pipe_ends_the_reader() -> None:
    """By SIGPIPE, as any program; the writer does not wait for it any more."""
    with writing("--slots", "2") as writer:
        with started("read", NAME, "-f", "--register") as reader:
            registered()
            feed(writer, 1)
            assert take(reader, 4096) == frame(1)
            if reader.stdout:
                reader.stdout.close()
            feed(writer, *range(2, 20))
            assert reader.wait(PATIENCE) == -signal.SIGPIPE
        soon(lambda: stream()["frames"] == 19)


def slow_reader_is_dropped() -> None:
    """After the writer's patience, with a word; stat says what it lost."""
    with writing("--slots", "4", "--patience", "0.05") as writer:
        with started("read", NAME, "-f", "--register") as reader:
            registered()
            reader.send_signal(signal.SIGSTOP)
            feed(writer, *range(1, 31))
            soon(lambda: stream()["frames"] == 30)
            assert stream()["readers"][0]["behind"] == 30
            reader.send_signal(signal.SIGCONT)
            # the oldest slot is the one that the writer has begun
            assert take(reader, 3 * 4096) == frame(28) + frame(29) + frame(30)
            soon(lambda: stream()["readers"][0] ==
                 {"name": f"{NAME}-r0", "pid": reader.pid, "behind": 0, "lost": 27})
            status, _, err = finish(writer)
            assert status == 0 and "1 registered reader has read no frame for 0.05 seconds" in err, err
            assert finish(reader)[2].endswith("3 frames read, 27 lost\n")


def timeouts() -> None:
    """No writer comes, and no frame."""
    assert finish_of("read", NAME, "-f", "-t", "20") == (1, b"", "")
    assert finish_of("read", NAME, "-f", "-t", "0") == (1, b"", "")
    with writing():
        assert finish_of("read", NAME, "-f", "-t", "20") == (1, b"", "")


def the_next_writer() -> None:
    """Of the same frames; of others only with --raw."""
    with started("read", NAME, "-f", "--again") as reader:
        for number in (1, 2):
            with writing("--size", "4x4") as writer:
                feed(writer, number, size=64)
                assert take(reader, 64) == frame(number, 64)
        with writing("--size", "8x4") as writer:
            feed(writer, 3, size=128)
            status, out, err = finish(reader)
            assert (status, out) == (4, b"") and "from XR24 4x4 to XR24 8x4" in err, err
    with started("read", NAME, "-f", "--again", "--raw") as reader:
        for size in (64, 128):
            with writing("--size", f"{size // 16}x4") as writer:
                feed(writer, 3, size=size)
                assert take(reader, size) == frame(3, size)
        reader.send_signal(END)
        assert finish(reader)[0] == 0


def no_stream() -> None:
    """A region that is none."""
    with started("create", NAME, "4K", "--lifetime", "creator") as holder:
        soon(stat)
        expect(3, "read", NAME, "-f", "-t", "1000", stderr="it is not a stream")
        assert stat()["stream"] is None
        expect(3, "write", NAME, "--frame", "16", stderr=f"cannot create {NAME}: a region has")
        # the guard of a stream that was not made takes nothing away
        assert stat()
        holder.send_signal(END)
        assert holder.wait(PATIENCE) == 0


def taken_by_replace() -> None:
    """The old stream ends for its readers."""
    with started("write", NAME, "-F", "4096") as first:
        soon(stream)
        with started("read", NAME, "-f") as reader:
            feed(first, 1)
            assert take(reader, 4096) == frame(1)
            with started("write", NAME, "-F", "64", "--replace") as second:
                soon(lambda: stream().get("slot_size") and stat()["pid"] == second.pid)
                assert finish(reader)[0] == 0
                assert finish(first)[0] == 0
                assert stat()["pid"] == second.pid
                assert finish(second)[0] == 0
    soon(gone)


# ---- wait --created -----------------------------------------------------------------------


def created() -> None:
    """Now, later, or not in time."""
    expect(1, "wait", "--created", "--timeout", "0", NAME)
    expect(1, "wait", "--created", "--timeout", "20", NAME)
    with started("wait", "--created", NAME) as waiter:
        time.sleep(0.05)
        assert waiter.poll() is None
        with writing():
            assert finish(waiter) == (0, b"", "")
            expect(0, "wait", "--created", "--timeout", "0", NAME)
            assert stat()["handles"] == 1
    for other in (["--pending"], ["--gone"], ["--after", "1"]):
        expect(2, "wait", "--created", *other, NAME, stderr="either --created")


# ---- formats --------------------------------------------------------------------------------


def names_of_pixels() -> None:
    """DRM's, ffmpeg's and GStreamer's, of the same bytes."""
    for drm, *others in (("XR24", "bgr0", "BGRx"), ("BG24", "rgb24", "RGB"), ("R8", "gray", "GRAY8"),
                         ("YUYV", "yuyv422", "YUY2"), ("NV12", "nv12"), ("P010", "p010le", "P010_10LE"),
                         ("YU12", "yuv420p", "I420"), ("AB24", "rgba", "RGBA")):  # fmt: skip
        for name in (drm, *others):
            with writing("--size", "8x4", "--format", name):
                assert stream()["format"] == drm, (name, stream())


def what_frames_are() -> None:
    """Of each kind, as JSON has it."""
    with writing("--size", "1280x720", "-f", "NV12", "--rate", "29.97", "--slots", "3"):
        got = stream()
        assert (got["kind"], got["width"], got["height"]) == ("video", 1280, 720)
        assert got["planes"] == [{"offset": 0, "stride": 1280}, {"offset": 921600, "stride": 1280}]
        assert (got["rate_num"], got["rate_den"], got["slots"]) == (2997, 100, 3)
        assert got["rate"] is None and got["last_frame_ns"] is None and got["frames"] == 0
    with writing("--shape", "1x3x4", "--dtype", "uint8", "--caps", "a text") as writer:
        feed(writer, 1, size=12)
        soon(lambda: stream()["frames"] == 1)
        got = stream()
        assert (got["kind"], got["format"], got["shape"]) == ("tensor", "uint8", [1, 3, 4])
        assert got["caps"] == "a text" and got["rate"] is None and got["last_frame_ns"] >= 0
    with writing("--channels", "2", "--dtype", "int16", "-F", "4000", "--rate", "48000"):
        got = stream()
        assert (got["kind"], got["format"], got["channels"]) == ("audio", "int16", 2)
        assert (got["rate_num"], got["rate_den"]) == (48000, 1)
    with writing("--mode", "0644"):
        assert stream()["kind"] == "bytes" and stream()["format"] is None
        assert stat()["mode"] == "0644"


def what_people_are_told() -> None:
    """By stat, ls and top."""
    with writing("--size", "4x4", "--rate", "25") as writer:
        with started("read", NAME, "-f", "--register") as reader:
            registered()
            feed(writer, 1, size=64)
            time.sleep(0.02)
            feed(writer, 2, size=64)
            soon(lambda: stream()["frames"] == 2 and not stream()["readers"][0]["behind"])
            got = stream()
            assert got["rate"] > 0, got
            text = expect(0, "stat", NAME).decode()
            for line in ("stream    video", "format    XR24 4x4", "slots     4 of 4096 (4K)",
                         f"reader    {NAME}-r0, pid {reader.pid}: 0 ",
                         " frames/s, 25 by the writer", "gaps      0 in the ring"):  # fmt: skip
                assert line in text, text
            assert re.search(r"^frames    2, the last \d+\.\d{3} s ago$", text, re.M), text
            listed = json.loads(expect(0, "ls", "--json"))
            assert [r["stream"]["frames"] for r in listed if r["name"] == NAME] == [2]
            # into a file: there may be more regions than a pipe has room for
            with tempfile.TemporaryFile() as shown:
                with subprocess.Popen([ZINC, "top", "-b", "-n", "1", "-d", "1"], stdout=shown) as top:
                    while top.poll() is None:
                        feed(writer, 3, size=64)
                        time.sleep(0.01)
                shown.seek(0)
                lines = shown.read().decode().splitlines()
            line = next(line for line in lines if line.startswith(f"{NAME} "))
            rate = line.split("XR24 4x4 ")[1].split("/s ")[0]
            assert float(rate) > 0 and "STREAM" in lines[1], lines
            reader.send_signal(END)
            assert finish(reader)[0] == 0


def wrong_usage() -> None:
    """Each mistake has its message."""
    for text, *arguments in (
        ("expected one of --size, --frame and --shape", "--size", "4x4", "--frame", "64"),
        ("expected one of --size, --frame and --shape", "--size", "4x4", "--shape", "4"),
        ("invalid size '4'", "--size", "4"),
        ("invalid size '4x65536'", "--size", "4x65536"),
        ("invalid format 'xx24': expected one of XR24 ", "--size", "4x4", "-f", "xx24"),
        ("--format needs --size", "--frame", "64", "-f", "NV12"),
        ("--dtype needs --shape", "--frame", "64", "-d", "uint8"),
        ("invalid dtype 'int7'", "--shape", "4", "-d", "int7"),
        ("invalid shape '4x'", "--shape", "4x"),
        ("invalid shape '1x1x1x1x1x1x1x1x1'", "--shape", "1x1x1x1x1x1x1x1x1"),
        ("invalid shape '3x0': expected 1 to 8 numbers above 0", "--shape", "3x0"),
        ("expected a tensor of at most 1T bytes", "--shape", "4294967296x4294967296"),
        ("invalid frame '0'", "--frame", "0"),
        ("expected --frame with a multiple of 8 bytes", "--channels", "2", "--frame", "12"),
        ("expected --frame with a multiple of 8 bytes", "--channels", "2"),
        ("invalid number of channels '1025'", "--channels", "1025", "--frame", "12"),
        ("invalid number of slots '1'", "--frame", "64", "--slots", "1"),
        ("invalid number of slots '65'", "--frame", "64", "--slots", "65"),
        ("invalid rate '0'", "--frame", "64", "--rate", "0"),
        ("invalid rate '25/'", "--frame", "64", "--rate", "25/"),
        ("invalid rate '1.0000001'", "--frame", "64", "--rate", "1.0000001"),
        ("invalid patience '0'", "--frame", "64", "--patience", "0"),
        ("invalid number of readers '0'", "--frame", "64", "--readers", "0"),
        ("invalid number of readers '17'", "--frame", "64", "--readers", "17"),
        ("invalid caps: expected at most 255 bytes", "--frame", "64", "--caps", 256 * "x"),
        ("--offset is not for a stream", "--frame", "64", "--offset", "0"),
        ("expected --size, --frame or --shape", "--slots", "3"),
        ("expected --size, --frame or --shape", "--readers", "1"),
        ("expected --size, --frame or --shape", "--replace"),
    ):  # fmt: skip
        expect(2, "write", NAME, *arguments, stderr=text)
    for text, *arguments in (
        ("expected --follow", "--newest"),
        ("expected --follow", "--count", "1"),
        ("expected --follow", "--raw"),
        ("expected --follow with options for frames, such as --timeout", "--timeout", "5"),
        ("expected one of --every, --newest and --register", "-f", "--newest", "--every"),
        ("either --follow, or --bytes and --offset", "-f", "--bytes", "4"),
        ("invalid number of frames '0'", "-f", "--count", "0"),
    ):  # fmt: skip
        expect(2, "read", NAME, *arguments, stderr=text)
    assert gone()


# ---- other programs ---------------------------------------------------------------------------


def ffmpeg_to_ffmpeg() -> None:
    """As the page has it: what comes out is what went in."""
    ffmpeg = shutil.which("ffmpeg")
    if not ffmpeg:
        raise Skip("needs ffmpeg")
    common = [ffmpeg, "-v", "error", "-nostdin"]
    source = ["-f", "lavfi", "-i", "testsrc=size=322x182:rate=30", "-frames:v", "45"]
    raw = ["-f", "rawvideo", "-s", "322x182", "-r", "30"]
    for pixels in ("bgr0", "yuv420p", "nv12", "rgb24"):
        want = subprocess.run(
            [*common, *source, "-pix_fmt", pixels, "-f", "framemd5", "-"],
            stdout=subprocess.PIPE, timeout=PATIENCE, check=True)  # fmt: skip
        with started("read", NAME, "--follow", "--register") as reader:
            with subprocess.Popen(
                [*common, *raw, "-pix_fmt", pixels, "-i", "-", "-f", "framemd5", "-"],
                stdin=reader.stdout, stdout=subprocess.PIPE) as sink:  # fmt: skip
                assert reader.stdout and sink.stdout
                reader.stdout.close()
                with writing("--size", "322x182", "--format", pixels) as writer:
                    registered()
                    subprocess.run(
                        [*common, *source, "-pix_fmt", pixels, "-f", "rawvideo", "-"],
                        stdout=writer.stdin, timeout=PATIENCE, check=True)  # fmt: skip
                got = sink.stdout.read()
                assert sink.wait(PATIENCE) == 0 and reader.wait(PATIENCE) == 0
        lines = [[line for line in text.decode().splitlines() if not line.startswith("#")]
                 for text in (want.stdout, got)]  # fmt: skip
        assert len(lines[0]) == 45 and lines[0] == lines[1], (pixels, lines)


TESTS: list[tuple[str, Callable[[], None]]] = [
    ("a registered reader gets every frame", every_frame_comes),
    ("--readers", the_first_frame_waits_for_readers),
    ("signals end the wait for readers", signals_end_the_wait_for_readers),
    ("no room for a stream", no_room),
    ("no quota for a region", no_quota),
    ("frames of a file", a_file_is_frames),
    ("an input without a frame", no_frame_at_all),
    ("an input that ends within a frame", short_last_frame),
    ("a late reader", whole_frames_of_what_is_left),
    ("--count", count_ends),
    ("lost frames are told at the end", lost_frames_are_told),
    ("rows without padding", rows_without_padding),
    ("a stream is not written over", no_plain_write),
    ("signals end the writer", signals_end_the_writer),
    ("a writer that is killed leaves nothing", killed_writer_leaves_nothing),
    ("signals end the reader", signals_end_the_reader),
    ("a closed pipe ends the reader", closed_pipe_ends_the_reader),
    ("a slow reader is dropped", slow_reader_is_dropped),
    ("--timeout", timeouts),
    ("the next writer", the_next_writer),
    ("a region that is no stream", no_stream),
    ("--replace", taken_by_replace),
    ("wait --created", created),
    ("names of pixel formats", names_of_pixels),
    ("stat --json of each kind", what_frames_are),
    ("stat, ls and top", what_people_are_told),
    ("wrong usage", wrong_usage),
    ("ffmpeg to ffmpeg", ffmpeg_to_ffmpeg),
]

if __name__ == "__main__":
    sys.exit(run([(n, what, test) for n, (what, test) in enumerate(TESTS, 1)]))
