#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""zinc doctor on machines that are ill: what it finds, and what it says to do. Each is
a mount namespace with a /dev, a /sys and a /dev/shm of its own; needs root. $ZINC is the
program if it is not build/bin/zinc. Prints TAP."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Optional

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "adapters"))

from tap_python import Skip, run  # noqa: E402  # pylint: disable=wrong-import-position

ZINC = os.path.abspath(os.environ.get("ZINC", HERE.parents[1] / "build" / "bin" / "zinc"))
PATIENCE = 100
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups"
PARAMETERS = Path("/sys/module/zinc/parameters")
SHM = "mount -t tmpfs -o mode=1777 none /dev/shm"
SANE = {key: value for key, value in os.environ.items() if not key.startswith("ZINC_")}
SANE["LC_ALL"] = "C.UTF-8"
# a driver's number, and one that no driver has
NULL, NO_DRIVER = "c 1 3", "c 10 250"


@dataclass
class Finding:
    """A line of the report."""

    status: str
    text: str
    remedy: Optional[str]


@dataclass
class Machine:
    """Changes to this machine, as lines of shell."""

    lines: list[str] = field(default_factory=list)
    user: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def zinc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, there."""
        script = "\n".join(["set -e", *self.lines, f'exec {self.user} "$0" "$@"'])
        return subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, ZINC,
             *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=PATIENCE, check=False,
            env={**SANE, **self.environment},
        )  # fmt: skip

    def doctor(self, check: str) -> list[Finding]:
        """Its findings of one check."""
        done = self.zinc("doctor", "--json")
        assert done.returncode in (0, 1) and not done.stderr, done
        report = json.loads(done.stdout)
        assert report["healthy"] == (done.returncode == 0), done
        failed = any(c["status"] == "fail" for c in report["checks"])
        assert report["healthy"] != failed, report
        return [
            Finding(c["status"], c["text"], c["remedy"])
            for c in report["checks"] if c["check"] == check
        ]

    def finds(self, check: str, status: str, text: str, remedy: Optional[str]) -> None:
        """Is this among it? A part of the text will do, and of the remedy."""
        all_of_it = self.doctor(check)
        assert any(
            f.status == status and text in f.text
            and (f.remedy is None if remedy is None else remedy in (f.remedy or ""))
            for f in all_of_it
        ), all_of_it


def bare(*lines: str, **how: str) -> Machine:
    """A machine without a module, nor a device."""
    if PARAMETERS.exists():
        raise Skip("is the same where the module is not loaded, and quicker")
    if os.geteuid():
        raise Skip("needs root, for mounts")
    return Machine(
        ["mount -t tmpfs none /dev", "mkdir /dev/shm", SHM, "mount -t tmpfs none /sys", *lines],
        user=how.get("user", ""),
    )


def with_module(*lines: str, number: str = "1:3", **how: str) -> Machine:
    """One whose module says that this is its device."""
    return bare(
        "mkdir -p /sys/module/zinc /sys/class/misc/zinc",
        "echo 1.2.3 >/sys/module/zinc/version",
        f"echo {number} >/sys/class/misc/zinc/dev",
        *lines,
        **how,
    )


def node(number: str = NULL, mode: str = "0666", group: str = "root") -> str:
    """Makes /dev/zinc."""
    return f"mknod -m {mode} /dev/zinc {number} && chown root:{group} /dev/zinc"


# ---- the module, and its device ------------------------------------------------------


def no_module() -> None:
    """Not ill: POSIX shared memory is there."""
    machine = bare()
    machine.finds("module", "warn", "the kernel module zinc is not loaded", "")
    assert not machine.doctor("device")
    machine.finds("backend", "ok", "shm: /dev/zinc is missing", None)
    machine.finds("locks", "ok", "GPUs: lock files only", None)


RELEASE = os.uname().release
MODULES = "mount -t tmpfs none /lib/modules"
SOURCES = "mount -t tmpfs none /usr/src && mkdir /usr/src/zinc-1.0.0"
DKMS = ": >/usr/src/zinc-1.0.0/dkms.conf"


def one_warning_for_no_module() -> None:
    """Whatever else follows from that."""
    for check in ("module", "device", "interface", "limits", "backend"):
        warned = [f for f in bare(MODULES, SOURCES).doctor(check) if f.status != "ok"]
        assert len(warned) == (check == "module"), (check, warned)


def module_not_installed() -> None:
    """Neither by DKMS nor by make."""
    bare(MODULES, SOURCES).finds(
        "module", "warn", f"not loaded, and not installed for {RELEASE}", "the package zinc-dkms")


def module_without_headers() -> None:
    """DKMS has its sources, and builds nothing."""
    bare(MODULES, SOURCES, DKMS).finds(
        "module", "warn", f"without the headers of {RELEASE}", f"linux-headers-{RELEASE}")


def module_not_built() -> None:
    """Though it could be."""
    build = f"/lib/modules/{RELEASE}/build"
    bare(MODULES, SOURCES, DKMS, f"mkdir -p {build}", f": >{build}/Makefile").finds(
        "module", "warn", f"DKMS has not built it for {RELEASE}", "dkms autoinstall")


def module_not_loaded() -> None:
    """All it takes is modprobe; with Secure Boot, perhaps a key."""
    place = f"/lib/modules/{RELEASE}/updates/dkms"
    machine = bare(MODULES, f"mkdir -p {place}", f": >{place}/zinc.ko.xz")
    machine.finds("module", "warn", "the kernel module zinc is not loaded", "load it: modprobe zinc")
    assert all("Secure Boot" not in (f.remedy or "") for f in machine.doctor("module"))
    variables = "/sys/firmware/efi/efivars"
    machine.lines += [
        f"mkdir -p {variables}",
        f"printf '\\006\\0\\0\\0\\001' >{variables}/"
        "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    ]
    machine.finds("module", "warn", "the kernel module zinc is not loaded",
                  "mokutil --import /var/lib/dkms/mok.pub")


def huge_pages_denied() -> None:
    """By the one setting that no mount overrides."""
    folder = "/sys/kernel/mm/transparent_hugepage"
    for setting, warned in (("always [deny] force", True), ("always [never] deny force", False)):
        found = with_module(
            f"mkdir -p {folder}", f"echo '{setting}' >{folder}/shmem_enabled", node()
        ).doctor("huge-pages")
        assert bool(found) == warned, (setting, found)
        assert all("shmem_enabled is deny" in f.text and f.remedy for f in found), found


def device_of_a_group_joined_since() -> None:
    """A user who is in the group, in a session from before."""
    files = "/etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache"
    machine = with_module(
        f"mkdir /dev/etc && cp -a {files} /dev/etc && mount --bind /dev/etc /etc",
        "sed -i 's/^tty:.*/&nobody/' /etc/group", node(mode="0660", group="tty"), user=NOBODY)
    machine.finds("device", "fail", "cannot be opened by nobody",
                  "log in again: nobody is in the group tty")


def module_asked_for() -> None:
    """By the environment, where there is none."""
    machine = bare()
    machine.environment["ZINC_BACKEND"] = "kmod"
    machine.finds("backend", "fail", "none: ZINC_BACKEND=kmod asks for the kernel module",
                  "or set ZINC_BACKEND=shm")
    machine.finds("regions", "fail", "cannot be listed without a backend", "see the backend")


def module_with_version() -> None:
    """Which it tells."""
    with_module().finds("module", "ok", "zinc 1.2.3 is loaded", None)


def module_without_version() -> None:
    """Which a kernel need not show."""
    with_module(": >/sys/module/zinc/version").finds(
        "module", "ok", "zinc is loaded; its version is not known", None)


def device_missing() -> None:
    """In a container, say."""
    with_module().finds("device", "fail", "/dev/zinc is missing, though the module is loaded",
                        "--device /dev/zinc), or, as root: mknod /dev/zinc c 1 3")


def device_missing_number_unknown() -> None:
    """Where sysfs does not tell it either."""
    with_module("rm -r /sys/class").finds(
        "device", "fail", "/dev/zinc is missing", "mount devtmpfs on /dev and sysfs on /sys")


def device_is_a_file() -> None:
    """A process wrote to the path while the device did not exist."""
    machine = with_module(": >/dev/zinc")
    machine.finds("device", "fail", "/dev/zinc is not a character device", "remove it")
    machine.finds("backend", "fail", "/dev/zinc is not a zinc device of interface version",
                  "set ZINC_BACKEND=shm")
    machine.finds("locks", "fail", "the module's reservations are not available", "see the device")


def device_has_another_number() -> None:
    """Left from before the module was loaded again."""
    with_module(node(), number="10:123").finds(
        "device", "fail", "/dev/zinc is device 1:3, but the module's is 10:123",
        "rm /dev/zinc && mknod /dev/zinc c 10 123")


def device_of_another_driver() -> None:
    """It opens, and knows nothing of Zinc."""
    machine = with_module(node())
    machine.finds("device", "ok", "/dev/zinc opens (root:root, mode 0666)", None)
    machine.finds("interface", "fail", "/dev/zinc does not answer ZINC_IOC_QUERY",
                  "a module and a library of the same release")


def device_without_driver() -> None:
    """It does not open, and that is not for want of rights."""
    machine = with_module(node(NO_DRIVER), number="10:250")
    machine.finds("device", "fail", "cannot be opened by root: No such device", "dmesg")
    # to the library that is a machine without the module
    machine.finds("backend", "ok", "shm: /dev/zinc is missing", None)


def device_that_loops() -> None:
    """The error of open() is in the message."""
    machine = with_module("ln -s zinc /dev/zinc")
    machine.finds("backend", "fail", "/dev/zinc cannot be opened: ", "set ZINC_BACKEND=shm")


def device_of_a_group() -> None:
    """A member of the group may open it."""
    machine = with_module(node(mode="0660", group="tty"), user=NOBODY)
    machine.finds("device", "fail", "/dev/zinc (root:tty, mode 0660) cannot be opened by nobody",
                  "usermod -aG tty nobody")
    machine.finds("backend", "fail", "/dev/zinc exists, but this user may not open it",
                  "set ZINC_BACKEND=shm")


# exec with a filter of system calls: every ioctl() of a zinc device is EACCES
REFUSING_IOCTLS = """
import ctypes, os, struct, sys
ops = [(0x20, 0, 0, 0), (0x15, 0, 4, 16), (0x20, 0, 0, 24), (0x54, 0, 0, 0xff00),
       (0x15, 0, 1, 0xbd00), (0x06, 0, 0, 0x50000 | 13), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *op) for op in ops))
