#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Whatever becomes of a freeze's owner, its volumes or its writers: in the end nothing is frozen."""

import os
import random
import select
import subprocess
import threading
import time

from vmsync_lib import (Child, Modern, Original, StuckWriter, expect_frozen, expect_thawed, fail, is_equal, is_writable, make,
                        non_blocking, run, run_parts, statistic, step, wait_for)

A, B = "/mnt/a", "/mnt/b"


class Owner:
    """A process that freezes and then sleeps; told is what FREEZE returned."""

    def __init__(self, *volumes, **options):
        self.out, into = os.pipe()

        def work():
            device = Modern()
            os.write(into, repr(device.freeze(*volumes, **options)).encode())
            time.sleep(600)

        self.child = Child(work)
        os.close(into)

    def told(self, seconds=20):
        if not select.select([self.out], [], [], seconds)[0]:
            fail("FREEZE does not return")
        return os.read(self.out, 64).decode()


def is_frozen_all(wanted):
    def look():
        with open("/sys/class/misc/vmsync/frozen", encoding="ascii") as file:
            return int(file.read()) == wanted

    return look


def unload():
    return subprocess.run(["rmmod", "vmsync"], capture_output=True, check=False).returncode


def killed_while_frozen():
    step("SIGKILL of the owner thaws")
    owner = Owner((A, 0), (B, 1))
    is_equal("FREEZE", owner.told(), "0")
    writers = expect_frozen(A, B)
    owner.child.kill()
    expect_thawed(writers)
    owner.child.wait("the owner's end")
    is_equal("frozen", is_frozen_all(0)(), True)


def killed_while_freezing():
    step("SIGKILL ends a FREEZE that waits for a writer; what is frozen is thawed, what freezes later is thawed at once")
    late, stuck = statistic("volumes_late"), StuckWriter(B)
    owner = Owner((A, 1), (B, 0), deadline_ms=60000)
    wait_for("the first of both", is_frozen_all(1))
    owner.child.kill()
    owner.child.wait("the owner's end", 5)
    is_equal("frozen", is_frozen_all(0)(), True)
    is_writable(A)
    is_equal("rmmod while a volume's thread is inside the kernel", unload(), 1)
    another = Modern()
    is_equal("FREEZE by another", non_blocking(lambda: another.freeze((B, 0))), "EBUSY")
    stuck.end()
    wait_for("the late one", lambda: statistic("volumes_late") == late + 1)
    wait_for("its thaw", is_frozen_all(0))
    is_writable(B)
    wait_for("FREEZE by another", lambda: another.freeze((B, 0)) == 0)
    another.close()
    is_writable(B)


def aborted():
    step("THAW ends a FREEZE of another thread at any moment, QUERY answers meanwhile")
    device, stuck, answers = Modern(), StuckWriter(B), []
    thread = threading.Thread(target=lambda: answers.append(device.freeze((A, 1), (B, 0), deadline_ms=60000)))
    thread.start()
    wait_for("the first of both", lambda: non_blocking(lambda: device.query()[0].frozen) == 1)
    is_equal("phase", device.phase(), "freezing")
    is_equal("THAW", non_blocking(lambda: device.thaw(1000), 2), (0, "asked", 1))
    thread.join(5)
    is_equal("FREEZE", answers, ["ECANCELED"])
    is_writable(A)
    is_equal("the other one", device.query(2)[1][1].is_state(), "freezing")
    started = time.monotonic()
    device.close()
    if time.monotonic() - started > 1:
        fail("close waits for the writer")
    stuck.end()
    wait_for("all threads' end", lambda: is_frozen_all(0)() and not subprocess.run(["pgrep", "^vmsync/"], check=False, capture_output=True).stdout)
    is_writable(B)


