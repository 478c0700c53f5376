#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A stream from a writer in every language to a reader in every language.

streamer_LANGUAGE does the work, by the orders that CASES.md has; which frames have to
come is known here. A language whose build said what it lacks is skipped with those
words. Prints TAP.

    ZINC_FRAMES     how many are written as fast as possible for each pair (500)
    ZINC_ADAPTERS   where the streamers were built
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Callable

import matrix

LANGUAGES = ("c", "python", "cpp", "rust", "go", "java", "csharp", "node")
HERE = Path(__file__).resolve().parent
SHM = Path("/dev/shm")
FRAMES = int(os.environ.get("ZINC_FRAMES", "500"))
SLOTS = 4
# what CASES.md says of these three
FORMATS = {
    "nv12": ("NV12/6x4/64,64", 384),
    "xr24": ("XR24/5x3/32", 96),
    "tensor": ("float32/2,3", 24),
}


class Wrong(Exception):
    """The answer, and the expected answer."""


class Streamer(matrix.Peer):
    """A process that writes or reads a stream."""

    def __init__(self, language: str) -> None:
        super().__init__(language, "streamer")
        self.language = language

    def ask(self, order: str) -> str:
        """An order and its answer."""
        self.order(order)
        return self.answer()

    def must(self, order: str, want: str) -> None:
        """An order that has to have that answer."""
        said = self.ask(order)
        if said != want:
            raise Wrong(f"{self.language}: '{order}' answers '{said}', not '{want}'")


def frame(kind: str, number: int, *, lost: int = 0, changed: bool = False) -> str:
    """The answer to next."""
    text, size = FORMATS[kind]
    return f"frame {number} {lost} {int(changed)} {text} {size} {number * 1000} right"


def in_format(kind: str) -> Callable[[Streamer, Streamer, str], None]:
    """A case for one kind of format."""

    def case(writer: Streamer, reader: Streamer, name: str) -> None:
        writer.must(f"create {name} {kind} {SLOTS}", "ready")
        reader.must(f"open {name} newest", f"ready {FORMATS[kind][0]}")
        for number in (1, 2, 3):
            writer.must("write 1", "done")
            reader.must("next", frame(kind, number))
        writer.must("end", "done")
        reader.must("next", "gone")
        reader.must("close", "done")

    return case


def lost(writer: Streamer, reader: Streamer, name: str) -> None:
    """The oldest frame is in the slot that may be written: three of four are left."""
    writer.must(f"create {name} xr24 {SLOTS}", "ready")
    reader.must(f"open {name} every", f"ready {FORMATS['xr24'][0]}")
    writer.must("write 10", "done")
    reader.must("next", frame("xr24", 8, lost=7))
    reader.must("next", frame("xr24", 9))
    reader.must("next", frame("xr24", 10))
    reader.must("close", "done")
    reader.must(f"open {name} newest", f"ready {FORMATS['xr24'][0]}")
    reader.must("next", frame("xr24", 10))
    writer.must("write 7", "done")
    reader.must("next", frame("xr24", 17))
    reader.must("close", "done")
    writer.must("end", "done")


def torn(writer: Streamer, reader: Streamer, name: str) -> None:
    """A frame that is overwritten in the reader's hands is not whole."""
    writer.must(f"create {name} tensor {SLOTS}", "ready")
    reader.must(f"open {name} every", f"ready {FORMATS['tensor'][0]}")
    writer.must("write 1", "done")
    reader.must("hold", "held 1 1")
    writer.must("write 4", "done")
    reader.must("release", "released 0")
    reader.must("read", frame("tensor", 3, lost=1))
    reader.must("hold", "held 4 1")
    reader.must("release", "released 1")
    reader.must("close", "done")
    writer.must("end", "done")


def register(writer: Streamer, reader: Streamer, name: str) -> None:
    """The writer waits for a registered reader, and not for one that was killed."""
    writer.must(f"create {name} tensor {SLOTS}", "ready")
    reader.must(f"open {name} register", f"ready {FORMATS['tensor'][0]}")
    writer.must(f"write {SLOTS}", "done")
    writer.must("try", "busy")
    reader.must("next", frame("tensor", 1))
    writer.must("try", "done")
    writer.must("try", "busy")
    for number in range(2, SLOTS + 2):
        reader.must("next", frame("tensor", number))
    writer.must(f"write {SLOTS}", "done")
    reader.stop()
    writer.must("write 3", "done")
    reader.start()
    writer.must("end", "done")
    # without the module, what a killed process has made stays
    (SHM / f"zinc_{name}-r0").unlink(missing_ok=True)


