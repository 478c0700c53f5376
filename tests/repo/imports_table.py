#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What imports what on which kernel, as the tests have found it.

usage: imports_table.py --print   the table of lib/doc/devices.md, from build/log
       imports_table.py           TAP: whether the page has that table

A cell is "yes" where every test of the row has passed on that kernel, "no"
where one has failed, "-" where the kernel has no such thing and all were
skipped, "?" where they have not been run. The last column is for the newest
series that Debian had when the tests were run; the page may have an older name for it.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
KERNELS = ("6.1", "6.12", "newest")
HEAD = re.compile(r"^\| \| 6\.1 \| 6\.12 \| (\S+) \|$")
RUN = re.compile(r"^#\s+RUN\s+(\S+) \.\.\.$")
RESULT = re.compile(r"^(not )?ok \d+ (?:- )?(.*?)\s*(#\s*SKIP\b.*)?$", re.IGNORECASE)
KSFT_SKIP = 4


@dataclass
class Row:
    """A row: which results of which log it stands for."""

    what: str
    log: str  # below build/log; K stands for the kernel
    tests: str  # the results that count; those of scripts begin with "K: "
    kernels: tuple[str, ...] = KERNELS


MESA = ("6.1", "6.12")
ROWS = (
    Row("PRIME import by vgem: its pages are the region's", "gpu-K/gpu_prime", r"prime\.vgem\."),
    Row("PRIME import by cirrus: its pages are the region's", "gpu-K/gpu_prime",
        r"prime\.cirrus\."),
    Row("scan-out by cirrus, compared with the screen", "gpu-K/gpu_cirrus", r"cirrus\."),
    Row("scan-out by vkms, written back into a second region; the write-back's fence notifies it",
        "gpu-K/gpu_vkms", r"vkms\."),
    Row("OpenGL ES, Mesa 25.0 by software: a shader samples a region and draws into another",
        "mesa/mesa_test.sh", r"K: (gles|example gles)", MESA),
    Row("Vulkan, lavapipe of Mesa 25.0: fill, compute shader, images", "mesa/mesa_test.sh",
        r"K: (vulkan|example vulkan)", MESA),
    Row("scatter lists of a driver: static and dynamic, every direction, bounce buffers",
        "importer/importer_test.sh", r"K: (data|importer|life)\."),
    Row("a device's fence notifies a region", "K/abi_fence", r"fence\."),
    Row("a region of a GEM buffer of vgem", "K/abi_import", r"source\.vgem\."),
    Row("a region of a dma-heap's buffer", "K/abi_import", r"source\.heap\."),
    Row("a region of a udmabuf", "K/abi_import", r"source\.udmabuf\."),
    Row("export, attach, map, close and SIGKILL by four processes: nothing is left",
        "gpu-K/gpu_prime", r"vgem\.stress"),
)


def cell(row: Row, kernel: str, logs: Path) -> str:
    if kernel not in row.kernels:
        return "-"
    log = logs / (row.log.replace("K", kernel) + ".log")
    if not log.exists():
        return "?"
    wanted = re.compile(row.tests.replace("K", re.escape(kernel)))
    passed = failed = skipped = 0
    running = ""
    for line in log.read_text(errors="replace").splitlines():
        if run := RUN.match(line):
            running = run[1]
        result = RESULT.match(line)
        # some harnesses print no name for a skipped result
        if not result or not wanted.match(result[2] or running):
            continue
        if result[1]:
            failed += 1
        elif result[3]:
            skipped += 1
        else:
            passed += 1
    if failed:
        return "no"
    if passed:
        return "yes"
    return "-" if skipped else "?"


def newest(logs: Path) -> str:
    """The series of the newest kernel, as its guest has told it."""
    told = logs / "newest" / "kernel"
    release = re.match(r"\d+\.\d+", told.read_text()) if told.exists() else None
    return release[0] if release else "newest"


def table(logs: Path) -> list[str]:
    head = " | ".join([*KERNELS[:-1], newest(logs)])
    lines = [f"| | {head} |", "|---" * (1 + len(KERNELS)) + "|"]
    for row in ROWS:
        cells = [cell(row, kernel, logs) for kernel in KERNELS]
        lines.append("| " + " | ".join([row.what, *cells]) + " |")
    return lines


def of_page(page: Path) -> list[str]:
    lines = page.read_text().splitlines()
    begin = next((i for i, line in enumerate(lines) if HEAD.match(line)), None)
    if begin is None:
        return []
    end = next(i for i in range(begin, len(lines) + 1)
               if i == len(lines) or not lines[i].startswith("|"))
    return lines[begin:end]


def check(logs: Path, page: Path) -> int:
    found = table(logs)
    if all("| ? |" in line for line in found[2:]):
        print("1..0 # SKIP no results in build/log: run tests/steps/all")
        return KSFT_SKIP
    said = of_page(page)
    print("1..1")
    if said[1:] == found[1:]:
        print("ok 1 the page says what was found")
        return 0
    print("not ok 1 the page says what was found")
    for line in found:
        print(("# as it is: " if line in said else "# not in the page: ") + line)
    for line in said:
        if line not in found:
            print("# only in the page: " + line)
    return 1


def main() -> int:
    logs = TOP / "build" / "log"
    if not sys.argv[1:]:
        return check(logs, TOP / "lib" / "doc" / "devices.md")
    if sys.argv[1:] != ["--print"]:
        print("usage: imports_table.py [--print]", file=sys.stderr)
        return 2
    print("\n".join(table(logs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