def expired_while_frozen():
    step("the deadline thaws, poll() tells, THAW says so")
    device, expired = Modern(), statistic("ended_expired")
    poll = select.poll()
    poll.register(device.fd, select.POLLIN | select.POLLPRI)
    is_equal("poll() before", poll.poll(0), [])
    is_equal("FREEZE", device.freeze((A, 0), (B, 1), deadline_ms=1500), 0)
    is_equal("poll() while frozen", poll.poll(0), [])
    left = device.query()[0].left_ms
    if not 0 < left <= 1500:
        fail(f"{left} ms are left")
    writers, started = expect_frozen(A, B), time.monotonic()
    is_equal("poll()", [event for _, event in poll.poll(20000)], [select.POLLIN | select.POLLPRI])
    if time.monotonic() - started > 3:
        fail("the deadline is late")
    expect_thawed(writers)
    query, records = device.query(2)
    is_equal("cause", query.cause, 3)
    longest = max(record.stall_us for record in records)
    if not 1400000 < longest < 4000000:
        fail(f"writers waited for {longest} us")
    is_equal("THAW", device.thaw(), ("ETIMEDOUT", "expired", 0))
    is_equal("poll() afterwards", poll.poll(0), [])
    is_equal("THAW once more", device.thaw()[2], 0)
    is_equal("ended_expired", statistic("ended_expired"), expired + 1)
    is_equal("FREEZE again", device.freeze((A, 0)), 0)
    is_equal("FREEZE while frozen", device.freeze((B, 0)), "EBUSY")
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    device.close()


def expired_while_freezing():
    step("the deadline holds while a freeze waits for a writer")
    device, stuck, started = Modern(), StuckWriter(B), time.monotonic()
    is_equal("FREEZE", device.freeze((A, 1), (B, 0), deadline_ms=1000), "ETIMEDOUT")
    if time.monotonic() - started > 4:
        fail("the deadline is late")
    is_writable(A)
    stuck.end()
    is_writable(B)
    device.close()


def last_close():
    step("the last close thaws, not the first; exec closes what is to be closed")
    device = Modern()
    is_equal("FREEZE", device.freeze((A, 0), deadline_ms=60000), 0)
    child = Child(lambda: time.sleep(600))
    device.close()
    writers = expect_frozen(A)
    child.kill()
    expect_thawed(writers)
    child.wait("the child")

    def work():
        device = Modern()
        if device.freeze((A, 0), deadline_ms=60000):
            return 1
        os.execv("/bin/sleep", ["sleep", "600"])
        return 1

    child = Child(work)
    wait_for("the program", lambda: os.readlink(f"/proc/{child.pid}/exe").endswith("sleep") or child.has_ended())
    wait_for("the thaw", is_frozen_all(0))
    is_equal("the program has ended", child.has_ended(), False)
    is_writable(A)
    child.kill()
    child.wait("the program")


def default_deadline():
    step("the default deadline is a parameter, in milliseconds")
    with open("/sys/module/vmsync/parameters/deadline_ms", "r+", encoding="ascii") as file:
        is_equal("deadline_ms", file.read(), "10000\n")
        file.write("800\n")
    device, started = Modern(), time.monotonic()
    is_equal("FREEZE", device.freeze((A, 0)), 0)
    wait_for("the thaw", lambda: device.phase() == "over")
    if time.monotonic() - started > 3:
        fail("that is not 800 ms")
    device.close()
    with open("/sys/module/vmsync/parameters/deadline_ms", "w", encoding="ascii") as file:
        file.write("10000\n")


def unloading():
    step("rmmod is refused while a file is open, and while something is frozen")
    for kind in (Original, Modern):
        device = kind()
        is_equal("rmmod", unload(), 1)
        is_equal("FREEZE", device.freeze(A) if kind is Original else device.freeze((A, 0)), 0)
        is_equal("rmmod", unload(), 1)
        writers = expect_frozen(A)
        device.close()
        expect_thawed(writers)


