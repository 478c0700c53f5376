# SPDX-License-Identifier: GPL-2.0-only
"""TAP for the tests of the package zinc."""

from __future__ import annotations

import faulthandler
import traceback
from typing import Callable, Sequence

# a test that hangs ends the program, and says where
PATIENCE = 120


class Skip(Exception):
    """Why a test cannot be run here."""


def run(tests: Sequence[tuple[int, str, Callable[[], None]]], patience: int = PATIENCE) -> int:
    """Run them; the exit status."""
    print("TAP version 13")
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, what, test in tests:
        faulthandler.dump_traceback_later(patience, exit=True)
        try:
            test()
            print(f"ok {number} {what}", flush=True)
        except Skip as why:
            print(f"ok {number} {what} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-exception-caught
            failed += 1
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
            print(f"not ok {number} {what}", flush=True)
    faulthandler.cancel_dump_traceback_later()
    return 1 if failed else 0
