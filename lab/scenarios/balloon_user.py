#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What programs of a guest with a balloon do.

work MIB ROUNDS    fill so much memory, read it again, give it back, ROUNDS times; prints a line for each. Whoever
                   has to be killed for lack of memory, this is to be the first
watch FILE COUNT   wait by poll(2) until FILE, an attribute of the driver's, has changed COUNT times; prints what it read
"""

import mmap
import select
import sys

PAGE = mmap.PAGESIZE


def stamp(page, number):
    return (page * 2654435761 + number).to_bytes(8, "little")


def work(mebibytes, rounds):
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    pages = (mebibytes << 20) // PAGE
    for number in range(rounds):
        with mmap.mmap(-1, pages * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            for page in range(pages):
                memory[page * PAGE : page * PAGE + 8] = stamp(page, number)
            for page in range(pages):
                if memory[page * PAGE : page * PAGE + 8] != stamp(page, number):
                    sys.exit(f"round {number}: page {page} has other bytes than were written")
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
