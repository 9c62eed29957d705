#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""The original interface of vmsync, point by point."""

import ctypes
import os
import platform
import stat
import subprocess
import time

from vmsync_lib import (FIFREEZE, FITHAW, NODE, OLD_FREEZE, OLD_QUERY, OLD_THAW, Child, Original, StuckWriter, call, expect_frozen,
                        expect_thawed, fail, fsfreeze, is_equal, is_writable, make, non_blocking, run, run_parts, statistic, step, wait_for)

A, B = "/mnt/a", "/mnt/b"
PROGRAM = r"""
static int call3(int number, int a, int b, void *c)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}
void _start(void)
{
	int frozen = -1, failed = 0;
	int fd = call3(5, (int)"/proc/driver/vmware-sync", 0, 0);

	failed |= call3(54, fd, 0x4008F501, "/mnt/a") != -25;
	failed |= (call3(54, fd, 0x4004F501, "/mnt/a") != 0) << 1;
	failed |= (call3(54, fd, 0x8004F503, &frozen) != 0 || frozen != 1) << 2;
	failed |= (call3(54, fd, 0xF502, 0) != 0) << 3;
	failed |= (call3(54, fd, 0x8004F503, &frozen) != 0 || frozen != 0) << 4;
	call3(1, failed, 0, 0);
}
"""


def as_user(function):
    """In a process of uid 1000."""

    def work():
        os.setgroups([])
        os.setresgid(1000, 1000, 1000)
        os.setresuid(1000, 1000, 1000)
        return function()

    return Child(work).wait("a process of uid 1000")


def log_lines():
    return len(subprocess.run(["dmesg"], capture_output=True, check=True).stdout.splitlines())


def node():
    step("1, 2: the node, who may open it and what he may do")
    is_equal("mode", stat.S_IMODE(os.stat(NODE).st_mode), 0o444)

    def try_all():
        node = Original()
        is_equal("QUERY by uid 1000", node.query(), 0)
        is_equal("FREEZE by uid 1000", node.freeze(A), "EPERM")
        is_equal("THAW by uid 1000", node.thaw(), "EPERM")

    is_equal("uid 1000", as_user(try_all), 0)


def numbers():
    step("3: other numbers are refused, without a line in the log")
    node, before = Original(), log_lines()
    for number in (0, 0x4004F501, 0xF503, 0xC008F510, 0x4008F504, 0x4008F601):
        is_equal(f"number {number:#x}", call(node.fd, number, None), "ENOTTY")
    is_equal("lines in the log", log_lines(), before)
    node.close()


def caller_of_32_bits():
    step("4: a 32-bit program")
    with open("/run/vmsync/small.c", "w", encoding="ascii") as file:
        file.write(PROGRAM)
    run("gcc", "-m32", "-O1", "-nostdlib", "-static", "-ffreestanding", "-fno-pie", "-no-pie", "-fno-stack-protector", "-w",
        "-o", "/run/vmsync/small", "/run/vmsync/small.c")
    is_equal("what failed", subprocess.run(["/run/vmsync/small"], check=False).returncode, 0)
    is_writable(A)


def freeze_and_thaw():
    step("5: a writer waits until THAW, a reader does not")
    node = Original()
    is_equal("FREEZE", node.freeze(A), 0)
    writers = expect_frozen(A)
    is_equal("QUERY", node.query(), 1)
    is_equal("THAW", node.thaw(), 0)
    expect_thawed(writers)
    is_equal("QUERY", node.query(), 0)
    node.close()


def order():
    step("6: a list is frozen in its order and thawed the other way round")
    run("sh", "-c", "echo > /sys/kernel/tracing/trace; echo 1 > /sys/kernel/tracing/events/vmsync/enable")
    node = Original()
    is_equal("FREEZE", node.freeze(f"{B}:{A}"), 0)
    is_equal("QUERY", node.query(), 2)
    writers = expect_frozen(A, B)
    is_equal("THAW", node.thaw(), 0)
    expect_thawed(writers)
    node.close()
    devices = [f"{os.major(os.stat(path).st_dev)}:{os.minor(os.stat(path).st_dev)}" for path in (B, A)]
    with open("/sys/kernel/tracing/trace", encoding="ascii") as file:
        lines = [line for line in file if "vmsync_end" in line and "err=0" in line]
    for action, wanted in (("freeze", devices), ("thaw", devices[::-1])):
        found = [line.split("dev=")[1].split()[0] for line in lines if f"action={action}" in line]
        is_equal(f"order of {action}", found, wanted)
    run("sh", "-c", "echo 0 > /sys/kernel/tracing/events/vmsync/enable")


