#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""vmguestctl freeze, over a filesystem, one in a file of it, one on dm in a file of that, an overlay and a bind mount."""

import ctypes
import errno
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time

from vmsync_lib import (FIFREEZE, FITHAW, StuckWriter, attach, children, expect_frozen, expect_thawed, fail, frozen_all, fsfreeze, has,
                        has_frozen, is_equal, is_writable, libc, make, make_stack, run, run_parts, step, wait_for)

LOWER, UPPER, OTHER, DM, OVER, BIND, BTRFS, HUNG = "/mnt/lower", "/mnt/upper", "/mnt/other", "/mnt/dm", "/mnt/over", "/mnt/bind", "/mnt/btrfs", "/mnt/hung"
COPY = f"{LOWER}/vmguestctl"
OURS = (LOWER, UPPER, OTHER, DM, BTRFS)


def ctl(*words, status=0, program=sys.argv[1], **options):
    """Run it to its end. Return: what it wrote to stdout and to stderr."""
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False, **options)
    is_equal(f"status of vmguestctl {' '.join(words)} ({done.stderr.strip()})", done.returncode, status)
    return done.stdout, done.stderr


def says(stderr, part):
    if part not in stderr:
        fail(f"it says {stderr!r}, not {part!r}")


def plan(*words, status=0):
    document = json.loads(ctl("freeze", "--dry-run", "--json", *words, status=status)[0])
    is_equal("schema", (document["schema"], document["event"]), (1, "plan"))
    return document


