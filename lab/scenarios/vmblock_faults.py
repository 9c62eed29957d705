#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Let each allocation of vmblock's operations fail once, on the debug kernel.

    vmblock_faults.py FILE [NAME[:FIRST[:STEP]]]…    FILE is the module; all operations if none is named

An operation that fails leaves nothing: no block, no mount, no open node; the next one works, and the
statistics agree with what was seen.
"""

import ctypes
import os
import sys
from pathlib import Path

import faults
from vmblock_user import ACCESSED, ADD, Agent, DELETE, IOC_ADD, IOC_DELETE, IOC_WATCH, LIBC, Module, REQUEST, ROOT, Sleeper, VERSION, number, put

MODULE, PROC, SYSFS = (Path(path) for path in ("/sys/module/vmblock", "/proc/fs/vmblock", "/sys/fs/vmblock"))
ENTRY, PATH = f"{Module.mount}/file", f"{ROOT}/file"
DELETE_MODULE, FINIT_MODULE, READLINK = 176, 313, 89  # x86-64's numbers
AT_FDCWD = -100


def failed():
    return OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def system_call(*words):
    """Its result; the words and what they point to are prepared by the caller, so this is all that the kernel does."""
    result = LIBC.syscall(*words)
    if result < 0:
        raise failed()
    return result


def wrong(condition, sentence):
    if condition:
        raise faults.Wrong(sentence)


def is_mounted():
    return f" {Module.mount} vmblock " in Path("/proc/mounts").read_text()


def mount():
    if LIBC.mount(b"none", Module.mount.encode(), b"vmblock", 0, None):
        raise failed()


def unmount():
    while is_mounted():
        wrong(LIBC.umount(Module.mount.encode()), "it is busy")


def shows(error):
    wrong(os.listdir(Module.mount) != ["file"], f"another listing after {error}")
    wrong(Path(ENTRY).read_text() != "content", f"a file cannot be read after {error}")


class Load:
    """From no module to one."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDONLY)

    @staticmethod
    def reset():
        unmount()
        if MODULE.exists():
            system_call(DELETE_MODULE, b"vmblock", 0)

    def action(self):
        return lambda: system_call(FINIT_MODULE, self.file, b"", 0)

    def check(self, error):
        if error:
            for path in (MODULE, PROC, SYSFS):
                wrong(path.exists(), f"{path} is there after {error}")
            wrong("\tvmblock\n" in Path("/proc/filesystems").read_text(), f"the filesystem is there after {error}")
            self.action()()
        wrong(number("agents") != 0 or not Path(Module.control).exists(), "it is loaded and does not work")

    def restore(self):
        mount()
        put("file")


class Mount:
    @staticmethod
    def reset():
        unmount()

    @staticmethod
    def action():
        return mount

    @staticmethod
    def check(error):
        wrong(is_mounted() == bool(error), f"mounted or not is the wrong way round after {error}")
        if error:
            mount()
        shows(error)

    def restore(self):
        pass


class Open:
    """The control node."""

    @staticmethod
    def reset():
        wrong(number("agents") != 0, "a node is open")

    def action(self):
        path = ctypes.create_string_buffer(Module.control.encode())

        def act():
            self.node = -1
            self.node = LIBC.open(path, os.O_WRONLY)
            if self.node < 0:
                raise failed()

        return act

    def check(self, error):
        wrong(number("agents") != (not error), f"{number('agents')} nodes are open after {error}")
        if not error:
            os.close(self.node)
        agent = Agent(Module)
        agent.add(PATH)
        agent.close()
        wrong(number("blocks") or number("agents"), "an agent that has ended is there")

    def restore(self):
        pass


