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
sys.path.insert(0, str(HERE.parent / "adapters"))

from tap_python import Skip, run  # noqa: E402  # pylint: disable=wrong-import-position

ZINC = os.path.abspath(os.environ.get("ZINC", HERE.parents[1] / "build" / "bin" / "zinc"))
KMOD = os.path.exists("/dev/zinc")
SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ
PATIENCE = 100
REFUSED = 75
FOLDER = Path(tempfile.mkdtemp(prefix="zinc-lock-command-"))
os.environ["ZINC_LOCK_DIR"] = str(FOLDER)
os.environ["ZINC_CACHE_DIR"] = str(FOLDER / "cache")
os.environ["LC_ALL"] = "C.UTF-8"
# a number that no other suite and no process here uses
GPU = f"vulkan:{os.getpid()}"
GPU_FILE = FOLDER / f"zinc-gpu-vulkan-{os.getpid()}.lock"


NOTE = "zinc: note: "


def zinc(*arguments: str, notes: bool = False, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command, to its end; which GPUs are not known is another test's matter."""
    done = subprocess.run(
        [ZINC, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
        **how,
    )
    if not notes:
        lines = done.stderr.splitlines(keepends=True)
        done.stderr = "".join(line for line in lines if not line.startswith(NOTE))
    return done


def expect(status: int, *arguments: str, stderr: str = "", **how: Any) -> str:
    """It ends with this status, and this is in what it says; its stdout."""
    done = zinc(*arguments, **how)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert stderr in done.stderr, done.stderr
    assert stderr or not done.stderr, done.stderr
    return done.stdout


class Process(subprocess.Popen[Any]):
    """A process that is waited for, but not after an error: it may wait for this one."""

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if kind:
            self.kill()
        super().__exit__(kind, value, traceback)


class Holder:
    """A `zinc lock` that holds until it is let go."""

    def __init__(self, *arguments: str, command: str = "echo $$; exec cat", **how: Any) -> None:
        self.process = subprocess.Popen(
            [ZINC, "lock", "-q", *arguments, "--", "sh", "-c", command],
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
        assert done.stderr.startswith(f"zinc: waiting: {path} is locked by:\n"), done.stderr
        assert done.stderr.count(f"pid={holder.pid}") == 2
        done = zinc("lock", "-q", "-t", "0.1", "-f", path, "false")
        assert "waiting" not in done.stderr and f"pid={holder.pid}" in done.stderr
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
        with Process(
            [ZINC, "lock", *what, "echo", "got it"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as waiter:
            assert waiter.stderr and waiter.stdout
            line = waiter.stderr.readline()
            while line.startswith(NOTE):
                line = waiter.stderr.readline()
            assert line.startswith("zinc: waiting: "), line
            assert waiter.poll() is None
            holder.let_go()
            assert waiter.stdout.read() == "got it\n"


def interrupted_while_waiting() -> None:
    path = str(FOLDER / "interrupted")
    with Holder("--file", path):
        for timeout in (), ("--timeout", "500"):
            with Process(
                [ZINC, "lock", "--file", path, *timeout, "false"], stderr=subprocess.PIPE, text=True
            ) as waiter:
                assert waiter.stderr and "waiting" in waiter.stderr.readline()
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
    # it is COMMAND's child that has it now, and that is named
    assert not is_free(path)
    refused = zinc("lock", "-t", "0", "-f", str(path), "true")
    assert f"  pid={said[1]} cmd=sleep 1000" in refused.stderr, refused
    os.kill(int(said[1]), signal.SIGKILL)
    until(lambda: is_free(path))


def keep_takes_the_place() -> None:
    holder = Holder("--keep", "--file", str(FOLDER / "place"))
    assert int(holder.said) == holder.pid
    assert holder.let_go() == 0


def fresh() -> None:
    """Signals that a shell has ignored for a background command, or nohup."""
    os.setsid()
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP:
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
    until(lambda: is_free(path))
    holder.let_go()


def guard_of(pid: int) -> int:
    """The process between `zinc lock` and its command."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def nothing_runs_without_the_lock() -> None:
    """Any process that the command has started, anywhere, after any of these is killed."""
    path = FOLDER / "descendants"
    # a child, one in a session of its own, and one whose parent has ended; none has the pipes
    command = """
        sleep 1000 <&- >&- 2>&- & echo $!
        setsid sh -c 'echo $$; exec sleep 1000 <&- >&- 2>&-' &
        sh -c 'setsid sleep 1000 <&- >&- 2>&- & echo $!'
        echo; exec cat"""
    for who in "holder", "guard", "group":
        holder = Holder("--file", str(path), command=command, start_new_session=True)
        assert holder.process.stdout
        said = [holder.said.strip()] + [holder.process.stdout.readline().strip() for _ in range(3)]
        pids = [int(pid) for pid in said if pid]
        assert len(pids) == 3, said
        assert not any(is_gone(pid) for pid in pids) and not is_free(path)
        if who == "group":
            os.killpg(holder.pid, signal.SIGKILL)
        else:
            os.kill(holder.pid if who == "holder" else guard_of(holder.pid), signal.SIGKILL)
        until(lambda: is_free(path))
        # not a moment without it
        assert all(is_gone(pid) for pid in pids), (who, pids)
        assert holder.process.wait(PATIENCE) == -signal.SIGKILL
        holder.let_go()


def killed_and_still_named() -> None:
    """The guard holds the lock while it waits for a process that may not be killed."""
    if os.geteuid():
        raise Skip("needs root, to run as another user")
    path = FOLDER / "waited-for"
    path.touch()
    path.chmod(0o666)
    FOLDER.chmod(0o755)
    # set-user-ID, as sudo is: the user who started it may not kill it
    mine = FOLDER / "setpriv"
    shutil.copy("/usr/bin/setpriv", mine)
    mine.chmod(0o4755)
    nobody = pwd.getpwnam("nobody").pw_uid
    command = f"echo $$; exec {mine} --reuid 0 --regid 0 --clear-groups sleep 1000"
    holder = Holder("-f", str(path), command=command, user=nobody)
    sleeper = int(holder.said)
    if "nosuid" in subprocess.run(
        ["findmnt", "-no", "OPTIONS", "-T", FOLDER], check=False, stdout=subprocess.PIPE, text=True
    ).stdout:
        holder.let_go()
        raise Skip(f"{FOLDER} is mounted nosuid")
    until(lambda: Path(f"/proc/{sleeper}/comm").read_text() == "sleep\n")
    guard = guard_of(holder.pid)
    holder.process.kill()
    holder.process.wait()
    try:
        refused = zinc("lock", "-t", "0", "-f", str(path), "true")
        assert refused.returncode == REFUSED and f"pid={guard} cmd=" in refused.stderr, refused
    finally:
        os.kill(sleeper, signal.SIGKILL)
    until(lambda: is_free(path))
    holder.let_go()


def background_of_the_command_stays() -> None:
    """As ever: what it leaves behind at its own end is not ended."""
    command = "sleep 1000 <&- >&- 2>&- & echo $!"
    path = FOLDER / "background"
    pid = int(expect(0, "lock", "-f", str(path), "sh", "-c", command))
    assert not is_gone(pid) and is_free(path)
    os.kill(pid, signal.SIGKILL)


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


def shared_processors() -> None:
    with Holder("--shared", "--cpu", "0") as holder:
        expect(0, "lock", "-t", "0", "--shared", "--cpu", "0", "true")
        want = f"zinc: CPU 0 is locked by pid={holder.pid} cmd="
        expect(REFUSED, "lock", "-t", "0", "--cpu", "0", "true", stderr=want)
        assert of(locks()["cpus"], "cpu", 0)["holders"][0]["mode"] == "shared"
        row = next(line for line in expect(0, "locks").splitlines() if line.startswith("cpu 0"))
        assert row.split()[2] == "shared", row
    with Holder("--shared", "--llc", "0"):
        expect(0, "lock", "-t", "0", "--cpu", "0", "true")
        want = "zinc: LLC 0 is locked by pid="
        expect(REFUSED, "lock", "-t", "0", "--llc", "0", "true", stderr=want)


def without_sysfs() -> None:
    done = elsewhere("umount -l /sys; mount -t tmpfs none /sys", "lock", "--cpu", "0", "true")
    want = "zinc: /sys/devices/system/cpu: No such file or directory; is sysfs mounted on /sys?\n"
    assert done.returncode == 3 and done.stderr == want, done


def gpus_without_sysfs() -> None:
    """A GPU that is there is not said to be missing, nor its node to be another's."""
    missing = "umount -l /sys; mount -t tmpfs none /sys"
    want = "zinc: /sys/class: No such file or directory; is sysfs mounted on /sys?\n"
    done = elsewhere(missing, "lock", "--gpu", "any:1", "true")
    assert done.returncode == 3 and done.stderr == want, done
    node = "mount -t tmpfs none /mnt; mknod /mnt/renderD200 c 226 200; "
    done = elsewhere(node + missing, "lock", "--gpu", "/mnt/renderD200", "true")
    assert done.returncode == 3 and done.stderr == want, done
    done = elsewhere(node, "lock", "--gpu", "/mnt/renderD200", "true")
    assert "is not the node of a GPU" in done.stderr, done


def cpu_queue() -> None:
    """In order of arrival, named or not, and a try does not get in between."""
    needs_module()
    last = max(os.sched_getaffinity(0))
    every = str(len(os.sched_getaffinity(0)))
    for what in ["--cpu", str(last)], ["--llc", "0"], ["--cpus", every]:
        order = FOLDER / "order"
        order.write_text("")
        with Holder(*what) as holder:
            waiters = []
            for number in range(4):
                said = ["sh", "-c", f"echo {number} >>{order}"]
                waiters.append(subprocess.Popen([ZINC, "lock", *what, *said], stderr=subprocess.PIPE))
                pid = waiters[-1].pid
                until(lambda pid=pid: waits(pid))  # type: ignore[misc]
            holder.let_go()
            for waiter in waiters:
                assert waiter.wait(PATIENCE) == 0
                waiter.communicate()
        assert order.read_text().split() == ["0", "1", "2", "3"], (what, order.read_text())
    # the second CPU is free, but the first in the queue wants both
    if len(os.sched_getaffinity(0)) < 2:
        return
    with Holder("--cpu", "0") as holder:
        with Process([ZINC, "lock", "-q", "--cpu", "0-1", "true"]) as waiter:
            until(lambda: waits(waiter.pid))
            want = f"zinc: CPU 1 is locked by pid={waiter.pid} cmd="
            expect(REFUSED, "lock", "-t", "0", "--cpu", "1", "true", stderr=want)
            listed = of(locks()["cpus"], "cpu", 1)["waiters"]
            assert [one["pid"] for one in listed] == [waiter.pid], listed
            holder.let_go()
    expect(0, "lock", "-t", "0", "--cpu", "0-1", "true")


def waits(pid: int) -> bool:
    """Is this process in a queue of the kernel's?"""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "zinc-reservation" in os.readlink(link):
                state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                return state == "S"
        except FileNotFoundError:
            pass
    return False


def all_or_nothing() -> None:
    a, b = str(FOLDER / "all-a"), str(FOLDER / "all-b")
    with Holder("--file", b):
        assert zinc("lock", "-t", "0", "-f", b, "-f", a, "-g", GPU, "true").returncode == REFUSED
        assert is_free(Path(a)) and is_free(GPU_FILE)
    with Holder("--file", b, "--file", a, "--gpu", GPU, "--cpu", "0"):
        assert not is_free(Path(a)) and not is_free(Path(b)) and not is_free(GPU_FILE)


def any_gpu() -> None:
    if not list(Path("/sys/class/drm").glob("renderD*/device/vendor")):
        expect(3, "lock", "--gpu", "any:1", "true", stderr="GPUs wanted: 1; this machine shows 0")
        return
    said = expect(0, "lock", "--gpu", "any:1", "sh", "-c", 'echo "$ZINC_GPUS"').strip()
    with Holder("--gpu", said):
        count = int(zinc("lock", "--gpu", "any:64", "true").stderr.split("shows ")[1].split()[0])
        expect(REFUSED, "lock", "-t", "0", "-g", f"any:{count}", "true", stderr="too few are free: GPU ")


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


# a machine with three GPUs, their nodes, and a device that is none
MACHINE = """mount -t tmpfs none /sys
    mount -t tmpfs none /mnt
    cp -a /dev/null /mnt
    [ ! -e /dev/zinc ] || cp -a /dev/zinc /mnt
    mkdir /mnt/dri /sys/amdgpu /sys/xe
    for gpu in 0000:7a:00.0 0000:7b:00.0 0000:7c:00.0 vkms; do
        mkdir -p /sys/devices/$gpu /sys/class/drm/renderD${gpu#0000:}
        ln -s /sys/devices/$gpu /sys/class/drm/renderD${gpu#0000:}/device
        touch /mnt/dri/renderD${gpu#0000:}
        ln -s /sys/amdgpu /sys/devices/$gpu/driver
        echo 0x1002 >/sys/devices/$gpu/vendor
    done
    rm /sys/devices/vkms/driver
    ln -sfn /sys/xe /sys/devices/0000:7c:00.0/driver
    echo 0x8086 >/sys/devices/0000:7c:00.0/vendor
    mount --bind /mnt /dev"""


def any_of_three_gpus() -> None:
    names = [f"pci:0000:7{x}:00.0" for x in "abc"]
    done = elsewhere(MACHINE, "lock", "--gpu", "any:3", "sh", "-c", 'echo "$ZINC_GPUS"')
    assert done.returncode == 0 and done.stdout.strip() == ",".join(names), done
    with Holder("--gpu", names[1]):
        done = elsewhere(MACHINE, "lock", "--gpu", "any:2", "sh", "-c", 'echo "$ZINC_GPUS"')
        assert done.stdout.strip() == f"{names[0]},{names[2]}", done
        done = elsewhere(MACHINE, "lock", "-t", "0", "--gpu", "any:3", "true")
        assert done.returncode == REFUSED, done
        assert f"GPU {names[1]} is already reserved by pid=" in done.stderr, done


def any_gpu_as_asked_for() -> None:
    show = ["sh", "-c", 'echo "$ZINC_GPUS $DRI_PRIME"']
    for choice, said in (
        ("any:1", "pci:0000:7a:00.0 pci-0000_7a_00_0"),
        ("any:2:vendor=amd", "pci:0000:7a:00.0,pci:0000:7b:00.0 pci-0000_7a_00_0"),
        ("any:1:driver=xe", "pci:0000:7c:00.0 pci-0000_7c_00_0"),
        ("any:1:vendor=0x8086:driver=xe", "pci:0000:7c:00.0 pci-0000_7c_00_0"),
    ):
        done = elsewhere(MACHINE, "lock", "--gpu", choice, *show)
        assert done.returncode == 0 and done.stdout.strip() == said, done
    done = elsewhere(MACHINE, "lock", "--gpu", "any:1:vendor=nvidia", *show)
    assert done.returncode == 3 and "3 are of another vendor or driver" in done.stderr, done
    done = elsewhere(MACHINE + "\nrm /dev/dri/*7[ab]*", "lock", "--gpu", "any:2", *show)
    assert done.returncode == 3 and "2 have no node in /dev" in done.stderr, done
    done = elsewhere(MACHINE, "lock", "--no-env", "--gpu", "any:1", *show)
    assert done.stdout.strip() == "pci:0000:7a:00.0", done


STUBS = Path(ZINC).parent.parent / "tests" / "stubs"
UUIDS = [f"GPU-{x * 8}-d72c-4106-c12f-20bd9faed9f6" for x in "abc"]


def with_stubs(**variables: str) -> dict[str, str]:
    """Three GPUs of NVIDIA's, by libraries that are not the real ones."""
    if SANITIZED:
        raise Skip("a sanitizer wants to be the first library")
    if not STUBS.exists():
        raise Skip(f"{STUBS} has not been built: make tests")
    env = {name: value for name, value in os.environ.items() if "VISIBLE" not in name}
    env.update(
        LD_LIBRARY_PATH=str(STUBS),
        STUB_NVML=",".join(f"0:e{n}:0.0/{uuid}/Model" for n, uuid in enumerate(UUIDS)),
        STUB_VULKAN="0:e2:0.0,0:e1:0.0,0:e0:0.0",
    )
    env.update(variables)
    return env


def a_gpu_by_all_its_names() -> None:
    names = ["cuda:2", "vulkan:0", "e2:00.0", UUIDS[2], "cuda:GPU-cc"]
    with Holder("--gpu", "cuda:0", env=with_stubs(CUDA_VISIBLE_DEVICES="2")) as holder:
        for name in names:
            want = f"is already reserved by pid={holder.pid} cmd={ZINC}"[:100]
            expect(REFUSED, "lock", "-t", "0", "-g", name, "true", stderr=want, env=with_stubs())
        expect(0, "lock", "-t", "0", "-g", "cuda:0", "true", env=with_stubs())
        hidden = with_stubs(CUDA_VISIBLE_DEVICES="1,2")
        expect(0, "lock", "-t", "0", "-g", "cuda:0", "true", env=hidden)
        expect(REFUSED, "lock", "-t", "0", "-g", "cuda:1", "true", stderr="GPU cuda:1 is", env=hidden)
        held = {gpu["device"] for gpu in locks()["gpus"] if gpu["holders"]}
        assert {"cuda:2", "pci:0000:e2:00.0"} <= held and "cuda:0" not in held, held
    for name in names:
        expect(0, "lock", "-t", "0", "-g", name, "true", env=with_stubs())


def old_programs_are_kept_out() -> None:
    """Programs that know only the file of an index, as programs without variables count."""
    file = str(FOLDER / "zinc-gpu-cuda-2.lock")
    with Holder("--gpu", "cuda:0", env=with_stubs(CUDA_VISIBLE_DEVICES="2")):
        assert subprocess.run(["flock", "-n", file, "true"], check=False).returncode == 1
    refused = [ZINC, "lock", "-t", "0", "--gpu", "cuda:0", "true"]
    env = with_stubs(CUDA_VISIBLE_DEVICES="2")
    done = subprocess.run(["flock", file, *refused], check=False, stderr=subprocess.PIPE, env=env)
    assert done.returncode == REFUSED and b"GPU cuda:0 is already reserved by pid=" in done.stderr


def the_command_is_told() -> None:
    names = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "DRI_PRIME", "ZINC_GPUS")
    show = ["sh", "-c", "".join(f'echo "${{{name}-unset}}";' for name in names)]
    order = "PCI_BUS_ID"
    for gpus, want in (
        (["cuda:1"], [UUIDS[1], order, "unset", "unset"]),
        (["cuda:2", "cuda:0"], [f"{UUIDS[2]},{UUIDS[0]}", order, "unset", "unset"]),
        (["GPU-bb"], [UUIDS[1], order, "unset", "unset"]),
        (["vulkan:0"], ["unset", "unset", "pci-0000_e2_00_0", "unset"]),
        # an unknown value hides nothing
        (["cuda:7"], ["unset", "unset", "unset", "unset"]),
    ):
        options = [word for gpu in gpus for word in ("--gpu", gpu)]
        assert expect(0, "lock", *options, *show, env=with_stubs()).split() == want, gpus
        kept = expect(0, "lock", "--keep", *options, *show, env=with_stubs()).split()
        assert kept == want, gpus
    env = with_stubs(CUDA_VISIBLE_DEVICES="2,1")
    assert expect(0, "lock", "-g", "cuda:0", *show, env=env).split()[0] == UUIDS[2]
    assert expect(0, "lock", "--no-env", "-g", "cuda:0", *show, env=env).split()[0] == "2,1"


def a_gpu_twice() -> None:
    expect(2, "lock", "-g", "cuda:2", "-g", "vulkan:0", "true", stderr="GPU vulkan:0 is given twice: it is also cuda:2",
           env=with_stubs())  # fmt: skip
    # in one order, regardless of their names, so that two never deadlock: here both are
    # refused the first one, and have not locked the second
    for first, second in ("cuda:0", "vulkan:0"), ("GPU-aa", "e2:00.0"):
        with Holder("--gpu", "vulkan:2", env=with_stubs()):
            done = zinc("lock", "-t", "0", "-g", second, "-g", first, "true", env=with_stubs())
            name = "cuda:0" if first == "cuda:0" else "cuda:gpu-aa"
            assert done.returncode == REFUSED and f"GPU {name} is already" in done.stderr, done


def gpus_that_are_not_known() -> None:
    env = with_stubs(STUB_FAIL="vkCreateInstance")
    done = zinc("lock", "-g", "vulkan:0", "true", notes=True, env=env)
    want = "vulkan:0 is not resolved to one GPU: libvulkan.so.1: vkCreateInstance() fails with 999; it is locked under that name only"
    assert done.returncode == 0 and done.stderr == f"{NOTE}{want}\n", done
    done = zinc("lock", "-g", "vulkan:0", "-q", "true", notes=True, env=env)
    assert done.returncode == 0 and not done.stderr, done
    with Holder("--gpu", "vulkan:0", env=env) as holder:
        done = zinc("locks", notes=True)
        want = f"{NOTE}vulkan:0 is locked under this name only, by pid {holder.pid}"
        assert done.stderr.startswith(want) and done.stderr.count("note") == 1, done
        expect(REFUSED, "lock", "-t", "0", "-g", "vulkan:0", "true", stderr="GPU vulkan:0 is", env=env)
    with Holder("--gpu", "vulkan:0", env=with_stubs()):
        done = zinc("locks", notes=True)
        assert not done.stderr, done
    said = zinc("doctor", env=env).stdout
    assert "under all their names: cuda:0 is pci:0000:e0:00.0" in said, said
    assert "under one name only: rocm (" in said and "vulkan (libvulkan.so.1: vkCreateInstance()" in said, said


def several_in_one_order() -> None:
    # regardless of the order of the options, so that two that want the same never deadlock
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
    assert done.returncode == 3 and "check that /proc is mounted" in done.stderr, done


def bad_usage() -> None:
    file = ["--file", str(FOLDER / "usage")]
    hint = "Try 'zinc lock --help'."
    wrong: list[tuple[list[str], str]] = [
        ([], "expected --gpu"),
        (["true"], "expected --gpu"),
        ([*file], "expected a command"),
        ([*file, "--"], "expected a command"),
        ([*file, *file, "true"], "is given twice"),
        (["--gpu", GPU, "--gpu", GPU, "true"], f"GPU {GPU} is given twice"),
        (["--gpu", "01:00.0", "--gpu", "0000:01:00.0", "true"], "is given twice"),
        (["--gpu", "any:0", "true"], "invalid number of GPUs '0': expected 1 to 64"),
        (["--gpu", "any:x", "true"], "invalid number of GPUs 'x'"),
        (["--gpu", "any:65", "true"], "invalid number of GPUs '65'"),
        (["--gpu", "any:1:x=1", "true"], "invalid choice 'x=1': expected vendor=VENDOR"),
        (["--gpu", "any:1", "--gpu", GPU, "true"], "either GPUs by name or any"),
        ([f"--gpu=vulkan:{n}" for n in range(65)] + ["true"], "too many GPUs: expected at most 64"),
        ([f"--file={FOLDER}/{n}" for n in range(65)] + ["true"], "too many files: expected at most 64"),
        (["--cpu", "0", "--cpus", "1", "true"], "only one of --cpu, --cpus and --llc"),
        (["--cpus", "0", "true"], "invalid number of CPUs '0': expected 1 to 65535"),
        ([*file, "--timeout", "-1", "true"], "invalid timeout '-1'"),
        ([*file, "--timeout", "x", "true"], "invalid timeout 'x'"),
        ([*file, "--timeout", "86401", "true"], "expected 0 or 0.001-86400 seconds"),
        (["--frobnicate"], "unrecognized option '--frobnicate'"),
    ]
    for arguments, says in wrong:
        expect(2, "lock", *arguments, stderr=says)
        expect(2, "lock", *arguments, stderr=hint)
    for arguments, says in (
        (["--gpu", "voodoo:0"], "invalid GPU 'voodoo:0': expected BACKEND:INDEX"),
        (["--gpu", "any:1:vendor=voodoo"], "invalid vendor 'voodoo': expected nvidia, amd, intel"),
        (["--cpu", "x"], "invalid list of CPUs 'x': expected numbers"),
        (["--llc", "2-1"], "invalid list of LLCs '2-1': expected numbers"),
    ):
        expect(2, "lock", *arguments, "true", stderr=says)
    for arguments, says in (
        (["--cpu", "60000"], "CPU 60000 does not exist"),
        (["--cpus", "60000"], "this process may use"),
        (["--gpu", "/dev/null"], "/dev/null is not the node of a GPU: see /dev/dri"),
        (["--file", str(FOLDER / "no" / "where")], "its directory does not exist; create it"),
    ):
        expect(3, "lock", *arguments, "true", stderr=says)


def escape_sequences_are_shown_harmless() -> None:
    # the command line is shown, and cut: it has to be short
    command = ["zinc", "lock", "-f", "e", "sh", "-c", "echo;exec cat #\033[31m"]
    with Process(
        command, executable=ZINC, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"\n"
        done = zinc("lock", "-t", "0", "-f", "e", "true", cwd=FOLDER)
        holder.communicate()
        assert "\033" not in done.stderr and "\\x1b[31m" in done.stderr, done.stderr


# -- zinc locks --------------------------------------------------------------------


def locks(**how: Any) -> dict[str, list[dict[str, Any]]]:
    """The output of `zinc locks --json`."""
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
        cmdline = f"{ZINC} lock -q {' '.join(what)} -- sh -c "
    llc = of(said["llcs"], "llc_idx", 0)
    cpu = of(said["cpus"], "cpu", 0)
    gpu = of(said["gpus"], "device", GPU)
    for entry in llc, cpu, gpu, of(said["cache"], "cache_key", "b"):
        assert [one["pid"] for one in entry["holders"]] == [holder.pid], entry
        # cut at 100 characters
        assert entry["holders"][0]["cmdline"][:90] == cmdline[:90], entry
        assert len(entry["holders"][0]["cmdline"]) <= 101
    assert set(llc) == {"llc_idx", "numa_node", "lockfile", "holders", "waiters"}
    assert set(cpu) == {"cpu", "numa_node", "lockfile", "holders", "waiters"}
    assert llc["holders"][0]["mode"] == "shared" and cpu["holders"][0]["mode"] == "exclusive"
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
    with Process(
        [ZINC, "locks", "--json", "--watch", "0.05"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
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
        (["--watch", "0"], "invalid watch interval '0': expected 0.001-86400 seconds"),
        (["--watch", "x"], "invalid watch interval 'x'"),
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
    # the profiler of the running lines locks the files with its counts
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
    with Process(watch, stdout=subprocess.PIPE, text=True) as process:
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
    line = next(line for line in said.splitlines() if " locks " in line and "GPUs: lock files" in line)
    assert ("the module's reservations" if KMOD else "lock files only") in line, line
    env = dict(os.environ, ZINC_LOCK_DIR="/nowhere")
    assert "no lock file can be created in /nowhere: No such file" in zinc("doctor", env=env).stdout


# -- with the module -----------------------------------------------------------------


def needs_module() -> None:
    if not KMOD:
        raise Skip("there is no /dev/zinc: modprobe zinc")
    if os.getuid():
        raise Skip("needs root")


def reservations_are_shown() -> None:
    needs_module()
    with Holder("--gpu", GPU) as holder:
        with Process([ZINC, "lock", "-q", "--gpu", GPU, "true"]) as waiter:
            until(lambda: bool(of(locks()["gpus"], "device", GPU)["waiters"]))
            entry = of(locks()["gpus"], "device", GPU)
            assert [one["pid"] for one in entry["holders"]] == [holder.pid]
            assert [one["pid"] for one in entry["waiters"]] == [waiter.pid]
            # which is cut where the path of the command is long
            shown, given = entry["waiters"][0]["cmdline"], f"{ZINC} lock -q --gpu {GPU} true"
            assert shown == given or shown[:90] == given[:90] and len(shown) <= 101, shown
            assert "waiting" in expect(0, "locks")
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
            with Process(
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
        assert done.returncode == 3 and "this user may not use it for a reservation: see 'zinc doctor'" in done.stderr, done
        done = zinc("locks", user=nobody)
        assert done.returncode == 0 and "reservations are not shown" in done.stderr, done
    finally:
        os.chmod("/dev/zinc", mode)


TESTS: list[Callable[[], None]] = [
    status_is_passed_on, death_is_passed_on, output_is_its_own, refusal_names_the_holder,
    gpu_refusal_names_the_holder, waiting_gets_it, interrupted_while_waiting,
    no_descriptor_is_leaked, kept_descriptors, keep_takes_the_place, signals_are_passed_on,
    killed_with_its_command, nothing_runs_without_the_lock, killed_and_still_named,
    background_of_the_command_stays, ignored_child_signal, other_programs_are_kept_out, shared,
    processors, shared_processors, without_sysfs, gpus_without_sysfs, cpu_queue,
    all_or_nothing, any_gpu, any_of_three_gpus, any_gpu_as_asked_for,
    a_gpu_by_all_its_names, old_programs_are_kept_out, the_command_is_told, a_gpu_twice,
    gpus_that_are_not_known, several_in_one_order,
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
