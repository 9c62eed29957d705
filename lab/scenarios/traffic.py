#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Traffic whose content is compared, for scenarios.

    traffic.py serve                 echo datagrams and streams until told to end
    traffic.py run HOST [OPTION…]    keep numbered datagrams and a stream going to HOST and back
    traffic.py sizes HOST LOW HIGH   one datagram of each size, none may be lost

'run' expects outages: what is lost is counted, what is late is late, a stream that stalls is opened
anew.  A byte that differs, a datagram that comes twice or a checksum error ends it with status 1.
"""

import argparse
import errno
import os
import selectors
import signal
import socket
import sys
import time

PORT = 7003
PATTERN_SIZE = 1 << 17
WINDOW = 1 << 18  # bytes of a stream on their way there and back
ROOM = 1 << 20  # what a socket asks for as its buffer; the kernel gives what it allows
LOST_AFTER = 2.0  # seconds without an answer
STALLED_AFTER = 3.0  # seconds without a byte before a stream is opened anew
REPORT_EVERY = 0.1
ENOUGH_DATAGRAMS, ENOUGH_BYTES = 20, 1 << 18  # what 'run' must have brought back to be a proof
FALSIFY = os.environ.get("TRAFFIC_FALSIFY")  # 'datagram', 'twice' or 'stream': the server lies now and then


class Different(Exception):
    """Content arrived that is not what was sent; the text is a sentence."""


def make_pattern():
    """Bytes that repeat nowhere nearby, the same at both ends and in every run."""
    state, out = 1, bytearray()
    while len(out) < PATTERN_SIZE:
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        out += (state >> 16).to_bytes(6, "little")
    return bytes(out[:PATTERN_SIZE])


PATTERN = make_pattern()
TWICE = PATTERN + PATTERN  # so that a piece may start anywhere


def piece(position, size):
    """The stream's bytes at a position."""
    start = position % PATTERN_SIZE
    return TWICE[start : start + size]


def datagram(number, size):
    """Number and content; the shortest ones have no room for the number and are not compared by it."""
    return number.to_bytes(8, "big") + piece(number * 7919, size - 8)


def checksum_errors():
    """What the kernel found wrong in this network namespace: InCsumErrors of all protocols."""
    total, names = 0, {}
    with open("/proc/net/snmp") as table:
        for line in table:
            kind, *words = line.split()
            if kind in names:
                total += sum(int(number) for name, number in zip(names[kind], words) if name == "InCsumErrors")
            names[kind] = words
    with open("/proc/net/snmp6") as table:
        return total + sum(int(line.split()[1]) for line in table if "InCsumErrors" in line)


class Clean:
    """Holds the end of a run to: no checksum errors since its start."""

    def __init__(self):
        self.before = checksum_errors()

    def check(self):
        errors = checksum_errors() - self.before
        if errors:
            raise Different(f"the kernel found {errors} checksum errors")


def resolve(host):
    family, _, _, _, address = socket.getaddrinfo(host, PORT, type=socket.SOCK_DGRAM)[0]
    return family, address


class Datagrams:
    """Numbered datagrams of changing sizes; every one that returns is compared."""

    def __init__(self, host, args):
        family, address = resolve(host)
        self.link = socket.socket(family, socket.SOCK_DGRAM)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.link.setblocking(False)
        self.link.connect(address)
        self.rate, self.window = args.rate, args.window
        self.smallest, self.largest = max(8, args.smallest), args.largest
        self.next = 0
        self.credit_from = time.monotonic()
        self.waiting = {}  # number -> (size, when sent)
        self.answered = set()
        self.lost = self.refused = 0

    def size_of(self, number):
        return self.smallest + number * 389 % (self.largest - self.smallest + 1)

    def tick(self, now):
        for number in [n for n, (_, sent) in self.waiting.items() if now - sent > LOST_AFTER]:
            del self.waiting[number]
            self.lost += 1
        due = int((now - self.credit_from) * self.rate)
        for _ in range(min(due, self.window - len(self.waiting))):
            self.send(now)
        if due:
            self.credit_from = now

    def send(self, now):
        number, size = self.next, self.size_of(self.next)
        self.next += 1
        try:
            self.link.send(datagram(number, size))
            self.waiting[number] = size, now
        except OSError as error:  # the interface is away or full
            if error.errno == errno.EMSGSIZE:
                raise Different(f"a datagram of {size} bytes is too long for the interface") from None
            self.refused += 1

    def receive(self):
        while True:
            try:
                data = self.link.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error: the peer is not there yet
                return
            number = int.from_bytes(data[:8], "big")
            if number >= self.next or data != datagram(number, self.size_of(number)):
                raise Different(f"datagram {number} came back with other bytes than were sent")
            if number in self.answered:
                raise Different(f"datagram {number} came back twice")
            self.answered.add(number)
            if self.waiting.pop(number, None) is None:
                self.lost -= 1  # it was late


