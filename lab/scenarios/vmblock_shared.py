#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What both flavours of vmblock do alike.

usage: vmblock_shared.py module|fuse
"""

import os
import signal
import stat
import sys

from vmblock_user import Agent, Fuse, Module, ROOT, Sleeper, as_nobody, check, error_of, put, read_all, step

FLAVOUR = {"module": Module, "fuse": Fuse}[sys.argv[1]]


def entry(name):
    return f"{FLAVOUR.entries}/{name}"


def links():
    step("names are links to the backing directory's, with the text's length as size")
    for name in ("plain", "with space", "ünïcode", "per%cent", "new\nline", "-dash", "x" * 200):
        path = put(name, f"content of {name}")
        check(f"readlink of {name!r}", os.readlink(entry(name)), path)
        check(f"text through {name!r}", read_all(entry(name)), f"content of {name}".encode())
        found = os.lstat(entry(name))
        check("type and mode", oct(found.st_mode), oct(stat.S_IFLNK | 0o777))
        check("size", found.st_size, len(os.fsencode(path)))
        check("owner", (found.st_uid, found.st_gid), (0, 0))
    os.mkdir(f"{ROOT}/folder")
    put("folder/inner", "deep")
    check("text through a folder", read_all(entry("folder/inner")), b"deep")
    check("listing", sorted(os.listdir(FLAVOUR.entries)), sorted(os.listdir(ROOT)))
    check("types in the listing", {item.is_symlink() for item in os.scandir(FLAVOUR.entries)}, {True})


def missing():
    step("what is missing is missing, and nothing can be made or removed there")
    for call in (os.lstat, os.stat, os.readlink):
        check(f"{call.__name__} of a missing name", error_of(call, entry("missing")), "ENOENT")
    check("open of a missing name", error_of(os.open, entry("missing"), os.O_RDONLY), "ENOENT")
    check("a name of 256 bytes", error_of(os.lstat, entry("n" * 256)), "ENAMETOOLONG")
    for call in (os.mkdir, os.unlink, os.rmdir):
        found = error_of(call, entry("missing"))
        check(f"{call.__name__} fails", isinstance(found, str), True)
    check("unlink of a name that is there fails", isinstance(error_of(os.unlink, entry("plain")), str), True)
    check("a file is made fails", isinstance(error_of(os.open, entry("missing"), os.O_CREAT | os.O_WRONLY), str), True)
    check("nothing came through", os.path.lexists(f"{ROOT}/missing"), False)
    check("nothing went", os.path.lexists(f"{ROOT}/plain"), True)


def owners():
    step("a name is blocked once, and unblocked by the open file that has blocked it")
    first, second = Agent(FLAVOUR), Agent(FLAVOUR)
    path = f"{ROOT}/plain"
    check("add", first.add(path), 0)
    check("add again", error_of(first.add, path), "EEXIST")
    check("add by another", error_of(second.add, path), "EEXIST")
    check("delete by another", error_of(second.delete, path), "ENOENT")
    check("delete", first.delete(path), 0)
    check("delete again", error_of(first.delete, path), "ENOENT")
    check("add with a slash behind", second.add(path + "/"), 0)
    check("add without", error_of(first.add, path), "EEXIST")
    check("delete", second.delete(path), 0)
    check("a name that is not there can be blocked", first.add(f"{ROOT}/later"), 0)
    first.close()
    second.close()
    step("a block goes with the last descriptor of its file")
    first = Agent(FLAVOUR)
    first.add(path)
    copy = os.dup(first.fd)
    first.close()
    sleeper = Sleeper(lambda: read_all(entry("plain"))).sleeps()
    os.close(copy)
    sleeper.ends_well("the sleeper wakes when the last descriptor is closed")


def sleeping():
    step("following a blocked link sleeps, looking at it does not, others do not notice")
    put("other", "other")
    agent = Agent(FLAVOUR)
    agent.add(f"{ROOT}/plain/")
    sleepers = [Sleeper(lambda: read_all(entry("plain"))), Sleeper(lambda: os.readlink(entry("plain"))),
                Sleeper(lambda: os.stat(entry("plain"))), Sleeper(lambda: read_all(entry("plain")), as_nobody)]
    for sleeper in sleepers:
        sleeper.sleeps()
    check("lstat of it", stat.S_ISLNK(os.lstat(entry("plain")).st_mode), True)
    check("it is listed", "plain" in os.listdir(FLAVOUR.entries), True)
    check("another name", read_all(entry("other")), b"other")
    check("the real path", read_all(f"{ROOT}/plain"), b"content of plain")
    os.mkdir(f"{ROOT}/made meanwhile")
    os.close(os.open(f"{ROOT}/opened meanwhile", os.O_CREAT | os.O_WRONLY))
    for sleeper in sleepers:
        check("it sleeps on", sleeper.is_asleep(), True)
    agent.delete(f"{ROOT}/plain")
    for sleeper in sleepers:
        sleeper.ends_well("the sleeper wakes when the name is unblocked")
    agent.close()


def dying():
    step("who dies unblocks what it has blocked")
    told, tell = os.pipe()
    agent = Sleeper(lambda: (Agent(FLAVOUR).add(f"{ROOT}/plain"), os.write(tell, b"."), signal.pause()), keep=tell)
    check("the agent has blocked it", os.read(told, 1), b".")
    sleeper = Sleeper(lambda: read_all(entry("plain"))).sleeps()
    agent.kill()
    sleeper.ends_well("the sleeper wakes when the agent is killed")
    agent.ends("the agent ends")


def telling():
    step("a watcher is told of the first who waits, and of a name that is unblocked before")
    path = f"{ROOT}/plain"
    check("a name that is not blocked", error_of(FLAVOUR.watch, path), "ENOENT")
    agent = Agent(FLAVOUR)
    agent.add(path)
    watcher = Sleeper(lambda: FLAVOUR.watch(path)).sleeps()
    os.lstat(entry("plain"))
    check("looking is not waiting", watcher.is_asleep(), True)
    sleeper = Sleeper(lambda: read_all(entry("plain")))
    watcher.ends_well("the watcher is told of the sleeper")
    Sleeper(lambda: FLAVOUR.watch(path)).ends_well("who watches later is told at once")
    agent.delete(path)
    sleeper.ends_well("the sleeper wakes")
    agent.add(path)
    watcher = Sleeper(lambda: FLAVOUR.watch(path)).sleeps()
    agent.delete(path)
    watcher.ends_well("the watcher is told of the end")
    agent.close()


def rights():
    step("the control node is root's alone, links are everybody's")
    denied = Sleeper(lambda: os.open(FLAVOUR.control, FLAVOUR.flags), as_nobody)
    denied.ends_with("nobody opens the control node", 13)
    Sleeper(lambda: os.readlink(entry("plain")), as_nobody).ends_well("nobody reads a link")
    Sleeper(lambda: os.listdir(FLAVOUR.entries), as_nobody).ends_well("nobody lists the directory")


if __name__ == "__main__":
    for part in (links, missing, owners, sleeping, dying, telling, rights):
        part()
    print(f"{FLAVOUR.name}: all alike")
