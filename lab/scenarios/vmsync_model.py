# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""A writer whose every step shows in what is on its disk, and the model that says what has to be there after each.

A step is one system call, which a freeze lets through whole or not at all: a block of the file 'ring', or one
of the four that make, fill, rename and remove a small file.  So the content of a disk says after which step
it was copied, and a disk that is the state after no step at all was not copied at one moment.
"""

import ctypes
import mmap
import os
import struct

from vmsync_lib import Child, forget_devices

BLOCK, SLOTS, NAMES, CYCLE = 4096, 48, 6, 16
FIRST = CYCLE  # steps are counted from here
SYNC = 8  # steps from one fsync() to the next


def content(volume, n, size):
    """Each eight bytes say whose they are and which step wrote them, so that a torn block shows."""
    return (struct.pack("<II", volume, n) * (size // 8 + 1))[:size]


def size_of(n):
    return 500 + n // CYCLE % 5 * 3001


class State:
    """What is there after step n: which step wrote each block of the ring, and each small file (0: empty)."""

    def __init__(self):
        self.n, self.files, self.ring = FIRST - 1, {}, {}

    def plan(self, n):
        """What step n does, and to what."""
        kind, turn = n % CYCLE, n // CYCLE
        if kind == 0:
            return "create", "new"
        if kind == 1:
            return "fill", "new"
        if kind == 2:
            return "rename", f"f{turn % NAMES}"
        if kind == 3 and f"f{(turn + 3) % NAMES}" in self.files:
            return "remove", f"f{(turn + 3) % NAMES}"
        return "block", n % SLOTS

    def step(self):
        self.n += 1
        act, what = self.plan(self.n)
        if act == "create":
            self.files[what] = 0
        elif act == "fill":
            self.files[what] = self.n
        elif act == "rename":
            self.files[what] = self.files.pop("new")
        elif act == "remove":
            del self.files[what]
        else:
            self.ring[what] = self.n

    def advance(self, n):
        while self.n < n:
            self.step()

    def tree(self):
        return {**self.files, **{f"block {slot}": n for slot, n in self.ring.items()}}


def stamp(data, volume):
    """Which step wrote this, or a word for what no step can have written."""
    if not data:
        return 0
    n = struct.unpack_from("<II", data.ljust(8, b"\0"))[1]
    return n if data == content(volume, n, len(data)) else "torn"


def read_tree(path, volume):
    """As State.tree(), of what a directory holds."""
    found = {}
    for name in os.listdir(path):
        with open(f"{path}/{name}", "rb") as file:
            data = file.read()
        if name == "ring":
            blocks = {at // BLOCK: data[at : at + BLOCK] for at in range(0, len(data), BLOCK)}
            found.update({f"block {slot}": stamp(block, volume) for slot, block in blocks.items() if block.strip(b"\0")})
            continue
        n = stamp(data, volume)
        found[name] = n if n in (0, "torn") or len(data) == size_of(n) else "cut"
    return found


def differences(found, wanted):
    """The first few, for people."""
    names = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    return ", ".join(f"{name}: {found.get(name, 'missing')}, not {wanted.get(name, 'there')}" for name in names[:4])


class Writer:
    """A process that takes step after step in a directory; written and acked are the last step that has returned
    and the last that an fsync() has covered."""

    def __init__(self, path, volume):
        self.path, self.volume = path, volume
        self.shared = (ctypes.c_uint64 * 2).from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
        self.shared[0] = FIRST - 1
        os.makedirs(path)
        self.child = Child(self.work)

    written = property(lambda self: self.shared[0])
    acked = property(lambda self: self.shared[1])

    def work(self):
        forget_devices()
        os.chdir(self.path)
        folder = os.open(".", os.O_RDONLY)
        ring = os.open("ring", os.O_CREAT | os.O_RDWR)
        state, new = State(), -1
        while True:
            act, what = state.plan(state.n + 1)
            if act == "create":
                new = os.open(what, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            elif act == "fill":
                os.write(new, content(self.volume, state.n + 1, size_of(state.n + 1)))
            elif act == "rename":
                os.close(new)
                os.rename("new", what)
            elif act == "remove":
                os.unlink(what)
            else:
                os.pwrite(ring, content(self.volume, state.n + 1, BLOCK), what * BLOCK)
            state.step()
            self.shared[0] = state.n  # before fsync(), in which a freeze may stop it
            if act == "fill":
                os.fsync(new)
            if state.n % SYNC == SYNC - 1:
                os.fsync(ring)
                os.fsync(folder)
                self.shared[1] = state.n