def new_format(writer: Streamer, reader: Streamer, name: str) -> None:
    """Frames after it have the new format, and the first one says so."""
    writer.must(f"create {name} nv12 {SLOTS}", "ready")
    reader.must(f"open {name} every", f"ready {FORMATS['nv12'][0]}")
    writer.must("write 1", "done")
    reader.must("next", frame("nv12", 1))
    writer.must("format tensor", "done")
    writer.must("write 2", "done")
    reader.must("next", frame("tensor", 2, changed=True))
    reader.must("next", frame("tensor", 3))
    reader.must("close", "done")
    writer.must("end", "done")


def restart(writer: Streamer, reader: Streamer, name: str) -> None:
    """A killed writer is an event after the frames that are left; the next one is found."""
    writer.must(f"create {name} xr24 {SLOTS}", "ready")
    reader.must(f"open {name} every", f"ready {FORMATS['xr24'][0]}")
    writer.must("write 2", "done")
    writer.process.send_signal(signal.SIGKILL)
    writer.process.wait()
    writer.start()
    reader.must("next", frame("xr24", 1))
    reader.must("next", frame("xr24", 2))
    reader.must("next", "gone")
    reader.must("close", "done")
    # the reader is first
    reader.order(f"open {name} every")
    writer.must(f"create {name} tensor {SLOTS}", "ready")
    if (said := reader.answer()) != f"ready {FORMATS['tensor'][0]}":
        raise Wrong(f"{reader.language}: the next writer: '{said}'")
    writer.must("write 1", "done")
    reader.must("next", frame("tensor", 1))
    reader.must("close", "done")
    writer.must("end", "done")


def burst(writer: Streamer, reader: Streamer, name: str) -> None:
    """Every frame that is reported as whole is right, and all others are counted."""
    writer.must(f"create {name} nv12 {SLOTS}", "ready")
    reader.must(f"open {name} every", f"ready {FORMATS['nv12'][0]}")
    reader.order("follow")
    writer.must(f"write {FRAMES}", "done")
    writer.must("end", "done")
    said = reader.answer().split()
    if len(said) != 4 or said[0] != "followed":
        raise Wrong(f"{reader.language}: 'follow' answers {said}")
    right, wrong, lost_ones = map(int, said[1:])
    if wrong or not right or right + lost_ones != FRAMES:
        raise Wrong(f"{reader.language}: of {FRAMES}: {right} right, {wrong} wrong, {lost_ones} lost")
    reader.must("close", "done")


CASES: dict[str, Callable[[Streamer, Streamer, str], None]] = {
    **{kind: in_format(kind) for kind in FORMATS},
    "lost": lost,
    "torn": torn,
    "format": new_format,
    "restart": restart,
    "burst": burst,
    "register": register,
}


def run(case: str, writer: Streamer, reader: Streamer) -> str:
    """An empty string, or what went wrong; both can be used afterwards."""
    name = f"zs{os.getpid()}-{writer.language}-{reader.language}-{case}"
    try:
        CASES[case](writer, reader, name)
    except Wrong as wrong:
        writer.stop()
        reader.stop()
        return str(wrong)
    return ""


def lacking(language: str) -> str:
    """Why a language cannot be run; empty if it can."""
    if not (HERE / f"streamer_{language}").exists():
        return f"there is no streamer_{language}"
    return matrix.lacking(language)


def main() -> int:
    lacks = {language: lacking(language) for language in LANGUAGES}
    there = [language for language in LANGUAGES if not lacks[language]]
    missing = [language for language in LANGUAGES if lacks[language]]
    writers = {language: Streamer(language) for language in there}
    readers = {language: Streamer(language) for language in there}
    failed = number = 0
    print(f"TAP version 13\n1..{len(there) ** 2 * len(CASES) + len(missing)}", flush=True)
    for language in missing:
        number += 1
        print(f"ok {number} all pairs with {language} # SKIP {lacks[language]}")
    for a in there:
        for b in there:
            for case in CASES:
                number += 1
                wrong = run(case, writers[a], readers[b])
                if wrong:
                    failed += 1
                    print(f"# {wrong}")
                print(f"{'not ' if wrong else ''}ok {number} {a} to {b}: {case}", flush=True)
    failed += sum(not matrix.ends(peer) for peer in (*writers.values(), *readers.values()))
    for left in SHM.glob(f"zinc_zs{os.getpid()}-*"):
        failed += 1
        print(f"# {left} is left")
        left.unlink()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