class Running:
    """vmguestctl freeze --json in the background."""

    def __init__(self, *words, program=sys.argv[1], **options):
        self.process = subprocess.Popen([program, "freeze", "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        children.add(self)

    def kill(self):
        self.process.kill()

    def await_frozen(self, seconds=20):
        """The line that scripts wait for."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            fail("nothing is said")
        is_equal("the line", os.read(self.process.stdout.fileno(), 1000), b'{"event":"frozen","schema":1}\n')

    def finish(self, number=0):
        """Return: its status, the report and what it says."""
        if number:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        children.discard(self)
        return self.process.returncode, json.loads(out) if out else None, err.decode()


def nothing_is_frozen():
    wait_for("the thaw", lambda: frozen_all() == 0)
    for path in (LOWER, UPPER):
        is_writable(path)


def not_loaded():
    step("without the module: what to type next")
    is_equal("the module is not loaded", os.path.exists("/dev/vmsync"), False)
    out, err = ctl("freeze", "--json", LOWER, status=1)
    says(err, "/dev/vmsync is not there: load it with 'modprobe vmsync'")
    report = json.loads(out)
    is_equal("outcome", report["outcome"], "failed")
    says(report["message"], "modprobe vmsync")
    run("modprobe", "vmsync")


def levels():
    step("--dry-run: levels of what lies on what, each filesystem once")
    document = plan("--all")
    found = {volume["path"]: volume["level"] for volume in document["volumes"]}
    wanted = {LOWER: 0, OTHER: 0, UPPER: 1, DM: 2} | ({BTRFS: 2} if os.path.ismount(BTRFS) else {})
    is_equal("levels", found, wanted)
    is_equal("the order", [volume["level"] for volume in document["volumes"]], sorted(wanted.values(), reverse=True))
    below = {volume["path"]: volume["below"] for volume in document["volumes"]}
    is_equal("below", (below[LOWER], below[UPPER], below[DM]), (["/run"], [LOWER], [UPPER]))
    skipped = {one["path"]: one["reason"] for one in document["skipped"]}
    is_equal("reasons", [skipped[path] for path in ("/proc", "/run", OVER)], ["diskless"] * 3)
    for path in (LOWER, DM):
        is_equal("the device", next(one["device"] for one in document["volumes"] if one["path"] == path), number(path))
    is_equal("frozen", frozen_all(), 0)
    out, _ = ctl("freeze", "--dry-run", UPPER)
    is_equal("the table", out.splitlines()[1].split(), [UPPER, "ext4", number(UPPER), source(UPPER), "1", LOWER])


def number(path):
    device = os.stat(path).st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def source(path):
    return run("findmnt", "-no", "SOURCE", path).strip()


def named():
    step("paths: a bind mount and a file are their filesystem, an overlay is what it writes to, an unlinked file is still a file")
    document = plan(f"{OVER}/there", BIND, f"{UPPER}/there")
    is_equal("volumes", [(one["path"], one["level"]) for one in document["volumes"]], [(f"{UPPER}/there", 1), (LOWER, 0)])
    is_equal("skipped", [(one["path"], one["reason"]) for one in document["skipped"]],
             [(f"{OVER}/there", "overlay"), (BIND, "same_filesystem")])
    is_equal("a path from here", [one["path"] for one in json.loads(ctl("freeze", "--dry-run", "--json", ".", cwd=LOWER)[0])["volumes"]], ["."])
    os.rename(f"{LOWER}/upper.img", f"{LOWER}/other.img")
    os.unlink(f"{LOWER}/other.img")
    is_equal("of an unlinked file", [one["below"] for one in plan(UPPER)["volumes"]], [[LOWER]])


def stacked():
    step("for real: all of it, in order; SIGTERM ends the hold")
    with open(f"{UPPER}/dirty", "wb") as file:
        file.write(b"x" * 1000000)
    one = Running("--deadline", "60", "--hold", "50", LOWER, UPPER, DM)
    one.await_frozen()
    is_equal("frozen", frozen_all(), 3)
    writers = expect_frozen(LOWER, UPPER, DM)
    status, report, err = one.finish(signal.SIGTERM)
    expect_thawed(writers)
    is_equal("status", (status, err), (0, ""))
    is_equal("the end", [report[key] for key in ("schema", "event", "outcome", "message", "ended_by", "cause", "hold_ms", "deadline_ms")],
             [1, "report", "thawed", None, "SIGTERM", "asked", 50000, 60000])
    is_equal("volumes", [(v["path"], v["type"], v["level"], v["state"], v["error"]) for v in report["volumes"]],
             [(path, "ext4", level, "thawed", None) for path, level in ((DM, 2), (UPPER, 1), (LOWER, 0))])
    for volume in report["volumes"]:
        if not 0 < volume["frozen_us"] <= volume["stall_us"] or not 0 < volume["freeze_us"] <= volume["stall_us"]:
            fail(f"times: {volume}")


def held():
    step("the hold ends by itself; a table in a file, which may be of a filesystem that was frozen")
    with open(f"{LOWER}/report", "w", encoding="ascii") as file:
        started = time.monotonic()
        done = subprocess.run([sys.argv[1], "freeze", "--hold", "0.4", "--deadline", "30", LOWER], stdout=file, check=False, timeout=25)
    is_equal("status", done.returncode, 0)
    if time.monotonic() - started < 0.4:
        fail("it was not held")
    with open(f"{LOWER}/report", encoding="ascii") as file:
        lines = file.read().splitlines()
    is_equal("the table", lines[0].split()[:5], ["path", "type", "device", "state", "level"])
    is_equal("the record", lines[1].split()[:5], [LOWER, "ext4", number(LOWER), "thawed", "0"])
    if float(lines[1].split()[7]) < 400:
        fail(f"frozen for {lines[1].split()[7]} ms")
    is_equal("text on a pipe", ctl("freeze", "--hold", "0", LOWER)[0].splitlines()[0], "frozen")


def own():
    step("the filesystem that it runs from, with its folder there and nothing of it in the cache but what it locked")
    one = Running("--deadline", "60", "--hold", "50", LOWER, UPPER, program=COPY, cwd=LOWER)
    one.await_frozen()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("1")
    writers = expect_frozen(LOWER, UPPER)
    status, report, _ = one.finish(signal.SIGHUP)
    is_equal("status", (status, report["ended_by"]), (0, "SIGHUP"))
    expect_thawed(writers)


def killed():
    step("kill -9 while frozen: the kernel thaws")
    one = Running("--deadline", "600", "--hold", "500", LOWER, UPPER)
    one.await_frozen()
    writers = expect_frozen(LOWER, UPPER)
    is_equal("status", one.finish(signal.SIGKILL)[0], -signal.SIGKILL)
    expect_thawed(writers)
    nothing_is_frozen()


def expired():
    step("the deadline, reached by a program that hangs and by one that wakes up: not consistent")
    for stops in (True, False):
        one = Running("--deadline", "1.5", "--hold", "1.499", LOWER, UPPER)
        one.await_frozen()
        if stops:
            one.process.send_signal(signal.SIGSTOP)
            wait_for("the kernel's thaw", lambda: frozen_all() == 0)
            is_writable(LOWER)
        status, report, err = one.finish(signal.SIGCONT if stops else 0)
        is_equal("status", status, 4)
        says(err, "the kernel has thawed at the deadline of 1.5 s")
        is_equal("the end", [report[key] for key in ("outcome", "ended_by", "cause")], ["inconsistent", "kernel", "expired"])
    nothing_is_frozen()


def aborted():
    step("SIGTERM while a writer holds the freeze up: nothing is frozen, at once")
    stuck = StuckWriter(OTHER)
    one = Running("--deadline", "60", UPPER, OTHER)
    wait_for("the first of both", lambda: frozen_all() == 1)
    is_equal("nothing is said", select.select([one.process.stdout], [], [], 0)[0], [])
    status, report, err = one.finish(signal.SIGTERM)
    is_equal("status", (status, report["outcome"]), (1, "failed"))
    says(err, "SIGTERM came before everything was frozen")
    is_equal("frozen", frozen_all(), 0)
    stuck.end()
    is_writable(OTHER)


def stuck_writer():
    step("a writer that does not end before the deadline")
    stuck = StuckWriter(OTHER)
    says(ctl("freeze", "--deadline", "1", OTHER, status=1)[1], "not everything could be frozen within the deadline of 1 s")
    stuck.end()
    is_writable(OTHER)
    step("nor after it, in what the thaw of another filesystem needs: told, and left to the kernel")
    stuck = StuckWriter(LOWER)
    says(ctl("freeze", "--deadline", "1", UPPER, LOWER, status=5)[1], "nor is everything thawed yet")
    is_equal("frozen", frozen_all(), 1)
    stuck.end()
    nothing_is_frozen()


def others():
    step("what others froze is an error or skipped, and stays theirs; what they thaw is told")
    is_equal("FIFREEZE", fsfreeze(UPPER, FIFREEZE), 0)
    says(ctl("freeze", "--hold", "0", LOWER, UPPER, status=1)[1], f"{UPPER} is frozen by somebody else")
    report = json.loads(ctl("freeze", "--hold", "0", "--json", "--skip-busy", LOWER, UPPER)[0].splitlines()[-1])
    is_equal("states", [(v["path"], v["state"], v["error"]) for v in report["volumes"]], [(UPPER, "skipped", "EBUSY"), (LOWER, "thawed", None)])
    is_equal("it is theirs", has_frozen(UPPER), True)
    is_equal("FITHAW", fsfreeze(UPPER, FITHAW), 0)
    one = Running("--deadline", "60", "--hold", "50", LOWER)
    one.await_frozen()
    # Since Linux 6.6 a freeze has a holder, and ours is not theirs to end.
    is_lost = os.uname().release.startswith("6.1.")
    is_equal("FITHAW of ours", fsfreeze(LOWER, FITHAW), 0 if is_lost else "EINVAL")
    status, report, err = one.finish(signal.SIGINT)
    is_equal("status", (status, report["cause"], report["ended_by"]), (4, "lost", "others") if is_lost else (0, "asked", "SIGINT"))
    says(err, "somebody else has thawed a filesystem" if is_lost else "")
    nothing_is_frozen()


def hung_mount():
    """A filesystem of a program that never answers: whoever looks at it sleeps for ever. Return: what keeps it."""
    run("modprobe", "fuse")
    os.makedirs(HUNG, exist_ok=True)
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"hung", HUNG.encode(), b"fuse", ctypes.c_ulong(0), options):
        fail(f"mount of fuse: {errno.errorcode[ctypes.get_errno()]}")
    return fd


def everything():
    step("--all, beside a mount that never answers")
    fd = hung_mount()
    one = Running("--deadline", "60", "--hold", "50", "--all")
    one.await_frozen()
    writers = expect_frozen(*[path for path in OURS if os.path.ismount(path)])
    status, report, _ = one.finish(signal.SIGTERM)
    is_equal("status", status, 0)
    expect_thawed(writers)
    is_equal("states", {v["state"] for v in report["volumes"]}, {"thawed"})
    is_equal("paths", {v["path"] for v in report["volumes"]}, {path for path in OURS if os.path.ismount(path)})
    is_equal("the silent one", [one["reason"] for one in report["skipped"] if one["path"] == HUNG], ["program"])
    says(ctl("freeze", f"{HUNG}/file", status=3)[1], "there is nothing to freeze")
    os.close(fd)
    run("umount", "-l", HUNG)


def unfit():
    step("what cannot be frozen, is not there, or makes no sense, each with its status")
    says(ctl("freeze", "/run", status=3)[1], "there is nothing to freeze")
    is_equal("nothing", plan("/run", "/proc", status=3)["volumes"], [])
    says(ctl("freeze", LOWER, "/run", status=1)[1], "/run has no disk of its own; --skip-unfreezable goes on without it")
    is_equal("without it", json.loads(ctl("freeze", "--json", "--hold", "0", "--skip-unfreezable", LOWER, "/run")[0].splitlines()[1])["skipped"],
             [{"path": "/run", "type": "tmpfs", "device": number("/run"), "reason": "diskless"}])
    says(ctl("freeze", LOWER, "/nonexistent", status=1)[1], "/nonexistent: No such file or directory")
    for words in ((), ("freeze",), ("freeze", "--all", LOWER), ("freeze", "--hold", "10", LOWER), ("freeze", "--hold", "5", "--deadline", "5", LOWER),
                  ("freeze", "--hold", "-1", LOWER), ("freeze", "--deadline", "901", LOWER), ("freeze", "--hold", "x", LOWER), ("melt",)):
        says(ctl(*words, status=2)[1], "vmguestctl freeze --help")
    says(ctl("freeze", "--help")[0], "--deadline")
    is_equal("frozen", frozen_all(), 0)


def not_root():
    step("who is not root may look, and is told what to be")
    says(ctl("freeze", LOWER, status=1, program=COPY, user=65534, group=65534, extra_groups=[])[1], "/dev/vmsync is not yours to open: be root")
    ctl("freeze", "--dry-run", LOWER, program=COPY, user=65534, group=65534, extra_groups=[])


def stuck_reader():
    step("a reader who does not read holds nothing up, nor does one who has gone")
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(into, True)
    one = subprocess.Popen([sys.argv[1], "freeze", "--hold", "0.5", "--deadline", "60", LOWER], stdout=into)
    children.add(one)
    wait_for("the freeze", lambda: frozen_all() == 1 or one.poll() is not None)
    wait_for("the thaw", lambda: frozen_all() == 0)
    is_writable(LOWER)
    is_equal("the flags of its pipe", fcntl.fcntl(into, fcntl.F_GETFL) & os.O_NONBLOCK, 0)
    os.close(out)
    os.close(into)
    is_equal("status", one.wait(20), 0)
    children.discard(one)
    nothing_is_frozen()


SCRIPT = """
take_the_snapshot() { cat /sys/class/misc/vmsync/frozen; }
"""


def documented():
    step("the script of Documentation/vmguestctl.md")
    with open(f"{os.path.dirname(__file__)}/../../Documentation/vmguestctl.md", encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("    ")]
    start = next(i for i, line in enumerate(lines) if "coproc" in line)
    script = SCRIPT + "".join(lines[start:start + 5]).replace("vmguestctl", sys.argv[1])
    out = run("bash", "-c", script)
    is_equal("what it prints", out, f"{len([path for path in OURS if os.path.ismount(path)])}\nthe snapshot is consistent\n")
    nothing_is_frozen()


def prepare():
    make(LOWER, None, 160)
    make(UPPER, f"{LOWER}/upper.img", 60)
    make(OTHER)
    make_stack(LOWER, UPPER, DM, OVER, BIND)
    shutil.copy(sys.argv[1], COPY)
    btrfs()


def btrfs():
    """One device in a file of UPPER, the other, by which it is mounted, elsewhere."""
    if not has("btrfs"):
        return
    loops = []
    for path in ("/run/vmsync/btrfs.img", f"{UPPER}/btrfs.img"):
        with open(path, "wb") as file:
            file.truncate(128 << 20)
        loops.append(attach(path))
    run("mkfs.btrfs", "-q", "-m", "raid1", "-d", "raid0", *loops)
    run("btrfs", "device", "scan", *loops)
    os.makedirs(BTRFS, exist_ok=True)
    run("mount", loops[0], BTRFS)
    with open(f"{BTRFS}/there", "w", encoding="ascii") as file:
        file.write("there")


prepare()
run_parts(not_loaded, levels, named, stacked, held, own, killed, expired, aborted, stuck_writer, others, everything, unfit, not_root, stuck_reader, documented)
