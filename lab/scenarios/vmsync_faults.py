#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Let each allocation of vmsync's loading, opens and ioctls fail once, on the debug kernel.

    vmsync_faults.py FILE [NAME[:FIRST[:STEP]]…]    FILE is the module; all operations if none is named

Whatever failed: nothing is frozen, all can be written, and the same without a fault succeeds.
"""

import contextlib
import ctypes
import os
import sys
from pathlib import Path

import faults
from balloon_faults import DELETE_MODULE, FINIT_MODULE, system_call
from vmsync_lib import (DEVICE, FREEZE, NODE, OLD_FREEZE, OLD_QUERY, OLD_THAW, QUERY, SKIP_BUSY, SKIP_MISSING, THAW, Failure, Freeze,
                        Modern, Original, Query, Record, Thaw, books_balance, frozen_all, has_threads, is_equal, is_writable, libc,
                        make, run, step, wait_for)

A, B = "/mnt/a", "/mnt/b"
MODULE = "/sys/module/vmsync"
TRACES = (MODULE, "/sys/class/misc/vmsync", DEVICE, NODE)


def ioctl(fd, number, argument):
    if libc.ioctl(fd, number, argument) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def expect(what, found, wanted):
    try:
        is_equal(what, found, wanted)
    except Failure as failure:
        raise faults.Wrong(str(failure)) from None


def nothing_is_frozen():
    expect("frozen", frozen_all(), 0)
    try:
        for path in (A, B):
            is_writable(path)
    except Failure as failure:
        raise faults.Wrong(str(failure)) from None


class Load:
    def __init__(self, path):
        self.file = os.open(path, os.O_RDONLY)

    @staticmethod
    def reset():
        if os.path.exists(MODULE):
            system_call(DELETE_MODULE, b"vmsync", 0)

    def action(self):
        return lambda: system_call(FINIT_MODULE, self.file, b"", 0)

    def check(self, error):
        if error:
            for path in TRACES:
                if os.path.exists(path):
                    raise faults.Wrong(f"{path} is there after {error}")
            self.action()()
        for path in TRACES:
            if not os.path.exists(path):
                raise faults.Wrong(f"{path} is not there after {error}")

    def restore(self):
        pass


class Open:
    """One that failed holds no module, one that did not is good for a freeze."""

    def __init__(self, path, interface):
        self.path, self.interface, self.fds = path, interface, []

    def reset(self):
        while self.fds:
            os.close(self.fds.pop())

    def action(self):
        return lambda: self.fds.append(os.open(self.path, os.O_RDWR if self.interface is Modern else os.O_RDONLY))

    def check(self, error):
        expect("references", Path(f"{MODULE}/refcnt").read_text().strip(), str(len(self.fds)))
        device = self.interface()
        expect("FREEZE", freeze(device), 0)
        device.close()
        nothing_is_frozen()

    restore = reset


def freeze(device):
    return device.freeze((A, 0), (B, 1)) if isinstance(device, Modern) else device.freeze(f"{A}:{B}")


def thaw(device):
    return device.thaw()[0] if isinstance(device, Modern) else device.thaw()


class Call:
    """An ioctl of one interface; is_before: what it finds is frozen; is_after: what it leaves is, if it succeeds."""

    def __init__(self, interface, number, argument, is_before, is_after):
        self.device, self.number, self.argument = interface(), number, argument
        self.is_before, self.is_after = is_before, is_after

    def reset(self):
        thaw(self.device)
        if self.is_before:
            expect("FREEZE", freeze(self.device), 0)

    def action(self):
        argument = self.argument()
        return lambda: ioctl(self.device.fd, self.number, argument)

    def check(self, error):
        is_frozen = self.is_before if error else self.is_after
        expect(f"frozen after {error}", frozen_all() > 0, is_frozen)
        expect(f"THAW after {error}", thaw(self.device), 0)
        nothing_is_frozen()
        expect("FREEZE the next time", freeze(self.device), 0)
        expect("frozen", frozen_all(), 2)
        expect("THAW", thaw(self.device), 0)

    def restore(self):
        self.device.close()


keep = []  # what an argument points to


def freeze_argument(*paths, flags=0):
    names = [ctypes.create_string_buffer(path.encode()) for path in paths]
    records = (Record * len(paths))()
    for level, (record, name) in enumerate(zip(records, names)):
        record.path, record.fd, record.level = ctypes.addressof(name), -1, level
    keep[:] = [names, records]
    return ctypes.byref(Freeze(ctypes.sizeof(Freeze), 1, ctypes.addressof(records), len(paths), ctypes.sizeof(Record), flags, 60000, 0, 0))


def query_argument():
    records = (Record * 2)()
    keep[:] = [records]
    return ctypes.byref(Query(ctypes.sizeof(Query), 1, ctypes.addressof(records), 2, ctypes.sizeof(Record)))


def operations(path):
    """By name: how to make each, and whether it has allocations that matter."""
    missing = (A, "/run", "/nonexistent", B, A)
    return {
        "load": (lambda: Load(path), True),
        "open": (lambda: Open(DEVICE, Modern), True),
        "open-original": (lambda: Open(NODE, Original), True),
        "freeze": (lambda: Call(Modern, FREEZE, lambda: freeze_argument(A, B), False, True), True),
        "freeze-skipping": (lambda: Call(Modern, FREEZE, lambda: freeze_argument(*missing, flags=SKIP_MISSING | SKIP_BUSY), False, True), True),
        "freeze-many": (lambda: Call(Modern, FREEZE, lambda: freeze_argument(*[A] * 100, B), False, True), True),
        "thaw": (lambda: Call(Modern, THAW, lambda: ctypes.byref(Thaw(ctypes.sizeof(Thaw), 1, 20000, 0, 0, 0)), True, False), False),
        "query": (lambda: Call(Modern, QUERY, query_argument, True, True), False),
        "freeze-original": (lambda: Call(Original, OLD_FREEZE, lambda: ctypes.c_char_p(f"{A}:{B}:/proc".encode()), False, True), True),
        "thaw-original": (lambda: Call(Original, OLD_THAW, lambda: None, True, False), False),
        "query-original": (lambda: Call(Original, OLD_QUERY, lambda: ctypes.byref(ctypes.c_int32()), True, True), False),
    }


def sweep_what_cannot_fail(name, operation):
    """A call that has nothing to allocate for itself; what the kernel may for it does not make it fail."""
    fault = faults.Fault()
    for n in range(1, faults.MOST):
        operation.reset()
        has_hit, error = faults.attempt(operation, fault, n)
        operation.check(error)
        if error:
            raise faults.Wrong(f"{name}, allocation {n}: {error}")
        if not has_hit:
            break
    operation.restore()
    print(f"  {name}: {n - 1} allocations failed, and the operation never did", flush=True)


def main():
    path, *words = sys.argv[1:]
    faults.prepare()
    table = operations(path)
    make(A)
    make(B)
    for word in words or table:
        name, *part = word.split(":")
        step(name)
        operation, may_fail = table[name][0](), table[name][1]
        if may_fail:
            faults.sweep(name, operation, *map(int, part))
        else:
            sweep_what_cannot_fail(name, operation)
    with contextlib.suppress(Failure):
        wait_for("the threads", lambda: not has_threads())
    expect("threads", has_threads(), False)
    try:
        books_balance()
    except Failure as failure:
        raise faults.Wrong(str(failure)) from None
    run("umount", A, B)


main()
