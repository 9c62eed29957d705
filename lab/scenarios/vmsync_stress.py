#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Everybody freezes, thaws, aborts, closes, dies, mounts and writes at the same time; in the end nothing is frozen.

    vmsync_stress.py SECONDS [SEED]
"""

import ctypes
import mmap
import os
import random
import subprocess
import sys
import threading
import time

from vmsync_lib import (FIFREEZE, FITHAW, HAS_CLEAR_THAWS, HAS_HOLDERS, SKIP_BUSY, SKIP_MISSING, Child, Modern, Original,
                        books_balance, fail, forget_devices, frozen_all, fsfreeze, has, has_frozen, has_threads, is_equal, is_writable,
                        make, run, run_parts, statistic, step, wait_for)

LOWER, UPPER, OTHER, XFS, GUEST = "/mnt/lower", "/mnt/upper", "/mnt/other", "/mnt/xfs", "/mnt/guest"
LEVELS = {LOWER: 0, UPPER: 1, OTHER: 0, XFS: 0, GUEST: 0}
# What a call may say when others are at it as well; anything else is a fault.
ANSWERS = (0, "EBUSY", "EALREADY", "ETIMEDOUT", "ECANCELED", "ESTALE")


class Actor:
    """A process that acts until the end; count says how often, so that none has been kept from it."""

    def __init__(self, name, seed, act, end):
        self.name, self.act, self.end = name, act, end
        self.count = ctypes.c_uint64.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
        self.child = Child(lambda: self.work(random.Random(f"{seed} {name}")))

    def work(self, chance):
        forget_devices()
        while time.monotonic() < self.end:
            self.act(chance)
            self.count.value += 1


def expected(what, answer):
    if answer not in ANSWERS:
        fail(f"{what}: {answer}")
    return answer


def some_paths(chance):
    paths = [path for path in LEVELS if os.path.ismount(path)]
    return chance.sample(paths, chance.randrange(1, len(paths) + 1))


def freezes(chance):
    """By ioctl: frozen for a moment, until the deadline, or until close."""
    device = Modern()
    for _ in range(chance.randrange(1, 4)):
        volumes = [(path, LEVELS[path]) for path in some_paths(chance)]
        flags = chance.choice((0, SKIP_BUSY, SKIP_BUSY | SKIP_MISSING))
        answer = expected("FREEZE", device.freeze(*volumes, flags=flags, deadline_ms=chance.choice((1, 20, 200, 2000))))
        if not answer and device.frozen > len(volumes):
            fail(f"{device.frozen} of {len(volumes)} are frozen")
        time.sleep(chance.random() / 20)
        device.query(4)
        if chance.random() < 0.7:
            expected("THAW", device.thaw(chance.choice((0, 100, 5000)))[0])
    device.close()


def aborts(chance):
    """THAW, or close, while another thread of the program is inside FREEZE."""
    device, answers = Modern(), []
    volumes = [(path, LEVELS[path]) for path in some_paths(chance)]
    thread = threading.Thread(target=lambda: answers.append(device.freeze(*volumes, flags=SKIP_BUSY, deadline_ms=1000)))
    thread.start()
    time.sleep(chance.random() / 50)
    if chance.random() < 0.8:
        expected("THAW", device.thaw(100)[0])
    device.close()
    thread.join(30)
    # Closed before the thread came to it, the descriptor is none.
    if not answers or answers[0] not in (*ANSWERS, "EBADF"):
        fail(f"FREEZE: {answers}")


def freezes_as_ever(chance):
    node = Original()
    for _ in range(chance.randrange(1, 3)):
        expected("FREEZE", node.freeze(":".join(sorted(some_paths(chance), key=lambda path: -LEVELS[path]))))
        node.query()
        time.sleep(chance.random() / 20)
        if chance.random() < 0.7:
            expected("THAW", node.thaw())
    node.close()


def dies(chance):
    """A program that freezes, by either interface, and is killed at any moment."""

    def victim():
        if chance.random() < 0.3:
            Original().freeze(":".join((UPPER, LOWER)))
        else:
            Modern().freeze(*[(path, LEVELS[path]) for path in some_paths(chance)], flags=SKIP_BUSY, deadline_ms=5000)
        time.sleep(60)

    child = Child(victim)
    chance.random()
    time.sleep(chance.random() / 5)
    child.kill()
    child.wait("a victim", 30)


def freezes_for_all(chance):
    """FIFREEZE, which nobody ends but who began it, or on 6.1 whoever comes."""
    path = chance.choice((OTHER, XFS if XFS in LEVELS else OTHER))
    if fsfreeze(path, FIFREEZE) == 0:
        time.sleep(chance.random() / 20)
        answer = fsfreeze(path, FITHAW)
        # 6.12 says EINVAL of a thaw that leaves another's freeze, too.
        if HAS_HOLDERS and answer not in ((0,) if HAS_CLEAR_THAWS else (0, "EINVAL")):
            fail(f"FITHAW: {answer}")
    time.sleep(0.05)


def thaws_others(chance):
    """FITHAW of what one has not frozen."""
    fsfreeze(chance.choice((LOWER, UPPER) if HAS_HOLDERS else (LOWER, UPPER, OTHER)), FITHAW)
    time.sleep(chance.random() / 5)


def mounts(loop):
    def act(chance):
        subprocess.run(["mount", loop, GUEST], capture_output=True, check=False)
        time.sleep(chance.random() / 20)
        subprocess.run(["umount", *(["-l"] if chance.random() < 0.5 else []), GUEST], capture_output=True, check=False)

    return act


def remounts(chance):
    for mode in ("ro", "rw"):
        subprocess.run(["mount", "-o", f"remount,{mode}", OTHER], capture_output=True, check=False)
        time.sleep(chance.random() / 50)


def looks(chance):
    """Everybody may read the numbers at any time."""
    if frozen_all() < 0 or statistic("volumes_thawed") > statistic("volumes_frozen"):
        fail("the numbers are wrong")
    os.close(os.open("/proc/driver/vmware-sync", os.O_RDONLY))
    time.sleep(chance.random() / 50)


def writes(path):
    def act(chance):
        try:
            with open(f"{path}/stress-{chance.randrange(4)}", "wb") as file:
                file.write(b"x" * chance.randrange(1, 50000))
                if chance.random() < 0.3:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError:
            if path != OTHER:  # which is read-only now and then
                raise

    return act


def actors(loop, seed, end):
    acts = [("freezes", freezes), ("freezes too", freezes), ("aborts", aborts), ("as ever", freezes_as_ever), ("dies", dies),
            ("FIFREEZE", freezes_for_all), ("FITHAW", thaws_others), ("mounts", mounts(loop)), ("remounts", remounts), ("looks", looks)]
    acts += [(f"writes {path}", writes(path)) for path in LEVELS if path != GUEST]
    return [Actor(name, seed, act, end) for name, act in acts]


def stress(loop, seconds, seed):
    step(f"{seconds} s, seed {seed}")
    end = time.monotonic() + seconds
    cast = actors(loop, seed, end)
    while time.monotonic() < end:
        time.sleep(1)
        for one in cast:
            if one.child.has_ended() and one.child.status:
                fail(f"'{one.name}' has ended with {one.child.status}")
    for one in cast:
        is_equal(f"'{one.name}'", one.child.wait(f"the end of '{one.name}'", 60), 0)
    for one in cast:
        print(f"  {one.name}: {one.count.value}", flush=True)
        if not one.count.value:
            fail(f"'{one.name}' was never done once: that was no race")


def in_the_end():
    step("nothing is frozen, all can be written, the counters add up")
    wait_for("the thaws", lambda: frozen_all() == 0, 60)
    wait_for("the threads", lambda: not has_threads(), 60)
    for path in LEVELS:
        if path != GUEST:
            run("mount", "-o", "remount,rw", path)
            is_equal(f"whether {path} is frozen", has_frozen(path), False)
            is_writable(path)
    books_balance()
    lost = statistic("volumes_lost")
    if lost and HAS_CLEAR_THAWS:
        fail(f"others have thawed {lost} volumes")
    for name in ("freezes", "ended_asked", "ended_expired", "ended_closed", "ended_failed", "volumes_frozen", "volumes_late", "volumes_skipped"):
        print(f"  {name}: {statistic(name)}")
        if name != "volumes_late" and not statistic(name):
            fail(f"{name} is 0: what it counts was never raced against")
    print(f"  volumes_lost: {lost}, longest stall {statistic('longest_stall_us') / 1000:.0f} ms", flush=True)


def main():
    seconds, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else str(int(time.time()))
    make(LOWER, None, 96)
    upper = make(UPPER, f"{LOWER}/upper.img", 40)
    make(OTHER)
    if has("xfs"):
        make(XFS, mebibytes=48, kind="xfs")
    else:
        del LEVELS[XFS]
    loop = make(GUEST)
    run_parts(lambda: stress(loop, seconds, seed), in_the_end)
    run("umount", UPPER)
    run("losetup", "-d", upper)
    run("umount", *[path for path in LEVELS if path not in (UPPER, GUEST)])


main()
