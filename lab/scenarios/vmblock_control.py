#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The module's control node: the write whose byte count is the command, the sized ioctl, poll.

usage: vmblock_control.py
"""

import ctypes
import mmap
import os
import select
import signal
import struct
import sys

from vmblock_user import (
    ACCESSED, ADD, Agent, DELETE, IOC_ADD, IOC_DELETE, IOC_WATCH, Module, NOWAIT, REMOVED, REQUEST, ROOT, Sleeper,
    check, error_of, number, put, raw_write, read_all, request, step, wait_for,
)  # fmt: skip

ENTRY = f"{Module.mount}/plain"
PATH = f"{ROOT}/plain"


def commands():
    step("a write's byte count is its command, success is 0")
    agent = Agent(Module)
    text = ctypes.create_string_buffer(PATH.encode())
    check("add", raw_write(agent.fd, text, 98), 0)
    check("add again", error_of(raw_write, agent.fd, text, 98), "EEXIST")
    check("delete", raw_write(agent.fd, text, 99), 0)
    check("delete again", error_of(raw_write, agent.fd, text, 99), "ENOENT")
    for count in (1, 17, 97, 100, 101, 4096):
        check(f"command {count}", error_of(raw_write, agent.fd, text, count), "EINVAL")
    check("command 100 without a path", error_of(raw_write, agent.fd, None, 100), "EINVAL")
    check("blocks", number("blocks"), 0)
    agent.close()


def reading():
    step("reading the control node fails, however it was opened")
    agent = Agent(Module)
    check("read", error_of(os.read, agent.fd, 18), "EBADF")
    agent.close()
    fd = os.open(Module.control, os.O_RDWR)
    check("read", error_of(os.read, fd, 18) in ("EIO", "EINVAL"), True)
    check("seek", os.lseek(fd, 0, os.SEEK_SET), 0)
    os.close(fd)
    check("mode", oct(os.stat(Module.control).st_mode), "0o100200")


def paths():
    step("paths: empty, slashes, too long, not there, not in memory")
    agent = Agent(Module)
    for path in ("", "/", "///"):
        check(f"add {path!r}", error_of(agent.add, path), "EINVAL")
    check("the longest path", agent.add("/" + "p" * 4094), 0)
    check("the longest path again", error_of(agent.add, "/" + "p" * 4094), "EEXIST")
    check("a longer one", error_of(agent.add, "/" + "p" * 4095), "ENAMETOOLONG")
    check("one without an end", error_of(raw_write, agent.fd, b"x" * 9000, ADD), "ENAMETOOLONG")
    check("no address", error_of(raw_write, agent.fd, None, ADD), "EFAULT")
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    hole = address + mmap.PAGESIZE
    check("munmap", ctypes.CDLL(None).munmap(ctypes.c_void_p(hole), mmap.PAGESIZE), 0)
    ctypes.memmove(hole - 8, b"/tmp/abc", 8)
    # The kernel reads what count says it may not, if there is an end: here is none before the hole.
    check("a path that runs into a hole", error_of(raw_write, agent.fd, ctypes.c_void_p(hole - 8), ADD), "EFAULT")
    ctypes.memmove(hole - 8, b"/tmp/ab\0", 8)
    check("a path that ends before it", raw_write(agent.fd, ctypes.c_void_p(hole - 8), ADD), 0)
    for path in ("/a//b", "/a/b", "/a/./b", "/a/../b"):
        check(f"{path} is a name of its own", agent.add(path), 0)
    check("slashes at the end", error_of(agent.add, "/a/b///"), "EEXIST")
    agent.close()
    check("blocks", number("blocks"), 0)


def ioctls():
    step("the sized ioctl: the same, and what it refuses")
    agent, other = Agent(Module), Agent(Module)
    fd = agent.fd
    request(fd, IOC_ADD, PATH + "/")
    check("add again", error_of(request, other.fd, IOC_ADD, PATH), "EEXIST")
    check("add by write", error_of(other.add, PATH), "EEXIST")
    check("delete by another", error_of(request, other.fd, IOC_DELETE, PATH), "ENOENT")
    request(fd, IOC_DELETE, PATH)
    for what, named in (("version 0", {"version": 0}), ("version 2", {"version": 2}), ("a flag", {"flags": 2}),
                        ("a result", {"result": 1}), ("reserved", {"reserved": 1}), ("size 0", {"size": 0}),
                        ("a size too small", {"size": REQUEST.size - 4}), ("a NUL inside", {"length": len(PATH) + 1}),
                        ("nothing", {"length": 0}), ("NOWAIT without watching", {"flags": NOWAIT})):  # fmt: skip
        check(what, error_of(request, fd, IOC_ADD, PATH, **named), "EINVAL")
    check("a path too long", error_of(request, fd, IOC_ADD, "x" * 4096), "ENAMETOOLONG")
    check("a length beyond all", error_of(request, fd, IOC_ADD, PATH, length=0xFFFFFFFF), "ENAMETOOLONG")
    check("a size beyond all", error_of(request, fd, IOC_ADD, PATH, size=1 << 20), "E2BIG")
    tail = struct.pack("=Q", 0)
    request(fd, IOC_ADD, PATH, size=REQUEST.size + 8, tail=tail)
    check("a longer structure, all zero", error_of(request, fd, IOC_ADD, PATH), "EEXIST")
    tail = struct.pack("=Q", 1)
    check("a longer one, not zero", error_of(request, fd, IOC_DELETE, PATH, size=REQUEST.size + 8, tail=tail), "E2BIG")
    check("an unknown number", error_of(request, fd, IOC_ADD + 9, PATH), "ENOTTY")
    agent.close()
    other.close()


def polling():
    step("poll says that something of the file's own blocks was not reported yet")
    agent, other = Agent(Module), Agent(Module)
    poll = select.poll()
    poll.register(agent.fd, select.POLLIN)
    agent.add(PATH)
    check("nothing yet", poll.poll(0), [])
    check("nothing yet", error_of(request, agent.fd, IOC_WATCH, PATH, flags=NOWAIT), "EAGAIN")
    sleeper = Sleeper(lambda: read_all(ENTRY))
    check("somebody came", poll.poll(60000), [(agent.fd, select.POLLIN)])
    check("not to the other's", select.select([other.fd], [], [], 0)[0], [])
    check("watch", request(agent.fd, IOC_WATCH, PATH, flags=NOWAIT), ACCESSED)
    check("reported", poll.poll(0), [])
    check("watch again", request(agent.fd, IOC_WATCH, PATH), ACCESSED)
    agent.delete(PATH)
    sleeper.ends_well("the sleeper wakes")
    agent.add(PATH)
    watcher = Sleeper(lambda: check("removed", request(other.fd, IOC_WATCH, PATH), REMOVED), keep=other.fd).sleeps()
    agent.delete(PATH)
    watcher.ends_well("the watcher hears of the end")
    agent.add(PATH)
    watcher = Sleeper(lambda: request(agent.fd, IOC_WATCH, PATH), keep=agent.fd).sleeps()
    watcher.kill()
    check("a watcher is killed", watcher.ends("it ends", 5), signal.SIGKILL)
    agent.close()
    other.close()


def signals():
    step("SIGKILL ends a sleeper at once, other signals wait until it wakes")
    agent = Agent(Module)
    agent.add(PATH)
    killed = Sleeper(lambda: read_all(ENTRY)).sleeps()
    killed.kill()
    check("a sleeper is killed", killed.ends("it ends", 5), signal.SIGKILL)
    before = number("waits_killed")
    check("the killed ones are counted", before > 0, True)

    def terminated(*_):
        os._exit(7)

    patient = Sleeper(lambda: read_all(ENTRY), lambda: signal.signal(signal.SIGTERM, terminated)).sleeps()
    patient.kill(signal.SIGTERM)
    check("it sleeps on", patient.is_asleep(), True)
    agent.delete(PATH)
    patient.ends_with("it wakes and handles the signal", 7)
    wait_for("nobody waits", lambda: number("waiters") == 0)
    agent.close()


def inodes():
    step("a name has one inode number, in look-ups and in the listing")
    numbers = {name: os.lstat(f"{Module.mount}/{name}").st_ino for name in os.listdir(ROOT)}
    for item in os.scandir(Module.mount):
        check(f"inode of {item.name!r} in the listing", item.inode(), numbers[item.name])
        check("and looked up again", os.lstat(item.path).st_ino, numbers[item.name])
    check("all differ", len(set(numbers.values())), len(numbers))
    step("a blocked name that is missing is there, but for the listing")
    agent = Agent(Module)
    agent.add(f"{ROOT}/later")
    check("its size", os.lstat(f"{Module.mount}/later").st_size, len(f"{ROOT}/later"))
    sleeper = Sleeper(lambda: read_all(f"{Module.mount}/later")).sleeps()
    put("later", "came later")
    agent.delete(f"{ROOT}/later")
    sleeper.ends_well("it reads what has come")
    agent.add(f"{ROOT}/never")
    sleeper = Sleeper(lambda: read_all(f"{Module.mount}/never")).sleeps()
    agent.close()
    sleeper.ends_with("a name that never came is missing", 2)


def main():
    put("plain", "content of plain")
    for part in (commands, reading, paths, ioctls, polling, signals, inodes):
        part()
    sys.stdout.flush()
    os._exit(0)  # paths() has left a mapping with a hole


main()
