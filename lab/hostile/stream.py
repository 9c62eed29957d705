#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""stream.py PORT GO: a guest's program with a stream to an echo of the host's.

It says 'open', waits for the file GO, and then looks, sends and receives. What becomes of its stream meanwhile is no
fault of its own, so it tells nothing of errors; it only has to come to its end.
"""

import contextlib
import os
import select
import socket
import sys
import time

HOST = 2
SECONDS = 8  # for what does not move
ROUNDS, SIZE = 20, 20000


def exchange(link):
    link.sendall(bytes(SIZE))
    left = SIZE
    while left and (some := link.recv(left)):
        left -= len(some)


def main(port, go):
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as link:
        link.settimeout(SECONDS)
        link.connect((HOST, int(port)))
        exchange(link)
        print("open", flush=True)
        while not os.path.exists(go):
            time.sleep(0.1)
        with contextlib.suppress(OSError):  # nothing is there to be read, but an index may say so
            select.select([link], [link], [link], 0)
            link.recv(SIZE, socket.MSG_DONTWAIT)
        with contextlib.suppress(OSError):
            for _ in range(ROUNDS):
                exchange(link)


if __name__ == "__main__":
    main(*sys.argv[1:])
