# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Taps and the peer, inside the run's own network namespace.

    peer 10.0.(2+i).1/24, fd00:(2+i)::1/64   tap_i == nic i == eth_i   guest .15, ::15

Nothing here has a way out: the namespace holds the taps and loopback, no more.
"""

import subprocess

from .plan import LabError


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"'ip {' '.join(words)}' failed: {done.stderr.strip() or 'no reason given'}")


def tap(index):
    return f"tap{index}"


def set_up(nics):
    """Make one tap per NIC that has no back end of its own.  Raises LabError."""
    ip("link", "set", "lo", "up")
    for index, nic in enumerate(nics):
        if nic.backend:
            continue
        name = tap(index)
        # vnet_hdr lets super-packets and unfinished checksums cross, as on a real host.
        ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
        ip("address", "add", f"10.0.{2 + index}.1/24", "dev", name)
        ip("-6", "address", "add", f"fd00:{2 + index}::1/64", "dev", name, "nodad")
        ip("link", "set", name, "txqueuelen", "4000", "up")


def tear_down(nics):
    for index, nic in enumerate(nics):
        if not nic.backend:
            ip("link", "delete", tap(index))


def start_peer(command):
    """Run the peer's command beside the guest; it ends with the run."""
    if command is None:
        return None
    return subprocess.Popen(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=2)
