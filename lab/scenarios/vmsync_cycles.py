#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Freeze after freeze, through both interfaces, under writers: the counters add up and nothing is left behind.

    vmsync_cycles.py COUNT    how many
"""

import ctypes
import mmap
import os
import random
import sys
import time

from vmsync_lib import (Child, Modern, Original, books_balance, fail, forget_devices, frozen_all, has, has_threads, is_equal,
                        is_writable, make, run_parts, statistic, step, wait_for)

WARM = 40  # cycles before the kernel's caches are looked at for the first time
# Objects more of one kind than before, beside what the machine itself may have come to keep: a leak is one in a cycle.
SPARE = 60
LAZY = {"vmap_area"}  # of threads' stacks, which the kernel takes back when there are thousands


class Busy:
    """Somebody who writes, now and then with an fsync()."""

    def __init__(self, path, seed):
        self.count = ctypes.c_uint64.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
        self.child = Child(lambda: self.work(path, random.Random(seed)))

    def work(self, path, chance):
        forget_devices()
        fd = os.open(f"{path}/busy", os.O_CREAT | os.O_RDWR)
        while True:
            os.pwrite(fd, b"x" * 4096, chance.randrange(64) << 12)
            if chance.random() < 0.2:
                os.fsync(fd)
            self.count.value += 1


def objects():
    """How many of each kind the kernel has, once it has let go of what it can."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")
    with open("/proc/slabinfo", encoding="ascii") as file:
        return {words[0]: int(words[1]) for words in map(str.split, list(file)[2:])}


class Cycles:
    def __init__(self, paths):
        self.paths, self.done, self.volumes = paths, {"asked": 0, "closed": 0}, 0
        self.times = {"FREEZE": [], "THAW": [], "longest stall": []}
        self.device, self.original = Modern(), Original()

    def timed(self, what, function):
        started = time.monotonic()
        answer = function()
        self.times[what].append((time.monotonic() - started) * 1000)
        return answer

    def by_ioctl(self):
        is_equal("FREEZE", self.timed("FREEZE", lambda: self.device.freeze(*[(path, 0) for path in self.paths])), 0)
        is_equal("frozen", (self.device.frozen, frozen_all()), (len(self.paths),) * 2)
        is_equal("THAW", self.timed("THAW", self.device.thaw), (0, "asked", 0))
        self.times["longest stall"].append(max(record.stall_us for record in self.device.query(len(self.paths))[1]) / 1000)

    def by_close(self):
        device = Modern()
        is_equal("FREEZE", device.freeze(*[(path, i) for i, path in enumerate(self.paths)]), 0)
        device.close()

    def by_original(self):
        is_equal("FREEZE", self.original.freeze(":".join(self.paths)), 0)
        is_equal("QUERY", self.original.query(), len(self.paths))
        is_equal("THAW", self.original.thaw(), 0)

    def run(self, count):
        for i in range(count):
            kind = {3: self.by_close, 7: self.by_original}.get(i % 10, self.by_ioctl)
            kind()
            self.done["closed" if kind == self.by_close else "asked"] += 1
            self.volumes += len(self.paths)
            is_equal(f"frozen after cycle {i}", frozen_all(), 0)

    def report(self):
        for what, times in self.times.items():
            times.sort()
            print(f"  {what}: median {times[len(times) // 2]:.1f} ms, 99 of 100 within {times[len(times) * 99 // 100]:.1f} ms, "
                  f"at most {times[-1]:.1f} ms, of {len(times)}", flush=True)

    def add_up(self):
        books_balance()
        is_equal("ended", {why: statistic(f"ended_{why}") for why in ("asked", "closed", "failed", "expired")},
                 {**self.done, "failed": 0, "expired": 0})
        for name, wanted in (("freezes", sum(self.done.values())), ("volumes_frozen", self.volumes), ("volumes_thawed", self.volumes),
                             ("volumes_skipped", 0), ("volumes_failed", 0), ("volumes_late", 0), ("volumes_lost", 0)):
            is_equal(name, statistic(name), wanted)
        wait_for("the volumes' threads to end", lambda: not has_threads())


def is_leaking(before, count):
    """Kinds of objects of which there is about one more for each cycle."""
    now = objects()
    grown = {name: now[name] - before.get(name, 0) for name in now.keys() - LAZY if now[name] - before.get(name, 0) > count // 2 + SPARE}
    return ", ".join(f"{more} more of {name}" for name, more in grown.items())


def main():
    count = int(sys.argv[1])
    paths = ["/mnt/a", "/mnt/b", "/mnt/c"]
    for path in paths[:2]:
        make(path)
    make(paths[2], mebibytes=48, kind="xfs" if has("xfs") else "ext4")
    cycles = Cycles(paths)

    def under_writers():
        step(f"{WARM} cycles for the kernel's caches to fill, then {count} that count")
        busy = [Busy(path, seed) for seed, path in enumerate(paths)]
        wait_for("the writers", lambda: all(one.count.value for one in busy))
        cycles.run(WARM)
        before, written, started = objects(), [one.count.value for one in busy], time.monotonic()
        cycles.run(count)
        print(f"  {count} cycles of {len(paths)} volumes in {time.monotonic() - started:.0f} s", flush=True)
        cycles.report()
        for path, one, least in zip(paths, busy, written):
            if one.count.value <= least:
                fail(f"the writer in {path} never got a turn")
            one.child.kill()
            one.child.wait("a writer's end")
        if os.path.exists("/sys/kernel/debug/kmemleak"):
            print("  (objects are not counted: this kernel keeps freed ones for KASAN, and looks for leaks itself)", flush=True)
            return
        end = time.monotonic() + 30
        while (leak := is_leaking(before, count)) and time.monotonic() < end:
            time.sleep(0.5)
        if leak:
            fail(leak)

    def adds_up():
        step("the counters add up, no thread is left, all can be written")
        cycles.add_up()
        for path in paths:
            is_writable(path)

    run_parts(under_writers, adds_up)


main()
