# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the scenarios of vmsync share: both interfaces, filesystems on loop devices, writers that wait."""

import ctypes
import errno
import os
import platform
import shutil
import signal
import subprocess
import sys
import time

if not os.path.isdir("/run/vmguest"):
    sys.exit("this makes and freezes filesystems: it is for a guest of the lab, see lab/scenario")

libc = ctypes.CDLL(None, use_errno=True)
libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]

NODE = "/proc/driver/vmware-sync"
DEVICE = "/dev/vmsync"
OLD_FREEZE, OLD_THAW, OLD_QUERY = 0x4008F501, 0xF502, 0x8004F503
FREEZE, THAW, QUERY = 0xC008F510, 0xC008F511, 0xC008F512
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
REFUSE_UNFREEZABLE, REFUSE_NETWORK, SKIP_BUSY, SKIP_MISSING = 1, 2, 4, 8
PHASES = ("none", "syncing", "freezing", "frozen", "thawing", "over")
CAUSES = ("none", "asked", "failed", "expired", "closed", "lost")
STATES = ("new", "syncing", "ready", "freezing", "frozen", "thawing", "thawed", "skipped", "failed")
KERNEL = tuple(int(word) for word in platform.release().split(".")[:2])
# From Linux 6.6 on a freeze belongs to the kernel or to programs. 6.12 answers EINVAL to who ends his while the
# other's remains, as if there had been none to end, which this driver cannot tell from a freeze that was lost.
HAS_HOLDERS, HAS_CLEAR_THAWS = KERNEL >= (6, 6), KERNEL >= (7, 0)
STATISTICS = "/sys/class/misc/vmsync/statistics/"


def fields(*names):
    return [(name, kind) for kind, row in names for name in row.split()]


U32, U64 = ctypes.c_uint32, ctypes.c_uint64


class Record(ctypes.Structure):
    _fields_ = fields((U64, "path"), (ctypes.c_int32, "fd"), (U32, "level state error"),
                      (U64, "device sync_us freeze_us frozen_us stall_us")) + [("type", ctypes.c_char * 16)]

    def is_state(self):
        return STATES[self.state]


class Freeze(ctypes.Structure):
    _fields_ = fields((U32, "size version"), (U64, "records"),
                      (U32, "count record_size flags deadline_ms sync_ms frozen"))


class Thaw(ctypes.Structure):
    _fields_ = fields((U32, "size version wait_ms cause left reserved"))


class Query(ctypes.Structure):
    _fields_ = fields((U32, "size version"), (U64, "records"),
                      (U32, "count record_size phase cause error frozen frozen_all left_ms"))


def step(text):
    print(f"- {text}", flush=True)


class Failure(Exception):
    """What was expected did not happen."""


def fail(text):
    raise Failure(text)


descriptors, children = set(), set()


def run_parts(*parts):
    """One after the other, also after one that failed, whose freezes and processes end with it."""
    failed = []
    for part in parts:
        try:
            part()
        except Failure as failure:
            print(f"FAILED: {part.__name__}: {failure}", file=sys.stderr, flush=True)
            failed.append(part.__name__)
            for child in list(children):
                child.kill()
            for fd in list(descriptors):
                close(fd)
    if failed:
        sys.exit(f"failed: {' '.join(failed)}")


def open_device(path, flags):
    fd = os.open(path, flags | os.O_CLOEXEC)
    descriptors.add(fd)
    return fd


def close(fd):
    descriptors.discard(fd)
    os.close(fd)


def is_equal(what, found, wanted):
    if found != wanted:
        fail(f"{what}: {found!r}, not {wanted!r}")


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            fail(f"waited in vain for: {what}")
        time.sleep(0.01)


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def call(fd, number, argument=None):
    """0, or the name of an errno."""
    if libc.ioctl(fd, number, argument) >= 0:
        return 0
    return errno.errorcode[ctypes.get_errno()]


def statistic(name):
    with open(STATISTICS + name, encoding="ascii") as file:
        return int(file.read())


class Original:
    """The original interface."""

    def __init__(self, node=NODE):
        self.fd = open_device(node, os.O_RDONLY)

    def freeze(self, text):
        return call(self.fd, OLD_FREEZE, ctypes.c_char_p(text.encode()))

    def thaw(self):
        return call(self.fd, OLD_THAW)

    def query(self):
        value = ctypes.c_int32(-1)
        is_equal("QUERY", call(self.fd, OLD_QUERY, ctypes.byref(value)), 0)
        return value.value

    def close(self):
        close(self.fd)


