# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Where the HGFS fuzzer starts from: one good request for each layout, and what used to go wrong."""

import struct

NO_HANDLE = 0xFFFFFFFF
ENVELOPE, REQUEST, PARSE, ESCAPES, TIMES, FRAMES, TALK = range(7)
LEGACY, NEW, PAGES = 0, 1, 2

# Opcodes whose layouts contain the legacy header.
EMBEDDED = range(0, 24)


def wire(path):
    return path.replace("/", "\0").encode()


def name_1(path):
    return struct.pack("<I", len(path)) + wire(path) + b"\0"


def name_3(path, case=1):
    return struct.pack("<IIII", len(path), 0, case, NO_HANDLE) + wire(path) + b"\0"


def handle_3(handle):
    return struct.pack("<IIIIB", 0, 1, 0, handle, 0)


def zeros(count):
    return bytes(count)


def attr(mask, size=0):
    return struct.pack("<QIQ", mask, 0, size) + zeros(84)


def open_fields(mode, flags):
    return struct.pack("<QIIBBBB", 0xC3F, mode, flags, 0, 6, 4, 4) + zeros(44)


def numbers(*values):
    """32-bit numbers, or 64-bit ones if they are pairs with a 64."""
    return b"".join(struct.pack("<Q", v[0]) if isinstance(v, tuple) else struct.pack("<I", v) for v in values)


# One request of each layout, without headers.
REQUESTS = {
    0: numbers(2, 2) + b"\6" + name_1("rw/new"),
    1: numbers(0, (0, 64), 16),
    2: numbers(0) + b"\0" + numbers((0, 64), 3) + b"abc",
    3: numbers(0),
    4: name_1("rw"),
    5: numbers(0, 1),
    6: numbers(0),
    7: name_1("rw/f"),
    8: b"\1" + numbers(0, (2, 64)) + zeros(33) + name_1("rw/f"),
    9: b"\7" + name_1("rw/new"),
    10: name_1("rw/f"),
    11: name_1("rw/d"),
    12: name_1("rw/f") + name_1("rw/g"),
    13: name_1("rw"),
    14: open_fields(2, 2) + name_1("rw/f"),
    15: numbers((0, 64), 0) + name_1("rw/f"),
    16: numbers((3, 64)) + attr(0x1A, 2) + numbers(0) + name_1("rw/f"),
    17: numbers(0, 2),
    18: name_1("rw/l") + name_1("f"),
    19: numbers(0, 0),
    20: numbers((31, 64)) + b"\0\7\7\7" + name_1("rw/new"),
    21: numbers((0, 64), 0) + name_1("rw/f"),
    22: numbers((0, 64), 0) + name_1("rw/d"),
    23: numbers((0, 64), 0, 0) + name_1("rw/f") + name_1("rw/g"),
    24: open_fields(2, 0) + name_3("rw/f"),
    25: numbers(0, (0, 64), 16, (0, 64)),
    26: numbers(0) + b"\0" + numbers((0, 64), 3, (0, 64)) + b"abc",
    27: numbers(0, (0, 64)),
    28: numbers((0, 64)) + name_3("rw"),
    29: numbers(0, 1, 0, (0, 64)),
    30: numbers(0, (0, 64)),
    31: numbers((0, 64), (0, 64)) + name_3("rw/d/f"),
    32: numbers((0, 64)) + attr(0x3C2, 2) + numbers((0, 64)) + name_3("rw/f"),
    33: numbers((31, 64)) + b"\0\7\7\7" + numbers((0, 64)) + name_3("rw/new"),
    34: numbers((0, 64), (0, 64)) + name_3("rw/f"),
    35: numbers((0, 64), (0, 64)) + name_3("rw/d"),
    36: numbers((0, 64), (0, 64)) + name_3("rw/f") + name_3("rw/g"),
    37: numbers((0, 64)) + name_3("rw"),
    38: numbers((0, 64)) + name_3("rw/l") + name_3("f"),
    39: numbers(0, 0, (0, 64)),
    40: numbers(0, 0, 0, 0, (0, 64)) + b"\0",
    41: numbers(0, 63488, 0, 0, (0, 64)),
    42: numbers((0, 64)),
    43: numbers(0, (0, 64), 16, (0, 64)),
    44: numbers(0) + b"\0" + numbers((0, 64), 16, (0, 64)) + b"\0",
    45: numbers((1 << 11, 64), 1, (0, 64)) + name_3("rw"),
    46: numbers((1, 64)),
    48: numbers(0x2AD, 0, 0, 400, 0, (0, 64)) + name_1("*"),
    54: name_3("rw/f") + name_3("rw/h") + numbers((2, 64)),
    57: numbers(0, (0, 64)),
}


def request(op, body=None):
    """For the engine of the decoders: the payload with the header that its layout has."""
    body = REQUESTS[op] if body is None else body
    return bytes([REQUEST, op]) + (zeros(8) if op in EMBEDDED else b"") + body


