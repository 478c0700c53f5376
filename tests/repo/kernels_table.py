#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What was tested on which kernel, as the tests have found it.

usage: kernels_table.py --print   the table of kmod/README.md, from build/log
       kernels_table.py           TAP: whether the page has that table

A cell is "yes" where all of these programs have run on that kernel and passed, "no"
where one has failed, "-" where none has run; of the command, "doctor" where only
`zinc doctor` has. A kernel of which only some programs have run is not compared. The
guests have told what kernels they are. The row of a kernel that has not been tested
here must be of that kernel. The newest series may have an older name in the page.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "kmod" / "README.md"
HEAD = "| kernel | architecture | page size | PREEMPT_RT | module | library | command | devices | run by |"
KSFT_SKIP = 4

TEST, DEEP = "`make test`", "`make check-kernel`"
KERNELS = {
    "6.1": TEST, "6.12": TEST, "newest": TEST, "6.1-arm64": TEST, "newest-arm64-16k": TEST,
    "6.1-rt": TEST, "newest-rt": DEEP, "6.12-arm64": DEEP,
}
COMMAND = {"cli_test.sh", "doctor_command.py", "lock_command.py"}
Results = dict[str, int]  # how many tests of a program have failed


@dataclass
class Kernel:
    """A guest's description of itself."""

    series: str
    machine: str
    page_size: int
    realtime: bool


def told(name: str, logs: Path) -> Kernel | None:
    path = logs / name / "kernel"
    if not path.exists():
        return None
    release, version, machine, page_size = path.read_text().splitlines()
    series = re.match(r"\d+\.\d+", release)
    if not series:
        raise ValueError(f"{path}: no series in {release}")
    return Kernel(series[0], machine, int(page_size), "PREEMPT_RT" in version)


def results(title: str, logs: Path) -> Results:
    """The record that tests/steps/suite.py has written."""
    path = logs / title / "results"
    if not path.exists():
        return {}
    lines = [line.split() for line in path.read_text().splitlines()]
    return {name: int(failed) for name, _, failed, *_ in lines}


def programs(prefix: str, without: tuple[str, ...] = ()) -> set[str]:
    """Names of the tests' C programs."""
    found = {path.stem for path in (TOP / "tests").glob(f"{prefix}*.c")}
    return {name for name in found if not without or not name.startswith(without)}


MODULE = programs("abi_")
# what asks nothing of a kernel is not run on each
LIBRARY = programs("lib_", ("lib_faults", "lib_lock"))


def cell(ran: Results) -> str:
    if not ran:
        return "-"
    return "no" if any(ran.values()) else "yes"


def named(ran: Results, prefix: str) -> Results:
    return {name: failed for name, failed in ran.items() if name.startswith(prefix)}


def missing(name: str, logs: Path) -> set[str]:
    """Programs that have not run, of a kernel that has been tested."""
    return (MODULE | LIBRARY) - results(name, logs).keys()


def row(name: str, logs: Path) -> list[str] | None:
    """The cells of a kernel; None: it has not been tested."""
    kernel = told(name, logs)
    if not kernel or missing(name, logs):
        return None
    ran = results(name, logs)
    command = {program: ran[program] for program in COMMAND & ran.keys()}
    cells = [cell(named(ran, "abi_")), cell(named(ran, "lib_")), cell(command),
             cell(named(results(f"gpu-{name}", logs), "gpu_"))]
    if cells[2] == "yes" and command.keys() != COMMAND:
        cells[2] = "doctor"
    return [
        kernel.series, kernel.machine, f"{kernel.page_size // 1024} KiB",
        "yes" if kernel.realtime else "-", *cells, KERNELS[name],
    ]


def is_of(name: str, cells: list[str]) -> bool:
    """Whether a row of the page may be of that kernel."""
    series, _, flavours = name.partition("-")
    return (
        len(cells) == HEAD.count(" | ") + 1
        and (series == "newest" or cells[0] == series)
        and cells[1] == ("aarch64" if "arm64" in flavours else "x86_64")
        and cells[2] == ("16 KiB" if "16k" in flavours else "4 KiB")
        and cells[3] == ("yes" if flavours.startswith("rt") else "-")
        and cells[-1] == KERNELS[name]
    )


def rows_of_page(page: Path) -> list[list[str]]:
    lines = page.read_text().splitlines()
    if HEAD not in lines:
        return []
    rows = []
    for line in lines[lines.index(HEAD) + 2:]:
        if not line.startswith("| "):
            break
        rows.append([part.strip() for part in line.strip("|").split("|")])
    return rows


def check(logs: Path, page: Path) -> int:
    said = rows_of_page(page)
    tested = {name: found for name in KERNELS if (found := row(name, logs))}
    if not tested:
        print("1..0 # SKIP no results in build/log: run tests/steps/all")
        return KSFT_SKIP
    print(f"1..{len(KERNELS) + 1}")
    failed = 0 if len(said) == len(KERNELS) else 1
    for i, name in enumerate(KERNELS):
        have = said[i] if i < len(said) else []
        found = tested.get(name)
        if not found and is_of(name, have):
            print(f"ok {i + 1} {name} # SKIP not tested here, or not with all programs")
            continue
        newest = 1 if name.startswith("newest") else 0
        if found and have[newest:] == found[newest:]:
            print(f"ok {i + 1} {name}")
            continue
        failed = 1
        print(f"not ok {i + 1} {name}")
        print(f"# expected, as the tests have found: {' | '.join(found or ['not tested'])}")
        print(f"# in the page: {' | '.join(have)}")
        print("# if the result is right: tests/repo/kernels_table.py --print")
    whole = len(said) == len(KERNELS)
    print(f"{'' if whole else 'not '}ok {len(KERNELS) + 1} a row for each kernel")
    return failed


def main() -> int:
    logs = TOP / "build" / "log"
    if not sys.argv[1:]:
        return check(logs, PAGE)
    if sys.argv[1:] != ["--print"]:
        print("usage: kernels_table.py [--print]", file=sys.stderr)
        return 2
    print(HEAD)
    print("|---" * HEAD.count(" | ") + "|---|")
    said = rows_of_page(PAGE)
    for i, name in enumerate(KERNELS):
        # rows of kernels that were not tested stay as they are in the page
        cells = row(name, logs) or (said[i] if i < len(said) else ["?", name])
        print("| " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
