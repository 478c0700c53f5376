#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the physical pages under one region in several processes.

usage: pages.py BYTES PID:ADDRESS PID:ADDRESS...

Prints "SAME TOTAL": of so many pages, so many are the same page in every one
of the processes. Exits 3 where page frame numbers are not to be seen.
"""

import os
import struct
import sys

PAGE = os.sysconf("SC_PAGE_SIZE")
PRESENT = 1 << 63
FRAME = (1 << 55) - 1


def frames(pid: int, address: int, length: int) -> list[int]:
    count = (address + length - 1) // PAGE - address // PAGE + 1
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as file:
        file.seek(address // PAGE * 8)
        entries = struct.unpack(f"{count}Q", file.read(count * 8))
    return [e & FRAME if e & PRESENT else 0 for e in entries]


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit("usage: pages.py BYTES PID:ADDRESS PID:ADDRESS...")
    length = int(sys.argv[1])
    maps = []
    for place in sys.argv[2:]:
        pid, address = place.split(":")
        maps.append(frames(int(pid), int(address, 0), length))
    if not any(maps[0]):
        print("page frame numbers need CAP_SYS_ADMIN", file=sys.stderr)
        sys.exit(3)
    same = sum(row[0] != 0 and len(set(row)) == 1 for row in zip(*maps))
    print(same, len(maps[0]))


if __name__ == "__main__":
    main()
