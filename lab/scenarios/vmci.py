#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Datagram sockets over VMCI, for the scenarios: vmci.py VERB ARG…"""

import fcntl
import re
import socket
import struct
import subprocess
import sys

LOCAL_CID = 0x7B9  # IOCTL_VM_SOCKETS_GET_LOCAL_CID
HOST, ANY = 2, 0xFFFFFFFF
SECONDS = 20


def fail(sentence):
    sys.exit(f"vmci.py: {sentence}")


def bound(port=ANY):
    link = socket.socket(socket.AF_VSOCK, socket.SOCK_DGRAM)
    link.bind((ANY, port))
    link.settimeout(SECONDS)
    return link


def pattern(size, start):
    return bytes((i * 7 + i // 251 + start) & 0xFF for i in range(size))


def local_cid():
    with open("/dev/vsock", "rb") as device:
        return struct.unpack("I", fcntl.ioctl(device, LOCAL_CID, bytes(4)))[0]


def expect(link, want, sender):
    data, address = link.recvfrom(1 << 20)
    if data != want or address != sender:
        fail(f"{len(data)} bytes from {address} are not the {len(want)} from {sender} that were due")


def echo(port, *sizes):
    """Each is sent to the host and comes back before the next."""
    with bound() as link:
        for number, size in enumerate(sizes):
            data = pattern(int(size), number)
            link.sendto(data, (HOST, int(port)))
            expect(link, data, (HOST, int(port)))


def burst(port, count, size):
    """All are sent, then all are received, in order."""
    with bound() as link:
        for number in range(int(count)):
            link.sendto(pattern(int(size), number), (HOST, int(port)))
        for number in range(int(count)):
            expect(link, pattern(int(size), number), (HOST, int(port)))


def from_host(port, sender):
    """The host speaks first."""
    with bound(int(port)) as link:
        for text, count in (("hello", 1), ("x", 4096), ("abc", 20000)):
            subprocess.run(["labctl", "vmci", "send", port, sender, text, str(count)], check=True, stdout=subprocess.DEVNULL)
            expect(link, text.encode() * count, (HOST, int(sender)))


def to_self(port):
    with bound(int(port)) as link, bound() as other:
        other.sendto(b"to myself", (local_cid(), int(port)))
        if link.recvfrom(100)[0] != b"to myself":
            fail("what was sent to the own context has changed")


def refused(cid, port, words):
    """Sending fails, and the error reads so."""
    with bound() as link:
        try:
            link.sendto(b"x", (int(cid), int(port)))
        except OSError as error:
            if not re.search(words, str(error)):
                fail(f"to {cid}:{port} is refused by '{error}', not '{words}'")
            return
    fail(f"a datagram to {cid}:{port} was sent")


VERBS = {"cid": lambda: print(local_cid()), "echo": echo, "burst": burst, "from-host": from_host, "self": to_self, "refused": refused}  # fmt: skip

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