program = ctypes.create_string_buffer(struct.pack("HP", len(ops), ctypes.addressof(code)))
libc = ctypes.CDLL(None)
assert not libc.prctl(38, 1, 0, 0, 0) and not libc.prctl(22, 2, program)
os.execv(sys.argv[1], sys.argv[1:])
"""


def device_that_refuses_ioctls() -> None:
    """A security policy is to blame, not the mode of the device."""
    if os.uname().machine != "x86_64":
        raise Skip("the filter has x86-64's numbers")
    machine = with_module(node(), user=f"{sys.executable} -c {shlex.quote(REFUSING_IOCTLS)}")
    machine.finds("device", "ok", "/dev/zinc opens", None)
    machine.finds("interface", "fail", "/dev/zinc does not answer ZINC_IOC_QUERY: Permission denied",
                  "Landlock, seccomp")
    machine.finds("backend", "fail", "/dev/zinc opens, but its ioctl() calls are refused",
                  "set ZINC_BACKEND=shm")
    done = machine.zinc("create", "closed", "64K")
    assert done.returncode == 3 and "ioctl() calls are refused" in done.stderr, done


def device_of_root() -> None:
    """No group would help."""
    machine = with_module(node(mode="0600"), user=NOBODY)
    machine.finds(
        "device", "fail", "(root:root, mode 0600) cannot be opened by nobody", "a udev rule")
    done = machine.zinc("create", "closed", "64K")
    assert done.returncode == 3, done
    assert "/dev/zinc exists, but this user may not open it" in done.stderr, done


# ---- the module's limits ---------------------------------------------------------------


@contextmanager
def limit(parameter: str, value: str) -> Iterator[None]:
    """A limit of the real module is another."""
    if not PARAMETERS.exists():
        raise Skip("there is no /dev/zinc: modprobe zinc")
    path = PARAMETERS / parameter
    before = path.read_text(encoding="ascii")
    path.write_text(value, encoding="ascii")
    try:
        yield
    finally:
        path.write_text(before, encoding="ascii")


def limited(parameter: str, value: str, user: str = "") -> list[Finding]:
    """The tools are found where they are."""
    with limit(parameter, value):
        return Machine(user=user).doctor("limits")


def create_beyond_limit() -> subprocess.CompletedProcess[str]:
    """One region more than a user may have."""
    with limit("max_regions", "1"):
        return Machine(user=NOBODY).zinc("create", f"doctor{os.getpid()}x", "64K")


def no_limit() -> None:
    """0 means none."""
    found = limited("max_bytes", "0")
    assert any(f.status == "ok" and "bytes of this user, no limit" in f.text for f in found), found


def limit_of_root() -> None:
    """An exempt user is not warned."""
    found = limited("max_regions", "1")
    assert any("1 regions of this user (root may have more)" in f.text for f in found), found
    assert all(f.status == "ok" for f in found), found


def limit_reached() -> None:
    """Nothing is left of one limit, and less than a tenth of another."""
    if not PARAMETERS.exists():
        raise Skip("there is no /dev/zinc: modprobe zinc")
    mode = os.stat("/dev/zinc").st_mode & 0o7777
    os.chmod("/dev/zinc", 0o666)
    try:
        with subprocess.Popen(
            [*NOBODY.split(), ZINC, "create", f"doctor{os.getpid()}", "64K"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as holder:
            try:
                wait_for_region(f"doctor{os.getpid()}")
                full = limited("max_regions", "1", NOBODY)
                assert any(
                    f.status == "fail" and "1 of 1 regions of this user" in f.text
                    and "/sys/module/zinc/parameters/max_regions" in (f.remedy or "")
                    for f in full
                ), full
                done = create_beyond_limit()
                assert done.returncode == 3, done
                assert "'zinc doctor' shows the limits and their use" in done.stderr, done
                near = limited("max_bytes", "66000", NOBODY)
                assert any(
                    f.status == "warn" and "65536 of 66000 bytes of this user" in f.text
                    and "max_bytes" in (f.remedy or "")
                    for f in near
                ), near
            finally:
                holder.kill()
    finally:
        os.chmod("/dev/zinc", mode)


def wait_for_region(name: str) -> None:
    """Until it is there."""
    subprocess.run(
        ["timeout", str(PATIENCE), "sh", "-c", 'until "$0" stat "$1"; do sleep 0.1; done',
         ZINC, name],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )


# ---- /dev/shm, lock files, leftovers -----------------------------------------


def shm_missing() -> None:
    """As in a bare chroot."""
    bare("umount /dev/shm", "rmdir /dev/shm").finds(
        "shm", "fail", "/dev/shm: No such file or directory", "mount -t tmpfs")


def shm_missing_with_module() -> None:
    """Which is not as bad."""
    with_module("umount /dev/shm", "rmdir /dev/shm", node(mode="0600"), user=NOBODY).finds(
        "shm", "warn", "/dev/shm: No such file or directory", "mount -t tmpfs")


def shm_closed() -> None:
    """To this user."""
    machine = bare("chmod 0700 /dev/shm", user=NOBODY)
    machine.finds("shm", "fail", "/dev/shm is not accessible to this user: Permission denied",
                  "chmod 1777 /dev/shm")
    machine.finds("regions", "fail", "cannot be listed: ", "remove the cause")


def shm_on_another_file_system() -> None:
    """It works, and may be slow."""
    bare("umount /dev/shm", "mount -t ramfs none /dev/shm").finds(
        "shm", "warn", "/dev/shm is not a tmpfs", "mount -t tmpfs")


def shm_almost_full() -> None:
    """Less than a tenth is left."""
    bare("umount /dev/shm", "mount -t tmpfs -o size=1m,mode=1777 none /dev/shm",
         "fallocate -l 1000000 /dev/shm/filler").finds("shm", "warn", "/dev/shm has ", "remount,size=")


def shm_without_limit() -> None:
    """A file system without blocks."""
    bare("umount /dev/shm", "mount -t tmpfs -o size=0,mode=1777 none /dev/shm").finds(
        "shm", "ok", "/dev/shm is a tmpfs without a limit", None)


def logout_removes() -> None:
    """The effect of logind on users without a session."""
    logind = ("mount -t tmpfs none /run", "mkdir -p /run/systemd/system",
              "mkdir -p /etc/systemd", "mount -t tmpfs none /etc/systemd")
    machine = bare(*logind, user=NOBODY)
    machine.finds("logout", "warn", "removes the regions of nobody from /dev/shm", "enable-linger")
    machine = bare(*logind, "echo RemoveIPC=no >/etc/systemd/logind.conf", user=NOBODY)
    assert not machine.doctor("logout")
    assert not bare(*logind).doctor("logout")
    assert not bare("mount -t tmpfs none /run", user=NOBODY).doctor("logout")


def stale_of_others() -> None:
    """Which only they, or root, can remove."""
    machine = bare("mknod -m 0666 /dev/null c 1 3",
                   '"$0" create --mode=0644 left 4K >/dev/null & until [ -e /dev/shm/zinc_left ]',
                   "do sleep 0.1; done; kill -9 $!", user=NOBODY)
    machine.finds("regions", "warn", "left behind by dead processes of other users, such as root",
                  "have the owner or root run 'zinc rm --stale'")
    done = machine.zinc("create", "left", "4K")
    assert done.returncode == 3, done
    assert "have that user or root run 'zinc rm left'" in done.stderr, done


def lifetime_variable() -> None:
    """A path that is not a device creates nothing."""
    machine = bare()
    machine.environment["ZINC_LIFETIME"] = "creator"
    machine.finds("lifetime", "ok", "ZINC_LIFETIME=creator", None)
    machine.environment["ZINC_LIFETIME"] = "ever"
    machine.finds("lifetime", "fail", "ZINC_LIFETIME=ever is invalid", "unset ZINC_LIFETIME")


def lock_folder_missing() -> None:
    """The directory is not created for a user who asks for it."""
    machine = bare()
    machine.environment["ZINC_LOCK_DIR"] = "/nonexistent/folder"
    machine.finds("locks", "warn", "no lock file can be created in /nonexistent/folder",
                  "set ZINC_LOCK_DIR")


def lock_folder_too_long() -> None:
    """No path fits behind it."""
    machine = bare()
    machine.environment["ZINC_LOCK_DIR"] = "/" + "long/" * 1000
    machine.finds("locks", "fail", "ZINC_LOCK_DIR is too long", "unset it")


def with_etc(*lines: str) -> Machine:
    """One whose /etc is its own."""
    files = "/etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache"
    return bare(f"mkdir /dev/etc && cp -a {files} /dev/etc && mount --bind /dev/etc /etc", *lines)


def lock_folder_by_default() -> None:
    """It is said which, and why."""
    with_etc().finds("locks", "ok", "lock files are in /tmp (default: neither ZINC_LOCK_DIR nor", None)


def lock_folder_of_the_environment() -> None:
    """For any content of the file."""
    machine = with_etc("echo lock_dir = /run >/etc/zinc.conf")
    machine.environment["ZINC_LOCK_DIR"] = "/dev/shm"
    machine.finds("locks", "ok", "lock files are in /dev/shm (ZINC_LOCK_DIR)", None)


def lock_folder_of_the_file() -> None:
    """And the locks are there."""
    machine = with_etc("mkdir -m 1777 /dev/shm/locks", "echo lock_dir = /dev/shm/locks/ >/etc/zinc.conf")
    machine.finds("locks", "ok", "lock files are in /dev/shm/locks (/etc/zinc.conf)", None)
    machine.lines.append('"$0" lock -t 0 --gpu vulkan:0 ls /dev/shm/locks')
    assert "zinc-gpu-vulkan-0.lock" in machine.zinc("--version").stdout


def lock_folder_of_a_bad_file() -> None:
    """No lock is taken where others may not look for it."""
    machine = with_etc("printf '# mine\\n\\nlockdir = /run\\n' >/etc/zinc.conf")
    text = "/etc/zinc.conf:3: unknown key: expected lock_dir"
    machine.finds("locks", "fail", text, "correct the file")
    for what in (["--gpu", "vulkan:0"], ["--gpu", "any:1"], ["--cpu", "0"], ["--cpus", "1"]):
        done = machine.zinc("lock", "-t", "0", *what, "true")
        assert done.returncode == 3, (what, done)
        # a machine without sysfs has no CPUs and no GPUs to choose from
        assert "vulkan:0" not in what or text in done.stderr, (what, done)
    done = machine.zinc("locks")
    assert done.returncode == 3 and text in done.stderr, done
    # the environment's comes first, and the file is not read
    machine.environment["ZINC_LOCK_DIR"] = "/dev/shm"
    assert machine.zinc("lock", "-t", "0", "--gpu", "vulkan:0", "true").returncode == 0


def lock_folder_of_an_unreadable_file() -> None:
    """It does not make the lock go elsewhere."""
    machine = with_etc("echo lock_dir = /run >/etc/zinc.conf", "chmod 600 /etc/zinc.conf")
    machine.user = NOBODY
    machine.finds("locks", "fail", "/etc/zinc.conf: Permission denied: it names the directory", "correct the file")


def cleaner_of_tmp() -> None:
    """One that has an age for /tmp, and no line that has lock files spared."""
    for line in "q /tmp 1777 root root 10d", "D! %T 1777 root root 10d":
        machine = with_etc("mkdir /etc/tmpfiles.d", f"echo '{line}' >/etc/tmpfiles.d/a.conf")
        warned = [f for f in machine.doctor("locks") if "removes old files" in f.text]
        if spares_locked():
            assert not warned, warned
            raise Skip("this systemd spares files that are locked")
        assert len(warned) == 1 and warned[0].status == "warn", (line, warned)
        assert "systemd-tmpfiles (/etc/tmpfiles.d/a.conf:1)" in warned[0].text, warned
        assert "x /tmp/zinc-*.lock" in (warned[0].remedy or ""), warned


def spares_locked() -> bool:
    """Is systemd new enough to?"""
    shared = [p for d in ("/usr/lib", "/usr/lib64", "/lib") for p in Path(d).glob("**/libsystemd-shared-*.so")]
    return any(int(path.stem.rsplit("-", 1)[1].split(".")[0]) >= 254 for path in shared)


def cleaner_that_spares_locks() -> None:
    """By what make install has put there, or by another age."""
    shipped = HERE.parents[1] / "lib" / "tmpfiles.conf"
    for lines in (
        ["echo 'q /tmp 1777 root root 10d' >/etc/tmpfiles.d/a.conf",
         f"cp {shipped} /etc/tmpfiles.d/zinc.conf"],
        ["echo 'q /tmp 1777 root root -' >/etc/tmpfiles.d/a.conf"],
        ["echo 'q /tmp 1777 root root' >/etc/tmpfiles.d/a.conf"],
        ["printf 'e / - - - 1d\\nd /tmp 1777 root root -\\n' >/etc/tmpfiles.d/a.conf"],
        ["echo 'q /tmp2 1777 root root 10d' >/etc/tmpfiles.d/a.conf"],
        ["echo 'x /tmp' >/etc/tmpfiles.d/a.conf"],
    ):  # fmt: skip
        machine = with_etc("mkdir /etc/tmpfiles.d", *lines)
        warned = [f for f in machine.doctor("locks") if "removes old files" in f.text]
        assert not warned, (lines, warned)


def private_tmp() -> None:
    """As systemd gives it to a service."""
    folder = "/dev/shm/systemd-private-0-x.service-y/tmp"
    with_etc(f"mkdir -p -m 1777 {folder}", f"mount --bind {folder} /tmp").finds(
        "locks", "warn", "/tmp is private to this service (PrivateTmp=)", "lock_dir = /run/lock/zinc")


def invalid_region() -> None:
    """A file that has a region's name."""
    bare("echo nothing >/dev/shm/zinc_odd", 'made=$("$0" create --lifetime=persist even 64K)').finds(
        "regions", "warn", "1 of 2 have no valid header",
        "if no process is creating it now: zinc rm odd")


