#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The message driver in a domain; dom0 is asked for what the manager does."""

import errno
import os
import subprocess
import threading

from ovmapi_lib import MORE, NEW_PARAM, Error, Program, number, wait_for
from xenstore import Store

HERE = os.path.dirname(os.path.abspath(__file__))
STORE = Store()


def check(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"FAILED: {what}: {found!r}, not {wanted!r}")


def error_of(act, *words):
    try:
        return act(*words)
    except Error as error:
        return errno.errorcode[error.code]


def domain():
    return STORE.read("domid").decode()


def dom0(*words):
    return subprocess.run(["dom0", *words], check=True, capture_output=True, text=True).stdout.strip()


def manager(*words):
    return dom0("/usr/bin/python3", "-B", f"{HERE}/ovmapi_manager.py", domain(), *words)


def step(text):
    print(f"- {text}", flush=True)


def refused(program):
    step("before the manager has made its folders: EACCES, and nothing is kept back")
    failures = number("statistics/send_failures")
    check("SEND", error_of(program.send, b"name", b"value"), "EACCES")
    check("WRITE", error_of(program.write, b"name", b"value\0"), "EACCES")
    check("which is kept", program.read(b"name"), b"value\0")
    check("send_failures", number("statistics/send_failures"), failures + 2)
    program.delete(b"name")


def both_ways(program, before, first):
    program.send(b"to.host", b"x" * 5000)
    check("the number", manager("last"), f"{before + 1}")
    check("to the host", manager("query", f"{before + 1}"), f"to.host={'x' * 5000}")
    manager("send", "to.guest", "y" * 5000, *first)
    wait_for("the message", lambda: error_of(program.read, b"to.guest") != "ENOENT")
    check("to the guest", program.read(b"to.guest"), b"y" * 5000 + b"\0")
    program.delete(b"to.guest")
    manager("send", "VMAPIEvent", "hello")
    wait_for("the event", program.polls)
    check("event", program.next()[1], MORE)


class Sender:
    """Sends all the time, whatever comes of it."""

    def __init__(self):
        self.is_over = False
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        program = Program()
        while not self.is_over:
            error_of(program.send, b"again", b"y" * 5000)
        program.close()

    def end(self):
        self.is_over = True
        self.thread.join(60)


def moved(program):
    step("saved and restored: parameters stay, messages begin with 1 again, both ways")
    program.write(b"kept", b"value\0")
    other = Program()
    other.subscribe(NEW_PARAM, MORE)
    before, sender = domain(), Sender()
    dom0("sh", "-c", "touch /run/vmguest/moving; (sleep 1; xl save guest /run/guest.save && xl restore /run/guest.save; rm -f /run/vmguest/moving) > /run/moved 2>&1 < /dev/null &")
    wait_for("another domain", lambda: domain() != before, 300)
    check("a parameter", program.read(b"kept"), b"value\0")
    manager("prepare")
    wait_for("messages", lambda: int(manager("last")) > 5, 60)
    sender.end()
    sent = int(manager("whole", "again", "y" * 5000))
    both_ways(program, sent, ["anew"])
    wait_for("who waited all the time", other.polls)
    check("and gets it", other.next()[4], b"to.guest\0")
    other.close()


def main():
    program = Program()
    refused(program)
    step("both ways")
    manager("prepare")
    both_ways(program, 0, [])
    moved(program)
    program.close()


main()
