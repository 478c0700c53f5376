#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What imports what on which kernel, as the tests have found it.

usage: imports_table.py --print   the table of README.md, from build/log
       imports_table.py           TAP: whether README.md has that table

A cell is "yes" where every test of the row has passed on that kernel, "no"
where one has failed, "-" where the kernel has no such thing and all were
skipped, "?" where they have not been run.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
KERNELS = ("6.1", "6.12", "7.2")
HEAD = "| | " + " | ".join(KERNELS) + " |"
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
    Row("scan-out by vkms, written back into a second region, whose notify is the fence of that",
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
        # a result that is skipped has no name in some harnesses
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


def table(logs: Path) -> list[str]:
    lines = [HEAD, "|---" * (1 + len(KERNELS)) + "|"]
    for row in ROWS:
        cells = [cell(row, kernel, logs) for kernel in KERNELS]
        lines.append("| " + " | ".join([row.what, *cells]) + " |")
    return lines


def of_readme(readme: Path) -> list[str]:
    lines = readme.read_text().splitlines()
    if HEAD not in lines:
        return []
    begin = lines.index(HEAD)
    end = next(i for i in range(begin, len(lines) + 1)
               if i == len(lines) or not lines[i].startswith("|"))
    return lines[begin:end]


def check(logs: Path, readme: Path) -> int:
    found = table(logs)
    if all("| ? |" in line for line in found[2:]):
        print("1..0 # SKIP no results in build/log: run tests/all")
        return KSFT_SKIP
    said = of_readme(readme)
    print("1..1")
    if said == found:
        print("ok 1 README.md says what was found")
        return 0
    print("not ok 1 README.md says what was found")
    for line in found:
        print(("# as it is: " if line in said else "# not in README.md: ") + line)
    for line in said:
        if line not in found:
            print("# only in README.md: " + line)
    return 1


def main() -> int:
    logs = TOP / "build" / "log"
    if not sys.argv[1:]:
        return check(logs, TOP / "README.md")
    if sys.argv[1:] != ["--print"]:
        print("usage: imports_table.py [--print]", file=sys.stderr)
        return 2
    print("\n".join(table(logs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
