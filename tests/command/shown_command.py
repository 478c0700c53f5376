#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the zinc command shows, and how: of regions that are old, odd or somebody else's,
and on a terminal. On POSIX shared memory, whose headers one can write. $ZINC is the
program if it is not build/bin/zinc. Prints TAP."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "adapters"))

from tap_python import Skip, run  # noqa: E402  # pylint: disable=wrong-import-position

ZINC = os.path.abspath(os.environ.get("ZINC", HERE.parents[1] / "build" / "bin" / "zinc"))
NAME = f"shown{os.getpid()}"
PATIENCE = 100
MAGIC = 0x5A494E435F524547
PAGE = os.sysconf("SC_PAGESIZE")
NOBODY = 65534
END = signal.SIGTERM  # what a shell runs in the background ignores SIGINT
os.environ.update(ZINC_BACKEND="shm", LC_ALL="C.UTF-8", TERM="dumb")


def zinc(*arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run(
        [ZINC, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False, **how,
    )  # fmt: skip


def expect(status: int, *arguments: str, stderr: str = "", **how: Any) -> str:
    """It ends so, and says this; its output."""
    done = zinc(*arguments, **how)
    assert done.returncode == status and stderr in done.stderr, done
    return done.stdout


def listed() -> dict[str, Any]:
    """Our regions, as JSON has them, by name."""
    regions = json.loads(expect(0, "ls", "--json"))
    return {r["name"]: r for r in regions if r["name"].startswith(NAME)}


@contextmanager
def made(tag: str, pid: int = os.getpid(), created: float = 0.0, refs: int = 1) -> Iterator[str]:
    """A region with a header of our own, and its name."""
    name = f"{NAME}{tag}"
    path = Path("/dev/shm") / f"zinc_{name}"
    header = struct.pack(
        "=QHHIQIiQQ16x", MAGIC, 2, 0, 0, PAGE, refs, pid, int(created * 1e9), 0
    )
    path.write_bytes(header + bytes(PAGE))
    try:
        yield name
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def on_terminal(
    *arguments: str, columns: int = 80, rows: int = 24
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command on a terminal of its own, and that terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen(
        [ZINC, *arguments], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        try:
            yield process, master
        finally:
            process.kill()
            os.close(master)


def read_until(master: int, wanted: str) -> str:
    """The output of a terminal, up to this."""
    text = ""
    end = time.monotonic() + PATIENCE
    while wanted not in text:
        assert time.monotonic() < end, f"{wanted!r} did not come: {text!r}"
        if select.select([master], [], [], 1)[0]:
            text += os.read(master, 65536).decode()
    return text


def read_all(master: int) -> str:
    """All output of a terminal until the last process closes it."""
    text = b""
    while True:
        try:
            more = os.read(master, 65536)
        except OSError:
            return text.decode()
        if not more:
            return text.decode()
        text += more


# ---- odd regions ---------------------------------------------------------------------


def ages() -> None:
    """In two units at most."""
    now = time.time()
    with made("a", created=now - 5), made("b", created=now - 125), \
            made("c", created=now - 7265), made("d", created=now - 3 * 86400 - 7300), \
            made("e"):  # fmt: skip
        lines = {line.split()[0]: line for line in expect(0, "ls").splitlines()}
        ages_are = ("[5-9]s", "2m[01][0-9]s", "2h01m", "3d02h", r"\?")
        for tag, age in zip("abcde", ages_are):
            assert re.search(rf"\s{age}\s", lines[NAME + tag]), (age, lines[NAME + tag])
        known = listed()
        assert 3 * 86400 + 7300 <= known[f"{NAME}d"]["age_seconds"] < 3 * 86400 + 7400
        assert known[f"{NAME}e"]["created"] is None and known[f"{NAME}e"]["age_seconds"] is None


def nobodys() -> None:
    """A region that does not say whose it is."""
    with made("a", pid=0, created=time.time()) as name:
        assert re.search(r"^pid +-$", expect(0, "stat", name), re.M)
        assert listed()[name]["pid"] is None
        top = expect(0, "top", "-b", "-n", "1", "-d", "0.01")
        line = next(line for line in top.splitlines() if line.startswith(f"{name} "))
        assert line.split()[-2:] == ["-", "-"], line


def somebody_without_a_name() -> None:
    """A user and a group that have none are numbers."""
    if os.geteuid():
        raise Skip("needs root, to give a file away")
    with made("a") as name:
        os.chown(f"/dev/shm/zinc_{name}", 54321, 54322)
        shown = expect(0, "stat", name)
        assert "54321 (uid 54321)" in shown and "54322 (gid 54322)" in shown, shown


def stale_of_another() -> None:
    """It is seen, and not for us to remove."""
    if os.geteuid():
        raise Skip("needs root, to be two users")
    with made("a", refs=0) as name:
        os.chmod(f"/dev/shm/zinc_{name}", 0o644)
        before = os.umask(0o022)
        os.umask(before)
        expect(3, "rm", "--stale", stderr=f"cannot remove {name}", user=NOBODY)
        assert os.path.exists(f"/dev/shm/zinc_{name}")


def command_that_is_no_utf8() -> None:
    """The output is valid JSON for any process name."""
    weird = b"z\xc3\xa9\xe2\x82\xac\xed\xa0\x80\xf0\x9f\x98\x80\xf5\x80\x80\x80\xe2\x82"
    with subprocess.Popen([weird, "60"], executable="/bin/sleep") as process:
        try:
            with made("a", pid=process.pid, created=time.time()) as name:
                end = time.monotonic() + PATIENCE
                while not listed()[name]["command"].startswith("z"):
                    assert time.monotonic() < end  # not yet executed
                bad = "\ufffd"
                want = f"z\u00e9\u20ac{3 * bad}\U0001f600{4 * bad}{2 * bad} 60"
                assert listed()[name]["command"] == want, listed()[name]["command"]
        finally:
            process.kill()


# ---- on a terminal -------------------------------------------------------------------


def lines_are_cut() -> None:
    """A line of a table is one of the terminal, wide characters or not."""
    with subprocess.Popen(["\u7dd1" * 60, "60"], executable="/bin/sleep") as process:
        try:
            with made("a", pid=process.pid, created=time.time()) as name:
                for columns in (20, 81, 100, 101):
                    with on_terminal("ls", columns=columns) as (_, master):
                        lines = read_all(master).split("\r\n")
                    wide = [len(line) + line.count("\u7dd1") for line in lines]
                    assert any(line.startswith(name) for line in lines), lines
                    assert max(wide) <= columns, (columns, lines)
                    assert columns == 20 or max(wide) >= columns - 1, (columns, lines)
        finally:
            process.kill()


def top_on_a_screen() -> None:
    """It fits, from the top."""
    tags = [chr(ord("a") + n) for n in range(12)]
    for rows, fit in ((10, 7), (3, 1)):
        regions = [made(tag) for tag in tags]
        for region in regions:
            region.__enter__()
        try:
            with on_terminal("top", "-n", "1", rows=rows, columns=60) as (_, master):
                text = read_all(master)
        finally:
            for region in regions:
                region.__exit__(None, None, None)
        assert text.startswith("\033[H\033[Jzinc top: "), text
        lines = text.rstrip("\r\n").split("\r\n")
        assert len(lines) == 2 + fit and all(len(line) <= 60 for line in lines[1:]), lines


def top_has_the_busiest_first() -> None:
    """By notifies per second; a new region has no rate, a removed one no row."""
    with made("a"), made("z") as busy, made("m") as gone:
        with subprocess.Popen(
            [ZINC, "top", "-b", "-n", "2", "-d", "1"], stdout=subprocess.PIPE, text=True
        ) as top:
            assert top.stdout
            # the first table is of the time from the first look to the second
            end = time.monotonic() + PATIENCE
            while top.poll() is None and time.monotonic() < end:
                zinc("notify", busy)
                Path(f"/dev/shm/zinc_{gone}").unlink(missing_ok=True)
            text = top.stdout.read()
    table = text.split("zinc top: ")[-1].splitlines()[2:]
    names = [line.split()[0] for line in table if line.startswith(NAME)]
    assert names == [busy, f"{NAME}a"], text
    assert float(table[0].split()[1]) > 0, text


def locks_on_a_screen() -> None:
    """It begins at the top again and again."""
    with on_terminal("locks", "--watch", "0.01") as (process, master):
        text = read_until(master, "\033[H\033[J")
        text += read_until(master, "\033[H\033[J")
        process.send_signal(END)
        # it notices when it has written what it has to
        read_all(master)
        assert process.wait(PATIENCE) == 0
    assert text.startswith("\033[H\033[JLOCK"), text


def locks_into_a_pipe() -> None:
    """A line between one table and the next."""
    with subprocess.Popen(
        [ZINC, "locks", "--watch", "0.01"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline()]
        # others may lock meanwhile, so that a heading is wider than the one before
        while sum(line.startswith("LOCK") for line in lines) < 2:
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        process.send_signal(END)
        process.stdout.read()
        assert process.wait(PATIENCE) == 0
    assert lines[0].startswith("LOCK") and lines[-2] == "\n", lines


def locks_in_chosen_columns() -> None:
    """In the order that was asked for; and what is no column."""
    with tempfile.TemporaryDirectory() as folder:
        own = dict(os.environ, ZINC_LOCK_DIR=folder)
        Path(folder, "zinc-gpu-vulkan-7.lock").touch()
        table = expect(0, "locks", "--all", "--output", "state,LOCK", env=own).splitlines()
        assert table[0].split() == ["STATE", "LOCK"], table
        assert "free   gpu vulkan:7" in table, table
        expect(2, "locks", "--output", "lock,holder", env=own,
               stderr="invalid column 'holder': expected one or more of LOCK, STATE, PID,")
        expect(2, "locks", "--json", "--output", "lock", env=own,
               stderr="either --json or --output")


def metrics_of_an_odd_region() -> None:
    """Of one without a valid header, nothing that is in the header."""
    with made("a") as name:
        Path(f"/dev/shm/zinc_{name}").write_bytes(bytes(PAGE))
        lines = [line for line in expect(0, "ls", "--prometheus").splitlines() if name in line]
    assert [line.split("{")[0] for line in lines] == [
        "zinc_region_info", "zinc_region_resident_bytes"], lines  # fmt: skip
    assert 'state="INVALID"' in lines[0], lines


def files_that_are_no_locks() -> None:
    """For any beginning of their names."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("gpu-x", "gpu--0", "gpu-x-", "cpu-x", "llc-", "gpu-vulkan-7"):
            Path(f"{folder}/zinc-{name}.lock").touch()
        how: dict[str, Any] = {"env": dict(os.environ, ZINC_LOCK_DIR=folder)}
        shown = json.loads(expect(0, "locks", "--json", "--all", **how))
        assert [gpu["device"] for gpu in shown["gpus"]] == ["vulkan:7"], shown["gpus"]
        assert not shown["cpus"] and not shown["llcs"], shown


def create_says_how_to_end() -> None:
    """To a user at a terminal, and not to a pipe."""
    with on_terminal("create", NAME, "64K") as (process, master):
        read_until(master, "held until interrupted (Ctrl-C)")
        process.send_signal(END)
        assert process.wait(PATIENCE) == 0


# ---- what cannot be done ------------------------------------------------------------


def sizes_at_the_end_of_numbers() -> None:
    """There is no next multiple to report."""
    expect(2, "create", NAME, str(2**64 - 1), stderr="expected a multiple of the page size")


def no_list() -> None:
    """Without the backend that was asked for."""
    if os.path.exists("/dev/zinc"):
        raise Skip("there is a /dev/zinc")
    how = {"env": dict(os.environ, ZINC_BACKEND="kmod")}
    for arguments in (["ls"], ["top", "-b", "-n", "1"], ["rm", "--stale"]):
        expect(3, *arguments, stderr="cannot list the regions: ", **how)


def truncated_stream() -> None:
    """A process that may write a stream may truncate it while it is examined."""
    name = f"{NAME}-cut"
    path = Path(f"/dev/shm/zinc_{name}")
    with subprocess.Popen(
        [ZINC, "write", name, "--frame", "64", "--slots", "64"], stdin=subprocess.PIPE
    ) as writer:
        while not path.exists():
            time.sleep(0.01)
        size = path.stat().st_size
        code = ("import os, sys\nfd = os.open(sys.argv[1], os.O_RDWR)\n"
                "while True:\n    os.ftruncate(fd, 4096)\n    os.ftruncate(fd, int(sys.argv[2]))")  # fmt: skip
        with subprocess.Popen([sys.executable, "-c", code, path, str(size)]) as cutter:
            try:
                for _ in range(300):
                    done = zinc("stat", name)
                    assert done.returncode in (0, 3), done
            finally:
                cutter.kill()
                writer.kill()
    path.unlink(missing_ok=True)


def unreadable_source() -> None:
    """The error of read() is in the message, and nothing is written."""
    with made("a") as name:
        expect(3, "write", name, "/proc/self/mem", stderr="cannot read /proc/self/mem: ")
        assert not any(Path(f"/dev/shm/zinc_{name}").read_bytes()[64:])


def full_disk() -> None:
    """For any output."""
    with open("/dev/full", "w", encoding="ascii") as full:
        for arguments in (["--version"], ["--help"], ["ls"], ["help", "create"]):
            done = subprocess.run(
                [ZINC, *arguments], stdout=full, stderr=subprocess.PIPE, check=False)
            assert done.returncode == 3 and b"cannot write to standard output" in done.stderr, done


def folders_of_caches() -> None:
    """By option, or as the environment says."""
    with tempfile.TemporaryDirectory() as folder:
        keys = {"option": folder + "/o", "zinc": folder + "/z", "xdg": folder + "/x/zinc",
                "home": folder + "/h/.cache/zinc"}  # fmt: skip
        for key, root in keys.items():
            os.makedirs(root + "/.locks")
            Path(f"{root}/.locks/{key}.lock").touch()
        plain = {k: v for k, v in os.environ.items()
                 if k not in ("ZINC_CACHE_DIR", "XDG_CACHE_HOME", "HOME")}
        plain["ZINC_LOCK_DIR"] = folder
        home = dict(plain, HOME=folder + "/h")
        xdg = dict(home, XDG_CACHE_HOME=folder + "/x")
        named = dict(xdg, ZINC_CACHE_DIR=folder + "/z")
        cases: list[tuple[str, dict[str, str], list[str]]] = [
            ("home", home, []), ("xdg", xdg, []), ("zinc", named, []),
            ("option", named, ["--cache", folder + "/o"]), ("", plain, []),
        ]  # fmt: skip
        for want, environment, options in cases:
            shown = json.loads(expect(0, "locks", "--json", *options, env=environment))
            keys_are = [entry["cache_key"] for entry in shown["cache"]]
            assert keys_are == ([want] if want else []), (want, shown)


TESTS: list[Callable[[], None]] = [
    ages, nobodys, somebody_without_a_name, stale_of_another, command_that_is_no_utf8,
    lines_are_cut, top_on_a_screen, top_has_the_busiest_first, locks_on_a_screen,
    locks_into_a_pipe, locks_in_chosen_columns, metrics_of_an_odd_region,
    files_that_are_no_locks,
    create_says_how_to_end, sizes_at_the_end_of_numbers, no_list, truncated_stream,
    unreadable_source,
    full_disk, folders_of_caches,
]  # fmt: skip


def be_alone() -> None:
    """With a private /dev/shm: the tests count its entries and the regions on a screen."""
    if os.geteuid() or os.environ.get("SHOWN_ALONE"):
        return
    os.environ["SHOWN_ALONE"] = "1"
    own = 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$@"'
    alone = ["unshare", "--mount", "sh", "-c", own, "sh"]
    if not subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        os.execvp("unshare", [*alone, sys.executable, os.path.abspath(__file__)])


def main() -> int:
    """All of them, by name."""
    be_alone()
    return run(
        [(n, test.__name__.replace("_", " "), test) for n, test in enumerate(TESTS, 1)],
        patience=300,
    )


if __name__ == "__main__":
    sys.exit(main())
