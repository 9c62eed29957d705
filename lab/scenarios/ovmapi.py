#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The message driver in dom0, where this program is the manager as well.

    ovmapi.py [PART…]
"""

import ctypes
import errno
import fcntl
import os
import signal
import stat
import struct
import subprocess
import sys

from ovmapi_lib import (BY_INDEX, COUNT, DEVICE, DISCARD, DISCARD_NEXT, FILTER, GET, HEAD, IP_ADDRESS, LIBC, MORE, NAMES, NEW_PARAM, NEXT, NEXT_HEAD,
                        POST, READ, REGISTER, SEND, SHUTDOWN, UNREGISTER, USER, VALUE_SIZE, WRITE, Error, Manager, Program, number, wait_for)
from xenstore import Store

LENGTHS = (0, 1, 2047, 2048, 2049, 4095, 4096, 8191)
MANAGER = Manager(Store())


def check(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"FAILED: {what}: {found!r}, not {wanted!r}")


def error_of(act, *words, **options):
    """The name of the error that a call ends with, or what it returned."""
    try:
        return act(*words, **options)
    except Error as error:
        return errno.errorcode[error.code]


def text_of(length):
    return bytes(33 + i * 7 % 90 for i in range(length))


def node():
    """The device, and who may call what."""
    info = os.stat(DEVICE)
    check("mode", stat.S_IMODE(info.st_mode), 0o600)
    program = Program(registered=False)
    room = ctypes.create_string_buffer(8192)
    for command in (UNREGISTER, NEXT, READ, SEND, COUNT, BY_INDEX, WRITE, NAMES, VALUE_SIZE, FILTER, POST, HEAD, NEXT_HEAD, GET, DISCARD, DISCARD_NEXT, 0x8FF):
        check(f"{command:#x} before REGISTER", error_of(program.call, command, room), "EINVAL")
    for _ in range(2):
        check("REGISTER", program.call(REGISTER), 0)
    for command in (0x800, 0x8FF):
        check(f"{command:#x}", error_of(program.call, command, room), "EINVAL")
    check("a number of nobody's", error_of(program.call, 0x1234, room), "ENOTTY")
    for command in (READ, COUNT, POST, NEXT):
        check(f"{command:#x} without an argument", error_of(program.call, command, None), "EINVAL")
        check(f"{command:#x} with a wild one", error_of(program.call, command, ctypes.c_void_p(8)), "EFAULT" if command != NEXT else 0)
    for _ in range(1000):
        program.call(UNREGISTER)
        program.call(REGISTER)
    program.close()


def parameters():
    program, other = Program(), Program()
    for length in LENGTHS:
        program.write(b"com.oracle.test", text_of(length) + b"\0")
        check(f"{length} characters", program.read(b"com.oracle.test"), text_of(length) + b"\0")
        check("size", program.size, length + 1)
    check("one by another program", other.read(b"com.oracle.test", 8192), text_of(8191) + b"\0")
    check("no room", error_of(program.read, b"com.oracle.test", 1), "EINVAL")
    check("the room it needs", program.size, 8192)
    check("none", error_of(program.read, b"com.oracle.none"), "ENOENT")
    for size in (0, 8193):
        check(f"{size} bytes", error_of(program.write, b"k", b"v" * 8193, size), "EMSGSIZE")
    check("a name of 256", program.write(b"n" * 256, b"v\0"), 0)
    check("is one of 255", program.read(b"n" * 255), b"v\0")
    check("NULs within", program.write(b"binary", b"a\0b\0c\0"), 0)
    check("stay", program.read(b"binary"), b"a\0b\0c\0")
    check("no NUL at all", program.write(b"open", b"abc"), 0)
    check("none is added", program.read(b"open"), b"abc")
    check("names", program.names(), [b"com.oracle.test", b"n" * 255, b"binary", b"open"])
    check("the first two", program.names(2), [b"com.oracle.test", b"n" * 255])
    check("count", program.count(), 4)
    request, value = program.request(b"", b"", 8192, 2)
    program.call(BY_INDEX, request)
    check("the third", (request.raw[4:11], value.raw[:6]), (b"binary\0", b"a\0b\0c\0"))
    check("the fifth", error_of(program.call, BY_INDEX, program.request(b"", b"", 8192, 4)[0]), "ENOENT")
    check("the size of none", error_of(program.call, VALUE_SIZE, program.request(b"none")[0]), "EINVAL")
    check("to delete none", program.delete(b"none"), 1)
    for name in program.names():
        check("to delete", program.delete(name), 0)
    check("parameters", number("parameters"), 0)
    for i in range(1024):
        program.write(b"many.%d" % i, b"v\0") if i < 2 else sized(program, SET, b"many.%d" % i, b"v", LOCAL)
    check("one too many", error_of(sized, program, SET, b"many", b"v", LOCAL), "EDQUOT")
    for name in program.names():
        program.delete(name)
    program.close()
    other.close()


def to_host():
    program = Program()
    for length, count in zip(LENGTHS, (1, 1, 1, 1, 2, 2, 2, 4)):
        before = MANAGER.last()
        program.send(b"com.oracle.out", text_of(length))
        check("last-write", MANAGER.last(), before + 1)
        check(f"chunks of {length}", len(MANAGER.chunks(before + 1)), count)
        check(f"{length} characters", MANAGER.query(before + 1), (b"com.oracle.out", text_of(length)))
    check("nothing is kept", program.count(), 0)
    program.write(b"told", b"value\0")
    check("a parameter", MANAGER.query(MANAGER.last()), (b"told", b"value"))
    program.delete(b"told")
    program.close()


def from_host():
    program = Program()
    for length in LENGTHS:
        for chunk in {2048, 1000, 1} if length < 100 else {2048, 1000, 700}:
            MANAGER.send("com.oracle.in", text_of(length), chunk)
            wait_for("the message", MANAGER.is_taken)
            check(f"{length} characters by {chunk}", program.read(b"com.oracle.in"), text_of(length) + b"\0")
    MANAGER.send("com.oracle.in", b"x" * 24, 1)  # chunk 10 comes after chunk 9
    MANAGER.send("com.oracle.in", bytes(range(97, 121)), 1)
    wait_for("the message", MANAGER.is_taken)
    check("in numeric order", program.read(b"com.oracle.in"), bytes(range(97, 121)) + b"\0")
    program.delete(b"com.oracle.in")
    program.close()


def events():
    program, other, third = Program(), Program(), Program()
    other.subscribe(USER | NEW_PARAM, MORE)
    third.subscribe(USER, MORE)
    program.subscribe(USER)
    check("nothing", (other.next(), other.next(NEXT_HEAD), other.call(DISCARD_NEXT), other.polls()), (None, None, 0, False))
    program.post(USER, b"hello\0")
    first = other.next()
    check("what others get", first[1:], (USER, 1, 1, b"hello\0"))
    check("the same to all", third.next(), first)
    check("not its own", program.next(), None)
    program.write(b"k", b"v\0")
    check("NEW_PARAM", other.next()[:5], (first[0] + 1, NEW_PARAM, 1, 1, b"k\0"))
    other.write(b"k", b"w\0")
    check("one's own", other.next()[:5], (first[0] + 2, NEW_PARAM, 1, 1, b"k\0"))
    for i in range(3):
        program.post(USER, b"%d" % i)
    middle = other.next(NEXT_HEAD)[0] + 1
    check("by number", other.next(GET, middle)[4], b"1")
    check("only once", error_of(other.next, GET, middle), "EINVAL")
    check("its head", error_of(other.next, HEAD, middle), "EINVAL")
    check("discarded by number", other.next(DISCARD, middle + 1), None)
    check("what is left", (other.next()[4], other.next()), (b"0", None))
    program.post(USER, b"gone")
    other.subscribe(NEW_PARAM)
    check("nothing unsubscribed, nothing dropped", other.polls(), True)
    other.subscribe(0, USER)
    check("dropped with its type", other.polls(), False)
    for size, answer in ((4080, None), (4081, "EINVAL"), (65535, "EINVAL")):
        check(f"a payload of {size}", error_of(program.post, USER, b"x" * min(size, 4080), size=size), answer)
    for kind, answer in ((MORE, "EPERM"), (NEW_PARAM, "EPERM"), (0, "EINVAL"), (USER | IP_ADDRESS, "EINVAL"), (SHUTDOWN, None)):
        check(f"to post {kind:#x}", error_of(program.post, kind, b""), answer)
    program.delete(b"k")
    for one in (program, other, third):
        one.close()


def host_events():
    program, other = Program(), Program()
    other.subscribe(0, MORE)
    program.subscribe(USER)
    MANAGER.send("VMAPIEvent", "shutdown")
    wait_for("the event", program.polls)
    found = program.next()
    check("the host's", found[1:4], (MORE, 5, 1))
    check("mask and text", found[4], struct.pack("<Q", MORE | USER) + b"shutdown\0")
    check("no parameter", program.count(), 0)
    check("who does not want it", other.polls(), False)
    dropped = number("statistics/events_too_long")
    MANAGER.send("VMAPIEvent", "x" * 4071)
    wait_for("the longest", program.polls)
    check("its size", len(program.next()[4]), 4080)
    MANAGER.send("VMAPIEvent", "x" * 4072)
    wait_for("one too long", MANAGER.is_taken)
    check("dropped", (program.polls(), number("statistics/events_too_long")), (False, dropped + 1))
    program.close()
    other.close()


def waiting():
    """poll, SIGIO, a slow reader, closing with events."""
    program, slow = Program(), Program()
    program.subscribe(USER)
    slow.subscribe(USER, MORE)
    got = []
    signal.signal(signal.SIGIO, lambda *_: got.append(1))
    fcntl.fcntl(slow.fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(slow.fd, fcntl.F_SETFL, fcntl.fcntl(slow.fd, fcntl.F_GETFL) | os.O_ASYNC)
    lost = number("statistics/events_lost")
    for i in range(300):
        program.post(USER, b"%d" % i)
    check("SIGIO", bool(got), True)
    check("lost", number("statistics/events_lost"), lost + 44)
    check("the oldest that is left", slow.next()[4], b"44")
    slow.call(UNREGISTER)
    check("unregistered", (slow.polls(), error_of(slow.next)), (False, "EINVAL"))
    slow.call(REGISTER)
    check("anew", slow.next(), None)
    slow.close()
    many = [Program() for _ in range(100)]
    for one in many:
        one.subscribe(USER, MORE)
    program.post(USER, b"all")
    check("a hundred programs", {one.next()[4] for one in many}, {b"all"})
    program.post(USER, b"closed with it")
    for one in (program, *many):
        one.close()


SET, TELL, FETCH, REMOVE, LIST, SUBSCRIBE, EVENT, POST_SIZED = (0xC008F800 | n for n in (0x41, 0x40, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47))
LOCAL = 1


def sized(program, command, name, value=b"", flags=0, size=40, version=1, room=None, reserved=0):
    """A struct ovmapi_param; the value that it leaves."""
    name, text = ctypes.create_string_buffer(name), ctypes.create_string_buffer(value, max(len(value), room or 0, 1))
    words = ctypes.create_string_buffer(
        struct.pack("<IIQQIIII", size, version, ctypes.addressof(name), ctypes.addressof(text), len(name.value), room if room is not None else len(value), flags, reserved)
    )
    if LIBC.ioctl(program.fd, ctypes.c_ulong(command), words) < 0:
        raise Error(ctypes.get_errno())
    return text.raw[: struct.unpack_from("<I", words.raw, 28)[0]]


def modern():
    program, other = Program(registered=False), Program(registered=False)
    check("SET", sized(program, SET, b"key", b"value"), b"value")
    check("told", MANAGER.query(MANAGER.last()), (b"key", b"value"))
    last = MANAGER.last()
    sized(program, SET, b"secret", b"s\0t", LOCAL)
    check("local", MANAGER.last(), last)
    check("GET", (sized(other, FETCH, b"key", room=99), sized(other, FETCH, b"secret", room=3)), (b"value", b"s\0t"))
    check("no room", error_of(sized, other, FETCH, b"key", room=4), "EMSGSIZE")
    check("SEND with a NUL", error_of(sized, program, TELL, b"k", b"a\0b"), "EINVAL")
    check("too long", error_of(sized, program, SET, b"k", b"x" * 8192), "EMSGSIZE")
    check("a name too long", error_of(sized, program, SET, b"n" * 256, b"v"), "EMSGSIZE")
    for what in ({"version": 2}, {"size": 39}, {"flags": 2}, {"reserved": 1}, {"name": b""}):
        check(f"{what}", error_of(sized, program, SET, **{"name": b"k", "value": b"v", **what}), "EINVAL")
    check("DELETE", (error_of(sized, program, REMOVE, b"none"), sized(program, REMOVE, b"secret")), ("ENOENT", b""))
    names = ctypes.create_string_buffer(64)
    words = ctypes.create_string_buffer(struct.pack("<IIQII", 24, 1, ctypes.addressof(names), 64, 0))
    LIBC.ioctl(program.fd, ctypes.c_ulong(LIST), words)
    check("LIST", (struct.unpack_from("<II", words.raw, 16), names.raw[:4]), ((4, 1), b"key\0"))
    check("EVENT without one", error_of(take, other), "EAGAIN")
    mask = ctypes.create_string_buffer(struct.pack("<IIII", 16, 1, USER | MORE, 0))
    check("SUBSCRIBE", LIBC.ioctl(other.fd, ctypes.c_ulong(SUBSCRIBE), mask), 0)
    payload = ctypes.create_string_buffer(b"data")
    post = struct.pack("<IIQQIIHHHH", 40, 1, ctypes.addressof(payload), 0, 4, 0, USER, 1, 1, 0)
    check("POST", LIBC.ioctl(program.fd, ctypes.c_ulong(POST_SIZED), ctypes.create_string_buffer(post)), 0)
    check("a look", take(other, 1), (USER, 1, 1, 3, b"data"))
    check("EVENT", take(other), (USER, 1, 1, 3, b"data"))
    MANAGER.send("VMAPIEvent", "event")
    wait_for("the host's event", other.polls)
    check("from the host", take(other), (MORE, 5, 1, 1, b"event\0"))
    sized(program, REMOVE, b"key")
    program.close()
    other.close()


SMALL = r"""
static int call3(int number, int a, int b, void *c)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}
struct param { unsigned int index; char name[256]; unsigned int size; void *value; } __attribute__((packed));
struct event { unsigned int id; unsigned short type, severity, phase, size; char data[4084]; } __attribute__((packed));
void _start(void)
{
	static struct param p = { .name = "small" };
	static struct event e;
	static char value[64], names[2][256];
	unsigned int words[2] = { 0x60, 0 }, list[2] = { 2, (unsigned int)names }, count = 0;
	int fd = call3(5, (int)"/dev/ovmapi", 2, 0), failed = 0;

	failed |= (sizeof(p) != 268 || call3(54, fd, 0x803, 0)) << 0;
	p.value = "value";
	p.size = 6;
	failed |= (call3(54, fd, 0x823, words) || call3(54, fd, 0x811, &p)) << 1;
	p.value = value;
	p.size = 2;
	failed |= (call3(54, fd, 0x80c, &p) != -22 || p.size != 6) << 2;
	p.size = 64;
	failed |= (call3(54, fd, 0x80c, &p) || p.size != 6 || value[0] != 'v' || value[4] != 'e' || value[5]) << 3;
	failed |= (call3(54, fd, 0x80e, &count) || count != 1) << 4;
	failed |= (call3(54, fd, 0x820, list) || list[0] != 1 || names[0][0] != 's' || names[0][5]) << 5;
	failed |= (call3(54, fd, 0x806, &e) || e.type != 0x40 || e.size != 6 || e.data[0] != 's' || e.data[5]) << 6;
	e.type = 0x20;
	e.size = 5;
	failed |= (call3(54, fd, 0x824, &e) || call3(54, fd, 0x812, &p)) << 7;
	for (count = 0, e.type = 0; !e.type && count < 1000000; count++)
		call3(54, fd, 0x806, &e); /* the host's */
	failed |= (e.type != 0x4000 || e.size != 10 || *(unsigned int *)e.data != 0x4060 || e.data[4] != 'e' || e.data[9]) << 8;
	call3(1, failed ? 1 + (failed & 0x7f) : 0, 0, 0);
}
"""


def small():
    """A 32-bit program, by the original interface."""
    with open("/run/small.c", "w", encoding="ascii") as file:
        file.write(SMALL)
    flags = "-m32 -O1 -nostdlib -static -ffreestanding -fno-pie -no-pie -fno-stack-protector -w".split()
    subprocess.run(["gcc", *flags, "-o", "/run/small", "/run/small.c"], check=True)
    other = Program()
    other.subscribe(USER, MORE)
    with subprocess.Popen("/run/small") as program:
        wait_for("what it posts", other.polls)
        check("its event", other.next()[1:], (USER, 1, 1, b"small"))
        MANAGER.send("VMAPIEvent", "event")
        check("what failed", program.wait(60), 0)
    other.close()


def take(program, flags=0):
    """The next event by the sized interface: type, severity, phase, origin, payload."""
    room = ctypes.create_string_buffer(4080)
    words = ctypes.create_string_buffer(struct.pack("<IIQQIIHHHH", 40, 1, ctypes.addressof(room), 0, 4080, flags, 0, 0, 0, 0))
    if LIBC.ioctl(program.fd, ctypes.c_ulong(EVENT), words) < 0:
        raise Error(ctypes.get_errno())
    size, _, *rest = struct.unpack_from("<IIHHHH", words.raw, 24)
    return (*rest, room.raw[:size])


def hostile():
    """Counters that are none, numbers without end, messages that are none."""
    program, store, root = Program(), MANAGER.store, f"{MANAGER.root}/to-guest"
    before = number("statistics/bad_counters")
    for count, text in enumerate(("abc", "", "-1", "1 ", "18446744073709551616"), 1):
        store.write(f"{root}/last-write", text)
        wait_for(f"the counter '{text}'", lambda: number("statistics/bad_counters") == before + count)  # noqa: B023 (called at once)
    MANAGER.number += 50
    store.write(f"{root}/{MANAGER.number}", "huge")
    store.write(f"{root}/{MANAGER.number}/0", "value")
    MANAGER.announce(18446744073709551615)
    wait_for("the message behind a huge number", MANAGER.is_taken)
    check("huge", program.read(b"huge"), b"value\0")
    program.delete(b"huge")
    MANAGER.number = 0
    MANAGER.send("anew", "value")  # a counter that falls: the host has begun again
    wait_for("the message", MANAGER.is_taken)
    check("anew", program.read(b"anew"), b"value\0")
    malformed = number("statistics/malformed")
    for name, chunks in (("n" * 255, {"0": "v"}), ("long", {"0": "x" * 2048, "1": "x" * 2048, "2": "x" * 2048, "3": "x" * 2048}), ("gap", {"0": "a", "2": "b"}), ("odd", {"0": "a", "x": "b"})):
        MANAGER.number += 1
        store.write(f"{root}/{MANAGER.number}", name)
        for chunk, text in chunks.items():
            store.write(f"{root}/{MANAGER.number}/{chunk}", text)
    MANAGER.announce(MANAGER.number)
    wait_for("malformed messages", lambda: number("statistics/malformed") == malformed + 4)
    MANAGER.number += 100  # a gap
    MANAGER.send("behind", "v")
    wait_for("the one behind a gap", MANAGER.is_taken)
    check("behind", program.read(b"behind"), b"v\0")
    for _ in range(2000):
        MANAGER.announce(MANAGER.number)
    MANAGER.send("last", "v")
    wait_for("one after a flood", MANAGER.is_taken)
    check("none but these", program.names(), [b"anew", b"behind", b"last"])
    for name in program.names():
        program.delete(name)
    for left in store.list(root):
        store.remove(f"{root}/{left}")
    program.close()


PARTS = (node, parameters, to_host, from_host, events, host_events, waiting, small, modern, hostile)
unknown = set(sys.argv[1:]) - {part.__name__ for part in PARTS} - {"quick"}
if unknown:
    raise SystemExit(f"no part '{min(unknown)}'; known: {' '.join(part.__name__ for part in PARTS)}")
chosen = [part for part in PARTS if part.__name__ in sys.argv] or PARTS
for part in chosen:
    print(f"- {part.__name__.replace('_', ' ')}", flush=True)
    part()
