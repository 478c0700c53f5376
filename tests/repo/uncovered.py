#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Say which lines of the module, or of the library, ran in any of several runs: TAP.

usage: uncovered.py SOURCES LIST DATA...

SOURCES is kmod or lib. DATA are folders with what gcov needs, *.gcno and *.gcda side
by side, at any depth; the first gets a file, uncovered, with each line that never ran.
LIST has those that need not run, each as

    FILE FUNCTION: SOURCE TEXT

right under a comment that says why; it serves for all the lines up to an empty
one.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
GOAL = 95  # per cent of the lines


@dataclass
class Line:
    """One line of source, over all runs and all objects that have it."""

    function: str = ""
    count: int = 0
    branches: list[int] = field(default_factory=list)

    def add(self, count: int, branches: list[int]) -> None:
        self.count += count
        if len(branches) == len(self.branches):
            self.branches = [a + b for a, b in zip(self.branches, branches)]
        elif taken(branches) >= taken(self.branches):
            # compiled differently: the version that has seen more
            self.branches = branches


def taken(branches: list[int]) -> float:
    return sum(1 for b in branches if b) / len(branches) if branches else -1


Lines = dict[str, dict[int, Line]]


def read_object(notes: Path, ours_is: re.Pattern[str], lines: Lines) -> None:
    """Add what one object file counted in one run; without *.gcda that is nothing."""
    output = subprocess.run(
        ["gcov", "--branch-probabilities", "--json-format", "--stdout", notes.name],
        cwd=notes.parent, check=True, capture_output=True, text=True,
    ).stdout
    for document in filter(None, output.splitlines()):
        for source in json.loads(document)["files"]:
            ours = ours_is.search(source["file"])
            if not ours or not (TOP / ours[1]).exists():
                continue
            for entry in source["lines"]:
                line = lines[ours[1]][entry["line_number"]]
                line.function = entry.get("function_name", line.function)
                line.add(entry["count"], [b["count"] for b in entry["branches"]])


def read_list(path: Path) -> dict[str, str]:
    """Lines that need not run, and why."""
    listed: dict[str, str] = {}
    why = ""
    for text in path.read_text().splitlines():
        if text.startswith("#"):
            why = text
        elif not text.strip():
            why = ""
        elif not why:
            raise ValueError(f"{path}: no reason given for: {text}")
        else:
            listed[text] = why
    return listed


def print_table(lines: Lines) -> float:
    """Per file and in all; returns the per cent of lines that ran."""
    sums = [0, 0, 0, 0]
    print(f"# {'file':18} {'lines':>10} {'':7} {'branches':>10}")
    for name in sorted(lines):
        here = lines[name].values()
        branches = [b for line in here for b in line.branches]
        counts = [
            sum(1 for line in here if line.count), len(here),
            sum(1 for b in branches if b), len(branches),
        ]
        print_row(name, counts)
        sums = [a + b for a, b in zip(sums, counts)]
    print_row("all", sums)
    return 100 * sums[0] / sums[1] if sums[1] else 0


def print_row(name: str, counts: list[int]) -> None:
    ran, total, seen, ways = counts
    print(
        f"# {name:18} {ran:4} / {total:4} {per_cent(ran, total):>7}"
        f" {seen:4} / {ways:4} {per_cent(seen, ways):>7}"
    )


def per_cent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def never_ran(lines: Lines) -> list[str]:
    """As the list has them."""
    found = []
    for name in sorted(lines):
        text = (TOP / name).read_text().splitlines()
        for number, line in sorted(lines[name].items()):
            if not line.count:
                found.append(f"{name} {line.function}: {text[number - 1].strip()}")
    return found


def main() -> int:
    if len(sys.argv) < 4 or sys.argv[1] not in ("kmod", "lib"):
        print((__doc__ or "").split("\n\n")[1], file=sys.stderr)
        return 2
    ours = re.compile(rf"(?:^|/)({sys.argv[1]}/(?:(?:cli|core|backend|lock)/)?[a-z_]+\.[ch])$")
    listed, folders = read_list(Path(sys.argv[2])), [Path(a) for a in sys.argv[3:]]
    lines: Lines = defaultdict(lambda: defaultdict(Line))
    for path in sorted(n for folder in folders for n in folder.rglob("*.gcno")):
        read_object(path, ours, lines)
    reached = print_table(lines)
    missing = never_ran(lines)
    (folders[0] / "uncovered").write_text("".join(f"{line}\n" for line in missing))
    for line in sorted(set(listed) - set(missing)):
        print(f"# listed, but it has run: {line}")
    unlisted = [line for line in missing if line not in listed]
    for line in unlisted:
        print(f"# never ran, and is not listed: {line}")
    print(f"# {len(missing)} lines never ran, of which {len(unlisted)} are not listed")
    good = (reached >= GOAL, not unlisted)
    print("1..2")
    print(f"{'ok' if good[0] else 'not ok'} 1 {GOAL} % of the lines ran: {reached:.1f} %")
    print(f"{'ok' if good[1] else 'not ok'} 2 every other line is listed, with a reason")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
