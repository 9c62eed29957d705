#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Either end of vsock connections, for scenarios.

    vsock.py END send SIZE        send a stream, half-close, read its hash from the other end, compare
    vsock.py END receive          read a stream to its end, answer with its hash
    vsock.py END both SIZE        'send' while the other end's 'both' sends as much
    vsock.py END echo             send back what comes
    vsock.py END sequence COUNT   COUNT connections to an 'echo', one after the other
    vsock.py END parallel COUNT   as many at a time
    vsock.py END refused          the connection has to be refused with ECONNRESET
    vsock.py END unheard          a stream to an end that closes without reading: EPIPE or ECONNRESET
    vsock.py datagrams PORT       datagrams of all sizes to an echo of the host's
    vsock.py hear PORT            the next datagram that the host sends to this port

END is '-' (stdin is the connection), 'PORT' (connect to the host's), 'listen:PORT' (wait for one), or
'local:PORT' (connect to this machine's own).  Sizes are bytes, or with K, M or G behind the number.
Whoever waits in vain gives up after 300 s, or what VSOCK_SECONDS says.
"""

import errno
import fcntl
import hashlib
import os
import random
import socket
import struct
import sys
import threading
import time

HOST = 2
BLOCK = 1 << 20
SECONDS = float(os.environ.get("VSOCK_SECONDS", 300))  # for anything that does not move
LONGEST_DATAGRAM = 69608


class Fault(Exception):
    """What a user of sockets would call broken: one sentence."""


def size_of(text):
    return int(text.rstrip("KMG")) << {"K": 10, "M": 20, "G": 30}.get(text[-1], 0)


def stream(size):
    """Bytes that are the same at both ends; blocks differ, so that none can take another's place."""
    block = random.Random(1).randbytes(BLOCK)
    for number in range((size + BLOCK - 1) // BLOCK):
        head = number.to_bytes(8, "little")
        yield memoryview(head + block[8:])[: min(BLOCK, size - number * BLOCK)]


def open_end(end):
    if end == "-":
        link = socket.socket(fileno=os.dup(0))
        link.settimeout(SECONDS)
        return link
    link = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    where, _, port = end.rpartition(":")
    if where == "listen":
        link.bind((socket.VMADDR_CID_ANY, int(port)))
        link.listen(8)
        link.settimeout(SECONDS)
        print("listening", flush=True)
        link, _ = link.accept()
    else:
        link.connect((HOST if not where else own_context(), int(port)))
    link.settimeout(SECONDS)
    return link


def own_context():
    with open("/dev/vsock", "rb") as device:
        return struct.unpack("I", fcntl.ioctl(device, socket.IOCTL_VM_SOCKETS_GET_LOCAL_CID, b"\0\0\0\0"))[0]


def push(link, size):
    """Send the stream and the end; its hash."""
    digest = hashlib.sha256()
    for piece in stream(size):
        link.sendall(piece)
        digest.update(piece)
    link.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def pull(link):
    """Read to the end; (hash, bytes)."""
    digest, size, room = hashlib.sha256(), 0, bytearray(BLOCK)
    while count := link.recv_into(room):
        digest.update(memoryview(room)[:count])
        size += count
    return digest.hexdigest(), size


def line_of(link):
    text = b""
    while not text.endswith(b"\n") and (some := link.recv(200)):
        text += some
    return text.decode().strip()


def send(link, size):
    started = time.monotonic()
    mine = push(link, size_of(size))
    theirs = line_of(link)
    if theirs != mine:
        raise Fault(f"sent {mine}, the other end has '{theirs}'")
    speed(size_of(size), started, "sent")


def receive(link):
    started = time.monotonic()
    digest, size = pull(link)
    link.sendall(f"{digest}\n".encode())
    speed(size, started, "received")


def both(link, size):
    started = time.monotonic()
    mine = []
    sender = threading.Thread(target=lambda: mine.append(push(link, size_of(size))))
    sender.start()
    theirs, count = pull(link)
    sender.join()
    if count != size_of(size) or mine != [theirs]:
        raise Fault(f"sent {mine}, received {theirs} of {count} bytes")
    speed(2 * count, started, "both ways")


def speed(size, started, what):
    if "-" not in sys.argv[1:2]:
        seconds = time.monotonic() - started
        print(f"{what} {size} bytes in {seconds:.2f} s, {size / seconds / 1e6:.1f} MB/s", flush=True)


def echo(link):
    while some := link.recv(BLOCK):
        link.sendall(some)


def ask(link, text):
    link.sendall(text)
    got = b""
    while len(got) < len(text):
        some = link.recv(1000)
        if not some:
            raise Fault(f"the connection ended where '{text.decode()}' was to come back")
        got += some
    if got != text:
        raise Fault(f"'{text.decode()}' came back as '{got.decode(errors='replace')}'")


def sequence(end, count):
    started = time.monotonic()
    for number in range(int(count)):
        with open_end(end) as link:
            ask(link, f"number {number}".encode())
    print(f"{count} connections in {time.monotonic() - started:.1f} s", flush=True)


def parallel(end, count):
    links = [open_end(end) for _ in range(int(count))]
    for turn in range(2):
        for number, link in enumerate(links):
            ask(link, f"number {number} turn {turn}".encode())
    for link in links:
        link.close()


def refused(end):
    started = time.monotonic()
    try:
        open_end(end).close()
    except OSError as error:
        if error.errno != errno.ECONNRESET:
            raise Fault(f"refused with {error}, not ECONNRESET") from None
        if time.monotonic() - started > 1.5:
            raise Fault("the refusal took as long as if nobody had answered") from None
        return
    raise Fault("the connection was made")


def unheard(link):
    try:
        for _ in range(1000):
            link.sendall(bytes(65536))
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.ECONNRESET):
            return
        raise
    raise Fault("a thousand writes to nobody have succeeded")


def datagrams(port):
    link = socket.socket(socket.AF_VSOCK, socket.SOCK_DGRAM)
    link.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
    link.settimeout(SECONDS)
    there = (HOST, int(port))
    for size in (1, 7, 8, 100, 4000, 4072, 4096, 4097, 20000, LONGEST_DATAGRAM, 0):
        payload = random.Random(size).randbytes(size)
        link.sendto(payload, there)
        got, sender = link.recvfrom(LONGEST_DATAGRAM + 1)
        if got != payload or sender != there:
            raise Fault(f"a datagram of {size} bytes came back from {sender} as {len(got)} others")
    try:
        link.sendto(bytes(LONGEST_DATAGRAM + 1), there)
    except OSError as error:
        if error.errno == errno.EMSGSIZE:
            return
        raise
    raise Fault("a datagram was sent that is too long")


def hear(port):
    link = socket.socket(socket.AF_VSOCK, socket.SOCK_DGRAM)
    link.bind((socket.VMADDR_CID_ANY, int(port)))
    link.settimeout(SECONDS)
    print("listening", flush=True)
    text, sender = link.recvfrom(LONGEST_DATAGRAM)
    print(f"{sender[0]}:{sender[1]} {text.decode()}", flush=True)


ALONE = {"datagrams": datagrams, "hear": hear}
ENDS = {"sequence": sequence, "parallel": parallel, "refused": refused}
LINKS = {"send": send, "receive": receive, "both": both, "echo": echo, "unheard": unheard}


def main(argv):
    if argv[0] in ALONE:
        ALONE[argv[0]](*argv[1:])
    elif argv[1] in ENDS:
        ENDS[argv[1]](argv[0], *argv[2:])
    else:
        with open_end(argv[0]) as link:
            LINKS[argv[1]](link, *argv[2:])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (IndexError, KeyError):
        sys.exit(__doc__)
    except (Fault, OSError) as error:
        sys.exit(f"vsock.py {' '.join(sys.argv[1:])}: {error}")