class Stream:
    """A TCP connection that echoes; content is compared by position."""

    def __init__(self, host, rate, selector):
        self.host, self.rate, self.selector = host, rate, selector
        self.link = None
        self.total = self.opened = 0
        self.retry_at = 0.0

    def open(self, now):
        family, address = resolve(self.host)
        self.link = socket.socket(family, socket.SOCK_STREAM)
        self.link.setblocking(False)
        self.sent = self.received = 0
        self.opened += 1
        self.opened_at = self.progress_at = now
        try:
            self.link.connect(address)
        except BlockingIOError:
            pass
        except OSError:
            self.close(now)
            return
        self.selector.register(self.link, selectors.EVENT_READ, self)

    def close(self, now):
        if self.link in self.selector.get_map():
            self.selector.unregister(self.link)
        # Gone at once, so that no stale connection keeps the interface's address busy.
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.link.close()
        self.link, self.retry_at = None, now + 0.2

    def tick(self, now):
        if self.link is None:
            if now >= self.retry_at:
                self.open(now)
            return
        if now - self.progress_at > STALLED_AFTER:
            self.close(now)
            return
        allowed = min(self.received + WINDOW, int((now - self.opened_at + 0.1) * self.rate))
        try:
            while self.sent < allowed:
                self.sent += self.link.send(piece(self.sent, min(allowed - self.sent, 1 << 16)))
        except BlockingIOError:
            pass
        except OSError:
            self.close(now)

    def receive(self):
        try:
            data = self.link.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        now = time.monotonic()
        if not data:
            self.close(now)
            return
        for start in range(0, len(data), 1 << 16):
            part = data[start : start + (1 << 16)]
            if part != piece(self.received, len(part)):
                raise Different(f"the stream differs within {len(part)} bytes from position {self.received}")
            self.received += len(part)
        if self.received > self.sent:
            raise Different("the stream brought back more than was sent")
        self.total += len(data)
        self.progress_at = now


def report(path, datagrams, stream, verdict="running"):
    """For a shell to read: datagrams and bytes that came back whole, and in the end 'whole'."""
    if path:
        with open(f"{path}.new", "w") as file:
            print(len(datagrams.answered), stream.total, verdict, file=file)
        os.replace(f"{path}.new", path)


def run(args):
    clean = Clean()
    selector = selectors.DefaultSelector()
    datagrams = Datagrams(args.host, args)
    stream = Stream(args.host, args.stream_rate, selector)
    selector.register(datagrams.link, selectors.EVENT_READ, datagrams)
    started = reported = time.monotonic()
    while not is_over() and (now := time.monotonic()) - started < args.seconds:
        datagrams.tick(now)
        stream.tick(now)
        for key, _ in selector.select(0.01):
            if key.data is datagrams or key.fileobj is stream.link:
                key.data.receive()
        if now - reported > REPORT_EVERY:
            report(args.report, datagrams, stream)
            reported = now
    clean.check()
    came_back = len(datagrams.answered)
    print(f"  {args.host}: {came_back} datagrams came back whole, {datagrams.lost + len(datagrams.waiting)} did not, "
          f"{datagrams.refused} were not taken; {stream.total / 1e6:.1f} MB of stream, opened {stream.opened} times")  # fmt: skip
    if came_back < ENOUGH_DATAGRAMS or stream.total < ENOUGH_BYTES:
        raise Different("too little came back to prove anything")
    if args.loss is not None and (lost := datagrams.lost) > args.loss:
        raise Different(f"{lost} datagrams were lost, {args.loss} are allowed")
    sys.stdout.flush()
    report(args.report, datagrams, stream, "whole")


