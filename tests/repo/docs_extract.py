#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Takes the examples out of Markdown files, for tests/repo/docs_test.sh.

usage: docs_extract.py OUTPUT FILE.md...

What a fence's first line says decides what becomes of it:

    ```c NAME        a program: OUTPUT/files/NAME
    ```python NAME   likewise
    ```js NAME       likewise
    ```LANGUAGE from PATH   a part of that file, as it is there
    ```sh            commands to run on this machine
    ```sh kmod       commands to run in a guest with the module
    ```sh both       commands to run in both
    ```text tree     each line begins with a path that has to exist
    ```text          only shown

Writes OUTPUT/blocks, lines "FILE:LINE WHERE", and the commands of the Nth
line to OUTPUT/N.sh; OUTPUT/paths, paths that have to exist, from trees and
links; and OUTPUT/problems, a line for each thing that breaks these rules.
"""

import re
import sys
from pathlib import Path

FENCE = re.compile(r"^```(.*)$")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
WHERE = {(): "native", ("kmod",): "kmod", ("both",): "both"}


class Extract:
    """What has been found so far."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.blocks: list[str] = []
        self.paths: list[tuple[str, Path]] = []
        self.problems: list[str] = []
        self.files: dict[str, str] = {}
        self.scripts: list[str] = []

    def program(self, place: str, words: list[str], body: str) -> None:
        if len(words) != 2 or "/" in words[1]:
            self.problems.append(f"{place}: a program needs a file name behind its language")
        elif words[1] in self.files:
            self.problems.append(f"{place}: there is another {words[1]}")
        else:
            self.files[words[1]] = place
            (self.output / "files" / words[1]).write_text(body)

    def excerpt(self, place: str, path: Path, body: str) -> None:
        self.paths.append((place, path))
        if path.is_file() and body not in path.read_text():
            self.problems.append(f"{place}: {path} has it in other words")

    def commands(self, place: str, words: list[str], body: str) -> None:
        where = WHERE.get(tuple(words[1:]))
        if where is None:
            self.problems.append(f"{place}: sh, sh kmod or sh both")
            return
        self.blocks.append(f"{place} {where}")
        self.scripts.append(body)
        (self.output / f"{len(self.blocks)}.sh").write_text(body)

    def fence(self, place: str, folder: Path, words: list[str], body: str) -> None:
        kind = words[0] if words else ""
        if kind and words[1:2] == ["from"] and len(words) == 3:
            self.excerpt(place, folder / words[2], body)
        elif kind in ("c", "python", "js"):
            self.program(place, words, body)
        elif kind == "sh":
            self.commands(place, words, body)
        elif words == ["text", "tree"]:
            self.paths += [(place, folder / line.split()[0]) for line in body.splitlines()]
        elif words != ["text"]:
            self.problems.append(f"{place}: nobody runs a fence of '{' '.join(words)}'")

    def file(self, path: Path) -> None:
        inside = False
        words: list[str] = []
        body = begin = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            fence = FENCE.match(line)
            if fence and not inside:
                words, body, begin = fence[1].split(), "", f"{path}:{number}"
            elif fence:
                self.fence(begin, path.parent, words, body)
            elif inside:
                body += line + "\n"
            else:
                self.paths += [(f"{path}:{number}", path.parent / link)
                               for link in LINK.findall(line)]
            inside = inside != bool(fence)
        if inside:
            self.problems.append(f"{begin}: this fence has no end")

    def finish(self) -> None:
        for name, place in self.files.items():
            if not any(name in script for script in self.scripts):
                self.problems.append(f"{place}: nobody runs {name}")
        for name, lines in (
            ("blocks", self.blocks),
            ("paths", [f"{place} {path}" for place, path in self.paths]),
            ("problems", self.problems),
        ):
            (self.output / name).write_text("".join(f"{line}\n" for line in lines))


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit("usage: docs_extract.py OUTPUT FILE.md...")
    extract = Extract(Path(sys.argv[1]))
    (extract.output / "files").mkdir(parents=True)
    for path in sys.argv[2:]:
        extract.file(Path(path))
    extract.finish()


if __name__ == "__main__":
    main()
