#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every ordered pair of languages as writer and reader, and as creator and waiter.

Two peers of each language (peer_LANGUAGE; CASES.md has the protocol) take their
orders from here, so that a runtime is started twice and not for each pair. A
language whose build said what it lacks is skipped with those words. Prints TAP,
and a table of what was seen.

    ZINC_MESSAGES   how many for each pair (1000)
    ZINC_ADAPTERS   where the peers were built
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LANGUAGES = ("c", "python", "rust", "cpp", "go", "java", "csharp", "node")
MESSAGES = int(os.environ.get("ZINC_MESSAGES", "1000"))
BUILT = Path(os.environ["ZINC_ADAPTERS"])
PATIENCE = 150  # seconds until an answer: a runtime starts in an emulated machine


class Peer:
    """A process that writes or reads."""

    def __init__(self, language: str, program: str = "peer") -> None:
        self.program = str(HERE / f"{program}_{language}")
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        self.process = subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.rest = b""

    def order(self, text: str) -> None:
        """Tell it what to do."""
        if self.process.poll() is not None:
            self.start()
        assert self.process.stdin
        self.process.stdin.write(text.encode() + b"\n")

    def answer(self) -> str:
        """A line, or why there is none."""
        assert self.process.stdout
        end = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.rest:
                if not selector.select(max(0, end - time.monotonic())):
                    self.stop()
                    return "no answer"
                chunk = os.read(self.process.stdout.fileno(), 4096)
                if not chunk:
                    return f"has ended with status {self.process.wait()}"
                self.rest += chunk
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode(errors="replace")

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()


def pair(writer: Peer, reader: Peer, name: str) -> str:
    """An empty string, or what went wrong."""
    writer.order(f"write {name} {MESSAGES}")
    if (said := writer.answer()) != "ready":
        return f"writer: {said}"
    reader.order(f"read {name} {MESSAGES}")
    heard = reader.answer()
    if heard != "done":
        # the writer waits for an answer that does not come
        writer.stop()
        return f"reader: {heard}"
    said = writer.answer()
    return "" if said == "done" else f"writer: {said}"


def tell_gone(holder: Peer, waiters: dict[str, Peer], name: str) -> list[str]:
    """The failures: every process must learn that the holder was killed."""
    holder.order(f"hold {name} 1")
    if (said := holder.answer()) != "ready":
        return [f"holder: {said}"]
    wrong = []
    waiting = {}
    for language, peer in waiters.items():
        peer.order(f"gone {name} 1")
        if (said := peer.answer()) == "ready":
            waiting[language] = peer
        else:
            wrong.append(f"{language}: {said}")
    holder.stop()
    for language, peer in waiting.items():
        if (said := peer.answer()) != "done":
            wrong.append(f"{language}: {said}")
    return wrong


def ends(peer: Peer) -> bool:
    """Whether it ends without an error when its orders do."""
    if peer.process.stdin:
        peer.process.stdin.close()
    try:
        status = peer.process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        peer.stop()
        status = -1
    if status:
        print(f"# {peer.program} ended with status {status}")
    return not status


def lacking(language: str) -> str:
    """Why a language cannot be run; empty if it can."""
    if not (HERE / f"peer_{language}").exists():
        return f"there is no peer_{language}"
    note = BUILT / f"{language}.lacks"
    return note.read_text().strip() if note.exists() else ""


def show(seen: dict[tuple[str, str], str]) -> None:
    """The table."""
    print("# messages right, by writer (rows) and reader (columns)")
    print("#" + "".join(f"{text:>8}" for text in ("", *LANGUAGES)))
    for writer in LANGUAGES:
        row = "".join(f"{seen[writer, reader]:>8}" for reader in LANGUAGES)
        print(f"#{writer:>8}{row}")


def main() -> int:
    lacks = {language: lacking(language) for language in LANGUAGES}
    there = [language for language in LANGUAGES if not lacks[language]]
    writers = {language: Peer(language) for language in there}
    readers = {language: Peer(language) for language in there}
    seen: dict[tuple[str, str], str] = {}
    failed = number = 0
    missing = [language for language in LANGUAGES if lacks[language]]
    print(f"TAP version 13\n1..{len(there) ** 2 + len(there) + len(missing)}", flush=True)
    for language in missing:
        number += 1
        print(f"ok {number} all pairs with {language} # SKIP {lacks[language]}")
    for a in LANGUAGES:
        for b in LANGUAGES:
            if lacks[a] or lacks[b]:
                seen[a, b] = "-"
                continue
            number += 1
            wrong = pair(writers[a], readers[b], f"zm{os.getpid()}-{a}-{b}")
            seen[a, b] = "FAILED" if wrong else str(MESSAGES)
            if wrong:
                failed += 1
                print(f"# {a} to {b}: {wrong}")
            print(f"{'not ' if wrong else ''}ok {number} {a} to {b}", flush=True)
    show(seen)
    failed += sum(not ends(writer) for writer in writers.values())
    for language in there:
        number += 1
        told = tell_gone(writers[language], readers, f"zm{os.getpid()}-gone-{language}")
        failed += bool(told)
        for wrong in told:
            print(f"# end of {language}: {wrong}")
        print(f"{'not ' if told else ''}ok {number} all are told of the end of {language}", flush=True)
    failed += sum(not ends(reader) for reader in readers.values())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