TESTS: list[Callable[[], None]] = [
    no_module, one_warning_for_no_module, module_not_installed, module_without_headers,
    module_not_built, module_not_loaded, huge_pages_denied, device_of_a_group_joined_since,
    module_asked_for, module_with_version, module_without_version, device_missing,
    device_missing_number_unknown, device_is_a_file, device_has_another_number,
    device_of_another_driver, device_without_driver, device_that_loops, device_of_a_group,
    device_that_refuses_ioctls, device_of_root, no_limit, limit_of_root, limit_reached, shm_missing,
    shm_missing_with_module, shm_closed, shm_on_another_file_system, shm_almost_full,
    shm_without_limit, logout_removes, stale_of_others, lifetime_variable, lock_folder_missing,
    lock_folder_too_long, lock_folder_by_default,
    lock_folder_of_the_environment, lock_folder_of_the_file, lock_folder_of_a_bad_file,
    lock_folder_of_an_unreadable_file, cleaner_of_tmp, cleaner_that_spares_locks, private_tmp,
    invalid_region,
]  # fmt: skip


def main() -> int:
    """All of them, by name."""
    with tempfile.TemporaryDirectory(prefix="zinc-doctor-") as folder:
        os.chdir(folder)
        return run([(n, test.__name__.replace("_", " "), test) for n, test in enumerate(TESTS, 1)])


if __name__ == "__main__":
    sys.exit(main())
