#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""TCP segments of no connection, one at a time, each the continuation of the one before.

    segments.py INTERFACE SOURCE TARGET COUNT PAUSE

SOURCE and TARGET are IPv4 addresses, TARGET's neighbour entry is known; PAUSE is in seconds.  A
receiver that merges segments cannot tell them from a slow stream: same flow, no PSH, checksums good.
"""

import re
import socket
import struct
import subprocess
import sys
import time

SIZE = 100
PORTS = 40000, 40001


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, target, number):
    """An IPv4 packet."""
    pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, 20 + SIZE)
    fields = (*PORTS, 1 + number * SIZE, 1, 5 << 4, 0x10, 65535)  # ACK alone
    payload = bytes([number & 0xFF]) * SIZE
    tcp = struct.pack("!HHIIBBHHH", *fields, 0, 0) + payload
    tcp = struct.pack("!HHIIBBHHH", *fields, checksum(pseudo + tcp), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1 + number, 0x4000, 64, socket.IPPROTO_TCP, 0) + source + target
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def hardware_address(target, interface):
    text = subprocess.run(["ip", "neighbour", "show", target, "dev", interface], capture_output=True, text=True, check=True).stdout
    found = re.search(r"lladdr ([0-9a-f:]{17})", text)
    if not found:
        raise SystemExit(f"segments.py: {target} is no neighbour on {interface} yet: ping it first")
    return bytes.fromhex(found[1].replace(":", ""))


def main():
    interface, source, target, count, pause = sys.argv[1:]
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    header = hardware_address(target, interface) + link.getsockname()[4] + struct.pack("!H", 0x0800)
    for number in range(int(count)):
        link.send(header + segment(socket.inet_aton(source), socket.inet_aton(target), number))
        time.sleep(float(pause))


if __name__ == "__main__":
    main()
