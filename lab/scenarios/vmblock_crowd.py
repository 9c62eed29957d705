#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Many users and many blocks of vmblock.

usage: vmblock_crowd.py wait COUNT PATH          that many threads follow a link; prints how long their waking took
       vmblock_crowd.py many COUNT CYCLES        that many blocks of one file; add and delete over and over; limits
       vmblock_crowd.py race add|follow|watch|list|mount SECONDS SEED
       vmblock_crowd.py limits
       vmblock_crowd.py hold PATH                block it until killed
"""

import errno
import os
import random
import signal
import subprocess
import sys
import time

from vmblock_user import Agent, Crowd, IOC_WATCH, Module, NOWAIT, ROOT, check, error_of, fail, number, request, step, wait_for

NAMES = 12
HARMLESS = {"ENOENT", "EEXIST", "EAGAIN"}


def seconds_since(start):
    return f"{time.monotonic() - start:.2f} s"


def wait(count, path):
    start = time.monotonic()
    crowd = Crowd(int(count), path)
    print(f"{count} threads began within {seconds_since(start)}", flush=True)
    start = time.monotonic()
    while crowd.left() == int(count):
        time.sleep(0.05)
    start = time.monotonic()
    wait_for("all to wake", lambda: not crowd.left(), 30)
    print(f"the rest woke within {seconds_since(start)}")
    check("errors", crowd.errors, [])


def slab():
    """KiB that the kernel's small allocations take."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("SUnreclaim:"))


def many(count, cycles):
    count, cycles = int(count), int(cycles)
    agent, other = Agent(Module), Agent(Module)
    before = slab()
    step(f"{count} names are blocked by one file")
    start = time.monotonic()
    for i in range(count):
        agent.add(f"{ROOT}/name {i}")
    check("blocks", number("blocks"), count)
    full = slab()
    print(f"  {seconds_since(start)}, {(full - before) * 1024 // count} bytes a block")
    step("each is found, none can be blocked again, others are not blocked")
    start = time.monotonic()
    for i in random.Random(1).sample(range(count), 2000):
        check("add again", error_of(other.add, f"{ROOT}/name {i}"), "EEXIST")
        check("size", os.lstat(f"{Module.mount}/name {i}").st_size, len(f"{ROOT}/name {i}"))
        check("a free name", error_of(os.lstat, f"{Module.mount}/other {i}"), "ENOENT")
    print(f"  6000 questions in {seconds_since(start)}")
    step("they go with the file")
    start = time.monotonic()
    agent.close()
    check("blocks", number("blocks"), 0)
    print(f"  {seconds_since(start)}")
    step(f"a name is blocked and unblocked {cycles} times")
    before = slab()
    for i in range(cycles):
        other.add(f"{ROOT}/again")
        other.delete(f"{ROOT}/again")
    # A few hundred KiB are noise: what would be lost is a hundred bytes a cycle at least.
    grown = slab() - before
    print(f"  {grown} KiB more in use")
    if grown * 1024 > 50 * cycles:
        fail("memory is lost")
    other.close()


def limits():
    step("no more names than the parameters say, of one file and in all")
    folder = "/sys/module/vmblock/parameters"
    saved = {name: open(f"{folder}/{name}").read() for name in ("max_blocks", "max_owner_blocks")}
    for name, value in (("max_blocks", "5"), ("max_owner_blocks", "3")):
        with open(f"{folder}/{name}", "w") as file:
            file.write(value)
    first, second = Agent(Module), Agent(Module)
    check("of one file", [error_of(first.add, f"/n/{i}") for i in range(5)], [0, 0, 0, "ENOSPC", "ENOSPC"])
    check("in all", [error_of(second.add, f"/m/{i}") for i in range(3)], [0, 0, "ENOSPC"])
    check("after one has gone", (first.delete("/n/0"), error_of(second.add, "/m/2")), (0, 0))
    for name, value in saved.items():
        with open(f"{folder}/{name}", "w") as file:
            file.write(value)
    first.close()
    second.close()


def harmless(function, *arguments, **named):
    """Its result, or None if it fails with an error that a race may end in."""
    try:
        return function(*arguments, **named)
    except OSError as error:
        if errno.errorcode[error.errno] not in HARMLESS:
            fail(f"{function} fails with {error}")
        return None


def names(dice):
    return f"name{dice.randrange(NAMES)}"


def race_add(dice):
    agent = Agent(Module)
    try:
        for _ in range(20):
            harmless(agent.add, f"{ROOT}/{names(dice)}")
            harmless(agent.delete, f"{ROOT}/{names(dice)}")
    finally:
        agent.close()


def race_follow(dice):
    path = f"{Module.mount}/{names(dice)}"
    harmless(os.lstat, path)
    harmless(os.readlink, path)
    found = harmless(os.open, path, os.O_RDONLY)
    if found is not None:
        os.close(found)


def race_watch(dice):
    agent = Agent(Module)
    try:
        for _ in range(20):
            harmless(request, agent.fd, IOC_WATCH, f"{ROOT}/{names(dice)}", flags=dice.choice((0, NOWAIT)))
    finally:
        agent.close()


def race_list(dice):
    harmless(os.listdir, Module.mount)
    path = f"{ROOT}/{names(dice)}"
    if dice.random() < 0.5:
        harmless(os.unlink, path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


def race_mount(dice):
    subprocess.run(["mount", "-t", "vmblock", "none", Module.mount], check=False, stderr=subprocess.DEVNULL)
    time.sleep(dice.random() / 5)
    subprocess.run(["umount", *dice.choice(([], ["-l"])), Module.mount], check=False, stderr=subprocess.DEVNULL)


def race(what, seconds, seed):
    act = {"add": race_add, "follow": race_follow, "watch": race_watch, "list": race_list, "mount": race_mount}[what]
    dice = random.Random(int(seed))
    end = time.monotonic() + float(seconds)
    rounds = 0
    while time.monotonic() < end:
        act(dice)
        rounds += 1
    print(f"  {what}: {rounds} rounds", flush=True)


def hold(path):
    agent = Agent(Module)
    agent.add(path)
    print("held", flush=True)
    signal.pause()


def main():
    verb = sys.argv[1]
    {"wait": wait, "many": many, "limits": limits, "race": race, "hold": hold}[verb](*sys.argv[2:])


main()
