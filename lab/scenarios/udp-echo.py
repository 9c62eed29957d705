#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""UDP echo for scenarios: 'serve' answers, 'ask HOST' checks every size from 1 to 1452 bytes."""

import random
import socket
import sys

PORT = 7003


def serve():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as link:
        link.bind(("::", PORT))
        while True:
            data, sender = link.recvfrom(65536)
            link.sendto(data, sender)


def ask(host):
    link = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    link.connect((host, PORT))
    link.settimeout(5)
    source = random.Random(1)
    for size in range(1, 1453):
        sent = source.randbytes(size)
        link.send(sent)
        if link.recv(65536) != sent:
            sys.exit(f"the echo of {size} bytes differs from what was sent")
    print("  1452 sizes came back whole")


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else ask(sys.argv[2])
