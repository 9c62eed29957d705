#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What the kernel's netdev netlink family says of an interface, one object a line.

    netdev.py queues INTERFACE   TYPE ID NAPI                    napi 0: none serves it
    netdev.py napis INTERFACE    NAPI IRQ                        irq 0: none is known
    netdev.py qstats INTERFACE   TYPE ID PACKETS BYTES           per queue
    netdev.py total INTERFACE    RX-PACKETS RX-BYTES TX-PACKETS TX-BYTES

Status 77 if this kernel has no such family.  Numbers: include/uapi/linux/netdev.h.
"""

import socket
import struct
import sys

GENL_CTRL, CTRL_GETFAMILY, CTRL_FAMILY_ID, CTRL_FAMILY_NAME = 16, 3, 1, 2
REQUEST_DUMP, REQUEST_ONE = 0x301, 0x001
ERROR, DONE = 2, 3
QUEUE_GET, NAPI_GET, QSTATS_GET = 10, 11, 12
TYPES = {0: "rx", 1: "tx"}


def attribute(kind, payload):
    """One netlink attribute, padded to 4 bytes."""
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + bytes(-length % 4)


def attributes(data):
    """Numbers by attribute; every one that is asked for here is an unsigned integer."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = int.from_bytes(data[4:length], sys.byteorder)
        data = data[(length + 3) & ~3 :]
    return found


def ask(link, family, command, payload, flags):
    """Every answer's attributes; a refusal is an OSError."""
    body = struct.pack("=BBH", command, 1, 0) + payload
    link.send(struct.pack("=IHHII", 16 + len(body), family, flags, 1, 0) + body)
    while True:
        data = link.recv(1 << 16)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == ERROR:
                raise OSError(-struct.unpack_from("=i", data, 16)[0], "netlink refused")
            if kind == DONE:
                return
            yield attributes(data[20:length])
            data = data[(length + 3) & ~3 :]
            if flags == REQUEST_ONE:
                return


def main():
    what, name = sys.argv[1:]
    index = attribute(1, struct.pack("=I", socket.if_nametoindex(name)))
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    try:
        wanted = attribute(CTRL_FAMILY_NAME, b"netdev\0")
        family = next(ask(link, GENL_CTRL, CTRL_GETFAMILY, wanted, REQUEST_ONE))[CTRL_FAMILY_ID]
    except OSError:
        sys.exit(77)
    if what == "queues":
        of_interface = attribute(2, struct.pack("=I", socket.if_nametoindex(name)))
        for a in ask(link, family, QUEUE_GET, of_interface, REQUEST_DUMP):
            print(TYPES[a[3]], a[1], a.get(4, 0))
    elif what == "napis":
        for a in ask(link, family, NAPI_GET, index, REQUEST_DUMP):
            print(a[2], a.get(3, 0))
    elif what == "qstats":
        for a in ask(link, family, QSTATS_GET, index + attribute(4, struct.pack("=I", 1)), REQUEST_DUMP):
            first = 8 if TYPES[a[2]] == "rx" else 10
            print(TYPES[a[2]], a[3], a.get(first, 0), a.get(first + 1, 0))
    elif what == "total":
        for a in ask(link, family, QSTATS_GET, index, REQUEST_DUMP):
            print(*(a[number] for number in (8, 9, 10, 11)))
    else:
        sys.exit(f"netdev: '{what}' is none of queues, napis, qstats, total")


if __name__ == "__main__":
    main()
