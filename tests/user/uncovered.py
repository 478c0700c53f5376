#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What gcov has counted, file by file, and the lines that never ran.

usage: uncovered.py FOLDER...

A FOLDER has objects that were compiled with --coverage, and their counts. Of a
branch, each way out counts. Fails where nothing was counted at all.
"""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent.parent


@dataclass
class Source:
    """Counts of one file, of all objects that have a part of it."""

    lines: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    branches: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))


def gcov(notes: Path) -> Any:
    """What gcov says of one object; one that never ran has no counts: zeros."""
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", "--branch-probabilities", str(notes)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, cwd=notes.parent,
    )
    return json.loads(done.stdout)


def count(folders: list[Path]) -> dict[str, Source]:
    """All of the project's own sources, by their names from the top."""
    sources: dict[str, Source] = defaultdict(Source)
    for notes in sorted(n for folder in folders for n in folder.glob("*.gcno")):
        for file in gcov(notes)["files"]:
            path = (TOP / file["file"]).resolve()
            if not path.is_relative_to(TOP / "lib"):
                continue
            source = sources[str(path.relative_to(TOP))]
            for line in file["lines"]:
                source.lines[line["line_number"]] += line["count"]
                for n, branch in enumerate(line["branches"]):
                    source.branches[line["line_number"], n] += branch["count"]
    return sources


def share(counts: list[int]) -> str:
    """How many of them are not zero."""
    ran = sum(1 for n in counts if n)
    return f"{ran:5} of {len(counts):5} {100 * ran / max(1, len(counts)):5.1f} %"


def ranges(numbers: list[int]) -> str:
    """Numbers in order, those in a row as one."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and n == parts[-1][1] + 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in parts)


def show(sources: dict[str, Source]) -> None:
    """The table, then each line that never ran."""
    print(f"{'':28} {'lines':>22} {'branches':>22}")
    for name, source in sorted(sources.items()):
        print(f"{name:28} {share(list(source.lines.values())):>22}"
              f" {share(list(source.branches.values())):>22}")
    for part in ("lib/cli/", "lib/"):
        mine = [s for n, s in sources.items() if n.startswith(part)
                and (part != "lib/" or not n.startswith("lib/cli/"))]
        print(f"{part + ' in all':28}"
              f" {share([n for s in mine for n in s.lines.values()]):>22}"
              f" {share([n for s in mine for n in s.branches.values()]):>22}")
    print("\nnever ran:")
    for name, source in sorted(sources.items()):
        missing = sorted(n for n, c in source.lines.items() if not c)
        if not missing:
            continue
        text = (TOP / name).read_text().splitlines()
        print(f"{name}: {ranges(missing)}")
        for n in missing:
            print(f"    {n:4} {text[n - 1].strip()}")


def main() -> int:
    if len(sys.argv) < 2:
        print((__doc__ or "").split("\n\n")[1], file=sys.stderr)
        return 2
    sources = count([Path(a).resolve() for a in sys.argv[1:]])
    if not any(n for s in sources.values() for n in s.lines.values()):
        print("nothing was counted", file=sys.stderr)
        return 1
    show(sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
