# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""What scenarios of vmblock share: agents that block names, users who follow links, for both flavours.

The flavours are our module and the FUSE daemon of open-vm-tools; what differs is how their control nodes are written.
"""

import ctypes
import errno
import fcntl
import os
import signal
import struct
import sys
import threading
import time

ROOT = "/tmp/VMwareDnD"
DEADLINE = 60.0
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.write.restype = ctypes.c_ssize_t
ADD, DELETE = 98, 99
REQUEST = struct.Struct("=IIQIIII")  # struct vmblock_request
VERSION, NOWAIT, ACCESSED, REMOVED = 1, 1, 1, 2


def ioctl_number(number):
    return 3 << 30 | 8 << 16 | 0xF7 << 8 | number


IOC_ADD, IOC_DELETE, IOC_WATCH = ioctl_number(0x40), ioctl_number(0x41), ioctl_number(0x42)


def step(text):
    print(f"- {text}", flush=True)


def fail(text):
    sys.exit(f"FAILED: {text}")


def check(what, found, wanted):
    if found != wanted:
        fail(f"{what}: {found!r}, not {wanted!r}")


def error_of(function, *arguments, **named):
    """The name of the error that a call fails with, or its result."""
    try:
        return function(*arguments, **named)
    except OSError as error:
        return errno.errorcode[error.errno]


def wait_for(what, condition, seconds=DEADLINE):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            fail(f"waited in vain: {what}")
        time.sleep(0.02)


def raw_write(fd, pointer, count):
    """write(2) as it is: what a buffer holds and what its count says differ here."""
    done = LIBC.write(fd, pointer, ctypes.c_size_t(count))
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


class Module:
    name = "vmblock"
    mount = "/proc/fs/vmblock/mountPoint"
    entries = mount
    control = "/proc/fs/vmblock/dev"
    flags = os.O_WRONLY

    @staticmethod
    def send(fd, command, path):
        return raw_write(fd, ctypes.create_string_buffer(os.fsencode(path)), command)

    @staticmethod
    def watch(path):
        """Sleep until somebody waits for the name or it is unblocked."""
        fd = os.open(Module.control, Module.flags)
        try:
            request(fd, IOC_WATCH, path)
        finally:
            os.close(fd)


class Fuse:
    name = "vmware-vmblock-fuse"
    mount = "/run/vmblock-fuse"
    entries = f"{mount}/blockdir"
    control = f"{mount}/dev"
    flags = os.O_RDWR

    @staticmethod
    def send(fd, command, path):
        text = (b"a" if command == ADD else b"d") + os.fsencode(path)
        written = os.pwrite(fd, text, 0)
        check("bytes of a control write", written, len(text))
        return 0

    @staticmethod
    def watch(path):
        fd = os.open(f"{Fuse.mount}/notifydir/{os.path.basename(path)}", os.O_RDONLY)
        try:
            check("bytes of a notification", os.read(fd, 1), b"")
        finally:
            os.close(fd)


def request(fd, number, path, version=VERSION, flags=0, result=0, reserved=0, size=REQUEST.size, length=None, tail=b""):
    """One sized ioctl; returns the request's result."""
    text = ctypes.create_string_buffer(os.fsencode(path))
    length = len(os.fsencode(path)) if length is None else length
    words = bytearray(REQUEST.pack(size, version, ctypes.addressof(text), length, flags, result, reserved) + tail)
    fcntl.ioctl(fd, number, words)
    return REQUEST.unpack(words[: REQUEST.size])[5]


class Agent:
    """An open file of the control node."""

    def __init__(self, flavour):
        self.flavour = flavour
        self.fd = os.open(flavour.control, flavour.flags | os.O_CLOEXEC)

    def add(self, path):
        return self.flavour.send(self.fd, ADD, path)

    def delete(self, path):
        return self.flavour.send(self.fd, DELETE, path)

    def close(self):
        os.close(self.fd)


class Sleeper:
    """A process that does one thing; its end says how that went. Of our descriptors it keeps what is named."""

    def __init__(self, action, prepare=None, keep=2):
        self.pid = os.fork()
        if self.pid == 0:
            os.closerange(3, keep)
            os.closerange(keep + 1, 1024)
            try:
                if prepare:
                    prepare()
                action()
                os._exit(0)
            except OSError as error:
                os._exit(error.errno)
        self.status = None

    def is_over(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def is_asleep(self):
        """In a system call that follows links, and not on a processor."""
        if self.is_over():
            fail("a sleeper did not sleep")
        try:
            with open(f"/proc/{self.pid}/syscall") as file:
                number = file.read().split()[0]
            with open(f"/proc/{self.pid}/stat") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        # open, openat, stat, newfstatat, readlink, readlinkat, execve, ioctl, read; forks sleep in none of them
        return number in ("2", "257", "4", "262", "89", "267", "59", "16", "0") and state in "SD"

    def sleeps(self):
        wait_for("for somebody to sleep", self.is_asleep)
        return self

    def ends(self, what, seconds=DEADLINE):
        wait_for(what, self.is_over, seconds)
        return self.status

    def ends_well(self, what, seconds=DEADLINE):
        status = self.ends(what, seconds)
        if status:
            fail(f"{what}: status {status:#x}")

    def ends_with(self, what, error):
        check(what, self.ends(what), error << 8)

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid, number)


def read_all(path):
    with open(path, "rb") as file:
        return file.read()


class Crowd:
    """Threads that each follow a link; the process must be given up to kill them."""

    def __init__(self, count, path):
        self.errors = []
        threading.stack_size(256 << 10)
        self.threads = [threading.Thread(target=self.follow, args=(path,), daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def follow(self, path):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError as error:
            self.errors.append(error.errno)

    def left(self):
        return sum(thread.is_alive() for thread in self.threads)


def number(name):
    with open(f"/sys/fs/vmblock/statistics/{name}") as file:
        return int(file.read())


def put(name, text="content"):
    path = f"{ROOT}/{name}"
    with open(path, "w") as file:
        file.write(text)
    return path


def as_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