def lazy_umount():
    step("umount -l while frozen: the thaw releases the filesystem")
    loop = make("/mnt/lazy")
    folder = f"/sys/fs/ext4/{os.path.basename(loop)}"
    device = Modern()
    is_equal("FREEZE", device.freeze(("/mnt/lazy", 0)), 0)
    run("umount", "-l", "/mnt/lazy")
    is_equal(folder, os.path.exists(folder), True)
    is_equal("THAW", device.thaw(), (0, "asked", 0))
    wait_for("the filesystem's end", lambda: not os.path.exists(folder))
    device.close()
    run("losetup", "-d", loop)


def vanished_device():
    step("a disk that is pulled while frozen: THAW ends, nothing hangs")
    run("modprobe", "sd_mod")
    run("modprobe", "scsi_debug", "dev_size_mb=32")
    wait_for("the disk", lambda: [name for name in os.listdir("/sys/block") if name.startswith("sd")])
    disk = [name for name in os.listdir("/sys/block") if name.startswith("sd")][0]
    wait_for("its node", lambda: os.path.exists(f"/dev/{disk}"))
    run("mkfs.ext4", "-q", f"/dev/{disk}")
    os.makedirs("/mnt/pulled", exist_ok=True)
    run("mount", f"/dev/{disk}", "/mnt/pulled")
    with open("/mnt/pulled/file", "w", encoding="ascii") as file:
        file.write("text")
    device = Modern()
    is_equal("FREEZE", device.freeze(("/mnt/pulled", 0), (A, 1)), 0)
    puller = Child(lambda: open(f"/sys/block/{disk}/device/delete", "w").write("1") and None)
    wait_for("the disk to go", lambda: not os.path.exists(f"/sys/block/{disk}"))
    answer, _, left = device.thaw()
    is_equal("THAW", (answer, left), (0, 0))
    puller.wait("the pulling")
    is_writable(A)
    device.close()
    run("umount", "-l", "/mnt/pulled")


def storm(seconds):
    step(f"{seconds} s of FREEZE, THAW, deadlines, closes and kills by four processes")
    end = time.monotonic() + seconds

    def work(seed):
        chance = random.Random(seed)
        while time.monotonic() < end:
            device = Modern()
            for _ in range(chance.randrange(1, 4)):
                path = chance.choice(((A, 1), (B, 0)))
                answer = device.freeze(path, flags=chance.choice((0, 4)), deadline_ms=chance.choice((1, 5, 50)))
                if answer not in (0, "EBUSY", "ETIMEDOUT", "ECANCELED"):
                    return 1
                time.sleep(chance.random() / 50)
                if chance.random() < 0.7:
                    device.thaw(chance.choice((0, 100)))
                device.query(1)
            device.close()
        return 0

    def writing(path):
        while time.monotonic() < end:
            with open(f"{path}/storm", "w", encoding="ascii") as file:
                file.write("x" * 10000)
                file.flush()
                os.fsync(file.fileno())
        return 0

    children = [Child(lambda seed=seed: work(seed)) for seed in range(4)]
    writers = [Child(lambda path=path: writing(path)) for path in (A, B)]
    while time.monotonic() < end:
        victim = Owner((A, 1), (B, 0), flags=4, deadline_ms=1000)
        time.sleep(0.2)
        victim.child.kill()
        victim.child.wait("a victim")
        os.close(victim.out)
    for child in children + writers:
        is_equal("a process of the storm", child.wait("the storm's end", 30), 0)
    wait_for("all thaws", is_frozen_all(0))
    is_equal("frozen and thawed", statistic("volumes_frozen"), statistic("volumes_thawed") + statistic("volumes_lost"))
    print(f"  {statistic('freezes')} freezes, longest stall {statistic('longest_stall_us')} us")


def in_the_end():
    is_writable(A)
    is_writable(B)
    is_equal("volumes that somebody else thawed", statistic("volumes_lost"), 0)


make(A)
make(B)
run_parts(killed_while_frozen, killed_while_freezing, aborted, expired_while_frozen, expired_while_freezing, last_close,
          default_deadline, unloading, lazy_umount, vanished_device, lambda: storm(10), in_the_end)