def step(op, body=None, options=LEGACY):
    """For the engine with a connection."""
    body = REQUESTS[op] if body is None else body
    return bytes([op, options, len(body)]) + body


def talk(*steps):
    return bytes([TALK]) + b"".join(steps)


def header(size, header_size, payload, version=1):
    return struct.pack("<B3xIIIIIIIIQQ", version, 0xFF, size, header_size, 1, 31, 0, 1, 0, 7, 0) + payload


BEGIN = step(41, options=NEW)

SEEDS = {
    **{f"request {op}": request(op) for op in REQUESTS},
    **{f"request {op} is one byte short": request(op)[:-1] for op in REQUESTS},
    **{f"talk {op}": talk(step(28), step(op)) for op in REQUESTS if op < 41},
    **{f"talk {op} in a session": talk(BEGIN, step(24, options=NEW), step(op, options=NEW | PAGES)) for op in REQUESTS},
    "legacy": bytes([ENVELOPE]) + numbers(1, 31) + REQUESTS[31],
    "legacy with an operation of sessions": bytes([ENVELOPE]) + numbers(1, 41) + zeros(24),
    "new": bytes([ENVELOPE]) + header(60, 52, zeros(8)),
    "longer header": bytes([ENVELOPE]) + header(68, 60, zeros(16)),
    "packet longer than received": bytes([ENVELOPE]) + header(61, 52, zeros(8)),
    "header longer than packet": bytes([ENVELOPE]) + header(52, 53, zeros(8)),
    "header shorter than it can be": bytes([ENVELOPE]) + header(60, 51, zeros(8)),
    "version 0": bytes([ENVELOPE]) + header(60, 52, zeros(8), version=0),
    "a write of more than there is": request(26, numbers(0) + b"\0" + numbers((0, 64), 4, (0, 64)) + b"abc"),
    "a name of 4 GiB": request(31, zeros(16) + numbers(NO_HANDLE, 0, 0, 0) + b"abc\0"),
    "a second name that is empty": request(12, name_1("rw/f") + name_1("")),
    "a link to nothing": request(38, numbers((0, 64)) + name_3("rw/l") + name_3("")),
    "name": bytes([PARSE]) + wire("rw/d/f"),
    "name with two NULs": bytes([PARSE]) + wire("rw//f"),
    "name with dots": bytes([PARSE]) + wire("rw/../f"),
    "name with a dot": bytes([PARSE]) + wire("rw/./f"),
    "name that begins with NUL": bytes([PARSE]) + wire("/rw"),
    "name that ends with NUL": bytes([PARSE]) + wire("rw/"),
    "name with a slash": bytes([PARSE]) + b"rw\0a/b",
    "name in bad UTF-8": bytes([PARSE]) + b"rw\0\xc0\xaf",
    "name of 256 bytes": bytes([PARSE]) + b"rw\0" + b"x" * 256,
    "escapes": bytes([ESCAPES]) + b"a/b!%c!]%d]%!]",
    "time": bytes([TIMES]) + struct.pack("<Q", 0x01C138D144FF8000),
    "time before 1970": bytes([TIMES]) + struct.pack("<Q", 1),
    "last time": bytes([TIMES]) + b"\xff" * 8,
    "frames": bytes([FRAMES]) + numbers(3) + b"abc" + numbers(0) + numbers(1) + b"x",
    "frame that is too long": bytes([FRAMES]) + numbers(65) + b"x" * 70,
    "out by a link": talk(
        step(14, open_fields(2, 1) + name_1("rw/up/f")),
        step(20, numbers((31, 64)) + b"\0\7\7\7" + name_1("rw/out/new")),
        step(10, name_1("rw/out/secret")),
        step(12, name_1("rw/f") + name_1("rw/out/secret")),
    ),
    "out by dots": talk(step(10, name_1("rw/../secret")), step(9, b"\7" + name_1("rw/../new"))),
    "write to what may only be read": talk(
        step(24, open_fields(2, 1) + name_3("ro/f")),
        step(24, open_fields(2, 0) + name_3("ro/f")),
        step(26),
        step(34, zeros(16) + name_3("ro/f")),
        step(33, numbers((31, 64)) + b"\0\7\7\7" + numbers((0, 64)) + name_3("ro/new")),
        step(36, zeros(16) + name_3("rw/f") + name_3("ro/f")),
        step(38, zeros(8) + name_3("ro/l") + name_3("f")),
        step(32, numbers((0, 64)) + attr(2, 1) + numbers((0, 64)) + name_3("ro/f")),
    ),
    "read more than fits": talk(step(24), step(25, numbers(0, (0, 64), 8192, (0, 64)))),
    "read 4 GiB": talk(step(24), step(25, numbers(0, (0, 64), NO_HANDLE, (0, 64)))),
    "read into a small reply": talk(step(24), step(25, options=4 | 0x20)),
    "close twice": talk(step(24), step(27), step(27), step(24)),
    "a share by a handle": talk(step(24, open_fields(0, 0) + name_3("rw")), step(35, zeros(16) + handle_3(0))),
}