def refusals():
    node = Original()
    step("7: a name that is not there spoils the whole list")
    is_equal("FREEZE", node.freeze(f"{A}:/nonexistent"), "ENOENT")
    is_equal("QUERY", node.query(), 0)
    is_writable(A)
    step("19: the list's length")
    longest = "/" * (4095 - len(A)) + A
    is_equal("4095 characters", node.freeze(longest), 0)
    is_equal("THAW", node.thaw(), 0)
    is_equal("4096 characters", node.freeze("/" + longest), "ENAMETOOLONG")
    is_equal("NULL", call(node.fd, OLD_FREEZE, None), "EFAULT")
    is_equal("QUERY with a bad pointer", call(node.fd, OLD_QUERY, 8), "EFAULT")
    step("20: empty names")
    for text in ("", "::", f"{A}:", f":{A}"):
        is_equal(f"FREEZE '{text}'", node.freeze(text), "ENOENT")
    is_equal("other errors", [node.freeze(f"{A}/there/x"), node.freeze("x" * 300)], ["ENOTDIR", "ENAMETOOLONG"])
    is_equal("QUERY", node.query(), 0)
    is_writable(A)
    step("15: THAW without FREEZE")
    is_equal("THAW", node.thaw(), 0)
    node.close()


def duplicates_and_skips():
    node = Original()
    step("8: twice in a list is once, by whatever path")
    os.makedirs("/mnt/bind", exist_ok=True)
    run("mount", "--bind", A, "/mnt/bind")
    is_equal("FREEZE", node.freeze(f"{A}:{A}/there:/mnt/bind:{A}"), 0)
    is_equal("QUERY", node.query(), 1)
    is_equal("THAW", node.thaw(), 0)
    is_writable(A)
    run("umount", "/mnt/bind")
    step("9: what has no disk is skipped")
    is_equal("FREEZE", node.freeze("/run:/proc:/sys:/"), 0)
    is_equal("QUERY", node.query(), 0)
    is_equal("FREEZE", node.freeze(f"/proc:{A}"), 0)
    is_equal("QUERY", node.query(), 1)
    node.close()
    is_writable(A)


def frozen_by_others():
    step("11: frozen by fsfreeze is left alone")
    node = Original()
    is_equal("FIFREEZE", fsfreeze(A, FIFREEZE), 0)
    is_equal("FREEZE", node.freeze(f"{B}:{A}"), "EALREADY")
    is_equal("QUERY", node.query(), 0)
    is_writable(B)
    is_equal("THAW", node.thaw(), 0)
    writers = expect_frozen(A)
    is_equal("FITHAW", fsfreeze(A, FITHAW), 0)
    expect_thawed(writers)
    step("12, 16: a second file cannot freeze it, nor thaw it")
    other = Original()
    is_equal("FREEZE", node.freeze(A), 0)
    is_equal("FREEZE by the second", other.freeze(A), "EALREADY")
    is_equal("FREEZE by the first once more", node.freeze(A), "EALREADY")
    is_equal("THAW by the second", other.thaw(), 0)
    writers = expect_frozen(A)
    other.close()
    is_equal("QUERY", node.query(), 1)
    is_equal("THAW", node.thaw(), 0)
    expect_thawed(writers)
    if not platform.release().startswith("6.1."):
        step("11: and nobody else's FITHAW ends our freeze")
        is_equal("FREEZE", node.freeze(A), 0)
        is_equal("FITHAW", fsfreeze(A, FITHAW), "EINVAL")
        writers = expect_frozen(A)
        is_equal("THAW", node.thaw(), 0)
        expect_thawed(writers)
    else:
        step("11: a freeze that somebody else has ended is not thawed again")
        lost = statistic("volumes_lost")
        is_equal("FREEZE", node.freeze(A), 0)
        is_equal("FITHAW", fsfreeze(A, FITHAW), 0)
        is_writable(A)
        is_equal("THAW", node.thaw(), 0)
        is_equal("volumes_lost", statistic("volumes_lost"), lost + 1)
        is_writable(A)
    node.close()


