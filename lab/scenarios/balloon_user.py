#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What programs of a guest with a balloon do.

work MIB ROUNDS    fill so much memory piece by piece, read it again, give it back, ROUNDS times; prints a line for each. Whoever
                   has to be killed for lack of memory, this is to be the first
watch FILE COUNT   wait by poll(2) until FILE, an attribute of the driver's, has changed COUNT times; prints what it read
"""

import mmap
import select
import sys

PAGE = mmap.PAGESIZE
PIECE = 16 << 20  # bytes; the kernel refuses a single piece that is larger than all its memory but the balloon


def stamp(page, number):
    return (page * 2654435761 + number).to_bytes(8, "little")


def fill(number, count):
    """Count pieces of memory, each page with a stamp of its own."""
    pieces = []
    for piece in range(count):
        pieces.append(mmap.mmap(-1, PIECE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        for offset in range(0, PIECE, PAGE):
            pieces[-1][offset : offset + 8] = stamp(piece * PIECE + offset, number)
    return pieces


def work(mebibytes, rounds):
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    for number in range(rounds):
        pieces = fill(number, (mebibytes << 20) // PIECE)
        for piece, memory in enumerate(pieces):
            for offset in range(0, PIECE, PAGE):
                if memory[offset : offset + 8] != stamp(piece * PIECE + offset, number):
                    sys.exit(f"round {number}: other bytes than were written, in piece {piece} at {offset}")
            memory.close()
        print(f"round {number + 1}", flush=True)


def watch(path, count):
    with open(path, "rb", buffering=0) as file:
        poll = select.poll()
        poll.register(file, select.POLLPRI | select.POLLERR)
        print("begins", file.read().decode().strip(), flush=True)
        for _ in range(count):
            poll.poll()
            file.seek(0)
            print("woken", file.read().decode().strip(), flush=True)


def main():
    verb, what, number = sys.argv[1:]
    if verb == "work":
        work(int(what), int(number))
    else:
        watch(what, int(number))


if __name__ == "__main__":
    main()
