# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""A client of xenstored, in dom0 through its socket, in a domain through the kernel's device."""

import os
import socket
import struct

HEADER = struct.Struct("<IIII")  # type, request, transaction, length
DIRECTORY, READ, GET_PERMS, WATCH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR = 1, 2, 3, 4, 11, 12, 13, 14, 15, 16
SOCKET = "/run/xenstored/socket"
DEVICE = "/dev/xen/xenbus"


class Refused(Exception):
    """The errno's name, as xenstored sends it."""


class Store:
    def __init__(self):
        if os.path.exists(SOCKET):
            link = socket.socket(socket.AF_UNIX)
            link.connect(SOCKET)
            self.file = os.dup(link.fileno())
            link.close()
        else:
            self.file = os.open(DEVICE, os.O_RDWR)
        self.events = []

    def close(self):
        os.close(self.file)

    def receive(self, size):
        data = b""
        while len(data) < size:
            part = os.read(self.file, size - len(data))
            if not part:
                raise EOFError("xenstored has closed the connection")
            data += part
        return data

    def message(self):
        kind, _, _, length = HEADER.unpack(self.receive(HEADER.size))
        return kind, self.receive(length)

    def ask(self, kind, *words, tail=b""):
        text = b"".join(word.encode() + b"\0" for word in words) + tail
        os.write(self.file, HEADER.pack(kind, 0, 0, len(text)) + text)
        while True:
            answer, data = self.message()
            if answer != WATCH_EVENT:
                break
            self.events.append(data)
        if answer == ERROR:
            raise Refused(data.rstrip(b"\0").decode())
        return data

    def read(self, path):
        return self.ask(READ, path)

    def write(self, path, value):
        self.ask(WRITE, path, tail=value if isinstance(value, bytes) else value.encode())

    def remove(self, path):
        self.ask(RM, path)

    def list(self, path):
        return [name.decode() for name in self.ask(DIRECTORY, path).split(b"\0") if name]

    def exists(self, path):
        try:
            self.read(path)
        except Refused as refused:
            if str(refused) == "ENOENT":
                return False
            raise
        return True

    def allow(self, path, *permissions):
        """permissions: n0 for the owner and all others, r1 or b1 for a domain."""
        self.ask(SET_PERMS, path, *permissions)

    def watch(self, path, token):
        self.ask(WATCH, path, token)

    def event(self):
        """Wait for a watch to fire: its path."""
        while not self.events:
            kind, data = self.message()
            if kind == WATCH_EVENT:
                self.events.append(data)
        return self.events.pop(0).split(b"\0")[0].decode()
