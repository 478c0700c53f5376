#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Frames from one pipeline to three others: zincsink, shmsink, unixfdsink, in turns.

usage: tests/gstreamer/newest tests/gstreamer/bench.py [ROUNDS [SECONDS [WIDTHxHEIGHT]]]

Processor time of all processes per frame that was written, less that of the source
alone; and how old a frame is when it arrives. Prints a table for lib/doc/gstreamer.md:
ratios to zincsrc without a copy in the same round, with their quartiles. "once more" is
that again, for what ratios are worth.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

BENCH = os.environ.get("ZINC_GST_BUILD", "build") + "/tests/gstreamer/bench"
READERS = 3
SINK = "zincsink stream-name=gst-bench slots=6"
SOURCE = "zincsrc stream-name=gst-bench"
# name, sink, source; the first is what the others are compared with
PEERS = (
    ("zincsrc memory=share", SINK, SOURCE + " memory=share"),
    ("the same once more", SINK, SOURCE + " memory=share"),
    ("zincsrc frames=registered", SINK, SOURCE + " frames=registered"),
    ("zincsrc, which copies", SINK, SOURCE),
    ("shmsrc", "shmsink socket-path={dir}/shm shm-size={shm} wait-for-connection=false",
     "shmsrc is-live=true socket-path={dir}/shm"),
    ("unixfdsrc", "unixfdsink socket-path={dir}/fd", "unixfdsrc socket-path={dir}/fd"),
)


def start(seconds: int, line: str) -> "subprocess.Popen[str]":
    """A pipeline that is measured."""
    return subprocess.Popen([BENCH, str(seconds), line], stdout=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> list[int]:
    """Frames, processor time, and three ages."""
    out = process.communicate(timeout=120)[0]
    if process.returncode:
        sys.exit(f"{process.args!r} failed with {process.returncode}")
    return [int(word) for word in out.split()]


def source(size: str) -> str:
    """Frames whose pixels cost little."""
    width, height = size.split("x")
    return ("write:videotestsrc is-live=true pattern=black ! video/x-raw,format=BGRx,"
            f"width={width},height={height},framerate=60/1 ! ")


def measure(peer: tuple[str, str, str], seconds: int, size: str) -> dict[str, float]:
    """One round of a peer."""
    width, height = (int(side) for side in size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        fill = {"dir": folder, "shm": width * height * 4 * 16}
        # its first second is the readers' start
        writer = start(seconds + 2, source(size) + peer[1].format(**fill) + " name=sink sync=false")
        while "socket-path" in peer[1] and not os.listdir(folder):
            time.sleep(0.01)
        # it has to listen as well
        time.sleep(0.3)
        readers = [
            start(seconds, peer[2].format(**fill) + " ! fakesink name=sink sync=false")
            for _ in range(READERS)
        ]
        seen = [finish(reader) for reader in readers]
        written = finish(writer)
    if not written[0]:
        # as shmsink does now and then
        print(f"{peer[0]}: the writer stands still, once more", file=sys.stderr)
        return measure(peer, seconds, size)
    per_second = written[0] / (seconds + 2)
    return {
        "rate": per_second,
        "cpu": written[1] / written[0] + sum(one[1] for one in seen) / seconds / per_second,
        "arrived": sum(one[0] for one in seen) / READERS / seconds,
        "p50": statistics.median(one[2] for one in seen),
        "p99": statistics.median(one[4] for one in seen),
    }


def spread(values: list[float]) -> str:
    """A median and its quartiles."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def main() -> None:
    """All peers in turns."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    size = sys.argv[3] if len(sys.argv) > 3 else "3840x2160"
    results: dict[str, list[dict[str, float]]] = {peer[0]: [] for peer in PEERS}
    alone = []
    for number in range(rounds):
        frames, cpu = finish(start(seconds, source(size) + "fakesink name=sink sync=false"))[:2]
        alone.append(cpu / frames)
        # the order is another one each time
        for peer in PEERS[number % len(PEERS):] + PEERS[:number % len(PEERS)]:
            results[peer[0]].append(measure(peer, seconds, size))
            print(f"round {number + 1} of {rounds}: {peer[0]}", file=sys.stderr)
    base = results[PEERS[0][0]]
    print(f"{size} XR24, 60 frames a second, {READERS} readers, {os.cpu_count()} processors,"
          f" {rounds} rounds of {seconds} s; the source alone: {statistics.median(alone) / 1e6:.1f}"
          " ms a frame")
    print()
    print("| | frames a second that arrive | processor time a frame | age, median | age, 99 % |")
    print("|---|---|---|---|---|")
    for name, all_rounds in results.items():
        cells = [f"{statistics.median(one['arrived'] for one in all_rounds):.0f}"]
        for key in ("cpu", "p50", "p99"):
            less = alone if key == "cpu" else [0.0] * rounds
            cells.append(spread([
                max(one[key] - own, 1.0) / max(zinc[key] - own, 1.0)
                for one, zinc, own in zip(all_rounds, base, less)
            ]))
        print(f"| {name} | {' | '.join(cells)} |")
    mine = statistics.median(one["cpu"] - own for one, own in zip(base, alone))
    print()
    print(f"1.00 is {mine / 1e6:.2f} ms of processor time,"
          f" {statistics.median(one['p50'] for one in base) / 1e6:.2f} ms and"
          f" {statistics.median(one['p99'] for one in base) / 1e6:.2f} ms.")


if __name__ == "__main__":
    main()