def rights():
    step("17: a descriptor opened by uid 1000 stays without rights")
    here, there = os.pipe()
    child = Child(lambda: as_user_keeping_open(there, here))
    os.close(there)
    os.read(here, 1)
    pidfd = os.pidfd_open(child.pid)
    theirs = ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, 100, 0)
    if theirs < 0:
        fail("pidfd_getfd")
    is_equal("FREEZE", call(theirs, OLD_FREEZE, ctypes.c_char_p(A.encode())), "EPERM")
    is_equal("THAW", call(theirs, OLD_THAW), "EPERM")
    os.close(theirs)
    child.kill()
    child.wait("the child")
    step("18: one opened by root gives uid 1000 none, and its close thaws")
    node = Original()
    is_equal("FREEZE", node.freeze(A), 0)
    is_equal("uid 1000", as_user(lambda: 0 if node.thaw() == "EPERM" and node.freeze(B) == "EPERM" else 1), 0)
    writers = expect_frozen(A)
    node.close()
    expect_thawed(writers)


def as_user_keeping_open(there, here):
    os.close(here)
    os.setgroups([])
    os.setresgid(1000, 1000, 1000)
    os.setresuid(1000, 1000, 1000)
    os.dup2(os.open(NODE, os.O_RDONLY), 100)
    os.write(there, b"x")
    time.sleep(600)


def read_only():
    step("24: a read-only filesystem")
    node = Original()
    run("mount", "-o", "remount,ro", A)
    is_equal("FREEZE", node.freeze(A), 0)
    is_equal("THAW", node.thaw(), 0)
    run("mount", "-o", "remount,rw", A)
    is_writable(A)
    node.close()


def waiting_for_a_writer():
    step("25: QUERY while FREEZE waits for a writer; and the freeze goes through when he has ended")
    node, other = Original(), Original()
    stuck = StuckWriter(B)
    child = Child(lambda: 0 if node.freeze(f"{A}:{B}") == 0 and node.query() == 2 else 1)
    wait_for("the first of both", lambda: non_blocking(other.query) == 1)
    is_equal("FREEZE of what is being frozen", non_blocking(lambda: other.freeze(B)), "EALREADY")
    stuck.end()
    is_equal("FREEZE", child.wait("FREEZE"), 0)
    is_equal("QUERY", other.query(), 2)
    is_equal("THAW", node.thaw(), 0)
    is_writable(A)
    is_writable(B)
    node.close()
    other.close()


def thirty_seconds():
    step("14: thirty seconds, which a second FREEZE does not put off")
    node, started = Original(), time.monotonic()
    is_equal("FREEZE", node.freeze(A), 0)
    time.sleep(20)
    is_equal("FREEZE", node.freeze(B), 0)
    is_equal("QUERY", node.query(), 2)
    writers = expect_frozen(A, B)
    wait_for("the thaw", lambda: node.query() == 0, 20)
    seconds = time.monotonic() - started
    print(f"  thawed after {seconds:.1f} s")
    if not 29.9 < seconds < 33:
        fail("that is not thirty seconds")
    expect_thawed(writers)
    is_equal("THAW", node.thaw(), 0)
    node.close()


def no_thaw_failed():
    is_equal("thaws that failed", statistic("thaw_failures"), 0)


make(A)
make(B)
run_parts(node, numbers, caller_of_32_bits, freeze_and_thaw, order, refusals, duplicates_and_skips, frozen_by_others, rights,
          read_only, waiting_for_a_writer, thirty_seconds, no_thaw_failed)
