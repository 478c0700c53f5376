#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run test programs that print TAP, one after the other, and count.

usage: suite.py TITLE PROGRAM...

Each program's output goes to build/log/TITLE/, and a line for it to the file results
there: name, passed, failed, skipped, seconds. The output of a program that failed is
shown. A program fails as a whole if it dies, hangs, prints no TAP, or prints
fewer or more results than it planned. Closes with `N passed, N failed, N
skipped` and exits 1 if anything failed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT = int(os.environ.get("ZINC_TEST_TIMEOUT", "1200"))  # seconds a program
KSFT_SKIP = 4
TOP = Path(__file__).resolve().parents[2]
RESULT = re.compile(r"^(not )?ok \d+\b(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\s*(#\s*SKIP\b.*)?$", re.IGNORECASE)
SKIP = re.compile(r"#\s*SKIP\b\s*(.*)$", re.IGNORECASE)


@dataclass
class Outcome:
    """The result of one program."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)


def judge(output: str, status: int) -> Outcome:
    """Read a program's TAP, and hold its exit status against it."""
    outcome = Outcome()
    planned = None
    results = 0
    for line in output.splitlines():
        if (plan := PLAN.match(line)) and planned is None:
            planned = int(plan[1])
            if plan[2]:
                outcome.skips.append(line)
        elif result := RESULT.match(line):
            results += 1
            skip = SKIP.search(result[2])
            if result[1]:
                outcome.failures.append(line)
            elif skip:
                outcome.skips.append(line)
            else:
                outcome.passed += 1
    if status == KSFT_SKIP and not results:
        reason = next((m[1] for m in map(SKIP.search, output.splitlines()) if m), "")
        outcome.skips = [f"whole program: {reason or 'no reason given'}"]
    elif planned is None:
        outcome.failures.append(f"no TAP plan, exit status {status}")
    elif planned != results:
        outcome.failures.append(f"planned {planned} results, gave {results}")
    elif status not in (0, KSFT_SKIP) and not outcome.failures:
        outcome.failures.append(f"exit status {status} without a failed result")
    return outcome


def run(program: str, log: Path) -> Outcome:
    """Run one program in a process group of its own, so that none outlive it."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            cwd=TOP, start_new_session=True,
        )
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Outcome(failures=[f"still running after {TIMEOUT} s"])
    return judge(log.read_text(errors="replace"), status)


def record(results: Path, name: str, outcome: Outcome, seconds: float) -> None:
    """Replace a program's line."""
    lines = {}
    if results.exists():
        lines = {line.split()[0]: line for line in results.read_text().splitlines()}
    lines[name] = (f"{name} {outcome.passed} {len(outcome.failures)} {len(outcome.skips)}"
                   f" {seconds:.1f}")
    results.write_text("".join(f"{line}\n" for line in lines.values()))


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    title, programs = sys.argv[1], sys.argv[2:]
    logs = TOP / "build" / "log" / title
    logs.mkdir(parents=True, exist_ok=True)
    total = Outcome()
    for program in programs:
        name = Path(program).name
        log = logs / f"{name}.log"
        begin = time.monotonic()
        outcome = run(program, log)
        seconds = time.monotonic() - begin
        record(logs / "results", name, outcome, seconds)
        print(
            f"{'FAIL' if outcome.failures else 'ok':4} {title:12} {name:20}"
            f" {outcome.passed:4} passed {len(outcome.failures):3} failed"
            f" {len(outcome.skips):3} skipped {seconds:6.1f} s",
            flush=True,
        )
        for skip in outcome.skips:
            print(f"       skipped: {skip}", flush=True)
        for failure in outcome.failures:
            print(f"       FAILED: {failure}", flush=True)
        if outcome.failures:
            tail = log.read_text(errors="replace").splitlines()[-60:]
            print("\n".join(f"       | {line}" for line in tail), flush=True)
        total.passed += outcome.passed
        total.failures += outcome.failures
        total.skips += outcome.skips
    failed = len(total.failures)
    print(f"{total.passed} passed, {failed} failed, {len(total.skips)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