class Modern:
    """/dev/vmsync: volumes are (path or descriptor, level)."""

    def __init__(self):
        self.fd = open_device(DEVICE, os.O_RDWR)
        self.records = []
        self.frozen = 0

    def freeze(self, *volumes, flags=0, deadline_ms=0, sync_ms=0):
        names = [ctypes.create_string_buffer(where.encode()) if isinstance(where, str) else None for where, _ in volumes]
        self.records = (Record * len(volumes))()
        for record, name, (where, level) in zip(self.records, names, volumes):
            record.path = ctypes.addressof(name) if name else 0
            record.fd = -1 if name else where
            record.level = level
        wish = Freeze(ctypes.sizeof(Freeze), 1, ctypes.addressof(self.records), len(volumes), ctypes.sizeof(Record),
                      flags, deadline_ms, sync_ms, 0)
        answer = call(self.fd, FREEZE, ctypes.byref(wish))
        self.frozen = wish.frozen
        return answer

    def thaw(self, wait_ms=20000):
        wish = Thaw(ctypes.sizeof(Thaw), 1, wait_ms, 0, 0, 0)
        return call(self.fd, THAW, ctypes.byref(wish)), CAUSES[wish.cause], wish.left

    def query(self, room=0):
        records = (Record * max(room, 1))()
        wish = Query(ctypes.sizeof(Query), 1, ctypes.addressof(records) if room else 0, room, ctypes.sizeof(Record))
        is_equal("QUERY", call(self.fd, QUERY, ctypes.byref(wish)), 0)
        return wish, records[:room]

    def phase(self):
        return PHASES[self.query()[0].phase]

    def close(self):
        close(self.fd)


class Child:
    """A function in a process of its own, whose state the kernel tells."""

    def __init__(self, function):
        self.pid = os.fork()
        if self.pid == 0:
            children.clear()
            try:
                os._exit(function() or 0)
            except BaseException as error:  # noqa: BLE001  (the parent is told)
                print(f"FAILED: {error!r}", file=sys.stderr, flush=True)
                os._exit(99)
        self.status = None
        children.add(self)

    def has_ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                children.discard(self)
        return self.status is not None

    def is_blocked(self):
        if self.has_ended():
            return False
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "D"

    def wait(self, what, seconds=20):
        wait_for(what, self.has_ended, seconds)
        return self.status

    def kill(self):
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)


def forget_devices():
    """In a child that is not to keep the parent's freezes alive."""
    for fd in descriptors:
        os.close(fd)


def frozen_all():
    """How many filesystems the driver says are frozen."""
    with open("/sys/class/misc/vmsync/frozen", encoding="ascii") as file:
        return int(file.read())


def has_threads():
    """Whether a thread of a volume's is still there."""
    return subprocess.run(["pgrep", "^vmsync/"], check=False, capture_output=True).returncode == 0


def books_balance():
    """What was frozen has been thawed."""
    is_equal("frozen", frozen_all(), 0)
    is_equal("volumes thawed or lost", statistic("volumes_thawed") + statistic("volumes_lost"), statistic("volumes_frozen"))
    is_equal("thaws that failed", statistic("thaw_failures"), 0)


