#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Sixteen filesystems under load are frozen at once and their disks copied: every copy is whole, and all are of one moment.

    vmsync_copies.py ROUNDS    how often
"""

import collections
import json
import os
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import vmsync_disks as disks
from vmsync_lib import (Failure, Modern, attach, books_balance, fail, has, is_equal, make_image, patience, run, run_parts, statistic,
                        step, wait_for)
from vmsync_model import State, Writer, differences, read_tree

DISKS, FIO_LOG, FIO_JOBS = "/run/vmsync/disks", "/run/vmsync/fio.json", "/run/vmsync/fio.jobs"
STEPS = 100  # of each writer between two copies
DEADLINE = 600000  # ms; on the debug kernel copying takes its time
WANTED = [(disks.EXT4, ())] * 6 + [(disks.EXT4, ("-b", "1024")), (disks.EXT4, ("-O", "^has_journal"))] + \
    [(disks.XFS, ())] * 4 + [(disks.BTRFS, ())] * 2 + [(disks.VFAT, ())] * 2


class Volume:
    """A filesystem with a load of fio's and a writer whose steps can be told."""

    def __init__(self, number, kind, options):
        self.number, self.kind, self.name = number, kind, f"{number}-{kind.name}"
        self.path, self.image, self.copy = f"/mnt/{self.name}", f"{DISKS}/{self.name}.img", f"{DISKS}/{self.name}.copy"
        make_image(self.image, kind.mebibytes, kind.name, *options)
        os.makedirs(self.path)
        run("mount", "-t", kind.name, attach(self.image), self.path)
        os.makedirs(f"{self.path}/load")
        self.writer, self.state, self.last, self.live = None, State(), 0, {}

    def start(self):
        self.writer = Writer(f"{self.path}/steps", self.number)

    def take(self):
        """In the window, in which its writer waits."""
        wait_for(f"the writer of {self.name} to be stopped", self.writer.child.is_blocked)
        self.last = self.writer.written
        disks.copy(self.image, self.copy)
        self.live = digest(self.path)

    def complaint(self, is_moment, is_crash, is_checked=True):
        """What is wrong with the copy, or an empty string.  is_moment(folder): what is wrong with its content."""
        where = f"/run/vmsync/copies/{self.name}"
        options = self.kind.after_a_crash if is_crash else self.kind.as_it_lies
        bad = self.kind.judge(self.copy) if is_checked else ""
        if bad:
            return bad
        disks.mount_copy(self.kind, self.copy, where, options)
        try:
            bad = is_moment(where)
        finally:
            run("umount", where)
        if is_crash and not bad:
            bad = self.kind.judge(self.copy)
        return bad

    def is_the_frozen_one(self, where):
        """All that had been written when the freeze was complete, and nothing else."""
        self.state.advance(self.last)
        return differences(read_tree(f"{where}/steps", self.number), self.state.tree()) or differences(digest(where), self.live)

    def is_any_moment_since(self, since, until):
        """What a copy without a freeze would have to be at least."""

        def look(where):
            found, state = read_tree(f"{where}/steps", self.number), State()
            state.advance(since)
            while state.tree() != found:
                if state.n > until:
                    return f"it is the state after none of the steps {since} to {until}"
                state.step()
            return ""

        return look


def digest(path):
    """Names, lengths and sums of all files."""
    found = {}
    for folder, _, names in os.walk(path):
        found[folder[len(path):]] = "a directory"
        for name in names:
            with open(f"{folder}/{name}", "rb") as file:
                data = file.read()
            found[f"{folder}/{name}"[len(path):]] = (len(data), zlib.crc32(data))
    return found


class Load:
    """fio: random writes of blocks that differ, with an fsync() now and then, in a thread for each volume."""

    def __init__(self, volumes):
        with open(FIO_JOBS, "w", encoding="ascii") as file:
            file.write("[global]\nthread\nioengine=psync\nrw=randwrite\nbs=4k\nsize=1m\nfsync=32\ntime_based\nruntime=7200\n"
                       "rate_iops=60\nverify=crc32c\ndo_verify=0\n")
            file.writelines(f"[{one.name}]\nfilename={one.path}/load/load\n" for one in volumes)
        self.process = subprocess.Popen(["fio", "--output-format=json", f"--output={FIO_LOG}", FIO_JOBS])
        wait_for("fio's files", lambda: all(os.path.exists(f"{one.path}/load/load") for one in volumes), 120)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(120)
        with open(FIO_LOG, encoding="ascii") as file:
            text = file.read()
        jobs = json.loads(text[text.index("{"):])["jobs"]
        is_equal("fio's errors", {job["error"] for job in jobs}, {0})
        return sum(job["write"]["total_ios"] for job in jobs)


