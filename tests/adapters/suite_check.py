#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Did each suite report each case of cases.txt, once, under its number?

usage: suite_check.py    ($ZINC_SUITE_LOGS: the folder of the suites' logs)

A suite that was skipped as a whole is skipped here. Prints TAP.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULT = re.compile(r"^(?:not )?ok (\d+) (\S+)", re.MULTILINE)
PARTICULAR = 101
CASES = [
    (int(number), what)
    for number, what in (line.split() for line in (HERE / "cases.txt").read_text().splitlines()[1:])
]


def main() -> int:
    suites = sorted(HERE.glob("conform_*"))
    failed = 0
    print(f"TAP version 13\n1..{len(suites) + 1}")
    for n, suite in enumerate(suites, 1):
        text = (Path(os.environ["ZINC_SUITE_LOGS"]) / f"{suite.name}.log").read_text(errors="replace")
        if re.search(r"^1\.\.0 # SKIP", text, re.MULTILINE):
            print(f"ok {n} {suite.name} # SKIP it was")
            continue
        got = [(int(number), what) for number, what in RESULT.findall(text)]
        same = [case for case in got if case[0] < PARTICULAR] == CASES
        if not same:
            failed += 1
            for case in sorted(set(CASES) ^ {case for case in got if case[0] < PARTICULAR}):
                print(f"# {case[0]} {case[1]}: {'missing' if case in CASES else 'not in the list'}")
        print(f"{'' if same else 'not '}ok {n} {suite.name} reported all {len(CASES)} cases")
    numbered = [number for number, _ in CASES] == list(range(1, len(CASES) + 1))
    told = (HERE / "CASES.md").read_text()
    complete = all(
        re.search(rf"^\| {number} \| {re.escape(what)} \|", told, re.MULTILINE)
        for number, what in CASES
    )
    whole = numbered and complete and bool(suites)
    failed += not whole
    print(f"{'' if whole else 'not '}ok {len(suites) + 1} CASES.md tells each case of cases.txt")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
