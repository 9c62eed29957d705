#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Let each allocation of an operation fail once, for scenarios on the debug kernel.

    failnth.py NAME[:FIRST[:STEP]]…    the operations to sweep; all of them if none is named

FIRST and STEP leave allocations out, to look at a part again.

An operation is done again and again; the first time its first allocation fails, then its second and
so on, until one is done before its turn comes.  What the kernel counts is the calls of this one
thread (/proc/thread-self/fail-nth), so an operation is one system call of ours, no program that is
started.  After each the device must be as it was, or absent, and what is done without a fault must
succeed and a ping be answered.

A reset by the driver's own work is none of these: it runs in a thread of the kernel's that nobody knows
beforehand.  It is the same function as the reset here, which a change of interrupt moderation asks for.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

import faults

DEVICE, DRIVER = Path("/sys/bus/pci/devices/0000:00:10.0"), Path("/sys/bus/pci/drivers/vmxnet3")
NIC, GUEST, MASK, PEER = "eth0", "10.0.2.15", "255.255.255.0", "10.0.2.1"
CALLS = Path("/sys/module/pci_calls/parameters/calls")
# Linux 6.1 goes on after failing to insert an interrupt's descriptor into its tree (probe's 2xxth
# allocation) and follows a null pointer later: such a failure says nothing of the driver.  The kernel's
# command line says which caches may fail (slub_debug in the scenario's 'append:').
SLABS, FAILS, SPARED = Path("/sys/kernel/slab"), "kmalloc-64", "radix_tree_node"
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU, SIOCETHTOOL = 0x8913, 0x8914, 0x8916, 0x891C, 0x8922, 0x8946
IFF_UP = 1
SMALL, OTHER = {5: 128, 7: 64, 8: 128}, {5: 64, 7: 128, 8: 256}  # rx, rx-jumbo, tx: small rings make short sweeps


control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def request(number, data):
    """An ioctl on the NIC; its answer."""
    return fcntl.ioctl(control, number, struct.pack("16s24s", NIC.encode(), data))


class Ethtool:
    """A get and a set command on a struct of u32, prepared so that setting is one system call."""

    def __init__(self, get, put, words):
        self.get, self.put, self.words = get, put, words

    def read(self):
        buffer = bytearray(struct.pack("I", self.get).ljust(4 * self.words, b"\0"))
        self.ask(buffer)
        return list(struct.unpack(f"{self.words}I", buffer))

    @staticmethod
    def ask(buffer):
        place = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
        request(SIOCETHTOOL, struct.pack("P", place))

    def holds(self, change):
        now = self.read()
        return all(now[index] == value for index, value in change.items())

    def setter(self, change):
        def put():
            values = self.read()
            values[0] = self.put
            for index, value in change.items():
                values[index] = value
            buffer = bytearray(struct.pack(f"{self.words}I", *values))
            return lambda: self.ask(buffer)

        return put


RINGS, CHANNELS, COALESCE = Ethtool(0x10, 0x11, 9), Ethtool(0x3C, 0x3D, 9), Ethtool(0x0E, 0x0F, 23)


def address(text):
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(text))


def is_up():
    return bool(struct.unpack_from("h", request(SIOCGIFFLAGS, b""), 16)[0] & IFF_UP)


def set_up(wanted):
    flags = struct.unpack_from("h", request(SIOCGIFFLAGS, b""), 16)[0]
    request(SIOCSIFFLAGS, struct.pack("h", flags | IFF_UP if wanted else flags & ~IFF_UP))


