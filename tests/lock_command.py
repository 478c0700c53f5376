#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""zinc lock and zinc locks, used well and badly. $ZINC is the program if it is not
build/bin/zinc. Prints TAP."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "adapters"))

from tap_python import Skip, run  # noqa: E402  # pylint: disable=wrong-import-position

ZINC = os.path.abspath(os.environ.get("ZINC", HERE.parent / "build" / "bin" / "zinc"))
KMOD = os.path.exists("/dev/zinc")
SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ
PATIENCE = 100
REFUSED = 75
FOLDER = Path(tempfile.mkdtemp(prefix="zinc-lock-command-"))
os.environ["ZINC_LOCK_DIR"] = str(FOLDER)
os.environ["ZINC_CACHE_DIR"] = str(FOLDER / "cache")
os.environ["LC_ALL"] = "C.UTF-8"
# no two suites at a time, nor what is in use here, have this number
GPU = f"vulkan:{os.getpid()}"
GPU_FILE = FOLDER / f"zinc-gpu-vulkan-{os.getpid()}.lock"


def zinc(*arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run(
        [ZINC, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
        **how,
    )


def expect(status: int, *arguments: str, stderr: str = "", **how: Any) -> str:
    """It ends with this status, and this is in what it says; its stdout."""
    done = zinc(*arguments, **how)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert stderr in done.stderr, done.stderr
    assert stderr or not done.stderr, done.stderr
    return done.stdout


class Holder:
    """A `zinc lock` that holds until it is let go."""

    def __init__(self, *arguments: str, command: str = "echo $$; exec cat", **how: Any) -> None:
        self.process = subprocess.Popen(
            [ZINC, "lock", *arguments, "--", "sh", "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **how,
        )
        self.pid = self.process.pid
        assert self.process.stdout
        self.said = self.process.stdout.readline()

    def let_go(self) -> int:
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.let_go() == 0


def is_free(path: Path, mode: int = fcntl.LOCK_EX) -> bool:
    """As every other program sees it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(fd, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def until(true: Callable[[], bool]) -> None:
    """It becomes so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    # not there, or gone between open() and read()
    except (FileNotFoundError, ProcessLookupError):
        return True


# -- zinc lock -------------------------------------------------------------------


def status_is_passed_on() -> None:
    path = str(FOLDER / "status")
    for status in 0, 1, 7, 75, 255:
        expect(status, "lock", "--file", path, "--", "sh", "-c", f"exit {status}")
    expect(127, "lock", "-f", path, "no-such-command", stderr="cannot run no-such-command: No such")
    expect(126, "lock", "-f", path, "/etc/passwd", stderr="cannot run /etc/passwd: Permission")
    assert is_free(Path(path))


def death_is_passed_on() -> None:
    for number in signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV:
        done = zinc("lock", "-f", str(FOLDER / "death"), "sh", "-c", f"kill -{int(number)} $$")
        assert done.returncode == -number, done.returncode


def output_is_its_own() -> None:
    assert expect(0, "lock", "-f", str(FOLDER / "x"), "echo", "-n", "--file") == "--file"


def refusal_names_the_holder() -> None:
    path = str(FOLDER / "refusal")
    with Holder("--file", path) as holder:
        expect(REFUSED, "lock", "-t", "0", "-f", path, "false", stderr=f"  pid={holder.pid} cmd=")
        begin = time.monotonic()
        done = zinc("lock", "-t", "0.3", "-f", path, "false")
        assert done.returncode == REFUSED and time.monotonic() - begin >= 0.3
        assert done.stderr.startswith(f"zinc: waits: {path} is locked by:\n"), done.stderr
        assert done.stderr.count(f"pid={holder.pid}") == 2
        done = zinc("lock", "-q", "-t", "0.1", "-f", path, "false")
        assert "waits" not in done.stderr and f"pid={holder.pid}" in done.stderr
    expect(1, "lock", "-t", "0", "-f", path, "false")


def gpu_refusal_names_the_holder() -> None:
    with Holder("--gpu", GPU) as holder:
        want = f"zinc: GPU {GPU} is already reserved by pid={holder.pid} cmd={ZINC}"[:120]
        expect(REFUSED, "lock", "-t", "0", "--gpu", GPU, "false", stderr=want)
    expect(0, "lock", "-t", "0", "--gpu", GPU, "true")


def waiting_gets_it() -> None:
    path = FOLDER / "waiting"
    for what in ("--file", str(path)), ("--gpu", GPU), ("--cpu", "0"):
        holder = Holder(*what)
        with subprocess.Popen(
            [ZINC, "lock", *what, "echo", "got it"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as waiter:
            assert waiter.stderr and waiter.stdout
            assert waiter.stderr.readline().startswith("zinc: waits: ")
            assert waiter.poll() is None
            holder.let_go()
            assert waiter.stdout.read() == "got it\n"


def interrupted_while_waiting() -> None:
    path = str(FOLDER / "interrupted")
    with Holder("--file", path):
        for timeout in (), ("--timeout", "500"):
            with subprocess.Popen(
                [ZINC, "lock", "--file", path, *timeout, "false"], stderr=subprocess.PIPE, text=True
            ) as waiter:
                assert waiter.stderr and "waits" in waiter.stderr.readline()
                waiter.send_signal(signal.SIGTERM)
                assert waiter.wait(PATIENCE) == -signal.SIGTERM


def no_descriptor_is_leaked() -> None:
    what = ["--gpu", GPU, "--file", str(FOLDER / "leak"), "--cpus", "1"]
    listed = expect(0, "lock", *what, "--", "ls", "-l", "/proc/self/fd")
    assert ".lock" not in listed and "leak" not in listed and "zinc" not in listed, listed


def kept_descriptors() -> None:
    path = FOLDER / "kept"
    command = 'echo "$ZINC_LOCK_FDS"; sleep 1000 <&- >&- 2>&- & echo $!'
    said = expect(0, "lock", "--keep", "--file", str(path), "sh", "-c", command).split()
    assert os.readlink(f"/proc/{said[1]}/fd/{said[0]}") == str(path)
    # it is COMMAND's child that has it now
    assert not is_free(path)
    os.kill(int(said[1]), signal.SIGKILL)
    until(lambda: is_free(path))


def keep_takes_the_place() -> None:
    holder = Holder("--keep", "--file", str(FOLDER / "place"))
    assert int(holder.said) == holder.pid
    assert holder.let_go() == 0


def fresh() -> None:
    """What a shell that runs us in the background has changed."""
    os.setsid()
    for number in signal.SIGINT, signal.SIGQUIT:
        signal.signal(number, signal.SIG_DFL)


def signals_are_passed_on() -> None:
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1:
        name = number.name[3:]
        command = f"trap 'echo {name}; exit 9' {name}; echo; while :; do sleep 0.05; done"
        holder = Holder("--file", str(FOLDER / "signals"), command=command, preexec_fn=fresh)
        holder.process.send_signal(number)
        said = holder.process.communicate(timeout=PATIENCE)[0]
        assert said == f"{name}\n" and holder.process.returncode == 9, (said, number)


def killed_with_its_command() -> None:
    path = FOLDER / "killed"
    holder = Holder("--file", str(path))
    command = int(holder.said)
    holder.process.kill()
    holder.process.wait()
    until(lambda: is_gone(command))
    assert is_free(path)
    holder.let_go()


def ignored_child_signal() -> None:
    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    path = str(FOLDER / "sigchld")
    expect(7, "lock", "-f", path, "sh", "-c", "exit 7", preexec_fn=ignore)
    ignored = expect(0, "lock", "-f", path, "grep", "SigIgn", "/proc/self/status", preexec_fn=ignore)
    assert int(ignored.split()[1], 16) >> (signal.SIGCHLD - 1) & 1
    mask = expect(0, "lock", "-f", path, "grep", "SigBlk", "/proc/self/status")
    assert int(mask.split()[1], 16) == 0


def other_programs_are_kept_out() -> None:
    path = str(FOLDER / "flock")
    with Holder("--file", path):
        assert subprocess.run(["flock", "-n", path, "true"], check=False).returncode == 1
    with Holder("--gpu", GPU):
        assert subprocess.run(["flock", "-n", GPU_FILE, "true"], check=False).returncode == 1
    refused = [ZINC, "lock", "-t", "0", "--gpu", GPU, "true"]
    done = subprocess.run(["flock", GPU_FILE, *refused], check=False, stderr=subprocess.PIPE)
    assert done.returncode == REFUSED and b"already reserved by pid=" in done.stderr


def shared() -> None:
    path = str(FOLDER / "shared")
    for what in ("--file", path), ("--gpu", GPU):
        with Holder("--shared", *what):
            expect(0, "lock", "-t", "0", "--shared", *what, "true")
            assert zinc("lock", "-t", "0", *what, "true").returncode == REFUSED


def processors() -> None:
    last = max(os.sched_getaffinity(0))
    show = ["sh", "-c", 'echo "$ZINC_CPUS"; grep Cpus_allowed_list /proc/self/status']
    said = expect(0, "lock", "--cpu", str(last), *show).split()
    assert said == [str(last), "Cpus_allowed_list:", str(last)], said
    said = expect(0, "lock", "--cpus", "1", *show).split()
    assert said[0] == said[2] and said[0].isdigit(), said
    said = expect(0, "lock", "--llc", "0", *show).split()
    assert "0" in said[0].split(",")
    said = expect(0, "lock", "--keep", "--cpu", str(last), *show).split()
    assert said[2] == str(last)
    with Holder("--cpu", "0") as holder:
        want = f"zinc: CPU 0 is locked by pid={holder.pid} cmd="
        expect(REFUSED, "lock", "-t", "0", "--cpu", "0", "true", stderr=want)
        expect(REFUSED, "lock", "-t", "0", "--llc", "0", "true", stderr="zinc: LLC 0 is locked by pid=")
        assert is_free(FOLDER / "zinc-llc-0.lock", fcntl.LOCK_SH)


def all_or_nothing() -> None:
    a, b = str(FOLDER / "all-a"), str(FOLDER / "all-b")
    with Holder("--file", b):
        assert zinc("lock", "-t", "0", "-f", b, "-f", a, "-g", GPU, "true").returncode == REFUSED
        assert is_free(Path(a)) and is_free(GPU_FILE)
    with Holder("--file", b, "--file", a, "--gpu", GPU, "--cpu", "0"):
        assert not is_free(Path(a)) and not is_free(Path(b)) and not is_free(GPU_FILE)


def any_gpu() -> None:
    if not list(Path("/sys/class/drm").glob("renderD*")):
        expect(3, "lock", "--gpu", "any:1", "true", stderr="GPUs wanted: 1; this machine shows 0")
        return
    said = expect(0, "lock", "--gpu", "any:1", "sh", "-c", 'echo "$ZINC_GPUS"').strip()
    with Holder("--gpu", said):
        count = int(zinc("lock", "--gpu", "any:64", "true").stderr.split("shows ")[1].split()[0])
        expect(REFUSED, "lock", "-t", "0", "-g", f"any:{count}", "true", stderr="fewer are free: GPU ")


def elsewhere(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command behind some mounts of its own."""
    if os.geteuid():
        raise Skip("needs root, for mounts")
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
         script + '\nexec "$@"', "sh", ZINC, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


def any_of_three_gpus() -> None:
    machine = """mount -t tmpfs none /sys
        for gpu in 0000:7a:00.0 0000:7b:00.0 0000:7c:00.0; do
            mkdir -p /sys/devices/$gpu /sys/class/drm/renderD${gpu#0000:}
            ln -s /sys/devices/$gpu /sys/class/drm/renderD${gpu#0000:}/device
        done"""
    names = [f"pci:0000:7{x}:00.0" for x in "abc"]
    done = elsewhere(machine, "lock", "--gpu", "any:3", "sh", "-c", 'echo "$ZINC_GPUS"')
    assert done.returncode == 0 and done.stdout.strip() == ",".join(names), done
    with Holder("--gpu", names[1]):
        done = elsewhere(machine, "lock", "--gpu", "any:2", "sh", "-c", 'echo "$ZINC_GPUS"')
        assert done.stdout.strip() == f"{names[0]},{names[2]}", done
        done = elsewhere(machine, "lock", "-t", "0", "--gpu", "any:3", "true")
        assert done.returncode == REFUSED, done
        assert f"GPU {names[1]} is already reserved by pid=" in done.stderr, done


def several_in_one_order() -> None:
    # whatever the order of the options: so two that want the same never wait crosswise
    gpus = [GPU, f"cuda:{os.getpid()}"]
    for order in (gpus, gpus[::-1]):
        options = [word for gpu in order for word in ("--gpu", gpu)]
        with Holder("--gpu", gpus[1]):
            expect(REFUSED, "lock", "-t", "0", *options, "true", stderr=gpus[1])
            expect(0, "lock", "-t", "0", "--gpu", GPU, "true")
        expect(0, "lock", *options, "true")


def without_proc() -> None:
    if SANITIZED:
        raise Skip("the sanitizer itself needs /proc")
    # where the program finds its libraries by itself, it asks /proc where it is
    libraries = Path(ZINC).parent.parent / "lib"
    done = elsewhere(f"export LD_LIBRARY_PATH={libraries}; mount -t tmpfs none /proc", "locks")
    assert done.returncode == 3 and "is /proc mounted?" in done.stderr, done


def bad_usage() -> None:
    file = ["--file", str(FOLDER / "usage")]
    hint = "Try 'zinc lock --help'."
    wrong: list[tuple[list[str], str]] = [
        ([], "what? --gpu"),
        (["true"], "what? --gpu"),
        ([*file], "for which command?"),
        ([*file, "--"], "for which command?"),
        ([*file, *file, "true"], "twice"),
        (["--gpu", GPU, "--gpu", GPU, "true"], f"GPU {GPU} twice"),
        (["--gpu", "01:00.0", "--gpu", "0000:01:00.0", "true"], "twice"),
        (["--gpu", "any:0", "true"], "'0' is no number of GPUs: 1 to 64"),
        (["--gpu", "any:x", "true"], "'x' is no number of GPUs"),
        (["--gpu", "any:1", "--gpu", GPU, "true"], "either GPUs by name or any"),
        ([f"--gpu=vulkan:{n}" for n in range(65)] + ["true"], "at most 64 GPUs"),
        ([f"--file={FOLDER}/{n}" for n in range(65)] + ["true"], "at most 64 files"),
        (["--cpu", "0", "--cpus", "1", "true"], "one of --cpu, --cpus and --llc"),
        (["--cpus", "0", "true"], "'0' is no number of CPUs"),
        (["--cpus", "1", "--shared", "true"], "--shared is for --gpu and --file"),
        ([*file, "--timeout", "-1", "true"], "'-1' is no timeout"),
        ([*file, "--timeout", "x", "true"], "'x' is no timeout"),
        ([*file, "--timeout", "86401", "true"], "is no timeout: 0, or 0.001 to 86400"),
        (["--frobnicate"], "unrecognized option '--frobnicate'"),
    ]
    for arguments, says in wrong:
        expect(2, "lock", *arguments, stderr=says)
        expect(2, "lock", *arguments, stderr=hint)
    for arguments, says in (
        (["--gpu", "voodoo:0"], "'voodoo:0' is no GPU: say BACKEND:INDEX"),
        (["--cpu", "x"], "'x' is no list of CPUs, as 0,2-5"),
        (["--llc", "2-1"], "'2-1' is no list of LLCs, as 0,2-5"),
    ):
        expect(2, "lock", *arguments, "true", stderr=says)
    for arguments, says in (
        (["--cpu", "60000"], "CPU 60000 is not there"),
        (["--cpus", "60000"], "this process may use"),
        (["--gpu", "/dev/null"], "/dev/null is not the node of a GPU: see /dev/dri"),
        (["--file", str(FOLDER / "no" / "where")], "its folder is not there; make it"),
    ):
        expect(3, "lock", *arguments, "true", stderr=says)


def escape_sequences_are_shown_harmless() -> None:
    # the command line is shown, and cut: it has to be short
    command = ["zinc", "lock", "-f", "e", "sh", "-c", "echo;exec cat #\033[31m"]
    with subprocess.Popen(
        command, executable=ZINC, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"\n"
        done = zinc("lock", "-t", "0", "-f", "e", "true", cwd=FOLDER)
        holder.communicate()
        assert "\033" not in done.stderr and "\\x1b[31m" in done.stderr, done.stderr


# -- zinc locks --------------------------------------------------------------------


def locks(**how: Any) -> dict[str, list[dict[str, Any]]]:
    """What `zinc locks --json` says."""
    said: dict[str, list[dict[str, Any]]] = json.loads(expect(0, "locks", "--json", **how))
    return said


def of(entries: list[dict[str, Any]], key: str, value: object) -> dict[str, Any]:
    return next(entry for entry in entries if entry[key] == value)


def nothing_is_there() -> None:
    env = dict(os.environ, ZINC_LOCK_DIR="/nowhere", ZINC_CACHE_DIR="/nowhere")
    said = locks(env=env)
    assert list(said) == ["llcs", "cpus", "cache", "gpus", "source"]
    mine = [gpu for gpu in said["gpus"] if gpu["lockfile"]]
    assert not said["llcs"] and not said["cpus"] and not said["cache"] and not said["source"]
    assert not mine


def everything_is_there() -> None:
    folder = FOLDER / "cache" / ".locks"
    folder.mkdir(parents=True)
    for name in "b.lock", "a.lock", "source-00ff.lock", "no-lock", ".lock":
        (folder / name).touch()
    (FOLDER / "zinc-cpu-10.lock").touch()
    (FOLDER / "zinc-cpu-9.lock").touch()
    (FOLDER / "zinc-cpu-x.lock").touch()
    (FOLDER / "zinc-gpu-level-zero-3.lock").touch()
    (FOLDER / "zinc-gpu-drm-a-b-0.lock").touch()
    what = ["--cpu", "0", "--gpu", GPU, "--file", str(folder / "b.lock")]
    with Holder(*what) as holder:
        said = locks()
        cmdline = f"{ZINC} lock {' '.join(what)} -- sh -c "
    llc = of(said["llcs"], "llc_idx", 0)
    cpu = of(said["cpus"], "cpu", 0)
    gpu = of(said["gpus"], "device", GPU)
    for entry in llc, cpu, gpu, of(said["cache"], "cache_key", "b"):
        assert [one["pid"] for one in entry["holders"]] == [holder.pid], entry
        # cut at 100 characters
        assert entry["holders"][0]["cmdline"][:90] == cmdline[:90], entry
        assert len(entry["holders"][0]["cmdline"]) <= 101
    assert set(llc) == {"llc_idx", "numa_node", "lockfile", "holders"}
    assert set(cpu) == {"cpu", "numa_node", "lockfile", "holders"}
    assert set(gpu) == {"backend", "device", "lockfile", "holders", "waiters"}
    assert gpu["backend"] == "vulkan" and gpu["lockfile"] == str(GPU_FILE)
    assert llc["numa_node"] is None or llc["numa_node"] >= 0
    assert of(said["cpus"], "cpu", 10)["numa_node"] is None or os.cpu_count() > 10  # type: ignore[operator]
    numbers = [entry["cpu"] for entry in said["cpus"]]
    assert numbers == sorted(numbers) and {0, 9, 10} <= set(numbers)
    assert [entry["cache_key"] for entry in said["cache"]] == ["a", "b"]
    assert said["cache"][0]["holders"] == []
    assert [entry["source_hash"] for entry in said["source"]] == ["00ff"]
    devices = [entry["device"] for entry in said["gpus"]]
    assert "level-zero:3" in devices and "drm:a-b-0" in devices
    shutil.rmtree(folder)


def table_of_locks() -> None:
    with Holder("--gpu", GPU) as holder:
        lines = expect(0, "locks").splitlines()
        row = next(line for line in lines if f"gpu {GPU}" in line).split()
        assert row[2:5] == ["held", str(holder.pid), str(GPU_FILE)], row
    assert f"gpu {GPU}" not in expect(0, "locks")
    row = next(line for line in expect(0, "locks", "--all").splitlines() if f"gpu {GPU}" in line).split()
    assert row[2:] == ["free", "-", str(GPU_FILE), "-"], row


def watching() -> None:
    with subprocess.Popen(
        [ZINC, "locks", "--json", "--watch", "0.05"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for _ in range(3):
            assert not of_held(json.loads(process.stdout.readline()))
        with Holder("--gpu", GPU):
            until(lambda: of_held(json.loads(process.stdout.readline())))  # type: ignore[union-attr]
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(PATIENCE) == 0


def of_held(said: dict[str, list[dict[str, Any]]]) -> bool:
    return any(entry["device"] == GPU and entry["holders"] for entry in said["gpus"])


def locks_bad_usage() -> None:
    for arguments, says in (
        (["x"], "takes no operand: 'x'"),
        (["--watch", "0"], "'0' is no time: 0.001 to 86400 seconds"),
        (["--watch", "x"], "'x' is no time"),
        (["--frobnicate"], "unrecognized option"),
    ):
        expect(2, "locks", *arguments, stderr=says)
    done = subprocess.run([ZINC, "locks"], check=False, stdout=open("/dev/full", "w"), stderr=subprocess.PIPE)
    assert done.returncode == 3 and b"standard output" in done.stderr


def locks_takes_none() -> None:
    if not shutil.which("strace"):
        raise Skip("there is no strace")
    trace = FOLDER / "trace"
    subprocess.run(
        ["strace", "-f", "-y", "-o", trace, "-e", "trace=flock,fcntl,openat", ZINC, "locks",
         "--all"],
        check=True,
        stdout=subprocess.DEVNULL,
        # a sanitizer looks for leaks as strace does for calls: one at a time
        env=dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"),
    )
    # who counts the lines that run locks the files that he keeps his counts in
    calls = [line for line in trace.read_text().splitlines() if ".gcda" not in line]
    assert any("openat(" in line for line in calls)
    assert not any("flock(" in line or "F_SETLK" in line for line in calls), calls
    # nor does it open lock files but to look at them
    opened = [line for line in calls if '.lock"' in line]
    assert opened and all("O_PATH" in line for line in opened), opened


class Locker(multiprocessing.Process):
    """Takes a lock that nobody else wants, again and again.

    Not a thread: between fork and exec a program that this one starts would have
    its descriptors, and with them the lock.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.end = multiprocessing.RawValue("b", 0)
        self.rounds = multiprocessing.RawValue("Q", 0)
        self.refused = multiprocessing.RawValue("Q", 0)

    def run(self) -> None:
        os.nice(10)  # the looks are what takes time
        while not self.end.value:
            self.refused.value += not is_free(self.path)
            self.rounds.value += 1


def look_often() -> None:
    """Programs take long to begin under emulation: there, a thousand looks of one."""
    if not KMOD:
        for _ in range(200 if SANITIZED else 1000):
            locks()
        return
    watch = [ZINC, "locks", "--json", "--watch", "0.001"]
    with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(1000):
            json.loads(process.stdout.readline())
        process.terminate()


def nobody_is_refused_because_of_it() -> None:
    lockers = [Locker(FOLDER / f"zinc-llc-{number}.lock") for number in range(3)] + [Locker(GPU_FILE)]
    for locker in lockers:
        locker.start()
    try:
        look_often()
    finally:
        for locker in lockers:
            locker.end.value = 1
            locker.join()
    for locker in lockers:
        counts = locker.rounds.value, locker.refused.value
        assert locker.exitcode == 0 and counts[0] > 100 and not counts[1], counts


def doctor_says_which() -> None:
    said = zinc("doctor").stdout
    line = next(line for line in said.splitlines() if " locks " in line)
    assert ("the module's reservations" if KMOD else "lock files alone") in line, line
    env = dict(os.environ, ZINC_LOCK_DIR="/nowhere")
    assert "no lock file can be made in /nowhere: No such file" in zinc("doctor", env=env).stdout


# -- with the module -----------------------------------------------------------------


def needs_module() -> None:
    if not KMOD:
        raise Skip("there is no /dev/zinc: modprobe zinc")
    if os.getuid():
        raise Skip("needs root")


def reservations_are_shown() -> None:
    needs_module()
    with Holder("--gpu", GPU) as holder:
        with subprocess.Popen([ZINC, "lock", "-q", "--gpu", GPU, "true"]) as waiter:
            until(lambda: bool(of(locks()["gpus"], "device", GPU)["waiters"]))
            entry = of(locks()["gpus"], "device", GPU)
            assert [one["pid"] for one in entry["holders"]] == [holder.pid]
            assert [one["pid"] for one in entry["waiters"]] == [waiter.pid]
            assert entry["waiters"][0]["cmdline"] == f"{ZINC} lock -q --gpu {GPU} true"
            assert "waits" in expect(0, "locks")
            # a lock file elsewhere: the kernel's alone is seen
            env = dict(os.environ, ZINC_LOCK_DIR=str(FOLDER / "cache"))
            entry = of(locks(env=env)["gpus"], "device", GPU)
            assert entry["lockfile"] is None and entry["holders"][0]["pid"] == holder.pid
            holder.let_go()


def two_containers() -> None:
    """Mount, pid and network namespaces of their own, and each a /tmp of its own."""
    needs_module()
    folder = "/tmp"
    if ZINC.startswith("/tmp/"):  # the program is to be seen: the locks' folder alone
        folder = str(FOLDER)
    os.environ["ZINC_LOCK_DIR"] = folder
    own = f'mount -t tmpfs tmpfs {folder} && exec "$@"'
    contained = ["unshare", "-mpnf", "--mount-proc", "sh", "-c", own, "sh"]
    file = f"{folder}/zinc-gpu-{GPU.replace(':', '-')}.lock"
    try:
        for lock, status in (
            (["flock", "-n", file], 0),
            ([ZINC, "lock", "-t", "0", "--gpu", GPU], REFUSED),
        ):
            with subprocess.Popen(
                [*contained, *lock, "sh", "-c", "echo; exec cat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as first:
                assert first.stdout and first.stdout.readline() == "\n"
                second = subprocess.run(
                    [*contained, *lock, "true"], check=False, stderr=subprocess.PIPE, text=True
                )
                seen = subprocess.run(
                    [*contained, ZINC, "locks", "--json"], check=True, stdout=subprocess.PIPE
                )
                first.communicate(timeout=PATIENCE)
            assert second.returncode == status, second
            # the holder is in a container, too: it has a name, and no pid here
            if status:
                assert f"GPU {GPU} is already reserved by pid=0 cmd=zinc" in second.stderr, second
                gpus = {gpu["device"]: gpu["holders"] for gpu in json.loads(seen.stdout)["gpus"]}
                assert [holder["cmdline"] for holder in gpus[GPU]] == ["zinc"], gpus
                assert not any(holder["pid"] for holder in gpus[GPU]), gpus
    finally:
        os.environ["ZINC_LOCK_DIR"] = str(FOLDER)


def no_permission() -> None:
    needs_module()
    nobody = pwd.getpwnam("nobody").pw_uid
    FOLDER.chmod(0o777)
    mode = os.stat("/dev/zinc").st_mode & 0o777
    os.chmod("/dev/zinc", 0o600)
    try:
        done = zinc("lock", "-t", "0", "--gpu", "cuda:7", "true", user=nobody)
        assert done.returncode == 3 and "you may not open it: 'zinc doctor'" in done.stderr, done
        done = zinc("locks", user=nobody)
        assert done.returncode == 0 and "no reservations are shown" in done.stderr, done
    finally:
        os.chmod("/dev/zinc", mode)


TESTS: list[Callable[[], None]] = [
    status_is_passed_on, death_is_passed_on, output_is_its_own, refusal_names_the_holder,
    gpu_refusal_names_the_holder, waiting_gets_it, interrupted_while_waiting,
    no_descriptor_is_leaked, kept_descriptors, keep_takes_the_place, signals_are_passed_on,
    killed_with_its_command, ignored_child_signal, other_programs_are_kept_out, shared,
    processors, all_or_nothing, any_gpu, any_of_three_gpus, several_in_one_order,
    without_proc, bad_usage, escape_sequences_are_shown_harmless,
    nothing_is_there, everything_is_there, table_of_locks, watching, locks_bad_usage,
    locks_takes_none, nobody_is_refused_because_of_it, doctor_says_which,
    reservations_are_shown, two_containers, no_permission,
]  # fmt: skip


def main() -> int:
    try:
        return run(
            [(n, test.__name__.replace("_", " "), test) for n, test in enumerate(TESTS, 1)],
            patience=600,
        )
    finally:
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    sys.exit(main())