class Scene:
    """All volumes with their load, which rests while copies are judged."""

    def __init__(self):
        has_kind = {kind: has(kind.name) for kind in dict.fromkeys(kind for kind, _ in WANTED)}
        wanted = [(kind if has_kind[kind] else disks.EXT4, options if has_kind[kind] else ()) for kind, options in WANTED]
        step(", ".join(f"{count} {name}" for name, count in collections.Counter(kind.name for kind, _ in wanted).items()))
        with ThreadPoolExecutor(2) as pool:
            self.volumes = list(pool.map(lambda what: Volume(what[0] + 1, *what[1]), enumerate(wanted)))
        for volume in self.volumes:
            volume.start()
        self.load, self.device = Load(self.volumes), Modern()

    def signal(self, number):
        for pid in [self.load.process.pid, *(one.writer.child.pid for one in self.volumes)]:
            os.kill(pid, number)

    def run_on(self):
        """Until each writer has got on."""
        goals = [one.writer.written + STEPS for one in self.volumes]
        self.signal(signal.SIGCONT)
        wait_for("the writers", lambda: all(one.writer.written >= goal for one, goal in zip(self.volumes, goals)), 600)

    def judge(self, check):
        """What check(volume) says of each copy that it does not like."""
        with ThreadPoolExecutor(2) as pool:
            words = list(pool.map(check, self.volumes))
        return {one.name: bad for one, bad in zip(self.volumes, words) if bad}

    def frozen_copies(self, is_crash):
        """Freeze, copy in the window, thaw; then judge."""
        self.run_on()
        acked, started = [one.writer.acked for one in self.volumes], time.monotonic()
        is_equal("FREEZE", self.device.freeze(*[(one.path, 0) for one in self.volumes], deadline_ms=DEADLINE), 0)
        is_equal("frozen", self.device.frozen, len(self.volumes))
        froze = time.monotonic()
        for one in self.volumes:
            one.take()
        is_equal("THAW", self.device.thaw(), (0, "asked", 0))
        thawed = time.monotonic()
        self.signal(signal.SIGSTOP)
        bad = self.judge(lambda one: one.complaint(one.is_the_frozen_one, is_crash))
        print(f"  FREEZE {froze - started:.2f} s, the window {thawed - froze:.1f} s, judged in {time.monotonic() - thawed:.0f} s; "
              f"{sum(one.state.n for one in self.volumes)} steps so far", flush=True)
        if bad:
            fail("; ".join(f"{name}: {words}" for name, words in bad.items()))
        for one, at_least in zip(self.volumes, acked):
            if one.state.n < at_least:
                fail(f"{one.name}: what fsync() had covered is not there")

    def moving_copies(self):
        """The same without a freeze: some of the copies have to be no good, or nothing above means anything."""
        self.run_on()
        since = [one.writer.acked for one in self.volumes]
        for one in self.volumes:
            disks.copy(one.image, one.copy)
        until = [one.writer.written + 1 for one in self.volumes]
        self.signal(signal.SIGSTOP)
        span = dict(zip(self.volumes, zip(since, until)))

        def check(one, is_crash):
            # Other kernels' code than ext4's warns when it replays such a journal.
            if is_crash and one.kind is not disks.EXT4:
                return ""
            try:
                return one.complaint(one.is_any_moment_since(*span[one]), is_crash, not is_crash)
            except Failure as failure:  # it cannot even be mounted
                return str(failure)

        as_it_lies, recovered = self.judge(lambda one: check(one, False)), self.judge(lambda one: check(one, True))
        print(f"  {len(as_it_lies)} of {len(self.volumes)} are no good as they lie there; of ext4's {len(recovered)} after recovery", flush=True)
        for name, words in {**as_it_lies, **recovered}.items():
            print(f"    {name}: {' '.join(words.split())[:160]}")
        if len(as_it_lies) < len(self.volumes) // 2 or not recovered:
            fail("the check finds too little in copies that were taken while the disks changed")

    def end(self):
        self.signal(signal.SIGCONT)
        print(f"  fio has written {self.load.end()} blocks")
        for one in self.volumes:
            one.writer.child.kill()


def main():
    rounds = int(sys.argv[1])
    # Who waits for the thaw waits as long as copying takes.
    patience("600")
    os.makedirs(DISKS)
    run("mount", "-t", "tmpfs", "-o", "size=75%", "disks", DISKS)
    run_parts(lambda: copies(rounds))


def copies(rounds):
    scene = Scene()
    for number in range(rounds):
        is_crash = number % 2 == 1
        step(f"round {number + 1}: copies of frozen disks, mounted {'as after a crash' if is_crash else 'as they lie there'}")
        scene.frozen_copies(is_crash)
    step("copies of disks that are not frozen do not pass")
    scene.moving_copies()
    scene.end()
    books_balance()
    is_equal("volumes frozen", statistic("volumes_frozen"), rounds * len(scene.volumes))
    is_equal("volumes lost", statistic("volumes_lost"), 0)


main()