class Echo:
    """One connection at the server: what came in goes out again."""

    def __init__(self, link, selector):
        self.link, self.selector, self.held, self.passed = link, selector, bytearray(), 0
        link.setblocking(False)
        selector.register(link, selectors.EVENT_READ, self)

    def act(self, events):
        try:
            if events & selectors.EVENT_READ:
                data = bytearray(self.link.recv(1 << 16))
                if not data:
                    return self.end()
                self.passed += len(data)
                if FALSIFY == "stream" and self.passed > 1 << 20:
                    data[-1] ^= 1
                self.held += data
            del self.held[: self.link.send(self.held)]
        except BlockingIOError:
            pass
        except OSError:
            return self.end()
        want = (selectors.EVENT_WRITE if self.held else 0) | (selectors.EVENT_READ if len(self.held) < WINDOW else 0)
        self.selector.modify(self.link, want, self)
        return None

    def end(self):
        self.selector.unregister(self.link)
        self.link.close()


def echo_datagrams(link, count):
    """Send back what has come; the number of datagrams taken so far, of which every hundredth may be a lie."""
    try:
        for _ in range(64):
            data, sender = link.recvfrom(1 << 16)
            count += 1
            lie = FALSIFY if count % 100 == 0 else None
            if lie == "datagram":
                data = data[:-1] + bytes([data[-1] ^ 1])
            link.sendto(data, sender)
            if lie == "twice":
                link.sendto(data, sender)
    except OSError:  # nothing there (any more), or no way back for the moment
        pass
    return count


def serve(_args):
    clean = Clean()
    selector = selectors.DefaultSelector()
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for link in (datagrams, listener):
        link.bind(("::", PORT))
        link.setblocking(False)
    listener.listen()
    selector.register(datagrams, selectors.EVENT_READ)
    selector.register(listener, selectors.EVENT_READ)
    count = 0
    while not is_over():
        for key, events in selector.select(0.5):
            if key.fileobj is datagrams:
                count = echo_datagrams(datagrams, count)
            elif key.fileobj is listener:
                Echo(listener.accept()[0], selector)
            else:
                key.data.act(events)
    clean.check()


def sizes(args):
    """One at a time and in order, so that the first that is lost or changed has a name."""
    family, address = resolve(args.host)
    link = socket.socket(family, socket.SOCK_DGRAM)
    link.connect(address)
    link.settimeout(5)
    for size in range(args.low, args.high + 1, args.step):
        sent = piece(size * 7919, size)
        link.send(sent)
        try:
            got = link.recv(1 << 16)
        except TimeoutError:
            raise Different(f"the echo of {size} bytes never came") from None
        if got != sent:
            raise Different(f"the echo of {size} bytes differs from what was sent")
    print(f"  {args.host}: sizes {args.low} to {args.high} came back whole")


stopped = []


def is_over():
    return bool(stopped)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("serve").set_defaults(act=serve)
    words = verbs.add_parser("run")
    words.set_defaults(act=run)
    words.add_argument("host")
    words.add_argument("--seconds", type=float, default=float("inf"), help="default: until told to end")
    words.add_argument("--rate", type=float, default=100, help="datagrams a second (100)")
    words.add_argument("--window", type=int, default=32, help="datagrams on their way at a time (32)")
    words.add_argument("--smallest", type=int, default=8, metavar="BYTES", help="datagram (8)")
    words.add_argument("--largest", type=int, default=1472, metavar="BYTES", help="datagram (1472)")
    words.add_argument("--stream-rate", type=float, default=2e6, metavar="BYTES", help="a second (2000000)")
    words.add_argument("--loss", type=int, help="datagrams that may get lost; default: any number")
    words.add_argument("--report", metavar="FILE", help="keep the count of what came back in FILE")
    words = verbs.add_parser("sizes")
    words.set_defaults(act=sizes)
    words.add_argument("host")
    words.add_argument("low", type=int)
    words.add_argument("high", type=int)
    words.add_argument("--step", type=int, default=1)
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    args = parse()
    try:
        args.act(args)
    except Different as difference:
        sys.exit(f"traffic: {difference}")


if __name__ == "__main__":
    main()
