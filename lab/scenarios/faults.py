# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Let each allocation of a system call fail once; what the sweeps of all drivers share.

The kernel counts the calls of one thread (/proc/thread-self/fail-nth), so an operation is one system
call, and no program that is started.  An operation has reset(), before which anything may be;
action(), which prepares the call and returns it; check(error), which judges what it left behind; and
restore(), for who comes next.
"""

import os
import time
from pathlib import Path

DEBUG = Path("/sys/kernel/debug")
# The kernel's own exceptions would leave most of a driver's allocations out.
SETTINGS = {
    "failslab": {"ignore-gfp-wait": "N", "verbose": "0"},
    "fail_page_alloc": {"ignore-gfp-wait": "N", "ignore-gfp-highmem": "N", "min-order": "0", "verbose": "0"},
}
MOST = 5000  # a sweep that does not end by then never will


class Wrong(SystemExit):
    """The driver did what it must not; the text is a sentence, with which the program ends."""


class Fault:
    """The next operation's n-th allocation fails."""

    def __init__(self):
        self.file = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def arm(self, n):
        os.pwrite(self.file, str(n).encode(), 0)

    def has_hit(self):
        return int(os.pread(self.file, 16, 0).strip(b"\0\n ")) == 0


def prepare(**failslab):
    """Every allocation may fail, but those of caches that the kernel's command line spares (cache_filter="Y")."""
    for folder, settings in SETTINGS.items():
        for name, value in settings.items():
            (DEBUG / folder / name).write_text(value)
    for name, value in failslab.items():
        (DEBUG / "failslab" / name.replace("_", "-")).write_text(value)


def write_once(path, text):
    """A write to a file that is open already."""
    file = os.open(path, os.O_WRONLY)

    def act():
        try:
            os.write(file, text)
        finally:
            os.close(file)

    return act


def attempt(operation, fault, n):
    """Whether the n-th allocation came and failed, and the error that this caused."""
    act, error = operation.action(), None
    fault.arm(n)
    try:
        act()
    except OSError as failure:
        error = failure
    has_hit = fault.has_hit()
    fault.arm(0)
    if error and not has_hit:
        raise Wrong(f"{error} without a fault")
    return has_hit, error


def rehearse(operation):
    """Once without a fault: after a fork each page that is written is copied, which would count as the call's allocations."""
    fault = Fault()
    attempt(operation, fault, 0)
    os.close(fault.file)


def sweep(name, operation, first=1, step=1):
    """From the FIRST allocation to the last, each STEPth."""
    fault, failed, hits, started = Fault(), 0, 0, time.monotonic()
    for n in range(first, MOST, step):
        operation.reset()
        try:
            has_hit, error = attempt(operation, fault, n)
            operation.check(error)
        except (Wrong, OSError) as wrong:
            raise Wrong(f"{name}, allocation {n}: {wrong}") from None
        if not has_hit:
            break
        hits += 1
        failed += bool(error)
        if hits % 100 == 0:
            print(f"  {name}: {hits} so far, {time.monotonic() - started:.0f} s", flush=True)
    else:
        raise Wrong(f"{name} has more than {MOST} allocations")
    operation.restore()
    print(f"  {name}: {hits} allocations failed, {failed} of them the operation; {time.monotonic() - started:.0f} s", flush=True)
    if not hits or not failed:
        raise Wrong(f"{name}: no allocation that matters has failed")
