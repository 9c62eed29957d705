# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Both sides of Oracle VM's messages: programs of /dev/ovmapi, and the manager's, which is a user of xenstore."""

import ctypes
import fcntl
import os
import select
import struct
import time

from xenstore import Refused

DEVICE = "/dev/ovmapi"
STATISTICS = "/sys/class/misc/ovmapi"
REGISTER, UNREGISTER, NEXT, READ, SEND, COUNT, BY_INDEX = 0x803, 0x805, 0x806, 0x80C, 0x80D, 0x80E, 0x80F
WRITE, DELETE, NAMES, VALUE_SIZE, FILTER, POST = 0x811, 0x812, 0x820, 0x822, 0x823, 0x824
HEAD, NEXT_HEAD, GET, DISCARD, DISCARD_NEXT = 0x825, 0x826, 0x827, 0x828, 0x829
SHUTDOWN, IP_ADDRESS, USER, NEW_PARAM, MORE = 0x4, 0x10, 0x20, 0x40, 0x4000
CHUNK = 2048


def number(name):
    with open(f"{STATISTICS}/{name}", encoding="ascii") as file:
        return int(file.read())


class Error(Exception):
    """What an ioctl said: the errno's name."""

    def __init__(self, code):
        super().__init__(os.strerror(code))
        self.code = code


LIBC = ctypes.CDLL(None, use_errno=True)


class Program:
    """An open file and the original interface, with this program's longs and pointers."""

    def __init__(self, registered=True):
        self.fd = os.open(DEVICE, os.O_RDWR)
        if registered:
            self.call(REGISTER)

    def close(self):
        os.close(self.fd)

    def call(self, command, argument=None):
        answer = LIBC.ioctl(self.fd, ctypes.c_ulong(command), argument)
        if answer < 0:
            raise Error(ctypes.get_errno())
        return answer

    @staticmethod
    def request(name, value=None, size=None, index=0):
        room = ctypes.create_string_buffer(value, max(size or 0, len(value), 1)) if value is not None else None
        text = struct.pack("<I256sIQ", index, name, size if size is not None else len(value or b""), ctypes.addressof(room) if room else 0)
        return ctypes.create_string_buffer(text, 272), room

    def read(self, name, room=8192):
        request, value = self.request(name, b"", room)
        try:
            self.call(READ, request)
        finally:
            self.size = struct.unpack_from("<I", request.raw, 260)[0]
        return value.raw[: self.size]

    def write(self, name, value, size=None, command=WRITE):
        request, _ = self.request(name, value, size)
        return self.call(command, request)

    def send(self, name, value):
        self.write(name, value + b"\0", command=SEND)

    def delete(self, name):
        return self.call(DELETE, self.request(name)[0])

    def count(self):
        room = ctypes.c_ulong(0)
        self.call(COUNT, ctypes.byref(room))
        return room.value

    def names(self, room=1024):
        names = ctypes.create_string_buffer(b"\xff" * 256 * room, 256 * room)
        request = ctypes.create_string_buffer(struct.pack("<IQ", room, ctypes.addressof(names)), 12)
        self.call(NAMES, request)
        count = struct.unpack_from("<I", request.raw)[0]
        return [names.raw[256 * i:256 * i + 256].split(b"\0")[0] for i in range(count)]

    def subscribe(self, add, remove=0):
        self.call(FILTER, (ctypes.c_ulong * 2)(add, remove))

    def next(self, command=NEXT, identity=0):
        """(id, type, severity, phase, payload) or None."""
        room = ctypes.create_string_buffer(struct.pack("<Q", identity) + b"\xee" * 4088, 4096)
        self.call(command, room)
        if room.raw[8:16] == b"\xee" * 8:
            return None
        identity, kind, severity, phase, size = struct.unpack_from("<QHHHH", room.raw)
        return identity, kind, severity, phase, room.raw[16:16 + size]

    def post(self, kind, payload, severity=1, phase=1, size=None):
        text = struct.pack("<QHHHH", 0, kind, severity, phase, len(payload) if size is None else size) + payload
        self.call(POST, ctypes.create_string_buffer(text, 4096))

    def polls(self, seconds=0.0):
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


class Manager:
    """dom0's side of a domain's messages."""

    def __init__(self, store, domain=0):
        self.store, self.root = store, f"/local/domain/{domain}/control/oracle-vmapi"
        self.number = 0

    def prepare(self, domain):
        """What Oracle's agent makes for a domain: the two folders, which it may write."""
        for path in (self.root, f"{self.root}/to-guest", f"{self.root}/from-guest"):
            self.store.write(path, "")
            self.store.allow(path, f"n{domain}")

    def send(self, name, value, chunk=CHUNK):
        self.number += 1
        node = f"{self.root}/to-guest/{self.number}"
        self.store.write(node, name)
        for i in range(max(1, -(-len(value) // chunk))):
            self.store.write(f"{node}/{i}", value[i * chunk:(i + 1) * chunk])
        self.announce(self.number)

    def announce(self, last):
        self.store.write(f"{self.root}/to-guest/last-write", str(last))

    def is_taken(self, last=None):
        return not self.store.exists(f"{self.root}/to-guest/{last or self.number}")

    def last(self):
        try:
            return int(self.store.read(f"{self.root}/from-guest/last-write"))
        except Refused:
            return 0

    def chunks(self, i):
        node = f"{self.root}/from-guest/{i}"
        return [self.store.read(f"{node}/{name}") for name in sorted(self.store.list(node), key=int)]

    def query(self, i):
        """(name, value) of a message from the guest, which is taken away."""
        node = f"{self.root}/from-guest/{i}"
        found = self.store.read(node), b"".join(self.chunks(i))
        self.store.remove(node)
        return found


def wait_for(what, is_true, seconds=30.0):
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)