def writer(path):
    """Somebody who creates a file below path and writes it to the disk."""

    def work():
        forget_devices()
        fd = os.open(f"{path}/written", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.write(fd, b"x" * 4096)
        os.fsync(fd)

    return Child(work)


def is_writable(path):
    is_equal(f"a writer in {path}", writer(path).wait(f"a writer in {path}"), 0)


def expect_frozen(*paths, reads=True):
    """Writing waits, reading works. Return: the writers."""
    writers = [writer(path) for path in paths]
    for path, one in zip(paths, writers):
        wait_for(f"a writer in {path} to be stopped", lambda one=one: one.is_blocked() or one.has_ended())
        if one.has_ended():
            fail(f"{path} is writable")
        if not reads:
            continue
        os.listdir(path)
        with open(f"{path}/there", encoding="ascii") as file:
            is_equal(f"the content of {path}/there", file.read(), "there")
    return writers


def expect_thawed(writers, seconds=20):
    for one in writers:
        is_equal("a writer after the thaw", one.wait("a writer to go on", seconds), 0)


def has_frozen(path):
    """Whether FIFREEZE finds the filesystem frozen already."""
    fd = os.open(path, os.O_RDONLY)
    try:
        answer = call(fd, FIFREEZE, ctypes.byref(ctypes.c_int()))
        if answer == 0:
            call(fd, FITHAW, ctypes.byref(ctypes.c_int()))
        return answer != 0
    finally:
        os.close(fd)


def fsfreeze(path, number):
    fd = os.open(path, os.O_RDONLY)
    answer = call(fd, number, ctypes.byref(ctypes.c_int()))
    os.close(fd)
    return answer


def attach(image):
    """A loop device for a file."""
    return run("losetup", "--find", "--show", image).strip()


# Nothing is left for ext4 to zero in the background: Linux's loop driver does that in the file without asking
# whether its filesystem is frozen, and ext4 there warns (Documentation/vmsync.md, Limits).
EAGER = ("-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard")
# What each kind is made with; xfs calls less than 300 MB unsupported.
MKFS = {"ext4": ("-q", *EAGER), "xfs": ("-q", "--unsupported"), "btrfs": ("-q",), "vfat": ("-F", "16")}


def has(kind):
    """Whether filesystems of a kind can be made and mounted here; says why not."""
    if not shutil.which(f"mkfs.{kind}"):
        print(f"  ({kind} is left out: mkfs.{kind} is not installed, see scripts/setup)", flush=True)
        return False
    subprocess.run(["modprobe", "-q", kind], check=False)
    with open("/proc/filesystems", encoding="ascii") as file:
        is_known = kind in file.read().split()
    if not is_known:
        print(f"  ({kind} is left out: this kernel is built without it)", flush=True)
    return is_known


def make_image(image, mebibytes, kind, *options):
    os.makedirs(os.path.dirname(image), exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(mebibytes << 20)
    run(f"mkfs.{kind}", *MKFS.get(kind, ()), *options, image)


def make(where, image=None, mebibytes=24, kind="ext4", *options):
    """A filesystem on a loop device, mounted at where, with a file there."""
    image = image or f"/run/vmsync/{where.strip('/').replace('/', '-')}.img"
    make_image(image, mebibytes, kind, *options)
    device = attach(image)
    os.makedirs(where, exist_ok=True)
    run("mount", "-t", kind, device, where)
    with open(f"{where}/there", "w", encoding="ascii") as file:
        file.write("there")
    return device


def make_stack(lower, upper, device_mapper, overlay, bind):
    """A filesystem on dm on a loop device's file in `upper`; an overlay and a bind mount upon `lower`."""
    size = 24 << 20
    with open(f"{upper}/dm.img", "wb") as file:
        file.truncate(size)
    loop = attach(f"{upper}/dm.img")
    run("dmsetup", "create", "--noudevsync", "--noudevrules", "stack", "--table", f"0 {size >> 9} linear {loop} 0")
    minor = run("dmsetup", "info", "-c", "--noheadings", "-o", "minor", "stack").strip()
    run("mkfs.ext4", "-q", *EAGER, f"/dev/dm-{minor}")
    for path in (device_mapper, overlay, bind, f"{lower}/up", f"{lower}/work", "/run/vmsync/low"):
        os.makedirs(path, exist_ok=True)
    run("mount", f"/dev/dm-{minor}", device_mapper)
    run("mount", "-t", "overlay", "-o", f"lowerdir=/run/vmsync/low,upperdir={lower}/up,workdir={lower}/work", "over", overlay)
    run("mount", "--bind", lower, bind)
    for path in (device_mapper, overlay):
        with open(f"{path}/there", "w", encoding="ascii") as file:
            file.write("there")


def patience(seconds):
    """How long the kernel lets somebody wait before it calls him hung."""
    if os.path.exists("/proc/sys/kernel/hung_task_timeout_secs"):
        with open("/proc/sys/kernel/hung_task_timeout_secs", "w", encoding="ascii") as file:
            file.write(seconds)


class StuckWriter:
    """One that has begun a write and waits for its data: until it has ended nobody can finish a freeze."""

    def __init__(self, path):
        self.out, self.into = os.pipe()
        self.child = Child(lambda: self.work(path))
        wait_for("the writer to wait for data", lambda: open(f"/proc/{self.child.pid}/syscall").read().split()[0] == "275")
        time.sleep(0.2)

    def work(self, path):
        os.close(self.into)
        forget_devices()
        fd = os.open(f"{path}/stuck", os.O_CREAT | os.O_WRONLY)
        os.splice(self.out, fd, 4096)

    def end(self):
        os.write(self.into, b"x")
        os.close(self.into)
        os.close(self.out)
        is_equal("the writer", self.child.wait("the writer to end"), 0)


def non_blocking(function, seconds=1.0):
    started = time.monotonic()
    answer = function()
    if time.monotonic() - started > seconds:
        fail(f"it took {time.monotonic() - started:.1f} s")
    return answer
