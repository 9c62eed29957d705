#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""A client of Shared Folders over VMCI, for scenarios; it needs the lab's module vmci_folders.

    vmci_folders.py VERB ARG… [next VERB ARG…]…

    session         make a session and end it; prints the longest packet that it may have
    result CODE     a session cannot be had: the datagram's result is CODE
    failed          the host says that it cannot answer
    silent          no answer comes
    bad             datagrams that are none are refused, each with the result that is due
    refused N FILE  FILE cannot be made or read: status N
    list FOLDER     the names in it, without "." and "..", a line each
    read FILE       its hash, as sha256sum prints that of '-'
    write FILE SIZE random bytes to FILE-WAY, and their hashes, as sha256sum prints them
    run CMD…        CMD has to succeed; what it prints is dropped

FOLDER and FILE begin with a share.  Each is done in all WAYs: with datagrams of version 1 and 2, and
('pages') with data and names in pages of their own, which lie in the memory in the wrong order.
"""

import ctypes
import fcntl
import hashlib
import os
import struct
import subprocess
import sys

SEND, WHERE, RECEIVE = 0x5601, 0x5602, 0x5603  # of the module's ioctls
ROOM = 1 << 20  # bytes of the packet and its state; as many follow for data
PAGE = 4096
PENDING, COMPLETE, BROKEN = range(3)
REQUEST, END_SESSION = 1, 2
NOTICE_REPLY = 2
NO_SESSION = (1 << 64) - 1
OPEN, READ, WRITE, CLOSE, SEARCH_OPEN, SEARCH_READ, SEARCH_CLOSE = range(24, 31)
CREATE_SESSION, DESTROY_SESSION, READ_FAST, WRITE_FAST = range(41, 45)
SEARCH_READ_BATCH = 48
FINAL_ENTRY = 1 << 4
AROUND_DATA = 2048  # room for headers in a packet with data
WAYS = {"1": (1, False), "1-pages": (1, True), "2": (2, False), "2-pages": (2, True)}


class Fault(Exception):
    """What a client would call broken: one sentence."""


class Device:
    """The module: memory that the host reaches, and datagrams."""

    def __init__(self):
        self.file = os.open("/dev/vmci_folders", os.O_RDWR)  # until the program ends
        call = bytearray(16)
        fcntl.ioctl(self.file, WHERE, call)
        self.address = struct.unpack_from("<Q", call)[0]

    def lay(self, at, data):
        done = 0
        while done < len(data):
            done += os.pwrite(self.file, data[done:], at + done)

    def look(self, at, size):
        data = b""
        while len(data) < size:
            data += os.pread(self.file, size - len(data), at + len(data))
        return data

    def call(self, what, data):
        place = (ctypes.c_char * max(len(data), 1)).from_buffer(data if data else bytearray(1))
        call = bytearray(struct.pack("<QIi", ctypes.addressof(place), len(data), 0))
        fcntl.ioctl(self.file, what, call)
        return struct.unpack("<QIi", call)[1:]

    def send(self, payload):
        return self.call(SEND, bytearray(payload))[1]

    def receive(self):
        data = bytearray(PAGE)
        size, _ = self.call(RECEIVE, data)
        return bytes(data[:size])


class Client:
    """A session; requests one after the other."""

    def __init__(self, version, has_pages):
        self.device = Device()
        self.version = version
        self.has_pages = has_pages
        self.session = NO_SESSION
        self.longest = ROOM - 8
        self.number = 0

    def datagram(self, kind, pieces, version=None, count=None):
        """The payload of one; pieces are (offset in the memory, bytes)."""
        version = self.version if version is None else version
        count = len(pieces) if count is None else count
        tail = b"".join(struct.pack("<QI", self.device.address + at, size) for at, size in pieces)
        if version == 1:
            return struct.pack("<III", version, kind, count) + tail
        total = sum(size for _, size in pieces)
        return struct.pack("<IIIQQIQQI", version, kind, total, self.number, 1, total, 0, 0, count) + tail

    def data_pieces(self, size):
        """Pages for so many bytes, the last one of the memory first."""
        count = (size + PAGE - 1) // PAGE
        return [(2 * ROOM - (page + 1) * PAGE, min(PAGE, size - page * PAGE)) for page in range(count)]

    def exchange(self, packet, pieces=()):
        """The packet that answers; it may come late."""
        self.number += 1
        self.device.lay(0, struct.pack("<II", PENDING, ROOM) + packet)
        result = self.device.send(self.datagram(REQUEST, [(0, 8 + len(packet)), *pieces]))
        if result < 0:
            raise Fault(f"the datagram's result is {result}")
        state, size = struct.unpack("<II", self.device.look(0, 8))
        if state == PENDING:
            try:
                notice = self.device.receive()
            except TimeoutError:
                raise Fault("no answer comes") from None
            want = struct.pack("<IIQ", self.version, NOTICE_REPLY, self.number)
            if notice != want:
                raise Fault(f"the host says {notice.hex()}, not {want.hex()}")
            state, size = struct.unpack("<II", self.device.look(0, 8))
        if state == BROKEN:
            raise Fault("the host cannot answer")
        if state != COMPLETE or not 8 <= size <= ROOM:
            raise Fault(f"the state is {state} with {size} bytes")
        return self.device.look(8, size - 8)

    def ask(self, op, payload, pieces=(), status=0):
        """The payload of the reply, whose status has to be this one."""
        number = self.number + 1
        head = struct.pack("<IIIIIIIIIQQ", 1, 0xFF, 52 + len(payload), 52, number, op, 0, 1, 0, self.session, 0)
        reply = self.exchange(head + payload, pieces)
        if len(reply) < 52:
            raise Fault(f"the reply has {len(reply)} bytes")
        marker, size, start, got_number, got_op, got = struct.unpack_from("<IIIIII", reply, 4)
        if (marker, size, start, got_number, got_op) != (0xFF, len(reply), 52, number, op):
            raise Fault(f"the reply's header is {reply[:52].hex()}")
        if got != status:
            raise Fault(f"operation {op} ends with status {got}")
        return reply[52:]

    def begin(self):
        reply = self.ask(CREATE_SESSION, struct.pack("<IIIIQ", 0, self.longest, 1, 0, 0))
        self.session, count, self.longest = struct.unpack_from("<QII", reply)
        flags = dict(struct.unpack_from("<II", reply, 28 + 8 * number) for number in range(count))
        if not all(flags[op] & 1 for op in (READ, READ_FAST, WRITE_FAST, SEARCH_READ_BATCH)):
            raise Fault("the session does without pages of data")

    def end(self):
        self.ask(DESTROY_SESSION, bytes(8))

    def name(self, path):
        words = path.encode().replace(b"/", b"\0")
        return struct.pack("<IIII", len(words), 0, 1, 0xFFFFFFFF) + words + b"\0"

    def opening(self, path, mode, flags):
        return struct.pack("<QIIBBBB", 0xC3F, mode, flags, 0, 6, 4, 4) + bytes(44) + self.name(path)

    def open(self, path, mode, flags):
        return struct.unpack_from("<I", self.ask(OPEN, self.opening(path, mode, flags)))[0]

    def close(self, handle, op=CLOSE):
        self.ask(op, struct.pack("<IQ", handle, 0))

    def chunk(self):
        return ROOM if self.has_pages else self.longest - AROUND_DATA

    def read(self, handle, at):
        request = struct.pack("<IQIQ", handle, at, self.chunk(), 0)
        if not self.has_pages:
            reply = self.ask(READ, request)
            return reply[12 : 12 + struct.unpack_from("<I", reply)[0]]
        pieces = self.data_pieces(self.chunk())
        size = struct.unpack_from("<I", self.ask(READ_FAST, request, pieces))[0]
        return b"".join(self.device.look(place, length) for place, length in pieces)[:size]

    def write(self, handle, at, data):
        request = struct.pack("<IBQIQ", handle, 0, at, len(data), 0)
        if self.has_pages:
            pieces = self.data_pieces(len(data))
            for number, (place, size) in enumerate(pieces):
                self.device.lay(place, data[number * PAGE : number * PAGE + size])
            reply = self.ask(WRITE_FAST, request + b"\0", pieces)
        else:
            reply = self.ask(WRITE, request + data)
        if struct.unpack_from("<I", reply)[0] != len(data):
            raise Fault(f"{len(data)} bytes were to be written, not {struct.unpack_from('<I', reply)[0]}")

    def names(self, folder):
        handle = struct.unpack_from("<I", self.ask(SEARCH_OPEN, bytes(8) + self.name(folder)))[0]
        found = self.batches(handle) if self.has_pages else self.entries(handle)
        self.close(handle, SEARCH_CLOSE)
        return sorted(name for name in found if name not in (b".", b".."))

    def entries(self, handle):
        found = []
        while True:
            reply = self.ask(SEARCH_READ, struct.pack("<IIIQ", handle, len(found), 0, 0))
            size = struct.unpack_from("<I", reply, 16 + 108)[0]
            if size == 0:
                return found
            found.append(reply[16 + 124 : 16 + 124 + size])

    def batches(self, handle):
        found, index = [], 0
        pieces = self.data_pieces(4 * PAGE)
        while True:
            request = struct.pack("<IIIIIQI", 0x3FF, 2 if index == 0 else 0, handle, 4 * PAGE, index, 0, 0) + b"\0"
            count, index, flags = struct.unpack_from("<III", self.ask(SEARCH_READ_BATCH, request, pieces))
            data, at = b"".join(self.device.look(place, size) for place, size in pieces), 0
            for _ in range(count):
                following, size = struct.unpack_from("<I", data, at)[0], struct.unpack_from("<I", data, at + 148)[0]
                found.append(data[at + 152 : at + 152 + size])
                at += following
            if flags & FINAL_ENTRY:
                return found


def clients():
    """One for each way, with a session; all have to leave the same."""
    for way, (version, has_pages) in WAYS.items():
        client = Client(version, has_pages)
        client.begin()
        yield way, client
        client.end()


def same(results, what):
    if any(one != results[0] for one in results):
        raise Fault(f"{what} differs by the way: {results}")
    return results[0]


def session():
    print(same([client.longest for _, client in clients()], "the longest packet"))


def fails(words):
    """Making a session fails and says so."""
    try:
        Client(2, False).begin()
    except Fault as fault:
        if str(fault) != words:
            raise
    else:
        raise Fault(f"a session was made; '{words}' was due")


def bad():
    """Results that the description of the transport names, or that follow from it."""
    for version in (1, 2):
        client = Client(version, False)
        good = client.datagram(REQUEST, [(0, 100)])
        client.device.lay(0, struct.pack("<II", PENDING, ROOM))
        for payload, want in (
            (b"", -501),
            (good[:-1], -501),
            (client.datagram(REQUEST, []), -501),
            (client.datagram(REQUEST, [(0, 7)]), -501),
            (client.datagram(REQUEST, [(0, 100)], count=99), -501),
            (client.datagram(REQUEST, [(0, 100)], version=3), -502),
            (client.datagram(0, [(0, 100)]), -503),
            (client.datagram(99, [(0, 100)]), -503),
        ):
            got = client.device.send(payload)
            if got != want:
                raise Fault(f"the result of {payload.hex()} is {got}, not {want}")
        client.begin()
        if client.device.send(client.datagram(END_SESSION, [])) < 0:
            raise Fault("a session cannot be ended")
        client.ask(SEARCH_OPEN, bytes(8) + client.name(""), status=17)


def refused(number, path):
    for _, client in clients():
        mode, flags = (0, 0) if int(number) == 1 else (1, 4)
        client.ask(OPEN, client.opening(path, mode, flags), status=int(number))


def list_names(folder=""):
    for name in same([client.names(folder) for _, client in clients()], "a listing"):
        sys.stdout.buffer.write(name + b"\n")


def read(path):
    def hash_of(client):
        handle, at, digest = client.open(path, 0, 0), 0, hashlib.sha256()
        while some := client.read(handle, at):
            digest.update(some)
            at += len(some)
        client.close(handle)
        return digest.hexdigest()

    print(same([hash_of(client) for _, client in clients()], "a file"), " -")


def write(path, size):
    for way, client in clients():
        data = os.urandom(int(size))
        handle = client.open(f"{path}-{way}", 1, 4)
        for at in range(0, len(data), client.chunk()):
            client.write(handle, at, data[at : at + client.chunk()])
        client.close(handle)
        print(f"{hashlib.sha256(data).hexdigest()}  {os.path.basename(path)}-{way}")


def run(*words):
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)


VERBS = {
    "session": session,
    "result": lambda code: fails(f"the datagram's result is {code}"),
    "failed": lambda: fails("the host cannot answer"),
    "silent": lambda: fails("no answer comes"),
    "bad": bad,
    "refused": refused,
    "list": list_names,
    "read": read,
    "write": write,
    "run": run,
}


def main(argv):
    while argv:
        end = argv.index("next") if "next" in argv else len(argv)
        VERBS[argv[0]](*argv[1:end])
        sys.stdout.flush()
        argv = argv[end + 1 :]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (IndexError, KeyError):
        sys.exit(__doc__)
    except (Fault, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"vmci_folders.py {' '.join(sys.argv[1:])}: {error}")