class Control:
    """A command on a node that is open: the name is BEFORE blocked or not, and AFTER."""

    def __init__(self, before, after, send):
        self.before, self.after, self.send, self.agent = before, after, send, None

    def reset(self):
        self.agent = self.agent or Agent(Module)
        if number("blocks") != self.before:
            self.agent.add(PATH) if self.before else self.agent.delete(PATH)

    def action(self):
        return self.send(self.agent.fd)

    def check(self, error):
        now = number("blocks")
        wrong(now != (self.before if error else self.after), f"{now} blocks after {error}")
        if error:
            self.action()()
            wrong(number("blocks") != self.after, f"it cannot be repeated after {error}")

    def restore(self):
        self.agent.close()
        wrong(number("blocks") or number("agents"), "a block or a node is left")


class Watch(Control):
    """A block that somebody has come to, so that the answer is known."""

    def __init__(self, send):
        super().__init__(1, 1, send)
        self.sleeper = None

    def reset(self):
        super().reset()
        if not self.sleeper:
            self.sleeper = Sleeper(lambda: os.close(os.open(ENTRY, os.O_RDONLY))).sleeps()
            faults.rehearse(self)

    def restore(self):
        super().restore()
        self.sleeper.ends_well("the sleeper wakes")


class Look:
    """Something that a user does with a name below the mount, by one system call."""

    def __init__(self, prepare):
        self.prepare = prepare

    def reset(self):
        pass

    def action(self):
        return self.prepare()

    def check(self, error):
        self.prepare()()
        shows(error)

    def restore(self):
        pass


def by_write(command):
    text = ctypes.create_string_buffer(PATH.encode())
    count = ctypes.c_size_t(command)

    def send(node):
        def act():
            if LIBC.write(node, text, count) < 0:
                raise failed()

        return act

    return send


def by_ioctl(command, result=0):
    text = ctypes.create_string_buffer(PATH.encode())

    def send(node):
        words = ctypes.create_string_buffer(REQUEST.pack(REQUEST.size, VERSION, ctypes.addressof(text), len(PATH), 0, 0, 0))

        def act():
            if LIBC.ioctl(node, ctypes.c_ulong(command), words) < 0:
                raise failed()
            wrong(REQUEST.unpack(words.raw[: REQUEST.size])[5] != result, "another result")

        return act

    return send


def look():
    """lstat: looks the name up, which makes an inode and a link's text."""
    path, answer = ctypes.create_string_buffer(ENTRY.encode()), ctypes.create_string_buffer(256)
    return lambda: system_call(6, path, answer)


def read_link():
    path, answer = ctypes.create_string_buffer(ENTRY.encode()), ctypes.create_string_buffer(256)

    def act():
        length = system_call(READLINK, path, answer, 255)
        wrong(answer.raw[:length] != PATH.encode(), "another text")

    return act


def follow():
    path, answer = ctypes.create_string_buffer(ENTRY.encode()), ctypes.create_string_buffer(256)
    return lambda: system_call(4, path, answer)  # stat


def open_listing():
    path = ctypes.create_string_buffer(Module.mount.encode())
    return lambda: os.close(system_call(257, AT_FDCWD, path, os.O_RDONLY | os.O_DIRECTORY))


def operations(path):
    return {
        "loading": Load(path),
        "mount": Mount(),
        "open": Open(),
        "write-add": Control(0, 1, by_write(ADD)),
        "write-delete": Control(1, 0, by_write(DELETE)),
        "ioctl-add": Control(0, 1, by_ioctl(IOC_ADD)),
        "ioctl-delete": Control(1, 0, by_ioctl(IOC_DELETE)),
        "ioctl-watch": Watch(by_ioctl(IOC_WATCH, ACCESSED)),
        "lstat": Look(look),
        "readlink": Look(read_link),
        "stat": Look(follow),
        "open-listing": Look(open_listing),  # reading it allocates nothing
    }


def main():
    path, *chosen = sys.argv[1:]
    known = operations(path)
    faults.prepare()
    for word in chosen or known:
        name, *part = word.split(":")
        faults.sweep(name, known[name], *map(int, part))


if __name__ == "__main__":
    main()
