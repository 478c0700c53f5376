#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the camera's frames have gone: what each part has had, and what not, and why.

usage: explain.py DIRECTORY

The directory has camera.frames, infer.frames and encode.frames: "start" for each start
of the part, and a line for each frame. The camera's has its number in the stream, and in
the camera; infer's the number, and how many were overwritten since the last one; the
encoder's the number, and what zincsrc counts: frames, copies, lost, overwritten, streams.

Exit status: 0 every frame is accounted for, and the encoder lost none; 1 otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

Line = list[int]


class Part:
    """Frames that a part has read: runs of frames, without a start or a new camera in between"""

    def __init__(self, path: Path) -> None:
        self.starts = 0
        self.runs: list[list[Line]] = []
        self.cameras: list[int] = []
        camera, last, begins = 0, 0, True
        for text in path.read_text().splitlines():
            if text == "start":
                self.starts, begins = self.starts + 1, True
                continue
            line = [int(word) for word in text.split()]
            if line[0] <= last or not self.runs:
                camera, begins = camera + 1, True
            if begins:
                self.runs.append([])
                self.cameras.append(camera)
            begins, last = False, line[0]
            self.runs[-1].append(line)

    @property
    def frames(self) -> int:
        """How many it has had"""
        return sum(len(run) for run in self.runs)

    @property
    def between(self) -> int:
        """The number of frames that it missed between its first and its last one"""
        return sum(run[-1][0] - run[0][0] + 1 - len(run) for run in self.runs)

    def away(self, cameras: Part) -> int:
        """How many came when it did not run, was not there yet, or was there no more"""
        number = 0
        for camera, written in enumerate(cameras.runs, 1):
            number += written[-1][0]
            number -= sum(
                run[-1][0] - run[0][0] + 1
                for run, of in zip(self.runs, self.cameras)
                if of == camera
            )
        return number


def say(part: str, has: int, starts: int, text: str) -> None:
    """A line of the table"""
    print(f"   {part:8} {has:8}  {starts} starts; {text}")


def main() -> int:
    """The table"""
    directory = Path(sys.argv[1])
    camera, infer, encode = (
        Part(directory / f"{part}.frames") for part in ("camera", "infer", "encode")
    )
    missed = sum(run[-1][1] + 1 - len(run) for run in camera.runs)
    say("camera", camera.frames, camera.starts, f"{missed} that it had no free slot for")
    torn = sum(line[1] for run in infer.runs for line in run)
    text = f"{infer.between - torn} passed over, as it takes the newest; "
    text += f"{torn} overwritten while it looked; {infer.away(camera)} while it was not there"
    say("infer", infer.frames, infer.starts, text)
    # its counts begin again at each start, not at a new camera
    lines = [line for run in encode.runs for line in run]
    ends = [a for a, b in zip(lines, lines[1:] + [[0] * 6]) if b[1] <= a[1]]
    copies, lost, overwritten = (sum(end[column] for end in ends) for column in (2, 3, 4))
    text = f"{lost} lost, {overwritten} overwritten in use, {copies} copied; "
    text += f"{encode.away(camera)} while it was not there"
    say("encode", encode.frames, encode.starts, text)
    wrong = []
    if camera.between:
        wrong.append(f"{camera.between} frames of the camera have no line")
    if sum(end[1] for end in ends) != encode.frames:
        wrong.append("zincsrc has counted other frames than came out of it")
    if encode.between or lost or overwritten:
        wrong.append(f"the encoder lost {encode.between}, for which the camera waits")
    for part, name in ((infer, "infer"), (encode, "encode")):
        if part.away(camera) < 0 or part.cameras[-1] > camera.starts:
            wrong.append(f"{name} has had frames that the camera has not written")
    for text in wrong:
        print(f"   {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