def configure():
    set_up(True)
    request(SIOCSIFADDR, address(GUEST))
    request(SIOCSIFNETMASK, address(MASK))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(why):
    """A ping that is answered within ten seconds, or Wrong."""
    head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, 1)
    packet = head[:2] + struct.pack("!H", checksum(head)) + head[4:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as link:
        for _ in range(50):
            link.settimeout(0.2)
            with contextlib.suppress(OSError):
                link.sendto(packet, (PEER, 0))
                while True:
                    answer = link.recv(100)
                    if answer[20] == 0 and answer[24:26] == packet[4:6]:
                        return
    raise faults.Wrong(f"no ping is answered {why}")


class Probe:
    def reset(self):
        if (DEVICE / "driver").exists():
            (DRIVER / "unbind").write_text(DEVICE.name)

    def action(self):
        return faults.write_once(DRIVER / "bind", DEVICE.name.encode())

    def check(self, error):
        if error and ((DEVICE / "driver").exists() or Path(f"/sys/class/net/{NIC}").exists()):
            raise faults.Wrong("something of the device stays though it was not bound")
        if not error:
            configure()
            echo("after it was bound all the same")
            return
        self.action()()
        configure()
        echo("after it was bound the next time")

    @staticmethod
    def restore():
        if not (DEVICE / "driver").exists():
            (DRIVER / "bind").write_text(DEVICE.name)
        configure()


class PciResume:
    """The last step of a PCI error's recovery.  It says nothing; who cannot come back stays detached."""

    def reset(self):
        for call in (b"frozen", b"slot_reset"):
            faults.write_once(CALLS, call)()

    def action(self):
        write = faults.write_once(CALLS, b"resume")

        def act():
            write()
            RINGS.read()

        return act

    def check(self, error):
        if error and error.errno == errno.ENODEV:  # the remedy that the driver's message names
            (DRIVER / "unbind").write_text(DEVICE.name)
            (DRIVER / "bind").write_text(DEVICE.name)
            RINGS.setter(SMALL)()()
        elif error and self.is_detached():
            faults.write_once(CALLS, b"resume")()
        if not is_up():
            configure()
        echo(f"after {error}")

    @staticmethod
    def is_detached():
        try:
            RINGS.read()
        except OSError as absent:
            return absent.errno == errno.ENODEV
        return False

    def restore(self):
        pass


class Open:
    def reset(self):
        set_up(False)

    def action(self):
        buffer = struct.pack("h", struct.unpack_from("h", request(SIOCGIFFLAGS, b""), 16)[0] | IFF_UP)
        return lambda: request(SIOCSIFFLAGS, buffer)

    def check(self, error):
        if is_up() == bool(error):
            raise faults.Wrong(f"it is {'up' if error else 'down'} after {error}")
        set_up(False)  # the stack may have gone without a route, say
        set_up(True)
        echo("after it was opened the next time")

    def restore(self):
        set_up(True)


class Setting:
    """From one setting to another; the old one is in force if that fails."""

    def __init__(self, kind, old, new):
        self.kind, self.old, self.new = kind, old, new

    def reset(self):
        if not self.kind.holds(self.old):
            self.kind.setter(self.old)()()

    def action(self):
        return self.kind.setter(self.new)()

    def check(self, error):
        if not self.kind.holds(self.old if error else self.new):
            raise faults.Wrong(f"after {error} the setting is neither the old nor the new one")
        echo(f"after {error}")
        self.kind.setter(self.new)()()
        echo("after it was set the next time")

    def restore(self):
        pass


class Mtu:
    """The same interface as Ethtool's."""

    def holds(self, size):
        return Path(f"/sys/class/net/{NIC}/mtu").read_text().strip() == str(size)

    def setter(self, size):
        return lambda: lambda: request(SIOCSIFMTU, struct.pack("i", size))


OPERATIONS = {
    "probe": Probe(),
    "open": Open(),
    "resize": Setting(RINGS, SMALL, OTHER),
    "fewer-channels": Setting(CHANNELS, {8: 2}, {8: 1}),
    "more-channels": Setting(CHANNELS, {8: 1}, {8: 2}),
    "larger-mtu": Setting(Mtu(), 1500, 9000),
    "smaller-mtu": Setting(Mtu(), 9000, 1500),
    "reset": Setting(COALESCE, {10: 1}, {10: 0}),
    "pci-resume": PciResume(),
}


def main():
    faults.prepare(cache_filter="Y")
    for slab, may_fail in ((FAILS, "1"), (SPARED, "0")):
        if (SLABS / slab / "failslab").read_text().strip() != may_fail:
            sys.exit(f"failnth: failslab of {slab} is not {may_fail}: boot with slub_debug as the scenario says")
    for word in sys.argv[1:] or OPERATIONS:
        name, *part = word.split(":")
        if name != "probe":
            RINGS.setter(SMALL)()()
        faults.sweep(name, OPERATIONS[name], *map(int, part))


if __name__ == "__main__":
    main()
