#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Let each allocation of loading the balloon's driver fail once, on the debug kernel.

    balloon_faults.py FILE [FIRST [STEP]]    FILE is the module

A failed load leaves nothing behind: neither the module nor its device.  The next one works, and the
driver talks to the host.
"""

import ctypes
import os
import sys
import time
from pathlib import Path

import faults

MODULE, DEVICE = Path("/sys/module/vmmemctl"), Path("/sys/devices/platform/vmmemctl")
DELETE_MODULE, FINIT_MODULE = 176, 313  # x86-64's numbers
libc = ctypes.CDLL(None, use_errno=True)


def system_call(*words):
    if libc.syscall(*words) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def state():
    return (DEVICE / "state").read_text().strip()


class Load:
    def __init__(self, path):
        self.file = os.open(path, os.O_RDONLY)

    @staticmethod
    def reset():
        if MODULE.exists():
            system_call(DELETE_MODULE, b"vmmemctl", 0)

    def action(self):
        return lambda: system_call(FINIT_MODULE, self.file, b"", 0)

    def check(self, error):
        if error:
            for path in (MODULE, DEVICE):
                if path.exists():
                    raise faults.Wrong(f"{path} is there after {error}")
            self.action()()
        deadline = time.monotonic() + 20
        while state() == "stopped":
            if time.monotonic() > deadline:
                raise faults.Wrong(f"it does not start after {error}")
            time.sleep(0.01)

    def restore(self):
        pass


def main():
    path, *part = sys.argv[1:]
    faults.prepare()
    faults.sweep("loading", Load(path), *map(int, part))


if __name__ == "__main__":
    main()
